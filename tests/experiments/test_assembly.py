"""Assemblies: what is shown when, who counts as ignited, and that the verdicts follow the rates and weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cofire import ExperimentError, experiments, rules
from cofire.experiments import assembly

SETTINGS = assembly.Settings(networks=2)


def made(recall: float = 0.8, within: float = 8.0, resting: float = 2.0) -> dict[str, Any]:
    """Data as a run gives it: so many of the other bound cells follow a bound cue, in the ritual alone."""
    cue, cells, groups = 25, 400, len(assembly.CUES) + 1
    shape = (1, len(assembly.CONDITIONS), 2)
    rates = {when: np.full((*shape, 2, len(assembly.CUES), cells), 3.0) for when in ("before", "after")}
    for k in range(len(assembly.CUES)):
        own = slice(k * cue, (k + 1) * cue)
        if k < assembly.BOUND:
            for other in range(assembly.BOUND):
                begin = other * cue
                rates["after"][:, 0, :, 0, k, begin : begin + round(recall * cue)] = 20.0
        for when in rates:
            rates[when][..., 0, k, own] = 50.0
    weights = np.ones((*shape, groups, groups))
    weights[..., : assembly.BOUND, : assembly.BOUND] = within
    rested = np.full((*shape, 100, 2), resting)
    rested[:, 2] = 100.0
    rested[:, :, :, :2, 0] *= 5
    same = {f"weights_{when}": weights for when in ("before", "learnt", "after")}
    return {"rules": ["made up"], "cue": cue, "rested": rested, **rates, **same}


def verdicts(data: dict[str, Any]) -> dict[str, str]:
    return {finding.phenomenon: finding.verdict for finding in assembly.findings(data)}


def test_each_cue_comes_as_often_together_as_one_by_one() -> None:
    together, apart = (assembly._Script.of(SETTINGS, condition) for condition in ("together", "one by one"))
    shown = [script.table[script.before : script.ritual] for script in (together, apart)]
    np.testing.assert_array_equal(shown[0].sum(axis=0), shown[1].sum(axis=0))
    assert shown[0].sum(axis=0).tolist() == [SETTINGS.rituals * 5] * 4 + [0, 0]
    assert (shown[1].sum(axis=1) <= 1).all()
    assert together.table[: together.settle].sum() == together.table[together.ritual : together.rest].sum() == 0
    assert (together.table[together.rest :].sum(axis=0) == SETTINGS.tests * 5).all()


def test_ignited_are_cells_that_fire_more_than_just_before() -> None:
    data = made()
    shares = assembly._ignited(data, "after", 0, "together")
    np.testing.assert_allclose(shares[:, 0, :5], [[1, 0.8, 0.8, 0.8, 0]] * 2)
    np.testing.assert_allclose(assembly._rest_of(shares), 0.8)
    data["after"][:, :, :, 1] = 30.0  # they fired before, too
    np.testing.assert_allclose(assembly._rest_of(assembly._ignited(data, "after", 0, "together")), 0)


def test_verdicts_follow_the_data() -> None:
    assert set(verdicts(made()).values()) == {"reproduced"}
    lost = {name for name, verdict in verdicts(made(recall=0.4)).items() if verdict != "reproduced"}
    assert lost == {"a cue ignites the assembly", "it is selective", "apart, cues are not bound"}
    assert verdicts(made(within=1.2))["weights within rise"] == "not reproduced"
    loud = verdicts(made(resting=20.0))
    assert loud["stable at rest"] == loud["inhibition must learn too"] == "not reproduced"
    assert assembly.figure(made()).axes


def test_what_ran_away_everywhere_is_drawn_without_a_warning() -> None:
    lost = {name: values * np.nan if isinstance(values, np.ndarray) else values for name, values in made().items()}
    assembly.figure(lost).canvas.draw()


def test_amplitudes_are_in_the_unit_of_the_synapses() -> None:
    rule = assembly.adapted("triplet", SETTINGS)
    assert rule.values["A3_plus"] == pytest.approx(6.5e-3 * 5 * 0.02)
    assert rule.bounds == (0.0, 0.25)
    assert assembly.adapted("stdp_pair_multiplicative", SETTINGS).values["A_plus"] == pytest.approx(0.025)


def test_what_makes_no_sense_is_refused() -> None:
    for name, words in (("oja", "rates in steps"), ("clopath", "post.v"), ("calcium", "scale of its own")):
        with pytest.raises(ExperimentError, match=words):
            experiments.get("assembly").run(rules=[rules.get(name)()])
