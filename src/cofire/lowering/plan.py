"""The plan: plain data that a backend runs; printing it shows `explanation.py`."""

from __future__ import annotations

from dataclasses import dataclass

from cofire.language.text import to_text
from cofire.language.tree import Cell, Equations, walk
from cofire.lowering.events import Events, find_events
from cofire.lowering.motion import Motion, find_motions
from cofire.lowering.placement import Placement, without_sugar
from cofire.lowering.products import Separated, separate
from cofire.lowering.states import State, find_states


@dataclass(frozen=True, slots=True)
class Plan:
    """A rule, worked out.

    `written`: the equations as the user gave them; `equations`: definitions put in place, sugar written out.
    `terms`: dw/dt as matrix products. `states`: what is remembered between steps, and by whom.
    `events`: what each quantity does at spikes, the weight under "w"; `motions`: what it does between them.
    `cells`: variables of cells to be supplied.
    """

    written: Equations
    equations: Equations
    place: Placement
    terms: Separated
    states: tuple[State, ...]
    events: tuple[tuple[str, Events], ...]
    motions: tuple[tuple[str, Motion], ...]
    cells: tuple[Cell, ...]

    def __str__(self) -> str:
        from cofire.lowering.explanation import explanation

        return explanation(self)


def make_plan(written: Equations, plain: Equations, signals: tuple[str, ...]) -> Plan:
    """The plan of a rule; `plain` is `written` with its definitions put in place."""
    equations = Equations(
        without_sugar(plain.weight), tuple((name, without_sugar(expression)) for name, expression in plain.variables)
    )
    place = Placement(frozenset(name for name, _ in equations.variables), frozenset(signals))
    states = find_states(equations, place)
    events = [("w", find_events(equations.weight))]
    events += [(state.key, find_events(state.drive)) for state in states]
    used = {node for _, expression in equations.items() for node in walk(expression) if isinstance(node, Cell)}
    cells = tuple(sorted((cell for cell in used if cell.variable), key=to_text))
    motions = find_motions(dict(events), states, place)
    return Plan(written, equations, place, separate(equations.weight, place), states, tuple(events), motions, cells)
