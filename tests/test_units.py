"""Quantities: arithmetic keeps dimensions, refuses what has no meaning, and prints as it is written."""

from __future__ import annotations

import copy
import math
import pickle
import subprocess
import sys
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cofire.units as units
from cofire.errors import ArrayError, CofireError, DimensionError, ParameterError
from cofire.units import (
    DIMENSIONLESS,
    FREQUENCY,
    TIME,
    VOLTAGE,
    Dimension,
    Hz,
    Quantity,
    dimension_of,
    exact,
    in_si,
    ms,
    mV,
    nS,
    pA,
    pF,
    second,
    usual_unit,
    volt,
)

UNITS = {name: unit for name, unit in vars(units).items() if isinstance(unit, Quantity)}

dimensions = st.builds(Dimension, *[st.integers(-3, 3) | st.fractions(-2, 2, max_denominator=4) for _ in range(5)])
sizes = st.floats(-1e6, 1e6).filter(lambda x: x == 0 or abs(x) > 1e-6)
quantities = st.builds(Quantity, sizes, dimensions.filter(lambda dimension: dimension != DIMENSIONLESS))


def value_of(text: str) -> Any:
    return eval(text, dict(UNITS))  # noqa: S307  (what repr wrote)


@pytest.mark.parametrize(
    ("quantity", "value", "dimension"),
    [
        (20 * ms, 0.02, "s"),
        (-70 * mV, -0.07, "V"),
        (5 * Hz, 5.0, "1/s"),
        (nS, 1e-9, "S"),
        (units.minute, 60.0, "s"),
        (units.day, 86400.0, "s"),
        (pA / mV, 1e-9, "S"),
        (mV / pA, 1e9, "ohm"),
        (pF, 1e-12, "F"),
        (nS / second, 1e-9, "S/s"),
        (3 * mV**2, 3e-6, "V**2"),
        (volt**0.5, 1.0, "V**(1/2)"),
        (1 / (10 * ms), 100.0, "1/s"),
        (2 / units.metre**2, 2.0, "1/m**2"),
        (units.molar, 1000.0, "mM"),
        (units.um, 1e-6, "m"),
        (pA * ms, 1e-15, "A*s"),
    ],
)
def test_values_are_in_si_and_dimensions_print_in_symbols(quantity: Quantity, value: float, dimension: str) -> None:
    assert in_si(quantity) == pytest.approx(value, rel=1e-14)
    assert str(dimension_of(quantity)) == dimension


@pytest.mark.parametrize(
    ("quantity", "written", "read"),
    [
        (20 * ms, "20*ms", "20 ms"),
        (0.02 * second, "20*ms", "20 ms"),
        (0.1 * nS, "0.1*nS", "0.1 nS"),
        (100 * ms, "100*ms", "100 ms"),
        (-70 * mV, "-70*mV", "-70 mV"),
        (0.5 * Hz, "0.5*Hz", "0.5 Hz"),
        (0 * ms, "0*second", "0 s"),
        (0.3 * nS / ms, "3e-07*siemens/second", "3e-07 S/s"),
        (3 * Hz**2, "3/second**2", "3/s**2"),
        (Quantity(0.5, DIMENSIONLESS), "0.5", "0.5"),
    ],
)
def test_a_quantity_prints_as_it_is_written(quantity: Quantity, written: str, read: str) -> None:
    assert repr(quantity) == written
    assert str(quantity) == read


@given(st.sampled_from(sorted(UNITS)), st.floats(allow_nan=False, allow_infinity=False))
def test_repr_makes_the_same_quantity_to_the_last_bit(name: str, number: float) -> None:
    quantity = number * UNITS[name]
    if math.isfinite(quantity.value):
        assert value_of(repr(quantity)) == quantity


@given(quantities)
def test_repr_of_any_dimension_can_be_read(quantity: Quantity) -> None:
    back = value_of(repr(quantity))
    assert dimension_of(back) == quantity.dimension
    assert in_si(back) == quantity.value


def test_dimensions_that_cancel_leave_a_plain_number() -> None:
    for number in (second / ms, 5 * Hz * (200 * ms), (20 * ms) ** 0):
        assert type(number) is float
    assert round(float(second / ms)) == 1000
    assert math.exp(-(20 * ms) / (20 * ms)) == pytest.approx(math.exp(-1))


@given(quantities, quantities)
def test_products_and_quotients_undo_each_other(a: Quantity, b: Quantity) -> None:
    assert dimension_of(a * b) in (a.dimension * b.dimension, None)
    if b:
        back = a * b / b
        assert dimension_of(back) == a.dimension
        assert in_si(back) == pytest.approx(a.value)


@given(quantities, st.integers(-4, 4))
def test_a_power_is_a_repeated_product(a: Quantity, n: int) -> None:
    if a and n:
        repeated: Quantity | float = 1.0
        for _ in range(abs(n)):
            repeated = repeated * a if n > 0 else repeated / a
        assert dimension_of(a**n) == dimension_of(repeated)
        assert in_si(a**n) == pytest.approx(in_si(repeated))


@given(dimensions, dimensions)
def test_dimensions_form_a_group(a: Dimension, b: Dimension) -> None:
    assert a * b == b * a
    assert a * b / b == a
    assert a / a == DIMENSIONLESS
    assert (a ** Fraction(1, 3)) ** 3 == a
    assert hash(a * b) == hash(b * a)


