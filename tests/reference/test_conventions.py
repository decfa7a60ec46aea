"""The conventions for spike trains, one test each, on the definition; those for rates are in `test_rates.py` beside."""

from __future__ import annotations

from math import exp
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cofire import DivergenceError, Rule, compiler, rules
from cofire.backends.reference.spikes import replay

DT = 1.0


def run(
    rule: Rule, pre: Any, post: Any, *, steps: int = 100, weight: float = 0.5, delay: int = 0, **signals: Any
) -> float:
    """The weight of one synapse after spikes at the given steps, a step being one unit of time."""
    w, _ = replay(
        rule,
        compiler.lower(rule),
        pre=([0] * len(pre), list(pre)),
        post=([0] * len(post), list(post)),
        synapses=([0], [0]),
        weight=weight,
        delay=delay,
        dt=DT,
        steps=steps,
        signals=signals,
    )
    return float(w[0])


PAIR = "dw/dt = A_plus * trace(pre, tau_plus) * post - A_minus * trace(post, tau_minus) * pre"
pair = Rule(PAIR, A_plus=0.1, A_minus=0.2, tau_plus=20.0, tau_minus=30.0)


@pytest.mark.parametrize("lag", [1, 5, 20, 60])
def test_an_isolated_pair_follows_the_window_to_machine_precision(lag: int) -> None:
    assert run(pair, [10], [10 + lag]) == pytest.approx(0.5 + 0.1 * exp(-lag / 20), abs=1e-15)
    assert run(pair, [10 + lag], [10]) == pytest.approx(0.5 - 0.2 * exp(-lag / 30), abs=1e-15)


def test_a_trace_does_not_contain_the_spike_that_reads_it() -> None:
    own = Rule("dw/dt = trace(pre, tau) * pre", tau=20.0)
    assert run(own, [10], []) == 0.5
    assert run(own, [10, 14], []) == pytest.approx(0.5 + exp(-4 / 20), abs=1e-15)


def test_in_one_step_each_sees_the_other_without_its_spike() -> None:
    assert run(pair, [10], [10]) == 0.5


def test_a_product_of_both_spikes_acts_when_they_meet() -> None:
    hebb = rules.hebb(eta=0.25)
    assert run(hebb, [10, 20], [10, 21]) == 0.75


def test_spikes_of_a_trace_add_and_of_nearest_replace() -> None:
    added = Rule("dw/dt = trace(pre, tau) * post", tau=20.0)
    nearest = Rule("dw/dt = nearest(pre, tau) * post", tau=20.0)
    assert run(added, [6, 8], [10]) == pytest.approx(0.5 + exp(-2 / 20) + exp(-4 / 20), abs=1e-15)
    assert run(nearest, [6, 8], [10]) == pytest.approx(0.5 + exp(-2 / 20), abs=1e-15)


def test_mean_is_the_trace_over_its_time_constant() -> None:
    mean = Rule("dw/dt = mean(pre, tau) * post", tau=20.0)
    trace = Rule("dw/dt = trace(pre, tau) / tau * post", tau=20.0)
    assert run(mean, [3, 6], [10]) == pytest.approx(run(trace, [3, 6], [10]), abs=1e-15)


def test_clipping_comes_after_all_terms_of_an_event() -> None:
    both = Rule("dw/dt = up * pre - down * pre", up=0.9, down=0.7, bounds=(0, 1))
    assert run(both, [10], [], weight=0.5) == pytest.approx(0.7)
    assert run(both.with_(up=3.0), [10], [], weight=0.5) == 1.0


def test_normalisation_comes_before_clipping() -> None:
    rule = Rule("dw/dt = eta * pre", eta=1.0, normalize="l1", bounds=(0, 0.4))
    assert run(rule, [10], []) == 0.4


@pytest.mark.parametrize("delay", [0, 1, 7])
def test_the_delay_is_axonal(delay: int) -> None:
    assert run(pair, [10], [20], delay=delay) == pytest.approx(0.5 + 0.1 * exp(-(10 - delay) / 20), abs=1e-15)


