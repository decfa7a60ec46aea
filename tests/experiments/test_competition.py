"""Competition on real images: cells specialise when they compete and learn, and no readout ever sees a test label."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

import cofire
from cofire import data, experiments, rules
from cofire.errors import ArrayError, ExperimentError
from cofire.estimators import label_units
from cofire.experiments import _readouts, competition
from cofire.experiments.competition import READOUTS, SHUFFLES, Settings, findings

EXPERIMENT = experiments.get("competition")
COMPETING = competition.RULES[:4]
SMALL = {"train": 600, "test": 300, "cells": 32, "epochs": 20, "seeds": 2}


def run(names: tuple[str, ...] = ("instar",), **changes: Any) -> experiments.Result:
    """A small run of catalogue rules; `eta` is theirs, anything else a setting."""
    given = {key: changes.pop(key) for key in ("eta",) if key in changes}
    return EXPERIMENT.run(Settings(**(SMALL | changes)), rules=[rules.get(name)(**given) for name in names])


def verdict(result_or_found: experiments.Result | list[experiments.Finding], start: str) -> str:
    found = result_or_found if isinstance(result_or_found, list) else list(result_or_found.findings)
    (one,) = [finding for finding in found if finding.claim.startswith(start)]
    return one.verdict


def altered(result: experiments.Result, **arrays: Any) -> list[experiments.Finding]:
    return findings(result.data | arrays)


@pytest.fixture(scope="module")
def result() -> experiments.Result:
    return run(competition.RULES)


def test_cells_that_compete_specialise(result: experiments.Result) -> None:
    for name in COMPETING:
        assert verdict(result, f"cells specialise ({name})") == "reproduced"
    assert verdict(result, "without competition all cells are alike (oja)") == "reproduced"
    assert verdict(result, "control") == "reproduced"
    purity = result.data["purity"]
    assert purity[:4].min() > 0.7 > result.data["before"].max()
    assert result.data["likeness"][4].min() > 0.999 > 0.9 > result.data["likeness"][:4].max()
    assert len(result.findings) == 4 * 2 + 1 + 2


def test_features_are_useful_and_beside_the_baselines(result: experiments.Result) -> None:
    accuracy = np.mean(result.data["predicted"] == result.data["truth"], axis=-1).mean(axis=-1)  # [method, readout]
    by_method = dict(zip(result.data["methods"], accuracy, strict=True))
    assert {"random", "k-means"} < by_method.keys()
    for name in COMPETING:
        assert by_method[name][0] > by_method["random"][0] + 0.2  # by winner
        assert by_method[name][1] > 0.85  # by ridge
    assert by_method["oja"].max() < 0.3
    pixels = {name: np.mean(found == result.data["truth"]) for name, found in result.data["pixels"].items()}
    assert 0.88 < pixels["ridge"] < pixels["logistic"] < 0.99
    text = next(finding.measured for finding in result.findings if "random" in finding.claim)
    assert all(word in text for word in ("random", "k-means", "by winner", "±"))


def test_shares_of_digits_are_not_set_beside_shares_of_clothes(result: cofire.experiments.Result) -> None:
    better = [finding for finding in result.findings if finding.claim.startswith("features better")]
    assert all(finding.published.startswith("no number for digits; our own run on Fashion-MNIST") for finding in better)
    clothes = findings(result.data | {"data": "fashion_mnist"})
    better = [finding for finding in clothes if finding.claim.startswith("features better")]
    assert all(finding.published.startswith("our own run on Fashion-MNIST") for finding in better)


@pytest.mark.parametrize("name", competition.RULES)
def test_a_rule_that_hardly_learns_does_not_specialise(name: str) -> None:
    broken = run((name,), eta=1e-8)
    claim = "without competition" if name == "oja" else "cells specialise"
    assert verdict(broken, claim) == "not reproduced"
    np.testing.assert_allclose(broken.data["purity"][0], broken.data["before"][0], atol=0.01)


def test_without_competition_soft_hebb_is_oja() -> None:
    soft = run(("soft_hebb",), competition="none", eta=0.01)
    oja = run(("oja",), eta=0.01)
    np.testing.assert_allclose(soft.data["prototypes"][0], oja.data["prototypes"][0], rtol=1e-3, atol=1e-5)
    assert verdict(soft, "without competition all cells are alike (soft_hebb)") == "reproduced"


def test_cells_that_start_no_longer_than_they_end_need_a_conscience() -> None:
    alone, conscience = run(start=1.0), run(start=1.0, conscience=3.0)
    assert verdict(alone, "cells specialise") == "not reproduced"
    assert alone.data["dead"][0].min() > 16 > 4 > conscience.data["dead"][0].max()
    assert verdict(conscience, "cells specialise") == "reproduced"


def test_test_labels_are_never_used(result: experiments.Result, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = competition._images

    def corrupted(settings: Settings, rng: np.random.Generator) -> tuple[Any, ...]:
        train, labels, test, truth = honest(settings, rng)
        return train, labels, test, np.full_like(truth, 3)

    monkeypatch.setattr(competition, "_images", corrupted)
    other = run(competition.RULES).data
    assert np.all(other["truth"] == 3)
    assert not np.all(result.data["truth"] == 3)
    for key in ("predicted", "shuffled", "purity", "before", "dead", "likeness"):
        np.testing.assert_array_equal(other[key], result.data[key])
    for name in result.data["pixels"]:
        np.testing.assert_array_equal(other["pixels"][name], result.data["pixels"][name])


def test_training_and_test_images_are_apart() -> None:
    settings = Settings(**SMALL)
    train, _, test, truth = competition._images(settings, np.random.default_rng(5))
    assert (len(train), len(test), len(truth)) == (600, 300, 300)
    np.testing.assert_allclose(np.linalg.norm(np.concatenate([train, test]), axis=1), 1, rtol=1e-5)
    assert (train @ test.T).max() < 0.99999  # no image is in both


def test_shuffled_labels_give_chance_and_leaked_ones_are_noticed(result: experiments.Result) -> None:
    right = np.mean(result.data["shuffled"] == result.data["truth"], axis=-1)
    assert right.shape == (7, SHUFFLES, len(READOUTS), 2)
    assert np.abs(right.mean(axis=(0, 1, 3)) - 0.1).max() < 0.035
    leaked = np.broadcast_to(result.data["truth"], result.data["shuffled"].shape)
    assert verdict(altered(result, shuffled=leaked), "control") == "not reproduced"


def test_losing_to_random_features_or_k_means_or_pixels_is_said(result: experiments.Result) -> None:
    truth, predicted = result.data["truth"], result.data["predicted"]
    claim = "features better than random, no worse than k-means (instar)"

    def with_accuracy(**shares: float) -> list[experiments.Finding]:
        """Findings as if the first `share` of the test images were named rightly, and all others wrongly."""
        changed = predicted.copy()
        for name, share in shares.items():
            right = np.arange(300) < 300 * share
            method = result.data["methods"].index(name.replace("k_means", "k-means"))
            changed[method, 1] = np.where(right, truth, (truth + 1) % 10)
        return altered(result, predicted=changed)

    assert verdict(with_accuracy(instar=0.9, random=0.8, k_means=0.9), claim) == "reproduced"
    assert verdict(with_accuracy(instar=0.9, random=0.91, k_means=0.9), claim) == "not reproduced"
    assert verdict(with_accuracy(instar=0.9, random=0.8, k_means=0.92), claim) == "not reproduced"
    assert verdict(with_accuracy(instar=1.0), "learned features, read linearly") == "reproduced"
    everything = dict.fromkeys(COMPETING, 0.5)
    assert verdict(with_accuracy(**everything), "learned features, read linearly") == "not reproduced"


def test_a_rule_that_diverges_is_reported_and_drawn() -> None:
    diverged = run(("instar", "oja"), eta=50.0)
    assert verdict(diverged, "cells specialise (instar)") == "not reproduced"
    assert "left the range of float32 at step" in diverged.findings[0].measured
    assert len(diverged.findings) == 2  # neither accuracies nor a control without a rule
    assert diverged.figure.axes[0].get_title().startswith("k-means")


def test_a_rule_of_ones_own_competes_hard() -> None:
    own = cofire.Rule("Δw = η × y × (x - w)", η=0.1)
    mine = EXPERIMENT.run(Settings(**SMALL), rules=[own])
    np.testing.assert_array_equal(mine.data["predicted"][0], run().data["predicted"][0])
    hebb = EXPERIMENT.run(Settings(**SMALL), rules=[cofire.Rule("Δw = η × x × y", η=0.1)])
    assert verdict(hebb, "cells specialise") == "not reproduced"  # who wins grows, and wins again
    assert hebb.data["dead"][0].min() == 31


def test_an_instar_is_the_mean_of_what_it_wins() -> None:
    settings = Settings(**SMALL)
    images = competition._images(settings, np.random.default_rng(0))[0]
    _, w = competition.learned(rules.instar(), "hard", images, settings, np.random.default_rng(1))
    winners = (images @ w.T).argmax(axis=1)
    for cell in np.unique(winners):
        mean = images[winners == cell].mean(axis=0)
        assert mean @ w[cell] / np.linalg.norm(mean) / np.linalg.norm(w[cell]) > 0.97


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("hard", [[0, 0, 1, 0], [1, 0, 0, 0]]),
        ("ranked", [[0, -0.25, 1, 0], [1, 0, 0, -0.25]]),
        ("soft", [[-1 / 15, -4 / 15, 8 / 15, -2 / 15], [8 / 15, -2 / 15, -1 / 15, -4 / 15]]),
        ("none", [[0, 2, 3, 1], [3, 1, 0, 2]]),
    ],
)
def test_what_competition_leaves(kind: competition.Kind, expected: list[list[float]]) -> None:
    settings = Settings(rank=2, depression=0.25, temperature=float(np.log(2)))
    u = np.array([[0, 2, 3, 1], [3, 1, 0, 2]], dtype=np.float32)
    post = competition._competed(u, kind, np.full(4, 0.25), settings)
    np.testing.assert_allclose(post, expected, rtol=1e-5)


def test_cells_get_the_class_they_win_most() -> None:
    classes = label_units(np.array([0, 0, 0, 2, 2, 2]), np.array([7, 7, 1, 4, 4, 5]), 4)
    assert classes.tolist() == [7, -1, 4, -1]


def test_ridge_takes_the_penalty_of_least_cross_validation_error() -> None:
    rng = np.random.default_rng(0)
    n, k = 80, 12
    labels = rng.integers(10, size=n)
    train = (rng.standard_normal((10, k))[labels] + rng.standard_normal((n, k))) * np.geomspace(0.01, 1, k)
    test = rng.standard_normal((200, k)) * np.geomspace(0.01, 1, k)
    centred, targets = train - train.mean(axis=0), np.eye(10)[labels]
    fits = []
    for power in np.arange(-6.0, 0.1, 0.5):
        inverse = np.linalg.inv(centred.T @ centred + n * 2.0 * 10**power * np.eye(k))
        weights = inverse @ centred.T @ (targets - targets.mean(axis=0))
        hat = centred @ inverse @ centred.T
        left = np.sum((targets - targets.mean(axis=0) - centred @ weights) ** 2) / (1 - np.trace(hat) / n) ** 2
        fits.append((left, ((test - train.mean(axis=0)) @ weights + targets.mean(axis=0)).argmax(axis=1)))
    expected = min(fits, key=lambda fit: fit[0])[1]
    assert not any(np.array_equal(expected, end[1]) for end in (fits[0], fits[-1]))  # the choice matters here
    np.testing.assert_array_equal(_readouts.ridge(train, labels, test, 2.0), expected)
    both = _readouts.ridge(train, np.stack([labels, labels[::-1]]), test, 2.0)
    np.testing.assert_array_equal(both[0], expected)
    np.testing.assert_array_equal(both[1], _readouts.ridge(train, labels[::-1], test, 2.0))


def test_seeds_are_repeatable_and_differ() -> None:
    again = run()
    np.testing.assert_array_equal(again.data["predicted"], run().data["predicted"])
    assert not np.array_equal(again.data["predicted"][0, 0, 0], again.data["predicted"][0, 0, 1])
    other = EXPERIMENT.run(Settings(**SMALL), rules=[rules.instar()], seed=1)
    assert not np.array_equal(other.data["truth"], again.data["truth"])


def test_progress_goes_from_nothing_to_nearly_all() -> None:
    seen: list[tuple[float, str]] = []
    EXPERIMENT.run(
        Settings(**SMALL), rules=[rules.instar()], progress=lambda fraction, note: seen.append((fraction, note))
    )
    fractions = [fraction for fraction, _ in seen]
    assert fractions[0] == 0
    assert fractions == sorted(fractions)
    assert fractions[-1] < 1
    assert "instar" in seen[0][1]


def test_figure_shows_prototypes_and_spread(result: experiments.Result) -> None:
    drawn = result.figure
    assert isinstance(drawn, Figure)
    *mosaics, winners, ridge = drawn.axes
    assert [ax.get_title().partition("\n")[0] for ax in mosaics] == [*competition.RULES, "k-means"]
    for ax in mosaics:
        assert ax.images[0].get_array().shape == (6 * 9 - 1, 6 * 9 - 1)
    heights = [bar.get_height() for bar in winners.patches]
    expected = 100 * np.mean(result.data["predicted"][:, 0] == result.data["truth"], axis=-1).mean(axis=-1)
    np.testing.assert_allclose(heights, expected)
    assert len(winners.containers) >= len(heights)  # an error bar each
    assert {text.get_text() for text in ridge.get_legend().get_texts()} == {"pixels, ridge", "pixels, logistic"}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("delta", "teacher"),
        ("stdp_pair", "spikes"),
        ("reward_stdp", "spikes"),
        ("sanger", "stability"),
        ("foldiak", "one layer"),
        ("outstar", "sends out"),
    ],
)
def test_rules_that_make_no_sense_are_refused(name: str, reason: str) -> None:
    with pytest.raises(ExperimentError, match=reason):
        EXPERIMENT.run(Settings(**SMALL), rules=[rules.get(name)()])


def test_a_rule_with_a_modulator_is_refused() -> None:
    rule = cofire.Rule("dw/dt = eta * reward * pre * post", eta=0.1, signals="reward")
    with pytest.raises(ExperimentError, match="modulator reward"):
        EXPERIMENT.run(Settings(**SMALL), rules=[rule])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train": 1500, "test": 300}, "1797 digits"),
        ({"train": 100, "cells": 101}, "cells = 101"),
        ({"cells": 4, "rank": 5, "competition": "ranked"}, "rank = 5"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ExperimentError, match=message):
        run(**changes)


def test_an_error_at_the_first_step_is_not_taken_for_divergence() -> None:
    rule = cofire.Rule("dw/dt = eta * post * log(pre - 5)", eta=0.1)
    with pytest.raises(ArrayError):
        EXPERIMENT.run(Settings(**SMALL), rules=[rule])


@pytest.mark.skipif(not data.has_fashion_mnist(), reason="Fashion-MNIST: apt-get install dataset-fashion-mnist")
def test_clothes_too() -> None:
    clothes = run(("instar", "soft_hebb"), data="fashion_mnist", train=1500, test=500, epochs=8)
    for name in ("instar", "soft_hebb"):
        assert verdict(clothes, f"cells specialise ({name})") == "reproduced"
    assert clothes.data["prototypes"][0].shape == (32, 28, 28)
    np.testing.assert_array_equal(clothes.data["truth"][0], clothes.data["truth"][1])
    assert np.mean(clothes.data["pixels"]["logistic"] == clothes.data["truth"]) > 0.75
