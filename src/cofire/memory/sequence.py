"""A memory of sequences: each pattern calls up the next, so that a song goes on from any of its notes.

    s(t+1) = sign( Σ_μ ξ^(μ+1) f(m_μ) )        m_μ = the overlap of ξ^μ with s(t)

Order 1, f(m) = m, is a net with the asymmetric weights  Σ_μ ξ^(μ+1) ξ^μᵀ / N : Hebb's rule with a pattern as pre
and the next one as post. Higher orders, f(m) = mᵈ, and f(m) = exp(N m) keep similar patterns apart and hold more.

A sequence goes at the pace that recall is asked for. To stay `dwell` steps at each pattern, the present state is held
by  Σ_μ ξ^μ f(m_μ(t)) , and the next is called up, twice as strongly, by the state of dwell - 1 steps ago.

Holds transitions: order 1, .269 N; order d, free of errors, Nᵈ / (2 (2d-1)!! ln N). That is at dwell 1: slower ones
fall behind their pace, though in order, beyond about .03 N and a quarter of the second formula (measured).

No energy can fall all the way round a sequence: what is reported is minus the mean of s · input, the agreement of a
state with what it calls up.
Sources: H. Sompolinsky, I. Kanter, Temporal association in asymmetric neural networks, Phys. Rev. Lett. 57:2861-2864,
1986, doi:10.1103/PhysRevLett.57.2861 (and D. Kleinfeld, PNAS 83:9469-9473, 1986: slow sequences); A. Düring, A. C. C.
Coolen, D. Sherrington, Phase diagram and storage capacity of sequence processing neural networks, J. Phys. A
31:8607-8621, 1998, doi:10.1088/0305-4470/31/43/005; H. T. Chaudhry et al., Long sequence Hopfield memory, NeurIPS 36,
2023, arXiv:2306.04532 (higher orders).
"""

from __future__ import annotations

from math import log
from typing import Any, Literal, Self

import numpy as np

from cofire.errors import ArrayError, ParameterError, shown
from cofire.memory import theory
from cofire.memory._arrays import Array, Home, home_of, overlap, rows, to_numpy, whole
from cofire.memory._memory import Memory, Mode
from cofire.memory._patterns import Kept, power
from cofire.memory._recall import Recalled
from cofire.memory._storage import made, stored
from cofire.memory.theory import Theory
from cofire.rule import Rule

End = Literal["rest", "repeat", "open"]
PUSH = 2.0  # how much stronger the next pattern is called up than the present one is held
AHEAD = 10  # steps after which a sequence is looked at, to measure how long it may be


