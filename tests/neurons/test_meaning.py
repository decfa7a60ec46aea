"""What a neuron means: exact where it is said to be, as its paper says where it is not, refractory to the step."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from cofire import Neuron, neurons
from cofire.units import Hz, in_si, ms, mV, nA, volt
from neurons.populations import Compiled, Reference


def solved(neuron: Neuron, x: np.ndarray, time: float) -> np.ndarray:
    """The variables `time` later without spikes, by a solver of high order, from the equations as they are written."""
    population = Reference(neuron, 1, 1.0)

    def slope(_: float, values: np.ndarray) -> list[float]:
        names = {
            **{k: float(v) for k, v in population.parameters.items()},
            **dict(zip(neuron.variables, values, strict=True)),
        }
        names |= {"exp": math.exp, "min": min}
        for name, expression in dict(neuron.dynamics.definitions).items():
            names[name] = python(expression, names)
        return [python(expression, names) for _, expression in neuron.dynamics.derivatives]

    found = solve_ivp(slope, (0.0, time), x, method="DOP853", rtol=1e-12, atol=1e-16)
    return found.y[:, -1]


def python(expression: object, names: dict[str, object]) -> float:
    """The value of an expression by Python's own arithmetic."""
    from cofire.language.text import to_text

    return float(eval(to_text(expression), {}, names))  # type: ignore[arg-type]  # noqa: S307


@pytest.mark.parametrize("dt", [0.1 * ms, 7 * ms])
@pytest.mark.parametrize("name", ["lif", "lif_alpha"])
def test_linear_neurons_are_exact_at_any_step(name: str, dt: object) -> None:
    neuron = neurons.get(name)(I=3 * mV)
    cell = Reference(neuron, 1, in_si(dt))  # type: ignore[arg-type]
    cell.x[1:, 0] = np.linspace(0.002, 0.001, len(neuron.variables) - 1)
    exact = solved(neuron, cell.x[:, 0].copy(), 20 * cell.dt)
    for n in range(20):
        cell.step(n)
    np.testing.assert_allclose(cell.x[:, 0], exact, rtol=1e-10, atol=1e-13)


def test_an_alpha_current_peaks_at_its_weight_after_its_time_constant() -> None:
    cell = Reference(neurons.lif_alpha(tau_e=2 * ms), 1, 1e-4)
    cell["h_e"][:] = 0.003
    values = [cell["g_e"][0] for n in range(100) if cell.step(n) is not None]
    assert np.argmax(values) == 19  # the value at 2 ms
    assert values[19] == pytest.approx(0.003, rel=1e-12)


def test_frequency_against_current_of_lif_is_its_formula() -> None:
    for drive in (17.0, 20.0, 40.0):
        neuron = neurons.lif(I=drive * mV, refractory=3 * ms)
        times = Compiled(neuron, 1, 1e-5).spike_times(20_000)
        far = -70.0 + drive
        interval = 10.0 * math.log((far + 60.0) / (far + 54.0)) + 3.0
        assert np.diff(times)[0] * 1e3 == pytest.approx(interval, abs=0.011)
    assert not len(Compiled(neurons.lif(I=15.9 * mV), 1, 1e-4).spike_times(3_000))


@pytest.mark.parametrize(
    ("method", "order"), [("euler", 1), ("heun", 2), ("rk4", 4), ("exponential_euler", 1), (None, 2)]
)
def test_each_method_has_its_order(method: str | None, order: int) -> None:
    neuron = neurons.lif_conductance(method=method)
    start = np.array([-0.065, 1.5, 0.7])
    exact = solved(neuron, start, 8e-3)
    errors = []
    for dt in (4e-4, 2e-4):
        cell = Reference(neuron.with_(v_threshold=1000 * mV), 1, dt)
        cell.x[:, 0] = start
        for n in range(round(8e-3 / dt)):
            cell.step(n)
        errors.append(abs(cell.x[0, 0] - exact[0]))
    assert math.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.25)


@pytest.mark.parametrize("name", ["adex", "izhikevich", "quadratic", "lif_conductance_alpha"])
def test_other_neurons_follow_their_equations(name: str) -> None:
    neuron = neurons.get(name)()
    cell = Reference(neuron, 1, 2e-5)
    for row, variable in enumerate(neuron.variables):
        if variable in neuron.inputs and variable != "v":
            cell.x[row] = {"adex": 4e-10, "izhikevich": 5.0, "quadratic": 0.01}.get(name, 0.5)
    exact = solved(neuron, cell.x[:, 0].copy(), 100 * cell.dt)
    for n in range(100):
        cell.step(n)
    np.testing.assert_allclose(cell.x[:, 0], exact, rtol=1e-6)


def test_refractory_is_held_for_exactly_so_many_steps_after_the_spike() -> None:
    """By hand: v rises by 1 a step from 0 and fires above 2.5; then 2 steps of rest at 0; u never rests."""
    neuron = Neuron(
        "dv/dt = c; du/dt = c", threshold="v > 2.5", reset="v = 0", refractory=2 * ms, inputs="v", c=1000 * Hz
    )
    cell = Reference(neuron, 1, 1e-3)
    seen = []
    for n in range(9):
        fired = cell.step(n)
        seen.append((round(cell["v"][0], 9), len(fired)))
    #               fires in step 2            held in 3, 4               moves from 5, fires in 7
    assert seen == [(1, 0), (2, 0), (0, 1), (0, 0), (0, 0), (1, 0), (2, 0), (0, 1), (0, 0)]
    assert cell["u"][0] == pytest.approx(9.0)
    assert cell.until[0] == 10


