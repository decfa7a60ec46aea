"""The network: populations, projections between them, and running it."""

from __future__ import annotations

import hashlib
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from cofire.constraints import NONNEGATIVE, POSITIVE, check
from cofire.errors import ArrayError, DimensionError, ParameterError, shown
from cofire.files import check_place
from cofire.network.attributes import Checked
from cofire.network.collection import Collection
from cofire.network.connectors import Connector
from cofire.network.engine import Engine
from cofire.network.memory import free_memory, shares
from cofire.network.populations import Cells, Poisson, Population, SpikeList, steps_of
from cofire.network.projections import Projection
from cofire.network.record import Record
from cofire.network.recorders import Recorder
from cofire.network.run import Run
from cofire.network.signals import Drive, Modulator, plain
from cofire.neuron import Neuron
from cofire.neurons import as_neuron
from cofire.rules import as_rule
from cofire.units import DIMENSIONLESS, FREQUENCY, TIME, Quantity, dimension_of

Array = np.ndarray
MOST_EVENTS = 1000.0  # of a drive onto one cell in a step, each of which is drawn
SAVE_EVERY = 10.0  # seconds between two checkpoints, unless given


class Network(Checked):
    """Populations of cells and the synapses between them.

        net = cofire.Network(dt=0.1*ms, seed=1)
        inputs = net.poisson(1000, rate=15*Hz)
        cell = net.cells(1, cofire.neurons.lif_conductance())
        synapses = net.connect(inputs, cell, cofire.all_to_all(), weight=cofire.uniform(0, 0.01), rule=...)
        record = net.run(100*second, record=[cell.spikes, synapses.weight.every(1*second)])

    `dt`: the length of a step. `seed`: of everything random. `threads`: 1 unless given; results are the same to the
    last bit for any number.

    In each step spikes arrive and act with the weights as they are before they learn; cells move on by dt and may fire;
    a spike of step n arrives in step n + delay. Raises: `CofireError` for what cannot be, before anything runs.
    """

    stays = frozenset({"dt", "seed", "threads"})
    others: ClassVar[dict[str, str]] = {"t": "now", "time": "now"}
    __slots__ = (
        *("_asked", "_engine", "_runs", "drives", "dt", "flag", "modulators", "populations", "projections"),
        *("seed", "step", "threads"),
    )

    def __init__(self, *, dt: Quantity, seed: int = 0, threads: int = 1) -> None:
        if not isinstance(dt, Quantity) or dt.dimension != TIME:
            raise ParameterError(f"dt = {shown(dt)} is refused: it must be a time, such as 0.1*ms")
        self.dt = check("dt", dt, POSITIVE)
        if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
            raise ParameterError(f"seed = {shown(seed)} is refused: it must be a whole number, at least 0")
        if isinstance(threads, bool) or not isinstance(threads, int | np.integer) or not 1 <= threads <= 64:
            raise ParameterError(f"threads = {shown(threads)} is refused: it must be a whole number from 1 to 64")
        self.seed, self.threads = int(seed), int(threads) if hasattr(os, "sched_yield") else 1
        self.step = 0
        self.populations: list[Population] = []
        self.projections: list[Projection] = []
        self.drives: list[Drive] = []
        self.modulators: dict[str, Modulator] = {}
        self.flag = np.ones(1, dtype=np.bool_)
        self._asked: Counter[str] = Counter()  # how often random numbers were asked for, by what
        self._engine: Engine | None = None
        self._runs = False

    def _unknown(self, name: str) -> AttributeError:
        if name not in type(self).__slots__ and name in self.modulators:
            return AttributeError(f"Network has no attribute {name!r}; it is .modulators[{name!r}].value")
        return super()._unknown(name)

    # What there is

    def cells(self, size: int, neuron: Neuron, *, name: str | None = None, **start: Any) -> Cells:
        """A population of `size` cells. `start`: values of variables at the start, numbers, arrays or draws."""
        made = Cells(self, self._name(name, "cells"), self._size(size), _caller(), as_neuron(neuron))
        made.set(**start)
        return self._added(made)

    def poisson(self, size: int, rate: Any, *, every: Quantity | None = None, name: str | None = None) -> Poisson:
        """`size` sources that fire at random.

        `rate`: one, such as 15*Hz, or an array in Hz, `[source]` or `[time, source]`, a row every `every`.
        """
        rows = None if every is None else steps_of("every", every, self.dt)
        return self._added(Poisson(self, self._name(name, "poisson"), self._size(size), _caller(), rate, rows))

    def spikes(self, size: int, cells: Any, times: Any, *, name: str | None = None) -> SpikeList:
        """`size` cells with given spikes: `cells[spike]`, `times[spike]`, in any order.

        `times`: a list such as [1*ms, 2*ms], or numbers: of seconds, or of steps if they are whole. `set(cells, times)`
        gives others later on.
        """
        return self._added(SpikeList(self, self._name(name, "spikes"), self._size(size), _caller(), cells, times))

    def connect(
        self,
        source: Population,
        target: Cells,
        connector: Connector,
        *,
        weight: Any = None,
        delay: Any = None,
        onto: str | None = None,
        rule: Any = None,
        dtype: str = "float32",
        name: str | None = None,
    ) -> Projection:
        """Synapses from `source` onto `target`.

        `connector`: which pairs, such as `cofire.fixed_probability(0.1)`. `weight`: added to the input `onto` of the
        cell at each spike; one number, an array of one a synapse, or a draw such as `cofire.uniform(0, 1)`. `delay`:
        likewise, a time such as 1*ms, an array in seconds; one step unless given. `rule`: how the weights learn; they
        are kept in `dtype`.
        """
        for side, population in (("source", source), ("target", target)):
            if not isinstance(population, Population) or population.net is not self:
                raise ParameterError(f"the {side} {shown(population)} is not a population of this network")
        if not isinstance(target, Cells):
            raise ParameterError(f"the target {target.name} is {target.kind}: only cells with equations take input")
        if isinstance(connector, type) or not hasattr(connector, "pieces"):
            raise ParameterError(
                f"connector = {shown(connector)} is refused: it must say which pairs, such as cofire.all_to_all()"
            )
        self._open()
        projection = Projection(
            *(self, self._name(name, f"{source.name}_to_{target.name}"), _caller(), source, target, connector),
            weight=weight,
            delay=self.dt * Quantity(1.0, TIME) if delay is None else delay,
            onto=onto,
            rule=None if rule is None else as_rule(rule),
            dtype=dtype,
        )
        self.projections.append(projection)
        return projection

    def drive(
        self, target: Cells, *, rate: Quantity, weight: Any, onto: str | None = None, name: str | None = None
    ) -> Drive:
        """Gives each cell of `target` a Poisson input of its own, such as a thousand unseen synapses at 1 Hz make."""
        if not isinstance(target, Cells) or target.net is not self:
            raise ParameterError(f"the target {shown(target)} is not a population of cells of this network")
        if not isinstance(rate, Quantity) or rate.dimension != FREQUENCY:
            raise DimensionError(f"rate = {shown(rate)} is refused: it must be a rate, such as 1000*Hz")
        self._open()
        if check("rate", rate) * self.dt > MOST_EVENTS:
            raise ParameterError(
                f"rate = {shown(rate)} is refused: more than {MOST_EVENTS:g} spikes onto each cell in a step of "
                f"{self.dt:g} s; give fewer with a larger weight, or a constant current"
            )
        onto = target.neuron.inputs[0] if onto is None else onto
        if onto not in target.neuron.inputs:
            raise ParameterError(f"{target.name} has no input {onto!r}; it has {', '.join(target.neuron.inputs)}")
        size, unit = check("weight", weight), target.unit(onto) or DIMENSIONLESS
        given = dimension_of(weight) or DIMENSIONLESS
        if given != unit and (weight != 0 or isinstance(weight, Quantity)):
            mine = "has no unit" if given == DIMENSIONLESS else f"is in {given}"
            wanted = "has none" if unit == DIMENSIONLESS else f"is in {unit}"
            raise DimensionError(f"weight = {shown(weight)} {mine}, but {target.name}.{onto} {wanted}")
        if size < 0 and onto in target.neuron.conductances:
            raise ParameterError(
                f"weight = {shown(weight)} is refused: {target.name}.{onto} is a conductance, and a conductance is not "
                "negative; inhibition acts by the reversal potential of its input"
            )
        made = Drive(
            self._name(name, f"drive_of_{target.name}"), target, onto, check("rate", rate, NONNEGATIVE), size, self
        )
        if made.rate > 0:
            self.drives.append(made)
        return made

    def modulator(
        self,
        name: str,
        *,
        value: float = 0.0,
        tau: Quantity | None = None,
        pulses: Iterable[tuple[Quantity, float]] = (),
    ) -> Modulator:
        """A signal that the rules of this network may read, such as "dopamine".

        `value`: at the start. `tau`: it decays to 0 with that time constant; without, it stays as it is. `pulses`:
        `(time, amount)`, what is added when.
        """
        self._open()
        try:
            pairs = [(when, size) for when, size in pulses]
        except (TypeError, ValueError):
            raise ParameterError(
                f"pulses = {shown(pulses)} is refused: it must be a list of (time, amount), such as [(1*second, 0.5)]"
            ) from None
        listed = sorted((steps_of("the time of a pulse", t, self.dt, least=0), plain("amount", a)) for t, a in pairs)
        when, size = (np.array([pair[k] for pair in listed]) for k in (0, 1))
        if tau is not None and (not isinstance(tau, Quantity) or tau.dimension != TIME):
            raise DimensionError(f"tau = {shown(tau)} is refused: it must be a time, such as 200*ms")
        decay = 0.0 if tau is None else check("tau", tau, POSITIVE)
        label = self._name(name, name)
        made = Modulator(label, self, plain("value", value), decay, when.astype(np.int64), size.astype(np.float64))
        self.modulators[label] = made
        return made

    # Running

    @property
    def now(self) -> Quantity:
        """The time that has passed."""
        return self.step * self.dt * Quantity(1.0, TIME)

    @property
    def learning(self) -> bool:
        """Whether anything learns; setting it switches every projection and every threshold that learns."""
        return bool(self.flag[0])

    @learning.setter
    def learning(self, wanted: bool) -> None:
        if not isinstance(wanted, bool | np.bool_):
            raise ParameterError(f"learning = {shown(wanted)} is refused: it must be True or False")
        self.flag[0] = wanted

    def run(
        self,
        duration: Quantity,
        *,
        record: Iterable[Recorder] | Recorder = (),
        progress: Callable[[float, str], None] | bool = False,
        each: tuple[Quantity, Callable[[], None]] | None = None,
        max_rate: Quantity | None = None,
        checkpoint: str | Path | None = None,
        every: Quantity | None = None,
    ) -> Record:
        """Runs for `duration` and returns what was recorded.

        `progress`: True shows a bar; a function is called with the share done and a note. `each`: `(interval,
        function)`, called at intervals, which may read and change the network. `max_rate`: stop if the mean rate of a
        population, recorded or not, passes it, taken over each 100 ms of the run. `checkpoint`: a file from
        which `cofire resume` goes on, with all but `each`, written `every` so often: 10 s unless given.

        Ctrl-C stops soon and returns what there is, with `record.stopped` saying so. Raises: `DivergenceError` if a
        variable is not finite.
        """
        steps = steps_of("duration", duration, self.dt, least=0)
        if max_rate is not None and (not isinstance(max_rate, Quantity) or max_rate.dimension != FREQUENCY):
            raise DimensionError(f"max_rate = {shown(max_rate)} is refused: it must be a rate, such as 100*Hz")
        limit = None if max_rate is None else check("max_rate", max_rate, POSITIVE)
        if each is not None and (not isinstance(each, tuple | list) or len(each) != 2 or not callable(each[1])):
            raise ParameterError(f"each = {shown(each)} is refused: it must be (interval, function)")
        if not (isinstance(progress, bool) or callable(progress)):
            raise ParameterError(f"progress = {shown(progress)} is refused: it must be True, or a function")
        call_every = None if each is None else steps_of("each", each[0], self.dt)
        save_every = None
        if checkpoint is None and every is not None:
            raise ParameterError("every = ... says how often to write the checkpoint: give checkpoint= as well")
        if checkpoint is not None:
            check_place(Path(checkpoint))
            save_every = max(1, round(SAVE_EVERY / self.dt)) if every is None else steps_of("every", every, self.dt)
        if self._runs:
            raise ParameterError("this network is running: a function given as each= cannot run it, nor another thread")
        recorders = tuple(record) if isinstance(record, Iterable) else (record,)
        collection = self.collect(recorders, self.step, self.step + steps)
        run = Run(self, collection, progress, (call_every, each), limit, (save_every, checkpoint))
        self._runs = True
        try:
            return run.go()
        finally:
            self._runs = False

    def collect(self, recorders: tuple[Recorder, ...], begin: int, end: int) -> Collection:
        """The records of steps `begin` to `end` - 1, still empty."""
        return Collection(self, self._ready(), recorders, begin, end)

    def _ready(self) -> Engine:
        if self._engine is None:
            if not self.populations:
                raise ParameterError("this network is empty: make cells with net.cells(...) first")
            self._engine = Engine(self)
        for projection in self.projections:
            self._engine.set_learning(projection, projection.learning and self.learning, self.step)
        return self._engine

    def settled(self, projection: Projection, name: str = "weight") -> Array:
        """The weights as they lie, or a variable of the synapses, all learnt; the network itself is left as it is."""
        if self._engine is None:
            return projection.stored if name == "weight" else np.zeros(projection.size)
        if name == "weight":
            return self._engine.settle(projection, self.step, copy=True)
        return self._engine.variable(projection, name, self.step)

    def settle(self, projection: Projection) -> None:
        """Has a projection learn all that it has put off."""
        if self._engine is not None:
            self._engine.settle(projection, self.step, copy=False)

    def hand_over(self, population: Population) -> None:
        """Has the running network take what a population has been given: rates, spikes, or parameters of its cells."""
        if self._engine is not None:
            self._engine.hand_over(population)

    def modulator_value(self, name: str) -> float:
        """The present value of a modulator."""
        return self.modulators[name].start if self._engine is None else self._engine.modulator(name)

    def set_modulator(self, name: str, value: float) -> None:
        """Gives a modulator another value."""
        if self._engine is None:
            self.modulators[name].start = value
        else:
            self._engine.set_modulator(name, value)

    def state(self) -> dict[str, Array]:
        """Every array that a run changes, by a name of its own."""
        return dict(self._ready().state())

    def restore(self, state: Mapping[str, Array], step: int) -> None:
        """Goes back to a state, as it was before `step`. Raises: `ArrayError` if it is not one of this network."""
        mine = self.state()
        for name, values in mine.items():
            if name not in state or state[name].shape != values.shape or state[name].dtype != values.dtype:
                raise ArrayError(f"this is no state of this network: {name} is missing or has another shape")
        for name, values in mine.items():
            values[...] = state[name]
        for population in self.populations:
            self.hand_over(population)
        self.step = step

    def source(self) -> str:
        """The generated source of the network, to be read."""
        return self._ready().code.text

    # What its parts ask

    def bounds(self, population: Population) -> Array:
        """The first cell of each thread's share, and the end of the last."""
        return shares(population.size, self.threads)

    def stream(self, name: str) -> np.uint64:
        """The key of the random numbers of one part of the network."""
        digest = hashlib.sha256(f"{self.seed}/{name}".encode()).digest()
        return np.uint64(int.from_bytes(digest[:8], "little"))

    def generator(self, name: str) -> np.random.Generator:
        """Random numbers for one part of the network, others each time."""
        self._asked[name] += 1
        times = self._asked[name] - 1
        return np.random.default_rng([self.seed, int(self.stream(name)), *([times] if times else [])])

    @staticmethod
    def check_memory(name: str, size: float) -> None:
        """Raises: `ParameterError` if that many bytes are more than the machine has free."""
        free = free_memory()
        if free is not None and size > free:
            raise ParameterError(
                f"{name} needs about {size / 1e9:.0f} GB, but this machine has {free / 1e9:.0f} GB free"
            )

    def _open(self) -> None:
        if self._engine is not None:
            raise ParameterError("this network has run, and cannot be added to; make a new one")

    def _added(self, population: Any) -> Any:
        self._open()
        self.populations.append(population)
        return population

    def _name(self, name: str | None, kind: str) -> str:
        parts: list[Any] = [*self.populations, *self.projections, *self.drives]
        taken = {part.name for part in parts} | self.modulators.keys()
        if name is None:
            count, name = 1, kind
            while name in taken or name == "cells":
                name, count = f"{kind}_{count}", count + 1
            return name
        if not isinstance(name, str) or not name.isidentifier() or not name.isascii() or name[0] == "_":
            raise ParameterError(f"name = {shown(name)} is refused: it must be a word of letters, digits and _")
        if name in taken:
            raise ParameterError(f"something in this network is called {name!r} already")
        return name

    @staticmethod
    def _size(size: int) -> int:
        if isinstance(size, bool) or not isinstance(size, int | np.integer) or not 1 <= size < 2**31:
            raise ParameterError(
                f"size = {shown(size)} is refused: a population has a whole number of cells, at least 1"
            )
        return int(size)

    def __repr__(self) -> str:
        cells, synapses = sum(p.size for p in self.populations), sum(q.size for q in self.projections)
        return f"<Network at {self.step * self.dt:g} s: {cells} cells, {synapses} synapses>"


def _caller() -> str:
    """Where the user called this package: `script.py:12`."""
    here = str(Path(__file__).parents[1])
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(here):
        frame = frame.f_back
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
