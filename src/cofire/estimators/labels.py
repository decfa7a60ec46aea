"""Classes for units that learned without any: the one function that turns answers into classes.

It is given training labels only; test labels never come near it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cofire.errors import ArrayError

Array = NDArray[Any]


def label_units(winners: Array, labels: Array, n_units: int) -> Array:
    """The commonest class among the training samples that each unit wins, `[n_units]`; -1 for one that wins none.

    `winners[n]`: the unit that answers most to each sample. `labels[n]`: its class, whole numbers from 0.
    Raises: `ArrayError`.
    """
    winners, labels = np.asarray(winners), np.asarray(labels)
    if winners.shape != labels.shape or winners.ndim != 1:
        raise ArrayError(
            f"labels has shape {labels.shape}; expected {winners.shape}, one for each winner of a training sample"
        )
    if labels.size and (not np.issubdtype(labels.dtype, np.integer) or labels.min() < 0):
        raise ArrayError("labels must be whole numbers from 0; np.unique(y, return_inverse=True) makes them of others")
    numbered = not winners.size or np.issubdtype(winners.dtype, np.integer)
    if not numbered or winners.min(initial=0) < 0 or winners.max(initial=0) >= n_units:
        raise ArrayError(f"winners must be whole numbers from 0 to {n_units - 1}, the units that win")
    counts = np.zeros((n_units, int(labels.max(initial=0)) + 1), dtype=np.int64)
    np.add.at(counts, (winners, labels), 1)
    return strongest_class(counts)


def strongest_class(answers: Array) -> Array:
    """The class to which each unit answers most, `[n_units]`; -1 for one that never does.

    `answers[n_units, n_classes]`: to training samples of each class, their sum or mean, at least 0.
    """
    result: Array = np.where(answers.any(axis=1), answers.argmax(axis=1), -1)
    return result


def class_means(answers: Array, unit_classes: Array, n_classes: int) -> Array:
    """The mean answer of the units of each class, `[n, n_classes]`; 0 for a class without units.

    `answers[n, n_units]`: to any samples. `unit_classes[n_units]`: as the functions above give them.
    """
    members = np.asarray(unit_classes)[:, None] == np.arange(n_classes)
    result: Array = answers @ (members / np.maximum(members.sum(axis=0), 1))
    return result
