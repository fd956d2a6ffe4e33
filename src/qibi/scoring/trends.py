"""The totals of the weeks before, for a trend: each week's are kept, and reckoned once."""

from collections.abc import Iterable
from pathlib import Path

from qibi.base.kept import Kept, key_of
from qibi.base.weeks import single
from qibi.book.definitions import Definitions
from qibi.ledger.counting import counting, read_counting
from qibi.scoring.assessed import contents
from qibi.scoring.engine import Engine, rules_digest, steps
from qibi.scoring.facts import Question, tables


def trends(
    root: Path, definitions: Definitions, by: str, weeks: Iterable[str], cache: Path | None
) -> dict[str, dict[str, int]]:
    """Subject: week: total (hundredths); raises `Faults` where the ledger of a week is damaged."""
    kept = Kept(cache if definitions.fingerprint else None)
    found: dict[str, dict[str, int]] = {}
    missing: dict[str, str | None] = {}
    batches = []
    for week in weeks:
        counts = counting(root, [week])
        content = contents(root, counts)
        key = key_of([definitions.fingerprint, rules_digest(), by, *content]) if content else None
        totals = kept.find("trends", key, dict[str, int]) if key else None
        if totals is None:
            missing[week] = key
            batches += read_counting(root, counts)
        else:
            found[week] = totals
    if batches:
        asked = tuple(sorted(missing))
        question = Question(single(asked[-1])._replace(weeks=asked), by=by)
        until = list(steps()).index("rollup") + 1
        engine = Engine(
            tables(definitions, question), batches, ids=False, wanted=list(steps())[:until]
        )
        for subject, week, total in engine.rows("SELECT subject, week, total FROM rollup"):
            found.setdefault(week, {})[subject] = int(total)
        for week, key in missing.items():
            if key:
                kept.keep("trends", key, found.get(week, {}))
    trend: dict[str, dict[str, int]] = {}
    for week in sorted(found):
        for subject, total in found[week].items():
            trend.setdefault(subject, {})[week] = total
    return trend
