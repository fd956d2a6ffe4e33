"""The minutes of a week's meeting: what is known is filled in, the rest are lines to fill.

`minutes` gives what the minutes hold, in order; `minutes_markdown` and `minutes_docx` write it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from qibi.base import dates, points, weeks
from qibi.base.language import _, aside, clauses, listing
from qibi.board.asked import Asked
from qibi.book import words
from qibi.book.definitions import Definitions
from qibi.ledger.remedies import Life
from qibi.ledger.seals import SealFile
from qibi.scoring.lists import Lists, remedy_due
from qibi.scoring.ranking import Ranking

_CAUSES = 3  # items beside a name
_DECISIONS = 4  # empty rows
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class Heading:
    """A heading; the sections of level 1 are numbered by who writes them."""

    text: str
    level: int = 1


@dataclass(frozen=True)
class Line:
    """A line of text."""

    text: str


@dataclass(frozen=True)
class Field:
    """A label and its value; where there is none, a line to fill, and so many more below it."""

    label: str
    value: str = ""
    more: int = 0


@dataclass(frozen=True)
class Rows:
    """A table; `shares` are the widths of its columns, in parts of a hundred."""

    header: Sequence[str]
    shares: Sequence[int]
    rows: Sequence[Sequence[str]]


Block = Heading | Line | Field | Rows


@dataclass(frozen=True)
class Minutes:
    """What the minutes hold; `notes` say how far the week is."""

    title: str
    subtitle: str
    notes: Sequence[str]
    today: date
    blocks: list[Block] = field(default_factory=list)


def minutes(asked: Asked) -> Minutes:
    """The minutes of the meeting on a week; raises `Faults` where the ledger is damaged."""
    definitions, week, today = asked.definitions, asked.week, asked.today
    members = asked.behind("member").ranking
    notes = [asked.handed_in(members), asked.closure(members), *asked.pending(members)]
    made = Minutes(
        title=f"{definitions.name}  " + _("Minutes of the weekly meeting"),
        subtitle=dates.week(week),
        notes=notes,
        today=today,
    )
    add = made.blocks.extend
    add(_attendance(definitions, week))
    add([Heading(_("The week")), *(Line(note) for note in notes)])
    add(_missing(definitions, members))
    remedies = asked.remedies
    for found in asked.lists:
        add(_red(definitions, found))
        add(_black(definitions, found, week, remedies, today))
    add(_open_remedies(definitions, remedies, today))
    add([Heading(_("Decisions")), _decisions()])
    add(_next_meeting(definitions, week))
    add(_sealed(definitions, asked.seal))
    add(
        [
            Heading(_("Signatures")),
            *(Field(who) for who in (_("Chair"), _("Minutes by"), _("Date"))),
        ]
    )
    return made


def meeting_day(definitions: Definitions, week: str) -> date | None:
    """The day on which a week is spoken about: the first such weekday after its Sunday."""
    if definitions.meeting not in _DAYS:
        return None
    return weeks.sunday(week) + timedelta(days=1 + _DAYS.index(definitions.meeting))


def _day(day: date) -> str:
    """A day with its weekday."""
    names = [_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun")]
    return dates.day(day) + aside(names[day.weekday()])


def _attendance(definitions: Definitions, week: str) -> list[Block]:
    day = meeting_day(definitions, week)
    return [
        Field(_("Held on"), _day(day) if day else ""),
        Field(_("Meeting place")),
        Field(_("Chair")),
        Field(_("Present"), more=1),
        Field(_("Absent, and why")),
    ]


def _missing(definitions: Definitions, members: Ranking) -> list[Block]:
    """A line to fill for each branch that has submitted nothing."""
    label = _("{name} has submitted nothing, because")
    return [Field(label.format(name=definitions.title(key))) for _week, key in members.missing]


def _red(definitions: Definitions, found: Lists) -> Iterator[Block]:
    """Whom the red list names, with lines for what they tell the others."""
    if found.policy.red is None:
        return
    name = definitions.word("red", _("Red list"))
    yield Heading(_("{list}: what others can learn").format(list=name))
    if not found.red:
        yield Line(_("nobody"))
    for standing in found.red:
        yield from _named(definitions, found, standing.subject, standing.total, standing.rank)
        yield Field(_("Speaker"))
        yield Field(_("What was said"), more=1)


def _black(
    definitions: Definitions,
    found: Lists,
    week: str,
    remedies: dict[str, Life],
    today: date,
) -> Iterator[Block]:
    """Whom the black list names: causes and measures, as far as a remedy says them."""
    if found.policy.black is None:
        return
    name = definitions.word("black", _("Black list"))
    yield Heading(_("{list}: cause and measure").format(list=name))
    if not found.black:
        yield Line(_("nobody"))
    for standing in found.black:
        yield from _named(definitions, found, standing.subject, standing.total, standing.rank)
        yield Field(_("Speaker"))
        yield Field(_("Cause"), more=1)
        mine = {
            key: life
            for key, life in remedies.items()
            if life.subject == standing.subject and (life.week == week or not life.ended)
        }
        if mine:
            yield _remedy_table(definitions, mine, today, whose=False)
            continue
        due = remedy_due(found.policy, week)
        yield Field(_("Measure"), more=1)
        yield Field(_("Owner"))
        yield Field(_("Due by"), _day(due) if due else "")


def _named(
    definitions: Definitions, found: Lists, subject: str, total: int, rank: int
) -> Iterator[Block]:
    """A name on a list with its place, its people, and the items that weigh most."""
    week = found.ranking.question.period.weeks[-1]
    place = _("place {rank}, {total} points").format(rank=rank, total=points.show(total))
    yield Heading(definitions.title(subject) + aside(place), 2)
    people = [
        definitions.title(member)
        for cp in definitions.cp_spans.get(subject, ())
        if cp.since <= week <= cp.until
        for member in cp.members.values()
    ]
    if people:
        yield Field(_("Its people"), listing(people))
    scheme = found.ranking.scheme
    causes = [
        f"{'' if c.subject == subject else definitions.title(c.subject) + ' '}"
        f"{words.thing(scheme, c.thing)} {points.signed(c.points)}"
        + (aside(_("veto")) if c.veto else "")
        for c in found.causes[subject][:_CAUSES]
    ]
    if causes:
        yield Field(_("What weighs most"), clauses(causes))


def _open_remedies(
    definitions: Definitions, remedies: dict[str, Life], today: date
) -> Iterator[Block]:
    """What nobody has verified yet, the first due on top."""
    live = {key: life for key, life in remedies.items() if not life.ended}
    yield Heading(_("Remedies due and overdue"))
    if live:
        yield _remedy_table(definitions, live, today, whose=True)
    else:
        yield Line(_("none"))


def _remedy_table(
    definitions: Definitions, remedies: dict[str, Life], today: date, whose: bool
) -> Rows:
    rows = []
    for key, life in remedies.items():
        due = _day(date.fromisoformat(life.due)) if life.due else ""
        state = words.state_name(life.state)
        if life.overdue(today):
            state += aside(_("overdue"))
        who = [definitions.title(life.subject)] if whose else []
        owner = definitions.title(life.owner) if life.owner else ""
        rows.append([key, *who, life.measure, owner, due, state])
    header = [_("Remedy"), *([_("Whose")] if whose else [])]
    header += [_("Measure"), _("Owner"), _("Due by"), _("State")]
    return Rows(header, (12, 20, 28, 12, 14, 14) if whose else (12, 42, 14, 16, 16), rows)


def _decisions() -> Rows:
    header = [_("No."), _("What was decided"), _("Owner"), _("Due by")]
    rows = [[str(number), "", "", ""] for number in range(1, _DECISIONS + 1)]
    return Rows(header, (8, 56, 18, 18), rows)


def _next_meeting(definitions: Definitions, week: str) -> list[Block]:
    day = meeting_day(definitions, week)
    following = weeks.shift(week, 1)
    said = ""
    if day:
        said = _("{day}, on {week}").format(
            day=_day(day + timedelta(weeks=1)), week=dates.week(following)
        )
    return [Heading(_("Next meeting")), Field(_("Held on"), said)]


def _sealed(definitions: Definitions, seal: SealFile | None) -> list[Block]:
    """The seal's digest, which fixes all that was read out, and everything before it."""
    if seal is None:
        return []
    return [
        Heading(_("Seal")),
        Field(_("File"), seal.path),
        Field("SHA-256", seal.digest),
        Field(_("Closed by"), f"{definitions.title(seal.seal.closed_by)} {seal.seal.closed_at}"),
    ]
