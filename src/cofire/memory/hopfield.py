"""Hopfield's net: every cell connected with every other, symmetric weights, and an energy that recall walks down.

A pattern is stored by one step of a learning rule, pre and post both the pattern; connections of a cell with itself
stay zero. The input of a cell is  h_i = Σ_j w_ij s_j , and a cell takes its sign. The energy

    E = -1/2 Σ_ij w_ij s_i s_j     (+ θ Σ_i s_i with cells of 0 and 1)

never rises when one cell after the other changes and the weights are symmetric (Hopfield 1982). All at once, a state
may also go to and fro between two. Graded cells take tanh(gain · h_i), and E gains 1/gain Σ_i ∫ artanh (Hopfield 1984).

    rule                holds, in N cells                   how
    "hebb"              0.138 N                             the outer product: η = 1/N
    "covariance"        about .55 N at activity .05         the outer product about the mean; sparse patterns of 0, 1
    "storkey"           N / √(2 ln N), free of errors       less what the net knows already
    "pseudo-inverse"    N; near N only what is exact        `hebb` of the part of the pattern that is new
    "delta"             as the pseudo-inverse, by practice  each cell is told its target
    any `cofire.Rule`   as it may be                        its rate as given

Sources: J. J. Hopfield, PNAS 79:2554-2558, 1982, doi:10.1073/pnas.79.8.2554, and 81:3088-3092, 1984,
doi:10.1073/pnas.81.10.3088; L. Personnaz, I. Guyon, G. Dreyfus, J. Physique Lett. 46:L359-L365, 1985 (pseudo-inverse),
without self-connections as I. Kanter, H. Sompolinsky, Phys. Rev. A 35:380-392, 1987; theory: `cofire.memory.theory`.
"""

from __future__ import annotations

from math import log, sqrt
from typing import Any

import numpy as np

from cofire import rules
from cofire.constraints import POSITIVE, Range, check
from cofire.errors import ParameterError, shown
from cofire.memory import theory
from cofire.memory._arrays import CACHED, Array, Home, check_range, rows, whole, without_diagonal
from cofire.memory._memory import BITS, SIGNS, Memory, Mode
from cofire.memory._recall import Recalled, cell_by_cell, one_at_a_time, synchronous
from cofire.memory._storage import is_additive, learn, made, stored
from cofire.memory.theory import Theory
from cofire.rule import Rule

PSEUDO_INVERSE = "pseudo-inverse"
KNOWN_ALREADY = 1e-5  # the share of a pattern's square length that must be new to it


