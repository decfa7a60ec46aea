"""What happens at a spike: an equation taken apart by the raw signals in it.

A spike train is 0 or 1 in each step, so an expression E(pre, post) acts
    all the time                    E(0, 0), the drift
    at a presynaptic arrival        E(1, 0) - E(0, 0)
    at a postsynaptic spike         E(0, 1) - E(0, 0)
    when the two meet, in addition  E(1, 1) - E(1, 0) - E(0, 1) + E(0, 0)
Raw signals inside a filter are the filter's own business and stay. So do those of the cells that a sum runs over, as
some of them may fire and others not; where E(0, 0) has such a sum, it acts at any spike in it too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

from cofire.language.algebra import simplify, tidy
from cofire.language.functions import FILTERS, REDUCTIONS
from cofire.language.tree import (
    ONE,
    POST,
    PRE,
    ZERO,
    Binary,
    Call,
    Cell,
    Expr,
    Negative,
    children,
    rebuild,
)

MAX_TERMS = 16  # of one product multiplied out, for a plan that reads well; what has more stays a product


@dataclass(frozen=True, slots=True)
class Events:
    """How one quantity changes at spikes, and between them; `elsewhere`: at any spike of the cells in a sum."""

    arrival: Expr
    spike: Expr
    meeting: Expr
    elsewhere: Expr
    drift: Expr


def find_events(expression: Expr) -> Events:
    """The events of the quantity whose rate of change is `expression`."""
    return Events(*_parts(expression))


def _parts(node: Expr) -> tuple[Expr, ...]:
    """The five of `Events`, in order: of a sum, the sums of those of its terms."""
    match node:
        case Negative(inner):
            return tuple(tidy(Negative(part)) for part in _parts(inner))
        case Binary("+" | "-" as sign, left, right):
            pairs = zip(_parts(left), _parts(right), strict=True)
            return tuple(tidy(Binary(sign, a, b)) for a, b in pairs)
    first, *others = _multiplied_out(node)
    if others:
        return _parts(reduce(lambda total, term: Binary("+", total, term), others, first))
    rest, firing = _at(first, ZERO, ZERO), _at(first, ONE, ONE)
    arrival, spike = _less(_at(first, ONE, ZERO), rest), _less(_at(first, ZERO, ONE), rest)
    drift = _at(first, ZERO, ZERO, ZERO, ZERO)
    return arrival, spike, _less(_less(_less(firing, rest), arrival), spike), _less(rest, drift), drift


def _less(a: Expr, b: Expr) -> Expr:
    return tidy(Binary("-", a, b))


def _multiplied_out(node: Expr) -> list[Expr]:
    """The summands of `node`, with products multiplied out over sums that hold a raw signal, while they are few."""
    match node:
        case Negative(inner):
            return [tidy(Negative(term)) for term in _multiplied_out(inner)]
        case Binary("+", left, right):
            return _multiplied_out(left) + _multiplied_out(right)
        case Binary("-", left, right):
            return _multiplied_out(left) + _multiplied_out(Negative(right))
        case Binary("*", left, right) if _has_raw(node):
            first, second = _factor(left), _factor(right)
            if len(first) * len(second) <= MAX_TERMS:
                return [tidy(Binary("*", a, b)) for a in first for b in second]
        case Binary("/", left, right) if _has_raw(left):
            first = _factor(left)
            if len(first) <= MAX_TERMS:
                return [tidy(Binary("/", a, simplify(right))) for a in first]
    return [simplify(node)]


def _factor(node: Expr) -> list[Expr]:
    return _multiplied_out(node) if _has_raw(node) else [simplify(node)]


def _has_raw(node: Expr) -> bool:
    match node:
        case Cell(_, None):
            return True
        case Call(function) if function in FILTERS:
            return False
    return any(_has_raw(child) for child in children(node))


def _at(node: Expr, pre: Expr, post: Expr, summed_pre: Expr = PRE, summed_post: Expr = POST) -> Expr:
    """`node` with the raw signals replaced by 0 or 1, and those of cells that a sum runs over by `summed_...`."""
    match node:
        case Cell("pre", None):
            return pre
        case Cell("post", None):
            return post
        case Call(function) if function in FILTERS:
            return node
        case Call("sum_pre"):
            pre = summed_pre
        case Call(function) if function in REDUCTIONS:
            post = summed_post
    return tidy(rebuild(node, lambda child: _at(child, pre, post, summed_pre, summed_post)))
