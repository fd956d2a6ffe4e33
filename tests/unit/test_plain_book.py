"""A book from `--template plain --lang en` shows no Chinese and no word of the Party anywhere.

Every command that reads, and every file that is made of such a book, is looked through: for Chinese
in all of it, and for the words that the book has others for in all that is written for people.
"""

import json
import os
import re
import subprocess
import zipfile
from importlib import import_module
from pathlib import Path

import pytest
from make_commands import helps
from test_init import Run

from qibi.cli.app import summaries

HAN = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")
PARTY = re.compile(
    r"\b(party|comrades?|secretar(y|ies)|probationary|pioneers?|cadres?|communist)\b", re.IGNORECASE
)
# The book calls them team, crew, person and pair; `qibi branch` and `--branch` are to be typed, and so
# are the kinds of `--by` and `qibi schema`.
RENAMED = re.compile(
    r"(?<!qibi )(?<!--)(?<!qibi schema )\b(branch|branches|BRANCH|CPs?)\b(?!\.yaml|/|, cp, unit|, plan)"
)
PARTY_ZH = re.compile("党|支部|书记|CP")
GIT = {
    "GIT_AUTHOR_NAME": "t1-001",
    "GIT_AUTHOR_EMAIL": "t1-001@example.invalid",
    "GIT_COMMITTER_NAME": "t1-001",
    "GIT_COMMITTER_EMAIL": "t1-001@example.invalid",
    "GIT_CONFIG_NOSYSTEM": "1",
}
LISTS = "\nlists: {member: {red: {top: 1}, black: {bottom: 1, remedy_due: 3d}}}\n"
SHEET = "name,item,count\nSample A,Done on time,2\nSample B,Rework needed,3\n"


