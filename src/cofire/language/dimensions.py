"""Whether the dimensions of a rule agree, worked out from the parameters that carry units.

A name without a unit (a plain number, a modulator, a variable, `w`, `pre`, `post`) has a dimension that is not known.
The rule is read once, constraint by constraint; each is linear in the exponents of the unknown dimensions and is solved
at once (A. Kennedy, Programming languages and dimensions, 1996). The first that cannot hold is the error.

    + - min max clip             equal dimensions; the literal 0 goes with every dimension
    exp log tanh sigmoid         of a pure number; a pure number
    step sign                    of anything; a pure number
    x**n                         n times the dimension if n is made of plain numbers; else x and n are pure numbers
    trace(s, tau)                the dimension of s times a time; of a spike train (1/s) a pure number
    nearest(s, tau)              a pure number
    mean(s, tau)                 the dimension of s
    sum_pre sum_post             the dimension of what is summed; reconstruct also times that of w
    dX/dt = e                    X has the dimension of e times a time

What is decided beyond that:

 1. Without any unit nothing is checked: such a rule is in steps and pure numbers.
 2. Time is in seconds if some parameter holds a time (ms, Hz, pF ...), else in steps, which are pure numbers.
 3. `pre` and `post` may each be a train of spikes or a rate (1/s), a pure number, a voltage, a current or a
    concentration, whatever fits the equations; where their trace or nearest is taken, only the first two. If none of
    these fits, the rule is refused. So `post + tau` is refused, and so are weights in nS that change by
    `A * trace(pre, tau) * post` with A in mV.
 4. A plain number beside parameters with units must turn out to be a pure number or a rate per second, or stay open.
    If it has to be a time or a conductance it is refused: beside `tau_plus=20*ms`, `tau_minus=20` would be 20 seconds.
    Zero goes with every dimension.
 5. A weight is no time (s, s**2 ...), unless its bounds say so.

A name that is not in `known` (a modulator, `post.v`) may have any dimension that fits. That includes `post.drive`,
which the user may give in units of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product

from cofire.errors import DimensionError
from cofire.language.text import to_text
from cofire.language.tree import (
    Binary,
    Call,
    Cell,
    Dynamics,
    Equations,
    Expr,
    Name,
    Negative,
    Number,
    Threshold,
    Weight,
    walk,
)
from cofire.units import (
    CONCENTRATION,
    CURRENT,
    DIMENSIONLESS,
    FREQUENCY,
    TIME,
    VOLTAGE,
    Dimension,
    Exponent,
    exact,
    usual_unit,
)

ACTIVITIES = (FREQUENCY, DIMENSIONLESS, VOLTAGE, CURRENT, CONCENTRATION)
MAX_EXPONENT = 100

_DONE = {"+": "added", "-": "subtracted"}


def check(
    equations: Equations,
    known: Mapping[str, Dimension | None],
    weight: Dimension | None = None,
    values: Mapping[str, float] | None = None,
) -> dict[str, Dimension | None]:
    """The dimension of every name in the rule, None where the equations leave it open.

    `known`: what the parameters carry, None for a plain number. `weight`: the dimension of `w`, if its bounds tell.
    `values`: the plain numbers themselves; without them no exponent but a literal one has a value, and none is zero.
    Names are those of the text: `eta`, `w`, `pre`, `post.v`.
    Raises: `DimensionError` naming the offending subexpression.
    """
    leaves = {_leaf(node) for _, expression in equations.items() for node in walk(expression)} - {""}
    leaves |= {"w", *known, *(name for name, _ in (*equations.variables, *equations.definitions))}
    if weight in (None, DIMENSIONLESS) and all(dimension is None for dimension in known.values()):
        return dict.fromkeys(leaves)
    given = {name: dimension for name, dimension in known.items() if dimension is not None}
    clock = TIME if any(dimension.s for dimension in given.values()) else DIMENSIONLESS
    plain = {name: value for name, value in (values or {}).items() if name not in given}
    rule = _Reader(given if weight is None else given | {"w": weight}, clock, plain)
    for name, expression in equations.definitions:
        rule.read_equation(name, expression, name)
    for name, expression in equations.variables:
        rule.read_equation(name, expression, f"d{name}/dt")
    rule.read_equation("w", equations.weight, "dw/dt")
    nonzero = [name for name in known if name not in given and plain.get(name) != 0.0]
    _check_fit(rule, equations.weight, [side for side in ("pre", "post") if side in leaves], nonzero)
    return {name: rule.given.get(name) or rule.system.dimension(name) for name in sorted(leaves)}


def check_neuron(
    neuron: Dynamics, known: Mapping[str, Dimension | None], values: Mapping[str, float]
) -> dict[str, Dimension | None]:
    """The dimension of every name in a neuron, None where the equations leave it open; time is always in seconds.

    `known`: what the parameters carry, None for plain numbers. `values`: the plain numbers themselves; a parameter that
    is in neither form (one value a cell, in SI units) may have any dimension that fits.
    Raises: `DimensionError` naming the offending subexpression.
    """
    given = {name: dimension for name, dimension in known.items() if dimension is not None}
    plain = {name: value for name, value in values.items() if name not in given}
    reader = _Reader(given, TIME, plain)
    for name, expression in neuron.definitions:
        reader.read_equation(name, expression, name)
    for name, expression in neuron.derivatives:
        reader.read_equation(name, expression, f"d{name}/dt")
    if neuron.threshold:
        _check_threshold(reader, neuron.threshold)
    for name, expression in neuron.reset:
        reader.read_equation(name, expression, name)
    for name, value in plain.items():
        dimension = reader.system.dimension(name)
        if value and dimension not in (None, DIMENSIONLESS):
            raise DimensionError(
                f"{name} is a plain number, but {_quoted(reader.system.reasons[name])} needs it in {dimension}; "
                f"give it a unit, such as {usual_unit(dimension)}"
            )
    leaves = {_leaf(node) for expression in neuron.expressions() for node in walk(expression)} - {""}
    leaves |= {name for name, _ in (*neuron.derivatives, *neuron.definitions)}
    return {name: reader.given.get(name) or reader.system.dimension(name) for name in sorted(leaves)}


def _check_threshold(reader: _Reader, threshold: Threshold) -> None:
    reader.where = "the threshold"
    left, right = reader.form(threshold.left), reader.form(threshold.right)
    if not reader.system.equate(left, right, threshold.left):
        one = f"{_quoted(threshold.left)}, {reader.said(left)}"
        raise DimensionError(
            f"the threshold compares {one}, with {_quoted(threshold.right)}, {reader.said(right)}"
            f"{reader.notes(threshold.left, left, right)}"
        )


@dataclass(frozen=True, slots=True)
class Form:
    """A dimension times powers of dimensions that are not known, by name."""

    known: Dimension = DIMENSIONLESS
    unknown: Mapping[str, Exponent] = field(default_factory=dict)

    def __mul__(self, other: Form) -> Form:
        powers = dict(self.unknown)
        for name, power in other.unknown.items():
            powers[name] = powers.get(name, 0) + power
        return Form(self.known * other.known, {name: power for name, power in powers.items() if power})

    def __truediv__(self, other: Form) -> Form:
        return self * other**-1

    def __pow__(self, power: Exponent) -> Form:
        if not power:
            return PURE
        return Form(self.known**power, {name: mine * power for name, mine in self.unknown.items()})

    def __str__(self) -> str:
        """`V/s`, or `s*[post]` where the dimension of `post` is open."""
        parts = [f"[{name}]" + (f"**({power})" if power != 1 else "") for name, power in self.unknown.items()]
        if self.known != DIMENSIONLESS or not parts:
            parts.insert(0, str(self.known))
        return "*".join(parts)


PURE = Form()


class System:
    """The equations between dimensions so far, solved: each solved unknown in terms of those still open."""

    def __init__(self) -> None:
        self.solved: dict[str, Form] = {}
        self.reasons: dict[str, Expr] = {}

    def copy(self) -> System:
        """An independent copy."""
        other = System()
        other.solved, other.reasons = dict(self.solved), dict(self.reasons)
        return other

    def reduced(self, form: Form) -> Form:
        """`form` with every solved unknown put in place."""
        result = Form(form.known)
        for name, power in form.unknown.items():
            result = result * self.solved.get(name, Form(unknown={name: 1})) ** power
        return result

    def dimension(self, name: str) -> Dimension | None:
        """What `name` has turned out to be, None while it is open."""
        form = self.solved.get(name)
        return None if form is None or form.unknown else form.known

    def equate(self, left: Form, right: Form, reason: Expr) -> bool:
        """Adds one equation and solves it; False, with nothing changed, if it contradicts those before."""
        rest = self.reduced(left / right)
        if not rest.unknown:
            return rest.known == DIMENSIONLESS
        name, power = next(iter(rest.unknown.items()))
        value = Form(unknown={name: 1}) / rest ** (power if power in (1, -1) else 1 / Fraction(power))
        self.solved[name] = value
        for other, form in self.solved.items():
            if name in form.unknown:
                self.solved[other] = form * (value / Form(unknown={name: 1})) ** form.unknown[name]
            if not self.solved[other].unknown:
                self.reasons.setdefault(other, reason)
        return True


class _Reader:
    """Finds the dimension of each subexpression, one method a kind of node, and what that asks of the unknown ones."""

    def __init__(self, given: Mapping[str, Dimension], clock: Dimension, plain: Mapping[str, float]) -> None:
        self.given, self.clock, self.plain = given, Form(clock), plain
        self.system = System()
        self.where = ""
        self.zeros = 0
        self.traced: set[str] = set()

    def read_equation(self, name: str, expression: Expr, left: str) -> None:
        """`name = expression`, or the same of its derivative where `left` is one."""
        self.where = left
        found = self.form(expression)
        wanted = self.named(name) if left == name else self.named(name) / self.clock
        if not self.system.equate(wanted, found, expression):
            notes = self.notes(expression, wanted, found)
            since = "" if left == name else f", since {name} is {self.said(self.named(name))}"
            raise DimensionError(
                f"{left} must be {self.said(wanted)}{since}, but {_quoted(expression)} is {self.said(found)}{notes}"
            )

    def form(self, node: Expr) -> Form:
        """The dimension of `node`. Raises: `DimensionError`."""
        match node:
            case Number(0.0):
                self.zeros += 1
                return Form(unknown={f"0 ({self.zeros})": 1})
            case Number():
                return PURE
            case Name() | Weight() | Cell():
                return self.named(_leaf(node))
            case Negative(operand):
                return self.form(operand)
            case Binary("*", left, right):
                return self.form(left) * self.form(right)
            case Binary("/", left, right):
                return self.form(left) / self.form(right)
            case Binary("**", left, right):
                return self.power(node, left, right)
            case Binary(operator, left, right):
                return self.alike(node, (left, right), _DONE[operator])
            case Call(function, arguments):
                return self.call(node, function, arguments)

    def named(self, name: str) -> Form:
        return Form(self.given[name]) if name in self.given else Form(unknown={name: 1})

    def power(self, node: Expr, base: Expr, exponent: Expr) -> Form:
        number = _number(exponent, self.plain)
        if number is not None and -MAX_EXPONENT <= number <= MAX_EXPONENT:
            return self.form(base) ** number
        self.must_be(node, base, PURE, "a pure number, since its exponent is not a plain number")
        self.must_be(node, exponent, PURE, "a pure number")
        return PURE

    def call(self, node: Expr, function: str, arguments: tuple[Expr, ...]) -> Form:
        match function, arguments:
            case (("trace" | "nearest" | "mean"), (signal, tau)):
                found = self.form(signal)
                self.must_be(node, tau, self.clock, "a time")
                if function != "mean":
                    self.traced.add(_leaf(signal))
                return {"trace": found * self.clock, "nearest": PURE, "mean": found}[function]
            case (("exp" | "log" | "tanh" | "sigmoid"), (argument,)):
                self.must_be(node, argument, PURE, "a pure number")
                return PURE
            case (("step" | "sign"), (argument,)):
                self.form(argument)
                return PURE
            case "sqrt", (argument,):
                return self.form(argument) ** Fraction(1, 2)
            case (("reconstruct" | "reconstruct_ordered"), (argument,)):
                return self.named("w") * self.form(argument)
            case _:  # abs, relu and sums keep the dimension; min, max and clip compare
                return self.alike(node, arguments, "compared")

    def alike(self, node: Expr, parts: tuple[Expr, ...], done: str) -> Form:
        """The dimension that all `parts` must share."""
        first, *others = parts
        wanted = self.form(first)
        for part in others:
            found = self.form(part)
            if not self.system.equate(wanted, found, node):
                notes = self.notes(node, wanted, found)
                raise DimensionError(
                    f"{_quoted(first)} is {self.said(wanted)} and {_quoted(part)} is {self.said(found)}, "
                    f"so they cannot be {done}: {_quoted(node)} in the equation of {self.where}{notes}"
                )
        return wanted

    def must_be(self, node: Expr, part: Expr, wanted: Form, what: str) -> None:
        found = self.form(part)
        if not self.system.equate(wanted, found, node):
            notes = self.notes(node, found)
            raise DimensionError(
                f"{_quoted(part)} must be {what} but is {self.said(found)}: "
                f"{_quoted(node)} in the equation of {self.where}{notes}"
            )

    def said(self, form: Form) -> str:
        """The dimension in words, as far as it is known."""
        return _said(self.system.reduced(form))

    def notes(self, node: Expr, *forms: Form) -> str:
        """Why the names in `forms` that carry no unit have the dimension they have.

        Activity that is still open is settled as a rate, so that the message can speak of V/s and not of unknowns.
        """
        notes = ""
        within = [name for form in forms for name in (*form.unknown, *self.system.reduced(form).unknown)]
        for name in dict.fromkeys(within):
            reason = self.system.reasons.get(name)
            if reason is not None and reason != node:
                notes += f"; {name} is {self.said(self.named(name))} because of {_quoted(reason)}"
            elif reason is None and name in ("pre", "post"):
                self.system.equate(self.named(name), PURE / self.clock, node)
                notes += f"; {name} is taken to be {self.said(self.named(name))}"
        return notes


def _check_fit(rule: _Reader, weight: Expr, sides: Sequence[str], plain: Sequence[str]) -> None:
    """Points 3, 4 and 5 above: some choice for the activity of the cells must leave everything sensible.

    Where the equations leave both sides open, they are tried as rates, as pure numbers, and in one other dimension.
    """
    usual = tuple(dict.fromkeys(((PURE / rule.clock).known, DIMENSIONLESS)))
    allowed = {side: usual if side in rule.traced else tuple(dict.fromkeys((*usual, *ACTIVITIES))) for side in sides}
    still_open = [side for side in sides if rule.system.dimension(side) is None]
    complaints: list[str] = []
    for choice in product(*allowed.values()):
        chosen = dict(zip(sides, choice, strict=True))
        if len({chosen[side] for side in still_open}.difference(usual)) > 1:
            continue
        trial = rule.system.copy()
        if all(trial.equate(Form(unknown={side: 1}), Form(chosen[side]), weight) for side in sides):
            complaint = next(_misfits(trial, plain), None)
            if complaint is None:
                return
            complaints.append(complaint)
    raise DimensionError(complaints[0] if complaints else _no_activity(rule.system.copy(), allowed, weight))


def _misfits(system: System, plain: Sequence[str]) -> Iterator[str]:
    dimension = system.dimension("w")
    if dimension is not None and dimension.s > 0 and dimension == TIME**dimension.s:
        yield (
            f"the weight would be in {dimension} because of {_quoted(system.reasons['w'])}; "
            "if that is meant, give bounds in that unit"
        )
    for name in plain:
        dimension = system.dimension(name)
        if dimension not in (None, DIMENSIONLESS, FREQUENCY):
            yield (
                f"{name} is a plain number, but {_quoted(system.reasons[name])} needs it in {dimension}; "
                f"give it a unit, such as {usual_unit(dimension)}"
            )


def _no_activity(system: System, allowed: Mapping[str, Sequence[Dimension]], weight: Expr) -> str:
    """Why no activity fits: what the first side would have to be whose dimension is none of those allowed."""
    supposed = ""
    for side, dimensions in allowed.items():
        dimension = system.dimension(side)
        if dimension is None:
            system.equate(Form(unknown={side: 1}), Form(dimensions[0]), weight)
            supposed = f" with {side} {_said(Form(dimensions[0]))}"
        elif dimension not in dimensions:
            break
    listed = " or ".join(_said(Form(dimension)) for dimension in dimensions)
    kind = "activity whose trace is taken" if len(dimensions) < len(ACTIVITIES) else "the activity of a cell"
    return f"{side} would be in {dimension}{supposed} because of {_quoted(system.reasons[side])}; {kind} is {listed}"


def _leaf(node: Expr) -> str:
    """The name of a leaf as it is written, or an empty string."""
    return to_text(node) if isinstance(node, Name | Weight | Cell) else ""


def _number(node: Expr, plain: Mapping[str, float]) -> Exponent | None:
    """The exact value of what is made of literals and plain numbers: `2`, `1/3`, `1 - mu`; None for anything else."""
    match node:
        case Number(value):
            return exact(value)
        case Name(name) if name in plain:
            return exact(plain[name])
        case Negative(operand):
            number = _number(operand, plain)
            return None if number is None else -number
        case Binary(operator, left, right):
            a, b = _number(left, plain), _number(right, plain)
            if a is None or b is None:
                return None
            match operator:
                case "+":
                    return a + b
                case "-":
                    return a - b
                case "*":
                    return a * b
                case "/" if b:
                    return Fraction(a) / b
    return None


def _said(form: Form) -> str:
    """`in V/s`, `in s*[post]`, `a pure number`."""
    return "a pure number" if form == PURE else f"in {form}"


def _quoted(node: Expr) -> str:
    """The text of `node` in quotes, the middle of a long one left out."""
    text = to_text(node)
    return repr(text if len(text) <= 120 else f"{text[:80]} ... {text[-30:]}")
