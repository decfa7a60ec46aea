"""What a user can hand in by mistake: an error naming the array, or the right answer; never silence."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from cofire import ArrayError, CofireError, DimensionError, DivergenceError, ParameterError, Rule, rules
from cofire.units import Hz, ms, mV

RULE = rules.oja(eta=0.1)


def arguments(**changes: Any) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    given = {"w": rng.random((2, 3)), "pre": rng.random((4, 3)), "post": rng.random((4, 2))}
    return given | changes


def spoilt(shape: tuple[int, ...], value: float) -> np.ndarray:
    array = np.ones(shape)
    array[1, 1] = value
    return array


REFUSED = {
    "NaN in w": (
        {"w": spoilt((2, 3), np.nan)},
        r"w has shape \(2, 3\) and 1 value\(s\) that are NaN or infinite, the first at \[1, 1\]",
    ),
    "infinity in pre": ({"pre": spoilt((4, 3), np.inf)}, r"pre has shape \(4, 3\) and 1 value"),
    "NaN in post": ({"post": spoilt((4, 2), np.nan)}, r"post .* learning diverged at this step .*normalize='l2'"),
    "wrong pre": ({"pre": np.ones((4, 5))}, r"pre has shape \(4, 5\); expected \[batch, 3\], since w has 3 columns"),
    "wrong post": ({"post": np.ones((4, 5))}, r"post has shape \(4, 5\); expected \[batch, 2\], since w has 2 rows"),
    "another batch": ({"post": np.ones((5, 2))}, r"post has 5 samples, but pre has 4"),
    "an empty batch": (
        {"pre": np.ones((0, 3)), "post": np.ones((0, 2))},
        r"pre has shape \(0, 3\): the batch is empty",
    ),
    "three axes": ({"pre": np.ones((1, 4, 3))}, r"pre has shape \(1, 4, 3\); expected \[batch, 3\]"),
    "one axis of w": ({"w": np.ones(3)}, r"w has shape \(3,\); .* give w\[None, :\]"),
    "no synapses": ({"w": np.ones((0, 3))}, r"there are no synapses"),
    "integers in w": ({"w": np.ones((2, 3), dtype=int)}, r"w has type int64; learning needs a floating-point type"),
    "complex rates": ({"pre": np.ones((4, 3), dtype=complex)}, r"pre has type complex128; it must hold real numbers"),
    "text": ({"pre": "abc"}, r"pre is str; it must be an array"),
    "a list for w": ({"w": [[1.0, 2.0, 3.0]]}, r"w is list; it must be an array \[post, pre\]"),
    "objects": ({"pre": np.full((4, 3), None)}, r"pre has type object"),
    "an unknown signal": ({"reward": 1.0}, r"no signal 'reward'; it takes only pre and post"),
    "masked rates": ({"pre": np.ma.masked_less(np.ones((4, 3)), 2)}, r"pre is a masked array"),
    "a unit in w": ({"w": 1 * mV}, r"w = 1\*mV carries a unit; give the plain number in SI units, 0\.001"),
    "a unit in pre": ({"pre": 10 * Hz}, r"pre = 10\*Hz carries a unit; give the plain number in SI units, 10"),
    "a parameter": ({"eta": 0.2}, r"eta is a parameter of the rule, not a signal; rule\.with_\(eta="),
    "no axis of w": ({"w": np.array(0.5)}, r"w has shape \(\); .* for one synapse give float\(w\)"),
    "too large for w": (
        {"w": np.ones((2, 3), np.float32), "pre": np.full((4, 3), 1e39)},
        r"pre holds numbers too large for float32, the type of w",
    ),
    "ragged lists": ({"pre": [[1.0, 2.0, 3.0], [1.0]]}, r"pre is a list whose rows differ in length"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_before_anything_is_modified(case: str) -> None:
    changes, message = REFUSED[case]
    given = arguments(**changes)
    before = np.array(given["w"], copy=True)
    out = given["w"] if isinstance(given["w"], np.ndarray) else None
    w = given.pop("w")
    with pytest.raises(ArrayError, match=message):
        RULE.step(w, out=out, **given)
    np.testing.assert_array_equal(np.array(w), before)
    with pytest.raises(ArrayError, match=message):
        RULE.delta(w, **given)


def test_missing_and_misspelt_signals() -> None:
    with pytest.raises(ArrayError, match="needs post_target="):
        rules.delta().delta(**arguments())
    with pytest.raises(ArrayError, match="no signal 'post_taget'; did you mean 'post_target'"):
        rules.delta().delta(**arguments(), post_taget=np.ones((4, 2)))
    both = Rule("dw/dt = post_target * pre * (post.target - post)", post_target=0.5)  # a parameter by the same name
    assert (both.delta(**arguments(), post_target=np.ones((4, 2))) > 0).all()
    reward = Rule("dw/dt = reward * pre * post", signals="reward")
    with pytest.raises(
        ArrayError, match=re.escape("reward has shape (3,); expected a number, or one for each of the 4")
    ):
        reward.delta(**arguments(), reward=np.ones(3))


def test_a_signal_is_a_number_or_one_a_sample() -> None:
    reward = Rule("dw/dt = reward * pre * post", signals="reward")
    given = arguments()
    each = reward.delta(**given, reward=np.array([2.0, 2, 2, 2]))
    np.testing.assert_allclose(reward.delta(**given, reward=2.0), each)
    np.testing.assert_allclose(reward.delta(**given, reward=np.array(2)), each)
    given["w"] = given["w"].astype(np.float32)
    with pytest.raises(ArrayError, match="reward holds numbers too large for float32"):
        reward.delta(**given, reward=1e39)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float16, np.float32])
def test_counts_and_truth_values_are_rates(dtype: Any) -> None:
    given = arguments(pre=np.array([[1, 0, 1]] * 4), post=np.array([[0, 1]] * 4))
    wanted = RULE.delta(**given)
    got = RULE.delta(given["w"], pre=given["pre"].astype(dtype), post=given["post"].astype(dtype))
    np.testing.assert_array_equal(got, wanted)
    assert got.dtype == np.float64


@pytest.mark.parametrize("order", ["transposed", "strided", "fortran", "reversed", "byteswapped", "read-only"])
def test_any_layout_gives_the_right_answer(order: str) -> None:
    def laid(array: np.ndarray) -> np.ndarray:
        match order:
            case "transposed":
                return np.ascontiguousarray(array.T).T
            case "strided":
                wide = np.zeros((array.shape[0] * 2, array.shape[1] * 3))
                wide[::2, ::3] = array
                return wide[::2, ::3]
            case "fortran":
                return np.asfortranarray(array)
            case "reversed":
                return np.ascontiguousarray(array[::-1, ::-1])[::-1, ::-1]
            case "byteswapped":
                return array.astype(array.dtype.newbyteorder())
        array = array.copy()
        array.setflags(write=False)
        return array

    for rule in (RULE, rules.sanger(), rules.krotov_hopfield(), Rule("dw/dt = eta * abs(pre - w) * post", eta=0.1)):
        given = arguments()
        wanted, _ = rule.step(**given)
        other = {name: laid(array) for name, array in given.items()}
        got, _ = rule.step(**other)
        np.testing.assert_allclose(got, wanted, rtol=1e-14)
        if order != "read-only":
            rule.step(**other, out=other["w"])
            np.testing.assert_allclose(other["w"], wanted, rtol=1e-14)


def test_unknown_options() -> None:
    with pytest.raises(ParameterError, match="reduce = 'max' is refused"):
        RULE.delta(**arguments(), reduce="max")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match=r"reduce = array.* is refused"):
        RULE.delta(**arguments(), reduce=np.array(["mean", "sum"]))  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="learning = 'no' is refused"):
        RULE.step(**arguments(), learning="no")  # type: ignore[arg-type]
    with pytest.raises(ArrayError, match="pre is an integer too large"):
        RULE.delta(1.0, pre=10**400, post=1.0)


@pytest.mark.parametrize("rule", [RULE, rules.krotov_hopfield()])
def test_a_nan_in_a_large_array_is_found_and_named(rule: Rule) -> None:
    w = np.ones((4000, 200))
    w[3999, 7] = np.nan
    with pytest.raises(ArrayError, match=r"w has shape \(4000, 200\) and 1 value.* the first at \[3999, 7\]"):
        rule.step(w, pre=np.ones((2, 200)), post=np.ones((2, 4000)), out=w)


@pytest.mark.parametrize(
    "text",
    [
        "dw/dt = e\nde/dt = -e / tau + w * pre * post",
        "dw/dt = e\nde/dt = -e / tau + post * reconstruct_ordered(post)",
        "dw/dt = pre * post * mean(sum_pre(w * pre), tau)",
    ],
)
def test_a_nan_in_w_is_not_blamed_on_what_is_remembered(text: str) -> None:
    with pytest.raises(ArrayError, match=r"w has shape \(2, 3\) and 1 value.* the first at \[1, 1\]"):
        Rule(text, tau=5.0).step(**arguments(w=spoilt((2, 3), np.nan)))


def test_a_formula_without_a_value_is_not_blamed_on_the_rate_alone() -> None:
    with pytest.raises(DivergenceError, match="a quotient, a root or a logarithm, has no value here"):
        Rule("dw/dt = log(w) * pre * post").step(-np.ones((1, 1)), pre=np.ones((1, 1)), post=np.ones((1, 1)))


def test_a_state_read_back_from_a_file_goes_on() -> None:
    rule, given = rules.bcm(), arguments()
    w, state = rule.step(**given)
    given["w"] = w
    wanted, _ = rule.step(**given, state=state)
    again, _ = rule.step(**given, state={key: np.array(array.tolist()) for key, array in state.items()})
    np.testing.assert_array_equal(again, wanted)


def test_out() -> None:
    given = arguments()
    w = given["w"]
    wanted, _ = RULE.step(**given)
    separate = np.empty_like(w)
    got, _ = RULE.step(**given, out=separate)
    assert got is separate
    np.testing.assert_allclose(separate, wanted)
    frozen = w.copy()
    frozen.setflags(write=False)
    for out, message in (
        (frozen, "out is read-only"),
        (np.empty((3, 2)), r"out has shape \(3, 2\)"),
        (np.empty((2, 3), np.float32), "out has .* type float32"),
        ([[0.0] * 3] * 2, "out is list"),
        (w[::-1], "out overlaps w"),
    ):
        with pytest.raises(ArrayError, match=message):
            RULE.step(**given, out=out)


def test_one_synapse_is_three_numbers() -> None:
    rule = Rule("Δw = η × x × y", η=0.1)
    assert rule.delta(0.5, pre=2.0, post=3) == pytest.approx(0.6)
    w, state = rule.step(0.5, pre=2.0, post=3.0)
    assert type(w) is float
    assert w == pytest.approx(1.1)
    assert state.step == 1
    assert rule.delta(0.5, pre=[1.0, 3.0], post=[1.0, 1.0]) == pytest.approx(0.2)
    assert rule.delta(np.float32(0.5), pre=np.ones(2, np.float32)[0], post=np.arange(4)[3]) == pytest.approx(0.3)
    counted, rate = np.ones((2, 2), int), np.full((2, 2), 3.0, np.float32)
    assert rule.delta(0.5, pre=counted[0, 0], post=rate[0, 0]) == pytest.approx(0.3)


def test_one_sample_may_leave_the_batch_out() -> None:
    given = arguments()
    one = RULE.delta(given["w"], pre=given["pre"][0], post=given["post"][0])
    np.testing.assert_array_equal(one, RULE.delta(given["w"], pre=given["pre"][:1], post=given["post"][:1]))


def test_learning_off_freezes_everything() -> None:
    rule = rules.bcm()
    given = arguments()
    w, state = rule.step(**given)
    given["w"] = w
    same, frozen = rule.step(**given, state=state, learning=False)
    assert same is w
    assert rule.step(**given, state=state, learning=np.array([False])[0])[0] is w
    assert frozen.step == state.step
    for key in state:
        np.testing.assert_array_equal(frozen[key], state[key])


@pytest.mark.parametrize(("eta", "pre", "post"), [(1e41, 0.0, 0.0), (1.0, 1e25, 1e25)])
@pytest.mark.parametrize("in_place", [False, True])
def test_what_leaves_the_range_on_the_way_is_found(eta: float, pre: float, post: float, in_place: bool) -> None:
    w = np.zeros((3, 5), np.float32)
    with pytest.raises(DivergenceError):
        Rule("dw/dt = eta * pre * post", eta=eta).step(
            w,
            pre=np.full((4, 5), pre, np.float32),
            post=np.full((4, 3), post, np.float32),
            out=w if in_place else None,
        )


@pytest.mark.parametrize(
    ("text", "eta", "w", "pre", "post", "wanted"),
    [
        ("eta * pre * post", 1e22, 0, 1e-25, 1e18, 1e15),
        ("eta * pre * post", 1e10, 0, 1e-30, 1e38, 1e18),
        ("eta * pre * post", 1e10, 0, 1e38, 1e-30, 1e18),
        ("eta * pre * post", 1e-20, 0, 1e-30, 1e38, 1e-12),
        ("eta * pre * post", 1e-20, 0, 1e38, 1e-30, 1e-12),
        ("eta * pre * post", 1e-25, 0, 1e30, 1e30, 1e35),
        ("eta * pre * post", 1e30, 0, 1e-25, 1e-25, 1e-20),
        ("eta * pre * post * (1 - w)", 1e10, 0, 1e38, 1e-30, 1e18),
        ("eta * post * (pre - reconstruct_ordered(post))", 1e-30, 1, 1, 1e20, -1e10),
        ("eta * post * (pre - reconstruct_ordered(post))", 1e-21, 1e20, 1, 1e10, -1e19),
        ("eta * post * (pre + 1e30 * reconstruct_ordered(post))", 1e-10, 1e20, 0, 1e-15, 1e10),
        ("eta * post * (pre + 1e-30 * reconstruct_ordered(post))", 1.0, 1e20, 0, 1e20, 1e30),
    ],
)
@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("shape", [(1, 2), (2, 1)])
def test_what_only_the_order_of_factors_takes_out_of_the_range(
    text: str, eta: float, w: float, pre: float, post: float, wanted: float, in_place: bool, shape: tuple[int, int]
) -> None:
    """Cells that are silent and cells as given: numbers that float32 holds, and so it does what is learned."""
    weights = np.full(shape, w, np.float32)
    given = {"pre": np.zeros((1, shape[1]), np.float32), "post": np.zeros((1, shape[0]), np.float32)}
    given["pre"][0, -1], given["post"][0, -1] = pre, post
    rule = Rule(f"dw/dt = {text}", eta=eta)
    got, _ = rule.step(weights, **given, out=weights if in_place else None)
    assert float(got[-1, -1]) == pytest.approx(w + wanted, rel=1e-5, abs=0)


@pytest.mark.parametrize("decay", [1e160, 1e300])
def test_a_huge_factor_of_the_weights_themselves(decay: float) -> None:
    rule = Rule("dw/dt = pre * post - decay * w", decay=decay)
    given = arguments(w=np.zeros((2, 3)))
    np.testing.assert_allclose(rule.step(**given)[0], rule.delta(**given))
    with pytest.raises(DivergenceError, match="left the range"):
        rule.step(**arguments(w=np.full((2, 3), 1e200)))


@pytest.mark.parametrize("text", ["post * (pre - post * w)", "post * e\nde/dt = pre * post - e"])
def test_activity_that_lies_in_out_is_read_before_it_is_written(text: str) -> None:
    """An autoassociator that learns its own first rows, say; and a state whose place the new weights take."""
    rng = np.random.default_rng(0)
    rule, start = Rule(f"dw/dt = {text}"), rng.random((6, 6))
    w, post, state = start.copy(), rng.random((2, 6)), None
    if "de/dt" in text:
        state = rule.step(w, pre=w[:2], post=post)[1]
    wanted, _ = rule.step(start, pre=start[:2], post=post, state=state)
    rule.step(w, pre=w[:2], post=post, state=state, out=w)
    np.testing.assert_allclose(w, wanted)
    if state is not None:
        got, _ = rule.step(start, pre=start[:2], post=post, state=state, out=state["e"])
        np.testing.assert_allclose(got, wanted)


def test_tensors_of_one_memory_are_read_before_they_are_written() -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    memory, post = torch.rand(7, 6), torch.rand(2, 6)
    w, out = memory[:6], memory[1:]
    wanted, _ = RULE.step(w.clone(), pre=w[:2].clone(), post=post)
    RULE.step(w, pre=w[:2], post=post, out=out)
    torch.testing.assert_close(out, wanted)


def test_an_error_quotes_what_was_written() -> None:
    rule = Rule("dw/dt = sign(a) * abs(a)**n * pre", a=1e200, n=3.0)
    with pytest.raises(ParameterError, match=r"abs\(a\)\*\*n"):
        rule.step(np.ones((1, 1)), pre=np.ones((1, 1)), post=np.ones((1, 1)))


def test_the_state_is_checked_and_not_modified() -> None:
    rule = rules.bcm()
    given = arguments()
    _, state = rule.step(**given)
    before = {key: array.copy() for key, array in state.items()}
    rule.step(**given, state=state)
    for key, array in before.items():
        np.testing.assert_array_equal(state[key], array)
    with pytest.raises(KeyError, match=r"theta is not in the state; it holds mean\(post\*\*2, tau_theta\)"):
        state["theta"]
    with pytest.raises(ArrayError, match="belongs to another rule"):
        rules.covariance().step(**given, state=state)
    with pytest.raises(ArrayError, match=r"has shape \(2,\); expected \(5,\)"):
        rule.step(np.ones((5, 3)), pre=given["pre"], post=np.ones((4, 5)), state=state)
    with pytest.raises(ArrayError, match="the state holds 'x', which this rule does not keep"):
        rule.step(**given, state={**state, "x": np.ones(3)})
    with pytest.raises(ArrayError, match="state is list"):
        rule.step(**given, state=[])
    with pytest.raises(ArrayError, match="the state does not hold"):
        rule.step(**given, state={})


def test_time() -> None:
    given = arguments()
    timed = Rule("dw/dt = mean(pre, tau) * post", tau=20 * ms)
    with pytest.raises(ParameterError, match="dt=1\\*ms"):
        timed.step(**given)
    with pytest.raises(ParameterError, match="has a unit of time"):
        RULE.step(**given, dt=1 * ms)
    for rule in (timed, RULE):
        with pytest.raises(DimensionError, match=r"dt = 1\*mV is in V; the length of a step is a time"):
            rule.step(**given, dt=1 * mV)
    for dt in (0, 1, -1, np.nan, "1", 0 * ms):
        with pytest.raises(CofireError, match="dt"):
            timed.step(**given, dt=dt)
    short, long = (timed.step(**given, dt=dt)[1]["mean(pre, tau)"] for dt in (1 * ms, 2 * ms))
    assert (long > short).all()


def test_hebb_overflows_at_a_step_and_says_what_tames_it() -> None:
    rule = rules.hebb(eta=100.0)
    w, state = np.ones((1, 2), np.float32), None
    pre = np.ones((1, 2), np.float32)

    def learn() -> None:
        nonlocal w, state
        for _ in range(100):
            w, state = rule.step(w, pre=pre, post=np.minimum(pre @ w.T, 1e37).astype(np.float32) * 2, state=state)

    with pytest.raises(DivergenceError, match=r"left the range of float32 at step \d\d.*bounds=.*oja") as caught:
        learn()
    assert state is not None
    assert f"at step {state.step + 1};" in str(caught.value)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "name", ["hebb", "oja", "oja_subspace", "sanger", "soft_hebb", "krotov_hopfield", "instar", "bcm"]
)
def test_any_rule_that_diverges_says_at_which_step_and_what_tames_it(name: str, dtype: Any) -> None:
    rng = np.random.default_rng(0)
    rule, kept = rules.get(name)(eta=50.0), {"w": rng.normal(size=(3, 4)).astype(dtype), "state": None}

    def learn() -> None:
        with np.errstate(all="ignore"):
            for _ in range(1000):
                pre = rng.normal(size=(6, 4)).astype(dtype)
                kept["w"], kept["state"] = rule.step(**kept, pre=pre, post=pre @ kept["w"].T)

    with pytest.raises(CofireError, match=r"at step \d+[;:] lower the learning rate, hold the weights with") as caught:
        learn()
    assert f"at step {kept['state'].step + 1}" in str(caught.value)
    assert "quotient" not in str(caught.value)


def test_rates_have_no_nearest_spike() -> None:
    rule = rules.stdp_pair_nearest()
    for ask in (rule.delta, rule.step):
        with pytest.raises(ArrayError, match="is defined for spikes only"):
            ask(**arguments(), dt=1 * ms)


def test_a_factor_without_a_value_is_named() -> None:
    with pytest.raises(ArrayError, match=r"'.*sum_pre\(pre\).*' is NaN or infinite for these inputs"):
        rules.competitive().delta(np.ones((1, 2)), pre=np.zeros((1, 2)), post=np.ones((1, 1)))


def test_libraries_do_not_mix() -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    given = arguments()
    with pytest.raises(ArrayError, match=r"pre is torch.Tensor and w is numpy.ndarray|pre is torch.Tensor"):
        RULE.delta(given["w"], pre=torch.ones(4, 3), post=given["post"])
    w = torch.ones(2, 3, requires_grad=True)
    new, _ = RULE.step(w, pre=torch.rand(4, 3), post=torch.rand(4, 2))
    assert not new.requires_grad
    assert new.grad_fn is None
    RULE.step(w, pre=torch.rand(4, 3), post=torch.rand(4, 2), out=w)
    assert w.requires_grad
    assert w.grad_fn is None


def test_nothing_the_size_of_batch_post_pre_is_made() -> None:
    """Peak memory beyond the inputs: 1.2 times w in place, 2.2 times otherwise; a tiled rule included."""
    import tracemalloc

    rng = np.random.default_rng(0)
    w = rng.random((1600, 1600))  # 20 MB
    given = {"pre": rng.random((32, 1600)), "post": rng.random((32, 1600)) / 1600}
    names = ("hebb", "oja", "oja_subspace", "sanger", "bcm", "soft_hebb", "krotov_hopfield", "storkey")
    for rule in (*(rules.get(name)() for name in names), Rule("dw/dt = eta * post * abs(pre - w)", eta=1e-3)):
        rule = rule.with_(eta=1e-6)
        start = rule.step(w, **given)[1]
        for out, limit in ((w, 1.2), (None, 2.2)):
            tracemalloc.start()
            rule.step(w, **given, state=start, out=out)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert peak <= limit * w.nbytes + (1 << 20), (rule.text, peak / w.nbytes)


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # Python 3.12 and later, of any fork
def test_large_arrays_in_two_threads_and_after_a_fork() -> None:
    """The second thread warns of nothing either, finds what is not finite, and is there again in a forked process."""
    import multiprocessing

    w, pre, post = np.ones((2000, 1500)), np.ones((1, 1500)), np.ones((1, 2000))
    for rule in (rules.oja(eta=0.5), rules.krotov_hopfield(eta=0.5)):
        np.testing.assert_allclose(
            rule.step(w, pre=pre, post=post)[0][[0, -1]], rule.step(w[:2], pre=pre, post=post[:, :2])[0]
        )
    post[0, -1] = 1e200
    with pytest.raises(DivergenceError, match="left the range"):
        rules.hebb(eta=1e200).step(w, pre=pre, post=post)
    if "fork" in multiprocessing.get_all_start_methods():
        child = multiprocessing.get_context("fork").Process(
            target=RULE.step, args=(np.ones((2000, 1500)),), kwargs={"pre": pre, "post": np.ones((1, 2000))}
        )
        child.start()
        child.join(60)
        assert child.exitcode == 0
