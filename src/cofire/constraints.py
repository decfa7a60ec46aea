"""What a parameter may be: a range it declares, checked wherever a value comes in."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cofire.errors import ArrayError, DimensionError, ParameterError, shown
from cofire.units import DIMENSIONLESS, FREQUENCY, TIME, Dimension, Quantity, dimension_of, in_si, si_unit, usual_unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

Number = float | Quantity
Bounds = tuple[Number | None, Number | None]


@dataclass(frozen=True, slots=True)
class Range:
    """Real numbers from `low` to `high` (SI units); an open end is excluded. The default is every finite number."""

    low: float = -math.inf
    high: float = math.inf
    low_open: bool = True
    high_open: bool = True

    def __contains__(self, value: float) -> bool:
        above = value > self.low if self.low_open else value >= self.low
        below = value < self.high if self.high_open else value <= self.high
        return above and below

    def __str__(self) -> str:
        if math.isinf(self.high):
            if math.isinf(self.low):
                return "a finite number"
            return f"greater than {self.low:g}" if self.low_open else f"at least {self.low:g}"
        if math.isinf(self.low):
            return f"less than {self.high:g}" if self.high_open else f"at most {self.high:g}"
        return f"in {'(' if self.low_open else '['}{self.low:g}, {self.high:g}{')' if self.high_open else ']'}"


FINITE = Range()
POSITIVE = Range(low=0.0)
NONNEGATIVE = Range(low=0.0, low_open=False)
FRACTION = Range(low=0.0, high=1.0, low_open=False, high_open=False)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a catalogue entry: its default, what it means, and what it may be."""

    default: Number
    meaning: str
    allowed: Range = FINITE


def number(name: str, value: object) -> Number:
    """`value` as a plain float, or as the quantity it is. Raises: `ParameterError` if it is not one real number."""
    if isinstance(value, Quantity):
        return value
    if isinstance(value, str | bytes):
        raise ParameterError(f"{name} = {shown(value)} is text, not a number")
    truth = isinstance(value, bool) or str(getattr(value, "dtype", "")).endswith("bool")
    if truth or isinstance(value, complex) or not hasattr(value, "__float__"):
        raise ParameterError(f"{name} = {shown(value)} is not a real number")
    try:
        if isinstance(value, int | float):
            return float(value)
        with warnings.catch_warnings():  # an array of one number, a complex number: NumPy would warn and go on
            warnings.simplefilter("error")
            return float(value)  # type: ignore[arg-type]
    except OverflowError:
        raise ParameterError(f"{name} = {shown(value)} is too large") from None
    except (TypeError, ValueError, ArithmeticError, RuntimeError, Warning):
        raise ParameterError(f"{name} = {shown(value)} is not one number") from None


def check(name: str, value: object, allowed: Range = FINITE) -> float:
    """`value` in SI units. Raises: `ParameterError` if it is no finite real number or not in `allowed`."""
    result = in_si(number(name, value))
    if not math.isfinite(result) or result not in allowed:
        raise ParameterError(f"{name} = {shown(value)} is refused: it must be {allowed}")
    return result


def numbers(name: str, value: Any, dimension: Dimension | None) -> NDArray[Any]:
    """One number, an array, or a list of numbers or quantities as float64 in SI units, of the shape that was given.

    `dimension`: that of the argument, None if any will do. One number has its unit, or is 0. An array, or a list of
    plain numbers, is in SI units; whole numbers are taken for rates in Hz only, as others could be steps, ms or mV.
    Raises: `DimensionError`, `ParameterError` for what is no real number, `ArrayError` for such an array.
    """
    import numpy as np

    if isinstance(value, list | tuple):
        has_units = any(isinstance(item, Quantity) for item in value)  # then each has one
        value = [_checked(f"{name}[{at}]", item, dimension, one=has_units) for at, item in enumerate(value)]
    elif isinstance(value, Quantity) or np.ndim(value) == 0:
        return np.asarray(in_si(_checked(name, number(name, value), dimension, one=True)), dtype=np.float64)
    try:
        array = np.asarray(value)
        found = array.real.astype(np.float64)  # complex numbers are refused below
    except (TypeError, ValueError, RuntimeError) as error:
        raise ArrayError(f"{name} cannot be read as numbers: {error}; an array is in SI units") from None
    if array.dtype.kind not in "iufb":
        raise ArrayError(f"{name} holds {array.dtype}; give real numbers in SI units")
    if dimension not in (None, DIMENSIONLESS, FREQUENCY) and array.dtype.kind in "iu" and array.any():
        usual, si = usual_unit(dimension), si_unit(dimension)
        could = f"{'steps, ' * (dimension == TIME)}{usual} or {si}"
        mend = f"give [1*{usual}, 2*{usual}], or floating-point numbers in {dimension}"
        raise DimensionError(f"{name} holds whole numbers, which could be {could}: {mend}")
    return found


