"""The data of an experiment as named arrays of numbers and texts, in a file that needs no pickle."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import numpy as np


def flattened(data: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """`data` as arrays of numbers and texts, which need no pickle; what is inside something is called `outer/inner`."""
    return dict(_flat(data, ""))


def packed(named: Mapping[str, np.ndarray]) -> bytes:
    """As `numpy.savez_compressed` writes, for names of any kind and with the same bytes each time."""
    from numpy.lib.format import write_array

    file = BytesIO()
    with ZipFile(file, "w") as archive:
        for name, array in named.items():
            entry = ZipInfo(f"{name}.npy")
            entry.compress_type = ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as stream:
                write_array(stream, array, allow_pickle=False)
    return file.getvalue()


def _flat(value: Any, name: str) -> Iterator[tuple[str, np.ndarray]]:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _flat(part, f"{name}/{key}" if name else str(key))
        return
    if isinstance(value, list | tuple):
        try:
            together = np.asarray(value)
        except ValueError:  # rows of different length
            together = np.asarray(None)
        if together.dtype.kind in "biufcU" and not _is_mixed(value, together):
            yield name, together
            return
        for at, part in enumerate(value):
            yield from _flat(part, f"{name}/{at}")
        return
    array = np.asarray(value)
    yield name, array if array.dtype.kind in "biufcU" else np.asarray(str(value))


def _is_mixed(values: list[Any] | tuple[Any, ...], together: np.ndarray) -> bool:
    """Whether numbers have become texts by standing beside some."""
    if together.dtype.kind != "U":
        return False
    inner = list(values)
    while inner and isinstance(inner[0], list | tuple):
        inner = [part for row in inner for part in row]
    return not all(isinstance(part, str) for part in inner)
