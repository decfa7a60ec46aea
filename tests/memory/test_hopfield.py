"""Hopfield's net: each way of storing against its definition, recall, and the theory."""

from __future__ import annotations

import numpy as np
import pytest

import cofire
from cofire.memory import Hopfield, overlap, theory
from cofire.memory._storage import KNOWN
from memory.samples import signs


def stored(rule: cofire.Rule | str, patterns: np.ndarray, **options: int) -> np.ndarray:
    weights: np.ndarray = Hopfield(patterns.shape[1], rule, **options).store(patterns).weights  # type: ignore[arg-type]
    return weights


def test_hebb_stores_the_outer_product() -> None:
    patterns = signs(np.random.default_rng(0), 7, 60)
    expected = patterns.T @ patterns / 60
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(stored("hebb", patterns), expected, atol=1e-6)
    np.testing.assert_allclose(stored(cofire.rules.hebb(eta=0.5), patterns), 30 * expected, atol=1e-5)


def test_covariance_stores_the_outer_product_about_the_mean() -> None:
    patterns = (np.random.default_rng(0).random((5, 40)) < 0.2).astype(np.float64)
    weights = Hopfield(40, "covariance", activity=0.2).store(patterns).weights
    expected = (patterns - 0.2).T @ (patterns - 0.2) / (40 * 0.2 * 0.8)
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(weights, expected, atol=1e-12)


def test_a_batch_is_the_same_as_one_after_the_other() -> None:
    patterns = signs(np.random.default_rng(1), 6, 50)
    bounded = cofire.rules.hebb(eta=0.02, bounds=(-100, 100))  # never met, but they make it go one by one
    np.testing.assert_allclose(stored(bounded, patterns), stored("hebb", patterns), atol=1e-6)


def test_storkey_agrees_with_its_definition() -> None:
    patterns = signs(np.random.default_rng(2), 3, 12).astype(np.float64)
    w = np.zeros((12, 12))
    for x in patterns:
        new = w.copy()
        for i in range(12):
            for j in range(12):
                if i == j:
                    continue
                h_ij = sum(w[i, k] * x[k] for k in range(12) if k not in (i, j))
                h_ji = sum(w[j, k] * x[k] for k in range(12) if k not in (i, j))
                new[i, j] += (x[i] * x[j] - x[i] * h_ji - h_ij * x[j]) / 12
        w = new
    np.testing.assert_allclose(stored("storkey", patterns), w, atol=1e-12)


def test_the_pseudo_inverse_is_the_projector() -> None:
    patterns = signs(np.random.default_rng(3), 15, 30).astype(np.float64)
    patterns = np.concatenate([patterns, patterns[:1]])  # twice the same is no harm
    np.testing.assert_allclose(stored("pseudo-inverse", patterns), np.linalg.pinv(patterns) @ patterns, atol=1e-8)


def test_practice_goes_on_until_every_pattern_is_known() -> None:
    patterns = signs(np.random.default_rng(3), 60, 200)
    once, often = (stored("delta", patterns, passes=passes) for passes in (1, 30))
    assert np.min(patterns * (patterns @ once.T)) < KNOWN
    assert np.min(patterns * (patterns @ often.T)) >= KNOWN


def test_what_a_taught_rule_remembers_goes_on_from_pattern_to_pattern() -> None:
    rule = cofire.Rule("dw/dt = eta * post.target * trace(pre, tau)", eta=0.1, tau=50.0)
    memory = Hopfield(4, rule, passes=1)
    memory.store(np.ones(4, dtype=np.float32))
    assert not memory.weights.any()  # no trace of anything before
    memory.store(np.ones(4, dtype=np.float32))
    assert memory.weights[0, 1] > 0


