"""Projections: the synapses from one population onto another, static or learning by a rule."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from cofire import compiler
from cofire.backends.numba.quantities import find_quantities, needs_each_step
from cofire.constraints import POSITIVE, check, numbers
from cofire.errors import ArrayError, DimensionError, ParameterError, did_you_mean, shown
from cofire.language import dimensions
from cofire.language.text import to_text
from cofire.language.tree import POST, PRE, Call, Cell, Expr, replace, walk
from cofire.network.attributes import Checked
from cofire.network.connectors import Connector, from_matrix, from_pairs
from cofire.network.draws import Draw
from cofire.network.populations import Cells, Population, cell_values, steps_of
from cofire.network.recorders import Weight
from cofire.network.rows import Rows, rows_of_list, rows_of_pieces
from cofire.rule import Rule
from cofire.units import DIMENSIONLESS, TIME, Dimension, Quantity, dimension_of

if TYPE_CHECKING:
    from cofire.network.network import Network

Array = np.ndarray
BYTES_EACH = 24  # of a synapse while it is made


class Projection(Checked):
    """The synapses from `source` onto `target`. `rule`: how they learn, or None.

    Made by `Network.connect`. `stored`: the weights as `rows` lays them out, one if all are `same`. `heard`: the rule
    with the rates of rate cells; `plan`, `kept`: what follows from it.
    """

    stays = frozenset({"made", "name", "net", "onto", "rows", "rule", "source", "target"})
    others: ClassVar[dict[str, str]] = {"w": "weight"}
    __slots__ = (
        *("_learning", "heard", "kept", "made", "name", "net", "onto", "plan", "rows", "rule", "same", "source"),
        *("stored", "target"),
    )

    def __init__(
        self,
        net: Network,
        name: str,
        made: str,
        source: Population,
        target: Cells,
        connector: Connector,
        *,
        weight: Any,
        delay: Any,
        onto: str | None,
        rule: Rule | None,
        dtype: str,
    ) -> None:
        self._identify(net, name, made, source, target, rule)
        self.onto = self._input(onto)
        self.rows = self._laid_out(connector, delay)
        self.stored = self._weights(weight, connector, dtype)
        self._lower()

    @classmethod
    def restored(
        cls,
        net: Network,
        name: str,
        made: str,
        source: Population,
        target: Cells,
        onto: str,
        rows: Rows,
        w: Array,
        rule: Rule | None,
    ) -> Projection:
        """A projection as it lay in a file."""
        self = cls.__new__(cls)
        self._identify(net, name, made, source, target, rule)
        self.onto, self.rows, self.stored = self._input(onto), rows, w
        self._lower()
        return self

    def _identify(
        self, net: Network, name: str, made: str, source: Population, target: Cells, rule: Rule | None
    ) -> None:
        self.net, self.name, self.made = net, name, made
        self.source, self.target, self.rule = source, target, rule
        self._learning = rule is not None

    def _lower(self) -> None:
        """What follows from the weights and the rule."""
        rule = self.heard = self.rule and self._heard(self.rule)
        self.same = self.stored.shape != (self.rows.size,)
        self.plan = None if rule is None else compiler.lower(rule)
        self.kept = (
            None
            if rule is None or self.plan is None
            else find_quantities(self.plan, rule.signals, in_each_step=needs_each_step(rule, self.plan, self.net.dt))
        )
        self._check_rule()

    def __getattr__(self, name: str) -> Weight:
        """A variable of the rule, one a synapse: `synapses.e`, with `.values`, `.matrix()` and `.every(interval)`."""
        if name in type(self).__slots__ or name not in self._variables():
            raise self._unknown(name)
        return Weight(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if not hasattr(type(self), name) and name in self._variables():
            raise AttributeError(f"{name} of {self!r} is read-only: only its rule moves it")
        super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._variables()]

    def _unknown(self, name: str) -> AttributeError:
        if name not in type(self).__slots__ and self.rule is not None and name in self.rule.parameters:
            mend = f"it stays {self.rule.parameters[name]}, unless connect is given rule.with_({name}=...)"
            return AttributeError(f"{name} is a parameter of the rule of {self.name}: {mend}")
        return super()._unknown(name)

    def _variables(self) -> tuple[str, ...]:
        """What the rule has one of a synapse, beside the weight."""
        return () if self.plan is None else tuple(name for name, _ in self.plan.equations.variables)

    @property
    def size(self) -> int:
        """How many synapses there are."""
        return self.rows.size

    @property
    def learning(self) -> bool:
        """Whether its weights learn; without a rule they never do."""
        return self._learning

    @learning.setter
    def learning(self, wanted: bool) -> None:
        if not isinstance(wanted, bool | np.bool_):
            raise ParameterError(f"learning = {shown(wanted)} is refused: it must be True or False")
        if wanted and self.rule is None:
            raise ParameterError(f"{self.name} has no rule to learn by: give one to connect(..., rule=...)")
        self._learning = bool(wanted)

    @property
    def weight(self) -> Weight:
        """The weights: `.values`, `.matrix()`, or `.every(interval)` to be recorded."""
        return Weight(self)

    @weight.setter
    def weight(self, values: Any) -> None:
        made = self._given_weights(values, self.stored.dtype)
        if self.same and made.ndim:
            raise ParameterError(
                f"{self.name} has one weight for all synapses, so it takes one number; make it with one for each, "
                "weight=np.full(n, ...)"
            )
        self.net.settle(self)
        self.stored[:] = self.rows.laid(made) if made.ndim else made

    def pairs(self) -> tuple[Array, Array]:
        """`(pre, post)` cells of each synapse, in the same order."""
        return self.rows.cells()

    def delays(self) -> Array:
        """The delay of each synapse in seconds, in the same order."""
        return self.rows.delay() * self.net.dt

    def normalize(self, total: Any) -> None:
        """Scales the weights onto each cell so that they add up to `total`; a cell with weights of zero stays.

        What then lies outside the rule's bounds is set to the nearer bound.
        Raises: `ParameterError`.
        """
        wanted = check("total", float(numbers("total", total, self.target.unit(self.onto))), POSITIVE)
        if self.same:
            raise ParameterError(f"{self.name} has one weight for all synapses: there is nothing to normalise")
        self.net.settle(self)
        cells = self.target.size
        if self.rows.is_full(cells):  # the usual case where it is done often
            w = self.stored.reshape(-1, cells)
            sums = w.sum(axis=0, dtype=np.float64)
            w *= (wanted / np.where(sums != 0.0, sums, wanted)).astype(w.dtype)
        else:
            sums = np.bincount(self.rows.target, weights=self.stored, minlength=cells)
            self.stored *= (wanted / np.where(sums != 0.0, sums, wanted))[self.rows.target]
        if self.rule is not None and self.rule.bounds is not None:
            np.clip(self.stored, *self.rule.bounds, out=self.stored)

    def __len__(self) -> int:
        return self.size

    def __repr__(self) -> str:
        how = f", {self.rule.name or 'a rule'}" if self.rule else ""
        return f"<{self.name}: {self.size} synapses{how}, made at {self.made}>"

    def _input(self, onto: str | None) -> str:
        inputs = tuple(self.target.neuron.inputs)
        if onto is None:
            return inputs[0]
        if onto not in inputs:
            raise ParameterError(
                f"{self.name}: the cells of {self.target.name} have no input {onto!r}; they have "
                f"{', '.join(inputs)}{did_you_mean(str(onto), inputs)}"
            )
        return onto

    def _laid_out(self, connector: Connector, delay: Any) -> Rows:
        source, target, net = self.source, self.target, self.net
        net.check_memory(self.name, connector.expected(source.size, target.size) * BYTES_EACH)
        bounds = net.bounds(target)
        rng = net.generator(self.name)
        pieces = connector.pieces(source.size, target.size, source is target, rng)
        one_delay = isinstance(delay, Quantity)
        if one_delay and not isinstance(connector, from_pairs):
            steps = steps_of(f"{self.name}: delay", delay, net.dt)
            return rows_of_pieces(pieces, source.size, bounds, steps)
        found = list(pieces)
        pre = np.concatenate([piece[0] for piece in found])
        post = np.concatenate([piece[1] for piece in found])
        return rows_of_list(pre, post, self._delay_steps(delay, len(pre)), source.size, bounds)

    def _delay_steps(self, delay: Any, size: int) -> Array:
        """Delays in steps, `[synapse]`; those that are drawn are rounded to whole steps."""
        dt, name = self.net.dt, f"{self.name}: delay"
        if isinstance(delay, Quantity):
            return np.full(size, steps_of(name, delay, dt))
        seconds = cell_values(name, delay, size, self.net.generator(f"{self.name}.delay"), TIME)
        if isinstance(delay, Draw):
            if (seconds < 0).any():
                raise ParameterError(f"{name} = {delay!r} gives negative delays; give it low=0*ms")
            return np.maximum(np.rint(seconds / dt), 1).astype(int)
        steps = np.rint(seconds / dt)
        wrong = (np.abs(seconds / dt - steps) > 1e-6 * np.maximum(1.0, np.abs(steps))) | (steps < 1)
        if wrong.any():
            place = int(np.argmax(wrong))
            raise ParameterError(
                f"{self.name}: the delay of synapse {place}, {seconds[place]:g} s, is no whole number of steps of "
                f"dt = {dt * 1e3:g} ms, or less than one"
            )
        return steps.astype(np.int64)

    def _weights(self, weight: Any, connector: Connector, dtype: str) -> Array:
        kind = {"float32": np.float32, "float64": np.float64}.get(dtype)
        if kind is None:
            raise ParameterError(f"{self.name}: dtype = {dtype!r} is refused: it must be 'float32' or 'float64'")
        if weight is None and isinstance(connector, from_matrix):
            weight = connector.weights()
        if weight is None:
            raise ParameterError(
                f"{self.name}: weight is missing: a number, one for each synapse, or cofire.uniform(...)"
            )
        made = self._given_weights(weight, np.dtype(kind))
        if made.ndim == 0 and self.rule is None:
            return np.full(1, made, dtype=kind)
        return self.rows.laid(np.broadcast_to(made, (self.size,))).astype(kind)

    def _given_weights(self, weight: Any, kind: np.dtype) -> Array:
        """Weights of that kind in the user's order, or one for all. Raises: `CofireError`."""
        one = isinstance(weight, Quantity) or (np.ndim(weight) == 0 and not isinstance(weight, Draw))
        name, rng = (
            f"{self.name}: weight onto {self.target.name}.{self.onto}",
            self.net.generator(f"{self.name}.weight"),
        )
        if np.ndim(weight) == 2:
            raise ArrayError(
                f"{name} has shape {np.shape(weight)}; it is one for each of {self.size} synapses: of a matrix "
                "[post, pre] take matrix[post, pre], with pre, post = synapses.pairs()"
            )
        wanted = cell_values(name, weight, 1 if one else self.size, rng, self.target.unit(self.onto))
        largest = max(wanted.max(initial=0.0), -wanted.min(initial=0.0))
        if largest > np.finfo(kind).max:
            raise ArrayError(f"{name} holds {largest:g}, which is too large for {kind}: dtype='float64' has room")
        values = wanted.astype(kind)
        if self.onto in self.target.neuron.conductances and (values < 0).any():
            raise ParameterError(
                f"{self.name}: weight {values.min():g} is refused: {self.target.name}.{self.onto} is a conductance, "
                "and a conductance is not negative; an inhibitory synapse acts by the reversal potential of its input"
            )
        bounds = self.rule.bounds if self.rule else None
        if bounds is not None:
            low, high = (kind.type(end) for end in bounds)  # rounded as the weights are
            wrong = (values < low) | (values > high)
            if wrong.any():
                raise ArrayError(
                    f"{self.name}: weight {values[wrong][0]:g} is outside the rule's bounds "
                    f"{bounds[0]:g} to {bounds[1]:g}"
                )
        return values[0] if one else values

    def _heard(self, rule: Rule) -> Rule:
        """The rule with the rate of rate cells, such as `post.r`, in place of their activity."""
        rates: dict[Expr, Expr] = {}
        for side, population in ((PRE, self.source), (POST, self.target)):
            if isinstance(population, Cells) and population.neuron.rate is not None:
                rates[side] = Cell(side.side, population.neuron.rate)
        if not rates:
            return rule
        if PRE in rates and (self.rows.delays > 1).any():
            raise ParameterError(
                f"{self.name}: its rule hears the rates of {self.source.name} without delay; leave delay out"
            )
        parts = [part for _, right in rule.equations.items() for part in walk(right) if isinstance(part, Call)]
        nearest = next((part for part in parts if part.function == "nearest" and part.arguments[0] in rates), None)
        if nearest is not None:
            raise ParameterError(
                f"{self.name}: its rule has {to_text(nearest)}, but rate cells have no spikes; trace() is its like"
            )
        text = "\n".join(f"{left} = {to_text(replace(right, rates))}" for left, right in rule.equations.items())
        return Rule(text, **rule._settings())

    def _check_rule(self) -> None:
        if self.rule is None or self.plan is None:
            return
        if not self.rule.is_timed:
            raise ParameterError(
                f"{self.name}: a network runs in seconds, but no parameter of the rule has a unit of time: "
                f"{_with_time(self.rule)}"
            )
        unit, bounded = self.target.unit(self.onto), self.rule.weight_dimension
        if bounded is not None and unit is not None and bounded != unit:
            raise DimensionError(
                f"{self.name}: weights onto {self.target.name}.{self.onto} are {_in(unit)}, but the rule's bounds are "
                f"{_in(bounded)}: give the rule bounds and amplitudes of that unit"
            )
        for cell in self.plan.cells:
            side = self.source if cell.side == "pre" else self.target
            rows = side.rows if isinstance(side, Cells) else ()
            if cell.variable not in rows:
                known = ", ".join(f"{cell.side}.{row}" for row in rows) or "none"
                raise ParameterError(
                    f"{self.name}: its rule reads {cell.side}.{cell.variable}, which the {side.kind} of {side.name} do "
                    f"not have{did_you_mean(str(cell.variable), rows)}; they have {known}"
                )
        self._check_cell_units(self.plan.cells)
        if self.net.threads > 1 and self.kept is not None and self.kept.is_clocked:
            raise ParameterError(
                f"{self.name}: its rule changes every synapse in each step ({self._why_each_step()}), which is "
                "done in one thread; make the network with threads=1"
            )
        if self.net.threads > 1 and any(cell.side == "pre" for cell in self.plan.cells):
            raise ParameterError(
                f"{self.name}: its rule reads a variable of the presynaptic cells, which other threads may be "
                "changing; make the network with threads=1"
            )

    def _why_each_step(self) -> str:
        assert self.rule is not None
        assert self.plan is not None
        if self.rule.normalize is not None:
            return "to normalise the weights"
        if find_quantities(self.plan, self.rule.signals, in_each_step=False).is_clocked:
            return "print(rule.explain()) says why"
        return f"a variable of it moves many times as fast as the step, dt = {self.net.dt * 1e3:g} ms"

    def _check_cell_units(self, cells: Iterable[Cell]) -> None:
        """Holds the rule against the units of the cells it reads: a threshold for volts is not in hertz."""
        assert self.rule is not None
        units: dict[str, Dimension] = {}
        for cell in cells:
            side = self.source if cell.side == "pre" else self.target
            if cell.variable is not None and (unit := side.unit(cell.variable)) is not None:
                units[f"{cell.side}.{cell.variable}"] = unit
        given = self.rule.parameters
        plain = {name: value for name, value in given.items() if not isinstance(value, Quantity)}
        known = {name: dimension_of(value) for name, value in given.items()}
        try:
            dimensions.check(self.rule.equations, known | units, self.rule.weight_dimension, plain)
        except DimensionError as error:
            read = " and ".join(f"{name} is {_in(unit)}" for name, unit in units.items())
            raise DimensionError(f"{self.name}: in these cells {read}: {error}") from None


def _in(unit: Dimension) -> str:
    return "numbers without unit" if unit == DIMENSIONLESS else f"in {unit}"


def _with_time(rule: Rule) -> str:
    """How a rule in steps becomes one in seconds."""
    constant = next((name for name in rule.parameters if name == "tau" or name.startswith("tau_")), None)
    if constant:
        return f"give its time constants as times, such as {constant}=20*ms"
    name, value = next(iter(rule.values.items()), ("a learning rate", 0.01))
    return f"give {name} per second, such as {name if rule.values else 'eta'}={value:g}*Hz"
