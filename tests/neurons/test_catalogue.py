"""The catalogue: every recipe is whole, refuses what it should, and makes the neuron of its paper."""

from __future__ import annotations

import importlib
import inspect
import math
import re
from pathlib import Path
from typing import Any

import pytest

from cofire import Neuron, ParameterError, neurons
from cofire.errors import CofireError
from cofire.neurons import Recipe
from cofire.units import Quantity, metre

NAMES = neurons.names()
PARAMETERS = [(name, parameter) for name in NAMES for parameter in neurons.get(name).parameters]


def test_every_file_is_a_neuron_of_that_name_and_every_neuron_is_a_file() -> None:
    files = {path.stem for path in Path(neurons.__file__).parent.glob("*.py") if not path.stem.startswith("_")}
    assert sorted(files) == NAMES
    assert sorted(neurons.__all__) == sorted([*NAMES, "Parameter", "Recipe", "get", "names"])
    for name in NAMES:
        recipe = getattr(importlib.import_module(f"cofire.neurons.{name}"), name)
        assert recipe is neurons.get(name) is getattr(neurons, name)


@pytest.mark.parametrize("name", NAMES)
def test_recipe_documents_itself(name: str) -> None:
    recipe = neurons.get(name)
    assert isinstance(recipe, Recipe)
    assert recipe.name == name
    assert 20 <= len(recipe.summary) <= 110
    assert recipe.summary.endswith(".")
    assert inspect.getdoc(recipe) == inspect.cleandoc(recipe.doc)
    for part in ("Use it", "Pitfalls"):
        assert part in recipe.doc
    assert re.search(r"\b(19|20)\d\d\b", recipe.source), "no year"
    assert all(len(parameter.meaning) > 10 for parameter in recipe.parameters.values())
    assert {*recipe.parameters, "refractory", "method", "initial"} == set(inspect.signature(recipe).parameters)


@pytest.mark.parametrize("name", NAMES)
def test_recipe_makes_its_neuron(name: str) -> None:
    recipe = neurons.get(name)
    neuron = recipe()
    assert isinstance(neuron, Neuron)
    assert (neuron.name, neuron.cite()) == (name, recipe.source)
    assert dict(neuron.parameters) == {key: parameter.default for key, parameter in recipe.parameters.items()}
    assert neuron.variables[0] == (neuron.rate or "v")
    assert set(neuron.inputs) <= set(neuron.variables)
    assert str(neuron.explain()).startswith(neuron.text)


@pytest.mark.parametrize(("name", "parameter"), PARAMETERS)
def test_every_parameter_refuses_what_is_no_number_of_its_kind(name: str, parameter: str) -> None:
    recipe = neurons.get(name)
    declared = recipe.parameters[parameter]
    default = declared.default
    assert isinstance(default, Quantity)
    wrong: list[Any] = [Quantity(number, default.dimension) for number in (math.nan, math.inf)]
    wrong += ["0.1", None, True, 1j, [], 1.0, Quantity(1.0, default.dimension) * metre]
    if declared.allowed.low == 0.0:
        wrong += [Quantity(-abs(default.value) - 1e-3, default.dimension)]
        wrong += [Quantity(0.0, default.dimension)] if declared.allowed.low_open else []
    for value in wrong:
        with pytest.raises(CofireError, match=r".{10}"):
            recipe(**{parameter: value})
    other = default.value * 1.01 + 1e-6
    assert recipe(**{parameter: Quantity(other, default.dimension)}).parameters[parameter].value == other  # type: ignore[union-attr]


def test_what_is_not_there_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ParameterError, match=r"'liff' is not a neuron of the catalogue; did you mean 'lif'\?"):
        neurons.get("liff")
    with pytest.raises(ParameterError, match=r"'tau_x' is not a parameter of lif; it takes .*did you mean 'tau"):
        neurons.lif(tau_x=1)
    with pytest.raises(ParameterError, match=r"give the parameters of lif by name: lif\(tau=3\)"):
        neurons.lif(3)
    with pytest.raises(AttributeError, match=r"no neuron 'adx'; did you mean 'adex'\?"):
        _ = neurons.adx  # type: ignore[attr-defined]
