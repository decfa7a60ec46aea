"""A network as compiled code and the arrays it works on, one set for each thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from cofire.backends import cells as numbers
from cofire.backends.numba.cache import load
from cofire.backends.numba.components import DriveCode, PopulationCode, ProjectionCode
from cofire.backends.numba.network import network_source
from cofire.errors import ParameterError
from cofire.language.tree import Cell, Name
from cofire.network.memory import aligned
from cofire.network.populations import Cells, Poisson, Population
from cofire.network.signals import VANISHED

if TYPE_CHECKING:
    from cofire.network.network import Network
    from cofire.network.projections import Projection

Array = np.ndarray
Arrays = dict[str, Any]
NOTES = 1 << 20  # spikes kept before they are collected, at least
LOOK = 16  # steps between two looks at the room that is left, at least
LOG = 32  # spikes of a cell that are kept for its synapses to learn from, at least


class Engine:
    """The generated modules, and what their functions take: `frames[thread]`, by the names that the source has for it.

    `parts`: the module of each population of cells and of each projection that learns, by its name.
    """

    def __init__(self, net: Network) -> None:
        self.net = net
        delays = [int(d) for q in net.projections for d in q.rows.delays]
        self.chunk = min(delays, default=16)
        self.look = self.chunk * -(-LOOK // self.chunk)
        self.slice = 4 * self.chunk  # steps of the next slice of a run, which learns how many take how long
        self.ring = max(delays, default=1) + 2 * self.chunk + 1
        self._check_memory()
        populations = tuple(
            PopulationCode(p.name, _kind(p), p.plan, p.neuron.varying, p.rate_row)
            if isinstance(p, Cells)
            else PopulationCode(p.name, _kind(p))
            for p in net.populations
        )
        projections = tuple(
            ProjectionCode(
                q.name,
                q.source.name,
                q.target.name,
                q.target.rows.index(q.onto),
                len(q.rows.delays) > 1,
                isinstance(q.source, Cells) and q.source.rate_row is not None,
                q.plan,
                q.kept,
                q.rule is not None and q.rule.bounds is not None,
            )
            for q in net.projections
        )
        drives = tuple(DriveCode(d.name, d.target.name, d.target.rows.index(d.onto)) for d in net.drives)
        self.modulators = tuple(net.modulators)
        self._check_modulators()
        self.code = network_source("A network", populations, projections, drives, self.modulators)
        self.parts = {owner: load(text) for owner, text in self.code.parts.items()}
        self.module = load(self.code.text)
        self.meetings, self.flags = np.zeros(1, np.int64), np.zeros((2, 3), np.int64)
        self.frames: list[Arrays] = [self._frame(part) for part in range(net.threads)]
        for population in net.populations:
            self._add_population(population)
        for projection in net.projections:
            self._add_projection(projection)
        for drive in net.drives:
            self._add({f"{drive.name}_{key}": value for key, value in drive.numbers().items()})
        for name in self.modulators:
            self._add_modulator(name)

    # Running

    def advance(self, begin: int, end: int) -> int:
        """Runs steps `begin` to `end` - 1, or fewer if spikes must be collected first; returns where it stopped."""
        self.flags[:] = 0
        self.meetings[:] = 0
        if len(self.frames) == 1:
            return int(self._work(0, begin, end))
        reached = [begin] * len(self.frames)
        failures: list[BaseException] = []

        def share(part: int) -> None:
            try:
                reached[part] = int(self._work(part, begin, end))
            except BaseException as error:
                failures.append(error)

        workers = [threading.Thread(target=share, args=(part,)) for part in range(1, len(self.frames))]
        for worker in workers:
            worker.start()
        share(0)
        for worker in workers:
            worker.join()
        if failures:
            raise failures[0]
        return reached[0]

    def _work(self, part: int, begin: int, end: int) -> Any:
        frame = self.frames[part] | {"begin": begin, "end": end}
        return self.module.work(*(frame[name] for name in self.code.arguments))

    # What is read and changed between runs

    def hand_over(self, population: Population) -> None:
        """Takes the rates, the spikes, or the parameters of its cells, that a population has been given."""
        if isinstance(population, Cells):
            given = {
                "coefficients": numbers.coefficients(population.neuron, population.plan, self.net.dt, population.table)
            }
        else:
            parts = ("most", "share", "every") if isinstance(population, Poisson) else ("cells", "steps")
            given = {part: getattr(population, part) for part in parts}
        self._add({f"{population.name}_{key}": value for key, value in given.items()})

    def collected(self, population: Population) -> tuple[Array, Array]:
        """`(steps, cells)` of the spikes kept since the last call, in order, which are struck out."""
        steps, cells = [], []
        for frame in self.frames:
            count = frame[f"{population.name}_recorded"]
            steps.append(frame[f"{population.name}_recorded_steps"][: count[0]].copy())
            cells.append(frame[f"{population.name}_recorded_cells"][: count[0]].copy())
            count[0] = 0
        when, who = np.concatenate(steps), np.concatenate(cells)
        order = np.argsort(when, kind="stable") if len(self.frames) > 1 else slice(None)
        return when[order], who[order]

    def counted(self, population: Population) -> int:
        """How many spikes a population had since the last call."""
        counts = [frame[f"{population.name}_spiked"] for frame in self.frames]
        total = sum(int(count[0]) for count in counts)
        for count in counts:
            count[0] = 0
        return total

    def modulator(self, name: str) -> float:
        """The present value of a modulator."""
        return float(self.frames[0][f"signal_{name}"][0])

    def set_modulator(self, name: str, value: float) -> None:
        """Gives a modulator another value, which fades as it does."""
        for frame in self.frames:
            frame[f"signal_{name}"][0] = value
        if self.net.modulators[name].tau:
            least = self.frames[0][f"signal_{name}_least"]
            least[0] = max(least[0], VANISHED * abs(value))

    def record_spikes(self, population: Population, wanted: bool) -> None:
        """Whether to keep the spikes of a population."""
        bounds = self.net.bounds(population)
        for part, frame in enumerate(self.frames):
            most = max(NOTES, 2 * self.look * int(bounds[part + 1] - bounds[part])) if wanted else 0
            name = population.name
            if len(frame[f"{name}_recorded_steps"]) != most:
                frame[f"{name}_recorded_steps"] = np.empty(most, np.int64)
                frame[f"{name}_recorded_cells"] = np.empty(most, np.int32)

    def watch(self, cells: Cells, watches: list[tuple[str, int, Array]], begin: int, end: int) -> list[Array]:
        """Arrays `[time, cell]` into which the next run writes variables. `watches`: `(variable, every, cells)`."""
        name = cells.name
        if not watches and not len(self.frames[0].get(f"{name}_watched_variables", "unset")):
            return []
        rows = [range(-(-begin // every), -(-end // every)) for _, every, _ in watches]
        sizes = [len(row) * len(which) for row, (_, _, which) in zip(rows, watches, strict=True)]
        first = np.concatenate(([0], np.cumsum([len(which) for _, _, which in watches]))).astype(np.int64)
        place = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
        values = np.zeros(int(place[-1]))
        self._add(
            {
                f"{name}_watched_variables": np.array([cells.rows.index(v) for v, _, _ in watches], np.int64),
                f"{name}_watched_every": np.array([every for _, every, _ in watches], np.int64),
                f"{name}_watched_first": first,
                f"{name}_watched_cells": np.concatenate([which for *_, which in watches] or [np.zeros(0)]).astype(
                    np.int64
                ),
                f"{name}_watched_starts": np.array(
                    [
                        at - row.start * len(which)
                        for at, row, (_, _, which) in zip(place[:-1], rows, watches, strict=True)
                    ],
                    np.int64,
                ),
                f"{name}_watched_values": values,
            }
        )
        pieces = zip(place[:-1], place[1:], watches, strict=True)
        return [values[a:b].reshape(-1, len(which)) for a, b, (_, _, which) in pieces]

    def settle(self, projection: Projection, step: int, *, copy: bool) -> Array:
        """The weights as they lie, after all that happened before `step`. `copy`: leave the network itself as it is."""
        if not self._puts_off(projection):
            return projection.stored.copy() if copy else projection.stored
        return self._settled(projection, step, copy=copy).get("w", projection.stored)

    def variable(self, projection: Projection, name: str, step: int) -> Array:
        """A variable of the rule, one a synapse as they lie, after all that happened before `step`; a copy."""
        assert projection.kept is not None
        frame, q = self.frames[0], projection.kept.of(Name(name))
        found: Array = frame[f"{projection.name}_{q.name}"]
        if not self._puts_off(projection):
            return found.copy()
        found = self._settled(projection, step, copy=True).get(q.name, found)
        fade = self.code.kernels[projection.name].fade_of.get(q.name)
        base = int(frame[f"{projection.name}_base"][0])
        return found * frame[f"{projection.name}_{fade}"][step - base] if fade else found.copy()

    def _puts_off(self, projection: Projection) -> bool:
        """Whether its synapses learn late; all was settled when learning was switched off."""
        return projection.name in self.code.kernels and bool(self.frames[0][f"{projection.name}_learning"][0])

    def _settled(self, projection: Projection, step: int, *, copy: bool) -> Arrays:
        """Has all synapses learn what happened before `step`. `copy`: copies of their arrays, which are returned."""
        kernel, settle = self.code.kernels[projection.name], self.parts[projection.name].settle
        changes = {"last", "heard", "logged", "newest", "second", *(q.name for q in kernel.kept.quantities)}
        shared: Arrays = {}
        for frame in self.frames:
            given: Arrays = {}
            for argument in kernel.arguments["settle"]:
                if argument == "now":
                    given[argument] = step - int(frame[f"{projection.name}_base"][0])
                    continue
                value = self._argument(projection, argument, frame)
                if copy and argument in changes:
                    key = argument if self._is_shared(kernel, argument) else f"{argument} {id(frame)}"
                    value = shared.setdefault(key, value.copy())
                given[argument] = value
            settle(*(given[argument] for argument in kernel.arguments["settle"]))
        return shared

    def set_learning(self, projection: Projection, wanted: bool, step: int) -> None:
        """Switches learning: what the rule remembers stands still while it is off."""
        kernel = self.code.kernels.get(projection.name)
        if kernel is None:
            if projection.kept is not None:
                self.frames[0][f"{projection.name}_learning"][0] = wanted
            return
        rebase = self.parts[projection.name].rebase
        for frame in self.frames:
            flag, base = frame[f"{projection.name}_learning"], frame[f"{projection.name}_base"]
            if flag[0] and not wanted:
                given = {"now": step - int(base[0])}
                rebase(
                    *(
                        given[argument] if argument in given else self._argument(projection, argument, frame)
                        for argument in kernel.arguments["rebase"]
                    )
                )
            if bool(flag[0]) != wanted:
                flag[0], base[0] = wanted, step

    def state(self) -> Iterator[tuple[str, Array]]:
        """Every array that a run changes, by a name of its own."""
        seen: set[int] = set()  # most are shared by the threads
        changing = self._changing()
        for part, frame in enumerate(self.frames):
            for name, value in frame.items():
                if isinstance(value, np.ndarray) and name in changing and value.ctypes.data not in seen:
                    seen.add(value.ctypes.data)
                    yield f"{name}@{part}", value

    def _changing(self) -> set[str]:
        names = set()
        for population in self.net.populations:
            names |= {f"{population.name}_{part}" for part in ("ring", "count", "x", "until", "rates", "spiked")}
        for name, kernel in self.code.kernels.items():
            parts = ["last", "heard", "logged", "newest", "second", "fired", "base", "learning"]
            parts += [q.name for q in kernel.kept.quantities]
            parts += [f"before_{q}" for q in kernel.remembered]
            parts += [array for table in kernel.tables for array in table.arrays]
            parts += [f"{kind}_{q}" for kind in ("prior", "log") for q in kernel.logged]
            names |= {f"{name}_{part}" for part in parts}
        for projection in self.net.projections:
            if projection.kept is not None and projection.kept.is_clocked:
                parts = ["learning", *(q.name for q in projection.kept.quantities)]
                names |= {f"{projection.name}_{part}" for part in parts}
        for name in self.modulators:
            names |= {f"signal_{name}{part}" for part in ("", "_last", "_least")}
        return names

    # Making the frames

    def _frame(self, part: int) -> Arrays:
        attention, crowded = self.flags
        return {
            "part": part,
            "parts": self.net.threads,
            "chunk": self.chunk,
            "look": self.look,
            "dt": self.net.dt,
            "ring": self.ring,
            "meetings": self.meetings,
            "attention": attention,
            "crowded": crowded,
        }

    def _add(self, arrays: Arrays) -> None:
        for frame in self.frames:
            frame.update(arrays)

    def _add_population(self, population: Population) -> None:
        name, size = population.name, population.size
        own: Arrays = {
            "bounds": self.net.bounds(population),
            "ring": aligned(np.zeros((self.ring, max(size, 1)), np.int32)),
            "count": aligned(np.zeros((self.net.threads, -(-self.ring // 8) * 8), np.int64)),
        }
        if isinstance(population, Cells):
            neuron, plan = population.neuron, population.plan
            own |= {
                "x": population.table,
                "until": population.free_from,
                "parameters": numbers.parameters(neuron, plan),
                "learning": self.net.flag,
                "rates": np.zeros((self.ring if population.rate_row is not None else 0, size)),
            }
        else:
            own["stream"] = self.net.stream(name)
        self.hand_over(population)
        self._add({f"{name}_{key}": value for key, value in own.items()})
        for frame in self.frames:
            frame[f"{name}_recorded"], frame[f"{name}_spiked"] = np.zeros(1, np.int64), np.zeros(1, np.int64)
            frame[f"{name}_recorded_steps"] = np.empty(0, np.int64)
            frame[f"{name}_recorded_cells"] = np.empty(0, np.int32)
        if isinstance(population, Cells):
            self.watch(population, [], 0, 0)

    def _add_projection(self, projection: Projection) -> None:
        name, rows, target = projection.name, projection.rows, projection.target
        self._add(
            {
                f"{name}_target": rows.target,
                f"{name}_delays": rows.delays.astype(np.int64),
                f"{name}_w": projection.stored,
                f"{name}_same": projection.same,
                f"{name}_gated": projection.onto in target.plan.held,
            }
        )
        for part, frame in enumerate(self.frames):
            frame[f"{name}_row"] = rows.row[part]
            frame[f"{name}_arriving"] = np.empty(max(projection.source.size, 1), np.int32)
        if name in self.code.kernels:
            self._add_kernel(projection)
        elif projection.kept is not None:
            self._add_clocked(projection)

    def _add_kernel(self, projection: Projection) -> None:
        kernel, rule, rows = self.code.kernels[projection.name], projection.heard, projection.rows
        assert rule is not None
        dt, learner = self.net.dt, self.parts[projection.name]
        n_axons, n_post = rows.row.shape[1] - 1, projection.target.size
        parameters = np.array([rule.values[name] for name in kernel.kept.parameters] or [0.0])
        span = min(int(learner.span(dt, parameters)), kernel.most_steps(n_post, rows.size))
        fades = {name: np.empty(span + 2) for name in kernel.fades}
        learner.fill(dt, parameters, *fades.values())
        log = (n_post, max(LOG, 2 * self.look + 2)) if kernel.needs_log else (1, 1)
        low, high = rule.bounds or (-np.inf, np.inf)
        shared: Arrays = {
            "parameters": parameters,
            "span": span,
            "low": low,
            "high": high,
            **fades,
            "axons": np.arange(n_axons, dtype=np.int32),
            "cell": np.arange(n_axons) % max(rows.n_pre, 1),
            "logged": np.zeros(n_post, np.int32),
            "newest": np.full(n_post, -1, np.int32),
            "second": np.full(n_post, -1, np.int32),
            "fired": np.zeros(log, np.int32),
            **kernel.new_tables(span, n_post, ("post",)),
            **{f"log_{q}": np.zeros(log) for q in kernel.logged},
            **{f"prior_{q}": np.zeros(n_post) for q in kernel.logged},
        }
        shared |= self._rows_read(projection)
        sizes = {"post": n_post, "synapse": rows.size}
        shared |= {q.name: np.zeros(sizes[q.owner]) for q in kernel.kept.quantities[1:] if q.owner in sizes}
        self._add({f"{projection.name}_{key}": value for key, value in shared.items()})
        for frame in self.frames:
            own: Arrays = {
                "last": np.zeros(n_axons, np.int32),
                "heard": np.zeros(n_axons, np.bool_),
                "base": np.zeros(1, np.int64),
                "learning": np.array([projection.learning]),
                **kernel.new_tables(span, n_post, ("all",)),
                **{
                    q.name: np.zeros(n_axons if q.owner == "pre" else 1)
                    for q in kernel.kept.quantities
                    if q.owner in ("pre", "all")
                },
                **{f"before_{q}": np.zeros(n_axons) for q in kernel.remembered},
            }
            frame.update({f"{projection.name}_{key}": value for key, value in own.items()})

    def _add_clocked(self, projection: Projection) -> None:
        """For a rule that no closed form covers: the network has one thread."""
        rule, kept, rows, name = projection.heard, projection.kept, projection.rows, projection.name
        assert rule is not None
        assert kept is not None
        row, n_post = rows.row[0], projection.target.size
        incoming = np.argsort(rows.target, kind="stable")
        low, high = rule.bounds or (-np.inf, np.inf)
        sizes = {"all": 1, "pre": len(row) - 1, "post": n_post, "synapse": rows.size}
        arrays: Arrays = {
            "low": low,
            "high": high,
            "normalize": {None: 0, "l1": 1, "l2": 2}[rule.normalize],
            "parameters": np.array([rule.values[key] for key in kept.parameters] or [0.0]),
            "column": np.searchsorted(rows.target[incoming], np.arange(n_post + 1)),
            "incoming": incoming,
            "source": np.repeat(np.arange(len(row) - 1), np.diff(row))[incoming],
            "cell": np.arange(len(row) - 1) % max(rows.n_pre, 1),
            "learning": np.array([projection.learning]),
            "clocked_arriving": np.zeros(len(row), np.int64),
            "clocked_firing": np.zeros(n_post, np.int64),
            **{q.name: np.zeros(sizes[q.owner]) for q in kept.quantities[1:]},
            **self._rows_read(projection),
        }
        self._add({f"{name}_{key}": value for key, value in arrays.items()})

    @staticmethod
    def _rows_read(projection: Projection) -> Arrays:
        """Which rows of x hold the variables of cells that the rule reads."""
        found: Arrays = {}
        kept = projection.kept
        for read in kept.signals if kept else ():
            if kept and isinstance(read, Cell):
                side = projection.source if read.side == "pre" else projection.target
                assert isinstance(side, Cells)
                found[f"row_of_{kept.names[read]}"] = side.rows.index(str(read.variable))
        return found

    def _add_modulator(self, name: str) -> None:
        modulator = self.net.modulators[name]
        self._add({f"signal_{name}_{key}": value for key, value in modulator.numbers(self.net.dt).items()})
        for frame in self.frames:
            frame[f"signal_{name}"], frame[f"signal_{name}_last"] = np.array([modulator.start]), np.zeros(1)

    def _check_memory(self) -> None:
        """Raises: `ParameterError` if spikes on their way, or what rules keep, need more than there is."""
        for population in self.net.populations:
            rates = isinstance(population, Cells) and population.rate_row is not None
            self.net.check_memory(
                f"{population.name}, whose spikes are kept for {self.ring} steps, the longest delay,",
                (20.0 if rates else 8.0) * self.ring * population.size,
            )
        for projection in self.net.projections:
            kept = projection.kept.quantities[1:] if projection.kept else ()
            each = sum(1 for quantity in kept if quantity.owner == "synapse")
            self.net.check_memory(f"what the rule of {projection.name} keeps", 8.0 * each * projection.size)

    def _check_modulators(self) -> None:
        for projection in self.net.projections:
            for name in projection.rule.signals if projection.rule else ():
                if name not in self.net.modulators:
                    raise ParameterError(
                        f"{projection.name}, made at {projection.made}: its rule needs the signal {name!r}, which the "
                        f"network does not provide; make it with net.modulator({name!r}, value=1.0)"
                    )

    def _argument(self, projection: Projection, argument: str, frame: Arrays) -> Any:
        """What a kernel's function is given for one of its arguments, from outside a run."""
        kernel = self.code.kernels[projection.name]
        if argument == "dt":
            return self.net.dt
        if argument in ("first", "past"):
            return int(self.net.bounds(projection.target)[frame["part"] + (argument == "past")])
        for read in kernel.kept.signals:
            spelt = kernel.kept.names[read]
            if isinstance(read, Cell) and argument == spelt:
                side = projection.source if read.side == "pre" else projection.target
                assert isinstance(side, Cells)
                return side.table[frame[f"{projection.name}_row_of_{spelt}"]]
            if isinstance(read, Name) and argument == f"{spelt}_n":
                return float(frame[f"signal_{read.id}_last"][0])
        return frame[f"{projection.name}_{argument}"]

    @staticmethod
    def _is_shared(kernel: Any, argument: str) -> bool:
        owners = {q.name: q.owner for q in kernel.kept.quantities}
        return argument in ("logged", "newest", "second") or owners.get(argument) in ("post", "synapse")


def _kind(population: Population) -> str:
    if isinstance(population, Cells):
        return "cells" if population.rate_row is None else "rates"
    return "poisson" if isinstance(population, Poisson) else "given"
