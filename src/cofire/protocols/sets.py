"""`Trains`: what many pairs of cells fire, one pair for each parameter set of a protocol, and rules played on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cofire.constraints import numbers
from cofire.errors import ArrayError, DimensionError, shown
from cofire.protocols.trains import replay
from cofire.rule import Rule
from cofire.rules import as_rule
from cofire.units import DIMENSIONLESS, FREQUENCY, TIME, Dimension, Quantity, in_si

Array = NDArray[Any]
Times = Any  # a time such as 10*ms, a list of them, or an array in seconds


@dataclass(frozen=True, repr=False)
class Trains:
    """Spikes of one presynaptic and one postsynaptic cell for each parameter set.

    `shape`: of the parameters of the protocol, broadcast against each other; sets are counted through it in C order.
    `pre`, `post`: `(set, step)`, two integer arrays, as `replay` takes them. `steps[set]`: how long each set lasts.
    `dt`: the length of a step, a time, or a number where the rules to be played have no units.
    """

    shape: tuple[int, ...]
    pre: tuple[Array, Array]
    post: tuple[Array, Array]
    steps: Array
    dt: Quantity | float

    def __repr__(self) -> str:
        counts = f"{len(self.pre[0])} presynaptic and {len(self.post[0])} postsynaptic spikes"
        return f"<Trains of shape {self.shape}: {counts} in {len(self.steps)} sets, dt = {self.dt}>"

    def play(
        self,
        rule: Rule,
        *,
        weight: Any,
        delay: Times = 0,
        parameters: Mapping[str, Any] | None = None,
        signals: Mapping[str, Any] | None = None,
        backend: str = "numba",
    ) -> Array:
        """The weight after the protocol, for every parameter set at once.

        `weight`: before it. `delay`: axonal, a time. `parameters`: numbers of the rule that vary, such as
        `{"A_plus": np.linspace(0, 1, 50)}`; arrays are in SI units. These three and the protocol are broadcast against
        each other, and the result has that shape: with `lag[41]` and `A_plus[50, 1]` it is [50, 41].
        `signals`: modulators `[step]` by name and variables of cells `[step, set]`, for the longest set at least.

        Every set is one synapse between two cells of its own. Sets that agree in the rule's parameters and in length
        are one call of `replay`, so it is the rule's parameters and the lengths that cost, a few milliseconds each.
        Raises: as `replay`, `DimensionError`, and `ArrayError` if shapes do not go together.
        """
        rule = as_rule(rule)
        given = {name: numbers(name, value, _dimension(rule, name)) for name, value in (parameters or {}).items()}
        late = np.rint(times("delay", delay, self.dt) / in_si(self.dt)).astype(np.int64)
        start = numbers("weight", weight, rule.weight_dimension)
        shape = broadcast(protocol=np.empty(self.shape), weight=start, delay=late, **given)
        of_set = np.arange(len(self.steps)).reshape(self.shape)
        which, begin, delays = (np.broadcast_to(part, shape).ravel() for part in (of_set, start, late))
        after = np.empty(len(which))
        for changed, chosen in _groups(rule, given, shape, self.steps[which]):
            after[chosen] = self._replayed(changed, which[chosen], begin[chosen], delays[chosen], signals, backend)
        return after.reshape(shape)

    def _replayed(self, rule: Rule, which: Array, start: Array, late: Array, signals: Any, backend: str) -> Array:
        """The weights of the sets `which`, all of one length, under one rule."""
        steps = int(self.steps[which[0]])
        cells, of = np.unique(which, return_inverse=True)
        heard = {name: np.asarray(values) for name, values in (signals or {}).items()}
        weights, _ = replay(
            rule,
            pre=_of_sets(self.pre, cells),
            post=_of_sets(self.post, cells),
            synapses=(of, of),
            weight=start,
            delay=late,
            dt=self.dt,
            duration=steps,
            signals={name: _of_signal(values, steps, cells) for name, values in heard.items()},
            backend=backend,
        )
        return weights


def _of_signal(values: Array, steps: int, cells: Array) -> Array:
    """What those sets hear of a signal, `[step]` or `[step, set]`; `replay` tells what is wrong with any other."""
    if values.ndim == 2 and cells[-1] < values.shape[1]:
        return values[:steps, cells]
    return values[:steps] if values.ndim else values


def times(name: str, value: Times, dt: Quantity | float, dimension: Dimension = TIME) -> Array:
    """Times, or frequencies, in SI units; where `dt` is a plain number, all of them are. Raises: `CofireError`."""
    try:
        found = numbers(name, value, dimension if isinstance(dt, Quantity) else DIMENSIONLESS)
    except DimensionError as error:
        if isinstance(dt, Quantity):
            raise
        raise DimensionError(f"{error}, as dt = {shown(dt)} has no unit; units are for all or for none") from None
    if not np.isfinite(found).all():
        raise ArrayError(f"{name} has values that are NaN or infinite")
    return found


def frequencies(name: str, value: Any, dt: Quantity | float) -> Array:
    """Frequencies in Hz, above 0. Raises: `CofireError`."""
    found = times(name, value, dt, FREQUENCY)
    if (found <= 0).any():
        raise ArrayError(f"{name} has {found.min():g} in it; a frequency is above 0")
    return found


def broadcast(**parts: Array) -> tuple[int, ...]:
    """The shape that all parts have together. Raises: `ArrayError` naming theirs."""
    try:
        return np.broadcast_shapes(*(part.shape for part in parts.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {part.shape}" for name, part in parts.items() if part.shape)
        raise ArrayError(f"shapes cannot be broadcast against each other: {shapes}") from None


def _groups(
    rule: Rule, given: Mapping[str, Array], shape: tuple[int, ...], steps: Array
) -> Iterator[tuple[Rule, Array]]:
    """For each length and each value of the parameters that vary: the rule, and the sets it is for."""
    table = np.stack([steps, *(np.broadcast_to(values, shape).ravel() for values in given.values())], axis=1)
    rows, of = np.unique(table, axis=0, return_inverse=True)
    order = np.argsort(of, kind="stable")
    for row, chosen in zip(rows, np.split(order, np.cumsum(np.bincount(of.ravel()))[:-1]), strict=True):
        changes = {name: _like(rule.parameters.get(name), v) for name, v in zip(given, row[1:], strict=True)}
        yield rule.with_(**changes) if changes else rule, chosen


def _dimension(rule: Rule, name: str) -> Dimension | None:
    """That of a parameter; None if the rule has no such parameter, and will say so."""
    if name not in rule.parameters:
        return None
    default = rule.parameters[name]
    return default.dimension if isinstance(default, Quantity) else DIMENSIONLESS


def _like(default: Any, value: float) -> float | Quantity:
    """`value` with the unit that the rule's own number has."""
    return Quantity(value, default.dimension) if isinstance(default, Quantity) else float(value)


def _of_sets(spikes: tuple[Array, Array], cells: Array) -> tuple[Array, Array]:
    """The spikes of those sets, the first of which is now called 0; `cells` is sorted."""
    who, when = spikes
    at = np.searchsorted(cells, who)
    kept = cells[np.minimum(at, len(cells) - 1)] == who
    return at[kept], when[kept]
