"""What is on record through all weeks: honours, pledges, remedies and plans, read without the rest.

Which batches may hold any is kept, week by week, by the names of the week's batches: a name proves the
content, so only weeks with other names are searched again.
"""

import os
import stat
import sys
import time
from collections.abc import Collection, Iterable
from pathlib import Path

import msgspec

from qibi.base.cache import Cache, key_of
from qibi.base.plain import NotPlain, read_plain
from qibi.base.workers import processors
from qibi.ledger.batches import (
    Batch,
    batch_names,
    digest,
    each_of_week,
    folder,
    weeks_with_batches,
)
from qibi.ledger.evidence_files import marks

# An escape may hide a word; a void may cancel what another batch holds.
_ALWAYS = (b'"void"', b"\\u")
_REMEDY, _TASK = b'"remedy"', b'"task"'
_EVIDENCE = b'"evidence"'  # where honours and pledges are named; a blank may be before the colon


class _Week(msgspec.Struct, array_like=True):
    """The digest of the names of a week's batches, and those of them that may hold records of a kind.

    Each kind takes the batches with voids too, and those that can't be read: whoever reads one says
    what is the matter.
    """

    names: str
    remedies: list[str] = []
    tasks: list[str] = []
    honours: list[str] = []  # and pledges


def batches_with_records(root: Path, cache: Path | None = None) -> tuple[list[Batch], int]:
    """The batches that may hold honours, pledges or remedies, with the voids; how many are damaged."""
    result: list[Batch] = []
    damaged = 0
    for week, having in _having(root, cache).items():
        names = sorted({*having.remedies, *having.honours})
        for batch in each_of_week(root, week, names=names) if names else ():
            if isinstance(batch, Batch):
                result.append(batch)
            else:
                damaged += 1
    return result, damaged


def names_with_remedies(root: Path, cache: Path | None = None) -> dict[str, list[str]]:
    """Week: the names of its batches that may hold a remedy, or a void."""
    return {week: found.remedies for week, found in _having(root, cache).items()}


def names_with_tasks(root: Path, cache: Path | None = None) -> dict[str, list[str]]:
    """Week: the names of its batches that may hold a task, or a void."""
    return {week: found.tasks for week, found in _having(root, cache).items()}


def _having(root: Path, cache: Path | None) -> dict[str, _Week]:
    """Each week's batches that may hold records; most hold none, which their bytes tell soon."""
    stored, texts = Cache(cache), sorted(marks())
    key = key_of([str(root.resolve()), "2", *(text.hex() for text in texts)])
    known = stored.find("records", key, dict[str, _Week]) or {}
    weeks = {}
    for week in weeks_with_batches(root):
        names = batch_names(root, week)
        digest = key_of(names)
        old = known.get(week)
        weeks[week] = old if old and old.names == digest else _seen(root, week, names, texts)
    if weeks != known:
        stored.keep("records", key, weeks)
    return weeks


def _seen(root: Path, week: str, names: Collection[str], texts: Collection[bytes]) -> _Week:
    result = _Week(key_of(names))
    for name in names:
        try:
            raw = read_plain(f"{root}/{folder(week)}/{name}")
        except (OSError, NotPlain):
            always = True
        else:
            always = any(text in raw for text in _ALWAYS)
        if always or _REMEDY in raw:
            result.remedies.append(name)
        if always or _TASK in raw:
            result.tasks.append(name)
        if always or _names_any(raw, texts):
            result.honours.append(name)
    return result


def _names_any(raw: bytes, texts: Collection[bytes]) -> bool:
    """Whether any evidence holds one of these texts."""
    # From the evidence to the end of its line: a fifth of the bytes, for twenty words to be sought in.
    named = b"\n".join(part.split(b"\n", 1)[0] for part in raw.split(_EVIDENCE)[1:])
    return any(text in named for text in texts)


# Which batches have been proved by their digests, so that what has not changed is not read again.
#
# As git does with its index, the size and times of a file tell whether it was touched since it was last
# proved. Its change time can't be set back without setting the clock back, and who can write into the cache
# folder could write any ranking there: `check`, `close` and `audit` therefore never ask here and read all.


Signature = tuple[int, int, int, int]  # size, nanoseconds of modification and change, file number
_KIND = "proofs"
_RECENT = 2_000_000_000  # nanoseconds: whatever was touched since may be touched again unseen
_MANY = 256  # files from which reading in threads is worth it
_TRUSTED = sys.platform != "win32"  # there a file's change time is that of its creation


class Proofs:
    """The proved batches of one book; without a cache none are, whenever asked."""

    def __init__(self, root: Path, cache: Cache) -> None:
        self._root, self._cache = root, cache
        self._place = str(root.resolve()) if cache.folder else ""
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
            self._cache.keep(_KIND, self._key(year), self._known[year])

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
            known = self._cache.find(_KIND, self._key(year), dict[str, Signature])
            self._known[year] = known or {}
        return self._known[year]

    def _key(self, year: str) -> str:
        return key_of([self._place, year])


def _year(path: str) -> str:
    return path.split("/", 2)[1]
