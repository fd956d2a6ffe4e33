"""Where a person still stands after their name is taken out of the definitions: what git, the ledger
and the files of a book hold. Nothing is changed here."""

import io
import os
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from qibi.book.naming import LEAST, Namer
from qibi.ledger.batches import LEDGER, Batch
from qibi.ledger.entries import Entry, Exempt, File, Remedy, Score, Task
from qibi.ledger.git import Git

MOST_BYTES = 64 * 1024 * 1024  # of one file; what is larger is a recording, not a text
_ENCODINGS = ("utf-8-sig", "gb18030")
_PLACES = 3  # lines named of one file


class Place(msgspec.Struct, frozen=True, order=True):
    """A file of the book that holds a name, and in which line; 0 where it is no text of lines."""

    path: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.path}:{self.line}" if self.line else self.path


class Commit(msgspec.Struct, frozen=True):
    """A commit by which a name came into git or went, or that bears it itself."""

    id: str
    day: str


@dataclass(frozen=True)
class Entries:
    """How many entries an id stands in, and in which weeks."""

    about: int  # it is the subject, or owns a remedy
    by: int  # it recorded, judged or approved
    weeks: tuple[str, ...]
    evidence: tuple[str, ...]  # files that entries about it point to


def entries_of(batches: Iterable[Batch], key: str) -> Entries:
    """The entries that an id stands in, voided ones included: they are there all the same."""
    about = by = 0
    weeks: set[str] = set()
    evidence: set[str] = set()
    for batch in batches:
        for entry in batch.entries:
            is_about, is_by = _is_about(entry, key), _is_by(entry, key)
            about, by = about + is_about, by + (is_by and not is_about)
            if is_about or is_by:
                weeks.add(entry.week)
            if is_about and isinstance(entry, Score | Remedy):
                evidence.update(e.path for e in entry.evidence if isinstance(e, File))
    return Entries(about, by, tuple(sorted(weeks)), tuple(sorted(evidence)))


def _is_about(entry: Entry, key: str) -> bool:
    if isinstance(entry, Remedy) and entry.owner == key:
        return True
    return isinstance(entry, Score | Exempt | Task | Remedy) and entry.subject == key


def _is_by(entry: Entry, key: str) -> bool:
    if isinstance(entry, Score) and key in (entry.scored_by, entry.approved_by):
        return True
    return entry.recorded_by == key


def lines_naming(batches: Iterable[Batch], namer: Namer, key: str) -> list[Place]:
    """The lines of the ledger that hold a name of this id: in a note, a measure or evidence."""
    found = []
    for batch in batches:
        for number, entry in enumerate(batch.entries, 1):
            evidence = [
                e.path if isinstance(e, File) else e for e in getattr(entry, "evidence", ())
            ]
            texts = [getattr(entry, "note", ""), getattr(entry, "measure", ""), *evidence]
            if key in namer.whose("\n".join(texts)):
                found.append(Place(batch.path, number))
    return found


def files_naming(
    root: Path, namer: Namer, key: str, edited: Mapping[str, bytes]
) -> tuple[list[Place], list[str]]:
    """Where the files of a book hold a name of this id, batches and git's own apart; and the paths of
    those too large, or not readable, to be searched. `edited` are files as they will be.
    """
    found, unread = [], []
    for path in sorted(_files(root)):
        short = path.relative_to(root).as_posix()
        if key in namer.whose(short):
            found.append(Place(short))
        try:
            raw = edited.get(short)
            if raw is None:
                if path.stat().st_size > MOST_BYTES:
                    unread.append(short)
                    continue
                raw = path.read_bytes()
        except OSError:
            unread.append(short)
            continue
        found += _lines_of(short, raw, namer, key)
    return found, unread


def _files(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):  # Python 3.11 has no Path.walk
        folders[:] = [f for f in folders if f != ".git"]
        for name in names:
            path = Path(folder) / name
            is_batch = path.suffix == ".jsonl" and path.relative_to(root).parts[0] == LEDGER
            if path.is_file() and not path.is_symlink() and not is_batch:
                yield path


def _lines_of(path: str, raw: bytes, namer: Namer, key: str) -> list[Place]:
    if raw.startswith(b"PK\x03\x04"):
        held = any(key in namer.whose(_text(part) or "") for part in _parts(raw))
        return [Place(path)] if held else []
    text = _text(raw)
    if text is None or key not in namer.whose(text):
        return []
    lines = [n for n, line in enumerate(text.splitlines(), 1) if key in namer.whose(line)]
    return [Place(path, n) for n in lines[:_PLACES]]


def _text(raw: bytes) -> str | None:
    for encoding in _ENCODINGS:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _parts(raw: bytes) -> Iterator[bytes]:
    """The texts inside a workbook or document (a zip of XML), none larger than a file may be."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            for info in archive.infolist():
                if info.filename.endswith((".xml", ".rels")):
                    with archive.open(info) as part:
                        yield part.read(MOST_BYTES)
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, ValueError):
        return  # damaged or locked: nobody reads a name there


def commits_naming(git: Git, names: Iterable[str]) -> list[Commit]:
    """The commits of all branches and tags that brought a name in, took it out, or say it in their
    message or author; the latest first.
    """
    found: dict[str, Commit] = {}
    for name in names:
        if len(name) < LEAST:
            continue
        for search in (f"-S{name}", f"--grep={name}", f"--author={name}", f"--committer={name}"):
            out = git.demand(
                "log",
                "--all",
                "--no-show-signature",
                "--no-textconv",
                "--no-ext-diff",
                "--fixed-strings",
                "--format=%H %cs %ct",
                search,
            )
            for line in out.splitlines():
                full, day, seconds = line.split()
                found[f"{int(seconds):020d} {full}"] = Commit(full[:7], day)
    return [found[key] for key in sorted(found, reverse=True)]
