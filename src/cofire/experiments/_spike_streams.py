"""Streams of noisy spikes in which a pattern returns, as Masquelier, Guyonneau and Thorpe (2008) made them.

Each afferent has a rate that wanders between 0 and 90 Hz: what changes by chance is the speed of that, once a
millisecond. It fires at random with that rate, and at the latest 50 ms after its last spike. The pattern is 50 ms of
such spikes of some afferents. It takes the place of what these would have fired in some of the slots of 50 ms, never in
two in a row, its spikes a little off each time. All afferents fire at 10 Hz beside that. The numbers of the rates are
recalled; that the means are 54 Hz, and 64 with noise, is published (S1), and comes out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.int64]

DT = 1e-4  # s, of the spike times
SLOT = 500  # steps of the pattern
BIN = 10  # steps in which an afferent fires at most once, and for which it keeps its rate
HIGHEST, FASTEST, TURN = 90.0, 1800.0, 360.0  # Hz; Hz per s; the most that the speed changes by in a bin, in Hz per s
LONGEST = 50  # bins without a spike
NOISE = 10.0  # Hz
BLOCK = 1000  # bins for which random numbers are drawn at once


@dataclass(frozen=True)
class Pattern:
    """Its spikes, `cells[spike]` and `steps[spike]` from its beginning, and the afferents 0 to `members` - 1 in it."""

    cells: Array
    steps: Array
    members: int


@dataclass(frozen=True)
class Background:
    """What `afferents` fire in `slots` slots, `cells[spike]` and `steps[spike]`, in the order of the bins."""

    cells: Array
    steps: Array
    afferents: int
    slots: int


def background(afferents: int, slots: int, rng: np.random.Generator) -> Background:
    """Spikes of afferents whose rates wander."""
    bins = slots * SLOT // BIN
    rate = rng.uniform(0, HIGHEST, afferents).astype(np.float32)
    speed = rng.uniform(-FASTEST, FASTEST, afferents).astype(np.float32)
    silent = rng.integers(0, LONGEST, afferents)
    fired = np.empty((bins, afferents), bool)
    width = BIN * DT
    for k in range(bins):
        if k % BLOCK == 0:
            chance = rng.random((BLOCK, afferents), dtype=np.float32) / np.float32(width)
            turn = (rng.random((BLOCK, afferents), dtype=np.float32) - np.float32(0.5)) * np.float32(2 * TURN)
        now = fired[k]
        np.less(chance[k % BLOCK], rate, out=now)
        silent += 1
        now |= silent >= LONGEST
        silent[now] = 0
        rate += speed * np.float32(width)
        np.clip(rate, 0, HIGHEST, out=rate)
        speed += turn[k % BLOCK]
        np.clip(speed, -FASTEST, FASTEST, out=speed)
    when, cells = np.divmod(np.flatnonzero(fired), afferents)
    return Background(cells, when * BIN + rng.integers(0, BIN, len(when)), afferents, slots)


def take_pattern(source: Background, share: float) -> Pattern:
    """What a share of the afferents fire in the first slot."""
    members = round(share * source.afferents)
    chosen = (source.steps < SLOT) & (source.cells < members)
    return Pattern(source.cells[chosen], source.steps[chosen], members)


def chosen_slots(slots: int, frequency: float, rng: np.random.Generator) -> Array:
    """A share of all slots, in order, no two in a row; the last is left out, as another stream may follow."""
    wanted = round(frequency * slots)
    free = rng.choice(slots - wanted, wanted, replace=False)
    return np.sort(free) + np.arange(wanted)


def with_pattern(
    base: Background, pattern: Pattern, slots: Array, jitter: float, rng: np.random.Generator
) -> tuple[Array, Array]:
    """`(cells, steps)` in order: the background with the pattern in these slots, and noise. `jitter`: in steps."""
    taken = np.zeros(base.slots, bool)
    taken[slots] = True
    kept = ~(taken[base.steps // SLOT] & (base.cells < pattern.members))
    off = np.rint(rng.normal(0.0, jitter, (len(slots), len(pattern.steps)))).astype(np.int64)
    pasted = (slots[:, None] * SLOT + pattern.steps + off).ravel()
    number, end = rng.poisson(NOISE * DT * base.afferents * base.slots * SLOT), base.slots * SLOT
    steps = np.concatenate([base.steps[kept], pasted, rng.integers(0, end, number)])
    cells = np.concatenate(
        [base.cells[kept], np.tile(pattern.cells, len(slots)), rng.integers(0, base.afferents, number)]
    )
    inside = (steps >= 0) & (steps < end)
    place = np.sort(steps[inside] * base.afferents + cells[inside])
    place = place[np.append(True, np.diff(place) > 0)]  # one afferent fires once in a step
    when, who = np.divmod(place, base.afferents)
    return who, when
