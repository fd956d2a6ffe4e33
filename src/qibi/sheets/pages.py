"""A page: one table of text, as it stands in a csv or on a worksheet, and where each cell is."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qibi.base.findings import Faults, Finding
from qibi.base.language import _

if TYPE_CHECKING:
    from qibi.sheets.made import Made

MAX_BYTES = 10_000_000
MAX_ROWS = 20_000
MAX_COLUMNS = 300
MAX_CELLS = 500_000  # of the rectangle that holds them all: 20,000 rows of 25, 1,600 of 300
_SHOWN = 200


@dataclass(frozen=True)
class Page:
    """One table. `name` is the worksheet's, empty for a csv; `source` the digest of the file.

    `rows` are cut after their last cell that holds something; merged cells all hold the text of
    the range. `spread` are those that a merge has filled to the right, `copied` all it has filled.
    `made` is what is fixed in a sheet that qibi made.
    """

    path: str
    name: str
    source: str
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]  # of each row: the line of a csv, the row of a worksheet; from 1
    spread: frozenset[tuple[int, int]] = frozenset()
    copied: frozenset[tuple[int, int]] = frozenset()
    made: "Made | None" = None

    def cell(self, row: int, column: int) -> str:
        """The text of a cell; empty beyond the row's end."""
        cells = self.rows[row]
        return cells[column] if column < len(cells) else ""

    def own(self, row: int) -> tuple[str, ...]:
        """A row's cells, empty where only a merge to the right has filled them."""
        if not self.spread:
            return self.rows[row]
        return tuple(
            "" if (row, n) in self.spread else text for n, text in enumerate(self.rows[row])
        )

    def place(self, row: int, column: int) -> tuple[int, str]:
        """The line of a cell, and on a worksheet its name (`Sheet1!D7`)."""
        line = self.lines[row]
        return line, f"{self.name}!{letters(column)}{line}" if self.name else ""

    def shown(self, row: int) -> str:
        """A row's cells in one line of text."""
        text = " | ".join(" ".join(cell.split()) for cell in self.own(row))
        return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"

    def finding(self, row: int, column: int, message: str, heading: str = "") -> Finding:
        """What is wrong with a cell. In a csv, which has no cell names, the heading says which."""
        line, cell = self.place(row, column)
        if not cell and heading:
            message = f"{heading}: {message}"
        number = column + 1 if cell else 0  # keeps a worksheet's findings in the order of the cells
        return Finding(self.path, line, number, message, cell, self.shown(row))


def letters(column: int) -> str:
    """The letters of a column counted from 0: `A`, `Z`, `AA`."""
    text = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(ord("A") + rest) + text
    return text


def refusal(path: str, message: str, line: int = 0, cell: str = "") -> Faults:
    """What is raised to refuse a whole file: this one finding."""
    return Faults([Finding(path, line, message=message, cell=cell)])


def refuse_too_large(path: str, rows: int, columns: int, place: str = "") -> None:
    """Raises `Faults` for a table with too many rows or columns, or cells in all."""
    where = f"{place}: " if place else ""
    if rows > MAX_ROWS:
        message = _("has more than {limit} rows; split it, or remove the rows below the table")
        raise refusal(path, where + message.format(limit=MAX_ROWS))
    if columns > MAX_COLUMNS:
        message = _("has more than {limit} columns; remove those beside the table")
        raise refusal(path, where + message.format(limit=MAX_COLUMNS))
    if rows * columns > MAX_CELLS:
        raise too_much(path, place)


def too_much(path: str, place: str = "") -> Faults:
    """What is raised to refuse a table that nobody can have written by hand."""
    where = f"{place}: " if place else ""
    return refusal(path, where + _("holds far too much; leave only the table of scores in it"))


def trimmed(cells: list[str]) -> tuple[str, ...]:
    """The cells without outer blanks, up to the last that holds something."""
    end = len(cells)
    while end and (not cells[end - 1] or cells[end - 1].isspace()):
        end -= 1
    return tuple([cell.strip() for cell in cells[:end]])
