"""Every text is a rule or gets an error that says what is wrong, where, and the mend; nothing is ever executed."""

from __future__ import annotations

import random
import sys
import time
from itertools import pairwise, product
from string import ascii_letters, ascii_uppercase
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cofire import rules
from cofire.errors import CofireError, LanguageError
from cofire.language.parse import parse, parse_expression
from cofire.language.reader import MAX_LENGTH
from cofire.language.text import equations_to_text, to_text
from cofire.language.tree import POST, PRE, Binary, Call, Cell, Equations, Name, Negative, Number, Weight

SECONDS = 5.0  # tells a blow-up from work; how fast it is, benchmarks say


def refusal(text: Any) -> str:
    with pytest.raises(LanguageError) as caught:
        parse(text)
    return str(caught.value)


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
the character '[' (U+005B, LEFT SQUARE BRACKET) cannot be part of a rule; use round brackets
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
an equation has one '='; the next one has its own line
    dw/dt == x
           ^""",
    "w = w + η·x·y": """\
the weight is given by its change: write dw/dt = ...
    w = w + η·x·y
    ^""",
    "dw/dt = x\n  w += y": """\
an equation begins with dw/dt, dX/dt or a name, then =
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


# Limits


def definitions(count: int, each: str) -> str:
    return "\n".join(each.format(i, i + 1) for i in range(count))


TWO_LETTERS = [a + b for a, b in product(ascii_uppercase, ascii_letters)]
CHAIN = "\n".join(f"{a}={b}" for a, b in pairwise(TWO_LETTERS[:1301]))

TOO_LARGE = {
    "(" * 10_000 + ")" * 10_000: "the text has 20,000 characters; a rule has at most 10,000",
    "dw/dt = " + "(" * 4_900 + "x" + ")" * 4_900: "this is nested more than 100 deep",
    "dw/dt = " + "-" * 9_000 + "x": "this is nested more than 100 deep",
    "dw/dt = " + "-+" * 4_500 + "x": "this is nested more than 100 deep",
    "dw/dt = " + "abs(" * 1_900 + "x" + ")" * 1_900: "this is nested more than 100 deep",
    "dw/dt = " + "+".join(["x"] * 3_000): "this is too large (at most 2,000 parts, nested 100 deep); a long sum",
    "dw/dt = " + "*".join(["x"] * 102): "this is too large (at most 2,000 parts, nested 100 deep); a long sum",
    "dw/dt = " + "x**" * 3_000 + "x": "this is too large (at most 2,000 parts, nested 100 deep); a long sum",
    "dw/dt = " + "x**-" * 2_400 + "x": "this is too large (at most 2,000 parts, nested 100 deep); a long sum",
    "dw/dt = max(" + ",".join(["x+x+x"] * 8) + ")" + "+max(x,y)" * 99 + "+x*x" * 99: "this is too large",
    "dw/dt = " + "1" * 9_000: "this number is too large",
    "dw/dt = " + "a" * 9_000: "this name is longer than 60 characters",
    "dw/dt = a40\na0 = x\n" + definitions(40, "a{1} = a{0} * a{0}"): "with its definitions put in place, this makes",
    "dw/dt = a160\na0 = x\n" + definitions(160, "a{1} = -a{0}"): "with its definitions put in place, this makes",
    "dw/dt = x\na0 = x\n"
    + definitions(9, "a{1} = a{0} + a{0}")
    + "\n"
    + "\n".join(
        f"dv{i}/dt = a9" for i in range(400)
    ): "with its definitions put in place, this makes the rule too large",
    f"dw/dt = AA * x\n{CHAIN}\n{TWO_LETTERS[1300]}=AA": "these definitions go in a circle: AA → AB → AC",
    f"dw/dt = AA * x\n{CHAIN}\n{TWO_LETTERS[1300]}=x": "with all its spaces, the rule has 10,425 characters",
}


@pytest.mark.parametrize("text", TOO_LARGE, ids=range(len(TOO_LARGE)))
def test_what_is_too_large_is_refused_at_once(text: str) -> None:
    begin = time.process_time()
    message = refusal(text)
    assert time.process_time() - begin < SECONDS
    assert message.startswith(TOO_LARGE[text])
    assert len(message) < 500


def balanced(parts: list[str], sign: str) -> str:
    half = len(parts) // 2
    return parts[0] if not half else f"({balanced(parts[:half], sign)} {sign} {balanced(parts[half:], sign)})"


AT_THE_LIMIT = [
    "dw/dt = " + "(" * 100 + "x" + ")" * 100,
    "dw/dt = " + "-" * 100 + "x",
    "dw/dt = " + "+".join(["x"] * 101),
    "dw/dt = " + "x**" * 100 + "x",
    "dw/dt = " + "abs(" * 100 + "x" + ")" * 100,
    "dw/dt = " + balanced(["x"] * 1000, "-"),
    "dw/dt = a148 * x\na0 = x\n" + definitions(148, "a{1} = -a{0}"),
    "dw/dt = a0\n" + definitions(800, "a{0} = a{1}") + "\na800 = x",
    "dw/dt = " + "a" * 60,
]


@pytest.mark.parametrize("text", AT_THE_LIMIT, ids=range(len(AT_THE_LIMIT)))
def test_what_is_just_small_enough_is_read_at_once_and_can_be_printed_and_read_again(text: str) -> None:
    begin = time.process_time()
    found = parse(text)
    assert time.process_time() - begin < SECONDS
    assert parse(equations_to_text(found)) == found


# Hostile text

