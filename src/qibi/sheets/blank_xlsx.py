"""A score sheet as a workbook: looks, lists, the long form, the grid and the rules."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import groupby
from typing import TYPE_CHECKING, Any

from qibi.base import points, weeks
from qibi.base.language import _, current
from qibi.base.text import width
from qibi.book.words import UNITS
from qibi.sheets import made
from qibi.sheets.blank import Blank, Line, Thing
from qibi.sheets.headings import WRITTEN
from qibi.sheets.page import letters

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet


A4 = 9
_FONTS = {"zh": "Microsoft YaHei", "en": "Calibri"}
_DARK, _RULE, _LIGHT, _SHADE, _AMBER = "#1F3A5F", "#A6B1BF", "#EEF2F7", "#E3E3E3", "#FFE699"
_LINE = 16.5  # points of height of a line of text

_STYLES: dict[str, dict[str, Any]] = {
    "title": {"bold": True, "font_size": 15, "font_color": _DARK},
    "hint": {"font_color": "#555555", "text_wrap": True, "valign": "top"},
    "head": {
        "bold": True,
        "font_color": "#FFFFFF",
        "bg_color": _DARK,
        "align": "center",
        "text_wrap": True,
        "border": 1,
    },
    "over": {
        "bold": True,
        "bg_color": _LIGHT,
        "font_color": _DARK,
        "align": "center",
        "text_wrap": True,
        "border": 1,
    },
    "rule": {
        "font_size": 9,
        "bg_color": _LIGHT,
        "font_color": "#555555",
        "align": "center",
        "text_wrap": True,
        "border": 1,
    },
    "number": {"font_color": "#777777", "bg_color": _LIGHT, "align": "center", "border": 1},
    "name": {"bold": True, "bg_color": _LIGHT, "border": 1},
    "said": {
        "font_size": 9,
        "font_color": "#555555",
        "bg_color": _LIGHT,
        "text_wrap": True,
        "border": 1,
    },
    "closed": {"bg_color": _SHADE, "border": 1},
    "text": {"locked": False, "text_wrap": True, "border": 1},
    "pick": {"locked": False, "text_wrap": True, "border": 1},
    "count": {"locked": False, "align": "center", "num_format": "0", "border": 1},
    "points": {"locked": False, "align": "center", "num_format": "General", "border": 1},
    "date": {"locked": False, "align": "center", "num_format": "yyyy-mm-dd", "border": 1},
    "missing": {"bg_color": _AMBER},
    "section": {"bold": True, "font_size": 12, "font_color": _DARK},
    "label": {"font_color": "#555555", "valign": "top"},
    "wrapped": {"text_wrap": True, "valign": "top"},
    "cell": {"text_wrap": True, "border": 1},
    "middle": {"text_wrap": True, "border": 1, "align": "center"},
}


class Looks:
    """The formats of one workbook, each made once."""

    def __init__(self, book: "Workbook") -> None:
        self._book, self._made = book, dict[str, Any]()

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            plain = {} if name == "missing" else {"font_name": _FONTS[current()], "font_size": 10.5}
            plain |= {} if name == "missing" else {"valign": "vcenter", "border_color": _RULE}
            self._made[name] = self._book.add_format(plain | _STYLES[name])
        return self._made[name]


def set_paper(
    page: "Worksheet", title: str, book_name: str, repeat: tuple[int, int] | None
) -> None:
    """A4 across, as wide as the sheet, headings on each page, who it is in header and footer."""
    page.set_landscape()
    page.set_paper(A4)
    page.fit_to_pages(1, 0)
    page.set_margins(left=0.5, right=0.5, top=0.75, bottom=0.7)
    page.center_horizontally()
    if repeat:
        page.repeat_rows(*repeat)
    book_name, title = book_name.replace("&", "&&"), title.replace("&", "&&")
    page.set_header(f"&L&9{_cut(book_name)}&R&9{_cut(title)}")


def _cut(text: str) -> str:
    """Excel takes 255 characters of a header in all, and no digit right behind a font's size."""
    text = text[:90]
    return f" {text}" if text[:1].isdigit() else text


