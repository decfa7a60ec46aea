"""Thresholds that a decaying quantity crosses between events: found, named in the plan, and crossed exactly."""

from __future__ import annotations

import numpy as np
import pytest

from cofire import Rule, compiler, protocols, rules
from cofire.backends.numba.spikes import source_of
from cofire.language import parse_expression
from cofire.language.text import to_text
from cofire.language.tree import Name, Weight
from cofire.lowering.crossings import with_gates
from cofire.units import Hz, ms, second

C = Name("c")
NUMBERS = {"a": 1.0, "theta": 1.0, "tau_c": 20 * ms}


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("step(c - theta)", "theta"),
        ("a * step(theta * 2 - c)", "theta * 2"),
        ("step(c - w)", None),
        ("step(c * 2 - theta)", None),
        ("step(w - theta)", None),
    ],
)
def test_a_gate_is_a_step_of_what_decays_less_a_level_that_does_not_move(text: str, level: str | None) -> None:
    node = parse_expression(text)
    plain, gates = with_gates(node, {C}, {C, Weight()})
    if level is None:
        assert gates == ()
        assert plain == node
    else:
        assert [to_text(gate.level) for gate in gates] == [level]
        assert gates[0].quantity == C


def test_equal_steps_are_one_gate() -> None:
    _, gates = with_gates(parse_expression("step(c - a) * w - step(c - a) + step(c - b)"), {C}, {C, Weight()})
    assert len(gates) == 2


@pytest.mark.parametrize(
    ("drift", "seconds"),
    [
        ("step(c - theta)", 0.02 * np.log(3)),  # from 3 down to 1
        ("step(c - theta) * step(2 * theta - c)", 0.02 * np.log(2)),
    ],
)
def test_a_threshold_is_crossed_between_steps_exactly(drift: str, seconds: float) -> None:
    """Calcium jumps to 3 and decays with 20 ms, in steps of 5 ms, none of which is at the crossing."""
    rule = Rule(f"dw/dt = a * {drift}\ndc/dt = -c / tau_c + size * pre", size=3.0, **NUMBERS)
    one = {"pre": ([0], [0]), "post": ([], []), "synapses": ([0], [0]), "weight": 0.0, "dt": 5 * ms}
    w, _ = protocols.replay(rule, duration=1 * second, **one)
    assert "stepped by the clock" not in str(rule.explain())
    assert "while begin < time" in source_of(rule, compiler.lower(rule))
    np.testing.assert_allclose(w, seconds, rtol=1e-9, atol=1e-12)


def test_a_level_of_exactly_the_jump_is_left_at_once() -> None:
    rule = Rule("dw/dt = a * step(c - theta)\ndc/dt = -c / tau_c + size * pre", size=1.0, **NUMBERS)
    one = {"pre": ([0], [0]), "post": ([], []), "synapses": ([0], [0]), "weight": 0.0, "dt": 5 * ms}
    np.testing.assert_allclose(protocols.replay(rule, duration=20, **one)[0], 0.0, atol=1e-12)


def test_what_depends_on_itself_alone_is_integrated_to_the_next_event() -> None:
    """dw/dt = -w² / τ has the solution  w / (1 + w t / τ)."""
    rule = Rule("dw/dt = -w**2 / tau + a * pre", tau=0.1 * second, a=1.0)
    one = {"pre": ([0], [10]), "post": ([], []), "synapses": ([0], [0]), "weight": 0.0, "dt": 10 * ms}
    w, _ = protocols.replay(rule, duration=110, **one)
    np.testing.assert_allclose(w, 1 / (1 + 1.0 / 0.1), rtol=1e-10)
    assert "integrated to 1e-12, applied at the next event" in str(rule.explain())


def test_calcium_rests_where_its_paper_says() -> None:
    """Held above both thresholds it is drawn to γ_p / (γ_p + γ_d); at rest it goes to the nearest stable state."""
    rule = rules.calcium()
    trains = protocols.pairing(lag=5 * ms, frequency=100 * Hz, repeats=400, dt=1 * ms)
    w = trains.play(rule, weight=[0.0, 1.0])
    np.testing.assert_allclose(w, 321.808 / 521.808, atol=2e-3)
    quiet = protocols.pairing(lag=5 * ms, repeats=1, rest=299 * second, dt=50 * ms)
    alone = quiet.play(rule.with_(C_pre=0.0, C_post=0.0), weight=[0.45, 0.55])
    away = 0.5 / np.sqrt(1 + 99 * np.exp(-300 / (2 * 150)))  # of x' = x (1/4 - x²) / τ from .05
    np.testing.assert_allclose(alone, [0.5 - away, 0.5 + away], rtol=1e-9)
