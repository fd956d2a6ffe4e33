"""A page while it is read: what it comes to so far, each row with the place of every field."""

from dataclasses import dataclass, field

from qibi.base.findings import Finding
from qibi.book.definitions import Definitions, Scheme
from qibi.ledger.wish import FIELDS, Wish
from qibi.sheets.headings import SHARED, Column, Heading
from qibi.sheets.page import Page


@dataclass(frozen=True)
class Row:
    """A wish with where it stands: for each field the place and the heading of its cell.

    A field that has no column of its own has the place of the item's cell.
    """

    wish: Wish
    line: int
    places: dict[str, tuple[int, str]]
    heading: dict[str, str]
    row: int  # of the page, from 0
    columns: dict[str, int]  # of the page, from 0


@dataclass
class Reading:
    """What a page comes to: wishes, rows that only name a subject, findings and notices."""

    page: Page
    definitions: Definitions
    week: str
    scheme: Scheme
    heading: Heading
    rows: list[Row] = field(default_factory=list)
    bare: list[Row] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def find(self, row: int, column: Column, message: str) -> None:
        """Note what is wrong with a cell."""
        self.findings.append(self.page.finding(row, column.number, message, column.heading))


def row_of(reading: Reading, row: int, wish: Wish, subject: Column, thing: Column | None) -> Row:
    """A wish with the place of each of its fields; `thing` is the grid's item column."""
    heading, page = reading.heading, reading.page
    item = thing or heading.of("item") or subject
    columns = {}
    for name in FIELDS:
        shared = name in SHARED or not thing
        columns[name] = (heading.of(name) if shared else None) or item
    columns["subject"] = subject
    return Row(
        wish,
        page.lines[row],
        {name: page.place(row, column.number) for name, column in columns.items()},
        {name: column.heading for name, column in columns.items()},
        row,
        {name: column.number for name, column in columns.items()},
    )
