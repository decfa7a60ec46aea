"""Consolidation: what a tetanus and an hour do, and that the verdicts follow the weights."""

from __future__ import annotations

import numpy as np
import pytest

from cofire import ExperimentError, experiments, rules
from cofire.experiments import consolidation

SMALL = consolidation.Settings(cells=2)


def cells(rule: str = "tagging_and_capture", **changes: float) -> consolidation._Cells:
    return consolidation._Cells(rules.get(rule)(**changes), SMALL, seed=0)


def test_silence_fades_early_change_and_reads_at_the_hours_asked_for() -> None:
    some = cells()
    w, state = some._blank(1)
    memory = (w + 0.1, {**state, "h": state["h"] + 0.1})
    course = [w[0, 0] - 1 for w, _ in some._silence(memory, [0.5, 2.0], gone=600.0)]
    tau = 688.4 / 0.1
    np.testing.assert_allclose(course, 0.1 * np.exp(-np.array([1200.0, 6600.0]) / tau), rtol=0.02)


def test_proteins_come_from_one_pathway_and_capture_on_the_other() -> None:
    some = cells()
    w, state = some._blank(2)
    strong = {**state, "h": np.array([[0.9, 0.3]])}
    ((_, after),) = some._silence((w, strong), [1.0])
    assert after["p"].min() > 0.6
    assert (after["z"] > 0.2).all()
    ((_, alone),) = some._silence((w, {**state, "h": np.array([[0.0, 0.3]])}), [1.0])
    assert (alone["z"] == 0).all()


def test_spikes_are_given_whole_and_only_to_the_pathway_in_use() -> None:
    some = cells(tau_c=3600 * consolidation.second)
    _, state = some._tetanus(some._blank(2), 1, 1.0, 50.0, key=0)
    post, pre = state["c"][0, 0], state["c"][0, 1] - state["c"][0, 0]
    assert pre == pytest.approx(100, abs=30)
    assert post / 0.2758 == pytest.approx(50, abs=21)


def test_a_cell_that_makes_no_proteins_keeps_nothing() -> None:
    blocked = rules.tagging_and_capture(alpha=0.0)
    result = experiments.get("consolidation").run(SMALL, rules=[blocked])
    verdicts = {finding.phenomenon: finding.verdict for finding in result.findings}
    assert verdicts["weak change fades"] == "reproduced"
    for lost in ("hours after a tetanus", "strong change lasts", "rescue, weak comes first", "rescue has an end"):
        assert verdicts[lost] == "not reproduced"


def test_verdicts_follow_the_data() -> None:
    result = experiments.get("consolidation").run(SMALL, rules=["hebb_with_decay"], seed=1)
    data = {**result.data, "strong": np.full_like(result.data["strong"], 0.5)}
    before, after = (
        {finding.phenomenon: finding.verdict for finding in found}
        for found in (result.findings, consolidation.findings(data))
    )
    assert (before["strong change lasts"], after["strong change lasts"]) == ("not reproduced", "reproduced")
    assert after["proteins are needed"] == "reproduced"


def test_what_makes_no_sense_is_refused() -> None:
    for name, words in (("clopath", "post.v"), ("reward_stdp", "dopamine"), ("kohonen", "neighbourhood")):
        with pytest.raises(ExperimentError, match=words):
            experiments.get("consolidation").run(rules=[rules.get(name)()])
