"""Classes read out of the responses of cells, and baselines: only the labels of training images are used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cofire.estimators.labels import label_units
from cofire.estimators.ridge import RidgeSums

CLASSES = 10

Array = NDArray[Any]


def purity(u: Array, labels: Array) -> tuple[float, int]:
    """The share of images that are of the class of their winner, and the number of cells that win no image."""
    winners = u.argmax(axis=1)
    classes = label_units(winners, labels, u.shape[1])
    return float(np.mean(classes[winners] == labels)), int(np.sum(classes < 0))


def predicted(u_train: Array, u_test: Array, labellings: Array) -> Array:
    """The classes of the test images, `[labelling, readout, image]`, from responses and labels of training images."""
    winners = u_train.argmax(axis=1)
    classes = np.stack([label_units(winners, labels, u_train.shape[1]) for labels in labellings])
    by_winner = classes[:, u_test.argmax(axis=1)]
    by_ridge = ridge(features(u_train), labellings, features(u_test), float(np.mean(u_train**2)))
    return np.stack([by_winner, by_ridge], axis=1)


def features(u: Array) -> Array:
    """relu(response - mean response of the cells), `[n, cells]`."""
    result: Array = np.maximum(u - u.mean(axis=1, keepdims=True), 0)
    return result


def ridge(train: Array, labels: Array, test: Array, scale: float) -> Array:
    """The classes of `test[m, k]`, by ridge regression from `train[n, k]` on the classes as 0 and 1.

    `labels[n]` gives `[m]`; several labellings at once, `[l, n]`, `[l, m]`. The penalty is `n · scale` times one of
    10⁻⁶ to 1, chosen by generalised cross-validation. `scale` is the mean square of a response: what is smaller than
    a thousandth of a response counts for nothing.
    """
    sums = RidgeSums()
    sums.add(train.astype(np.float64), np.eye(CLASSES)[np.atleast_2d(labels)])
    coefficients, intercepts, _ = sums.fit(scale)
    found = (test @ coefficients + intercepts[:, None]).argmax(axis=2)
    return found.reshape(*labels.shape[:-1], len(test))


def logistic(train: Array, labels: Array, test: Array) -> Array:
    """The classes of `test`, by logistic regression with the penalty C = 10."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # 200 iterations settle the classes, if not the last digit
        model = LogisticRegression(C=10.0, max_iter=200, tol=1e-3).fit(train, labels)
    predicted: Array = model.predict(test)
    return predicted


def k_means(images: Array, cells: int, seed: Sequence[int]) -> Array:
    """Centres `[cells, pixels]`."""
    from sklearn.cluster import KMeans

    state = int(np.random.SeedSequence(seed).generate_state(1)[0])
    centres: Array = KMeans(cells, n_init=1, max_iter=50, random_state=state).fit(images).cluster_centers_
    return centres
