"""Every name has a meaning and a use; time constants are positive and made of parameters. The errors say the mend."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from typing import Any

import pytest

from cofire import CofireError, LanguageError, ParameterError, Rule
from cofire.units import ms

UNKNOWN: list[tuple[str, dict[str, Any], str]] = [
    (
        "dw/dt = A * trace(pre, tua_plus) * post",
        {"A": 1, "tau_plus": 20},
        """\
unknown name 'tua_plus' in "trace(pre, tua_plus)"; did you mean 'tau_plus'?
    dw/dt = A * trace(pre, tua_plus) * post
                           ^""",
    ),
    (
        "Δw = η²·x − θ·w",
        {"η": 0.1},
        """\
unknown name 'theta' in "eta**2 * pre - theta * w"; give it a value, Rule(..., theta=...), or declare it, \
signals='theta'
    Δw = η²·x − θ·w
                ^""",
    ),
    (
        "Δw = ηxy",
        {"η": 0.1},
        """\
unknown name 'etaxy' in "etaxy"; to multiply write eta * x * y
    Δw = ηxy
         ^""",
    ),
    (
        "dw/dt = eta * x * y",
        {"etta": 0.1},
        """\
unknown name 'eta' in "eta * pre * post"; did you mean 'etta'?
    dw/dt = eta * x * y
            ^""",
    ),
    (
        "dw/dt = e\nde/dt = (x - e) * log(1 + exp(rate))",
        {},
        """\
unknown name 'rate' in "exp(rate)"; give it a value, Rule(..., rate=...), or declare it, signals='rate'
    de/dt = (x - e) * log(1 + exp(rate))
                                  ^""",
    ),
    (
        "dw/dt = trace(x, 2 * tau) * y",
        {},
        """\
unknown name 'tau' in "trace(pre, 2 * tau)"; give it a value, Rule(..., tau=...)
    dw/dt = trace(x, 2 * tau) * y
                         ^""",
    ),
    (
        "dw/dt = λ * x",
        {"lambda": 0.1},
        """\
unknown name 'lambda_' in "lambda_ * pre"; give it a value, Rule(..., lambda_=...), or declare it, signals='lambda_'
    dw/dt = λ * x
            ^""",
    ),
    (
        "dwell = 3\ndw/dt = dwel * x",
        {},
        """\
unknown name 'dwel' in "dwel * pre"; did you mean 'dwell'?
    dw/dt = dwel * x
            ^""",
    ),
    (
        "dw/dt = x\ntheta = y - 1",
        {},
        """\
