"""`out += left.T @ right` in one call of the BLAS that NumPy itself uses, which has no name in NumPy.

SciPy's wrappers have that call, but SciPy brings a BLAS of its own, and two thread pools on the same cores wait for
each other. Where NumPy's is not found, as it is not OpenBLAS, the product is made beside `out` and added.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

_ROW_MAJOR, _PLAIN, _TRANSPOSED = 101, 111, 112
_LETTERS = {"f": ("s", ctypes.c_float), "d": ("d", ctypes.c_double)}


def add_product(out: np.ndarray, left: np.ndarray, right: np.ndarray) -> None:
    """`left[k, rows]`, `right[k, columns]`, `out[rows, columns]`, which may be a part of the rows of another array."""
    gemm = _gemm(out.dtype.char) if left.dtype == right.dtype == out.dtype and out.size and left.size else None
    if gemm is None or _step(out) is None:
        out += left.T @ right
        return
    left, right = (side if _step(side) else np.ascontiguousarray(side) for side in (left, right))
    gemm(out, left, right)


def _step(array: np.ndarray) -> int | None:
    """How many numbers lie between two rows; None if BLAS cannot walk through the array."""
    (rows, columns), size = array.shape, array.itemsize
    step, rest = divmod(array.strides[0], size) if rows > 1 else (columns, 0)  # of one row, the stride is any number
    fits = not rest and step >= columns and (array.strides[1] == size or columns == 1)
    return step if fits and array.flags.aligned else None


@cache
def _gemm(letter: str) -> Callable[[np.ndarray, np.ndarray, np.ndarray], None] | None:
    """What adds a product to an array of that type, if NumPy's BLAS has it and it proves right."""
    if letter not in _LETTERS:
        return None
    found = _function(_LETTERS[letter][0])
    if found is None:
        return None
    call, whole = found
    number = _LETTERS[letter][1]
    call.restype = None
    call.argtypes = [ctypes.c_int] * 3 + [whole] * 3 + [number, ctypes.c_void_p, whole, ctypes.c_void_p, whole]
    call.argtypes += [number, ctypes.c_void_p, whole]

    def gemm(out: np.ndarray, left: np.ndarray, right: np.ndarray) -> None:
        matrices = ((array.ctypes.data, _step(array)) for array in (left, right, out))
        (a, a_step), (b, b_step), (c, c_step) = matrices
        sizes = (*out.shape, left.shape[0])
        call(_ROW_MAJOR, _TRANSPOSED, _PLAIN, *sizes, 1.0, a, a_step, b, b_step, 1.0, c, c_step)

    left, right = np.arange(6, dtype=letter).reshape(2, 3), np.arange(10, dtype=letter).reshape(2, 5)
    out = np.ones((3, 5), dtype=letter)
    gemm(out, left, right)
    return gemm if (out == 1 + left.T @ right).all() else None


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
