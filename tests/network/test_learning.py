"""Networks learn what the definition says: their own spikes, replayed on the reference, leave the same weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cofire import Neuron, Rule, compiler, neurons, rules
from cofire.backends.reference import spikes as reference
from cofire.network import Network, all_to_all, fixed_probability, from_pairs, resume, uniform
from cofire.network.projections import Projection
from cofire.units import Hz, ms, mV, nA, second, volt

STEPS = 300
KINDS = {  # of kernel: each compiles a network of its own
    "stdp_pair": "events that meet bounds",
    "triplet": "several traces on both sides",
    "reward_stdp": "a modulator, integrated",
}


VOLTS = {"A_plus": 5e-3 * volt, "A_minus": 5.25e-3 * volt, "bounds": (0 * volt, 1 * volt)}
PAIR = rules.stdp_pair(**VOLTS)


def lively(rule: Rule, *, threads: int = 1, dtype: str = "float64", seed: int = 3) -> tuple[Network, Projection, Any]:
    """A network of 30 noisy cells, with synapses of many delays from 20 sources."""
    net = Network(dt=1 * ms, seed=seed, threads=threads)
    source = net.poisson(20, 40 * Hz, name="source")
    cells = net.cells(30, neurons.lif(), name="cells_2")
    net.drive(cells, rate=1000 * Hz, weight=4 * mV, onto="g_e")
    rng = np.random.default_rng(seed)
    pre, post = np.nonzero(rng.random((20, 30)) < 0.6)
    high = 0.0 if rule.bounds and rule.bounds[1] <= 0 else 0.9
    for name in rule.signals:
        net.modulator(name, value=0.3, tau=40 * ms, pulses=[(100 * ms, 0.5), (200 * ms, -0.2)])
    synapses = net.connect(
        source,
        cells,
        from_pairs(pre, post),
        weight=rng.uniform(high - 0.8, high, len(pre)),
        delay=rng.integers(1, 6, len(pre)) * 1e-3,
        onto="g_e",
        rule=rule,
        dtype=dtype,
    )
    return net, synapses, rng


def defined(
    net: Network, synapses: Projection, weight: np.ndarray, record: Any, steps: int
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The weights and the state that the reference has after the spikes that were recorded."""
    rule = synapses.rule
    assert rule is not None
    source, cells = record["source.spikes"], record["cells_2.spikes"]
    signals = {}
    for name in rule.signals:
        values, level = np.zeros(steps), net.modulators[name].start
        for n in range(steps):
            level += dict(zip(net.modulators[name].pulses, net.modulators[name].amounts, strict=True)).get(n, 0.0)
            values[n] = level
            level *= np.exp(-1e-3 / net.modulators[name].tau)
        signals[name] = values
    w, state = reference.replay(
        rule,
        compiler.lower(rule),
        pre=(source.cells, source.steps),
        post=(cells.cells, cells.steps),
        synapses=synapses.pairs(),
        weight=weight,
        delay=np.rint(synapses.delays() / 1e-3).astype(int),
        dt=1e-3,
        steps=steps,
        signals=signals,
    )
    return w, dict(state)


def reference_weights(net: Network, synapses: Projection, weight: np.ndarray, record: Any, steps: int) -> np.ndarray:
    return defined(net, synapses, weight, record, steps)[0]


@pytest.mark.parametrize("name", KINDS)
def test_weights_are_those_of_the_definition(name: str) -> None:
    net, synapses, _ = lively(PAIR if name == "stdp_pair" else rules.get(name)())
    before = synapses.weight.values
    record = net.run(STEPS * ms, record=[net.populations[0].spikes, net.populations[1].spikes])
    assert len(record["cells_2.spikes"]) > 100
    wanted = reference_weights(net, synapses, before, record, STEPS)
    scale = max(1.0, float(np.abs(wanted).max()))
    np.testing.assert_allclose(synapses.weight.values, wanted, rtol=0, atol=1e-9 * scale)
    assert not np.allclose(wanted, before)


