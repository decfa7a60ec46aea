"""The few operations where libraries differ: adding a product in place, scaling rows, testing for finite numbers."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context
from functools import cache
from typing import Any

import numpy as np

from cofire.backends.arrays import blas, library
from cofire.errors import ArrayError

Array = Any

_MANY = 1 << 19  # numbers from which a second thread pays


def add_product(out: Array, left: Array, right: Array, factor: float = 1.0) -> None:
    """`out += factor · left.T @ right`; `left[k, rows]`, `right[k, columns]`, `out[rows, columns]`."""
    if library.is_numpy(out):
        blas.add_product(out, left, right, factor)
    elif library.is_torch(out):
        out.addmm_(left.T, right, alpha=factor)
    else:
        out += (left * factor).T @ right


def set_scaled(out: Array, base: Array, scale: Array | float) -> None:
    """`out = scale · base`; `scale` is a number, or one a row `[rows, 1]`; `out` may be `base`."""
    if isinstance(scale, float) and scale == 1.0:
        if out is not base:
            out[...] = base
    elif library.is_numpy(out):
        np.multiply(base, out.dtype.type(scale) if isinstance(scale, float) else scale, out=out)
    elif out is base:
        out *= scale
    else:
        out[...] = base * scale


def for_each(work: Callable[[slice], None], pieces: list[slice], array: Array) -> None:
    """`work` on each of `pieces` of `array`; half of them in a second thread where that pays.

    NumPy's own functions use one core; other libraries see to that themselves.
    """
    half = len(pieces) // 2
    if not half or not library.is_numpy(array) or array.size < _MANY:
        for piece in pieces:
            work(piece)
        return
    other = _second_thread().submit(copy_context().run, for_each, work, pieces[half:], array[:0])
    try:
        for_each(work, pieces[:half], array[:0])
    finally:
        wait([other])
    other.result()


@cache
def _second_thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="cofire-rows")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_second_thread.cache_clear)  # a forked process has the pool, but not its thread


def squares(array: Array) -> float:
    """The sum of all squares, in one pass. It is finite only if every number is, and none too large to be squared."""
    if library.is_numpy(array) and array.dtype.char in "fd" and array.flags.forc:
        flat = array.ravel(order="K")
        return float(flat.dot(flat))
    if library.is_torch(array) and array.is_contiguous():
        flat = array.view(-1)
        return float(flat.dot(flat))
    return float(library.namespace(array).sum(array * array))


def size(squares: float) -> float:
    """What no number exceeds whose square is in that sum; at least 1, so that factors below 1 are bounded too."""
    return math.nan if math.isnan(squares) else max(1.0, math.sqrt(squares))


def is_finite(array: Array) -> bool:
    """Whether every number is finite, without a temporary array in the usual case."""
    if math.isfinite(squares(array)):
        return True
    xp = library.namespace(array)
    return bool(xp.all(xp.isfinite(array)))


def check_finite(name: str, array: Array, hint: str = "") -> None:
    """Raises: `ArrayError` saying how many values are not finite, where the first is, and the hint."""
    if is_finite(array):
        return
    xp = library.namespace(array)
    wrong = xp.astype(~xp.isfinite(array), xp.int64)
    first = int(xp.argmax(xp.reshape(wrong, (-1,))))
    place = [int(index) for index in np.unravel_index(first, tuple(array.shape) or (1,))]
    many = f"{int(xp.sum(wrong))} value(s) that are NaN or infinite, the first at {place}"
    raise ArrayError(f"{name} has shape {tuple(array.shape)} and {many}{hint}")
