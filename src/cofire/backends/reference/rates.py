"""Learning from rates: every sample, postsynaptic and presynaptic cell written out, then averaged over the batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from cofire.backends.reference.expressions import Array, derivative, evaluate, held
from cofire.backends.state import RuleState
from cofire.errors import CofireError
from cofire.language.text import to_text
from cofire.language.tree import PRE, Cell, Expr, Name, Weight
from cofire.lowering.placement import DRIVE
from cofire.lowering.plan import Plan
from cofire.lowering.states import State
from cofire.rule import Rule


@dataclass(frozen=True)
class Batch:
    """Values along [batch, post, pre]: weights are [1, post, pre], rates [batch, 1, pre] or [batch, post, 1]."""

    parameters: Mapping[str, float]
    w: Array
    cells: Mapping[Cell, Array]
    signals: Mapping[str, Array]
    state: RuleState

    def leaf(self, node: Expr) -> Array:
        match node:
            case Weight():
                return self.w[None]
            case Cell(side):
                rates = self.cells[node] if node in self.cells or node != DRIVE else self.cells[PRE] @ self.w.T
                return rates[:, None, :] if side == "pre" else rates[:, :, None]
            case Name(name) if name in self.parameters:
                return np.asarray(self.parameters[name])
            case Name(name) if name in self.signals:
                return self.signals[name][:, None, None]
        return self.state[to_text(node)]

    def reduction(self, function: str, argument: Array) -> Array:
        n_post, n_pre = self.w.shape
        if function == "sum_pre":
            return _widened(argument, (1, 1, n_pre)).sum(axis=2, keepdims=True)
        if function == "sum_post":
            return _widened(argument, (1, n_post, 1)).sum(axis=1, keepdims=True)
        return (self.w[None] * argument).cumsum(axis=1)


def delta(plan: Plan, values: Batch, dt: float, reduce: str = "mean") -> Array:
    """The change of `w[post, pre]` in one step of duration `dt`."""
    change = evaluate(plan.equations.weight, values)
    return dt * _over_batch(change, values, reduce)


def step(rule: Rule, plan: Plan, values: Batch, dt: float, reduce: str = "mean") -> tuple[Array, RuleState]:
    """The weights and the state after one step; everything is computed from the values before it."""
    w = values.w + delta(plan, values, dt, reduce)
    state = {state.key: _advanced(state, plan, values, dt) for state in plan.states}
    return held(_normalized(w, rule.normalize), rule.bounds), RuleState(state, values.state.step + 1)


def start(plan: Plan, shape: tuple[int, int]) -> RuleState:
    """The state before the first step: zeros, [1 or post, 1 or pre]."""
    n_post, n_pre = shape
    sizes = [(n_post if "post" in state.axes else 1, n_pre if "pre" in state.axes else 1) for state in plan.states]
    return RuleState({state.key: np.zeros((1, *size)) for state, size in zip(plan.states, sizes, strict=True)})


def _advanced(state: State, plan: Plan, values: Batch, dt: float) -> Array:
    """Solves dX/dt = -rate · X + drive over `dt`, the drive held at its average over the batch."""
    if state.kind == "nearest":
        raise CofireError(f"{state.key} is defined for spikes only: a rate has no nearest spike; use trace")
    old = values.state[state.key]

    def slope(x: Array) -> Array:
        kept = RuleState({**values.state, state.key: x})
        return derivative(state.symbol, plan.equations, replace(values, state=kept))

    if not state.exact:
        return old + dt * _mean(slope(old), old)
    drive = slope(np.zeros_like(old))
    rate = -float(np.ravel(slope(np.ones_like(old)) - drive)[0])
    gain = dt if rate == 0.0 else -np.expm1(-rate * dt) / rate
    return old * np.exp(-rate * dt) + _mean(drive, old) * gain


def _mean(drive: Array, like: Array) -> Array:
    return _widened(drive, like.shape).mean(axis=0, keepdims=True)


def _widened(array: Array, shape: tuple[int, ...]) -> Array:
    """`array` written out along every axis that `shape` has."""
    return np.broadcast_to(array, np.broadcast_shapes(array.shape, shape))


def _over_batch(change: Array, values: Batch, reduce: str) -> Array:
    samples = len(values.cells[PRE])
    everywhere = np.broadcast_to(change, (samples, *values.w.shape))
    return everywhere.sum(axis=0) if reduce == "sum" else everywhere.mean(axis=0)


def _normalized(w: Array, kind: str | None) -> Array:
    """Each row, the weights onto one postsynaptic cell, scaled to unit norm; a row of zeros stays."""
    if kind is None:
        return w
    norms = np.abs(w).sum(axis=1) if kind == "l1" else np.sqrt((w * w).sum(axis=1))
    return w / np.where(norms > 0, norms, 1.0)[:, None]
