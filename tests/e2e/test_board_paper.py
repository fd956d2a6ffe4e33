"""The board on paper, read by other programs: poppler finds the names, the pages and the fonts."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from qibi.ledger.seals import digest
from transcripts.harness import BOOKS

pytestmark = pytest.mark.external
EXAMPLE = BOOKS["example"]
A4, A3 = (595, 842), (842, 1191)


def board(folder: Path, *arguments: str, language: str = "zh") -> str:
    command = [sys.executable, "-m", "qibi", "--book", str(EXAMPLE), "--today", "2026-11-18"]
    done = subprocess.run(
        [*command, "--lang", language, "board", *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
        encoding="utf-8",
    )
    return done.stderr


def poppler(program: str, *arguments: str | Path) -> str:
    if shutil.which(program) is None:
        pytest.fail(f"{program} is not installed: apt-get install poppler-utils zbar-tools")
    done = subprocess.run(
        [program, *map(str, arguments)], check=True, capture_output=True, encoding="utf-8"
    )
    return done.stdout


@pytest.mark.parametrize(("size", "points"), [("a4", A4), ("a3", A3)])
def test_the_board_is_one_page_of_the_size_asked_for(
    tmp_path: Path, size: str, points: tuple[int, int]
) -> None:
    board(tmp_path, "--week", "W46", "--size", size, "-o", "b.pdf")
    said = poppler("pdfinfo", tmp_path / "b.pdf")
    found = re.search(r"Page size: +([\d.]+) x ([\d.]+)", said)
    assert found and (round(float(found[1])), round(float(found[2]))) == points
    assert re.search(r"Pages: +1\n", said)


def test_names_points_and_the_seal_can_be_read(tmp_path: Path) -> None:
    board(tmp_path, "--week", "W36", "-o", "b.pdf")
    text = "".join(poppler("pdftotext", "-layout", tmp_path / "b.pdf", "-").split())
    seal = digest((EXAMPLE / "seals" / "2026-W36.r2.json").read_bytes())
    for wanted in ("红榜", "黑榜", "域外一标段项目CP", "104.95", "第1次更正", seal[:32], seal[32:]):
        assert wanted in text
    assert "\ufffd" not in text


def test_only_the_shipped_font_is_used_and_it_is_embedded(tmp_path: Path) -> None:
    for arguments in (("-o", "b.pdf"), ("--member", "o1-008", "-o", "s.pdf")):
        board(tmp_path, "--week", "W46", *arguments)
        rows = poppler("pdffonts", tmp_path / arguments[-1]).splitlines()[2:]
        assert rows
        for row in rows:
            assert "NotoSans" in row and re.search(r"\byes +yes +yes\b", row), row


def test_a_page_is_drawn_with_ink(tmp_path: Path) -> None:
    board(tmp_path, "--week", "W46", "-o", "b.pdf")
    poppler("pdftoppm", "-r", "40", "-gray", "-singlefile", tmp_path / "b.pdf", tmp_path / "b")
    pixels = (tmp_path / "b.pgm").read_bytes()[-40_000:]
    assert min(pixels) < 128 and max(pixels) == 255


def test_the_code_reads_as_the_digest(tmp_path: Path) -> None:
    board(tmp_path, "--week", "W36", "-o", "b.png")
    said = poppler("zbarimg", "-q", "--raw", tmp_path / "b.png").strip()
    assert said == digest((EXAMPLE / "seals" / "2026-W36.r2.json").read_bytes())


def test_a_pack_has_every_slip_in_one_file_to_print(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "qibi", "--book", str(EXAMPLE), "--today", "2026-11-18"]
    subprocess.run(
        [*command, "--lang", "zh", "pack", "--week", "W44", "-o", "p"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    singles = {path.stem for path in (tmp_path / "p" / "slips").iterdir()}
    pages = poppler("pdftotext", "-layout", tmp_path / "p" / "slips.pdf", "-").split("\f")[:-1]
    assert len(pages) == len(singles) == 200
    found = {
        match[1] for page in pages for match in [re.search(r"[（(](\w\d+-\d+)[)）]", page)] if match
    }
    assert found == singles
