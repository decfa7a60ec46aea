"""`replay`: cases worked out by hand, and what is refused."""

from __future__ import annotations

from math import exp
from typing import Any

import numpy as np
import pytest

from cofire import ArrayError, CofireError, DivergenceError, Rule, rules
from cofire.protocols import replay
from cofire.units import ms, mV, second

PAIR = rules.stdp_pair(A_plus=0.1, A_minus=0.2, tau_plus=20 * ms, tau_minus=30 * ms)
GATED = Rule("dw/dt = reward * post.v * pre", signals="reward")


def arguments(**changes: Any) -> dict[str, Any]:
    """Two presynaptic cells, three synapses onto two cells, one spike each."""
    given: dict[str, Any] = {
        "pre": ([0, 1], [10, 12]),
        "post": ([0, 1], [15, 11]),
        "synapses": ([0, 1, 1], [0, 0, 1]),
        "weight": 0.5,
        "delay": 0,
        "dt": 1 * ms,
        "duration": 40,
    }
    return given | changes


def test_pairs_follow_the_window() -> None:
    w, state = replay(PAIR, **arguments())
    wanted = [0.5 + 0.1 * exp(-5 / 20), 0.5 + 0.1 * exp(-3 / 20), 0.5 - 0.2 * exp(-1 / 30)]
    np.testing.assert_allclose(w, wanted, rtol=1e-14)
    np.testing.assert_allclose(state["trace(pre, tau_plus)"], [exp(-30 / 20), exp(-28 / 20), exp(-28 / 20)], rtol=1e-13)
    assert state.step == 40


def test_each_synapse_has_its_own_delay() -> None:
    w, _ = replay(PAIR, **arguments(delay=[2, 3, 28]))
    np.testing.assert_allclose(w[0], 0.5 + 0.1 * exp(-3 / 20), rtol=1e-14)
    assert w[1] == 0.5  # it arrives with the postsynaptic spike
    assert w[2] == 0.5  # it arrives at step 40, after the end


def test_a_triplet_of_spikes() -> None:
    rule = rules.triplet(A2_plus=0.1, A3_plus=0.3, A2_minus=0.2, A3_minus=0.4)
    w, _ = replay(rule, **arguments(pre=([0], [10]), post=([0, 0], [5, 15]), synapses=([0], [0])))
    gain = exp(-5 / 16.8) * (0.1 + 0.3 * exp(-10 / 114))
    np.testing.assert_allclose(w, 0.5 - 0.2 * exp(-5 / 33.7) + gain, rtol=1e-14)


def test_the_order_of_spikes_and_synapses_makes_no_difference() -> None:
    w, _ = replay(PAIR, **arguments(delay=[2, 3, 1]))
    turned = arguments(
        pre=([1, 0], [12, 10]), post=([1, 0], [11, 15]), synapses=([1, 1, 0], [1, 0, 0]), delay=[1, 3, 2]
    )
    np.testing.assert_array_equal(replay(PAIR, **turned)[0], w[::-1])


def test_both_backends_agree() -> None:
    given = arguments(delay=[2, 3, 1])
    np.testing.assert_allclose(replay(PAIR, **given)[0], replay(PAIR, **given, backend="reference")[0], rtol=1e-14)


def test_a_duration_in_time_and_in_steps() -> None:
    np.testing.assert_array_equal(replay(PAIR, **arguments(duration=40 * ms))[0], replay(PAIR, **arguments())[0])


def test_nothing_happens_in_no_time() -> None:
    w, _ = replay(PAIR, **arguments(pre=([], []), post=([], []), duration=0))
    np.testing.assert_array_equal(w, 0.5)


def test_spikes_of_cells_without_synapses_do_nothing() -> None:
    more = arguments(pre=([0, 1, 10**9], [10, 12, 12]))
    np.testing.assert_array_equal(replay(PAIR, **more)[0], replay(PAIR, **arguments())[0])


