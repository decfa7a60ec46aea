"""Every text is a rule or gets an error that says what is wrong, where, and the mend; nothing is ever executed."""

from __future__ import annotations

import ast
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cofire.errors import CofireError, LanguageError
from cofire.language.parse import parse, parse_expression
from cofire.language.text import equations_to_text, to_text
from cofire.language.tree import POST, PRE, Binary, Call, Cell, Equations, Name, Negative, Number, Weight
from language.refusal import refusal

SECONDS = 5.0  # tells a blow-up from work; how fast it is, benchmarks say


# What is accepted

HEBB = "dw/dt = eta * pre * post"


@pytest.mark.parametrize(
    "text",
    [
        HEBB,
        "dw/dt=eta*pre*post",
        "dw = eta * x * y",
        "Δw = η × x × y",
        "∆w = η·x·y",
        "Δ w = η ⋅ x ⋅ y",
        "Delta_w = eta * x * y",
        "∂w/∂t = η * x * y",
        "dw / dt = eta * x * y",
        "  dw/dt\t=\teta * x * y  ",
        "\n\ndw/dt = eta\n    * pre\n\n    * post\n",
        "dw/dt = eta * pre\r\n    * post\r\n",
        "dw/dt = eta * (pre\n) * post",
        "dw/dt = eta * pre * post;",
        "# Hebb 1949, « ensemble » ☺\ndw/dt = eta * pre * post  # = both",
        "dw/dt = eta * x\N{NO-BREAK SPACE}*\N{EM SPACE}y",
        "dw/dt = +eta * +pre * ((post))",
    ],
)
def test_spellings_of_one_rule(text: str) -> None:
    assert equations_to_text(parse(text)) == HEBB


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("η²·x − θ₊/y", "eta**2 * pre - theta_plus / post"),
        ("x⁻¹ + x²³", "pre**-1 + pre**23"),
        ("√(x) ÷ √(y + 1)", "sqrt(pre) / sqrt(post + 1)"),
        ("A₂₊^2", "A_2plus**2"),
        ("λ + Λ", "lambda_ + Lambda"),
        ("x.v + y.drive", "pre.v + post.drive"),
        (".5 + 5. + 1.e3 + 2E-3 + 00 + 0.10", "0.5 + 5 + 1000 + 0.002 + 0 + 0.1"),
        ("2**-2 * 3**32", "2**-2 * 3**32"),
        ("x--y", "pre - -post"),
        ("max(1, 2, 3, 4, 5, 6, 7, 8)", "max(1, 2, 3, 4, 5, 6, 7, 8)"),
    ],
)
def test_spellings_of_expressions(text: str, plain: str) -> None:
    assert to_text(parse_expression(text)) == plain


def test_every_kind_of_node() -> None:
    assert parse("de/dt = trace(pre, tau) - e; dw/dt = -w * gate + post.v**2; gate = max(e, 0.5)") == Equations(
        weight=Binary(
            "+",
            Binary("*", Negative(Weight()), Name("gate")),
            Binary("**", Cell("post", "v"), Number(2.0)),
        ),
        variables=(("e", Binary("-", Call("trace", (PRE, Name("tau"))), Name("e"))),),
        definitions=(("gate", Call("max", (Name("e"), Number(0.5)))),),
    )


def test_x_and_y_are_the_cells_unless_the_rule_says_what_they_are() -> None:
    assert parse("dw/dt = x * y") == Equations(Binary("*", PRE, POST))
    assert parse("dw/dt = x * y; x = pre - 1").weight == Binary("*", Name("x"), POST)
    assert parse("dw/dt = x * y; dy/dt = post").weight == Binary("*", PRE, Name("y"))


# What is refused: the whole message, the caret included

