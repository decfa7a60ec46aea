"""Associative memory: real faces are stored in one net of cells, and half a face brings back the whole.

Protocol. A face of 25 × 25 pixels is a pattern of N = 625 cells, each +1 or -1. Every cell is connected with every
other (`cofire.memory.Hopfield`). To store a face, pre and post are both that pattern and the rule makes one step;
connections of a cell with itself are zero. The outer product of Hopfield's memory is the rule `hebb` with η = 1/N. To
recall, the cells start from a fragment and change one after the other until none does (asynchronous). Fragments: the
upper half with the lower half replaced by random ±1; the face with 10 or 20 % of its pixels flipped; its negative with
10 % flipped. Whether a face comes back also hangs on what is in its other half: up to six of those stored are tried,
from so many fragments each that there are twelve recalls or more. The overlap m = ⟨stored · recalled⟩ is 1 for the
whole face. We call it recalled at m > .98 (at most 6 pixels wrong), and say that a number of faces is held if nine in
ten recalls, with it and with every smaller number tried, bring back a face from half.

Three kinds of pattern are stored, because what is learned depends on how alike the patterns are:
    faces             each image against its own median: half the cells are +1, but two faces overlap by .25 on average
    centred faces     each pixel against its median over the set, which takes the average face away
    random            independent ±1, the patterns of the theory

Rules. `hebb` and `storkey` see each face once. A rule that reads `post.target`, such as `delta`, is told the face as
the target of every cell and practises the faces it does not know, up to `passes` times, after each few that are
added; a face is known when the input of every cell reaches half its target. The rate `eta` of every rule is set to
1/N, whatever it was: Hopfield's normalisation, and for `delta` one exact correction a step.

Families. The same faces and centred faces, from the same halves, in the other memories of `cofire.memory`, all cells at
once: the pseudo-inverse, dense memories of order 3 and exponential, a sparse distributed memory of 1000 places, and
Willshaw's net, for which a face is the tenth of its pixels that are brightest, beside the average face if centred,
and a half the active ones of the upper half. Two more, of pairs and of sequences, have experiments of their own:
`names` and `song`.

Held against
    other rules      `storkey` and `delta` (pseudo-inverse) hold more than `hebb`: recalled, so only the order is tested
    other families   so do the pseudo-inverse and dense memories, these by a steep energy (Krotov and Hopfield 2016) (M)
That faces, being alike, are harder than random patterns, and that the negative of every state of rest is one too, is
theory without a number. When too many faces are stored by `hebb`, recall still comes to rest, but in states that were
never stored: the average face. Random patterns against the theory of capacity are the experiment `capacity`.

Images: `cofire.data.faces()`, 100 faces and then 100 pieces of background, which the full form stores after the
faces, each kind centred on its own; some of the background is flat, a pattern of almost nothing but -1. Ours:
thresholds, the numbers stored, the fragments. After ± stands the standard deviation over seeds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from cofire import data as datasets
from cofire.errors import CofireError
from cofire.experiments._experiment import Data, Finding, Progress
from cofire.experiments._patterns import (
    Array,
    evenly,
    fragment,
    not_for_patterns,
    put_in,
    random_patterns,
    signs,
    with_rate,
)
from cofire.experiments._rates import is_taught
from cofire.experiments._statistics import spread, verdict
from cofire.memory import DenseMemory, Hopfield, Memory, SparseDistributedMemory, Willshaw, overlap
from cofire.rule import Rule

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CLAIM = "A fragment of a face brings back the whole face."
CLAIMS = (10,)
SOURCE = (
    "J. J. Hopfield, Neural networks and physical systems with emergent collective computational abilities, PNAS "
    "79:2554-2558, 1982, doi:10.1073/pnas.79.8.2554; D. Krotov, J. J. Hopfield, Dense associative memory for pattern "
    "recognition, NeurIPS 29, 2016, arXiv:1606.01164"
)
RULES = ("hebb", "storkey", "delta")

SIDE = 25  # pixels of an image along one edge
CELLS = SIDE * SIDE
FACES = 100  # the images after them are no faces
STORED = (2, 3, 5, 10, 20, 40, 60, 100, 150, 200)
KINDS = ("faces", "centred faces", "random")
CUES = ("half", "10 % flipped", "20 % flipped")
FEW, MANY = 2, 40
SHOWN = 3  # faces in the figure
RECALLED = 0.98
MOSTLY = 0.75  # share recalled by each family, of the few faces with which all of them are tried
ENOUGH = 0.9  # share of the faces recalled for their number to be held
AVERAGE = 0.9  # overlap beyond which a state is the average face
TESTED = 6  # patterns tried of those stored, evenly spaced in the order of storing
ATTEMPTS = 12  # recalls at least: of fewer patterns each is tried from several fragments
BRIGHTEST = 62  # pixels of a face that are active in Willshaw's net
FAMILIES: dict[str, Callable[[], Memory]] = {
    "pseudo-inverse": lambda: Hopfield(CELLS, "pseudo-inverse"),
    "dense, order 3": lambda: DenseMemory(CELLS, 3),
    "dense, exponential": lambda: DenseMemory(CELLS, "exponential"),
    "sparse distributed": lambda: SparseDistributedMemory(CELLS, 1000),
    "Willshaw": lambda: Willshaw(CELLS, BRIGHTEST),
}
MENDS = 3  # the first of these hold more than plain Hebb, as was published

LineStyle = Literal["-", "--", ":"]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    images: Annotated[int, Meta(ge=5, le=200, description="images stored at most; the first 100 are faces")] = 40
    seeds: Annotated[int, Meta(ge=2, le=100, description="orders of storing, with their own fragments")] = 2
    passes: Annotated[int, Meta(ge=1, le=100, description="practice at most, of a rule that is told the target")] = 5


FULL = Settings(images=200, seeds=10, passes=30)


def unsuitable(rule: Rule) -> str | None:
    reason = not_for_patterns(rule)
    if reason:
        return reason
    memory = Hopfield(16, with_rate(rule, 1 / 16), passes=1)
    patterns = random_patterns(np.random.default_rng(0), 4, 16)
    try:
        put_in(memory, patterns[:2])
        put_in(memory, patterns)
    except CofireError as error:
        return f"it cannot store four small patterns: {error}"
    w = memory.weights
    if not is_taught(rule) and not np.allclose(w, w.T, atol=1e-4 * float(np.abs(w).max())):
        return "the two connections between two cells become different, so that recall need not come to rest"
    return None


def run(settings: Settings, rules: Sequence[Rule], seed: int, progress: Progress) -> Data:
    pictures = _images()[: settings.images]
    faces = binarised(pictures)
    counts = [count for count in STORED if count <= settings.images]
    shape = (len(rules), len(KINDS), len(counts), settings.seeds)
    found: Data = {
        "rules": [rule.name or rule.text for rule in rules],
        "counts": np.array(counts),
        "overlap": np.zeros((*shape, len(CUES))),
        "recalled": np.zeros((*shape, len(CUES))),
        "average": np.zeros(shape),
        "spurious": np.zeros(shape),
        "unsettled": np.zeros(shape),
        "negative": np.zeros((*shape[:2], settings.seeds)),
        "similarity": np.array([_similarity(faces[kind][:FACES]) for kind in KINDS[:2]]),
        "families": list(FAMILIES),
        "family_recalled": np.zeros((len(FAMILIES), 2, len(counts), settings.seeds)),
        "pictures": [],
        "picture_labels": [],
    }
    jobs = len(rules) * settings.seeds * len(KINDS)
    for s in range(settings.seeds):
        for k, kind in enumerate(KINDS):
            patterns, order = _in_order(faces, kind, settings.images, np.random.default_rng((seed, s, k, len(counts))))
            if s == 0 and k == 0:
                _keep_pictures(found, "grey levels", pictures[order])
                _keep_pictures(found, "stored", patterns)
            for r, rule in enumerate(rules):
                progress(0.9 * ((s * len(KINDS) + k) * len(rules) + r) / jobs, f"{found['rules'][r]}: {kind}")
                memory = Hopfield(CELLS, with_rate(rule, 1 / CELLS), passes=settings.passes)
                for c, count in enumerate(counts):
                    put_in(memory, patterns[0 if is_taught(rule) or c == 0 else counts[c - 1] : count])
                    rng = np.random.default_rng((seed, s, k, c))  # the same fragments for every rule
                    _test(found, (r, k, c, s), memory, patterns[:count], rng)
                    if count == FEW:
                        turned = fragment(patterns[:FEW], "negative", rng)
                        found["negative"][r, k, s] = overlap(_back(memory, turned), patterns[:FEW]).mean()
                    if s == 0 and k == 0 and count in (SHOWN, min(MANY, counts[-1])):
                        _photograph(found, r, count, memory, patterns, np.random.default_rng((seed, 7)))
            if kind != "random":
                progress(0.9 * (s * len(KINDS) + k + 1) / (settings.seeds * len(KINDS)), f"other families: {kind}")
                bright = brightest(pictures, centred=kind != "faces")[order]
                for f, name in enumerate(FAMILIES):
                    shown = bright if name == "Willshaw" else patterns
                    found["family_recalled"][f, k, :, s] = _of_family(FAMILIES[name](), shown, counts, (seed, s, k))
    found["pictures"] = np.array(found["pictures"])
    return found


def binarised(images: Array) -> dict[str, Array]:
    """`images[n, 625]` as patterns of ±1, by both ways; the average is of the faces, or of what follows them."""
    own = images > np.median(images, axis=1, keepdims=True)
    everything = _images()
    average = np.repeat([np.median(everything[:FACES], axis=0), np.median(everything[FACES:], axis=0)], FACES, axis=0)
    return {"faces": signs(own), "centred faces": signs(images > average[: len(images)])}


def brightest(images: Array, *, centred: bool) -> Array:
    """`images[n, 625]` as patterns of 0 and 1 for Willshaw's net: the brightest pixels, or those most above average."""
    light = images - _images()[:FACES].mean(axis=0) if centred else images
    result = np.zeros(images.shape, dtype=np.float32)
    np.put_along_axis(result, np.argsort(-light, axis=1, kind="stable")[:, :BRIGHTEST], np.float32(1), axis=1)
    return result


