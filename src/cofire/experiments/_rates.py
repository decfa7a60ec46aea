"""What an experiment needs to know of a rule before it drives cells with rates."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from cofire.compiler import lower
from cofire.errors import ArrayError, DivergenceError
from cofire.language.tree import Cell
from cofire.rule import Rule

# What `rule.step` raises when the weights leave the range of their type, when the response to them does so first, or
# when a factor of the rule has no finite value, as 1 / sum_pre(pre) where all inputs are silent.
OUT_OF_RANGE = (DivergenceError, ArrayError)

_LAYERS = {
    "competitive": "its post says which of several cells won",
    "kohonen": "its post is a neighbourhood on a map of cells",
    "krotov_hopfield": "its post ranks several cells",
    "soft_hebb": "its post is a softmax over several cells",
    "foldiak": "its post and pre are the settled outputs of one layer",
    "storkey": "its pre and post are one pattern of ±1 on a symmetric network",
}

_AT_REST = {
    "tagging_and_capture": "its weight is 1 at rest and changes from there; here weights start elsewhere",
    "short_term": "it is back at rest within some seconds, and here is asked what is learnt for good",
}


def label(rule: Rule) -> str:
    """How a rule is called in a table: its catalogue name, or its equations on one line; and how it is normalised."""
    name = rule.name or "; ".join(rule.text.splitlines())
    return f"{name}, {rule.normalize}" if rule.normalize else name


def needs_spikes(rule: Rule) -> bool:
    """Whether its time is in seconds or it looks for the nearest spike: a rate for a step means nothing to it."""
    return rule.is_timed or any(state.kind == "nearest" for state in lower(rule).states)


def is_taught(rule: Rule) -> bool:
    """Whether it reads `post.target`, and so has to be told what each cell should answer."""
    return Cell("post", "target") in lower(rule).cells


def not_for_one_cell(rule: Rule, given: Collection[str] = ("post.drive",)) -> str | None:
    """Why `rule` cannot learn in single cells driven by pre, post and the variables `given`, or None."""
    if rule.name in _LAYERS:
        return f"{_LAYERS[rule.name]}, and here each cell is on its own"
    return _lacks(rule, given)


def not_for_rates(rule: Rule, given: Collection[str] = ("post.drive",), *, layer: bool = False) -> str | None:
    """As `not_for_one_cell`, for rates alone. `layer`: the cells of a layer act on each other."""
    if needs_spikes(rule):
        return "it is written for spikes or times in seconds, and cells here have rates in steps without duration"
    return _lacks(rule, given) if layer else not_for_one_cell(rule, given)


def not_from_there(rule: Rule) -> str | None:
    """Why `rule` cannot learn for good, from whatever weights an experiment starts with, or None."""
    return _AT_REST.get(rule.name or "")


def _lacks(rule: Rule, given: Collection[str]) -> str | None:
    """What it reads beside pre, post and the variables `given`, in a sentence, or None."""
    if rule.signals:
        return f"nothing here gives it the modulator {', '.join(rule.signals)}"
    wanted = [f"{cell.side}.{cell.variable}" for cell in lower(rule).cells]
    missing = [name for name in wanted if name not in given]
    return f"nothing here gives it {', '.join(missing)}" if missing else None


def response(w: Any, x: Any) -> Any:
    """What linear cells answer to `x[batch, n_pre]`; infinite, with no warning, where that is out of range."""
    with np.errstate(over="ignore", invalid="ignore"):
        return x @ w.T
