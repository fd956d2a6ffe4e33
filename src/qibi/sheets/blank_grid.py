"""The grid of a score sheet: a row a person."""

from itertools import groupby
from typing import Any

from qibi.base import points
from qibi.base.language import _
from qibi.sheets.blank import Blank, Thing
from qibi.sheets.blank_looks import height, lines
from qibi.sheets.blank_page import (
    LIST,
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

_THING_WIDE = 9.5


def grid_page(page: Page) -> None:
    """A row a person, a column for each direct score and each item chosen."""
    sheet, top = page.sheet, 4
    columns = _grid_columns(page)
    begin(page, columns, top, _grid_hint(sheet))
    first, last = top + 1, top + max(len(sheet.subjects), 1)
    _write_above(page, top)
    deepest = max(lines(c.heading, c.wide) for c in columns)
    page.page.set_row(top, height(deepest))
    write_headings(page, columns, top)
    for number, subject in enumerate(sheet.subjects):
        row = first + number
        page.page.set_row(row, height(lines(subject.shown, columns[1].wide)) + 3)
        page.page.write_number(row, 0, number + 1, page.looks["number"])
        page.page.write_string(row, 1, subject.shown, page.looks["name"])
        for place, column in enumerate(columns[2:], 2):
            thing = _thing_at(sheet, place)
            if thing and subject.kind not in thing.kinds:
                page.page.write_blank(row, place, None, page.looks["closed"])
                continue
            page.page.write_blank(row, place, None, page.looks[column.look])
            if column.rule:
                page.page.data_validation(row, place, row, place, column.rule)
    finish(page, columns, top, last, frozen=2)


def _thing_at(sheet: Blank, place: int) -> Thing | None:
    number = place - 2
    return sheet.things[number] if 0 <= number < len(sheet.things) else None


def _grid_hint(sheet: Blank) -> str:
    parts = [
        _("A row for each person; empty where nothing happened."),
        _("The small line above a heading says what its cells take."),
        _("Note, evidence and who approved go for the whole row."),
        _("Save it and run: qibi score FILE"),
    ]
    return " ".join(parts) if parts[0].isascii() else "".join(parts)


def _grid_columns(page: Page) -> list[SheetColumn]:
    sheet = page.sheet
    away = {**LIST, "source": "=qibi_exempt", "error_type": "warning"}
    return [
        SheetColumn("number", str(WRITTEN["number"]), 5, "number"),
        SheetColumn("subject", str(WRITTEN["subject"]), name_width(sheet), "name"),
        *(
            SheetColumn(
                "thing",
                t.shown,
                _THING_WIDE,
                "count" if t.by_count else "points",
                _thing_rule(t),
            )
            for t in sheet.things
        ),
        SheetColumn("exempt", str(WRITTEN["exempt"]), 9, "pick", away),
        SheetColumn("note", str(WRITTEN["note"]), 20, "text", text_rule()),
        SheetColumn("evidence", str(WRITTEN["evidence"]), 20, "text", text_rule()),
        *person_columns(),
    ]


def _thing_rule(thing: Thing) -> dict[str, Any]:
    """What may stand in a grid's cell: a count, one of the choices, or points within limits."""
    said = {"error_title": _("Not possible"), "error_message": f"{thing.shown}: {thing.rule}"[:255]}
    if thing.by_count:
        limits = {"minimum": 0, "maximum": thing.most}
        return {"validate": "integer", "criteria": "between", **limits, **said}
    if thing.options:
        return {**LIST, "source": [points.to_number(p) for p in thing.options], **said}
    low, high = points.to_number(thing.low), points.to_number(thing.high)
    return {"validate": "decimal", "criteria": "between", "minimum": low, "maximum": high, **said}


def _cell_says(thing: Thing) -> str:
    """What a grid's column takes, for the line above its heading."""
    if thing.by_count:
        said = _("how many days") if thing.per == "day" else _("how many times")
    else:
        said = _("which points") if thing.is_item else _("the score")
    return "\n".join([said, *thing.says])


def _write_above(page: Page, top: int) -> None:
    """Above the headings: which criterion the columns are of, and what their cells take."""
    sheet, looks = page.sheet, page.looks
    place, deepest = 2, 1
    for criterion, things in groupby(sheet.things, key=lambda t: t.criterion):
        name, count = sheet.criteria[criterion], len(list(things))
        deepest = max(deepest, lines(name, _THING_WIDE * count))
        if count > 1:
            page.page.merge_range(top - 2, place, top - 2, place + count - 1, name, looks["over"])
        else:
            page.page.write_string(top - 2, place, name, looks["over"])
        place += count
    said = [_cell_says(t) for t in sheet.things]
    for number, text in enumerate(said):
        page.page.write_string(top - 1, 2 + number, text, looks["rule"])
    page.page.set_row(top - 1, height(max((lines(text, 10.5) for text in said), default=1), 9))
    page.page.set_row(top - 2, height(deepest))
