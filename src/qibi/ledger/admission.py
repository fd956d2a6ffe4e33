"""What may be recorded: from a draft entry to entries of the ledger, or to every problem there is.

An event holds ids and numbers. `admit_event` judges it; `resolve` makes one of what a person typed
(`DraftEntry`), for `-e`, guided entry and `fix`. Sheets make their events themselves, for they resolve
each name once a page. So one rule refuses for all of them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from qibi.base import points as pts
from qibi.base import weeks
from qibi.base.language import _, listing
from qibi.base.text import narrowed
from qibi.book import lookup
from qibi.book.definitions import Choice, Criterion, Definitions, Item, Scheme
from qibi.ledger import pricing
from qibi.ledger.entries import MAX_COUNT, Exempt, File, Score
from qibi.ledger.pricing import Misfit, Price, price, score

# What a person asks to be recorded, before it is known whether it may be.


FIELDS = (
    "subject",
    "item",
    "points",
    "count",
    "date",
    "note",
    "evidence",
    "scored_by",
    "approved_by",
)
EXEMPT_WORDS = ("请假", "免考", "exempt", "leave", "on leave")


@dataclass(frozen=True)
class DraftEntry:
    """One thing to be recorded, as a person wrote it. Empty text where nothing was written.

    `several` lets a count above one on an item without `per` stand for so many entries, as the
    cells of a grid do.
    """

    subject: str
    item: str
    points: str = ""
    count: str = ""
    date: str = ""
    note: str = ""
    evidence: str = ""
    scored_by: str = ""
    approved_by: str = ""
    several: bool = False
    partial: bool = False  # whether part of a name may stand for it

    @property
    def exempts(self) -> bool:
        """Whether the item's place holds a word for leave."""
        return narrowed(self.item).casefold() in EXEMPT_WORDS


def draft_entry(fields: Mapping[str, str]) -> DraftEntry:
    """A draft from the command line, where part of a name may stand for it; keys as in `FIELDS`."""
    texts = {name: fields.get(name, "") for name in FIELDS}
    return DraftEntry(
        texts["subject"],
        texts["item"],
        texts["points"],
        texts["count"],
        texts["date"],
        texts["note"],
        texts["evidence"],
        texts["scored_by"],
        texts["approved_by"],
        partial=True,
    )


@dataclass(frozen=True)
class Stamp:
    """Who records, when, for which branch and week, from which sheet, read by which layout; in which
    book, and from where."""

    week: str
    branch: str
    recorded_by: str
    recorded_at: str
    source: str = ""
    layout: str = ""
    book: Path | None = None  # the book's folder, and the one in which paths are written
    folder: Path | None = None


NOTE_LENGTH = 500

Problem = tuple[str, str]  # the field, and what is wrong with it


@dataclass(frozen=True)
class Event:
    """One event to be recorded, by ids and numbers (points in hundredths, of all times together).

    What could not be read is empty or None: the rest is judged all the same, so that all mistakes
    are named at once. `thing` is an item or a direct criterion, None for an exemption as well.
    """

    subject: str
    thing: Item | Criterion | None = None
    price: Price | None = None
    exempt: bool = False
    date: str = ""
    note: str = ""
    evidence: tuple[str | File, ...] = ()
    scored_by: str = ""
    approved_by: str = ""


def admit(
    definitions: Definitions, stamp: Stamp, draft: DraftEntry
) -> tuple[list[Score | Exempt], list[Problem]]:
    """The entries of what a person typed, and its problems: one of the two is empty."""
    event, problems = resolve(definitions, stamp, draft)
    if event is None:
        return [], problems
    entries, further = admit_event(definitions, stamp, event)
    told = {name for name, _message in problems}
    problems += [problem for problem in further if problem[0] not in told]
    return ([] if problems else entries), problems


def admit_event(
    definitions: Definitions, stamp: Stamp, event: Event
) -> tuple[list[Score | Exempt], list[Problem]]:
    """The entries of an event, and its problems: one of the two is empty.

    An event that is not whole (see `Event`) gives no entries, and what is wrong with the rest.
    """
    problems: list[Problem] = []
    scheme = definitions.scheme(stamp.week)
    if scheme is None:
        return [], [("item", _("no scheme is in force in {week}").format(week=stamp.week))]
    if event.subject and (elsewhere := not_there(definitions, stamp, event.subject)):
        problems.append(("subject", elsewhere))
    if len(event.note) > NOTE_LENGTH:
        problems.append(("note", _("longer than 500 characters; shorten it")))
    if event.exempt:
        if problems or not event.subject:
            return [], problems
        return [Exempt(**_common(stamp), subject=event.subject, note=event.note)], []
    thing = event.thing
    if thing and event.subject:
        problems += _foreign_kind(definitions, scheme, thing, event.subject)
    if isinstance(thing, Item) and thing.evidence and not event.evidence:
        message = _("{item} needs evidence; name it (a photo, a notice's number)")
        problems.append(("evidence", message.format(item=thing.name)))
    if event.evidence:
        from qibi.ledger.evidence_files import own_record

        texts = [e for e in event.evidence if isinstance(e, str)]
        wrong = [own_record(text, stamp.book, stamp.folder) for text in texts]
        problems += [("evidence", found) for found in wrong if found]
    if thing is None or event.price is None:
        return [], problems
    entry = Score(
        **_common(stamp),
        subject=event.subject,
        item=thing.id,
        points=pts.to_number(event.price.points),
        count=event.price.count,
        date=event.date,
        note=event.note,
        evidence=event.evidence,
        scored_by=event.scored_by,
        approved_by=event.approved_by,
    )
    if missing := needs_approval(scheme, entry, isinstance(thing, Item)):
        problems.append(("approved_by", missing))
    if problems or not event.subject:
        return [], problems
    return [entry] * event.price.times, []


