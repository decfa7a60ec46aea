"""A linear readout in closed form: ridge regression on the classes, in one pass over samples that may come in pieces.

Only sums are kept - of features, classes and their products - so that the readout of a stream is exactly that of the
whole, and no feature has to stay in memory.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils.multiclass import check_classification_targets, unique_labels
from sklearn.utils.validation import check_is_fitted

from cofire.errors import ParameterError, shown
from cofire.estimators._layer import Array, samples
from cofire.estimators.linear import LinearClassifier
from cofire.estimators.ridge import PENALTIES, RidgeSums, one_hot


class RidgeReadout(LinearClassifier):
    """A linear classifier in closed form: ridge regression on the classes as 0 and 1.

    Each call of `partial_fit` adds its samples to the sums; the solution is that of all samples so far, whatever the
    pieces. The penalty is chosen by generalised cross-validation.

    Parameters
    ----------
    penalties : those tried, above 0, in units of the mean variance of a feature times the number of samples.

    Attributes
    ----------
    coef_ : `[n_features, n_classes]`. intercept_ : `[n_classes]`. penalty_ : the penalty chosen. All three are worked
    out when they are first asked for. classes_ : the classes, sorted.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {"penalties": ["array-like"]}

    def __init__(self, penalties: Any = PENALTIES) -> None:
        self.penalties = penalties

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any) -> RidgeReadout:
        """Learns from `X[n, features]` and `y[n]`; what was learned before is forgotten."""
        self.__dict__.pop("classes_", None)
        return self._add(X, y, None)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, classes: Any = None) -> RidgeReadout:
        """Learns from more samples. `classes`: all there will be; needed at first if the first piece lacks one."""
        return self._add(X, y, classes)

    def _add(self, X: Any, y: Any, classes: Any) -> RidgeReadout:
        self._penalties()  # refused now rather than when the solution is asked for
        first = not hasattr(self, "classes_")
        X, y = samples(self, X, y, reset=first)
        check_classification_targets(y)
        if first:
            self.classes_ = unique_labels(y if classes is None else classes)
            self._sums = RidgeSums()
        self._sums.add(X, one_hot(y, self.classes_)[None])
        return self

    @property
    def coef_(self) -> Array:
        return self._solved()[0]

    @property
    def intercept_(self) -> Array:
        return self._solved()[1]

    @property
    def penalty_(self) -> float:
        return self._solved()[2]

    def _solved(self) -> tuple[Array, Array, float]:
        check_is_fitted(self, "classes_")
        coefficients, intercepts, penalties = self._sums.solved(self._penalties())
        return coefficients[0], intercepts[0], float(penalties[0])

    def _responses(self, X: Array) -> Array:
        found: Array = X @ self.coef_ + self.intercept_
        return found

    def _penalties(self) -> tuple[float, ...]:
        tried = np.asarray(self.penalties)
        numbers = tried.ndim == 1 and len(tried) and tried.dtype.kind in "fiu"
        if not numbers or not np.all((tried > 0) & (tried < np.inf)):
            raise ParameterError(f"penalties = {shown(self.penalties)} is refused: it must be numbers above 0")
        return tuple(tried.tolist())
