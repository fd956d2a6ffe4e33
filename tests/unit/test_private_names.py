"""Names apart from points: no name gets into git, and `qibi erase` takes one out where it can."""

import hashlib
import json
import os
import re
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from test_init import Run

import repositories
from qibi.book.edit import Page
from qibi.book.links import Source
from qibi.book.load import load

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
    **repositories.QUICK_GIT,
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
    repositories.prepared(_made, tmp_path, *options)
    return tmp_path / "book"


def _made(place: Path, *options: str) -> None:
    (place / "roster.csv").write_text(ROSTER, "utf-8")
    qibi(place, "init", "book", "--roster", "roster.csv", "--as", PEOPLE[0], *options)


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
    assert linked.code == 1 and "QIBI_NAMES" in linked.err
    assert PEOPLE[2] in (tmp_path / "people/names.yaml").read_text("utf-8")
    (root / "names.yaml").unlink()
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


def workbook(path: Path, strings: str) -> None:
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("xl/sharedStrings.xml", f"<sst>{strings}</sst>")


def committed(root: Path, message: str = "more") -> str:
    """Commit all there is, csv and workbooks too; the commit as `erase` names it."""
    git(root, "add", "--all", "--force")
    git(root, "commit", "-q", "-m", message)
    return git(root, "log", "-1", "--format=%h %cs", "--abbrev=7").decode().strip()


def named(tmp_path: Path, name: str, history: Callable[[Path], str]) -> tuple[str, list[str]]:
    """A book whose history holds a name in some way; the commits that did it, and what erase says."""
    root = made(tmp_path, "--private-names")
    commit = history(root)
    (root / "names.yaml").write_text(f"b01-002: {name}\n", "utf-8")
    said = qibi(root, "erase", "b01-002", "--dry-run", QIBI_LANG="en", COLUMNS="200").out
    return commit, [line.strip() for line in said.splitlines()]


def yaml_with_escapes(root: Path) -> str:
    (root / "names.yaml").write_text('b01-002: "Zo\\u00eb Quill"\n')
    return committed(root)


def yaml_that_combines(root: Path) -> str:
    (root / "names.yaml").write_text("b01-002: Zoe\u0308 Quill\n", "utf-8")
    return committed(root)


def yaml_over_two_lines(root: Path) -> str:
    path = root / "branches/b01.yaml"
    before = path.read_text("utf-8")
    path.write_text(before + "  - {id: b01-009, name: Zo\u00eb\n      Quill}\n", "utf-8")
    came = committed(root)
    path.write_text(before, "utf-8")
    committed(root)
    return came


def a_workbook_since_deleted(root: Path) -> str:
    workbook(root / "roster.xlsx", "<si><r><t>Zo&#xEB;</t></r><r><t> Quill</t></r></si>")
    came = committed(root)
    git(root, "rm", "-q", "-f", "roster.xlsx")
    committed(root)
    return came


def a_merge_alone(root: Path) -> str:
    committed(root)
    git(root, "checkout", "-q", "-b", "side")
    committed_empty = ("commit", "-q", "--allow-empty", "-m", "side")
    git(root, *committed_empty)
    git(root, "checkout", "-q", "-")
    git(root, *committed_empty)
    git(root, "merge", "-q", "--no-commit", "--no-ff", "side")
    (root / "notes.md").write_text("Zo\u00eb Quill\n", "utf-8")
    return committed(root)


def a_message(root: Path) -> str:
    (root / "notes.md").write_text("hm\n")
    return committed(root, "as Zo\u00eb Quill wished")


@pytest.mark.parametrize(
    "history",
    [
        yaml_with_escapes,
        yaml_that_combines,
        yaml_over_two_lines,
        a_workbook_since_deleted,
        a_merge_alone,
        a_message,
    ],
)
@pytest.mark.parametrize("name", ["Zo\u00eb Quill", "Zoe\u0308 Quill"], ids=["NFC", "NFD"])
def test_erase_finds_a_name_in_history_however_it_is_written(
    tmp_path: Path, name: str, history: Callable[[Path], str]
) -> None:
    commit, lines = named(tmp_path, name, history)
    assert commit in lines
    assert "no commit here holds the name" not in lines


