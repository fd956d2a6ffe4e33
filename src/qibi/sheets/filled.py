"""What a sheet is filled with that is asked for anew: what earlier sheets recorded and still stands."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from qibi.ledger.batches import Batch
from qibi.ledger.entries import Exempt, File, Score
from qibi.ledger.voids import cancelled_entries


@dataclass(frozen=True)
class Standing:
    """The live entries of a branch's week: from sheets, and how many were recorded otherwise."""

    entries: tuple[Score | Exempt, ...]
    others: int


def standing(batches: Iterable[Batch], branch: str) -> Standing:
    """What stands in a branch's week; a sheet handed in again is compared with `entries` alone."""
    batches = list(batches)
    cancelled = cancelled_entries(batches)
    live = [
        entry
        for batch in batches
        for key, entry in batch.numbered()
        if isinstance(entry, Score | Exempt) and entry.branch == branch and key not in cancelled
    ]
    mine = tuple(entry for entry in live if entry.source)
    return Standing(mine, len(live) - len(mine))


def with_files(entries: Sequence[Score | Exempt], batches: Iterable[Batch]) -> list[Score | Exempt]:
    """The entries of a sheet, in which the path of a file that the week's entries have as evidence
    is that file: a sheet can't hold its digest."""
    files = {
        evidence.path: evidence
        for batch in batches
        for entry in batch.entries
        if isinstance(entry, Score)
        for evidence in entry.evidence
        if isinstance(evidence, File)
    }
    if not files:
        return list(entries)
    return [_with_files(entry, files) for entry in entries]


def _with_files(entry: Score | Exempt, files: dict[str, File]) -> Score | Exempt:
    if isinstance(entry, Exempt):
        return entry
    found = tuple(files.get(e, e) if isinstance(e, str) else e for e in entry.evidence)
    return msgspec.structs.replace(entry, evidence=found)
