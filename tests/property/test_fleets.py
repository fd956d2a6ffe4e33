"""Rankings across random books agree with plain Python, with one book's own, and with all entries anew."""

import tempfile
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from test_rules import TODAY

import books
import oracle
import repositories
from book_files import Draw, one, sometimes, tape
from qibi.base import weeks
from qibi.book.fleet import FleetFile
from qibi.book.load import load
from qibi.fleet.collect import Collected, CollectRequest, collect
from qibi.fleet.lake import MANIFEST, Lake
from qibi.fleet.ranking import KINDS, POOLED, FleetQuestion, FleetRanking, before, rank
from qibi.scoring import ranking as one_book

IDS = ("b", "b-1", "b1")  # each begins as another does
SLOW = settings(
    max_examples=books.MANY // 40, deadline=None, suppress_health_check=list(HealthCheck)
)


# A fleet on disk


@dataclass(frozen=True)
class Case:
    """Some books, and how they are ranked together."""

    books: dict[str, oracle.Book]
    period: str
    by: str
    how: str
    min_weeks: float
    criterion: str | None = None


def a_fleet(draw: Draw) -> Case:
    found = {}
    for key in IDS[: one(draw, [2, 3])]:
        book = books.a_book(draw)
        found[key] = replace(book, book=book.book | {"id": key})
    all_weeks = sorted({w for b in found.values() for w in books.weeks_within(b)})
    return Case(
        found,
        books.a_period(draw, all_weeks),
        one(draw, KINDS),
        one(draw, ["mean", "sum"]),
        one(draw, [0, 0.33, 1]) if sometimes(draw, 2) else 0,
        one(draw, ["safety", "quality"]) if sometimes(draw, 4) else None,
    )


def fleets() -> st.SearchStrategy[Case]:
    return tape().map(a_fleet)


class World:
    """Books in repositories of their own, and the lake that they are collected into."""

    def __init__(self, top: Path, fleet: FleetFile) -> None:
        self.top, self.fleet = top, fleet
        self.environment = repositories.surroundings(top)

    def put(self, key: str, book: oracle.Book) -> None:
        """Write a book and commit it, whatever of it is new."""
        root = self.top / "books" / key
        books.write(book, root)
        if not (root / ".git").exists():
            repositories.git(root, self.environment, "init", "-q", "-b", "main")
        repositories.git(root, self.environment, "add", "--all")
        repositories.git(root, self.environment, "commit", "-q", "-m", "more")

    def collect(self) -> Collected:
        at = "2028-01-18T09:00:00+00:00"  # after all that is drawn
        cache = self.top / "cache"
        return collect(CollectRequest(self.fleet, self.top, self.lake, cache, self.environment, at))

    @property
    def lake(self) -> Lake:
        return Lake(self.top / "lake", "lake")

    def files(self) -> dict[str, int]:
        """Every file of the lake, and when it was written."""
        here = self.top / "lake"
        return {
            str(p.relative_to(here)): p.stat().st_mtime_ns for p in here.rglob("*") if p.is_file()
        }

    def rank(self, case: Case, recompute: bool = False) -> FleetRanking:
        period = weeks.parse_period(case.period, TODAY)
        assert period is not None
        asked = FleetQuestion(period, before(self.lake, period), case.by, case.criterion, True)
        return rank(self.lake, self.fleet, asked, recompute=recompute)


def fleet_of(how: str, min_weeks: float) -> FleetFile:
    return FleetFile.model_validate(
        {"books": [{"path": "books/*"}], "period_total": how, "min_weeks": min_weeks}
    )


# What it should come to


def covered(book: oracle.Book, asked: list[str]) -> list[str]:
    """Of these weeks those in the years in which the book recorded anything."""
    years = sorted({entry["week"][:4] for entry in book.entries})
    return [week for week in asked if years and years[0] <= week[:4] <= years[-1]]


def own_weeks(case: Case, key: str, subject: str, asked: list[str]) -> list[oracle.Week]:
    book = case.books[key]
    ledger = oracle.ledger_of(book)
    found = [
        oracle.week_of_subject(book, ledger, case.by, subject, week)
        for week in covered(book, asked)
        if oracle.active_in(book, case.by, subject, week)
    ]
    return [week for week in found if week is not None]


def held_weeks(case: Case, asked: list[str]) -> list[str]:
    ledgers = {key: oracle.ledger_of(book) for key, book in case.books.items()}
    return [
        week
        for week in asked
        if any(oracle.any_assessed(book, ledgers[key], week) for key, book in case.books.items())
    ]


