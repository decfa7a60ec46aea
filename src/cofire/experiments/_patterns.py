"""Patterns of ±1, fragments of them, and which rules can store them in a memory."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cofire.language.tree import Call, Cell, Expr, walk
from cofire.memory import CapacityWarning, Memory
from cofire.rule import Rule

Array = NDArray[np.float32]


def random_patterns(rng: np.random.Generator, number: int, cells: int) -> Array:
    """Independent ±1, `[number, cells]`."""
    return signs(rng.random((number, cells)) < 0.5)


def signs(positive: NDArray[np.bool_]) -> Array:
    """+1 where `positive`, else -1."""
    return np.where(positive, np.float32(1), np.float32(-1))


def fragment(patterns: Array, cue: str, rng: np.random.Generator) -> Array:
    """What is shown of `patterns[n, cells]`: "half", "10 % flipped", "20 % flipped", or "negative" (with 10 %)."""
    if cue == "half":
        shown = random_patterns(rng, *patterns.shape)
        upper = patterns.shape[1] // 2
        shown[:, :upper] = patterns[:, :upper]
        return shown
    share, sign = {"10 % flipped": (0.1, 1), "20 % flipped": (0.2, 1), "negative": (0.1, -1)}[cue]
    return np.where(rng.random(patterns.shape) < share, -sign * patterns, sign * patterns)


def evenly(number: int, most: int) -> NDArray[np.int64]:
    """Up to `most` of the indices below `number`, evenly spaced."""
    return np.linspace(0, number - 1, min(number, most)).round().astype(np.int64)


def parts(rule: Rule) -> Iterator[Expr]:
    """Every part of every expression of `rule`."""
    for _, expression in rule.equations.items():
        yield from walk(expression)


def not_for_patterns(rule: Rule) -> str | None:
    """Why `rule` cannot store patterns that are shown all at once, or None."""
    if rule.signals:
        return f"it waits for {' and '.join(rule.signals)}, and nothing is rewarded here"
    if rule.name == "multiscale":
        return "its traces share one error and run away where hundreds of cells are taught at once"
    if any(isinstance(part, Call) and part.function in ("trace", "nearest") for part in parts(rule)):
        return "it reads when cells fired, and all cells of a pattern are shown at once"
    told = (Cell("post", "target"), Cell("post", "drive"))
    for part in parts(rule):
        if isinstance(part, Cell) and part.variable is not None and part not in told:
            return f"it reads {part.side}.{part.variable}, which these cells do not have"
    return None


def with_rate(rule: Rule, eta: float) -> Rule:
    """The rule with this rate, if it has one."""
    return rule.with_(eta=eta) if "eta" in rule.parameters else rule


def put_in(memory: Memory, *patterns: Array, **how: Any) -> None:
    """Stores patterns, more than theory allows if need be: what becomes of them is what is asked here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CapacityWarning)
        memory.store(*patterns, **how)
