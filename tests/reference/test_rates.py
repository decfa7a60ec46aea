"""The definition for rates, against arithmetic written out by hand."""

from __future__ import annotations

from math import exp

import numpy as np
import pytest

from cofire import Rule, compiler
from cofire.backends.reference import rates
from cofire.backends.state import RuleState
from cofire.language.tree import POST, PRE


def once(
    rule: Rule, w: list[list[float]], pre: list[list[float]], post: list[list[float]], reduce: str = "mean"
) -> tuple[np.ndarray, RuleState]:
    plan = compiler.lower(rule)
    weights = np.array(w)
    cells = {PRE: np.array(pre), POST: np.array(post)}
    values = rates.Batch(rule.values, weights, cells, {}, rates.start(plan, weights.shape))
    return rates.step(rule, plan, values, 1.0, reduce)


def test_the_batch_is_averaged_or_summed() -> None:
    rule = Rule("Δw = η × x × y", η=0.5)
    batch = ([[1.0, 2.0], [3.0, 4.0]], [[1.0], [2.0]])
    np.testing.assert_allclose(once(rule, [[0.0, 0.0]], *batch)[0], [[1.75, 2.5]])
    np.testing.assert_allclose(once(rule, [[0.0, 0.0]], *batch, reduce="sum")[0], [[3.5, 5.0]])


def test_ordered_reconstruction_sums_the_rows_up_to_its_own() -> None:
    rule = Rule("dw/dt = reconstruct_ordered(post)")
    w, _ = once(rule, [[1.0], [2.0], [3.0]], [[0.0]], [[1.0, 10.0, 100.0]])
    np.testing.assert_allclose(w, [[1 + 1], [2 + 21], [3 + 321]])


def test_a_filter_follows_a_constant_rate_exactly() -> None:
    rule = Rule("dw/dt = mean(pre, tau) + trace(post, tau)", tau=5.0)
    w, state = once(rule, [[0.0]], [[2.0], [4.0]], [[1.0], [1.0]])
    np.testing.assert_allclose(w, [[0.0]], err_msg="a factor has its value at the start of the step")
    assert state["mean(pre, tau)"].item() == pytest.approx(3 * (1 - exp(-1 / 5)))
    assert state["trace(post, tau)"].item() == pytest.approx(5 * (1 - exp(-1 / 5)))
    assert state.step == 1


def test_a_synapse_variable_decays_exactly() -> None:
    rule = Rule("dw/dt = e\nde/dt = -e / tau_e + pre * post", tau_e=4.0)
    _, state = once(rule, [[0.0]], [[3.0]], [[2.0]])
    assert state["e"].item() == pytest.approx(6 * 4 * (1 - exp(-1 / 4)))


def test_rows_are_normalised_then_clipped() -> None:
    rule = Rule("dw/dt = eta * pre * post", eta=0.0, normalize="l2", bounds=(0, 0.7))
    np.testing.assert_allclose(
        once(rule, [[3.0, 4.0], [0.0, 0.0]], [[1.0, 1.0]], [[1.0, 1.0]])[0], [[0.6, 0.7], [0, 0]]
    )
