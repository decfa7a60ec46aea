"""The closed form of a quantity between events, as the source of one function.

With X' = -r X + Σ c P, where P is a product of decaying quantities and decays with rate q from the value P that it had
when X was last up to date,

    X(u) = X(0) exp(-r u) + Σ c P (exp(-q u) - exp(-r u)) / (r - q)

and with X' = -r X + Σ c P X, the exponent gains Σ c P (1 - exp(-q u)) / q. Bounds are held after every step: where the
weight cannot have met one on its way it goes at once, else step by step. Steps in the equation are held from one
crossing of a threshold to the next, at log(X / level) / q. What has no closed form is integrated from one to the next,
by the pair of Dormand and Prince as in `solver.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial, reduce

from cofire.backends.numba.expressions import bracketed, source, summand
from cofire.backends.numba.quantities import Kept, Quantity
from cofire.backends.numba.reading import parts
from cofire.backends.numba.solver import stages
from cofire.backends.numba.writer import Writer
from cofire.language.algebra import simplify
from cofire.language.tree import ZERO, Binary, Expr, Name, walk
from cofire.lowering.crossings import Gate
from cofire.lowering.drift import Piece

INTEGRAL = '''
@njit(**INNER)
def integral(rate, time):
    """Of exp(-rate * t) from 0 to `time`."""
    return time if abs(rate * time) < 1e-300 else -expm1(-rate * time) / rate
'''
OVERLAP = '''
@njit(**INNER)
def overlap(a, b, time):
    """The integral of exp(-a * t) * exp(-b * (time - t)) from 0 to `time`."""
    return exp(-min(a, b) * time) * integral(abs(a - b), time)
'''

ADVANCE = '''

@njit(**INNER)
def advance_{name}({x}, time{arguments}):
    """The value `time` later, by steps as short as it takes to keep the error of each below 1e-12 of the value."""
    done, span = 0.0, time
    k1 = slope_{name}({x}{arguments})
    while done < time:
        span = min(span, time - done)
        ends = span >= time - done
        k2 = slope_{name}({x} + span * ({y2}){arguments})
        k3 = slope_{name}({x} + span * ({y3}){arguments})
        k4 = slope_{name}({x} + span * ({y4}){arguments})
        k5 = slope_{name}({x} + span * ({y5}){arguments})
        k6 = slope_{name}({x} + span * ({y6}){arguments})
        trial = {x} + span * ({y7})
        k7 = slope_{name}(trial{arguments})
        error = span * ({error})
        worst = abs(error) / (1e-14 + 1e-12 * max(abs({x}), abs(trial)))
        if worst <= 1.0 or span < 1e-12 * time or not np.isfinite(worst):
            done = time if ends or not np.isfinite(trial) else done + span
            {x}, k1 = trial, k7
        if np.isfinite(worst):
            span *= min(5.0, max(0.2, 0.9 * max(worst, 1e-10) ** -0.2))
    return {x}
'''


def flow_arguments(
    q: Quantity, kept: Kept, before: str, since: str, steps: str, local: Callable[[Expr], str], bounded: bool
) -> list[str]:
    """What the flow's function takes: the value before, when that was, how many steps to go, what its form reads."""
    bounds = ["low", "high"] if bounded and q.is_weight else []
    assert q.flow is not None
    moves = bool(q.flow.gates) or any(piece.factors for piece in q.flow.pieces)
    return [before, *([since] if moves else []), steps, "dt", *bounds, *_read(q, kept, local)]


def write_flow(write: Writer, q: Quantity, kept: Kept, *, local: Callable[[Expr], str], bounded: bool) -> None:
    """The function `flow_NAME`: the value after `steps` steps without events.

    The decaying factors are given as they are kept, which is as they stood at the base, `since` before the value.
    """
    arguments = flow_arguments(q, kept, local(q.symbol), "since", "steps", local, bounded)
    form = _Form(q, kept, local)
    if q.flow and q.flow.slope:
        form.write_slope(write, q.name, _read(q, kept, local))
    with write.function(f"flow_{q.name}", arguments):
        form.write(write, bounded and q.is_weight)


