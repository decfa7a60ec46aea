"""The pages in a real browser: no serious fault for people who cannot see or use a mouse, on a phone and on a desk.

Needs Debian's chromium, Playwright, and axe-core: `npm install axe-core` in the folder that COFIRE_AXE names.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cofire import experiments
from cofire.cli import cells, matrix, record, report, work
from fake_experiments import PLACE

AXE = Path(os.environ.get("COFIRE_AXE", "node_modules"), "axe-core", "axe.min.js")
CHROMIUM = shutil.which("chromium")
SIZES = {"phone": (360, 740), "desk": (1280, 900)}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(experiments, "__path__", [PLACE])
        good = experiments.get("good")
        one = record.of(good.run())
        alone = {"good": {"hebb": work.Failure("it is called hebb"), "oja": one}}
        other = record.of(experiments.get("waits").run())
        wrong = {"waits": {"hebb": other, "oja": other}}
        many = alone["good"] | {f"rule_{at}": one for at in range(20)}  # wider than any screen
        folder = tmp_path_factory.mktemp("pages")
        texts = {
            "report": report.page([one, other], [("lost", "no data")], alone | wrong),
            "matrix": matrix.page([*cells.cells("good", many), *cells.cells("waits", wrong["waits"])], 0),
        }
        for name, text in texts.items():
            (folder / f"{name}.html").write_text(text, encoding="utf-8")
        return {name: folder / f"{name}.html" for name in texts}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="Playwright is not installed: pip install playwright"
    )
    if CHROMIUM is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    if not AXE.exists():
        pytest.skip(f"axe-core is not installed: {AXE} is not there")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.mark.parametrize("name", ["report", "matrix"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_is_wrong(browser: Any, pages: dict[str, Path], name: str, size: str, scheme: str) -> None:
    width, height = SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(pages[name].as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    page.add_script_tag(path=str(AXE))
    found = page.evaluate("axe.run()")
    serious = [
        (fault["id"], [node["html"][:200] for node in fault["nodes"]])
        for fault in found["violations"]
        if fault["impact"] in ("serious", "critical")
    ]
    wide = page.evaluate("document.documentElement.scrollWidth")
    page.close()
    assert serious == []
    assert len(found["passes"]) > 10
    assert wide <= width  # nothing but what scrolls by itself is wider than the screen
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def test_all_that_can_be_used_is_reached_by_keyboard(browser: Any, pages: dict[str, Path]) -> None:
    page = browser.new_page()
    page.goto(pages["report"].as_uri())
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.tagName + ' ' + (document.activeElement.ariaLabel || '')"))
    page.close()
    assert {"A ", "DIV figure", "SUMMARY "} <= reached
