"""Which batches have been proved by their digests, so that what has not changed is not read again.

As git does with its index, the size and times of a file tell whether it was touched since it was last
proved. Its change time can't be set back without setting the clock back, and who can write into the cache
folder could write any ranking there: `check`, `close` and `audit` therefore never ask here and read all.
"""

import os
import stat
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from qibi.base.kept import Kept, key_of
from qibi.base.plain import read_plain
from qibi.base.workers import processors
from qibi.ledger.batches import digest

Signature = tuple[int, int, int, int]  # size, nanoseconds of modification and change, file number
_KIND = "proofs"
_RECENT = 2_000_000_000  # nanoseconds: whatever was touched since may be touched again unseen
_MANY = 256  # files from which reading in threads is worth it
_TRUSTED = sys.platform != "win32"  # there a file's change time is that of its creation


class Proofs:
    """The proved batches of one book; without a cache none are, whenever asked."""

    def __init__(self, root: Path, kept: Kept) -> None:
        self._root, self._kept = root, kept
        self._place = str(root.resolve()) if kept.folder else ""
        self._known: dict[str, dict[str, Signature]] = {}  # year: path: as when it was proved
        self._seen: dict[str, Signature] = {}

    def unproved(self, paths: Iterable[str]) -> list[str]:
        """Those of these batches that are not known to be what their names say."""
        return [path for path in paths if not self._is_proved(path)]

    def prove(self, paths: Iterable[str]) -> bool:
        """Whether each of these batches is what its name says; reads those that are not proved."""
        todo = self.unproved(paths)
        if len(todo) < _MANY:
            sound = all(map(self._holds, todo))
        else:
            from concurrent.futures import ThreadPoolExecutor

            parts = [todo[n :: processors()] for n in range(processors())]
            with ThreadPoolExecutor(len(parts)) as pool:
                sound = all(pool.map(lambda part: all(map(self._holds, part)), parts))
        if sound:
            self.proved(todo)
        return sound

    def proved(self, paths: Iterable[str]) -> None:
        """Keep that these batches were found to be what their names say, after `unproved` was asked."""
        latest = time.time_ns() - _RECENT
        changed = set()
        for path in paths:
            signature = self._seen.get(path)
            if _TRUSTED and signature and max(signature[1:3]) < latest:
                year = _year(path)
                if self._of(year).get(path) != signature:
                    self._known[year][path] = signature
                    changed.add(year)
        for year in changed:
            self._kept.keep(_KIND, self._key(year), self._known[year])

    def _is_proved(self, path: str) -> bool:
        try:
            found = os.lstat(f"{self._root}/{path}")
        except OSError:
            return False
        if not stat.S_ISREG(found.st_mode):
            return False
        seen = (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
        self._seen[path] = seen
        return self._of(_year(path)).get(path) == seen

    def _holds(self, path: str) -> bool:
        try:
            return digest(read_plain(f"{self._root}/{path}")) == path[-22:-6]
        except OSError:
            return False

    def _of(self, year: str) -> dict[str, Signature]:
        if year not in self._known:
            kept = self._kept.find(_KIND, self._key(year), dict[str, Signature])
            self._known[year] = kept or {}
        return self._known[year]

    def _key(self, year: str) -> str:
        return key_of([self._place, year])


def _year(path: str) -> str:
    return path.split("/", 2)[1]
