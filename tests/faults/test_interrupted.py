"""What a command that was killed left behind: found again, committed by name, never doubled, never in the way."""

import os
import re
import shlex
import time
from datetime import timedelta
from pathlib import Path

import pytest

import repositories
from faults import scene
from transcripts.harness import Next, Scene

ENTRY = ["score", "-e", "ann tidy x2 late shift", "--week", "W46"]


class Desk:
    """A book in git, and qibi run in this process, a minute each."""

    def __init__(self, place: Path) -> None:
        self.scene = Scene(place, columns=100)
        self.scene.environment |= {"QIBI_AS": "dora", "QIBI_LANG": "en"}
        self.env = self.scene.environment
        self.book = scene.make(self.scene.folder, self.env)

    def qibi(self, *arguments: str, expect: int = 0) -> str:
        self.scene.now += timedelta(minutes=1)
        terminal, code = self.scene.qibi(list(arguments))
        assert code == expect, "".join(terminal.text)
        return "".join(terminal.text)

    def killed(self) -> Path:
        """An entry whose command was killed after it had written: the batch and its mark."""
        self.qibi(*ENTRY)
        [path] = scene.batches(self.book)
        batch = self.book / path
        mark = batch.with_name(f".{batch.name}.unsaid.tmp")
        assert not mark.exists(), "reported: the mark is gone"
        mark.touch()
        return batch


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_the_same_command_again_finds_what_it_recorded(desk: Desk) -> None:
    batch = desk.killed()
    said = desk.qibi(*ENTRY)
    assert "holds this already: the command that recorded it was interrupted" in said
    assert re.search(rf"^recorded 1 entry .*batch {batch.stem[-16:-12]}", said, re.MULTILINE)
    assert len(scene.batches(desk.book)) == 1
    assert scene.marks(desk.book) == []
    assert "was interrupted" not in desk.qibi(*ENTRY)
    assert len(scene.batches(desk.book)) == 2, "and once more, it happened twice"


def test_another_command_is_not_taken_for_it(desk: Desk) -> None:
    desk.killed()
    other = ["score", "-e", "ann tidy x2 another shift", "--week", "W46"]
    assert "was interrupted" not in desk.qibi(*other)
    assert len(scene.batches(desk.book)) == 2


def test_commit_names_it_and_commits_it(desk: Desk) -> None:
    batch = desk.killed()
    path = batch.relative_to(desk.book).as_posix()
    said = desk.qibi("commit")
    assert f"{path}: the command that recorded this was interrupted" in said
    assert path in scene.git(desk.book, desk.env, "ls-tree", "-r", "--name-only", "HEAD")
    desk.qibi(*ENTRY)
    assert len(scene.batches(desk.book)) == 1, "still not doubled"


def test_what_crashes_leave_is_never_committed_even_without_gitignore(desk: Desk) -> None:
    batch = desk.killed()
    (desk.book / ".gitignore").unlink()
    (batch.parent / ".east-0123456789abcdef.jsonl.77-aa.tmp").write_bytes(b"torn")
    desk.qibi("commit")
    names = scene.git(desk.book, desk.env, "ls-tree", "-r", "--name-only", "HEAD").splitlines()
    assert [n for n in names if n.startswith("ledger")] == [batch.relative_to(desk.book).as_posix()]
    assert "nothing to commit" in desk.qibi("commit")
    assert "stray" not in desk.qibi("check")


def test_commit_tidies_old_temp_files_all_over_the_ledger_and_the_seals(desk: Desk) -> None:
    batch = desk.killed()
    (desk.book / "seals").mkdir()
    old = [batch.parent / ".a.jsonl.1-a.tmp", desk.book / "seals" / ".2026-W46.json.1-a.tmp"]
    young = batch.parent / ".b.jsonl.1-a.tmp"
    for path in (*old, young):
        path.write_bytes(b"torn")
    for path in (*old, *scene.marks(desk.book)):
        os.utime(path, (time.time() - 4000,) * 2)
    desk.qibi("commit")
    assert [path.exists() for path in (*old, young)] == [False, False, True]
    assert len(scene.marks(desk.book)) == 1, "a mark is kept: the command may yet be run again"


def test_a_ledger_with_a_lock_and_no_batch_is_in_nobodys_way(desk: Desk) -> None:
    desk.qibi("score", "-e", "nobody tidy", "--week", "W46", expect=1)
    (desk.book / "ledger").mkdir(exist_ok=True)
    (desk.book / "ledger" / ".lock").touch()
    (desk.book / "README.md").write_text("ours")
    assert "committed" in desk.qibi("commit")


