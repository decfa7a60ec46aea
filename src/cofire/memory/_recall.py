"""How states change until they come to rest: all cells at once, or one after the other.

What becomes of a cue depends on the cue, the memory and the seed alone, not on the other cues of the batch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from cofire.memory._arrays import Array, Home, put, windows

FEW = 3  # steps after which so few cues still move that it costs little to see which go round

Update = Callable[[Array], tuple[Array, Array]]


@dataclass(frozen=True, repr=False)
class Recalled:
    """What came back from a batch of cues.

    `patterns[batch, cells]`: the states at the end. `converged[batch]`: whether nothing would change any more.
    `energies[batch, n + 1]`: of the cue and after each of at most n steps; a cue that is at rest keeps its last one.
    `steps[batch]`: how many steps changed something; in asynchronous recall a step visits every cell once.
    `partners[batch, partner cells]`: what the patterns are paired with, of a memory of pairs.
    `path[batch, n + 1, cells]`: the cue and the state after each step, of a memory of sequences.
    """

    patterns: Any
    converged: Any
    energies: Any
    steps: Any
    partners: Any = None
    path: Any = None

    def __repr__(self) -> str:
        number, cells = self.patterns.shape
        return f"<Recalled: patterns[{number}, {cells}], {int(self.converged.sum())} of {number} converged>"


def synchronous(update: Update, cues: Array, steps: int, home: Home, tolerance: float, chunk: int) -> Recalled:
    """All cells at once: `update(states)` gives the next states and the energies of these, `[batch]`.

    Only cues that still move go on. One that comes back to where it was two steps before goes round for ever, and is
    left there. `chunk`: cues that are worked on together.
    """
    parts = [_together(update, cues[at, :], steps, home, tolerance) for at in windows(cues.shape[0], 1, chunk)]
    return joined(parts, home)


def joined(parts: list[Recalled], home: Home) -> Recalled:
    """The results of several batches as those of one; energies that end earlier go on as they are."""
    if len(parts) == 1:
        return parts[0]
    xp = home.xp
    longest = max(part.energies.shape[1] for part in parts)

    def one(name: str) -> Array:
        return xp.concat([getattr(part, name) for part in parts], axis=0)

    energies = [_lengthened(part.energies, longest, xp) for part in parts]
    return Recalled(one("patterns"), one("converged"), xp.concat(energies, axis=0), one("steps"))


def one_at_a_time(
    start: Array,
    inputs: Callable[[Array], Array],
    from_each: Array,
    settled: Callable[[Array, Array], Array],
    energy: Callable[[Array, Array], Array],
    steps: int,
    home: Home,
    seed: int,
) -> Recalled:
    """One cell after the other, in an order drawn anew for each step, takes the value its input asks for.

    `inputs(states)`: the summed input of every cell. `from_each[cell]`: what one unit of a cell adds to all inputs.
    `settled(inputs, states)`: the values the cells would take. `energy(inputs, states)`: `[batch]`.
    A cell that would keep its value is passed over, which changes nothing: each cue leaps to its next cell that moves.
    """
    xp, cells = home.xp, start.shape[1]
    rng = np.random.default_rng(seed)
    place = xp.arange(cells, device=home.device)[None, :]

    def step(states: Array) -> tuple[Array, Array]:
        order = rng.permutation(cells)
        there, back = home.indices(order), home.indices(np.argsort(order))
        weights = xp.take(xp.take(from_each, there, axis=0), there, axis=1)
        drive = inputs(states)
        before = energy(drive, states)
        drive, states = xp.take(drive, there, axis=1), xp.take(states, there, axis=1)
        at = xp.full((states.shape[0], 1), -1, dtype=xp.int64, device=home.device)
        while True:
            aim = settled(drive, states)
            wrong = xp.astype((aim != states) & (place > at), xp.int8)
            cell = xp.argmax(wrong, axis=1, keepdims=True)
            moves = xp.take_along_axis(wrong, cell, axis=1) > 0
            if not bool(xp.any(moves)):
                return xp.take(states, back, axis=1), before
            here = (place == cell) & moves
            change = xp.sum(xp.where(here, aim - states, xp.zeros_like(states)), axis=1, keepdims=True)
            states = xp.where(here, aim, states)
            drive = drive + change * xp.take(weights, cell[:, 0], axis=0)
            at = xp.where(moves, cell, xp.full_like(at, cells))

    return _together(step, start, steps, home, 0.0, cycles=False)


def cell_by_cell(
    start: Array,
    visit: Callable[[int, Array, Any], tuple[Array, Any]],
    prepared: Callable[[Array], Any],
    energy: Callable[[Array], Array],
    steps: int,
    home: Home,
    seed: int,
    tolerance: float,
) -> Recalled:
    """As `one_at_a_time`, for cells whose input is no weighted sum, or whose values are graded: each is visited.

    `prepared(states)`: what a visit needs to know. `visit(cell, values of the cell [batch], known)`: its new values,
    and what is known then.
    """
    xp = home.xp
    rng = np.random.default_rng(seed)

    def step(states: Array) -> tuple[Array, Array]:
        before, known = energy(states), prepared(states)
        columns = [states[:, i] for i in range(states.shape[1])]
        for i in rng.permutation(states.shape[1]).tolist():
            columns[i], known = visit(i, columns[i], known)
        return xp.stack(columns, axis=1), before

    return _together(step, start, steps, home, tolerance, cycles=False)


def _together(
    update: Update, cues: Array, steps: int, home: Home, tolerance: float, *, cycles: bool = True
) -> Recalled:
    xp, number = home.xp, cues.shape[0]
    result = xp.asarray(cues, copy=True)
    energy, energies = home.zeros(number), []
    converged = xp.zeros(number, dtype=xp.bool, device=home.device)
    taken = xp.zeros(number, dtype=xp.int64, device=home.device)
    live, states, before = xp.arange(number, device=home.device), cues, None
    for step in range(steps + 1):
        new, here = update(states)  # the last one only tells the energy, and whether this is rest
        energy = put(xp.asarray(energy, copy=True), live, here)
        energies.append(energy)
        moves = _differ(new, states, tolerance, xp)
        rests = ~moves
        if bool(xp.any(rests)):
            converged = put(converged, live[rests], xp.ones_like(live[rests], dtype=xp.bool))
        if step == steps:
            break
        goes = moves
        if cycles and before is not None and step >= FEW:
            goes = moves & _differ(new, before, tolerance, xp)
        if not bool(xp.all(goes)):
            kept = xp.nonzero(goes)[0]
            live, new, states = xp.take(live, kept), xp.take(new, kept, axis=0), xp.take(states, kept, axis=0)
        if live.shape[0] == 0:
            break
        result = put(result, live, new)
        taken = put(taken, live, xp.full_like(live, step + 1))
        states, before = new, states
    return Recalled(result, converged, xp.stack(energies, axis=1), taken)


def _differ(one: Array, other: Array, tolerance: float, xp: Any) -> Array:
    """Whether two states differ, `[batch]`."""
    return xp.any(xp.abs(one - other) > tolerance if tolerance else one != other, axis=1)


def _lengthened(energies: Array, steps: int, xp: Any) -> Array:
    last = xp.repeat(energies[:, -1:], steps - energies.shape[1], axis=1)
    return xp.concat([energies, last], axis=1)
