"""The lake: which files there are of which book and week, by its `lake.json`.

Files are named by a digest of all that they depend on and never changed. `lake.json` says which of them
count and what they hold, and is replaced as a whole: killed at any moment, a lake is what it was before or
what it is to be. A file that is not what `lake.json` says is damaged, by whatever hand; collecting rewrites
it.
`docs/fleet.md` describes it for those who read it with other tools.
"""

import hashlib
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from qibi.base.findings import Refusal
from qibi.base.language import _
from qibi.base.plain import write_derived
from qibi.base.text import folded
from qibi.book.definitions import Label

FORMAT = 1
MANIFEST = "lake.json"
LOCK = ".lock"
BESIDE = ".new-"  # folders in which files are made, next to those that count
_NAMED = re.compile(r"-[0-9a-f]{16}\.parquet$")
SCHEMES = ("limits", "eligible", "criterion", "item", "exclusion", "scale", "weight")

# Of each table that is partitioned by year and week: its columns, in this order.
COLUMNS: dict[str, dict[str, str]] = {
    "entries": {
        "book": "VARCHAR",
        "iso_week": "VARCHAR",
        "book_week": "VARCHAR",
        "id": "VARCHAR",
        "kind": "VARCHAR",
        "branch": "VARCHAR",
        "subject": "VARCHAR",
        "item": "VARCHAR",
        "points": "BIGINT",
        "entry": "VARCHAR",
        "instant": "BIGINT",
        "batch": "VARCHAR",
        "line": "BIGINT",
    },
    "active": {
        "book": "VARCHAR",
        "iso_week": "VARCHAR",
        "book_week": "VARCHAR",
        "subject": "VARCHAR",
        "kind": "VARCHAR",
        "branch": "VARCHAR",
        "status": "VARCHAR",
        "eligible": "BIGINT",
        "unit": "VARCHAR",
        "member": "VARCHAR",
        "version": "VARCHAR",
    },
    "totals": {
        "book": "VARCHAR",
        "iso_week": "VARCHAR",
        "subject": "VARCHAR",
        "kind": "VARCHAR",
        "total": "BIGINT",
        "veto_total": "BIGINT",
        "exempt": "BIGINT",
    },
    "criteria": {
        "book": "VARCHAR",
        "iso_week": "VARCHAR",
        "subject": "VARCHAR",
        "kind": "VARCHAR",
        "criterion": "VARCHAR",
        "credit": "BIGINT",
    },
}
NAMES = {
    "book": "VARCHAR",
    "subject": "VARCHAR",
    "kind": "VARCHAR",
    "zh": "VARCHAR",
    "en": "VARCHAR",
}


class Name(msgspec.Struct, frozen=True):
    """A name in both languages."""

    zh: str
    en: str

    @classmethod
    def of(cls, label: Label) -> "Name":
        """The same name as definitions have it."""
        return cls(label.zh, label.en)

    def __str__(self) -> str:
        return str(Label(self.zh, self.en))


class Grade(msgspec.Struct, frozen=True):
    """A grade, and the mean (hundredths) from which it is given."""

    id: str
    zh: str
    en: str
    lowest: int = msgspec.field(name="from")


class Criterion(msgspec.Struct, frozen=True):
    """A criterion, and all that it is called: in both languages, written out and short."""

    id: str
    names: tuple[str, ...]


class Grading(msgspec.Struct, frozen=True):
    """Of a scheme version: grades, highest first, alerts, the base of a member's week (hundredths), criteria."""

    grades: tuple[Grade, ...] = ()
    watch: int | None = None
    warn: int | None = None
    base: int | None = None
    criteria: tuple[Criterion, ...] = ()


class Week(msgspec.Struct, frozen=True):
    """A book's week: the scheme in force, whether it was assessed, and the keys of its files.

    The file of a table in `tables` is named by `active` for the table of that name, else by `counted`.
    """

    version: str | None
    held: bool
    active: str
    counted: str
    tables: tuple[str, ...]

    def key(self, table: str) -> str:
        """What names this table's file."""
        return self.active if table == "active" else self.counted


class Refused(msgspec.Struct, frozen=True):
    """What a collect could not take, why, and when that was."""

    source: str
    reason: str
    at: str


