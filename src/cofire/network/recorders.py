"""What to keep of a run: `record=[cells.spikes, cells.v.every(1*ms), synapses.weight.every(1*second)]`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cofire.errors import ParameterError
from cofire.units import Quantity

if TYPE_CHECKING:
    from cofire.network.populations import Cells, Population
    from cofire.network.projections import Projection

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class SpikeRecorder:
    """Every spike of a population."""

    population: Population

    @property
    def label(self) -> str:
        return f"{self.population.name}.spikes"


@dataclass(frozen=True, eq=False)
class RateRecorder:
    """The mean rate of a population, in bins of `every`."""

    population: Population
    every: Quantity

    @property
    def label(self) -> str:
        return f"{self.population.name}.rate"


@dataclass(frozen=True, eq=False)
class VariableRecorder:
    """A variable of all cells, or of those listed, at intervals; as it stands at the beginning of a step."""

    cells: Cells
    variable: str
    every: Quantity
    of: tuple[int, ...] | None = None

    @property
    def label(self) -> str:
        return f"{self.cells.name}.{self.variable}"


@dataclass(frozen=True, eq=False)
class WeightRecorder:
    """The weights of a projection at intervals: all, those `of` a list, or a `summary` of all."""

    projection: Projection
    every: Quantity
    of: tuple[int, ...] | None = None
    summary: bool = False

    @property
    def label(self) -> str:
        return f"{self.projection.name}.weight"


Recorder = SpikeRecorder | RateRecorder | VariableRecorder | WeightRecorder


@dataclass(frozen=True, eq=False)
class Variable:
    """A variable of a population: `cells.v`. Its present values are `cells.v.values`."""

    cells: Cells
    name: str

    @property
    def values(self) -> Array:
        """`[cell]`, in SI units; a copy."""
        return self.cells.values(self.name)

    def every(self, interval: Quantity, *, of: Any = None) -> VariableRecorder:
        """To be recorded at intervals, of all cells or those `of` the list."""
        return VariableRecorder(self.cells, self.name, interval, _listed(of, self.cells.size, "cells"))


@dataclass(frozen=True, eq=False)
class Weight:
    """The weights of a projection: `synapses.weight`."""

    projection: Projection

    @property
    def values(self) -> Array:
        """`[synapse]`, in the order in which the synapses were given, in SI units; a copy."""
        return self.projection.weights()

    def matrix(self) -> Array:
        """`[post, pre]`; NaN where there is no synapse, the sum where there are several."""
        pre, post = self.projection.pairs()
        shape = self.projection.target.size, self.projection.source.size
        total, count = np.zeros(shape), np.zeros(shape)
        np.add.at(total, (post, pre), self.values)
        np.add.at(count, (post, pre), 1)
        return np.where(count > 0, total, np.nan)

    def every(self, interval: Quantity, *, of: Any = None, summary: bool = False) -> WeightRecorder:
        """To be recorded at intervals: all weights, those `of` the synapses listed, or a summary of all."""
        if summary and of is not None:
            raise ParameterError("a summary is of all weights: give summary=True or of=[...], not both")
        return WeightRecorder(self.projection, interval, _listed(of, self.projection.size, "synapses"), summary)


def _listed(of: Any, size: int, what: str) -> tuple[int, ...] | None:
    if of is None:
        return None
    chosen = np.atleast_1d(np.asarray(of))
    if chosen.ndim != 1 or chosen.dtype.kind not in "iu":
        raise ParameterError(f"of = {of!r} is refused: it must be a list of {what} by number")
    wrong = (chosen < 0) | (chosen >= size)
    if wrong.any():
        raise ParameterError(f"of names {what[:-1]} {chosen[wrong][0]}, but there are {what} 0 to {size - 1}")
    return tuple(int(c) for c in chosen)