def test_a_refractory_cell_does_not_fire_even_above_threshold() -> None:
    cell = Reference(neurons.lif(refractory=1 * ms), 1, 1e-4)
    cell["v"][:] = -0.050
    assert list(cell.step(0)) == [0]
    cell["v"][:] = -0.050
    fired = [n for n in range(1, 13) if len(cell.step(n))]
    assert fired == [11]


def test_a_reset_runs_line_by_line() -> None:
    neuron = Neuron(
        "dv/dt = 0 / tau; du/dt = 0 / tau",
        threshold="v >= 1",
        reset="v = 3; u = v + 1",
        refractory=0,
        tau=1 * ms,
        initial={"v": 1.0},
    )
    cell = Reference(neuron, 1, 1e-3)
    assert list(cell.step(0)) == [0]
    assert (cell["v"][0], cell["u"][0]) == (3.0, 4.0)


def test_theta_learns_only_while_learning_is_on() -> None:
    neuron = neurons.lif_adaptive(tau_theta=10 * ms)
    cell = Reference(neuron, 1, 1e-3)
    cell["v"][:] = 0.0
    assert len(cell.step(0, learning=False))
    assert cell["theta"][0] == 0.020
    cell["v"][:], cell.until[:] = 0.0, 0
    assert len(cell.step(1))
    assert cell["theta"][0] == pytest.approx(0.020 * math.exp(-0.1) + 0.05e-3, rel=1e-14)


def test_theta_goes_on_while_v_is_held() -> None:
    cell = Reference(neurons.lif_adaptive(tau_theta=10 * ms), 1, 1e-3)
    cell.until[:], cell["v"][:] = 5, -0.065
    cell["g_e"][:] = 1.0
    cell.step(0)
    assert cell["v"][0] == -0.065
    assert cell["theta"][0] < 0.019
    assert cell["g_e"][0] < 0.5


def test_izhikevich_regular_spiking_slows_down_and_fast_spiking_does_not() -> None:
    regular = np.diff(Compiled(neurons.izhikevich(I=10 * mV / ms), 1, 1e-4).spike_times(5000))
    fast = np.diff(Compiled(neurons.izhikevich(I=10 * mV / ms, a=0.1 / ms, d=2 * mV / ms), 1, 1e-4).spike_times(5000))
    assert regular[0] < 0.6 * regular[-1]
    assert regular[-1] == pytest.approx(regular[-2], rel=0.01)
    assert fast[-1] < 0.6 * regular[-1]
    chattering = np.diff(
        Compiled(neurons.izhikevich(I=10 * mV / ms, v_reset=-50 * mV, d=2 * mV / ms), 1, 1e-4).spike_times(5000)
    )
    assert chattering.min() < 0.005 < 0.02 < chattering.max()


def test_adex_adapts_unless_its_adaptation_is_taken_away() -> None:
    def intervals(**changes: object) -> np.ndarray:
        return np.diff(Compiled(neurons.adex(I=1 * nA, **changes), 1, 1e-4).spike_times(4000))

    adapting, plain = intervals(), intervals(a=0.0 * nA / mV, b=0.0 * nA)
    assert adapting[-1] > 1.5 * adapting[0]
    assert plain[-1] == pytest.approx(plain[0], abs=2.1e-4)
    assert len(plain) > len(adapting)


def test_the_last_step_of_an_adex_spike_leaves_no_trace_in_w() -> None:
    cell = Compiled(neurons.adex(I=1 * nA), 1, 1e-4)
    for n in range(400):
        before = cell["w"][0]
        if len(cell.step(n)):
            assert cell["w"][0] - before == pytest.approx(0.0805e-9, abs=3e-12)


def test_quadratic_fires_at_the_interval_of_its_formula() -> None:
    neuron = neurons.quadratic(I=20 * mV, v_peak=3000 * mV, v_reset=-3000 * mV)
    times = Compiled(neuron, 1, 5e-6).spike_times(20_000)
    j = 20.0 / 15.0 - 15.0**2 / (4.0 * 15.0**2)
    assert np.diff(times)[0] == pytest.approx(math.pi * 0.010 / math.sqrt(j), rel=0.02)


def test_a_parameter_that_varies_over_cells_is_as_many_neurons() -> None:
    taus, rests = [5 * ms, 10 * ms, 20 * ms], np.array([-0.07, -0.06, -0.05])
    together = Reference(neurons.lif(tau=taus, v_rest=rests, I=5 * mV), 3, 1e-4)
    alone = [
        Reference(neurons.lif(tau=t, v_rest=float(r) * volt, I=5 * mV), 1, 1e-4)
        for t, r in zip(taus, rests, strict=True)
    ]
    for n in range(200):
        together.step(n)
        for cell in alone:
            cell.step(n)
    np.testing.assert_allclose(together["v"], [cell["v"][0] for cell in alone], rtol=1e-13)
