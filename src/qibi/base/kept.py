"""Derived data kept between runs: outside git, keyed by content, safe to delete at any moment.

A key holds everything that the value depends on, so nothing in here can go stale. A damaged or
foreign file is taken for a missing one and made again.
"""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import msgspec

T = TypeVar("T")
_MOST = 400  # values of one kind; beyond it the oldest half goes
_MOST_FILES = 4000


class Kept:
    """A cache folder; without one (`None`) nothing is found and nothing kept."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def find(self, kind: str, key: str, form: type[T]) -> T | None:
        """The value kept under this key, or None."""
        if self.folder is None:
            return None
        try:
            return msgspec.msgpack.decode(self._path(kind, key).read_bytes(), type=form)
        except (OSError, msgspec.DecodeError, ValueError):
            return None

    def keep(self, kind: str, key: str, value: object) -> None:
        """Keep a value; where that fails it only costs time the next time."""
        if self.folder is None:
            return
        path = self._path(kind, key)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(msgspec.msgpack.encode(value))
            temporary.replace(path)
            _thin_out(path.parent, ".msgpack", _MOST)
        except OSError:
            return

    def take_in(self, kind: str, digest: str, file: Path) -> bool:
        """Keep a file under its SHA-256; False where that fails. `file` is moved."""
        if self.folder is None:
            return False
        try:
            (self.folder / kind).mkdir(parents=True, exist_ok=True)
            file.replace(self.folder / kind / f"{digest}.file")
            _thin_out(self.folder / kind, ".file", _MOST_FILES)
        except OSError:
            return False
        return True

    def file(self, kind: str, digest: str) -> Path | None:
        """The file kept under this SHA-256; None where it is gone or holds anything else."""
        if self.folder is None:
            return None
        path = self.folder / kind / f"{digest}.file"
        try:
            return path if hashlib.sha256(path.read_bytes()).hexdigest() == digest else None
        except OSError:
            return None

    def _path(self, kind: str, key: str) -> Path:
        assert self.folder is not None
        return self.folder / kind / f"{key}.msgpack"


def key_of(parts: Iterable[str]) -> str:
    """One key for everything that a value depends on."""
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode()
        digest.update(len(raw).to_bytes(8, "big"))
        digest.update(raw)
    return digest.hexdigest()


def _thin_out(folder: Path, ending: str, most: int) -> None:
    files = [entry for entry in os.scandir(folder) if entry.name.endswith(ending)]
    if len(files) > most:
        files.sort(key=lambda entry: entry.stat().st_mtime)
        for entry in files[: len(files) // 2]:
            Path(entry.path).unlink(missing_ok=True)
