"""One association that is studied and then left alone, by any rule: w[post, 1], a row for each independent memory.

Studying is a step with the cue active, in which the cell is made to answer 1: a rule that reads `post.target` is told
so, for any other that is what the cell does. Time between is steps of silence, by the rule's own equations. What fades
fastest does so first, so each step of silence lasts a part of the time since it began, up to a longest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cofire import rules as catalogue
from cofire.compiler import lower
from cofire.experiments._rates import is_taught, not_for_rates
from cofire.rule import Rule

Array = NDArray[np.float64]
Memory = tuple[Any, Any]  # weights and the rule's state

_CUE = np.ones(1)


def unsuitable(rule: Rule) -> str | None:
    """Why `rule` cannot hold one association in rates, or None."""
    return not_for_rates(rule, given=("post.target", "post.drive"))


def power_like(eta: float, tau: float, ratio: float, weaker: float) -> Rule:
    """The rule `multiscale` with time constants tau, ratio · tau, ... and rates each `weaker` times the one before.

    `eta`: the sum of the rates.
    """
    shares = weaker ** np.arange(4)
    rates, times = eta * shares / shares.sum(), tau * ratio ** np.arange(4)
    numbers = {f"eta_{k + 1}": float(rates[k]) for k in range(4)} | {f"tau_{k + 1}": float(times[k]) for k in range(4)}
    return catalogue.multiscale(**numbers)


def blank(rows: int = 1) -> Memory:
    return np.zeros((rows, 1)), None


def study(rule: Rule, memory: Memory, dt: float, target: Any = 1.0) -> Memory:
    """One step of study that lasts `dt`. `target`: what the cell is made to answer, one number or one a row."""
    w, state = memory
    wanted = np.broadcast_to(np.asarray(target, dtype=float), (len(w),))
    if is_taught(rule):
        return rule.step(w, pre=_CUE, post=w[:, 0], post_target=wanted, state=state, dt=dt)
    return rule.step(w, pre=_CUE, post=wanted, state=state, dt=dt)


def silence(
    rule: Rule,
    memory: Memory,
    times: Sequence[float],
    first: float,
    longest: float,
    growth: float,
    signals: Mapping[str, float] = MappingProxyType({}),
) -> Iterator[Memory]:
    """The memory at each of `times` (rising) after now.

    A step lasts `growth` times what has gone by, but from `first` to `longest`. `signals`: modulators by name.
    """
    w, state = memory
    silent = np.zeros(len(w))
    told: dict[str, Any] = {**signals, **({"post_target": silent} if is_taught(rule) else {})}
    now = 0.0
    for time in times:
        while time - now > 1e-9 * time:
            dt = min(max(first, growth * now), longest, time - now)
            w, state = rule.step(w, pre=np.zeros(1), post=silent, state=state, dt=dt, **told)
            now += dt
        yield w, state


def after(rule: Rule, memory: Memory, time: float, first: float, longest: float, growth: float) -> Memory:
    """The memory once `time` has gone by; steps as in `silence`."""
    return list(silence(rule, memory, [time], first, longest, growth))[-1]


def stacked(rule: Rule, memories: Sequence[Memory]) -> Memory:
    """Memories of one row each as the rows of one."""
    w = np.concatenate([w for w, _ in memories])
    state = memories[0][1]
    if state is None:
        return w, None
    kept = {item.key: "post" in item.axes for item in lower(rule).states}
    return w, {
        key: np.concatenate([s[key] for _, s in memories]) if by_row else state[key] for key, by_row in kept.items()
    }
