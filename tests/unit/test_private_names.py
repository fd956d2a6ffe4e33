"""Names apart from points: no name gets into git, and `qibi erase` takes one out where it can."""

import os
import subprocess
import zipfile
from pathlib import Path

import pytest
from test_init import Run

from qibi.book.edit import Page
from qibi.book.load import Source, load

PEOPLE = ("陈大文", "Bob Chen", "林小雨", "周云飞")
ROSTER = f"支部,姓名,单位,项目CP角色\n甲支部,{PEOPLE[0]},建设单位,热力\n甲支部,{PEOPLE[1]},施工单位,工程\n甲支部,{PEOPLE[2]},,\n"
SHEET = (
    f"姓名,评分项,次数\n{PEOPLE[1]},自查无问题,1\nbook-9,自查无问题,1\n{PEOPLE[2]},自查无问题,1\n"
)
GIT = {
    "GIT_AUTHOR_NAME": "b01-001",
    "GIT_AUTHOR_EMAIL": "b01-001@example.invalid",
    "GIT_COMMITTER_NAME": "b01-001",
    "GIT_COMMITTER_EMAIL": "b01-001@example.invalid",
}


def git(root: Path, *arguments: str) -> bytes:
    environment = {"PATH": os.environ["PATH"], "HOME": str(root), "GIT_CONFIG_NOSYSTEM": "1"} | GIT
    done = subprocess.run(
        ["git", *arguments], cwd=root, env=environment, check=True, capture_output=True
    )
    return done.stdout


def everything_in_git(root: Path) -> bytes:
    """Every object of a repository, reachable or not: commits, trees, files."""
    return git(root, "cat-file", "--batch-all-objects", "--batch")


def qibi(root: Path, *arguments: str, **environment: str) -> Run:
    run = Run(root, *arguments, **(GIT | {"QIBI_LANG": "zh"} | environment))
    assert run.code == 0, run.err
    return run


def made(tmp_path: Path, *options: str) -> Path:
    (tmp_path / "roster.csv").write_text(ROSTER, "utf-8")
    qibi(tmp_path, "init", "book", "--roster", "roster.csv", "--as", PEOPLE[0], *options)
    return tmp_path / "book"


def a_round(root: Path) -> None:
    """A week as it is done: someone joins, a sheet, a mended and a voided entry, two commits."""
    qibi(root, "member", "add", PEOPLE[3], "--id", "book-9", "--since", "W46")
    (root / "week.csv").write_text(SHEET, "utf-8")
    qibi(root, "score", "week.csv", "--week", "W46")
    qibi(root, "commit")
    (batch,) = (root / "ledger/2026/W46").glob("*.jsonl")
    digest = batch.stem.rpartition("-")[2]
    qibi(root, "fix", f"{digest}.2", "--subject", PEOPLE[3], "--reason", "记错人")
    qibi(root, "void", f"{digest}.3", "--reason", "重复")
    qibi(root, "exempt", PEOPLE[2], "--week", "W47", "--reason", "请假")
    qibi(root, "commit")


def test_no_name_gets_into_git(tmp_path: Path) -> None:
    root = made(tmp_path, "--private-names")
    a_round(root)
    held = everything_in_git(root)
    assert b"book-9" in held and b"b01-002" in held
    for name in PEOPLE:
        assert name.encode() not in held and name in (root / "names.yaml").read_text("utf-8")
    assert b"names.yaml" not in git(root, "ls-files") and b"week.csv" not in git(root, "ls-files")
    assert git(root, "status", "--porcelain") == b""
    assert qibi(root, "check").out == ""


def test_without_private_names_git_holds_them(tmp_path: Path) -> None:
    root = made(tmp_path)
    a_round(root)
    held = everything_in_git(root)
    assert all(name.encode() in held for name in PEOPLE)


def test_without_names_yaml_a_sheet_comes_in_by_id(tmp_path: Path) -> None:
    root = made(tmp_path, "--private-names")
    (root / "names.yaml").unlink()
    (root / "week.csv").write_text("编号,评分项,次数\nb01-002,自查无问题,1\n", "utf-8")
    qibi(root, "score", "week.csv", "--week", "W46")
    assert '"b01-002"' in qibi(root, "rank", "W46", "--format", "json").out
    added = qibi(root, "member", "add", PEOPLE[3])
    assert "names.yaml" in added.err
    assert load(root).title("b01-004") == PEOPLE[3]
    assert PEOPLE[3] not in (root / "branches/b01.yaml").read_text("utf-8")


def test_an_empty_branch_of_a_private_book_gets_no_names(tmp_path: Path) -> None:
    root = made(tmp_path, "--private-names", "--no-git")
    (root / "branches/b02.yaml").write_text("id: b02\n")
    qibi(root, "member", "add", PEOPLE[3], "--branch", "b02")
    assert PEOPLE[3] not in (root / "branches/b02.yaml").read_text("utf-8")
    assert PEOPLE[3] in (root / "names.yaml").read_text("utf-8")


def test_a_gitignore_that_lets_names_in_is_refused(tmp_path: Path) -> None:
    (tmp_path / "book").mkdir()
    (tmp_path / "book/.gitignore").write_text("*.bak\n/names.yaml\n")
    run = Run(tmp_path, "init", "book", "--private-names")
    assert run.code == 2 and "/*.csv" in run.err and "/names.yaml" not in run.err
    assert sorted(p.name for p in (tmp_path / "book").iterdir()) == [".gitignore"]


