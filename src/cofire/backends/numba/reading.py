"""What the parts of a kernel read, and what each is called there."""

from __future__ import annotations

from collections.abc import Iterable

from cofire.backends.numba.quantities import INDEX, Kept, Owner, Quantity
from cofire.backends.numba.writer import Writer
from cofire.language.tree import ONE, ZERO, Binary, Cell, Expr, Name, Negative, Weight, children, walk
from cofire.lowering.plan import Plan


class Reader:
    """The names of a kernel, and which of its quantities matter when.

    `fades`: by rate, the table of what everything kept that decays with it is to be multiplied with. `flowing`: what
    has a closed form; `integrated`: what its cell integrates for it; `changing`: what an event changes at a synapse.
    `remembered`: what a presynaptic cell keeps as it was before its last spike, `logged`: what a postsynaptic cell
    keeps as it was before each, to be read later.
    """

    def __init__(self, plan: Plan, kept: Kept, bounded: bool) -> None:
        self.plan, self.kept, self.bounded = plan, kept, bounded
        self.out = Writer()
        self.fades: dict[Expr, str] = {}
        for q in kept.quantities:
            if self._fades(q) and q.rate != ZERO and q.rate not in self.fades:
                self.fades[q.rate] = self._fade_name(q.rate)
        self.flowing = [q for q in kept.quantities if q.flow is not None]
        self.integrated = [q for q in kept.quantities if q.integrals]
        self.changing = [q for q in kept.quantities if q.owner == "synapse" and not q.is_still]
        read_on_arrival = self.leaves(e for q in self.changing for e in (q.events.arrival, q.both))
        read_at_all = [*read_on_arrival, *self.leaves([*self.spike_jumps(), *self.flow_parts()])]
        self.jumping = [q for q in kept.quantities if q.owner in ("pre", "post") and self.jump_of(q) != ZERO]
        self.remembered = [q for q in self.jumping if q.owner == "pre" and q.symbol in read_on_arrival]
        self.logged = [q for q in self.jumping if q.owner == "post" and q.symbol in read_at_all]

    def _fade_name(self, rate: Expr) -> str:
        match rate:
            case Binary("/", left, Name() as tau) if left == ONE:
                return f"fade_{self.kept.names[tau]}"
        return f"fade_{len(self.fades) + 1}"

    @property
    def hears(self) -> bool:
        """Whether a synapse must know of an arrival: it changes by it, or by a spike that meets it in another way."""
        met = any(q.owner == "pre" and q.symbol in self.leaves(self.spike_jumps()) for q in self.jumping)
        return met or any(q.events.arrival != ZERO or q.events.meeting != ZERO for q in self.changing)

    @property
    def feels(self) -> bool:
        """Whether a postsynaptic spike alone changes a synapse."""
        return any(q.events.spike != ZERO for q in self.changing)

    @property
    def needs_log(self) -> bool:
        """Whether a synapse must know when its postsynaptic cell fired."""
        return self.feels or bool(self.logged) or any(q.both != q.events.arrival for q in self.changing)

    def spike_jumps(self) -> list[Expr]:
        """What a postsynaptic spike alone does to synapses."""
        return [q.events.spike for q in self.changing]

    def jump_of(self, q: Quantity) -> Expr:
        """What the spikes of its own cell add to a quantity of that cell."""
        return q.events.arrival if q.owner == "pre" else q.events.spike

    def flow_parts(self) -> list[Expr]:
        """Every expression that a synapse reads between events."""
        flowing = [part for q in self.flowing if q.owner == "synapse" for part in parts(q)]
        integrals = [integral for q in self.integrated for _, integral in q.integrals]
        return flowing + [factor for integral in integrals for factor in integral.factors]

    def silenced_by(self) -> Name | None:
        """A modulator that is a factor of all that moves synapses between events: while it is 0 nothing does."""
        flowing = [q for q in self.flowing if q.owner == "synapse"]
        for signal in self.kept.signals:
            if isinstance(signal, Name) and all(
                q.flow is not None
                and q.flow.rate == ZERO
                and all(_has_factor(piece.coefficient, signal) for piece in q.flow.pieces)
                for q in flowing
            ):
                return signal
        return None

    def changes_by_step(self, expressions: Iterable[Expr]) -> bool:
        """Whether one of the expressions reads what has another value in each step, spikes or none."""
        moving = {q.symbol for q in self.flowing if q.owner != "synapse"} | set(self.kept.signals)
        return any(leaf in moving for leaf in self.leaves(expressions))

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

    def fade(self, q: Quantity) -> str | None:
        """The table of what a kept quantity is to be multiplied with, or None where it is kept as it is."""
        return self.fades.get(q.rate) if self._fades(q) else None

    def _fades(self, q: Quantity) -> bool:
        """Whether it is kept as it stood at the base: it decays, whatever it gains by integrals."""
        return q.is_decaying or bool(q.integrals)

    def write_parameters(self) -> None:
        """Lines that give the parameters their names."""
        for position, name in enumerate(self.kept.parameters):
            self.out(f"{self.kept.names[Name(name)]} = parameters[{position}]")


def parts(q: Quantity) -> list[Expr]:
    """Every expression in the flow of `q`."""
    assert q.flow is not None
    found = [q.flow.rate, *(e for piece in q.flow.pieces for e in (piece.coefficient, *piece.factors))]
    found += [e for gate in q.flow.gates for e in (gate.quantity, gate.level)]
    return found + ([q.flow.slope] if q.flow.slope else [])


def _has_factor(product: Expr, factor: Expr) -> bool:
    match product:
        case Negative(inner) | Binary("/", inner, _):
            return _has_factor(inner, factor)
        case Binary("*", left, right):
            return _has_factor(left, factor) or _has_factor(right, factor)
    return product == factor


def is_within(leaf: Expr, expressions: Iterable[Expr]) -> bool:
    """Whether one of the expressions reads `leaf`."""
    return any(leaf in walk(expression) for expression in expressions)
