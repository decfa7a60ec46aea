"""What a rule remembers: its filters, each kept once, and the variables of each synapse.

Every one of them obeys  dX/dt = -rate · X + drive ; where that is linear it is advanced exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from cofire.language.algebra import affine, simplify, tidy
from cofire.language.functions import FILTERS
from cofire.language.text import to_text
from cofire.language.tree import ONE, ZERO, Binary, Call, Equations, Expr, Name, Negative, children
from cofire.lowering.placement import Axes, Placement
from cofire.lowering.products import Separated, separate

Kind = Literal["trace", "nearest", "mean", "variable"]

_KINDS: dict[str, Kind] = {"trace": "trace", "nearest": "nearest", "mean": "mean"}


@dataclass(frozen=True, slots=True)
class State:
    """One remembered quantity.

    `symbol`: the expression that reads it (a filter call, or the name of a synapse variable). `key`: its text, under
    which its arrays are kept. `axes`: which cells keep one each.
    `rate`: of its decay, 1/time, made of parameters only. `drive`: what is added per unit time; `terms`: the same as
    products.
    `exact`: False where the equation is not linear in the variable, so that it is advanced by Euler steps.
    """

    symbol: Expr
    key: str
    kind: Kind
    axes: Axes
    rate: Expr
    drive: Expr
    terms: Separated
    exact: bool = True


def find_states(equations: Equations, place: Placement) -> tuple[State, ...]:
    """Every filter and synapse variable of the rule; a filter inside another comes before it."""
    states: dict[Expr, State] = {}
    for _, expression in equations.items():
        for node in _filters(expression):
            if node not in states:
                states[node] = _filter(node, place)
    for name, expression in equations.variables:
        states[Name(name)] = _variable(Name(name), expression, place)
    return tuple(states.values())


def _filters(node: Expr) -> Iterator[Call]:
    """The filters in `node` from left to right, inner ones first."""
    for child in children(node):
        yield from _filters(child)
    if isinstance(node, Call) and node.function in FILTERS:
        yield node


def _filter(node: Call, place: Placement) -> State:
    drive, time = node.arguments
    rate = Binary("/", ONE, time)
    if node.function == "mean":
        drive = Binary("*", drive, rate)
    return State(node, to_text(node), _KINDS[node.function], place.axes(node), rate, drive, separate(drive, place))


def _variable(symbol: Name, expression: Expr, place: Placement) -> State:
    rate: Expr = ZERO
    drive = simplify(expression)
    parts = affine(drive, {symbol.id})
    exact = parts is not None and place.is_constant(parts.get(symbol.id, ZERO))
    if exact and parts:
        drive, rate = parts.get("", ZERO), tidy(Negative(parts.get(symbol.id, ZERO)))
    return State(symbol, symbol.id, "variable", place.axes(symbol), rate, drive, separate(drive, place), exact)
