"""Context is part of what is learned: words learnt under water are recalled better under water; a little, if at all.

In plain words: whatever is active while you learn is wired in with it, the place too. Back in the place, it helps to
call up what you learnt there. But the place is only a small part of what is on your mind, so the help is small, and a
small study may well miss it: the famous one with divers found a large effect, its repetition found none.

Protocol. A diver learns 36 words on land or under water and recalls them in the same place or the other. A word is a
cell; its inputs are 40 of an inner state, which differs from word to word and drifts until the test, and a few of the
place, that are on in one of the two only. Learning a word is a step with its cell active (one step for the list, in
which they add up); it is recalled if its input at the test, with noise, passes the diver's threshold. A finding is made
of 18 divers, each in all four conditions; there are many such studies. Control: the inputs of the place are silent.

Held against
    words recalled (Godden and Baddeley 1975, 18 divers): learnt and tested on land 13.5, land then water 8.6, water
    then land 8.4, both under water 11.4 (S2): an interaction, and shown here as an illustration only
    no advantage of the same place in 16 divers (Murre 2021, a failed replication, S1)
    d of about .25 over all studies of recall (S1, the same paper)

Mechanism. None but Hebb's: the outer product of word and context. Fitted by us: how strong the place is, to d = .25;
the mean threshold to 10.5 words, the spread of divers to a standard deviation of about 4 (M). Half of that variance is
of the diver, half of the session. Not fitted: the sign of the interaction, and how often 16 divers show it. Ours: the
number of inputs, and the drift."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from cofire import rules as catalogue
from cofire.experiments._experiment import Data, Finding, Progress
from cofire.experiments._rates import OUT_OF_RANGE, is_taught, label, not_for_rates
from cofire.experiments._statistics import percent, spread, standard_error, verdict
from cofire.rule import Rule

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CLAIM = "Context is part of what is learned."
CLAIMS = (19,)
SOURCE = (
    "D. R. Godden, A. D. Baddeley, Context-dependent memory in two natural environments: on land and underwater, Br. "
    "J. Psychol. 66:325-331, 1975; J. M. J. Murre, The Godden and Baddeley (1975) experiment on context-dependent "
    "memory on land and underwater: a replication, R. Soc. Open Sci. 8:200724, 2021"
)
RULES = ("hebb",)

WORDS, INNER, PLACE = 36, 40, 10
DIVERS, REPEATED = 18, 16  # in the study and in its replication
LAND, WATER = 0, 1
PUBLISHED = np.array([[13.5, 8.6], [8.4, 11.4]])  # words, [learnt, tested]
KEPT = 0.6  # of the inner state until the test
NOISE = 0.1
CRITICAL = 2.13  # t of 15 degrees of freedom, two-sided 5 %

Array = NDArray[np.float64]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    studies: Annotated[int, Meta(ge=10, le=5000, description="each with its own 18 divers; ours")] = 40
    place: Annotated[float, Meta(ge=0, le=1, description="activity of an input of the place; fitted to d = .25")] = 0.25
    threshold: Annotated[float, Meta(gt=0, lt=1, description="mean over divers; fitted to 10.5 words")] = 0.485
    divers: Annotated[float, Meta(ge=0, le=0.5, description="of the threshold; fitted to a spread of 4 words")] = 0.048


FULL = Settings(studies=1000)


def unsuitable(rule: Rule) -> str | None:
    return not_for_rates(rule, given=("post.target", "post.drive"))


def adapted(name: str, _settings: Settings) -> Rule:
    """The catalogue rule of that name with a rate at which one word makes about one unit of input at the test."""
    recipe = catalogue.get(name)
    return recipe(**({"eta": 1 / INNER} if "eta" in recipe.parameters else {}))


def run(settings: Settings, rules: Sequence[Rule], seed: int, progress: Progress) -> Data:
    shape = (len(rules), 2, settings.studies, DIVERS, 2, 2)  # [rule, blind, study, diver, learnt, tested]
    recalled = np.full(shape, np.nan)
    for r, rule in enumerate(rules):
        rng = np.random.default_rng(seed)
        try:
            for study in range(settings.studies):
                progress((r + study / settings.studies) / len(rules), label(rule))
                for diver in range(DIVERS):
                    recalled[r, :, study, diver] = _diver(rule, settings, rng)
        except OUT_OF_RANGE:
            pass
    return {"rules": [label(rule) for rule in rules], "recalled": recalled}


def findings(data: Data) -> list[Finding]:
    return [finding for r in range(len(data["rules"])) for finding in _of_rule(data, r)]


def figure(data: Data) -> Figure:
    from cofire.experiments._figure import BLUE, GREY, ORANGE, new_figure

    picture, (published, simulated, studies) = new_figure(1, 3, width=12.0, height=4.0)
    for ax, words, title in (
        (published, PUBLISHED, "18 divers, 1975"),
        (simulated, data["recalled"][0, 0].mean(axis=(0, 1)), f"simulated divers, all ({data['rules'][0]})"),
    ):
        for learnt, name, colour in ((LAND, "learnt on land", ORANGE), (WATER, "learnt under water", BLUE)):
            ax.plot([0, 1], words[learnt], "-o", color=colour, linewidth=2, label=name)
        ax.set_xticks([0, 1], ["tested on land", "under water"])
        ax.set(xlim=(-0.3, 1.3), ylim=(6, 15), ylabel="words recalled of 36")
        ax.set_title(title, fontsize=10)
    published.legend(fontsize=8, frameon=False)
    for blind, name, colour in ((0, "with the place", BLUE), (1, "blind to it", GREY)):
        studies.hist(same_over_other(data["recalled"][0, blind]).mean(axis=-1), 20, color=colour, alpha=0.6, label=name)
    advantage = (PUBLISHED.trace() - PUBLISHED[0, 1] - PUBLISHED[1, 0]) / 2
    studies.axvline(advantage, color="black", linewidth=1, linestyle=":", label="divers of 1975")
    studies.axvline(0, color="black", linewidth=0.6)
    studies.set(xlabel="words more in the same place", ylabel="studies of 18 divers")
    studies.set_title("Study by study", fontsize=10)
    studies.set_ylim(0, 1.35 * studies.get_ylim()[1])  # room for the legend
    studies.legend(fontsize=8, frameon=False, loc="upper left")
    return picture


def same_over_other(recalled: Array) -> Array:
    """Words more where learnt and tested in the same place, from `recalled[..., learnt, tested]`."""
    same = recalled[..., LAND, LAND] + recalled[..., WATER, WATER]
    result: Array = (same - recalled[..., LAND, WATER] - recalled[..., WATER, LAND]) / 2
    return result


def _of_rule(data: Data, r: int) -> list[Finding]:
    name = data["rules"][r]
    each, blind = (same_over_other(data["recalled"][r, b]).mean(axis=-1) for b in (0, 1))
    words = data["recalled"][r, 0]
    among = float(words.std(axis=1).mean())
    d = each.mean() / among if among > 0 else np.nan
    few = same_over_other(words[:, :REPEATED])
    t = few.mean(axis=1) / np.maximum(few.std(axis=1, ddof=1) / np.sqrt(REPEATED), 1e-9)
    cells = words.mean(axis=(0, 1))
    return [
        Finding(
            f"more is recalled where it was learnt ({name})",
            f"{spread(each, 2)} words more (over studies); d = {d:.2f}, to which the place was fitted",
            "an interaction; d about .25 over all studies of recall",
            "S1",
            verdict(each.mean() > 2 * standard_error(each) and each.mean() > 0.1),
        ),
        Finding(
            f"blind to the place: no advantage ({name})",
            f"{spread(blind, 2)} words more",
            "none",
            "theory",
            verdict(1 < words.mean() < WORDS - 1 and abs(blind.mean()) <= 3 * standard_error(blind)),
        ),
        Finding(
            f"words recalled, an illustration ({name})",
            f"{cells[LAND, LAND]:.1f}, {cells[LAND, WATER]:.1f}, {cells[WATER, LAND]:.1f}, {cells[WATER, WATER]:.1f}",
            "13.5, 8.6, 8.4, 11.4 (land/land, land/water, water/land, water/water)",
            "S2",
            "does not apply",
        ),
        Finding(
            f"would {REPEATED} divers show it? ({name})",
            f"{percent(np.mean(t > CRITICAL))} of studies find it at p < .05; {percent(np.mean(each >= 3.95))} find as "
            "much as in 1975",
            "found in 1975, not found in 2021: the finding is contested",
            "S1",
            "does not apply",
        ),
    ]


def _diver(rule: Rule, settings: Settings, rng: np.random.Generator) -> Array:
    """The number of words recalled, `[blind, learnt, tested]`; the blind diver is the same one, the place silent."""
    of_diver, of_sessions = rng.standard_normal(), rng.standard_normal((2, 2))
    thresholds = settings.threshold + settings.divers * np.sqrt(0.5) * (of_diver + of_sessions)
    found = np.empty((2, 2, 2))
    for learnt in (LAND, WATER):
        inner = (rng.random((WORDS, INNER)) < 0.5).astype(float)
        drifted = np.where(rng.random((2, WORDS, INNER)) < KEPT, inner, rng.random((2, WORDS, INNER)) < 0.5)
        noise = NOISE * rng.standard_normal((2, WORDS))
        for blind, place in enumerate((settings.place, 0.0)):
            w = _learnt(rule, np.hstack([inner, np.tile(_here(learnt, place), (WORDS, 1))]))
            for tested in (LAND, WATER):
                cue = np.hstack([drifted[tested], np.tile(_here(tested, place), (WORDS, 1))])
                drive = np.sum(w * cue, axis=1) + noise[tested]
                found[blind, learnt, tested] = np.sum(drive > thresholds[learnt, tested])
    return found


def _here(where: int, place: float) -> Array:
    """The inputs of the two places, one of which is on."""
    here = np.zeros(2 * PLACE)
    here[where * PLACE : (where + 1) * PLACE] = place
    return here


def _learnt(rule: Rule, pre: Array) -> Array:
    """w[word, input] after one step for a list: each word with its own inputs."""
    words, blank = np.eye(len(pre)), np.zeros((len(pre), pre.shape[1]))
    told: dict[str, Any] = {"post_target": words} if is_taught(rule) else {}
    post = pre @ blank.T if is_taught(rule) else words
    w: Array = rule.step(blank, pre=pre, post=post, reduce="sum", **told)[0]
    return w
