"""What each quantity does between events, and so how often its synapses must be looked at.

rests        nothing, or it decays on its own: an exponential, worked out when it is next read
closed       a closed form (`drift.py`) that is worked out at the next event; or, if nothing else that moves is in the
             equation, a solver of its own that goes to the next event at once
integrated   by its postsynaptic cell, which keeps the integral that all its synapses need (`integrals.py`); a synapse
             takes it at the next event
followed     a closed form whose coefficients may change with each step, so it is worked out in each
solved       no closed form: a solver runs it in each step, together with all that depends on it
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Literal

from cofire.language.algebra import simplify
from cofire.language.functions import FILTERS, REDUCTIONS
from cofire.language.text import to_text
from cofire.language.tree import ZERO, Call, Cell, Expr, Name, Weight, children, walk
from cofire.lowering.drift import Flow, find_flow, is_varying
from cofire.lowering.events import Events
from cofire.lowering.integrals import Integral, find_integrals
from cofire.lowering.placement import SYNAPSE, Placement
from cofire.lowering.states import State

Kind = Literal["rests", "closed", "integrated", "followed", "solved"]


@dataclass(frozen=True, slots=True)
class Motion:
    """`flow`: the closed form, if there is one; `reason`: why the clock must step it; `rate`: of what just decays.

    `integrals`: what the cell keeps of it, where it is integrated.
    """

    kind: Kind
    flow: Flow | None = None
    reason: str = ""
    rate: Expr = ZERO
    integrals: tuple[Integral, ...] = ()

    @property
    def is_stepped(self) -> bool:
        """Whether the clock steps it."""
        return self.kind in ("followed", "solved")


def find_motions(
    events: Mapping[str, Events], states: tuple[State, ...], place: Placement
) -> tuple[tuple[str, Motion], ...]:
    """The motion of each quantity, under its key."""
    resting = {
        state.symbol: decay
        for state in states
        if (decay := _decay(state, simplify(events[state.key].drift), states, place)) is not None
    }
    found: dict[Expr, Motion] = {}
    read_by_weight = set(_outside_filters(events["w"].drift))
    variables = {state.symbol for state in states if state.kind == "variable"}

    def rank(row: tuple[Expr, str, Expr]) -> tuple[bool, bool, int]:
        """What others read comes first."""
        symbol, key, _ = row
        read = variables.intersection(_outside_filters(events[key].drift)) - {symbol}
        return symbol == Weight(), "pre" in place.axes(symbol), len(read)

    for symbol, key, rate in sorted(_rows(states), key=rank):
        drift = simplify(events[key].drift)
        if symbol in resting:
            found[symbol] = Motion("rests", rate=resting[symbol])
        else:
            known = states, resting.keys(), found, place
            found[symbol] = _motion(symbol, drift, rate, *known, is_read=symbol in read_by_weight)
    return tuple((key, found[symbol]) for symbol, key, _ in _rows(states))


def _rows(states: tuple[State, ...]) -> list[tuple[Expr, str, Expr]]:
    """`(symbol, key, rate of decay)` of each quantity, the weight first."""
    return [(Weight(), "w", ZERO), *((state.symbol, state.key, state.rate) for state in states)]


def _decay(state: State, drift: Expr, states: tuple[State, ...], place: Placement) -> Expr | None:
    """The rate at which a state decays between events if it does nothing else, whatever spikes do to it; or None."""
    if drift == ZERO:
        return state.rate
    flow = find_flow(state.symbol, drift, state.rate, states, frozenset())
    if flow is None or flow.pieces or flow.gates or flow.slope or is_varying(flow, place.signals):
        return None
    return flow.rate


def _motion(
    symbol: Expr,
    drift: Expr,
    rate: Expr,
    states: tuple[State, ...],
    resting: Set[Expr],
    others: Mapping[Expr, Motion],
    place: Placement,
    *,
    is_read: bool,
) -> Motion:
    """`is_read`: by the drift of the weight, which can follow what is integrated, and no other closed form."""
    if drift == ZERO:
        return Motion("rests")
    flow = find_flow(symbol, drift, rate, states, resting)
    is_synaptic = place.axes(symbol) >= SYNAPSE
    is_closed = flow is not None and is_synaptic and not is_varying(flow, place.signals)
    if is_synaptic and ((symbol != Weight() and is_read) or not is_closed):
        closed = {other for other, motion in others.items() if motion.kind != "solved"}
        integrated = {other: motion.integrals for other, motion in others.items() if motion.kind == "integrated"}
        simple = {other: found for other, found in integrated.items() if not any(each.inner for each in found)}
        integrals = find_integrals(drift, states, resting, closed, simple, place)
        if integrals is not None:
            return Motion("integrated", integrals=integrals)
    if is_closed:
        return Motion("closed", flow)
    if flow is None:
        return Motion("solved", reason=_obstacle(symbol, drift, states, resting))
    if is_varying(flow, place.signals):
        return Motion("followed", flow, f"{_changing(drift, place)} changes from step to step")
    return Motion("followed", flow, "it is the cell's own and many synapses read it")


def _changing(drift: Expr, place: Placement) -> str:
    """The first signal or variable of a cell in the drift."""
    for part in walk(drift):
        if (isinstance(part, Name) and part.id in place.signals) or (isinstance(part, Cell) and part.variable):
            return to_text(part)
    return "what it follows"


def _obstacle(symbol: Expr, drift: Expr, states: tuple[State, ...], resting: Set[Expr]) -> str:
    """Why there is no closed form."""
    for part in walk(drift):
        if isinstance(part, Call) and part.function in REDUCTIONS:
            return f"{to_text(part)} is a sum over cells"
    moving = {state.symbol for state in states} - resting - {symbol}
    inside = _outside_filters(drift)
    for part in inside:
        if part in moving:
            return f"it depends on {to_text(part)}, which does more than decay"
    name = to_text(symbol)
    if symbol in inside:
        return f"it is not linear in {name}"
    return "it is not a sum of products of decaying quantities"


def _outside_filters(node: Expr) -> list[Expr]:
    """The subexpressions of `node`, but for those inside a filter."""
    found: list[Expr] = []
    pending = [node]
    while pending:
        part = pending.pop()
        found.append(part)
        if not (isinstance(part, Call) and part.function in FILTERS):
            pending += children(part)
    return found
