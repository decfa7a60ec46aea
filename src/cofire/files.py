"""Files that appear whole or not at all, written under a hidden name, then renamed; and .npz files, read with care."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4
from zipfile import BadZipFile, ZipFile

from cofire.errors import DataError


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to fill; it takes the place of `path` when the block ends, and is gone if the block is left early.

    A kill leaves the old file or the new one, and what was written so far, which a later call takes away.
    Raises: `DataError` naming `path` if the disk refuses.
    """
    beside = path.with_name(f".{path.name}-{uuid4().hex[:8]}")
    _sweep(path)
    try:
        with beside.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # else a disk may rename it before it is filled
        beside.replace(path)
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror or error}") from None
    finally:
        beside.unlink(missing_ok=True)


def _sweep(path: Path) -> None:
    """Takes away what kills have left beside `path`: what is older than the file itself is nobody's work any more."""
    with suppress(OSError):
        since = path.stat().st_mtime_ns
        for draft in path.parent.glob(f".{escape(path.name)}-????????"):
            if draft.stat().st_mtime_ns < since:
                draft.unlink(missing_ok=True)


def arrays(path: Path) -> dict[str, Any]:
    """The arrays of an .npz file, each byte held against its sum; a pickle is never read.

    Raises: `FileNotFoundError`; any other error, as NumPy and zip have many, if the file is not what was written.
    """
    import numpy as np

    with path.open("rb") as file:
        with ZipFile(file) as archive:
            if wrong := archive.testzip():  # NumPy stops reading before it would see that
                raise BadZipFile(f"{wrong} is not what was written")
        file.seek(0)
        with np.load(file, allow_pickle=False) as kept:
            return dict(kept)


def check_place(path: Path) -> None:
    """Refuses a place for a file before any work is done for it. Raises: `DataError` naming the folder."""
    folder = path.absolute().parent
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise DataError(f"{path} cannot be written: {folder} is not a folder one may write to")
    if path.is_dir():
        raise DataError(f"{path} cannot be written: it is a folder")
