"""The map of the hand: it forms, and follows use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

import cofire
from cofire import experiments
from cofire.experiments import map_expansion
from cofire.experiments.map_expansion import DEAFFERENTED, FORMED, FUSED, MIDDLE, RING, SAME, TRAINED, findings

EXPERIMENT = experiments.get("map_expansion")
GROWS, TAKEN, FUSES = "a finger touched", "the territory of a silent finger", "fused fingers"


def run(*chosen: Any, **changes: Any) -> experiments.Result:
    return EXPERIMENT.run(EXPERIMENT.settings(changes), rules=chosen)


def verdict(found: Any, start: str) -> str:
    (one,) = [finding for finding in found if finding.claim.startswith(start)]
    return str(one.verdict)


@pytest.fixture(scope="module")
def result(quick: Callable[..., experiments.Result]) -> experiments.Result:
    return quick("map_expansion", ("kohonen", "hebb"))


def test_the_map_follows_use_and_plain_hebb_makes_none(result: experiments.Result) -> None:
    assert {finding.verdict for finding in result.findings[:6]} == {"reproduced"}
    assert {finding.verdict for finding in result.findings[6:]} == {"not reproduced"}
    assert len(result.findings) == 8


@pytest.mark.parametrize("text", ["dw/dt = 0 * eta * post * (pre - w)", "dw/dt = -eta * post * (pre - w)"])
def test_a_broken_rule_makes_no_map(text: str) -> None:
    found = run(cofire.Rule(text, eta=0.1), forming=200, steps=10, seeds=2)
    assert {finding.verdict for finding in found.findings} == {"not reproduced"}
    found.figure.canvas.draw()


def test_a_finger_that_is_not_touched_more_does_not_grow() -> None:
    found = run("kohonen", often=1, seeds=2)
    assert verdict(found.findings, GROWS) == "not reproduced"
    assert verdict(found.findings, TAKEN) == "reproduced"


def test_a_touch_stays_on_its_finger_and_fused_fingers_feel_the_same() -> None:
    settings = EXPERIMENT.settings({"batch": 200})
    sums = {}
    for phase in (SAME, TRAINED, DEAFFERENTED, FUSED):
        x = map_expansion.touches(phase, settings, np.random.default_rng(0))
        fingers = x.reshape(200, map_expansion.FINGERS, -1)
        sums[phase] = np.count_nonzero(fingers.sum(axis=2), axis=0)
        if phase == FUSED:
            np.testing.assert_array_equal(fingers[:, MIDDLE], fingers[:, RING])
        else:
            assert (np.count_nonzero(fingers.sum(axis=2), axis=1) == 1).all()
            np.testing.assert_allclose(np.linalg.norm(x, axis=1), 1, rtol=1e-5)
    assert sums[DEAFFERENTED][MIDDLE] == 0
    assert 60 < sums[TRAINED][MIDDLE] < 110  # 3/7 of 200 is 86
    assert sums[FUSED][MIDDLE] == sums[FUSED][RING] > sums[SAME][MIDDLE] > 20


def test_what_is_read_from_the_weights() -> None:
    w = np.zeros((2, map_expansion.FINGERS, map_expansion.ACROSS, map_expansion.ALONG))
    w[0, 1, 0, 0], w[1, 3, 0, 0], w[1, 3, 0, 2], w[1, 2, 1, 1] = 1, 1, 1, 0.5
    w = w.reshape(2, -1)
    np.testing.assert_allclose(map_expansion.shares(w), [[0, 1, 0, 0, 0], [0, 0, 0.2, 0.8, 0]])
    np.testing.assert_allclose(map_expansion.field(w), [0, 1])
    assert map_expansion.together(np.array([[0, 0], [1, 1]])) == 0.5
    np.testing.assert_allclose(
        map_expansion.neighbourhood(np.array([3]), 1.0, 2), [np.exp([-1, -0.5, -0.5, 0])], rtol=1e-6
    )


def test_verdicts_come_from_the_data(result: experiments.Result) -> None:
    def swapped(phase: int) -> Any:
        shares = result.data["shares"].copy()
        shares[:, phase] = shares[:, FORMED]
        return findings(result.data | {"shares": shares})

    assert verdict(swapped(TRAINED), GROWS) == "not reproduced"
    assert verdict(swapped(DEAFFERENTED), TAKEN) == "not reproduced"
    assert verdict(swapped(FUSED), FUSES) == "not reproduced"
    even = np.full_like(result.data["field"], 1.0)
    assert verdict(findings(result.data | {"field": even}), "receptive fields there") == "not reproduced"


def test_figure_and_seed(result: experiments.Result) -> None:
    assert isinstance(result.figure, Figure)
    result.figure.canvas.draw()
    first, again, other = (
        EXPERIMENT.run(EXPERIMENT.settings({"forming": 20, "steps": 1, "seeds": 2}), seed=s) for s in (0, 0, 1)
    )
    np.testing.assert_array_equal(first.data["shares"], again.data["shares"])
    assert not np.array_equal(first.data["shares"], other.data["shares"], equal_nan=True)


def test_rules_that_make_no_sense_are_refused() -> None:
    with pytest.raises(cofire.ExperimentError, match="stdp_pair"):
        run("stdp_pair")
    with pytest.raises(cofire.ExperimentError, match="competitive"):
        run("competitive")