def test_a_lock_of_a_killed_git_stops_commit_and_is_named(desk: Desk) -> None:
    desk.qibi(*ENTRY)
    lock = desk.book / ".git" / "index.lock"
    lock.touch()
    said = desk.qibi("commit", expect=2)
    assert f"git is locked: {lock} (0 seconds old)" in said or "second old" in said
    assert lock.exists()
    lock.unlink()
    assert "committed" in desk.qibi("commit")


CLOSE = ["close", "W46", "--without", "east", "--note", "x"]
SEAL = "seals/2026-W46.json"


@pytest.fixture
def uncommitted(desk: Desk) -> Desk:
    """A week whose seal is written and in no commit: something ended git, or a hook refused."""
    desk.qibi(*ENTRY)
    hook = desk.book / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    desk.qibi(*CLOSE, expect=2)
    hook.unlink()
    assert (desk.book / SEAL).exists()
    assert SEAL not in scene.git(desk.book, desk.env, "ls-tree", "-r", "--name-only", "HEAD")
    return desk


@pytest.mark.parametrize("staged", [False, True])
def test_a_seal_left_uncommitted_is_committed_as_it_stands(uncommitted: Desk, staged: bool) -> None:
    raw = (uncommitted.book / SEAL).read_bytes()
    if staged:
        scene.git(uncommitted.book, uncommitted.env, "add", SEAL)
    said = uncommitted.qibi(*CLOSE)
    assert f"{SEAL}: the command that wrote this was interrupted" in said
    assert "without east: x" in said and "2026-W46 closed" in said
    assert scene.git(uncommitted.book, uncommitted.env, "show", f"HEAD:{SEAL}").encode() == raw
    assert "nothing was recorded since" in uncommitted.qibi(*CLOSE, expect=1)


def test_what_came_after_a_seal_left_uncommitted_waits(uncommitted: Desk) -> None:
    uncommitted.qibi("score", "-e", "bob late", "--week", "W46")
    said = uncommitted.qibi("close", "W46", "--approved-by", "cora", "--note", "forgotten")
    assert "2026-W46 closed\n" in said and "closed again" not in said
    assert "it counts for nothing yet" in said
    assert "correction 1" in uncommitted.qibi(
        "close", "W46", "--approved-by", "cora", "--note", "so"
    )


def test_a_damaged_seal_left_uncommitted_is_named(uncommitted: Desk) -> None:
    path = uncommitted.book / SEAL
    path.write_text(path.read_text().replace('"lists": {}', '"lists": {"member": 1}'))
    assert f"{SEAL}: not what qibi close writes" in uncommitted.qibi(*CLOSE, expect=1)


WEEK_SHEET = "score week.csv --branch east --week W46"
DONE = "task done w-cp pit m1 --date 2026-11-18"
REMEDY = "remedy open ann --week W46 --measure lamps --due 2026-12-01"
CLOSE_46 = "close W46 --without west --note x"
FIRST = 'score -e "ann tidy x2 first" --week W46'
# What is there before, the command, and what is typed where it asks. {} is the id of the first entry.
COMMANDS: dict[str, tuple[list[str], str, list[str] | None]] = {
    "a sheet": ([], WEEK_SHEET, None),
    "a sheet that differs": (
        [WEEK_SHEET.replace("week", "other", 1)],
        f"{WEEK_SHEET} --update",
        None,
    ),
    "a sheet that differs, asked": (
        [WEEK_SHEET.replace("week", "other", 1)],
        f"{WEEK_SHEET} --no-commit",
        ["y"],
    ),
    "a first sheet added": ([], f"{WEEK_SHEET} --add", None),
    "a sheet added": ([WEEK_SHEET], f"{WEEK_SHEET} --add", None),
    "two sheets": ([], "score W45.csv W46.csv --branch east", None),
    "nothing to report": ([], "score --no-events --branch east --week W46", None),
    "an entry": ([], FIRST, None),
    "a direct score": ([FIRST], 'score -e "bob conduct 9" --week W46', None),
    "entries of two branches": ([], 'score -e "ann late" -e "erik late" --week W46', None),
    "an entry and milestones": ([DONE], 'score -e "erik late" --week W47 --milestones', None),
    "a milestone": ([DONE], 'score -e "w-cp early" --milestone pit/m1 --week W47', None),
    "milestones": ([DONE], "score --milestones --branch west --week W47", None),
    "milestones, asked": ([DONE], 'score -e "erik late" --week W47 --no-commit', ["y"]),
    "guided": ([FIRST], "score --no-commit", ["", "ann", "tidy", "2", "note", "", "y"]),
    "an entry, committed": ([], f"{FIRST} --commit", None),
    "a void": ([FIRST], "void {} --reason x", None),
    "a void, picked": ([FIRST], "void --week W46", ["1", "x"]),
    "a batch voided": ([WEEK_SHEET], "void --batch {batch} --reason x", None),
    "a fix": ([FIRST], "fix {} --count 3 --reason x", None),
    "a file attached": ([FIRST], "attach {} photo.jpg", None),
    "a file and a reference": ([FIRST], "attach {} photo.jpg pennant:7 --note both", None),
    "someone exempt": ([], "exempt bob --week W46 --reason leave", None),
    "someone exempt for weeks": ([], "exempt bob --week W45..W48 --reason leave", None),
    "a remedy": ([REMEDY.replace("ann", "bob")], REMEDY, None),
    "a remedy with an id": ([], f"{REMEDY} --id notice-031", None),
    "remedies of a list": ([WEEK_SHEET], "remedy open --from-list W46", None),
    "a remedy reported": ([REMEDY], "remedy report r-46-1 --note done", None),
    "a remedy verified": (
        [REMEDY, "remedy report r-46-1"],
        "remedy verify r-46-1 --as cora",
        None,
    ),
    "a remedy reopened": (
        [REMEDY, "remedy report r-46-1"],
        "remedy reopen r-46-1 --note again",
        None,
    ),
    "progress": ([], "task progress w-cp pit m1 40", None),
    "a milestone done": ([], DONE, None),
    "a week closed": ([WEEK_SHEET], CLOSE_46, None),
    "a week corrected": (
        [WEEK_SHEET, CLOSE_46, FIRST],
        "close W46 --approved-by cora --note forgotten",
        None,
    ),
}


