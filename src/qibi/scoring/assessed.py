"""Which weeks and branches are assessed: what a period is measured against, and who is missing."""

from collections.abc import Collection, Mapping
from datetime import date
from pathlib import Path

from qibi.base import weeks as wk
from qibi.base.cache import Cache, key_of
from qibi.base.weeks import Period
from qibi.book.definitions import Definitions
from qibi.ledger.batches import Batch, Index, earliest_first, latest_first
from qibi.ledger.counting import Counting, counting, read_counting
from qibi.ledger.entries import Assessed
from qibi.ledger.records import Proofs
from qibi.scoring.facts import Question
from qibi.scoring.rules import Week

TREND = 8  # weeks


def weeks_due(root: Path, period: Period, today: date) -> tuple[str, ...]:
    """The weeks of a period that are over, from the first week of the ledger on."""
    first = next(earliest_first(root), wk.END)
    return tuple(w for w in period.weeks if first <= w and wk.sunday(w) < today)


def contents(counts: Counting) -> list[str]:
    """What an answer about these weeks depends on: the batches, pending ones too, and the seals.

    A batch's name stands for what it holds, once it is proved that it does.
    """
    return [*counts.counted, *counts.pending, *(file.digest for file in counts.seals)]


def before(
    root: Path, definitions: Definitions, period: Period, cache: Path | None = None
) -> tuple[str, ...]:
    """The weeks of the period that `moved` is measured against.

    For a week, the latest earlier one with a live `assessed`; else the period of the same kind
    just before.
    """
    if period.kind != "week":
        return wk.before(period).weeks
    earlier = latest_assessed(root, definitions, wk.shift(period.weeks[0], -1), cache)
    return (earlier,) if earlier else ()


def latest_assessed(
    root: Path, definitions: Definitions, until: str = wk.END, cache: Path | None = None
) -> str | None:
    """The latest week, not after `until`, for which any branch of the book has a live `assessed`."""
    for week in latest_first(root, until):
        if definitions.scheme(week):
            branches = _assessed_in(root, week, Cache(cache))
            if any(definitions.branch(branch) for branch in branches):
                return week
    return None


def _assessed_in(root: Path, week: str, kept: Cache) -> list[str]:
    """The branches that have a live `assessed` for a week."""
    counts = counting(root, [week])
    key = key_of(contents(counts))
    found = kept.find("assessed", key, list[str])
    if found is None or not Proofs(root, kept).prove(counts.paths):
        found = [branch for _week, branch in assessed_branches(read_counting(root, counts))]
        kept.keep("assessed", key, found)
    return found


def assessed_branches(batches: list[Batch]) -> dict[tuple[str, str], Assessed]:
    """(week, branch): the first live `assessed` entry."""
    found: dict[tuple[str, str], Assessed] = {}
    for _key, entry in Index(batches).live(Assessed):
        found.setdefault((entry.week, entry.branch), entry)
    return found


def trend_weeks(period: Period) -> tuple[str, ...]:
    """The eight weeks that end with the period's last one."""
    last = period.weeks[-1]
    return wk.span(wk.shift(last, 1 - TREND), last)


def missing_branches(
    definitions: Definitions,
    results: Mapping[str, Week],
    question: Question,
    closed: Collection[str] = (),
) -> tuple[tuple[tuple[str, str], ...], int]:
    """Branches with subjects but no live `assessed`, in the weeks that are due or begun.

    A closed week waits for nobody.

    For a period of one week, in that week in any case. Filters make no difference: places are won
    among all. The second value is how many were to come in.
    """
    done = {
        (week, branch)
        for week, result in results.items()
        for branch in result.assessed
        if definitions.scheme(week) and definitions.branch(branch)
    }
    begun = {week for week, _branch in done}
    weeks = [
        w
        for w in question.period.weeks
        if w in begun or w in question.due or len(question.period.weeks) == 1
    ]
    wanted = [
        (week, b.id)
        for week in weeks
        for b in definitions.branches
        if definitions.has_subjects(b.id, week)
    ]
    return tuple(p for p in wanted if p not in done and p[0] not in closed), len(wanted)
