"""Prints every ratio of the run in one table at the end."""

from __future__ import annotations

from typing import Any

import pytest
from ratios import ROWS, Compare


@pytest.fixture
def compare(request: pytest.FixtureRequest, benchmark: Any) -> Compare:
    return Compare(request.node.name.removeprefix("test_"), benchmark)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if not ROWS:
        return
    width, label_width = (max(len(row[i]) for row in ROWS) for i in (0, 1))
    terminalreporter.section("ratios measured in this run")
    for name, label, value, goal in ROWS:
        terminalreporter.write_line(f"{name:<{width}}  {label:<{label_width}}  {value:8.2f}   goal {goal}")
