"""What can be called in a rule: functions of numbers, filters over time, reductions over cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cofire.language.tree import Side

Kind = Literal["function", "filter", "reduction"]


@dataclass(frozen=True, slots=True)
class Function:
    """One callable of the language: how many arguments it takes and what it means."""

    name: str
    arguments: tuple[int, int]
    meaning: str
    kind: Kind = "function"


_ALL = (
    Function("exp", (1, 1), "e to the power x"),
    Function("log", (1, 1), "natural logarithm"),
    Function("sqrt", (1, 1), "square root"),
    Function("tanh", (1, 1), "hyperbolic tangent"),
    Function("sigmoid", (1, 1), "1 / (1 + exp(-x))"),
    Function("relu", (1, 1), "x where positive, else 0"),
    Function("step", (1, 1), "1 where x >= 0, else 0"),
    Function("sign", (1, 1), "-1, 0 or 1"),
    Function("abs", (1, 1), "absolute value"),
    Function("min", (2, 8), "the smallest argument"),
    Function("max", (2, 8), "the largest argument"),
    Function("clip", (3, 3), "clip(x, low, high): x held between low and high"),
    Function(
        "trace", (2, 2), "trace(s, tau): +1 per spike of s, decays with tau; of a rate, its leaky integral", "filter"
    ),
    Function("nearest", (2, 2), "nearest(s, tau): set to 1 at a spike of s, decays with tau", "filter"),
    Function("mean", (2, 2), "mean(s, tau): running average, trace(s, tau) / tau", "filter"),
    Function("sum_pre", (1, 1), "sum over the presynaptic cells: one number per postsynaptic cell", "reduction"),
    Function("sum_post", (1, 1), "sum over the postsynaptic cells: one number per presynaptic cell", "reduction"),
    Function("reconstruct", (1, 1), "the input the layer would rebuild from s: sum_post(w * s)", "reduction"),
    Function(
        "reconstruct_ordered",
        (1, 1),
        "the same sum over the first postsynaptic cells up to and including this one (Sanger)",
        "reduction",
    ),
)

FUNCTIONS: dict[str, Function] = {function.name: function for function in _ALL}
FILTERS = frozenset(f.name for f in _ALL if f.kind == "filter")
REDUCTIONS = frozenset(f.name for f in _ALL if f.kind == "reduction")

CELLS: dict[str, Side] = {"pre": "pre", "post": "post", "x": "pre", "y": "post"}

# What `Rule` and `Rule.step` are given by name cannot name anything else.
ARGUMENTS = frozenset({"self", "text", "bounds", "normalize", "signals", "origin"})
ARGUMENTS |= {"state", "out", "dt", "learning", "reduce"}
RESERVED = frozenset(FUNCTIONS) | CELLS.keys() | ARGUMENTS | {"w", "t"}
