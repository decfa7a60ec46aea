"""The catalogue: every recipe is whole, refuses what it should, computes what its paper says, rests where it says."""

from __future__ import annotations

import importlib
import inspect
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cofire import DimensionError, ParameterError, Rule, rules
from cofire.backends.state import RuleState
from cofire.constraints import Range
from cofire.protocols import replay
from cofire.rules import Recipe
from cofire.units import Quantity, metre, ms, mV, second

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


# Updates worked out by hand. Two cells that receive, two that send, two samples:
#
#     w = [[1, 2], [0, -1]]     x = (1, 2), then (3, 0)     y = (1, -1), then (2, 1)
#
#     <y x>:  (1*1 + 2*3, 1*2 + 2*0) / 2 = (3.5, 1)   and   (-1*1 + 1*3, -1*2 + 1*0) / 2 = (1, -1)
#     <x> = (2, 1)     <y> = (1.5, 0)     <y^2> = (2.5, 1)

W = [[1.0, 2.0], [0.0, -1.0]]
ZERO = [[0.0, 0.0], [0.0, 0.0]]
X = [[1.0, 2.0], [3.0, 0.0]]
Y = [[1.0, -1.0], [2.0, 1.0]]

BY_HAND: dict[str, tuple[dict[str, float], dict[str, Any], list[list[float]]]] = {
    # 0.1 <y x>
    "hebb": ({"eta": 0.1}, {}, [[0.35, 0.1], [0.1, -0.1]]),
    "anti_hebb": ({"eta": 0.1}, {}, [[-0.35, -0.1], [-0.1, 0.1]]),
    # 0.1 <y x> - w / 10:  (0.35 - 0.1, 0.1 - 0.2), (0.1 - 0, -0.1 + 0.1)
    "hebb_with_decay": ({"eta": 0.1, "tau_w": 10.0}, {}, [[0.25, -0.1], [0.1, 0.0]]),
    # row 1, both synapses free, x less its mean is (-0.5, 0.5), then (1.5, -1.5): (1 (-0.5, 0.5) + 2 (1.5, -1.5)) / 2
    # row 2: the first synapse is at 0 and stays there, and the second is its own mean
    "hebb_subtractive": ({"eta": 0.1, "w_max": 4.0}, {"w": [[1.0, 2.0], [0.0, 1.0]]}, [[0.125, -0.125], [0.0, 0.0]]),
    # means (1, 1) and (0.5, -0.5): x - <x> = (0, 1), (2, -1) and y - <y> = (0.5, -0.5), (1.5, 1.5)
    # row 1: (0.5 (0, 1) + 1.5 (2, -1)) / 2 = (1.5, -0.5)     row 2: (-0.5 (0, 1) + 1.5 (2, -1)) / 2 = (1.5, -1)
    "covariance": (
        {"eta": 0.1},
        {"state": {"mean(pre, tau)": [1.0, 1.0], "mean(post, tau)": [0.5, -0.5]}},
        [[0.15, -0.05], [0.15, -0.1]],
    ),
    # <y x> - <y^2> w:  (3.5 - 2.5, 1 - 5), (1 - 0, -1 + 1)
    "oja": ({"eta": 0.1}, {}, [[0.1, -0.4], [0.1, 0.0]]),
    # what the layer rebuilds, (y1, 2 y1 - y2): (1, 3), then (2, 3); what is left: (0, -1), then (1, -3)
    # row 1: (1 (0, -1) + 2 (1, -3)) / 2 = (1, -3.5)     row 2: (-1 (0, -1) + 1 (1, -3)) / 2 = (0.5, -1)
    "oja_subspace": ({"eta": 0.1}, {}, [[0.1, -0.35], [0.05, -0.1]]),
    # row 1 sees only what cell 1 rebuilds, (1, 2), then (2, 4): (1 (0, 0) + 2 (1, -4)) / 2 = (1, -4); row 2 as above
    "sanger": ({"eta": 0.1}, {}, [[0.1, -0.4], [0.05, -0.1]]),
    # theta = (2, 4) / 2 = (1, 2); y (y - theta): 1*0 = 0 and -1*-3 = 3, then 2*1 = 2 and 1*-1 = -1
    # row 1: (0 + 2 (3, 0)) / 2 = (3, 0)     row 2: (3 (1, 2) - 1 (3, 0)) / 2 = (0, 3)
    "bcm": ({"eta": 0.1, "y_0": 2.0}, {"state": {"mean(post**2, tau_theta)": [2.0, 4.0]}}, [[0.3, 0.0], [0.0, 0.3]]),
    # <y x> - <y> w:  (3.5 - 1.5, 1 - 3), (1 - 0, -1 - 0)
    "instar": ({"eta": 0.1}, {}, [[0.2, -0.2], [0.1, -0.1]]),
    # <y x> - <x> w:  (3.5 - 2*1, 1 - 1*2), (1 - 0, -1 + 1)
    "outstar": ({"eta": 0.1}, {}, [[0.15, -0.1], [0.1, 0.0]]),
    # winners 2, then 1; x / sum = (1/3, 2/3), then (1, 0)
    # row 1: ((1, 0) - (1, 2)) / 2 = (0, -1)     row 2: ((1/3, 2/3) - (0, -1)) / 2 = (1/6, 5/6)
    "competitive": ({"eta": 0.1}, {"post": [[0.0, 1.0], [1.0, 0.0]]}, [[0.0, -0.1], [0.1 / 6, 0.5 / 6]]),
    # <y x> = (1, 0.5), (0.5, 0.5), less 0.25
    "foldiak": (
        {"alpha": 0.1, "p": 0.5},
        {"pre": [[1.0, 1.0], [1.0, 0.0]], "post": [[1.0, 1.0], [1.0, 0.0]]},
        [[-0.075, -0.025], [-0.025, -0.025]],
    ),
    # Q = (x1 + 4 x2, -x2): (9, -2), then (3, 0)
    # row 1: (1 ((1, 2) - 9 (1, 2)) - 0.5 ((3, 0) - 3 (1, 2))) / 2 = ((-8, -16) + (0, 3)) / 2 = (-4, -6.5)
    # row 2: (-0.5 ((1, 2) + 2 (0, -1)) + 1 (3, 0)) / 2 = ((-0.5, 0) + (3, 0)) / 2 = (1.25, 0)
    "krotov_hopfield": (
        {"eta": 0.1, "p": 3.0},
        {"post": [[1.0, -0.5], [-0.5, 1.0]]},
        [[-0.4, -0.65], [0.125, 0.0]],
    ),
    # u = (x1 + 2 x2, -x2): (5, -2), then (3, 0)
    # row 1: (0.75 ((1, 2) - 5 (1, 2)) + 0.5 ((3, 0) - 3 (1, 2))) / 2 = ((-3, -6) + (0, -3)) / 2 = (-1.5, -4.5)
    # row 2: (-0.25 ((1, 2) + 2 (0, -1)) - 0.5 (3, 0)) / 2 = ((-0.25, 0) - (1.5, 0)) / 2 = (-0.875, 0)
    "soft_hebb": (
        {"eta": 0.1},
        {"post": [[0.75, -0.25], [0.5, -0.5]]},
        [[-0.15, -0.45], [-0.0875, 0.0]],
    ),
    # t - y = (1, 1), then (0, 2); row 1: (1, 2) / 2 = (0.5, 1)     row 2: ((1, 2) + 2 (3, 0)) / 2 = (3.5, 1)
    "delta": ({"eta": 0.1}, {"post_target": [[2.0, 0.0], [2.0, 3.0]]}, [[0.05, 0.1], [0.35, 0.1]]),
    # as delta, with 0.04 + 0.03 + 0.02 + 0.01 = 0.1; less (1, 2) / 10 + (0, 1) / 5 = (0.1, 0.4) in row 1, 0 in row 2
    "multiscale": (
        {"tau_1": 10.0, "tau_3": 5.0},
        {
            "post_target": [[2.0, 0.0], [2.0, 3.0]],
            "state": {"f_1": [[1.0, 2.0], [0.0, 0.0]], "f_2": ZERO, "f_3": [[0.0, 1.0], [0.0, 0.0]], "f_4": ZERO},
        },
        [[-0.05, -0.3], [0.35, 0.1]],
    ),
    # max(0, t - y) = (1, 0), then (0, 2): row 1: (1, 2) / 2 - 0 w     row 2: 2 (3, 0) / 2 - w, times 0.1 and 1
    "opponent": (
        {"eta": 0.1},
        {"post_target": [[2.0, -5.0], [1.0, 3.0]], "post_forgetting": [[0.0, 0.5], [0.0, 0.5]]},
        [[0.05, 0.1], [0.3, 0.5]],
    ),
    # the mean error 2, times the trace; the same for both cells
    "temporal_difference": (
        {"eta": 0.1},
        {"state": {"trace(pre, tau_e)": [0.5, 1.0]}, "dopamine": [1.0, 3.0]},
        [[0.1, 0.2], [0.1, 0.2]],
    ),
    # <s y x>: (1 (1, 2) + 4*2 (3, 0)) / 2 = (12.5, 1) and (-1 (1, 2) + 4 (3, 0)) / 2 = (5.5, -1)
    # 1 - w = (0, -1) and (1, 2); row 1: 0.1 (0, -1) - (1, 2) / 10     row 2: 0.1 (5.5, -2)
    "salient_hebb": (
        {"eta": 0.1, "tau_m": 10.0},
        {"salience": [1.0, 4.0], "state": {"m": [[1.0, 2.0], [0.0, 0.0]]}},
        [[-0.1, -0.3], [0.55, -0.2]],
    ),
    # <h x> - <h> w; row 1: ((1, 2) + 0.5 (3, 0)) / 2 - 0.75 (1, 2) = (1.25 - 0.75, 1 - 1.5)
    # row 2: (0.5 (1, 2) + (3, 0)) / 2 - 0.75 (0, -1) = (1.75, 0.5 + 0.75)
    "kohonen": ({"eta": 0.1}, {"post": [[1.0, 0.5], [0.5, 1.0]]}, [[0.05, -0.05], [0.175, 0.125]]),
    # row 1: 0.1 (0.5, 1) 1.5 - 0.2 * 2 (2, 1) = (0.075, 0.15) - (0.8, 0.4)     row 2: 0 - 0.2 * 3 (2, 1)
    "stdp_pair": (
        {"A_plus": 0.1, "A_minus": 0.2},
        {"state": {"trace(pre, tau_plus)": [0.5, 1.0], "trace(post, tau_minus)": [2.0, 3.0]}},
        [[-0.725, -0.25], [-1.2, -0.6]],
    ),
    "stdp_pair_nearest": (
        {"A_plus": 0.1, "A_minus": 0.2},
        {"state": {"nearest(pre, tau_plus)": [0.5, 1.0], "nearest(post, tau_minus)": [2.0, 3.0]}},
        [[-0.725, -0.25], [-1.2, -0.6]],
    ),
    # row 1: 0.1 (0.5, 1) (1, 0) 1.5 - 0.2 * 2 (0, 1) (2, 1) = (0.075, -0.4)     row 2: 0 - 0.2 * 3 (0.5, 0) (2, 1)
    "stdp_pair_nearest_reduced": (
        {"A_plus": 0.1, "A_minus": 0.2},
        {
            "state": {
                "nearest(pre, tau_plus)": [0.5, 1.0],
                "nearest(post, tau_minus)": [2.0, 3.0],
                "fresh": [[1.0, 0.0], [0.5, 1.0]],
            }
        },
        [[0.075, -0.4], [-0.6, 0.0]],
    ),
    # row 1: (2 - 1, 2 - 2) (0.075, 0.15) - (1, 2) (0.8, 0.4) = (0.075 - 0.8, -0.8)     row 2: 0 - (0, -1) (1.2, 0.6)
    "stdp_pair_multiplicative": (
        {"A_plus": 0.1, "A_minus": 0.2, "w_max": 2.0},
        {"state": {"trace(pre, tau_plus)": [0.5, 1.0], "trace(post, tau_minus)": [2.0, 3.0]}},
        [[-0.725, -0.8], [0.0, 0.6]],
    ),
    # w = (1, 4), (0, 1): gain 0.1 sqrt(4) sqrt(w) = 0.2 (1, 2), loss 0.1 * 2 w = 0.2 w
    # row 1: 0.2 (1, 2) (0.5, 1) 1.5 - 0.2 (1, 4) 2 (2, 1) = (0.15, 0.6) - (0.8, 1.6)     row 2: 0 - 0.2 (0, 1) 3 (2, 1)
    "stdp_pair_power_law": (
        {"lambda_": 0.1, "alpha": 2.0, "mu": 0.5, "w_0": 4.0},
        {"w": [[1.0, 4.0], [0.0, 1.0]], "state": {"trace(pre, tau)": [0.5, 1.0], "trace(post, tau)": [2.0, 3.0]}},
        [[-0.65, -1.0], [0.0, -0.6]],
    ),
    # gain, row 1: 1.5 (0.5, 1) (0.1 + 0.2 * 1) = (0.225, 0.45); row 2: 0
    # loss: (2, 1) (0.3 + 0.4 (1, 2)) = (1.4, 1.1), times 2 and 3
    "triplet": (
        {"A2_plus": 0.1, "A3_plus": 0.2, "A2_minus": 0.3, "A3_minus": 0.4},
        {
            "state": {
                "trace(pre, tau_plus)": [0.5, 1.0],
                "trace(pre, tau_x)": [1.0, 2.0],
                "trace(post, tau_minus)": [2.0, 3.0],
                "trace(post, tau_y)": [1.0, 0.5],
            }
        },
        [[-2.575, -1.75], [-4.2, -3.3]],
    ),
    # use at rest, half spent: recovery 0.5 0.5 / 0.8 = 0.3125, and a spike takes 0.5 0.5 - 0.75 0.25 = 0.0625
    # of (2, 1) spikes
    "short_term": (
        {"U": 0.5, "w_0": 1.0},
        {"state": {"a": [[0.0, 0.0], [0.0, 0.0]], "b": [[0.5, 0.5], [0.5, 0.5]]}},
        [[0.1875, 0.25], [0.1875, 0.25]],
    ),
    # with c = (1, 1.3), (0.5, 2): row 1: (-2 * 1, 3 (1 - 2) - 2 * 2 - 2 (-1) (-1.5)) / 10 = (-2, -3 - 4 - 3) / 10
    # row 2: below both 0; (3 * 2 - 2 (-1) - (-1) 2 * 1.5) / 10 = (6 + 2 + 3) / 10
    "calcium": (
        {"gamma_p": 3.0, "gamma_d": 2.0, "tau": 10 * second},
        {"state": {"c": [[1.0, 1.3], [0.5, 2.0]]}},
        [[-0.2, -1.0], [0.0, 1.1]],
    ),
    # early: row 1: (-2 * 1.5 - 0.5 * 0.5, 3 (2 - 1 + 0.5) - 2 * 0.5 + 0.5 * 0.5) / 10
    #        row 2: (-0.5 * 0.1, 0.5 * 0.2) / 10
    # late: row 1: (1 (1 - 0.5), -1 (0 + 0.5)) / 5    row 2: (0, -0.5 (1 + 0.5)) / 5
    "tagging_and_capture": (
        {"gamma_p": 3.0, "gamma_d": 2.0, "leak": 0.5, "h_max": 2.0, "tau_h": 10 * second, "tau_z": 5 * second},
        {
            "state": {
                "c": [[1.2, 3.0], [0.5, 0.0]],
                "h": [[0.5, -0.5], [0.1, -0.2]],
                "z": [[0.5, 0.0], [1.0, 1.0]],
                "p": [[1.0, 1.0], [0.5, 0.5]],
            }
        },
        [[-0.325 + 0.1, 0.375 - 0.1], [-0.005, 0.01 - 0.15]],
    ),
    # averages of v above -70.6 mV, in mV: (10, 20) of tau_plus, (5, -1) of tau_minus; v above -45.3 mV: (15.3, -4.7)
    # row 1: 0.1 (0.5, 1) 15.3 * 10 - 0.2 (2, 1) 5 = (7.65, 15.3) - (2, 1), rates averaged over two samples
    # row 2: 0, as v is too low, and 0, as its average is
    "clopath": (
        {"A_LTD": 0.2 / mV, "A_LTP": 0.1 / mV**2},
        {
            "post_v": [[-0.03, -0.05], [-0.03, -0.05]],
            "state": {
                "mean(pre, tau_x)": [0.5, 1.0],
                "mean(post.v, tau_plus)": [-0.0606, -0.0506],
                "mean(post.v, tau_minus)": [-0.0656, -0.0716],
            },
        },
        [[5.65, 14.3], [0.0, 0.0]],
    ),
    "triplet_nearest": (
        {"A2_plus": 0.1, "A3_plus": 0.2, "A2_minus": 0.3, "A3_minus": 0.4},
        {
            "state": {
                "nearest(pre, tau_plus)": [0.5, 1.0],
                "nearest(pre, tau_x)": [1.0, 2.0],
                "nearest(post, tau_minus)": [2.0, 3.0],
                "nearest(post, tau_y)": [1.0, 0.5],
            }
        },
        [[-2.575, -1.75], [-4.2, -3.3]],
    ),
    # 2 rho_0 tau = 2 * 3 * 0.02 = 0.12
    # row 1: 0.1 ((0.75, 1.5) + 1.88 (2, 1)) = 0.1 (4.51, 3.38)     row 2: 0.1 * 2.88 (2, 1)
    "vogels_inhibitory": (
        {"eta": 0.1},
        {"state": {"trace(pre, tau)": [0.5, 1.0], "trace(post, tau)": [2.0, 3.0]}},
        [[0.451, 0.338], [0.576, 0.288]],
    ),
    # mean dopamine 2, times the eligibility
    "reward_stdp": (
        {},
        {
            "state": {
                "trace(pre, tau_plus)": [0.5, 1.0],
                "trace(post, tau_minus)": [2.0, 3.0],
                "e": [[1.0, 2.0], [3.0, -1.0]],
            },
            "dopamine": [1.0, 3.0],
        },
        [[2.0, 4.0], [6.0, -2.0]],
    ),
}


