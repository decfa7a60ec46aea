"""LaTeX and MathML: known rules have their exact form, and whatever is printed means what was written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
from hypothesis import given

from cofire.language.latex import equations_to_latex, to_latex
from cofire.language.mathml import NAMESPACE, equations_to_mathml, to_mathml
from cofire.language.parse import parse, parse_expression
from cofire.language.reader import MAX_DEPTH
from cofire.language.symbols import GREEK
from cofire.language.text import equations_to_text
from cofire.language.tree import Binary, Call, Cell, Expr, Name, Negative, Number, Weight, children, replace
from strategies import CELLS, expressions

RULES = {
    "hebb": ("dw/dt = eta * pre * post", r"\frac{dw}{dt} = \eta\,\mathrm{pre}\,\mathrm{post}"),
    "oja": (
        "dw/dt = eta * post * (pre - post * w)",
        r"\frac{dw}{dt} = \eta\,\mathrm{post}\,\left(\mathrm{pre} - \mathrm{post}\,w\right)",
    ),
    "oja, expanded": (
        "dw/dt = eta * (pre * post - post**2 * w)",
        r"\frac{dw}{dt} = \eta\,\left(\mathrm{pre}\,\mathrm{post} - \mathrm{post}^{2}\,w\right)",
    ),
    "covariance": (
        "dw/dt = eta * (pre - mean(pre, tau)) * (post - mean(post, tau))",
        r"\frac{dw}{dt} = \eta\,\left(\mathrm{pre} - \left\langle \mathrm{pre}\right\rangle_{\tau}\right)\,"
        r"\left(\mathrm{post} - \left\langle \mathrm{post}\right\rangle_{\tau}\right)",
    ),
    "bcm": (
        "dw/dt = eta * pre * post * (post - theta)\ntheta = mean(post**2, tau_theta)",
        "\\begin{aligned}\n"
        r"\frac{dw}{dt} &= \eta\,\mathrm{pre}\,\mathrm{post}\,\left(\mathrm{post} - \theta\right) \\"
        "\n"
        r"\theta &= \left\langle \mathrm{post}^{2}\right\rangle_{\tau_{\theta}}"
        "\n\\end{aligned}",
    ),
    "subspace": (
        "dw/dt = eta * post * (pre - reconstruct(post))",
        r"\frac{dw}{dt} = \eta\,\mathrm{post}\,"
        r"\left(\mathrm{pre} - \sum_{{\mathrm{post}'}} w_{{\mathrm{post}'}}\,{\mathrm{post}'}\right)",
    ),
    "sanger": (
        "dw/dt = eta * post * (pre - reconstruct_ordered(post))",
        r"\frac{dw}{dt} = \eta\,\mathrm{post}\,"
        r"\left(\mathrm{pre} - \sum_{{\mathrm{post}'} \le \mathrm{post}} w_{{\mathrm{post}'}}\,{\mathrm{post}'}\right)",
    ),
    "subtractive normalisation": (
        "dw/dt = eta * post * (pre - sum_pre(pre) / sum_pre(1))",
        r"\frac{dw}{dt} = \eta\,\mathrm{post}\,"
        r"\left(\mathrm{pre} - \frac{\sum_{\mathrm{pre}} \mathrm{pre}}{\sum_{\mathrm{pre}} 1}\right)",
    ),
    "stdp": (
        "dw/dt = A_plus * trace(pre, tau_plus) * post - A_minus * pre * trace(post, tau_minus)",
        r"\frac{dw}{dt} = A_{+}\,\overline{\mathrm{pre}}_{\tau_{+}}\,\mathrm{post}"
        r" - A_{-}\,\mathrm{pre}\,\overline{\mathrm{post}}_{\tau_{-}}",
    ),
    "nearest-neighbour stdp": (
        "dw/dt = A_plus * nearest(pre, tau_plus) * post - A_minus * pre * nearest(post, tau_minus)",
        r"\frac{dw}{dt} = A_{+}\,\overline{\mathrm{pre}}_{\mathrm{nn},\tau_{+}}\,\mathrm{post}"
        r" - A_{-}\,\mathrm{pre}\,\overline{\mathrm{post}}_{\mathrm{nn},\tau_{-}}",
    ),
    "soft bounds": (
        "dw/dt = A_plus * (w_max - w)**mu * trace(pre, tau_plus) * post",
        r"\frac{dw}{dt} = A_{+}\,\left(w_{\max} - w\right)^{\mu}\,\overline{\mathrm{pre}}_{\tau_{+}}\,\mathrm{post}",
    ),
    "triplet": (
        "dw/dt = post * trace(pre, tau_plus) * (A2_plus + A3_plus * trace(post, tau_y))"
        " - pre * trace(post, tau_minus) * (A2_minus + A3_minus * trace(pre, tau_x))",
        r"\frac{dw}{dt} = \mathrm{post}\,\overline{\mathrm{pre}}_{\tau_{+}}\,"
        r"\left(A_{2,+} + A_{3,+}\,\overline{\mathrm{post}}_{\tau_{\mathrm{y}}}\right)"
        r" - \mathrm{pre}\,\overline{\mathrm{post}}_{\tau_{-}}\,"
        r"\left(A_{2,-} + A_{3,-}\,\overline{\mathrm{pre}}_{\tau_{\mathrm{x}}}\right)",
    ),
    "voltage": (
        "dw/dt = -A_LTD * pre * relu(mean(post.v, tau_minus) - theta_minus)",
        r"\frac{dw}{dt} = -A_{\mathrm{LTD}}\,\mathrm{pre}\,"
        r"\left[\left\langle v_{\mathrm{post}}\right\rangle_{\tau_{-}} - \theta_{-}\right]_{+}",
    ),
    "reward": (
        "dw/dt = eta * reward * e\nde/dt = -e / tau_e + trace(pre, tau) * post",
        "\\begin{aligned}\n"
        r"\frac{dw}{dt} &= \eta\,\mathrm{reward}\,e \\"
        "\n"
        r"\frac{de}{dt} &= -\frac{e}{\tau_{\mathrm{e}}} + \overline{\mathrm{pre}}_{\tau}\,\mathrm{post}"
        "\n\\end{aligned}",
    ),
}


@pytest.mark.parametrize(("text", "latex"), RULES.values(), ids=RULES)
def test_a_known_rule_looks_as_expected(text: str, latex: str) -> None:
    rule = parse(text)
    assert equations_to_text(rule) == text
    assert equations_to_latex(rule) == latex
    assert all(latex_of(content_of(to_mathml(side))) == to_latex(side) for _, side in rule.items())


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        # signs and brackets
        ("-(a + b) * c", r"-\left(a + b\right)\,c"),
        ("-a * b / c", r"-\frac{a\,b}{c}"),
        ("a * -b", r"a\,\left(-b\right)"),
        ("a - -b", r"a - \left(-b\right)"),
        ("a + (-b + c)", r"a + \left(-b + c\right)"),
        ("a - (b - c)", r"a - \left(b - c\right)"),
        ("a + (b - c)", "a + b - c"),
        ("a * (b * c)", r"a\,b\,c"),
        ("a + (-b - c)", r"a + \left(-b - c\right)"),
        ("--a", r"-\left(-a\right)"),
        ("--a * b", r"-\left(-a\,b\right)"),
        ("(a / b)**2", r"\left(\frac{a}{b}\right)^{2}"),
        ("(a**b)**c", r"\left(a^{b}\right)^{c}"),
        ("a**b**c", "a^{b^{c}}"),
        ("(-a)**2", r"\left(-a\right)^{2}"),
        ("a**(b + c)", "a^{b + c}"),
        # numbers
        ("2 * a", r"2\,a"),
        ("2 * 3 * a", r"2 \cdot 3\,a"),
        ("a * 2", r"a \cdot 2"),
        ("a * 2**b", r"a \cdot 2^{b}"),
        ("a * (2 * b)", r"a \cdot 2\,b"),
        ("2 * (1 / 3)", r"2 \cdot \frac{1}{3}"),
        ("a * 2 * (1 / 3 * b)", r"a \cdot 2 \cdot \frac{1}{3}\,b"),
        ("a * (1 / 3)", r"a\,\frac{1}{3}"),
        ("0.00001 * a", r"10^{-5}\,a"),
        ("2.5e-7", r"2.5 \times 10^{-7}"),
        ("1e-5 ** 2", r"\left(10^{-5}\right)^{2}"),
        # functions
        ("exp(-a)", r"\mathrm{e}^{-a}"),
        ("exp(-a)**2", r"\left(\mathrm{e}^{-a}\right)^{2}"),
        ("exp(-a / b)", r"\exp\left(-\frac{a}{b}\right)"),
        ("exp(a + b + c)", r"\mathrm{e}^{a + b + c}"),
        ("exp(-a + b + c)", r"\exp\left(-a + b + c\right)"),
        ("exp(a**2)", r"\exp\left(a^{2}\right)"),
        ("exp(tanh(a))", r"\exp\left(\tanh\left(a\right)\right)"),
        ("exp(a + b + c + d)", r"\exp\left(a + b + c + d\right)"),
        ("sqrt(abs(a))", r"\sqrt{\left|a\right|}"),
        ("log(a) * tanh(b)**2", r"\ln\left(a\right)\,\tanh\left(b\right)^{2}"),
        ("sigmoid(a) + step(b) + sign(c)", r"\operatorname{sigmoid}\left(a\right) + \operatorname{step}\left(b\right)"
         r" + \operatorname{sign}\left(c\right)"),
        ("clip(a, 0, max(b, c))", r"\operatorname{clip}\left(a, 0, \max\left(b, c\right)\right)"),
        # sums over cells
        ("sum_pre(a) * b", r"\left(\sum_{\mathrm{pre}} a\right)\,b"),
        ("b * sum_pre(a) * c", r"\left(b\,\sum_{\mathrm{pre}} a\right)\,c"),
        ("sum_pre(a + b) + c", r"\sum_{\mathrm{pre}} \left(a + b\right) + c"),
        ("sum_post(-a)", r"\sum_{\mathrm{post}} \left(-a\right)"),
        ("sum_post(w)**2", r"\left(\sum_{\mathrm{post}} w\right)^{2}"),
        ("reconstruct(post.v)", r"\sum_{{\mathrm{post}'}} w_{{\mathrm{post}'}}\,v_{{\mathrm{post}'}}"),
        ("reconstruct(post - pre)", r"\sum_{{\mathrm{post}'}} w_{{\mathrm{post}'}}\,"
         r"\left({\mathrm{post}'} - \mathrm{pre}\right)"),
        ("reconstruct(sum_post(post) * post)", r"\sum_{{\mathrm{post}'}} w_{{\mathrm{post}'}}\,"
         r"\left(\sum_{\mathrm{post}} \mathrm{post}\right)\,{\mathrm{post}'}"),
        ("reconstruct(reconstruct_ordered(post))", r"\sum_{{\mathrm{post}'}} w_{{\mathrm{post}'}}\,"
         r"\sum_{{\mathrm{post}''} \le {\mathrm{post}'}} w_{{\mathrm{post}''}}\,{\mathrm{post}''}"),
        # names
        ("lambda_ * Gamma * Eta * epsilon", r"\lambda\,\Gamma\,\mathrm{H}\,\epsilon"),
        ("w_min + theta0 + g_2", r"w_{\min} + \theta_{0} + g_{2}"),
        ("tau_rise_fast", r"\tau_{\mathrm{rise},\mathrm{fast}}"),
        ("alpha_beta", r"\alpha_{\beta}"),
        ("dopamine", r"\mathrm{dopamine}"),
        ("post.v_rest * pre.u", r"v_{\mathrm{rest},\mathrm{post}}\,u_{\mathrm{pre}}"),
    ],
)  # fmt: skip
def test_each_kind_of_expression_has_its_notation(text: str, latex: str) -> None:
    expr = parse_expression(text)
    assert to_latex(expr) == latex
    assert latex_of(content_of(to_mathml(expr))) == latex


LATIN = {"Alpha": "A", "Beta": "B", "Epsilon": "E", "Zeta": "Z", "Eta": "H", "Iota": "I", "Kappa": "K", "Mu": "M"}
LATIN |= {"Nu": "N", "Omicron": "O", "Rho": "P", "Tau": "T", "Chi": "X", "omicron": "o"}


@pytest.mark.parametrize(("name", "character"), GREEK.items(), ids=GREEK)
def test_every_greek_letter_is_the_one_that_the_parser_reads(name: str, character: str) -> None:
    expr = parse_expression(character)
    assert expr == Name("lambda_" if name == "lambda" else name)
    assert to_latex(expr) == (rf"\mathrm{{{LATIN[name]}}}" if name in LATIN else f"\\{name}")
    (letter,) = content_of(to_mathml(expr))
    assert letter.text == character
    assert letter.get("mathvariant") == ("normal" if name.istitle() else None)


def test_the_mathml_of_hebb_is_a_whole_element() -> None:
    times = '<mo lspace="0em" rspace="0.167em">\u2062</mo>'
    assert equations_to_mathml(parse("dw/dt = eta * pre * post")) == (
        '<math xmlns="http://www.w3.org/1998/Math/MathML" display="block" alttext="dw/dt = eta * pre * post"><mrow>'
        "<mfrac><mrow><mi>d</mi><mi>w</mi></mrow><mrow><mi>d</mi><mi>t</mi></mrow></mfrac>"
        f'<mo form="infix">=</mo><mi>η</mi>{times}<mi>pre</mi>{times}<mi>post</mi></mrow></math>'
    )


def test_several_equations_are_rows_of_a_table() -> None:
    math = ElementTree.fromstring(equations_to_mathml(parse(RULES["bcm"][0])))
    assert math.get("alttext") == "dw/dt = eta * pre * post * (post - theta); theta = mean(post**2, tau_theta)"
    assert math[0].get("displaystyle") == "true"
    rows = math.findall("{*}mtable/{*}mtr")
    assert [len(row.findall("{*}mtd")) for row in rows] == [2, 2]
    for row in rows:
        assert "text-align: right" in str(row[0].get("style"))
        assert "text-align: left" in str(row[1].get("style"))
    assert rows[1][0][0].text == "θ"
    assert rows[1][1][0].text == "="


def test_a_name_from_anywhere_cannot_break_the_markup() -> None:
    math = ElementTree.fromstring(to_mathml(Name('<b>&"')))
    assert math[0].text == '<b>&"'
    assert math.get("alttext") == '<b>&"'


@pytest.mark.parametrize("text", ["reconstruct(hole)", "1 / hole", "-(hole - 1)", "max(1, 2 * (hole + a) * b)"])
def test_the_deepest_expression_is_typeset(text: str) -> None:
    shape = parse_expression(text)
    expr: Expr = Cell("post")
    while depth(expr) + depth(shape) <= MAX_DEPTH:
        expr = replace(shape, {Name("hole"): expr})
    assert ElementTree.fromstring(to_mathml(expr)).tag == f"{{{NAMESPACE}}}math"
    assert to_latex(expr).count("{") == to_latex(expr).count("}")


NAMES = ("eta", "theta_LTD", "w_max", "A2_plus", "c")
EXPRESSIONS = expressions(NAMES)


@given(EXPRESSIONS)
def test_both_notations_are_one(expr: Expr) -> None:
    assert latex_of(content_of(to_mathml(expr))) == to_latex(expr)


@given(EXPRESSIONS)
def test_what_is_printed_means_what_was_written(expr: Expr) -> None:
    assert meaning_of_row(content_of(to_mathml(expr)), 0) == meaning(expr)


def depth(expr: Expr) -> int:
    return 1 + max((depth(child) for child in children(expr)), default=0)


# MathML read by its structure alone: attributes say how it looks, except that an upright e is the base of exp.

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
