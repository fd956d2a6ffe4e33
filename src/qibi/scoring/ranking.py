"""Rankings: typed standings out of the rules, with what a reader should know next to them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path

import msgspec

from qibi.base.cache import Cache, key_of
from qibi.base.weeks import Period
from qibi.book.definitions import Definitions, Scheme
from qibi.ledger.batches import Batch
from qibi.ledger.counting import OPEN, Counting, counting, read_counting
from qibi.ledger.records import Proofs
from qibi.scoring.assessed import assessed_branches as assessed_branches
from qibi.scoring.assessed import before as before
from qibi.scoring.assessed import (
    contents,
    missing_branches,
    trend_weeks,
    weeks_due,
)
from qibi.scoring.assessed import latest_assessed as latest_assessed
from qibi.scoring.facts import Question, latest_scheme
from qibi.scoring.pinned import pinned
from qibi.scoring.rules import Place, Rules, Week, breakdown, code_digest, standings
from qibi.scoring.weekly import week_results


class Standing(msgspec.Struct, frozen=True):
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


class Unranked(msgspec.Struct, frozen=True):
    """A subject without a place, and why: exempt, unscored, ineligible, too-few-weeks."""

    subject: str
    branch: str | None  # None for units and posts, which span branches
    reason: str
    note: str


class Ranking(msgspec.Struct, frozen=True):
    """The answer to a `Question`."""

    question: Question
    scheme: Scheme | None
    standings: tuple[Standing, ...]
    unranked: tuple[Unranked, ...]
    missing: tuple[tuple[str, str], ...]  # (week, branch) not yet assessed
    expected: int  # (week, branch) pairs in all
    trends: dict[str, dict[str, int]]  # subject: week: total
    # why an entry counts for nothing: how many
    unusable: dict[str, int] = msgspec.field(default_factory=dict)
    closed: dict[str, int] = msgspec.field(
        default_factory=dict
    )  # week of the period: seal's revision
    pending: dict[str, int] = msgspec.field(default_factory=dict)  # closed week: batches that wait
    lost: dict[str, int] = {}  # closed week: batches that are gone for good

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
    key = key_of([definitions.fingerprint, code_digest(), repr(question), *contents(counts)])
    found = kept.find("rankings", key, Ranking)
    if found is None or not proofs.prove(counts.paths):
        pinned(definitions, counts.seals)
        if not proofs.prove(counts.pending):
            read_counting(root, counts)  # says which is damaged
        rules = Rules(definitions, question)
        results = week_results(root, rules, question, counts, kept, proofs)
        found = composed(rules, question, counts, results)
        kept.keep("rankings", key, found)
    return found


def answer(
    definitions: Definitions, batches: list[Batch], question: Question, counts: Counting = OPEN
) -> Ranking:
    """The ranking of these batches; `counts` says which weeks are closed, and what waits there."""
    rules = Rules(definitions, question)
    return composed(rules, question, counts, results_of(rules, batches))


def results_of(rules: Rules, batches: Iterable[Batch]) -> dict[str, Week]:
    """The result of each week that these batches are of."""
    by_week: dict[str, list[Batch]] = {}
    for batch in batches:
        by_week.setdefault(batch.week, []).append(batch)
    return {week: rules.week(week, of_week) for week, of_week in by_week.items()}


def composed(
    rules: Rules, question: Question, counts: Counting, results: Mapping[str, Week]
) -> Ranking:
    """The ranking over the weeks' results, with what is said next to it."""
    definitions, weeks = rules.definitions, question.period.weeks
    closed = {w: n for w, n in counts.closed.items() if w in weeks}
    missing, expected = missing_branches(definitions, results, question, closed)
    places = standings(rules, weeks, results, question.criterion)
    return Ranking(
        question=question,
        scheme=latest_scheme(definitions, weeks),
        standings=tuple(_standings(rules, question, results, places)),
        unranked=tuple(_unranked(question, results, places)),
        missing=missing,
        expected=expected,
        trends=_trends(question, results),
        unusable=dict(
            sum((Counter(results[w].unusable) for w in weeks if w in results), Counter())
        ),
        closed=closed,
        pending={w: n for w, n in counts.waiting.items() if w in closed},
        lost={w: n for w, n in counts.lost_in.items() if w in closed},
    )


def _standings(
    rules: Rules, question: Question, results: Mapping[str, Week], places: list[Place]
) -> Iterator[Standing]:
    weeks = question.period.weeks
    scheme = latest_scheme(rules.definitions, weeks)
    graded = scheme if question.criterion is None else None
    criteria = breakdown(rules.definitions, weeks, results)
    order = [c.id for c in scheme.criteria] if scheme else []
    before = standings(rules, question.before, results, question.criterion)
    ranks = {p.subject: p.rank for p in before if p.reason is None}
    for place in places:
        if place.reason is not None:
            continue
        own = criteria.get(place.subject, {})
        earlier = ranks.get(place.subject)
        yield Standing(
            rank=place.rank,
            moved=None if earlier is None else earlier - place.rank,
            subject=place.subject,
            branch=place.branch,
            total=place.total,
            mean=place.mean,
            weeks=place.weeks,
            criteria={c: own[c] for c in [*order, *sorted(set(own) - set(order))] if c in own},
            grade=grade(graded, place.mean) if graded else None,
            alert=alert(graded, place.mean, place.veto is not None) if graded else None,
        )


def grade(scheme: Scheme, mean: int) -> str | None:
    """The highest grade that a mean (hundredths) reaches."""
    return next((g.id for g in scheme.grades if g.lowest <= mean), None)


def alert(scheme: Scheme, mean: int, vetoed: bool) -> str | None:
    """`warn` or `watch` where a mean (hundredths) is below it; a total veto is always `warn`."""
    if vetoed or (scheme.warn is not None and mean < scheme.warn):
        return "warn"
    return "watch" if scheme.watch is not None and mean < scheme.watch else None


def _unranked(
    question: Question, results: Mapping[str, Week], places: list[Place]
) -> Iterator[Unranked]:
    notes = {
        subject: note
        for week in question.period.weeks
        if week in results
        for subject, note in results[week].exempt.items()
    }
    for place in places:
        if place.reason is not None:
            note = notes.get(place.subject, "") if place.reason == "exempt" else ""
            yield Unranked(place.subject, place.branch, place.reason, note)


def _trends(question: Question, results: Mapping[str, Week]) -> dict[str, dict[str, int]]:
    """Subject: week: total (hundredths), of the weeks of the trend and after."""
    found: dict[str, dict[str, int]] = {}
    for week in sorted(results) if question.also else ():
        for row in results[week].rows if week >= question.also[0] else ():
            if row.total is not None:
                found.setdefault(row.subject, {})[week] = row.total
    return found
