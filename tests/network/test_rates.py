"""Rate cells: what they give their synapses, beside spiking cells, and how rules learn from rates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import cofire
from cofire import DimensionError, Neuron, ParameterError, neurons, rules
from cofire.network import Network, all_to_all, from_pairs, uniform
from cofire.network.run import resume
from cofire.units import Hz, ms, mV, second

INPUT = [3.0, 1.0, 4.0, 1.5]


def source(net: Network, rates: list[float] = INPUT) -> cofire.network.populations.Cells:
    """Cells whose rates are given: they start where they stay."""
    return net.cells(len(rates), neurons.threshold_linear(I=[rate * Hz for rate in rates]), name="source", r=rates)


def test_rates_settle_where_the_weighted_sum_of_rates_is() -> None:
    net = Network(dt=0.1 * ms)
    cells = net.cells(2, neurons.threshold_linear(theta=1 * Hz), name="cells")
    weights = np.array([[0.5, 1.0, 0.0, 2.0], [-1.0, 0.5, 0.1, 0.0]])
    post, pre = np.nonzero(weights)
    net.connect(source(net), cells, from_pairs(pre, post), weight=weights[post, pre], delay=2 * ms, dtype="float64")
    record = net.run(200 * ms, record=[cells.r.every(0.1 * ms), cells.g.every(0.1 * ms)])
    assert cells.r.values == pytest.approx(np.maximum(weights @ INPUT - 1.0, 0.0), rel=0.011)  # dt / 2 tau_s
    assert np.abs(record["cells.g"].values[:20]).max() == 0.0  # 2 ms on the way
    assert np.abs(record["cells.g"].values[21]).min() > 0.0


def test_a_rate_cell_gives_what_a_poisson_source_gives_on_average() -> None:
    spiking = neurons.lif(v_threshold=1000 * mV)
    net = Network(dt=0.5 * ms, seed=3)
    cells = net.cells(2, spiking, name="cells")
    net.connect(source(net, [40.0]), cells, from_pairs([0], [0]), weight=1 * mV)
    net.connect(net.poisson(1, 40 * Hz), cells, from_pairs([0], [1]), weight=1 * mV)
    v = net.run(100 * second, record=[cells.v.every(5 * ms)])["cells.v"].values[100:].mean(axis=0) + 0.070
    assert v[0] == pytest.approx(40 * 1e-3 * 5e-3, rel=1e-3)  # w r tau_e
    assert v[1] == pytest.approx(v[0], rel=0.05)


def test_a_rule_learns_from_rates_what_it_learns_from_arrays() -> None:
    """Oja's rule, exact while rates stand still; BCM's, by a solver; a filter of a rate, followed."""
    net = Network(dt=1 * ms)
    inputs, cells = source(net), net.cells(1, neurons.threshold_linear(), name="cells")
    settings = {"weight": uniform(0.2, 0.4), "dtype": "float64"}
    oja = net.connect(inputs, cells, all_to_all(), rule=rules.oja(eta=2 * second), name="oja", **settings)
    text = "dw/dt = eta * trace(pre, tau) * (post - mean(post, tau))"
    filtered = net.connect(
        inputs, cells, all_to_all(), rule=cofire.Rule(text, eta=10.0, tau=50 * ms), name="filtered", **settings
    )
    first = {q: q.weight.values for q in (oja, filtered)}
    rates = net.run(500 * ms, record=[cells.r.every(1 * ms)])["cells.r"].values[1:, 0]
    rates = np.append(rates, cells.r.values)  # after each step
    x = np.array(INPUT)
    w, trace, mean, v = first[oja], np.zeros(4), 0.0, first[filtered]
    for y in rates:
        w = w * np.exp(-2.0 * y**2 * 1e-3) + (x / y * -np.expm1(-2.0 * y**2 * 1e-3) if y else 0.0)
        fine = np.linspace(0.0, 1e-3, 201)
        fade = np.exp(-fine / 0.05)
        traces = trace[:, None] * fade + x[:, None] * 0.05 * (1 - fade)
        means = mean * fade + y * (1 - fade)
        v = v + 10.0 * np.trapezoid(traces * (y - means), fine, axis=1)
        trace, mean = traces[:, -1], means[-1]
    assert np.abs(w - first[oja]).max() > 0.1
    assert np.abs(v - first[filtered]).max() > 0.1
    np.testing.assert_allclose(oja.weight.values, w, rtol=1e-9)
    np.testing.assert_allclose(filtered.weight.values, v, rtol=1e-6)


def test_rates_before_spikes_and_spikes_before_rates_learn() -> None:
    net = Network(dt=1 * ms, seed=1)
    inputs, cells = source(net, [20.0]), net.cells(1, neurons.threshold_linear(I=10 * Hz), name="cells")
    given = net.spikes(1, [0, 0], [0.1, 0.2], name="given")
    text, fires = "dv/dt = c; du/dt = -u / tau_u", {"threshold": "v > 1", "reset": "v = 0", "refractory": 0}
    spiking = net.cells(1, Neuron(text, inputs="u", c=10 * Hz, tau_u=5 * ms, **fires), name="spiking")
    hebb = cofire.Rule("dw/dt = eta * trace(pre, tau) * post", eta=1e-3, tau=20 * ms)
    forth = net.connect(inputs, spiking, all_to_all(), weight=0.0, rule=hebb, dtype="float64")
    back = net.connect(given, cells, all_to_all(), weight=0.0, rule=hebb, dtype="float64")
    record = net.run(1 * second, record=[spiking.spikes])
    when = record[spiking.spikes].times + 1e-3
    assert len(when) == 9 or len(when) == 10
    filtered = 20.0 * 0.02 * (1 - np.exp(-(when - 1e-3) / 0.02))
    assert forth.weight.values[0] == pytest.approx(1e-3 * filtered.sum(), rel=0.02)
    r = 10.0  # settled long since; each of two spikes is followed for 50 time constants
    assert back.weight.values[0] == pytest.approx(1e-3 * 2 * r * 0.02, rel=0.05)


def test_a_network_of_rates_goes_on_after_a_stop_and_in_two_threads(tmp_path: Path) -> None:
    def made(threads: int = 1, rule: bool = True) -> Network:
        net = Network(dt=1 * ms, seed=5, threads=threads)
        cells = net.cells(6, neurons.threshold_linear(I=8 * Hz), name="cells")
        learner = rules.covariance(eta=1e-3 * second, tau=100 * ms) if rule else None
        net.connect(cells, cells, all_to_all(), weight=uniform(0.0, 0.1), delay=None if rule else 3 * ms, rule=learner)
        return net

    whole, file = made(), tmp_path / "run"
    whole.run(300 * ms)
    halved = made()
    halved.run(150 * ms, checkpoint=file, every=100 * ms)
    resumed, _ = resume(file)
    resumed.run(150 * ms)
    one, two = made(1, False), made(2, False)
    for net in (one, two):
        net.run(100 * ms)
    for a, b in ((whole, resumed), (one, two)):
        assert all((v == dict(b.state())[k]).all() for k, v in a.state().items() if k.endswith("x@0"))
        assert (a.projections[0].weight.values == b.projections[0].weight.values).all()


def test_what_a_rate_cell_cannot_do() -> None:
    net = Network(dt=1 * ms)
    cells = net.cells(2, neurons.threshold_linear(), name="cells")
    with pytest.raises(ParameterError, match=r"no spikes; record cells\.r\.every"):
        cells.spikes  # noqa: B018
    with pytest.raises(ParameterError, match="hears the rates of cells without delay"):
        net.connect(cells, cells, all_to_all(), weight=0.1, delay=5 * ms, rule=rules.oja(eta=1 * ms))
    with pytest.raises(ParameterError, match=r"its rule has nearest\(pre, tau_plus\)"):
        net.connect(cells, cells, all_to_all(), weight=0.1, rule=rules.stdp_pair_nearest())
    with pytest.raises(ParameterError, match="leave out threshold, reset and refractory"):
        Neuron("dr/dt = -r / tau", rate="r", threshold="r > 1", tau=5 * ms)
    with pytest.raises(ParameterError, match="rate = 'v' is refused: 'v' is not a variable"):
        Neuron("dr/dt = -r / tau", rate="v", tau=5 * ms)
    with pytest.raises(DimensionError, match="r is in V, and a rate is in Hz"):
        Neuron("dr/dt = (v0 - r) / tau", rate="r", tau=5 * ms, v0=1 * mV)
    neuron = neurons.threshold_linear()
    assert "does not fire: r is its rate" in str(neuron.explain())
    assert (neuron.threshold, neuron.reset, neuron.refractory) == ("", "", 0.0)
    assert eval(repr(neuron), {"Neuron": Neuron, "ms": ms, "kHz": 1000 * Hz}) == neuron  # noqa: S307
