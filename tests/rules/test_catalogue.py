"""The catalogue: every recipe is whole, refuses what it should, computes what its paper says, rests where it says."""

from __future__ import annotations

import importlib
import inspect
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cofire import DimensionError, ParameterError, Rule, rules
from cofire.constraints import Range
from cofire.rules import Recipe
from cofire.units import Quantity, metre

NAMES = rules.names()
PARAMETERS = [(name, parameter) for name in NAMES for parameter in rules.get(name).parameters]


# Every file is a whole recipe


def test_every_file_is_a_rule_of_that_name_and_every_rule_is_a_file() -> None:
    files = {path.stem for path in Path(rules.__file__).parent.glob("*.py") if not path.stem.startswith("_")}
    assert sorted(files) == NAMES
    assert sorted(rules.__all__) == sorted([*NAMES, "Parameter", "Recipe", "get", "names"])
    for name in NAMES:
        recipe = getattr(importlib.import_module(f"cofire.rules.{name}"), name)
        assert isinstance(recipe, Recipe)
        assert recipe.name == name
        assert recipe is rules.get(name) is getattr(rules, name)


@pytest.mark.parametrize("name", NAMES)
def test_recipe_documents_itself(name: str) -> None:
    recipe = rules.get(name)
    assert 20 <= len(recipe.summary) <= 100
    assert recipe.summary.endswith(".")
    assert len(recipe.doc.strip().splitlines()) >= 5
    assert inspect.getdoc(recipe) == inspect.cleandoc(recipe.doc)
    for part in ("Fixed point", "Use it", "Pitfalls"):
        assert part in recipe.doc
    assert re.search(r"\b(19|20)\d\d\b", recipe.source), "no year"
    for parameter in recipe.parameters.values():
        assert len(parameter.meaning) > 10
    signature = inspect.signature(recipe)
    assert {*recipe.parameters, "bounds", "normalize"} == set(signature.parameters)


@pytest.mark.parametrize("name", NAMES)
def test_recipe_makes_its_rule(name: str) -> None:
    recipe = rules.get(name)
    rule = recipe()
    assert isinstance(rule, Rule)
    assert rule.name == name
    assert dict(rule.parameters) == {key: parameter.default for key, parameter in recipe.parameters.items()}
    assert rule.cite() == recipe.source
    assert Rule(rule.text, signals=rule.signals, bounds=rule.bounds, **rule.parameters).equations == rule.equations
    for shown in (str(rule), repr(rule), rule.latex(), rule.mathml()):
        assert shown.strip()
    assert str(rule.explain()).startswith(rule.text)


def test_an_unknown_rule_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ParameterError, match=r"'ojja' is not a rule of the catalogue; did you mean 'oja'\?"):
        rules.get("ojja")
    with pytest.raises(ParameterError, match=r"3 is not a rule of the catalogue; cofire.rules.names\(\)"):
        rules.get(3)  # type: ignore[arg-type]


# Every parameter of every rule, attacked by the range it declares


def _like(default: float | Quantity, value: float) -> float | Quantity:
    """`value`, in SI units, with the unit that `default` has."""
    return Quantity(value, default.dimension) if isinstance(default, Quantity) else value


def _size(default: float | Quantity) -> float:
    return default.value if isinstance(default, Quantity) else default


def _outside(allowed: Range, default: float) -> list[float]:
    """Numbers just outside each end, and far outside it."""
    numbers = []
    if math.isfinite(allowed.low):
        numbers += [math.nextafter(allowed.low, -math.inf), allowed.low - abs(default) - 1.0]
        numbers += [allowed.low] if allowed.low_open else []
        numbers += [-default] if allowed.low == 0.0 and default > 0.0 else []
    if math.isfinite(allowed.high):
        numbers += [math.nextafter(allowed.high, math.inf), allowed.high + abs(default) + 1.0]
        numbers += [allowed.high] if allowed.high_open else []
    return numbers


