"""The synapses of one projection as they lie in memory: a row for each axon, the rows of each thread together.

An axon is a presynaptic cell and a delay: number k · n_pre + cell for the k-th delay. A row holds its synapses onto the
cells of one thread, in the order of these cells.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Rows:
    """`row[thread, axon]` and `row[thread, axon + 1]`: where a row begins and ends; `target[synapse]`: its cells.

    `delays`: each there is, in steps. `order`: the place of each synapse in the user's list, or None where that list is
    in the order of presynaptic, then postsynaptic cells.
    """

    row: Array
    target: Array
    delays: Array
    n_pre: int
    order: Array | None

    @property
    def size(self) -> int:
        return len(self.target)

    def is_full(self, cells: int) -> bool:
        """Whether every row holds each of so many cells once, so that they are a matrix `[axon, cell]`."""
        return self._full == cells

    @cached_property
    def _full(self) -> int:
        """Of how many cells, 0 if of none."""
        axons = self.row.shape[1] - 1
        cells = self.size // max(axons, 1)
        full = len(self.row) == 1 and cells > 0 and self.size == axons * cells
        return cells if full and bool((self.target.reshape(axons, cells) == np.arange(cells)).all()) else 0

    def cells(self) -> tuple[Array, Array]:
        """`(pre, post)` of each synapse, in the user's order."""
        pre = np.concatenate([np.repeat(np.arange(len(row) - 1), np.diff(row)) for row in self.row]) % self.n_pre
        return self.listed(pre), self.listed(self.target)

    def delay(self) -> Array:
        """The delay of each synapse in steps, in the user's order."""
        return self.listed(self.delays[self._axons() // self.n_pre])

    def listed(self, values: Array) -> Array:
        """Values as they lie, in the user's order; a copy."""
        order = self._order()
        if order is None:
            return values.copy()
        result = np.empty_like(values)
        result[order] = values
        return result

    def laid(self, values: Array) -> Array:
        """Values in the user's order, as they lie."""
        order = self._order()
        return values if order is None else values[order]

    def _axons(self) -> Array:
        return np.concatenate([np.repeat(np.arange(len(row) - 1), np.diff(row)) for row in self.row])

    def _order(self) -> Array | None:
        if self.order is not None or len(self.row) == 1:
            return self.order
        listed = np.lexsort((self.target, self._axons()))  # one delay, no two lists: made anew when asked for
        result = np.empty(self.size, dtype=np.int64)
        result[listed] = np.arange(self.size)
        return result


def rows_of_pieces(pieces: Iterable[tuple[Array, Array]], n_pre: int, bounds: Array, delay: int) -> Rows:
    """Synapses that come in the order of presynaptic cells, all with one delay; `bounds`: of each thread's cells."""
    parts = list(pairwise(bounds))
    counts = np.zeros((len(parts), n_pre), dtype=np.int64)
    posts = []
    for pre, post in pieces:
        for part, (low, high) in enumerate(parts):
            mine = pre if len(parts) == 1 else pre[(post >= low) & (post < high)]
            counts[part] += np.bincount(mine, minlength=n_pre)
        posts.append(post.astype(np.int32))
    target = np.empty(counts.sum(), np.int32)
    end = 0
    for low, high in parts:
        for post in posts:
            mine = post if len(parts) == 1 else post[(post >= low) & (post < high)]
            begin, end = end, end + len(mine)
            target[begin:end] = mine
    return Rows(_begins(counts), target, np.array([delay]), n_pre, None)


def rows_of_list(pre: Array, post: Array, delay: Array, n_pre: int, bounds: Array) -> Rows:
    """Synapses in any order, each with its own delay in steps."""
    delays, which = np.unique(delay, return_inverse=True)
    if len(delays) == 0:
        delays, which = np.array([1]), np.zeros(0, dtype=np.int64)
    axon = which * n_pre + pre
    owner = np.searchsorted(bounds, post, side="right") - 1
    order = np.lexsort((post, axon, owner))
    counts = np.zeros((len(bounds) - 1, len(delays) * n_pre), dtype=np.int64)
    np.add.at(counts, (owner, axon), 1)
    return Rows(_begins(counts), post[order].astype(np.int32), delays, n_pre, order)


def _begins(counts: Array) -> Array:
    """Where each row begins, given how many synapses each has `[thread, axon]`, and where the last ends."""
    ends = np.cumsum(counts.ravel()).reshape(counts.shape)
    first = np.concatenate(([0], ends[:-1, -1])) if counts.shape[1] else np.zeros(len(counts), np.int64)
    return np.concatenate((first[:, None], ends), axis=1)
