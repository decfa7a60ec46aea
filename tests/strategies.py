"""Random expressions and rules, for hypothesis: the same ones for every test that needs any rule there can be."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from cofire.language.algebra import arithmetic
from cofire.language.functions import FILTERS, FUNCTIONS, REDUCTIONS
from cofire.language.reader import MAX_EXPONENT
from cofire.language.tree import POST, PRE, Binary, Call, Cell, Expr, Name, Negative, Number, Operator, Weight

PLAIN_FUNCTIONS = tuple(name for name, function in FUNCTIONS.items() if function.kind == "function")
OPERATORS: tuple[Operator, ...] = ("+", "-", "*", "/", "**")
CELLS = (PRE, POST, Cell("post", "v"))

NUMBERS = st.one_of(
    st.integers(0, 10).map(float),
    st.floats(0, allow_nan=False, allow_infinity=False),
).map(Number)


@st.composite
def expressions(
    draw: st.DrawFn,
    names: Sequence[str] = ("eta", "theta"),
    *,
    taus: Sequence[str] = ("tau", "tau_plus"),
    cells: Sequence[Cell] = CELLS,
    weight: bool = True,
    numbers: st.SearchStrategy[Number] = NUMBERS,
    operators: Sequence[Operator] = OPERATORS,
    exponents: st.SearchStrategy[Expr] | None = None,
    functions: Sequence[str] = PLAIN_FUNCTIONS,
    filters: Sequence[str] = tuple(sorted(FILTERS)),
    reductions: Sequence[str] = tuple(sorted(REDUCTIONS)),
    max_depth: int = 4,
) -> Expr:
    """Random expressions, each one that the parser accepts: `@given(expressions(("eta", "theta")))`.

    names: what a `Name` can be (parameters, modulators, variables of the synapse). taus: time constants; they stand in
    filters only, and every filter has one of `taus`: `nearest` is of `pre` or `post`, the others of any expression, at
    a leaf of one of `cells`. weight: whether `w` can occur. numbers: the literals, finite and not negative. exponents:
    the right sides of `**`; if None, any expression but a number beyond `MAX_EXPONENT`. Empty `operators` (with "-"
    goes the minus in front), `functions`, `filters` or `reductions` leave those out. max_depth: how many nodes a leaf
    has above it at most.

    A rule whose numbers stay tame, for a test that computes:

        expressions(
            ("eta",), functions=("tanh", "relu"), reductions=(), operators=("+", "-", "*"),
            numbers=st.sampled_from([Number(0.5), Number(1.0), Number(2.0)]),
        )
    """
    leaves: list[st.SearchStrategy[Expr]] = [numbers]
    leaves += [st.sampled_from(names).map(Name)] if names else []
    leaves += [st.sampled_from(cells)] if cells else []
    leaves += [st.just(Weight())] if weight else []
    leaf = st.one_of(leaves)
    filters = filters if cells and taus else ()
    minus = ("negative",) if "-" in operators else ()
    leaf_groups = [group for group in (("leaf",), filters) if group]
    # Groups first, then one of a group: arithmetic, which rules are made of, is not lost among twelve functions.
    branches = [group for group in (operators, operators, operators, minus, functions, reductions) if group]
    groups = [*leaf_groups, *branches]

    def grow(depth: int) -> Expr:
        kind = draw(st.sampled_from(draw(st.sampled_from(groups if depth else leaf_groups))))
        if kind == "leaf":
            return draw(leaf)
        if kind in filters:
            followed = [cell for cell in cells if kind != "nearest" or cell.variable is None]
            signal = grow(depth - 1) if depth and kind != "nearest" else draw(st.sampled_from(followed))
            return Call(kind, (signal, Name(draw(st.sampled_from(taus)))))
        if kind == "negative":
            return Negative(grow(depth - 1))
        for operator in operators:
            if kind == operator:
                left = grow(depth - 1)
                return Binary(operator, left, draw_exponent(depth) if operator == "**" else grow(depth - 1))
        least, most = FUNCTIONS[kind].arguments
        return Call(kind, tuple(grow(depth - 1) for _ in range(draw(st.integers(least, min(most, least + 2))))))

    def draw_exponent(depth: int) -> Expr:
        exponent = draw(exponents) if exponents is not None else grow(depth - 1)
        value = arithmetic(exponent, {})
        return exponent if value is None or abs(value) <= MAX_EXPONENT else Number(2.0)

    return grow(max_depth)
