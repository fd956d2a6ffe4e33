"""Workbooks (.xlsx, and .xlsm that hold no macros), read with calamine once they are known to be safe."""

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from qibi.base.language import _
from qibi.sheets.made import HIDDEN, Made, TooNew, made_from
from qibi.sheets.page import (
    MAX_COLUMNS,
    Page,
    letters,
    refusal,
    refuse_too_large,
    too_much,
    trimmed,
)
from qibi.sheets.parts import (
    Damaged,
    Extent,
    extent,
    is_worksheet,
    string_lengths,
    too_many,
    worksheet_parts,
)

if TYPE_CHECKING:
    from zipfile import ZipFile

    from python_calamine import CalamineSheet

_MAX_UNPACKED = 20_000_000  # of the parts that are read
_MAX_RATIO = 200
_SMALL = 1_000_000  # what unpacks to less is harmless, whatever its ratio
_MAX_PARTS = 5000
_MAX_MERGED = 50_000  # cells in merged ranges, on one worksheet
_ENTRY = b"PK\x01\x02"  # with it each entry of an archive's list begins
_PLAIN = {0, 8}  # stored or deflated; no spreadsheet program packs otherwise
_READ = (".xml", ".rels")  # pictures and files in the file are never unpacked
_MACROS = ("vbaproject.bin", "macrosheets/", "xlmmacro")  # in names of parts, whatever their case
_PLACES = 10  # decimals kept of a number: 0.1 + 0.2 is 0.3

Place = tuple[int, int]
Cell = int | float | str | bool | date | datetime | time | timedelta


def workbook_pages(path: str, raw: bytes, source: str) -> list[Page]:
    """A page for each visible worksheet that holds something; raises `Faults`."""
    import struct
    import zipfile
    import zlib

    broken = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, OSError)
    if raw.count(_ENTRY) > _MAX_PARTS:
        raise too_much(path)
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            _refuse_bad_archive(path, archive)
            copy, left_out = _copied(archive)
        with zipfile.ZipFile(copy) as archive:
            pages = list(_pages(path, copy, source, archive, left_out))
    except (Damaged, *broken):
        message = _("is a damaged workbook; open it in a spreadsheet program and save it again")
        raise refusal(path, message) from None
    if not pages:
        raise refusal(
            path, _("has no visible worksheet that holds anything; fill it in and save it")
        )
    return pages


