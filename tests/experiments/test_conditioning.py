"""The delta rule against the literature and against a Rescorla-Wagner model of ten lines; what plain Hebb cannot do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cofire import Rule, experiments, rules
from cofire.errors import ExperimentError
from cofire.experiments._phenomena import PHENOMENA, Phenomenon, schedule
from cofire.experiments.conditioning import Settings, adapted, course, findings, short, unsuitable

EXPERIMENT = experiments.get("conditioning")
SHOWN = {
    "acquisition",
    "extinction",
    "salience",
    "blocking",
    "overshadowing",
    "conditioned inhibition",
    "US pre-exposure",
    "contingency",
    "renewal, context seen",
}
FAILED = {
    "renewal, unseen",
    "spontaneous recovery",
    "savings",
    "latent inhibition",
    "second order",
    "backward blocking",
    "negative patterning",
}


def shown(rule: Rule | str, seed: int = 0, **settings: object) -> set[str]:
    data = EXPERIMENT.run(Settings(**settings), rules=[rule], seed=seed).data
    return {phenomenon.name for phenomenon, yes in zip(PHENOMENA, data["shown"][:, 0], strict=True) if yes}


def the(name: str) -> Phenomenon:
    return next(phenomenon for phenomenon in PHENOMENA if phenomenon.name == name)


def rescorla_wagner(trials: tuple[str, ...], stimuli: str, alpha: dict[str, float], beta: float) -> np.ndarray:
    """V of each stimulus before the first trial and after each, with λ = 1."""
    v = dict.fromkeys(stimuli, 0.0)
    history = [list(v.values())]
    for trial in trials:
        error = (1.0 if trial[-1] == "+" else 0.0) - sum(v[s] for s in trial[:-1])
        for s in trial[:-1]:
            v[s] += alpha[s] * beta * error
        history.append(list(v.values()))
    return np.array(history)


@pytest.mark.parametrize(("rate", "seed"), [(0.1, 0), (0.1, 1), (0.2, 2), (0.3, 3)])
def test_delta_does_what_rescorla_and_wagner_do_in_the_literature(rate: float, seed: int) -> None:
    assert {p.name for p in PHENOMENA} == SHOWN | FAILED
    assert shown("delta", seed, rate=rate) == SHOWN


@pytest.mark.parametrize(
    ("design", "alpha"),
    [
        ("20 A+ / 20 AB+, 20 CD+", dict.fromkeys("ABCDXYZ", 1.0)),
        ("40 A+, 40 AX- / 10 BX+ / 5 Z+ / 5 -", dict(zip("ABCDXYZ", (0.5, 0.1, 1, 1, 0.7, 1, 0.3), strict=True))),
    ],
)
def test_delta_is_the_model_of_rescorla_and_wagner(design: str, alpha: dict[str, float]) -> None:
    walked = course(rules.delta(eta=0.2), design, np.random.default_rng(4), salience=alpha)
    model = rescorla_wagner(walked.trials, "ABCDXYZ", alpha, beta=0.2)
    for i, stimulus in enumerate("ABCDXYZ"):
        np.testing.assert_allclose(walked.curve(stimulus), model[:, i], rtol=0, atol=1e-12)  # a hundred sums of order 1
    assert np.abs(model[-1]).max() > 0.3


def test_hebb_cannot_block_or_extinguish_but_conditions_at_second_order() -> None:
    found = shown("hebb")
    assert not {"acquisition", "extinction", "blocking", "overshadowing", "conditioned inhibition"} & found
    assert "second order" in found


def test_hebb_grows_as_its_equation_says() -> None:
    """With A alone and food, V grows by η (V + 1) each trial; without food by η V."""
    walked = course(rules.hebb(eta=0.1), "20 A+ / 30 A-", np.random.default_rng(0))
    assert walked.v("A", 0) == pytest.approx(1.1**20 - 1, rel=1e-12)
    assert walked.v("A") == pytest.approx((1.1**20 - 1) * 1.1**30, rel=1e-12)


def test_a_cell_clamped_by_food_learns_without_runaway_and_without_second_order() -> None:
    walked = course(rules.hebb(eta=0.1), "20 A+ / 30 A-", np.random.default_rng(0), cell="clamped")
    assert walked.v("A", 0) == walked.v("A") == pytest.approx(2.0)
    assert "second order" not in shown("hebb", cell="clamped")


def test_a_rule_that_hardly_learns_shows_nothing() -> None:
    assert shown(rules.delta(eta=1e-6)) == set()


def test_a_rule_that_is_wrong_loses_the_literature() -> None:
    anti = Rule("dw/dt = -eta * pre * (post.target - post)", eta=0.1)
    assert "acquisition" not in shown(anti)
    per_stimulus = Rule("dw/dt = eta * pre * (post.target - w)", eta=0.1)  # each stimulus for itself: no competition
    assert not {"blocking", "overshadowing", "US pre-exposure"} & shown(per_stimulus)
    assert {"acquisition", "extinction"} <= shown(per_stimulus)


def test_weights_that_run_away_are_a_result_and_not_an_error() -> None:
    result = EXPERIMENT.run(rules=[Rule("dw/dt = 100 * pre * post**3 + 0 * w")])
    assert not result.data["shown"].any()
    assert {f.measured for f in result.findings} == {"the weights ran away, or the rule had no finite value"}
    assert result.figure.axes


def test_only_the_first_line_judges_the_literature_and_the_others_the_animal() -> None:
    data = EXPERIMENT.run(rules=["delta", "hebb"]).data
    whole, *rows, hebb = findings(data)
    assert (whole.verdict, whole.measured) == ("reproduced", "16 of 16 phenomena alike")
    assert [f.verdict == "reproduced" for f in rows] == [p.name in SHOWN for p in PHENOMENA]
    assert (hebb.verdict, hebb.measured) == ("not reproduced", "2 of 16: salience; second order")
    data["shown"][3, 0] = False  # had blocking failed
    assert findings(data)[0].verdict == "not reproduced"


def test_the_same_seed_gives_the_same_animals() -> None:
    one, same, other = (EXPERIMENT.run(rules=["delta"], seed=seed).data["number"] for seed in (5, 5, 6))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_pairs_are_counterbalanced() -> None:
    design = "20 A+ / 20 AB+, 20 CD+ / 17 AZ+, 13 AZ-"
    first, ends = schedule(design, np.random.default_rng(1), mirrored=False)
    second, _ = schedule(design, np.random.default_rng(1), mirrored=True)
    assert ends == (20, 60, 90)
    assert [{"AB+": "CD+", "CD+": "AB+"}[trial] for trial in first[20:60]] == list(second[20:60])
    assert first[60:] == second[60:]  # unequal numbers have no mirror image
    assert (first[60:].count("AZ+"), first[60:].count("AZ-")) == (17, 13)


def test_recovery_counts_only_after_extinction() -> None:
    holds = the("spontaneous recovery").holds
    assert holds({"V back": 0.3, "extinguished": 0.1, "acquired": 0.9})
    assert not holds({"V back": 0.3, "extinguished": 0.6, "acquired": 0.9})
    assert not holds({"V back": 0.01, "extinguished": 0.1, "acquired": 0.9})


def test_every_catalogue_rule_either_runs_or_is_refused_with_a_reason() -> None:
    fit = {name for name in rules.names() if unsuitable(rules.get(name)()) is None}
    assert set(EXPERIMENT.module.RULES) <= fit
    assert not fit & {"stdp_pair", "reward_stdp", "competitive", "foldiak", "storkey"}
    for name in fit:
        adapted(name, Settings(rate=0.2))
    with pytest.raises(ExperimentError, match="reward_stdp"):
        EXPERIMENT.run(rules=[rules.reward_stdp()])


def test_only_rules_given_by_name_are_put_on_the_scale_of_trials() -> None:
    assert adapted("hebb", Settings(rate=0.2)).values == {"eta": 0.2}
    assert EXPERIMENT.run(rules=["hebb"]).rules == (rules.hebb(eta=0.1),)
    mine = rules.hebb(eta=0.01)
    assert EXPERIMENT.run(rules=[mine]).rules == (mine,)
    gained = [EXPERIMENT.run(rules=[rules.hebb(eta=eta)]).data["number"][0, 0] for eta in (0.01, 0.011)]
    assert gained[0] < gained[1] < 2 * gained[0]


def test_numbers_are_short() -> None:
    values = [0.126, -0.001, -12.34, 303.4, -4e7, float("nan")]
    assert [short(value) for value in values] == ["0.13", "0.00", "-12.3", "303", "-10^7", "ran away"]


def test_the_figure_says_what_the_data_say(tmp_path: Path) -> None:
    result = EXPERIMENT.run(rules=["delta", "hebb"])
    figure = result.figure
    figure.savefig(tmp_path / "conditioning.png")
    left, table = figure.axes[:2], figure.axes[-1]
    assert [ax.get_title(loc="left") for ax in left] == [
        "Blocking, delta: B is blocked by A",
        "Blocking, hebb: B is not blocked by A",
    ]
    marks = [text.get_text() for text in table.texts]
    assert marks.count("✓") == int(result.data["shown"].sum()) + len(SHOWN)
    np.testing.assert_array_equal(left[0].lines[0].get_ydata(), result.data["blocking A"][0])


def test_a_rule_without_a_value_for_silent_inputs_is_a_result_and_not_an_error() -> None:
    data = EXPERIMENT.run(rules=[Rule("dw/dt = eta * post * (pre / sum_pre(pre) - w)", eta=0.1)]).data
    without = [detail for (detail,) in data["details"] if "no finite value" in detail]
    assert 0 < len(without) < len(PHENOMENA)  # only where a trial shows nothing