def findings(data: Data) -> list[Finding]:
    result = [finding for r in range(len(data["rules"])) for finding in _of_rule(data, r)]
    names = data["rules"]
    if names[0] == "hebb" and len(names) > 1:
        held = [[_held(data, r, k) for k in (0, 1)] for r in range(len(names))]
        share = data["recalled"][:, :2, :, :, 0].mean(axis=(2, 3))  # a finer measure than the numbers tried
        shown = (f"{name} {_number(data, a)} and {_number(data, b)}" for name, (a, b) in zip(names, held, strict=True))
        claim = f"what mends it: faces and centred faces held ({', '.join(names)})"
        result.append(
            Finding(claim, "; ".join(shown), "more than plain Hebb", "M", verdict(np.all(share[1:] > share[0])))
        )
    return result + _of_families(data)


def _of_families(data: Data) -> list[Finding]:
    names, recalled = data["families"], data["family_recalled"]
    few = list(data["counts"]).index(FEW)
    tries = recalled.shape[1] * recalled.shape[3] * ATTEMPTS
    shares = recalled[:, :, few].mean(axis=(1, 2))
    shown = ", ".join(f"{name} {round(share * tries)}" for name, share in zip(names, shares, strict=True))
    held = [[_most(data, recalled[f, k]) for k in (0, 1)] for f in range(len(names))]
    counted = (f"{name} {_number(data, a)} and {_number(data, b)}" for name, (a, b) in zip(names, held, strict=True))
    steep = recalled[:MENDS].mean(axis=(1, 2, 3))
    result = [
        Finding(
            f"half a face brings back the whole in every family, {FEW} stored",
            f"recalled of {tries}: {shown}",
            f"what is stored attracts; asked: {100 * MOSTLY:.0f} % in each",
            "M",
            verdict(np.all(shares >= MOSTLY)),
        )
    ]
    if data["rules"][0] == "hebb":
        plain = data["recalled"][0, :2, :, :, 0].mean()
        claim = f"faces and centred faces held by other families (hebb {_held(data, 0, 0)} and {_held(data, 0, 1)})"
        published = f"{', '.join(names[:MENDS])}: more than plain Hebb"
        result.append(Finding(claim, "; ".join(counted), published, "M", verdict(np.all(steep > plain))))
    return result


