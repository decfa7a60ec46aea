"""Definitions put in place, sizes known beforehand, and arithmetic that changes no value."""

from __future__ import annotations

import math
from graphlib import CycleError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cofire.language.algebra import arithmetic, definition_order, inlined, names, simplify, size, tidy
from cofire.language.parse import parse, parse_expression
from cofire.language.text import to_text
from cofire.language.tree import (
    ONE,
    POST,
    PRE,
    ZERO,
    Binary,
    Equations,
    Expr,
    Name,
    Negative,
    Number,
    Weight,
    children,
    replace,
    walk,
)
from strategies import expressions


def depth(node: Expr) -> int:
    return 1 + max(map(depth, children(node)), default=0)


def simplified(text: str) -> str:
    return to_text(simplify(parse_expression(text)))


# Definitions


def test_names_stand_in_the_order_of_the_text() -> None:
    assert list(names(parse_expression("trace(pre, tau) * (b - a) + b**c - w * post.v"))) == ["tau", "b", "a", "c"]


def test_definitions_come_after_those_they_use() -> None:
    written = parse("dw/dt = a; a = b + c; c = 2 * d; b = d; d = pre")
    order = list(definition_order(dict(written.definitions)))
    assert sorted(order) == ["a", "b", "c", "d"]
    assert order.index("d") < order.index("b") < order.index("a")
    assert order.index("d") < order.index("c") < order.index("a")
    with pytest.raises(CycleError):
        list(definition_order({"a": Name("b"), "b": Negative(Name("a"))}))


def test_definitions_are_put_in_place() -> None:
    written = parse("dw/dt = eta * gate * pre; de/dt = gate - e; gate = max(drive, 0); drive = post - theta")
    assert inlined(written) == parse("dw/dt = eta * max(post - theta, 0) * pre; de/dt = max(post - theta, 0) - e")


def test_a_long_row_of_definitions_is_no_deep_recursion() -> None:
    count = 3000
    definitions = [(f"a{i}", Name(f"a{i + 1}")) for i in range(count)]
    assert inlined(Equations(Name("a0"), (), (*definitions, (f"a{count}", PRE)))) == Equations(PRE)


@given(expressions(("a", "b")), expressions(("b",)), expressions(()))
def test_the_size_is_known_before_anything_is_put_in_place(weight: Expr, a: Expr, b: Expr) -> None:
    definitions = {"a": a, "b": b}
    sizes: dict[str, tuple[int, int]] = {}
    for name in definition_order(definitions):
        sizes[name] = size(definitions[name], sizes)
    whole = inlined(Equations(weight, (), tuple(definitions.items()))).weight
    assert size(weight, sizes) == (sum(1 for _ in walk(whole)), depth(whole))
    assert not names(whole) & {"a", "b"}


# Arithmetic


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2", 2.0),
        ("-tau", -20.0),
        ("2 * tau - tau / 4", 35.0),
        ("tau**-1", 0.05),
        ("-(1 - mu)**2", -0.25),
        ("1 / (mu - 0.5)", None),
        ("(-1)**mu", None),
        ("10**tau**10", None),
        ("tau + unknown", None),
        ("max(tau, 1)", None),
        ("w", None),
        ("pre", None),
    ],
)
def test_arithmetic_of_numbers_and_parameters(text: str, value: float | None) -> None:
    assert arithmetic(parse_expression(text), {"tau": 20.0, "mu": 0.5}) == value


@pytest.mark.parametrize(
    ("text", "simple"),
    [
        ("x + 0", "pre"),
        ("0 - x", "-pre"),
        ("x - x", "0"),
        ("--x", "pre"),
        ("x - -y", "pre + post"),
        ("x + -y", "pre - post"),
        ("1 - -2", "3"),
        ("2 * 3 - 10", "-4"),
        ("0 * exp(x)", "0"),
        ("1 * x / 1", "pre"),
        ("x**1 + y**0", "pre + 1"),
        ("-x * -y", "pre * post"),
        ("-x / y", "-(pre / post)"),
        ("0 / x", "0 / pre"),
        ("0 / tau", "0"),
        ("exp(0) * x + tanh(0)", "pre"),
        ("sum_post(w * 0)", "0"),
        ("max(1, 2, 0) * x", "2 * pre"),
        ("x * (y - y) + 2 * (3 - 3)", "0"),
        ("1e308 + 1e308", "1e+308 + 1e+308"),
        ("1e308 * 1e308", "1e+308 * 1e+308"),
        ("x / 0", "pre / 0"),
        ("0 / 0", "0 / 0"),
    ],
)
def test_zeros_and_ones_are_worked_out(text: str, simple: str) -> None:
    assert simplified(text) == simple


TAME = expressions(
    ("eta", "theta"),
    numbers=st.sampled_from([0.0, 0.5, 1.0, 2.0]).map(Number),
    functions=(),
    filters=(),
    reductions=(),
    cells=(PRE, POST),
    max_depth=6,
)


@given(TAME)
def test_simplifying_changes_no_value(expression: Expr) -> None:
    leaves = {PRE: Name("pre"), POST: Name("post"), Weight(): Name("w")}
    values = {"eta": 0.3, "theta": -1.7, "pre": 0.9, "post": 2.5, "w": 0.6}
    before = [arithmetic(replace(part, leaves), values) for part in walk(expression)]
    if all(value is not None and math.isfinite(value) for value in before):
        after = arithmetic(replace(simplify(expression), leaves), values)
        assert after == pytest.approx(before[0], rel=1e-9, abs=1e-9)


@given(expressions())
def test_what_is_simple_stays_as_it_is(expression: Expr) -> None:
    simple = simplify(expression)
    assert simplify(simple) == simple
    assert tidy(simple) == simple
    assert size(simple, {})[0] <= size(expression, {})[0]


def test_tidying_looks_at_one_node_only() -> None:
    untidy = Binary("+", ZERO, PRE)
    assert tidy(Binary("*", ONE, untidy)) == untidy
