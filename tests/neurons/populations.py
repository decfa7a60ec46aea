"""Populations of cells, run by the reference and by the compiled step."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from cofire import Neuron
from cofire.backends import cells as numbers
from cofire.backends.numba.cache import load
from cofire.backends.numba.cells import cells_source
from cofire.backends.reference import cells as reference


class Reference:
    """A population run by the definition."""

    def __init__(self, neuron: Neuron, cells: int, dt: float) -> None:
        self.neuron, self.plan, self.dt = neuron, neuron.explain(), dt
        self.x = numbers.start(neuron, self.plan, cells)
        self.until = np.zeros(cells, dtype=np.int64)
        self.parameters = numbers.values(neuron)

    def __getitem__(self, name: str) -> np.ndarray:
        """The values of a variable, `[cell]`."""
        return self.x[self.plan.variables.index(name)]

    def step(self, n: int, learning: bool = True) -> np.ndarray:
        """Step n; returns the cells that fired."""
        x = self.x[: len(self.plan.variables)]
        reference.update(self.plan, self.parameters, x, self.until, n, self.dt, learning=learning)
        fired = reference.fired(self.plan, self.parameters, x, self.until, n)
        reference.reset(self.plan, self.parameters, x, self.until, n, self.dt, fired, learning=learning)
        return fired

    def spike_times(self, steps: int, cell: int = 0) -> np.ndarray:
        """When `cell` fires within the next `steps` steps, in seconds."""
        return np.array([n for n in range(steps) if cell in self.step(n)]) * self.dt


class Compiled(Reference):
    """The same, run by generated code in pieces of cells, as threads would."""

    def __init__(self, neuron: Neuron, cells: int, dt: float) -> None:
        super().__init__(neuron, cells, dt)
        self.module: ModuleType = load(
            cells_source(self.plan, neuron.varying).replace("**INNER", "**COMPILED")
        )  # called from here
        self.numbers = numbers.parameters(neuron, self.plan)
        self.coefficients = numbers.coefficients(neuron, self.plan, dt)

    def step(self, n: int, learning: bool = True) -> np.ndarray:
        flag: tuple[Any, ...] = (learning,) if self.plan.learns else ()
        cells = len(self.until)
        fired = np.full(cells, -1, dtype=np.int32)
        found = []
        for low, high in ((0, cells // 3), (cells // 3, cells)):
            self.module.update(n, low, high, self.dt, self.numbers, self.coefficients, self.x, self.until, *flag)
            if self.plan.rate:
                continue
            count = self.module.threshold(n, low, high, self.numbers, self.x, self.until, fired)
            found.append(fired[:count].copy())
        if self.plan.rate:
            return np.zeros(0, np.int32)
        everyone = np.concatenate(found)
        half = len(everyone) // 2
        for begin, end in ((0, half), (half, len(everyone))):
            self.module.reset(n, everyone, begin, end, self.dt, self.numbers, self.x, self.until, *flag)
        return everyone
