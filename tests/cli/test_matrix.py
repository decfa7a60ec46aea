"""Phenomena × rules, and what the report makes of them."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from cofire import experiments, rules
from cofire.cli import cells
from cofire.cli.record import Record
from cofire.experiments import Finding
from commands import Command, entries, words


def test_a_phenomenon_is_the_claim_without_the_rule() -> None:
    for claim, name in (
        ("blocking: delta", "blocking"),
        ("grows without bound (delta)", "grows without bound"),
        ("a slow start (delta, +10 ms)", "a slow start (+10 ms)"),
        ("delta: does it", "does it"),
        ("what delta does", "what the rule does"),
        ("delta_2 (delta)", "delta_2"),
    ):
        assert cells.phenomenon(Finding(claim, "1", "1", "M", "reproduced"), ["delta"]) == name
    assert cells.phenomenon(Finding("x (delta)", "1", "1", "M", "reproduced", phenomenon="short"), ["delta"]) == "short"


@pytest.mark.parametrize(
    ("measured", "number"),
    [
        ("0.63 ± 0.05 mV", 0.63), ("−3.2 of 7", -3.2), (".45", 0.45), ("1,234 x", 1234), ("none", None),
        ("1e-3 s", 0.001), ("|w| = 2", 2), ("V_A 10^5", 1e5), ("w2 is 7", 7), ("3.", 3),
    ],
)  # fmt: skip
def test_the_number_of_a_finding(measured: str, number: float | None) -> None:
    assert Finding("", measured, "", "M", "reproduced").number == number


def test_a_finding_about_another_rule_is_no_cell_of_this_one() -> None:
    said = [{"name": "oja", "equations": "dw/dt = pre", "normalize": None}]
    made = [
        {"claim": claim, "measured": "1", "published": "1", "flag": "M", "verdict": "reproduced", "rule": rule}
        for claim, rule in (("a", ""), ("b", "oja"), ("c", "plain hebb"))
    ]
    record = Record({"experiment": "x", "rules": said, "findings": made}, None, None)
    assert [name for name, _ in cells.of_rule(record, "oja")] == ["a", "b"]


def test_every_rule_has_its_cell(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiments, "names", lambda: ["good", "waits"])
    monkeypatch.setattr(rules, "names", lambda: ["bcm", "hebb", "oja"])
    said = command("matrix")
    assert (said.code, said.err) == (0, "")
    assert entries(Path("cofire-matrix")) == ["matrix.csv", "matrix.html", "matrix.png"]
    with Path("cofire-matrix/matrix.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == 4 * len(rules.names())
    assert Path("cofire-matrix/matrix.png").read_bytes().startswith(b"\x89PNG")
    found = {(line["experiment"], line["phenomenon"], line["rule"]): line for line in lines}
    assert found["good", "another one", "bcm"]["verdict"] == "not reproduced"
    assert found["good", "another one", "bcm"]["number"] == "2.0"
    hebb = found["good", "another one", "hebb"]
    assert (hebb["verdict"], hebb["why"], hebb["number"]) == ("does not apply", "it is called hebb", "")
    assert found["waits", "it took time", "hebb"]["verdict"] == "reproduced"
    text = Path("cofire-matrix/matrix.html").read_text(encoding="utf-8")
    tree = ElementTree.fromstring(text.removeprefix("<!DOCTYPE html>"))
    assert len(tree.findall(".//table")) == 3
    assert "it is called hebb" in text
    assert "A &lt;b&gt;claim&lt;/b&gt; &amp; a [red]claim[/red]." in text
    assert not re.search(r'(src|href)="(?!#)', text)


def test_the_matrix_is_resumed_from_kept_runs(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiments, "names", lambda: ["good"])
    monkeypatch.setattr(rules, "names", lambda: ["bcm", "hebb", "oja"])
    first = command("matrix")
    with monkeypatch.context() as patch:
        patch.setattr("cofire.experiments.Experiment.run", lambda *_, **__: 1 / 0)
        assert command("matrix") == first
    one = command("matrix", "good", columns=100)
    assert "✗ bcm: 2 steps" in one.out
    assert "– hebb: it is called hebb" in one.out
    broken = command("matrix", "breaks")
    assert broken.code == 1
    assert "breaks could not run with oja: ZeroDivisionError: a mistake" in broken.err


def test_the_report_tells_what_the_simplest_rule_gets_wrong(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiments, "names", lambda: ["good", "waits"])
    assert command("report", "--out", "page.html").code == 0
    tree = ElementTree.fromstring(Path("page.html").read_text(encoding="utf-8").removeprefix("<!DOCTYPE html>"))
    good, waits = (words("".join(article.itertext())) for article in tree.iter("article"))
    assert "The simplest rule, hebb, cannot even be put to this test: it is called hebb." in good
    assert "Of the rules tried here, oja does best: 1 of 2 reproduced." in good
    assert "The simplest rule, hebb, gets nothing wrong here that could be measured." in waits
    assert "One synapse takes a step: a fake experiment, with everything in it that is awkward to print." in good
    monkeypatch.setattr("cofire.experiments.Experiment.run", lambda *_, **__: 1 / 0)
    assert command("report").code == 0  # from kept runs alone
    assert entries(Path()) == ["cofire-report.html", "page.html"]
