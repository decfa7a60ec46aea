"""deep and digits: what is measured, what control there is, and that test labels are never used."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cofire import experiments
from cofire.errors import ExperimentError
from cofire.experiments import deep, digits

DEEP = deep.Settings(train=600, test=300, filters=8, second=4, third=4)
DIGITS = digits.Settings(folds=2, cells=24, epochs=3, filters=8, passes=1)


@pytest.fixture(scope="module")
def deeper() -> experiments.Result:
    return experiments.get("deep").run(DEEP)


@pytest.fixture(scope="module")
def written() -> experiments.Result:
    return experiments.get("digits").run(DIGITS)


def accuracy(data: dict[str, Any], key: str) -> np.ndarray:
    return np.mean(data[key] == data["truth"], axis=-1)


def test_filters_are_read_out_beside_the_baselines(deeper: experiments.Result) -> None:
    right = dict(zip(deep.METHODS, accuracy(deeper.data, "predicted").mean(axis=1), strict=True))
    assert right["pixels"] < min(right["one layer"], right["k-means"], right["three layers"])
    assert right["one layer"] > 0.93
    assert deeper.findings[-1].verdict == "reproduced"
    measured = " ".join(finding.measured for finding in deeper.findings)
    assert all(f"{name} " in measured for name in deep.METHODS[2:])


def test_verdicts_follow_the_numbers(deeper: experiments.Result) -> None:
    truth, predicted = deeper.data["truth"], deeper.data["predicted"].copy()
    wrong = (truth + 1) % 10
    predicted[0] = truth
    predicted[1:] = np.where(np.arange(truth.shape[1]) < 100, wrong, truth)
    found = deep.findings(deeper.data | {"predicted": predicted})
    assert [finding.verdict for finding in found[:4]] == ["reproduced"] * 3 + ["not reproduced"]
    predicted[[0, 1]] = predicted[[1, 0]]
    found = deep.findings(deeper.data | {"predicted": predicted})
    assert [finding.verdict for finding in found[:4]] == ["not reproduced"] * 3 + ["reproduced"]
    leaked = deep.findings(deeper.data | {"shuffled": np.broadcast_to(truth, predicted.shape)})
    assert leaked[-1].verdict == "not reproduced"


def test_test_labels_are_never_used(deeper: experiments.Result, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = deep._images

    def corrupted(*arguments: Any) -> tuple[Any, ...]:
        train, labels, test, truth = honest(*arguments)
        return train, labels, test, np.full_like(truth, 3)

    monkeypatch.setattr(deep, "_images", corrupted)
    other = experiments.get("deep").run(DEEP).data
    np.testing.assert_array_equal(other["predicted"], deeper.data["predicted"])
    assert np.all(other["truth"] == 3)


def test_rules_that_do_not_compete_softly_are_refused() -> None:
    with pytest.raises(ExperimentError, match="compete softly"):
        experiments.get("deep").run(DEEP, rules=["oja"])
    with pytest.raises(ExperimentError, match="there is a layer for"):
        experiments.get("digits").run(DIGITS, rules=["oja"])
    with pytest.raises(ExperimentError, match="1797 digits"):
        experiments.get("deep").run(deep.Settings(train=1500))


def test_every_image_is_held_out_once(written: experiments.Result) -> None:
    data = written.data
    assert len(data["truth"]) == 1797
    for key in ("by winner", "by ridge", "patches", "shuffled"):
        assert np.all(data[key] >= -1)
    assert np.all(data["by ridge"] >= 0)
    assert np.all(data["patches"] >= 0)
    assert accuracy(data, "by ridge").min() > 0.8
    assert accuracy(data, "by winner").min() > 0.3
    assert accuracy(data, "patches")[0] > 0.95 > accuracy(data, "patches")[3]
    assert written.findings[-1].verdict == "reproduced"


@pytest.mark.parametrize("name", ["deeper", "written"])
def test_figures_are_drawn(name: str, request: pytest.FixtureRequest) -> None:
    figure = request.getfixturevalue(name).figure
    assert figure.axes[-1].get_ylabel().endswith("named rightly (%)")