def lines(text: str, across: float) -> int:
    """About how many lines a text takes in a column so many characters wide."""
    room = max(int(across) - 1, 2)
    return sum(max(1, -(-width(part) // room)) for part in text.split("\n"))


def height(count: int, size: float = 10.5) -> float:
    """The height of a row with so many lines of text."""
    return round(max(count, 1) * _LINE * size / 10.5 + 3, 2)


_LONGEST = 500  # characters of a cell
# The workbook's names for the lists on the hidden worksheet. Excel takes formulas that point to
# another worksheet everywhere by name only.
NAMES = {
    "subjects": made.SUBJECTS,
    "items": made.ITEMS,
    "scorers": made.SCORERS,
    "approvers": made.APPROVERS,
    "exempt": made.EXEMPT,
}
TABLE = "qibi_rules"  # from the items' texts to what each of them is worth
TABLE_WIDE = 8
LIST = {"validate": "list", "ignore_blank": True}


@dataclass(frozen=True)
class Page:
    """What a page is made with."""

    book: "Workbook"
    page: "Worksheet"
    looks: Looks
    sheet: Blank


@dataclass(frozen=True)
class SheetColumn:
    """A column of the sheet: its field, heading, width, look, and what may be in it."""

    field: str
    heading: str
    wide: float
    look: str
    rule: dict[str, Any] | None = None


def define_lists(book: "Workbook", counts: Mapping[str, int]) -> None:
    """Name the lists of a workbook, so many lines being in each."""
    for name, column in NAMES.items():
        book.define_name(f"qibi_{name}", _range(column, 1, counts[name]))
    book.define_name(TABLE, _range(made.ITEMS, TABLE_WIDE, counts["items"]))


def _range(column: int, wide: int, count: int) -> str:
    first, last = made.FIRST_ROW + 1, made.FIRST_ROW + max(count, 1)
    until = letters(column + wide - 1)
    return f"='{made.HIDDEN}'!${letters(column)}${first}:${until}${last}"


def person_columns() -> list[SheetColumn]:
    """Who judged and who approved: offered, but others may be named too."""
    other = {
        "error_type": "warning",
        "error_title": _("Not in the list"),
        "error_message": _("It must be a scorer of the scheme or a member, by name or id."),
    }
    return [
        SheetColumn(
            "scored_by",
            str(WRITTEN["scored_by"]),
            11,
            "pick",
            {**LIST, **other, "source": "=qibi_scorers"},
        ),
        SheetColumn(
            "approved_by",
            str(WRITTEN["approved_by"]),
            11,
            "pick",
            {**LIST, **other, "source": "=qibi_approvers"},
        ),
    ]


def name_width(sheet: Blank) -> float:
    """Room for most names; the longest take two lines."""
    longest = max((width(s.shown) for s in sheet.subjects), default=0)
    return min(max(longest + 2, 12), 20)


def text_rule() -> dict[str, Any]:
    return {
        "validate": "length",
        "criteria": "<=",
        "value": _LONGEST,
        "error_message": _("longer than 500 characters; shorten it"),
    }


def begin(page: Page, columns: Sequence[SheetColumn], top: int, hint: str) -> None:
    """Title and hint, and how wide the columns are."""
    for place, column in enumerate(columns):
        page.page.set_column(place, place, column.wide)
    last = len(columns) - 1
    page.page.set_row(0, 27)
    page.page.write_string(0, 0, page.sheet.title, page.looks["title"])
    across = sum(c.wide for c in columns)
    page.page.merge_range(1, 0, 1, last, hint, page.looks["hint"])
    page.page.set_row(1, height(lines(hint, across)))


def write_headings(page: Page, columns: Sequence[SheetColumn], top: int) -> None:
    for place, column in enumerate(columns):
        page.page.write_string(top, place, column.heading, page.looks["head"])


def finish(
    page: Page, columns: Sequence[SheetColumn], top: int, last: int, frozen: int = 3
) -> None:
    """Lock what is not to be written over, hold the headings in sight, set the paper."""
    sheet, worksheet = page.sheet, page.page
    allowed = ("format_columns", "format_rows", "insert_rows", "delete_rows", "sort", "autofilter")
    worksheet.protect("", dict.fromkeys(allowed, True))
    worksheet.freeze_panes(top + 1, frozen)
    worksheet.set_zoom(100)
    worksheet.hide_gridlines(2)
    set_paper(worksheet, sheet.title, sheet.book_name, (top if sheet.form == "long" else 2, top))
    signed = _("Filled in by: {line}    Checked by: {line}").format(line="_" * 16)
    worksheet.set_footer(f"&L&9{signed}&R&9&P / &N")
    worksheet.print_area(0, 0, last, len(columns) - 1)
    worksheet.set_selection(top + 1, 1, top + 1, 1)


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
                "error_message": _("The item does not allow that; its rule is in the last column."),
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
    """The result of the formula next to a filled row; a spreadsheet calculates it again."""
    return next((t.rule for t in sheet.things if line and t.shown == line.item), "")


def _tallest(columns: Sequence[SheetColumn], line: Line | None) -> int:
    if line is None:
        return 1
    texts = [(str(getattr(line, c.field, "") or ""), c.wide) for c in columns]
    return max(lines(text, across) for text, across in texts)


def _write(page: Page, row: int, place: int, column: SheetColumn, line: Line | None) -> None:
    """A cell that is filled in by hand, with what is in it already."""
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
        _("Note, evidence and who approved apply to the whole row."),
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
    """What may be in a grid's cell: a count, one of the choices, or points within limits."""
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
        said = _(UNITS[thing.per or "count"].how_many)
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


_WIDTHS = (30, 20, 9, 16, 9, 34, 42)  # item, points, cap, scorer, evidence, excludes, origin
_CENTRED = (2, 4)


@dataclass(frozen=True)
class Heading:
    """A line of the rules that is alone: the scheme, or a criterion with what goes for it."""

    text: str


@dataclass(frozen=True)
class Table:
    """Rows under headings; where there are none, a word and what is to say on it in each row."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


Rules = Sequence[Heading | Table]


def rules_page(page: "Worksheet", looks: Looks, sheet: Blank, rules: Rules) -> None:
    """Write the rules; all of it is locked."""
    for place, wide in enumerate(_WIDTHS):
        page.set_column(place, place, wide)
    row = 0
    for part in rules:
        if isinstance(part, Table):
            write = _write_table if part.headings else _write_facts
            row = write(page, looks, part, row)
        else:
            look = "title" if row == 0 else "section"
            page.merge_range(row, 0, row, len(_WIDTHS) - 1, part.text, looks[look])
            page.set_row(row, 27 if row == 0 else height(lines(part.text, sum(_WIDTHS) / 1.2), 12))
            row += 1
    page.protect("", {"format_columns": True, "format_rows": True})
    page.hide_gridlines(2)
    set_paper(page, sheet.title, sheet.book_name, None)
    page.set_footer("&R&9&P / &N")
    page.print_area(0, 0, max(row - 1, 0), len(_WIDTHS) - 1)


def _write_facts(page: "Worksheet", looks: Looks, table: Table, row: int) -> int:
    """A word and what is to say on it, over all the other columns; the row behind them."""
    for label, text in table.rows:
        page.write_string(row, 0, label, looks["label"])
        page.merge_range(row, 1, row, len(_WIDTHS) - 1, text, looks["wrapped"])
        page.set_row(row, height(lines(text, sum(_WIDTHS[1:]))))
        row += 1
    return row


def _write_table(page: "Worksheet", looks: Looks, table: Table, row: int) -> int:
    for place, text in enumerate(table.headings):
        page.write_string(row, place, text, looks["over"])
    for cells in table.rows:
        row += 1
        for place, text in enumerate(cells):
            page.write_string(row, place, text, looks["middle" if place in _CENTRED else "cell"])
        page.set_row(row, height(max(lines(t, w) for t, w in zip(cells, _WIDTHS, strict=False))))
    return row + 1


def workbook(sheet: Blank, rules: Rules) -> bytes:
    """The bytes of an xlsx file."""
    import xlsxwriter

    out = io.BytesIO()
    as_text = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(out, as_text)
    made_on = datetime.combine(weeks.monday(sheet.week), time())
    book.set_properties({"title": sheet.title, "author": "qibi", "created": made_on})
    looks = Looks(book)
    front = book.add_worksheet(_("Scores"))
    page = Page(book, front, looks, sheet)
    (grid_page if sheet.form == "grid" else long_page)(page)
    rules_page(book.add_worksheet(_("Rules")), looks, sheet, rules)
    _hidden(book, sheet)
    front.activate()
    book.close()
    return out.getvalue()


def _hidden(book: "Workbook", sheet: Blank) -> None:
    """The facts that the sheet is checked by when it comes back, and the lists of its dropdowns."""
    page = book.add_worksheet(made.HIDDEN)
    facts = (sheet.book, sheet.week, sheet.branch, sheet.scheme, sheet.form)
    known = [(made.MARK, made.VERSION), *zip(made.FACTS, facts, strict=True)]
    for row, (name, value) in enumerate(known):
        page.write_string(row, 0, name)
        page.write_string(row, 1, value)
    lists: dict[int, Sequence[Sequence[Any]]] = {
        made.SUBJECTS: [(p.shown, p.id) for p in sheet.subjects],
        made.ITEMS: [
            (
                t.shown,
                t.id,
                points.to_number(t.low),
                points.to_number(t.high),
                t.most if t.per else 1,
                int(t.evidence),
                int(t.is_item and sheet.second_from is not None),
                t.rule,
            )
            for t in sheet.things
        ]
        + [
            (word, "", 0, 0, 0, 0, 0, _("no points; the reason in the note"))
            for word in sheet.exempt
        ],
        made.SCORERS: [(p.shown, p.id) for p in sheet.scorers],
        made.APPROVERS: [(p.shown, p.id) for p in sheet.approvers],
        made.EXEMPT: [(word,) for word in sheet.exempt],
    }
    define_lists(book, {name: len(lists[column]) for name, column in NAMES.items()})
    for column, rows in lists.items():
        for number, cells in enumerate(rows):
            for across, value in enumerate(cells):
                write = page.write_string if isinstance(value, str) else page.write_number
                write(made.FIRST_ROW + number, column + across, value)
    page.protect()
    page.hide()
