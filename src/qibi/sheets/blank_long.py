"""The long form of a score sheet: a row an event."""

from collections.abc import Sequence
from datetime import date

from qibi.base import points, weeks
from qibi.base.language import _
from qibi.sheets.blank import Blank, Line
from qibi.sheets.blank_looks import height, lines
from qibi.sheets.blank_page import (
    LIST,
    TABLE,
    Page,
    SheetColumn,
    begin,
    finish,
    name_width,
    person_columns,
    text_rule,
    write_headings,
)
from qibi.sheets.headings import WRITTEN
from qibi.sheets.page import letters

_FREE = points.to_number(points.LIMIT)


def long_page(page: Page) -> None:
    """A row an event: 60 rows or so, each with dropdowns and limits."""
    sheet, top = page.sheet, 2
    columns = _long_columns(page, top + 2)
    begin(page, columns, top, _long_hint(sheet))
    page.page.set_row(top, height(1))
    write_headings(page, columns, top)
    last = top + sheet.rows
    for number in range(sheet.rows):
        row = top + 1 + number
        line = sheet.lines[number] if number < len(sheet.lines) else None
        page.page.write_number(row, 0, number + 1, page.looks["number"])
        for place, column in enumerate(columns[1:], 1):
            if column.field == "rule":
                formula = f'=IFERROR(VLOOKUP($C{row + 1},{TABLE},8,FALSE)&"","")'
                told = _told(sheet, line)
                page.page.write_formula(row, place, formula, page.looks["said"], told)
            else:
                _write(page, row, place, column, line)
        page.page.set_row(row, height(_tallest(columns, line)))
    for place, column in enumerate(columns):
        if column.rule:
            page.page.data_validation(top + 1, place, last, place, column.rule)
    _mark_missing(page, columns, top + 1, last)
    finish(page, columns, top, last)


def _long_hint(sheet: Blank) -> str:
    parts = [
        _("A row for each event; pick the name and the item from the lists."),
        _("Leave the points empty where the rule gives one number; amber cells must be filled."),
        _("Someone on leave: item '{word}', the reason in the note.").format(word=sheet.exempt[0]),
        _("Save it and run: qibi score FILE"),
    ]
    return " ".join(parts) if parts[0].isascii() else "".join(parts)


def _long_columns(page: Page, first: int) -> list[SheetColumn]:
    """The columns of the long form; `first` is the first row that is filled, from 1."""
    sheet = page.sheet
    asked = f"VLOOKUP($C{first},{TABLE},{{}},FALSE)"
    times = f"*MAX(1,N($D{first}))"
    stop = {"error_title": _("Not possible")}
    return [
        SheetColumn("number", str(WRITTEN["number"]), 5, "number"),
        SheetColumn(
            "subject",
            str(WRITTEN["subject"]),
            name_width(sheet),
            "pick",
            {
                **LIST,
                **stop,
                "source": "=qibi_subjects",
                "error_message": _("Pick a name from the list."),
            },
        ),
        SheetColumn(
            "item",
            str(WRITTEN["item"]),
            24,
            "pick",
            {
                **LIST,
                **stop,
                "source": "=qibi_items",
                "error_message": _("Pick an item from the list."),
            },
        ),
        SheetColumn(
            "count",
            str(WRITTEN["count"]),
            7,
            "count",
            {
                "validate": "integer",
                "criteria": "between",
                "minimum": 1,
                "maximum": f"=IFERROR({asked.format(5)},9999)",
                **stop,
                "error_message": _("A whole number from 1; 1 where the item takes no count."),
            },
        ),
        SheetColumn(
            "points",
            str(WRITTEN["points"]),
            8,
            "points",
            {
                "validate": "decimal",
                "criteria": "between",
                "minimum": f"=IFERROR({asked.format(3)}{times},-{_FREE})",
                "maximum": f"=IFERROR({asked.format(4)}{times},{_FREE})",
                **stop,
                "error_message": _(
                    "The item is not worth that; its rule stands in the last column."
                ),
            },
        ),
        SheetColumn(
            "date",
            str(WRITTEN["date"]),
            11.5,
            "date",
            {
                "validate": "date",
                "criteria": "between",
                "minimum": date(2000, 1, 1),
                "maximum": weeks.sunday(sheet.week),
                **stop,
                "error_message": _("A day like 2026-11-18, not after the week has ended."),
            },
        ),
        SheetColumn("evidence", str(WRITTEN["evidence"]), 22, "text", text_rule()),
        *person_columns(),
        SheetColumn("note", str(WRITTEN["note"]), 20, "text", text_rule()),
        SheetColumn("rule", str(WRITTEN["rule"]), 22, "said"),
    ]


def _told(sheet: Blank, line: Line | None) -> str:
    """What the formula beside a filled row comes to; a spreadsheet reckons it anew."""
    return next((t.rule for t in sheet.things if line and t.shown == line.item), "")


def _tallest(columns: Sequence[SheetColumn], line: Line | None) -> int:
    if line is None:
        return 1
    texts = [(str(getattr(line, c.field, "") or ""), c.wide) for c in columns]
    return max(lines(text, across) for text, across in texts)


def _write(page: Page, row: int, place: int, column: SheetColumn, line: Line | None) -> None:
    """A cell that is filled in by hand, with what stands in it already."""
    look = page.looks[column.look]
    value = getattr(line, column.field) if line else None
    if value is None or value == "":
        page.page.write_blank(row, place, None, look)
    elif column.field == "points":
        page.page.write_number(row, place, points.to_number(value), look)
    elif column.field == "count":
        page.page.write_number(row, place, value, look)
    elif column.field == "date":
        page.page.write_datetime(row, place, date.fromisoformat(value), look)
    else:
        page.page.write_string(row, place, value, look)


def _mark_missing(page: Page, columns: Sequence[SheetColumn], first: int, last: int) -> None:
    """Colour what the rules want and nobody has written: evidence, a second person, points."""
    places = {c.field: n for n, c in enumerate(columns)}
    row = first + 1
    asked = f"VLOOKUP($C{row},{TABLE},{{}},FALSE)"
    worth = f"IF(ISNUMBER($E{row}),$E{row},{asked.format(3)}*MAX(1,N($D{row})))"
    limit = points.to_number(page.sheet.second_from or 0)
    wanted = {
        "subject": f"LEN($C{row})>0",
        "item": f"LEN($B{row})*(LEN($D{row})+LEN($E{row})+LEN($G{row}))>0",
        "points": f"IFERROR({asked.format(3)}<>{asked.format(4)},FALSE)",
        "evidence": f"IFERROR({asked.format(6)}=1,FALSE)",
        "approved_by": f"IFERROR(AND({asked.format(7)}=1,ABS({worth})>={limit}),FALSE)",
    }
    for field, when in wanted.items():
        place = places[field]
        cell = f"${letters(place)}{row}"
        page.page.conditional_format(
            first,
            place,
            last,
            place,
            {
                "type": "formula",
                "criteria": f"=AND(LEN({cell})=0,{when})",
                "format": page.looks["missing"],
            },
        )