def _inputs(**changes: Any) -> dict[str, Any]:
    """The arguments of `delta`: those above, with `changes`; lists become arrays, a mapping of lists a state."""
    given: dict[str, Any] = {"w": W, "pre": X, "post": Y} | changes
    arrays = {name: np.array(value, dtype=np.float64) for name, value in given.items() if name != "state"}
    state = {name: np.array(value, dtype=np.float64) for name, value in given.get("state", {}).items()}
    return arrays | ({"state": RuleState(state)} if state else {})


def _delta(rule: Rule, **given: Any) -> np.ndarray:
    """dw/dt: the change in one step, or in one second where parameters carry units."""
    return rule.delta(**_inputs(**given), dt=1 * second if rule.is_timed else None)


@pytest.mark.parametrize("name", BY_HAND)
def test_update_worked_out_by_hand(name: str) -> None:
    parameters, changes, expected = BY_HAND[name]
    rule = rules.get(name)(**parameters)
    change = _delta(rule, **changes)
    assert change.dtype == np.float64
    np.testing.assert_allclose(change, expected, rtol=0, atol=1e-15 * 50)
    total = rule.delta(**_inputs(**changes), dt=1 * second if rule.is_timed else None, reduce="sum")
    np.testing.assert_allclose(total, 2 * np.array(expected), rtol=0, atol=1e-15 * 50)


