"""Whether every name in a rule means something, and every name that is given a meaning is in the rule."""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection, Mapping

from cofire.constraints import POSITIVE, Number, check
from cofire.errors import LanguageError, ParameterError, did_you_mean, shortened
from cofire.language.algebra import arithmetic, names
from cofire.language.functions import CELLS, FILTERS, NEURON, OF_STEP, RULE
from cofire.language.parse import find_name
from cofire.language.parse_neuron import find_name as find_neuron_name
from cofire.language.spelling import GREEK_NAMES
from cofire.language.text import to_text
from cofire.language.tree import Call, Cell, Dynamics, Equations, Expr, Name, Weight, walk
from cofire.units import UNITS, in_si

# What `Rule` and `Neuron` take besides parameters: a name that nothing reads may be a misspelt one of these.
_OF_RULE = ("bounds", "normalize", "signals")
_OF_NEURON = ("threshold", "reset", "refractory", "method", "inputs", "conductances", "learns", "rate", "initial")

_INDEXED = re.compile(r"(pre|post|x|y|w)_?[ijk]{1,2}")


def check_names(equations: Equations, text: str, parameters: Collection[str], signals: Collection[str]) -> list[str]:
    """Every name that `equations` read, in the order of the text.

    `parameters` have a value, `signals` get one with each step; `text` is what the equations were read from.
    Raises: `LanguageError` for a name without meaning, `ParameterError` for one that is given but has no use.
    """
    defined = {name for name, _ in (*equations.variables, *equations.definitions)}
    known = defined.union(parameters, signals)
    used = list(dict.fromkeys(name for _, expression in equations.items() for name in names(expression)))
    for name in used:
        if name not in known:
            inside = shortened(to_text(_smallest_call(equations, name)))
            fixed = any(name in _times(expression) for _, expression in equations.items())
            reason = f'unknown name {name!r} in "{inside}"{_mend(name, known, used, fixed)}'
            raise LanguageError(reason, text, find_name(text, name))
    for name in (*parameters, *signals):
        if name in OF_STEP:
            raise ParameterError(f"{name!r} is no parameter of a rule: give it to step, {name}=...")
        if name in RULE.reserved:
            raise ParameterError(f"{name!r} is a word of the language and cannot be a parameter or a signal")
        if name in defined:
            raise ParameterError(f"{name!r} is defined by the equations and cannot be given a value as well")
        if name in parameters and name in signals:
            raise ParameterError(f"{name!r} is declared as a signal and also given a value")
        if name not in used:
            mend = did_you_mean(name, _OF_RULE) or f"; the rule reads {shortened(', '.join(used)) or 'no names'}"
            raise ParameterError(f"{name!r} does not occur in this rule{mend}")
    for cell in sorted(_cells(equations) & set(signals)):
        raise ParameterError(f"{cell!r} is what step calls {cell.replace('_', '.', 1)}; give the signal another name")
    for name, _ in equations.definitions:
        if name not in used:
            raise LanguageError(f"{name!r} is defined, but no equation reads it", text, find_name(text, name))
    return used


def check_neuron_names(
    neuron: Dynamics, texts: Collection[str], parameters: Collection[str], refractory: str | None
) -> list[str]:
    """Every name that a neuron reads, in the order of its texts.

    `texts`: its equations, threshold and reset. `refractory`: the parameter that is the refractory time, if one is.
    Raises: `LanguageError` for a name without meaning, `ParameterError` for one that is given but has no use.
    """
    variables = [name for name, _ in neuron.derivatives]
    defined = {*variables, *(name for name, _ in neuron.definitions)}
    known = defined.union(parameters)
    used = list(dict.fromkeys(name for expression in neuron.expressions() for name in names(expression)))
    for name in used:
        if name not in known:
            text = next(text for text in texts if find_neuron_name(text, name) is not None)
            factors = _split(name, known)
            if factors:
                mend = f"; to multiply write {' * '.join(factors)}"
            elif name in UNITS:
                mend = "; units go with the values of parameters, as in Neuron(..., tau=20*ms), not into the text"
            else:
                mend = did_you_mean(name, known) or f"; give it a value, Neuron(..., {name}=...)"
            reason = f"unknown name {name!r}{mend}"
            raise LanguageError(reason, text, find_neuron_name(text, name))
    for name, _ in neuron.reset:
        if name not in variables:
            text = [*texts][-1]
            mend = did_you_mean(name, variables) or f"; they are {', '.join(variables)}"
            raise LanguageError(
                f"{name!r} is no variable, so it cannot be reset{mend}", text, find_neuron_name(text, name)
            )
    if refractory is not None and refractory not in parameters:
        mend = did_you_mean(refractory, parameters) or "; give a time, such as 2*ms, or the name of a parameter"
        raise ParameterError(f"refractory = {refractory!r} is no parameter of this neuron{mend}")
    for name in parameters:
        if name in NEURON.reserved:
            raise ParameterError(f"{name!r} is a word of the language and cannot be a parameter")
        if name in defined:
            raise ParameterError(f"{name!r} is defined by the equations and cannot be given a value as well")
        if name not in used and name != refractory:
            mend = did_you_mean(name, _OF_NEURON) or f"; the neuron reads {shortened(', '.join(used)) or 'no names'}"
            raise ParameterError(f"{name!r} does not occur in this neuron{mend}")
    for name, _ in neuron.definitions:
        if name not in used:
            text = next(iter(texts))
            raise LanguageError(f"{name!r} is defined, but nothing reads it", text, find_neuron_name(text, name))
    return used


