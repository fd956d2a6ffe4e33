"""What a command passes on to be shown: blocks for people, a payload for JSON, a table for CSV."""

import csv
import io
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from qibi.base.text import visible, width

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.table import Table


class Cell(NamedTuple):
    """Text with a style that Rich knows: `bold`, `red`, `dim`."""

    text: str
    style: str = ""


@dataclass(frozen=True)
class Column:
    """A column of a grid. `wraps`: long text goes on below; else the column takes what it needs."""

    title: str
    right: bool = False
    wraps: bool = False


@dataclass(frozen=True)
class Grid:
    """Rows under headings. Ambiguous-width characters may be in the last column only."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[str | Cell]]
    headed: bool = True
    indent: int = 0


T = TypeVar("T")


@dataclass(frozen=True)
class Field(Generic[T]):
    """One fact of a row, described once for all formats.

    `value` is what programs read, under `key` in JSON and in CSV; CSV may have a heading of its own.
    People see `shown`, else the value as text, under `heading`. A field is in no JSON without `json`,
    in no CSV where `csv` is empty, in neither without a value, and in no table without a heading.
    An `optional` column is only there where a row has something in it.
    """

    key: str
    value: Callable[[T], Any] | None = None
    heading: str | None = None
    shown: Callable[[T], str | Cell] | None = None
    csv: str | None = None
    json: bool = True
    right: bool = False
    wraps: bool = False
    optional: bool = False

    def cell(self, row: T) -> str | Cell:
        """The text of a row's cell in a table."""
        if self.shown:
            return self.shown(row)
        value = self.value(row) if self.value else None
        return "" if value is None else str(value)


class Records(Generic[T]):
    """Rows with the fields that describe them. A format is made of them only where it is written."""

    def __init__(self, fields: Sequence[Field[T]], rows: Sequence[T]) -> None:
        self.fields, self.rows = fields, rows

    def plain(self) -> list[dict[str, Any]]:
        """The rows as JSON has them."""
        fields = [(f.key, f.value) for f in self.fields if f.value and f.json]
        return [{key: value(row) for key, value in fields} for row in self.rows]

    def grid(self) -> Grid:
        """The rows as people see them."""
        columns: list[Column] = []
        cells: list[list[str | Cell]] = []
        for f in self.fields:
            if f.heading is None:
                continue
            column = [f.cell(row) for row in self.rows]
            if not f.optional or any(c if isinstance(c, str) else c.text for c in column):
                columns.append(Column(f.heading, f.right, f.wraps))
                cells.append(column)
        return Grid(columns, list(zip(*cells, strict=True)))

    def values(self) -> "list[tuple[str, str, Callable[[T], Any]]]":
        """Key, heading and value of what CSV has."""
        return [
            (f.key, f.key if f.csv is None else f.csv, f.value)
            for f in self.fields
            if f.value and f.csv != ""
        ]


@dataclass(frozen=True)
class Line:
    """A line of text between grids; `whole` ones are never broken, so that grep finds them."""

    text: str = ""
    style: str = ""
    whole: bool = False


@dataclass
class View:
    """One result: for people, as JSON (`payload`, which may hold `Records`), as CSV.

    CSV is `header` and `rows`, or `records`: the fields of the first are its columns, which those of
    the others fill where they have the same key.
    """

    blocks: list[Grid | Records[Any] | Line] = field(default_factory=list)
    payload: dict[str, Any] = field(default_factory=dict)
    header: Sequence[str] = ()
    rows: Sequence[Sequence[Any]] = ()
    records: Sequence[Records[Any]] = ()

    def shown(self) -> Iterator[Grid | Line]:
        """The blocks as people see them."""
        for block in self.blocks:
            yield block.grid() if isinstance(block, Records) else block

    def line(self, text: str = "", style: str = "", whole: bool = False) -> None:
        """Add a line."""
        self.blocks.append(Line(text, style, whole))


# A view as CSV and as Markdown.


_FORMULA = tuple("=+-@＝＋－＠")  # full-width ones too, where a spreadsheet speaks Chinese


def view_as_csv(view: View) -> str:
    """The CSV of a result; a list in a cell is its texts with blanks between."""
    if not view.records:
        return as_csv(view.header, view.rows)
    columns = view.records[0].values()
    rows: list[list[Any]] = []
    for records in view.records:
        by_key = {key: value for key, _heading, value in records.values()}
        values = [by_key.get(key) for key, _heading, _value in columns]
        rows += [[value and _flat(value(row)) for value in values] for row in records.rows]
    return as_csv([heading for _key, heading, _value in columns], rows)


def _flat(value: Any) -> Any:
    return " ".join(value) if isinstance(value, list) else value


