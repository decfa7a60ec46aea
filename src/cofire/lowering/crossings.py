"""Thresholds that are crossed between events: `step(c - theta)`, where c decays on its own.

Until the next event c is an exponential, so the moment at which it reaches theta is known, and between two such moments
every step is 0 or 1. An equation with steps in it is then one without, from one crossing to the next.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from cofire.language.tree import Binary, Call, Expr, Name, rebuild, walk


@dataclass(frozen=True, slots=True)
class Gate:
    """A step that is 0 or 1 until `quantity`, which decays, crosses `level`. `name`: what stands for it in a flow."""

    name: Name
    step: Call
    quantity: Expr
    level: Expr


def with_gates(node: Expr, decaying: Set[Expr], moving: Set[Expr]) -> tuple[Expr, tuple[Gate, ...]]:
    """`node` with a name in place of each step that has such a threshold, and what the names stand for.

    `decaying`: what only decays between events. `moving`: whatever moves at all; no level may depend on it.
    """
    gates: dict[Call, Gate] = {}

    def replaced(part: Expr) -> Expr:
        if part in moving:
            return part
        match part:
            case Call("step", (Binary("-", left, right),)):
                for quantity, level in ((left, right), (right, left)):
                    if quantity in decaying and moving.isdisjoint(walk(level)):
                        name = Name(f"gate {len(gates) + 1}")  # no name of a rule has a space in it
                        return gates.setdefault(part, Gate(name, part, quantity, level)).name
        return rebuild(part, replaced)

    return replaced(node), tuple(gates.values())