class Hopfield(Memory):
    """A net of `cells` that stores patterns of ±1, or sparse ones of 0 and 1, by a rule.

    `rule`: "hebb", "covariance", "storkey", "pseudo-inverse", "delta", another name of the catalogue (with η =
    1/cells), or a `cofire.Rule` of your own. `activity`: the share of active cells, needed by "covariance", whose
    patterns are of 0 and 1. `gain`: None for cells of two values, else graded ones, tanh(gain · input).
    `passes`: how often a rule that is told its target practises at most, at each `store`, until patterns are known.
    Raises: `ParameterError`.
    """

    family = "Hopfield"
    modes = ("synchronous", "asynchronous")

    def __init__(
        self,
        cells: int,
        rule: str | Rule = "hebb",
        *,
        activity: float | None = None,
        gain: float | None = None,
        passes: int = 30,
    ) -> None:
        super().__init__(cells)
        self.rule = rule
        self.activity = None if activity is None else check("activity", activity, Range(0.0, 1.0))
        self.gain = None if gain is None else check("gain", gain, POSITIVE)
        self.passes = whole("passes", passes, 1)
        if (rule == "covariance") != (activity is not None):
            raise ParameterError(
                f"rule = {shown(rule)} with activity = {activity} is refused: rule='covariance' needs activity=, the "
                "share of active cells, and no other rule takes it"
            )
        if activity is not None and gain is not None:
            raise ParameterError(
                f"gain = {gain} is refused: cells of 0 and 1 are not graded; leave out activity or gain"
            )
        self.values = SIGNS if activity is None else BITS  # type: ignore[misc]
        self._rule = self._made(rule)
        self._state: Any = None

    def _made(self, rule: str | Rule) -> Rule:
        if rule == PSEUDO_INVERSE:
            return rules.hebb(eta=1.0)
        if self.activity is not None:
            return rules.covariance(eta=1 / (self.cells * self.activity * (1 - self.activity)), tau=1.0)
        return made(rule, 1 / self.cells)

    def _settings(self) -> dict[str, Any]:
        return {"rule": self.rule, "activity": self.activity, "gain": self.gain, "passes": self.passes}

    def _theory(self) -> Theory:
        n = self.cells
        if self.activity is not None:
            return theory.sparse(n, self.activity)
        if self._rule.name == "storkey":
            return Theory(n / sqrt(2 * log(max(n, 2))), "N / √(2 ln N), free of errors", rules.storkey.source)
        if self.rule == PSEUDO_INVERSE or self._rule.name == "delta":
            return Theory(n, "N", "L. Personnaz, I. Guyon, G. Dreyfus, J. Physique Lett. 46:L359-L365, 1985")
        return theory.hopfield(n) if is_additive(self._rule) else theory.NONE

    def _write(self, home: Home, *patterns: Array) -> None:
        (new,) = patterns
        w = self._learnt.get("w")
        if w is None:
            w = home.zeros(self.cells, self.cells)
        if self.rule == PSEUDO_INVERSE:
            w = _projected(self._rule, w, new, home)
        elif self.activity is not None:
            mean = home.xp.full((self.cells,), self.activity, dtype=home.dtype, device=home.device)
            w, _ = learn(self._rule, w, new, new, {"mean(pre, tau)": mean, "mean(post, tau)": mean})
            w = without_diagonal(w)
        else:
            w, self._state = stored(self._rule, w, new, new, self._state, self.passes, home, own=True)
        self._learnt["w"] = w

    def _coupling(self, home: Home) -> Array:
        """The weights that recall uses: of a projector, without its diagonal."""
        w = self._learnt["w"]
        return without_diagonal(home.xp.asarray(w, copy=True)) if self.rule == PSEUDO_INVERSE else w

    def _cues(self, home: Home, cues: Any, name: str = "cues") -> Array:
        if self.gain is None:
            return super()._cues(home, cues, name)
        given = home.take(name, rows(name, cues, self.cells))
        check_range(name, given, -1, 1)
        return given

    def _recalled(self, cues: Array, steps: int, mode: Mode, seed: int) -> Recalled:
        home = self._ready("recall")
        w = self._coupling(home)
        tolerance = 0.0 if self.gain is None else float(home.xp.finfo(home.dtype).eps) ** 0.5
        if mode == "synchronous":

            def update(states: Array) -> tuple[Array, Array]:
                drive = states @ w.T
                return self._settled(drive, states, home), self._energy_of(drive, states, home)

            return synchronous(update, cues, steps, home, tolerance, max(1, CACHED // self.cells))
        from_each = w.T
        if self.gain is None:
            return one_at_a_time(
                cues,
                lambda states: states @ w.T,
                from_each,
                lambda drive, states: self._settled(drive, states, home),
                lambda drive, states: self._energy_of(drive, states, home),
                steps,
                home,
                seed,
            )

        def visit(i: int, old: Array, drive: Array) -> tuple[Array, Array]:
            new = home.xp.tanh(self.gain * drive[:, i])
            return new, drive + (new - old)[:, None] * from_each[i, :][None, :]

        return cell_by_cell(cues, visit, lambda s: s @ w.T, self._energy, steps, home, seed, tolerance)

    def _energy(self, states: Array) -> Array:
        home = self._ready("tell an energy")
        return self._energy_of(states @ self._coupling(home).T, states, home)

    def _energy_of(self, drive: Array, states: Array, home: Home) -> Array:
        xp = home.xp
        energy = -0.5 * xp.vecdot(states, drive)
        if self.activity is not None:
            energy = energy + (0.5 - self.activity) * xp.sum(states, axis=1)
        if self.gain is not None:
            inside = xp.clip(states, -1 + 1e-7, 1 - 1e-7)
            integral = inside * xp.atanh(inside) + 0.5 * xp.log1p(-inside * inside)
            energy = energy + xp.sum(integral, axis=1) / self.gain
        return energy

    def _settled(self, drive: Array, states: Array, home: Home) -> Array:
        """The values the cells take; one whose input says nothing keeps its own."""
        xp = home.xp
        if self.gain is not None:
            return xp.tanh(self.gain * drive)
        if self.activity is None:
            new = ties = xp.sign(drive)
        else:
            ties = xp.sign(drive - (0.5 - self.activity))
            new = (ties + 1) / 2
        return new if bool(xp.all(ties)) else xp.where(ties == 0, states, new)

    def _random(self, rng: np.random.Generator, number: int) -> Any:
        if self.activity is None:
            return super()._random(rng, number)
        return (rng.random((number, self.cells)) < self.activity).astype(np.float32)

    def _wrong(self, patterns: Any, share: float, rng: np.random.Generator) -> Any:
        """A share of cells wrong; of sparse patterns, a share of the active ones silent."""
        if self.activity is None:
            return super()._wrong(patterns, share, rng)
        return np.where(rng.random(patterns.shape) < share, np.float32(0), patterns)


def _projected(hebb: Rule, w: Array, patterns: Array, home: Home) -> Array:
    """Adds r rᵀ / (r · x) for each pattern x, r = x - w x being what is new in it; then w x = x exactly."""
    xp = home.xp
    for k in range(patterns.shape[0]):
        pattern = patterns[k : k + 1, :]
        new = pattern - pattern @ w
        share = float(xp.sum(new * pattern)) / patterns.shape[1]
        if share > KNOWN_ALREADY:
            new = new / (share * patterns.shape[1]) ** 0.5
            w, _ = learn(hebb, w, new, new)
    return w
