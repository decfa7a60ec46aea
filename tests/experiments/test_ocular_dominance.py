"""Ocular dominance: columns whose period follows the interaction, and what breaks them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

import cofire
from cofire import experiments, rules
from cofire.experiments import ocular_dominance
from cofire.experiments.ocular_dominance import TOP, agreement, findings, interaction, period, period_of_interaction

EXPERIMENT = experiments.get("ocular_dominance")
SMALL = {"side": 16, "seeds": 2}


def run(chosen: Any, **changes: Any) -> experiments.Result:
    return EXPERIMENT.run(EXPERIMENT.settings(SMALL | changes), rules=chosen)


def verdicts(found: Any) -> dict[str, str]:
    return {finding.claim.rpartition(" (")[0]: finding.verdict for finding in found}


@pytest.fixture(scope="module")
def result() -> experiments.Result:
    return run(["hebb_subtractive", "hebb"])


def test_only_the_constrained_rule_makes_columns(result: experiments.Result) -> None:
    assert set(verdicts(result.findings[:7]).values()) == {"reproduced"}
    assert [finding.verdict for finding in result.findings[7:]] == ["not reproduced"] * 4 + ["does not apply"] * 3
    assert result.data["strength"][1, ocular_dominance.MIDDLE].min() > 0.9 * TOP  # both eyes at the ends


@pytest.mark.parametrize("factor", ["0 * ", "-"])
def test_a_broken_rule_makes_none(factor: str) -> None:
    text = rules.hebb_subtractive.equation.replace("eta *", f"{factor}eta *", 1)
    rule = cofire.Rule(text, eta=0.01, w_max=TOP, bounds=(0, TOP))
    assert "reproduced" not in verdicts(run([rule], steps=12).findings).values()


def test_a_rule_without_bounds_runs_away_and_says_so() -> None:
    found = run([rules.hebb(eta=1.0)], steps=80)
    assert found.data["diverged"][0]
    assert {finding.verdict for finding in found.findings} <= {"not reproduced"}
    found.figure.canvas.draw()


@pytest.mark.parametrize("width", ocular_dominance.WIDTHS)
def test_the_period_of_the_interaction_is_that_of_its_transform(width: float) -> None:
    """exp(-k²σ²/4) - exp(-9k²σ²/4) is largest where exp(2k²σ²) = 9; as much inhibits as excites, but for the grid."""
    assert period_of_interaction(width) == pytest.approx(2 * np.pi * width / np.sqrt(np.log(9) / 2), rel=0.02)
    total = interaction(ocular_dominance._offsets(64), width)
    assert abs(total.sum()) < 2e-3 * np.abs(total).sum()


def test_the_period_of_stripes_is_their_period() -> None:
    stripes = np.sign(np.sin(2 * np.pi * (np.arange(24) + 0.5) / 8)) * np.ones((24, 1))
    assert period(stripes) == pytest.approx(8, rel=0.15)
    assert period(stripes.T) == pytest.approx(period(stripes))
    assert np.isnan(period(np.ones((8, 8))))
    assert agreement(stripes) > 0.7
    assert abs(agreement(np.random.default_rng(0).standard_normal((60, 60)))) < 0.05


def test_verdicts_come_from_the_data(result: experiments.Result) -> None:
    data = result.data
    assert verdicts(findings(data | {"predicted": 1.5 * data["predicted"]})[1:4]) == dict.fromkeys(
        verdicts(result.findings[1:4]), "not reproduced"
    )
    same = data["dominance"].copy()
    same[0, ocular_dominance.DEPRIVED] = same[0, ocular_dominance.MIDDLE]
    turned = findings(data | {"dominance": same})
    assert [finding.verdict for finding in turned[5:7]] == ["not reproduced"] * 2
    same[0, ocular_dominance.ALONE] = same[0, ocular_dominance.MIDDLE]
    assert findings(data | {"dominance": same})[4].verdict == "not reproduced"


def test_figure_and_seed(result: experiments.Result) -> None:
    assert isinstance(result.figure, Figure)
    result.figure.canvas.draw()
    again = run(["hebb"])
    np.testing.assert_array_equal(again.data["dominance"][0], result.data["dominance"][1])


def test_rules_that_make_no_sense_are_refused() -> None:
    with pytest.raises(cofire.ExperimentError, match="kohonen"):
        run(["kohonen"])
