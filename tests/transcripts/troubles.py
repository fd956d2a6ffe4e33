"""What can go wrong around a command: a disk that is full or read-only, a lock that is held.

The tests run as root, whom permissions do not bind, so the disk's refusals are played by the calls
into the system; the lock is held by a real process.
"""

import errno
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from qibi.ledger import store

_HOLDER = """
import sys
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def _failing(name: str, number: int, applies: Callable[..., bool]) -> Any:
    real = getattr(os, name)

    def call(*arguments: Any, **named: Any) -> Any:
        if applies(*arguments):
            raise OSError(number, os.strerror(number))
        return real(*arguments, **named)

    return patch.object(os, name, call)


@contextmanager
def _full_disk(_folder: Path) -> Iterator[None]:
    with _failing("write", errno.ENOSPC, lambda *_a: True):
        yield


@contextmanager
def _full_disk_at_fsync(_folder: Path) -> Iterator[None]:
    with _failing("fsync", errno.ENOSPC, lambda *_a: True):
        yield


def _cannot_write(folder: Path, number: int) -> Iterator[None]:
    def below(path: Any) -> bool:
        return str(path).startswith(str(folder))

    def writes(path: Any, flags: int, *_rest: Any) -> bool:
        return below(path) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))

    with (
        _failing("open", number, writes),
        _failing("mkdir", number, lambda path, *_rest: below(path)),
    ):
        yield


@contextmanager
def _read_only_disk(folder: Path) -> Iterator[None]:
    yield from _cannot_write(folder, errno.EROFS)


@contextmanager
def _no_permission(folder: Path) -> Iterator[None]:
    yield from _cannot_write(folder, errno.EACCES)


@contextmanager
def _lock_held(folder: Path) -> Iterator[None]:
    """Another process holds the lock for as long as the command tries (a tenth of a second)."""
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(folder / store.LOCK)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdin and holder.stdout
    try:
        assert holder.stdout.readline() == b"held\n"
        with patch.object(store, "LOCK_SECONDS", 0.1):
            yield
    finally:
        holder.stdin.close()
        holder.wait()
        holder.stdout.close()


TROUBLES: dict[str, Callable[[Path], Any]] = {
    "full disk": _full_disk,
    "full disk at fsync": _full_disk_at_fsync,
    "read-only disk": _read_only_disk,
    "no permission": _no_permission,
    "lock held": _lock_held,
}
