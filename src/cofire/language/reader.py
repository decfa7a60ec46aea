"""Text to tree: equations, tokens, then Python's `ast` through a whitelist. Nothing is ever executed.

What is the same for rules (`parse.py`) and for neurons (`parse_neuron.py`).
"""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from graphlib import CycleError

from cofire.errors import LanguageError, shortened
from cofire.language.algebra import arithmetic, definition_order, size
from cofire.language.functions import FILTERS, FUNCTIONS, Dialect
from cofire.language.spelling import Spelled, spell
from cofire.language.text import equations_to_text, to_text
from cofire.language.tokens import MAX_DEPTH, check_tokens
from cofire.language.tree import (
    POST,
    PRE,
    Binary,
    Call,
    Cell,
    Dynamics,
    Equations,
    Expr,
    Name,
    Negative,
    Number,
    Operator,
    Weight,
    walk,
)

MAX_LENGTH = 10_000
MAX_NODES = 2_000
MAX_EXPONENT = 32
MAX_INLINED_NODES = 5_000  # of a whole rule, with its definitions put in place
MAX_INLINED_DEPTH = 150

_TRIES = 3

_OPERATORS: dict[type[ast.operator], Operator] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
}
_DERIVATIVE = re.compile(r"d([A-Za-z]\w*)\s*/\s*dt|Delta\s*([A-Za-z]\w*)|(?:d|Delta_)(w)")
_SCALED = re.compile(r"([A-Za-z]\w*)[\s*]+d[A-Za-z]\w*\s*/\s*dt")  # tau dw/dt
_NAME = re.compile(r"[A-Za-z]\w*")


def spelled(text: str, dialect: Dialect, part: str = "text", comparison: bool = False) -> Spelled:
    """`text` in plain spelling. Raises: `LanguageError` for what is no text, empty, too long or not of the language."""
    if not isinstance(text, str):
        what = f"a {dialect.what} is text such as {dialect.example!r}" if part == "text" else f"the {part} is text"
        raise LanguageError(f"{what}, not {type(text).__name__}")
    if len(text) > MAX_LENGTH:
        raise LanguageError(f"the {part} has {len(text):,} characters; a {dialect.what} has at most {MAX_LENGTH:,}")
    plain = spell(text, dialect.what, comparison)
    if part == "text" and not plain.text.strip():
        raise LanguageError(f"the text is empty; a {dialect.what} is an equation such as {dialect.example}")
    return plain


def equations(spelled: Spelled, dialect: Dialect) -> Iterator[tuple[str, int, int, int]]:
    """`(left side, where it starts, where its = stands, where its right side ends)` of each equation.

    A line with `=` starts one, a line without continues it.
    """
    text = spelled.text
    left, start, equals = "", 0, -1
    for line in re.finditer(r"[^\n]+", text):
        found = [line.start() + at for at, character in enumerate(line[0]) if character == "="]
        if len(found) > 1:
            before = text[line.start() : found[1]]
            example = "trace(pre, tau)" if dialect.cells else "max(v, u)"
            if before.count("(") > before.count(")"):
                mend = f"arguments have no names, as in {example}"
            else:
                mend = "write it once" if before.endswith("=") else "the next one has its own line"
            raise spelled.error(f"an equation has one '='; {mend}", found[1])
        if found:
            if equals >= 0:
                yield left, start, equals, line.start()
            equals = found[0]
            left = text[line.start() : equals].lstrip()
            left, start = left.rstrip(), equals - len(left)
        elif equals < 0 and line[0].strip():
            at = line.start() + len(line[0]) - len(line[0].lstrip())
            mend = f"an equation is written {dialect.derivative} = ..."
            if re.fullmatch(r"[a-z_]{1,40}", word := text.strip().lower()):
                mend += f", and a {dialect.what} of the literature is cofire.{dialect.what}s.{word}()"
            raise spelled.error(f"an '=' is missing; {mend}", at)
    yield left, start, equals, len(text)


def derived(left: str) -> str:
    """The variable whose change `left` is, or an empty string: `dw/dt`, `dw` and `Δw` are all the change of w."""
    match = _DERIVATIVE.fullmatch(left)
    return next(filter(None, match.groups())) if match else ""


def check_left(spelled: Spelled, name: str, start: int, dialect: Dialect) -> None:
    """Refuses what cannot stand to the left of `=`, derivatives taken off."""
    if not _NAME.fullmatch(name):
        ways = ", ".join(dict.fromkeys((dialect.derivative, "dX/dt")))
        if name.endswith(("+", "-", "*", "/")):
            mend = " alone, without an operator before it"
        elif "(t)" in name:
            mend = ", without (t)"
        elif match := _SCALED.fullmatch(name):
            mend = f"; divide the right side by {match[1]} instead"
        else:
            mend = ""
        raise spelled.error(f"an equation begins with {ways} or a name, then ={mend}", start)
    if keyword.iskeyword(name) or (name in dialect.reserved and name not in ("w", "x", "y")):
        raise spelled.error(f"{name!r} is a word of the language and cannot be defined; call it {name}_", start)


