"""Features of image patches read out by ridge regression, and the baselines: k-means patches and random ones.

All features pass the same readout, in chunks, so that no more than one chunk of them is ever in memory. Beside the
labels the readout learns the same labels shuffled, which must tell nothing of the test images.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cofire.estimators import ConvHebb, patches
from cofire.estimators.ridge import RidgeSums
from cofire.estimators.threads import each, one_thread
from cofire.experiments._readouts import CLASSES, k_means

Array = NDArray[Any]
Features = Callable[[Array], Array]  # images [n, pixels] -> [n, features]
Patches = Callable[[Array], Array]  # images -> a column a pixel, [size², n · pixels]

CHUNK = 1000  # images
SHUFFLES = 4  # orders of shuffled labels
SAMPLED = 200_000  # patches that k-means sees, at most
PER_IMAGE = 8  # of each training image, at most


def read(features: Features, train: Array, labels: Array, test: Array, rng: np.random.Generator) -> Array:
    """The classes of `test[m, pixels]`, `[1 + SHUFFLES, m]`: by the labels of `train[n, pixels]`, and shuffled."""
    mixed = [rng.permutation(labels) for _ in range(SHUFFLES)]
    sums, targets = RidgeSums(), np.eye(CLASSES, dtype=np.float32)[np.stack([labels, *mixed])]
    for begin in range(0, len(train), CHUNK):
        here = slice(begin, begin + CHUNK)
        sums.add(features(train[here]), targets[:, here])
    coefficients, intercepts, _ = (found.astype(np.float32) for found in sums.fit(shared=True))
    found = [features(test[begin : begin + CHUNK]) for begin in range(0, len(test), CHUNK)]
    return np.concatenate([(x @ coefficients + intercepts[:, None]).argmax(axis=2) for x in found], axis=1)


def with_filters(learner: ConvHebb, filters: Array) -> Features:
    """The features of a learner of one layer with other filters in the place of those it learned."""
    other = ConvHebb(**learner.get_params())
    other.__dict__.update(learner.__dict__)
    other.filters_ = [filters.astype(learner.filters_[0].dtype)]
    return other.transform


def random_filters(learner: ConvHebb, rng: np.random.Generator) -> Array:
    """Gaussian weights less their mean, as many as the learner has."""
    drawn = rng.standard_normal(learner.filters_[0].shape)
    return drawn - drawn.mean(axis=1, keepdims=True)


def raw_patches(size: int) -> Patches:
    """Patches as they are, in the place of `ConvHebb.patches`: neither centred nor scaled."""

    def seen(X: Array) -> Array:
        side = round(X.shape[1] ** 0.5)
        return patches.columns(X.reshape(1, len(X), side, side), size)

    return seen


def k_means_filters(seen: Patches, images: Array, filters: int, rng: np.random.Generator) -> Array:
    """Centres of k-means on patches, flat ones left out."""
    many = min(SAMPLED, PER_IMAGE * len(images))
    few = images[rng.permutation(len(images))[: max(1, 4 * many // images.shape[1])]]
    found = seen(few).T
    found = found[np.ptp(found, axis=1) > 0]
    found = found[rng.permutation(len(found))[:many]]
    return k_means(found, filters, rng.integers(2**31, size=2).tolist())


def triangle(seen: Patches, centres: Array, grid: int) -> Features:
    """relu(mean distance to the centres - distance), averaged over the same windows (Coates, Ng and Lee 2011)."""
    half = (np.sum(centres**2, axis=1) / 2)[:, None]

    def described(X: Array) -> Array:
        found = seen(X)
        distances = np.sqrt(np.maximum(np.sum(found**2, axis=0) + 2 * (half - centres @ found), 0))
        near = np.maximum(distances.mean(axis=0) - distances, 0)
        side = round(X.shape[1] ** 0.5)
        return patches.windows(near.reshape(len(centres), len(X), side, side), grid)

    def features(X: Array) -> Array:
        with one_thread():
            pieces = each(described, [X[begin : begin + 50] for begin in range(0, len(X), 50)])
        return np.concatenate([piece.transpose(1, 0, 2, 3).reshape(piece.shape[1], -1) for piece in pieces])

    return features
