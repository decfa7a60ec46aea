"""`cofire matrix`: which rule reproduces which phenomenon, as CSV and as a page; its picture is in `matrix_picture`."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from importlib.resources import files
from itertools import groupby
from string import Template
from textwrap import shorten

from cofire import __version__, experiments
from cofire.cli import cells, summary
from cofire.cli.cells import Cell
from cofire.cli.matrix_picture import counted
from cofire.cli.work import Outcome

TABLE, PAGE, PICTURE = "matrix.csv", "matrix.html", "matrix.png"
FILES = (TABLE, PAGE, PICTURE)
WIDEST = 60  # characters of a measurement in a cell of the page; the CSV file has all

_CLASSES = {"reproduced": "yes", "not reproduced": "no", "does not apply": "aside"}


def every_cell(outcomes: Mapping[str, Mapping[str, Outcome]]) -> list[Cell]:
    """The cells of every experiment, in order; `outcomes`: by experiment and rule."""
    return [cell for name, row in outcomes.items() for cell in cells.cells(name, row)]


def to_csv(found: Sequence[Cell]) -> str:
    """A line for each cell: what was measured beside what was published, or why it does not apply."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(["experiment", "phenomenon", "rule", "verdict", "number", "measured", "published", "flag", "why"])
    for cell in found:
        one = cell.finding
        said = [one.number, one.measured, one.published, one.flag] if one else ["", "", "", ""]
        writer.writerow([cell.experiment, cell.phenomenon, cell.rule, cell.verdict, *said, "" if one else cell.why])
    return file.getvalue()


def page(found: Sequence[Cell], seed: int) -> str:
    """The table as one HTML file: a part for each experiment, with the rules that apply and why others do not."""
    parts = []
    for name, group in groupby(found, lambda cell: cell.experiment):
        parts.append(_part(name, list(group)))
    counts = "".join(
        f'<li class="{_CLASSES[verdict]}"><strong>{sum(cell.verdict == verdict for cell in found)}</strong> '
        f"{escape(verdict)}<small>{escape(meaning)}</small></li>"
        for verdict, meaning in summary.VERDICTS.items()
    )
    return _PAGE.substitute(
        style=files("cofire.cli").joinpath("report.css").read_text(encoding="utf-8"),
        counts=counts,
        overview=_overview(found),
        parts="".join(parts),
        version=escape(__version__),
        seed=seed,
        date=datetime.now().astimezone().strftime("%Y-%m-%d"),
    )


def _overview(found: Sequence[Cell]) -> str:
    """How many phenomena of each experiment each rule reproduces, of those that apply."""
    rules = list(dict.fromkeys(cell.rule for cell in found))
    counts, rows = counted(found), []
    for name in dict.fromkeys(cell.experiment for cell in found):
        row = "".join(_count(*counts.get((name, rule), (0, 0))) for rule in rules)
        rows.append(f'<tr><th scope="row"><a href="#{escape(name)}">{escape(name)}</a></th>{row}</tr>')
    heads = "".join(f'<th scope="col">{escape(rule.replace("_", " "))}</th>' for rule in rules)
    return (
        '<section aria-labelledby="overview"><h2 id="overview">All of it at a glance</h2>'
        '<div class="scroll" role="group" tabindex="0" aria-label="all experiments and rules">'
        '<table class="matrix counted">'
        "<caption>Phenomena reproduced, of those that apply</caption>"
        f'<thead><tr><th scope="col">experiment</th>{heads}</tr></thead><tbody>{"".join(rows)}</tbody>'
        "</table></div></section>"
    )


def _count(held: int, of: int) -> str:
    if not of:
        return '<td class="aside"><span aria-hidden="true">–</span><span class="heard">does not apply</span></td>'
    return f'<td class="{"yes" if held == of else "no" if not held else "some"}">{held} of {of}</td>'


def _part(name: str, found: Sequence[Cell]) -> str:
    rules = list(dict.fromkeys(cell.rule for cell in found))
    apply = [rule for rule in rules if any(cell.rule == rule and cell.finding for cell in found)]
    rows = []
    for phenomenon, group in groupby(found, lambda cell: cell.phenomenon):
        by_rule = {cell.rule: cell for cell in group}
        row = "".join(_cell(by_rule[rule]) for rule in apply)
        rows.append(f'<tr><th scope="row">{escape(phenomenon)}</th>{row}</tr>')
    heads = "".join(f'<th scope="col">{escape(rule.replace("_", " "))}</th>' for rule in apply)
    table = (
        f'<div class="scroll" role="group" tabindex="0" aria-label="{escape(name)}"><table class="matrix">'
        f'<caption>Phenomena and rules: {escape(name)}</caption><thead><tr><th scope="col">phenomenon</th>{heads}</tr>'
        f"</thead><tbody>{''.join(rows)}</tbody></table></div>"
        if apply
        else "<p>No rule of the catalogue can be put to this test as it comes.</p>"
    )
    why = {cell.rule: cell.why for cell in found if cell.rule not in apply}
    aside = "".join(f"<dt>{escape(rule)}</dt><dd>{escape(reason)}</dd>" for rule, reason in why.items())
    reasons = f'<details><summary>Does not apply: {len(why)} rules</summary><dl class="settings">{aside}</dl></details>'
    return (
        f'<section aria-labelledby="{escape(name)}"><p class="eyebrow">{escape(name)}</p>'
        f'<h2 id="{escape(name)}">{escape(experiments.get(name).claim)}</h2>{table}{reasons if why else ""}</section>'
    )


def _cell(cell: Cell) -> str:
    sign = f'<span aria-hidden="true">{summary.SIGNS[cell.verdict]}</span>'
    hidden = f'<span class="heard">{escape(cell.verdict)}</span>'
    said = f"<small>{escape(shorten(cell.finding.measured, WIDEST, placeholder=' …'))}</small>" if cell.finding else ""
    return f'<td class="{_CLASSES[cell.verdict]}"><strong>{sign}{hidden}</strong> {said}</td>'


_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light dark"/>
<title>cofire: which learning rule reproduces which phenomenon</title>
<style>$style</style>
</head>
<body class="broad">
<header class="top">
<p class="eyebrow">cofire <span>matrix</span></p>
<h1>Which rule reproduces which phenomenon?</h1>
<p class="lead">Each experiment ran with each rule of the catalogue that makes sense in it, alone. A cell holds what was
measured.</p>
</header>
<main>
<ul class="counts">$counts</ul>
$overview
$parts
</main>
<footer><p>Made by cofire $version on $date; quick forms, random numbers from seed $seed.</p></footer>
</body>
</html>
""")
