"""The rule: equations together with the numbers in them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from cofire import constraints
from cofire.constraints import POSITIVE, Range
from cofire.errors import LanguageError, ParameterError, did_you_mean
from cofire.language import dimensions
from cofire.language.algebra import inlined, names
from cofire.language.functions import FILTERS, RESERVED
from cofire.language.latex import equations_to_latex
from cofire.language.mathml import equations_to_mathml
from cofire.language.parse import find_name, parse
from cofire.language.spelling import plain_name
from cofire.language.text import equations_to_text, to_text
from cofire.language.tree import Call, Cell, Equations, Expr, Name, Weight, walk
from cofire.units import DIMENSIONLESS, Quantity, dimension_of, in_si

if TYPE_CHECKING:
    from cofire.lowering.plan import Plan

Normalization = Literal["l1", "l2"]
Reduction = Literal["mean", "sum"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a catalogue rule comes from, and what its parameters may be."""

    name: str
    source: str
    ranges: tuple[tuple[str, Range], ...] = ()


@dataclass(frozen=True, init=False, repr=False)
class Rule:
    """A learning rule.

        rule = cofire.Rule("Δw = η × x × y", η=0.1)

    `text`: the equations, in the language of `cofire.language`.
    `bounds`: `(low, high)` that the weights are held within after each step or event; None leaves an end open.
    `normalize`: "l2" or "l1" scales the weights onto each postsynaptic cell to unit norm after each step.
    `signals`: names of modulators, such as `"reward"`, whose values come with each step instead of being fixed.
    Everything else is a parameter, a number or a quantity such as `20*ms`.

    Immutable. Raises: `LanguageError`, `ParameterError`, `DimensionError`.
    """

    equations: Equations
    bounds: tuple[float, float] | None
    normalize: Normalization | None
    signals: tuple[str, ...]
    origin: Origin | None
    _parameters: tuple[tuple[str, float | Quantity], ...]
    _text: str = field(compare=False)
    _bounds: tuple[Any, Any] | None = field(compare=False)

    def __init__(
        self,
        text: str,
        *,
        bounds: tuple[Any, Any] | None = None,
        normalize: Normalization | None = None,
        signals: str | tuple[str, ...] = (),
        origin: Origin | None = None,
        **parameters: float | Quantity,
    ) -> None:
        written = parse(text)
        signals = (signals,) if isinstance(signals, str) else tuple(signals)
        given = {plain_name(name): _number(value) for name, value in parameters.items()}
        if len(given) < len(parameters):
            raise ParameterError("a parameter is given twice, in two spellings: " + ", ".join(sorted(parameters)))
        if normalize not in (None, "l1", "l2"):
            raise ParameterError(f"normalize = {normalize!r} is refused: it must be 'l1', 'l2' or None")

        _check_names(text, written, given, tuple(plain_name(signal) for signal in signals))
        plain = inlined(written)
        held = constraints.check_bounds(bounds)
        ranges = _time_constants(plain, given) | dict(origin.ranges if origin else ())
        constraints.check_all(given, ranges)
        dimensions.check(
            written,
            {name: dimension_of(value) for name, value in given.items()},
            weight=_weight_unit(bounds),
            values={name: value for name, value in given.items() if not isinstance(value, Quantity)},
        )

        put = object.__setattr__
        put(self, "equations", written)
        put(self, "bounds", held)
        put(self, "normalize", normalize)
        put(self, "signals", tuple(plain_name(signal) for signal in signals))
        put(self, "origin", origin)
        put(self, "_parameters", tuple(given.items()))
        put(self, "_text", text)
        put(self, "_bounds", None if bounds is None else tuple(bounds))

    @property
    def text(self) -> str:
        """The equations, in plain spelling."""
        return equations_to_text(self.equations)

    @property
    def name(self) -> str | None:
        """The rule's name in the catalogue, or None for a rule of the user's own."""
        return self.origin.name if self.origin else None

    @property
    def parameters(self) -> Mapping[str, float | Quantity]:
        """Each parameter as it was given."""
        return MappingProxyType(dict(self._parameters))

    @property
    def values(self) -> dict[str, float]:
        """Each parameter as a plain number, in SI units."""
        return {name: in_si(value) for name, value in self._parameters}

    @property
    def is_timed(self) -> bool:
        """Whether time is in seconds, as some parameter's unit contains it, and not in steps."""
        return any(isinstance(value, Quantity) and value.dimension.s != 0 for _, value in self._parameters)

    def with_(self, **changes: Any) -> Rule:
        """The same rule with other numbers: `rule.with_(eta=0.5, bounds=(0, 1))`."""
        settings: dict[str, Any] = {"bounds": self._bounds, "normalize": self.normalize, **dict(self._parameters)}
        changes = {plain_name(name): value for name, value in changes.items()}
        for name in changes.keys() - settings.keys():
            raise ParameterError(f"{name!r} is not a parameter of this rule{did_you_mean(name, settings)}")
        return Rule(self._text, signals=self.signals, origin=self.origin, **(settings | changes))

    def latex(self) -> str:
        """The equations in LaTeX, without surrounding dollars."""
        return equations_to_latex(self.equations)

    def mathml(self) -> str:
        """The equations as one `<math>` element."""
        return equations_to_mathml(self.equations)

    def cite(self) -> str:
        """The publication this rule comes from."""
        return self.origin.source if self.origin else "This rule is your own: no source is recorded."

    def explain(self) -> Plan:
        """What the compiler makes of the rule; printing it shows who owns what, what happens when, and at what cost."""
        from cofire import compiler

        return compiler.lower(self)

    def delta(
        self,
        w: Any,
        *,
        pre: Any,
        post: Any,
        state: Any = None,
        dt: Any = None,
        reduce: Reduction = "mean",
        **signals: Any,
    ) -> Any:
        """The change of the weights for one batch, before bounds and normalisation; nothing is modified.

        `w[n_post, n_pre]`, `pre[batch, n_pre]`, `post[batch, n_post]`: arrays of one library (NumPy, torch, CuPy, JAX, ...); a
        single sample may leave `batch` out, and one synapse may be three plain numbers.
        `signals`: modulators by name (a number, or one a sample); `post_target=` is the cell variable `post.target`.
        `post.drive` is `pre @ w.T` unless given. `state`: from `step`, for rules with traces. `reduce`: "mean" or "sum" over
        the batch. Returns the change, of `w`'s library, type and device. Raises: `ArrayError`, `DivergenceError`.
        """
        from cofire import compiler

        return compiler.delta(self, w, pre=pre, post=post, state=state, dt=dt, reduce=reduce, signals=signals)

    def step(
        self,
        w: Any,
        *,
        pre: Any,
        post: Any,
        state: Any = None,
        out: Any = None,
        dt: Any = None,
        learning: bool = True,
        reduce: Reduction = "mean",
        **signals: Any,
    ) -> tuple[Any, Any]:
        """One step of learning: `(new weights, new state)`; arguments as for `delta`.

        `state`: None at first, then what the step before returned (filters, synapse variables, thresholds, the number of steps).
        `out`: an array for the new weights; `out=w` learns in place. `dt`: duration of the step, in steps or as a time if the
        parameters carry units. `learning=False` returns weights and state unchanged.
        Raises: `ArrayError` before anything is modified; `DivergenceError` when the weights leave the range of their type.
        """
        from cofire import compiler

        return compiler.step(
            self, w, pre=pre, post=post, state=state, out=out, dt=dt, learning=learning, reduce=reduce, signals=signals
        )

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Rule({', '.join(self._arguments())})"

    def _repr_latex_(self) -> str:
        return f"$${self.latex()}$$"

    def _arguments(self) -> Iterator[str]:
        yield repr(self.text)
        for name, value in (("bounds", self._bounds), ("normalize", self.normalize), ("signals", self.signals)):
            if value:
                yield f"{name}={value!r}"
        for name, value in self._parameters:
            yield f"{name}={value!r}"


