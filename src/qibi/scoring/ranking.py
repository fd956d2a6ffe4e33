"""Rankings: typed standings out of the rules, with what a reader should know beside them."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from qibi.base import weeks as wk
from qibi.base.kept import Kept, key_of
from qibi.base.weeks import Period
from qibi.book.definitions import Definitions, Scheme
from qibi.ledger.batches import (
    Batch,
    batch_names,
    digest,
    earliest_first,
    folder,
    latest_first,
    read_weeks,
)
from qibi.ledger.entries import Assessed, Exempt, Score, Void
from qibi.scoring.engine import Engine, rules_digest
from qibi.scoring.facts import Question, latest_scheme, tables

TREND = 8  # weeks


@dataclass(frozen=True)
class Standing:
    """A subject's place. Points are hundredths; `moved` is None where it had no rank before."""

    rank: int
    moved: int | None
    subject: str
    branch: str | None  # None for units and posts, which span branches
    total: int
    mean: int
    weeks: int
    criteria: dict[str, int]
    grade: str | None
    alert: str | None  # "watch" or "warn"


@dataclass(frozen=True)
class Unranked:
    """A subject without a place, and why: exempt, unscored, ineligible, too-few-weeks."""

    subject: str
    branch: str | None  # None for units and posts, which span branches
    reason: str
    note: str


@dataclass(frozen=True)
class Ranking:
    """The answer to a `Question`."""

    question: Question
    scheme: Scheme | None
    standings: tuple[Standing, ...]
    unranked: tuple[Unranked, ...]
    missing: tuple[tuple[str, str], ...]  # (week, branch) not yet assessed
    expected: int  # (week, branch) pairs in all
    trends: dict[str, dict[str, int]]  # subject: week: total
    unusable: dict[str, int] = field(
        default_factory=dict
    )  # why an entry counts for nothing: how many

    @property
    def provisional(self) -> bool:
        """Whether branches are still missing."""
        return bool(self.missing)


def rank(
    root: Path,
    definitions: Definitions,
    period: Period,
    *,
    by: str = "member",
    branch: str | None = None,
    criterion: str | None = None,
    trend: bool = False,
    cache: Path | None = None,
    today: date | None = None,
) -> Ranking:
    """The ranking of a period; raises `Faults` where the ledger of a week it needs is damaged.

    With `today`, a week that is over and that nobody has handed in counts as missing too.
    `cache` is a folder for derived data: the same definitions and batches give the same answer.
    """
    earlier = before(root, definitions, period, cache)
    also = trend_weeks(period) if trend else ()
    due = weeks_due(root, period, today) if today else ()
    question = Question(period, earlier, also, by, branch, criterion, due)
    weeks = [w for w in question.weeks if batch_names(root, w)]
    kept = Kept(cache if definitions.fingerprint else None)
    content = contents(root, weeks)
    key = key_of([definitions.fingerprint, rules_digest(), repr(question), *(content or ())])
    found = kept.find("rankings", key, Ranking) if content is not None else None
    if found is None:
        found = answer(definitions, read_weeks(root, weeks), question)
        kept.keep("rankings", key, found)
    return found


def weeks_due(root: Path, period: Period, today: date) -> tuple[str, ...]:
    """The weeks of a period that are over, from the first week of the ledger on."""
    first = next(earliest_first(root), wk.END)
    return tuple(w for w in period.weeks if first <= w and wk.sunday(w) < today)


def contents(root: Path, weeks: list[str]) -> list[str] | None:
    """The names of all batches of these weeks, each proved by its content; None where one is not."""
    names = []
    for week in weeks:
        for name in batch_names(root, week):
            path = f"{folder(week)}/{name}"
            try:
                raw = (root / path).read_bytes()
            except OSError:
                return None
            if digest(raw) != name[-22:-6]:
                return None
            names.append(path)
    return names


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
            branches = _assessed_in(root, week, Kept(cache))
            if any(definitions.branch(branch) for branch in branches):
                return week
    return None


def _assessed_in(root: Path, week: str, kept: Kept) -> list[str]:
    """The branches that have a live `assessed` for a week."""
    content = contents(root, [week])
    key = key_of(content or ())
    found = kept.find("assessed", key, list[str]) if content is not None else None
    if found is None:
        found = [branch for _week, branch in assessed_branches(read_weeks(root, [week]))]
        kept.keep("assessed", key, found)
    return found


def assessed_branches(batches: list[Batch]) -> dict[tuple[str, str], Assessed]:
    """(week, branch): the first live `assessed` entry."""
    cancelled = cancelled_entries(batches)
    found: dict[tuple[str, str], Assessed] = {}
    for batch in batches:
        for key, entry in batch.numbered():
            if isinstance(entry, Assessed) and key not in cancelled:
                found.setdefault((entry.week, entry.branch), entry)
    return found


def cancelled_entries(batches: list[Batch]) -> set[str]:
    """The ids that a void of their own branch and week names."""
    places = {
        key: (b.week, b.branch)
        for b in batches
        for key, e in b.numbered()
        if not isinstance(e, Void)
    }
    return {
        e.entry
        for b in batches
        for e in b.entries
        if isinstance(e, Void) and places.get(e.entry) == (b.week, b.branch)
    }


