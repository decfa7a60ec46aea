"""The weights of a layer: scaled, and how much alike."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def unit_length(X: Array) -> Array:
    """Each row scaled to length one; a row of zeros stays, and so nearly does one whose squares vanish."""
    result: Array = X / np.maximum(np.linalg.norm(X, axis=1, keepdims=True), np.finfo(X.dtype).tiny ** 0.5)
    return result


def likeness(w: Array) -> float:
    """Mean |cos| between the weights of two different units; 0 for a single one."""
    if len(w) < 2:
        return 0.0
    rows = unit_length(w)
    cosines = np.abs(rows @ rows.T)
    return float((cosines.sum() - np.trace(cosines)) / (len(w) * (len(w) - 1)))
