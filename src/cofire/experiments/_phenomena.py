"""What animals do in classical conditioning: each phenomenon a row of data, with its design and its criterion.

A design is written as in the field: "20 A+ / 20 AB+, 20 CD+" is a phase of 20 trials of A with food, then one of 20 AB
and 20 CD with food in random order. "-" is a trial without food. Contexts are written out ("AZ+"), and "50 -" is 50
trials of nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from cofire.experiments._experiment import Flag

STIMULI = "ABCDXYZ"  # Y and Z are contexts
MARGIN = 0.05  # a difference in V that counts, in units of λ (S1)


def schedule(design: str, rng: np.random.Generator, mirrored: bool) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The trials of a design, in random order within each phase, and the number of trials at the end of each phase.

    `mirrored` is for the other animal of a pair: the same order with the kinds of trial exchanged, where they are
    equally many. So what only hangs on who came last cancels in the mean, as when a laboratory counterbalances.
    """
    trials: list[str] = []
    ends = []
    for phase in design.split("/"):
        counts, kinds = zip(*re.findall(r"(\d+) ([A-Z]*[+-])", phase), strict=True)
        order = rng.permutation(np.repeat(np.arange(len(kinds)), [int(count) for count in counts]))
        if mirrored and len(set(counts)) == 1:
            order = len(kinds) - 1 - order
        trials += [kinds[i] for i in order]
        ends.append(len(trials))
    return tuple(trials), tuple(ends)


@dataclass(frozen=True, slots=True)
class Course:
    """One animal's way through a design.

    `trials`: what was shown, such as "AB+". `ends`: the number of trials at the end of each phase.
    `w[trial, stimulus]`: weights before the first trial and after each. `x[stimulus]`: its input when it is there.
    """

    trials: tuple[str, ...]
    ends: tuple[int, ...]
    w: np.ndarray
    x: np.ndarray

    def v(self, stimuli: str, phase: int = -1) -> float:
        """The response to `stimuli` at the end of a phase."""
        return float(self.curve(stimuli)[self.ends[phase]])

    def curve(self, stimuli: str) -> np.ndarray:
        """The response to `stimuli` before the first trial and after each."""
        shown = [STIMULI.index(stimulus) for stimulus in stimuli]
        return self.w[:, shown] @ self.x[shown]

    def on(self, trial: str, stimuli: str) -> np.ndarray:
        """The response to `stimuli` before each trial of this kind."""
        return self.curve(stimuli)[:-1][[shown == trial for shown in self.trials]]


Means = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Phenomenon:
    """What animals do, and how to see it in V.

    `designs`: one for each group of animals. `measure(*courses)`: numbers of one animal of each group, the telling one
    first. `holds(means)`: the criterion, on the means over animals. `known`: the rules known to show it, or not to.
    `note`: more of what was published. `salience`: α of the stimuli where it is not 1. `settles`: repeat the design.
    """

    name: str
    designs: tuple[str, ...]
    criterion: str
    measure: Callable[..., dict[str, float]]
    holds: Callable[[Means], bool]
    known: Mapping[str, bool]
    flag: Flag = "S1"
    note: str = ""
    salience: Mapping[str, float] = field(default_factory=dict)
    settles: bool = False


def _lags(behind: str, ahead: str) -> tuple[str, Callable[..., dict[str, float]], Callable[[Means], bool]]:
    """One stimulus ends with less V than another: criterion, measure, holds."""
    low, high = f"V_{behind}", f"V_{ahead}"
    gap = f"{high} - {low}"
    return (
        f"{low} < {high}",
        lambda c: {gap: c.v(ahead) - c.v(behind), low: c.v(behind), high: c.v(ahead)},
        lambda m: m[gap] > MARGIN,
    )


def _exceeds(name: str) -> Callable[[Means], bool]:
    return lambda m: m[name] > MARGIN


def _returns(name: str) -> Callable[[Means], bool]:
    """What comes back must have been lost: extinguished to less than half of what was acquired."""
    return lambda m: m["acquired"] > MARGIN and m["extinguished"] < 0.5 * m["acquired"] and m[name] > MARGIN


def _rise(course: Course, phase: int) -> float:
    """The gain in V_A over the first five trials of a phase."""
    begin = course.ends[phase - 1] if phase else 0
    return float(course.curve("A")[begin + 5] - course.curve("A")[begin])


