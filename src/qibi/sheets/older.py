"""Binary workbooks (.xls and .et, .xlsb): their values by calamine, how they are shown by a look of our own.

Calamine lays a worksheet out as one rectangle, so two far cells are enough to exhaust memory: how
far the cells reach is seen before. It tells neither errors nor formats, which are in the same
records ([MS-XLS] 2.4, [MS-XLSB] 2.4).
"""

import io
import struct
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from qibi.base.language import _
from qibi.sheets import formats
from qibi.sheets import page as pages
from qibi.sheets.archive import TOO_MANY, Archive, Damaged, damaged, opened
from qibi.sheets.page import (
    DATE,
    ERROR,
    UNCALCULATED,
    Mark,
    Page,
    Place,
    refusal,
    refuse_too_large,
    too_much,
)
from qibi.sheets.worksheet import Look, Worksheet, unread, with_made

BINARY = "xl/workbook.bin"
_PARTS = (".xml", ".rels", ".bin")
_ERRORS = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
}
_ENCRYPTED = "EncryptedPackage"
_FREE = 0xFFFFFFFA  # sector numbers from here on are none
_VISIBLE = 0

Cell = int | float | str | bool | date | datetime | time | timedelta


@dataclass
class _Seen:
    """What the records of one worksheet tell that calamine does not."""

    name: str
    hidden: bool = False
    looks: dict[Place, int] = field(default_factory=dict)  # the styles of cells that hold something
    errors: dict[Place, str] = field(default_factory=dict)
    empty: set[Place] = field(
        default_factory=set
    )  # formulas that give an empty text, or nothing yet
    results: int = 0  # formulas that give something else
    merged: list[tuple[Place, Place]] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    counts: "Counter[str]" = field(default_factory=Counter)


@dataclass
class _Styles:
    """The looks of a workbook's cells, as their records follow each other."""

    codes: dict[int, str] = field(default_factory=dict)
    fonts: list[tuple[bool, bool]] = field(default_factory=list)  # struck, raised
    cells: list[tuple[int, int]] = field(default_factory=list)  # font and format

    def font(self, body: bytes) -> None:
        """A font's record: its switches, and whether it is raised."""
        switches, raised = _two(body, 2), _two(body, 8 if len(body) > 9 else 6)
        self.fonts.append((bool(switches & 8), raised in (1, 2)))

    def looks(self) -> list[Look]:
        """The look of each style, in the order in which cells count them."""
        found = []
        for font, number in self.cells:
            struck, raised = self.fonts[font] if font < len(self.fonts) else (False, False)
            code = self.codes.get(number) or formats.built_in(number)
            found.append(Look(formats.parsed(code), struck, raised))
        return found


def _two(body: bytes, at: int) -> int:
    return int.from_bytes(body[at : at + 2], "little")


def _four(body: bytes, at: int) -> int:
    return int.from_bytes(body[at : at + 4], "little")


# Pages


def _pages(
    path: str, raw: bytes, source: str, sheets: list[_Seen], looks: list[Look], notice: str
) -> list[Page]:
    """The worksheets' values by calamine, with what their records tell; raises `Faults`."""
    from python_calamine import CalamineWorkbook, SheetTypeEnum

    for seen in sheets:
        rows = max((row for row, _column in seen.looks), default=-1) + 1
        columns = max((column for _row, column in seen.looks), default=-1) + 1
        refuse_too_large(path, rows, columns, seen.name)
    calculated = any(seen.results for seen in sheets)
    by_name = {seen.name: seen for seen in sheets}
    found = []
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(raw))
        for metadata in workbook.sheets_metadata:
            known = by_name.get(metadata.name)
            if metadata.typ != SheetTypeEnum.WorkSheet:
                continue
            if known is None:
                raise Damaged
            rows_of = workbook.get_sheet_by_name(metadata.name).to_python(skip_empty_area=False)
            sheet = _filled(path, known, rows_of, looks, calculated)
            notices = (notice, *unread(known.counts))
            if page := sheet.page(source, known.hidden, notices):
                found.append(page)
    except BaseException as error:  # calamine's own errors, and its panics, which are no Exception
        if type(error).__name__ == "PasswordError":
            raise refusal(
                path, _("is protected with a password; save a copy without one")
            ) from None
        if type(error).__module__.split(".")[0] in ("python_calamine", "pyo3_runtime"):
            raise Damaged from error
        raise
    return with_made(path, found)


