"""An animal that meets one cue in several contexts and has a response for each reward, by any rule, a trial a step.

The cue reaches a cell in two ways: as itself, and joined with the context it is met in, as the hippocampus would join
them. A rule has both as inputs of one cell a response. `opponent` has two cells a response: the excitatory one receives
both, the inhibitory one only the cue in its context, and forgets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cofire.compiler import lower
from cofire.experiments._rates import is_taught
from cofire.language.tree import Cell
from cofire.rule import Rule

Array = NDArray[np.float64]


def is_opponent(rule: Rule) -> bool:
    """Whether its cells differ in what they forget, so that it can be learnt with inhibition apart."""
    return Cell("post", "forgetting") in lower(rule).cells


class Animal:
    """`contexts`: where the cue can be met. `fading`: time constant of inhibition, in trials."""

    def __init__(self, rule: Rule, responses: int, contexts: Sequence[str], fading: float) -> None:
        self._rule, self._contexts, self._fading = rule, tuple(contexts), fading
        self._apart = is_opponent(rule)
        self._excitation: tuple[Any, Any] = (np.zeros((responses, 1 + len(contexts))), None)
        self._inhibition: tuple[Any, Any] = (np.zeros((responses, len(contexts))), None)

    def response(self, context: str) -> Array:
        """To the cue in this context, not below 0, `[response]`."""
        excite, inhibit = self._inputs(context)
        total = self._excitation[0] @ excite
        if self._apart:
            total = total - self._inhibition[0] @ inhibit
        result: Array = np.maximum(0.0, total)
        return result

    def trial(self, context: str, reward: Sequence[float], free: Sequence[bool]) -> None:
        """The cue, and a reward for each response. `free`: responses that fire of themselves where not rewarded."""
        given, now = np.array(reward), self.response(context)
        excite, inhibit = self._inputs(context)
        if self._apart:
            self._opposed(excite, inhibit, now, given)
            return
        if is_taught(self._rule):
            self._excitation = self._step(self._excitation, excite, now, post_target=given)
        else:
            fires = np.where((given == 0) & np.array(free), np.minimum(now, 1.0), given)
            self._excitation = self._step(self._excitation, excite, fires)

    def rest(self, trials: int) -> None:
        """As many trials of nothing."""
        excite, inhibit = (np.zeros_like(inputs) for inputs in self._inputs(self._contexts[0]))
        nothing = np.zeros(len(self._excitation[0]))
        told = {"post_target": nothing} if is_taught(self._rule) else {}
        for _ in range(trials):
            if self._apart:
                self._opposed(excite, inhibit, nothing, nothing)
            else:
                self._excitation = self._step(self._excitation, excite, nothing, **told)

    def _inputs(self, context: str) -> tuple[Array, Array]:
        here = np.array([float(context == each) for each in self._contexts])
        return np.concatenate([[1.0], here]), here

    def _opposed(self, excite: Array, inhibit: Array, now: Array, given: Array) -> None:
        """Both cells of each response learn from what they held before the trial."""
        keeps, fades = np.zeros_like(now), np.full_like(now, 1 / self._fading)
        self._excitation = self._step(self._excitation, excite, now, post_target=given, post_forgetting=keeps)
        self._inhibition = self._step(self._inhibition, inhibit, given, post_target=now, post_forgetting=fades)

    def _step(self, cells: tuple[Any, Any], pre: Array, post: Array, **told: Any) -> tuple[Any, Any]:
        w, state = cells
        return self._rule.step(w, pre=pre, post=post, state=state, **told)