def resolve(
    definitions: Definitions, stamp: Stamp, draft: DraftEntry
) -> tuple[Event | None, list[Problem]]:
    """The event of what a person typed, and what of it could not be read.

    None where nothing of it can be judged.
    """
    problems: list[Problem] = []
    scheme = definitions.scheme(stamp.week)
    if scheme is None:
        return None, [("item", _("no scheme is in force in {week}").format(week=stamp.week))]
    subject = _subject(definitions, stamp, draft, problems)
    if draft.exempts:
        note = (draft.note or narrowed(draft.item))[:NOTE_LENGTH]
        return Event(subject, exempt=True, note=note), problems
    thing = _thing(scheme, draft, problems)
    priced = _price(thing, draft, problems)
    day, wrong = read_day(stamp.week, draft.date)
    if wrong:
        problems.append(("date", wrong))
    from qibi.ledger.evidence_files import references

    people = {"scored_by": draft.scored_by, "approved_by": draft.approved_by}
    for name, text in people.items():
        try:
            people[name] = person(definitions, stamp, text, name)
        except lookup.NotFound as error:
            people[name] = ""
            problems.append((name, str(error)))
    event = Event(
        subject,
        thing,
        priced,
        date=day,
        note=draft.note,
        evidence=references(draft.evidence),
        scored_by=people["scored_by"],
        approved_by=people["approved_by"],
    )
    return event, problems


def _common(stamp: Stamp) -> dict[str, str]:
    return {
        "week": stamp.week,
        "branch": stamp.branch,
        "recorded_by": stamp.recorded_by,
        "recorded_at": stamp.recorded_at,
        "source": stamp.source,
        "layout": stamp.layout,
    }


def _subject(
    definitions: Definitions, stamp: Stamp, draft: DraftEntry, problems: list[Problem]
) -> str:
    if not draft.subject:
        problems.append(("subject", _("nobody is named; write who this is about")))
        return ""
    try:
        return lookup.subject(
            definitions,
            narrowed(draft.subject),
            week=stamp.week,
            branch=stamp.branch,
            partial=draft.partial,
        )
    except lookup.NotFound as error:
        problems.append(("subject", str(error)))
        return ""


def not_there(definitions: Definitions, stamp: Stamp, subject: str) -> str | None:
    """Why a subject can't be scored in this branch and week; None where it can."""
    actual = definitions.branch_of(subject, stamp.week)
    if actual == stamp.branch:
        return None
    name = definitions.title(subject)
    if actual is None:
        return _("{name} is in no branch in {week}; correct branches/").format(
            name=name, week=stamp.week
        )
    return _(
        "{name} is in {actual} in {week}, not in {branch}; score them there, or correct branches/"
    ).format(
        name=name,
        actual=definitions.title(actual),
        week=stamp.week,
        branch=definitions.title(stamp.branch),
    )


def _thing(scheme: Scheme, draft: DraftEntry, problems: list[Problem]) -> Item | Criterion | None:
    if not draft.item:
        problems.append(("item", _("no item is named; write what happened")))
        return None
    try:
        return lookup.item(scheme, narrowed(draft.item), partial=draft.partial)
    except lookup.NotFound as error:
        problems.append(("item", str(error)))
        return None


def _foreign_kind(
    definitions: Definitions, scheme: Scheme, thing: Item | Criterion, subject: str
) -> list[Problem]:
    key = thing.criterion if isinstance(thing, Item) else thing.id
    criterion = scheme.criterion(key)
    kind = definitions.kind(subject)
    if not criterion or kind in criterion.applies_to:
        return []
    names = {"member": _("member"), "cp": _("CP"), "branch": _("branch")}
    message = _("{criterion} is for {kinds}, not for a {kind}").format(
        criterion=criterion.name,
        kinds=listing([names[k] for k in criterion.applies_to]),
        kind=names[kind or "member"],
    )
    return [("item", message)]