class Office:
    """A book in which each kind of thing can be recorded, and qibi run in this process, a minute each."""

    def __init__(self, place: Path) -> None:
        self.scene = Scene(place, columns=200)
        self.book = self.scene.folder
        files = dict(scene.ALL_KINDS)
        files["scheme/2026-W01.yaml"] += (
            "  - {id: conduct, applies_to: [member], base: 10, min: 0, max: 20, scoring: direct}\n"
        )
        files["week.csv"] = "name,item,count\nann,tidy,2\nbob,late,1\n"
        files["other.csv"] = "name,item,count\nann,tidy,1\nbob,late,1\n"
        files |= {f"W{n}.csv": f"Score sheet 2026-W{n}\n" + files["week.csv"] for n in (45, 46)}
        files["photo.jpg"] = "a photo"
        files[".gitattributes"] += "sheets/** -text\n"
        repositories.lay_out(self.book, files)
        self.scene.run("git init -q")
        self.scene.environment |= {"QIBI_AS": "dora", "QIBI_LANG": "en"}

    def qibi(self, command: str, typed: list[str] | None = None, expect: int = 0) -> list[str]:
        """Run it; the lines that it printed."""
        self.scene.now += timedelta(minutes=1)
        terminal, code = self.scene.qibi(shlex.split(self.filled(command)), Next(typed=typed))
        assert code == expect, "".join(terminal.text)
        return "".join(terminal.text).splitlines()

    def filled(self, command: str) -> str:
        """A command, on the first entry that stands."""
        entries = scene.entries(scene.batches(self.book))
        first = next((key for key, e in entries if e["kind"] == "score"), "")
        return command.replace("{}", first).replace("{batch}", first[:16])

    def files(self) -> list[Path]:
        """The batches and seals, in the order in which they were written."""
        found = [p for part in ("ledger", "seals") for p in (self.book / part).rglob("*.json*")]
        return sorted((p for p in found if p.suffix != ".tmp"), key=lambda p: p.stat().st_mtime_ns)

    def shown(self) -> list[str]:
        return sorted(p.name for p in (self.book / "evidence").rglob("*") if p.is_file())

    def unreport(self, made: list[Path]) -> None:
        """As if the command that wrote these had been killed before it said so."""
        for path in made:
            path.with_name(f".{path.name}.unsaid.tmp").touch()


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def report(lines: list[str]) -> list[str]:
    """What a command reported, but for digests, and for what only one of two runs can say."""
    passing = (
        *("was interrupted", "committed ", "nothing to commit"),
        "record this difference?",  # it was: nobody is asked again
    )
    kept = [line for line in lines if not any(text in line for text in passing)]
    return [re.sub(r"batch [0-9a-f]{4}", "batch", line) for line in kept]


