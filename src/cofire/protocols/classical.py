"""The classical protocols of spike timing, as spikes of many pairs of cells at once.

    trains = pairing(lag=[-10*ms, 10*ms], frequency=20*Hz, repeats=60)
    trains.play(rule, weight=0.5)                 # the weight after each of the two

Whatever may vary is one value, a list or an array; all are broadcast against each other. A time or a frequency has its
unit, `10*ms`; an array cannot carry one, and is in seconds or Hz. Where the rules to be played have no units, `dt` is a
plain number, and so is everything else.

A lag is the time of the postsynaptic spike less that of the presynaptic one: above 0 means pre before post. Lags are
rounded to whole steps by themselves, so that all pairs of a set have the same; so are the times at which a group of
spikes begins.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cofire.constraints import FRACTION, check
from cofire.errors import ArrayError, ParameterError, shown
from cofire.protocols.sets import Array, Times, Trains, broadcast, frequencies, times
from cofire.rule import Rule
from cofire.units import Hz, Quantity, in_si, ms, second

STEP = 0.1 * ms


def pairing(
    *, lag: Times, frequency: Any = 1 * Hz, repeats: Any = 60, rest: Times = 0, dt: Quantity | float = STEP
) -> Trains:
    """Pairs of spikes, `repeats` of them at `frequency`, the postsynaptic one `lag` after the presynaptic.

    `rest`: time that passes afterwards. Source: H. Markram et al., Science 275:213-215, 1997; G.-Q. Bi, M.-M. Poo,
    J. Neurosci. 18:10464-10472, 1998. Raises: `CofireError`.
    """
    return _repeated([0.0], [times("lag", lag, dt)], 1 / frequencies("frequency", frequency, dt), repeats, rest, dt)


def triplets(
    *,
    first: Times,
    second: Times,
    frequency: Any = 1 * Hz,
    repeats: Any = 60,
    rest: Times = 0,
    dt: Quantity | float = STEP,
) -> Trains:
    """Triplets of spikes with lags (first, second): (5, -5) ms is pre-post-pre, (-5, 5) ms post-pre-post.

    Both are lags to the spike in the middle, so one is above and one below 0.
    Source: H.-X. Wang et al., Nat. Neurosci. 8:187-193, 2005. Raises: `CofireError`.
    """
    a, b = times("first", first, dt), times("second", second, dt)
    shape = broadcast(first=a, second=b)
    a, b = np.broadcast_to(a, shape), np.broadcast_to(b, shape)
    if (a * b >= 0).any():
        place = np.unravel_index(int(np.argmax(a * b >= 0)), shape)
        raise ArrayError(f"the lags of a triplet have opposite signs, not {a[place]:g} and {b[place]:g} s")
    middle_is_post = a > 0
    absent = np.full(shape, np.nan)
    pre = [np.where(middle_is_post, -a, 0.0), np.where(middle_is_post, -b, absent)]
    post = [np.where(middle_is_post, 0.0, a), np.where(middle_is_post, absent, b)]
    return _repeated(pre, post, 1 / frequencies("frequency", frequency, dt), repeats, rest, dt)


def quadruplets(
    *,
    separation: Times,
    lag: Times = 5 * ms,
    frequency: Any = 1 * Hz,
    repeats: Any = 60,
    rest: Times = 0,
    dt: Quantity | float = STEP,
) -> Trains:
    """Two pairs of spikes whose middles are `separation` apart: post-pre then pre-post, or the reverse below 0.

    `lag`, above 0, is that within each pair. Source: Wang et al. 2005, with the signs of J.-P. Pfister, W. Gerstner,
    J. Neurosci. 26:9673-9682, 2006. Raises: `CofireError`.
    """
    gap, half = times("separation", separation, dt), times("lag", lag, dt) / 2
    if (half <= 0).any():
        raise ArrayError("the lag of a quadruplet is above 0; the sign of the separation tells which pair comes first")
    # the post-pre pair stands at -gap/2 and the pre-post pair at +gap/2, whichever comes first
    pre, post = [-gap / 2 + half, gap / 2 - half], [-gap / 2 - half, gap / 2 + half]
    return _repeated(pre, post, 1 / frequencies("frequency", frequency, dt), repeats, rest, dt)


def bursts(
    *,
    lag: Times,
    frequency: Any,
    spikes: int = 5,
    interval: Times = 10 * second,
    repeats: Any = 15,
    rest: Times = 0,
    dt: Quantity | float = STEP,
) -> Trains:
    """Bursts of `spikes` pairs at `frequency`, a new one every `interval`.

    Source: P. J. Sjöström, G. G. Turrigiano, S. B. Nelson, Neuron 32:1149-1164, 2001. Raises: `CofireError`.
    """
    onsets = [n / frequencies("frequency", frequency, dt) for n in range(_whole("spikes", spikes))]
    return _repeated(
        onsets, [onset + times("lag", lag, dt) for onset in onsets], times("interval", interval, dt), repeats, rest, dt
    )


def tetanus(
    *,
    frequency: Any = 100 * Hz,
    pulses: int = 100,
    lag: Times = 5 * ms,
    follows: float = 1.0,
    seed: int = 0,
    interval: Times = 600 * second,
    repeats: Any = 1,
    rest: Times = 0,
    dt: Quantity | float = STEP,
) -> Trains:
    """A train of presynaptic pulses, each answered after `lag` with probability `follows`; `repeats` at `interval`.

    Whether the cell answers is here for the experimenter to say: a cell that decides by itself needs a network.
    Source: T. V. P. Bliss, T. Lømo, J. Physiol. 232:331-356, 1973 (100 Hz); S. M. Dudek, M. F. Bear, PNAS
    89:4363-4367, 1992 (900 pulses at 1 to 50 Hz). Raises: `CofireError`.
    """
    check("follows", follows, FRACTION)
    onsets = [n / frequencies("frequency", frequency, dt) for n in range(_whole("pulses", pulses))]
    answers = [onset + times("lag", lag, dt) for onset in onsets]
    trains = _repeated(onsets, answers, times("interval", interval, dt), repeats, rest, dt)
    if follows == 1:
        return trains
    who, when = trains.post
    answered = _generator(seed).random(len(who)) < follows
    return Trains(trains.shape, trains.pre, (who[answered], when[answered]), trains.steps, trains.dt)


def poisson_pairing(
    *, pre_rate: Any, post_rate: Any, duration: Times, seed: int, dt: Quantity | float = STEP
) -> Trains:
    """Both cells fire at random and independently for `duration`, at `pre_rate` and `post_rate`.

    In a step a cell fires at most once, with probability 1 - exp(-rate dt). Raises: `CofireError`.
    """
    step = _step(dt)
    rates = [frequencies("pre_rate", pre_rate, dt), frequencies("post_rate", post_rate, dt)]
    for name, rate in zip(("pre_rate", "post_rate"), rates, strict=True):
        if (rate * step > 1).any():
            raise ArrayError(f"{name} has {rate.max():g} in it, but a cell fires at most once a step: {1 / step:g}")
    length = np.rint(times("duration", duration, dt) / step).astype(np.int64)
    shape = broadcast(pre_rate=rates[0], post_rate=rates[1], duration=length)
    steps = np.broadcast_to(length, shape).ravel()
    if (steps < 0).any():
        raise ArrayError(f"duration has {steps.min() * step:g} s in it; it is at least 0")
    rng = _generator(seed)
    pre, post = (_random(rng, np.broadcast_to(rate, shape).ravel() * step, steps) for rate in rates)
    return Trains(shape, pre, post, steps, dt)


def window(rule: Rule, lag: Times, *, weight: Any, **settings: Any) -> Array:
    """The change of weight that one isolated pair makes at each lag: the window of spike timing.

    `settings`: `rest=` and `dt=` as for `pairing`, `delay=`, `parameters=` and so on as for `Trains.play`.
    """
    timing: dict[str, Any] = {name: settings.pop(name) for name in ("rest", "dt") if name in settings}
    if not isinstance(timing.get("dt", STEP), Quantity):
        timing["frequency"] = 1.0  # of the one pair there is
    after = pairing(lag=lag, repeats=1, **timing).play(rule, weight=weight, **settings)
    change: Array = after - np.asarray(in_si(weight) if isinstance(weight, Quantity) else weight)
    return change


def _repeated(pre: list[Any], post: list[Any], period: Array, repeats: Any, rest: Times, dt: Any) -> Trains:
    """A group of spikes at the offsets `pre` and `post` (NaN: no spike), `repeats` times, one every `period`."""
    step = _step(dt)
    number, after = _numbers("repeats", repeats), times("rest", rest, dt)
    if (period <= 0).any() or (after < 0).any():
        raise ArrayError("an interval is above 0, and a rest at least 0")
    offsets = [np.asarray(offset, dtype=np.float64) for offset in (*pre, *post)]
    parts = {f"spike {n}": offset for n, offset in enumerate(offsets)}
    shape = broadcast(period=period, repeats=number, rest=after, **parts)
    # [spike, set], from the first spike of the group on
    group = np.stack([np.broadcast_to(offset, shape).ravel() for offset in offsets]) / step
    group = np.rint(group - np.nanmin(group, axis=0, initial=np.inf))
    period, after = (np.broadcast_to(part, shape).ravel() / step for part in (period, after))
    number = np.broadcast_to(number, shape).ravel()
    begin = np.rint(np.arange(number.max(initial=0))[:, None] * period)  # [repeat, set]
    begin[np.arange(len(begin))[:, None] >= number] = np.nan
    when = begin[:, None, :] + group  # [repeat, spike, set]
    ended = np.nanmax(when, axis=(0, 1), initial=-1) + 1
    steps = np.rint(np.maximum(number * period, ended) + after).astype(np.int64)
    return Trains(shape, _listed(when[:, : len(pre)]), _listed(when[:, len(pre) :]), steps, dt)


def _listed(when: Array) -> tuple[Array, Array]:
    """`(set, step)` of the spikes that there are in `[repeat, spike, set]`."""
    there = np.isfinite(when)
    return np.broadcast_to(np.arange(when.shape[-1]), when.shape)[there], when[there].astype(np.int64)


def _random(rng: np.random.Generator, mean: Array, steps: Array) -> tuple[Array, Array]:
    """Spikes of a Bernoulli process for each set; `mean` is that of a Poisson process in one step."""
    chance = -np.expm1(-mean)
    room = int(np.max(chance * steps + 8 * np.sqrt(chance * steps), initial=0)) + 16
    when = np.cumsum(rng.geometric(chance[:, None], (len(steps), room)), axis=1) - 1
    while when.size and (when[:, -1] < steps).any():
        more = when[:, -1:] + np.cumsum(rng.geometric(chance[:, None], (len(steps), room)), axis=1)
        when = np.concatenate([when, more], axis=1)
    inside = when < steps[:, None]
    return np.nonzero(inside)[0], when[inside]


def _step(dt: Any) -> float:
    step = float(times("dt", dt, dt))
    if step <= 0:
        raise ArrayError(f"dt = {dt!r} is refused: a step is longer than 0")
    return step


def _generator(seed: Any) -> np.random.Generator:
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ParameterError(f"seed = {shown(seed)} is refused: it must be a whole number, at least 0")
    return np.random.default_rng(int(seed))


def _numbers(name: str, value: Any) -> Array:
    found = np.asarray(value)
    if found.dtype.kind not in "iu" or (found < 1).any():
        raise ArrayError(f"{name} = {value!r} is refused: whole numbers, at least 1")
    return found


def _whole(name: str, value: Any) -> int:
    found = _numbers(name, value)
    if found.ndim:
        raise ArrayError(f"{name} is one number for all sets")
    return int(found)
