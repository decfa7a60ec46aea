"""A subexpression as source text: walk the tree, name the leaves, print Python that numba compiles.

Nothing of a rule's own text gets here: what is printed are numbers, operators and functions of the tree, which is
white-listed, and identifiers made by `Names`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from keyword import iskeyword

from cofire.language.functions import FILTERS, REDUCTIONS
from cofire.language.tree import Binary, Call, Expr, Negative, Number

_SUM, _PRODUCT, _MINUS, _POWER, _ATOM = range(5)
_BINDS = {  # how tightly an operator binds, and how tightly its sides must
    "+": (_SUM, _SUM, _PRODUCT),
    "-": (_SUM, _SUM, _PRODUCT),
    "*": (_PRODUCT, _PRODUCT, _MINUS),
    "/": (_PRODUCT, _PRODUCT, _MINUS),
    "**": (_POWER, _ATOM, _MINUS),
}

# Functions as Python expressions that keep NaN, as NumPy does; {0}, {1} ... are the arguments.
_FUNCTIONS = {
    "exp": "exp({0})",
    "log": "log({0})",
    "sqrt": "sqrt({0})",
    "tanh": "tanh({0})",
    "sigmoid": "1.0 / (1.0 + exp(-({0})))",
    "relu": "maximum({0}, 0.0)",
    "step": "heaviside({0})",
    "sign": "sign({0})",
    "abs": "abs({0})",
    "clip": "minimum(maximum({0}, {1}), {2})",
}
_COMPOUND = frozenset({"sigmoid"})  # those that are not one call

MATHS = ("abs", "exp", "expm1", "isnan", "log", "maximum", "minimum", "sign", "sqrt", "tanh")
HEAVISIDE = """
@njit(**INNER)
def heaviside(x):
    return x if isnan(x) else 1.0 if x >= 0.0 else 0.0
"""


def source(node: Expr, leaf: Callable[[Expr], str]) -> str:
    """`node` as source text; `leaf` names the names, the weight, variables of cells, filters and reductions."""
    return _printed(node, leaf)[0]


def _printed(node: Expr, leaf: Callable[[Expr], str]) -> tuple[str, int]:
    match node:
        case Number(value):
            return repr(float(value)), _ATOM
        case Negative(operand):
            return f"-{_within(operand, _MINUS, leaf)}", _MINUS
        case Binary("**", base, Number(n)) if n.is_integer() and 0 <= n <= 8:
            return f"{_within(base, _ATOM, leaf)}**{int(n)}", _POWER
        case Binary(operator, left, right):
            binds, left_needs, right_needs = _BINDS[operator]
            sign = "**" if operator == "**" else f" {operator} "
            return f"{_within(left, left_needs, leaf)}{sign}{_within(right, right_needs, leaf)}", binds
        case Call("min" | "max" as function, (first, *others)):
            text = source(first, leaf)
            for other in others:
                text = f"{'minimum' if function == 'min' else 'maximum'}({text}, {source(other, leaf)})"
            return text, _ATOM
        case Call(function, arguments) if function not in FILTERS | REDUCTIONS:
            text = _FUNCTIONS[function].format(*(source(argument, leaf) for argument in arguments))
            return text, _PRODUCT if function in _COMPOUND else _ATOM
    return leaf(node), _ATOM


def _within(node: Expr, needs: int, leaf: Callable[[Expr], str]) -> str:
    text, binds = _printed(node, leaf)
    return text if binds >= needs else f"({text})"


class Names:
    """Identifiers, each given out once: `names.make("trace(pre, tau_plus)")` is `trace_pre_tau_plus`.

    Those that a kernel derives from it, such as `trace_pre_tau_plus_i`, are given to nobody else either.
    """

    def __init__(self, reserved: str) -> None:
        self._taken = set(reserved.split())

    def make(self, text: str) -> str:
        """An identifier of ASCII letters, digits and `_` that recalls `text`, and is not taken yet."""
        base = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")[:40] or "value"
        base = f"value_{base}" if base[0].isdigit() else base
        name, count = base, 1
        while iskeyword(name) or self._taken & _derived(name):
            count += 1
            name = f"{base}_{count}"
        self._taken |= _derived(name)
        return name


def _derived(name: str) -> set[str]:
    return {
        name,
        *(f"{name}_{index}" for index in ("i", "j", "s", "n", "then")),
        *(f"{kind}_{name}" for kind in ("change", "flow", "fade", "d", "given", "kept", "before", "prior", "log")),
        *(f"{kind}_{name}" for kind in ("during", "five", "over", "twice", "rise", "fall", "F", "up", "down")),
    }


def bracketed(text: str) -> str:
    """`text` as one operand, whatever stands beside it."""
    return text if re.fullmatch(r"[\w.]+", text) else f"({text})"


def summand(text: str) -> str:
    """`text` as what is taken away or multiplied: in brackets where it is a sum."""
    return f"({text})" if " + " in text or " - " in text or text.startswith("-") else text