def trend_weeks(period: Period) -> tuple[str, ...]:
    """The eight weeks that end with the period's last one."""
    last = period.weeks[-1]
    return wk.span(wk.shift(last, 1 - TREND), last)


def answer(
    definitions: Definitions,
    batches: list[Batch],
    question: Question,
    engine: Engine | None = None,
) -> Ranking:
    """The ranking that these batches come to; `engine` is one that has run them already."""
    engine = engine or Engine(tables(definitions, batches, question))
    scheme = latest_scheme(definitions, question.period.weeks)
    missing, expected = _missing(definitions, batches, question)
    return Ranking(
        question=question,
        scheme=scheme,
        standings=tuple(_standings(engine, scheme, question)),
        unranked=tuple(_unranked(engine, batches, question)),
        missing=missing,
        expected=expected,
        trends=_trends(engine, question),
        unusable=dict(_unusable(definitions, engine, question)),
    )


def _standings(engine: Engine, scheme: Scheme | None, question: Question) -> list[Standing]:
    criteria: dict[str, dict[str, int]] = {}
    for subject, criterion, points in engine.rows(
        "SELECT subject, criterion, points FROM breakdown"
    ):
        criteria.setdefault(subject, {})[criterion] = int(points)
    order = [c.id for c in scheme.criteria] if scheme else []
    found = []
    for row in engine.rows(
        """
        SELECT n.subject, n.branch, n.weeks, n.total, n.mean, n.veto_total, n.place, b.place
        FROM standing AS n
        LEFT JOIN standing AS b ON b.subject = n.subject AND b.period = 'before'
        WHERE n.period = 'now' AND n.place IS NOT NULL
        ORDER BY n.place, n.subject
        """
    ):
        subject, branch, weeks, total, mean, veto, place, earlier = row
        own = criteria.get(subject, {})
        graded = scheme is not None and question.criterion is None
        found.append(
            Standing(
                rank=place,
                moved=None if earlier is None else earlier - place,
                subject=subject,
                branch=branch,
                total=int(total),
                mean=int(mean),
                weeks=weeks,
                criteria={c: own[c] for c in [*order, *sorted(set(own) - set(order))] if c in own},
                grade=grade(scheme, int(mean)) if graded and scheme else None,
                alert=alert(scheme, int(mean), veto is not None) if graded and scheme else None,
            )
        )
    return found


def grade(scheme: Scheme, mean: int) -> str | None:
    """The highest grade that a mean (hundredths) reaches."""
    return next((g.id for g in scheme.grades if g.lowest <= mean), None)


def alert(scheme: Scheme, mean: int, vetoed: bool) -> str | None:
    """`warn` or `watch` where a mean (hundredths) is below it; a total veto is always `warn`."""
    if vetoed or (scheme.warn is not None and mean < scheme.warn):
        return "warn"
    return "watch" if scheme.watch is not None and mean < scheme.watch else None


def _unranked(engine: Engine, batches: list[Batch], question: Question) -> list[Unranked]:
    cancelled = cancelled_entries(batches)
    notes = {
        e.subject: e.note
        for b in batches
        for key, e in b.numbered()
        if isinstance(e, Exempt) and key not in cancelled and e.week in question.period.weeks
    }
    return [
        Unranked(subject, branch, reason, notes.get(subject, "") if reason == "exempt" else "")
        for subject, branch, reason in engine.rows(
            "SELECT subject, branch, reason FROM standing"
            " WHERE period = 'now' AND reason IS NOT NULL ORDER BY subject"
        )
    ]


def _missing(
    definitions: Definitions, batches: list[Batch], question: Question
) -> tuple[tuple[tuple[str, str], ...], int]:
    """Branches with subjects but no live `assessed`, in the weeks that are due or begun.

    For a period of one week, in that week in any case. With `--branch` only that branch is asked for.
    """
    done = {
        (week, branch)
        for week, branch in assessed_branches(batches)
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
    return tuple(pair for pair in wanted if pair not in done), len(wanted)


def _trends(engine: Engine, question: Question) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    if question.also:
        for subject, week, total in engine.rows(
            "SELECT subject, week, total FROM rollup WHERE week >= ?",
            question.also[0],
        ):
            found.setdefault(subject, {})[week] = int(total)
    return found


def _unusable(definitions: Definitions, engine: Engine, question: Question) -> Counter[str]:
    """Live scores of the period that count for nothing, by why."""
    found: Counter[str] = Counter()
    for week, branch, subject, item, used in engine.rows(
        """
        SELECT l.week, l.branch, l.subject, l.item, s.subject
        FROM live AS l
        JOIN span AS p ON p.week = l.week AND p.period = 'now'
        LEFT JOIN assessed AS s ON s.week = l.week AND s.subject = l.subject
        WHERE l.kind = 'score'
        """
    ):
        why = why_unusable(definitions, week, subject, item, used is not None)
        if why is None and definitions.branch(branch) is None:
            why = "unknown-branch"
        if why:
            found[why] += 1
    return found


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


def live_scores(batches: list[Batch]) -> list[tuple[str, Score]]:
    """Each live score with its id."""
    cancelled = cancelled_entries(batches)
    return [
        (key, e)
        for b in batches
        for key, e in b.numbered()
        if isinstance(e, Score) and key not in cancelled
    ]
