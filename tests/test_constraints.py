"""What a parameter and the bounds may be, and what is said of everything else."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import array_api_strict
import numpy as np
import pytest

from cofire.constraints import (
    FINITE,
    FRACTION,
    NONNEGATIVE,
    POSITIVE,
    Range,
    bounds_dimension,
    bounds_in_si,
    check,
    check_all,
    number,
    read_bounds,
)
from cofire.errors import DimensionError, ParameterError
from cofire.units import CONDUCTANCE, DIMENSIONLESS, mV, nS, second, volt


class Strange:
    """Something that says it is a number and is none."""

    def __init__(self, error: type[Exception]) -> None:
        self.error = error

    def __float__(self) -> float:
        raise self.error

    def __repr__(self) -> str:
        return "Strange()"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, 3.0),
        (-0.25, -0.25),
        (np.float64(0.1), 0.1),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3.0),
        (np.array(0.5), 0.5),
        (array_api_strict.asarray(0.5), 0.5),
        (Decimal("0.1"), 0.1),
        (Fraction(1, 4), 0.25),
    ],
)
def test_whatever_is_one_real_number_becomes_a_float(value: Any, expected: float) -> None:
    found = number("eta", value)
    assert type(found) is float
    assert found == expected


def test_a_quantity_stays_one() -> None:
    assert number("g", 5 * nS) == 5 * nS
    assert check("g", 5 * nS) == 5e-9


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "eta = None is not a real number"),
        (True, "eta = True is not a real number"),
        (np.True_, "eta = np.True_ is not a real number"),
        (np.array(True), "eta = array(True) is not a real number"),
        (1j, "eta = 1j is not a real number"),
        (np.complex64(1), "eta = np.complex64(1+0j) is not one number"),
        (np.array(1j), "eta = array(0.+1.j) is not one number"),
        ([1.0], "eta = [1.0] is not a real number"),
        ("0.1", "eta = '0.1' is text, not a number"),
        (b"1", "eta = b'1' is text, not a number"),
        (np.array([0.1]), "eta = array([0.1]) is not one number"),
        (np.ones((2, 2)), "eta = array([[1., 1.], [1., 1.]]) is not one number"),
        (10**400, "eta = 1000000000000000000000000000000000000000000000000000000000000000000000 ... "),
        pytest.param(10**5000, "eta = a huge int is too large", id="10**5000"),
        (Decimal("sNaN"), "eta = Decimal('sNaN') is not one number"),
        (Strange(RuntimeError), "eta = Strange() is not one number"),
        (Strange(TypeError), "eta = Strange() is not one number"),
        (math.nan, "eta = nan is refused: it must be a finite number"),
        (math.inf, "eta = inf is refused: it must be a finite number"),
        (-math.inf * volt, "eta = -inf*volt is refused: it must be a finite number"),
    ],
)
def test_whatever_is_not_one_finite_number_is_refused(value: Any, message: str) -> None:
    with pytest.raises(ParameterError) as caught:
        check("eta", value)
    assert str(caught.value).startswith(message)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize(
    ("allowed", "inside", "outside", "said"),
    [
        (FINITE, (-1e308, 0, 1e308), (math.inf, -math.inf, math.nan), "a finite number"),
        (POSITIVE, (1e-300, 5), (0, -1e-300, math.inf, math.nan), "greater than 0"),
        (NONNEGATIVE, (0, 5), (-1e-300, math.inf), "at least 0"),
        (FRACTION, (0, 0.5, 1), (-0.01, 1.01), "in [0, 1]"),
        (Range(low=0, high=1), (0.5,), (0, 1), "in (0, 1)"),
        (Range(high=2), (1.9, -1e300), (2, math.inf, -math.inf), "less than 2"),
        (Range(high=2, high_open=False), (2, -1e300), (2.1, math.inf), "at most 2"),
    ],
)
def test_a_range_holds_what_it_says(
    allowed: Range, inside: tuple[float, ...], outside: tuple[float, ...], said: str
) -> None:
    assert str(allowed) == said
    for value in inside:
        assert check("p", value, allowed) == value
    for value in outside:
        with pytest.raises(ParameterError, match="is refused: it must be"):
            check("p", value, allowed)


def test_every_value_is_held_to_the_range_of_its_name() -> None:
    check_all({"a": 1, "b": -1}, {"a": POSITIVE})
    with pytest.raises(ParameterError, match=r"^b = -1 is refused: it must be greater than 0$"):
        check_all({"a": 1, "b": -1}, {"b": POSITIVE})


@pytest.mark.parametrize(
    ("bounds", "clean", "in_si"),
    [
        ((0, 1), (0.0, 1.0), (0.0, 1.0)),
        ([-1, np.float64(1)], (-1.0, 1.0), (-1.0, 1.0)),
        ((None, 1), (None, 1.0), (-math.inf, 1.0)),
        ((0, math.inf), (0.0, None), (0.0, math.inf)),
        ((np.float64(-math.inf), 0), (None, 0.0), (-math.inf, 0.0)),
        ((0, 5 * nS), (0.0, 5 * nS), (0.0, 5e-9)),
        ((-1 * mV, None), (-1 * mV, None), (-1e-3, math.inf)),
    ],
)
def test_bounds(bounds: Any, clean: Any, in_si: tuple[float, float]) -> None:
    found = read_bounds(bounds)
    assert found == clean
    assert found is not None
    assert bounds_in_si(found) == in_si


@pytest.mark.parametrize("bounds", [None, (None, None), [-math.inf, math.inf]])
def test_bounds_that_are_open_at_both_ends_are_none(bounds: Any) -> None:
    assert read_bounds(bounds) is None
    assert bounds_dimension(None) is None


def test_bounds_give_the_weight_its_dimension() -> None:
    assert bounds_dimension((0.0, 5 * nS)) == CONDUCTANCE
    assert bounds_dimension((0 * nS, None)) == CONDUCTANCE
    assert bounds_dimension((0.0, 2.0)) == DIMENSIONLESS
    assert bounds_dimension((0.0, None)) is None


@pytest.mark.parametrize(
    ("bounds", "error", "message"),
    [
        ((1, 0), ParameterError, "bounds = (1, 0) is upside down: the lower must be less than the upper"),
        ((0, -5 * nS), ParameterError, "bounds = (0, -5*nS) is upside down: the lower must be less than the upper"),
        ((1, 1), ParameterError, "bounds = (1, 1) leaves no room: the lower must be less than the upper"),
        ((0,), ParameterError, "bounds = (0,) is refused: it must be (low, high); None leaves an end open"),
        ((0, 1, 2), ParameterError, "bounds = (0, 1, 2) is refused: it must be (low, high); None leaves an end open"),
        (5, ParameterError, "bounds = 5 is refused: it must be (low, high); None leaves an end open"),
        ("01", ParameterError, "bounds = '01' is refused: it must be (low, high); None leaves an end open"),
        (np.array([0, 1]), ParameterError, "bounds = array([0, 1]) is refused: it must be (low, high); "),
        ((0, math.nan), ParameterError, "upper bound = nan is refused: it must be a finite number"),
        ((math.inf, None), ParameterError, "lower bound = inf is refused: it must be a finite number"),
        ((0, "1"), ParameterError, "upper bound = '1' is text, not a number"),
        ((False, 1), ParameterError, "lower bound = False is not a real number"),
        ((1 * mV, 2 * nS), DimensionError, "bounds = (1*mV, 2*nS) is refused: one end is in V, the other in S"),
        (
            (1, 2 * second),
            DimensionError,
            "bounds = (1, 2*second) is refused: one end is a pure number, the other in s",
        ),
    ],
)
def test_bounds_that_are_none_are_refused(bounds: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        read_bounds(bounds)
    assert str(caught.value).startswith(message)
