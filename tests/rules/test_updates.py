"""Each rule of the catalogue computes what its paper says: updates worked out by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from cofire import rules
from cofire.backends.state import RuleState
from cofire.protocols import replay
from cofire.units import ms, mV, second
from rules.samples import ZERO, delta, inputs

NAMES = rules.names()

BY_HAND: dict[str, tuple[dict[str, float], dict[str, Any], list[list[float]]]] = {
    # 0.1 <y x>
    "hebb": ({"eta": 0.1}, {}, [[0.35, 0.1], [0.1, -0.1]]),
    "anti_hebb": ({"eta": 0.1}, {}, [[-0.35, -0.1], [-0.1, 0.1]]),
    # 0.1 <y x> - w / 10:  (0.35 - 0.1, 0.1 - 0.2), (0.1 - 0, -0.1 + 0.1)
    "hebb_with_decay": ({"eta": 0.1, "tau_w": 10.0}, {}, [[0.25, -0.1], [0.1, 0.0]]),
    # row 1, both synapses free, x less its mean is (-0.5, 0.5), then (1.5, -1.5): (1 (-0.5, 0.5) + 2 (1.5, -1.5)) / 2
    # row 2: the first synapse is at 0 and stays there, and the second is its own mean
    "hebb_subtractive": ({"eta": 0.1, "w_max": 4.0}, {"w": [[1.0, 2.0], [0.0, 1.0]]}, [[0.125, -0.125], [0.0, 0.0]]),
    # means (1, 1) and (0.5, -0.5): x - <x> = (0, 1), (2, -1) and y - <y> = (0.5, -0.5), (1.5, 1.5)
    # row 1: (0.5 (0, 1) + 1.5 (2, -1)) / 2 = (1.5, -0.5)     row 2: (-0.5 (0, 1) + 1.5 (2, -1)) / 2 = (1.5, -1)
    "covariance": (
        {"eta": 0.1},
        {"state": {"mean(pre, tau)": [1.0, 1.0], "mean(post, tau)": [0.5, -0.5]}},
        [[0.15, -0.05], [0.15, -0.1]],
    ),
    # <y x> - <y^2> w:  (3.5 - 2.5, 1 - 5), (1 - 0, -1 + 1)
    "oja": ({"eta": 0.1}, {}, [[0.1, -0.4], [0.1, 0.0]]),
    # what the layer rebuilds, (y1, 2 y1 - y2): (1, 3), then (2, 3); what is left: (0, -1), then (1, -3)
    # row 1: (1 (0, -1) + 2 (1, -3)) / 2 = (1, -3.5)     row 2: (-1 (0, -1) + 1 (1, -3)) / 2 = (0.5, -1)
    "oja_subspace": ({"eta": 0.1}, {}, [[0.1, -0.35], [0.05, -0.1]]),
    # row 1 sees only what cell 1 rebuilds, (1, 2), then (2, 4): (1 (0, 0) + 2 (1, -4)) / 2 = (1, -4); row 2 as above
    "sanger": ({"eta": 0.1}, {}, [[0.1, -0.4], [0.05, -0.1]]),
    # theta = (2, 4) / 2 = (1, 2); y (y - theta): 1*0 = 0 and -1*-3 = 3, then 2*1 = 2 and 1*-1 = -1
    # row 1: (0 + 2 (3, 0)) / 2 = (3, 0)     row 2: (3 (1, 2) - 1 (3, 0)) / 2 = (0, 3)
    "bcm": ({"eta": 0.1, "y_0": 2.0}, {"state": {"mean(post**2, tau_theta)": [2.0, 4.0]}}, [[0.3, 0.0], [0.0, 0.3]]),
    # <y x> - <y> w:  (3.5 - 1.5, 1 - 3), (1 - 0, -1 - 0)
    "instar": ({"eta": 0.1}, {}, [[0.2, -0.2], [0.1, -0.1]]),
    # <y x> - <x> w:  (3.5 - 2*1, 1 - 1*2), (1 - 0, -1 + 1)
    "outstar": ({"eta": 0.1}, {}, [[0.15, -0.1], [0.1, 0.0]]),
    # winners 2, then 1; x / sum = (1/3, 2/3), then (1, 0)
    # row 1: ((1, 0) - (1, 2)) / 2 = (0, -1)     row 2: ((1/3, 2/3) - (0, -1)) / 2 = (1/6, 5/6)
    "competitive": ({"eta": 0.1}, {"post": [[0.0, 1.0], [1.0, 0.0]]}, [[0.0, -0.1], [0.1 / 6, 0.5 / 6]]),
    # <y x> = (1, 0.5), (0.5, 0.5), less 0.25
    "foldiak": (
        {"alpha": 0.1, "p": 0.5},
        {"pre": [[1.0, 1.0], [1.0, 0.0]], "post": [[1.0, 1.0], [1.0, 0.0]]},
        [[-0.075, -0.025], [-0.025, -0.025]],
    ),
    # Q = (x1 + 4 x2, -x2): (9, -2), then (3, 0)
    # row 1: (1 ((1, 2) - 9 (1, 2)) - 0.5 ((3, 0) - 3 (1, 2))) / 2 = ((-8, -16) + (0, 3)) / 2 = (-4, -6.5)
    # row 2: (-0.5 ((1, 2) + 2 (0, -1)) + 1 (3, 0)) / 2 = ((-0.5, 0) + (3, 0)) / 2 = (1.25, 0)
    "krotov_hopfield": (
        {"eta": 0.1, "p": 3.0},
        {"post": [[1.0, -0.5], [-0.5, 1.0]]},
        [[-0.4, -0.65], [0.125, 0.0]],
    ),
    # u = (x1 + 2 x2, -x2): (5, -2), then (3, 0)
    # row 1: (0.75 ((1, 2) - 5 (1, 2)) + 0.5 ((3, 0) - 3 (1, 2))) / 2 = ((-3, -6) + (0, -3)) / 2 = (-1.5, -4.5)
    # row 2: (-0.25 ((1, 2) + 2 (0, -1)) - 0.5 (3, 0)) / 2 = ((-0.25, 0) - (1.5, 0)) / 2 = (-0.875, 0)
    "soft_hebb": (
        {"eta": 0.1},
        {"post": [[0.75, -0.25], [0.5, -0.5]]},
        [[-0.15, -0.45], [-0.0875, 0.0]],
    ),
    # t - y = (1, 1), then (0, 2); row 1: (1, 2) / 2 = (0.5, 1)     row 2: ((1, 2) + 2 (3, 0)) / 2 = (3.5, 1)
    "delta": ({"eta": 0.1}, {"post_target": [[2.0, 0.0], [2.0, 3.0]]}, [[0.05, 0.1], [0.35, 0.1]]),
    # as delta, with 0.04 + 0.03 + 0.02 + 0.01 = 0.1; less (1, 2) / 10 + (0, 1) / 5 = (0.1, 0.4) in row 1, 0 in row 2
    "multiscale": (
        {"tau_1": 10.0, "tau_3": 5.0},
        {
            "post_target": [[2.0, 0.0], [2.0, 3.0]],
            "state": {"f_1": [[1.0, 2.0], [0.0, 0.0]], "f_2": ZERO, "f_3": [[0.0, 1.0], [0.0, 0.0]], "f_4": ZERO},
        },
        [[-0.05, -0.3], [0.35, 0.1]],
    ),
    # max(0, t - y) = (1, 0), then (0, 2): row 1: (1, 2) / 2 - 0 w     row 2: 2 (3, 0) / 2 - w, times 0.1 and 1
    "opponent": (
        {"eta": 0.1},
        {"post_target": [[2.0, -5.0], [1.0, 3.0]], "post_forgetting": [[0.0, 0.5], [0.0, 0.5]]},
        [[0.05, 0.1], [0.3, 0.5]],
    ),
    # the mean error 2, times the trace; the same for both cells
    "temporal_difference": (
        {"eta": 0.1},
        {"state": {"trace(pre, tau_e)": [0.5, 1.0]}, "dopamine": [1.0, 3.0]},
        [[0.1, 0.2], [0.1, 0.2]],
    ),
    # <s y x>: (1 (1, 2) + 4*2 (3, 0)) / 2 = (12.5, 1) and (-1 (1, 2) + 4 (3, 0)) / 2 = (5.5, -1)
    # 1 - w = (0, -1) and (1, 2); row 1: 0.1 (0, -1) - (1, 2) / 10     row 2: 0.1 (5.5, -2)
    "salient_hebb": (
        {"eta": 0.1, "tau_m": 10.0},
        {"salience": [1.0, 4.0], "state": {"m": [[1.0, 2.0], [0.0, 0.0]]}},
        [[-0.1, -0.3], [0.55, -0.2]],
    ),
    # <h x> - <h> w; row 1: ((1, 2) + 0.5 (3, 0)) / 2 - 0.75 (1, 2) = (1.25 - 0.75, 1 - 1.5)
    # row 2: (0.5 (1, 2) + (3, 0)) / 2 - 0.75 (0, -1) = (1.75, 0.5 + 0.75)
    "kohonen": ({"eta": 0.1}, {"post": [[1.0, 0.5], [0.5, 1.0]]}, [[0.05, -0.05], [0.175, 0.125]]),
    # row 1: 0.1 (0.5, 1) 1.5 - 0.2 * 2 (2, 1) = (0.075, 0.15) - (0.8, 0.4)     row 2: 0 - 0.2 * 3 (2, 1)
    "stdp_pair": (
        {"A_plus": 0.1, "A_minus": 0.2},
        {"state": {"trace(pre, tau_plus)": [0.5, 1.0], "trace(post, tau_minus)": [2.0, 3.0]}},
        [[-0.725, -0.25], [-1.2, -0.6]],
    ),
    "stdp_pair_nearest": (
        {"A_plus": 0.1, "A_minus": 0.2},
        {"state": {"nearest(pre, tau_plus)": [0.5, 1.0], "nearest(post, tau_minus)": [2.0, 3.0]}},
        [[-0.725, -0.25], [-1.2, -0.6]],
    ),
    # row 1: 0.1 (0.5, 1) (1, 0) 1.5 - 0.2 * 2 (0, 1) (2, 1) = (0.075, -0.4)     row 2: 0 - 0.2 * 3 (0.5, 0) (2, 1)
    "stdp_pair_nearest_reduced": (
        {"A_plus": 0.1, "A_minus": 0.2},
        {
            "state": {
                "nearest(pre, tau_plus)": [0.5, 1.0],
                "nearest(post, tau_minus)": [2.0, 3.0],
                "fresh": [[1.0, 0.0], [0.5, 1.0]],
            }
        },
        [[0.075, -0.4], [-0.6, 0.0]],
    ),
    # row 1: (2 - 1, 2 - 2) (0.075, 0.15) - (1, 2) (0.8, 0.4) = (0.075 - 0.8, -0.8)     row 2: 0 - (0, -1) (1.2, 0.6)
    "stdp_pair_multiplicative": (
        {"A_plus": 0.1, "A_minus": 0.2, "w_max": 2.0},
        {"state": {"trace(pre, tau_plus)": [0.5, 1.0], "trace(post, tau_minus)": [2.0, 3.0]}},
        [[-0.725, -0.8], [0.0, 0.6]],
    ),
    # w = (1, 4), (0, 1): gain 0.1 sqrt(4) sqrt(w) = 0.2 (1, 2), loss 0.1 * 2 w = 0.2 w
    # row 1: 0.2 (1, 2) (0.5, 1) 1.5 - 0.2 (1, 4) 2 (2, 1) = (0.15, 0.6) - (0.8, 1.6)     row 2: 0 - 0.2 (0, 1) 3 (2, 1)
    "stdp_pair_power_law": (
        {"lambda_": 0.1, "alpha": 2.0, "mu": 0.5, "w_0": 4.0},
        {"w": [[1.0, 4.0], [0.0, 1.0]], "state": {"trace(pre, tau)": [0.5, 1.0], "trace(post, tau)": [2.0, 3.0]}},
        [[-0.65, -1.0], [0.0, -0.6]],
    ),
    # gain, row 1: 1.5 (0.5, 1) (0.1 + 0.2 * 1) = (0.225, 0.45); row 2: 0
    # loss: (2, 1) (0.3 + 0.4 (1, 2)) = (1.4, 1.1), times 2 and 3
    "triplet": (
        {"A2_plus": 0.1, "A3_plus": 0.2, "A2_minus": 0.3, "A3_minus": 0.4},
        {
            "state": {
                "trace(pre, tau_plus)": [0.5, 1.0],
                "trace(pre, tau_x)": [1.0, 2.0],
                "trace(post, tau_minus)": [2.0, 3.0],
                "trace(post, tau_y)": [1.0, 0.5],
            }
        },
        [[-2.575, -1.75], [-4.2, -3.3]],
    ),
    # use at rest, half spent: recovery 0.5 0.5 / 0.8 = 0.3125, and a spike takes 0.5 0.5 - 0.75 0.25 = 0.0625
    # of (2, 1) spikes
    "short_term": (
        {"U": 0.5, "w_0": 1.0},
        {"state": {"a": [[0.0, 0.0], [0.0, 0.0]], "b": [[0.5, 0.5], [0.5, 0.5]]}},
        [[0.1875, 0.25], [0.1875, 0.25]],
    ),
    # with c = (1, 1.3), (0.5, 2): row 1: (-2 * 1, 3 (1 - 2) - 2 * 2 - 2 (-1) (-1.5)) / 10 = (-2, -3 - 4 - 3) / 10
    # row 2: below both 0; (3 * 2 - 2 (-1) - (-1) 2 * 1.5) / 10 = (6 + 2 + 3) / 10
    "calcium": (
        {"gamma_p": 3.0, "gamma_d": 2.0, "tau": 10 * second},
        {"state": {"c": [[1.0, 1.3], [0.5, 2.0]]}},
        [[-0.2, -1.0], [0.0, 1.1]],
    ),
    # early: row 1: (-2 * 1.5 - 0.5 * 0.5, 3 (2 - 1 + 0.5) - 2 * 0.5 + 0.5 * 0.5) / 10
    #        row 2: (-0.5 * 0.1, 0.5 * 0.2) / 10
    # late: row 1: (1 (1 - 0.5), -1 (0 + 0.5)) / 5    row 2: (0, -0.5 (1 + 0.5)) / 5
    "tagging_and_capture": (
        {"gamma_p": 3.0, "gamma_d": 2.0, "leak": 0.5, "h_max": 2.0, "tau_h": 10 * second, "tau_z": 5 * second},
        {
            "state": {
                "c": [[1.2, 3.0], [0.5, 0.0]],
                "h": [[0.5, -0.5], [0.1, -0.2]],
                "z": [[0.5, 0.0], [1.0, 1.0]],
                "p": [[1.0, 1.0], [0.5, 0.5]],
            }
        },
        [[-0.325 + 0.1, 0.375 - 0.1], [-0.005, 0.01 - 0.15]],
    ),
    # averages of v above -70.6 mV, in mV: (10, 20) of tau_plus, (5, -1) of tau_minus; v above -45.3 mV: (15.3, -4.7)
    # row 1: 0.1 (0.5, 1) 15.3 * 10 - 0.2 (2, 1) 5 = (7.65, 15.3) - (2, 1), rates averaged over two samples
    # row 2: 0, as v is too low, and 0, as its average is
    "clopath": (
        {"A_LTD": 0.2 / mV, "A_LTP": 0.1 / mV**2},
        {
            "post_v": [[-0.03, -0.05], [-0.03, -0.05]],
            "state": {
                "mean(pre, tau_x)": [0.5, 1.0],
                "mean(post.v, tau_plus)": [-0.0606, -0.0506],
                "mean(post.v, tau_minus)": [-0.0656, -0.0716],
            },
        },
        [[5.65, 14.3], [0.0, 0.0]],
    ),
    "triplet_nearest": (
        {"A2_plus": 0.1, "A3_plus": 0.2, "A2_minus": 0.3, "A3_minus": 0.4},
        {
            "state": {
                "nearest(pre, tau_plus)": [0.5, 1.0],
                "nearest(pre, tau_x)": [1.0, 2.0],
                "nearest(post, tau_minus)": [2.0, 3.0],
                "nearest(post, tau_y)": [1.0, 0.5],
            }
        },
        [[-2.575, -1.75], [-4.2, -3.3]],
    ),
    # 2 rho_0 tau = 2 * 3 * 0.02 = 0.12
    # row 1: 0.1 ((0.75, 1.5) + 1.88 (2, 1)) = 0.1 (4.51, 3.38)     row 2: 0.1 * 2.88 (2, 1)
    "vogels_inhibitory": (
        {"eta": 0.1},
        {"state": {"trace(pre, tau)": [0.5, 1.0], "trace(post, tau)": [2.0, 3.0]}},
        [[0.451, 0.338], [0.576, 0.288]],
    ),
    # mean dopamine 2, times the eligibility
    "reward_stdp": (
        {},
        {
            "state": {
                "trace(pre, tau_plus)": [0.5, 1.0],
                "trace(post, tau_minus)": [2.0, 3.0],
                "e": [[1.0, 2.0], [3.0, -1.0]],
            },
            "dopamine": [1.0, 3.0],
        },
        [[2.0, 4.0], [6.0, -2.0]],
    ),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_update_worked_out_by_hand(name: str) -> None:
    parameters, changes, expected = BY_HAND[name]
    rule = rules.get(name)(**parameters)
    change = delta(rule, **changes)
    assert change.dtype == np.float64
    np.testing.assert_allclose(change, expected, rtol=0, atol=1e-15 * 50)
    total = rule.delta(**inputs(**changes), dt=1 * second if rule.is_timed else None, reduce="sum")
    np.testing.assert_allclose(total, 2 * np.array(expected), rtol=0, atol=1e-15 * 50)


def test_storkey_update_worked_out_by_hand() -> None:
    """Local fields of (1, 1, -1): h12 = 0, h21 = 0.5, h13 = 0.5, h31 = -0.5, h23 = 0.5, h32 = 0.

    Changes 12: 1 - 0.5 - 0 = 0.5; 13: -1 + 0.5 + 0.5 = 0; 23: -1 - 0 + 0.5 = -0.5.
    Those of (1, -1, 1): h12 = 0, h21 = -0.5, h13 = -0.5, h31 = 0.5, h23 = 0.5, h32 = 0.
    Changes 12: -1 + 0.5 + 0 = -0.5; 13: 1 - 0.5 + 0.5 = 1; 23: -1 - 0 - 0.5 = -1.5. The means are 0, 0.5 and -1.
    """
    w = [[0.0, 0.5, 0.0], [0.5, 0.0, -0.5], [0.0, -0.5, 0.0]]
    patterns = [[1.0, 1.0, -1.0], [1.0, -1.0, 1.0]]
    change = delta(rules.storkey(eta=0.1), w=w, pre=patterns, post=patterns)
    np.fill_diagonal(change, 0.0)
    np.testing.assert_allclose(change, [[0.0, 0.0, 0.05], [0.0, 0.0, -0.1], [0.05, -0.1, 0.0]], rtol=0, atol=1e-15)


def test_every_rule_has_an_update_worked_out_by_hand() -> None:
    assert {*BY_HAND, "storkey"} == set(NAMES)


def test_a_trace_follows_its_rate_and_acts_from_the_next_step_on() -> None:
    """Rates of 10 Hz for 20 ms: the traces are 10 * 0.02 (1 - exp(-1)) = 0.12642411176571153 after one step.

    The second step adds 0.02 (0.1 - 0.2) * 0.126... * 10 = -0.0025284822353142306.
    """
    rule = rules.stdp_pair(A_plus=0.1, A_minus=0.2)
    w, rate = np.array([[0.5]]), np.array([[10.0]])
    first, state = rule.step(w, pre=rate, post=rate, dt=0.02 * second)
    np.testing.assert_array_equal(first, [[0.5]])
    np.testing.assert_allclose(state["trace(pre, tau_plus)"], [0.12642411176571153], rtol=1e-14)
    second_, state = rule.step(first, pre=rate, post=rate, state=state, dt=0.02 * second)
    np.testing.assert_allclose(second_, [[0.5 - 0.0025284822353142306]], rtol=1e-14)
    assert state.step == 2


@pytest.mark.parametrize(
    ("pre", "post", "gains", "losses"),
    [
        ([10, 12, 30, 33], [20, 24, 40], [8, 7], [6]),  # of each volley the last one against the first of the other
        ([10, 20, 30], [20, 25], [10], [5]),  # together at 20: the post has its pre, the pre is left out
        ([20, 30], [10, 20, 26], [6], [10, 4]),  # together at 20: the pre has its post, and waits for the one at 26
    ],
)
def test_reduced_pairs_alternate(pre: list[int], post: list[int], gains: list[int], losses: list[int]) -> None:
    rule = rules.stdp_pair_nearest_reduced(A_plus=0.1, A_minus=0.2, tau_plus=10 * ms, tau_minus=30 * ms)
    trains = {side: (np.zeros(len(when), int), np.array(when)) for side, when in (("pre", pre), ("post", post))}
    one = np.zeros(1, int)
    w, _ = replay(rule, **trains, synapses=(one, one), weight=np.array([0.5]), delay=0, dt=1 * ms, duration=50)
    gain = sum(0.1 * math.exp(-lag / 10) for lag in gains)
    loss = sum(0.2 * math.exp(-lag / 30) for lag in losses)
    np.testing.assert_allclose(w, [0.5 + gain - loss], rtol=1e-12)


def test_a_synapse_at_an_end_stays_there_and_the_others_keep_their_sum() -> None:
    """w = (0, 1, 1, 2), w_max = 2: x of the free ones is 4 and 8, of mean 6; 0.1 (4 - 6) and 0.1 (8 - 6)."""
    rule = rules.hebb_subtractive(eta=0.1, w_max=2.0, bounds=(0, 2))
    one = np.array([[1.0]])
    w, _ = rule.step(np.array([[0.0, 1.0, 1.0, 2.0]]), pre=np.array([[9.0, 4.0, 8.0, 1.0]]), post=one)
    np.testing.assert_allclose(w, [[0.0, 0.8, 1.2, 2.0]], rtol=1e-15)
    w, _ = rule.step(w, pre=np.array([[9.0, 0.0, 20.0, 1.0]]), post=one)  # 0.1 * 10 each way: past both ends
    np.testing.assert_array_equal(w, [[0.0, 0.0, 2.0, 2.0]])
    again, _ = rule.step(w, pre=np.array([[1.0, 5.0, -7.0, 3.0]]), post=one)
    np.testing.assert_array_equal(again, w)


def test_bounds_of_the_paper_hold_the_weights() -> None:
    """Inhibition of Földiák's layer never turns into excitation; additive STDP stays within 0 and 1."""
    silent = np.zeros((1, 2))
    w, _ = rules.foldiak(alpha=10.0, p=0.5).step(np.array([[-1.0, -9.0]]), pre=silent, post=silent[:, :1])
    np.testing.assert_array_equal(w, [[0.0, -6.5]])  # + 10 * 0.25
    state = RuleState({"trace(pre, tau_plus)": np.array([9.0]), "trace(post, tau_minus)": np.array([9.0])})
    only_post = {"pre": np.zeros((1, 1)), "post": np.ones((1, 1)), "state": state, "dt": 1 * second}
    only_pre = {"pre": np.ones((1, 1)), "post": np.zeros((1, 1)), "state": state, "dt": 1 * second}
    rule = rules.stdp_pair(A_plus=1.0, A_minus=1.0)
    assert rule.step(np.array([[0.5]]), **only_post)[0] == 1.0
    assert rule.step(np.array([[0.5]]), **only_pre)[0] == 0.0
