"""One step of learning from a batch of rates: weights, filters and synapse variables, all from the values before it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from cofire.backends.arrays import gemm, library
from cofire.backends.arrays.expressions import Array, Axis, Values
from cofire.backends.arrays.inputs import Inputs, output_array, read_inputs, tamed
from cofire.backends.arrays.products import Guard, add_terms
from cofire.backends.state import RuleState
from cofire.errors import ArrayError, DivergenceError, ParameterError, shown
from cofire.language.algebra import may_lack_value
from cofire.lowering.placement import SYNAPSE
from cofire.lowering.plan import Plan
from cofire.lowering.states import State
from cofire.rule import Rule


def delta(
    rule: Rule,
    plan: Plan,
    w: Any,
    pre: Any,
    post: Any,
    state: Mapping[str, Any] | None,
    dt: float,
    reduce: str,
    signals: Mapping[str, Any],
) -> Any:
    """The change of the weights in one step of duration `dt`; see `Rule.delta`."""
    if state is None:  # which says what the last spikes were, as rates do not
        _check_rates(plan)
    with _quiet(w):
        given = read_inputs(rule, plan, w, pre, post, state, signals)
        values, guard = given.values, _guard(rule, given, "w")
        change = add_terms(plan.terms, values.w, 0.0, _gain(dt, reduce, values), values, None, guard)
    return float(change[0, 0]) if given.scalar else change


def step(
    rule: Rule,
    plan: Plan,
    w: Any,
    pre: Any,
    post: Any,
    state: Mapping[str, Any] | None,
    out: Any,
    dt: float,
    learning: bool,
    reduce: str,
    signals: Mapping[str, Any],
) -> tuple[Any, RuleState]:
    """The weights and the state after one step of duration `dt`; see `Rule.step`."""
    if not isinstance(learning, bool | np.bool_):
        raise ParameterError(f"learning = {shown(learning)} is refused: it must be True or False")
    _check_rates(plan)
    with _quiet(w):
        given = read_inputs(rule, plan, w, pre, post, state, signals)
        values, xp = given.values, given.values.xp
        target = output_array(out, values.w)
        if not learning:
            if target is not None and target is not values.w:
                target[...] = values.w
            return (w if out is None else out), given.state
        kept = {item.key: _advanced(item, dt, given, rule) for item in plan.states}
        values = values if target is None else values.apart(target)
        free = rule.normalize is None and rule.bounds is None
        guard = _guard(rule, given, "w", None if free else lambda rows: held(rows, rule, xp))
        new = add_terms(plan.terms, values.w, 1.0, _gain(dt, reduce, values), values, target, guard)
    if out is not None:
        new = out
    return (float(new[0, 0]) if given.scalar else new), RuleState(kept, given.state.step + 1)


def slope(
    rule: Rule,
    plan: Plan,
    w: Any,
    pre: Any,
    post: Any,
    state: Mapping[str, Any] | None,
    dt: float,
    signals: Mapping[str, Any],
) -> tuple[Any, RuleState]:
    """dw/dt averaged over a batch, and the state after `dt`: what pieces of a batch are put together from."""
    _check_rates(plan)
    with _quiet(w):
        given = read_inputs(rule, plan, w, pre, post, state, signals)
        kept = {item.key: _advanced(item, dt, given, rule) for item in plan.states}
        guard = _guard(rule, given, "w")
        change = add_terms(plan.terms, given.values.w, 0.0, 1.0, given.values, None, guard)
    return change, RuleState(kept, given.state.step + 1)


def decay_and_gain(rate: float, dt: float) -> tuple[float, float]:
    """What is left of a quantity that decays at `rate` after `dt`, and what a drive of 1 adds to it in that time."""
    return math.exp(-rate * dt), (dt if rate == 0.0 else -math.expm1(-rate * dt) / rate)


def _gain(dt: float, reduce: str, values: Values) -> float:
    if not isinstance(reduce, str) or reduce not in ("mean", "sum"):
        raise ParameterError(f"reduce = {shown(reduce)} is refused: it must be 'mean' or 'sum'")
    return dt * values.samples if reduce == "sum" else dt


def _check_rates(plan: Plan) -> None:
    """Raises: `ArrayError` for a rule that only spikes can follow."""
    for state in plan.states:
        if state.kind == "nearest":
            raise ArrayError(f"{state.key} is defined for spikes only: a rate has no nearest spike; use trace")


def _advanced(state: State, dt: float, given: Inputs, rule: Rule) -> Array:
    """Solves dX/dt = -rate · X + drive over `dt`, the drive held at its average over the batch."""
    values, guard = given.values, _guard(rule, given, state.key)
    decay, gain = decay_and_gain(values.number(state.rate), dt)
    old = values.state[state.key]
    if state.axes == SYNAPSE:
        return add_terms(state.terms, old, decay, gain, values, None, guard)
    guard.before(old)
    context: tuple[Axis, ...] = ("batch", *(axis for axis in ("post", "pre") if axis in state.axes))
    drive = values.array(values.value(state.drive, context))
    if drive.ndim:
        drive = values.xp.mean(drive, axis=0)
    return guard.done(old * decay + drive * gain)


def _guard(rule: Rule, given: Inputs, name: str, finish: Callable[[Array], Array] | None = None) -> Guard:
    """Finite before, finite after, then normalised and held within bounds."""

    def before(rows: Array) -> float:
        squares = gemm.squares(rows)
        if not math.isfinite(squares):
            gemm.check_finite(name, given.values.w if name == "w" else given.values.state[name])
        return squares

    def after(rows: Array) -> None:
        if not gemm.is_finite(rows):
            if name != "w":
                gemm.check_finite("w", given.values.w)  # which may have been read for it
            what, xp = ("the weights" if name == "w" else repr(name)), given.values.xp
            lacking = any(may_lack_value(expression, rule.values) for _, expression in rule.equations.items())
            if lacking and xp.any(xp.isnan(rows)):
                raise DivergenceError(
                    f"{what} would not be numbers after {given.when}: some part of the rule, such as a quotient, "
                    f"a root or a logarithm, has no value here, or learning diverged; {tamed(rule)}"
                )
            raise DivergenceError(f"{what} left the range of {rows.dtype} at {given.when}; {tamed(rule)}")

    return Guard(before, after, finish)


def _normalized(w: Array, rule: Rule, xp: Any) -> Array:
    """Each row, the weights onto one postsynaptic cell, scaled to unit norm; a row of zeros stays."""
    if rule.normalize is None:
        return w
    norms = xp.sum(xp.abs(w) if rule.normalize == "l1" else w * w, axis=1, keepdims=True)
    norms = norms if rule.normalize == "l1" else xp.sqrt(norms)
    return w / xp.where(norms > 0, norms, xp.ones_like(norms))


def held(w: Array, rule: Rule, xp: Any) -> Array:
    """`w[post, pre]` normalised and within bounds, as the rule asks."""
    w = _normalized(w, rule, xp)
    if rule.bounds is None:
        return w
    low, high = (None if math.isinf(end) else end for end in rule.bounds)
    return xp.clip(w, low, high)


@contextmanager
def _quiet(w: Any) -> Iterator[None]:
    """No autograd graph, and no warnings of NumPy: what is not finite is found and reported by us."""
    if library.is_torch(w):
        import torch

        with torch.no_grad():
            yield
    else:
        with np.errstate(all="ignore"):
            yield
