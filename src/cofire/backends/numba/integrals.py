"""What postsynaptic cells and modulators integrate for their synapses (`lowering/integrals.py`), as source text.

A kernel keeps the integral of exp(-r t) G from the base to the beginning of each step, in a table `sum_1[step, cell]`,
or `sum_1[step]` where it is the same for all cells. A synapse seen last at step `at` takes, at step `until`, the
difference times F as it is kept. A weight with bounds is held within them after every step: it has two tables, of what
the integral rose by and of what it fell by, which tell whether the weight can have met a bound on its way. Only then,
and only if it both rose and fell, does it go step by step.

A variable that is integrated and fades is kept as it stood at the base, to which its table S is made. If it is a factor
of F for the weight, it was there  kept + F' (S - S(at)) ; so the weight takes F with  kept - F' S(at)  in its place,
and F F' times a second integral, of exp(-r t) G S.

In a step everything stands still but the states of the cells. Where G reads these, it is integrated by the rule of
Gauss and Lobatto with five points, over pieces of the step so short that halving them changes less than 1e-13: it sees
both ends, so that a threshold met within the step does not escape it. Nothing is asked of it beyond the rounding of
the terms of G, which is all that is left of v - mean(v, tau) where v rests.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial, reduce
from typing import cast

from cofire.backends.numba.expressions import source, summand
from cofire.backends.numba.flows import flow_arguments
from cofire.backends.numba.quantities import INDEX, Owner, Quantity
from cofire.backends.numba.reading import Reader
from cofire.backends.numba.writer import Writer
from cofire.language.algebra import simplify
from cofire.language.tree import ONE, ZERO, Binary, Call, Cell, Expr, Name, Negative, walk
from cofire.lowering.integrals import Integral

RAISED = 0.7310585786300049  # steps by which S is raised while G S is integrated; any number that S is not likely to be
REACH = 4.0  # time constants of the fastest F between two bases: longer, and differences of sums lose digits
_QUADRATURE = '''

@njit(**INNER)
def over_{n}(length, rounding{arguments}):
    """The integral of `during_{n}`, whose values are so far off by `rounding`, from 0 to `length`."""
    total, begin, span, least = 0.0, 0.0, length, 1e-12 * length
    while begin < length:
        span = min(span, length - begin)
        ends = span >= length - begin
        half = 0.5 * span
        whole = span * five_{n}(begin, span{arguments})
        halves = half * (five_{n}(begin, half{arguments}) + five_{n}(begin + half, half{arguments}))
        is_rough = abs(halves - whole) > 1e-13 * (abs(total) + abs(halves)) + rounding * span
        if not is_rough or span < least:
            least *= 4.0 if is_rough else 1.0  # a threshold is met once or twice, rounding everywhere
            total += halves
            begin, span = length if ends else begin + span, 2.0 * span
        else:
            span = half
    return total
'''
_FIVE = '''

@njit(**INNER)
def five_{n}(begin, span{arguments}):
    """The mean of `during_{n}` from `begin` to `begin + span`, by the five points of Gauss and Lobatto."""
    middle, half, apart = begin + 0.5 * span, 0.5 * span, 0.3273268353539886 * span
    inner = during_{n}(middle - apart{arguments}) + during_{n}(middle + apart{arguments})
    outer = during_{n}(middle - half{arguments}) + during_{n}(middle + half{arguments})
    return 16.0 / 45.0 * during_{n}(middle{arguments}) + 49.0 / 180.0 * inner + outer / 20.0
'''


@dataclass(frozen=True)
class Table:
    """One integral. `name`: what it is called; `owner`: who has one of it; `held`, `moving`: the two parts of G.

    `factors`, `rate`: those of F, and of its decay. `arrays`: the table, or one of rises and one of falls. `inner`: the
    table S, where it is G S that is integrated, and `plain` the name of that of G.
    """

    name: str
    owner: Owner
    held: Expr
    moving: Expr
    factors: tuple[Quantity, ...]
    rate: Expr
    arrays: tuple[str, ...]
    inner: Table | None = None
    plain: str = ""

    @property
    def is_still(self) -> bool:
        """Whether nothing in the integrand moves within a step but exponentials."""
        return self.moving == ONE and (self.inner is None or self.inner.moving == ONE)

    def at(self, array: str, step: str) -> str:
        """The number for a step, of cell j where each has its own."""
        return f"{array}[{step}, j]" if self.owner == "post" else f"{array}[{step}]"

    def growth(self, array: str, begin: str, end: str) -> str:
        """How much a table grew from one step to another."""
        return f"({self.at(array, end)} - {self.at(array, begin)})"


def tables_of(reader: Reader, q: Quantity) -> tuple[Table, ...]:
    """The tables of a quantity, one for each of its integrals."""
    return tuple(_table(reader, q, name, integral) for name, integral in q.integrals)


def _table(reader: Reader, q: Quantity, name: str, integral: Integral) -> Table:
    each = any(reader.owner_of(leaf) == "post" for leaf in reader.leaves([integral.integrand]))
    factors = tuple(map(reader.kept.of, integral.factors))
    through = next((factor for factor in factors if factor.integrals), None)
    inner, plain = None, ""
    if integral.inner is not None and through is not None:
        inner = next(_table(reader, through, own, found) for own, found in through.integrals if found == integral.inner)
        each = each or inner.owner == "post"
        plain = next(own for own, found in q.integrals if found == replace(integral, inner=None))
    rates = reduce(lambda a, b: Binary("+", a, b), (factor.rate for factor in factors), cast(Expr, ZERO))
    rates = Binary("-", rates, q.rate)  # what decays itself is kept as it stood at the base
    held, moving = _parted(integral.integrand, {other.symbol for other in reader.kept.quantities})
    arrays = (f"rise_{name}", f"fall_{name}") if reader.bounded and q.is_weight else (name,)
    return Table(name, "post" if each else "all", held, moving, factors, simplify(rates), arrays, inner, plain)


def _parted(node: Expr, moving: set[Expr]) -> tuple[Expr, Expr]:
    """`node` as a factor that stands still in a step times one that moves."""
    match node:
        case Binary("*" | "/" as sign, left, right):
            (held, moves), (other_held, other_moves) = _parted(left, moving), _parted(right, moving)
            return simplify(Binary(sign, held, other_held)), simplify(Binary(sign, moves, other_moves))
        case Negative(inner):
            held, moves = _parted(inner, moving)
            return simplify(Negative(held)), moves
    return (ONE, node) if any(part in moving for part in walk(node)) else (node, ONE)


def _size(node: Expr) -> Expr:
    """What the terms of `node` add up to if none makes up for another."""
    match node:
        case Binary("+" | "-", left, right):
            return Binary("+", _size(left), _size(right))
        case Binary("*", left, right):
            return Binary("*", _size(left), _size(right))
        case Binary("/" | "**" as sign, left, right):
            return Binary(sign, _size(left), Call("abs", (right,)) if sign == "/" else right)
        case Negative(inner):
            return _size(inner)
        case Call("relu" | "abs" | "tanh" | "sigmoid" | "min" | "max" | "clip", arguments):
            return reduce(lambda a, b: Binary("+", a, b), map(_size, arguments))
    return Call("abs", (node,))


# A step of the cells


def write_within(out: Writer, reader: Reader, table: Table) -> None:
    """The function `during_NAME`, exp(-r t) times what moves within a step, and `over_NAME`, its integral."""
    if table.moving == ONE and table.inner is None:
        return
    read = _read(reader, table)
    with out.function(f"during_{table.name}", ["time", *read]):
        out(*_during(reader, table))
    arguments = "".join(f", {name}" for name in read)
    for text in (_FIVE, _QUADRATURE):
        out(*text.format(n=table.name, arguments=arguments).splitlines())


def write_step(out: Writer, reader: Reader, tables: list[Table]) -> None:
    """The tables of one owner, brought from step `now` to the next."""
    out(*_loads(reader, tables))
    for table in tables:
        faded, held = _faded(reader, table), source(table.held, reader.leaf)
        rounding = f"1e-15 * {_sized(reader, table)}"
        if inner := table.inner:
            grows = f"{summand(source(inner.held, reader.leaf))}{_faded(reader, inner)}"
            out(f"begun, growth = {inner.at(inner.name, 'now')}, {grows}")
            rounding += f" * (abs(begun) + abs(growth) * dt * {_sized(reader, inner)})"
        if table.is_still:
            within = _span(reader, table, "dt")
            within = f"(begun * {within} + growth * twice_{table.name})" if inner else within
            out(f"value = {summand(held)} * {within}{faded}")
        else:
            out(f"value = {held}")
            within = f"over_{table.name}({', '.join(['dt', rounding, *_read(reader, table)])})"
            with out.block("if value != 0.0"):
                if inner and table.moving != ONE:
                    # Where S is 0 as a step begins, a threshold met early in it would be missed: so S is raised.
                    plain = replace(table, inner=None)
                    raised = ", ".join(["dt", f"1e-15 * {_sized(reader, table)}", *_read(reader, plain)])
                    out(f"growth_dt = {RAISED} * dt * growth * {_sized(reader, inner)}", "begun += growth_dt")
                    within = f"({within} - growth_dt * over_{table.plain}({raised}))"
                out(f"value *= {within}{faded}")
        gains = ("value",) if len(table.arrays) == 1 else ("max(value, 0.0)", "max(-value, 0.0)")
        for array, gain in zip(table.arrays, gains, strict=True):
            out(f"{table.at(array, 'now + 1')} = {table.at(array, 'now')} + {gain}")


def write_twice(out: Writer, reader: Reader, tables: list[Table]) -> None:
    """What every cell shares of the integral of G S in a step where neither G nor what S grows by moves."""
    for table in tables:
        if table.inner and table.is_still:
            out(f"twice_{table.name} = over_{table.name}({', '.join(['dt', '1e-16 * dt', *_read(reader, table)])})")


def _faded(reader: Reader, table: Table) -> str:
    """What F has lost since the base, as a factor."""
    return "" if table.rate == ZERO else f" * exp(-{summand(source(table.rate, reader.leaf))} * (now * dt))"


def _span(reader: Reader, table: Table, time: str) -> str:
    """The integral of exp(-r t) over `time`."""
    return time if table.rate == ZERO else f"integral({source(table.rate, reader.leaf)}, {time})"


def _sized(reader: Reader, table: Table) -> str:
    return summand(source(_size(table.moving), reader.leaf))


def _within(reader: Reader, table: Table) -> str:
    """How much S grew in the first `time` of a step, but for its factor that stands still."""
    if table.moving == ONE:
        return _span(reader, table, "time")
    return f"over_{table.name}({', '.join(['time', f'1e-15 * {_sized(reader, table)}', *_read(reader, table)])})"


def _during(reader: Reader, table: Table) -> list[str]:
    """The lines of `during_NAME`: the states as they stand `time` after the beginning of the step, then the value."""
    lines, factors = [], [] if table.rate == ZERO else [f"exp(-{summand(source(table.rate, reader.leaf))} * time)"]
    if table.inner:
        within = _within(reader, table.inner)  # of the states as they are at first
        lines.append(f"grown = {within if table.is_still else f'begun + growth * {within}'}")
        factors.append("grown")
    for q in _states(reader, table.moving):
        name = reader.local(q.symbol)
        if q.flow is None:
            lines.append(f"{name} *= exp(-{summand(source(q.rate, reader.leaf))} * time)")
        else:
            as_kept = partial(_as_kept, reader)
            given = flow_arguments(q, reader.kept, name, "since", "1", as_kept, bounded=False)
            lines.append(f"{name} = flow_{q.name}({', '.join('time' if word == 'dt' else word for word in given)})")
    factors += [summand(source(table.moving, reader.leaf))] if table.moving != ONE or not factors else []
    return [*lines, f"return {' * '.join(factors)}"]


def _read(reader: Reader, table: Table) -> list[str]:
    """What `during_NAME` takes beside the time."""
    kept = reader.kept
    words = set(re.findall(r"\w+", " ".join(_during(reader, table))))
    possible = ["begun", "growth", "since", *(kept.names[Name(name)] for name in kept.parameters)]
    possible += map(reader.local, kept.signals)
    possible += [name for q in kept.quantities for name in (reader.local(q.symbol), f"kept_{q.name}")]
    return [name for name in possible if name in words]


def _loads(reader: Reader, tables: list[Table]) -> Iterator[str]:
    """Lines that give what the integrands and the flows of their states read its local names."""
    tables = [*tables, *(table.inner for table in tables if table.inner)]
    read = {name for table in tables if not table.is_still for name in _read(reader, table)}
    leaves = reader.leaves(part for table in tables for part in (table.held, table.moving))
    if "since" in read:
        yield "since = now * dt"
    for leaf in reader.kept.signals:
        if isinstance(leaf, Cell) and (leaf in leaves or reader.local(leaf) in read):
            yield f"{reader.local(leaf)} = {reader.kept.names[leaf]}[j]"
    for q in reader.kept.quantities:
        place = f"{q.name}[{INDEX[q.owner]}]"
        if f"kept_{q.name}" in read:
            yield f"kept_{q.name} = {place}"
        if q.symbol in leaves:
            fade = reader.fade(q)
            yield f"{reader.local(q.symbol)} = {place}" + (f" * {fade}[now]" if fade else "")


def _states(reader: Reader, node: Expr) -> list[Quantity]:
    return [q for q in reader.kept.quantities if q.symbol in reader.leaves([node])]


def _as_kept(reader: Reader, leaf: Expr) -> str:
    """What the flow of a state reads: what decays as it is kept, anything else as it is now."""
    held = leaf in reader.kept.signals or isinstance(leaf, Cell)
    return reader.local(leaf) if held else f"kept_{reader.kept.of(leaf).name}"


# What a synapse takes


def write_take(out: Writer, x: str, tables: tuple[Table, ...]) -> None:
    """The function `take`: a weight with bounds, which was `x` at step `at`, at step `until`, no event between."""
    with out.function("take", take_arguments(x, "until", tables, [f"F_{table.name}" for table in tables])):
        least, most, changed, grown = x, x, x, x
        for table in tables:
            F, up, down = (f"{kind}_{table.name}" for kind in ("F", "up", "down"))
            rise, fall = table.arrays
            out(f"{up} = {F} * {table.growth(rise, 'at', 'until')}")
            out(f"{down} = -{F} * {table.growth(fall, 'at', 'until')}")
            least += f" + min({up}, 0.0) + min({down}, 0.0)"
            most += f" + max({up}, 0.0) + max({down}, 0.0)"
            changed += f" + {up} + {down}"
            grown += f" + {F} * ({table.growth(rise, 'step', 'step + 1')} - {table.growth(fall, 'step', 'step + 1')})"
        out(f"least = {least}", f"most = {most}")
        with out.block(f"if least == {x} or most == {x} or (least >= low and most <= high)"):
            out(f"return clipped({changed}, low, high)")
        with out.block("for step in range(at, until)"):
            out(f"{x} = clipped({grown}, low, high)")
        out(f"return {x}")


def take_arguments(x: str, until: str, tables: tuple[Table, ...], products: list[str]) -> list[str]:
    """What `take` takes. `products`: F of each table."""
    cell = ["j"] if any(table.owner == "post" for table in tables) else []
    arrays = [array for table in tables for array in table.arrays]
    return [x, "at", until, *cell, "low", "high", *products, *arrays]
