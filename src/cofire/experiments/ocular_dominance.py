"""Ocular dominance: two eyes compete for the cells of the cortex, and share it out in stripes.

In plain words: at first every cell of the visual cortex listens to both eyes. The eyes fire independently, the cells
have room for only so many connections, and neighbouring cells encourage each other. So each cell comes to listen to one
eye, cells side by side mostly to the same, and the cortex looks striped like a zebra. How broad the stripes are is set
by how far cells encourage each other. If one eye is covered early in life, the other takes its place; later no more.

Protocol. Two sheets of inputs, one for each eye, and a sheet of cells above them, all `side` × `side` and without
borders (a torus). A cell has one synapse from each eye for each of the 7 × 7 places below it, all of about the same
strength. Each sheet is active in random, smooth patterns of mean zero (rates less their mean), independent of the other
sheet; to be fair each pair of patterns is shown twice, with the eyes exchanged. The response is  post = w·x  spread by
the interaction between the cells,  I(d) = exp(-d²/σ²) - exp(-d²/(3σ)²)/9 : neighbours excite, those further away
inhibit, as much in all. Each batch of patterns makes one `rule.step`; synapses outside the 7 × 7 places are kept at 0.

For each rule
    both eyes    with three σ. The dominance of a cell is (left - right) / (left + right), sums of its weights. Are
                 cells monocular, |dominance| > .5, without having lost their input? The period of the stripes is one
                 over the median wave number of the map's power spectrum: half of the power lies in longer waves.
    alone        with the middle σ, cells without the interaction: each still chooses an eye, but not its neighbour's.
    deprived     the right eye's activity is halved: from the start, and late, when synapses have reached their ends.
What the later conditions need, columns with the middle σ, a rule may fail to bring; then they "do not apply".

Held against. The period is that of the peak of the interaction's Fourier transform, within 20 % (Miller et al. 1989; M
and theory): computed here from the interaction on a large plane. That neighbours disagree without the interaction is
theory; that deprivation shifts the columns, and in time only, is recalled without a number (M): the criteria, that the
open eye has more than two thirds of the cells and a late deprivation less than half of the shift, are ours. The plain
rule `hebb`, its weights held in the same bounds, is the rule that must fail: both eyes grow to the ends, and no cell
chooses.

From the paper, as recalled (M): arbors of 7 × 7, the Mexican hat, weights up to 8 times those at the start, a spread of
20 % at the start, frozen at the ends. Ours, by hand, so that columns form within the steps of the quick form: the
learning rate, the smoothness of the activity (which must be of the order of the arbor for monocular cells), the moment
of late deprivation, the size of the sheet.
Source: K. D. Miller, J. B. Keller, M. P. Stryker, Science 245:605-615, 1989. Deprivation: D. H. Hubel, T. N. Wiesel,
S. LeVay, Phil. Trans. R. Soc. B 278:377-409, 1977.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from cofire import rules as catalogue
from cofire.estimators.threads import one_thread
from cofire.experiments._experiment import Data, Finding, Progress
from cofire.experiments._rates import OUT_OF_RANGE, label, not_for_rates
from cofire.experiments._statistics import percent_spread, spread, standard_error, verdict
from cofire.rule import Rule

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CLAIM = "Two eyes compete for cells that encourage their neighbours, and the cortex becomes striped."
CLAIMS = (8,)
SOURCE = "K. D. Miller, J. B. Keller, M. P. Stryker, Science 245:605-615, 1989"
RULES = ("hebb_subtractive", "hebb")

WIDTHS = (0.9, 1.15, 1.4)  # σ of the interaction, in cells
MIDDLE = 1
CONDITIONS = (*(f"σ = {width:g}" for width in WIDTHS), "alone", "deprived", "deprived late")
ALONE, DEPRIVED, LATE = 3, 4, 5
REACH = 3  # of an arbor, to each side
TOP = 8.0  # the largest weight, in weights at the start
DEPRIVATION = 0.5  # what is left of the activity of the deprived eye
MONOCULAR = 0.5

Array = NDArray[Any]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    side: Annotated[int, Meta(ge=12, le=64, description="cells along each edge of a sheet; 25 in the paper (M)")] = 20
    steps: Annotated[int, Meta(ge=2, le=10_000, description="batches of patterns; ours")] = 24
    pairs: Annotated[int, Meta(ge=1, le=1000, description="pairs of patterns in a batch, each shown twice; ours")] = 16
    late: Annotated[float, Meta(gt=0, lt=1, description="of the steps, when late deprivation begins; ours")] = 0.6
    smooth: Annotated[float, Meta(gt=0, le=10, description="width of what an eye's inputs share, in cells; ours")] = 2.5
    seeds: Annotated[int, Meta(ge=2, le=100, description="repetitions with other weights and patterns; ours")] = 3
    eta: Annotated[float, Meta(gt=0, le=1, description="learning rate of catalogue rules; ours")] = 0.01


FULL = Settings(side=32, steps=80, eta=0.003, seeds=6)


def adapted(name: str, settings: Settings) -> Rule:
    """The catalogue rule with weights from 0 to 8 times those at the start, and the learning rate of the settings."""
    recipe = catalogue.get(name)
    numbers = {"eta": settings.eta, "w_max": TOP}
    return recipe(bounds=(0.0, TOP), **{key: value for key, value in numbers.items() if key in recipe.parameters})


def unsuitable(rule: Rule) -> str | None:
    return not_for_rates(rule)


def run(settings: Settings, rules: Sequence[Rule], seed: int, progress: Progress) -> Data:
    shape = (len(rules), len(CONDITIONS), settings.seeds)
    found: Data = {
        "rules": [label(rule) for rule in rules],
        "predicted": np.array([period_of_interaction(width) for width in WIDTHS]),
        "diverged": ["" for _ in rules],
        "dominance": np.full((*shape, settings.side, settings.side), np.nan),
        "strength": np.full(shape, np.nan),
    }
    with one_thread():
        for r, rule in enumerate(rules):
            for done, condition in enumerate((MIDDLE, 0, 2, ALONE, DEPRIVED, LATE)):
                if done and (found["diverged"][r] or not _columns(found, r)):
                    break
                for s in range(settings.seeds):
                    part = (r + (done + s / settings.seeds) / len(CONDITIONS)) / len(rules)
                    progress(part, f"{found['rules'][r]}: {CONDITIONS[condition]}, {s + 1} of {settings.seeds}")
                    try:
                        w = developed(rule, condition, settings, np.random.default_rng((seed, s)))
                    except OUT_OF_RANGE as error:
                        found["diverged"][r] = str(error).partition(";")[0]
                        break
                    left, right = w.reshape(len(w), 2, -1).sum(axis=2, dtype=np.float64).T
                    both = left + right
                    dominance = np.divide(left - right, both, out=np.zeros_like(both), where=both > 0)
                    found["dominance"][r, condition, s] = dominance.reshape(settings.side, -1)
                    found["strength"][r, condition, s] = np.median(both) / (2 * (2 * REACH + 1) ** 2)
    return found


def findings(data: Data) -> list[Finding]:
    return [finding for r in range(len(data["rules"])) for finding in _of_rule(data, r)]


def figure(data: Data) -> Figure:
    from cofire.experiments._figure import new_figure

    rows = len(data["rules"])
    fig, axes = new_figure(
        rows, len(CONDITIONS) + 1, width=14.5, height=2.6 * rows + 0.4, squeeze=False,
        gridspec_kw={"width_ratios": [1] * len(CONDITIONS) + [1.5]},
    )  # fmt: skip
    for r, name in enumerate(data["rules"]):
        for c, condition in enumerate(CONDITIONS):
            _draw_map(axes[r, c], data["dominance"][r, c, 0])
            if r == 0:
                axes[r, c].set_title(condition, fontsize=10)
        axes[r, 0].set_ylabel(name, fontsize=10)
        _draw_periods(axes[r, -1], data, r)
    axes[0, -1].set_title("period of the stripes (cells)", fontsize=10)
    fig.suptitle("Which eye a cell listens to: left black, right white, both grey (one seed)", fontsize=11)
    return fig


def developed(rule: Rule, condition: int, settings: Settings, rng: np.random.Generator) -> Array:
    """Weights `[cells, 2 · inputs]`, of the left eye and then of the right, after development."""
    side, size = settings.side, settings.side**2
    offsets = _offsets(side)
    near: Array = np.all(np.abs(offsets) <= REACH, axis=0)
    arbor = np.concatenate([_shifted(near), _shifted(near)], axis=1).astype(np.float32)
    width = WIDTHS[condition] if condition < len(WIDTHS) else WIDTHS[MIDDLE]
    between = _shifted(np.eye(1, size).reshape(side, side) if condition == ALONE else interaction(offsets, width))
    between = between.astype(np.float32)
    blur = np.sqrt(np.maximum(np.fft.fft2(np.exp(-(offsets**2).sum(axis=0) / (2 * settings.smooth**2))).real, 0))
    begins = {DEPRIVED: 0.0, LATE: settings.late * settings.steps}.get(condition, np.inf)

    def patterns() -> Array:
        noise = rng.standard_normal((settings.pairs, side, side))
        return np.fft.ifft2(np.fft.fft2(noise) * blur).real.reshape(-1, size).astype(np.float32)

    w: Any = arbor * rng.uniform(0.8, 1.2, arbor.shape).astype(np.float32)
    state = None
    for step in range(settings.steps):
        one, other = patterns(), patterns()
        x = np.block([[one, other], [other, one]])
        if step >= begins:
            x[:, size:] *= np.float32(DEPRIVATION)
        w, state = rule.step(w, pre=x, post=x @ w.T @ between, state=state, out=w)
        w *= arbor
    return w  # type: ignore[no-any-return]


def interaction(offsets: Array, width: float) -> Array:
    """What a cell at `offsets[2, ...]` receives from one at the origin."""
    squared = (offsets**2).sum(axis=0) / width**2
    result: Array = np.exp(-squared) - np.exp(-squared / 9) / 9
    return result


def period_of_interaction(width: float) -> float:
    """The wave length, in cells, at the peak of the interaction's Fourier transform, on a plane of 512 × 512 cells."""
    spectrum = np.fft.fft2(interaction(_offsets(512), width)).real[0, :256]
    return 512 / int(spectrum.argmax())


