"""What the typesetters (LaTeX, MathML, the terminal) decide alike: symbols of names, and where brackets stand.

The notation, beyond that of arithmetic:

    eta, lambda_, tau_plus, w_max    Greek, and subscripts: η, λ, τ₊, w with a small "max"
    A2_plus, theta_LTD               A with the subscript 2,+; θ with the subscript LTD
    pre, post, post.v                upright words; v with the subscript post
    trace(s, tau)                    s under a bar, with the subscript τ
    nearest(s, tau)                  the same with the subscript nn,τ (nearest neighbour)
    mean(s, tau)                     s in angle brackets, with the subscript τ
    sum_pre(e), sum_post(e)          a sum sign over pre, over post
    reconstruct(s)                   a sum over post' of the weight onto post' times s of post'
    reconstruct_ordered(s)           the same over post' ≤ post
    relu(s), log(s), exp(s)          [s]₊, ln s, e to the power s where s is short
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cofire.language.functions import REDUCTIONS
from cofire.language.text import number_text
from cofire.language.tree import Binary, Call, Cell, Expr, Name, Negative, Number, Weight, rebuild, walk

_LOWER = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu"),
    *("nu", "xi", "omicron", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"),
)
GREEK = dict(zip(_LOWER, "αβγδϵζηθικλμνξοπρστυϕχψω", strict=True))
GREEK |= {name.title(): GREEK[name].upper() for name in _LOWER}

# Functions printed as their name with arguments in brackets, and that name.
NAMED = {"exp": "exp", "log": "ln", "tanh": "tanh", "min": "min", "max": "max"}
NAMED |= {name: name for name in ("sigmoid", "step", "sign", "clip")}

LONGEST_EXPONENT = 5  # parts of x in e^x; exp(x) beyond

Place = Literal["summand", "subtrahend", "first factor", "factor", "base", "summed"]


@dataclass(frozen=True, slots=True)
class Symbol:
    """A name taken apart: `tau_plus` is `Symbol("tau", ("plus",))`."""

    base: str
    subscripts: tuple[str, ...] = ()


def symbol(name: str) -> Symbol:
    """The parts of `name`: what follows an underscore, and digits at the end of the first part, are subscripts."""
    first, *rest = name.split("_")
    base = first.rstrip("0123456789")
    return Symbol(base, tuple(part for part in (first[len(base) :], *rest) if part))


def scientific(value: float) -> tuple[str, int]:
    """`(digits, power of ten)` of a number: (0.5, 0) is 0.5, (2.5, -5) is 0.000025."""
    digits, _, power = number_text(value).partition("e")
    return digits, int(power or 0)


def prepared(node: Expr) -> Expr:
    """`node` with a leading minus taken out of products and fractions: (-a) b / c becomes -(a b / c)."""
    return _lifted(rebuild(node, prepared))


def is_short(exponent: Expr) -> bool:
    """Whether e to the power `exponent` stays readable as a superscript: a few parts on one line."""
    parts = list(walk(exponent))
    tall = any(isinstance(part, Call) or (isinstance(part, Binary) and part.operator in ("/", "**")) for part in parts)
    return not tall and len(parts) <= LONGEST_EXPONENT


def needs_brackets(node: Expr, place: Place) -> bool:
    """Whether `node`, part of something `prepared`, is misread without brackets where it stands.

    "summand" is the right side of +, "subtrahend" that of - (or of a leading minus), "first factor" and "factor" the
    two sides of a product, "base" what a power is taken of, "summed" what stands behind a sum sign. Nothing needs
    brackets as the left side of + or -, in a fraction, in an exponent, or as an argument.
    """
    match place:
        case "summand":
            return _begins_with_minus(node)
        case "first factor":
            return _is_sum(node) or _ends_with_sum_sign(node)
        case "base":
            return not _is_one_sign(node)
        case _:
            return _is_sum(node) or _begins_with_minus(node)


def needs_dot(left: Expr, right: Expr) -> bool:
    """Whether a product needs a visible sign: `right` begins with a digit, or makes a mixed number of `left`."""
    return _begins_with_digit(right) or (_ends_with_digit(left) and _begins_with_numeric_fraction(right))


def _lifted(node: Expr) -> Expr:
    match node:
        case Binary("*" | "/" as operator, Negative(left), right):
            return Negative(_lifted(Binary(operator, left, right)))
    return node


def _is_sum(node: Expr) -> bool:
    return isinstance(node, Binary) and node.operator in ("+", "-")


def _begins_with_minus(node: Expr) -> bool:
    match node:
        case Negative():
            return True
        case Binary("+" | "-", left, _):
            return _begins_with_minus(left)
    return False


def _ends_with_sum_sign(node: Expr) -> bool:
    """Whether a factor written behind `node` would seem to stand under its sum sign."""
    match node:
        case Binary("*", _, right):
            return _ends_with_sum_sign(right)
        case Call(function):
            return function in REDUCTIONS
    return False


def _is_one_sign(node: Expr) -> bool:
    match node:
        case Number(value):
            return scientific(value)[1] == 0
        case Name() | Weight() | Cell():
            return True
        case Call("exp", (argument,)):
            return not is_short(argument)
        case Call(function):
            return function not in REDUCTIONS
    return False


def _begins_with_digit(node: Expr) -> bool:
    match node:
        case Number() | Binary("**", Number(), _):
            return True
        case Binary("*", left, _):
            return _begins_with_digit(left)
    return False


def _ends_with_digit(node: Expr) -> bool:
    match node:
        case Number():
            return True
        case Binary("*", _, right):
            return _ends_with_digit(right)
    return False


def _begins_with_numeric_fraction(node: Expr) -> bool:
    match node:
        case Binary("*", left, _):
            return _begins_with_numeric_fraction(left)
        case Binary("/", left, _):
            return _begins_with_digit(left)
    return False
