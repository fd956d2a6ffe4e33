"""The sum behind a total: a subject's week, step by step, as the rules had it.

`show`, `why`, boards and the report after `score` all read from here, so they can't disagree.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

from qibi.base.weeks import Period
from qibi.book.definitions import Definitions, Scheme
from qibi.ledger.batches import Batch, Index
from qibi.ledger.counting import OPEN, Counting, counting, read_counting
from qibi.ledger.entries import Score
from qibi.scoring.assessed import before, trend_weeks
from qibi.scoring.engine import Engine, prepare
from qibi.scoring.facts import Question, tables
from qibi.scoring.pinned import pinned
from qibi.scoring.ranking import Ranking, answer
from qibi.scoring.trends import trends


@dataclass(frozen=True)
class ItemCredit:
    """What one item came to in a week. Points are hundredths.

    `summed` is the sum of the entries; `earned` after `only_highest`; `capped` after the cap;
    `credit` what counts, 0 where `excluded_by` names an item that excludes it.
    """

    item: str
    criterion: str
    entries: int
    summed: int
    earned: int
    cap: int | None
    capped: int
    excluded_by: str | None
    credit: int
    veto_criterion: int | None
    veto_total: int | None
    veto_at_most: int | None

    @property
    def cut(self) -> int:
        """What did not count, in hundredths, with the sign of the points."""
        return self.summed - self.credit


@dataclass(frozen=True)
class CriterionCredit:
    """A criterion of a week: `raw` before limits and vetoes, `credit` what counts (hundredths)."""

    criterion: str
    base: int
    low: int
    high: int
    direct: bool
    items: int
    raw: int
    veto: int | None
    credit: int
    score_id: str | None


@dataclass(frozen=True)
class Account:
    """A subject's week. `summed` is the sum of the criteria, `held` within the scheme's limits,
    `total` after vetoes; all hundredths."""

    subject: str
    week: str
    branch: str
    scheme: Scheme
    entries: tuple[tuple[str, Score], ...]
    items: tuple[ItemCredit, ...]
    criteria: tuple[CriterionCredit, ...]
    summed: int
    held: int
    veto_total: int | None
    veto_at_most: int | None
    total: int

    def item(self, key: str) -> ItemCredit | None:
        """What an item came to, or None where it has no entries."""
        return next((i for i in self.items if i.item == key), None)

    def without_limits(self) -> int:
        """The total if no cap, exclusion or limit had cut anything (hundredths)."""
        cut = sum(i.cut for i in self.items)
        return sum(c.raw for c in self.criteria) + cut


@dataclass(frozen=True)
class Rollup:
    """How a CP's or branch's week came about: the two parts, their bases and weights.

    Totals and bases are hundredths, weights as the scheme has them (hundredths too). A part that has
    nothing has the weight 0. `total` is None where no part has anything.
    """

    own: int | None
    own_base: int
    own_weight: int
    members: tuple[tuple[str, int], ...]  # those that count: assessed and eligible
    others: tuple[str, ...]  # those that do not
    members_base: int
    members_weight: int
    total: int | None


@dataclass(frozen=True)
class Behind:
    """A ranking together with the means to account for each subject in it."""

    ranking: Ranking
    engine: Engine
    batches: list[Batch]
    definitions: Definitions
    known: dict[str, dict[str, Account]] = field(default_factory=dict, compare=False, repr=False)

    def accounts(self, week: str, subject: str | None = None) -> dict[str, Account]:
        """Subject: account, of all assessed subjects of a week or of one.

        Those of a whole week are kept: who has asked for them gets one of them for nothing.
        """
        if subject is None and week not in self.known:
            self.known[week] = self._accounts(week, None)
        if week not in self.known:
            return self._accounts(week, subject)
        whole = self.known[week]
        return {k: whole[k] for k in (subject,) if k in whole} if subject else whole

    def _accounts(self, week: str, subject: str | None) -> dict[str, Account]:
        scheme = self.definitions.scheme(week)
        if scheme is None:
            return {}
        among = " WHERE week = ?" + (" AND subject = ?" if subject else "")
        values = (week, subject) if subject else (week,)
        items: dict[str, list[ItemCredit]] = {}
        for key, *rest in self.engine.rows(
            "SELECT subject, item, criterion, entries, summed, earned, cap, capped, excluded_by,"
            f" credit, veto_criterion, veto_total, veto_at_most FROM item_credit{among}",
            *values,
        ):
            items.setdefault(key, []).append(ItemCredit(*_plain(rest)))
        criteria: dict[str, list[CriterionCredit]] = {}
        for key, *rest in self.engine.rows(
            "SELECT subject, criterion, base, low, high, direct, items, raw, veto, credit, score_id"
            f" FROM criterion_credit{among}",
            *values,
        ):
            criterion, base, low, high, direct, *more = _plain(rest)
            criteria.setdefault(key, []).append(
                CriterionCredit(criterion, base, low, high, bool(direct), *more)
            )
        entries = self._entries(week)
        item_order = {i.id: n for n, i in enumerate(scheme.items())}
        criterion_order = {c.id: n for n, c in enumerate(scheme.criteria)}
        return {
            key: Account(
                key,
                week,
                branch,
                scheme,
                tuple(entries.get(key, ())),
                tuple(sorted(items.get(key, ()), key=lambda i: item_order[i.item])),
                tuple(sorted(criteria.get(key, ()), key=lambda c: criterion_order[c.criterion])),
                *_plain(rest),
            )
            for key, branch, *rest in self.engine.rows(
                "SELECT subject, branch, summed, held, veto_total, veto_at_most, total"
                f" FROM week_total{among}",
                *values,
            )
        }

    def has_own(self, account: Account) -> bool:
        """Whether a subject has points of its own: a CP or branch only where criteria apply to it."""
        return bool(account.criteria) or self.ranking.question.by == "member"

    def rollup(self, week: str, subject: str) -> Rollup | None:
        """The parts behind a rolled-up total of a week; None for members, and outside any scheme."""
        by = self.ranking.question.by
        scheme = self.definitions.scheme(week)
        if by == "member" or scheme is None:
            return None
        own = list(
            self.engine.rows(
                "SELECT total FROM week_total WHERE week = ? AND subject = ?", week, subject
            )
        )
        rows = list(
            self.engine.rows(
                """
                SELECT b.member, CASE WHEN e.status IS NULL THEN NULL ELSE t.total END
                FROM belongs AS b
                LEFT JOIN week_total AS t
                  ON t.week = b.week AND t.subject = b.member AND t.kind = 'member'
                LEFT JOIN eligible AS e ON e.version = t.version AND e.status = t.status
                WHERE b.week = ? AND b.subject = ?
                ORDER BY b.member
                """,
                week,
                subject,
            )
        )
        total = list(
            self.engine.rows(
                "SELECT total FROM rollup WHERE week = ? AND subject = ?", week, subject
            )
        )
        members = tuple((key, int(points)) for key, points in rows if points is not None)
        bases = dict(
            self.engine.rows("SELECT kind, base FROM scale WHERE version = ?", scheme.week)
        )
        own_weight, members_weight = scheme.rollup.get(by, (10000, 0))
        own_total = int(own[0][0]) if own and by in bases else None
        return Rollup(
            own=own_total,
            own_base=bases.get(by, 0),
            own_weight=own_weight if own_total is not None else 0,
            members=members,
            others=tuple(key for key, points in rows if points is None),
            members_base=bases.get("member", 0),
            members_weight=members_weight if members and "member" in bases else 0,
            total=int(total[0][0]) if total else None,
        )

    def _entries(self, week: str) -> dict[str, list[tuple[str, Score]]]:
        found: dict[str, list[tuple[str, Score]]] = {}
        for key, entry in Index(b for b in self.batches if b.week == week).live(Score):
            found.setdefault(entry.subject, []).append((key, entry))
        return found


@dataclass(frozen=True)
class Material:
    """What the rankings of a period are calculated from, read once for all kinds of subject."""

    root: Path
    definitions: Definitions
    period: Period
    earlier: tuple[str, ...]
    counts: Counting
    batches: list[Batch]  # of the period and the one before, not of the trend's other weeks
    cache: Path | None

    def behind(self, by: str = "member", branch: str | None = None) -> Behind:
        """The ranking of a kind and what is behind it."""
        also = trend_weeks(self.period)
        drawn = trends(self.root, self.definitions, by, also, self.cache)
        question = Question(self.period, self.earlier, also, by, branch)
        found = of_batches(self.definitions, self.batches, question, self.counts)
        return replace(found, ranking=replace(found.ranking, trends=drawn))


def material(
    root: Path, definitions: Definitions, period: Period, cache: Path | None = None
) -> Material:
    """What a period's rankings need, read; raises `Faults` where the ledger is damaged."""
    prepare()
    earlier = before(root, definitions, period, cache)
    pinned(definitions, counting(root, trend_weeks(period)).seals)
    counts = counting(root, Question(period, earlier).weeks)
    pinned(definitions, counts.seals)
    batches = read_counting(root, counts)
    return Material(root, definitions, period, earlier, counts, batches, cache)


def behind(
    root: Path,
    definitions: Definitions,
    period: Period,
    *,
    by: str = "member",
    branch: str | None = None,
    cache: Path | None = None,
) -> Behind:
    """A ranking and what is behind it; raises `Faults` where the ledger is damaged."""
    return material(root, definitions, period, cache).behind(by, branch)


def of_batches(
    definitions: Definitions,
    batches: list[Batch],
    question: Question,
    counts: Counting = OPEN,
) -> Behind:
    """The same, of batches at hand."""
    engine = Engine(tables(definitions, question), batches)
    ranking = answer(definitions, batches, question, counts, engine)
    return Behind(ranking, engine, batches, definitions)


def _plain(values: list[object]) -> list:  # type: ignore[type-arg]  # of a row: mixed
    """DuckDB's sums are HUGEINT; Python's int is exact for them all."""
    return [int(v) if isinstance(v, int) else v for v in values]
