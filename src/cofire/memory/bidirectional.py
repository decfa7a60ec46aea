"""Kosko's bidirectional memory: two layers that call each other up, the face the name and the name the face.

Each pair (x, y) is stored by a rule, Hebb's with η = 1/√(N M) if no other is given, from the one layer (pre) to the
other (post); the same synapses are used in both directions. From a cue x the layers take turns, y = sign(W x) and
x = sign(Wᵀ y), until nothing changes. Cells of one layer do not act on each other, so all of them at once or one after
the other is the same, and the energy  E = -y · W x  never rises.

Holds .2 n pairs with two layers of n cells, more than the .138 of Hopfield's net, as it has no such feedback of a layer
on itself. Pitfall: the smaller layer sets the limit.
Sources: B. Kosko, Bidirectional associative memories, IEEE Trans. Syst. Man Cybern. 18:49-60, 1988,
doi:10.1109/21.87054; capacity: T. Tanaka, S. Kakiya, Y. Kabashima, Capacity analysis of bidirectional associative
memory, ICONIP 2000, 2:779-784 (0.1998, equal layers).
"""

from __future__ import annotations

from typing import Any, Literal, Self

import numpy as np

from cofire.errors import ArrayError, ParameterError, shown
from cofire.memory import theory
from cofire.memory._arrays import CACHED, Array, Home, home_of, overlap, partners_of, rows, whole
from cofire.memory._capacity import STEPS
from cofire.memory._memory import SIGNS, Memory, Mode
from cofire.memory._recall import Recalled, synchronous
from cofire.memory._storage import made, stored
from cofire.memory.theory import Theory
from cofire.rule import Rule

Layer = Literal["patterns", "partners"]


class BidirectionalMemory(Memory):
    """A memory of pairs, a pattern of `cells` and its partner of `partners` cells, both of ±1.

    `rule`: a name of the catalogue, with η = 1/√(cells · partners), or a `cofire.Rule`; `passes` as for `Hopfield`.
    `weights[partner, pattern]`. Raises: `ParameterError`.
    """

    family = "bidirectional"
    modes = ("synchronous", "asynchronous")

    def __init__(self, cells: int, partners: int, rule: str | Rule = "hebb", *, passes: int = 30) -> None:
        super().__init__(cells)
        self.partners, self.passes = whole("partners", partners, 1), whole("passes", passes, 1)
        self._rule = made(rule, (self.cells * self.partners) ** -0.5)
        self.rule = rule
        self._state: Any = None

    def store(self, patterns: Any, partners: Any = None) -> Self:
        """As `Memory.store`; `partners[number, partner cells]` go with the patterns."""
        if partners is None:
            raise ArrayError("partners are missing: give store(patterns, partners)")
        given = rows("patterns", patterns, self.cells)
        other = partners_of(given, partners, self.partners)
        home = self._home or home_of(given)
        self._write(home, self._taken(home, "patterns", given), self._taken(home, "partners", other))
        return self._grown(home, given.shape[0])

    def recall(
        self, cues: Any, *, steps: int = 100, mode: Mode = "synchronous", seed: int = 0, given: Layer = "patterns"
    ) -> Recalled:
        """As `Memory.recall`, of `patterns` and `partners`; the cues are of the layer `given`."""
        if given not in ("patterns", "partners"):
            raise ParameterError(f"given = {shown(given)} is refused: it must be 'patterns' or 'partners'")
        if given == "patterns":
            return super().recall(cues, steps=steps, mode=mode, seed=seed)
        home = self._ready("recall")
        steps, *_ = self._how(steps, mode, seed)
        cues = self._taken(home, "cues", rows("cues", cues, self.partners), (*SIGNS, 0))
        found = self._from(cues, self._learnt["w"].T, steps)
        return Recalled(found.partners, found.converged, found.energies, found.steps, partners=found.patterns)

    def _settings(self) -> dict[str, Any]:
        return {"partners": self.partners, "rule": self.rule, "passes": self.passes}

    def _shapes(self, stored: int) -> dict[str, tuple[int, ...]]:  # noqa: ARG002
        return {"w": (self.partners, self.cells)}

    def _theory(self) -> Theory:
        n = min(self.cells, self.partners)
        source = "T. Tanaka, S. Kakiya, Y. Kabashima, ICONIP 2000, 2:779-784"
        return Theory(0.1998 * n, "0.2 n, of the smaller layer", source, theory.gaussian(1 / n))

    def _write(self, home: Home, *patterns: Array) -> None:
        pre, post = patterns
        w = self._learnt.get("w")
        if w is None:
            w = home.zeros(self.partners, self.cells)
        self._learnt["w"], self._state = stored(self._rule, w, pre, post, self._state, self.passes, home, own=False)

    def _recalled(self, cues: Array, steps: int, mode: Mode, seed: int) -> Recalled:  # noqa: ARG002
        return self._from(cues, self._learnt["w"], steps)

    def _from(self, cues: Array, w: Array, steps: int) -> Recalled:
        """From cues of the layer that `w` comes from: what that layer comes to, and the other as `partners`."""
        home = self._ready("recall")
        xp = home.xp
        chunk = max(1, CACHED // max(w.shape))

        def update(states: Array) -> tuple[Array, Array]:
            drive = states @ w.T
            other = xp.sign(drive)
            ask = xp.sign(other @ w)
            return xp.where(ask == 0, states, ask), -xp.vecdot(other, drive)

        found = synchronous(update, cues, steps, home, 0.0, chunk)
        other = xp.sign(found.patterns @ w.T)
        return Recalled(found.patterns, found.converged, found.energies, found.steps, partners=other)

    def _energy(self, states: Array) -> Array:
        """With the partner layer answering."""
        xp = self._ready("tell an energy").xp
        return -xp.sum(xp.abs(states @ self._learnt["w"].T), axis=1)

    def _random(self, rng: np.random.Generator, number: int) -> Any:
        """Patterns, and beside them their partners."""
        size = (number, self.cells + self.partners)
        return np.where(rng.random(size) < 0.5, np.float32(-1), np.float32(1))

    def _store_random(self, patterns: Any) -> None:
        self.store(patterns[:, : self.cells], patterns[:, self.cells :])

    def _trial(self, patterns: Any, chosen: Any, share: float, rng: np.random.Generator) -> Any:
        """Of both, from the pattern: the smaller layer is nearly right where the larger one is lost."""
        cues = self._wrong(patterns[chosen][:, : self.cells], share, rng)
        found = self.recall(cues, steps=STEPS)
        return np.minimum(
            overlap(found.patterns, patterns[chosen][:, : self.cells]),
            overlap(found.partners, patterns[chosen][:, self.cells :]),
        )
