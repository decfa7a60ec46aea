"""Learning from spike trains, event by event; what it means is in `reference/spikes.py`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from types import ModuleType
from typing import Any

import numpy as np

from cofire.backends.numba.cache import load
from cofire.backends.numba.clocked import clocked_arguments, clocked_source
from cofire.backends.numba.functions import Kernel
from cofire.backends.numba.layout import Array, Layout, arrivals, axon_of_synapse, firing, lay_out
from cofire.backends.numba.quantities import Kept, Owner, find_quantities, needs_each_step
from cofire.backends.numba.trains import run_arguments, trains_source
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
    kept, module, kernel = kernel_for(plan, rule.signals, needs_each_step(rule, plan, dt), rule.bounds is not None)
    low, high = rule.bounds or (-np.inf, np.inf)
    if steps > 0 and kernel:  # a clocked one sees to it in every step
        np.clip(w, low, high, out=w)
    arrays = {"w": w} | {q.name: np.zeros(_size(q.owner, layout)) for q in kept.quantities[1:]}
    arriving, fired = arrivals(layout, *_pair(pre), steps), firing(layout, *_pair(post), steps)
    known: dict[str, Any] = {
        "steps": steps,
        "dt": dt,
        "low": low,
        "high": high,
        "normalize": _NORMS[rule.normalize],
        "base": 0,
        "parameters": np.array([rule.values[name] for name in kept.parameters] or [0.0]),
        **dict(zip(("arrivals", "arriving", "spikes", "firing"), (*arriving, *fired), strict=True)),
        **{name: getattr(layout, name) for name in ("row", "target", "column", "incoming", "source", "cell")},
        **arrays,
    }
    for signal in kept.signals:
        values = np.ascontiguousarray((signals or {})[_name(signal)], dtype=np.float64)
        known[kept.names[signal]] = known[f"all_{kept.names[signal]}"] = values
    if kernel:
        known |= _working_space(module, kernel, known, layout)
    module.run(*(known[name] for name in (run_arguments(kernel) if kernel else clocked_arguments(kept))))

    back = np.empty_like(layout.order)
    back[layout.order] = np.arange(len(back))
    reader = {"pre": axon_of_synapse(layout), "post": layout.target, "synapse": slice(None)}
    state = {
        q.key: (np.full(len(w), values[0]) if q.owner == "all" else values[reader[q.owner]])[back]
        for q, values in ((q, arrays[q.name]) for q in kept.quantities[1:])
    }
    return w[back], RuleState(state, steps)


def source_of(rule: Rule, plan: Plan) -> str:
    """The source of the kernel that runs the rule, to be read."""
    kept = _kept_by(plan, rule.signals, rule.normalize is not None)
    return clocked_source(plan, kept) if kept.is_clocked else trains_source(plan, kept, bounded=bool(rule.bounds))[0]


@lru_cache(maxsize=256)
def kernel_for(
    plan: Plan, signals: tuple[str, ...], in_each_step: bool, bounded: bool
) -> tuple[Kept, ModuleType, Kernel | None]:
    """What the rule keeps, the module whose `run` changes its arrays, and the kernel if it is no clocked one."""
    kept = _kept_by(plan, signals, in_each_step)
    if kept.is_clocked:
        return kept, load(clocked_source(plan, kept)), None
    text, kernel = trains_source(plan, kept, bounded=bounded)
    return kept, load(text), kernel


@lru_cache(maxsize=256)
def _kept_by(plan: Plan, signals: tuple[str, ...], in_each_step: bool) -> Kept:
    return find_quantities(plan, signals, in_each_step=in_each_step)


def _working_space(module: ModuleType, kernel: Kernel, known: Mapping[str, Any], layout: Layout) -> dict[str, Any]:
    """The arrays that a kernel needs beside what it keeps: tables of fades, the last arrivals, logs of spikes."""
    n_axons, n_post = layout.n_axons, layout.n_post
    span = min(module.span(known["dt"], known["parameters"]), kernel.most_steps(n_post, layout.n_synapses))
    fades = [np.empty(min(span, known["steps"]) + 1) for _ in kernel.fades]
    module.fill(known["dt"], known["parameters"], *fades)
    size = (n_post, _most_spikes(known["spikes"], known["firing"], span, n_post) if kernel.needs_log else 1)
    return {
        "span": span,
        "axons": np.arange(n_axons),
        "first": 0,
        "past": n_post,
        **dict(zip(kernel.fades, fades, strict=True)),
        "last": np.zeros(n_axons, np.int32),
        "heard": np.zeros(n_axons, np.bool_),
        "logged": np.zeros(n_post, np.int32),
        "newest": np.full(n_post, -1, np.int32),
        "second": np.full(n_post, -1, np.int32),
        "fired": np.zeros(size, np.int32),
        **{f"before_{name}": np.zeros(n_axons) for name in kernel.remembered},
        **kernel.new_tables(min(span, known["steps"]), n_post),
        **{f"log_{name}": np.zeros(size) for name in kernel.logged},
        **{f"prior_{name}": np.zeros(n_post) for name in kernel.logged},
    }


def _most_spikes(begin: Array, cells: Array, span: int, n_post: int) -> int:
    """The most spikes of one cell between two bases."""
    edges = [*range(0, len(begin) - 1, span), len(begin) - 1]
    counts = [int(np.bincount(cells[begin[a] : begin[b]], minlength=n_post).max(initial=0)) for a, b in pairwise(edges)]
    return max(1, *counts) if counts else 1


def _size(owner: Owner, layout: Layout) -> int:
    return {"all": 1, "pre": layout.n_axons, "post": layout.n_post, "synapse": layout.n_synapses}[owner]


def _name(signal: Any) -> str:
    return f"{signal.side}_{signal.variable}" if isinstance(signal, Cell) else to_text(signal)


def _pair(spikes: tuple[Any, Any]) -> tuple[Array, Array]:
    cells, when = (np.asarray(part, dtype=np.int64) for part in spikes)
    return cells, when