def killed_after(office: Office, name: str, count: int | None = None) -> list[Path]:
    """Run a command that is killed once it has written so many of its files, and run it again.

    All that it writes; the second run has to report what the first, had it not been killed, has.
    """
    before, command, typed = COMMANDS[name]
    for earlier in before:
        office.qibi(earlier)
    stood, command = office.files(), office.filled(command)
    printed = office.qibi(command, typed)
    made, shown = [p for p in office.files() if p not in stood], office.shown()
    assert made and not scene.marks(office.book)
    facts = scene.facts(office.book)
    for path in made[count:] if count is not None else []:
        path.unlink()
    office.unreport(made[:count])
    again = office.qibi(command, typed)
    assert any("was interrupted" in line for line in again)
    assert report(again) == report(printed)
    assert scene.facts(office.book) == facts and office.shown() == shown
    assert not scene.marks(office.book)
    assert count is not None or set(office.files()) == {*stood, *made}
    return made


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_run_again_reports_what_it_recorded_and_records_it_once(
    office: Office, name: str
) -> None:
    killed_after(office, name)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        *(("someone exempt for weeks", count) for count in (1, 2, 3)),
        ("entries of two branches", 1),
        ("an entry and milestones", 1),
        ("two sheets", 1),
        ("remedies of a list", 1),
    ],
)
def test_one_killed_between_two_batches_records_the_others(
    office: Office, name: str, count: int
) -> None:
    assert len(killed_after(office, name, count)) > count


@pytest.mark.parametrize("name", ["a void", "a fix", "a milestone done", "a remedy reported"])
def test_once_it_was_reported_it_is_refused_as_ever(office: Office, name: str) -> None:
    before, command, _typed = COMMANDS[name]
    for earlier in before:
        office.qibi(earlier)
    command = office.filled(command)
    office.qibi(command)
    assert "already" in " ".join(office.qibi(command, expect=1))


@pytest.mark.parametrize(
    ("command", "since"),
    [
        (FIRST, ["void {} --reason wrong"]),  # whoever voids it has seen it
        ("task progress w-cp pit 50", ["task progress w-cp pit 60"]),
        ('score -e "ann conduct 9" --week W46', ['score -e "ann conduct 8" --week W46']),
    ],
)
def test_what_was_undone_since_is_recorded_anew(
    office: Office, command: str, since: list[str]
) -> None:
    office.qibi(command)
    office.unreport(office.files())
    for other in since:
        office.qibi(other)
    assert "was interrupted" not in " ".join(office.qibi(command))
    assert len(office.files()) == 3


def test_a_remedy_is_known_without_the_id_that_it_was_given(office: Office) -> None:
    """An id came free since: the same command again would give that one."""
    office.qibi(REMEDY.replace("lamps", "first"))
    [first] = office.files()
    office.qibi(REMEDY)
    office.unreport([path for path in office.files() if path != first])
    office.qibi(f"void {first.stem[-16:]}.1 --reason twice")
    assert any(line.startswith("opened r-46-2 ") for line in office.qibi(REMEDY))
    assert len(office.files()) == 3


def test_what_a_seal_lists_by_now_is_not_called_pending(office: Office) -> None:
    for command in (WEEK_SHEET, FIRST):
        office.qibi(command)
    office.unreport(office.files()[1:])
    office.qibi(CLOSE_46)
    said = " ".join(office.qibi(FIRST))
    assert "was interrupted" in said and "pending" not in said
    assert "pending" in " ".join(office.qibi(FIRST))


def test_a_void_of_what_an_interrupted_command_recorded(office: Office) -> None:
    office.qibi(FIRST)
    office.unreport(office.files())
    office.qibi("void {} --reason wrong")
    assert "is void already" in " ".join(office.qibi("void {} --reason wrong", expect=1))


def test_all_that_a_command_recorded_is_reported_in_one_step(office: Office) -> None:
    """Killed between the removal of one mark and the next it had ended: run again it means it anew."""
    office.qibi('score -e "ann late" -e "erik late" --week W46', ["^C"], expect=130)
    first, second = sorted(scene.marks(office.book), key=lambda mark: mark.stat().st_size)
    assert second.read_text() == first.relative_to(office.book).as_posix()
    first.unlink()
    assert not scene.marks(office.book)
    said = office.qibi('score -e "ann late" -e "erik late" --week W46')
    assert "was interrupted" not in " ".join(said) and len(office.files()) == 4


def test_a_correction_is_not_taken_for_the_close_before_it(office: Office) -> None:
    for command in (WEEK_SHEET, CLOSE_46, FIRST):
        office.qibi(command)
    office.unreport([office.book / SEAL])
    said = " ".join(office.qibi("close W46 --approved-by cora --note forgotten"))
    assert "correction 1" in said and "was interrupted" not in said
