"""A score sheet as a workbook: the sheet to fill, the rules, and hidden the lists behind it.

Every text is written as text, never as a formula or a link; the same sheet gives the same bytes.
"""

import io
from collections.abc import Sequence
from datetime import datetime, time
from typing import TYPE_CHECKING, Any

from qibi.base import points, weeks
from qibi.base.language import _
from qibi.sheets import made
from qibi.sheets.blank import Blank
from qibi.sheets.blank_grid import grid_page
from qibi.sheets.blank_long import long_page
from qibi.sheets.blank_looks import Looks
from qibi.sheets.blank_page import NAMES, Page, define_lists
from qibi.sheets.blank_rules import Rules, rules_page

if TYPE_CHECKING:
    from xlsxwriter import Workbook


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
