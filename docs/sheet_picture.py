"""Draws the picture of a score sheet that docs/sheets.md shows: filled in, as LibreOffice has it.

    .venv/bin/python docs/sheet_picture.py

The sheet is made in the example book, filled in by openpyxl, printed by LibreOffice and cut. The picture
holds a mark of what it was drawn from; `tests/e2e/test_pictures.py` finds by it whether it is current.
"""

import io
import shutil
import subprocess
import sys
import tempfile
import zipfile
from datetime import date
from pathlib import Path

import openpyxl
from make_readme import REPOSITORY, place
from stamps import drawn_from, stamped, with_fonts

PICTURE = Path(__file__).resolve().parent / "sheet.png"
WEEK, BRANCH = "2026-W47", "outer-1"
PIXELS = 1190, 345  # of the picture: the page's width, and so much of its top
MARGIN, HEADING = 30, 76  # pixels that are cut: empty paper beside it, the page's heading above
FIRST_ROW = 4
# Member, item, count, points, date, evidence, scorer, approver, note.
ROWS = [
    ("党员三", "隐患排查并闭环", 2, None, date(2026, 11, 18), "照片1118-3", "安全员", None, "三处临边防护"),
    ("党员五", "请假", None, None, None, None, None, None, "探亲假"),
    ("党员七", "工完场未清", 1, None, date(2026, 11, 19), "照片1119-1", "监理", None, None),
    ("党员八", "整改逾期", 1, None, date(2026, 11, 19), "整改单2026-031", "安全员", None, None),
    ("党员二", "执行不力/原则性错误", None, None, date(2026, 11, 19), None, "项目经理", None, None),
    ("党员九", "裸土未覆盖/车辆未冲洗", 3, None, date(2026, 11, 20), None, "监理", None, None),
    ("域外一标段项目CP", "难题销号", None, None, date(2026, 11, 20), "会议纪要46期", "调度会", None, "占道手续"),
]  # fmt: skip


def main(picture: Path = PICTURE) -> None:
    """Write the picture; ends with what to install where something is missing."""
    blank = made()
    picture.write_bytes(stamped(drawn(filled(blank)), mark(blank)))


def made() -> bytes:
    """The blank sheet, from the program as it is installed."""
    with place("zh") as (folder, environment):
        words = ["--book", str(REPOSITORY / "ledgers" / "example"), "sheet", "--branch", BRANCH]
        subprocess.run(
            ["qibi", *words, "--week", WEEK, "-o", "sheet.xlsx"],
            cwd=folder,
            env=environment,
            check=True,
            capture_output=True,
        )
        return (folder / "sheet.xlsx").read_bytes()


def mark(blank: bytes) -> str:
    """What the picture is drawn from: the parts of the blank sheet, and what is filled in."""
    with zipfile.ZipFile(io.BytesIO(blank)) as parts:
        return drawn_from(
            *(parts.read(name) for name in sorted(parts.namelist())), repr(ROWS).encode()
        )


def filled(blank: bytes) -> bytes:
    """The sheet with its rows filled in."""
    book = openpyxl.load_workbook(io.BytesIO(blank))
    page = book.worksheets[0]
    for number, row in enumerate(ROWS, FIRST_ROW):
        for column, value in enumerate(row, 2):
            page.cell(number, column).value = value
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def drawn(sheet: bytes) -> bytes:
    """The top of the sheet's first page."""
    for program in ("soffice", "pdftoppm"):
        if shutil.which(program) is None:
            sys.exit(f"{program} is not installed: apt-get install libreoffice poppler-utils")
    width, height = PIXELS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "sheet.xlsx").write_bytes(sheet)
        profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
        office = ["soffice", "--headless", profile, "--convert-to", "pdf", "sheet.xlsx"]
        subprocess.run(
            office,
            cwd=folder,
            env=with_fonts(folder),
            check=True,
            capture_output=True,
            timeout=240,
        )
        whole = width + 2 * MARGIN
        cut = ["-x", str(MARGIN), "-y", str(HEADING), "-W", str(width), "-H", str(height)]
        draw = ["pdftoppm", "-png", "-singlefile", "-scale-to-x", str(whole), "-scale-to-y", "-1"]
        subprocess.run(
            [*draw, *cut, "sheet.pdf", "sheet"],
            cwd=folder,
            check=True,
        )
        return (folder / "sheet.png").read_bytes()


if __name__ == "__main__":
    main()
