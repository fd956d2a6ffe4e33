"""Reckons a week's board, or one subject's slip, from the ledger."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from math import ceil, sqrt
from pathlib import Path

from qibi.base import dates, weeks
from qibi.base.language import _, aside, colon, current, listing
from qibi.base.points import show, signed
from qibi.book import words
from qibi.book.definitions import Definitions
from qibi.ledger.batches import Index
from qibi.ledger.progress import MilestoneState, PlanState, TaskState, batches_of, state_of_plan
from qibi.ledger.remedies import Life, batches_with_remedies, lives, recent_weeks
from qibi.ledger.seals import SealFile, seal_of
from qibi.scoring.account import Account, Behind, Material, material
from qibi.scoring.assessed import trend_weeks
from qibi.scoring.lists import Lists, lists_from, remedy_due
from qibi.scoring.policies import policies
from qibi.scoring.ranking import Ranking, Standing
from qibi.scoring.sums import Step, steps
from qibi.scoring.words import alert_word, cause, list_rule, moved, place_within

# What a weekly board shows, calculated once: every format is drawn from this one set of data.
#
# All points are text here, as people read them; what a picture is drawn from (levels of a heat map,
# heights of a trend) are plain numbers next to it. Names are as the book has them.


@dataclass(frozen=True)
class Trend:
    """Eight weeks of a subject: the totals as text (empty where it has none), heights 0 to 1."""

    values: tuple[str, ...]
    heights: tuple[float | None, ...]


@dataclass(frozen=True)
class Cause:
    """What put a name on a list: points with their sign, and for what."""

    points: str
    text: str


@dataclass(frozen=True)
class Named:
    """A name on a list; `more` counts the causes that are left out."""

    subject: str
    name: str
    rank: int
    moved: str
    total: str
    causes: tuple[Cause, ...]
    more: int
    remedy: str


@dataclass(frozen=True)
class NameList:
    """A red or black list: what the book calls it, its kind of subject, its rule, its names."""

    colour: str  # "red" or "black"
    title: str
    kind: str
    rule: str
    names: tuple[Named, ...]


@dataclass(frozen=True)
class Place:
    """A subject's place in a ranking. `alert` is `watch`, `warn` or empty; `rose` a number of places."""

    rank: int
    moved: str
    rose: int
    subject: str
    name: str
    branch: str
    total: str
    grade: str
    alert: str
    trend: Trend
    cells: tuple["Cell", ...] = ()


@dataclass(frozen=True)
class Cell:
    """A branch on a criterion: mean, difference from the base, and a level of -4 to 4."""

    value: str
    difference: str
    level: int


@dataclass(frozen=True)
class Criterion:
    """A column of the heat map."""

    name: str
    short: str


@dataclass(frozen=True)
class RemedyRow:
    """A remedy that nobody has verified yet."""

    id: str
    subject: str
    name: str
    measure: str
    owner: str
    due: str
    state: str
    overdue: bool


@dataclass(frozen=True)
class MilestoneRow:
    """A milestone done in the week or overdue at its end; `days` gained (+) or lost (-)."""

    subject: str
    name: str
    text: str
    due: str
    done: str
    days: int


@dataclass(frozen=True)
class Sum:
    """The sum behind a name."""

    subject: str
    name: str
    headline: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class SealMark:
    """The seal of a closed week; `correction` is 0 where it was never corrected."""

    path: str
    digest: str
    correction: int
    closed: str


@dataclass(frozen=True)
class Head:
    """What is at the top and the foot of a page."""

    language: str
    book: str
    title: str
    scheme: str
    week: str
    week_number: str
    dates: str
    today: date
    closure: str
    handed_in: str
    provisional: bool
    pending: tuple[str, ...]
    seal: SealMark | None


