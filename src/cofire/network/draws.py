"""Values drawn at random for each synapse or cell: `weight=cofire.uniform(0, 1)`, `delay=cofire.normal(2*ms, 1*ms)`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cofire.constraints import Number, number
from cofire.errors import DimensionError, ParameterError
from cofire.units import DIMENSIONLESS, Dimension, dimension_of, in_si

Array = np.ndarray


@dataclass(frozen=True, repr=False)
class Draw:
    """A distribution with its two numbers; values outside `low` to `high` are drawn again."""

    kind: str
    first: Number
    second: Number
    low: Number | None = None
    high: Number | None = None

    def __post_init__(self) -> None:
        units = {dimension_of(number("a number", v)) or DIMENSIONLESS for v in self._alike() if v != 0}
        if len(units) > 1:
            raise DimensionError(f"{self} mixes the dimensions {' and '.join(sorted(map(str, units)))}")
        a, b = in_si(self.first), in_si(self.second)
        if not (a <= b if self.kind == "uniform" else b >= 0):
            what = "its low is above its high" if self.kind == "uniform" else "its spread is negative"
            raise ParameterError(f"{self} is refused: {what}")

    def __repr__(self) -> str:
        ends = [f"{name}={end!r}" for name, end in (("low", self.low), ("high", self.high)) if end is not None]
        return f"{self.kind}({', '.join([repr(self.first), repr(self.second), *ends])})"

    @property
    def dimension(self) -> Dimension | None:
        """The dimension of what is drawn, None for plain numbers."""
        found = (dimension_of(value) for value in self._alike())
        return next((dimension for dimension in found if dimension is not None), None)

    def values(self, size: int, rng: np.random.Generator) -> Array:
        """`size` values in SI units. Raises: `ParameterError` if hardly any lies between `low` and `high`."""
        a, b = in_si(self.first), in_si(self.second)
        low = -np.inf if self.low is None else in_si(self.low)
        high = np.inf if self.high is None else in_si(self.high)
        drawn = self._draw(a, b, size, rng)
        for _ in range(100):
            wrong = np.flatnonzero((drawn < low) | (drawn > high))
            if len(wrong) == 0:
                return drawn
            drawn[wrong] = self._draw(a, b, len(wrong), rng)
        raise ParameterError(f"{self} hardly ever gives a value between its low and high")

    def _alike(self) -> list[Number]:
        """The numbers that have the unit of what is drawn."""
        given = (self.first, None if self.kind == "lognormal" else self.second, self.low, self.high)
        return [value for value in given if value is not None]

    def _draw(self, a: float, b: float, size: int, rng: np.random.Generator) -> Array:
        match self.kind:
            case "uniform":
                return rng.uniform(a, b, size)
            case "normal":
                return rng.normal(a, b, size)
        return a * np.exp(b * rng.standard_normal(size))


def uniform(low: Number, high: Number) -> Draw:
    """Anything between `low` and `high`, all alike."""
    return Draw("uniform", low, high)


def normal(mean: Number, sd: Number, *, low: Number | None = None, high: Number | None = None) -> Draw:
    """A normal distribution, cut off at `low` and `high`."""
    return Draw("normal", mean, sd, low, high)


def lognormal(median: Number, sigma: float, *, low: Number | None = None, high: Number | None = None) -> Draw:
    """`median` times exp(`sigma` · a standard normal number)."""
    return Draw("lognormal", median, sigma, low, high)