def period(dominance: Array) -> float:
    """One over the median wave number of a map `[side, side]` of periodic borders, in cells; NaN if it is flat."""
    power = np.abs(np.fft.fft2(dominance - dominance.mean())) ** 2
    waves = np.hypot(*np.meshgrid(*[np.fft.fftfreq(len(dominance))] * 2))
    values, at = np.unique(waves.round(9), return_inverse=True)
    cumulated = np.cumsum(np.bincount(at.ravel(), power.ravel()))
    if not cumulated[-1] > 1e-12:
        return np.nan
    return float(1 / np.interp(0.5, cumulated / cumulated[-1], values))


def _offsets(side: int) -> Array:
    """How far each cell of a torus is from the first, `[2, side, side]`, in cells."""
    away = np.fft.fftfreq(side, 1 / side)
    return np.stack(np.meshgrid(away, away, indexing="ij"))


def _shifted(kernel: Array) -> Array:
    """The kernel `[side, side]` around each cell, `[side², side²]`."""
    side = len(kernel)
    at = (np.arange(side)[:, None] - np.arange(side)) % side
    return kernel[at[:, None, :, None], at[None, :, None, :]].reshape(side**2, side**2)


def _monocular(data: Data, r: int, condition: int) -> Array:
    result: Array = (np.abs(data["dominance"][r, condition]) > MONOCULAR).mean(axis=(1, 2))
    return result


