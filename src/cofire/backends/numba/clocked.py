"""A plan as the source of a kernel that visits every synapse in each step: for rules that no closed form covers.

Sums over the cells of a layer, normalisation, and equations that are not linear between events need every synapse at
its present value. The kernel does what the definition does: in a step with events, each equation with the spikes less
without them; then everything continuous runs for `dt`, what only decays by its exponential, the rest as one system of
differential equations, by the pair of Dormand and Prince of orders 5 and 4, whose steps are as short as it takes to
keep the error of each below 1e-12 of the values. Steps without events are run as one where nothing can tell: no signal
has a value for each, and there are neither bounds nor norms that would hold the weights at the end of each.
"""

from __future__ import annotations

from cofire.backends.numba.expressions import source
from cofire.backends.numba.kernels import LENGTH, RANGE
from cofire.backends.numba.preamble import preamble, title_of
from cofire.backends.numba.quantities import INDEX, Kept, Owner, Quantity, reductions
from cofire.backends.numba.solver import SOLVER, stages
from cofire.backends.numba.writer import Writer
from cofire.language.tree import ZERO, Call, Cell, Expr, Name
from cofire.lowering.plan import Plan

_TIME = ("steps", "dt", "low", "high", "parameters", "arrivals", "arriving", "spikes", "firing", "normalize")
_PLACES = ("row", "target", "column", "incoming", "source", "cell")
_SHARED = ["n", "dt", "parameters", "row", "target", "column", "source", "cell", "incoming", "pre", "post"]

_NORMALIZED = '''
@njit(**INNER)
def normalize_columns(w, column, incoming, kind):
    """The weights onto each postsynaptic cell scaled to unit norm; a cell with weights of zero stays."""
    for j in range(len(column) - 1):
        total = 0.0
        for c in range(column[j], column[j + 1]):
            total += abs(w[incoming[c]]) if kind == 1 else w[incoming[c]] ** 2
        norm = total if kind == 1 else np.sqrt(total)
        if norm > 0.0:
            for c in range(column[j], column[j + 1]):
                w[incoming[c]] /= norm
'''


def clocked_source(plan: Plan, kept: Kept) -> str:
    """The source of a module whose `run` takes `clocked_arguments`."""
    write = Writer()
    drifting = [q for q in kept.quantities if not q.is_decaying]
    ordered = drifting + [q for q in kept.quantities if q not in drifting]
    _Rates(kept, drifting, ordered, write).write()
    if drifting:
        write(*SOLVER.format(arguments=", ".join(_passed(kept)), **stages("[k]")).splitlines())
    write(*_NORMALIZED.splitlines())
    _run(kept, drifting, ordered, write)
    return preamble(title_of(plan), write.text) + write.text


def clocked_arguments(kept: Kept) -> tuple[str, ...]:
    """What `run` takes, in order."""
    return (*_TIME, *_PLACES, *(kept.names[signal] for signal in kept.signals), *(q.name for q in kept.quantities))


def _passed(kept: Kept) -> list[str]:
    return [*_SHARED, *(kept.names[signal] for signal in kept.signals)]


class _Rates:
    """The function `rates`: how fast each quantity changes, `time` after step n, with the raw signals `pre` and `post`.

    Of what only decays it gives what is added, and only if `jumps`; of the rest, all.
    """

    def __init__(self, kept: Kept, drifting: list[Quantity], ordered: list[Quantity], write: Writer) -> None:
        self.kept, self.drifting, self.ordered, self.out = kept, drifting, ordered, write
        self.sums: dict[Expr, str] = {}

    def write(self) -> None:
        with self.out.function("rates", ["change", "y", "time", "jumps", *_passed(self.kept)]):
            self._body()

    def _body(self) -> None:
        out, kept = self.out, self.kept
        for position, name in enumerate(kept.parameters):
            out(f"{kept.names[Name(name)]} = parameters[{position}]")
        for signal in kept.signals:
            if isinstance(signal, Name):
                out(f"{kept.names[signal]}_n = {kept.names[signal]}[n]")
        slices(self.ordered, out)
        for q in self.ordered:
            if q not in self.drifting and q.rate != ZERO:
                out(f"fade_{q.name} = exp(-({source(q.rate, self.leaf)}) * time)")
        self._group(self.drifting)
        others = [q for q in self.ordered if q not in self.drifting]
        if others:
            with out.block("if jumps"):
                self._group(others)

    def _group(self, group: list[Quantity]) -> None:
        for node in reductions(q.drive for q in group):
            if node not in self.sums:
                self._sum(node)
        for owner in ("synapse", "pre", "post", "all"):
            mine = [q for q in group if q.owner == owner]
            if mine:
                self._elements(owner, [(f"d_{q.name}[{INDEX[q.owner]}]", "=", self._rate(q)) for q in mine])

    def _rate(self, q: Quantity) -> str:
        text = source(q.drive, self.leaf)
        if q in self.drifting and q.rate != ZERO:
            text += f" - ({source(q.rate, self.leaf)}) * {q.name}[{INDEX[q.owner]}]"
        return text

    def _elements(self, owner: Owner, assignments: list[tuple[str, str, str]]) -> None:
        """A loop over the elements of an owner, with those assignments in it."""
        out = self.out
        lines = [" ".join(assignment) for assignment in assignments]
        if owner == "synapse":
            with out.block("for i in range(len(cell))"), out.block(RANGE):
                out("j = target[s]", *lines)
        elif owner == "all":
            out(*lines)
        else:
            with out.block(f"for {INDEX[owner]} in range({LENGTH[owner]})"):
                out(*lines)

    def _sum(self, node: Call) -> None:
        """An array with the value of a reduction for every cell, or every synapse where it is an ordered one."""
        out, (argument,) = self.out, node.arguments
        name = f"_sum_{len(self.sums) + 1}"
        text = source(argument, self.leaf)
        if node.function == "sum_pre":
            out(f"{name} = np.zeros(len(column) - 1)")
            self._elements("synapse", [(f"{name}[j]", "+=", text)])
            self.sums[node] = f"{name}[j]"
        elif node.function == "sum_post":
            out(f"{name} = np.zeros(cell[-1] + 1 if len(cell) else 0)")
            self._elements("synapse", [(f"{name}[cell[i]]", "+=", text)])
            self.sums[node] = f"{name}[cell[i]]"
        else:  # the synapses of a presynaptic cell in the order of their postsynaptic cells, equal ones together
            out(f"{name} = np.zeros(len(target))", f"{name}_total = np.zeros(cell[-1] + 1 if len(cell) else 0)")
            with out.block("for j in range(len(column) - 1)"):
                with out.block("for c in range(column[j], column[j + 1])"):
                    out("i, s = source[c], incoming[c]", f"{name}_total[cell[i]] += w[s] * ({text})")
                with out.block("for c in range(column[j], column[j + 1])"):
                    out(f"{name}[incoming[c]] = {name}_total[cell[source[c]]]")
            self.sums[node] = f"{name}[s]"

    def leaf(self, node: Expr) -> str:
        names = self.kept.names
        match node:
            case Cell("pre", None):
                return "pre[i]"
            case Cell("post", None):
                return "post[j]"
            case Cell("pre"):
                return f"{names[node]}[n, cell[i]]"
            case Cell("post"):
                return f"{names[node]}[n, j]"
            case Name(name) if name in self.kept.parameters:
                return names[node]
            case Name() if node in self.kept.signals:
                return f"{names[node]}_n"
        if node in self.sums:
            return self.sums[node]
        q = self.kept.of(node)
        place = f"{q.name}[{INDEX[q.owner]}]"
        return place if q in self.drifting or q.rate == ZERO else f"({place} * fade_{q.name})"


