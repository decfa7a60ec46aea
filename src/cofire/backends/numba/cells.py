"""A neuron's plan as the source of its compiled step.

Three functions, only the first for a cell that does not fire, of `x[variable, cell]` (behind the variables, the
parameters that vary over cells):

    update       every variable of the cells low ... high - 1 by dt; what is held while refractory stays
    threshold    which of them fire, ascending
    reset        what a cell then sets, and until which step it is refractory

The text depends on the equations alone: numbers come in by `parameters` and `coefficients` (`backends/cells.py`), so a
population with other numbers, or more cells, runs the same machine code. What is computed is in `reference/cells.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from cofire.backends.numba.expressions import HEAVISIDE, MATHS, Names, source
from cofire.backends.numba.writer import OPTIONS, Writer
from cofire.language.algebra import definition_order, names
from cofire.language.tree import Expr, Name, Threshold
from cofire.lowering.cells import NeuronPlan

BLOCK = 64  # cells whose thresholds are looked at together: hardly any block has one that fires

_SCALED = '''
@njit(forceinline=True, **INNER)
def scaled(x):
    """`(power, rest)` with exp(x) = power * (1 + rest), power that of 2 nearest to it.

    x below -708 counts as -708; from 709.5 the power is infinite.
    """
    x = min(max(x, -708.0), 710.0)
    k = floor(x * 1.4426950408889634 + 0.5)
    r = (x - k * 6.93147180369123816490e-01) - k * 1.90821492927058770002e-10  # |r| <= ln 2 / 2
    r2 = r * r
    r4 = r2 * r2
    low = 0.5 + r * (1.0 / 6.0) + r2 * (1.0 / 24.0 + r * (1.0 / 120.0))
    middle = 1.0 / 720.0 + r * (1.0 / 5040.0) + r2 * (1.0 / 40320.0 + r * (1.0 / 362880.0))
    high = 1.0 / 3628800.0 + r * (1.0 / 39916800.0) + r2 * (1.0 / 479001600.0 + r * (1.0 / 6227020800.0))
    rest = r + r2 * (low + r4 * (middle + r4 * high))
    return int64((int32(k) + int64(1023)) << 52).view(float64), rest
'''
_EXPONENTIAL = """
@njit(forceinline=True, **INNER)
def exponential(x):
    power, rest = scaled(x)
    return power * rest + power
"""
_SPAN = '''
@njit(forceinline=True, **INNER)
def span(rate, dt):
    """The time that counts in a step for what grows with `rate`: (exp(rate * dt) - 1) / rate."""
    power, rest = scaled(rate * dt)
    return dt if rate == 0.0 else (power * rest + (power - 1.0)) / rate
'''
_LEAST = """
@njit(forceinline=True, **INNER)
def least(a, b):
    return b if (b < a) | (b != b) else a
"""
_GREATEST = """
@njit(forceinline=True, **INNER)
def greatest(a, b):
    return b if (b > a) | (b != b) else a
