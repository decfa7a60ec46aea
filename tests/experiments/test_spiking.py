"""Cells that learn while they fire: streams with a pattern, the cells themselves, and verdicts that follow the data."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from msgspec import structs

from cofire import ExperimentError, experiments, rules
from cofire.experiments import Result, _spike_streams, balance, pattern_in_noise, stability_spikes
from cofire.experiments._spike_streams import (
    BIN,
    LONGEST,
    SLOT,
    Background,
    Pattern,
    background,
    chosen_slots,
    take_pattern,
    with_pattern,
)
from cofire.network import Network, all_to_all
from cofire.units import ms


def verdicts(result: Result) -> dict[str, str]:
    return {finding.phenomenon: finding.verdict for finding in result.findings}


# Streams with a pattern


def test_afferents_fire_54_times_a_second_and_pause_for_50_ms_at_most() -> None:
    base = background(200, 100, np.random.default_rng(0))
    assert len(base.cells) / 200 / 5 == pytest.approx(54, rel=0.04)  # published, as is the 64 with noise
    for cell in range(20):
        pauses = np.diff(base.steps[base.cells == cell] // BIN)
        assert pauses.min() >= 1
        assert pauses.max() <= LONGEST


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """No noise."""
    monkeypatch.setattr(_spike_streams, "NOISE", 0.0)


@pytest.mark.usefixtures("still")
def test_the_pattern_replaces_its_afferents_in_its_slots_and_no_others() -> None:
    rng = np.random.default_rng(1)
    empty = Background(np.array([0, 1, 0, 1]), np.array([10, 20, SLOT + 10, SLOT + 20]), 2, 3)
    pattern = Pattern(np.array([0, 0]), np.array([100, 300]), 1)
    cells, steps = with_pattern(empty, pattern, np.array([1]), 0.0, rng)
    spikes = list(zip(cells.tolist(), steps.tolist(), strict=True))
    assert spikes == [(0, 10), (1, 20), (1, SLOT + 20), (0, SLOT + 100), (0, SLOT + 300)]


@pytest.mark.usefixtures("still")
def test_jitter_moves_the_spikes_of_the_pattern() -> None:
    silent = Background(np.zeros(0, int), np.zeros(0, int), 1000, 201)
    pattern = Pattern(np.array([7]), np.array([250]), 8)
    slots = np.arange(0, 200, 2)
    cells, steps = with_pattern(silent, pattern, slots, 20.0, np.random.default_rng(2))
    assert (cells == 7).all()
    off = steps - slots * SLOT - 250
    assert len(off) == 100
    assert off.std() == pytest.approx(20, rel=0.25)


@pytest.mark.parametrize("frequency", [0.05, 0.25, 0.5])
def test_patterns_fill_their_share_of_the_slots_and_never_two_in_a_row(frequency: float) -> None:
    slots = chosen_slots(200, frequency, np.random.default_rng(3))
    assert len(slots) == 200 * frequency
    assert np.diff(slots).min() >= 2
    assert slots.max() < 199
    assert take_pattern(background(10, 1, np.random.default_rng(4)), 0.5).members == 5


# The cell that listens to them


def test_a_potential_peaks_at_its_weight_and_a_spike_is_followed_by_the_kernel_of_the_publication() -> None:
    """1 ms after a spike, and on:  T (2 exp(-t / 10 ms) - 4 (exp(-t / 10 ms) - exp(-t / 2.5 ms)))."""
    net = Network(dt=0.1 * ms)
    inputs, cell = net.spikes(1, [0, 0], [0.0, 0.1]), net.cells(1, pattern_in_noise._cell(4))
    rule = rules.stdp_pair_nearest_reduced(A_plus=0.0, A_minus=0.0, bounds=(0, 5))
    synapse = net.connect(inputs, cell, all_to_all(), weight=0.9, rule=rule)
    watched = cell.v.every(0.1 * ms)
    v = net.run(100 * ms, record=[watched])[watched].values[:, 0]
    assert v.max() == pytest.approx(0.9, rel=1e-3)
    assert v.argmax() * 0.1 == pytest.approx(4.6 + 0.1, abs=0.11)  # ln(4) 10 2.5 / 7.5 ms after the spike arrives
    synapse.weight = 3.0
    record = net.run(100 * ms, record=[watched, cell.spikes])
    fired = record[cell.spikes].steps
    assert len(fired) == 1
    v = record[watched].values[:, 0]
    at = np.arange(20, 200)
    kernel = 2 * np.exp(-at / 100) - 4 * (np.exp(-at / 100) - np.exp(-at / 25))
    np.testing.assert_allclose(v[fired[0] - 1000 + 1 + at], kernel, atol=0.01)


def test_latencies_hits_and_false_alarms() -> None:
    starts = np.array([0.0, 0.1, 0.2, 0.3])
    times = np.array([0.02, 0.06, 0.105, 0.11, 0.204, 0.3499, 0.36])
    latency = pattern_in_noise._latency(times, starts)
    np.testing.assert_allclose(latency, [0.02, np.nan, 0.005, 0.01, 0.004, 0.0499, np.nan], atol=1e-12)
    heard = {"times": times[:-1], "starts": starts, "from": 0.1, "seconds": 4.0}
    heard |= {"weights": np.array([0.95, 0.1, 0.99]), "members": 2}
    measured = pattern_in_noise._measures(heard)
    assert (measured["hits"], measured["alarms"], measured["spikes"], measured["strong"]) == (1.0, 0.0, 2, 0.5)
    assert measured["latency"] == pytest.approx((0.005 + 0.004 + 0.0499) / 3)  # the first spike in each
    assert pattern_in_noise._measures({**heard, "times": times})["alarms"] == 1.0


def test_what_agrees_with_a_published_share() -> None:
    assert pattern_in_noise._agrees(3, 3, (90, 98))
    assert not pattern_in_noise._agrees(1, 3, (90, 98))
    assert pattern_in_noise._agrees(0, 3, (0, 0))
    assert not pattern_in_noise._agrees(1, 3, (0, 0))


def test_the_pattern_is_found_by_pairs_that_alternate_and_not_by_all_pairs(quick: Callable[..., Result]) -> None:
    result = quick("pattern_in_noise")
    found = {f.phenomenon: f.verdict for f in result.findings if f.rule == "stdp_pair_nearest_reduced"}
    assert {f.verdict for f in result.findings if f.rule == "stdp_pair"} == {"not reproduced"}
    assert found["a pattern in noise, jitter of 1 ms"] == "reproduced"
    assert found["the latency in a pattern falls"] == "reproduced"
    assert found["a pattern in noise, jitter of 6 ms"] == "reproduced"
    small = structs.replace(pattern_in_noise.Settings(), runs=2, background=5, repeats=2)
    other = experiments.get("pattern_in_noise").run(small, rules=["stdp_pair"])
    assert verdicts(other)["a pattern in noise, jitter of 1 ms"] == "not reproduced"
    assert verdicts(other)["a pattern in noise, jitter of 6 ms"] == "not reproduced"  # it misses every pattern
    assert other.data["hits"].max() < 0.5  # the cell falls silent, as in the replication
    assert other.figure.axes


# Weights and rates


def test_additive_pairs_compete_and_hold_the_rate_and_multiplicative_ones_do_neither(
    quick: Callable[..., Result],
) -> None:
    result = quick("stability_spikes")
    table = {(f.rule, f.phenomenon): f.verdict == "reproduced" for f in result.findings}
    rows = list(dict.fromkeys(f.phenomenon for f in result.findings))
    assert [table["stdp_pair", row] for row in rows] == [True, True, False]
    assert [table["stdp_pair_multiplicative", row] for row in rows] == [False, False, True]
    even = {**result.data, "weights": np.full_like(result.data["weights"], 0.1)}  # all low is no competition
    assert stability_spikes.findings(even)[0].verdict == "not reproduced"
    assert stability_spikes._power(np.array([10.0, 40.0]), np.array([2.0, 4.0])) == pytest.approx(0.5)
    assert result.figure.axes


def test_inputs_of_a_channel_share_a_rate_that_goes_on_from_part_to_part() -> None:
    rng = np.random.default_rng(5)
    excitatory, inhibitory, noise = balance._spikes(np.full(8, 50.0), rng)
    early = [np.bincount(cells[steps < 40] // size, minlength=8) / size for (cells, steps), size in
             ((excitatory, 100), (inhibitory, 25))]  # fmt: skip
    assert np.min(early) > 5  # from 50 standard deviations the noise has not come down in 20 ms
    assert np.abs(noise).max() < 5
    (cells, _), *_ = balance._spikes(np.zeros(8), rng)
    assert len(cells) / 800 / balance.PART == pytest.approx(5 + 152 / np.sqrt(2 * np.pi), rel=0.2)
    np.testing.assert_allclose(balance._by_channel(np.array([0, 0, 799]), np.full(800, 0.5)), [0.2, *[0] * 6, 0.1])


def test_inhibition_that_learns_balances_the_cell_channel_by_channel(quick: Callable[..., Result]) -> None:
    result = quick("balance")
    assert [f.verdict for f in result.findings if f.rule == "vogels_inhibitory"] == ["reproduced"] * 2
    assert [f.verdict for f in result.findings if f.rule == "stdp_pair"] == ["not reproduced"] * 2
    alone = quick("balance", ("vogels_inhibitory",))
    np.testing.assert_array_equal(alone.data["rate"][0], result.data["rate"][0])  # it hears the same beside another
    swapped = {**result.data, "currents": result.data["currents"][:, :, ::-1]}  # as before learning
    assert balance.findings(swapped)[1].verdict == "not reproduced"
    assert result.figure.axes


def test_what_makes_no_sense_is_refused() -> None:
    for name in ("pattern_in_noise", "stability_spikes", "balance"):
        for rule, words in ((rules.oja(), "rates in steps|seconds"), (rules.reward_stdp(), "dopamine")):
            with pytest.raises(ExperimentError, match=words):
                experiments.get(name).run(rules=[rule])
