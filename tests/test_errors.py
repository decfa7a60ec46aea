"""Errors quote what was given, shortly, and point at it."""

from __future__ import annotations

import inspect
import pickle

import pytest

from cofire import errors
from cofire.errors import CofireError, DivergenceError, LanguageError, did_you_mean, shortened, shown

KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Exception)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_is_a_cofire_error_and_a_value_error(kind: type[Exception]) -> None:
    assert issubclass(kind, CofireError)
    assert issubclass(kind, ValueError)
    assert str(pickle.loads(pickle.dumps(kind("reason")))) == "reason"


def test_divergence_is_an_arithmetic_error_too() -> None:
    assert issubclass(DivergenceError, ArithmeticError)


def test_a_language_error_travels_between_processes() -> None:
    error = pickle.loads(pickle.dumps(LanguageError("wrong", "a + @", 4)))
    assert str(error) == "wrong\n    a + @\n        ^"
    assert (error.text, error.position) == ("a + @", 4)


@pytest.mark.parametrize(
    ("text", "position", "expected"),
    [
        ("", 0, "wrong"),
        ("x", None, "wrong"),
        ("ab", 1, "wrong\n    ab\n     ^"),
        ("ab", 2, "wrong\n    ab\n      ^"),
        ("ab", 99, "wrong\n    ab\n      ^"),
        ("ab\ncd\nef", 4, "wrong\n    cd\n     ^"),
        ("ab\r\ncd\ref", 8, "wrong\n    ef\n     ^"),
        ("ab\ncd", 2, "wrong\n    ab\n      ^"),
        ("\ta\N{NO-BREAK SPACE}b", 3, "wrong\n     a b\n       ^"),
        ("a\x1b[31mb", 6, "wrong\n    a\ufffd[31mb\n          ^"),
        ("x\N{COMBINING MACRON}y", 2, "wrong\n    x\ufffdy\n      ^"),
    ],
)
def test_the_caret_is_below_its_character(text: str, position: int | None, expected: str) -> None:
    assert str(LanguageError("wrong", text, position)) == expected


def test_a_long_line_is_cut_to_a_window_around_the_caret() -> None:
    text = "a" * 500 + "@" + "b" * 500
    _, line, caret = str(LanguageError("wrong", text, 500)).split("\n")
    assert len(line) == 104
    assert line[caret.index("^")] == "@"


@pytest.mark.parametrize(
    ("name", "known", "mend"),
    [
        ("tua_plus", ["tau_plus", "tau_minus"], "; did you mean 'tau_plus'?"),
        ("Eta", ["eta"], "; did you mean 'eta'?"),
        ("V", ["v", "u"], "; did you mean 'v'?"),
        ("foo", ["eta"], ""),
        ("eta", [], ""),
        ("e" * 100_000, ["e" * 50], "; did you mean '" + "e" * 50 + "'?"),
    ],
)
def test_the_nearest_name_is_offered(name: str, known: list[str], mend: str) -> None:
    assert did_you_mean(name, known) == mend


def test_what_is_quoted_is_short() -> None:
    assert shown(2.0) == "2"
    assert shown("a\nb") == "'a\\nb'"
    assert shown([[1], [2]]) == "[[1], [2]]"
    assert shown(10**5000) == "a huge int"
    assert shown("a" * 1000) == "'" + "a" * 69 + " ... " + "a" * 24 + "'"
    assert shortened("b" * 100) == "b" * 100
    assert len(shortened("b" * 101)) == 100
