"""Small random inputs for any rule, and the reference's answer to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from cofire import compiler
from cofire.backends.reference import rates
from cofire.backends.state import RuleState
from cofire.language.tree import POST, PRE
from cofire.lowering.placement import DRIVE
from cofire.rule import Rule

STEPS = 3


@dataclass(frozen=True)
class Sample:
    """Weights, and the activity of a few steps."""

    w: np.ndarray
    pre: list[np.ndarray]
    post: list[np.ndarray]
    signals: list[dict[str, np.ndarray]]


def make_sample(rule: Rule, seed: int, *, batch: int = 4, n_post: int = 5, n_pre: int = 3) -> Sample:
    """Activity and weights between 0.1 and 1, so that every function of the language is finite on them."""
    rng = np.random.default_rng(seed)
    plan = compiler.lower(rule)

    def draw(*shape: int) -> np.ndarray:
        return rng.uniform(0.1, 1.0, shape)

    def signals() -> dict[str, np.ndarray]:
        sizes = {"pre": n_pre, "post": n_post}
        cells = {f"{c.side}_{c.variable}": draw(batch, sizes[c.side]) for c in plan.cells if c != DRIVE}
        return cells | {name: draw(batch) for name in rule.signals}

    return Sample(
        draw(n_post, n_pre),
        [draw(batch, n_pre) for _ in range(STEPS)],
        [draw(batch, n_post) for _ in range(STEPS)],
        [signals() for _ in range(STEPS)],
    )


def duration_of(rule: Rule) -> Any:
    """A step that the rule accepts: a millisecond where its parameters have units of time."""
    from cofire.units import ms

    return 1 * ms if rule.is_timed else 1.0


def reference_steps(rule: Rule, sample: Sample, reduce: str = "mean") -> tuple[np.ndarray, RuleState]:
    """Weights and state after the sample's steps, by definition."""
    plan = compiler.lower(rule)
    w, state = sample.w, rates.start(plan, sample.w.shape)
    dt = compiler.duration(rule, duration_of(rule))
    for pre, post, signals in zip(sample.pre, sample.post, sample.signals, strict=True):
        cells = {c: signals[f"{c.side}_{c.variable}"] for c in plan.cells if c != DRIVE}
        modulators = {name: signals[name] for name in rule.signals}
        values = rates.Batch(rule.values, w, {PRE: pre, POST: post, **cells}, modulators, state)
        with np.errstate(all="ignore"):
            w, state = rates.step(rule, plan, values, dt, reduce)
    return w, state