def test_storkey_update_worked_out_by_hand() -> None:
    """Local fields of (1, 1, -1): h12 = 0, h21 = 0.5, h13 = 0.5, h31 = -0.5, h23 = 0.5, h32 = 0.

    Changes 12: 1 - 0.5 - 0 = 0.5; 13: -1 + 0.5 + 0.5 = 0; 23: -1 - 0 + 0.5 = -0.5.
    Those of (1, -1, 1): h12 = 0, h21 = -0.5, h13 = -0.5, h31 = 0.5, h23 = 0.5, h32 = 0.
    Changes 12: -1 + 0.5 + 0 = -0.5; 13: 1 - 0.5 + 0.5 = 1; 23: -1 - 0 - 0.5 = -1.5. The means are 0, 0.5 and -1.
    """
    w = [[0.0, 0.5, 0.0], [0.5, 0.0, -0.5], [0.0, -0.5, 0.0]]
    patterns = [[1.0, 1.0, -1.0], [1.0, -1.0, 1.0]]
    change = _delta(rules.storkey(eta=0.1), w=w, pre=patterns, post=patterns)
    np.fill_diagonal(change, 0.0)
    np.testing.assert_allclose(change, [[0.0, 0.0, 0.05], [0.0, 0.0, -0.1], [0.05, -0.1, 0.0]], rtol=0, atol=1e-15)


