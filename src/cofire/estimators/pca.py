"""Principal components from a stream: Sanger's rule, one component a unit, or Oja's for the subspace they span."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from sklearn.utils._param_validation import StrOptions

from cofire import rules
from cofire.estimators._layer import PARAMETERS, SHARE, Array, HebbianLayer
from cofire.rule import Rule


class HebbianPCA(HebbianLayer):
    """Principal component analysis by a Hebbian rule, without a covariance matrix.

    The rule is `cofire.rules.sanger`, or `oja_subspace`; `post` is the linear response to the input less its running
    mean. The rate is `learning_rate` over the mean square length of the inputs, so that their scale does not matter.
    In the limit of many samples and a falling rate, Sanger's units are the principal components and Oja's span them.

    Parameters
    ----------
    n_units : components; at most as many as there are features are found.
    rule : "sanger" (each unit one component, in order of variance) or "oja_subspace" (any rotation of them).
    learning_rate : below 1; components of little variance need it large or many epochs.
    epochs, batch_size, shuffle, random_state, checkpoint, verbose : as for every layer, see `cofire.estimators`.

    Attributes
    ----------
    mean_ : of the inputs, `[n_features]`. weights_, norms_ and the rest: see `cofire.estimators`.

    Source: T. D. Sanger, Neural Networks 2:459-473, 1989; E. Oja, Int. J. Neural Syst. 1:61-68, 1989.
    """

    _kept = ("weights_", "mean_", "_power", "_seen")
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **PARAMETERS,
        "learning_rate": SHARE,
        "rule": [StrOptions({"sanger", "oja_subspace"})],
    }

    def __init__(
        self,
        n_units: int = 2,
        *,
        rule: str = "sanger",
        learning_rate: float = 0.5,
        epochs: int = 30,
        batch_size: int = 32,
        shuffle: bool = True,
        random_state: Any = None,
        checkpoint: Any = None,
        verbose: bool = False,
    ) -> None:
        self.n_units = n_units
        self.rule = rule
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.random_state = random_state
        self.checkpoint = checkpoint
        self.verbose = verbose

    def _rule(self) -> Rule:
        return rules.get(self.rule)(eta=self.learning_rate)

    def _start(self, X: Array, rng: np.random.Generator) -> None:
        drawn = rng.standard_normal((self.n_units, X.shape[1]))
        self.weights_ = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True) / np.sqrt(self.n_units)).astype(X.dtype)
        self.mean_, self._power, self._seen = np.zeros(X.shape[1]), np.zeros(()), np.zeros(())

    def _learn(self, x: Array, dt: float) -> None:
        if self._seen < 1e6:  # by then the mean has settled; a later sample counts as much as one of a million
            self._seen = self._seen + len(x)
        self.mean_ = self.mean_ + (x.mean(axis=0, dtype=np.float64) - self.mean_) * (len(x) / self._seen)
        x = x - self.mean_.astype(x.dtype)
        power = float(np.mean(np.sum(x.astype(np.float64) ** 2, axis=1)))
        self._power = np.maximum(power, self._power + (power - self._power) * (len(x) / self._seen))
        if power:
            self.weights_, self._state = self._rule_.step(
                self.weights_, pre=x, post=x @ self.weights_.T, state=self._state, out=self.weights_,
                dt=max(dt, 1e-9) / float(self._power),
            )  # fmt: skip

    def _post(self, u: Array, dt: float) -> Array:
        return u

    def _response(self, X: Array) -> Array:
        return (X - self.mean_.astype(X.dtype)) @ self.weights_.T

    def _features(self, u: Array) -> Array:
        return u

    def _warnings(self) -> Iterator[str]:
        if self.n_units > self.n_features_in_:
            yield f"n_units = {self.n_units} is more than the {self.n_features_in_} features have components"
        elif self._power <= (8 * np.finfo(self.weights_.dtype).eps) ** 2 * np.sum(self.mean_**2):  # rounding alone
            yield "all samples are the same: without variance there are no components"
        elif np.abs(self.norms_ - 1).max() > 0.1:
            worst = self.norms_[np.abs(self.norms_ - 1).argmax()]
            yield f"norms have not converged to 1 ({worst:.2f}): more epochs, or a larger learning_rate"
