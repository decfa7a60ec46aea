"""What an experiment needs to know of a rule before it drives single cells with rates."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from cofire.compiler import lower
from cofire.errors import ArrayError, DivergenceError
from cofire.rule import Rule

# What `rule.step` raises when the weights leave the range of their type, or when the response to them does so first.
OUT_OF_RANGE = (DivergenceError, ArrayError)

_LAYERS = {
    "competitive": "its post says which of several cells won",
    "kohonen": "its post is a neighbourhood on a map of cells",
    "krotov_hopfield": "its post ranks several cells",
    "soft_hebb": "its post is a softmax over several cells",
    "foldiak": "its post and pre are the settled outputs of one layer",
    "storkey": "its pre and post are one pattern of ±1 on a symmetric network",
}


def label(rule: Rule) -> str:
    """How a rule is called in a table: its catalogue name, or its equations on one line; and how it is normalised."""
    name = rule.name or "; ".join(rule.text.splitlines())
    return f"{name}, {rule.normalize}" if rule.normalize else name


def needs_spikes(rule: Rule) -> bool:
    """Whether its time is in seconds or it looks for the nearest spike: a rate for a step means nothing to it."""
    return rule.is_timed or any(state.kind == "nearest" for state in lower(rule).states)


def not_for_one_cell(rule: Rule, given: Collection[str] = ("post.drive",)) -> str | None:
    """Why `rule` cannot learn in single cells driven by pre, post and the variables `given`, or None."""
    if rule.name in _LAYERS:
        return f"{_LAYERS[rule.name]}, and here each cell is on its own"
    if rule.signals:
        return f"nothing here gives it the modulator {', '.join(rule.signals)}"
    wanted = [f"{cell.side}.{cell.variable}" for cell in lower(rule).cells]
    missing = [name for name in wanted if name not in given]
    return f"nothing here gives it {', '.join(missing)}" if missing else None


def not_for_rates(rule: Rule, given: Collection[str] = ("post.drive",)) -> str | None:
    """As `not_for_one_cell`, for rates alone."""
    if needs_spikes(rule):
        return "it is written for spikes or times in seconds, and cells here have rates in steps without duration"
    return not_for_one_cell(rule, given)


def response(w: Any, x: Any) -> Any:
    """What linear cells answer to `x[batch, n_pre]`; infinite, with no warning, where that is out of range."""
    with np.errstate(over="ignore", invalid="ignore"):
        return x @ w.T