def slices(ordered: list[Quantity], out: Writer) -> None:
    """Names for the parts of `y` and of `change`: all quantities stand there one after the other."""
    out("begin = 0")
    for q in ordered:
        out(f"end = begin + {LENGTH[q.owner]}")
        out(f"{q.name}, d_{q.name} = y[begin:end], change[begin:end]", "begin = end")


def _run(kept: Kept, drifting: list[Quantity], ordered: list[Quantity], out: Writer) -> None:
    given = {q.name: f"given_{q.name}" for q in kept.quantities}
    with out.function("run", [given.get(argument, argument) for argument in clocked_arguments(kept)]):
        for position, name in enumerate(kept.parameters):
            out(f"{kept.names[Name(name)]} = parameters[{position}]")
        passed = ", ".join(_passed(kept))
        lengths = [LENGTH[q.owner] for q in ordered]
        out(f"y = np.zeros({' + '.join(lengths)})")
        out(
            f"moving = {' + '.join(lengths[: len(drifting)]) or '0'}",
            "change, silent = np.zeros(len(y)), np.zeros(len(y))",
        )
        slices(ordered, out)
        out(*(f"{q.name}[:] = given_{q.name}" for q in kept.quantities))
        out("pre, post = np.zeros(len(cell)), np.zeros(len(column) - 1)")
        if drifting:
            out("slopes, span = np.zeros((8, moving)), dt")
        out("n, alike = 0, 1")
        with out.block("while n < steps"):
            with out.block("if arrivals[n] < arrivals[n + 1] or spikes[n] < spikes[n + 1]"):
                out(f"rates(silent, y, 0.0, True, {passed})")
                out("pre[arriving[arrivals[n]:arrivals[n + 1]]] = 1.0", "post[firing[spikes[n]:spikes[n + 1]]] = 1.0")
                out(f"rates(change, y, 0.0, True, {passed})", "pre[:], post[:] = 0.0, 0.0")
                with out.block("for k in range(len(y))"):
                    out("change[k] -= silent[k]")
                for q in ordered:
                    with out.block(f"for k in range(len({q.name}))"):
                        if q.is_nearest:
                            with out.block(f"if d_{q.name}[k] > 0.0"):
                                out(f"{q.name}[k] = 1.0")
                        else:
                            out(f"{q.name}[k] += d_{q.name}[k]")
            with out.block("if normalize > 0"):
                out("normalize_columns(w, column, incoming, normalize)")
            with out.block("for s in range(len(w))"):
                out("w[s] = clipped(w[s], low, high)")
            if drifting and not kept.signals:
                out("alike = 1")
                with out.block("if normalize == 0 and low == -np.inf and high == np.inf"):
                    out("m = n + 1")
                    with out.block("while m < steps and arrivals[m] == arrivals[m + 1] and spikes[m] == spikes[m + 1]"):
                        out("m += 1")
                    out("alike = m - n")
            if drifting:
                out(f"span = advance(y, moving, slopes, span, alike * dt, {passed})")
                if any(q.is_weight for q in drifting):
                    with out.block("for s in range(len(w))"):
                        out("w[s] = clipped(w[s], low, high)")
            for q in ordered:
                if q not in drifting and q.rate != ZERO:
                    rate = source(q.rate, lambda node: kept.names[node])
                    with out.block(f"for k in range(len({q.name}))"):
                        out(f"{q.name}[k] *= exp(-({rate}) * (alike * dt))")
            out("n += alike")
        out(*(f"given_{q.name}[:] = {q.name}" for q in kept.quantities))