"""
_HELPERS = {
    "least": _LEAST,
    "greatest": _GREATEST,
    "span": _SPAN,
    "exponential": _EXPONENTIAL,
    "scaled": _SCALED,
    "heaviside": HEAVISIDE,
}
# NumPy's own would keep LLVM from running the loop over cells on several at once.
_INLINED = {"exp": "exponential", "minimum": "least", "maximum": "greatest"}
_CALL = re.compile(rf"\b({'|'.join(_INLINED)})(?=\()")
_NUMPY = ("floor", "rint", "int32", "int64", "float64", *MATHS)
_RESERVED = """
n low high begin end dt j s count any_fires slopes learning parameters coefficients x until held fired
np njit range len min max COMPILED INNER
"""


def cells_source(plan: NeuronPlan, varying: Sequence[str] = ()) -> str:
    """The source of a module with the functions of a neuron; `varying`: the parameters that are rows of `x`."""
    write = Writer()
    cells = _Cells(write, plan, varying)
    if plan.solved and plan.method != "exponential_euler":
        cells.slopes()
    cells.update()
    if plan.equations.threshold:
        cells.threshold(plan.equations.threshold)
        cells.reset()
    body = write.text
    for name, text in _HELPERS.items():
        if f"{name}(" in body:
            body = f"{text}\n{body}"
    used = sorted(word for word in _NUMPY if re.search(rf"\b{word}\(|\({word}\)", body))
    imported = f"from numpy import {', '.join(used)}\n" if used else ""
    return f"from numba import njit\n{imported}\n{OPTIONS}{body}"


class _Cells:
    """The functions of one neuron, written one after the other."""

    def __init__(self, write: Writer, plan: NeuronPlan, varying: Sequence[str]) -> None:
        self.out, self.plan, self.varying = write, plan, sorted(varying)
        self.derivatives = dict(plan.equations.derivatives)
        make = Names(" ".join((_RESERVED, *_HELPERS, *_NUMPY))).make
        self.names = {word: make(word) for word in (*plan.variables, *plan.parameters)}
        self.names |= {word: make(word) for word, _ in plan.written.definitions}
        self.new = {word: make(f"{word}_new") for word in plan.variables}
        self.half = {row.name: make(f"{row.name}_half") for row in plan.read_by_solved}
        self.k = {(stage, word): make(f"k{stage}_{word}") for stage in (1, 2, 3, 4) for word in plan.solved}
        self.rates = {word: make(f"{word}_rate") for word, _ in plan.rates}
        self.factors = {
            (c.row, c.column, c.half): make(f"{c.row}_{'half_' * c.half}from_{c.column or 'constant'}")
            for c in plan.coefficients
        }
        self.flag = ["learning"] if plan.learns else []

    # The derivatives, as a function of their own where a method asks for them several times

    def slopes(self) -> None:
        """The function `slopes_NAME`: the derivatives of the solved variables."""
        out, written = self.out, self.plan.written
        definitions, derivatives = dict(written.definitions), dict(written.derivatives)
        with out.function("slopes", self._slope_arguments()):
            needed = self._reads(self.plan.solved)
            for word in definition_order(definitions):
                if word in needed:
                    out(f"{self.names[word]} = {self._source(definitions[word], self._plain)}")
            out(f"return {', '.join(self._source(derivatives[word], self._plain) for word in self.plan.solved)}")

    def _reads(self, variables: Iterable[str]) -> set[str]:
        """Every name that the derivatives of `variables` read, by way of definitions too."""
        everything = dict(self.plan.written.definitions) | dict(self.plan.written.derivatives)
        pending = [name for word in variables for name in names(everything[word])]
        found: set[str] = set()
        while pending:
            word = pending.pop()
            if word not in found:
                found.add(word)
                pending += names(dict(self.plan.written.definitions)[word]) if word in self._defined() else ()
        return found

    def _defined(self) -> set[str]:
        return {name for name, _ in self.plan.written.definitions}

    def _slope_inputs(self) -> tuple[list[str], list[str]]:
        """The variables and the parameters that the derivatives of the solved variables read."""
        reads = self._reads(self.plan.solved)
        return [v for v in self.plan.variables if v in reads], [p for p in self.plan.parameters if p in reads]

    def _slope_arguments(self) -> list[str]:
        variables, parameters = self._slope_inputs()
        return [self.names[word] for word in (*variables, *parameters)]

    # The step

    def update(self) -> None:
        out, plan = self.out, self.plan
        arguments = ["n", "low", "high", "dt", "parameters", "coefficients", "x", "until", *self.flag]
        with out.function("update", arguments):
            read = {name for word in plan.solved for name in names(self.derivatives[word])}
            self._take([*plan.variables, *(p for p in plan.parameters if p in read)], "low", "high")
            if plan.held:
                out("held = until[low:high]")
            each = ", low:high" if plan.coefficients_vary(self.varying) else ""
            for k, factor in enumerate(self.factors.values()):
                out(f"{factor} = coefficients[{k}{each}]")
            with out.block("for j in range(high - low)"):
                for name, half in self.half.items():
                    self._exactly(half, name, True)
                for row in plan.exact:
                    self._exactly(self.new[row.name], row.name, False)
                if plan.solved:
                    {
                        "exponential_euler": self._exponential_euler,
                        "euler": self._euler,
                        "heun": self._heun,
                        "rk4": self._rk4,
                    }[plan.method]()
                for name in plan.variables:
                    self._store(name)

    def _exactly(self, result: str, name: str, half: bool) -> None:
        """The value of an exact variable after the step, or at its middle."""
        each = "[j]" if self.plan.coefficients_vary(self.varying) else ""
        parts = [
            f"{factor}{each}" + (f" * {self.names[column]}[j]" if column else "")
            for (row, column, at_half), factor in self.factors.items()
            if row == name and at_half == half
        ]
        frozen = f"{self.names[name]}[j]" if half and name in self.plan.learns else ""
        total = " + ".join(parts)
        self.out(f"{result} = {total} if learning else {frozen}" if frozen else f"{result} = {total}")

    def _store(self, name: str) -> None:
        value, place = self.new[name], f"{self.names[name]}[j]"
        if name in self.plan.learns:
            value = f"{value} if learning else {place}"
        if name in self.plan.held:
            value = f"{place} if held[j] > n else {value}"
        self.out(f"{place} = {value}")

    def _exponential_euler(self) -> None:
        def leaf(name: str) -> str:
            return self.half.get(name) or self._here(name)

        for name, rate in self.plan.rates:
            self.out(f"{self.rates[name]} = {self._source(rate, leaf)}")
            slope = self._source(self.derivatives[name], leaf)
            self.out(f"{self.new[name]} = {self._here(name)} + ({slope}) * span({self.rates[name]}, dt)")

    def _euler(self) -> None:
        self._stage(1, self._here)
        for name in self.plan.solved:
            self.out(f"{self.new[name]} = {self._here(name)} + dt * {self.k[1, name]}")

    def _heun(self) -> None:
        self._stage(1, self._here)
        self._stage(2, lambda name: f"{self._here(name)} + dt * {self.k[1, name]}")
        for name in self.plan.solved:
            self.out(f"{self.new[name]} = {self._here(name)} + 0.5 * dt * ({self.k[1, name]} + {self.k[2, name]})")

    def _rk4(self) -> None:
        k = self.k
        self._stage(1, self._here)
        self._stage(2, lambda name: f"{self._here(name)} + 0.5 * dt * {k[1, name]}", self.half)
        self._stage(3, lambda name: f"{self._here(name)} + 0.5 * dt * {k[2, name]}", self.half)
        self._stage(4, lambda name: f"{self._here(name)} + dt * {k[3, name]}", self.new)
        for name in self.plan.solved:
            mean = f"{k[1, name]} + 2.0 * {k[2, name]} + 2.0 * {k[3, name]} + {k[4, name]}"
            self.out(f"{self.new[name]} = {self._here(name)} + dt / 6.0 * ({mean})")

    def _stage(self, stage: int, moved: Callable[[str], str], exact: dict[str, str] | None = None) -> None:
        """The slopes where the solved variables are `moved` and the exact ones those of `exact`, or of before."""
        variables, parameters = self._slope_inputs()
        solved = self.plan.solved
        given = [moved(v) if v in solved else exact[v] if exact else self._here(v) for v in variables]
        given += [self._here(parameter) for parameter in parameters]
        self.out.call(f"{', '.join(self.k[stage, name] for name in solved)} = slopes", given, "")
        for name in solved:
            if name in self.plan.learns:
                self.out(f"{self.k[stage, name]} = {self.k[stage, name]} if learning else 0.0")

    # Firing

    def threshold(self, condition: Threshold) -> None:
        out = self.out
        read = dict.fromkeys((*names(condition.left), *names(condition.right)))
        with out.function("threshold", ["n", "low", "high", "parameters", "x", "until", "fired"]):
            self._take([p for p in self.plan.parameters if p in read and p not in self.varying], "", "")
            out("count = 0")
            with out.block(f"for begin in range(low, high, {BLOCK})"):
                out(f"end = min(begin + {BLOCK}, high)")
                self._take([name for name in read if self._row(name) is not None], "begin", "end")
                meets = f"{self._source(condition.left)} {condition.operator} {self._source(condition.right)}"
                both, either = f"({meets})", meets
                if self.plan.refractory:
                    out("held = until[begin:end]")
                    both, either = f"({meets}) & (held[j] <= n)", f"{meets} and held[j] <= n"
                out("any_fires = False")
                with out.block("for j in range(end - begin)"):
                    out(f"any_fires |= {both}")
                with out.block("if any_fires"), out.block("for j in range(end - begin)"), out.block(f"if {either}"):
                    out("fired[count] = begin + j", "count += 1")
                    if self.plan.cut:
                        out(f"{self._here(self.plan.cut)} = {self._source(condition.right)}")
            out("return count")

    def reset(self) -> None:
        out, plan = self.out, self.plan
        read = {name for _, expression in plan.equations.reset for name in names(expression)}
        read |= {name for name, _ in plan.equations.reset} | ({plan.refractory} if plan.refractory else set())
        with out.function("reset", ["n", "fired", "begin", "end", "dt", "parameters", "x", "until", *self.flag]):
            self._take([name for name in (*plan.variables, *plan.parameters) if name in read], "", "")
            with out.block("for s in range(begin, end)"):
                out("j = fired[s]")
                for name, expression in plan.equations.reset:
                    line = f"{self.names[name]}[j] = {self._source(expression)}"
                    if name in plan.learns:
                        with out.block("if learning"):
                            out(line)
                    else:
                        out(line)
                if plan.refractory:
                    out(f"until[j] = n + 1 + int64(rint({self._here(plan.refractory)} / dt))")

    # Names

    def _row(self, name: str) -> int | None:
        """The row of `x` that holds `name`; None for a parameter that is one number."""
        if name in self.plan.variables:
            return self.plan.variables.index(name)
        return len(self.plan.variables) + self.varying.index(name) if name in self.varying else None

    def _take(self, wanted: Iterable[str], low: str, high: str) -> None:
        """A line for each variable and parameter that the function reads, cells `low` ... `high` - 1 of it."""
        cells = f", {low}:{high}" if low else ""
        for name in wanted:
            row = self._row(name)
            place = f"parameters[{self.plan.parameters.index(name)}]" if row is None else f"x[{row}{cells}]"
            self.out(f"{self.names[name]} = {place}")

    def _here(self, name: str) -> str:
        """`name` for the cell j, as it was before the step."""
        return self.names[name] if self._row(name) is None else f"{self.names[name]}[j]"

    def _plain(self, name: str) -> str:
        return self.names[name]

    def _source(self, node: Expr, leaf: Callable[[str], str] | None = None) -> str:
        def named(part: Expr) -> str:
            assert isinstance(part, Name)
            return (leaf or self._here)(part.id)

        return _CALL.sub(lambda call: _INLINED[call[1]], source(node, named))
