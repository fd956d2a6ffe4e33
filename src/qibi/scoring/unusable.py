"""Live scores that count for nothing, and why; and those of an unknown branch, which do count.

A score counts for nothing where its subject or item is unknown, its week has no scheme, its subject is
not assessed, or its item does not apply to that kind of subject.
"""

from collections import Counter

from qibi.book.definitions import Definitions
from qibi.scoring.engine import Engine


def unusable(definitions: Definitions, engine: Engine) -> dict[str, Counter[str]]:
    """Week: how many live scores count for nothing, by the reason, and how many are of an `unknown-branch`.

    A score that has a reason is not counted as one of an unknown branch too.
    """
    found: dict[str, Counter[str]] = {}
    for week, branch, subject, item, assessed in engine.rows(_UNUSED):
        why = why_unusable(definitions, week, subject, item, assessed is not None)
        if why is None and definitions.branch(branch) is None:
            why = "unknown-branch"
        if why:
            found.setdefault(week, Counter())[why] += 1
    return found


# Live scores that the rules don't use, or whose branch the book does not have.
_UNUSED = """
SELECT l.week, l.branch, l.subject, l.item, s.subject
FROM live AS l
LEFT JOIN assessed AS s ON s.week = l.week AND s.subject = l.subject
LEFT JOIN item AS i ON i.version = s.version AND i.item = l.item
LEFT JOIN criterion AS c
  ON c.version = s.version AND c.kind = s.kind AND c.criterion = COALESCE(i.criterion, l.item)
LEFT JOIN branch AS b ON b.branch = l.branch
WHERE l.kind = 'score'
  AND (b.branch IS NULL OR c.criterion IS NULL OR (i.item IS NULL AND c.direct = 0))
"""


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
