"""Classes read out of the responses of cells, and baselines: only the labels of training images are used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

CLASSES = 10

Array = NDArray[Any]


def classes_of_cells(winners: Array, labels: Array, cells: int) -> Array:
    """The commonest class among the images that each cell wins, `[cells]`; -1 for a cell that wins none."""
    counts = np.zeros((cells, CLASSES), dtype=np.int64)
    np.add.at(counts, (winners, labels), 1)
    result: Array = np.where(counts.any(axis=1), counts.argmax(axis=1), -1)
    return result


def purity(u: Array, labels: Array) -> tuple[float, int]:
    """The share of images that are of the class of their winner, and the number of cells that win no image."""
    winners = u.argmax(axis=1)
    classes = classes_of_cells(winners, labels, u.shape[1])
    return float(np.mean(classes[winners] == labels)), int(np.sum(classes < 0))


def likeness(w: Array) -> float:
    """Mean |cos| between two rows."""
    rows = w / np.maximum(np.linalg.norm(w, axis=1, keepdims=True), np.finfo(w.dtype).tiny)
    cosines = np.abs(rows @ rows.T)
    return float((cosines.sum() - np.trace(cosines)) / (len(w) * (len(w) - 1)))


def predicted(u_train: Array, u_test: Array, labellings: Array) -> Array:
    """The classes of the test images, `[labelling, readout, image]`, from responses and labels of training images."""
    winners = u_train.argmax(axis=1)
    classes = np.stack([classes_of_cells(winners, labels, u_train.shape[1]) for labels in labellings])
    by_winner = classes[:, u_test.argmax(axis=1)]
    by_ridge = ridge(features(u_train), labellings, features(u_test), float(np.mean(u_train**2)))
    return np.stack([by_winner, by_ridge], axis=1)


def features(u: Array) -> Array:
    """relu(response - mean response of the cells), `[n, cells]`."""
    result: Array = np.maximum(u - u.mean(axis=1, keepdims=True), 0)
    return result


def ridge(train: Array, labels: Array, test: Array, scale: float) -> Array:
    """The classes of `test[m, k]`, by ridge regression from `train[n, k]` on the classes as 0 and 1.

    `labels[..., n]`: several labellings at once give `[..., m]`. The penalty is `n · scale` times one of 10⁻⁶ to 1, the
    one of least generalised cross-validation error. `scale` is the mean square of a response, so that what is smaller
    than a thousandth of a response counts for nothing.
    """
    n, mean = len(train), train.mean(axis=0)
    centred, aside = (train - mean).astype(np.float64), (test - mean).astype(np.float64)
    values, vectors = np.linalg.eigh(centred.T @ centred)
    values = np.maximum(values, 0.0)[:, None]
    penalties = n * scale * 10.0 ** np.arange(-6.0, 0.1, 0.5)
    freedom = [float(np.sum(values / (values + penalty))) for penalty in penalties]
    found = np.empty((*labels.shape[:-1], len(test)), dtype=np.int64)
    for which in np.ndindex(*labels.shape[:-1]):
        targets = np.eye(CLASSES)[labels[which]]
        average = targets.mean(axis=0)
        targets -= average
        along, total = vectors.T @ (centred.T @ targets), float(np.sum(targets**2))
        fits = [along / (values + penalty) for penalty in penalties]
        left = [total - 2 * np.sum(fit * along) + np.sum(values * fit**2) for fit in fits]
        errors = [rest / (1 - free / n) ** 2 for rest, free in zip(left, freedom, strict=True)]
        found[which] = (aside @ (vectors @ fits[int(np.argmin(errors))]) + average).argmax(axis=1)
    return found


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


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread for the small matrix products here: with more, they mostly wait for each other on a busy machine."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # comes with scikit-learn

    with threadpool_limits(1):
        yield
