"""A plan as the source of a kernel that goes from event to event.

How a generated kernel works:

    traces     are kept as they would stand at step `base`, had nothing decayed since: the value at step n is the kept
               one times `fade`, one number for all cells. A spike at n adds 1 / fade. Every `span` steps `settle`
               brings all up to date, before 1 / fade grows beyond numbers.
    arrivals   every synapse of an axon whose spike arrives, in its contiguous row; where the postsynaptic cell fires in
               the same step, the changes are added before they are applied.
    spikes     every synapse of a cell that fires, but for those done just before.
    traces     are changed last, so that none contains the spike that reads it.
    drift      of the weight and of synapse variables is made up for at the synapse's next event, in closed form; where
               a coefficient changes from step to step, at each step instead.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import nullcontext

from cofire.backends.numba.expressions import HEAVISIDE, MATHS, source
from cofire.backends.numba.flows import INTEGRAL, OVERLAP, flow_arguments, write_flow
from cofire.backends.numba.quantities import INDEX, Kept, Owner, Quantity
from cofire.backends.numba.reading import Reader, bracketed, parts
from cofire.backends.numba.writer import Writer
from cofire.language.text import equations_to_text
from cofire.language.tree import ONE, ZERO, Binary, Cell, Expr, Name, Negative
from cofire.lowering.plan import Plan

_TIME = ("steps", "dt", "low", "high", "parameters", "arrivals", "arriving", "spikes", "firing")
_PLACES = ("row", "target", "column", "incoming", "source", "cell")
ARGUMENTS = _TIME + _PLACES
RANGE = "for s in range(row[i], row[i + 1])"
LENGTH = {"all": "1", "pre": "len(cell)", "post": "len(column) - 1", "synapse": "len(target)"}

_COMPILED = """COMPILED = {"cache": True, "fastmath": False, "error_model": "numpy", "nogil": True}
"""
_CLIPPED = """
@njit(**COMPILED)
def clipped(x, low, high):
    return low if x < low else high if x > high else x
