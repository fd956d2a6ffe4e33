"""`qibi minutes`: what the ledger knows is filled in, the rest are lines to fill; both formats agree."""

import json
import re
import shutil
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import docx
import pytest
from test_init import Run

from qibi.base import language
from qibi.board.minutes import meeting_day
from qibi.book.load import load
from qibi.ledger.seals import seal_of
from repositories import copied
from transcripts.harness import BOOKS

BLANK = r"\_" * 12
OPEN, CLOSED = "2026-W45", "2026-W44"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return copied(BOOKS["example"], tmp_path / "book")


def qibi(folder: Path, *arguments: str, **environment: str) -> Run:
    run = Run(folder, *arguments, **environment)
    assert run.code == 0, run.err
    return run


def lists(book: Path, week: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(qibi(book, "lists", week, "--format", "json").out)
    return dict(found["lists"]["cp"])


def sections(text: str) -> dict[str, str]:
    """Heading without its number: what stands below it."""
    parts = re.split(r"^## \d+\. (.*)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def words_of(path: Path) -> Iterator[str]:
    """The texts of a docx file in their order: paragraphs, then cells."""
    document = docx.Document(str(path))
    yield from (p.text for p in document.paragraphs)
    for table in document.tables:
        yield from (cell.text for row in table.rows for cell in row.cells)


@pytest.mark.parametrize("week", [OPEN, CLOSED])
def test_whom_the_lists_name_has_lines_to_fill(book: Path, week: str) -> None:
    found = lists(book, week)
    parts = sections(qibi(book, "minutes", "--week", week).out)
    red = parts["Red list: what others can learn"]
    black = parts["Black list: cause and measure"]
    assert found["red"] and found["black"]
    for part, names in ((red, found["red"]), (black, found["black"])):
        assert re.findall(r"^### (.*) \(place", part, re.MULTILINE) == [n["name"] for n in names]
        assert part.count(f"Speaker: {BLANK}") == len(names)
    assert red.count(f"What was said: {BLANK}") == len(found["red"])
    assert black.count(f"Cause: {BLANK}") == len(found["black"])


def test_the_leads_of_a_cp_stand_below_it(book: Path) -> None:
    definitions = load(book)
    for named in lists(book, OPEN)["black"]:
        (cp,) = definitions.cp_spans[named["subject"]]
        people = [definitions.title(key) for key in cp.members.values()]
        text = qibi(book, "minutes", "--week", OPEN).out
        part = text.split(f"### {named['name']}")[1].split("###")[0]
        assert f"Its people: {', '.join(people)}" in part


def test_a_remedy_says_measure_owner_day_and_state_and_no_line_is_left(book: Path) -> None:
    found = lists(book, OPEN)["black"]
    text = sections(qibi(book, "minutes", "--week", OPEN).out)["Black list: cause and measure"]
    assert all(n["remedies"] for n in found) and "Measure: " not in text
    for remedy in (r for n in found for r in n["remedies"]):
        (row,) = [line for line in text.splitlines() if line.startswith(f"| {remedy['id']} ")]
        assert ("(overdue)" in row) == remedy["overdue"]
        assert load(book).title(remedy["owner"]) in row


def test_without_a_remedy_there_are_lines_for_one_with_the_policys_day(book: Path) -> None:
    found = [n for n in lists(book, CLOSED)["black"] if not n["remedies"]]
    text = qibi(book, "minutes", "--week", CLOSED).out
    assert found
    for named in found:
        part = text.split(f"### {named['name']}")[1].split("##")[0]
        assert f"Measure: {BLANK}" in part and f"Owner: {BLANK}" in part
        assert "Due by: 4 Nov (Wed)" in part and named["due"] == "2026-11-04"


def test_what_nobody_has_verified_is_listed_first_due_first(book: Path) -> None:
    text = sections(qibi(book, "minutes", "--week", OPEN).out)["Remedies due and overdue"]
    listed = re.findall(r"^\| ([^ ]+-[^ ]+) ", text, re.MULTILINE)
    remedies = json.loads(qibi(book, "remedy", "list", "--format", "json").out)["remedies"]
    wanted = [r for r in remedies if r["state"] != "verified" and r["week"] <= OPEN]
    assert listed == [r["id"] for r in sorted(wanted, key=lambda r: (r["due"], r["id"]))]
    assert len(listed) > 1


def test_missing_branches_have_a_line_to_say_why(book: Path) -> None:
    shutil.rmtree(book / "seals")
    for batch in (book / "ledger/2026/W45").glob("outer-2-*"):
        batch.unlink()
    text = qibi(book, "minutes", "--week", OPEN).out
    assert "missing Outer section 2" in text
    assert re.search(r"Outer section 2.* has submitted nothing, because: \\_", text)


def test_a_closed_week_shows_the_seal_and_an_open_one_none(book: Path) -> None:
    seal = seal_of(book, CLOSED)
    assert seal
    assert f"SHA-256: {seal.digest}" in qibi(book, "minutes", "--week", CLOSED).out
    assert "SHA-256" not in qibi(book, "minutes", "--week", OPEN).out


@pytest.mark.parametrize(
    ("day", "held", "following"),
    [
        ("mon", "9 Nov (Mon)", "16 Nov (Mon)"),
        ("wed", "11 Nov (Wed)", "18 Nov (Wed)"),
        ("sun", "15 Nov (Sun)", "22 Nov (Sun)"),
    ],
)
def test_the_calendar_gives_the_meetings_days(
    book: Path, day: str, held: str, following: str
) -> None:
    path = book / "qibi.yaml"
    path.write_text(path.read_text("utf-8").replace("meeting: wed", f"meeting: {day}"), "utf-8")
    text = qibi(book, "minutes", "--week", OPEN).out
    assert f"- Held on: {held}\n" in text
    assert f"{following}, on 2026-W46" in sections(text)["Next meeting"]


def test_without_a_meeting_in_the_calendar_the_days_are_lines_to_fill(book: Path) -> None:
    path = book / "qibi.yaml"
    path.write_text(path.read_text("utf-8").replace("meeting: wed, ", ""), "utf-8")
    assert meeting_day(load(book), OPEN) is None
    assert qibi(book, "minutes", "--week", OPEN).out.count(f"Held on: {BLANK}") == 2


def test_the_meeting_of_a_years_last_week_is_in_the_next_year(book: Path) -> None:
    assert meeting_day(load(book), "2026-W53") == date(2027, 1, 6)


@pytest.mark.parametrize("spoken", ["en", "zh"])
def test_docx_says_what_markdown_says(book: Path, spoken: str) -> None:
    text = qibi(book, "minutes", "--week", OPEN, QIBI_LANG=spoken).out
    qibi(book, "minutes", "--week", OPEN, "-o", "out.docx", QIBI_LANG=spoken)

    def pieces(lines: Iterator[str]) -> list[str]:
        bare = re.compile(r"^#+ |^(\d+\.|[一二三四五六七八九十]、) ?|^- |\\|_|\t|\|")
        texts = [re.sub(bare, "", re.sub(bare, "", line)).strip() for line in lines]
        return sorted(t for t in texts if t and not set(t) <= set("-_ "))

    rows = (cell for line in text.replace("\\_", "").splitlines() for cell in line.split(" | "))
    assert pieces(rows) == pieces(words_of(book / "out.docx"))


def test_docx_names_fonts_for_chinese_and_is_a4(book: Path) -> None:
    qibi(book, "minutes", "--week", OPEN, "-o", "out.docx", QIBI_LANG="zh")
    document = docx.Document(str(book / "out.docx"))
    section = document.sections[0]
    assert (round(section.page_width.mm), round(section.page_height.mm)) == (210, 297)
    xml = document.styles["Normal"].element.xml
    assert 'w:eastAsia="仿宋"' in xml and 'w:eastAsia="zh-CN"' in xml
    assert "asciiTheme" not in xml


def test_the_same_minutes_are_the_same_bytes(book: Path) -> None:
    qibi(book, "minutes", "--week", OPEN, "-o", "a.docx")
    time.sleep(2.1)  # a zip file counts in steps of two seconds
    qibi(book, "minutes", "--week", OPEN, "-o", "b.docx")
    assert (book / "a.docx").read_bytes() == (book / "b.docx").read_bytes()


def test_a_name_is_never_markup(book: Path) -> None:
    (book / "names.yaml").write_text('o1-001: "| *a* [x](y) <b> \\u001b[31m"\n', "utf-8")
    weeks = [f"2026-W{n}" for n in range(31, 47)]
    week = next(w for w in weeks if any(n["subject"] == "o1-cp" for n in lists(book, w)["red"]))
    text = qibi(book, "minutes", "--week", week).out
    assert r"\| \*a\* \[x\](y) \<b\> \<U+001B\>\[31m" in text and "\x1b" not in text
    qibi(book, "minutes", "--week", week, "-o", "out.docx")
    assert any("| *a* [x](y) <b> <U+001B>[31m" in text for text in words_of(book / "out.docx"))


def test_a_books_own_words_stand_in_the_minutes(book: Path) -> None:
    path = book / "qibi.yaml"
    words = "\nwords: {red: {zh: 光荣榜, en: Stars}, black: {zh: 提醒榜, en: Reminders}}\n"
    path.write_text(path.read_text("utf-8") + words, "utf-8")
    assert "Stars: what others can learn" in sections(qibi(book, "minutes", "--week", OPEN).out)
    zh = sections(qibi(book, "minutes", "--week", OPEN, QIBI_LANG="zh").out)
    assert "光荣榜：介绍经验" in zh and "提醒榜：作出检查，汇报措施" in zh


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--week", "W50"], "nobody has been scored in 2026-W50"),
        (["--week", OPEN, "--format", "pdf"], "there is no format 'pdf'"),
        (["--week", OPEN, "-o", "nowhere/a.docx"], "can't be written"),
        (["--week", OPEN, "-o", "branches"], "can't be written"),
    ],
)
def test_what_is_refused_is_said(book: Path, arguments: list[str], said: str) -> None:
    run = Run(book, "minutes", *arguments)
    assert run.code in (1, 2) and said in run.err and not run.out


def test_a_missing_package_is_named_and_markdown_goes_on(
    book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "docx", None)
    run = Run(book, "minutes", "--week", OPEN, "-o", "out.docx")
    assert run.code == 2 and "pip install 'qibi[board]'" in run.err
    assert qibi(book, "minutes", "--week", OPEN).out
    assert language.current() == "en"
