"""Everything cofire refuses, it refuses with one of these; all are `CofireError` and `ValueError`."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable


class CofireError(ValueError):
    """Base of every error cofire raises on purpose."""


class LanguageError(CofireError):
    """The text of a rule cannot be understood.

    Shows the line with a caret under the offending character.

    Attributes: `reason` (one sentence), `text` (the whole rule), `position` (index into `text`, or None).
    """

    def __init__(self, reason: str, text: str = "", position: int | None = None) -> None:
        self.reason, self.text, self.position = reason, text, position
        super().__init__(reason + _pointed(text, position))


class DimensionError(CofireError):
    """Two quantities that cannot be added, compared or assigned, such as volts and seconds."""


class ParameterError(CofireError):
    """A parameter that is missing, unknown, not a finite number, or outside its declared range."""


class ArrayError(CofireError):
    """An array of the wrong shape, type or content; the message names the array."""


class DivergenceError(CofireError, ArithmeticError):
    """Learning left the range of the floating-point type; the message names the step and what tames it."""


class ExperimentError(CofireError):
    """An experiment that cannot run as asked: unknown name, unsuitable rule, setting out of range."""


class StoreError(CofireError):
    """Kept runs that cannot be read or written: the message names the place, the reason and the mend."""


class DataError(CofireError):
    """A data set that is not on this machine; the message says how to get it."""


class EmptyMemoryError(CofireError):
    """A memory that is asked for something before anything is stored in it."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`"; did you mean 'tau_plus'?"` if some known name is near `name`, else an empty string."""
    names = sorted(set(known))
    near = [one for one in names if one.lower() == name.lower()]
    near = near or difflib.get_close_matches(name[:60], names, n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""


def shown(value: object) -> str:
    """`repr(value)` for an error to quote, the middle of a long one left out."""
    try:
        return shortened(" ".join(repr(value).split()).removesuffix(".0"))
    except ValueError:  # a whole number of thousands of digits
        return f"a huge {type(value).__name__}"


def shortened(text: str) -> str:
    """`text` with the middle of a long one left out."""
    return text if len(text) <= 100 else f"{text[:70]} ... {text[-25:]}"


def _pointed(text: str, position: int | None) -> str:
    """The line of `text` that holds `position`, cut to a window, with a caret below it."""
    if position is None or not text:
        return ""
    text = text.replace("\r", "\n")
    position = min(max(position, 0), len(text))
    begin = text.rfind("\n", 0, position) + 1
    end = text.find("\n", position)
    line = text[begin : end if end >= 0 else len(text)]
    left = max(0, position - begin - 60)
    window = "".join(_visible(character) for character in line[left : left + 100])
    return f"\n    {window}\n    {' ' * (position - begin - left)}^"


def _visible(character: str) -> str:
    """`character` in one column."""
    if character.isprintable() and not unicodedata.combining(character):
        return character
    return " " if character.isspace() else "\N{REPLACEMENT CHARACTER}"
