"""Two threads for pieces of work that each call small matrix products, and none inside those."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any, TypeVar

Piece = TypeVar("Piece")
Done = TypeVar("Done")

_lock = Lock()
_limits: list[Any] = []  # of those who are at it, the first of whom found the threads as they were


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread for matrix products: small ones, with more, mostly wait for each other on a busy machine."""
    with _lock:
        _limits.append(_libraries().limit(limits=1))
    try:
        yield
    finally:
        with _lock:
            if len(_limits) == 1:
                _limits[0].restore_original_limits()
            del _limits[-1]  # the first stays until the last leaves


def each(work: Callable[[Piece], Done], pieces: Sequence[Piece]) -> list[Done]:
    """`work` on each piece, in order, two at a time; the results do not depend on how many cores there are."""
    if len(pieces) == 1:
        return [work(pieces[0])]
    return list(_threads().map(work, pieces))


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=2, thread_name_prefix="cofire-pieces")


@cache
def _libraries() -> Any:
    from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]  # comes with scikit-learn

    return ThreadpoolController()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_threads.cache_clear)  # a forked process has the pool, but not its threads