def _of_rule(data: Data, r: int) -> Iterator[Finding]:
    name, counts = data["rules"][r], list(data["counts"])
    few = counts.index(FEW)

    reached, recalled = (data[key][r, :2, few] for key in ("overlap", "recalled"))
    tries = 2 * reached.shape[1] * ATTEMPTS
    yield Finding(
        f"half a face brings back the whole, {FEW} stored ({name})",
        f"overlap {spread(reached[..., 0])} from .50; {round(recalled[..., 0].mean() * tries)} of {tries} recalled",
        "overlap 1: what is stored attracts (Hopfield 1982); asked: above .95",
        "M",
        verdict(reached[..., 0].mean() > 0.95),
    )
    yield Finding(
        f"a face with wrong pixels is put right, {FEW} stored ({name})",
        f"overlap {spread(reached[..., 1])} from .80; {spread(reached[..., 2])} from .60",
        "overlap 1: what is stored attracts (Hopfield 1982); asked: above .95",
        "M",
        verdict(reached[..., 1:].mean() > 0.95),
    )
    yield Finding(
        f"the negative of a face is remembered too, {FEW} stored ({name})",
        f"overlap {spread(data['negative'][r, :2])}",
        "-1: recall is the same with all signs turned; asked: below -.95",
        "theory",
        verdict(data["negative"][r, :2].mean() < -0.95),
    )
    held = [_held(data, r, k) for k in range(len(KINDS))]
    measured = ", ".join(f"{_number(data, number)} {kind}" for number, kind in zip(held, KINDS, strict=True))
    fewer = "fewer faces: patterns that are alike disturb each other"
    claim = f"faces are harder than random patterns: number held, from half ({name})"
    no_limit = held[0] == counts[-1]  # every face was recalled
    found = "does not apply" if no_limit else verdict(0 < held[0] < held[2])
    yield Finding(claim, measured + _failures(data, r), fewer, "theory", found)


