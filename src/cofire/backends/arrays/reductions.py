"""Sums over the cells of a layer, as matrix products where they separate and tile by tile where not."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from operator import add

from cofire.backends.arrays import gemm, library
from cofire.backends.arrays.blocks import panel_rows, row_windows, sample_windows
from cofire.backends.arrays.expressions import ORDER, Array, Axis, Values
from cofire.language.tree import Expr, Weight
from cofire.lowering.products import Separated, Term


def reduced(separated: Separated, axis: Axis, values: Values) -> Array:
    """The sum of an expression over the other kind of cell: `[batch or 1, cells of axis or 1]`."""
    parts: list[Array] = []
    for term in separated.terms:
        if not term.ordered:
            part, factor = (_sum_pre if axis == "post" else _sum_post)(term, values), values.number(term.coefficient)
            parts.append(part if factor == 1.0 else factor * part)
    tiled = [*separated.rest, *(term.expression for term in separated.terms if term.ordered)]
    parts += [_summed_tiles(part, axis, values) for part in tiled]
    total = reduce(add, parts) if parts else 0.0
    return (
        values.xp.full((1, 1), total, dtype=values.w.dtype, device=library.device(values.w))
        if isinstance(total, float)
        else total
    )


def _sum_pre(term: Term, values: Values) -> Array:
    """The sum over presynaptic cells of one term without its coefficient, `[batch or 1, post or 1]`."""
    right = values.array(values.value(term.pre, ("batch", "pre"))) if term.pre is not None else None
    n_pre = values.w.shape[1]
    if term.synapse is None:
        total: Array = float(n_pre) if right is None else _sum_cells(right, n_pre, values)
    elif term.synapse == Weight() and right is not None:
        total = _spread(right, n_pre, values) @ values.w.T
    else:
        total = _weighted_sums(right, term.synapse, values)
    return total if term.post is None else total * values.value(term.post, ("batch", "post"))


def _weighted_sums(right: Array | None, synapse: Expr, values: Values) -> Array:
    """The sum over presynaptic cells of `synapse[post, pre] · right[batch, pre]`, a panel of rows at a time."""
    xp, n_pre = values.xp, values.w.shape[1]
    right = (
        xp.ones((1, n_pre), dtype=values.w.dtype, device=library.device(values.w))
        if right is None
        else _spread(right, n_pre, values)
    )
    sums = [right @ rows.T for _, rows in _panels(synapse, values)]
    return sums[0] if len(sums) == 1 else xp.concat(sums, axis=1)


def _sum_post(term: Term, values: Values) -> Array:
    """The sum over postsynaptic cells of one term without its coefficient, `[batch or 1, pre or 1]`."""
    left = values.array(values.value(term.post, ("batch", "post"))) if term.post is not None else None
    n_post = values.w.shape[0]
    if term.synapse is None:
        total: Array = float(n_post) if left is None else _sum_cells(left, n_post, values)
    elif term.synapse == Weight() and left is not None:
        total = _spread(left, n_post, values) @ values.w
    else:
        total = 0.0
        for window, rows in _panels(term.synapse, values):
            part = (
                _spread(left, n_post, values)[:, window] @ rows
                if left is not None
                else values.xp.sum(rows, axis=0)[None, :]
            )
            total = total + part
    return total if term.pre is None else total * values.value(term.pre, ("batch", "pre"))


def _panels(node: Expr, values: Values) -> Iterator[tuple[slice, Array]]:
    """A factor of each synapse for a panel of rows at a time, in one buffer, made in blocks that stay in the cache."""
    shape = values.w.shape
    many = panel_rows(shape)
    if not library.writable_in_place(values.w):
        for window in row_windows(shape, many):
            yield window, values.value(node, ("post", "pre"), {"post": window})
        return
    buffer = values.xp.empty((min(many, shape[0]), shape[1]), dtype=values.w.dtype, device=library.device(values.w))
    for window in row_windows(shape, many):
        rows = buffer[: window.stop - window.start, :]

        def fill(part: slice, begin: int = window.start, rows: Array = rows) -> None:
            here = slice(begin + part.start, begin + part.stop)
            values.fill(rows[part, :], node, ("post", "pre"), {"post": here})

        gemm.for_each(fill, list(row_windows(rows.shape)), rows)
        yield window, rows


def _sum_cells(array: Array, cells: int, values: Values) -> Array:
    return values.xp.sum(_spread(array, cells, values), axis=1, keepdims=True)


def _spread(array: Array, cells: int, values: Values) -> Array:
    """`array` as `[batch or 1, cells]`."""
    if array.ndim == 0:
        array = values.xp.reshape(array, (1, 1))
    return array if array.shape[1] == cells else values.xp.broadcast_to(array, (array.shape[0], cells))


def _summed_tiles(part: Expr, axis: Axis, values: Values) -> Array:
    """The sum of what does not separate over the other kind of cell, `[batch, cell of axis]`."""
    samples = []
    for chunk in sample_windows(values.samples, values.w.shape[0] * values.w.shape[1]):
        tile = values.array(values.value(part, ORDER, {"batch": chunk}))
        everywhere = values.xp.broadcast_to(tile, (chunk.stop - chunk.start, *values.w.shape))
        samples.append(values.xp.sum(everywhere, axis=2 if axis == "post" else 1))
    return values.xp.concat(samples, axis=0)
