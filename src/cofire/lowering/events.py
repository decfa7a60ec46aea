"""What happens at a spike: an equation taken apart by the raw signals in it.

A spike train is 0 or 1 in each step, so an expression E(pre, post) acts
    all the time                    E(0, 0), the drift
    at a presynaptic arrival        E(1, 0) - E(0, 0)
    at a postsynaptic spike         E(0, 1) - E(0, 0)
    when the two meet, in addition  E(1, 1) - E(1, 0) - E(0, 1) + E(0, 0)
Raw signals inside a filter are the filter's own business and stay.
"""

from __future__ import annotations

from dataclasses import dataclass

from cofire.language.algebra import simplify
from cofire.language.functions import FILTERS
from cofire.language.tree import (
    ONE,
    POST,
    PRE,
    ZERO,
    Binary,
    Call,
    Cell,
    Expr,
    Name,
    Negative,
    Number,
    Weight,
    children,
    rebuild,
    walk,
)
from cofire.lowering.placement import SYNAPSE, Placement
from cofire.lowering.products import Term, separate


@dataclass(frozen=True, slots=True)
class Events:
    """How one quantity changes. `stepped`: the parts of the drift that the clock must step, each with the reason."""

    arrival: Expr
    spike: Expr
    meeting: Expr
    drift: Expr
    stepped: tuple[tuple[Expr, str], ...] = ()


def find_events(expression: Expr, place: Placement) -> Events:
    """The events of the quantity whose rate of change is `expression`."""
    parts: dict[str, Expr] = dict.fromkeys(("arrival", "spike", "meeting", "drift"), ZERO)
    for term in _expanded(expression):
        corners = {(a, b): _at(term, a, b) for a in (ZERO, ONE) for b in (ZERO, ONE)}
        drift = corners[ZERO, ZERO]
        arrival, spike = _less(corners[ONE, ZERO], drift), _less(corners[ZERO, ONE], drift)
        meeting = _less(_less(_less(corners[ONE, ONE], drift), arrival), spike)
        for name, part in (("arrival", arrival), ("spike", spike), ("meeting", meeting), ("drift", drift)):
            parts[name] = simplify(Binary("+", parts[name], part))
    return Events(**parts, stepped=tuple(_stepped(parts["drift"], place)))


def _less(a: Expr, b: Expr) -> Expr:
    return simplify(Binary("-", a, b))


def _expanded(node: Expr) -> list[Expr]:
    """The summands of `node`, with products multiplied out over sums that hold a raw signal."""
    match node:
        case Negative(inner):
            return [simplify(Negative(term)) for term in _expanded(inner)]
        case Binary("+", left, right):
            return _expanded(left) + _expanded(right)
        case Binary("-", left, right):
            return _expanded(left) + _expanded(Negative(right))
        case Binary("*", left, right) if _has_raw(node):
            return [simplify(Binary("*", a, b)) for a in _factor(left) for b in _factor(right)]
        case Binary("/", left, right) if _has_raw(left):
            return [simplify(Binary("/", a, right)) for a in _factor(left)]
    return [node]


def _factor(node: Expr) -> list[Expr]:
    return _expanded(node) if _has_raw(node) else [node]


def _has_raw(node: Expr) -> bool:
    match node:
        case Cell(_, None):
            return True
        case Call(function) if function in FILTERS:
            return False
    return any(_has_raw(child) for child in children(node))


def _at(node: Expr, pre: Expr, post: Expr) -> Expr:
    """`node` with the raw signals replaced by 0 or 1."""
    match node:
        case Cell("pre", None):
            return pre
        case Cell("post", None):
            return post
        case Call(function) if function in FILTERS:
            return node
    return simplify(rebuild(node, lambda child: _at(child, pre, post)))


def _stepped(drift: Expr, place: Placement) -> list[tuple[Expr, str]]:
    """The terms of the drift that no closed form integrates between events."""
    separated = separate(drift, place)
    found = [(part, "it is not a sum of products") for part in separated.rest]
    for term in separated.terms:
        for factor in (term.post, term.pre, term.synapse):
            reason = None if factor is None else _obstacle(factor, term, place)
            if factor is not None and reason:
                found.append((factor, reason))
    return found


def _obstacle(factor: Expr, term: Term, place: Placement) -> str | None:
    """Why `factor` has no closed form: a product of decaying traces has one, and so has anything linear in the synapse."""
    for part in _factors(factor):
        match part:
            case Number() | Weight() | Name() if part != Weight() or factor == part:
                if isinstance(part, Name) and part.id in place.signals:
                    return "the signal changes from step to step"
            case Call(function) if function in FILTERS:
                if any(isinstance(inner, Cell) and inner not in (PRE, POST) for inner in walk(part)):
                    return "it follows a variable of the cell, which changes from step to step"
            case Cell():
                return "it is a variable of the cell, which changes from step to step"
            case _ if place.axes(part) >= SYNAPSE and part != Weight():
                return "it is not linear in the synapse"
            case Weight():
                return "it is not linear in w"
            case _:
                return "it is not a product of decaying traces"
    return None


def _factors(node: Expr) -> list[Expr]:
    match node:
        case Binary("*", left, right):
            return _factors(left) + _factors(right)
        case Binary("+" | "-", left, right):
            return _factors(left) + _factors(right)
    return [node]
