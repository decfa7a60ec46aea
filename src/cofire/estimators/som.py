"""Kohonen's self-organising map: neighbours learn together, so that the map keeps the neighbourhoods of the data."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval

from cofire import rules
from cofire.estimators import competition
from cofire.estimators._layer import COUNT, PARAMETERS, SHARE, Array
from cofire.estimators.competitive import Prototypes
from cofire.rule import Rule

SMALLEST = 0.5  # units: the spread of the neighbourhood at the end, where the winner learns nearly alone


class SelfOrganizingMap(Prototypes):
    """A sheet of units that unfolds into the data.

    The rule is `cofire.rules.kohonen`; `post` is exp(-d²/(2 σ²)), d the distance on the map from the unit that is
    nearest to the input. In `fit` σ falls geometrically from `radius` to half a unit; a stream (`partial_fit`) keeps to
    `radius`.

    Parameters
    ----------
    rows, columns : of the map.
    radius : σ at first, in units; None is half the longer side.
    learning_rate : the share of its distance to a sample that the winner moves, below 1.
    epochs, batch_size, shuffle, random_state, checkpoint, verbose : as for every layer, see `cofire.estimators`.

    Attributes
    ----------
    positions_ : the row and column of each unit, `[n_units, 2]`. See `cofire.estimators`.

    Source: T. Kohonen, Biol. Cybern. 43:59-69, 1982.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **{name: allowed for name, allowed in PARAMETERS.items() if name != "n_units"},
        "learning_rate": SHARE,
        "rows": COUNT,
        "columns": COUNT,
        "radius": [Interval(Real, 0, 1e6, closed="right"), None],
    }

    def __init__(
        self,
        rows: int = 4,
        columns: int = 4,
        *,
        radius: float | None = None,
        learning_rate: float = 0.1,
        epochs: int = 10,
        batch_size: int = 32,
        shuffle: bool = True,
        random_state: Any = None,
        checkpoint: Any = None,
        verbose: bool = False,
    ) -> None:
        self.rows = rows
        self.columns = columns
        self.radius = radius
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.random_state = random_state
        self.checkpoint = checkpoint
        self.verbose = verbose

    @property
    def n_units(self) -> int:
        return int(self.rows * self.columns)

    @property
    def positions_(self) -> Array:
        return np.stack(np.unravel_index(np.arange(self.n_units), (self.rows, self.columns)), axis=1)

    def _rule(self) -> Rule:
        return rules.kohonen(eta=self.learning_rate)

    def _post(self, u: Array, dt: float) -> Array:
        wide = max(self.rows, self.columns) / 2 if self.radius is None else self.radius
        spread = SMALLEST * max(wide / SMALLEST, 1.0) ** dt
        apart = self.positions_[u.argmax(axis=1), None] - self.positions_
        near = np.exp(-np.sum(apart**2, axis=2) / (2 * spread**2)).astype(u.dtype)
        return competition.one_after_another(near, dt * self.learning_rate)
