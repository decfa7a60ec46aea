"""cofire: write a Hebbian learning rule as an equation, and run it everywhere.

    rule = cofire.Rule("Δw = η × x × y", η=0.1)
    w, state = rule.step(w, pre=x, post=y)                  arrays of rates

    net = cofire.Network(dt=0.1*ms)                         spiking cells

`cofire.rules` is the literature's catalogue of rules, `cofire.neurons` that of cells, `cofire.units` has ms, Hz, mV ...
and `cofire.language` tells how rules are written. Beside them stand `cofire.estimators`, `cofire.memory`,
`cofire.protocols`, `cofire.experiments`, `cofire.store` with the runs that were kept, and `cofire.torch` where torch is
installed. Nothing heavy is imported before it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from cofire.errors import (
    ArrayError,
    CofireError,
    DataError,
    DimensionError,
    DivergenceError,
    EmptyMemoryError,
    ExperimentError,
    LanguageError,
    ParameterError,
    did_you_mean,
)
from cofire.neuron import Neuron
from cofire.rule import Rule

if TYPE_CHECKING:
    from cofire import data as data
    from cofire import estimators as estimators
    from cofire import experiments as experiments
    from cofire import language as language
    from cofire import memory as memory
    from cofire import network as network
    from cofire import neurons as neurons
    from cofire import protocols as protocols
    from cofire import rules as rules
    from cofire import store as store
    from cofire import torch as torch
    from cofire import units as units
    from cofire.network import (
        Network,
        all_to_all,
        by_distance,
        fixed_in_degree,
        fixed_probability,
        from_matrix,
        from_pairs,
        lognormal,
        normal,
        one_to_one,
        uniform,
    )

__version__ = "0.1.0"

__all__ = [
    "ArrayError",
    "CofireError",
    "DataError",
    "DimensionError",
    "DivergenceError",
    "EmptyMemoryError",
    "ExperimentError",
    "LanguageError",
    "Network",
    "Neuron",
    "ParameterError",
    "Rule",
    "all_to_all",
    "by_distance",
    "data",
    "estimators",
    "experiments",
    "fixed_in_degree",
    "fixed_probability",
    "from_matrix",
    "from_pairs",
    "language",
    "lognormal",
    "memory",
    "neurons",
    "normal",
    "one_to_one",
    "protocols",
    "rules",
    "store",
    "uniform",
    "units",
]

_LATE = frozenset({"data", "estimators", "experiments", "memory", "neurons", "protocols", "rules", "store"})
_LATE |= {"network", "torch"}  # not listed: the one has its names below, the other needs torch
_OF_NETWORK = frozenset(
    {
        *("Network", "uniform", "normal", "lognormal"),
        *("all_to_all", "one_to_one", "fixed_probability", "fixed_in_degree"),
        *("from_pairs", "from_matrix", "by_distance"),
    }
)


if not TYPE_CHECKING:  # a type checker that saw it would take every misspelt name for one of ours

    def __getattr__(name: str) -> Any:
        if name in _LATE:
            return import_module(f"cofire.{name}")
        if name in _OF_NETWORK:
            return getattr(import_module("cofire.network"), name)
        raise AttributeError(f"module 'cofire' has no attribute {name!r}{did_you_mean(name, __all__)}")


def __dir__() -> list[str]:
    return sorted(__all__)
