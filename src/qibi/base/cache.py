"""Derived data kept between runs: outside git, keyed by content, safe to delete at any moment.

A key holds everything that the value depends on, so nothing in here can go stale. A value is stored behind
a digest of its kind, its key and itself: a damaged or foreign file is taken for a missing one and made
again.
"""

import errno
import hashlib
import os
import stat
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import msgspec

from qibi.base.plain import write_derived

T = TypeVar("T")
_MOST = 4000  # values of one kind, of all books; beyond it the oldest half goes
_MOST_BYTES = 400_000_000  # of them
_EVERY = 50  # how often they are counted: that takes longer than to keep one
_DIGEST = 16  # bytes


class Cache:
    """A cache folder; without one (`None`) nothing is found and nothing kept.

    With `own`, nothing is found of what others could have written: the folders and each file have to belong to
    this user, be no links, and let nobody else write. `distrusted` are those where that is not so.
    """

    def __init__(self, folder: Path | None, *, own: bool = False) -> None:
        self.folder = folder
        self.own = own and os.name == "posix"
        self.distrusted: dict[Path, None] = {}

    def find(self, kind: str, key: str, form: type[T]) -> T | None:
        """The value kept under this key, or None."""
        if self.folder is None:
            return None
        try:
            raw = self._read(self._path(kind, key))
            value = memoryview(raw)[_DIGEST:]
            if raw[:_DIGEST] != _digest(kind, key, value):
                return None
            return msgspec.msgpack.decode(value, type=form)
        except (OSError, msgspec.DecodeError, ValueError):
            return None

    def keep(self, kind: str, key: str, value: object) -> None:
        """Keep a value; where that fails it only costs time the next time."""
        if self.folder is None:
            return
        path = self._path(kind, key)
        try:
            _make(path.parent)
            raw = msgspec.msgpack.encode(value)
            write_derived(path, _digest(kind, key, raw) + raw, 0o600)
            _thin_out(path.parent)
        except OSError:
            return

    def take_in(self, kind: str, digest: str, file: Path) -> bool:
        """Keep a file under its SHA-256; False where that fails. `file` is moved."""
        if self.folder is None:
            return False
        try:
            _make(self.folder / kind)
            file.replace(self.folder / kind / f"{digest}.file")
            _thin_out(self.folder / kind)
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

    def _read(self, path: Path) -> bytes:
        """The bytes of a file; raises `OSError`, also where others could have written them."""
        if not self.own:
            return path.read_bytes()
        for place in (path.parent.parent, path.parent, path):
            self._refuse_others(place, place.lstat())
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            self._refuse_others(path, os.fstat(file.fileno()))
            return file.read()

    def _refuse_others(self, place: Path, found: os.stat_result) -> None:
        """Raises `PermissionError` for a link, and where anybody but this user may write."""
        if (
            stat.S_ISLNK(found.st_mode)
            or found.st_uid != os.geteuid()
            or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        ):
            self.distrusted[place] = None
            raise PermissionError(errno.EPERM, "others may write here", str(place))

    def _path(self, kind: str, key: str) -> Path:
        assert self.folder is not None
        return self.folder / kind / f"{key}.msgpack"


def _make(folder: Path) -> None:
    """Make a cache folder, and the one around it, for this user alone."""
    folder.parent.parent.mkdir(parents=True, exist_ok=True)
    for place in (folder.parent, folder):
        place.mkdir(mode=0o700, exist_ok=True)


def key_of(parts: Iterable[str]) -> str:
    """One key for everything that a value depends on."""
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode("utf-8", "surrogateescape")  # a folder's name may be no text
        digest.update(len(raw).to_bytes(8, "big"))
        digest.update(raw)
    return digest.hexdigest()


def _digest(kind: str, key: str, value: bytes | memoryview) -> bytes:
    """What proves that these bytes were kept as this; against accidents, not against who may write here."""
    digest = hashlib.blake2b(f"{kind}/{key}\0".encode(), digest_size=_DIGEST)
    digest.update(value)
    return digest.digest()


_kept_in: Counter[Path] = Counter()


def _thin_out(folder: Path) -> None:
    """Remove the oldest half where there are too many, or they are too large; looks only now and then."""
    _kept_in[folder] += 1
    if _kept_in[folder] % _EVERY != 1:
        return
    with suppress(OSError):  # another process thins out too
        found = [e for e in os.scandir(folder) if not e.name.startswith(".")]
        files = sorted((e.stat().st_mtime_ns, e.stat().st_size, e.path) for e in found)
        if len(files) > _MOST or sum(size for _time, size, _path in files) > _MOST_BYTES:
            for _time, _size, path in files[: len(files) // 2]:
                Path(path).unlink(missing_ok=True)
