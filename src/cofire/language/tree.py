"""The expression tree: seven kinds of node, immutable, compared by structure.

Number(0.5)                      0.5
Name("eta")                      a parameter, a modulator, a variable of the synapse, or a definition
Weight()                         w
Cell("pre") Cell("post", "v")    pre, post.v
Negative(x)                      -x
Binary("+", x, y)                x + y; also - * / **
Call("trace", (x, y))            a function, a filter or a reduction
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

Side = Literal["pre", "post"]
Operator = Literal["+", "-", "*", "/", "**"]


@dataclass(frozen=True, slots=True)
class Number:
    """A number literal; never negative (`-2` is `Negative(Number(2))`) and always finite."""

    value: float


@dataclass(frozen=True, slots=True)
class Name:
    """A parameter, a modulator, a variable of each synapse, or the name of a subexpression."""

    id: str


@dataclass(frozen=True, slots=True)
class Weight:
    """The weight, `w[post, pre]`."""


@dataclass(frozen=True, slots=True)
class Cell:
    """The activity of a cell (`variable` is None) or another variable of it, such as `post.v`."""

    side: Side
    variable: str | None = None


@dataclass(frozen=True, slots=True)
class Negative:
    """`-operand`."""

    operand: Expr


@dataclass(frozen=True, slots=True)
class Binary:
    """`left operator right`."""

    operator: Operator
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Call:
    """`function(arguments)`; which functions there are is in `functions.py`."""

    function: str
    arguments: tuple[Expr, ...]


Expr = Number | Name | Weight | Cell | Negative | Binary | Call

ZERO = Number(0.0)
ONE = Number(1.0)
PRE = Cell("pre")
POST = Cell("post")


def children(node: Expr) -> tuple[Expr, ...]:
    """The direct subexpressions of `node`, left to right."""
    match node:
        case Negative(operand):
            return (operand,)
        case Binary(_, left, right):
            return (left, right)
        case Call(_, arguments):
            return arguments
        case _:
            return ()


def walk(node: Expr) -> Iterator[Expr]:
    """`node` and everything below it, parents first."""
    pending = [node]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(reversed(children(node)))


def rebuild(node: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """`node` with `change` applied to each of its direct subexpressions."""
    match node:
        case Negative(operand):
            return Negative(change(operand))
        case Binary(operator, left, right):
            return Binary(operator, change(left), change(right))
        case Call(function, arguments):
            return Call(function, tuple(map(change, arguments)))
        case _:
            return node


def replace(node: Expr, substitutes: dict[Expr, Expr]) -> Expr:
    """`node` with every subexpression that is a key of `substitutes` replaced by its value."""
    if node in substitutes:
        return substitutes[node]
    return rebuild(node, lambda child: replace(child, substitutes))


@dataclass(frozen=True, slots=True)
class Equations:
    """A parsed rule: what `dw/dt` is, what each synapse variable's `dX/dt` is, and the named subexpressions.

    All three keep the text's own names; `inlined()` in `algebra.py` puts definitions in place.
    """

    weight: Expr
    variables: tuple[tuple[str, Expr], ...] = ()
    definitions: tuple[tuple[str, Expr], ...] = ()

    @property
    def derivatives(self) -> tuple[tuple[str, Expr], ...]:
        """`(variable, its time derivative)` of everything that changes, the weight first."""
        return (("w", self.weight), *self.variables)

    def items(self) -> Iterator[tuple[str, Expr]]:
        """`(left-hand side, expression)` of every equation, the weight's first."""
        for name, expression in self.derivatives:
            yield f"d{name}/dt", expression
        yield from self.definitions


@dataclass(frozen=True, slots=True)
class Threshold:
    """The condition `left operator right` under which a neuron fires."""

    left: Expr
    operator: Literal[">", ">="]
    right: Expr


@dataclass(frozen=True, slots=True)
class Dynamics:
    """A parsed neuron: each variable's `dX/dt`, named subexpressions, when it fires, what it then sets, in order.

    `threshold`: None for a cell that never fires.
    """

    derivatives: tuple[tuple[str, Expr], ...]
    definitions: tuple[tuple[str, Expr], ...]
    threshold: Threshold | None
    reset: tuple[tuple[str, Expr], ...]

    def items(self) -> Iterator[tuple[str, Expr]]:
        """`(left-hand side, expression)` of every equation; threshold and reset are none."""
        for name, expression in self.derivatives:
            yield f"d{name}/dt", expression
        yield from self.definitions

    def expressions(self) -> Iterator[Expr]:
        """Every expression, in the order in which they are written."""
        for _, expression in self.items():
            yield expression
        if self.threshold:
            yield from (self.threshold.left, self.threshold.right)
        for _, expression in self.reset:
            yield expression
