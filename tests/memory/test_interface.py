"""What all memories promise, whatever their family."""

from __future__ import annotations

import copy
import json
import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cofire
from cofire.memory import CapacityWarning, Memory, load, overlap
from conformance.backends import LIBRARIES, Library, installed
from memory.samples import CELLS, MEMORIES, PAIRED, patterns, result, signs

each = pytest.mark.parametrize("name", MEMORIES)
FIELDS = ("patterns", "converged", "energies", "steps", "partners", "path")
SYMMETRIC = ("hebb", "storkey", "pseudo-inverse", "covariance", "graded", "order 2", "order 3", "exponential")


def filled(name: str, number: int = 3, seed: int = 0) -> tuple[Memory, tuple[np.ndarray, ...]]:
    memory = MEMORIES[name]()
    given = patterns(memory, number, seed)
    return memory.store(*given), given


@each
def test_what_is_stored_is_recalled(name: str) -> None:
    memory, given = filled(name)
    found = memory.recall(given[0], steps=2)
    wanted = np.concatenate([given[0][2:], given[0][2:], given[0][2:]]) if "sequence" in name else given[-1]
    assert np.all(overlap(result(found), wanted) > 0.95)
    assert found.patterns.dtype == np.float32
    assert found.converged.dtype == bool
    assert found.energies.shape[0] == 3
    assert np.isfinite(found.energies).all()


@each
def test_a_fragment_brings_back_the_whole(name: str) -> None:
    memory, given = filled(name)
    cue = given[0].copy()
    cue[:, : CELLS // 4] = 0  # not known, or silent
    wanted = np.repeat(given[0][-1:], 3, axis=0) if "sequence" in name else given[-1]
    assert np.all(overlap(result(memory.recall(cue, steps=20)), wanted) > 0.95)


@each
def test_a_batch_is_the_same_as_one_by_one(name: str) -> None:
    memory, given = filled(name, 4)
    rng = np.random.default_rng(1)
    cues = memory._wrong(given[0], 0.2, rng)
    for mode in memory.modes:
        whole = memory.recall(cues, mode=mode, steps=12, seed=5)
        for k in range(len(cues)):
            one = memory.recall(cues[k], mode=mode, steps=12, seed=5)
            np.testing.assert_allclose(one.patterns[0], whole.patterns[k], atol=1e-3)
            assert one.converged[0] == whole.converged[k]
            last = one.energies.shape[1] - 1
            np.testing.assert_allclose(one.energies[0], whole.energies[k, : last + 1], atol=1e-3, rtol=1e-4)


@each
def test_patterns_may_come_one_at_a_time(name: str) -> None:
    together, given = filled(name, 4)
    online = MEMORIES[name]()
    if "sequence" in name:
        for t in range(3):
            online.store(given[0][t : t + 2], then="open")  # type: ignore[call-arg]
        online.store(given[0][-1])
    else:
        for k in range(4):
            online.store(*(part[k] for part in given))
    assert online.stored == together.stored
    cues = together._wrong(given[0], 0.1, np.random.default_rng(2))
    one, other = online.recall(cues, steps=20), together.recall(cues, steps=20)
    np.testing.assert_allclose(result(one), result(other), atol=1e-3)


@each
def test_saved_and_loaded_it_is_the_same(name: str, tmp_path: Path) -> None:
    memory, given = filled(name)
    memory.save(tmp_path / "kept.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["kept.npz"]
    again = load(tmp_path / "kept.npz")
    assert repr(again) == repr(memory)
    cues = memory._wrong(given[0], 0.2, np.random.default_rng(3))
    one, other = memory.recall(cues, steps=9), again.recall(cues, steps=9)
    for field in FIELDS:
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field))
    memory.store(*patterns(memory, 1, 9))
    again.store(*patterns(memory, 1, 9))  # and it goes on learning
    np.testing.assert_array_equal(memory.recall(cues, steps=9).patterns, again.recall(cues, steps=9).patterns)


@each
def test_an_empty_one_is_saved_too(name: str, tmp_path: Path) -> None:
    MEMORIES[name]().save(tmp_path / "empty.npz")
    assert repr(load(tmp_path / "empty.npz")) == repr(MEMORIES[name]())


