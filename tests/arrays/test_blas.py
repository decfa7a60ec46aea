"""Adding a product in place, however the arrays lie in memory, with NumPy's BLAS and without it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cofire.backends.arrays import blas

SIZES = st.integers(0, 6)


def laid(random: np.random.Generator, rows: int, columns: int, kind: str, how: str) -> np.ndarray:
    """Numbers `[rows, columns]` that lie as `how` says."""
    whole = random.integers(-9, 9, (14, 14)).astype(kind)
    match how:
        case "window":
            return whole[1 : rows + 1, 1 : columns + 1]
        case "every other row":
            return whole[: 2 * rows : 2, :columns]
        case "every other column":
            return whole[:rows, : 2 * columns : 2]
        case "turned":
            return whole[:columns, :rows].T
        case "backwards":
            return whole[:rows, :columns][::-1]
        case "spread":
            return np.broadcast_to(whole[0, :columns], (rows, columns))
    return np.ascontiguousarray(whole[:rows, :columns])


LAID = ("whole", "window", "every other row", "every other column", "turned", "backwards")


@pytest.mark.parametrize("found", [True, False])
@example(seed=0, sizes=(0, 1, 2), kind="f", hows=("whole", "whole", "every other column"), factor=1.0)  # nothing to add
@given(
    seed=st.integers(0, 99), factor=st.sampled_from([1.0, -2.0, 0.0]),
    sizes=st.tuples(SIZES, SIZES, SIZES), kind=st.sampled_from("fde"),
    hows=st.tuples(st.sampled_from(LAID), *[st.sampled_from((*LAID, "spread"))] * 2),
)  # fmt: skip
def test_it_adds(
    found: bool, seed: int, factor: float, sizes: tuple[int, int, int], kind: str, hows: tuple[str, str, str]
) -> None:
    (k, m, n), random = sizes, np.random.default_rng(seed)
    out, left, right = (
        laid(random, rows, columns, kind, how)
        for (rows, columns), how in zip(((m, n), (k, m), (k, n)), hows, strict=True)
    )
    wanted = out + left.T @ right * out.dtype.type(factor)
    with pytest.MonkeyPatch.context() as patch:
        if not found:
            patch.setattr(blas, "_gemm", lambda _: None)
        blas.add_product(out, left, right, factor)
    np.testing.assert_array_equal(out, wanted)


def test_it_is_found_beside_this_numpy() -> None:
    """NumPy's wheels bring OpenBLAS, which CI installs; elsewhere this is slower, not wrong."""
    if "openblas" not in str(np.show_config(mode="dicts")).lower():
        pytest.skip("this NumPy has another BLAS")
    assert blas._gemm("f") is not None
    assert blas._gemm("d") is not None