def test_every_rule_has_an_update_worked_out_by_hand() -> None:
    assert {*BY_HAND, "storkey"} == set(NAMES)


def test_a_trace_follows_its_rate_and_acts_from_the_next_step_on() -> None:
    """Rates of 10 Hz for 20 ms: the traces are 10 * 0.02 (1 - exp(-1)) = 0.12642411176571153 after one step.

    The second step adds 0.02 (0.1 - 0.2) * 0.126... * 10 = -0.0025284822353142306.
    """
    rule = rules.stdp_pair(A_plus=0.1, A_minus=0.2)
    w, rate = np.array([[0.5]]), np.array([[10.0]])
    first, state = rule.step(w, pre=rate, post=rate, dt=0.02 * second)
    np.testing.assert_array_equal(first, [[0.5]])
    np.testing.assert_allclose(state["trace(pre, tau_plus)"], [0.12642411176571153], rtol=1e-14)
    second_, state = rule.step(first, pre=rate, post=rate, state=state, dt=0.02 * second)
    np.testing.assert_allclose(second_, [[0.5 - 0.0025284822353142306]], rtol=1e-14)
    assert state.step == 2


@pytest.mark.parametrize(
    ("pre", "post", "gains", "losses"),
    [
        ([10, 12, 30, 33], [20, 24, 40], [8, 7], [6]),  # of each volley the last one against the first of the other
        ([10, 20, 30], [20, 25], [10], [5]),  # together at 20: the post has its pre, the pre is left out
        ([20, 30], [10, 20, 26], [6], [10, 4]),  # together at 20: the pre has its post, and waits for the one at 26
    ],
)
def test_reduced_pairs_alternate(pre: list[int], post: list[int], gains: list[int], losses: list[int]) -> None:
    rule = rules.stdp_pair_nearest_reduced(A_plus=0.1, A_minus=0.2, tau_plus=10 * ms, tau_minus=30 * ms)
    trains = {side: (np.zeros(len(when), int), np.array(when)) for side, when in (("pre", pre), ("post", post))}
    one = np.zeros(1, int)
    w, _ = replay(rule, **trains, synapses=(one, one), weight=np.array([0.5]), delay=0, dt=1 * ms, duration=50)
    gain = sum(0.1 * math.exp(-lag / 10) for lag in gains)
    loss = sum(0.2 * math.exp(-lag / 30) for lag in losses)
    np.testing.assert_allclose(w, [0.5 + gain - loss], rtol=1e-12)


