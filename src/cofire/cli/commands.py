"""The commands. Each one reads what was typed, does it, and prints.

Exit codes: 0 everything ran, whatever the verdicts; 1 something could not run; 2 something was typed wrongly; 130 it
was stopped with Ctrl-C, or `kill`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from cofire import __version__
from cofire.cli import interrupt, many, runs
from cofire.cli.options import Full, Out, Seed, Sets, SettingsFile, changes, ended, reading
from cofire.errors import CofireError

if TYPE_CHECKING:
    from cofire.cli.record import Record
    from cofire.cli.work import Keeping
    from cofire.experiments import Progress

PAGE, REPORT = "cofire-tour.html", "cofire-report.html"
SIMPLEST = "hebb"
STOPPED = "stopped; nothing is half-written"


class _Commands(TyperGroup):
    """Commands whose errors are one line each."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return self.stoppable(ctx)
        except CofireError as error:
            raise ended(error, 1) from None
        except MemoryError:
            raise ended("there is not enough memory for this; smaller settings need less", 1) from None
        except KeyboardInterrupt:
            raise ended(STOPPED, 130) from None

    def stoppable(self, ctx: Any) -> Any:
        """Raises `KeyboardInterrupt` too where a library made another error of it, as NumPy does when imported."""
        try:
            return super().invoke(ctx)
        except typer.Exit:
            raise
        except Exception:
            if interrupt.pressed():
                raise KeyboardInterrupt from None
            raise


