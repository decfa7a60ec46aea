"""What a parameter may be: a range it declares, checked wherever a value comes in."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from cofire.errors import ParameterError
from cofire.units import Quantity, in_si


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


def check(name: str, value: object, allowed: Range = FINITE) -> float:
    """`value` in SI units. Raises: `ParameterError` if it is no finite real number or not in `allowed`."""
    if isinstance(value, bool | str | bytes) or not hasattr(value, "__float__"):
        raise ParameterError(f"{name} = {value!r} is not a number")
    try:
        number = in_si(value) if isinstance(value, Quantity) else float(value)
    except (TypeError, ValueError, OverflowError):
        raise ParameterError(f"{name} = {value!r} is not a single finite number") from None
    if not math.isfinite(number) or number not in allowed:
        raise ParameterError(f"{name} = {value!r} is refused: it must be {allowed}")
    return number


def check_bounds(bounds: object) -> tuple[float, float] | None:
    """`(low, high)` in SI units, infinite where an end is None. Raises: `ParameterError`."""
    if bounds is None:
        return None
    if not isinstance(bounds, tuple | list) or len(bounds) != 2:
        raise ParameterError(f"bounds = {bounds!r} is refused: it must be (low, high); None leaves an end open")
    ends = []
    for name, end, fallback in zip(("lower bound", "upper bound"), bounds, (-math.inf, math.inf), strict=True):
        infinite = end is None or (isinstance(end, float) and end == fallback)
        ends.append(fallback if infinite else check(name, end))
    low, high = ends
    if not low < high:
        raise ParameterError(f"bounds = {tuple(bounds)!r} is upside down: the lower must be less than the upper")
    return low, high


def check_all(values: Mapping[str, object], ranges: Mapping[str, Range]) -> None:
    """Checks every value against the range declared for its name. Raises: `ParameterError`."""
    for name, value in values.items():
        check(name, value, ranges.get(name, FINITE))
