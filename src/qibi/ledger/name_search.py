"""Where a person is still named after their name is removed from the definitions: what git, the ledger
and the files of a book hold. Nothing is changed here."""

import html
import io
import os
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from qibi.base.findings import Finding
from qibi.book.lookup import Namer
from qibi.book.yaml import parse
from qibi.ledger.batches import LEDGER, Batch
from qibi.ledger.entries import Entry, Exempt, File, Remedy, Score, Task, free_text
from qibi.ledger.git import Git

# What people wrote in a file, whatever its kind: text, YAML with its escapes, workbooks and documents.


MOST_BYTES = (
    64 * 1024 * 1024
)  # of one file, packed or not; what is larger is a recording, not a text
_LOCKED_OR_OLD = b"\xd0\xcf\x11\xe0"  # a workbook with a password, or of Excel 97
_MOST_PARTS = 5000  # of a workbook or document
_ENCODINGS = ("utf-8-sig", "gb18030")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError)
_ENDS = re.compile(r"</(?:\w+:)?(?:si|is|t?c|v|p|row|author|creator|lastModifiedBy)>")
_TAG = re.compile(r"<[^>]*>")
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_CELLS = re.compile(r'[,;\t\r\n"]+')


@dataclass(frozen=True)
class Inside:
    """What a file says: running text, and what is there by itself (scalars, cells).

    Not `whole`: something in it could not be read, so a name may be there unseen.
    """

    texts: tuple[str, ...] = ()
    values: frozenset[str] = frozenset()
    whole: bool = True


def inside(path: str, raw: bytes) -> Inside:
    """What the file at a path says; of pictures and other recordings nothing."""
    if len(raw) > MOST_BYTES:
        return Inside(whole=False)
    if raw.startswith(b"PK\x03\x04"):
        return _inside_archive(raw)
    if raw.startswith(_LOCKED_OR_OLD):
        return Inside(whole=False)
    text = text_of(raw)
    if text is None:
        return Inside()
    texts = [text]
    if "\\u" in text:
        texts.append(_unescaped(text))
    if path.endswith((".yaml", ".yml")):
        document = parse(path, raw)
        if isinstance(document, Finding):
            unfolded = " ".join(text.split())
            return Inside((*texts, unfolded), whole="\\" not in text)
        values = frozenset(_scalars(document.data))
        return Inside((*texts, "\n".join(values)), values)
    cells = _CELLS.split(text) if path.endswith((".csv", ".tsv")) else ()
    return Inside(tuple(texts), frozenset(cells))


