"""Cells that are active together strengthen their connection: Δw = η·x·y, and there is no end to it.

Protocol, in three parts, each of them `rule.delta` or `rule.step` on the engine.

    the product     One synapse, x and y on a grid from -1 to 1, and the same grid as one layer of cells: is the change
                    η·x·y? The weight is .5 meanwhile, so that a rule that reads it shows it.
    together        Eleven cells project to one. Every cell is active (1) a fifth of the time, else silent (0). They
                    differ in how often they are active together with that one: never, by chance, ... always. Its
                    activity is imposed, w starts at 0. Does w gain in proportion to the time both are active, ⟨x·y⟩?
    left to itself  A linear cell, y = w·x, with ten Gaussian inputs, any two of which correlate by .5: the first
                    eigenvalue λ₁ of the correlation matrix is 5.5, the others are .5. Only the rule holds w. It runs
                    until the engine reports that w, or y, has left the range of its type, or to the end.

Held against
    Δw = η·x·y          exact: the rule itself (D. O. Hebb 1949, in the form of the textbooks)
    1/p = 5             gain of a cell always active with the other, over one that is so by chance; never: none (theory)
    growth exp(η λ₁ t)  in steps of finite size that is a factor of 1 + η λ₁ each (theory; Gerstner and Kistler 2002)

Another rule may be put in, and what it does differently then reads "not reproduced": Oja's rule does not grow without
bound, the covariance rule learns nothing from meetings by chance. Ours: the grid, p, the inputs, the lengths.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from cofire.experiments._experiment import Data, Finding, Progress
from cofire.experiments._rates import OUT_OF_RANGE, label, not_for_rates, response
from cofire.experiments._statistics import spread, standard_error, verdict
from cofire.rule import Rule

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CLAIM = "Two cells that are active together strengthen their connection, Δw = η·x·y, without end."
CLAIMS = (1,)
SOURCE = (
    "D. O. Hebb, The Organization of Behavior, Wiley 1949, chapter 4; W. Gerstner, W. M. Kistler, Mathematical "
    "formulations of Hebbian learning, Biol. Cybern. 87:404-415, 2002"
)
RULES = ("hebb",)

LEVELS = np.linspace(-1.0, 1.0, 21)  # of x and of y
WEIGHT = 0.5  # of the synapse on which x and y act: any but 0, so that a rule that reads w shows it
ACTIVE = 0.2  # share of the time that a cell is active
LINKS = np.linspace(-0.25, 1.0, 11)  # correlation with the other cell
NEVER, CHANCE, ALWAYS = 0, 2, 10
INPUTS, CORRELATION = 10, 0.5
TOP = 1 + (INPUTS - 1) * CORRELATION  # the first eigenvalue
START = 0.1  # standard deviation of a weight at the start, left to itself
EXACT = 4 * float(np.finfo(np.float64).eps)  # a few roundings

Array = NDArray[np.float64]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    samples: Annotated[int, Meta(ge=200, le=1_000_000, description="in which cells are active or silent; ours")] = (
        20_000
    )
    batch: Annotated[int, Meta(ge=1, le=100, description="samples that one step averages over; ours")] = 40
    steps: Annotated[int, Meta(ge=100, le=100_000, description="steps at most, left to itself; ours")] = 4000
    seeds: Annotated[int, Meta(ge=2, le=100, description="repetitions with other random numbers; ours")] = 5
    precision: Annotated[
        Literal["float32", "float64"], Meta(description="type of w, left to itself: how far there is to go")
    ] = "float32"


FULL = Settings(samples=100_000, steps=20_000, seeds=10, precision="float64")


def unsuitable(rule: Rule) -> str | None:
    return not_for_rates(rule)


def run(settings: Settings, rules: Sequence[Rule], seed: int, progress: Progress) -> Data:
    number, size = len(rules), len(LEVELS)
    found: Data = {
        "rules": [label(rule) for rule in rules],
        "eta": np.array([rule.values.get("eta", np.nan) for rule in rules]),
        "precision": settings.precision,
        "synapse": np.full((number, size, size), np.nan),
        "layer": np.full((number, size, size), np.nan),
        "together": np.zeros((settings.seeds, len(LINKS))),
        "gain": np.full((number, settings.seeds, len(LINKS)), np.nan),
        "length": np.full((number, settings.seeds, settings.steps + 1), np.nan),
        "diverged": np.zeros((number, settings.seeds), dtype=int),
        "turned": np.zeros((number, settings.seeds)),
    }
    for r, rule in enumerate(rules):
        name = found["rules"][r]
        found["synapse"][r], found["layer"][r] = _products(rule)
        for s in range(settings.seeds):
            progress((r + s / settings.seeds) / number, f"{name}: run {s + 1} of {settings.seeds}")
            found["together"][s], found["gain"][r, s] = _together(rule, settings, np.random.default_rng((seed, s, 0)))
            grown = _left_to_itself(rule, settings, np.random.default_rng((seed, s, 1)))
            found["length"][r, s, : len(grown["length"])] = grown["length"]
            found["diverged"][r, s], found["turned"][r, s] = grown["diverged"], grown["turned"]
    return found


def findings(data: Data) -> list[Finding]:
    return [finding for r in range(len(data["rules"])) for finding in _of_rule(data, r)]


def figure(data: Data) -> Figure:
    from cofire.experiments._figure import GREY, new_figure

    fig, (product, together, growth) = new_figure(1, 3, width=13.0, height=4.2)

    change = data["synapse"][0]
    unit = np.max(np.abs(change), where=np.isfinite(change), initial=0.0) or 1.0
    image = product.pcolormesh(LEVELS, LEVELS, change / unit, cmap="RdBu_r", vmin=-1, vmax=1, rasterized=True)
    heights = [-0.6, -0.3, -0.1, 0.1, 0.3, 0.6]
    if np.isfinite(change).any():
        lines = product.contour(LEVELS, LEVELS, change / unit, heights, colors="black", linewidths=0.6)
        product.clabel(lines, fontsize=7, fmt="%.1f")
    product.set(xlabel="x, presynaptic activity", ylabel="y, postsynaptic activity", aspect="equal")
    product.set_title(f"One synapse: Δw ({data['rules'][0]})", fontsize=10)
    bar = fig.colorbar(image, ax=product, shrink=0.85)
    bar.set_label(f"Δw / {unit:.2g}", fontsize=9)
    bar.ax.tick_params(labelsize=8)

    share = data["together"].mean(axis=0)
    eta = data["eta"][0]
    known = bool(np.isfinite(eta))
    scale = eta if known else 1.0
    if known:
        together.plot([0, ACTIVE], [0, ACTIVE], color="black", linewidth=1, label="η ⟨x·y⟩", zorder=1)
    for r, name in enumerate(data["rules"]):
        gain = data["gain"][r] / scale
        bars = {"yerr": gain.std(axis=0), "xerr": data["together"].std(axis=0)}
        together.errorbar(share, gain.mean(axis=0), fmt="o", markersize=5, label=name, color=_colour(r), **bars)
    low, high = together.get_ylim()
    together.set_ylim(low - 0.22 * (high - low), high)
    for j, text in ((NEVER, "never"), (CHANCE, "by chance"), (ALWAYS, "always")):
        together.axvline(share[j], color=GREY, linewidth=0.6, linestyle=":", zorder=0)
        place = {"xycoords": ("data", "axes fraction"), "xytext": (3, 0), "textcoords": "offset points"}
        together.annotate(text, (share[j], 0.02), fontsize=8, rotation=90, color=GREY, **place)
    together.set(xlabel="⟨x·y⟩, share of the time both are active", xlim=(-0.01, 0.215))
    together.set_ylabel(f"weight gained per step / η, η = {eta:g}" if known else "weight gained per step")
    together.set_title("The more often together, the stronger", fontsize=10)
    together.legend(fontsize=8, frameon=False, loc="upper left")

    last, largest = 1, float(np.log10(np.finfo(data["precision"]).max))
    for r, name in enumerate(data["rules"]):
        for s, length in enumerate(data["length"][r]):
            kept = np.log10(np.maximum(length[np.isfinite(length)], np.finfo(np.float64).tiny))
            last = max(last, len(kept))
            width = 0.8 + 0.6 * (len(data["rules"]) - 1 - r)  # the first rules show beside those drawn over them
            growth.plot(kept, color=_colour(r), linewidth=width, alpha=0.7, label=name if s == 0 else None)
            if data["diverged"][r, s]:
                growth.plot(len(kept) - 1, kept[-1], "x", color=_colour(r), markersize=6)
    if known:
        steps = np.arange(last)
        theory = (np.log(START * np.sqrt(INPUTS) / 3) + steps * np.log1p(eta * TOP)) / np.log(10)
        shown = theory < largest
        style = {"color": "black", "linewidth": 1, "linestyle": "--"}
        growth.plot(steps[shown], theory[shown], label="(1 + η λ₁)$^t$", **style)
    growth.axhline(largest, color=GREY, linewidth=0.8, linestyle=":")
    where = {"xycoords": ("axes fraction", "data"), "va": "bottom"}
    growth.annotate(f"the largest {data['precision']}", (0.02, largest), color=GREY, fontsize=8, **where)
    growth.set(xlabel="step", ylabel="log₁₀ |w|, length of the weight vector")
    growth.set_title("Left to itself (× the engine reports it)", fontsize=10)
    growth.legend(fontsize=8, frameon=False, loc="center right")
    return fig


def _of_rule(data: Data, r: int) -> Iterator[Finding]:
    name = data["rules"][r]
    yield _exact(data, r, name)
    yield from _learnt(data, r, name)
    yield from _grown(data, r, name)


def _exact(data: Data, r: int, name: str) -> Finding:
    y, x = np.meshgrid(LEVELS, LEVELS, indexing="ij")
    eta = data["eta"][r]
    constant = eta if np.isfinite(eta) else data["synapse"][r, -1, -1]
    expected = constant * x * y
    scale = np.where(expected == 0, abs(constant) or 1.0, np.abs(expected))
    wrong = [float(np.max(np.abs(data[key][r] - expected) / scale)) for key in ("synapse", "layer")]
    return Finding(
        f"the change is η·x·y ({name})",
        f"relative error at most {wrong[0]:.1e} in one synapse, {wrong[1]:.1e} in a layer, {x.size} pairs of x and y",
        f"exact; a rounding is {np.finfo(np.float64).eps:.1e}",
        "theory",
        verdict(constant > 0 and max(wrong) <= EXACT),
    )


def _learnt(data: Data, r: int, name: str) -> Iterator[Finding]:
    share, gain, eta = data["together"], data["gain"][r], data["eta"][r]
    slopes = (share * gain).sum(axis=1) / (share**2).sum(axis=1)
    off = np.abs(gain - slopes[:, None] * share).max() / (np.abs(gain[:, ALWAYS]).max() or np.nan)
    unit, shown = (eta, "η") if np.isfinite(eta) else (1.0, "per step")
    yield Finding(
        f"the weight gains in proportion to the time both are active ({name})",
        f"{spread(slopes / unit)} {shown} per ⟨x·y⟩, {100 * off:.1g} % off the line at most",
        "1 η per ⟨x·y⟩, a line through 0",
        "theory",
        verdict(off < 0.01 and (abs(slopes / unit - 1).max() < 0.01 if np.isfinite(eta) else slopes.min() > 0)),
    )
    nonzero = np.where(gain == 0, np.nan, gain)
    ratio = gain[:, ALWAYS] / nonzero[:, CHANCE]
    never = gain[:, NEVER] / nonzero[:, ALWAYS]
    close = abs(ratio.mean() - 1 / ACTIVE) <= 3 * standard_error(ratio) <= 1.0
    yield Finding(
        f"always together, over together by chance ({name})",
        f"{spread(ratio)} times; never together: {spread(never)}",
        f"{1 / ACTIVE:.0f} times (1/p); never: 0",
        "theory",
        verdict(close and bool((gain[:, ALWAYS] > 0).all()) and np.abs(never).max() < 0.01),
    )


def _grown(data: Data, r: int, name: str) -> Iterator[Finding]:
    diverged, length, limit = data["diverged"][r], data["length"][r], float(np.finfo(data["precision"]).max)
    free = bool((diverged > 0).all())
    ends = np.array([row[np.isfinite(row)][-1] for row in length])
    if free:
        measured = f"w left the range of {data['precision']} ({limit:.1g}) at step {spread(diverged.astype(float), 0)}"
    else:
        measured = f"|w| = {spread(ends)} after {length.shape[1] - 1} steps"
    yield Finding(f"left to itself, w grows without end ({name})", measured, "no bound", "theory", verdict(free))

    claim = f"rate of that growth, in ln|w| per step ({name})"
    expected = np.log1p(data["eta"][r] * TOP)
    published = f"{expected:.4f}, which is ln(1 + η λ₁)"
    if not free or not np.isfinite(expected):
        why = "η is not a parameter" if free else "it does not grow without end"
        published = published if np.isfinite(expected) else "ln(1 + η λ₁)"
        yield Finding(claim, f"none: {why}", published, "theory", "does not apply")
        return
    rates = np.array([_rate(row[np.isfinite(row)]) for row in length])
    measured = f"{spread(rates, 4)}; |cos| of w with the first eigenvector {data['turned'][r].min():.4f}"
    close = abs(rates.mean() / expected - 1) < 0.02 and bool(data["turned"][r].min() > 0.99)
    yield Finding(claim, measured, published, "theory", verdict(close))


def _products(rule: Rule) -> tuple[Array, Array]:
    """Δw[y, x] on the grid of levels: synapse by synapse, and as one layer with a cell for each level."""
    size = len(LEVELS)
    try:
        synapse = [[rule.delta(WEIGHT, pre=float(x), post=float(y)) for x in LEVELS] for y in LEVELS]
        return np.array(synapse), rule.delta(np.full((size, size), WEIGHT), pre=LEVELS, post=LEVELS)
    except OUT_OF_RANGE:  # as 0/0 where a cell is silent
        return np.full((size, size), np.nan), np.full((size, size), np.nan)


def _together(rule: Rule, settings: Settings, rng: np.random.Generator) -> tuple[Array, Array]:
    """The share of samples in which both were active, and the weight gained per step, of each of the cells."""
    steps = settings.samples // settings.batch
    post = rng.random((steps * settings.batch, 1)) < ACTIVE
    chance = np.where(post, ACTIVE + LINKS * (1 - ACTIVE), ACTIVE * (1 - LINKS))
    pre = rng.random(chance.shape) < chance
    w: Any = np.zeros((1, len(LINKS)))
    state = None
    try:
        for x, y in zip(np.split(pre.astype(float), steps), np.split(post.astype(float), steps), strict=True):
            w, state = rule.step(w, pre=x, post=y, state=state)
    except OUT_OF_RANGE:
        w = np.full_like(w, np.nan)
    return (pre & post).mean(axis=0), w[0] / steps


def _left_to_itself(rule: Rule, settings: Settings, rng: np.random.Generator) -> dict[str, Any]:
    """|w| before the first step and after each, the step that failed or 0, |cos| with the first eigenvector."""
    kind = np.dtype(settings.precision)
    shared, own = np.sqrt(CORRELATION), np.sqrt(1 - CORRELATION)
    w: Any = (START * rng.standard_normal((1, INPUTS))).astype(kind)
    state, diverged = None, 0
    length = [_norm(w)]
    for step in range(1, settings.steps + 1):
        x = shared * rng.standard_normal((settings.batch, 1)) + own * rng.standard_normal((settings.batch, INPUTS))
        x = x.astype(kind)
        try:
            w, state = rule.step(w, pre=x, post=response(w, x), state=state)
        except OUT_OF_RANGE:
            if step == 1:
                raise
            diverged = step
            break
        length.append(_norm(w))
    direction = w[0].astype(np.float64) / (np.abs(w).max() or 1.0)
    turned = abs(direction.sum()) / ((np.linalg.norm(direction) or 1.0) * np.sqrt(INPUTS))
    return {"length": length, "diverged": diverged, "turned": turned}


def _norm(w: Any) -> float:
    largest = float(np.abs(w).max())
    return largest * float(np.linalg.norm(w.astype(np.float64) / largest)) if largest else 0.0


def _rate(length: Array) -> float:
    """The growth of ln|w| per step over the second half."""
    half = len(length) // 2
    return float(np.log(length[-1] / length[half]) / (len(length) - 1 - half)) if len(length) > 2 else np.nan


def _colour(r: int) -> str:
    from cofire.experiments._figure import COLOURS

    return COLOURS[r % len(COLOURS)]
