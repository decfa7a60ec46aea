"""Learning from spike trains, event by event; what it means is in `reference/spikes.py`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import ModuleType
from typing import Any

import numpy as np

from cofire.backends.numba.cache import load
from cofire.backends.numba.clocked import clocked_source
from cofire.backends.numba.kernels import kernel_source
from cofire.backends.numba.layout import Array, Layout, arrivals, axon_of_synapse, firing, lay_out
from cofire.backends.numba.quantities import Kept, Owner, find_quantities
from cofire.backends.state import RuleState
from cofire.language.text import to_text
from cofire.language.tree import Cell
from cofire.lowering.plan import Plan
from cofire.rule import Rule

_NORMS = {None: 0, "l1": 1, "l2": 2}


def replay(
    rule: Rule,
    plan: Plan,
    *,
    pre: tuple[Any, Any],
    post: tuple[Any, Any],
    synapses: tuple[Any, Any],
    weight: Any,
    delay: Any,
    dt: float,
    steps: int,
    signals: Mapping[str, Any] | None = None,
) -> tuple[Array, RuleState]:
    """The weights `[synapse]` and the state after `steps` steps of `dt` seconds; arguments as for the reference.

    Weights given in float32 are kept and returned in it; everything else is float64. The state holds one number for
    each synapse under every key.
    """
    pre_cell, post_cell = (np.asarray(cells, dtype=np.int64) for cells in synapses)
    layout = lay_out(pre_cell, post_cell, np.broadcast_to(np.asarray(delay, dtype=np.int64), pre_cell.shape))
    given = np.asarray(weight)
    kind = np.float32 if given.dtype == np.float32 else np.float64
    w = np.broadcast_to(given, pre_cell.shape)[layout.order].astype(kind)
    low, high = rule.bounds or (-np.inf, np.inf)
    kept = kept_by(plan, rule.signals, rule.normalize is not None)
    if steps > 0 and not kept.is_clocked:  # which sees to it in every step
        np.clip(w, low, high, out=w)
    arrays = [w, *(np.zeros(_size(q.owner, layout)) for q in kept.quantities[1:])]
    events = (*arrivals(layout, *_pair(pre), steps), *firing(layout, *_pair(post), steps))
    supplied = [np.ascontiguousarray((signals or {})[_name(s)], dtype=np.float64) for s in kept.signals]
    parameters = np.array([rule.values[name] for name in kept.parameters] or [0.0])
    places = (layout.row, layout.target, layout.column, layout.incoming, layout.source, layout.cell)
    kernel = kernel_for(plan, rule.signals, rule.normalize is not None, rule.bounds is not None)
    extra = (_NORMS[rule.normalize],) if kept.is_clocked else ()
    kernel.run(steps, dt, low, high, parameters, *events, *places, *extra, *supplied, *arrays)

    back = np.empty_like(layout.order)
    back[layout.order] = np.arange(len(back))
    reader = {"pre": axon_of_synapse(layout), "post": layout.target, "synapse": slice(None)}
    state = {
        q.key: (np.full(len(w), array[0]) if q.owner == "all" else array[reader[q.owner]])[back]
        for q, array in zip(kept.quantities[1:], arrays[1:], strict=True)
    }
    return w[back], RuleState(state, steps)


def source_of(rule: Rule, plan: Plan) -> str:
    """The source of the kernel that runs the rule, to be read."""
    kept = kept_by(plan, rule.signals, rule.normalize is not None)
    if kept.is_clocked:
        return clocked_source(plan, kept)
    return kernel_source(plan, kept, bounded=rule.bounds is not None)


@lru_cache(maxsize=256)
def kept_by(plan: Plan, signals: tuple[str, ...], normalizes: bool) -> Kept:
    """What the kernel of a plan keeps."""
    return find_quantities(plan, signals, normalizes=normalizes)


@lru_cache(maxsize=256)
def kernel_for(plan: Plan, signals: tuple[str, ...], normalizes: bool, bounded: bool) -> ModuleType:
    """The compiled kernel of a plan: a module whose `run` changes the arrays it is given."""
    kept = kept_by(plan, signals, normalizes)
    return load(clocked_source(plan, kept) if kept.is_clocked else kernel_source(plan, kept, bounded=bounded))


def _size(owner: Owner, layout: Layout) -> int:
    return {"all": 1, "pre": layout.n_axons, "post": layout.n_post, "synapse": layout.n_synapses}[owner]


def _name(signal: Any) -> str:
    return f"{signal.side}_{signal.variable}" if isinstance(signal, Cell) else to_text(signal)


def _pair(spikes: tuple[Any, Any]) -> tuple[Array, Array]:
    cells, when = (np.asarray(part, dtype=np.int64) for part in spikes)
    return cells, when