@dataclass(frozen=True)
class Board:
    """A week of a book."""

    head: Head
    lists: tuple[NameList, ...]
    member_word: str
    branch_word: str
    top: tuple[Place, ...]
    top_more: int  # who share the last place shown and did not fit
    risers: tuple[Place, ...]
    criteria: tuple[Criterion, ...]
    branches: tuple[Place, ...]
    without: tuple[str, ...]  # branches without a place
    weeks: tuple[str, ...]  # of the trends
    remedies: tuple[RemedyRow, ...]
    gained: tuple[MilestoneRow, ...]
    late: tuple[MilestoneRow, ...]
    members: tuple[Place, ...]
    member_count: int
    sums: tuple[Sum, ...]
    mean: str


@dataclass(frozen=True)
class Bar:
    """A criterion of one person: what counts, the difference from the base, and both as shares."""

    name: str
    value: str
    difference: str
    share: float
    base_share: float


@dataclass(frozen=True)
class Slip:
    """One subject's week."""

    head: Head
    subject: str
    name: str
    who: str
    ties: tuple[str, ...]
    total: str
    why_none: str  # why there is no total
    rank: str
    place: str  # in its branch
    moved: str
    grade: str
    alert: str
    alert_text: str
    bars: tuple[Bar, ...]
    sum: Sum | None
    weeks: tuple[str, ...]
    trend: Trend
    remedies: tuple[RemedyRow, ...]
    objections: str


# A week of a book that boards, slips and minutes are made for: what they need is calculated once.


@dataclass(frozen=True)
class BoardQuery:
    """A book and a week of it. `said` are the ways in which commands speak of how far a week is."""

    root: Path
    definitions: Definitions
    week: str
    today: date
    cache: Path | None
    closure: Callable[[Ranking], str]
    handed_in: Callable[[Ranking], str]
    pending: Callable[[Ranking], list[str]]
    _behind: dict[str, Behind] = field(default_factory=dict, compare=False, repr=False)
    _places: dict[str, "Places"] = field(default_factory=dict, compare=False, repr=False)

    def behind(self, by: str) -> Behind:
        """The ranking of a kind with what is behind it; raises `Faults` where the ledger is damaged."""
        if by not in self._behind:
            self._behind[by] = self._material.behind(by)
        return self._behind[by]

    def places(self, by: str) -> "Places":
        """The standings of a kind, to look one up."""
        if by not in self._places:
            self._places[by] = Places(self.behind(by).ranking.standings)
        return self._places[by]

    @cached_property
    def lists(self) -> list[Lists]:
        """The lists of each kind that the week's policy names."""
        named = policies(self.root, self.definitions, weeks.single(self.week))
        return [lists_from(self.behind(kind), policy) for kind, policy in named.items()]

    @cached_property
    def remedies(self) -> dict[str, Life]:
        """Those of this week and of those before it; what is due first comes first."""
        wanted = sorted({*recent_weeks(self.root, self.week), self.week})
        found = lives(batches_with_remedies(self.root, wanted, self.cache))
        return dict(sorted(found.items(), key=lambda pair: (pair[1].due or weeks.END, pair[0])))

    @cached_property
    def seal(self) -> SealFile | None:
        """The latest seal of the week."""
        return seal_of(self.root, self.week)

    @cached_property
    def _material(self) -> Material:
        return material(self.root, self.definitions, weeks.single(self.week), self.cache)


class Places:
    """Standings by subject, and places within a branch."""

    def __init__(self, standings: tuple[Standing, ...]) -> None:
        self.by_subject = {s.subject: s for s in standings}
        self._totals: dict[str | None, list[int]] = {}
        for standing in standings:
            self._totals.setdefault(standing.branch, []).append(standing.total)
        self._first: dict[tuple[str | None, int], int] = {}
        for branch, totals in self._totals.items():
            above = 0
            for total, count in sorted(Counter(totals).items(), reverse=True):
                self._first[branch, total] = above + 1
                above += count

    def within(self, standing: Standing) -> tuple[int, int]:
        """The rank of someone among those of their branch, and how many these are."""
        return (
            self._first[standing.branch, standing.total],
            len(self._totals[standing.branch]),
        )


