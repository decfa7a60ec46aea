"""The terms of a plan, added up: matrix products straight into the weights, everything else in blocks of rows.

Nothing of size batch · post · pre is ever made: what does not separate is worked out tile by tile.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from cofire.backends.arrays import gemm, library
from cofire.backends.arrays.blocks import cached_rows, ordered_rows, panel_rows, row_windows, sample_windows
from cofire.backends.arrays.expressions import ORDER, Array, Axis, Values
from cofire.backends.arrays.ordered import Ordered
from cofire.errors import ArrayError, DivergenceError
from cofire.language.algebra import may_lack_value, simplify
from cofire.language.functions import FILTERS
from cofire.language.text import to_text
from cofire.language.tree import ONE, ZERO, Binary, Call, Cell, Expr, Weight, walk
from cofire.language.tree import replace as substituted
from cofire.lowering.products import Separated, Term, additive_terms


@dataclass(frozen=True)
class Product:
    """`factor · left.T @ right`, with `left[k, post]` and `right[k, pre]`; k is the samples, or 1.

    `bound`: what no number of it exceeds in size, by Cauchy and Schwarz, before the factor and after.
    """

    left: Array
    right: Array
    factor: float
    bound: float

    def rows(self, window: slice) -> Array:
        """`[rows of window, pre]`."""
        return (self.left[:, window] * self.factor).T @ self.right


Block = Callable[[slice], Array]


@dataclass(frozen=True)
class Work:
    """What is to be added up, by kind.

    `scale` multiplies the rows of the base; `blocks` and `ordered` are made for a window of `rows` rows.
    """

    scale: Array | float
    products: list[Product]
    ordered: list[Ordered]
    blocks: list[Block]
    rows: int

    def scale_of(self, window: slice) -> Array | float:
        scale = self.scale
        return scale if isinstance(scale, float) or scale.shape[0] == 1 else scale[window, :]

    def bound(self, base: Array, squares: float) -> float:
        """What no number of these rows exceeds in size, if the squares of the base in them come to so much.

        Ordered sums are to be told of every window before they add to it.
        """
        sizes = [product.bound for product in self.products]
        sizes += [part.bound(squares if part.w is base else math.inf) for part in self.ordered]
        if self.blocks:
            return math.inf
        scale = self.scale
        scale = max(1.0, abs(scale)) if isinstance(scale, float) else gemm.size(gemm.squares(scale))
        return scale * gemm.size(squares) + sum(sizes)


@dataclass(frozen=True)
class Guard:
    """What is done to rows besides adding, a cacheful at a time.

    `before(rows)` raises if a number that is read is not finite, and returns the sum of squares. `after(rows)` raises
    if one that is written is not. `held(rows)` are the rows normalised and within bounds; None where nothing asks it.
    """

    before: Callable[[Array], float]
    after: Callable[[Array], None]
    held: Callable[[Array], Array] | None = None

    def done(self, rows: Array) -> Array:
        self.after(rows)
        return rows if self.held is None else self.held(rows)


def add_terms(
    separated: Separated, base: Array, keep: float, gain: float, values: Values, out: Array | None, guard: Guard
) -> Array:
    """`keep · base + gain · (the terms, averaged over the batch)`; `base[post, pre]`.

    Written to `out`, which may be `base` or the weights themselves, if given. Returns the result. A window of rows is
    read before it is written, and what needs all rows is worked out before the first is.
    """
    work = _sorted(separated, base, keep, gain, values)
    if not library.writable_in_place(base):
        guard.before(base)
        return guard.done(_at_once(work, base))
    if out is None:
        out = values.xp.empty(base.shape, dtype=base.dtype, device=library.device(base))
    rows = min(work.rows, base.shape[0])
    pieces = rows if library.on_accelerator(base) else cached_rows(base.shape)
    for window in row_windows(base.shape, rows):
        _write(work, window, base, out, guard, pieces)
    return out


def _write(work: Work, window: slice, base: Array, out: Array, guard: Guard, pieces: int) -> None:
    """One window of rows of the result; what is not a product is done `pieces` rows at a time."""
    extra = [block(window) for block in work.blocks]
    for part in work.ordered:
        part.take(window)
    squares = []

    def begin(piece: slice) -> None:
        rows = slice(window.start + piece.start, window.start + piece.stop)
        target = out[rows, :]
        squares.append(guard.before(base[rows, :]))
        gemm.set_scaled(target, target if out is base else base[rows, :], work.scale_of(rows))
        for block in extra:
            target += block[piece, :]

    def finish(piece: slice) -> None:
        target = out[window, :][piece, :]
        kept = guard.done(target)
        if kept is not target:
            target[...] = kept

    windows = list(row_windows(out[window, :].shape, pieces))
    gemm.for_each(begin, windows, out[window, :])
    finite = library.fits(work.bound(base, sum(squares)), out)
    for product in work.products:
        gemm.add_product(out[window, :], product.left[:, window], product.right, product.factor)
    for part in work.ordered:
        part.add_to(out[window, :], window)
    if guard.held is not None or not finite:  # else all are finite, and need not be read again
        gemm.for_each(finish, windows, out[window, :])


def _at_once(work: Work, base: Array) -> Array:
    """The same for a library whose arrays cannot be changed."""
    windows = list(row_windows(base.shape, work.rows))
    total = base * work.scale
    for block in (*work.blocks, *(part.change for part in work.ordered)):
        total = total + _joined([block(window) for window in windows], base)
    for product in work.products:
        total = total + product.rows(slice(None))
    return total


def _joined(pieces: list[Array], like: Array) -> Array:
    return library.namespace(like).concat(pieces, axis=0)


def _sorted(separated: Separated, base: Array, keep: float, gain: float, values: Values) -> Work:
    scale: Array | float = keep
    products: list[Product] = []
    blocks: list[Block] = []
    ordered: list[Ordered] = []
    for term in separated.terms:
        if term.ordered:
            ordered.append(_ordered(term, gain, values))
        elif term.scales_rows and base is values.w:
            factor = gain * values.number(term.coefficient)
            post = _vector(term.post, "post", values)
            scale = scale + (factor if post is None else factor * post[0, :, None])
        elif term.synapse is not None:
            blocks.append(_weighted_block(term, term.synapse, gain, values))
        else:
            products.append(_product(term, gain, values))
    blocks.extend(_tiled_block(part, gain, values) for part in separated.rest)
    if ordered:
        rows = ordered_rows(values.samples)
    elif separated.rest:
        rows = cached_rows(base.shape)
    elif not blocks:
        rows = base.shape[0]
    else:
        rows = panel_rows(base.shape)
    return Work(scale, products, ordered, blocks, rows)


def _product(term: Term, gain: float, values: Values) -> Product:
    factor = gain * values.number(term.coefficient)
    n_post, n_pre = values.w.shape
    if term.is_product:
        factor = factor / values.samples
        left, right = _matrix(term.post, "post", n_post, values), _matrix(term.pre, "pre", n_pre, values)
    else:
        left = _wide(_vector(term.post, "post", values), n_post, values)
        right = _wide(_vector(term.pre, "pre", values), n_pre, values)
    squares = values.squares(left), values.squares(right)
    size = math.prod(map(gemm.size, squares))
    if abs(factor) <= 1.0 and library.fits(size, left):
        return Product(left, right, factor, size)
    if (abs(factor) < 1.0) == (squares[0] > squares[1]):  # so large, or so small, that the order matters
        return Product(left * factor, right, 1.0, abs(factor) * size)
    return Product(left, right * factor, 1.0, abs(factor) * size)


def _matrix(factor: Expr | None, side: Axis, cells: int, values: Values) -> Array:
    """One side of a product, `[samples, cells]`."""
    array = _checked(factor or ONE, side, values)
    shape = (values.samples, cells)
    return array if array.shape == shape else values.xp.broadcast_to(array, shape)


def _checked(factor: Expr, side: Axis, values: Values) -> Array:
    """One side of a term.

    Raises: `ArrayError` where it has no finite value, as 1 / sum_pre(pre) at rest; `DivergenceError` where it always
    has one, but learning made it too large.
    """
    array = values.array(values.value(factor, ("batch", side)))
    if not math.isfinite(values.squares(array)) and not gemm.is_finite(array):
        gemm.check_finite("w", values.w)
        if _learns(factor, values) and not may_lack_value(factor, values.parameters):
            raise DivergenceError(f"{to_text(factor)!r} left the range of {array.dtype} {values.diverged}")
        raise ArrayError(f"{to_text(factor)!r} is NaN or infinite for these inputs")
    return array


def _learns(factor: Expr, values: Values) -> bool:
    """Whether learning changes it: the weights, the response and what is remembered."""

    def one(part: Expr) -> bool:
        match part:
            case Weight() | Cell("post"):
                return True
            case Call(function):
                return function in FILTERS
        return to_text(part) in values.state

    return any(one(part) for part in walk(factor))


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
        return values.xp.ones((1, cells), dtype=values.w.dtype, device=library.device(values.w))
    return vector if vector.shape[1] == cells else values.xp.broadcast_to(vector, (1, cells))


def _weighted_block(term: Term, synapse: Expr, gain: float, values: Values) -> Block:
    """A term with a factor of each synapse: the product of its two sides, times that factor."""
    product = _product(term, gain, values)

    def block(window: slice) -> Array:
        factor = values.value(synapse, ("post", "pre"), {"post": window})
        return factor * product.rows(window)

    return block


def _ordered(term: Term, gain: float, values: Values) -> Ordered:
    """post · (plain + the sum of slope · reconstruct_ordered(s)), of which one ordered sum is made."""
    assert term.pre is not None
    factor = gain * values.number(term.coefficient) / values.samples
    n_post, n_pre = values.w.shape
    plain: Expr = ZERO
    sums = []
    for part in additive_terms(term.pre):
        node = next((inner for inner in walk(part) if _is_ordered(inner)), None)
        if isinstance(node, Call):
            slope = values.number(substituted(part, {node: ONE}))
            sums.append((_matrix(node.arguments[0], "post", n_post, values), slope))
        else:
            plain = simplify(Binary("+", plain, part))
    left, right = _matrix(term.post, "post", n_post, values), _matrix(plain, "pre", n_pre, values)
    if len(sums) == 1:
        summed, slope = sums[0]
    else:
        summed, slope = sum((part * slope for part, slope in sums), values.xp.zeros_like(left)), 1.0
    sizes = (gemm.size(values.squares(side)) for side in (left, summed, right))
    return Ordered(left, summed, slope, right, factor, values.w, ordered_rows(values.samples), *sizes)


def _is_ordered(node: Expr) -> bool:
    return isinstance(node, Call) and node.function == "reconstruct_ordered"


def _tiled_block(part: Expr, gain: float, values: Values) -> Block:
    """A term that does not separate: so many samples at once that a tile stays in the cache."""

    def block(window: slice) -> Array:
        shape = (window.stop - window.start, values.w.shape[1])
        total: Array = 0.0
        for samples in sample_windows(values.samples, shape[0] * shape[1]):
            tile = values.array(values.value(part, ORDER, {"batch": samples, "post": window}))
            total = total + values.xp.sum(values.xp.broadcast_to(tile, (samples.stop - samples.start, *shape)), axis=0)
        return (gain / values.samples) * total

    if not any(_is_ordered(node) for node in walk(part)):
        return block
    change = block(slice(0, values.w.shape[0]))  # each row needs those above it, as they were before any was written
    return lambda window: change[window, :]