def _price(
    thing: Item | Criterion | None, draft: DraftEntry, problems: list[Problem]
) -> Price | None:
    """The price of what was typed; None, with the problems, where it has none."""
    before = len(problems)
    given = None
    if draft.points:
        try:
            given = pricing.parse(draft.points)
        except pricing.NotAnAmount as error:
            problems.append(("points", str(error)))
        if given and given.unit == "count":
            message = _("'{text}' is not points; write a number with at most two decimals")
            problems.append(("points", message.format(text=draft.points)))
    count = read_count(draft.count, problems) if draft.count else None
    if thing is None:
        return None
    told = {name for name, _message in problems[before:]}
    try:
        if isinstance(thing, Item):
            found = price(thing, given.hundredths if given else None, count, several=draft.several)
        else:
            found = direct_price(thing, given, count)
    except Misfit as error:
        if error.field not in told:
            problems.append((error.field, error.message))
        return None
    return None if told else found


def direct_price(criterion: Criterion, given: pricing.Amount | None, count: int | None) -> Price:
    """The price of a direct criterion's score; raises `Misfit`."""
    if count not in (None, 1):
        message = _("{item} is given a score, not a count").format(item=criterion.name)
        raise Misfit("count", message)
    if given is None:
        message = _("{item} is given a score; write it").format(item=criterion.name)
        raise Misfit("points", message)
    return Price(score(criterion, given))


def read_count(text: str, problems: list[Problem]) -> int | None:
    """The count that a text states, from 1; None, with the problem, where it states none."""
    try:
        given = pricing.parse(text)
    except pricing.NotAnAmount:
        given = None
    states_points = given is None or given.unit == "points" or given.signed
    count = None if states_points or given is None else given.count
    if count is None or not 1 <= count <= MAX_COUNT:
        message = _("'{text}' is not a count; write a whole number from 1")
        problems.append(("count", message.format(text=text)))
        return None
    return count


def parse_day(text: str) -> date | None:
    """The day meant by `2026-11-18`, `2026/11/18`, `2026年11月18日`, `2026.11.18`; else None."""
    text = narrowed(text)
    match = re.match(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[ T].*)?$", text)
    try:
        if match:
            return date(int(match[1]), int(match[2]), int(match[3]))
        return datetime.fromisoformat(text).date()
    except ValueError:
        return None


def read_day(week: str, text: str, until: date | None = None) -> tuple[str, str]:
    """The ISO date that a text states for an event of a week, and what is wrong with it.

    A day without a year is that of the year nearest to the week. A day after `until`, by default the
    end of the week, is wrong. One of the two is empty, both where nothing is written.
    """
    if not text:
        return "", ""
    day = parse_day(text)
    if day is None and (
        short := re.fullmatch(r"(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日号]?", narrowed(text))
    ):
        day = _day_near(week, int(short[1]), int(short[2]))
    if day is None:
        return "", _("'{text}' is not a date; write it as 2026-11-18").format(text=text)
    if day > (until or weeks.sunday(week)):
        message = _("{day} is after {week} ended").format(day=day.isoformat(), week=week)
        return "", message
    return day.isoformat(), ""


def _day_near(week: str, month: int, number: int) -> date | None:
    """The day of this month and number in the year that is nearest to the week."""
    middle = weeks.monday(week)
    candidates = []
    for year in (middle.year - 1, middle.year, middle.year + 1):
        try:
            candidates.append(date(year, month, number))
        except ValueError:
            continue
    return min(candidates, key=lambda d: abs(d - middle), default=None)


def person(definitions: Definitions, stamp: Stamp, text: str, name: str) -> str:
    """A member's id, or for `scored_by` also a scorer role of the scheme; raises `NotFound`."""
    if not text:
        return ""
    scheme = definitions.scheme(stamp.week)
    if name == "scored_by" and scheme:
        try:
            return lookup.choice(scheme.scorers, narrowed(text), _("scorer"))
        except lookup.NotFound:
            pass
    return lookup.subject(
        definitions,
        narrowed(text),
        ("member",),
        week=stamp.week,
        branch=stamp.branch,
        partial=False,
    )


def needs_approval(scheme: Scheme, entry: Score, is_item: bool) -> str | None:
    """Why an entry lacks the approval of someone else; None where it needs none or has it."""
    others = {entry.judge, entry.subject}
    approved = bool(entry.approved_by) and entry.approved_by not in others
    if approved:
        return None
    if entry.judge == entry.subject:
        return _("a score of oneself needs someone else's approval")
    limit = scheme.second_from
    if is_item and limit is not None and abs(entry.hundredths) >= limit:
        return _("{limit} points or more, up or down, need a second person's approval").format(
            limit=pts.show(limit)
        )
    return None


def in_words(problem: Problem) -> str:
    """A problem of what was typed on the command line, with how to give an approval."""
    field, message = problem
    return message + _("; name them: --approved-by WHO") if field == "approved_by" else message


def recorder(definitions: Definitions, text: str) -> str:
    """The id of who records: a member, or a scorer role of any scheme; raises `NotFound`."""
    roles: Sequence[Choice] = [c for s in definitions.schemes for c in s.scorers]
    for role in roles:
        if text == role.id:
            return role.id
    return lookup.subject(definitions, text, ("member",), partial=False)
