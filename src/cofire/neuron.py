"""The neuron: equations of a cell, when it fires, what happens then, and the numbers in all that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, get_args

from cofire import constraints
from cofire.constraints import NONNEGATIVE, POSITIVE, Number, Range
from cofire.errors import DimensionError, ParameterError, did_you_mean, shortened, shown
from cofire.language import dimensions, scope
from cofire.language.algebra import names
from cofire.language.latex import neuron_to_latex
from cofire.language.parse_neuron import parse_neuron, parse_value
from cofire.language.spelling import plain_name, plain_names
from cofire.language.text import equations_to_text, to_text
from cofire.language.tree import Dynamics, Expr
from cofire.units import DIMENSIONLESS, FREQUENCY, TIME, Dimension, dimension_of, in_si, ms, usual_unit

if TYPE_CHECKING:
    from cofire.lowering.cells import NeuronPlan

Method = Literal["exact", "exponential_euler", "rk4", "heun", "euler"]
METHODS: tuple[Method, ...] = get_args(Method)
_FIRES, _RESETS, _REFRACTORY = "v > v_threshold", "v = v_reset", 2 * ms


@dataclass(frozen=True, slots=True)
class PerCell:
    """A parameter that varies over the cells of a population: one number for each, in SI units."""

    values: tuple[float, ...]
    dimension: Dimension | None = None

    def __repr__(self) -> str:
        unit = "" if self.dimension in (None, DIMENSIONLESS) else f", in {self.dimension}"
        return f"<{len(self.values)} values from {min(self.values):g} to {max(self.values):g}{unit}>"


Parameter = Number | PerCell


@dataclass(frozen=True, slots=True)
class NeuronOrigin:
    """Where a catalogue neuron comes from, and what its parameters may be."""

    name: str
    source: str
    ranges: tuple[tuple[str, Range], ...] = ()


@dataclass(frozen=True, init=False, repr=False)
class Neuron:
    """A model of a neuron.

        cell = cofire.Neuron("dv/dt = (v_rest - v + R * i) / tau; di/dt = -i / tau_s", inputs="i",
                             tau=10*ms, tau_s=5*ms, R=100*Mohm, v_rest=-70*mV, v_threshold=-54*mV, v_reset=-60*mV)

    `text`: a line `dX/dt = expression` for each variable, and lines `X = expression` that name subexpressions.
    `threshold`: two expressions with > or >= between them; the cell fires where that holds at the end of a step.
    `reset`: lines `X = expression`, applied one after the other when the cell has fired. A variable that met the
    threshold, and that they set whatever it was, stands at the threshold until then.
    `refractory`: how long the variables that the reset sets and the threshold reads are then held, and the cell cannot
    fire: a time, or the name of a parameter. All other variables go on.
    `method`: how it is integrated; None is exact where that is possible. `print(neuron.explain())` shows it.
    `inputs`: variables that synapses add to, the first by default; `conductances`: those of them whose weights must
    not be negative. `learns`: variables that stay as they are while learning is off.
    `rate`: a variable, in Hz, of a cell that does not fire: it is the rate at which the cell acts on others, so there
    is no threshold, reset or refractory time.
    `initial`: start values by variable, numbers or expressions of parameters; else what `reset` sets, if that is made
    of parameters, or 0.
    Everything else is a parameter: a number, a quantity such as `20*ms`, or one value for each cell (a list of
    quantities, or an array in SI units).

    Immutable. Raises: `LanguageError`, `ParameterError`, `DimensionError`.
    """

    dynamics: Dynamics
    refractory: Number | str
    method: Method | None
    inputs: tuple[str, ...]
    conductances: tuple[str, ...]
    learns: tuple[str, ...]
    rate: str | None
    origin: NeuronOrigin | None = field(compare=False)
    _parameters: tuple[tuple[str, Parameter], ...]
    _initial: tuple[tuple[str, Number | Expr], ...]
    _dimensions: tuple[tuple[str, Dimension | None], ...] = field(compare=False)

    def __init__(
        self,
        /,
        text: str,
        *,
        threshold: str = _FIRES,
        reset: str = _RESETS,
        refractory: Number | str = _REFRACTORY,
        method: Method | None = None,
        inputs: str | tuple[str, ...] | None = None,
        conductances: str | tuple[str, ...] = (),
        learns: str | tuple[str, ...] = (),
        rate: str | None = None,
        initial: Mapping[str, Number | str] | None = None,
        origin: NeuronOrigin | None = None,
        **parameters: Any,
    ) -> None:
        if rate is not None:
            if (threshold, reset, refractory) != (_FIRES, _RESETS, _REFRACTORY):
                raise ParameterError("a cell with a rate does not fire: leave out threshold, reset and refractory")
            threshold = reset = ""
            refractory = 0.0
        written = parse_neuron(text, threshold if rate is None else None, reset)
        variables = [name for name, _ in written.derivatives]
        values = plain_names(parameters)
        refractory = _refractory(refractory)
        named = refractory if isinstance(refractory, str) else None
        order = scope.check_neuron_names(written, (text, threshold, reset), values.keys(), named)
        given = {name: _parameter(name, value) for name, value in values.items()}
        order += [named] if named and named not in order else []
        if not (origin is None or isinstance(origin, NeuronOrigin)):
            raise ParameterError(f"origin = {shown(origin)} is refused: the catalogue sets it; leave it out")
        ranges = {name: POSITIVE for name in given if name == "tau" or name.startswith("tau_")}
        ranges |= {named: NONNEGATIVE} if named else {}
        _check_ranges(given, ranges | dict(origin.ranges if origin else ()))
        _check_sizes(given)
        known = {
            name: value.dimension if isinstance(value, PerCell) else dimension_of(value)
            for name, value in given.items()
        }
        plain = {name: value for name, value in given.items() if isinstance(value, float)}
        found = dimensions.check_neuron(written, known, plain)
        if named and known[named] != TIME and not isinstance(given[named], PerCell):
            raise DimensionError(f"{named} = {given[named]!r} is the refractory time; give it a unit, such as ms")
        starts = _initial(initial, variables, written, given, found)
        if not (method is None or (isinstance(method, str) and method in METHODS)):
            mend = did_you_mean(str(method), METHODS) or f"; it must be one of {', '.join(METHODS)}"
            raise ParameterError(f"method = {shown(method)} is refused{mend}")

        put = object.__setattr__
        put(self, "dynamics", written)
        put(self, "refractory", refractory)
        put(self, "method", method)
        put(self, "inputs", _variables("inputs", variables[:1] if inputs is None else inputs, variables))
        put(self, "conductances", _variables("conductances", conductances, self.inputs))
        put(self, "learns", _variables("learns", learns, variables))
        put(self, "rate", None if rate is None else _rate(rate, variables, found))
        put(self, "origin", origin)
        put(self, "_parameters", tuple((name, given[name]) for name in order if name in given))
        put(self, "_initial", tuple(starts.items()))
        put(self, "_dimensions", tuple(found.items()))
        if method is not None:
            self.explain()

    @property
    def text(self) -> str:
        """The equations, in plain spelling."""
        return equations_to_text(self.dynamics)

    @property
    def threshold(self) -> str:
        """The condition to fire, in plain spelling; empty for a cell that does not."""
        condition = self.dynamics.threshold
        return "" if condition is None else f"{to_text(condition.left)} {condition.operator} {to_text(condition.right)}"

    @property
    def reset(self) -> str:
        """What is set when it has fired, in plain spelling."""
        return "\n".join(f"{name} = {to_text(value)}" for name, value in self.dynamics.reset)

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables, in the order of the text."""
        return tuple(name for name, _ in self.dynamics.derivatives)

    @property
    def name(self) -> str | None:
        """The neuron's name in the catalogue, or None for one of the user's own."""
        return self.origin.name if self.origin else None

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """Each parameter as it was given, in the order of the text."""
        return MappingProxyType(dict(self._parameters))

    @property
    def initial(self) -> Mapping[str, Number | Expr]:
        """Each variable's value at first: a number, or an expression of parameters."""
        return MappingProxyType(dict(self._initial))

    @property
    def varying(self) -> tuple[str, ...]:
        """The parameters that have one value for each cell, sorted by name."""
        return tuple(sorted(name for name, value in self._parameters if isinstance(value, PerCell)))

    @property
    def cells(self) -> int | None:
        """How many cells the parameters that vary over cells are given for; None if there are none such."""
        return next((len(value.values) for _, value in self._parameters if isinstance(value, PerCell)), None)

    def dimension(self, name: str) -> Dimension | None:
        """What a variable, a parameter or a definition is; None where the equations leave it open: a plain number."""
        return dict(self._dimensions)[name]

    def with_(self, /, **changes: Any) -> Neuron:
        """The same neuron with other numbers or settings: `neuron.with_(tau=20*ms, refractory=5*ms)`."""
        settings = self._settings()
        changes = plain_names(changes)
        for name in changes:
            if name not in settings or name == "origin":
                changeable = [setting for setting in settings if setting != "origin"]
                mend = did_you_mean(name, changeable) or f"; it has {', '.join(changeable)}"
                raise ParameterError(f"{name!r} is not a parameter of this neuron{mend}")
        return _made(self.text, settings | changes)

    def latex(self) -> str:
        """The equations, the threshold and the reset in LaTeX, without surrounding dollars."""
        return neuron_to_latex(self.dynamics)

    def cite(self) -> str:
        """The publication this neuron comes from."""
        return self.origin.source if self.origin else "This neuron is your own: no source is recorded."

    def explain(self) -> NeuronPlan:
        """How it is integrated; printing it shows which variable by which method, and why."""
        from cofire import compiler

        return compiler.lower_neuron(self)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Neuron({', '.join(self._arguments())})"

    def _repr_latex_(self) -> str:
        return f"$${self.latex()}$$"

    def __reduce__(self) -> tuple[Any, ...]:
        """Kept as text and numbers: whatever is unpickled has passed every check again."""
        return _made, (self.text, self._settings())

    def _arguments(self) -> Iterator[str]:
        yield repr(self.text)
        for name, value in self._settings().items():
            if name != "origin" and value not in (None, (), {}):
                yield f"{name}={value!r}"

    def _settings(self) -> dict[str, Any]:
        """What the neuron was made with, beside its text."""
        fires = ("threshold", "reset", "refractory") if self.rate is None else ()
        settings = {
            name: getattr(self, name)
            for name in (*fires, "method", "inputs", "conductances", "learns", "rate", "origin")
        }
        initial = {name: value if isinstance(value, Number) else to_text(value) for name, value in self._initial}
        return {**settings, "initial": initial, **dict(self._parameters)}


