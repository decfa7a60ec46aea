"""`replay`: the weights that given spike trains leave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cofire import compiler
from cofire.backends.state import RuleState
from cofire.errors import DivergenceError, ParameterError, did_you_mean
from cofire.protocols import inputs
from cofire.rule import Rule
from cofire.rules import as_rule

BACKENDS = ("numba", "reference")


def replay(
    rule: Rule,
    *,
    pre: tuple[Any, Any],
    post: tuple[Any, Any],
    synapses: tuple[Any, Any],
    weight: Any,
    delay: Any = 0,
    dt: Any,
    duration: Any,
    signals: Mapping[str, Any] | None = None,
    backend: str = "numba",
) -> tuple[np.ndarray, RuleState]:
    """`(weights, state)` of the synapses after the given spikes, both in the order in which the synapses are given.

    `pre`, `post`: `(cell, step)`, two integer arrays, one entry a spike, in any order; a cell fires at most once a
    step, and spikes of a cell without synapses do nothing.
    `synapses`: `(presynaptic cell, postsynaptic cell)`, one entry a synapse; the same pair may occur more than once.
    `weight`: at the start, one number or one a synapse; float32 arrays are kept in float32, anything else is float64.
    `delay`: in steps, likewise; axonal, so a presynaptic spike at step n acts at step n + delay.
    `dt`: the length of a step, a time if the rule's parameters carry units. `duration`: a time, or how many steps.
    `signals`: modulators `[step]` by name, and variables of cells `[step, cell]`, as `post_v` for `post.v`.
    `backend`: "numba", or "reference", the definition, which is slow.

    The state holds an array `[synapse]` under the text of each filter and variable, such as `state["trace(pre, tau)"]`.
    The first call for a set of equations compiles for a second or so; the result is kept in a cache for all later runs.

    Raises: `ArrayError`, `ParameterError` before anything is computed; `DivergenceError` if a weight is not finite.
    """
    rule = as_rule(rule)
    if backend not in BACKENDS:
        raise ParameterError(
            f"there is no backend {backend!r}; there are {' and '.join(BACKENDS)}{did_you_mean(str(backend), BACKENDS)}"
        )
    plan = compiler.lower(rule)
    step = inputs.step_length(rule, dt)
    steps = inputs.step_count(rule, duration, step)
    pairs = inputs.read_synapses(synapses)
    given: dict[str, Any] = {
        "pre": inputs.read_spikes("pre", pre, steps, pairs[0]),
        "post": inputs.read_spikes("post", post, steps, pairs[1]),
        "synapses": pairs,
        "weight": inputs.read_weight(weight, len(pairs[0]), rule),
        "delay": inputs.read_delay(delay, len(pairs[0])),
        "signals": inputs.read_signals(rule, plan, signals, steps, pairs),
    }
    weights, state = _engine(backend)(rule, plan, dt=step, steps=steps, **given)
    wrong = ~np.isfinite(weights)
    if wrong.any():
        first = int(np.argmax(wrong))
        raise DivergenceError(
            f"{int(wrong.sum())} of {len(weights)} weights are not finite at the end, first that of synapse {first} "
            f"({pairs[0][first]} to {pairs[1][first]}): lower the learning rate, or give the rule bounds"
        )
    return weights, state


def _engine(backend: str) -> Any:
    if backend == "numba":
        from cofire.backends.numba import spikes as compiled

        return compiled.replay
    from cofire.backends.reference import spikes as defined

    return defined.replay
