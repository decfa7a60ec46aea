"""Phenomena × rules: each experiment with each rule alone, taken apart into findings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cofire import scale
from cofire.cli.record import Record
from cofire.cli.work import Failure, Keeping, Outcome, Task, done, task
from cofire.errors import CofireError
from cofire.experiments import Experiment, Finding, Progress, Verdict


@dataclass(frozen=True, slots=True)
class Cell:
    """What one rule makes of one phenomenon. `finding`: None where there is none, and `why` says why."""

    experiment: str
    phenomenon: str
    rule: str
    finding: Finding | None
    why: str = ""

    @property
    def verdict(self) -> Verdict:
        return self.finding.verdict if self.finding else "does not apply"


def alone(experiment: Experiment, rules: Iterable[str], seed: int = 0) -> dict[str, Task | Failure]:
    """For each catalogue rule the run of `experiment` with it alone, or why it makes no sense there."""
    settings = experiment.settings()
    found: dict[str, Task | Failure] = {}
    for name in rules:
        try:
            reason = experiment.module.unsuitable(experiment.adapted(name, settings))
            found[name] = Failure(reason) if reason else task(experiment, settings, [name], seed=seed, draw=False)
        except CofireError as error:
            found[name] = Failure(str(error))
        except Exception as error:  # a mistake in one experiment is no reason to keep back the others
            found[name] = Failure(f"a mistake in the experiment: {type(error).__name__}: {error}")
    return found


def had(
    wanted: Mapping[str, Mapping[str, Task | Failure]], keeping: Keeping, progress: Progress
) -> dict[str, dict[str, Outcome]]:
    """The outcome of each run that `alone` named, by experiment and rule; run on all cores where it is not kept."""
    places = [(name, rule) for name, row in wanted.items() for rule, one in row.items() if isinstance(one, Task)]
    tasks = [one for row in wanted.values() for one in row.values() if isinstance(one, Task)]
    outcomes = dict(done(tasks, keeping, progress, jobs=scale.cores()))
    found = {place: outcomes[at] for at, place in enumerate(places)}
    return {
        name: {rule: found[name, rule] if isinstance(one, Task) else one for rule, one in row.items()}
        for name, row in wanted.items()
    }


def cells(experiment: str, outcomes: Mapping[str, Outcome]) -> list[Cell]:
    """The cells of one experiment, phenomenon by phenomenon; `outcomes`: by rule.

    An experiment that no rule could run has one row, its own.
    """
    found: dict[tuple[str, str], Finding] = {}
    for rule, outcome in outcomes.items():
        if isinstance(outcome, Record):
            for name, finding in of_rule(outcome, rule):
                found.setdefault((name, rule), finding)
    phenomena = list(dict.fromkeys(name for name, _ in found)) or [experiment]
    return [
        Cell(experiment, phenomenon, rule, found.get((phenomenon, rule)), _why(outcome))
        for phenomenon in phenomena
        for rule, outcome in outcomes.items()
    ]


def of_rule(record: Record, rule: str) -> Iterator[tuple[str, Finding]]:
    """`(phenomenon, finding)` of each finding about `rule` in a run with it alone."""
    label = _label(record, rule)
    for finding in record.findings:
        if finding.rule in ("", rule, label):
            yield phenomenon(finding, (label, rule)), finding


def phenomenon(finding: Finding, labels: Sequence[str]) -> str:
    """The short name of what is found, without the rule's."""
    if finding.phenomenon:
        return finding.phenomenon
    name = finding.claim
    for label in labels:
        word = rf"(?<!\w){re.escape(label)}(?!\w)"
        name = re.sub(rf"\s*\({word}\)|(:|,)\s*{word}$|^{word}(:|,)\s*", "", name)
        name = re.sub(rf"\({word}, ", "(", name)
        name = re.sub(word, "the rule", name)
    return name


def _label(record: Record, rule: str) -> str:
    """How the experiments call the only rule of a run in their findings: see `experiments/_rates.py`."""
    said = next((one for one in record.described["rules"] if one["name"] == rule), record.described["rules"][0])
    name = said["name"] or "; ".join(said["equations"].splitlines())
    return f"{name}, {said['normalize']}" if said["normalize"] else name


def _why(outcome: Outcome) -> str:
    return outcome.reason if isinstance(outcome, Failure) else "the experiment says nothing of it with this rule"