def as_csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table as spreadsheets read it; formulas in it are text, control characters are written out."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_distinct([_safe(h) for h in header]))
    writer.writerows([[_safe(c) for c in row] for row in rows])
    return out.getvalue()


def _distinct(headings: Sequence[str]) -> list[str]:
    """The headings, each once: a criterion may be called as another column is; the later gets a number."""
    names: list[str] = []
    for heading in headings:
        number, name = 1, heading
        while name in names:
            number += 1
            name = f"{heading} ({number})"
        names.append(name)
    return names


def _safe(value: Any) -> Any:
    """Visible text; what a spreadsheet would take for a formula gets an apostrophe. None is empty."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return value
    text = visible(value)
    return f"'{text}" if text[:1] in _FORMULA else text


def as_markdown(view: View) -> str:
    """The blocks for people as paragraphs and tables."""
    out = []
    for block in view.shown():
        if isinstance(block, Line):
            mark = "**" if block.style == "bold" and block.text else ""
            out.append(f"{mark}{_md(block.text)}{mark}\n" if block.text else "")
            continue
        titles = [c.title for c in block.columns]
        out.append("| " + " | ".join(_md(t) for t in titles) + " |")
        out.append("|" + "|".join("---:" if c.right else "---" for c in block.columns) + "|")
        for row in block.rows:
            texts = [(c if isinstance(c, str) else c.text).strip() for c in row]
            out.append("| " + " | ".join(_md(t) for t in texts) + " |")
        out.append("")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(out).strip()) + "\n"


def _md(text: str) -> str:
    text = visible(text)
    for character in "\\`*_{}[]<>|#":
        text = text.replace(character, "\\" + character)
    return text


# Lines and tables that fit a terminal.


_CLOSING = tuple("，。、；：！？）》】」,.;:!?)")  # these never begin a line
_OPENING = tuple("（《【「(")  # these never end one
_NEAR = 12  # columns: a name in Chinese; so far back a break next to a blank or a comma is better


def wrap(text: str, columns: int, near: int = 0) -> list[str]:
    """The text in lines of at most so many columns; Chinese breaks between any two characters.

    With `near` it breaks up to so many columns earlier, behind a blank or a comma, where it can: a
    list of names then stays one of whole names.
    """
    lines: list[str] = []
    line: list[str] = []
    for piece in _pieces(text):
        while line and width("".join(line) + piece.rstrip()) > columns:
            at = _better_break(line, near)
            lines.append("".join(line[:at]).rstrip())
            line = _begun(line[at:])
        line = _begun([*line, piece])
    if rest := "".join(line).rstrip():
        lines.append(rest)
    return lines


def _begun(pieces: list[str]) -> list[str]:
    """A line's pieces without blanks before them."""
    while pieces and not (first := pieces[0].lstrip()):
        pieces = pieces[1:]
    return [first, *pieces[1:]] if pieces else []


def _better_break(line: list[str], near: int) -> int:
    """Before which piece to end a full line: all of it, or a name's length earlier."""
    for at in range(len(line), 0, -1):
        if width("".join(line[at:])) > near:
            break
        if line[at - 1].endswith((" ", "/", *_CLOSING)) or "".join(line[at:]).startswith(_OPENING):
            return at
    return len(line)


def _pieces(text: str) -> list[str]:
    """Where a line may break: after blanks and hyphenless words, and around wide characters.

    Never before closing punctuation nor after an opening bracket.
    """
    pieces: list[str] = []
    for wide, group in groupby(text, key=lambda c: width(c) == 2):
        run = "".join(group)
        words = run if wide else textwrap.TextWrapper(break_on_hyphens=False)._split(run)
        for piece in filter(None, words):
            if pieces and (piece.startswith(_CLOSING) or pieces[-1].endswith(_OPENING)):
                pieces[-1] += piece
            else:
                pieces.append(piece)
    return pieces


def folded_line(text: str, columns: int) -> list[str]:
    """A line in pieces that fit: broken first where two blanks part its parts, then between words."""
    indent = text[: len(text) - len(text.lstrip())]
    if width(text) <= columns:
        return [text]
    lines = [indent]
    for part in re.split(r"(?<=\S)(?= {2,})", text[len(indent) :]):
        if width(lines[-1] + part) <= columns:
            lines[-1] += part
        elif width(indent + part.strip()) <= columns:
            lines.append(indent + part.strip())
        else:
            first, *rest = wrap(part.strip(), columns - len(indent), _NEAR)
            lines += [indent + first, *(indent + more for more in rest)]
    return [line for line in lines if line.strip()]


