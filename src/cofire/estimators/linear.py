"""What linear classifiers say of a sample, from one response a class."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from cofire.estimators._layer import Array, samples


class LinearClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier with one response a class; `classes_` are sorted."""

    classes_: Array

    @abstractmethod
    def _responses(self, X: Array) -> Array:
        """`[n, classes]`, from samples that were checked."""

    def decision_function(self, X: Any) -> Array:
        """The response for each class, `[n, classes]`; of two, their difference `[n]`."""
        check_is_fitted(self)
        scores = self._responses(samples(self, X, reset=False))
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    def predict(self, X: Any) -> Array:
        """The class of greatest response, `[n]`."""
        scores = self.decision_function(X)
        which = (scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)
        named: Array = self.classes_[which]
        return named
