"""Map expansion: what is used more gets more of the cortex, and what falls silent is taken over.

In plain words: the brain has a map of the hand, a place for each finger. Let a monkey, or a pianist, use one fingertip
a lot, and after some weeks its place on the map has grown at the expense of the others. Cut a finger's nerve, and the
neighbours move in. Sew two fingers together, so that they always feel the same, and the border between them is gone.
Hebb's rule with cells that compete, and help their neighbours, does all of that; without competition there is no map.

Protocol. A hand of five fingers, each a patch of 4 × 8 receptors of the skin, and a sheet of cells, `side` × `side`. A
touch at a random place of a finger excites the receptors of that finger around it, a Gaussian that ends with the
finger. The cell that answers most wins; `post` is a Gaussian around the winner on the sheet: what a Mexican hat of
excitation nearby and inhibition beyond leaves active. A batch of touches makes one `rule.step` (`reduce="sum"`). For
`kohonen` the winner is the cell whose weights are nearest to the touch, for other rules the cell of the largest w·x.
While the map is first formed, the Gaussian shrinks from half the sheet to a tenth. From that map, with that width, each
of these is run:
    same         all fingers as before: the control
    trained      the middle finger is touched three times as often as any other one
    deafferented the middle finger is touched no more
    fused        middle and ring finger are always touched together, at the same places of both
    recovered    after `trained`, all fingers equally again
A cell belongs to the finger that most of its weight comes from; its receptive field is the spread of its weights over
the skin, in receptors. All numbers are taken from the weights.

Held against
    trained      engaged fingertips nearly 2 × (Xerri et al. 1999, S1), 2 to 3 × (Jenkins et al. 1990; the factor M);
                 our criterion is 1.5 to 3 times the area. Jenkins: receptive fields there become smaller (S1)
    deafferented its territory is taken over within weeks (Merzenich et al. 1984, M): our criterion is 90 % of it
    fused        cells with a field on both fingers, where there were none (Clark et al. 1988; Allard et al. 1991, M)
    recovered    the area returns (Jenkins et al. 1990, M): our criterion, more than half of the way
    first of all, there is a map: each finger has its share, in patches (theory). Which lies beside which is chance,
    since no touch reaches two fingers
Time is in touches, not weeks. The plain rule `hebb` stands beside: the winner, by w·x, is the cell that has won before,
so few cells come to answer to everything, and their weights grow without end. `oja` can be run and makes a map too.

Ours: the sizes, widths, rates and numbers of touches. They were chosen among a few for which the map followed within
the quick form; with narrower neighbourhoods (.08 to .1 of the sheet) and slower rates a trained finger grew 1.7 to 2.2
times, or was not finished growing. Not said here: how a larger map makes a faster hand (Karni et al. 1998).
Sources: T. Kohonen, Biol. Cybern. 43:59-69, 1982; H. Ritter, K. Schulten, Biol. Cybern. 54:99-106, 1986; W. M. Jenkins
et al., J. Neurophysiol. 63:82-104, 1990; C. Xerri et al., Cereb. Cortex 9:264-276, 1999; M. M. Merzenich et al., J.
Comp. Neurol. 224:591-605, 1984; S. A. Clark et al., Nature 332:444-445, 1988.
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
from cofire.experiments._rates import OUT_OF_RANGE, label, needs_spikes, not_for_rates, response
from cofire.experiments._statistics import percent, percent_spread, spread, verdict
from cofire.rule import Rule

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CLAIM = "What is used more gets more of the map, and what falls silent is taken over."
CLAIMS = (15,)
SOURCE = (
    "C. Xerri et al., Cereb. Cortex 9:264-276, 1999; W. M. Jenkins et al., J. Neurophysiol. 63:82-104, 1990; "
    "S. A. Clark et al., Nature 332:444-445, 1988; M. M. Merzenich et al., J. Comp. Neurol. 224:591-605, 1984"
)
RULES = ("kohonen", "hebb")

FINGERS, MIDDLE, RING = 5, 2, 3
NAMES = ("thumb", "index", "middle", "ring", "little")
ACROSS, ALONG = 4, 8  # receptors of a finger
TOUCH = 1.0  # width of a touch, in receptors
FINAL = 1 / 10  # width of the neighbourhood in the end, in edges of the sheet
PHASES = ("formed", "same", "trained", "deafferented", "fused", "recovered")
FORMED, SAME, TRAINED, DEAFFERENTED, FUSED, RECOVERED = range(6)
SHARED = 0.25  # of a cell's weight on each of two fingers: its field is on both

Array = NDArray[Any]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    side: Annotated[int, Meta(ge=6, le=100, description="cells along each edge of the sheet; ours")] = 14
    forming: Annotated[int, Meta(ge=10, le=1_000_000, description="batches of touches that form the map; ours")] = 500
    steps: Annotated[int, Meta(ge=1, le=1_000_000, description="batches of touches of each change; ours")] = 400
    batch: Annotated[int, Meta(ge=1, le=1000, description="touches in a step; ours")] = 10
    often: Annotated[float, Meta(ge=1, le=20, description="how much more the middle finger is touched; ours")] = 3.0
    eta: Annotated[float, Meta(gt=0, le=0.2, description="of catalogue rules; ours; times batch at most 1")] = 0.1
    seeds: Annotated[int, Meta(ge=2, le=100, description="hands: other weights and touches")] = 3


FULL = Settings(side=24, forming=3000, steps=3000, seeds=6)


def adapted(name: str, settings: Settings) -> Rule:
    """The catalogue rule with the learning rate of the settings."""
    recipe = catalogue.get(name)
    return recipe(eta=settings.eta) if "eta" in recipe.parameters else recipe()


def unsuitable(rule: Rule) -> str | None:
    if rule.name == "kohonen":
        return None
    if rule.name == "competitive" and not needs_spikes(rule):
        return "its post says which one cell won, and here neighbours share"
    return not_for_rates(rule)


def run(settings: Settings, rules: Sequence[Rule], seed: int, progress: Progress) -> Data:
    shape = (len(rules), len(PHASES), settings.seeds)
    cells = settings.side**2
    found: Data = {
        "rules": [label(rule) for rule in rules],
        "often": settings.often,
        "diverged": ["" for _ in rules],
        "shares": np.full((*shape, cells, FINGERS), np.nan),  # of each cell's weight, on each finger
        "field": np.full((*shape, cells), np.nan),
        "winners": np.full((*shape, FINGERS), np.nan),  # cells that win touches of each finger
    }
    with one_thread():
        for r, rule in enumerate(rules):
            for s in range(settings.seeds):
                w: Any = np.random.default_rng((seed, s, 0)).uniform(0, 0.2, (cells, FINGERS * ACROSS * ALONG))
                formed = trained = w = w.astype(np.float32)
                try:
                    for phase in range(len(PHASES)):
                        if phase > FORMED and not _mapped(found, r, slice(s, s + 1))[2]:
                            break
                        part = (s + phase / len(PHASES)) / settings.seeds
                        progress((r + part) / len(rules), f"{found['rules'][r]}: {PHASES[phase]}")
                        start = {FORMED: w, RECOVERED: trained}.get(phase, formed)
                        rng = np.random.default_rng((seed, s, phase))
                        w = learned(rule, start, phase, settings, rng)
                        if phase == FORMED:
                            formed = w
                        elif phase == TRAINED:
                            trained = w
                        found["shares"][r, phase, s] = shares(w)
                        found["field"][r, phase, s] = field(w)
                        found["winners"][r, phase, s] = winners(rule, w)
                except OUT_OF_RANGE as error:
                    found["diverged"][r] = str(error).partition(";")[0]
                    break
    return found


def findings(data: Data) -> list[Finding]:
    return [finding for r in range(len(data["rules"])) for finding in _of_rule(data, r)]


def figure(data: Data) -> Figure:
    from cofire.experiments._figure import new_figure

    rows = len(data["rules"])
    fig, axes = new_figure(rows, len(PHASES) + 1, width=15.0, height=2.5 * rows + 0.5, squeeze=False)
    for r, name in enumerate(data["rules"]):
        for phase, title in enumerate(PHASES):
            _draw_map(axes[r, phase], data, r, phase)
            if r == 0:
                axes[r, phase].set_title(title, fontsize=10)
        axes[r, 0].set_ylabel(name, fontsize=11)
        _draw_areas(axes[r, -1], data, r)
    axes[0, -1].set_title("area of the middle finger\n(dotted: a fifth)", fontsize=10)
    fig.suptitle("Which finger each cell belongs to (one hand); paler where its field is on two", fontsize=11)
    return fig


def learned(rule: Rule, start: Array, phase: int, settings: Settings, rng: np.random.Generator) -> Array:
    """Weights `[cells, receptors]` after one phase that begins with `start`."""
    steps = settings.forming if phase == FORMED else settings.steps
    w: Any = start.copy()
    state = None
    for step in range(steps):
        done = step / steps if phase == FORMED else 1.0
        width = settings.side / 2 * (2 * FINAL) ** min(1.0, 1.5 * done)
        x = touches(phase, settings, rng)
        post = neighbourhood(winning(rule, w, x), width, settings.side)
        w, state = rule.step(w, pre=x, post=post, state=state, out=w, reduce="sum")
    return w  # type: ignore[no-any-return]


def touches(phase: int, settings: Settings, rng: np.random.Generator) -> Array:
    """Activity of the receptors at random touches, `[batch, receptors]`."""
    weight = np.ones(FINGERS)
    if phase == TRAINED:
        weight[MIDDLE] = settings.often
    elif phase == DEAFFERENTED:
        weight[MIDDLE] = 0.0
    finger = rng.choice(FINGERS, size=settings.batch, p=weight / weight.sum())
    x = touch(finger, rng.uniform(-0.5, ACROSS - 0.5, settings.batch), rng.uniform(-0.5, ALONG - 0.5, settings.batch))
    if phase == FUSED:
        both = np.isin(finger, (MIDDLE, RING))
        bump = x[both].sum(axis=1)
        x[np.ix_(both, np.array([MIDDLE, RING]))] = bump[:, None]
    return x.reshape(settings.batch, -1)


def touch(finger: Array, across: Array, along: Array) -> Array:
    """Activity `[touches, finger, across, along]` of unit length."""
    bump = np.exp(
        -((np.arange(ACROSS)[:, None] - across[:, None, None]) ** 2 + (np.arange(ALONG) - along[:, None, None]) ** 2)
        / (2 * TOUCH**2)
    )
    x = np.zeros((len(finger), FINGERS, ACROSS, ALONG), dtype=np.float32)
    x[np.arange(len(finger)), finger] = bump / np.linalg.norm(bump, axis=(1, 2), keepdims=True)
    return x


def winning(rule: Rule, w: Array, x: Array) -> Array:
    """The cell that answers most to each touch `x[touches, receptors]`."""
    answer = response(w, x)
    if rule.name == "kohonen":
        answer = answer - np.sum(w**2, axis=1) / 2  # the nearest cell has most of this
    return answer.argmax(axis=1)  # type: ignore[no-any-return]


def neighbourhood(winner: Array, width: float, side: int) -> Array:
    """1 at the winner, a Gaussian of `width` cells around it, `[touches, cells]`."""
    place = np.arange(side)
    row, column = (np.exp(-((place - at[:, None]) ** 2) / (2 * width**2)) for at in (winner // side, winner % side))
    return (row[:, :, None] * column[:, None, :]).reshape(len(winner), -1).astype(np.float32)


def shares(w: Array) -> Array:
    """The share of each cell's weight that comes from each finger, `[cells, fingers]`."""
    sums = np.maximum(w, 0).astype(np.float64).reshape(len(w), FINGERS, -1).sum(axis=2)
    return sums / np.maximum(sums.sum(axis=1, keepdims=True), 1e-30)  # type: ignore[no-any-return]