def table(grid: Grid, columns: int) -> "Table":
    """A grid as a Rich table with a row per row, for so many columns; wider only where it can't be less.

    Column widths are fixed here and cells are ready lines, because Rich breaks Chinese anywhere, also
    before closing punctuation; and measuring and wrapping strings takes Rich three times as long.
    """
    from rich.table import Table

    rows, titles, widths = _measured(grid)
    if _needed(grid, widths) > columns:
        widths = _squeezed(grid, rows, widths, columns)
    made = Table(box=None, padding=0, pad_edge=False, show_header=grid.headed, header_style="none")
    before = [" " * grid.indent, *(" " for _width in widths[1:])]

    def ready(number: int, cell: Cell, vertical: str = "top") -> "_Ready":
        right = grid.columns[number].right
        return _Ready(cell, widths[number], before[number], right, vertical)

    for number, title in enumerate(titles):
        size = len(before[number]) + widths[number]
        made.add_column(ready(number, title, "bottom"), width=size, no_wrap=True)
    for row in rows:
        made.add_row(*(ready(number, cell) for number, cell in enumerate(row)))
    return made


class _Ready:
    """A cell as Rich draws it: its lines, padded to the width of its column."""

    __slots__ = ("before", "cell", "lines", "right", "size", "vertical")

    def __init__(self, cell: Cell, size: int, before: str, right: bool, vertical: str) -> None:
        self.cell, self.size, self.before = cell, size, before
        self.right, self.vertical = right, vertical
        self.lines = _in_width(cell.text, size)

    def __rich_console__(self, console: "Console", _options: "ConsoleOptions") -> Iterator[Any]:
        from rich.cells import cell_len
        from rich.segment import Segment

        style = console.get_style(self.cell.style) if self.cell.style else None
        for number, line in enumerate(self.lines):
            if number:
                yield Segment.line()
            pad = " " * (self.size - cell_len(line))
            before, after = (self.before + pad, "") if self.right else (self.before, pad)
            if style is None:
                yield Segment(before + line + after)
            else:
                yield from (Segment(before), Segment(line, style), Segment(after))


def _in_width(text: str, columns: int) -> list[str]:
    """A cell's text in lines; a word that is longer than its column is cut."""
    if width(text) <= columns:
        return [text]
    lines = []
    for line in wrap(text, columns, min(_NEAR, columns // 2)):
        while width(line) > columns:
            end = next(n for n in range(len(line), 0, -1) if n == 1 or width(line[:n]) <= columns)
            lines.append(line[:end])
            line = line[end:]
        lines.append(line)
    return lines or [""]


def _squeezed(grid: Grid, rows: list[list[Cell]], widths: list[int], columns: int) -> list[int]:
    """The widths once the columns that give way have: the widest first, none below its least."""
    last = len(grid.columns) - 1
    flexible = [n for n, c in enumerate(grid.columns) if c.wraps or (n == last and n > 0)]
    fixed = sum(w for n, w in enumerate(widths) if n not in flexible)
    room = columns - grid.indent - fixed - last
    least = _narrowest(rows, flexible, room)
    found = list(widths)
    while sum(found[n] for n in flexible) > room:
        able = [n for n in flexible if found[n] > least[n]]
        if not able:
            break
        found[max(able, key=lambda n: found[n])] -= 1
    return found


def fits(grid: Grid, columns: int) -> bool:
    """Whether a grid needs no more than so many columns."""
    return _needed(grid, _measured(grid)[2]) <= columns


def _needed(grid: Grid, widths: list[int]) -> int:
    return grid.indent + sum(widths) + len(widths) - 1


def _measured(grid: Grid) -> tuple[list[list[Cell]], list[Cell], list[int]]:
    """Rows and titles made safe to show, and the width that each column needs, as Rich measures."""
    from rich.cells import cell_len

    rows = [[_as_cell(c) for c in row] for row in grid.rows]
    titles = [Cell(visible(c.title), "dim") for c in grid.columns]
    shown = [titles, *rows] if grid.headed else rows
    widths = [max([1, *(cell_len(row[n].text) for row in shown)]) for n in range(len(titles))]
    return rows, titles, widths


def _as_cell(cell: str | Cell) -> Cell:
    return Cell(visible(cell)) if isinstance(cell, str) else Cell(visible(cell.text), cell.style)


def _narrowest(rows: list[list[Cell]], flexible: list[int], room: int) -> dict[int, int]:
    """What each column that gives way needs at least, so that no word is cut in half.

    Where that is more than there is room for, the longest words are cut after all.
    """
    longest = {
        n: max((width(word) for row in rows for word in row[n].text.split()), default=1)
        for n in flexible
    }
    for limit in (14, 12, 10, 8, 6, 4):
        needs = {n: min(need, limit) for n, need in longest.items()}
        if sum(needs.values()) <= room:
            return needs
    return dict.fromkeys(flexible, 1)
