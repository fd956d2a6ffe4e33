"""What the checks of the ledger look at: a book's definitions with all its batches."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from qibi.base.findings import Finding
from qibi.book.definitions import Definitions
from qibi.ledger.batches import Batch
from qibi.ledger.entries import Entry, Exempt, Score, Void
from qibi.ledger.voids import cancelled_entries
from qibi.scoring.ranking import assessed_branches


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
        return {key for _b, _n, key, e in self.lines() if isinstance(e, Void)}

    @cached_property
    def assessed(self) -> set[tuple[str, str]]:
        """(week, branch) with a live `assessed`."""
        return set(assessed_branches(list(self.batches)))

    @cached_property
    def exempt(self) -> set[tuple[str, str]]:
        """(week, subject) with a live `exempt`."""
        return {
            (e.week, e.subject)
            for _b, _n, key, e in self.lines()
            if isinstance(e, Exempt) and key not in self.cancelled
        }

    def lines(self) -> Iterator[tuple[Batch, int, str, Entry]]:
        """Each entry with its batch, line and id."""
        for batch in self.batches:
            for number, entry in enumerate(batch.entries, 1):
                yield batch, number, f"{batch.digest}.{number}", entry

    @cached_property
    def scores(self) -> tuple[tuple[Batch, int, str, Score], ...]:
        """The live scores."""
        return tuple(
            (batch, number, key, e)
            for batch, number, key, e in self.lines()
            if isinstance(e, Score) and key not in self.cancelled
        )

    @cached_property
    def places(self) -> dict[str, tuple[Batch, int]]:
        """Entry id: the batch and line where it stands."""
        return {key: (batch, number) for batch, number, key, _e in self.lines()}

    def is_assessed(self, subject: str, week: str) -> bool:
        """Whether a subject is assessed in a week."""
        branch = self.definitions.branch_of(subject, week)
        return (week, branch) in self.assessed and (week, subject) not in self.exempt


def finding(batch: Batch, number: int, message: str) -> Finding:
    """What is the matter with the entry in a line of a batch."""
    return Finding(batch.path, number, message=message)
