"""Score sheets are kept byte for byte: written once, in git, held against their names, found by erase."""

import hashlib
import json
import subprocess
from pathlib import Path

import pytest
from openpyxl import Workbook

from qibi.base.findings import Faults
from qibi.ledger import entries, kept_sheets
from qibi.ledger.batches import digest, encode_batch, folder, name
from qibi.ledger.entries import Exempt, Score
from qibi.ledger.evidence_files import keep_picture, picture_file
from transcripts.harness import Next, Scene

SHEET = ["Score sheet 2026-W47 East", "subject,item,note", "Bob Chen,First pass,阀门"]
KEPT = "sheets/2026/W47"


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    scene = Scene(tmp_path)
    scene.direct("book", "small", [])
    scene.direct("delete", "sheets", [])
    scene.run("git init -q -b main")
    assert "committed" in scene.run("qibi commit")
    scene.direct("file", "week.csv", SHEET)
    return scene


def qibi(scene: Scene, command: str, expected: int = 0) -> str:
    terminal, code = scene.qibi(command.split(), Next(writes=True))
    said = terminal.shown(scene.place)
    assert code == expected, said
    return said


def kept(scene: Scene) -> dict[str, bytes]:
    return {
        p.relative_to(scene.folder).as_posix(): p.read_bytes()
        for p in sorted((scene.folder / "sheets").rglob("*"))
        if p.is_file()
    }


def path_in(week: str, raw: bytes, ending: str = "csv") -> str:
    return f"sheets/{week[:4]}/{week[5:]}/{hashlib.sha256(raw).hexdigest()}.{ending}"


def lines(scene: Scene, *arguments: str) -> list[dict]:
    terminal, _code = scene.qibi(["log", "--week", "W47", "--format", "json", *arguments])
    return json.loads("".join(terminal.stdout))["entries"]


def test_a_sheet_is_kept_once_and_named_by_its_entries(scene: Scene) -> None:
    raw = (scene.folder / "week.csv").read_bytes()
    qibi(scene, "score week.csv --dry-run")
    assert kept(scene) == {}
    qibi(scene, "score week.csv")
    assert kept(scene) == {path_in("2026-W47", raw): raw}
    before = [p.stat().st_mtime_ns for p in (scene.folder / KEPT).iterdir()]
    qibi(scene, "score week.csv")
    assert [p.stat().st_mtime_ns for p in (scene.folder / KEPT).iterdir()] == before
    assert {e["source"] for e in lines(scene)} == {hashlib.sha256(raw).hexdigest()[:16]}


def test_a_changed_sheet_is_kept_beside_the_first_and_a_refused_one_is_not(scene: Scene) -> None:
    qibi(scene, "score week.csv")
    scene.direct("file", "week.csv", [*SHEET, "Dan Li,Nothing known,"])
    qibi(scene, "score week.csv --update", 1)
    assert len(kept(scene)) == 1
    scene.direct("file", "week.csv", [*SHEET, "Dan Li,First pass,"])
    qibi(scene, "score week.csv --today 2026-11-30", 1)
    assert len(kept(scene)) == 1
    qibi(scene, "score week.csv --update")
    assert len(kept(scene)) == 2 and qibi(scene, "check") == ""


def test_the_ending_is_the_files_own_in_lower_case(scene: Scene) -> None:
    scene.direct("file", "WEEK.CSV", SHEET)
    qibi(scene, "score WEEK.CSV")
    raw = (scene.folder / "WEEK.CSV").read_bytes()
    assert list(kept(scene)) == [path_in("2026-W47", raw)]
    given = "\n".join(SHEET).encode()
    _terminal, code = scene.qibi(["score", "-", "--add"], Next(stdin=given))
    assert code == 0 and path_in("2026-W47", given) in kept(scene)


def workbook(scene: Scene, *pages: tuple[str, str, str]) -> bytes:
    book = Workbook()
    book.remove(book.active)
    for title, week, branch in pages:
        page = book.create_sheet(title)
        page.append([f"Score sheet {week} {branch}"])
        page.append(["subject", "item"])
        page.append(["Bob Chen" if branch == "East" else "Hal Urban", "First pass"])
    book.save(scene.folder / "all.xlsx")
    return (scene.folder / "all.xlsx").read_bytes()


