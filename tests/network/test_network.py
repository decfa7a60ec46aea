"""What a network does: spikes, delays, inputs, records, errors, and going on after a stop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cofire
from cofire import ArrayError, CofireError, DataError, DimensionError, Neuron, ParameterError, neurons, rules
from cofire.network import Network, all_to_all, from_pairs, one_to_one, uniform
from cofire.network.run import resume
from cofire.units import Hz, ms, mV, second

RESTING = neurons.lif(tau=10 * ms, tau_e=5 * ms, v_rest=-70 * mV, v_reset=-70 * mV, refractory=0 * ms)


def small(threads: int = 1) -> tuple[Network, ...]:
    """Two cells that one source drives by a delta and by a current, and a noisy one that learns: one compilation."""
    net = Network(dt=0.1 * ms, seed=2, threads=threads)
    source = net.spikes(2, [0, 1, 0], [0.001, 0.002, 0.003], name="source")
    noise = net.poisson(50, 20 * Hz, name="noise")
    cells = net.cells(3, RESTING, name="target")
    jumps = net.connect(
        source, cells, from_pairs([0, 1], [0, 1]), weight=5 * mV, delay=0.5 * ms, onto="v", name="jumps"
    )
    rule = rules.stdp_pair(A_plus=0.1 * mV, A_minus=0.1 * mV, bounds=(0 * mV, 10 * mV))
    pre, post = np.arange(50), np.full(50, 2)
    learns = net.connect(noise, cells, from_pairs(pre, post), weight=uniform(4 * mV, 6 * mV), rule=rule, name="learns")
    return net, source, noise, cells, jumps, learns  # type: ignore[return-value]


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
    for figure in (record.plot.raster(), record.plot.weights(), record.plot.traces()):
        assert figure.axes
    assert record.plot.raster(100 * ms, 150 * ms).axes[0].get_xlim() == (0.1, 0.15)
    with pytest.raises(DimensionError, match=r"begin = 0\.1 has no unit.*0\.1\*ms or 0\.1\*second"):
        record.plot.raster(0.1)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match=r"no time between begin = 0\.15 s and end = 0\.1 s"):
        record.plot.raster(150 * ms, 100 * ms)
    later = net.run(10 * ms)
    assert (later.begin, later.end) == pytest.approx((0.2, 0.21))
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


def test_a_checkpoint_comes_every_ten_seconds_whatever_dt_is(tmp_path: Path) -> None:
    net = Network(dt=0.3 * ms)
    net.spikes(1, [0], [0.003])
    net.run(3 * ms, checkpoint=tmp_path / "run.npz")
    assert resume(tmp_path / "run.npz")[0].step == 10


def test_a_checkpoint_goes_on_with_the_same_bits(tmp_path: Path) -> None:
    file = tmp_path / "run.npz"
    whole, _, noise, cells, _, learns = small()
    wanted = whole.run(300 * ms, record=[noise.spikes, cells.v.every(1 * ms), learns.weight.every(100 * ms)])
    net, _, noise, cells, _, learns = small()
    recorders = [noise.spikes, cells.v.every(1 * ms), learns.weight.every(100 * ms)]

    def stop() -> None:
        if net.step >= 1500:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        net.run(300 * ms, record=recorders, checkpoint=file, every=50 * ms, each=(10 * ms, stop))
    again, record = resume(file)
    np.testing.assert_array_equal(record["noise.spikes"].steps, wanted[noise.spikes.label].steps)
    np.testing.assert_array_equal(record["target.v"].values, wanted["target.v"].values)
    np.testing.assert_array_equal(record["learns.weight"].values, wanted["learns.weight"].values)
    np.testing.assert_array_equal(again.projections[1].weight.values, whole.projections[1].weight.values)
    assert again.now == 0.3 * second


KILLED = """
import sys
sys.path.insert(0, sys.argv[2])
from test_network import small
from cofire.units import ms, second
net, _, noise, cells, _, learns = small()
print("ready", flush=True)
net.run(100 * second, record=[noise.spikes, cells.v.every(1 * ms)], checkpoint=sys.argv[1], every=20 * ms)
"""


def test_a_killed_run_leaves_a_whole_checkpoint(tmp_path: Path) -> None:
    file = tmp_path / "run.npz"
    from cofire.network.checkpoint import load

    for wait in (0.0, 0.05, 0.13):
        command = [sys.executable, "-c", KILLED, str(file), str(Path(__file__).parent)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            deadline = time.monotonic() + 120
            while not file.exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(wait)
            process.kill()
        collection, *_ = load(file)
        assert collection.net.step % 200 == 0
        assert collection.net.step > 0


def test_the_command_goes_on_to_the_end(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from cofire.cli.commands import app

    file = tmp_path / "run.npz"
    net, _, noise, *_ = small()

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        net.run(100 * ms, record=[noise.spikes], checkpoint=file, every=50 * ms, each=(60 * ms, stop))
    for _ in range(2):  # the second time there is nothing left to do
        result = CliRunner().invoke(app, ["resume", str(file)])
        assert result.exit_code == 0, result.output
        assert "noise.spikes: " in result.output
        assert "The run is at its end, 100 ms" in result.output
    assert CliRunner().invoke(app, ["resume", str(tmp_path / "none")]).exit_code == 1


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="there is no checkpoint"):
        resume(tmp_path / "none.npz")
    for content in (b"PK\x03\x04 nothing", b"import cofire"):
        (tmp_path / "bad.npz").write_bytes(content)
        with pytest.raises(ArrayError, match=r"is no checkpoint of a network, or is damaged: it is no \.npz file"):
            resume(tmp_path / "bad.npz")
    np.savez(tmp_path / "empty.npz", a=1)
    with pytest.raises(ArrayError, match="is no checkpoint of a network, or is damaged"):
        resume(tmp_path / "empty.npz")
    np.savez(tmp_path / "other.npz", data=np.frombuffer(b'{"format": 99}', dtype=np.uint8))
    with pytest.raises(ArrayError, match="format 99; this cofire reads format 2"):
        resume(tmp_path / "other.npz")


def test_what_cannot_be_is_refused_before_the_run() -> None:
    net = Network(dt=0.1 * ms, seed=1)
    source = net.poisson(10, 5 * Hz)
    cells = net.cells(5, neurons.lif(), name="cells_a")
    rule = rules.stdp_pair()
    mv = {"weight": 1 * mV}
    conducting = net.cells(2, neurons.lif_conductance())
    other = Network(dt=1 * ms, threads=np.int64(1))  # type: ignore[arg-type]
    lone = other.cells(2, neurons.lif())
    cases: list[tuple[object, type[CofireError], str]] = [
        (lambda: Network(dt=0 * ms), ParameterError, "dt = 0"),
        (lambda: Network(dt=1), ParameterError, "it must be a time, such as 0.1"),  # type: ignore[arg-type]
        (lambda: net.cells(0, neurons.lif()), ParameterError, "at least 1"),
        (lambda: net.cells(3, "liff"), ParameterError, "is not a cofire.Neuron, such as"),  # type: ignore[arg-type]
        (lambda: net.cells(3, "lif"), ParameterError, r"call the recipe, cofire\.neurons\.lif\(\)"),  # type: ignore[arg-type]
        (lambda: net.cells(3, neurons.lif), ParameterError, r"neuron = <cofire\.neurons\.lif: .*neurons\.lif\(\)"),  # type: ignore[arg-type]
        (
            lambda: net.connect(source, cells, all_to_all(), **mv, rule=rules.oja),
            ParameterError,
            r"rule = <cofire\.rules\.oja: .* is refused: call the recipe, cofire\.rules\.oja\(\)",
        ),
        (lambda: net.cells(3, neurons.lif(), v=np.zeros(4)), ArrayError, "expected 3 numbers"),
        (lambda: net.cells(3, neurons.lif(), vv=0), ParameterError, "did you mean 'v'"),
        (lambda: net.poisson(5, 1e9 * Hz), ParameterError, "between 0 and 10000 Hz"),
        (lambda: net.poisson(5, -1 * Hz), ParameterError, "a rate of -1 Hz"),
        (lambda: net.poisson(5, 3 * mV), DimensionError, "rate = 3.mV is in V; expected 1/s"),
        (lambda: net.poisson(5, 15), DimensionError, r"rate = 15 has no unit, but it is in 1/s: write 15\*Hz"),
        (lambda: net.spikes(3, [0], [1 * Hz]), DimensionError, r"times\[0\] = 1\*Hz is in 1/s; expected s"),
        (lambda: net.connect(source, cells, all_to_all(), **mv, delay=1), DimensionError, r"delay = 1 .*write 1\*ms"),
        (
            lambda: net.connect(source, cells, all_to_all(), **mv, delay=np.arange(1, 51)),
            DimensionError,
            "delay holds whole numbers, which could be steps, ms or seconds",
        ),
        (lambda: net.spikes(3, [0, 3], [0.0, 0.1]), ArrayError, "spike 1 is of cell 3"),
        (lambda: net.spikes(3, [0, 0], [0.1, 0.1]), ArrayError, "fires twice"),
        (lambda: net.spikes(3, [0], [-0.1]), ArrayError, "at a time before 0"),
        (lambda: net.connect(source, cells, all_to_all(), **mv, delay=0 * ms), ParameterError, "at least 0.1 ms"),
        (
            lambda: net.connect(source, cells, all_to_all(), **mv, delay=0.15 * ms),
            ParameterError,
            "whole number of steps",
        ),
        (lambda: net.connect(source, cells, all_to_all(), **mv, delay=-1 * ms), ParameterError, "delay = -1"),
        (lambda: net.connect(source, cells, one_to_one(), **mv), ParameterError, "as many cells on both sides"),
        (lambda: net.connect(source, cells, all_to_all(), weight=1.0), DimensionError, "has no unit"),
        (lambda: net.connect(source, cells, all_to_all(), **mv, onto="g"), ParameterError, "no input 'g'"),
        (lambda: net.connect(cells, source, all_to_all(), **mv), ParameterError, "only cells with equations"),  # type: ignore[arg-type]
        (lambda: net.connect(source, cells, all_to_all(), weight=np.nan * mV), ParameterError, "is not finite"),
        (
            lambda: net.connect(source, cells, all_to_all(), **mv, rule=rules.stdp_pair()),
            DimensionError,
            r"weights onto cells_a\.g_e are in V, but the rule's bounds are numbers without unit",
        ),
        (lambda: net.connect(source, cells, all_to_all(), weight=np.ones((5, 10))), ArrayError, r"matrix\[post, pre\]"),
        (lambda: other.run(1 * ms, progress="bar"), ParameterError, "it must be True, or a function"),  # type: ignore[arg-type]
        (lambda: net.connect(source, cells, all_to_all(), **mv, rule="stdp"), ParameterError, "is not a cofire.Rule"),
        (
            lambda: net.connect(source, cells, all_to_all(), **mv, rule=rules.oja()),
            ParameterError,
            r"no parameter of the rule has a unit of time: give eta per second, such as eta=0\.01\*Hz",
        ),
        (
            lambda: net.connect(
                source,
                cells,
                all_to_all(),
                **mv,
                rule=cofire.Rule("dw/dt = pre.v * a * trace(post, tau)", a=1, tau=1 * ms),
            ),
            ParameterError,
            "reads pre.v, which the Poisson sources",
        ),
        (
            lambda: net.connect(net.poisson(10**6, 1 * Hz), net.cells(10**6, neurons.lif()), all_to_all(), **mv),
            ParameterError,
            r"needs about \d+ GB",
        ),
        (lambda: net.run(1.0), ParameterError, "must be a time"),  # type: ignore[arg-type]
        (lambda: net.drive(cells, rate=5, weight=1 * mV), DimensionError, "must be a rate"),  # type: ignore[arg-type]
        (lambda: net.drive(cells, rate=5 * Hz, weight=1.5), DimensionError, "1.5 has no unit"),
        (lambda: net.drive(cells, rate=5 * Hz, weight=1 * ms), DimensionError, "is in s, but"),
        (lambda: net.drive(conducting, rate=5 * Hz, weight=-1.5), ParameterError, "is a conductance"),
        (lambda: net.modulator("d", tau=10 * Hz), DimensionError, "it must be a time"),
        (lambda: net.modulator("d", tau=20), DimensionError, "it must be a time"),  # type: ignore[arg-type]
        (lambda: net.modulator("d", value=3 * mV), DimensionError, "a number without unit"),  # type: ignore[arg-type]
        (lambda: net.modulator("d", pulses=[(1 * ms, 3 * mV)]), DimensionError, "a number without unit"),  # type: ignore[list-item]
        (lambda: other.run(1 * ms, max_rate=100 * ms), DimensionError, "must be a rate, such as"),
        (lambda: other.run(1 * ms, max_rate=100), DimensionError, "must be a rate, such as"),  # type: ignore[arg-type]
        (lambda: other.run(1 * ms, each=print), ParameterError, r"must be \(interval, function\)"),  # type: ignore[arg-type]
        (lambda: other.run(1 * ms, each=(1 * ms, 3)), ParameterError, r"must be \(interval, function\)"),  # type: ignore[arg-type]
        (
            lambda: other.run(1 * ms, record=lone.v),
            ParameterError,
            "v needs an interval to be recorded",
        ),  # type: ignore[arg-type]
        (lambda: other.run(1 * ms, record=[lone.spikes, lone.spikes]), ParameterError, "is recorded twice"),
        (lambda: other.run(1 * ms, record=[lone.v.every(1 * ms)] * 2), ParameterError, "is recorded twice"),
        (lambda: Network(dt=1 * ms).run(1 * ms), ParameterError, "this network is empty"),
        (lambda: other.run(1 * ms, every=1 * ms), ParameterError, "give checkpoint= as well"),
        (lambda: other.run(1 * ms, checkpoint="no/such/run.npz"), DataError, "such is not a folder one may write to"),
        (lambda: other.run(1 * ms, checkpoint="/"), DataError, "/ cannot be written: it is a folder"),
    ]
    for attempt, kind, words in cases:
        with pytest.raises(kind, match=words):
            attempt()  # type: ignore[operator]
    gated = neurons.lif_conductance()
    with pytest.raises(ParameterError, match="is a conductance"):
        net.connect(source, net.cells(2, gated), all_to_all(), weight=-1.0)
    lonely = Network(dt=1 * ms)
    target = lonely.cells(2, neurons.lif())
    lonely.connect(target, target, all_to_all(), weight=1 * mV, rule=rules.reward_stdp())
    with pytest.raises(ParameterError, match="needs the signal 'dopamine', which the network does not provide"):
        lonely.run(1 * ms)
    assert rule.is_timed


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
    for given in (learns.weights(), *learns.pairs()):
        given[:] = 0
    assert learns.weights().all()
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
    first, again = (small()[3] for _ in range(2))
    drawn = []
    for one in (first, first, again):
        one.v = uniform(-60 * mV, -50 * mV)
        drawn.append(one.v.values)
    assert (drawn[0] != drawn[1]).all()
    assert (drawn[0] == drawn[2]).all()


def test_what_a_network_is_made_with_stays_and_what_it_records_has_room() -> None:
    net, _, _, cells, *_ = small()
    dopamine = net.modulator("dopamine", value=0.5, tau=200 * ms)
    assert repr(dopamine) == "<dopamine: 0.5 at 0 s, which fades with 200 ms>"
    with pytest.raises(AttributeError, match="Modulator has no attribute 'vlaue'; did you mean 'value'"):
        dopamine.vlaue = 1.0  # type: ignore[attr-defined]
    with pytest.raises(ParameterError, match=r"tau of <dopamine.* cannot be changed"):
        dopamine.tau = 1.0
    with pytest.raises(AttributeError, match=r"no variable 'spike'.*did you mean 'spikes'"):
        _ = cells.spike
    with pytest.raises(AttributeError, match=r"no variable 'V'.*did you mean 'v'"):
        _ = cells.V
    for name in ("dt", "seed", "threads"):
        with pytest.raises(ParameterError, match=f"{name} of <Network .* cannot be changed"):
            setattr(net, name, 1)
    with pytest.raises(AttributeError, match="Network has no attribute 'learnign'; did you mean 'learning'"):
        net.learnign = False
    with pytest.raises(AttributeError, match=r"no attribute 't'; it is \.now"):
        _ = net.t
    with pytest.raises(ParameterError, match="learning = 'no' is refused"):
        net.learning = "no"
    with pytest.raises(ParameterError, match="what is recorded needs about"):
        net.run(1e9 * second, record=[cells.v.every(0.1 * ms)])


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
    learns.weight = 10 * mV
    learns.weight = learns.weight.values  # float32, at the rule's bound
    learns.weight = learns.weight
    assert np.asarray(learns.weight, dtype=np.float64) == pytest.approx(0.01)
    assert repr(learns.weight).startswith("<learns.weight: 50 values, 0.01 to 0.01 V, mean 0.01 V; .values has them")
    with pytest.raises(ParameterError, match="one weight for all synapses, so it takes one number"):
        jumps.weight = [0.001, 0.002]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda net, cells: net.connect(cells, cells, all_to_all, weight=1 * mV), "must say which pairs, such as"),
        (lambda net, cells: net.connect(cells, cells, "all", weight=1 * mV), "must say which pairs, such as"),
        (lambda *_: uniform(5 * mV, 1 * mV), "its low is above its high"),
        (lambda *_: cofire.normal(5 * mV, -1 * mV), "its spread is negative"),
        (lambda net, _: net.spikes(1, [0], ["a"]), "times numbers"),
        (
            lambda net, cells: net.connect(cells, cells, all_to_all(), weight=1 * mV, delay=uniform(-5 * ms, 1 * ms)),
            "gives negative delays; give it low",
        ),
    ],
)
def test_usual_mistakes_are_told_in_words(wrong: Any, message: str) -> None:
    net = Network(dt=0.1 * ms)
    with pytest.raises(CofireError, match=message):
        wrong(net, net.cells(2, RESTING))


def test_plain_lists_and_numpys_numbers_will_do() -> None:
    net = Network(dt=0.1 * ms)
    cells = net.cells(2, RESTING)
    assert net.connect(cells, cells, cofire.from_matrix([[0, 1], [2, 0]])).weights().tolist() == [2.0, 1.0]
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
