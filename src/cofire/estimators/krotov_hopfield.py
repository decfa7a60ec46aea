"""Competing hidden units: the winner learns the input, one close loser unlearns it."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from cofire import activations, rules
from cofire.errors import ParameterError
from cofire.estimators._layer import NOT_NEGATIVE, PARAMETERS, POSITIVE, Array
from cofire.estimators.soft_hebb import Competing, starting_weights
from cofire.rule import Rule


class KrotovHopfield(Competing):
    """A layer of features learned by a ranked competition.

    The rule is `cofire.rules.krotov_hopfield`; `post` is 1 for the unit of greatest Q = Σ sign(w) |w|^(p-1) x, and
    -depression for that of rank `rank`. Each update is divided by its largest entry, as published. `transform` gives
    relu(w·x)^power.
    Published: MNIST p 3, rank 7, depression .4, 1000 epochs; Fashion-MNIST p 3, rank 5, depression .3, 500 epochs.

    Parameters
    ----------
    n_units : features, at least `rank`.
    p : exponent of the norm that weights come to, at least 2.
    rank, depression : of the loser that unlearns.
    power : exponent of the activity handed on.
    learning_rate : how far the weight that moves most moves in a step.
    unit_length : whether samples are scaled to length 1; without it the rule loses many per cent.
    epochs, batch_size, shuffle, random_state, checkpoint, verbose : as for every layer, see `cofire.estimators`.

    Source: D. Krotov, J. J. Hopfield, Proc. Natl. Acad. Sci. USA 116:7723-7731, 2019.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **PARAMETERS,
        "p": [Interval(Real, 2, None, closed="left")],
        "rank": [Interval(Integral, 2, None, closed="left")],
        "depression": NOT_NEGATIVE,
        "power": POSITIVE,
        "unit_length": ["boolean"],
    }

    def __init__(
        self,
        n_units: int = 32,
        *,
        p: float = 3.0,
        rank: int = 2,
        depression: float = 0.3,
        power: float = 4.5,
        learning_rate: float = 0.1,
        unit_length: bool = True,
        epochs: int = 20,
        batch_size: int = 32,
        shuffle: bool = True,
        random_state: Any = None,
        checkpoint: Any = None,
        verbose: bool = False,
    ) -> None:
        self.n_units = n_units
        self.p = p
        self.rank = rank
        self.depression = depression
        self.power = power
        self.learning_rate = learning_rate
        self.unit_length = unit_length
        self.epochs = epochs
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.random_state = random_state
        self.checkpoint = checkpoint
        self.verbose = verbose

    def _rule(self) -> Rule:
        return rules.krotov_hopfield(p=self.p)

    def _start(self, X: Array, rng: np.random.Generator) -> None:
        if self.rank > self.n_units:
            raise ParameterError(f"rank = {self.rank} is refused: there are n_units = {self.n_units} to rank")
        self.weights_ = starting_weights(rng, self.n_units, X)

    def _response(self, X: Array) -> Array:
        return X @ (np.sign(self.weights_) * np.abs(self.weights_) ** (self.p - 1)).T

    def _post(self, u: Array, dt: float) -> Array:
        return activations.ranked(u, self.rank, self.depression)

    def transform(self, X: Any) -> Array:
        """relu(w·x)^power, `[n, n_units]`; nothing is learned."""
        check_is_fitted(self)
        u = self._prepared(self._checked(X, reset=False)) @ self.weights_.T
        return np.maximum(u, 0) ** u.dtype.type(self.power)