def test_a_rule_that_needs_a_solver() -> None:
    text = "dw/dt = a * pre * (1 - w) - w**2 * trace(pre, tau) / tau + b * trace(post, tau) * post"
    rule = Rule(text, a=0.01, b=0.02, tau=200 * ms)
    net, synapses, _ = lively(rule)
    before = synapses.weight.values
    record = net.run(100 * ms, record=[net.populations[0].spikes, net.populations[1].spikes])
    wanted = reference_weights(net, synapses, before, record, 100)
    np.testing.assert_allclose(synapses.weight.values, wanted, rtol=0, atol=1e-8)


@pytest.mark.parametrize("bounds", [None, (0.3, 0.6)])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_variable_of_the_cells_is_integrated_for_their_synapses(
    threads: int, bounds: tuple[float, float] | None
) -> None:
    """`z` follows v, and no reset changes it: what a rule found in a step is what stands there at the next."""
    follows = Neuron(
        "dv/dt = (g - v) / tau\ndg/dt = -g / tau_g\ndz/dt = (v - z) / tau_z",
        threshold="v > 1", reset="v = 0", inputs="g", tau=10 * ms, tau_g=4 * ms, tau_z=6 * ms,
    )  # fmt: skip
    rule = Rule(
        "dw/dt = a * mean(pre, tau) * relu(post.z - b) * (mean(post.z, tau_z) - c) - d * pre * mean(post.z, tau_z)",
        a=0.02, b=0.1, c=0.4, d=0.01, tau=15 * ms, tau_z=8 * ms, bounds=bounds,
    )  # fmt: skip
    net = Network(dt=1 * ms, seed=4, threads=threads)
    source, cells = net.poisson(20, 40 * Hz, name="source"), net.cells(30, follows, name="cells")
    before = np.random.default_rng(4).uniform(0.3, 0.6, 600)
    synapses = net.connect(source, cells, all_to_all(), weight=before, delay=2 * ms, rule=rule, dtype="float64")
    before = synapses.weight.values
    record = net.run(300 * ms, record=[source.spikes, cells.spikes, cells.z.every(1 * ms)])
    z = np.concatenate([record[cells.z].values, [cells.z]])[1:]
    assert len(record[cells.spikes]) > 100
    assert z.min() < 0.1 < 0.4 < z.max()
    wanted, _ = reference.replay(
        rule,
        compiler.lower(rule),
        pre=(record[source.spikes].cells, record[source.spikes].steps),
        post=(record[cells.spikes].cells, record[cells.spikes].steps),
        synapses=synapses.pairs(),
        weight=before,
        delay=2,
        dt=1e-3,
        steps=300,
        signals={"post_z": z},
    )
    np.testing.assert_allclose(synapses.weight.values, wanted, rtol=0, atol=1e-8)
    assert np.abs(wanted - before).max() > 0.05


TRACKED = {
    "events": "dw/dt = reward * e\nde/dt = a * trace(pre, tau) * post - a * trace(post, tau) * pre - e / tau_e",
    "a solver": "dw/dt = reward * e * (1 - w)\nde/dt = a * trace(pre, tau) * post - e**2 / tau_e",
}


