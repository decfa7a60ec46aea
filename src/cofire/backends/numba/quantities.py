"""What a kernel keeps: the weight, filters and variables of synapses, their owners, and how they run between events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from typing import Literal

from cofire.backends.numba.expressions import Names
from cofire.language.algebra import arithmetic, simplify
from cofire.language.functions import FILTERS, REDUCTIONS
from cofire.language.text import to_text
from cofire.language.tree import ZERO, Binary, Call, Cell, Expr, Name, Weight, children, walk
from cofire.lowering.drift import Flow
from cofire.lowering.events import Events
from cofire.lowering.integrals import Integral
from cofire.lowering.plan import Plan
from cofire.rule import Rule

STIFF = 30.0  # time constants in a step: exp of it is still a number with room

Owner = Literal["all", "pre", "post", "synapse"]

# An element of each owner's arrays, in a kernel: axon i, postsynaptic cell j, synapse s.
INDEX: dict[Owner, str] = {"all": "0", "pre": "i", "post": "j", "synapse": "s"}

# What kernels use themselves, so that no parameter is called so.
RESERVED = """
abs exp expm1 log maximum minimum sign sqrt tanh isnan np njit int float range len min max COMPILED INNER
clipped integral overlap heaviside normalize_columns run rates advance span fill learn fire settle rebase drift
integrate take until least most rounding is_rough fastest whole half halves middle apart inner outer edge step after
steps dt low high parameters arrivals arriving spikes firing row target column incoming source cell normalize
axons cells begin end now arrives then came at last heard logged newest second left fired first past base since
time step value begun growth growth_dt grown
n m i j s k c alike length w w_s change_w flow_w given_w d_w slope_w advance_w kept_w before_w prior_w log_w w_then
values y change silent moving slopes done trial worst error jumps ends total norm kind pre post k1 k2 k3 k4 k5 k6 k7
"""


@dataclass(frozen=True)
class Quantity:
    """One of them. `name`: of its array. `rate`: of its decay. `drive`: its equation otherwise, raw signals and all.

    `flow`: its closed form, or None for what only decays (`is_decaying`), and for what has none.
    `integrals`: those that its cell keeps for it, with the names of their tables.
    """

    symbol: Expr
    key: str
    name: str
    owner: Owner
    is_nearest: bool
    rate: Expr
    drive: Expr
    events: Events
    is_decaying: bool
    flow: Flow | None = None
    integrals: tuple[tuple[str, Integral], ...] = ()

    @property
    def both(self) -> Expr:
        """The change when a presynaptic arrival and a postsynaptic spike come in one step."""
        return simplify(Binary("+", Binary("+", self.events.arrival, self.events.spike), self.events.meeting))

    @property
    def is_still(self) -> bool:
        """Whether no spike changes it."""
        return self.events.arrival == self.events.spike == self.events.meeting == ZERO

    @property
    def is_weight(self) -> bool:
        return self.symbol == Weight()


@dataclass(frozen=True)
class Kept:
    """All quantities of a rule, and the identifiers for its numbers.

    `parameters`: in the order in which a kernel takes them; `signals`: modulators and variables of cells, likewise;
    `names`: what each is called in the source. `is_clocked`: whether every synapse must be visited in each step, with a
    solver.
    """

    quantities: tuple[Quantity, ...]
    parameters: tuple[str, ...]
    signals: tuple[Name | Cell, ...]
    names: dict[Expr, str]
    is_clocked: bool

    def of(self, symbol: Expr) -> Quantity:
        return next(quantity for quantity in self.quantities if quantity.symbol == symbol)

    @property
    def weight(self) -> Quantity:
        return self.quantities[0]


def find_quantities(plan: Plan, signals: tuple[str, ...], *, in_each_step: bool) -> Kept:
    """What a kernel of this plan keeps; the weight comes first. `in_each_step`: every synapse is needed in each."""
    everything = [expression for _, expression in plan.equations.items()]
    everything += [state.rate for state in plan.states] + [state.drive for state in plan.states]
    nodes = {node for expression in everything for node in walk(expression)}
    used = {node.id for node in nodes if isinstance(node, Name)} - plan.place.variables
    parameters = tuple(sorted(used - set(signals)))
    supplied: tuple[Name | Cell, ...] = (*map(Name, signals), *plan.cells)

    names = Names(RESERVED)
    spelt: dict[Expr, str] = {Weight(): "w"}
    for name in parameters:
        spelt[Name(name)] = names.make(name)
    for signal in supplied:
        spelt[signal] = names.make(to_text(signal))
    for state in plan.states:
        spelt[state.symbol] = names.make(state.key)

    found = dict(plan.events)
    motions = dict(plan.motions)
    reduces = any(isinstance(node, Call) and node.function in REDUCTIONS for node in nodes)
    rows: list[tuple[Expr, str, Expr, Expr, bool]] = [(Weight(), "w", ZERO, plan.equations.weight, False)]
    rows += [(s.symbol, s.key, s.rate, s.drive, s.kind == "nearest") for s in plan.states]
    quantities: list[Quantity] = []
    tables = count(1)
    for symbol, key, rate, drive, is_nearest in rows:
        motion = motions[key]
        owner: Owner = "synapse" if isinstance(symbol, Name | Weight) else _owner(_reach(drive, plan))
        rests = motion.kind == "rests"
        decay = motion.rate if rests else rate
        integrals = tuple((names.make(f"sum_{next(tables)}"), integral) for integral in motion.integrals)
        about = (symbol, key, spelt[symbol], owner, is_nearest, decay, drive, found[key], rests, motion.flow, integrals)
        quantities.append(Quantity(*about))
    is_clocked = reduces or in_each_step or any(motion.kind == "solved" for motion in motions.values())
    return Kept(tuple(quantities), parameters, supplied, spelt, is_clocked)


def needs_each_step(rule: Rule, plan: Plan, dt: float) -> bool:
    """Whether every synapse is needed in each step: to be normalised, or since an integrated variable fades too fast.

    What fades within a step, by `STIFF` time constants, was no number at the base.
    """
    motions = dict(plan.motions)
    rates = [arithmetic(state.rate, rule.values) for state in plan.states if motions[state.key].integrals]
    return rule.normalize is not None or any(rate is None or abs(rate) * dt > STIFF for rate in rates)


def reductions(expressions: Iterable[Expr]) -> tuple[Call, ...]:
    """Every reduction in the expressions, each once, inner ones before those around them."""
    found: dict[Call, None] = {}

    def visit(node: Expr) -> None:
        for child in children(node):
            visit(child)
        if isinstance(node, Call) and node.function in REDUCTIONS:
            found[node] = None

    for expression in expressions:
        visit(expression)
    return tuple(found)


def _reach(node: Expr, plan: Plan) -> frozenset[str]:
    """The sides that `node` differs between; a sum differs between the cells it is taken for, as their synapses do."""
    match node:
        case Weight():
            return frozenset({"pre", "post"})
        case Name(name):
            return frozenset({"pre", "post"}) if name in plan.place.variables else frozenset()
        case Cell(side):
            return frozenset({side})
        case Call("sum_pre"):
            return frozenset({"post"})
        case Call("sum_post"):
            return frozenset({"pre"})
        case Call("reconstruct_ordered"):
            return frozenset({"pre", "post"})
        case Call(function, (inner, _)) if function in FILTERS:
            return _reach(inner, plan)
    return frozenset().union(*(_reach(child, plan) for child in children(node)))


def _owner(reach: frozenset[str]) -> Owner:
    if len(reach) == 2:
        return "synapse"
    return "pre" if "pre" in reach else "post" if "post" in reach else "all"
