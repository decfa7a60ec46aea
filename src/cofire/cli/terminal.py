"""What the commands print. Text that a person wrote is never read as markup, and nothing needs colour."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from math import isinf
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cofire.cli import interrupt, prose, summary
from cofire.constraints import Range
from cofire.errors import LanguageError, did_you_mean
from cofire.experiments import Progress, Verdict

if TYPE_CHECKING:
    from cofire.cli.record import Record
    from cofire.experiments import Experiment, Finding
    from cofire.rule import Rule
    from cofire.rules import Recipe

WIDEST = 130  # longer lines are hard to follow
NARROW = 84  # below it a table of findings becomes a list
UNSEEN = 100  # columns where nobody says how many there are

STYLES: dict[Verdict, str] = {"reproduced": "green", "not reproduced": "red", "does not apply": "dim"}


def console(*, stderr: bool = False) -> Console:
    """A console that takes everything literally, `COLUMNS` wide where it is no terminal."""
    made = Console(stderr=stderr, markup=False, highlight=False, emoji=False)
    width = made.width if made.is_terminal or "COLUMNS" in os.environ else UNSEEN
    made.width = min(width, WIDEST)
    return made


def printable(text: object) -> str:
    """`text` on one line, without anything that could move the cursor."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in " ".join(str(text).split()))


def complain(error: object) -> None:
    """One line on stderr; on a terminal, the text of a rule with a caret below what is wrong too."""
    out = console(stderr=True)
    line = Text("cofire: ", style="red", end="")
    if isinstance(error, LanguageError) and error.position is not None:
        reason, _, pointed = str(error).partition("\n")
        out.print(line, Text(printable(reason)), sep="", end="", soft_wrap=True)
        if out.is_terminal:
            out.print(Text("\n" + pointed), soft_wrap=True)
        else:
            begin = error.text.rfind("\n", 0, error.position) + 1
            where = f"line {error.text.count(chr(10), 0, begin) + 1}, " if "\n" in error.text else ""
            out.print(Text(f" ({where}character {error.position - begin + 1} of the text)"), soft_wrap=True)
        return
    out.print(line, Text(printable(error)), sep="", soft_wrap=True)


def complain_of(problems: Iterable[str]) -> None:
    """A line on stderr for each."""
    for problem in problems:
        complain(problem)


def show_rules(recipes: Iterable[Recipe]) -> None:
    """Name, summary and equation of each."""
    from cofire.language.parse import parse
    from cofire.language.unicode import equations_to_lines

    rows = []
    for recipe in recipes:
        summary, equations = Text(recipe.summary), equations_to_lines(parse(recipe.equation))
        rows.append((recipe.name, Group(summary, *(Text(line, style="cyan") for line in equations))))
    _show_entries(rows)


def show_experiments(found: Iterable[Experiment]) -> None:
    """Name, numbers of the claims and claim of each."""
    _show_entries([(e.name, Text(f"{e.claim.rstrip('.')}. ") + _numbers(e)) for e in found])


def show_rule(recipe: Recipe) -> None:
    """Everything the catalogue says of one rule."""
    out = console()
    rule = recipe()
    out.print(Text(recipe.name, style="bold"))
    out.print()
    _print_equations(out, rule)
    out.print()
    _print_indented(out, Text("To be typed:"), *(Text(line, style="cyan") for line in recipe.equation.splitlines()))
    _print_indented(out, _parameter_table(recipe))
    for name, said in _declared(rule):
        out.print(Text(f"  {name}: {said}"))
    out.print()
    _print_prose(out, recipe.__doc__ or "")
    out.print()
    _print_indented(out, Text("Source: " + recipe.source))


def show_explanation(rule: Rule, filled: Sequence[str]) -> None:
    """The plan of a rule; `filled`: names that had no value."""
    out = console()
    _print_equations(out, rule)
    headings = ("Who owns what", "A batch of B samples", "With spikes")
    _, _, plan = str(rule.explain()).partition("\n\n")
    out.print()
    for line in plan.splitlines():
        out.print(Text(line, style="bold" if line.startswith(headings) else ""), soft_wrap=True)
    if filled:
        out.print()
        out.print(Text(f"No value was given for {_list(filled)}: taken as 1. The plan is the same for any."))
        own = [name for name, _ in (*rule.equations.variables, *rule.equations.definitions)]
        for name in filled:
            near = did_you_mean(name, ["pre", "post", *own])
            if near:
                out.print(Text(f"{name} is taken as a parameter{near}"))


def show_experiment(experiment: Experiment) -> None:
    """The claim, protocol, settings and source of one experiment."""
    out = console()
    out.print(Text(experiment.claim, style="bold"))
    out.print()
    _print_prose(out, experiment.module.__doc__ or "")
    out.print()
    _print_indented(out, Text("Rules: " + ", ".join(experiment.module.RULES)))
    made = table("setting", "quick", "full", "must be", "meaning")
    for key, quick, full, meaning, must in experiment.describe_settings():
        made.add_row(Text(key), Text(str(quick)), Text(str(full)), Text(must), Text(meaning))
    _print_indented(out, made)
    _print_indented(out, Text("Source: " + experiment.source))


