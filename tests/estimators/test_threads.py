"""Matrix products in one thread, asked for by several at once."""

from __future__ import annotations

from contextlib import ExitStack

from threadpoolctl import threadpool_info, threadpool_limits  # type: ignore[import-untyped]

from cofire.estimators.threads import one_thread


def threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_the_last_to_leave_gives_the_threads_back() -> None:
    """Two fits in two threads of Python: the one that began second may end first, or last."""
    with threadpool_limits(2), ExitStack() as second:
        with one_thread():
            second.enter_context(one_thread())
        assert threads() == {1}
        second.close()
        assert threads() == {2}
