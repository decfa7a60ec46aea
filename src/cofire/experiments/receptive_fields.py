"""Receptive fields: cells that look at photographs, and fire seldom, come to look for short edges.

In plain words: a cell in the first visual area answers to a small bar of light at one place and of one slant. Nobody
has to tell it so. Show pieces of photographs to a layer of cells that learn by Hebb's rule, let them silence each other
and fire rarely, and each cell ends up looking for an edge of its own. A cell without a threshold and without rivals
does not: it learns only what all pictures have most of, broad waves of light and dark.

Protocol. Pieces of `side` × `side` pixels from two photographs, each less its mean and divided by its contrast; plain,
or whitened: the first `components` principal components, all made equally strong, the others left out. Each rule learns
    linear, plain       post = w·x, every cell on its own, from plain pieces of mean square length four
    linear, whitened    the same from whitened ones
    sparse              a network that inhibits itself, from whitened pieces of mean square one a pixel (SAILnet,
                        Zylberberg, Murphy and DeWeese 2011). Each cell is a leaky integrator of w·x and of inhibition
                        for five time constants in fifty steps; at its threshold it fires and starts again from 0; post
                        is the number of its spikes. The catalogue's `foldiak` learns the inhibition, ⟨y y'⟩ = p², and
                        each threshold rises by γ (y - p), so that each cell fires p spikes for a piece.
The rule that is tested learns w; SAILnet's own is `oja`. A batch of pieces makes one `rule.step`. In the second half
the steps of the sparse network become shorter, down to 0. `sanger` needs linear cells, and has no sparse network here.

What is measured. To each filter the best of some thousand Gabor functions is fitted, on a grid of place, slant, wave
length, width and length; its phase and height are least squares. So R² is a lower bound on that of a free fit.
    Gabor        R² > .5
    localised    in its narrowest direction the filter's energy has less than half the variance of an even filter's
    slants       of the eight on the grid, those that the localised Gabor filters of a run have
"Localised filters": in every run more than half of the filters are localised Gabor functions, and of more than half of
the slants. "No localised filters": fewer than a tenth are. "Principal components": the first cell has nine tenths of
the largest variance that a filter of its length can have. These criteria are ours. Beside them stands the layer before
it learned.

Held against. Olshausen and Field 1996 found localised, oriented, bandpass filters, and so did SAILnet; R² > .5 is the
usual criterion, but the fraction is recalled without a number (M). That linear cells find principal components, which
reach over the whole piece, or, from whitened pieces, nothing, is theory; `hebb` itself would turn to the same direction
as `oja`, and grow without end.

Fitted by us, by hand, so that filters form within the steps of the quick form: the learning rates, p, `components`. As
in the paper: time constants, steps and batch. The two photographs show many roof tiles: some filters are gratings.
Sources: B. A. Olshausen, D. J. Field, Nature 381:607-609, 1996; J. Zylberberg, J. T. Murphy, M. R. DeWeese, PLoS
Comput. Biol. 7:e1002250, 2011; P. Földiák, Biol. Cybern. 64:165-170, 1990.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from cofire import data as datasets
from cofire import rules as catalogue
from cofire.errors import ExperimentError
from cofire.estimators.threads import one_thread
from cofire.experiments._experiment import Data, Finding, Progress
from cofire.experiments._rates import OUT_OF_RANGE, label, not_for_rates, response
from cofire.experiments._statistics import percent_spread, verdict
from cofire.rule import Rule

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CLAIM = "Cells that look at photographs and fire seldom come to look for short edges."
CLAIMS = (8,)
SOURCE = (
    "B. A. Olshausen, D. J. Field, Nature 381:607-609, 1996; J. Zylberberg et al., PLoS Comput. Biol. 7:e1002250, 2011"
)
RULES = ("oja", "sanger")

CONDITIONS = ("linear, plain", "linear, whitened", "sparse")
PLAIN, WHITENED, SPARSE = range(3)
PIECES = 40_000  # of the photographs, drawn for each seed
FAINT = 0.1  # of the mean contrast, added to that of a piece before it is divided by it
INTEGRATION, LEAK = 50, 0.1  # steps for a piece, and what a cell forgets in each (Zylberberg et al.)
SHOWN = 36  # filters kept for the figure
LINEAR = 2.0  # root mean square length of a piece for linear cells
FIT, NARROW = 0.5, 0.5
SLANTS = 8
WAVES = (0.08, 0.12, 0.17, 0.24, 0.34)  # per pixel
WIDTHS = (1.0, 1.5, 2.2, 3.2)  # of the envelope along the wave, in pixels
LENGTHS = (1.0, 1.8)  # across it, in widths

Array = NDArray[Any]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    side: Annotated[int, Meta(ge=6, le=24, description="of a piece, in pixels; 16 in both papers")] = 10
    components: Annotated[int, Meta(ge=4, le=500, description="of a piece that whitening keeps; fitted")] = 40
    cells: Annotated[int, Meta(ge=4, le=1000, description="with learned filters; ours")] = 36
    steps: Annotated[int, Meta(ge=2, le=100_000, description="batches of pieces; ours")] = 400
    batch: Annotated[int, Meta(ge=1, le=1000, description="pieces in a step; 100 in Zylberberg et al.")] = 100
    p: Annotated[float, Meta(gt=0, lt=1, description="spikes of a cell for a piece; fitted, .05 in the paper")] = 0.1
    alpha: Annotated[float, Meta(gt=0, le=10, description="learning rate of inhibition; as in the paper")] = 1.0
    gamma: Annotated[float, Meta(gt=0, le=10, description="learning rate of thresholds; fitted, .1 in the paper")] = 0.2
    eta: Annotated[float, Meta(gt=0, le=1, description="of catalogue rules; fitted, .01 in the paper")] = 0.1
    seeds: Annotated[int, Meta(ge=2, le=100, description="repetitions with other weights and pieces")] = 3


FULL = Settings(side=16, components=120, cells=128, steps=2000, eta=0.04)  # a larger piece is a longer vector


def adapted(name: str, settings: Settings) -> Rule:
    """The catalogue rule with the learning rate of the settings."""
    recipe = catalogue.get(name)
    return recipe(eta=settings.eta) if "eta" in recipe.parameters else recipe()


def unsuitable(rule: Rule) -> str | None:
    return not_for_rates(rule)


def run(settings: Settings, rules: Sequence[Rule], seed: int, progress: Progress) -> Data:
    if settings.components >= settings.side**2:
        raise ExperimentError(
            f"receptive_fields: components = {settings.components} is refused: a piece of side = {settings.side} less "
            f"its mean has {settings.side**2 - 1}"
        )
    shape = (len(rules), len(CONDITIONS), settings.seeds, settings.cells)
    found: Data = {
        "rules": [label(rule) for rule in rules],
        "diverged": [["" for _ in CONDITIONS] for _ in rules],
        "conditions": [[c for c in range(len(CONDITIONS)) if c != SPARSE or rule.name != "sanger"] for rule in rules],
        "fit": np.full(shape, np.nan),
        "spread": np.full(shape, np.nan),
        "slant": np.full(shape, -1),
        "first": np.full((len(rules), settings.seeds), np.nan),
        "at first": np.full((settings.seeds, 2, settings.cells), np.nan),
        "filters": np.full((len(rules), len(CONDITIONS), min(SHOWN, settings.cells), settings.side**2), np.nan),
    }
    gabors = Gabors(settings.side)
    with one_thread():
        for s in range(settings.seeds):
            rng = np.random.default_rng((seed, s, 0))
            plain = pieces(settings.side, rng)
            whitened, space = whitening(plain, settings.components)
            covariance = plain.T @ plain / len(plain)
            largest = np.linalg.eigvalsh(covariance)[-1]
            start = rng.standard_normal((settings.cells, settings.side**2)) @ space @ space.T
            start = (start / np.linalg.norm(start, axis=1, keepdims=True)).astype(np.float32)
            found["at first"][s] = gabors.fit(start)[0], spread_of(start)
            for r, rule in enumerate(rules):
                progress((s + r / len(rules)) / settings.seeds, f"{found['rules'][r]}: {s + 1} of {settings.seeds}")
                for c in found["conditions"][r]:
                    rng = np.random.default_rng((seed, s, 1))
                    try:
                        if c == SPARSE:
                            w = sparse(rule, whitened, start, settings, rng)
                        else:
                            w = linear(rule, plain if c == PLAIN else whitened, start, settings, rng)
                    except OUT_OF_RANGE as error:
                        found["diverged"][r][c] = str(error).partition(";")[0]
                        continue
                    found["fit"][r, c, s], found["slant"][r, c, s] = gabors.fit(w)
                    found["spread"][r, c, s] = spread_of(w)
                    if c == PLAIN:
                        found["first"][r, s] = w[0] @ covariance @ w[0] / max(w[0] @ w[0], 1e-30) / largest
                    if s == 0:
                        found["filters"][r, c] = w[: found["filters"].shape[2]]
    return found


def findings(data: Data) -> list[Finding]:
    found = [finding for r in range(len(data["rules"])) for finding in _of_rule(data, r)]
    fit, spread = data["at first"].transpose(1, 0, 2)
    shown = f"{percent_spread((fit > FIT).mean(axis=1))} Gabor, "
    shown += f"{percent_spread(((fit > FIT) & (spread < NARROW)).mean(axis=1))} localised Gabor functions"
    claim = "control: before it learns, the layer has no such filters"
    return [*found, Finding(claim, shown, "0 %", "theory", verdict((fit > FIT).mean() < 0.05))]


def figure(data: Data) -> Figure:
    from cofire.experiments._figure import new_figure

    rows = len(data["rules"])
    fig, axes = new_figure(rows, len(CONDITIONS) + 1, width=13.0, height=3.2 * rows, squeeze=False)
    for r, name in enumerate(data["rules"]):
        for c, condition in enumerate(CONDITIONS):
            _draw_filters(axes[r, c], data, r, c)
            if r == 0:
                axes[r, c].set_title(condition, fontsize=10)
        axes[r, 0].set_ylabel(name, fontsize=11)
        _draw_scatter(axes[r, -1], data, r)
    return fig


def linear(rule: Rule, inputs: Array, start: Array, settings: Settings, rng: np.random.Generator) -> Array:
    """Weights `[cells, pixels]` that linear cells, each on its own, learn from `inputs[n, pixels]`."""
    inputs = inputs * np.float32(LINEAR / np.sqrt(np.mean(np.sum(inputs**2, axis=1))))
    w: Any = start.copy()
    state = None
    for _ in range(settings.steps):
        x = inputs[rng.integers(len(inputs), size=settings.batch)]
        w, state = rule.step(w, pre=x, post=response(w, x), state=state, out=w)
    return w  # type: ignore[no-any-return]


def sparse(rule: Rule, inputs: Array, start: Array, settings: Settings, rng: np.random.Generator) -> Array:
    """Weights `[cells, pixels]` that the cells of the self-inhibiting network learn from `inputs[n, pixels]`."""
    lateral = catalogue.foldiak(alpha=settings.alpha, p=settings.p)
    w: Any = start.copy()
    inhibition: Any = np.zeros((len(w), len(w)), dtype=np.float32)
    threshold = np.full(len(w), 2.0, dtype=np.float32)
    state = None
    for step in range(settings.steps):
        x = inputs[rng.integers(len(inputs), size=settings.batch)]
        y = spikes(response(w, x), inhibition, threshold)
        dt = min(1.0, 2 * (1 - step / settings.steps))
        w, state = rule.step(w, pre=x, post=y, state=state, out=w, dt=dt)
        inhibition, _ = lateral.step(inhibition, pre=y, post=y, out=inhibition, dt=dt)
        np.fill_diagonal(inhibition, 0)  # no cell inhibits itself
        threshold += np.float32(settings.gamma) * (y.mean(axis=0) - np.float32(settings.p))
    return w  # type: ignore[no-any-return]


def spikes(drive: Array, inhibition: Array, threshold: Array) -> Array:
    """How often each cell fires for each piece, `[batch, cells]`, with `drive[batch, cells]` switched on at time 0."""
    potential, fired, count = (np.zeros_like(drive) for _ in range(3))
    drive, inhibition = LEAK * drive, LEAK * inhibition.T
    with np.errstate(over="ignore", invalid="ignore"):  # weights that ran away are found by the engine
        for _ in range(INTEGRATION):
            potential *= 1 - LEAK
            potential += drive
            potential += fired @ inhibition
            np.greater_equal(potential, threshold, out=fired)
            potential[fired > 0] = 0
            count += fired
    return count


def pieces(side: int, rng: np.random.Generator) -> Array:
    """Pieces of the photographs `[n, side²]`, each less its mean, divided by its contrast."""
    windows = np.lib.stride_tricks.sliding_window_view(datasets.photographs(), (side, side), axis=(1, 2))
    at = [rng.integers(size, size=PIECES) for size in windows.shape[:3]]
    cut = windows[tuple(at)].reshape(PIECES, -1).astype(np.float64)
    cut -= cut.mean(axis=1, keepdims=True)
    cut /= cut.std(axis=1, keepdims=True) + FAINT * cut.std()
    return (cut - cut.mean(axis=0)).astype(np.float32)


def whitening(plain: Array, components: int) -> tuple[Array, Array]:
    """Whitened pieces, of mean square one a pixel, and the space they lie in, `[pixels, components]`."""
    values, vectors = np.linalg.eigh(plain.T @ plain / len(plain))
    space = vectors[:, -components:]
    white = plain @ (space / np.sqrt(values[-components:]) @ space.T)
    return (white / white.std()).astype(np.float32), space


class Gabors:
    """Gabor functions of `side` × `side` pixels on a grid: pairs of opposite phase, made orthogonal."""

    def __init__(self, side: int) -> None:
        middle = np.arange(side) - (side - 1) / 2
        places = np.linspace(1.5 - side / 2, side / 2 - 1.5, round(side / 2))
        slant, wave, width, length, row, column = (
            axis.reshape(-1, 1, 1)
            for axis in np.meshgrid(np.arange(SLANTS), WAVES, WIDTHS, LENGTHS, places, places, indexing="ij")
        )
        y, x = (middle[:, None] - row).astype(np.float32), (middle - column).astype(np.float32)
        cos, sin = (f(slant * np.pi / SLANTS).astype(np.float32) for f in (np.cos, np.sin))
        along, across = x * cos + y * sin, y * cos - x * sin
        envelope = np.exp(-((along / width) ** 2 + (across / (length * width)) ** 2).astype(np.float32) / 2)
        phase = (2 * np.pi * wave).astype(np.float32) * along
        pair = [(envelope * f(phase)).reshape(len(slant), -1) for f in (np.cos, np.sin)]
        first = _unit(pair[0] - pair[0].mean(axis=1, keepdims=True))
        second = pair[1] - pair[1].mean(axis=1, keepdims=True)
        second = _unit(second - np.sum(first * second, axis=1, keepdims=True) * first)
        self.first, self.second, self.slant = first, second, slant.ravel()

    def fit(self, w: Array) -> tuple[Array, Array]:
        """R² of the best function for each filter `w[cells, pixels]`, and its slant."""
        filters = _unit(w - w.mean(axis=1, keepdims=True))
        explained = (filters @ self.first.T) ** 2 + (filters @ self.second.T) ** 2
        return explained.max(axis=1), self.slant[explained.argmax(axis=1)]


def spread_of(w: Array) -> Array:
    """The variance of the place of each filter's energy in its narrowest direction, over that of an even filter."""
    side = round(np.sqrt(w.shape[1]))
    energy = _unit(w.astype(np.float64)) ** 2
    places = np.stack(np.meshgrid(np.arange(side), np.arange(side), indexing="ij")).reshape(2, -1)
    mean = energy @ places.T
    moments = np.einsum("cp,ip,jp->cij", energy, places, places) - mean[:, :, None] * mean[:, None, :]
    result: Array = np.linalg.eigvalsh(moments)[:, 0] / ((side**2 - 1) / 12)
    return result


