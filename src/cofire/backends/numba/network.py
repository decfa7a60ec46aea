"""A network as the source of one function, `work`: what each thread does from step to step.

What it calls is in modules of their own, which networks with the same neurons or rules share: one for each neuron
(`cells.py`), one for each rule (`kernels.py`, or `clocked.py`), one for what all networks have (`common.py`).

A thread owns the cells `low` to `high` of each population and every synapse onto them. In step n

    1. the spikes that arrive change the synapses' weights for what came before, then act with them;
    2. the cells move on, and some of them fire;
    3. the synapses of these cells note it, what must be learnt at once is learnt, and the cells are reset.

Spikes lie in a ring, one row a step, in which every thread writes its own cells and reads all. So threads meet once in
each `chunk`, the shortest delay, and what a cell receives is added in the same order whoever runs it. Every `look`,
some whole chunks, they see whether there is still room for records and logs of spikes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from cofire.backends.numba.cache import name_of
from cofire.backends.numba.cells import cells_source
from cofire.backends.numba.clocked import clocked_arguments, clocked_source
from cofire.backends.numba.common import COMMON
from cofire.backends.numba.components import DriveCode, PopulationCode, ProjectionCode
from cofire.backends.numba.functions import Kernel
from cofire.backends.numba.kernels import kernel_source, write_kernel
from cofire.backends.numba.owners import Owners
from cofire.backends.numba.preamble import preamble
from cofire.backends.numba.writer import ARRIVING, SETTLING, Writer
from cofire.language.tree import Cell

_ALWAYS = ("part", "parts", "begin", "end", "chunk", "look", "dt", "ring", "meetings", "attention", "crowded")


@dataclass(frozen=True)
class NetworkCode:
    """The source, what its `work` takes in order, the kernel of each projection that learns.

    `parts`: the sources of the modules that it imports, of a population or projection by its name.
    """

    text: str
    parts: dict[str, str]
    arguments: tuple[str, ...]
    kernels: dict[str, Kernel]


def network_source(
    title: str,
    populations: tuple[PopulationCode, ...],
    projections: tuple[ProjectionCode, ...],
    drives: tuple[DriveCode, ...],
    modulators: tuple[str, ...],
) -> NetworkCode:
    """The source of a module whose `work` runs one thread's share of the network, and of those that it imports."""
    return _Network(title, populations, projections, drives, modulators).written()


