"""Orientation map: cells learn which slant of a bar to answer, and neighbours learn nearly the same one.

In plain words: in the visual cortex a cell answers to a bar of one slant, and the cells around it to almost the same.
In 1973 von der Malsburg let a sheet of model cells look at nine bars. The cells excite their nearest neighbours,
silence those a little further away, and learn by Hebb's rule, with a fixed sum of weights each. After a hundred bars,
clusters of cells answered to each slant. Without the fixed sum, all weights just grow, and cells answer to any bar.

Protocol. 19 retinal cells in a hexagon; 169 excitatory and 169 inhibitory cells, each 13 × 13 on a triangular grid
without borders. A bar of one of nine slants, 20° apart, makes the seven retinal cells nearest to its axis active. All
cells are leaky, with a threshold of 1 above which they answer in proportion, E* = max(E - 1, 0):
    E' = -E + s·w·x + p Σ E*(nearest neighbours) - q Σ I*(cells two steps away) I' = -I + r Σ E*(itself and its nearest
    neighbours), four times as fast
Sixteen time constants after the bar has come on the answers E* are `post`, the retina's are `pre`, and one `rule.step`
is made. Each rule runs twice: free, and with the sum of the weights onto a cell fixed (`normalize="l1"`, as in the
paper).

What is measured, over cells that answer at all, before and after learning
    tuning       |Σ y exp(2iφ)| / Σ y over the slants φ of the nine bars: 0 answers all alike, 1 answers one only
    clusters     how much the best slants of neighbouring cells differ, beside those of any two cells
Held against. Tuned cells in clusters after about 100 presentations (M: recalled, without numbers). Our criteria:
in every run more than half of the cells answer; over runs the tuning rises by three standard errors; neighbours come to
differ less than before, by as much, also as a part of what any two cells do, and by less than two thirds of that. Cells
inhibit each other from the start, so that those that answer are tuned, and a little clustered (.6 to .7 of any two),
before they learn; learning sharpens both. The
slants are not shared out evenly: three of them, 60° apart as the rows of the retina are, win most cells. `hebb` with
free weights is the plain rule that must fail: few cells answer, and to every bar.

Recalled from the paper (M): numbers of cells, threshold, p = .4, q = .3, r = .286, mean weight .25, 100 presentations.
Ours: the learning rate, the shape of the bars, no borders, Euler steps of a fifth of a time constant; and the fast
inhibition: with that of equal speed the sheet, as recalled, oscillates as one and no clusters form.
Source: C. von der Malsburg, Self-organization of orientation sensitive cells in the striate cortex, Kybernetik
14:85-100, 1973. doi:10.1007/BF00288907.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from cofire import rules as catalogue
from cofire.experiments._experiment import Data, Finding, Progress
from cofire.experiments._rates import OUT_OF_RANGE, label, not_for_rates
from cofire.experiments._statistics import difference, percent_spread, spread, verdict
from cofire.rule import Rule

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CLAIM = "Cells learn which slant of a bar to answer, and neighbours learn nearly the same one."
CLAIMS = (8,)
SOURCE = "C. von der Malsburg, Kybernetik 14:85-100, 1973"
RULES = ("hebb",)

RETINA, CORTEX = 2, 13  # radius of the retina, 19 cells; edge of the cortex, 169 cells
SLANTS = np.pi * np.arange(9) / 9
LIT = 7  # retinal cells of a bar
GRID = np.array([[1.0, 0.0], [0.5, np.sqrt(3) / 2]])  # of unit distance
P, Q, R = 0.4, 0.3, 0.286
FASTER = 4.0  # inhibition than excitation
STEPS, STEP = 80, 0.2  # of the settling, in time constants

Array = NDArray[Any]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    presentations: Annotated[int, Meta(ge=1, le=100_000, description="bars that are shown; 100 in the paper (M)")] = 100
    strength: Annotated[float, Meta(gt=0, le=10, description="mean weight from the retina; .25 in the paper (M)")] = (
        0.25
    )
    eta: Annotated[float, Meta(gt=0, le=1, description="of catalogue rules, on weights of sum one; ours")] = 0.05
    seeds: Annotated[int, Meta(ge=2, le=100, description="sheets: other weights and orders of bars")] = 4


FULL = Settings(presentations=300, seeds=20)


def adapted(name: str, settings: Settings) -> Rule:
    """The catalogue rule with the learning rate of the settings."""
    recipe = catalogue.get(name)
    return recipe(eta=settings.eta) if "eta" in recipe.parameters else recipe()


def unsuitable(rule: Rule) -> str | None:
    return not_for_rates(rule)


def run(settings: Settings, rules: Sequence[Rule], seed: int, progress: Progress) -> Data:
    forms = [form for rule in rules for form in ((rule, rule.with_(normalize="l1")) if not rule.normalize else (rule,))]
    cells = CORTEX**2
    found: Data = {
        "rules": [label(rule) for rule in forms],
        "diverged": ["" for _ in forms],
        "answers": np.full((len(forms), settings.seeds, 2, len(SLANTS), cells), np.nan),  # before, after
    }
    for r, rule in enumerate(forms):
        for s in range(settings.seeds):
            progress((r + s / settings.seeds) / len(forms), f"{found['rules'][r]}: {s + 1} of {settings.seeds}")
            try:
                found["answers"][r, s] = developed(rule, settings, np.random.default_rng((seed, s)))
            except OUT_OF_RANGE as error:
                found["diverged"][r] = str(error).partition(";")[0]
                break
    return found


def findings(data: Data) -> list[Finding]:
    return [finding for r in range(len(data["rules"])) for finding in _of_rule(data, r)]


def figure(data: Data) -> Figure:
    from cofire.experiments._figure import new_figure

    rows = len(data["rules"])
    fig, axes = new_figure(rows, 3, width=11.0, height=3.4 * rows, squeeze=False)
    for r, name in enumerate(data["rules"]):
        for moment, when in enumerate(("before", "after")):
            _draw_map(axes[r, moment], data["answers"][r, 0, moment])
            axes[r, moment].set_title(f"{name}, {when}", fontsize=10)
        _draw_differences(axes[r, 2], data, r)
    fig.suptitle("Best slant of each cell (a bar through it; its length is the tuning)", fontsize=11)
    return fig


def retina() -> Array:
    """Places of the retinal cells, a hexagon of a triangular grid of unit distance, `[19, 2]`."""
    steps = range(-RETINA, RETINA + 1)
    return np.array([[a, b] for b in steps for a in steps if abs(a + b) <= RETINA]) @ GRID


def cortex() -> Array:
    """Places of the cortical cells, a rhomb of a triangular grid of unit distance, `[169, 2]`."""
    return np.indices((CORTEX, CORTEX)).reshape(2, -1).T @ GRID


def distances() -> Array:
    """Between any two cortical cells, where what leaves the rhomb on one side comes in on the other, `[169, 169]`."""
    images = (np.indices((3, 3)).reshape(2, -1).T - 1) @ (CORTEX * GRID)
    between = cortex()[:, None] - cortex()
    result: Array = np.linalg.norm(between[:, :, None] + images, axis=-1).min(axis=2)
    return result


def bars() -> Array:
    """Activity of the retina for each slant, `[slants, 19]`: 1 for the cells nearest to the bar's axis."""
    along = (retina() @ np.array([np.cos(SLANTS), np.sin(SLANTS)])).T.round(9)
    across = (retina() @ np.array([-np.sin(SLANTS), np.cos(SLANTS)])).T.round(9)
    order = np.lexsort((-along * across, np.abs(along), np.abs(across)), axis=1)  # among equals, opposite ones
    lit = np.zeros_like(along)
    np.put_along_axis(lit, order[:, :LIT], 1.0, axis=1)
    return lit


