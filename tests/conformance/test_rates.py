"""Every catalogue rule and any random rule, on every array library, against the reference."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cofire import CofireError, Rule, rules
from cofire.language.algebra import arithmetic
from cofire.language.text import to_text
from cofire.language.tree import Binary, Call, Cell, Expr, Number, walk
from conformance.backends import LIBRARIES, Library, installed
from conformance.samples import Sample, duration_of, make_sample, reference_steps
from strategies import expressions

USES_NEAREST = "nearest(s, tau) is defined for spikes only; that rates refuse it is tested below"


@pytest.fixture(scope="module", params=LIBRARIES, ids=lambda library: library.name)
def library(request: pytest.FixtureRequest) -> Library:
    installed(request.param)
    return request.param


def array_steps(
    rule: Rule, sample: Sample, library: Library, *, in_place: bool = False, **options: Any
) -> tuple[Any, Any]:
    w, state = library.into(sample.w), None
    for pre, post, signals in zip(sample.pre, sample.post, sample.signals, strict=True):
        given = {name: library.into(array) for name, array in signals.items()}
        out = w if in_place else None
        w, state = rule.step(
            w,
            pre=library.into(pre),
            post=library.into(post),
            state=state,
            out=out,
            dt=duration_of(rule),
            **given,
            **options,
        )
    return w, state


def assert_same(rule: Rule, sample: Sample, library: Library, tolerance: float, **options: Any) -> None:
    wanted, wanted_state = reference_steps(rule, sample, options.get("reduce", "mean"))
    w, state = array_steps(rule, sample, library, **options)
    scale = max(1.0, float(np.abs(wanted).max()))
    np.testing.assert_allclose(library.back(w), wanted, rtol=0, atol=tolerance * scale)
    assert set(state) == set(wanted_state)
    for key, array in state.items():
        got = library.back(array)
        kept = np.asarray(wanted_state[key]).reshape(got.shape)
        np.testing.assert_allclose(got, kept, rtol=0, atol=tolerance * max(1.0, float(np.abs(kept).max(initial=0))))


def catalogue() -> list[Any]:
    params = []
    for name in rules.names():
        nearest = any(
            isinstance(n, Call) and n.function == "nearest"
            for _, e in rules.get(name)().equations.items()
            for n in walk(e)
        )
        marks = [pytest.mark.skip(reason=USES_NEAREST)] if nearest else []
        params.append(pytest.param(name, marks=marks))
    return params


@pytest.mark.parametrize("reduce", ["mean", "sum"])
@pytest.mark.parametrize("name", catalogue())
def test_catalogue_rule(name: str, reduce: str, library: Library) -> None:
    rule = rules.get(name)()
    assert_same(rule, make_sample(rule, seed=1), library, 1e-12, reduce=reduce)


@pytest.mark.parametrize("name", catalogue())
def test_in_place_is_the_same(name: str, library: Library) -> None:
    if library.name == "jax":
        pytest.skip("JAX arrays cannot be changed; that out= is refused is tested with the inputs")
    rule = rules.get(name)()
    assert_same(rule, make_sample(rule, seed=2), library, 1e-12, in_place=True)


@pytest.mark.parametrize("name", catalogue())
def test_float32_stays_float32(name: str, library: Library) -> None:
    rule = rules.get(name)()
    sample = make_sample(rule, seed=3)

    def narrow(array: np.ndarray) -> Any:
        return library.into(array.astype(np.float32))

    w, state = array_steps(rule, sample, Library(library.name, narrow, library.back))
    wanted, _ = reference_steps(rule, sample)
    assert library.back(w).dtype == np.float32
    assert all(library.back(array).dtype == np.float32 for array in state.values())
    np.testing.assert_allclose(library.back(w), wanted, rtol=2e-5, atol=2e-5)


@contextmanager
def in_pieces_of_one() -> Iterator[None]:
    """Rows and samples one by one, where usually so many are taken at once that small arrays are one piece."""
    from cofire.backends.arrays import blocks, products

    with pytest.MonkeyPatch.context() as patch:
        for name in ("BLOCK", "PANEL"):
            patch.setattr(blocks, name, 1)
        patch.setattr(products, "ordered_rows", lambda _: 1)
        yield


def test_blocks_make_no_difference(library: Library) -> None:
    text = (
        "dw/dt = eta * post * reconstruct_ordered(post) + eta * abs(pre - w) * post + exp(-w) * mean(pre, tau) * post"
    )
    for rule in (
        Rule(text, eta=0.1, tau=5.0, bounds=(0, 2), normalize="l2"),
        rules.get("sanger")(),
        rules.get("krotov_hopfield")(),
    ):
        with in_pieces_of_one():
            assert_same(rule, make_sample(rule, seed=4), library, 1e-12)
            if library.name != "jax":
                assert_same(rule, make_sample(rule, seed=4), library, 1e-12, in_place=True)


def test_rows_written_early_are_not_read_by_later_ones(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """In place, a window of rows at a time, where each row needs the old values of those above it."""
    from cofire.backends.arrays import blocks

    if library.name == "jax":
        pytest.skip("JAX arrays cannot be changed; that out= is refused is tested with the inputs")
    monkeypatch.setattr(blocks, "BLOCK", 1)
    rule = Rule("dw/dt = eta * w * post * reconstruct_ordered(post) + eta * abs(w - sum_post(w * post)) * pre", eta=0.1)
    assert_same(rule, make_sample(rule, seed=4), library, 1e-12, in_place=True)


TAME = st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.0]).map(Number)


def tame(**options: Any) -> st.SearchStrategy[Expr]:
    return expressions(
        ("eta", "theta", "reward", "e"),
        cells=(Cell("pre"), Cell("post"), Cell("post", "v"), Cell("pre", "u"), Cell("post", "drive")),
        numbers=TAME,
        exponents=st.sampled_from([Number(2.0), Number(3.0), Number(0.5)]),
        filters=("trace", "mean"),
        **options,
    )


@settings(max_examples=300)
@given(
    weight=tame(),
    variable=tame(max_depth=3),
    bounds=st.sampled_from([None, (0.0, 0.9)]),
    norm=st.sampled_from([None, "l1", "l2"]),
)
def test_random_rule(weight: Expr, variable: Expr, bounds: Any, norm: Any) -> None:
    check_random_rule(weight, variable, bounds, norm, LIBRARIES[0])


@settings(max_examples=150)
@given(weight=tame(), variable=tame(max_depth=3), bounds=st.sampled_from([None, (0.0, 0.9)]))
def test_random_rule_row_by_row_in_place(weight: Expr, variable: Expr, bounds: Any) -> None:
    with in_pieces_of_one():
        check_random_rule(weight, variable, bounds, None, LIBRARIES[0], in_place=True)


@settings(max_examples=40)
@given(weight=tame(), variable=tame(max_depth=2))
def test_random_rule_on_other_libraries(library: Library, weight: Expr, variable: Expr) -> None:
    check_random_rule(weight, variable, None, None, library)


def check_random_rule(weight: Expr, variable: Expr, bounds: Any, norm: Any, library: Library, **options: Any) -> None:
    # a written zero below the line: whether it is 0 or -0 decides the sign of what is infinite
    parts = [*walk(weight), *walk(variable)]
    assume(not any(isinstance(p, Binary) and p.operator == "/" and arithmetic(p.right, {}) == 0.0 for p in parts))
    text = f"dw/dt = {to_text(weight)} + 0 * e\nde/dt = {to_text(variable)} - e / tau"
    used = {
        name: value for name, value in {"eta": 0.3, "theta": 0.4, "tau": 7.0, "tau_plus": 3.0}.items() if name in text
    }
    rule = Rule(
        text, bounds=bounds, normalize=norm, signals=("reward",) if "reward" in text else (), **only_used(text, used)
    )
    sample = make_sample(rule, seed=5)
    wanted, state = reference_steps(Rule(text, signals=rule.signals, **rule.parameters), sample)
    # What overflows is refused by one and infinite in the other; what is huge loses its digits to cancellation.
    assume(all(np.isfinite(a).all() and np.abs(a).max(initial=0) < 1e6 for a in (wanted, *state.values())))
    assume(np.isfinite(reference_steps(rule, sample)[0]).all())
    try:
        assert_same(rule, sample, library, 1e-8, **options)
    except CofireError as error:
        # A literal 1 / 0; and what only the weights as bounds or norm leave them make infinite.
        assume("not a finite number" not in str(error) and not (bounds or norm))
        raise


def only_used(text: str, values: dict[str, float]) -> dict[str, float]:
    from cofire.language import parse
    from cofire.language.algebra import names

    found = {name for _, expression in parse(text).items() for name in names(expression)}
    return {name: value for name, value in values.items() if name in found}


@pytest.mark.parametrize(
    "text",
    [
        "dw/dt = trace(reward, tau) * pre * post",
        "dw/dt = trace(reward, tau) * w + mean(reward, tau) * reward",
        "dw/dt = eta * sum_pre(1) * pre * post - sum_post(0.5) * w",
        "dw/dt = e\nde/dt = pre * post - sum_post(eta) * e",
        "dw/dt = eta * reward * (pre - reward) * (post - reward)",
        "dw/dt = eta * reconstruct_ordered(post) - eta * post * reconstruct_ordered(post * reward)",
        "dw/dt = sum_pre(w) * sum_post(w) * eta + sum_post(w * sum_pre(w * pre))",
        "dw/dt = eta * exp(-abs(pre - w)) * post + (pre - post)**3",
        "dw/dt = (post + eta) * post.v * pre + (post + eta * post.v) * pre.u",
        "dw/dt = trace(pre * post, tau) + trace(trace(pre, tau), tau) * post + trace(mean(post, tau) * pre, tau)",
        "dw/dt = trace(-pre / eta, tau) * mean(1 * post - 0, tau) + mean(trace(post - post, tau) * pre, 2 * tau)",
        "dw/dt = mean(sum_post(post.v - eta), tau) * pre + trace(sum_pre(2), tau) * w",
        "dw/dt = eta * post * (pre - mean(reconstruct_ordered(post), tau))",
    ],
)
def test_what_belongs_to_no_cell_or_to_all(text: str, library: Library) -> None:
    values = only_used(text, {"eta": 0.3, "tau": 7.0})
    rule = Rule(text, signals=("reward",) if "reward" in text else (), **values)
    assert_same(rule, make_sample(rule, seed=6), library, 1e-12)


def test_nearest_needs_spikes() -> None:
    rule = Rule("dw/dt = nearest(pre, tau) * post", tau=20.0)
    with pytest.raises(CofireError, match="nearest"):
        rule.step(np.ones((1, 1)), pre=np.ones((1, 1)), post=np.ones((1, 1)))
