"""Small facts about trees: definitions put in place, names in use, arithmetic that needs no values."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, KeysView, Mapping, Set
from contextlib import suppress
from graphlib import TopologicalSorter

from cofire.language.functions import FILTERS
from cofire.language.tree import (
    ONE,
    ZERO,
    Binary,
    Call,
    Dynamics,
    Equations,
    Expr,
    Name,
    Negative,
    Number,
    Operator,
    Threshold,
    children,
    rebuild,
    walk,
)

_ARITHMETIC: dict[Operator, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": math.pow,
}
_AT_ZERO = {"abs": ZERO, "relu": ZERO, "tanh": ZERO, "sqrt": ZERO, "sign": ZERO, "exp": ONE, "step": ONE}
_ALWAYS_ZERO_OF_ZERO = frozenset({"sum_pre", "sum_post", "reconstruct", "reconstruct_ordered"})


def names(node: Expr) -> KeysView[str]:
    """Every `Name` in `node`, in the order of the text."""
    return dict.fromkeys(part.id for part in walk(node) if isinstance(part, Name)).keys()


def may_lack_value(node: Expr, parameters: Mapping[str, float]) -> bool:
    """Whether some finite numbers may have no finite value in it, however small they are: 1 / x, log, sqrt, a power."""

    def one(part: Expr) -> bool:
        match part:
            case Call("log" | "sqrt"):
                return True
            case Binary("/", _, divisor):
                return not arithmetic(divisor, parameters)
            case Binary("**", base, exponent):
                power = arithmetic(exponent, parameters)
                positive = isinstance(base, Call) and base.function in ("abs", "relu", "exp")
                return power is None or power < 0 or not (power.is_integer() or positive)
        return False

    return any(one(part) for part in walk(node))


def size(node: Expr, sizes: Mapping[str, tuple[int, int]]) -> tuple[int, int]:
    """`(nodes, depth)` that `node` has once every name in `sizes` is replaced by an expression of that size."""
    if isinstance(node, Name) and node.id in sizes:
        return sizes[node.id]
    parts = [size(child, sizes) for child in children(node)]
    return 1 + sum(nodes for nodes, _ in parts), 1 + max((depth for _, depth in parts), default=0)


def definition_order(definitions: Mapping[str, Expr]) -> Iterable[str]:
    """The names of `definitions`, each after those that it uses. Raises: `CycleError` if some go in a circle."""
    uses = {name: [other for other in names(part) if other in definitions] for name, part in definitions.items()}
    return TopologicalSorter(uses).static_order()


def inlined(equations: Equations) -> Equations:
    """The same rule with every definition put in the place of its name."""
    put = _putter(equations.definitions)
    return Equations(put(equations.weight), tuple((name, put(part)) for name, part in equations.variables))


def inlined_neuron(neuron: Dynamics) -> Dynamics:
    """The same neuron with every definition put in the place of its name."""
    put = _putter(neuron.definitions)
    fires = neuron.threshold
    return Dynamics(
        tuple((name, put(part)) for name, part in neuron.derivatives),
        (),
        fires and Threshold(put(fires.left), fires.operator, put(fires.right)),
        tuple((name, put(part)) for name, part in neuron.reset),
    )


def _putter(written: Iterable[tuple[str, Expr]]) -> Callable[[Expr], Expr]:
    """What puts the definitions `written` in the place of their names."""
    definitions = dict(written)
    done: dict[str, Expr] = {}

    def put(node: Expr) -> Expr:
        return done[node.id] if isinstance(node, Name) and node.id in done else rebuild(node, put)

    for name in definition_order(definitions):
        done[name] = put(definitions[name])
    return put


def arithmetic(node: Expr, values: Mapping[str, float]) -> float | None:
    """What `node` comes to where it is `+ - * / **` of numbers and names with a value; None where that is no number."""
    match node:
        case Number(value):
            return value
        case Name(name):
            return values.get(name)
        case Negative(operand):
            return arithmetic(Binary("-", ZERO, operand), values)
        case Binary(sign, left, right):
            a, b = arithmetic(left, values), arithmetic(right, values)
            if a is None or b is None:
                return None
            with suppress(ArithmeticError, ValueError):
                return _ARITHMETIC[sign](a, b)
    return None


def simplify(node: Expr) -> Expr:
    """`node` with zeros, ones and sums of numbers worked out; the same wherever every part of it is finite.

    Filters stay as they are written: what a rule remembers is found under the text of its filter.
    """
    if isinstance(node, Call) and node.function in FILTERS:
        return node
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
        case Binary("/", Number(0.0), Number(n)) if n > 0:
            return ZERO
        case Binary("/", Number(0.0), Name()):
            return ZERO
        case Binary("/", Number(0.0), Call("max", arguments)) if any(
            isinstance(a, Number) and a.value > 0 for a in arguments
        ):
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


def affine(node: Expr, symbols: Set[str]) -> dict[str, Expr] | None:
    """`node` as a sum over `symbols`, each by its coefficient, and "" for the rest; None if it is not linear in them.

    Coefficients and rest have none of the symbols in them.
    """
    match node:
        case Name(name) if name in symbols:
            return {name: ONE}
        case _ if symbols.isdisjoint(names(node)):
            return {"": node}
        case Negative(operand):
            parts = affine(operand, symbols)
            return parts and {name: tidy(Negative(part)) for name, part in parts.items()}
        case Binary("+" | "-" as sign, left, right):
            a, b = affine(left, symbols), affine(right, symbols)
            if a is None or b is None:
                return None
            return {name: tidy(Binary(sign, a.get(name, ZERO), b.get(name, ZERO))) for name in dict.fromkeys((*a, *b))}
        case Binary("*", left, right):
            a, b = affine(left, symbols), affine(right, symbols)
            if a is None or b is None or not (a.keys() == {""} or b.keys() == {""}):
                return None
            if a.keys() == {""}:
                return {name: tidy(Binary("*", a[""], part)) for name, part in b.items()}
            return {name: tidy(Binary("*", part, b[""])) for name, part in a.items()}
        case Binary("/", left, right) if symbols.isdisjoint(names(right)):
            parts = affine(left, symbols)
            return parts and {name: tidy(Binary("/", part, right)) for name, part in parts.items()}
    return None


def _number(value: float, otherwise: Expr) -> Expr:
    """The literal of `value`, or `otherwise` where the literals' arithmetic leaves the range of numbers."""
    if not math.isfinite(value):
        return otherwise
    return Number(value) if value >= 0 else Negative(Number(-value))
