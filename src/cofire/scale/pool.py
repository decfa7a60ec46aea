"""One function on many tasks, each result as it is ready."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

from cofire.errors import CofireError

Task = TypeVar("Task")
Value = TypeVar("Value")

PATIENCE = "10s"  # for a scheduler to answer


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def each(
    function: Callable[[Task], Value], tasks: Sequence[Task], *, jobs: int, cluster: str | None = None
) -> Iterator[tuple[int, Value]]:
    """Yields `(index, function(task))` as each is ready, in any order.

    `jobs`: processes on this machine; one job runs here. `cluster`: address of a Dask scheduler whose workers do it
    instead; what a worker that dies was doing, another does again. `function` and tasks must be picklable, and the
    function should return what goes wrong: an exception ends everything.
    Raises: `CofireError` if the cluster cannot be used.
    """
    if cluster is None and min(jobs, len(tasks)) <= 1:
        yield from ((at, function(task)) for at, task in enumerate(tasks))
        return
    from joblib import Parallel, delayed, parallel_config

    warnings.filterwarnings("ignore", "A worker stopped while some jobs", UserWarning)  # its memory grew: made anew
    warnings.filterwarnings("ignore", category=UserWarning, module=r"joblib\.parallel")  # Ctrl-C: some were not used
    with ExitStack() as stack:
        workers = min(jobs, len(tasks))
        if cluster is None:
            pool = Parallel(workers, return_as="generator_unordered")
        else:
            with parallel_config(backend="dask", client=stack.enter_context(_client(cluster))):
                pool = Parallel(-1, return_as="generator_unordered")
        found = pool(delayed(_numbered)(function, at, task) for at, task in enumerate(tasks))
        stack.callback(found.close)
        yield from found


def _numbered(function: Callable[[Task], Value], at: int, task: Task) -> tuple[int, Value]:
    return at, function(task)


@contextmanager
def _client(address: str) -> Iterator[Any]:
    try:
        from distributed import Client
        from distributed.comm import resolve_address
    except ImportError:
        raise CofireError("a cluster needs Dask: `pip install 'cofire[dask]'`") from None
    try:
        resolve_address(address)  # a client whose address is none waits in vain, and says so when it is collected
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        reason = " ".join(said.split()) or type(error).__name__
        raise CofireError(f"no Dask scheduler answers at {address!r}: {reason}") from None
    with client:
        if not client.scheduler_info()["workers"]:
            raise CofireError(
                f"the Dask cluster at {address!r} has no workers; start some with `dask worker {address}`"
            )
        yield client
