"""The plan in words: who owns what, what a batch costs, what happens at which spike."""

from __future__ import annotations

from collections.abc import Iterator

from cofire.language.text import equations_to_text, to_text
from cofire.language.tree import ONE, ZERO, Binary, Call, Expr, Name, Negative, walk
from cofire.lowering.motion import Motion
from cofire.lowering.placement import DRIVE, SYNAPSE, owner_of
from cofire.lowering.plan import Plan
from cofire.lowering.products import Separated, Term, separate
from cofire.lowering.states import State


def explanation(plan: Plan) -> str:
    """What the compiler made of the rule, for a person to read."""
    return "\n".join(_lines(plan))


def _lines(plan: Plan) -> Iterator[str]:
    yield equations_to_text(plan.written)
    yield ""
    yield "Who owns what"
    yield from _columns(_owners(plan))
    yield ""
    yield "A batch of B samples, w[post, pre]"
    yield from _columns(_batch(plan))
    yield from _not_separating(plan)
    yield ""
    yield "With spikes"
    yield from _columns(_spikes(plan))
    for name, motion in plan.motions:
        if motion.is_stepped:
            how = "is stepped by the clock" if motion.kind == "followed" else "is stepped by the clock, with a solver"
            yield f"  {name} {how}: {motion.reason}."


def _owners(plan: Plan) -> Iterator[tuple[str, str]]:
    names: set[str] = set()
    for _, expression in plan.equations.items():
        names |= {node.id for node in walk(expression) if isinstance(node, Name)}
    variables = {name for name, _ in plan.equations.variables}
    parameters = sorted(names - variables - plan.place.signals)
    if parameters:
        yield ", ".join(parameters), "parameter" if len(parameters) == 1 else "parameters"
    for signal in sorted(plan.place.signals):
        yield signal, "signal, one number for each sample or step"
    for cell in plan.cells:
        note = " (pre @ w.T unless given)" if cell == DRIVE else ""
        yield to_text(cell), f"{plan.place.owner(cell)}, supplied with each step{note}"
    for state in plan.states:
        owner = owner_of(state.axes)
        yield state.key, "one number in all" if owner == "nothing" else f"one number per {owner}"
    yield "w", "one number per synapse"


def _batch(plan: Plan) -> Iterator[tuple[str, str]]:
    for node in dict.fromkeys(_reductions(plan)):
        yield to_text(node), f"reduction, {_reduction_cost(node, plan)}"
    for term in plan.terms.terms:
        yield _term_text(term), _cost(term)
    for state in plan.states:
        if state.kind == "nearest":
            yield state.key, "of spikes only: a rate has no nearest spike, so rates are refused"
            continue
        exactly = f"updated from {to_text(state.drive)}, then decays exactly"
        how = exactly if state.exact else "one Euler step, as it does not decay at a constant rate"
        products = _products(state.terms) if state in _of_synapses(plan) else 0
        yield state.key, how + (f"; {_counted(products)}" if products else "")
    products = sum(_products(terms) for terms in _separated(plan))
    products += sum(_products_in(node, plan) for node in set(_reductions(plan)))
    drive = ", one more for post.drive unless given" if DRIVE in plan.cells else ""
    yield "in all", f"{_counted(products)}{drive}, one read and one write of w"


def _of_synapses(plan: Plan) -> list[State]:
    return [state for state in plan.states if state.axes >= SYNAPSE]


def _separated(plan: Plan) -> list[Separated]:
    """What is worked out for each synapse: the weight, and whatever it remembers."""
    return [plan.terms, *(state.terms for state in _of_synapses(plan))]


def _products(separated: Separated) -> int:
    return sum(term.is_product + term.ordered for term in separated.terms)


def _counted(products: int) -> str:
    return f"{products} matrix product{'' if products == 1 else 's'}"


def _reductions(plan: Plan) -> Iterator[Call]:
    for _, expression in plan.equations.items():
        for node in walk(expression):
            if isinstance(node, Call) and node.function in ("sum_pre", "sum_post"):
                yield node


def _reduction_cost(node: Call, plan: Plan) -> str:
    if separate(node.arguments[0], plan.place).rest:
        return "which does not separate and is run tiled"
    products = _products_in(node, plan)
    return f"{_counted(products)}, 2·B·post·pre operations each" if products else "a sum"


