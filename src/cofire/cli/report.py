"""The page of `cofire tour` and `cofire report`: one HTML file with everything in it, for a browser, a phone, a printer
or a screen reader.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote

from cofire import __version__, experiments
from cofire.cli import prose, record, summary
from cofire.cli.cells import Cell, cells
from cofire.cli.record import Record
from cofire.cli.work import Failure, Outcome
from cofire.experiments import Finding, Verdict
from cofire.language.mathml import equations_to_mathml
from cofire.language.parse import parse

MOST = 5  # phenomena in a list that is to be read

_DOI = re.compile(r"doi:\s?(10\.\d{4,9}/[^\s;,]*[^\s;,.])")
_CODE = re.compile(r"`([^`]+)`")
_CLASSES: dict[Verdict, str] = {"reproduced": "yes", "not reproduced": "no", "does not apply": "aside"}


def save(records: Sequence[Record], failed: Sequence[tuple[str, str]], folder: Path, name: str) -> None:
    """Writes the page as `name` into `folder`, and the record of each experiment into a folder of its own there."""
    (folder / name).write_text(page(records, failed), encoding="utf-8")
    for one in records:
        (folder / one.name).mkdir()
        record.save(one, folder / one.name)


def page(
    records: Sequence[Record],
    failed: Sequence[tuple[str, str]] = (),
    alone: Mapping[str, Mapping[str, Outcome]] | None = None,
) -> str:
    """The page as text; `failed`: name and reason of experiments that could not run.

    `alone`: for each experiment the outcome with single rules, the simplest first: what that one gets wrong, and which
    other mends it, is told from these.
    """
    findings = [finding for one in records for finding in one.findings]
    return _PAGE.substitute(
        style=files("cofire.cli").joinpath("report.css").read_text(encoding="utf-8"),
        counts="".join(_count(findings, verdict) for verdict in summary.VERDICTS if summary.count(findings, verdict)),
        overview="".join(map(_overview_row, records)),
        flags="".join(f"<dt>{f}</dt><dd>{escape(meaning)}</dd>" for f, meaning in summary.flags_used(findings)),
        sections="".join(_article(one, (alone or {}).get(one.name, {})) for one in records) + _failures(failed),
        versions=escape(", ".join(f"{name} {release}" for name, release in record.versions().items())),
        version=escape(__version__),
        seeds=escape(", ".join(sorted({str(one.described["seed"]) for one in records})) or "0"),
        seconds=f"{sum(one.described['seconds'] for one in records):.0f}",
        date=datetime.now().astimezone().strftime("%Y-%m-%d"),
    )


def _article(one: Record, alone: Mapping[str, Outcome]) -> str:
    said, experiment = one.described, experiments.get(one.name)
    return _ARTICLE.substitute(
        name=escape(one.name),
        numbers=escape(_numbers(experiment.claims)),
        claim=escape(experiment.claim),
        plain=_paragraph(experiment.plain),
        figure=_figure(one),
        findings="".join(map(_finding_row, one.findings)),
        simplest=_simplest(one.name, alone),
        rules="".join(map(_rule, said["rules"])),
        settings="".join(_setting(*setting) for setting in _settings(one)),
        seconds=f"{said['seconds']:.1f}",
        seed=escape(str(said["seed"])),
        source=_linked(experiment.source),
        protocol="".join(_paragraph(line) for line, _ in prose.lines(experiment.module.__doc__ or "")),
    )


def _simplest(experiment: str, alone: Mapping[str, Outcome]) -> str:
    """What the first rule of `alone` gets wrong, and which of the others gets it right."""
    if not alone:
        return ""
    simplest, first = next(iter(alone.items()))
    heading = "<h3>What the simplest rule gets wrong, and what mends it</h3>"
    name = f"The simplest rule, <b>{escape(simplest)}</b>,"
    found = [cell for cell in cells(experiment, alone) if cell.finding]
    wrong = [cell for cell in found if cell.rule == simplest and cell.verdict == "not reproduced"]
    right = [cell for cell in found if cell.rule == simplest and cell.verdict == "reproduced"]
    if isinstance(first, Failure):
        text = f"<p>{name} cannot even be put to this test: {escape(first.reason.rstrip('.'))}.</p>"
        good = _best(found)
        return heading + text + (f"<p>{good}</p>" if good else "")
    if not wrong:
        return f"{heading}<p>{name} gets nothing wrong here that could be measured.</p>"
    items = "".join(f"<li>{escape(c.phenomenon)}{_instead(c)}</li>" for c in wrong[:MOST])
    more = f"<li>and {len(wrong) - MOST} more</li>" if len(wrong) > MOST else ""
    lost = {cell.phenomenon for cell in wrong}
    mended: dict[str, list[str]] = {}
    for cell in found:
        if cell.phenomenon in lost and cell.verdict == "reproduced":
            mended.setdefault(cell.rule, []).append(cell.phenomenon)
    text = f"<p>{name} gets {len(wrong)} of {len(wrong) + len(right)} wrong:</p><ul class='plain'>{items}{more}</ul>"
    if not mended:
        others = _best([cell for cell in found if cell.rule != simplest]) or "No other rule tried here mends it."
        return f"{heading}{text}<p>{others}</p>"
    best = sorted(mended.items(), key=lambda item: -len(item[1]))[:3]
    rules = "; ".join(f"<b>{escape(rule)}</b> mends {escape(_listed(lost, kept))}" for rule, kept in best)
    return f"{heading}{text}<p>What mends it: {rules}.</p>"


def _instead(cell: Cell) -> str:
    assert cell.finding is not None
    measured, published = escape(cell.finding.measured), escape(cell.finding.published)
    return f': <span class="quiet">measured {measured}; published {published}</span>'


def _best(found: Sequence[Cell]) -> str:
    """The rule that reproduces most, in a sentence."""
    count: dict[str, list[bool]] = {}
    for cell in found:
        if cell.verdict != "does not apply":
            count.setdefault(cell.rule, []).append(cell.verdict == "reproduced")
    if not any(any(held) for held in count.values()):
        return ""
    rule, held = max(count.items(), key=lambda item: (sum(item[1]), sum(item[1]) / len(item[1])))
    return f"Of the rules tried here, <b>{escape(rule)}</b> does best: {sum(held)} of {len(held)} reproduced."


def _listed(lost: Collection[str], kept: Sequence[str]) -> str:
    if len(kept) == len(lost) > 1:
        return f"all {len(lost)}"
    shown = ", ".join(kept[:MOST])
    return f"{len(kept)} of {len(lost)} ({shown}{', ...' if len(kept) > MOST else ''})" if len(lost) > 1 else "it"


def _figure(one: Record) -> str:
    if one.png is None:
        return ""
    width, height = (int.from_bytes(one.png[at : at + 4], "big") for at in (16, 20))  # of the PNG's first chunk
    data, words = b64encode(one.png).decode(), escape(str(one.described["figure"]))
    across = f"--across: {width / 38:.1f}rem"  # on a phone it scrolls: so its smallest words are 7 pixels high
    image = f'src="data:image/png;base64,{data}" width="{width}" height="{height}" style="{across}" alt="{words}"'
    rules = ", ".join(map(summary.called, one.described["rules"]))
    return (
        f'<figure><div class="frame" role="group" tabindex="0" aria-label="figure"><img {image}/></div>'
        f"<figcaption>Drawn from this run: {escape(rules)}; seed {one.described['seed']}.</figcaption></figure>"
    )


def _finding_row(finding: Finding) -> str:
    flag = f'<span class="flag" title="{escape(summary.FLAGS[finding.flag])}">{escape(finding.flag)}</span>'
    published = f"{escape(finding.published)}\N{NO-BREAK SPACE}{flag}"
    return (
        '<tr role="row">'
        f'<th role="rowheader" scope="row">{escape(finding.claim)}</th>'
        f'<td role="cell" data-label="measured"><div>{escape(finding.measured)}</div></td>'
        f'<td role="cell" data-label="published"><div>{published}</div></td>'
        f'<td role="cell" data-label="verdict"><div>{_verdict(finding.verdict)}</div></td></tr>'
    )


def _verdict(verdict: Verdict, text: str | None = None) -> str:
    sign = f'<span aria-hidden="true">{summary.SIGNS[verdict]}</span>'
    return f'<span class="verdict {_CLASSES[verdict]}">{sign} {escape(text or verdict)}</span>'


def _count(findings: Sequence[Finding], verdict: Verdict) -> str:
    number = summary.count(findings, verdict)
    return (
        f'<li class="{_CLASSES[verdict]}"><strong>{number}</strong> {escape(verdict)}'
        f"<small>{escape(summary.VERDICTS[verdict])}</small></li>"
    )


def _overview_row(one: Record) -> str:
    experiment = experiments.get(one.name)
    counted = [(verdict, summary.count(one.findings, verdict)) for verdict in summary.VERDICTS]
    chips = " ".join(_verdict(verdict, f"{number} {verdict}") for verdict, number in counted if number)
    return f'<li><a href="#{escape(one.name)}">{escape(experiment.claim)}</a><span class="chips">{chips}</span></li>'


def _rule(rule: Mapping[str, Any]) -> str:
    values = ", ".join(f"{name} = {value}" for name, value in rule["parameters"].items())
    name = escape(summary.called(rule) if rule["name"] else "a rule of your own")
    equations = equations_to_mathml(parse(rule["equations"]))
    return (
        f'<li><p><b>{name}</b> <span class="quiet">{escape(values)}</span></p>'
        f'<div class="equation" role="group" tabindex="0" aria-label="equation of {name}">{equations}</div></li>'
    )


def _settings(one: Record) -> list[tuple[str, Any, str]]:
    meanings = {key: meaning for key, _, _, meaning, _ in experiments.get(one.name).describe_settings()}
    return [(key, value, meanings.get(key, "")) for key, value in one.described["settings"].items()]


def _setting(key: str, value: Any, meaning: str) -> str:
    said = f' <span class="quiet">{escape(meaning)}</span>' if meaning else ""
    return f"<dt>{escape(key)}</dt><dd>{escape(str(value))}{said}</dd>"


def _failures(failed: Sequence[tuple[str, str]]) -> str:
    if not failed:
        return ""
    items = "".join(f"<li><b>{escape(name)}</b>: {escape(reason)}</li>" for name, reason in failed)
    return f'<section aria-labelledby="failed"><h2 id="failed">What could not run</h2><ul>{items}</ul></section>'


def _paragraph(line: str) -> str:
    """A line of a docstring; of an indented one with a gap, the part before the gap is a label."""
    if not line.strip():
        return ""
    text = _CODE.sub(r"<code>\1</code>", escape(line.strip()))
    if not line.startswith(" "):
        return f"<p>{text}</p>"
    label, gap, rest = text.partition("  ")
    return f'<p class="item"><b>{label}</b> {rest.strip()}</p>' if gap else f'<p class="item">{text}</p>'


def _linked(source: str) -> str:
    """A citation with its DOIs as links, the only addresses on the page."""
    pieces, end = [], 0
    for found in _DOI.finditer(source):
        address = f"https://doi.org/{quote(found[1], safe='/()')}"
        pieces += [escape(source[end : found.start()]), f'<a href="{escape(address)}">{escape(found[0])}</a>']
        end = found.end()
    return "".join([*pieces, escape(source[end:])])


def _numbers(claims: Sequence[int]) -> str:
    return ("Claim " if len(claims) == 1 else "Claims ") + ", ".join(map(str, claims))


_ARTICLE = Template("""
<article id="$name" aria-labelledby="$name-claim">
<header><p class="eyebrow">$numbers <span>$name</span></p>
<h2 id="$name-claim">$claim</h2></header>
$plain
$figure
<table role="table">
<caption>Measured and published</caption>
<thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">finding</th>
<th role="columnheader" scope="col">measured</th><th role="columnheader" scope="col">published</th>
<th role="columnheader" scope="col">verdict</th></tr></thead>
<tbody role="rowgroup">$findings</tbody></table>
$simplest
<h3>The equations</h3>
<ul class="rules">$rules</ul>
<h3>How it was run</h3>
<dl class="settings">$settings<dt>seed</dt><dd>$seed</dd><dt>time</dt><dd>$seconds s</dd></dl>
<details><summary>The protocol in full</summary>$protocol</details>
<p class="source"><b>Source</b> $source</p>
</article>
""")

_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light dark"/>
<title>cofire: claims about Hebbian learning, put to the test</title>
<style>$style</style>
</head>
<body>
<a class="skip" href="#results">Skip to the results</a>
<header class="top">
<p class="eyebrow">cofire <span>claims put to the test</span></p>
<h1>Neurons that fire together wire together. <em>Do they?</em></h1>
<p class="lead">Donald Hebb proposed in 1949 that a connection in the brain grows when the cells on both its sides are
active at once. Written as an equation, the idea can be run:</p>
<figure class="hebb">
<div class="drawn">
<svg viewBox="0 0 260 76" width="260" height="76" aria-hidden="true" focusable="false">
<path d="M46 38H206" stroke="currentColor" stroke-width="9" stroke-linecap="round" opacity=".85"/>
<path d="M176 20q18 6 30 18q-12 12-30 18" fill="none" stroke="currentColor" stroke-width="4" stroke-linecap="round"/>
<circle cx="38" cy="38" r="32"/><circle cx="222" cy="38" r="32"/>
<text x="38" y="47">x</text><text x="222" y="47">y</text><text x="118" y="26" class="w">w</text>
</svg>
<math xmlns="http://www.w3.org/1998/Math/MathML" display="block" alttext="Delta w = eta * x * y">
<mrow><mi>Δ</mi><mi>w</mi></mrow><mo>=</mo><mi>η</mi><mo>·</mo><mi>x</mi><mo>·</mo><mi>y</mi></math>
</div>
<figcaption>The connection <i>w</i> changes by a small rate <i>η</i> times the activity <i>x</i> of the cell before it
times the activity <i>y</i> of the cell behind it.</figcaption>
</figure>
<p>Each part below takes one claim that is made of such learning, runs a published experiment for it with the equations
shown, and sets what was measured beside what was published. Nothing is drawn from a formula of the answer: every number
comes from simulated cells that learn.</p>
</header>
<main id="results">
<section aria-labelledby="overview">
<h2 id="overview">The claims, and what became of them</h2>
<ul class="counts">$counts</ul>
<nav aria-label="Claims"><ol class="overview">$overview</ol></nav>
<p class="quiet">Behind each published number stands how sure it is:</p>
<dl class="flags">$flags</dl>
</section>
$sections
</main>
<footer>
<p>Made by cofire $version on $date in $seconds s. The random numbers start from seed $seeds: the same releases give the
same numbers with <code>cofire tour --seed $seeds</code>.</p>
<p>$versions</p>
</footer>
</body>
</html>
""")