'theta' is defined, but no equation reads it
    theta = y - 1
    ^""",
    ),
]


@pytest.mark.parametrize(("text", "parameters", "message"), UNKNOWN)
def test_a_name_without_meaning_or_use_is_refused(text: str, parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(LanguageError) as caught:
        Rule(text, **parameters)
    assert str(caught.value) == message


GIVE = "give it a value, Rule(..., {0}=...), or declare it, signals='{0}'"
INDICES = "a rule is that of one synapse, without indices"
UNITS = "units go with the values of parameters, as in Rule(..., tau=20*ms), not into the text"


@pytest.mark.parametrize(
    ("name", "mend"),
    [
        ("psot", "did you mean 'post'?"),
        ("Pre", "did you mean 'pre'?"),
        ("W", "did you mean 'w'?"),
        ("A_pre", GIVE.format("A_pre")),
        ("v", GIVE.format("v")),
        ("post_target", "write post.target for a variable of the cell, " + GIVE.format("post_target")),
        ("x_v", "write x.v for a variable of the cell, " + GIVE.format("x_v")),
        ("x_i", f"write x: {INDICES}"),
        ("yj", f"write y: {INDICES}"),
        ("w_ij", f"write w: {INDICES}"),
        ("post_j", f"write post: {INDICES}"),
        ("ξ", GIVE.format("xi")),
        ("mV", UNITS),
        ("ms", UNITS),
    ],
)
def test_the_mend_of_an_unknown_name(name: str, mend: str) -> None:
    with pytest.raises(LanguageError) as caught:
        Rule(f"dw/dt = x * y * {name}")
    assert caught.value.reason.partition("; ")[2] == mend


USELESS: list[tuple[str, dict[str, Any], str]] = [
    ("dw/dt = eta * x", {"eta": 1, "et": 2}, "'et' does not occur in this rule; the rule reads eta"),
    ("dw/dt = eta * x", {"eta": 1, "tau": 20 * ms}, "'tau' does not occur in this rule; the rule reads eta"),
    ("dw/dt = x * y", {"normalise": "l2"}, "'normalise' does not occur in this rule; did you mean 'normalize'?"),
    ("dw/dt = x * y", {"bound": (0, 1)}, "'bound' does not occur in this rule; did you mean 'bounds'?"),
    ("dw/dt = b * x + a", {"a": 1, "b": 1, "zeta": 2}, "'zeta' does not occur in this rule; the rule reads b, a"),
    ("dw/dt = x * y", {"zeta": 2}, "'zeta' does not occur in this rule; the rule reads no names"),
    ("dw/dt = x * y", {"signals": "reward"}, "'reward' does not occur in this rule; the rule reads no names"),
    ("dw/dt = x * y", {"x": 2}, "'x' is a word of the language and cannot be a parameter or a signal"),
    ("dw/dt = x * y", {"signals": "post"}, "'post' is a word of the language and cannot be a parameter or a signal"),
    ("dw/dt = x * y", {"dt": 2}, "'dt' is no parameter of a rule: give it to step, dt=..."),
    ("dw/dt = x * y", {"reduce": "sum"}, "'reduce' is no parameter of a rule: give it to step, reduce=..."),
    ("dw/dt = x * y", {"exp": 2}, "'exp' is a word of the language and cannot be a parameter or a signal"),
    ("dw/dt = a * x; a = 2", {"a": 2}, "'a' is defined by the equations and cannot be given a value as well"),
    ("dw/dt = e; de/dt = x", {"signals": "e"}, "'e' is defined by the equations and cannot be given a value as well"),
    ("dw/dt = r * x", {"r": 1, "signals": "r"}, "'r' is declared as a signal and also given a value"),
    ("dw/dt = r * x", {"signals": ("r", "r")}, "the signal 'r' is declared twice"),
    ("dw/dt = η * x", {"eta": 1, "η": 1}, "'eta' is given twice, in two spellings"),
    (
        "dw/dt = post_v * post.v",
        {"signals": "post_v"},
        "'post_v' is what step calls post.v; give the signal another name",
    ),
]


@pytest.mark.parametrize(("text", "arguments", "message"), USELESS)
def test_a_value_without_use_is_refused(text: str, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError) as caught:
        Rule(text, **arguments)
    assert str(caught.value) == message


def arguments_of(*functions: Callable[..., Any]) -> list[str]:
    """The names that the functions take themselves, so that none is left over for a parameter or a signal."""
    given = [one for function in functions for one in inspect.signature(function).parameters.values()]
    return sorted(
        {one.name for one in given if one.kind != one.VAR_KEYWORD} - {"w", "pre", "post", "dt"}
    )  # dt has a mend of its own


@pytest.mark.parametrize("name", arguments_of(Rule.__init__, Rule.step, Rule.delta))
def test_no_name_is_that_of_an_argument(name: str) -> None:
    with pytest.raises(LanguageError, match=f"'{name}' is an argument of Rule or step; call it {name}_"):
        Rule(f"dw/dt = {name} * x")
    assert Rule(f"dw/dt = {name}_ * x", **{f"{name}_": 2}).values == {f"{name}_": 2.0}


# Time constants

REFUSED_TIMES: list[tuple[str, dict[str, Any], str]] = [
    ("trace(x, tau)", {"tau": -5}, "tau = -5 is refused: it must be greater than 0"),
    ("trace(x, tau)", {"tau": 0 * ms}, "tau = 0*second is refused: it must be greater than 0"),
    ("nearest(x, T)", {"T": -1}, "T = -1 is refused: it must be greater than 0"),
    ("w / tau_w", {"tau_w": 0}, "tau_w = 0 is refused: it must be greater than 0"),
    ("mean(x, 0)", {}, 'the time constant "0" comes to 0; it must be greater than 0'),
    ("mean(x, a - b)", {"a": 1, "b": 3}, 'the time constant "a - b" comes to -2; it must be greater than 0'),
    ("mean(x, a - b)", {"a": 1 * ms, "b": 1 * ms}, 'the time constant "a - b" comes to 0; it must be greater than 0'),
    ("mean(x, 1 / a)", {"a": 0}, 'the time constant "1 / a" is no finite number; it must be greater than 0'),
    ("mean(x, k); k = -a", {"a": 3}, 'the time constant "-a" comes to -3; it must be greater than 0'),
    (
        "trace(x, k); k = 2 * post",
        {},
        'the time constant "2 * post" is not made of parameters and numbers only',
    ),
    (
        "trace(x, k); dk/dt = 1",
        {},
        'the time constant "k" is not made of parameters and numbers only\n'
        "    dw/dt = trace(x, k); dk/dt = 1\n"
        "                     ^",
    ),
    (
        "trace(x, reward)",
        {"signals": "reward"},
        'the time constant "reward" is not made of parameters and numbers only\n'
        "    dw/dt = trace(x, reward)\n"
        "                     ^",
    ),
]


@pytest.mark.parametrize(("expression", "arguments", "message"), REFUSED_TIMES)
def test_a_time_constant_that_does_not_decay_is_refused(
    expression: str, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(CofireError) as caught:
        Rule(f"dw/dt = {expression}", **arguments)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "expression", ["trace(x, a)", "trace(x, a / b)", "trace(x, 2 * a - b)", "trace(x, k); k = a * b"]
)
def test_a_time_constant_may_be_worked_out_of_parameters(expression: str) -> None:
    assert Rule(f"dw/dt = {expression}" + ("" if "b" in expression else " * b"), a=3, b=2)


def test_a_crowd_of_names_is_searched_at_once() -> None:
    crowd = {f"parameter_{i:03}": 1.0 for i in range(500)}
    begin = time.process_time()
    with pytest.raises(LanguageError, match="unknown name 'parameter_1234'"):
        Rule("dw/dt = parameter_1234 * x", **crowd)
    with pytest.raises(LanguageError, match=f"unknown name '{'ab' * 30}'"):
        Rule(f"dw/dt = {'ab' * 30}", **{"ab" * n + "a" * m: 1.0 for n in range(1, 20) for m in range(1, 20)})
    assert time.process_time() - begin < 5.0
