"""Storing patterns by a rule: one step, with pre and post both the pattern, and no connection of a cell with itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from cofire import rules
from cofire.backends.arrays.library import writable_in_place
from cofire.language.functions import FILTERS, REDUCTIONS
from cofire.language.tree import Call, Cell, Weight, walk
from cofire.memory._arrays import Array, Home, to_numpy, without_diagonal
from cofire.rule import Rule

KNOWN = 0.5  # of the target: when practice stops


def stored(
    rule: Rule, w: Array, pre: Array, post: Array, state: Any, passes: int, home: Home, *, own: bool
) -> tuple[Array, Any]:
    """`(w, state)` after each `pre[number, n_pre]` met its `post[number, n_post]`; the old `w` is not to be used.

    A rule that reads `post.target` is told `post` there, and practises up to `passes` times those not known yet.
    `own`: the cells of pre and post are the same, and no cell is connected with itself.
    """
    taught = is_taught(rule)
    once = not taught and is_additive(rule)
    for _ in range(passes if taught else 1):
        for window in [slice(None)] if once else _unknown(w, pre, post, home) if taught else _each(pre):
            x, y = pre[window, :], post[window, :]
            if taught:
                w, state = learn(rule, w, x, x @ w.T, state, post_target=y)
            else:
                w, state = learn(rule, w, x, y, state)
            w = without_diagonal(w) if own else w
    return w, state


def learn(rule: Rule, w: Array, pre: Array, post: Array, state: Any = None, **signals: Any) -> tuple[Array, Any]:
    """One step with a batch added up, in place where the library allows it."""
    out = w if writable_in_place(w) else None
    return rule.step(w, pre=pre, post=post, state=state, out=out, reduce="sum", **signals)


def made(rule: str | Rule, eta: float) -> Rule:
    """The rule of that name with this rate, or the rule itself."""
    if not isinstance(rule, str):
        return rules.as_rule(rule)
    recipe = rules.get(rule)
    return recipe(eta=eta) if "eta" in recipe.parameters else recipe()


def _each(patterns: Array) -> Iterator[slice]:
    return (slice(k, k + 1) for k in range(patterns.shape[0]))


def _unknown(w: Array, pre: Array, post: Array, home: Home) -> Iterator[slice]:
    """Those with a cell whose input does not reach half its target."""
    sure = to_numpy(home.xp.min(post * (pre @ w.T), axis=1))
    return (slice(k, k + 1) for k in np.flatnonzero(sure < KNOWN).tolist())


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
