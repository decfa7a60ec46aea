"""Who is connected to whom: each connector says which pairs of cells have a synapse.

    all_to_all()                     every pair
    one_to_one()                     cell k to cell k
    fixed_probability(p)             each pair with probability p
    fixed_in_degree(k)               k presynaptic cells for each postsynaptic one
    from_pairs(pre, post)            as listed
    from_matrix(matrix)              where a matrix [post, pre], dense or scipy.sparse, is not zero, with its weights
    by_distance(p, pre=, post=)      with a probability that depends on how far apart the cells lie

`autapses`: whether a cell of a population may have a synapse onto itself. `multapses`: whether a pair may have several.
A connector yields `(pre, post)` in pieces, the presynaptic cells in ascending order, so that a network of many synapses
needs no list of all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from cofire.constraints import FRACTION, check
from cofire.errors import ArrayError, ParameterError

Array = np.ndarray
Pairs = tuple[Array, Array]
PIECE = 1 << 20  # synapses of a piece, about


class Connector(Protocol):
    """Anything that says which pairs of cells are connected."""

    def pieces(self, n_pre: int, n_post: int, same: bool, rng: np.random.Generator) -> Iterator[Pairs]:
        """`(pre, post)` in pieces, in ascending order of `pre`; `same`: both sides are one population.

        Raises: `ParameterError`, `ArrayError` if that cannot be.
        """
        ...

    def expected(self, n_pre: int, n_post: int) -> float:
        """About how many synapses that makes."""
        ...


@dataclass(frozen=True)
class all_to_all:  # noqa: N801  (connectors read as functions do)
    """Every pair of cells."""

    autapses: bool = True

    def pieces(self, n_pre: int, n_post: int, same: bool, rng: np.random.Generator) -> Iterator[Pairs]:  # noqa: ARG002
        rows = max(1, PIECE // max(n_post, 1))
        for begin in range(0, n_pre, rows):
            pre = np.repeat(np.arange(begin, min(begin + rows, n_pre)), n_post)
            post = np.tile(np.arange(n_post), len(pre) // max(n_post, 1))
            yield _without_autapses(pre, post, same and not self.autapses)

    def expected(self, n_pre: int, n_post: int) -> float:
        return float(n_pre * n_post)


@dataclass(frozen=True)
class one_to_one:  # noqa: N801
    """Cell k to cell k."""

    def pieces(self, n_pre: int, n_post: int, same: bool, rng: np.random.Generator) -> Iterator[Pairs]:  # noqa: ARG002
        if n_pre != n_post:
            raise ParameterError(f"one_to_one() needs as many cells on both sides, not {n_pre} and {n_post}")
        yield np.arange(n_pre), np.arange(n_pre)

    def expected(self, n_pre: int, n_post: int) -> float:  # noqa: ARG002
        return float(n_pre)


@dataclass(frozen=True)
class fixed_probability:  # noqa: N801
    """Each pair with probability `p`, independently."""

    p: float
    autapses: bool = True

    def __post_init__(self) -> None:
        check("p", self.p, FRACTION)

    def pieces(self, n_pre: int, n_post: int, same: bool, rng: np.random.Generator) -> Iterator[Pairs]:
        rows = max(1, int(PIECE / max(self.p * n_post, 1.0)))
        for begin in range(0, n_pre, rows):
            size = (min(begin + rows, n_pre) - begin) * n_post
            place = _chosen(size, self.p, rng)
            pre, post = np.divmod(place, n_post)
            yield _without_autapses(pre + begin, post, same and not self.autapses)

    def expected(self, n_pre: int, n_post: int) -> float:
        return self.p * n_pre * n_post


@dataclass(frozen=True)
class fixed_in_degree:  # noqa: N801
    """`k` synapses onto each postsynaptic cell, their presynaptic cells drawn at random."""

    k: int
    autapses: bool = True
    multapses: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.k, bool) or not isinstance(self.k, int | np.integer) or self.k < 0:
            raise ParameterError(f"k = {self.k!r} is refused: it must be a whole number of synapses, at least 0")

    def pieces(self, n_pre: int, n_post: int, same: bool, rng: np.random.Generator) -> Iterator[Pairs]:
        own = same and not self.autapses
        choice = n_pre - own
        if self.k > choice and not (self.multapses and choice):
            raise ParameterError(
                f"fixed_in_degree({self.k}) is more than the {choice} presynaptic cells there are; "
                "multapses=True lets a pair have several synapses"
            )
        if self.multapses:
            pre = rng.integers(0, choice, (n_post, self.k))
        else:
            pre = np.array([rng.choice(choice, self.k, replace=False) for _ in range(n_post)], dtype=np.int64)
            pre = pre.reshape(n_post, self.k)
        if own:  # the numbers from the cell's own on stand for the next cell each
            pre += pre >= np.arange(n_post)[:, None]
        post = np.repeat(np.arange(n_post), self.k)
        order = np.lexsort((post, pre.ravel()))
        yield pre.ravel()[order], post[order]

    def expected(self, n_pre: int, n_post: int) -> float:  # noqa: ARG002
        return float(self.k * n_post)


@dataclass(frozen=True)
class from_pairs:  # noqa: N801
    """The synapses as listed: two arrays of whole numbers, in any order; a pair may occur more than once."""

    pre: Any
    post: Any

    def pieces(self, n_pre: int, n_post: int, same: bool, rng: np.random.Generator) -> Iterator[Pairs]:  # noqa: ARG002
        pre, post = _cells("pre", self.pre, n_pre), _cells("post", self.post, n_post)
        if len(pre) != len(post):
            raise ArrayError(f"from_pairs() has {len(pre)} presynaptic cells and {len(post)} postsynaptic ones")
        yield pre, post

    def expected(self, n_pre: int, n_post: int) -> float:  # noqa: ARG002
        return float(np.size(self.pre))


@dataclass(frozen=True)
class from_matrix:  # noqa: N801
    """A synapse wherever `matrix[post, pre]` is not zero; its value is the weight, unless `weight` is given."""

    matrix: Any

    def __post_init__(self) -> None:
        if not hasattr(self.matrix, "shape"):
            object.__setattr__(self, "matrix", np.asarray(self.matrix, dtype=np.float64))

    def pieces(self, n_pre: int, n_post: int, same: bool, rng: np.random.Generator) -> Iterator[Pairs]:  # noqa: ARG002
        pre, post, _ = self._entries()
        shape = tuple(self.matrix.shape)
        if shape != (n_post, n_pre):
            raise ArrayError(f"the matrix has shape {shape}; expected [post, pre], here ({n_post}, {n_pre})")
        yield pre, post

    def weights(self) -> Array:
        """The weight of each synapse, in the order of `pieces`."""
        return self._entries()[2]

    def expected(self, n_pre: int, n_post: int) -> float:  # noqa: ARG002
        return float(self.matrix.nnz if hasattr(self.matrix, "nnz") else np.count_nonzero(self.matrix))

    def _entries(self) -> tuple[Array, Array, Array]:
        from scipy import sparse

        found = sparse.coo_matrix(self.matrix)
        if found.data.dtype.kind not in "iufb" or not np.isfinite(found.data).all():
            raise ArrayError("the matrix holds values that are not finite real numbers")
        order = np.lexsort((found.row, found.col))
        post, pre, values = found.row[order], found.col[order], found.data[order].astype(np.float64)
        kept = values != 0.0
        return pre[kept].astype(np.int64), post[kept].astype(np.int64), values[kept]


@dataclass(frozen=True)
class by_distance:  # noqa: N801
    """Each pair with probability `p(distance)`, of an array; `pre[cell, axis]`, `post[cell, axis]`: positions."""

    p: Callable[[Array], Array]
    pre: Any
    post: Any
    autapses: bool = True

    def __post_init__(self) -> None:
        if not callable(self.p):
            raise ParameterError(f"p = {self.p!r} is refused: it must be a function of an array of distances")

    def pieces(self, n_pre: int, n_post: int, same: bool, rng: np.random.Generator) -> Iterator[Pairs]:
        here, there = _positions("pre", self.pre, n_pre), _positions("post", self.post, n_post)
        rows = max(1, PIECE // max(n_post, 1))
        for begin in range(0, n_pre, rows):
            apart = np.linalg.norm(here[begin : begin + rows, None, :] - there[None, :, :], axis=-1)
            chance = np.broadcast_to(np.asarray(self.p(apart), dtype=np.float64), apart.shape)
            if not ((chance >= 0.0) & (chance <= 1.0)).all():
                raise ParameterError("by_distance(p): p gives values that are not probabilities between 0 and 1")
            pre, post = np.nonzero(rng.random(apart.shape) < chance)
            yield _without_autapses(pre + begin, post, same and not self.autapses)

    def expected(self, n_pre: int, n_post: int) -> float:
        return float(n_pre * n_post)


def _chosen(size: int, p: float, rng: np.random.Generator) -> Array:
    """Those of 0 to size - 1 that are chosen, each with probability p: the gaps between them are geometric."""
    if p <= 0.0 or size == 0:
        return np.zeros(0, dtype=np.int64)
    if p == 1.0:
        return np.arange(size)
    found = [np.cumsum(rng.geometric(p, int(size * p + 6 * np.sqrt(size * p) + 16))) - 1]
    while found[-1][-1] < size:
        found.append(found[-1][-1] + np.cumsum(rng.geometric(p, 64)))
    places = np.concatenate(found)
    return places[: np.searchsorted(places, size)]


def _without_autapses(pre: Array, post: Array, wanted: bool) -> Pairs:
    if not wanted:
        return pre, post
    others = pre != post
    return pre[others], post[others]


def _cells(name: str, values: Any, size: int) -> Array:
    array = np.asarray(values)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise ArrayError(f"{name} must be one list of whole numbers, not {array.dtype} of shape {array.shape}")
    array = array.astype(np.int64)
    wrong = (array < 0) | (array >= size)
    if wrong.any():
        place = int(np.argmax(wrong))
        raise ArrayError(f"{name}[{place}] is {array[place]}, but the population has cells 0 to {size - 1}")
    return array


def _positions(name: str, values: Any, size: int) -> Array:
    array = np.asarray(values, dtype=np.float64)
    array = array[:, None] if array.ndim == 1 else array
    if array.ndim != 2 or len(array) != size:
        raise ArrayError(f"the positions {name} have shape {array.shape}; expected [{size} cells, axis]")
    if not np.isfinite(array).all():
        raise ArrayError(f"the positions {name} hold values that are NaN or infinite")
    return array
