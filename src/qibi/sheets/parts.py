"""A workbook's own XML, looked at before its cells are read.

Calamine lays a worksheet out as one rectangle, so two far cells are enough to exhaust memory and
abort the process; it also gives an empty text for `#N/A` and for a formula that nobody has yet
calculated, and what was meant would be lost in silence. Both are seen here.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.parsers import expat

from qibi.sheets import page as pages

if TYPE_CHECKING:
    from zipfile import ZipFile

_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_WORKBOOK = "xl/workbook.xml"
_STRINGS = "xl/sharedStrings.xml"
TOO_MANY = 300_000  # elements of a worksheet: two for a cell that holds something
TOO_LONG = 2_000_000  # characters in all cells of a worksheet together
_CELLS = "sheetData"  # the element that holds the cells
_PIECE = 1 << 18  # bytes looked at a time
_RELATIONS = "xl/_rels/workbook.xml.rels"


class Damaged(Exception):
    """The XML is not what a spreadsheet program writes."""


@dataclass
class Extent:
    """How far the cells that hold something reach, and the texts that calamine leaves out."""

    rows: int = 0
    columns: int = 0
    excess: bool = False  # more in it than anyone writes on a sheet of scores
    texts: dict[tuple[int, int], str] = field(default_factory=dict)


def worksheet_parts(archive: "ZipFile") -> dict[str, str]:
    """Worksheet name: the part of the archive that holds it; raises `Damaged`."""
    relations: dict[str, str] = {}
    found: dict[str, str] = {}

    def relation(tag: str, given: dict[str, str]) -> None:
        if tag == "Relationship":
            target = given.get("Target", "")
            relations[given.get("Id", "")] = (
                target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            )

    def sheet(tag: str, given: dict[str, str]) -> None:
        if tag == "sheet":
            key = next((v for k, v in given.items() if k.endswith(":id")), "")
            found[given.get("name", "")] = relations.get(key, "")

    for part, start in ((_RELATIONS, relation), (_WORKBOOK, sheet)):
        _parse(_bytes(archive, part), start)
    return found


def extent(archive: "ZipFile", part: str, lengths: list[int]) -> Extent:
    """How far a worksheet reaches, `lengths` being those of the shared strings; raises `Damaged`.

    Looks no further than `TOO_LONG` characters; `Extent.excess` says so.
    """
    scan, raw = _Scan(lengths), _bytes(archive, part)
    # What follows the only table of cells is parsed, and not looked at: twenty thousand merges, say.
    last = _CELLS if raw.count(_CELLS.encode()) <= 2 else ""
    with suppress(_Enough):
        _parse(raw, scan.start, scan.end, scan.text, last)
    return scan.extent


def string_lengths(archive: "ZipFile") -> list[int]:
    """The length of each string that cells share; raises `Damaged`."""
    if _STRINGS not in archive.namelist():
        return []
    scan, raw = _Strings(), _bytes(archive, _STRINGS)
    if too_many(raw):
        raise Damaged
    _parse(raw, scan.start, scan.end, scan.text)
    return scan.lengths


def too_many(raw: bytes) -> bool:
    """Whether a part's XML has more than `TOO_MANY` elements, or as many characters written as `&...;`.

    Counting takes a hundredth of the time of parsing.
    """
    elements = escaped = 0
    for start in range(0, len(raw), _PIECE):
        end = start + _PIECE
        elements += raw.count(b"<", start, end) - raw.count(b"</", start, end + 1)
        escaped += raw.count(b"&", start, end)
        if max(elements, escaped) > TOO_MANY:
            return True
    return False


def is_worksheet(raw: bytes) -> bool:
    """Whether a part's XML can be a worksheet's."""
    return _CELLS.encode() in raw


def _bytes(archive: "ZipFile", part: str) -> bytes:
    try:
        return archive.read(part)
    except KeyError:
        raise Damaged from None


class _Enough(Exception):
    """What has been seen is too much already."""


class _Strings:
    """Measures the shared strings."""

    def __init__(self) -> None:
        self.lengths: list[int] = []
        self.within = False

    def start(self, tag: str, _given: dict[str, str]) -> None:
        if tag == "si":
            self.lengths.append(0)
        self.within = tag == "t"

    def text(self, data: str) -> None:
        if self.within and self.lengths:
            self.lengths[-1] += len(data)

    def end(self, _tag: str) -> None:
        self.within = False


class _Scan:
    """Follows the cells of one worksheet, with or without references."""

    def __init__(self, lengths: list[int]) -> None:
        self.extent = Extent()
        self.lengths = lengths
        self.length = 0  # of all texts so far
        self.row = 0
        self.column = 0
        self.kind = ""
        self.texts: dict[str, list[str]] = {"f": [], "v": [], "t": []}
        self.seen: set[str] = set()
        self.within = ""

    def start(self, tag: str, given: dict[str, str]) -> None:
        if tag == "row":
            self.row = _number(given["r"]) if "r" in given else self.row + 1
            self.column = 0
        elif tag == "c":
            self.column += 1
            if "r" in given:
                self.row, self.column = _position(given["r"])
            self.kind = given.get("t", "")
            self.texts = {"f": [], "v": [], "t": []}
            self.seen = set()
        elif tag in self.texts:
            self.within = tag
            self.seen.add(tag)

    def text(self, data: str) -> None:
        if self.within:
            self.texts[self.within].append(data)
            self._count(len(data))

    def end(self, tag: str) -> None:
        self.within = ""
        if tag != "c" or not self.seen:
            return
        value = "".join(self.texts["v"])
        left_out = ""
        if self.kind == "e":
            left_out = value or "#"
        elif self.kind == "s" and value.isdecimal():
            number = int(value) if len(value) < 10 else len(self.lengths)
            self._count(self.lengths[number] if number < len(self.lengths) else 0)
        elif "f" in self.seen and not value and self.kind != "str":
            left_out = "=" + "".join(self.texts["f"])
        if left_out:
            self.extent.texts[self.row - 1, self.column - 1] = left_out
        self.extent.rows = max(self.extent.rows, self.row)
        self.extent.columns = max(self.extent.columns, self.column)
        if self.extent.rows > pages.MAX_ROWS or self.extent.columns > pages.MAX_COLUMNS:
            raise _Enough

    def _count(self, length: int) -> None:
        self.length += length
        if self.length > TOO_LONG:
            self.extent.excess = True
            raise _Enough


def _number(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,6}", text):
        raise Damaged
    return int(text)


def _position(reference: str) -> tuple[int, int]:
    found = _REFERENCE.fullmatch(reference)
    if not found:
        raise Damaged
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - ord("A") + 1
    return _number(found[2]), column


def _parse(
    raw: bytes,
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
    last: str = "",
) -> None:
    """Run through XML by the local names of its tags, up to the end of the `last` one; raises `Damaged`.

    What follows has to be XML all the same. A document type is refused, and entities with it: no spreadsheet program writes one.
    """

    def refuse(*_given: object) -> None:
        raise Damaged

    def started(tag: str, given: dict[str, str]) -> None:
        start(tag.rpartition(":")[2], given)

    def ended(tag: str) -> None:
        name = tag.rpartition(":")[2]
        if end:
            end(name)
        if name == last:
            parser.StartElementHandler = None
            parser.EndElementHandler = None
            parser.CharacterDataHandler = None

    # UTF-8 whatever it declares, as calamine has it: two readers must not see two sheets.
    parser = expat.ParserCreate("UTF-8")
    parser.buffer_text = True
    parser.buffer_size = 1 << 16
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = started
    if end:
        parser.EndElementHandler = ended
    if text:
        parser.CharacterDataHandler = text
    try:
        parser.Parse(raw, True)
    except expat.ExpatError as error:
        raise Damaged from error
