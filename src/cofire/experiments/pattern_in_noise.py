"""A cell that is told nothing finds a pattern of spikes that returns in noise, and comes to answer at its start.

Protocol. One cell hears many afferents, each firing 64 times a second on average, whose rates wander (the streams are
in `_spike_streams.py`). Half of them repeat a pattern of 50 ms that fills a quarter of the time, never twice in a row,
its spikes off by a normal jitter of 1 ms, under noise of 10 Hz. Rates do not give it away. The cell is a
leaky integrator of post-synaptic potentials exp(-t/10 ms) - exp(-t/2.5 ms), their peak the weight, with a threshold a
quarter of the number of afferents (500 for 2000). When it fires, everything is cleared, and a pulse of twice the
threshold turns into an undershoot. Two simplifications: time goes in steps of .1 ms, and v stays for the first
millisecond after a spike where the pulse is at its end. Weights, from 0 to 1, start at .475. Jitter, the frequency of
the pattern, and the share of afferents in it are varied one by one; the second two in full runs alone.

Criterion of the publication, for the last third of the time (here the last repetition of the background): more than
98 % of the patterns are hit, which is a spike within their 50 ms; none elsewhere; and a mean latency below 10 ms.

Held against, of 100 runs each, those of the original program and of a replication with a short step (S2: Masquelier et
al. 2008, Hathway and Goodman 2018, who also have that the cell fires at 63 Hz at first, that it is selective after 700
to 1400 of its spikes, depending on the step, and that only afferents of the pattern end strong; S1). The plain
rules `stdp_pair`, shown beside, and `stdp_pair_nearest` fail in the replication, and here: each loss there comes at a
presynaptic spike, of which there are so many that the cell falls silent within a second.
Ours: how many runs; what agrees is a number of successes that a binomial with a published share, or one between the
two, gives with more than 5 % on either side; but to miss a pattern that is too hard to find counts for nothing where a
rule misses the usual one. The quick form has half of the afferents, a tenth of the time, and twice the learning rate,
which is fitted to that time: so it has no number for how soon, and some weights have not settled.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray
from scipy.stats import binom

from cofire import rules as catalogue
from cofire.errors import DivergenceError
from cofire.experiments._experiment import Data, Finding, Progress
from cofire.experiments._rates import label, not_from_there
from cofire.experiments._spike_streams import (
    DT,
    SLOT,
    Background,
    background,
    chosen_slots,
    take_pattern,
    with_pattern,
)
from cofire.experiments._statistics import percent, spread, verdict
from cofire.experiments._timing import unsuitable_for_spikes
from cofire.network import Network, all_to_all
from cofire.neuron import Neuron
from cofire.rule import Rule
from cofire.units import Hz, ms, second

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CLAIM = "Cells find what repeats in a stream of noise."
CLAIMS = (9,)
SOURCE = (
    "T. Masquelier, R. Guyonneau, S. J. Thorpe, Spike timing dependent plasticity finds the start of repeating "
    "patterns in continuous spike trains, PLoS ONE 3:e1377, 2008; P. Hathway, D. F. M. Goodman, [Re] the same, "
    "ReScience 4(1):6, 2018"
)
RULES = ("stdp_pair_nearest_reduced", "stdp_pair")

PLAIN = (
    "Play a short tune again and again in the middle of street noise, and you will soon hear it. One cell can do that "
    "too: it only strengthens whoever spoke just before it fired, and weakens whoever speaks just after."
)

START = 0.475  # of every weight
JITTER, FREQUENCY, SHARE = 1.0, 0.25, 0.5  # ms; of the time; of the afferents: unless varied
HITS, LATENCY = 0.98, 0.010  # s; a success has more and less
STRONG = 0.9
TOO_MUCH = 500.0  # Hz in a tenth of a second: a cell that answers to whatever comes, and its run ends
PAPER = {"afferents": 2000, "A_plus": 2.0**-5}

# Successes of 100 runs, original and replication, by what is varied.
PUBLISHED: dict[str, dict[float, tuple[int, int]]] = {
    "jitter": {0: (93, 97), 1: (90, 98), 2: (63, 94), 3: (34, 52), 4: (12, 2), 5: (2, 0), 6: (0, 0)},
    "frequency": {0.05: (28, 37), 0.1: (79, 89), 0.15: (89, 99), 0.25: (90, 98), 0.5: (71, 84)},
    "share": {0.2: (0, 0), 0.3: (3, 18), 0.4: (51, 78), 0.5: (96, 98), 0.6: (95, 100)},
}
SAID = {"jitter": "jitter of {:g} ms", "frequency": "pattern {:.0%} of the time", "share": "{:.0%} of afferents in it"}

Array = NDArray[Any]
Jitter = Annotated[float, Meta(ge=0, le=20)]
Frequency = Annotated[float, Meta(gt=0, le=0.5)]
Share = Annotated[float, Meta(gt=0, le=1)]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    afferents: Annotated[int, Meta(ge=100, le=10_000, description="the paper 2000")] = 1000
    background: Annotated[int, Meta(ge=5, le=600, description="seconds, then repeated; the paper 150")] = 10
    repeats: Annotated[int, Meta(ge=2, le=100, description="of the background; the paper 3")] = 4
    A_plus: Annotated[float, Meta(gt=0, le=1, description="gain by a pair; the paper 2^-5, its loss .85 of it")] = (
        2.0**-4
    )
    runs: Annotated[int, Meta(ge=2, le=1000, description="with other spikes, of each condition; the paper 100")] = 3
    jitters: Annotated[tuple[Jitter, ...], Meta(min_length=1, description="ms; the paper 0 to 6")] = (1.0, 6.0)
    frequencies: Annotated[tuple[Frequency, ...], Meta(description="of the pattern; the paper .05 to .5")] = ()
    shares: Annotated[tuple[Share, ...], Meta(description="of afferents in it; the paper .2 to .6")] = ()


FULL = Settings(
    afferents=2000,
    background=150,
    repeats=3,
    A_plus=2.0**-5,
    runs=4,
    jitters=(0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0),
    frequencies=(0.05, 0.1, 0.15, 0.5),
    shares=(0.2, 0.3, 0.4, 0.6),
)


def unsuitable(rule: Rule) -> str | None:
    """Why `rule` cannot learn from the spikes of a cell and its afferents, or None."""
    if not rule.is_timed:
        return "it has no times in seconds, and spikes come at times"
    if rule.name == "calcium":
        return "the calcium of an arrival comes some 14 ms late, and what is told apart here is a few milliseconds"
    return not_from_there(rule) or unsuitable_for_spikes(rule)


def adapted(name: str, settings: Settings) -> Rule:
    """The catalogue rule of that name between 0 and 1, pair STDP with the amplitudes and times of the publication."""
    recipe = catalogue.get(name)
    numbers: dict[str, Any] = {
        "A_plus": settings.A_plus,
        "A_minus": 0.85 * settings.A_plus,
        "tau_plus": 16.8 * ms,
        "tau_minus": 33.7 * ms,
    }
    pairs = numbers if name.startswith("stdp_pair") else {}
    return recipe(bounds=(0.0, 1.0), **{key: value for key, value in pairs.items() if key in recipe.parameters})


def run(settings: Settings, rules: Sequence[Rule], seed: int, progress: Progress) -> Data:
    conditions = _conditions(settings)
    shape = (len(rules), len(conditions), settings.runs)
    found: Data = {
        "rules": [label(rule) for rule in rules],
        "kinds": [kind for kind, _ in conditions],
        "values": np.array([value for _, value in conditions]),
        "as_published": settings.afferents == PAPER["afferents"] and settings.A_plus == PAPER["A_plus"],
        "samples": [],
        **{name: np.full(shape, np.nan) for name in ("hits", "alarms", "latency", "first", "rate", "spikes", "strong")},
    }
    slots = round(settings.background / (SLOT * DT))
    for trial in range(settings.runs):
        streams = np.random.default_rng((seed, trial))
        base = background(settings.afferents, slots, streams)
        source = background(settings.afferents, 1, streams)  # apart, for where it was cut from it would be heard again
        for r, rule in enumerate(rules):
            for c, (kind, value) in enumerate(conditions):
                done = (trial + (r + c / len(conditions)) / len(rules)) / settings.runs
                progress(done, f"{label(rule)}: {SAID[kind].format(value)}, run {trial + 1}")
                given = {"jitter": JITTER, "frequency": FREQUENCY, "share": SHARE} | {kind: value}
                # the same spikes for every rule and every jitter, as far as they can be
                heard = _heard(rule, settings, base, source, given, np.random.default_rng((seed, trial, 1)))
                for name, number in _measures(heard).items():
                    found[name][r, c, trial] = number
                if c == 0 and trial == 0:
                    found["samples"].append(heard)
    return found


def findings(data: Data) -> list[Finding]:
    return [finding for r in range(len(data["rules"])) for finding in _of_rule(data, r)]


def figure(data: Data) -> Figure:
    from cofire.experiments._figure import new_figure

    kinds = list(dict.fromkeys(data["kinds"]))
    picture, axes = new_figure(1, 2 + len(kinds), width=10.5 + 3.2 * (len(kinds) - 1), height=4.0)
    picture.set_layout_engine("constrained", wspace=0.07)  # room between the colour bar and what stands right of it
    _draw_latency(axes[0], data["samples"][0], data["rules"][0])
    _draw_weights(axes[1], data["samples"][0])
    for ax, kind in zip(axes[2:], kinds, strict=True):
        _draw_success(ax, kind, data)
    return picture


def _conditions(settings: Settings) -> list[tuple[str, float]]:
    """What is varied, and to which value; the usual condition stands among the jitters."""
    varied = {"jitter": settings.jitters, "frequency": settings.frequencies, "share": settings.shares}
    return [(kind, float(value)) for kind, values in varied.items() for value in values]


def _cell(afferents: int) -> Neuron:
    """The cell of the publication: its kernels, with K₁ = 2 and K₂ = 4, as the solutions of two linear equations."""
    tau, tau_s, threshold = 10.0, 2.5, afferents / 4
    resistance = (tau / tau_s) ** (tau / (tau - tau_s))  # a spike of weight w makes a potential with its peak at w
    peak = resistance * tau_s / (tau - tau_s)
    return Neuron(
        "dv/dt = (R * g - v) / tau; dg/dt = -g / tau_s",
        threshold="v > v_threshold",
        reset="v = v_after; g = g_after",
        refractory=1 * ms,
        inputs="g",
        initial={"v": 0.0, "g": 0.0},
        tau=tau * ms,
        tau_s=tau_s * ms,
        R=resistance,
        v_threshold=threshold,
        v_after=threshold * (4 * np.exp(-1 / tau_s) - 2 * np.exp(-1 / tau)),  # 1 ms after the spike
        g_after=-4 * threshold / peak,
    )


def _heard(
    rule: Rule,
    settings: Settings,
    base: Background,
    source: Background,
    given: dict[str, float],
    rng: np.random.Generator,
) -> dict[str, Any]:
    """One run: the cell's spikes and where the patterns began, in seconds; the weights at the end, and the pattern.

    `from`: when the last repetition of the background began; `seconds`: how long the run was.

    `weights[afferent]` is NaN, and the run ends, where the rule diverges.
    """
    pattern = take_pattern(source, given["share"])
    net = Network(dt=DT * second, seed=0)
    inputs = net.spikes(settings.afferents, np.zeros(0, int), np.zeros(0, int))
    cell = net.cells(1, _cell(settings.afferents))
    synapses = net.connect(inputs, cell, all_to_all(), weight=START, rule=rule)
    times, starts, last = [], [], 0.0
    weights = np.full(settings.afferents, np.nan)
    try:
        for repeat in range(settings.repeats):
            slots = chosen_slots(base.slots, given["frequency"], rng)
            cells, steps = with_pattern(base, pattern, slots, given["jitter"] * 1e-3 / DT, rng)
            inputs.set(cells, steps + net.step)
            last = float(repeat * settings.background)
            record = net.run(settings.background * second, record=[cell.spikes], max_rate=TOO_MUCH * Hz)
            begun = last + slots * SLOT * DT
            starts.append(begun[begun < record.end])
            times.append(record[cell.spikes].times)
            if record.stopped:
                break
        weights = synapses.weight.values
    except DivergenceError:
        pass
    return {
        "times": np.concatenate([*times, np.zeros(0)]),
        "starts": np.concatenate([*starts, np.zeros(0)]),
        "from": last,
        "seconds": net.step * DT,
        "weights": weights,
        "pattern_cells": pattern.cells,
        "pattern_times": pattern.steps * DT,
        "members": pattern.members,
    }


def _measures(heard: dict[str, Any]) -> dict[str, float]:
    """What the criterion asks of the end, and how the cell came there.

    `hits`: share of patterns; `alarms`: spikes elsewhere; `latency`: mean of the first spikes, s; `first`: that of the
    first 20 patterns hit once it is selective; `rate`: in the first second, Hz; `spikes`: until it was selective;
    `strong`: share of the strong weights that are of the pattern.
    """
    times, starts, weights = heard["times"], heard["starts"], heard["weights"]
    latency = _latency(times, starts)
    late = times >= heard["from"]
    tested = int((starts >= heard["from"]).sum())
    answers = _first_answers(times[late], latency[late], starts)
    outside = np.flatnonzero(np.isnan(latency))
    until = int(outside[-1]) + 1 if len(outside) else 0
    strong = np.flatnonzero(weights > STRONG)
    return {
        "hits": len(answers) / max(tested, 1),
        "alarms": float(np.isnan(latency[late]).sum()),
        "latency": float(answers.mean()) if len(answers) else np.nan,
        "first": float(latency[until : until + 20].mean()) if until < len(latency) else np.nan,
        "rate": float((times < 1).sum() / min(1.0, heard["seconds"])),
        "spikes": until,
        "strong": float((strong < heard["members"]).mean()) if len(strong) else np.nan,
    }


def _latency(times: Array, starts: Array) -> Array:
    """Of each spike from the beginning of the pattern that it falls in, in seconds; NaN outside."""
    before = np.searchsorted(starts, times + DT / 2, side="right") - 1
    after = times - starts[np.maximum(before, 0)]
    found: Array = np.where((before >= 0) & (after < SLOT * DT - DT / 2), after, np.nan)
    return found


def _first_answers(times: Array, latency: Array, starts: Array) -> Array:
    """The latency of the first spike in each pattern that has one."""
    inside = ~np.isnan(latency)
    which = np.searchsorted(starts, times[inside] + DT / 2, side="right")
    found: Array = latency[inside][np.unique(which, return_index=True)[1]]
    return found


def _succeeds(data: Data) -> Array:
    """`[rule, condition, run]`."""
    good: Array = (data["hits"] > HITS) & (data["alarms"] == 0) & (data["latency"] < LATENCY)
    return good


def _of_rule(data: Data, r: int) -> Iterator[Finding]:
    name, good = data["rules"][r], _succeeds(data)[r]
    found = good[_usual(data)]
    for c, (kind, value) in enumerate(zip(data["kinds"], data["values"], strict=True)):
        said = SAID[kind].format(value)
        published = PUBLISHED[kind].get(float(value))
        if published is None:
            continue
        yield Finding(
            f"finds the pattern, {said} ({name})",
            f"{good[c].sum()} of {good[c].size} runs; {percent(data['hits'][r, c].mean())} hit, "
            f"{data['alarms'][r, c].mean():.1f} false alarms",
            f"{published[0]} %, replication {published[1]} %",
            "S2",
            verdict(found.any() and _agrees(int(good[c].sum()), good[c].size, published)),
            rule=name,
            phenomenon=f"a pattern in noise, {said}",
        )
    first, latency = (data[what][r, _usual(data)][found] for what in ("first", "latency"))
    falls, course = False, "it does not"
    if found.any():
        end, start = 1e3 * latency.mean(), 1e3 * first.mean()
        falls, course = (
            end < min(start, 1e3 * LATENCY),
            f"{end:.1f} ms at the end, {start:.1f} when it became selective",
        )
    yield Finding(
        f"the latency falls, where it finds the pattern ({name})",
        course,
        "falls to less than 10 ms",
        "S2",
        verdict(falls),
        rule=name,
        phenomenon="the latency in a pattern falls",
    )
    strong = data["strong"][r, _usual(data)]
    yield Finding(
        f"what ends strong is of the pattern ({name})",
        f"{percent(strong.mean())} of the weights above {STRONG}",
        "all",
        "S1",
        verdict((strong > 0.99).all()),
        rule=name,
        phenomenon="strong synapses are of the pattern",
    )
    if data["as_published"]:
        spikes = data["spikes"][r, _usual(data)]
        yield Finding(
            f"selective after so many spikes of its own ({name})",
            spread(spikes, 0),
            "700; 1400 in steps of .1 ms",
            "S1",
            verdict(700 / 1.5 < spikes.mean() < 1400 * 1.5 and found.any()),
            rule=name,
            phenomenon="how soon a pattern is found",
        )
    yield Finding(
        f"control: in its first second it fires whatever comes ({name})",
        f"{spread(data['rate'][r, _usual(data)], 0)} spikes in the first second",
        "63 Hz",
        "S1",
        verdict(abs(data["rate"][r, _usual(data)].mean() / 63 - 1) < 0.15),
        rule=name,
        phenomenon="control: rate in the first second",
    )


def _usual(data: Data) -> int:
    """The number of the usual condition, or of the first if that was not run."""
    return next(
        (c for c, pair in enumerate(zip(data["kinds"], data["values"], strict=True)) if pair == ("jitter", JITTER)), 0
    )


def _agrees(successes: int, runs: int, published: tuple[int, int]) -> bool:
    """Whether a share between the published ones, of 100 runs each, gives so many, no more and no less, above 5 %."""
    low, high = min(published) / 100, max(*published, 1) / 100
    return bool(binom.cdf(successes, runs, low) > 0.05 and binom.sf(successes - 1, runs, high) > 0.05)


def _draw_latency(ax: Axes, heard: dict[str, Any], name: str) -> None:
    from cofire.experiments._figure import BLUE, GREY

    latency = 1e3 * _latency(heard["times"], heard["starts"])
    ax.plot(np.nan_to_num(latency, nan=-2.0), ".", color=BLUE, markersize=2.5)
    ax.axhline(1e3 * LATENCY, color=GREY, linewidth=0.8, linestyle=":")
    ax.set(xlabel="spikes of the cell", ylabel="latency in the pattern [ms]", ylim=(-4, 50))
    ax.set_yticks([-2, 0, 10, 20, 30, 40, 50], ["outside", "0", "10", "20", "30", "40", "50"])
    ax.set_title(f"When it fires, one run\n({name})", fontsize=10)


def _draw_weights(ax: Axes, heard: dict[str, Any]) -> None:
    """The spikes of the pattern, coloured by what the weights became; afferents in the order of their first spike."""
    from cofire.experiments._figure import ORANGE

    cells, times, members = heard["pattern_cells"], heard["pattern_times"], heard["members"]
    first = np.full(members, np.inf)
    np.minimum.at(first, cells, times)
    place = np.argsort(np.argsort(first))
    order = np.argsort(heard["weights"][cells])
    dots = ax.scatter(
        1e3 * times[order], place[cells][order], c=heard["weights"][cells][order], s=3, cmap="viridis", vmin=0, vmax=1
    )
    latency = _latency(heard["times"], heard["starts"])[heard["times"] >= heard["from"]]
    if np.isfinite(latency).any():
        when = 1e3 * np.nanmean(latency)
        ax.axvline(when, color=ORANGE)
        ax.annotate("the cell fires", (when + 0.7, members), fontsize=8, color=ORANGE, va="center")
    ax.set(xlabel="time in the pattern [ms]", ylabel="afferent, by its first spike")
    ax.set_title("The pattern, and the weights at the end", fontsize=10)
    ax.figure.colorbar(dots, ax=ax, shrink=0.8)


def _draw_success(ax: Axes, kind: str, data: Data) -> None:
    from cofire.experiments._figure import COLOURS, GREY

    for column, text, style in ((0, "published", "-"), (1, "replication", "--")):
        known = PUBLISHED[kind]
        ax.plot([*known], [v[column] for v in known.values()], style, color=GREY, label=text, linewidth=1.2)
    usual = {"frequency": FREQUENCY, "share": SHARE}.get(kind)
    at = [c for c, other in enumerate(data["kinds"]) if other == kind]
    values = data["values"][at]
    if usual is not None:
        at, values = [*at, _usual(data)], np.append(values, usual)
    for r, name in enumerate(data["rules"]):
        good = _succeeds(data)[r][at]
        size = max(9.0 - 3 * r, 3.0)  # so that none hides another
        ax.plot(values, 100 * good.mean(axis=1), "o", markersize=size, color=COLOURS[r % len(COLOURS)], label=name)
    names = {
        "jitter": "jitter [ms]",
        "frequency": "share of time with the pattern",
        "share": "share of afferents in it",
    }
    ax.set(xlabel=names[kind], ylabel="runs that succeed [%]", ylim=(-4, 104))
    ax.set_title(f"How much disorder it bears ({good.shape[1]} runs)" if kind == "jitter" else "", fontsize=10)
    if kind == "jitter":
        ax.legend(fontsize=8, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.15), ncols=2, markerscale=0.7)
