"""The three texts of a neuron, its equations, its threshold and its reset, to one tree."""

from __future__ import annotations

import re

from cofire.language.functions import NEURON
from cofire.language.reader import (
    check_definitions,
    check_left,
    check_length,
    derived,
    equations,
    read_expression,
    spelled,
)
from cofire.language.tokens import TOKEN
from cofire.language.tree import Dynamics, Expr, Threshold

_COMPARISON = re.compile(r">=|>")


def parse_neuron(text: str, threshold: str | None, reset: str) -> Dynamics:
    """The dynamics of a neuron; `threshold`: None for one that never fires.

    Raises: `LanguageError`, pointing at the first thing wrong.
    """
    written = spelled(text, NEURON)
    starts: dict[str, int] = {}
    variables: dict[str, Expr] = {}
    definitions: dict[str, Expr] = {}
    for left, start, equals, end in equations(written, NEURON):
        changing = derived(left)
        name = changing or left
        check_left(written, name, start, NEURON)
        if name in starts:
            raise written.error(f"{name!r} is given twice", start)
        starts[name] = start
        (variables if changing else definitions)[name] = read_expression(written, equals + 1, end, NEURON)
    if not variables:
        raise written.error("nothing changes in this neuron; write dv/dt = ...", 0)
    check_definitions(variables.items(), definitions, written, starts, NEURON)
    neuron = Dynamics(
        tuple(variables.items()),
        tuple(definitions.items()),
        None if threshold is None else parse_threshold(threshold),
        parse_reset(reset),
    )
    check_length(neuron, NEURON)
    return neuron


def parse_threshold(text: str) -> Threshold:
    """The condition `left > right` or `left >= right`. Raises: `LanguageError`."""
    written = spelled(text, NEURON, "threshold", comparison=True)
    signs = list(_COMPARISON.finditer(written.text))
    if len(signs) != 1 or not written.text[: signs[0].start()].strip() or not written.text[signs[0].end() :].strip():
        at = signs[1].start() if len(signs) > 1 else 0
        raise written.error("a threshold is two expressions with > or >= between them, such as v > v_threshold", at)
    (sign,) = signs
    left = read_expression(written, 0, sign.start(), NEURON)
    right = read_expression(written, sign.end(), len(written.text), NEURON)
    return Threshold(left, ">=" if sign[0] == ">=" else ">", right)


def parse_reset(text: str) -> tuple[tuple[str, Expr], ...]:
    """`(variable, new value)` in the order of the text; empty if nothing is reset. Raises: `LanguageError`."""
    written = spelled(text, NEURON, "reset")
    if not written.text.strip():
        return ()
    lines: dict[str, Expr] = {}
    for left, start, equals, end in equations(written, NEURON):
        if left.endswith(("+", "-", "*", "/")):
            name = left[:-1].strip()
            raise written.error(f"a reset is written with = alone: {name} = {name} {left[-1]} ...", equals - 1)
        if derived(left) and "/" in left:
            raise written.error(f"a reset sets a value at once: write {derived(left)} = ...", start)
        check_left(written, left, start, NEURON)
        if left in lines:
            raise written.error(f"{left!r} is reset twice", start)
        lines[left] = read_expression(written, equals + 1, end, NEURON)
    return tuple(lines.items())


def parse_value(text: str) -> Expr:
    """One expression, as of an initial value. Raises: `LanguageError`."""
    written = spelled(text, NEURON)
    return read_expression(written, 0, len(written.text), NEURON)


def find_name(text: str, name: str) -> int | None:
    """Where `text`, any of a neuron's, first has `name`, in any spelling."""
    written = spelled(text, NEURON, "threshold", comparison=True)
    found = (token.start() for token in TOKEN.finditer(written.text) if token["name"] == name)
    at = next(found, None)
    return None if at is None else written.positions[at]