TOP = 10  # places that are shown
_TOP_ROWS = 15  # rows for them, where many share the last place
_RISERS = 3
_CAUSES = 3  # next to a name on a list
MOST_SUMS = 1000  # members that a page lists, each with the sum behind the total


def board(asked: BoardQuery, step: Callable[[], None] = lambda: None) -> Board:
    """A week's board; raises `Faults` where the ledger is damaged. `step` is called four times."""
    book = asked.definitions
    members = asked.behind("member")
    step()
    branches = asked.behind("branch")
    step()
    period = weeks.single(asked.week)
    listed = asked.lists
    step()
    remedies = asked.remedies
    gained, late = milestones_of(asked.root, book, asked.week, asked.today, asked.cache)
    step()
    ranked = members.ranking.standings
    top = [s for s in ranked if s.rank <= TOP]
    most = max((s.moved or 0 for s in ranked), default=0)
    risers = [s for s in ranked if most > 0 and s.moved == most]
    all_members = _places(asked, members, ranked[:MOST_SUMS])
    placed = {p.subject: p for p in all_members}
    for standing in risers:
        if standing.subject not in placed:
            placed[standing.subject] = _places(asked, members, [standing])[0]
    head = _head(asked, members.ranking)
    return Board(
        head=head,
        lists=tuple(_lists(asked, listed, remedies)),
        member_word=_capital(words.kind(book, "member")),
        branch_word=words.branch_heading(book),
        top=tuple(placed[s.subject] for s in top[:_TOP_ROWS]),
        top_more=max(len(top) - _TOP_ROWS, 0),
        risers=tuple(placed[s.subject] for s in risers[:_RISERS]),
        criteria=_criteria(branches.ranking),
        branches=_heat(asked, branches),
        without=tuple(
            words.branch(book, u.subject) + aside(words.reason(u.reason, u.note))
            for u in branches.ranking.unranked
        ),
        weeks=trend_weeks(period),
        remedies=tuple(
            _remedy_row(asked, key, life) for key, life in remedies.items() if not life.ended
        ),
        gained=gained,
        late=late,
        members=all_members,
        member_count=len(ranked),
        sums=tuple(_all_sums(asked, members, branches, listed, all_members)),
        mean=show(_half_up(sum(s.total for s in ranked), len(ranked))) if ranked else "",
    )


def slip(asked: BoardQuery, key: str, who: str, ties: Sequence[str]) -> Slip:
    """One subject's week; `who` and `ties` say who that is."""
    book = asked.definitions
    kind = book.kind(key) or "member"
    behind = asked.behind(kind)
    account = behind.accounts(asked.week, key).get(key)
    standing = asked.places(kind).by_subject.get(key)
    scheme = behind.ranking.scheme
    total, place = "", ""
    if account:
        total = show(standing.total if standing else account.total)
    if standing:
        rank_here, here = asked.places(kind).within(standing)
        place = place_within(book, rank_here, here) if here > 1 else ""
    over = trend_weeks(weeks.single(asked.week))
    return Slip(
        head=_head(asked, behind.ranking),
        subject=key,
        name=book.title(key),
        who=who,
        ties=tuple(ties),
        total=total,
        why_none=_why_none(behind, key, account, standing),
        rank=_("place {rank} of {count}").format(
            rank=standing.rank, count=len(behind.ranking.standings)
        )
        if standing
        else "",
        place=place,
        moved=moved(standing.moved) if standing else "",
        grade=words.grade(scheme, standing.grade) if standing else "",
        alert=(standing.alert or "") if standing else "",
        alert_text=alert_word(scheme, standing.alert, standing.mean) if standing else "",
        bars=_bars(account, standing),
        sum=_sum(asked, behind, key, account, standing) if account else None,
        weeks=over,
        trend=trends(behind.ranking.trends, over, [key])[key],
        remedies=tuple(
            _remedy_row(asked, name, life)
            for name, life in asked.remedies.items()
            if key in (life.subject, life.owner) and not life.ended
        ),
        objections=_objections(asked, behind.ranking),
    )


