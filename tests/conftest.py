"""Settings every test shares."""

from __future__ import annotations

import fcntl
import os
import pickle
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from hypothesis import settings

# Before anything loads NumPy: tests run in as many processes as there are cores, and threads of one that wait for those
# of another burn many times what the matrix products cost. Processes that tests start inherit it.
os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

from cofire import experiments
from cofire.experiments import Result

settings.register_profile("dev", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.fixture(scope="session")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Result]:
    """`quick(name)` or `quick(name, rules)`: that experiment's quick form, run once for all tests of a session.

    Processes of one session share it as files; who wants what another is running waits for it.
    """
    place = tmp_path_factory.getbasetemp()
    place = (place.parent if "PYTEST_XDIST_WORKER" in os.environ else place) / "quick"
    place.mkdir(exist_ok=True)

    @cache
    def run(name: str, rules: tuple[str, ...]) -> Result:
        kept = place / "-".join((name, *rules))
        with kept.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if kept.stat().st_size == 0:
                file.write(pickle.dumps(experiments.get(name).run(rules=rules)))
            file.seek(0)
            result: Result = pickle.load(file)
            return result

    return lambda name, rules=None: run(name, tuple(rules or experiments.get(name).module.RULES))


@pytest.fixture(scope="session", autouse=True)
def kernels(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Compiled kernels are kept with the tests' own cache, and runs in a place of their own: not with the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COFIRE_CACHE", str(pytestconfig.cache.mkdir("kernels")))
        patch.setenv("COFIRE_HOME", str(tmp_path_factory.mktemp("home")))
        yield
