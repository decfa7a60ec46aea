"""Many runs of experiments: the kept ones are read; the others run, in processes or on a cluster, and are kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from cofire import experiments, scale
from cofire.cli import record
from cofire.cli.record import Record
from cofire.errors import CofireError
from cofire.experiments import Experiment, Progress
from cofire.rule import Rule
from cofire.store import Store, lock


@dataclass(frozen=True, slots=True)
class Task:
    """One run to be had. `draw`: with its figure."""

    experiment: str
    settings: dict[str, Any]
    rules: tuple[Rule, ...]
    seed: int
    draw: bool

    @property
    def key(self) -> str:
        """As `record.key`."""
        return record.key(self.experiment, self.settings, self.rules, self.seed)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a run could not be had, in one line."""

    reason: str


Outcome = Record | Failure


def task(
    experiment: Experiment,
    settings: Any = None,
    rules: Sequence[Rule | str] | None = None,
    *,
    seed: int = 0,
    draw: bool = True,
) -> Task:
    """The run of `experiment` with those settings and rules. Raises: `ExperimentError` if a rule makes no sense."""
    settings = experiment.settings() if settings is None else settings
    return Task(experiment.name, msgspec.to_builtins(settings), experiment.rules(settings, rules), seed, draw)


class Keeping:
    """The store, as long as it can be used: what cannot be kept is shown all the same.

    To be used in a `with` block. `problems`: a line for each thing that went wrong, to be shown at the end.
    """

    def __init__(self) -> None:
        self._store: Store | None = None
        self._reasons: list[str] = []
        try:
            self._store = Store()
        except CofireError as error:
            self._reasons.append(f"nothing is kept: {error}")

    def __enter__(self) -> Keeping:
        return self

    def __exit__(self, *_: object) -> None:
        if self._store:
            self._store.__exit__(None, None, None)

    @property
    def problems(self) -> list[str]:
        return [*self._reasons, *(self._store.complaints if self._store else ())]

    @contextmanager
    def alone(self, what: Path, otherwise: str) -> Iterator[None]:
        """Holds `what` against other processes, where runs can be kept. Raises: `StoreError` saying `otherwise`."""
        if self._store:
            with lock.held(self._store.place, str(what), f"{what}: {otherwise}"):
                yield
        else:
            yield

    def keep(self, found: Record) -> str | None:
        """Keeps a run and returns its id, or None."""
        if not self._store:
            return None
        try:
            return record.keep(found, self._store)
        except CofireError as error:
            if str(error) not in self._reasons:
                self._reasons.append(str(error))
            return None

    def kept(self, tasks: Sequence[Task]) -> dict[int, Record]:
        """Those of `tasks` that need not be run, by index."""
        found: dict[int, Record] = {}
        if not self._store:
            return found
        try:
            keys = self._store.keys()
        except CofireError as error:
            self._reasons.append(str(error))
            return found
        for at, wanted in enumerate(tasks):
            if identity := keys.get(wanted.key):
                try:
                    one = record.read(self._store, identity)
                except CofireError as error:  # it is run again
                    self._reasons.append(str(error))
                else:
                    if one.png or not wanted.draw:
                        found[at] = one
        return found


def done(
    tasks: Sequence[Task],
    keeping: Keeping,
    progress: Progress,
    *,
    jobs: int,
    cluster: str | None = None,
    again: bool = False,
) -> Iterator[tuple[int, Outcome]]:
    """Yields `(index, outcome)` of each task: first of those that are kept, then of the others as they end.

    Runs without a figure come without their data too, as many of them would not fit in memory. `again`: run even what
    is kept. Raises: `CofireError` if the cluster cannot be used.
    """
    found = {} if again else keeping.kept(tasks)
    yield from found.items()
    left = [at for at in range(len(tasks)) if at not in found]
    left = left[::2] + left[1::2]  # neighbours share kernels, which two processes would both compile
    ended = len(found)

    def inside(fraction: float, note: str) -> None:
        """Progress of one run; only where runs come one after the other, in this process."""
        name = tasks[left[ended - len(found)]].experiment
        progress((ended + 0.99 * fraction) / len(tasks), f"{name}: {note}" if note else name)

    place = tuple(experiments.__path__)
    work = [(tasks[at], place) for at in left]
    if cluster is None and min(jobs, len(left)) <= 1:
        outcomes: Iterator[tuple[int, Outcome]] = ((at, _ran(one, inside)) for at, one in enumerate(work))
    else:
        progress(ended / len(tasks), f"{ended} of {len(tasks)}")
        outcomes = scale.each(_ran, work, jobs=jobs, cluster=cluster)
    for at, outcome in outcomes:
        if isinstance(outcome, Record):
            keeping.keep(outcome)
            if not tasks[left[at]].draw:
                outcome = replace(outcome, data=None)
        ended += 1
        yield left[at], outcome
        progress(ended / len(tasks), f"{ended} of {len(tasks)}")


def _ran(work: tuple[Task, tuple[str, ...]], progress: Progress = lambda *_: None) -> Outcome:
    """Runs one task, here or in a process of its own, and tells what went wrong instead of raising it."""
    wanted, place = work
    if tuple(experiments.__path__) != place:  # a process of its own, and experiments that are elsewhere
        experiments.__path__ = list(place)
    try:
        experiment = experiments.get(wanted.experiment)
        settings = experiment.settings(wanted.settings)
        result = experiment.run(settings, rules=wanted.rules, seed=wanted.seed, progress=progress)
        return record.of(result, draw=wanted.draw)
    except CofireError as error:
        return Failure(str(error))
    except MemoryError:
        return Failure("there is not enough memory for this; smaller settings need less")
    except Exception as error:  # a mistake in one experiment is no reason to keep back the others
        return Failure(f"{type(error).__name__}: {error}; `cofire run {wanted.experiment}` shows where")
