"""Lines of source text, indented by the blocks they stand in."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

OPTIONS = """\
COMPILED = {"cache": True, "fastmath": False, "error_model": "numpy", "nogil": True, "no_cfunc_wrapper": True}
INNER = {**COMPILED, "no_cpython_wrapper": True}
"""
CALLED = ("fill", "rebase", "run", "settle", "span", "work")  # from Python; other functions only by compiled ones
# What `learn` is told of the spikes it is given. A plain True, False or 0 would have numba compile it once for each.
ARRIVING, SETTLING, FIRST = "np.bool_(True)", "np.bool_(False)", "np.int64(0)"
INLINED = ("learn", "take", "threshold", "update")  # in every step: a call hands over each array as seven words


class Writer:
    """`write("x = 1")` adds a line; `with write.block("for i in x"):` indents those within."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._depth = 0

    def __call__(self, *lines: str) -> None:
        self._lines += [("    " * self._depth + line).rstrip() for line in lines]

    def call(self, head: str, arguments: Iterable[str], tail: str) -> None:
        """A line `head(arguments)tail`, its arguments wrapped where they are many."""
        line = "    " * self._depth + head + "("
        for position, argument in enumerate(arguments):
            piece = f", {argument}" if position else argument
            if position and len(line) + len(piece) > 110:
                self._lines.append(line + ",")
                line, piece = "    " * (self._depth + 1), argument
            line += piece
        self._lines.append(f"{line}){tail}")

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        self(f"{head}:")
        self._depth += 1
        before = len(self._lines)
        yield
        if len(self._lines) == before:
            self("pass")
        self._depth -= 1

    @contextmanager
    def function(self, name: str, arguments: Iterable[str]) -> Iterator[None]:
        """A compiled function around what is written within; numbers taken from `parameters` in vain are left out."""
        inlined = "forceinline=True, " if name in INLINED else ""
        self("", "", f"@njit({inlined}**{'COMPILED' if name in CALLED else 'INNER'})")
        self.call(f"def {name}", arguments, ":")
        begin = len(self._lines)
        self._depth += 1
        yield
        self._depth -= 1
        self._lines[begin:] = needed(self._lines[begin:])

    @property
    def text(self) -> str:
        return "\n".join(self._lines) + "\n"


def needed(body: list[str]) -> list[str]:
    """The lines of a function less those that take a number from `parameters` which no other line reads."""
    words = Counter(word for line in body for word in re.findall(r"\w+", line))
    return [line for line in body if not _is_vain(line, words)]


def _is_vain(line: str, words: Counter[str]) -> bool:
    taken = re.fullmatch(r" *(\w+) = parameters\[\d+\]", line)
    return taken is not None and words[taken[1]] == 1
