"""Storing patterns by a rule: one step, with pre and post both the pattern, and no connection of a cell with itself."""

from __future__ import annotations

from typing import Any

from cofire.backends.arrays.gemm import writable_in_place
from cofire.language.functions import FILTERS, REDUCTIONS
from cofire.language.tree import Call, Cell, Weight, walk
from cofire.memory._arrays import Array, Home, without_diagonal
from cofire.rule import Rule

KNOWN = 0.5  # of the target: when practice stops


def stored(rule: Rule, w: Array, patterns: Array, state: Any, passes: int, home: Home) -> tuple[Array, Any]:
    """`(w, state)` after `patterns`; the old `w` is not to be used any more.

    A rule that reads `post.target` is told the pattern there, and practises up to `passes` times those not known yet.
    """
    if is_taught(rule):
        return _practised(rule, w, patterns, state, passes, home)
    if is_additive(rule):  # the sum of single steps
        w, state = learn(rule, w, patterns, patterns, state)
        return without_diagonal(w), state
    for k in range(patterns.shape[0]):
        pattern = patterns[k : k + 1, :]
        w, state = learn(rule, w, pattern, pattern, state)
        w = without_diagonal(w)
    return w, state


def learn(rule: Rule, w: Array, pre: Array, post: Array, state: Any = None, **signals: Any) -> tuple[Array, Any]:
    """One step with a batch added up, in place where the library allows it."""
    out = w if writable_in_place(w) else None
    return rule.step(w, pre=pre, post=post, state=state, out=out, reduce="sum", **signals)


def _practised(rule: Rule, w: Array, patterns: Array, state: Any, passes: int, home: Home) -> tuple[Array, Any]:
    xp = home.xp
    for _ in range(passes):
        sure = xp.min(patterns * (patterns @ w.T), axis=1)
        unknown = xp.nonzero(sure < KNOWN)[0]
        if unknown.shape[0] == 0:
            break
        for k in range(unknown.shape[0]):
            pattern = xp.take(patterns, unknown[k : k + 1], axis=0)
            w, state = learn(rule, w, pattern, pattern @ w.T, state, post_target=pattern)
            w = without_diagonal(w)
    return w, state


def is_taught(rule: Rule) -> bool:
    """Whether it has to be told what each cell should answer."""
    return Cell("post", "target") in rule.explain().cells


def is_additive(rule: Rule) -> bool:
    """Whether a step depends on the pattern alone, so that a sum over patterns is the same as one after the other."""
    reads = any(
        isinstance(part, Weight)
        or (isinstance(part, Cell) and part.variable is not None)
        or (isinstance(part, Call) and part.function in FILTERS | REDUCTIONS)
        for _, expression in rule.equations.items()
        for part in walk(expression)
    )
    return not reads and rule.bounds is None and rule.normalize is None and not rule.equations.variables
