"""Tree to a small picture made of characters, for the terminal: fractions have their bars, sums their indices.

    dw
    ── = η · post · (pre − post · w)
    dt

The notation is that of `symbols.py`. A picture is a few rows of equal width, one of which is the line of writing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cofire.language.symbols import NAMED, Place, is_short, needs_brackets, prepared, scientific
from cofire.language.tree import Binary, Call, Cell, Equations, Expr, Name, Negative, Number, Weight
from cofire.language.unicode import name_to_line, sides

_RAISED = dict(
    zip("0123456789+-abcdefghijklmnoprstuvwxyzβγδθϕχ", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᵝᵞᵟᶿᵠᵡ", strict=True)
)
_RAISED |= {"−": "⁻", " ": ""}
_BRACKETS = {"(": "⎛⎜⎝", ")": "⎞⎟⎠", "[": "⎡⎢⎣", "]": "⎤⎥⎦", "|": "│││"}


@dataclass(frozen=True, slots=True)
class Picture:
    """Rows of equal width; `base` is the index of the row that is the line of writing."""

    rows: tuple[str, ...]
    base: int = 0

    @property
    def width(self) -> int:
        return len(self.rows[0])

    @property
    def below(self) -> int:
        return len(self.rows) - 1 - self.base


def equations_to_picture(equations: Equations, width: int) -> str | None:
    """A whole rule in at most `width` columns, a sum that is too long broken before its signs; None if it cannot be."""
    blocks: list[str] = []
    for left, expression in sides(equations):
        upper, slash, lower = left.partition("/")
        start = _beside(_over(_line(upper), _line(lower)) if slash else _line(left), _line(" = "))
        rows = _broken(start, prepared(expression), width)
        if any(row.width > width for row in rows):
            return None
        blocks.append("\n".join(line.rstrip() for row in rows for line in row.rows))
    return "\n\n".join(blocks)


def _broken(start: Picture, expression: Expr, width: int) -> list[Picture]:
    """`start` and the summands of `expression`, in as many rows as they need."""
    rows = [start]
    for at, (sign, summand) in enumerate(_summands(expression)):
        piece = _beside(_line(f" {sign} " if at else "−" if sign == "−" else ""), summand)
        if rows[-1].width + piece.width > width and at:
            rows.append(_line(" " * (start.width - 1)))
        rows[-1] = _beside(rows[-1], piece)
    return rows


def _summands(node: Expr) -> Iterator[tuple[str, Picture]]:
    """The parts of a sum from left to right, each with its sign."""
    match node:
        case Binary("+", left, right):
            yield from _summands(left)
            yield "+", _drawn(right, 0, "summand")
        case Binary("-", left, right):
            yield from _summands(left)
            yield "−", _drawn(right, 0, "subtrahend")
        case Negative(operand):
            yield "−", _drawn(operand, 0, "subtrahend")
        case _:
            yield "+", _drawn(node, 0)


def _drawn(node: Expr, primes: int, place: Place | None = None) -> Picture:
    """`node`, in brackets if `place` needs them; inside `primes` reconstructions, `post` is the cell they sum over."""
    if place and needs_brackets(node, place):
        return _fenced("(", _drawn(node, primes), ")")

    def of(part: Expr, place: Place | None = None) -> Picture:
        return _drawn(part, primes, place)

    match node:
        case Number(value):
            return _number(value)
        case Name(name):
            return _line(name_to_line(name))
        case Weight():
            return _lowered(_line("w"), _cell("post", primes)) if primes else _line("w")
        case Cell(side, variable):
            cell = _cell(side, primes)
            return _lowered(_line(name_to_line(variable)), cell) if variable else cell
        case Negative(operand):
            return _beside(_line("−"), of(operand, "subtrahend"))
        case Binary("+", left, right):
            return _beside(of(left), _line(" + "), of(right, "summand"))
        case Binary("-", left, right):
            return _beside(of(left), _line(" − "), of(right, "subtrahend"))
        case Binary("*", left, right):
            return _beside(of(left, "first factor"), _line(" · "), of(right, "factor"))
        case Binary("/", left, right):
            return _over(of(left), of(right))
        case Binary(_, left, right):  # **
            return _raised(of(left, "base"), of(right))
        case Call("sum_pre", (x,)):
            return _beside(_sum(_cell("pre")), of(x, "summed"))
        case Call("sum_post", (x,)):
            return _beside(_sum(_cell("post")), _drawn(x, 0, "summed"))
        case Call("reconstruct" | "reconstruct_ordered" as function, (x,)):
            cells = _cell("post", primes + 1)
            if function == "reconstruct_ordered":
                cells = _beside(cells, _line(" ≤ "), _cell("post", primes))
            return _beside(_sum(cells), _drawn(Binary("*", Weight(), x), primes + 1))
        case Call("exp", (x,)) if is_short(x):
            return _raised(_line("e"), of(x))
        case Call(function, arguments):
            return _call(function, *map(of, arguments))


def _call(function: str, x: Picture, *rest: Picture) -> Picture:
    """A function or a filter of arguments already drawn."""
    match function:
        case "sqrt":
            return _beside(_line("√"), x if x.width == 1 and len(x.rows) == 1 else _fenced("(", x, ")"))
        case "abs":
            return _fenced("|", x, "|")
        case "relu":
            return _beside(_fenced("[", x, "]"), _line("₊"))
        case "trace":
            return _lowered(_barred(x), rest[0])
        case "nearest":
            return _lowered(_barred(x), _beside(_line("nn,"), rest[0]))
        case "mean":
            return _lowered(_beside(_line("⟨"), x, _line("⟩")), rest[0])
        case _:
            inside = x
            for argument in rest:
                inside = _beside(inside, _line(", "), argument)
            return _beside(_line(NAMED[function]), _fenced("(", inside, ")"))


def _line(text: str) -> Picture:
    return Picture((text,))


def _number(value: float) -> Picture:
    digits, power = scientific(value)
    if not power:
        return _line(digits)
    ten = "10" + "".join(_RAISED[character] for character in str(power))
    return _line(ten if digits == "1" else f"{digits}·{ten}")


def _cell(side: str, primes: int = 0) -> Picture:
    return _line(side + "′" * primes if side == "post" else side)


def _beside(*pictures: Picture) -> Picture:
    """Pictures from left to right, on one line of writing."""
    base = max(picture.base for picture in pictures)
    below = max(picture.below for picture in pictures)
    rows = [""] * (base + 1 + below)
    for picture in pictures:
        top = base - picture.base
        for at in range(len(rows)):
            inside = top <= at < top + len(picture.rows)
            rows[at] += picture.rows[at - top] if inside else " " * picture.width
    return Picture(tuple(rows), base)


def _over(upper: Picture, lower: Picture) -> Picture:
    """A fraction."""
    width = max(upper.width, lower.width)
    rows = [row.center(width) for row in upper.rows]
    return Picture((*rows, "─" * width, *(row.center(width) for row in lower.rows)), len(rows))


def _sum(cells: Picture) -> Picture:
    width = cells.width
    return _beside(Picture(("∑".center(width), *cells.rows)), _line(" "))


def _barred(signal: Picture) -> Picture:
    return Picture(("_" * signal.width, *signal.rows), signal.base + 1)


def _lowered(base: Picture, index: Picture) -> Picture:
    """`base` with `index` to the right of its lowest row and one row down."""
    return _beside(base, Picture((" " * index.width,) * (base.below + 1) + index.rows))


def _raised(base: Picture, exponent: Picture) -> Picture:
    """A power: small letters where there are such for all of the exponent, else the exponent one row up."""
    if len(exponent.rows) == 1 == len(base.rows) and all(character in _RAISED for character in exponent.rows[0]):
        return _beside(base, _line("".join(_RAISED[character] for character in exponent.rows[0])))
    empty = (" " * exponent.width,) * (base.base + 1)
    return _beside(base, Picture(exponent.rows + empty, len(exponent.rows) + base.base))


def _fenced(left: str, inside: Picture, right: str) -> Picture:
    return _beside(_bracket(left, inside), inside, _bracket(right, inside))


def _bracket(sign: str, inside: Picture) -> Picture:
    """A bracket as tall as what it holds."""
    tall = len(inside.rows)
    if tall == 1:
        return _line(sign)
    parts = _BRACKETS[sign]
    return Picture((parts[0], *parts[1] * (tall - 2), parts[2]), inside.base)
