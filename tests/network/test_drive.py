"""The Poisson input that each cell has of its own: its numbers of events are Poisson, and those of cells independent."""

from __future__ import annotations

import math

import numpy as np
import pytest

import cofire
from cofire.backends.numba.random import poisson_table
from cofire.units import Hz, ms

COUNTER = cofire.Neuron("dv/dt = -v / tau", threshold="v > 1e9", reset="v = 0", inputs="v", tau=1e15 * ms)


def counts(size: int, mean: float, steps: int, threads: int = 1) -> np.ndarray:
    """Events of each step and cell: `[step, cell]`."""
    net = cofire.Network(dt=1 * ms, seed=11, threads=threads)
    cells = net.cells(size, COUNTER)
    net.drive(cells, rate=1000 * mean * Hz, weight=1.0)
    record = net.run((steps + 1) * ms, record=[cells.v.every(1 * ms)])
    return np.rint(np.diff(record[cells.v.every(1 * ms)].values, axis=0))


@pytest.mark.parametrize(("size", "mean", "steps"), [(1, 0.3, 30_000), (3, 40.0, 4_000), (700, 0.02, 400)])
def test_the_numbers_of_events_are_poisson(size: int, mean: float, steps: int) -> None:
    found = counts(size, mean, steps)
    total = found.size
    assert found.mean() == pytest.approx(mean, abs=4 * math.sqrt(mean / total))
    assert found.var() == pytest.approx(mean, abs=4 * math.sqrt((mean + 2 * mean**2) / total))
    for k in range(int(mean + 3 * math.sqrt(mean)) + 1):
        p = math.exp(k * math.log(mean) - mean - math.lgamma(k + 1))
        assert (found == k).mean() == pytest.approx(p, abs=5 * math.sqrt(p / total))


def test_cells_are_independent_and_alike() -> None:
    found = counts(600, 0.5, 2_000)
    spread = 1 / math.sqrt(len(found))
    correlated = np.corrcoef(found.T) - np.eye(600)
    assert np.abs(correlated).max() < 6 * spread
    assert correlated.std() == pytest.approx(spread, rel=0.05)
    assert np.abs(found.mean(axis=0) - 0.5).max() < 5 * math.sqrt(0.5) * spread  # also in the last, shorter block
    assert abs(np.corrcoef(found[:-1].sum(axis=1), found[1:].sum(axis=1))[0, 1]) < 4 * spread


def test_threads_draw_the_same() -> None:
    assert (counts(700, 0.2, 50) == counts(700, 0.2, 50, threads=2)).all()


@pytest.mark.parametrize("mean", [1e-6, 0.1, 51.2, 5e4])
def test_the_table_holds_the_distribution(mean: float) -> None:
    fewest, cumulative, guide = poisson_table(mean)
    p = np.diff(cumulative[:-1], prepend=0.0)
    k = fewest + np.arange(len(p))
    assert p.sum() == pytest.approx(1.0, abs=1e-12)
    assert p @ k == pytest.approx(mean, rel=1e-9)
    assert p @ (k - mean) ** 2 == pytest.approx(mean, rel=1e-6)
    found = np.searchsorted(cumulative, np.arange(len(guide)) / len(guide), side="right")
    assert (guide == found).all()
