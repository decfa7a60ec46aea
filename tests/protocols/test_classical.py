"""The classical protocols: their spikes, and many parameter sets against one at a time and the equation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cofire import ArrayError, DimensionError, ParameterError, Rule, protocols, rules
from cofire.protocols import Trains
from cofire.units import Hz, ms, mV, second

PAIR = rules.stdp_pair(bounds=None)
A, B, TAU = 0.005, 0.00525, 0.020


def spikes(trains: Trains, number: int = 0) -> tuple[list[int], list[int]]:
    """The steps at which the two cells of a set fire."""
    (who, when), (post, post_when) = trains.pre, trains.post
    return sorted(when[who == number].tolist()), sorted(post_when[post == number].tolist())


def test_pairs_come_at_their_frequency_with_their_lag() -> None:
    trains = protocols.pairing(lag=[-2 * ms, 3 * ms], frequency=50 * Hz, repeats=3, rest=5 * ms, dt=1 * ms)
    assert trains.shape == (2,)
    assert repr(trains) == "<Trains of shape (2,): 6 presynaptic and 6 postsynaptic spikes in 2 sets, dt = 1 ms>"
    assert spikes(trains, 0) == ([2, 22, 42], [0, 20, 40])
    assert spikes(trains, 1) == ([0, 20, 40], [3, 23, 43])
    np.testing.assert_array_equal(trains.steps, 65)


def test_lags_stay_whole_where_the_period_is_not() -> None:
    pre, post = spikes(protocols.pairing(lag=4 * ms, frequency=30 * Hz, repeats=4, dt=1 * ms))
    assert pre == [0, 33, 67, 100]
    assert post == [4, 37, 71, 104]


@pytest.mark.parametrize("repeats", range(2, 14))
def test_the_last_spike_is_within_the_protocol(repeats: int) -> None:
    trains = protocols.pairing(lag=10 * ms, frequency=1 / 0.0105 * Hz, repeats=repeats, dt=1 * ms)  # 31.5 + 10 steps
    assert trains.steps > max(max(train) for train in spikes(trains))


def test_a_triplet_has_its_lags_to_the_spike_in_the_middle() -> None:
    trains = protocols.triplets(first=[5 * ms, -5 * ms], second=[-15 * ms, 10 * ms], repeats=1, dt=1 * ms)
    assert spikes(trains, 0) == ([0, 20], [5])
    assert spikes(trains, 1) == ([5], [0, 15])


def test_a_quadruplet_is_two_pairs_with_their_middles_apart() -> None:
    trains = protocols.quadruplets(separation=[20 * ms, -20 * ms], lag=4 * ms, repeats=1, dt=1 * ms)
    assert spikes(trains, 0) == ([4, 20], [0, 24])  # post-pre first: middles at 2 and 22
    assert spikes(trains, 1) == ([0, 24], [4, 20])


def test_bursts_and_a_tetanus() -> None:
    burst = protocols.bursts(lag=2 * ms, frequency=100 * Hz, spikes=3, interval=1 * second, repeats=2, dt=1 * ms)
    assert spikes(burst) == ([0, 10, 20, 1000, 1010, 1020], [2, 12, 22, 1002, 1012, 1022])
    tetanus = protocols.tetanus(pulses=1000, lag=1 * ms, follows=0.3, seed=1, interval=20 * second, dt=1 * ms)
    pre, post = spikes(tetanus)
    assert len(pre) == 1000
    assert 250 < len(post) < 350
    assert set(post) <= {n + 1 for n in pre}


def test_poisson_trains_have_their_rates_and_come_again_with_their_seed() -> None:
    random = {"pre_rate": [5, 50], "post_rate": 20 * Hz, "duration": 100 * second, "dt": 1 * ms}
    trains = protocols.poisson_pairing(seed=3, **random)
    counts = [len(spikes(trains, n)[side]) for n in (0, 1) for side in (0, 1)]
    np.testing.assert_allclose(counts, [500, 2000, 5000, 2000], rtol=0.15)
    assert trains.pre[1].max() < 100_000
    np.testing.assert_array_equal(protocols.poisson_pairing(seed=3, **random).pre, trains.pre)
    gaps = np.diff(spikes(trains, 1)[0])
    assert np.std(gaps) / np.mean(gaps) == pytest.approx(0.976, abs=0.05)  # sqrt(exp(-.05)), of a Bernoulli process


def test_the_window_is_what_the_equation_says() -> None:
    lag = np.array([[-0.03, -0.01], [0.0005, 0.02]])
    change = protocols.window(PAIR, lag, weight=0.5)
    expected = np.where(lag > 0, A * np.exp(-np.abs(lag) / TAU), -B * np.exp(-np.abs(lag) / TAU))
    np.testing.assert_allclose(change, expected, atol=1e-15)


def test_a_window_of_a_rule_without_units_is_in_steps() -> None:
    plain = Rule("dw/dt = A * trace(pre, tau) * post", A=0.1, tau=20.0)
    np.testing.assert_allclose(protocols.window(plain, [-10, 10], weight=0.5, dt=1), [0.0, 0.1 * np.exp(-0.5)])


def test_a_delay_moves_the_window() -> None:
    change = protocols.window(PAIR, [5 * ms, 15 * ms], weight=0.5, delay=10 * ms)
    np.testing.assert_allclose(change, [-B * np.exp(-0.25), A * np.exp(-0.25)], rtol=1e-12)


def test_protocol_weight_and_parameters_are_broadcast() -> None:
    amplitude, tau = np.array([0.1, 0.2, 0.3])[:, None], np.array([0.01, 0.02])
    trains = protocols.pairing(lag=10 * ms, repeats=1)
    w = trains.play(PAIR, weight=0.5, parameters={"A_plus": amplitude, "tau_plus": tau})
    np.testing.assert_allclose(w, 0.5 + amplitude * np.exp(-0.01 / tau), rtol=1e-14)
    w = protocols.pairing(lag=np.full((2, 1), 0.01), repeats=[1, 2, 3]).play(PAIR, weight=0.0)
    np.testing.assert_allclose(w, np.full((2, 1), A * np.exp(-0.5)) * [1, 2, 3], rtol=1e-12)


def test_many_sets_at_once_are_each_as_alone_and_as_defined() -> None:
    lags, frequencies = [-8 * ms, 3 * ms], np.array([[20.0], [40.0]])
    rule = Rule(
        "dw/dt = A * trace(pre, tau) * post - w / tau_w", A=0.1, tau=20 * ms, tau_w=1 * second
    )  # it decays: sets of different lengths may not wait for each other
    many = {"repeats": 3, "dt": 1 * ms}
    together = protocols.pairing(lag=lags, frequency=frequencies, **many).play(rule, weight=0.5)
    for row, frequency in enumerate(frequencies[:, 0]):
        for column, lag in enumerate(lags):
            trains = protocols.pairing(lag=lag, frequency=frequency * Hz, **many)
            alone = trains.play(rule, weight=0.5, backend="reference")
            assert together[row, column] == pytest.approx(float(alone), rel=1e-9)


def test_signals_go_to_their_sets() -> None:
    rule = Rule("dw/dt = pre * post.v", bounds=None)
    trains = protocols.pairing(lag=[1, 1], frequency=0.1, repeats=[1, 2], dt=1.0)
    v = np.stack([np.arange(20.0), 100 + np.arange(20.0)], axis=1)
    np.testing.assert_allclose(trains.play(rule, weight=0.0, signals={"post_v": v}), [0.0, 100 + 110.0])


REWARDED = rules.reward_stdp()
BOUND = rules.stdp_pair()
PAIRING: dict[str, Any] = {"lag": 10 * ms, "repeats": 2}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: protocols.pairing(lag=1 * mV), "expected s"),
        (lambda: protocols.pairing(lag=np.nan * ms), "lag has values that are NaN"),
        (lambda: protocols.pairing(lag=["a"]), "lag cannot be read as numbers"),
        (lambda: protocols.pairing(lag=10 * ms, frequency=0), "a frequency is above 0"),
        (lambda: protocols.pairing(lag=10 * ms, frequency=10 * ms), "expected Hz|expected 1/s"),
        (lambda: protocols.pairing(lag=10 * ms, repeats=0), "repeats = 0 is refused"),
        (lambda: protocols.pairing(lag=10 * ms, repeats=1.5), "whole numbers"),
        (lambda: protocols.pairing(lag=[0.01, 0.02], frequency=[1, 2, 3]), "cannot be broadcast"),
        (lambda: protocols.pairing(lag=10 * ms, rest=-1 * second), "a rest at least 0"),
        (lambda: protocols.pairing(lag=10 * ms, dt=0 * ms), "a step is longer than 0"),
        (lambda: protocols.triplets(first=10 * ms, second=10 * ms), "opposite signs"),
        (lambda: protocols.quadruplets(separation=10 * ms, lag=-1 * ms), "above 0"),
        (lambda: protocols.tetanus(follows=1.5), "follows = 1.5 is refused"),
        (lambda: protocols.bursts(lag=10 * ms, frequency=10 * Hz, spikes=[1, 2]), "one number for all sets"),
        (
            lambda: protocols.poisson_pairing(pre_rate=1 * Hz, post_rate=1 * Hz, duration=-1 * second, seed=0),
            "at least 0",
        ),
        (lambda: protocols.pairing(**PAIRING).play(PAIR, weight=[1, 2], delay=[0, 0, 0]), "weight .2,., delay .3,."),
        (lambda: protocols.pairing(**PAIRING).play(PAIR, weight=1, parameters={"A_pluss": 1}), "did you mean 'A_plus'"),
        (
            lambda: protocols.pairing(**PAIRING).play(PAIR, weight=1, parameters={"tau_plus": [1.0, -1.0]}),
            "greater than 0",
        ),
        (
            lambda: protocols.pairing(**PAIRING).play(PAIR, weight=1, parameters={"tau_plus": 20 * mV}),
            r"tau_plus = 20\*mV",
        ),
        (
            lambda: protocols.pairing(**PAIRING).play(PAIR, weight=1, parameters={"A_plus": [1 * ms]}),
            r"A_plus.0. = 1\*ms",
        ),
        (lambda: protocols.pairing(**PAIRING).play(BOUND, weight=5 * mV), "weight = 5.mV is in V; expected a number w"),
        (
            lambda: protocols.pairing(**PAIRING).play(rules.reward_stdp(), weight=0, signals={"dopamine": 1}),
            r"shape \(\)",
        ),
        (
            lambda: protocols.poisson_pairing(pre_rate=1e9 * Hz, post_rate=1 * Hz, duration=1 * second, seed=0),
            r"pre_rate has 1e\+09 in it, but a cell fires at most once a step: 10000",
        ),
        (lambda: protocols.tetanus(follows=0.5, seed=-1), "seed = -1 is refused"),
        (lambda: protocols.pairing(lag=10), r"lag = 10 has no unit, but it is in s: write 10\*ms"),
        (lambda: protocols.pairing(lag=[10 * ms, 10.0]), r"lag\[1\] = 10 has no unit"),
        (lambda: protocols.pairing(lag=np.arange(-50, 50)), "lag holds whole numbers, which could be steps, ms or"),
        (lambda: protocols.pairing(lag=10 * ms, frequency=20), r"frequency = 20 has no unit.*write 20\*Hz"),
        (lambda: protocols.pairing(lag=10 * ms, dt=0.1), "as dt = 0.1 has no unit; units are for all or for none"),
        (lambda: protocols.pairing(**PAIRING).play(PAIR, weight=1, delay=1), r"delay = 1 has no unit.*write 1\*ms"),
        (lambda: protocols.pairing(**PAIRING).play(PAIR, weight=1, parameters={"tau_plus": 20}), "20 has no unit"),
        (lambda: protocols.pairing(**PAIRING).play("stdp", weight=1), "not a cofire.Rule"),  # type: ignore[arg-type]
    ],
)
def test_what_is_refused(make: Any, message: str) -> None:
    with pytest.raises((ArrayError, ParameterError, DimensionError), match=message):
        make()
