"""What the source of a network must know of its populations, projections and drives."""

from __future__ import annotations

from dataclasses import dataclass

from cofire.backends.numba.quantities import Kept
from cofire.lowering.cells import NeuronPlan
from cofire.lowering.plan import Plan


@dataclass(frozen=True)
class PopulationCode:
    """A population. `kind`: "cells", "rates", "poisson" or "given".

    `plan`: of cells, and of rate cells, whose rate is the row `rate` of x.
    """

    name: str
    kind: str
    plan: NeuronPlan | None = None
    varying: tuple[str, ...] = ()
    rate: int | None = None


@dataclass(frozen=True)
class ProjectionCode:
    """A projection. `source`, `target`: names of populations; `onto`: the row of x that it adds to.

    `from_rates`: whether the source are rate cells. `plan`, `kept`: of a rule that learns, or None.
    """

    name: str
    source: str
    target: str
    onto: int
    many_delays: bool
    from_rates: bool = False
    plan: Plan | None = None
    kept: Kept | None = None
    bounded: bool = False


@dataclass(frozen=True)
class DriveCode:
    """A Poisson input to each cell of a population."""

    name: str
    target: str
    onto: int
