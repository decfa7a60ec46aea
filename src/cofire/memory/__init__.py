"""Associative memories: a fragment brings back the whole. Every family behind one interface.

    memory = cofire.memory.Hopfield(625)
    memory.store(faces)                            # patterns [number, cells], here of -1 and +1
    found = memory.recall(halves)                  # found.patterns, .converged, .energies
    memory.save("faces.npz")                       # cofire.memory.load("faces.npz")

    family                      patterns                  kept in                          holds, in N cells
    Hopfield                    ±1; sparse 0, 1; graded   symmetric weights, by a rule     .138 N by Hebb, N at best
    DenseMemory                 ±1; any real numbers      the patterns themselves          ∝ N^(n-1); 2^(N/2)
    Willshaw                    sparse 0, 1; or pairs     synapses that are there or not   up to .69 bit a synapse
    BidirectionalMemory         pairs of ±1               weights used both ways           0.2 of the smaller layer
    SequenceMemory              sequences of ±1           asymmetric weights, or patterns  .269 N transitions; ∝ Nᵈ
    SparseDistributedMemory     ±1                        counters at random addresses     .1 × places

All of them have `store` (one pattern or many, any time), `recall`, `energy`, `forget`, `capacity` and `save`. `Memory`
tells how they are meant, the docstring of each family's file the mathematics. Arrays of any library.
"""

from __future__ import annotations

import os
from typing import Any

from cofire.memory import _files, theory
from cofire.memory._arrays import overlap
from cofire.memory._capacity import Capacity, CapacityWarning
from cofire.memory._memory import Memory
from cofire.memory._recall import Recalled
from cofire.memory.bidirectional import BidirectionalMemory
from cofire.memory.dense import DenseMemory
from cofire.memory.hopfield import Hopfield
from cofire.memory.sequence import SequenceMemory
from cofire.memory.sparse_distributed import SparseDistributedMemory
from cofire.memory.willshaw import Willshaw

__all__ = [
    "BidirectionalMemory",
    "Capacity",
    "CapacityWarning",
    "DenseMemory",
    "Hopfield",
    "Memory",
    "Recalled",
    "SequenceMemory",
    "SparseDistributedMemory",
    "Willshaw",
    "load",
    "overlap",
    "theory",
]

FAMILIES: tuple[type[Memory], ...] = (
    Hopfield,
    DenseMemory,
    Willshaw,
    BidirectionalMemory,
    SequenceMemory,
    SparseDistributedMemory,
)


def load(path: str | os.PathLike[str], *, like: Any = None) -> Memory:
    """The memory that `save` wrote to `path`; in NumPy, or in the library and on the device of the array `like`.

    Raises: `DataError` if the file holds none, `FileNotFoundError`. Nothing in the file is run.
    """
    return _files.read(path, {family.family: family for family in FAMILIES}, like)