def test_a_synapse_at_an_end_stays_there_and_the_others_keep_their_sum() -> None:
    """w = (0, 1, 1, 2), w_max = 2: x of the free ones is 4 and 8, of mean 6; 0.1 (4 - 6) and 0.1 (8 - 6)."""
    rule = rules.hebb_subtractive(eta=0.1, w_max=2.0, bounds=(0, 2))
    one = np.array([[1.0]])
    w, _ = rule.step(np.array([[0.0, 1.0, 1.0, 2.0]]), pre=np.array([[9.0, 4.0, 8.0, 1.0]]), post=one)
    np.testing.assert_allclose(w, [[0.0, 0.8, 1.2, 2.0]], rtol=1e-15)
    w, _ = rule.step(w, pre=np.array([[9.0, 0.0, 20.0, 1.0]]), post=one)  # 0.1 * 10 each way: past both ends
    np.testing.assert_array_equal(w, [[0.0, 0.0, 2.0, 2.0]])
    again, _ = rule.step(w, pre=np.array([[1.0, 5.0, -7.0, 3.0]]), post=one)
    np.testing.assert_array_equal(again, w)


def test_bounds_of_the_paper_hold_the_weights() -> None:
    """Inhibition of Földiák's layer never turns into excitation; additive STDP stays within 0 and 1."""
    silent = np.zeros((1, 2))
    w, _ = rules.foldiak(alpha=10.0, p=0.5).step(np.array([[-1.0, -9.0]]), pre=silent, post=silent[:, :1])
    np.testing.assert_array_equal(w, [[0.0, -6.5]])  # + 10 * 0.25
    state = RuleState({"trace(pre, tau_plus)": np.array([9.0]), "trace(post, tau_minus)": np.array([9.0])})
    only_post = {"pre": np.zeros((1, 1)), "post": np.ones((1, 1)), "state": state, "dt": 1 * second}
    only_pre = {"pre": np.ones((1, 1)), "post": np.zeros((1, 1)), "state": state, "dt": 1 * second}
    rule = rules.stdp_pair(A_plus=1.0, A_minus=1.0)
    assert rule.step(np.array([[0.5]]), **only_post)[0] == 1.0
    assert rule.step(np.array([[0.5]]), **only_pre)[0] == 0.0


# Where each rule rests, by its docstring. Each function gives the arguments of `delta` at the fixed point for away = 0,
# and somewhere else for away > 0.


def _rotated_inputs() -> tuple[np.ndarray, np.ndarray]:
    """`(samples, eigenvectors)`: inputs of ± 3, 2, 1 and 0.5 along four orthogonal directions; both in rows."""
    directions = np.linalg.qr(np.random.default_rng(1).standard_normal((4, 4)))[0]
    spread = np.array([3.0, 2.0, 1.0, 0.5])[:, None] * directions
    return np.concatenate([spread, -spread]), directions


def _push(w: np.ndarray, away: float) -> np.ndarray:
    return w + away * np.random.default_rng(2).standard_normal(w.shape)


def _oja(away: float) -> dict[str, Any]:
    x, v = _rotated_inputs()
    w = _push(v[[0, 0]] * [[1.0], [-1.0]], away)
    return {"w": w, "pre": x, "post": x @ w.T}


def _oja_subspace(away: float) -> dict[str, Any]:
    x, v = _rotated_inputs()
    turn = np.array([[0.6, 0.8], [-0.8, 0.6]])
    w = _push(turn @ v[:2], away)
    return {"w": w, "pre": x, "post": x @ w.T}


def _sanger(away: float) -> dict[str, Any]:
    x, v = _rotated_inputs()
    w = _push(v[:3] * [[1.0], [-1.0], [1.0]], away)
    return {"w": w, "pre": x, "post": x @ w.T}


def _null_space(away: float) -> dict[str, Any]:
    """Linear cells that look along a direction in which the inputs do not vary."""
    x, v = _rotated_inputs()
    x = x[[0, 1, 2, 4, 5, 6]]
    w = _push(2.0 * v[[3]], away)
    return {"w": w, "pre": x, "post": x @ w.T}


def _hebb_with_decay(away: float) -> dict[str, Any]:
    rule = rules.hebb_with_decay()
    x, y = np.array(X), np.array(Y)
    return {"w": _push(rule.values["eta"] * rule.values["tau_w"] * y.T @ x / 2, away), "pre": x, "post": y}


def _hebb_subtractive(away: float) -> dict[str, Any]:
    """Two free synapses whose inputs are equal wherever the cell is active; the third is at its end."""
    x = np.array([[1.0, 1.0, 5.0], [2.0, 2.0 + away, 1.0], [3.0, 7.0, 2.0]])
    return {"w": [[0.5, 0.3, 1.0]], "pre": x, "post": [[1.0], [2.0], [0.0]]}


