"""What a layer makes of the responses of its cells: functions from `u` to `post` of the same shape.

For any array library.

Cells lie along the second axis: `u[batch, cells]` of a dense layer, `u[batch, cells, height, width]` of a convolution.

    hard      1 for the cell of greatest response, 0 for all others (Rumelhart and Zipser 1985)
    soft      +q for the winner, -q for all others, q = softmax(t · u) (Journé et al. 2023)
    ranked    1 for the winner, -Δ for the cell of rank k, 0 for all others (Krotov and Hopfield 2019)
    triangle  relu(u - mean over cells) ** n, what such a layer hands on (Coates et al. 2011; Journé et al. 2023)

Sources: D. E. Rumelhart, D. Zipser, Cogn. Sci. 9:75-112, 1985; A. Coates, A. Ng, H. Lee, AISTATS 2011;
D. Krotov, J. J. Hopfield, PNAS 116:7723-7731, 2019; A. Journé et al., ICLR 2023, arXiv:2209.11883.
"""

from __future__ import annotations

from typing import Any

import array_api_compat as compat

from cofire.errors import ParameterError

Array = Any


def hard(u: Array) -> Array:
    """Of cells that tie, the first wins."""
    xp = compat.array_namespace(u)
    return xp.astype(xp.argmax(u, axis=1, keepdims=True) == _cells(u, xp), u.dtype)


def soft(u: Array, temperature: float) -> Array:
    """`temperature` is the factor t > 0 of the responses: the larger, the harder they compete. All of a tie win."""
    xp = compat.array_namespace(u)
    below = u - xp.max(u, axis=1, keepdims=True)
    below *= temperature
    q = xp.exp(below)
    q /= xp.sum(q, axis=1, keepdims=True)
    # 0 below the greatest, so plus, and minus for all others; a third array would cost more than the arithmetic
    in_place = compat.is_torch_array(u) and not u.requires_grad
    return xp.copysign(q, below, out=below) if in_place else xp.copysign(q, below)


def ranked(u: Array, rank: int, depression: float) -> Array:
    """`rank` k counts from 1, the winner; `depression` is Δ. Raises: `ParameterError` if there is no such rank."""
    if not 2 <= rank <= u.shape[1]:
        raise ParameterError(f"rank = {rank!r} is refused: it must be from 2 to the number of cells, {u.shape[1]}")
    xp = compat.array_namespace(u)
    order = xp.argsort(u, axis=1, descending=True, stable=True)
    cells = _cells(u, xp)
    winner, loser = (order[:, place : place + 1, ...] == cells for place in (0, rank - 1))
    return xp.astype(winner, u.dtype) - depression * xp.astype(loser, u.dtype)


def triangle(u: Array, power: float) -> Array:
    """`power` is n."""
    xp = compat.array_namespace(u)
    above = u - xp.mean(u, axis=1, keepdims=True)
    above = xp.where(above > 0, above, xp.zeros_like(above))
    return above if power == 1 else above**power


def _cells(u: Array, xp: Any) -> Array:
    """The number of each cell, along the second axis."""
    numbers = xp.arange(u.shape[1], dtype=xp.int64, device=compat.device(u))
    return xp.reshape(numbers, (1, -1) + (1,) * (u.ndim - 2))
