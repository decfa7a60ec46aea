"""What takes the conformance suite: the libraries the arrays backend is meant for. A new one joins by a line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
import pytest


@dataclass(frozen=True)
class Library:
    """An array library: how a NumPy array goes in, and how a result comes out."""

    name: str
    into: Callable[[np.ndarray], Any]
    back: Callable[[Any], np.ndarray]


def _torch(array: np.ndarray) -> Any:
    return import_module("torch").tensor(array)


def _jax(array: np.ndarray) -> Any:
    return import_module("jax.numpy").asarray(array)


LIBRARIES = (
    Library("numpy", lambda a: a.copy(), np.asarray),
    Library("array_api_strict", lambda a: import_module("array_api_strict").asarray(a.copy()), lambda a: np.asarray(a)),
    Library("torch", _torch, lambda a: a.numpy()),
    Library("jax", _jax, np.asarray),
    Library("cupy", lambda a: import_module("cupy").asarray(a), lambda a: a.get()),
)


def installed(library: Library) -> None:
    """Skips the test, saying why, where the library is not on this machine."""
    pytest.importorskip(library.name, reason=f"{library.name} is not installed")
    if library.name == "jax":
        import_module("jax").config.update("jax_enable_x64", True)
