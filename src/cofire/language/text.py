"""Tree to text, in the plain spelling: reading the text again gives the identical tree.

Brackets stand only where the parser needs them. It reads as Python does: `**` is right-associative and binds tighter
than a minus on its left, looser than one on its right; `+ - * /` are left-associative.
"""

from __future__ import annotations

from cofire.language.tree import Binary, Call, Cell, Dynamics, Equations, Expr, Name, Negative, Number, Weight

_SUM, _PRODUCT, _MINUS, _POWER, _ATOM = range(5)

_OPERATORS: dict[str, tuple[str, int, int, int]] = {
    # how it is printed, how tightly it binds, how tightly its left and its right side must at least bind
    "+": (" + ", _SUM, _SUM, _PRODUCT),
    "-": (" - ", _SUM, _SUM, _PRODUCT),
    "*": (" * ", _PRODUCT, _PRODUCT, _MINUS),
    "/": (" / ", _PRODUCT, _PRODUCT, _MINUS),
    "**": ("**", _POWER, _ATOM, _MINUS),
}


def to_text(expr: Expr) -> str:
    """`expr` as it is written in a rule: `eta * post * (pre - post * w)`."""
    return _printed(expr)[0]


def equations_to_text(equations: Equations | Dynamics) -> str:
    """All equations, one a line, a rule's weight first: `dw/dt = ...`, `dX/dt = ...`, `name = ...`."""
    return "\n".join(f"{left} = {to_text(expression)}" for left, expression in equations.items())


def number_text(value: float) -> str:
    """The shortest digits that read back as `value`, a whole number without its point: `2`, `0.5`, `1e-05`."""
    return repr(float(value)).removesuffix(".0")


def _printed(node: Expr) -> tuple[str, int]:
    """`node` as text, and how tightly that text binds."""
    match node:
        case Number(value):
            return number_text(value), _ATOM
        case Name(name):
            return name, _ATOM
        case Weight():
            return "w", _ATOM
        case Cell(side, None):
            return side, _ATOM
        case Cell(side, variable):
            return f"{side}.{variable}", _ATOM
        case Negative(operand):
            return f"-{_within(operand, _MINUS)}", _MINUS
        case Binary(operator, left, right):
            sign, binds, left_needs, right_needs = _OPERATORS[operator]
            return f"{_within(left, left_needs)}{sign}{_within(right, right_needs)}", binds
        case Call(function, arguments):
            return f"{function}({', '.join(map(to_text, arguments))})", _ATOM


def _within(node: Expr, needs: int) -> str:
    text, binds = _printed(node)
    return text if binds >= needs else f"({text})"
