"""Each character a textbook uses has one plain spelling, every other is refused, and no position is lost."""

from __future__ import annotations

import random
import string
import sys
import unicodedata
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cofire.errors import LanguageError
from cofire.language.spelling import plain_name, spell

GREEK = {
    "αβγδεζηθικλμ": "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda_ mu",
    "νξοπρστυφχψω": "nu xi omicron pi rho sigma tau upsilon phi chi psi omega",
    "ΑΒΓΔΕΖΗΘΙΚΛΜ": "Alpha Beta Gamma Delta Epsilon Zeta Eta Theta Iota Kappa Lambda Mu",
    "ΝΞΟΠΡΣΤΥΦΧΨΩ": "Nu Xi Omicron Pi Rho Sigma Tau Upsilon Phi Chi Psi Omega",
    "ϵϕϑ\N{MICRO SIGN}\N{INCREMENT}": "epsilon phi theta mu Delta",
}


@pytest.mark.parametrize("letters", GREEK)
def test_greek_letters_are_named(letters: str) -> None:
    assert " ".join(map(plain_name, letters)) == GREEK[letters]


@pytest.mark.parametrize(
    ("characters", "plain"),
    [
        ("×·⋅∙∗•", "*"),
        ("−–—", "-"),
        ("÷∕⁄", "/"),
        ("^", "**"),
        ("√", " sqrt "),
        ("∂", "d"),
        (" \t\N{NO-BREAK SPACE}\N{THIN SPACE}\N{EM SPACE}\N{IDEOGRAPHIC SPACE}\N{NARROW NO-BREAK SPACE}", " "),
        ("\n\r;", "\n"),
    ],
)
def test_signs_have_a_plain_spelling(characters: str, plain: str) -> None:
    for character in characters:
        assert spell(character).text == plain


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("x²", "x**2"),
        ("x¹⁰", "x**10"),
        ("x⁻²³", "x**-23"),
        ("x²y³", "x**2y**3"),
        ("a₁", "a_1"),
        ("A₂₊", "A_2plus"),
        ("τ₋", "tau_minus"),
        ("wₓ₀", "w_x0"),
        ("θ²₁", "theta**2_1"),
        ("x # y²\n+ 1 # !", "x \n+ 1 "),
    ],
)
def test_superscripts_are_powers_and_subscripts_are_parts_of_names(text: str, plain: str) -> None:
    assert spell(text).text == plain


def test_plain_text_stays_as_it_is() -> None:
    plain = f"{string.ascii_letters}{string.digits}_.+-*/(),=\n "
    assert spell(plain).text == plain
    assert spell(plain).positions == tuple(range(len(plain)))


@given(st.text("ηθΔτ²³⁻₀₊×·−√∂ xyw+*/()_1.\n;#"))
def test_every_character_remembers_where_it_was(text: str) -> None:
    spelled = spell(text)
    assert len(spelled.positions) == len(spelled.text)
    assert list(spelled.positions) == sorted(spelled.positions)
    for at, place in enumerate(spelled.positions):
        assert spelled.text[at] in spell(f"x{text[place]}").text
        assert spelled.written(at, at + 1) == text[place]


def test_what_was_written_can_be_quoted() -> None:
    spelled = spell("dw = η²·θ₊")
    assert spelled.text == "dw = eta**2*theta_plus"
    begin = spelled.text.index("theta_plus")
    assert spelled.written(begin, len(spelled.text)) == "θ₊"
    assert spelled.error("here", begin).position == 8
    assert spelled.error("at the end", len(spelled.text)).position == 10


def test_no_other_character_of_unicode_comes_through() -> None:
    accepted = set()
    tried = [*range(0x3100), *random.Random(0).sample(range(0x3100, sys.maxunicode + 1), 2000)]
    for character in map(chr, tried):
        with suppress(LanguageError):
            spell(character)
            accepted.add(character)
    letters = {*"".join(GREEK), *string.ascii_letters, *string.digits, *"⁰¹²³⁴⁵⁶⁷⁸⁹⁻₀₁₂₃₄₅₆₇₈₉₊₋ₓ"}
    signs = {*"_.+-*/(),=;#×·⋅∙∗•−–—÷∕⁄^√∂\t\n\r"}
    spaces = {character for character in map(chr, range(0x3100)) if unicodedata.category(character) == "Zs"}
    assert accepted == letters | signs | spaces


@pytest.mark.parametrize(
    "character", ["\x00", "\x1b", "\x7f", "\N{RIGHT-TO-LEFT OVERRIDE}", "\N{SOFT HYPHEN}", "\udc80"]
)
def test_what_cannot_be_seen_is_refused_in_a_comment_too(character: str) -> None:
    spell("x # é ☺ [] 中文")
    with pytest.raises(LanguageError, match=f"U\\+{ord(character):04X}") as caught:
        spell(f"x # {character}")
    assert caught.value.position == 4


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("w'", "the derivative is written dw/dt"),
        ("ẇ", "the derivative is written dw/dt"),
        ("[x]", "use round brackets"),
        ("x > y", "write step"),
        ("<x>", "an average is written mean(s, tau)"),
        ("⟨x⟩", "write mean"),
        ("|x|", "write abs"),
        ("∑x", "write sum_pre(...) or sum_post(...)"),
        (r"\eta x", "LaTeX is not read"),
        ('"x"', "leave out the quotation marks"),
        ("w → x", "an equation is written with ="),
    ],
)
def test_a_character_with_another_way_to_say_it_is_refused_with_that_way(text: str, hint: str) -> None:
    with pytest.raises(LanguageError, match="cannot be part of a rule; ") as caught:
        spell(text)
    assert hint in str(caught.value)
