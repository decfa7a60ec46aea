"""The text of a rule to its tree; how equations and expressions are read is in `reader.py`."""

from __future__ import annotations

from dataclasses import replace

from cofire.language.functions import CELLS, RULE
from cofire.language.reader import (
    check_definitions,
    check_left,
    check_length,
    derived,
    equations,
    read_expression,
    spelled,
)
from cofire.language.spelling import spell
from cofire.language.tokens import TOKEN
from cofire.language.tree import Equations, Expr


def parse(text: str) -> Equations:
    """The equations of a rule.

    Raises: `LanguageError` for anything that is not a rule, pointing at the first thing wrong.
    """
    written = spelled(text, RULE)
    sides = list(equations(written, RULE))
    taken = {left for left, *_ in sides} | {derived(left) for left, *_ in sides}
    dialect = replace(RULE, cells={word: side for word, side in CELLS.items() if word not in taken})

    starts: dict[str, int] = {}
    weight: Expr | None = None
    variables: dict[str, Expr] = {}
    definitions: dict[str, Expr] = {}
    for left, start, equals, end in sides:
        changing = derived(left)
        name = changing or left
        if name == "w" and not changing:
            raise written.error("the weight is given by its change: write dw/dt = ...", start)
        check_left(written, name, start, RULE)
        if name in starts:
            raise written.error(f"{'dw/dt' if name == 'w' else repr(name)} is given twice", start)
        starts[name] = start
        expression = read_expression(written, equals + 1, end, dialect)
        if name == "w":
            weight = expression
        else:
            (variables if changing else definitions)[name] = expression
    if weight is None:
        raise written.error("the equation of the weight is missing; write dw/dt = ..., w without indices", 0)
    rule = Equations(weight, tuple(variables.items()), tuple(definitions.items()))
    check_definitions(rule.derivatives, definitions, written, starts, RULE)
    check_length(rule, RULE)
    return rule


def parse_expression(text: str) -> Expr:
    """One expression of a rule, without a left-hand side. Raises: `LanguageError`."""
    written = spelled(text, RULE)
    return read_expression(written, 0, len(written.text), RULE)


def find_name(text: str, name: str) -> int | None:
    """Where the equations of `text` first read `name` (in any spelling), or else where they define it."""
    written = spell(text)
    right_sides = [(equals, end) for *_, equals, end in equations(written, RULE)]
    for begin, end in [*right_sides, (0, len(written.text))]:
        for token in TOKEN.finditer(written.text, begin, end):
            if token["name"] == name:
                return written.positions[token.start()]
    return None
