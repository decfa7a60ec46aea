"""The delta rule as a classifier: units are told the class, and learn from the error of their response."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets, unique_labels

from cofire import rules
from cofire.estimators._layer import PARAMETERS, Array, samples
from cofire.estimators.linear import LinearClassifier
from cofire.estimators.ridge import one_hot


class HebbianClassifier(LinearClassifier):
    """One linear unit a class, supervised.

    The rule is `cofire.rules.delta` with `post_target` 1 for the class of the sample and 0 for all others; a constant
    input stands for the bias. The rate is `learning_rate` over the mean square length of the inputs seen, so that their
    scale does not matter; features of very unequal scale learn unequally fast: put a StandardScaler before it.

    Parameters
    ----------
    learning_rate : below 2, in units of the largest stable one.
    epochs : passes over the data in `fit`, the learning rate falling linearly to 0.
    batch_size : samples in a step. shuffle : whether `fit` takes samples in a new random order in each epoch.
    random_state : seed of that order.

    Attributes
    ----------
    classes_ : sorted. weights_ : `[n_classes, n_features + 1]`, the last column the bias.

    Source: B. Widrow, M. E. Hoff, IRE WESCON Convention Record 4:96-104, 1960.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        name: PARAMETERS[name] for name in ("learning_rate", "epochs", "batch_size", "shuffle", "random_state")
    }

    def __init__(
        self,
        *,
        learning_rate: float = 0.5,
        epochs: int = 20,
        batch_size: int = 8,
        shuffle: bool = True,
        random_state: Any = None,
    ) -> None:
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any) -> HebbianClassifier:
        """Learns from `X[n, features]` and `y[n]` anew."""
        X, y = self._begin(X, y, None, first=True)
        rng = np.random.default_rng(check_random_state(self.random_state).randint(2**31 - 1))
        for epoch in range(self.epochs):
            order = rng.permutation(len(X)) if self.shuffle else np.arange(len(X))
            for begin in range(0, len(X), self.batch_size):
                chosen = order[begin : begin + self.batch_size]
                self._learn(X[chosen], y[chosen], 1 - (epoch + begin / len(X)) / self.epochs)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, classes: Any = None) -> HebbianClassifier:
        """Learns on from more samples. `classes`: all there will be; needed at first if the first piece lacks one."""
        X, y = self._begin(X, y, classes, first=not hasattr(self, "weights_"))
        for begin in range(0, len(X), self.batch_size):
            self._learn(X[begin : begin + self.batch_size], y[begin : begin + self.batch_size], 1.0)
        return self

    def _begin(self, X: Any, y: Any, classes: Any, first: bool) -> tuple[Array, Array]:
        X, y = samples(self, X, y, reset=first)
        check_classification_targets(y)
        if first:
            self.classes_ = unique_labels(y if classes is None else classes)
            self.weights_ = np.zeros((len(self.classes_), X.shape[1] + 1), dtype=X.dtype)
            self._rule_ = rules.delta(eta=self.learning_rate)
            self._power, self._seen = 0.0, 0
        return X, one_hot(y, self.classes_)

    def _learn(self, x: Array, targets: Array, dt: float) -> None:
        x = with_bias(x)
        power = float(np.mean(np.sum(x.astype(np.float64) ** 2, axis=1)))
        self._seen += len(x)
        self._power = max(power, self._power + (power - self._power) * len(x) / self._seen)
        self.weights_, _ = self._rule_.step(
            self.weights_, pre=x, post=x @ self.weights_.T, post_target=targets, out=self.weights_, dt=dt / self._power
        )

    def _responses(self, X: Array) -> Array:
        found: Array = with_bias(X) @ self.weights_.T
        return found


def with_bias(X: Array) -> Array:
    """`X` with a column of the size of its entries, always the same, at its end."""
    return np.concatenate([X, np.ones((len(X), 1), dtype=X.dtype)], axis=1)
