"""Synapses in rows and columns, and spikes in the order in which they arrive.

An *axon* is what leaves a presynaptic cell with one delay: all its synapses hear the same spikes at the same step, so
they share one arrival and one set of presynaptic traces, and a delay is nothing that a kernel needs to know of.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Array = np.ndarray


@dataclass(frozen=True)
class Layout:
    """The synapses `[synapse]` sorted by axon, then by postsynaptic cell.

    `order`: where each stood in the user's list. `row[axon]`, `row[axon + 1]`: where the synapses of an axon begin and
    end; `target`: their postsynaptic cells. `column`, `incoming`, `source`: the same by postsynaptic cell: its synapses
    and their axons. `cell`, `delay`: of each axon.
    """

    order: Array
    row: Array
    target: Array
    column: Array
    incoming: Array
    source: Array
    cell: Array
    delay: Array
    n_pre: int
    n_post: int

    @property
    def n_synapses(self) -> int:
        return len(self.target)

    @property
    def n_axons(self) -> int:
        return len(self.cell)


def lay_out(pre_cell: Array, post_cell: Array, delay: Array) -> Layout:
    """The layout of synapses given as `[synapse]` arrays, in any order, in which a pair may occur more than once."""
    size = len(pre_cell)
    index = np.int32 if size < 2**31 else np.int64
    n_pre, n_post = int(pre_cell.max(initial=-1)) + 1, int(post_cell.max(initial=-1)) + 1
    order = np.lexsort((post_cell, delay, pre_cell))
    pre_cell, post_cell, delay = pre_cell[order], post_cell[order], delay[order]
    begins = np.ones(size, dtype=bool)
    begins[1:] = (pre_cell[1:] != pre_cell[:-1]) | (delay[1:] != delay[:-1])
    first = np.flatnonzero(begins)
    axon = (np.cumsum(begins) - 1).astype(index)
    incoming = np.argsort(post_cell, kind="stable").astype(index)
    return Layout(
        order,
        np.append(first, size),
        post_cell.astype(index),
        np.searchsorted(post_cell[incoming], np.arange(n_post + 1)),
        incoming,
        axon[incoming],
        pre_cell[first].astype(index),
        delay[first],
        n_pre,
        n_post,
    )


def axon_of_synapse(layout: Layout) -> Array:
    """The axon of each synapse."""
    return np.repeat(np.arange(layout.n_axons, dtype=layout.target.dtype), np.diff(layout.row))


def arrivals(layout: Layout, cells: Array, steps_fired: Array, steps: int) -> tuple[Array, Array]:
    """`(begin, axon)`: the axons whose spikes arrive in step n are `axon[begin[n]:begin[n + 1]]`, in their order."""
    known = cells < layout.n_pre
    cells, steps_fired = cells[known], steps_fired[known]
    first = np.searchsorted(layout.cell, np.arange(layout.n_pre + 1))
    copies = (first[1:] - first[:-1])[cells]
    offsets = np.arange(copies.sum()) - np.repeat(np.cumsum(copies) - copies, copies)
    axon = np.repeat(first[:-1][cells], copies) + offsets
    return _by_step(axon, np.repeat(steps_fired, copies) + layout.delay[axon], layout.n_axons, steps)


def firing(layout: Layout, cells: Array, steps_fired: Array, steps: int) -> tuple[Array, Array]:
    """The same for the spikes of postsynaptic cells, which have no delay."""
    known = cells < layout.n_post
    return _by_step(cells[known], steps_fired[known], layout.n_post, steps)


def _by_step(who: Array, when: Array, size: int, steps: int) -> tuple[Array, Array]:
    in_time = when < steps
    who, when = who[in_time], when[in_time]
    order = np.argsort(when * max(size, 1) + who, kind="stable")
    begin = np.concatenate([[0], np.cumsum(np.bincount(when, minlength=steps))])
    return begin, who[order].astype(np.int64)
