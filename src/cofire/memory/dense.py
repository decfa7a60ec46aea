"""Dense associative memory: a steep function of the overlap with each pattern keeps similar patterns apart.

    E = -Σ_μ F(ξ_μ · s)        F(x) = (x/N)ⁿ: "order n";  F(x) = exp(x): "exponential"

A cell takes the value of lower energy, the sign of  Σ_μ [F(ξ_μi + Σ_j≠i ξ_μj s_j) - F(-ξ_μi + Σ_j≠i ξ_μj s_j)]
(Krotov and Hopfield 2016). Order 2 is Hopfield's net. For all cells at once the sum is two matrix products: with
m_μ = ξ_μ · s it is  Σ_μ ξ_μi [F(m_μ + 2) - F(m_μ - 2)] / 2 + s_i Σ_μ [F(m_μ) - (F(m_μ + 2) + F(m_μ - 2)) / 2] . The
energy of the exponential memory is reported as -ln Σ exp, which falls whenever that sum's negative does.

With `beta` it is the modern Hopfield network, for patterns of any real numbers: s becomes  Xᵀ softmax(β X s) , which is
attention, and E = -1/β ln Σ_μ exp(β ξ_μ · s) + s · s / 2  never rises, all at once (Ramsauer et al. 2021).

Holds: order n, free of errors, N^(n-1) / (2 (2n-3)!! ln N); exponential, 2^(N/2). Recall works through blocks of
patterns and never makes an array of all patterns × cues.

Sources: D. Krotov, J. J. Hopfield, Dense associative memory for pattern recognition, NeurIPS 29, 2016,
arXiv:1606.01164; M. Demircigil et al., On a model of associative memory with huge storage capacity, J. Stat. Phys.
168:288-299, 2017, doi:10.1007/s10955-017-1806-y; H. Ramsauer et al., Hopfield networks is all you need, ICLR 2021,
arXiv:2008.02217.
"""

from __future__ import annotations

from math import cosh, sinh
from typing import Any, Literal

import numpy as np

from cofire.constraints import POSITIVE, check
from cofire.errors import ParameterError, shown
from cofire.memory import theory
from cofire.memory._arrays import WINDOW, Array, Home, to_numpy, whole, windows
from cofire.memory._memory import Memory, Mode
from cofire.memory._patterns import Kept, power
from cofire.memory._recall import Recalled, cell_by_cell, joined, synchronous
from cofire.memory.theory import Theory

FORGOTTEN = 0.01  # a pattern whose strength fell below is dropped


