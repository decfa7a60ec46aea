"""What a population starts with: the numbers that go into its steps, whichever backend takes them."""

from __future__ import annotations

import numpy as np
from scipy.linalg import expm

from cofire.backends.reference.cells import Cells
from cofire.backends.reference.expressions import Array, evaluate
from cofire.errors import ParameterError
from cofire.lowering.cells import REFRACTORY, NeuronPlan
from cofire.neuron import Neuron, PerCell
from cofire.units import Quantity, in_si


def values(neuron: Neuron) -> dict[str, Array]:
    """Each parameter in SI units, one number or `[cell]`; with the refractory time under its name in the plan."""
    found = {
        name: np.asarray(value.values if isinstance(value, PerCell) else in_si(value), dtype=np.float64)
        for name, value in neuron.parameters.items()
    }
    if not isinstance(neuron.refractory, str):
        found[REFRACTORY] = np.asarray(in_si(neuron.refractory))
    return found


def parameters(neuron: Neuron, plan: NeuronPlan) -> Array:
    """`parameters[k]` of the compiled step, in the order of the plan; NaN for one that is a row of `x`."""
    given = values(neuron)
    return np.array([given[name] if not given[name].ndim else np.nan for name in plan.parameters], dtype=np.float64)


def start(neuron: Neuron, plan: NeuronPlan, cells: int) -> Array:
    """`x[variable, cell]` at first: the plan's variables, then the parameters that vary over cells, sorted by name.

    Raises: `ParameterError` if these are given for another number of cells.
    """
    given = values(neuron)
    if neuron.cells not in (None, cells):
        raise ParameterError(f"{neuron.varying[0]} has {neuron.cells} values, but there are {cells} cells")
    x = np.empty((len(plan.variables) + len(neuron.varying), cells))
    for row, name in enumerate(plan.variables):
        value = neuron.initial[name]
        x[row] = in_si(value) if isinstance(value, float | Quantity) else evaluate(value, Cells(given))
    for row, name in enumerate(neuron.varying, len(plan.variables)):
        x[row] = given[name]
    return x


def coefficients(neuron: Neuron, plan: NeuronPlan, dt: float, x: Array | None = None) -> Array:
    """`coefficients[k]` of the exact system for a step of `dt` seconds, in order; `[k, cell]` if any vary.

    `x`: as of `start`, from which parameters that vary over cells are taken; those of the neuron if left out.
    """
    given = values(neuron)
    if x is not None:
        given |= dict(zip(neuron.varying, x[len(plan.variables) :], strict=True))
    numbers = Cells(given)
    order = {row.name: at for at, row in enumerate(plan.exact)}
    vary = plan.coefficients_vary(neuron.varying)
    size = len(order) + 1
    system = np.zeros((neuron.cells if vary and neuron.cells else 1, size, size))  # the last column is the constant
    for row in plan.exact:
        for name, part in row.coefficients:
            system[:, order[row.name], order[name]] = evaluate(part, numbers)
        system[:, order[row.name], -1] = evaluate(row.constant, numbers)
    distinct, inverse = np.unique(system, axis=0, return_inverse=True)
    whole, half = (expm(distinct * time)[inverse.ravel()] for time in (dt, 0.5 * dt))
    made = [
        (half if c.half else whole)[:, order[c.row], -1 if c.column is None else order[c.column]]
        for c in plan.coefficients
    ]
    found = np.array(made).reshape(len(made), len(system))
    return found if vary else found[:, 0].copy()
