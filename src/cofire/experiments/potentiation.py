"""A fires, B fires, receptors are added, the synapse is stronger, and A now drives B more easily.

Protocol, in three parts.
    calcium      The synapses from A to B go through pairs of spikes, `protocols.pairing`, in steps of .1 ms. Each has
                 calcium, from both cells' spikes, and a state w between DOWN and UP, as in the rule `calcium`.
    receptors    An UP synapse has b times the receptors of a DOWN one (b = 5, or 5.41; published, set by set), and
                 half of the synapses are UP at first. Strength is what all together conduct.
    the cell     B is a leaky cell with a threshold. So many fibres of A fire at once, each with the strength that the
                 pairs have left, and it is watched: how far it is depolarised, whether it fires, and how soon.

Noise. The published model has noise while calcium is above a threshold, which makes the share of synapses that change
state a graded number. Instead of many noisy synapses, the mean w and the variance v of a whole population are carried:
with the cubic term left out, as the paper's own analysis does while a protocol lasts, both equations are linear and
written in the language (`POPULATION`), and v is no approximation. Shares are those of a Gaussian above and below w⋆.
Any other rule for spikes runs as it is, its weight taken for the strength.

Held against the paper's model, recomputed in closed form from averages over one period (flag C, where there is no
other; the sum over each spike here may differ by a per cent), and against cells:
    set DP       strength after over before, 60 pairs at 1 Hz, at the eight lags of `WINDOW`
    pairs        the same at ±10 ms after 10, 30, 60 and 100 pairs
    cortex       set fitted by the authors to Sjöström et al. 2001, 75 pairs at 0.1 to 50 Hz; mean square distance from
                 the cells in standard errors .52. That set is a fit to these cells; set DP is fitted to none.
    Bliss & Lømo 1973 in rabbits: population EPSP about +43 %, latency about -21 % (M: only the sign is tested)
Criterion: within .02 of the model everywhere, .05 in cortex. Ours: the cell B (20 ms, synaptic current of 5 ms, rest
16 mV below threshold, EPSP of .5 mV a fibre before), and 30 fibres, just too few before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta
from scipy.special import ndtr

from cofire import protocols
from cofire.experiments._experiment import Data, Finding, Progress
from cofire.experiments._rates import label
from cofire.experiments._statistics import verdict
from cofire.experiments._timing import Array, error, relative_change, unsuitable_for_spikes
from cofire.experiments.pairing_frequency import CHANGES, FREQUENCIES, LAGS, SEM
from cofire.protocols import Trains, pairing
from cofire.rule import Rule
from cofire.units import ms, second

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CLAIM = "A fires, B fires, receptors are added: the synapse is stronger, and A now drives B more easily."
CLAIMS = (3,)
SOURCE = (
    "M. Graupner, N. Brunel, PNAS 109:3991-3996 and 21551, 2012; P. J. Sjöström et al., Neuron 32:1149-1164, 2001; "
    "T. V. P. Bliss, T. Lømo, J. Physiol. 232:331-356, 1973"
)
RULES = ("calcium",)

POPULATION = """
dw/dt = (gamma_p * (1 - w) * step(c - theta_p) - gamma_d * w * step(c - theta_d)) / tau
dv/dt = (step(c - theta_p) * (sigma**2 - 2 * gamma_p * v) + step(c - theta_d) * (sigma**2 - 2 * gamma_d * v)) / tau
dc/dt = -c / tau_c + C_pre * pre + C_post * post
"""
DP = {"sigma": 2.8284, "delay": 0.0137, "b": 5.0}  # of the set DP, beside the rule's own numbers
CORTEX: dict[str, Any] = {
    "gamma_p": 725.085,
    "gamma_d": 331.909,
    "tau": 346.3615 * second,
    "tau_c": 22.6936 * ms,
    "C_pre": 0.5617539,
    "C_post": 1.23964,
}
CORTEX_BESIDE = {"sigma": 3.3501, "delay": 0.0046098, "b": 5.40988}
UP_BEFORE = 0.5  # 1 - beta, the share of synapses that are UP before

WINDOW = {-60: 0.941, -40: 0.851, -20: 0.764, -10: 0.882, 10: 1.221, 20: 1.172, 40: 1.085, 60: 1.035}  # ms: strength
NUMBERS = {10: (1.010, 0.998), 30: (1.178, 0.918), 60: (1.221, 0.882), 100: (1.225, 0.878)}  # pairs: +10, -10 ms
RATES = np.array([[1.061, 1.083, 1.253, 1.553, 1.637], [0.691, 0.621, 0.635, 1.585, 1.637]])  # +10, -10 ms
CLOSE, CLOSE_IN_CORTEX = 0.02, 0.05

THRESHOLD, EPSP, TAU_CELL, TAU_SYNAPSE = 16.0, 0.5, 20.0, 5.0  # mV, mV a fibre, ms, ms
FIBRES, MOST_FIBRES = 30, 60


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    lags: Annotated[int, Meta(ge=5, le=401, description="lags of the curve, -100 to 100 ms; ours")] = 41
    step: Annotated[float, Meta(ge=0.01, le=0.5, description="step of the replay in ms; ours")] = 0.1


FULL = Settings(lags=201, step=0.02)


def unsuitable(rule: Rule) -> str | None:
    return unsuitable_for_spikes(rule)


def run(settings: Settings, rules: Sequence[Rule], seed: int, progress: Progress) -> Data:
    del seed  # the population is carried whole
    dt = settings.step * ms
    lags = np.linspace(-0.1, 0.1, settings.lags)
    lags = lags[np.abs(lags) > 1e-4]
    pairs = np.array([*NUMBERS])[:, None]
    single = {
        "lags": pairing(lag=lags, dt=dt, rest=0.5 * second),
        "window": pairing(lag=np.array([*WINDOW]) / 1e3, dt=dt, rest=0.5 * second),
        "numbers": pairing(lag=np.array([0.01, -0.01]), repeats=pairs, dt=dt, rest=0.5 * second),
    }
    found: Data = {"rules": [label(rule) for rule in rules], "lag": lags}
    kept: dict[str, list[Array]] = {key: [] for key in (*single, "rates", "fibres", "depolarised", "latency")}
    for r, rule in enumerate(rules):
        progress(r / len(rules), label(rule))
        for key, trains in single.items():
            kept[key].append(_strength(rule, trains, DP))
        progress((r + 0.5) / len(rules), f"{label(rule)}, pairs at five rates")
        cortical = rule.with_(**CORTEX) if rule.name == "calcium" else rule
        rates = pairing(lag=LAGS, frequency=FREQUENCIES, repeats=75, dt=dt, rest=0.5 * second)
        kept["rates"].append(_strength(cortical, rates, CORTEX_BESIDE))
        kept["fibres"].append(np.array([1.0, *kept["numbers"][r][2]]))  # before, after 60 pairs at +10 and at -10 ms
        peak, latency = _cell(kept["fibres"][r])
        kept["depolarised"].append(peak)
        kept["latency"].append(latency)
    return found | {key: np.array(values) for key, values in kept.items()}


def _strength(rule: Rule, trains: Trains, beside: dict[str, float]) -> Array:
    """Strength after over before, in the shape of the protocol's sets."""
    if rule.name != "calcium":
        return 1 + relative_change(rule, [trains]).reshape(trains.shape)
    numbers: dict[str, Any] = {name: value for name, value in rule.parameters.items() if name != "w_star"}
    population = Rule(POPULATION, sigma=beside["sigma"], **numbers)
    sets = len(trains.steps)
    up = np.empty((2, sets))  # share that is UP afterwards, of those DOWN and of those UP before
    for steps in np.unique(trains.steps):
        chosen = np.flatnonzero(trains.steps == steps)
        synapses = np.tile(chosen, 2)
        w, state = protocols.replay(
            population,
            pre=_before(trains.pre, steps),
            post=_before(trains.post, steps),
            synapses=(synapses, synapses),
            weight=np.repeat([0.0, 1.0], len(chosen)),
            delay=round(beside["delay"] / float(trains.dt / second)),
            dt=trains.dt,
            duration=int(steps),
        )
        apart = w - rule.values["w_star"]
        spread = np.sqrt(np.maximum(state["v"], 1e-300))
        up[:, chosen] = ndtr(apart / spread).reshape(2, -1)
    now = UP_BEFORE * up[1] + (1 - UP_BEFORE) * up[0]
    b = beside["b"]
    strength: Array = (1 + (b - 1) * now) / (1 + (b - 1) * UP_BEFORE)
    return strength.reshape(trains.shape)


