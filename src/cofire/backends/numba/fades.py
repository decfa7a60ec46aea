"""How much is left of what decays, t steps after the base, and how many steps lie between two bases, as source text."""

from __future__ import annotations

from collections.abc import Iterable

from cofire.backends.numba.expressions import bracketed, source
from cofire.backends.numba.functions import MAX_SPAN
from cofire.backends.numba.integrals import REACH, Table
from cofire.backends.numba.reading import Reader
from cofire.language.tree import ONE, ZERO, Binary


def write_fades(reader: Reader, tables: Iterable[Table]) -> None:
    """`span`: how many steps a table covers; `fill`: the tables of fades, one function for all."""
    out, rates, reach = reader.out, reader.fades, _reach(reader)
    with out.function("span", ["dt", "parameters"]):
        out(f'"""How many steps lie between two bases, at most {MAX_SPAN:,}."""')
        reader.write_parameters()
        speeds = [f"abs({source(rate, reader.leaf)})" for rate in rates]
        fading = [table.rate for table in tables if table.rate != ZERO]
        speeds += [f"{reach / REACH} * abs({source(rate, reader.leaf)})" for rate in fading]
        if not speeds:
            out(f"return {MAX_SPAN}")
        else:
            out(f"fastest = max({', '.join(speeds)})" if len(speeds) > 1 else f"fastest = {speeds[0]}")
            out(f"return max(1, int(min({reach} / max(dt * fastest, 1e-300), {float(MAX_SPAN)})))")
    with out.function("fill", ["dt", "parameters", *rates.values()]):
        out('"""The value of what decays, t steps after the base, as a fraction of that at the base."""')
        reader.write_parameters()
        for rate, fade in rates.items():
            with out.block(f"for t in range(len({fade}))"):
                match rate:
                    case Binary("/", left, right) if left == ONE:
                        out(f"{fade}[t] = exp(-(t * dt) / {bracketed(source(right, reader.leaf))})")
                    case _:
                        out(f"{fade}[t] = exp(-(t * dt) * {bracketed(source(rate, reader.leaf))})")


def _reach(reader: Reader) -> float:
    """How far the fastest trace may fade before a new base, in time constants: products of it must stay numbers."""
    factors = max((len(piece.factors) for q in reader.flowing if q.flow for piece in q.flow.pieces), default=1)
    return min(64.0, 600.0 / max(factors, 1))
