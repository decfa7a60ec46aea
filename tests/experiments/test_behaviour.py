"""The behavioural experiments: what comes out, why, and that a broken rule turns the verdicts."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from matplotlib.figure import Figure

from cofire import ExperimentError, Rule, experiments, rules
from cofire.experiments import Result, _memory, context, forgetting, habit, spacing, typing
from cofire.experiments._opponents import Animal

SMALL: dict[str, dict[str, object]] = {
    "breaking_a_habit": {},
    "conditioning_in_time": {},
    "context": {"studies": 20},
    "fear": {},
    "forgetting": {},
    "habit": {},
    "spacing": {"gaps": 16},
    "testing_effect": {},
    "typing": {},
}
# The findings of each rule, in order: y reproduced, n not reproduced, - does not apply.
EXPECTED = {
    "breaking_a_habit": {"opponent": "-yyyy", "delta": "-yyny", "hebb": "-nnnn", "hebb_with_decay": "-nnnn"},
    "conditioning_in_time": {"temporal_difference": "yynnn", "opponent": "nnyyy", "delta": "nnnnn"},
    "context": {"hebb": "yy--"},
    "fear": {"salient_hebb": "yyyy", "hebb": "nynn", "hebb_with_decay": "nnnn"},
    "forgetting": {"multiscale": "-yyy", "hebb_with_decay": "-nnn", "hebb": "-nnn", "delta": "-nnn"},
    "habit": {"instar": "-yny", "hebb": "-nnn", "hebb_with_decay": "-ynn"},
    "spacing": {"multiscale": "yyyn", "hebb_with_decay": "nnnn", "delta": "nnnn"},
    "testing_effect": {"multiscale": "yyyy", "hebb_with_decay": "nnny", "hebb": "nnny"},
    "typing": {"delta": "yy-yy", "hebb": "yy-ny"},
}
SIGNS = {"reproduced": "y", "not reproduced": "n", "does not apply": "-"}


@cache
def result(name: str) -> Result:
    experiment = experiments.get(name)
    return experiment.run(experiment.settings(SMALL[name]))


def verdicts(found: Result) -> dict[str, str]:
    signs = "".join(SIGNS[finding.verdict] for finding in found.findings)
    each = len(signs) // len(found.rules)
    return {name: signs[each * r : each * (r + 1)] for r, name in enumerate(found.data["rules"])}


def with_rule(name: str, rule: Rule | str, **changes: object) -> str:
    """The verdicts on one rule."""
    experiment = experiments.get(name)
    found = experiment.run(experiment.settings(SMALL[name] | changes), rules=[rule])
    return next(iter(verdicts(found).values()))


@pytest.mark.parametrize("name", SMALL)
def test_what_comes_out(name: str) -> None:
    assert verdicts(result(name)) == EXPECTED[name]


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("text", ["dw/dt = 0 * pre * post", "dw/dt = -0.05 * pre * post"])
def test_a_rule_that_does_not_strengthen_reproduces_nothing(name: str, text: str) -> None:
    assert "y" not in with_rule(name, Rule(text))


@pytest.mark.parametrize("name", SMALL)
def test_a_rule_that_runs_away_is_a_result_and_can_be_drawn(name: str) -> None:
    experiment = experiments.get(name)
    found = experiment.run(experiment.settings(SMALL[name]), rules=[Rule("dw/dt = 1e300 * pre * post + 1e300 * w * w")])
    assert "y" not in verdicts(found).popitem()[1]
    assert isinstance(found.figure, Figure)


@pytest.mark.parametrize("name", SMALL)
def test_the_figure_is_drawn_from_the_data(name: str) -> None:
    assert len(result(name).figure.axes) >= 2


@pytest.mark.parametrize("name", SMALL)
def test_rules_that_make_no_sense_are_refused(name: str) -> None:
    for rule in (rules.stdp_pair(), rules.storkey(), rules.reward_stdp()):
        with pytest.raises(ExperimentError, match=rule.name):
            experiments.get(name).run(rules=[rule])


@pytest.mark.parametrize("name", ["context", "habit", "spacing", "testing_effect", "typing"])
def test_the_seed_decides(name: str) -> None:
    experiment = experiments.get(name)
    quick = {"typing": {"keystrokes": 500}, "context": {"studies": 10}}.get(name, {})
    runs = [
        experiment.run(experiment.settings(quick), rules=[experiment.module.RULES[0]], seed=seed) for seed in (3, 3, 4)
    ]
    first, same, other = ([finding.measured for finding in run.findings] for run in runs)
    assert first == same != other


def test_a_rule_with_four_equal_timescales_is_one_with_decay() -> None:
    """w = f1 + f2 + f3 + f4 falls as exp(-t / tau), to the error of steps that last a hundredth of the time gone by."""
    rule = rules.multiscale(**{f"tau_{k}": 10.0 for k in (1, 2, 3, 4)})
    begun = _memory.study(rule, _memory.blank(), 1.0)
    times = [1.0, 10.0, 30.0]
    for time, (w, state) in zip(times, _memory.silence(rule, begun, times, 0.01, 1.0, 0.01), strict=True):
        traces = sum(state[f"f_{k}"] for k in (1, 2, 3, 4))
        first = sum(begun[1][f"f_{k}"].item() for k in (1, 2, 3, 4))
        np.testing.assert_allclose(traces, first * np.exp(-time / 10.0), rtol=1e-12)  # exact, whatever the steps
        np.testing.assert_allclose(w - begun[0], traces - first, atol=0.01 * first)


def test_memories_are_stacked_with_what_the_rule_remembers() -> None:
    rule = rules.multiscale()
    one = _memory.study(rule, _memory.blank(), 1.0)
    two = _memory.study(rule, one, 1.0)
    w, state = _memory.study(rule, _memory.stacked(rule, [one, two]), 1.0)
    for row, alone in enumerate((one, two)):
        expected, kept = _memory.study(rule, alone, 1.0)
        np.testing.assert_allclose(w[row], expected[0], rtol=1e-15)
        np.testing.assert_allclose(state["f_2"][row], kept["f_2"][0], rtol=1e-15)


@pytest.mark.parametrize(("key", "values"), [("tau", (9.0, 20.0)), ("ratio", (40.0, 120.0))])
def test_forgetting_was_fitted_to_ebbinghaus(key: str, values: tuple[float, float]) -> None:
    settings = forgetting.Settings()
    numbers = [*values, getattr(settings, key)]
    off = []
    for value in numbers:
        rule = forgetting.power_like(
            settings.rate / forgetting.TRIAL,
            value if key == "tau" else settings.tau,
            value if key == "ratio" else settings.ratio,
            weaker=1.0,
        )
        off.append(forgetting.rms(forgetting._curve(rule, settings)[1], forgetting.SAVINGS["Ebbinghaus"]))
    assert off[2] < min(off[:2])


def test_one_time_constant_does_no_better_than_its_fit() -> None:
    best = [
        forgetting.rms(forgetting._curve(forgetting.adapted("hebb_with_decay", s), s)[1], _EBBINGHAUS) for s in _TAUS
    ]
    assert np.argmin(best) == 1
    assert best[1] > 0.25


_EBBINGHAUS = forgetting.SAVINGS["Ebbinghaus"]
_TAUS = [forgetting.Settings(tau_single=tau) for tau in (40.0, forgetting.Settings().tau_single, 100.0)]


def test_forgetting_hardly_depends_on_the_steps_of_silence() -> None:
    coarse, fine = (forgetting.Settings(growth=growth) for growth in (0.05, 0.01))
    rule = forgetting.adapted("multiscale", coarse)
    np.testing.assert_allclose(forgetting._curve(rule, coarse)[1], forgetting._curve(rule, fine)[1], atol=0.015)


def test_without_forgetting_that_slows_there_is_no_best_gap() -> None:
    """An error and one time constant cancel exactly: session 2 mends just what the gap has cost."""
    rule = Rule("dw/dt = eta * pre * (post.target - post) - w / tau", eta=0.5 / spacing.TRIAL, tau=30.0)
    strength = spacing._tested(rule, np.array([0.005, 1.0, 10.0, 100.0]), spacing.Settings())
    assert np.ptp(strength, axis=1).max() < 0.01 * strength.max()


def test_best_gaps_are_between_the_gaps() -> None:
    gaps = np.concatenate([[0.005], np.geomspace(0.5, 105, 40)])
    hill = 2 - (np.log(gaps) - np.log(9.0)) ** 2 / 100
    slope = 2 - np.log(gaps / 0.005) / 20
    np.testing.assert_allclose(spacing.best_gaps(gaps, np.array([hill, slope])), [9.0, 0.0], rtol=0.02)


def test_the_curve_of_a_habit_is_found_again() -> None:
    day = np.arange(1.0, 85.0)
    at, quality = habit.nearly_complete(2.0 - 1.5 * np.exp(-0.05 * day))
    assert at == pytest.approx(np.log(1.5 / 0.1) / 0.05, rel=1e-3)
    assert quality == pytest.approx(1.0)
    assert np.isnan(habit.nearly_complete(1.0 - 0.01 * day)).all()


def test_a_day_of_a_habit_mends_a_part_of_what_is_missing() -> None:
    kept = habit.practised(rules.instar(eta=0.1), np.array([1.0, 0.5]), missed=2)
    np.testing.assert_allclose(kept[:4, 0], [0.0, 0.1, 0.19, 0.19])
    np.testing.assert_allclose(kept[:4, 1], [0.0, 0.05, 0.0975, 0.0975])


def test_fear_needs_a_shock_that_is_striking() -> None:
    assert with_rule("fear", "salient_hebb", salience=2.0) == "nnnn"  # intact rats forget such a shock as well


def test_rats_without_amygdala_must_forget_what_intact_rats_keep() -> None:
    assert with_rule("fear", "hebb_with_decay") == "nnnn"  # which forgets with it, too


def test_inhibition_that_does_not_fade_brings_nothing_back() -> None:
    assert with_rule("conditioning_in_time", "opponent", fading=1e9) == "nnnyn"
    assert with_rule("breaking_a_habit", "opponent", fading=1e9) == "-yyny"


def test_an_animal_learns_excitation_and_inhibition_apart() -> None:
    animal = Animal(rules.opponent(eta=0.1), 1, ("here", "there"), fading=1e9)
    animal.trial("here", reward=[1.0], free=[False])  # 0.1 to the cue, 0.1 to the cue here
    np.testing.assert_allclose([animal.response("here"), animal.response("there")], [[0.2], [0.1]])
    animal.trial("here", reward=[0.0], free=[False])  # inhibition: 0.1 * 0.2, here only
    np.testing.assert_allclose([animal.response("here"), animal.response("there")], [[0.18], [0.1]])


def test_time_without_eligibility_or_discount_has_no_best_interval() -> None:
    assert with_rule("conditioning_in_time", "temporal_difference", gamma=1.0)[0] == "n"
    assert with_rule("conditioning_in_time", "temporal_difference", tau_e=5.0)[0] == "n"


def test_recalling_no_stronger_than_reading_turns_the_testing_effect() -> None:
    assert with_rule("testing_effect", "multiscale", recalling=1.0)[:3] == "nnn"


def test_without_the_place_there_is_no_context_effect() -> None:
    assert with_rule("context", "hebb", place=0.0)[0] == "n"
    advantage = context.same_over_other(context.PUBLISHED)
    assert advantage == pytest.approx((13.5 + 11.4 - 8.6 - 8.4) / 2)


def test_the_text_is_typed_on_the_touch_typists_keys() -> None:
    zen = typing.text()
    assert zen.startswith("thezenofpython,bytimpetersbeautifulisbetterthanugly.")
    assert len(zen) > 600
    assert (typing.KEYS["q"], typing.KEYS["f"], typing.KEYS["n"], typing.KEYS["p"]) == ((0, 0), (3, 1), (5, 2), (9, 0))
    np.testing.assert_array_equal(np.flatnonzero(typing._answer("f")), [3, 11])


def test_people_who_are_alike_have_no_mean_like_a_power() -> None:
    experiment = experiments.get("typing")
    for people, power in (({}, True), ({"spread": 0.0}, False)):
        data = experiment.run(experiment.settings(people), rules=["delta"]).data
        mean = typing.series(data["typed"], data["times"][0]).mean(axis=(0, 1))[None]
        assert (typing.fitted(mean, "power")[1] < typing.fitted(mean, "exponential")[1]) == power


def test_the_better_curve_is_found() -> None:
    n = np.arange(1.0, 200.0)
    falling = np.stack([0.3 + np.exp(-0.05 * n), 0.3 + n**-0.5])
    exponential, power = (typing.fitted(falling, kind)[1] for kind in ("exponential", "power"))
    assert exponential[0] < 0.05 * power[0]
    assert power[1] < 0.05 * exponential[1]


@pytest.mark.parametrize("name", SMALL)
def test_settings_say_where_they_come_from(name: str) -> None:
    for key, _, _, meaning, _ in experiments.get(name).describe_settings():
        assert any(word in meaning for word in ("ours", "fitted", "literature", "source")), key


def test_catalogue_rules_run_with_other_numbers_or_are_refused() -> None:
    for name in SMALL:
        module = experiments.get(name).module
        fit = {rule for rule in rules.names() if module.unsuitable(rules.get(rule)()) is None}
        assert set(module.RULES) <= fit
        for rule in fit:
            assert module.adapted(rule, module.Settings()).text == rules.get(rule)().text
