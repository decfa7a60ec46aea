"""The catalogue: neuron models of the literature, one file each.

A recipe makes its neuron when called; parameters left out have the values of the publication.

    cofire.neurons.names()               every name
    cofire.neurons.lif(tau=20*ms)        the neuron, for `net.cells`
    cofire.neurons.get("lif")            its recipe: equations, parameters, source, summary
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cofire.errors import ParameterError, did_you_mean, shown
from cofire.neuron import Neuron
from cofire.neurons._recipe import Parameter, Recipe
from cofire.neurons.adex import adex
from cofire.neurons.izhikevich import izhikevich
from cofire.neurons.lif import lif
from cofire.neurons.lif_adaptive import lif_adaptive
from cofire.neurons.lif_alpha import lif_alpha
from cofire.neurons.lif_conductance import lif_conductance
from cofire.neurons.lif_conductance_alpha import lif_conductance_alpha
from cofire.neurons.quadratic import quadratic
from cofire.neurons.threshold_linear import threshold_linear

__all__ = [
    "Parameter",
    "Recipe",
    "adex",
    "get",
    "izhikevich",
    "lif",
    "lif_adaptive",
    "lif_alpha",
    "lif_conductance",
    "lif_conductance_alpha",
    "names",
    "quadratic",
    "threshold_linear",
]

_CATALOGUE = {name: found for name, found in sorted(globals().items()) if isinstance(found, Recipe)}


def names() -> list[str]:
    """The names of all neurons, sorted."""
    return list(_CATALOGUE)


def get(name: str) -> Recipe:
    """The recipe of that name. Raises: `ParameterError`, with the nearest name."""
    try:
        return _CATALOGUE[name]
    except (KeyError, TypeError):
        mend = did_you_mean(str(name), _CATALOGUE) or "; cofire.neurons.names() lists them"
        raise ParameterError(f"{name!r} is not a neuron of the catalogue{mend}") from None


def as_neuron(value: object) -> Neuron:
    """`value`, if it is a neuron. Raises: `ParameterError`, with the brackets that a recipe lacks."""
    if isinstance(value, Neuron):
        return value
    name = value.name if isinstance(value, Recipe) else value
    if isinstance(name, str) and name in _CATALOGUE:
        raise ParameterError(f"neuron = {shown(value)} is refused: call the recipe, cofire.neurons.{name}()")
    raise ParameterError(f"neuron = {shown(value)} is not a cofire.Neuron, such as cofire.neurons.lif()")


if not TYPE_CHECKING:  # a type checker that saw it would take every misspelt name for a neuron

    def __getattr__(name: str) -> Recipe:
        raise AttributeError(f"module 'cofire.neurons' has no neuron {name!r}{did_you_mean(name, _CATALOGUE)}")
