"""`cofire runs`: find the runs that were kept, show them, compare them, export and delete them."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from cofire.cli.options import reading
from cofire.errors import ParameterError, did_you_mean

app = typer.Typer(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})

Id = Annotated[str, typer.Argument(metavar="ID", help="Its id, or how the id begins; see `cofire runs`.")]


class Format(StrEnum):
    """What a run can be exported to."""

    netcdf = "netcdf"
    csv = "csv"


@app.callback()
def find(
    context: typer.Context,
    experiment: Annotated[str | None, typer.Option(metavar="NAME", help="Of this experiment.")] = None,
    rule: Annotated[str | None, typer.Option(metavar="RULE", help="With this rule among its own.")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="DATE", help="Made since then, as 2026-11-24 or with T09:30.")
    ] = None,
    verdict: Annotated[
        str | None, typer.Option(metavar="VERDICT", help="With such a finding, as 'not reproduced'.")
    ] = None,
) -> None:
    """List the runs that were kept, show, compare, export or delete them."""
    if context.invoked_subcommand:
        return
    from cofire.cli import listing, terminal
    from cofire.store import Store

    with reading():
        wanted = _wanted(experiment, rule, since, verdict)
    with Store() as store:
        listing.show_kept(store.find(**wanted), store.place)
        terminal.complain_of(store.complaints)


@app.command("show")
def show(run: Id) -> None:
    """Show one run: findings, settings, rules, releases, and the folder it lies in."""
    from cofire.cli import listing, record
    from cofire.store import Store

    with Store() as store:
        kept = store.get(run)
        listing.show_one(kept, record.read(store, kept.id), store.arrays(kept.id))


@app.command("compare")
def compare(one: Id, other: Id) -> None:
    """Set two runs side by side: what differs in what they were given, and each finding."""
    from cofire.cli import listing, record
    from cofire.store import Store

    with Store() as store:
        pair = [store.get(one), store.get(other)]
        listing.show_comparison(pair, [record.read(store, kept.id) for kept in pair])


@app.command("export")
def export(
    run: Id,
    to: Annotated[Format, typer.Option("--to", help="netCDF 3 is one file, csv a folder of tables.")],
    out: Annotated[Path | None, typer.Option(metavar="PATH", help="Where to; else here, named after the run.")] = None,
) -> None:
    """Write the data and findings of a run for other programs."""
    from cofire.cli import terminal
    from cofire.store import Store, atomic
    from cofire.store import export as formats

    with Store() as store:
        kept = store.get(run)
        described, named = store.described(kept.id), store.arrays(kept.id)
    name = f"{kept.experiment}-{kept.id}"
    target = out or Path(f"{name}.nc" if to is Format.netcdf else name)
    if to is Format.netcdf:
        with reading():
            atomic.check_file(target)
        atomic.write(target, lambda path: formats.netcdf(described, named, path))
    else:
        with reading():
            atomic.check_folder(target)
        with atomic.folder(target) as folder:
            formats.table(described, named, folder)
    typer.echo(f"Written to {terminal.printable(target)}")


@app.command("delete")
def delete(runs: Annotated[list[str], typer.Argument(metavar="ID...", help="Ids, or how they begin.")]) -> None:
    """Delete runs, for good; a damaged one by its whole id."""
    from cofire.store import Store

    with Store() as store:
        store.find()
        damaged = {name for name, _ in store.damaged}
        for identity in [run if run in damaged else store.get(run).id for run in runs]:
            store.delete(identity)
            typer.echo(f"Deleted {identity}")


def _wanted(experiment: str | None, rule: str | None, since: str | None, verdict: str | None) -> dict[str, Any]:
    """What to look for. Raises: `ParameterError`."""
    from cofire import experiments
    from cofire.cli import arguments, summary

    if experiment is not None:
        experiments.get(experiment)
    named = arguments.rule_or_name(rule) if rule is not None else None
    if verdict is not None and verdict not in summary.VERDICTS:
        known = ", ".join(summary.VERDICTS)
        raise ParameterError(f"{verdict!r} is not a verdict{did_you_mean(verdict, summary.VERDICTS) or ': ' + known}")
    try:
        moment = datetime.fromisoformat(since).astimezone(UTC) if since is not None else None
    except (ValueError, OverflowError):  # also of a year that no other time zone has
        raise ParameterError(f"--since {since!r} is not a date such as 2026-11-24 or 2026-11-24T09:30") from None
    text = named if named is None or isinstance(named, str) else named.name or named.text
    return {"experiment": experiment, "rule": text, "since": moment, "verdict": verdict}
