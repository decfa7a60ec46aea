"""From text to plan, and importing the package: the waits before anything runs."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from typing import Any

import pytest

from cofire import compiler, rules
from cofire.lowering.products import separate


@pytest.mark.parametrize("name", ["hebb", "bcm", "sanger", "triplet", "reward_stdp", "storkey"])
def test_text_to_plan(name: str, compare: Any, benchmark: Any) -> None:
    recipe = rules.get(name)

    def work() -> None:
        compiler._plan.cache_clear()
        separate.cache_clear()
        compiler.lower(recipe())

    benchmark.pedantic(work, rounds=30, warmup_rounds=2)
    compare.value("milliseconds", benchmark.stats.stats.median * 1e3, "< 5")


def test_import(compare: Any, benchmark: Any) -> None:
    """The whole process less an empty one, bytecode compiled."""

    def process(code: str) -> float:
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return time.perf_counter() - begun

    process("import cofire")
    extra = statistics.median(process("import cofire") - process("pass") for _ in range(9))
    compare.value("milliseconds", extra * 1e3, "< 150")
    benchmark.pedantic(lambda: None, rounds=1)
