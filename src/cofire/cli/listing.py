"""What the terminal shows of many runs: kept ones, two side by side, a sweep, phenomena × rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cofire.cli import summary
from cofire.cli.terminal import NARROW, STYLES, console, show_results, table

if TYPE_CHECKING:
    import numpy as np

    from cofire.cli.cells import Cell
    from cofire.cli.record import Record
    from cofire.cli.sweep import Sweep
    from cofire.store import Kept

MOST = 60  # lines of a sweep's summary; the file has all


def show_kept(found: Sequence[Kept], place: Path) -> None:
    """A line for each run, the newest last; two where the terminal is narrow. Settings where runs differ in them."""
    out, varied = console(), _varied(found)
    if not found:
        out.print(Text(f"No such run is kept in {place}."))
        return
    if out.width < NARROW:
        for kept in found:
            out.print(Text(kept.id, style="bold") + Text(f" {_minute(kept)} {kept.experiment}"))
            counts = Text(" ").join(
                Text(f"{summary.SIGNS[verdict]} {kept.counts[verdict]}", style=STYLES[verdict])
                for verdict in summary.VERDICTS
            )
            given = "; ".join(part for part in (", ".join(kept.rules), varied[kept.id]) if part)
            out.print(Padding(Text(f"{given}; seed {kept.seed}; ") + counts, (0, 0, 0, 2)))
    else:
        differ = ("settings",) if any(varied.values()) else ()
        made = table("id", "made", "experiment", "rules", *differ, "seed", *summary.SIGNS.values())
        for kept in found:
            made.add_row(
                Text(kept.id, style="bold"),
                Text(_minute(kept)),
                Text(kept.experiment),
                Text(", ".join(kept.rules)),
                *([Text(varied[kept.id])] if differ else []),
                Text(str(kept.seed)),
                *(Text(str(kept.counts[verdict]), style=STYLES[verdict]) for verdict in summary.VERDICTS),
            )
        out.print(made)
    out.print(Text(f"{len(found)} run{'s' if len(found) > 1 else ''} in {place}", style="dim"))


def _varied(found: Sequence[Kept]) -> dict[str, str]:
    """What each run was given that another of its experiment was not, by id."""
    values: dict[tuple[str, str], set[str]] = {}
    for kept in found:
        for key, value in kept.settings.items():
            values.setdefault((kept.experiment, key), set()).add(str(value))
    return {
        kept.id: ", ".join(f"{k} = {v}" for k, v in kept.settings.items() if len(values[kept.experiment, k]) > 1)
        for kept in found
    }


def show_one(kept: Kept, record: Record, data: Mapping[str, np.ndarray]) -> None:
    """Everything about a kept run."""
    show_results([record])
    out = console()
    said = record.described
    given = table("what", "value")
    for key, value in said["settings"].items():
        given.add_row(Text(key), Text(str(value)))
    for rule in said["rules"]:
        numbers = ", ".join(f"{name} = {value}" for name, value in rule["parameters"].items())
        given.add_row(Text(summary.called(rule)), Text(f"{rule['equations']}\n{numbers}".strip()))
    given.add_row(Text("releases"), Text(", ".join(f"{name} {release}" for name, release in said["versions"].items())))
    given.add_row(Text("made"), Text(kept.made.astimezone().strftime("%Y-%m-%d %H:%M:%S")))
    given.add_row(Text("data"), Text(", ".join(f"{name}{list(array.shape)}" for name, array in data.items())))
    given.add_row(Text("folder"), Text(str(kept.folder)))
    out.print(given)


def show_comparison(pair: Sequence[Kept], records: Sequence[Record]) -> None:
    """What differs in what two runs were given, and the findings of both."""
    out = console()
    one, other = (_given(record) for record in records)
    made = table("differs", *(kept.id for kept in pair))
    same = True
    for key in dict.fromkeys([*one, *other]):
        if one.get(key) != other.get(key):
            made.add_row(Text(key), Text(str(one.get(key, "–"))), Text(str(other.get(key, "–"))))
            same = False
    out.print(Text("They were given the same.") if same else made)
    measured = Table(box=box.SIMPLE_HEAD, expand=True, pad_edge=False, header_style="dim")
    measured.add_column("finding", ratio=4)
    for kept in pair:
        measured.add_column(kept.id, ratio=3)
    found = [{finding.claim: finding for finding in record.findings} for record in records]
    for claim in dict.fromkeys([*found[0], *found[1]]):
        cells = []
        for findings in found:
            finding = findings.get(claim)
            cells.append(
                Text("–", style="dim")
                if finding is None
                else Text(f"{summary.SIGNS[finding.verdict]} {finding.measured}", style=STYLES[finding.verdict])
            )
        measured.add_row(Text(claim), *cells)
    out.print(measured)


def show_sweep(sweep: Sweep, summarised: Sequence[Mapping[str, Any]]) -> None:
    """A line for each point, rule and phenomenon: mean and standard deviation over the seeds."""
    out = console()
    out.print(Text(sweep.experiment.claim, style="bold"))
    shown = summarised[:MOST]
    if out.width < NARROW:
        for at, group in groupby(shown, lambda row: [*(f"{key} = {row[key]:g}" for key in sweep.over), row["rule"]]):
            out.print(Text(", ".join(part for part in at if part), style="bold"))
            for row in group:
                said = f"{_short(row['mean'])} (s.d. {_short(row['sd'])}), {_share_of_runs(row)} reproduced"
                out.print(Padding(Text(f"{row['phenomenon']}: {said}"), (0, 0, 0, 2)))
    else:
        made = table(*sweep.over, "rule", "phenomenon", "number", "s.d.", "reproduced")
        for row in shown:
            made.add_row(
                *(Text(f"{row[key]:g}") for key in sweep.over),
                Text(row["rule"]),
                Text(row["phenomenon"]),
                *(Text(_short(row[key])) for key in ("mean", "sd")),
                Text(_share_of_runs(row)),
            )
        out.print(made)
    if len(summarised) > MOST:
        out.print(Text(f"and {len(summarised) - MOST} lines more, in the file"))
    out.print(Text(f"{len(sweep.tasks)} runs", style="dim"))


def show_matrix(found: Sequence[Cell], *, in_full: bool) -> None:
    """Experiments × rules, how many phenomena hold in each; `in_full`: phenomena × rules with their numbers."""
    out = console()
    for name, group in groupby(found, lambda cell: cell.experiment):
        if in_full:
            _show_phenomena(out, name, list(group))
    if not in_full:
        _show_experiments(out, found)
    counts = ", ".join(f"{sum(cell.verdict == verdict for cell in found)} {verdict}" for verdict in summary.VERDICTS)
    out.print(Text(f"{len(found)} cells: {counts}", style="bold"))


def _show_experiments(out: Console, found: Sequence[Cell]) -> None:
    """A line for each experiment; where rules do not fit side by side, a line for each of its rules that apply."""
    names, rules = (list(dict.fromkeys(getattr(cell, kind) for cell in found)) for kind in ("experiment", "rule"))
    shares = {
        (name, rule): _share(c for c in found if (c.experiment, c.rule) == (name, rule))
        for name in names
        for rule in rules
    }
    fits = max(map(len, names)) + 6 * len(rules) + 2 <= out.width
    if fits:
        made = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="dim", padding=(0, 0))
        made.add_column("", no_wrap=True)
        for at in range(len(rules)):
            made.add_column(f"{at + 1}", width=6, justify="right")
        for name in names:
            made.add_row(Text(name), *(shares[name, rule] for rule in rules))
        out.print(made)
        out.print(Text("  ".join(f"{at + 1} {rule}" for at, rule in enumerate(rules)), style="dim"))
        return
    for name in names:
        out.print(Text(name, style="bold"))
        line = Text("  ")
        for rule in rules:
            if shares[name, rule].plain != "–":
                line += Text(f"{rule} ") + shares[name, rule] + Text("   ")
        out.print(line if line.plain.strip() else Text("  – no rule of the catalogue applies", style="dim"))


def _show_phenomena(out: Console, name: str, found: Sequence[Cell]) -> None:
    apply = list(dict.fromkeys(cell.rule for cell in found if cell.finding))
    out.print(Text(name, style="bold"))
    for phenomenon, group in groupby(found, lambda cell: cell.phenomenon):
        out.print(Text(f"  {phenomenon}"))
        for cell in group:
            if cell.finding:
                said = f"    {summary.SIGNS[cell.verdict]} {cell.rule}: {cell.finding.measured}"
                out.print(Text(said, style=STYLES[cell.verdict]))
    aside = {cell.rule: cell.why for cell in found if cell.rule not in apply}
    for rule, why in aside.items():
        out.print(Text(f"  – {rule}: {why}", style="dim"))


def _share(cells: Iterable[Cell]) -> Text:
    """`✓3/4` of the phenomena that apply, or a dash."""
    verdicts = [cell.verdict for cell in cells if cell.verdict != "does not apply"]
    held = verdicts.count("reproduced")
    if not verdicts:
        return Text("–", style="dim")
    style = (
        STYLES["reproduced" if held == len(verdicts) else "not reproduced"] if held in (0, len(verdicts)) else "yellow"
    )
    return Text(f"{held}/{len(verdicts)}", style=style)


def _minute(kept: Kept) -> str:
    return kept.made.astimezone().strftime("%Y-%m-%d %H:%M")


def _short(value: float) -> str:
    return f"{value:.4g}" if isfinite(value) else "–"


def _share_of_runs(row: Mapping[str, Any]) -> str:
    return f"{row['reproduced']} of {row['runs']}"


def _given(record: Record) -> dict[str, Any]:
    """What a run was given, flat."""
    said = record.described
    rules = {f"rule {at + 1}": _told(rule) for at, rule in enumerate(said["rules"])}
    versions = {f"release of {name}": release for name, release in said["versions"].items()}
    return {"experiment": said["experiment"], "seed": said["seed"], **said["settings"], **rules, **versions}


def _told(rule: Mapping[str, Any]) -> str:
    numbers = ", ".join(f"{name} = {value}" for name, value in rule["parameters"].items())
    return f"{summary.called(rule)}: {numbers}" if numbers else summary.called(rule)