class DenseMemory(Memory):
    """A memory of `cells` that keeps patterns of ±1; or of any real numbers, with `beta`.

    `order`: the power n, from 2, or "exponential". `beta`: how sharply the modern network, which is exponential, tells
    patterns apart. `strengths[stored]`: what forgetting has left of each pattern.
    Raises: `ParameterError`.
    """

    family = "dense"

    def __init__(self, cells: int, order: int | Literal["exponential"] = 3, *, beta: float | None = None) -> None:
        super().__init__(cells)
        if order != "exponential" and (isinstance(order, str) or whole("order", order, 2) > 20):
            raise ParameterError(f"order = {shown(order)} is refused: it must be from 2 to 20, or 'exponential'")
        if beta is not None and order != "exponential":
            raise ParameterError(f"beta = {shown(beta)} goes with order='exponential' only, not with {shown(order)}")
        self.order = order
        self.beta = None if beta is None else check("beta", beta, POSITIVE)
        if beta is None:
            self.modes = ("synchronous", "asynchronous")  # type: ignore[misc]
        else:
            self.values = None  # type: ignore[misc]
            self.one_mode = ": all cells of the modern network change at once"  # type: ignore[misc]
        self._kept = Kept(self.cells, signs=beta is None)

    @property
    def strengths(self) -> Any:
        """`[stored]`: 1 when stored, less with each forgetting."""
        self._ready("tell strengths")
        return self._learnt["strengths"]

    @property
    def weights(self) -> Any:
        """The patterns, the weights of one hidden cell each, `[stored, cells]`."""
        return self._kept.whole(self._ready("show weights"))

    def _settings(self) -> dict[str, Any]:
        return {"order": self.order, "beta": self.beta}

    def _theory(self) -> Theory:
        if self.order == "exponential":
            source = "M. Demircigil et al., J. Stat. Phys. 168:288-299, 2017, doi:10.1007/s10955-017-1806-y"
            return Theory(2.0 ** min(self.cells / 2, 1000), "2^(N/2)", source)
        n, source = self.order, "D. Krotov, J. J. Hopfield, NeurIPS 29, 2016, arXiv:1606.01164"
        if n == 2:
            return theory.hopfield(self.cells)
        noise = theory.double_factorial(2 * n - 3) / float(self.cells) ** (n - 1)
        formula = f"N^{n - 1} / (2 · {2 * n - 3}!! · ln N), free of errors"
        return Theory(theory.error_free(self.cells, n), formula, source, theory.gaussian(noise))

    def _write(self, home: Home, *patterns: Array) -> None:
        self._kept.add(home, patterns[0])
        new = home.xp.ones(patterns[0].shape[0], dtype=home.dtype, device=home.device)
        old = self._learnt.get("strengths")
        self._learnt["strengths"] = new if old is None else home.xp.concat([old, new])

    def _fade(self, home: Home, rate: float, seed: int) -> None:  # noqa: ARG002
        strengths = self._learnt["strengths"] * (1 - rate)
        stay = strengths >= FORGOTTEN
        if not bool(home.xp.all(stay)):
            left = self._kept.whole(home)[stay, :]
            self._kept = Kept(self.cells, signs=self.beta is None)
            self._kept.add(home, left)
            strengths = strengths[stay]
            self.stored = int(strengths.shape[0])
        self._learnt["strengths"] = strengths

    def _recalled(self, cues: Array, steps: int, mode: Mode, seed: int) -> Recalled:
        home = self._ready("recall")
        chunk = max(1, WINDOW // self._kept.rows)
        if mode == "synchronous":
            tolerance = 0.0 if self.beta is None else float(home.xp.finfo(home.dtype).eps) ** 0.5
            return synchronous(lambda states: self._next(states, home), cues, steps, home, tolerance, chunk)
        xp, patterns = home.xp, home.xp.astype(self._kept.whole(home), home.dtype)

        def visit(i: int, old: Array, overlaps: Array) -> tuple[Array, Array]:
            column = patterns[:, i][None, :]
            rest = overlaps - old[:, None] * column
            ups, downs = self._steep(rest + column, rest - column, home)
            ask = xp.sign(xp.sum(self._learnt["strengths"][None, :] * (ups - downs), axis=1))
            new = xp.where(ask == 0, old, ask)
            return new, rest + new[:, None] * column

        parts = [
            cell_by_cell(cues[few, :], visit, lambda s: s @ patterns.T, self._energy, steps, home, seed, 0.0)
            for few in windows(cues.shape[0], patterns.shape[0])
        ]
        return joined(parts, home)

    def _energy(self, states: Array) -> Array:
        return self._next(states, self._ready("tell an energy"))[1]

    def _next(self, states: Array, home: Home) -> tuple[Array, Array]:
        """The next states, all cells at once, and the energies of these."""
        return self._by_power(states, home) if self.order != "exponential" else self._by_exponential(states, home)

    def _by_power(self, states: Array, home: Home) -> tuple[Array, Array]:
        xp, n, two = home.xp, self.order, 2.0 / self.cells
        assert isinstance(n, int)
        drive, own, energy = home.zeros(*states.shape), home.zeros(states.shape[0]), home.zeros(states.shape[0])
        for which, patterns in self._kept.floats(home):
            strength = self._learnt["strengths"][which][None, :]
            m = states @ patterns.T / self.cells  # xⁿ of what is at most 1 stays in range
            up, here, down = power(m + two, n), power(m, n), power(m - two, n)
            drive = drive + (strength * (up - down) / 2) @ patterns
            own = own + xp.sum(strength * (here - (up + down) / 2), axis=1)
            energy = energy - xp.sum(strength * here, axis=1)
        ask = xp.sign(drive + states * own[:, None])
        return xp.where(ask == 0, states, ask), energy

    def _by_exponential(self, states: Array, home: Home) -> tuple[Array, Array]:
        xp, beta = home.xp, self.beta or 1.0
        most = xp.full((states.shape[0], 1), -float("inf"), dtype=home.dtype, device=home.device)
        drive, total = home.zeros(*states.shape), home.zeros(states.shape[0], 1)
        for which, patterns in self._kept.floats(home):  # sums of exponentials, relative to the largest so far
            m = beta * (states @ patterns.T) + xp.log(self._learnt["strengths"][which])[None, :]
            largest = xp.maximum(most, xp.max(m, axis=1, keepdims=True))
            shares, rescale = xp.exp(m - largest), xp.exp(most - largest)
            drive = drive * rescale + shares @ patterns
            total = total * rescale + xp.sum(shares, axis=1, keepdims=True)
            most = largest
        energy = -(most + xp.log(total))[:, 0] / beta
        if self.beta is not None:
            return drive / total, energy + 0.5 * xp.vecdot(states, states)
        ask = xp.sign(sinh(2) * drive + (1 - cosh(2)) * total * states)
        return xp.where(ask == 0, states, ask), energy

    def _steep(self, up: Array, down: Array, home: Home) -> tuple[Array, Array]:
        """F of two overlaps, up to a factor that all patterns of a cue share."""
        if isinstance(self.order, int):
            return power(up / self.cells, self.order), power(down / self.cells, self.order)
        xp = home.xp
        most = xp.max(xp.maximum(up, down), axis=1, keepdims=True)
        return xp.exp(up - most), xp.exp(down - most)

    def _random(self, rng: np.random.Generator, number: int) -> Any:
        if self.beta is None:
            return super()._random(rng, number)
        return rng.standard_normal((number, self.cells), dtype=np.float32)

    def _arrays(self) -> dict[str, np.ndarray]:
        return super()._arrays() | ({"patterns": to_numpy(self.weights)} if self.stored else {})

    def _shapes(self, stored: int) -> dict[str, tuple[int, ...]]:
        return {"strengths": (stored,), "patterns": (stored, self.cells)}

    def _restore(self, stored: int, arrays: dict[str, np.ndarray], like: Any) -> None:
        super()._restore(stored, arrays, like)
        home = self._ready("recall")
        self._kept.add(home, self._learnt.pop("patterns"))