def test_a_name_of_one_character_is_found_by_itself_and_erase_says_so(tmp_path: Path) -> None:
    def history(root: Path) -> str:
        (root / "names.yaml").write_text("b01-002: 汉\n", "utf-8")
        return committed(root)

    commit, lines = named(tmp_path, "汉", history)
    assert commit in lines
    assert any(line.startswith("汉: searched for only as a whole field") for line in lines)


def test_erase_never_says_that_no_commit_holds_what_it_could_not_search(tmp_path: Path) -> None:
    def history(root: Path) -> str:
        (root / "old.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
        return committed(root)

    commit, lines = named(tmp_path, "Zoë Quill", history)
    assert commit not in lines and "no commit here holds the name" not in lines
    assert "the name is not in what was searched of git's history" in lines
    assert lines.count("old.xls") == 2  # the file, and git's


def test_erase_says_that_no_commit_holds_a_name_where_that_is_so(tmp_path: Path) -> None:
    _commit, lines = named(tmp_path, "Zoë Quill", lambda _root: "")
    assert "no commit here holds the name" in lines


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


# `private_names: true`


def pushed(tmp_path: Path) -> Path:
    """A private book whose first commit a remote has; its `.gitignore` keeps nothing out."""
    repositories.prepared(_pushed, tmp_path)
    return tmp_path / "book"


def _pushed(place: Path) -> None:
    git(place, "init", "-q", "--bare", "-b", "main", "remote")
    root = made(place, "--private-names")
    assert "private_names: true" in (root / "qibi.yaml").read_text("utf-8")
    (root / ".gitignore").write_text("ledger/.lock\n*.tmp\n")
    qibi(root, "commit")
    git(root, "remote", "add", "origin", "../remote")
    git(root, "push", "-q", "-u", "origin", "HEAD")


def refused(root: Path, *arguments: str) -> str:
    run = Run(root, *(arguments or ("commit", "--push")), **(GIT | {"QIBI_LANG": "en"}))
    assert run.code == 1, run.err
    return run.out + run.err


def published(tmp_path: Path) -> bytes:
    return everything_in_git(tmp_path / "remote")


def advised(said: str) -> str:
    """The command that a finding names."""
    command = "git " + said.partition(": git ")[2].partition("\n")[0]
    return re.split(r"; (?:then|what) | \(not a person\?", command)[0]


def by_shell(root: Path, command: str) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(root), "GIT_CONFIG_NOSYSTEM": "1"} | GIT
    environment["FILTER_BRANCH_SQUELCH_WARNING"] = "1"
    done = subprocess.run(
        ["sh", "-c", command], cwd=root, env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()


def test_names_stay_out_whatever_gitignore_says(tmp_path: Path) -> None:
    root = pushed(tmp_path)
    a_round(root)
    assert "/names.yaml" in qibi(root, "commit", "--push").err
    for held in (everything_in_git(root), published(tmp_path)):
        assert b"book-9" in held and not any(name.encode() in held for name in PEOPLE)
    assert not (root / "sheets").exists()


@pytest.mark.parametrize("how", ["staged", "committed", "merged"])
def test_names_that_git_holds_are_neither_committed_nor_pushed(tmp_path: Path, how: str) -> None:
    """What the messages advise is followed to the end: then it is pushed, and names.yaml still here."""
    root = pushed(tmp_path)
    if how == "merged":
        git(root, "checkout", "-q", "-b", "side")
    git(root, "add", "--force", "names.yaml")
    if how != "staged":
        git(root, "commit", "-q", "-m", "by hand")
    if how == "merged":
        git(root, "checkout", "-q", "main")
        git(root, "commit", "-q", "--allow-empty", "-m", "other")
        git(root, "merge", "-q", "--no-ff", "-m", "merge", "side")
    before = (root / "names.yaml").read_bytes() if how != "merged" else None
    for command in ("check", "commit", "commit --dry-run", "commit --push"):
        said = refused(root, *command.split())
        assert "names.yaml" in said and not any(name in said for name in PEOPLE)
    by_shell(root, advised(said)) if how != "staged" else git(
        root, "rm", "-q", "--cached", "names.yaml"
    )
    if how != "staged":
        by_shell(root, advised(refused(root)))
    qibi(root, "commit", "--push")
    assert not any(name.encode() in published(tmp_path) for name in PEOPLE)
    assert PEOPLE[0] in (root / "names.yaml").read_text("utf-8")
    assert before is None or before == (root / "names.yaml").read_bytes()


def a_branch_of_its_own(root: Path) -> None:
    git(root, "checkout", "-q", "-b", "side")
    names_by_hand(root)
    git(root, "checkout", "-q", "main")
    git(root, "config", "push.default", "matching")
    git(root, "push", "-q", "origin", "main:side")


def names_by_hand(root: Path) -> None:
    git(root, "add", "--force", "names.yaml")
    git(root, "commit", "-q", "-m", "in")
    git(root, "rm", "-q", "--cached", "names.yaml")
    git(root, "commit", "-q", "-m", "out")


def two_branches(root: Path) -> None:
    """Both are pushed, and the branch here is not the one that brought the names."""
    git(root, "checkout", "-q", "-b", "side")
    names_by_hand(root)
    git(root, "branch", "other")
    git(root, "commit", "-q", "--allow-empty", "-m", "more")
    git(root, "checkout", "-q", "main")
    git(root, "config", "remote.origin.push", "refs/heads/*")


def a_tag(root: Path) -> None:
    names_by_hand(root)
    git(root, "tag", "-a", "-m", "t", "t")
    git(root, "reset", "-q", "--hard", "HEAD~2")
    git(root, "config", "remote.origin.push", "refs/tags/*")


def another_spelling(root: Path) -> None:
    (root / "Names.YAML").write_bytes((root / "names.yaml").read_bytes())
    git(root, "add", "--force", "Names.YAML")
    git(root, "commit", "-q", "-m", "in")
    git(root, "rm", "-q", "Names.YAML")
    git(root, "commit", "-q", "-m", "out")


def before_the_book_moved(root: Path) -> None:
    (root / "old").mkdir()
    (root / "old/names.yaml").write_bytes((root / "names.yaml").read_bytes())
    git(root, "add", "old")
    git(root, "commit", "-q", "-m", "in")
    git(root, "rm", "-q", "-r", "old")
    git(root, "commit", "-q", "-m", "out")


def a_member_with_a_name(root: Path) -> None:
    path = root / "branches/b01.yaml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("id: b01-002,", f"id: b01-002, name: {PEOPLE[1]},"), "utf-8")
    git(root, "commit", "-q", "-a", "-m", "in")
    path.write_text(text, "utf-8")
    git(root, "commit", "-q", "-a", "-m", "out")


def a_sheet(root: Path) -> None:
    (root / "sheets/2026/W46").mkdir(parents=True)
    digest = hashlib.sha256(SHEET.encode()).hexdigest()
    (root / f"sheets/2026/W46/{digest}.csv").write_text(SHEET, "utf-8", newline="")
    git(root, "add", "--force", "sheets")
    git(root, "commit", "-q", "-m", "in")
    git(root, "rm", "-q", "-r", "sheets")
    git(root, "commit", "-q", "-m", "out")


def a_remote_made_anew(root: Path) -> None:
    """What the old remote had is no measure of what the new one has."""
    names_by_hand(root)
    git(root, "push", "-q")
    git(root, "init", "-q", "--bare", "-b", "main", "../new")
    git(root, "remote", "set-url", "origin", "../new")


@pytest.mark.parametrize(
    "history",
    [
        names_by_hand,
        a_branch_of_its_own,
        two_branches,
        a_tag,
        another_spelling,
        before_the_book_moved,
        a_member_with_a_name,
        a_sheet,
        a_remote_made_anew,
    ],
)
def test_a_push_looks_at_all_that_it_would_publish(
    tmp_path: Path, history: Callable[[Path], None]
) -> None:
    root = pushed(tmp_path)
    history(root)
    place = tmp_path / ("new" if history is a_remote_made_anew else "remote")
    before = everything_in_git(place)
    said = refused(root)
    assert "names are private" in said and not any(name in said for name in PEOPLE)
    assert everything_in_git(place) == before
    by_shell(root, advised(said))
    assert "pushed" in qibi(root, "commit", "--push", QIBI_LANG="en").err
    assert not any(name.encode() in everything_in_git(place) for name in PEOPLE)
    assert all(name in (root / "names.yaml").read_text("utf-8") for name in PEOPLE[:3])


def a_note(root: Path, week: str = "W46") -> None:
    (root / "week.csv").write_text(
        f"姓名,评分项,次数,说明,佐证\n{PEOPLE[1]},自查无问题,1,与{PEOPLE[2]}一起,周报\n"
        f"{PEOPLE[2]},自查无问题,1,,{PEOPLE[0]}的周报\n",
        "utf-8",
    )
    said = qibi(root, "score", "week.csv", "--week", week, QIBI_LANG="en").err
    assert "names b01-003" in said and "names b01-001" in said and "rm " in said


def a_comment_in_a_plan(root: Path) -> None:
    path = root / "qibi.yaml"
    path.write_text(path.read_text("utf-8") + f"# {PEOPLE[0]}\n", "utf-8")


def evidence_that_names(root: Path) -> None:
    (root / "evidence").mkdir()
    (root / "evidence/letter.txt").write_bytes(f"thanks to {PEOPLE[1]}\n".encode("utf-16"))


def evidence_called_by_a_name(root: Path) -> None:
    (root / "evidence").mkdir()
    (root / f"evidence/{PEOPLE[2]}.jpg").write_bytes(b"\xff\xd8\xff\x00")


FREE_TEXTS = [a_note, a_comment_in_a_plan, evidence_that_names, evidence_called_by_a_name]


@pytest.mark.parametrize("write", FREE_TEXTS)
def test_names_in_free_text_are_not_pushed(tmp_path: Path, write: Callable[[Path], None]) -> None:
    """Neither what is not committed yet, nor what is; the advice takes it out of the commits."""
    root = pushed(tmp_path)
    definitions = (root / "qibi.yaml").read_bytes()
    write(root)
    commits = git(root, "rev-list", "--all")
    for command in ("commit --push", "commit --push --dry-run"):
        assert "names are private here" in refused(root, *command.split())
    assert git(root, "rev-list", "--all") == commits
    qibi(root, "commit", QIBI_LANG="en")
    said = refused(root)
    assert "b01-00" in said and (write is evidence_called_by_a_name or not in_it(said))
    if write is a_note:
        batch = next((root / "ledger").rglob("*.jsonl")).relative_to(root)
        assert f"{batch}:2: " in said and f"{batch}:3: " in said and "git show" in said
    if write is a_comment_in_a_plan:
        assert "commit it; the next push says" in said
        (root / "qibi.yaml").write_bytes(definitions)
        qibi(root, "commit")
        said = refused(root)
    by_shell(root, advised(said))
    qibi(root, "commit", "--push")
    assert not in_it(published(tmp_path).decode("utf-8", "replace"))
    assert qibi(root, "check", QIBI_LANG="en").out == ""


def test_a_batch_that_is_not_committed_is_recorded_again_as_advised(tmp_path: Path) -> None:
    root = pushed(tmp_path)
    (root / "week.csv").write_text(f"编号,评分项,次数,说明\nb01-002,自查无问题,1,{PEOPLE[2]}\n")
    dry = qibi(root, "score", "week.csv", "--week", "W46", "--dry-run", QIBI_LANG="en").err
    assert "names b01-003; write ids" in dry
    said = qibi(root, "score", "week.csv", "--week", "W46", QIBI_LANG="en").err
    by_shell(root, "rm " + said.partition(": rm ")[2].partition(", then")[0])
    (root / "week.csv").write_text("编号,评分项,次数,说明\nb01-002,自查无问题,1,b01-003\n")
    assert "private" not in qibi(root, "score", "week.csv", "--week", "W46", QIBI_LANG="en").err
    qibi(root, "commit", "--push")
    assert "b01-003" in published(tmp_path).decode("utf-8", "replace")
    assert not in_it(published(tmp_path).decode("utf-8", "replace"))


def in_it(text: str) -> bool:
    return any(name in text for name in PEOPLE)


def test_a_batch_with_a_name_goes_with_the_seals_upon_it(tmp_path: Path) -> None:
    root = pushed(tmp_path)
    a_note(root, "W45")
    qibi(root, "commit")
    qibi(root, "close", "W45")
    assert list((root / "seals").glob("*.json"))
    by_shell(root, advised(refused(root)))
    qibi(root, "commit", "--push")
    assert not in_it(published(tmp_path).decode("utf-8", "replace"))
    assert not list(root.rglob("seals/*.json")) and not list(root.rglob("*.jsonl"))
    (root / "week.csv").write_text("编号,评分项,次数\nb01-002,自查无问题,1\n", "utf-8")
    qibi(root, "score", "week.csv", "--week", "W45")
    qibi(root, "close", "W45")
    qibi(root, "commit", "--push")
    qibi(root, "audit")


@pytest.mark.parametrize("how", ["bytes", "content", "json"])
@pytest.mark.parametrize("place", ["evidence/x.txt", "schemas/x.json", "README.md"])
def test_a_copy_of_the_names_is_refused_wherever_qibi_commits(
    tmp_path: Path, how: str, place: str
) -> None:
    """The advice is followed to the end, from what is only on disk and from what a commit has."""
    root = pushed(tmp_path)
    names = (root / "names.yaml").read_bytes()
    if how == "content":
        names = f"# of us\nb01-002:   '{PEOPLE[1]}'\nb09-001: Someone Else\n".encode()
    elif how == "json":
        names = json.dumps({"b01-003": {"zh": PEOPLE[2]}, "b01-009": "x"}).encode("utf-16")
    path = root / place
    path.parent.mkdir(exist_ok=True)
    before = path.read_bytes() if path.exists() else None
    path.write_bytes(names)
    for command in ("check", "commit", "commit --push"):
        said = refused(root, *command.split())
        assert f"{place}: " in said and "move it out of the book" in said and not in_it(said)
    git(root, "add", place)
    if before is None:
        by_shell(root, advised(refused(root)))
        git(root, "add", place)
    git(root, "commit", "-q", "-m", "by hand")
    said = refused(root)
    by_shell(root, advised(said))
    path.unlink()
    if before is not None:
        path.write_bytes(before)
        qibi(root, "commit")
    by_shell(root, advised(refused(root)))
    qibi(root, "commit", "--push")
    assert not in_it(published(tmp_path).decode("utf-8", "replace"))


def test_a_text_that_git_would_keep_holds_no_name(tmp_path: Path) -> None:
    root = pushed(tmp_path)
    a_note(root)
    commits = git(root, "rev-list", "--all")
    for arguments in (
        ("commit", "-m", f"as {PEOPLE[1]} said"),
        ("commit", "-m", f"as {PEOPLE[1]} said", "--push"),
        ("close", "W46", "--note", f"{PEOPLE[1]} said so"),
        ("acknowledge", "0" * 8, "--reason", PEOPLE[1], "--approved-by", "b01-002"),
    ):
        assert "this text names b01-002" in refused(root, *arguments)
    assert git(root, "rev-list", "--all") == commits and not (root / "seals").exists()
    qibi(root, "commit", "-m", "as Bob Chengdu said")


def test_a_message_with_a_name_is_not_pushed(tmp_path: Path) -> None:
    root = pushed(tmp_path)
    for text in ("one", f"as {PEOPLE[0]} wished", "three"):
        git(root, "commit", "-q", "--allow-empty", "-m", text)
    said = refused(root)
    assert "b01-001" in said and not in_it(said)
    by_shell(root, advised(said))
    qibi(root, "commit", "--push")
    messages = git(root, "log", "--format=%s", "origin/main").decode().splitlines()
    assert messages[:3] == ["three", "reworded", "one"]


def test_what_can_not_be_searched_is_named(tmp_path: Path) -> None:
    root = pushed(tmp_path)
    (root / "evidence").mkdir()
    (root / "evidence/old.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    said = qibi(root, "commit", "--push", QIBI_LANG="en").err
    assert "not searched for names" in said and "evidence/old.xls" in said


def test_a_book_without_private_names_pushes_texts_with_names(tmp_path: Path) -> None:
    root = pushed(tmp_path)
    text = (root / "qibi.yaml").read_text("utf-8")
    (root / "qibi.yaml").write_text(text.replace("private_names: true", "private_names: false"))
    evidence_that_names(root)
    qibi(root, "commit", "--push", "-m", f"as {PEOPLE[1]} said")


def test_what_was_pushed_already_does_not_stop_the_next_push(tmp_path: Path) -> None:
    root = pushed(tmp_path)
    names_by_hand(root)
    git(root, "push", "-q")
    qibi(root, "score", "--no-events", "--week", "W46")
    assert "pushed" in qibi(root, "commit", "--push", QIBI_LANG="en").err


def test_names_of_another_book_of_the_repository_are_its_own(tmp_path: Path) -> None:
    root = pushed(tmp_path)
    (root / "ledgers/open").mkdir(parents=True)
    (root / "ledgers/open/names.yaml").write_text("a: Zoe Quill\n")
    (root / "ledgers/open/qibi.yaml").write_text("id: open\n")
    git(root, "add", "--force", "ledgers")
    git(root, "commit", "-q", "-m", "another")
    qibi(root, "commit", "--push")
    (root / "ledgers/open/qibi.yaml").write_text("id: open\nprivate_names: true\n")
    (root / "ledgers/open/names.yaml").write_text("a: Zoe Quill-Park\n")
    git(root, "commit", "-q", "-a", "-m", "private now")
    assert "ledgers/open/names.yaml" in refused(root)


@pytest.mark.parametrize("what", ["member", "cp", "sheet"])
def test_what_would_publish_names_is_an_error_and_nothing_else_stops(
    tmp_path: Path, what: str
) -> None:
    root = pushed(tmp_path)
    path = root / "branches/b01.yaml"
    text = path.read_text("utf-8")
    if what == "member":
        path.write_text(text.replace("id: b01-002,", f"id: b01-002, name: {PEOPLE[1]},"), "utf-8")
    elif what == "cp":
        path.write_text(text.replace("甲支部项目CP", f"{PEOPLE[0]}项目"), "utf-8")
    else:
        a_sheet(root)
        git(root, "reset", "-q", "--hard", "HEAD~1")
        git(root, "reset", "-q", "HEAD~1")
    assert what == "sheet" or path.read_text("utf-8") != text
    for command in ("check", "commit"):
        said = refused(root, command)
        assert "private" in said and not any(name in said for name in PEOPLE)
    qibi(root, "rank", "W46")


def test_the_key_decides_and_not_gitignore(tmp_path: Path) -> None:
    """Where names go, and whether sheets are kept; `false` in a book that ignores names.yaml too."""
    for key, private in (("true", True), ("false", False)):
        place = tmp_path / key
        place.mkdir()
        root = made(place)
        (root / ".gitignore").write_text("" if private else "/names.yaml\n")
        with (root / "qibi.yaml").open("a") as file:
            file.write(f"private_names: {key}\n")
        qibi(root, "member", "add", PEOPLE[3], "--id", "book-9", "--since", "W46")
        (root / "week.csv").write_text(SHEET, "utf-8")
        qibi(root, "score", "week.csv", "--week", "W46")
        assert (PEOPLE[3] in (root / "branches/b01.yaml").read_text("utf-8")) is not private
        assert (root / "sheets/2026").exists() is not private