def _unit(rows: Array) -> Array:
    result: Array = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return result


def _localised(data: Data, r: int, c: int) -> Array:
    """Which filters are localised Gabor functions, `[seed, cell]`."""
    result: Array = (data["fit"][r, c] > FIT) & (data["spread"][r, c] < NARROW)
    return result


def _of_rule(data: Data, r: int) -> Iterator[Finding]:
    name = data["rules"][r]
    claim = f"linear cells find principal components, and no localised filters ({name})"
    published = "the component of largest variance, over the whole piece; in whitened pieces nothing"
    diverged = data["diverged"][r][PLAIN] or data["diverged"][r][WHITENED]
    if diverged:
        yield Finding(claim, diverged, published, "theory", "not reproduced")
    else:
        plain, whitened = (_localised(data, r, c).mean(axis=1) for c in (PLAIN, WHITENED))
        shown = f"the first cell has {percent_spread(data['first'][r])} of the largest variance; "
        shown += f"localised Gabor functions: {percent_spread(plain)}, from whitened pieces {percent_spread(whitened)}"
        good = data["first"][r].min() > 0.9 and max(plain.max(), whitened.max()) < 0.1
        yield Finding(claim, shown, published, "theory", verdict(good))
    if SPARSE in data["conditions"][r]:
        yield _sparse(data, r, f"sparse cells that inhibit each other find localised, oriented filters ({name})")