def test_one_cell_after_the_other_comes_to_rest() -> None:
    rng = np.random.default_rng(4)
    memory = Hopfield(100).store(signs(rng, 12, 100))
    cues = signs(rng, 40, 100)
    found = memory.recall(cues, mode="asynchronous")
    assert found.converged.all()
    assert repr(found) == "<Recalled: patterns[40, 100], 40 of 40 converged>"
    w = memory.weights
    assert np.all(found.patterns * (found.patterns @ w.T) >= -1e-6)
    states = found.patterns.astype(np.float64)  # ten thousand products each: float32 would be the less exact of the two
    by_hand = -0.5 * np.einsum("bi,ij,bj->b", states, w, states)
    np.testing.assert_allclose(found.energies[:, -1], by_hand, rtol=1e-5)


def test_one_cell_after_the_other_is_what_it_says() -> None:
    """The same order, visited by hand."""
    rng = np.random.default_rng(6)
    memory = Hopfield(30).store(signs(rng, 4, 30).astype(np.float64))
    cue, w = signs(rng, 1, 30)[0].astype(np.float64), memory.weights
    state, order = cue.copy(), np.random.default_rng(8).permutation(30)
    for i in order:
        state[i] = np.sign(w[i] @ state) or state[i]
    np.testing.assert_array_equal(memory.recall(cue, mode="asynchronous", steps=1, seed=8).patterns[0], state)


def test_the_seed_decides_where_a_doubtful_cue_goes() -> None:
    rng = np.random.default_rng(5)
    memory = Hopfield(100).store(signs(rng, 12, 100))
    cues = signs(rng, 40, 100)
    one, same, other = (memory.recall(cues, mode="asynchronous", seed=seed).patterns for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert np.any(one != other)


def test_recall_that_goes_round_is_told() -> None:
    memory = Hopfield(2).store(np.array([1, 1]))
    memory.weights[...] = [[0, -1], [-1, 0]]
    found = memory.recall(np.ones(2))  # all at once, both turn over for ever
    assert not found.converged[0]
    assert memory.recall(np.ones(2), mode="asynchronous").converged[0]
    memory.weights[...] = [[0, 1], [-1, 0]]  # each drives the other the wrong way
    assert not memory.recall(np.ones(2), mode="asynchronous").converged[0]


def test_unknown_cells_are_filled_in() -> None:
    patterns = signs(np.random.default_rng(7), 3, 80)
    cue = patterns.copy()
    cue[:, 30:] = 0
    for mode in ("synchronous", "asynchronous"):
        np.testing.assert_array_equal(Hopfield(80).store(patterns).recall(cue, mode=mode).patterns, patterns)  # type: ignore[arg-type]


def test_crosstalk_of_random_patterns_is_the_formula() -> None:
    ratios = []
    for seed in range(20):
        patterns = signs(np.random.default_rng(seed), 20, 150)
        square = np.mean((patterns * (patterns @ stored("hebb", patterns).T) - 149 / 150) ** 2)
        ratios.append(square / theory.crosstalk(20, 150))
    error = np.std(ratios, ddof=1) / np.sqrt(len(ratios))
    assert abs(np.mean(ratios) - 1) < 3 * error < 0.1


def test_theory_ends_at_its_critical_load() -> None:
    load, left = theory.mean_field()
    assert load[-1] == pytest.approx(0.138, abs=5e-4)
    assert left[-1] == pytest.approx(0.967, abs=2e-3)
    assert np.all(np.diff(load) > 0)


@pytest.mark.parametrize(
    ("rule", "number", "stable", "back"),
    [
        ("hebb", 24, 0.96, 0.99),
        ("storkey", 35, 1.0, 1.0),
        ("pseudo-inverse", 96, 1.0, 1.0),
        ("pseudo-inverse", 192, 1.0, 0),
    ],
)
def test_published_capacities(rule: str, number: int, stable: float, back: float) -> None:
    """256 cells: the fractions stable, and recalled from 10 % wrong cells."""
    rng = np.random.default_rng(0)
    patterns = signs(rng, number, 256)
    memory = Hopfield(256, rule).store(patterns)
    cues = np.where(rng.random(patterns.shape) < 0.1, -patterns, patterns)
    for shown, expected in ((patterns, stable), (cues, back)):
        share = np.mean(overlap(memory.recall(shown, mode="asynchronous").patterns, patterns) > 0.97)
        assert share == pytest.approx(expected, abs=0.06)
