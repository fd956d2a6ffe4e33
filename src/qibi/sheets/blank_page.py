"""What both forms of a score sheet have in common: title, headings, locks, paper, columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qibi.base.language import _
from qibi.base.text import width
from qibi.sheets import made
from qibi.sheets.blank import Blank
from qibi.sheets.blank_looks import Looks, height, lines, set_paper
from qibi.sheets.headings import WRITTEN
from qibi.sheets.page import letters

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

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
    """A column of the sheet: its field, heading, width, look, and what may stand in it."""

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
