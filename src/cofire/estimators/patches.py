"""Patches of images as columns of one matrix, and averages over the cells of a grid.

Images are `[channels, n, rows, columns]`, so that the responses to patches, `units @ patches`, are images again.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def columns(images: Array, size: int) -> Array:
    """Every patch of `size` by `size` around a pixel, `[channels · size², n · rows · columns]`; edges are reflected."""
    channels, n, rows, across = images.shape
    before, after = (size - 1) // 2, size // 2
    padded = _reflected(_reflected(images, before, after, 2), before, after, 3)
    patches = np.empty((channels, size, size, n, rows, across), dtype=images.dtype)
    for down in range(size):
        for right in range(size):
            patches[:, down, right] = padded[:, :, down : down + rows, right : right + across]
    return patches.reshape(channels * size * size, -1)


def contrast(patches: Array, floor: float) -> None:
    """Each patch less its mean and scaled to length one, in place; nearly flat ones, of a length below √`floor`, less."""
    patches -= patches.mean(axis=0)
    length = squares(patches)
    length += length.dtype.type(floor)
    np.sqrt(length, out=length)
    patches /= length


def squares(patches: Array) -> Array:
    """The square length of each patch."""
    result: Array = np.einsum("kn,kn->n", patches, patches)
    return result


def averaged(images: Array, rows: int, columns: int) -> Array:
    """The average over each cell of a grid of at most `rows` by `columns`, `[channels, n, rows, columns]`."""
    for axis, cells in ((3, columns), (2, rows)):
        edges = np.linspace(0, images.shape[axis], min(cells, images.shape[axis]) + 1).round().astype(int)
        sizes = np.diff(edges).astype(images.dtype)
        images = np.add.reduceat(images, edges[:-1], axis=axis)
        images /= sizes[:, None] if axis == 2 else sizes
    return images


def _reflected(images: Array, before: int, after: int, axis: int) -> Array:
    """With the pixels at both ends of an axis mirrored outwards, as often as it takes."""
    width = [(0, 0)] * images.ndim
    width[axis] = (before, after)
    return np.pad(images, width, mode="reflect" if images.shape[axis] > 1 else "edge")
