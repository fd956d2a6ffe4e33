"""The totals of the weeks before, for a trend: each week's are kept, and calculated once."""

from collections.abc import Iterable
from pathlib import Path

from qibi.base.cache import Cache, key_of
from qibi.base.weeks import single
from qibi.book.definitions import Definitions
from qibi.ledger.counting import counting, read_counting
from qibi.ledger.records import Proofs
from qibi.scoring.assessed import contents
from qibi.scoring.engine import Engine, rules_digest, steps
from qibi.scoring.facts import Question, tables
from qibi.scoring.weekly import is_large, outcome


def trends(
    root: Path, definitions: Definitions, by: str, weeks: Iterable[str], cache: Path | None
) -> dict[str, dict[str, int]]:
    """Subject: week: total (hundredths); raises `Faults` where the ledger of a week is damaged."""
    kept = Cache(cache if definitions.fingerprint else None)
    proofs = Proofs(root, kept)
    found: dict[str, dict[str, int]] = {}
    missing: dict[str, str] = {}
    for week in weeks:
        counts = counting(root, [week])
        key = key_of([definitions.fingerprint, rules_digest(), by, *contents(counts)])
        totals = kept.find("trends", key, dict[str, int])
        if totals is not None and proofs.prove(counts.paths):
            found[week] = totals
        elif counts.counted:
            missing[week] = key
    if missing:
        asked = tuple(sorted(missing))
        question = Question(single(asked[-1])._replace(weeks=asked), by=by)
        counts = counting(root, asked)
        reading = proofs.unproved(counts.counted)
        if is_large(root, counts):
            engine = outcome(root, definitions, question, counts, kept, proofs).engine
        else:
            until = list(steps()).index("rollup") + 1
            given, batches = tables(definitions, question), read_counting(root, counts)
            engine = Engine(given, batches, ids=False, wanted=list(steps())[:until])
        proofs.proved(reading)
        for subject, week, total in engine.rows("SELECT subject, week, total FROM rollup"):
            found.setdefault(week, {})[subject] = int(total)
        for week, key in missing.items():
            kept.keep("trends", key, found.get(week, {}))
    trend: dict[str, dict[str, int]] = {}
    for week in sorted(found):
        for subject, total in found[week].items():
            trend.setdefault(subject, {})[week] = total
    return trend
