"""One line that reads back, and the picture of an equation for the terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cofire import rules
from cofire.language.parse import parse, parse_expression
from cofire.language.stacked import equations_to_picture
from cofire.language.tree import Equations, Expr
from cofire.language.unicode import equations_to_lines, name_to_line, to_line
from strategies import expressions

NAMES = ("eta", "lambda_", "lambda_max", "A2_plus", "tau_minus", "rho_0", "w_max", "x1", "Delta_x", "epsilon", "K12")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("eta * post * (pre - post * w)", "η · post · (pre − post · w)"),
        ("-eta * pre**2", "−η · pre²"),
        ("w**-1 + w**2.5 + pre**2**3", "w⁻¹ + w^2.5 + pre^2³"),
        ("lambda_ * w_0**(1 - mu)", "λ · w₀^(1 − μ)"),
        ("A2_plus * trace(pre, tau_plus)", "A2₊ · trace(pre, τ₊)"),
        ("1e-5 * post.v / tau_theta", "1e-05 · post.v / τ_θ"),
    ],
)
def test_line(text: str, line: str) -> None:
    assert to_line(parse_expression(text)) == line


@given(expressions(NAMES, taus=("tau", "tau_plus", "tau_x")))
def test_a_line_reads_back(expression: Expr) -> None:
    assert parse_expression(to_line(expression)) == expression


@pytest.mark.parametrize("name", rules.names())
def test_the_lines_of_a_catalogue_rule_read_back(name: str) -> None:
    equations = rules.get(name)().equations
    assert parse("\n".join(equations_to_lines(equations))) == equations


def test_names_that_would_read_back_as_others_stay_as_they_are() -> None:
    assert name_to_line("lambda_max") == "lambda_max"
    assert name_to_line("A_2plus") == "A_2plus"
    assert name_to_line("tau_plus") == "τ₊"


def picture(text: str, width: int = 100) -> list[str]:
    drawn = equations_to_picture(parse(text), width)
    assert drawn is not None
    return drawn.splitlines()


def test_an_equation_on_one_line_of_writing() -> None:
    assert picture("dw/dt = eta * post * (pre - post * w)") == [
        "dw",
        "── = η · post · (pre − post · w)",
        "dt",
    ]


def test_several_equations_and_a_fraction() -> None:
    assert picture("dw/dt = eta * pre * (post - theta)\ntheta = mean(post**2, tau) / y_0") == [
        "dw",
        "── = η · pre · (post − θ)",
        "dt",
        "",
        "    ⟨post²⟩",
        "           τ",
        "θ = ────────",
        "       y₀",
    ]


def test_traces_sums_and_tall_brackets() -> None:
    assert picture("dw/dt = A * trace(pre, tau_plus) * (1 - reconstruct(post))") == [
        "dw       ___",
        "── = A · pre   · ⎛1 −   ∑   w      · post′⎞",
        "dt          τ₊   ⎝    post′  post′        ⎠",
    ]


def test_a_power_that_has_no_small_letters_is_raised() -> None:
    assert picture("dw/dt = w_0**(1 - mu)") == ["dw     1 − μ", "── = w₀", "dt"]
    assert picture("dw/dt = abs(w)**(p - 1)") == ["dw", "── = |w|ᵖ⁻¹", "dt"]


def test_a_sum_is_broken_before_its_signs() -> None:
    assert picture("dw/dt = eta * pre * post - alpha * w + beta", 26) == [
        "dw",
        "── = η · pre · post",
        "dt",
        "     − α · w + β",
    ]
    assert equations_to_picture(parse("dw/dt = eta * pre * post * w * w"), 20) is None


@given(expressions(NAMES), st.integers(20, 200))
def test_a_picture_keeps_to_its_width(expression: Expr, width: int) -> None:
    drawn = equations_to_picture(Equations(expression, (("e", expression),)), width)
    assert drawn is None or max(map(len, drawn.splitlines())) <= width