def _sparse(data: Data, r: int, claim: str) -> Finding:
    published = "localised, oriented, bandpass; no number"
    if data["diverged"][r][SPARSE]:
        return Finding(claim, data["diverged"][r][SPARSE], published, "M", "not reproduced")
    localised, fit = _localised(data, r, SPARSE), data["fit"][r, SPARSE]
    share = localised.mean(axis=1)
    slants = np.array([len(set(data["slant"][r, SPARSE, s][chosen])) for s, chosen in enumerate(localised)])
    shown = f"{percent_spread(share)} are localised Gabor functions, of at least {slants.min()} of {SLANTS} slants; "
    shown += f"R² > {FIT:g}: {percent_spread((fit > FIT).mean(axis=1))}, mean R² {fit.mean():.2f}"
    return Finding(claim, shown, published, "M", verdict(share.min() > 0.5 and slants.min() > SLANTS / 2))


def _draw_filters(ax: Axes, data: Data, r: int, c: int) -> None:
    """The filters of one run, each on its own scale, with a frame of one pixel."""
    from cofire.experiments._figure import draw_images, hide_frame

    filters = data["filters"][r, c]
    if np.isnan(filters).any():
        text = "ran away" if data["diverged"][r][c] else "needs linear cells"
        ax.text(0.5, 0.5, text, ha="center", va="center", fontsize=9, transform=ax.transAxes)
        hide_frame(ax)
        return
    side = round(np.sqrt(filters.shape[1]))
    draw_images(ax, filters.reshape(-1, side, side), between=1.0)


def _draw_scatter(ax: Axes, data: Data, r: int) -> None:
    from cofire.experiments._figure import BLUE, GREY, ORANGE, RED

    for c, colour in ((PLAIN, ORANGE), (WHITENED, RED), (SPARSE, BLUE)):
        ax.plot(data["spread"][r, c].ravel(), data["fit"][r, c].ravel(), ".", color=colour, alpha=0.6, markersize=4)
        ax.plot([], [], "o", color=colour, markersize=4, label=CONDITIONS[c])
    ax.axhline(FIT, color=GREY, linewidth=0.8, linestyle=":")
    ax.axvline(NARROW, color=GREY, linewidth=0.8, linestyle=":")
    ax.set(xlim=(0, 1.6), ylim=(0, 1), ylabel="R² of a Gabor function")
    ax.set_xlabel("variance in the narrowest direction (even: 1)", fontsize=9)
    ax.set_xticks([0.0, 0.5, 1.0, 1.5])  # the label of one at the edge would be cut off
    if r == 0:
        ax.set_title("localised Gabor functions: above, left", fontsize=10)
        ax.legend(fontsize=8, frameon=False, loc="lower left")
