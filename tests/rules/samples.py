"""Two cells that receive, two that send, two samples; and what a rule makes of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from cofire import Rule
from cofire.backends.state import RuleState
from cofire.units import second

# Updates worked out by hand. Two cells that receive, two that send, two samples:
#
#     w = [[1, 2], [0, -1]]     x = (1, 2), then (3, 0)     y = (1, -1), then (2, 1)
#
#     <y x>:  (1*1 + 2*3, 1*2 + 2*0) / 2 = (3.5, 1)   and   (-1*1 + 1*3, -1*2 + 1*0) / 2 = (1, -1)
#     <x> = (2, 1)     <y> = (1.5, 0)     <y^2> = (2.5, 1)

W = [[1.0, 2.0], [0.0, -1.0]]
ZERO = [[0.0, 0.0], [0.0, 0.0]]
X = [[1.0, 2.0], [3.0, 0.0]]
Y = [[1.0, -1.0], [2.0, 1.0]]


def inputs(**changes: Any) -> dict[str, Any]:
    """The arguments of `delta`: those above, with `changes`; lists become arrays, a mapping of lists a state."""
    given: dict[str, Any] = {"w": W, "pre": X, "post": Y} | changes
    arrays = {name: np.array(value, dtype=np.float64) for name, value in given.items() if name != "state"}
    state = {name: np.array(value, dtype=np.float64) for name, value in given.get("state", {}).items()}
    return arrays | ({"state": RuleState(state)} if state else {})


def delta(rule: Rule, **given: Any) -> np.ndarray:
    """dw/dt: the change in one step, or in one second where parameters carry units."""
    kept = {item.key for item in rule.explain().states}
    if "state" in given:
        given["state"] = {key: value for key, value in given["state"].items() if key in kept}
    return rule.delta(**inputs(**given), dt=1 * second if rule.is_timed else None)
