"""`out += factor · left.T @ right` in one call of the BLAS that NumPy itself uses, which has no name in NumPy.

SciPy's wrappers have that call, but SciPy brings a BLAS of its own, and two thread pools on the same cores wait for
each other. Where NumPy's is not found, as it is not OpenBLAS, the product is made beside `out` and added.
"""

from __future__ import annotations

import ctypes
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

_ROW_MAJOR, _PLAIN, _TRANSPOSED = 101, 111, 112
_LETTERS = {"f": ("s", ctypes.c_float), "d": ("d", ctypes.c_double)}


def add_product(out: np.ndarray, left: np.ndarray, right: np.ndarray, factor: float = 1.0) -> None:
    """`left[k, rows]`, `right[k, columns]`, `out[rows, columns]`, which may be a part of the rows of another array."""
    plain = left.dtype == right.dtype == out.dtype and out.dtype.isnative  # BLAS knows one order of bytes
    gemm = _gemm(out.dtype.char) if plain and out.size and left.size else None
    step = _step(out)
    if gemm is None or step is None:
        out += (left * out.dtype.type(factor)).T @ right
    else:
        _call(gemm, out, step, left.T, right, factor)


def _call(gemm: Any, out: np.ndarray, step: int, a: np.ndarray, b: np.ndarray, factor: float) -> None:
    (a, a_way, a_step), (b, b_way, b_step) = _readable(a), _readable(b)
    sizes = (*out.shape, len(b))
    at = a.ctypes.data, b.ctypes.data, out.ctypes.data
    gemm(_ROW_MAJOR, a_way, b_way, *sizes, factor, at[0], a_step, at[1], b_step, 1.0, at[2], step)


def _readable(array: np.ndarray) -> tuple[np.ndarray, int, int]:
    """The array, or a copy where BLAS cannot walk through it; whether by rows or by columns; the step between those."""
    for way, view in ((_PLAIN, array), (_TRANSPOSED, array.T)):
        step = _step(view)
        if step:
            return array, way, step
    return np.array(array, order="C"), _PLAIN, array.shape[1]


def _step(array: np.ndarray) -> int | None:
    """How many numbers lie between two rows; None if BLAS cannot walk through the array by its rows."""
    (rows, columns), size = array.shape, array.itemsize
    step, rest = divmod(array.strides[0], size) if rows > 1 else (columns, 0)  # of one row, the stride is any number
    fits = not rest and step >= columns and (array.strides[1] == size or columns == 1)
    return step if fits and array.flags.aligned else None


@cache
def _gemm(letter: str) -> Any:
    """`cblas_sgemm` or `cblas_dgemm`, if NumPy's BLAS has it and it proves right; else None."""
    if letter not in _LETTERS:
        return None
    found = _function(_LETTERS[letter][0])
    if found is None:
        return None
    gemm, whole = found
    number = _LETTERS[letter][1]
    gemm.restype = None
    gemm.argtypes = [ctypes.c_int] * 3 + [whole] * 3 + [number, ctypes.c_void_p, whole, ctypes.c_void_p, whole]
    gemm.argtypes += [number, ctypes.c_void_p, whole]
    left, right = np.arange(6, dtype=letter).reshape(2, 3), np.arange(10, dtype=letter).reshape(2, 5)
    out = np.ones((3, 5), dtype=letter)
    _call(gemm, out, 5, left.T, right, 2.0)
    return gemm if (out == 1 + 2 * left.T @ right).all() else None


def _function(letter: str) -> tuple[Any, Any] | None:
    """`cblas_sgemm` or `cblas_dgemm` of the OpenBLAS that NumPy has loaded, and its type of whole numbers."""
    from threadpoolctl import threadpool_info  # type: ignore[import-untyped]  # comes with scikit-learn

    home = Path(np.__file__).parent
    places = (home, home.with_name("numpy.libs"))
    for pool in threadpool_info():
        file = Path(pool["filepath"])
        if pool["internal_api"] != "openblas" or not any(file.is_relative_to(place) for place in places):
            continue
        library = ctypes.CDLL(str(file))
        for prefix in ("scipy_", ""):
            for suffix, whole in (("64_", ctypes.c_int64), ("", ctypes.c_int)):
                name = f"{prefix}cblas_{letter}gemm{suffix}"
                if hasattr(library, name):
                    return getattr(library, name), whole
    return None