def _checked(name: str, value: Any, dimension: Dimension | None, *, one: bool = False) -> Any:
    """A quantity of that dimension in SI units, anything else as it is; `one`: a number that must have its unit."""
    if isinstance(value, Quantity):
        if dimension is not None and value.dimension != dimension:
            wanted = "a number without unit" if dimension == DIMENSIONLESS else dimension
            raise DimensionError(f"{name} = {value!r} is in {value.dimension}; expected {wanted}")
        return value.value
    if one and dimension not in (None, DIMENSIONLESS) and value != 0:
        raise unitless(name, value, dimension)
    return value


def unitless(name: str, value: object, dimension: Dimension) -> DimensionError:
    """The error for a number that has no unit where one is needed."""
    text, units = shown(value), dict.fromkeys((usual_unit(dimension), si_unit(dimension)))
    mend = " or ".join(f"{text}*{unit}" for unit in units)
    return DimensionError(f"{name} = {text} has no unit, but it is in {dimension}: write {mend}")


def check_all(values: Mapping[str, object], ranges: Mapping[str, Range]) -> None:
    """Checks every value against the range declared for its name. Raises: `ParameterError`."""
    for name, value in values.items():
        check(name, value, ranges.get(name, FINITE))


def read_bounds(bounds: object) -> Bounds | None:
    """`(low, high)` as numbers, None where an end is open; None if both are.

    Raises: `ParameterError`; `DimensionError` if the ends have different units.
    """
    if bounds is None:
        return None
    if not isinstance(bounds, tuple | list) or len(bounds) != 2:
        raise ParameterError(f"bounds = {shown(bounds)} is refused: it must be (low, high); None leaves an end open")
    low, high = _end("lower bound", bounds[0], -math.inf), _end("upper bound", bounds[1], math.inf)
    units = [dimension for end in (low, high) if (dimension := _dimension(end)) is not None]
    if len(set(units)) > 1:
        one, other = ("a pure number" if unit == DIMENSIONLESS else f"in {unit}" for unit in units)
        raise DimensionError(f"bounds = {shown(bounds)} is refused: one end is {one}, the other {other}")
    lowest, highest = bounds_in_si((low, high))
    if not lowest < highest:
        wrong = "leaves no room" if lowest == highest else "is upside down"
        raise ParameterError(f"bounds = {shown(bounds)} {wrong}: the lower must be less than the upper")
    return None if low is None and high is None else (low, high)


def bounds_in_si(bounds: Bounds) -> tuple[float, float]:
    """`(low, high)` in SI units, infinite where an end is open."""
    low, high = bounds
    return -math.inf if low is None else in_si(low), math.inf if high is None else in_si(high)


def bounds_dimension(bounds: Bounds | None) -> Dimension | None:
    """The dimension that the bounds give the weight; an end that is open or a plain zero leaves it as it is."""
    return next((dimension for end in bounds or () if (dimension := _dimension(end)) is not None), None)


def _end(name: str, end: object, infinite: float) -> Number | None:
    if end is None or (isinstance(end, float) and end == infinite):
        return None
    check(name, end)
    return number(name, end)


def _dimension(end: Number | None) -> Dimension | None:
    return None if end is None or end == 0 else dimension_of(end) or DIMENSIONLESS
