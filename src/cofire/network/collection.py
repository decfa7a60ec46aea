"""What a run keeps as it goes, slice by slice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cofire.errors import ParameterError
from cofire.network.populations import Cells, steps_of
from cofire.network.record import Record, Samples, Spikes, same
from cofire.network.recorders import (
    RateRecorder,
    Recorder,
    SpikeRecorder,
    Variable,
    VariableRecorder,
    Weight,
    WeightRecorder,
)

if TYPE_CHECKING:
    from cofire.network.engine import Engine
    from cofire.network.network import Network

Array = np.ndarray
SUMMARY = ("mean", "sd", "least", "5 %", "median", "95 %", "most")


class Collection:
    """The records of one run. `intervals`: in steps, of what is looked at between slices."""

    def __init__(self, net: Network, engine: Engine, recorders: tuple[Recorder, ...], begin: int, end: int) -> None:
        self.net, self.engine, self.recorders, self.begin, self.end = net, engine, recorders, begin, end
        self._check()
        self.kept: dict[Recorder, list[tuple[Array, ...]]] = {recorder: [] for recorder in recorders}
        self.every = {
            r: steps_of(f"{r.label}: every", r.every, net.dt) for r in recorders if not isinstance(r, SpikeRecorder)
        }
        net.check_memory("what is recorded", 2.0 * 8.0 * sum(map(self._numbers, self.every)))
        self.intervals = [self.every[r] for r in recorders if isinstance(r, WeightRecorder)]
        heard = {r.population for r in recorders if isinstance(r, SpikeRecorder | RateRecorder)}
        for population in net.populations:
            engine.record_spikes(population, population in heard)
        self.heard = [population for population in net.populations if population in heard]
        self._watches: dict[Cells, list[VariableRecorder]] = {}
        for recorder in recorders:
            if isinstance(recorder, VariableRecorder):
                self._watches.setdefault(recorder.cells, []).append(recorder)
        self._pending: dict[Cells, list[Array]] = {}
        self._weigh(begin)

    def _numbers(self, recorder: RateRecorder | VariableRecorder | WeightRecorder) -> float:
        """How many numbers a recorder keeps at intervals in the whole run."""
        columns = 1
        if isinstance(recorder, VariableRecorder):
            columns = recorder.cells.size if recorder.of is None else len(recorder.of)
        elif isinstance(recorder, WeightRecorder) and not recorder.summary:
            columns = recorder.projection.size if recorder.of is None else len(recorder.of)
        return (self.end - self.begin) / self.every[recorder] * columns

    def _check(self) -> None:
        for recorder in self.recorders:
            if isinstance(recorder, Variable | Weight):
                raise ParameterError(f"{recorder.label} needs an interval to be recorded: .every(1*ms), for example")
            if not isinstance(recorder, Recorder):
                raise ParameterError(
                    f"record holds {recorder!r}, which is no recorder; give cells.spikes, cells.v.every(1*ms) or "
                    "synapses.weight.every(1*second)"
                )
            part = (
                getattr(recorder, "population", None)
                or getattr(recorder, "cells", None)
                or getattr(recorder, "projection", None)
            )
            if part is None or part.net is not self.net:
                raise ParameterError(f"{recorder.label} is of another network")
            if sum(same(recorder, other) for other in self.recorders) > 1:
                raise ParameterError(f"{recorder.label} is recorded twice")

    def prepare(self, begin: int, end: int) -> None:
        """Before a slice: arrays for the variables to be written into."""
        for population in self.net.populations:
            if not isinstance(population, Cells):
                continue
            watches = [
                (r.variable, self.every[r], np.arange(population.size) if r.of is None else np.array(r.of, np.int64))
                for r in self._watches.get(population, [])
            ]
            self._pending[population] = self.engine.watch(population, watches, begin, end)

    def collect(self, begin: int, end: int) -> None:
        """After a slice: takes over what it kept."""
        for population in self.heard:
            steps, cells = self.engine.collected(population)
            for recorder in self.recorders:
                if isinstance(recorder, SpikeRecorder) and recorder.population is population:
                    self.kept[recorder].append((steps, cells))
                elif isinstance(recorder, RateRecorder) and recorder.population is population:
                    bins, each = np.unique(steps // self.every[recorder], return_counts=True)
                    self.kept[recorder].append((bins, each))
        for cells_, recorders in self._watches.items():
            for recorder, values in zip(recorders, self._pending[cells_], strict=True):
                every = self.every[recorder]
                rows = np.arange(-(-begin // every), -(-end // every))
                self.kept[recorder].append((rows * every, values[: len(rows)].copy()))
        self._weigh(end)

    def _weigh(self, step: int) -> None:
        settled: dict[str, Array] = {}
        for recorder in self.recorders:
            if isinstance(recorder, WeightRecorder) and step % self.every[recorder] == 0:
                if recorder.label not in settled:
                    settled[recorder.label] = Weight(recorder.projection, recorder.name).values
                values = settled[recorder.label]
                if recorder.summary and not len(values):
                    row = np.full(len(SUMMARY), np.nan)
                elif recorder.summary:
                    row = np.array([values.mean(), values.std(), *np.percentile(values, [0, 5, 50, 95, 100])])
                else:
                    row = values if recorder.of is None else values[list(recorder.of)]
                self.kept[recorder].append((np.array([step]), row[None]))

    def record(self, stopped: str | None) -> Record:
        """What was kept."""
        dt = self.net.dt
        found = {recorder: self._result(recorder) for recorder in self.recorders}
        return Record(found, self.begin * dt, self.net.step * dt, stopped)

    def _result(self, recorder: Recorder) -> Spikes | Samples:
        dt, pieces = self.net.dt, self.kept[recorder]
        if isinstance(recorder, SpikeRecorder):
            steps = np.concatenate([piece[0] for piece in pieces] or [np.zeros(0, np.int64)])
            cells = np.concatenate([piece[1] for piece in pieces] or [np.zeros(0, np.int32)])
            size = recorder.population.size
            return Spikes(recorder.label, cells, steps, dt, size, self.begin * dt, self.net.step * dt)
        every = self.every[recorder]
        if isinstance(recorder, RateRecorder):
            first, last = self.begin // every, max(-(-self.net.step // every), self.begin // every)
            total = np.zeros(last - first)
            for bins, each in pieces:
                np.add.at(total, bins - first, each)
            starts = np.arange(first, last) * every
            covered = np.minimum(starts + every, self.net.step) - np.maximum(starts, self.begin)
            rates = total / (covered * dt * recorder.population.size)
            return Samples(recorder.label, starts * dt, rates[:, None], ("mean",), "Hz")
        times = np.concatenate([piece[0] for piece in pieces]) * dt if pieces else np.zeros(0)
        if isinstance(recorder, VariableRecorder):
            columns: tuple[int | str, ...] = tuple(range(recorder.cells.size)) if recorder.of is None else recorder.of
            unit = recorder.cells.unit(recorder.variable)
        else:
            projection = recorder.projection
            columns = tuple(range(projection.size)) if recorder.of is None else recorder.of
            columns = SUMMARY if recorder.summary else columns
            unit = Weight(projection, recorder.name).unit
        values = np.concatenate([piece[1] for piece in pieces]) if pieces else np.zeros((0, len(columns)))
        return Samples(recorder.label, times, values, columns, "" if unit is None else str(unit))
