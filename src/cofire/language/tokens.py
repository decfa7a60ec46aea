"""Text to words, and whether each word may follow the one before.

What is wrong with an expression is found here and said in the terms of a rule. Python's parser, which reads the
expression next, would call all of it invalid syntax.
"""

from __future__ import annotations

import keyword
import math
import re

from cofire.errors import LanguageError, did_you_mean
from cofire.language.functions import FUNCTIONS, RULE, Dialect
from cofire.language.spelling import Spelled

MAX_DEPTH = 100
MAX_NAME = 60

TOKEN = re.compile(
    r"(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)|(?P<mark>\*\*|//|\S)"
)
_PYTHON = dict.fromkeys(("if", "else", "and", "or", "not", "is", "in"), "use step(), min(), max() or clip()")
_PYTHON |= {"lambda": "write lambda_ or λ", "True": "write 1", "False": "write 0", "None": "write 0"}
# What functions are called elsewhere, where that is no misspelling of their names here.
_ELSEWHERE = {"ln": "log(...)", "logistic": "sigmoid(...)"}
_ELSEWHERE |= dict.fromkeys(("heaviside", "Heaviside", "H"), "step(...)")
_ELSEWHERE |= dict.fromkeys(("average", "avg"), "mean(s, tau)")
_ELSEWHERE |= dict.fromkeys(("sum", "Sigma"), "sum_pre(...) or sum_post(...)")
_ELSEWHERE |= {"dot": "sum_pre(w * pre)", "norm": "sqrt(sum_pre(w**2))", "softmax": "exp(s) / sum_post(exp(s))"}


def check_tokens(spelled: Spelled, begin: int, end: int, dialect: Dialect) -> None:
    """Refuses `spelled.text[begin:end]` unless it is one expression, as far as its words tell.

    Raises: `LanguageError` at the first word that is out of place.
    """
    before: re.Match[str] | None = None
    whole = False  # whether the expression could end here
    opened: list[tuple[int, bool]] = []  # where brackets are open, and whether they hold the arguments of a function
    signs = 0
    for token in TOKEN.finditer(spelled.text, begin, end):
        word, at = token[0], token.start()
        if token["number"]:
            _check_number(spelled, token)
        if token["name"]:
            _check_name(spelled, token, dialect)
        call = before is not None and before[0] in FUNCTIONS
        if before and before["name"] and (word == "(") != call:
            raise _function_error(spelled, before)
        starts = word == "(" or not token["mark"]
        if starts and whole and not call:
            shown = spelled.written(at, token.end())
            raise spelled.error(f"an operator is missing before {shown!r}; a product is written with * or ×", at)
        if not starts and not whole and word not in ("+", "-"):
            empty = word == ")" and before and before[0] == "("
            raise spelled.error("nothing stands in these brackets" if empty else _missing("before", word), at)
        signs = 0 if starts or whole else signs + 1

        if word == "(":
            opened.append((at, call))
        elif word == ")" and opened:
            opened.pop()
        elif word == ")":
            raise spelled.error("this bracket closes nothing", at)
        elif word == "," and not (opened and opened[-1][1]):
            raise spelled.error("a comma separates the arguments of a function and stands nowhere else", at)
        elif word == ".":
            where = "numbers, pre.NAME and post.NAME" if dialect.cells else "numbers"
            raise spelled.error(f"a point stands in {where} only", at)
        elif word == "//":
            raise spelled.error("'//' is not part of the language; write / to divide", at)
        if max(len(opened), signs) > MAX_DEPTH:
            raise spelled.error(f"this is nested more than {MAX_DEPTH} deep", at)
        before, whole = token, word == ")" or not token["mark"]

    if before is None:
        raise spelled.error("nothing stands to the right of '='", begin - 1)
    if before[0] in FUNCTIONS:
        raise _function_error(spelled, before)
    if opened:
        raise spelled.error("this bracket is never closed", opened[-1][0])
    if not whole:
        raise spelled.error(_missing("after", before[0]), before.start())


def _missing(where: str, word: str) -> str:
    return f"a number, a name or '(' is missing {where} {word!r}"


def _function_error(spelled: Spelled, token: re.Match[str]) -> LanguageError:
    """A name that is a function but has no arguments, or has arguments but is no function."""
    name = token[0]
    if name in FUNCTIONS:
        return spelled.error(f"{name!r} is a function: write {name}(...)", token.start())
    shown = spelled.written(token.start(), token.end())
    word = name.rpartition(".")[2]
    mend = f"; write {_ELSEWHERE[word]}" if word in _ELSEWHERE else did_you_mean(word, FUNCTIONS)
    mend = "" if name in RULE.reserved else mend
    if re.match(r"\s*\(\s*t\s*\)", spelled.text[token.end() :]):
        mend = "; leave (t) out: an equation holds at every time"
    return spelled.error(f"{shown!r} is not a function{mend or f'; to multiply write {shown} * (...)'}", token.start())


def _check_number(spelled: Spelled, token: re.Match[str]) -> None:
    word, value = token[0], float(token[0])
    if not math.isfinite(value):
        raise spelled.error("this number is too large", token.start())
    if not value and re.match(r"[0.]*[1-9]", word):
        raise spelled.error("this number is so small that it would be read as 0", token.start())
    if word.isdigit() and word[0] == "0" and value:
        raise spelled.error("a whole number does not begin with 0", token.start())


def _check_name(spelled: Spelled, token: re.Match[str], dialect: Dialect) -> None:
    name, at = token[0], token.start()
    first, _, variable = name.partition(".")
    if len(name) > MAX_NAME:
        raise spelled.error(f"this name is longer than {MAX_NAME} characters", at)
    if name[0] == "_" or variable[:1] == "_":
        raise spelled.error("a name begins with a letter, and a number has no '_' in it", at)
    for word in (first, variable):
        if keyword.iskeyword(word):
            mend = _PYTHON.get(word, f"call it {word}_")
            raise spelled.error(f"{word!r} is a word of Python and no name in a {dialect.what}; {mend}", at)
    if variable and not dialect.cells:
        raise spelled.error("a name has no point in it: a neuron reads its own variables only", at)
    if variable and (first not in dialect.cells or "." in variable):
        function = name.rpartition(".")[2]
        mend = f"; write {function}(...)" if function in FUNCTIONS else ""
        raise spelled.error(f"only the cells have variables, pre.NAME and post.NAME{mend}", at)
    if name in dialect.refused:
        raise spelled.error(dialect.refused[name], at)
    if name in dialect.arguments:
        raise spelled.error(f"{name!r} is an argument of {dialect.takes}; call it {name}_", at)
