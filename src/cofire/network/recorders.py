"""What to keep of a run: `record=[cells.spikes, cells.v.every(1*ms), synapses.weight.every(1*second)]`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cofire.errors import ParameterError
from cofire.units import DIMENSIONLESS, Dimension, Quantity

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

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "population":
            raise AttributeError(name)
        mend = "record=[cells.spikes] makes a run keep every spike, and record[cells.spikes] has them"
        raise AttributeError(f"{self.label} has no attribute {name!r}; {mend}")


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
    """Weights of a projection, or a variable of its synapses, at intervals: all, those `of` a list, or a `summary`."""

    projection: Projection
    every: Quantity
    of: tuple[int, ...] | None = None
    summary: bool = False
    name: str = "weight"

    @property
    def label(self) -> str:
        return f"{self.projection.name}.{self.name}"


Recorder = SpikeRecorder | RateRecorder | VariableRecorder | WeightRecorder


class Values:
    """Present values that NumPy reads as an array: `np.asarray(cells.v)`, `np.mean(synapses.weight)`."""

    label: str
    values: Array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return self.values if dtype is None else self.values.astype(dtype)

    def __getattr__(self, name: str) -> Any:
        mend = f"; the numbers are an array, {self.label}.values" if hasattr(np.ndarray, name) else ""
        raise AttributeError(f"{self.label} has no attribute {name!r}{mend}")

    def _told(self, unit: Dimension | None) -> str:
        found, shown = self.values, "" if unit in (None, DIMENSIONLESS) else f" {unit}"
        if not found.size:
            return "no values"
        spread = f"{found.min():.4g} to {found.max():.4g}{shown}, mean {found.mean():.4g}{shown}"
        return f"{found.size} value{'s' * (found.size > 1)}, {spread}"


@dataclass(frozen=True, eq=False, repr=False)
class Variable(Values):
    """A variable of a population: `cells.v`. Its present values are `cells.v.values`."""

    cells: Cells
    name: str

    @property
    def label(self) -> str:  # type: ignore[override]
        return f"{self.cells.name}.{self.name}"

    @property
    def values(self) -> Array:  # type: ignore[override]
        """`[cell]`, in SI units; a copy."""
        return self.cells.table[self.cells.rows.index(self.name)].copy()

    def __repr__(self) -> str:
        return f"<{self.label}: {self._told(self.cells.unit(self.name))}; .values has them all>"

    def every(self, interval: Quantity, *, of: Any = None) -> VariableRecorder:
        """To be recorded at intervals, of all cells or those `of` the list."""
        return VariableRecorder(self.cells, self.name, interval, _listed(of, self.cells.size, "cells"))


@dataclass(frozen=True, eq=False, repr=False)
class Weight(Values):
    """The weights of a projection, `synapses.weight`, or a variable of its rule, one a synapse: `synapses.e`."""

    projection: Projection
    name: str = "weight"

    @property
    def label(self) -> str:  # type: ignore[override]
        return f"{self.projection.name}.{self.name}"

    @property
    def values(self) -> Array:  # type: ignore[override]
        """`[synapse]`, in the order in which the synapses were given, in SI units; a copy."""
        synapses = self.projection
        if synapses.same:
            return np.full(synapses.size, synapses.stored[0])
        return synapses.rows.listed(synapses.net.settled(synapses, self.name))

    def matrix(self) -> Array:
        """`[post, pre]`; NaN where there is no synapse, the sum where there are several."""
        pre, post = self.projection.pairs()
        shape = self.projection.target.size, self.projection.source.size
        total, count = np.zeros(shape), np.zeros(shape)
        np.add.at(total, (post, pre), self.values)
        np.add.at(count, (post, pre), 1)
        return np.where(count > 0, total, np.nan)

    def __repr__(self) -> str:
        return f"<{self.label}: {self._told(self.unit)}; .values has them all, .matrix() as [post, pre]>"

    @property
    def unit(self) -> Dimension | None:
        """Of a weight, that of what it is added to; of a variable it is not known."""
        return self.projection.target.unit(self.projection.onto) if self.name == "weight" else None

    def every(self, interval: Quantity, *, of: Any = None, summary: bool = False) -> WeightRecorder:
        """To be recorded at intervals: of all synapses, those `of` the list, or a summary of all."""
        if summary and of is not None:
            raise ParameterError("a summary is of all weights: give summary=True or of=[...], not both")
        listed = _listed(of, self.projection.size, "synapses")
        return WeightRecorder(self.projection, interval, listed, summary, self.name)


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
