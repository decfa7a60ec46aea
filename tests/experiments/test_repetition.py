"""Strength against the number of pairings: who comes to rest, who starts slowly."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

import cofire
from cofire.experiments import repetition
from cofire.units import ms

SMALL = {"amplitudes": 3, "frequency": 10}
REST, SLOW = "comes to rest", "a slow start"


def run(*rules: cofire.Rule, **changes: object) -> cofire.experiments.Result:
    experiment = cofire.experiments.get("repetition")
    return experiment.run(experiment.settings(SMALL | changes), rules=rules)


def verdicts(*rules: cofire.Rule, **changes: object) -> list[str]:
    """The verdicts on coming to rest and on the slow start, in turn, for each series."""
    findings = run(*rules, **changes).findings
    for rest, slow in zip(findings[::2], findings[1::2], strict=True):
        assert REST in rest.claim
        assert SLOW in slow.claim
    return [finding.verdict for finding in findings]


@pytest.fixture(scope="module")
def result() -> cofire.experiments.Result:
    experiment = cofire.experiments.get("repetition")
    return experiment.run(experiment.settings(SMALL))


def test_the_published_curve_has_what_is_asked_for() -> None:
    for points in repetition.PUBLISHED.values():
        share = {n: (value - 1) / (points[100] - 1) for n, value in points.items()}
        assert share[10] < repetition.EARLY
        assert share[60] > repetition.LATE
    assert 10 < repetition.HALF < 30


def test_hebb_never_rests_the_others_do_and_none_starts_slowly(result: cofire.experiments.Result) -> None:
    assert result.data["series"] == [
        "hebb",
        "hebb_with_decay",
        "oja",
        "stdp_pair, +10 ms",
        "stdp_pair, -10 ms",
        "stdp_pair_multiplicative, +10 ms",
        "stdp_pair_multiplicative, -10 ms",
    ]
    rest = [finding.verdict for finding in result.findings[::2]]
    slow = [finding.verdict for finding in result.findings[1::2]]
    assert rest == ["not reproduced", *["reproduced"] * 6]
    assert slow == ["not reproduced"] * 7
    assert {finding.flag for finding in result.findings} == {"C"}


def test_curves_are_those_of_the_rules(result: cofire.experiments.Result) -> None:
    data, number = result.data, np.arange(repetition.PAIRINGS + 1)
    shares = repetition.shares(data["best"])
    np.testing.assert_allclose(shares[0], number / 100, atol=1e-12)  # Hebb: the same from each pairing
    for row in (1, 2):  # a limit approached by the same part each time
        left = 1 - data["best"][row]
        np.testing.assert_allclose(left[1:] / left[:-1], left[1], rtol=1e-9)
        assert shares[row][22] == pytest.approx(0.5, abs=0.01)  # the fit
    assert data["best"][3][-1] == 1.0  # the additive rule ends at its bounds
    assert data["best"][4][-1] == 0.0


def test_a_pair_of_spikes_changes_what_the_equation_says() -> None:
    rule = cofire.rules.stdp_pair()
    before, after = repetition._replayed(rule, 1.0, 3)
    step = np.arange(4) * np.exp(-0.010 / 0.020)
    np.testing.assert_allclose(before, 0.5 + 0.005 * step, rtol=1e-9)
    np.testing.assert_allclose(after, 0.5 - 0.00525 * step, rtol=1e-9)


def test_feedback_gives_oja_a_slow_start() -> None:
    assert verdicts(cofire.rules.oja(), drive="own") == ["reproduced", "reproduced"]
    assert verdicts(cofire.rules.hebb(), drive="own")[1] == "not reproduced"


def test_a_rule_with_a_threshold_does_both() -> None:
    text = "dw/dt = eta * step(c - 8) * (1 - w) * pre * post\ndc/dt = pre * post - c / tau_c"
    assert verdicts(cofire.Rule(text, eta=0.1, tau_c=100.0)) == ["reproduced", "reproduced"]


def test_a_soft_bound_comes_to_rest() -> None:
    assert verdicts(cofire.Rule("dw/dt = eta * pre * post * (1 - w)", eta=0.05)) == ["reproduced", "not reproduced"]


def test_a_taught_rule_uses_its_own_response() -> None:
    assert verdicts(cofire.rules.delta()) == ["reproduced", "not reproduced"]


@pytest.mark.parametrize("eta", [0.0, -0.01])
def test_a_rule_that_does_not_strengthen_fails(eta: float) -> None:
    wrong = run(cofire.Rule("dw/dt = eta * pre * post * (1 - w**2)", eta=eta))
    assert [finding.verdict for finding in wrong.findings] == ["not reproduced"] * 2
    assert isinstance(wrong.figure, Figure)


def test_spikes_in_the_wrong_order_fail() -> None:
    text = "dw/dt = A * trace(post, tau) * (1 - w) * pre - A * w * trace(pre, tau) * post"
    assert verdicts(cofire.Rule(text, A=0.01, tau=20 * ms)) == ["not reproduced"] * 4


def test_verdicts_come_from_the_data(result: cofire.experiments.Result) -> None:
    curve = np.interp(np.arange(101), [0, *repetition.PUBLISHED[1]], [1.0, *repetition.PUBLISHED[1].values()])
    data = result.data | {"curves": np.broadcast_to(curve, result.data["curves"].shape)}
    rest, slow = repetition.findings(data)[:2]
    assert rest.verdict == slow.verdict == "reproduced"


def test_the_figure_names_every_series(result: cofire.experiments.Result) -> None:
    figure = result.figure
    assert isinstance(figure, Figure)
    shown = [text.get_text() for text in figure.legends[0].get_texts()]
    assert shown == [
        *result.data["series"],
        "calcium model, +10 ms",
        "calcium model, -10 ms",
        "a slow start, and then to rest",
    ]


@pytest.mark.parametrize("name", ["reward_stdp", "competitive", "storkey", "krotov_hopfield"])
def test_rules_that_make_no_sense_are_refused(name: str) -> None:
    with pytest.raises(cofire.ExperimentError, match=name):
        run(cofire.rules.get(name)())


@pytest.mark.parametrize("changes", [{"rates": 1}, {"frequency": 0}, {"drive": "none"}, {"start": 2}, {"pairs": 5}])
def test_wrong_settings_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(cofire.ExperimentError, match=next(iter(changes))):
        cofire.experiments.get("repetition").settings(changes)