def line_of(case: Case, key: str, subject: str, asked: list[str]) -> dict | None:
    """A member, CP or branch of one book; None where it was never active."""
    book = case.books[key]
    ledger = oracle.ledger_of(book)
    active = [w for w in covered(book, asked) if oracle.active_in(book, case.by, subject, w)]
    if not active:
        return None
    results = own_weeks(case, key, subject, asked)
    line = summed(case, [points_of(case, result) for result in results], asked)
    line["subject"] = f"{key}/{subject}"
    line["branch"] = f"{key}/{oracle.branch_at(book, case.by, subject, active[-1])}"
    if all(oracle.exempt(ledger, case.by, subject, week) for week in active):
        line["reason"] = "exempt"
    elif case.by == "member" and line["reason"] != "unscored":
        record = oracle.membership(book, subject, active[-1])[1]
        if not oracle.is_eligible(oracle.scheme_at(book, active[-1]), record):
            line["reason"] = "ineligible"
    scheme = oracle.scheme_at(book, asked[-1])
    if not line["reason"] and scheme and case.criterion is None:
        vetoed = any(result.total_veto for result in results)
        line["judged"] = (
            oracle.grade_of(scheme, line["mean"]),
            oracle.alert_of(scheme, line["mean"], vetoed),
        )
    return line


def points_of(case: Case, result: oracle.Week) -> int | None:
    return result.criteria.get(case.criterion) if case.criterion else result.total


def summed(case: Case, points: list[int | None], asked: list[str]) -> dict:
    there = [p for p in points if p is not None]
    line: dict = {"reason": None, "weeks": len(there), "judged": (None, None), "branch": None}
    if not there:
        return line | {"reason": "unscored"}
    if len(there) < Fraction(str(case.min_weeks)) * len(held_weeks(case, asked)):
        line["reason"] = "too-few-weeks"
    line["mean"] = oracle.combined(there, "mean")
    line["total"] = oracle.combined(there, case.how)
    return line


def pooled_line(case: Case, subject: str, asked: list[str]) -> dict | None:
    """A book or a unit: each week the mean of all its members, on one scale, rounded once."""
    points: list[int | None] = []
    active = False
    for week in asked:
        values: list[Fraction] = []
        for key, book in case.books.items():
            if week not in covered(book, [week]) or (case.by == "book" and key != subject):
                continue
            members = [
                m
                for m in sorted(oracle.all_members(book))
                if (place := oracle.membership(book, m, week))
                and (case.by == "book" or place[1].get("unit") == subject)
            ]
            active = active or bool(members)
            values += pooled_values(case, book, members, week)
        points.append(oracle.half_up(sum(values) / len(values)) if values else None)
    if not active:
        return None
    line = summed(case, points, asked) | {"subject": subject}
    scheme = oracle.scheme_at(case.books[subject], asked[-1]) if case.by == "book" else None
    if scheme and not line["reason"] and case.criterion is None:
        line["judged"] = (
            oracle.grade_of(scheme, line["mean"]),
            oracle.alert_of(scheme, line["mean"], False),
        )
    return line


def pooled_values(case: Case, book: oracle.Book, members: list[str], week: str) -> list[Fraction]:
    scheme = oracle.scheme_at(book, week)
    if scheme is None:
        return []
    ledger = oracle.ledger_of(book)
    found = []
    for member in members:
        result = oracle.own_week(book, ledger, "member", member, week)
        record = oracle.membership(book, member, week)[1]
        if result is None or not oracle.is_eligible(scheme, record):
            continue
        if case.criterion:
            value = result.criteria.get(case.criterion)
            found += [] if value is None else [Fraction(value)]
        elif (value := oracle.scaled(scheme, "member", result.total)) is not None:
            found.append(value)
    return found


def placed(case: Case, asked: list[str]) -> tuple[list[dict], list[dict]]:
    if case.by in ("book", "unit"):
        units = {u["id"] for book in case.books.values() for u in book.book["units"]}
        keys = sorted(case.books) if case.by == "book" else sorted(units)
        lines = [pooled_line(case, key, asked) for key in keys]
    else:
        lines = [
            line_of(case, key, subject, asked)
            for key, book in case.books.items()
            for subject in oracle.candidates(book, case.by)
        ]
    there = [line for line in lines if line]
    ranked = [line for line in there if not line["reason"]]
    for line in ranked:
        line["rank"] = 1 + sum(other["total"] > line["total"] for other in ranked)
    ranked.sort(key=lambda line: (line["rank"], line["subject"]))
    return ranked, sorted(
        (line for line in there if line["reason"]), key=lambda line: line["subject"]
    )