def text_of(raw: bytes) -> str | None:
    """The text in these bytes, in an encoding that spreadsheet programs write; None where it is none."""
    for encoding in ("utf-16",) if raw.startswith(_UTF_16) else _ENCODINGS:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _unescaped(text: str) -> str:
    r"""The text with its `\u00eb` as characters, two of which may be one."""
    text = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _scalars(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from _scalars(key)
            yield from _scalars(value)
    elif isinstance(data, list):
        for value in data:
            yield from _scalars(value)


def _inside_archive(raw: bytes) -> Inside:
    """The texts in a workbook or document (a zip of XML), however it cuts and escapes them."""
    texts: list[str] = []
    values: set[str] = set()
    left = MOST_BYTES
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            parts = [i for i in archive.infolist() if i.filename.endswith((".xml", ".rels"))]
            if not 0 < len(parts) <= _MOST_PARTS:
                return Inside(whole=False)
            for info in parts:
                with archive.open(info) as part:
                    unpacked = part.read(left + 1)
                left -= len(unpacked)
                if left < 0:
                    return Inside(tuple(texts), frozenset(values), whole=False)
                xml = unpacked.decode("utf-8", "replace")
                lines = html.unescape(_TAG.sub("", _ENDS.sub("\n", xml)))
                texts += [html.unescape(xml), lines]  # a sheet's name is in a tag
                values.update(lines.split("\n"))
    except _BROKEN:
        return Inside(tuple(texts), frozenset(values), whole=False)  # damaged or locked
    return Inside(tuple(texts), frozenset(values))


_SUBMODULE = "160000"  # the mode of a commit of another repository
_PLACES = 3  # lines named of one file
_AT_ONCE = 32 * 1024 * 1024  # bytes of git's objects held in memory


class Sought:
    """The names of one person, each in whatever form of Unicode, to be found in what people wrote."""

    def __init__(self, bearers: Mapping[str, Iterable[str]], key: str) -> None:
        """`bearers`: every name of the book and the ids that bear it; `key` is the person."""
        self.names = [name for name, ids in bearers.items() if key in ids]
        plain = {_normal(name) for name in bearers}
        mine = frozenset(_normal(name) for name in self.names)
        self._namer = Namer({name: (name,) for name in plain})
        self._alone = frozenset(name for name in mine if not Namer({name: (name,)}))
        self._running = mine - self._alone

    @property
    def alone(self) -> list[str]:
        """The names that can't be told from other words in a text: of one character, or of digits."""
        return [name for name in self.names if _normal(name) in self._alone]

    def in_text(self, text: str) -> frozenset[str]:
        """The names that are in a text."""
        return frozenset(self._running.intersection(self._namer.ids_named(text)))

    def held(self, found: Inside) -> frozenset[str]:
        """The names that a file holds."""
        names = frozenset[str]().union(*map(self.in_text, found.texts))
        values = (_normal(value.strip()) for value in found.values) if self._alone else ()
        return names.union(self._alone.intersection(values))


def _normal(name: str) -> str:
    return unicodedata.normalize("NFC", name)


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
    """How many entries an id is in, and in which weeks."""

    about: int  # it is the subject, or owns a remedy
    by: int  # it recorded, judged or approved
    weeks: tuple[str, ...]
    evidence: tuple[str, ...]  # files that entries about it point to


def entries_of(batches: Iterable[Batch], key: str) -> Entries:
    """The entries that an id is in, voided ones included: they are there all the same."""
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


def lines_naming(batches: Iterable[Batch], sought: Sought) -> list[Place]:
    """The lines of the ledger that hold one of these names: in a note, a measure, a cell or evidence."""
    result = []
    for batch in batches:
        for number, entry in enumerate(batch.entries, 1):
            if sought.in_text(free_text(entry)):
                result.append(Place(batch.path, number))
    return result


def files_naming(
    root: Path, sought: Sought, edited: Mapping[str, bytes]
) -> tuple[list[Place], list[str]]:
    """Where the files of a book hold one of these names, batches and git's own apart; and the paths of
    those too large, or not readable, to be searched whole. `edited` are files as they will be.
    """
    found, unread = [], []
    for path in sorted(_files(root)):
        short = path.relative_to(root).as_posix()
        if sought.in_text(short):
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
        what = inside(short, raw)
        if not what.whole:
            unread.append(short)
        if sought.held(what):
            found += _lines_of(short, raw, sought)
    return found, unread


def _files(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):  # Python 3.11 has no Path.walk
        folders[:] = [f for f in folders if f != ".git"]
        for name in names:
            path = Path(folder) / name
            is_batch = path.suffix == ".jsonl" and path.relative_to(root).parts[0] == LEDGER
            if path.is_file() and not path.is_symlink() and not is_batch:
                yield path


def _lines_of(path: str, raw: bytes, sought: Sought) -> list[Place]:
    """The lines of a file that holds a name; the file alone where no line shows it as it is typed."""
    lines = (text_of(raw) or "").splitlines() if not raw.startswith(b"PK\x03\x04") else []
    numbers = [n for n, line in enumerate(lines, 1) if sought.in_text(line)]
    return [Place(path, n) for n in numbers[:_PLACES]] or [Place(path)]


@dataclass(frozen=True)
class History:
    """What git's history says of a person's names; `unread` are the files that could not be searched,
    `cut_off` is whether older commits are not here at all.
    """

    commits: tuple[Commit, ...]  # the latest first
    unread: tuple[str, ...]
    cut_off: bool


def history_naming(git: Git, sought: Sought) -> History:
    """The commits of all branches and tags that brought a name into a file or took it out, or say it in
    their message, author or the path of a file.
    """
    days = {}
    named = set()
    out = git.demand("log", "--all", "--no-show-signature", "-z", f"--format={_ABOUT}")
    for record in filter(None, out.split("\0")):
        full, day, seconds, about = record.split("\n", 3)
        days[full] = (int(seconds), day)
        if sought.in_text(about):
            named.add(full)
    changes = list(_changes(git, days))
    held: dict[tuple[str, str], frozenset[str]] = {}
    unread = set()
    for path, key, found in contents(git, {(path, k) for _c, path, ids in changes for k in ids}):
        held[path, key] = sought.held(found) if found else frozenset()
        if found is None or not found.whole:
            unread.add(path)
    for commit, path, ids in changes:
        *before, after = (held.get((path, key), frozenset()) for key in ids)
        if any(names != after for names in before) or (_is_new(ids) and sought.in_text(path)):
            named.add(commit)
    latest = sorted(named, key=lambda full: (days[full][0], full), reverse=True)
    return History(
        tuple(Commit(full[:7], days[full][1]) for full in latest),
        tuple(sorted(unread)),
        git.demand("rev-parse", "--is-shallow-repository").strip() == "true",
    )


_ABOUT = "%H%n%cs%n%ct%n%an%n%ae%n%cn%n%ce%n%B"
_Change = tuple[str, str, tuple[str, ...]]  # commit, path, object ids: of each parent, then its own


def _changes(git: Git, commits: Iterable[str]) -> Iterator[_Change]:
    """What each commit did to files; a merge only where it differs from all its parents."""
    out = git.read(
        *("diff-tree", "--stdin", "-r", "-c", "--root", "--raw", "--no-abbrev", "-z"),
        *("--no-renames", "--no-ext-diff", "--no-textconv"),
        given="".join(f"{commit}\n" for commit in commits).encode(),
    )
    commit = ""
    fields = iter(out.decode("utf-8", "surrogateescape").split("\0"))
    for field in fields:
        if not field.startswith(":"):
            commit = field or commit
            continue
        parents = len(field) - len(field.lstrip(":"))
        parts = field.lstrip(":").split(" ")
        modes, ids = parts[: parents + 1], parts[parents + 1 : 2 * parents + 2]
        path = next(fields)
        if _SUBMODULE not in modes:
            yield commit, path, tuple(ids)


def _is_new(ids: tuple[str, ...]) -> bool:
    """Whether a file came or went."""
    return not all(key.strip("0") for key in ids)


def contents(
    git: Git, wanted: Iterable[tuple[str, str]]
) -> Iterator[tuple[str, str, Inside | None]]:
    """Of these paths and object ids: both, and what is in it; None where it is too large, or not here."""
    paths: dict[str, list[str]] = {}
    for path, key in sorted(wanted):
        if key.strip("0"):
            paths.setdefault(key, []).append(path)
    given = "".join(f"{key}\n" for key in paths).encode()
    group: list[str] = []
    size = 0
    for key, line in zip(
        paths, git.read("cat-file", "--batch-check", given=given).splitlines(), strict=True
    ):
        about = line.split()
        if len(about) != 3 or int(about[2]) > MOST_BYTES:  # "missing" stands for kind and size
            yield from ((path, key, None) for path in paths[key])
            continue
        if group and size + int(about[2]) > _AT_ONCE:
            yield from _read(git, group, paths)
            group, size = [], 0
        group.append(key)
        size += int(about[2])
    yield from _read(git, group, paths)


def _read(
    git: Git, keys: list[str], paths: Mapping[str, list[str]]
) -> Iterator[tuple[str, str, Inside | None]]:
    out = git.read("cat-file", "--batch", given="".join(f"{key}\n" for key in keys).encode())
    at = 0
    for key in keys:
        end = out.index(b"\n", at)
        size = int(out[at:end].split()[2])
        raw = out[end + 1 : end + 1 + size]
        at = end + 1 + size + 1
        for path in paths[key]:
            yield path, key, inside(path, raw)