def _columns(data: Data, r: int) -> bool:
    """Whether most cells are monocular with the middle interaction, in every run, and have kept half their input."""
    kept = data["strength"][r, MIDDLE]
    return bool(_monocular(data, r, MIDDLE).min() > 0.5 and kept.min() > 0.5)


def _of_rule(data: Data, r: int) -> Iterator[Finding]:
    name = data["rules"][r]
    claim = f"each cell comes to listen to one eye ({name})"
    published = "most cells monocular; no number"
    if data["diverged"][r]:
        yield Finding(claim, data["diverged"][r], published, "M", "not reproduced")
        return
    formed = _columns(data, r)
    shown = f"{percent_spread(_monocular(data, r, MIDDLE))} of the cells, |dominance| > {MONOCULAR:g}; "
    shown += f"input kept: {spread(data['strength'][r, MIDDLE], 2)} of the start"
    yield Finding(claim, shown, published, "M", verdict(formed))
    for i, width in enumerate(WIDTHS):
        yield _period(data, r, i, f"period of the stripes, σ = {width:g} ({name})", formed)
    yield _neighbours(data, r, f"without the interaction there are no stripes ({name})", formed)
    yield from _deprived(data, r, formed)


def _period(data: Data, r: int, i: int, claim: str, formed: bool) -> Finding:
    predicted = data["predicted"][i]
    published = f"{predicted:.2f} ± 20 %, the peak of the interaction's Fourier transform"
    if not formed:
        return Finding(claim, "no columns", published, "theory", "not reproduced")
    measured = np.array([period(map_) for map_ in data["dominance"][r, i]])
    close = abs(measured.mean() / predicted - 1) < 0.2
    off = f"{100 * (measured.mean() / predicted - 1):+.0f} %"
    return Finding(claim, f"{spread(measured, 2)} cells, {off}", published, "theory", verdict(close))


