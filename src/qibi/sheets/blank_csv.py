"""A score sheet as csv: title, headings, and a row for each subject or for each event filled in."""

import csv
import io
from typing import Any

from qibi.base import points
from qibi.sheets.blank import Blank, Line
from qibi.sheets.delimited import ESCAPED
from qibi.sheets.headings import WRITTEN

_FIELDS = (
    "subject",
    "item",
    "count",
    "points",
    "date",
    "evidence",
    "scored_by",
    "approved_by",
    "note",
)


def csv_bytes(sheet: Blank) -> bytes:
    """UTF-8 with the mark that Excel needs."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    rows = _grid(sheet) if sheet.form == "grid" else _long(sheet)
    writer.writerows([[_safe(value) for value in row] for row in [[sheet.title], *rows]])
    return out.getvalue().encode("utf-8-sig")


def _long(sheet: Blank) -> list[list[Any]]:
    headings = [str(WRITTEN[name]) for name in _FIELDS]
    lines = sheet.lines or [Line(subject.shown, "") for subject in sheet.subjects]
    return [headings, *([_value(line, name) for name in _FIELDS] for line in lines)]


def _value(line: Line, name: str) -> Any:
    value = getattr(line, name)
    if value is None:
        return ""
    return points.to_number(value) if name == "points" else value


def _grid(sheet: Blank) -> list[list[Any]]:
    behind = ("exempt", "note", "evidence", "scored_by", "approved_by")
    headings = [str(WRITTEN["subject"]), *(t.shown for t in sheet.things)]
    headings += [str(WRITTEN[name]) for name in behind]
    return [headings, *([s.shown] for s in sheet.subjects)]


def _safe(value: Any) -> Any:
    """Text that a spreadsheet would take for a formula gets an apostrophe; it is read without."""
    return f"'{value}" if isinstance(value, str) and ESCAPED.match(f"'{value}") else value
