"""`qibi pack`: a folder with an index to all of it, whole or not at all, and nobody's work is lost."""

import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from test_init import Run

from qibi.base.findings import Refusal
from qibi.board.pack import INDEX, Entry, Part, write
from qibi.book.load import load
from qibi.scoring.rules import Rules
from repositories import copied
from transcripts.harness import BOOKS, tree

WEEK = "2026-W45"


class Links(HTMLParser):
    """What a page links to, and what it would load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if value and name == "href" and tag == "a":
                self.links.append(unquote(value))
            elif value and name in ("src", "href"):
                self.loaded.append(value)


def nothing() -> None:
    """A step that shows nothing."""


def parts(text: str = "one") -> list[Part]:
    return [
        Part("First <part>", [Entry("a.txt", "A & b", text.encode())]),
        Part("Second", [Entry("deep/名 1.txt", "名", b"two"), Entry("c.txt", "c", b"three")]),
        Part("Empty", []),
    ]


def made(folder: Path, text: str = "one") -> None:
    write(folder, "Title", ["line"], parts(text), nothing)


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example book's folder of a week."""
    place = tmp_path_factory.mktemp("pack")
    book = copied(BOOKS["example"], place / "book")
    run = Run(book, "pack", "--week", WEEK, QIBI_CACHE=str(place / "cache"))
    assert run.code == 0, run.err
    return book / f"example-{WEEK}"


def test_the_index_links_to_every_file_and_loads_nothing(packed: Path) -> None:
    page = Links((packed / INDEX).read_text("utf-8"))
    assert set(page.links) == set(tree(packed)) - {INDEX}
    assert page.loaded == []


def test_a_pack_holds_board_slips_minutes_summary_and_a_sheet_for_every_branch(
    packed: Path,
) -> None:
    files = set(tree(packed))
    assert {"minutes.docx", "minutes.md", "summary.xlsx"} <= files
    assert {"board.html", "board.pdf", "board.png", "slips.pdf"} <= files
    definitions = load(packed.parent)
    assert {f for f in files if f.startswith("slips/")} == {
        f"slips/{m.id}.html"
        for b in definitions.branches
        for m in definitions.members_of(b.id, WEEK)
    }
    branches = sum(definitions.has_subjects(b.id, "2026-W46") for b in definitions.branches)
    assert sum(f.startswith("sheets/2026-W46") for f in files) == branches


