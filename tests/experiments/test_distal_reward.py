"""Late reward: who earns it, what dopamine does then, and that the verdicts follow the weights."""

from __future__ import annotations

import numpy as np
import pytest

from cofire import ExperimentError, experiments, rules
from cofire.experiments import distal_reward


def test_a_reward_is_earned_by_pre_before_post_within_20_ms_and_comes_late() -> None:
    cells = np.array([0, 0, 0, 1])
    pre, post = (cells, np.array([100, 500, 900, 100])), (cells, np.array([110, 521, 900, 105]))
    earned = distal_reward._earned(pre, post, np.random.default_rng(0))
    assert len(earned) == 1  # 10 ms after; 21 ms is too late, together is not before, and cell 1 is not the chosen one
    assert 1110 <= earned[0] < 3110


def test_dopamine_jumps_and_fades() -> None:
    level = distal_reward._dopamine(np.array([10, 5000]), 1000)
    np.testing.assert_allclose(level[[9, 10, 210]], [0.2, 50.2, 0.2 + 50 * np.exp(-1)], rtol=1e-12)


def test_the_chosen_synapse_stands_out_only_where_reward_is_earned() -> None:
    small = distal_reward.Settings(minutes=20, synapses=5, animals=2)
    result = experiments.get("distal_reward").run(small, rules=["reward_stdp"], seed=1)
    earned, random = result.data["weights"][0, :, :, 0]
    assert (earned > random).all()
    verdicts = {finding.phenomenon: finding.verdict for finding in result.findings}
    assert verdicts["late reward finds its synapse"] == "reproduced"
    swapped = {**result.data, "weights": result.data["weights"][:, :, :, ::-1]}  # another synapse is the chosen one
    assert distal_reward.findings(swapped)[0].verdict == "not reproduced"


def test_what_makes_no_sense_is_refused() -> None:
    for name, words in (("oja", "rates in steps"), ("clopath", "variables of cells")):
        with pytest.raises(ExperimentError, match=words):
            experiments.get("distal_reward").run(rules=[rules.get(name)()])
