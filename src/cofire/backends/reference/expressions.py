"""The value of an expression: walk the tree, look up the leaves, apply NumPy."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Protocol

import numpy as np

from cofire.language.functions import FILTERS, REDUCTIONS
from cofire.language.tree import Binary, Call, Equations, Expr, Name, Negative, Number

Array = np.ndarray

OPERATORS: dict[str, Callable[[Array, Array], Array]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "**": np.power,
}

FUNCTIONS: dict[str, Callable[..., Array]] = {
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "tanh": np.tanh,
    "sigmoid": lambda x: 1.0 / (1.0 + np.exp(-x)),
    "relu": lambda x: np.maximum(x, 0.0),
    "step": lambda x: np.heaviside(x, 1.0),
    "sign": np.sign,
    "abs": np.abs,
    "min": lambda *xs: reduce(np.minimum, xs),
    "max": lambda *xs: reduce(np.maximum, xs),
    "clip": lambda x, low, high: np.minimum(np.maximum(x, low), high),
}


class Values(Protocol):
    """Where an expression finds its leaves and its sums."""

    def leaf(self, node: Expr) -> Array:
        """The value of a name, the weight, a cell's variable or a filter, for every synapse (and sample)."""

    def reduction(self, function: str, argument: Array) -> Array:
        """The sum that `function` takes of `argument`, given for every synapse (and sample)."""


def evaluate(node: Expr, values: Values) -> Array:
    """The value of `node`, for every synapse (and sample)."""
    match node:
        case Number(value):
            return np.asarray(value)
        case Negative(operand):
            return -evaluate(operand, values)
        case Binary(operator, left, right):
            return OPERATORS[operator](evaluate(left, values), evaluate(right, values))
        case Call(function, (argument,)) if function in REDUCTIONS:
            return values.reduction(function, evaluate(argument, values))
        case Call(function, arguments) if function not in FILTERS:
            return FUNCTIONS[function](*(evaluate(argument, values) for argument in arguments))
    return values.leaf(node)


def derivative(symbol: Expr, equations: Equations, values: Values) -> Array:
    """dX/dt of a filter or of a synapse variable, events left out: what the language says of it, term by term."""
    match symbol:
        case Call("mean", (signal, time)):
            return (evaluate(signal, values) - values.leaf(symbol)) / evaluate(time, values)
        case Call(_, (signal, time)):
            return evaluate(signal, values) - values.leaf(symbol) / evaluate(time, values)
        case Name(name):
            return evaluate(dict(equations.variables)[name], values)
    raise TypeError(symbol)


def held(w: Array, bounds: tuple[float, float] | None) -> Array:
    """The weights held within the bounds."""
    return w if bounds is None else np.clip(w, *bounds)