REFUSED = {
    # characters
    "dw/dt = η·x\N{COMBINING ACUTE ACCENT}": """\
the character '◌\u0301' (U+0301, COMBINING ACUTE ACCENT) cannot be part of a rule
    dw/dt = η·x\ufffd
               ^""",
    "dw/dt = η²·θ₊·[x]": """\
the character '[' (U+005B, LEFT SQUARE BRACKET) cannot be part of a rule; use round brackets, or leave \
the index out
    dw/dt = η²·θ₊·[x]
                  ^""",
    "dw/dt = x\x00": """\
the character U+0000 (a control character) cannot be part of a rule
    dw/dt = x\ufffd
             ^""",
    "dw/dt = x # \N{RIGHT-TO-LEFT OVERRIDE}": """\
the character U+202E (RIGHT-TO-LEFT OVERRIDE) cannot be part of a rule
    dw/dt = x # \ufffd
                ^""",
    "dw/dt = x[i] * y[j]": """\
the character '[' (U+005B, LEFT SQUARE BRACKET) cannot be part of a rule; use round brackets, or leave the index out
    dw/dt = x[i] * y[j]
             ^""",
    "w' = x * y": """\
the character "'" (U+0027, APOSTROPHE) cannot be part of a rule; the derivative is written dw/dt, and names stand \
without quotes
    w' = x * y
     ^""",
    "dw/dt = x if y > 1 else 0": """\
the character '>' (U+003E, GREATER-THAN SIGN) cannot be part of a rule; write step(a - b), which is 1 where a is at \
least b and else 0
    dw/dt = x if y > 1 else 0
                   ^""",
    "dw/dt: x": """\
the character ':' (U+003A, COLON) cannot be part of a rule; an equation is written with =
    dw/dt: x
         ^""",
    # words
    "dw = eta x y": """\
an operator is missing before 'x'; a product is written with * or ×
    dw = eta x y
             ^""",
    "dw/dt = η²θ": """\
an operator is missing before 'θ'; a product is written with * or ×
    dw/dt = η²θ
              ^""",
    "dw/dt = (x)(y)": """\
an operator is missing before '('; a product is written with * or ×
    dw/dt = (x)(y)
               ^""",
    "dw/dt = η(x - y)": """\
'η' is not a function; to multiply write η * (...)
    dw/dt = η(x - y)
            ^""",
    "dw/dt = ln(x) * y": """\
'ln' is not a function; write log(...)
    dw/dt = ln(x) * y
            ^""",
    "dw/dt = y * H(x)": """\
'H' is not a function; write step(...)
    dw/dt = y * H(x)
                ^""",
    "dw/dt = Σ(x * w)": """\
'Σ' is not a function; write sum_pre(...) or sum_post(...)
    dw/dt = Σ(x * w)
            ^""",
    "dw/dt = softmax(y) * x": """\
'softmax' is not a function; write exp(s) / sum_post(exp(s))
    dw/dt = softmax(y) * x
            ^""",
    "dw/dt = x - w / norm(w)": """\
'norm' is not a function; write sqrt(sum_pre(w**2))
    dw/dt = x - w / norm(w)
                    ^""",
    "dw/dt = dot(w, x) * x": """\
'dot' is not a function; write sum_pre(w * pre)
    dw/dt = dot(w, x) * x
            ^""",
    "dw/dt = η·x(t)·y( t )": """\
'x' is not a function; leave (t) out: an equation holds at every time
    dw/dt = η·x(t)·y( t )
              ^""",
    "Δw(t) = x * y": """\
an equation begins with dw/dt, dX/dt or a name, then =, without (t)
    Δw(t) = x * y
    ^""",
    "dw = x * y * dt": """\
leave dt out: an equation gives the change in a unit of time, and step multiplies it by its dt
    dw = x * y * dt
                 ^""",
    "Hebb": """\
an '=' is missing; an equation is written dw/dt = ..., and a rule of the literature is cofire.rules.hebb()
    Hebb
    ^""",
    "dw/dt = trase(x, 20)": """\
'trase' is not a function; did you mean 'trace'?
    dw/dt = trase(x, 20)
            ^""",
    "dw/dt = np.exp(x)": """\
only the cells have variables, pre.NAME and post.NAME; write exp(...)
    dw/dt = np.exp(x)
            ^""",
    "dw/dt = x.v.u": """\
only the cells have variables, pre.NAME and post.NAME
    dw/dt = x.v.u
            ^""",
    "dw/dt = pre.__class__": """\
a name begins with a letter, and a number has no '_' in it
    dw/dt = pre.__class__
            ^""",
    "dw/dt = 1_000 * x": """\
a name begins with a letter, and a number has no '_' in it
    dw/dt = 1_000 * x
             ^""",
    "dw/dt = x if y else w": """\
'if' is a word of Python and no name in a rule; use step(), min(), max() or clip()
    dw/dt = x if y else w
              ^""",
    "dw/dt = lambda * x": """\
'lambda' is a word of Python and no name in a rule; write lambda_ or λ
    dw/dt = lambda * x
            ^""",
    "dw/dt = t * x": """\
a rule cannot read the time t; what passes with time is trace(), mean() or dX/dt
    dw/dt = t * x
            ^""",
    "dw/dt = √x": """\
'sqrt' is a function: write sqrt(...)
    dw/dt = √x
            ^""",
    "dw/dt = x // y": """\
'//' is not part of the language; write / to divide
    dw/dt = x // y
              ^""",
    "dw/dt = x +": """\
a number, a name or '(' is missing after '+'
    dw/dt = x +
              ^""",
    "dw/dt = x * / y": """\
a number, a name or '(' is missing before '/'
    dw/dt = x * / y
                ^""",
    "dw/dt = trace(*x)": """\
a number, a name or '(' is missing before '*'
    dw/dt = trace(*x)
                  ^""",
    "dw/dt = exp()": """\
nothing stands in these brackets
    dw/dt = exp()
                ^""",
    "dw/dt = (x, y)": """\
a comma separates the arguments of a function and stands nowhere else
    dw/dt = (x, y)
              ^""",
    "dw/dt = (x * (y + w)": """\
this bracket is never closed
    dw/dt = (x * (y + w)
            ^""",
    "dw/dt = (η·x\ntheta = 1)": """\
this bracket is never closed
    dw/dt = (η·x
            ^""",
    "dw/dt = x)": """\
this bracket closes nothing
    dw/dt = x)
             ^""",
    # numbers
    "dw/dt = 1e999": """\
this number is too large
    dw/dt = 1e999
            ^""",
    "dw/dt = x * 1e-999": """\
this number is so small that it would be read as 0
    dw/dt = x * 1e-999
                ^""",
    "dw/dt = 007": """\
a whole number does not begin with 0
    dw/dt = 007
            ^""",
    "dw/dt = 1j": """\
an operator is missing before 'j'; a product is written with * or ×
    dw/dt = 1j
             ^""",
    "dw/dt = x**33": """\
this exponent is larger than 32
    dw/dt = x**33
               ^""",
    "dw/dt = 9**9**9**9": """\
this exponent is larger than 32
    dw/dt = 9**9**9**9
                  ^""",
    # arguments
    "dw/dt = trace(pre)": """\
trace takes 2 arguments, not 1: trace(s, tau): +1 per spike of s, decays with tau; of a rate, its leaky integral
    dw/dt = trace(pre)
            ^""",
    "dw/dt = trace(s=pre, tau=20)": """\
an equation has one '='; arguments have no names, as in trace(pre, tau)
    dw/dt = trace(s=pre, tau=20)
                   ^""",
    "dw/dt = nearest(x * y, tau)": """\
nearest(s, tau) follows the spikes of one cell: s must be pre or post itself
    dw/dt = nearest(x * y, tau)
                    ^""",
    "dw/dt = trace(x, w) * y": """\
the time constant "w" is not made of parameters and numbers only
    dw/dt = trace(x, w) * y
                     ^""",
    # equations
    "": "the text is empty; a rule is an equation such as dw/dt = eta * pre * post",
    " # nothing \n": "the text is empty; a rule is an equation such as dw/dt = eta * pre * post",
    "eta * x * y": """\
an '=' is missing; an equation is written dw/dt = ...
    eta * x * y
    ^""",
    "dw/dt = # x": """\
nothing stands to the right of '='
    dw/dt = # x
          ^""",
    "dw/dt == x": """\
an equation has one '='; write it once
    dw/dt == x
           ^""",
    "dw/dt = a x = 2": """\
an equation has one '='; the next one has its own line
    dw/dt = a x = 2
                ^""",
    "τ dw/dt = x - w": """\
an equation begins with dw/dt, dX/dt or a name, then =; divide the right side by tau instead
    τ dw/dt = x - w
    ^""",
    "oja": """\
an '=' is missing; an equation is written dw/dt = ..., and a rule of the literature is cofire.rules.oja()
    oja
    ^""",
    "w = w + η·x·y": """\
the weight is given by its change: write dw/dt = ...
    w = w + η·x·y
    ^""",
    "dw/dt = x\n  w += y": """\
an equation begins with dw/dt, dX/dt or a name, then = alone, without an operator before it
      w += y
      ^""",
    "Δw_ij = η * x": """\
the equation of the weight is missing; write dw/dt = ..., w without indices
    Δw_ij = η * x
    ^""",
    "dw/dt = x; Δw = y": """\
dw/dt is given twice
    dw/dt = x; Δw = y
               ^""",
    "dw/dt = a\na = 1\n a = 2": """\
'a' is given twice
     a = 2
     ^""",
    "dw/dt = x\nexp = 2": """\
'exp' is a word of the language and cannot be defined; call it exp_
    exp = 2
    ^""",
    "dw/dt = a\na = b\nb = c\nc = a": """\
these definitions go in a circle: a → b → c → a
    a = b
    ^""",
    "dw/dt = x\nx = x - 1": """\
these definitions go in a circle: x → x
    x = x - 1
    ^""",
}


