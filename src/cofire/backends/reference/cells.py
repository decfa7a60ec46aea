"""A population of cells, step by step: what a neuron means. `x[variable, cell]`, times in seconds.

Step n, synaptic input having been added to `x`:

    integrate    every variable by dt; then the held variables of refractory cells get their value back
    fire         every cell that is not refractory and meets its threshold; if the reset sets the variable that met it
                 anew, whatever it was, that stands at the threshold until then: rules find the peak of a spike, and
                 not how far beyond it a step went
    reset        the lines of the reset one after the other, for the cells that fired; each is then refractory in the
                 k steps n + 1 ... n + k, with k the refractory time in steps, rounded: `until` is the first step after
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import expm

from cofire.backends.reference.expressions import Array, evaluate
from cofire.language.tree import Expr, Name
from cofire.lowering.cells import NeuronPlan

Slope = Callable[[dict[str, Array], list[str]], dict[str, Array]]


@dataclass(frozen=True)
class Cells:
    """Where an expression finds its parameters and variables: each one number, or one a cell."""

    values: dict[str, Array]

    def leaf(self, node: Expr) -> Array:
        assert isinstance(node, Name)
        return self.values[node.id]

    def reduction(self, function: str, argument: Array) -> Array:
        raise TypeError(function, argument)  # the language has none in a neuron


def update(
    plan: NeuronPlan, parameters: dict[str, Array], x: Array, until: Array, n: int, dt: float, *, learning: bool = True
) -> None:
    """Every variable `dt` later, in place."""
    before = dict(zip(plan.variables, x.copy(), strict=True))
    after = _integrated(plan, parameters, before, dt, () if learning else plan.learns)
    for row, name in enumerate(plan.variables):
        keeps = (until > n) & (name in plan.held)
        x[row] = np.where(keeps, before[name], after[name])


def fired(plan: NeuronPlan, parameters: dict[str, Array], x: Array, until: Array, n: int) -> Array:
    """The cells that fire in step n, ascending; what stands at the threshold is set to it, in place."""
    threshold = plan.equations.threshold
    if threshold is None:
        return np.zeros(0, dtype=np.int64)
    cells = Cells(parameters | dict(zip(plan.variables, x, strict=True)))
    left, right = evaluate(threshold.left, cells), evaluate(threshold.right, cells)
    meets = left >= right if threshold.operator == ">=" else left > right
    found = np.flatnonzero(np.broadcast_to(meets, until.shape) & (until <= n))
    if plan.cut:
        x[plan.variables.index(plan.cut), found] = np.broadcast_to(right, until.shape)[found]
    return found


def reset(
    plan: NeuronPlan,
    parameters: dict[str, Array],
    x: Array,
    until: Array,
    n: int,
    dt: float,
    cells: Array,
    *,
    learning: bool = True,
) -> None:
    """What happens to `cells` that fired in step n, in place."""
    own = {name: value[cells] if value.ndim else value for name, value in parameters.items()}
    for name, expression in plan.equations.reset:
        if learning or name not in plan.learns:
            now = Cells(own | dict(zip(plan.variables, x[:, cells], strict=True)))
            x[plan.variables.index(name), cells] = evaluate(expression, now)
    if plan.refractory is not None:
        until[cells] = n + 1 + np.rint(own[plan.refractory] / dt).astype(np.int64)


def _integrated(
    plan: NeuronPlan, parameters: dict[str, Array], before: dict[str, Array], dt: float, frozen: tuple[str, ...]
) -> dict[str, Array]:
    derivatives = dict(plan.equations.derivatives)

    def slope(now: dict[str, Array], wanted: list[str]) -> dict[str, Array]:
        cells, still = Cells(parameters | now), np.zeros_like(now[wanted[0]])
        return {name: still + (0.0 if name in frozen else evaluate(derivatives[name], cells)) for name in wanted}

    linear, solved = [row.name for row in plan.exact], list(plan.solved)
    middle, end = (_exactly(slope, before, linear, frozen, time) for time in (0.5 * dt, dt))

    def rate(now: dict[str, Array]) -> dict[str, Array]:
        return slope(before | now, solved)

    x = {name: before[name] for name in solved}
    match plan.method:
        case "exponential_euler":
            k = rate(middle | x)
            own = {name: evaluate(part, Cells(parameters | before | middle)) for name, part in plan.rates}
            return end | {name: x[name] + k[name] * _span(own[name], dt) for name in solved}
        case "euler":
            return end | _moved(x, rate(x), dt)
        case "heun":
            k1 = rate(x)
            k2 = rate(end | _moved(x, k1, dt))
            return end | {name: x[name] + 0.5 * dt * (k1[name] + k2[name]) for name in solved}
        case "rk4":
            k1 = rate(x)
            k2 = rate(middle | _moved(x, k1, 0.5 * dt))
            k3 = rate(middle | _moved(x, k2, 0.5 * dt))
            k4 = rate(end | _moved(x, k3, dt))
            mean = {name: (k1[name] + 2.0 * k2[name] + 2.0 * k3[name] + k4[name]) / 6.0 for name in solved}
            return end | _moved(x, mean, dt)
    return end


def _moved(x: dict[str, Array], slope: dict[str, Array], time: float) -> dict[str, Array]:
    return {name: x[name] + time * slope[name] for name in x}


def _span(rate: Array, dt: float) -> Array:
    """The time that counts of a step in which the rate of change grows with `rate`: (exp(rate * dt) - 1) / rate."""
    safe = np.where(rate == 0.0, 1.0, rate)
    return np.where(rate == 0.0, dt, np.expm1(safe * dt) / safe)


def _exactly(
    slope: Slope, before: dict[str, Array], linear: list[str], frozen: tuple[str, ...], time: float
) -> dict[str, Array]:
    """The variables that are `linear`, `time` later: their slopes at 0 and at unit vectors make a matrix, and its
    exponential moves them."""
    if not linear:
        return {}
    zero = {name: np.zeros_like(value) for name, value in before.items()}
    constant = slope(zero, linear)
    size, cells = len(linear) + 1, len(next(iter(before.values())))
    system = np.zeros((cells, size, size))
    for row, name in enumerate(linear):
        system[:, row, -1] = constant[name]
    for column, other in enumerate(linear):
        moved = slope(zero | {other: np.ones(cells)}, linear)
        for row, name in enumerate(linear):
            system[:, row, column] = moved[name] - constant[name]
    state = np.stack([*(before[name] for name in linear), np.ones(cells)], axis=1)
    distinct, which = np.unique(system, axis=0, return_inverse=True)
    after = np.einsum("crk,ck->cr", expm(distinct * time)[which.ravel()], state)
    return {name: before[name] if name in frozen else after[:, row] for row, name in enumerate(linear)}