def test_a_spike_still_on_its_way_at_the_end_does_nothing() -> None:
    assert run(Rule("dw/dt = eta * pre", eta=1.0), [95], [], delay=5) == 0.5
    assert run(Rule("dw/dt = eta * pre", eta=1.0), [95], [], delay=4) == 1.5


def test_decay_is_exact_not_an_euler_step() -> None:
    decay = Rule("dw/dt = eta * pre * post - w / tau_w", eta=0.1, tau_w=50.0)
    assert run(decay, [], [], steps=100) == pytest.approx(0.5 * exp(-2.0), rel=1e-11)


@pytest.mark.parametrize("text", ["dw/dt = w**3 + pre", "dw/dt = e * pre\nde/dt = post + e**3"])
def test_a_solver_that_gives_up_is_no_result(text: str) -> None:
    with pytest.raises(DivergenceError, match="left the range of numbers: lower the learning rate"):
        run(Rule(text), [1, 2, 3], [1, 2, 3], weight=3.0)


def test_a_product_of_traces_between_events_is_integrated_exactly() -> None:
    rule = Rule("dw/dt = trace(pre, tau_a) * trace(post, tau_b)", tau_a=20.0, tau_b=30.0)
    rate = 1 / 20 + 1 / 30
    wanted = exp(-6 / 20) * (1 - exp(-rate * 74)) / rate
    assert run(rule, [20], [26]) == pytest.approx(0.5 + wanted, rel=1e-10)


def test_an_eligibility_waits_for_its_signal() -> None:
    rule = Rule(
        "dw/dt = reward * e\nde/dt = -e / tau_e + trace(pre, tau) * post", tau_e=50.0, tau=20.0, signals="reward"
    )
    reward = np.zeros(100)
    assert run(rule, [10], [15], reward=reward) == 0.5
    reward[40] = 2.0
    eligible = exp(-5 / 20) * exp(-25 / 50)
    assert run(rule, [10], [15], reward=reward) == pytest.approx(
        0.5 + 2 * eligible * 50 * (1 - exp(-1 / 50)), rel=1e-10
    )


def test_a_variable_of_the_cell_is_read_at_the_event() -> None:
    rule = Rule("dw/dt = post.v * pre")
    assert run(rule, [10], [], post_v=np.arange(100.0)[:, None]) == 10.5


def test_sums_run_over_the_synapses_of_the_cell() -> None:
    rule = Rule("dw/dt = pre * sum_pre(w)")
    w, _ = replay(
        rule,
        compiler.lower(rule),
        pre=([0], [3]),
        post=([], []),
        synapses=([0, 1, 0], [0, 0, 1]),
        weight=[1.0, 2.0, 4.0],
        delay=0,
        dt=DT,
        steps=5,
    )
    np.testing.assert_array_equal(w, [4.0, 2.0, 8.0])


@settings(max_examples=25)
@given(
    pre=st.sets(st.integers(0, 59), max_size=8),
    post=st.sets(st.integers(0, 59), max_size=8),
    shift=st.integers(0, 30),
)
def test_shifting_both_trains_changes_nothing(pre: set[int], post: set[int], shift: int) -> None:
    later = run(pair, [n + shift for n in pre], [n + shift for n in post])
    assert later == pytest.approx(run(pair, pre, post), abs=1e-12)


@settings(max_examples=25)
@given(pre=st.sets(st.integers(0, 59), max_size=6), post=st.sets(st.integers(0, 59), max_size=6))
def test_all_to_all_pairs_add_up(pre: set[int], post: set[int]) -> None:
    """The additive rule is the sum of the window over every pair of spikes."""
    total = sum(0.1 * exp(-(b - a) / 20) for a in pre for b in post if b > a)
    total -= sum(0.2 * exp(-(a - b) / 30) for a in pre for b in post if a > b)
    assert run(pair, pre, post) == pytest.approx(0.5 + total, abs=1e-12)
