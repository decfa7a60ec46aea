"""How a quantity X runs between events, where that has a closed form.

    dX/dt = -rate · X + Σ gains · X + Σ inputs

Gains and inputs are each a coefficient times a product of decaying quantities. Whatever decays on its own is an
exponential between events, and so is a product of such. A coefficient is anything held for a step: parameters,
modulators, variables of cells; and steps at thresholds, held from one crossing to the next.

A quantity whose equation depends on nothing else that moves, but is not linear in it, has no closed form; yet it needs
no clock, since it can be integrated alone from event to event.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, replace
from functools import reduce

from cofire.language.algebra import simplify
from cofire.language.functions import REDUCTIONS
from cofire.language.tree import ONE, ZERO, Binary, Call, Cell, Expr, Name, Negative, Number, Weight, walk
from cofire.lowering.crossings import Gate, with_gates
from cofire.lowering.states import State

MAX_PIECES = 64  # of a sum multiplied out, and factors of each


@dataclass(frozen=True, slots=True)
class Piece:
    """`coefficient` times the product of `factors`, each of which decays exponentially."""

    coefficient: Expr
    factors: tuple[Expr, ...] = ()


@dataclass(frozen=True, slots=True)
class Flow:
    """The closed form; `gains` are multiplied with X, `inputs` are not. One of the two is empty.

    `gates`: the steps in it, which are named in its expressions. `slope`: dX/dt in place of a closed form, or None.
    """

    rate: Expr
    inputs: tuple[Piece, ...]
    gains: tuple[Piece, ...]
    gates: tuple[Gate, ...] = ()
    slope: Expr | None = None

    @property
    def pieces(self) -> tuple[Piece, ...]:
        return self.inputs + self.gains


def find_flow(quantity: Expr, drift: Expr, rate: Expr, states: tuple[State, ...], decaying: Set[Expr]) -> Flow | None:
    """How  d(quantity)/dt = -rate · quantity + drift  runs between events, or None if that takes a clock.

    `decaying`: the states that between events do nothing but decay.
    """
    moving = {state.symbol for state in states} | {Weight()}
    plain, gates = with_gates(drift, decaying, moving)
    found = _closed_form(quantity, plain, rate, moving, decaying)
    if found is None and not _moves(plain, moving - {quantity}):
        slope = simplify(Binary("-", plain, Binary("*", rate, quantity)))
        found = Flow(ZERO, (), (), slope=slope)
    return found and replace(found, gates=gates)


def _closed_form(quantity: Expr, drift: Expr, rate: Expr, moving: Set[Expr], decaying: Set[Expr]) -> Flow | None:
    pieces = products_of(drift, moving)
    if pieces is None:
        return None
    inputs: list[Piece] = []
    gains: list[Piece] = []
    for piece in pieces:
        others = tuple(factor for factor in piece.factors if factor != quantity)
        if len(piece.factors) - len(others) > 1 or any(other not in decaying for other in others):
            return None
        if len(others) == len(piece.factors):
            inputs.append(piece)
        elif others:
            gains.append(Piece(piece.coefficient, others))
        else:
            rate = simplify(Binary("-", rate, piece.coefficient))
    if inputs and gains:
        return None
    return Flow(rate, tuple(inputs), tuple(gains))


def is_varying(flow: Flow, signals: Set[str]) -> bool:
    """Whether a coefficient of the flow can change from step to step: a modulator or a variable of a cell is in it."""
    coefficients = [flow.rate, *(piece.coefficient for piece in flow.pieces), *(gate.level for gate in flow.gates)]
    coefficients += [flow.slope] if flow.slope else []
    parts = [part for coefficient in coefficients for part in walk(coefficient)]
    return any(isinstance(part, Cell) for part in parts) or any(
        isinstance(part, Name) and part.id in signals for part in parts
    )


def products_of(node: Expr, moving: Set[Expr]) -> list[Piece] | None:
    """`node` as a sum of pieces, whose factors are in `moving`; None if it is not one."""
    try:
        return _expanded(node, moving)
    except _NoProductsError:
        return None


class _NoProductsError(Exception):
    pass


def _expanded(node: Expr, moving: Set[Expr]) -> list[Piece]:
    """The pieces of `node`. Raises: `_NoProductsError` where there are none."""
    if node == ZERO:
        return []
    if node in moving:
        return [Piece(ONE, (node,))]
    if not _moves(node, moving):
        return [Piece(node)]
    match node:
        case Negative(inner):
            return [Piece(simplify(Negative(piece.coefficient)), piece.factors) for piece in _expanded(inner, moving)]
        case Binary("+", left, right):
            return _expanded(left, moving) + _expanded(right, moving)
        case Binary("-", left, right):
            return _expanded(left, moving) + _expanded(Negative(right), moving)
        case Binary("*", left, right):
            return _cross(_expanded(left, moving), _expanded(right, moving))
        case Binary("/", left, right) if not _moves(right, moving):
            return _cross(_expanded(left, moving), [Piece(Binary("/", ONE, right))])
        case Binary("**", base, Number(n)) if n.is_integer() and 1 <= n <= MAX_PIECES:
            return reduce(_cross, [_expanded(base, moving)] * int(n))
    raise _NoProductsError


def _moves(node: Expr, moving: Set[Expr]) -> bool:
    if node in moving:
        return True
    return any(part in moving or (isinstance(part, Call) and part.function in REDUCTIONS) for part in walk(node))


def _cross(left: list[Piece], right: list[Piece]) -> list[Piece]:
    longest = max((len(a.factors) + len(b.factors) for a in left for b in right), default=0)
    if max(len(left) * len(right), longest) > MAX_PIECES:
        raise _NoProductsError
    return [
        Piece(simplify(Binary("*", a.coefficient, b.coefficient)), a.factors + b.factors) for a in left for b in right
    ]