@each
@pytest.mark.parametrize("library", LIBRARIES[1:], ids=lambda library: library.name)
def test_libraries_agree(name: str, library: Library) -> None:
    installed(library)
    memory, given = filled(name)
    other = MEMORIES[name]().store(*(library.into(part) for part in given))
    cues = memory._wrong(given[0], 0.2, np.random.default_rng(4)).astype(np.float32)
    for mode in memory.modes:
        mine = memory.recall(cues, mode=mode, steps=9, seed=1)
        its = other.recall(library.into(cues), mode=mode, steps=9, seed=1)
        for field in FIELDS:
            if getattr(mine, field) is not None:
                np.testing.assert_allclose(
                    library.back(getattr(its, field)), getattr(mine, field), atol=2e-3, rtol=1e-3, err_msg=field
                )
        assert library.back(its.patterns).dtype == np.float32


@pytest.mark.parametrize("library", [lib for lib in LIBRARIES if lib.name == "torch"], ids=lambda lib: lib.name)
def test_loaded_into_another_library(library: Library, tmp_path: Path) -> None:
    installed(library)
    memory, (given,) = filled("hebb")
    memory.save(tmp_path / "kept.npz")
    found = load(tmp_path / "kept.npz", like=library.into(given)).recall(library.into(given))
    np.testing.assert_array_equal(library.back(found.patterns), given)


@each
def test_float64_stays(name: str) -> None:
    memory = MEMORIES[name]()
    given = [part.astype(np.float64) for part in patterns(memory, 2)]
    assert result(memory.store(*given).recall(given[0], steps=2)).dtype == np.float64


@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
def test_half_precision_becomes_float32(kind: str, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    (given,) = patterns(MEMORIES["graded"](), 3)
    memory = MEMORIES["graded"]().store(torch.asarray(given).to(getattr(torch, kind)))
    assert memory.weights.dtype == torch.float32
    assert bool(torch.isfinite(memory.energy(torch.asarray(given))).all())
    memory.save(tmp_path / "kept.npz")


@each
def test_forgetting_everything_leaves_nothing_of_old_patterns(name: str) -> None:
    memory, given = filled(name)
    memory.forget(0.9999)
    fresh = patterns(memory, 3, 7)
    memory.store(*fresh)
    alone = MEMORIES[name]().store(*fresh)
    cues = memory._wrong(fresh[0], 0.1, np.random.default_rng(5))
    np.testing.assert_allclose(
        result(memory.recall(cues, steps=9)), result(alone.recall(cues, steps=9)), atol=2e-3, err_msg=str(given)
    )


@pytest.mark.parametrize("name", SYMMETRIC)
@given(data=st.data())
@settings(max_examples=12)
def test_energy_never_rises_one_cell_after_the_other(name: str, data: st.DataObject) -> None:
    seed, number = data.draw(st.integers(0, 999)), data.draw(st.integers(1, 25))
    memory = MEMORIES[name]()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CapacityWarning)
        (given,) = patterns(memory, number, seed)
        memory.store(given.astype(np.float64))
    (cues,) = patterns(memory, 5, seed + 1000)
    found = memory.recall(cues.astype(np.float64), mode="asynchronous", seed=seed)
    assert np.all(np.diff(found.energies, axis=1) <= 1e-9 * (1 + np.abs(found.energies[:, 1:])))
    np.testing.assert_allclose(memory.energy(found.patterns), found.energies[:, -1], rtol=1e-6, atol=1e-8)
    if name != "graded":
        assert found.converged.all()
        again = memory.recall(found.patterns, mode="asynchronous", seed=seed + 1)
        # at rest whatever the order: only a cell whose input is zero but for rounding may flip, and at no energy
        np.testing.assert_allclose(again.energies[:, -1], found.energies[:, -1], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ["pairs", "modern"])
@given(seed=st.integers(0, 999), number=st.integers(1, 25))
@settings(max_examples=12)
def test_energy_never_rises_all_at_once(name: str, seed: int, number: int) -> None:
    memory = MEMORIES[name]()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CapacityWarning)
        memory.store(*(part.astype(np.float64) for part in patterns(memory, number, seed)))
    cues = patterns(memory, 5, seed + 1000)[0].astype(np.float64)
    found = memory.recall(cues)
    assert np.all(np.diff(found.energies, axis=1) <= 1e-9 * (1 + np.abs(found.energies[:, 1:])))


@pytest.mark.parametrize("name", ["hebb", "pairs", "sequence", "willshaw", "sparse distributed", "order 3"])
def test_capacity_is_measured_beside_theory(name: str) -> None:
    memory, _ = filled(name)
    found = memory.capacity(nets=2, cues=10, flipped=(0.0, 0.2))
    assert found.recalled.shape == (2, len(found.numbers), 2)
    assert found.recalled[0, 0].mean() > 0.8  # few are held
    assert found.recalled[0].mean() >= found.recalled[1].mean()
    assert 0.4 * found.theory.patterns < found.measured < 2.5 * found.theory.patterns or name == "order 3"
    assert memory.stored == 3  # untouched
    assert np.nan_to_num(found.basin, nan=-1).max() <= 0.2