def _before(spikes: tuple[Array, Array], steps: int) -> tuple[Array, Array]:
    who, when = spikes
    return who[when < steps], when[when < steps]


def _cell(strengths: Array) -> tuple[Array, Array]:
    """The cell B when 0 to 60 fibres of A fire at time 0, at each strength: `[strength, fibres]`.

    `(depolarisation in mV, if it did not fire; time to its spike in ms, NaN if it does not)`. Exact in steps of .02 ms.
    """
    dt = 0.02
    peak_time = np.log(TAU_CELL / TAU_SYNAPSE) * TAU_CELL * TAU_SYNAPSE / (TAU_CELL - TAU_SYNAPSE)
    height = np.exp(-peak_time / TAU_CELL) - np.exp(-peak_time / TAU_SYNAPSE)  # of the cell's answer to a unit input
    current = strengths[:, None] * np.arange(MOST_FIBRES + 1) * EPSP / height
    v, peak = np.zeros_like(current), np.zeros_like(current)
    latency = np.full(current.shape, np.nan)
    fade, synapse = np.exp(-dt / TAU_CELL), np.exp(-dt / TAU_SYNAPSE)
    for n in range(1, round(40 / dt) + 1):
        v = v * fade + current * (fade - synapse)  # dv/dt = -v/tau + what the synapse gives, over one step
        current = current * synapse
        peak = np.maximum(peak, v)
        latency[(v >= THRESHOLD) & np.isnan(latency)] = n * dt
    return peak, latency


