"""The value of a subexpression, along just the axes it needs.

A leaf is an array whose axes are some of (batch, post, pre), in that order; `aligned` gives it the missing ones, of
size 1, so that ordinary broadcasting does the rest. What is made of parameters alone stays a Python number.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any

from cofire.backends.arrays import gemm, library
from cofire.errors import ParameterError
from cofire.language.functions import FILTERS, REDUCTIONS
from cofire.language.text import to_text
from cofire.language.tree import PRE, Binary, Call, Cell, Expr, Name, Negative, Number, Weight, walk
from cofire.lowering.placement import DRIVE, Axis, Placement
from cofire.lowering.products import Separated, separate

Array = Any
Window = Mapping[Axis, slice]

ORDER: tuple[Axis, ...] = ("batch", "post", "pre")
EVERYTHING: Window = {}


@dataclass(frozen=True)
class Evaluator:
    """Arithmetic on trees. `xp` is the array namespace; where leaves and sums come from, a subclass says in `read`."""

    xp: Any
    place: Placement
    parameters: Mapping[str, float]
    w: Array

    def read(self, node: Expr, context: tuple[Axis, ...], window: Window) -> Array:
        """A leaf, or a sum over cells, with the axes of `context`."""
        raise NotImplementedError

    def array(self, value: Array | float) -> Array:
        """`value` as an array of the library, type and device of the weights."""
        if isinstance(value, int | float):
            return self.xp.full((), value, dtype=self.w.dtype, device=library.device(self.w))
        return value

    def value(self, node: Expr, context: tuple[Axis, ...], window: Window = EVERYTHING) -> Array | float:
        """`node` with the axes of `context`, restricted to the rows, columns or samples in `window`."""
        match node := self._short(node):
            case Number(value):
                return value
            case Name(name) if name in self.parameters:
                return self.parameters[name]
            case Negative(operand):
                return -self.value(operand, context, window)
            case Binary(operator, left, right):
                return self._arithmetic(
                    node, operator, self.value(left, context, window), self.value(right, context, window)
                )
            case Call(function, arguments) if function not in FILTERS | REDUCTIONS:
                values = [self.value(argument, context, window) for argument in arguments]
                return self._apply(node, function, values)
        return self.read(node, context, window)

    def fill(self, out: Array, node: Expr, context: tuple[Axis, ...], window: Window = EVERYTHING) -> None:
        """Writes `node` to `out`; a product without an array between, where the library can."""
        can = library.is_numpy(out) or library.is_torch(out)
        match node := self._short(node):
            case Binary("*", left, right) if can:
                self.fill(out, right, context, window)
                self.xp.multiply(out, self.array(self.value(left, context, window)), out=out)
            case Call("abs", (Weight(),)) if can:
                self.xp.abs(self.value(Weight(), context, window), out=out)
            case _:
                out[...] = self.value(node, context, window)

    def number(self, node: Expr) -> float:
        """A subexpression made of parameters only. Raises: `ParameterError` if it is not finite."""
        value = self.value(node, ())
        if not isinstance(value, int | float) or not math.isfinite(value):
            raise ParameterError(f"{to_text(node)!r} is not a finite number for these parameters")
        return float(value)

    def _arithmetic(self, node: Expr, operator: str, left: Array | float, right: Array | float) -> Array | float:
        if operator == "**":
            return self._power(node, left, right)
        try:
            match operator:
                case "+":
                    return left + right
                case "-":
                    return left - right
                case "*":
                    return left * right
            return left / right
        except (ZeroDivisionError, OverflowError):
            raise ParameterError(f"{to_text(node)!r} is not a finite number for these parameters") from None

    def _power(self, node: Expr, base: Array | float, exponent: Array | float) -> Array | float:
        if isinstance(exponent, int | float):
            if isinstance(base, int | float):
                return self._apply(node, "**", [base, exponent])
            if float(exponent).is_integer() and 0 <= exponent <= 32:
                return _integer_power(base, int(exponent), self.xp)
            if exponent == 0.5:
                return self.xp.sqrt(base)
        return self.xp.pow(self.array(base), self.array(exponent))

    def _short(self, node: Expr) -> Expr:
        """sign(x) |x|**n is x |x|**(n - 1), which spares a pass over x."""
        match node:
            case Binary("*", Call("sign", (x,)), Binary("**", Call("abs", (same,)) as size, exponent)) if x == same:
                power = self.value(exponent, ())
                varies = any(isinstance(leaf, Cell | Weight) for leaf in walk(x))  # else errors quote what was written
                if varies and isinstance(power, int | float) and power >= 1:
                    return Binary("*", x, size if power == 2 else Binary("**", size, Number(power - 1)))
        return node

    def _apply(self, node: Expr, function: str, values: list[Array | float]) -> Array | float:
        if all(isinstance(value, int | float) for value in values):
            try:
                return _NUMBERS[function](*values)
            except (ValueError, ZeroDivisionError, OverflowError, TypeError):
                raise ParameterError(f"{to_text(node)!r} is not a finite number for these parameters") from None
        return _ARRAYS[function](self.xp, *(self.array(value) for value in values))


@dataclass(frozen=True)
class Values(Evaluator):
    """Everything a step on a batch reads."""

    cells: Mapping[Cell, Array]
    signals: Mapping[str, Array]
    state: Mapping[str, Array]
    reduced: Callable[[Separated, Axis, Values], Array]
    diverged: str  # when numbers would leave their range, and what tames them
    _sums: dict[Expr, Array] = field(default_factory=dict)
    _squares: dict[int, tuple[Array, float]] = field(default_factory=dict)

    @property
    def samples(self) -> int:
        return int(self.cells[PRE].shape[0])

    def apart(self, out: Array) -> Values:
        """The same with copies of what may lie in the memory of `out`, which is written while they are read."""

        def kept(array: Array) -> Array:
            return self.xp.asarray(array, copy=True) if library.may_overlap(array, out) else array

        return replace(
            self,
            w=self.w if out is self.w else kept(self.w),
            cells={cell: kept(array) for cell, array in self.cells.items()},
            signals={name: kept(array) for name, array in self.signals.items()},
            state={key: kept(array) for key, array in self.state.items()},
        )

    def squares(self, array: Array) -> float:
        """`gemm.squares(array)`, measured once a step."""
        if id(array) not in self._squares:
            self._squares[id(array)] = array, gemm.squares(array)  # kept with it, so that the id stays its own
        return self._squares[id(array)][1]

    def read(self, node: Expr, context: tuple[Axis, ...], window: Window) -> Array:
        match node:
            case Call("reconstruct_ordered", (argument,)):
                rows = aligned(self.w, ("post", "pre"), context) * self.value(argument, context, window)
                return self.xp.cumulative_sum(rows, axis=context.index("post"))
        array, axes = self.leaf(node)
        return aligned(array, axes, context, window)

    def leaf(self, node: Expr) -> tuple[Array, tuple[Axis, ...]]:
        """The array of a leaf and its axes."""
        match node:
            case Weight():
                return self.w, ("post", "pre")
            case Cell(side) if node in self.cells:
                return self.cells[node], ("batch", side)
            case Cell() if node == DRIVE:
                return self._once(node, lambda: self.cells[PRE] @ self.w.T), ("batch", "post")
            case Name(name) if name in self.signals:
                return self.signals[name], ("batch",)
        axes = tuple(axis for axis in ORDER if axis in self.place.axes(node))
        if isinstance(node, Call) and node.function in REDUCTIONS:
            kept: Axis = "post" if node.function == "sum_pre" else "pre"
            inside = separate(node.arguments[0], self.place)
            total = self._once(node, lambda: self.reduced(inside, kept, self))
            return total[tuple(slice(None) if axis in axes else 0 for axis in ("batch", kept))], axes
        return self.state[to_text(node)], axes

    def _once(self, node: Expr, make: Callable[[], Array]) -> Array:
        if node not in self._sums:
            self._sums[node] = make()
        return self._sums[node]


def aligned(array: Array, axes: tuple[Axis, ...], context: tuple[Axis, ...], window: Window = EVERYTHING) -> Array:
    """`array` with one axis for each of `context`, of size 1 where it does not vary."""
    if axes == context and not window:
        return array
    index = tuple(window.get(axis, slice(None)) if axis in axes else None for axis in context)
    return array[index]


def _integer_power(base: Array, exponent: int, xp: Any) -> Array:
    if exponent == 0:
        return xp.ones_like(base)
    result = None
    while True:
        if exponent % 2:
            result = base if result is None else result * base
        exponent //= 2
        if not exponent:
            return result
        base = base * base


_ARRAYS: dict[str, Callable[..., Array]] = {
    "exp": lambda xp, x: xp.exp(x),
    "log": lambda xp, x: xp.log(x),
    "sqrt": lambda xp, x: xp.sqrt(x),
    "tanh": lambda xp, x: xp.tanh(x),
    "sigmoid": lambda xp, x: 0.5 * xp.tanh(0.5 * x) + 0.5,
    "relu": lambda xp, x: xp.maximum(x, xp.zeros_like(x)),
    "step": lambda xp, x: xp.where(xp.isnan(x), x, xp.astype(x >= 0, x.dtype)),
    "sign": lambda xp, x: xp.sign(x),
    "abs": lambda xp, x: xp.abs(x),
    "min": lambda xp, *xs: reduce(xp.minimum, xs),
    "max": lambda xp, *xs: reduce(xp.maximum, xs),
    "clip": lambda xp, x, low, high: xp.minimum(xp.maximum(x, low), high),
}

_NUMBERS: dict[str, Callable[..., float]] = {
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "tanh": math.tanh,
    "sigmoid": lambda x: 0.5 * math.tanh(0.5 * x) + 0.5,
    "relu": lambda x: max(x, 0.0),
    "step": lambda x: float(x >= 0),
    "sign": lambda x: float((x > 0) - (x < 0)),
    "abs": abs,
    "min": min,
    "max": max,
    "clip": lambda x, low, high: min(max(x, low), high),
    "**": math.pow,
}