def _products_in(node: Call, plan: Plan) -> int:
    terms = separate(node.arguments[0], plan.place).terms
    return sum(term.synapse is not None and (term.pre_in_batch or term.post_in_batch) for term in terms)


def _term_text(term: Term) -> str:
    mean = " · ".join(_factor_text(factor) for factor in (term.post, term.pre) if factor is not None)
    in_batch = term.post_in_batch or term.pre_in_batch
    parts = [_factor_text(term.coefficient)] if term.coefficient != ONE or (not mean and term.synapse is None) else []
    parts += [f"⟨{mean}⟩" if in_batch else mean] if mean else []
    parts += [_factor_text(term.synapse)] if term.synapse is not None else []
    return " · ".join(parts)


def _factor_text(factor: Expr) -> str:
    """The text of a factor, in brackets if it is a sum."""
    is_sum = isinstance(factor, Binary) and factor.operator in ("+", "-")
    return f"({to_text(factor)})" if is_sum else to_text(factor)


def _cost(term: Term) -> str:
    if term.ordered:
        return "two matrix products, 2·B·post·pre operations each, in blocks of rows, and a triangle within each block"
    if term.is_product:
        return "matrix product, 2·B·post·pre operations" + (", times a matrix" if term.synapse is not None else "")
    if term.scales_rows:
        return "scales the rows of w" if term.post is not None else "scales w"
    if term.synapse is not None:
        return "one pass over the synapses"
    if term.post is not None and term.pre is not None:
        return "outer product of two vectors"
    return "a constant" if term.post is None and term.pre is None else "one number per cell, added to each synapse"


def _not_separating(plan: Plan) -> Iterator[str]:
    for part in dict.fromkeys(part for terms in _separated(plan) for part in terms.rest):
        yield f"  {to_text(part)!r} does not separate into pre and post: each operation runs tiled, B·post·pre times."


def _spikes(plan: Plan) -> Iterator[tuple[str, str]]:
    motions = dict(plan.motions)
    for name, events in plan.events:
        kind = next((state.kind for state in plan.states if state.key == name), "variable")
        change = (lambda _: "= 1") if kind == "nearest" else _change
        if events.arrival != ZERO:
            yield "at a presynaptic arrival", f"{name} {change(events.arrival)}"
        if events.spike != ZERO:
            yield "at a postsynaptic spike", f"{name} {change(events.spike)}"
        if events.meeting != ZERO:
            also = "" if events.arrival == ZERO == events.spike else ", in addition"
            yield f"when both meet in one step{also}", f"{name} {change(events.meeting)}"
        if events.elsewhere != ZERO:
            yield "at any spike in a sum", f"{name} {change(events.elsewhere)}"
        motion = motions[name]
        if events.drift != ZERO and motion.kind != "rests":
            yield (
                "between events",
                f"d{name}/dt = {to_text(events.drift)} ({_when(motion, plan)})"
                if name == "w"
                else f"{name} follows {to_text(events.drift)}",
            )
    for state in plan.states:
        rate = motions[state.key].rate if motions[state.key].kind == "rests" else state.rate
        if rate != ZERO:
            yield "between events", f"{state.key} decays with rate {to_text(rate)}, exactly"


def _when(motion: Motion, plan: Plan) -> str:
    """How a drift is worked out, and when."""
    if motion.is_stepped:
        return "stepped by the clock"
    if motion.integrals:
        by_cells = any("post" in plan.place.axes(integral.integrand) for integral in motion.integrals)
        who = "by each postsynaptic cell" if by_cells else "once"
        return f"integrated {who} for all synapses, applied at the next event"
    exact = "integrated to 1e-12" if motion.flow and motion.flow.slope else "exact"
    return f"{exact}, applied at the next event"


def _change(jump: Expr) -> str:
    return f"-= {to_text(jump.operand)}" if isinstance(jump, Negative) else f"+= {to_text(jump)}"


def _columns(rows: Iterator[tuple[str, str]]) -> Iterator[str]:
    """Rows of two aligned columns; a long first column gets a line of its own."""
    rows = list(rows)  # type: ignore[assignment]
    width = max((len(left) for left, _ in rows if len(left) <= 44), default=0)
    for left, right in rows:
        yield f"  {left:<{width}}   {right}" if len(left) <= width else f"  {left}\n  {'':<{width}}   {right}"
