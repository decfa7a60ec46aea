"""Ridge regression in closed form, from sums that grow as samples come: one pass, in pieces of any size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

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
        self.classes += targets.sum(axis=1)
        self.along += x.T @ targets.astype(x.dtype)
        self.squares += np.sum(targets**2, axis=(1, 2))

    def solved(self, penalties: tuple[float, ...] = PENALTIES) -> tuple[Array, Array, Array]:
        """As `fit`, worked out once, in the type of the features."""
        if penalties not in self._found:
            coefficients, intercepts, chosen = self.fit(penalties=penalties)
            kind = self.origin.dtype
            self._found = {penalties: (coefficients.astype(kind), intercepts.astype(kind), chosen)}
        return self._found[penalties]

    def fit(
        self, scale: float | None = None, penalties: tuple[float, ...] = PENALTIES, shared: bool = False
    ) -> tuple[Array, Array, Array]:
        """`(coefficients[labelling, k, classes], intercepts[labelling, classes], penalty[labelling])`.

        The penalty is `n · scale` times one of `penalties`, where the generalised cross-validation error (Golub, Heath,
        Wahba 1979) is least, found downhill from the middle one. `scale`: the mean variance of features unless given.
        `shared`: the penalty of the first labelling serves all.
        """
        n, mean = self.samples, self.total / self.samples
        averages = self.classes / n
        gram = self.products - n * np.outer(mean, mean)
        along = self.along - n * mean[:, None] * averages[:, None, :]
        total = self.squares - n * np.sum(averages**2, axis=1)
        if scale is None:
            scale = max(float(np.trace(gram)), 0.0) / (n * len(gram)) or 1.0  # 1 if all features are constant
        strengths = [n * scale * penalty for penalty in sorted(penalties)]

        @cache
        def solution(at: int) -> tuple[Array, Array]:
            """Coefficients for all labellings at one strength, and their errors."""
            fits, freedom = _solved(gram, along, strengths[at])
            left = total - np.sum(fits * along, axis=(1, 2)) - strengths[at] * np.sum(fits**2, axis=(1, 2))
            return fits, np.maximum(left, 0) / max(1 - freedom / n, 1e-9) ** 2

        def error(at: int, labelling: int) -> float:
            return float(solution(at)[1][labelling])

        coefficients, chosen = np.empty(along.shape), np.empty(len(along))
        for labelling in range(len(along)):
            if not (shared and labelling):
                best = _lowest([partial(error, at, labelling) for at in range(len(strengths))])
            coefficients[labelling], chosen[labelling] = solution(best)[0][labelling], strengths[best]
        intercepts = averages - np.einsum("k,lkc->lc", self.origin + mean, coefficients)
        return coefficients, intercepts, chosen


def _solved(gram: Array, along: Array, strength: float) -> tuple[Array, float]:
    """`(gram + strength)⁻¹ along` for each labelling, and the degrees of freedom; infinite if it cannot be solved."""
    sums = gram.copy()
    sums[np.diag_indices(len(sums))] += strength
    lower, failed = linalg.lapack.dpotrf(sums.T, lower=1, clean=0, overwrite_a=1)
    if failed:  # rounding has left the sums without this much of a penalty singular
        return np.zeros(along.shape), np.inf
    fits = np.stack([linalg.lapack.dpotrs(lower, one, lower=1)[0] for one in along])
    inverse, _ = linalg.lapack.dtrtri(lower, lower=1, overwrite_c=1)
    return fits, len(gram) - strength * float(np.sum(np.tril(inverse) ** 2))


def _lowest(values: Sequence[Callable[[], float]]) -> int:
    """Which value is less than its neighbours, going downhill from the middle one; none is worked out needlessly."""
    at = len(values) // 2
    while True:
        near = [other for other in (at - 1, at + 1) if 0 <= other < len(values)]
        best = min((at, *near), key=lambda which: values[which]())
        if best == at:
            return at
        at = best


def one_hot(y: Array, classes: Array) -> Array:
    """`[n, classes]`, 1 at the class of each sample. Raises: `ArrayError` for a class that is not in `classes`."""
    where = np.searchsorted(classes, y)
    known = where < len(classes)
    known[known] = classes[where[known]] == y[known]
    if not known.all():
        wrong = y[~known].tolist()[0]
        raise ArrayError(f"y holds {wrong!r}, which is not among the classes {classes.tolist()}: give classes= all")
    return np.eye(len(classes))[where]
