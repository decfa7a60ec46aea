"""The rule: equations together with the numbers in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from cofire import constraints
from cofire.constraints import POSITIVE, Bounds, Number, Range
from cofire.errors import ParameterError, did_you_mean, shown
from cofire.language import dimensions, scope
from cofire.language.algebra import inlined
from cofire.language.latex import equations_to_latex
from cofire.language.mathml import equations_to_mathml
from cofire.language.parse import parse
from cofire.language.spelling import plain_name, plain_names
from cofire.language.text import equations_to_text
from cofire.language.tree import Equations
from cofire.units import Dimension, Quantity, dimension_of, in_si

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
    origin: Origin | None = field(compare=False)
    _parameters: tuple[tuple[str, Number], ...]
    _text: str = field(compare=False)
    _bounds: Bounds | None = field(compare=False)

    def __init__(
        self,
        /,
        text: str,
        *,
        bounds: tuple[Any, Any] | None = None,
        normalize: Normalization | None = None,
        signals: str | Iterable[str] = (),
        origin: Origin | None = None,
        **parameters: Number,
    ) -> None:
        written = parse(text)
        signals = _names(signals)
        named = plain_names(parameters)
        order = scope.check_names(written, text, named.keys(), signals)
        given = {name: _parameter(name, value) for name, value in named.items()}
        if not (normalize is None or (isinstance(normalize, str) and normalize in ("l1", "l2"))):
            raise ParameterError(f"normalize = {shown(normalize)} is refused: it must be 'l1', 'l2' or None")
        if not (origin is None or isinstance(origin, Origin)):
            raise ParameterError(f"origin = {shown(origin)} is refused: the catalogue sets it; leave it out")
        ranges = {name: POSITIVE for name in given if name == "tau" or name.startswith("tau_")}
        constraints.check_all(given, ranges | dict(origin.ranges if origin else ()))
        scope.check_time_constants(inlined(written), text, given)
        limits = constraints.read_bounds(bounds)
        dimensions.check(
            written,
            {name: dimension_of(value) for name, value in given.items()},
            weight=constraints.bounds_dimension(limits),
            values={name: value for name, value in given.items() if not isinstance(value, Quantity)},
        )

        put = object.__setattr__
        put(self, "equations", written)
        put(self, "bounds", None if limits is None else constraints.bounds_in_si(limits))
        put(self, "normalize", normalize)
        put(self, "signals", tuple(name for name in order if name in signals))
        put(self, "origin", origin)
        put(self, "_parameters", tuple((name, given[name]) for name in order if name in given))
        put(self, "_text", text)
        put(self, "_bounds", limits)

    @property
    def text(self) -> str:
        """The equations, in plain spelling."""
        return equations_to_text(self.equations)

    @property
    def name(self) -> str | None:
        """The rule's name in the catalogue, or None for a rule of the user's own."""
        return self.origin.name if self.origin else None

    @property
    def parameters(self) -> Mapping[str, Number]:
        """Each parameter as it was given, in the order of the text."""
        return MappingProxyType(dict(self._parameters))

    @property
    def values(self) -> dict[str, float]:
        """Each parameter as a plain number, in SI units."""
        return {name: in_si(value) for name, value in self._parameters}

    @property
    def weight_dimension(self) -> Dimension | None:
        """The dimension that the bounds give the weights; None where they are open or 0."""
        return constraints.bounds_dimension(self._bounds)

    @property
    def is_timed(self) -> bool:
        """Whether time is in seconds, as some parameter's unit contains it, and not in steps."""
        return any(isinstance(value, Quantity) and value.dimension.s != 0 for _, value in self._parameters)

    def with_(self, /, **changes: Any) -> Rule:
        """The same rule with other numbers: `rule.with_(eta=0.5, bounds=(0, 1))`."""
        settings = self._settings()
        changes = plain_names(changes)
        for name in changes:
            if name not in settings or name in ("signals", "origin"):
                changeable = [setting for setting in settings if setting not in ("signals", "origin")]
                mend = did_you_mean(name, changeable) or f"; it has {', '.join(changeable)}"
                raise ParameterError(f"{name!r} is not a parameter of this rule{mend}")
        return Rule(self._text, **(settings | changes))

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

        `w[n_post, n_pre]`, `pre[batch, n_pre]`, `post[batch, n_post]`: arrays of one library (NumPy, torch, CuPy,
        JAX, ...); a single sample may leave `batch` out, and one synapse may be three plain numbers.
        `signals`: modulators by name (a number, or one a sample); `post_target=` is the cell variable `post.target`.
        `post.drive` is `pre @ w.T` unless given. `state`: from `step`, for rules with traces. `dt`: duration of the
        step, 1 unless given; a time, such as `1*ms`, if the parameters have units of time (then rates are in Hz).
        `reduce`: "mean" or "sum" over the batch. Returns the change, of `w`'s library, type and device.
        Raises: `ArrayError`, `ParameterError`, `DivergenceError`.
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

        `state`: None at first, then what the step before returned (filters, synapse variables, thresholds, the number
        of steps). `out`: an array for the new weights; `out=w` learns in place. `learning=False` returns weights and
        state unchanged.
        Raises: `ArrayError` and `ParameterError` before anything is modified; `DivergenceError` when the weights leave
        the range of their type. With `out=w`, a NaN in a large w is found as its rows are reached, and after
        `DivergenceError` the weights are not to be used.
        """
        from cofire import compiler

        return compiler.step(
            self, w, pre=pre, post=post, state=state, out=out, dt=dt, learning=learning, reduce=reduce, signals=signals
        )

    if not TYPE_CHECKING:  # a type checker that saw it would take every misspelt name for an attribute

        def __getattr__(self, name: str) -> Any:
            """Raises: `AttributeError`; parameters may have any name, so they are no attributes."""
            if not name.startswith("_") and name in self.parameters:
                mend = f"rule.parameters[{name!r}]; rule.with_({name}=...) changes it"
                raise AttributeError(f"{name} is a parameter: {mend}")
            raise AttributeError(f"Rule has no attribute {name!r}{did_you_mean(name, _public(Rule))}")

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Rule({', '.join(self._arguments())})"

    def _repr_latex_(self) -> str:
        return f"$${self.latex()}$$"

    def __reduce__(self) -> tuple[Any, ...]:
        """Kept as text and numbers: whatever is unpickled has passed every check again."""
        return _made, (self._text, self._settings())

    def _arguments(self) -> Iterator[str]:
        yield repr(self.text)
        for name, value in self._settings().items():
            if name != "origin" and value is not None and value != ():
                yield f"{name}={value!r}"

    def _settings(self) -> dict[str, Any]:
        """What the rule was made with, beside its text."""
        settings = {name: getattr(self, name) for name in ("normalize", "signals", "origin")}
        return {"bounds": self._bounds, **settings, **dict(self._parameters)}


def _public(kind: type) -> list[str]:
    return [name for name in dir(kind) if not name.startswith("_")]


def _made(text: str, settings: dict[str, Any]) -> Rule:
    return Rule(text, **settings)


def _parameter(name: str, value: object) -> Number:
    if getattr(value, "ndim", 0) or isinstance(value, list | tuple):
        mend = "what differs from cell to cell is pre.NAME or post.NAME"
        raise ParameterError(f"{name} = {shown(value)} is not one number; {mend}")
    return constraints.number(name, value)


def _names(signals: object) -> tuple[str, ...]:
    """The names of the signals, in plain spelling. Raises: `ParameterError`."""
    listed = [signals] if isinstance(signals, str) else signals
    if not isinstance(listed, tuple | list | set | frozenset) or not all(isinstance(name, str) for name in listed):
        raise ParameterError(f"signals = {shown(signals)} is refused: it must be a name such as 'reward', or several")
    plain = tuple(plain_name(name) for name in listed)
    for at, name in enumerate(plain):
        if not name.isidentifier():
            raise ParameterError(f"the signal {name!r} is not one name; several are signals=('reward', 'novelty')")
        if name in plain[:at]:
            raise ParameterError(f"the signal {name!r} is declared twice")
    return plain
