"""Writing: whole or not at all, whichever step the disk refuses; one writer at a time."""

import errno
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qibi.base.findings import Faults, Refusal
from qibi.base.plain import write_durably
from qibi.ledger.batches import digest, read_weeks
from qibi.ledger.entries import Assessed
from qibi.ledger.store import LOCK, locked, write_batch, write_seal
from transcripts.harness import tree
from transcripts.troubles import TROUBLES

ENTRY = Assessed(
    week="2026-W46", branch="east", recorded_by="ann", recorded_at="2026-11-16T09:00:00+08:00"
)


def write(root: Path) -> str:
    return write_batch(root, "2026-W46", "east", [ENTRY]).path


def test_a_batch_is_written_and_read_back(tmp_path: Path) -> None:
    path = write(tmp_path)
    raw = (tmp_path / path).read_bytes()
    assert path == f"ledger/2026/W46/east-{digest(raw)}.jsonl"
    assert raw.endswith(b"}\n")
    assert [b.entries for b in read_weeks(tmp_path, ["2026-W46"])] == [(ENTRY,)]


def test_the_same_bytes_twice_are_one_batch(tmp_path: Path) -> None:
    assert write(tmp_path) == write(tmp_path)
    assert len(tree(tmp_path)) == 1


STEPS = ("open", "write", "fsync", "rename", "mkdir")


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    "number", [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EACCES, errno.EDQUOT]
)
def test_a_step_that_is_refused_leaves_nothing(
    step: str, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: Any, **_named: Any) -> Any:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, step, refuse)
        with pytest.raises(Refusal) as caught:
            write(tmp_path)
    assert os.strerror(number) in caught.value.message and caught.value.advice
    assert tree(tmp_path) == {}
    assert write(tmp_path)


@pytest.mark.parametrize("calls", range(1, 8))
def test_whichever_fsync_fails_what_is_there_is_whole(
    calls: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder's fsync that fails comes after the rename: the batch stands, and stands whole."""
    real, made = os.fsync, [0]

    def failing(descriptor: int) -> None:
        made[0] += 1
        if made[0] == calls:
            raise OSError(errno.EIO, "Input/output error")
        real(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", failing)
        try:
            write(tmp_path)
        except Refusal:
            assert made[0] == calls
    assert [b.entries for b in read_weeks(tmp_path, ["2026-W46"])] in ([], [(ENTRY,)])
    assert not list(tmp_path.rglob("*.tmp"))
    assert write(tmp_path) and len(tree(tmp_path)) == 1


@pytest.mark.parametrize("calls", range(1, 6))
def test_a_seal_is_taken_back_whichever_fsync_fails(
    calls: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folder, signature and its folder, seal and its folder: five syncs, and nothing stays of any."""
    real, made = os.fsync, [0]

    def failing(descriptor: int) -> None:
        made[0] += 1
        if made[0] == calls:
            raise OSError(errno.EIO, "Input/output error")
        real(descriptor)

    def seal() -> None:
        write_seal(tmp_path, "seals/2026-W46.json", b"{}", lambda raw: b"signed " + raw)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", failing)
        with pytest.raises(Refusal, match="Input/output error"):
            seal()
    assert made[0] == calls
    assert tree(tmp_path) == {}
    seal()
    assert tree(tmp_path) == {
        "seals/2026-W46.json": b"{}",
        "seals/2026-W46.json.sig": b"signed {}",
    }


def test_the_disk_is_asked_to_keep_file_and_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    real = os.fsync

    def noting(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", noting)
    path = tmp_path / write(tmp_path)
    week = path.parent
    assert synced[-1] == str(week)
    assert synced[-2].endswith(".tmp")
    assert {str(tmp_path), str(tmp_path / "ledger"), str(week.parent)} <= set(synced)


def test_writing_goes_on_where_the_disk_takes_a_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, raw: real(descriptor, raw[:3]))
    write_durably(tmp_path / "a", b"0123456789")
    assert (tmp_path / "a").read_bytes() == b"0123456789"


def test_a_file_is_wholly_the_old_where_the_new_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_bytes(b"old")

    def refuse(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="No space"):
        write_durably(tmp_path / "a", b"new")
    assert tree(tmp_path) == {"a": b"old"}


def test_what_a_crash_left_is_tidied_an_hour_later(tmp_path: Path) -> None:
    week = (tmp_path / write(tmp_path)).parent
    old, young = week / ".west.jsonl.1.tmp", week / ".west.jsonl.2.tmp"
    for path in (old, young):
        path.write_bytes(b"torn")
    os.utime(old, (time.time() - 4000,) * 2)
    write(tmp_path)
    assert not old.exists() and young.exists()


def test_a_lock_that_another_process_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qibi.ledger.store.LOCK_SECONDS", 0.1)
    (tmp_path / "ledger").mkdir()
    with (
        TROUBLES["lock held"](tmp_path),
        pytest.raises(Refusal, match="another qibi is writing"),
        locked(tmp_path),
    ):
        pass
    with locked(tmp_path):
        assert (tmp_path / LOCK).exists()
    assert (tmp_path / LOCK).exists(), (
        "the lock file stays, so that no two processes hold two files"
    )


_WRITER = """
import sys
from pathlib import Path
from qibi.ledger.entries import Assessed
from qibi.ledger.store import locked, write_batch
root, who = Path(sys.argv[1]), sys.argv[2]
counter = root / "counter"
for _ in range(20):
    with locked(root):
        n = int(counter.read_text())
        entry = Assessed(week="2026-W46", branch="east", recorded_by=who,
                         recorded_at=f"2026-11-16T09:00:{n % 60:02d}Z", source=f"{n:016x}")
        write_batch(root, "2026-W46", "east", [entry])
        counter.write_text(str(n + 1))
"""


def test_several_processes_write_one_after_the_other(tmp_path: Path) -> None:
    (tmp_path / "counter").write_text("0")
    writers = [
        subprocess.Popen([sys.executable, "-c", _WRITER, str(tmp_path), who])
        for who in ("ann", "bob", "cora")
    ]
    assert [w.wait() for w in writers] == [0, 0, 0]
    batches = read_weeks(tmp_path, ["2026-W46"])
    sources = [e.source for b in batches for e in b.entries if isinstance(e, Assessed)]
    assert sorted(sources) == [f"{n:016x}" for n in range(60)]


def test_a_lock_that_is_a_link_is_refused_and_what_it_names_stays(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("of somebody")
    for place in (tmp_path / "other", tmp_path / "nowhere"):
        lock = tmp_path / "book" / LOCK
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.symlink_to(place)
        with (
            pytest.raises(Faults, match=r"ledger/\.lock: a symbolic link"),
            locked(tmp_path / "book"),
        ):
            pass
        lock.unlink()
    assert (tmp_path / "other").read_text() == "of somebody" and not place.exists()


def test_the_lock_is_free_again_after_an_error(tmp_path: Path) -> None:
    boom: Callable[[], None] = lambda: (_ for _ in ()).throw(KeyError("x"))  # noqa: E731
    with pytest.raises(KeyError), locked(tmp_path):
        boom()
    with locked(tmp_path):
        pass
