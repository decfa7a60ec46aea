"""The few operations where libraries differ: adding a product in place, scaling rows, testing for finite numbers."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import array_api_compat as compat

Array = Any

_MANY = 1 << 22  # numbers from which a second thread pays for a pass that memory bounds


def writable_in_place(array: Array) -> bool:
    """Whether the library lets arrays be changed at all."""
    return bool(compat.is_writeable_array(array)) or compat.is_numpy_array(array)


def add_product(out: Array, left: Array, right: Array, scale: float, *, fresh: bool = False) -> Array:
    """`out + scale · left.T @ right`, in place where the library can; `fresh` ignores what `out` held.

    `left[k, rows]`, `right[k, columns]`, `out[rows, columns]`.
    """
    if compat.is_torch_array(out):
        return out.addmm_(left.T, right, beta=0.0 if fresh else 1.0, alpha=scale)
    if compat.is_numpy_array(out) and out.flags.c_contiguous and out.dtype.char in "fd" and out.size:
        # BLAS speaks Fortran: the transpose of a row-major array, without a copy.
        multiply = _blas("gemm", out.dtype.char)
        beta = 0.0 if fresh else 1.0
        if left.flags.c_contiguous:
            multiply(scale, right.T, left.T, beta, out.T, trans_b=1, overwrite_c=1)
        else:
            multiply(scale, right.T, left, beta, out.T, overwrite_c=1)
        return out
    product = scale * (left.T @ right)
    if fresh or not writable_in_place(out):
        return product if fresh else out + product
    out += product
    return out


def new_product(left: Array, right: Array, scale: float) -> Array:
    """`scale · left.T @ right` as a new array."""
    xp = compat.array_namespace(right)
    out = xp.empty((left.shape[1], right.shape[1]), dtype=right.dtype, device=compat.device(right))
    return add_product(out, left, right, scale, fresh=True)


def add_into(a: Array, b: Array, out: Array | None, rows: slice) -> Array | None:
    """`a + b`, written to `out[rows, :]` if given (then None is returned)."""
    if out is None:
        return a + b
    if compat.is_numpy_array(out):
        import numpy as np

        np.add(a, b, out=out[rows, :])
    else:
        out[rows, :] = a + b
    return None


def scaled(base: Array, scale: Array | float, out: Array | None) -> Array:
    """`scale · base`, `scale` a number or one a row `[rows, 1]`; written to `out`, which may be `base`, if given."""
    if out is None:
        return base * scale
    if not compat.is_numpy_array(out):
        if out is base:
            out *= scale
        else:
            out[...] = base * scale if not isinstance(scale, float) or scale != 1.0 else base
        return out
    import numpy as np

    if isinstance(scale, float):
        _in_threads(lambda rows: np.multiply(base[rows], out.dtype.type(scale), out=out[rows, :]), out)
    else:
        _in_threads(lambda rows: np.multiply(base[rows], scale[rows], out=out[rows, :]), out)
    return out


def is_finite(array: Array) -> bool:
    """Whether every number is finite, without a temporary array in the usual case."""
    if compat.is_numpy_array(array) and array.dtype.char in "fd" and array.flags.c_contiguous:
        flat = array.reshape(-1)
        # What is not finite stays so in any sum; asum has threads, which pay on large arrays and stall on busy cores.
        total = float(_blas("asum", array.dtype.char)(flat) if array.size >= _MANY else flat.dot(flat))
    else:
        total = float(compat.array_namespace(array).sum(array))
    if math.isfinite(total):
        return True
    xp = compat.array_namespace(array)
    return bool(xp.all(xp.isfinite(array)))


@cache
def _blas(name: str, kind: str) -> Any:
    from scipy.linalg import blas

    return getattr(blas, {"f": "s", "d": "d"}[kind] + name)


@cache
def _second_thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="cofire-rows")


def _in_threads(work: Any, array: Array) -> None:
    """`work` on the rows of `array`; on a large one, half of them in a second thread."""
    half = len(array) // 2
    if array.size < _MANY or half == 0:
        work(slice(None))
        return
    other = _second_thread().submit(work, slice(half, None))
    work(slice(0, half))
    other.result()
