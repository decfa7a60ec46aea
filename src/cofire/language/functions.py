"""The words of the language: functions of numbers, filters over time, reductions over cells, and who may use which."""

from __future__ import annotations

from collections.abc import Mapping
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
OF_STEP = frozenset({"state", "out", "dt", "learning", "reduce"})
_ARGUMENTS = frozenset({"self", "text", "bounds", "normalize", "signals", "origin"}) | OF_STEP


@dataclass(frozen=True, slots=True)
class Dialect:
    """What is written, and so which words it has.

    `what`: "rule" or "neuron"; `example`: one of it. `cells`: the words for the activity of a cell. `arguments`: names
    that are taken already, and `takes`: by what. `refused`: words of the language that it cannot use, and what to do
    instead.
    """

    what: str
    example: str
    cells: Mapping[str, Side]
    arguments: frozenset[str]
    takes: str
    refused: Mapping[str, str]

    @property
    def reserved(self) -> frozenset[str]:
        """Every word that can name nothing else."""
        words = frozenset(FUNCTIONS) | self.cells.keys() | self.arguments | self.refused.keys()
        return words | {"w"} if self.cells else words

    @property
    def derivative(self) -> str:
        """The left side of its equation: `dw/dt`."""
        return self.example.partition(" =")[0]


RULE = Dialect(
    "rule",
    "dw/dt = eta * pre * post",
    CELLS,
    _ARGUMENTS,
    "Rule or step",
    {
        "t": "a rule cannot read the time t; what passes with time is trace(), mean() or dX/dt",
        "dt": "leave dt out: an equation gives the change in a unit of time, and step multiplies it by its dt",
    },
)
_SYNAPTIC = "synapses add to its inputs, and what decays is written dX/dt = ..."
NEURON = Dialect(
    "neuron",
    "dv/dt = (v_rest - v) / tau",
    {},
    frozenset({"self", "text", "threshold", "reset", "refractory", "method", "inputs", "conductances"})
    | {"learns", "rate", "initial", "origin", "dt"},
    "Neuron or the network",
    {"t": "a neuron cannot read the time t; what passes with time is dX/dt"}
    | {name: f"{name!r} is a word of learning rules and none of neurons: {_SYNAPTIC}" for name in ("pre", "post")}
    | {name: f"{name}() is part of learning rules and not of neurons: {_SYNAPTIC}" for name in FILTERS | REDUCTIONS},
)