def field(w: Array) -> Array:
    """The spread of each cell's weights over its own finger, root mean square, in receptors."""
    hand = np.maximum(w, 0).astype(np.float64).reshape(len(w), FINGERS, ACROSS, ALONG)
    own = hand[np.arange(len(w)), hand.sum(axis=(2, 3)).argmax(axis=1)]
    own = own / np.maximum(own.sum(axis=(1, 2), keepdims=True), 1e-30)
    variance = np.zeros(len(w))
    for line in (own.sum(axis=2), own.sum(axis=1)):
        place = np.arange(line.shape[1])
        variance += line @ place**2 - (line @ place) ** 2
    return np.sqrt(np.maximum(variance, 0))  # type: ignore[no-any-return]


def winners(rule: Rule, w: Array) -> Array:
    """How many cells win a touch on a grid over each finger, `[fingers]`."""
    across, along = (grid.ravel() for grid in np.mgrid[0 : ACROSS - 1 : 13j, 0 : ALONG - 1 : 25j])
    counts = []
    for finger in range(FINGERS):
        x = touch(np.full(len(across), finger), across, along).reshape(len(across), -1)
        counts.append(len(np.unique(winning(rule, w, x))))
    return np.array(counts)


def areas(data: Data, r: int, phase: int) -> Array:
    """The share of the sheet that belongs to each finger, `[seed, finger]`."""
    owner = data["shares"][r, phase].argmax(axis=-1)
    return np.stack([(owner == finger).mean(axis=1) for finger in range(FINGERS)], axis=1)


