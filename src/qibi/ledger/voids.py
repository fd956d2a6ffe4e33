"""Which entries are void: those that a void of their own branch and week names.

A void of a void, of another branch's or week's entry, or of none, cancels nothing.
"""

from collections.abc import Iterable

from qibi.ledger.batches import Batch
from qibi.ledger.entries import Void


def cancelled_entries(batches: Iterable[Batch]) -> set[str]:
    """The ids of the entries that are void."""
    return set(voids_of(batches))


def voids_of(batches: Iterable[Batch]) -> dict[str, Void]:
    """The id of each entry that is void, and the void that cancels it."""
    batches = list(batches)
    voids = [(b, e) for b in batches for e in b.entries if type(e) is Void]
    if not voids:
        return {}
    by_digest: dict[str, list[Batch]] = {}
    for batch in batches:
        by_digest.setdefault(batch.digest, []).append(batch)
    found = {}
    for naming, void in voids:
        digest, _dot, line = void.entry.partition(".")
        for batch in by_digest.get(digest, ()):
            named = batch.entries[int(line) - 1] if int(line) <= len(batch.entries) else void
            same = (batch.week, batch.branch) == (naming.week, naming.branch)
            if same and type(named) is not Void:
                found[void.entry] = void
    return found
