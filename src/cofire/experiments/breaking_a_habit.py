"""A habit is broken by letting its reward fail, better by wiring a rival; it takes time, and it can return.

In plain words: coffee means a cigarette. If the cigarette no longer does anything for you, the pull grows weaker from
cup to cup; faster if something else, say a walk, now follows the coffee. But nothing was rubbed out. You learnt beside
it that here the cigarette is not worth it: after a month's rest, and back in the old place, the pull is there again.

Protocol. A cue excites a cell for the habit and one for a rival. For 40 days at home the habit is rewarded when the cue
comes; then follow 30 days elsewhere, in three groups: the cue is avoided; it comes and the habit has no reward; the
same, and a rival is rewarded. After 30 days without the cue there is a test elsewhere and one at home. The habit is
done when its response beats a threshold and the rival's, all with noise: shown is the share of 2000 draws.

Each rule gets what it can use: the cue, and the cue in each context, as inputs. A rule told what to answer is told the
reward. Any other has its cell fire with the reward, or of itself where there is none. `opponent` has these inputs on
excitatory cells, and the cue in its context on inhibitory ones, which forget.

Held against the criteria of conditioning, published for bells and food and not for cigarettes
    extinction              below half of what was acquired (S1)
    spontaneous recovery    part of it returns with time (M)
    renewal                 it returns in the context where it was learnt (M)
and no number is known to us for a rival or for avoiding the cue: what comes out is reported, the latter unjudged.

Mechanism. The delta rule erases: what it lost does not come back with time, and in the old place only as much as its
inputs from there were spared. Hebb's rule cannot lose at all: a habit done without reward is still done, and wires on.
Mends: inhibition learnt apart, tied to the context, that fades. Ours: all numbers; nothing was fitted.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from cofire import rules as catalogue
from cofire.experiments._experiment import Data, Finding, Progress
from cofire.experiments._opponents import Animal
from cofire.experiments._rates import OUT_OF_RANGE, label, not_for_rates
from cofire.experiments._statistics import percent, verdict
from cofire.rule import Rule

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CLAIM = "A habit is broken by letting its reward fail, better by wiring a rival; it takes time and can return."
CLAIMS = (21,)
SOURCE = (
    "M. E. Bouton, Context, ambiguity, and unlearning: sources of relapse after behavioral extinction, Biol. "
    "Psychiatry 52:976-986, 2002; J. M. Pearce, G. Hall, A model for Pavlovian learning, Psychol. Rev. 87:532-552, 1980"
)
RULES = ("opponent", "delta", "hebb", "hebb_with_decay")

GROUPS = ("cue avoided", "no reward", "no reward, and a rival")
HOME, AWAY = "home", "elsewhere"
ACQUIRED, BROKEN, REST = 40, 30, 30  # days
HABIT, RIVAL = 0, 1

Array = NDArray[np.float64]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    rate: Annotated[float, Meta(gt=0, le=0.5, description="eta of a day; ours")] = 0.1
    fading: Annotated[float, Meta(ge=2, description="days, time constant of inhibition; ours")] = 90.0
    noise: Annotated[float, Meta(gt=0, le=1, description="of a response, where 1 is that to a reward; ours")] = 0.15
    threshold: Annotated[float, Meta(ge=0, le=1, description="a response must pass; ours")] = 0.3
    draws: Annotated[int, Meta(ge=100, le=100_000, description="of the noise; ours")] = 2000


FULL = Settings(draws=20_000)


def unsuitable(rule: Rule) -> str | None:
    return not_for_rates(rule, given=("post.target", "post.drive", "post.forgetting"))


def adapted(name: str, settings: Settings) -> Rule:
    """The catalogue rule of that name with a step for a day; Hebb's is slower as nothing holds it."""
    recipe, rate = catalogue.get(name), settings.rate
    special = {"hebb": {"eta": rate / 4}, "hebb_with_decay": {"eta": rate / 2, "tau_w": settings.fading}}
    return recipe(**special.get(name, {"eta": rate} if "eta" in recipe.parameters else {}))


def run(settings: Settings, rules: Sequence[Rule], seed: int, progress: Progress) -> Data:
    rng = np.random.default_rng(seed)
    noise = settings.noise * rng.standard_normal((settings.draws, 2))
    shape = (len(rules), len(GROUPS))
    found: Data = {
        "rules": [label(rule) for rule in rules],
        "done": np.full((*shape, ACQUIRED + BROKEN + 1), np.nan),
        "rested": np.full(shape, np.nan),
        "home": np.full(shape, np.nan),
    }

    def share(animal: Animal, context: str) -> float:
        """How often the habit is done."""
        habit, rival = (animal.response(context)[:, None] + noise.T)[[HABIT, RIVAL]]
        return float(np.mean((habit > settings.threshold) & (habit > rival)))

    for r, rule in enumerate(rules):
        progress(r / len(rules), found["rules"][r])
        for g, group in enumerate(GROUPS):
            with suppress(*OUT_OF_RANGE):
                _course(found, (r, g), Animal(rule, 2, (HOME, AWAY), settings.fading), group, share)
    return found


