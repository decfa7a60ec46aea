"""What a network does: spikes, delays, inputs, records, errors, and going on after a stop."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cofire
from cofire import ArrayError, CofireError, DimensionError, Neuron, ParameterError, neurons, rules
from cofire.network import Network, all_to_all, from_pairs, uniform
from cofire.network.run import resume
from cofire.units import Hz, ms, mV, second
from network.networks import RESTING, small


def test_a_spike_arrives_after_its_delay_and_decays_as_it_should() -> None:
    net, source, _, cells, *_ = small()
    record = net.run(10 * ms, record=[cells.v.every(0.1 * ms, of=[0, 1]), source.spikes])
    v = record[cells.v.every(0.1 * ms, of=[0, 1])].values + 0.070
    assert record["source.spikes"].steps.tolist() == [10, 20, 30]
    assert np.abs(v[:16, 0]).max() < 1e-15  # fired in step 10, arrives in step 15, seen at the beginning of step 16
    after = (np.arange(len(v)) - 15) * 1e-4
    wanted = 5e-3 * np.exp(-after / 0.01) * (after > 0)
    wanted[36:] += 5e-3 * np.exp(-(after[36:] - 2e-3) / 0.01)
    np.testing.assert_allclose(v[:, 0], wanted, atol=1e-12)
    np.testing.assert_allclose(v[26:, 1], 5e-3 * np.exp(-(np.arange(26, 100) - 25) * 1e-4 / 0.01), atol=1e-12)


def test_spikes_can_come_in_parts() -> None:
    def part(net: Network, source: Any, cells: Any) -> list[int]:
        record = net.run(5 * ms, record=[source.spikes, cells.v.every(0.1 * ms, of=[0, 1])])
        seen.append(record["target.v"].values)
        return record["source.spikes"].steps.tolist()

    seen: list[np.ndarray] = []
    net, source, _, cells, *_ = small()
    source.set([0, 1, 0, 1], [0.001, 0.002, 0.0049, 0.0052])
    assert part(net, source, cells) + part(net, source, cells) == [10, 20, 49, 52]
    whole = np.concatenate(seen)
    seen.clear()
    net, source, _, cells, *_ = small()
    source.set([1, 0, 0], [20, 49, 10])  # in steps, in any order
    assert source.steps.tolist() == [10, 20, 49]
    source.set([1, 0, 0], [2 * ms, 4.9 * ms, 1 * ms])
    assert part(net, source, cells) == [10, 20, 49]
    source.set([1], [52])  # that of step 49 is on its way
    assert part(net, source, cells) == [52]
    np.testing.assert_array_equal(np.concatenate(seen), whole)
    with pytest.raises(ArrayError, match="there are cells 0 to 1"):
        source.set([2], [0.007])
    assert source.steps.tolist() == [52]


def test_records_have_their_times_labels_and_units() -> None:
    net, _, noise, cells, _, learns = small()
    wanted = [
        noise.spikes,
        noise.rate(50 * ms),
        cells.v.every(1 * ms, of=[2]),
        learns.weight.every(100 * ms, summary=True),
    ]
    record = net.run(200 * ms, record=[*wanted, learns.weight.every(50 * ms, of=[0, 7])])
    spikes = record[noise.spikes]
    assert spikes.rates().mean() == pytest.approx(20.0, rel=0.35)
    assert record["noise.rate"].values.mean() == pytest.approx(spikes.rates().mean())
    assert (np.diff(spikes.steps) >= 0).all()
    assert len(spikes.of(3)) == (spikes.cells == 3).sum()
    assert record[cells.v.every(1 * ms, of=[2])].values.shape == (200, 1)
    assert record["target.v"].unit == "V"
    assert record[wanted[3]].columns[0] == "mean"
    chosen = record[learns.weight.every(50 * ms, of=[0, 7])]
    assert chosen.times == pytest.approx([0.0, 0.05, 0.1, 0.15, 0.2])
    np.testing.assert_allclose(chosen.values[-1], learns.weight.values[[0, 7]], rtol=1e-6)
    assert record[cells.v] is record["target.v"] is record[wanted[2]]
    with pytest.raises(ParameterError, match=r"learns\.weight was recorded 2 times: say which, such as"):
        record[learns.weight]
    with pytest.raises(KeyError, match=r"target\.g_e was not recorded"):
        record[cells["g_e"]]
    assert [repr(record[key]) for key in (cells.v, wanted[3])] == [
        "<target.v: values[200 times, 1 columns] V, 0 to 0.199 s>",
        "<learns.weight: values[3 times, 7 columns] V, 0 to 0.2 s>",
    ]
    assert repr(spikes) == f"<noise.spikes: {len(spikes)} spikes of 50 cells, 0 to 0.2 s>"
    with pytest.raises(KeyError, match=r"was not recorded; there are noise\.spikes"):
        record["nothing"]
    assert repr(record.plot).endswith("learns.weight>: .raster(), .weights(), .traces()>")
    for figure in (record.plot.raster(), record.plot.weights(), record.plot.traces()):
        assert any(axis.get_xlabel() == "time [s]" for axis in figure.axes)
    assert record.plot.raster(100 * ms, 150 * ms).axes[0].get_xlim() == (0.1, 0.15)
    with pytest.raises(DimensionError, match=r"begin = 0\.1 has no unit.*0\.1\*ms or 0\.1\*second"):
        record.plot.raster(0.1)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match=r"no time between begin = 0\.15 s and end = 0\.1 s"):
        record.plot.raster(150 * ms, 100 * ms)
    later = net.run(10 * ms)
    assert (later.begin, later.end) == pytest.approx((0.2, 0.21))
    few = net.run(10 * ms, record=[cells.spikes, cells.v.every(1 * ms), learns.weight.every(1 * ms, of=[0, 7])])
    ticks = few.plot.raster().axes[0].get_yticks()
    assert (ticks == ticks.round()).all()
    for figure, named in (
        (few.plot.traces(), ["cell 0", "cell 1", "cell 2"]),
        (few.plot.weights(), ["synapse 0", "synapse 7"]),
    ):
        assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == named
    with pytest.raises(ParameterError, match=r"nothing was recorded for .raster\(\)"):
        later.plot.raster()


def test_ctrl_c_keeps_what_there_is() -> None:
    net, _, noise, *_ = small()
    looks = []

    def look() -> None:
        looks.append(net.now)
        if len(looks) == 3:
            os.kill(os.getpid(), signal.SIGINT)

    record = net.run(10 * second, record=[noise.spikes], each=(100 * ms, look))
    assert record.stopped is not None
    assert record.stopped.startswith("interrupted at")
    assert record.end < 1.0
    assert len(record[noise.spikes]) > 100


def test_a_run_that_explodes_stops_if_asked() -> None:
    net = small()[0]
    record = net.run(1 * second, max_rate=10 * Hz)
    assert record.stopped is not None
    assert "the mean rate of target passed 10 Hz" in record.stopped
    assert record.end < 1.0


def test_the_limit_counts_what_nobody_records_and_knows_no_clock(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "run.npz"
    ends = []
    for slices in (0.2, 1e-4):
        monkeypatch.setattr("cofire.network.run.SLICE", slices)
        net = small()[0]
        record = net.run(5 * second, max_rate=50 * Hz, checkpoint=file, every=70 * ms)
        assert record.stopped is not None
        assert "the mean rate of target passed 50 Hz" in record.stopped
        ends.append(record.end)
    assert ends[0] == ends[1] < 5.0
    assert ends[0] == pytest.approx(round(ends[0], 1))  # whole windows of 100 ms
    assert resume(file)[1].end == ends[0]  # from a save in the midst of a window
    assert resume(file)[1].stopped == record.stopped


def test_a_rate_is_per_second_recorded_also_where_a_bin_is_cut() -> None:
    net, source, *_ = small()  # spikes in steps 10, 20 and 30
    net.run(0.5 * ms)
    record = net.run(2.7 * ms, record=source.rate(2 * ms))
    rates = record["source.rate"]
    np.testing.assert_allclose(rates.times, [0.0, 2e-3])
    np.testing.assert_allclose(rates.values[:, 0], [1 / (2 * 1.5e-3), 2 / (2 * 1.2e-3)])


def test_a_projection_without_synapses_can_be_recorded() -> None:
    net, _, noise, cells, *_ = small()
    none = net.connect(noise, cells, from_pairs([], []), weight=np.zeros(0), name="none")
    wanted = [none.weight.every(5 * ms, summary=True), none.weight.every(5 * ms)]
    record = net.run(10 * ms, record=wanted)
    assert np.isnan(record[wanted[0]].values).all()
    assert record[wanted[1]].values.shape == (3, 0)
    assert record.plot.weights().axes


def test_the_loop_and_the_parts_of_a_network_have_names_of_their_own() -> None:
    signals = ("n", "k", "r", "d", "slot", "was", "ring", "np", "range", "wait", "part", "begin")
    net = Network(dt=1 * ms)
    cells = net.cells(2, neurons.lif(), name="n_post")
    rule = cofire.Rule(
        f"dw/dt = eta * post * trace(pre, tau) * ({' + '.join(signals)})", eta=1 * mV, tau=10 * ms, signals=signals
    )
    source = net.spikes(1, [0, 0], [0, 5], name="to")
    weights = np.array([0.5, 0.05])
    synapses = net.connect(source, cells, all_to_all(), weight=weights, rule=rule, name="arrived", dtype="float64")
    for k, name in enumerate(signals):
        net.modulator(name).value = float(k)
    record = net.run(10 * ms, record=[cells.spikes])
    for cell in (0, 1):
        after = np.subtract.outer(record[cells.spikes].of(cell), [0.001, 0.006])  # of the spikes that arrived
        trace = np.exp(-after[after > 1e-9] / 0.01).sum()  # one in the same step is learnt from later
        assert trace > 0.5
        assert synapses.weight.values[cell] - weights[cell] == pytest.approx(1e-3 * sum(range(12)) * trace)
    assert [net.modulators[name].value for name in signals] == list(range(12))

    net = Network(dt=1 * ms)
    net.spikes(1, [0], [0], name="a")
    net.spikes(1, [0], [0], name="a_recorded")
    with pytest.raises(ParameterError, match=r"two things called a_recorded_(cells|steps), one for 'a"):
        net.run(1 * ms)


def test_it_says_where_things_were_made() -> None:
    net = Network(dt=1 * ms)
    assert "test_network.py:" in repr(net.cells(2, neurons.lif()))


def test_records_go_to_xarray_and_neo() -> None:
    net, _, noise, cells, _, learns = small()
    wanted = [noise.spikes, cells.v.every(1 * ms, of=[0, 2]), learns.weight.every(10 * ms, summary=True)]
    record = net.run(50 * ms, record=wanted)
    spikes, v, weights = (record[one] for one in wanted)
    pytest.importorskip("xarray")
    table = v.to_xarray()
    assert (table.dims, table.name, table.attrs) == (("time", "column"), "target.v", {"units": "V"})
    assert (table.sel(column=2).values == v.values[:, 1]).all()
    assert float(weights.to_xarray().sel(column="mean")[0]) == pytest.approx(5e-3, rel=0.1)
    assert (spikes.to_xarray().time.values == spikes.times).all()
    pytest.importorskip("neo")
    signal = v.to_neo()
    assert (signal.units.dimensionality.string, signal.name) == ("V", "target.v")
    assert (signal.magnitude == v.values).all()
    trains = spikes.to_neo()
    assert len(trains) == 50
    for cell, train in enumerate(trains):
        assert train.magnitude == pytest.approx(spikes.of(cell))
        assert float(train.t_stop) == pytest.approx(0.05)


def test_weights_that_were_read_are_a_copy() -> None:
    _, *_, learns = small()
    for given in (learns.weight.values, *learns.pairs()):
        given[:] = 0
    assert learns.weight.values.all()
    assert learns.pairs()[1].all()


def test_variables_are_read_and_set_by_name_whatever_the_name() -> None:
    neuron = Neuron("dx/dt = (I - x) / tau; dsize/dt = -size / tau", threshold="x > 9", reset="", refractory=0,
                    tau=5 * ms, I=[1.0, 2.0, 3.0])  # fmt: skip
    net = Network(dt=1 * ms)
    cells = net.cells(3, neuron, name="cells")
    cells.x = 2.0
    assert cells.x.values.tolist() == [2.0, 2.0, 2.0]
    assert np.asarray(cells.x).tolist() == [2.0, 2.0, 2.0]
    assert repr(cells.x) == "<cells.x: 3 values, 2 to 2, mean 2; .values has them all>"
    with pytest.raises(
        AttributeError, match=r"cells\.x has no attribute 'mean'; the numbers are an array, cells\.x\.val"
    ):
        cells.x.mean()
    assert cells["size"].values.tolist() == [0.0, 0.0, 0.0]
    net.run(100 * ms, record=[cells["size"].every(10 * ms)])
    assert cells.x.values == pytest.approx([1.0, 2.0, 3.0])
    cells.I = [5.0, 6.0, 7.0]  # between runs, though it is in the compiled numbers
    net.run(100 * ms)
    assert cells.x.values == pytest.approx([5.0, 6.0, 7.0])
    with pytest.raises(ParameterError, match="cells has no variable 'y'; it has x, size, I"):
        cells.y = 1.0
    with pytest.raises(ParameterError, match=r"cells\.tau is one number for all cells, 5 ms: make the neuron with"):
        cells.tau = 3 * ms
    with pytest.raises(AttributeError, match="read-only"):
        small()[2].rate = 10 * Hz
    with pytest.raises(DimensionError, match="has no unit, but it is in V"):
        small()[3].set(v=-65)
    with pytest.raises(DimensionError, match=r"target.v holds whole numbers, which could be mV or volt: give \[1\*mV"):
        small()[3].set(v=[-65, -60, -60])
    first, again = (small()[3] for _ in range(2))
    drawn = []
    for one in (first, first, again):
        one.v = uniform(-60 * mV, -50 * mV)
        drawn.append(one.v.values)
    assert (drawn[0] != drawn[1]).all()
    assert (drawn[0] == drawn[2]).all()


def test_weights_go_back_as_they_came() -> None:
    _, _, noise, _, jumps, learns = small()
    with pytest.raises(AttributeError, match=r"Projection has no attribute 'w'; it is \.weight"):
        learns.w = 2.0  # type: ignore[attr-defined]
    with pytest.raises(ParameterError, match=r"rule of <learns: .* cannot be changed"):
        learns.rule = None
    with pytest.raises(ParameterError, match="jumps has no rule to learn by"):
        jumps.learning = True
    with pytest.raises(ParameterError, match="learning = 'off' is refused"):
        learns.learning = "off"  # type: ignore[assignment]
    with pytest.raises(AttributeError, match=r"rate of <noise: .* is read-only; \.set\(rate=\.\.\.\)"):
        noise.rate = 10 * Hz  # type: ignore[method-assign, assignment]
    with pytest.raises(AttributeError, match=r"A_plus is a parameter of the rule of learns: it stays 0\.1 mV, unless"):
        learns.A_plus = 1 * mV  # type: ignore[attr-defined]
    learns.weight = 10 * mV
    learns.weight = learns.weight.values  # float32, at the rule's bound
    learns.weight = learns.weight
    assert np.asarray(learns.weight, dtype=np.float64) == pytest.approx(0.01)
    assert repr(learns.weight).startswith("<learns.weight: 50 values, 0.01 to 0.01 V, mean 0.01 V; .values has them")
    with pytest.raises(ParameterError, match="one weight for all synapses, so it takes one number"):
        jumps.weight = [0.001, 0.002]


def test_plain_lists_and_numpys_numbers_will_do() -> None:
    net = Network(dt=0.1 * ms)
    cells = net.cells(2, RESTING)
    assert net.connect(cells, cells, cofire.from_matrix([[0, 1], [2, 0]])).weight.values.tolist() == [2.0, 1.0]
    assert net.connect(cells, cells, cofire.fixed_in_degree(np.int64(1)), weight=1 * mV).size == 2


def test_networks_share_the_machine_code_of_their_neurons_and_rules() -> None:
    """So a second network compiles its loop alone."""
    small_one, other = small()[0], Network(dt=0.1 * ms, seed=2)
    rule = rules.stdp_pair(A_plus=0.2 * mV, A_minus=0.1 * mV, bounds=(0 * mV, 9 * mV))
    cells = other.cells(3, neurons.lif(), name="someone")
    other.connect(other.poisson(2, 5 * Hz), cells, all_to_all(), weight=1 * mV, rule=rule, name="learner")
    for net in (small_one, other):
        net.run(1 * ms)
    engines = [net._engine for net in (small_one, other)]
    assert engines[0].module is not engines[1].module
    shared = set(map(id, engines[0].parts.values()))
    assert {name for name, part in engines[1].parts.items() if id(part) in shared} == {"", "someone", "learner"}


def test_rates_change_between_runs_and_nothing_is_compiled_anew(tmp_path: Path) -> None:
    net, _, noise, *_ = small()
    net.run(10 * ms)
    compiled = net._ready().module.work.signatures[:]
    counts = []
    for rate in (0.0, 40 * Hz, np.arange(50.0) * 10.0, np.zeros(50)):
        noise.set(rate)
        record = net.run(
            200 * ms, record=[noise.spikes], checkpoint=tmp_path / "run.npz", every=200 * ms, max_rate=10000 * Hz
        )
        counts.append(np.bincount(record[noise.spikes].cells, minlength=50))
        np.testing.assert_array_equal(resume(tmp_path / "run.npz")[0].populations[1].share, noise.share)
    assert [count.sum() for count in (counts[0], counts[3])] == [0, 0]
    assert counts[1].sum() == pytest.approx(400, abs=100)
    np.testing.assert_allclose(counts[2].reshape(5, 10).sum(axis=1), np.arange(9, 100, 20) * 10, rtol=0.3)
    assert net._ready().module.work.signatures == compiled
    for rate, message in (
        (-1 * Hz, "between 0 and 10000 Hz"),
        (np.zeros(3), "one for each of 50"),
        (1 * mV, "expected 1/s"),
    ):
        with pytest.raises(CofireError, match=message):
            noise.set(rate)
    with pytest.raises(ArrayError, match="one number, or one for each source"):
        noise.set(np.zeros((2, 50)))
    noise.set(40 * Hz)
    whole = net.run(100 * ms, record=[noise.spikes])
    again = small()[0]
    again.populations[1].set(40 * Hz)  # type: ignore[attr-defined]  # before it is compiled
    assert len(again.run(100 * ms, record=[again.populations[1].spikes])["noise.spikes"]) > 0
    assert len(whole["noise.spikes"]) > 0