app = typer.Typer(
    cls=_Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip


def main() -> None:
    """The console script."""
    interrupt.watch()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without Greek letters shows ? instead
    try:
        try:
            app(prog_name="cofire")
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt:  # before a command began
        ended(STOPPED, 130)
        sys.exit(130)
    except OSError as error:  # nobody reads any more, or the disk is full: and nothing can be printed at the end either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            ended(f"cannot print: {error.strerror}", 1)
        sys.exit(1)


@app.callback(invoke_without_command=True)
def about(
    version: Annotated[bool, typer.Option("--version", is_eager=True, help="Print the release and end.")] = False,
) -> None:
    """Write a Hebbian learning rule as an equation, and see which known experiments it reproduces."""
    if version:
        typer.echo(f"cofire {__version__}")
        raise typer.Exit


@app.command("rules")
def list_rules() -> None:
    """List the learning rules of the literature."""
    from cofire import rules
    from cofire.cli import terminal

    terminal.show_rules(rules.get(name) for name in rules.names())


@app.command("show")
def show_rule(name: Annotated[str, typer.Argument(help="A rule of `cofire rules`.")]) -> None:
    """Show one rule: its equation typeset, parameters, mathematics, pitfalls and source."""
    from cofire import rules
    from cofire.cli import terminal

    with reading():
        recipe = rules.get(name)
    terminal.show_rule(recipe)


@app.command("explain")
def explain(
    text: Annotated[str, typer.Argument(help="Equations, such as 'dw/dt = eta * pre * post', or a rule's name.")],
    sets: Sets = None,
    signal: Annotated[list[str] | None, typer.Option(metavar="NAME", help="A modulator, such as reward.")] = None,
) -> None:
    """Explain what becomes of a rule: who owns what, what happens when, and at what cost. Needs no numbers."""
    from cofire.cli import arguments, terminal

    with reading():
        settings = {key: arguments.number(value) for key, value in map(arguments.assignment, sets or ())}
        rule, filled = arguments.rule_to_explain(text, settings, signal or ())
    terminal.show_explanation(rule, filled)


@app.command("list")
def list_experiments(
    name: Annotated[str | None, typer.Argument(help="Describe this one: protocol, settings, source.")] = None,
) -> None:
    """List the experiments and the claims they test, or describe one."""
    from cofire import experiments
    from cofire.cli import terminal

    if name is None:
        terminal.show_experiments(experiments.get(known) for known in experiments.names())
        return
    with reading():
        experiment = experiments.get(name)
    terminal.show_experiment(experiment)


@app.command("run")
def run(
    name: Annotated[str, typer.Argument(help="An experiment of `cofire list`.")],
    rule: Annotated[
        list[str] | None,
        typer.Option(metavar="RULE", help="A rule's name, oja(eta=0.05), or equations; may be repeated."),
    ] = None,
    sets: Sets = None,
    settings_file: SettingsFile = None,
    seed: Seed = 0,
    full: Full = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
    out: Out = None,
) -> None:
    """Run one experiment and set what it measures beside what was published."""
    from cofire import experiments
    from cofire.cli import arguments, record, terminal, work
    from cofire.store import atomic

    with reading():
        experiment = experiments.get(name)
        settings = experiment.settings(changes(experiment, sets, settings_file), full=full)
        rules = [arguments.rule_or_name(text) for text in rule] if rule else None
        if out:
            atomic.check_folder(out, record.FILES)
    with work.Keeping() as keeping, terminal.progress_bar() as progress:
        result = experiment.run(settings, rules=rules, seed=seed, progress=progress)
        progress(1.0, "writing")
        found = record.of(result)
        identity = keeping.keep(found)  # first, so that it is not lost where --out is full
        if out:
            try:
                with atomic.folder(out) as folder:
                    record.save(found, folder)
            except CofireError as error:
                raise CofireError(f"{error}; the run is kept as {identity}" if identity else str(error)) from None
    if json:
        typer.echo(record.to_json(found.described, plain=True))
    else:
        terminal.show_results([found])
        if out:
            typer.echo(f"Written to {terminal.printable(out)}: {', '.join(record.FILES)}")
        if identity:
            typer.echo(f"Kept as {identity}")
    terminal.complain_of(keeping.problems)


@app.command("tour")
def tour(seed: Seed = 0, out: Out = None) -> None:
    """Run every quick experiment, within a minute, and make a page of what they found.

    The page is cofire-tour.html in the folder you are in; with --out, DIR also has a folder for each experiment.
    """
    from cofire import experiments
    from cofire.cli import report, terminal, work
    from cofire.store import atomic

    names = experiments.names()
    page = (out or Path()) / PAGE
    with reading():
        if out:
            atomic.check_folder(out, {PAGE, *names})
        else:
            atomic.check_file(page)
    with work.Keeping() as keeping, terminal.progress_bar() as progress:
        records, failed = _all(names, seed, keeping, progress, again=True)
        progress(1.0, "writing")
        if records and out:
            with atomic.folder(out) as folder:
                report.save(records, failed, folder, PAGE)
        elif records:
            atomic.write_text(page, report.page(records, failed))
    _tell(records, failed, keeping, page)


@app.command("report")
def write_report(
    seed: Seed = 0,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to write the page.")] = Path(REPORT),
) -> None:
    """Write a page that walks a beginner through the claims, in order; runs are taken from those that are kept.

    Beside what `cofire tour` shows, it tells what the simplest rule gets wrong, and which rule mends it.
    """
    from cofire import experiments
    from cofire.cli import cells, report, terminal, work
    from cofire.store import atomic

    names = experiments.names()
    with reading():
        atomic.check_file(out)
    with work.Keeping() as keeping, terminal.progress_bar() as progress:
        records, failed = _all(names, seed, keeping, lambda share, note: progress(share / 2, note))
        wanted = {
            name: cells.alone(
                experiments.get(name), dict.fromkeys([SIMPLEST, *experiments.get(name).module.RULES]), seed
            )
            for name in (one.name for one in records)
        }
        alone = cells.had(wanted, keeping, lambda share, note: progress(0.5 + share / 2, note))
        progress(1.0, "writing")
        if records:
            atomic.write_text(out, report.page(records, failed, alone))
    _tell(records, failed, keeping, out)


@app.command("resume")
def resume(
    file: Annotated[Path, typer.Argument(help="The checkpoint of a network: net.run(..., checkpoint=FILE).")],
) -> None:
    """Go on with a network's run from its checkpoint, to its end; the file then holds the whole record.

    A function given to the run as each= is not in the file: the run goes on without it.
    """
    from cofire.cli import terminal
    from cofire.network import resume as going_on

    with terminal.progress_bar() as progress:
        net, record = going_on(file, progress=progress)
    for recorder, kept in record.items():
        typer.echo(f"{recorder.label}: {len(kept)} {'spikes' if hasattr(kept, 'cells') else 'samples'}")
    if record.stopped:
        raise ended(f"{record.stopped}; cofire resume {terminal.printable(file)} goes on from the last checkpoint", 130)
    typer.echo(f"The run is at its end, {net.now}. In Python: net, record = cofire.network.resume({str(file)!r})")


app.command("sweep")(many.sweep)
app.command("matrix")(many.matrix)
app.add_typer(runs.app, name="runs")


def _all(
    names: Sequence[str], seed: int, keeping: Keeping, progress: Progress, *, again: bool = False
) -> tuple[list[Record], list[tuple[str, str]]]:
    """The quick form of each experiment on all cores; also `(name, reason)` of each that cannot run."""
    from cofire import experiments, scale
    from cofire.cli import work

    failed: dict[str, str] = {}
    tasks = []
    for name in names:
        try:
            tasks.append(work.task(experiments.get(name), seed=seed))
        except CofireError as error:
            failed[name] = str(error)
    outcomes = dict(work.done(tasks, keeping, progress, jobs=scale.cores(), again=again))
    records = []
    for at, one in enumerate(tasks):
        outcome = outcomes[at]
        if isinstance(outcome, work.Failure):
            failed[one.experiment] = outcome.reason
        else:
            records.append(outcome)
    return records, [(name, failed[name]) for name in names if name in failed]


def _tell(records: list[Record], failed: list[tuple[str, str]], keeping: Keeping, page: Path) -> None:
    """Prints what was found, where the page is, and what went wrong; code 1 if an experiment could not run."""
    from cofire.cli import terminal

    if records:
        terminal.show_results(records)
        typer.echo(f"All of it with figures, as a page for the browser: {terminal.printable(page.absolute())}")
    terminal.complain_of([f"{name} could not run: {reason}" for name, reason in failed])
    terminal.complain_of(keeping.problems)
    if failed:
        raise typer.Exit(1)
