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
    voids = [(b, e) for b in batches for e in b.entries if isinstance(e, Void)]
    if not voids:
        return {}
    places = {
        key: (b.week, b.branch)
        for b in batches
        for key, e in b.numbered()
        if not isinstance(e, Void)
    }
    return {e.entry: e for b, e in voids if places.get(e.entry) == (b.week, b.branch)}
