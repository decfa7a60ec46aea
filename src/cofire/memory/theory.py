"""What is published of how much a memory holds: random patterns, large nets.

critical            the source says that recall breaks down there
free of errors      the most patterns that are all stable with high probability, where that is what is known
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import erf, inf, log, pi, sqrt
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

CRITICAL_LOAD, CRITICAL_OVERLAP = 0.138, 0.967  # of Hopfield's net: random patterns per cell, and what is left of each

AMIT = (
    "D. J. Amit, H. Gutfreund, H. Sompolinsky, Storing infinite numbers of patterns in a spin-glass model of neural "
    "networks, Phys. Rev. Lett. 55:1530-1533, 1985, doi:10.1103/PhysRevLett.55.1530"
)
TSODYKS = (
    "M. V. Tsodyks, M. V. Feigelman, The enhanced storage capacity in neural networks with low activity level, "
    "Europhys. Lett. 6:101-105, 1988, doi:10.1209/0295-5075/6/2/002"
)


@dataclass(frozen=True)
class Theory:
    """`patterns`: how many the memory holds; `formula` and `source` say why.

    `overlap(number)`: what one step of recall leaves of a pattern, with so many stored; None if theory does not say.
    """

    patterns: float
    formula: str
    source: str
    overlap: Callable[[int], float] | None = field(default=None, repr=False, compare=False)

    def says(self, number: int) -> str:
        """What to tell someone who has stored `number` patterns."""
        more = "and what is left of each is not predicted"
        if self.overlap is not None:
            more = f"the overlap predicted after one step of recall is {self.overlap(number):.2f}"
        return f"more than the {self.patterns:.0f} random patterns of theory ({self.formula}): {more}"


NONE = Theory(inf, "no theory is known", "")


def gaussian(noise: float) -> Callable[[int], float]:
    """The overlap erf(1 / √(2 · noise · number)): `noise` is the variance of a cell's input, one pattern adding it."""
    return lambda number: erf(1 / sqrt(2 * noise * number))


def hopfield(cells: int) -> Theory:
    """The outer product: critical."""
    return Theory(CRITICAL_LOAD * cells, "0.138 N", AMIT, gaussian(1 / cells))


def sparse(cells: int, activity: float) -> Theory:
    """The covariance of patterns in which a share `activity` of the cells is active.

    A signal-to-noise estimate of ours: so many that one step makes a tenth as many silent cells active as should be.
    Recall to the end loses half of the patterns at .7 of that (measured, 800 and 2000 cells, a = .02 to .1).
    Tsodyks and Feigelman's N / (2 a |ln a|) is its limit for vanishing activity, and far above it at a = .05.
    """
    noise = 4 * activity / cells  # active and silent cells differ by 1, and the threshold leaves 1/2 to either side
    if activity >= 0.25:
        return Theory(CRITICAL_LOAD * cells, "0.138 N", AMIT, gaussian(noise))
    deviations = -NormalDist().inv_cdf(0.1 * activity / (1 - activity))
    return Theory(1 / (noise * deviations**2), "a signal-to-noise estimate", TSODYKS, gaussian(noise))


def mean_field() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The overlap m of Amit, Gutfreund and Sompolinsky against the load α = P / N, up to the critical load.

    With y = m/√(2αr), the zero-temperature equations are m = erf y and √(2α) = erf(y)/y - 2/√π exp(-y²).
    """
    y = np.linspace(4.0, 0.5, 4000)
    m = np.array([erf(value) for value in y])
    root = m / y - 2 / sqrt(pi) * np.exp(-(y**2))
    load = root**2 / 2
    last = int(np.argmax(load)) + 1
    return load[:last], m[:last]


def crosstalk(number: Any, cells: int) -> Any:
    """Mean square of what `number` random patterns add to a cell's input under the outer product: exact."""
    return (number - 1) * (cells - 1) / cells**2


def double_factorial(number: int) -> float:
    result = 1.0
    for factor in range(number, 1, -2):
        result *= factor
    return result


def error_free(cells: int, order: int) -> float:
    """N^(n-1) / (2 (2n-3)!! ln N): patterns of order n that are all stable, each up to one wrong cell in N."""
    if cells < 2:
        return 1.0
    return float(cells) ** (order - 1) / (2 * double_factorial(2 * order - 3) * log(cells))


def willshaw(cells: int, active: int, partners: int, partners_active: int) -> Theory:
    """So many pairs that one wrong cell is expected in each; see `cofire.memory.willshaw`."""
    silent, each = partners - partners_active, active * partners_active / (cells * partners)

    def overlap(number: int) -> float:
        """The cosine of a pattern with itself and the wrong cells expected."""
        wrong = silent * (1 - (1 - each) ** number) ** active
        return float(sqrt(partners_active / (partners_active + wrong)))

    most = max(silent, 2) ** (-1 / active)  # the share of synapses set
    number = log(1 - most) / log(1 - each) if each < 1 else 1.0
    source = "D. J. Willshaw, O. P. Buneman, H. C. Longuet-Higgins, Nature 222:960-962, 1969, doi:10.1038/222960a0"
    return Theory(number, "one wrong cell expected in each", source, overlap)
