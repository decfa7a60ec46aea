"""What the user gave, checked before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cofire import compiler
from cofire.constraints import POSITIVE, check, numbers
from cofire.errors import ArrayError, ParameterError, did_you_mean
from cofire.language.tree import Cell
from cofire.lowering.plan import Plan
from cofire.rule import Rule
from cofire.units import TIME, Quantity

Array = np.ndarray
MAX_STEPS = 2**40


def step_length(rule: Rule, dt: Any) -> float:
    """`dt` in seconds, or in the unit of the rule's plain numbers. Raises: `ParameterError`."""
    if dt is None:
        raise ParameterError("dt is missing: give the length of a step, such as dt=0.1*ms")
    return compiler.duration(rule, dt)


def step_count(rule: Rule, duration: Any, dt: float) -> int:
    """How many steps `duration` is: a whole number, or a time that is a multiple of `dt`. Raises: `ParameterError`."""
    if isinstance(duration, Quantity):
        if duration.dimension != TIME:
            raise ParameterError(f"duration = {duration!r} is not a time")
        if not rule.is_timed:
            raise ParameterError(
                f"duration = {duration!r} is a time, but no parameter of this rule has a unit of time; give steps"
            )
        steps = check("duration", duration, POSITIVE) / dt
        if abs(steps - round(steps)) > 1e-6 * max(1.0, steps) ** 0.5 or steps > MAX_STEPS:
            raise ParameterError(f"duration = {duration!r} is not a whole number of steps of dt = {dt:g} s")
        return round(steps)
    if isinstance(duration, bool) or not isinstance(duration, int | np.integer):
        raise ParameterError(
            f"duration = {duration!r} is neither a time, such as 10*second, nor a whole number of steps"
        )
    if not 0 <= duration <= MAX_STEPS:
        raise ParameterError(f"duration = {duration!r} is refused: the number of steps must be at least 0")
    return int(duration)


def read_synapses(synapses: Any) -> tuple[Array, Array]:
    """The cells of each synapse. Raises: `ArrayError`."""
    pre, post = _two("synapses", synapses, "(presynaptic cell, postsynaptic cell)")
    if len(pre) == 0:
        raise ArrayError("synapses is empty: there is nothing to learn")
    for side, cells in (("presynaptic", pre), ("postsynaptic", post)):
        if cells.min() < 0 or cells.max() >= 2**31:
            place = int(np.argmax((cells < 0) | (cells >= 2**31)))
            raise ArrayError(f"the {side} cell of synapse {place} is {cells[place]}; cells are numbered from 0")
    return pre, post


def read_spikes(name: str, spikes: Any, steps: int, used: Array) -> tuple[Array, Array]:
    """The spikes of one side in the order of their steps; `used`: the cells of that side that synapses belong to.

    Raises: `ArrayError` naming the first that is wrong.
    """
    cells, when = _two(name, spikes, "(cell, step)")
    for what, values, high in (("cell", cells, 2**31), ("step", when, steps)):
        wrong = (values < 0) | (values >= high)
        if wrong.any():
            place = int(np.argmax(wrong))
            allowed = f"0 to {steps - 1}, as the duration is {steps} steps" if what == "step" else "numbered from 0"
            raise ArrayError(f"spike {place} of {name} has {what} {values[place]}, out of range: {what}s are {allowed}")
    order = np.lexsort((cells, when))
    cells, when = cells[order], when[order]
    twice = (cells[1:] == cells[:-1]) & (when[1:] == when[:-1])
    if twice.any():
        place = int(np.argmax(twice))
        raise ArrayError(
            f"cell {cells[place]} of {name} fires twice in step {when[place]}; a cell fires at most once a step: "
            "choose a smaller dt, or keep one of the spikes"
        )
    heard = cells <= used.max()
    return cells[heard], when[heard]


def read_weight(weight: Any, size: int, rule: Rule) -> Array:
    """Weights `[synapse]`, finite and within the bounds of the rule. Raises: `ArrayError`, `DimensionError`."""
    bounds = rule.bounds
    is_array = hasattr(weight, "dtype") and np.ndim(weight) > 0
    values = _numbers("weight", weight) if is_array else numbers("weight", weight, rule.weight_dimension)
    if values.shape not in ((), (size,)):
        raise ArrayError(
            f"weight has shape {values.shape}; expected one number, or one for each of the {size} synapses"
        )
    values = np.broadcast_to(values, (size,))
    kind = np.float32 if values.dtype == np.float32 else np.float64
    values = values.astype(kind)
    _check_finite("weight", values)
    if bounds is not None:
        outside = (values < kind(bounds[0])) | (values > kind(bounds[1]))
        if outside.any():
            place = int(np.argmax(outside))
            low, high = bounds
            raise ArrayError(
                f"the weight of synapse {place} is {values[place]:g}, outside the rule's bounds {low:g} to {high:g}"
            )
    return values


