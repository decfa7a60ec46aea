"""Each estimator learns what its rule is known for, says when it has not, and keeps scikit-learn's habits."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from cofire import data, estimators
from cofire.errors import DataError, DivergenceError, ParameterError
from cofire.estimators import (
    BCM,
    CompetitiveLearning,
    ConvHebb,
    FoldiakCoder,
    HebbianClassifier,
    HebbianPCA,
    KrotovHopfield,
    LearningWarning,
    RidgeReadout,
    SelfOrganizingMap,
    SoftHebb,
    label_units,
)

quiet = pytest.mark.filterwarnings("ignore::cofire.estimators.LearningWarning")

LAYERS = {
    "pca": HebbianPCA(4, random_state=0),
    "subspace": HebbianPCA(4, rule="oja_subspace", random_state=0),
    "competitive": CompetitiveLearning(random_state=0),
    "map": SelfOrganizingMap(3, 3, random_state=0),
    "soft_hebb": SoftHebb(16, random_state=0),
    "krotov_hopfield": KrotovHopfield(16, random_state=0),
    "bcm": BCM(4, random_state=0),
    "foldiak": FoldiakCoder(8, random_state=0),
    "conv": ConvHebb((4, 6), random_state=0),
}


def digits(first: int = 320) -> tuple[np.ndarray, np.ndarray]:
    images, labels = data.digits()
    return images[:first].reshape(first, -1), labels[:first]


def blobs(n: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    centres = rng.uniform(0, 10, (6, 5))
    labels = rng.integers(6, size=n)
    return centres[labels] + 0.2 * rng.standard_normal((n, 5)), labels, centres


def arrays(layer: Any) -> list[np.ndarray]:
    return layer.filters_ if isinstance(layer, ConvHebb) else [getattr(layer, name) for name in layer._kept]


@quiet
@pytest.mark.parametrize("name", LAYERS)
def test_pieces_are_one_pass(name: str) -> None:
    X, _ = digits()
    whole, pieces = clone(LAYERS[name]).partial_fit(X), clone(LAYERS[name])
    for piece in (X[:96], X[96:224], X[224:]):
        pieces.partial_fit(piece)
    assert whole.n_steps_ == pieces.n_steps_ > 0
    for one, other in zip(arrays(whole), arrays(pieces), strict=True):
        np.testing.assert_array_equal(one, other)


@quiet
@pytest.mark.parametrize("name", LAYERS)
def test_a_training_cut_short_goes_on_where_it_was(name: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    X, _ = digits(160)
    through = clone(LAYERS[name]).set_params(epochs=2).fit(X)
    cut = clone(LAYERS[name]).set_params(epochs=2, checkpoint=tmp_path / "state.npz")
    kind, steps = type(cut), 0
    honest = kind._learn

    def killed(self: Any, *arguments: Any) -> None:
        nonlocal steps
        if steps == 7:
            raise KeyboardInterrupt
        steps += 1
        honest(self, *arguments)

    monkeypatch.setattr(kind, "_learn", killed)
    with pytest.raises(KeyboardInterrupt):
        cut.fit(X)
    seen = 0

    def counted(self: Any, *arguments: Any) -> None:
        nonlocal seen
        seen += 1
        honest(self, *arguments)

    monkeypatch.setattr(kind, "_learn", counted)
    cut.fit(X)
    assert seen == through.n_steps_ - 7
    for one, other in zip(arrays(through), arrays(cut), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(through.transform(X), cut.transform(X))


@quiet
def test_a_checkpoint_of_something_else_is_refused(tmp_path: Any) -> None:
    X, _ = digits(64)
    path = tmp_path / "state.npz"
    SoftHebb(8, epochs=1, random_state=0, checkpoint=path).fit(X)
    with pytest.raises(DataError, match="other parameters or data"):
        SoftHebb(9, epochs=1, random_state=0, checkpoint=path).fit(X)
    with pytest.raises(DataError, match="other parameters or data"):
        SoftHebb(8, epochs=1, random_state=0, checkpoint=path).fit(X[::-1])
    half = path.read_bytes()[: path.stat().st_size // 2]
    for content in (b"not an npz file", half):
        path.write_bytes(content)
        with pytest.raises(DataError, match="not a checkpoint"):
            SoftHebb(8, epochs=1, random_state=0, checkpoint=path).fit(X)
    with pytest.raises(DataError, match="cannot be written"):
        SoftHebb(8, epochs=1, random_state=0, checkpoint=tmp_path / "no" / "folder.npz").fit(X)
    assert [found.name for found in tmp_path.iterdir()] == ["state.npz"]


def test_sanger_is_pca_and_oja_spans_it() -> None:
    rng = np.random.default_rng(7)
    X = rng.standard_normal((600, 12)) * np.geomspace(5, 0.5, 12) @ np.linalg.qr(rng.standard_normal((12, 12)))[0] + 3
    exact = PCA(3).fit(X)
    sanger = HebbianPCA(3, epochs=60, random_state=1).fit(X)
    np.testing.assert_allclose(np.abs(np.sum(sanger.weights_ * exact.components_, axis=1)), 1, atol=2e-3)
    np.testing.assert_allclose(sanger.mean_, exact.mean_, atol=1e-6)
    np.testing.assert_allclose(np.abs(sanger.transform(X)), np.abs(exact.transform(X)), atol=0.3)
    oja = HebbianPCA(3, rule="oja_subspace", epochs=60, random_state=1).fit(X)
    angles = np.linalg.svd(oja.weights_ @ exact.components_.T, compute_uv=False)
    np.testing.assert_allclose(angles, 1, atol=2e-3)
    assert np.abs(oja.weights_ @ exact.components_.T).max() < 0.99  # a rotation of them


def test_the_scale_of_the_data_does_not_matter_to_pca() -> None:
    X, _ = digits()
    small, large = (HebbianPCA(3, random_state=0).fit(X.astype(float) * scale) for scale in (1e-4, 1e4))
    np.testing.assert_allclose(small.weights_, large.weights_, atol=1e-6)


def test_prototypes_are_the_centres_of_clusters() -> None:
    X, _, centres = blobs()
    found = CompetitiveLearning(6, epochs=20, random_state=0).fit(X)
    nearest = np.linalg.norm(found.weights_[:, None] - centres, axis=2)
    assert sorted(nearest.argmin(axis=1)) == list(range(6))
    assert nearest.min(axis=1).max() < 0.2
    np.testing.assert_allclose(found.transform(X[:3]), np.linalg.norm(X[:3, None] - found.weights_, axis=2), atol=1e-6)
    np.testing.assert_array_equal(found.predict(X), found.transform(X).argmin(axis=1))


def test_a_conscience_gives_every_unit_its_turn() -> None:
    X, _, _ = blobs()
    none, some = (
        CompetitiveLearning(12, conscience=strength, epochs=5, random_state=4).fit(X).dead_units_
        for strength in (0.0, 2.0)
    )
    assert len(some) <= len(none)


def test_a_map_keeps_neighbourhoods() -> None:
    X = np.random.default_rng(0).uniform(size=(800, 2))
    found = SelfOrganizingMap(6, 6, epochs=15, random_state=0).fit(X)
    w = found.weights_.reshape(6, 6, 2)
    beside = np.mean([np.linalg.norm(w[1:] - w[:-1], axis=2), np.linalg.norm(w[:, 1:] - w[:, :-1], axis=2).T])
    anywhere = np.mean(np.linalg.norm(found.weights_[:, None] - found.weights_, axis=2))
    assert beside < 0.4 * anywhere
    assert len(found.dead_units_) == 0
    assert found.positions_.tolist()[7] == [1, 1]


@quiet
def test_lengths_settle_where_the_rules_say() -> None:
    X, _ = digits(640)
    soft = SoftHebb(8, epochs=40, random_state=0).fit(X)
    assert np.sum(np.abs(soft.norms_ - 1) < 0.01) >= 4  # those that win
    ranked = KrotovHopfield(8, epochs=40, depression=0.0, random_state=0).fit(X)
    won = np.setdiff1d(np.arange(8), ranked.dead_units_)
    np.testing.assert_allclose(np.sum(np.abs(ranked.weights_[won]) ** 3, axis=1), 1, atol=0.15)


def test_bcm_units_choose_one_pattern_each() -> None:
    patterns = np.eye(4)[np.random.default_rng(0).integers(4, size=2000)]
    found = BCM(6, epochs=15, batch_size=16, learning_rate=0.005, tau=100, random_state=0).fit(patterns)
    answers = found.transform(np.eye(4))
    np.testing.assert_allclose(np.sort(answers, axis=0)[:3], 0, atol=0.1)
    np.testing.assert_allclose(answers.max(axis=0), 4, rtol=0.15)  # n patterns: n times the target
    np.testing.assert_allclose(found.threshold_, 4, rtol=0.25)


def test_foldiak_finds_the_bars() -> None:
    rng = np.random.default_rng(0)
    on = rng.random((1500, 12)) < 1 / 6
    bars = np.zeros((12, 6, 6))
    bars[np.arange(6), np.arange(6)] = 1
    bars[np.arange(6, 12), :, np.arange(6)] = 1
    X = np.clip(np.einsum("nb,bij->nij", on, bars), 0, 1).reshape(-1, 36)
    coder = FoldiakCoder(12, p=1 / 6, epochs=8, random_state=0).fit(X)
    likeness = np.corrcoef(coder.weights_, bars.reshape(12, 36))[:12, 12:]
    assert len(set(likeness.argmax(axis=1)[likeness.max(axis=1) > 0.8])) >= 11
    code = coder.transform(X)
    assert set(np.unique(code)) == {0, 1}
    np.testing.assert_allclose(code.mean(axis=0), 1 / 6, atol=0.05)
    assert coder.inhibition_.max() == 0
    assert np.all(np.diag(coder.inhibition_) == 0)


def test_units_named_by_training_labels_name_test_samples() -> None:
    X, labels, _ = blobs(600)
    found = CompetitiveLearning(6, epochs=20, random_state=0).fit(X[:400])
    classes = label_units(found.predict(X[:400]), labels[:400], 6)
    assert np.mean(classes[found.predict(X[400:])] == labels[400:]) > 0.99
    shuffled = label_units(found.predict(X[:400]), np.random.default_rng(0).permutation(labels[:400]), 6)
    assert np.mean(shuffled[found.predict(X[400:])] == labels[400:]) < 0.5


@quiet
@pytest.mark.parametrize("name", LAYERS)
def test_type_names_and_shape_of_what_comes_out(name: str) -> None:
    X, _ = digits(96)
    layer = clone(LAYERS[name]).set_params(epochs=1).fit(X.astype(np.float32))
    features = layer.transform(X.astype(np.float32))
    assert features.dtype == np.float32
    assert all(array.dtype == np.float32 for array in arrays(layer)[:1])
    names = layer.get_feature_names_out()
    assert len(names) == features.shape[1]
    assert names[0] == f"{type(layer).__name__.lower()}0"
    assert layer.fit(X.astype(np.float64)).transform(X.astype(np.float64)).dtype == np.float64


@quiet
def test_what_is_set_after_learning_changes_no_name() -> None:
    X, _ = digits(64)
    for layer, other in ((SoftHebb(4, epochs=1), {"n_units": 7}), (ConvHebb((4, 5)), {"filters": 9})):
        layer.fit(X).set_params(**other)
        assert len(layer.get_feature_names_out()) == layer.transform(X).shape[1]


def test_a_threshold_before_learning_is_asked_for_too_early() -> None:
    with pytest.raises(NotFittedError, match="BCM instance is not fitted yet"):
        BCM().threshold_  # noqa: B018


@quiet
def test_in_a_pipeline_searched_and_cloned() -> None:
    X, y = digits(600)
    search = GridSearchCV(
        make_pipeline(SoftHebb(epochs=3, random_state=0), RidgeReadout()), {"softhebb__n_units": [4, 48]}, cv=2
    ).fit(X, y)
    assert search.best_params_ == {"softhebb__n_units": 48}
    assert search.best_score_ > 0.7
    assert clone(search.best_estimator_).get_params()["softhebb__n_units"] == 48


def test_shuffled_labels_tell_nothing() -> None:
    X, y = digits(1200)
    F = ConvHebb(8, grid=4, random_state=0).fit_transform(X)
    assert RidgeReadout().fit(F[:900], y[:900]).score(F[900:], y[900:]) > 0.9
    mixed = np.random.default_rng(0).permutation(y[:900])
    assert RidgeReadout().fit(F[:900], mixed).score(F[900:], y[900:]) < 0.2


def test_the_classifier_learns_in_pieces_too() -> None:
    X, y = digits(1200)
    names = np.array([f"digit {label}" for label in y])
    assert HebbianClassifier(random_state=0).fit(X[:900], names[:900]).score(X[900:], names[900:]) > 0.85
    stream = HebbianClassifier()
    for begin in range(0, 896, 128):
        stream.partial_fit(X[begin : begin + 128], names[begin : begin + 128], classes=np.unique(names))
    whole = HebbianClassifier().partial_fit(X[:896], names[:896])
    np.testing.assert_allclose(stream.weights_, whole.weights_, rtol=1e-5)
    with pytest.raises(ValueError, match="not among the classes"):
        HebbianClassifier().partial_fit(X[:10], np.zeros(10, dtype=int)).partial_fit(X[:10], np.ones(10, dtype=int))


@quiet  # other things go wrong too
def test_what_went_wrong_is_said() -> None:
    X, _ = digits()
    with pytest.warns(LearningWarning, match="have not converged"):
        SoftHebb(8, epochs=1, learning_rate=1e-4, random_state=0).fit(X)
    with pytest.warns(LearningWarning, match="mean length of"):
        SoftHebb(8, unit_length=False, random_state=0).fit(1000 * X)
    with pytest.warns(LearningWarning, match="are alike"):
        FoldiakCoder(8, random_state=0).fit(np.full_like(X, 0.5))
    with pytest.warns(LearningWarning, match="win no sample"):
        KrotovHopfield(200, epochs=1, random_state=0).fit(X[:50])
    with pytest.warns(LearningWarning, match="norms have not converged"):
        HebbianPCA(4, epochs=1, learning_rate=1e-6, random_state=0).fit(X)
    with pytest.warns(LearningWarning, match="from 0 to 1"):
        FoldiakCoder(8, random_state=0).fit(100 * X)
    with pytest.warns(LearningWarning, match="a smaller learning_rate"):
        SoftHebb(8, epochs=1, learning_rate=100, random_state=0).fit(X)
    with pytest.warns(LearningWarning, match="without variance there are no components"):
        HebbianPCA(random_state=0).fit(np.full((20, 4), 0.1))
    with pytest.warns(LearningWarning, match="without variance there are no components"):  # rounding in the mean
        HebbianPCA(random_state=0).fit(np.repeat(np.random.default_rng(0).random((1, 16)), 100, axis=0))


@quiet
@pytest.mark.parametrize(
    "fit",
    [
        lambda X: HebbianPCA(random_state=0).fit(np.ones_like(X)),
        lambda X: SoftHebb(8, epochs=1, unit_length=False, random_state=0).fit(1000 * X),
        lambda X: FoldiakCoder(8, epochs=1, random_state=0).fit(100 * X),
        lambda X: FoldiakCoder(8, epochs=1, random_state=0).partial_fit(100 * X),
    ],
)
def test_a_warning_names_the_line_that_fits(fit: Any) -> None:
    with pytest.warns(LearningWarning) as caught:
        fit(digits()[0][:40])
    assert {warning.filename for warning in caught} == {__file__}


@pytest.mark.parametrize("name", LAYERS)
def test_every_parameter_is_told(name: str) -> None:
    own, _, others = (type(LAYERS[name]).__doc__ or "").partition("epochs, batch_size, shuffle")
    assert "as for every layer, see `cofire.estimators`" in others
    for parameter in LAYERS[name].get_params():
        told = own + (estimators.__doc__ or "")
        assert re.search(rf"\b{parameter}(, \w+)* : ", told), parameter


@pytest.mark.parametrize("estimator", [*LAYERS.values(), HebbianClassifier(), RidgeReadout()], ids=repr)
def test_numbers_whose_squares_have_no_room_are_refused(estimator: Any) -> None:
    X, y = digits(64)
    for scale, kind in ((1e200, np.float64), (1e-200, np.float64), (1e25, np.float32), (1e-30, np.float32)):
        with pytest.raises(ValueError, match="whose squares leave little of the range of float"):
            clone(estimator).fit(X.astype(kind) * kind(scale), y)


@quiet
def test_one_faint_sample_is_taken() -> None:
    X, _ = digits(64)
    learned = KrotovHopfield(4, epochs=1, random_state=0).fit(X)
    assert np.isfinite(learned.transform(X[:1].astype(np.float64) * 1e-200)).all()


def test_prototypes_along_one_line_are_nothing_to_warn_of() -> None:
    X = np.random.default_rng(0).uniform(5, 6, (200, 1))
    CompetitiveLearning(3, random_state=0).fit(X)  # a warning would be an error


@quiet
def test_divergence_names_the_step_and_the_mend() -> None:
    X, _ = digits()
    with pytest.raises(DivergenceError, match=r"BCM diverged at step \d+ .* lower learning_rate = 100"):
        BCM(learning_rate=100, random_state=0).fit(X)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (SoftHebb(0), "'n_units' parameter of SoftHebb must be an int in the range .* Got 0"),
        (SoftHebb(temperature=-1.0), "'temperature' parameter"),
        (KrotovHopfield(4, rank=5), "rank = 5 is refused: there are n_units = 4"),
        (ConvHebb(4, shape=(5, 5)), "shape = .* images of 64 features"),
        (ConvHebb(4, shape=(-8, -8)), "shape = .* images of 64 features"),
        (ConvHebb((4, 4), sizes=(3,)), "fewer entries"),
        (ConvHebb((4, 0)), "filters = .* whole numbers above 0"),
        (ConvHebb(temperature=("a",)), r"temperature = \('a',\) is refused: it must be numbers above 0"),
        (ConvHebb(temperature=-5.0), "'temperature' parameter of ConvHebb"),
        (ConvHebb(temperature=(-5.0,)), "temperature = .* numbers above 0"),
        (CompetitiveLearning(learning_rate=1.0), "'learning_rate' parameter of CompetitiveLearning"),
        (SelfOrganizingMap(learning_rate=3.0), "'learning_rate' parameter of SelfOrganizingMap"),
        (FoldiakCoder(learning_rate=3.0), "'learning_rate' parameter of FoldiakCoder"),
        (HebbianPCA(learning_rate=3.0), "'learning_rate' parameter of HebbianPCA"),
    ],
)
def test_bad_parameters_are_named(layer: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        layer.fit(digits(64)[0])
    assert issubclass(ParameterError, ValueError)


def test_progress_is_printed_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    CompetitiveLearning(4, epochs=2, verbose=True, random_state=0).fit(digits(64)[0])
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["CompetitiveLearning: epoch 1 of 2", "CompetitiveLearning: epoch 2 of 2"]
    assert all(one < other for one, other in pairwise(lines))