class SequenceMemory(Memory):
    """A memory of `cells` for sequences of patterns of ±1.

    `order`: the power d, from 1, or "exponential". `stored` counts transitions. `rule`, of order 1: a name of the
    catalogue, with η = 1/cells, or a `cofire.Rule`; `passes` as for `Hopfield`. Raises: `ParameterError`.
    """

    family = "sequence"
    one_mode = ": a sequence goes in step"

    def __init__(
        self,
        cells: int,
        order: int | Literal["exponential"] = 1,
        *,
        rule: str | Rule = "hebb",
        passes: int = 30,
    ) -> None:
        super().__init__(cells)
        if order != "exponential" and (isinstance(order, str) or whole("order", order, 1) > 20):
            raise ParameterError(f"order = {shown(order)} is refused: it must be from 1 to 20, or 'exponential'")
        self.order = order
        if order != 1 and rule != "hebb":
            raise ParameterError(
                f"rule = {shown(rule)} goes with order=1 only: higher orders keep the patterns themselves"
            )
        self.passes = whole("passes", passes, 1)
        self._rule = made(rule, 1 / self.cells)
        self.rule = rule
        self._states: dict[str, Any] = {}
        self._before, self._after = Kept(self.cells, signs=True), Kept(self.cells, signs=True)

    def store(self, patterns: Any, *, then: End = "rest") -> Self:
        """Learns that each of `patterns[number, cells]` follows the one before. Returns itself.

        `then`: what follows the last one. "rest": itself, so that recall comes to rest there; "repeat": the first;
        "open": nothing. A sequence grows one transition at a time by `store(patterns[t : t + 2], then="open")`.
        Raises and warns as `Memory.store`.
        """
        given = rows("patterns", patterns, self.cells)
        if then not in ("rest", "repeat", "open"):
            raise ParameterError(f"then = {shown(then)} is refused: it must be 'rest', 'repeat' or 'open'")
        if then == "open" and given.shape[0] < 2:
            raise ArrayError("patterns holds one pattern that nothing follows; give at least two with then='open'")

        home = self._home or home_of(given)
        taken = self._taken(home, "patterns", given)
        last = {"rest": taken[-1:, :], "repeat": taken[:1, :], "open": taken[:0, :]}[then]
        after = home.xp.concat([taken[1:, :], last], axis=0)
        self._write(home, taken[: after.shape[0], :], after)
        return self._grown(home, after.shape[0])

    def recall(
        self, cues: Any, *, steps: int = 100, mode: Mode = "synchronous", seed: int = 0, dwell: int = 1
    ) -> Recalled:
        """As `Memory.recall`: from each cue on, so many `steps`, all of them in `path[batch, steps + 1, cells]`.

        `dwell`: steps spent at each pattern, 1 for the quickest, at which the memory holds most. Recall stops early
        when every state rests.
        `converged`: whether the end rests. `patterns`: the last states.
        """
        asked = self._asked(cues, steps, mode, seed)
        return self._going(asked[0], asked[1], whole("dwell", dwell, 1))

    @property
    def weights(self) -> Any:
        """`w[post, pre]` of order 1. Raises: `EmptyMemoryError`; `AttributeError` if the patterns are kept."""
        self._ready("show weights")
        if self.order != 1:
            raise AttributeError(f"order = {self.order!r} keeps the patterns themselves; only order 1 has weights")
        return self._learnt["w"]

    def _settings(self) -> dict[str, Any]:
        return {"order": self.order, "rule": self.rule, "passes": self.passes}

    def _theory(self) -> Theory:
        n, d = self.cells, self.order
        source = "H. T. Chaudhry et al., NeurIPS 36, 2023, arXiv:2306.04532"
        if d == "exponential":
            return Theory(2.0 ** min(n / 2, 1000), "of the order of 2^(N/2)", source)
        if d == 1:
            during = "A. Düring, A. C. C. Coolen, D. Sherrington, J. Phys. A 31:8607-8621, 1998"
            return Theory(0.269 * n, "0.269 N", during, theory.gaussian(1 / n))
        noise = theory.double_factorial(2 * d - 1) / float(n) ** d
        formula = f"N^{d} / (2 · {2 * d - 1}!! · ln N), free of errors"
        return Theory(1 / (2 * noise * log(max(n, 2))), formula, source, theory.gaussian(noise))

    def _write(self, home: Home, *patterns: Array) -> None:
        before, after = patterns
        if self.order != 1:
            self._before.add(home, before)
            self._after.add(home, after)
            new = home.xp.ones(before.shape[0], dtype=home.dtype, device=home.device)
            old = self._learnt.get("strengths")
            self._learnt["strengths"] = new if old is None else home.xp.concat([old, new])
            return
        for name, pre, post in (("w", before, after), ("hold", before, before)):
            w = self._learnt.get(name)
            w = home.zeros(self.cells, self.cells) if w is None else w
            w, state = stored(self._rule, w, pre, post, self._states.get(name), self.passes, home, own=True)
            self._learnt[name], self._states[name] = w, state

    def _fade(self, home: Home, rate: float, seed: int) -> None:  # noqa: ARG002
        self._learnt = {name: value * (1 - rate) for name, value in self._learnt.items()}

    def _recalled(self, cues: Array, steps: int, mode: Mode, seed: int) -> Recalled:  # noqa: ARG002
        return self._going(cues, steps, 1)

    def _going(self, cues: Array, steps: int, dwell: int) -> Recalled:
        home = self._ready("recall")
        xp = home.xp
        path, energies = [cues], []
        unknown = xp.zeros_like(cues)
        taken = xp.zeros(cues.shape[0], dtype=xp.int64, device=home.device)
        for step in range(steps + 1):
            now = path[-1]
            late = path[-dwell] if len(path) >= dwell else unknown
            drive = PUSH * self._calls(late, home, "w") if len(path) >= dwell else unknown
            if dwell > 1:
                drive = drive + self._calls(now, home, "hold")
            energies.append(-xp.vecdot(now, drive) / self.cells)
            ask = xp.sign(drive)
            new = xp.where(ask == 0, now, ask)
            rests = xp.all(new == late, axis=1)
            for earlier in path[-dwell:]:
                rests = rests & xp.all(new == earlier, axis=1)
            if step == steps or bool(xp.all(rests)):
                break
            path.append(new)
            taken = xp.where(xp.any(new != now, axis=1), xp.full_like(taken, step + 1), taken)
        return Recalled(path[-1], rests, xp.stack(energies, axis=1), taken, path=xp.stack(path, axis=1))

    def _calls(self, states: Array, home: Home, what: str) -> Array:
        """The input that `states` give: what follows them ("w"), or what they are ("hold")."""
        if self.order == 1:
            return states @ self._learnt[what].T
        xp = home.xp
        targets = (self._after if what == "w" else self._before).floats(home)
        strengths = self._learnt["strengths"]
        if isinstance(self.order, int):
            drive = home.zeros(*states.shape)
            for (which, before), (_, target) in zip(self._before.floats(home), targets, strict=True):
                m = power(states @ before.T / self.cells, self.order)
                drive = drive + (m * strengths[which][None, :]) @ target
            return drive
        most = xp.full((states.shape[0], 1), -float("inf"), dtype=home.dtype, device=home.device)
        drive, total = home.zeros(*states.shape), home.zeros(states.shape[0], 1)
        for (which, before), (_, target) in zip(self._before.floats(home), targets, strict=True):
            m = states @ before.T
            largest = xp.maximum(most, xp.max(m, axis=1, keepdims=True))
            shares, rescale = xp.exp(m - largest) * strengths[which][None, :], xp.exp(most - largest)
            drive = drive * rescale + shares @ target
            total = total * rescale + xp.sum(shares, axis=1, keepdims=True)
            most = largest
        return drive / xp.where(total > 0, total, xp.ones_like(total))

    def _energy(self, states: Array) -> Array:
        home = self._ready("tell an energy")
        return -home.xp.vecdot(states, PUSH * self._calls(states, home, "w")) / self.cells

    def _store_random(self, patterns: Any) -> None:
        """One long sequence: the last of the patterns before goes on with the first of these."""
        before = getattr(self, "_last", patterns[:0])
        sequence = np.concatenate([before, patterns])
        self._last = patterns[-1:]
        if len(sequence) > 1:
            self.store(sequence, then="open")

    def _trial(self, patterns: Any, chosen: Any, share: float, rng: np.random.Generator) -> Any:
        """After ten steps, or as many as there are; the sequence is open at its end."""
        ahead = min(AHEAD, len(patterns) - 1)
        begin = np.minimum(chosen, len(patterns) - 1 - ahead)
        if not ahead:
            return np.ones(len(chosen))
        found = self.recall(self._wrong(patterns[begin], share, rng), steps=ahead)
        return overlap(found.patterns, patterns[begin + ahead])

    def _arrays(self) -> dict[str, np.ndarray]:
        kept = {}
        if self.order != 1 and self.stored:
            home = self._ready("be saved")
            kept = {"before": to_numpy(self._before.whole(home)), "after": to_numpy(self._after.whole(home))}
        return super()._arrays() | kept

    def _shapes(self, stored: int) -> dict[str, tuple[int, ...]]:
        if self.order == 1:
            return dict.fromkeys(("w", "hold"), (self.cells, self.cells))
        return {"strengths": (stored,), **dict.fromkeys(("before", "after"), (stored, self.cells))}

    def _restore(self, stored: int, arrays: dict[str, np.ndarray], like: Any) -> None:
        super()._restore(stored, arrays, like)
        if self.order != 1:
            self._before.add(self._ready("recall"), self._learnt.pop("before"))
            self._after.add(self._ready("recall"), self._learnt.pop("after"))
