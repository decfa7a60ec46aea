"""Competition over many samples: a conscience that gives every cell its turn, and a batch that learns as if in turn.

What competition makes of responses is in `cofire.activations`. `handicapped` and `share_of_wins` are the conscience of
D. DeSieno, Adding a conscience to competitive learning, Proc. IEEE ICNN 1:117-124, 1988.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def handicapped(u: Array, wins: Array, conscience: float) -> Array:
    """Responses less what a cell wins above its share: `wins[cells]` sums to 1; in units of the spread of `u`."""
    result: Array = u + (conscience * u.std(dtype=np.float64) * (1 - len(wins) * wins)).astype(u.dtype)
    return result


def share_of_wins(wins: Array, post: Array) -> Array:
    """`wins`, a running average of the share of samples that each cell wins, after `post[batch, cells]` of 0 and 1."""
    result: Array = wins + 0.1 / len(wins) * (post.sum(axis=0) - len(post) * wins)
    return result


def one_after_another(post: Array, eta: float) -> Array:
    """`post`, at least 0, such that its sum over the batch moves weights as far as the samples would in turn.

    For rules of the form η y (x - w), η below 1: n samples in turn leave (1 - η)^n of a weight; in one sum they would
    leave 1 - n η, which runs away for n η > 2.
    """
    total = post.sum(axis=0, dtype=np.float64)
    moved = -np.expm1(total * np.log1p(-eta))
    scaled: Array = post * np.divide(moved, eta * total, out=np.ones_like(moved), where=total > 0)
    return scaled.astype(post.dtype)
