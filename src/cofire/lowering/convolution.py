"""A rule in a convolution: every patch of the image is a sample, and no patch is ever written out.

A convolution is a dense layer whose samples are the patches of the image, so that a rule means the same in it. What is
new is who owns what. A function of `pre` is one of each pixel, and the patches share it; but what belongs to one place
of the patch, such as `mean(pre, tau)`, belongs to a synapse, and what a patch has in all, such as `sum_pre(pre)`, lies
on the map of the postsynaptic cells. Once so placed (`PatchPlacement`), a rule is separated by `products.py`:

    term             coefficient · synapse · sum over patches of (post[position] · pre[pixel])    a weight-gradient pass
    reconstruction   ... · post[position] · sum_post(synapse · s[position])    products of the cells with each other
"""

from __future__ import annotations

from dataclasses import dataclass

from cofire.errors import LanguageError
from cofire.language.functions import FILTERS
from cofire.language.text import to_text
from cofire.language.tree import ONE, Binary, Call, Expr, Negative, Weight, children, rebuild, walk
from cofire.lowering.placement import BATCH, POST_SIDE, SYNAPSE, Axes, Placement
from cofire.lowering.products import Separated, Term, separate


class PatchPlacement(Placement):
    """The axes of every subexpression where samples are patches: "batch" stands for samples and positions."""

    def _axes(self, node: Expr) -> Axes:
        axes = super()._axes(node)
        match node:
            case Call("sum_pre"):
                return axes | {"post"} if "batch" in axes else axes
            case Call("sum_post"):
                return SYNAPSE | axes if "pre" in axes else axes | {"post"} if "batch" in axes else axes
            case Call(function) if function == ORDERED:
                return SYNAPSE | BATCH  # always set aside
            case Call(function) if function in FILTERS and "pre" in axes:
                return SYNAPSE
        return axes


ORDERED = "ordered sum_post"  # of w * s, over the cells up to and including the one that learns


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """`term` (which has no factor `pre`) times the sum over postsynaptic cells of `inside`.

    `ordered`: the sum is over the cells up to and including the one that learns.
    """

    term: Term
    inside: Separated
    ordered: bool


@dataclass(frozen=True, slots=True)
class Passes:
    """An expression as what is run over an image."""

    terms: tuple[Term, ...]
    reconstructions: tuple[Reconstruction, ...]


def passes(expression: Expr, place: PatchPlacement) -> Passes:
    """`expression` over patches. Raises: `LanguageError` naming what does not separate."""
    separated = separate(_unordered(expression), place)
    for term in separated.terms:
        _check_sums(term, place)
    reconstructions = [one for part in separated.rest for one in _reconstructions(part, place)]
    return Passes(separated.terms, tuple(reconstructions))


def _unordered(node: Expr) -> Expr:
    """`node` with `reconstruct_ordered(s)` as a sum over postsynaptic cells that differs by its name only.

    Filters stay as they are written: what they follow is worked out apart.
    """
    match node:
        case Call(function) if function in FILTERS:
            return node
        case Call("reconstruct_ordered", (inner,)):
            return Call(ORDERED, (Binary("*", Weight(), _unordered(inner)),))
    return rebuild(node, _unordered)


def _reconstructions(part: Expr, place: PatchPlacement) -> list[Reconstruction]:
    """A product, one factor of which is a sum over postsynaptic cells that differs by patch and by place."""
    for call in walk(part):
        if isinstance(call, Call) and call.function in ("sum_post", ORDERED):
            rest = _without(part, call)
            if rest is None:
                continue
            others = separate(rest, place)
            if others.rest or any(term.pre is not None for term in others.terms):
                break
            for term in others.terms:
                _check_sums(term, place)
            inside = _inside(call, place)
            return [Reconstruction(term, inside, call.function == ORDERED) for term in others.terms]
    raise _refusal(part)


def _inside(call: Call, place: PatchPlacement) -> Separated:
    inside = separate(call.arguments[0], place)
    if inside.rest or any(term.pre is not None for term in inside.terms):
        raise _refusal(call)
    for term in inside.terms:
        _check_sums(term, place)
    return inside


def _check_sums(term: Term, place: PatchPlacement) -> None:
    """The sums over cells within the factors of a term must separate too; what a filter follows is looked at apart."""
    pending = [factor for factor in (term.post, term.pre, term.synapse) if factor is not None]
    while pending:
        node = pending.pop()
        match node:
            case Call(function) if function in FILTERS:
                continue
            case Call("sum_pre", (inner,)) if separate(inner, place).rest:
                raise _refusal(node)
            case Call("sum_post", (inner,)) if not (place.axes(inner) <= POST_SIDE or place.axes(inner) <= SYNAPSE):
                raise _refusal(node)
        pending.extend(children(node))


def _without(product: Expr, factor: Expr) -> Expr | None:
    """`product` without one of its factors; None if it is not one of them."""
    if product == factor:
        return ONE
    match product:
        case Negative(inner):
            rest = _without(inner, factor)
            return None if rest is None else Negative(rest)
        case Binary("*", left, right):
            rest = _without(left, factor)
            if rest is not None:
                return right if rest == ONE else Binary("*", rest, right)
            rest = _without(right, factor)
            return None if rest is None else left if rest == ONE else Binary("*", left, rest)
        case Binary("/", left, right):
            rest = _without(left, factor)
            return None if rest is None else Binary("/", rest, right)
    return None


def _refusal(part: Expr) -> LanguageError:
    return LanguageError(
        f"{to_text(_written(part))!r} does not separate in a convolution, where each patch is a sample: write it as a "
        f"sum of products of a function of pre, one of post, and one of w and what is remembered, or take a dense layer"
    )


def _written(node: Expr) -> Expr:
    """`node` as the language writes it."""
    match node:
        case Call(function, (Binary("*", Weight(), inner),)) if function == ORDERED:
            return Call("reconstruct_ordered", (_written(inner),))
    return rebuild(node, _written)