class File(msgspec.Struct, frozen=True):
    """What a file holds: its size in bytes, and its SHA-256."""

    size: int
    sha256: str


class Book(msgspec.Struct, frozen=True, kw_only=True):
    """What the lake holds of a book, and of which commit it was proven."""

    source: str
    commit: str
    folder: str | None = (
        None  # in the repository, with a slash at its end; None where it is not known
    )
    seal: str | None  # SHA-256 of the last one
    collected_at: str
    qibi: str
    name: Name
    timezone: str
    names: str
    schemes: str
    scheme_tables: tuple[str, ...]
    grading: dict[str, Grading]
    weeks: dict[str, Week]
    files: dict[str, File] = {}  # path in the lake: what was written there
    stale: Refused | None = None

    def grading_of(self, week: str) -> Grading | None:
        """That of the scheme in force in a week: the latest that began by then."""
        begun = [version for version in self.grading if version <= week]
        return self.grading[max(begun)] if begun else None


class Manifest(msgspec.Struct, frozen=True):
    """`lake.json`."""

    qibi_lake: int = FORMAT
    books: dict[str, Book] = {}
    refused: tuple[Refused, ...] = ()

    @property
    def held(self) -> list[str]:
        """The weeks in which any book was assessed, in order."""
        return sorted({w for b in self.books.values() for w, week in b.weeks.items() if week.held})

    def criteria(self, text: str) -> list[str]:
        """The ids of the criteria of any book that this id or name means."""
        every = [c for b in self.books.values() for g in b.grading.values() for c in g.criteria]
        if any(c.id == text for c in every):
            return [text]
        wanted = folded(text)
        return sorted({c.id for c in every if wanted in map(folded, c.names)})


