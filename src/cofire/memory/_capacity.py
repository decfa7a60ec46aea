"""How many random patterns a memory holds, by trying."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cofire.errors import ParameterError, shown
from cofire.memory.theory import Theory

if TYPE_CHECKING:
    from cofire.memory._memory import Memory

STEPS = 30  # of recall, all cells at once: what needs more is far from any pattern
RECALLED = 0.95  # overlap beyond which a pattern counts as recalled: below what is left of it at the critical load


class CapacityWarning(UserWarning):
    """More patterns are stored than the theory of the memory lets it hold."""


@dataclass(frozen=True, repr=False)
class Capacity:
    """`theory`: what is published. Measured, for each of `flipped` shares of wrong cells and `numbers` of patterns:

    `overlap[flipped, numbers, nets]`: mean overlap of what comes back with the pattern.
    `recalled[flipped, numbers, nets]`: the share with an overlap beyond .95.
    """

    theory: Theory
    numbers: Any
    flipped: Any
    overlap: Any
    recalled: Any

    def __repr__(self) -> str:
        theory = f"{self.theory.patterns:.4g} in theory, {self.theory.formula}"
        return f"<Capacity: {self.measured:.4g} patterns measured, {theory}>"

    @property
    def measured(self) -> float:
        """The number stored at which half of the patterns are lost from the least wrong cues; infinite if none is."""
        return midpoint(self.numbers, self.recalled[0].mean(axis=1))

    @property
    def basin(self) -> Any:
        """`[numbers]`: the largest share of wrong cells from which at least half come back; NaN if from none."""
        enough = self.recalled.mean(axis=2) >= 0.5
        shares = np.where(np.logical_and.accumulate(enough, axis=0), np.asarray(self.flipped)[:, None], np.nan)
        return np.where(enough[0], np.fmax.reduce(shares, axis=0), np.nan)


def measured(
    memory: Memory,
    numbers: Sequence[int] | None,
    flipped: Sequence[float],
    nets: int,
    cues: int,
    seed: int,
    progress: Callable[[float, str], None],
) -> Capacity:
    """See `Memory.capacity`."""
    theory = memory._theory()
    if numbers is None:
        most = min(1.8 * theory.patterns, 8 * memory.cells)
        numbers = sorted({max(1, round(most * share)) for share in np.linspace(0.125, 1, 8)})
    counts = _checked("numbers", numbers, lambda n: n == int(n) and n >= 1, "whole numbers of at least 1")
    shares = _checked("flipped", flipped, lambda share: 0 <= share <= 0.5, "shares from 0 to 0.5")
    result = np.zeros((2, len(shares), len(counts), nets))
    for net in range(nets):
        rng = np.random.default_rng((seed, net))
        patterns = memory._random(rng, int(counts[-1]))
        for c, count in enumerate(map(int, counts)):
            progress((net + c / len(counts)) / nets, f"{memory.family}: {count} patterns")
            if c == 0 or memory._practises:
                fresh, done = memory._fresh(), 0
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", CapacityWarning)
                fresh._store_random(patterns[done:count])
            done = count
            chosen = np.linspace(0, count - 1, min(count, cues)).round().astype(int)
            for f, share in enumerate(shares):
                found = fresh._trial(patterns[:count], chosen, float(share), np.random.default_rng((seed, net, c, f)))
                result[:, f, c, net] = np.mean(found), np.mean(found > RECALLED)
    return Capacity(theory, counts.astype(int), shares, *result)


def midpoint(numbers: Any, held: Any) -> float:
    """Where the share held first falls to one half, between the numbers; infinite if it does not."""
    if not np.any(held < 0.5):
        return float("inf")
    first = int(np.argmax(held < 0.5))
    if first == 0:
        return 0.0
    share = (held[first - 1] - 0.5) / (held[first - 1] - held[first])
    return float(numbers[first - 1] + share * (numbers[first] - numbers[first - 1]))


def _checked(name: str, given: Sequence[float], fits: Callable[[float], bool], wanted: str) -> Any:
    values = np.asarray(given, dtype=float)
    if values.ndim != 1 or not len(values) or not all(map(fits, values)) or np.any(np.diff(values) <= 0):
        raise ParameterError(f"{name} = {shown(given)} is refused: it must be rising {wanted}")
    return values