def _covariance(away: float) -> dict[str, Any]:
    """x and y uncorrelated, the average of y off by one: it is enough that that of x is right."""
    x = np.array([[1.0], [1.0], [3.0], [3.0]])
    y = np.array([[5.0], [7.0], [5.0], [7.0 + away]])
    state = {"mean(pre, tau)": x.mean(axis=0), "mean(post, tau)": y.mean(axis=0) + 1.0}
    return {"w": [[0.3]], "pre": x, "post": y, "state": state}


def _bcm(away: float) -> dict[str, Any]:
    """Four orthogonal patterns, equally frequent; each cell answers one of them with 4 y_0, the threshold in rest."""
    _, v = _rotated_inputs()
    x = np.array([3.0, 2.0, 1.0, 0.5])[:, None] * v
    w = _push(4.0 * rules.bcm().values["y_0"] * v[[0, 2]] / np.array([[3.0], [1.0]]), away)
    y = x @ w.T
    return {"w": w, "pre": x, "post": y, "state": {"mean(post**2, tau_theta)": (y**2).mean(axis=0)}}


def _prototypes(away: float) -> dict[str, Any]:
    rng = np.random.default_rng(3)
    x, y = rng.uniform(size=(6, 4)), rng.uniform(size=(6, 3))
    return {"w": _push(y.T @ x / y.sum(axis=0)[:, None], away), "pre": x, "post": y}


def _competitive(away: float) -> dict[str, Any]:
    """Cell 1 wins samples 1, 3 and 5, cell 2 the others: each rests at the mean of its normalised inputs, of sum 1."""
    x, winner = np.random.default_rng(3).uniform(size=(6, 4)), np.tile(np.eye(2), (3, 1))
    shares = x / x.sum(axis=1, keepdims=True)
    w = np.stack([shares[0::2].mean(axis=0), shares[1::2].mean(axis=0)])
    np.testing.assert_allclose(w.sum(axis=1), 1.0, rtol=1e-14)
    return {"w": _push(w, away), "pre": x, "post": winner}


def _outstar(away: float) -> dict[str, Any]:
    rng = np.random.default_rng(4)
    x, y = rng.uniform(size=(6, 4)), rng.uniform(size=(6, 3))
    return {"w": _push(y.T @ x / x.sum(axis=0), away), "pre": x, "post": y}


def _foldiak(away: float) -> dict[str, Any]:
    """64 moments; each cell is active in 8 of them, and both are in 1: as two independent cells with p = 1/8."""
    first, second_ = np.zeros((64, 1)), np.zeros((64, 1))
    first[0:8], second_[7:15] = 1.0, 1.0
    if away:
        second_[6] = 1.0
    return {"w": [[-0.5]], "pre": first, "post": second_}


def _competing(norm: float) -> Callable[[float], dict[str, Any]]:
    """Rows along the mean of the inputs weighted by the outcome, of unit `norm`; the outcome has losers below 0."""

    def inputs(away: float) -> dict[str, Any]:
        x = np.random.default_rng(5).standard_normal((6, 4))
        y = np.array([[1.0, -0.3], [-0.3, 1.0], [1.0, 0.0], [0.0, 1.0], [1.0, -0.3], [-0.3, 1.0]])
        mean = y.T @ x
        w = mean / (np.abs(mean) ** norm).sum(axis=1, keepdims=True) ** (1 / norm)
        return {"w": _push(w, away), "pre": x, "post": y}

    return inputs


def _least_squares(away: float) -> dict[str, Any]:
    rng = np.random.default_rng(6)
    x, target = rng.standard_normal((9, 4)), rng.standard_normal((9, 2))
    w = _push(np.linalg.lstsq(x, target, rcond=None)[0].T, away)
    return {"w": w, "pre": x, "post": x @ w.T, "post_target": target}


def _rates(
    pre: float, post: float, taus: dict[str, float], filtered: Callable[[float, float], float]
) -> dict[str, Any]:
    """Two constant rates, and every filter at its average."""
    state = {
        f"{kind}({side}, {tau})": [filtered(pre if side == "pre" else post, time)]
        for tau, time in taus.items()
        for side in ("pre", "post")
        for kind in ("trace", "nearest")
    }
    return {"pre": [[pre]], "post": [[post]], "state": state}


def _taus(rule: Rule) -> dict[str, float]:
    return {name: value for name, value in rule.values.items() if name.startswith("tau")}


def _traces(rule: Rule, pre: float, post: float) -> dict[str, Any]:
    return _rates(pre, post, _taus(rule), lambda rate, tau: rate * tau)


def _balanced_pairs(away: float) -> dict[str, Any]:
    """A_plus tau_plus = A_minus tau_minus, so that coincidences by chance cancel, as long as there are no others."""
    given = _traces(rules.stdp_pair(), 20.0, 30.0) | {"w": [[0.5]]}
    given["state"]["trace(pre, tau_plus)"][0] += away
    return given


def _multiplicative(away: float) -> dict[str, Any]:
    rule = rules.stdp_pair_multiplicative()
    v = rule.values
    gain, loss = v["A_plus"] * v["tau_plus"], v["A_minus"] * v["tau_minus"]
    return _traces(rule, 20.0, 30.0) | {"w": [[v["w_max"] * gain / (gain + loss) + away]]}


def _power_law(away: float) -> dict[str, Any]:
    rule = rules.stdp_pair_power_law()
    w = rule.values["w_0"] * rule.values["alpha"] ** (-1 / (1 - rule.values["mu"]))
    assert round(w, 1) == 39.6
    return _traces(rule, 20.0, 30.0) | {"w": [[w + away]]}