@pytest.mark.parametrize(("kind", "threads"), [("events", 1), ("events", 2), ("a solver", 1)])
def test_variables_of_synapses_are_read_and_recorded(kind: str, threads: int) -> None:
    units = {"a": 5.0, "tau": 20 * ms, "tau_e": 100 * ms}
    net, synapses, _ = lively(Rule(TRACKED[kind], signals="reward", **units), threads=threads)
    assert (synapses.e.values == 0.0).all()
    before = synapses.weight.values
    record = net.run(
        250 * ms,
        record=[
            *(population.spikes for population in net.populations),
            *(synapses.e.every(50 * ms), synapses.weight.every(50 * ms)),
        ],
    )
    _, state = defined(net, synapses, before, record, 250)
    assert np.abs(state["e"]).max() > 1.0
    np.testing.assert_allclose(synapses.e.values, state["e"], rtol=0, atol=1e-8 * np.abs(state["e"]).max())
    np.testing.assert_array_equal(record[synapses.e].values[-1], synapses.e.values)
    assert record[synapses.e].values.shape == record[synapses.weight].values.shape
    assert np.nansum(synapses.e.matrix()) == pytest.approx(synapses.e.values.sum())
    assert "e" in dir(synapses)
    assert "v" in dir(synapses.target)
    with pytest.raises(AttributeError, match=r"e of <.* is read-only: only its rule moves it"):
        synapses.e = 0.0
    kept = synapses.e.values
    synapses.learning = False
    net.run(10 * ms)
    np.testing.assert_allclose(synapses.e.values, kept, rtol=1e-12)
    with pytest.raises(AttributeError, match="no attribute 'f'"):
        synapses.f  # noqa: B018


def test_a_rule_finds_the_peak_of_a_spike_however_far_beyond_it_a_step_went() -> None:
    net = Network(dt=0.1 * ms, seed=1)
    source = net.spikes(1, [0], [1 * ms])
    cell = net.cells(1, neurons.adex(I=2 * nA, v_peak=20 * mV))
    rule = Rule("dw/dt = trace(pre, tau) * relu(post.v) / unit", tau=1e6 * second, unit=1 * volt * ms)
    synapses = net.connect(source, cell, all_to_all(), weight=0.0, onto="i_e", rule=rule, dtype="float64")
    spikes = len(net.run(200 * ms, record=[cell.spikes])[cell.spikes])
    assert spikes > 3
    assert float(synapses.weight.values[0]) == pytest.approx(spikes * 0.1 * 0.02, rel=0.05)


@pytest.mark.parametrize("name", ["stdp_pair", "reward_stdp"])
def test_the_same_bits_for_any_number_of_threads_and_slices(name: str) -> None:
    results = []
    for threads, pieces in ((1, [300]), (2, [300]), (3, [100, 57, 143])):
        net, synapses, _ = lively(PAIR if name == "stdp_pair" else rules.get(name)(), threads=threads, dtype="float32")
        spikes = [net.run(piece * ms, record=[net.populations[1].spikes])["cells_2.spikes"].steps for piece in pieces]
        results.append((np.concatenate(spikes), synapses.weight.values, net.populations[1].table.copy()))
    for other in results[1:]:
        for got, wanted in zip(other, results[0], strict=True):
            np.testing.assert_array_equal(got, wanted)


def test_logs_that_fill_are_learnt_from_in_time() -> None:
    """Cells that fire in every step, and sources that hardly do."""
    rule = rules.stdp_pair(A_plus=1e-3 * mV, A_minus=2e-3 * mV, bounds=(0 * mV, 1 * mV))
    net = Network(dt=1 * ms, seed=1)
    source = net.poisson(5, 3 * Hz, name="source")
    cells = net.cells(3, neurons.lif(refractory=0 * ms, I=1000 * mV), name="cells_2")
    synapses = net.connect(source, cells, fixed_probability(1.0), weight=0.5 * mV, rule=rule, dtype="float64")
    with pytest.warns(RuntimeWarning, match="the mean rate of cells_2 passed 1000 Hz"):
        record = net.run(900 * ms, record=[source.spikes, cells.spikes])
    assert len(record[cells.spikes]) > 2000
    wanted = reference_weights(net, synapses, np.full(15, 0.5e-3), record, 900)
    np.testing.assert_allclose(synapses.weight.values, wanted, rtol=1e-9)


def test_a_pulse_given_during_the_run_fades_until_it_is_nothing() -> None:
    net, *_ = lively(rules.reward_stdp())
    net.run(10 * ms)
    dopamine = net.modulators["dopamine"]
    dopamine.pulse(2.0 - dopamine.value)
    net.run(40 * ms)
    assert dopamine.value == pytest.approx(2.0 * np.exp(-1.0), rel=1e-9)
    net.run(1 * second)  # exp(-25) of it is left: less than a billionth
    assert dopamine.value == 0.0


