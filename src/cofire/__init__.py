"""cofire: write a Hebbian learning rule as an equation, and run it everywhere.

    rule = cofire.Rule("Δw = η × x × y", η=0.1)
    w, state = rule.step(w, pre=x, post=y)

`cofire.rules` is the literature's catalogue, `cofire.units` has ms, Hz, mV ..., `cofire.language` tells how rules are
written, `cofire.store` has the runs that were kept. Nothing heavy is imported before it is used.
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
    ExperimentError,
    LanguageError,
    ParameterError,
    StoreError,
)
from cofire.neuron import Neuron
from cofire.rule import Rule

if TYPE_CHECKING:
    from cofire import data as data
    from cofire import experiments as experiments
    from cofire import language as language
    from cofire import neurons as neurons
    from cofire import protocols as protocols
    from cofire import rules as rules
    from cofire import store as store
    from cofire import units as units

__version__ = "0.1.0"

__all__ = [
    "ArrayError",
    "CofireError",
    "DataError",
    "DimensionError",
    "DivergenceError",
    "ExperimentError",
    "LanguageError",
    "Neuron",
    "ParameterError",
    "Rule",
    "StoreError",
    "data",
    "experiments",
    "language",
    "neurons",
    "protocols",
    "rules",
    "store",
    "units",
]

_LATE = frozenset({"data", "experiments", "network", "neurons", "protocols", "rules", "store"})

_NETWORK = frozenset(
    {
        *("Network", "uniform", "normal", "lognormal"),
        *("all_to_all", "one_to_one", "fixed_probability", "fixed_in_degree"),
        *("from_pairs", "from_matrix", "by_distance"),
    }
)


def __getattr__(name: str) -> Any:
    if name in _LATE:
        return import_module(f"cofire.{name}")
    if name in _NETWORK:
        return getattr(import_module("cofire.network"), name)
    raise AttributeError(f"module 'cofire' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted((*__all__, *_NETWORK))
