"""The readout in closed form: the same in pieces, the same as scikit-learn's ridge, a penalty that cross-validates."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge

from cofire import data
from cofire.errors import ArrayError, ParameterError
from cofire.estimators import RidgeReadout, label_units
from cofire.estimators.ridge import RidgeSums, one_hot


def digits() -> tuple[np.ndarray, np.ndarray]:
    images, labels = data.digits()
    return images.reshape(len(images), -1).astype(np.float64), labels


def test_it_is_ridge_regression_at_the_penalty_chosen() -> None:
    X, y = digits()
    own = RidgeReadout().fit(X[:1000], y[:1000])
    theirs = Ridge(alpha=own.penalty_).fit(X[:1000], np.eye(10)[y[:1000]])
    np.testing.assert_allclose(own.coef_, theirs.coef_.T, atol=1e-8)
    np.testing.assert_allclose(own.intercept_, theirs.intercept_, atol=1e-8)
    np.testing.assert_array_equal(own.predict(X[1000:]), theirs.predict(X[1000:]).argmax(axis=1))


@pytest.mark.parametrize(("kind", "tolerance"), [(np.float64, 1e-9), (np.float32, 1e-3)])
def test_pieces_of_any_size_are_the_whole(kind: type, tolerance: float) -> None:
    X, y = digits()
    X = X.astype(kind) + kind(50)  # far from zero, where sums of squares lose digits
    whole, pieces = RidgeReadout().fit(X, y), RidgeReadout()
    for begin, end in ((0, 100), (100, 101), (101, 1797)):
        pieces.partial_fit(X[begin:end], y[begin:end], classes=range(10))
    np.testing.assert_allclose(pieces.coef_, whole.coef_, atol=tolerance)
    assert whole.coef_.dtype == kind
    assert np.mean(pieces.predict(X) == whole.predict(X)) > 0.999


def test_the_penalty_grows_with_noise() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=300)
    signal = np.concatenate([y[:, None] - 0.5, np.zeros((300, 99))], axis=1)
    quiet, noisy = (RidgeReadout().fit(signal + s * rng.standard_normal((300, 100)), y).penalty_ for s in (0.05, 3))
    assert noisy > 10 * quiet


def test_several_labellings_at_once_are_each_on_their_own() -> None:
    X, y = digits()
    sums, alone = RidgeSums(), RidgeSums()
    sums.add(X, np.eye(10)[np.stack([y[::-1], y])])
    alone.add(X, np.eye(10)[y][None])
    for both, one in zip(sums.fit(), alone.fit(), strict=True):
        np.testing.assert_allclose(both[1], one[0], rtol=1e-6, atol=1e-9)


def test_more_features_than_samples_and_constant_ones() -> None:
    X, y = digits()
    few = RidgeReadout().fit(X[:40], y[:40])  # 64 features, some constant
    assert np.isfinite(few.coef_).all()
    assert few.score(X[40:], y[40:]) > 0.4
    constant = RidgeReadout().fit(np.ones((6, 3)), np.array(list("aabbbb")))
    assert list(constant.predict(np.ones((2, 3)))) == ["b", "b"]


@pytest.mark.parametrize("penalties", [[], [-1.0], [0.1, np.nan], ["a"], [[0.1]]])
def test_penalties_that_cannot_be_tried(penalties: Any) -> None:
    with pytest.raises(ParameterError, match=r"penalties = .* is refused: it must be numbers above 0"):
        RidgeReadout(penalties).fit(*digits())
    with pytest.raises(NotFittedError):
        RidgeReadout().coef_  # noqa: B018


def test_a_class_that_was_not_announced_is_named() -> None:
    with pytest.raises(ArrayError, match="y holds 'c'"):
        one_hot(np.array(["a", "c"]), np.array(["a", "b"]))


@pytest.mark.parametrize(
    ("winners", "labels", "message"),
    [
        ([0, 1], [0], "one for each winner"),
        ([0, 1], [0.5, 1.0], "labels must be whole numbers"),
        ([0, 1], [-1, 0], "labels must be whole numbers"),
        ([0, 2], [0, 1], "winners must be whole numbers from 0 to 1"),
        ([0, -1], [0, 1], "winners must be whole numbers from 0 to 1"),
    ],
)
def test_labels_that_units_cannot_have(winners: list[int], labels: list[float], message: str) -> None:
    with pytest.raises(ArrayError, match=message):
        label_units(np.array(winners), np.array(labels), 2)
