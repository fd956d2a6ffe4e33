"""A commit is said to be made once git's files and folders are on the disk; locks are named, not removed."""

import os
from pathlib import Path

import pytest

from faults import scene
from qibi.base.findings import Refusal
from qibi.ledger.git import Git, age_text, locks


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return scene.environment(tmp_path / "home")


@pytest.fixture
def book(tmp_path: Path, env: dict[str, str]) -> Path:
    return scene.make(tmp_path / "book", env)


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    found: list[Path] = []
    real = os.fsync

    def noting(descriptor: int) -> None:
        found.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        real(descriptor)

    monkeypatch.setattr(os, "fsync", noting)
    return found


def _objects(book: Path, env: dict[str, str], what: str) -> set[Path]:
    names = scene.git(book, env, "rev-list", "--objects", "--no-object-names", *what.split())
    return {book / ".git" / "objects" / name[:2] / name[2:] for name in names.split()}


def test_objects_refs_logs_and_their_folders_are_synced(
    book: Path, env: dict[str, str], synced: list[Path]
) -> None:
    scene.git(book, env, "checkout", "-q", "-b", "teams/east")
    (book / "a").write_text("1")
    Git(book, env).commit("one", ["a"])
    own = book / ".git"
    objects = _objects(book, env, "HEAD --not HEAD^@")
    assert len(objects) == 3
    assert objects | {path.parent for path in objects} <= set(synced)
    folders = [".", "objects", "refs", "refs/heads", "refs/heads/teams", "logs/refs/heads/teams"]
    assert {own / f for f in folders} <= set(synced)
    assert {own / "refs/heads/teams/east", own / "logs/HEAD", own / "index"} <= set(synced)


def test_the_first_commit_and_a_merge_are_synced(
    tmp_path: Path, env: dict[str, str], synced: list[Path]
) -> None:
    (book := tmp_path / "new").mkdir()
    Path(env["HOME"]).mkdir()
    scene.git(book, env, "init", "-q", "-b", "main")
    git = Git(book, env)
    (book / "a").write_text("1")
    git.commit("one", ["a"])
    assert _objects(book, env, "HEAD") <= set(synced)
    scene.git(book, env, "checkout", "-q", "-b", "side")
    (book / "b").write_text("2")
    git.commit("two", ["b"])
    scene.git(book, env, "checkout", "-q", "main")
    (book / "c").write_text("3")
    git.commit("three", ["c"])
    scene.git(book, env, "merge", "-q", "--no-edit", "side")
    synced.clear()
    git.keep()
    assert _objects(book, env, "HEAD --not HEAD^@") <= set(synced)


def test_in_a_linked_worktree_the_shared_folder_is_synced(
    book: Path, env: dict[str, str], synced: list[Path], tmp_path: Path
) -> None:
    scene.git(book, env, "worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
    (tmp_path / "linked" / "a").write_text("1")
    Git(tmp_path / "linked", env).commit("one", ["a"])
    shared = book / ".git"
    assert {shared / "refs/heads/side", shared / "refs/heads", shared / "objects"} <= set(synced)
    assert {shared / "worktrees/linked", shared / "worktrees/linked/index"} <= set(synced)


def test_packed_objects_and_a_detached_head(
    book: Path, env: dict[str, str], synced: list[Path]
) -> None:
    scene.git(book, env, "checkout", "-q", "--detach")
    scene.git(book, env, "gc", "-q")
    Git(book, env).keep()
    assert {book / ".git/objects/pack", book / ".git/HEAD"} <= set(synced)


def test_a_sync_that_fails_is_told_and_not_tried_again(
    book: Path, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    def failing(descriptor: int) -> None:
        calls.append(descriptor)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", failing)
    (book / "a").write_text("1")
    with pytest.raises(Refusal, match="the disk did not confirm it: Input/output error"):
        Git(book, env).commit("one", ["a"])
    assert len(calls) == 1


@pytest.mark.parametrize("name", ["index.lock", "HEAD.lock", "refs/heads/main.lock"])
def test_a_stale_lock_is_named_with_its_age_and_left_alone(
    name: str, book: Path, env: dict[str, str]
) -> None:
    lock = book / ".git" / name
    lock.touch()
    os.utime(lock, (lock.stat().st_mtime - 7300,) * 2)
    (book / "a").write_text("1")
    with pytest.raises(Refusal) as caught:
        Git(book, env).commit("one", ["a"])
    assert caught.value.message == f"git is locked: {lock} (2 hours old)"
    assert caught.value.advice.endswith(f"rm {lock}")
    assert lock.exists()
    lock.unlink()
    assert Git(book, env).commit("one", ["a"])


def test_locks_that_stand(book: Path, env: dict[str, str]) -> None:
    git = Git(book, env)
    assert locks(git) == []
    (book / ".git" / "packed-refs.lock").touch()
    assert [lock.path.name for lock in locks(git)] == ["packed-refs.lock"]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-3, "0 seconds old"), (1, "1 second old"), (3599, "59 minutes old"), (90000, "1 day old")],
)
def test_ages(seconds: float, said: str) -> None:
    assert age_text(seconds) == said


def test_a_git_that_is_killed_is_said_to_be(book: Path, env: dict[str, str]) -> None:
    hook = book / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir()
    hook.write_text("#!/bin/sh\nkill -9 $PPID\n")
    hook.chmod(0o755)
    (book / "a").write_text("1")
    with pytest.raises(Refusal, match=r"it was killed \(signal 9\)"):
        Git(book, env).commit("one", ["a"])


def test_hooks_of_the_repository_run(book: Path, env: dict[str, str]) -> None:
    hook = book / ".git" / "hooks" / "post-commit"
    hook.parent.mkdir()
    hook.write_text("#!/bin/sh\ntouch was-here\n")
    hook.chmod(0o755)
    (book / "a").write_text("1")
    Git(book, env).commit("one", ["a"])
    assert (book / "was-here").exists()
