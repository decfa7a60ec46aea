"""Text to tree: spelling, equations, tokens, then Python's `ast` through a whitelist. Nothing is ever executed."""

from __future__ import annotations

import ast
import keyword
import math
import re
import warnings
from collections.abc import Iterator

from cofire.errors import LanguageError, did_you_mean
from cofire.language.functions import FUNCTIONS, RESERVED
from cofire.language.spelling import Spelled, spell
from cofire.language.tree import Binary, Call, Cell, Equations, Expr, Name, Negative, Number, Operator, Weight

MAX_LENGTH = 10_000
MAX_DEPTH = 100
MAX_NODES = 2_000
MAX_EXPONENT = 32

_OPERATORS: dict[type[ast.operator], Operator] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
}
_TOKEN = re.compile(
    r"(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)|(?P<mark>\S)"
)
_DERIVATIVE = re.compile(r"d([A-Za-z]\w*)\s*/\s*dt|Delta([A-Za-z]\w*)|(?:d|Delta_)(w)")
_NAME = re.compile(r"[A-Za-z]\w*")


def parse(text: str) -> Equations:
    """The equations of a rule.

    Raises: `LanguageError` for anything that is not a rule, pointing at the first thing wrong.
    """
    spelled = _checked(text)
    sides = [(spelled.text[begin:equals], begin, equals, end) for begin, equals, end in _equations(spelled)]
    taken = {left.strip() for left, *_ in sides} | {_derived(left.strip()) for left, *_ in sides}
    aliases = {alias: side for alias, side in (("x", "pre"), ("y", "post")) if alias not in taken}

    weight: Expr | None = None
    variables: dict[str, Expr] = {}
    definitions: dict[str, Expr] = {}
    for left, begin, equals, end in sides:
        start = begin + len(left) - len(left.lstrip())
        left = left.strip()
        expression = _expression(spelled, equals + 1, end, aliases)
        name = _derived(left)
        if name == "w":
            if weight is not None:
                raise spelled.error("dw/dt is given twice; write one equation for the weight", start)
            weight = expression
            continue
        kind = variables if name else definitions
        name = name or left
        if not _NAME.fullmatch(name):
            raise spelled.error("an equation begins with dw/dt, dX/dt or a name, then =", start)
        if (name in RESERVED and name not in "xy") or keyword.iskeyword(name):
            raise spelled.error(f"{name!r} is a word of the language and cannot be defined", start)
        if name in variables or name in definitions:
            raise spelled.error(f"{name!r} is defined twice", start)
        kind[name] = expression
    if weight is None:
        raise spelled.error("the equation of the weight is missing; write dw/dt = ...", 0)
    return Equations(weight, tuple(variables.items()), tuple(definitions.items()))


def parse_expression(text: str) -> Expr:
    """One expression, without a left-hand side. Raises: `LanguageError`."""
    spelled = _checked(text)
    return _expression(spelled, 0, len(spelled.text), {"x": "pre", "y": "post"})


def find_name(text: str, name: str) -> int | None:
    """Where `name` first stands in `text` (any spelling), or None."""
    spelled = spell(text)
    for token in _TOKEN.finditer(spelled.text):
        if token["name"] == name:
            return spelled.positions[token.start()]
    return None


def _checked(text: str) -> Spelled:
    if not isinstance(text, str):
        raise LanguageError(f"a rule is text such as 'dw/dt = eta * pre * post', not {type(text).__name__}")
    if len(text) > MAX_LENGTH:
        raise LanguageError(f"the text has {len(text):,} characters; a rule has at most {MAX_LENGTH:,}")
    spelled = spell(text)
    if not spelled.text.strip("\n ;"):
        raise LanguageError("the text is empty; a rule is an equation such as dw/dt = eta * pre * post")
    opened: list[int] = []
    for at, character in enumerate(spelled.text):
        if character == "(":
            opened.append(at)
            if len(opened) > MAX_DEPTH:
                raise spelled.error(f"more than {MAX_DEPTH} brackets inside one another", at)
        elif character == ")":
            if not opened:
                raise spelled.error("this bracket closes nothing", at)
            opened.pop()
        elif character in "=;" and opened:
            raise spelled.error(f"this bracket is still open where {character!r} stands", opened[-1])
    if opened:
        raise spelled.error("this bracket is never closed", opened[-1])
    return spelled


def _equations(spelled: Spelled) -> Iterator[tuple[int, int, int]]:
    """`(begin, equals, end)` of each equation: a line with `=` starts one, a line without continues it."""
    text = spelled.text
    begin, equals = 0, -1
    for line in re.finditer(r"[^\n;]+", text):
        found = [line.start() + at for at, character in enumerate(line[0]) if character == "="]
        if len(found) > 1:
            raise spelled.error("an equation has one '='", found[1])
        if found:
            if equals >= 0:
                yield begin, equals, line.start()
            begin, equals = line.start(), found[0]
        elif equals < 0 and line[0].strip():
            at = line.start() + len(line[0]) - len(line[0].lstrip())
            raise spelled.error("an equation has a left-hand side: write dw/dt = ...", at)
    if equals >= 0:
        yield begin, equals, len(text)


def _derived(left: str) -> str:
    """The variable whose change `left` is, or an empty string: `dw/dt`, `dw` and `Δw` are all the change of w."""
    match = _DERIVATIVE.fullmatch(left)
    return next(filter(None, match.groups())) if match else ""


