"""What a memory is given, checked and brought to its library, type and device; and what libraries do each their way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import array_api_compat as compat
import numpy as np

from cofire.errors import ArrayError, ParameterError, shown

Array = Any

WINDOW = 1 << 22  # numbers of a temporary array at most, 16 MiB in float32
LARGEST = 1e15  # of any real numbers in a pattern: sums of squares stay far within float32
CACHED = 1 << 20  # numbers of one array of states worked on at once: few enough to stay near, enough for a product


def whole(name: str, value: object, least: int) -> int:
    """`value` as a whole number of at least `least`. Raises: `ParameterError`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        given = repr(value) if isinstance(value, float) else shown(value)  # 4.0 is not 4
        raise ParameterError(f"{name} = {given} is refused: it must be a whole number of at least {least}")
    return int(value)


@dataclass(frozen=True)
class Home:
    """Where a memory lives: the array library, the floating-point type and the device of its first patterns."""

    xp: Any
    dtype: Any
    device: Any

    def take(self, name: str, given: Array) -> Array:
        """`given` as an array of this library and type. Raises: `ArrayError` if it is of another."""
        if compat.array_namespace(given) is not self.xp:
            raise ArrayError(f"{name} is an array of another library than the patterns stored before; give both in one")
        if compat.device(given) != self.device:
            raise ArrayError(f"{name} is on {compat.device(given)} and the memory on {self.device}; move one of them")
        return given if given.dtype == self.dtype else self.xp.astype(given, self.dtype)

    def new(self, values: Any) -> Array:
        """NumPy's numbers as floats of this memory."""
        return self.xp.asarray(np.asarray(values).tolist(), dtype=self.dtype, device=self.device)

    def indices(self, values: Any) -> Array:
        return self.xp.asarray(np.asarray(values).tolist(), dtype=self.xp.int64, device=self.device)

    def zeros(self, *shape: int) -> Array:
        return self.xp.zeros(shape, dtype=self.dtype, device=self.device)

    def __reduce__(self) -> tuple[Any, ...]:
        """By the name of the library, which is a module and cannot be copied or pickled."""
        return _home, (self.xp.__name__, self.dtype, self.device)


def _home(library: str, dtype: Any, device: Any) -> Home:
    return Home(import_module(library), dtype, device)


def home_of(given: Array) -> Home:
    """float64 stays float64; anything else becomes float32: in half precision sums over cells lose the last ones."""
    xp = compat.array_namespace(given)
    return Home(xp, xp.float64 if given.dtype == xp.float64 else xp.float32, compat.device(given))


def array(name: str, given: Any) -> Array:
    """`given` as an array without gradient. Raises: `ArrayError`."""
    if isinstance(given, list | tuple):
        try:
            given = np.asarray(given)
        except ValueError:
            raise ArrayError(f"{name} is a list whose rows differ in length; it must be an array") from None
    if not compat.is_array_api_obj(given) or isinstance(given, np.ma.MaskedArray):
        raise ArrayError(f"{name} is {type(given).__name__}; it must be an array [number, cells]")
    given = given.detach() if compat.is_torch_array(given) else given
    if not compat.array_namespace(given).isdtype(given.dtype, ("bool", "integral", "real floating")):
        raise ArrayError(f"{name} has type {given.dtype}; it must hold real numbers")
    return given


def rows(name: str, given: Any, cells: int) -> Array:
    """`given` as `[number, cells]`, in its own type. Raises: `ArrayError`."""
    result = array(name, given)
    if result.ndim == 1:
        result = result[None, :]
    if result.ndim != 2 or result.shape[1] != cells:
        shape = tuple(getattr(given, "shape", result.shape))
        raise ArrayError(f"{name} has shape {shape}; expected [number, {cells}], since this memory has {cells} cells")
    if result.shape[0] == 0:
        raise ArrayError(f"{name} has shape {tuple(result.shape)}: there is none")
    return result


def partners_of(patterns: Array, partners: Any, cells: int) -> Array:
    """What goes with each of the patterns. Raises: `ArrayError`."""
    given = rows("partners", partners, cells)
    if patterns.shape[0] != given.shape[0]:
        raise ArrayError(f"there are {patterns.shape[0]} patterns and {given.shape[0]} partners: one goes with each")
    return given


