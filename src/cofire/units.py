"""Physical units: `20*ms`, `0.1*nS`, `5*Hz`.

A quantity is a number in SI units together with its dimension. Plain numbers have no dimension on record, and where the
dimensions of a calculation cancel the result is a plain number again: `round(1*second / ms)` is 1000.

    second s ms us minute hour day      Hz kHz
    volt mV uV                          amp mA uA nA pA
    siemens mS uS nS pS                 ohm kohm Mohm Gohm
    farad uF nF pF                      metre meter m cm mm um nm
    molar mM uM nM                      (1 mM = 1 mole per cubic metre)

Zero is the one number that goes with every dimension: `tau > 0`, `sum([1*ms, 2*ms])`.

Where a time, a rate or a voltage is asked for, one number has its unit: `delay=1*ms`, `rate=15*Hz`, `[1*ms, 2*ms]`. A
NumPy array cannot carry one: it, and a list of plain numbers, is in SI units. They are then floating-point numbers; of
whole ones only rates are taken, in Hz, as others could be steps, ms or mV.
"""

# ruff: noqa: N816  (the names of units are as they are)

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from numbers import Real
from typing import Any, ClassVar, overload

from cofire.errors import ArrayError, DimensionError, ParameterError

Exponent = int | Fraction


@dataclass(frozen=True, slots=True)
class Dimension:
    """What a quantity is, whatever its size: second, volt, ampere, metre and mole, each to a power.

    `Dimension(A=1, V=-1)` is a conductance and prints as `S`; no dimension at all prints as `1`.
    """

    s: Exponent = 0
    V: Exponent = 0
    A: Exponent = 0
    m: Exponent = 0
    mol: Exponent = 0

    def __mul__(self, other: Dimension) -> Dimension:
        return Dimension(self.s + other.s, self.V + other.V, self.A + other.A, self.m + other.m, self.mol + other.mol)

    def __truediv__(self, other: Dimension) -> Dimension:
        return self * other**-1

    def __pow__(self, power: Exponent) -> Dimension:
        return Dimension(self.s * power, self.V * power, self.A * power, self.m * power, self.mol * power)

    def __str__(self) -> str:
        return _product(self, _SYMBOLS)


