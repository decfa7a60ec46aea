"""What a training needs to go on where it was: arrays in an npz file that appears whole or not at all; no pickle."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cofire import files
from cofire.errors import DataError


def write(path: Path, arrays: Mapping[str, Any]) -> None:
    """Raises: `DataError`; see `cofire.files`."""
    with files.replacing(path) as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]


def read(path: Path, training: str) -> dict[str, NDArray[Any]] | None:
    """What was written, None if there is no file yet.

    Raises: `DataError` if the file is no checkpoint, or one of another `training`, which `fingerprint` describes.
    """
    if not path.exists():
        return None
    try:
        found = files.arrays(path)
    except Exception as error:  # what NumPy, zip and the parser of a header raise at damaged bytes
        raise DataError(f"{path} is not a checkpoint ({error}): give another path, or remove it") from None
    if str(found.pop("training", "")) != training:
        raise DataError(f"{path} is the checkpoint of other parameters or data: give another path, or remove it")
    return found


def fingerprint(estimator: Any, X: NDArray[Any]) -> str:
    """Names the estimator, its parameters and its data, in one line of text."""
    settings = {name: value for name, value in estimator.get_params(deep=False).items() if name != "checkpoint"}
    if not isinstance(settings["random_state"], int | None):
        del settings["random_state"]  # what was drawn from it is kept
    return f"{type(estimator).__name__} {settings!r} {X.shape} {X.dtype} {zlib.crc32(X.tobytes()):08x}"
