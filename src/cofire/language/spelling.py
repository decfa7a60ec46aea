"""The spelling of the textbook: `Δw = η × x²` becomes `Deltaw = eta * x**2`, with every position remembered.

Only the characters a rule can need come through; anything else is refused here, before any parsing.
"""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cofire.errors import LanguageError, ParameterError

_GREEK = {chr(code): unicodedata.name(chr(code)).split()[-1].lower() for code in range(0x3B1, 0x3CA) if code != 0x3C2}
_GREEK |= {chr(code): unicodedata.name(chr(code)).split()[-1].title() for code in range(0x391, 0x3AA) if code != 0x3A2}
_GREEK |= {"λ": "lambda_", "Λ": "Lambda", "ϵ": "epsilon", "ϕ": "phi", "ϑ": "theta", "µ": "mu", "∆": "Delta", "∂": "d"}
GREEK_NAMES = frozenset(_GREEK.values())

_OPERATORS = dict.fromkeys("×·⋅∙∗•", "*") | dict.fromkeys("−–—", "-") | dict.fromkeys("÷∕⁄", "/")
_OPERATORS |= {"^": "**", "√": " sqrt "}
_COMPARISONS = {">": ">", "≥": ">="}
_SPACES = {"\t": " ", "\r": "\n", ";": "\n"}  # beside those that Unicode calls spaces

_PLAIN = {character: character for character in f"{string.ascii_letters}{string.digits}_.+-*/(),=\n "}
_PLAIN |= _GREEK | _OPERATORS | _SPACES
_SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-", strict=True))
_SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True)) | {"₊": "plus", "₋": "minus", "ₓ": "x"}

_HINTS = dict.fromkeys("'’′ẇ\N{COMBINING DOT ABOVE}", "the derivative is written dw/dt, and names stand without quotes")
_HINTS |= dict.fromkeys("[]{}", "use round brackets, or leave the index out")
_HINTS |= dict.fromkeys("<>≤≥", "write step(a - b), which is 1 where a is at least b and else 0")
_HINTS["<"] += "; an average is written mean(s, tau)"
_HINTS |= dict.fromkeys("⟨⟩\N{COMBINING MACRON}\N{COMBINING OVERLINE}", "write mean(s, tau) for a running average")
_HINTS |= dict.fromkeys("\\$&", "LaTeX is not read; write eta * pre * post, or η × x × y")
_HINTS |= dict.fromkeys('"`“”', "leave out the quotation marks")
_HINTS |= dict.fromkeys("→←⟶⟵⇒:", "an equation is written with =")
_HINTS |= {"∑": "write sum_pre(...) or sum_post(...)", "|": "write abs(...)"}


@dataclass(frozen=True, slots=True)
class Spelled:
    """`text` in plain ASCII; `positions[i]` is where its character `i` stands in `original`."""

    original: str
    text: str
    positions: tuple[int, ...]

    def written(self, begin: int, end: int) -> str:
        """What the user wrote for `text[begin:end]`."""
        return self.original[self.positions[begin] : self.positions[end - 1] + 1]

    def error(self, reason: str, position: int) -> LanguageError:
        """A `LanguageError` that points at character `position` of the plain text."""
        where = self.positions[position] if position < len(self.positions) else len(self.original)
        return LanguageError(reason, self.original, where)


def spell(original: str, what: str = "rule", comparison: bool = False) -> Spelled:
    """`original` in the plain spelling; comments (`#` to the end of the line) become nothing.

    `what`: what errors call it. `comparison`: whether > and ≥ may stand in it.

    Raises: `LanguageError` for a character that no rule can contain (quotes, brackets, control and bidirectional
    characters, ...), in a comment for one that cannot be seen.
    """
    pieces: list[str] = []
    positions: list[int] = []
    comment, previous = False, ""
    for at, character in enumerate(original):
        comment = (comment or character == "#") and character not in "\r\n"
        piece = "" if comment and character.isprintable() else _plain(character, previous)
        if comparison and character in _COMPARISONS:
            piece = _COMPARISONS[character]
        if piece is None:
            raise _refused(original, at, what)
        if not comment:
            pieces.append(piece)
            positions.extend([at] * len(piece))
        previous = character
    return Spelled(original, "".join(pieces), tuple(positions))


def plain_name(name: str) -> str:
    """The plain spelling of one name, as a keyword argument gives it: `η` becomes `eta`."""
    return spell(name).text


def plain_names(given: Mapping[str, Any]) -> dict[str, Any]:
    """`given` with every name in plain spelling. Raises: `ParameterError` if one is there in two spellings."""
    plain: dict[str, Any] = {}
    for name, value in given.items():
        if plain_name(name) in plain:
            raise ParameterError(f"{plain_name(name)!r} is given twice, in two spellings")
        plain[plain_name(name)] = value
    return plain


def _plain(character: str, previous: str) -> str | None:
    """What `character` is written as, None where it cannot stand in a rule."""
    if character in _PLAIN:
        return _PLAIN[character]
    if character in _SUPERSCRIPTS:
        return ("" if previous in _SUPERSCRIPTS else "**") + _SUPERSCRIPTS[character]
    if character in _SUBSCRIPTS:
        return ("" if previous in _SUBSCRIPTS else "_") + _SUBSCRIPTS[character]
    return " " if unicodedata.category(character) == "Zs" else None


def _refused(original: str, at: int, what: str) -> LanguageError:
    character = original[at]
    seen = f"◌{character}" if unicodedata.combining(character) else character
    unnamed = "a control character" if unicodedata.category(character) == "Cc" else "no character of Unicode"
    code, name = f"U+{ord(character):04X}", unicodedata.name(character, unnamed)
    found = f"{seen!r} ({code}, {name})" if character.isprintable() else f"{code} ({name})"
    hint = f"; {_HINTS[character]}" if character in _HINTS else ""
    return LanguageError(f"the character {found} cannot be part of a {what}{hint}", original, at)
