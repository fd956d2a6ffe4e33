"""What can go wrong between clones, one thing at a time, on real git: who is told what, and the way out."""

import json
import shlex
import subprocess
from datetime import timedelta
from pathlib import Path

import by_hand
import pytest
from office import Desk, Office

from qibi.ledger.entries import Score
from qibi.proof.audit import audit
from qibi.proof.repository import Repository

WEEK = "2026-W10"
DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path, 2, 0)


def recipe(name: str) -> list[str]:
    """The commands below <!-- command: NAME --> in docs/audit.md."""
    text = (DOCS / "audit.md").read_text("utf-8")
    block = text.split(f"<!-- command: {name} -->\n```sh\n")[1].split("```")[0]
    return [line.split("#")[0].strip() for line in block.splitlines()]


def follow(desk: Desk, commands: list[str], **said: str) -> None:
    """Do what the docs say in a clone; `said` replaces what stands for a reader's own."""
    for command in commands:
        for text, own in said.items():
            command = command.replace(text, own)
        if command.startswith("qibi "):
            code, out = desk.qibi(*shlex.split(command)[1:])
            assert code == 0, (command, out)
        else:
            environment = desk.office.environment_of(desk.who)
            subprocess.run(["sh", "-ec", command], cwd=desk.root, env=environment, check=True)


def assessed(office: Office, weeks: list[str]) -> None:
    """Both clones have a book in which these weeks are over and all branches in."""
    first = office.desks[0]
    office.now += timedelta(weeks=len(weeks))
    for week in weeks:
        for branch in ("east", "west", "north", "south"):
            code, said = first.qibi("score", "--no-events", "--branch", branch, "--week", week)
            assert code == 0, said
    assert first.qibi("commit", "--push")[0] == 0
    office.desks[1].pull()


def sound(desk: Desk) -> None:
    """Neither check nor audit finds anything."""
    code, said = desk.qibi("check")
    assert code == 0, said
    assert audit(Repository(desk.root, desk.office.environment_of(desk.who))).findings == []


def test_what_two_clones_record_twice_is_named_with_both_ids(office: Office) -> None:
    one, other = office.desks
    for desk in office.desks:
        desk.record("", "score", "-e", "cora order.tidy x2 gate", "--week", WEEK)
        desk.git("add", "--all")
        desk.git("commit", "-q", "-m", "by hand")
    one.merge(one.fetch(other))
    ids = sorted(by_hand.lines(by_hand.ledger(one.root)))
    assert len(ids) == 2
    said = one.qibi("check")[1]
    assert f"warning: says the same as {ids[0]} " in said and f"qibi void {ids[1]}" in said
    # `status` is for typing: the first four digits of a batch where they tell it apart, and the line.
    first, second = (f"{key[:4]}{key[16:]}" for key in ids)
    assert first != second
    said = " ".join(one.qibi("status", "--week", WEEK)[1].split())
    assert (
        f"cora tidy x2 +2 (gate) {first} and {second}; if it is one event: qibi void {second}"
        in said
    )
    found = json.loads(one.qibi("status", "--week", WEEK, "--format", "json")[1])
    assert found["doubles"] == [{"entry": ids[1], "same_as": ids[0]}]
    assert one.qibi("void", ids[1], "--reason", "one event")[0] == 0
    assert "says the same" not in one.qibi("check")[1]
    assert json.loads(one.qibi("status", "--week", WEEK, "--format", "json")[1])["doubles"] == []


def test_a_double_that_a_seal_accepts_is_named_no_more(office: Office) -> None:
    assessed(office, [WEEK])
    one = office.desks[0]
    for _time in range(2):
        one.record("", "score", "-e", "cora order.tidy x2 gate", "--week", WEEK)
    assert json.loads(one.qibi("status", "--week", WEEK, "--format", "json")[1])["doubles"]
    assert one.qibi("close", WEEK)[0] == 0
    found = json.loads(one.qibi("status", "--week", WEEK, "--format", "json")[1])
    assert found["doubles"] == [] and sum(b["warnings"] for b in found["branches"]) == 0
    assert one.qibi("check") == (0, "")
    # Nor after a correction, whose seal accepts what is new alone.
    one.record("", "score", "-e", "cora order.late x1 gate", "--week", WEEK)
    assert one.qibi("close", WEEK, "--approved-by", "zoe", "--note", "came late")[0] == 0
    found = json.loads(one.qibi("status", "--week", WEEK, "--format", "json")[1])
    assert found["doubles"] == [] and sum(b["warnings"] for b in found["branches"]) == 0


