"""What a person types after a command, read without ever running it.

rule         oja                              a rule of the catalogue
             oja(eta=0.05)                    with other numbers; bcm(tau_theta=2*second)
             dw/dt = eta * pre * post; eta = 0.1      equations; a name set to a number is a parameter
number       0.05   -1e-3   20ms   20*ms   0.5 nS
assignment   key=value
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from inspect import signature
from typing import Any

from cofire import rules as catalogue
from cofire import units
from cofire.errors import ParameterError, did_you_mean
from cofire.language.algebra import names
from cofire.language.parse import parse
from cofire.language.spelling import plain_name
from cofire.language.text import equations_to_text
from cofire.language.tree import Binary, Equations, Expr, Name, Negative, Number
from cofire.rule import Rule
from cofire.units import Quantity

UNITS: dict[str, Quantity] = {name: unit for name, unit in vars(units).items() if isinstance(unit, Quantity)}

_TAKEN = frozenset({"self", *signature(Rule).parameters} - {"parameters"})  # what `Rule(...)` itself takes
_NAMED = re.compile(r"\s*([A-Za-z]\w*)\s*(?:\(([^()]*)\))?\s*")
_NUMBER = re.compile(r"\s*([+\-−]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(?:[*·×]?\s*([A-Za-zµμ]+))?\s*")


def rule(text: str) -> Rule:
    """The rule that `text` stands for. Raises: `CofireError` naming what is wrong, and the nearest right name."""
    named = _NAMED.fullmatch(text)
    if named:
        return _from_catalogue(named[1], _numbers(named[2] or ""))
    equations, given = _parameters(parse(text))
    missing = sorted(_unknown(equations) - given.keys())
    if missing:
        values = "; ".join(f"{name} = 0.1" for name in missing)
        has = "has no value" if len(missing) == 1 else "have no values"
        python = "a rule with signals or bounds runs from Python, cofire.experiments.get(NAME).run(rules=[rule])"
        raise ParameterError(f'{_list(missing)} {has}; write "{" ".join(text.split())}; {values}"; {python}')
    return _made(text, equations, given)


def rule_or_name(text: str) -> Rule | str:
    """The rule that `text` stands for, or the bare name of a catalogue rule, whose numbers the experiment chooses.

    Raises: `CofireError`.
    """
    named = _NAMED.fullmatch(text)
    return catalogue.get(named[1]).name if named and named[2] is None else rule(text)


def rule_to_explain(
    text: str, settings: Mapping[str, float | Quantity], signals: Iterable[str]
) -> tuple[Rule, list[str]]:
    """The rule, with 1.0 for every name that has no value, and those names; a plan does not depend on the numbers.

    Raises: `CofireError`.
    """
    named = _NAMED.fullmatch(text)
    settings = {plain_name(name): value for name, value in settings.items()}
    declared = tuple(dict.fromkeys(map(plain_name, signals)))
    if named:
        _check_known("signal", declared, catalogue.get(named[1]).signals)
        return _from_catalogue(named[1], _numbers(named[2] or "") | settings), []
    equations, given = _parameters(parse(text))
    _check_known("name", (*settings, *declared), _unknown(equations) | given.keys())
    given |= settings
    missing = sorted(_unknown(equations) - given.keys() - set(declared))
    if missing:  # units cannot be checked while some are unknown
        plain = {name: units.in_si(value) for name, value in given.items()}
        return _made(text, equations, plain | dict.fromkeys(missing, 1.0), declared), missing
    return _made(text, equations, given, declared), []


def listed(text: str) -> list[str]:
    """What stands between the commas of `text`, those in brackets apart: the rules of `oja,bcm(tau_theta=2)`."""
    return [part.strip() for part in re.split(r",(?![^()]*\))", text) if part.strip()]


def assignment(text: str) -> tuple[str, str]:
    """`("eta", "0.1")` of `"eta=0.1"`. Raises: `ParameterError`."""
    key, equals, value = text.partition("=")
    if not (equals and key.strip() and value.strip()):
        raise ParameterError(f"{text!r} is not of the form key=value")
    return key.strip(), value.strip()


def number(text: str) -> float | Quantity:
    """A number, with a unit of `cofire.units` or without. Raises: `ParameterError`."""
    found = _NUMBER.fullmatch(text)
    if not found:
        raise ParameterError(f"{text.strip()!r} is not a number such as 0.1 or 20*ms")
    value = float(found[1].replace("−", "-"))
    if not found[2]:
        return value
    name = found[2].replace("µ", "u").replace("μ", "u")
    if name not in UNITS:
        raise ParameterError(f"{found[2]!r} is not a unit{did_you_mean(name, UNITS)}")
    return value * UNITS[name]


def _numbers(text: str) -> dict[str, float | Quantity]:
    """`eta=0.05, tau=20*ms` as numbers by name."""
    result: dict[str, float | Quantity] = {}
    for part in text.split(",") if text.strip() else ():
        key, value = assignment(part)
        key = plain_name(key)
        if key in result:
            raise ParameterError(f"{key!r} is given twice")
        result[key] = number(value)
    return result


def _parameters(written: Equations) -> tuple[Equations, dict[str, float | Quantity]]:
    """`written` without the definitions that only set a name to a number, and those numbers."""
    own = {name for name, _ in (*written.variables, *written.definitions)}
    suffixes = {name: unit for name, unit in UNITS.items() if name not in own}
    found = {name: _value(expression, suffixes) for name, expression in written.definitions}
    given = {name: value for name, value in found.items() if value is not None and name not in _TAKEN}
    rest = tuple((name, expression) for name, expression in written.definitions if name not in given)
    return Equations(written.weight, written.variables, rest), given


def _value(expression: Expr, suffixes: Mapping[str, Quantity]) -> float | Quantity | None:
    """What a constant such as `-0.5` or `20*ms` is; None for anything else."""
    match expression:
        case Number(literal):
            return literal
        case Negative(operand):
            value = _value(operand, suffixes)
            return None if value is None else -value
        case Binary("*" | "/" as operator, left, Name(unit)) if unit in suffixes:
            value = _value(left, suffixes)
            if value is None:
                return None
            return value * suffixes[unit] if operator == "*" else value / suffixes[unit]
    return None


def _unknown(equations: Equations) -> set[str]:
    """The names in use that the equations do not define."""
    used: set[str] = set()
    for _, expression in equations.items():
        used |= names(expression)
    return used - {name for name, _ in (*equations.variables, *equations.definitions)}


def _from_catalogue(name: str, numbers: Mapping[str, float | Quantity]) -> Rule:
    recipe = catalogue.get(name)
    _check_known("parameter", numbers, recipe.parameters)
    return recipe(**numbers)


def _made(
    text: str, equations: Equations, given: Mapping[str, float | Quantity], signals: tuple[str, ...] = ()
) -> Rule:
    """The rule of `equations`; its text is the one typed, where no definition was taken out."""
    for name in sorted(_TAKEN & {*given, *signals}):
        raise ParameterError(f"{name!r} means something else to a rule; give this parameter another name")
    settings: dict[str, Any] = dict(given)
    return Rule(text if parse(text) == equations else equations_to_text(equations), signals=signals, **settings)


def _check_known(kind: str, found: Iterable[str], known: Iterable[str]) -> None:
    known = sorted(known)
    for name in found:
        if name not in known:
            mend = did_you_mean(name, known) or f"; there is {_list(known) if known else 'none'}"
            raise ParameterError(f"{name!r} is not a {kind} of this rule{mend}")


def _list(words: list[str]) -> str:
    return ", ".join(words[:-1]) + " and " + words[-1] if len(words) > 1 else words[0]