def together(owner: Array) -> float:
    """The share of neighbouring cells on a sheet `[side, side]` that belong to the same finger."""
    pairs = ((owner[1:], owner[:-1]), (owner[:, 1:], owner[:, :-1]))
    return float(np.concatenate([(a == b).ravel() for a, b in pairs]).mean())


def _mapped(data: Data, r: int, s: slice = slice(None)) -> tuple[Array, Array, bool]:
    """Areas and togetherness of the formed map, and whether it is one: each finger a tenth to a third, in patches."""
    area = areas(data, r, FORMED)[s]
    owners = data["shares"][r, FORMED, s].argmax(axis=-1)
    side = round(np.sqrt(owners.shape[1]))
    near = np.array([together(owner.reshape(side, side)) for owner in owners])
    used = data["winners"][r, FORMED, s].min() >= 4
    return area, near, bool(used and area.min() > 0.1 and area.max() < 1 / 3 and near.min() > 0.7)


def _of_rule(data: Data, r: int) -> Iterator[Finding]:
    name = data["rules"][r]
    claim, published = f"each finger has its place on the map ({name})", "each finger its share, in patches"
    if data["diverged"][r]:
        yield Finding(claim, data["diverged"][r], published, "theory", "not reproduced")
        return
    area, near, good = _mapped(data, r)
    shown = f"areas {percent(area.min())} to {percent(area.max())}; neighbours agree: {percent_spread(near)}; "
    shown += f"cells that answer to a finger: at least {data['winners'][r, FORMED].min():.0f}"
    yield Finding(claim, shown, published, "theory", verdict(good))
    if not good:
        yield Finding(f"what is used more grows ({name})", "no map to grow on", "nearly 2 ×", "S1", "not reproduced")
        return
    yield from _trained(data, r, name)
    yield from _changed(data, r, name)