def check_time_constants(equations: Equations, text: str, parameters: Mapping[str, Number]) -> None:
    """Every filter must decay with a positive time constant, made of parameters; `equations` hold no definitions.

    Raises: `LanguageError`, `ParameterError`.
    """
    values = {name: in_si(value) for name, value in parameters.items()}
    for _, expression in equations.items():
        for part in walk(expression):
            if isinstance(part, Call) and part.function in FILTERS:
                time = part.arguments[1]
                written = shortened(to_text(time))
                strange = [name for name in names(time) if name not in values]
                if strange or any(isinstance(inner, Weight | Cell | Call) for inner in walk(time)):
                    reason = f'the time constant "{written}" is not made of parameters and numbers only'
                    raise LanguageError(reason, text, find_name(text, strange[0]) if strange else None)
                if isinstance(time, Name):
                    check(time.id, parameters[time.id], POSITIVE)
                elif (value := arithmetic(time, values)) is None or value not in POSITIVE:
                    comes = "is no finite number" if value is None else f"comes to {value:g}"
                    raise ParameterError(f'the time constant "{written}" {comes}; it must be {POSITIVE}')


def _cells(equations: Equations) -> set[str]:
    """The keywords of `step` for variables of cells: `post_v` for `post.v`."""
    parts = (part for _, expression in equations.items() for part in walk(expression))
    return {f"{part.side}_{part.variable}" for part in parts if isinstance(part, Cell) and part.variable}


def _times(expression: Expr) -> set[str]:
    """The names in the time constants of filters."""
    filters = (part for part in walk(expression) if isinstance(part, Call) and part.function in FILTERS)
    return {name for part in filters for name in names(part.arguments[1])}


def _mend(name: str, known: set[str], used: Collection[str], fixed: bool) -> str:
    """What to do about an unknown name: put operators into a product, correct it to a near one, or give it a value.

    `fixed`: it is in a time constant, so that it cannot be a signal.
    """
    factors = _split(name, {*known, *CELLS, "w"})
    if factors:
        return f"; to multiply write {' * '.join(factors)}"
    if (indexed := _INDEXED.fullmatch(name)) and name not in GREEK_NAMES:
        return f"; write {indexed[1]}: a rule is that of one synapse, without indices"
    if name in UNITS:
        return "; units go with the values of parameters, as in Rule(..., tau=20*ms), not into the text"
    near = known.difference(used) if name in GREEK_NAMES else set(known)  # beta is no misspelt eta
    if name.isalpha():  # A_pre may well be a parameter
        near |= {"w"} if len(name) == 1 else {"pre", "post"}
    side, _, variable = name.partition("_")
    cell = f"write {side}.{variable} for a variable of the cell, " if side in CELLS and variable else ""
    mend = did_you_mean(name, (one for one in near if not keyword.iskeyword(one)))
    declared = "" if fixed else f", or declare it, signals={name!r}"
    return mend or f"; {cell}give it a value, Rule(..., {name}=...){declared}"


def _split(name: str, parts: Collection[str]) -> list[str]:
    """`name` as a row of known names, the longest first, or an empty list."""
    rows: dict[int, list[str]] = {0: []}
    for end in range(1, len(name) + 1):
        begins = [begin for begin in rows if name[begin:end] in parts]
        if begins:
            rows[end] = [*rows[begins[0]], name[begins[0] : end]]
    return rows.get(len(name), [])


def _smallest_call(equations: Equations, name: str) -> Expr:
    """The innermost function call around the first `name`, or the whole expression that it stands in."""
    expression = next(expression for _, expression in equations.items() if name in names(expression))
    inside = [part for part in walk(expression) if isinstance(part, Call) and name in names(part)]
    return inside[-1] if inside else expression
