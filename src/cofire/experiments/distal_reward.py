"""Reward that comes seconds late still finds the synapse that earned it.

Protocol. Some synapses, each between two cells of its own that fire at random, once a second. Whenever the chosen
synapse's first cell fires and its second follows within 20 ms, a reward is due, and comes 1 to 3 s later: too
late for anything in between to tell which synapse it was for. It adds to a dopamine that fades with .2 s and has a
small tonic level. Each synapse keeps a trace of its own pairs of spikes, its eligibility, for about a second, and
learns while there is dopamine. Times, amounts, weights at the start (the chosen one at 0, all others at 1 mV) and the
ceiling of 4 mV are those of the publication's program; its cells are connected, and here they are not: the spikes of
the chosen pair are what chance makes them.

Control. The same synapses, with as many rewards at random moments: nothing earns them.

Held against Izhikevich 2007 (parameters S2; outcome M+): after an hour the chosen synapse is at the ceiling, others
stay low. Criteria, ours: in each animal the chosen one ends above every other, and on average above 90 % of the
ceiling; all others on average below a quarter of it. After the hour the chosen one is at .88 of the ceiling on average,
with 50 synapses as with 1000 (--full), after two hours at .99 (`--set minutes=120`, 20 synapses, 6 animals).
`stdp_pair`, which cannot read dopamine, is run beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta
from scipy.signal import lfilter

from cofire import rules as catalogue
from cofire.compiler import lower
from cofire.errors import DivergenceError
from cofire.experiments._experiment import Data, Finding, Progress
from cofire.experiments._rates import label, needs_spikes, not_from_there
from cofire.experiments._statistics import spread, verdict
from cofire.protocols import replay
from cofire.rule import Rule
from cofire.units import ms

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CLAIM = "Reward that comes late still finds the synapse that earned it."
CLAIMS = (13,)
SOURCE = "E. M. Izhikevich, Cereb. Cortex 17:2443-2452, 2007"
RULES = ("reward_stdp", "stdp_pair")

CEILING = 4.0  # mV
START = 1.0  # mV, of all but the chosen synapse
REWARD, TONIC = 50.0, 0.2  # dopamine per second that a reward adds, and that is always there
FADING = 0.2  # s, of dopamine
TOGETHER = 20  # ms between the two spikes that earn a reward
SHOWN = 20_000  # ms of the sample in the figure

PLAIN = (
    "A dog sits, and the biscuit comes two seconds later. Which of its thousands of synapses should change? Each keeps "
    "a fading note of having just been useful, and the biscuit strengthens whoever still has one."
)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    minutes: Annotated[int, Meta(ge=1, le=600, description="simulated; the paper 60")] = 60
    synapses: Annotated[int, Meta(ge=2, le=10_000, description="the chosen one and others; the paper 100,000")] = 50
    rate: Annotated[float, Meta(gt=0, le=20, description="of every cell in Hz; the paper about 1")] = 1.0
    animals: Annotated[int, Meta(ge=2, le=100, description="each with other spikes; ours")] = 3


FULL = Settings(synapses=1000, animals=10)


def unsuitable(rule: Rule) -> str | None:
    """Why `rule` cannot learn from spikes and dopamine, or None."""
    if not needs_spikes(rule) or not rule.is_timed:
        return "it is written for rates in steps, and cells here fire in milliseconds"
    if set(rule.signals) - {"dopamine"}:
        return f"nothing here gives it the modulator {', '.join(rule.signals)}"
    if lower(rule).cells:
        return "it reads variables of cells, of which there are only spikes here"
    return not_from_there(rule)


def adapted(name: str, settings: Settings) -> Rule:  # noqa: ARG001  (one form for all experiments)
    """The catalogue rule of that name, with pairs as strong as in the publication and weights from 0 to 4 mV."""
    recipe = catalogue.get(name)
    special = {"A_plus": 0.1, "A_minus": 0.15} if name.startswith(("stdp_pair", "reward_stdp")) else {}
    given = {key: value for key, value in special.items() if key in recipe.parameters}
    return recipe(bounds=(0.0, CEILING), **given)


def run(settings: Settings, rules: Sequence[Rule], seed: int, progress: Progress) -> Data:
    shape = (len(rules), 2, settings.animals, settings.synapses)
    found: Data = {
        "rules": [label(rule) for rule in rules],
        "weights": np.full(shape, np.nan),
        "rewards": np.zeros(settings.animals, dtype=np.int64),
    }
    for animal in range(settings.animals):
        rng = np.random.default_rng((seed, animal))
        steps = settings.minutes * 60_000
        pre, post = (_spikes(settings, steps, rng) for _ in range(2))
        earned = _earned(pre, post, rng)
        moments = (earned, rng.integers(0, steps, len(earned)))
        found["rewards"][animal] = len(earned)
        for kind, when in enumerate(moments):
            dopamine = _dopamine(when, steps)
            if animal == 0 and kind == 0:
                found |= _sample(pre, post, dopamine)
            for r, rule in enumerate(rules):
                progress((animal + (kind + r / len(rules)) / 2) / settings.animals, f"animal {animal + 1}")
                found["weights"][r, kind, animal] = _learnt(rule, pre, post, dopamine, settings)
    return found


def findings(data: Data) -> list[Finding]:
    return [finding for r in range(len(data["rules"])) for finding in _of_rule(data, r)]


def _of_rule(data: Data, r: int) -> list[Finding]:
    name = data["rules"][r]
    chosen, others = data["weights"][r, 0, :, 0], data["weights"][r, 0, :, 1:]
    random = data["weights"][r, 1, :, 0]
    above = others.max(axis=1)
    low = bool((others.mean(axis=1) < CEILING / 4).all())
    return [
        Finding(
            f"the synapse that earns the reward ends above every other ({name})",
            f"{spread(chosen, 2)} mV; the largest other {spread(above, 2)} mV",
            f"{CEILING:g} mV; others low",
            "M+",
            verdict((chosen > above).all()),
            rule=name,
            phenomenon="late reward finds its synapse",
        ),
        Finding(
            f"and reaches the ceiling ({name})",
            f"{chosen.mean() / CEILING:.2f} of it",
            "1",
            "M+",
            verdict(chosen.mean() > 0.9 * CEILING),
            rule=name,
            phenomenon="late reward takes it to the ceiling",
        ),
        Finding(
            f"all others stay low ({name})",
            f"{spread(others.mean(axis=1), 2)} mV on average",
            "low",
            "M+",
            verdict(low),
            rule=name,
            phenomenon="late reward spares the others",
        ),
        Finding(
            f"control: rewards at random moments do not single it out ({name})",
            f"{spread(random, 2)} mV",
            "nothing to learn",
            "theory",
            verdict((random < CEILING / 2).all()),
            rule=name,
            phenomenon="control: random reward",
        ),
    ]


def figure(data: Data) -> Figure:
    from cofire.experiments._figure import BLUE, GREY, ORANGE, new_figure

    picture, (course, ends) = new_figure(1, 2, width=10.0, height=3.8)
    seconds = np.arange(len(data["sample"])) / 1000
    course.plot(seconds, data["sample"], color=ORANGE, label="dopamine [1/s]")
    for side, height, color in (("pre", -4, BLUE), ("post", -8, GREY)):
        times = data[f"sample_{side}"] / 1000
        course.plot(times, np.full(len(times), height), "|", color=color, markersize=9, label=f"chosen {side}")
    course.set(xlabel="time [s]", title="Rewards come 1 to 3 s after the pair that earns them")
    course.set_ylim(-12, 1.3 * REWARD)  # room for the legend
    course.legend(fontsize=8, frameon=False, ncols=3)
    for r in range(len(data["rules"])):
        others, chosen = data["weights"][r, 0, :, 1:].ravel(), data["weights"][r, 0, :, 0]
        places = r + np.linspace(-0.3, 0.3, len(others))
        ends.plot(places, np.sort(others), ".", color=GREY, markersize=3, label="others" if r == 0 else None)
        ends.plot(np.full(len(chosen), r), chosen, "D", color=ORANGE, label="chosen" if r == 0 else None)
        ends.plot(np.full(len(chosen), r + 0.12), data["weights"][r, 1, :, 0], "D", color=BLUE, fillstyle="none",
                  label="chosen, random rewards" if r == 0 else None)  # fmt: skip
    ends.axhline(
        CEILING, color="black", linewidth=0.8, linestyle=":", label="ceiling, the chosen one's end as published"
    )
    ends.set_xticks(range(len(data["rules"])), data["rules"])
    ends.set(ylabel="weight at the end [mV]", ylim=(-0.1, 1.45 * CEILING), title="Who has learnt")
    ends.legend(fontsize=8, frameon=False)
    return picture


def _spikes(settings: Settings, steps: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """`(cell, step)` of cells that fire at random, a step being a millisecond."""
    chance = settings.rate / 1000
    gaps = rng.geometric(chance, int(settings.synapses * steps * chance * 1.2) + 100)
    place = np.cumsum(gaps) - 1
    place = place[place < settings.synapses * steps]
    return np.divmod(place, steps)


def _earned(
    pre: tuple[np.ndarray, np.ndarray], post: tuple[np.ndarray, np.ndarray], rng: np.random.Generator
) -> np.ndarray:
    """When the rewards come that the chosen synapse, number 0, earns."""
    before, after = (steps[cells == 0] for cells, steps in (pre, post))
    nearest = np.searchsorted(before, after) - 1
    apart = after - before[np.maximum(nearest, 0)]
    pairs = after[(nearest >= 0) & (apart > 0) & (apart <= TOGETHER)]
    return pairs + rng.integers(1000, 3000, len(pairs))


def _dopamine(rewards: np.ndarray, steps: int) -> np.ndarray:
    pulses = np.bincount(rewards[rewards < steps], minlength=steps) * REWARD
    found: np.ndarray = lfilter([1.0], [1.0, -np.exp(-1e-3 / FADING)], pulses) + TONIC
    return found


def _learnt(
    rule: Rule,
    pre: tuple[np.ndarray, np.ndarray],
    post: tuple[np.ndarray, np.ndarray],
    dopamine: np.ndarray,
    settings: Settings,
) -> np.ndarray:
    """The weights at the end, in mV; NaN if they diverge."""
    weight = np.full(settings.synapses, START)
    weight[0] = 0.0
    cells = np.arange(settings.synapses)
    signals = {"dopamine": dopamine} if rule.signals else None
    try:
        w, _ = replay(
            rule,
            pre=pre,
            post=post,
            synapses=(cells, cells),
            weight=weight,
            delay=0,
            dt=1 * ms,
            duration=len(dopamine),
            signals=signals,
        )
    except DivergenceError:
        return np.full(settings.synapses, np.nan)
    return w


def _sample(pre: tuple[Any, Any], post: tuple[Any, Any], dopamine: np.ndarray) -> dict[str, np.ndarray]:
    """Some seconds around the first reward, for the figure."""
    begin = max(int(np.argmax(dopamine > REWARD / 2)) - 5000, 0)
    found = {"sample": dopamine[begin : begin + SHOWN]}
    for side, (cells, steps) in (("pre", pre), ("post", post)):
        own = steps[cells == 0] - begin
        found[f"sample_{side}"] = own[(own >= 0) & (own < SHOWN)]
    return found
