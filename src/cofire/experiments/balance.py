"""Inhibition learns to mirror excitation: a cell that was flooded comes to fire as often as it should.

Protocol. A cell with conductances hears eight channels, each of 100 excitatory and 25 inhibitory inputs that share a
rate: 5 Hz, and beside that the positive part of noise of 50 ms, up to some 500 Hz. Excitatory weights stay, tuned to
the fifth channel; inhibitory ones are equal and weak at first, and learn. Numbers are those of the publication's
program, whose α of .25 means a target of ρ₀ = 6.25 Hz; here inputs have no refractory time, and steps are .5 ms.

Held against Vogels et al. 2011 (the rule S2, its program S1, the outcome confirmed once): over the last third of the
time the cell fires at ρ₀, within 15 %, and the mean inhibitory current of the channels goes with the excitatory one,
r > .9. Both criteria are those of the list of claims. Currents are what the spikes of each channel bring, at the
mean membrane potential. Beside it the plain rule for pairs, `stdp_pair`, with its own numbers: what fires before the
cell strengthens and what fires after weakens, whatever the cell's rate, so inhibition has nothing to come to. Ours: how
long, and how many runs. It settles somewhat below ρ₀ (5.7 Hz), since spikes that
follow their inputs are pairs beyond chance, and these strengthen inhibition too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray
from scipy.signal import lfilter

from cofire import rules as catalogue
from cofire.errors import DivergenceError
from cofire.experiments._cells import scaled_conductance_cell
from cofire.experiments._experiment import Data, Finding, Progress
from cofire.experiments._rates import label, needs_spikes, not_for_one_cell, not_from_there
from cofire.experiments._statistics import spread, verdict
from cofire.network import Network, all_to_all
from cofire.rule import Rule
from cofire.units import Hz, ms, mV, second

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CLAIM = "Growth without bound is tamed by inhibition that learns: it balances what excites a cell."
CLAIMS = (7,)
SOURCE = (
    "T. P. Vogels, H. Sprekeler, F. Zenke, C. Clopath, W. Gerstner, Inhibitory plasticity balances excitation and "
    "inhibition in sensory pathways and memory networks, Science 334:1569-1573, 2011"
)
RULES = ("vogels_inhibitory", "stdp_pair")

PLAIN = (
    "A cell that everybody shouts at fires all the time and says nothing. If the synapses that quieten it strengthen "
    "whenever it fires too much, each shout soon meets its own hush, and only what is out of the ordinary gets through."
)

CHANNELS, EXCITATORY, INHIBITORY = 8, 100, 25  # inputs of each channel
PREFERRED = 4  # the fifth
UNIT_E, UNIT_I = 0.014, 0.035  # conductances of a weight of 1, in leaks
WEAK = 0.1  # inhibitory weights at first
TARGET = 6.25  # Hz
QUIET, SWING, NOISE_TIME = 5.0, 152.0, 0.050  # Hz; standard deviation of the noise in Hz; s
STEP = 5e-4  # s
PART = 5  # s of inputs made at once

Array = NDArray[Any]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    seconds: Annotated[int, Meta(ge=15, le=10_000, multiple_of=PART, description="the program has 150")] = 90
    runs: Annotated[int, Meta(ge=2, le=100, description="with other spikes and weights; ours")] = 2


FULL = Settings(seconds=300, runs=10)


def unsuitable(rule: Rule) -> str | None:
    """Why `rule` cannot learn at the synapses of a cell that fires, or None."""
    if not needs_spikes(rule) or not rule.is_timed:
        return "it is written for rates in steps, and cells here fire in milliseconds"
    return not_from_there(rule) or not_for_one_cell(rule, given=("post.v",))


def adapted(name: str, settings: Settings) -> Rule:  # noqa: ARG001  (one form for all settings)
    """The catalogue rule of that name with the publication's target, and weights that have no upper bound."""
    recipe = catalogue.get(name)
    target = {"rho_0": TARGET * Hz} if "rho_0" in recipe.parameters else {}
    return recipe(bounds=(0.0, None), **target)


