"""LaTeX and MathML: known rules have their exact form, and whatever is printed means what was written."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given

from cofire.language.latex import equations_to_latex, to_latex
from cofire.language.mathml import NAMESPACE, equations_to_mathml, to_mathml
from cofire.language.parse import parse, parse_expression
from cofire.language.reader import MAX_DEPTH
from cofire.language.symbols import GREEK
from cofire.language.text import equations_to_text
from cofire.language.tree import Cell, Expr, Name, children, replace
from language.mathml_reader import NAMES, content_of, latex_of, meaning, meaning_of_row
from strategies import expressions

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


EXPRESSIONS = expressions(NAMES)


@given(EXPRESSIONS)
def test_both_notations_are_one(expr: Expr) -> None:
    assert latex_of(content_of(to_mathml(expr))) == to_latex(expr)


@given(EXPRESSIONS)
def test_what_is_printed_means_what_was_written(expr: Expr) -> None:
    assert meaning_of_row(content_of(to_mathml(expr)), 0) == meaning(expr)


def depth(expr: Expr) -> int:
    return 1 + max((depth(child) for child in children(expr)), default=0)