def test_the_same_batch_in_two_clones_is_one(office: Office) -> None:
    """Same people, same second, same words: the same bytes, so one file under one name."""
    one, other = office.desks
    moment = office.now
    for desk in (one, other):
        office.now, desk.who = moment, "ann"
        said = {"subject": "cora", "item": "order.tidy", "points": 1, "note": "gate"}
        desk.write("", Score, week=WEEK, branch="north", **said)
        desk.git("add", "--all")
        desk.git("commit", "-q", "-m", desk.root.name)
    one.merge(one.fetch(other))
    assert len(by_hand.lines(by_hand.ledger(one.root))) == 1
    assert "says the same" not in one.qibi("check")[1]


@pytest.mark.parametrize("pull", ["--no-rebase", "--rebase"])
def test_two_clones_close_different_weeks(office: Office, pull: str) -> None:
    """The chain forks: both files are named, and the way out of docs/audit.md keeps every batch."""
    assessed(office, [WEEK, "2026-W11"])
    one, other = office.desks
    assert one.qibi("close", "2026-W11")[0] == 0
    one.push()
    other.record("", "score", "-e", "cora order.tidy x2 gate", "--week", "2026-W11")
    assert other.qibi("close", WEEK)[0] == 0  # commits the batch along with the seal
    other.git("pull", "-q", pull, "origin", "main")
    for command in (("check",), ("audit",), ("commit", "--push"), ("close", "2026-W12")):
        if command == ("close", "2026-W12"):
            other.record("", "score", "--no-events", "--branch", "east", "--week", "2026-W12")
            office.now += timedelta(weeks=1)
        code, said = other.qibi(*command)
        said = " ".join(said.split())
        assert code == 1, command
        assert "seals/2026-W10.json, seals/2026-W11.json both follow the same seal" in said or (
            "both begin the chain of seals" in said
        )
        assert "git branch kept; git reset --keep '@{upstream}'" in said
    files = by_hand.ledger(other.root)
    follow(other, recipe("fork"), W41=WEEK)
    assert by_hand.ledger(other.root) == files
    one.pull()
    for desk in office.desks:
        sound(desk)
        assert by_hand.ledger(desk.root) == files
        pending = json.loads(desk.qibi("status", "--week", "2026-W11", "--format", "json")[1])
        assert [row["week"] for row in pending["pending"]] == ["2026-W11"]


@pytest.mark.parametrize("way", ["merge", "rebase"])
def test_two_clones_close_the_same_week(office: Office, way: str) -> None:
    """Git stops at the seal; qibi says what to do, and that loses no batch and rewrites no seal."""
    assessed(office, [WEEK])
    one, other = office.desks
    assert one.qibi("close", WEEK)[0] == 0
    one.push()
    other.record("", "score", "-e", "cora order.tidy x2 gate", "--week", WEEK)
    assert other.qibi("close", WEEK)[0] == 0
    files = by_hand.ledger(other.root)
    done = other.try_git("pull", "-q", f"--{'no-' * (way == 'merge')}rebase", "origin", "main")
    assert done.returncode != 0 and "CONFLICT (add/add)" in done.stdout
    for command in (("check",), ("commit",), ("rank", WEEK), ("status", "--week", WEEK)):
        code, said = other.qibi(*command)
        said = " ".join(said.split())
        assert code == 1 and f"{WEEK} was closed in two clones at once" in said, (command, said)
        assert "git merge --abort (or git rebase --abort), then: git branch kept" in said
    other.git(way, "--abort")
    commands = [c for c in recipe("fork") if not c.startswith("qibi close")]
    follow(other, commands)
    assert by_hand.ledger(other.root) == files
    sound(other)
    said = other.qibi("status", "--week", WEEK)[1]
    assert "pending, for weeks that are closed" in said
    code, said = other.qibi("close", WEEK, "--approved-by", "zoe", "--note", "came late")
    assert code == 0 and "correction 1" in said
    other.push()
    one.pull()
    sound(one)


@pytest.mark.parametrize("side", ["HEAD", "MERGE_HEAD"])
def test_no_side_of_a_seal_can_be_chosen_by_hand(office: Office, side: str) -> None:
    assessed(office, [WEEK])
    one, other = office.desks
    assert one.qibi("close", WEEK)[0] == 0
    office.now += timedelta(seconds=1)
    assert other.qibi("close", WEEK)[0] == 0
    assert other.try_git("merge", "-q", other.fetch(one)).returncode != 0
    other.git("checkout", "-q", side, "--", "seals")
    before = other.git("rev-parse", "HEAD")
    code, said = other.qibi("commit")
    assert code == 1 and "the other side of this merge has another" in " ".join(said.split())
    assert other.git("rev-parse", "HEAD") == before


def test_a_merge_that_drops_a_batch_of_the_other_side_is_not_committed(office: Office) -> None:
    one, other = office.desks
    for desk in office.desks:
        desk.record("", "score", "-e", "cora order.tidy x2 gate", "--week", WEEK)
        desk.git("add", "--all")
        desk.git("commit", "-q", "-m", desk.root.name)
    (path,) = by_hand.ledger(other.root)
    there = one.fetch(other)
    one.git("merge", "-q", "--no-commit", "-s", "ours", there)
    code, said = one.qibi("commit")
    assert code == 1 and f"git checkout MERGE_HEAD -- {path}" in " ".join(said.split())
    one.git("checkout", "MERGE_HEAD", "--", path)
    assert one.qibi("commit")[0] == 0
    assert len(one.git("rev-list", "--parents", "-1", "HEAD").split()) == 3
    sound(one)


