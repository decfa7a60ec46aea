"""What stands before the functions of a generated module: title, imports and the helpers they use."""

from __future__ import annotations

import re

from cofire.backends.numba.expressions import HEAVISIDE, MATHS
from cofire.backends.numba.flows import INTEGRAL, OVERLAP
from cofire.backends.numba.writer import OPTIONS
from cofire.language.text import equations_to_text
from cofire.lowering.plan import Plan

_NUMPY = ("float64", "floor", "int32", "int64", "rint")

_CLIPPED = """
@njit(**INNER)
def clipped(x, low, high):
    return low if x < low else high if x > high else x
"""
_HELPERS = {"clipped": _CLIPPED, "overlap": OVERLAP, "integral": INTEGRAL, "heaviside": HEAVISIDE}


def preamble(title: str, body: str, imports: tuple[str, ...] = ()) -> str:
    """What stands before the `body` of a module: a title as a comment, the imports, the helpers in use."""
    comment = "".join(f"# {re.sub(r'[^ -~]', '?', line)}\n" for line in title.splitlines())
    helpers = ""
    for name, text in _HELPERS.items():
        if f"{name}(" in body + helpers:
            helpers = f"\n{text}{helpers}"
    used = sorted(name for name in (*MATHS, *_NUMPY) if re.search(rf"(?<!np\.)\b{name}\(|\({name}\)", body + helpers))
    lines = ["import numpy as np", "from numba import njit", *imports]
    lines += [f"from numpy import {', '.join(used)}"] if used else []
    return "\n".join([comment, *lines, "", OPTIONS]) + helpers


def title_of(plan: Plan) -> str:
    """The equations of a rule, as they stand above its kernel."""
    return equations_to_text(plan.written)
