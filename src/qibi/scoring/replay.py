"""What a week would have come to under another version of the scheme. Nothing is written."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from qibi.base import weeks as wk
from qibi.book.definitions import SUBJECT_KINDS, Definitions, Scheme
from qibi.ledger.batches import Batch
from qibi.ledger.counting import read_counted
from qibi.scoring.facts import Question
from qibi.scoring.ranking import Ranking, Standing, answer


class Moved(msgspec.Struct, frozen=True):
    """A subject that the two versions see differently; None where a version gives no place."""

    subject: str
    old: Standing | None
    new: Standing | None

    @property
    def points(self) -> bool:
        """Whether the total, the grade or having a place differs, and not only the rank."""
        return _told(self.old) != _told(self.new)


class Replay(msgspec.Struct, frozen=True):
    """A week's ranking by one kind of subject, under both versions."""

    by: str
    old: Ranking
    new: Ranking

    @property
    def moved(self) -> tuple[Moved, ...]:
        """Whose totals, ranks or grades differ, in the order of the new ranking."""
        old = {s.subject: s for s in self.old.standings}
        new = {s.subject: s for s in self.new.standings}
        pairs = (Moved(key, old.get(key), new.get(key)) for key in dict.fromkeys([*new, *old]))
        return tuple(p for p in pairs if p.points or (p.old and p.new and p.old.rank != p.new.rank))

    @property
    def ranked(self) -> int:
        """How many subjects either version gives a place."""
        return len({s.subject for r in (self.old, self.new) for s in r.standings})


def _told(standing: Standing | None) -> tuple[int, str | None] | None:
    return (standing.total, standing.grade) if standing else None


def under(definitions: Definitions, scheme: Scheme, week: str) -> Definitions:
    """The definitions as if this version of the scheme were the one in force in a week."""
    in_force = msgspec.structs.replace(scheme, week=min(scheme.week, week))
    return msgspec.structs.replace(definitions, schemes=(in_force,), fingerprint="")


def replay(
    root: Path, definitions: Definitions, old: Scheme, new: Scheme, week: str
) -> tuple[Replay, ...]:
    """A week under two versions, by each kind of subject; raises `Faults` where it is damaged."""
    return tuple(of_batches(definitions, read_counted(root, [week]), old, new, week))


def of_batches(
    definitions: Definitions, batches: list[Batch], old: Scheme, new: Scheme, week: str
) -> Iterator[Replay]:
    """The same, of batches at hand."""
    for by in SUBJECT_KINDS:
        question = Question(wk.single(week), by=by)
        rankings = [
            answer(under(definitions, scheme, week), batches, question) for scheme in (old, new)
        ]
        yield Replay(by, rankings[0], rankings[1])
