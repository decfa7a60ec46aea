"""Receptive fields from photographs: sparse cells find localised filters, linear ones do not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

import cofire
from cofire import experiments, rules
from cofire.experiments import receptive_fields
from cofire.experiments.receptive_fields import Gabors, findings, spikes, spread_of

EXPERIMENT = experiments.get("receptive_fields")
SMALL = {"seeds": 2}
SPARSE, LINEAR = "sparse cells that inhibit each other", "linear cells find principal components"


def run(*chosen: Any, **changes: Any) -> experiments.Result:
    return EXPERIMENT.run(EXPERIMENT.settings(SMALL | changes), rules=chosen)


def verdict(found: Any, start: str) -> str:
    (one,) = [finding for finding in found if finding.claim.startswith(start)]
    return str(one.verdict)


@pytest.fixture(scope="module")
def result() -> experiments.Result:
    return run("oja")


def test_sparse_cells_localise_and_linear_ones_do_not(result: experiments.Result) -> None:
    assert len(result.findings) == 3
    assert {finding.verdict for finding in result.findings} == {"reproduced"}


@pytest.mark.parametrize("text", ["dw/dt = 0 * eta * post * pre", "dw/dt = -eta * post * (pre - post * w)"])
def test_a_broken_rule_does_not_localise(text: str) -> None:
    found = run(cofire.Rule(text, eta=0.1), steps=150)
    assert verdict(found.findings, SPARSE) == verdict(found.findings, LINEAR) == "not reproduced"
    found.figure.canvas.draw()


def test_sanger_has_no_sparse_network() -> None:
    found = run("sanger", steps=20)
    assert [SPARSE in finding.claim for finding in found.findings] == [False] * 2
    assert np.isnan(found.data["fit"][0, receptive_fields.SPARSE]).all()
    found.figure.canvas.draw()


def test_a_gabor_function_fits_itself_and_noise_fits_none() -> None:
    gabors = Gabors(10)
    own = 3 * gabors.first[::97] - 2 * gabors.second[::97] + 0.5
    fit, slant = gabors.fit(own)
    np.testing.assert_allclose(fit, 1.0, atol=1e-5)
    assert np.mean(slant == gabors.slant[::97]) > 0.9  # broad ones fit with a neighbouring slant as well
    noise = np.random.default_rng(0).standard_normal((50, 100))
    assert gabors.fit(noise)[0].max() < 0.5
    np.testing.assert_allclose(gabors.fit(-7 * noise)[0], gabors.fit(noise)[0], rtol=1e-4)


def test_the_spread_of_a_filter() -> None:
    """An even filter has 1; an edge along a side is thin in one direction; a point has no width at all."""
    even, edge, point = (np.zeros((10, 10)) for _ in range(3))
    even[:], edge[4], point[3, 3] = 1, 1, -2
    np.testing.assert_allclose(spread_of(np.stack([even, edge, point]).reshape(3, -1)), [1, 0, 0], atol=1e-9)


def test_cells_fire_by_their_drive_and_fall_silent_by_inhibition() -> None:
    """A leaky integrator of drive 2 passes 1 after seven steps of .1 (2 (1 - .9^7) = 1.04), and then starts again."""
    drive = np.array([[2.0, 0.9, 2.0]], dtype=np.float32)
    none = np.zeros((3, 3), dtype=np.float32)
    np.testing.assert_array_equal(spikes(drive, none, np.ones(3, dtype=np.float32)), [[50 // 7, 0, 50 // 7]])
    none[2, 0] = -50
    assert spikes(drive, none, np.ones(3, dtype=np.float32))[0, 2] < 4


def test_verdicts_come_from_the_data(result: experiments.Result) -> None:
    data = result.data
    assert verdict(findings(data | {"fit": 0.5 * data["fit"]}), SPARSE) == "not reproduced"
    assert verdict(findings(data | {"spread": data["spread"] + 0.5}), SPARSE) == "not reproduced"
    assert verdict(findings(data | {"slant": 0 * data["slant"]}), SPARSE) == "not reproduced"
    swapped = {key: data[key][:, ::-1] for key in ("fit", "spread", "slant")}
    assert verdict(findings(data | swapped), LINEAR) == "not reproduced"


def test_figure_and_seed(result: experiments.Result) -> None:
    assert isinstance(result.figure, Figure)
    result.figure.canvas.draw()
    first, again, other = (EXPERIMENT.run(EXPERIMENT.settings({"steps": 5, "seeds": 2}), seed=s) for s in (0, 0, 1))
    np.testing.assert_array_equal(first.data["filters"], again.data["filters"])
    assert not np.array_equal(first.data["filters"], other.data["filters"], equal_nan=True)


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(cofire.ExperimentError, match="foldiak"):
        run("foldiak")
    with pytest.raises(cofire.ExperimentError, match="components = 100 is refused"):
        run(rules.oja(), side=10, components=100)
    run(rules.oja(), side=6, components=35, cells=6, steps=2)
