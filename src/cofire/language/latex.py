r"""Tree to LaTeX (mathematics mode; amsmath for a rule of several equations). The notation is that of `symbols.py`."""

from __future__ import annotations

from cofire.language.symbols import (
    GREEK,
    NAMED,
    Place,
    is_short,
    needs_brackets,
    needs_dot,
    prepared,
    scientific,
    symbol,
)
from cofire.language.tree import Binary, Call, Cell, Dynamics, Equations, Expr, Name, Negative, Number, Weight

# Greek letters that look Latin: LaTeX has no command for them.
_LATIN = {"Alpha": "A", "Beta": "B", "Epsilon": "E", "Zeta": "Z", "Eta": "H", "Iota": "I", "Kappa": "K", "Mu": "M"}
_LATIN |= {"Nu": "N", "Omicron": "O", "Rho": "P", "Tau": "T", "Chi": "X", "omicron": "o"}
_SUBSCRIPTS = {"plus": "+", "minus": "-", "max": r"\max", "min": r"\min"}
_COMMANDS = frozenset({"exp", "ln", "tanh", "min", "max"})


def to_latex(expr: Expr) -> str:
    r"""`expr` in LaTeX: `\eta\,\mathrm{pre}\,\mathrm{post}`."""
    return _latex(prepared(expr), 0)


def equations_to_latex(equations: Equations | Dynamics) -> str:
    r"""All equations: `\frac{dw}{dt} = ...`; several stand one below the other in an `aligned` environment."""
    rows = _rows(equations)
    return rows[0].replace("&", "") if len(rows) == 1 else _aligned(rows)


def neuron_to_latex(neuron: Dynamics) -> str:
    """The equations of a neuron, and below them its threshold with what is set when it fires."""
    if neuron.threshold is None:
        return equations_to_latex(neuron)
    left, right = to_latex(neuron.threshold.left), to_latex(neuron.threshold.right)
    sign = r"\ge" if neuron.threshold.operator == ">=" else ">"
    sets = [rf"{_name(name)} \leftarrow {to_latex(value)}" for name, value in neuron.reset]
    fires = f"{left} &{sign} {right}"
    if sets:
        fires += r" \;\Rightarrow\; " + r",\ ".join(sets)
    return _aligned([*_rows(neuron), fires])


def _rows(equations: Equations | Dynamics) -> list[str]:
    lines = [(rf"\frac{{d{_name(name)}}}{{dt}}", expression) for name, expression in equations.derivatives]
    lines += [(_name(name), expression) for name, expression in equations.definitions]
    return [f"{left} &= {to_latex(expression)}" for left, expression in lines]


def _aligned(rows: list[str]) -> str:
    return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"


def _latex(node: Expr, primes: int, place: Place | None = None) -> str:
    """`node`, in brackets if `place` needs them; inside `primes` reconstructions, `post` is the cell they sum over."""
    if place and needs_brackets(node, place):
        return _fenced("(", _latex(node, primes), ")")

    def of(part: Expr, place: Place | None = None) -> str:
        return _latex(part, primes, place)

    match node:
        case Number(value):
            return _number(value)
        case Name(name):
            return _name(name)
        case Weight():
            return f"w_{{{_cell('post', primes)}}}" if primes else "w"
        case Cell(side, variable):
            return _name(variable, _cell(side, primes)) if variable else _cell(side, primes)
        case Negative(operand):
            return f"-{of(operand, 'subtrahend')}"
        case Binary("+", left, right):
            return f"{of(left)} + {of(right, 'summand')}"
        case Binary("-", left, right):
            return f"{of(left)} - {of(right, 'subtrahend')}"
        case Binary("*", left, right):
            sign = r" \cdot " if needs_dot(left, right) else r"\,"
            return f"{of(left, 'first factor')}{sign}{of(right, 'factor')}"
        case Binary("/", left, right):
            return rf"\frac{{{of(left)}}}{{{of(right)}}}"
        case Binary(_, left, right):  # **
            return f"{of(left, 'base')}^{{{of(right)}}}"
        case Call("sum_pre", (x,)):
            return rf"\sum_{{{_cell('pre')}}} {of(x, 'summed')}"
        case Call("sum_post", (x,)):
            return rf"\sum_{{{_cell('post')}}} {_latex(x, 0, 'summed')}"
        case Call("reconstruct" | "reconstruct_ordered" as function, (x,)):
            cells = _cell("post", primes + 1)
            if function == "reconstruct_ordered":
                cells += rf" \le {_cell('post', primes)}"
            return rf"\sum_{{{cells}}} {_latex(Binary('*', Weight(), x), primes + 1)}"
        case Call("exp", (x,)) if is_short(x):
            return rf"\mathrm{{e}}^{{{of(x)}}}"
        case Call(function, arguments):
            return _call(function, *map(of, arguments))


def _call(function: str, x: str, *rest: str) -> str:
    """A function or a filter of arguments already in LaTeX."""
    match function:
        case "sqrt":
            return rf"\sqrt{{{x}}}"
        case "abs":
            return _fenced("|", x, "|")
        case "relu":
            return f"{_fenced('[', x, ']')}_{{+}}"
        case "trace":
            return rf"\overline{{{x}}}_{{{rest[0]}}}"
        case "nearest":
            return rf"\overline{{{x}}}_{{\mathrm{{nn}},{rest[0]}}}"
        case "mean":
            return rf"\left\langle {x}\right\rangle_{{{rest[0]}}}"
        case _:
            name = NAMED[function]
            command = f"\\{name}" if name in _COMMANDS else rf"\operatorname{{{name}}}"
            return command + _fenced("(", ", ".join((x, *rest)), ")")


def _fenced(left: str, inside: str, right: str) -> str:
    return rf"\left{left}{inside}\right{right}"


def _number(value: float) -> str:
    digits, power = scientific(value)
    if not power:
        return digits
    return f"10^{{{power}}}" if digits == "1" else rf"{digits} \times 10^{{{power}}}"


def _cell(side: str, primes: int = 0) -> str:
    word = rf"\mathrm{{{side}}}"
    return f"{{{word}{chr(39) * primes}}}" if primes and side == "post" else word


def _name(name: str, *more: str) -> str:
    """A name with its subscripts and `more` of them."""
    parts = symbol(name)
    base = parts.base if len(parts.base) == 1 else _word(parts.base)
    subscripts = [*map(_subscript, parts.subscripts), *more]
    return f"{base}_{{{','.join(subscripts)}}}" if subscripts else base


def _subscript(word: str) -> str:
    return word if word.isdigit() else _SUBSCRIPTS.get(word) or _word(word)


def _word(word: str) -> str:
    if word in GREEK and word not in _LATIN:
        return f"\\{word}"
    return rf"\mathrm{{{_LATIN.get(word, word)}}}"