@given(sizes, sizes)
def test_equal_dimensions_add_subtract_and_compare(a: float, b: float) -> None:
    x, y = Quantity(a, TIME), Quantity(b, TIME)
    assert x + y == Quantity(a + b, TIME)
    assert x - y == Quantity(a - b, TIME)
    assert (x < y, x <= y, x > y, x >= y, x == y) == (a < b, a <= b, a > b, a >= b, a == b)
    assert (-x, abs(x), +x) == (Quantity(-a, TIME), Quantity(abs(a), TIME), x)


@given(quantities, quantities)
def test_different_dimensions_are_refused_and_both_named(a: Quantity, b: Quantity) -> None:
    if a.dimension == b.dimension:
        b = b * volt if isinstance(b * volt, Quantity) else Quantity(1.0, VOLTAGE * VOLTAGE)  # type: ignore[assignment]
    for operation in (
        lambda: a + b,
        lambda: a - b,
        lambda: a < b,
        lambda: a <= b,
        lambda: a > b,
        lambda: a >= b,
    ):
        with pytest.raises(DimensionError) as caught:
            operation()
        assert str(a.dimension) in str(caught.value)
        assert str(b.dimension) in str(caught.value)
    assert a != b


def test_a_plain_number_has_no_unit_and_zero_has_every() -> None:
    with pytest.raises(DimensionError, match=r"cannot add 20 ms and the plain number 1: one is in s, the other in 1"):
        1 + 20 * ms
    with pytest.raises(DimensionError, match=r"compare 20 ms with the plain number 1"):
        assert 20 * ms < 1
    with pytest.raises(DimensionError):
        2.0 - ms
    assert ms > 0
    assert 0 - ms == -1 * ms
    assert sum([1 * ms, 2 * ms]) == 3 * ms
    assert (20 * ms == 0.02) is False
    assert dimension_of(0.02) is None
    assert in_si(0.02) == 0.02


def test_float_of_a_quantity_needs_a_pure_number() -> None:
    with pytest.raises(
        DimensionError, match=r"20 ms is not a plain number: its dimension is s; divide by a unit, such as ms"
    ):
        float(20 * ms)
    assert float(Quantity(0.5, DIMENSIONLESS)) == 0.5


def test_a_pure_quantity_equals_its_number() -> None:
    pure = Quantity(2.0, DIMENSIONLESS)
    assert pure == 2
    assert hash(pure) == hash(2)
    assert pure + 1 == 3
    assert bool(pure)
    assert not Quantity(0.0, TIME)


@pytest.mark.parametrize("number", [np.float64(3), np.float32(3), np.int64(3), np.array(3.0), Fraction(3)])
def test_numbers_of_other_kinds_take_units(number: float) -> None:
    for quantity in (number * ms, ms * number, ms / (1 / number)):
        assert type(quantity) is Quantity
        assert type(quantity.value) is float
        assert quantity.value == pytest.approx(0.003)


@pytest.mark.parametrize("array", [np.arange(3.0), np.ones((1,)), np.ones((2, 3), dtype=np.float32)])
def test_an_array_cannot_carry_a_unit(array: Any) -> None:
    for operation in (
        lambda: array * ms,
        lambda: ms * array,
        lambda: array + ms,
        lambda: array - ms,
        lambda: array / ms,
        lambda: array < ms,
        lambda: Quantity(array, TIME),
    ):
        with pytest.raises(ArrayError, match=r"an array of shape \(.*\) cannot carry a unit"):
            operation()
    with pytest.raises(TypeError):
        np.exp(ms)  # type: ignore[call-overload]


@pytest.mark.parametrize("things", [[1, 2], (1, 2)])
def test_a_list_cannot_carry_a_unit(things: Any) -> None:
    for operation in (lambda: things * ms, lambda: ms * things, lambda: Quantity(things, TIME)):
        with pytest.raises(ArrayError, match=r"cannot carry a unit; give each number its own, as \[1\*ms, 2\*ms\]"):
            operation()
    assert ms != things


@pytest.mark.parametrize("thing", ["20", None, {}, object()])
def test_what_is_no_number_takes_no_unit(thing: Any) -> None:
    for operation in (
        lambda: thing * ms,
        lambda: ms * thing,
        lambda: ms + thing,
        lambda: ms / thing,
        lambda: ms**thing,
    ):
        with pytest.raises(TypeError):
            operation()  # type: ignore[no-untyped-call]
    with pytest.raises(ParameterError):
        Quantity(thing, TIME)
    assert ms != thing


def test_a_quantity_cannot_be_an_exponent() -> None:
    with pytest.raises(TypeError):
        2**ms  # type: ignore[operator]
    with pytest.raises(CofireError):
        ms**ms  # type: ignore[operator]


def test_quantities_are_values() -> None:
    with pytest.raises(AttributeError):
        ms.value = 1.0  # type: ignore[misc]
    assert {20 * ms: "a"}[0.02 * second] == "a"
    assert pickle.loads(pickle.dumps(20 * ms)) == 20 * ms
    assert copy.deepcopy(20 * ms) == 20 * ms


def test_exponents_are_exact() -> None:
    assert exact(2.0) == 2
    assert exact(0.5) == Fraction(1, 2)
    assert exact(1 / 3) == Fraction(1, 3)
    assert exact(-1.25) == Fraction(-5, 4)


@pytest.mark.parametrize(
    ("dimension", "unit"),
    [(TIME, "ms"), (FREQUENCY, "Hz"), (nS.dimension, "nS"), (nS.dimension / TIME, "siemens/second")],
)
def test_the_usual_unit_can_be_typed(dimension: Dimension, unit: str) -> None:
    assert usual_unit(dimension) == unit
    assert dimension_of(value_of(unit)) == dimension


def test_the_module_needs_the_standard_library_only() -> None:
    code = "import sys, cofire.units; print([name for name in ('numpy', 'scipy', 'torch') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
