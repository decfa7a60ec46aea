"""Tree to MathML: presentation elements of MathML Core, as browsers draw it. The notation is that of `symbols.py`.

Products and applied functions carry the invisible operators U+2062 and U+2061, so that a screen reader says them; the
`alttext` is the rule as text.
"""

from __future__ import annotations

from xml.etree import ElementTree

from cofire.language.symbols import (
    GREEK,
    NAMED,
    Place,
    is_short,
    needs_brackets,
    needs_dot,
    prepared,
    scientific,
    symbol,
)
from cofire.language.text import equations_to_text, to_text
from cofire.language.tree import Binary, Call, Cell, Equations, Expr, Name, Negative, Number, Weight

NAMESPACE = "http://www.w3.org/1998/Math/MathML"

_TIMES, _APPLY, _MINUS, _DOT, _PRIME, _BAR = "\u2062", "\u2061", "\u2212", "\u22c5", "\u2032", "\u00af"
_TIGHT = {"lspace": "0em", "rspace": "0em"}

# MathML Core leaves the alignment of columns to CSS; Chromium moves mathematics only with its own prefix.
_RIGHT = "text-align: right; text-align: -webkit-right; padding-right: 0.2em"
_LEFT = "text-align: left; text-align: -webkit-left; padding-left: 0"

_SUBSCRIPTS = {"plus": "+", "minus": _MINUS}

Elements = list[ElementTree.Element]


def to_mathml(expr: Expr) -> str:
    """`expr` as a whole `<math>` element."""
    return _math(_expression(expr), to_text(expr))


def equations_to_mathml(equations: Equations) -> str:
    """A whole rule as one `<math>` element; several equations stand one below the other, aligned at the equals sign."""
    lines = [(_rate([_tag("mi", text="w")]), equations.weight)]
    lines += [(_rate(_name(name)), expression) for name, expression in equations.variables]
    lines += [(_name(name), expression) for name, expression in equations.definitions]
    sides = [(left, [_operator("=", form="infix"), *_expression(expression)]) for left, expression in lines]
    alternative = equations_to_text(equations).replace("\n", "; ")
    if len(sides) == 1:
        left, right = sides[0]
        return _math([*left, *right], alternative)
    rows = [_tag("mtr", [_tag("mtd", left, style=_RIGHT), _tag("mtd", right, style=_LEFT)]) for left, right in sides]
    return _math([_tag("mtable", rows, displaystyle="true")], alternative)


def _math(content: Elements, alternative: str) -> str:
    math = _tag("math", [_one(content)], xmlns=NAMESPACE, display="block", alttext=alternative)
    return ElementTree.tostring(math, encoding="unicode")


def _expression(expr: Expr) -> Elements:
    return _mathml(prepared(expr), 0)


def _mathml(node: Expr, primes: int, place: Place | None = None) -> Elements:
    """`node`, in brackets if `place` needs them; inside `primes` reconstructions, `post` is the cell they sum over."""
    if place and needs_brackets(node, place):
        return [_fenced("(", _mathml(node, primes), ")")]

    def of(part: Expr, place: Place | None = None) -> Elements:
        return _mathml(part, primes, place)

    match node:
        case Number(value):
            return _number(value)
        case Name(name):
            return _name(name)
        case Weight():
            weight = _tag("mi", text="w")
            return [_tag("msub", [weight, _cell("post", primes)]) if primes else weight]
        case Cell(side, variable):
            return _name(variable, _cell(side, primes)) if variable else [_cell(side, primes)]
        case Negative(operand):
            return [_operator(_MINUS, form="prefix"), *of(operand, "subtrahend")]
        case Binary("+", left, right):
            return [*of(left), _operator("+", form="infix"), *of(right, "summand")]
        case Binary("-", left, right):
            return [*of(left), _operator(_MINUS, form="infix"), *of(right, "subtrahend")]
        case Binary("*", left, right):
            sign = _operator(_DOT) if needs_dot(left, right) else _operator(_TIMES, lspace="0em", rspace="0.167em")
            return [*of(left, "first factor"), sign, *of(right, "factor")]
        case Binary("/", left, right):
            return [_tag("mfrac", [_one(of(left)), _one(of(right))])]
        case Binary(_, left, right):  # **
            return [_tag("msup", [_one(of(left, "base")), _one(of(right))])]
        case Call("sum_pre", (x,)):
            return [_sum([_cell("pre")]), *of(x, "summed")]
        case Call("sum_post", (x,)):
            return [_sum([_cell("post")]), *_mathml(x, 0, "summed")]
        case Call("reconstruct" | "reconstruct_ordered" as function, (x,)):
            cells = [_cell("post", primes + 1)]
            if function == "reconstruct_ordered":
                cells += [_operator("\u2264", form="infix"), _cell("post", primes)]
            return [_sum(cells), *_mathml(Binary("*", Weight(), x), primes + 1)]
        case Call("exp", (x,)) if is_short(x):
            return [_tag("msup", [_word("e"), _one(of(x))])]
        case Call(function, arguments):
            return _call(function, *map(of, arguments))


