"""Names that some file system takes for those of a book: `Ledger`, `SEALS`, `qibi.yaml.`, `ledger\\2026`.

Git and Linux hold them apart from `ledger` and `seals`; on Windows and macOS, in a synced folder or on a share they
are the same, so that one copy of a book would hold what another does not.
"""

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

from qibi.base.findings import Finding, Refusal
from qibi.base.language import _
from qibi.ledger.git import Git

# What a book's files stand in: its names are in small letters, but for the weeks.
PARTS = (
    *("qibi.yaml", "names.yaml", "scheme", "branches", "plans"),
    *("ledger", "seals", "sheets", "evidence"),
)
_SKIPPED = re.compile(r"[\u200c-\u200f\u202a-\u202e\u2060\u206a-\u206f\ufeff]")  # by HFS+, in names
_USUAL = re.compile(r"[^/\\:]*[^/\\:. ]")
_WEEK = re.compile(r"\bw(?=[0-9]{2}\b)")


def folded(name: str) -> str:
    """A name as a file system reads it that tells neither case nor normal form apart; it may become a path."""
    if not name.isascii():
        name = unicodedata.normalize("NFC", _SKIPPED.sub("", name).casefold())
    name = name.casefold()
    if _USUAL.fullmatch(name):
        return name
    # Windows ends a name at a colon (a stream of the file), and leaves out blanks and dots at its end.
    parts = name.replace("\\", "/").split("/")
    return "/".join(part.partition(":")[0].rstrip(" .") or part for part in parts)


def twins(paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each of these paths, below the book's folder, that is another's elsewhere: it, and that other.

    The other is among the paths, or is the name that qibi reads. Of two that stand there it is the one in small
    letters, as qibi writes them.
    """
    stands: dict[str, str] = {}  # by the folded path: what stands there, a folder too
    folders = {"": ""}  # each folded
    known: set[str] = set()  # folders that have been looked at

    def read(folder: str) -> str:
        if folder not in folders:
            above, _slash, name = folder.rpartition("/")
            folders[folder] = f"{read(above)}/{folded(name)}".lstrip("/")
        return folders[folder]

    def is_other(path: str) -> bool:
        return path != _WEEK.sub("W", folded(path))

    for path in sorted(set(paths), key=lambda path: (is_other(path), path)):
        top, slash, below = path.partition("/")
        if top not in PARTS:
            first, inner, rest = folded(top).partition("/")
            if first in PARTS:
                yield path, first + inner + _WEEK.sub("W", rest) + slash + below
            continue
        place = path
        while place:
            folder, _slash, name = place.rpartition("/")
            found = stands.setdefault(f"{read(folder)}/{folded(name)}", place)
            if found != place:
                yield path, found + path[len(place) :]
            if found != place or folder in known:
                break
            known.add(folder)
            place = folder


def standing(root: Path, git: Git | None) -> Iterator[str]:
    """The paths of a book's files, on the disk and in git's index; of evidence those in the index alone."""
    for entry in sorted(root.iterdir()):
        if entry.name not in PARTS or not entry.is_dir() or entry.is_symlink():
            yield entry.name
        elif entry.name != "evidence":
            for folder, _folders, names in os.walk(entry):
                place = Path(folder).relative_to(root).as_posix()
                yield from (f"{place}/{name}" for name in names)
    try:
        if git is not None and git.repository() is not None:
            yield from filter(None, git.run("ls-files", "-z").stdout.split("\0"))
    except Refusal:  # git is not installed
        return


def findings(paths: Iterable[str]) -> Iterator[Finding]:
    """The findings for these paths, each once."""
    for path, other in twins(paths):
        message = _(
            "another file system takes this name for {other}; rename or remove it: git mv, git rm"
        )
        yield Finding(path, message=message.format(other=other), code="twin")