def _failures(data: Data, r: int) -> str:
    """What happens instead, with the most faces stored."""
    last = int(np.searchsorted(data["counts"], FACES, side="right")) - 1
    spurious, average, unsettled = (data[key][r, 0, last].mean() for key in ("spurious", "average", "unsettled"))
    if spurious < 0.05:
        return ""
    text = f"; with {data['counts'][last]} faces stored {100 * spurious:.0f} % end in a state that is no stored face"
    text += f", the average face (overlap {average:.2f})" if average > AVERAGE else ""
    return text + (f", {100 * unsettled:.0f} % of fragments do not come to rest" if unsettled > 0 else "")


def figure(data: Data) -> Figure:
    from matplotlib.lines import Line2D

    from cofire.experiments._figure import COLOURS, GREY, new_figure

    fig, axes = new_figure(2, 2, width=11, height=8.4, height_ratios=(1.15, 1))
    grid = axes[0, 0].get_gridspec()
    for ax in axes[0]:
        ax.remove()
    _draw_pictures(fig.add_subplot(grid[0, :]), data)
    recalled, families = axes[1]
    counts, names = data["counts"], data["rules"]
    colours = [COLOURS[r % len(COLOURS)] for r in range(len(names))]
    styles: tuple[LineStyle, ...] = ("-", "--", ":")
    drawn = [(r, k) for r in range(len(names)) for k in range(len(KINDS)) if k < 2 or r == 0]

    for r, k in drawn:
        y = data["recalled"][r, k, :, :, 0]
        mean, deviation = y.mean(axis=1), y.std(axis=1)
        recalled.plot(counts, mean, styles[k], color=colours[r], marker="o", markersize=3)
        band = np.clip([mean - deviation, mean + deviation], 0, 1)
        recalled.fill_between(counts, *band, color=colours[r], alpha=0.12, linewidth=0)
    recalled.set(xscale="log", xlabel="patterns stored", ylabel=f"share with overlap > {RECALLED}", ylim=(-0.03, 1.05))
    recalled.set_title("Recalled from half", fontsize=10)
    keys = [Line2D([], [], color=colour, label=name) for colour, name in zip(colours, names, strict=True)]
    keys += [Line2D([], [], color=GREY, linestyle=style, label=kind) for style, kind in zip(styles, KINDS, strict=True)]
    recalled.legend(handles=keys, fontsize=7.5, loc="lower left", frameon=False)

    for f, name in enumerate(data["families"]):
        for k in (0, 1):
            y = data["family_recalled"][f, k].mean(axis=1)
            look = {"color": COLOURS[(f + 2) % len(COLOURS)], "marker": "o", "markersize": 3}
            families.plot(counts, y, styles[k], label=name if k == 0 else None, **look)
    families.set(xscale="log", xlabel="patterns stored", ylim=(-0.03, 1.05))
    shown = [number for number in (2, 5, 10, 20, 40, 100, 200) if number in data["counts"]]
    for ax in (recalled, families):
        ax.minorticks_off()  # whose labels would overlap
        ax.set_xticks(shown, [str(number) for number in shown])
    families.set_title("The same halves in other memories", fontsize=10)
    families.legend(fontsize=7.5, loc="lower left", frameon=False)
    return fig