def test_a_conflict_in_definitions(office: Office) -> None:
    """Ordinary markers: named in plain words with file and line; once mended, commit ends the merge."""
    one, other = office.desks
    path = "branches/north.yaml"
    for desk, name in ((one, "Cora A."), (other, "Cora B.")):
        file = desk.root / path
        file.write_text(file.read_text().replace("{id: cora}", f"{{id: cora, name: {name}}}"))
        desk.record("", "score", "-e", "cora order.tidy x2 gate", "--week", WEEK)
        assert desk.qibi("commit")[0] == 0
    assert one.try_git("merge", "-q", one.fetch(other)).returncode != 0
    text = (one.root / path).read_text()
    for command in ("check", "commit"):
        code, said = one.qibi(command)
        line = text[: text.index("<<<<<<<")].count("\n") + 1
        assert code == 1 and f"{path}:{line}:1: " in said, said
        assert "a merge stopped here; keep one side" in said
    # A marker that was forgotten is named too, with its line.
    left = text.replace(text[text.index("<<<<<<<") : text.index(">>>>>>>")], "  - {id: cora}\n")
    (one.root / path).write_text(left)
    line = left[: left.index(">>>>>>>")].count("\n") + 1
    assert f"{path}:{line}:1: error: a merge stopped here" in one.qibi("check")[1]
    (one.root / path).write_text("\n".join(x for x in left.split("\n") if ">>>>" not in x))
    one.git("add", path)
    code, said = one.qibi("commit")
    assert code == 0, said
    assert len(by_hand.lines(by_hand.ledger(one.root))) == 2
    sound(one)


def test_a_conflict_merged_into_a_batch_by_hand(office: Office) -> None:
    one = office.desks[0]
    one.record("", "score", "-e", "cora order.tidy x2 gate", "--week", WEEK)
    ((path, raw),) = by_hand.ledger(one.root).items()
    (one.root / path).write_bytes(b"<<<<<<< HEAD\n" + raw + b"=======\n" + raw + b">>>>>>> west\n")
    code, said = one.qibi("check")
    assert code == 1
    for line in (1, 3, 5):
        assert (
            f"{path}:{line}: error: a merge stopped here; batches are never merged by hand" in said
        )


def test_line_endings_stay_whatever_git_is_told(tmp_path: Path) -> None:
    """`qibi init` writes .gitattributes; with them no clone changes a byte of ledger or seals."""
    office = Office(tmp_path, 1, 0)
    home = office.desks[0]
    code, said = home.qibi("init", "book", "--as", "t1-001", "--template", "plain", "--no-git")
    assert code == 0, said
    book = home.root / "book"
    office.git(book, "init", "-q", "-b", "main")
    desk = Desk(office, book, "t1-001", "")
    assert desk.qibi("score", "--no-events", "--week", WEEK)[0] == 0
    office.now += timedelta(weeks=4)
    desk.git("add", "--all")
    desk.git("commit", "-q", "-m", "by hand")
    code, said = desk.qibi("close", WEEK)
    assert code == 0, said
    for number, setting in enumerate(
        ("core.autocrlf=true", "core.eol=crlf", "core.autocrlf=input")
    ):
        office.git(tmp_path, "clone", "-q", "-c", setting, str(book), f"dos{number}")
        there = Desk(office, tmp_path / f"dos{number}", desk.who, "")
        assert by_hand.ledger(there.root) == by_hand.ledger(book)
        assert by_hand.seals(there.root) == by_hand.seals(book)
        office.files.clear()
        assert there.qibi("score", "--no-events", "--week", "2026-W11")[0] == 0
        there.git("add", "--all")  # plain git, with that setting
        there.git("commit", "-q", "-m", "by hand")
        for path, raw in by_hand.ledger(there.root).items():
            shown = there.git("cat-file", "-s", f"HEAD:{path}")
            assert int(shown) == len(raw)
        assert there.git("status", "--porcelain") == ""
        assert (there.root / "qibi.yaml").read_bytes() == (book / "qibi.yaml").read_bytes()
        assert there.qibi("check")[0] == 0
    # The setting does something where no .gitattributes forbid it.
    desk.git("rm", "-q", ".gitattributes")
    desk.git("commit", "-q", "-m", "without")
    office.git(tmp_path, "clone", "-q", "-c", "core.autocrlf=true", str(book), "without")
    assert b"\r\n" in (tmp_path / "without/qibi.yaml").read_bytes()
