"""Memories that keep their patterns: each is the weights of one hidden cell, learnt in one shot.

A hidden cell of its own, active alone while the pattern is shown, takes the pattern by Hebb's rule with η = 1; that
outer product of one row is a copy, and so it is made. Patterns of ±1 take one byte a cell.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cofire.memory._arrays import WINDOW, Array, Home, windows


class Kept:
    """Patterns `[number, cells]` in blocks, so that no array that is made for recall is large."""

    def __init__(self, cells: int, *, signs: bool) -> None:
        self.signs, self.rows = signs, max(1, WINDOW // cells)
        self.blocks: list[Array] = []

    def add(self, home: Home, patterns: Array) -> None:
        dtype = home.xp.int8 if self.signs else home.dtype
        begin = 0
        if self.blocks and self.blocks[-1].shape[0] < self.rows:
            begin = min(self.rows - self.blocks[-1].shape[0], patterns.shape[0])
            self.blocks[-1] = home.xp.concat([self.blocks[-1], home.xp.astype(patterns[:begin, :], dtype)], axis=0)
        for window in windows(patterns.shape[0] - begin, 1, self.rows):
            part = patterns[begin + window.start : begin + window.stop, :]
            self.blocks.append(home.xp.astype(part, dtype, copy=True))

    def __iter__(self) -> Iterator[Array]:
        return iter(self.blocks)

    def floats(self, home: Home) -> Iterator[tuple[slice, Array]]:
        """`(which patterns, the patterns)`, a block at a time, in the memory's type."""
        begin = 0
        for block in self.blocks:
            yield slice(begin, begin + block.shape[0]), home.xp.astype(block, home.dtype)
            begin += block.shape[0]

    def whole(self, home: Home) -> Any:
        """All of them as one array, in the type they are kept in."""
        return home.xp.concat(self.blocks, axis=0)


def power(x: Array, order: int) -> Array:
    """x ** order, by squaring: far quicker than a library's power."""
    result = None
    while order:
        if order & 1:
            result = x if result is None else result * x
        x, order = (x * x if order > 1 else x), order >> 1
    return result
