"""Who owns what: each subexpression belongs to the presynaptic cell, the postsynaptic cell, the synapse, or to nothing.

The analysis is one rule: a subexpression varies along the axes that its parts vary along, except that a filter forgets
the sample (it is one running number) and a reduction sums an axis away.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from cofire.language.functions import FILTERS, REDUCTIONS
from cofire.language.tree import Binary, Call, Cell, Expr, Name, Number, Weight, children, rebuild, walk

Axis = Literal["batch", "post", "pre"]
Axes = frozenset[Axis]
Owner = Literal["presynaptic cell", "postsynaptic cell", "synapse", "nothing"]

NONE: Axes = frozenset()
BATCH: Axes = frozenset({"batch"})
POST_SIDE: Axes = frozenset({"batch", "post"})
PRE_SIDE: Axes = frozenset({"batch", "pre"})
SYNAPSE: Axes = frozenset({"post", "pre"})

DRIVE = Cell("post", "drive")


@dataclass(frozen=True)
class Placement:
    """The axes of every subexpression of one rule, given which names are its variables and signals."""

    variables: frozenset[str]
    signals: frozenset[str]
    _found: dict[Expr, Axes] = field(default_factory=dict, compare=False, repr=False)

    def axes(self, node: Expr) -> Axes:
        """What `node` varies along."""
        found = self._found.get(node)
        if found is None:
            found = self._found[node] = self._axes(node)
        return found

    def _axes(self, node: Expr) -> Axes:
        match node:
            case Number():
                return NONE
            case Name(name):
                return SYNAPSE if name in self.variables else BATCH if name in self.signals else NONE
            case Weight():
                return SYNAPSE
            case Cell(side):
                return frozenset({"batch", side})
            case Call("sum_pre", (inner,)):
                return self.axes(inner) - {"pre"}
            case Call("sum_post", (inner,)):
                return self.axes(inner) - {"post"}
            case Call("reconstruct_ordered", (inner,)):
                return self.axes(inner) | SYNAPSE
            case Call(function, (inner, _)) if function in FILTERS:
                return self.axes(inner) - {"batch"}
        return frozenset().union(*map(self.axes, children(node)))

    def is_constant(self, node: Expr) -> bool:
        """Whether `node` is made of parameters and numbers only, so that its value is known before any array."""
        moving = FILTERS | REDUCTIONS
        return not self.axes(node) and not any(
            isinstance(part, Call) and part.function in moving for part in walk(node)
        )

    def owner(self, node: Expr) -> Owner:
        """Who keeps one number for `node`."""
        return owner_of(self.axes(node))


def owner_of(axes: Axes) -> Owner:
    """The owner of a quantity that varies along `axes`."""
    if axes >= SYNAPSE:
        return "synapse"
    if "pre" in axes:
        return "presynaptic cell"
    return "postsynaptic cell" if "post" in axes else "nothing"


def without_sugar(node: Expr) -> Expr:
    """`node` with `reconstruct(s)` written out as `sum_post(w * s)`."""
    match node:
        case Call("reconstruct", (inner,)):
            return Call("sum_post", (Binary("*", Weight(), without_sugar(inner)),))
    return rebuild(node, without_sugar)