@pytest.mark.parametrize("text", REFUSED)
def test_the_error_says_what_is_wrong_and_where(text: str) -> None:
    assert refusal(text) == REFUSED[text]


@pytest.mark.parametrize("wrong", [3, None, b"dw/dt = x", ["dw/dt = x"], Equations(PRE)])
def test_a_rule_is_text(wrong: Any) -> None:
    said = f"a rule is text such as 'dw/dt = eta * pre * post', not {type(wrong).__name__}"
    assert refusal(wrong) == said


def test_what_python_mistakes_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before 3.11.8, Python may take the trees that two threads make for one: a run of `cofire tour` ended so."""
    real, failed = ast.parse, []

    def mistaken(*given: Any, **named: Any) -> ast.AST:
        if not failed:
            failed.append(given)
            raise SystemError("AST constructor recursion depth mismatch (before=51, after=47)")
        return real(*given, **named)

    monkeypatch.setattr(ast, "parse", mistaken)
    assert parse("dw/dt = x * y").weight == Binary("*", PRE, POST)
    assert failed


def test_the_error_knows_its_place() -> None:
    with pytest.raises(LanguageError) as caught:
        parse("dw/dt = η²\n  * θ₊ * foo(x)")
    error = caught.value
    assert error.text[error.position :] == "foo(x)"
    assert error.reason == "'foo' is not a function; to multiply write foo * (...)"
    assert isinstance(error, CofireError)
    assert isinstance(error, ValueError)


@given(st.text("ηθ²₊⁻·×− xyw+*()\n", max_size=80))
def test_the_caret_is_below_the_character_whatever_stands_before(before: str) -> None:
    with pytest.raises(LanguageError) as caught:
        parse(f"{before}@ x")
    _, line, caret = str(caught.value).split("\n")
    assert line[caret.index("^")] == "@"
