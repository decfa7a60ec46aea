"""Tree to one line of Unicode that still reads back: `dw/dt = η · post · (pre − post · w)`.

The plain spelling of `text.py` with the signs of the textbook: Greek letters, `·`, `−`, superscripts, and subscripts
where the language has them (`τ₊`, `ρ₀`). Every line can be given to the parser again and makes the identical tree.
"""

from __future__ import annotations

import re

from cofire.language.spelling import plain_name
from cofire.language.symbols import GREEK
from cofire.language.text import to_text
from cofire.language.tree import Equations, Expr, Name, rebuild

_SUBSCRIPTS = {"plus": "₊", "minus": "₋"}
_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def to_line(expr: Expr) -> str:
    """`expr` on one line: `η · pre · post²`."""
    return _signs(to_text(_renamed(expr)))


def equations_to_lines(equations: Equations) -> list[str]:
    """One line for each equation, the weight's first."""
    return [f"{left} = {to_line(expression)}" for left, expression in sides(equations)]


def sides(equations: Equations) -> list[tuple[str, Expr]]:
    """`(left-hand side, expression)` of each equation, names as they are printed: `("dw/dt", ...)`, `("θ", ...)`."""
    result = [("dw/dt", equations.weight)]
    result += [(f"d{name_to_line(name)}/dt", expression) for name, expression in equations.variables]
    result += [(name_to_line(name), expression) for name, expression in equations.definitions]
    return result


def name_to_line(name: str) -> str:
    """`tau_plus` as `τ₊`; a spelling that would read back as another name is not used."""
    for candidate in (_pretty(name), _pretty(name.removesuffix("_"))):
        if plain_name(candidate) == name:
            return candidate
    return name


def _pretty(name: str) -> str:
    first, *rest = name.split("_")
    base = first.rstrip("0123456789")
    pieces = [GREEK.get(base, base) + first[len(base) :]]
    for piece in rest:
        lowered = piece.translate(_LOWERED) if piece.isdigit() else _SUBSCRIPTS.get(piece)
        pieces.append(lowered or f"_{GREEK.get(piece, piece)}")
    return "".join(pieces)


def _renamed(node: Expr) -> Expr:
    return Name(name_to_line(node.id)) if isinstance(node, Name) else rebuild(node, _renamed)


def _signs(text: str) -> str:
    """The operators of the textbook; a whole-number exponent is raised unless a power follows it."""
    text = re.sub(r"\*\*(-?\d+)(?![\d.e]|\*\*)", lambda power: power[1].translate(_RAISED), text)
    return re.sub("(?<!e)-", "−", text.replace("**", "^").replace(" * ", " · "))
