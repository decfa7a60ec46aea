"""Synapses of a cell that fires: an additive rule makes them compete, a multiplicative one lets each find its place.

Protocol. One cell with conductances hears 1000 excitatory inputs that fire at random, all at one rate, and 200
inhibitory ones at 10 Hz whose weights stay. Weights, as shares of the strongest, start anywhere from 0 to 1, and learn
until their distribution stands still or the time is over: again for each rate of the inputs. Numbers of the cell and
of pairs are those of Song et al.; steps of .5 ms.

Held against
    additive        weights end near 0 and near the strongest, and the cell fires at much the same rate whatever the
                    rate of its inputs (Song et al. 2000; amplitudes and times S2, the rest and the outcome M).
                    Criterion of the list of claims: at least 80 % in the outer fifths; ours: each of these holds at
                    least 2 %, and the output grows as its input to a power below one half.
    multiplicative  one peak near the fixed point A₊τ₊ / (A₊τ₊ + A₋τ₋), with no competition and so nothing that holds
                    the rate (van Rossum et al. 2000, Gütig et al. 2003; the outcome S1, the fixed point theory).
                    Ours: at least 80 % in the middle three fifths, the mean within 10 % of the fixed point.
The verdict says whether a rule does this, not whether anybody expected it to. Ours: how long, and how they start.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from cofire import rules as catalogue
from cofire.errors import DivergenceError
from cofire.experiments._cells import scaled_conductance_cell
from cofire.experiments._experiment import Data, Finding, Progress
from cofire.experiments._rates import label, needs_spikes, not_for_one_cell, not_from_there
from cofire.experiments._statistics import verdict
from cofire.network import Network, all_to_all, uniform
from cofire.rule import Rule
from cofire.units import Hz, ms, mV, second

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CLAIM = "Growth without bound is tamed where spikes compete: for the weights, and for the rate of the cell."
CLAIMS = (7,)
SOURCE = (
    "S. Song, K. D. Miller, L. F. Abbott, Nat. Neurosci. 3:919-926, 2000; M. C. W. van Rossum, G. Q. Bi, G. G. "
    "Turrigiano, J. Neurosci. 20:8812-8821, 2000; R. Gütig, R. Aharonov, S. Rotter, H. Sompolinsky, J. Neurosci. "
    "23:3697-3714, 2003"
)
RULES = ("stdp_pair", "stdp_pair_multiplicative")

PLAIN = (
    "A thousand voices speak to one cell, and each spike decides who is believed. With one rule a few are believed "
    "entirely and the rest not at all, and the cell stays calm however loud they are; with another all end half "
    "believed."
)

INPUTS, INHIBITORY = 1000, 200
STRONGEST, INHIBITION = 0.015, 0.05  # conductances in leaks
STEP = 0.5  # ms
PARTS = 12  # of a run; after each it is seen whether the weights still move
PIECES = 10  # of the first part, for weights that are soon where they stay
STILL = 0.002  # mean difference of the sorted weights over a part
OUTER, INNER, EACH = 0.8, 0.8, 0.02
BINS = np.linspace(0, 1, 21)

Array = NDArray[Any]
Rate = Annotated[float, Meta(gt=0, le=100)]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    seconds: Annotated[int, Meta(ge=12, le=100_000, description="simulated at most, at each rate; ours")] = 600
    rates: Annotated[tuple[Rate, ...], Meta(min_length=2, description="of the inputs in Hz; the paper 10 to 40")] = (
        20.0,
        40.0,
    )


FULL = Settings(seconds=3000, rates=(10.0, 15.0, 20.0, 25.0, 30.0, 40.0))


def unsuitable(rule: Rule) -> str | None:
    """Why `rule` cannot learn on a cell that fires, or None."""
    if not needs_spikes(rule) or not rule.is_timed:
        return "it is written for rates in steps, and cells here fire in milliseconds"
    return not_from_there(rule) or not_for_one_cell(rule, given=("post.v",))


def adapted(name: str, settings: Settings) -> Rule:  # noqa: ARG001  (one form for all settings)
    """The catalogue rule of that name, between 0 and 1."""
    return catalogue.get(name)(bounds=(0.0, 1.0))


def run(settings: Settings, rules: Sequence[Rule], seed: int, progress: Progress) -> Data:
    shape = (len(rules), len(settings.rates))
    found: Data = {
        "rules": [label(rule) for rule in rules],
        "fixed": [_fixed_point(rule) for rule in rules],
        "rates": np.array(settings.rates),
        "weights": np.full((*shape, INPUTS), np.nan),
        "outer": np.full(shape, np.nan),
        "before": np.full(shape, np.nan),
        "after": np.full(shape, np.nan),
    }
    for r, rule in enumerate(rules):
        for k, rate in enumerate(settings.rates):
            progress((r + k / len(settings.rates)) / len(rules), f"{label(rule)}, inputs at {rate:g} Hz")
            try:
                one = _learnt(rule, rate, settings, seed)
            except DivergenceError:
                continue
            for name, values in one.items():
                found[name][r, k] = values
    return found


def findings(data: Data) -> list[Finding]:
    return [finding for r in range(len(data["rules"])) for finding in _of_rule(data, r)]


def figure(data: Data) -> Figure:
    from cofire.experiments._figure import new_figure

    number = len(data["rules"])
    picture, axes = new_figure(1, number + 1, width=3.4 * number + 4.0, height=3.8)
    for r in range(number):
        _draw_weights(axes[r], data, r)
    _draw_rates(axes[-1], data)
    return picture


def _fixed_point(rule: Rule) -> float:
    """Where the multiplicative rule rests; NaN of another."""
    if rule.name != "stdp_pair_multiplicative":
        return float("nan")
    v = rule.values
    gain, loss = v["A_plus"] * v["tau_plus"], v["A_minus"] * v["tau_minus"]
    return float(v["w_max"] * gain / (gain + loss))


def _learnt(rule: Rule, rate: float, settings: Settings, seed: int) -> dict[str, Any]:
    """One run: `weights[input]` at the end, `outer`, their share near the ends; the cell's rate, Hz.

    `before`: in the first second, which learns nothing; `after`: in the last part, or piece of one.
    """
    net = Network(dt=STEP * ms, seed=seed)
    inputs = net.poisson(INPUTS, rate * Hz, name="inputs")
    inhibitory = net.poisson(INHIBITORY, 10 * Hz, name="inhibitory")
    cell = net.cells(1, scaled_conductance_cell(unit_e=STRONGEST, unit_i=INHIBITION), name="cell", v=-60 * mV)
    synapses = net.connect(inputs, cell, all_to_all(), weight=uniform(0.0, 1.0), rule=rule)
    net.connect(inhibitory, cell, all_to_all(), weight=1.0, onto="g_i")
    always = 1000 / STEP * Hz  # a cell may fire in every step: that is a finding, and no reason to stop or to warn
    net.learning = False
    before = _rate(net.run(1 * second, record=[cell.spikes], max_rate=always), cell)
    net.learning = True
    sorted_ = np.sort(synapses.weight.values)
    for share in (*[1 / PIECES] * PIECES, *[1.0] * (PARTS - 1)):
        record = net.run(share * (settings.seconds // PARTS) * second, record=[cell.spikes], max_rate=always)
        last, sorted_ = sorted_, np.sort(synapses.weight.values)
        if np.abs(sorted_ - last).mean() < share * STILL:
            break
    return {"weights": sorted_, "outer": _outer(sorted_), "before": before, "after": _rate(record, cell)}


def _rate(record: Any, cell: Any) -> float:
    return float(record[cell.spikes].rates()[0])


def _outer(weights: Array) -> float:
    return float(((weights < 0.2) | (weights > 0.8)).mean())


def _of_rule(data: Data, r: int) -> Iterator[Finding]:
    name, weights, rates = data["rules"][r], data["weights"][r], data["rates"]
    outer = data["outer"][r]
    low, high = (weights < 0.2).mean(axis=1), (weights > 0.8).mean(axis=1)
    yield Finding(
        f"weights end near the bounds ({name})",
        f"{100 * outer.min():.0f} % at least in the outer fifths: {_each(100 * low, rates, '% low')}; "
        f"{_each(100 * high, rates, '% high')}",
        "additive: two peaks, 80 % in the outer fifths; multiplicative: not",
        "M",
        verdict((outer >= OUTER).all() and (low >= EACH).all() and (high >= EACH).all()),
        rule=name,
        phenomenon="competition: weights end near the bounds",
    )
    power, first = (_power(rates, data[when][r]) for when in ("after", "before"))
    yield Finding(
        f"the cell's rate hardly follows that of its inputs ({name})",
        f"power of {power:.2f}, before learning {first:.2f}: {_each(data['after'][r], rates, 'Hz')}",
        "additive: nearly constant from 10 to 40 Hz; multiplicative: not",
        "M",
        verdict(power < 0.5 and (data["after"][r] > 1).all()),
        rule=name,
        phenomenon="the output rate is regulated",
    )
    fixed, mean = data["fixed"][r], weights.mean(axis=1)
    said = "one peak" if np.isnan(fixed) else f"one peak, mean {fixed:.3f}"
    near = True if np.isnan(fixed) else (np.abs(mean / fixed - 1) < 0.1).all()
    yield Finding(
        f"weights stay graded ({name})",
        f"{100 * (1 - outer.max()):.0f} % at least in the middle; mean {_each(mean, rates, '', 3)}",
        f"multiplicative: {said}; additive: not",
        "theory" if np.isfinite(fixed) else "S1",
        verdict((1 - outer >= INNER).all() and near),
        rule=name,
        phenomenon="weights stay graded, with one peak",
    )


def _each(values: Array, rates: Array, unit: str, digits: int = 0) -> str:
    """The values at the lowest and the highest rate of the inputs."""
    unit = f" {unit}" if unit else ""
    return ", ".join(f"{values[k]:.{digits}f}{unit} (inputs {rates[k]:g} Hz)" for k in (0, -1))


def _power(inputs: Array, outputs: Array) -> float:
    """The power of the input that the output grows as, over all rates; not finite where the cell was silent."""
    if not (outputs > 0).all():
        return float("nan")
    return float(np.polyfit(np.log(inputs), np.log(outputs), 1)[0])


def _draw_weights(ax: Axes, data: Data, r: int) -> None:
    from cofire.experiments._figure import COLOURS, GREY

    for k in (0, len(data["rates"]) - 1):
        counts, _ = np.histogram(data["weights"][r, k], BINS)
        text = f"{data['rates'][k]:g} Hz in"
        ax.stairs(
            counts / INPUTS * 100, BINS, fill=k == 0, alpha=0.45 if k == 0 else 1, color=COLOURS[k % 3], label=text
        )
    if np.isfinite(data["fixed"][r]):
        ax.axvline(data["fixed"][r], color=GREY, linestyle=":", linewidth=1.0, label="fixed point")
    ax.set(xlabel="weight / strongest", ylabel="% of the synapses" if r == 0 else "", title=data["rules"][r])
    ax.title.set_fontsize(10)
    ax.legend(fontsize=8, frameon=False)


def _draw_rates(ax: Axes, data: Data) -> None:
    from cofire.experiments._figure import COLOURS, GREY

    rates = data["rates"]
    marks = [rate for rate in (10, 20, 40) if rates.min() <= rate <= rates.max()]
    ax.plot(rates, data["before"][0], "--", color=GREY, marker=".", label="before learning")
    for r, name in enumerate(data["rules"]):
        ax.plot(rates, data["after"][r], "o-", color=COLOURS[(r + 1) % len(COLOURS)], label=name, markersize=4)
    ax.set(
        xscale="log",
        yscale="log",
        xlabel="rate of the inputs [Hz]",
        ylabel="rate of the cell [Hz]",
        title="What the cell does",
    )
    ax.set_xticks(marks, [f"{rate}" for rate in marks])
    ax.minorticks_off()
    ax.title.set_fontsize(10)
    ax.legend(fontsize=8, frameon=False)
