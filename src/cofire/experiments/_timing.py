"""What experiments on spike timing share: the rules they can run, changes of weight, errors, fitted amplitudes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from cofire.errors import DivergenceError
from cofire.experiments._rates import needs_spikes, not_for_one_cell
from cofire.protocols import Trains
from cofire.rule import Rule

Array = NDArray[np.float64]

MAX_ROUNDS = 12  # of the fit; two are enough for a rule that is linear in its amplitudes


def unsuitable_for_spikes(rule: Rule) -> str | None:
    """Why `rule` cannot be played on the spikes of two cells, or None."""
    if not needs_spikes(rule):
        return "it is written for rates in steps, and the protocol is spikes in milliseconds"
    return not_for_one_cell(rule, given=())


def start(rule: Rule) -> float:
    """The weight before a protocol: 1, or the middle between bounds, so that there is room on both sides.

    A rule that keeps its weights below w_max by itself, without bounds, starts at half of that.
    """
    low, high = rule.bounds or (0.0, rule.values.get("w_max", np.inf))
    return (low + high) / 2 if np.isfinite(high) and np.isfinite(low) else 1.0


def relative_change(rule: Rule, protocols: Sequence[Trains], parameters: dict[str, Any] | None = None) -> Array:
    """The weight over that at the start, less 1: `[..., set]`, the sets of all protocols in a row; NaN if it diverges.

    `parameters`: arrays `[...]` of numbers of the rule that vary.
    """
    before = start(rule)
    given = {name: np.asarray(values)[..., None] for name, values in (parameters or {}).items()}
    try:
        after = [_flat(trains).play(rule, weight=before, parameters=given) for trains in protocols]
    except DivergenceError:
        return np.full((*np.broadcast_shapes(*(v.shape for v in given.values()))[:-1], _size(protocols)), np.nan)
    return np.concatenate(after, axis=-1) / before - 1


def error(change: Array, data: Array, sem: Array) -> float:
    """E of Pfister and Gerstner 2006: the mean square of the deviations from the data, in standard errors."""
    return float(np.mean(((change - data) / sem) ** 2))


def fit_amplitudes(rule: Rule, protocols: Sequence[Trains], data: Array, sem: Array) -> tuple[Rule, float]:
    """The rule with its amplitudes, none below 0, fitted to the data, and its E: Gauss and Newton's method."""
    names = [name for name in rule.parameters if name.startswith("A") or name in ("eta", "lambda_")]
    values = np.array([rule.values[name] for name in names])
    best, least = rule, error(relative_change(rule, protocols), data, sem)
    if not names:
        return best, least
    for _ in range(MAX_ROUNDS):
        shifts = np.concatenate([np.zeros((1, len(names))), np.diag(np.maximum(1e-4, 0.01 * values))])
        changes = relative_change(rule, protocols, dict(zip(names, (values + shifts).T, strict=True)))
        slopes = ((changes[1:] - changes[0]) / shifts[1:].max(axis=1)[:, None] / sem).T
        if not np.isfinite(slopes).all():
            break
        values, _ = nnls(slopes, (data - changes[0]) / sem + slopes @ values)
        tried = rule.with_(**{name: float(value) for name, value in zip(names, values, strict=True)})
        now = error(relative_change(tried, protocols), data, sem)
        if not now < least * (1 - 1e-6):
            break
        best, least = tried, now
    return best, least


def _flat(trains: Trains) -> Trains:
    return Trains((len(trains.steps),), trains.pre, trains.post, trains.steps, trains.dt)


def _size(protocols: Sequence[Trains]) -> int:
    return sum(len(trains.steps) for trains in protocols)