"""
_HELPERS = {"clipped": _CLIPPED, "overlap": OVERLAP, "integral": INTEGRAL, "heaviside": HEAVISIDE}


def kernel_source(plan: Plan, kept: Kept, *, bounded: bool) -> str:
    """The source of a module whose `run` learns from spike trains. `kept`: not clocked."""
    return _Kernel(plan, kept, bounded).text()


def preamble(plan: Plan, body: str) -> str:
    """What stands before the `body` of a kernel: the rule as a comment, the imports, the helpers in use."""
    written = equations_to_text(plan.written).splitlines()
    comment = "".join(f"# {re.sub(r'[^ -~]', '?', line)}\n" for line in written)
    helpers = ""
    for name, text in _HELPERS.items():
        if f"{name}(" in body + helpers:
            helpers = f"\n{text}{helpers}"
    used = sorted(name for name in MATHS if re.search(rf"\b{name}\(", body + helpers))
    imported = f"from numpy import {', '.join(used)}\n" if used else ""
    return f"{comment}\nimport numpy as np\nfrom numba import njit\n{imported}\n{_COMPILED}{helpers}"


def run_arguments(kept: Kept) -> tuple[str, ...]:
    """What `run` takes, in order."""
    return (*ARGUMENTS, *(kept.names[signal] for signal in kept.signals), *(q.name for q in kept.quantities))


class _Kernel(Reader):
    """The source of one kernel, written from top to bottom."""

    settle_arguments: tuple[str, ...] = ()

    def text(self) -> str:
        out = self.out
        for q in self.flowing:
            write_flow(out, q, self.kept, local=self.local, bounded=self.bounded)
        if self.fades or self.flowing:
            self._settle()
        with out.function("run", run_arguments(self.kept)):
            self.write_parameters()
            if self.rows() and self.columns():
                out("arrived = np.full(len(cell), -1)  # the last step in which a spike arrived by an axon")
            if self.when_fired():
                out("fired = np.full(len(column) - 1, -1)  # the last step in which a cell fired")
            if self.lazy:
                out("last = np.zeros(len(target), np.int64)  # the step up to which a synapse is up to date")
            if self.fades or self.flowing:
                out("base = 0")
            if self.fades:
                rates = ", ".join(f"abs({source(rate, self.leaf)})" for rate in self.fades)
                out(f"fastest = max({rates})" if len(self.fades) > 1 else f"fastest = {rates}")
                out(f"span = max(1, int({self.reach()} / max(dt * fastest, 1e-6)))")
            with out.block("for n in range(steps)"):
                self._step()
            if self.fades or self.flowing:
                with out.block("if steps > 0"):
                    self._call_settle("steps")
        return preamble(self.plan, out.text) + out.text

    # The loop over steps

    def _step(self) -> None:
        out = self.out
        if self.clocked:
            with out.block("if n > 0"):
                self._flow_everywhere("n - 1")
        if self.fades:
            with out.block("if n - base == span"):
                self._call_settle("n")
                out("base = n")
        any_event = ["arrivals[n] == arrivals[n + 1]"] if self.needs_arrivals() else []
        any_event += ["spikes[n] == spikes[n + 1]"] if self.needs_spikes() else []
        if not any_event:
            return
        with out.block(f"if {' and '.join(any_event)}"):
            out("continue")
        self._fades("n")
        for signal in self.kept.signals:
            if isinstance(signal, Name) and self.uses(signal):
                out(f"{self.local(signal)} = {self.kept.names[signal]}[n]")
        for q in self.kept.quantities:
            if q.owner == "all" and self.uses(q.symbol):
                self.read([q.symbol], "all")
        if self.when_fired():
            with out.block("for k in range(spikes[n], spikes[n + 1])"):
                out("fired[firing[k]] = n")
            out("any_fired = spikes[n] < spikes[n + 1]")
        if self.rows():
            self._arrivals()
        if self.columns():
            self._spikes()
        self._traces("pre", "arrivals", "arriving")
        self._traces("post", "spikes", "firing")

    def _arrivals(self) -> None:
        """Every synapse of an axon whose spike arrives, and those among them whose postsynaptic cell fires too."""
        out, both_only = self.out, not self.row_always()
        alone = [ZERO if both_only else q.events.arrival for q in self.changing]
        both = [q.both for q in self.changing]
        out("", "# a presynaptic spike arrives")
        with out.block("for k in range(arrivals[n], arrivals[n + 1])"):
            out("i = arriving[k]")
            if self.columns():
                out("arrived[i] = n")
            if both_only:
                with out.block("if not any_fired"):
                    out("continue")
            done = self.read(self.leaves(alone + both), "pre")
            with out.block(RANGE):
                out("j = target[s]")
                if both_only:
                    with out.block("if fired[j] != n"):
                        out("continue")
                    self._change(both, done)
                    return
                if self.when_fired():
                    with out.block("if any_fired and fired[j] == n"):
                        self._change(both, done)
                        out("continue")
                self._change(alone, done)

    def _spikes(self) -> None:
        out = self.out
        jumps = [q.events.spike for q in self.changing]
        out("", "# a postsynaptic cell fires")
        with out.block("for k in range(spikes[n], spikes[n + 1])"):
            out("j = firing[k]")
            done = self.read(self.leaves(jumps), "post")
            with out.block("for c in range(column[j], column[j + 1])"):
                out("i = source[c]")
                if self.rows():
                    with out.block("if arrived[i] == n"):
                        out("continue  # both came, and were added above")
                out("s = incoming[c]")
                self._change(jumps, done)

    def _change(self, jumps: list[Expr], done: set[Expr]) -> None:
        """The synapse s: first what it missed, then the jump of each of its quantities, all from the values before."""
        out = self.out
        leaves = [leaf for leaf in self.leaves(jumps) if leaf not in done]
        for owner in ("pre", "post"):
            self.read(leaves, owner)
        lazily = [q.symbol for q in self.lazy]
        self.read([leaf for leaf in leaves if leaf not in lazily], "synapse")
        for q in self.lazy:
            self._flow(q, self.local(q.symbol))
        if self.lazy:
            out("last[s] = n")
        known = set(leaves) | set(lazily)
        self._apply_all([(q, jump) for q, jump in zip(self.changing, jumps, strict=True) if jump != ZERO], known)
        for q, jump in zip(self.changing, jumps, strict=True):
            if q in self.lazy and jump == ZERO:
                out(f"{q.name}[s] = {self.local(q.symbol)}")
        for q in self.lazy:
            if q not in self.changing:
                out(f"{q.name}[s] = {self.local(q.symbol)}")

    def _apply_all(self, jumps: list[tuple[Quantity, Expr]], known: set[Expr]) -> None:
        """Adds each jump to its quantity, once all are computed. `known`: what local variables hold already."""
        made = []
        for q, jump in jumps:
            sign, size = ("-", jump.operand) if isinstance(jump, Negative) else ("+", jump)
            text = source(size, self.leaf)
            if len(jumps) > 1 and self.leaves([jump]):
                self.out(f"change_{q.name} = {text}")
                text = f"change_{q.name}"
            made.append((q, sign, text))
        for q, sign, text in made:
            self._apply(q, sign, text, known)

    def _apply(self, q: Quantity, sign: str, size: str, known: set[Expr]) -> None:
        place = f"{q.name}[{INDEX[q.owner]}]"
        fade = self.fades.get(q.rate) if q.is_decaying else None
        bounded = self.bounded and q.is_weight
        if q.is_nearest:
            if sign == "+":
                with self.out.block(f"if {size} > 0.0"):
                    self.out(f"{place} = " + (f"1.0 / {fade}" if fade else "1.0"))
            else:
                with self.out.block(f"if {size} < 0.0"):
                    self.out(f"{place} = " + (f"1.0 / {fade}" if fade else "1.0"))
        elif bounded or q in self.lazy:
            before = self.local(q.symbol) if q.symbol in known else place
            total = f"{before} {sign} {size if sign == '+' else _summand(size)}"
            self.out(f"{place} = clipped({total}, low, high)" if bounded else f"{place} = {total}")
        else:
            self.out(f"{place} {sign}= {bracketed(size)} / {fade}" if fade else f"{place} {sign}= {size}")

    def _traces(self, owner: Owner, begin: str, who: str) -> None:
        """The traces that belong to the cells that fired, all from the values before."""
        out = self.out
        kept = [q for q in self.kept.quantities if q.owner == owner and self.jump_of(q) != ZERO]
        if not kept:
            return
        index = INDEX[owner]
        whose = "axons" if owner == "pre" else "cells"
        out("", f"# the traces of the {whose}, last: none contains the spike that reads it")
        with out.block(f"for k in range({begin}[n], {begin}[n + 1])"):
            out(f"{index} = {who}[k]")
            self.read(self.leaves([self.jump_of(q) for q in kept]), owner)
            self._apply_all([(q, self.jump_of(q)) for q in kept], set())

    # Drift

    def _settle(self) -> None:
        """The function that brings everything up to date with step n, which becomes the new base."""
        whole, self.out = self.out, Writer()
        out = self.out
        self.write_parameters()
        if self.lazy:
            self._flow_everywhere("n")
        if self.clocked:
            with out.block("if n == steps"):
                self._flow_everywhere("n - 1")
        self._fades("n")
        for q in self.kept.quantities:
            fade = self.fades.get(q.rate) if q.is_decaying else None
            if fade:
                index = "k" if q.owner == "all" else INDEX[q.owner]
                with out.block(f"for {index} in range({LENGTH[q.owner]})"):
                    out(f"value = {q.name}[{index}] * {fade}")
                    out(f"{q.name}[{index}] = value if abs(value) > 1e-200 else 0.0")
        self.out, body = whole, out.text
        possible = ["n", "base", "steps", "last", *run_arguments(self.kept)]
        self.settle_arguments = tuple(name for name in dict.fromkeys(possible) if re.search(rf"\b{name}\b", body))
        with whole.function("settle", self.settle_arguments):
            whole(*body.splitlines())

    def _flow_everywhere(self, held: str) -> None:
        """Every flowing quantity brought up to step n; `held`: the step whose modulators count."""
        out = self.out
        for signal in self.kept.signals:
            if isinstance(signal, Name) and self.in_flow(signal):
                out(f"{self.local(signal)} = {self.kept.names[signal]}[{held}]")
        flowing = self.lazy or self.clocked
        for owner in ("synapse", "pre", "post", "all"):
            group = [q for q in flowing if q.owner == owner]
            if not group:
                continue
            leaves = [leaf for q in group for leaf in self.leaves(parts(q)) if isinstance(leaf, Cell)]
            if owner == "synapse":
                silent = self.silenced_by(group)
                with out.block(f"if {self.local(silent)} != 0.0") if silent else nullcontext():
                    self._flow_synapses(group, leaves, held)
            elif owner == "all":
                self._flow_each(group)
            else:
                with out.block(f"for {INDEX[owner]} in range({LENGTH[owner]})"):
                    self.read(leaves, owner, held)
                    self._flow_each(group)

    def _flow_synapses(self, group: list[Quantity], leaves: Sequence[Expr], held: str) -> None:
        out = self.out
        with out.block("for i in range(len(cell))"):
            self.read(leaves, "pre", held)
            with out.block(RANGE):
                out("j = target[s]")
                self.read(leaves, "post", held)
                self._flow_each(group)
                if self.lazy:
                    out("last[s] = n")

    def _flow_each(self, group: list[Quantity]) -> None:
        for q in group:
            self._flow(q, f"{q.name}[{INDEX[q.owner]}]")

    def _flow(self, q: Quantity, result: str) -> None:
        """A line that brings the element at hand up to step n."""
        place = f"{q.name}[{INDEX[q.owner]}]"
        since, steps = ("(last[s] - base) * dt", "n - last[s]") if self.lazy else ("(n - 1 - base) * dt", "1")
        arguments = flow_arguments(q, self.kept, place, since, steps, self.flow_leaf, self.bounded)
        self.out.call(f"{result} = flow_{q.name}", arguments, "")

    def _call_settle(self, n: str) -> None:
        self.out.call("settle", [n if name == "n" else name for name in self.settle_arguments], "")

    def _fades(self, n: str) -> None:
        if self.fades:
            self.out(f"since = ({n} - base) * dt")
        for rate, fade in self.fades.items():
            match rate:
                case Binary("/", left, right) if left == ONE:
                    self.out(f"{fade} = exp(-since / {bracketed(source(right, self.leaf))})")
                case _:
                    self.out(f"{fade} = exp(-since * {bracketed(source(rate, self.leaf))})")


def _summand(text: str) -> str:
    """`text` as what is taken away: in brackets where it is a sum."""
    return f"({text})" if " + " in text or " - " in text or text.startswith("-") else text
