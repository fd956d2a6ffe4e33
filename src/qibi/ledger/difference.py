"""A sheet again: what it would record against what earlier sheets recorded there.

Entries are compared by what they say, not by who recorded them when. Only the difference is
written, voids included, as one batch.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from qibi.ledger.entries import Entry, Exempt, Score, Void
from qibi.ledger.wish import Stamp


@dataclass(frozen=True)
class Change:
    """A row that differs: `before` is None for a new one, `after` for one that is gone."""

    before: Score | Exempt | None
    after: Score | Exempt | None
    before_id: str = ""


@dataclass(frozen=True)
class Difference:
    """What a sheet changes in a branch's week."""

    new: tuple[Score | Exempt, ...]
    gone: tuple[tuple[str, Score | Exempt], ...]
    kept: int
    changes: tuple[Change, ...]

    @property
    def empty(self) -> bool:
        """Whether the sheet says what the ledger holds already."""
        return not (self.new or self.gone)

    def entries(self, stamp: Stamp, note: str) -> list[Entry]:
        """The batch that makes the ledger say what the sheet says: voids first."""
        voids = [
            Void(
                week=stamp.week,
                branch=stamp.branch,
                recorded_by=stamp.recorded_by,
                recorded_at=stamp.recorded_at,
                source=stamp.source,
                entry=key,
                note=note,
            )
            for key, _entry in self.gone
        ]
        return [*voids, *self.new]


def difference(
    sheet: Sequence[Score | Exempt], standing: Sequence[tuple[str, Score | Exempt]]
) -> Difference:
    """Compare a sheet's entries with the live ones that earlier sheets recorded.

    The same row twice is two events: rows are matched one to one.
    """
    wanted = Counter(_said(e) for e in sheet)
    gone: list[tuple[str, Score | Exempt]] = []
    kept = 0
    for key, entry in standing:
        said = _said(entry)
        if wanted[said] > 0:
            wanted[said] -= 1
            kept += 1
        else:
            gone.append((key, entry))
    new: list[Score | Exempt] = []
    for entry in reversed(sheet):
        if wanted[_said(entry)] > 0:
            wanted[_said(entry)] -= 1
            new.append(entry)
    new.reverse()
    return Difference(tuple(new), tuple(gone), kept, tuple(_paired(new, gone)))


def _said(entry: Score | Exempt) -> tuple[Any, ...]:
    """What an entry says: all but who recorded it, when and from which sheet."""
    plain = msgspec.structs.replace(entry, recorded_by="", recorded_at="", source="")
    return (type(plain).__name__, *msgspec.structs.astuple(_normal(plain)))


def _normal(entry: Score | Exempt) -> Score | Exempt:
    if isinstance(entry, Score):
        return msgspec.structs.replace(entry, points=entry.hundredths)
    return entry


def _paired(new: list[Score | Exempt], gone: list[tuple[str, Score | Exempt]]) -> list[Change]:
    """New and gone rows of one subject and item stand together as one change."""
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


def _about(entry: Score | Exempt) -> tuple[str, str]:
    return (entry.subject, entry.item if isinstance(entry, Score) else "")
