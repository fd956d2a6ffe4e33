"""Entries and seals of a moment that can't be: who recorded them had a wrong clock, or this machine has."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from qibi.base.findings import Finding
from qibi.base.language import _
from qibi.ledger.batches import Batch
from qibi.ledger.clock import can_be, said_of, wrong_moments
from qibi.ledger.entries import Void
from qibi.ledger.seals import SealFile
from qibi.ledger.voids import cancelled_entries

Wrong = tuple[Finding, bool]  # with whether a void can still undo it


def wrong(batches: Sequence[Batch], now: datetime) -> list[Wrong]:
    """The lines of some weeks' batches that were recorded at no moment that can be."""
    lines = [(batch, line) for batch in batches for line in wrong_moments(batch, now)]
    return list(_wrong(lines, cancelled_entries(batches), now)) if lines else []


def _wrong(lines: list[tuple[Batch, int]], cancelled: set[str], now: datetime) -> Iterator[Wrong]:
    for batch, line in lines:
        entry, key = batch.entries[line - 1], f"{batch.digest}.{line}"
        said = said_of("recorded_at", entry.recorded_at, now)
        counts = not isinstance(entry, Void) and key not in cancelled
        if counts:
            said = _("{what}; set it, void this and record it again: qibi void {key}").format(
                what=said, key=key
            )
        yield Finding(batch.path, line, message=said, code="clock"), counts


def told(
    found: Iterable[Wrong], sealed: Sequence[SealFile], now: datetime
) -> tuple[list[Finding], list[Finding]]:
    """Errors and warnings: an error is what can be put right, so none that is void or sealed."""
    closed = {path for file in sealed for path in file.batches}
    errors = [finding for finding, counts in found if counts and finding.path not in closed]
    warnings = [finding for finding, counts in found if not counts or finding.path in closed]
    for file in sealed:
        if not can_be(file.seal.closed_at, now):
            said = said_of("closed_at", file.seal.closed_at, now)
            warnings.append(Finding(file.path, message=said, code="clock"))
    return errors, warnings
