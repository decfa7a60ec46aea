"""MathML read by its structure alone: as LaTeX, and as what it means, to be compared with what was printed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from cofire.language.mathml import NAMESPACE, to_mathml
from cofire.language.symbols import GREEK
from cofire.language.tree import Binary, Call, Expr, Name, Negative, Number, Weight
from strategies import CELLS

NAMES = ("eta", "theta_LTD", "w_max", "A2_plus", "c")

# Attributes say how it looks, except that an upright e is the base of exp.

MINUS, TIMES, DOT, CROSS, APPLY, PRIME = "\u2212", "\u2062", "\u22c5", "\u00d7", "\u2061", "\u2032"
FENCES = {"(": ")", "[": "]", "|": "|", "\u27e8": "\u27e9"}
POST = ("mi", "post")


def content_of(mathml: str) -> list[Element]:
    return row_of(ElementTree.fromstring(mathml)[0])


def row_of(element: Element) -> list[Element]:
    return list(element) if tag(element) == "mrow" and not fence(element) else [element]


def tag(element: Element) -> str:
    return element.tag.removeprefix(f"{{{NAMESPACE}}}")


def fence(element: Element) -> str:
    """The opening bracket of a bracketed group, or nothing."""
    if tag(element) != "mrow" or element[0].text not in FENCES:
        return ""
    assert element[-1].text == FENCES[element[0].text]
    return element[0].text


def is_mark(element: Element, *marks: str) -> bool:
    return tag(element) == "mo" and element.text in marks


def split(row: list[Element], *marks: str) -> Iterator[tuple[str, list[Element]]]:
    """The parts of a row between any of `marks`, each with the mark before it."""
    before, part = "", list[Element]()
    for element in row:
        if is_mark(element, *marks) and element.get("form") != "prefix":
            yield before, part
            before, part = str(element.text), []
        else:
            part.append(element)
    yield before, part


# 1. To LaTeX, piece by piece: both typesetters must have made the same choices.


def latex_of(row: list[Element], comma: str = ", ") -> str:
    spelled = {TIMES: r"\,", DOT: r" \cdot ", CROSS: r" \times ", APPLY: "", "\u2264": r" \le ", ",": comma}
    infix = {"+": " + ", MINUS: " - "}
    text = ""
    for at, element in enumerate(row):
        applied = at + 1 < len(row) and is_mark(row[at + 1], APPLY)
        if tag(element) != "mo":
            text += latex_of_element(element, applied)
        elif element.text in infix:
            text += infix[element.text] if element.get("form") == "infix" else infix[element.text].strip()
        else:
            text += spelled[str(element.text)]
    return text


def latex_of_element(element: Element, applied: bool = False) -> str:
    def inside(at: int) -> str:
        return latex_of(row_of(element[at]))

    match tag(element):
        case "mn":
            return str(element.text)
        case "mi":
            return latex_of_word(str(element.text), applied or element.get("mathvariant") == "normal", applied)
        case "msup" if is_mark(element[1], PRIME, 2 * PRIME, 3 * PRIME, 4 * PRIME):
            return f"{{{inside(0)}{str(element[1].text).replace(PRIME, chr(39))}}}"
        case "msup":
            return f"{inside(0)}^{{{inside(1)}}}"
        case "msub":
            return f"{inside(0)}_{{{latex_of(row_of(element[1]), ',')}}}"
        case "mfrac":
            return rf"\frac{{{inside(0)}}}{{{inside(1)}}}"
        case "msqrt":
            return rf"\sqrt{{{latex_of(list(element))}}}"
        case "mover":
            return rf"\overline{{{inside(0)}}}"
        case "munder":
            return rf"\sum_{{{inside(1)}}} "
        case "mrow" if opening := fence(element):
            left, right = (r"\langle ", r"\rangle") if opening == "\u27e8" else (opening, FENCES[opening])
            return rf"\left{left}{latex_of(list(element[1:-1]))}\right{right}"
        case _:
            return latex_of(row_of(element))


def latex_of_word(word: str, upright: bool, applied: bool) -> str:
    greek = {character: name for name, character in GREEK.items()}
    if word == GREEK["Eta"]:
        return r"\mathrm{H}"
    if word in greek:
        return f"\\{greek[word]}"
    if word in ("max", "min") or (applied and word in ("exp", "ln", "tanh")):
        return f"\\{word}"
    if applied:
        return rf"\operatorname{{{word}}}"
    return rf"\mathrm{{{word}}}" if upright or len(word) > 1 else word


# 2. To what it says: sums of signed products, in which brackets that change nothing leave no trace.

Meaning = tuple[Any, ...]  # of (sign, factors)
NOTHING: Meaning = ((1, ()),)  # the product of no factors
LEAVES: tuple[Expr, ...] = (*map(Name, (*NAMES, "tau", "tau_plus")), Weight(), *CELLS)


def factor(*made_of: object) -> Meaning:
    return ((1, (made_of,)),)


def negated(one: Meaning) -> Meaning:
    return tuple((-sign, factors) for sign, factors in one)


def single(one: Meaning) -> tuple[int, Meaning]:
    sign, factors = one[0]
    if len(one) > 1:
        factors = (("sum", one if sign > 0 else negated(one)),)
    return sign, factors


def product(left: Meaning, right: Meaning) -> Meaning:
    if left == NOTHING:
        return right
    (left_sign, left_factors), (right_sign, right_factors) = single(left), single(right)
    return ((left_sign * right_sign, left_factors + right_factors),)


def fraction(above: Meaning, below: Meaning) -> Meaning:
    sign, factors = single(above)
    return ((sign, (("/", factors, below),)),)


def meaning(node: Expr) -> Meaning:
    """What the expression says."""
    match node:
        case Number(value):
            digits, _, power = repr(value).partition("e")
            mantissa = factor("number", float(digits))
            if not power:
                return mantissa
            exponent = factor("number", float(power.lstrip("+-")))
            ten = factor("**", factor("number", 10.0), negated(exponent) if power.startswith("-") else exponent)
            return ten if digits == "1" else product(mantissa, ten)
        case Negative(operand):
            return negated(meaning(operand))
        case Binary("+", left, right):
            return meaning(left) + meaning(right)
        case Binary("-", left, right):
            return meaning(left) + negated(meaning(right))
        case Binary("*", left, right):
            return product(meaning(left), meaning(right))
        case Binary("/", left, right):
            return fraction(meaning(left), meaning(right))
        case Binary("**", left, right):
            return factor("**", meaning(left), meaning(right))
        case Call("reconstruct" | "reconstruct_ordered" as function, (x,)):
            return factor(function, meaning(Binary("*", Weight(), x)))
        case Call(function, arguments):
            return factor(function, *map(meaning, arguments))
        case _:
            return factor(node)


def meaning_of_row(row: list[Element], primes: int) -> Meaning:
    """What MathML says, inside `primes` reconstructions."""
    total: Meaning = ()
    for at, (sign, term) in enumerate(split(row, "+", MINUS)):
        minus = is_mark(term[0], MINUS)
        assert at == 0 or not minus, "two signs in a row"
        term_means = meaning_of_term(term[minus:], primes)
        total += negated(term_means) if minus or sign == MINUS else term_means
    return total


def meaning_of_term(term: list[Element], primes: int) -> Meaning:
    result = NOTHING
    for at, element in enumerate(term):
        if tag(element) == "munder":
            return product(result, meaning_of_sum(row_of(element[1]), term[at + 1 :], primes))
        if is_mark(element, TIMES, DOT, CROSS):
            check_sign_of_product(term[at - 1], element, term[at + 1])
        elif is_mark(element, APPLY):
            arguments = [meaning_of_row(part, primes) for _, part in split(row_of(term[at + 1][1]), ",")]
            result = product(result, factor(str(term[at - 1].text).replace("ln", "log"), *arguments))
        elif not (at + 1 < len(term) and is_mark(term[at + 1], APPLY)) and not (at and is_mark(term[at - 1], APPLY)):
            assert at == 0 or is_mark(term[at - 1], TIMES, DOT, CROSS), "no sign between two factors"
            result = product(result, meaning_of_factor(element, primes))
    return result


def check_sign_of_product(left: Element, sign: Element, right: Element) -> None:
    """2 3 would be read as 23, a 2 as a with an index, and 2 1/3 as a mixed number."""
    first = next(part for part in right.iter() if part.text)
    if tag(first) == "mn" and (tag(right) in ("mn", "msup") or (tag(right) == "mfrac" and tag(left) == "mn")):
        assert sign.text != TIMES


def meaning_of_sum(cells: list[Element], term: list[Element], primes: int) -> Meaning:
    names = [skeleton(cell) for cell in cells]
    post_below = ("msup", POST, ("mo", PRIME * (primes + 1)))
    post_here = ("msup", POST, ("mo", PRIME * primes)) if primes else POST
    if names == [("mi", "pre")]:
        return factor("sum_pre", meaning_of_term(term, primes))
    if names == [POST]:
        return factor("sum_post", meaning_of_term(term, 0))
    if names == [post_below]:
        return factor("reconstruct", meaning_of_term(term, primes + 1))
    assert names == [post_below, ("mo", "\u2264"), post_here]
    return factor("reconstruct_ordered", meaning_of_term(term, primes + 1))


def meaning_of_factor(element: Element, primes: int) -> Meaning:
    named = unprimed(skeleton(element), primes)
    for leaf in LEAVES:
        if named == skeleton(content_of(to_mathml(leaf))[0]):
            return factor(leaf)
    inside = [row_of(child) for child in element]
    match tag(element), fence(element):
        case "mn", _:
            return factor("number", float(str(element.text)))
        case "mrow", "(":
            return meaning_of_row(list(element[1:-1]), primes)
        case "mrow", "|":
            return factor("abs", meaning_of_row(list(element[1:-1]), primes))
        case "msqrt", _:
            return factor("sqrt", meaning_of_row(list(element), primes))
        case "mfrac", _:
            return fraction(meaning_of_row(inside[0], primes), meaning_of_row(inside[1], primes))
        case "msup", _ if element[0].text == "e" and element[0].get("mathvariant") == "normal":
            return factor("exp", meaning_of_row(inside[1], primes))
        case "msup", _:
            assert len(inside[0]) == 1 or is_mark(inside[0][1], APPLY), "the power is of the last part only"
            return factor("**", meaning_of_term(inside[0], primes), meaning_of_row(inside[1], primes))
    assert tag(element) == "msub"
    if fence(element[0]) == "[":
        assert skeleton(element[1]) == ("mo", "+")
        return factor("relu", meaning_of_row(list(element[0][1:-1]), primes))
    if fence(element[0]) == "\u27e8":
        return factor("mean", meaning_of_row(list(element[0][1:-1]), primes), meaning_of_row(inside[1], primes))
    assert tag(element[0]) == "mover"
    signal, tau = row_of(element[0][0]), inside[1]
    function = "trace"
    if skeleton(tau[0]) == ("mi", "nn"):
        function, tau = "nearest", tau[2:]
    return factor(function, meaning_of_row(signal, primes), meaning_of_row(tau, primes))


def skeleton(element: Element) -> tuple[Any, ...]:
    """Tags and texts, without attributes."""
    return (tag(element), *([element.text] if element.text else []), *map(skeleton, element))


def unprimed(named: tuple[Any, ...], primes: int) -> tuple[Any, ...]:
    """The leaf as it would stand outside all reconstructions."""
    if not primes:
        return named
    if named == ("msub", ("mi", "w"), ("msup", POST, ("mo", PRIME * primes))):
        return ("mi", "w")
    if named == ("msup", POST, ("mo", PRIME * primes)):
        return POST
    if named[0] == "msub":
        return (*named[:-1], unprimed(named[-1], primes))
    return ("unprimed", named) if named in (POST, ("mi", "w")) else named