DIMENSIONLESS = Dimension()
TIME = Dimension(s=1)
FREQUENCY = Dimension(s=-1)
VOLTAGE = Dimension(V=1)
CURRENT = Dimension(A=1)
CONDUCTANCE = Dimension(A=1, V=-1)
RESISTANCE = Dimension(V=1, A=-1)
CAPACITANCE = Dimension(A=1, s=1, V=-1)
LENGTH = Dimension(m=1)
AMOUNT = Dimension(mol=1)
CONCENTRATION = Dimension(mol=1, m=-3)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Quantity:
    """One number with a dimension; `value` is in SI units. `20*ms` makes one.

    Quantities add and compare with the same dimension only: anything else raises `DimensionError`, which names both.
    Equality does not raise: different dimensions are unequal. An array cannot carry a unit: `ArrayError`.
    """

    value: float
    dimension: Dimension

    __array_ufunc__: ClassVar[None] = None  # NumPy leaves `array * ms` to __rmul__, instead of an array of objects

    def __post_init__(self) -> None:
        number = _number(self.value)
        if number is None:
            raise ParameterError(f"{self.value!r} is not a number, so it cannot carry a unit")
        object.__setattr__(self, "value", number)

    def __add__(self, other: Quantity | float) -> Quantity:
        number = self._matching(other, "add", "and")
        return NotImplemented if number is None else Quantity(self.value + number, self.dimension)

    __radd__ = __add__

    def __sub__(self, other: Quantity | float) -> Quantity:
        number = self._matching(other, "subtract", "and")
        return NotImplemented if number is None else Quantity(self.value - number, self.dimension)

    def __rsub__(self, other: float) -> Quantity:
        number = self._matching(other, "subtract", "and")
        return NotImplemented if number is None else Quantity(number - self.value, self.dimension)

    @overload
    def __mul__(self, other: float) -> Quantity: ...
    @overload
    def __mul__(self, other: Quantity) -> Quantity | float: ...
    def __mul__(self, other: Quantity | float) -> Quantity | float:
        if isinstance(other, Quantity):
            return _made(self.value * other.value, self.dimension * other.dimension)
        number = _number(other)
        return NotImplemented if number is None else Quantity(self.value * number, self.dimension)

    def __rmul__(self, other: float) -> Quantity:
        return self * other

    @overload
    def __truediv__(self, other: float) -> Quantity: ...
    @overload
    def __truediv__(self, other: Quantity) -> Quantity | float: ...
    def __truediv__(self, other: Quantity | float) -> Quantity | float:
        if isinstance(other, Quantity):
            return _made(self.value / other.value, self.dimension / other.dimension)
        number = _number(other)
        return NotImplemented if number is None else Quantity(self.value / number, self.dimension)

    def __rtruediv__(self, other: float) -> Quantity:
        number = _number(other)
        return NotImplemented if number is None else Quantity(number / self.value, self.dimension**-1)

    def __pow__(self, power: float) -> Quantity | float:
        number = _number(power)
        if number is None or not math.isfinite(number):
            return NotImplemented
        return _made(math.pow(self.value, number), self.dimension ** exact(number))

    def __neg__(self) -> Quantity:
        return Quantity(-self.value, self.dimension)

    def __pos__(self) -> Quantity:
        return self

    def __abs__(self) -> Quantity:
        return Quantity(abs(self.value), self.dimension)

    def __bool__(self) -> bool:
        return bool(self.value)

    def __float__(self) -> float:
        if self.dimension != DIMENSIONLESS:
            unit = usual_unit(self.dimension)
            raise DimensionError(
                f"{self} is not a plain number: its dimension is {self.dimension}; divide by a unit, such as {unit}"
            )
        return self.value

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Quantity):
            return self.value == other.value and self.dimension == other.dimension
        if isinstance(other, Real) and self.dimension == DIMENSIONLESS:
            return self.value == other
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self.value) if self.dimension == DIMENSIONLESS else hash((self.value, self.dimension))

    def __lt__(self, other: Quantity | float) -> bool:
        number = self._matching(other, "compare", "with")
        return NotImplemented if number is None else self.value < number

    def __le__(self, other: Quantity | float) -> bool:
        number = self._matching(other, "compare", "with")
        return NotImplemented if number is None else self.value <= number

    def __gt__(self, other: Quantity | float) -> bool:
        number = self._matching(other, "compare", "with")
        return NotImplemented if number is None else self.value > number

    def __ge__(self, other: Quantity | float) -> bool:
        number = self._matching(other, "compare", "with")
        return NotImplemented if number is None else self.value >= number

    def __repr__(self) -> str:
        """Python that makes the same quantity, to the last bit: `20*ms`, `0.3*siemens/second`."""
        number, unit = self._scaled()
        return _joined(number, "*", unit or _product(self.dimension, _SI))

    def __str__(self) -> str:
        """For reading: `20 ms`, `0.3 S/s`."""
        number, unit = self._scaled()
        if unit is None or unit in _SI.values():
            unit = _product(self.dimension, _SYMBOLS | {FREQUENCY: "Hz"})
        return _joined(number, " ", unit)

    def _matching(self, other: Quantity | float, verb: str, joint: str) -> float | None:
        """The SI value of `other` if it has this dimension. Raises: `DimensionError`."""
        if isinstance(other, Quantity):
            if other.dimension == self.dimension:
                return other.value
            found, dimension = str(other), other.dimension
        else:
            number = _number(other)
            if number is None or number == 0.0 or self.dimension == DIMENSIONLESS:
                return number
            found, dimension = f"the plain number {_digits(number)}", DIMENSIONLESS
        raise DimensionError(
            f"cannot {verb} {self} {joint} {found}: one is in {self.dimension}, the other in {dimension}"
        )

    def _scaled(self) -> tuple[float, str | None]:
        """`(number, unit)`: the shortest number whose product is exactly this quantity; or the SI value and None."""
        found: list[tuple[int, bool, int, float, str]] = []
        for rank, (name, unit) in enumerate(UNITS.items()):
            if unit.dimension == self.dimension and math.isfinite(self.value):
                number = float(f"{self.value / unit.value:.15g}")
                if number * unit.value == self.value:
                    found.append((len(_digits(number)), abs(number) < 1, rank, number, name))
        return min(found)[3:] if found else (self.value, None)


def exact(value: float) -> Exponent:
    """The exponent that the float `value` stands for: 2.0 is 2, 0.5 is 1/2, 0.3333333333333333 is 1/3."""
    return int(value) if float(value).is_integer() else Fraction(value).limit_denominator(10_000)


def in_si(value: Quantity | float) -> float:
    """`value` as a number in SI units; a plain number is taken to be in SI units already."""
    return value.value if isinstance(value, Quantity) else float(value)


def dimension_of(value: object) -> Dimension | None:
    """The dimension of a quantity; None for a plain number, of which nothing is known."""
    return value.dimension if isinstance(value, Quantity) else None


def usual_unit(dimension: Dimension) -> str:
    """The unit neurons are usually described in: `ms` for a time, `mV` for a voltage, or one like `siemens/second`."""
    for name in ("ms", "Hz", "mV", "nA", "nS", "Mohm", "pF", "um"):
        if UNITS[name].dimension == dimension:
            return name
    return si_unit(dimension)


