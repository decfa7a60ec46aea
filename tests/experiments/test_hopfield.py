"""The net that stores by a rule and recalls from fragments: against its definitions and the theory."""

from __future__ import annotations

import numpy as np
import pytest

import cofire
from cofire.experiments import _hopfield


def last_weights(rule: cofire.Rule, patterns: _hopfield.Array, passes: int = 1) -> _hopfield.Array:
    *_, w = _hopfield.stored(rule, patterns, (len(patterns),), passes)
    return w


def test_hebb_stores_the_outer_product() -> None:
    patterns = _hopfield.random_patterns(np.random.default_rng(0), 7, 60)
    w = last_weights(cofire.rules.hebb(eta=3.0), patterns)  # the rate given does not matter
    expected = patterns.T @ patterns / 60
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(w, expected, atol=1e-6)


def test_a_batch_is_the_same_as_one_after_the_other() -> None:
    patterns = _hopfield.random_patterns(np.random.default_rng(1), 9, 50)
    bounded = cofire.rules.hebb(bounds=(-100, 100))  # bounds that are never met, but make it go one by one
    np.testing.assert_allclose(last_weights(bounded, patterns), last_weights(cofire.rules.hebb(), patterns), atol=1e-6)


def test_storkey_agrees_with_its_definition() -> None:
    patterns = _hopfield.random_patterns(np.random.default_rng(2), 5, 12).astype(np.float64)
    w = np.zeros((12, 12))
    for x in patterns:
        new = w.copy()
        for i in range(12):
            for j in range(12):
                if i == j:
                    continue
                h_ij = sum(w[i, k] * x[k] for k in range(12) if k not in (i, j))
                h_ji = sum(w[j, k] * x[k] for k in range(12) if k not in (i, j))
                new[i, j] += (x[i] * x[j] - x[i] * h_ji - h_ij * x[j]) / 12
        w = new
    np.testing.assert_allclose(last_weights(cofire.rules.storkey(), patterns.astype(np.float32)), w, atol=1e-5)


def test_practice_goes_on_until_every_face_is_known() -> None:
    patterns = _hopfield.random_patterns(np.random.default_rng(3), 60, 200)
    once, often = (last_weights(cofire.rules.delta(), patterns, passes) for passes in (1, 30))
    assert np.min(patterns * (patterns @ once.T)) < _hopfield.KNOWN
    assert np.min(patterns * (patterns @ often.T)) >= _hopfield.KNOWN


def test_recall_comes_to_rest_downhill() -> None:
    rng = np.random.default_rng(4)
    patterns = _hopfield.random_patterns(rng, 12, 100)
    w = last_weights(cofire.rules.hebb(), patterns)
    cues = _hopfield.random_patterns(rng, 40, 100)
    states, settled = _hopfield.recall(w, cues, rng)
    assert settled.all()
    assert np.all(states * (states @ w.T) >= -1e-6)
    energy = [-np.einsum("bi,ij,bj->b", s, w, s) for s in (cues, states)]
    assert np.all(energy[1] < energy[0])


def test_recall_that_never_rests_is_told() -> None:
    turning = np.array([[0, 1], [-1, 0]], dtype=np.float32)  # each cell drives the other the wrong way
    _, settled = _hopfield.recall(turning, np.ones((3, 2), dtype=np.float32), np.random.default_rng(0))
    assert not settled.any()


def test_crosstalk_of_random_patterns_is_the_formula() -> None:
    ratios = []
    for seed in range(20):
        patterns = _hopfield.random_patterns(np.random.default_rng(seed), 40, 150)
        measured = _hopfield.crosstalk(last_weights(cofire.rules.hebb(), patterns), patterns)
        ratios.append(measured / (39 * 149 / 150**2))
    error = np.std(ratios, ddof=1) / np.sqrt(len(ratios))
    assert abs(np.mean(ratios) - 1) < 3 * error < 0.1


def test_theory_ends_at_its_critical_load() -> None:
    load, overlap = _hopfield.mean_field()
    assert load[-1] == pytest.approx(0.138, abs=5e-4)
    assert overlap[-1] == pytest.approx(0.967, abs=2e-3)
    assert np.all(np.diff(load) > 0)


def test_what_a_taught_rule_remembers_goes_on_from_step_to_step() -> None:
    rule = cofire.Rule("dw/dt = eta * post.target * trace(pre, tau)", eta=0.1, tau=50.0)
    w, pattern = np.zeros((4, 4), dtype=np.float32), np.ones((1, 4), dtype=np.float32)
    state = _hopfield.practise(rule, w, pattern, 1)
    assert not w.any()  # no trace of anything before
    _hopfield.practise(rule, w, pattern, 1, state)
    assert w[0, 1] > 0