def _expression(spelled: Spelled, begin: int, end: int, aliases: dict[str, str]) -> Expr:
    source = spelled.text[begin:end].replace("\n", " ").replace(";", " ")
    if not source.strip():
        raise spelled.error("nothing stands to the right of '='", begin - 1 if begin else 0)
    _check_tokens(spelled, begin, source)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body = ast.parse(f"({source})", mode="eval").body
    except SyntaxError as error:
        at = min(max((error.offset or 1) - 2, 0), len(source) - 1)
        raise spelled.error("this is not an expression: a number, a name or '(' is missing here", begin + at) from None
    except (ValueError, MemoryError, RecursionError):
        raise spelled.error("this expression is too deeply nested", begin) from None
    return _Reader(spelled, begin, aliases).read(body)


def _check_tokens(spelled: Spelled, begin: int, source: str) -> None:
    """Refuses what `ast` would refuse less clearly: missing operators, words of Python, numbers out of range."""
    before = ""
    for token in _TOKEN.finditer(source):
        at, word = begin + token.start(), token[0]
        if token["mark"] == "." or (token["name"] and "._" in word):
            raise spelled.error("a point stands in numbers, pre.NAME and post.NAME only", at)
        if token["name"] and keyword.iskeyword(word):
            hint = "; write lambda_ or λ" if word == "lambda" else "; use step(), min(), max() or clip()"
            raise spelled.error(f"{word!r} is not part of the language{hint}", at)
        if token["number"] and not math.isfinite(float(word)):
            raise spelled.error("this number is too large", at)
        operand = bool(re.fullmatch(r"[\w.)]+", before))
        if operand and word == "(" and before not in FUNCTIONS:
            if re.fullmatch(r"[A-Za-z_]\w*", before):
                mend = did_you_mean(before, FUNCTIONS) or f"; to multiply write {before} * (...)"
                raise spelled.error(f"{before!r} is not a function{mend}", at - len(before))
            raise spelled.error("an operator is missing here; to multiply write *", at)
        if operand and (token["number"] or token["name"]):
            raise spelled.error(f"an operator is missing here; to multiply write {before} * {word}", at)
        before = word


class _Reader:
    """Turns Python's tree into ours, node type by node type; every other node type is refused."""

    def __init__(self, spelled: Spelled, begin: int, aliases: dict[str, str]) -> None:
        self.spelled, self.begin, self.aliases, self.nodes = spelled, begin, aliases, 0

    def read(self, node: ast.expr, depth: int = 0) -> Expr:
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise self.error(f"this expression is too large (at most {MAX_NODES:,} parts, {MAX_DEPTH} deep)", node)
        match node:
            case ast.Constant(value=bool() | complex()):
                raise self.error("only plain numbers can stand here", node)
            case ast.Constant(value=int() | float() as value):
                return Number(float(value))
            case ast.Name(id=name):
                return self.name(name, node)
            case ast.Attribute(value=ast.Name(id=cell), attr=variable):
                side = self.aliases.get(cell, cell)
                if side not in ("pre", "post"):
                    raise self.error("only the cells have variables: pre.NAME or post.NAME", node)
                return Cell("pre" if side == "pre" else "post", variable)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return Negative(self.read(operand, depth + 1))
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.read(operand, depth + 1)
            case ast.BinOp(op=operator, left=left, right=right) if type(operator) in _OPERATORS:
                made = Binary(_OPERATORS[type(operator)], self.read(left, depth + 1), self.read(right, depth + 1))
                self.check_exponent(made, right)
                return made
            case ast.Call(func=ast.Name(id=function), args=arguments, keywords=[]):
                return self.call(function, arguments, node, depth)
        raise self.error("this is not part of the language", node)

    def name(self, name: str, node: ast.expr) -> Expr:
        side = self.aliases.get(name, name)
        if side in ("pre", "post"):
            return Cell("pre" if side == "pre" else "post")
        if side == "w":
            return Weight()
        if name in FUNCTIONS:
            raise self.error(f"{name!r} is a function: write {name}(...)", node)
        if name.startswith("_"):
            raise self.error("a name begins with a letter", node)
        return Name(name)

    def call(self, function: str, arguments: list[ast.expr], node: ast.expr, depth: int) -> Expr:
        if function not in FUNCTIONS:
            raise self.error(f"{function!r} is not a function{did_you_mean(function, FUNCTIONS)}", node)
        least, most = FUNCTIONS[function].arguments
        if not least <= len(arguments) <= most:
            wanted = f"{least}" if least == most else f"{least} to {most}"
            meaning = FUNCTIONS[function].meaning
            raise self.error(f"{function} takes {wanted} argument(s), not {len(arguments)} ({meaning})", node)
        return Call(function, tuple(self.read(argument, depth + 1) for argument in arguments))

    def check_exponent(self, node: Binary, right: ast.expr) -> None:
        exponent = node.right.operand if isinstance(node.right, Negative) else node.right
        if node.operator == "**" and isinstance(exponent, Number) and exponent.value > MAX_EXPONENT:
            raise self.error(f"this exponent is larger than {MAX_EXPONENT}", right)

    def error(self, reason: str, node: ast.expr) -> LanguageError:
        return self.spelled.error(reason, self.begin + max(node.col_offset - 1, 0))
