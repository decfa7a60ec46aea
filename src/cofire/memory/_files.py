"""Memories in files: .npz without pickle, so that a file from a stranger is safe to load."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cofire import files
from cofire.errors import DataError, ParameterError
from cofire.memory._arrays import whole
from cofire.rule import Rule

if TYPE_CHECKING:
    from cofire.memory._memory import Memory

FORMAT = 1


def write(path: str | os.PathLike[str], memory: Memory) -> None:
    """See `Memory.save`."""
    head = {
        "format": FORMAT,
        "family": memory.family,
        "cells": memory.cells,
        "stored": memory.stored,
        "faded": memory._faded,
        "settings": {name: _plain(value) for name, value in memory._settings().items()},
    }
    arrays = {f"learnt/{name}": value for name, value in memory._arrays().items()}
    with files.replacing(Path(path)) as file:
        np.savez(file, head=np.array(json.dumps(head)), **arrays)  # type: ignore[arg-type]


def read(path: str | os.PathLike[str], families: dict[str, type[Memory]], like: Any) -> Memory:
    """The memory in a file. Raises: `DataError` if it holds none; `FileNotFoundError`."""
    if Path(path).is_file() and not zipfile.is_zipfile(path):
        raise DataError(f"{path} holds no memory that can be read: it is no .npz file")
    try:
        kept = files.arrays(Path(path))
        head = json.loads(str(kept.pop("head")))
        if head["format"] > FORMAT:
            raise DataError(f"{path} was written by a later cofire: update cofire to read it")
        settings = {name: _as_given(value) for name, value in head["settings"].items()}
        memory = families[head["family"]](head["cells"], **settings)
        arrays = {name.removeprefix("learnt/"): array for name, array in kept.items()}
        if stored := whole("stored", head["stored"], 0):
            _check(arrays, memory._shapes(stored))
            memory._restore(stored, arrays, like)
            memory._faded = head.get("faded") is True
    except (FileNotFoundError, IsADirectoryError, PermissionError, DataError):
        raise
    except Exception as error:  # what NumPy, zip, JSON and the family raise at bytes that are not what was written
        raise DataError(f"{path} holds no memory that can be read ({error}); save it again with memory.save") from None
    return memory


def _check(arrays: dict[str, np.ndarray], shapes: dict[str, tuple[int, ...]]) -> None:
    """Raises: `ValueError` unless there are arrays of these shapes and no others, of finite numbers."""
    if arrays.keys() != shapes.keys():
        raise ValueError(f"it has the arrays {sorted(arrays)}, and should have {sorted(shapes)}")
    for name, shape in shapes.items():
        found = arrays[name]
        if found.shape != shape or found.dtype not in (np.float32, np.float64, np.int8):
            raise ValueError(f"{name} has shape {found.shape} and type {found.dtype}; expected numbers {shape}")
        if not np.isfinite(found).all():
            raise ValueError(f"{name} holds values that are not finite")


def _plain(setting: Any) -> Any:
    """What JSON can hold of a setting. Raises: `ParameterError` if it is a rule that cannot be told in full."""
    if not isinstance(setting, Rule):
        return setting
    if setting.explain().states or any(not isinstance(value, int | float) for value in setting.parameters.values()):
        raise ParameterError(
            f"this memory cannot be saved: its rule, {setting}, has parameters with units or remembers more than w"
        )
    extra = {"bounds": setting.bounds, "normalize": setting.normalize, "signals": setting.signals}
    return {"text": setting.text, **extra, **setting.parameters}


def _as_given(setting: Any) -> Any:
    return Rule(**setting) if isinstance(setting, dict) else setting