def test_modulators_and_variables_of_cells() -> None:
    v = np.arange(80.0).reshape(40, 2)
    given = arguments(dt=1, signals={"reward": np.full(40, 0.5), "post_v": v})
    np.testing.assert_allclose(replay(GATED, **given)[0], [0.5 + v[10, 0] / 2, 0.5 + v[12, 0] / 2, 0.5 + v[12, 1] / 2])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pre": ([0, -1], [1, 2])}, "spike 1 of pre has cell -1"),
        ({"post": ([0], [40])}, "spike 0 of post has step 40, out of range"),
        ({"post": ([0], [-3])}, "spike 0 of post has step -3"),
        ({"pre": ([1, 0, 1], [7, 7, 7])}, "cell 1 of pre fires twice in step 7"),
        ({"pre": ([0], [1, 2])}, "pre has arrays of shapes"),
        ({"pre": [0]}, "pre must be"),
        ({"pre": ([0], [0.01])}, r"whole numbers of an integer type; a time becomes a step by round\(time / dt\)"),
        ({"synapses": ([], [])}, "synapses is empty"),
        ({"synapses": ([0], [-1])}, "postsynaptic cell of synapse 0 is -1"),
        ({"synapses": ([0, 1], [0])}, "of one length"),
        ({"weight": np.nan}, "weight has 3 value"),
        ({"weight": [0.1, np.inf, 0.1]}, r"the first at \[1\]"),
        ({"weight": [0.1, 0.2]}, "for each of the 3 synapses"),
        ({"weight": [0.1, 0.2, 1.5]}, "synapse 2 is 1.5, outside the rule's bounds 0 to 1"),
        ({"weight": ["a", "b", "c"]}, "weight cannot be read as numbers"),
        ({"delay": -1}, "a delay is at least 0"),
        ({"delay": [0, 1, -2]}, "delay of synapse 2 is -2"),
        ({"delay": 1.5}, "whole numbers"),
        ({"delay": 2 * ms}, "give it in steps"),
        ({"delay": [1, 2]}, "delay has shape"),
        ({"signals": {"dopamine": np.zeros(40)}}, "no signal 'dopamine'; it takes none"),
        ({"signals": [1]}, "dictionary"),
    ],
)
def test_arrays_that_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArrayError, match=message):
        replay(PAIR, **arguments(**changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dt": None}, "dt is missing"),
        ({"weight": "a"}, "is text, not a number"),
        ({"dt": 0 * ms}, "dt"),
        ({"dt": -1 * ms}, "greater than 0"),
        ({"dt": 1 * mV}, "length of a step is a time"),
        ({"duration": 1.5}, "whole number of steps"),
        ({"duration": -1}, "at least 0"),
        ({"duration": 1.5 * ms}, "not a whole number of steps"),
        ({"duration": -1 * second}, "duration"),
        ({"duration": 1 * mV}, "not a time"),
        ({"backend": "numbra"}, "did you mean 'numba'"),
    ],
)
def test_settings_that_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(CofireError, match=message):
        replay(PAIR, **arguments(**changes))


@pytest.mark.parametrize(
    ("signals", "message"),
    [
        (None, "needs the signal 'reward'"),
        ({"reward": np.zeros(40)}, "needs the signal 'post_v'"),
        ({"reward": np.zeros(39), "post_v": np.zeros((40, 2))}, "'reward' has shape"),
        ({"reward": np.zeros(40), "post_v": np.zeros(40)}, "'post_v' has shape"),
        ({"reward": np.zeros(40), "post_v": np.zeros((40, 1))}, "has 1 cells, but the synapses name 2"),
        ({"reward": np.full(40, np.nan), "post_v": np.zeros((40, 2))}, "reward has 40"),
        ({"reward": np.zeros(40), "post_v": np.zeros((40, 2)), "rewrd": 1}, "did you mean 'reward'"),
    ],
)
def test_signals_that_are_refused(signals: Any, message: str) -> None:
    with pytest.raises(ArrayError, match=message):
        replay(GATED, **arguments(dt=1, signals=signals))


def test_a_time_needs_a_rule_with_units() -> None:
    with pytest.raises(CofireError, match="no parameter of this rule has a unit of time"):
        replay(GATED, **arguments(dt=1, duration=1 * second))


def test_weights_that_are_no_numbers_any_more_are_reported() -> None:
    rule = Rule("dw/dt = pre * exp(w)")
    with pytest.raises(DivergenceError, match="synapse 0"):
        replay(rule, **arguments(pre=([0] * 9, range(9)), weight=9.0, dt=1))


def test_silence_run_at_once_leaves_what_steps_leave() -> None:
    """A rule that only a solver can run: bounds that no weight meets have it go step by step."""
    rule = Rule(
        "dw/dt = h * (2 - w**2) * step(c - 0.5) / tau\ndh/dt = (c - h * w) / tau\ndc/dt = -c / tau_c + pre + post",
        tau=50 * ms,
        tau_c=20 * ms,
    )
    given = arguments(pre=([0, 1, 0], [10, 12, 300]), post=([0, 1], [15, 311]), weight=[0.5, 0.6, 0.7], duration=500)
    at_once, state = replay(rule, **given)
    stepped, as_stepped = replay(rule.with_(bounds=(-100.0, 100.0)), **given)
    assert np.abs(at_once - [0.5, 0.6, 0.7]).min() > 0.01
    np.testing.assert_allclose(at_once, stepped, rtol=1e-9)
    np.testing.assert_allclose(state["h"], as_stepped["h"], rtol=1e-9)
    np.testing.assert_allclose(state["c"], as_stepped["c"], rtol=1e-12)
