"""The rules page of a score sheet: the scheme as `qibi rules` prints it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qibi.sheets.blank import Blank
from qibi.sheets.blank_looks import Looks, height, lines, set_paper

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

_WIDTHS = (30, 20, 9, 16, 9, 34, 42)  # item, points, cap, scorer, evidence, excludes, origin
_CENTRED = (2, 4)


@dataclass(frozen=True)
class Heading:
    """A line of the rules that stands alone: the scheme, or a criterion with what goes for it."""

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
