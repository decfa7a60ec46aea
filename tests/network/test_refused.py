"""What cannot be is refused before the run, with the mend; attributes cannot be misspelt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cofire
from cofire import ArrayError, CofireError, DataError, DimensionError, ParameterError, neurons, rules
from cofire.network import Network, all_to_all, by_distance, one_to_one, uniform
from cofire.network.memory import free_memory
from cofire.units import Hz, ms, mV, second
from network.networks import RESTING, small


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
            "delay holds whole numbers, which could be steps, ms or second: give",
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
    with pytest.raises(ParameterError, match=r"which the network does not provide; .*\('dopamine', value=1.0\)"):
        lonely.run(1 * ms)
    assert rule.is_timed


def test_what_a_network_is_made_with_stays_and_what_it_records_has_room() -> None:
    net, _, _, cells, *_ = small()
    dopamine = net.modulator("dopamine", value=0.5, tau=200 * ms)
    assert repr(dopamine) == "<dopamine: 0.5 at 0 s, which fades with 200 ms>"
    with pytest.raises(AttributeError, match="Modulator has no attribute 'vlaue'; did you mean 'value'"):
        dopamine.vlaue = 1.0  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match=r"Modulator has no attribute 'set'; it is \.value"):
        dopamine.set(1.0)  # type: ignore[attr-defined]
    with pytest.raises(ParameterError, match=r"tau of <dopamine.* cannot be changed"):
        dopamine.tau = 1.0
    with pytest.raises(AttributeError, match=r"no variable 'spike'.*did you mean 'spikes'"):
        _ = cells.spike
    with pytest.raises(AttributeError, match=r"no variable 'V'.*did you mean 'v'"):
        _ = cells.V
    with pytest.raises(AttributeError, match=r"target\.spikes has no attribute 'times'; record=\[cells"):
        _ = cells.spikes.times
    for name in ("dt", "seed", "threads"):
        with pytest.raises(ParameterError, match=f"{name} of <Network .* cannot be changed"):
            setattr(net, name, 1)
    with pytest.raises(AttributeError, match="Network has no attribute 'learnign'; did you mean 'learning'"):
        net.learnign = False
    with pytest.raises(AttributeError, match=r"no attribute 'dopamine'; it is \.modulators\['dopamine'\]\.value"):
        net.dopamine = 1.0
    with pytest.raises(AttributeError, match=r"no attribute 't'; it is \.now"):
        _ = net.t
    with pytest.raises(ParameterError, match="learning = 'no' is refused"):
        net.learning = "no"
    with pytest.raises(ParameterError, match="what is recorded needs about"):
        net.run(1e9 * second, record=[cells.v.every(0.1 * ms)])


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
        (lambda net, _: net.spikes(1, [0], [1e30]), r"spike 0 is at 1e\+30 s, later than any run"),
        (lambda net, _: net.spikes(2, [[0, 1], [0]], [0.1, 0.2, 0.3]), "cannot be read as one list each"),
        (lambda net, cells: net.drive(cells, rate=1e9 * Hz, weight=1 * mV), "more than 1000 spikes onto each cell"),
        (lambda net, _: net.modulator("dopamine", pulses=[1 * ms]), r"must be a list of \(time, amount\)"),
        (lambda *_: by_distance(0.5, [0.0], [0.0]), "must be a function of an array of distances"),
        (
            lambda net, cells: net.connect(
                cells, cells, by_distance(np.ones_like, [0.0, np.nan], [0.0, 1.0]), weight=1 * mV
            ),
            "the positions pre hold values that are NaN",
        ),
        (
            lambda net, cells: net.connect(cells, cells, all_to_all(), weight=np.full(4, 1e39)),
            r"holds 1e\+39, which is too large for float32",
        ),
        (lambda net, cells: net.connect(cells, cells, all_to_all(), weight=np.full(4, 1j)), "holds complex128"),
        (lambda net, _: net.cells(2**31 - 1, RESTING), "needs about [0-9]+ GB"),
    ],
)
def test_usual_mistakes_are_told_in_words(wrong: Any, message: str) -> None:
    net = Network(dt=0.1 * ms)
    with pytest.raises(CofireError, match=message):
        wrong(net, net.cells(2, RESTING))


def test_spikes_on_their_way_must_fit_in_memory() -> None:
    net = Network(dt=0.1 * ms)
    cells = net.cells(2, RESTING)
    net.connect(cells, cells, all_to_all(), weight=1 * mV, delay=1e6 * second)
    with pytest.raises(ParameterError, match=r"kept for 30000000001 steps, the longest delay, needs about [0-9]+ GB"):
        net.run(1 * ms)


def test_memory_that_holds_files_counts_as_free(monkeypatch: pytest.MonkeyPatch) -> None:
    told = "MemTotal: 9000000 kB\nMemFree: 1000 kB\nMemAvailable: 2000 kB\n"
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: told)
    assert free_memory() == 2_048_000


def test_a_run_cannot_run_the_network_again() -> None:
    net = Network(dt=0.1 * ms)
    cells = net.cells(2, RESTING)
    with pytest.raises(ParameterError, match="this network is running"):
        net.run(2 * ms, record=[cells.spikes], each=(1 * ms, lambda: net.run(1 * ms)))
    assert len(net.run(1 * ms, record=[cells.spikes])[cells.spikes]) == 0


@pytest.mark.parametrize(
    ("theta", "words"),
    [
        (60 * Hz, r"post.v is in V: 'post.v' is in V and 'theta' is in 1/s"),
        (-60.0, r"post.v is in V: theta is a plain number, .* such as mV"),
    ],
)
def test_a_rule_is_held_against_the_units_of_the_cells_it_reads(theta: object, words: str) -> None:
    rule = cofire.Rule("dw/dt = A * trace(pre, tau) * relu(post.v - theta)", A=1.0 / ms, tau=20 * ms, theta=theta)
    net = Network(dt=1 * ms)
    cell = net.cells(2, neurons.lif())
    with pytest.raises(DimensionError, match=words):
        net.connect(cell, cell, all_to_all(), weight=1 * mV, rule=rule)


@pytest.mark.parametrize(
    ("tau_e", "normalize", "words"),
    [
        (0.01 * ms, None, "a variable of it moves many times as fast as the step, dt = 1 ms"),
        (20 * ms, "l2", "to normalise the weights"),
    ],
)
def test_two_threads_are_refused_with_the_reason_that_holds(tau_e: object, normalize: Any, words: str) -> None:
    """explain() has neither: it knows no dt, and how the weights move is the same."""
    text = "dw/dt = eta * e * post.v\nde/dt = trace(pre, tau) * post.v / width - e / tau_e"
    numbers = {"eta": 1 * Hz, "tau": 20 * ms, "tau_e": tau_e, "width": 20 * mV * second}
    net = Network(dt=1 * ms, threads=2)
    cell = net.cells(2, neurons.lif())
    with pytest.raises(ParameterError, match=words):
        net.connect(cell, cell, all_to_all(), weight=1 * mV, rule=cofire.Rule(text, normalize=normalize, **numbers))