def _made(text: str, settings: dict[str, Any]) -> Neuron:
    return Neuron(text, **settings)


def _parameter(name: str, value: object) -> Parameter:
    """One number, or one for each cell. Raises: `ParameterError`."""
    if isinstance(value, PerCell):
        return value
    rank = getattr(value, "ndim", 1 if isinstance(value, list | tuple) else 0)
    if rank == 0:
        return constraints.number(name, value)
    if rank > 1:
        raise ParameterError(f"{name} is an array of {rank} axes; what varies over cells has one, [cell]")
    numbers = [constraints.number(name, one) for one in (value if isinstance(value, list | tuple) else value.tolist())]  # type: ignore[attr-defined]
    if not numbers:
        raise ParameterError(f"{name} is empty; it needs one value for each cell")
    kinds = {dimension_of(one) for one in numbers}
    if len(kinds) > 1:
        raise DimensionError(f"{name} = {shown(value)} is refused: its values have different units")
    return PerCell(tuple(in_si(one) for one in numbers), kinds.pop())


def _refractory(value: object) -> Number | str:
    """A time that is not negative, or the name of a parameter in plain spelling. Raises: `ParameterError`."""
    if isinstance(value, str):
        return plain_name(value)
    if getattr(value, "ndim", 0) or isinstance(value, list | tuple | PerCell):
        raise ParameterError(
            "refractory is one time; where it varies over cells, name a parameter: refractory='t_ref', t_ref=[...]"
        )
    constraints.check("refractory", value, NONNEGATIVE)
    time = constraints.number("refractory", value)
    if time != 0 and dimension_of(time) != TIME:
        raise DimensionError(f"refractory = {shown(value)} is no time; give it a unit, such as 2*ms")
    return time if time != 0 else 0.0


