"""A run, in slices that end where something is to be done."""

from __future__ import annotations

import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cofire.errors import DivergenceError
from cofire.network.collection import Collection
from cofire.network.populations import Cells, Population
from cofire.network.record import Record
from cofire.units import Quantity

if TYPE_CHECKING:
    from cofire.network.network import Network

SLICE = 0.2  # seconds of real time between two looks at the clock, the keyboard and the records
WINDOW = 0.1  # seconds of the network's own time over which a mean rate is judged, at least
RARELY = 1.0  # likewise, if nobody asked for a limit: each look costs time
LIVELY = 500.0  # Hz of a whole population of cells, beyond which a run is said to explode


class Run:
    """One run of a network, from where it stands to the end of its collection."""

    def __init__(
        self,
        net: Network,
        collection: Collection,
        progress: Callable[[float, str], None] | bool,
        each: tuple[int | None, tuple[Quantity, Callable[[], None]] | None],
        limit: float | None,
        saves: tuple[int | None, str | Path | None],
    ) -> None:
        self.net, self.engine, self.collection = net, collection.engine, collection
        self.begin, self.end = net.step, collection.end
        self.progress = progress
        self.call_every, self.each = each
        self.limit = limit
        self.save_every, self.file = saves
        self.warned = False
        self.window, self.shortest = (
            max(1, round(seconds / net.dt)) for seconds in (WINDOW if limit else RARELY, WINDOW)
        )
        if net.step == collection.begin:  # else it goes on from a checkpoint, in the midst of a window
            for population in net.populations:
                self.engine.counted(population)

    def go(self) -> Record:
        net = self.net
        stopped: str | None = None
        size = self.engine.slice
        with _shown(self.progress) as show, interruptible() as asked:
            while net.step < self.end and stopped is None:
                goal = min([self.end, net.step + size, *self._next_stops()])
                clock = time.perf_counter()
                begin = net.step
                self.collection.prepare(begin, goal)
                net.step = self.engine.advance(begin, goal)
                spent = time.perf_counter() - clock
                self.collection.collect(begin, net.step)
                self._check_values(begin)
                self.engine.slice = size = self._next_size(size, net.step - begin, spent)
                stopped = self._stopped(asked)
                show((net.step - self.begin) / max(self.end - self.begin, 1), f"{net.step * net.dt:.3g} s")
                self._at_stops()
        return self.collection.record(stopped)

    def _next_stops(self) -> list[int]:
        """The next steps at which something is to be done."""
        intervals = [*self.collection.intervals, self.call_every, self.save_every]
        stops = [(self.net.step // interval + 1) * interval for interval in intervals if interval]
        return [*stops, self.net.step + self.window - self._in_window()]

    def _in_window(self) -> int:
        """How many steps of the present window have passed."""
        return (self.net.step - self.collection.begin) % self.window

    def _at_stops(self) -> None:
        step = self.net.step
        if self.each and self.call_every and step % self.call_every == 0:
            self.each[1]()
            self.net._ready()
        if self.file is not None and self.save_every and (step % self.save_every == 0 or step == self.end):
            from cofire.network.checkpoint import save

            save(self.file, self.net, self.collection, self.save_every, self.limit)

    @staticmethod
    def _next_size(size: int, done: int, spent: float) -> int:
        """Steps of the next slice, so that it takes about SLICE seconds."""
        speed = done / max(spent, 1e-6)
        return max(1, min(int(speed * SLICE), 8 * size))

    def _check_values(self, begin: int) -> None:
        net = self.net
        for population in net.populations:
            if isinstance(population, Cells) and not np.isfinite(population.table).all():
                row, cell = (int(k) for k in np.argwhere(~np.isfinite(population.table))[0])
                raise DivergenceError(
                    f"{population.name}.{population.rows[row]} of cell {cell} is not finite, first between "
                    f"{begin * net.dt:g} s and {net.step * net.dt:g} s: a shorter dt or smaller weights tame it "
                    f"(made at {population.made})"
                )

    def _stopped(self, asked: list[bool]) -> str | None:
        now = self.net.step * self.net.dt
        steps = self._in_window() or self.window
        is_over = steps == self.window or (self.net.step == self.end and steps >= self.shortest)
        rates = self._rates(steps) if is_over else []
        if asked:
            return f"interrupted at {now:g} s"
        for population, rate in rates:
            if self.limit is not None and rate > self.limit:
                return f"the mean rate of {population.name} passed {self.limit:g} Hz at {now:.3g} s"
            if self.limit is None and rate > LIVELY and isinstance(population, Cells) and not self.warned:
                self.warned = True
                warnings.warn(
                    f"the mean rate of {population.name} passed {rate:.0f} Hz at {now:.3g} s; "
                    "max_rate= stops a run that explodes",
                    RuntimeWarning,
                    stacklevel=4,
                )
        return None

    def _rates(self, steps: int) -> list[tuple[Population, float]]:
        """Each population with its mean rate, in Hz, over the `steps` since the last call; the liveliest first."""
        seconds = steps * self.net.dt
        rates = [(p, self.engine.counted(p) / (p.size * seconds)) for p in self.net.populations]
        return sorted(rates, key=lambda pair: -pair[1])


class _shown:  # noqa: N801  (read as `with _shown(progress) as show`)
    """A progress bar, a function of the user's, or nothing."""

    def __init__(self, progress: Callable[[float, str], None] | bool) -> None:
        self.progress = progress
        self.bar: Any = None

    def __enter__(self) -> Callable[[float, str], None]:
        if callable(self.progress):
            return self.progress
        if not self.progress:
            return lambda _share, _note: None
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
        self.bar = Progress(*columns, console=Console(stderr=True))
        self.bar.start()
        task = self.bar.add_task("", total=1.0)
        bar = self.bar
        return lambda share, note: bar.update(task, completed=share, description=note)

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.stop()


def resume(file: str | Path, *, progress: Callable[[float, str], None] | bool = False) -> tuple[Network, Record]:
    """Goes on with the run in a checkpoint, to its end: the network, and the record of the whole run.

    A function given as `each` is not in the file: the rest of the run goes on without it.

    Raises: `CofireError` if the file is no checkpoint.
    """
    from cofire.network.checkpoint import load

    collection, every, limit = load(file)
    return collection.net, Run(collection.net, collection, progress, (None, None), limit, (every, file)).go()


@contextmanager
def interruptible() -> Iterator[list[bool]]:
    """Ctrl-C within asks the run to stop soon instead of breaking it off; the list then is not empty."""
    asked: list[bool] = []
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return

    before = signal.signal(signal.SIGINT, lambda *_: asked.append(True))
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)