def _nearest(away: float) -> dict[str, Any]:
    rule = rules.stdp_pair_nearest()
    v, pre = rule.values, 20.0
    post = v["A_minus"] / v["A_plus"] * (pre + 1 / v["tau_plus"]) - 1 / v["tau_minus"]
    return _rates(pre, post + away, _taus(rule), lambda rate, tau: rate * tau / (1 + rate * tau)) | {"w": [[0.5]]}


def _nearest_reduced(away: float) -> dict[str, Any]:
    """Of the last of all spikes one in r + s is presynaptic, and it is an exponential time of 1 / (r + s) ago."""
    rule = rules.stdp_pair_nearest_reduced()
    v, pre = rule.values, 20.0
    both = (v["A_minus"] / v["tau_plus"] - v["A_plus"] / v["tau_minus"]) / (v["A_plus"] - v["A_minus"])
    assert round(both) == 139
    post = both - pre + away
    given = _rates(pre, post, _taus(rule), lambda _, tau: (pre + post) / (pre + post + 1 / tau)) | {"w": [[0.5]]}
    given["state"]["fresh"] = [[pre / (pre + post)]]
    return given


def _triplet(away: float) -> dict[str, Any]:
    rule = rules.triplet()
    v = rule.values
    post = (v["tau_minus"] * v["A2_minus"] / v["tau_plus"] - v["A2_plus"]) / (v["A3_plus"] * v["tau_y"])
    assert round(post, 1) == 19.2
    return _traces(rule, 20.0, post + away) | {"w": [[0.5]]}


def _triplet_nearest(away: float) -> dict[str, Any]:
    """A3_plus tau_plus tau_y s (1 + s tau_minus) = A2_minus tau_minus (1 + r tau_plus) (1 + s tau_y), for s."""
    rule, pre = rules.triplet_nearest(), 20.0
    v = rule.values
    gain = v["A3_plus"] * v["tau_plus"] * v["tau_y"]
    loss = v["A2_minus"] * v["tau_minus"] * (1 + pre * v["tau_plus"])
    post = max(np.roots([gain * v["tau_minus"], gain - loss * v["tau_y"], -loss]).real)
    assert round(post, 1) == 11.3
    return _rates(pre, post + away, _taus(rule), lambda rate, tau: rate * tau / (1 + rate * tau)) | {"w": [[0.5]]}


def _calcium(away: float) -> dict[str, Any]:
    silent = {"pre": [[0.0, 0.0]], "post": [[0.0]], "state": {"c": [[0.0, 0.0]]}}
    return silent | {"w": [[0.0 + away, 1.0 - away]]}


def _tagging(away: float) -> dict[str, Any]:
    """No calcium and no early change; the late one stays."""
    state = {"c": [[0.0, 0.0]], "h": [[0.0, away]], "z": [[0.0, 0.7]], "p": [[0.0, 0.0]]}
    return {"w": [[1.0, 1.7]], "pre": [[0.0, 0.0]], "post": [[0.0]], "state": state}


def _clopath(away: float) -> dict[str, Any]:
    """Averages at the resting voltage, whatever the cells do."""
    at = -0.0706 + away
    means = {"mean(pre, tau_x)": [20.0], "mean(post.v, tau_plus)": [at], "mean(post.v, tau_minus)": [at]}
    return {"w": [[0.5]], "pre": [[20.0]], "post": [[0.0]], "post_v": [[-0.03]], "state": means}


def _vogels(away: float) -> dict[str, Any]:
    rule = rules.vogels_inhibitory()
    return _traces(rule, 20.0, rule.values["rho_0"] + away) | {"w": [[0.5]]}


def _reward(away: float) -> dict[str, Any]:
    given = _traces(rules.reward_stdp(), 20.0, 30.0) | {"w": [[0.5]], "dopamine": [away]}
    given["state"]["e"] = [[0.5]]
    return given


_TAUS = {f"tau_{k}": 10.0 for k in (1, 2, 3, 4)}
_MULTISCALE = rules.multiscale(eta_1=0.1, eta_2=0.2, eta_3=0.4, eta_4=0.0, **_TAUS)


def _multiscale(away: float) -> dict[str, Any]:
    """One cue, whose error of 0.1 gives each trace what it loses: eta 0.1 = f / 10."""
    traces = {"f_1": [[0.1]], "f_2": [[0.2]], "f_3": [[0.4]], "f_4": [[0.0]]}
    return {"w": [[0.7]], "pre": [[1.0]], "post": [[0.7]], "post_target": [[0.8 + away]], "state": traces}


def _opponent(away: float) -> dict[str, Any]:
    """Food of 0.4 and as much expected: neither cell falls short."""
    return {
        "w": [[0.9], [0.5]],
        "pre": [[1.0]],
        "post": [[0.4, 0.4]],
        "post_target": [[0.4 + away, 0.4]],
        "post_forgetting": [[0.0, 0.0]],
    }


def _salient(away: float) -> dict[str, Any]:
    state = {"m": [[0.0]]}
    return {"w": [[1.0 - away]], "pre": [[1.0]], "post": [[1.0]], "salience": [2.0], "state": state}


def _no_error(away: float) -> dict[str, Any]:
    state = {"trace(pre, tau_e)": [0.5]}
    return {"w": [[0.3]], "pre": [[1.0]], "post": [[1.0]], "dopamine": [away], "state": state}


def _short_term(off: float) -> dict[str, Any]:
    """Rested, and no spike: with something spent it recovers."""
    return {"pre": np.zeros((2, 2)), "state": {"a": np.zeros((2, 2)), "b": np.full((2, 2), off)}}