def _inside(allowed: Range, default: float) -> list[float]:
    """The default, a number on its other side, and each end that belongs to the range."""
    low, high = (
        end if math.isfinite(end) else default + far for end, far in ((allowed.low, -1.0), (allowed.high, 1.0))
    )
    numbers = [default, 0.5 * (low + high), 0.25 * low + 0.75 * high]
    numbers += [allowed.low] if math.isfinite(allowed.low) and not allowed.low_open else []
    numbers += [allowed.high] if math.isfinite(allowed.high) and not allowed.high_open else []
    return numbers


def _attacks() -> list[Any]:
    cases = []
    for name, parameter in PARAMETERS:
        declared = rules.get(name).parameters[parameter]
        wrong: list[Any] = [_like(declared.default, number) for number in (math.nan, math.inf, -math.inf)]
        wrong += ["0.1", "", None, True, 1j, [0.1], np.array([0.1, 0.2])]
        wrong += [_like(declared.default, number) for number in _outside(declared.allowed, _size(declared.default))]
        cases += [pytest.param(name, parameter, value, id=f"{name}-{parameter}-{value!r}") for value in wrong]
    return cases


@pytest.mark.parametrize(("name", "parameter", "value"), _attacks())
def test_every_parameter_refuses_what_it_cannot_be(name: str, parameter: str, value: Any) -> None:
    with pytest.raises(ParameterError, match=rf"^{parameter} = "):
        rules.get(name)(**{parameter: value})
    with pytest.raises(ParameterError, match=rf"^{parameter} = "):
        rules.get(name)().with_(**{parameter: value})


@pytest.mark.parametrize(("name", "parameter"), PARAMETERS)
def test_every_parameter_takes_what_it_can_be(name: str, parameter: str) -> None:
    declared = rules.get(name).parameters[parameter]
    assert math.isfinite(declared.allowed.low), "a range that ends nowhere below refuses nothing"
    for number in _inside(declared.allowed, _size(declared.default)):
        value = _like(declared.default, number)
        assert rules.get(name)(**{parameter: value}).parameters[parameter] == value
        assert rules.get(name)().with_(**{parameter: value}).values[parameter] == number


@pytest.mark.parametrize(("name", "parameter"), PARAMETERS)
def test_every_unit_is_checked(name: str, parameter: str) -> None:
    default = rules.get(name).parameters[parameter].default
    if isinstance(default, Quantity):
        with pytest.raises(DimensionError):
            rules.get(name)(**{parameter: default.value * metre})
    else:
        assert isinstance(default, float)


@pytest.mark.parametrize(("name", "parameter"), PARAMETERS)
def test_a_misspelt_parameter_is_refused_with_the_right_one(name: str, parameter: str) -> None:
    message = rf"'{parameter}s' is not a parameter of .*did you mean '{parameter}'\?"
    with pytest.raises(ParameterError, match=message):
        rules.get(name)(**{f"{parameter}s": 0.1})
    with pytest.raises(ParameterError, match=message):
        rules.get(name)().with_(**{f"{parameter}s": 0.1})


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("bounds", [(1.0, 0.0), (0.5, 0.5), (math.inf, -math.inf)])
def test_bounds_upside_down_are_refused(name: str, bounds: tuple[float, float]) -> None:
    with pytest.raises(ParameterError, match="bound"):
        rules.get(name)(bounds=bounds)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("bounds", [(math.nan, 1.0), (0.0, "1"), (0.0,), (0.0, 1.0, 2.0), 1.0, "01"])
def test_bounds_that_are_no_bounds_are_refused(name: str, bounds: Any) -> None:
    with pytest.raises(ParameterError, match="bound"):
        rules.get(name)(bounds=bounds)


@pytest.mark.parametrize("name", NAMES)
def test_bounds_and_normalisation_can_be_given(name: str) -> None:
    assert rules.get(name)(bounds=(-1.0, 2.0)).bounds == (-1.0, 2.0)
    assert rules.get(name)(bounds=None).bounds is None
    assert rules.get(name)(normalize="l1").normalize == "l1"
    with pytest.raises(ParameterError, match="normalize = 'l3' is refused"):
        rules.get(name)(normalize="l3")
