"""Calcium, receptors and a cell that fires where it did not, against the published model."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

import cofire
from cofire.experiments import Result, potentiation
from cofire.units import ms, second

SMALL = {"lags": 5}


@pytest.fixture(scope="module")
def result() -> Result:
    experiment = cofire.experiments.get("potentiation")
    return experiment.run(experiment.settings(SMALL))


def test_the_published_model_comes_out(result: Result) -> None:
    first = [finding for finding in result.findings if finding.claim.endswith("(calcium)")]
    assert [finding.verdict for finding in first if "bursts" not in finding.claim] == ["reproduced"] * 10
    assert isinstance(result.figure, Figure)


def test_bursts_that_inhibition_would_tell_apart_are_all_alike_to_calcium(result: Result) -> None:
    assert verdict(result, "bursts do most", "calcium") == "not reproduced"
    ordered = {**result.data, "bursts": np.array([[1.4, 1.6, 1.3, 1.0]] * 2)}
    assert potentiation.findings(ordered)[9].verdict == "reproduced"


def test_the_plain_rule_fails_beside_it(result: Result) -> None:
    """It moves A and B as it should, but knows neither rest nor rate, calcium or size."""
    plain = [finding.verdict for finding in result.findings if finding.claim.endswith("(stdp_pair)")]
    assert plain == ["not reproduced"] * 4 + ["reproduced"] * 3 + ["not reproduced"] * 4


def test_trains_and_spines_are_judged_by_what_comes_out(result: Result) -> None:
    def turned(claim: str, **changes: object) -> str:
        found = potentiation.findings({**result.data, **changes})
        return next(f.verdict for f in found if claim in f.claim and f.claim.endswith("(calcium)"))

    pulses = result.data["pulses"]
    assert (pulses[0, :3] < 1).all()
    assert (pulses[0, 4:] > 1).all()
    assert turned("slow pulses", pulses=pulses[:, ::-1]) == "not reproduced"
    assert turned("slow pulses", pulses=np.array([[0.8, 0.8, 1.1, 1.2, 1.3, 1.4]] * 2)) == "not reproduced"  # too soon
    assert turned("less calcium", less=np.ones((2, 5))) == "not reproduced"
    assert turned("small spine", spines=result.data["spines"][:, :, ::-1]) == "not reproduced"


def test_a_rule_that_adds_what_is_missing_changes_small_synapses_more() -> None:
    experiment = cofire.experiments.get("potentiation")
    soft = experiment.run(experiment.settings(SMALL), rules=["stdp_pair_multiplicative"])
    assert verdict(soft, "small spine", "stdp_pair_multiplicative") == "reproduced"
    np.testing.assert_allclose(soft.data["spines"][0, 0], [0.25, 0.75])


def verdict(result: Result, claim: str, rule: str) -> str:
    return next(f.verdict for f in result.findings if claim in f.claim and f.claim.endswith(f"({rule})"))


def test_simulated_strength_is_the_closed_form_of_the_paper(result: Result) -> None:
    """Many weak pairs, so that the order within a pair does not matter: w̄ and s² from the time above each threshold."""
    values = result.rules[0].values
    weak = result.rules[0].with_(tau=values["tau"] * 50 * second, w_star=0.5)
    trains = cofire.protocols.pairing(lag=10 * ms, repeats=3000)
    got = float(potentiation._strength(weak, trains, potentiation.DP))
    # calcium: post at 0 adds 2; pre arrives 3.7 ms later and adds 1
    tau_c, late = 0.020, 0.0037
    top = 2 * np.exp(-late / tau_c) + 1
    above = {theta: min(late, tau_c * np.log(2 / theta)) + tau_c * np.log(top / theta) for theta in (1.0, 1.3)}
    gains = values["gamma_p"] * above[1.3], values["gamma_d"] * above[1.0]
    mean, total = gains[0] / sum(gains), sum(gains) * 3000 / (50 * values["tau"])
    spread = 2.8284**2 * (above[1.0] + above[1.3]) / sum(gains) / 2 * (1 - np.exp(-2 * total))
    from scipy.stats import norm

    up = [norm.sf(0.5, mean + (start - mean) * np.exp(-total), np.sqrt(spread)) for start in (0.0, 1.0)]
    assert got == pytest.approx((1 + 4 * np.mean(up)) / 3, abs=1e-3)


@pytest.mark.parametrize(("changes", "which"), [({"theta_p": 2.5}, 0), ({"gamma_d": 0.0}, 4), ({"C_post": 0.0}, 5)])
def test_a_broken_mechanism_turns_the_verdict(changes: dict[str, float], which: int) -> None:
    experiment = cofire.experiments.get("potentiation")
    broken = experiment.run(experiment.settings(SMALL), rules=[cofire.rules.calcium(**changes)])
    assert broken.findings[which].verdict == "not reproduced"


def test_another_rule_runs_with_its_weight_as_strength() -> None:
    experiment = cofire.experiments.get("potentiation")
    other = experiment.run(experiment.settings(SMALL), rules=[cofire.rules.stdp_pair(bounds=None)])
    assert other.findings[0].verdict == other.findings[1].verdict == "not reproduced"
    assert isinstance(other.figure, Figure)


def test_the_cell_is_depolarised_by_half_a_millivolt_a_fibre() -> None:
    peak, latency = potentiation._cell(np.array([1.0, 2.0]))
    np.testing.assert_allclose(peak[:, 10], [5.0, 10.0], rtol=1e-4)
    assert np.isnan(latency[0, 31])
    assert latency[1, 31] < 10