def _refuse_bad_archive(path: str, archive: "ZipFile") -> None:
    """Refuse what is no workbook, or claims to unpack to far more than a sheet needs."""
    members = archive.infolist()
    names = {member.filename for member in members}
    if len(names) < len(members):
        raise Damaged
    unpacked = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    read = sum(member.file_size for member in members if member.filename.endswith(_READ))
    if read > _MAX_UNPACKED or (unpacked > _SMALL and unpacked > _MAX_RATIO * packed):
        message = _("unpacks to {size} MB; copy the table into a new workbook")
        raise refusal(path, message.format(size=unpacked // 1_000_000))
    if "xl/workbook.xml" not in names:
        raise refusal(
            path, _("is no csv or xlsx; open it in a spreadsheet program and save it as xlsx")
        )
    if any(mark in name.casefold() for name in names for mark in _MACROS):
        raise refusal(path, _("holds macros; save it as xlsx, which has none"))
    if any(member.flag_bits & 1 for member in members):
        raise refusal(path, _("is protected with a password; save a copy without one"))
    if any(member.compress_type not in _PLAIN for member in members):
        raise Damaged


def _copied(archive: "ZipFile") -> tuple[io.BytesIO, frozenset[str]]:
    """The parts that are read, in an archive of our own, where every size is what it seems.

    Also the names of worksheets that hold far too much: they stand there empty.

    Calamine finds and unpacks parts in ways of its own: in an archive made to mislead it would see
    another sheet than the one looked at here, or unpack without end.
    """
    import zipfile

    copy = io.BytesIO()
    left_out = set()
    with zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as clean:
        for member in archive.infolist():
            if member.filename.endswith(_READ):
                with archive.open(member) as part:  # `read()` without a size unpacks all there is
                    content = part.read(member.file_size)
                if len(content) != member.file_size:
                    raise Damaged
                if is_worksheet(content) and too_many(content):
                    left_out.add(member.filename)
                    content = b""
                clean.writestr(zipfile.ZipInfo(member.filename), content)
    return copy, frozenset(left_out)


def _pages(
    path: str, copy: io.BytesIO, source: str, archive: "ZipFile", left_out: frozenset[str]
) -> Iterator[Page]:
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    parts = worksheet_parts(archive)
    lengths = string_lengths(archive)
    visible: list[Page] = []
    hidden: Page | None = None
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(copy.getvalue()))
        for sheet in workbook.sheets_metadata:
            shown = sheet.visible == SheetVisibleEnum.Visible
            ours = not shown and sheet.name == HIDDEN
            if sheet.typ != SheetTypeEnum.WorkSheet or not (shown or ours):
                continue
            part = parts.get(sheet.name, "")
            if part in left_out:
                raise too_much(path, sheet.name)
            reach = extent(archive, part, lengths)
            refuse_too_large(path, reach.rows, reach.columns, sheet.name)
            if reach.excess:
                raise too_much(path, sheet.name)
            page = _page(path, source, workbook.get_sheet_by_name(sheet.name), reach)
            if page and ours:
                hidden = page
            elif page:
                visible.append(page)
    except BaseException as error:  # calamine's own errors, and its panics, which are no Exception
        if type(error).__module__.split(".")[0] in ("python_calamine", "pyo3_runtime"):
            raise Damaged from error
        raise
    fixed = _made(path, hidden)
    yield from (replace(page, made=fixed) for page in visible)


def _made(path: str, hidden: Page | None) -> Made | None:
    try:
        return made_from(hidden.rows) if hidden else None
    except TooNew:
        message = _("was made by a later qibi; take it there, or make it anew: qibi sheet")
        raise refusal(path, message) from None


def _page(path: str, source: str, sheet: "CalamineSheet", reach: Extent) -> Page | None:
    # Sooner than rows are made of cells. Calamine may lay out more of these than hold anything.
    merged = _merged(path, sheet.name, sheet.merged_cell_ranges or [], reach.rows)
    rows = [
        [c if type(c) is str else _text(c) for c in row]
        for row in sheet.to_python(skip_empty_area=False)
    ]
    for (row, column), text in reach.texts.items():
        rows += [[] for _n in range(row + 1 - len(rows))]
        rows[row] += [""] * (column + 1 - len(rows[row]))
        rows[row][column] = rows[row][column] or text
    spread, copied = _fill_merged(rows, merged)
    for number, cells in enumerate(rows):
        for column, text in enumerate(cells):
            if "\0" in text:
                cell = f"{sheet.name}!{letters(column)}{number + 1}"
                raise refusal(path, _("a NUL is in this cell; type it in anew"), cell=cell)
    lines = [trimmed(row) for row in rows]
    while lines and not lines[-1]:
        lines.pop()
    if not lines:
        return None
    numbers = tuple(range(1, len(lines) + 1))
    return Page(
        path, sheet.name, source, tuple(lines), numbers, frozenset(spread), frozenset(copied)
    )


def _merged(path: str, name: str, ranges: list[Any], rows: int) -> list[tuple[Place, Place]]:
    """Merged ranges as far as a table reaches, down to its last row; refuses far more than any sheet has."""
    found = []
    room = _MAX_MERGED
    for (top, left), (bottom, right) in ranges:
        bottom, right = min(bottom, rows - 1), min(right, MAX_COLUMNS - 1)
        if top > bottom or left > right:
            continue
        room -= (bottom - top + 1) * (right - left + 1)
        if room < 0:
            raise too_much(path, name)
        found.append(((top, left), (bottom, right)))
    return found


def _fill_merged(
    rows: list[list[str]], ranges: list[tuple[Place, Place]]
) -> tuple[set[Place], set[Place]]:
    """Write a merged range's text into its cells: those filled to the right, and all filled."""
    spread, copied = set(), set()
    for (top, left), (bottom, right) in ranges:
        text = rows[top][left] if top < len(rows) and left < len(rows[top]) else ""
        if not text.strip():
            continue
        for row in range(top, min(bottom, len(rows) - 1) + 1):
            rows[row] += [""] * (right + 1 - len(rows[row]))
            for column in range(left, right + 1):
                rows[row][column] = text
                if column > left:
                    spread.add((row, column))
                if (row, column) != (top, left):
                    copied.add((row, column))
    return spread, copied


def _text(value: Cell) -> str:
    """A cell's value as a person would type it: `3`, `0.3`, `2026-11-18`, `TRUE`."""
    match value:
        case str():
            return value
        case bool():
            return str(value).upper()
        case float():
            rounded = round(value, _PLACES)
            if rounded == int(rounded):
                return str(int(rounded))
            return format(Decimal(repr(rounded)), "f")
        case datetime():
            text = value.isoformat(" ")
            return text.removesuffix(" 00:00:00")
        case date() | time():
            return value.isoformat()
    return str(value)