class _Form:
    """The formula of one flow."""

    def __init__(self, q: Quantity, kept: Kept, local: Callable[[Expr], str]) -> None:
        assert q.flow is not None
        self.flow, self.kept, self.local, self.x = q.flow, kept, local, local(q.symbol)
        self.gates: dict[Expr, str] = {gate.name: f"_gate_{n}" for n, gate in enumerate(q.flow.gates, 1)}
        self.advance = ""

    def write_slope(self, write: Writer, name: str, read: list[str]) -> None:
        """The functions `slope_NAME` and `advance_NAME` of what has no closed form."""
        assert self.flow.slope is not None
        text = source(self.flow.slope, self.leaf)
        others = [other for other in [*read, *self.gates.values()] if re.search(rf"\b{other}\b", text)]
        with write.function(f"slope_{name}", [self.x, *others]):
            write(f"return {text}")
        passed = "".join(f", {other}" for other in others)
        write(*ADVANCE.format(name=name, x=self.x, arguments=passed, **stages()).splitlines())
        self.advance = f"advance_{name}({self.x}, {{}}{passed})"

    def write(self, write: Writer, bounded: bool) -> None:
        steady = not any(piece.factors for piece in self.flow.pieces)
        if bounded and self.gates and steady:
            self._write_edges(write)
        elif self.gates:
            self._write_in_parts(write, bounded)
        else:
            self._write_whole(write, bounded, steady)
        write(f"return {self.x}")

    def _write_in_parts(self, write: Writer, bounded: bool) -> None:
        """From crossing to crossing; a weight with bounds step by step."""
        with write.block("for step in range(steps)") if bounded else nullcontext():
            begun, time = ("since + step * dt", "dt") if bounded else ("since", "steps * dt")
            self._write_crossings(write, begun)
            write(f"begin, time = 0.0, {time}")
            with write.block("while begin < time"):
                write("end = time")
                self._write_next(write)
                self._write_part(write, begun, self.x)
                write("begin = end")
            if bounded:
                write(f"{self.x} = clipped({self.x}, low, high)")

    def _write_edges(self, write: Writer) -> None:
        """From crossing to crossing, where all else stands still, a weight with bounds.

        It goes one way until a crossing, and from a bound it does not come back before: it need be held only at the
        ends of the steps just before a crossing, and just after.
        """
        x = self.x
        self._write_crossings(write, "since")
        write("begin, step = 0.0, 0")
        with write.block("while step < steps"):
            write("end = steps * dt")
            self._write_next(write)
            write("edge = steps if end == steps * dt else int(end / dt)  # the last end of a step until there")
            with write.block("if begin > step * dt"):
                write("edge = min(edge, step + 1)")
            with write.block("if edge > step"):
                write("end = edge * dt")
            if not self.advance:
                self._write_part(write, "since", x)
                with write.block("if edge > step"):
                    write(f"step, {x} = edge, clipped({x}, low, high)")
            else:  # which may have no value beyond a bound
                self._write_part(write, "since", "after")
                with write.block("if low <= after <= high or edge == step"):
                    write(f"{x} = after")
                with write.block("else"):
                    write("span = min(span, dt)")
                    with write.block("for _ in range(step, edge)"):
                        write(f"{x} = clipped({self.advance.format('span')}, low, high)")
                write("step = edge")
            write("begin = end")

    def _write_crossings(self, write: Writer, begun: str) -> None:
        """How long after `begun` each threshold is crossed."""
        for gate in self.flow.gates:
            name, level, rate = self.gates[gate.name], bracketed(source(gate.level, self.leaf)), self._gate_rate(gate)
            write(f"{name}_from = {self.leaf(gate.quantity)} * exp(-{rate} * ({begun}))")
            write(f"{name}_until = log({name}_from / {level}) / {bracketed(rate)}  # NaN if never")

    def _write_next(self, write: Writer) -> None:
        """`end` becomes the next crossing after `begin`, if that is earlier."""
        for name in self.gates.values():
            with write.block(f"if begin < {name}_until < end"):
                write(f"end = {name}_until")

    def _write_part(self, write: Writer, begun: str, x: str) -> None:
        """What the value is at `end`, if it is that at `begin` now and nothing is crossed between them."""
        for gate in self.flow.gates:
            name = self.gates[gate.name]
            now = f"{name}_from * exp(-{self._gate_rate(gate)} * (0.5 * (begin + end)))"
            write(f"{name} = {source(gate.step, partial(self._gated_leaf, gate, now))}")
        write("span = end - begin", f"{x} = {self._after(f'{begun} + begin', 'span')}")

    def _gate_rate(self, gate: Gate) -> str:
        return summand(source(self.kept.of(gate.quantity).rate, self.leaf))

    def _gated_leaf(self, gate: Gate, now: str, node: Expr) -> str:
        return f"({now})" if node == gate.quantity else self.leaf(node)

    def _after(self, since: str, time: str) -> str:
        """The value `time` later, nothing crossed meanwhile."""
        if self.advance:
            return self.advance.format(time)
        return self.formula([self._total(piece, bracketed(since), time) for piece in self.flow.pieces], time)

    def _write_whole(self, write: Writer, bounded: bool, steady: bool) -> None:
        """At once; a weight with bounds step by step, unless it cannot have met one on its way."""
        x = self.x
        write("time = steps * dt")
        if not bounded:
            write(f"{x} = {self._after('since', 'time')}")
            return
        if steady and not self.advance:  # it goes one way, and does not come back from a bound
            write(f"{x} = clipped({self._after('since', 'time')}, low, high)")
            return
        if self.advance:
            write(f"after = {self._after('since', 'time')}", "least = most = after")  # it goes one way
        else:
            self._write_range(write)
        with write.block("if low <= least and most <= high"):
            write(f"{x} = after")
        with write.block("else"), write.block("for step in range(steps)"):
            write(f"{x} = clipped({self._after('since + step * dt', 'dt')}, low, high)")

    def _write_range(self, write: Writer) -> None:
        """The value `after` all steps, and between which two it is `least` and `most` meanwhile."""
        x, names = self.x, [f"_part_{position}" for position in range(len(self.flow.pieces))]
        for name, piece in zip(names, self.flow.pieces, strict=True):
            write(f"{name} = {self._total(piece, 'since', 'time')}")
        write(f"after = {self.formula(names, 'time')}")
        rate = summand(source(self.flow.rate, self.leaf))
        if self.flow.gains:
            ways = [*names, *([] if self.flow.rate == ZERO else [f"-{rate} * time"])]
            least, most = (f"exp({' + '.join(f'{kind}({way}, 0.0)' for way in ways)})" for kind in ("min", "max"))
            write(f"least, most = {x} * {least}, {x} * {most}", "least, most = min(least, most), max(least, most)")
            return
        ends = x
        if self.flow.rate != ZERO:  # at most the whole input, none of it decayed
            for name, piece in zip(names, self.flow.inputs, strict=True):
                write(f"{name} = {self.total(piece, 'since', 'time', ZERO)}")
            write(f"left = {x} * exp(-{rate} * time)")
            ends = f"{{}}({x}, left)"
        for what, kind in (("least", "min"), ("most", "max")):
            write(f"{what} = {' + '.join([ends.format(kind), *(f'{kind}({name}, 0.0)' for name in names)])}")
        if self.flow.rate != ZERO:
            with write.block(f"if {rate} < 0.0"):
                write("least = -np.inf")

    def formula(self, pieces: list[str], time: str) -> str:
        """The value after `time`, given what each piece adds up to."""
        rate = self.flow.rate
        decay = "" if rate == ZERO else f"-{summand(source(rate, self.leaf))} * {time}"
        if self.flow.gains:
            return f"{self.x} * exp({' + '.join(([decay] if decay else []) + pieces)})"
        return " + ".join([f"{self.x} * exp({decay})" if decay else self.x, *pieces])

    def _total(self, piece: Piece, since: str, time: str) -> str:
        return self.total(piece, since, time, self.flow.rate if self.flow.inputs else ZERO)

    def total(self, piece: Piece, since: str, time: str, own: Expr) -> str:
        """What a piece adds up to over `time`, beginning `since` after the base, as it decays with the rate `own`."""
        product = reduce(lambda a, b: Binary("*", a, b), piece.factors, piece.coefficient)
        text = summand(source(simplify(product), self.leaf))
        if not piece.factors:
            return f"{text} * " + (time if own == ZERO else f"integral({source(own, self.leaf)}, {time})")
        rates = (self.kept.of(factor).rate for factor in piece.factors)
        fading = source(reduce(lambda a, b: Binary("+", a, b), rates), self.leaf)
        own_text = source(own, self.leaf)
        grown = f"integral({fading}, {time})" if own == ZERO else f"overlap({fading}, {own_text}, {time})"
        return f"{text} * exp(-{summand(fading)} * {since}) * {grown}"

    def leaf(self, node: Expr) -> str:
        if node in self.gates:
            return self.gates[node]
        is_parameter = isinstance(node, Name) and node.id in self.kept.parameters
        return self.kept.names[node] if is_parameter else self.local(node)


def _read(q: Quantity, kept: Kept, local: Callable[[Expr], str]) -> list[str]:
    assert q.flow is not None
    found: dict[str, None] = {}
    fading = [*(factor for piece in q.flow.pieces for factor in piece.factors)]
    fading += [gate.quantity for gate in q.flow.gates]
    expressions = [*parts(q), *(kept.of(factor).rate for factor in fading)]
    symbols = {other.symbol for other in kept.quantities} | set(kept.signals)
    for expression in expressions:
        inside: set[Expr] = set()
        for node in walk(expression):
            if node in inside or node == q.symbol:
                continue
            if node in symbols:
                found[local(node)] = None
                inside |= set(walk(node))
            elif isinstance(node, Name) and node in kept.names:
                found[kept.names[node]] = None
    return list(found)
