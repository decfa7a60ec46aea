"""`cofire sweep` and `cofire matrix`: many runs, in processes or on a cluster, each kept as it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from cofire.cli.options import Full, Out, Seed, Sets, SettingsFile, reading
from cofire.errors import CofireError, shown


def sweep(
    name: Annotated[str, typer.Argument(help="An experiment of `cofire list`.")],
    over: Annotated[
        list[str] | None, typer.Option(metavar="KEY=A:B:N", help="A setting, N values from A to B; may be repeated.")
    ] = None,
    rules: Annotated[str | None, typer.Option(metavar="RULE,RULE", help="Each rule in runs of its own.")] = None,
    seeds: Annotated[int, typer.Option(min=1, max=100_000, help="Runs of each point, from --seed on.")] = 1,
    seed: Seed = 0,
    sets: Sets = None,
    settings_file: SettingsFile = None,
    full: Full = False,
    jobs: Annotated[int | None, typer.Option(min=1, max=1024, help="Processes; else one a core.")] = None,
    cluster: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="A Dask scheduler, as tcp://host:8786.")
    ] = None,
    out: Out = None,
) -> None:
    """Run one experiment over a grid of settings, rules and seeds; make one table and one figure of it.

    Each run is kept as it ends: typed again, an interrupted sweep goes on where it stopped.
    """
    from cofire import experiments, scale
    from cofire.cli import arguments, listing, record, terminal, work
    from cofire.cli import sweep as sweeps
    from cofire.cli.options import changes
    from cofire.store import atomic

    target = out or Path(f"cofire-sweep-{name}")
    with reading():
        experiment = experiments.get(name)
        axes = [arguments.assignment(text) for text in over or ()]
        if len(dict(axes)) < len(axes):
            raise CofireError("a key is given with --over twice")
        typed = {text: arguments.rule_or_name(text) for text in arguments.listed(rules or "")}
        if rules is not None and not typed:
            raise CofireError(f"--rules {shown(rules)} names no rule")
        numbers = range(seed, seed + seeds)
        made = sweeps.made(experiment, dict(axes), typed, numbers, changes(experiment, sets, settings_file), full=full)
        atomic.check_folder(target, sweeps.FILES)
        _check_same(target / sweeps.GRID, made.grid)
    with (
        work.Keeping() as keeping,
        keeping.alone(target.absolute(), "another sweep is writing to it"),
        terminal.progress_bar() as progress,
    ):
        outcomes = dict(work.done(made.tasks, keeping, progress, jobs=jobs or scale.cores(), cluster=cluster))
        progress(1.0, "writing")
        rows = sweeps.table(made, outcomes)
        summary = sweeps.summarised(made, rows)
        with atomic.folder(target) as folder:
            (folder / sweeps.TABLE).write_text(sweeps.to_csv(rows), encoding="utf-8", newline="")
            (folder / sweeps.PICTURE).write_bytes(record.png(sweeps.figure(made, summary)))
            (folder / sweeps.GRID).write_text(made.grid + "\n", encoding="utf-8")
    listing.show_sweep(made, summary)
    typer.echo(f"Written to {terminal.printable(target)}: {', '.join(sweeps.FILES)}")
    reasons = [outcome.reason for outcome in outcomes.values() if isinstance(outcome, work.Failure)]
    for reason in dict.fromkeys(reasons):
        terminal.complain(f"{reasons.count(reason)} of {len(made.tasks)} runs could not run: {reason}")
    terminal.complain_of(keeping.problems)
    if reasons:
        raise typer.Exit(1)


def matrix(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="These experiments only.")] = None,
    seed: Seed = 0,
    out: Out = None,
) -> None:
    """Run every experiment with every rule of the catalogue that makes sense in it: which reproduces what?

    Runs that are kept are not run again. The table goes to DIR as a page, a CSV file and a picture; by default to
    cofire-matrix.
    """
    from cofire import experiments
    from cofire import rules as catalogue
    from cofire.cli import cells, listing, terminal, work
    from cofire.cli import matrix as table
    from cofire.cli.matrix_picture import png
    from cofire.store import atomic

    target = out or Path("cofire-matrix")
    with reading():
        chosen = [experiments.get(name) for name in dict.fromkeys(names or experiments.names())]
        atomic.check_folder(target, table.FILES)
    with work.Keeping() as keeping, terminal.progress_bar() as progress:
        wanted = {one.name: cells.alone(one, catalogue.names(), seed) for one in chosen}
        outcomes = cells.had(wanted, keeping, progress)
        found = table.every_cell(outcomes)
        with atomic.folder(target) as folder:
            (folder / table.TABLE).write_text(table.to_csv(found), encoding="utf-8", newline="")
            (folder / table.PAGE).write_text(table.page(found, seed), encoding="utf-8")
            (folder / table.PICTURE).write_bytes(png(found))
    listing.show_matrix(found, in_full=bool(names))
    typer.echo(f"With every number: {terminal.printable(target)}/ {', '.join(table.FILES)}")
    terminal.complain_of(keeping.problems)
    failed = [
        f"{name} could not run with {rule}: {outcome.reason}"
        for name, row in outcomes.items()
        for rule, outcome in row.items()
        if isinstance(outcome, work.Failure) and isinstance(wanted[name][rule], work.Task)
    ]
    terminal.complain_of(failed)
    if failed:
        raise typer.Exit(1)


def _check_same(path: Path, grid: str) -> None:
    """Refuses a folder that holds another sweep's table, or one that cannot be read."""
    try:
        same = not path.exists() or json.loads(path.read_text(encoding="utf-8")) == json.loads(grid)
    except (OSError, ValueError):
        raise CofireError(f"{path} cannot be read: give a new folder with --out") from None
    if not same:
        raise CofireError(f"{path.parent} holds the table of another sweep: give a new folder with --out")
