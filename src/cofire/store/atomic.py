"""Files and folders that appear whole or not at all: written beside their place under a hidden name, then renamed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from cofire.errors import CofireError


def check_folder(target: Path, replaceable: Collection[str] = ()) -> None:
    """Refuses a folder that could not be made, before any work is done for it.

    One that exists may be replaced if it holds nothing, or only what `replaceable` names.
    Raises: `CofireError` naming the folder and the mend.
    """
    with _explained(target):
        if target.is_dir():
            others = sorted({entry.name for entry in target.iterdir()} - set(replaceable))
            if others:
                raise CofireError(f"{target} already holds {others[0]!r}, which would be lost: give a new folder")
            if Path.cwd().is_relative_to(target.resolve()):
                raise CofireError(f"{target} is the folder you are in: give a new one")
        elif target.exists() or target.is_symlink():
            raise CofireError(f"{target} is there already and is not a folder: give a new one")
        _check_parent(target)


def check_file(target: Path) -> None:
    """Refuses a file that could not be written, before any work is done for it. Raises: `CofireError`."""
    with _explained(target):
        if target.is_dir():
            raise CofireError(f"{target} is a folder, in the place of the file to be written")
        _check_parent(target)


@contextmanager
def folder(target: Path) -> Iterator[Path]:
    """A new folder to fill; it takes the place of `target` when the block ends, and is gone if the block is left early.

    Raises: `CofireError` if the disk refuses.
    """
    target = target.absolute()
    with _explained(target), _beside(target) as work:
        made, old = work / "new", work / "old"
        made.mkdir()
        yield made
        try:
            if target.exists():
                target.rename(old)
            made.rename(target)
        except BaseException:
            if old.exists() and not target.exists():
                old.rename(target)
            raise


def write(target: Path, writer: Callable[[Path], object]) -> None:
    """Has `writer` write the file `target`, under another name first. Raises: `CofireError`."""
    with _explained(target), _beside(target.absolute()) as work:
        writer(work / "new")
        (work / "new").replace(target)


def write_text(target: Path, text: str) -> None:
    """Writes `text` to the file `target` in UTF-8, in the place of what was there. Raises: `CofireError`."""
    write(target, lambda path: path.write_text(text, encoding="utf-8"))


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A hidden folder on the same disk, gone at the end."""
    target.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


@contextmanager
def _explained(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise CofireError(f"{target} cannot be written: {reason[:1].lower()}{reason[1:]}") from None


def _check_parent(target: Path) -> None:
    parent = next(folder for folder in target.absolute().parents if folder.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise CofireError(f"{target} cannot be written: {parent} is not a folder one may write to")
