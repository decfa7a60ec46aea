"""Small random spike trains and synapses for any rule, and how far a backend is from the reference on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from cofire import compiler
from cofire.backends.reference import spikes as reference
from cofire.rule import Rule

N_PRE, N_POST = 5, 4


def make_trains(rule: Rule, seed: int, *, steps: int = 100, rate: float = 0.08) -> dict[str, Any]:
    """The arguments of a backend's `replay`: delays of 0 to 4 steps, most pairs connected, one pair twice."""
    rng = np.random.default_rng(seed)
    pre, post = np.nonzero(rng.random((N_PRE, N_POST)) < 0.8)
    chosen = rng.permutation(np.append(np.arange(len(pre)), 0))
    synapses = pre[chosen], post[chosen]
    weight = rng.uniform(0.1, 0.9, len(chosen))
    sizes = {"pre": N_PRE, "post": N_POST}
    signals = {name: rng.uniform(0.1, 1.0, steps) * (rng.random(steps) < 0.7) for name in rule.signals}
    for cell in compiler.lower(rule).cells:
        signals[f"{cell.side}_{cell.variable}"] = rng.uniform(0.1, 1.0, (steps, sizes[cell.side]))

    def train(cells: int) -> tuple[np.ndarray, np.ndarray]:
        fired = np.array(np.nonzero(rng.random((cells, steps)) < rate))
        who, when = fired[:, rng.permutation(fired.shape[1])]
        return who, when

    return {
        "pre": train(N_PRE),
        "post": train(N_POST),
        "synapses": synapses,
        "weight": -weight if rule.bounds and rule.bounds[1] <= 0 else weight,
        "delay": rng.integers(0, 5, len(chosen)),
        "dt": 1e-3 if rule.is_timed else 1.0,
        "steps": steps,
        "signals": signals,
    }


def assert_conforms(rule: Rule, replay: Callable[..., Any], trains: dict[str, Any], tolerance: float = 1e-9) -> None:
    """`replay` gives the reference's weights and state, relative to the largest of each."""
    plan = compiler.lower(rule)
    with np.errstate(all="ignore"):
        w, state = reference.replay(rule, plan, **trains)
    got, got_state = replay(rule, plan, **trains)
    assert_close(got, w, tolerance)
    assert set(got_state) == set(state)
    for key in state:
        assert_close(got_state[key], state[key], tolerance)


def assert_close(got: np.ndarray, wanted: np.ndarray, tolerance: float) -> None:
    wanted = np.broadcast_to(wanted, got.shape)
    scale = max(1.0, float(np.abs(wanted).max(initial=0.0))) if np.isfinite(wanted).all() else 1.0
    np.testing.assert_allclose(got, wanted, rtol=0, atol=tolerance * scale)