def _test(
    found: Data, at: tuple[int, int, int, int], memory: Memory, patterns: Array, rng: np.random.Generator
) -> None:
    """Recalls some of the stored patterns from each kind of fragment."""
    chosen = _tried(patterns)
    answer = memory.recall(np.concatenate([fragment(chosen, cue, rng) for cue in CUES]), mode="asynchronous")
    back = answer.patterns.reshape(len(CUES), *chosen.shape)
    reached = overlap(back, chosen)
    found["overlap"][at] = reached.mean(axis=1)
    found["recalled"][at] = np.mean(reached > RECALLED, axis=1)
    found["average"][at] = np.mean(np.abs(overlap(back[0], signs(patterns.sum(axis=0) > 0))))
    nearest = np.max(np.abs(back[0] @ patterns.T), axis=1) / patterns.shape[1]
    found["spurious"][at] = np.mean(nearest <= RECALLED)
    found["unsettled"][at] = 1 - answer.converged.mean()


def _tried(patterns: Array) -> Array:
    """Some of the stored patterns, each as often as it is to be recalled."""
    chosen = patterns[evenly(len(patterns), TESTED)]
    return np.repeat(chosen, -(-ATTEMPTS // len(chosen)), axis=0)


def _back(memory: Memory, cues: Array) -> Array:
    result: Array = memory.recall(cues, mode="asynchronous").patterns
    return result


def _of_family(memory: Memory, patterns: Array, counts: Sequence[int], seed: tuple[int, ...]) -> list[float]:
    """The share recalled from half, at each of `counts` stored."""
    shares, done = [], 0
    for c, count in enumerate(counts):
        put_in(memory, patterns[done:count])
        done = count
        chosen = _tried(patterns[:count])
        if isinstance(memory, Willshaw):
            shown = chosen.copy()
            shown[:, CELLS // 2 :] = 0
        else:
            shown = fragment(chosen, "half", np.random.default_rng((*seed, c)))
        shares.append(float(np.mean(overlap(memory.recall(shown, steps=20).patterns, chosen) > RECALLED)))
    return shares


def _images() -> Array:
    return datasets.faces().reshape(-1, CELLS)


def _in_order(
    faces: dict[str, Array], kind: str, number: int, rng: np.random.Generator
) -> tuple[Array, NDArray[np.int64]]:
    """The patterns of one kind in the order of storing: faces first, then other images; and that order."""
    order = np.concatenate([rng.permutation(min(number, FACES)), FACES + rng.permutation(max(0, number - FACES))])
    return (random_patterns(rng, number, CELLS) if kind == "random" else faces[kind][order]), order


def _photograph(found: Data, r: int, count: int, memory: Memory, patterns: Array, rng: np.random.Generator) -> None:
    """Keeps what came back from half of the first faces."""
    cues = fragment(patterns[:SHOWN], "half", rng)
    if r == 0 and count == SHOWN:
        _keep_pictures(found, "half shown", cues)
    if r == 0 or count > SHOWN:
        _keep_pictures(found, f"came back\n{found['rules'][r]}, {count} stored", _back(memory, cues))


def _keep_pictures(found: Data, label: str, images: NDArray[Any]) -> None:
    found["picture_labels"].append(label)
    found["pictures"].append(images[:SHOWN].reshape(SHOWN, SIDE, SIDE))


def _draw_pictures(ax: Any, data: Data) -> None:
    """One column a kind of picture, one row a face."""
    pictures, labels = data["pictures"], data["picture_labels"]
    step = SIDE + 3
    sheet = np.full((SHOWN * step - 3, len(labels) * step - 3), np.nan)
    for column, images in enumerate(pictures):
        low, high = float(images.min()), float(images.max())
        for row, image in enumerate(images):
            sheet[row * step : row * step + SIDE, column * step : column * step + SIDE] = (image - low) / (
                high - low or 1
            )
    ax.imshow(sheet, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    ax.set_xticks([column * step + SIDE / 2 for column in range(len(labels))], labels, fontsize=8)
    ax.tick_params(length=0, labeltop=True, labelbottom=False)
    ax.set_yticks([])
    ax.spines[:].set_visible(False)


def _similarity(patterns: Array) -> float:
    """The mean overlap of two different ones."""
    total = float(np.sum(patterns.sum(axis=0) ** 2)) / patterns.shape[1]
    return (total - len(patterns)) / max(1, len(patterns) * (len(patterns) - 1))


def _held(data: Data, r: int, k: int) -> int:
    """The largest number stored up to which nine in ten are recalled from half."""
    return _most(data, data["recalled"][r, k, :, :, 0])


def _most(data: Data, recalled: NDArray[Any]) -> int:
    """The same of `recalled[counts, seeds]`."""
    enough = recalled.mean(axis=1) >= ENOUGH
    first = int(np.argmin(enough)) if not enough.all() else len(enough)
    return int(data["counts"][first - 1]) if first else 0


def _number(data: Data, held: int) -> str:
    return f"≥ {held}" if held == data["counts"][-1] else str(held)
