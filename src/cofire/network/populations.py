"""Populations: cells that follow equations, Poisson sources, and given spikes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cofire import compiler
from cofire.backends.cells import start
from cofire.constraints import numbers
from cofire.errors import ArrayError, DimensionError, ParameterError, did_you_mean
from cofire.network.attributes import Checked
from cofire.network.draws import Draw
from cofire.network.memory import aligned
from cofire.network.recorders import RateRecorder, SpikeRecorder, Variable
from cofire.neuron import Neuron
from cofire.units import DIMENSIONLESS, FREQUENCY, TIME, Quantity

if TYPE_CHECKING:
    from cofire.network.network import Network

Array = np.ndarray
LATEST = 2.0**62  # steps


class Population(Checked):
    """Cells that fire. `name`, `size`; `made`: where the user made it."""

    stays = frozenset({"made", "name", "net", "size"})
    __slots__ = ("made", "name", "net", "size")
    kind = ""

    def __init__(self, net: Network, name: str, size: int, made: str) -> None:
        self.net, self.name, self.size, self.made = net, name, size, made

    @property
    def spikes(self) -> SpikeRecorder:
        """To be recorded: every spike."""
        return SpikeRecorder(self)

    def rate(self, every: Quantity) -> RateRecorder:
        """To be recorded: the mean rate in bins of `every`."""
        return RateRecorder(self, every)

    def __len__(self) -> int:
        return self.size

    def __repr__(self) -> str:
        return f"<{self.name}: {self.size} {self.kind}, made at {self.made}>"


class Cells(Population):
    """Cells that follow the equations of a neuron.

    A variable such as v is `cells.v`, or `cells["v"]`; `cells.v = ...` or `cells.set(v=...)` gives it a value.
    `table[row, cell]`: the variables, then the parameters that vary over cells, by the names `rows`. `rate_row`: the
    row that is their rate, if they are rate cells and do not fire; else None. `free_from[cell]`: the first step in
    which it is not refractory.
    """

    stays = Population.stays | {"neuron", "plan", "rate_row", "rows", "table"}
    __slots__ = ("free_from", "neuron", "plan", "rate_row", "rows", "table")
    kind = "cells"

    def __init__(self, net: Network, name: str, size: int, made: str, neuron: Neuron) -> None:
        super().__init__(net, name, size, made)
        self.neuron = neuron
        self.plan = compiler.lower_neuron(neuron)
        self.rows = (*self.plan.variables, *neuron.varying)
        self.rate_row = None if neuron.rate is None else self.rows.index(neuron.rate)
        net.check_memory(name, 2.0 * 8.0 * len(self.rows) * size)
        self.free_from = aligned(np.zeros(size, dtype=np.int64))
        self.table = aligned(start(neuron, self.plan, size))

    @property
    def spikes(self) -> SpikeRecorder:
        """To be recorded: every spike. Raises: `ParameterError` for rate cells."""
        self._check_fires()
        return super().spikes

    def rate(self, every: Quantity) -> RateRecorder:
        """To be recorded: the mean rate in bins of `every`. Raises: `ParameterError` for rate cells."""
        self._check_fires()
        return super().rate(every)

    def _check_fires(self) -> None:
        if self.neuron.rate is not None:
            mend = f"record {self.name}.{self.neuron.rate}.every(...)"
            raise ParameterError(f"{self.name} are rate cells, which have no spikes; {mend}")

    def __getattr__(self, name: str) -> Variable:
        if name in type(self).__slots__ or name in Population.__slots__:
            raise AttributeError(name)  # not made yet
        try:
            return self[name]
        except ParameterError as error:
            near = (
                "" if "did you mean" in str(error) else did_you_mean(name, ["spikes", "rate", "set", "neuron", "size"])
            )
            raise AttributeError(f"{error}{near}") from None

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.rows]

    def __getitem__(self, name: str) -> Variable:
        self._check_has(name)
        return Variable(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if hasattr(type(self), name):
            super().__setattr__(name, value)
        else:
            self.set(**{name: value})

    def _check_has(self, name: str) -> None:
        if name in self.neuron.parameters and name not in self.rows:
            raise ParameterError(
                f"{self.name}.{name} is one number for all cells, {self.neuron.parameters[name]}: make the neuron with "
                "another, or with an array of one for each cell, which can then be set"
            )
        if name not in self.rows:
            raise ParameterError(
                f"{self.name} has no variable {name!r}; it has {', '.join(self.rows)}{did_you_mean(name, self.rows)}"
            )

    def set(self, **values: Any) -> None:
        """Gives variables, or parameters that differ from cell to cell, new values: numbers, arrays `[cell]`, or draws.

        Raises: `ParameterError`, `ArrayError`, `DimensionError`.
        """
        for name, value in values.items():
            self._check_has(name)
            rng = self.net.generator(f"{self.name}.{name}")
            self.table[self.rows.index(name)] = cell_values(
                f"{self.name}.{name}", value, self.size, rng, self.unit(name)
            )
        if values.keys() & set(self.neuron.varying):
            self.net.hand_over(self)

    def unit(self, name: str) -> Any:
        """The dimension of a variable or parameter, or None where the equations leave it open."""
        return self.neuron.dimension(name)


class Poisson(Population):
    """Sources that fire at random with given rates; `set` gives them others between two runs.

    `most[row]`: the highest probability of firing in a step, `share[row, cell]`: the probability of each as a share of
    it, empty where all are alike; a row lasts for `every` steps, the last for ever.
    """

    __slots__ = ("every", "most", "share")
    kind = "Poisson sources"

    def __init__(self, net: Network, name: str, size: int, made: str, rate: Any, every: int | None) -> None:
        super().__init__(net, name, size, made)
        self._take(rate, every)

    def set(self, rate: Any) -> None:
        """Other rates from now on: one, or one for each source, in Hz. Nothing is compiled anew.

        Raises: `ParameterError`, `ArrayError`, `DimensionError`; then the rates stay as they were.
        """
        if np.ndim(rate) > 1:
            raise ArrayError(f"{self.name}: rate has shape {np.shape(rate)}; give one number, or one for each source")
        self._take(rate, None)
        self.net.hand_over(self)

    def _take(self, rate: Any, every: int | None) -> None:
        name, size, net = self.name, self.size, self.net
        rates = numbers(f"{name}: rate", rate, FREQUENCY)
        if rates.ndim > 2 or (rates.ndim == 2) != (every is not None):
            raise ArrayError(
                f"{name}: rate has shape {rates.shape}; give one number, one for each cell, or an array [time, cell] "
                "with every= the time that a row lasts"
            )
        if rates.ndim and rates.shape[-1] != size:
            raise ArrayError(f"{name}: rate has shape {rates.shape}; expected one for each of {size} sources")
        chance = rates * net.dt
        wrong = ~((chance >= 0.0) & (chance <= 1.0))
        if wrong.any():
            value = rates[wrong].flat[0]
            raise ParameterError(
                f"{name}: a rate of {value:g} Hz is refused: a source fires at most once in a step of {net.dt:g} s, so "
                f"rates lie between 0 and {1.0 / net.dt:g} Hz"
            )
        table = np.atleast_2d(chance) if chance.ndim else chance[None, None]
        self.most = table.max(axis=1)
        alike = table.shape[1] == 1 or bool((table == table[:, :1]).all())
        safe = np.where(self.most > 0, self.most, 1.0)[:, None]
        self.share = np.zeros((len(table), 0)) if alike else np.ascontiguousarray(table / safe)
        self.every = every or 1 << 62


class SpikeList(Population):
    """Cells whose spikes are given: `cells`, `steps`, in the order of the steps. `set(cells, times)` gives others."""

    __slots__ = ("cells", "steps")
    kind = "cells with given spikes"

    def __init__(self, net: Network, name: str, size: int, made: str, cells: Any, times: Any) -> None:
        super().__init__(net, name, size, made)
        self.set(cells, times)

    def set(self, cells: Any, times: Any) -> None:
        """Gives other spikes from now on, so that long ones can come in parts; those of the past have been.

        `cells[spike]`, `times[spike]`: as for `Network.spikes`, from the beginning of the first run. Raises:
        `ArrayError`, `DimensionError`.
        """
        name, net = self.name, self.net
        try:
            who, when = np.asarray(cells), np.asarray(times)
        except ValueError as error:
            raise ArrayError(f"{name}: cells or times cannot be read as one list each: {error}") from None
        if when.dtype.kind == "O":  # quantities
            when = numbers(f"{name}: times", times, TIME)
        are_numbers = not who.size or (who.dtype.kind in "iu" and when.dtype.kind in "iuf")
        if who.ndim != 1 or who.shape != when.shape or not are_numbers:
            raise ArrayError(
                f"{name}: cells has shape {who.shape}, {who.dtype}, and times {when.shape}, {when.dtype}; both are "
                "lists, one entry a spike, cells whole numbers, and times numbers"
            )
        outside = (who < 0) | (who >= self.size)
        if outside.any():
            place = int(np.argmax(outside))
            raise ArrayError(f"{name}: spike {place} is of cell {who[place]}, but there are cells 0 to {self.size - 1}")
        if when.dtype.kind in "iu":
            steps = when.astype(np.int64)
        else:
            seconds = when.astype(np.float64)
            if not np.isfinite(seconds).all():
                raise ArrayError(f"{name}: times holds values that are NaN or infinite")
            late = seconds > LATEST * net.dt
            if late.any():
                place = int(np.argmax(late))
                raise ArrayError(
                    f"{name}: spike {place} is at {seconds[place]:g} s, later than any run; numbers are seconds"
                )
            steps = np.rint(seconds / net.dt).astype(np.int64)
        if (steps < 0).any():
            place = int(np.argmax(steps < 0))
            raise ArrayError(f"{name}: spike {place} is at a time before 0")
        who = who.astype(np.int32)
        if not _is_in_order(who, steps):
            order = np.lexsort((who, steps))
            who, steps = who[order], steps[order]
        twice = (np.diff(steps) == 0) & (np.diff(who) == 0)
        if twice.any():
            place = int(np.argmax(twice))
            raise ArrayError(
                f"{name}: cell {who[place]} fires twice in step {steps[place]}, at "
                f"{steps[place] * net.dt:g} s; choose a smaller dt, or keep one of the spikes"
            )
        self.cells, self.steps = who, steps
        net.hand_over(self)


def _is_in_order(cells: Array, steps: Array) -> bool:
    """By time, then by cell: checked, as sorting millions of spikes takes longer than to run them."""
    later = np.diff(steps)
    return bool(((later > 0) | ((later == 0) & (np.diff(cells) >= 0))).all())


def cell_values(name: str, value: Any, size: int, rng: np.random.Generator, unit: Any = None) -> Array:
    """`[size]` numbers in SI units from one number, an array, a list or a draw. Raises: `CofireError`."""
    if isinstance(value, Draw):
        if unit is not None and (value.dimension or DIMENSIONLESS) != unit:
            raise DimensionError(f"{name} is in {unit}, but {value!r} is in {value.dimension or DIMENSIONLESS}")
        return value.values(size, rng)
    found = numbers(name, value, unit)
    if found.shape not in ((), (size,)):
        raise ArrayError(f"{name} has shape {found.shape}; expected {size} numbers, or one")
    wrong = ~np.isfinite(found)
    if not found.ndim and wrong:
        raise ParameterError(f"{name} = {value!r} is not finite")
    if wrong.any():
        raise ArrayError(f"{name} has {wrong.sum()} value(s) that are NaN or infinite, first at {int(wrong.argmax())}")
    return np.broadcast_to(found, (size,)).copy()


def steps_of(name: str, time: Any, dt: float, *, least: int = 1) -> int:
    """A time as whole steps. Raises: `ParameterError` if it is not a multiple of dt, or less than `least` steps."""
    if not isinstance(time, Quantity) or time.dimension != TIME:
        raise ParameterError(f"{name} = {time!r} is refused: it must be a time, such as 1*ms")
    steps = time.value / dt
    if not np.isfinite(steps) or abs(steps - round(steps)) > 1e-6 * max(1.0, abs(steps)) ** 0.5:
        raise ParameterError(f"{name} = {time!r} is not a whole number of steps of dt = {dt * 1e3:g} ms")
    if round(steps) < least:
        raise ParameterError(
            f"{name} = {time!r} is refused: it must be at least {least * dt * 1e3:g} ms, {least} step(s)"
        )
    return round(steps)
