"""Whether all that git's index holds of a ledger is on disk: every command asks, so it costs a stat a folder.

A sparse checkout, a virus scanner or a cloud drive takes files away without a word, and a ranking without them
names another winner. What the index holds is kept by the index file's size and times, and a folder whose time
of change is that at which it was whole is not listed again.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from qibi.base.findings import Finding, Refusal
from qibi.base.kept import Kept, key_of

if TYPE_CHECKING:
    from qibi.ledger.git import Git

Stamp = tuple[int, int, int, int]  # size, nanoseconds of modification and of change, file number
TIMES_TELL = sys.platform != "win32"  # there a file's time of change is that of its creation
_KIND = "presence"
_RECENT = 2_000_000_000  # nanoseconds: what was touched since may be touched again unseen


class _Index(msgspec.Struct):
    """What git's index holds below ledger/ and seals/, and definitions that it is told to leave out."""

    stamp: Stamp
    folders: dict[str, list[str]]
    skipped: list[str]
    whole: dict[str, Stamp]  # the folders that were found whole, as they were then


def missing(root: Path, kept: Kept, git: "Callable[[], Git]") -> list[Finding]:
    """A finding for each batch and seal that git's index holds and that is not on disk.

    Nothing where there is no git, or where it does not open the repository: `check` and `commit` say so.
    """
    file = _index_file(root)
    stamp = stamp_of(file) if file else None
    if stamp is None:
        return []
    key = key_of([str(root.resolve()), str(file)])
    known = kept.find(_KIND, key, _Index)
    changed = known is None or known.stamp != stamp
    if changed:
        try:
            known = _read(git(), stamp)
        except Refusal:
            return []
    assert known is not None
    absent = [path for path in known.skipped if not os.path.lexists(root / path)]
    latest = time.time_ns() - _RECENT
    for folder, names in known.folders.items():
        now = stamp_of(root / folder)
        if TIMES_TELL and now is not None and known.whole.get(folder) == now:
            continue
        here = _names(root / folder)
        lost = [name for name in names if name not in here]
        absent += [f"{folder}/{name}" for name in lost]
        if now is not None and not lost and max(now[1:3]) < latest:
            known.whole[folder] = now
            changed = True
    if changed and max(stamp[1:3]) < latest:
        kept.keep(_KIND, key, known)
    if not absent:
        return []
    from qibi.ledger.held import gone, tracked

    index = tracked(git())
    return [gone(path, index.get(path)) for path in sorted(absent)]


def _read(git: "Git", stamp: Stamp) -> _Index:
    from qibi.ledger.held import is_definition, tracked

    folders: dict[str, list[str]] = {}
    skipped = []
    for path, held in tracked(git).items():
        folder, _slash, name = path.rpartition("/")
        if path.startswith(("ledger/", "seals/")):
            folders.setdefault(folder, []).append(name)
        elif held.is_skipped and is_definition(path):
            skipped.append(path)
    return _Index(stamp, folders, skipped, {})


def _index_file(root: Path) -> Path | None:
    """Git's index of the work tree around a book; None where there is none."""
    here = root.resolve()  # as git does, which knows no `..`
    for place in (here, *here.parents):
        marker = place / ".git"
        if marker.is_dir():
            return marker / "index"
        if marker.is_file():
            try:
                text = marker.read_text("utf-8", "surrogateescape").strip()
            except OSError:
                return None
            return place / text.removeprefix("gitdir:").strip() / "index"
    return None


def _names(folder: Path) -> set[str]:
    try:
        with os.scandir(folder) as scan:
            return {entry.name for entry in scan}
    except OSError:
        return set()


def stamp_of(path: Path) -> Stamp | None:
    """By what it is seen whether a file or folder has been touched; None where there is none."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino
