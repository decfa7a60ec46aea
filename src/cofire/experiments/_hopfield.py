"""A net of cells, each connected with every other: stores patterns of ±1 by a rule, recalls them from fragments.

Storing a pattern is one step of the rule with pre and post both that pattern; a rule that is taught gets it for
`post.target` and practises. Connections of a cell with itself stay zero. The outer product of Hopfield's memory is the
rule `hebb` with η = 1/N. Recall turns over one cell at a time. The theory is that of Amit, Gutfreund and Sompolinsky.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cofire.experiments._rates import is_taught
from cofire.language.functions import FILTERS, REDUCTIONS
from cofire.language.tree import Call, Cell, Expr, Weight, walk
from cofire.rule import Rule

KNOWN = 0.5  # of the target: when practice stops
CAPACITY, CRITICAL_OVERLAP = 0.138, 0.967  # random patterns per cell of an infinite net, and what is left of each there

Array = NDArray[np.float32]


def random_patterns(rng: np.random.Generator, number: int, cells: int) -> Array:
    """Independent ±1, `[number, cells]`."""
    return signs(rng.random((number, cells)) < 0.5)


def signs(positive: NDArray[np.bool_]) -> Array:
    """+1 where `positive`, else -1."""
    return np.where(positive, np.float32(1), np.float32(-1))


def fragment(patterns: Array, cue: str, rng: np.random.Generator) -> Array:
    """What is shown of `patterns[n, cells]`: "half", "10 % flipped", "20 % flipped", or "negative" (with 10 %)."""
    if cue == "half":
        shown = random_patterns(rng, *patterns.shape)
        upper = patterns.shape[1] // 2
        shown[:, :upper] = patterns[:, :upper]
        return shown
    share, sign = {"10 % flipped": (0.1, 1), "20 % flipped": (0.2, 1), "negative": (0.1, -1)}[cue]
    return np.where(rng.random(patterns.shape) < share, -sign * patterns, sign * patterns)


def stored(rule: Rule, patterns: Array, counts: Sequence[int], passes: int) -> Iterator[Array]:
    """The weights `[cells, cells]` with the first `count` of `patterns` stored, for each of `counts`; one array.

    `passes`: how often a rule that is taught practises at most, each time that patterns are added.
    The `eta` of every rule becomes 1/cells.
    """
    cells = patterns.shape[1]
    if "eta" in rule.parameters:
        rule = rule.with_(eta=1 / cells)
    w: Array = np.zeros((cells, cells), dtype=np.float32)
    state: Any = None
    done = 0
    for count in counts:
        new = patterns[done:count]
        if is_taught(rule):
            state = practise(rule, w, patterns[:count], passes, state)
        elif is_additive(rule):  # the sum of single steps
            _, state = rule.step(w, pre=new, post=new, state=state, out=w, reduce="sum")
            np.fill_diagonal(w, 0.0)
        else:
            for pattern in new:
                _, state = rule.step(w, pre=pattern, post=pattern, state=state, out=w)
                np.fill_diagonal(w, 0.0)
        done = count
        yield w


def practise(rule: Rule, w: Array, patterns: Array, passes: int, state: Any = None) -> Any:
    """Tells the cells their target, for every pattern that is not known yet; changes `w`, returns the rule's state."""
    for _ in range(passes):
        unknown = patterns[np.min(patterns * (patterns @ w.T), axis=1) < KNOWN]
        if not len(unknown):
            break
        for pattern in unknown:
            _, state = rule.step(w, pre=pattern, post=w @ pattern, post_target=pattern, state=state, out=w)
            np.fill_diagonal(w, 0.0)
    return state


def recall(w: Array, cues: Array, rng: np.random.Generator) -> tuple[Array, NDArray[np.bool_]]:
    """Where `cues[batch, cells]` come to rest, and which did (an asymmetric `w` may go round for ever).

    One cell at a time turns over, drawn at random among those whose input has the opposite sign.
    """
    from_each = np.ascontiguousarray(w.T)
    result, settled = cues.copy(), np.zeros(len(cues), dtype=bool)
    going = np.arange(len(cues))
    states, inputs = cues.copy(), cues @ from_each
    for _ in range(4 * w.shape[0]):
        chance = 1 - rng.random(w.shape[0], dtype=np.float32)  # above 0
        wrong = (states * inputs < 0) * chance
        cell = np.argmax(wrong, axis=1)
        live = wrong[np.arange(len(going)), cell] > 0
        if not live.all():
            result[going[~live]], settled[going[~live]] = states[~live], True
            going, states, inputs, cell = going[live], states[live], inputs[live], cell[live]
            if not len(going):
                break
        rows = np.arange(len(going))
        turned = -states[rows, cell]
        states[rows, cell] = turned
        inputs += 2 * turned[:, None] * from_each[cell]
    result[going] = states
    return result, settled


def overlap(states: Array, patterns: Array) -> Array:
    """m = ⟨state · pattern⟩ of each pair: 1 if they are the same, 0 by chance, -1 for the negative."""
    result: Array = np.mean(states * patterns, axis=-1)
    return result


def crosstalk(w: Array, patterns: Array) -> float:
    """The mean square of what the other patterns add to a cell's input, its own share being (N-1)/N."""
    cells = w.shape[0]
    return float(np.mean((patterns * (patterns @ w.T) - (cells - 1) / cells) ** 2))


def expected_crosstalk(number: Any, cells: int) -> Any:
    """The crosstalk of `number` random patterns under the outer product."""
    return (number - 1) * (cells - 1) / cells**2


def mean_field() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The overlap m of Amit, Gutfreund and Sompolinsky against the load α, up to the critical load.

    With y = m/√(2αr), the zero-temperature equations are m = erf y and √(2α) = erf(y)/y - 2/√π exp(-y²).
    """
    from scipy.special import erf

    y = np.linspace(4.0, 0.5, 4000)
    load = (erf(y) / y - 2 / np.sqrt(np.pi) * np.exp(-(y**2))) ** 2 / 2
    last = int(np.argmax(load)) + 1
    return load[:last], erf(y[:last])


def midpoint(loads: NDArray[np.float64], held: NDArray[np.float64]) -> float:
    """The load at which the fraction held first falls to one half; infinite if it does not."""
    if not np.any(held < 0.5):
        return float("inf")
    first = int(np.argmax(held < 0.5))
    if first == 0:
        return 0.0
    share = (held[first - 1] - 0.5) / (held[first - 1] - held[first])
    return float(loads[first - 1] + share * (loads[first] - loads[first - 1]))


def evenly(number: int, most: int) -> NDArray[np.int64]:
    """Up to `most` of the indices below `number`, evenly spaced."""
    return np.linspace(0, number - 1, min(number, most)).round().astype(np.int64)


def parts(rule: Rule) -> Iterator[Expr]:
    """Every part of every expression of `rule`."""
    for _, expression in rule.equations.items():
        yield from walk(expression)


def is_additive(rule: Rule) -> bool:
    """Whether a step depends on the pattern alone, so that a sum over patterns is the same as one after the other."""
    reads = any(
        isinstance(part, Weight)
        or (isinstance(part, Cell) and part.variable is not None)
        or (isinstance(part, Call) and part.function in FILTERS | REDUCTIONS)
        for part in parts(rule)
    )
    return not reads and rule.bounds is None and rule.normalize is None and not rule.equations.variables
