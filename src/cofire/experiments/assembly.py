"""Several cues bound by one ritual become one assembly: any of them then ignites all the rest.

Protocol. A network of excitatory and inhibitory spiking cells at rest at a few Hz. Six groups of excitatory cells each
stand for a cue: its cells get a barrage of spikes while it is there. Four cues make the ritual, which is repeated; two
(sight, touch) never come with it. Each cue alone, .25 s, is the test, before and after, with all learning off. Then
nothing happens for some seconds with learning on: is what was learnt stable? Two rules learn: that under test between
excitatory cells, at random pairs and from equal weights on, and `vogels_inhibitory` onto them.

Controls, each in the same network: the four cues as often, but one after the other; the inhibitory synapses fixed at
the strength with which the network is quiet at first; the excitatory ones fixed.

Held against Litwin-Kumar and Doiron 2014, scaled down, and Zenke, Agnes and Gerstner 2015 (both M): with inhibitory
plasticity assemblies form, weights within them rise, and they are reactivated spontaneously; without it activity runs
away. A cell counts as ignited if it fires 10 Hz more than just before the cue.
Criteria, ours: at least half of the other cues' cells are ignited by each cue, less than a tenth of all else.

Ours and fitted: all strengths of synapses and inputs, to a network that is quiet before and whose cues drive their own
cells at about 50 Hz; the upper bound, so that a quarter of an assembly can ignite the rest. So that it is ignited at
all is a fit; that only cues of the ritual do it, and only if they came together, is not. Learning is faster than in
slices (`pace`), so that a ritual takes seconds for days. What the plain rule lacks: it has no brake. Here that is
inhibition that learns, and the upper bound, without which weights grow for ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from cofire import neurons
from cofire import rules as catalogue
from cofire.errors import DivergenceError
from cofire.experiments._experiment import Data, Finding, Progress
from cofire.experiments._rates import label
from cofire.experiments._statistics import spread, verdict
from cofire.experiments._timing import unsuitable_for_spikes
from cofire.network import Network, fixed_probability, from_pairs, uniform
from cofire.network.projections import Projection
from cofire.rule import Rule
from cofire.units import Hz, ms, mV, second

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CLAIM = "Several cues bound by one ritual become one assembly: any of them ignites all."
CLAIMS = (11,)
SOURCE = (
    "A. Litwin-Kumar, B. Doiron, Formation and maintenance of neuronal assemblies through synaptic plasticity, Nat. "
    "Commun. 5:5319, 2014; F. Zenke, E. J. Agnes, W. Gerstner, Diverse synaptic plasticity mechanisms orchestrated to "
    "form and retrieve memories in spiking neural networks, Nat. Commun. 6:6922, 2015"
)
RULES = ("triplet",)

CUES = ("smell", "sound", "taste", "alert", "sight", "touch")
BOUND = 4  # the first of them make the ritual
CONDITIONS = ("together", "one by one", "inhibition fixed", "excitation fixed")
WEIGHT, STRONGEST = 0.02, 0.25  # of excitatory synapses at the start and at most, in units of the leak
TARGET = 4.0  # Hz, of inhibitory plasticity
IGNITED = 10.0  # Hz above the rate just before a cue
ROW = 0.05  # s that a row of the table of cues lasts
SHOWN, GAP = 0.25, 0.35  # s of a cue in the test, and before it
PAUSE = 0.5  # s after each time in the ritual
LOOK = 0.1  # s of a cue before its effect is looked at
BIN = 0.05  # s, of reactivation

PLAIN = (
    "Each morning the smell of coffee, the sound of the machine, the taste and being wide awake come together. After "
    "some mornings the smell alone wakes you: cells that fired together have become one group, and where a part of it "
    "fires the rest joins in. What was never part of it does not set it off."
)

Array = NDArray[Any]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    excitatory: Annotated[int, Meta(ge=200, le=20_000, description="cells; the paper 4000")] = 400
    inhibitory: Annotated[int, Meta(ge=20, le=5000, description="cells; the paper 1000")] = 100
    connected: Annotated[float, Meta(gt=0, le=1, description="share of pairs; the paper .2")] = 0.25
    cue: Annotated[int, Meta(ge=5, le=500, description="cells of a cue; ours")] = 25
    rituals: Annotated[int, Meta(ge=1, le=1000, description=".25 s each, .5 s apart; ours")] = 12
    rest: Annotated[int, Meta(ge=1, le=3600, description="s of nothing afterwards; ours")] = 10
    pace: Annotated[float, Meta(gt=0, le=100, description="amplitudes, times those in slices; ours")] = 5.0
    tests: Annotated[int, Meta(ge=1, le=50, description="of each cue; ours")] = 2
    step: Annotated[float, Meta(ge=0.05, le=1, description="ms, a whole part of 1; ours")] = 1.0
    networks: Annotated[int, Meta(ge=2, le=100, description="each with other synapses and spikes; ours")] = 2


FULL = Settings(excitatory=800, inhibitory=200, connected=0.125, cue=50, rest=60, tests=5, step=0.5, networks=5)


def unsuitable(rule: Rule) -> str | None:
    """Why `rule` cannot learn between spiking cells here, or None."""
    reason = unsuitable_for_spikes(rule)
    if reason is None and not any(_is_amplitude(name) for name in rule.parameters):
        return "its weight has a scale of its own, and these synapses another"
    return reason


def adapted(name: str, settings: Settings) -> Rule:
    """The catalogue rule of that name, with weights in the unit of these synapses and a pace of its own."""
    recipe = catalogue.get(name)
    if unsuitable(recipe()):
        return recipe()
    relative = {"w_max": STRONGEST, "w_0": WEIGHT}
    special = {key: value for key, value in relative.items() if key in recipe.parameters}
    scale = settings.pace if special else settings.pace * WEIGHT
    faster = {key: scale * item.default for key, item in recipe.parameters.items() if _is_amplitude(key)}
    return recipe(bounds=(0.0, STRONGEST), **special, **faster)


def _is_amplitude(name: str) -> bool:
    return name.startswith("A") or name in ("eta", "lambda_")


@dataclass(frozen=True)
class _Script:
    """Which cues are there when: `table[row, cue]`; and in which rows tests and ritual begin and end."""

    table: Array
    settle: int
    before: int
    ritual: int
    rest: int

    @classmethod
    def of(cls, settings: Settings, condition: str) -> _Script:
        rows: list[Array] = []

        def cue(which: Sequence[int], seconds: float) -> None:
            there = np.zeros(len(CUES))
            there[list(which)] = 1.0
            rows.extend([there] * round(seconds / ROW))

        def test() -> None:
            for which in [*range(len(CUES))] * settings.tests:
                cue((), GAP)
                cue([which], SHOWN)

        cue((), 2.0)
        settle = len(rows)
        if condition == CONDITIONS[0]:  # all are alike before
            test()
        before = len(rows)
        for _ in range(settings.rituals):
            for which in [[k] for k in range(BOUND)] if condition == "one by one" else [[*range(BOUND)]]:
                cue(which, 0.25)
                cue((), PAUSE)
        ritual = len(rows)
        cue((), settings.rest)
        rest = len(rows)
        test()
        return cls(np.array(rows), settle, before, ritual, rest)


class _Brain:
    """One network, with the cells of each cue first among the excitatory ones."""

    def __init__(self, rule: Rule, settings: Settings, condition: str, seed: int) -> None:
        self.settings, self.script = settings, _Script.of(settings, condition)
        self.net = net = Network(dt=settings.step * ms, seed=seed)
        cell = neurons.lif_conductance(
            tau_i=10 * ms, v_rest=-60 * mV, E_i=-80 * mV, v_threshold=-50 * mV, v_reset=-60 * mV, refractory=5 * ms
        )
        begin = uniform(-60 * mV, -50 * mV)
        self.cells = net.cells(settings.excitatory, cell, name="E", v=begin)
        others = net.cells(settings.inhibitory, cell, name="I", v=begin)
        size = len(CUES) * settings.cue
        barrage = net.poisson(size, 100.0 * np.repeat(self.script.table, settings.cue, axis=1), every=ROW * second)
        some = fixed_probability(settings.connected, autapses=False)
        scale = 100 / (settings.connected * settings.excitatory)  # as strong in all with any number of synapses
        self.excitation = net.connect(self.cells, self.cells, some, weight=WEIGHT, delay=1 * ms, onto="g_e", rule=rule)
        balance = catalogue.vogels_inhibitory(eta=0.002 * scale, rho_0=TARGET * Hz)
        self.inhibition = net.connect(
            others, self.cells, some, weight=0.14 * scale, delay=1 * ms, onto="g_i", rule=balance
        )
        net.connect(self.cells, others, some, weight=0.03 * scale, delay=1 * ms, onto="g_e")
        net.connect(others, others, some, weight=0.1 * scale, delay=1 * ms, onto="g_i")
        net.connect(barrage, self.cells, from_pairs(range(size), range(size)), weight=0.7, delay=1 * ms, onto="g_e")
        net.drive(self.cells, rate=1000 * Hz, weight=0.045, onto="g_e")
        net.drive(others, rate=1000 * Hz, weight=0.035, onto="g_e")
        self.excitation.learning = condition != "excitation fixed"
        self.inhibition.learning = condition != "inhibition fixed"

    def live(self) -> Data:
        """What `run` keeps of one network."""
        script, found = self.script, {}
        excites, self.excitation.learning = self.excitation.learning, False
        self._run(0, script.settle)
        if script.before > script.settle:
            found["before"] = self._test(script.settle, script.before)
        found["weights_before"] = self._weights()
        self.excitation.learning = excites
        self._run(script.before, script.ritual)
        found["weights_learnt"] = self._weights()
        found["rested"] = self._binned(self._run(script.ritual, script.rest), script.ritual)
        found["weights_after"] = self._weights()
        found["after"] = self._test(script.rest, len(script.table))
        return found

    def _run(self, begin: int, end: int) -> Any:
        duration = (end - begin) * round(ROW * 1000) * ms
        return self.net.run(duration, record=[self.cells.spikes])["E.spikes"]

    def _test(self, begin: int, end: int) -> Array:
        """Rates [cue or just before it, cue, cell] in Hz, with nothing learning."""
        self.net.learning = False
        spikes = self._run(begin, end)
        self.net.learning = True
        time = spikes.times - begin * ROW
        trial, into = np.divmod(time, GAP + SHOWN)
        which = trial.astype(int) % len(CUES)
        rates = np.zeros((2, len(CUES), self.settings.excitatory))
        for k, (low, high) in enumerate(((GAP + LOOK, GAP + SHOWN), (GAP - 0.2, GAP))):
            inside = (into >= low) & (into < high)
            np.add.at(rates[k], (which[inside], spikes.cells[inside]), 1 / ((high - low) * self.settings.tests))
        return rates

    def _binned(self, spikes: Any, begin: int) -> Array:
        """Mean rates [bin, group] of the assembly, and of as many cells outside it, in Hz."""
        size = BOUND * self.settings.cue
        bins = ((spikes.times - begin * ROW) / BIN).astype(int)
        counts = np.zeros((round(self.settings.rest / BIN), 2))
        for group in range(2):
            inside = (spikes.cells // size) == (0 if group == 0 else (len(CUES) * self.settings.cue) // size + 1)
            counts[:, group] = np.bincount(bins[inside], minlength=len(counts))[: len(counts)]
        return counts / (size * BIN)

    def _weights(self) -> Array:
        """Mean weights [post, pre] of groups, over the one at the start: each cue's cells, then all others."""
        return _between(self.excitation, self.settings.cue)