def _why_none(behind: Behind, key: str, account: Account | None, standing: Standing | None) -> str:
    """Why someone has no total, or no place."""
    if standing:
        return ""
    unranked = next((u for u in behind.ranking.unranked if u.subject == key), None)
    if unranked and unranked.reason == "exempt" and unranked.note:
        return words.reason(unranked.reason) + colon() + unranked.note
    if unranked:
        return words.reason(unranked.reason)
    return _("not ranked") if account else _("not active")


def _objections(asked: BoardQuery, ranking: Ranking) -> str:
    days = asked.definitions.objections
    if days is None or ranking.closed:
        return ""
    last = weeks.sunday(asked.week).toordinal() + days
    return _("objections: until {day}").format(day=dates.day(date.fromordinal(last)))


def _head(asked: BoardQuery, ranking: Ranking) -> Head:
    book = asked.definitions
    sunday, monday = weeks.sunday(asked.week), weeks.monday(asked.week)
    return Head(
        language="zh-CN" if current() == "zh" else "en",
        book=str(book.name),
        title=_("The week's points"),
        scheme=str(ranking.scheme.name) if ranking.scheme else "",
        week=asked.week,
        week_number=_("Week {number}").format(number=int(asked.week[6:])),
        dates=_dates(monday, sunday),
        today=asked.today,
        closure=asked.closure(ranking),
        handed_in=asked.handed_in(ranking),
        provisional=ranking.provisional,
        pending=tuple(asked.pending(ranking)),
        seal=_mark(asked.seal, book),
    )


def _dates(monday: date, sunday: date) -> str:
    """The days of a week, with their year."""
    text = dates.days(monday, sunday)
    if monday.year != sunday.year:
        return text
    return _("{days} {year}").format(year=sunday.year, days=text)


def _mark(file: SealFile | None, book: Definitions) -> SealMark | None:
    if file is None:
        return None
    day = dates.day(datetime.fromisoformat(file.seal.closed_at).date())
    closed = _("closed by {name} on {day}").format(name=book.title(file.seal.closed_by), day=day)
    return SealMark(file.path, file.digest, file.seal.revision - 1, closed)


def _lists(asked: BoardQuery, found: list[Lists], remedies: dict[str, Life]) -> Iterable[NameList]:
    book = asked.definitions
    for lists in found:
        for colour, standings in (("red", lists.red), ("black", lists.black)):
            rule = list_rule(lists.policy, colour, len(lists.ranking.standings))
            if rule is None:
                continue
            names = tuple(_named(asked, lists, s, colour, remedies) for s in standings)
            kind = _capital(words.kind(book, lists.kind))
            yield NameList(colour, words.list_name(book, colour), kind, rule, names)


def _named(
    asked: BoardQuery, lists: Lists, standing: Standing, colour: str, remedies: dict[str, Life]
) -> Named:
    book = asked.definitions
    behind_it = lists.causes[standing.subject]
    text = ""
    if colour == "black":
        mine = [
            f"{key} {words.state_name(life.state)}"
            for key, life in remedies.items()
            if life.subject == standing.subject and (life.week == asked.week or not life.ended)
        ]
        due = remedy_due(lists.policy, asked.week)
        if mine:
            text = _("remedy {ids}").format(ids=listing(mine))
        elif due:
            text = _("remedy due {day}").format(day=dates.day(due))
    return Named(
        standing.subject,
        book.title(standing.subject),
        standing.rank,
        moved(standing.moved),
        show(standing.total),
        tuple(
            Cause(signed(c.points), cause(book, lists, standing.subject, c))
            for c in behind_it[:_CAUSES]
        ),
        max(len(behind_it) - _CAUSES, 0),
        text,
    )


def _places(asked: BoardQuery, behind: Behind, standings: Sequence[Standing]) -> tuple[Place, ...]:
    book = asked.definitions
    over = trend_weeks(weeks.single(asked.week))
    drawn = trends(behind.ranking.trends, over, [s.subject for s in standings])
    return tuple(_place(book, behind.ranking, s, drawn[s.subject]) for s in standings)


