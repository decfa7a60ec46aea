"""What the user gave, checked before anything is computed, and brought to one library, type and shape."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cofire.backends.arrays import gemm, library
from cofire.backends.arrays.expressions import ORDER, Array, Values
from cofire.backends.arrays.reductions import reduced
from cofire.backends.state import RuleState
from cofire.errors import ArrayError, did_you_mean
from cofire.language.tree import POST, PRE, Cell
from cofire.lowering.placement import DRIVE
from cofire.lowering.plan import Plan
from cofire.rule import Rule
from cofire.units import Quantity, in_si

_LIMITED = {"oja", "oja_subspace", "sanger"}  # rules that limit themselves, unless the learning rate is too large
_NUMBER = (int, float, np.integer, np.floating)  # what one synapse may be given as: `pre=x[0]` is NumPy's own kind


@dataclass(frozen=True)
class Inputs:
    """The values of one step; `scalar` if the user gave one synapse as plain numbers; `when` is the step, in words."""

    values: Values
    state: RuleState
    scalar: bool
    when: str


def tamed(rule: Rule) -> str:
    """What keeps a rule from diverging."""
    if rule.bounds or rule.normalize:
        return "lower the learning rate"
    other = ", or take a rule that limits itself, such as oja" if rule.name not in _LIMITED else ""
    return f"lower the learning rate, hold the weights with bounds=(low, high) or normalize='l2'{other}"


def read_inputs(
    rule: Rule, plan: Plan, w: Any, pre: Any, post: Any, state: Mapping[str, Any] | None, signals: Mapping[str, Any]
) -> Inputs:
    """Raises: `ArrayError` naming the array, its shape and what was expected."""
    scalar = isinstance(w, _NUMBER) and not isinstance(w, bool)
    weights = np.asarray([[_float("w", w)]]) if scalar else _weights(w)
    xp = library.namespace(weights)
    n_post, n_pre = weights.shape
    check_names(rule, plan, signals)
    if state is not None and not isinstance(state, Mapping):
        raise ArrayError(f"state is {_kind(state)}; give None at first, then the state that step returned")
    steps = getattr(state, "step", 0)
    uncounted = "this step (pass state= from step to step to have them counted)"
    when = uncounted if state is None else f"step {steps + 1}"

    cells: dict[Cell, Array] = {}
    for cell, name, given in ((PRE, "pre", pre), (POST, "post", post), *_cells(plan, signals)):
        sizes = (n_pre, "columns (presynaptic cells)") if cell.side == "pre" else (n_post, "rows (postsynaptic cells)")
        cells[cell] = _activity(name, given, weights, *sizes, scalar)
    samples = cells[PRE].shape[0]
    for cell, array in cells.items():
        if array.shape[0] != samples:
            raise ArrayError(f"{cell_name(cell)} has {array.shape[0]} samples, but pre has {samples}")
    modulators = {name: _signal(name, signals[name], weights, samples) for name in rule.signals}
    kept = _state(plan, state, weights)
    diverged = f"at {when}; {tamed(rule)}"
    values = Values(xp, plan.place, rule.values, weights, cells, modulators, kept, reduced, diverged)
    for cell, array in cells.items():
        if not math.isfinite(values.squares(array)):
            advice = f"; if it is computed from the weights, learning diverged at {when}: {tamed(rule)}"
            gemm.check_finite(cell_name(cell), array, advice if cell == POST else "")
    return Inputs(values, kept, scalar, when)


def output_array(out: Any, w: Array) -> Array | None:
    """`out` if it can take the new weights. Raises: `ArrayError`."""
    if out is None:
        return None
    if not library.is_array(out) or library.namespace(out) is not library.namespace(w):
        raise ArrayError(f"out is {_kind(out)}; it must be an array of the same library as w")
    if not library.writable_in_place(out):
        raise ArrayError(
            "out cannot be used: arrays of this library cannot be changed; use the weights that step returns"
        )
    if library.is_numpy(out) and not out.flags.writeable:
        raise ArrayError("out is read-only; leave out= away to get a new array")
    if out.shape != w.shape or out.dtype != w.dtype:
        raise ArrayError(f"out has shape {tuple(out.shape)} and type {out.dtype}; w has {tuple(w.shape)} and {w.dtype}")
    out = out.detach() if library.is_torch(out) else out
    if library.is_numpy(out) and out is not w and np.may_share_memory(out, w):
        same = out.__array_interface__["data"] == w.__array_interface__["data"] and out.strides == w.strides
        if not same and np.shares_memory(out, w):
            raise ArrayError("out overlaps w without being w; give w itself or an array of its own")
        return w if same else out
    if library.is_torch(out) and out.data_ptr() == w.data_ptr() and out.stride() == w.stride():
        return w
    return out


def _weights(w: Any) -> Array:
    _check_plain("w", w)
    if not library.is_array(w) or isinstance(w, np.ma.MaskedArray):
        raise ArrayError(f"w is {_kind(w)}; it must be an array [post, pre], or a number for one synapse")
    w = w.detach() if library.is_torch(w) else w
    xp = library.namespace(w)
    if not xp.isdtype(w.dtype, "real floating"):
        raise ArrayError(f"w has type {w.dtype}; learning needs a floating-point type such as float32")
    if w.ndim != 2:
        hints = {0: "; for one synapse give float(w)", 1: "; for one postsynaptic cell give w[None, :]"}
        hint = hints.get(w.ndim, "")
        raise ArrayError(f"w has shape {tuple(w.shape)}; it must have two axes [post, pre]{hint}")
    if 0 in w.shape:
        raise ArrayError(f"w has shape {tuple(w.shape)}: there are no synapses")
    return w


def _cells(plan: Plan, signals: Mapping[str, Any]) -> list[tuple[Cell, str, Any]]:
    return [(cell, cell_name(cell), signals[cell_name(cell)]) for cell in plan.cells if cell_name(cell) in signals]


def cell_name(cell: Cell) -> str:
    """The keyword for a variable of a cell: `post_target` for `post.target`."""
    return cell.side if cell.variable is None else f"{cell.side}_{cell.variable}"


def check_names(rule: Rule, plan: Plan, signals: Mapping[str, Any]) -> None:
    """Raises: `ArrayError` for a signal that the rule does not read, and for one that is missing."""
    wanted = {cell_name(cell) for cell in plan.cells} | set(rule.signals)
    for name in signals:
        if name in rule.parameters and name not in wanted:
            raise ArrayError(f"{name} is a parameter of the rule, not a signal; rule.with_({name}=...) changes it")
        if name not in wanted:
            what = f"; it takes {', '.join(sorted(wanted))}" if wanted else "; it takes only pre and post"
            raise ArrayError(f"this rule has no signal {name!r}{did_you_mean(name, wanted) or what}")
    for name in sorted(wanted - {cell_name(DRIVE)}):
        if name not in signals:
            raise ArrayError(f"this rule needs {name}=: give its value with each step")


def _activity(name: str, given: Any, w: Array, cells: int, which: str, scalar: bool) -> Array:
    """Rates as `[batch, cells]`, in the type of the weights."""
    if scalar and isinstance(given, _NUMBER):
        array = np.asarray([[_float(name, given)]])
    else:
        array = _like(name, given, w)
        if scalar and array.ndim == 0:
            array = array[None, None]
        elif array.ndim == 1:
            array = array[:, None] if scalar else array[None, :]
    if array.ndim != 2 or array.shape[1] != cells:
        shape = tuple(getattr(given, "shape", ()))
        raise ArrayError(f"{name} has shape {shape}; expected [batch, {cells}], since w has {cells} {which}")
    if array.shape[0] == 0:
        raise ArrayError(f"{name} has shape {tuple(array.shape)}: the batch is empty")
    return array


def _signal(name: str, given: Any, w: Array, samples: int) -> Array:
    """A modulator as `[samples]`."""
    xp = library.namespace(w)
    if isinstance(given, int | float):
        array = xp.full((1,), _float(name, given), dtype=w.dtype, device=library.device(w))
        if math.isfinite(given) and not gemm.is_finite(array):
            raise _too_large(name, w)
    else:
        array = _like(name, given, w)
        array = xp.reshape(array, (1,)) if array.ndim == 0 else array
    if array.ndim != 1 or array.shape[0] not in (1, samples):
        raise ArrayError(
            f"{name} has shape {tuple(array.shape)}; expected a number, or one for each of the {samples} samples"
        )
    gemm.check_finite(name, array)
    return array if array.shape[0] == samples else xp.broadcast_to(array, (samples,))


def _like(name: str, given: Any, w: Array) -> Array:
    """`given` in the library and type of the weights; counts and truth values become numbers."""
    _check_plain(name, given)
    if isinstance(given, list | tuple) and library.is_numpy(w):
        try:
            given = np.asarray(given)
        except ValueError:
            raise ArrayError(f"{name} is a list whose rows differ in length; it must be an array") from None
    if isinstance(given, np.ma.MaskedArray):
        raise ArrayError(f"{name} is a masked array; fill or drop what is masked first")
    if not library.is_array(given):
        raise ArrayError(f"{name} is {_kind(given)}; it must be an array of the same library as w")
    given = given.detach() if library.is_torch(given) else given
    xp = library.namespace(w)
    if library.namespace(given) is not xp:
        raise ArrayError(f"{name} is {_kind(given)} and w is {_kind(w)}; give both in one library")
    if library.device(given) != library.device(w):
        raise ArrayError(f"{name} is on {library.device(given)} and w on {library.device(w)}; move one of them")
    if given.dtype == w.dtype:
        return given
    if not xp.isdtype(given.dtype, ("bool", "integral", "real floating")):
        raise ArrayError(f"{name} has type {given.dtype}; it must hold real numbers")
    array = xp.astype(given, w.dtype)
    if not gemm.is_finite(array) and (not xp.isdtype(given.dtype, "real floating") or gemm.is_finite(given)):
        raise _too_large(name, w)
    return array


def _state(plan: Plan, state: Mapping[str, Any] | None, w: Array) -> RuleState:
    xp = library.namespace(w)
    arrays: dict[str, Array] = {}
    sizes = {"post": w.shape[0], "pre": w.shape[1]}
    for item in plan.states:
        shape = tuple(sizes[axis] for axis in ORDER if axis in item.axes)
        if state is None:
            arrays[item.key] = xp.zeros(shape, dtype=w.dtype, device=library.device(w))
            continue
        if item.key not in state:
            raise ArrayError(f"the state does not hold {item.key!r}: it belongs to another rule")
        kept = state[item.key]
        if tuple(getattr(kept, "shape", (None,))) != shape:
            raise ArrayError(
                f"state[{item.key!r}] has shape {getattr(kept, 'shape', None)}; expected {shape} for these weights"
            )
        arrays[item.key] = _like(f"state[{item.key!r}]", kept, w)
    for key in state or ():
        if key not in arrays:
            raise ArrayError(f"the state holds {key!r}, which this rule does not keep{did_you_mean(key, arrays)}")
    return RuleState(arrays, getattr(state, "step", 0))


def _check_plain(name: str, given: Any) -> None:
    if isinstance(given, Quantity):
        raise ArrayError(f"{name} = {given!r} carries a unit; give the plain number in SI units, {in_si(given):g}")


def _too_large(name: str, w: Array) -> ArrayError:
    return ArrayError(f"{name} holds numbers too large for {w.dtype}, the type of w")


def _float(name: str, number: int | float | np.integer[Any] | np.floating[Any]) -> float:
    try:
        return float(number)
    except OverflowError:
        raise ArrayError(f"{name} is an integer too large for floating point") from None


def _kind(value: Any) -> str:
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__.split('.')[0]}.{kind.__name__}"
