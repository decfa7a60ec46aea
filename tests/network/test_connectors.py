"""Who is connected to whom: counts, order, autapses and multapses, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from cofire import ArrayError, ParameterError
from cofire.network import (
    all_to_all,
    by_distance,
    fixed_in_degree,
    fixed_probability,
    from_matrix,
    from_pairs,
    one_to_one,
)
from cofire.network.connectors import Connector
from cofire.network.rows import rows_of_list, rows_of_pieces


def pairs(connector: Connector, n_pre: int, n_post: int, *, same: bool = False, seed: int = 0) -> list[tuple[int, int]]:
    found = connector.pieces(n_pre, n_post, same, np.random.default_rng(seed))
    return [(int(i), int(j)) for pre, post in found for i, j in zip(pre, post, strict=True)]


def test_every_pair() -> None:
    assert pairs(all_to_all(), 2, 3) == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    assert pairs(all_to_all(autapses=False), 2, 2, same=True) == [(0, 1), (1, 0)]
    assert len(pairs(all_to_all(autapses=False), 2, 2)) == 4  # two populations have no autapses


def test_one_to_one() -> None:
    assert pairs(one_to_one(), 3, 3) == [(0, 0), (1, 1), (2, 2)]
    with pytest.raises(ParameterError, match=r"as many cells on both sides, not 3 and 4"):
        pairs(one_to_one(), 3, 4)


def test_fixed_probability_is_binomial() -> None:
    chosen = pairs(fixed_probability(0.1), 200, 500)
    assert chosen == sorted(set(chosen))
    assert len(chosen) == pytest.approx(10_000, abs=5 * np.sqrt(100_000 * 0.1 * 0.9))
    per_cell = np.bincount([j for _, j in chosen], minlength=500)
    assert per_cell.var() == pytest.approx(200 * 0.1 * 0.9, rel=0.3)
    assert pairs(fixed_probability(0.0), 5, 5) == []
    assert len(pairs(fixed_probability(1.0, autapses=False), 5, 5, same=True)) == 20
    with pytest.raises(ParameterError, match=r"p = 1.5 is refused: it must be in \[0, 1\]"):
        fixed_probability(1.5)


@settings(max_examples=30, deadline=None)
@given(k=st.integers(0, 6), n_pre=st.integers(1, 8), n_post=st.integers(1, 8), multapses=st.booleans())
def test_fixed_in_degree_gives_each_cell_as_many(k: int, n_pre: int, n_post: int, multapses: bool) -> None:
    connector = fixed_in_degree(k, autapses=False, multapses=multapses)
    if k > n_pre - (n_pre == n_post) and not (multapses and n_pre - (n_pre == n_post)):
        with pytest.raises(ParameterError, match="presynaptic cells there are"):
            pairs(connector, n_pre, n_post, same=n_pre == n_post)
        return
    chosen = pairs(connector, n_pre, n_post, same=n_pre == n_post)
    assert np.bincount([j for _, j in chosen], minlength=n_post).tolist() == [k] * n_post
    assert multapses or len(set(chosen)) == len(chosen)
    assert n_pre != n_post or all(i != j for i, j in chosen)
    assert [i for i, _ in chosen] == sorted(i for i, _ in chosen)


def test_a_matrix_brings_its_weights_dense_or_sparse() -> None:
    matrix = np.array([[0.0, 2.0, 0.0], [1.0, 0.0, 3.0]])
    for given_as in (matrix, sparse.csr_matrix(matrix), sparse.coo_array(matrix)):
        connector = from_matrix(given_as)
        assert pairs(connector, 3, 2) == [(0, 1), (1, 0), (2, 1)]
        assert connector.weights().tolist() == [1.0, 2.0, 3.0]
    with pytest.raises(ArrayError, match=r"the matrix has shape \(2, 3\); expected \[post, pre\], here \(3, 2\)"):
        pairs(from_matrix(matrix), 2, 3)


def test_pairs_are_taken_as_they_are() -> None:
    assert pairs(from_pairs([2, 0, 2], [0, 1, 0]), 3, 2) == [(2, 0), (0, 1), (2, 0)]
    with pytest.raises(ArrayError, match=r"pre\[1\] is 3, but the population has cells 0 to 2"):
        pairs(from_pairs([0, 3], [0, 0]), 3, 1)
    with pytest.raises(ArrayError, match="whole numbers"):
        pairs(from_pairs([0.5], [0]), 3, 1)


def test_distance() -> None:
    line = np.arange(10.0)
    near = by_distance(lambda apart: apart <= 1.0, line, line, autapses=False)
    assert pairs(near, 10, 10, same=True)[:3] == [(0, 1), (1, 0), (1, 2)]
    with pytest.raises(ParameterError, match="not probabilities"):
        pairs(by_distance(lambda apart: apart, line, line), 10, 10)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_rows_hold_every_synapse_once_whoever_owns_its_cell(threads: int) -> None:
    rng = np.random.default_rng(1)
    pre, post = np.nonzero(rng.random((7, 9)) < 0.5)
    bounds = np.array([9 * part // threads for part in range(threads + 1)])
    rows = rows_of_pieces([(pre[:10], post[:10]), (pre[10:], post[10:])], 7, bounds, 3)
    for got, wanted in zip(rows.cells(), (pre, post), strict=True):
        np.testing.assert_array_equal(got, wanted)
    values = rng.random(len(pre))
    np.testing.assert_array_equal(rows.listed(rows.laid(values)), values)
    for thread in range(threads):
        mine = rows.target[rows.row[thread, 0] : rows.row[thread, -1]]
        assert ((mine >= bounds[thread]) & (mine < bounds[thread + 1])).all()


@pytest.mark.parametrize("threads", [1, 2])
def test_rows_of_a_list_keep_its_order_and_delays(threads: int) -> None:
    rng = np.random.default_rng(2)
    pre, post, delay = rng.integers(0, 5, 40), rng.integers(0, 6, 40), rng.integers(1, 4, 40)
    rows = rows_of_list(pre, post, delay, 5, np.array([6 * part // threads for part in range(threads + 1)]))
    for got, wanted in zip((*rows.cells(), rows.delay()), (pre, post, delay), strict=True):
        np.testing.assert_array_equal(got, wanted)
