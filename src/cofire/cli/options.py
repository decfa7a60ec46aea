"""What the commands share: options, and how what goes wrong is told: one line on stderr, and the exit code."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cofire.errors import CofireError, ParameterError

if TYPE_CHECKING:
    from cofire.experiments import Experiment

LAST_SEED = 4_000_000  # some experiments make 1000 seeds of one, and scikit-learn takes them up to 2^32
Seed = Annotated[
    int,
    typer.Option(min=0, max=LAST_SEED, help="Start of the random numbers; the same seed gives the same numbers."),
]
MOST_BYTES = 100_000  # of a file of settings
Out = Annotated[Path | None, typer.Option(metavar="DIR", help="Folder for the results, made by the command.")]
Sets = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A value; may be repeated.")]
SettingsFile = Annotated[
    Path | None, typer.Option("--settings", metavar="FILE.toml", help="Lines of KEY = VALUE; --set comes after it.")
]
Full = Annotated[bool, typer.Option("--full", help="The paper's size, instead of some seconds.")]


@contextmanager
def reading() -> Iterator[None]:
    """What is refused here was typed wrongly: one line, exit code 2."""
    try:
        yield
    except CofireError as error:
        raise ended(error, 2) from None


def ended(reason: object, code: int) -> typer.Exit:
    """Prints the reason; to be raised."""
    from cofire.cli import terminal

    terminal.complain(reason)
    return typer.Exit(code)


def changes(experiment: Experiment, sets: list[str] | None, file: Path | None = None) -> dict[str, Any]:
    """What stands in the file, and what was typed with --set; settings that are lists are taken apart at their commas.

    Raises: `ParameterError`.
    """
    from cofire.cli import arguments

    several = {key for key, value, *_ in experiment.describe_settings() if isinstance(value, list | tuple)}
    pairs = [arguments.assignment(text) for text in sets or ()]
    typed = dict(pairs)
    if len(typed) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ParameterError(f"{next(key for key in keys if keys.count(key) > 1)!r} is given with --set twice")
    parts = {key: [part.strip() for part in text.split(",")] if key in several else text for key, text in typed.items()}
    return (_written(file) if file else {}) | parts


def _written(file: Path) -> dict[str, Any]:
    """The settings of a TOML file. Raises: `ParameterError`."""
    try:
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise ParameterError(f"{file} cannot be read: {(error.strerror or str(error)).lower()}") from None
    if len(content) > MOST_BYTES:
        raise ParameterError(f"{file} has more than {MOST_BYTES} bytes, which is no file of settings")
    try:
        return tomllib.loads(content.decode())
    except (ValueError, RecursionError) as error:
        raise ParameterError(f"{file} is not TOML, lines such as steps = 100: {error}") from None
