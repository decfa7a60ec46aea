"""What reaches cells or synapses from outside: Poisson input to each cell, and modulators such as dopamine."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from cofire.backends.numba.random import BLOCK, poisson_table
from cofire.constraints import check
from cofire.errors import DimensionError, shown
from cofire.network.attributes import Checked
from cofire.network.populations import Cells
from cofire.units import TIME, Quantity

if TYPE_CHECKING:
    from cofire.network.network import Network

Array = np.ndarray
VANISHED = 1e-9  # of the largest pulse: a modulator that has decayed below it is 0


@dataclass(frozen=True, eq=False, repr=False)
class Drive:
    """A Poisson input of its own to each cell of a population. Made by `Network.drive`; it stays as it is."""

    name: str
    target: Cells
    onto: str
    rate: float
    weight: float
    net: Network

    def __repr__(self) -> str:
        return f"<{self.name}: {self.rate:g} Hz onto {self.target.name}.{self.onto}>"

    def numbers(self) -> dict[str, Any]:
        """What the generated code takes."""
        bits = min(max((self.target.size - 1).bit_length(), 1), (BLOCK - 1).bit_length())  # few cells, small blocks
        fewest, cumulative, guide = poisson_table(self.rate * self.net.dt * 2**bits)
        return {
            "stream": self.net.stream(self.name),
            "bits": bits,
            "fewest": fewest,
            "cumulative": cumulative,
            "guide": guide,
            "weight": self.weight,
            "gated": self.onto in self.target.plan.held,
        }


@dataclass(eq=False, repr=False, slots=True)
class Modulator(Checked):
    """A signal that reaches every synapse, such as dopamine; it decays with `tau`, or stays."""

    stays: ClassVar[frozenset[str]] = frozenset({"name", "net", "tau", "pulses", "amounts"})
    others: ClassVar[dict[str, str]] = {"set": "value"}

    name: str
    net: Network
    start: float
    tau: float
    pulses: Array
    amounts: Array

    def __repr__(self) -> str:
        fades = f", which fades with {Quantity(self.tau, TIME)}" if self.tau else ""
        return f"<{self.name}: {self.value:g} at {self.net.now}{fades}>"

    @property
    def value(self) -> float:
        """Its present value; another may be set."""
        return self.net.modulator_value(self.name)

    @value.setter
    def value(self, value: float) -> None:
        self.net.set_modulator(self.name, plain(f"{self.name}: value", value))

    def pulse(self, amount: float) -> None:
        """Adds to it, now."""
        self.value += plain(f"{self.name}: amount", amount)

    def numbers(self, dt: float) -> dict[str, Any]:
        """What the generated code takes."""
        largest = max([abs(self.start), *np.abs(self.amounts)], default=0.0)
        fade = math.exp(-dt / self.tau) if self.tau else 1.0
        return {
            "pulses": self.pulses,
            "amounts": self.amounts,
            "fade": fade,
            "least": np.array([VANISHED * largest if self.tau else 0.0]),
        }


def plain(name: str, value: float) -> float:
    """A number without unit. Raises: `CofireError` if it is none."""
    if isinstance(value, Quantity):
        raise DimensionError(f"{name} = {shown(value)} is refused: a modulator is a number without unit")
    return check(name, value)
