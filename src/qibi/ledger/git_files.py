"""Git's own files: synced once a commit is made, and the locks that a killed git left behind.

Git syncs what it writes (`core.fsync=all`), never the folders that hold it: after a power cut a
commit could be gone although git had said that it was made.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qibi.base.language import aside, many
from qibi.ledger.store import sync

if TYPE_CHECKING:
    from qibi.ledger.git import Git


@dataclass(frozen=True)
class Lock:
    """A lock file of git, and its age in seconds."""

    path: Path
    age: float

    def __str__(self) -> str:
        return f"{self.path}{aside(said_age(self.age))}"


def folders(git: "Git") -> tuple[Path, Path]:
    """The git folder of this working tree and the one it shares with others; mostly the same.

    Raises `Refusal` outside a repository.
    """
    own, common = git.demand("rev-parse", "--git-dir", "--git-common-dir").splitlines()
    return git.folder / own, git.folder / common


def sync_head(git: "Git") -> None:
    """Have the disk keep what HEAD names: ref, commit, its new objects, and the folders of each.

    Raises `OSError`. Costs a millisecond or so for a file or folder that is on the disk already.
    """
    own, common = folders(git)
    objects = common / "objects"
    new = git.demand("rev-list", "--objects", "--no-object-names", "HEAD", "--not", "HEAD^@")
    loose = [objects / name[:2] / name[2:] for name in new.split()]
    ref = git.run("symbolic-ref", "--quiet", "HEAD").stdout.strip()
    refs = [common / ref, common / "logs" / ref] if ref else []
    files = [*loose, *refs, own / "logs" / "HEAD", own / "HEAD", own / "index"]
    above = [parent for path in refs for parent in path.parents if common in parent.parents]
    named = [objects / "pack", objects, common / "reftable", own / "logs", own, common]
    for path in _once([*files, *(file.parent for file in loose), *above, *named]):
        with suppress(FileNotFoundError):  # packed, or a kind of file that this repository lacks
            sync(path)


def locks(git: "Git") -> list[Lock]:
    """The lock files that stand in git's folder: of a git at work, or of one that was killed."""
    own, common = folders(git)
    found = [*own.glob("*.lock"), *common.glob("*.lock"), *(common / "refs").rglob("*.lock")]
    return list(_aged(_once(found)))


def said_age(seconds: float) -> str:
    """How old a file is, in its largest unit."""
    whole = max(0, int(seconds))
    if whole < 60:
        return many("{count} second old", "{count} seconds old", whole).format(count=whole)
    if whole < 3600:
        return many("{count} minute old", "{count} minutes old", whole // 60).format(
            count=whole // 60
        )
    if whole < 86400:
        return many("{count} hour old", "{count} hours old", whole // 3600).format(
            count=whole // 3600
        )
    return many("{count} day old", "{count} days old", whole // 86400).format(count=whole // 86400)


def _aged(paths: Iterable[Path]) -> Iterator[Lock]:
    for path in paths:
        with suppress(FileNotFoundError):  # gone by now
            yield Lock(path, time.time() - path.lstat().st_mtime)


def _once(paths: Iterable[Path]) -> list[Path]:
    return list(dict.fromkeys(paths))