def test_a_sheet_of_two_weeks_stands_in_the_folder_of_each(scene: Scene) -> None:
    raw = workbook(scene, ("First", "2026-W44", "East"), ("Second", "2026-W47", "East"))
    qibi(scene, "score all.xlsx")
    assert kept(scene) == {path_in(w, raw, "xlsx"): raw for w in ("2026-W44", "2026-W47")}
    assert [e.get("cell") for e in lines(scene)] == [None, "Second!B3"]
    why = json.loads("".join(scene.qibi(["why", "Bob", "W47", "--format", "json"])[0].stdout))
    (entry,) = why["steps"]["entries"]
    assert (entry["cell"], entry["source"]) == ("Second!B3", hashlib.sha256(raw).hexdigest()[:16])


def test_a_fixed_entry_keeps_its_cell(scene: Scene) -> None:
    workbook(scene, ("Week", "2026-W47", "East"))
    qibi(scene, "score all.xlsx")
    entry = next(e["id"] for e in lines(scene) if e["kind"] == "score")
    qibi(scene, f"fix {entry} --note valve --reason spelling")
    assert [e["cell"] for e in lines(scene) if e["kind"] == "score"] == ["Week!B3"] * 2


@pytest.mark.parametrize(
    "private",
    [
        ("# run: printf '/names.yaml\\n' >> .gitignore",),
        ("# run: printf '/sheets/\\n' >> .gitignore",),
        ("# env: QIBI_NAMES=names.yaml", "# run: printf '{}' > names.yaml"),
        ("# run: printf 'keep_sheets: false\\n' >> qibi.yaml",),
        ("# run: rm -rf .git; printf 'names.yaml\\n' >> .gitignore",),
    ],
)
def test_where_only_the_digest_is_kept(scene: Scene, private: tuple[str, ...]) -> None:
    for directive in private:
        key, _colon, value = directive.removeprefix("# ").partition(": ")
        scene.direct(key, value, [])
    qibi(scene, "score week.csv")
    assert kept(scene) == {} and all(e["source"] for e in lines(scene))
    assert qibi(scene, "check") == ""


def test_a_book_without_git_keeps_its_sheets(scene: Scene) -> None:
    scene.direct("run", "rm -rf .git", [])
    qibi(scene, "score week.csv")
    assert len(kept(scene)) == 1 and qibi(scene, "check") == ""


def test_commit_takes_kept_sheets_and_leaves_peoples_own(scene: Scene) -> None:
    scene.direct("file", "sheets/mine.csv", SHEET)
    qibi(scene, "score week.csv")
    said = qibi(scene, "commit")
    assert "East branch 2026-W47: 1 entry" in said
    (path,) = (p for p in kept(scene) if p != "sheets/mine.csv")
    assert scene.run("git ls-files sheets") == f"{path}\n"
    assert qibi(scene, "check") == "" and "1 archived sheet" in qibi(scene, "audit")


def test_commit_has_git_keep_every_byte_in_an_older_book(scene: Scene) -> None:
    scene.direct("file", ".gitattributes", ["ledger/** -text"])
    raw = "\r\n".join(SHEET).encode()
    (scene.folder / "week.csv").write_bytes(raw)
    qibi(scene, "score week.csv")
    assert "sheets/** -text" in qibi(scene, "commit")
    assert (scene.folder / ".gitattributes").read_text() == "ledger/** -text\nsheets/** -text\n"
    assert scene.run("git status --short -- .gitattributes ledger sheets") == "?? ledger/.lock\n"
    scene.direct("run", "git -c core.autocrlf=true clone -q . ../clone", [])
    assert (scene.place / "clone" / path_in("2026-W47", raw)).read_bytes() == raw
    scene.direct("file", "week.csv", [*SHEET, "Dan Li,First pass,"])
    qibi(scene, "score week.csv --update")
    assert "sheets/**" not in qibi(scene, "commit")


def test_check_and_commit_name_what_is_wrong(scene: Scene) -> None:
    qibi(scene, "score week.csv")
    qibi(scene, "commit")
    (path,) = kept(scene)
    place = scene.folder / path
    raw = place.read_bytes()
    place.write_bytes(raw + b"Dan Li,First pass,\n")
    (place.parent / "notes.txt").write_text("mine")
    (scene.folder / "sheets" / "2026" / "notes.txt").write_text("mine")
    said = qibi(scene, "check", 1)
    assert f"{path}: error: the archived sheet has changed" in said
    assert "sheets/2026/W47/notes.txt: error: not an archived sheet" in said
    assert "sheets/2026/notes.txt: error: not an archived sheet" in said
    for stray in ("W47/notes.txt", "notes.txt"):
        (scene.folder / "sheets" / "2026" / stray).unlink()
    assert "has changed" in qibi(scene, "commit", 1)
    assert "holds something else" in again(scene, raw)
    place.unlink()
    assert f"{path}: error: git has it, but it is not on disk" in qibi(scene, "check", 1)
    assert "it is not on disk" in qibi(scene, "commit", 1)
    scene.direct("run", "rm -r sheets", [])
    assert "it is not on disk" in qibi(scene, "commit", 1)
    assert "it is not on disk" in qibi(scene, "close W47", 1)
    assert not (scene.folder / "seals").exists()
    place.parent.mkdir(parents=True)
    place.symlink_to(scene.folder / "week.csv")
    assert "a symbolic link" in qibi(scene, "check", 1)
    scene.run(f"rm {path}; git checkout -- {path}")
    assert qibi(scene, "check") == ""


def again(scene: Scene, raw: bytes) -> str:
    with pytest.raises(Faults) as refused:
        kept_sheets.keep_sheet(scene.folder, "2026-W47", raw, "csv")
    return str(refused.value)


def test_a_sheet_that_no_entry_names_is_no_finding(scene: Scene) -> None:
    """A command that was killed between the sheet and its batch leaves that."""
    raw = (scene.folder / "week.csv").read_bytes()
    place = kept_sheets.keep_sheet(scene.folder, "2026-W47", raw, "csv")
    assert qibi(scene, "check") == ""
    qibi(scene, "score week.csv")
    assert list(kept(scene)) == [place.relative_to(scene.folder).as_posix()]
    other = kept_sheets.keep_sheet(scene.folder, "2026-W47", b"of nobody", "csv")
    assert other.exists() and "committed" in qibi(scene, "commit")
    third = kept_sheets.keep_sheet(scene.folder, "2026-W47", b"alone", "csv")
    assert third.exists() and "changed: sheets" in qibi(scene, "commit")
    assert "No findings" in qibi(scene, "audit")


@pytest.mark.parametrize(
    "rewriting",
    [
        "printf x >> {path}",
        "git rm -q {path}",
        "git mv {path} sheets/other.csv",
        "git rm -q {path} && git commit -qm Gone && git checkout -q HEAD~1 -- {path}",
    ],
)
def test_audit_finds_what_was_changed_or_removed(scene: Scene, rewriting: str) -> None:
    qibi(scene, "score week.csv")
    qibi(scene, "commit")
    (path,) = kept(scene)
    scene.direct("run", f"{rewriting.format(path=path)} && git add -A . && git commit -qm Tidy", [])
    said = qibi(scene, "audit", 1)
    assert path in said and "History" in said and "FINDINGS" in said


def test_audit_verifies_names_that_were_wrong_from_the_start(scene: Scene) -> None:
    place = scene.folder / "sheets/2026/W47" / f"{'0' * 64}.csv"
    place.parent.mkdir(parents=True)
    place.write_text("another", "utf-8")
    scene.direct("run", "git add sheets && git commit -qm Forged", [])
    assert "has changed since" in qibi(scene, "audit", 1)
    assert f"{'0' * 64}.csv: error" in qibi(scene, "check", 1)


def test_peoples_own_files_in_the_folder_may_change(scene: Scene) -> None:
    scene.direct("file", "sheets/2026-W47/mine.csv", SHEET)
    scene.direct(
        "run", "git add sheets && git commit -qm Mine && git rm -rq sheets && git commit -qm No", []
    )
    assert "No findings" in qibi(scene, "audit")


def test_files_that_git_ignores_are_peoples_own(scene: Scene) -> None:
    """A book whose names stay out of git tells people to keep their sheets in this folder."""
    scene.direct("run", "printf '/names.yaml\n/sheets/\n' >> .gitignore", [])
    scene.direct("file", "sheets/2026/W47/mine.csv", SHEET)
    qibi(scene, "score week.csv")
    assert qibi(scene, "check") == ""
    assert "committed" in qibi(scene, "commit")
    assert scene.run("git ls-files sheets") == ""


def test_erase_names_the_sheets_and_a_rewritten_history_holds(scene: Scene) -> None:
    workbook(scene, ("Week", "2026-W44", "East"))
    qibi(scene, "score week.csv all.xlsx")
    qibi(scene, "commit")
    scene.direct("run", "rm week.csv all.xlsx", [])
    paths = list(kept(scene))
    said = qibi(scene, "erase e-bob --dry-run")
    assert "the name is in these archived sheets" in said and "docs/privacy.md" in said
    assert all(path in said for path in paths) and len(paths) == 2
    assert "remove it by hand" not in said
    remove = "git rm -rq --cached --ignore-unmatch sheets/2026"
    subprocess.run(
        ["git", "filter-branch", "--index-filter", remove, "--", "--all"],
        cwd=scene.folder,
        env=scene.environment_now() | {"FILTER_BRANCH_SQUELCH_WARNING": "1"},
        capture_output=True,
        check=True,
    )
    scene.direct("run", "rm -rf sheets/2026 && git update-ref -d refs/original/refs/heads/main", [])
    assert qibi(scene, "check") == "" and "No findings" in qibi(scene, "audit")
    assert "archived sheets" not in qibi(scene, "erase e-bob --dry-run")


STAMP = {
    "week": "2026-W47",
    "branch": "east",
    "recorded_by": "e-ann",
    "recorded_at": "2026-11-23T09:00:00+08:00",
    "source": "0" * 16,
}


@pytest.mark.parametrize("cell", ["D7", "Sheet1!D7", "东区!考评!AB120", "An 'other' \"page\"!A1"])
def test_a_cell_is_read_as_it_was_written(scene: Scene, cell: str) -> None:
    raw = encode_batch(
        [
            Score(**STAMP, subject="e-bob", item="quality.first-pass", points=1, cell=cell),
            Exempt(**STAMP, subject="e-dan", note="leave", cell=cell),
        ]
    )
    assert entries.decode_all(raw) == [entries.decode(line) for line in raw.splitlines()]
    place = scene.folder / folder("2026-W47")
    place.mkdir(parents=True, exist_ok=True)
    (place / name("east", raw)).write_bytes(raw)
    assert [e["cell"] for e in lines(scene)] == [cell, cell]
    assert digest(raw) in "".join(path.name for path in place.iterdir())


@pytest.mark.parametrize("cell", ["7D", "D0", "d7", "D7:D9", "!D7", "ABCD1", "Sheet1!", "D7\n"])
def test_what_is_no_cell_is_refused(cell: str) -> None:
    raw = encode_batch(
        [Score(**STAMP, subject="e-bob", item="quality.first-pass", points=1, cell=cell)]
    )
    assert entries.decode_all(raw) is None
    with pytest.raises(entries.BadLine, match="not a cell of a sheet"):
        entries.decode(raw.rstrip(b"\n"))


def test_a_picture_of_a_sheet_is_kept_as_evidence_once(scene: Scene) -> None:
    file = picture_file("2026-W47", "image1.JPEG", b"picture")
    sha256 = hashlib.sha256(b"picture").hexdigest()
    assert file.path == f"evidence/2026-W47/W47-{sha256[:12]}.jpeg"
    assert (file.kind, file.sha256) == ("photo", sha256)
    assert not (scene.folder / file.path).exists()
    for _twice in range(2):
        assert keep_picture(scene.folder, "2026-W47", "image1.JPEG", b"picture") == file
    assert (scene.folder / file.path).read_bytes() == b"picture"
    (scene.folder / file.path).write_bytes(b"swapped")
    with pytest.raises(Faults, match="holds something else"):
        keep_picture(scene.folder, "2026-W47", "image1.JPEG", b"picture")
