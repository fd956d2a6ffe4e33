"""What a command that was killed left behind: found again, committed by name, never doubled, never in the way."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from faults import scene

ENTRY = ["score", "-e", "ann tidy x2 late shift", "--week", "W46"]


class Desk:
    """A book, and qibi run in it as a process."""

    def __init__(self, place: Path) -> None:
        self.env = scene.environment(place / "home")
        self.book = scene.make(place / "book", self.env)

    def qibi(self, *arguments: str, expect: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "qibi", *arguments],
            cwd=self.book,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == expect, done.stdout + done.stderr
        return done.stdout + done.stderr

    def killed(self) -> Path:
        """An entry whose command was killed after it had written: the batch and its mark."""
        self.qibi(*ENTRY)
        [path] = scene.batches(self.book)
        batch = self.book / path
        mark = batch.with_name(f".{batch.name}.unsaid.tmp")
        assert not mark.exists(), "reported: the mark is gone"
        mark.touch()
        time.sleep(1)  # the same command would be refused in the same second
        return batch


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_the_same_command_again_finds_what_it_recorded(desk: Desk) -> None:
    batch = desk.killed()
    said = desk.qibi(*ENTRY)
    assert "holds this already: the command that recorded it did not come to its end" in said
    assert re.search(rf"^recorded 1 entry .*batch {batch.stem[-16:-12]}", said, re.MULTILINE)
    assert len(scene.batches(desk.book)) == 1
    assert scene.marks(desk.book) == []
    assert "did not come to its end" not in desk.qibi(*ENTRY)
    assert len(scene.batches(desk.book)) == 2, "and once more, it happened twice"


def test_another_command_is_not_taken_for_it(desk: Desk) -> None:
    desk.killed()
    other = ["score", "-e", "ann tidy x2 another shift", "--week", "W46"]
    assert "did not come to its end" not in desk.qibi(*other)
    assert len(scene.batches(desk.book)) == 2


def test_commit_names_it_and_commits_it(desk: Desk) -> None:
    batch = desk.killed()
    path = batch.relative_to(desk.book).as_posix()
    said = desk.qibi("commit")
    assert f"{path}: the command that recorded this did not come to its end" in said
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
    assert f"{SEAL}: the command that wrote this did not come to its end" in said
    assert "without east: x" in said and "2026-W46 closed" in said
    assert scene.git(uncommitted.book, uncommitted.env, "show", f"HEAD:{SEAL}").encode() == raw
    assert "nothing came since" in uncommitted.qibi(*CLOSE, expect=1)


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