def _between(synapses: Projection, cue: int) -> Array:
    pre, post = (np.minimum(cells // cue, len(CUES)) for cells in synapses.pairs())
    groups = len(CUES) + 1
    place = post * groups + pre
    total = np.bincount(place, weights=synapses.weight.values / WEIGHT, minlength=groups**2)
    found: Array = (total / np.maximum(np.bincount(place, minlength=groups**2), 1)).reshape(groups, groups)
    return found


def run(settings: Settings, rules: Sequence[Rule], seed: int, progress: Progress) -> Data:
    shape = (len(rules), len(CONDITIONS), settings.networks)
    groups = len(CUES) + 1
    found: Data = {
        "rules": [label(rule) for rule in rules],
        "cue": settings.cue,
        **{name: np.full((*shape, 2, len(CUES), settings.excitatory), np.nan) for name in ("before", "after")},
        **{f"weights_{when}": np.full((*shape, groups, groups), np.nan) for when in ("before", "learnt", "after")},
        "rested": np.full((*shape, round(settings.rest / BIN), 2), np.nan),
    }
    for n, (r, c, k) in enumerate(np.ndindex(shape)):
        progress(n / np.prod(shape), f"{found['rules'][r]}, {CONDITIONS[c]}, network {k + 1}")
        try:
            kept = _Brain(rules[r], settings, CONDITIONS[c], seed * settings.networks + k).live()
        except DivergenceError:
            continue
        for name, values in kept.items():
            found[name][r, c, k] = values
    return found


def findings(data: Data) -> list[Finding]:
    return [finding for r in range(len(data["rules"])) for finding in _of_rule(data, r)]


def _ignited(data: Data, when: str, r: int, condition: str) -> Array:
    """Share of each group's cells that a cue ignites, [network, cue, group]; the last group are all others."""
    during, earlier = np.moveaxis(data[when][r, CONDITIONS.index(condition)], 1, 0)
    fires = np.where(np.isnan(during), np.nan, during - earlier >= IGNITED)
    cue = data["cue"]
    parts = [fires[..., k * cue : (k + 1) * cue] for k in range(len(CUES))] + [fires[..., len(CUES) * cue :]]
    return np.stack([part.mean(axis=-1) for part in parts], axis=-1)


def _rest_of(shares: Array) -> Array:
    """Of the other bound cues' cells, for each bound cue: [network, cue]."""
    bound = shares[:, :BOUND, :BOUND]
    found: Array = (bound.sum(axis=-1) - np.einsum("nkk->nk", bound)) / (BOUND - 1)
    return found


def _of_rule(data: Data, r: int) -> Iterator[Finding]:
    yield from _of_cues(data, r)
    yield from _of_weights_and_rest(data, r)
    yield from _of_controls(data, r)


def _of_cues(data: Data, r: int) -> Iterator[Finding]:
    name = data["rules"][r]
    shares = _ignited(data, "after", r, "together")
    recall, before = _rest_of(shares), _rest_of(_ignited(data, "before", r, "together"))
    each = ", ".join(f"{cue} {share:.2f}" for cue, share in zip(CUES, recall.mean(axis=0), strict=False))
    yield Finding(
        f"after the ritual each cue ignites the rest of the assembly ({name})",
        f"{spread(recall.mean(axis=1), 2)} of the other cues' cells; {each}",
        "all of it; asked: at least half by each; strengths were fitted so that it can",
        "M",
        verdict(recall.mean(axis=0).min() >= 0.5),
        name,
        "a cue ignites the assembly",
    )
    yield Finding(
        f"before it none does ({name})",
        f"{spread(before.mean(axis=1), 2)} of the other cues' cells",
        "none; asked: less than a tenth",
        "theory",
        verdict(before.mean() < 0.1 <= recall.mean()),
        name,
        "before, no cue does",
    )
    outside = shares[:, :BOUND, BOUND:].mean(axis=(1, 2))
    strange = shares[:, BOUND:, :BOUND].mean(axis=(1, 2))
    yield Finding(
        f"and nothing else: cells outside stay out, cues outside ignite none of it ({name})",
        f"{spread(outside, 2)} of cells outside, {spread(strange, 2)} by cues outside",
        "none; asked: less than a tenth where the assembly is ignited",
        "M",
        verdict(max(outside.mean(), strange.mean()) < 0.1 and recall.mean() >= 0.5),
        name,
        "it is selective",
    )


def _of_weights_and_rest(data: Data, r: int) -> Iterator[Finding]:
    name = data["rules"][r]
    within, across, learnt = _weight_groups(data, r)
    yield Finding(
        f"weights within the assembly rise ({name})",
        f"{spread(within, 1)} times those at the start, {spread(across, 2)} times to and from the rest",
        "rise within; asked: at least twice, and less than 1.5 between",
        "M",
        verdict(within.mean() >= 2 and across.mean() < 1.5),
        name,
        "weights within rise",
    )
    rates = data["rested"][r, 0].mean(axis=1)  # [network, group]
    yield Finding(
        f"it is stable at rest ({name})",
        f"{spread(100 * within / learnt, 0)} % of the weights are left after a rest, at {spread(rates[:, 0], 1)} Hz",
        f"stable; asked: at least 80 %, and less than {2 * TARGET:.0f} Hz in an assembly",
        "M",
        verdict((within / learnt).mean() >= 0.8 and rates[:, 0].mean() < 2 * TARGET and within.mean() >= 2),
        name,
        "stable at rest",
    )
    peaks = np.sort(data["rested"][r, 0], axis=1)[:, -max(data["rested"].shape[3] // 100, 1) :].mean(axis=1)
    yield Finding(
        f"and is reactivated spontaneously ({name})",
        f"{spread(peaks[:, 0], 1)} Hz in its highest hundredth of {1000 * BIN:.0f} ms bins, "
        f"{spread(peaks[:, 1], 1)} Hz in as many other cells",
        "spontaneous reactivation; asked: at least twice the other cells'",
        "M",
        verdict(peaks[:, 0].mean() >= 2 * peaks[:, 1].mean()),
        name,
        "spontaneous reactivation",
    )


def _of_controls(data: Data, r: int) -> Iterator[Finding]:
    name = data["rules"][r]
    recall, apart, fixed = (
        _rest_of(_ignited(data, "after", r, c)).mean(axis=1) for c in ("together", "one by one", "excitation fixed")
    )
    yield Finding(
        f"cues that come one by one are not bound ({name})",
        f"{spread(apart, 2)} of the other cues' cells",
        "not bound; asked: less than a tenth where the ritual binds",
        "theory",
        verdict(apart.mean() < 0.1 and recall.mean() >= 0.5),
        name,
        "apart, cues are not bound",
    )
    runaway, held = (
        data["rested"][r, CONDITIONS.index(c)].mean(axis=1)[:, 0] for c in ("inhibition fixed", "together")
    )
    yield Finding(
        f"without inhibition that learns it runs away ({name})",
        f"{spread(runaway, 1)} Hz in the assembly with no cue, {spread(held, 1)} Hz with it",
        f"activity runs away; asked: more than {5 * TARGET:.0f} Hz, less than {2 * TARGET:.0f} Hz with it",
        "M",
        verdict(runaway.mean() > 5 * TARGET and held.mean() < 2 * TARGET),
        name,
        "inhibition must learn too",
    )
    yield Finding(
        f"control: with excitation fixed nothing is ignited ({name})",
        f"{spread(fixed, 2)} of the other cues' cells",
        "none; asked: less than a tenth",
        "theory",
        verdict(fixed.mean() < 0.1),
        name,
        "control: excitation fixed",
    )


def _weight_groups(data: Data, r: int) -> tuple[Array, Array, Array]:
    """Mean weights at the end within the assembly and across its border, and within it after the ritual [network]."""
    after, learnt = (data[f"weights_{when}"][r, 0] for when in ("after", "learnt"))
    border = np.concatenate([after[:, :BOUND, BOUND:].mean(axis=2), after[:, BOUND:, :BOUND].mean(axis=1)], axis=1)
    within = [weights[:, :BOUND, :BOUND].mean(axis=(1, 2)) for weights in (after, learnt)]
    return within[0], border.mean(axis=1), within[1]


def figure(data: Data) -> Figure:
    from cofire.experiments._figure import new_figure

    picture, axes = new_figure(2, 3, width=11.5, height=7.6)
    picture.set_layout_engine("constrained", wspace=0.06)  # room between a colour bar and what stands right of it
    groups = (*CUES, "others")
    before = _ignited(data, "before", 0, "together").mean(axis=0)
    after = _ignited(data, "after", 0, "together").mean(axis=0)
    for ax, shares, title in ((axes[0, 0], before, "before"), (axes[0, 1], after, "after the ritual")):
        image = ax.imshow(shares, vmin=0, vmax=1, cmap="viridis")
        ax.set_yticks(range(len(CUES)), CUES)
        ax.set(xlabel="cells", ylabel="cue", title=f"share ignited, {title}")
    picture.colorbar(image, ax=axes[0, 1], shrink=0.7)
    weights = data["weights_after"][0, 0].mean(axis=0)
    image = axes[0, 2].imshow(weights, vmin=0, cmap="magma")
    axes[0, 2].set_yticks(range(len(groups)), groups)
    axes[0, 2].set(xlabel="from", ylabel="to", title="weights after, times before")
    picture.colorbar(image, ax=axes[0, 2], shrink=0.7)
    for ax in axes[0]:
        ax.set_xticks(range(len(groups)), groups, rotation=60, ha="right")
    recall = np.array(
        [[_rest_of(_ignited(data, "after", r, c)).mean(axis=1) for c in CONDITIONS] for r in range(len(data["rules"]))]
    )
    _draw_conditions(axes[1, 0], data, recall)
    axes[1, 0].set(ylabel="share of the other cues' cells", ylim=(0, 1.05), title="ignited by a cue, after")
    _draw_conditions(axes[1, 1], data, data["rested"][..., 0].mean(axis=3))
    axes[1, 1].set(ylabel="rate of the assembly, Hz", yscale="symlog", ylim=(0, 500), title="at rest, with no cue")
    _draw_reactivation(axes[1, 2], data)
    for ax in axes.flat:
        ax.title.set_fontsize(10)
    return picture


def _draw_conditions(ax: Axes, data: Data, values: Array) -> None:
    """Bars of `values[rule, condition, network]`, with a point for each network."""
    from cofire.experiments._figure import COLOURS

    width = 0.7 / len(data["rules"])
    for r, name in enumerate(data["rules"]):
        place = np.arange(len(CONDITIONS)) + width * (r - (len(data["rules"]) - 1) / 2)
        ax.bar(place, values[r].mean(axis=1), 0.9 * width, color=COLOURS[r % len(COLOURS)], label=name)
        ax.plot(place, values[r], "o", color="black", markerfacecolor="white", markersize=4)
    ax.set_xticks(range(len(CONDITIONS)), [c.replace(" ", "\n") for c in CONDITIONS])
    if len(data["rules"]) > 1:
        ax.legend(fontsize=8, frameon=False)


def _draw_reactivation(ax: Axes, data: Data) -> None:
    """How often which rate, over all networks of the first rule: an assembly that comes back by itself has a tail."""
    from cofire.experiments._figure import BLUE, GREY

    rates = data["rested"][0, 0].reshape(-1, 2)
    edges = [float(rate) for rate in range(int(np.nanmax(rates, initial=1.0)) + 2)]
    for group, (name, colour) in enumerate((("assembly", BLUE), ("as many other cells", GREY))):
        kept = rates[np.isfinite(rates[:, group]), group]
        ax.hist(kept, edges, histtype="step", linewidth=1.6, color=colour, label=name)
    ax.set(xlabel="rate, Hz", ylabel=f"bins of {1000 * BIN:.0f} ms", yscale="symlog")
    ax.set_title("at rest, does it come back?")
    ax.set_ylim(0, 8 * ax.get_ylim()[1])  # room for the legend
    ax.legend(fontsize=8, frameon=False, loc="upper right")
