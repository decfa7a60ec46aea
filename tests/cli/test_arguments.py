"""What is typed after a command: rules, numbers and assignments, never run."""

from __future__ import annotations

import contextlib

import pytest

from cofire import rules
from cofire.cli import arguments
from cofire.errors import CofireError, LanguageError, ParameterError
from cofire.units import Hz, ms, nS


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.05", 0.05),
        (" -1e-3 ", -1e-3),
        ("−2", -2.0),
        (".5", 0.5),
        ("20ms", 20 * ms),
        ("20*ms", 20 * ms),
        ("0.5 · nS", 0.5 * nS),
        ("3 Hz", 3 * Hz),
    ],
)
def test_numbers(text: str, value: object) -> None:
    assert arguments.number(text) == value


@pytest.mark.parametrize(
    "text", ["", "nan", "inf", "1.2.3", "2 parsec", "20*mss", "__import__('os')", "1+1", "ms", "0x1"]
)
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(ParameterError):
        arguments.number(text)


def test_a_unit_that_is_near_is_named() -> None:
    with pytest.raises(ParameterError, match="did you mean 'ms'"):
        arguments.number("20*mss")


def test_assignments() -> None:
    assert arguments.assignment("eta = a=b") == ("eta", "a=b")
    for text in ("eta", "=1", "eta=", ""):
        with pytest.raises(ParameterError, match="key=value"):
            arguments.assignment(text)


def test_a_catalogue_rule_with_and_without_numbers() -> None:
    assert arguments.rule("oja") == rules.oja()
    assert arguments.rule(" oja() ") == rules.oja()
    assert arguments.rule("oja(η=0.05)") == rules.oja(eta=0.05)
    assert arguments.rule("stdp_pair(tau_plus=10*ms, A_plus=0.02)") == rules.stdp_pair(tau_plus=10 * ms, A_plus=0.02)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ojja", "did you mean 'oja'"),
        ("oja(etta=1)", "did you mean 'eta'"),
        ("oja(self=1)", "'self' is not a parameter"),
        ("oja(bounds=1)", "'bounds' is not a parameter"),
        ("oja(eta=1, η=2)", "given twice"),
        ("oja(eta=-1)", "greater than 0"),
        ("oja(eta=exec)", "not a number"),
        ("oja(0.1)", "key=value"),
    ],
)
def test_a_catalogue_rule_that_is_refused(text: str, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        arguments.rule(text)


def test_equations_carry_their_parameters() -> None:
    rule = arguments.rule("Δw = η·x·y − w/τ; η = 0.5; tau = 20*ms")
    assert rule.text == "dw/dt = eta * pre * post - w / tau"
    assert rule.parameters == {"eta": 0.5, "tau": 20 * ms}
    assert arguments.rule("dw/dt = a * pre; a = -2 / second").values == {"a": -2.0}


def test_definitions_that_are_no_numbers_stay_definitions() -> None:
    rule = arguments.rule("dw/dt = eta * pre * (post - theta); theta = 2 * post; eta = 1")
    assert [name for name, _ in rule.equations.definitions] == ["theta"]
    own = arguments.rule("dw/dt = a * pre; ds/dt = pre - s; a = 2 * s")
    assert [name for name, _ in own.equations.definitions] == ["a"]  # s is a variable here, not a second


def test_a_name_without_a_value_says_what_to_write() -> None:
    with pytest.raises(ParameterError, match=r'eta and tau have no values; write ".*; eta = 0.1; tau = 0.1"'):
        arguments.rule("dw/dt = eta * trace(pre, tau)")
    with pytest.raises(ParameterError, match=r"a rule with signals or bounds runs from Python, cofire\.exper"):
        arguments.rule("dw/dt = reward * pre * post")


@pytest.mark.parametrize("word", ["self", "text", "bounds", "normalize", "signals", "origin"])
def test_words_that_rule_itself_takes(word: str) -> None:
    with pytest.raises(CofireError, match=word):
        arguments.rule_to_explain(f"dw/dt = {word} * pre", {}, ())
    with pytest.raises(CofireError):
        arguments.rule_to_explain(f"dw/dt = {word} * pre", {word: 1.0}, ())
    with contextlib.suppress(CofireError):  # a definition of that name, or refused
        assert arguments.rule(f"dw/dt = {word} * pre; {word} = 2").values == {}


@pytest.mark.parametrize(
    "text", ["__import__('os')", "dw/dt = (lambda: 1)()", "eval(x)", "", "w(t) = (eta)", "a\x00b", "("]
)
def test_hostile_text(text: str) -> None:
    with pytest.raises(CofireError):
        arguments.rule(text)
    with pytest.raises(CofireError):
        arguments.rule_to_explain(text, {}, ())


def test_explaining_needs_no_numbers() -> None:
    rule, filled = arguments.rule_to_explain("dw/dt = reward * eta * trace(pre, tau)", {"τ": 20 * ms}, ["reward"])
    assert filled == ["eta"]
    assert rule.signals == ("reward",)
    assert rule.values == {"eta": 1.0, "tau": 0.02}
    assert arguments.rule_to_explain("bcm", {"eta": 0.5}, ()) == (rules.bcm(eta=0.5), [])
    assert arguments.rule_to_explain("reward_stdp", {}, ["dopamine"])[0] == rules.reward_stdp()


def test_explaining_refuses_names_that_do_not_occur() -> None:
    with pytest.raises(ParameterError, match="did you mean 'eta'"):
        arguments.rule_to_explain("dw/dt = eta * pre", {"etta": 1.0}, ())
    with pytest.raises(ParameterError, match="'reward' is not a name of this rule"):
        arguments.rule_to_explain("dw/dt = eta * pre", {}, ["reward"])
    with pytest.raises(ParameterError, match="'reward' is not a signal"):
        arguments.rule_to_explain("oja", {}, ["reward"])
    with pytest.raises(LanguageError):
        arguments.rule_to_explain("dw/dt = eta * pre", {"os.system": 1.0}, ["'"])
