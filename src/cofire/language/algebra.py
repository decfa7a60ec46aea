"""Small facts about trees: definitions put in place, names in use, arithmetic that needs no values."""

from __future__ import annotations

import math

from cofire.errors import LanguageError
from cofire.language.tree import (
    ONE,
    ZERO,
    Binary,
    Call,
    Equations,
    Expr,
    Name,
    Negative,
    Number,
    children,
    rebuild,
    walk,
)

MAX_INLINED_NODES = 5_000
MAX_INLINED_DEPTH = 150

_AT_ZERO = {"abs": ZERO, "relu": ZERO, "tanh": ZERO, "sqrt": ZERO, "sign": ZERO, "exp": ONE, "step": ONE}
_ALWAYS_ZERO_OF_ZERO = frozenset({"sum_pre", "sum_post", "reconstruct", "reconstruct_ordered"})


def names(node: Expr) -> set[str]:
    """Every `Name` in `node`."""
    return {part.id for part in walk(node) if isinstance(part, Name)}


def inlined(equations: Equations) -> Equations:
    """The same rule with every definition put in the place of its name.

    Raises: `LanguageError` if definitions refer to each other in a circle, or grow beyond all reason.
    """
    definitions = dict(equations.definitions)
    done: dict[str, Expr] = {}
    sizes: dict[str, tuple[int, int]] = {}

    def size(node: Expr) -> tuple[int, int]:
        """(nodes, depth) that `node` will have, known before it is built."""
        if isinstance(node, Name) and node.id in sizes:
            return sizes[node.id]
        parts = [size(child) for child in children(node)]
        return 1 + sum(n for n, _ in parts), 1 + max((d for _, d in parts), default=0)

    def put(node: Expr) -> Expr:
        if isinstance(node, Name) and node.id in definitions:
            return done[node.id]
        return rebuild(node, put)

    def checked(node: Expr, where: str) -> Expr:
        nodes, depth = size(node)
        if nodes > MAX_INLINED_NODES or depth > MAX_INLINED_DEPTH:
            raise LanguageError(
                f"with its definitions put in place, {where} has {nodes:,} parts, {depth} deep; that is too large"
            )
        return put(node)

    def define(name: str, waiting: tuple[str, ...]) -> None:
        if name in done:
            return
        if name in waiting:
            raise LanguageError(
                "these definitions go in a circle: " + " → ".join((*waiting[waiting.index(name) :], name))
            )
        for other in sorted(names(definitions[name]) & definitions.keys()):
            define(other, (*waiting, name))
        sizes[name] = size(definitions[name])
        done[name] = checked(definitions[name], name)

    for name in definitions:
        define(name, ())
    return Equations(
        checked(equations.weight, "dw/dt"),
        tuple((name, checked(expression, f"d{name}/dt")) for name, expression in equations.variables),
    )


def simplify(node: Expr) -> Expr:
    """`node` with zeros, ones and sums of numbers worked out; its value is the same wherever it is finite."""
    return tidy(rebuild(node, simplify))


def tidy(node: Expr) -> Expr:
    """`node` simplified, given that its direct subexpressions are already."""
    match node:
        case Negative(Number(0.0)):
            return ZERO
        case Negative(Negative(x)):
            return x
        case Binary("+", Number(a), Number(b)):
            return _number(a + b, node)
        case Binary("-", Number(a), Number(b)):
            return _number(a - b, node)
        case Binary("*", Number(a), Number(b)):
            return _number(a * b, node)
        case Binary("+", x, Number(0.0)) | Binary("+", Number(0.0), x) | Binary("-", x, Number(0.0)):
            return x
        case Binary("-", Number(0.0), x):
            return tidy(Negative(x))
        case Binary("-", x, y) if x == y:
            return ZERO
        case Binary("+", x, Negative(y)):
            return tidy(Binary("-", x, y))
        case Binary("-", x, Negative(y)):
            return tidy(Binary("+", x, y))
        case Binary("*", Number(0.0), _) | Binary("*", _, Number(0.0)):
            return ZERO
        case Binary("/", Number(0.0), x) if x != ZERO:
            return ZERO
        case Binary("*", Number(1.0), x) | Binary("*" | "/" | "**", x, Number(1.0)):
            return x
        case Binary("*" | "/" as operator, Negative(x), y) | Binary("*" | "/" as operator, x, Negative(y)):
            return tidy(Negative(tidy(Binary(operator, x, y))))
        case Binary("**", Number(0.0), Number(n)) if n > 0:
            return ZERO
        case Binary("**", Number(1.0), _) | Binary("**", _, Number(0.0)):
            return ONE
        case Call(function, (Number(0.0),)) if function in _AT_ZERO:
            return _AT_ZERO[function]
        case Call(function, (Number(0.0),)) if function in _ALWAYS_ZERO_OF_ZERO:
            return ZERO
        case Call("min" | "max" as function, arguments) if all(isinstance(a, Number) for a in arguments):
            chosen = (min if function == "min" else max)(a.value for a in arguments if isinstance(a, Number))
            return Number(chosen)
    return node


def _number(value: float, otherwise: Expr) -> Expr:
    """The literal of `value`, or `otherwise` where the literals' arithmetic leaves the range of numbers."""
    if not math.isfinite(value):
        return otherwise
    return Number(value) if value >= 0 else Negative(Number(-value))
