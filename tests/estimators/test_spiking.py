"""The spiking classifier: it learns to tell digits apart, and goes on, stops, freezes and repeats as it should."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from cofire import data
from cofire.errors import DataError
from cofire.estimators import LearningWarning, SpikingClassifier
from cofire.estimators.labels import strongest_class
from cofire.estimators.spiking_layer import SpikingLayer

pytestmark = pytest.mark.filterwarnings("ignore::cofire.estimators.LearningWarning")

SMALL = SpikingClassifier(20, epochs=1, presentation=0.1, rest=0.05, min_spikes=3, random_state=0)


def digits(first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
    images, labels = data.digits()
    return images.reshape(len(images), -1)[first:last], labels[first:last]


def learned(classifier: SpikingClassifier) -> list[np.ndarray]:
    return [classifier.weights_, classifier.thresholds_, *(classifier._state[name] for name in classifier._state)]


def same(one: SpikingClassifier, other: SpikingClassifier) -> None:
    for a, b in zip(learned(one), learned(other), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.fixture(scope="module")
def taught() -> SpikingClassifier:
    X, y = digits(0, 600)
    return SpikingClassifier(50, epochs=2, learning_rate=0.1, random_state=1).fit(
        X, np.array([f"digit {label}" for label in y])
    )


def test_it_tells_digits_apart(taught: SpikingClassifier) -> None:
    X, y = digits(600, 800)
    names = np.array([f"digit {label}" for label in y])
    assert taught.score(X, names) > 0.6
    untaught = clone(taught).set_params(learning_rate=1e-9)
    assert untaught.fit(*digits(0, 600)).score(X, y) < taught.score(X, names) - 0.2
    np.testing.assert_allclose(taught.weights_.sum(axis=1), taught.mean_weight_ * 64, rtol=0.2)  # scaled, then learned
    assert (taught.weights_ >= 0).all()
    assert taught.thresholds_.max() > 0.02  # where all begin


def test_what_it_says_is_of_the_classes_of_its_units(taught: SpikingClassifier) -> None:
    X, _ = digits(600, 650)
    counts, scores = taught.spike_counts(X), taught.decision_function(X)
    assert counts.shape == (50, 50)
    assert (counts.sum(axis=1) >= taught.min_spikes).all()
    for k in range(10):
        mine = taught.unit_classes_ == k
        np.testing.assert_allclose(scores[:, k], counts[:, mine].mean(axis=1) if mine.any() else 0)
    assert (taught.responses_.argmax(axis=1) == taught.unit_classes_)[taught.unit_classes_ >= 0].all()
    np.testing.assert_array_equal(strongest_class(np.array([[0, 2, 1], [0, 0, 0]])), [1, -1])


def test_an_answer_depends_on_the_sample_alone(taught: SpikingClassifier) -> None:
    X, _ = digits(600, 650)
    counts = taught.spike_counts(X)
    np.testing.assert_array_equal(taught.spike_counts(X[::-1])[::-1], counts)
    np.testing.assert_array_equal(taught.spike_counts(X[7:9]), counts[7:9])
    before = pickle.dumps(taught)
    np.testing.assert_array_equal(pickle.loads(before).spike_counts(X[:3]), counts[:3])
    assert pickle.dumps(taught) == before
    with pytest.raises(AssertionError):  # other noise than while the units were labelled
        np.testing.assert_array_equal(taught._answers(X, 0), counts)


def test_pieces_are_one_pass() -> None:
    X, y = digits(0, 96)
    whole, pieces = clone(SMALL).partial_fit(X, y), clone(SMALL)
    for piece in (slice(0, 32), slice(32, 40), slice(40, 96)):
        pieces.partial_fit(X[piece], y[piece], classes=np.arange(10))
    same(whole, pieces)
    np.testing.assert_array_equal(whole.unit_classes_, pieces.unit_classes_)
    assert whole.n_seen_ == pieces.n_seen_ == 96


def test_a_training_cut_short_goes_on_where_it_was(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = digits(0, 60)
    settings = {"epochs": 2, "batch_size": 16}
    through = clone(SMALL).set_params(**settings).fit(X, y)
    cut = clone(SMALL).set_params(**settings, checkpoint=tmp_path / "state.npz")
    honest, calls = SpikingLayer.learn, 0

    def counted(self: Any, rates: np.ndarray) -> np.ndarray:
        nonlocal calls
        calls += 1
        if calls == 73:
            raise KeyboardInterrupt
        return honest(self, rates)

    monkeypatch.setattr(SpikingLayer, "learn", counted)
    with pytest.raises(KeyboardInterrupt):
        cut.fit(X, y)
    cut.fit(X, y)
    assert calls == 120 + 12 + 1  # batches of 16, 16, 16 and 12: of the last, the sixth, twelve samples are lost
    same(through, cut)
    np.testing.assert_array_equal(through.predict(X), cut.predict(X))
    with pytest.raises(DataError, match="other parameters or data"):
        clone(cut).set_params(inhibition=3.0).fit(X, y)


def test_nothing_is_compiled_again_between_fits_and_samples() -> None:
    X, y = digits(0, 30)
    engine = clone(SMALL).fit(X, y)._layer().net._ready()
    modules = [engine.module, *engine.parts.values()]

    def compiled() -> list[int]:
        functions = (function for module in modules for function in vars(module).values())
        return [len(function.signatures) for function in functions if hasattr(function, "signatures")]

    before = compiled()
    assert sum(before) > 0
    other = clone(SMALL).set_params(n_units=7, inhibition=5.0).fit(X[:, :30].astype(np.float32), y)
    other.predict(X[:, :30])
    again = other._layer().net._ready()
    assert [again.module, *again.parts.values()] == modules
    assert compiled() == before


def test_a_blank_sample_and_a_faint_one(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = digits(0, 40)
    fitted = clone(SMALL).fit(X, y)
    shown: list[float] = []
    honest = SpikingLayer._show

    def noted(self: Any, rates: np.ndarray, duration: Any) -> np.ndarray:
        shown.append(rates.max())
        return honest(self, rates, duration)

    monkeypatch.setattr(SpikingLayer, "_show", noted)
    assert fitted.spike_counts(np.zeros((1, 64))).sum() == 0
    assert len(shown) == 2  # coming to rest, and one showing
    shown.clear()
    fitted.spike_counts(X[:1] / 20)
    np.testing.assert_allclose(np.diff(shown[1:]), shown[1] / 2)
    assert 3 <= len(shown) <= 11


def test_shuffled_labels_tell_nothing(taught: SpikingClassifier) -> None:
    X, y = digits(0, 600)
    mixed = clone(taught).fit(X, np.random.default_rng(0).permutation(y))
    np.testing.assert_array_equal(mixed.weights_, taught.weights_)  # learned without labels
    assert mixed.score(*digits(600, 800)) < 0.25


def test_in_a_pipeline_and_of_one_unit() -> None:
    X, y = digits(0, 60)
    chain = make_pipeline(MinMaxScaler(), clone(SMALL)).fit(X - 3, y)
    assert set(chain.predict(X - 3)) <= set(y)
    alone = clone(SMALL).set_params(n_units=1).fit(X, y)
    assert len(np.unique(alone.predict(X))) == 1


@pytest.mark.filterwarnings("default::cofire.estimators.LearningWarning")
def test_what_went_wrong_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    X, y = digits(0, 40)
    with pytest.warns(LearningWarning, match="make units fire less than 3 times: raise max_rate"):
        clone(SMALL).set_params(max_rate=0.1, verbose=True).fit(X, y)
    assert capsys.readouterr().out == "SpikingClassifier: 0 of 40 samples\n"
    with pytest.warns(LearningWarning, match="never fire"):
        clone(SMALL).set_params(n_units=500).fit(X, y)
    with pytest.raises(ValueError, match="Negative values in data passed to SpikingClassifier"):
        clone(SMALL).fit(X - 1, y)
    with pytest.raises(ValueError, match=r"'rest' parameter of SpikingClassifier must be .* Got 0"):
        clone(SMALL).set_params(rest=0).fit(X, y)
    with pytest.raises(ValueError, match="not among the classes"):
        clone(SMALL).partial_fit(X[:9], y[:9], classes=[0, 1])