def _check_ranges(given: Mapping[str, Parameter], ranges: Mapping[str, Range]) -> None:
    for name, value in given.items():
        for one in value.values if isinstance(value, PerCell) else (value,):
            constraints.check(name, one, ranges.get(name, constraints.FINITE))


def _check_sizes(given: Mapping[str, Parameter]) -> None:
    sizes = {name: len(value.values) for name, value in given.items() if isinstance(value, PerCell)}
    if len(set(sizes.values())) > 1:
        listed = ", ".join(f"{name} has {size}" for name, size in sizes.items())
        raise ParameterError(f"parameters that vary over cells have one value for each cell, but {shortened(listed)}")


def _variables(what: str, listed: object, allowed: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    """The names in `listed`, each one of `allowed`. Raises: `ParameterError`."""
    several = (listed,) if isinstance(listed, str) else listed
    if not isinstance(several, tuple | list) or not all(isinstance(name, str) for name in several):
        raise ParameterError(f"{what} = {shown(listed)} is refused: it must be the name of a variable, or several")
    plain = tuple(plain_name(name) for name in several)
    for at, name in enumerate(plain):
        if name not in allowed:
            kind = "an input" if what == "conductances" else "a variable"
            mend = did_you_mean(name, allowed) or f"; there are {', '.join(allowed) or 'none'}"
            raise ParameterError(f"{what} = {shown(listed)} is refused: {name!r} is not {kind} of this neuron{mend}")
        if name in plain[:at]:
            raise ParameterError(f"{what} = {shown(listed)} is refused: {name!r} is there twice")
    return plain


def _rate(rate: object, variables: list[str], found: Mapping[str, Dimension | None]) -> str:
    """The name of the variable that is a cell's rate. Raises: `ParameterError`, `DimensionError`."""
    if not isinstance(rate, str):
        raise ParameterError(f"rate = {shown(rate)} is refused: it must be the name of a variable, such as 'r'")
    (name,) = _variables("rate", rate, variables)
    if found[name] not in (None, FREQUENCY):
        raise DimensionError(f"rate = {name!r} is refused: {name} is in {found[name]}, and a rate is in Hz")
    return name


def _initial(
    given: Mapping[str, Any] | None,
    variables: list[str],
    written: Dynamics,
    parameters: Mapping[str, Parameter],
    found: Mapping[str, Dimension | None],
) -> dict[str, Number | Expr]:
    """The start value of every variable. Raises: `ParameterError`, `LanguageError`, `DimensionError`."""
    if not (given is None or isinstance(given, Mapping)):
        raise ParameterError(
            f"initial = {shown(given)} is refused: it must be a dict of variables, such as {{'v': -70*mV}}"
        )
    chosen = plain_names(given or {})
    for name in chosen:
        if name not in variables:
            mend = did_you_mean(name, variables) or f"; there are {', '.join(variables)}"
            raise ParameterError(
                f"initial = {shown(given)} is refused: {name!r} is not a variable of this neuron{mend}"
            )
    starts: dict[str, Number | Expr] = {}
    after = dict(written.reset)
    for name in variables:
        value = chosen.get(name)
        if isinstance(value, str):
            expression = parse_value(value)
            for other in names(expression):
                if other not in parameters:
                    mend = did_you_mean(other, parameters) or "; it is made of parameters and numbers only"
                    raise ParameterError(f"the initial value {value!r} of {name} reads {other!r}{mend}")
            starts[name] = expression
        elif value is not None:
            constraints.check(f"initial {name}", value)
            number = constraints.number(f"initial {name}", value)
            wanted, dimension = found[name] or DIMENSIONLESS, dimension_of(number) or DIMENSIONLESS
            if number != 0 and wanted != dimension:
                given_as = "a plain number" if dimension == DIMENSIONLESS else f"in {dimension}"
                mend = "" if wanted == DIMENSIONLESS else f"; give it a unit, such as {usual_unit(wanted)}"
                wanted_as = "a plain number" if wanted == DIMENSIONLESS else f"in {wanted}"
                raise DimensionError(
                    f"the initial value {number!r} of {name} is {given_as}, but {name} is {wanted_as}{mend}"
                )
            starts[name] = number
        elif name in after and all(other in parameters for other in names(after[name])):
            starts[name] = after[name]
        else:
            starts[name] = 0.0
    return starts
