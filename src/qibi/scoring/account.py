"""The sum behind a total: a subject's week, step by step, as the rules had it.

`show`, `why`, boards and the report after `score` all read from here, so they can't disagree.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import msgspec

from qibi.base.cache import Cache
from qibi.base.weeks import Period
from qibi.book.definitions import Definitions, Scheme
from qibi.ledger.batches import Batch, Index
from qibi.ledger.counting import OPEN, Counting, counting, read_counting, week_of_path
from qibi.ledger.entries import Score
from qibi.ledger.records import Proofs
from qibi.scoring.assessed import before, trend_weeks
from qibi.scoring.facts import Question
from qibi.scoring.pinned import pinned
from qibi.scoring.ranking import Ranking, composed, results_of
from qibi.scoring.rules import Live, Rules, Week, capped, excluded, live
from qibi.scoring.weekly import week_results


class ItemCredit(msgspec.Struct, frozen=True):
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


class CriterionCredit(msgspec.Struct, frozen=True):
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


class Account(msgspec.Struct, frozen=True):
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


class Rollup(msgspec.Struct, frozen=True):
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


class Behind(msgspec.Struct, frozen=True):
    """A ranking together with the means to account for each subject in it."""

    ranking: Ranking
    rules: Rules
    results: Mapping[str, Week]
    batches: list[Batch]
    definitions: Definitions
    known: dict[str, dict[str, Account]] = msgspec.field(default_factory=dict)
    known_live: dict[str, Live] = msgspec.field(default_factory=dict)

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
        entries = self._live(week, scheme)
        scores = self._scores(week)
        return {
            key: self._account(week, scheme, key, kind, branch, entries, tuple(scores.get(key, ())))
            for key, (kind, branch, _status) in self.rules.assessed(week, entries).items()
            if subject in (None, key)
        }

    def _account(
        self,
        week: str,
        scheme: Scheme,
        subject: str,
        kind: str,
        branch: str,
        entries: Live,
        scores: tuple[tuple[str, Score], ...],
    ) -> Account:
        plan, own = self.rules.plan(scheme, kind), self.rules.own(scheme, kind, subject, entries)
        earned, direct = entries.earned.get(subject, {}), entries.direct.get(subject, {})
        out = excluded(plan, earned)
        items = []
        for item in plan.items.values():
            if item.id in own.items:
                points = [e.hundredths for _key, e in scores if e.item == item.id]
                items.append(
                    ItemCredit(
                        item.id,
                        item.criterion,
                        len(points),
                        sum(points),
                        earned[item.id],
                        item.cap,
                        capped(item, earned[item.id]),
                        out.get(item.id),
                        own.items[item.id],
                        item.veto_criterion,
                        item.veto_total,
                        item.veto_total_at_most,
                    )
                )
        criteria = tuple(
            CriterionCredit(
                c.id,
                c.base,
                c.min,
                c.max,
                c.direct,
                sum(i.credit for i in items if i.criterion == c.id),
                own.raw[place],
                own.vetoes.criteria.get(place),
                own.credits[place],
                direct[c.id][2] if c.id in direct else None,
            )
            for place, c in enumerate(plan.criteria)
        )
        barred = own.vetoes
        return Account(
            subject,
            week,
            branch,
            scheme,
            scores,
            tuple(items),
            criteria,
            own.summed,
            own.held,
            barred.total,
            barred.at_most,
            own.total,
        )

    def has_own(self, account: Account) -> bool:
        """Whether a subject has points of its own: a CP or branch only where criteria apply to it."""
        return bool(account.criteria) or self.ranking.question.by == "member"

    def rollup(self, week: str, subject: str) -> Rollup | None:
        """The parts behind a rolled-up total of a week; None for members, and outside any scheme."""
        by = self.ranking.question.by
        scheme = self.definitions.scheme(week)
        if by == "member" or scheme is None:
            return None
        entries = self._live(week, scheme)
        assessed = self.rules.assessed(week, entries)
        _branch, belonging = self.rules.members(week).get(subject, (None, []))
        counted, others = [], []
        for member in sorted(belonging):
            kind, _where, status = assessed.get(member, ("", "", None))
            if kind == "member" and status in scheme.eligible:
                counted.append((member, self.rules.own(scheme, kind, member, entries).total))
            else:
                others.append(member)
        own = None
        if subject in assessed:
            own = self.rules.own(scheme, assessed[subject][0], subject, entries).total
        own_base, members_base = self.rules.scales(scheme)
        own_weight, members_weight = self.rules.weights(scheme)
        own = own if own_base else None
        rows = self.results[week].rows if week in self.results else ()
        total = next((row.total for row in rows if row.subject == subject), None)
        if total is None:  # not assessed: nothing is weighed
            own, counted, others = None, [], sorted(belonging)
        return Rollup(
            own=own,
            own_base=own_base,
            own_weight=own_weight if own is not None else 0,
            members=tuple(counted),
            others=tuple(others),
            members_base=members_base,
            members_weight=members_weight if counted and members_base else 0,
            total=total,
        )

    def _live(self, week: str, scheme: Scheme) -> Live:
        if week not in self.known_live:
            self.known_live[week] = live(scheme, (b for b in self.batches if b.week == week))
        return self.known_live[week]

    def _scores(self, week: str) -> dict[str, list[tuple[str, Score]]]:
        found: dict[str, list[tuple[str, Score]]] = {}
        for key, entry in Index(b for b in self.batches if b.week == week).live(Score):
            found.setdefault(entry.subject, []).append((key, entry))
        return found


class Material(msgspec.Struct, frozen=True):
    """What the rankings of a period are calculated from, read once for all kinds of subject."""

    root: Path
    definitions: Definitions
    period: Period
    earlier: tuple[str, ...]
    counts: Counting
    trend: Counting  # of the weeks of the trend
    batches: list[Batch]  # of the period and the one before, not of the trend's other weeks
    cache: Path | None

    def behind(self, by: str = "member", branch: str | None = None) -> Behind:
        """The ranking of a kind and what is behind it."""
        question = Question(self.period, self.earlier, trend_weeks(self.period), by, branch)
        rules = Rules(self.definitions, question)
        results = results_of(rules, self.batches)
        kept = Cache(self.cache if self.definitions.fingerprint else None)
        more = replace(self.trend, counted=_not_of(self.trend.counted, results))
        results |= week_results(self.root, rules, question, more, kept, Proofs(self.root, kept))
        ranking = composed(rules, question, self.counts, results)
        return Behind(ranking, rules, results, self.batches, self.definitions)


def _not_of(paths: Iterable[str], weeks: Collection[str]) -> tuple[str, ...]:
    return tuple(path for path in paths if week_of_path(path) not in weeks)


def material(
    root: Path, definitions: Definitions, period: Period, cache: Path | None = None
) -> Material:
    """What a period's rankings need, read; raises `Faults` where the ledger is damaged."""
    earlier = before(root, definitions, period, cache)
    trend = counting(root, trend_weeks(period))
    pinned(definitions, trend.seals)
    counts = counting(root, Question(period, earlier).weeks)
    pinned(definitions, counts.seals)
    batches = read_counting(root, counts)
    return Material(root, definitions, period, earlier, counts, trend, batches, cache)


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
    rules = Rules(definitions, question)
    results = results_of(rules, batches)
    ranking = composed(rules, question, counts, results)
    return Behind(ranking, rules, results, batches, definitions)