def _trained(data: Data, r: int, name: str) -> Iterator[Finding]:
    before, control, after, back = (areas(data, r, p)[:, MIDDLE] for p in (FORMED, SAME, TRAINED, RECOVERED))
    growth, alone = after / before, control / before
    yield Finding(
        f"a finger touched {data['often']:g} times as often grows ({name})",
        f"{spread(growth, 2)} times the area; touched as before {spread(alone, 2)}",
        "nearly 2 × (Xerri); asked: 1.5 to 3",
        "S1",
        verdict(1.5 <= growth.mean() <= 3 and abs(alone.mean() - 1) < 0.15),
    )
    size = np.array([_middle_fields(data, r, phase) for phase in (SAME, TRAINED)])
    ratio = size[1] / size[0]
    yield Finding(
        f"receptive fields there become smaller ({name})",
        f"{spread(size[0], 2)} → {spread(size[1], 2)} receptors, {spread(ratio, 2)} times",
        "smaller; no number",
        "S1",
        verdict(ratio.mean() + 2 * ratio.std(ddof=1) / np.sqrt(len(ratio)) < 1),
    )
    grown = float(after.mean() - before.mean())
    returned = float(after.mean() - back.mean()) / grown if grown > 0 else np.nan
    yield Finding(
        f"touched equally again, the area returns ({name})",
        f"{spread(back / before, 2)} times the area, {percent(returned)} of the way",
        "returns; no number",
        "M",
        verdict(returned > 0.5),
    )