def developed(rule: Rule, settings: Settings, rng: np.random.Generator) -> Array:
    """Answers to the nine bars before and after learning, `[2, slants, cells]`."""
    shown, between = bars(), Sheet()
    w: Any = rng.uniform(0.5, 1.5, (CORTEX**2, shown.shape[1]))
    w /= w.sum(axis=1, keepdims=True)
    gain = settings.strength * shown.shape[1]
    before, state = between.settled(gain * shown @ w.T), None
    for _ in range(settings.presentations):
        x = shown[rng.integers(len(shown), size=1)]
        w, state = rule.step(w, pre=x, post=between.settled(gain * x @ w.T), state=state)
    return np.stack([before, between.settled(gain * shown @ w.T)])


class Sheet:
    """The cells of the cortex, and the fixed connections between them."""

    def __init__(self) -> None:
        away = distances()
        self.excite = P * _near(away, 1.0)
        self.inhibit = Q * (_near(away, np.sqrt(3)) + _near(away, 2.0))
        self.recruit = R * (_near(away, 1.0) + np.eye(len(away)))

    def settled(self, drive: Array) -> Array:
        """Answers above threshold to `drive[bars, cells]`, after the settling."""
        excited, inhibited = np.zeros_like(drive), np.zeros_like(drive)
        with np.errstate(over="ignore", invalid="ignore"):  # weights that ran away are found by the engine
            for _ in range(STEPS):
                e, i = np.maximum(excited - 1, 0), np.maximum(inhibited - 1, 0)
                excited = excited + STEP * (drive + e @ self.excite - i @ self.inhibit - excited)
                inhibited = inhibited + FASTER * STEP * (e @ self.recruit - inhibited)
        return np.maximum(excited - 1, 0)  # type: ignore[no-any-return]


