"""Any text is read or refused at once, however large, nested or hostile; nothing is ever executed."""

from __future__ import annotations

import random
import sys
import time
from itertools import pairwise, product
from string import ascii_letters, ascii_uppercase

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cofire import rules
from cofire.errors import LanguageError
from cofire.language.parse import parse
from cofire.language.reader import MAX_LENGTH
from cofire.language.text import equations_to_text
from cofire.language.tree import Equations
from language.refusal import refusal

SECONDS = 5.0  # tells a blow-up from work; how fast it is, benchmarks say


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
