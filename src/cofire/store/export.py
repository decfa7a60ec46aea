"""A kept run for other programs: netCDF, or a folder of CSV."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np


def netcdf(described: Mapping[str, Any], named: Mapping[str, np.ndarray], path: Path) -> None:
    """Writes a netCDF 3 file; what describes the run is the attribute `cofire`, as JSON.

    netCDF 3 has no truth values, texts, complex numbers or integers of 64 bits: they become bytes, characters,
    two variables (`.real`, `.imag`), and the smallest type that holds them. It cannot hold an empty array: those are
    left out. Raises: `OSError`.
    """
    from scipy.io import netcdf_file

    with netcdf_file(path, "w", version=2) as file:
        file.cofire = json.dumps(described).encode()  # ASCII, as netCDF 3 asks
        for name, array in ((name, array) for name, array in named.items() if array.size):
            parts = {".real": array.real, ".imag": array.imag} if array.dtype.kind == "c" else {"": array}
            for part, values in parts.items():
                _put(file, _name(name) + part, values)


def table(described: Mapping[str, Any], named: Mapping[str, np.ndarray], folder: Path) -> None:
    """Fills `folder`: `findings.csv`, `numbers.csv` with the single values, and a file for each array.

    Arrays of one and two dimensions are as they look; of more, a line holds the indices and the value. An array that is
    itself called `findings` or `numbers` has a file with a `_` after its name.
    Raises: `OSError`.
    """
    findings = described["findings"]
    _lines(folder / "findings.csv", [list(findings[0]) if findings else [], *([*f.values()] for f in findings)])
    single = [(name, array[()]) for name, array in named.items() if array.ndim == 0]
    _lines(folder / "numbers.csv", [["name", "value"], *single])
    for name, array in named.items():
        if array.ndim in (1, 2):
            _lines(folder / _file(name), array.reshape(len(array), -1).tolist() if array.size else [])
        elif array.ndim > 2:
            heads = [*(f"index_{axis}" for axis in range(array.ndim)), "value"]
            _lines(folder / _file(name), [heads, *([*at, value] for at, value in np.ndenumerate(array))])


def _put(file: Any, name: str, array: np.ndarray) -> None:
    if array.dtype.kind == "U":
        width = max(1, *(len(text.encode()) for text in array.flat))
        array = np.array([text.encode() for text in array.flat], f"S{width}").view("S1").reshape(*array.shape, width)
    elif array.dtype.kind == "b":
        array = array.astype(np.int8)
    elif array.dtype.kind in "iu":
        small = array.min() >= -(2**31) and array.max() < 2**31
        array = array.astype(np.int32 if small else np.float64)
    elif array.dtype not in (np.float32, np.float64):
        array = array.astype(np.float64)
    dimensions = tuple(f"{name}_{axis}" for axis in range(array.ndim))
    for dimension, length in zip(dimensions, array.shape, strict=True):
        file.createDimension(dimension, length)
    file.createVariable(name, array.dtype, dimensions)[...] = array


def _name(name: str) -> str:
    return re.sub(r"[^\w.+-]+", "_", name)


def _file(name: str) -> str:
    """The CSV file of an array, which must not take the place of those that every run has."""
    found = _name(name)
    return f"{found}_.csv" if found in ("findings", "numbers") else f"{found}.csv"


def _lines(path: Path, lines: list[Any]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(lines)