def _place(book: Definitions, ranking: Ranking, s: Standing, trend: Trend) -> Place:
    return Place(
        rank=s.rank,
        moved=moved(s.moved),
        rose=s.moved or 0,
        subject=s.subject,
        name=book.title(s.subject),
        branch=words.branch(book, s.branch) if s.branch else "",
        total=show(s.total),
        grade=words.grade(ranking.scheme, s.grade),
        alert=s.alert or "",
        trend=trend,
    )


def _criteria(ranking: Ranking) -> tuple[Criterion, ...]:
    return tuple(Criterion(str(c.name), str(c.short)) for c in _columns(ranking))


def _columns(ranking: Ranking) -> list:  # type: ignore[type-arg]  # of the scheme's criteria
    """The criteria on which any branch has points."""
    scheme = ranking.scheme
    return [
        c
        for c in (scheme.criteria if scheme else ())
        if any(c.id in s.criteria for s in ranking.standings)
    ]


def _heat(asked: BoardQuery, behind: Behind) -> tuple[Place, ...]:
    """The branches by place, each with its cells on the heat map."""
    columns = _columns(behind.ranking)
    standings = behind.ranking.standings
    most = max(
        (abs(s.criteria[c.id] - c.base) for s in standings for c in columns if c.id in s.criteria),
        default=0,
    )
    made = []
    for place, s in zip(_places(asked, behind, standings), standings, strict=True):
        cells = tuple(_cell(s.criteria.get(c.id), c.base, most) for c in columns)
        shown = {k: getattr(place, k) for k in place.__dataclass_fields__} | {
            "name": words.branch(asked.definitions, s.subject),
            "cells": cells,
        }
        made.append(Place(**shown))
    return tuple(made)


def _cell(value: int | None, base: int, most: int) -> Cell:
    if value is None:
        return Cell("", "", 0)
    difference = value - base
    return Cell(show(value), signed(difference) if difference else "", level(difference, most))


def _remedy_row(asked: BoardQuery, key: str, life: Life) -> RemedyRow:
    title = asked.definitions.title
    return RemedyRow(
        id=key,
        subject=life.subject,
        name=title(life.subject),
        measure=life.measure,
        owner=title(life.owner) if life.owner else "",
        due=dates.day(date.fromisoformat(life.due)) if life.due else "",
        state=words.state_name(life.state),
        overdue=life.overdue(asked.today),
    )


def _all_sums(
    asked: BoardQuery,
    members: Behind,
    branches: Behind,
    listed: list[Lists],
    shown: Sequence[Place],
) -> Iterable[Sum]:
    """The sums of every name that the board shows, each once."""
    done: set[str] = set()
    wanted: list[tuple[Behind, list[str]]] = [
        (members, [p.subject for p in shown]),
        (branches, [s.subject for s in branches.ranking.standings[:MOST_SUMS]]),
        *((asked.behind(ls.kind), [s.subject for s in (*ls.red, *ls.black)]) for ls in listed),
    ]
    for found, subjects in wanted:
        accounts = found.accounts(asked.week)
        standings = asked.places(found.ranking.question.by).by_subject
        for key in subjects:
            if key not in done and key in accounts:
                done.add(key)
                yield _sum(asked, found, key, accounts[key], standings.get(key))


def _sum(
    asked: BoardQuery, behind: Behind, key: str, account: Account, standing: Standing | None
) -> Sum:
    rollup = behind.rollup(asked.week, key)
    total = standing.total if standing else account.total
    text = _("{points} points").format(points=show(total))
    return Sum(
        key,
        asked.definitions.title(key),
        text,
        tuple(steps(behind, account, rollup, standing)),
    )


