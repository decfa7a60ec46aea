"""The compiled step does what the reference does, cell for cell, for every neuron of the catalogue and others."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cofire import Neuron, neurons
from cofire.backends.numba.cells import cells_source
from cofire.units import VOLTAGE, Hz, Quantity, ms, mV, second
from neurons.populations import Compiled, Reference

DT = 1e-4
CELLS = 150  # more than two blocks of the threshold, and no multiple of one

# Everything at once: definitions, other integrators, parameters that vary over cells (in the exact system, the rest,
# the threshold and the refractory time), names that generated code has itself, two variables that are reset.
VARIED = """\
dv/dt = (v_rest - v + low * tanh(g_e) + max(u, clip(n, -low, low))) / tau - sigmoid(g_e) * x
dg_e/dt = -g_e / tau_e
dn/dt = (x * tau - n) / tau_n + dx
dx/dt = -x * decay
u = step(v - v_rest) * low * exp(-abs(v) / low)
dx = sign(g_e) * relu(sqrt(abs(n) * low)) / tau"""
LEARNED = """\
dv/dt = (v_rest - v + theta * g_e) / tau
dg_e/dt = -g_e / tau_e
dtheta/dt = -theta * (1 + g_e) / tau_theta"""


def varied(method: str | None) -> Neuron:
    each = np.linspace(0.5, 1.5, CELLS)
    return Neuron(
        VARIED,
        method=method,  # type: ignore[arg-type]
        threshold="v + n >= v_threshold + 0.1 * low",
        reset="v = v - 10 * low; n = n + v / 100; x = 0",
        refractory="t_ref",
        v_rest=-70 * mV,
        low=0.02 * each,
        tau=10 * ms,
        tau_e=0.005 * each,
        tau_n=20 * ms,
        decay=50 * Hz,
        v_threshold=-0.06 * each,
        t_ref=0.0004 * each,
    )


def learned(method: str | None) -> Neuron:
    return Neuron(
        LEARNED,
        method=method,  # type: ignore[arg-type]
        reset="v = v_reset; theta = theta + v_rest / 10; g_e = 0",
        refractory=0.35 * ms,
        learns="theta",
        v_rest=-70 * mV,
        tau=10 * ms,
        tau_e=5 * ms,
        tau_theta=50 * ms,
        v_threshold=-60 * mV,
        v_reset=-65 * mV,
    )


NEURONS = {name: neurons.get(name)() for name in neurons.names()}
NEURONS |= {f"varied, {method}": varied(method) for method in (None, "euler")}
NEURONS |= {f"learned, {method}": learned(method) for method in (None, "heun", "rk4", "exponential_euler")}
NEURONS["parabola"] = Neuron(
    "dv/dt = c", threshold="v > 0.1", reset="", refractory=0, c=3 * Hz
)  # no reset, no decay, no unit


def scattered(neuron: Neuron, random: np.random.Generator) -> Neuron:
    """The same neuron with every number that has a unit somewhat different."""
    numbers = {name: value for name, value in neuron.parameters.items() if isinstance(value, Quantity)}
    return neuron.with_(**{name: float(random.uniform(0.9, 1.1)) * value for name, value in numbers.items()})


def state(neuron: Neuron, random: np.random.Generator) -> np.ndarray:
    """Random values of the variables, `[variable, cell]`: voltages around a threshold, small numbers of the rest."""
    rows = []
    for name in neuron.variables:
        if neuron.dimension(name) == VOLTAGE and name in ("v", "n", "theta"):
            rows.append(random.uniform(-0.075, -0.045, CELLS))
        elif name in ("i_e", "i_i", "w"):
            rows.append(random.uniform(-1e-9, 1e-9, CELLS))
        else:
            rows.append(random.uniform(0.0, 3.0, CELLS) * random.choice([0.0, 0.01, 1.0]))
    return np.array(rows)


@lru_cache
def compiled_source(name: str) -> str:
    return cells_source(NEURONS[name].explain(), NEURONS[name].varying)


@pytest.mark.parametrize("name", NEURONS)
@settings(max_examples=8)
@given(seed=st.integers(0, 2**32 - 1), learning=st.booleans())
def test_a_step_is_that_of_the_reference(name: str, seed: int, learning: bool) -> None:
    random = np.random.default_rng(seed)
    neuron = scattered(NEURONS[name], random)
    slow, fast = Reference(neuron, CELLS, DT), Compiled(neuron, CELLS, DT)
    slow.x[: len(neuron.variables)] = fast.x[: len(neuron.variables)] = state(neuron, random)
    if slow.plan.refractory:
        slow.until[:] = fast.until[:] = random.integers(0, 8, CELLS)
    for n in range(3, 7):
        np.testing.assert_array_equal(slow.step(n, learning), fast.step(n, learning))
        np.testing.assert_array_equal(slow.until, fast.until)
        scale = np.abs(slow.x).max(axis=1, keepdims=True)
        assert np.all(np.abs(slow.x - fast.x) <= 1e-12 * (np.abs(slow.x) + 1e-3 * scale)), neuron.variables
        fast.x[:] = slow.x


@pytest.mark.parametrize("name", NEURONS)
def test_the_source_depends_on_the_equations_alone(name: str) -> None:
    other = scattered(NEURONS[name], np.random.default_rng(1))
    assert cells_source(other.explain(), other.varying) == compiled_source(name)


def test_the_source_of_lif_is_as_one_would_write_it() -> None:
    assert """
    for j in range(high - low):
        v_new = v_from_v * v[j] + v_from_g_e * g_e[j] + v_from_g_i * g_i[j] + v_from_constant
        g_e_new = g_e_from_g_e * g_e[j]
        g_i_new = g_i_from_g_i * g_i[j]
        v[j] = v[j] if held[j] > n else v_new
        g_e[j] = g_e_new
        g_i[j] = g_i_new
""" in compiled_source("lif")


def test_exponentials_are_right_to_the_last_bits() -> None:
    """exp and (exp(rate dt) - 1) / rate as generated code has them, by a variable that is made of nothing else."""
    grid = np.concatenate([np.linspace(-40.0, 40.0, 149), [0.0]])
    neuron = Neuron(
        "dv/dt = exp(z) / tau; dz/dt = 0 / tau", method="euler", threshold="v > 1e300", reset="", tau=2.0**-20 * second
    )
    cells = Compiled(neuron, CELLS, 2.0**-20)
    cells.x[1] = grid
    cells.step(0)
    np.testing.assert_allclose(cells.x[0], np.exp(grid), rtol=4e-16)
    neuron = Neuron(
        "dv/dt = (z * v + 1) / tau; dz/dt = 0 / tau", threshold="v > 1e300", reset="", tau=2.0**-20 * second
    )
    cells = Compiled(neuron, CELLS, 2.0**-20)
    cells.x[1] = grid
    cells.step(0)
    exact = np.where(grid == 0.0, 1.0, np.expm1(grid) / np.where(grid == 0.0, 1.0, grid))
    np.testing.assert_allclose(cells.x[0], exact, rtol=1e-15)
