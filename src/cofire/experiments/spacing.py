"""Spaced practice beats crammed practice, and the longer you want to remember, the longer the best gap.

In plain words: learn something, let some time go by, and practise it once more. At once is the worst moment: there is
nothing to mend yet. Too late is bad as well: all is gone, and you begin anew. In between lies a best gap, and it
depends on when you will need what you learnt: days for next week, weeks for next year.

Protocol. One association, cue to answer, time in days. Session 1 is 8 trials, each a step with both active; after a gap
of 0 (7 minutes) to 105 days comes session 2, 8 trials more; the test follows 7, 35, 70 or 350 days after that. Between
sessions the rule is left alone, in steps of silence. All gaps run side by side, each a row of the weights. An item is
recalled if its strength, w times a random number for the item (log-normal), passes a threshold.

Held against (N. J. Cepeda et al. 2008, more than 1350 people)
    test after           7 d    35 d   70 d   350 d
    best gap             3      8      12     27 days, interpolated (S1)
    recall gained by it  10     59     111    77 % over no gap (S2)

Mechanism. What is needed is an error, so that what is known is not learnt again, and forgetting that slows down with
age. `delta` has the first alone and forgets nothing. `hebb_with_decay` has neither: its sessions add up, and the later
the first, the less of it is left. With an error and one time constant both cancel exactly: the gap does not matter.
`multiscale` has the error and four time constants. Fitted by us: its numbers to the best gaps for 7 and 350 days; the
threshold and the spread of items to what they gain there. So what was not fitted is 35 and 70 days, and the order.

What comes out: the gaps are right, the gains are not: they do not rise and fall as those of people do. And one set of
numbers does not do for all: with those that `forgetting` fitted to Ebbinghaus, best gaps are 3, 4, 105 and 105 days.
Near the best gap the curves are flat, so that gaps move by a third with finer steps. Ours: the trials.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from cofire import rules as catalogue
from cofire.experiments._experiment import Data, Finding, Progress
from cofire.experiments._memory import Memory, blank, power_like, silence, stacked, study
from cofire.experiments._memory import unsuitable as unsuitable
from cofire.experiments._rates import OUT_OF_RANGE, label
from cofire.experiments._statistics import verdict
from cofire.rule import Rule

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CLAIM = "Spaced practice beats crammed practice."
CLAIMS = (17,)
SOURCE = (
    "N. J. Cepeda, E. Vul, D. Rohrer, J. T. Wixted, H. Pashler, Spacing effects in learning: a temporal ridgeline of "
    "optimal retention, Psychol. Sci. 19:1095-1102, 2008. doi:10.1111/j.1467-9280.2008.02209.x"
)
RULES = ("multiscale", "hebb_with_decay", "delta")

TESTS = np.array([7.0, 35.0, 70.0, 350.0])  # days after session 2
BEST = np.array([3.0, 8.0, 12.0, 27.0])
GAINS = np.array([0.10, 0.59, 1.11, 0.77])
UNFITTED = slice(1, 3)  # of the tests
AT_ONCE, LONGEST_GAP = 0.005, 105.0  # days
TRIAL = 0.002  # days
SESSION = 8  # trials
LONGEST_STEP = 5.0  # days

Array = NDArray[np.float64]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    gaps: Annotated[int, Meta(ge=8, le=200, description="gaps from half a day to 105 days, beside none; ours")] = 24
    items: Annotated[int, Meta(ge=100, le=100_000, description="items of different difficulty; ours")] = 4000
    growth: Annotated[
        float, Meta(gt=0, le=0.2, description="a step of silence, as part of the time since it began; ours")
    ] = 0.02
    rate: Annotated[float, Meta(gt=0, le=0.9, description="of the error mended by a trial; ours")] = 0.5
    tau: Annotated[float, Meta(gt=0, description="days, fastest trace; fitted to the best gaps for 7 and 350 d")] = (
        0.252
    )
    ratio: Annotated[float, Meta(gt=1, le=1000, description="of time constants; fitted to the same")] = 15.2
    weaker: Annotated[float, Meta(gt=0, le=1, description="rate of a trace over the faster's; fitted to the same")] = (
        0.484
    )
    threshold: Annotated[float, Meta(gt=0, description="of recall; fitted to the gains at 7 and 350 days")] = 0.085
    spread: Annotated[float, Meta(gt=0, description="of the log of strength over items; fitted to the same")] = 1.2


FULL = Settings(gaps=60, items=20_000, growth=0.01)


def adapted(name: str, settings: Settings) -> Rule:
    """The catalogue rule of that name with time in days; a month for the one time constant of Hebb with decay."""
    if name == "multiscale":
        return power_like(settings.rate / TRIAL, settings.tau, settings.ratio, settings.weaker)
    recipe = catalogue.get(name)
    eta = {"eta": (settings.rate if name == "delta" else 0.1) / TRIAL} if "eta" in recipe.parameters else {}
    return recipe(**eta, **({"tau_w": 30.0} if name == "hebb_with_decay" else {}))


def run(settings: Settings, rules: Sequence[Rule], seed: int, progress: Progress) -> Data:
    gaps = np.concatenate([[AT_ONCE], np.geomspace(0.5, LONGEST_GAP, settings.gaps)])
    strength = np.full((len(rules), len(TESTS), len(gaps)), np.nan)
    for r, rule in enumerate(rules):
        progress(r / len(rules), label(rule))
        with suppress(*OUT_OF_RANGE):
            strength[r] = _tested(rule, gaps, settings)
    items = np.exp(settings.spread * np.random.default_rng(seed).standard_normal(settings.items))
    recall = np.mean(strength[..., None] * items > settings.threshold, axis=-1)
    return {"rules": [label(rule) for rule in rules], "gaps": gaps, "strength": strength, "recall": recall}


def findings(data: Data) -> list[Finding]:
    return [finding for r in range(len(data["rules"])) for finding in _of_rule(data, r)]


def figure(data: Data) -> Figure:
    from cofire.experiments._figure import COLOURS, GREY, new_figure

    picture, ((recalls, gaps), (best, gained)) = new_figure(2, 2, width=10.5, height=7.8)
    for t, test in enumerate(TESTS):
        colour = COLOURS[t]
        recalls.plot(data["gaps"], 100 * data["recall"][0, t], color=colour, label=f"test after {test:.0f} days")
        recalls.axvline(BEST[t], color=colour, linewidth=0.8, linestyle=":")
    recalls.set(xscale="log", xlabel="gap between the sessions, days", ylabel="recalled, %", ylim=(0, 105))
    recalls.set_title(f"{data['rules'][0]} (dotted: people's best gaps)", fontsize=10)
    recalls.legend(fontsize=8, frameon=False, loc="lower left", ncols=2, handlelength=1.2, columnspacing=1)
    for r, name in enumerate(data["rules"]):
        strength = data["strength"][r, 1]
        style = {"color": COLOURS[r % len(COLOURS)], "linewidth": 2.4 - 0.4 * min(r, 4)}
        gaps.plot(data["gaps"], strength / strength[0], label=name, **style)
        found = best_gaps(data["gaps"], data["strength"][r])
        inside = found > 0
        if inside.any():
            best.plot(TESTS[inside], found[inside], "-s", color=style["color"], markersize=5, label=name)
        gained.plot(TESTS, 100 * recall_gained(data["recall"][r]), "-s", markersize=5, label=name, **style)
    gaps.axhline(1, color=GREY, linewidth=0.6)
    gaps.set(xscale="log", xlabel="gap between the sessions, days", ylabel="strength over that with no gap")
    gaps.set_title("Each rule, tested after 35 days", fontsize=10)
    gaps.legend(fontsize=8, frameon=False)
    best.plot(TESTS, BEST, "o", color="black", markerfacecolor="white", label="people")
    best.set(xscale="log", yscale="log", xlabel="days until the test", ylabel="best gap, days", ylim=(1, 110))
    best.set_title("The best gap (a rule without one is left out)", fontsize=10)
    best.legend(fontsize=8, frameon=False)
    gained.plot(TESTS, 100 * GAINS, "o", color="black", markerfacecolor="white", label="people", zorder=5)
    gained.axhline(0, color=GREY, linewidth=0.6)
    gained.set(xscale="log", xlabel="days until the test", ylabel="recalled more than with no gap, %")
    gained.set_title("What the best gap gains", fontsize=10)
    gained.legend(fontsize=8, frameon=False)
    return picture


def recall_gained(recall: Array) -> Array:
    """What the best gap adds to `recall[test, gap]` with no gap, as a share of that."""
    least = 1 / recall.shape[1]  # so that a gain has a value where nothing is recalled with no gap
    gains: Array = (recall.max(axis=1) - recall[:, 0]) / np.maximum(recall[:, 0], least)
    return gains


def best_gaps(gaps: Array, strength: Array) -> Array:
    """The gap after which `strength[test, gap]` is largest, interpolated; 0 if no gap is better than none by 1 %."""
    from scipy.interpolate import PchipInterpolator

    if not np.isfinite(strength).all():
        return np.full(len(strength), np.nan)
    fine = np.linspace(np.log(gaps[1]), np.log(gaps[-1]), 2000)
    found = []
    for row in strength:
        curve = PchipInterpolator(np.log(gaps[1:]), row[1:])(fine)
        found.append(np.exp(fine[np.argmax(curve)]) if curve.max() > 1.01 * row[0] else 0.0)
    return np.array(found)


def _of_rule(data: Data, r: int) -> list[Finding]:
    name, recall = data["rules"][r], data["recall"][r]
    best = best_gaps(data["gaps"], data["strength"][r])
    gains = recall_gained(recall)
    inside = bool(((best > 0) & (best < 0.99 * LONGEST_GAP)).all())
    rises = inside and bool((np.diff(best) > -0.01 * best[1:]).all()) and bool((np.diff(best / TESTS) < 0).all())
    shown = ", ".join(f"{gap:.1f}" for gap in best) + " d" if (best > 0).any() else "no gap is better than none"
    parts = ", ".join(f"{100 * part:.0f}" for part in best / TESTS) + " % of the time to the test" if inside else ""
    close = inside and bool((np.abs(np.log(best / BEST)) < np.log(2))[UNFITTED].all())
    gained = ", ".join(f"{100 * gain:.0f}" for gain in gains)
    return [
        Finding(
            f"the best gap grows with the time to the test, but less than it ({name})",
            f"{shown}; {parts}" if parts else shown,
            "3, 8, 12, 27 d; 43, 23, 17, 8 %",
            "S1",
            verdict(rises and best[-1] > 2 * best[0]),
        ),
        Finding(
            f"best gap for a test after 35 and 70 days, not fitted ({name})",
            ", ".join(f"{gap:.1f}" for gap in best[UNFITTED]) + " d" if inside else shown,
            "8, 12 d; asked: within a factor of 2",
            "S1",
            verdict(close),
        ),
        Finding(
            f"spaced practice beats crammed practice at every test ({name})",
            f"recall at the best gap {gained} % above that with no gap",
            "10, 59, 111, 77 %",
            "S2",
            verdict(inside and bool((gains > 0.02).all())),
        ),
        Finding(
            f"how much is gained after 35 and 70 days, not fitted ({name})",
            ", ".join(f"{100 * gain:.0f}" for gain in gains[UNFITTED]) + " %",
            "59, 111 %; asked: within 30 % of each",
            "S2",
            verdict(bool((np.abs(gains / GAINS - 1) < 0.3)[UNFITTED].all())),
        ),
    ]


def _tested(rule: Rule, gaps: Array, settings: Settings) -> Array:
    """The strength `[test, gap]`."""
    learnt = _session(rule, blank())
    rows = stacked(rule, list(silence(rule, learnt, list(gaps), AT_ONCE, LONGEST_STEP, settings.growth)))
    tests = silence(rule, _session(rule, rows), list(TESTS), AT_ONCE, LONGEST_STEP, settings.growth)
    return np.array([w[:, 0] for w, _ in tests])


def _session(rule: Rule, memory: Memory) -> Memory:
    for _ in range(SESSION):
        memory = study(rule, memory, TRIAL)
    return memory
