"""Patches, grids and layers of filters."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from cofire import data
from cofire.activations import soft
from cofire.estimators import ConvHebb, LearningWarning, RidgeReadout, patches
from cofire.estimators.competition import one_after_another

pytestmark = pytest.mark.filterwarnings("ignore::cofire.estimators.LearningWarning")


def test_columns_are_the_patches_around_each_pixel() -> None:
    images = np.random.default_rng(0).random((2, 3, 5, 6)).astype(np.float32)  # channels, n, rows, columns
    found = patches.columns(images, 3).reshape(2, 3, 3, 3, 5, 6)
    np.testing.assert_array_equal(found[:, :, :, 1, 2, 4], images[:, 1, 1:4, 3:6])
    mirrored = np.pad(images, [(0, 0), (0, 0), (1, 1), (1, 1)], mode="reflect")
    np.testing.assert_array_equal(found[:, :, :, 2, 0, 0], mirrored[:, 2, :3, :3])
    assert patches.columns(images[:, :, :1, :2], 5).shape == (50, 6)  # smaller than the patch


def test_contrast_takes_the_mean_and_the_size_away() -> None:
    x = np.random.default_rng(0).random((25, 40)).astype(np.float32)
    x[:, 0] = 0.7
    scaled = 3 * x + 5
    patches.contrast(x, 1e-5)
    patches.contrast(scaled, 9e-5)
    np.testing.assert_allclose(x, scaled, atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(x[:, 1:], axis=0), 1, rtol=1e-4)
    assert np.abs(x.mean(axis=0)[1:]).max() < 1e-6
    np.testing.assert_allclose(x[:, 0], 0, atol=1e-3)


@pytest.mark.parametrize(("length", "grid", "expected"), [(28, 7, 7), (28, 5, 5), (8, 28, 4), (1, 3, 1), (7, 2, 2)])
def test_windows_overlap_by_half(length: int, grid: int, expected: int) -> None:
    images = np.random.default_rng(0).random((2, 3, length, length))
    found = patches.windows(images, grid)
    assert patches.count_windows(length, grid) == expected
    assert found.shape == (2, 3, expected, expected)
    if (length, grid) == (28, 7):
        np.testing.assert_allclose(found[:, :, 1, 5], images[:, :, 2:10, 18:26].mean(axis=(2, 3)))
        np.testing.assert_allclose(found[:, :, 1, 6], images[:, :, 2:10, 22:].sum(axis=(2, 3)) / 64)


def test_averages_over_cells_and_what_is_left_at_the_edges() -> None:
    images = np.random.default_rng(0).random((2, 3, 7, 5))
    found = patches.averaged(images, 3, 2)
    assert found.shape == (2, 3, 3, 3)
    np.testing.assert_allclose(found[:, :, 1, 0], images[:, :, 3:6, :2].mean(axis=(2, 3)))
    np.testing.assert_allclose(found[:, :, 2, 2], images[:, :, 6:, 4:].mean(axis=(2, 3)))


def test_the_order_of_an_array_does_not_matter_to_competition() -> None:
    u = np.random.default_rng(0).standard_normal((50, 7))
    np.testing.assert_allclose(soft(u, 2.0), soft(np.asfortranarray(u), 2.0))
    q = np.exp(2 * u) / np.exp(2 * u).sum(axis=1, keepdims=True)
    signed = np.where(u == u.max(axis=1, keepdims=True), q, -q)
    np.testing.assert_allclose(soft(u, 2.0), signed)


def test_a_batch_moves_a_unit_as_far_as_its_samples_in_turn() -> None:
    w, x = np.array([1.0, 2.0]), np.array([3.0, -1.0])
    in_turn = w.copy()
    for _ in range(5):
        in_turn += 0.6 * (x - in_turn)
    post = one_after_another(np.ones((5, 1)), 0.6)
    np.testing.assert_allclose(w + 0.6 * post.sum() * (x - w), in_turn)


def test_filters_settle_and_tell_digits_apart() -> None:
    images, labels = data.digits()
    X = images.reshape(len(images), -1)
    learner = ConvHebb((12, 8, 8), grid=4, epochs=2, random_state=0).fit(X[:1200])
    F = learner.transform(X)
    assert F.shape == (1797, 2 * (12 * 16 + 8 * 4 + 8 * 1))
    np.testing.assert_allclose(learner.transform(X[5:7]), learner.transform(X)[5:7], rtol=1e-4, atol=1e-6)
    assert RidgeReadout().fit(F[:1200], labels[:1200]).score(F[1200:], labels[1200:]) > 0.95
    assert [w.shape for w in learner.filters_] == [(12, 25), (8, 24 * 9), (8, 16 * 9)]
    assert max(learner.likeness_) < 0.8
    long = ConvHebb(8, epochs=10, random_state=0).fit(X[:1200])
    assert np.median(np.abs(long.norms_[0] - 1)) < 0.05


def test_colour_and_a_shape_of_its_own() -> None:
    X = np.random.default_rng(0).random((20, 6 * 4 * 3))
    learner = ConvHebb(5, shape=(6, 4, 3), grid=2, random_state=0).fit(X)
    assert learner.filters_[0].shape == (5, 75)
    assert learner.transform(X).shape == (20, 2 * 5 * 4)


def test_one_temperature_is_that_of_every_layer() -> None:
    X = np.random.default_rng(0).random((20, 64))
    one, each = (ConvHebb((3, 4), temperature=t, random_state=0).fit(X) for t in (7.0, (7.0, 7.0)))
    np.testing.assert_array_equal(one.filters_[1], each.filters_[1])


def test_flat_images_and_a_single_one_teach_nothing() -> None:
    learner = ConvHebb(3, random_state=0).fit(np.full((4, 16), 0.3))
    before = [w.copy() for w in learner.filters_]
    learner.partial_fit(np.full((1, 16), 0.9))
    np.testing.assert_array_equal(before[0], learner.filters_[0])
    np.testing.assert_array_equal(learner.transform(np.zeros((2, 16))), 0)


def test_filters_that_have_not_settled_or_are_alike_are_reported() -> None:
    images, _ = data.digits()
    X = images[:64].reshape(64, -1)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        ConvHebb(8, learning_rate=1e-5, random_state=0).fit(X)
    assert any(
        issubclass(one.category, LearningWarning) and "layer 1 have not converged" in str(one.message) for one in seen
    )


@pytest.mark.skipif(not data.has_fashion_mnist(), reason="Fashion-MNIST: apt-get install dataset-fashion-mnist")
def test_clothes_are_told_apart_by_few_filters() -> None:
    images, labels = data.fashion_mnist("train", first=2500)
    X = images.reshape(len(images), -1)
    learner = ConvHebb(8, grid=4, random_state=0).fit(X[:2000])
    readout = RidgeReadout().fit(learner.transform(X[:2000]), labels[:2000])
    assert readout.score(learner.transform(X[2000:]), labels[2000:]) > 0.82


def test_images_with_axes_of_their_own_are_told_what_to_do() -> None:
    with pytest.raises(ValueError, match=r"X has shape \(3, 8, 8\); .* give X.reshape\(len\(X\), -1\)"):
        ConvHebb(4).fit(np.ones((3, 8, 8)))
