"""What a person asks to be recorded, before it is known whether it may be."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from qibi.base.text import narrowed

FIELDS = (
    "subject",
    "item",
    "points",
    "count",
    "date",
    "note",
    "evidence",
    "scored_by",
    "approved_by",
)
EXEMPT_WORDS = ("请假", "免考", "exempt", "leave", "on leave")


@dataclass(frozen=True)
class Wish:
    """One thing to be recorded, as a person wrote it. Empty text where nothing was written.

    `several` lets a count above one on an item without `per` stand for so many entries, as the
    cells of a grid do.
    """

    subject: str
    item: str
    points: str = ""
    count: str = ""
    date: str = ""
    note: str = ""
    evidence: str = ""
    scored_by: str = ""
    approved_by: str = ""
    several: bool = False
    partial: bool = False  # whether part of a name may stand for it

    @property
    def exempts(self) -> bool:
        """Whether the item's place holds a word for leave."""
        return narrowed(self.item).casefold() in EXEMPT_WORDS


def wish_of(fields: Mapping[str, str]) -> Wish:
    """A wish from the command line, where part of a name may stand for it; keys as in `FIELDS`."""
    texts = {name: fields.get(name, "") for name in FIELDS}
    return Wish(
        texts["subject"],
        texts["item"],
        texts["points"],
        texts["count"],
        texts["date"],
        texts["note"],
        texts["evidence"],
        texts["scored_by"],
        texts["approved_by"],
        partial=True,
    )


@dataclass(frozen=True)
class Stamp:
    """Who records, when, for which branch and week, from which sheet; in which book, and from where."""

    week: str
    branch: str
    recorded_by: str
    recorded_at: str
    source: str = ""
    book: Path | None = None  # the book's folder, and the one in which paths are written
    folder: Path | None = None
