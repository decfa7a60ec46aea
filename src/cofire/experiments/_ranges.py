"""What a setting may be, in words, read from its type."""

from __future__ import annotations

from typing import Any

from msgspec import inspect


def accepted(kind: inspect.Type) -> str:
    """`a number above 0 and at most 0.5`, for the type of one field of `Settings`; empty for types not known here."""
    match kind:
        case inspect.Metadata(inner):
            return accepted(inner)
        case inspect.LiteralType(values):
            return " or ".join(str(value) for value in values)
        case inspect.IntType():
            return f"a whole number{_between(kind)}"
        case inspect.FloatType():
            return f"a number{_between(kind)}"
        case inspect.VarTupleType(item, least) | inspect.ListType(item, least):
            several = f"{least} or more" if least else "several"
            return f"{several}, each {accepted(item)}"
    return ""


def _between(kind: Any) -> str:
    """The range of a number; both ends in one phrase where both belong to it."""
    multiple = "" if kind.multiple_of is None else f", a multiple of {kind.multiple_of}"
    if kind.ge is not None and kind.le is not None:
        return f" from {kind.ge} to {kind.le}{multiple}"
    ends = [("above", kind.gt), ("at least", kind.ge), ("below", kind.lt), ("at most", kind.le)]
    said = " and ".join(f"{word} {end}" for word, end in ends if end is not None)
    return (f" {said}" if said else "") + multiple