def test_capacity_of_pairs_is_that_of_both_layers() -> None:
    found = cofire.memory.BidirectionalMemory(300, 60).capacity(nets=2, cues=20, flipped=(0.0,))
    assert found.measured < 2 * found.theory.patterns


def test_capacity_of_practice_is_of_patterns_that_came_together() -> None:
    found = cofire.memory.Hopfield(40, "delta").capacity([10, 15, 20], nets=1, cues=20, flipped=(0.0,))
    np.testing.assert_array_equal(found.recalled, 1)


@pytest.mark.parametrize(("name", "number"), [("hebb", 12), ("order 3", 300), ("willshaw", 400), ("pairs", 20)])
def test_more_than_theory_holds_is_warned_of_once(name: str, number: int) -> None:
    memory = MEMORIES[name]()
    with pytest.warns(CapacityWarning, match=r"overlap predicted after one step of recall is 0\.\d\d") as seen:
        memory.store(*patterns(memory, number))
    assert len(seen) == 1
    memory.store(*patterns(memory, 2, 1))  # a second warning would be an error


def test_the_overlap_foretold_is_what_comes(recwarn: Any) -> None:
    memory = cofire.memory.Hopfield(400)
    (given,) = patterns(memory, 200)
    memory.store(given)
    foretold = float(str(recwarn[0].message).rpartition(" ")[2])
    np.testing.assert_allclose(overlap(memory.recall(given, steps=1).patterns, given).mean(), foretold, atol=0.02)


@each
def test_an_empty_memory_says_so(name: str) -> None:
    memory = MEMORIES[name]()
    for ask in (
        lambda: memory.recall(np.ones(CELLS)),
        lambda: memory.energy(np.ones(CELLS)),
        lambda: memory.forget(0.1),
    ):
        with pytest.raises(cofire.EmptyMemoryError, match=r"nothing is stored; store\(patterns\) first"):
            ask()


@each
def test_one_that_has_forgotten_every_pattern_is_empty(name: str) -> None:
    memory, given = filled(name)
    memory.forget(1.0)
    for ask in (lambda: memory.recall(np.ones(CELLS)), lambda: memory.energy(np.ones(CELLS)), lambda: memory.weights):
        with pytest.raises(cofire.EmptyMemoryError, match="nothing is stored"):
            ask()
    again = MEMORIES[name]().store(*given)
    np.testing.assert_array_equal(result(memory.store(*given).recall(given[0])), result(again.recall(given[0])))


@each
def test_cues_of_another_length(name: str) -> None:
    memory, _ = filled(name)
    with pytest.raises(cofire.ArrayError, match=rf"cues has shape \(2, 7\); expected \[number, {CELLS}\]"):
        memory.recall(np.ones((2, 7)))


@pytest.mark.parametrize("name", [name for name in MEMORIES if name != "modern"])
def test_values_that_a_memory_cannot_hold(name: str) -> None:
    memory = MEMORIES[name]()
    given = [part.copy() for part in patterns(memory, 2)]
    bits = memory.values == (0, 1)
    given[0][1, 3] = -1 if bits else 0
    mend = r"make \(x \+ 1\) / 2" if bits else r"make 2 \* x - 1"
    with pytest.raises(cofire.ArrayError, match=rf"patterns holds -?\d at \[1, 3\]; this memory takes .*{mend}"):
        memory.store(*given)
    assert memory.stored == 0
    given[0][1, 3] = np.nan
    with pytest.raises(cofire.ArrayError, match=r"patterns holds nan at \[1, 3\]"):
        memory.store(*given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([[1, -1], [1]], "rows differ in length"),
        ("abc", "patterns is str"),
        (np.ones((2, 3, 4)), "expected"),
        (np.ones((0, CELLS)), "there is none"),
        (np.ones((2, CELLS), dtype=complex), "real numbers"),
        (np.ma.masked_array(np.ones((2, CELLS))), "MaskedArray"),
    ],
)
def test_what_is_no_pattern(given: Any, message: str) -> None:
    with pytest.raises(cofire.ArrayError, match=message):
        cofire.memory.Hopfield(CELLS).store(given)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_real_numbers_whose_squares_have_no_room(kind: type) -> None:
    memory = MEMORIES["modern"]()
    given = np.ones((2, CELLS), dtype=np.float32)
    memory.store(given)
    for wrong in (1e20, np.inf, np.nan):
        cue = given.astype(kind)
        cue[1, 3] = wrong
        with pytest.raises(cofire.ArrayError, match=r"cues holds .* at \[1, 3\]; numbers must lie within ±1e\+15"):
            memory.recall(cue)
    memory.store(np.full((1, CELLS), 1e14, dtype=np.float32))
    assert np.isfinite(memory.recall(given * 1e14).energies).all()


