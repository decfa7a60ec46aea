"""Growth without bound is tamed: what Hebb's rule does alone, and what Oja's, Sanger's and the BCM rule do instead.

Protocol, three parts, each `rule.step` on the engine. Cells are linear, y = W·x, unless said otherwise.
    left to itself  Three cells with ten Gaussian inputs, whose correlation matrix has the eigenvalues `SPECTRUM` along
                    directions drawn for each seed. The rule runs until the engine reports that the weights left the
                    range of float32, or to the end. One that runs away runs again with `normalize="l2"`, which scales
                    the weights of each cell to length one after each step.
    photographs     Three cells see patches of 8 × 8 pixels of the two photographs that come with scikit-learn, less the
                    mean of each pixel. Only for rules of several cells that find components.
    four patterns   Cells that cut off below 0 see four orthogonal patterns of length one in random order, each equally
                    often. Only for rules with a sliding threshold, with y₀ = 10 and a step taken for 20 ms. Once the
                    threshold averages over 2 s, once over longer: 20 s in full runs as published, 6 s in quick ones.

Held against
    hebb, covariance  no bound; with `normalize="l2"` |w| = 1 and the first eigenvector (theory)
    oja               |w| = 1 and the first eigenvector, |cos| > .99 (theory: Oja 1982)
    sanger            the first eigenvectors in order, each |cos| > .95 (theory: Sanger 1989); of patches of photographs
                      these are the mean brightness, then gradients (M)
    oja_subspace      the same subspace, but not its axes (theory: Oja 1989)
    bcm               one pattern of n = 4, and a response of n·y₀ = 40 to it; a simulation had 40.4 with a threshold
                      of 2 s and 51.5 with 20 s, which is too slow (S1, the Rust library `ferromorphic`; its learning
                      rate is not known to us, so of the slow threshold we only test that it does not settle)
"|cos|" is between the weights of a cell and an eigenvector, prescribed or found by `numpy.linalg.eigh` in the
correlation matrix of all patches. Ours: the spectrum, the learning rate of the BCM rule, the scale of the pictures
(their first eigenvalue is 90), the lengths of the runs, and every margin not given above.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from cofire import data as datasets
from cofire.experiments._experiment import Data, Finding, Progress
from cofire.experiments._rates import OUT_OF_RANGE, label, not_for_rates, response
from cofire.experiments._statistics import spread, verdict
from cofire.rule import Rule

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CLAIM = "Growth without bound is tamed: by a rule that holds itself, by normalisation, by a sliding threshold."
CLAIMS = (7,)
SOURCE = (
    "E. Oja, A simplified neuron model as a principal component analyzer, J. Math. Biol. 15:267-273, 1982; E. Oja, "
    "Neural networks, principal components, and subspaces, Int. J. Neural Syst. 1:61-68, 1989; T. D. Sanger, Optimal "
    "unsupervised learning in a single-layer linear feedforward neural network, Neural Networks 2:459-473, 1989; "
    "N. Intrator, L. N. Cooper, Objective function formulation of the BCM theory, Neural Networks 5:3-17, 1992"
)
RULES = ("hebb", "covariance", "oja", "oja_subspace", "sanger", "bcm")

SPECTRUM = np.array([15.0, 9.0, 5.0, 3.0, 2.0, 1.5, 1.0, 0.8, 0.6, 0.4])
CELLS = 3
BATCH = 40  # samples that one step averages over
SIDE, PICTURE_TOP = 8, 90.0  # pixels; first eigenvalue of the patches
PATTERNS, TARGET, FAST = 4, 10.0, 100  # n, y₀, and steps that the threshold averages over
FIXED = PATTERNS * TARGET
KEPT = 200  # moments of the four patterns kept for the figure

Array = NDArray[np.float64]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    steps: Annotated[int, Meta(ge=100, le=100_000, description="left to itself, at most; ours")] = 700
    seeds: Annotated[int, Meta(ge=2, le=100, description="inputs and starting weights; ours")] = 3
    picture_steps: Annotated[int, Meta(ge=100, le=100_000, description="with patches of photographs; ours")] = 1600
    pattern_steps: Annotated[int, Meta(ge=400, le=1_000_000, description="with four patterns; ours")] = 2800
    pattern_cells: Annotated[int, Meta(ge=2, le=1000, description="cells with other starting weights; ours")] = 12
    bcm_rate: Annotated[float, Meta(gt=0, le=1e-3, description="eta with four patterns; ours")] = 6e-4
    slow: Annotated[int, Meta(ge=FAST, le=10_000, description="slow threshold, in steps of 20 ms; 1000 (S1)")] = 300


FULL = Settings(
    steps=2000, seeds=10, picture_steps=10_000, pattern_steps=16_000, pattern_cells=50, bcm_rate=1.5e-4, slow=1000
)


def unsuitable(rule: Rule) -> str | None:
    return not_for_rates(rule)


def run(settings: Settings, rules: Sequence[Rule], seed: int, progress: Progress) -> Data:
    number, seeds = len(rules), settings.seeds
    found: Data = {
        "rules": [label(rule) for rule in rules],
        "kinds": [_kind(rule) for rule in rules],
        "left": [None] * number,
        "held": [None] * number,
        "pictures": [None] * number,
        "patterns": [None] * number,
    }
    patches: Any = None
    if any(kind in _COMPONENTS for kind in found["kinds"]):
        patches, found["patch_values"], found["patch_vectors"] = _patches(np.random.default_rng((seed, 2)))
    for r, (rule, kind) in enumerate(zip(rules, found["kinds"], strict=True)):

        def tell(part: float, what: str, r: int = r) -> None:
            progress((r + part) / number, f"{found['rules'][r]}: {what}")

        tell(0.0, "left to itself")
        found["left"][r] = _seeds([_gaussian(rule, settings, (seed, s, 0)) for s in range(seeds)])
        if found["left"][r]["diverged"].any() and rule.normalize is None:
            tell(0.3, "normalised")
            held = rule.with_(normalize="l2")
            found["held"][r] = _seeds([_gaussian(held, settings, (seed, s, 0)) for s in range(seeds)])
        if patches is not None and kind in _COMPONENTS:
            tell(0.5, "patches of photographs")
            runs = [_pictures(rule, settings, patches, found["patch_vectors"], (seed, s, 1)) for s in range(seeds)]
            found["pictures"][r] = _seeds(runs)
        if kind == "threshold":
            tell(0.5, "four patterns")
            found["patterns"][r] = [_patterns(rule, settings, tau, (seed, 3)) for tau in (FAST, settings.slow)]
    return found


def findings(data: Data) -> list[Finding]:
    return [finding for r in range(len(data["rules"])) for finding in _of_rule(data, r)]


def figure(data: Data) -> Figure:
    from cofire.experiments._figure import new_figure

    fig, ((growth, cosines), (pictures, patterns)) = new_figure(2, 2, width=11.5, height=8.4, width_ratios=(1.1, 1))
    _draw_growth(growth, data)
    _draw_cosines(cosines, data)
    _draw_pictures(pictures, data)
    _draw_patterns(patterns, data)
    return fig


_COMPONENTS = ("ordered", "subspace")


def _kind(rule: Rule) -> str:
    """What is known of it: "grows", what it comes to ("first", "ordered", "subspace", "threshold"), or "bounded"."""
    if {"tau_theta", "y_0"} <= rule.parameters.keys():
        return "threshold"
    if rule.normalize == "l2" or rule.name is None:
        return "first"
    known = {"oja": "first", "sanger": "ordered", "oja_subspace": "subspace"}
    grows = ("hebb", "covariance", "hebb_with_decay") if rule.bounds is None and rule.normalize is None else ()
    return "grows" if rule.name in grows else known.get(rule.name, "bounded")


def _gaussian(rule: Rule, settings: Settings, seed: tuple[int, ...]) -> Data:
    """One run left to itself: `length[steps + 1]`, mean |w| of the cells, and what the weights came to."""
    rng = np.random.default_rng(seed)
    n = len(SPECTRUM)
    vectors = np.linalg.qr(rng.standard_normal((n, n)))[0]
    mix = (vectors * np.sqrt(SPECTRUM)).T.astype(np.float32)
    w: Any = (0.1 * rng.standard_normal((CELLS, n))).astype(np.float32)
    length = np.full(settings.steps + 1, np.nan)
    state, diverged = None, 0
    length[0] = _norms(w).mean()
    for step in range(1, settings.steps + 1):
        x = rng.standard_normal((BATCH, n), dtype=np.float32) @ mix
        try:
            w, state = rule.step(w, pre=x, post=response(w, x), state=state)
        except OUT_OF_RANGE:
            if step == 1:
                raise
            diverged = step
            break
        length[step] = _norms(w).mean()
    return {"length": length, "diverged": diverged, **_compared(w, vectors)}


def _pictures(rule: Rule, settings: Settings, patches: Any, vectors: Array, seed: tuple[int, ...]) -> Data:
    """One run with patches: what the weights came to, and the weights."""
    rng = np.random.default_rng(seed)
    w: Any = (0.05 * rng.standard_normal((CELLS, SIDE * SIDE))).astype(np.float32)
    state = None
    try:
        for _ in range(settings.picture_steps):
            x = patches[rng.integers(len(patches), size=BATCH)]
            w, state = rule.step(w, pre=x, post=response(w, x), state=state)
    except OUT_OF_RANGE:
        w = np.zeros_like(w)
    return {"weights": w.astype(np.float64), **_compared(w, vectors)}


def _patches(rng: np.random.Generator) -> tuple[Any, Array, Array]:
    """20,000 patches [n, 64] less their mean; eigenvalues, and eigenvectors [64, 64] as columns, largest first."""
    photographs = datasets.photographs()
    windows = np.lib.stride_tricks.sliding_window_view(photographs, (SIDE, SIDE), axis=(1, 2))
    at = [rng.integers(size, size=20_000) for size in windows.shape[:3]]
    patches = windows[tuple(at)].reshape(-1, SIDE * SIDE).astype(np.float64)
    patches -= patches.mean(axis=0)
    values, vectors = np.linalg.eigh(patches.T @ patches / len(patches))
    patches *= np.sqrt(PICTURE_TOP / values[-1])
    return patches.astype(np.float32), values[::-1] / values[-1], vectors[:, ::-1]


def _patterns(rule: Rule, settings: Settings, tau: int, seed: tuple[int, ...]) -> Data:
    """Responses [moments, cells, patterns] of cells that cut off below 0, up to where the engine stopped."""
    rng = np.random.default_rng(seed)
    numbers = {"y_0": TARGET, "tau_theta": float(tau), "eta": settings.bcm_rate}
    rule = rule.with_(**{name: value for name, value in numbers.items() if name in rule.parameters})
    patterns = np.linalg.qr(rng.standard_normal((PATTERNS, PATTERNS)))[0]
    w: Any = rng.uniform(0, 2 * TARGET, (settings.pattern_cells, PATTERNS)) @ patterns
    state, diverged = None, 0
    every = max(1, settings.pattern_steps // KEPT)
    kept = []
    for step in range(settings.pattern_steps):
        if step % PATTERNS == 0:
            order = rng.permutation(PATTERNS)
        if step % every == 0:
            kept.append(np.maximum(response(w, patterns).T, 0.0))
        x = patterns[order[step % PATTERNS]][None]
        try:
            w, state = rule.step(w, pre=x, post=np.maximum(response(w, x), 0.0), state=state)
        except OUT_OF_RANGE:
            diverged = step
            break
    kept.append(np.maximum(response(w, patterns).T, 0.0))
    return {"responses": np.array(kept), "steps": every * np.arange(len(kept)), "diverged": diverged, "tau": tau}


def _norms(w: Any) -> Array:
    """|w| of each cell, without overflow on the way."""
    largest = np.maximum(np.abs(w).max(axis=1), np.finfo(np.float32).tiny).astype(np.float64)
    result: Array = largest * np.linalg.norm(w / largest[:, None], axis=1)
    return result


def _compared(w: Any, vectors: Array) -> dict[str, Any]:
    """`norms[cells]`; `cosines[cells, n]` with each eigenvector, |cos|; `captured`, the share of the first ones' space.

    `vectors[n, n]`: eigenvectors as columns, the largest eigenvalue first.
    """
    norms = _norms(w)
    rows = w.astype(np.float64) / np.where(norms > 0, norms, 1.0)[:, None]
    left, singular, _ = np.linalg.svd(rows.T, full_matrices=False)
    basis = left[:, singular > 1e-3 * max(singular[0], 1e-300)]
    captured = np.sum((basis.T @ vectors[:, : len(w)]) ** 2) / len(w)
    return {"norms": norms, "cosines": np.abs(rows @ vectors), "captured": captured}


def _seeds(runs: Sequence[Data]) -> dict[str, Any]:
    return {key: np.array([run[key] for run in runs]) for key in runs[0]}


def _of_rule(data: Data, r: int) -> Iterator[Finding]:
    name, kind, left = data["rules"][r], data["kinds"][r], data["left"][r]
    yield _bound(name, kind, left)
    held = data["held"][r]
    if held is not None:
        yield from _first(f"{name}, held by normalize='l2'", held, "as by Oja's rule")
    if kind == "first":
        yield from _first(name, left, "Oja 1982")
    for where, found in (("Gaussian inputs", left), ("8 × 8 patches of photographs", data["pictures"][r])):
        if found is not None and kind == "ordered":
            yield _ordered(name, where, found)
        if found is not None and kind == "subspace":
            yield _subspace(name, where, found)
    if data["patterns"][r] is not None:
        yield from _threshold(name, *data["patterns"][r])


def _bound(name: str, kind: str, left: Data) -> Finding:
    diverged, steps = left["diverged"], left["length"].shape[1] - 1
    if diverged.any():
        when = diverged[diverged > 0].astype(float)
        measured = (
            f"left the range of float32 at step {spread(when, 0)}"
            if len(when) > 1
            else f"left it at step {when[0]:.0f}"
        )
        measured += "" if diverged.all() else f", {np.sum(diverged == 0)} of {len(diverged)} runs did not"
    else:
        measured = f"|w| = {spread(left['length'][:, -1])} after {steps} steps"
    if kind == "grows":
        return Finding(f"grows without bound ({name})", measured, "no bound", "theory", verdict((diverged > 0).all()))
    unit = kind in ("first", "ordered", "subspace")
    kept = not diverged.any() and (not unit or bool(np.abs(left["norms"] - 1).max() < 0.1))
    if unit:
        return Finding(f"comes to length one ({name})", measured, "|w| = 1", "theory", verdict(kept))
    bounded = kept and bool(left["length"][:, -1].max() < 1e3)
    return Finding(f"does not grow without bound ({name})", measured, "bounded", "theory", verdict(bounded))


def _first(name: str, found: Data, source: str) -> Iterator[Finding]:
    cosines, norms = found["cosines"][..., 0], found["norms"]
    good = not found["diverged"].any() and cosines.min() > 0.99 and np.abs(norms - 1).max() < 0.1
    yield Finding(
        f"turns to the first eigenvector ({name})",
        f"|cos| {spread(cosines.ravel(), 4)}, least {cosines.min():.4f}; |w| {spread(norms.ravel())}",
        f"|cos| > .99, |w| = 1 ({source})",
        "theory",
        verdict(good),
    )


def _ordered(name: str, where: str, found: Data) -> Finding:
    own = np.diagonal(found["cosines"], axis1=1, axis2=2)  # [seeds, cells]
    shown = ", ".join(spread(own[:, i]) for i in range(own.shape[1]))
    good = not found.get("diverged", np.zeros(1)).any() and own.min() > 0.95
    images = "photographs" in where
    return Finding(
        f"cell i finds eigenvector i ({name}, {where})",
        f"|cos| {shown}; least {own.min():.3f}",
        "each |cos| > .95" + (": mean brightness, then gradients" if images else " (Sanger 1989)"),
        "M" if images else "theory",
        verdict(good),
    )


def _subspace(name: str, where: str, found: Data) -> Finding:
    own = np.diagonal(found["cosines"], axis1=1, axis2=2)
    captured = found["captured"]
    good = not found.get("diverged", np.zeros(1)).any() and captured.min() > 0.95**2 and own.min(axis=1).mean() < 0.95
    return Finding(
        f"cells span the first eigenvectors, but are not them ({name}, {where})",
        f"{spread(captured)} of their space; |cos| of cell i with eigenvector i {spread(own.ravel(), 2)}",
        "all of it, turned by an arbitrary rotation (Oja 1989)",
        "theory",
        verdict(good),
    )


def _threshold(name: str, fast: Data, slow: Data) -> Iterator[Finding]:
    end = np.sort(fast["responses"][-1], axis=1)  # [cells, patterns]
    best, others = end[:, -1], end[:, :-1].max(axis=1)
    lone = best > 0.5 * TARGET
    selective = lone & (others < 0.1 * best)
    settled = not fast["diverged"]
    yield Finding(
        f"comes to answer one pattern of {PATTERNS} ({name})",
        f"{selective.sum()} of {len(best)} cells; response {best.mean():.1f}, to the others {others.max():.2f} at most",
        "every cell (Intrator and Cooper 1992)",
        "theory",
        verdict(settled and selective.all()),
    )
    close = abs(best.mean() / FIXED - 1) < 0.05
    yield Finding(
        f"its response to that pattern ({name}, threshold over {_seconds(fast)})",
        f"{spread(best, 1)} Hz",
        f"n·y₀ = {FIXED:.0f} Hz; 40.4 simulated",
        "S1",
        verdict(settled and close),
    )
    swings = [_swing(found) for found in (fast, slow)]
    if slow["diverged"]:
        measured = f"runs away: past the range of its type after {slow['diverged'] * 0.02:.0f} s"
    else:
        answer = slow["responses"].max(axis=2)
        peak, last = answer.max(axis=0), answer[-1]
        measured = f"peaks at {spread(peak, 1)} Hz, ends at {spread(last, 1)} Hz, still moves by {swings[1]:.1f} Hz"
    measured += f"; {swings[0]:.1f} Hz with the fast one"
    moves = bool(slow["diverged"]) or swings[1] > 0.1 * FIXED
    yield Finding(
        f"too slow a threshold does not settle ({name}, over {_seconds(slow)})",
        measured,
        "51.5 Hz instead of 40.4 with 20 s; asked is only that it does not settle",
        "S1",
        verdict(settled and moves and swings[0] < 0.1 * FIXED),
    )


def _swing(found: Data) -> float:
    """How far the strongest response of a cell moves over the last quarter, mean over cells."""
    answer = found["responses"].max(axis=2)
    last = answer[3 * len(answer) // 4 :]
    return float((last.max(axis=0) - last.min(axis=0)).mean())


def _seconds(found: Data) -> str:
    return f"{found['tau'] * 0.02:g} s"


def _draw_growth(ax: Axes, data: Data) -> None:
    from cofire.experiments._figure import COLOURS, GREY

    for r, name in enumerate(data["rules"]):
        colour = COLOURS[r % len(COLOURS)]
        for found, line, text in ((data["left"][r], "-", name), (data["held"][r], "--", f"{name}, normalised")):
            if found is None:
                continue
            width = 0.9 + 0.35 * (len(data["rules"]) - 1 - r)  # the first rules show beside those drawn over them
            for s, length in enumerate(found["length"]):
                ax.plot(length, line, color=colour, linewidth=width, alpha=0.8, label=text if s == 0 else None)
                if found["diverged"][s]:
                    last = found["diverged"][s] - 1
                    ax.plot(last, length[last], "x", color=colour, markersize=7)
    largest, across = float(np.finfo(np.float32).max), ax.get_yaxis_transform()
    ax.axhline(largest, color=GREY, linewidth=0.8, linestyle=":")
    ax.text(0.99, largest, "the largest float32", fontsize=8, color=GREY, ha="right", va="bottom", transform=across)
    ax.set(yscale="log", xlabel="step", ylabel="|w|, mean of three cells")
    ax.set_title("Left to itself (× the engine reports overflow)", fontsize=10)
    ax.legend(fontsize=8, frameon=False, loc="center right")


def _draw_cosines(ax: Axes, data: Data) -> None:
    """|cos| of each cell with each eigenvector, one seed, a block of rows for each rule."""
    shown = 6
    blocks, ticks, names, at = [], [], [], 0.0
    for r, name in enumerate(data["rules"]):
        found, text = (data["left"][r], name) if data["held"][r] is None else (data["held"][r], f"{name},\nnormalised")
        if found["diverged"].any() or data["kinds"][r] in ("threshold", "bounded"):
            continue
        blocks += [found["cosines"][0][:, :shown], np.full((1, shown), np.nan)]
        ticks.append(at + (CELLS - 1) / 2)
        names.append(text)
        at += CELLS + 1
    if not blocks:
        _say(ax, "no rule here came to rest")
        return
    image = ax.imshow(np.concatenate(blocks[:-1]), cmap="Blues", vmin=0, vmax=1, aspect="auto")
    ax.set_yticks(ticks, names)
    ax.set_xticks(range(shown), [str(i + 1) for i in range(shown)])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set(xlabel="eigenvector of the inputs")
    ax.set_title("Where three cells came to point (one row each)", fontsize=10)
    bar = ax.figure.colorbar(image, ax=ax, shrink=0.8)
    bar.set_label("|cos| with the weights", fontsize=9)


def _draw_pictures(ax: Axes, data: Data) -> None:
    """Eigenvectors of the patches and, below, what each rule learnt, with the sign of the eigenvector."""
    pairs = zip(data["rules"], data["pictures"], strict=True)
    learnt = [(name, found["weights"][0]) for name, found in pairs if found is not None]
    if not learnt:
        _say(ax, "no rule here finds components of pictures")
        return
    vectors = data["patch_vectors"][:, :CELLS].T
    vectors = vectors * np.where(vectors.sum(axis=1, keepdims=True) < 0, -1.0, 1.0)
    rows = [("eigenvectors", vectors), *learnt]
    height, width = SIDE + 2, SIDE + 1
    canvas = np.full((height * len(rows), width * CELLS), np.nan)
    for k, (_, weights) in enumerate(rows):
        for i, w in enumerate(weights):
            sign = -1.0 if w @ vectors[i] < 0 else 1.0
            square = sign * w.reshape(SIDE, SIDE) / (np.abs(w).max() or 1.0)
            canvas[height * k : height * k + SIDE, width * i : width * i + SIDE] = square
    ax.imshow(canvas[:-2, :-1], cmap="RdBu_r", vmin=-1, vmax=1)
    ax.set_yticks([height * k + SIDE / 2 - 0.5 for k in range(len(rows))], [name for name, _ in rows])
    parts = data["patch_values"][:CELLS] / data["patch_values"].sum()
    ax.set_xticks([width * i + SIDE / 2 - 0.5 for i in range(CELLS)], [f"{100 * part:.1f} %" for part in parts])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set(xlabel="share of the variance along the eigenvector")
    ax.set_title("What three cells learn from 8 × 8 patches of photographs", fontsize=10)


def _draw_patterns(ax: Axes, data: Data) -> None:
    from cofire.experiments._figure import COLOURS, GREY, ORANGE

    chosen = next((found for found in data["patterns"] if found is not None), None)
    if chosen is None:
        _say(ax, "no rule here has a sliding threshold")
        return
    fast, slow = chosen
    for p in range(PATTERNS):
        colour = COLOURS[(0, 2, 4, 5)[p]]
        ax.plot(
            fast["steps"] * 0.02,
            fast["responses"][:, 0, p],
            color=colour,
            label=f"pattern {p + 1}, threshold over {_seconds(fast)}",
        )
    answer = slow["responses"].max(axis=2)
    for c in range(min(4, answer.shape[1])):
        text = f"strongest response, over {_seconds(slow)}, 4 cells" if c == 0 else None
        ax.plot(slow["steps"] * 0.02, answer[:, c], color=ORANGE, linewidth=0.9, alpha=0.8, linestyle="--", label=text)
    ax.axhline(FIXED, color=GREY, linewidth=0.8, linestyle=":")
    ax.annotate(
        "n · y₀", (1.0, FIXED), xycoords=("axes fraction", "data"), fontsize=8, color=GREY, ha="right", va="bottom"
    )
    ax.set(xlabel="time, s", ylabel="response, Hz", ylim=(-2, 4.6 * FIXED))
    ax.set_title("A sliding threshold: the cell comes to answer one pattern of four", fontsize=10)
    ax.legend(fontsize=8, frameon=False, loc="upper right")


def _say(ax: Axes, text: str) -> None:
    ax.set_axis_off()
    ax.annotate(text, (0.5, 0.5), xycoords="axes fraction", ha="center", fontsize=9)
