"""A page: one table of text, as it is in a csv or on a worksheet, and where each cell is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qibi.base.findings import Faults, Finding
from qibi.base.language import _

if TYPE_CHECKING:
    from qibi.book.definitions import Layout
    from qibi.sheets.made import Made

MAX_BYTES = 10_000_000
MAX_ROWS = 20_000
MAX_COLUMNS = 300
MAX_CELLS = 500_000  # of the rectangle that holds them all: 20,000 rows of 25, 1,600 of 300
_SHOWN = 200


Place = tuple[int, int]  # row and column, both from 0

# What makes a cell unsafe to take as it is. Whoever reads a cell refuses it for any of these;
# cells that nobody reads may have them.
STRUCK = "struck"  # all of its text is struck out
STRUCK_PART = "struck-part"  # some of its text is struck out; the text of the cell has all of it
RAISED = "raised"  # a superscript or subscript among its characters
UNCALCULATED = "uncalculated"  # a formula that no program has calculated; detail: the formula
ERROR = "error"  # `#N/A` and the like, which is also the text of the cell
LOST_DIGITS = "lost-digits"  # a number of more than 15 digits, of which the last are lost
DATE = "date"  # a number that is shown as a date; the text is the ISO date
ROUNDED = "rounded"  # it shows another number than it holds; detail: the one that it holds
INVISIBLE = "invisible"  # it holds something that its format does not show; detail: what


@dataclass(frozen=True)
class Mark:
    """A reason not to take a cell's text as it is: one of the kinds above."""

    kind: str
    detail: str = ""


@dataclass(frozen=True)
class Picture:
    """A picture that is the content of a cell (not one that floats over the cells)."""

    name: str  # of the file in the workbook: image1.jpeg
    content: bytes


@dataclass(frozen=True)
class Page:
    """One table of text, as a spreadsheet program shows it.

    `name` is the worksheet's, empty for a csv; `source` the digest of the file. `rows` are cut
    after their last cell that holds something; merged cells all hold the text of the range.
    `spread` are those that a merge has filled to the right, `copied` all it has filled. `made` is
    what is fixed in a sheet that qibi made. `numeric` are the cells that hold a number and no text
    (a program drops the `+` that was typed before it). `hidden` says that the page itself is
    hidden. `notices` say what of the file was not read.
    """

    path: str
    name: str
    source: str
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]  # of each row: the line of a csv, the row of a worksheet; from 1
    spread: frozenset[Place] = frozenset()
    copied: frozenset[Place] = frozenset()
    made: "Made | None" = None
    marks: Mapping[Place, tuple[Mark, ...]] = field(default_factory=dict)
    numeric: frozenset[Place] = frozenset()
    pictures: Mapping[Place, Picture] = field(default_factory=dict)
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    hidden: bool = False
    notices: tuple[str, ...] = ()
    layout: "Layout | None" = None  # what the book says on sheets like this one
    meant: Mapping[Place, str] = field(default_factory=dict)  # what a word of the layout stands for

    def cell(self, row: int, column: int) -> str:
        """The text of a cell, or what the layout says that it means; empty beyond the row's end."""
        if self.meant and (row, column) in self.meant:
            return self.meant[row, column]
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

    def reference(self, row: int, column: int) -> str:
        """A cell as an entry names it: `Sheet1!D7`, in a csv the letter of the column and the line."""
        line, cell = self.place(row, column)
        return cell or f"{letters(column)}{line}"

    def written(self, reference: str) -> str:
        """What is written in the cell that an entry names; empty where the page has no such cell."""
        found = re.search(r"([A-Z]+)([0-9]+)$", reference)
        if not found or int(found[2]) not in self.lines:
            return ""
        cells = self.rows[self.lines.index(int(found[2]))]
        column = 0
        for letter in found[1]:
            column = 26 * column + ord(letter) - ord("A") + 1
        return cells[column - 1] if column <= len(cells) else ""

    def shown(self, row: int, *, blanks: bool = True) -> str:
        """A row's cells in one line of text; without `blanks` those that hold something."""
        cells = (" ".join(cell.split()) for cell in self.own(row))
        text = " | ".join(cell for cell in cells if cell or blanks)
        return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"

    def finding(self, row: int, column: int, message: str, heading: str = "") -> Finding:
        """What is wrong with a cell. In a csv, which has no cell names, the heading says which."""
        line, cell = self.place(row, column)
        if not cell and heading:
            message = f"{heading}: {message}"
        number = column + 1 if cell else 0  # keeps a worksheet's findings in the order of the cells
        return Finding(self.path, line, number, message, cell, self.shown(row), order=column + 1)


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
        message = _("has more than {limit} columns; remove those next to the table")
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
