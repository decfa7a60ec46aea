"""The one interface of all memories; a family says how it writes, how its states change, and what theory says of it.

A family defines `family`, `_settings` and `_theory`; `_write`, which changes what is learnt, kept in `_learnt`;
`_recalled` and `_energy`. The rest has defaults that suit a memory of patterns of ±1.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any, ClassVar, Literal, Self

import numpy as np

from cofire.constraints import FRACTION, check
from cofire.errors import EmptyMemoryError, ParameterError, did_you_mean, shown
from cofire.memory import _files
from cofire.memory._arrays import Array, Home, array, check_values, home_of, overlap, rows, to_numpy, whole
from cofire.memory._capacity import STEPS, Capacity, CapacityWarning, measured
from cofire.memory._recall import Recalled
from cofire.memory._storage import is_taught
from cofire.memory.theory import Theory
from cofire.rule import Rule

Mode = Literal["synchronous", "asynchronous"]
SIGNS, BITS = (-1, 1), (0, 1)


class Memory(ABC):
    """A memory of patterns `[number, cells]`, arrays of any library; the first stored set library, type and device.

    It reckons in float64 if those are float64, else in float32.

    `cells`: how long a pattern is. `stored`: how many there are. `weights`: what was learnt, if that is one matrix.
    """

    family: ClassVar[str]
    values: ClassVar[tuple[float, ...] | None] = SIGNS  # of a pattern; None: any finite number
    modes: ClassVar[tuple[Mode, ...]] = ("synchronous",)
    one_mode: ClassVar[str] = ""  # why there is only one, to end a sentence

    def __init__(self, cells: int) -> None:
        self.cells = whole("cells", cells, 1)
        self.stored = 0
        self._faded = False  # since the last pattern: a memory that forgets before each is never full
        self._home: Home | None = None
        self._learnt: dict[str, Any] = {}

    # what people call

    def store(self, patterns: Any) -> Self:
        """Learns `patterns[number, cells]`, or one pattern, in addition to what is stored already. Returns itself.

        One call or one for each pattern: the result is the same, but for a rule that is told its target, which
        practises what one call gives it and may lose what it was given before.
        Raises: `ArrayError`, and nothing is changed. Warns: `CapacityWarning` when there are more patterns than theory
        lets it hold, with the overlap it predicts.
        """
        given = rows("patterns", patterns, self.cells)
        home = self._home or home_of(given)
        self._write(home, self._taken(home, "patterns", given))
        return self._grown(home, given.shape[0])

    def recall(self, cues: Any, *, steps: int = 100, mode: Mode = "synchronous", seed: int = 0) -> Recalled:
        """What the memory makes of each of `cues[batch, cells]`, or of one cue; see `Recalled`.

        `steps`: at most. `mode`: "synchronous", all cells at once, or "asynchronous", one after the other, in an order
        drawn from `seed`: then a net with symmetric weights always comes to rest.
        In a cue of a memory of ±1, 0 stands for a cell that is not known.
        Raises: `ArrayError`, `ParameterError`; `EmptyMemoryError` if nothing is stored.
        """
        return self._recalled(*self._asked(cues, steps, mode, seed))

    def energy(self, states: Any) -> Any:
        """The energy of each of `states[number, cells]`. Raises: `ArrayError`, `EmptyMemoryError`."""
        home = self._ready("tell an energy")
        return self._energy(self._cues(home, states, "states"))

    def forget(self, rate: float, *, seed: int = 0) -> Self:
        """Everything stored fades by the share `rate`, from 0 to 1. Returns itself.

        Forgetting a little before each new pattern makes a palimpsest: old patterns fade, new ones stay, and the
        memory is never full. Of 1 nothing is left, and the memory is as it was made. `seed`: which binary synapses are
        lost, of a memory that has such.
        """
        rate, seed, home = check("rate", rate, FRACTION), whole("seed", seed, 0), self._ready("forget")
        if rate == 1:
            self.__dict__.update(self._fresh().__dict__)
        else:
            self._fade(home, rate, seed)
            self._faded = rate > 0
        return self

    def capacity(
        self,
        numbers: Sequence[int] | None = None,
        *,
        flipped: Sequence[float] = (0.0, 0.1, 0.2, 0.3, 0.4),
        nets: int = 2,
        cues: int = 30,
        seed: int = 0,
        progress: Callable[[float, str], None] = lambda _fraction, _note: None,
    ) -> Capacity:
        """How many patterns a memory with these settings holds: what theory says, and what fresh ones do.

        Into each of `nets` empty memories go random patterns, up to each of `numbers` (by default up to nearly twice
        what theory says), and `cues` of them are recalled with the shares `flipped` of wrong cells: 0 tells which
        patterns are stable, the others how wide the basins are; 30 steps are given them. Nothing stored is touched.
        Raises: `ParameterError`.
        """
        nets, cues, seed = whole("nets", nets, 1), whole("cues", cues, 1), whole("seed", seed, 0)
        return measured(self, numbers, flipped, nets, cues, seed, progress)

    def save(self, path: str | PathLike[str]) -> None:
        """Writes the memory to the file `path`, whole or not at all, as .npz without pickle. Raises: `DataError`."""
        _files.write(path, self)

    def __repr__(self) -> str:
        given = "".join(f", {name}={value!r}" for name, value in self._settings().items() if value is not None)
        return f"<{type(self).__name__}({self.cells}{given}): {self.stored} stored>"

    @property
    def weights(self) -> Any:
        """`w[post, pre]`. Raises: `EmptyMemoryError` before the first pattern."""
        self._ready("show weights")
        return self._learnt["w"]

    # what a family says

    @abstractmethod
    def _settings(self) -> dict[str, Any]:
        """What the memory was made with beside `cells`: numbers, texts, or what JSON can hold."""

    @abstractmethod
    def _theory(self) -> Theory:
        """What is published of its capacity."""

    @abstractmethod
    def _write(self, home: Home, *patterns: Array) -> None:
        """Learns patterns that were checked, of a memory of pairs with their partners."""

    @abstractmethod
    def _recalled(self, cues: Array, steps: int, mode: Mode, seed: int) -> Recalled: ...

    @abstractmethod
    def _energy(self, states: Array) -> Array: ...

    @property
    def _practises(self) -> bool:
        """Whether patterns must come together to be known together."""
        rule: Rule | None = getattr(self, "_rule", None)
        return rule is not None and is_taught(rule)

    def _fade(self, home: Home, rate: float, seed: int) -> None:  # noqa: ARG002
        self._learnt["w"] = self._learnt["w"] * (1 - rate)

    def _cues(self, home: Home, cues: Any, name: str = "cues") -> Array:
        return self._taken(home, name, rows(name, cues, self.cells), (*SIGNS, 0) if self.values == SIGNS else None)

    def _random(self, rng: np.random.Generator, number: int) -> Any:
        """Patterns of the theory, float32."""
        return np.where(rng.random((number, self.cells)) < 0.5, np.float32(-1), np.float32(1))

    def _wrong(self, patterns: Any, share: float, rng: np.random.Generator) -> Any:
        """`patterns` with a share of wrong cells."""
        return np.where(rng.random(patterns.shape) < share, -patterns, patterns)

    def _store_random(self, patterns: Any) -> None:
        self.store(patterns)

    def _trial(self, patterns: Any, chosen: Any, share: float, rng: np.random.Generator) -> Any:
        """The overlap of what comes back with what should, for those `chosen` of the patterns that are stored."""
        cues = self._wrong(patterns[chosen], share, rng)
        return overlap(self.recall(cues, steps=STEPS).patterns, patterns[chosen])

    # shared

    def _asked(self, cues: Any, steps: int, mode: Mode, seed: int) -> tuple[Array, int, Mode, int]:
        """What recall is asked for, checked."""
        home = self._ready("recall")
        how = self._how(steps, mode, seed)
        return self._cues(home, cues), *how

    def _how(self, steps: int, mode: Mode, seed: int) -> tuple[int, Mode, int]:
        if mode not in self.modes:
            raise ParameterError(
                f"mode = {shown(mode)} is refused: it must be {' or '.join(map(repr, self.modes))}"
                f"{self.one_mode or did_you_mean(str(mode), self.modes)}"
            )
        return whole("steps", steps, 1), mode, whole("seed", seed, 0)

    def _fresh(self) -> Self:
        """An empty memory with the same settings."""
        return type(self)(self.cells, **self._settings())

    def _grown(self, home: Home, number: int) -> Self:
        """What `store` ends with: so many patterns were written. Warns if they are too many, of the caller's line."""
        self._home = home
        before, self.stored = self.stored, self.stored + number
        theory = self._theory()
        faded, self._faded = self._faded, False
        if before <= max(1.0, theory.patterns) < self.stored and not faded:
            warnings.warn(f"{self!r} holds {theory.says(self.stored)}", CapacityWarning, stacklevel=3)
        return self

    def _taken(self, home: Home, name: str, given: Array, allowed: tuple[float, ...] | None = None) -> Array:
        """`given` in the memory's library and type, each value one of `allowed`, or of `values`."""
        check_values(name, given, allowed or self.values)
        return home.take(name, given)

    def _ready(self, purpose: str) -> Home:
        if self._home is None or not self.stored:
            raise EmptyMemoryError(
                f"this {type(self).__name__} cannot {purpose}: nothing is stored; store(patterns) first"
            )
        return self._home

    def _arrays(self) -> dict[str, np.ndarray]:
        """What was learnt, in NumPy."""
        return {name: to_numpy(value) for name, value in self._learnt.items()}

    def _shapes(self, stored: int) -> dict[str, tuple[int, ...]]:  # noqa: ARG002
        """Those of what `_arrays` gives, with so many patterns stored."""
        return {"w": (self.cells, self.cells)}

    def _restore(self, stored: int, arrays: dict[str, np.ndarray], like: Any) -> None:
        """Takes what `_arrays` gave, in the library and on the device of `like`."""
        floats = [value for value in arrays.values() if value.dtype.kind == "f"]
        dtype = floats[0].dtype if floats else np.dtype(np.float32)
        home = home_of(array("like", np.zeros(0, dtype) if like is None else like))
        dtype = getattr(home.xp, dtype.name)
        self._home = home = Home(home.xp, dtype, home.device)
        self.stored = stored
        self._learnt = {name: home.xp.asarray(value, device=home.device) for name, value in arrays.items()}