def _bars(account: Account | None, standing: Standing | None) -> tuple[Bar, ...]:
    """A bar for each criterion that counts for a subject."""
    if account is None:
        return ()
    scheme = account.scheme
    own = {c.criterion: (c.credit, c.base) for c in account.criteria}
    if standing and not own:
        bases = {c.id: c.base for c in scheme.criteria}
        own = {key: (value, bases[key]) for key, value in standing.criteria.items()}
    most = max((max(credit, base) for credit, base in own.values()), default=0) or 1
    made = []
    for key, (credit, base) in own.items():
        criterion = scheme.criterion(key)
        difference = credit - base
        made.append(
            Bar(
                str(criterion.name) if criterion else key,
                show(credit),
                signed(difference) if difference else "",
                max(round(credit / most, 4), 0.0),
                max(round(base / most, 4), 0.0),
            )
        )
    return tuple(made)


def _half_up(value: int, count: int) -> int:
    return (2 * value + count) // (2 * count)


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]


# What pictures are drawn from: heights of a trend, levels of a heat map.


LEVELS = 4


def trends(
    values: Mapping[str, Mapping[str, int]], over: Sequence[str], subjects: Iterable[str]
) -> dict[str, Trend]:
    """Subject: its trend over these weeks, all on one scale from the lowest to the highest shown.

    Where all are level, they are half high.
    """
    wanted = list(subjects)
    shown = [t for s in wanted for w, t in values.get(s, {}).items() if w in over]
    low, high = min(shown, default=0), max(shown, default=0)
    if low == high:
        low, high = low - 1, high + 1
    reach = high - low
    made = {}
    for subject in wanted:
        mine = values.get(subject, {})
        made[subject] = Trend(
            tuple(show(mine[w]) if w in mine else "" for w in over),
            tuple(round((mine[w] - low) / reach, 4) if w in mine else None for w in over),
        )
    return made


def level(difference: int, most: int) -> int:
    """-4 to 4 for a difference from the base, `most` being the greatest on the map.

    By the square root, so that one outlier doesn't make all the others look level.
    """
    if not difference or not most:
        return 0
    strength = max(1, ceil(LEVELS * sqrt(abs(difference) / most)))
    return min(strength, LEVELS) * (1 if difference > 0 else -1)


# The milestones of a week: done in it, before their day or after it, and overdue at its end.


_Rows = tuple[MilestoneRow, ...]


def milestones_of(
    root: Path, definitions: Definitions, week: str, today: date, cache: Path | None = None
) -> tuple[_Rows, _Rows]:
    """Milestones gained in a week, and those late; raises `Faults` where the ledger is damaged.

    The week is looked at as it was on its Sunday, or today while it still runs.
    """
    plans = [p for p in definitions.plans if definitions.branch_of(p.cp, week)]
    if not plans:
        return (), ()
    homes = {cp.branch for p in plans for cp in definitions.cp_spans.get(p.cp, ())}
    index = Index(batches_of(root, homes, cache))
    until = min(today, weeks.sunday(week))
    gained: list[MilestoneRow] = []
    late: list[MilestoneRow] = []
    for plan in plans:
        state = state_of_plan(plan, index)
        for task in state.tasks:
            for milestone in task.milestones:
                row = _row(definitions, state, task, milestone, weeks.monday(week), until)
                if row and row.days > 0:
                    gained.append(row)
                elif row and row.days < 0:
                    late.append(row)
    gained.sort(key=lambda r: (-r.days, r.name, r.text))
    late.sort(key=lambda r: (r.days, r.name, r.text))
    return tuple(gained), tuple(late)


def _row(
    definitions: Definitions,
    state: PlanState,
    task: TaskState,
    milestone: MilestoneState,
    monday: date,
    until: date,
) -> MilestoneRow | None:
    """The milestone where it was done between these days, or should have been; else None."""
    done = milestone.done_on if milestone.done_on and milestone.done_on <= until else None
    if done is None and milestone.due >= until:
        return None
    if done is not None and done < monday:
        return None
    return MilestoneRow(
        subject=state.plan.cp,
        name=definitions.title(state.plan.cp),
        text=f"{task.task.name} {milestone.milestone.name}",
        due=dates.day(milestone.due),
        done=dates.day(done) if done else "",
        days=(milestone.due - (done or until)).days,
    )
