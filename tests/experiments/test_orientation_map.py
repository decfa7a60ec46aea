"""The orientation map: tuned cells in clusters, if the sum of their weights is fixed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

import cofire
from cofire import experiments, rules
from cofire.experiments import orientation_map
from cofire.experiments.orientation_map import SLANTS, bars, differences, distances, findings, retina, tuned

EXPERIMENT = experiments.get("orientation_map")


def run(*chosen: Any, **changes: Any) -> experiments.Result:
    return EXPERIMENT.run(EXPERIMENT.settings(changes), rules=chosen)


@pytest.fixture(scope="module")
def result(quick: Callable[..., experiments.Result]) -> experiments.Result:
    return quick("orientation_map", ("hebb",))


def test_hebb_needs_a_fixed_sum_of_weights(result: experiments.Result) -> None:
    assert result.data["rules"] == ["hebb", "hebb, l1"]
    assert [finding.verdict for finding in result.findings] == ["not reproduced", "reproduced"]


@pytest.mark.parametrize("text", ["dw/dt = 0 * eta * pre * post", "dw/dt = -eta * pre * post"])
def test_a_broken_rule_makes_no_map(text: str) -> None:
    found = run(cofire.Rule(text, eta=0.05, normalize="l1", bounds=(0, None)))
    assert [finding.verdict for finding in found.findings] == ["not reproduced"]
    found.figure.canvas.draw()


def test_the_bars_and_the_sheet() -> None:
    shown, places = bars(), retina()
    assert shown.shape == (9, 19)
    np.testing.assert_array_equal(shown.sum(axis=1), orientation_map.LIT)
    for slant, lit in zip(SLANTS, shown, strict=True):  # through the middle, and long in its direction
        np.testing.assert_allclose(lit @ places, 0, atol=1e-9)
        along = places[lit > 0] @ [np.cos(slant), np.sin(slant)]
        across = places[lit > 0] @ [-np.sin(slant), np.cos(slant)]
        assert along.std() > 2 * across.std()
    away = distances()
    np.testing.assert_array_equal((np.abs(away - 1) < 1e-9).sum(axis=1), 6)  # neighbours, no borders
    np.testing.assert_allclose(away, away.T)


def test_tuning_and_differences() -> None:
    cells = orientation_map.CORTEX**2
    answers = np.ones((9, cells))
    active, tuning, _ = tuned(answers)
    assert active.all()
    np.testing.assert_allclose(tuning, 0, atol=1e-12)
    answers = np.zeros((9, cells))
    answers[2, 1:] = 5.0
    active, tuning, best = tuned(answers)
    assert active.sum() == cells - 1
    np.testing.assert_allclose(tuning[1:], 1)
    np.testing.assert_allclose(np.degrees(best[1:]), 40)
    np.testing.assert_allclose(differences(answers), 0, atol=1e-5)
    answers = np.eye(9)[np.random.default_rng(0).integers(9, size=cells)].T
    np.testing.assert_allclose(differences(answers), 400 / 9, atol=4)  # 0, 20, 20, 40, 40, 60, 60, 80 and 80, the mean


def test_verdicts_come_from_the_data(result: experiments.Result) -> None:
    answers = result.data["answers"].copy()
    answers[:, :, 1] = answers[:, :, 0]
    assert {finding.verdict for finding in findings(result.data | {"answers": answers})} == {"not reproduced"}
    mixed = result.data["answers"].copy()
    mixed[1, :, 1] = mixed[1, :, 1][..., np.random.default_rng(0).permutation(mixed.shape[-1])]
    assert findings(result.data | {"answers": mixed})[1].verdict == "not reproduced"


def test_figure_and_seed(result: experiments.Result) -> None:
    assert isinstance(result.figure, Figure)
    result.figure.canvas.draw()
    first, again, other = (
        EXPERIMENT.run(EXPERIMENT.settings({"presentations": 3, "seeds": 2}), seed=s) for s in (0, 0, 1)
    )
    np.testing.assert_array_equal(first.data["answers"], again.data["answers"])
    assert not np.array_equal(first.data["answers"], other.data["answers"])


def test_weights_that_run_away_are_a_result() -> None:
    found = run(rules.hebb(eta=1e30), presentations=50, seeds=2)
    assert found.data["diverged"][0]
    assert found.findings[0].verdict == "not reproduced"
    found.figure.canvas.draw()


def test_rules_that_make_no_sense_are_refused() -> None:
    with pytest.raises(cofire.ExperimentError, match="soft_hebb"):
        run("soft_hebb")


def test_slants_that_all_come_nearer_are_no_new_clusters(result: experiments.Result) -> None:
    answers = result.data["answers"].copy()
    answers[1, :, 0] = answers[1, :, 1]  # the clusters are there before it learns
    for sheet in answers[1, :, 1]:  # and then any two slants differ half as much
        active, _, best = tuned(sheet)
        sheet[:] = active * np.eye(9)[np.round(best / SLANTS[2]).astype(int)].T
    finding = findings(result.data | {"answers": answers})[1]
    near, any_two = np.array([differences(sheet) for sheet in answers[1, :, 1]]).T
    assert np.all(near < 2 / 3 * any_two)
    assert finding.verdict == "not reproduced"
