"""A sum of products: the change of each weight as few matrix products over the batch as can be found.

An expression over batch, postsynaptic and presynaptic cells is expanded into terms

    coefficient · synapse[post, pre] · mean over the batch of (post[batch, post] · pre[batch, pre])

and a sum is expanded only where its parts lie on different sides: `(pre - mean(pre, tau)) * (post - theta)` stays one
product.
Terms that share two of their factors are added before multiplying.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache, reduce

from cofire.language.algebra import simplify
from cofire.language.functions import FILTERS
from cofire.language.text import to_text
from cofire.language.tree import ONE, Binary, Call, Expr, Negative, Number, Weight, children
from cofire.lowering.placement import BATCH, POST_SIDE, PRE_SIDE, SYNAPSE, Placement

MAX_TERMS = 64  # of an expression multiplied out, and factors of each; what has more is run tiled


@dataclass(frozen=True, slots=True)
class Term:
    """One product. A factor that is None is 1; which factors vary over the batch decides how it is computed."""

    coefficient: Expr
    post: Expr | None
    pre: Expr | None
    synapse: Expr | None
    post_in_batch: bool
    pre_in_batch: bool
    ordered: bool = False

    @property
    def is_product(self) -> bool:
        """Whether this is a matrix product over the batch (else it needs one or two vectors)."""
        return self.post_in_batch and self.pre_in_batch

    @property
    def expression(self) -> Expr:
        """The term as one expression."""
        factors = (self.coefficient, self.synapse, self.post, self.pre)
        return _product(factor for factor in factors if factor is not None) or ONE

    @property
    def scales_rows(self) -> bool:
        """Whether the term multiplies each row of the weights by a number."""
        return self.synapse == Weight() and self.pre is None


@dataclass(frozen=True, slots=True)
class Separated:
    """An expression as terms, and what did not separate: each needs every sample, row and column at once."""

    terms: tuple[Term, ...]
    rest: tuple[Expr, ...]


Factors = tuple[Expr, ...]


@lru_cache(maxsize=4096)
def separate(expression: Expr, place: Placement) -> Separated:
    """`expression` as a sum of products; anything that mixes the sides inside a function goes to `rest`."""
    try:
        expanded = _expand(expression, place)
    except _TooManyTerms:
        return Separated((), (expression,))
    terms: list[Term] = []
    rest: list[Expr] = []
    for factors in expanded:
        term = None if any(_is_mixed(factor, place) for factor in factors) else _term(factors, place)
        if term is None:
            rest.append(simplify(_product(factors) or ONE))
        else:
            terms.append(term)
    return Separated(tuple(_merged(terms)), tuple(rest))


def additive_terms(expression: Expr) -> list[Expr]:
    """The summands of `expression`, signs included."""
    match expression:
        case Negative(inner):
            return [simplify(Negative(term)) for term in additive_terms(inner)]
        case Binary("+", left, right):
            return additive_terms(left) + additive_terms(right)
        case Binary("-", left, right):
            return additive_terms(left) + additive_terms(Negative(right))
    return [expression]


class _TooManyTerms(Exception):
    pass


def _expand(node: Expr, place: Placement) -> list[Factors]:
    match node:
        case Negative(inner):
            return [(Negative(ONE), *factors) for factors in _expand(inner, place)]
        case Binary("*", left, right):
            return _cross(_expand(left, place), _expand(right, place))
        case Binary("/", left, right) if not _is_mixed(right, place):
            return [(*factors, Binary("/", ONE, right)) for factors in _expand(left, place)]
        case Binary("+" | "-", left, right) if _is_mixed(node, place):
            terms = _expand(left, place) + _expand(right if node.operator == "+" else Negative(right), place)
            if len(terms) > MAX_TERMS:
                raise _TooManyTerms
            return terms
        case Binary("**", base, Number(n)) if _is_mixed(node, place) and n.is_integer() and 1 <= n <= MAX_TERMS:
            return reduce(_cross, [_expand(base, place)] * int(n))
    return [(node,)]


def _cross(left: list[Factors], right: list[Factors]) -> list[Factors]:
    if len(left) * len(right) > MAX_TERMS or max(map(len, left)) + max(map(len, right)) > MAX_TERMS:
        raise _TooManyTerms
    return [a + b for a in left for b in right]


def _is_mixed(node: Expr, place: Placement) -> bool:
    """Whether `node` belongs to no one side: it varies over samples and over both kinds of cell."""
    axes = place.axes(node)
    if _is_ordered(node):
        return not _is_ordered_sum(node, place)
    return not (axes <= POST_SIDE or axes <= PRE_SIDE or axes <= SYNAPSE)


def _is_ordered(node: Expr) -> bool:
    """Whether an ordered sum is in `node`, but for those that a filter follows."""
    match node:
        case Call("reconstruct_ordered"):
            return True
        case Call(function) if function in FILTERS:
            return False
    return any(map(_is_ordered, children(node)))


def _is_ordered_sum(node: Expr, place: Placement) -> bool:
    """Whether `node` is `reconstruct_ordered(s)` itself, which a product in blocks can take as a presynaptic factor."""
    return (
        isinstance(node, Call) and node.function == "reconstruct_ordered" and place.axes(node.arguments[0]) <= POST_SIDE
    )


def _term(factors: Factors, place: Placement) -> Term | None:
    """The factors sorted by side, or None where an ordered sum does not stand alone on its side."""
    sides: dict[str, list[Expr]] = {"coefficient": [], "signal": [], "post": [], "pre": [], "synapse": []}
    ordered = False
    for factor in factors:
        axes = place.axes(factor)
        if _is_ordered(factor):
            ordered = True
            side = "pre"
        elif place.is_constant(factor):
            side = "coefficient"
        elif axes <= BATCH:
            side = "signal"
        else:
            side = "post" if axes <= POST_SIDE else "pre" if axes <= PRE_SIDE else "synapse"
        sides[side].append(factor)
    sides["post" if sides["post"] or not sides["pre"] else "pre"][:0] = sides["signal"]
    post, pre, synapse = (_product(sides[side]) for side in ("post", "pre", "synapse"))
    if ordered and (len(sides["pre"]) > 1 or synapse is not None):
        return None
    return Term(
        simplify(_product(sides["coefficient"]) or ONE),
        post,
        pre,
        synapse,
        post is not None and "batch" in place.axes(post),
        pre is not None and "batch" in place.axes(pre),
        ordered,
    )


def _product(factors: Iterable[Expr]) -> Expr | None:
    factors = list(factors)
    return simplify(reduce(lambda a, b: Binary("*", a, b), factors)) if factors else None


def _merged(terms: list[Term]) -> list[Term]:
    """`terms` with those added together that differ in one factor only."""
    terms = _merge(
        terms, lambda t: (_key(t.post), _key(t.pre)), _add_synapses, lambda t: t.is_product and not t.ordered
    )
    terms = _merge(
        terms, lambda t: (_key(t.pre), _key(t.synapse)), _add_posts, lambda t: t.pre_in_batch and not t.ordered
    )
    return _merge(terms, lambda t: (_key(t.post), _key(t.synapse)), _add_pres, lambda t: t.post_in_batch)


def _merge(
    terms: list[Term],
    key: Callable[[Term], Hashable],
    add: Callable[[Term, Term], Term],
    applies: Callable[[Term], bool],
) -> list[Term]:
    merged: dict[Hashable, Term] = {}
    for position, term in enumerate(terms):
        place = key(term) if applies(term) else position
        merged[place] = add(merged[place], term) if place in merged else term
    return list(merged.values())


def _add_synapses(a: Term, b: Term) -> Term:
    coefficient, total = _sum(a, a.synapse, b, b.synapse)
    return replace(a, coefficient=coefficient, synapse=total)


def _add_posts(a: Term, b: Term) -> Term:
    coefficient, total = _sum(a, a.post, b, b.post)
    return replace(a, coefficient=coefficient, post=total, post_in_batch=a.post_in_batch or b.post_in_batch)


def _add_pres(a: Term, b: Term) -> Term:
    coefficient, total = _sum(a, a.pre, b, b.pre)
    in_batch, ordered = a.pre_in_batch or b.pre_in_batch, a.ordered or b.ordered
    return replace(a, coefficient=coefficient, pre=total, pre_in_batch=in_batch, ordered=ordered)


def _sum(a: Term, x: Expr | None, b: Term, y: Expr | None) -> tuple[Expr, Expr]:
    """`a.coefficient * x + b.coefficient * y` as `(common coefficient, sum)`."""
    x, y = x or ONE, y or ONE
    if a.coefficient == b.coefficient:
        return a.coefficient, simplify(Binary("+", x, y))
    if a.coefficient == simplify(Negative(b.coefficient)):
        return a.coefficient, simplify(Binary("-", x, y))
    return ONE, simplify(Binary("+", Binary("*", a.coefficient, x), Binary("*", b.coefficient, y)))


def _key(factor: Expr | None) -> tuple[str, ...]:
    """The factors of a product as texts, in one order whichever way they were multiplied."""
    match factor:
        case None:
            return ()
        case Binary("*", left, right):
            return tuple(sorted(_key(left) + _key(right)))
    return (to_text(factor),)