def read_delay(delay: Any, size: int) -> Array:
    """Delays `[synapse]` in steps. Raises: `ArrayError`."""
    if isinstance(delay, Quantity):
        raise ArrayError(f"delay = {delay!r} is a time; give it in steps: round(delay / dt)")
    values = _integers("delay", delay, times=True)
    if values.shape not in ((), (size,)):
        raise ArrayError(f"delay has shape {values.shape}; expected one number, or one for each of the {size} synapses")
    values = np.broadcast_to(values, (size,))
    if values.min() < 0 or values.max() >= MAX_STEPS:
        place = int(np.argmax((values < 0) | (values >= MAX_STEPS)))
        raise ArrayError(f"the delay of synapse {place} is {values[place]} steps; a delay is at least 0")
    return values


def read_signals(
    rule: Rule, plan: Plan, signals: Mapping[str, Any] | None, steps: int, synapses: tuple[Array, Array]
) -> dict[str, Array]:
    """Modulators `[step]` and variables of cells `[step, cell]`, those that the rule reads. Raises: `ArrayError`."""
    if signals is not None and not isinstance(signals, Mapping):
        raise ArrayError(f"signals is a {type(signals).__name__}; give a dictionary of arrays by name")
    given = dict(signals or {})
    cells = {f"{cell.side}_{cell.variable}": cell for cell in plan.cells}
    wanted = [*rule.signals, *cells]
    for name in given:
        if name not in wanted:
            takes = f"; it takes {', '.join(wanted)}" if wanted else "; it takes none"
            raise ArrayError(f"this rule has no signal {name!r}{did_you_mean(str(name), wanted) or takes}")
    return {name: _signal(name, cells.get(name), given, steps, synapses) for name in wanted}


def _signal(name: str, cell: Cell | None, given: Mapping[str, Any], steps: int, synapses: tuple[Array, Array]) -> Array:
    shape = f"[step, {cell.side}synaptic cell]" if cell else "[step]"
    if name not in given:
        raise ArrayError(f"this rule needs the signal {name!r}: signals={{{name!r}: an array {shape}}}")
    values = _numbers(name, given[name])
    if values.ndim != (2 if cell else 1) or len(values) != steps:
        raise ArrayError(f"the signal {name!r} has shape {values.shape}; expected {shape} with {steps} steps")
    if cell:
        used = int(synapses[0 if cell.side == "pre" else 1].max()) + 1
        if values.shape[1] < used:
            raise ArrayError(f"the signal {name!r} has {values.shape[1]} cells, but the synapses name {used}")
    _check_finite(name, values)
    return values.astype(np.float64)


def _two(name: str, pair: Any, meaning: str) -> tuple[Array, Array]:
    """Two arrays of integers, of one length."""
    if not isinstance(pair, tuple | list | np.ndarray) or len(pair) != 2:
        raise ArrayError(f"{name} must be {meaning}: two arrays of whole numbers, of one length")
    first, second = (_integers(name, part, "step" in meaning) for part in pair)
    if first.ndim != 1 or first.shape != second.shape:
        raise ArrayError(
            f"{name} has arrays of shapes {first.shape} and {second.shape}; {meaning} must be of one length"
        )
    return first, second


def _integers(name: str, values: Any, times: bool = False) -> Array:
    array = _array(name, values)
    if array.size == 0 and array.ndim == 1:
        return np.zeros(0, dtype=np.int64)
    if array.dtype.kind not in "iu":
        mend = "; a time becomes a step by round(time / dt)" if times else ""
        raise ArrayError(f"{name} holds {array.dtype}; it must hold whole numbers of an integer type{mend}")
    if array.dtype == np.uint64 and array.max(initial=0) > np.iinfo(np.int64).max:
        raise ArrayError(f"{name} holds {array.max()}, which is out of range")
    return array.astype(np.int64)


def _numbers(name: str, values: Any) -> Array:
    array = _array(name, values)
    if array.dtype.kind not in "iufb":
        raise ArrayError(f"{name} holds {array.dtype}; it must hold real numbers")
    return array


def _array(name: str, values: Any) -> Array:
    try:
        return np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ArrayError(f"{name} cannot be read as an array: {error}") from None


def _check_finite(name: str, values: Array) -> None:
    wrong = ~np.isfinite(values)
    if wrong.any():
        place = [int(index) for index in np.unravel_index(int(np.argmax(wrong)), values.shape)]
        raise ArrayError(f"{name} has {int(wrong.sum())} value(s) that are NaN or infinite, the first at {place}")