def test_another_library_than_before() -> None:
    torch = pytest.importorskip("torch")
    memory, (given,) = filled("hebb")
    with pytest.raises(cofire.ArrayError, match="another library"):
        memory.recall(torch.tensor(given))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: cofire.memory.Hopfield(0), "cells = 0 is refused"),
        (lambda: cofire.memory.Hopfield(9, "hebbb"), "did you mean 'hebb'"),
        (lambda: cofire.memory.Hopfield(9, "covariance"), "needs activity="),
        (lambda: cofire.memory.Hopfield(9, activity=0.1), "needs activity="),
        (lambda: cofire.memory.Hopfield(9, gain=-1), "gain = -1 is refused"),
        (lambda: cofire.memory.DenseMemory(9, 1), "order = 1 is refused"),
        (lambda: cofire.memory.DenseMemory(9, "cubic"), "order = 'cubic' is refused"),
        (lambda: cofire.memory.DenseMemory(9, 3, beta=1.0), "goes with order='exponential'"),
        (lambda: cofire.memory.Willshaw(9, 10), "there are only 9 cells"),
        (lambda: cofire.memory.Willshaw(9, 3, partners=4), "go together"),
        (lambda: cofire.memory.SequenceMemory(9, 2, rule="delta"), "order=1 only"),
        (lambda: cofire.memory.SparseDistributedMemory(9, radius=10), "radius = 10 is refused"),
    ],
)
def test_a_memory_that_cannot_be(make: Any, message: str) -> None:
    with pytest.raises(cofire.ParameterError, match=message):
        make()


def test_questions_that_cannot_be_asked() -> None:
    memory, (given,) = filled("hebb")
    pairs, (_, names) = filled("pairs")
    for ask, message in (
        (lambda: memory.recall(given, mode="sequential"), "mode = 'sequential' is refused"),  # type: ignore[arg-type]
        (lambda: memory.recall(given, steps=0), "steps = 0 is refused"),
        (lambda: memory.forget(1.5), "rate = 1.5 is refused"),
        (lambda: memory.capacity([5, 3]), "numbers = "),
        (lambda: memory.capacity(flipped=(0.7,)), "flipped = "),
        (lambda: memory.capacity(nets=0), "nets = 0 is refused"),
        (lambda: memory.capacity(cues=0), "cues = 0 is refused"),
        (lambda: memory.capacity(seed=-1), "seed = -1 is refused"),
        (lambda: pairs.recall(names, given="partners", mode="foo"), "mode = 'foo' is refused"),  # type: ignore[call-arg]
        (lambda: filled("willshaw")[0].recall(given, mode="asynchronous"), "comparing all of them"),
        (lambda: filled("sequence")[0].store(given, then="stop"), "then = 'stop' is refused"),  # type: ignore[call-arg]
    ):
        with pytest.raises(cofire.ParameterError, match=message):
            ask()
    for name in PAIRED:
        memory = MEMORIES[name]()
        with pytest.raises(cofire.ArrayError, match="partners are missing"):
            memory.store(patterns(memory, 2)[0])
        with pytest.raises(cofire.ArrayError, match="2 patterns and 1 partners"):
            memory.store(patterns(memory, 2)[0], patterns(memory, 1)[1])  # type: ignore[call-arg]
    with pytest.raises(cofire.ArrayError, match="not expected"):
        MEMORIES["willshaw"]().store(given, given)  # type: ignore[call-arg]


def test_files_that_hold_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "bad.npz"
    for content in (b"", b"not a file of numbers", b"PK\x03\x04 cut"):
        path.write_bytes(content)
        with pytest.raises(cofire.DataError, match="holds no memory that can be read"):
            load(path)
    np.savez(path, head=np.array('{"format": 99}'))
    with pytest.raises(cofire.DataError, match="written by a later cofire"):
        load(path)
    np.savez(path, head=np.array([{}], dtype=object))  # a pickle
    with pytest.raises(cofire.DataError, match="holds no memory"):
        load(path)
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none.npz")


