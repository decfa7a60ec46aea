"""Kanerva's sparse distributed memory: data in many places, found again by the neighbourhood of their address.

Places ("hard locations") have fixed random addresses of ±1. A pattern is written to every place within `radius` wrong
cells of it: their counters add it, Hebb's rule with η = 1 from the places that are awake (pre) to the cells (post). To
read, the counters of the places near the cue are added up, and cells take the sign; what is read is the next cue.

Holds about a tenth as many patterns as there are places. The radius is by default that at which the best share of the
places is awake, (2 · places · patterns)^(-1/3). No energy is known that recall walks down: what is reported is minus
the agreement of a state with what is read there.
Source: P. Kanerva, Sparse Distributed Memory, MIT Press, 1988; capacity: J. D. Keeler, Comparison between Kanerva's SDM
and Hopfield-type neural networks, Cognitive Science 12:299-329, 1988, doi:10.1207/s15516709cog1203_1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cofire import rules
from cofire.errors import ParameterError
from cofire.memory._arrays import CACHED, Array, Home, whole
from cofire.memory._memory import Memory, Mode
from cofire.memory._recall import Recalled, synchronous
from cofire.memory._storage import learn
from cofire.memory.theory import Theory

RULE = rules.hebb(eta=1.0)
SHARE = 0.1  # patterns per place


class SparseDistributedMemory(Memory):
    """A memory of `cells` for patterns of ±1 with `places`.

    `radius`: the most cells in which an address may differ to be awake. `address_seed`: which addresses there are.
    `weights[cell, place]`: the counters. Raises: `ParameterError`.
    """

    family = "sparse distributed"
    one_mode = ": what is read there, is read at once"

    def __init__(self, cells: int, places: int = 1000, *, radius: int | None = None, address_seed: int = 0) -> None:
        super().__init__(cells)
        self.places = whole("places", places, 1)
        self.address_seed = whole("address_seed", address_seed, 0)
        self.radius = self._best_radius() if radius is None else whole("radius", radius, 0)
        if self.radius > self.cells:
            raise ParameterError(f"radius = {radius} is refused: there are only {cells} cells")
        self._addresses: Array = None

    def _best_radius(self) -> int:
        """The radius within which the best share of random addresses lies, as nearly as there is one."""
        from scipy.special import bdtr

        share = (2 * SHARE * self.places**2) ** (-1 / 3)
        return int(np.searchsorted(bdtr(np.arange(self.cells), self.cells, 0.5), min(share, 0.5)))

    def _settings(self) -> dict[str, Any]:
        return {"places": self.places, "radius": self.radius, "address_seed": self.address_seed}

    def _shapes(self, stored: int) -> dict[str, tuple[int, ...]]:  # noqa: ARG002
        return {"w": (self.cells, self.places)}

    def _theory(self) -> Theory:
        source = "J. D. Keeler, Cognitive Science 12:299-329, 1988, doi:10.1207/s15516709cog1203_1"
        return Theory(SHARE * self.places, "a tenth of the places", source)

    def _write(self, home: Home, *patterns: Array) -> None:
        (new,) = patterns
        w = self._learnt.get("w")
        if w is None:
            w = home.zeros(self.cells, self.places)
        self._learnt["w"], _ = learn(RULE, w, self._awake(new, home), new)

    def _awake(self, states: Array, home: Home) -> Array:
        """Which places are near each state, 1 or 0, `[number, places]`."""
        if self._addresses is None:
            rng = np.random.default_rng(self.address_seed)
            drawn = np.where(rng.random((self.places, self.cells)) < 0.5, np.float32(-1), np.float32(1))
            self._addresses = home.xp.asarray(drawn, dtype=home.dtype, device=home.device)
        agree = states @ self._addresses.T  # cells minus twice the distance
        known = home.xp.sum(home.xp.abs(states), axis=1, keepdims=True)  # of a cue: nearness in proportion
        return home.xp.astype(agree >= known * (1 - 2 * self.radius / self.cells), home.dtype)

    def _recalled(self, cues: Array, steps: int, mode: Mode, seed: int) -> Recalled:  # noqa: ARG002
        home = self._ready("recall")
        chunk = max(1, CACHED // max(self.cells, self.places))
        return synchronous(lambda states: self._read(states, home), cues, steps, home, 0.0, chunk)

    def _read(self, states: Array, home: Home) -> tuple[Array, Array]:
        xp = home.xp
        drive = self._awake(states, home) @ self._learnt["w"].T
        read = xp.sign(drive)
        return xp.where(read == 0, states, read), -xp.vecdot(states, drive)

    def _energy(self, states: Array) -> Array:
        return self._read(states, self._ready("tell an energy"))[1]
