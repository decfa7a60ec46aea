"""Associative memory: faces stored by a rule and in every family, recalled from a fragment."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

import cofire
from cofire.experiments import _patterns, faces

SMALL = faces.Settings(images=20, seeds=2)


@pytest.fixture(scope="module")
def result() -> cofire.experiments.Result:
    return cofire.experiments.get("faces").run(SMALL)


def verdicts(rule: cofire.Rule) -> dict[str, str]:
    """The verdict on each claim about a rule, without its name."""
    run = cofire.experiments.get("faces").run(faces.Settings(images=5, seeds=2), rules=[rule])
    return {finding.claim.partition(" (")[0]: finding.verdict for finding in run.findings[:4]}


def test_published_findings_hold(result: cofire.experiments.Result) -> None:
    assert len(result.findings) == 15
    others = [finding for finding in result.findings if finding.verdict != "reproduced"]
    assert [finding.claim for finding in others] == [
        "faces are harder than random patterns: number held, from half (delta)"
    ]
    assert others[0].verdict == "does not apply"  # it holds all of these few
    assert others[0].measured.startswith("≥ 20 faces")
    assert {finding.flag for finding in result.findings} == {"M", "theory"}


def test_faces_are_real_and_alike(result: cofire.experiments.Result) -> None:
    images = cofire.data.faces().reshape(-1, faces.CELLS)
    patterns = faces.binarised(images[:100])
    assert set(np.unique(patterns["faces"])) == {-1, 1}
    np.testing.assert_allclose(patterns["faces"].mean(axis=1), 0, atol=0.02)  # each against its own median
    np.testing.assert_allclose(patterns["centred faces"].mean(axis=0), 0, atol=0.1)  # each pixel against its own
    alike, centred = result.data["similarity"]
    assert 0.15 < alike < 0.35
    assert abs(centred) < 0.05


def test_fragments_start_where_they_should() -> None:
    rng = np.random.default_rng(0)
    patterns = _patterns.random_patterns(rng, 200, faces.CELLS)
    overlap = {cue: np.mean(_patterns.fragment(patterns, cue, rng) * patterns) for cue in (*faces.CUES, "negative")}
    expected = {"half": 0.5, "10 % flipped": 0.8, "20 % flipped": 0.6, "negative": -0.8}
    assert overlap == pytest.approx(expected, abs=0.02)
    half = _patterns.fragment(patterns, "half", rng)
    np.testing.assert_array_equal(half[:, :312], patterns[:, :312])


def test_few_faces_are_tried_from_several_fragments_each(result: cofire.experiments.Result) -> None:
    # with one fragment of each of three faces, 2 of 3 came back in both orders: a share without spread that was luck
    for number in (2, 3, 5, 20):
        tried = faces._tried(np.arange(number, dtype=np.float32)[:, None])
        _, times = np.unique(tried, return_counts=True)
        assert len(tried) >= faces.ATTEMPTS
        assert len(times) == min(number, faces.TESTED)
        assert len(set(times)) == 1
    half = next(finding for finding in result.findings if finding.claim.startswith("half a face"))
    assert half.measured.endswith("of 48 recalled")


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param(cofire.rules.anti_hebb(), id="anti_hebb"),
        pytest.param(cofire.Rule("dw/dt = c * pre * post", c=0.0), id="learns nothing"),
    ],
)
def test_a_rule_that_does_not_store_reproduces_nothing(rule: cofire.Rule) -> None:
    assert set(verdicts(rule).values()) == {"not reproduced"}


def test_connections_in_the_wrong_place_do_not_bring_faces_back(monkeypatch: pytest.MonkeyPatch) -> None:
    recall = cofire.memory.Hopfield.recall

    def scrambled(memory: cofire.memory.Hopfield, *arguments: Any, **options: Any) -> Any:
        other = cofire.memory.Hopfield(memory.cells).store(np.ones(memory.cells, dtype=np.float32))
        order = np.random.default_rng(0).permutation(memory.cells)
        other.weights[...] = memory.weights[np.ix_(order, order)]
        return recall(other, *arguments, **options)

    assert verdicts(cofire.rules.hebb())["half a face brings back the whole, 2 stored"] == "reproduced"
    monkeypatch.setattr(cofire.memory.Hopfield, "recall", scrambled)
    assert set(verdicts(cofire.rules.hebb()).values()) == {"not reproduced"}


@pytest.mark.parametrize("name", cofire.rules.names())
def test_every_rule_of_the_catalogue_is_taken_or_refused_with_a_reason(name: str) -> None:
    suits = {"hebb", "hebb_with_decay", "hebb_subtractive", "covariance", "anti_hebb", "foldiak", "oja", "storkey"}
    suits |= {"delta"}
    reason = faces.unsuitable(cofire.rules.get(name)())
    assert (reason is None) == (name in suits), reason


def test_a_rule_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(cofire.ExperimentError, match="faces cannot run with 'stdp_pair': it reads when cells fired"):
        cofire.experiments.get("faces").run(SMALL, rules=[cofire.rules.stdp_pair()])
    own = cofire.Rule("dw/dt = eta * pre * post.v", eta=0.1)
    assert faces.unsuitable(own) == "it reads post.v, which these cells do not have"


def test_same_seed_same_numbers() -> None:
    tiny = faces.Settings(images=5, seeds=2)
    runs = [cofire.experiments.get("faces").run(tiny, rules=[cofire.rules.hebb()], seed=s) for s in (3, 3, 4)]
    np.testing.assert_array_equal(runs[0].data["overlap"], runs[1].data["overlap"])
    assert np.any(runs[0].data["overlap"] != runs[2].data["overlap"])


def test_figure(result: cofire.experiments.Result) -> None:
    figure = result.figure
    assert isinstance(figure, Figure)
    pictures = figure.axes[-1]
    assert [label.get_text() for label in pictures.get_xticklabels()][:3] == ["grey levels", "stored", "half shown"]
    stored, shown, back = result.data["pictures"][1:4]
    np.testing.assert_array_equal(stored[:, :12], shown[:, :12])  # the upper half is given
    assert np.mean(stored[:, 13:] != shown[:, 13:]) > 0.3
    assert np.mean(stored != back) < 0.1
