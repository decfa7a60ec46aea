"""Settings every test shares."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from hypothesis import settings

from cofire import experiments
from cofire.experiments import Result

settings.register_profile("dev", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.fixture(scope="session")
def quick() -> Callable[..., Result]:
    """`quick(name)` or `quick(name, rules)`: that experiment's quick form, run once for all tests of a session."""

    @cache
    def run(name: str, rules: tuple[str, ...]) -> Result:
        return experiments.get(name).run(rules=rules)

    return lambda name, rules=None: run(name, tuple(rules or experiments.get(name).module.RULES))


@pytest.fixture(scope="session", autouse=True)
def kernels(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Compiled kernels are kept with the tests' own cache, and runs in a place of their own: not with the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COFIRE_CACHE", str(pytestconfig.cache.mkdir("kernels")))
        patch.setenv("COFIRE_HOME", str(tmp_path_factory.mktemp("home")))
        yield