def check_values(name: str, given: Array, allowed: tuple[float, ...] | None) -> None:
    """Raises: `ArrayError` at the first value that is not one of `allowed`, or if that is None beyond `LARGEST`."""
    xp = compat.array_namespace(given)
    for window in windows(given.shape[0], given.shape[1]):
        part = given[window, :]
        if xp.isdtype(part.dtype, "bool"):
            part = xp.astype(part, xp.int8)
        if allowed is None:
            part = xp.astype(part, xp.float64)
            fits = xp.abs(part) <= LARGEST  # so no NaN either
        else:
            fits = part == allowed[0]
            for value in allowed[1:]:
                fits = fits | (part == value)
        if bool(xp.all(fits)):
            continue
        first = int(xp.argmax(xp.astype(xp.reshape(~fits, (-1,)), xp.int8)))
        row, column = divmod(first, given.shape[1])
        if allowed is None:
            found = float(part[row, column])
            raise ArrayError(
                f"{name} holds {found:g} at {[window.start + row, column]}; numbers must lie within ±{LARGEST:g}, "
                "so that their squares have room: scale them"
            )
        mends: dict[tuple[tuple[float, ...], float], str] = {
            ((-1, 1), 0): "; from 0 and 1 make 2 * x - 1",
            ((0, 1), -1): "; from -1 and 1 make (x + 1) / 2",
        }
        listed = ", ".join(f"{value:g}" for value in allowed[:-1]) + f" or {allowed[-1]:g}"
        found = float(part[row, column])
        raise ArrayError(
            f"{name} holds {found:g} at {[window.start + row, column]}; this memory takes {listed}"
            f"{mends.get((allowed, found), '')}"
        )


def check_range(name: str, given: Array, low: float, high: float) -> None:
    """Raises: `ArrayError` unless all values lie from `low` to `high`."""
    xp = compat.array_namespace(given)
    if not bool(xp.all((given >= low) & (given <= high))):
        raise ArrayError(f"{name} holds values that are not from {low:g} to {high:g}; scale them")


def windows(number: int, size: int, most: int = WINDOW) -> Iterator[slice]:
    """Windows over `number` rows of `size` numbers each, `most` numbers at a time."""
    step = max(1, most // max(1, size))
    for begin in range(0, number, step):
        yield slice(begin, min(begin + step, number))


def put(into: Array, index: Array, values: Array) -> Array:
    """`into` with `values` at the rows `index`; in place where the library has a way."""
    if compat.is_numpy_array(into) or compat.is_torch_array(into) or compat.is_cupy_array(into):
        into[index] = values
        return into
    xp = compat.array_namespace(into)
    here = xp.arange(into.shape[0])[:, None] == index[None, :]  # the standard has no other way
    which, there = xp.argmax(xp.astype(here, xp.int8), axis=1), xp.any(here, axis=1)
    there = xp.reshape(there, (-1,) + (1,) * (into.ndim - 1))
    return xp.where(there, xp.take(values, which, axis=0), into)


def without_diagonal(w: Array) -> Array:
    """`w` with zeros on the diagonal; in place where the library has a way."""
    if compat.is_numpy_array(w):
        np.fill_diagonal(w, 0.0)
        return w
    if compat.is_torch_array(w):
        return w.fill_diagonal_(0.0)
    xp = compat.array_namespace(w)
    eye = xp.eye(w.shape[0], dtype=w.dtype, device=compat.device(w))
    return w * (1 - eye)


def to_numpy(given: Array) -> np.ndarray:
    """A copy in NumPy, from whatever device."""
    if compat.is_torch_array(given):
        return np.array(given.detach().cpu().numpy())
    if compat.is_cupy_array(given):
        return np.array(given.get())
    return np.array(given)


def overlap(states: Array, patterns: Array) -> Array:
    """The cosine of each pair of rows, `[number]`: for ±1 the overlap m = ⟨state · pattern⟩; 0 if one is all zeros."""
    xp = compat.array_namespace(states)
    product = xp.sum(states * patterns, axis=-1)
    size = xp.sqrt(xp.sum(states * states, axis=-1) * xp.sum(patterns * patterns, axis=-1))
    return product / xp.where(size > 0, size, xp.ones_like(size))
