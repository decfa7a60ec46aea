"""One memory of each family and variant, with patterns it holds easily."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import cofire
from cofire.memory import (
    BidirectionalMemory,
    DenseMemory,
    Hopfield,
    Memory,
    SequenceMemory,
    SparseDistributedMemory,
    Willshaw,
)

CELLS = 60
MEMORIES: dict[str, Callable[[], Memory]] = {
    "hebb": lambda: Hopfield(CELLS),
    "storkey": lambda: Hopfield(CELLS, "storkey"),
    "pseudo-inverse": lambda: Hopfield(CELLS, "pseudo-inverse"),
    "delta": lambda: Hopfield(CELLS, "delta"),
    "own rule": lambda: Hopfield(CELLS, cofire.Rule("dw/dt = eta * pre * post", eta=0.5)),
    "covariance": lambda: Hopfield(CELLS, "covariance", activity=0.2),
    "graded": lambda: Hopfield(CELLS, gain=4.0),
    "order 2": lambda: DenseMemory(CELLS, 2),
    "order 3": lambda: DenseMemory(CELLS, 3),
    "exponential": lambda: DenseMemory(CELLS, "exponential"),
    "modern": lambda: DenseMemory(CELLS, "exponential", beta=0.5),
    "willshaw": lambda: Willshaw(CELLS, 6),
    "willshaw pairs": lambda: Willshaw(CELLS, 6, partners=40, partners_active=5),
    "pairs": lambda: BidirectionalMemory(CELLS, 40),
    "sequence": lambda: SequenceMemory(CELLS),
    "sequence, order 2": lambda: SequenceMemory(CELLS, 2),
    "sequence, exponential": lambda: SequenceMemory(CELLS, "exponential"),
    "sparse distributed": lambda: SparseDistributedMemory(CELLS, 400),
}
PAIRED = ("willshaw pairs", "pairs")


def signs(rng: np.random.Generator, number: int, cells: int = CELLS) -> np.ndarray:
    return np.where(rng.random((number, cells)) < 0.5, np.float32(-1), np.float32(1))


def patterns(memory: Memory, number: int, seed: int = 0) -> tuple[np.ndarray, ...]:
    """`(patterns,)` or `(patterns, partners)`."""
    drawn = memory._random(np.random.default_rng(seed), number)
    return (drawn,) if drawn.shape[1] == memory.cells else (drawn[:, : memory.cells], drawn[:, memory.cells :])


def result(found: Any) -> Any:
    """What is asked for: the partners of a pair, else the patterns."""
    return found.patterns if found.partners is None else found.partners
