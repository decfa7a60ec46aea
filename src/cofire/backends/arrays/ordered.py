"""A sum over the cells up to and including the one that learns, for one window of rows after another from the first.

What rows above a window add stands in a residual, `plain + slope · summed @ w` over those rows. What the rows within
it add is a triangle of a small product. Residual and rows lie in one array, so that both come in one matrix product.
"""

from __future__ import annotations

from typing import Any

from cofire.backends.arrays import gemm, library

Array = Any


class Ordered:
    """`factor · left.T @ (plain + slope · the ordered sum of summed · w)`, in windows of at most `rows` rows.

    `left[samples, post]`, `summed[samples, post]`, `plain[samples, pre]`, `w[post, pre]`; `sizes` of the first three.
    """

    def __init__(
        self, left: Array, summed: Array, slope: float, plain: Array, factor: float, w: Array, rows: int, *sizes: float
    ) -> None:
        self.left, self.summed, self.slope, self.factor, self.w = left, summed, slope, factor, w
        self.sizes, self.squares = sizes, 0.0
        xp, rows = library.namespace(w), min(rows, w.shape[0])
        self.triangle = slope * xp.triu(xp.ones((rows, rows), dtype=w.dtype, device=library.device(w)))
        self.residual = plain
        if max(abs(factor), abs(slope)) > 1.0 or not library.writable_in_place(w):
            self._multiply()
        if library.writable_in_place(w):
            samples = left.shape[0]
            self.stacked = xp.empty((samples + rows, w.shape[1]), dtype=w.dtype, device=library.device(w))
            self.residual = self.stacked[:samples, :]
            self.residual[...] = plain

    def take(self, window: slice) -> None:
        """Keeps the rows of a window, which are about to be overwritten."""
        begin = self.residual.shape[0]
        self.stacked[begin : begin + window.stop - window.start, :] = self.w[window, :]

    def add_to(self, out: Array, window: slice) -> None:
        """Adds the term to `out[rows of window, pre]`, after `take`."""
        begin = self.residual.shape[0]
        end = begin + window.stop - window.start
        gemm.add_product(out, self._sides(window), self.stacked[:end, :], self.factor)
        gemm.add_product(self.residual, self.summed[:, window].T, self.stacked[begin:end, :], self.slope)

    def bound(self, squares: float) -> float:
        """What no number that the next window adds exceeds in size, nor one on the way, if its w has these squares."""
        left, summed, plain = self.sizes
        self.squares += squares
        bound = left * (plain + summed * gemm.size(self.squares))
        if not library.fits(bound, self.w) and self.triangle is not None:
            self._multiply()
        return bound

    def change(self, window: slice) -> Array:
        """The same for a library whose arrays cannot be changed."""
        rows = self.w[window, :]
        stacked = library.namespace(rows).concat([self.residual, rows], axis=0)
        self.residual = self.residual + self.summed[:, window] @ rows
        return self._sides(window).T @ stacked

    def _sides(self, window: slice) -> Array:
        """What multiplies the residual, and what multiplies the rows: `[samples + rows, rows]`."""
        left = self.left[:, window]
        among, xp = self.summed[:, window].T @ left, library.namespace(left)
        among = xp.triu(among) if self.triangle is None else among * self.triangle[: left.shape[1], : left.shape[1]]
        return xp.concat([left, among], axis=0)

    def _multiply(self) -> None:
        """Takes the numbers into the sides: what is so large, or so small, that the order matters."""
        left, summed, plain = self.sizes
        self.sizes = left * max(1.0, abs(self.factor)), summed * max(1.0, abs(self.slope)), plain
        self.left, self.summed = self.left * self.factor, self.summed * self.slope
        self.factor = self.slope = 1.0
        self.triangle = None  # times which what is infinite below it would be NaN
