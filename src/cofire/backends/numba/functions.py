"""The functions by which the synapses of one projection learn, as those that call them know them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from cofire.backends.numba.integrals import Table
from cofire.backends.numba.quantities import Kept, Owner
from cofire.backends.numba.writer import Writer
from cofire.language.tree import Name

Schedule = Literal["awake", "steps", "spikes", "arrivals", "never"]

MAX_SPAN = 65_536  # steps between two bases, and of a table of fades
SMALL = 1 << 20  # numbers in a table of integrals, unless there are more than twice as many synapses


@dataclass(frozen=True)
class Kernel:
    """The generated functions. `text`: their source. `arguments`: what each takes.

    `kept`: the rule's own arrays, in the order of `Kept.quantities`; `remembered`, `logged`: of those, which also have
    an array `before_NAME` and a log `log_NAME` and its last entry `prior_NAME`. `fades`: the names of the tables.
    `by_step`: whether every synapse is settled after each step, unless the modulator `silent` is 0. `hurries`: of "pre"
    and "post", those whose spikes must be learnt from in the same step. `tables`: of integrals.
    `fade_of`: the table of what each array is to be multiplied with, by its name.
    """

    text: str
    arguments: Mapping[str, tuple[str, ...]]
    kept: Kept
    remembered: tuple[str, ...]
    logged: tuple[str, ...]
    fades: tuple[str, ...]
    by_step: bool
    silent: Name | None
    hurries: frozenset[str]
    drifts: bool
    needs_log: bool
    tables: tuple[Table, ...]
    fade_of: Mapping[str, str]

    @property
    def schedule(self) -> Schedule:
        """When synapses learn at the end of a step, and not only as the next spike arrives by them.

        "awake": in each step in which the modulator `silent` is not 0 or a spike cannot wait; as it wakes up they also
        make up for the silence. "steps": in each. "spikes": in those with spikes. "arrivals": in those with spikes that
        arrive, which are the only ones to learn from. Or "never".
        """
        if self.by_step:
            return "awake" if self.silent else "steps"
        return "spikes" if "post" in self.hurries else "arrivals" if "pre" in self.hurries else "never"

    def most_steps(self, n_post: int, n_synapses: int) -> int:
        """Between two bases, so that no table of integrals is too large; each new base visits every synapse."""
        room = max(SMALL, n_synapses // 2)
        return max(1, room // max(n_post, 1)) if self.tables else MAX_SPAN

    def new_tables(self, steps: int, n_post: int, owners: tuple[Owner, ...] = ("all", "post")) -> dict[str, np.ndarray]:
        """The tables of integrals of these owners, for so many steps from a base, by name."""
        return {
            array: np.zeros((steps + 2, n_post) if table.owner == "post" else steps + 2)
            for table in self.tables
            if table.owner in owners
            for array in table.arrays
        }

    def call(self, write: Writer, function: str, *given: str, names: Callable[[str], str], label: str = "") -> None:
        """A line that calls a function, with `label` behind its name.

        Its first arguments are as `given`, the others by their `names`.
        """
        rest = self.arguments[function][len(given) :]
        write.call(f"{function}{label}", [*given, *map(names, rest)], "")
