"""Laws that hold for every book, whatever its rules come to: order, voids, places, sums."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from hypothesis import HealthCheck, assume, event, given, settings

import books
import oracle
from book_files import Draw, tape
from qibi.base import weeks
from qibi.base.weeks import Period
from qibi.book.load import load
from qibi.scoring.account import Account, Behind, behind
from qibi.scoring.ranking import Ranking, rank

few = settings(
    max_examples=books.MANY // 6,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def period_of(case: books.Case) -> Period:
    found = weeks.parse_period(case.period, date(2030, 1, 1))
    assert found is not None
    return found


@contextmanager
def on_disk(book: oracle.Book) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        books.write(book, Path(folder))
        yield Path(folder)


def ranking_of(book: oracle.Book, case: books.Case) -> Ranking:
    """The case's question asked of another book; notes are left out."""
    with on_disk(book) as root:
        return rank(
            root,
            load(root),
            period_of(case),
            by=case.by,
            branch=case.branch,
            criterion=case.criterion,
        )


def without_notes(ranking: Ranking) -> tuple:
    """All that a ranking says; of the notes of several exemptions any may be shown."""
    found = [(u.subject, u.branch, u.reason) for u in ranking.unranked]
    return ranking.standings, found, ranking.missing, ranking.unusable


# Entries


@few
@given(tape(200), books.cases())
def test_order_and_batches_of_entries_do_not_matter(draw: Draw, case: books.Case) -> None:
    in_order = ranking_of(books.in_order(case.book), case)
    shuffled = ranking_of(books.shuffled(draw, case.book), case)
    assert without_notes(shuffled) == without_notes(in_order)


@few
@given(tape(200), books.cases())
def test_a_void_restores_exactly_the_earlier_standing(draw: Draw, case: books.Case) -> None:
    """An entry is added and voided, then its void is voided, which changes nothing."""
    book = oracle.Book(
        case.book.book, case.book.schemes, case.book.branches, list(case.book.entries)
    )
    asked = {"by": case.by, "branch": case.branch, "criterion": case.criterion}
    before, expected = ranking_of(book, case), oracle.rank(book, case.period, **asked)

    line = books.further_line(draw, book, set(period_of(case).weeks))
    assume(not books.stands(book.entries, [line]))  # the same bytes are the same batch
    key = books.record(book.entries, [line])[0]
    changes = oracle.rank(book, case.period, **asked) != expected
    event(f"{line['kind']} changes {'something' if changes else 'nothing'}")

    void = {name: line[name] for name in ("week", "branch", "recorded_by", "recorded_at")}
    void.update(kind="void", note="录错", entry=key)
    key = books.record(book.entries, [void])[0]
    assert ranking_of(book, case) == before
    books.record(book.entries, [{**void, "entry": key}])
    assert ranking_of(book, case) == before


# What a ranking and the sums behind it say


@settings(few, max_examples=books.MANY // 3)
@given(books.cases())
def test_places_and_sums_hold(case: books.Case) -> None:
    with on_disk(case.book) as root:
        found = behind(root, load(root), period_of(case), by=case.by, branch=case.branch)
    places_are_a_total_order(found.ranking, case)
    for week in found.ranking.question.period.weeks:
        for account in found.accounts(week).values():
            credit_and_cut_are_what_is_due(account, case.book)
            a_week_lies_within_limits(account)
    period_totals_add_up(found)


def places_are_a_total_order(ranking: Ranking, case: books.Case) -> None:
    """Rank 1 comes first, equal totals share a place and leave a gap, ties stand by id; everyone
    active stands exactly once, with a place or with a reason."""
    standings = ranking.standings
    totals = [s.total for s in standings]
    assert [s.rank for s in standings] == [1 + sum(t > own for t in totals) for own in totals]
    assert standings == tuple(sorted(standings, key=lambda s: (-s.total, s.subject)))
    named = [s.subject for s in (*standings, *ranking.unranked)]
    assert len(named) == len(set(named))
    active = {
        subject
        for subject in oracle.candidates(case.book, case.by)
        for week in ranking.question.period.weeks
        if oracle.active_in(case.book, case.by, subject, week)
    }
    assert set(named) <= active
    if case.branch is None:
        assert set(named) == active


def credit_and_cut_are_what_is_due(account: Account, book: oracle.Book) -> None:
    """Per item, what counts and what was cut is the sum of its live entries; only caps,
    `only_highest` and exclusions cut, and nothing beyond the cap counts."""
    due: dict[str, int] = {}
    for entry in oracle.live_entries(book):
        if entry["kind"] != "score" or not account.item(entry["item"]):
            continue
        if (entry["week"], entry["subject"]) == (account.week, account.subject):
            points = oracle.hundredths(entry["points"])
            due[entry["item"]] = due.get(entry["item"], 0) + points
    assert {i.item: i.credit + i.cut for i in account.items} == due
    definitions = {i.id: i for i in account.scheme.items()}
    for item in account.items:
        definition = definitions[item.item]
        if definition.cap is None and not definition.only_highest and not item.excluded_by:
            assert item.cut == 0
        if definition.cap is not None:
            assert item.credit <= definition.cap if definition.cap > 0 else True
            assert item.credit >= definition.cap if definition.cap < 0 else True
        if item.excluded_by:
            assert item.credit == 0
            assert account.item(item.excluded_by) is not None
    if not any(c.direct for c in account.criteria):
        assert account.without_limits() == sum(c.base for c in account.criteria) + sum(due.values())


def a_week_lies_within_limits(account: Account) -> None:
    """Criteria within theirs, unless a veto sets them; the total within the scheme's, unless a veto
    lowers it; and their sum is the total where nothing held it."""
    scheme = account.scheme
    for criterion in account.criteria:
        if criterion.veto is None:
            assert criterion.low <= criterion.credit <= criterion.high
        else:
            assert criterion.credit == criterion.veto
    assert account.summed == sum(c.credit for c in account.criteria)
    assert scheme.total_min <= account.held <= scheme.total_max
    if scheme.total_min <= account.summed <= scheme.total_max:
        assert account.held == account.summed
    vetoes = [v for v in (account.veto_total, account.veto_at_most) if v is not None]
    assert account.total == min([account.held, *vetoes])


def period_totals_add_up(found: Behind) -> None:
    """A period's total is the sum, or the mean, of the totals of its weeks."""
    question = found.ranking.question
    scheme = found.ranking.scheme
    weekly: dict[str, list[int]] = {}
    for week in question.period.weeks:
        accounts = found.accounts(week)
        for standing in found.ranking.standings:
            if question.by == "member":
                account = accounts.get(standing.subject)
                total = account.total if account and account.criteria else None
            else:
                rollup = found.rollup(week, standing.subject)
                total = rollup.total if rollup else None
            if total is not None:
                weekly.setdefault(standing.subject, []).append(total)
    for standing in found.ranking.standings:
        totals = weekly[standing.subject]
        assert standing.weeks == len(totals)
        assert standing.mean == oracle.half_up(oracle.Fraction(sum(totals), len(totals)))
        assert scheme is not None
        averaged = scheme.period_total == "mean"
        assert standing.total == (standing.mean if averaged else sum(totals))
