"""What a command hands over to be shown: blocks for people, a payload for JSON, a table for CSV."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple


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
    """Rows under headings. Ambiguous-width characters may stand in the last column only."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[str | Cell]]
    headed: bool = True
    indent: int = 0


@dataclass(frozen=True)
class Line:
    """A line of text between grids; `whole` ones are never broken, so that grep finds them."""

    text: str = ""
    style: str = ""
    whole: bool = False


@dataclass
class View:
    """One result: for people, as JSON (`payload`), as CSV (`header` and `rows`)."""

    blocks: list[Grid | Line] = field(default_factory=list)
    payload: dict[str, Any] = field(default_factory=dict)
    header: Sequence[str] = ()
    rows: Sequence[Sequence[Any]] = ()

    def line(self, text: str = "", style: str = "", whole: bool = False) -> None:
        """Add a line."""
        self.blocks.append(Line(text, style, whole))
