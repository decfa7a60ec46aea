"""Recall from a memory, beside the bare matrix products it needs, in the same library and threads.

The floor of Hopfield's net: for each step, one product of the cues that still move with the weights, into memory that
is already there. That of a dense memory: two products of each step with patterns that are floats already.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from cofire.memory import DenseMemory, Hopfield

CELLS, CUES = 1024, 10_000
STORED, DENSE_CUES = 100_000, 1_000
LARGEST = 200e6  # bytes of one array


def signs(rng: np.random.Generator, number: int) -> np.ndarray:
    return rng.integers(0, 2, (number, CELLS), dtype=np.int8) * np.int8(2) - np.int8(1)


def worn(rng: np.random.Generator, patterns: np.ndarray, number: int) -> np.ndarray:
    """Cues with a tenth of their cells wrong."""
    chosen = patterns[rng.integers(0, len(patterns), number)].astype(np.float32)
    return np.where(rng.random(chosen.shape, dtype=np.float32) < 0.1, -chosen, chosen)


def products(steps: np.ndarray, w: np.ndarray) -> Callable[[], None]:
    """As many rows as there are cues that move before each step; and one product more, which finds them at rest."""
    moving = [int(np.sum(steps >= step)) for step in range(int(steps.max()) + 1)]
    states, into = np.ones((CUES, CELLS), dtype=np.float32), np.empty((CUES, CELLS), dtype=np.float32)

    def work() -> None:
        for rows in moving:
            np.matmul(states[:rows], w.T, out=into[:rows])

    return work


@pytest.mark.parametrize("number", [50, 100], ids=lambda number: f"{number} stored")
def test_hopfield(number: int, compare: Any, benchmark: Any) -> None:
    rng = np.random.default_rng(0)
    patterns = signs(rng, number)
    memory = Hopfield(CELLS).store(patterns.astype(np.float32))
    cues = worn(rng, patterns, CUES)
    steps = memory.recall(cues).steps
    benchmark.pedantic(lambda: memory.recall(cues), rounds=1)
    floor = products(steps, memory.weights)
    compare.ratio("10,000 cues, synchronous / bare products", lambda: memory.recall(cues), floor, "<= 1.5", rounds=5)


def test_dense(compare: Any, benchmark: Any) -> None:
    rng = np.random.default_rng(1)
    memory = DenseMemory(CELLS, "exponential")
    for _ in range(STORED // 10_000):
        memory.store(signs(rng, 10_000))
    cues = worn(rng, next(iter(memory._kept)), DENSE_CUES)
    tracemalloc.start()
    found = memory.recall(cues)
    peak = tracemalloc.get_traced_memory()[1]
    largest = max(trace.size for trace in tracemalloc.take_snapshot().traces)
    tracemalloc.stop()
    assert found.converged.all()
    block = next(iter(memory._kept)).astype(np.float32)
    steps = found.energies.shape[1]

    def floor() -> None:
        for _ in range(steps * STORED // len(block)):
            (cues @ block.T) @ block

    compare.value("all that recall allocates, MB", peak / 1e6, "< 200, so no array is larger")
    compare.value("largest array left, MB", largest / 1e6, f"< {LARGEST / 1e6:.0f}")
    compare.ratio("1,000 cues, 100,000 stored / bare products", lambda: memory.recall(cues), floor, "<= 2", rounds=2)
    benchmark.pedantic(lambda: None, rounds=1)
