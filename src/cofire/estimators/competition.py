"""What competition leaves of the responses of a layer: functions from `u[batch, cells]` to `post` of the same shape.

    hard      1 for the cell of greatest response, 0 for all others (Rumelhart and Zipser 1985)
    soft      +q for the winner, -q for all others, q = softmax(t · u) (Journé et al. 2023)
    ranked    1 for the winner, -Δ for the cell of rank k, 0 for all others (Krotov and Hopfield 2019)

`handicapped` and `share_of_wins` are the conscience of DeSieno (1988), which gives every cell its turn.

Sources: D. E. Rumelhart, D. Zipser, Cogn. Sci. 9:75-112, 1985; D. DeSieno, Proc. IEEE ICNN 1:117-124, 1988;
D. Krotov, J. J. Hopfield, PNAS 116:7723-7731, 2019; A. Journé et al., ICLR 2023, arXiv:2209.11883.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def hard(u: Array) -> Array:
    post = np.zeros_like(u)
    post[np.arange(len(u)), u.argmax(axis=1)] = 1
    return post


def soft(u: Array, temperature: float) -> Array:
    """`temperature` is the factor t of the responses in the softmax: the larger, the harder the competition.

    Cells that tie for the greatest response all win. Arrays `[batch, cells]` in column order stay in that order, in
    which each pass here runs along the batch.
    """
    post = np.subtract(u, u.max(axis=1, keepdims=True))
    post *= u.dtype.type(temperature)
    np.exp(post, out=post)
    flat = post.ravel(order="K")  # a view: what was made from `u` lies as `u` does, without gaps
    winners = np.flatnonzero(flat == 1)  # e⁰
    post *= -1 / post.sum(axis=1, keepdims=True)
    flat[winners] *= -1
    return post


def ranked(u: Array, rank: int, depression: float) -> Array:
    """`rank` k counts from 1, the winner."""
    places = (u.shape[1] - rank, u.shape[1] - 1)
    order, each = np.argpartition(u, places, axis=1), np.arange(len(u))
    post = np.zeros_like(u)
    post[each, order[:, places[0]]] = -depression
    post[each, order[:, places[1]]] = 1
    return post


def handicapped(u: Array, wins: Array, conscience: float) -> Array:
    """Responses less what a cell wins above its share: `wins[cells]` sums to 1; in units of the spread of `u`."""
    result: Array = u + (conscience * u.std() * (1 - len(wins) * wins)).astype(u.dtype)
    return result


def share_of_wins(wins: Array, post: Array) -> Array:
    """`wins`, a running average of the share of samples that each cell wins, after `post[batch, cells]` of 0 and 1."""
    result: Array = wins + 0.1 / len(wins) * (post.sum(axis=0) - len(post) * wins)
    return result


def one_after_another(post: Array, eta: float) -> Array:
    """`post`, at least 0, such that its sum over the batch moves weights as far as the samples would in turn.

    For rules of the form η y (x - w): n samples in turn leave (1 - η)^n of a weight; in one sum they would leave
    1 - n η, which runs away for n η > 2.
    """
    total = post.sum(axis=0, dtype=np.float64)
    moved = -np.expm1(total * np.log1p(-min(eta, 1 - 1e-6)))
    scaled: Array = post * np.divide(moved, eta * total, out=np.ones_like(moved), where=total > 0)
    return scaled.astype(post.dtype)
