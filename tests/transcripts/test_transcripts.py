"""Every transcript prints today what it printed when it was written.

`pytest tests/transcripts --update-transcripts` writes down what is printed now; read the diff.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from transcripts.harness import BOOKS, HERE, Scene, play, tree

SCRIPTS = sorted(HERE.glob("*.txt"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_transcript(script: Path, tmp_path: Path, updating: bool) -> None:
    written = script.read_text("utf-8")
    printed = play(written, Scene(tmp_path))
    if updating:
        script.write_text(printed, "utf-8", newline="\n")
    else:
        assert printed.splitlines() == written.splitlines()


def test_the_small_book_is_what_qibi_writes_from_its_sheets(tmp_path: Path) -> None:
    """The ledger's format is a contract: the same sheets, clock and recorder give the same lines.

    Those of the book are of before entries named their cell.
    """
    scene = Scene(tmp_path)
    scene.direct("book", "small", [])
    if (scene.folder / "ledger").exists():
        scene.direct("delete", "ledger", [])
    for branch, who in (("east", "e-ann"), ("west", "w-hal")):
        for week, day in (("2026-W45", "2026-11-09 08:59"), ("2026-W46", "2026-11-16 08:59")):
            scene.direct("now", day, [])
            said = scene.run(f"qibi score sheets/{week}-{branch}.csv --as {who}")
            assert "recorded" in said, said
    found = {
        place: [_without_cell(line) for line in lines] for place, lines in _lines(scene.folder)
    }
    kept = dict(_lines(BOOKS["small"]))
    assert found == kept and kept


def _lines(book: Path) -> Iterator[tuple[str, list[str]]]:
    """Each batch's week and branch, and its lines."""
    for path, raw in tree(book / "ledger").items():
        yield path.rpartition("-")[0], raw.decode().splitlines()


def _without_cell(line: str) -> str:
    return re.sub(r',"cell":"[^"]*"', "", line)
