"""Rankings: typed standings out of the rules, with what a reader should know next to them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from qibi.base.cache import Cache, key_of
from qibi.base.weeks import Period
from qibi.book.definitions import Definitions, Scheme
from qibi.ledger.batches import Batch
from qibi.ledger.counting import OPEN, Counting, counting, read_counting
from qibi.ledger.records import Proofs
from qibi.scoring.assessed import (
    Attendance,
    attendance,
    contents,
    missing_branches,
    trend_weeks,
    weeks_due,
)
from qibi.scoring.assessed import assessed_branches as assessed_branches
from qibi.scoring.assessed import before as before
from qibi.scoring.assessed import latest_assessed as latest_assessed
from qibi.scoring.engine import Engine, rules_digest
from qibi.scoring.facts import Question, latest_scheme, tables
from qibi.scoring.pinned import pinned
from qibi.scoring.unusable import unusable
from qibi.scoring.weekly import is_large, outcome


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
    # why an entry counts for nothing: how many
    unusable: dict[str, int] = field(default_factory=dict)
    closed: dict[str, int] = field(default_factory=dict)  # week of the period: seal's revision
    pending: dict[str, int] = field(default_factory=dict)  # closed week: batches that wait
    lost: dict[str, int] = field(
        default_factory=dict
    )  # closed week: batches that are gone for good

    @property
    def provisional(self) -> bool:
        """Whether branches are still missing in a week that is open."""
        return bool(self.missing)


def rank(
    root: Path,
    definitions: Definitions,
    period: Period,
    *,
    by: str = "member",
    branch: str | None = None,
    department: str | None = None,
    section: str | None = None,
    criterion: str | None = None,
    trend: bool = False,
    cache: Path | None = None,
    today: date | None = None,
) -> Ranking:
    """The ranking of a period; raises `Faults` where the ledger of a week it needs is damaged.

    Of a closed week what its seal lists counts, under the definitions and rules that it pins: others
    are `Faults` too.

    With `today`, a week that is over and that nobody has submitted counts as missing too.
    `cache` is a folder for derived data: the same definitions and batches give the same answer.
    """
    earlier = before(root, definitions, period, cache)
    also = trend_weeks(period) if trend else ()
    due = weeks_due(root, period, today) if today else ()
    question = Question(period, earlier, also, by, branch, criterion, due, department, section)
    counts = counting(root, question.weeks)
    kept = Cache(cache if definitions.fingerprint else None)
    proofs = Proofs(root, kept)
    key = key_of([definitions.fingerprint, rules_digest(), repr(question), *contents(counts)])
    found = kept.find("rankings", key, Ranking)
    if found is None or not proofs.prove(counts.paths):
        pinned(definitions, counts.seals)
        reading = proofs.unproved(counts.counted)
        if is_large(root, counts):
            made = outcome(root, definitions, question, counts, kept, proofs)
            found = composed(definitions, made.engine, question, counts, made.seen, made.useless)
        else:
            found = answer(definitions, read_counting(root, counts), question, counts)
        proofs.proved(reading)
        kept.keep("rankings", key, found)
    return found


def answer(
    definitions: Definitions,
    batches: list[Batch],
    question: Question,
    counts: Counting = OPEN,
    engine: Engine | None = None,
) -> Ranking:
    """The ranking that these batches come to; `engine` is one that has run them already.

    `counts` says which weeks are closed, and what waits there.
    """
    engine = engine or Engine(tables(definitions, question), batches, ids=False)
    return composed(
        definitions, engine, question, counts, attendance(batches), unusable(definitions, engine)
    )


def composed(
    definitions: Definitions,
    engine: Engine,
    question: Question,
    counts: Counting,
    seen: Mapping[str, Attendance],
    useless: Mapping[str, Mapping[str, int]],
) -> Ranking:
    """The ranking in an engine's steps, with what is said next to it.

    `seen` is who was there in each week; `useless`, by week, why how many entries count for nothing.
    """
    scheme = latest_scheme(definitions, question.period.weeks)
    closed = {w: n for w, n in counts.closed.items() if w in question.period.weeks}
    missing, expected = missing_branches(definitions, seen, question, closed)
    return Ranking(
        question=question,
        scheme=scheme,
        standings=tuple(_standings(engine, scheme, question)),
        unranked=tuple(_unranked(engine, seen, question)),
        missing=missing,
        expected=expected,
        trends=_trends(engine, question),
        unusable=dict(sum((Counter(useless.get(w, {})) for w in question.period.weeks), Counter())),
        closed=closed,
        pending={w: n for w, n in counts.waiting.items() if w in closed},
        lost={w: n for w, n in counts.lost_in.items() if w in closed},
    )


def _standings(engine: Engine, scheme: Scheme | None, question: Question) -> list[Standing]:
    criteria: dict[str, dict[str, int]] = {}
    for subject, criterion, points in engine.rows(
        "SELECT subject, criterion, CAST(points AS BIGINT) FROM breakdown"
    ):
        criteria.setdefault(subject, {})[criterion] = int(points)
    order = [c.id for c in scheme.criteria] if scheme else []
    found = []
    for row in engine.rows(
        """
        SELECT n.subject, n.branch, n.weeks, CAST(n.total AS BIGINT), CAST(n.mean AS BIGINT),
          n.veto_total, n.place, b.place
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


def _unranked(engine: Engine, seen: Mapping[str, Attendance], question: Question) -> list[Unranked]:
    notes = {
        subject: note
        for week in question.period.weeks
        if week in seen
        for subject, note in seen[week].exempt.items()
    }
    return [
        Unranked(subject, branch, reason, notes.get(subject, "") if reason == "exempt" else "")
        for subject, branch, reason in engine.rows(
            "SELECT subject, branch, reason FROM standing"
            " WHERE period = 'now' AND reason IS NOT NULL ORDER BY subject"
        )
    ]


def _trends(engine: Engine, question: Question) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    if question.also:
        for subject, week, total in engine.rows(
            "SELECT subject, week, total FROM rollup WHERE week >= ?",
            question.also[0],
        ):
            found.setdefault(subject, {})[week] = int(total)
    return found
