"""`cofire sweep`: one experiment over a grid of settings, rules and seeds; its table and its figure."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from cofire.cli import cells
from cofire.cli.record import Record
from cofire.cli.work import Failure, Outcome, Task, task
from cofire.errors import ParameterError
from cofire.experiments import Experiment
from cofire.rule import Rule

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TABLE, PICTURE, GRID = "table.csv", "figure.png", "sweep.json"
FILES = (TABLE, PICTURE, GRID)
MOST = 100_000  # runs in a sweep
PANELS = 12  # in the figure
LABELS = 8  # in the legend of a panel; lines between two of them have a colour between theirs


@dataclass(frozen=True, slots=True)
class Point:
    """One run of a sweep: the settings that were varied, the rule as it was typed, and the seed."""

    changes: Mapping[str, Any]
    rule: str
    seed: int


@dataclass(frozen=True, slots=True)
class Sweep:
    """An experiment and the points of its grid."""

    experiment: Experiment
    over: Mapping[str, tuple[Any, ...]]
    points: tuple[Point, ...]
    tasks: tuple[Task, ...]

    @property
    def grid(self) -> str:
        """What makes two sweeps the same one, as JSON."""
        rules = list(dict.fromkeys(point.rule for point in self.points))
        seeds = sorted({point.seed for point in self.points})
        fixed = {key: value for key, value in self.tasks[0].settings.items() if key not in self.over}
        name, over = self.experiment.name, dict(self.over)
        return json.dumps(
            {"experiment": name, "over": over, "settings": fixed, "rules": rules, "seeds": seeds}, indent=2
        )


def made(
    experiment: Experiment,
    over: Mapping[str, str],
    rules: Mapping[str, Rule | str],
    seeds: range,
    changes: Mapping[str, Any],
    *,
    full: bool,
) -> Sweep:
    """The sweep over `over` (`a:b:n` by key) and `rules` (by what was typed; none: the experiment's own, together).

    Raises: `CofireError` if a key, a value or a rule is refused; nothing has run then.
    """
    axes = {key: values(key, text) for key, text in over.items()}
    twice = axes.keys() & changes.keys()
    if twice:
        raise ParameterError(f"{min(twice)!r} is given with --over and with --set or --settings")
    count = len(seeds) * max(1, len(rules)) * int(np.prod([len(each) for each in axes.values()]))
    if count > MOST:
        raise ParameterError(f"that sweep has {count} runs, and at most {MOST} make one; take fewer values or seeds")
    points, tasks = [], []
    for at in product(*axes.values()):
        varied = dict(zip(axes, at, strict=True))
        settings = experiment.settings({**changes, **varied}, full=full)
        for typed, rule in (rules or {"": ""}).items():
            chosen = experiment.rules(settings, [rule] if rule else None)
            for seed in seeds:
                points.append(Point(varied, typed, seed))
                tasks.append(task(experiment, settings, chosen, seed=seed, draw=False))
    return Sweep(experiment, axes, tuple(points), tuple(tasks))


def values(key: str, text: str) -> tuple[int | float, ...]:
    """`n` numbers from `a` to `b` out of `a:b:n`, whole ones where they all are. Raises: `ParameterError`."""
    try:
        first, last, number = text.split(":")
        low, high, count = float(first), float(last), int(number)
        if not (np.isfinite([low, high, high - low]).all() and 1 <= count <= MOST):
            raise ValueError
    except ValueError:
        raise ParameterError(
            f"--over {key}={text} is refused: write {key}=a:b:n, n numbers from a to b, at most {MOST}"
        ) from None
    found = [float(f"{value:.12g}") for value in np.linspace(low, high, count)]
    return tuple(int(value) for value in found) if all(value == int(value) for value in found) else tuple(found)


def table(sweep: Sweep, outcomes: Mapping[int, Outcome]) -> list[dict[str, Any]]:
    """A row for each finding of each run, in the order of the grid; a run that could not be had has one with why."""
    rows = []
    for at, point in enumerate(sweep.points):
        outcome = outcomes[at]
        start = {**point.changes, "rule": point.rule, "seed": point.seed}
        if isinstance(outcome, Failure):
            rows.append(
                start | {"phenomenon": "", "number": None, "measured": outcome.reason, "verdict": "could not run"}
            )
            continue
        for name, finding in _findings(outcome, sweep.tasks[at]):
            said = {"phenomenon": name, "number": finding.number, "measured": finding.measured}
            rows.append(start | {"rule": finding.rule or point.rule} | said | {"verdict": finding.verdict})
    return rows


def _findings(record: Record, task: Task) -> Any:
    if len(task.rules) == 1:
        return cells.of_rule(record, task.rules[0].name or task.rules[0].text)
    return [(finding.phenomenon or finding.claim, finding) for finding in record.findings]


def to_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows as CSV, with a line of names."""
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def summarised(sweep: Sweep, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Over the seeds, for each point, rule and phenomenon: mean, standard deviation and the share reproduced."""
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault((*(row[key] for key in sweep.over), row["rule"], row["phenomenon"]), []).append(row)
    found = []
    for group in groups.values():
        numbers = np.array([np.nan if row["number"] is None else row["number"] for row in group], float)
        known = numbers[np.isfinite(numbers)]
        found.append(
            {key: group[0][key] for key in (*sweep.over, "rule", "phenomenon")}
            | {
                "runs": len(group),
                "mean": known.mean() if len(known) else np.nan,
                "sd": _spread(known),
                "reproduced": sum(row["verdict"] == "reproduced" for row in group),
            }
        )
    return found


def _spread(known: np.ndarray) -> float:
    """The standard deviation; 0 for equal numbers, where that of their rounding is meant by nobody."""
    if len(known) < 2:
        return np.nan
    return float(known.std(ddof=1)) if np.ptp(known) else 0.0


def figure(sweep: Sweep, summary: Sequence[Mapping[str, Any]]) -> Figure:
    """A panel for each phenomenon with numbers: number against the first key, a line for each rule and other key."""
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    shown = [row for row in summary if np.isfinite(row["mean"])]
    every = list(dict.fromkeys(row["phenomenon"] for row in shown))
    phenomena = every[:PANELS]
    columns = min(3, max(1, len(phenomena)))
    lines = -(-max(1, len(phenomena)) // columns)
    picture = Figure(figsize=(4.6 * columns, 3.3 * lines + 0.4), layout="constrained")
    axes = picture.subplots(lines, columns, squeeze=False)
    first, *others = sweep.over or [""]
    for ax, name in zip(axes.flat, phenomena, strict=False):
        series: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
        for row in shown:
            if row["phenomenon"] == name:
                series.setdefault((row["rule"], *(row[key] for key in others)), []).append(row)
        labelled = {round(at) for at in np.linspace(0, len(series) - 1, min(LABELS, len(series)))}
        for at, (label, points) in enumerate(series.items()):
            x = [row[first] if first else 0 for row in points]
            mean, spread = (np.array([row[key] for row in points]) for key in ("mean", "sd"))
            parts = [str(label[0]), *(f"{key} = {v:g}" for key, v in zip(others, label[1:], strict=True))]
            text = ", ".join(part for part in parts if part) if at in labelled else "_"  # which matplotlib leaves out
            colour = f"C{at}" if len(series) <= LABELS else colormaps["viridis"](0.9 * at / (len(series) - 1))
            ax.errorbar(x, mean, np.nan_to_num(spread), color=colour, lw=1.6, capsize=2, marker="o", ms=3, label=text)
        ax.spines[["top", "right"]].set_visible(False)
        ax.set(xlabel=first, ylabel="number")
        ax.set_title(name, fontsize=9.5, loc="left", wrap=True)
        if any(label != ("",) for label in series):
            ax.legend(fontsize=7.5, frameon=False)
    for ax in axes.flat[len(phenomena) :]:
        ax.remove()
    if len(every) > PANELS:
        picture.supxlabel(f"{len(every) - PANELS} findings more are in {TABLE}", fontsize=9.5)
    if not phenomena:
        picture.text(0.5, 0.5, "no finding of this sweep has a number", ha="center")
    return picture
