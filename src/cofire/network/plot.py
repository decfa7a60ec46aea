"""Figures of a record; matplotlib is imported when the first is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cofire.constraints import numbers
from cofire.errors import ParameterError
from cofire.network.record import Record, Samples, Spikes
from cofire.network.recorders import RateRecorder, VariableRecorder, WeightRecorder
from cofire.units import TIME, Quantity

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAX_LINES = 20
MAX_NAMED = 8  # more names would cover the lines


class Plot:
    """The figures of one record. Each method returns a matplotlib figure."""

    def __init__(self, record: Record) -> None:
        self.record = record

    def __repr__(self) -> str:
        return f"<figures of {self.record!r}: .raster(), .weights(), .traces()>"

    def raster(self, begin: Quantity | None = None, end: Quantity | None = None) -> Figure:
        """A dot for each spike between the times `begin` and `end`, one panel a population."""
        found = [value for value in self.record.values() if isinstance(value, Spikes)]
        figure, axes = _panels(found, "raster", "cells.spikes")
        for spikes, axis in zip(found, axes, strict=True):
            low = spikes.begin if begin is None else float(numbers("begin", begin, TIME))
            high = spikes.end if end is None else float(numbers("end", end, TIME))
            if not low <= high:
                raise ParameterError(f"there is no time between begin = {low:g} s and end = {high:g} s")
            shown = (spikes.times >= low) & (spikes.times <= high)
            axis.plot(spikes.times[shown], spikes.cells[shown], "|", color="black", markersize=3, markeredgewidth=0.6)
            axis.set(title=spikes.label, ylabel="cell", xlim=(low, high), ylim=(-0.5, spikes.size - 0.5))
            axis.yaxis.get_major_locator().set_params(integer=True)
        axes[-1].set_xlabel("time [s]")
        return figure

    def weights(self) -> Figure:
        """The distribution of weights and variables of synapses at the end, and their course."""
        found = self._samples(WeightRecorder)
        figure, axes = _panels(found, "weights", "synapses.weight.every(1*second)", columns=2)
        for samples, (course, last) in zip(found, axes, strict=True):
            _lines(course, samples, "synapse")
            if not samples.columns or isinstance(samples.columns[0], str):
                last.axis("off")
            else:
                last.hist(samples.values[-1], bins=40, color="tab:blue")
                last.set(
                    title=f"at {samples.times[-1]:g} s", xlabel=f"{samples.label}{_in(samples.unit)}", ylabel="synapses"
                )
        axes[-1, 0].set_xlabel("time [s]")
        return figure

    def traces(self) -> Figure:
        """Every variable and rate over time."""
        found = self._samples(VariableRecorder, RateRecorder)
        figure, axes = _panels(found, "traces", "cells.v.every(1*ms)")
        for samples, axis in zip(found, axes, strict=True):
            _lines(axis, samples, "cell")
        axes[-1].set_xlabel("time [s]")
        return figure

    def _samples(self, *kinds: type) -> list[Samples]:
        return [value for recorder, value in self.record.items() if isinstance(recorder, kinds)]


def _panels(found: list[Any], what: str, example: str, columns: int = 1) -> tuple[Any, Any]:
    if not found:
        raise ParameterError(f"nothing was recorded for .{what}(): give record=[{example}] to run")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.5 * columns + 2.0, 2.2 * len(found) + 0.6), layout="constrained")
    axes = figure.subplots(len(found), columns, squeeze=False)
    return figure, axes[:, 0] if columns == 1 else axes


def _lines(axis: Any, samples: Samples, each: str) -> None:
    """The course of each column, or of the middle and the spread of many."""
    values, times = samples.values, samples.times
    if values.shape[1] <= MAX_LINES:
        for column, line in zip(samples.columns, values.T, strict=True):
            axis.plot(times, line, linewidth=0.9, label=column if isinstance(column, str) else f"{each} {column}")
        if 1 < values.shape[1] <= MAX_NAMED:
            axis.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1.0, 1.0))
    else:
        low, middle, high = np.percentile(values, [10, 50, 90], axis=1)
        axis.fill_between(times, low, high, alpha=0.3, linewidth=0, label="10 to 90 %")
        axis.plot(times, middle, label="median")
        axis.legend(fontsize="small")
    axis.set(title=samples.label, ylabel=f"{samples.label.rpartition('.')[2]}{_in(samples.unit)}")


def _in(unit: str) -> str:
    return f" [{unit}]" if unit not in ("", "1") else ""
