"""Hebb's rule itself: the product, learning in proportion to it, and growth without end."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

import cofire
from cofire.experiments import hebb

SMALL = {"samples": 4000, "steps": 300, "seeds": 3}
PRODUCT = "the change is η·x·y"
PROPORTIONAL = "the weight gains in proportion to the time both are active"
TOGETHER = "always together, over together by chance"
ENDLESS = "left to itself, w grows without end"
RATE = "rate of that growth, in ln|w| per step"


def run(*rules: cofire.Rule, **changes: object) -> cofire.experiments.Result:
    experiment = cofire.experiments.get("hebb")
    return experiment.run(experiment.settings(SMALL | changes), rules=rules)


def verdicts(rule: cofire.Rule, **changes: object) -> dict[str, str]:
    return {finding.claim.partition(" (")[0]: finding.verdict for finding in run(rule, **changes).findings}


@pytest.fixture(scope="module")
def result() -> cofire.experiments.Result:
    return run(cofire.rules.hebb(eta=0.1))


def test_hebb_does_all_of_it(result: cofire.experiments.Result) -> None:
    assert [finding.claim for finding in result.findings] == [
        f"{claim} (hebb)" for claim in (PRODUCT, PROPORTIONAL, TOGETHER, ENDLESS, RATE)
    ]
    assert {finding.verdict for finding in result.findings} == {"reproduced"}
    assert {finding.flag for finding in result.findings} == {"theory"}


def test_the_textbook_spelling_does_the_same(result: cofire.experiments.Result) -> None:
    own = run(cofire.Rule("Δw = η × x × y", η=0.1))
    np.testing.assert_array_equal(own.data["synapse"], result.data["synapse"])
    np.testing.assert_array_equal(own.data["length"], result.data["length"])
    assert {finding.verdict for finding in own.findings} == {"reproduced"}


def test_what_is_measured(result: cofire.experiments.Result) -> None:
    data = result.data
    np.testing.assert_allclose(data["synapse"][0], 0.1 * np.outer(hebb.LEVELS, hebb.LEVELS), rtol=1e-15)
    np.testing.assert_array_equal(data["layer"], data["synapse"])
    np.testing.assert_allclose(data["gain"][0], 0.1 * data["together"], rtol=1e-12)
    np.testing.assert_allclose(data["together"][:, [hebb.NEVER]], 0)
    np.testing.assert_allclose(data["together"][:, hebb.CHANCE].mean(), hebb.ACTIVE**2, rtol=0.15)
    np.testing.assert_allclose(data["together"][:, hebb.ALWAYS].mean(), hebb.ACTIVE, rtol=0.05)
    assert (data["diverged"] > 100).all()
    assert np.nanmax(data["length"]) > 1e30


def test_the_first_eigenvalue_is_that_of_the_inputs() -> None:
    matrix = np.full((hebb.INPUTS, hebb.INPUTS), hebb.CORRELATION)
    np.fill_diagonal(matrix, 1.0)
    assert np.linalg.eigvalsh(matrix)[-1] == pytest.approx(hebb.TOP)


def test_oja_is_not_hebb() -> None:
    assert verdicts(cofire.rules.oja()) == {
        PRODUCT: "not reproduced",
        PROPORTIONAL: "not reproduced",
        TOGETHER: "reproduced",
        ENDLESS: "not reproduced",
        RATE: "does not apply",
    }


def test_covariance_learns_nothing_from_chance() -> None:
    found = verdicts(cofire.rules.covariance(eta=0.1))
    assert found[PROPORTIONAL] == found[TOGETHER] == "not reproduced"
    assert found[ENDLESS] == "reproduced"


def test_decay_grows_at_another_rate() -> None:
    found = verdicts(cofire.rules.hebb_with_decay(eta=0.1, tau_w=20.0))
    assert found[ENDLESS] == "reproduced"
    assert found[RATE] == "not reproduced"


@pytest.mark.parametrize("text", ["dw/dt = -eta * pre * post", "dw/dt = 0 * eta * pre * post", "dw/dt = eta * pre"])
def test_a_broken_rule_fails(text: str) -> None:
    found = verdicts(cofire.Rule(text, eta=0.1))
    assert found[PRODUCT] == found[PROPORTIONAL] == found[TOGETHER] == "not reproduced"
    assert found[RATE] != "reproduced"


@pytest.mark.parametrize(
    "held", [cofire.rules.hebb(eta=0.1, bounds=(-1, 1)), cofire.rules.hebb(eta=0.1, normalize="l2")]
)
def test_a_held_rule_does_not_grow_without_end(held: cofire.Rule) -> None:
    assert verdicts(held)[ENDLESS] == "not reproduced"


def test_too_short_a_run_does_not_count_as_endless() -> None:
    assert verdicts(cofire.rules.hebb(eta=0.1), steps=100)[ENDLESS] == "not reproduced"


def test_a_thousandth_off_the_product_is_seen(result: cofire.experiments.Result) -> None:
    data = result.data | {"layer": result.data["layer"] * 1.001}
    first, *others = hebb.findings(data)
    assert first.verdict == "not reproduced"
    assert "1.0e-03 in a layer" in first.measured
    assert {finding.verdict for finding in others} == {"reproduced"}


def test_a_seed_decides_everything(result: cofire.experiments.Result) -> None:
    experiment = cofire.experiments.get("hebb")
    rules = [cofire.rules.hebb(eta=0.1)]
    again = experiment.run(experiment.settings(SMALL), rules=rules)
    other = experiment.run(experiment.settings(SMALL), rules=rules, seed=1)
    np.testing.assert_array_equal(again.data["length"], result.data["length"])
    assert not np.array_equal(other.data["length"], result.data["length"], equal_nan=True)


def test_progress_rises() -> None:
    seen: list[float] = []
    experiment = cofire.experiments.get("hebb")
    experiment.run(experiment.settings(SMALL | {"steps": 100}), progress=lambda fraction, _: seen.append(fraction))
    assert seen == sorted(seen)
    assert 0 <= seen[0] <= seen[-1] <= 1


def test_the_figure_shows_every_rule(result: cofire.experiments.Result) -> None:
    assert isinstance(result.figure, Figure)
    several = run(cofire.rules.hebb(eta=0.1), cofire.rules.oja(), cofire.Rule("dw/dt = 0.01 * x * y"), steps=100)
    product, together, growth, _ = several.figure.axes
    assert "hebb" in product.get_title()
    for panel in (together, growth):
        labels = panel.get_legend_handles_labels()[1]
        assert {"hebb", "oja", "dw/dt = 0.01 * pre * post"} <= set(labels)


def test_double_precision_has_further_to_go() -> None:
    found = run(cofire.rules.hebb(eta=1.0), precision="float64", steps=500)
    assert np.nanmax(found.data["length"]) > 1e290
    assert found.findings[3].verdict == "reproduced"
    assert "float64" in found.findings[3].measured
    found.figure.canvas.draw()


@pytest.mark.parametrize("name", ["stdp_pair", "reward_stdp", "competitive", "delta", "storkey", "stdp_pair_nearest"])
def test_rules_that_make_no_sense_are_refused(name: str) -> None:
    with pytest.raises(cofire.ExperimentError, match=name):
        run(cofire.rules.get(name)())


@pytest.mark.parametrize("changes", [{"seeds": 1}, {"samples": "many"}, {"precision": "float16"}, {"stepps": 5}])
def test_wrong_settings_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(cofire.ExperimentError, match=next(iter(changes))):
        cofire.experiments.get("hebb").settings(changes)


def test_a_rule_without_a_value_for_silent_inputs_is_a_result_and_not_an_error() -> None:
    found = run(cofire.Rule("dw/dt = eta * post * (pre / sum_pre(pre) - w)", eta=0.1), steps=100)
    assert found.findings[0].verdict == found.findings[1].verdict == "not reproduced"
    found.figure.canvas.draw()