def _filled(
    path: str,
    seen: _Seen,
    rows: list[list[Cell]],
    looks: list[Look],
    calculated: bool,
) -> Worksheet:
    sheet = Worksheet(path, seen.name)
    sheet.merged = seen.merged
    sheet.hidden_rows, sheet.hidden_columns = seen.hidden_rows, seen.hidden_columns
    for row, cells in enumerate(rows):
        for column, value in enumerate(cells):
            here = (row, column)
            at = seen.looks.get(here, -1)
            look = looks[at] if 0 <= at < len(looks) else Look()
            text, marks = _shown(value, look)
            if here in seen.errors:
                text, marks = seen.errors[here], (Mark(ERROR),)
            elif here in seen.empty and not calculated:
                text, marks = "=", (Mark(UNCALCULATED, "="),)
            elif isinstance(value, (int, float)) and not isinstance(value, bool):
                sheet.numeric.add(here)
            if text.strip():
                marks += look.marks
            sheet.count(len(text))
            sheet.put(here, text, marks)
    return sheet


def _shown(value: Cell, look: Look) -> tuple[str, tuple[Mark, ...]]:
    """A value as it is shown, and why its text may not be taken as it is."""
    match value:
        case str():
            shown = formats.text_shown(value, look.form)
        case bool():
            return str(value).upper(), ()
        case int() | float():
            try:
                number = formats.number_of(repr(value))
            except formats.NoNumber:
                raise Damaged from None
            shown = formats.number_shown(number, look.form)
        case datetime():
            return value.isoformat(" ").removesuffix(" 00:00:00"), (Mark(DATE),)
        case date() | time():
            return value.isoformat(), (Mark(DATE),)
        case _:
            return str(value), (Mark(DATE),)
    return shown.text, shown.marks


# .xls and .et


def open_xls(path: str, raw: bytes, source: str) -> list[Page]:
    """A page for each worksheet that holds something, hidden ones as well; raises `Faults`."""
    try:
        if _ENCRYPTED.encode("utf-16-le") in raw:
            raise refusal(path, _("is protected with a password; save a copy without one"))
        streams = _streams(raw)
        if "_VBA_PROJECT_CUR" in streams:
            raise refusal(path, _("holds macros; save it as xlsx, which has none"))
        if "WordDocument" in streams:
            message = _(
                "is a text document (Word); copy its table into a sheet and save it as xlsx"
            )
            raise refusal(path, message)
        if "PowerPoint Document" in streams:
            message = _("is a presentation; copy its table into a sheet and save it as xlsx")
            raise refusal(path, message)
        name = next((name for name in ("Workbook", "Book") if name in streams), "")
        if not name:
            message = _("is not csv or xlsx; open it in a spreadsheet program and save it as xlsx")
            raise refusal(path, message)
        records = streams[name]()
        sheets, styles, starts = _xls_sheets(path, records)
        safe = _compound(name, _without_sizes(records, starts))
        notice = _(
            "in an .xls text that is partly struck out can't be detected; pictures in cells are not read"
        )
        return _pages(path, safe, source, sheets, styles.looks(), notice)
    except (Damaged, struct.error, IndexError, ValueError):
        raise damaged(path) from None


