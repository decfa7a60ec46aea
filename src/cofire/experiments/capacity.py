"""How much a memory holds: random patterns, put in until they are lost, in every family, beside what theory says.

Protocol. `Memory.capacity` of `cofire.memory` does the trying: into fresh memories go random patterns, more and more,
and some of those stored are shown again with a share of their cells wrong. A pattern counts as recalled at an overlap
above .95; the capacity measured is the number stored at which half of the patterns are lost when shown whole, and the
basin is the largest share of wrong cells from which half come back. All cells change at once.

Rules are put into Hopfield's net: `hebb` and `storkey`, with η = 1/N. The theory of the outer product is put only to
rules that are a sum of single steps. Families: the pseudo-inverse, the covariance of sparse patterns, dense memories of
order 3, 4 and exponential, Willshaw's net, pairs, sequences, sparse distributed memory.

Palimpsest. The same rule stores patterns one by one without end. Without forgetting, the net is soon full and all are
lost, old and new; if everything fades by 6/N before each new pattern, the newest stay (Nadal et al. 1986). Storkey's
rule takes away what the net knows, and so forgets by itself: it needs no fading, and the finding is not reproduced.

Held against
    hebb          stable, m ≥ .967, up to .138 N (Amit, Gutfreund and Sompolinsky 1985; S1). The theory is of infinite
                  N; small nets lose patterns gradually and later, so several sizes show where it is heading. The
                  window .10 to .18 at 500 cells is ours. Crosstalk: mean square (P-1)(N-1)/N², exact (S1)
    storkey       N/√(2 ln N), free of errors (Storkey 1997; M); pseudo-inverse: N are stable (S1), not recalled
    dense         of order 3, N patterns are fixed points (Krotov and Hopfield 2016; S1); 2^(N/2) exponential (M)
    Willshaw      P pairs, 10 of 1000 cells active: a share (1 - p^k)^(M-k) without any error, where p is
                  1 - (1 - k²/N²)^P, and ln 2 bit a synapse at the very best (Willshaw et al. 1969; M)
    others        pairs .2 N, sequences .269 N, sparse distributed memory .1 of the places: recalled (M); within a third
The theory of outer products is put only to rules that are a sum of single steps; others are tried in the smaller net.
After ± stands the standard deviation over nets, or the standard error where it says s.e.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import lgamma, log
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from cofire.experiments import faces
from cofire.experiments._experiment import Data, Finding, Progress
from cofire.experiments._patterns import Array, evenly, put_in, random_patterns, with_rate
from cofire.experiments._rates import label
from cofire.experiments._statistics import percent_spread, spread, standard_error, verdict
from cofire.memory import (
    BidirectionalMemory,
    Capacity,
    DenseMemory,
    Hopfield,
    Memory,
    SequenceMemory,
    SparseDistributedMemory,
    Willshaw,
    overlap,
    theory,
)
from cofire.memory._storage import is_additive
from cofire.rule import Rule

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CLAIM = "A memory holds so many patterns, and then it loses them."
CLAIMS = (10,)
SOURCE = f"{theory.AMIT}; D. Krotov, J. J. Hopfield, NeurIPS 29, 2016, arXiv:1606.01164"
RULES = ("hebb", "storkey")

CELLS = 500
SMALLER = CELLS // 4
LOADS = (0.05, 0.10, 0.12, 0.138, 0.15, 0.16, 0.17, 0.18, 0.20, 0.22)  # random patterns per cell
MORE_LOADS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)  # for rules that are no sum of outer products
FLIPPED = (0.0, 0.1, 0.2, 0.3, 0.4)
SPARSE = 0.05
WILLSHAW, ACTIVE = 1000, 10
PAIRS = (4000, 5000, 6000)
WINDOW = (0.10, 0.18)
TESTED = 30
OLD = 200  # cells of the palimpsest
FADE = 6 / OLD
NEWEST = 5  # patterns that a palimpsest must hold


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    nets: Annotated[int, Meta(ge=2, le=100, description="nets of each kind")] = 3
    largest: Annotated[int, Meta(ge=CELLS, le=5000, description="cells of the largest of Hopfield's nets")] = CELLS
    cells: Annotated[int, Meta(ge=50, le=1000, description="cells of the other memories with matrices")] = 150


FULL = Settings(nets=10, largest=2500, cells=500)


def families(cells: int) -> list[tuple[str, Memory, Sequence[int] | None]]:
    """Name, an empty memory, and how many patterns to try; None for what theory suggests."""
    return [
        ("pseudo-inverse", Hopfield(cells, "pseudo-inverse"), _of(cells, (0.1, 0.25, 0.5, 0.75, 0.9, 1.2))),
        ("covariance", Hopfield(2 * cells, "covariance", activity=SPARSE), None),
        ("dense, order 3", DenseMemory(64, 3), (16, 32, 64, 128, 192, 256, 384)),
        ("dense, order 4", DenseMemory(64, 4), (64, 256, 512, 1024)),
        ("dense, exponential", DenseMemory(64, "exponential"), (64, 512, 2048)),
        ("pairs", BidirectionalMemory(cells, cells), None),
        ("sequence", SequenceMemory(cells), None),
        ("sequence, order 2", SequenceMemory(64, 2), None),
        ("sparse distributed", SparseDistributedMemory(256, 500), None),
    ]


def unsuitable(rule: Rule) -> str | None:
    return faces.unsuitable(rule)


def run(settings: Settings, rules: Sequence[Rule], seed: int, progress: Progress) -> Data:
    names = [label(rule) for rule in rules]
    found: Data = {"rules": names, "sizes": [], "nets": [], "crosstalk": [], "newest": [], "families": {}}
    for r, rule in enumerate(rules):
        outer = is_additive(rule)
        sizes = sorted({SMALLER, CELLS, settings.largest}) if outer else [SMALLER]
        nets = []
        for size in sizes:
            progress(0.6 * r / len(rules), f"{names[r]}: {size} cells")
            net = Hopfield(size, with_rate(rule, 1 / size))
            numbers = _of(size, LOADS if outer else MORE_LOADS)
            flipped = FLIPPED if size == min(sizes[-1], CELLS) else FLIPPED[:1]
            nets.append(_kept(net.capacity(numbers, flipped=flipped, nets=settings.nets, cues=TESTED, seed=seed)))
        found["sizes"].append(sizes)
        found["nets"].append(nets)
        found["crosstalk"].append([_crosstalk(rule, (seed, k)) for k in range(6 * settings.nets)] if outer else [])
        found["newest"].append(_palimpsest(rule, settings.nets, seed))
    for f, (name, memory, tried) in enumerate(families(settings.cells)):
        progress(0.6 + 0.04 * f, name)
        capacity = memory.capacity(tried, flipped=FLIPPED, nets=settings.nets, cues=TESTED, seed=seed)
        found["families"][name] = _kept(capacity) | {"cells": memory.cells}
    found["errors"] = _without_error(seed)
    return found


def findings(data: Data) -> list[Finding]:
    result: list[Finding] = []
    for r, name in enumerate(data["rules"]):
        result += _of_rule(data, r, name)
    return result + list(_of_families(data))


def _of_rule(data: Data, r: int, name: str) -> Iterator[Finding]:
    sizes, nets, crosstalk = data["sizes"][r], data["nets"][r], np.array(data["crosstalk"][r])
    middle = [net["measured"] / size for net, size in zip(nets, sizes, strict=True)]
    shown = ", ".join(f"{_load(m)} with {size} cells" for m, size in zip(middle, sizes, strict=True))
    claim = f"random patterns per cell at which half of them are lost ({name})"
    if len(crosstalk):
        here = sizes.index(CELLS)
        fits = WINDOW[0] <= middle[here] <= WINDOW[1]
        yield Finding(claim, shown, f"{theory.CRITICAL_LOAD} for infinite N", "S1", verdict(fits))
        at = nets[here]["overlap"][0, LOADS.index(theory.CRITICAL_LOAD)]
        claim = f"overlap that is left at {theory.CRITICAL_LOAD} random patterns per cell ({name})"
        near = abs(at.mean() - theory.CRITICAL_OVERLAP) <= 0.02 + 2 * standard_error(at)
        yield Finding(claim, spread(at), f"{theory.CRITICAL_OVERLAP}", "S1", verdict(near))
        error = standard_error(crosstalk)
        claim = f"mean-square crosstalk of random patterns over (P-1)(N-1)/N² ({name})"
        measured = f"{crosstalk.mean():.3f} ± {error:.3f} (s.e., {len(crosstalk)} nets)"
        yield Finding(claim, measured, "1, exact", "S1", verdict(abs(crosstalk.mean() - 1) <= 3 * error <= 0.15))
    elif name == "storkey":
        expected = nets[0]["theory"] / sizes[0]
        published = f"{expected:.3f}, N/√(2 ln N), are free of errors"
        yield Finding(claim, shown, published, "M", verdict(middle[0] > expected))
    kept, full = data["newest"][r]
    newest, last = kept[:, :NEWEST].mean(axis=1), full[:, :NEWEST].mean(axis=1)
    claim = f"the newest {NEWEST} of {6 * OLD // 10} patterns in {OLD} cells, fading before each ({name})"
    measured = f"overlap {spread(newest)}; without forgetting {spread(last)}"
    published = "the newest stay; without forgetting all are lost (Nadal et al. 1986); asked: above .9, and .1 more"
    found = verdict(newest.mean() > 0.9 and newest.mean() > last.mean() + 0.1)
    yield Finding(claim, measured, published, "M", found)


def _of_families(data: Data) -> Iterator[Finding]:
    by_name = data["families"]
    inverse = by_name["pseudo-inverse"]
    stable, basin = inverse["recalled"][0].mean(axis=1), inverse["recalled"][1].mean(axis=1)
    below = inverse["numbers"] < inverse["cells"]
    measured = (
        f"{percent_spread(inverse['recalled'][0, 4])} at .9 N; from 10 % wrong cells {100 * basin[3]:.0f} % at .75 N"
    )
    fits = np.all(stable[below] >= 0.95) and stable[~below].max() < 0.5 and basin[3] < 0.5
    published, asked = "stable up to N; not recalled near it", "asked: 95 % below N, less than half at N and from .75 N"
    yield Finding("pseudo-inverse: stable patterns", measured, f"{published}; {asked}", "S1", verdict(fits))
    cubic = by_name["dense, order 3"]
    measured = percent_spread(cubic["recalled"][0, list(cubic["numbers"]).index(64)])
    fits = measured.startswith("100.0")
    yield Finding("dense, order 3: N = 64 patterns in 64 cells are fixed", measured, "all", "S1", verdict(fits))
    steep = by_name["dense, exponential"]
    last = steep["recalled"][1, -1]
    measured = f"{percent_spread(last)} of {steep['numbers'][-1]} in 64 cells, from 10 % wrong"
    yield Finding(
        "dense, exponential",
        measured,
        "all: it holds of the order of 2^(N/2); asked: 95 %",
        "M",
        verdict(last.mean() > 0.95),
    )
    for name, measure in (("pairs", "cells of a layer"), ("sequence", "cells"), ("sparse distributed", "places")):
        family = by_name[name]
        size = 500 if name == "sparse distributed" else family["cells"]
        share, expected = family["measured"] / size, family["theory"] / size
        claim = f"{name}: random patterns per {measure} at which half are lost"
        fits = abs(share / expected - 1) < 1 / 3
        yield Finding(claim, f"{_load(share)} ({size})", f"{expected:.3f}; asked: within a third", "M", verdict(fits))
    sparse = by_name["covariance"]
    share = sparse["measured"] / sparse["cells"]
    claim = f"covariance: patterns with {100 * SPARSE:.0f} % of {sparse['cells']} cells active, per cell"
    published = (
        f"more than the {theory.CRITICAL_LOAD} of dense ones (Tsodyks and Feigelman 1988); asked: half as many again"
    )
    yield Finding(claim, _load(share), published, "M", verdict(share > 1.5 * theory.CRITICAL_LOAD))
    share, expected = data["errors"], np.array([_willshaw(number) for number in PAIRS])
    shown = [", ".join(f"{value:.2f}" for value in values) for values in (share, expected)]
    bits = PAIRS[1] * share[1] * _bits(WILLSHAW, ACTIVE) / WILLSHAW**2
    claim = f"Willshaw: pairs without any error, {', '.join(map(str, PAIRS))} stored"
    measured = f"{shown[0]} (at most {bits:.2f} bit a synapse)"
    fits = np.all(np.abs(share - expected) < 0.12) and bits < log(2)
    yield Finding(claim, measured, f"{shown[1]}; never above {log(2):.2f} bit; asked: within .12", "M", verdict(fits))


def figure(data: Data) -> Figure:
    from cofire.experiments._figure import COLOURS, new_figure

    fig, axes = new_figure(2, 2, width=12, height=8)
    load, basins, others, ages = axes.ravel()
    xs, ys = theory.mean_field()
    steps = [*xs, theory.CRITICAL_LOAD, MORE_LOADS[-1]], [*ys, 0, 0]
    load.plot(*steps, color="black", linewidth=1, label="theory of hebb, N → ∞")
    for r, name in enumerate(data["rules"]):
        for n, (size, net) in enumerate(zip(data["sizes"][r], data["nets"][r], strict=True)):
            y = net["overlap"][0]
            look = {"color": COLOURS[r % 7], "linestyle": (":", "-", "--")[n], "marker": "o", "markersize": 3}
            load.errorbar(net["numbers"] / size, y.mean(axis=1), y.std(axis=1), label=f"{name}, N = {size}", **look)
            if net["recalled"].shape[0] > 1:
                _draw_basin(basins, net, size, name, COLOURS[r % 7], "-")
    load.set(xlabel="random patterns stored / cells", ylabel="overlap, started at the pattern", ylim=(-0.03, 1.05))
    load.set_title(f"Hopfield's net: lost beyond {theory.CRITICAL_LOAD} N", fontsize=10)
    load.legend(fontsize=7.5, loc="center right", frameon=False)
    for f, (name, family) in enumerate(data["families"].items()):
        colour, style = COLOURS[(f + 2) % 7], "-" if f < 5 else "--"
        _draw_basin(basins, family, family["cells"], name, colour, style)
        y = family["recalled"][0].mean(axis=1)
        others.plot(family["numbers"] / family["cells"], y, style, color=colour, marker="o", markersize=3, label=name)
    basins.set(
        xscale="log", xlabel="random patterns stored / cells", ylabel="wrong cells in the cue", ylim=(-0.02, 0.42)
    )
    basins.set_title("Basins: half come back from so many wrong cells", fontsize=10)
    basins.legend(fontsize=7, frameon=False, loc="upper right", ncols=2)
    others.set(xscale="log", xlabel="random patterns stored / cells", ylabel="share stable", ylim=(-0.03, 1.05))
    others.set_title("Other memories, shown the whole pattern (colours as above)", fontsize=10)
    for r, name in enumerate(data["rules"]):
        for curve, style, what in zip(data["newest"][r], ("-", ":"), ("fading", "never forgetting"), strict=True):
            y = curve.mean(axis=0)
            ages.plot(np.arange(len(y)), y, style, color=COLOURS[r % 7], label=f"{name}, {what}")
    ages.set(xlabel="patterns stored since", ylabel="overlap", ylim=(-0.03, 1.05))
    ages.set_title(f"A palimpsest: {6 * OLD // 10} patterns in {OLD} cells", fontsize=10)
    ages.legend(fontsize=7.5, frameon=False)
    return fig


def _draw_basin(ax: Any, found: dict[str, Any], cells: int, name: str, colour: str, style: str) -> None:
    ax.plot(found["numbers"] / cells, found["basin"], style, color=colour, marker="o", markersize=3, label=name)


def _of(cells: int, loads: Sequence[float]) -> list[int]:
    return [round(load * cells) for load in loads]


def _kept(capacity: Capacity) -> dict[str, Any]:
    return {
        "theory": capacity.theory.patterns,
        "measured": capacity.measured,
        "numbers": capacity.numbers,
        "overlap": capacity.overlap,
        "recalled": capacity.recalled,
        "basin": capacity.basin,
    }


def _crosstalk(rule: Rule, seed: tuple[int, ...]) -> float:
    """What the other patterns add to a cell's input, beside its own share (N-1)/N: mean square, over the formula's."""
    cells, number = SMALLER, SMALLER // 5
    patterns = random_patterns(np.random.default_rng((*seed, 7)), number, cells)
    memory = Hopfield(cells, with_rate(rule, 1 / cells))
    put_in(memory, patterns)
    square = np.mean((patterns * (patterns @ memory.weights.T) - (cells - 1) / cells) ** 2)
    return float(square / theory.crosstalk(number, cells))


def _palimpsest(rule: Rule, nets: int, seed: int) -> NDArray[np.float64]:
    """The overlap of the patterns, the newest first, with and without fading, `[2, nets, patterns]`."""
    number = 6 * OLD // 10
    result = np.zeros((2, nets, number))
    for net in range(nets):
        patterns = random_patterns(np.random.default_rng((seed, net, 9)), number, OLD)
        for way, fade in enumerate((FADE, 0.0)):
            memory = Hopfield(OLD, with_rate(rule, 1 / OLD))
            for pattern in patterns:
                if memory.stored and fade:
                    memory.forget(fade)
                put_in(memory, pattern)
            result[way, net] = overlap(memory.recall(patterns).patterns, patterns)[::-1]
    return result


def _without_error(seed: int) -> NDArray[np.float64]:
    """The share of Willshaw's pairs that come back without any error, at each of `PAIRS` stored."""
    memory = Willshaw(WILLSHAW, ACTIVE, partners=WILLSHAW, partners_active=ACTIVE)
    rng, done, shares = np.random.default_rng((seed, 11)), 0, []
    pre, post = (_sparse(rng, PAIRS[-1]) for _ in range(2))
    for number in PAIRS:
        put_in(memory, pre[done:number], post[done:number])
        done, chosen = number, evenly(number, 500)
        shares.append(np.mean(np.all(memory.recall(pre[chosen]).partners == post[chosen], axis=1)))
    return np.array(shares)


def _sparse(rng: np.random.Generator, number: int) -> Array:
    patterns = np.zeros((number, WILLSHAW), dtype=np.float32)
    np.put_along_axis(patterns, rng.random((number, WILLSHAW)).argpartition(ACTIVE, axis=1)[:, :ACTIVE], 1, axis=1)
    return patterns


def _willshaw(number: int) -> float:
    """The published share without error."""
    silent = (1 - (ACTIVE / WILLSHAW) ** 2) ** number
    return float((1 - (1 - silent) ** ACTIVE) ** (WILLSHAW - ACTIVE))


def _bits(cells: int, active: int) -> float:
    """What one pattern says, log₂ of the number of such patterns."""
    return (lgamma(cells + 1) - lgamma(active + 1) - lgamma(cells - active + 1)) / log(2)


def _load(value: float) -> str:
    return "beyond what was tried" if np.isinf(value) else f"{value:.3f}"
