"""Draws the pictures of the weekly board that each README shows, from a closed week of the example.

    .venv/bin/python docs/board_pictures.py

The board on paper comes from Typst, the same to the byte wherever it is drawn; the page is photographed
in Chromium where that is installed, else it stays as it is.
"""

import shutil
import tempfile
from datetime import date
from pathlib import Path

from qibi.base import language
from qibi.board import build, html, labels, paper, seal_code
from qibi.book.load import load
from qibi.cli import phrases

HERE = Path(__file__).resolve().parent
EXAMPLE = HERE.parent / "ledgers" / "example"
WEEK, TODAY = "2026-W44", date(2026, 11, 18)
ENDINGS = {"en": "png", "zh": "zh-CN.png"}
WIDTH = 840  # pixels of an A4 page
QUIET = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


def main() -> None:
    """Write the pictures beside this script."""
    for code, ending in ENDINGS.items():
        printed, page = drawn(code)
        (HERE / f"board.{ending}").write_bytes(printed)
        if photograph := photographed(page):
            (HERE / f"board-page.{ending}").write_bytes(photograph)


def drawn(code: str) -> tuple[bytes, bytes]:
    """The board as a picture of paper, and as a page."""
    language.use(code)
    book = load(EXAMPLE)
    asked = build.Asked(
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
    data = labels.of_board(book, board) | {"qr": seal_code.svg(board.head.seal.digest)}
    ppi = WIDTH / (210 / 25.4)
    printed = paper.drawn("board", data, "png", "a4", TODAY, layout="page", ppi=ppi)
    return printed, html.page(book, board)


def photographed(page: bytes) -> bytes | None:
    """The top of a page with a sum opened; None without a browser."""
    chromium = shutil.which("chromium")
    if chromium is None:
        return None
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "board.html"
        path.write_bytes(page)
        browser = driver.chromium.launch(executable_path=chromium, args=QUIET)
        shown = browser.new_page(viewport={"width": 1200, "height": 760})
        shown.goto(path.as_uri())
        shown.locator("#top a.open").first.click()
        taken = shown.screenshot()
        browser.close()
    return taken


if __name__ == "__main__":
    main()