def show_results(results: Sequence[Record]) -> None:
    """What was measured beside what was published, experiment by experiment, and how many findings hold."""
    from cofire import experiments

    out = console()
    for result in results:
        experiment = experiments.get(result.name)
        out.print()
        out.print(Text(experiment.claim, style="bold") + Text(" ") + _numbers(experiment))
        said = result.described
        out.print(Text(f"{result.name}, {_rules(result)}; {said['seconds']:.1f} s, seed {said['seed']}", style="dim"))
        out.print(findings_table(result.findings, out.width))
    findings = [finding for result in results for finding in result.findings]
    out.print()
    flags = "; ".join(f"({flag}) {meaning}" for flag, meaning in summary.flags_used(findings))
    out.print(Text(f"How sure the published number is: {flags}.", style="dim"))
    out.print(Text(summary.tally(findings), style="bold"))


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """`progress(fraction, note)` that draws a bar on stderr, if that is a terminal, and wipes it at the end."""
    out = console(stderr=True)
    if not out.is_terminal or out.is_dumb_terminal:
        yield lambda *_: interrupt.check()
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    percent = TextColumn("{task.percentage:.0f} %", markup=False)
    note_column = TextColumn("{task.description}", markup=False)
    with Progress(BarColumn(), percent, TimeRemainingColumn(), note_column, console=out, transient=True) as bar:
        task = bar.add_task("", total=1.0)

        def progress(fraction: float, note: str) -> None:
            interrupt.check()
            short = textwrap.shorten(printable(note), 40, placeholder="…")
            bar.update(task, completed=fraction, description=short)

        yield progress


def _print_indented(out: Console, *parts: RenderableType) -> None:
    out.print(Padding(Group(*parts), (0, 0, 0, 2)))


def _print_prose(out: Console, text: str) -> None:
    """A docstring, filled to the width there is."""
    width = out.width - 2
    for line, indent in prose.lines(text):
        hanging = " " * min(indent, width // 3)
        filled = textwrap.fill(line, width, subsequent_indent=hanging)
        out.print(Text(textwrap.indent(filled, "  ")), soft_wrap=True)


def _print_equations(out: Console, rule: Rule) -> None:
    """The equations typeset, or on lines that fold where the terminal is too narrow for it."""
    from cofire.language.stacked import equations_to_picture
    from cofire.language.unicode import equations_to_lines

    picture = equations_to_picture(rule.equations, out.width - 4)
    if picture is None:
        lines = equations_to_lines(rule.equations)
        picture = "\n".join(textwrap.fill(line, out.width - 4, subsequent_indent="    ") for line in lines)
    out.print(Text(textwrap.indent(picture, "    "), style="cyan"), soft_wrap=True)


def _parameter_table(recipe: Recipe) -> Table:
    from cofire.language.unicode import name_to_line

    made = table("parameter", "", "default", "must be", "meaning")
    for name, parameter in recipe.parameters.items():
        symbol = name_to_line(name)
        made.add_row(
            Text(name),
            Text(symbol if symbol != name else "", style="cyan"),
            Text(str(parameter.default).removesuffix(".0")),
            Text(str(parameter.allowed)),
            Text(parameter.meaning),
        )
    return made


def _declared(rule: Rule) -> Iterator[tuple[str, str]]:
    if rule.bounds:
        low, high = rule.bounds
        yield "bounds", f"each weight is held {Range(low, high, low_open=isinf(low), high_open=isinf(high))}"
    if rule.normalize:
        yield "normalize", f"the weights of each cell are scaled to unit norm ({rule.normalize}) after each step"
    if rule.signals:
        yield "signals", f"{_list(rule.signals)}, given with each step"


def findings_table(findings: Sequence[Finding], width: int) -> RenderableType:
    """What was measured beside what was published; a list where the terminal is narrow."""
    if width < NARROW:
        return Group(*(_finding(finding) for finding in findings))
    table = Table(box=box.SIMPLE_HEAD, expand=True, pad_edge=False, header_style="dim", padding=(0, 1))
    table.add_column("claim", ratio=10)
    table.add_column("measured", ratio=9)
    table.add_column("published", ratio=9)
    table.add_column("verdict", width=16, no_wrap=True)
    for finding in findings:
        published = Text(finding.published) + Text(f" ({finding.flag})", style="dim")
        table.add_row(Text(finding.claim), Text(finding.measured), published, _verdict(finding.verdict))
    return table


def _finding(finding: Finding) -> RenderableType:
    """One finding as a few short lines."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column()
    grid.add_row("measured", Text(finding.measured))
    grid.add_row("published", Text(f"{finding.published} ({finding.flag})"))
    grid.add_row("verdict", _verdict(finding.verdict))
    return Group(Text(""), Text(finding.claim), Padding(grid, (0, 0, 0, 2)))


def _verdict(verdict: Verdict) -> Text:
    return Text(f"{summary.SIGNS[verdict]} {verdict}", style=STYLES[verdict])


def _numbers(experiment: Experiment) -> Text:
    several = "s" if len(experiment.claims) > 1 else ""
    return Text(f"(claim{several} {_list(map(str, experiment.claims))})", style="dim")


def _rules(result: Record) -> str:
    named = [summary.called(rule) for rule in result.described["rules"]]
    return ("rule " if len(named) == 1 else "rules ") + ", ".join(named)


def _show_entries(rows: Sequence[tuple[str, RenderableType]]) -> None:
    """Names on the left, what is said of each on the right; one below the other where that would be too narrow."""
    out = console()
    widest = max((len(name) for name, _ in rows), default=0)
    if out.width < widest + 40:
        for name, said in rows:
            out.print(Text(name, style="bold"))
            out.print(Padding(said, (0, 0, 0, 2)))
        return
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column()
    for name, said in rows:
        grid.add_row(Text(name), said)
    out.print(grid)


def table(*columns: str) -> Table:
    """A quiet table."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="dim")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _list(words: Iterable[str]) -> str:
    *most, last = list(words) or [""]
    return f"{', '.join(most)} and {last}" if most else last
