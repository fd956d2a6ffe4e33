"""A workbook's own XML, looked at before its cells are read.

Calamine lays a worksheet out as one rectangle, so two far cells are enough to exhaust memory and
abort the process; it also gives an empty text for `#N/A` and for a formula that nobody has yet
calculated, and what was meant would be lost in silence. Both are seen here.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.parsers import expat

if TYPE_CHECKING:
    from zipfile import ZipFile

_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_WORKBOOK = "xl/workbook.xml"
_RELATIONS = "xl/_rels/workbook.xml.rels"


class Damaged(Exception):
    """The XML is not what a spreadsheet program writes."""


@dataclass
class Extent:
    """How far the cells that hold something reach, and the texts that calamine leaves out."""

    rows: int = 0
    columns: int = 0
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
            found[given.get("name", "")] = relations.get(given.get("id", ""), "")

    for part, start in ((_RELATIONS, relation), (_WORKBOOK, sheet)):
        _parse(_bytes(archive, part), start)
    return found


def extent(archive: "ZipFile", part: str) -> Extent:
    """How far a worksheet reaches; raises `Damaged`."""
    scan = _Scan()
    _parse(_bytes(archive, part), scan.start, scan.end, scan.text)
    return scan.extent


def _bytes(archive: "ZipFile", part: str) -> bytes:
    try:
        return archive.read(part)
    except KeyError:
        raise Damaged from None


class _Scan:
    """Follows the cells of one worksheet, with or without references."""

    def __init__(self) -> None:
        self.extent = Extent()
        self.row = 0
        self.column = 0
        self.kind = ""
        self.texts = {"f": "", "v": "", "t": ""}
        self.seen: set[str] = set()
        self.within = ""

    def start(self, tag: str, given: dict[str, str]) -> None:
        if tag == "row":
            self.row = _number(given.get("r", str(self.row + 1)))
            self.column = 0
        elif tag == "c":
            self.column += 1
            if "r" in given:
                self.row, self.column = _position(given["r"])
            self.kind = given.get("t", "")
            self.texts = {"f": "", "v": "", "t": ""}
            self.seen = set()
        elif tag in self.texts:
            self.within = tag
            self.seen.add(tag)

    def text(self, data: str) -> None:
        if self.within:
            self.texts[self.within] += data

    def end(self, tag: str) -> None:
        self.within = ""
        if tag != "c" or not self.seen:
            return
        value, formula = self.texts["v"], self.texts["f"]
        left_out = ""
        if self.kind == "e":
            left_out = value or "#"
        elif "f" in self.seen and not value and self.kind != "str":
            left_out = f"={formula}"
        if left_out:
            self.extent.texts[self.row - 1, self.column - 1] = left_out
        self.extent.rows = max(self.extent.rows, self.row)
        self.extent.columns = max(self.extent.columns, self.column)


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
) -> None:
    """Run through XML by the local names of its tags and attributes; raises `Damaged`.

    A document type is refused, and entities with it: no spreadsheet program writes one.
    """

    def refuse(*_given: object) -> None:
        raise Damaged

    def started(tag: str, given: dict[str, str]) -> None:
        start(_local(tag), {_local(key): value for key, value in given.items()})

    def ended(tag: str) -> None:
        if end:
            end(_local(tag))

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = started
    parser.EndElementHandler = ended
    if text:
        parser.CharacterDataHandler = text
    try:
        parser.Parse(raw, True)
    except expat.ExpatError as error:
        raise Damaged from error


def _local(name: str) -> str:
    return name.rsplit(" ", 1)[-1]