def test_names_of_another_checkout_stand_in(tmp_path: Path) -> None:
    root = made(tmp_path, "--private-names")
    (tmp_path / "people").mkdir()
    (root / "names.yaml").rename(tmp_path / "people/names.yaml")
    there = {"QIBI_NAMES": "../people/names.yaml"}
    assert PEOPLE[1] in qibi(root, "member", "list", **there).out
    qibi(root, "member", "add", PEOPLE[3], **there)
    assert not (root / "names.yaml").exists()
    text = (tmp_path / "people/names.yaml").read_text("utf-8")
    assert PEOPLE[3] in text
    qibi(root, "erase", PEOPLE[3], "--yes", **there)
    assert PEOPLE[3] not in (tmp_path / "people/names.yaml").read_text("utf-8")
    (root / "names.yaml").symlink_to("../people/names.yaml")
    linked = Run(root, "erase", PEOPLE[2], "--yes")
    assert linked.code == 2 and "QIBI_NAMES" in linked.err
    assert PEOPLE[2] in (tmp_path / "people/names.yaml").read_text("utf-8")
    broken = Run(root, "check", QIBI_NAMES="gone.yaml")
    assert broken.code == 1 and "gone.yaml" in broken.out + broken.err


def test_erase_says_what_remains_where(tmp_path: Path) -> None:
    root = made(tmp_path)
    (root / "week.csv").write_text(
        f"姓名,评分项,次数,说明\n{PEOPLE[1]},自查无问题,1,\n{PEOPLE[2]},自查无问题,1,与{PEOPLE[1]}一起\n",
        "utf-8",
    )
    qibi(root, "score", "week.csv", "--week", "W46")
    qibi(root, "commit")
    (batch,) = (root / "ledger/2026/W46").glob("*.jsonl")
    (root / "week.csv").write_bytes((root / "week.csv").read_text("utf-8").encode("gb18030"))
    with zipfile.ZipFile(root / "week.xlsx", "w") as book:
        book.writestr("xl/sharedStrings.xml", f"<sst><si><t>{PEOPLE[1]}</t></si></sst>")
    (root / "evidence").mkdir()
    (root / f"evidence/{PEOPLE[1]}.jpg").write_bytes(b"\xff\xd8\xff\x00")
    (root / "notes.md").write_text("Bob Chengdu\n")  # another word
    before = (root / "branches/b01.yaml").read_text("utf-8")
    cache = tmp_path / "cache"
    said = qibi(root, "erase", "Bob Chen", "--yes", QIBI_CACHE=str(cache)).out
    text = batch.relative_to(root).as_posix()
    lines = [line.strip() for line in said.splitlines()]
    number = (
        batch.read_text("utf-8")
        .splitlines()
        .index(next(line for line in batch.read_text("utf-8").splitlines() if PEOPLE[1] in line))
    )
    for place in (f"{text}:{number + 1}", "week.csv:2", "week.csv:3", "week.xlsx"):
        assert place in lines
    assert f"evidence/{PEOPLE[1]}.jpg" in lines and "notes.md" not in said
    commit = git(root, "log", "--format=%h", "--abbrev=7").decode().strip()
    assert any(line.startswith(commit) for line in lines)
    after = (root / "branches/b01.yaml").read_text("utf-8")
    assert after == before.replace(f", name: {PEOPLE[1]}", "")
    assert not any(PEOPLE[1].encode() in p.read_bytes() for p in cache.rglob("*") if p.is_file())
    assert load(root).title("b01-002") == "b01-002"


def test_erase_takes_every_row_and_asks_first(tmp_path: Path) -> None:
    root = made(tmp_path, "--no-git")
    (root / "branches/b02.yaml").write_text("id: b02\nname: 乙支部\n")
    qibi(root, "member", "move", PEOPLE[1], "--to", "b02", "--from", "W46")
    (root / "names.yaml").write_text(f"b01-002: {PEOPLE[1]}\n")
    before = {p: p.read_bytes() for p in root.rglob("*.yaml")}
    for arguments, code in ((("--dry-run",), 0), ((), 2)):
        assert Run(root, "erase", "b01-002", *arguments).code == code
        assert {p: p.read_bytes() for p in root.rglob("*.yaml")} == before
    qibi(root, "erase", "b01-002", "--yes")
    assert not any(PEOPLE[1].encode() in p.read_bytes() for p in root.rglob("*.yaml"))
    assert (root / "names.yaml").read_text() == "{}\n" and load(root)
    assert Run(root, "erase", "b01-002").code == 0  # a second time there is nothing to do


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a: 1\nname: 2\n", "a: 1\n"),
        ("name: 1 # x\na: 2 # y", "a: 2 # y"),
        ("# c\nname: 1 # hm\n# d\n", "# c\n{} # hm\n# d\n"),
        ("name: {zh: x, en: y}\r\nb: 2\r\n", "b: 2\r\n"),
        ("b: 2\nname:\n  zh: x\n  en: y\n# z\nc: 3\n", "b: 2\n# z\nc: 3\n"),
        ("b: 2\nname: |\n  x\n  y\nc: 3\n", "b: 2\nc: 3\n"),
        ("{id: a, name: x, s: 1}  # c\n", "{id: a, s: 1}  # c\n"),
        ("{id: a,\n name: x}\n", "{id: a}\n"),
        ("{name: x}\n", "{}\n"),
        ('{\n  "id": "a", # hm\n  "name": "x"\n}\n', '{\n  "id": "a", # hm\n  \n}\n'),
    ],
)
def test_a_field_is_taken_and_nothing_else_changes(text: str, left: str) -> None:
    page = Page(Source("names.yaml", text.encode()))
    page.take((), "name")
    assert page.raw.decode() == left


def test_a_field_is_taken_from_a_row() -> None:
    page = Page(Source("branches/b.yaml", b"m:\n  - name: x # c\n    id: d\n  - {id: e}\n"))
    page.take(("m", 0), "name")
    assert page.raw == b"m:\n  - id: d\n  - {id: e}\n"
