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


def writable_in_place(array: Array) -> bool:
    """Whether the library lets arrays be changed at all."""
    return is_numpy(array) or bool(compat.is_writeable_array(array))


def may_overlap(a: Array, b: Array) -> bool:
    """Whether the memory from the first to the last number of `a` meets that of `b`, in one library."""
    if is_torch(a):
        (begin, end), (other, last) = _range(a), _range(b)
        return begin < last and other < end
    test = getattr(namespace(a), "may_share_memory", None)
    return test is not None and bool(test(a, b))


def _range(tensor: Array) -> tuple[int, int]:
    far = sum((size - 1) * step for size, step in zip(tensor.shape, tensor.stride(), strict=True))
    return tensor.data_ptr(), tensor.data_ptr() + (far + 1) * tensor.element_size()


def on_accelerator(array: Array) -> bool:
    """Whether the array is on a GPU or the like, where large pieces are best and each look at a value waits."""
    if type(array) is np.ndarray:
        return False
    return bool(compat.is_cupy_array(array)) or (compat.is_torch_array(array) and array.device.type != "cpu")