def _call(function: str, x: Elements, *rest: Elements) -> Elements:
    """A function or a filter of arguments already in MathML."""
    match function:
        case "sqrt":
            return [_tag("msqrt", x)]
        case "abs":
            return [_fenced("|", x, "|")]
        case "relu":
            return [_tag("msub", [_fenced("[", x, "]"), _subscript("plus")])]
        case "trace":
            return [_tag("msub", [_barred(x), _one(rest[0])])]
        case "nearest":
            return [_tag("msub", [_barred(x), _list([_word("nn")], rest[0])])]
        case "mean":
            return [_tag("msub", [_fenced("\u27e8", x, "\u27e9"), _one(rest[0])])]
        case _:
            name = _tag("mi", text=NAMED[function])
            return [name, _operator(_APPLY), _fenced("(", [_list(x, *rest)], ")")]


def _tag(tag: str, content: Elements | None = None, text: str = "", **attributes: str) -> ElementTree.Element:
    element = ElementTree.Element(tag, attributes)
    element.text = text
    element.extend(content or ())
    return element


def _operator(sign: str, **attributes: str) -> ElementTree.Element:
    return _tag("mo", None, sign, **attributes)


def _one(content: Elements) -> ElementTree.Element:
    return content[0] if len(content) == 1 else _tag("mrow", content)


def _list(first: Elements, *more: Elements) -> ElementTree.Element:
    content = [*first]
    for part in more:
        content += [_operator(","), *part]
    return _one(content)


def _fenced(left: str, inside: Elements, right: str) -> ElementTree.Element:
    return _tag("mrow", [_operator(left, form="prefix"), *inside, _operator(right, form="postfix")])


def _barred(signal: Elements) -> ElementTree.Element:
    """`signal` under a bar as wide as it is; few fonts stretch the sign for it, so a border is drawn."""
    drawn = _tag("mrow", signal, style="border-top: 0.06em solid; padding-top: 0.1em")
    return _tag("mover", [drawn, _operator(_BAR, style="font-size: 0")], accent="true")


def _sum(cells: Elements) -> ElementTree.Element:
    return _tag("munder", [_operator("\u2211"), _one(cells)])


def _rate(name: Elements) -> Elements:
    d, t = _tag("mi", text="d"), _tag("mi", text="t")
    return [_tag("mfrac", [_tag("mrow", [d, *name]), _tag("mrow", [d, t])])]


def _number(value: float) -> Elements:
    digits, power = scientific(value)
    mantissa = _tag("mn", text=digits)
    if not power:
        return [mantissa]
    exponent = [*([_operator(_MINUS, form="prefix")] if power < 0 else []), _tag("mn", text=str(abs(power)))]
    ten = _tag("msup", [_tag("mn", text="10"), _one(exponent)])
    return [ten] if digits == "1" else [mantissa, _operator("\u00d7"), ten]


def _cell(side: str, primes: int = 0) -> ElementTree.Element:
    word = _tag("mi", text=side)
    if not primes or side != "post":
        return word
    return _tag("msup", [word, _operator(_PRIME * primes, form="postfix", **_TIGHT)])


def _name(name: str, *more: ElementTree.Element) -> Elements:
    """A name with its subscripts and `more` of them."""
    parts = symbol(name)
    base = _tag("mi", text=parts.base) if len(parts.base) == 1 else _word(parts.base)
    subscripts = [*map(_subscript, parts.subscripts), *more]
    return [_tag("msub", [base, _list(*([part] for part in subscripts))]) if subscripts else base]


def _subscript(word: str) -> ElementTree.Element:
    if word.isdigit():
        return _tag("mn", text=word)
    return _operator(_SUBSCRIPTS[word], **_TIGHT) if word in _SUBSCRIPTS else _word(word)


def _word(word: str) -> ElementTree.Element:
    """An upright word, or a Greek letter: upright if a capital, as in LaTeX."""
    text = GREEK.get(word, word)
    if len(text) == 1 and (text == word or text.isupper()):
        return _tag("mi", text=text, mathvariant="normal")
    return _tag("mi", text=text)