def run(settings: Settings, rules: Sequence[Rule], seed: int, progress: Progress) -> Data:
    parts = settings.seconds // PART
    shape = (len(rules), settings.runs)
    found: Data = {
        "rules": [label(rule) for rule in rules],
        "rate": np.full((*shape, parts + 1), np.nan),
        "currents": np.full((*shape, 2, 2, CHANNELS), np.nan),
    }
    for trial in range(settings.runs):

        def tell(part: int, trial: int = trial) -> None:
            progress((trial + part / parts) / settings.runs, f"run {trial + 1}, {part * PART} s")

        for r, learnt in enumerate(_learnt(rules, parts, np.random.default_rng((seed, trial)), tell)):
            if learnt is not None:
                found["rate"][r, trial], found["currents"][r, trial] = learnt
    return found


def findings(data: Data) -> list[Finding]:
    return [finding for r in range(len(data["rules"])) for finding in _of_rule(data, r)]


def figure(data: Data) -> Figure:
    from cofire.experiments._figure import COLOURS, GREY, new_figure

    number = len(data["rules"])
    picture, axes = new_figure(1, 2 + number, width=3.6 * (2 + number), height=3.8)
    for r, name in enumerate(data["rules"]):
        for trial, rate in enumerate(data["rate"][r]):
            times = PART * np.arange(len(rate))
            text = name if trial == 0 else None
            axes[0].plot(times, rate, ".-", color=COLOURS[r % len(COLOURS)], label=text, linewidth=1.2)
    axes[0].axhline(TARGET, color=GREY, linestyle=":", linewidth=1.0, label="target, ρ₀")
    axes[0].set(xlabel="time [s]", ylabel="rate of the cell [Hz]", yscale="log", title="How often it fires")
    axes[0].legend(fontsize=8, frameon=False)
    _draw_currents(axes[1], data["currents"][0, 0, 0], "Before learning")
    for r, name in enumerate(data["rules"]):
        _draw_currents(axes[2 + r], data["currents"][r, 0, 1], f"After ({name})")
        axes[2 + r].sharey(axes[1])
    axes[1].set_ylabel("mean current [leak · mV]")
    for ax in axes:
        ax.title.set_fontsize(10)
    return picture


class _Cell:
    """A cell whose inhibitory synapses learn by `rule`, from weights equal and weak; `tuned`: its excitatory ones."""

    def __init__(self, rule: Rule, tuned: Array, seed: int) -> None:
        self._net, self._tuned = Network(dt=STEP * second, seed=seed), tuned
        none = np.zeros(0, int)
        neuron = scaled_conductance_cell(
            unit_e=UNIT_E, unit_i=UNIT_I, tau_i=10 * ms, v_rest=-60 * mV, E_i=-80 * mV, v_threshold=-50 * mV,
            refractory=5 * ms,
        )  # fmt: skip
        self._excitatory = self._net.spikes(CHANNELS * EXCITATORY, none, none, name="excitatory")
        self._inhibitory = self._net.spikes(CHANNELS * INHIBITORY, none, none, name="inhibitory")
        self._cell = self._net.cells(1, neuron, name="cell")
        self._net.connect(self._excitatory, self._cell, all_to_all(), weight=tuned)
        self._learns = self._net.connect(self._inhibitory, self._cell, all_to_all(), weight=WEAK, rule=rule, onto="g_i")
        self.rate: list[float] = []
        self.brought: list[Array] = []  # [E or I, channel] in each part, in leaks times mV

    def hear(self, excitatory: tuple[Array, Array], inhibitory: tuple[Array, Array], *, learning: bool) -> None:
        """One part; the inputs as `(cells, steps)`."""
        self._net.learning = learning
        for source, (cells, steps) in ((self._excitatory, excitatory), (self._inhibitory, inhibitory)):
            source.set(cells, steps + self._net.step)
        watched = self._cell.v.every(10 * ms)
        record = self._net.run(PART * second, record=[self._cell.spikes, watched], max_rate=1 / STEP * Hz)
        self.rate.append(record[self._cell.spikes].rates()[0])
        v = 1e3 * record[watched].values.mean()
        excited = (0 - v) * UNIT_E * 0.005 * _by_channel(excitatory[0], self._tuned)
        inhibited = (v + 80) * UNIT_I * 0.010 * _by_channel(inhibitory[0], self._learns.weight.values)
        self.brought.append(np.array([excited, inhibited]))


