"""One function on many tasks, here and in processes."""

from __future__ import annotations

import os
import time

import pytest

from cofire import scale
from cofire.errors import CofireError


def test_one_job_runs_here_in_order() -> None:
    assert list(scale.each(lambda task: (task, os.getpid()), [3, 1, 2], jobs=1)) == [
        (0, (3, os.getpid())),
        (1, (1, os.getpid())),
        (2, (2, os.getpid())),
    ]
    assert list(scale.each(str, [], jobs=2)) == []


def test_two_jobs_run_at_once_in_processes() -> None:
    list(scale.each(abs, [1, 2], jobs=2))  # the processes are there
    begun = time.perf_counter()
    found = dict(scale.each(time.sleep, [0.5, 0.5, 0.5, 0.5], jobs=2))
    assert time.perf_counter() - begun < 1.9
    assert found == dict.fromkeys(range(4))


def test_each_result_comes_as_it_is_ready() -> None:
    found = scale.each(time.sleep, [1.0, 0.0], jobs=2)
    assert next(found)[0] == 1
    found.close()


def test_a_cluster_that_is_not_there_is_one_clear_error() -> None:
    pytest.importorskip("distributed", reason="Dask is not installed: pip install 'cofire[dask]'")
    for address in ("nonsense://here", "nowhere", "", "tcp://no.such.host.invalid:8786"):
        with pytest.raises(CofireError, match=f"no Dask scheduler answers at '{address}': [^[]"):
            next(scale.each(abs, [1], jobs=1, cluster=address))


def test_what_is_no_address_leaves_no_client_behind() -> None:
    """One that is collected later would wait, and print a traceback."""
    distributed = pytest.importorskip("distributed", reason="Dask is not installed: pip install 'cofire[dask]'")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distributed, "Client", lambda *_, **__: pytest.fail("a client was made"))
        with pytest.raises(CofireError, match="missing port"):
            next(scale.each(abs, [1], jobs=1, cluster="nowhere"))