HOSTILE = [
    *("(", ")", "()", ")(", ",", ".", ";", "=", "#", "\\", "\x00", "\ud800", "\N{ZERO WIDTH NO-BREAK SPACE}dw/dt = x"),
    *("=\n" * 4000, "a=a\n" * 2000, "dw/dt=" * 1000, "dw/dt = " + "." * 9000, "dw/dt = " + "," * 9000),
    *("dw/dt = " + "x " * 4000, "dw/dt = " + "x;" * 3000, "dw/dt = " + "'" * 9000, "Δ" * 9000, "²" * 9000),
    "dw/dt = __import__('os').system('touch pwned')",
    "dw/dt = __import__(os)",
    "__import__('os').system('touch pwned')",
    "dw/dt = exec(x)",
    "dw/dt = eval(x)",
    "dw/dt = open(x)",
    "dw/dt = x.__class__.__mro__",
    "dw/dt = (lambda: 1)()",
    "dw/dt = lambda x: x",
    "dw/dt = [x for x in y]",
    "dw/dt = (x for x in y)",
    "dw/dt = {x: y}",
    "dw/dt = (x := 1)",
    "dw/dt = f'{x}'",
    'dw/dt = f"{x}"',
    "dw/dt = x[0]",
    "dw/dt = x @ y",
    "dw/dt = ~x",
    "dw/dt = x and y or not w",
    "dw/dt = await x",
    "dw/dt = yield",
    "dw/dt = max(*x, **y)",
    "dw/dt = ...",
    "dw/dt = True",
    "dw/dt = None",
    "dw/dt = 0x10",
    "dw/dt = 0b1",
    "dw/dt = 1e",
    "dw/dt = 1.5.2",
    "dw/dt = ｘ * １",
    "dw/dt = 𝑥",
    "dw/dt = x\x1b[31m",
    "dw/dt = x\N{ZERO WIDTH SPACE}y",
    "dw/dt = x\N{LINE SEPARATOR}y",
    "dw/dt = self.x",
    "dw/dt = bounds * x",
    "dt/dt = x",
    "dpre/dt = x",
    "f(x) = x",
    "2 = x",
    "dw/dt, e = x",
    "dw/dt = pre.if",
]


class Watch:
    """What Python reports to audit hooks while the watch is on: executed code, imports, files, commands."""

    def __init__(self) -> None:
        self.on, self.seen = False, list[tuple[str, object]]()
        sys.addaudithook(self)

    def __call__(self, event: str, arguments: object) -> None:
        if self.on and event in ("exec", "import", "open", "os.system", "subprocess.Popen"):
            self.seen.append((event, arguments))


WATCH = Watch()


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_refused_at_once_and_never_executed(text: str) -> None:
    WATCH.on = True
    begin = time.process_time()
    message = refusal(text)
    assert time.process_time() - begin < SECONDS
    WATCH.on = False
    assert WATCH.seen == []
    assert 20 < len(message) < 600


def test_the_watch_sees_what_is_executed() -> None:
    watch = Watch()
    watch.on = True
    compile_and_run = eval
    compile_and_run("1 + 1")
    watch.on = False
    assert [event for event, _ in watch.seen] == ["exec"]


def read_or_refused(text: str) -> None:
    """`text` is a rule that survives printing, or gets a `LanguageError`, either of them at once."""
    begin = time.process_time()
    found: Equations | LanguageError
    try:
        found = parse(text)
    except LanguageError as error:
        found = error
    assert time.process_time() - begin < SECONDS
    if isinstance(found, Equations):
        assert parse(equations_to_text(found)) == found
    else:
        assert 20 < len(str(found).encode()) < 1000
        assert found.position is None or 0 <= found.position <= len(text)


@settings(max_examples=300)
@given(st.text(max_size=60), st.sampled_from(["", "dw/dt = ", "Δw = η × x * "]))
@example("\ud800", "")
@example("²", "dw/dt = ")
def test_any_text_is_read_or_refused(text: str, begin: str) -> None:
    read_or_refused(begin + text)


WORDS = [
    *("pre", "post", "w", "x", "y", "eta", "tau", "e", "t", "self", "η", "Δw", "pre.v", "x.a.b", "_x", "__import__"),
    *("trace", "nearest", "mean", "sum_pre", "sum_post", "reconstruct", "reconstruct_ordered", "exp", "log", "max"),
    *("(", ")", ",", "+", "-", "*", "/", "**", "//", "=", ";", "#", "²", "⁻", "₀", "√", "×", "((((", "----", "**-"),
    *("1", "2.5", "1e999", "0x1", "1_0", "1j", "x**33", "10**10", "dw/dt", "de/dt", "lambda", "if", "None"),
    *("'", "[", "]", ":=", "@", "<"),
]


@settings(max_examples=300)
@given(st.lists(st.sampled_from([*WORDS, "\n"]), max_size=30).map(" ".join), st.booleans())
def test_any_row_of_words_is_read_or_refused(text: str, begun: bool) -> None:
    read_or_refused(f"dw/dt = {text}" if begun else text)


@pytest.mark.parametrize("name", rules.names())
def test_any_slip_in_a_rule_of_the_catalogue_is_read_or_refused(name: str) -> None:
    text = rules.get(name).equation
    generator = random.Random(name)
    for _ in range(250):
        letters = list(text)
        for _ in range(generator.randint(1, 3)):
            at, word = generator.randrange(len(letters)), generator.choice([*WORDS, "", "", "", *"()=*,."])
            letters[at : at + generator.randint(0, 3)] = [word]
        read_or_refused("".join(letters))


def test_the_longest_texts_are_read_or_refused_at_once() -> None:
    generator = random.Random(0)
    for word in WORDS:
        read_or_refused(("dw/dt = " + f"{word} " * MAX_LENGTH)[:MAX_LENGTH])
        read_or_refused(("dw/dt = " + "".join(generator.choices(WORDS, k=MAX_LENGTH)))[:MAX_LENGTH])
