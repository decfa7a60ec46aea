"""Each family against its own definition, worked out by hand or slowly."""

from __future__ import annotations

import tracemalloc
import warnings
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest

from cofire.memory import (
    BidirectionalMemory,
    CapacityWarning,
    DenseMemory,
    Hopfield,
    SequenceMemory,
    SparseDistributedMemory,
    Willshaw,
    overlap,
    theory,
)
from memory.samples import signs


@pytest.mark.parametrize("order", [2, 3, 5, "exponential"])
def test_dense_memory_takes_the_value_of_lower_energy(order: Any) -> None:
    rng = np.random.default_rng(0)
    patterns, cue = signs(rng, 9, 14).astype(np.float64), signs(rng, 1, 14)[0].astype(np.float64)
    steep = np.exp if order == "exponential" else lambda x: (x / 14) ** order
    asked = np.zeros(14)
    for i in range(14):
        up, down = cue.copy(), cue.copy()
        up[i], down[i] = 1, -1
        asked[i] = np.sign(np.sum(steep(patterns @ up)) - np.sum(steep(patterns @ down)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CapacityWarning)
        memory = DenseMemory(14, order).store(patterns)
    np.testing.assert_array_equal(memory.recall(cue, steps=1).patterns[0], np.where(asked == 0, cue, asked))
    total = np.sum(steep(patterns @ cue))
    np.testing.assert_allclose(memory.energy(cue), -np.log(total) if order == "exponential" else -total)


def test_order_2_is_hopfields_net() -> None:
    rng = np.random.default_rng(1)
    patterns, cues = signs(rng, 7, 80), signs(rng, 30, 80)  # an odd number: no input is exactly 0
    one, other = (memory.store(patterns).recall(cues, steps=1) for memory in (DenseMemory(80, 2), Hopfield(80)))
    np.testing.assert_array_equal(one.patterns, other.patterns)


def test_the_modern_network_is_attention() -> None:
    rng = np.random.default_rng(2)
    patterns, cues = rng.standard_normal((7, 8)), rng.standard_normal((3, 8))
    scores = 0.7 * cues @ patterns.T
    weights = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    memory = DenseMemory(8, "exponential", beta=0.7).store(patterns)
    np.testing.assert_allclose(memory.recall(cues, steps=1).patterns, weights @ patterns)


@pytest.mark.parametrize("order", [3, "exponential"])
def test_blocks_of_patterns_change_nothing(order: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    patterns = signs(rng, 50, 40)
    cues = np.where(rng.random((20, 40)) < 0.05, -patterns[:20], patterns[:20])
    whole = DenseMemory(40, order).store(patterns).recall(cues)
    monkeypatch.setattr("cofire.memory._patterns.WINDOW", 40 * 7)
    memory = DenseMemory(40, order).store(patterns[:3]).store(patterns[3:])
    pieces = memory.recall(cues)
    assert len(memory._kept.blocks) == 8
    np.testing.assert_array_equal(whole.patterns, pieces.patterns)
    np.testing.assert_allclose(whole.energies, pieces.energies, rtol=1e-5)


def test_many_dense_patterns_need_no_large_array() -> None:
    rng = np.random.default_rng(4)
    memory = DenseMemory(1024, "exponential")
    for _ in range(4):
        memory.store(rng.integers(0, 2, (2500, 1024), dtype=np.int8) * 2 - 1)
    cues = memory.weights[::200][:50].astype(np.float32)
    tracemalloc.start()
    found = memory.recall(np.where(rng.random(cues.shape) < 0.2, -cues, cues))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_array_equal(found.patterns, cues)
    assert peak < 10_000 * 1024 * 4  # all patterns as float32 would be more


def test_strengths_fade_and_old_patterns_go() -> None:
    rng = np.random.default_rng(5)
    memory = DenseMemory(30, 3)
    for pattern in signs(rng, 12, 30):
        memory.store(pattern)
        memory.forget(0.5)
    np.testing.assert_allclose(memory.strengths, 0.5 ** np.arange(6, 0, -1))
    assert memory.stored == 6


def test_willshaw_synapses_are_there_or_not() -> None:
    rng = np.random.default_rng(6)
    memory = Willshaw(50, 5)
    patterns = memory._random(rng, 30)
    memory.store(patterns[:20]).store(patterns[20:])
    np.testing.assert_array_equal(memory.weights, (patterns.T @ patterns > 0).astype(np.float32))
    before = memory.weights.sum()
    memory.forget(0.5, seed=1)
    assert set(np.unique(memory.weights)) == {0, 1}
    assert 0.4 < memory.weights.sum() / before < 0.6


def test_willshaw_patterns_of_another_number_of_active_cells() -> None:
    memory = Willshaw(60, 5)
    given = np.zeros((2, 60), dtype=np.float32)
    given[0, :8] = given[1, 30:33] = given[1, 40] = 1  # 8 and 4 instead of 5
    linked = np.zeros(60, dtype=np.float32)
    linked[[30, 31, 50, 51, 52]] = 1
    memory.store(given).store(linked)
    whole, more = memory.recall(given, steps=1).patterns
    np.testing.assert_array_equal(whole, given[0])
    np.testing.assert_array_equal(np.flatnonzero(more), [30, 31, 32, 40, 50, 51, 52])


def test_willshaw_pairs_come_back_as_often_as_theory_says() -> None:
    memory = Willshaw(1000, 10, partners=1000, partners_active=10)
    patterns = memory._random(np.random.default_rng(7), 4000)
    memory.store(patterns[:, :1000], patterns[:, 1000:])
    found = memory.recall(patterns[:1000, :1000]).partners
    silent = (1 - 1e-4) ** 4000
    expected = (1 - (1 - silent) ** 10) ** 990
    assert np.mean(np.all(found == patterns[:1000, 1000:], axis=1)) == pytest.approx(expected, abs=0.03)
    foretold = theory.willshaw(1000, 10, 1000, 10).overlap
    assert foretold is not None
    assert overlap(found, patterns[:1000, 1000:]).mean() == pytest.approx(foretold(4000), abs=0.01)


def test_pairs_call_each_other_up() -> None:
    rng = np.random.default_rng(8)
    faces, names = signs(rng, 6, 120), signs(rng, 6, 70)
    memory = BidirectionalMemory(120, 70).store(faces, names)
    np.testing.assert_allclose(memory.weights, names.T @ faces / np.sqrt(120 * 70), atol=1e-5)
    blurred = np.where(rng.random(names.shape) < 0.1, -names, names)
    found = memory.recall(blurred, given="partners")
    np.testing.assert_array_equal(found.patterns, faces)
    np.testing.assert_array_equal(found.partners, names)
    found = memory.recall(np.where(rng.random(faces.shape) < 0.1, -faces, faces))
    np.testing.assert_array_equal(found.partners, names)


@pytest.mark.parametrize("order", [1, 3, "exponential"])
@pytest.mark.parametrize("dwell", [1, 3])
def test_a_sequence_goes_at_the_pace_asked_for(order: Any, dwell: int) -> None:
    patterns = signs(np.random.default_rng(9), 5, 300)
    memory = SequenceMemory(300, order).store(patterns)
    found = memory.recall(patterns[[0, 3]], steps=50, dwell=dwell)
    assert found.converged.all()
    assert found.path.shape[1] < 50  # it stops when all rest
    np.testing.assert_array_equal(found.patterns, patterns[[4, 4]])
    moments = np.argmax(found.path[0] @ patterns.T, axis=1)
    np.testing.assert_array_equal(moments[: 5 * dwell], np.repeat(np.arange(5), dwell))


def test_a_sequence_that_repeats_never_rests() -> None:
    patterns = signs(np.random.default_rng(10), 5, 200)
    found = SequenceMemory(200).store(patterns, then="repeat").recall(patterns[3], steps=12)
    assert not found.converged[0]
    np.testing.assert_array_equal(found.path[0], patterns[(3 + np.arange(13)) % 5])


def test_sequence_weights_are_the_outer_product_of_successors() -> None:
    patterns = signs(np.random.default_rng(11), 5, 60)
    expected = patterns[1:].T @ patterns[:-1] / 60
    np.fill_diagonal(expected, 0)
    weights = SequenceMemory(60).store(patterns, then="open").weights
    np.testing.assert_allclose(weights, expected, atol=1e-6)


def test_sparse_distributed_memory_writes_near_the_address() -> None:
    patterns = signs(np.random.default_rng(12), 4, 64)
    memory = SparseDistributedMemory(64, 300, address_seed=3).store(patterns)
    drawn = np.random.default_rng(3).random((300, 64))
    addresses = np.where(drawn < 0.5, -1, 1)
    near = np.sum(patterns[:, None] != addresses[None], axis=2) <= memory.radius
    assert 0 < near.mean() < 0.1
    np.testing.assert_allclose(memory.weights, patterns.T @ near)


def test_a_memory_that_forgot_once_is_warned_of_again() -> None:
    patterns = signs(np.random.default_rng(14), 50, 100)
    memory = Hopfield(100).store(patterns[0]).forget(1e-9).store(patterns[1])
    with pytest.warns(CapacityWarning):
        memory.store(patterns)


def test_a_palimpsest_keeps_the_newest() -> None:
    patterns = signs(np.random.default_rng(13), 100, 200)
    kept = {}
    for rate in (0.03, 0.0):
        memory = Hopfield(200)
        with nullcontext() if rate else pytest.warns(CapacityWarning):  # one that forgets is never full
            for pattern in patterns:
                memory.store(pattern).forget(rate)
        kept[rate] = overlap(memory.recall(patterns).patterns, patterns)
    assert kept[0.03][-5:].mean() > 0.95
    assert kept[0.03][:50].mean() < 0.4
    assert kept[0.0][-5:].mean() < 0.8


@pytest.mark.parametrize(
    ("order", "number", "expected"), [(2, 16, 0.22), (3, 256, 0.88), (4, 1024, 1.0), ("exponential", 2048, 1.0)]
)
def test_published_dense_capacities(order: Any, number: int, expected: float) -> None:
    """64 cells, the fraction recalled from 10 % wrong cells."""
    shares = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        patterns = signs(rng, number, 64)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CapacityWarning)
            memory = DenseMemory(64, order).store(patterns)
        cues = np.where(rng.random(patterns.shape) < 0.1, -patterns, patterns)[:200]
        shares.append(np.mean(overlap(memory.recall(cues).patterns, patterns[:200]) > 0.9))
    assert np.mean(shares) == pytest.approx(expected, abs=0.12)
