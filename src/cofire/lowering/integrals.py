"""What a postsynaptic cell integrates over time for all its synapses, so that no synapse need be looked at meanwhile.

    dX/dt = Σ F G

F is a product of quantities of the synapse and of its presynaptic cell that between events do nothing but decay, so
F(t) = F(0) exp(-r t). G is whatever the postsynaptic cell and the modulators make it, from step to step. Then X grows
by F(0) times the integral of exp(-r t) G, which is one number per cell; a synapse takes it at its next event.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from cofire.language.algebra import simplify
from cofire.language.tree import Binary, Expr, Weight, walk
from cofire.lowering.drift import Piece, products_of
from cofire.lowering.placement import Placement
from cofire.lowering.states import State


@dataclass(frozen=True, slots=True)
class Integral:
    """`integrand`: G, which differs at most between postsynaptic cells; `factors`: those of F."""

    integrand: Expr
    factors: tuple[Expr, ...]


def find_integrals(
    drift: Expr, states: tuple[State, ...], decaying: Set[Expr], closed: Set[Expr], place: Placement
) -> tuple[Integral, ...] | None:
    """The integrals that `drift` consists of, one for each F; None if it does not.

    `decaying`: the states that between events do nothing but decay; `closed`: those that have a closed form in a step.
    """
    apart = {state.symbol for state in states if "pre" in state.axes} | {Weight()}
    pieces = products_of(drift, apart)
    if pieces is None or not all(set(piece.factors) <= decaying for piece in pieces):
        return None
    others = {state.symbol for state in states} - apart
    sums: dict[tuple[Expr, ...], Expr] = {}
    for piece in pieces:
        if "pre" in place.axes(piece.coefficient) or not _outermost(piece, others) <= closed:
            return None
        factors = tuple(sorted(piece.factors, key=repr))
        before = sums.get(factors)
        sums[factors] = piece.coefficient if before is None else Binary("+", before, piece.coefficient)
    return tuple(Integral(simplify(integrand), factors) for factors, integrand in sums.items())


def _outermost(piece: Piece, states: Set[Expr]) -> Set[Expr]:
    """The states that the coefficient reads, less those that only stand inside the filter of another."""
    found = [node for node in walk(piece.coefficient) if node in states]
    return {node for node in found if not any(node in walk(other) for other in found if other != node)}