class Lake:
    """A lake's folder and what its `lake.json` says; raises `Refusal` for one of a newer qibi."""

    def __init__(self, folder: Path, shown: str) -> None:
        self.folder = folder
        self.shown = shown
        self._found: dict[str, File | None] = {}  # of files that were looked at: what they hold
        self._hold(self._read())

    def _hold(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self.recorded = {p: f for b in manifest.books.values() for p, f in b.files.items()}

    def _read(self) -> Manifest:
        path = self.folder / MANIFEST
        try:
            raw = path.read_bytes()
        except FileNotFoundError:
            return Manifest()
        except OSError as error:
            raise Refusal(
                _("{path} can't be read: {reason}").format(
                    path=f"{self.shown}/{MANIFEST}", reason=error.strerror
                ),
                _("check the file and its permissions"),
            ) from None
        try:
            number = msgspec.json.decode(raw, type=_Number).qibi_lake
            if number > FORMAT:
                raise Refusal(
                    _("{lake} was written by a newer qibi").format(lake=self.shown),
                    _("update qibi, or collect into another folder (lake: in fleet.yaml)"),
                )
            return msgspec.json.decode(raw, type=Manifest) if number == FORMAT else Manifest()
        except (msgspec.DecodeError, ValueError):
            raise Refusal(
                _("{path} is damaged").format(path=f"{self.shown}/{MANIFEST}"),
                _("all of the lake is derived: delete it, then qibi fleet collect"),
            ) from None

    def write(self, manifest: Manifest) -> None:
        """Replace `lake.json`, where it would differ."""
        if manifest == self.manifest and (self.folder / MANIFEST).exists():
            return
        write_derived(self.folder / MANIFEST, msgspec.json.encode(manifest) + b"\n")
        self._hold(manifest)

    def sound(self, path: str) -> File | None:
        """What `lake.json` says of a file, where it is so; None where it is not, or where it says nothing.

        The file is read whole, and once only.
        """
        text = self.recorded.get(path)
        if text and path not in self._found:
            self._found[path] = file_at(self.folder / path)
        return text if text and self._found[path] == text else None

    def whole(self, key: str, book: Book) -> bool:
        """Whether all files of a book are here, and none of them is known to be damaged."""
        return all(
            self.sound(path) if path in self.recorded else (self.folder / path).exists()
            for path in paths_of(key, book)
        )

    def refuse_damaged(self, files: Iterable[Path]) -> None:
        """Raises `Refusal` where a file is gone, or has another size than it was written with."""
        for file in files:
            path = file.relative_to(self.folder).as_posix()
            text = self.recorded.get(path)
            try:
                size = file.stat().st_size
            except OSError:
                message = _("{path} is missing")
            else:
                if text is None or text.size == size:
                    continue
                message = _("{path} is damaged")
            raise Refusal(message.format(path=f"{self.shown}/{path}"), repair_advice())

    def files(
        self, table: str, weeks: Iterable[str], books: Iterable[str] | None = None
    ) -> list[Path]:
        """The files of a table for some weeks, of all books or of some."""
        asked = list(weeks)
        return [
            self.folder / week_path(table, week, key, found.key(table))
            for key in sorted(self.manifest.books if books is None else books)
            for week in asked
            if (found := self.manifest.books[key].weeks.get(week)) and table in found.tables
        ]

    def scheme_files(self, table: str) -> list[Path]:
        """The files of one of the tables that hold schemes, of all books."""
        return [
            self.folder / scheme_path(table, key, book.schemes)
            for key, book in sorted(self.manifest.books.items())
            if table in book.scheme_tables
        ]

    def name_files(self) -> list[Path]:
        """The files of names, of all books."""
        return [
            self.folder / names_path(key, book.names)
            for key, book in sorted(self.manifest.books.items())
        ]

    def read_for(self, weeks: Iterable[str], recompute: bool) -> list[Path]:
        """The files that a ranking of some weeks may read; `recompute`: by all entries."""
        asked = list(weeks)
        tables = [table for table in COLUMNS if recompute or table != "entries"]
        return [
            *(file for table in tables for file in self.files(table, asked)),
            *(file for table in SCHEMES if recompute for file in self.scheme_files(table)),
            *self.name_files(),
        ]

    def refuse_what_is_none(self) -> None:
        """Raises `Refusal` where the folder holds other things: a lake removes files that it does not know."""
        if (self.folder / MANIFEST).exists() or not self.folder.is_dir():
            return
        ours = {*COLUMNS, "schemes", "names", LOCK}
        others = [p.name for p in sorted(self.folder.iterdir()) if p.name not in ours]
        if foreign := [name for name in others if not name.startswith(".")]:
            raise Refusal(
                _("{lake} holds other things: {name}").format(lake=self.shown, name=foreign[0]),
                _("name a folder of its own for the lake (lake: in fleet.yaml)"),
            )

    def sweep(self) -> int:
        """Remove every file of a lake that `lake.json` does not name; how many there were."""
        wanted = {self.folder / p for k, b in self.manifest.books.items() for p in paths_of(k, b)}
        gone = 0
        for top in (*COLUMNS, "schemes", "names"):
            for path in sorted((self.folder / top).rglob("*"), reverse=True):
                if path.is_dir():
                    if not any(path.iterdir()):
                        path.rmdir()
                elif path not in wanted and _NAMED.search(path.name):
                    path.unlink()
                    gone += 1
        for folder in self.folder.glob(f"{BESIDE}*"):
            shutil.rmtree(folder, ignore_errors=True)
        return gone


class _Number(msgspec.Struct):
    qibi_lake: int


def file_at(path: Path) -> File | None:
    """What a file holds; None where it can't be read."""
    try:
        with path.open("rb") as raw:
            digest = hashlib.file_digest(raw, "sha256")
            return File(raw.tell(), digest.hexdigest())
    except OSError:
        return None


def repair_advice() -> str:
    """What helps where a file is damaged or gone."""
    return _("qibi fleet collect rewrites it")


def week_path(table: str, week: str, book: str, key: str) -> str:
    """Where a book's week is in the lake."""
    return f"{table}/year={week[:4]}/week={week[5:]}/{book}-{key}.parquet"


def scheme_path(table: str, book: str, key: str) -> str:
    """Where one of the tables of a book's schemes is in the lake."""
    return f"schemes/{table}/{book}-{key}.parquet"


def names_path(book: str, key: str) -> str:
    """Where a book's names are in the lake."""
    return f"names/{book}-{key}.parquet"


def paths_of(key: str, book: Book) -> Iterator[str]:
    """All files of a book."""
    yield names_path(key, book.names)
    for table in book.scheme_tables:
        yield scheme_path(table, key, book.schemes)
    for week, found in book.weeks.items():
        for table in found.tables:
            yield week_path(table, week, key, found.key(table))
