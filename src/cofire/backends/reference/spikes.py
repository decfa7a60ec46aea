"""Learning from spike trains, step by step and synapse by synapse.

In each step of the clock, first the events: every synapse whose presynaptic spike arrives, or whose postsynaptic cell
fires, changes by what its equations say with the spikes less what they say without. Then all that is continuous runs
for `dt`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp

from cofire.backends.reference.expressions import Array, derivative, evaluate, held
from cofire.backends.state import RuleState
from cofire.errors import ArrayError, DivergenceError
from cofire.language.algebra import simplify
from cofire.language.text import to_text
from cofire.language.tree import POST, PRE, ZERO, Call, Cell, Expr, Name, Weight
from cofire.lowering.plan import Plan
from cofire.lowering.states import State
from cofire.rule import Rule

_TOLERANCE = {"rtol": 1e-12, "atol": 1e-14}


@dataclass(frozen=True)
class Synapses:
    """Values for a list of synapses: everything is an array `[synapse]`."""

    pre_cell: Array
    post_cell: Array
    parameters: Mapping[str, float]
    cells: Mapping[Cell, Array]
    signals: Mapping[str, float]
    w: Array
    state: Mapping[str, Array]

    def leaf(self, node: Expr) -> Array:
        match node:
            case Weight():
                return self.w
            case Cell("pre"):
                return self.cells[node] if node == PRE else self.cells[node][self.pre_cell]
            case Cell("post"):
                return self.cells[node] if node == POST else self.cells[node][self.post_cell]
            case Name(name) if name in self.parameters:
                return np.asarray(self.parameters[name])
            case Name(name) if name in self.signals:
                return np.asarray(self.signals[name])
        return self.state[to_text(node)]

    def reduction(self, function: str, argument: Array) -> Array:
        argument = np.broadcast_to(argument, self.w.shape)
        if function == "sum_pre":
            return np.bincount(self.post_cell, weights=argument)[self.post_cell]
        if function == "sum_post":
            return np.bincount(self.pre_cell, weights=argument)[self.pre_cell]
        same_pre = self.pre_cell[:, None] == self.pre_cell[None, :]
        up_to_here = self.post_cell[None, :] <= self.post_cell[:, None]
        return (same_pre & up_to_here) @ (self.w * argument)


def replay(
    rule: Rule,
    plan: Plan,
    *,
    pre: tuple[Any, Any],
    post: tuple[Any, Any],
    synapses: tuple[Any, Any],
    weight: Any,
    delay: Any,
    dt: float,
    steps: int,
    signals: Mapping[str, Any] | None = None,
) -> tuple[Array, RuleState]:
    """The weights `[synapse]` and the state after `steps` steps of `dt` seconds.

    `pre`, `post`: `(cell, step)`, two integer arrays, a cell firing at most once a step.
    `synapses`: `(pre cell, post cell)`.
    `delay`: in steps, one number or one a synapse: a presynaptic spike at step n acts at step n + delay.
    `signals`: modulators `[steps]` by name, and variables of cells `[steps, cell]` as `post_v` for `post.v`.
    """
    pre_cell, post_cell = (np.asarray(cells, dtype=np.int64) for cells in synapses)
    w = np.broadcast_to(np.asarray(weight, dtype=np.float64), pre_cell.shape).copy()
    delay = np.broadcast_to(np.asarray(delay, dtype=np.int64), pre_cell.shape)
    pre_fires = _fires(pre, steps, pre_cell)
    post_fires = _fires(post, steps, post_cell)
    over_time = {name: np.asarray(values, dtype=np.float64) for name, values in (signals or {}).items()}

    nobody = np.zeros(pre_cell.shape)
    now = Synapses(pre_cell, post_cell, rule.values, {}, {}, w, {state.key: nobody for state in plan.states})
    drifting = _drifting(plan)
    for n in range(steps):
        cells = {cell: over_time[_given(cell, over_time)][n] for cell in plan.cells}
        modulators = {name: float(over_time[name][n]) for name in rule.signals}
        silent = replace(now, cells={**cells, PRE: nobody, POST: nobody}, signals=modulators)
        since = n - delay
        arrives = np.where(since >= 0, pre_fires[pre_cell, np.maximum(since, 0)], 0.0)
        firing = replace(silent, cells={**cells, PRE: arrives, POST: post_fires[post_cell, n]})

        jump = evaluate(plan.equations.weight, firing) - evaluate(plan.equations.weight, silent)
        w = held(_normalized(now.w + jump, post_cell, rule.normalize), rule.bounds)
        state = {s.key: _after_event(s, plan, firing, silent) for s in plan.states}
        now = _advanced(replace(silent, w=w, state=state), plan, drifting, dt)
        now = replace(now, w=held(now.w, rule.bounds))
    return now.w, RuleState(now.state, steps)


def _given(cell: Cell, over_time: Mapping[str, Array]) -> str:
    """The name under which a variable of the cell was handed in. Raises: `ArrayError` if it was not."""
    name = f"{cell.side}_{cell.variable}"
    if name not in over_time:
        raise ArrayError(f"this rule needs {name}=, an array [steps, cell], since spikes alone do not tell it")
    return name


def _fires(spikes: tuple[Any, Any], steps: int, used: Array) -> Array:
    """1 where cell fires at step, else 0, `[cell, step]`."""
    cells, when = (np.asarray(part, dtype=np.int64) for part in spikes)
    fires = np.zeros((max(used.max(initial=-1), cells.max(initial=-1)) + 1, steps))
    fires[cells, when] = 1.0
    return fires


def _normalized(w: Array, post_cell: Array, kind: str | None) -> Array:
    """The weights onto each postsynaptic cell scaled to unit norm; a cell with weights of zero stays."""
    if kind is None:
        return w
    norms = np.bincount(post_cell, weights=np.abs(w) if kind == "l1" else w * w)
    norms = norms if kind == "l1" else np.sqrt(norms)
    return w / np.where(norms > 0, norms, 1.0)[post_cell]


def _after_event(state: State, plan: Plan, firing: Synapses, silent: Synapses) -> Array:
    before = silent.state[state.key]
    jump = derivative(state.symbol, plan.equations, firing) - derivative(state.symbol, plan.equations, silent)
    return np.where(jump > 0, 1.0, before) if state.kind == "nearest" else before + jump


def _drifting(plan: Plan) -> list[str]:
    """The quantities that change between events other than by decaying on their own."""
    return [name for name, events in plan.events if simplify(events.drift) != ZERO]


def _decay(state: State, plan: Plan, now: Synapses) -> float:
    """The rate at which a quantity decays on its own, which is minus the slope of its derivative."""
    if isinstance(state.symbol, Call):
        return 1.0 / float(evaluate(state.symbol.arguments[1], now))
    here, there = (replace(now, state={**now.state, state.key: np.full(now.w.shape, x)}) for x in (0.0, 1.0))
    change = derivative(state.symbol, plan.equations, there) - derivative(state.symbol, plan.equations, here)
    return -float(np.ravel(change)[0]) if change.size else 0.0


def _advanced(now: Synapses, plan: Plan, drifting: list[str], dt: float) -> Synapses:
    """Everything after `dt` without events: exponentials exactly, the rest as one system of differential equations."""
    alone = {state.key: _decay(state, plan, now) for state in plan.states if state.key not in drifting}

    def decayed(time: float) -> dict[str, Array]:
        return {key: now.state[key] * np.exp(-rate * time) for key, rate in alone.items()}

    if not drifting:
        return replace(now, state=decayed(dt))

    symbols = {state.key: state.symbol for state in plan.states}
    start = {key: now.w if key == "w" else now.state[key] for key in drifting}

    def at(time: float, flat: Array) -> Synapses:
        parts = dict(zip(drifting, flat.reshape(len(drifting), -1), strict=True))
        w = parts.pop("w", now.w)
        return replace(now, w=w, state=decayed(time) | parts)

    def slope(time: float, flat: Array) -> Array:
        values = at(time, flat)
        change = [
            evaluate(plan.equations.weight, values) if key == "w" else derivative(symbols[key], plan.equations, values)
            for key in drifting
        ]
        return np.concatenate([np.broadcast_to(part, now.w.shape) for part in change])

    flat = np.concatenate(list(start.values()))
    solved = None
    if np.isfinite(flat).all():
        with np.errstate(all="ignore"):
            solved = solve_ivp(slope, (0.0, dt), flat, method="DOP853", **_TOLERANCE)
    if solved is None or not solved.success:
        mend = "lower the learning rate, or give the rule bounds"
        raise DivergenceError(f"{' or '.join(drifting)} left the range of numbers: {mend}")
    return at(dt, solved.y[:, -1])
