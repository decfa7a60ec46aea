"""What a layer makes of its responses, by hand and on every array library."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from cofire import ParameterError, activations
from conformance.backends import LIBRARIES, Library, installed

U = np.array([[1.0, 3.0, 2.0], [0.5, -1.0, 0.0]])
EXP = np.exp(2 * (U - U.max(axis=1, keepdims=True)))
Q = EXP / EXP.sum(axis=1, keepdims=True)

BY_HAND = {
    "hard": (activations.hard, [[0, 1, 0], [1, 0, 0]]),
    "soft": (partial(activations.soft, temperature=2.0), Q * [[-1, 1, -1], [1, -1, -1]]),
    "ranked": (partial(activations.ranked, rank=3, depression=0.4), [[-0.4, 1, 0], [1, -0.4, 0]]),
    "triangle": (partial(activations.triangle, power=2.0), [[0, 1, 0], [4 / 9, 0, 1 / 36]]),
}


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.name)
@pytest.mark.parametrize("name", BY_HAND)
def test_by_hand(name: str, library: Library) -> None:
    installed(library)
    activation, expected = BY_HAND[name]
    u = library.into(U)
    np.testing.assert_allclose(library.back(activation(u)), expected, atol=1e-15)
    np.testing.assert_array_equal(library.back(u), U)


@pytest.mark.parametrize("name", BY_HAND)
def test_each_pixel_of_a_map_is_a_sample(name: str) -> None:
    activation, _ = BY_HAND[name]
    rng = np.random.default_rng(0)
    u = rng.standard_normal((2, 5, 3, 4), dtype=np.float32)
    flat = activation(np.moveaxis(u, 1, -1).reshape(-1, 5))
    post = activation(u)
    assert post.dtype == np.float32
    np.testing.assert_allclose(np.moveaxis(post, 1, -1).reshape(-1, 5), flat, rtol=1e-6)


@pytest.mark.parametrize("rank", [1, 4, 0, -1])
def test_a_rank_that_there_is_not(rank: int) -> None:
    with pytest.raises(ParameterError, match=f"rank = {rank} is refused: it must be from 2 to the number of cells, 3"):
        activations.ranked(U, rank, 0.4)


def test_soft_takes_a_tensor_that_wants_gradients() -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    u = torch.tensor([[1.0, 2.0]], requires_grad=True)
    np.testing.assert_allclose(activations.soft(u, temperature=1.0).detach(), [[-0.26894142, 0.73105858]], rtol=1e-6)


def test_nan_stays_nan() -> None:
    u: Any = U.copy()
    u[0, 0] = np.nan
    assert np.isnan(activations.soft(u, 1.0)[0]).all()