def findings(data: Data) -> list[Finding]:
    return [finding for r in range(len(data["rules"])) for finding in _of_rule(data, r)]


def _of_rule(data: Data, r: int) -> Iterator[Finding]:
    name = data["rules"][r]
    window, published = data["window"][r], np.array([*WINDOW.values()])
    off = np.abs(window - published).max()
    shown = [list(WINDOW).index(lag) for lag in (-20, -10, 10, 20)]
    yield Finding(
        f"order and lag of 60 pairs set the strength ({name})",
        f"{_listed(window[shown])} at -20, -10, 10, 20 ms; at most {off:.3f} off at eight lags",
        _listed(published[shown]),
        "C",
        verdict(off <= CLOSE),
    )
    numbers, known = data["numbers"][r], np.array([*NUMBERS.values()])
    yield Finding(
        f"a few pairs do nothing, a hundred no more than sixty ({name})",
        f"{_listed(numbers[:, 0])} after 10, 30, 60, 100 pairs of +10 ms",
        _listed(known[:, 0]),
        "C",
        verdict(np.abs(numbers - known).max() <= CLOSE),
    )
    rates = data["rates"][r]
    yield Finding(
        f"rate turns depression into potentiation, at -10 ms ({name})",
        f"{_listed(rates[1])} at 0.1, 10, 20, 40, 50 Hz",
        _listed(RATES[1]),
        "C",
        verdict(np.abs(rates - RATES).max() <= CLOSE_IN_CORTEX),
    )
    distance = error(rates - 1, CHANGES, SEM)
    yield Finding(
        f"and so it is in visual cortex, to which this set was fitted ({name})",
        f"mean square distance {distance:.2f} standard errors²",
        "0.52",
        "C",
        verdict(distance <= 1),
    )
    before, after, weaker = data["depolarised"][r][:, FIBRES // 2]
    yield Finding(
        f"half as many fibres as follow depolarise B further ({name})",
        f"EPSP {100 * (after / before - 1):+.0f} %, and {100 * (weaker / before - 1):+.0f} % after pairs of -10 ms",
        "about +43 % after a tetanus",
        "M",
        verdict(weaker < before < after),
    )
    fires = ~np.isnan(data["latency"][r])
    need = [int(np.argmax(row)) if row.any() else None for row in fires]
    yield Finding(
        f"{FIBRES} fibres fire B, which did not ({name})",
        f"fires: {_yes(fires[0, FIBRES])} before, {_yes(fires[1, FIBRES])} after pairs of +10 ms, "
        f"{_yes(fires[2, FIBRES])} after -10 ms; it takes {need[0]}, {need[1]}, {need[2]} fibres",
        "A now drives B more easily",
        "theory",
        verdict(fires[:, FIBRES].tolist() == [False, True, False]),
    )
    soon = data["latency"][r][:2, MOST_FIBRES]
    change = 100 * (soon[1] / soon[0] - 1)
    yield Finding(
        f"B fires sooner ({name})",
        f"{MOST_FIBRES} fibres: {soon[0]:.1f} ms before, {soon[1]:.1f} ms after, {change:+.0f} %",
        "about -21 % after a tetanus",
        "M",
        verdict(soon[1] < soon[0]),
    )


def _listed(values: Array) -> str:
    return ", ".join(f"{value:.3f}" for value in values)


def _yes(fired: Any) -> str:
    return "yes" if fired else "no"


def figure(data: Data) -> Figure:
    from cofire.experiments._figure import BLUE, COLOURS, GREY, ORANGE, new_figure

    fig, ((window, numbers), (rates, cell)) = new_figure(2, 2, width=10.5, height=7.4)
    open_points: dict[str, Any] = {"marker": "o", "color": "black", "markerfacecolor": "white", "linestyle": "none"}
    for r, name in enumerate(data["rules"]):
        colour = COLOURS[r % len(COLOURS)]
        for side in (1, -1):
            half = side * data["lag"] > 0
            window.plot(1e3 * data["lag"][half], data["lags"][r][half], color=colour, label=name if side == 1 else None)
        for k, line in enumerate(("-", "--")):
            numbers.plot(list(NUMBERS), data["numbers"][r][:, k], line, color=colour)
            rates.plot(FREQUENCIES, data["rates"][r][k], line, color=colour, label=f"{name}, {10 - 20 * k:+d} ms")
    window.plot(list(WINDOW), list(WINDOW.values()), label="published model", zorder=5, **open_points)
    for k in (0, 1):
        numbers.plot(list(NUMBERS), [pair[k] for pair in NUMBERS.values()], zorder=5, **open_points)
        bars = {"fmt": "os"[k], "color": GREY, "capsize": 2, "zorder": 4}
        rates.errorbar(FREQUENCIES, 1 + CHANGES[k], SEM[k], label=f"visual cortex, {10 - 20 * k:+d} ms", **bars)
    fibres = np.arange(MOST_FIBRES + 1)
    for row, colour, text in zip((0, 1, 2), (GREY, BLUE, ORANGE), ("before", "+10 ms", "-10 ms"), strict=True):
        peak = data["depolarised"][0][row]
        fired = peak >= THRESHOLD
        cell.plot(fibres[~fired], peak[~fired], color=colour, label=text)
        first = fibres[fired][:1]
        cell.plot(first, np.full(len(first), THRESHOLD), "^", color=colour, markersize=8)
    cell.axhline(THRESHOLD, color=GREY, linewidth=0.8, linestyle=":")
    cell.axvline(FIBRES, color=GREY, linewidth=0.8, linestyle=":")
    cell.annotate("fires", (2, THRESHOLD + 0.3), fontsize=8, color=GREY)
    for ax in (window, numbers, rates):
        ax.axhline(1, color=GREY, linewidth=0.6)
        ax.set_ylabel("strength after / before")
    window.set(xlabel="postsynaptic spike after the presynaptic one, ms", title="60 pairs, one a second")
    numbers.set(xlabel="pairs", title="pairs of +10 ms (line) and -10 ms (dashed)")
    rates.set(xlabel="pairs in a second", title="75 pairs, the set for visual cortex")
    cell.set(xlabel="fibres of A that fire at once", ylabel="depolarisation of B, mV", title="the cell B", ylim=(0, 18))
    for ax in (window, rates, cell):
        ax.legend(fontsize=7, frameon=False)
    for ax in fig.axes:
        ax.title.set_fontsize(10)
    return fig