def _neighbours(data: Data, r: int, claim: str, formed: bool) -> Finding:
    published = "neighbours choose independently: correlation 0"
    if not formed:
        return Finding(claim, "no columns with it either", published, "theory", "does not apply")
    alone, together = (np.array([agreement(map_) for map_ in data["dominance"][r, c]]) for c in (ALONE, MIDDLE))
    shown = f"correlation of neighbours {spread(alone, 2)}, with it {spread(together, 2)}; "
    shown += f"|dominance| {spread(np.abs(data['dominance'][r, ALONE]).mean(axis=(1, 2)), 2)}"
    apart = abs(alone.mean()) < 0.1 and together.mean() - alone.mean() > 3 * standard_error(together - alone)
    return Finding(claim, shown, published, "theory", verdict(apart))


def agreement(dominance: Array) -> float:
    """The correlation of the dominance of neighbouring cells of a map `[side, side]`."""
    away = dominance - dominance.mean()
    product = (away * np.roll(away, 1, axis=0)).mean() + (away * np.roll(away, 1, axis=1)).mean()
    return float(product / (2 * (away**2).mean() or 1.0))


def _deprived(data: Data, r: int, formed: bool) -> Iterator[Finding]:
    name = data["rules"][r]
    early = f"the open eye takes over from a deprived one ({name})", "columns shift to the open eye; no number"
    late = f"late deprivation shifts little ({name})", "only in a critical period; no number"
    if not formed:
        for claim, published in (early, late):
            yield Finding(claim, "no columns to shift", published, "M", "does not apply")
        return
    share = {c: (data["dominance"][r, c] > 0).mean(axis=(1, 2)) for c in (MIDDLE, DEPRIVED, LATE)}
    shown = f"open eye {percent_spread(share[DEPRIVED])} of the cells; undeprived {percent_spread(share[MIDDLE])}"
    yield Finding(early[0], shown, early[1], "M", verdict(share[DEPRIVED].min() > 2 / 3 > share[MIDDLE].max()))
    shift, later = share[DEPRIVED] - share[MIDDLE], share[LATE] - share[MIDDLE]
    shown = f"{percent_spread(share[LATE])} of the cells, {100 * later.mean():+.1f}; early {100 * shift.mean():+.1f}"
    yield Finding(late[0], shown, late[1], "M", verdict(shift.min() > 0 and later.mean() < shift.mean() / 2))


def _draw_map(ax: Axes, dominance: Array) -> None:
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
    if np.isnan(dominance).any():
        ax.text(0.5, 0.5, "not run:\nno columns", ha="center", va="center", fontsize=9, transform=ax.transAxes)
        return
    ax.imshow(dominance, cmap="gray_r", vmin=-1, vmax=1, interpolation="nearest")


def _draw_periods(ax: Axes, data: Data, r: int) -> None:
    from cofire.experiments._figure import BLUE, GREY

    predicted = data["predicted"]
    span = np.array([0.85 * predicted.min(), 1.15 * predicted.max()])
    ax.plot(span, span, color="black", linewidth=1)
    ax.fill_between(span, 0.8 * span, 1.2 * span, color=GREY, alpha=0.2, linewidth=0)
    for i, at in enumerate(predicted):
        maps = data["dominance"][r, i]
        if np.isfinite(maps).all() and _columns(data, r):
            ax.plot(np.full(len(maps), at), [period(map_) for map_ in maps], "o", color=BLUE, markersize=4, alpha=0.7)
    ax.set_xlabel("predicted from the interaction, ± 20 %", fontsize=9)
    ax.set(ylim=(0.6 * span[0], 1.3 * span[1]))
