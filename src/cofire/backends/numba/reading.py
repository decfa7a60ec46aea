"""What the parts of a kernel read, and what each is called there."""

from __future__ import annotations

import re
from collections.abc import Iterable

from cofire.backends.numba.quantities import INDEX, Kept, Owner, Quantity
from cofire.backends.numba.writer import Writer
from cofire.language.tree import ONE, ZERO, Binary, Cell, Expr, Name, Negative, Weight, children, walk
from cofire.lowering.plan import Plan


class Reader:
    """The names of a kernel, and which of its quantities matter when.

    `fades`: by rate, what everything kept that decays with it is to be multiplied with. `flowing`: what has a closed
    form; `lazy` or `clocked`: the same, as it is made up for at a synapse's next event or at every step. `changing`:
    what an event changes at a synapse.
    """

    def __init__(self, plan: Plan, kept: Kept, bounded: bool) -> None:
        self.plan, self.kept, self.bounded = plan, kept, bounded
        self.out = Writer()
        self.fades: dict[Expr, str] = {}
        for q in kept.quantities:
            if q.is_decaying and q.rate != ZERO and q.rate not in self.fades:
                self.fades[q.rate] = self._fade_name(q.rate)
        self.flowing = [q for q in kept.quantities if q.flow is not None]
        self.lazy = [] if kept.is_stepped else self.flowing
        self.clocked = self.flowing if kept.is_stepped else []
        self.changing = [
            q
            for q in kept.quantities
            if q.owner == "synapse" and not q.events.arrival == q.events.spike == q.events.meeting == ZERO
        ]

    def _fade_name(self, rate: Expr) -> str:
        match rate:
            case Binary("/", left, Name() as tau) if left == ONE:
                return f"fade_{self.kept.names[tau]}"
        return f"fade_{len(self.fades) + 1}"

    def row_always(self) -> bool:
        """Whether a presynaptic arrival alone matters to a synapse."""
        moved = any(q.owner == "pre" and q.symbol in self.leaves(self.flow_parts()) for q in self.kept.quantities)
        return any(q.events.arrival != ZERO for q in self.changing) or (bool(self.lazy) and moved)

    def columns(self) -> bool:
        """Whether a postsynaptic spike alone matters to a synapse."""
        moved = any(q.owner == "post" and q.symbol in self.leaves(self.flow_parts()) for q in self.kept.quantities)
        return any(q.events.spike != ZERO for q in self.changing) or (bool(self.lazy) and moved)

    def rows(self) -> bool:
        """Whether a presynaptic arrival matters to a synapse, alone or together with a postsynaptic spike."""
        return self.row_always() or any(q.events.meeting != ZERO for q in self.changing)

    def when_fired(self) -> bool:
        """Whether a presynaptic arrival must know which cells fire in the same step."""
        return self.rows() and any(q.both != q.events.arrival for q in self.changing)

    def needs_arrivals(self) -> bool:
        """Whether anything happens when a presynaptic spike arrives."""
        return self.rows() or any(q.owner == "pre" and self.jump_of(q) != ZERO for q in self.kept.quantities)

    def needs_spikes(self) -> bool:
        """Whether anything happens when a postsynaptic cell fires."""
        return (
            self.rows()
            or self.columns()
            or any(q.owner == "post" and self.jump_of(q) != ZERO for q in self.kept.quantities)
        )

    def jump_of(self, q: Quantity) -> Expr:
        """What the spikes of its own cell add to a quantity of that cell."""
        return q.events.arrival if q.owner == "pre" else q.events.spike

    def reach(self) -> float:
        """How far the fastest trace may fade before all settle, in time constants: products of it must stay numbers."""
        factors = max((len(piece.factors) for q in self.flowing if q.flow for piece in q.flow.pieces), default=1)
        return min(64.0, 600.0 / max(factors, 1))

    def flow_parts(self) -> list[Expr]:
        """Every expression in a closed form."""
        return [part for q in self.lazy or self.clocked for part in parts(q)] if self.flowing else []

    def in_flow(self, leaf: Expr) -> bool:
        """Whether a closed form reads `leaf`."""
        return any(leaf in walk(part) for part in self.flow_parts())

    def silenced_by(self, flowing: list[Quantity]) -> Name | None:
        """A modulator that is a factor of all that moves these between events, so that while it is 0 nothing does."""
        for signal in self.kept.signals:
            if isinstance(signal, Name) and all(
                q.flow is not None
                and q.flow.rate == ZERO
                and all(_has_factor(piece.coefficient, signal) for piece in q.flow.pieces)
                for q in flowing
            ):
                return signal
        return None

    def uses(self, leaf: Expr) -> bool:
        """Whether an event reads `leaf`."""
        jumps = [e for q in self.kept.quantities for e in (q.events.arrival, q.events.spike, q.events.meeting)]
        return leaf in self.leaves(jumps)

    def leaves(self, expressions: Iterable[Expr]) -> list[Expr]:
        """What the expressions read of synapses, cells and modulators, and the weight wherever it changes."""
        found: dict[Expr, None] = {}
        symbols = {q.symbol for q in self.kept.quantities} | set(self.kept.signals)

        def visit(node: Expr) -> None:
            if node in symbols:
                found[node] = None
                return
            for child in children(node):
                visit(child)

        for expression in expressions:
            visit(expression)
        return list(found)

    def owner_of(self, leaf: Expr) -> Owner:
        """Who has a value of its own for `leaf`."""
        match leaf:
            case Cell(side):
                return side
            case Name() if leaf in self.kept.signals:
                return "all"
        return self.kept.of(leaf).owner

    def owned(self, leaves: Iterable[Expr], owner: Owner) -> list[Expr]:
        """Those of the leaves that belong to `owner`."""
        return [leaf for leaf in leaves if self.owner_of(leaf) == owner]

    def read(self, leaves: Iterable[Expr], owner: Owner, step: str = "n") -> set[Expr]:
        """Lines that put each of the leaves of that owner into a local variable."""
        mine = [leaf for leaf in self.owned(leaves, owner) if leaf not in self.kept.signals or isinstance(leaf, Cell)]
        for leaf in mine:
            self.out(f"{self.local(leaf)} = {self.place(leaf, step)}")
        return set(mine)

    def place(self, leaf: Expr, step: str) -> str:
        """The present value of a leaf for the element at hand."""
        if isinstance(leaf, Cell):
            return f"{self.kept.names[leaf]}[{step}, {'cell[i]' if leaf.side == 'pre' else 'j'}]"
        q = self.kept.of(leaf)
        fade = self.fades.get(q.rate) if q.is_decaying else None
        return f"{q.name}[{INDEX[q.owner]}]" + (f" * {fade}" if fade else "")

    def local(self, leaf: Expr) -> str:
        """The local variable that holds a leaf for the element at hand: `trace_pre_tau_i`."""
        match leaf:
            case Weight():
                return "w_s"
            case Cell(side):
                return f"{self.kept.names[leaf]}_{INDEX[side]}"
            case Name() if leaf in self.kept.signals:
                return f"{self.kept.names[leaf]}_n"
        q = self.kept.of(leaf)
        return f"{q.name}_{'n' if q.owner == 'all' else INDEX[q.owner]}"

    def leaf(self, node: Expr) -> str:
        """What a leaf is called in an expression."""
        if isinstance(node, Name) and node.id in self.kept.parameters:
            return self.kept.names[node]
        return self.local(node)

    def write_parameters(self) -> None:
        """Lines that give the parameters their names."""
        for position, name in enumerate(self.kept.parameters):
            self.out(f"{self.kept.names[Name(name)]} = parameters[{position}]")

    def flow_leaf(self, leaf: Expr) -> str:
        """What a flow reads: a decaying quantity as it is kept, anything else from its local variable."""
        if isinstance(leaf, Cell) or leaf in self.kept.signals:
            return self.local(leaf)
        q = self.kept.of(leaf)
        return f"{q.name}[{'0' if q.owner == 'all' else INDEX[q.owner]}]"


def parts(q: Quantity) -> list[Expr]:
    """Every expression in the flow of `q`."""
    assert q.flow is not None
    return [q.flow.rate, *(e for piece in q.flow.pieces for e in (piece.coefficient, *piece.factors))]


def _has_factor(product: Expr, factor: Expr) -> bool:
    match product:
        case Negative(inner) | Binary("/", inner, _):
            return _has_factor(inner, factor)
        case Binary("*", left, right):
            return _has_factor(left, factor) or _has_factor(right, factor)
    return product == factor


def bracketed(text: str) -> str:
    return text if re.fullmatch(r"[\w.]+", text) else f"({text})"