def _number(value: Any) -> Any:
    """`value` as a plain float or a quantity where it is one; anything else as it is, to be refused by its range."""
    if isinstance(value, Quantity | str | bool) or not hasattr(value, "__float__"):
        return value
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return value


def _weight_unit(bounds: object) -> Any:
    """The dimension that the bounds give the weight; ends that are open, infinite or zero leave it as it is."""
    ends = [end for end in bounds if end is not None and end not in (0, -math.inf, math.inf)] if bounds else []
    return next((dimension_of(end) or DIMENSIONLESS for end in ends), None)


def _check_names(text: str, equations: Equations, given: Mapping[str, object], signals: tuple[str, ...]) -> None:
    variables = {name for name, _ in equations.variables}
    definitions = {name for name, _ in equations.definitions}
    known = given.keys() | variables | definitions | set(signals)
    used: set[str] = set()
    for _, expression in equations.items():
        used |= names(expression)
        for name in sorted(names(expression) - known):
            inside = to_text(_smallest_call(expression, name))
            mend = _mend(name, known)
            raise LanguageError(f"unknown name {name!r} in {inside!r}{mend}", text, find_name(text, name))
    for name in (*given, *signals):
        if name in RESERVED:
            raise ParameterError(f"{name!r} is a word of the language and cannot be a parameter")
        if name in variables | definitions:
            raise ParameterError(f"{name!r} is defined by the equations and cannot be given a value")
        if name not in used:
            raise ParameterError(f"{name!r} does not occur in {text!r}{did_you_mean(name, used)}")
    for name in sorted(given.keys() & set(signals)):
        raise ParameterError(f"{name!r} is declared as a signal and also given a value")


def _mend(name: str, known: set[str]) -> str:
    """What to do about an unknown name: a near one, a product written without operators, or a value to give."""
    near = did_you_mean(name, known)
    if near:
        return near
    factors = _split(name, sorted(known | {"x", "y", "w", "pre", "post"}, key=len, reverse=True))
    if factors:
        return f"; to multiply write {' * '.join(factors)}"
    return f"; give it a value: Rule(..., {name}=...), or declare it: signals={name!r}"


def _split(name: str, parts: list[str]) -> list[str]:
    """`name` as a row of two or more known names, or an empty list."""
    for part in parts:
        if name.startswith(part) and len(part) < len(name):
            rest = name[len(part) :]
            tail = [rest] if rest in parts else _split(rest, parts)
            if tail:
                return [part, *tail]
    return []


def _smallest_call(expression: Expr, name: str) -> Expr:
    """The innermost function call around `name`, or the whole expression."""
    inside = [part for part in walk(expression) if isinstance(part, Call) and name in names(part)]
    return inside[-1] if inside else expression


def _time_constants(equations: Equations, given: Mapping[str, object]) -> dict[str, Range]:
    """Every time constant must be positive: what filters decay with, and every parameter called tau or tau_..."""
    ranges = {name: POSITIVE for name in given if name == "tau" or name.startswith("tau_")}
    for _, expression in equations.items():
        for part in walk(expression):
            if isinstance(part, Call) and part.function in FILTERS:
                time = part.arguments[1]
                if isinstance(time, Name):
                    ranges[time.id] = POSITIVE
                if any(isinstance(inner, Cell | Weight) for inner in walk(time)) or names(time) - given.keys():
                    raise LanguageError(
                        f"the time constant of {to_text(part)!r} must be made of parameters and numbers"
                    )
    return ranges
