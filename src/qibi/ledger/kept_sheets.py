"""The score sheets that were read, kept in the book byte for byte, so that entries can be compared with them.

`sheets/2026/W47/<SHA-256>.xlsx`: the folder is the week of the entries, the name the digest of the bytes,
of which `source` in each entry is the beginning. Like a batch an archived sheet is written once. It comes
before the batch that names it: a crash in between leaves a sheet that no batch names, which is harmless
and stays; the same command again finds it there. Whatever else is in `sheets/`, outside of the
folders of years, is people's own and is left alone.
"""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path, PurePath

from qibi.base import weeks
from qibi.base.findings import Finding
from qibi.base.language import _
from qibi.base.plain import NotPlain, read_plain
from qibi.ledger.store import SHEETS, write_once

# For git, in the book's folder; not the temp files that a crash left.
PATHSPEC = f":(glob){SHEETS}/[0-9][0-9][0-9][0-9]/**/[!.]*"
_KEPT = re.compile(rf"{SHEETS}/([0-9]{{4}})/(W[0-9]{{2}})/([0-9a-f]{{64}})\.([a-z0-9]{{1,8}})")
_YEAR = re.compile(rf"{SHEETS}/[0-9]{{4}}/.+", re.DOTALL)
_ENDING = re.compile(r"[a-z0-9]{1,8}")
_ZIP = b"PK\x03\x04"


def keep_sheet(root: Path, week: str, raw: bytes, ending: str) -> Path:
    """Keep a sheet's bytes in a week's folder, and return where; the caller holds the lock.

    `ending` as `ending_of` gives it. A sheet that is there already is not written again. Raises
    `Refusal` where the disk refuses, or where the file there is not what its name says.
    """
    path = path_of(week, hashlib.sha256(raw).hexdigest(), ending)
    write_once(root, path, raw)
    return root / path


def path_of(week: str, sha256: str, ending: str) -> str:
    """Where a sheet is kept, below the book's folder."""
    return f"{SHEETS}/{week[:4]}/{week[5:]}/{sha256}.{ending}"


def ending_of(name: str, raw: bytes) -> str:
    """The ending to keep a sheet under: its file's own, else by what it is (standard input: csv)."""
    ending = PurePath(name).suffix.removeprefix(".").lower()
    if _ENDING.fullmatch(ending):
        return ending
    return "xlsx" if raw.startswith(_ZIP) else "csv"


def is_below(path: str) -> bool:
    """Whether a path of the book is where only archived sheets are: below `sheets/<year>/`."""
    return _YEAR.fullmatch(path) is not None


def sha256_in(path: str) -> str | None:
    """The digest in an archived sheet's name; None where the path is none of an archived sheet."""
    match = _KEPT.fullmatch(path)
    return match[3] if match and weeks.is_week(f"{match[1]}-{match[2]}") else None


def kept_sheets(root: Path) -> Iterator[str]:
    """The paths of all files below `sheets/<year>/`, in order, but for what a crash left."""
    for year in sorted((root / SHEETS).glob("[0-9][0-9][0-9][0-9]")):
        for path in sorted(year.rglob("*")):
            leftover = path.name.startswith(".") and path.suffix == ".tmp"
            if (path.is_symlink() or not path.is_dir()) and not leftover:
                yield path.relative_to(root).as_posix()


def wrong(root: Path) -> Iterator[Finding]:
    """What is wrong with the archived sheets that are there: bytes of another digest, strays."""
    for path in kept_sheets(root):
        try:
            found = sha256(read_plain(f"{root}/{path}")) if sha256_in(path) else ""
        except NotPlain:
            yield not_plain(path)
            continue
        except OSError as error:
            message = _("can't be read ({reason}); check the file and its permissions")
            yield Finding(path, message=message.format(reason=error.strerror), code="unreadable")
            continue
        yield from wrong_with(path, found)


def sha256(raw: bytes) -> str:
    """The digest that names an archived sheet of these bytes."""
    return hashlib.sha256(raw).hexdigest()


def wrong_with(path: str, found: str) -> Iterator[Finding]:
    """What is wrong with one file below `sheets/<year>/`, by its name and the SHA-256 of its bytes."""
    claimed = sha256_in(path)
    if claimed is None:
        message = _("not an archived sheet of a week; only qibi writes here, move it elsewhere")
        yield Finding(path, message=message, code="stray")
    elif claimed != found:
        message = _("the archived sheet has changed since it was recorded")
        yield Finding(path, message=message, code="sheet-digest", lost="")


def not_plain(path: str) -> Finding:
    """The finding for a link or a device in place of an archived sheet."""
    message = _("not a plain file; an archived sheet is never a link or a folder")
    return Finding(path, message=message, code="sheet-digest")