def _course(found: Data, at: tuple[int, int], animal: Animal, group: str, share: Any) -> None:
    """Takes an animal through its group; what it does elsewhere is shown, but at home while it learns."""
    done = found["done"][at]
    for day in range(ACQUIRED):
        done[day] = share(animal, HOME)
        animal.trial(HOME, reward=[1.0, 0.0], free=[False, False])
    for day in range(BROKEN):
        done[ACQUIRED + day] = share(animal, AWAY)
        if group == GROUPS[0]:
            animal.rest(1)
        else:
            animal.trial(AWAY, reward=[0.0, 1.0 if group == GROUPS[2] else 0.0], free=[True, False])
    done[-1] = share(animal, AWAY)
    animal.rest(REST)
    found["rested"][at], found["home"][at] = share(animal, AWAY), share(animal, HOME)


def findings(data: Data) -> list[Finding]:
    return [finding for r in range(len(data["rules"])) for finding in _of_rule(data, r)]


def figure(data: Data) -> Figure:
    from cofire.experiments._figure import BLUE, GREY, ORANGE, PURPLE, new_figure

    names, last = data["rules"], ACQUIRED + BROKEN
    picture, axes = new_figure(1, len(names), width=3.5 * max(len(names), 2), height=4.0, sharey=True, squeeze=False)
    for r, (ax, name) in enumerate(zip(axes[0], names, strict=True)):
        for g, (group, colour) in enumerate(zip(GROUPS, (GREY, ORANGE, BLUE), strict=True)):
            ax.plot(100 * data["done"][r, g], color=colour, linewidth=2.4 - 0.5 * g, label=group)
            ax.plot(last + 7, 100 * data["rested"][r, g], "o", color=colour, markersize=9 - 2 * g)
            ax.plot(last + 17, 100 * data["home"][r, g], "s", color=colour, markersize=9 - 2 * g)
        for day in (ACQUIRED, last + 2):
            ax.axvline(day, color=PURPLE, linewidth=0.6, linestyle=":")
        ax.set_xticks([0, ACQUIRED, last, last + 12], ["0", str(ACQUIRED), str(last), "rest"])
        ax.set(xlabel="day (● elsewhere, ■ at home)", ylim=(-3, 103))
        ax.set_title(name, fontsize=10)
    axes[0, 0].set_ylabel("the habit is done, %")
    axes[0, -1].legend(fontsize=8, frameon=False, loc="center")
    return picture


def _of_rule(data: Data, r: int) -> list[Finding]:
    name, done = data["rules"][r], data["done"][r]
    rested, home = data["rested"][r], data["home"][r]
    acquired, end = done[:, ACQUIRED - 1], done[:, -1]
    avoided, plain, rival = range(len(GROUPS))
    known = acquired > 0.5
    broken = known & (end < 0.5 * acquired)
    half = [_first_below(done[g, ACQUIRED:], 0.5 * acquired[g]) for g in range(len(GROUPS))]

    def days(g: int) -> str:
        return f"half after {half[g]} days" if half[g] else f"still {percent(end[g])} after {BROKEN} days"

    return [
        Finding(
            f"the cue avoided ({name})",
            f"done on {percent(acquired[avoided])} of occasions, after {BROKEN} days {percent(end[avoided])}",
            "no number known to us",
            "M",
            "does not apply",
        ),
        Finding(
            f"broken where the reward fails, but not at once ({name})",
            f"{percent(acquired[plain])} to {percent(end[plain])}; {days(plain)}",
            "below half of what was acquired, by ever less",
            "S1",
            verdict(broken[plain] and half[plain] > 1),
        ),
        Finding(
            f"a rival breaks it sooner ({name})",
            f"with a rival {days(rival)}; without {days(plain)}",
            "sooner",
            "M",
            verdict(broken[rival] and half[rival] > 1 and (not half[plain] or half[rival] < half[plain])),
        ),
        Finding(
            f"what was broken returns with time ({name})",
            f"{percent(end[plain])}, after {REST} days' rest {percent(rested[plain])}; with a rival "
            f"{percent(end[rival])}, {percent(rested[rival])}",
            "returns in part",
            "M",
            verdict(broken[plain] and end[plain] + 0.1 < rested[plain]),
        ),
        Finding(
            f"and at home ({name})",
            f"{percent(home[plain])} at home, {percent(rested[plain])} elsewhere; with a rival {percent(home[rival])}",
            "more where it was learnt (renewal)",
            "M",
            verdict(broken[plain] and home[plain] > rested[plain] + 0.1),
        ),
    ]


def _first_below(course: Array, level: float) -> int:
    """The first day of `course` below `level`, or 0."""
    below = course < level
    return int(np.argmax(below)) if below.any() else 0