def si_unit(dimension: Dimension) -> str:
    """The unit of SI: `second` for a time, `volt` for a voltage, or one like `siemens/second`."""
    return _product(dimension, _SI)


def _made(value: float, dimension: Dimension) -> Quantity | float:
    return value if dimension == DIMENSIONLESS else Quantity(value, dimension)


def _number(value: Any) -> float | None:
    """`value` as a float, None if it is nothing like a number. Raises: `ArrayError` for an array or list of numbers."""
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, list | tuple):
        raise ArrayError(f"a {type(value).__name__} cannot carry a unit; give each number its own, as [1*ms, 2*ms]")
    if getattr(value, "ndim", 0) > 0:
        shape = tuple(value.shape) if hasattr(value, "shape") else "unknown"
        raise ArrayError(
            f"an array of shape {shape} cannot carry a unit; keep it in SI units, as array * in_si(ms) is in seconds"
        )
    return float(value) if hasattr(value, "__float__") and not isinstance(value, str | bytes) else None


def _product(dimension: Dimension, names: dict[Dimension, str]) -> str:
    """`dimension` by its own name, or as a product of named ones: `S/s`."""
    if dimension in names:
        return names[dimension]
    bases: list[tuple[Dimension, Exponent]] = [(CURRENT, dimension.A), (VOLTAGE, dimension.V)]
    if dimension.A == -dimension.V:
        bases = [(CONDUCTANCE, dimension.A)]
    bases += [(AMOUNT, dimension.mol), (LENGTH, dimension.m), (TIME, dimension.s)]
    above = "*".join(_powered(names[base], power) for base, power in bases if power > 0)
    below = "".join(f"/{_powered(names[base], -power)}" for base, power in bases if power < 0)
    return (above or "1") + below


def _powered(name: str, power: Exponent) -> str:
    if power == 1:
        return name
    return f"{name}**{power}" if power.denominator == 1 else f"{name}**({power})"


def _joined(number: float, sign: str, unit: str) -> str:
    """`20*ms`, `3/second**2`, `0.5`."""
    return _digits(number) + (unit[1:] if unit[0] == "1" else sign + unit)


def _digits(number: float) -> str:
    return repr(float(number)).removesuffix(".0")


second = s = Quantity(1.0, TIME)
ms = 1e-3 * second
us = 1e-6 * second
minute = 60 * second
hour = 3600 * second
day = 86400 * second

Hz = Quantity(1.0, FREQUENCY)
kHz = 1e3 * Hz

volt = Quantity(1.0, VOLTAGE)
mV = 1e-3 * volt
uV = 1e-6 * volt

amp = Quantity(1.0, CURRENT)
mA = 1e-3 * amp
uA = 1e-6 * amp
nA = 1e-9 * amp
pA = 1e-12 * amp

siemens = Quantity(1.0, CONDUCTANCE)
mS = 1e-3 * siemens
uS = 1e-6 * siemens
nS = 1e-9 * siemens
pS = 1e-12 * siemens

ohm = Quantity(1.0, RESISTANCE)
kohm = 1e3 * ohm
Mohm = 1e6 * ohm
Gohm = 1e9 * ohm

farad = Quantity(1.0, CAPACITANCE)
uF = 1e-6 * farad
nF = 1e-9 * farad
pF = 1e-12 * farad

metre = meter = m = Quantity(1.0, LENGTH)
cm = 1e-2 * metre
mm = 1e-3 * metre
um = 1e-6 * metre
nm = 1e-9 * metre

mole = Quantity(1.0, AMOUNT)
molar = Quantity(1e3, CONCENTRATION)
mM = Quantity(1.0, CONCENTRATION)
uM = 1e-3 * mM
nM = 1e-6 * mM

_SYMBOLS = {
    DIMENSIONLESS: "1",
    TIME: "s",
    VOLTAGE: "V",
    CURRENT: "A",
    CONDUCTANCE: "S",
    RESISTANCE: "ohm",
    CAPACITANCE: "F",
    LENGTH: "m",
    AMOUNT: "mol",
    CONCENTRATION: "mM",
}
_SI = {
    DIMENSIONLESS: "1",
    TIME: "second",
    FREQUENCY: "Hz",
    VOLTAGE: "volt",
    CURRENT: "amp",
    CONDUCTANCE: "siemens",
    RESISTANCE: "ohm",
    CAPACITANCE: "farad",
    LENGTH: "metre",
    AMOUNT: "mole",
    CONCENTRATION: "mM",
}
_PRINTED = (  # the units of quantities in print, the largest of a dimension first
    "second ms us kHz Hz volt mV uV amp mA uA nA pA siemens mS uS nS pS "
    "Gohm Mohm kohm ohm farad uF nF pF metre mm um nm mM uM nM"
)
UNITS: dict[str, Quantity] = {name: globals()[name] for name in _PRINTED.split()}
