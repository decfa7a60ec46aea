"""Once is a coincidence, five times a suspicion, a hundred times a fact: strength against the number of pairings.

Protocol. One synapse goes through 100 pairings, and its strength is read after each.
    rates      A pairing is one `rule.step` with both cells active, x = y = 1, from w = 0. A rule that reads
               `post.target` gets its own response w·x for y and 1 for the target. With `drive="own"` no experimenter
               imposes y: the synapse drives the cell itself, y = w·x, from a small weight on.
    spikes     A pairing is a presynaptic spike and a postsynaptic one 10 ms later, or 10 ms earlier, from w = .5,
               `protocols.replay`. Full runs repeat it at 1 Hz as published, quick ones at 5 Hz: after 200 ms
               e⁻¹⁰ is left of a trace of 20 ms, so that for pair rules this makes no difference.

Held against the number of pairs in Graupner and Brunel's calcium model (set DP, 1 Hz), strength after over before:
    pairs            10      30      60      100 and more
    +10 ms           1.010   1.178   1.221   1.225
    -10 ms           .998    .918    .882    .878
recomputed from the published equations (flag C; a model, not a measured synapse). So at +10 ms 4 % of the change is
made by pairing 10 and 98 % by pairing 60: a slow start, then the strength comes to rest. Two criteria of ours, on
shares of the change that 100 pairings make:
    comes to rest    at least .9 by pairing 60
    slow start       less than .1 by pairing 10, and comes to rest. A rule that gains no more from a pairing than from
                     the one before makes at least .1, whatever its rate: this asks for something like a threshold
The rate of each rule is free, so it is scanned, and a criterion is met if any rate of the scan meets it. Curves are
shown at the rate fitted to half the change at pairing 22, where the published curve has it: with rates the duration of
a pairing in the rule's own time, with spikes a factor on its amplitudes. Strengths themselves are not compared: w
has no scale in common with them.

What comes out. With imposed activity, no rule whose only memory is its weight starts slowly: Hebb's adds the same for
ever, the others approach a limit exponentially or run into a bound, fast from the start. Positive feedback helps: with
`drive="own"` Oja's rule does both, at a fitted rate. The calcium model itself, with its noise, is in `potentiation`.
Ours: starting weights, the scan, the pairing of rates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from cofire.compiler import lower
from cofire.errors import DivergenceError
from cofire.experiments._experiment import Data, Finding, Progress
from cofire.experiments._rates import is_taught, label, needs_spikes, not_for_one_cell, not_for_rates, not_from_there
from cofire.experiments._statistics import percent, verdict
from cofire.language.algebra import simplify
from cofire.language.tree import ZERO
from cofire.protocols import replay
from cofire.rule import Rule
from cofire.units import second

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CLAIM = "Once is a coincidence, five times a suspicion, a hundred times a fact."
CLAIMS = (2,)
SOURCE = (
    "M. Graupner, N. Brunel, Calcium-based plasticity model explains sensitivity of synaptic changes to spike pattern, "
    "rate, and dendritic location, PNAS 109:3991-3996 and 21551, 2012"
)
RULES = ("hebb", "hebb_with_decay", "oja", "stdp_pair", "stdp_pair_multiplicative")

PAIRINGS = 100
PUBLISHED = {1: {10: 1.010, 30: 1.178, 60: 1.221, 100: 1.225}, -1: {10: 0.998, 30: 0.918, 60: 0.882, 100: 0.878}}
HALF = 10 + 20 * (0.5 * 0.225 - 0.010) / (0.178 - 0.010)  # pairing 22, between two published points at +10 ms
LAG = 0.010  # seconds between the two spikes, and the step of the replay
BEFORE = 0.5  # weight of a synapse before spikes are paired
EARLY, LATE = 0.1, 0.9

Array = NDArray[np.float64]
Curve = Callable[[float], Array]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    rates: Annotated[int, Meta(ge=3, le=400, description="durations of a pairing scanned, 0.1 to 30 steps; ours")] = 25
    amplitudes: Annotated[
        int, Meta(ge=3, le=100, description="amplitudes scanned: the first pair changes w by 1 to 8 %; ours")
    ] = 4
    frequency: Annotated[float, Meta(ge=0.5, le=20, description="pairs of spikes in a second; 1 as published")] = 5.0
    drive: Annotated[
        Literal["imposed", "own"], Meta(description="with rates: y is 1, or the cell's own response w·x; ours")
    ] = "imposed"
    start: Annotated[float, Meta(gt=0, le=0.5, description="weight at first, if the drive is own; ours")] = 0.05


FULL = Settings(rates=100, amplitudes=16, frequency=1.0)


def unsuitable(rule: Rule) -> str | None:
    if needs_spikes(rule):
        return not_from_there(rule) or not_for_one_cell(rule, given=())
    return not_for_rates(rule, given=("post.drive", "post.target"))


def run(settings: Settings, rules: Sequence[Rule], seed: int, progress: Progress) -> Data:
    del seed  # nothing here is random
    kinds = [(rule, order) for rule in rules for order in ((1, -1) if needs_spikes(rule) else (0,))]
    width = max(settings.rates, settings.amplitudes)
    found: Data = {
        "series": [label(rule) + {0: "", 1: ", +10 ms", -1: ", -10 ms"}[order] for rule, order in kinds],
        "order": np.array([order for _, order in kinds]),
        "rates": np.full((len(kinds), width), np.nan),
        "curves": np.full((len(kinds), width, PAIRINGS + 1), np.nan),
        "fitted": np.full(len(kinds), np.nan),
        "best": np.full((len(kinds), PAIRINGS + 1), np.nan),
    }
    row = 0
    for r, rule in enumerate(rules):
        rates, curve = _spikes_paired(rule, settings) if needs_spikes(rule) else _rates_paired(rule, settings)
        curves = []
        for i, rate in enumerate(rates):
            progress((r + i / len(rates)) / len(rules), f"{label(rule)} at {rate:.2g} × its own rate")
            curves.append(curve(rate))
        scanned = np.stack(curves, axis=1)  # [order, rate, pairings]
        fitted = _fit(rates, scanned[0])
        for scan, best in zip(scanned, curve(fitted), strict=True):
            found["rates"][row, : len(rates)], found["curves"][row, : len(rates)] = rates, scan
            found["fitted"][row], found["best"][row] = fitted, best
            row += 1
    return found


def findings(data: Data) -> list[Finding]:
    return [finding for k in range(len(data["series"])) for finding in _of_series(data, k)]


def figure(data: Data) -> Figure:
    from cofire.experiments._figure import COLOURS, GREY, new_figure

    fig, (curve, trade) = new_figure(1, 2, width=11.5, height=4.8, width_ratios=(1.25, 1))
    number, names = np.arange(PAIRINGS + 1), [name.partition(", ")[0] for name in data["series"]]
    kinds = list(dict.fromkeys(names))
    for k, name in enumerate(data["series"]):
        order, width = data["order"][k], 1.3 + 0.5 * (len(names) - 1 - k)  # the first show beside those drawn over them
        line, colour = "--" if order else "-", COLOURS[kinds.index(names[k]) % len(COLOURS)]
        style = {"color": colour, "linewidth": width, "linestyle": line, "alpha": 0.8}
        curve.plot(number, (order or 1) * shares(data["best"][k]), label=name, **style)
        scan = shares(data["curves"][k])
        trade.plot(scan[:, 10], scan[:, 60], marker="o", markersize=width + 2, **style)
    for order, marker in ((1, "o"), (-1, "s")):
        points = {0: 1.0} | PUBLISHED[order]
        share = {n: (value - 1) / (points[100] - 1) for n, value in points.items()}
        style = {"color": "black", "zorder": 5, "markersize": 6, "markerfacecolor": "white", "marker": marker}
        text = f"calcium model, {order * 10:+d} ms"
        dotted = {"linestyle": ":", "linewidth": 0.8, "label": text}
        curve.plot(list(share), [order * part for part in share.values()], **dotted, **style)
        trade.plot(share[10], share[60], **style)

    curve.axhline(0, color=GREY, linewidth=0.6)
    for n, text, low in ((1, "once", -1.15), (5, "five times", -1.15), (100, "a hundred times", -0.62)):
        curve.axvline(n, color=GREY, linewidth=0.6, linestyle=":", zorder=0)
        place = {
            "xytext": (-2 if n == 100 else 2, 3),
            "textcoords": "offset points",
            "ha": "right" if n == 100 else "left",
        }
        curve.annotate(text, (n, low), rotation=90, va="bottom", fontsize=8, color=GREY, **place)
    curve.annotate("strengthens", (50, 0.03), fontsize=8, color=GREY, ha="center")
    curve.annotate("weakens", (50, -0.09), fontsize=8, color=GREY, ha="center")
    curve.set(xlabel="pairings", ylabel="share of the change made by 100 pairings", xlim=(-1, 101), ylim=(-1.15, 1.12))
    curve.set_title(f"Each rule at the rate fitted to half the change at pairing {HALF:.0f}", fontsize=10)

    box = {"color": "#009E73", "alpha": 0.18, "linewidth": 0, "label": "a slow start, and then to rest"}
    trade.fill_between([-0.02, EARLY], LATE, 1.03, **box)
    trade.set(xlabel="share of the change by pairing 10", ylabel="share by pairing 60")
    lowest = float(np.nanmin(shares(data["curves"])[..., 60], initial=1.0))
    trade.set(xlim=(-0.02, 1.02), ylim=(np.clip(lowest - 0.05, 0.0, 0.5), 1.03))
    trade.set_title("The same at every rate of the scan", fontsize=10)
    fig.legend(loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    return fig


def shares(curve: Array) -> Array:
    """The part of the whole change of `curve[..., pairings]` that is made by each pairing; NaN if nothing changes."""
    change = curve[..., -1:] - curve[..., :1]
    result: Array = (curve - curve[..., :1]) / np.where(change == 0, np.nan, change)
    return result


def _of_series(data: Data, k: int) -> Iterator[Finding]:
    name, order = data["series"][k], int(data["order"][k])
    points = PUBLISHED[order or 1]
    done = {n: (value - 1) / (points[100] - 1) for n, value in points.items()}
    right = np.sign(data["curves"][k][:, -1] - data["curves"][k][:, 0]) == (order or 1)
    scan = shares(data["curves"][k])
    rests = right & (scan[:, 60] >= LATE)
    starts = rests & (scan[:, 10] < EARLY)
    best, fitted, rates = shares(data["best"][k]), data["fitted"][k], data["rates"][k]

    way = "weakens" if order < 0 else "strengthens"
    where = f"from {rates[rests].min() / fitted:.2g} × that rate on" if rests.any() else "at no rate"
    yield Finding(
        f"a synapse {way}, then comes to rest ({name})" if order else f"a synapse that learns comes to rest ({name})",
        f"{percent(best[60])} of the change by pairing 60 at the fitted rate; {percent(LATE)} {where}",
        f"{percent(done[60])}: {points[60]} of {points[100]}",
        "C",
        verdict(rests.any()),
    )
    first = f"{percent(best[1])}, {percent(best[5])}, {percent(best[10])} after 1, 5, 10 pairings at the fitted rate"
    least = (
        f"; at least {percent(np.nanmin(scan[rests, 10]))} after 10 at any rate that comes to rest"
        if rests.any()
        else ""
    )
    yield Finding(
        f"a slow start, and then to rest ({name})",
        first + least,
        f"{percent(done[10])} after 10: {points[10]} of {points[100]}",
        "C",
        verdict(starts.any()),
    )


def _rates_paired(rule: Rule, settings: Settings) -> tuple[Array, Curve]:
    """Durations of a pairing to scan; and from one to the weight [1, pairings] before the first and after each."""
    taught = is_taught(rule)
    told: dict[str, Any] = {"post_target": 1.0} if taught else {}
    own = settings.drive == "own"

    def curve(duration: float) -> Array:
        w, state = settings.start if own else 0.0, None
        kept = [w]
        try:
            for _ in range(PAIRINGS):
                y = w if own or taught else 1.0
                w, state = rule.step(w, pre=1.0, post=y, state=state, dt=float(duration), **told)
                kept.append(w)
        except DivergenceError:
            kept += [np.nan] * (PAIRINGS + 1 - len(kept))
        return np.array([kept])

    return np.geomspace(0.1, 30.0, settings.rates), curve


def _spikes_paired(rule: Rule, settings: Settings) -> tuple[Array, Curve]:
    """Factors on the amplitudes to scan; and from one to the weight [2, pairings] after pairs of +10 and of -10 ms."""

    def curve(factor: float, pairings: int = PAIRINGS) -> Array:
        changes = {name: factor * value for name, value in rule.parameters.items() if _is_amplitude(name)}
        return _replayed(rule.with_(**changes), settings.frequency, pairings)

    first = abs(curve(1.0, pairings=1)[0, 1] / BEFORE - 1) or 0.01
    return np.geomspace(0.01, 0.08, settings.amplitudes) / first, curve


def _replayed(rule: Rule, frequency: float, pairings: int) -> Array:
    """The weight [2, pairings] after each number of pairs, NaN if it diverges: for each number and order a synapse."""
    period = round(1 / (frequency * LAG))
    numbers = np.arange(pairings + 1)
    cells = np.repeat(numbers, numbers)
    first = np.concatenate([np.arange(n) for n in numbers]) * period
    cells, synapses = np.concatenate([cells, cells + pairings + 1]), np.arange(2 * (pairings + 1))
    drifts = any(simplify(events.drift) != ZERO for _, events in lower(rule).events)
    try:
        w, _ = replay(
            rule,
            pre=(cells, np.concatenate([first, first + 1])),
            post=(cells, np.concatenate([first + 1, first])),
            synapses=(synapses, synapses),
            weight=BEFORE,
            delay=0,
            dt=LAG * second if rule.is_timed else LAG,
            duration=pairings * period,
            backend="numba" if drifts else "reference",  # which needs no compiling, and is slow only between spikes
        )
    except DivergenceError:
        return np.full((2, pairings + 1), np.nan)
    return w.reshape(2, -1)


def _is_amplitude(name: str) -> bool:
    return name.startswith("A") or name in ("eta", "lambda_")


def _fit(rates: Array, curves: Array) -> float:
    """The rate at which half the change is made by pairing 22, between two of `rates`; else the nearest of them."""
    half = np.array([_half(curve) for curve in shares(curves)])
    for i in range(len(rates) - 1):
        if (half[i] - HALF) * (half[i + 1] - HALF) <= 0 and half[i] != half[i + 1]:
            part = (half[i] - HALF) / (half[i] - half[i + 1])
            return float(np.exp((1 - part) * np.log(rates[i]) + part * np.log(rates[i + 1])))
    away = np.abs(half - HALF)
    if np.isnan(away).all():
        return 1.0
    return float(rates[np.nanargmin(np.round(away, 6))])


def _half(share: Array) -> float:
    """The pairing at which `share[pairings]` first reaches one half."""
    if not np.isfinite(share).all():
        return np.nan
    n = int(np.argmax(share >= 0.5))
    return float(n - 1 + (0.5 - share[n - 1]) / (share[n] - share[n - 1])) if n else 0.0