def test_a_pack_reckons_the_week_once_for_each_kind_that_it_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Board, slips, minutes and summary are made of one set of data."""
    from qibi.scoring import account
    from qibi.scoring.ranking import Ranking

    runs: list[str] = []
    real = account.composed

    def counted(rules: Rules, *rest: Any) -> Ranking:
        runs.append(rules.by)
        return real(rules, *rest)

    monkeypatch.setattr(account, "composed", counted)
    book = copied(BOOKS["example"], tmp_path / "book")
    run = Run(book, "pack", "--week", WEEK, "-o", str(tmp_path / "out"))
    assert run.code == 0, run.err
    assert sorted(runs) == ["branch", "cp", "member"]


def test_more_slips_than_a_file_takes_are_left_single(
    packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qibi.commands.pack._MOST_PRINTED", 199)
    run = Run(packed.parent, "pack", "--week", WEEK, "-o", str(tmp_path / "out"))
    assert run.code == 0 and "slips.pdf is left out: 200 slips" in run.err
    assert set(tree(packed)) - set(tree(tmp_path / "out")) == {"slips.pdf"}


def test_a_sheet_of_the_pack_can_be_handed_in(packed: Path) -> None:
    book = packed.parent
    (book / "ledger" / "2026" / "W46").rename(book / "W46")  # nobody has submitted it yet
    try:
        (sheet,) = (packed / "sheets").glob("*Network section 1*")
        run = Run(book, "score", str(sheet), "--dry-run", QIBI_AS="o1-001")
    finally:
        (book / "W46").rename(book / "ledger" / "2026" / "W46")
    assert "nothing is filled in" in run.err
    assert re.search(r"qibi score --no-events --branch [a-z0-9-]+ --week 2026-W46", run.err)


def test_the_index_escapes_what_people_wrote(tmp_path: Path) -> None:
    write(tmp_path / "out", "</title><script>x</script>", ["<b>\x1b"], parts(), nothing)
    text = (tmp_path / "out" / INDEX).read_text("utf-8")
    assert "<script>x" not in text and "<b>" not in text and "\x1b" not in text
    assert "First &lt;part&gt;" in text and "A &amp; b" in text
    assert "Empty" not in text


def test_the_index_holds_the_digest_of_every_file(tmp_path: Path) -> None:
    made(tmp_path / "out")
    text = (tmp_path / "out" / INDEX).read_text("utf-8")
    found = re.search(r'id="qibi-pack">(.*?)</script>', text)
    assert found
    assert json.loads(found[1]) == {
        path: hashlib.sha256(raw).hexdigest()
        for path, raw in tree(tmp_path / "out").items()
        if path != INDEX
    }


def test_a_folder_of_qibis_own_is_made_anew_whole(tmp_path: Path) -> None:
    made(tmp_path / "out")
    write(tmp_path / "out", "Title", [], parts("other")[:1], nothing)
    assert (tmp_path / "out" / "a.txt").read_text() == "other"
    assert sorted(tree(tmp_path / "out")) == ["a.txt", INDEX]
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    made(tmp_path / "out")
    assert INDEX in tree(tmp_path / "out")


def change(folder: Path) -> None:
    (folder / "c.txt").write_text("filled in")


def add(folder: Path) -> None:
    (folder / "notes.txt").write_text("mine")


def link(folder: Path) -> None:
    (folder / "c.txt").unlink()
    (folder / "c.txt").symlink_to(folder / "a.txt")


def forget(folder: Path) -> None:
    (folder / INDEX).unlink()


def garble(folder: Path) -> None:
    (folder / INDEX).write_text('<script type="application/json" id="qibi-pack">{</script>')


@pytest.mark.parametrize("what", [change, add, link, forget, garble])
def test_what_somebody_wrote_there_is_never_replaced(tmp_path: Path, what: object) -> None:
    made(tmp_path / "out")
    assert callable(what)
    what(tmp_path / "out")
    before = tree(tmp_path / "out")
    with pytest.raises(Refusal, match="is not replaced"):
        made(tmp_path / "out", "other")
    assert tree(tmp_path / "out") == before
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_file_or_a_link_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    for name in ("file", "link"):
        with pytest.raises(Refusal, match="it is not a folder"):
            made(tmp_path / name)
    assert (tmp_path / "file").read_text() == "x" and not tree(tmp_path / "real")


@pytest.mark.parametrize("file", [0, 1, 3])
def test_a_disk_that_fails_leaves_what_stood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: int
) -> None:
    made(tmp_path / "out")
    before = tree(tmp_path / "out")
    from qibi.board import pack

    real, calls = pack.write_durably, [0]

    def failing(path: Path, raw: bytes) -> None:
        calls[0] += 1
        if calls[0] > file:
            raise OSError(28, "No space left on device")
        real(path, raw)

    monkeypatch.setattr(pack, "write_durably", failing)
    with pytest.raises(Refusal, match="No space left"):
        made(tmp_path / "out", "other")
    assert tree(tmp_path / "out") == before
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_rename_that_fails_puts_the_earlier_one_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path / "out")
    before = tree(tmp_path / "out")
    real = Path.rename

    def failing(self: Path, target: Path) -> Path:
        if self.name.endswith(".tmp") and target.name == "out":
            raise OSError(5, "Input/output error")
        return real(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(Refusal, match="Input/output error"):
        made(tmp_path / "out", "other")
    assert tree(tmp_path / "out") == before
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--week", "2026-W50"], "nobody has been scored in 2026-W50"),
        (["--week", WEEK, "-o", "-"], "a folder can't go to standard output"),
    ],
)
def test_what_is_refused_is_said(tmp_path: Path, arguments: list[str], said: str) -> None:
    book = copied(BOOKS["example"], tmp_path / "book")
    before = set(tree(book))
    run = Run(book, "pack", *arguments)
    assert run.code in (1, 2) and said in run.err
    assert set(tree(book)) == before
