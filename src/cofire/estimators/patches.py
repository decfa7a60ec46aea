"""Patches of images as columns of one matrix, and averages over the cells of a grid.

Images are `[channels, n, rows, columns]`, so that the responses to patches, `units @ patches`, are images again.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def columns(images: Array, size: int) -> Array:
    """The patch of `size` by `size` around every pixel, `[channels · size², n · rows · columns]`; edges reflect."""
    channels, n, rows, across = images.shape
    before, after = (size - 1) // 2, size // 2
    padded = _reflected(_reflected(images, before, after, 2), before, after, 3)
    patches = np.empty((channels, size, size, n, rows, across), dtype=images.dtype)
    for down in range(size):
        for right in range(size):
            patches[:, down, right] = padded[:, :, down : down + rows, right : right + across]
    return patches.reshape(channels * size * size, -1)


def contrast(patches: Array, floor: float) -> None:
    """Each patch less its mean and scaled to length one, in place; nearly flat ones, of length below √`floor`, less."""
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
    """Averages over cells of `rows` by `columns` pixels; those at the far edges hold what is left there."""
    for axis, size in ((2, rows), (3, columns)):
        length = images.shape[axis]
        parts = [np.moveaxis(images, axis, -1)[..., first::size] for first in range(min(size, length))]
        total = parts[0].copy(order="K")
        for part in parts[1:]:
            total[..., : part.shape[-1]] += part
        total /= np.minimum(size, length - np.arange(0, length, size)).astype(images.dtype)
        images = np.moveaxis(total, -1, axis)
    return images


def windows(images: Array, grid: int) -> Array:
    """Averages over windows that overlap by half, at most `grid` along each side; what lies outside counts as 0."""
    images = averaged(images, *(_half(length, grid) for length in images.shape[2:]))
    for axis in (2, 3):
        many = -(-images.shape[axis] // 2)
        wide = [(0, 0)] * images.ndim
        wide[axis] = (1, 2 * many + 1 - images.shape[axis])
        padded = np.moveaxis(np.pad(images, wide), axis, -1)
        images = np.moveaxis(
            sum(padded[..., first::2][..., :many] for first in range(4)) / images.dtype.type(4), -1, axis
        )
    return images


def count_windows(length: int, grid: int) -> int:
    """How many windows there are along a side of `length` pixels."""
    halves = -(-length // _half(length, grid))
    return -(-halves // 2)


def _half(length: int, grid: int) -> int:
    """Half the distance of two windows, in pixels."""
    return -(-length // (2 * grid))


def _reflected(images: Array, before: int, after: int, axis: int) -> Array:
    """With the pixels at both ends of an axis mirrored outwards, as often as it takes."""
    last = images.shape[axis] - 1
    where = np.arange(-before, last + 1 + after)
    where = np.abs((where + last) % (2 * last) - last) if last else np.zeros_like(where)
    return np.take(images, where, axis=axis)
