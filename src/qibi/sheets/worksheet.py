"""A worksheet while it is read: its cells one by one, then the page that they make."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from qibi.base.findings import Faults
from qibi.base.language import _, many
from qibi.sheets import formats
from qibi.sheets import page as pages
from qibi.sheets.made import HIDDEN, TooNew, made_from
from qibi.sheets.page import (
    INVISIBLE,
    RAISED,
    STRUCK,
    Mark,
    Page,
    Picture,
    Place,
    letters,
    refusal,
    refuse_too_large,
    too_much,
    trimmed,
)

TOO_LONG = 2_000_000  # characters in all cells of a worksheet together
_MAX_MERGED = 50_000  # cells in merged ranges, on one worksheet


_GENERAL = formats.parsed(formats.GENERAL)


@dataclass(frozen=True)
class Look:
    """How the cells of a style look."""

    form: formats.Format = _GENERAL
    struck: bool = False
    raised: bool = False

    @property
    def marks(self) -> tuple[Mark, ...]:
        """The marks of a cell that looks so."""
        return ((Mark(STRUCK),) if self.struck else ()) + ((Mark(RAISED),) if self.raised else ())


@dataclass
class Worksheet:
    """What is on one worksheet, by the places of the cells."""

    path: str
    name: str
    cells: dict[Place, str] = field(default_factory=dict)
    marks: dict[Place, tuple[Mark, ...]] = field(default_factory=dict)
    numeric: set[Place] = field(default_factory=set)
    pictures: dict[Place, Picture] = field(default_factory=dict)
    merged: Iterable[tuple[Place, Place]] = ()
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    length: int = 0  # of all texts

    def cell(self, here: Place) -> str:
        """How a cell is called: `Sheet1!D7`."""
        return f"{self.name}!{letters(here[1])}{here[0] + 1}"

    def count(self, length: int) -> None:
        """Count so many characters more; raises `Faults` where nobody writes as many."""
        self.length += length
        if self.length > TOO_LONG:
            raise too_much(self.path, self.name)

    def put(self, here: Place, text: str, marks: tuple[Mark, ...] = ()) -> None:
        """Record a cell, unless it is blank; raises `Faults` for one that is too far off."""
        if not marks and (not text or text.isspace()):
            return
        row, column = here
        if row >= pages.MAX_ROWS or column >= pages.MAX_COLUMNS:
            raise self._too_far(here, text or marks[0].detail)
        if "\0" in text:
            raise refusal(
                self.path, _("a NUL is in this cell; type it again"), cell=self.cell(here)
            )
        self.cells[here] = text
        if marks:
            self.marks[here] = marks

    def _too_far(self, here: Place, text: str) -> Faults:
        row, column = here
        if row >= pages.MAX_ROWS:
            limit = pages.MAX_ROWS
            message = _(
                "has more than {limit} rows: {cell} holds '{text}'; clear it, or split the table"
            )
        else:
            limit = pages.MAX_COLUMNS
            message = _("has more than {limit} columns: {cell} holds '{text}'; clear it")
        cell, shown = f"{letters(column)}{row + 1}", " ".join(text.split())[:30]
        message = message.format(limit=limit, cell=cell, text=shown)
        return refusal(self.path, message, cell=self.cell(here))

    def refuse_too_large(self) -> None:
        """Raises `Faults` where the rectangle that holds all cells is too large."""
        columns = max((column for _row, column in self.cells), default=-1) + 1
        refuse_too_large(self.path, self._size(), columns, self.name)

    def _size(self) -> int:
        return max((row for row, _column in self.cells), default=-1) + 1

    def page(self, source: str, hidden: bool, notices: Sequence[str] = ()) -> Page | None:
        """The page, with merged cells filled; None where the worksheet holds nothing."""
        size = self._size()
        if not size:
            return None
        rows: list[list[str]] = [[] for _n in range(size)]
        for (row, column), text in sorted(self.cells.items()):
            cells = rows[row]
            cells += [""] * (column - len(cells))
            cells.append(text)
        spread, copied = self._fill_merged(rows, self._ranges(size))
        return Page(
            self.path,
            self.name,
            source,
            tuple([trimmed(row) for row in rows]),
            tuple(range(1, size + 1)),
            frozenset(spread),
            frozenset(copied),
            marks=self.marks,
            numeric=frozenset(self.numeric),
            pictures=self.pictures,
            hidden_rows=frozenset({row for row in self.hidden_rows if row < size}),
            hidden_columns=frozenset(self.hidden_columns),
            hidden=hidden,
            notices=tuple(notices),
        )

    def _ranges(self, rows: int) -> list[tuple[Place, Place]]:
        """Merged ranges as far as a table reaches, down to its last row; refuses far more than any sheet has."""
        found = []
        room = _MAX_MERGED
        for (top, left), (bottom, right) in self.merged:
            bottom, right = min(bottom, rows - 1), min(right, pages.MAX_COLUMNS - 1)
            if top > bottom or left > right:
                continue
            room -= (bottom - top + 1) * (right - left + 1)
            if room < 0:
                raise too_much(self.path, self.name)
            found.append(((top, left), (bottom, right)))
        return found

    def _fill_merged(
        self, rows: list[list[str]], ranges: list[tuple[Place, Place]]
    ) -> tuple[set[Place], set[Place]]:
        """Write a merged range's text into its cells: those filled to the right, and all filled.

        Their marks are those of the first cell. Another text that a covered cell holds is not shown:
        the cell is marked for that.
        """
        spread, copied = set(), set()
        for (top, left), (bottom, right) in ranges:
            text = rows[top][left] if left < len(rows[top]) else ""
            first = (top, left)
            blank = not text.strip()
            for row in range(top, bottom + 1):
                cells = rows[row]
                if not blank:
                    cells += [""] * (right + 1 - len(cells))
                for column in range(left, min(right + 1, len(cells))):
                    here = (row, column)
                    if here == first:
                        continue
                    covered = cells[column].strip()
                    cells[column] = text
                    self.numeric.discard(here)
                    self.pictures.pop(here, None)
                    found = () if blank else self.marks.get(first, ())
                    if covered and covered != text.strip():
                        found += (Mark(INVISIBLE, covered),)
                    if found:
                        self.marks[here] = found
                    else:
                        self.marks.pop(here, None)
                    if blank:
                        continue
                    if first in self.numeric:
                        self.numeric.add(here)
                    if first in self.pictures:
                        self.pictures[here] = self.pictures[first]
                    if column > left:
                        spread.add(here)
                    copied.add(here)
        return spread, copied


def with_made(path: str, found: Iterable[Page]) -> list[Page]:
    """The pages, without the hidden one of qibi, and with what that fixes; raises `Faults`."""
    made, rest = None, []
    for page in found:
        if not page.hidden or page.name != HIDDEN:
            rest.append(page)
            continue
        try:
            made = made_from(page.rows)
        except TooNew:
            message = _("was made by a later qibi; use that, or make a new sheet: qibi sheet")
            raise refusal(path, message) from None
    if not rest:
        raise refusal(path, _("has no visible worksheet with content; fill it in and save it"))
    return [page if page.hidden else replace(page, made=made) for page in rest]


def unread(counts: "Counter[str]") -> list[str]:
    """What of a worksheet is not read, in words: so many comments, pictures and text boxes."""
    said = []
    if count := counts["comment"]:
        text = many("{count} comment is not read", "{count} comments are not read", count)
        said.append(text.format(count=count))
    if count := counts["picture"]:
        text = many(
            "{count} picture floats over the cells and is not read; a picture inside a cell is stored as evidence",
            "{count} pictures float over the cells and are not read; a picture inside a cell is stored as evidence",
            count,
        )
        said.append(text.format(count=count))
    if count := counts["text"]:
        text = many(
            "{count} text box floats over the cells and is not read",
            "{count} text boxes float over the cells and are not read",
            count,
        )
        said.append(text.format(count=count))
    return said
