"""What a postsynaptic cell integrates over time for all its synapses, so that no synapse need be looked at meanwhile.

    dX/dt = Σ F G

F is a product of quantities of the synapse and of its presynaptic cell that between events do nothing but decay, so
F(t) = F(0) exp(-r t). G is whatever the postsynaptic cell and the modulators make it, from step to step. Then X grows
by F(0) times the integral of exp(-r t) G, which is one number per cell; a synapse takes it at its next event.

X may decay as well, as an eligibility does: what decays is kept as it stood at the base, where it only grows by such
integrals. And one factor of F may itself be such a quantity E, as in  dw/dt = reward E . It was E(0) exp(-r t) plus,
of each integral S of its own, F' (S(t) - S(0)); so the weight needs one integral more for each, of exp(-r t) G S.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, replace

from cofire.language.algebra import simplify
from cofire.language.tree import Binary, Expr, Weight, walk
from cofire.lowering.drift import Piece, products_of
from cofire.lowering.placement import Placement
from cofire.lowering.states import State


@dataclass(frozen=True, slots=True)
class Integral:
    """`integrand`: G, which differs at most between postsynaptic cells; `factors`: those of F.

    `inner`: S, of the factor that is integrated itself, if it is G S that is integrated.
    """

    integrand: Expr
    factors: tuple[Expr, ...]
    inner: Integral | None = None


def find_integrals(
    drift: Expr,
    states: tuple[State, ...],
    decaying: Set[Expr],
    closed: Set[Expr],
    integrated: Mapping[Expr, tuple[Integral, ...]],
    place: Placement,
) -> tuple[Integral, ...] | None:
    """The integrals that `drift` consists of, for each F one or more; None if it does not.

    `decaying`: the states that between events do nothing but decay; `closed`: those that have a closed form in a step;
    `integrated`: those that may be E, with their own integrals.
    """
    apart = {state.symbol for state in states if "pre" in state.axes} | {Weight()}
    pieces = products_of(drift, apart)
    if pieces is None or not all(_is_known(piece, decaying, integrated.keys()) for piece in pieces):
        return None
    others = {state.symbol for state in states} - apart
    sums: dict[tuple[Expr, ...], Expr] = {}
    for piece in pieces:
        if "pre" in place.axes(piece.coefficient) or not _outermost(piece, others) <= closed:
            return None
        factors = tuple(sorted(piece.factors, key=repr))
        before = sums.get(factors)
        sums[factors] = piece.coefficient if before is None else Binary("+", before, piece.coefficient)
    found: list[Integral] = []
    for factors, integrand in sums.items():
        found.append(Integral(simplify(integrand), factors))
        for factor in factors:
            found += [replace(found[-1], inner=inner) for inner in integrated.get(factor, ())]
    return tuple(found)


def _is_known(piece: Piece, decaying: Set[Expr], integrated: Set[Expr]) -> bool:
    others = [factor for factor in piece.factors if factor not in decaying]
    return len(others) <= 1 and integrated >= set(others)


def _outermost(piece: Piece, states: Set[Expr]) -> Set[Expr]:
    """The states that the coefficient reads, less those that only stand inside the filter of another."""
    found = [node for node in walk(piece.coefficient) if node in states]
    return {node for node in found if not any(node in walk(other) for other in found if other != node)}