def forged(path: Path, memory: Memory, arrays: dict[str, Any], save: Any = np.savez, **head: Any) -> None:
    """Writes `memory` with other `arrays`, None for one that is missing, and other entries of its head."""
    memory.save(path)
    with np.load(path) as kept:
        found = dict(kept)
    there = json.loads(str(found.pop("head"))) | head
    found |= {f"learnt/{name}": array for name, array in arrays.items()}
    found = {name: array for name, array in found.items() if array is not None}
    save(path, head=np.array(json.dumps(there)), **found)


@each
def test_files_whose_arrays_do_not_fit(name: str, tmp_path: Path) -> None:
    path, memory = tmp_path / "bad.npz", filled(name)[0]
    forged(path, memory, {})
    assert load(path).stored == memory.stored
    for key, array in memory._arrays().items():
        for wrong in (None, np.zeros(7), array.astype(str), array * np.nan, array.astype(np.float16)):
            forged(path, memory, {key: wrong})
            with pytest.raises(cofire.DataError, match="holds no memory that can be read"):
                load(path)


def test_files_whose_head_or_bytes_are_damaged(tmp_path: Path) -> None:
    path, memory = tmp_path / "bad.npz", filled("hebb")[0]
    for stored in (-1, "2", 2.5, None, [1]):
        forged(path, memory, {}, stored=stored)
        with pytest.raises(cofire.DataError, match=r"bad.npz holds no memory .* a whole number of at least 0"):
            load(path)
    np.savez(path, head=np.array("[" * 100_000))
    with pytest.raises(cofire.DataError, match="holds no memory that can be read"):
        load(path)
    forged(path, memory, {}, save=np.savez_compressed)
    whole = path.read_bytes()
    refused = 0
    for at in range(len(whole)):
        for wrong in (0xFF, 1):  # all bits, and the one that says "encrypted" in the flags of a zip
            path.write_bytes(whole[:at] + bytes([whole[at] ^ wrong]) + whole[at + 1 :])
            try:
                np.testing.assert_array_equal(load(path).weights, memory.weights)  # a byte that says nothing
            except cofire.DataError:
                refused += 1
    assert refused > len(whole)


@each
def test_copies_and_pickles(name: str) -> None:
    memory, given = filled(name)
    for copied in (copy.deepcopy(memory), pickle.loads(pickle.dumps(memory))):
        np.testing.assert_array_equal(result(copied.recall(given[0])), result(memory.recall(given[0])))
        before = memory._arrays()
        copied.forget(1.0)
        for key, array in memory._arrays().items():
            np.testing.assert_array_equal(array, before[key])


def test_a_sequence_of_higher_order_has_no_weights() -> None:
    with pytest.raises(AttributeError, match="only order 1 has weights"):
        _ = filled("sequence, order 2")[0].weights


def test_a_mend_is_told_only_where_it_mends() -> None:
    with pytest.raises(cofire.ArrayError, match=r"holds 0 at .*from 0 and 1 make"):
        cofire.memory.Hopfield(2).store([[1, 0]])
    for wrong in (np.nan, 7.0):
        with pytest.raises(cofire.ArrayError, match=r"takes -1 or 1$"):
            cofire.memory.Hopfield(2).store([[1.0, wrong]])
    with pytest.raises(cofire.ParameterError, match=r"cells = 4\.0 is refused"):
        cofire.memory.Hopfield(4.0)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["hebb", "willshaw", "pairs", "sequence"])
def test_a_warning_of_capacity_names_the_line_that_stores(name: str) -> None:
    memory = MEMORIES[name]()
    with pytest.warns(cofire.memory.CapacityWarning) as caught:
        memory.store(*patterns(memory, 300))
    assert caught[0].filename == __file__


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    memory = filled("hebb")[0]
    with pytest.raises(cofire.DataError, match=r"none/kept\.npz cannot be written: No such file"):
        memory.save(tmp_path / "none" / "kept.npz")
    (tmp_path / "folder").mkdir()
    with pytest.raises(cofire.DataError, match="folder cannot be written: Is a directory"):
        memory.save(tmp_path / "folder")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_a_rule_that_remembers_cannot_be_saved(tmp_path: Path) -> None:
    rule = cofire.Rule("dw/dt = eta * (pre - mean(pre, tau)) * post", eta=0.1, tau=9.0)
    memory = cofire.memory.Hopfield(CELLS, rule).store(signs(np.random.default_rng(0), 2))
    with pytest.raises(cofire.ParameterError, match="cannot be saved"):
        memory.save(tmp_path / "kept.npz")
    assert not list(tmp_path.iterdir())