def read_expression(spelled: Spelled, begin: int, end: int, dialect: Dialect) -> Expr:
    """The tree of `spelled.text[begin:end]`. Raises: `LanguageError`."""
    check_tokens(spelled, begin, end, dialect)
    source = spelled.text[begin:end].replace("\n", " ")
    reader = _Reader(spelled, begin, dialect)
    try:
        body = _tree(f"({source})")
    except (SyntaxError, ValueError, MemoryError, RecursionError):  # all that is left to be wrong is the size
        raise reader.too_large(begin) from None
    return reader.read(body)


def _tree(source: str) -> ast.expr:
    """Python's tree. Before 3.11.8, Python may mistake the trees that two threads make at once for one: then again."""
    for _ in range(_TRIES):
        with suppress(SystemError):
            return ast.parse(source, mode="eval").body
    return ast.parse(source, mode="eval").body


def check_definitions(
    derivatives: Iterable[tuple[str, Expr]],
    definitions: Mapping[str, Expr],
    spelled: Spelled,
    starts: Mapping[str, int],
    dialect: Dialect,
) -> None:
    """Refuses definitions in a circle, and what is too large with every definition in the place of its name."""
    sizes: dict[str, tuple[int, int]] = {}
    try:
        for name in definition_order(definitions):
            sizes[name] = size(definitions[name], sizes)
    except CycleError as error:
        circle = " → ".join(reversed(error.args[1]))
        first = starts[error.args[1][-1]]
        raise spelled.error(f"these definitions go in a circle: {shortened(circle)}", first) from None
    total = 0
    for name, expression in derivatives:
        nodes, depth = size(expression, sizes)
        total += nodes
        if total > MAX_INLINED_NODES or depth > MAX_INLINED_DEPTH:
            raise spelled.error(
                f"with its definitions put in place, this makes the {dialect.what} too large "
                f"(at most {MAX_INLINED_NODES:,} parts, nested {MAX_INLINED_DEPTH} deep)",
                starts[name],
            )


def check_length(equations: Equations | Dynamics, dialect: Dialect) -> None:
    """Refuses what would be too long to be read again once it is printed."""
    length = len(equations_to_text(equations))
    if length > MAX_LENGTH:
        what = f"with all its spaces, the {dialect.what} has {length:,} characters"
        raise LanguageError(f"{what}; at most {MAX_LENGTH:,} are read")


class _Reader:
    """Turns Python's tree into ours, node type by node type; every other node type is refused."""

    def __init__(self, spelled: Spelled, begin: int, dialect: Dialect) -> None:
        self.spelled, self.begin, self.cells, self.nodes = spelled, begin, dialect.cells, 0

    def read(self, node: ast.expr, depth: int = 0) -> Expr:
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise self.too_large(self.position(node))
        match node:
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                return Number(float(value))
            case ast.Name(id="w") if self.cells:
                return Weight()
            case ast.Name(id=name) if name in self.cells:
                return Cell(self.cells[name])
            case ast.Name(id=name):
                return Name(name)
            case ast.Attribute(value=ast.Name(id=name), attr=variable) if name in self.cells:
                return Cell(self.cells[name], variable)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return Negative(self.read(operand, depth + 1))
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.read(operand, depth + 1)
            case ast.BinOp(op=operator, left=left, right=right) if type(operator) in _OPERATORS:
                made = Binary(_OPERATORS[type(operator)], self.read(left, depth + 1), self.read(right, depth + 1))
                self.check_exponent(made, right)
                return made
            case ast.Call(func=ast.Name(id=function), args=arguments, keywords=[]) if function in FUNCTIONS:
                return self.call(function, arguments, node, depth)
        raise self.error("this is not part of the language", node)

    def call(self, function: str, arguments: list[ast.expr], node: ast.expr, depth: int) -> Expr:
        least, most = FUNCTIONS[function].arguments
        if not least <= len(arguments) <= most:
            wanted = f"{least}" if least == most else f"{least} to {most}"
            plural = "" if most == 1 else "s"
            meaning = FUNCTIONS[function].meaning
            raise self.error(f"{function} takes {wanted} argument{plural}, not {len(arguments)}: {meaning}", node)
        made = Call(function, tuple(self.read(argument, depth + 1) for argument in arguments))
        if function in FILTERS:
            self.check_filter(made, *arguments)
        return made

    def check_filter(self, made: Call, signal: ast.expr, time: ast.expr) -> None:
        if made.function == "nearest" and made.arguments[0] not in (PRE, POST):
            raise self.error("nearest(s, tau) follows the spikes of one cell: s must be pre or post itself", signal)
        if any(isinstance(part, Weight | Cell | Call) for part in walk(made.arguments[1])):
            written = shortened(to_text(made.arguments[1]))
            raise self.error(f'the time constant "{written}" is not made of parameters and numbers only', time)

    def check_exponent(self, node: Binary, right: ast.expr) -> None:
        exponent = arithmetic(node.right, {}) if node.operator == "**" else None
        if exponent is not None and abs(exponent) > MAX_EXPONENT:
            raise self.error(f"this exponent is larger than {MAX_EXPONENT}", right)

    def position(self, node: ast.expr) -> int:
        return self.begin + max(node.col_offset - 1, 0)

    def error(self, reason: str, node: ast.expr) -> LanguageError:
        return self.spelled.error(reason, self.position(node))

    def too_large(self, position: int) -> LanguageError:
        limits = f"at most {MAX_NODES:,} parts, nested {MAX_DEPTH} deep"
        return self.spelled.error(f"this is too large ({limits}); a long sum can be cut up by definitions", position)
