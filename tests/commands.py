"""What tests of the commands share; the fixture `command` is in `cli/conftest.py`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from fake_experiments import PLACE

# A process in which the fakes are the experiments, and which Ctrl-C reaches even where the tests themselves ignore it.
START = f"""
import signal; signal.signal(signal.SIGINT, signal.default_int_handler)
import cofire.experiments; cofire.experiments.__path__ = [{PLACE!r}]
from cofire.cli import main; main()
"""


class Said(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str


Command = Callable[..., Said]


def refused(said: Said, code: int, *parts: str) -> None:
    """One line on stderr with all `parts`, nothing on stdout."""
    assert said.code == code, said
    assert said.out == ""
    assert said.err.startswith("cofire: ")
    assert said.err.count("\n") == 1, said.err
    assert said.err.endswith("\n")
    for part in parts:
        assert part in said.err, said.err


def words(text: str) -> str:
    return " ".join(text.split())


def entries(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
