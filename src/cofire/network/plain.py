"""Rules, neurons and quantities as plain data, and back: what a file may hold. Nothing in it is ever run."""

from __future__ import annotations

from dataclasses import fields
from fractions import Fraction
from typing import Any

from cofire.language.text import to_text
from cofire.neuron import Neuron, PerCell
from cofire.rule import Rule
from cofire.units import Dimension, Quantity

_PARTS = [field.name for field in fields(Dimension)]


def number_to_plain(value: Any) -> Any:
    """A number, a quantity, one of each for every cell, or a text."""
    if isinstance(value, Quantity):
        return {"value": value.value, "dimension": dimension_to_plain(value.dimension)}
    if isinstance(value, PerCell):
        return {"values": list(value.values), "dimension": dimension_to_plain(value.dimension)}
    return value


def number_from_plain(data: Any) -> Any:
    """What `number_to_plain` was given."""
    if not isinstance(data, dict):
        return data
    dimension = dimension_from_plain(data["dimension"])
    if "values" in data:
        return PerCell(tuple(float(value) for value in data["values"]), dimension)
    return Quantity(float(data["value"]), dimension or Dimension())


def dimension_to_plain(dimension: Dimension | None) -> Any:
    """Its exponents as texts."""
    return None if dimension is None else [str(getattr(dimension, part)) for part in _PARTS]


def dimension_from_plain(data: Any) -> Dimension | None:
    """What `dimension_to_plain` was given."""
    if data is None:
        return None
    powers = [Fraction(text) for text in data]
    return Dimension(*(int(power) if power.denominator == 1 else power for power in powers))


def rule_to_plain(rule: Rule | None) -> Any:
    """Everything that `Rule` takes."""
    if rule is None:
        return None
    return {
        "text": rule.text,
        "bounds": None if rule._bounds is None else [number_to_plain(end) for end in rule._bounds],
        "normalize": rule.normalize,
        "signals": list(rule.signals),
        "parameters": {name: number_to_plain(value) for name, value in rule.parameters.items()},
    }


def rule_from_plain(data: Any) -> Rule | None:
    """The rule, checked again."""
    if data is None:
        return None
    bounds = data["bounds"] and tuple(number_from_plain(end) for end in data["bounds"])
    parameters = {name: number_from_plain(value) for name, value in data["parameters"].items()}
    return Rule(data["text"], bounds=bounds, normalize=data["normalize"], signals=tuple(data["signals"]), **parameters)


def neuron_to_plain(neuron: Neuron) -> Any:
    """Everything that `Neuron` takes."""
    initial = {
        name: number_to_plain(value) if isinstance(value, float | Quantity) else to_text(value)
        for name, value in neuron.initial.items()
    }
    fires = {
        "threshold": neuron.threshold,
        "reset": neuron.reset,
        "refractory": number_to_plain(neuron.refractory),
    }
    return {
        "text": neuron.text,
        **(fires if neuron.rate is None else {"rate": neuron.rate}),
        "method": neuron.method,
        "inputs": list(neuron.inputs),
        "conductances": list(neuron.conductances),
        "learns": list(neuron.learns),
        "initial": initial,
        "parameters": {name: number_to_plain(value) for name, value in neuron.parameters.items()},
    }


def neuron_from_plain(data: Any) -> Neuron:
    """The neuron, checked again."""
    keys = ("threshold", "reset", "refractory", "rate")
    fires = {key: number_from_plain(data[key]) for key in keys if key in data}
    return Neuron(
        data["text"],
        **fires,
        method=data["method"],
        inputs=tuple(data["inputs"]),
        conductances=tuple(data["conductances"]),
        learns=tuple(data["learns"]),
        initial={name: number_from_plain(value) for name, value in data["initial"].items()},
        **{name: number_from_plain(value) for name, value in data["parameters"].items()},
    )