def _settled(course: Course) -> float:
    """V_A over the second half of the trials."""
    return float(course.curve("A")[len(course.trials) // 2 :].mean())


_SHOWS, _FAILS = {"delta": True}, {"delta": False}

# fmt: off
PHENOMENA = (
    Phenomenon(
        "acquisition", ("60 A+",), "V_A > .5, gained in ever smaller steps",
        lambda c: {"V_A": c.v("A"), "half-way": float(c.curve("A")[30])},
        lambda m: m["V_A"] > 0.5 and m["half-way"] > 0.55 * m["V_A"], _SHOWS),
    Phenomenon(
        "extinction", ("20 A+ / 30 A-",), "V_A < half of what was acquired",
        lambda c: {"V_A": c.v("A"), "acquired": c.v("A", 0)},
        lambda m: m["acquired"] > MARGIN and m["V_A"] < 0.5 * m["acquired"], _SHOWS),
    Phenomenon(
        "salience", ("20 A+, 20 B+",), "salient A (α .5) ahead of faint B (α .1) half-way",
        lambda c: {"V_A - V_B": float((c.on("A+", "A") - c.on("B+", "B"))[10])},
        _exceeds("V_A - V_B"), _SHOWS, salience={"A": 0.5, "B": 0.1}),
    Phenomenon(
        "blocking", ("20 A+ / 20 AB+, 20 CD+",), *_lags("B", "D"), _SHOWS | {"hebb": False},
        note="Kamin 1969: suppression .45 blocked, .05 control, S1, M+; 15 failures to replicate: Maes et al. 2016"),
    Phenomenon("overshadowing", ("30 AB+, 30 C+",), *_lags("B", "C"), _SHOWS),
    Phenomenon(
        "conditioned inhibition", ("40 A+, 40 AX-",), "V_AX < half of V_A, V_X < .2",
        lambda c: {"V_X": c.v("X"), "V_A": c.v("A"), "V_AX": c.v("AX")},
        lambda m: m["V_A"] > MARGIN and m["V_AX"] < 0.5 * m["V_A"] and m["V_X"] < 0.2, _SHOWS),
    Phenomenon(
        "US pre-exposure", ("10 AZ+ / 30 Z+ / 10 BZ+",), "V_B < V_A, the context having met food alone",
        lambda c: {"V_A - V_B": c.v("A", 0) - c.v("B"), "V_A": c.v("A", 0), "V_B": c.v("B"), "V_Z": c.v("Z")},
        _exceeds("V_A - V_B"), _SHOWS),
    Phenomenon(
        "contingency", ("17 AZ+, 13 AZ-, 3 Z+, 27 Z-", "6 AZ+, 24 AZ-, 6 Z+, 24 Z-"), "V_A at ΔP, .47 and 0, within .1",
        lambda c, d: {"difference": _settled(c) - _settled(d), "at ΔP .47": _settled(c), "at ΔP 0": _settled(d)},
        lambda m: abs(m["at ΔP .47"] - 14 / 30) < 0.1 and abs(m["at ΔP 0"]) < 0.1, _SHOWS, settles=True),
    Phenomenon(
        "renewal, context seen", ("20 AY+ / 30 AZ-", "20 AY+ / 30 AY-"), "V returns in the first; ABA > AAB, ABC",
        lambda c, d: {"V back": c.v("AY") - c.v("AZ"), "extinguished": c.v("AZ"), "acquired": c.v("AY", 0),
                      "ABA": c.v("AY"), "AAB": d.v("AZ"), "ABC": c.v("A")},
        lambda m: _returns("V back")(m) and m["ABA"] > max(m["AAB"], m["ABC"]) + MARGIN,
        _SHOWS, "M", "AAB is about half in animals, nothing in Rescorla and Wagner's model"),
    Phenomenon(
        "renewal, unseen", ("20 A+ / 30 A-",), "V returns in the first context, itself no stimulus",
        lambda c: {"V back": c.v("A") - c.v("A", 1), "extinguished": c.v("A", 1), "acquired": c.v("A", 0)},
        _returns("V back"), _FAILS, "M"),
    Phenomenon(
        "spontaneous recovery", ("20 A+ / 30 A- / 50 -",), "V_A returns while nothing happens",
        lambda c: {"V back": c.v("A") - c.v("A", 1), "extinguished": c.v("A", 1), "acquired": c.v("A", 0)},
        _returns("V back"), _FAILS, "M"),
    Phenomenon(
        "savings", ("20 A+ / 30 A- / 20 A+",), "V_A rises faster the second time",
        lambda c: {"extra rise": _rise(c, 2) - _rise(c, 0), "extinguished": c.v("A", 1), "acquired": c.v("A", 0)},
        _returns("extra rise"), _FAILS, "M"),
    Phenomenon(
        "latent inhibition", ("30 A- / 15 A+, 15 B+",), "A, shown before, behind B, trial for trial",
        lambda c: {"V_B - V_A": float((c.on("B+", "B") - c.on("A+", "A")).mean())}, _exceeds("V_B - V_A"), _FAILS),
    Phenomenon(
        "second order", ("20 A+ / 20 AX-",), "V_X gains within 5 trials",
        lambda c: {"V_X": float(c.curve("X")[25]), "after 20": c.v("X")}, _exceeds("V_X"), _FAILS, "M",
        "Rescorla and Wagner's model makes X inhibitory"),
    Phenomenon("backward blocking", ("20 AB+, 20 CD+ / 20 A+",), *_lags("B", "D"), _FAILS),
    Phenomenon(
        "negative patterning", ("40 A+, 40 B+, 40 AB-",), "V_AB < V_A and V_B",
        lambda c: {"lead": min(c.v("A"), c.v("B")) - c.v("AB"), "V_AB": c.v("AB"), "V_A": c.v("A"), "V_B": c.v("B")},
        _exceeds("lead"), _FAILS),
)
# fmt: on
