"""Which library an array is of. For NumPy's it is answered at once: a step of few cells is mostly such questions."""

from __future__ import annotations

from typing import Any

import array_api_compat as compat
import array_api_compat.numpy as numpy_namespace
import numpy as np

Array = Any


def is_numpy(array: Array) -> bool:
    return type(array) is np.ndarray or bool(compat.is_numpy_array(array))


def is_torch(array: Array) -> bool:
    return type(array) is not np.ndarray and bool(compat.is_torch_array(array))


def is_array(array: Any) -> bool:
    """Whether it is an array of any library."""
    return type(array) is np.ndarray or bool(compat.is_array_api_obj(array))


def namespace(array: Array) -> Any:
    """The functions of its library, under the names of the array API."""
    return numpy_namespace if type(array) is np.ndarray else compat.array_namespace(array)


def device(array: Array) -> Any:
    return "cpu" if type(array) is np.ndarray else compat.device(array)


def fits(size: float, array: Array) -> bool:
    """Whether numbers of that size are far within the range of its type."""
    return size < float(namespace(array).finfo(array.dtype).max) / 4


def overlap(one: Array, other: Array) -> bool:
    """Whether writing to one changes the other; of torch's, whether they begin at the same number."""
    if is_numpy(one):
        return is_numpy(other) and np.may_share_memory(one, other) and np.shares_memory(one, other)
    return is_torch(one) and is_torch(other) and one.data_ptr() == other.data_ptr()


def writable_in_place(array: Array) -> bool:
    """Whether the library lets arrays be changed at all."""
    return is_numpy(array) or bool(compat.is_writeable_array(array))


def on_accelerator(array: Array) -> bool:
    """Whether the array is on a GPU or the like, where large pieces are best and each look at a value waits."""
    if type(array) is np.ndarray:
        return False
    return bool(compat.is_cupy_array(array)) or (compat.is_torch_array(array) and array.device.type != "cpu")
