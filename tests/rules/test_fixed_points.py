"""Each rule of the catalogue rests where its docstring says, and nowhere near."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from cofire import Rule, rules
from cofire.protocols import replay
from cofire.units import ms, second
from rules.samples import X, Y, delta

NAMES = rules.names()

# Where each rule rests, by its docstring. Each function gives the arguments of `delta` at the fixed point for away = 0,
# and somewhere else for away > 0.


def _rotated_inputs() -> tuple[np.ndarray, np.ndarray]:
    """`(samples, eigenvectors)`: inputs of ± 3, 2, 1 and 0.5 along four orthogonal directions; both in rows."""
    directions = np.linalg.qr(np.random.default_rng(1).standard_normal((4, 4)))[0]
    spread = np.array([3.0, 2.0, 1.0, 0.5])[:, None] * directions
    return np.concatenate([spread, -spread]), directions


def _push(w: np.ndarray, away: float) -> np.ndarray:
    return w + away * np.random.default_rng(2).standard_normal(w.shape)


def _oja(away: float) -> dict[str, Any]:
    x, v = _rotated_inputs()
    w = _push(v[[0, 0]] * [[1.0], [-1.0]], away)
    return {"w": w, "pre": x, "post": x @ w.T}


def _oja_subspace(away: float) -> dict[str, Any]:
    x, v = _rotated_inputs()
    turn = np.array([[0.6, 0.8], [-0.8, 0.6]])
    w = _push(turn @ v[:2], away)
    return {"w": w, "pre": x, "post": x @ w.T}


def _sanger(away: float) -> dict[str, Any]:
    x, v = _rotated_inputs()
    w = _push(v[:3] * [[1.0], [-1.0], [1.0]], away)
    return {"w": w, "pre": x, "post": x @ w.T}


def _null_space(away: float) -> dict[str, Any]:
    """Linear cells that look along a direction in which the inputs do not vary."""
    x, v = _rotated_inputs()
    x = x[[0, 1, 2, 4, 5, 6]]
    w = _push(2.0 * v[[3]], away)
    return {"w": w, "pre": x, "post": x @ w.T}


def _hebb_with_decay(away: float) -> dict[str, Any]:
    rule = rules.hebb_with_decay()
    x, y = np.array(X), np.array(Y)
    return {"w": _push(rule.values["eta"] * rule.values["tau_w"] * y.T @ x / 2, away), "pre": x, "post": y}


def _hebb_subtractive(away: float) -> dict[str, Any]:
    """Two free synapses whose inputs are equal wherever the cell is active; the third is at its end."""
    x = np.array([[1.0, 1.0, 5.0], [2.0, 2.0 + away, 1.0], [3.0, 7.0, 2.0]])
    return {"w": [[0.5, 0.3, 1.0]], "pre": x, "post": [[1.0], [2.0], [0.0]]}


def _covariance(away: float) -> dict[str, Any]:
    """x and y uncorrelated, the average of y off by one: it is enough that that of x is right."""
    x = np.array([[1.0], [1.0], [3.0], [3.0]])
    y = np.array([[5.0], [7.0], [5.0], [7.0 + away]])
    state = {"mean(pre, tau)": x.mean(axis=0), "mean(post, tau)": y.mean(axis=0) + 1.0}
    return {"w": [[0.3]], "pre": x, "post": y, "state": state}


def _bcm(away: float) -> dict[str, Any]:
    """Four orthogonal patterns, equally frequent; each cell answers one of them with 4 y_0, the threshold in rest."""
    _, v = _rotated_inputs()
    x = np.array([3.0, 2.0, 1.0, 0.5])[:, None] * v
    w = _push(4.0 * rules.bcm().values["y_0"] * v[[0, 2]] / np.array([[3.0], [1.0]]), away)
    y = x @ w.T
    return {"w": w, "pre": x, "post": y, "state": {"mean(post**2, tau_theta)": (y**2).mean(axis=0)}}


def _prototypes(away: float) -> dict[str, Any]:
    rng = np.random.default_rng(3)
    x, y = rng.uniform(size=(6, 4)), rng.uniform(size=(6, 3))
    return {"w": _push(y.T @ x / y.sum(axis=0)[:, None], away), "pre": x, "post": y}


def _competitive(away: float) -> dict[str, Any]:
    """Cell 1 wins samples 1, 3 and 5, cell 2 the others: each rests at the mean of its normalised inputs, of sum 1."""
    x, winner = np.random.default_rng(3).uniform(size=(6, 4)), np.tile(np.eye(2), (3, 1))
    shares = x / x.sum(axis=1, keepdims=True)
    w = np.stack([shares[0::2].mean(axis=0), shares[1::2].mean(axis=0)])
    np.testing.assert_allclose(w.sum(axis=1), 1.0, rtol=1e-14)
    return {"w": _push(w, away), "pre": x, "post": winner}


def _outstar(away: float) -> dict[str, Any]:
    rng = np.random.default_rng(4)
    x, y = rng.uniform(size=(6, 4)), rng.uniform(size=(6, 3))
    return {"w": _push(y.T @ x / x.sum(axis=0), away), "pre": x, "post": y}


def _foldiak(away: float) -> dict[str, Any]:
    """64 moments; each cell is active in 8 of them, and both are in 1: as two independent cells with p = 1/8."""
    first, second_ = np.zeros((64, 1)), np.zeros((64, 1))
    first[0:8], second_[7:15] = 1.0, 1.0
    if away:
        second_[6] = 1.0
    return {"w": [[-0.5]], "pre": first, "post": second_}


def _competing(norm: float) -> Callable[[float], dict[str, Any]]:
    """Rows along the mean of the inputs weighted by the outcome, of unit `norm`; the outcome has losers below 0."""

    def inputs(away: float) -> dict[str, Any]:
        x = np.random.default_rng(5).standard_normal((6, 4))
        y = np.array([[1.0, -0.3], [-0.3, 1.0], [1.0, 0.0], [0.0, 1.0], [1.0, -0.3], [-0.3, 1.0]])
        mean = y.T @ x
        w = mean / (np.abs(mean) ** norm).sum(axis=1, keepdims=True) ** (1 / norm)
        return {"w": _push(w, away), "pre": x, "post": y}

    return inputs


def _least_squares(away: float) -> dict[str, Any]:
    rng = np.random.default_rng(6)
    x, target = rng.standard_normal((9, 4)), rng.standard_normal((9, 2))
    w = _push(np.linalg.lstsq(x, target, rcond=None)[0].T, away)
    return {"w": w, "pre": x, "post": x @ w.T, "post_target": target}


def _rates(
    pre: float, post: float, taus: dict[str, float], filtered: Callable[[float, float], float]
) -> dict[str, Any]:
    """Two constant rates, and every filter at its average."""
    state = {
        f"{kind}({side}, {tau})": [filtered(pre if side == "pre" else post, time)]
        for tau, time in taus.items()
        for side in ("pre", "post")
        for kind in ("trace", "nearest")
    }
    return {"pre": [[pre]], "post": [[post]], "state": state}


def _taus(rule: Rule) -> dict[str, float]:
    return {name: value for name, value in rule.values.items() if name.startswith("tau")}


def _traces(rule: Rule, pre: float, post: float) -> dict[str, Any]:
    return _rates(pre, post, _taus(rule), lambda rate, tau: rate * tau)


def _balanced_pairs(away: float) -> dict[str, Any]:
    """A_plus tau_plus = A_minus tau_minus, so that coincidences by chance cancel, as long as there are no others."""
    given = _traces(rules.stdp_pair(), 20.0, 30.0) | {"w": [[0.5]]}
    given["state"]["trace(pre, tau_plus)"][0] += away
    return given


def _multiplicative(away: float) -> dict[str, Any]:
    rule = rules.stdp_pair_multiplicative()
    v = rule.values
    gain, loss = v["A_plus"] * v["tau_plus"], v["A_minus"] * v["tau_minus"]
    return _traces(rule, 20.0, 30.0) | {"w": [[v["w_max"] * gain / (gain + loss) + away]]}


def _power_law(away: float) -> dict[str, Any]:
    rule = rules.stdp_pair_power_law()
    w = rule.values["w_0"] * rule.values["alpha"] ** (-1 / (1 - rule.values["mu"]))
    assert round(w, 1) == 39.6
    return _traces(rule, 20.0, 30.0) | {"w": [[w + away]]}


def _nearest(away: float) -> dict[str, Any]:
    rule = rules.stdp_pair_nearest()
    v, pre = rule.values, 20.0
    post = v["A_minus"] / v["A_plus"] * (pre + 1 / v["tau_plus"]) - 1 / v["tau_minus"]
    return _rates(pre, post + away, _taus(rule), lambda rate, tau: rate * tau / (1 + rate * tau)) | {"w": [[0.5]]}


def _nearest_reduced(away: float) -> dict[str, Any]:
    """Of the last of all spikes one in r + s is presynaptic, and it is an exponential time of 1 / (r + s) ago."""
    rule = rules.stdp_pair_nearest_reduced()
    v, pre = rule.values, 20.0
    both = (v["A_minus"] / v["tau_plus"] - v["A_plus"] / v["tau_minus"]) / (v["A_plus"] - v["A_minus"])
    assert round(both) == 139
    post = both - pre + away
    given = _rates(pre, post, _taus(rule), lambda _, tau: (pre + post) / (pre + post + 1 / tau)) | {"w": [[0.5]]}
    given["state"]["fresh"] = [[pre / (pre + post)]]
    return given


def _triplet(away: float) -> dict[str, Any]:
    rule = rules.triplet()
    v = rule.values
    post = (v["tau_minus"] * v["A2_minus"] / v["tau_plus"] - v["A2_plus"]) / (v["A3_plus"] * v["tau_y"])
    assert round(post, 1) == 19.2
    return _traces(rule, 20.0, post + away) | {"w": [[0.5]]}


def _triplet_nearest(away: float) -> dict[str, Any]:
    """A3_plus tau_plus tau_y s (1 + s tau_minus) = A2_minus tau_minus (1 + r tau_plus) (1 + s tau_y), for s."""
    rule, pre = rules.triplet_nearest(), 20.0
    v = rule.values
    gain = v["A3_plus"] * v["tau_plus"] * v["tau_y"]
    loss = v["A2_minus"] * v["tau_minus"] * (1 + pre * v["tau_plus"])
    post = max(np.roots([gain * v["tau_minus"], gain - loss * v["tau_y"], -loss]).real)
    assert round(post, 1) == 11.3
    return _rates(pre, post + away, _taus(rule), lambda rate, tau: rate * tau / (1 + rate * tau)) | {"w": [[0.5]]}


def _calcium(away: float) -> dict[str, Any]:
    silent = {"pre": [[0.0, 0.0]], "post": [[0.0]], "state": {"c": [[0.0, 0.0]]}}
    return silent | {"w": [[0.0 + away, 1.0 - away]]}


def _tagging(away: float) -> dict[str, Any]:
    """No calcium and no early change; the late one stays."""
    state = {"c": [[0.0, 0.0]], "h": [[0.0, away]], "z": [[0.0, 0.7]], "p": [[0.0, 0.0]]}
    return {"w": [[1.0, 1.7]], "pre": [[0.0, 0.0]], "post": [[0.0]], "state": state}


def _clopath(away: float) -> dict[str, Any]:
    """Averages at the resting voltage, whatever the cells do."""
    at = -0.0706 + away
    means = {"mean(pre, tau_x)": [20.0], "mean(post.v, tau_plus)": [at], "mean(post.v, tau_minus)": [at]}
    return {"w": [[0.5]], "pre": [[20.0]], "post": [[0.0]], "post_v": [[-0.03]], "state": means}


def _vogels(away: float) -> dict[str, Any]:
    rule = rules.vogels_inhibitory()
    return _traces(rule, 20.0, rule.values["rho_0"] + away) | {"w": [[0.5]]}


def _reward(away: float) -> dict[str, Any]:
    given = _traces(rules.reward_stdp(), 20.0, 30.0) | {"w": [[0.5]], "dopamine": [away]}
    given["state"]["e"] = [[0.5]]
    return given


_TAUS = {f"tau_{k}": 10.0 for k in (1, 2, 3, 4)}
_MULTISCALE = rules.multiscale(eta_1=0.1, eta_2=0.2, eta_3=0.4, eta_4=0.0, **_TAUS)


def _multiscale(away: float) -> dict[str, Any]:
    """One cue, whose error of 0.1 gives each trace what it loses: eta 0.1 = f / 10."""
    traces = {"f_1": [[0.1]], "f_2": [[0.2]], "f_3": [[0.4]], "f_4": [[0.0]]}
    return {"w": [[0.7]], "pre": [[1.0]], "post": [[0.7]], "post_target": [[0.8 + away]], "state": traces}


def _opponent(away: float) -> dict[str, Any]:
    """Food of 0.4 and as much expected: neither cell falls short."""
    return {
        "w": [[0.9], [0.5]],
        "pre": [[1.0]],
        "post": [[0.4, 0.4]],
        "post_target": [[0.4 + away, 0.4]],
        "post_forgetting": [[0.0, 0.0]],
    }


def _salient(away: float) -> dict[str, Any]:
    state = {"m": [[0.0]]}
    return {"w": [[1.0 - away]], "pre": [[1.0]], "post": [[1.0]], "salience": [2.0], "state": state}


def _no_error(away: float) -> dict[str, Any]:
    state = {"trace(pre, tau_e)": [0.5]}
    return {"w": [[0.3]], "pre": [[1.0]], "post": [[1.0]], "dopamine": [away], "state": state}


def _short_term(off: float) -> dict[str, Any]:
    """Rested, and no spike: with something spent it recovers."""
    return {"pre": np.zeros((2, 2)), "state": {"a": np.zeros((2, 2)), "b": np.full((2, 2), off)}}


RESTS: list[tuple[str, Rule, Callable[[float], dict[str, Any]]]] = [
    ("hebb", rules.hebb(), _null_space),
    ("anti_hebb", rules.anti_hebb(), _null_space),
    ("hebb_with_decay", rules.hebb_with_decay(), _hebb_with_decay),
    ("hebb_subtractive", rules.hebb_subtractive(), _hebb_subtractive),
    ("covariance", rules.covariance(), _covariance),
    ("oja", rules.oja(), _oja),
    ("oja_subspace", rules.oja_subspace(), _oja_subspace),
    ("sanger", rules.sanger(), _sanger),
    ("bcm", rules.bcm(), _bcm),
    ("instar", rules.instar(), _prototypes),
    ("kohonen", rules.kohonen(), _prototypes),
    ("competitive", rules.competitive(), _competitive),
    ("outstar", rules.outstar(), _outstar),
    ("foldiak", rules.foldiak(), _foldiak),
    ("krotov_hopfield", rules.krotov_hopfield(), _competing(3.0)),
    ("krotov_hopfield p=2", rules.krotov_hopfield(p=2.0), _competing(2.0)),
    ("krotov_hopfield p=4.5", rules.krotov_hopfield(p=4.5), _competing(4.5)),
    ("soft_hebb", rules.soft_hebb(), _competing(2.0)),
    ("delta", rules.delta(), _least_squares),
    ("stdp_pair", rules.stdp_pair(A_minus=0.005), _balanced_pairs),
    ("stdp_pair_multiplicative", rules.stdp_pair_multiplicative(), _multiplicative),
    ("stdp_pair_power_law", rules.stdp_pair_power_law(), _power_law),
    ("stdp_pair_nearest", rules.stdp_pair_nearest(), _nearest),
    ("stdp_pair_nearest_reduced", rules.stdp_pair_nearest_reduced(), _nearest_reduced),
    ("triplet", rules.triplet(), _triplet),
    ("calcium", rules.calcium(), _calcium),
    ("tagging_and_capture", rules.tagging_and_capture(), _tagging),
    ("short_term", rules.short_term(), _short_term),
    ("clopath", rules.clopath(), _clopath),
    ("triplet_nearest", rules.triplet_nearest(), _triplet_nearest),
    ("vogels_inhibitory", rules.vogels_inhibitory(), _vogels),
    ("reward_stdp", rules.reward_stdp(), _reward),
    ("multiscale", _MULTISCALE, _multiscale),
    ("opponent", rules.opponent(), _opponent),
    ("salient_hebb", rules.salient_hebb(), _salient),
    ("temporal_difference", rules.temporal_difference(), _no_error),
]


@pytest.mark.parametrize(("rule", "at"), [pytest.param(rule, at, id=name) for name, rule, at in RESTS])
def test_rule_rests_at_its_fixed_point_and_nowhere_near(rule: Rule, at: Callable[[float], dict[str, Any]]) -> None:
    np.testing.assert_allclose(delta(rule, **at(0.0)), 0.0, rtol=0, atol=1e-12)
    assert np.abs(delta(rule, **at(0.1))).max() > 1e-5


def test_storkey_rests_at_one_pattern_shown_again_and_again() -> None:
    """w_ij = x_i x_j / (2 (n - 2)) off the diagonal; the diagonal itself is set to 0 after each step."""
    pattern = np.array([[1.0, -1.0, 1.0, 1.0, -1.0]])
    w = pattern.T @ pattern / (2 * (5 - 2))
    np.fill_diagonal(w, 0.0)
    off = ~np.eye(5, dtype=bool)
    np.testing.assert_allclose(delta(rules.storkey(), w=w, pre=pattern, post=pattern)[off], 0.0, rtol=0, atol=1e-12)
    assert np.abs(delta(rules.storkey(), w=1.1 * w, pre=pattern, post=pattern)[off]).min() > 1e-4


def test_every_rule_is_tested_at_its_fixed_point() -> None:
    assert {rule.name for _, rule, _ in RESTS} | {"storkey"} == set(NAMES)


def test_the_mean_eligibility_is_what_the_rates_make_of_it() -> None:
    """tau_e (A_plus tau_plus - A_minus tau_minus) r s = 1 (0.1 - 0.15) 0.02 * 20 * 30 = -0.6, below 0."""
    rule, w, state = rules.reward_stdp(), np.array([[0.5]]), None
    rates = {"pre": np.array([[20.0]]), "post": np.array([[30.0]]), "dopamine": 0.0}
    for _ in range(200):
        w, state = rule.step(w, **rates, state=state, dt=0.2 * second)
    np.testing.assert_allclose(state["e"], [[-0.6]], rtol=1e-12)
    np.testing.assert_array_equal(w, [[0.5]])


@pytest.mark.parametrize(("U", "facilitation", "depression"), [(0.5, 20.0, 800.0), (0.1, 500.0, 100.0)])
def test_short_term_plasticity_releases_what_its_recursion_says(
    U: float, facilitation: float, depression: float
) -> None:
    """The weight before each spike is u x of Tsodyks, Pawelzik and Markram, worked out from spike to spike."""
    times = np.array([10, 60, 110, 160, 400])
    rule = rules.short_term(U=U, tau_f=facilitation * ms, tau_d=depression * ms)
    use, left, before = 0.0, 1.0, 0
    for time in times:
        use *= np.exp(-(time - before) / facilitation)
        left = 1.0 - (1.0 - left) * np.exp(-(time - before) / depression)
        use += U * (1.0 - use)
        past = times[times < time]
        w, _ = replay(
            rule,
            pre=(np.zeros(len(past), int), past),
            post=([], []),
            synapses=([0], [0]),
            weight=U,
            dt=1 * ms,
            duration=int(time),
        )
        np.testing.assert_allclose(w, [use * left], rtol=1e-12)
        left, before = left - use * left, time