RESTS: list[tuple[str, Rule, Callable[[float], dict[str, Any]]]] = [
    ("hebb", rules.hebb(), _null_space),
    ("anti_hebb", rules.anti_hebb(), _null_space),
    ("hebb_with_decay", rules.hebb_with_decay(), _hebb_with_decay),
    ("hebb_subtractive", rules.hebb_subtractive(), _hebb_subtractive),
    ("covariance", rules.covariance(), _covariance),
    ("oja", rules.oja(), _oja),
    ("oja_subspace", rules.oja_subspace(), _oja_subspace),
    ("sanger", rules.sanger(), _sanger),
    ("bcm", rules.bcm(), _bcm),
    ("instar", rules.instar(), _prototypes),
    ("kohonen", rules.kohonen(), _prototypes),
    ("competitive", rules.competitive(), _competitive),
    ("outstar", rules.outstar(), _outstar),
    ("foldiak", rules.foldiak(), _foldiak),
    ("krotov_hopfield", rules.krotov_hopfield(), _competing(3.0)),
    ("krotov_hopfield p=2", rules.krotov_hopfield(p=2.0), _competing(2.0)),
    ("krotov_hopfield p=4.5", rules.krotov_hopfield(p=4.5), _competing(4.5)),
    ("soft_hebb", rules.soft_hebb(), _competing(2.0)),
    ("delta", rules.delta(), _least_squares),
    ("stdp_pair", rules.stdp_pair(A_minus=0.005), _balanced_pairs),
    ("stdp_pair_multiplicative", rules.stdp_pair_multiplicative(), _multiplicative),
    ("stdp_pair_power_law", rules.stdp_pair_power_law(), _power_law),
    ("stdp_pair_nearest", rules.stdp_pair_nearest(), _nearest),
    ("stdp_pair_nearest_reduced", rules.stdp_pair_nearest_reduced(), _nearest_reduced),
    ("triplet", rules.triplet(), _triplet),
    ("calcium", rules.calcium(), _calcium),
    ("tagging_and_capture", rules.tagging_and_capture(), _tagging),
    ("short_term", rules.short_term(), _short_term),
    ("clopath", rules.clopath(), _clopath),
    ("triplet_nearest", rules.triplet_nearest(), _triplet_nearest),
    ("vogels_inhibitory", rules.vogels_inhibitory(), _vogels),
    ("reward_stdp", rules.reward_stdp(), _reward),
    ("multiscale", _MULTISCALE, _multiscale),
    ("opponent", rules.opponent(), _opponent),
    ("salient_hebb", rules.salient_hebb(), _salient),
    ("temporal_difference", rules.temporal_difference(), _no_error),
]


@pytest.mark.parametrize(("rule", "at"), [pytest.param(rule, at, id=name) for name, rule, at in RESTS])
def test_rule_rests_at_its_fixed_point_and_nowhere_near(rule: Rule, at: Callable[[float], dict[str, Any]]) -> None:
    np.testing.assert_allclose(_delta(rule, **at(0.0)), 0.0, rtol=0, atol=1e-12)
    assert np.abs(_delta(rule, **at(0.1))).max() > 1e-5


def test_storkey_rests_at_one_pattern_shown_again_and_again() -> None:
    """w_ij = x_i x_j / (2 (n - 2)) off the diagonal; the diagonal itself is set to 0 after each step."""
    pattern = np.array([[1.0, -1.0, 1.0, 1.0, -1.0]])
    w = pattern.T @ pattern / (2 * (5 - 2))
    np.fill_diagonal(w, 0.0)
    off = ~np.eye(5, dtype=bool)
    np.testing.assert_allclose(_delta(rules.storkey(), w=w, pre=pattern, post=pattern)[off], 0.0, rtol=0, atol=1e-12)
    assert np.abs(_delta(rules.storkey(), w=1.1 * w, pre=pattern, post=pattern)[off]).min() > 1e-4


def test_every_rule_is_tested_at_its_fixed_point() -> None:
    assert {rule.name for _, rule, _ in RESTS} | {"storkey"} == set(NAMES)


def test_the_mean_eligibility_is_what_the_rates_make_of_it() -> None:
    """tau_e (A_plus tau_plus - A_minus tau_minus) r s = 1 (0.1 - 0.15) 0.02 * 20 * 30 = -0.6, below 0."""
    rule, w, state = rules.reward_stdp(), np.array([[0.5]]), None
    rates = {"pre": np.array([[20.0]]), "post": np.array([[30.0]]), "dopamine": 0.0}
    for _ in range(200):
        w, state = rule.step(w, **rates, state=state, dt=0.2 * second)
    np.testing.assert_allclose(state["e"], [[-0.6]], rtol=1e-12)
    np.testing.assert_array_equal(w, [[0.5]])


@pytest.mark.parametrize(("U", "facilitation", "depression"), [(0.5, 20.0, 800.0), (0.1, 500.0, 100.0)])
def test_short_term_plasticity_releases_what_its_recursion_says(
    U: float, facilitation: float, depression: float
) -> None:
    """The weight before each spike is u x of Tsodyks, Pawelzik and Markram, worked out from spike to spike."""
    times = np.array([10, 60, 110, 160, 400])
    rule = rules.short_term(U=U, tau_f=facilitation * ms, tau_d=depression * ms)
    use, left, before = 0.0, 1.0, 0
    for time in times:
        use *= np.exp(-(time - before) / facilitation)
        left = 1.0 - (1.0 - left) * np.exp(-(time - before) / depression)
        use += U * (1.0 - use)
        past = times[times < time]
        w, _ = replay(
            rule,
            pre=(np.zeros(len(past), int), past),
            post=([], []),
            synapses=([0], [0]),
            weight=U,
            dt=1 * ms,
            duration=int(time),
        )
        np.testing.assert_allclose(w, [use * left], rtol=1e-12)
        left, before = left - use * left, time