def _near(away: Array, distance: float) -> Array:
    result: Array = np.isclose(away, distance).astype(float)
    return result


def tuned(answers: Array) -> tuple[Array, Array, Array]:
    """Which cells answer at all, their tuning, and their best slant in radians, for `answers[slants, cells]`."""
    total = answers.sum(axis=0)
    active = total > 0
    turned = (answers * np.exp(2j * SLANTS)[:, None]).sum(axis=0) / np.where(active, total, 1)
    return active, np.abs(turned), np.angle(turned) / 2 % np.pi


def differences(answers: Array) -> tuple[float, float]:
    """The mean difference of the best slants of neighbouring cells, and of any two, in degrees."""
    active, _, best = tuned(answers)
    both = active[:, None] & active & ~np.eye(len(active), dtype=bool)
    apart = np.degrees(np.abs((best[:, None] - best + np.pi / 2) % np.pi - np.pi / 2))
    near = both & (_near(distances(), 1.0) > 0)
    return tuple(float(apart[pairs].mean()) if pairs.any() else np.nan for pairs in (near, both))  # type: ignore[return-value]


def _of_rule(data: Data, r: int) -> Iterator[Finding]:
    claim = f"cells learn a slant each, and neighbours nearly the same one ({data['rules'][r]})"
    published = "orientation-tuned cells, in clusters; no number"
    if data["diverged"][r]:
        yield Finding(claim, data["diverged"][r], published, "M", "not reproduced")
        return
    before, after = ([tuned(answers) for answers in data["answers"][r, :, moment]] for moment in (0, 1))
    tuning = [np.array([t[a].mean() if a.any() else 0.0 for a, t, _ in found]) for found in (before, after)]
    awake = np.array([a.mean() for a, _, _ in after])
    (first, at_random), (near, any_two) = (
        np.array([differences(answers) for answers in data["answers"][r, :, moment]]).T for moment in (0, 1)
    )
    shown = f"tuning {spread(tuning[0], 2)} → {spread(tuning[1], 2)}; {percent_spread(awake)} of the cells answer; "
    shown += f"neighbours differ by {spread(first, 0)}° → {spread(near, 0)}°, any two by {spread(at_random, 0)}° → "
    shown += f"{spread(any_two, 0)}°"
    sharper = awake.min() > 0.5 and difference(tuning[1], tuning[0]) > 3
    nearer = difference(first, near) > 3 and difference(first / at_random, near / any_two) > 3
    clustered = nearer and bool(np.all(near < 2 / 3 * any_two))
    yield Finding(claim, shown, published, "M", verdict(sharper and clustered))


def _draw_map(ax: Axes, answers: Array) -> None:
    from matplotlib.collections import LineCollection

    from cofire.experiments._figure import GREY

    places = cortex()
    ax.set_aspect("equal")
    ax.set_axis_off()
    ax.plot(*places.T, ".", color=GREY, markersize=1.5)
    if not np.isfinite(answers).all():
        ax.text(0.5, 0.5, "ran away", ha="center", va="center", fontsize=9, transform=ax.transAxes)
        return
    active, tuning, best = tuned(answers)
    half = 0.48 * tuning[:, None] * np.stack([np.cos(best), np.sin(best)], axis=1)
    lines = np.stack([places - half, places + half], axis=1)[active]
    ax.add_collection(LineCollection(list(lines), array=best[active], cmap="hsv", clim=(0, np.pi), linewidths=2))


def _draw_differences(ax: Axes, data: Data, r: int) -> None:
    from cofire.experiments._figure import BLUE, GREY

    if data["diverged"][r]:
        ax.set_axis_off()
        return
    for moment, colour in enumerate((GREY, BLUE)):
        values = np.array([differences(answers) for answers in data["answers"][r, :, moment]])
        for pair, found in enumerate(values.T):
            at = pair + 0.3 * moment
            ax.bar(at, found.mean(), color=colour, width=0.28, label=("before", "after")[moment] if not pair else None)
            ax.plot(np.full(len(found), at), found, ".", color="black", markersize=3)
    ax.set_xticks([0.15, 1.15], ["neighbours", "any two cells"])
    ax.set(ylabel="difference of best slants (°)", ylim=(0, 60))
    ax.legend(fontsize=8, frameon=False, loc="upper left")
