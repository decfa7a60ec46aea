"""Prints every ratio of the run in one table at the end: a benchmark here is a comparison, since machines are noisy."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import pytest

_rows: list[tuple[str, str, float, str]] = []


def seconds(work: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


class Compare:
    """Times two ways of doing one thing in turn, A B A B ..., and keeps the median of the ratios."""

    def __init__(self, name: str, benchmark: Any) -> None:
        self.name, self.benchmark = name, benchmark

    def ratio(
        self,
        label: str,
        one: Callable[[], Any],
        other: Callable[[], Any],
        goal: str,
        *,
        rounds: int = 15,
        times: float = 1.0,
    ) -> None:
        """How long `times` runs of `one` take, in units of `other`."""
        one(), other()
        ratios = [seconds(one) / seconds(other) for _ in range(rounds)]
        self.value(label, times * statistics.median(ratios), goal)

    def value(self, label: str, value: float, goal: str) -> None:
        """Keeps one number for the table."""
        self.benchmark.extra_info[label] = value
        _rows.append((self.name, label, value, goal))


@pytest.fixture
def compare(request: pytest.FixtureRequest, benchmark: Any) -> Compare:
    return Compare(request.node.name.removeprefix("test_"), benchmark)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if not _rows:
        return
    width, label_width = (max(len(row[i]) for row in _rows) for i in (0, 1))
    terminalreporter.section("ratios measured in this run")
    for name, label, value, goal in _rows:
        terminalreporter.write_line(f"{name:<{width}}  {label:<{label_width}}  {value:8.2f}   goal {goal}")