def expected(case: Case) -> dict:
    asked = oracle.weeks_of(case.period)
    ranked, unranked = placed(case, asked)
    some_book = next(iter(case.books.values()))
    if ".." not in case.period and "W" in case.period:
        early = [w for b in case.books.values() for w in books.weeks_within(b) if w < case.period]
        earlier = held_weeks(case, sorted(early))[-1:]
    else:
        earlier = oracle.weeks_before(some_book, oracle.ledger_of(some_book), case.period)
    was = {line["subject"]: line["rank"] for line in placed(case, earlier)[0]} if earlier else {}
    return {
        "standings": [
            (
                line["rank"],
                was[line["subject"]] - line["rank"] if line["subject"] in was else None,
                line["subject"],
                line["branch"],
                line["total"],
                line["mean"],
                line["weeks"],
                *line["judged"],
            )
            for line in ranked
        ],
        "unranked": [(line["subject"], line["reason"]) for line in unranked],
    }


def as_expected(found: FleetRanking) -> dict:
    return {
        "standings": [
            (s.rank, s.moved, s.subject, s.branch, s.total, s.mean, s.weeks, s.grade, s.alert)
            for s in found.standings
        ],
        "unranked": [(u.subject, u.reason) for u in found.unranked],
    }


# Tests


@SLOW
@given(fleets())
def test_books_together_are_ranked_as_plain_python_does(case: Case) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder).resolve(), fleet_of(case.how, case.min_weeks))
        for key, book in case.books.items():
            world.put(key, book)
        assert world.collect().refused == []
        for by in dict.fromkeys((case.by, *POOLED)):
            asked = replace(case, by=by)
            found = world.rank(asked)
            assert as_expected(found) == expected(asked)
            assert world.rank(asked, recompute=True) == found


@SLOW
@given(books.cases())
def test_a_fleet_of_one_book_is_ranked_as_that_book(case: books.Case) -> None:
    assume(case.by in ("member", "cp", "branch", "unit") and case.branch is None)
    period = weeks.parse_period(case.period, TODAY)
    assert period is not None
    scheme = oracle.scheme_at(case.book, period.weeks[-1])
    assume(scheme is not None and covered(case.book, list(period.weeks)) == list(period.weeks))
    how, share = way_of(scheme)
    # A fleet has one way of adding up weeks, of the period before as well, from which `moved` comes.
    assume(all(way_of(s) == (how, share) for s in case.book.schemes.values()))
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder).resolve(), fleet_of(how, share))
        world.put("example", case.book)
        assert world.collect().refused == []
        found = world.rank(Case({}, case.period, case.by, how, share, case.criterion))
        root = world.top / "books" / "example"
        alone = one_book.rank(root, load(root), period, by=case.by, criterion=case.criterion)
    assert rows(found, case.by) == rows(alone, case.by)


def way_of(scheme: dict) -> tuple[str, float]:
    return scheme.get("period_total", "sum"), scheme.get("min_weeks", 0)


def rows(ranking: FleetRanking | one_book.Ranking, by: str) -> list[tuple]:
    """What both say; one book's id before each of its own ids, and no grade of a unit."""
    judged = by != "unit"
    return [
        (
            *(s.rank, s.moved, bare(s.subject), bare(s.branch or "-"), s.total, s.mean, s.weeks),
            *(sorted(s.criteria.items()), judged and s.grade, judged and s.alert),
        )
        for s in ranking.standings
    ] + [(bare(u.subject), bare(u.branch or "-"), u.reason) for u in ranking.unranked]


def bare(key: str) -> str:
    return key.removeprefix("example/")


@settings(SLOW, max_examples=books.MANY // 60)
@given(fleets(), st.randoms(use_true_random=False))
def test_collecting_again_writes_only_what_is_new(case: Case, dice) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder).resolve(), fleet_of("mean", 0))
        for key, book in case.books.items():
            world.put(key, book)
        world.collect()
        first = world.files()
        again = world.collect()
        assert (again.new_files, again.gone_files) == (0, 0)
        assert world.files() == first

        key, book = dice.choice(sorted(case.books.items()))
        assume(book.entries)
        last = max(entry["week"] for entry in book.entries)
        entry = next(e for e in book.entries if e["week"] == last)
        week = books.week_after(last, 1)
        line = {k: v for k, v in entry.items() if k in ("branch", "recorded_by", "recorded_at")}
        more = [*book.entries]
        books.record(more, [{"kind": "assessed", "week": week, **line}])
        world.put(key, replace(book, entries=more))
        world.collect()
        now = world.files()
        assert set(first) <= set(now)
        changed = {path for path in first if now[path] != first[path]}
        assert changed == {MANIFEST}
        new = set(now) - set(first)
        assert new and all(f"/{key}-" in path for path in new)
        ahead = week[:4] > last[:4]  # the first week of another year brings all its weeks
        assert all(f"week={week[5:]}" in path or ahead for path in new if "year=" in path)