def qibi(book: Path, *arguments: str, code: int | None = 0) -> Run:
    run = Run(book, *arguments, QIBI_LANG="", QIBI_AS="t1-003", **GIT)
    assert code is None or run.code == code, f"{arguments}: {run.err}"
    return run


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plain book with two weeks, one of them closed, a list and a remedy."""
    place = tmp_path_factory.mktemp("plain")
    qibi(place, "init", "book", "--template", "plain", "--lang", "en", "--as", "Sample A")
    root = place / "book"
    (root / "qibi.yaml").write_text((root / "qibi.yaml").read_text("utf-8") + LISTS, "utf-8")
    environment = {"PATH": os.environ["PATH"], "HOME": str(place)} | GIT
    subprocess.run(["git", "init", "-q"], cwd=root, env=environment, check=True)
    (root / "week.csv").write_text(SHEET, "utf-8")
    for week in ("2026-W45", "2026-W46"):
        qibi(root, "score", "week.csv", "--week", week)
    (root / "week.csv").unlink()
    qibi(root, "remedy", "open", "t1-002", "--week", "2026-W46", "--measure", "Check twice",
         "--due", "2026-11-18")  # fmt: skip
    qibi(root, "commit")
    qibi(root, "close", "2026-W45", "--as", "Sample B")
    qibi(root, "commit")
    return root


READING = [
    "status", "rank --week 2026-W45", "rank --week 2026-W46 --by branch", "rank 2026-11",
    "rank 2026-W44..2026-W46 --by branch", "rank --by group", "rank --by cp", "rank --honours",
    "show t1-002", "show team-1", "why t1-002", "why team-1 2026-11", "log 2026-11", "lists",
    "remedy list", "rules", "member list", "branch list", "check", "doctor", "audit",
]  # fmt: skip


@pytest.mark.parametrize("command", READING)
@pytest.mark.parametrize("form", ["table", "md"])
def test_no_command_shows_chinese_or_a_word_of_the_party(
    book: Path, command: str, form: str
) -> None:
    run = qibi(book, *command.split(), "--format", form, code=None)
    shown = f"{run.out}{run.err}"
    assert run.code in (0, 1) and (shown.strip() or command == "check"), shown
    looked_through(shown)


@pytest.mark.parametrize("form", ["json", "csv"])
@pytest.mark.parametrize("command", READING)
def test_nothing_for_programs_holds_chinese(book: Path, command: str, form: str) -> None:
    run = qibi(book, *command.split(), "--format", form, code=None)
    assert not HAN.search(run.out)


@pytest.mark.parametrize("week", ["2026-W45", "2026-W46"])
def test_minutes_and_exports_speak_the_books_words(book: Path, tmp_path: Path, week: str) -> None:
    looked_through(qibi(book, "minutes", "--week", week).out)
    for name in ("minutes.docx", "out.xlsx", "out.csv", "out.json", "out.parquet"):
        command = "minutes" if name == "minutes.docx" else "export"
        more = ["--entries"] if command == "export" else []
        qibi(book, command, "--week", week, *more, "-o", str(tmp_path / name))
    for name in ("minutes.docx", "out.xlsx"):
        looked_through(text_of(tmp_path / name))
    looked_through((tmp_path / "out.csv").read_text("utf-8-sig"))
    assert not HAN.search(json.dumps(json.loads((tmp_path / "out.json").read_text())))
    assert not HAN.search((tmp_path / "out.parquet").read_bytes().decode("utf-8", "ignore"))


def test_a_pack_speaks_the_books_words(book: Path, tmp_path: Path) -> None:
    qibi(book, "pack", "--week", "2026-W45", "-o", str(tmp_path / "pack"))
    names = [p for p in (tmp_path / "pack").rglob("*") if p.is_file()]
    assert len(names) > 8
    for path in names:
        looked_through(path.name)
        if path.parent.name == "sheets":
            # A hidden page says by key, for `qibi score`, whose sheet it is: "branch" among them.
            assert not HAN.search(text_of(path)) and not PARTY.search(text_of(path))
        elif path.suffix in (".docx", ".xlsx"):
            looked_through(text_of(path))
        elif path.suffix in (".html", ".md"):
            looked_through(seen(path.read_text("utf-8")))


REFUSED = [
    "score missing.csv", "score --no-events --week 2026-W46 --branch nothing", "sheet --branch nothing",
    "sheet --all --branch team-1", "show nobody", "why nobody", "rank --branch nothing",
    "rank --department nothing", "rank --by nothing", "member add Somebody", "member move t1-001 --to nothing",
    "member list --week 2020-W01", "branch end nothing", "branch end team-1 --until 2026-W40 --dry-run",
    "close 2026-W46 --without team-1", "close 2026-W47", "close 2026-W44", "exempt nobody --reason leave",
    "task list", "task list nothing", "remedy open nobody", "board --member nobody", "board --week 2026-W50",
    "log --branch nothing", "minutes --week 2026-W50", "attach 0000 a.jpg", "export 2026-W50",
    "init .", "rules --criterion nothing",
]  # fmt: skip


@pytest.mark.parametrize("command", REFUSED)
def test_no_refusal_shows_chinese_or_a_word_of_the_party(book: Path, command: str) -> None:
    run = qibi(book, *command.split(), code=None)
    assert run.code in (0, 1, 2) and f"{run.out}{run.err}".strip()
    looked_through(f"{run.out}{run.err}")


def commands_with_help() -> list[str]:
    """Every command and every part of one."""
    found = [""]
    for name in summaries():
        parts = getattr(import_module(f"qibi.commands.{name}"), "COMMANDS", {})
        found += [name, *(f"{name} {part}" for part in parts)]
    return found


@pytest.fixture(scope="module")
def helped(book: Path) -> dict[str, str]:
    return helps("en", commands_with_help(), book)


@pytest.mark.parametrize("command", commands_with_help())
def test_help_speaks_the_books_words(helped: dict[str, str], command: str) -> None:
    shown = helped[command]
    assert "Usage: qibi" in shown
    assert command or all(name in shown for name in summaries())
    # The names of commands and the values of --status are to be typed.
    shown = re.sub(r"^  branch  |\bfull, probationary, activist or staff\b", "", shown, flags=re.M)
    looked_through(shown)


def test_help_in_chinese_has_no_word_of_the_party(tmp_path: Path) -> None:
    qibi(tmp_path, "--lang", "zh", "init", "book", "--template", "plain")
    commands = ("", "score", "rank", "sheet", "member add", "branch move-group", "task list")
    for command, shown in helps("zh", commands, tmp_path / "book").items():
        found = PARTY_ZH.search(re.sub(r"\[?\bCP\]? |用法.*", "", shown))
        assert HAN.search(shown) and found is None, (command, found)


def test_a_chinese_book_of_employees_has_no_word_of_the_party(tmp_path: Path) -> None:
    """From the roster to boards: what is made, said, refused and asked."""

    def said(*arguments: str, code: int | None = 0) -> None:
        place = tmp_path if arguments[0] == "init" else tmp_path / "heat"
        run = qibi(place, "--lang", "zh", *arguments, code=code)
        shown = f"{run.out}{run.err}"
        assert PARTY_ZH.search(shown) is None, f"{arguments}: {shown}"

    people = "员工姓名,班组,岗位,主管,类别\n安一,焊接班,焊工,李工,正式\n安二,焊接班,焊工,李工,试用\n安三,保温班,工人,李工,\n"
    (tmp_path / "r.csv").write_text(people, "utf-8")
    for name, text in (
        ("bad", "姓名,班组\n安一,甲\n安一,甲\n,甲\n安四,\n合计,9人\n"),
        ("shop", "姓名,车间\n安一,甲\n"),
        ("none", "a,b\n"),
    ):
        (tmp_path / f"{name}.csv").write_text(text, "utf-8")
        said("init", "bad", "--template", "plain", "--roster", f"{name}.csv", code=1)
    said("init", "heat", "--template", "plain", "--roster", "r.csv", "--as", "安三")
    sheet = "员工,班组,岗位,主管,评分项,次数\n安一,焊接班,焊工,李工,按期完成,1\n"
    (tmp_path / "heat/week.csv").write_text(sheet, "utf-8")
    who = ("--as", "安三")
    said("score", "week.csv", "--week", "2026-W46", *who)
    said("score", "--no-events", "--branch", "b02", "--week", "2026-W46", *who)
    for command in (
        "status",
        "rank --week W46",
        "rank --week W46 --by branch",
        "rank --by cp",
        "show b01-001",
        "show b01",
        "why b01 W46",
        "lists",
        "rules",
        "member list",
        "check",
        "minutes --week W46",
        "log 2026-11",
        "task list",
    ):
        said(*command.split(), code=None)
    for command in (
        "member add 安四",
        "score week.csv --week W45 --branch 无",
        "sheet --branch 无",
        "rank --by 无",
        "close W46",
    ):
        said(*command.split(), *(who if command[0] == "c" else ()), code=None)
    said("board", "--week", "W46", "-o", "board.html")
    board = (tmp_path / "heat/board.html").read_text("utf-8")
    assert (
        PARTY_ZH.search(re.sub(r"<(style|script)\b.*?</\1>|<[^>]*>", "\n", board, flags=re.S))
        is None
    )


def test_the_search_finds_what_it_looks_for() -> None:
    for text in ("支部", "Party member", "the branch", "a CP", "pioneer post", "（"):
        with pytest.raises(AssertionError):
            looked_through(text)
    looked_through("qibi score --branch t1; qibi branch list; branches/t1.yaml; a team")


def looked_through(text: str) -> None:
    """Fails where a text shows Chinese, a word of the Party, or one that the book has another for."""
    for pattern in (HAN, PARTY, RENAMED):
        found = pattern.search(text)
        around = text[max(0, found.start() - 60) : found.end() + 60] if found else ""
        assert found is None, around


def text_of(path: Path) -> str:
    """What an office file shows: its XML without tags and attributes, but for names of pages."""
    with zipfile.ZipFile(path) as parts:
        # Word's own template names the fonts of many scripts in these two; nobody sees them.
        shown = [n for n in parts.namelist() if not n.endswith(("fontTable.xml", "theme1.xml"))]
        xml = {n: parts.read(n).decode("utf-8") for n in shown if n.endswith(".xml")}
    assert not any(HAN.search(text) for text in xml.values()), [
        n for n in xml if HAN.search(xml[n])
    ]
    pages = re.findall(r'<sheet name="([^"]*)"', xml.get("xl/workbook.xml", ""))
    return "\n".join([*pages, *(re.sub(r"<[^>]*>", "\n", text) for text in xml.values())])


def seen(page: str) -> str:
    """What a page shows: without styles, scripts and the attributes of tags; Chinese stays."""
    assert not HAN.search(page), HAN.search(page)
    return re.sub(r"<(style|script)\b.*?</\1>|<[^>]*>", "\n", page, flags=re.DOTALL)
