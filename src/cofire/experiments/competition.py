"""Competition: cells that learn suppress the others, and each comes to stand for something else.

Protocol. A layer of cells, all connected to the pixels of real images, starts from random weights and learns without
labels. At each step it sees a batch of images; the cells compete; what competition leaves of their activity is `post`;
and the weights make one `rule.step`, in which every sample counts in full (`reduce="sum"`) as if they came one by one.
A step lasts 1 at first and ever less, linearly, down to 0 (`dt`): the learning rate is the rule's own `eta`, annealed.

How cells compete belongs to the rule:
    hard      post is 1 for the cell of greatest response and 0 for all others (Rumelhart and Zipser 1985)
    soft      post is +q for the winner and -q for all others, q = softmax(t · response) (Journé et al. 2023)
    ranked    post is 1 for the winner, -Δ for the cell of rank k, else 0 (Krotov and Hopfield 2019)
    none      post is the response itself: the control, in which nobody suppresses anybody; soft_hebb is then oja
The response is w·x; in a ranked competition it is Σ sign(w) |w|^(p-1) x, with the p of the rule. `auto` takes soft for
soft_hebb, ranked for krotov_hopfield, none for the rules whose post is a linear cell's response, and hard for others.

Cells start longer (`start`) than the rules will leave them. A cell that wins grows shorter, and so answers less loudly
than those that have not won yet: every cell gets its turn. With start = 1 most never win. A conscience (DeSieno 1988)
does the same by handicapping frequent winners; it is there to be compared, and off.
The rule `competitive` gives every cell the same summed weight, so the same length only if all patterns have equally
many active lines, as in the paper. Clothes have not, and there its cells come to win without fitting best.

Data. Every image is scaled to unit length, which krotov_hopfield needs and which does no harm to the others.
    digits           1797 digits of 8 × 8, split anew for each seed into training and test images
    fashion_mnist    28 × 28; the first images of its own training and test part, the same for each seed
What changes with the seed: starting weights, order of samples, random features, start of k-means, and the split.

What is measured. After learning, each cell is given the class that is commonest among the training images it wins.
    purity     the share of training images that are of the class of the cell that wins them, before and after learning
    dead       cells that win no training image
    likeness   mean |cos| between the weights of two cells
    by winner  test images whose winner stands for their class
    by ridge   test images named by a ridge regression on relu(response - mean response of the cells), its penalty
               chosen by generalised cross-validation on training images
Beside the rules stand random features (as many cells, Gaussian weights), k-means (as many centres, the response being
x·c - |c|²/2, which the nearest centre has most of) and, on raw pixels, ridge and logistic regression. Labels of
training images serve those readouts and nothing else; labels of test images are only compared with what was predicted.
Control: with the labels of the training images shuffled, both readouts must fall to chance.

Verdicts. "Specialise": purity rises by more than a tenth and two standard deviations over seeds, and fewer than half
of the cells are dead. "Better than random, no worse than k-means", by ridge: the differences over seeds lie two
standard errors above, and not two below. These criteria are ours. That cells specialise is recalled, without a number
(M); that without competition they come to be alike, |cos| > .99, is theory. For the accuracy there is a table of our
own, one seed, Fashion-MNIST, plain numpy (C): ridge on pixels 81.1 %, logistic 84.4, k-means 500 84.1, random ReLU 2000
86.4, dense SoftHebb 400 81.5; there, learned features lost to more numerous random ones.

Ours: numbers of cells, epochs and batches, `start`, the penalty of the logistic regression (C = 10), and t, since the
paper's 12 is for images that are not of unit length. k and Δ are those published for Fashion-MNIST.
Sources: D. E. Rumelhart, D. Zipser, Cogn. Sci. 9:75-112, 1985; D. DeSieno, Proc. IEEE ICNN 1:117-124, 1988;
D. Krotov, J. J. Hopfield, PNAS 116:7723-7731, 2019; A. Journé et al., ICLR 2023, arXiv:2209.11883.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from cofire import data as datasets
from cofire.activations import hard, ranked, soft
from cofire.errors import ArrayError, DivergenceError, ExperimentError
from cofire.estimators.competition import handicapped, share_of_wins
from cofire.estimators.labels import label_units
from cofire.estimators.threads import one_thread
from cofire.estimators.weights import likeness, unit_length
from cofire.experiments._experiment import Data, Finding, Progress
from cofire.experiments._rates import label, not_for_rates
from cofire.experiments._readouts import CLASSES, k_means, logistic, predicted, purity, ridge
from cofire.experiments._statistics import difference, percent_spread, spread, verdict
from cofire.rule import Rule

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

CLAIM = "Cells that learn suppress others and specialise."
CLAIMS = (8,)
SOURCE = (
    "D. E. Rumelhart, D. Zipser, Cogn. Sci. 9:75-112, 1985; D. Krotov, J. J. Hopfield, PNAS 116:7723-7731, 2019; "
    "A. Journé et al., ICLR 2023, arXiv:2209.11883"
)
RULES = ("instar", "competitive", "soft_hebb", "krotov_hopfield", "oja")

SHOWN = 36  # prototypes kept for the figure
SHUFFLES = 4  # orders of shuffled labels for each seed
BASELINES = ("random", "k-means")
READOUTS = ("winner", "ridge")
OWN = "our own run on Fashion-MNIST, 1 seed: "

Kind = Literal["hard", "soft", "ranked", "none"]
Array = NDArray[Any]

_LINEAR = ("hebb", "hebb_with_decay", "covariance", "oja")
_KINDS: dict[str, Kind] = {"soft_hebb": "soft", "krotov_hopfield": "ranked", **dict.fromkeys(_LINEAR, "none")}
_UNSUITABLE = {
    "anti_hebb": "it weakens what fires together, so that no cell comes to stand for anything",
    "bcm": "its cells become selective without each other, which `stability` tests",
    "delta": "it needs a teacher, and learning here is without one",
    "foldiak": "it is for weights between the cells of one layer",
    "oja_subspace": "its cells share the eigenvectors out without competition, which `stability` tests",
    "outstar": "it learns what a cell sends out, not what it answers to",
    "sanger": "its cells share the eigenvectors out without competition, which `stability` tests",
    "storkey": "it is for weights between the cells of one layer",
}


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    data: Annotated[Literal["digits", "fashion_mnist"], Meta(description="real images")] = "digits"
    train: Annotated[int, Meta(ge=100, le=60_000, description="training images")] = 1347
    test: Annotated[int, Meta(ge=50, le=10_000, description="test images")] = 450
    cells: Annotated[int, Meta(ge=2, le=10_000, description="cells, random features, centres of k-means; ours")] = 64
    epochs: Annotated[int, Meta(ge=1, le=1000, description="times that each training image is seen; ours")] = 20
    batch: Annotated[int, Meta(ge=1, le=1000, description="images in a step; ours")] = 32
    seeds: Annotated[int, Meta(ge=2, le=100, description="runs of each rule and baseline")] = 5
    competition: Annotated[
        Literal["auto", "hard", "soft", "ranked", "none"], Meta(description="what competition leaves of a response")
    ] = "auto"
    start: Annotated[float, Meta(gt=0, le=100, description="length of the weights of a cell at first; ours")] = 2.0
    conscience: Annotated[
        float, Meta(ge=0, le=100, description="handicap of frequent winners (hard only), DeSieno 1988; 0 is off")
    ] = 0.0
    temperature: Annotated[
        float, Meta(gt=0, le=1e4, description="t of the softmax (soft only); Journé et al. 12, not on unit length")
    ] = 200.0
    rank: Annotated[int, Meta(ge=2, le=10_000, description="k (ranked only); Krotov & Hopfield 2 to 7")] = 5
    depression: Annotated[float, Meta(ge=0, le=1, description="Δ (ranked only); Krotov & Hopfield .1 to .4")] = 0.3


FULL = Settings(data="fashion_mnist", train=60_000, test=10_000, cells=400, epochs=5)


def unsuitable(rule: Rule) -> str | None:
    """Why `rule` cannot learn in a layer of competing cells with rates, or None."""
    return _UNSUITABLE.get(rule.name or "") or not_for_rates(rule, layer=True)


def run(settings: Settings, rules: Sequence[Rule], seed: int, progress: Progress) -> Data:
    kinds = [_kind(rule, settings) for rule in rules]
    _check(settings, kinds)
    methods = [*(label(rule) for rule in rules), *BASELINES]
    found: Data = {
        "data": settings.data,
        "cells": settings.cells,
        "rules": [label(rule) for rule in rules],
        "kinds": kinds,
        "diverged": ["" for _ in rules],
        "methods": methods,
        "truth": [],
        "pixels": {"ridge": [], "logistic": []},
        "before": np.full((len(rules), settings.seeds), np.nan),
        **{key: np.full((len(methods), settings.seeds), np.nan) for key in ("purity", "dead", "likeness")},
        "predicted": np.full((len(methods), len(READOUTS), settings.seeds, settings.test), -1, dtype=np.int8),
        "shuffled": np.full((len(methods), SHUFFLES, len(READOUTS), settings.seeds, settings.test), -1, dtype=np.int8),
        "prototypes": [None] * len(methods),
    }
    with one_thread():
        for s in range(settings.seeds):
            _one_seed(settings, rules, kinds, (seed, s), s, found, progress)
    found["truth"] = np.array(found["truth"])
    found["pixels"] = {name: np.array(named) for name, named in found["pixels"].items()}
    return found


def findings(data: Data) -> list[Finding]:
    accuracies = _accuracies(data)
    found = [finding for r in range(len(data["rules"])) for finding in _of_rule(data, r, accuracies)]
    competing = [r for r, kind in enumerate(data["kinds"]) if kind != "none" and not data["diverged"][r]]
    if competing:
        found.append(_against_pixels(data, competing, accuracies))
    ran = [r for r in range(len(data["rules"])) if not data["diverged"][r]]
    if ran:
        found.append(_control(data, ran))
    return found


def figure(data: Data) -> Figure:
    from matplotlib.figure import Figure

    shown = [(m, name) for m, name in enumerate(data["methods"]) if data["prototypes"][m] is not None]
    fig = Figure(figsize=(max(9.5, 1.9 * len(shown)), 6.2), layout="constrained", dpi=110)
    above, below = cast("Sequence[SubFigure]", fig.subfigures(2, 1, height_ratios=(1, 1.35)))
    for ax, (m, name) in zip(above.subplots(1, len(shown), squeeze=False)[0], shown, strict=True):
        _draw_prototypes(ax, data, m, name)
    for ax, draw in zip(below.subplots(1, 2), (_draw_winners, _draw_ridge), strict=True):
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(labelsize=9)
        ax.set_ylabel(f"test images right (%), {len(data['truth'])} seeds ± s.d.", fontsize=9)
        draw(ax, data)
    return fig


def learned(rule: Rule, kind: Kind, images: Array, settings: Settings, rng: np.random.Generator) -> tuple[Array, Array]:
    """Weights `[cells, pixels]` at the start and after learning from `images[n, pixels]`. Raises: `DivergenceError`."""
    exponent = _exponent(rule, kind)
    start = np.abs(rng.standard_normal((settings.cells, images.shape[1]), dtype=np.float32))
    start *= settings.start / np.sum(start**exponent, axis=1, keepdims=True) ** (1 / exponent)
    w, state = start.copy(), None
    batch = min(settings.batch, len(images))
    steps = settings.epochs * (len(images) // batch)
    wins = np.full(settings.cells, 1 / settings.cells)
    done = 0
    with np.errstate(all="ignore"):  # what overflows is found by the engine
        for _ in range(settings.epochs):
            order = rng.permutation(len(images))
            for begin in range(0, len(images) - batch + 1, batch):
                x = images[order[begin : begin + batch]]
                post = _competed(response(w, x, exponent), kind, wins, settings)
                try:
                    w, state = rule.step(w, pre=x, post=post, state=state, out=w, dt=1 - done / steps, reduce="sum")
                except ArrayError as error:  # a response to weights still finite was not
                    if not done:
                        raise
                    raise DivergenceError(f"the responses left the range of float32 at step {done + 1}") from error
                done += 1
    return start, w


def response(w: Array, images: Array, exponent: float = 2.0) -> Array:
    """Σ sign(w) |w|^(exponent - 1) x of each cell to each image, `[n, cells]`; w·x for an exponent of 2."""
    result: Array = images @ (w if exponent == 2 else np.sign(w) * np.abs(w) ** (exponent - 1)).T
    return result


def _check(settings: Settings, kinds: Sequence[Kind]) -> None:
    if settings.data == "digits" and settings.train + settings.test > 1797:
        raise ExperimentError(
            f"competition: train + test = {settings.train + settings.test}, but there are 1797 digits"
        )
    if settings.cells > settings.train:
        raise ExperimentError(f"competition: cells = {settings.cells} is more than train = {settings.train} images")
    if "ranked" in kinds and settings.rank > settings.cells:
        raise ExperimentError(f"competition: rank = {settings.rank} is more than cells = {settings.cells}")


def _kind(rule: Rule, settings: Settings) -> Kind:
    if settings.competition != "auto":
        return settings.competition
    return _KINDS.get(rule.name or "", "hard")


def _exponent(rule: Rule, kind: Kind) -> float:
    return rule.values.get("p", 2.0) if kind == "ranked" else 2.0


def _images(settings: Settings, rng: np.random.Generator) -> tuple[Array, Array, Array, Array]:
    """Training images and labels, test images and labels; `images[n, pixels]` of unit length."""
    if settings.data == "digits":
        images, labels = datasets.digits()
        order = rng.permutation(len(images))[: settings.train + settings.test]
        train, test = order[: settings.train], order[settings.train :]
        parts = (images[train], labels[train], images[test], labels[test])
    else:
        parts = (
            *datasets.fashion_mnist("train", first=settings.train),
            *datasets.fashion_mnist("test", first=settings.test),
        )
    train, test = (unit_length(images.reshape(len(images), -1)) for images in (parts[0], parts[2]))
    return train, parts[1], test, parts[3]


def _competed(u: Array, kind: Kind, wins: Array, settings: Settings) -> Array:
    """What competition leaves of the responses `u[batch, cells]`; updates `wins`, the share that each cell wins."""
    if kind == "none":
        return u
    if kind == "soft":
        return soft(u, settings.temperature)
    if kind == "ranked":
        return ranked(u, settings.rank, settings.depression)
    if not settings.conscience:
        return hard(u)
    post = hard(handicapped(u, wins, settings.conscience))
    wins[:] = share_of_wins(wins, post)
    return post


def _one_seed(
    settings: Settings,
    rules: Sequence[Rule],
    kinds: Sequence[Kind],
    seed: tuple[int, int],
    s: int,
    found: Data,
    progress: Progress,
) -> None:
    """Everything for one seed, put into `found`."""
    train, labels, test, truth = _images(settings, np.random.default_rng((*seed, 0)))
    found["truth"].append(truth)
    mixed = np.random.default_rng((*seed, 1))
    labellings = np.stack([labels, *(mixed.permutation(labels) for _ in range(SHUFFLES))])

    def keep(m: int, u_train: Array, u_test: Array, w: Array, drawn: bool) -> None:
        found["likeness"][m, s] = likeness(w)
        found["purity"][m, s], found["dead"][m, s] = purity(u_train, labels)
        read = predicted(u_train, u_test, labellings)
        found["predicted"][m, :, s], found["shuffled"][m, :, :, s] = read[0], read[1:]
        if s == 0 and drawn:
            found["prototypes"][m] = _chosen(w, u_train, labels)

    parts = settings.seeds * (len(rules) + 1)
    for r, rule in enumerate(rules):
        progress((s * (len(rules) + 1) + r) / parts, f"seed {s + 1} of {settings.seeds}: {found['rules'][r]}")
        try:
            start, w = learned(rule, kinds[r], train, settings, np.random.default_rng((*seed, 2)))
        except DivergenceError as error:
            found["diverged"][r] = str(error).partition(";")[0]
            continue
        exponent = _exponent(rule, kinds[r])
        found["before"][r, s] = purity(response(start, train, exponent), labels)[0]
        keep(r, response(w, train, exponent), response(w, test, exponent), w, True)
    progress((s * (len(rules) + 1) + len(rules)) / parts, f"seed {s + 1} of {settings.seeds}: baselines")
    rng = np.random.default_rng((*seed, 3))
    w = rng.standard_normal((settings.cells, train.shape[1]), dtype=np.float32)
    w /= np.linalg.norm(w, axis=1, keepdims=True)
    keep(len(rules), response(w, train), response(w, test), w, False)
    centres = k_means(train, settings.cells, (*seed, 4))
    half = np.sum(centres**2, axis=1) / 2
    keep(len(rules) + 1, response(centres, train) - half, response(centres, test) - half, centres, True)
    if s and settings.data == "fashion_mnist":  # the same images for every seed
        for named in found["pixels"].values():
            named.append(named[0])
    else:
        found["pixels"]["ridge"].append(ridge(train, labels, test, float(np.mean(train**2))))
        found["pixels"]["logistic"].append(logistic(train, labels, test))


def _chosen(w: Array, u: Array, labels: Array) -> Array:
    """Up to `SHOWN` cells as images `[n, side, side]`, taken evenly, ordered by class, those that win nothing last."""
    classes = label_units(u.argmax(axis=1), labels, len(w))
    order = np.argsort(np.where(classes < 0, CLASSES, classes), kind="stable")
    order = order[np.linspace(0, len(w) - 1, min(SHOWN, len(w))).round().astype(int)]
    side = int(np.sqrt(w.shape[1]))
    return w[order].reshape(-1, side, side).astype(np.float32)


def _accuracies(data: Data) -> Array:
    """Share of test images named rightly, `[method, readout, seed]`; NaN where a rule diverged."""
    right: Array = np.mean(data["predicted"] == data["truth"], axis=-1)
    right[[r for r, diverged in enumerate(data["diverged"]) if diverged]] = np.nan
    return right


def _of_pixels(data: Data) -> dict[str, Array]:
    return {name: np.mean(named == data["truth"], axis=-1) for name, named in data["pixels"].items()}


def _of_rule(data: Data, r: int, accuracies: Array) -> Iterator[Finding]:
    name, kind = data["rules"][r], data["kinds"][r]
    alike = f"without competition all cells are alike ({name})"
    specialise = f"cells specialise ({name})"
    differ = (
        "cells come to answer to different patterns, no number; asked: purity up by 10 points and two standard "
        "deviations, fewer than half never win"
    )
    if data["diverged"][r]:
        yield Finding(alike if kind == "none" else specialise, data["diverged"][r], differ, "M", "not reproduced")
        return
    cosine, pure, before = data["likeness"][r], data["purity"][r], data["before"][r]
    cells = "cells that never win: " + spread(data["dead"][r], 0)
    shown = f"|cos| of two cells {spread(cosine)}; purity {percent_spread(before)} → {percent_spread(pure)}; {cells}"
    if kind == "none":
        published = "every cell finds the same direction (Oja 1982); asked: |cos| > .99"
        yield Finding(alike, shown, published, "theory", verdict(bool(cosine.min() > 0.99)))
        return
    gain = pure - before
    size = data["cells"]
    good = gain.mean() > max(0.1, 2 * gain.std(ddof=1)) and data["dead"][r].mean() < size / 2
    yield Finding(specialise, shown, differ, "M", verdict(bool(good)))
    own = accuracies[r, 1]
    random, k_means = accuracies[len(data["rules"]) :, 1]
    beside = f"random {percent_spread(random)}, k-means {percent_spread(k_means)}"
    beside += f"; by winner {percent_spread(accuracies[r, 0])}"
    better = difference(own, random) > 2 and not difference(own, k_means) < -2
    yield Finding(
        f"features better than random, no worse than k-means ({name})",
        f"{percent_spread(own)}; {beside}",
        f"{_elsewhere(data)}dense SoftHebb 400 81.5 %, k-means 500 84.1 %, random ReLU 2000 86.4 %; asked: two "
        "standard errors over seeds above random, not two below k-means",
        "C",
        verdict(better),
    )


def _elsewhere(data: Data) -> str:
    """The only published numbers are of clothes, and are not to be compared with a share of digits."""
    return OWN if data["data"] == "fashion_mnist" else f"no number for digits; {OWN}"


def _against_pixels(data: Data, competing: Sequence[int], accuracies: Array) -> Finding:
    own = accuracies[competing, 1]
    best = int(own.mean(axis=1).argmax())
    pixels = _of_pixels(data)
    reference = max(pixels.values(), key=lambda found: float(found.mean()))
    beside = ", ".join(f"{name} {percent_spread(found)}" for name, found in pixels.items())
    return Finding(
        "learned features, read linearly, are better than raw pixels",
        f"{percent_spread(own[best])} at best ({data['rules'][competing[best]]}); pixels: {beside}",
        f"asked: two standard errors better; nor were they in {OWN}dense SoftHebb 400 81.5 %; pixels: ridge 81.1 %, "
        "logistic 84.4 %",
        "C",
        verdict(difference(own[best], reference) > 2),
    )


def _control(data: Data, ran: Sequence[int]) -> Finding:
    right = np.mean(data["shuffled"][ran] == data["truth"], axis=(0, -1))  # [shuffle, readout, seed]
    shown = ", ".join(f"by {name} {percent_spread(right[:, i].ravel())}" for i, name in enumerate(READOUTS))
    above = right.mean(axis=(0, 2)).max() - 1 / CLASSES
    claim = "control: with shuffled labels nothing is recognised"
    return Finding(claim, shown, "10 %; asked: less than 13 %", "theory", verdict(bool(above < 0.03)))


def _draw_prototypes(ax: Axes, data: Data, m: int, name: str) -> None:
    """Up to `SHOWN` cells, each on its own scale: dark above zero, orange below."""
    from matplotlib.colors import LinearSegmentedColormap

    from cofire.experiments._figure import ORANGE, draw_images

    draw_images(ax, data["prototypes"][m], LinearSegmentedColormap.from_list("weights", [ORANGE, "white", "black"]))
    kind = f"\n{data['kinds'][m]} competition" if m < len(data["kinds"]) else "\ncentres"
    ax.set_title(name + kind.replace("none", "no"), fontsize=9)


def _draw_winners(ax: Axes, data: Data) -> None:
    """Bars from zero, with the spread over seeds and a point for each seed."""
    from cofire.experiments._figure import BLUE, GREY, ORANGE

    accuracies = _points(ax, data, 0)
    colours = [ORANGE if kind == "none" else BLUE for kind in data["kinds"]] + [GREY] * len(BASELINES)
    ax.bar(np.arange(len(accuracies)), np.nan_to_num(accuracies.mean(axis=1)), color=colours, width=0.7, zorder=1)
    ax.axhline(100 / CLASSES, color="black", linewidth=0.8, linestyle=":", label="chance")
    ax.set_ylim(0, 108)
    ax.set_yticks(range(0, 101, 20))
    ax.set_title(f"{_shown_images(data)}, by the class of the winning cell", fontsize=10)
    ax.legend(fontsize=8, frameon=False, loc="upper right", bbox_to_anchor=(0.87, 0.75))


def _draw_ridge(ax: Axes, data: Data) -> None:
    """Means with the spread over seeds and a point for each seed, on a narrow scale; what is below it is written."""
    from cofire.experiments._figure import GREEN, RED

    accuracies = _points(ax, data, 1)
    pixels = {name: 100 * found.mean() for name, found in _of_pixels(data).items()}
    for (name, mean), colour in zip(pixels.items(), (GREEN, RED), strict=True):
        ax.axhline(mean, color=colour, linewidth=1.2, linestyle="--", zorder=0, label=f"pixels, {name}")
    competing = [m for m in range(len(accuracies)) if m >= len(data["kinds"]) or data["kinds"][m] != "none"]
    inside = np.concatenate([accuracies[competing].ravel(), list(pixels.values())])
    low, high = np.nanmin(inside), np.nanmax(inside)
    low, high = low - 0.15 * (high - low), high + 0.45 * (high - low)
    ax.set_ylim(low, high)
    for m, values in enumerate(accuracies):
        if values.mean() < low:
            ax.annotate(
                f"{values.mean():.1f}\n↓", (m, low), (0, 2), textcoords="offset points", ha="center", fontsize=8
            )
    ax.set_title(f"{_shown_images(data)}, by ridge regression on the cells (narrow scale)", fontsize=10)
    ax.legend(fontsize=8, frameon=False, ncols=2, loc="upper center")


def _shown_images(data: Data) -> str:
    return "Fashion-MNIST" if data["data"] == "fashion_mnist" else "Digits of 8 × 8"


def _points(ax: Axes, data: Data, readout: int) -> Array:
    """Draws a point for each seed, the mean and the spread; returns the accuracies in per cent, `[method, seed]`."""
    accuracies: Array = 100 * _accuracies(data)[:, readout]
    means, spreads = accuracies.mean(axis=1), accuracies.std(axis=1, ddof=1)
    for m, values in enumerate(accuracies):
        if np.isnan(values).any():
            ax.text(m, 0.03, "diverged", transform=ax.get_xaxis_transform(), ha="center", rotation=90, fontsize=8)
            continue
        ax.errorbar(m, means[m], spreads[m], color="black", capsize=4, marker="_", markersize=14, zorder=3)
        ax.plot(m + np.linspace(-0.18, 0.18, len(values)), values, ".", color="0.45", markersize=4, zorder=2)
        top = max(means[m] + spreads[m], values.max())
        paper = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.5}
        above: Any = {"textcoords": "offset points", "ha": "center", "annotation_clip": True}
        ax.annotate(f"{means[m]:.1f}", (m, top), (0, 5), fontsize=8, bbox=paper, **above)
    ax.set_xticks(range(len(accuracies)), [name.replace("_", "_\n") for name in data["methods"]], fontsize=8)
    return accuracies
