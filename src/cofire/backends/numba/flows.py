"""The closed form of a quantity between events, as the source of one function.

With X' = -r X + Σ c P, where P is a product of decaying quantities and decays with rate q from the value P that it had
when X was last up to date,

    X(u) = X(0) exp(-r u) + Σ c P (exp(-q u) - exp(-r u)) / (r - q)

and with X' = -r X + Σ c P X, the exponent gains Σ c P (1 - exp(-q u)) / q. Bounds are held after every step: where the
weight cannot have met one on its way it goes at once, else step by step.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

from cofire.backends.numba.expressions import source, summand
from cofire.backends.numba.quantities import Kept, Quantity
from cofire.backends.numba.writer import Writer
from cofire.language.algebra import simplify
from cofire.language.tree import ZERO, Binary, Expr, Name, walk
from cofire.lowering.drift import Flow, Piece

INTEGRAL = '''
@njit(**COMPILED)
def integral(rate, time):
    """Of exp(-rate * t) from 0 to `time`."""
    return time if abs(rate * time) < 1e-300 else -expm1(-rate * time) / rate
'''
OVERLAP = '''
@njit(**COMPILED)
def overlap(a, b, time):
    """The integral of exp(-a * t) * exp(-b * (time - t)) from 0 to `time`."""
    return exp(-min(a, b) * time) * integral(abs(a - b), time)
'''


def flow_arguments(
    q: Quantity, kept: Kept, before: str, since: str, steps: str, local: Callable[[Expr], str], bounded: bool
) -> list[str]:
    """What the flow's function takes: the value before, when that was, how many steps to go, what its form reads."""
    bounds = ["low", "high"] if bounded and q.is_weight else []
    assert q.flow is not None
    moves = any(piece.factors for piece in q.flow.pieces)
    return [before, *([since] if moves else []), steps, "dt", *bounds, *_read(q, kept, local)]


def write_flow(
    write: Writer, q: Quantity, kept: Kept, *, label: str, local: Callable[[Expr], str], bounded: bool
) -> None:
    """The function `flow_NAME`, with `label` behind its name: the value after `steps` steps without events.

    The decaying factors are given as they are kept, which is as they stood at the base, `since` before the value.
    """
    arguments = flow_arguments(q, kept, local(q.symbol), "since", "steps", local, bounded)
    with write.function(f"flow_{q.name}{label}", arguments):
        assert q.flow is not None
        _Form(q, q.flow, kept, local).write(write, bounded and q.is_weight)


class _Form:
    """The formula of one flow."""

    def __init__(self, q: Quantity, flow: Flow, kept: Kept, local: Callable[[Expr], str]) -> None:
        self.flow, self.kept, self.local, self.x = flow, kept, local, local(q.symbol)

    def write(self, write: Writer, bounded: bool) -> None:
        x, pieces = self.x, [self.total(piece, "since", "time") for piece in self.flow.pieces]
        moving = any(piece.factors for piece in self.flow.pieces)
        straight = not bounded or not moving
        if straight or (self.flow.inputs and self.flow.rate == ZERO):
            write("time = steps * dt")
        if straight:
            formula = self.formula(pieces, "time")
            write(f"return clipped({formula}, low, high)" if bounded else f"return {formula}")
            return
        if self.flow.inputs and self.flow.rate == ZERO:
            names = [f"_part_{position}" for position in range(len(pieces))]
            write(*(f"{name} = {piece}" for name, piece in zip(names, pieces, strict=True)))
            least = " + ".join([x, *(f"min({name}, 0.0)" for name in names)])
            most = " + ".join([x, *(f"max({name}, 0.0)" for name in names)])
            with write.block(f"if {least} >= low and {most} <= high"):
                write(f"return {' + '.join([x, *names])}")
        with write.block("for step in range(steps)"):
            pieces = [self.total(piece, "(since + step * dt)", "dt") for piece in self.flow.pieces]
            write(f"{x} = clipped({self.formula(pieces, 'dt')}, low, high)")
        write(f"return {x}")

    def formula(self, pieces: list[str], time: str) -> str:
        """The value after `time`, given what each piece adds up to."""
        rate = self.flow.rate
        decay = "" if rate == ZERO else f"-{summand(source(rate, self.leaf))} * {time}"
        if self.flow.gains:
            return f"{self.x} * exp({' + '.join(([decay] if decay else []) + pieces)})"
        return " + ".join([f"{self.x} * exp({decay})" if decay else self.x, *pieces])

    def total(self, piece: Piece, since: str, time: str) -> str:
        """What a piece adds up to over `time`, beginning `since` after the base."""
        own = self.flow.rate if self.flow.inputs else ZERO
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
        is_parameter = isinstance(node, Name) and node.id in self.kept.parameters
        return self.kept.names[node] if is_parameter else self.local(node)


def _read(q: Quantity, kept: Kept, local: Callable[[Expr], str]) -> list[str]:
    assert q.flow is not None
    found: dict[str, None] = {}
    expressions = [q.flow.rate]
    for piece in q.flow.pieces:
        expressions += [piece.coefficient, *piece.factors, *(kept.of(factor).rate for factor in piece.factors)]
    symbols = {other.symbol for other in kept.quantities} | set(kept.signals)
    for expression in expressions:
        inside: set[Expr] = set()
        for node in walk(expression):
            if node in inside:
                continue
            if node in symbols:
                found[local(node)] = None
                inside |= set(walk(node))
            elif isinstance(node, Name):
                found[kept.names[node]] = None
    return list(found)
