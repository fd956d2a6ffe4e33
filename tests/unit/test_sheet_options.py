"""What a sheet hides: refused, asked, or read or skipped as the options say."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter

from transcripts.harness import Next, Scene

ROWS = [
    ["West branch week 2026-W47"],
    ["member", "item", "count"],
    ["Hal Pine", "Badly stacked", 1],
    ["Ida Quist", "Badly stacked", 2],
]


def workbook(hide: Callable[[xlsxwriter.Workbook], None], pages: int = 1) -> bytes:
    raw = io.BytesIO()
    with xlsxwriter.Workbook(raw) as book:
        for number in range(pages):
            page = book.add_worksheet(f"Page{number + 1}")
            for row, cells in enumerate(ROWS):
                page.write_row(
                    row,
                    0,
                    [
                        cell if number == 0 or row != 0 else "East branch week 2026-W47"
                        for cell in cells
                    ],
                )
        hide(book)
    return raw.getvalue()


def hidden_row(book: xlsxwriter.Workbook) -> None:
    book.get_worksheet_by_name("Page1").set_row(3, None, None, {"hidden": True})


def hidden_column(book: xlsxwriter.Workbook) -> None:
    book.get_worksheet_by_name("Page1").set_column(2, 2, None, None, {"hidden": True})


def hidden_page(book: xlsxwriter.Workbook) -> None:
    book.get_worksheet_by_name("Page1").activate()
    book.get_worksheet_by_name("Page2").hide()


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    found = Scene(tmp_path)
    found.direct("book", "small", [])
    return found


def score(
    scene: Scene, raw: bytes, *options: str, typed: list[str] | None = None
) -> tuple[str, int]:
    (scene.folder / "s.xlsx").write_bytes(raw)
    given = Next(typed=typed)
    terminal, code = scene.qibi(["score", "s.xlsx", *options, "--no-commit"], given)
    return terminal.shown(scene.place), code


def recorded(scene: Scene) -> list[str]:
    terminal, _code = scene.qibi(["log", "--week", "W47", "--format", "csv"])
    lines = "".join(terminal.stdout).splitlines()[1:]
    return [line.split(",")[5] for line in lines if ",score," in line]


def test_hidden_rows_are_refused_read_or_skipped(scene: Scene) -> None:
    raw = workbook(hidden_row)
    text, code = score(scene, raw)
    assert code == 1 and "s.xlsx:Page1!A4: hidden rows: 4" in text and not recorded(scene)
    text, code = score(scene, raw, "--hidden", "skip")
    assert code == 0 and "hidden rows: 4: not read" in text
    assert recorded(scene) == ["Hal Pine"]
    text, code = score(scene, raw, "--hidden", "read", "--update")
    assert code == 0 and sorted(recorded(scene)) == ["Hal Pine", "Ida Quist"]


def test_hidden_rows_are_asked_for_on_a_terminal(scene: Scene) -> None:
    text, code = score(scene, workbook(hidden_row), typed=["what?", "2", "y"])
    assert code == 0 and "1) read  2) skip" in text
    assert recorded(scene) == ["Hal Pine"]


def test_a_hidden_column_that_is_read_is_refused_and_one_that_is_not_is_harmless(
    scene: Scene,
) -> None:
    text, code = score(scene, workbook(hidden_column))
    assert code == 1 and "hidden columns: count" in text
    _text, code = score(scene, workbook(hidden_column), "--hidden", "read")
    assert code == 0 and sorted(recorded(scene)) == ["Hal Pine", "Ida Quist"]

    def number(book: xlsxwriter.Workbook) -> None:
        page = book.get_worksheet_by_name("Page1")
        page.write_row(1, 3, ["age"])
        page.write_row(2, 3, [44])
        page.set_column(3, 3, None, None, {"hidden": True})

    text, code = score(scene, workbook(number))
    assert code == 0 and "nothing was recorded" in text


def test_a_hidden_page_that_is_a_score_sheet_is_refused_read_or_skipped(scene: Scene) -> None:
    raw = workbook(hidden_page, pages=2)
    text, code = score(scene, raw)
    assert code == 1 and "hidden pages: Page2" in text
    text, code = score(scene, raw, "--hidden", "skip")
    assert code == 0 and sorted(recorded(scene)) == ["Hal Pine", "Ida Quist"]
