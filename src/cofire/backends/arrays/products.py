"""The terms of a plan, added up: matrix products straight into the weights, everything else in blocks of rows.

Nothing of size batch · post · pre is ever made: what does not separate is worked out tile by tile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from cofire.backends.arrays import gemm
from cofire.backends.arrays.expressions import EVERYTHING, ORDER, Array, Axis, Values
from cofire.errors import ArrayError
from cofire.language.algebra import simplify
from cofire.language.text import to_text
from cofire.language.tree import ONE, ZERO, Binary, Call, Cell, Expr, Weight, walk
from cofire.language.tree import replace as substituted
from cofire.lowering.products import Separated, Term, additive_terms

BLOCK = 1 << 16  # numbers worked on at once by functions: 256 KiB in float32, well within one core's cache
PANEL = 1 << 20  # numbers of a function of the weights that one matrix product takes at once
ORDERED_ROWS = 64  # rows that share one residual; the triangle within them costs rows / batch of a product


@dataclass(frozen=True)
class Product:
    """`scale · left.T @ right`, with `left[k, post]` and `right[k, pre]`; k is the samples, or 1."""

    left: Array
    right: Array
    scale: float


Block = Callable[[slice], Array]


def add_terms(separated: Separated, base: Array, keep: float, gain: float, values: Values, out: Array | None) -> Array:
    """`keep · base + gain · (the terms, averaged over the batch)`; `base[post, pre]`.

    Written to `out`, which may be `base` or the weights themselves, if given. Returns the result.
    """
    scale, products, blocks, ordered = _sorted(separated, base, keep, gain, values)
    if out is None and gemm.writable_in_place(base):
        out = values.xp.empty(base.shape, dtype=base.dtype, device=_device(base))
    fresh = not blocks and isinstance(scale, float) and scale == 0.0 and bool(products)
    if blocks:
        result = _in_blocks(base, scale, blocks, out, ORDERED_ROWS if ordered else None, values)
    elif fresh:
        result = out if out is not None else values.xp.zeros_like(base)
    elif isinstance(scale, float) and scale == 1.0 and out is base:
        result = base
    else:
        result = gemm.scaled(base, scale, out)
    for product in products:
        result = gemm.add_product(result, product.left, product.right, product.scale, fresh=fresh)
        fresh = False
    return result


def reduced(separated: Separated, axis: Axis, values: Values) -> Array:
    """The sum of an expression over the other kind of cell: `[batch or 1, cells of axis or 1]`."""
    total: Array = 0.0
    tiled = [*separated.rest, *(term.expression for term in separated.terms if term.ordered)]
    for term in separated.terms:
        if term.ordered:
            continue
        total = total + values.number(term.coefficient) * (
            _sum_pre(term, values) if axis == "post" else _sum_post(term, values)
        )
    for part in tiled:
        total = total + _summed_tiles(part, axis, values)
    return (
        values.xp.full((1, 1), total, dtype=values.w.dtype, device=_device(values.w))
        if isinstance(total, float)
        else total
    )


def _sorted(
    separated: Separated, base: Array, keep: float, gain: float, values: Values
) -> tuple[Array | float, list[Product], list[Block], bool]:
    """The work by kind: what scales rows, what is a matrix product, and what is made a block of rows at a time."""
    scale: Array | float = keep
    products: list[Product] = []
    blocks: list[Block] = []
    for term in separated.terms:
        if term.ordered:
            blocks.extend(_ordered_blocks(term, gain, values))
        elif term.scales_rows and base is values.w:
            factor = gain * values.number(term.coefficient)
            post = _vector(term.post, "post", values)
            scale = scale + (factor if post is None else factor * post[0, :, None])
        elif term.synapse is not None:
            blocks.append(_weighted_block(term, term.synapse, gain, values))
        else:
            products.append(_product(term, gain, values))
    blocks.extend(_tiled_block(part, gain, values) for part in separated.rest)
    return scale, products, blocks, any(term.ordered for term in separated.terms)


def _in_blocks(
    base: Array, scale: Array | float, blocks: list[Block], out: Array | None, rows: int | None, values: Values
) -> Array:
    """`scale · base` and all `blocks`, a window of rows at a time; a window is read before it is written."""
    pieces = []
    for window in row_windows(base.shape, rows):
        piece = sum((block(window) for block in blocks[1:]), blocks[0](window))
        factor = scale[window, :] if not isinstance(scale, float) and scale.shape[0] > 1 else scale
        if not isinstance(factor, float):
            piece = piece + base[window, :] * factor
        elif factor != 0.0:
            piece = gemm.add_into(piece, base[window, :] if factor == 1.0 else base[window, :] * factor, out, window)
        if out is None:
            pieces.append(piece)
        elif piece is not None:
            out[window, :] = piece
    return out if out is not None else values.xp.concat(pieces, axis=0)


def row_windows(shape: tuple[int, ...], rows: int | None = None) -> Iterator[slice]:
    rows = rows or max(1, BLOCK // max(1, shape[1]))
    for begin in range(0, shape[0], rows):
        yield slice(begin, min(begin + rows, shape[0]))


def _product(term: Term, gain: float, values: Values) -> Product:
    factor = gain * values.number(term.coefficient)
    n_post, n_pre = values.w.shape
    if term.is_product:
        left, right = _matrix(term.post, "post", n_post, values), _matrix(term.pre, "pre", n_pre, values)
        return Product(left, right, factor / values.samples)
    left, right = _vector(term.post, "post", values), _vector(term.pre, "pre", values)
    return Product(_wide(left, n_post, values), _wide(right, n_pre, values), factor)


def _matrix(factor: Expr | None, side: Axis, cells: int, values: Values) -> Array:
    """One side of a product, `[samples, cells]`."""
    array = _checked(factor or ONE, side, values)
    shape = (values.samples, cells)
    return array if array.shape == shape else values.xp.broadcast_to(array, shape)


def _checked(factor: Expr, side: Axis, values: Values) -> Array:
    """One side of a term. Raises: `ArrayError` where it has no finite value, as 1 / sum_pre(pre) at rest."""
    array = values.array(values.value(factor, ("batch", side)))
    if not isinstance(factor, Cell) and not gemm.is_finite(array):
        raise ArrayError(f"{to_text(factor)!r} is NaN or infinite for these inputs")
    return array


def _vector(factor: Expr | None, side: Axis, values: Values) -> Array | None:
    """The average over the batch of one side, `[1, cells]` or `[1, 1]`; None if there is no such factor."""
    if factor is None:
        return None
    array = _checked(factor, side, values)
    if array.ndim == 0:
        return values.xp.reshape(array, (1, 1))
    return array if array.shape[0] == 1 else values.xp.mean(array, axis=0, keepdims=True)


def _wide(vector: Array | None, cells: int, values: Values) -> Array:
    if vector is None:
        return values.xp.ones((1, cells), dtype=values.w.dtype, device=_device(values.w))
    return vector if vector.shape[1] == cells else values.xp.broadcast_to(vector, (1, cells))


def _weighted_block(term: Term, synapse: Expr, gain: float, values: Values) -> Block:
    """A term with a factor of each synapse: the product of its two sides, times that factor."""
    product = _product(term, gain, values)

    def block(window: slice) -> Array:
        factor = values.value(synapse, ("post", "pre"), {"post": window})
        if term.post is None and term.pre is None:
            return product.scale * factor
        return factor * (product.scale * (product.left[:, window].T @ product.right))

    return block


def _ordered_blocks(term: Term, gain: float, values: Values) -> Iterator[Block]:
    """post · (plain + slope · reconstruct_ordered(s)): a running residual carries the sum over the rows above.

    Windows must come in order from the first row, before any of their rows is overwritten.
    """
    assert term.pre is not None
    factor = gain * values.number(term.coefficient) / values.samples
    n_post, n_pre = values.w.shape
    left = _matrix(term.post, "post", n_post, values)
    plain: Expr = ZERO
    parts = []
    for part in additive_terms(term.pre):
        node = next(
            (inner for inner in walk(part) if isinstance(inner, Call) and inner.function == "reconstruct_ordered"), None
        )
        if node is None:
            plain = simplify(Binary("+", plain, part))
        else:
            slope = values.number(substituted(part, {node: ONE}))
            parts.append((slope, _matrix(node.arguments[0], "post", n_post, values)))
    residual = _matrix(plain, "pre", n_pre, values) + 0.0

    def block(window: slice) -> Array:
        nonlocal residual
        rows, here = values.w[window, :], left[:, window]
        change = gemm.new_product(here, residual, factor)
        for slope, summed in parts:
            within = values.xp.triu(summed[:, window].T @ here)
            change = gemm.add_product(change, within, rows, factor * slope)
            residual = gemm.add_product(residual, summed[:, window].T, rows, slope)
        return change

    yield block


def _tiled_block(part: Expr, gain: float, values: Values) -> Block:
    """A term that does not separate: so many samples at once that a tile stays in the cache."""
    whole = any(isinstance(node, Call) and node.function == "reconstruct_ordered" for node in walk(part))

    def block(window: slice) -> Array:
        shape = (window.stop - window.start, values.w.shape[1])
        total: Array = 0.0
        for samples in _chunks(values, values.w.shape[0] * shape[1] if whole else shape[0] * shape[1]):
            tile = values.value(part, ORDER, {"batch": samples} if whole else {"batch": samples, "post": window})
            tile = values.array(tile)
            if whole:
                tile = values.xp.broadcast_to(tile, (samples.stop - samples.start, *values.w.shape))[:, window, :]
            total = total + values.xp.sum(values.xp.broadcast_to(tile, (samples.stop - samples.start, *shape)), axis=0)
        return (gain / values.samples) * total

    return block


def _chunks(values: Values, size: int) -> Iterator[slice]:
    many = max(1, BLOCK // max(1, size))
    for begin in range(0, values.samples, many):
        yield slice(begin, min(begin + many, values.samples))


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
    xp, (n_post, n_pre) = values.xp, values.w.shape
    right = (
        xp.ones((1, n_pre), dtype=values.w.dtype, device=_device(values.w))
        if right is None
        else _spread(right, n_pre, values)
    )
    windows = list(row_windows(values.w.shape, max(1, min(PANEL, n_post * n_pre // 4) // n_pre)))
    if not gemm.writable_in_place(values.w):
        return xp.concat([right @ _synapse_rows(synapse, window, values).T for window in windows], axis=1)
    total = xp.empty((right.shape[0], n_post), dtype=values.w.dtype, device=_device(values.w))
    for window in windows:
        total[:, window] = right @ _synapse_rows(synapse, window, values).T
    return total


def _sum_post(term: Term, values: Values) -> Array:
    """The sum over postsynaptic cells of one term without its coefficient, `[batch or 1, pre or 1]`."""
    left = values.array(values.value(term.post, ("batch", "post"))) if term.post is not None else None
    n_post, n_pre = values.w.shape
    if term.synapse is None:
        total: Array = float(n_post) if left is None else _sum_cells(left, n_post, values)
    elif term.synapse == Weight() and left is not None:
        total = _spread(left, n_post, values) @ values.w
    else:
        total = 0.0
        for window in row_windows(values.w.shape, max(1, PANEL // n_pre)):
            rows = _synapse_rows(term.synapse, window, values)
            part = (
                _spread(left, n_post, values)[:, window] @ rows
                if left is not None
                else values.xp.sum(rows, axis=0)[None, :]
            )
            total = total + part
    return total if term.pre is None else total * values.value(term.pre, ("batch", "pre"))


def _synapse_rows(node: Expr, window: slice, values: Values) -> Array:
    """A factor of each synapse for some rows, worked out in blocks that stay in the cache."""
    if not gemm.writable_in_place(values.w):
        return values.value(node, ("post", "pre"), {"post": window})
    rows = values.xp.empty(
        (window.stop - window.start, values.w.shape[1]), dtype=values.w.dtype, device=_device(values.w)
    )
    for part in row_windows(rows.shape):
        rows[part, :] = values.value(
            node, ("post", "pre"), {"post": slice(window.start + part.start, window.start + part.stop)}
        )
    return rows


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
    for chunk in _chunks(values, values.w.shape[0] * values.w.shape[1]):
        tile = values.array(values.value(part, ORDER, {**EVERYTHING, "batch": chunk}))
        everywhere = values.xp.broadcast_to(tile, (chunk.stop - chunk.start, *values.w.shape))
        samples.append(values.xp.sum(everywhere, axis=2 if axis == "post" else 1))
    return values.xp.concat(samples, axis=0)


def _device(array: Array) -> Any:
    from array_api_compat import device

    return device(array)
