"""Trauma: one strong event is enough, and does not fade.

In plain words: a dog bites you once, and you are afraid of dogs for life; what you read yesterday you forget. The event
was not repeated, it was strong: alarm tells the synapse that this is to be learnt at once and kept. Treatment does not
erase it: you learn beside it that dogs are safe, and that was an everyday lesson, which fades.

Protocol. A tone reaches two cells, w[2, 1]: one for fear, one for safety; freezing is what the first says less what the
second does, not below 0. A shock is a step in which tone and the fear cell are active; extinction, a step with tone and
the safety cell. A shock has a salience of 10, what is everyday 1; without the amygdala (BLA) a shock is everyday too. A
rule without that third factor gets the salience as the rate of the fear cell, so a shock drives it harder. Time, in
days, is silence by the rule's own equations.

Held against
    rats freeze as much 16 months after 10 tone-shock pairings as after 24 hours (S1: Gale 2004). Their rats lost both
    when BLA was destroyed after learning: where fear is stored is not in this model, and not tested
    one trial is enough, and is not forgotten over the lifespan; without BLA learning is slow and forgets (S1: Poulos
    2009)
    fear that was extinguished returns with time (M)

Mechanism. `salient_hebb` has a third factor and two fates: what is learnt in alarm stays, what is not fades. Hebb's
rule learns from one event whatever its rate makes of it, does not come to rest, and forgets nothing, mild or strong;
with decay it forgets everything. Ours: all numbers; the criteria are signs and shares, which no fit was made to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from cofire import rules as catalogue
from cofire.experiments._experiment import Data, Finding, Progress
from cofire.experiments._memory import Memory, blank, silence, stacked
from cofire.experiments._rates import OUT_OF_RANGE, label, not_for_rates
from cofire.experiments._statistics import verdict
from cofire.rule import Rule

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CLAIM = "Trauma: one strong event is enough, and does not fade."
CLAIMS = (22,)
SOURCE = (
    "G. D. Gale et al., Role of the basolateral amygdala in the storage of fear memories across the adult lifetime of "
    "rats, J. Neurosci. 24:3810-3815, 2004; A. M. Poulos et al., Persistence of fear memory across time requires the "
    "basolateral amygdala complex, PNAS 106:11737-11741, 2009"
)
RULES = ("salient_hebb", "hebb", "hebb_with_decay")

ANIMALS = ("intact, 1 shock", "intact, 10 shocks", "no amygdala, 1 shock", "no amygdala, 10 shocks")
SHOCKS = (1, 10, 1, 10)
DAYS = np.concatenate([[1.0], np.geomspace(2.0, 480.0, 30)])  # 24 hours to 16 months
EVENT = 0.001  # days
RESTED = 60.0  # days between extinction and the test for recovery

Array = NDArray[np.float64]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    rate: Annotated[float, Meta(gt=0, lt=0.1, description="eta of an everyday event; ours")] = 0.08
    salience: Annotated[float, Meta(ge=1, le=10, description="of a shock, 1 being everyday; ours")] = 10.0
    fading: Annotated[float, Meta(ge=5, description="days, time constant of what fades; ours")] = 30.0
    extinction: Annotated[int, Meta(ge=1, le=200, description="trials of tone alone; ours")] = 20
    growth: Annotated[
        float, Meta(gt=0, le=0.2, description="a step of silence, as part of the time since it began; ours")
    ] = 0.05


FULL = Settings(growth=0.01)


def unsuitable(rule: Rule) -> str | None:
    """Why `rule` cannot learn fear here, or None; it may read the salience."""
    return None if rule.signals == ("salience",) else not_for_rates(rule)


def adapted(name: str, settings: Settings) -> Rule:
    """The catalogue rule of that name with time in days."""
    recipe, eta = catalogue.get(name), settings.rate / EVENT
    special = {
        "salient_hebb": {"eta": eta, "tau_m": settings.fading},
        "hebb_with_decay": {"eta": eta, "tau_w": settings.fading},
    }
    return recipe(**special.get(name, {"eta": eta} if "eta" in recipe.parameters else {}))


def run(settings: Settings, rules: Sequence[Rule], seed: int, progress: Progress) -> Data:
    del seed  # nothing here is random
    found: Data = {
        "rules": [label(rule) for rule in rules],
        "freezing": np.full((len(rules), len(ANIMALS), len(DAYS)), np.nan),
        "extinction": np.full((len(rules), settings.extinction + 1), np.nan),
        "rested": np.full(len(rules), np.nan),
    }
    for r, rule in enumerate(rules):
        progress(r / len(rules), found["rules"][r])
        try:
            shocked = [_shocked(rule, settings, a) for a in range(len(ANIMALS))]
            later = list(_silence(rule, stacked(rule, shocked), list(DAYS), settings))
            found["freezing"][r] = np.transpose([_freezing(w) for w, _ in later])
            found["extinction"][r], found["rested"][r] = _extinguished(rule, shocked[0], settings)
        except OUT_OF_RANGE:
            pass
    return found


def findings(data: Data) -> list[Finding]:
    return [finding for r in range(len(data["rules"])) for finding in _of_rule(data, r)]


def figure(data: Data) -> Figure:
    from cofire.experiments._figure import BLUE, COLOURS, ORANGE, new_figure

    names = data["rules"]
    picture, axes = new_figure(1, len(names) + 1, width=3.7 * (len(names) + 1), height=4.0)
    for r, name in enumerate(names):
        for a, animal in enumerate(ANIMALS):
            style: dict[str, Any] = {"color": BLUE if a < 2 else ORANGE, "linestyle": ":" if a % 2 == 0 else "-"}
            style["zorder"] = 3 if a % 2 == 0 else 2  # dots show upon a line
            axes[r].plot(DAYS, data["freezing"][r, a], label=animal, linewidth=2, **style)
        axes[r].set(xscale="log", xlabel="days since the shock", ylim=(0, None))
        axes[r].set_title(name, fontsize=10)
    axes[0].set_ylabel("freezing (weight)")
    axes[0].legend(fontsize=8, frameon=False)
    trials = data["extinction"].shape[1]
    for r, name in enumerate(names):
        axes[-1].plot(np.arange(trials), data["extinction"][r], color=COLOURS[r], label=name)
        axes[-1].plot(trials + 4, data["rested"][r], "o", color=COLOURS[r], markersize=9 - 2 * min(r, 3))
    axes[-1].axvline(trials + 1.5, color="black", linewidth=0.6, linestyle=":")
    axes[-1].set_xticks([0, trials - 1, trials + 4], ["0", str(trials - 1), f"{RESTED:.0f} days\nlater"])
    axes[-1].set(xlabel="trials of tone alone", ylim=(0, 1.25 * np.nanmax(data["extinction"], initial=0.1)))
    axes[-1].set_title("One shock, extinguished (dot: after a rest)", fontsize=10)
    axes[-1].legend(fontsize=8, frameon=False)
    return picture


def _of_rule(data: Data, r: int) -> list[Finding]:
    name = data["rules"][r]
    first, last = data["freezing"][r, :, 0], data["freezing"][r, :, -1]
    extinction, rested = data["extinction"][r], data["rested"][r]
    share = first / first[1] if first[1] > 0 else np.full(len(first), np.nan)
    kept = np.where(first > 0, last, np.nan) / np.where(first > 0, first, 1.0)
    level = f"{last[1]:.2f} of {first[1]:.2f}"
    return [
        Finding(
            f"one shock is enough ({name})",
            f"{share[0]:.2f} of the freezing after 10",
            "one trial; asked: at least half",
            "S1",
            verdict(share[0] >= 0.5),
        ),
        Finding(
            f"freezing after 16 months equals that after 24 hours ({name})",
            f"{level}, {kept[1]:.2f} times",
            "equal; asked: within 5 %",
            "S1",
            verdict(abs(kept[1] - 1) <= 0.05),
        ),
        Finding(
            f"without the amygdala fear is learnt slowly and forgotten ({name})",
            f"one shock: {share[2]:.2f} of intact rats' after 10; ten: {kept[3]:.2f} left after 16 months, "
            f"{kept[1]:.2f} in intact rats",
            "slow, and forgets; asked: less than a quarter, and less than half of what intact rats keep",
            "S1",
            verdict(0 < share[2] < 0.25 and kept[3] < 0.5 * kept[1]),
        ),
        Finding(
            f"extinguished fear returns with time ({name})",
            f"{extinction[0]:.2f}, extinguished to {extinction[-1]:.2f}, {RESTED:.0f} days later {rested:.2f}",
            "returns in part",
            "M",
            verdict(extinction[-1] < 0.5 * extinction[0] and rested > extinction[-1] + 0.1 * extinction[0]),
        ),
    ]


def _event(rule: Rule, memory: Memory, salience: float, *, fear: bool) -> Memory:
    """A tone with a shock (the fear cell fires) or without (that of safety does)."""
    w, state = memory
    cells = np.array([1.0, 0.0] if fear else [0.0, 1.0])
    if rule.signals:
        return rule.step(w, pre=np.ones(1), post=cells, state=state, dt=EVENT, salience=salience)
    return rule.step(w, pre=np.ones(1), post=salience * cells, state=state, dt=EVENT)


def _silence(rule: Rule, memory: Memory, times: Sequence[float], settings: Settings) -> Any:
    longest = settings.fading / 10
    told = dict.fromkeys(rule.signals, 1.0)
    return silence(rule, memory, times, 0.05, longest, settings.growth, told)


def _shocked(rule: Rule, settings: Settings, animal: int) -> Memory:
    memory = blank(rows=2)
    for _ in range(SHOCKS[animal]):
        memory = _event(rule, memory, settings.salience if animal < 2 else 1.0, fear=True)
    return memory


def _freezing(w: Array) -> Array:
    """Of each animal, from two rows each."""
    freezing: Array = np.maximum(0.0, w[0::2, 0] - w[1::2, 0])
    return freezing


def _extinguished(rule: Rule, memory: Memory, settings: Settings) -> tuple[Array, float]:
    """A day after the shock, freezing before the first trial of tone alone and after each, and after a rest."""
    (memory,) = _silence(rule, memory, [1.0], settings)
    freezing = [float(_freezing(memory[0])[0])]
    for _ in range(settings.extinction):
        memory = _event(rule, memory, 1.0, fear=False)
        freezing.append(float(_freezing(memory[0])[0]))
    (rested,) = _silence(rule, memory, [RESTED], settings)
    return np.array(freezing), float(_freezing(rested[0])[0])
