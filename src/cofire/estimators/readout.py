"""A linear readout in closed form: ridge regression on the classes, in one pass over samples that may come in pieces.

Only sums are kept - of features, classes and their products - so that the readout of a stream is exactly that of the
whole, and no feature has to stay in memory.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.utils.multiclass import check_classification_targets, unique_labels
from sklearn.utils.validation import check_is_fitted, validate_data

from cofire.errors import ArrayError

Array = NDArray[Any]

PENALTIES = tuple(10.0 ** np.arange(-6.0, 0.1, 0.5))


class RidgeSums:
    """Sums over samples from which a ridge regression follows, for one or several labellings of them.

    `add(x[n, k], targets[labelling, n, classes])` as often as there are pieces, then `fit`. Features are taken less
    those of the first piece on average, so that float32 sums lose nothing to a large mean.
    """

    def __init__(self) -> None:
        self.samples = 0
        self._found: dict[tuple[float, ...], tuple[Array, Array, Array]] = {}

    def add(self, x: Array, targets: Array) -> None:
        if not self.samples:
            self.origin = x.mean(axis=0)
            self.total = np.zeros(x.shape[1])
            self.products = np.zeros((x.shape[1], x.shape[1]))
            self.classes = np.zeros((len(targets), targets.shape[2]))
            self.along = np.zeros((len(targets), x.shape[1], targets.shape[2]))
            self.squares = np.zeros(len(targets))
        self._found.clear()
        x = x - self.origin
        self.samples += len(x)
        self.total += x.sum(axis=0, dtype=np.float64)
        self.products += x.T @ x
        for l, target in enumerate(targets):
            self.classes[l] += target.sum(axis=0)
            self.along[l] += x.T @ target.astype(x.dtype)
            self.squares[l] += np.sum(target**2)

    def solved(self, penalties: tuple[float, ...] = PENALTIES) -> tuple[Array, Array, Array]:
        """`fit`, worked out once, in the type of the features."""
        if penalties not in self._found:
            coefficients, intercepts, chosen = self.fit(penalties=penalties)
            kind = self.origin.dtype
            self._found = {penalties: (coefficients.astype(kind), intercepts.astype(kind), chosen)}
        return self._found[penalties]

    def fit(self, scale: float | None = None, penalties: tuple[float, ...] = PENALTIES) -> tuple[Array, Array, Array]:
        """`(coefficients[labelling, k, classes], intercepts[labelling, classes], penalty[labelling])`.

        The penalty is `n · scale` times one of `penalties`, the one of least generalised cross-validation error (Golub,
        Heath, Wahba 1979). `scale`: the mean variance of a feature unless given.
        """
        n, mean = self.samples, self.total / self.samples
        gram = self.products - n * np.outer(mean, mean)
        scale = max(float(np.trace(gram)) / (n * len(gram)), np.finfo(np.float64).tiny) if scale is None else scale
        values, vectors = linalg.eigh(gram, overwrite_a=True, check_finite=False, driver="evd")
        values = np.maximum(values, 0.0)[:, None]
        strengths = [n * scale * penalty for penalty in penalties]
        freedom = [1 + float(np.sum(values / (values + strength))) for strength in strengths]
        coefficients = np.empty(self.along.shape)
        chosen = np.empty(len(self.along))
        averages = self.classes / n
        for l, average in enumerate(averages):
            along = vectors.T @ (self.along[l] - n * np.outer(mean, average))
            total = self.squares[l] - n * float(average @ average)
            fits = [along / (values + strength) for strength in strengths]
            left = [max(total - 2 * np.sum(fit * along) + np.sum(values * fit**2), 0.0) for fit in fits]
            errors = [rest / max(1 - free / n, 1e-9) ** 2 for rest, free in zip(left, freedom, strict=True)]
            best = int(np.argmin(errors))
            coefficients[l], chosen[l] = vectors @ fits[best], strengths[best]
        intercepts = averages - np.einsum("k,lkc->lc", self.origin + mean, coefficients)
        return coefficients, intercepts, chosen


class RidgeReadout(ClassifierMixin, BaseEstimator):
    """A linear classifier in closed form: ridge regression on the classes as 0 and 1.

    Each call of `partial_fit` adds its samples to the sums; the solution is that of all samples so far, whatever the
    pieces. The penalty is chosen by generalised cross-validation.

    Parameters
    ----------
    penalties : those tried, in units of the mean variance of a feature times the number of samples.

    Attributes
    ----------
    coef_ : `[n_features, n_classes]`. intercept_ : `[n_classes]`. penalty_ : the penalty chosen. All three are worked
    out when they are first asked for. classes_ : the classes, sorted.
    """

    _parameter_constraints = {"penalties": ["array-like"]}

    def __init__(self, penalties: Any = PENALTIES) -> None:
        self.penalties = penalties

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any) -> RidgeReadout:
        """Learns from `X[n, features]` and `y[n]`; what was learned before is forgotten."""
        self.__dict__.pop("classes_", None)
        return self._add(X, y, None)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, classes: Any = None) -> RidgeReadout:
        """Learns from more samples. `classes`: all there will be; needed in the first call if its piece lacks one."""
        return self._add(X, y, classes)

    def _add(self, X: Any, y: Any, classes: Any) -> RidgeReadout:
        first = not hasattr(self, "classes_")
        X, y = validate_data(self, X, y, dtype=[np.float64, np.float32], reset=first)
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
        if "classes_" not in self.__dict__:
            raise AttributeError("this RidgeReadout has learned nothing yet: call fit")
        coefficients, intercepts, penalties = self._sums.solved(tuple(self.penalties))
        return coefficients[0], intercepts[0], float(penalties[0])

    def decision_function(self, X: Any) -> Array:
        """What the regression says of each class, `[n, classes]`; of two, their difference `[n]`."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        scores: Array = X @ self.coef_ + self.intercept_
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    def predict(self, X: Any) -> Array:
        """The class of greatest score, `[n]`."""
        scores = self.decision_function(X)
        which = (scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)
        named: Array = self.classes_[which]
        return named


def one_hot(y: Array, classes: Array) -> Array:
    """`[n, classes]`, 1 at the class of each sample. Raises: `ArrayError` for a class that is not in `classes`."""
    where = np.searchsorted(classes, y)
    known = where < len(classes)
    known[known] = classes[where[known]] == y[known]
    if not known.all():
        raise ArrayError(f"y holds {y[~known][0]!r}, which is not among the classes {list(classes)}: give classes= all")
    return np.eye(len(classes))[where]
