"""The page: whole, self-contained, escaped, and readable without eyes."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from cofire import experiments
from cofire.cli import prose, record, report
from fake_experiments import PLACE

MATHML = "{http://www.w3.org/1998/Math/MathML}"


@pytest.fixture(scope="module")
def text() -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(experiments, "__path__", [PLACE])
        return report.page([record.of(experiments.get("good").run())], [("lost", "no <data> & [red]nothing[/red]")])


@pytest.fixture(scope="module")
def tree(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text.removeprefix("<!DOCTYPE html>"))


def said(element: ElementTree.Element | None) -> str:
    assert element is not None
    return " ".join("".join(element.itertext()).split())


def test_it_is_well_formed_and_says_its_language(text: str, tree: ElementTree.Element) -> None:
    assert text.startswith("<!DOCTYPE html>")
    assert tree.get("lang") == "en"
    assert tree.find("head/title") is not None
    viewport = tree.find("head/meta[@name='viewport']")
    assert viewport is not None
    assert "width=device-width" in str(viewport.get("content"))
    identifiers = [element.get("id") for element in tree.iter() if element.get("id")]
    assert len(identifiers) == len(set(identifiers))


def test_it_asks_the_network_for_nothing(text: str, tree: ElementTree.Element) -> None:
    for element in tree.iter():
        for name in ("src", "href", "srcset", "poster", "action", "data"):
            address = element.get(name)
            if address is not None:
                assert re.match(r"data:image/png;base64,|#|https://doi\.org/", address), address
        assert element.tag not in ("script", "link", "iframe", "object", "embed")
        assert not [name for name in element.keys() if name.startswith("on")]  # noqa: SIM118 (elements have no keys)
    style = said(tree.find("head/style"))
    assert "url(" not in style
    assert "@import" not in style


def test_dois_are_links(tree: ElementTree.Element) -> None:
    links = {said(a): a.get("href") for a in tree.iter("a") if str(a.get("href")).startswith("https:")}
    assert links == {
        "doi:10.1234/ab(c)-5": "https://doi.org/10.1234/ab(c)-5",
        "doi:10.5678/xyz": "https://doi.org/10.5678/xyz",
    }


def test_what_others_wrote_is_shown_as_it_is(text: str, tree: ElementTree.Element) -> None:
    assert said(tree.find(".//article//h2")) == "A <b>claim</b> & a [red]claim[/red]."
    cells = [said(cell) for row in tree.iter("tr") for cell in row]
    assert "one <script> & [red]finding[/red]" in cells
    assert "0.5 mV <S1> S1" in cells
    assert "no <data> & [red]nothing[/red]" in said(tree.find(".//section[@aria-labelledby='failed']"))
    assert "<script" not in text


def test_the_figure_is_described(tree: ElementTree.Element) -> None:
    images = list(tree.iter("img"))
    assert len(images) == 1
    assert images[0].get("alt") == 'Figure with 2 panels. The <weight> & its "way": w against step. nothing.'
    assert (images[0].get("width"), images[0].get("height")) == ("300", "150")
    assert images[0].get("style") == "--across: 7.9rem"
    assert said(tree.find(".//article/figure/figcaption")) == "Drawn from this run: oja; seed 0."


def test_the_table_can_be_heard(tree: ElementTree.Element) -> None:
    table = tree.find(".//article/table")
    assert table is not None
    assert said(table.find("caption")) == "Measured and published"
    heads = table.findall("thead/tr/th")
    assert [said(head) for head in heads] == ["finding", "measured", "published", "verdict"]
    assert {head.get("scope") for head in heads} == {"col"}
    rows = table.findall("tbody/tr")
    assert [said(row[-1]) for row in rows] == ["✓ reproduced", "✗ not reproduced", "– does not apply"]
    for row in rows:
        assert [cell.tag for cell in row] == ["th", "td", "td", "td"]
        assert row[0].get("scope") == "row"
        assert [cell.get("data-label") for cell in row[1:]] == ["measured", "published", "verdict"]
    flags = {flag.text: flag.get("title") for flag in table.iterfind(".//span[@class='flag']")}
    assert flags == {"S1": "one source", "M": "recalled, not checked", "theory": "follows from theory"}


def test_headings_are_in_order(tree: ElementTree.Element) -> None:
    levels = [int(element.tag[1]) for element in tree.iter() if re.fullmatch("h[1-6]", str(element.tag))]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_all_that_scrolls_can_be_reached_with_the_keyboard(tree: ElementTree.Element) -> None:
    scrolling = [e for e in tree.iter("div") if {"frame", "equation"} & set(str(e.get("class")).split())]
    assert len(scrolling) == 2
    assert all(element.get("tabindex") == "0" and element.get("aria-label") for element in scrolling)


def test_equations_settings_and_versions(tree: ElementTree.Element) -> None:
    alternatives = [math.get("alttext") for math in tree.iter(f"{MATHML}math")]
    assert alternatives[-1] == "dw/dt = eta * post * (pre - post * w)"
    settings = tree.find(".//dl[@class='settings']")
    assert settings is not None
    keys, values = ([said(element) for element in settings.iter(tag)] for tag in ("dt", "dd"))
    assert keys == ["steps", "sizes", "seed", "time"]
    assert values[:3] == ["2 steps of <learning>", "[1] sizes, whatever they are", "0"]
    assert "numpy" in said(tree.find(".//footer"))
    assert "One synapse takes a step" in said(tree.find(".//details"))


def test_the_overview_leads_to_each_claim(tree: ElementTree.Element) -> None:
    overview = tree.find(".//nav//li")
    assert overview is not None
    link = overview.find("a")
    assert link is not None
    assert link.get("href") == "#good"
    assert said(overview).endswith("✓ 1 reproduced ✗ 1 not reproduced – 1 does not apply")


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_text_stands_out_in_light_and_dark(text: str) -> None:
    themes = re.findall(r":root \{(.*?)\}", text, re.DOTALL)
    for theme in themes[:2]:
        colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", theme))
        pairs = [(front, back) for front in ("ink", "quiet", "accent") for back in ("paper", "card")]
        pairs += [(verdict, f"{verdict}-back") for verdict in ("yes", "no", "aside")]
        for front, back in pairs:
            low, high = sorted((luminance(colours[front]), luminance(colours[back])))
            assert (high + 0.05) / (low + 0.05) >= 4.5, (front, back)  # WCAG 2.2, 1.4.3, AA
    assert len(themes) >= 3


def test_broken_lines_of_a_docstring_are_joined() -> None:
    text = """\
What it is.

A sentence that is so long that it had to be broken here because
words did not fit. `pre`: rates.
Use it for this.
    one    a label and what it says, which is broken because of its
           length
    three  another"""
    assert list(prose.lines(text)) == [
        ("What it is.", 0),
        ("", 0),
        (
            "A sentence that is so long that it had to be broken here because words did not fit. `pre`: rates.",
            0,
        ),
        ("Use it for this.", 0),
        ("    one    a label and what it says, which is broken because of its length", 11),
        ("    three  another", 11),
    ]
