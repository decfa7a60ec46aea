"""A plan as the source of the functions by which the synapses of one projection learn.

How the generated functions work:

    time       is counted in steps since a `base`; what decays is kept as it would stand at the base, had nothing
               decayed since, and its value at step t is the kept one times `fade[t]`, from a table. A spike at t
               adds 1 / fade[t]. Before the table ends, `rebase` makes the present the new base.
    learn      is called with the axons by which a spike arrives. Each synapse in their contiguous rows makes up for
               what happened since the last arrival: that arrival itself, then each spike of the postsynaptic cell, in
               their order, with the drift in between in closed form. What arrives now is learnt the next time.
    fire       notes that cells fired, for their synapses to learn from later, and changes the traces of these cells.
    settle     brings every synapse up to date, as if a spike arrived by each.
    drift      moves on what the cells themselves keep, where more than decay changes it.
    integrate  adds a step to what cells and modulators integrate for synapses, which take it when they learn.

So a synapse is touched when its presynaptic cell fires and at no other time; the two spikes of one step are known to
each other; and a row is read in the order in which it lies in memory.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from cofire.backends.numba.expressions import bracketed, source, summand
from cofire.backends.numba.fades import write_fades
from cofire.backends.numba.flows import flow_arguments, write_flow
from cofire.backends.numba.functions import Kernel
from cofire.backends.numba.integrals import (
    Table,
    tables_of,
    take_arguments,
    write_step,
    write_take,
    write_twice,
    write_within,
)
from cofire.backends.numba.preamble import preamble, title_of
from cofire.backends.numba.quantities import INDEX, Kept, Owner, Quantity
from cofire.backends.numba.reading import Reader, is_within, parts
from cofire.backends.numba.writer import FIRST, SETTLING, Writer, needed
from cofire.language.tree import ZERO, Cell, Expr, Name, Negative
from cofire.lowering.drift import is_varying
from cofire.lowering.plan import Plan

# Unsigned, as numba checks every signed index for being negative: a third of the time of a visit.
RANGE = "for s in range(np.uint64(row[i]), np.uint64(row[i + 1]))"
LENGTH: dict[Owner, str] = {"all": "1", "pre": "len(cell)", "post": "len(column) - 1", "synapse": "len(target)"}

_PLACES = ("row", "target", "cell", "first", "past", "last", "heard", "logged", "newest", "second", "fired")


def write_kernel(plan: Plan, kept: Kept, *, bounded: bool) -> Kernel:
    """The functions of a plan whose `kept` is not clocked."""
    return _Kernel(plan, kept, bounded).written()


def kernel_source(plan: Plan, kernel: Kernel) -> str:
    """The source of a module with these functions alone."""
    return preamble(title_of(plan), kernel.text) + kernel.text


class _Kernel(Reader):
    """The source of one kernel, written from top to bottom."""

    def __init__(self, plan: Plan, kept: Kept, bounded: bool) -> None:
        super().__init__(plan, kept, bounded)
        self.tables_of = {q: tables_of(self, q) for q in self.integrated}
        self.tables = tuple(table for tables in self.tables_of.values() for table in tables)
        self.arguments: dict[str, tuple[str, ...]] = {}

    def written(self) -> Kernel:
        for q in self.flowing:
            write_flow(self.out, q, self.kept, local=self.local, bounded=self.bounded)
        for table in self.tables:
            write_within(self.out, self, table)
        for q in self.integrated:
            if self._is_held(q):
                write_take(self.out, self.local(q.symbol), self.tables_of[q])
        write_fades(self, self.tables)
        self._learn()
        self._fire()
        self._settle()
        self._rebase()
        drifts = any(q.owner != "synapse" for q in self.flowing)
        if drifts:
            self._drift()
        if self.tables:
            self._integrate()
        moving = [q for q in self.flowing if q.owner == "synapse" and q.flow]
        arrival = [jump for q in self.changing for jump in (q.events.arrival, q.both)]
        hurries = {"pre": self.changes_by_step(arrival), "post": self.changes_by_step(self.spike_jumps())}
        return Kernel(
            self.out.text,
            self.arguments,
            self.kept,
            tuple(q.name for q in self.remembered),
            tuple(q.name for q in self.logged),
            tuple(self.fades.values()),
            any(is_varying(q.flow, {s.id for s in self.kept.signals if isinstance(s, Name)}) for q in moving if q.flow),
            self.silenced_by() if moving else None,
            frozenset(side for side, hurried in hurries.items() if hurried),
            drifts,
            self.needs_log,
            self.tables,
            {q.name: fade for q in self.kept.quantities if (fade := self.fade(q))},
        )

    @contextmanager
    def _function(self, name: str, *given: str, text: str = "", calls: tuple[str, ...] = ()) -> Iterator[None]:
        """A function that takes what is `given` and whatever else what is written within it reads."""
        whole, self.out = self.out, Writer()
        yield
        self.out, lines = whole, needed(self.out.text.splitlines())
        body = "\n".join(lines)
        kept = [q.name for q in self.kept.quantities]
        possible = [
            *("dt", "low", "high", "parameters", *self.fades.values(), *self._signal_arguments()),
            *(
                *_PLACES,
                *kept,
                *(f"before_{q.name}" for q in self.remembered),
                *(f"{kind}_{q.name}" for kind in ("prior", "log") for q in self.logged),
                *(array for table in self.tables for array in table.arrays),
            ),
        ]
        called = {argument for function in calls for argument in self.arguments[function]}
        reads = [a for a in dict.fromkeys(possible) if a in called or re.search(rf"\b{a}\b", body)]
        self.arguments[name] = tuple(dict.fromkeys((*given, *(a for a in reads if a not in given))))
        with whole.function(name, self.arguments[name]):
            if text:
                whole(f'"""{text}"""')
            whole(*lines)

    def _signal_arguments(self) -> list[str]:
        """A modulator comes as its present value, a variable of cells as an array."""
        names = self.kept.names
        return [names[s] if isinstance(s, Cell) else self.local(s) for s in self.kept.signals]

    # Learning

    def _learn(self) -> None:
        text = "Each synapse of these axons, brought up to step `now`; a spike arrives by them now if `arrives`."
        with self._function("learn", "axons", "begin", "end", "now", "arrives", text=text):
            self.write_parameters()
            self._read_of_nothing()
            with self.out.block("for c in range(begin, end)"):
                self.out("i = axons[c]", "then, came = last[i], heard[i]")
                self._read_of_axon()
                if self.changing or self._flows("synapse"):
                    with self.out.block(RANGE):
                        self._synapse()
                self.out("last[i], heard[i] = now, arrives")
                self._jump_of_axon()

    def _synapse(self) -> None:
        """The synapse s: what arrived at step `then`, and each spike of its cell since, with the drift between."""
        out = self.out
        stored = self._stored()
        reads = self.leaves([*self._arrival_jumps(), *self.spike_jumps(), *self.flow_parts()])
        out("j = np.uint32(target[s])")
        out(*(f"{self.local(q.symbol)} = {q.name}[s]" for q in stored))
        out(*(f"{self.local(leaf)} = {self.kept.names[leaf]}[j]" for leaf in reads if leaf in self._cells("post")))
        logged = [q for q in self.logged if q.symbol in reads]
        out(*(f"kept_{q.name} = {q.name}[j]" for q in logged))
        if self.needs_log:
            self._find_spikes(logged)
        flows = self._flows("synapse")
        if flows:
            out("at = then")
        if self.hears:
            self._arrival(logged)
        if self.needs_log and (self.feels or flows):
            with out.block("while left > 0"):
                self._flow_to("t", flows)
                if self.feels:
                    self._event(self.spike_jumps(), "t")
                self._next_spike(logged)
        if flows:
            out(*(f"kept_{q.name} = {q.name}[j]" for q in logged))
            self._flow_to("now", flows)
        out(*(f"{q.name}[s] = {self.local(q.symbol)}" for q in stored if q in self.changing or q in flows))

    def _find_spikes(self, logged: list[Quantity]) -> None:
        """How many spikes are `left` to learn from, when the first of them was, and the traces just before it.

        Most often there is none or one, which needs no look into the log.
        """
        out = self.out
        out("left = 0")
        with out.block("if newest[j] >= then"):
            with out.block("if second[j] < then"):
                out("left, t = 1, newest[j]", *(f"kept_{q.name} = prior_{q.name}[j]" for q in logged))
            with out.block("else"):
                out("k = logged[j]")
                with out.block("while k > 0 and fired[j, k - 1] >= then"):
                    out("k -= 1")
                out("left, t = logged[j] - k, fired[j, k]")
                out(*(f"kept_{q.name} = log_{q.name}[j, k]" for q in logged))

    def _next_spike(self, logged: list[Quantity]) -> None:
        """Goes to the next of those left, and reads what is needed when such a spike is alone."""
        out, reads = self.out, self.leaves([*self.spike_jumps(), *self.flow_parts()])
        logged = [q for q in logged if q.symbol in reads]
        out("left -= 1")
        with out.block("if left > 0"):
            out("k += 1", "t = fired[j, k]", *(f"kept_{q.name} = log_{q.name}[j, k]" for q in logged))

    def _arrival(self, logged: list[Quantity]) -> None:
        """What a spike that came at step `then` does, alone or with a spike of the postsynaptic cell in that step."""
        out = self.out
        both = [q.both for q in self.changing]
        alone = [q.events.arrival for q in self.changing]
        meet = "left > 0 and t == then"
        if all(jump == ZERO for jump in alone):
            with out.block(f"if came and {meet}"):
                self._event(both, "then")
                self._next_spike(logged)
            return
        with out.block("if came"):
            if not self.needs_log:
                self._event(alone, "then")
                return
            with out.block(f"if {meet}"):
                self._event(both, "then")
                self._next_spike(logged)
            with out.block("else"):
                self._event(alone, "then")

    def _event(self, jumps: list[Expr], time: str) -> None:
        """The jump of each quantity at step `time`, all computed from the values before, then all applied."""
        out = self.out
        leaves = self.leaves(jumps)
        for leaf in leaves:
            if isinstance(leaf, Cell) or leaf in self.kept.signals:
                continue
            q, fade = self.kept.of(leaf), self.fade(self.kept.of(leaf))
            faded = f" * {fade}[{time}]" if fade else ""
            if q.owner == "post":
                kept = f"kept_{q.name}" if q in self.logged else f"{q.name}[j]"
                out(f"{q.name}_j = {kept}{faded}")
            elif q.owner == "pre" and time != "then":
                out(f"{q.name}_i = {q.name}[i]{faded}")
        made = [(q, jump) for q, jump in zip(self.changing, jumps, strict=True) if jump != ZERO]
        self._apply_all(made, time, lambda q: self.local(q.symbol))

    def _apply_all(self, jumps: list[tuple[Quantity, Expr]], time: str, place: Callable[[Quantity], str]) -> None:
        out, made = self.out, []
        for q, jump in jumps:
            sign, size = ("-", jump.operand) if isinstance(jump, Negative) else ("+", jump)
            text = source(size, lambda node: self._leaf_at(node, time))
            if len(jumps) > 1 and self.leaves([jump]):
                out(f"change_{q.name} = {text}")
                text = f"change_{q.name}"
            made.append((q, sign, text))
        for q, sign, text in made:
            self._apply(q, sign, text, time, place(q))

    def _leaf_at(self, node: Expr, time: str) -> str:
        """What a leaf is called in a jump at step `time`."""
        if isinstance(node, Cell) or node in self.kept.signals or (isinstance(node, Name) and self._is_parameter(node)):
            return self.leaf(node)
        q, fade = self.kept.of(node), self.fade(self.kept.of(node))
        if q.owner == "synapse" and fade:
            return f"({self.local(node)} * {fade}[{time}])"
        return f"{q.name}_then" if q.owner == "pre" and time == "then" else self.local(node)

    def _is_parameter(self, node: Name) -> bool:
        return node.id in self.kept.parameters

    def _apply(self, q: Quantity, sign: str, size: str, time: str, place: str) -> None:
        fade = self.fade(q)
        if q.is_nearest:
            with self.out.block(f"if {size} {'>' if sign == '+' else '<'} 0.0"):
                self.out(f"{place} = " + (f"1.0 / {fade}[{time}]" if fade else "1.0"))
        elif self.bounded and q.is_weight:
            self.out(f"{place} = clipped({place} {sign} {size if sign == '+' else summand(size)}, low, high)")
        elif fade:
            self.out(f"{place} {sign}= {bracketed(size)} / {fade}[{time}]")
        else:
            self.out(f"{place} {sign}= {size}")

    def _arrival_jumps(self) -> list[Expr]:
        return [jump for q in self.changing for jump in (q.events.arrival, q.both)] if self.hears else []

    def _stored(self) -> list[Quantity]:
        """The quantities of synapses that the row's loop reads or writes."""
        flows = self._flows("synapse")
        leaves = self.leaves([*self._arrival_jumps(), *self.spike_jumps(), *self.flow_parts()])
        mine = [q for q in self.kept.quantities if q.owner == "synapse"]
        return [q for q in mine if q in self.changing or q in flows or q.symbol in leaves]

    def _read_of_nothing(self) -> None:
        """What belongs to neither cell nor synapse."""
        for q in self.kept.quantities:
            jumps = [*self._arrival_jumps(), *self.spike_jumps(), *self._jumps_of("pre"), *self._jumps_of("post")]
            if q.owner == "all" and q.symbol in self.leaves(jumps):
                self.out(f"{self.local(q.symbol)} = {q.name}[0]")

    def _read_of_axon(self) -> None:
        """What the axon's spike found at step `then`, and the variables of its cell."""
        reads = self.leaves([*self._arrival_jumps(), *self.spike_jumps(), *self.flow_parts()])
        for leaf in reads:
            if leaf in self._cells("pre"):
                self.out(f"{self.local(leaf)} = {self.kept.names[leaf]}[cell[i]]")
        for leaf in self.leaves(self._arrival_jumps()):
            if isinstance(leaf, Cell) or leaf in self.kept.signals or self.kept.of(leaf).owner != "pre":
                continue
            q, fade = self.kept.of(leaf), self.fade(self.kept.of(leaf))
            kept = f"before_{q.name}[i]" if q in self.remembered else f"{q.name}[i]"
            self.out(f"{q.name}_then = {kept}" + (f" * {fade}[then]" if fade else ""))

    def _cells(self, side: str) -> list[Cell]:
        return [signal for signal in self.kept.signals if isinstance(signal, Cell) and signal.side == side]

    # The cells' own

    def _jumps_of(self, owner: Owner) -> list[Expr]:
        return [self.jump_of(q) for q in self._jumping(owner)]

    def _jumping(self, owner: Owner) -> list[Quantity]:
        return [q for q in self.jumping if q.owner == owner]

    def _jump_of_axon(self) -> None:
        if not self._jumping("pre"):
            return
        with self.out.block("if arrives"):
            self.out(*(f"before_{q.name}[i] = {q.name}[i]" for q in self.remembered))
            self._jump_of_cell("pre")

    def _jump_of_cell(self, owner: Owner) -> None:
        """The traces of the cell that fires, all from the values before."""
        jumps = list(zip(self._jumping(owner), self._jumps_of(owner), strict=True))
        index = INDEX[owner]
        for leaf in self.leaves(jump for _, jump in jumps):
            if isinstance(leaf, Cell):
                where = "cell[i]" if owner == "pre" else "j"
                self.out(f"{self.local(leaf)} = {self.kept.names[leaf]}[{where}]")
            elif leaf not in self.kept.signals and self.kept.of(leaf).owner == owner:
                q, fade = self.kept.of(leaf), self.fade(self.kept.of(leaf))
                self.out(f"{self.local(leaf)} = {q.name}[{index}]" + (f" * {fade}[now]" if fade else ""))
        self._apply_all(jumps, "now", lambda q: f"{q.name}[{index}]")

    def _fire(self) -> None:
        text = "These cells fire in step `now`: their synapses will learn from it."
        with self._function("fire", "cells", "begin", "end", "now", text=text):
            self.write_parameters()
            self._read_of_nothing()
            with self.out.block("for c in range(begin, end)"):
                self.out("j = cells[c]")
                if self.needs_log:
                    self.out(
                        "k = logged[j]", "fired[j, k], logged[j] = now, k + 1", "second[j], newest[j] = newest[j], now"
                    )
                    self.out(*(f"log_{q.name}[j, k] = prior_{q.name}[j] = {q.name}[j]" for q in self.logged))
                self._jump_of_cell("post")

    # Everything at once

    def _settle(self) -> None:
        text = "Every synapse, brought up to step `now`; what was noted of the cells' spikes is learnt and struck out."
        with self._function("settle", "axons", "now", text=text, calls=("learn",)):
            self._call("learn", "axons", FIRST, "len(axons)", "now", SETTLING)
            if self.needs_log:
                with self.out.block("for j in range(first, past)"):
                    self.out("logged[j], newest[j], second[j] = 0, -1, -1")

    def _rebase(self) -> None:
        text = "Settles, and makes step `now` the new base, from which time is counted."
        with self._function("rebase", "axons", "now", text=text, calls=("settle",)):
            self._call("settle", "axons", "now")
            with self.out.block("for i in range(len(axons))"):
                self.out("last[i] = 0")
            for table in self.tables:
                with self.out.block("for j in range(first, past)") if table.owner == "post" else nullcontext():
                    self.out(*(f"{table.at(array, '0')} = 0.0" for array in table.arrays))
            heads = {"pre": "for i in range(len(axons))", "post": "for j in range(first, past)"}
            for q in self.kept.quantities:
                fade = self.fade(q)
                if not fade:
                    continue
                index = INDEX[q.owner]
                if q.owner == "synapse":
                    with self.out.block("for s in range(row[0], row[len(axons)])"):
                        self._faded(q, fade, index)
                elif q.owner == "all":
                    self._faded(q, fade, index)
                else:
                    with self.out.block(heads[q.owner]):
                        self._faded(q, fade, index)

    def _faded(self, q: Quantity, fade: str, index: str) -> None:
        self.out(f"value = {q.name}[{index}] * {fade}[now]")
        self.out(f"{q.name}[{index}] = value if abs(value) > 1e-200 else 0.0")

    def _drift(self) -> None:
        text = "What cells and modulators keep, moved on from step `now` to the next."
        with self._function("drift", "axons", "now", text=text):
            self.write_parameters()
            heads = {"pre": "for i in range(len(axons))", "post": "for j in range(first, past)"}
            for owner in ("pre", "post", "all"):
                flows = self._flows(owner)
                if not flows:
                    continue
                with self.out.block(heads.get(owner, "for _ in range(1)")):
                    for leaf in self.leaves(part for q in flows for part in parts(q)):
                        if isinstance(leaf, Cell):
                            where = "cell[i]" if leaf.side == "pre" else "j"
                            self.out(f"{self.local(leaf)} = {self.kept.names[leaf]}[{where}]")
                    for q in flows:
                        place = f"{q.name}[{INDEX[owner]}]"
                        self._flow(q, place, place, "now * dt", "1")

    def _integrate(self) -> None:
        text = "What cells and modulators integrate for their synapses, from step `now` to the next."
        with self._function("integrate", "now", text=text):
            self.write_parameters()
            for owner in ("all", "post"):
                tables = [table for table in self.tables if table.owner == owner]
                if tables:
                    write_twice(self.out, self, tables)
                    with self.out.block("for j in range(first, past)") if owner == "post" else nullcontext():
                        write_step(self.out, self, tables)

    def _call(self, function: str, *given: str) -> None:
        rest = self.arguments[function][len(given) :]
        self.out.call(function, [*given, *rest], "")

    # Between events

    def _flows(self, owner: Owner) -> list[Quantity]:
        """What moves between events of itself, or by what its cell integrated for it; what others read comes last."""
        through = [q for q in self.integrated if any(table.inner for table in self.tables_of[q])]
        integrated = through + [q for q in self.integrated if q not in through]
        return [q for q in (*self.flowing, *integrated) if q.owner == owner]

    def _flow_to(self, time: str, flows: list[Quantity]) -> None:
        for q in flows:
            if q.integrals:
                self._take(q, time)
            else:
                self._flow(q, self.local(q.symbol), self.local(q.symbol), "at * dt", f"{time} - at")
        if flows and time != "now":
            self.out(f"at = {time}")

    def _flow(self, q: Quantity, result: str, before: str, since: str, steps: str) -> None:
        arguments = flow_arguments(q, self.kept, before, since, steps, self._flow_leaf, self.bounded)
        self.out.call(f"{result} = flow_{q.name}", arguments, "")

    def _take(self, q: Quantity, time: str) -> None:
        """What the cell integrated for a synapse since step `at`, with what the synapse has of it as it is kept."""
        x, tables = self.local(q.symbol), self.tables_of[q]
        products = [self._product(table) for table in tables]
        if self._is_held(q):
            self.out.call(f"{x} = take", take_arguments(x, time, tables, products), "")
            return
        for table, product in zip(tables, products, strict=True):
            self.out(f"{x} += {product} * {table.growth(table.name, 'at', time)}")

    def _product(self, table: Table) -> str:
        """F of a table, as a synapse has it at step `at`."""
        factors = [factor for factor in table.factors if not factor.integrals]
        through = next((factor for factor in table.factors if factor.integrals), None)
        if table.inner:
            factors += table.inner.factors
        text = [self._flow_leaf(factor.symbol) for factor in factors]
        if through and not table.inner:
            begun = [f" - {self._product(inner)} * {inner.at(inner.name, 'at')}" for inner in self.tables_of[through]]
            text.append(f"({self.local(through.symbol)}{''.join(begun)})")
        return " * ".join(text) or "1.0"

    def _is_held(self, q: Quantity) -> bool:
        """Whether it is kept within bounds."""
        return self.bounded and q.is_weight

    def _flow_leaf(self, leaf: Expr) -> str:
        """What a flow reads: a decaying quantity as it is kept, anything else from its local variable."""
        if isinstance(leaf, Cell) or leaf in self.kept.signals:
            return self.local(leaf)
        q = self.kept.of(leaf)
        if q.owner == "synapse":
            return self.local(leaf)
        if q in self.logged and is_within(leaf, self.flow_parts()):
            return f"kept_{q.name}"
        return f"{q.name}[{INDEX[q.owner]}]"
