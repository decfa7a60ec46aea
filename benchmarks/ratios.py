"""How benchmarks measure: ratios of two ways of doing one thing, taken in turn, since machines are noisy."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

ROWS: list[tuple[str, str, float, str]] = []  # of this run: benchmark, label, value, goal


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
        ROWS.append((self.name, label, value, goal))
