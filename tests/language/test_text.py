"""Printing a tree and reading it again gives the identical tree, with no bracket too many."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cofire.errors import LanguageError
from cofire.language.parse import parse, parse_expression
from cofire.language.text import equations_to_text, number_text, to_text
from cofire.language.tree import POST, PRE, Binary, Call, Cell, Equations, Expr, Name, Negative, Number, Weight
from strategies import expressions

A, B, C = Name("a"), Name("b"), Name("c")


@given(expressions())
def test_reading_what_was_printed_gives_the_identical_tree(expr: Expr) -> None:
    assert parse_expression(to_text(expr)) == expr


@given(expressions())
def test_no_bracket_can_be_left_out(expr: Expr) -> None:
    text = to_text(expr)
    for begin, end in _grouping_brackets(text):
        without = f"{text[:begin]}{text[begin + 1 : end]}{text[end + 1 :]}"
        with suppress(LanguageError):  # a**(40 + b) is accepted, a**40 + b is refused: the bracket is needed
            assert parse_expression(without) != expr, f"{text} is also {without}"


@given(
    expressions(),
    st.dictionaries(st.sampled_from(["c", "e", "tag"]), expressions(max_depth=2), max_size=2),
    st.dictionaries(st.sampled_from(["gate", "x", "theta_2"]), expressions(max_depth=2), max_size=2),
)
def test_a_whole_rule_survives(weight: Expr, variables: dict[str, Expr], definitions: dict[str, Expr]) -> None:
    rule = Equations(weight, tuple(variables.items()), tuple(definitions.items()))
    assert parse(equations_to_text(rule)) == rule


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a - b - c", Binary("-", Binary("-", A, B), C)),
        ("a - (b - c)", Binary("-", A, Binary("-", B, C))),
        ("a + (b + c)", Binary("+", A, Binary("+", B, C))),
        ("a - b * c", Binary("-", A, Binary("*", B, C))),
        ("(a - b) * c", Binary("*", Binary("-", A, B), C)),
        ("a / b / c", Binary("/", Binary("/", A, B), C)),
        ("a / (b / c)", Binary("/", A, Binary("/", B, C))),
        ("a / (b * c)", Binary("/", A, Binary("*", B, C))),
        ("a / b * c", Binary("*", Binary("/", A, B), C)),
        ("a * (b / c)", Binary("*", A, Binary("/", B, C))),
        ("a**b**c", Binary("**", A, Binary("**", B, C))),
        ("(a**b)**c", Binary("**", Binary("**", A, B), C)),
        ("(a * b)**c", Binary("**", Binary("*", A, B), C)),
        ("a * b**c", Binary("*", A, Binary("**", B, C))),
        ("a**(b * c)", Binary("**", A, Binary("*", B, C))),
        ("(-a)**b", Binary("**", Negative(A), B)),
        ("-a**b", Negative(Binary("**", A, B))),
        ("a**-b", Binary("**", A, Negative(B))),
        ("a**-b**c", Binary("**", A, Negative(Binary("**", B, C)))),
        ("a * -b", Binary("*", A, Negative(B))),
        ("a / -b", Binary("/", A, Negative(B))),
        ("-a * b", Binary("*", Negative(A), B)),
        ("-(a * b)", Negative(Binary("*", A, B))),
        ("-(a + b)", Negative(Binary("+", A, B))),
        ("-a + b", Binary("+", Negative(A), B)),
        ("a - -b", Binary("-", A, Negative(B))),
        ("--a", Negative(Negative(A))),
        ("max(a, -b, c - 1)", Call("max", (A, Negative(B), Binary("-", C, Number(1.0))))),
        ("w * pre - post.v", Binary("-", Binary("*", Weight(), PRE), Cell("post", "v"))),
        ("trace(post, tau)**2", Binary("**", Call("trace", (POST, Name("tau"))), Number(2.0))),
    ],
)
def test_each_tree_has_its_own_text(text: str, tree: Expr) -> None:
    assert to_text(tree) == text
    assert parse_expression(text) == tree


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (2.0, "2"), (0.1, "0.1"), (1e-5, "1e-05"), (2.5e-7, "2.5e-07"), (1e16, "1e+16"), (120000.0, "120000")],
)
def test_a_number_is_as_short_as_it_can_be(value: float, text: str) -> None:
    assert number_text(value) == text
    assert parse_expression(text) == Number(value)


def test_a_rule_is_one_equation_a_line_with_the_weight_first() -> None:
    rule = Equations(
        Binary("*", Name("eta"), Name("e")),
        variables=(("e", Binary("-", Binary("*", PRE, POST), Binary("/", Name("e"), Name("tau")))),),
        definitions=(("eta", Binary("/", Number(1.0), Name("n"))),),
    )
    assert equations_to_text(rule) == "dw/dt = eta * e\nde/dt = pre * post - e / tau\neta = 1 / n"


def _grouping_brackets(text: str) -> list[tuple[int, int]]:
    """Where brackets open and close that hold no arguments."""
    opened: list[int] = []
    pairs = []
    for at, character in enumerate(text):
        if character == "(":
            opened.append(at)
        elif character == ")":
            begin = opened.pop()
            if not text[:begin][-1:].isalnum() and text[:begin][-1:] != "_":
                pairs.append((begin, at))
    return pairs
