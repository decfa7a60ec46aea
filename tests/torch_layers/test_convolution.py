"""A convolution learns as the dense layer whose samples are its patches, by the reference: any rule, any geometry."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cofire import CofireError, DivergenceError, LanguageError, Rule, activations, rules
from cofire.language.text import to_text
from cofire.language.tree import POST, PRE, Call, Cell, Expr, Number, walk
from cofire.units import ms
from strategies import expressions

torch = pytest.importorskip("torch", reason="torch is not installed")

from cofire.torch import plastic  # noqa: E402
from torch_layers.samples import Shape, make_convolution, reference_steps, shapes, signals_of  # noqa: E402

PLAIN = Shape(2, 2, 2, 3, (6, 5), (3, 2), (2, 1), (1, 2), (1, 1), "zeros")
NARROW = Shape(3, 1, 2, 3, (5,), (3,), (1,), (1,), (1,), "zeros")

NEAREST = {
    name
    for name in rules.names()
    if any(
        isinstance(node, Call) and node.function == "nearest"
        for _, expression in rules.get(name)().equations.items()
        for node in walk(expression)
    )
}


def assert_learns_as_the_reference(rule: Rule, shape: Shape, seed: int, activation: Any = None) -> None:
    """Weights and state after two steps, relative to how far they went."""
    dt = 1 * ms if rule.is_timed else None
    module, x = make_convolution(shape, seed)
    x = x * 100 if rule.is_timed else x  # Hz
    start, output = module.weight.detach().numpy().copy(), module(x)
    signals = signals_of(rule, x, output, seed)
    wanted, wanted_state = reference_steps(rule, module, x, signals, activation, dt, 2)
    layer = plastic(module, rule, activation=activation, dt=dt)
    if not np.isfinite(wanted).all():  # a patch of padding only, which `competitive` cannot normalise
        with pytest.raises(DivergenceError, match="has no value here"):
            layer(x, **signals)
        return
    for _ in range(2):
        layer(x, **signals)
    start, got = start.reshape(wanted.shape), module.weight.numpy().reshape(wanted.shape)
    largest = max(float(np.abs(wanted).max()), 1.0)
    far = float(np.abs(wanted - start).max())
    np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-9 * far + 4e-16 * largest)
    buffers = dict(layer.named_buffers())
    assert buffers.pop("steps") == 2
    assert set(buffers) == {key.replace(".", "_") for key in wanted_state}
    for state in layer.plan.states:
        kept, found = wanted_state[state.key], buffers[state.key.replace(".", "_")].numpy()
        sizes = (wanted.shape[i] if axis in state.axes else 1 for i, axis in enumerate(("group", "post", "pre")) if i)
        found = np.broadcast_to(found.reshape(wanted.shape[0], *sizes), kept.shape)
        np.testing.assert_allclose(found, kept, rtol=0, atol=1e-10 * float(np.abs(kept).max()))


@pytest.mark.parametrize("name", sorted(set(rules.names()) - NEAREST))
def test_catalogue_rule(name: str) -> None:
    assert_learns_as_the_reference(rules.get(name)(), PLAIN, seed=1)


@pytest.mark.filterwarnings("ignore:Using padding='same':UserWarning")  # torch's, of its own speed
@settings(max_examples=25)
@given(shape=shapes(), name=st.sampled_from(sorted(set(rules.names()) - NEAREST)), seed=st.integers(0, 99))
def test_any_geometry(shape: Shape, name: str, seed: int) -> None:
    assert_learns_as_the_reference(rules.get(name)(), shape, seed)


WRITTEN = {
    "pixels, places and positions": "dw/dt = a * (tanh(pre) + w * mean(pre, tau) - sum_pre(pre)) * (post - 0.5)",
    "a filter of a sum": "dw/dt = a * pre * post - a * mean(sum_pre(w * pre), tau) * w + mean(sum_post(post), tau)",
    "a filter of what is rebuilt": "dw/dt = a * pre * post - a * mean(reconstruct(post), tau) * post",
    "a filter of what is rebuilt in order": "dw/dt = a * post * (pre - mean(reconstruct_ordered(-post / 1), tau))",
    "sums of weights": "dw/dt = a * (pre - w * sum_pre(w**2) - sum_post(w) * pre + sum_pre(sum_post(w))) * post",
    "what is rebuilt, scaled": "dw/dt = a * w * post * (2 - reconstruct(tanh(post))) * sum_post(post) / sum_pre(pre)",
    "ordered, of a function": "dw/dt = a * (1 - reconstruct_ordered(post**2)) * tanh(post)",
    "only numbers": "dw/dt = a",
    "only inputs": "dw/dt = a * pre**2 + a * sum_post(2 * post)",
    "a variable of the synapse": "dw/dt = reward * e\nde/dt = -e / tau + pre * post + a * sum_pre(e) * reconstruct(e)",
    "modulators on either side": "dw/dt = a * reward * pre + (reward - a) * (reward + post)",
    "another variable of the presynaptic cell": "dw/dt = a * pre.v * post + a * sum_pre(pre.v * w) * pre",
    "what a patch has in all, without post": "dw/dt = a * pre / sum_pre(pre) + a * tanh(pre) * (w - sum_pre(pre))",
    "exp of nothing is one, also beyond the edge": "dw/dt = a * exp(pre) * post",
}


@pytest.mark.parametrize("purpose", WRITTEN)
def test_written_rule(purpose: str) -> None:
    text = WRITTEN[purpose]
    values = {name: value for name, value in {"a": 0.05, "tau": 3.0}.items() if name in text}
    rule = Rule(text, signals="reward" if "reward" in text else (), **values)
    assert_learns_as_the_reference(rule, PLAIN, seed=2)


TAME = {"functions": ("tanh", "relu"), "operators": ("+", "-", "*"), "numbers": st.sampled_from([Number(0.5)])}
CELLS = (PRE, POST, Cell("post", "drive"), Cell("pre", "v"))


@settings(max_examples=40)
@given(
    expressions(("a", "reward", "e"), taus=("tau",), cells=CELLS, filters=("mean", "trace"), max_depth=4, **TAME),
    expressions(("a",), taus=("tau",), cells=(PRE, POST), filters=("mean",), max_depth=2, **TAME),
)
def test_random_rule_learns_as_the_reference_or_is_refused(weight: Expr, variable: Expr) -> None:
    used = "0 * a * reward * e * mean(pre, tau)"
    text = f"dw/dt = 0.001 * ({to_text(weight)}) + {used}\nde/dt = 0.01 * ({to_text(variable)}) - e / tau"
    rule = Rule(text, signals="reward", a=0.3, tau=2.0)
    module, _ = make_convolution(NARROW, 3)
    try:
        plastic(module, rule)
    except LanguageError:
        return  # what may be refused is tested below
    assert_learns_as_the_reference(rule, NARROW, seed=3)


@pytest.mark.parametrize("text", ["dw/dt = tanh(w) - tanh(w)", "dw/dt = post * (w - w) + 2", "dw/dt = pre - pre"])
def test_what_cancels(text: str) -> None:
    assert_learns_as_the_reference(Rule(text), NARROW, seed=3)


@pytest.mark.parametrize(
    "activation",
    [activations.hard, partial(activations.soft, temperature=3.0), partial(activations.ranked, rank=2, depression=0.4)],
)
def test_groups_compete_each_for_itself(activation: Any) -> None:
    assert_learns_as_the_reference(rules.soft_hebb(), PLAIN, seed=4, activation=activation)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("dw/dt = abs(pre - w) * post", "abs(pre - w)"),
        ("dw/dt = tanh(pre - mean(pre, 3)) * post", "tanh(pre - mean(pre, 3))"),
        ("dw/dt = pre * reconstruct(post) * post", "sum_post(w * post)"),
        ("dw/dt = post * tanh(reconstruct(post))", "tanh(sum_post(w * post))"),
        ("dw/dt = post * reconstruct(post)**2", "sum_post(w * post)"),
        ("dw/dt = post * pre * sum_pre(abs(pre - w))", "sum_pre(abs(pre - w))"),
        ("dw/dt = post * sum_pre(reconstruct(post) * pre)", "sum_pre(sum_post(w * post) * pre)"),
        ("dw/dt = e\nde/dt = max(pre, post) - e", "max(pre, post)"),
        ("dw/dt = pre * mean(max(pre, post), 3)", "max(pre, post)"),
    ],
)
def test_what_does_not_separate_is_refused_by_name(text: str, named: str) -> None:
    module, _ = make_convolution(PLAIN, 1)
    before = module.weight.clone()
    with pytest.raises(LanguageError, match="does not separate in a convolution") as caught:
        plastic(module, Rule(text))
    assert named in str(caught.value)
    assert torch.equal(module.weight, before)
    assert module.weight.requires_grad


def test_pieces_of_the_batch_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    from cofire.torch import layer

    monkeypatch.setattr(layer, "PIECE", 1)
    assert_learns_as_the_reference(rules.sanger(), PLAIN, seed=5)
    assert_learns_as_the_reference(rules.bcm(), PLAIN, seed=5)


def test_memory_never_holds_the_patches_of_the_batch() -> None:
    """The largest block that torch asks for in a step, beside what the patches would take."""
    module = torch.nn.Conv2d(8, 4, 7, padding=3)
    layer = plastic(module, rules.oja(eta=1e-6))
    x = torch.rand(8, 8, 48, 48)
    layer(x)
    with torch.profiler.profile(profile_memory=True) as profiled:
        layer(x)
    largest = max(event.self_cpu_memory_usage for event in profiled.events())
    assert 0 < largest < x.numel() * 49 * 4 / 8


def test_a_number_that_is_not_finite_is_named() -> None:
    module, x = make_convolution(PLAIN, 1)
    before = module.weight.detach().clone()
    layer = plastic(module, rules.oja())
    x[1, 2, 3, 4] = float("nan")
    with pytest.raises(CofireError, match=r"the input has shape .* 1 value"):
        layer(x)
    layer = plastic(module, Rule("dw/dt = post / sum_pre(pre)"))
    with pytest.raises(CofireError, match="has no value here"):
        layer(torch.zeros_like(x))
    assert torch.equal(module.weight, before)
    assert layer.steps == 0
