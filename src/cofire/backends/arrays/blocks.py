"""How large a piece is worked on at once, so that it stays in the cache and no temporary is large."""

from __future__ import annotations

import math
from collections.abc import Iterator

BLOCK = 1 << 18  # numbers worked on at once by functions: 1 MiB in float32, about one core's cache
PANEL = 1 << 20  # numbers that one matrix product makes at once, where something is done to it before it is added
ORDERED = 48  # rows that share one residual, at the least


def cached_rows(shape: tuple[int, ...]) -> int:
    """Rows that fit a core's cache."""
    return max(1, BLOCK // shape[1])


def panel_rows(shape: tuple[int, ...]) -> int:
    """Rows that one such product makes: many, and no more than half of a large array."""
    return max(1, max(BLOCK, min(PANEL, shape[0] * shape[1] // 2)) // shape[1])


def ordered_rows(samples: int) -> int:
    """Rows that share one residual: the triangle within them costs rows / samples of a product, few rows a slow one."""
    return max(ORDERED, 6 * math.isqrt(samples))


def row_windows(shape: tuple[int, ...], rows: int | None = None) -> Iterator[slice]:
    """Windows of so many rows, or of as many as fit a core's cache, from the first to the last."""
    rows = rows or cached_rows(shape)
    for begin in range(0, shape[0], rows):
        yield slice(begin, min(begin + rows, shape[0]))


def sample_windows(samples: int, size: int) -> Iterator[slice]:
    """Windows of so many samples, of `size` numbers each, that they fit a core's cache."""
    many = max(1, BLOCK // max(1, size))
    for begin in range(0, samples, many):
        yield slice(begin, min(begin + many, samples))
