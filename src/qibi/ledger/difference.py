"""A sheet again: what it would record against what earlier sheets recorded there.

Entries are compared by what they say, not by who recorded them when. Only the difference is
written, voids included, as one batch. A row that someone voided or corrected by hand is new to the
ledger again; it says so, since whoever submits the old sheet again may not know.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from qibi.ledger.admission import Stamp
from qibi.ledger.batches import Batch, Index
from qibi.ledger.entries import Entry, Exempt, Score, Void


@dataclass(frozen=True)
class Change:
    """A row that differs: `before` is None for a new one, `after` for one that is gone.

    `void` is what cancelled the same row of an earlier sheet, where that was not a sheet itself.
    """

    before: Score | Exempt | None
    after: Score | Exempt | None
    before_id: str = ""
    void: Void | None = None


@dataclass(frozen=True)
class Difference:
    """What a sheet changes in a branch's week."""

    new: tuple[Score | Exempt, ...]
    gone: tuple[tuple[str, Score | Exempt], ...]
    unchanged: int
    changes: tuple[Change, ...]

    @property
    def empty(self) -> bool:
        """Whether the sheet says what the ledger holds already."""
        return not (self.new or self.gone)

    @property
    def asks(self) -> bool:
        """Whether it touches what is there, or undoes a void: nothing to be done unasked."""
        again = any(change.void for change in self.changes)
        return not self.empty and bool(self.unchanged or self.gone or again)

    def entries(self, stamp: Stamp, note: str) -> list[Entry]:
        """The batch that makes the ledger say what the sheet says: voids first."""
        voids = [
            Void(
                week=stamp.week,
                branch=stamp.branch,
                recorded_by=stamp.recorded_by,
                recorded_at=stamp.recorded_at,
                source=stamp.source,
                layout=stamp.layout,
                entry=key,
                note=note,
            )
            for key, _entry in self.gone
        ]
        return [*voids, *self.new]


def against(
    sheet: Sequence[Score | Exempt],
    batches: Iterable[Batch],
    branch: str,
    own: Callable[[Score | Exempt], bool] = lambda _entry: True,
) -> Difference:
    """Compare a sheet's entries with those that earlier sheets of a branch recorded in its week.

    `own` says which of these count: what the same kind of sheet recorded.
    """
    index = Index(batches)
    voids = index.voids
    rows = [(key, e) for key, e in _of_sheets(index, branch) if own(e)]
    standing = [(key, e) for key, e in rows if key not in voids]
    voided = [(voids[key], e) for key, e in rows if key in voids and not voids[key].source]
    return difference(sheet, standing, voided)


def repeated(
    sheet: Sequence[Score | Exempt],
    batches: Iterable[Batch],
    branch: str,
    other: Callable[[Score | Exempt], bool],
) -> list[Score | Exempt]:
    """The standing entries of `other` sheets that say the same as rows of a sheet, one to one."""
    index = Index(batches)
    wanted = Counter(_content(e) for e in sheet)
    result = []
    for key, entry in _of_sheets(index, branch):
        if key not in index.voids and other(entry) and wanted[_content(entry)] > 0:
            wanted[_content(entry)] -= 1
            result.append(entry)
    return result


def _of_sheets(index: Index, branch: str) -> list[tuple[str, Score | Exempt]]:
    return [
        (key, e)
        for batch in index.batches
        for key, e in batch.numbered()
        if isinstance(e, Score | Exempt) and e.source and e.branch == branch
    ]


def difference(
    sheet: Sequence[Score | Exempt],
    standing: Sequence[tuple[str, Score | Exempt]],
    voided: Sequence[tuple[Void, Score | Exempt]] = (),
) -> Difference:
    """Compare a sheet's entries with the live ones that earlier sheets recorded.

    The same row twice is two events: rows are matched one to one. `voided` are rows of earlier
    sheets that someone cancelled by hand, each with its void.
    """
    wanted = Counter(_content(e) for e in sheet)
    gone: list[tuple[str, Score | Exempt]] = []
    unchanged = 0
    for key, entry in standing:
        content = _content(entry)
        if wanted[content] > 0:
            wanted[content] -= 1
            unchanged += 1
        else:
            gone.append((key, entry))
    new: list[Score | Exempt] = []
    for entry in reversed(sheet):
        if wanted[_content(entry)] > 0:
            wanted[_content(entry)] -= 1
            new.append(entry)
    new.reverse()
    changes = _marked(_paired(new, gone), voided)
    return Difference(tuple(new), tuple(gone), unchanged, tuple(changes))


def _content(entry: Score | Exempt) -> tuple[Any, ...]:
    """What an entry says: all but who recorded it, when and from which cell of which sheet."""
    plain = msgspec.structs.replace(
        entry, recorded_by="", recorded_at="", source="", layout="", cell=""
    )
    return (type(plain).__name__, *msgspec.structs.astuple(_normal(plain)))


def _normal(entry: Score | Exempt) -> Score | Exempt:
    if isinstance(entry, Score):
        return msgspec.structs.replace(entry, points=entry.hundredths)
    return entry


def _paired(new: list[Score | Exempt], gone: list[tuple[str, Score | Exempt]]) -> list[Change]:
    """New and gone rows of one subject and item are together as one change."""
    waiting = list(gone)
    changes: list[Change] = []
    for entry in new:
        match = next((g for g in waiting if _about(g[1]) == _about(entry)), None)
        if match:
            waiting.remove(match)
            changes.append(Change(match[1], entry, match[0]))
        else:
            changes.append(Change(None, entry))
    changes += [Change(entry, None, key) for key, entry in waiting]
    return changes


def _marked(changes: list[Change], voided: Sequence[tuple[Void, Score | Exempt]]) -> list[Change]:
    """The changes, those that bring a voided row back with its void; each void is told once."""
    waiting = list(voided)
    marked: list[Change] = []
    for change in changes:
        content = _content(change.after) if change.after else None
        match = next((v for v in waiting if content == _content(v[1])), None)
        if match:
            waiting.remove(match)
        marked.append(replace(change, void=match[0]) if match else change)
    return marked


def _about(entry: Score | Exempt) -> tuple[str, str]:
    return (entry.subject, entry.item if isinstance(entry, Score) else "")
