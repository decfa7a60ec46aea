"""Docstrings as running text: lines that were broken only because they were full are joined again."""

from __future__ import annotations

import re
from collections.abc import Iterator

_LABEL = re.compile(r"(`[^`]+`(, )?)+:|[A-Z][\w ]{0,20}:|Use it ")  # begins a line of its own
_COLUMNS = re.compile(r" +\S.*? {2,}(?=\S)")  # an indented line that has a gap


def lines(text: str) -> Iterator[tuple[str, int]]:
    """`(line, indent)` of each line that is meant as one, blank ones too; `indent`: where its continuation belongs.

    A break is one of need if the next word would have made the line longer than every other in `text`, or if it comes
    in the middle of a sentence; never where a label, or an indented line with two columns, begins.
    """
    written = text.strip().splitlines()
    full = max((len(line) for line in written), default=0)
    line, indent, last = "", 0, ""
    for at, found in enumerate(written):
        if at and _continues(last, found, full):
            line = f"{line} {found.strip()}"
        else:
            if at:
                yield line, indent
            columns = _COLUMNS.match(found)
            line, indent = found.rstrip(), columns.end() if columns else _indent(found)
        last = found
    if written:
        yield line, indent


def _continues(last: str, found: str, full: int) -> bool:
    if not last.strip() or not found.strip() or _LABEL.match(found) or _COLUMNS.match(found):
        return False
    in_a_sentence = last[-1] not in ".:;!?" and not _indent(last) and not _indent(found)
    return in_a_sentence or len(last) + 1 + len(found.split()[0]) > full


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
