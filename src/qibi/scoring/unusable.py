"""Live scores that count for nothing, and why; and those of an unknown branch, which do count.

A score counts for nothing where its subject or item is unknown, its week has no scheme, its subject is
not assessed, or its item does not apply to that kind of subject.
"""

from qibi.book.definitions import Definitions


def why_unusable(
    definitions: Definitions, week: str, subject: str, item: str, assessed: bool
) -> str | None:
    """Why a live score counts for nothing: a word for it, or None where it counts."""
    kind = definitions.kind(subject)
    scheme = definitions.scheme(week)
    if kind is None:
        return "unknown-subject"
    if scheme is None:
        return "no-scheme"
    found = scheme.item(item)
    criterion = scheme.criterion(found.criterion if found else item)
    if criterion is None or (found is None and not criterion.direct):
        return "unknown-item"
    if not assessed:
        return "not-assessed"
    return None if kind in criterion.applies_to else "wrong-kind"