def _middle_fields(data: Data, r: int, phase: int) -> Array:
    """The mean field of the middle finger's cells, `[seed]`; NaN where it has none."""
    own = data["shares"][r, phase].argmax(axis=-1) == MIDDLE
    sums = np.where(own, data["field"][r, phase], 0).sum(axis=1)
    return np.divide(sums, own.sum(axis=1), out=np.full(len(own), np.nan), where=own.any(axis=1))


def _on_both(share: Array) -> Array:
    """Of the cells of the middle and the ring finger, those whose field is on both, `[seed]`."""
    theirs = np.isin(share.argmax(axis=-1), (MIDDLE, RING))
    both = np.all(share[..., (MIDDLE, RING)] > SHARED, axis=-1)
    return (both & theirs).sum(axis=1) / theirs.sum(axis=1)  # type: ignore[no-any-return]


def _changed(data: Data, r: int, name: str) -> Iterator[Finding]:
    old, same, new = (data["shares"][r, phase].argmax(axis=-1) == MIDDLE for phase in (FORMED, SAME, DEAFFERENTED))
    lost, own = ((old & ~now).sum(axis=1) / old.sum(axis=1) for now in (new, same))
    yield Finding(
        f"the territory of a silent finger is taken over ({name})",
        f"{percent_spread(lost)} of it; of a finger touched as before {percent_spread(own)}",
        "taken over in weeks; no number",
        "M",
        verdict(lost.mean() > 0.9 and own.mean() < 0.5),
    )
    apart, fused = (_on_both(data["shares"][r, phase]) for phase in (SAME, FUSED))
    yield Finding(
        f"fused fingers share one map ({name})",
        f"fields on both: {percent_spread(fused)} of their cells; before {percent_spread(apart)}",
        "fields on both fingers, where there were none",
        "M",
        verdict(fused.mean() > 0.5 and apart.mean() < 0.2),
    )


def _draw_map(ax: Axes, data: Data, r: int, phase: int) -> None:
    from matplotlib.colors import to_rgb

    from cofire.experiments._figure import COLOURS

    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
    part = data["shares"][r, phase, 0]
    if np.isnan(part).any():
        text = "ran away" if data["diverged"][r] else "not run:\nno map"
        ax.text(0.5, 0.5, text, ha="center", va="center", fontsize=9, transform=ax.transAxes)
        return
    colours = np.array([to_rgb(colour) for colour in COLOURS[:FINGERS]])
    most = part.max(axis=1)[:, None]
    side = round(np.sqrt(len(part)))
    shown = most * colours[part.argmax(axis=1)] + (1 - most)
    ax.imshow(shown.reshape(side, side, 3), interpolation="nearest")
    if phase == FORMED:
        for finger, name in enumerate(NAMES):
            at = np.flatnonzero(part.argmax(axis=1) == finger)
            if len(at):
                place: Any = {"ha": "center", "va": "center", "fontsize": 8}
                ax.text(np.median(at % side), np.median(at // side), name, **place)


def _draw_areas(ax: Axes, data: Data, r: int) -> None:
    from cofire.experiments._figure import COLOURS, GREY

    found = [100 * areas(data, r, phase)[:, MIDDLE] for phase in range(len(PHASES))]
    for phase, values in enumerate(found):
        if np.isnan(data["field"][r, phase]).any():
            continue
        ax.bar(phase, values.mean(), yerr=values.std(ddof=1), color=COLOURS[MIDDLE], capsize=3, width=0.7)
        ax.plot(phase + np.linspace(-0.2, 0.2, len(values)), values, ".", color="black", markersize=3)
    ax.axhline(100 / FINGERS, color=GREY, linewidth=0.8, linestyle=":")
    ax.set_xlim(-0.6, len(PHASES) - 0.4)
    ax.set_xticks(range(len(PHASES)), PHASES, rotation=60, ha="right", rotation_mode="anchor", fontsize=8)
    ax.set_ylabel("% of the sheet", fontsize=9)