def test_a_pulse_fades_to_nothing_after_a_stop_too(tmp_path: Path) -> None:
    """What counts as nothing depends on the largest value there was, which is in the checkpoint."""
    file = tmp_path / "run.npz"
    values = []
    for stops in (False, True):
        net, synapses, _ = lively(rules.reward_stdp())
        net.run(10 * ms)
        net.modulators["dopamine"].value = 1e6
        assert net.modulators["dopamine"].value == 1e6
        net.modulators["dopamine"].pulse(1e6)
        if stops:
            with pytest.raises(ZeroDivisionError):
                net.run(890 * ms, checkpoint=file, every=100 * ms, each=(150 * ms, lambda: 1 // 0))  # type: ignore[arg-type,return-value]
            net = resume(file)[0]
            synapses = net.projections[0]
        else:
            net.run(890 * ms)
        values.append((net.modulators["dopamine"].value, synapses.weight.values.tobytes()))
    assert values[0] == values[1]
    assert values[0][0] == 0.0  # 2e6 * exp(-22) is less than 2e6 * 1e-9


def test_learning_off_freezes_and_on_goes_on() -> None:
    net, synapses, _ = lively(PAIR)
    net.run(100 * ms)
    frozen = synapses.weight.values
    synapses.learning = False
    net.run(50 * ms)
    np.testing.assert_array_equal(synapses.weight.values, frozen)
    synapses.learning, net.learning = True, False
    net.run(50 * ms)
    np.testing.assert_array_equal(synapses.weight.values, frozen)
    net.learning = True
    net.run(50 * ms)
    assert not np.allclose(synapses.weight.values, frozen)


def test_weights_are_scaled_after_a_long_time_without_learning() -> None:
    """Longer than the tables of decays reach; learning goes on as if nobody had looked at the weights."""
    results = []
    for looks in (True, False):
        net, synapses, _ = lively(PAIR)
        net.run(100 * ms)
        net.learning = False
        net.run(3 * second)
        net.learning = True
        if not looks:
            net.run(0 * ms)  # learning is on before the weights are asked for
        synapses.normalize(7.0 * volt)
        net.run(100 * ms)
        results.append(synapses.weight.values)
    np.testing.assert_array_equal(*results)


def test_reading_weights_leaves_the_network_as_it_is() -> None:
    def weights(look: bool) -> np.ndarray:
        net, synapses, _ = lively(rules.triplet(), dtype="float32")
        record = [synapses.weight.every(10 * ms)] if look else []
        net.run(200 * ms, record=record)
        return synapses.weight.values

    np.testing.assert_array_equal(weights(True), weights(False))


def test_normalised_weights_add_up() -> None:
    net, synapses, _ = lively(PAIR)
    net.run(50 * ms)
    synapses.normalize(2.0 * volt)
    np.testing.assert_allclose(np.nansum(synapses.weight.matrix(), axis=1), 2.0)
    synapses.normalize(1000.0 * volt)
    assert (synapses.weight.values <= 1.0).all()  # the rule's bounds
    synapses.weight = 0.25 * volt
    assert (synapses.weight.values == 0.25).all()
    assert net.now == 0.05 * second


def test_a_full_matrix_of_weights_adds_up_too() -> None:
    net = Network(dt=1 * ms, seed=1)
    cells = net.cells(4, neurons.lif())
    synapses = net.connect(net.poisson(5, 0 * Hz), cells, all_to_all(), weight=uniform(0.1 * volt, 1 * volt))
    before = synapses.weight.matrix()
    synapses.normalize(3.0 * volt)
    np.testing.assert_allclose(synapses.weight.matrix(), 3 * before / before.sum(axis=1, keepdims=True), rtol=1e-6)
