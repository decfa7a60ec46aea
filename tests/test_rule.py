"""The rule as an object: made, compared, printed, kept, changed; and explained at once, however it was written."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import time
from collections.abc import Callable
from string import ascii_lowercase
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cofire
from cofire import CofireError, DimensionError, LanguageError, ParameterError, Rule, rules, units
from cofire.language.algebra import names
from cofire.language.text import to_text
from cofire.language.tree import Expr
from cofire.units import Hz, Quantity, ms, mV, nS, second
from strategies import expressions

SCOPE = {"Rule": Rule, **vars(units)}
STDP = "dw/dt = A_plus * trace(pre, tau_plus) * post - A_minus * trace(post, tau_minus) * pre"


def stdp(**changes: Any) -> Rule:
    return Rule(STDP, **{"A_plus": 0.01, "A_minus": 0.012, "tau_plus": 20 * ms, "tau_minus": 30 * ms, **changes})


# Made


def test_the_textbook_rule_simply_works() -> None:
    rule = Rule("Δw = η × x × y", η=0.1)
    assert rule == Rule("dw/dt = eta * pre * post", eta=0.1)
    assert rule.text == str(rule) == "dw/dt = eta * pre * post"
    assert dict(rule.parameters) == rule.values == {"eta": 0.1}
    assert (rule.name, rule.signals, rule.bounds, rule.normalize) == (None, (), None, None)
    assert rule.delta(0.5, pre=2.0, post=3.0) == pytest.approx(0.6)
    assert rule.latex() == r"\frac{dw}{dt} = \eta\,\mathrm{pre}\,\mathrm{post}"
    assert rule._repr_latex_() == f"$${rule.latex()}$$"
    assert rule.mathml().startswith("<math")
    assert str(rule.explain()).startswith(rule.text)
    assert "your own" in rule.cite()


def test_the_text_may_be_given_by_name() -> None:
    assert Rule(text="dw/dt = pre * post") == Rule("dw/dt = pre * post")


def test_parameters_keep_their_units_and_have_values_in_si() -> None:
    rule = stdp(bounds=(0, 1))
    assert dict(rule.parameters) == {"A_plus": 0.01, "tau_plus": 20 * ms, "A_minus": 0.012, "tau_minus": 30 * ms}
    assert rule.values == {"A_plus": 0.01, "tau_plus": 0.02, "A_minus": 0.012, "tau_minus": 0.03}
    assert rule.bounds == (0.0, 1.0)
    assert rule.is_timed
    assert not Rule("dw/dt = g * x * y", g=1 * nS, bounds=(0, 5 * nS)).is_timed
    assert Rule("dw/dt = g * x * y", g=1 * nS, bounds=(0, 5 * nS)).bounds == (0.0, 5e-9)


def test_parameters_and_signals_stand_in_the_order_of_the_text() -> None:
    rule = Rule("dw/dt = b * r * x + a * q * y", signals=["q", "r"], a=1, b=2)
    assert list(rule.parameters) == ["b", "a"]
    assert rule.signals == ("r", "q")


@pytest.mark.parametrize("signals", ["reward", ("reward",), ["reward"], {"reward"}, frozenset({"reward"})])
def test_signals_may_be_a_name_or_several(signals: Any) -> None:
    assert Rule("dw/dt = reward * x", signals=signals).signals == ("reward",)


def test_a_signal_may_be_greek() -> None:
    assert Rule("dw/dt = δ * x", signals="δ").signals == ("delta",)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"signals": None}, "signals = None is refused: it must be a name such as 'reward', or several"),
    ({"signals": 3}, "signals = 3 is refused: it must be a name such as 'reward', or several"),
    ({"signals": ["a", 3]}, "signals = ['a', 3] is refused: it must be a name such as 'reward', or several"),
    ({"signals": "a, b"}, "the signal 'a, b' is not one name; several are signals=('reward', 'novelty')"),
    ({"signals": ["a", ""]}, "the signal '' is not one name; several are signals=('reward', 'novelty')"),
    ({"normalize": "L2"}, "normalize = 'L2' is refused: it must be 'l1', 'l2' or None"),
    ({"normalize": 2}, "normalize = 2 is refused: it must be 'l1', 'l2' or None"),
    ({"normalize": np.array([1, 2])}, "normalize = array([1, 2]) is refused: it must be 'l1', 'l2' or None"),
    ({"bounds": (1, 0)}, "bounds = (1, 0) is upside down: the lower must be less than the upper"),
    (
        {"bounds": np.array([0, 1])},
        "bounds = array([0, 1]) is refused: it must be (low, high); None leaves an end open",
    ),
    ({"origin": "me"}, "origin = 'me' is refused: the catalogue sets it; leave it out"),
    ({"eta": None}, "eta = None is not a real number"),
    ({"eta": "0.1"}, "eta = '0.1' is text, not a number"),
    ({"eta": [0.1]}, "eta = [0.1] is not one number; what differs from cell to cell is pre.NAME or post.NAME"),
    ({"eta": float("nan")}, "eta = nan is refused: it must be a finite number"),
    ({"self": 1}, "'self' is a word of the language and cannot be a parameter or a signal"),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED)
def test_what_a_rule_cannot_be_made_with_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError) as caught:
        Rule("dw/dt = eta * x * y", **{"eta": 1, **arguments})
    assert str(caught.value) == message


def test_strange_names_of_parameters_are_refused() -> None:
    for name in ("a b", "", "1", "\N{RIGHT-TO-LEFT OVERRIDE}", "'", "\x00", "a\n"):
        with pytest.raises(CofireError):
            Rule("dw/dt = x * y", **{name: 1})


@pytest.mark.parametrize(
    "arguments",
    [{"tau_plus": 20}, {"tau_plus": 20 * mV}, {"A_plus": 1 * ms}, {"bounds": (0, 1 * mV)}, {"bounds": (1, 2 * nS)}],
)
def test_units_are_checked(arguments: dict[str, Any]) -> None:
    with pytest.raises(DimensionError):
        stdp(**arguments)


# Compared


def test_rules_are_equal_that_learn_the_same() -> None:
    rule = Rule("dw/dt = a * x - b * y", a=1, b=2, bounds=(0, None))
    same = [
        Rule("Δw = a·x − b·y", b=2.0, a=np.float32(1), bounds=[0.0, float("inf")]),
        Rule("dw/dt = a * pre - b * post  # with a comment", a=1, b=2, bounds=(0, None)),
    ]
    for other in same:
        assert other == rule
        assert hash(other) == hash(rule)
    assert rules.oja(eta=0.5) == Rule(rules.oja.equation, eta=0.5)
    assert stdp() == stdp(tau_plus=0.02 * second)


@pytest.mark.parametrize(
    "changes",
    [{"A_plus": 0.02}, {"tau_plus": 21 * ms}, {"bounds": (0, 1)}, {"bounds": (None, 1)}, {"normalize": "l2"}],
)
def test_rules_differ_that_learn_differently(changes: dict[str, Any]) -> None:
    assert stdp(**changes) != stdp()
    assert len({stdp(), stdp(**changes), stdp()}) == 2


def test_a_rule_is_nothing_but_a_rule() -> None:
    assert Rule("dw/dt = x") != "dw/dt = x"
    assert Rule("dw/dt = x") != Rule("dw/dt = y")
    assert Rule("dw/dt = a", a=1) != Rule("dw/dt = a", signals="a")


# Immutable


@pytest.mark.parametrize(
    "name", ["equations", "bounds", "normalize", "signals", "origin", "_parameters", "eta", "text"]
)
def test_nothing_can_be_set_or_deleted(name: str) -> None:
    rule = Rule("dw/dt = eta * x", eta=1)
    with pytest.raises(AttributeError):
        setattr(rule, name, 5)
    with pytest.raises(AttributeError):
        delattr(rule, name)
    assert rule == Rule("dw/dt = eta * x", eta=1)


def test_what_it_hands_out_cannot_change_it() -> None:
    rule = Rule("dw/dt = eta * x", eta=1)
    with pytest.raises(TypeError):
        rule.parameters["eta"] = 5  # type: ignore[index]
    rule.values["eta"] = 5
    assert rule.values == {"eta": 1.0}
    with pytest.raises(dataclasses.FrozenInstanceError):
        rule.equations.weight = None  # type: ignore[misc, assignment]


# Printed and kept


def round_trips(rule: Rule) -> None:
    """Prints, reads, copies and pickles `rule`, and looks at it in every other way there is."""
    for again in (
        eval(repr(rule), SCOPE),  # noqa: S307
        pickle.loads(pickle.dumps(rule)),
        copy.copy(rule),
        copy.deepcopy(rule),
        rule.with_(),
    ):
        assert again == rule
        assert hash(again) == hash(rule)
        assert repr(again) == repr(rule)
    for shown in (str(rule), rule.latex(), rule.mathml(), str(rule.explain())):
        assert shown


@pytest.mark.parametrize("name", rules.names())
def test_every_rule_of_the_catalogue_survives(name: str) -> None:
    rule = rules.get(name)()
    round_trips(rule)
    assert pickle.loads(pickle.dumps(rule)).origin == rule.origin
    assert copy.deepcopy(rule).cite() == rule.cite()


@pytest.mark.parametrize(
    ("rule", "printed"),
    [
        (Rule("Δw = η·x·y", η=0.1), "Rule('dw/dt = eta * pre * post', eta=0.1)"),
        (
            Rule("dw/dt = r * x", signals="r", bounds=(0, None), normalize="l1"),
            "Rule('dw/dt = r * pre', bounds=(0.0, None), normalize='l1', signals=('r',))",
        ),
        (
            Rule("dw/dt = g * nearest(x, tau) * y", g=0.1 * nS, tau=20 * ms, bounds=(-5 * nS, np.float64(0))),
            "Rule('dw/dt = g * nearest(pre, tau) * post', bounds=(-5*nS, 0.0), g=0.1*nS, tau=20*ms)",
        ),
        (Rule("dw/dt = e\nde/dt = x"), r"Rule('dw/dt = e\nde/dt = pre')"),
    ],
)
def test_repr_is_what_one_would_type(rule: Rule, printed: str) -> None:
    assert repr(rule) == printed
    round_trips(rule)


PLAIN = expressions(("eta", "theta"), max_depth=5)


@settings(max_examples=60)
@given(
    PLAIN,
    st.sampled_from([None, (0, 1), (None, 0.5)]),
    st.sampled_from([None, "l1", "l2"]),
    st.floats(1e-3, 1e3).map(lambda value: value * Hz) | st.floats(-1e300, 1e300),
)
def test_any_rule_survives(expression: Expr, bounds: Any, normalize: Any, eta: float | Quantity) -> None:
    given = {"eta": eta, "theta": 2, "tau": 5, "tau_plus": 1}
    used = names(expression)
    try:
        rule = Rule(
            f"dw/dt = {to_text(expression)}",
            bounds=bounds,
            normalize=normalize,
            **{name: value for name, value in given.items() if name in used},
        )
    except DimensionError:
        return
    round_trips(rule)


# Changed


def test_with_other_numbers() -> None:
    rule = stdp(bounds=(0, 1))
    assert rule.with_() == rule
    assert rule.with_(A_plus=0.5, tau_plus=10 * ms) == stdp(A_plus=0.5, tau_plus=10 * ms, bounds=(0, 1))
    assert rule.with_(bounds=None) == stdp()
    assert rule.with_(bounds=(0, 5), normalize="l2") == stdp(bounds=(0, 5), normalize="l2")
    assert Rule("Δw = η·x", η=1).with_(η=2) == Rule("Δw = η·x", eta=2)
    assert rule == stdp(bounds=(0, 1))


def test_a_changed_rule_is_still_of_the_catalogue() -> None:
    changed = rules.reward_stdp().with_(A_plus=0.5, bounds=None)
    assert (changed.name, changed.signals, changed.cite()) == ("reward_stdp", ("dopamine",), rules.reward_stdp.source)
    with pytest.raises(ParameterError, match=r"tau_e = -1\*second is refused"):
        changed.with_(tau_e=-1 * second)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"et": 3}, "'et' is not a parameter of this rule; did you mean 'eta'?"),
        ({"gain": 3}, "'gain' is not a parameter of this rule; it has bounds, normalize, eta"),
        ({"signals": "eta"}, "'signals' is not a parameter of this rule; it has bounds, normalize, eta"),
        ({"origin": None}, "'origin' is not a parameter of this rule; it has bounds, normalize, eta"),
        ({"self": 3}, "'self' is not a parameter of this rule; it has bounds, normalize, eta"),
        ({"eta": 1, "η": 2}, "'eta' is given twice, in two spellings"),
        ({"eta": None}, "eta = None is not a real number"),
        ({"bounds": (1, 0)}, "bounds = (1, 0) is upside down: the lower must be less than the upper"),
    ],
)
def test_what_cannot_be_changed_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError) as caught:
        Rule("dw/dt = eta * x", eta=1).with_(**changes)
    assert str(caught.value) == message


# At the limits: whatever is accepted is explained, printed and kept, and at once


def balanced(parts: list[str], sign: str) -> str:
    half = len(parts) // 2
    return parts[0] if not half else f"({balanced(parts[:half], sign)} {sign} {balanced(parts[half:], sign)})"


def chain(count: int, first: str, each: str) -> str:
    """A definition for each of `count` steps, each made of the one before."""
    steps = "\n".join(f"a{i + 1} = {each.format(f'a{i}')}" for i in range(count))
    return f"dw/dt = a{count} * y\na0 = {first}\n{steps}"


LIMITS: dict[str, str] = {
    "sum of 100": "dw/dt = " + " + ".join(["x"] * 100),
    "minus 99": "dw/dt = " + "-" * 99 + "x",
    "power of 99": "dw/dt = " + "x**" * 99 + "x",
    "abs of 99": "dw/dt = " + "abs(" * 99 + "x" + ")" * 99,
    "trace of trace": "dw/dt = " + "trace(" * 90 + "x" + ", tau)" * 90,
    "sum of sums": "dw/dt = " + "sum_post(" * 90 + "x" + ")" * 90,
    "reconstruction": "dw/dt = " + "reconstruct(w * " * 45 + "y" + ")" * 45,
    "ordered": "dw/dt = " + balanced([f"reconstruct_ordered({i} * y * w) * (x - {i})" for i in range(150)], "+"),
    "fractions": "dw/dt = " + "1 / (x + " * 40 + "y" + ")" * 40,
    "differences": "dw/dt = " + "w - x * (" * 40 + "-y" + ")" * 40,
    "product of sums": "dw/dt = " + " * ".join(["(x + y)"] * 50),
    "product of mixed sums": "dw/dt = " + " * ".join(["(x + w * y)"] * 30),
    "power of a sum": "dw/dt = (x + y + w)**32",
    "product of powers": "dw/dt = " + " * ".join(["(x + y + w)**2"] * 60),
    "sum of products": "dw/dt = " + " + ".join(f"(x + {i} * w * y) * (x - y - {i}) * (w + x)" for i in range(60)),
    "sum of functions": "dw/dt = " + " + ".join(f"tanh(x + {i} * y * w) * (w * x + {i})" for i in range(60)),
    "balanced sum": "dw/dt = " + balanced(["x", "y"] * 450, "+"),
    "balanced product": "dw/dt = " + balanced(["x", "y", "w"] * 300, "*"),
    "balanced power": "dw/dt = " + balanced(["x", "y"] * 400, "**"),
    "reductions": "dw/dt = " + balanced([f"sum_post({i} * y * w + x) * (x - {i} * w)" for i in range(110)], "+"),
    "wide product": "dw/dt = " + " * ".join([f"({balanced(['x', 'y', 'w'] * 20, '+')})"] * 8),
    "variable": "dw/dt = e * x\nde/dt = " + balanced([f"{i} * e - x / {i + 1}" for i in range(200)], "-"),
    "many variables": "dw/dt = x\n"
    + "\n".join(f"d{a}{b}/dt = {a}{b} * w - {a}{b} / tau" for a in "abc" for b in "fghj"),
    "doubled": chain(11, "x", "{0} + {0}"),
    "squared": chain(9, "x", "{0} * {0}"),
    "squared mixture": chain(8, "x + w * y", "{0} * {0}"),
    "squared function": chain(8, "x + w * y", "tanh({0}) * {0}"),
    "traced": chain(8, "x + y", "trace({0}, tau) + {0}"),
    "deep minus": chain(146, "x", "-{0}"),
    "deep sum": chain(146, "x", "{0} + y"),
    "deep product": chain(146, "x", "{0} * (y + x)"),
    "names of definitions": "dw/dt = "
    + "\n".join(f"{a}{b} * x\n{a}{b} = " for a in "ACDFG" for b in ascii_lowercase)
    + "1",
}


@pytest.mark.parametrize("name", LIMITS)
def test_at_the_limits(name: str) -> None:
    text = LIMITS[name]
    parameters = {"tau": 5.0} if "tau" in text else {}
    begin = time.process_time()
    rule = Rule(text, **parameters)
    assert time.process_time() - begin < 5.0
    begin = time.process_time()
    plan = rule.explain()
    assert str(plan)
    assert time.process_time() - begin < 20.0
    round_trips(rule)


@pytest.mark.parametrize("exponent", ["n; n = 1000000000", "n; n = 1e308", "n; n = 2 + 1e9"])
def test_a_huge_exponent_by_another_name_is_not_multiplied_out(exponent: str) -> None:
    plan = Rule(f"dw/dt = (x * y + w)**{exponent}").explain()
    assert len(plan.terms.rest) == 1
    assert len(str(plan)) < 2000


def test_errors_are_those_of_the_package() -> None:
    for error, wrong in (
        (LanguageError, lambda: Rule("dw/dt = @")),
        (ParameterError, lambda: Rule("dw/dt = eta", eta="1")),
        (DimensionError, lambda: stdp(tau_plus=1 * mV)),
    ):
        attempt: Callable[[], Rule] = wrong
        with pytest.raises(error) as caught:
            attempt()
        assert isinstance(caught.value, cofire.CofireError)
        assert isinstance(caught.value, ValueError)


def test_parameters_are_no_attributes_and_it_says_where_they_are() -> None:
    rule = Rule("dw/dt = eta * pre", eta=0.1)
    with pytest.raises(
        AttributeError, match=r"eta is a parameter: rule\.parameters\['eta'\]; rule\.with_\(eta=\.\.\.\)"
    ):
        _ = rule.eta
    with pytest.raises(AttributeError, match=r"Rule has no attribute 'explian'; did you mean 'explain'\?"):
        _ = rule.explian
