"""The spelling of the textbook: `Δw = η × x²` becomes `Deltaw = eta * x**2`, with every position remembered.

Only the characters a rule can need come through; anything else is refused here, before any parsing.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from cofire.errors import LanguageError

_GREEK = {chr(code): unicodedata.name(chr(code)).split()[-1].lower() for code in range(0x3B1, 0x3CA) if code != 0x3C2}
_GREEK |= {chr(code): unicodedata.name(chr(code)).split()[-1].title() for code in range(0x391, 0x3AA) if code != 0x3A2}
_GREEK |= {"λ": "lambda_", "Λ": "Lambda", "ϵ": "epsilon", "ϕ": "phi", "ϑ": "theta", "µ": "mu", "∆": "Delta"}

_OPERATORS = dict.fromkeys("×·⋅∙∗•", "*") | dict.fromkeys("−–—", "-") | dict.fromkeys("÷∕⁄", "/")
_OPERATORS |= {"^": "**", "√": "sqrt"}
_SPACES = dict.fromkeys(" \t\r\N{NO-BREAK SPACE}\N{THIN SPACE}\N{NARROW NO-BREAK SPACE}", " ")
_SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-", strict=True))
_SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True)) | {"₊": "plus", "₋": "minus", "ₓ": "x"}
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.+-*/(),=\n;")


@dataclass(frozen=True, slots=True)
class Spelled:
    """`text` in plain ASCII; `positions[i]` is where its character `i` stands in `original`."""

    original: str
    text: str
    positions: tuple[int, ...]

    def error(self, reason: str, position: int) -> LanguageError:
        """A `LanguageError` that points at character `position` of the plain text."""
        where = self.positions[position] if position < len(self.positions) else len(self.original)
        return LanguageError(reason, self.original, where)


def spell(original: str) -> Spelled:
    """`original` in the plain spelling; comments (`#` to the end of the line) become nothing.

    Raises: `LanguageError` for a character that no rule can contain (quotes, brackets, control and
    bidirectional characters, ...).
    """
    pieces: list[str] = []
    positions: list[int] = []
    comment, previous = False, ""
    for at, character in enumerate(original):
        if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn") and character not in "\n\t\r":
            raise _refused(original, at)
        comment = (comment or character == "#") and character != "\n"
        piece = "" if comment else _plain(character, previous)
        if piece is None:
            raise _refused(original, at)
        pieces.append(piece)
        positions.extend([at] * len(piece))
        previous = character
    return Spelled(original, "".join(pieces), tuple(positions))


def plain_name(name: str) -> str:
    """The plain spelling of one name, as a keyword argument gives it: `η` becomes `eta`."""
    return spell(name).text


def _plain(character: str, previous: str) -> str | None:
    if character in _PLAIN:
        return character
    if character in _SUPERSCRIPTS:
        return ("" if previous in _SUPERSCRIPTS else "**") + _SUPERSCRIPTS[character]
    if character in _SUBSCRIPTS:
        return ("" if previous in _SUBSCRIPTS else "_") + _SUBSCRIPTS[character]
    for table in (_GREEK, _OPERATORS, _SPACES):
        if character in table:
            return table[character]
    return None


def _refused(original: str, at: int) -> LanguageError:
    character = original[at]
    name = unicodedata.name(character, "a control character")
    shown = f"{character!r} " if character.isprintable() else ""
    hint = {
        "'": "; write dw/dt for the derivative",
        "[": "; use round brackets",
        "{": "; use round brackets",
        "<": "; write step(b - a) for a < b",
        ">": "; write step(a - b) for a > b",
        ":": "; a rule is equations such as dw/dt = eta * pre * post",
    }.get(character, "")
    return LanguageError(
        f"the character {shown}(U+{ord(character):04X}, {name}) cannot be part of a rule{hint}", original, at
    )