def _streams(raw: bytes) -> dict[str, Callable[[], bytes]]:
    """The streams of a compound file ([MS-CFB]), by their names; raises `Damaged`."""
    shift, mini_shift = _two(raw, 30), _two(raw, 32)
    if shift not in (9, 12) or not 0 < mini_shift < shift:
        raise Damaged
    size, mini_size = 1 << shift, 1 << mini_shift
    most = len(raw) // size + 1

    def sector(number: int) -> bytes:
        return raw[(number + 1) * size : (number + 2) * size]

    def numbers(part: bytes) -> tuple[int, ...]:
        return struct.unpack(f"<{len(part) // 4}I", part[: len(part) // 4 * 4])

    def chain(first: int, table: tuple[int, ...]) -> Iterator[int]:
        for _n in range(max(most, len(table)) + 1):
            if first >= _FREE:
                return
            yield first
            if first >= len(table):
                raise Damaged
            first = table[first]
        raise Damaged

    fat_sectors = list(numbers(raw[76:512]))
    more = _four(raw, 68)
    for _n in range(most):
        if more >= _FREE:
            break
        part = numbers(sector(more))
        if not part:
            raise Damaged
        fat_sectors += part[:-1]
        more = part[-1]
    fat_sectors = [n for n in fat_sectors if n < most]
    fat = numbers(b"".join([sector(n) for n in dict.fromkeys(fat_sectors)]))

    def whole(first: int) -> bytes:
        return b"".join([sector(n) for n in chain(first, fat)])

    directory = whole(_four(raw, 48))
    entries = [directory[n : n + 128] for n in range(0, len(directory) - 127, 128)]
    if not entries:
        raise Damaged
    cutoff = _four(raw, 56)

    def stream(entry: bytes) -> bytes:
        first, length = _four(entry, 116), _four(entry, 120)
        if length > len(raw):
            raise Damaged
        if length >= cutoff:
            return whole(first)[:length]
        mini_fat = numbers(whole(_four(raw, 60))) if _four(raw, 60) < _FREE else ()
        body = whole(_four(entries[0], 116))
        pieces = [body[n * mini_size : (n + 1) * mini_size] for n in chain(first, mini_fat)]
        return b"".join(pieces)[:length]

    found: dict[str, Callable[[], bytes]] = {}
    for entry in entries:
        length = min(_two(entry, 64), 64)
        if entry[66] and length > 2:
            name = entry[: length - 2].decode("utf-16-le", "replace")
            found.setdefault(name, lambda entry=entry: stream(entry))  # type: ignore[misc]  # mypy and the default
    return found


def _compound(name: str, stream: bytes) -> bytes:
    """A compound file of one stream, where everything is what it seems.

    Calamine takes the sizes in a file at their word, and room for as much.
    """
    size = 4096
    stream = stream.ljust(size, b"\0")  # smaller ones are elsewhere
    count = -(-len(stream) // size)
    tables = -(-(count + 2) // (size // 4 - 1))
    end, free, table = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
    first = tables + 1
    fat = [table] * tables + [end] + list(range(first + 1, first + count)) + [end]
    fat += [free] * (tables * size // 4 - len(fat))
    head = struct.pack(
        "<8s16xHHHHH6x9I",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        *(0x3E, 4, 0xFFFE, 12, 6),
        *(1, tables, tables, 0, size, end, 0, end, 0),
    )
    head += struct.pack("<109I", *range(tables), *[free] * (109 - tables))

    def entry(name: str, kind: int, child: int, start: int, length: int) -> bytes:
        text = name.encode("utf-16-le") + b"\0\0"
        links = (free, free, child)
        return struct.pack("<64sHBB3I36xIQ", text, len(text), kind, 1, *links, start, length)

    directory = entry("Root Entry", 5, 1, first, size) + entry(name, 2, free, first, len(stream))
    return b"".join(
        (
            head.ljust(size, b"\0"),
            struct.pack(f"<{len(fat)}I", *fat),
            directory.ljust(size, b"\0"),
            stream.ljust(count * size, b"\0"),
        )
    )


def _without_sizes(records: bytes, starts: list[int]) -> bytes:
    """The records without the size that worksheets say they have: nobody needs it."""
    changed = bytearray(records)
    for at in starts:
        for _n in range(2 * TOO_MANY):
            if at + 4 > len(records):
                break
            kind, length = struct.unpack_from("<HH", records, at)
            if kind == 0x0200 and length in (10, 14):
                places = "<HHHHH" if length == 10 else "<IIHHH"
                changed[at + 4 : at + 4 + length] = struct.pack(places, 0, 1, 0, 1, 0)
            if kind == 0x0A and not length:
                break
            at += 4 + length
    return bytes(changed[: len(records)])


def _records(path: str, raw: bytes, at: int = 0) -> Iterator[tuple[int, bytes]]:
    """The records of a stream from a place on: their kinds and bodies."""
    for _n in range(2 * TOO_MANY):
        if at + 4 > len(raw):
            return
        kind, length = struct.unpack_from("<HH", raw, at)
        yield kind, raw[at + 4 : at + 4 + length]
        at += 4 + length
    raise too_much(path)


def _xls_sheets(path: str, raw: bytes) -> tuple[list[_Seen], _Styles, list[int]]:
    styles = _Styles()
    found: list[tuple[int, _Seen]] = []
    wide = True  # BIFF 8, with texts in two bytes a letter
    for kind, body in _records(path, raw):
        if kind == 0x0809:
            wide = _two(body, 0) >= 0x600
        elif kind == 0x0A:
            break
        elif kind == 0xFC and _four(body, 4) > len(raw):  # calamine makes room for as many texts
            raise Damaged
        elif kind == 0x2F:
            raise refusal(path, _("is protected with a password; save a copy without one"))
        elif kind == 0x31:
            if len(styles.fonts) == 4:  # number 4 is never there
                styles.fonts.append((False, False))
            styles.font(body)
        elif kind == 0x041E:
            styles.codes[_two(body, 0)] = _xls_text(body[2:], wide, 2 if wide else 1)
        elif kind == 0xE0:
            styles.cells.append((_two(body, 0), _two(body, 2)))
        elif kind == 0x85:
            if body[5] == 1:
                raise refusal(path, _("holds macros; save it as xlsx, which has none"))
            if body[5] == 0:
                seen = _Seen(_xls_text(body[6:], wide, 1), body[4] & 3 != _VISIBLE)
                found.append((_four(body, 0), seen))
    for start, seen in found:
        _scan_xls(path, raw, start, seen)
    return [seen for _start, seen in found], styles, [start for start, _seen in found]


def _xls_text(body: bytes, wide: bool, size: int) -> str:
    """A text with its length in front; BIFF 8 says whether each letter takes two bytes."""
    length = int.from_bytes(body[:size], "little")
    if not wide:
        return body[size : size + length].decode("gb18030", "replace")
    if body[size] & 1:
        return body[size + 1 : size + 1 + 2 * length].decode("utf-16-le", "replace")
    return body[size + 1 : size + 1 + length].decode("latin-1")


def _scan_xls(path: str, raw: bytes, start: int, seen: _Seen) -> None:
    depth = 0
    for kind, body in _records(path, raw, start):
        if kind == 0x0809:  # a chart within the sheet begins so, too
            depth += 1
        elif kind == 0x0A:
            depth -= 1
            if not depth:
                return
        elif depth != 1:
            continue
        elif kind in (0x0203, 0x027E, 0xFD, 0x0204, 0xD6, 0x0205, 0x06, 0x0206, 0x0406):
            here = (_two(body, 0), _two(body, 2))
            seen.looks[here] = _two(body, 4)
            if kind == 0x0205 and len(body) > 7 and body[7]:
                seen.errors[here] = _ERRORS.get(body[6], "#")
            elif kind in (0x06, 0x0206, 0x0406):
                text = _two(body, 12) == 0xFFFF
                if text and body[6] == 2:
                    seen.errors[here] = _ERRORS.get(body[8], "#")
                if text and body[6] == 3:
                    seen.empty.add(here)
                else:
                    seen.results += 1
        elif kind == 0xBD:
            row, first = _two(body, 0), _two(body, 2)
            for n in range((len(body) - 6) // 6):
                seen.looks[row, first + n] = _two(body, 4 + 6 * n)
        elif kind == 0x0208 and _two(body, 12) & 0x20:
            seen.hidden_rows.add(_two(body, 0))
        elif kind == 0x7D and (_two(body, 8) & 1 or not _two(body, 4)):
            last = min(_two(body, 2) + 1, pages.MAX_COLUMNS)
            seen.hidden_columns.update(range(_two(body, 0), last))
        elif kind == 0xE5:
            for n in range(min(_two(body, 0), len(body) // 8)):
                top, bottom, left, right = struct.unpack_from("<4H", body, 2 + 8 * n)
                seen.merged.append(((top, left), (bottom, right)))
        elif kind == 0x1C:
            seen.counts["comment"] += 1
        elif kind == 0x5D and _two(body, 4) in (6, 8):
            seen.counts["picture" if _two(body, 4) == 8 else "text"] += 1


# .xlsb


def open_xlsb(path: str, raw: bytes, source: str) -> list[Page]:
    """A page for each worksheet that holds something, hidden ones as well; raises `Faults`."""
    with opened(path, raw, _PARTS) as archive:
        relations = archive.relations(BINARY)
        styles = _Styles()
        part = next((t for k, t in relations.values() if k == "styles"), "xl/styles.bin")
        if part in archive:
            _read_styles(path, archive.read(part), styles)
        sheets = []
        for kind, body in _binary(path, archive.read(BINARY)):
            if kind == 156:  # BrtBundleSh
                key, end = _text(body, 8)
                name, _end = _text(body, end)
                seen = _Seen(name, bool(_four(body, 0)))
                relation, target = relations.get(key, ("", ""))
                if relation == "worksheet":
                    _scan_xlsb(path, archive.read(target), seen)
                    sheets.append(seen)
        notice = _(
            "in an .xlsb text that is partly struck out can't be detected; comments and pictures are not read"
        )
        return _pages(path, _copied(archive), source, sheets, styles.looks(), notice)


def _copied(archive: Archive) -> bytes:
    """The parts that are read, in an archive of our own, where every size is what it seems.

    Calamine finds and unpacks parts in ways of its own: in an archive made to mislead it would see
    another sheet than the one looked at here, or unpack without end.
    """
    copy = io.BytesIO()
    with zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as clean:
        for name in archive:
            if name.endswith(_PARTS):
                clean.writestr(zipfile.ZipInfo(archive.spelt(name)), archive.read(name))
    return copy.getvalue()


def _binary(path: str, raw: bytes) -> Iterator[tuple[int, bytes]]:
    """The records of a part: their kinds and bodies."""
    at = 0
    for _n in range(2 * TOO_MANY):
        if at >= len(raw):
            return
        kind = raw[at]
        at += 1
        if kind & 0x80:
            kind = (kind & 0x7F) | (raw[at] & 0x7F) << 7
            at += 1
        length = 0
        for n in range(4):
            byte = raw[at]
            at += 1
            length |= (byte & 0x7F) << 7 * n
            if not byte & 0x80:
                break
        yield kind, raw[at : at + length]
        at += length
    raise too_much(path)


def _text(body: bytes, at: int) -> tuple[str, int]:
    """A text with its length in front, and where it ends."""
    end = at + 4 + 2 * _four(body, at)
    return body[at + 4 : end].decode("utf-16-le", "replace"), end


def _read_styles(path: str, raw: bytes, styles: _Styles) -> None:
    within = False
    for kind, body in _binary(path, raw):
        if kind in (617, 618):  # BrtBeginCellXFs, BrtEndCellXFs
            within = kind == 617
        elif kind == 43:  # BrtFont
            styles.fonts.append((bool(_two(body, 2) & 8), _two(body, 6) in (1, 2)))
        elif kind == 44:  # BrtFmt
            styles.codes[_two(body, 0)] = _text(body, 2)[0]
        elif kind == 47 and within:  # BrtXF
            styles.cells.append((_two(body, 4), _two(body, 2)))


def _scan_xlsb(path: str, raw: bytes, seen: _Seen) -> None:
    row = 0
    for kind, body in _binary(path, raw):
        if kind == 0:  # BrtRowHdr
            row = _four(body, 0)
            if len(body) > 11 and body[11] & 0x10:
                seen.hidden_rows.add(row)
        elif 2 <= kind <= 11:  # a cell that holds something
            here = (row, _four(body, 0))
            seen.looks[here] = int.from_bytes(body[4:7], "little")
            if kind in (3, 11):
                seen.errors[here] = _ERRORS.get(body[8], "#")
            if kind >= 8:
                seen.results += 1
        elif kind == 60 and (_two(body, 16) & 1 or not _four(body, 8)):  # BrtColInfo
            last = min(_four(body, 4) + 1, pages.MAX_COLUMNS)
            seen.hidden_columns.update(range(min(_four(body, 0), last), last))
        elif kind == 176:  # BrtMergeCell
            top, bottom, left, right = struct.unpack_from("<4I", body)
            seen.merged.append(((top, left), (bottom, right)))
