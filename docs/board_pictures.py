"""Draws the pictures of the weekly board that each README shows, from a closed week of the example.

    .venv/bin/python docs/board_pictures.py

The board on paper comes from Typst, the page is photographed in Chromium. Each picture holds a mark of
what it was drawn from; `tests/e2e/test_pictures.py` finds by it whether a picture is still current.
"""

import json
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from stamps import drawn_from, stamped, with_fonts

from qibi.base import language
from qibi.board import build, html, labels, paper
from qibi.board.build import BoardQuery
from qibi.book.load import load
from qibi.cli import phrases

HERE = Path(__file__).resolve().parent
EXAMPLE = HERE.parent / "ledgers" / "example"
WEEK, TODAY = "2026-W44", date(2026, 11, 18)
ENDINGS = {"en": "png", "zh": "zh-CN.png"}
WIDTH = 840  # pixels of an A4 page
WINDOW = (1200, 760)
QUIET = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


@dataclass(frozen=True)
class Shown:
    """A week's board in a language: the data of the paper, and the page."""

    data: dict[str, Any]
    page: bytes

    def marks(self) -> tuple[str, str]:
        """What the picture of the paper and that of the page are drawn from."""
        data = json.dumps(self.data, ensure_ascii=False, sort_keys=True).encode()
        templates = [(paper.TEMPLATES / f"{name}.typ").read_bytes() for name in ("common", "board")]
        return drawn_from(data, *templates), drawn_from(self.page)


def main(folder: Path = HERE) -> None:
    """Write the pictures into a folder; ends with what to install where something is missing."""
    for code, ending in ENDINGS.items():
        shown = of_language(code)
        of_paper, of_page = shown.marks()
        ppi = WIDTH / (210 / 25.4)
        printed = paper.drawn("board", shown.data, "png", "a4", TODAY, layout="page", ppi=ppi)
        (folder / f"board.{ending}").write_bytes(stamped(printed, of_paper))
        (folder / f"board-page.{ending}").write_bytes(stamped(photographed(shown.page), of_page))


def of_language(code: str) -> Shown:
    """The board of the week."""
    language.use(code)
    book = load(EXAMPLE)
    asked = BoardQuery(
        EXAMPLE,
        book,
        WEEK,
        TODAY,
        None,
        phrases.closure,
        lambda ranking: phrases.handed_in(ranking, book),
        lambda ranking: phrases.pending(ranking.pending),
    )
    board = build.board(asked)
    assert board.head.seal
    data = labels.of_board(book, board) | {"qr": paper.svg(board.head.seal.digest)}
    return Shown(data, html.page(book, board))


def photographed(page: bytes) -> bytes:
    """The top of a page with a sum opened."""
    chromium = (
        os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    )
    if chromium is None:
        sys.exit("chromium is not installed: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    width, height = WINDOW
    with sync_playwright() as driver, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "board.html"
        path.write_bytes(page)
        browser = driver.chromium.launch(
            executable_path=chromium, args=QUIET, env=dict(with_fonts(Path(folder)))
        )
        shown = browser.new_page(viewport={"width": width, "height": height})
        shown.goto(path.as_uri())
        shown.locator("#top a.open").first.click()
        taken = shown.screenshot()
        browser.close()
    return taken


if __name__ == "__main__":
    main()
