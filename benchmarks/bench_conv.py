"""A pass of ConvHebb over images, beside the bare matrix products of the same shapes in the same library."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cofire import data
from cofire.estimators import ConvHebb
from cofire.estimators.threads import each, one_thread

IMAGES, BATCH, FILTERS = 1024, 16, 96


def images() -> np.ndarray:
    """Fashion-MNIST, or as many noisy squares on black where it is not installed."""
    if data.has_fashion_mnist():
        return data.fashion_mnist("train", first=IMAGES).images.reshape(IMAGES, -1)
    found = np.zeros((IMAGES, 28, 28), dtype=np.float32)
    found[:, 4:24, 4:24] = np.random.default_rng(0).random((IMAGES, 20, 20), dtype=np.float32)
    return found.reshape(IMAGES, -1)


@pytest.mark.filterwarnings("ignore::cofire.estimators.LearningWarning")
def test_conv_epoch(compare: Any, benchmark: Any) -> None:
    X = images()
    learner = ConvHebb(FILTERS, random_state=0).fit(X[:BATCH])
    batches = [X[begin : begin + BATCH] for begin in range(0, IMAGES, BATCH)]
    seen = [learner.patches(half) for batch in batches for half in np.array_split(batch, 2)]
    seen = [np.ascontiguousarray(x[:, np.any(x, axis=0)]) for x in seen]  # flat patches are not learned from
    w = learner.filters_[0].copy()

    def epoch() -> None:
        for batch in batches:
            learner._step(batch, 1.0)

    def products(x: np.ndarray) -> None:
        u = w @ x
        u @ x.T

    def floor() -> None:
        with one_thread():
            for first in range(0, len(seen), 2):
                each(products, seen[first : first + 2])

    benchmark.pedantic(epoch, rounds=3, warmup_rounds=1)
    compare.ratio("epoch / its bare products", epoch, floor, "the competition is beside them", rounds=7)
    compare.value("seconds for 60,000 images", benchmark.stats.stats.min * 60_000 / IMAGES, "<= 15 on 2 cores")
