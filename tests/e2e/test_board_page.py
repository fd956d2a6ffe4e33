"""The page in a real browser: Chromium opens it, an accessibility engine looks at it, people use it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from transcripts.harness import BOOKS

pytestmark = pytest.mark.external
EXAMPLE = BOOKS["example"]
WIDTHS = (360, 1440)
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    command = [sys.executable, "-m", "qibi", "--book", str(EXAMPLE), "--today", "2026-11-18"]
    for name, week, more in (
        ("open", "W46", ()),
        ("closed", "W36", ()),
        ("slip", "W46", ("--member", "o1-008")),
    ):
        words = ["--lang", "en", "board", "--week", week, *more, "-o", f"{name}.html"]
        subprocess.run([*command, *words], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright import sync_api as api

    chromium = (
        os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    )
    if chromium is None:
        pytest.fail("chromium is not installed: apt-get install chromium")
    with api.sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=chromium, args=QUIET)
        yield found
        found.close()


class Opened:
    """A page in a context of its own, with what it asked for and complained of."""

    def __init__(self, browser: Any, path: Path, width: int = 1440, **more: Any) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 900}, **more)
        self.page = self.context.new_page()
        self.asked: list[str] = []
        self.said: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.goto(path.as_uri())

    def __enter__(self) -> Any:
        return self.page

    def __exit__(self, *_error: object) -> None:
        self.context.close()


def violations(page: Any) -> list[str]:
    """What axe-core finds wrong, best practices included."""
    from axe_playwright_python import sync_playwright as axe

    found = axe.Axe().run(page).response
    assert len(found["passes"]) > 15  # it did look
    return [f"{v['id']}: {v['nodes'][0]['target']}" for v in found["violations"]]


@pytest.mark.parametrize("name", ["open", "closed", "slip"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_anyone_can_use_it(browser: Any, pages: Path, name: str, scheme: str, width: int) -> None:
    opened = Opened(browser, pages / f"{name}.html", width, color_scheme=scheme)
    with opened as page:
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert (opened.asked, opened.said) == ([(pages / f"{name}.html").as_uri()], [])


@pytest.mark.parametrize("width", WIDTHS)
def test_a_name_opens_the_sum_behind_it(browser: Any, pages: Path, width: int) -> None:
    with Opened(browser, pages / "closed.html", width) as page:
        link = page.locator("#top a.open").first
        name = link.inner_text()
        link.focus()
        page.keyboard.press("Enter")
        dialog = page.locator("dialog[open]")
        assert name in dialog.locator("h2").inner_text()
        assert dialog.locator("ol.steps > li").count() == 5
        assert violations(page) == []
        page.keyboard.press("Escape")
        assert page.locator("dialog[open]").count() == 0
        assert page.evaluate("document.activeElement.className") == "open"


def test_a_table_sorts_by_keyboard_and_says_so(browser: Any, pages: Path) -> None:
    with Opened(browser, pages / "open.html") as page:
        heading = page.locator("#everyone thead th", has_text="Total")
        totals = (
            "[...document.querySelectorAll('#everyone tbody tr')].map(r => +r.cells[4].innerText)"
        )
        heading.locator("button").focus()
        for direction, reverse in (("ascending", False), ("descending", True)):
            page.keyboard.press("Enter")
            assert heading.get_attribute("aria-sort") == direction
            found = page.evaluate(totals)
            assert found == sorted(found, reverse=reverse) and len(set(found)) > 5
        page.locator("#everyone thead th", has_text="Member").locator("button").click()
        assert heading.get_attribute("aria-sort") is None


def test_a_table_filters(browser: Any, pages: Path) -> None:
    with Opened(browser, pages / "open.html") as page:
        box = page.get_by_label("Filter").nth(1)
        visible = page.locator("#everyone tbody tr:visible")
        everyone = visible.count()
        box.fill("党员八")
        assert visible.count() == 1
        assert "1" in page.locator("output[for=everyone-filter]").inner_text()
        box.fill("nobody is called so")
        assert visible.count() == 0
        assert page.locator(".no-match:visible").count() == 1
        box.fill("")
        assert visible.count() == everyone > 100


def test_the_theme_switches(browser: Any, pages: Path) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    with Opened(browser, pages / "open.html", color_scheme="light") as page:
        light = page.evaluate(paper)
        page.get_by_label("Dark").check(force=True)
        dark = page.evaluate(paper)
        assert dark != light and violations(page) == []
        page.emulate_media(color_scheme="dark")
        page.get_by_label("Light").check(force=True)
        assert page.evaluate(paper) == light
        page.get_by_label("As the system").check(force=True)
        assert page.evaluate(paper) == dark


def test_it_prints(browser: Any, pages: Path, tmp_path: Path) -> None:
    with Opened(browser, pages / "closed.html", color_scheme="dark") as page:
        page.pdf(path=tmp_path / "printed.pdf", prefer_css_page_size=True, print_background=True)
        page.emulate_media(media="print")
        assert (
            page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        )
        assert page.locator(".theme:visible, .filter:visible").count() == 0
    assert (tmp_path / "printed.pdf").read_bytes()[:5] == b"%PDF-"
    if shutil.which("pdftotext"):
        done = subprocess.run(
            ["pdftotext", tmp_path / "printed.pdf", "-"], check=True, capture_output=True
        )
        text = done.stdout.decode()
        assert "Red list" in text and "Top ten" in text


def test_a_phone_reads_the_code_off_the_screen(browser: Any, pages: Path, tmp_path: Path) -> None:
    if shutil.which("zbarimg") is None:
        pytest.fail("zbarimg is not installed: apt-get install zbar-tools")
    with Opened(browser, pages / "closed.html", 360) as page:
        box = page.locator(".seal .code").bounding_box()
        drawn = page.locator(".seal .code svg path").first.bounding_box()
        assert drawn["width"] > 0.8 * box["height"] > 100  # it fills its place
        shown = page.locator(".digest").inner_text().strip()
        page.locator(".seal").screenshot(path=tmp_path / "seal.png")
    done = subprocess.run(
        ["zbarimg", "-q", "--raw", tmp_path / "seal.png"], check=True, capture_output=True
    )
    assert done.stdout.decode().strip() == shown


def test_it_works_without_its_script(browser: Any, pages: Path) -> None:
    with Opened(browser, pages / "open.html", java_script_enabled=False) as page:
        assert page.locator(".filter:visible, .theme:visible").count() == 0
        page.locator("#top a.open").first.click()
        assert page.locator(".sum:visible ol.steps > li").count() == 5