class _Network:
    """The source, written from top to bottom. What belongs to a population or projection begins with its name."""

    def __init__(
        self,
        title: str,
        populations: tuple[PopulationCode, ...],
        projections: tuple[ProjectionCode, ...],
        drives: tuple[DriveCode, ...],
        modulators: tuple[str, ...],
    ) -> None:
        self.title, self.populations, self.projections = title, populations, projections
        self.drives, self.modulators = drives, modulators
        self.out = Writer()
        self.kernels: dict[str, Kernel] = {}
        self.parts: dict[str, str] = {}
        self.names = Owners(_ALWAYS)

    def written(self) -> NetworkCode:
        for population in self.populations:
            if population.plan is not None:
                self.parts[population.name] = cells_source(population.plan, population.varying)
        for projection in self.projections:
            plan, kept = projection.plan, projection.kept
            if plan is not None and kept is not None and kept.is_clocked:
                self.parts[projection.name] = clocked_source(plan, kept)
            elif plan is not None and kept is not None:
                kernel = write_kernel(plan, kept, bounded=projection.bounded)
                self.kernels[projection.name] = kernel
                self.parts[projection.name] = kernel_source(plan, kernel)
        self._claim()
        self._body()
        body = self.out.text
        work = Writer()
        with work.function("work", self.names.arguments):
            work('"""Steps begin to end - 1 of one thread\'s share; returns the step that it reached."""')
            work(*body.splitlines())
        imports = [
            "from cofire.backends.numba.barrier import wait",
            _imported(COMMON, "", body),
            *(_imported(text, f"_{owner}", body) for owner, text in self.parts.items()),
        ]
        text = preamble(self.title, work.text, tuple(imports)) + work.text
        return NetworkCode(text, {"": COMMON, **self.parts}, tuple(self.names.arguments), self.kernels)

    def of(self, owner: str, name: str) -> str:
        """The name of something that belongs to a population or projection, noted as an argument."""
        return self.names.argument(owner, f"{owner}_{name}")

    def _claim(self) -> None:
        """The names that are no arguments: of the loop, of what it imports, and its variables for each part."""
        claim = self.names.claim
        claim("the loop", ("to_meet", "to_look", *_functions(COMMON)))
        for owner, text in self.parts.items():
            claim(owner, (f"{function}_{owner}" for function in _functions(text)))
        for name in (population.name for population in self.populations):
            claim(
                name,
                (
                    *(f"fired_{name}", f"spiked_{name}", f"noted_{name}"),
                    *(f"{name}_low", f"{name}_high", f"{name}_size", f"{name}_at"),
                ),
            )
        for name in (projection.name for projection in self.projections):
            claim(name, (f"{name}_now", f"{name}_arrived"))
        for name in self.modulators:
            claim(name, (f"{_signal(name)}_before", f"{_signal(name)}_n"))

    def _body(self) -> None:
        out = self.out
        for population in self.populations:
            name = population.name
            out(f"{name}_low, {name}_high = {self.of(name, 'bounds')}[part], {self.of(name, 'bounds')}[part + 1]")
            out(f"{name}_size = {name}_bounds[parts]", f"spiked_{name} = 0")
            if population.kind == "rates":
                out(f"fired_{name} = 0")
            else:
                out(f"noted_{name} = {self.of(name, 'recorded')}[0]")
            if population.kind == "given":
                out(f"{name}_at = np.searchsorted({self.of(name, 'steps')}, begin)")
        out("slot, to_meet, to_look = begin % ring, chunk - begin % chunk, look - begin % look")
        with out.block("for n in range(begin, end)"):
            for population in self.populations:
                if population.plan:
                    watched = ("variables", "every", "first", "cells", "starts", "values")
                    given = [self.of(population.name, f"watched_{part}") for part in watched]
                    x = self.of(population.name, "x")
                    with out.block(f"if len({given[0]}) > 0"):
                        out.call("watch", ["n", f"{population.name}_low", f"{population.name}_high", x, *given], "")
            self._modulators()
            for projection in self.projections:
                self._arrivals(projection)
            for drive in self.drives:
                self._drive(drive)
            for population in self.populations:
                self._population(population)
            for projection in self.projections:
                if projection.name in self.kernels:
                    self._learn_at_once(projection)
                elif projection.kept is not None:
                    self._run_clocked(projection)
            for population in self.populations:
                if population.kind == "cells":
                    self._reset(population)
            for signal in map(_signal, self.modulators):
                out(f"{signal}[0] = {signal}_n * {self.of(signal, 'fade')}")
            self._meet()
        self._count()
        out("return end")

    def _count(self) -> None:
        """Hands on how many spikes there were and are kept; counted in variables: arrays may share a cache line."""
        for population in self.populations:
            name = population.name
            self.out(f"{self.of(name, 'spiked')}[0] += spiked_{name}")
            if population.kind != "rates":
                self.out(f"{self.of(name, 'recorded')}[0] = noted_{name}")

    def _modulators(self) -> None:
        """The value of each modulator in this step, and in the one before, on which what was silent depends."""
        for name in self.modulators:
            signal = self.names.argument(name, _signal(name))
            pulses, amounts = self.of(signal, "pulses"), self.of(signal, "amounts")
            self.out(f"{signal}_before = {self.of(signal, 'last')}[0]", f"{signal}_n = {signal}[0]")
            with self.out.block(f"for k in range(np.searchsorted({pulses}, n), len({pulses}))"):
                with self.out.block(f"if {pulses}[k] > n"):
                    self.out("break")
                self.out(f"{signal}_n += {amounts}[k]")
            with self.out.block(f"if abs({signal}_n) < {self.of(signal, 'least')}[0]"):
                self.out(f"{signal}_n = 0.0")
            self.out(f"{signal}_last[0] = {signal}_n")

    # What a projection does

    def _arrivals(self, projection: ProjectionCode) -> None:
        """The spikes that arrive by this projection: learnt from, then sent on."""
        name, target = projection.name, projection.target
        kernel = self.kernels.get(name)
        self.out("", f"# {projection.source} to {target}")
        if kernel:
            self.out(f"{name}_now = n - {self.of(name, 'base')}[0]")
            learning = f"{self.of(name, 'learning')}[0]"
            with self.out.block(f"if {learning} and {name}_now == {self.of(name, 'span')}"):
                self._call(projection, "rebase", self.of(name, "axons"), f"{name}_now", at="before")
                self.out(f"{name}_base[0], {name}_now = n, 0")
            if kernel.schedule == "awake" and "pre" in kernel.hurries:
                self.out(f"{name}_arrived = False")

        if projection.from_rates:
            self._send_rates(projection)
            return

        def arrive(axons: str, begin: str, end: str) -> None:
            if kernel:
                with self.out.block(f"if {learning}"):
                    self._call(projection, "learn", axons, begin, end, f"{name}_now", ARRIVING, at="before")
                    if kernel.schedule == "awake" and "pre" in kernel.hurries:
                        self.out(f"{name}_arrived = True")
            self._send(projection, axons, begin, end)

        self._for_each_arrival(projection, arrive)

    def _send(self, projection: ProjectionCode, axons: str, begin: str, end: str) -> None:
        name = projection.name
        given = ("row", "target", "w", "same", "gated")
        self.out.call(
            "send",
            [
                *(axons, begin, end, "n", *(self.of(name, part) for part in given)),
                *(self.of(projection.target, "until"), f"{self.of(projection.target, 'x')}[{projection.onto}]"),
            ],
            "",
        )

    def _send_rates(self, projection: ProjectionCode) -> None:
        """What rate cells give in a step: the rates of so many steps ago, by each synapse."""
        out, name, source = self.out, projection.name, projection.source
        delays, rates = self.of(name, "delays"), self.of(source, "rates")
        given = [self.of(name, part) for part in ("row", "target", "w", "same", "gated")]
        given += [self.of(projection.target, "until"), f"{self.of(projection.target, 'x')}[{projection.onto}]"]
        with out.block(f"for d in range(len({delays}))"):
            out(f"was = slot - {delays}[d] if slot >= {delays}[d] else slot - {delays}[d] + ring")
            axons = f"range(d * {source}_size, (d + 1) * {source}_size)"
            out.call("send_rates", [f"{rates}[was]", axons, f"{source}_size", "dt", "n", *given], "")

    def _for_each_arrival(self, projection: ProjectionCode, write: Callable[[str, str, str], None]) -> None:
        """Loops over the spikes that arrive in this step; `write(axons, begin, end)` says what happens."""
        out, name, source = self.out, projection.name, projection.source
        ring, count, bounds = (self.of(source, part) for part in ("ring", "count", "bounds"))
        delays = self.of(name, "delays")
        with out.block(f"for d in range(len({delays}))"):
            out(f"was = slot - {delays}[d] if slot >= {delays}[d] else slot - {delays}[d] + ring")
            with out.block("for p in range(parts)"):
                out(f"arrived = {count}[p, was]")
                with out.block("if arrived == 0"):
                    out("continue")
                if projection.many_delays:
                    arriving = self.of(name, "arriving")
                    with out.block("for k in range(arrived)"):
                        out(f"{arriving}[k] = {ring}[was, {bounds}[p] + k] + d * {source}_size")
                    write(arriving, "0", "arrived")
                else:
                    write(f"{ring}[was]", f"{bounds}[p]", f"{bounds}[p] + arrived")

    def _drive(self, drive: DriveCode) -> None:
        target = drive.target
        given = ("stream", "bits", "fewest", "cumulative", "guide", "weight", "gated")
        self.out("", f"# each cell of {target} has an input of its own")
        self.out.call(
            "drive",
            [
                *("n", f"{target}_low", f"{target}_high", f"{target}_size"),
                *(self.of(drive.name, part) for part in given),
                *(self.of(target, "until"), f"{self.of(target, 'x')}[{drive.onto}]"),
            ],
            "",
        )

    def _call(self, projection: ProjectionCode, function: str, *given: str, at: str = "n") -> None:
        """A call of the projection's kernel; `at`: whether modulators are those of this step or of the one before."""
        kernel, name = self.kernels[projection.name], projection.name
        signals: dict[str, str] = {}
        for signal in kernel.kept.signals:
            spelt = kernel.kept.names[signal]
            if isinstance(signal, Cell):
                side = projection.source if signal.side == "pre" else projection.target
                signals[spelt] = f"{self.of(side, 'x')}[{self.of(name, f'row_of_{spelt}')}]"
            else:
                signals[f"{spelt}_n"] = f"{_signal(signal.id)}_{at}"

        def spelling(argument: str) -> str:
            if argument in signals:
                return signals[argument]
            if argument == "dt":
                return "dt"
            if argument in ("first", "past"):
                return f"{projection.target}_{'low' if argument == 'first' else 'high'}"
            return self.of(name, argument)

        kernel.call(self.out, function, *given, names=spelling, label=f"_{name}")

    def _learn_at_once(self, projection: ProjectionCode) -> None:
        """The spikes of this step that cannot wait, and what drifts with modulators or cells."""
        out, name, kernel = self.out, projection.name, self.kernels[projection.name]
        if kernel.schedule == "never" and not (kernel.drifts or kernel.tables):
            return
        axons, now = self.of(name, "axons"), f"{name}_now"
        with out.block(f"if {self.of(name, 'learning')}[0]"):
            if kernel.tables:
                self._call(projection, "integrate", now)
            match kernel.schedule:
                case "awake":
                    assert kernel.silent is not None
                    level = _signal(kernel.silent.id)
                    events = [f"fired_{projection.target} > 0"] if "post" in kernel.hurries else []
                    events += [f"{name}_arrived"] if "pre" in kernel.hurries else []
                    with out.block(" or ".join([f"if {level}_n != 0.0", *events])):
                        with out.block(f"if {level}_before == 0.0"):
                            self._call(projection, "settle", axons, now, at="before")
                        self._call(projection, "settle", axons, f"{now} + 1")
                case "steps" | "spikes":
                    self._call(projection, "settle", axons, f"{now} + 1")
                case "arrivals":
                    self._for_each_arrival(
                        projection,
                        lambda who, begin, end: self._call(
                            projection, "learn", who, begin, end, f"{now} + 1", SETTLING
                        ),
                    )
            if kernel.drifts:
                self._call(projection, "drift", axons, now)

    def _run_clocked(self, projection: ProjectionCode) -> None:
        """A step of a rule that no closed form covers: every synapse, with all the spikes of the step."""
        out, name, kept = self.out, projection.name, projection.kept
        assert kept is not None
        arriving, firing = self.of(name, "clocked_arriving"), self.of(name, "clocked_firing")
        with out.block(f"if {self.of(name, 'learning')}[0]"):
            out("arrivals = 0")

            def gather(axons: str, begin: str, end: str) -> None:
                with out.block(f"for c in range({begin}, {end})"):
                    out(f"{arriving}[arrivals] = {axons}[c]", "arrivals += 1")

            if not projection.from_rates:
                self._for_each_arrival(projection, gather)
            target = projection.target
            with out.block(f"for c in range(fired_{target})"):
                out(f"{firing}[c] = {self.of(target, 'ring')}[slot, {target}_low + c]")
            spelling = {
                "steps": "1",
                "dt": "dt",
                "arriving": arriving,
                "firing": firing,
                "arrivals": "np.array([0, arrivals])",
                "spikes": f"np.array([0, fired_{target}])",
            }
            for signal in kept.signals:
                spelt = kept.names[signal]
                if isinstance(signal, Cell):
                    side = projection.source if signal.side == "pre" else target
                    row = self.of(name, f"row_of_{spelt}")
                    spelling[spelt] = f"{self.of(side, 'x')}[{row}:{row} + 1]"
                else:
                    spelling[spelt] = f"np.array([{_signal(signal.id)}_n])"
            given = [spelling.get(argument) or self.of(name, argument) for argument in clocked_arguments(kept)]
            out.call(f"run_{name}", given, "")

    # What a population does

    def _population(self, population: PopulationCode) -> None:
        out, name = self.out, population.name
        low, high = f"{name}_low", f"{name}_high"
        out("", f"# {name}")
        if population.plan:
            x, until, parameters = (self.of(name, part) for part in ("x", "until", "parameters"))
            learns = [f"{self.of(name, 'learning')}[0]"] if population.plan.learns else []
            coefficients = self.of(name, "coefficients")
            out.call(f"update_{name}", ["n", low, high, "dt", parameters, coefficients, x, until, *learns], "")
            if population.kind == "rates":
                out(f"{self.of(name, 'rates')}[slot, {low}:{high}] = {x}[{population.rate}, {low}:{high}]")
                return
        ring, count = self.of(name, "ring"), self.of(name, "count")
        if population.plan:
            out.call(
                f"fired_{name} = threshold_{name}", ["n", low, high, parameters, x, until, f"{ring}[slot, {low}:]"], ""
            )
        elif population.kind == "poisson":
            most, share, every = (self.of(name, part) for part in ("most", "share", "every"))
            out(f"r = min(n // {every}, len({most}) - 1)")
            out.call(
                f"fired_{name} = poisson",
                [
                    *("n", low, high, f"{name}_size", self.of(name, "stream"), f"{most}[r]", f"{share}[r]"),
                    f"{ring}[slot, {low}:]",
                ],
                "",
            )
        else:
            cells, steps = self.of(name, "cells"), self.of(name, "steps")
            out.call(
                f"{name}_at, fired_{name} = given",
                ["n", f"{name}_at", low, high, cells, steps, f"{ring}[slot, {low}:]"],
                "",
            )
        out(f"{count}[part, slot] = fired_{name}")
        with out.block(f"if fired_{name} > 0"):
            out(f"spiked_{name} += fired_{name}")
            steps, who = self.of(name, "recorded_steps"), self.of(name, "recorded_cells")
            with out.block(f"if len({steps}) > 0"):
                kept = [f"{ring}[slot]", low, f"{low} + fired_{name}"]
                out.call(f"noted_{name} = note", ["n", *kept, steps, who, f"noted_{name}"], "")
            for projection in self.projections:
                if projection.target == name and projection.name in self.kernels:
                    self._fire(projection)

    def _fire(self, projection: ProjectionCode) -> None:
        name, target = projection.name, projection.target
        low, end = f"{target}_low", f"{target}_low + fired_{target}"
        with self.out.block(f"if {self.of(name, 'learning')}[0]"):
            self._call(projection, "fire", f"{self.of(target, 'ring')}[slot]", low, end, f"{name}_now")

    def _reset(self, population: PopulationCode) -> None:
        name = population.name
        learns = [f"{self.of(name, 'learning')}[0]"] if population.plan and population.plan.learns else []
        with self.out.block(f"if fired_{name} > 0"):
            self.out.call(
                f"reset_{name}",
                [
                    *("n", f"{self.of(name, 'ring')}[slot]", f"{name}_low", f"{name}_low + fired_{name}", "dt"),
                    *(self.of(name, part) for part in ("parameters", "x", "until")),
                    *learns,
                ],
                "",
            )

    # Where threads meet

    def _meet(self) -> None:
        """At the end of a chunk; whether to stop, and whether some log of spikes is nearly full, is decided by all."""
        out = self.out
        out("", "slot = slot + 1 if slot + 1 < ring else 0", "to_meet, to_look = to_meet - 1, to_look - 1")
        with out.block("if to_look == 0 or n + 1 == end"):
            out("k = (n // look) % 3")
            for name in (population.name for population in self.populations if population.kind != "rates"):
                with out.block(f"if len({name}_recorded_steps) > 0"):
                    room = f"len({name}_recorded_steps) - noted_{name}"
                    with out.block(f"if {room} < ({name}_high - {name}_low) * look"):
                        out("attention[k] = 1")
            for projection in self.projections:
                if projection.name in self.kernels and self.kernels[projection.name].needs_log:
                    target, name = projection.target, projection.name
                    most = f"{self.of(name, 'fired')}.shape[1] - look - 1"
                    with out.block(f"if is_crowded({self.of(name, 'logged')}, {target}_low, {target}_high, {most})"):
                        out("crowded[k] = 1")
            with out.block("if part == 0"):
                out("attention[(k + 1) % 3] = crowded[(k + 1) % 3] = 0")
        with out.block("if to_meet == 0 or n + 1 == end"):
            out("to_meet = chunk")
            with out.block("if parts > 1"):
                out("wait(meetings, parts)")
        with out.block("if to_look == 0 or n + 1 == end"):
            out("k = (n // look) % 3")
            with out.block("if crowded[k] != 0 and to_look == 0"):
                for projection in self.projections:
                    if projection.name in self.kernels:
                        name = projection.name
                        with out.block(f"if {self.of(name, 'learning')}[0]"):
                            now = f"n + 1 - {name}_base[0]"
                            self._call(projection, "settle", self.of(name, "axons"), now)
            out("to_look = look")
            with out.block("if attention[k] != 0"):
                self._count()
                out("return n + 1")


def _imported(part: str, label: str, body: str) -> str:
    """The line that imports from a module what `body` calls of it, with `label` behind its name."""
    called = [name for name in _functions(part) if re.search(rf"\b{name}{label}\(", body)]
    return f"from {name_of(part)} import " + ", ".join(f"{name} as {name}{label}" if label else name for name in called)


def _functions(part: str) -> list[str]:
    return sorted(re.findall(r"^def (\w+)\(", part, re.MULTILINE))


def _signal(modulator: str) -> str:
    """What a modulator is called in the source: a rule may well have one called n, where the loop counts steps."""
    return f"signal_{modulator}"
