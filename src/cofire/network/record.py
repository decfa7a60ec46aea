"""What a run kept: `record[cells.spikes]`, `record[cells.v]`, `record[synapses.weight]`, and the figures of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from cofire.errors import ParameterError, shown
from cofire.network.recorders import Recorder, Variable, VariableRecorder, Weight, WeightRecorder

if TYPE_CHECKING:
    from cofire.network.plot import Plot

Array = np.ndarray


@dataclass(frozen=True, eq=False, repr=False)
class Spikes:
    """Spikes in the order of time: `cells[spike]`, `steps[spike]`; `size`: of the population; `begin`, `end`: in s."""

    label: str
    cells: Array
    steps: Array
    dt: float
    size: int
    begin: float
    end: float

    def __repr__(self) -> str:
        return f"<{self.label}: {len(self)} spikes of {self.size} cells, {self.begin:g} to {self.end:g} s>"

    @property
    def times(self) -> Array:
        """`[spike]`, in seconds."""
        return self.steps * self.dt

    def __len__(self) -> int:
        return len(self.cells)

    def of(self, cell: int) -> Array:
        """The times of one cell's spikes, in seconds."""
        return self.times[self.cells == cell]

    def rates(self) -> Array:
        """The mean rate of each cell over the run, `[cell]`, in Hz."""
        return np.bincount(self.cells, minlength=self.size) / max(self.end - self.begin, self.dt)

    def to_xarray(self) -> Any:
        """An `xarray.DataArray` of the cells, along the time of the spikes. Raises: `ParameterError` without xarray."""
        return _wanted("xarray").DataArray(
            self.cells, dims=["spike"], coords={"time": ("spike", self.times)}, name=self.label
        )

    def to_neo(self) -> Any:
        """A list of `neo.SpikeTrain`, one a cell. Raises: `ParameterError` without neo."""
        neo = _wanted("neo")
        trains = np.split(
            self.times[np.argsort(self.cells, kind="stable")],
            np.cumsum(np.bincount(self.cells, minlength=self.size))[:-1],
        )
        return [neo.SpikeTrain(train, units="s", t_start=self.begin, t_stop=max(self.end, self.dt)) for train in trains]


@dataclass(frozen=True, eq=False, repr=False)
class Samples:
    """Values at intervals: `values[time, column]`; `columns`: cells, synapses, or names of a summary."""

    label: str
    times: Array
    values: Array
    columns: tuple[Any, ...]
    unit: str

    def __repr__(self) -> str:
        unit = f" {self.unit}" if self.unit not in ("", "1") else ""
        shape = f"values[{len(self.times)} times, {len(self.columns)} columns]{unit}"
        between = f", {self.times[0]:g} to {self.times[-1]:g} s" if len(self.times) else ""
        return f"<{self.label}: {shape}{between}>"

    def __len__(self) -> int:
        return len(self.times)

    def to_xarray(self) -> Any:
        """An `xarray.DataArray` [time, column]. Raises: `ParameterError` without xarray."""
        coordinates = {"time": self.times, "column": list(self.columns)}
        return _wanted("xarray").DataArray(
            self.values, dims=["time", "column"], coords=coordinates, name=self.label, attrs={"units": self.unit}
        )

    def to_neo(self) -> Any:
        """A `neo.IrregularlySampledSignal`. Raises: `ParameterError` without neo."""
        return _wanted("neo").IrregularlySampledSignal(
            self.times, self.values, units=self.unit or "dimensionless", time_units="s", name=self.label
        )


class Record(Mapping[Recorder, Any]):
    """What was recorded: `record[cells.spikes]`, `record[cells.v]`, `record[synapses.weight]`.

    A variable that was recorded twice is found by the recorder that asked for it, `record[cells.v.every(1*ms)]`; names
    do as well, `record["cells.v"]`. `begin`, `end`: of the run, in seconds. `stopped`: why it ended before its time,
    or None. For other programs each has `to_xarray()` and `to_neo()`: `record[cells.v].to_xarray()`.
    """

    def __init__(self, found: Mapping[Recorder, Any], begin: float, end: float, stopped: str | None = None) -> None:
        self._found, self.begin, self.end, self.stopped = dict(found), begin, end, stopped

    def __getitem__(self, key: Any) -> Any:
        found = [value for recorder, value in self._found.items() if _is_meant(recorder, key)]
        if len(found) == 1:
            return found[0]
        name = key if isinstance(key, str) else getattr(key, "label", None) or shown(key)
        if found:
            raise ParameterError(f"{name} was recorded {len(found)} times: say which, such as {name}.every(1*ms)")
        there = ", ".join(r.label for r in self._found) or "no records"
        raise KeyError(f"{name} was not recorded; there are {there}")

    def __iter__(self) -> Iterator[Recorder]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __repr__(self) -> str:
        kept = ", ".join(r.label for r in self._found) or "nothing"
        return f"<Record of {self.begin:g} to {self.end:g} s: {kept}>"

    @cached_property
    def plot(self) -> Plot:
        """Figures: `.raster()`, `.weights()`, `.traces()`."""
        from cofire.network.plot import Plot

        return Plot(self)


def _is_meant(recorder: Recorder, key: Any) -> bool:
    """Whether `key` asks for what the recorder kept: a name, a variable, the weights, or a recorder of the same."""
    match key:
        case str():
            return recorder.label == key
        case Variable(cells, name):
            return isinstance(recorder, VariableRecorder) and (recorder.cells, recorder.variable) == (cells, name)
        case Weight(projection, name):
            return isinstance(recorder, WeightRecorder) and (recorder.projection, recorder.name) == (projection, name)
    return same(recorder, key)


def same(a: Any, b: Any) -> bool:
    """Whether two recorders ask for the same; `cells.spikes` makes a new one each time."""
    if type(a) is not type(b):
        return False
    return all(
        x is y or (not hasattr(x, "made") and x == y) for x, y in zip(vars(a).values(), vars(b).values(), strict=True)
    )


def _wanted(name: str) -> Any:
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError:
        raise ParameterError(f"this needs {name}, which is not installed: pip install {name}") from None
