"""Willshaw's net: synapses that are there or not, and sparse patterns of 0 and 1.

A synapse is set once both its cells were active together: Hebb's rule with η = 1, held within 0 and 1. To recall, the
`active` cells with the largest input fire, all of them where several tie; for a cue that is part of a pattern that is
Willshaw's own threshold, the number of active cells in the cue.

Holds ln 2 = .69 bit a synapse at best, when half of the synapses are set and patterns have about log₂ N active cells;
a net that completes its own patterns (ln 2) / 4. Of P pairs with k and l of N and M cells active, a share
p = 1 - (1 - kl/NM)^P of the synapses is set, and (1 - p^k)^(M-l) of the pairs come back without any error.
Sources: D. J. Willshaw, O. P. Buneman, H. C. Longuet-Higgins, Non-holographic associative memory, Nature 222:960-962,
1969, doi:10.1038/222960a0; G. Palm, On associative memory, Biol. Cybern. 36:19-31, 1980, doi:10.1007/BF00337019.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from cofire import rules
from cofire.errors import ArrayError, ParameterError
from cofire.memory import theory
from cofire.memory._arrays import CACHED, Array, Home, home_of, overlap, partners_of, rows, whole
from cofire.memory._memory import BITS, Memory, Mode
from cofire.memory._recall import Recalled, synchronous
from cofire.memory._storage import learn
from cofire.memory.theory import Theory

SET = rules.hebb(eta=1.0, bounds=(0.0, 1.0))


class Willshaw(Memory):
    """A memory of `cells` for patterns of 0 and 1 with `active` ones.

    That is how many cells recall makes fire; no pattern is refused for having more or fewer. One with more comes back
    whole, since its cells are driven equally; one with fewer draws in the next most driven cells, and may be lost.

    `partners`, `partners_active`: the same of a second layer, if patterns are paired with others; then `store` takes
    both, and recall is one step to that layer.
    `weights[post, pre]`: 0 or 1. Raises: `ParameterError`.
    """

    family = "Willshaw"
    values = BITS
    one_mode = ": the most driven cells are found by comparing all of them"

    def __init__(
        self, cells: int, active: int, *, partners: int | None = None, partners_active: int | None = None
    ) -> None:
        super().__init__(cells)
        self.active = whole("active", active, 1)
        if (partners is None) != (partners_active is None):
            raise ParameterError("partners and partners_active go together: give both, or neither")
        self.partners = None if partners is None else whole("partners", partners, 1)
        self.partners_active = None if partners_active is None else whole("partners_active", partners_active, 1)
        for name, some, of in (("active", active, cells), ("partners_active", partners_active, partners)):
            if some is not None and of is not None and some > of:
                raise ParameterError(f"{name} = {some} is refused: there are only {of} cells")

    def store(self, patterns: Any, partners: Any = None) -> Self:
        """As `Memory.store`; `partners[number, partner cells]` go with the patterns, if there is a second layer."""
        if (partners is None) != (self.partners is None):
            mend = "give store(patterns, partners)" if partners is None else "make the memory with partners="
            raise ArrayError(f"partners are {'missing' if partners is None else 'not expected'}: {mend}")
        given = rows("patterns", patterns, self.cells)
        both = {"patterns": given}
        if self.partners is not None:
            both["partners"] = partners_of(given, partners, self.partners)
        home = self._home or home_of(given)
        self._write(home, *(self._taken(home, name, each) for name, each in both.items()))
        return self._grown(home, given.shape[0])

    def _settings(self) -> dict[str, Any]:
        return {"active": self.active, "partners": self.partners, "partners_active": self.partners_active}

    def _sizes(self) -> tuple[int, int]:
        """Cells of the layer that recall sets, and how many of them are active."""
        return self.partners or self.cells, self.partners_active or self.active

    def _shapes(self, stored: int) -> dict[str, tuple[int, ...]]:  # noqa: ARG002
        return {"w": (self._sizes()[0], self.cells)}

    def _theory(self) -> Theory:
        return theory.willshaw(self.cells, self.active, *self._sizes())

    def _write(self, home: Home, *patterns: Array) -> None:
        pre, post = patterns[0], patterns[-1]
        w = self._learnt.get("w")
        if w is None:
            w = home.zeros(post.shape[1], pre.shape[1])
        self._learnt["w"], _ = learn(SET, w, pre, post)

    def _fade(self, home: Home, rate: float, seed: int) -> None:
        """Each synapse is lost with the probability `rate`."""
        lost = np.random.default_rng(seed).random(self._learnt["w"].shape) < rate
        self._learnt["w"] = home.xp.where(
            home.xp.asarray(lost, device=home.device), home.xp.zeros_like(self._learnt["w"]), self._learnt["w"]
        )

    def _recalled(self, cues: Array, steps: int, mode: Mode, seed: int) -> Recalled:  # noqa: ARG002
        home = self._ready("recall")
        w = self._learnt["w"]
        xp = home.xp
        if self.partners is None:
            chunk = max(1, CACHED // self.cells)
            return synchronous(lambda s: self._next(s, w, home), cues, steps, home, 0.0, chunk)
        states, _ = self._next(cues, w, home)
        there = xp.ones(cues.shape[0], dtype=xp.bool, device=home.device)
        energies = -xp.vecdot(states, cues @ w.T)[:, None]
        return Recalled(cues, there, energies, xp.astype(there, xp.int64), partners=states)

    def _next(self, states: Array, w: Array, home: Home) -> tuple[Array, Array]:
        xp, active = home.xp, self._sizes()[1]
        drive = states @ w.T
        threshold = xp.sort(drive, axis=1)[:, -active][:, None]
        fires = (drive >= threshold) & (drive > 0)
        energy = -0.5 * xp.vecdot(states, drive) if self.partners is None else home.zeros(states.shape[0])
        return xp.astype(fires, home.dtype), energy

    def _energy(self, states: Array) -> Array:
        if self.partners is not None:
            raise ArrayError("a pattern alone has no energy in a memory of pairs; recall gives that of each pair")
        return self._next(states, self._learnt["w"], self._ready("tell an energy"))[1]

    def _random(self, rng: np.random.Generator, number: int) -> Any:
        """Patterns, and beside them their partners."""
        return np.concatenate(
            [_sparse(rng, number, self.cells, self.active)]
            + ([_sparse(rng, number, *self._sizes())] if self.partners else []),
            axis=1,
        )

    def _wrong(self, patterns: Any, share: float, rng: np.random.Generator) -> Any:
        """A share of the active cells silent."""
        return np.where(rng.random(patterns.shape) < share, np.float32(0), patterns)

    def _store_random(self, patterns: Any) -> None:
        if self.partners:
            self.store(patterns[:, : self.cells], patterns[:, self.cells :])
        else:
            self.store(patterns)

    def _trial(self, patterns: Any, chosen: Any, share: float, rng: np.random.Generator) -> Any:
        if not self.partners:
            return super()._trial(patterns, chosen, share, rng)
        found = self.recall(self._wrong(patterns[chosen][:, : self.cells], share, rng)).partners
        return overlap(found, patterns[chosen][:, self.cells :])


def _sparse(rng: np.random.Generator, number: int, cells: int, active: int) -> Any:
    result = np.zeros((number, cells), dtype=np.float32)
    chosen = np.argsort(rng.random((number, cells)), axis=1)[:, :active]
    np.put_along_axis(result, chosen, np.float32(1), axis=1)
    return result