def _learnt(rules: Sequence[Rule], parts: int, rng: np.random.Generator, tell: Any) -> list[tuple[Array, Array] | None]:
    """One run, the same spikes for each rule: `rate[part]` and `currents`, or None of one that diverged.

    Rates are in Hz, the first without learning; `currents[before or after, E or I, channel]` in leaks times mV, those
    after of the last third.
    """
    seed = int(rng.integers(2**31))
    away = np.repeat(np.arange(CHANNELS) - PREFERRED, EXCITATORY)
    tuned = 0.3 + 1.1 / (1 + away**4.0) + 0.1 * rng.random(len(away))
    cells: list[_Cell | None] = [_Cell(rule, tuned, seed) for rule in rules]
    noise = np.zeros(CHANNELS)
    for part in range(parts + 1):
        tell(max(part - 1, 0))
        excitatory, inhibitory, noise = _spikes(noise, rng)
        for r, cell in enumerate(cells):
            try:
                if cell is not None:
                    cell.hear(excitatory, inhibitory, learning=part > 0)
            except DivergenceError:
                cells[r] = None
    return [None if cell is None else (np.array(cell.rate), _before_and_after(cell.brought)) for cell in cells]


def _before_and_after(brought: Sequence[Array]) -> Array:
    return np.array([brought[0], np.mean(brought[_last(len(brought) - 1) :], axis=0)])


def _last(parts: int) -> int:
    """The first part of the last third."""
    return 1 + 2 * parts // 3


def _spikes(noise: Array, rng: np.random.Generator) -> tuple[tuple[Array, Array], tuple[Array, Array], Array]:
    """`(cells, steps)` of the excitatory and of the inhibitory inputs in one part, and where the noise has come to."""
    steps, fade = round(PART / STEP), np.exp(-STEP / NOISE_TIME)
    kicks = np.sqrt(1 - fade**2) * rng.standard_normal((steps, CHANNELS))
    wander, _ = lfilter([1.0], [1.0, -fade], kicks, axis=0, zi=fade * noise[None])
    chance = ((QUIET + SWING * np.maximum(wander, 0.0)) * STEP).astype(np.float32)
    trains = []
    for size in (EXCITATORY, INHIBITORY):
        fired = rng.random((steps, CHANNELS, size), dtype=np.float32) < chance[:, :, None]
        when, cells = np.divmod(np.flatnonzero(fired), CHANNELS * size)
        trains.append((cells, when))
    return trains[0], trains[1], wander[-1]


def _by_channel(cells: Array, weights: Array) -> Array:
    """The weights of these spikes, added up for each channel, per second."""
    each = np.bincount(cells, minlength=len(weights)) * weights
    found: Array = each.reshape(CHANNELS, -1).sum(axis=1) / PART
    return found


def _of_rule(data: Data, r: int) -> Iterator[Finding]:
    name, rate = data["rules"][r], data["rate"][r]
    after = rate[:, _last(rate.shape[1] - 1) :].mean(axis=1)
    yield Finding(
        f"the cell comes to fire at its target rate ({name})",
        f"{spread(after, 2)} Hz, before learning {spread(rate[:, 0], 1)} Hz",
        f"{TARGET} Hz, within 15 %",
        "S1",
        verdict(abs(after.mean() / TARGET - 1) < 0.15),
        rule=name,
        phenomenon="inhibition brings the cell to its target rate",
    )
    pairs = data["currents"][r, :, 1]
    likeness = np.array([_likeness(*pair) for pair in pairs])
    share = pairs[:, 1].sum(axis=1) / pairs[:, 0].sum(axis=1)
    yield Finding(
        f"inhibition mirrors excitation, channel by channel ({name})",
        f"r = {spread(likeness)}; in all {spread(100 * share, 0)} % of it",
        "r > .9",
        "S1",
        verdict((likeness > 0.9).all()),
        rule=name,
        phenomenon="inhibition mirrors excitation",
    )


def _likeness(excitation: Array, inhibition: Array) -> float:
    """Their correlation over channels; 0 where there is no inhibition."""
    if not inhibition.std() > 0:
        return 0.0
    return float(np.corrcoef(excitation, inhibition)[0, 1])


def _draw_currents(ax: Axes, currents: Array, title: str) -> None:
    from cofire.experiments._figure import BLUE, RED

    channels = np.arange(1, CHANNELS + 1)
    ax.plot(channels, currents[0], "o-", color=RED, label="excitatory", markersize=4)
    ax.plot(channels, currents[1], "o-", color=BLUE, label="inhibitory", markersize=4)
    ax.set(xlabel="channel", title=title)
    ax.legend(fontsize=8, frameon=False)
