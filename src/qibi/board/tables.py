"""Standings and entries as typed tables: what spreadsheets, Parquet and other programs get of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from qibi.base import points
from qibi.base.language import _
from qibi.book import words
from qibi.book.definitions import Definitions
from qibi.ledger.batches import Batch
from qibi.ledger.entries import Entry, File, Score
from qibi.ledger.voids import cancelled_entries
from qibi.scoring.ranking import Ranking, Standing

Value = str | int | bool | None
Kind = Literal["text", "count", "points", "flag"]
STANDING = "standing"  # the column in which a table says why someone has no place


@dataclass(frozen=True)
class Typed:
    """A typed column: its key for programs, its title for people. `points` are hundredths in the rows."""

    key: str
    title: str
    kind: Kind = "text"


@dataclass(frozen=True)
class Table:
    """Rows under typed columns."""

    columns: tuple[Typed, ...]
    rows: tuple[tuple[Value, ...], ...]

    def plain(self) -> list[list[str | int | float | bool | None]]:
        """The rows with points as the numbers that people read."""
        return [
            [
                points.to_number(value)
                if column.kind == "points" and isinstance(value, int)
                else value
                for column, value in zip(self.columns, row, strict=True)
            ]
            for row in self.rows
        ]

    def only(self, keys: Iterable[str]) -> "Table":
        """The same rows with these columns only, in this order."""
        places = [n for key in keys for n, column in enumerate(self.columns) if column.key == key]
        return Table(
            tuple(self.columns[n] for n in places),
            tuple(tuple(row[n] for n in places) for row in self.rows),
        )


def standings(definitions: Definitions, ranking: Ranking, branch: str | None = None) -> Table:
    """A ranking with ids and names; who has no place stands below, with the reason.

    With `branch` those of that branch only, with the rank that they have among all.
    """
    shown = [s for s in ranking.standings if branch in (None, s.branch)]
    scheme = ranking.scheme
    criteria = [
        c for c in (scheme.criteria if scheme else ()) if any(c.id in s.criteria for s in shown)
    ]
    by = ranking.question.by
    columns = (
        Typed("rank", _("Rank"), "count"),
        Typed("moved", _("Moved"), "count"),
        Typed("subject", _("Id")),
        Typed("name", _("Name")),
        Typed("branch", _("{branch} id").format(branch=words.branch_heading(definitions))),
        Typed("branch_name", words.branch_heading(definitions)),
        Typed("total", _("Total"), "points"),
        Typed("mean", _("Mean"), "points"),
        Typed("weeks", _("Weeks"), "count"),
        *(Typed(f"criterion_{c.id}", str(c.name), "points") for c in criteria),
        Typed("grade", _("Grade id")),
        Typed("grade_name", _("Grade")),
        Typed("alert", _("Alert")),
        Typed(STANDING, _("Note")),
    )

    def row(s: Standing) -> tuple[Value, ...]:
        where = s.branch or ""
        return (
            *(s.rank, s.moved, s.subject, definitions.title_of(by, s.subject)),
            *(s.branch, definitions.title(where) if where else None, s.total, s.mean, s.weeks),
            *(s.criteria.get(c.id) for c in criteria),
            *(s.grade, words.grade(scheme, s.grade) or None, s.alert, None),
        )

    blanks = (None,) * (len(columns) - 7)
    without = [
        (
            *(None, None, u.subject, definitions.title_of(by, u.subject)),
            *(u.branch, definitions.title(u.branch) if u.branch else None, *blanks),
            words.reason(u.reason, u.note),
        )
        for u in ranking.unranked
        if branch in (None, u.branch)
    ]
    return Table(columns, (*map(row, shown), *without))


def entries(definitions: Definitions, batches: Sequence[Batch], pending: Iterable[str]) -> Table:
    """Every entry of these batches in the order of recording; `pending` are paths that don't count yet."""
    cancelled = cancelled_entries(batches)
    waiting = set(pending)
    columns = (
        Typed("entry", _("Entry")),
        Typed("kind", _("Kind")),
        Typed("week", _("Week")),
        Typed("branch", _("{branch} id").format(branch=words.branch_heading(definitions))),
        Typed("subject", _("Id")),
        Typed("name", _("Name")),
        Typed("item", _("Item id")),
        Typed("item_name", _("Item")),
        Typed("points", _("Points"), "points"),
        Typed("count", _("Count"), "count"),
        Typed("date", _("Date")),
        Typed("note", _("Note")),
        Typed("evidence", _("Evidence")),
        Typed("scored_by", _("Scored by")),
        Typed("approved_by", _("Approved by")),
        Typed("recorded_by", _("Recorded by")),
        Typed("recorded_at", _("Recorded at")),
        Typed("source", _("Sheet")),
        Typed("void", _("Void"), "flag"),
        Typed("pending", _("Pending"), "flag"),
    )
    found = sorted(
        ((b, number, key, e) for b in batches for number, (key, e) in enumerate(b.numbered())),
        key=lambda n: (n[3].week, n[3].branch, n[3].recorded_at, n[0].digest, n[1]),
    )
    rows = tuple(
        (key, *_entry(definitions, e), key in cancelled, b.path in waiting)
        for b, _number, key, e in found
    )
    return Table(columns, rows)


def _entry(definitions: Definitions, entry: Entry) -> tuple[Value, ...]:
    """What stands between an entry's id and its flags."""
    subject = str(getattr(entry, "subject", ""))
    scored = isinstance(entry, Score)
    evidence = [e.path if isinstance(e, File) else e for e in getattr(entry, "evidence", ())]
    return (
        str(entry.__struct_config__.tag),
        entry.week,
        entry.branch,
        subject or None,
        definitions.title(subject) if subject else None,
        getattr(entry, "item", None),
        words.thing(definitions.scheme(entry.week), entry.item)
        if isinstance(entry, Score)
        else None,
        entry.hundredths if isinstance(entry, Score) else None,
        entry.count if isinstance(entry, Score) else None,
        getattr(entry, "date", "") or None,
        getattr(entry, "note", "") or None,
        "; ".join(evidence) or None,
        (getattr(entry, "scored_by", "") or entry.recorded_by) if scored else None,
        getattr(entry, "approved_by", "") or None,
        entry.recorded_by,
        entry.recorded_at,
        entry.source or None,
    )
