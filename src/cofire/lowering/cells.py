"""How a neuron is integrated: which variables exactly, which by which method, and why.

    exact                linear with constant coefficients in themselves: one multiplication by a matrix exponential
    exponential_euler    linear in itself: the others held during the step, those known exactly at its middle
    rk4 heun euler       what is not linear: all such variables together, those known exactly where the method looks

Left to itself a neuron is exact in as many variables as possible, then `exponential_euler` if that suffices for the
rest, else `rk4`. A `method` given by the user is that of every variable.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from cofire.errors import ParameterError
from cofire.language.algebra import affine, inlined_neuron, names
from cofire.language.text import to_text
from cofire.language.tree import ZERO, Dynamics, Expr, Name, Threshold
from cofire.neuron import Method, Neuron

REFRACTORY = "refractory"  # the parameter of a refractory time that is given as a number


@dataclass(frozen=True, slots=True)
class Linear:
    """One row of the exact system:  dX/dt = Σ coefficients · variables + constant,  all of parameters only."""

    name: str
    coefficients: tuple[tuple[str, Expr], ...]
    constant: Expr

    def coefficient(self, name: str) -> Expr:
        """That of the variable `name`."""
        return dict(self.coefficients).get(name, ZERO)


@dataclass(frozen=True, slots=True)
class Coefficient:
    """What `column` adds to the new value of `row`, a constant where `column` is None; after half a step if `half`."""

    row: str
    column: str | None
    half: bool


@dataclass(frozen=True, slots=True)
class NeuronPlan:
    """A neuron, worked out.

    `written`: as the user gave it; `equations`: definitions put in place. `variables`: the rows of `x`, in order.
    `parameters`: every number that the step reads, in order. `exact`: the exact system. `solved`: the other variables,
    by `method`, and `rates` what each of them multiplies itself with, for exponential Euler. `held`: the variables that
    keep their value while the cell is refractory. `refractory`: the parameter that says how long, None for not at all.
    `learns`: variables that are frozen when learning is off. `rate`: the variable that is the rate of a cell which does
    not fire, else None. `reasons`: why a variable is not exact.
    """

    written: Dynamics
    equations: Dynamics
    variables: tuple[str, ...]
    parameters: tuple[str, ...]
    exact: tuple[Linear, ...]
    solved: tuple[str, ...]
    method: Method
    rates: tuple[tuple[str, Expr], ...]
    held: tuple[str, ...]
    refractory: str | None
    learns: tuple[str, ...]
    rate: str | None
    reasons: tuple[tuple[str, str], ...]

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        """What the exact system multiplies with, in order: over the whole step, then what is needed at its middle."""
        rows = [(row, False) for row in self.exact] + [(row, True) for row in self.read_by_solved]
        return tuple(
            Coefficient(row.name, column, half)
            for row, half in rows
            for column in (*self.reaches(row), *([None] if self.is_driven(row) else []))
        )

    def coefficients_vary(self, varying: Collection[str]) -> bool:
        """Whether the coefficients differ from cell to cell, given which parameters do."""
        parts = [part for row in self.exact for part in (row.constant, *(part for _, part in row.coefficients))]
        return any(name in varying for part in parts for name in names(part))

    @property
    def read_by_solved(self) -> tuple[Linear, ...]:
        """The exact variables that the others depend on: their values within the step are needed too."""
        derivatives = dict(self.equations.derivatives)
        read = {name for solved in self.solved for name in names(derivatives[solved])}
        return tuple(row for row in self.exact if row.name in read)

    @property
    def cut(self) -> str | None:
        """The variable that stands at the threshold from a spike to the reset, which forgets what it was; or None.

        Rules then find the peak of a spike, and not how far beyond it a step went.
        """
        match self.equations.threshold:
            case Threshold(Name(name)) if name in self.variables and name not in self.learns:
                forgets = not any(name in names(value) for _, value in self.equations.reset)
                return name if forgets and name in dict(self.equations.reset) else None
        return None

    def reaches(self, row: Linear) -> tuple[str, ...]:
        """The variables of the exact system that the propagator of `row` multiplies: those it depends on by any way."""
        return tuple(other.name for other in self.exact if other.name in self._upstream(row))

    def is_driven(self, row: Linear) -> bool:
        """Whether a constant enters the propagator of `row`."""
        return any(other.constant != ZERO for other in self.exact if other.name in self._upstream(row))

    def _upstream(self, row: Linear) -> set[str]:
        rows = {other.name: other for other in self.exact}
        found, pending = {row.name}, [row.name]
        while pending:
            for name, _ in rows[pending.pop()].coefficients:
                if name not in found:
                    found.add(name)
                    pending.append(name)
        return found

    def __str__(self) -> str:
        return "\n".join(_explained(self))


def make_neuron_plan(neuron: Neuron) -> NeuronPlan:
    """The plan of a neuron. Raises: `ParameterError` if its method does not fit its equations."""
    equations = inlined_neuron(neuron.dynamics)
    derivatives = dict(equations.derivatives)
    exact, reasons = _exact(derivatives, neuron.learns) if neuron.method in (None, "exact") else ([], {})
    solved = [name for name in derivatives if name not in {row.name for row in exact}]
    if neuron.method == "exact" and solved:
        raise ParameterError(
            f"method = 'exact' is refused: d{solved[0]}/dt {reasons[solved[0]]}; leave method out, or choose another"
        )
    rates = {name: rate for name in solved if (rate := _own_rate(derivatives[name], name)) is not None}
    for name in solved:
        if neuron.method == "exponential_euler" and name not in rates:
            raise ParameterError(
                f"method = 'exponential_euler' is refused: d{name}/dt is not linear in {name}; use 'rk4' or 'heun'"
            )
    usual: Method = "exact" if not solved else "exponential_euler" if len(rates) == len(solved) else "rk4"
    method = neuron.method or usual
    watched = names(equations.threshold.left) if equations.threshold else ()
    refractory = None if neuron.refractory == 0 else neuron.refractory
    refractory = refractory if refractory is None or isinstance(refractory, str) else REFRACTORY
    return NeuronPlan(
        written=neuron.dynamics,
        equations=equations,
        variables=tuple(derivatives),
        parameters=(*neuron.parameters, *([REFRACTORY] if refractory == REFRACTORY else [])),
        exact=tuple(exact),
        solved=tuple(solved),
        method=method,
        rates=tuple(rates.items()) if method == "exponential_euler" else (),
        held=tuple(name for name, _ in equations.reset if name in watched) if refractory else (),
        refractory=refractory,
        learns=neuron.learns,
        rate=neuron.rate,
        reasons=tuple(reasons.items()),
    )


def _exact(derivatives: dict[str, Expr], learns: tuple[str, ...]) -> tuple[list[Linear], dict[str, str]]:
    """The largest set of variables that are linear in each other and in nothing else, and why the rest is not in it.

    What depends on a variable that learning turns off has no one propagator, so it is not in the set either.
    """
    parts = {name: affine(derivative, derivatives.keys()) for name, derivative in derivatives.items()}
    reasons = {name: "is not linear in the variables" for name in parts if parts[name] is None}
    for name, part in parts.items():
        for other in {*(part or ())}.intersection(learns) - {name}:
            reasons.setdefault(name, f"depends on {other}, which is frozen when learning is off")
    left = [name for name in derivatives if name not in reasons]
    while strange := [(name, other) for name in left for other in parts[name] or () if other and other not in left]:
        for name, other in strange:
            reasons.setdefault(name, f"depends on {other}, which is not linear")
        left = [name for name in left if name not in reasons]
    rows = []
    for name in left:
        found = dict(parts[name] or {})
        constant = found.pop("", ZERO)
        rows.append(Linear(name, tuple((other, part) for other, part in found.items() if part != ZERO), constant))
    return rows, reasons


def _own_rate(derivative: Expr, name: str) -> Expr | None:
    """What the variable multiplies itself with in its own derivative; None if it is not linear in itself."""
    parts = affine(derivative, {name})
    return None if parts is None else parts.get(name, ZERO)


_METHODS = {
    "exponential_euler": "exponential Euler: linear in itself, the others held during the step",
    "rk4": "Runge-Kutta of order 4",
    "heun": "Heun's method, of order 2",
    "euler": "Euler's method, of order 1",
}


def _explained(plan: NeuronPlan) -> Iterator[str]:
    from cofire.language.text import equations_to_text

    threshold = plan.written.threshold
    yield equations_to_text(plan.written)
    if threshold:
        yield f"fires where {to_text(threshold.left)} {threshold.operator} {to_text(threshold.right)}"
    else:
        yield f"does not fire: {plan.rate} is its rate"
    for name, value in plan.written.reset:
        yield f"  then {name} = {to_text(value)}"
    yield ""
    yield "How each variable is integrated"
    exact, reasons = {row.name for row in plan.exact}, dict(plan.reasons)
    width = max(map(len, plan.variables))
    for name in plan.variables:
        if name in exact:
            how = "exact: linear with constant coefficients, a matrix exponential"
        else:
            how = _METHODS[plan.method] + (f"; it {reasons[name]}" if name in reasons else ", as asked")
        yield f"  {name:<{width}}   {how}"
    if plan.cut:
        yield f"a cell that fires stands at its threshold, until it is reset: {plan.cut}"
    if plan.held:
        yield f"while refractory ({plan.refractory}), held: {', '.join(plan.held)}"
    if plan.learns:
        yield f"frozen when learning is off: {', '.join(plan.learns)}"
