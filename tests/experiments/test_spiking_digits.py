"""spiking_digits: verdicts follow the numbers, test labels are never used, and the control is at chance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from cofire import data as datasets
from cofire import experiments, rules
from cofire.errors import ExperimentError
from cofire.experiments import spiking_digits

SMALL = spiking_digits.Settings(train=60, test=40, few=5, many=10, epochs=1)


def test_cells_specialise_and_the_control_is_at_chance(quick: Callable[..., experiments.Result]) -> None:
    result = quick("spiking_digits")
    assert [finding.verdict for finding in (result.findings[0], result.findings[-1])] == ["reproduced"] * 2
    right = np.mean(result.data["baselines"] == result.data["truth"], axis=-1).mean(axis=1)
    assert right[0] < min(right[1:])  # weights as drawn
    assert all(name in result.findings[0].measured for name in spiking_digits.BASELINES[1:])
    assert result.figure.axes[0].get_ylabel().endswith("named rightly (%)")


def test_verdicts_follow_the_numbers(quick: Callable[..., experiments.Result]) -> None:
    data = quick("spiking_digits").data
    truth, wrong = data["truth"], (data["truth"] + 1) % 10

    def verdicts(few: int, many: int, drawn: int, **others: Any) -> list[str]:
        """With so many per cent of each split named rightly."""
        named = [
            np.where(np.arange(truth.shape[1]) < count * truth.shape[1] / 100, truth, wrong)
            for count in (few, many, drawn)
        ]
        baselines = np.stack([named[2], *data["baselines"][1:]])
        found = spiking_digits.findings(data | {"named": np.stack(named[:2]), "baselines": baselines} | others)
        return [finding.verdict for finding in found]

    assert verdicts(60, 80, 70)[:2] == ["reproduced", "reproduced"]
    assert verdicts(80, 73, 70)[:2] == ["not reproduced", "not reproduced"]
    assert verdicts(60, 80, 70, shuffled=truth[None])[-1] == "not reproduced"
    assert verdicts(60, 80, 70)[2:4] == ["does not apply"] * 2
    flags = {finding.flag for finding in quick("spiking_digits").findings[1:4]}
    assert flags == {"S1"}  # numbers that decide a verdict were read in a source, not recalled
    assert not spiking_digits.figure(data).axes[0].get_legend()
    full = spiking_digits.figure(data | {"mnist": True, "sizes": np.array([100, 400])})
    assert full.axes[0].get_legend().get_texts()[0].get_text() == "published, all of MNIST"
    paper = {"mnist": True, "sizes": np.array([100, 400])}
    assert verdicts(83, 86, 70, **paper)[2:4] == ["reproduced", "not reproduced"]


def test_test_labels_are_never_used(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = experiments.get("spiking_digits").run(SMALL).data
    images, labels = datasets.digits()
    corrupted = labels.copy()
    for k in range(SMALL.splits):
        order = np.random.default_rng((0, k)).permutation(len(labels))
        used = {int(i) for j in range(SMALL.splits) for i in _training(j, len(labels))}
        only = [i for i in order[SMALL.train :][: SMALL.test] if int(i) not in used]
        corrupted[only] = 3
    monkeypatch.setattr(datasets, "digits", lambda: datasets.Labelled(images, corrupted))
    other = experiments.get("spiking_digits").run(SMALL).data
    assert (other["truth"] != honest["truth"]).mean() > 0.5
    for key in ("named", "baselines", "shuffled"):
        np.testing.assert_array_equal(other[key], honest[key])


def _training(k: int, images: int) -> np.ndarray:
    return np.random.default_rng((0, k)).permutation(images)[: SMALL.train]


def test_what_makes_no_sense_is_refused() -> None:
    experiment = experiments.get("spiking_digits")
    with pytest.raises(ExperimentError, match="these cells learn by triplet_nearest"):
        experiment.run(SMALL, rules=["oja"])
    with pytest.raises(ExperimentError, match="only A3_plus is free"):
        experiment.run(SMALL, rules=[rules.triplet_nearest()])
    with pytest.raises(ExperimentError, match="there are 1797 digits, fewer than train"):
        experiment.run(spiking_digits.Settings(train=1750))
