"""The page of a tour: one HTML file with everything in it, for a browser, a phone, a printer or a screen reader."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from cofire import __version__, experiments
from cofire.cli import atomic, prose, record, summary
from cofire.errors import CofireError
from cofire.experiments import Finding, Progress, Result, Verdict
from cofire.rule import Rule

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DOI = re.compile(r"doi:\s?(10\.\d{4,9}/[^\s;,]*[^\s;,.])")
_CODE = re.compile(r"`([^`]+)`")
_CLASSES: dict[Verdict, str] = {"reproduced": "yes", "not reproduced": "no", "does not apply": "aside"}


@dataclass(frozen=True, slots=True)
class Section:
    """One experiment on the page: its result, the figure as the bytes of a PNG, and that figure in words."""

    result: Result
    png: bytes
    described: str


def section(result: Result) -> Section:
    """Draws the figure of a result."""
    figure = result.figure
    return Section(result, record.png(figure), in_words(figure))


def visited(names: Sequence[str], seed: int, progress: Progress) -> tuple[list[Section], list[tuple[str, str]]]:
    """Runs the quick form of each experiment; also `(name, reason)` of each that cannot run, which stops no other."""
    done: list[Section] = []
    failed: list[tuple[str, str]] = []
    for at, name in enumerate(names):

        def inside(fraction: float, note: str, at: int = at, name: str = name) -> None:
            progress((at + 0.95 * fraction) / len(names), f"{name}: {note}" if note else name)

        inside(0.0, "")
        try:
            result = experiments.get(name).run(seed=seed, progress=inside)
            inside(1.0, "drawing")
            done.append(section(result))
        except CofireError as error:
            failed.append((name, str(error)))
        except Exception as error:  # a mistake in one experiment is no reason to keep back the others
            failed.append((name, f"{type(error).__name__}: {error}; `cofire run {name}` shows where"))
    return done, failed


def write_page(results: Iterable[Result], path: Path, failed: Sequence[tuple[str, str]] = ()) -> None:
    """Writes the page of `results` to the file `path`, whole or not at all. Raises: `CofireError`."""
    atomic.write_text(path, page([section(result) for result in results], failed))


def save(sections: Sequence[Section], failed: Sequence[tuple[str, str]], folder: Path, name: str) -> None:
    """Writes the page as `name` into `folder`, and the record of each experiment into a folder of its own there."""
    (folder / name).write_text(page(sections, failed), encoding="utf-8")
    for section in sections:
        (folder / section.result.name).mkdir()
        record.save(section.result, section.png, folder / section.result.name)


def page(sections: Sequence[Section], failed: Sequence[tuple[str, str]] = ()) -> str:
    """The page as text; `failed`: name and reason of experiments that could not run."""
    findings = [finding for section in sections for finding in section.result.findings]
    return _PAGE.substitute(
        style=files("cofire.cli").joinpath("report.css").read_text(encoding="utf-8"),
        counts="".join(_count(findings, verdict) for verdict in summary.VERDICTS if summary.count(findings, verdict)),
        overview="".join(_overview_row(section.result) for section in sections),
        flags="".join(f"<dt>{f}</dt><dd>{escape(meaning)}</dd>" for f, meaning in summary.flags_used(findings)),
        sections="".join(map(_article, sections)) + _failures(failed),
        versions=escape(", ".join(f"{name} {release}" for name, release in record.versions().items())),
        version=escape(__version__),
        seeds=escape(", ".join(sorted({str(section.result.seed) for section in sections})) or "0"),
        seconds=f"{sum(section.result.seconds for section in sections):.0f}",
        date=datetime.now().astimezone().strftime("%Y-%m-%d"),
    )


def in_words(figure: Figure) -> str:
    """What a figure shows, from the titles and labels of its axes."""
    panels = []
    for axes in figure.axes:
        title = " ".join(axes.get_title(where) for where in ("left", "center", "right")).strip()
        y, x = axes.get_ylabel(), axes.get_xlabel()
        drawn = f"{y} against {x}" if x and y else y or x
        panels.append(": ".join(part for part in (title, drawn) if part))
    said = [f"{panel.rstrip('.')}." for panel in dict.fromkeys(panels) if panel]
    text = " ".join(said).replace("$", "").replace("\n", " ")
    return f"Figure with {len(said)} panels. {text}" if len(said) > 1 else f"Figure. {text}".strip()


def _article(section: Section) -> str:
    result, experiment = section.result, experiments.get(section.result.name)
    return _ARTICLE.substitute(
        name=escape(result.name),
        numbers=escape(_numbers(experiment.claims)),
        claim=escape(experiment.claim),
        figure=_figure(section),
        findings="".join(map(_finding_row, result.findings)),
        rules="".join(_rule(rule) for rule in result.rules),
        settings="".join(_setting(*setting) for setting in _settings(result)),
        seconds=f"{result.seconds:.1f}",
        seed=escape(str(result.seed)),
        source=_linked(experiment.source),
        protocol="".join(_paragraph(line) for line, _ in prose.lines(experiment.module.__doc__ or "")),
    )


def _figure(section: Section) -> str:
    width, height = (int.from_bytes(section.png[at : at + 4], "big") for at in (16, 20))  # of the PNG's first chunk
    data = b64encode(section.png).decode()
    image = f'src="data:image/png;base64,{data}" width="{width}" height="{height}" alt="{escape(section.described)}"'
    wide = " wide" if width > 1.4 * height else ""
    rules = ", ".join(map(summary.called, section.result.rules))
    return (
        f'<figure><div class="frame{wide}" role="group" tabindex="0" aria-label="figure"><img {image}/></div>'
        f"<figcaption>Drawn from this run: {escape(rules)}; seed {section.result.seed}.</figcaption></figure>"
    )


def _finding_row(finding: Finding) -> str:
    published = f'{escape(finding.published)}\N{NO-BREAK SPACE}<span class="flag">{escape(finding.flag)}</span>'
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


def _overview_row(result: Result) -> str:
    experiment = experiments.get(result.name)
    counted = [(verdict, summary.count(result.findings, verdict)) for verdict in summary.VERDICTS]
    chips = " ".join(_verdict(verdict, f"{number} {verdict}") for verdict, number in counted if number)
    return f'<li><a href="#{escape(result.name)}">{escape(experiment.claim)}</a><span class="chips">{chips}</span></li>'


def _rule(rule: Rule) -> str:
    values = ", ".join(f"{name} = {value}" for name, value in rule.parameters.items())
    name = escape(summary.called(rule) if rule.name else "a rule of your own")
    return (
        f'<li><p><b>{name}</b> <span class="quiet">{escape(values)}</span></p>'
        f'<div class="equation" role="group" tabindex="0" aria-label="equation of {name}">{rule.mathml()}</div></li>'
    )


def _settings(result: Result) -> list[tuple[str, Any, str]]:
    meanings = {key: meaning for key, _, _, meaning in experiments.get(result.name).describe_settings()}
    return [(key, value, meanings.get(key, "")) for key, value in result.settings.items()]


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
$figure
<table role="table">
<caption>Measured and published</caption>
<thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">finding</th>
<th role="columnheader" scope="col">measured</th><th role="columnheader" scope="col">published</th>
<th role="columnheader" scope="col">verdict</th></tr></thead>
<tbody role="rowgroup">$findings</tbody></table>
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
<p class="eyebrow">cofire <span>tour</span></p>
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
