"""Writing: a batch appears whole or not at all, and once it is reported it survives a power cut.

Temp file in the same folder, fsync, rename, fsync of the folder (and of each folder newly made).
What a crash leaves behind is at most a `*.tmp` file, which nobody reads and the next writer tidies.
The lock makes "compare with what stands, then write" one step; the lock file stays where it is.
"""

import errno
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from qibi.base.findings import Refusal
from qibi.base.language import _
from qibi.ledger.batches import LEDGER, Batch, digest, encode_batch, folder, name
from qibi.ledger.entries import Entry

LOCK = f"{LEDGER}/.lock"
LOCK_SECONDS = 10.0
_STALE_SECONDS = 3600


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """Holds the book's lock; raises `Refusal` where another qibi keeps it for `LOCK_SECONDS`."""
    from filelock import FileLock, Timeout

    lock = root / LOCK
    with failures_explained(root / LEDGER):
        _make_folder(lock.parent)
    held = FileLock(lock, timeout=LOCK_SECONDS)
    try:
        held.acquire()
    except Timeout:  # an OSError too, so it comes before them
        raise Refusal(
            _("another qibi is writing to this book"),
            _("wait until it is done and run the same command again; nothing was written"),
        ) from None
    except OSError as error:
        raise _explained(lock, error) from None
    try:
        yield
    finally:
        held.release()


def write_batch(root: Path, week: str, branch: str, entries: Sequence[Entry]) -> Batch:
    """Write a batch and return it; the same bytes twice are one batch.

    The caller holds the lock. Raises `Refusal` where the disk refuses; then nothing has been
    written that anyone would read.
    """
    raw = encode_batch(entries)
    path = f"{folder(week)}/{name(branch, raw)}"
    batch = Batch(path, digest(raw), week, branch, tuple(entries))
    with failures_explained(root / path):
        _make_folder((root / path).parent)
        _tidy((root / path).parent)
        write_durably(root / path, raw)
    return batch


def write_durably(path: Path, raw: bytes) -> None:
    """Replace a file's content so that after a crash it is wholly the old or wholly the new."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            written = 0
            while written < len(raw):
                written += os.write(descriptor, raw[written:])
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        temporary.rename(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _make_folder(directory: Path) -> None:
    """Make a folder and those above it; each new one is synced into its parent."""
    missing = []
    while not directory.is_dir():
        missing.append(directory)
        directory = directory.parent
    for new in reversed(missing):
        new.mkdir(exist_ok=True)
        _sync_folder(new.parent)


def _sync_folder(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _tidy(directory: Path) -> None:
    """Remove temp files that a crash left an hour ago or earlier."""
    for leftover in directory.glob(".*.tmp"):
        if time.time() - leftover.stat().st_mtime > _STALE_SECONDS:
            leftover.unlink(missing_ok=True)


@contextmanager
def failures_explained(path: Path) -> Iterator[None]:
    """Turns an error of the disk into a `Refusal` that says what to do."""
    try:
        yield
    except OSError as error:
        raise _explained(path, error) from None


def _explained(path: Path, error: OSError) -> Refusal:
    advice = {
        errno.ENOSPC: _("the disk is full; make room and run the same command again"),
        errno.EDQUOT: _("your disk quota is used up; make room and run the same command again"),
        errno.EACCES: _("you may not write there; check the folder's owner and permissions"),
        errno.EPERM: _("you may not write there; check the folder's owner and permissions"),
        errno.EROFS: _("the disk is read-only; work in a copy that you may write to"),
    }.get(error.errno or 0, _("nothing was written; mend that and run the same command again"))
    message = _("{path} can't be written: {reason}")
    return Refusal(message.format(path=path, reason=error.strerror), advice)
