"""From the text of a rule to numbers: the one way through the house.

    1. language.parse     text                    -> Equations    what was written, as a tree
    2. rule.Rule          Equations + parameters  -> Rule         checked: names, ranges, dimensions
    3. lowering           Rule                    -> Plan         who owns what, matrix products, events
    4. backends           Plan + arrays           -> new weights  reference: the definition; arrays: rates, as matrix
                                                                  products; numba: spikes, as compiled events

Stages 1 and 2 happen when a `Rule` is made, stage 3 once for each set of equations, stage 4 at each step. A `Neuron`
goes the same way: its equations to a `NeuronPlan`, and that to a step of a population.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cofire.constraints import POSITIVE, check
from cofire.errors import DimensionError, ParameterError
from cofire.language.algebra import inlined
from cofire.language.tree import Equations
from cofire.lowering.cells import NeuronPlan, make_neuron_plan
from cofire.lowering.plan import Plan, make_plan
from cofire.neuron import Neuron
from cofire.rule import Rule
from cofire.units import TIME, Quantity


def lower(rule: Rule) -> Plan:
    """[Rule] -> [Plan]"""
    return _plan(rule.equations, rule.signals)


def lower_neuron(neuron: Neuron) -> NeuronPlan:
    """[Neuron] -> [NeuronPlan]"""
    return make_neuron_plan(neuron)


def delta(
    rule: Rule, w: Any, *, pre: Any, post: Any, state: Any, dt: Any, reduce: str, signals: Mapping[str, Any]
) -> Any:
    """[Plan + arrays] -> [change of the weights]; see `Rule.delta`."""
    from cofire.backends.arrays import rates

    return rates.delta(rule, lower(rule), w, pre, post, state, duration(rule, dt), reduce, signals)


def step(
    rule: Rule,
    w: Any,
    *,
    pre: Any,
    post: Any,
    state: Any,
    out: Any,
    dt: Any,
    learning: bool,
    reduce: str,
    signals: Mapping[str, Any],
) -> tuple[Any, Any]:
    """[Plan + arrays] -> [new weights and state]; see `Rule.step`."""
    from cofire.backends.arrays import rates

    return rates.step(rule, lower(rule), w, pre, post, state, out, duration(rule, dt), learning, reduce, signals)


def duration(rule: Rule, dt: Any) -> float:
    """The length of a step: in seconds if the rule's parameters have units of time, else in steps, 1 unless given.

    Raises: `DimensionError` if it is a quantity and no time, `ParameterError` if it is not positive, or if a unit is
    missing on one side only.
    """
    if isinstance(dt, Quantity) and dt.dimension != TIME:
        raise DimensionError(f"dt = {dt!r} is in {dt.dimension}; the length of a step is a time, such as dt=1*ms")
    if rule.is_timed and not isinstance(dt, Quantity):
        given = "" if dt is None else f", not {dt!r}"
        raise ParameterError(f"the parameters of this rule have units of time, so a step has one too: dt=1*ms{given}")
    if isinstance(dt, Quantity) and not rule.is_timed:
        raise ParameterError(
            f"dt = {dt!r} is a time, but no parameter of this rule has a unit of time: give its parameters such "
            "units, or dt as a number of steps"
        )
    if dt is None:
        return 1.0
    return check("dt", dt, POSITIVE)


@lru_cache(maxsize=256)
def _plan(equations: Equations, signals: tuple[str, ...]) -> Plan:
    return make_plan(equations, inlined(equations), signals)
