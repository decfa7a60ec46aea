"""BCM units: each becomes selective by itself, by a threshold that slides with its own activity."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from sklearn.utils.validation import check_is_fitted

from cofire import rules
from cofire.estimators._layer import PARAMETERS, POSITIVE, Array, HebbianLayer
from cofire.estimators.weights import unit_length
from cofire.rule import Rule


class BCM(HebbianLayer):
    """A layer of units that each become selective for few of the patterns, without competing.

    The rule is `cofire.rules.bcm`; `post` is relu(w·x), and inputs are scaled to length one. The threshold starts at
    the average over the first samples. `transform` gives relu(w·x).

    Parameters
    ----------
    n_units : units; several may choose the same patterns.
    target : y₀, the response that sets the threshold.
    tau : samples over which the threshold averages: more than there are kinds of patterns, and less than one over the
        learning rate, else responses oscillate.
    learning_rate : of each sample.
    epochs, batch_size, shuffle, random_state, checkpoint, verbose : as for every layer, see `cofire.estimators`.

    Attributes
    ----------
    threshold_ : θ of each unit, `[n_units]`. See `cofire.estimators`.

    Source: E. L. Bienenstock, L. N. Cooper, P. W. Munro, J. Neurosci. 2:32-48, 1982; N. Intrator, L. N. Cooper, Neural
    Networks 5:3-17, 1992.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {**PARAMETERS, "target": POSITIVE, "tau": POSITIVE}

    def __init__(
        self,
        n_units: int = 8,
        *,
        target: float = 1.0,
        tau: float = 100.0,
        learning_rate: float = 0.005,
        epochs: int = 20,
        batch_size: int = 16,
        shuffle: bool = True,
        random_state: Any = None,
        checkpoint: Any = None,
        verbose: bool = False,
    ) -> None:
        self.n_units = n_units
        self.target = target
        self.tau = tau
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.random_state = random_state
        self.checkpoint = checkpoint
        self.verbose = verbose

    def _rule(self) -> Rule:
        return rules.bcm(eta=self.learning_rate, tau_theta=self.tau / self.batch_size, y_0=self.target)

    def _prepared(self, X: Array) -> Array:
        return unit_length(X)

    def _start(self, X: Array, rng: np.random.Generator) -> None:
        self.weights_ = rng.uniform(0, 2 * self.target / np.sqrt(X.shape[1]), (self.n_units, X.shape[1])).astype(
            X.dtype
        )
        # So long a step brings the threshold to the average of these samples; the weights it would give are left.
        _, self._state = self._rule_.step(
            self.weights_, pre=X, post=self._post(self._response(X), 1.0), dt=100 * self.tau
        )

    def _post(self, u: Array, dt: float) -> Array:
        return np.maximum(u, 0)

    @property
    def threshold_(self) -> Array:
        check_is_fitted(self)
        (threshold,) = self._state.values()
        result: Array = threshold / self.target
        return result
