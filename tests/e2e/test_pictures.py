"""The pictures in the documents are current, and the commands that draw them work."""

import shutil
from pathlib import Path

import board_pictures
import pytest
import sheet_picture
from outside import REPOSITORY
from stamps import SIGNATURE, drawn_from, mark_of, size_of, stamped

from qibi.base import language

DOCS = REPOSITORY / "docs"
BOARD = (
    "the board shows something else by now; draw it anew: .venv/bin/python docs/board_pictures.py"
)
SHEET = "the sheet is another by now; draw it anew: .venv/bin/python docs/sheet_picture.py"


@pytest.mark.parametrize("code", board_pictures.ENDINGS)
def test_the_pictures_of_the_board_show_what_it_is_now(code: str) -> None:
    ending = board_pictures.ENDINGS[code]
    of_paper, of_page = board_pictures.of_language(code).marks()
    assert mark_of((DOCS / f"board.{ending}").read_bytes()) == of_paper, BOARD
    assert mark_of((DOCS / f"board-page.{ending}").read_bytes()) == of_page, BOARD


def test_the_picture_of_the_sheet_shows_what_it_is_now() -> None:
    mark = sheet_picture.mark(sheet_picture.made())
    assert mark_of((DOCS / "sheet.png").read_bytes()) == mark, SHEET


def test_every_picture_stands_in_a_document() -> None:
    pages = [*REPOSITORY.glob("*.md"), *DOCS.glob("*.md")]
    text = "\n".join(page.read_text("utf-8") for page in pages)
    for picture in DOCS.glob("*.png"):
        assert f"{picture.name})" in text, picture.name


def test_a_mark_is_read_back_and_only_what_is_shown_decides() -> None:
    png = (DOCS / "board.png").read_bytes()
    again = stamped(SIGNATURE + png[len(SIGNATURE) :], drawn_from(b"a", b"b"))
    assert mark_of(again) == drawn_from(b"a", b"b") != drawn_from(b"ab")
    assert size_of(again) == size_of(png)
    assert mark_of(png[:33] + png[-12:]) is None
    with pytest.raises(ValueError, match="no PNG"):
        stamped(b"GIF89a", "")


@pytest.mark.external
def test_the_commands_draw_pictures_of_the_same_kind(tmp_path: Path) -> None:
    for program in ("soffice", "pdftoppm"):
        if shutil.which(program) is None:
            pytest.fail(f"{program} is not installed: apt-get install libreoffice poppler-utils")
    board_pictures.main(tmp_path)
    sheet_picture.main(tmp_path / "sheet.png")
    language.use("en")
    drawn = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(drawn) == {path.name for path in DOCS.glob("*.png")}
    for name, png in drawn.items():
        kept = (DOCS / name).read_bytes()
        assert mark_of(png) == mark_of(kept), name
        (width, height), (kept_width, kept_height) = size_of(png), size_of(kept)
        assert width == kept_width and abs(height - kept_height) <= kept_height / 20, name
        assert len(png) > len(kept) / 3, f"{name}: next to nothing is drawn"
