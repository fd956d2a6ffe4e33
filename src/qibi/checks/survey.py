"""What the checks of the ledger look at: a book's definitions with all its batches."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from qibi.base.findings import Finding
from qibi.book.definitions import Definitions
from qibi.ledger.batches import Batch
from qibi.ledger.entries import Entry, Exempt, Score, Void
from qibi.ledger.voids import cancelled_entries
from qibi.scoring.assessed import assessed_branches


@dataclass(frozen=True)
class Survey:
    """A book's definitions and all its batches, with what several checks need."""

    definitions: Definitions
    batches: tuple[Batch, ...]

    @cached_property
    def cancelled(self) -> set[str]:
        """Ids of voided entries."""
        return cancelled_entries(list(self.batches))

    @cached_property
    def voids(self) -> set[str]:
        """Ids of the voids themselves."""
        return {key for _b, _n, key, e in self.others if isinstance(e, Void)}

    @cached_property
    def assessed(self) -> set[tuple[str, str]]:
        """(week, branch) with a live `assessed`."""
        return set(assessed_branches(list(self.batches)))

    @cached_property
    def exempt(self) -> set[tuple[str, str]]:
        """(week, subject) with a live `exempt`."""
        return {
            (e.week, e.subject)
            for _b, _n, key, e in self.others
            if isinstance(e, Exempt) and key not in self.cancelled
        }

    def lines(self) -> Iterator[tuple[Batch, int, str, Entry]]:
        """Each entry with its batch, line and id."""
        for batch in self.batches:
            for number, entry in enumerate(batch.entries, 1):
                yield batch, number, f"{batch.digest}.{number}", entry

    @cached_property
    def others(self) -> tuple[tuple[Batch, int, str, Entry], ...]:
        """The entries that are no scores: a few in a hundred."""
        return tuple(
            (batch, number, f"{batch.digest}.{number}", entry)
            for batch in self.batches
            for number, entry in enumerate(batch.entries, 1)
            if type(entry) is not Score
        )

    @cached_property
    def scores(self) -> tuple[tuple[Batch, int, str, Score], ...]:
        """The live scores."""
        cancelled = self.cancelled
        return tuple(
            (batch, number, key, entry)
            for batch in self.batches
            for number, entry in enumerate(batch.entries, 1)
            if type(entry) is Score and (key := f"{batch.digest}.{number}") not in cancelled
        )

    @cached_property
    def places(self) -> dict[str, tuple[Batch, int]]:
        """Entry id: the batch and line where it stands."""
        return {key: (batch, number) for batch, number, key, _e in self.lines()}

    def stance(self, subject: str, week: str) -> "Stance":
        """How a subject stands in a week; one object a subject and week, for many lines ask."""
        found = self._stances.get((subject, week))
        if found is None:
            home = self.definitions.branch_of(subject, week)
            assessed = (week, home) in self.assessed and (week, subject) not in self.exempt
            found = Stance(self.definitions.kind(subject), home, assessed)
            self._stances[subject, week] = found
        return found

    @cached_property
    def _stances(self) -> "dict[tuple[str, str], Stance]":
        return {}


class Stance(NamedTuple):
    """A subject in a week: what it is, the branch that holds it, and whether it is assessed."""

    kind: str | None
    home: str | None
    assessed: bool


def finding(batch: Batch, number: int, message: str) -> Finding:
    """What is the matter with the entry in a line of a batch."""
    return Finding(batch.path, number, message=message)
