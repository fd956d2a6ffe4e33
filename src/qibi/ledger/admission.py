"""What may be recorded: from what a person wrote (`Wish`) to entries, or to every problem there is.

Sheets, `-e`, guided entry and `fix` all come through here, so one rule refuses for all of them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from qibi.base import points as pts
from qibi.base import weeks
from qibi.base.language import _, listing
from qibi.base.text import narrowed
from qibi.book import lookup
from qibi.book.definitions import Choice, Criterion, Definitions, Item, Scheme
from qibi.ledger.entries import MAX_COUNT, Exempt, Score

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
_NOTE_LENGTH = 500


@dataclass(frozen=True)
class Wish:
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


def wish_of(fields: Mapping[str, str]) -> Wish:
    """A wish from the command line, where part of a name may stand for it; keys as in `FIELDS`."""
    texts = {name: fields.get(name, "") for name in FIELDS}
    return Wish(
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
    """Who records, when, for which branch and week, from which sheet."""

    week: str
    branch: str
    recorded_by: str
    recorded_at: str
    source: str = ""


@dataclass
class Problems:
    """What is wrong with one wish: the field and the message for each."""

    found: list[tuple[str, str]] = field(default_factory=list)

    def add(self, name: str, message: str) -> None:
        """Note a problem of one field."""
        self.found.append((name, message))


def admit(
    definitions: Definitions, stamp: Stamp, wish: Wish
) -> tuple[list[Score | Exempt], list[tuple[str, str]]]:
    """The entries that a wish comes to, and its problems as (field, message): one is empty."""
    problems = Problems()
    scheme = definitions.scheme(stamp.week)
    if scheme is None:
        return [], [("item", _("no scheme is in force in {week}").format(week=stamp.week))]
    subject = _subject(definitions, stamp, wish, problems)
    if wish.exempts:
        if problems.found or not subject:
            return [], problems.found
        note = wish.note or narrowed(wish.item)
        return [Exempt(**_common(stamp), subject=subject, note=note[:_NOTE_LENGTH])], []
    thing = _thing(scheme, wish, problems)
    if thing and subject:
        _refuse_foreign_kind(definitions, scheme, thing, subject, problems)
    count = _count(thing, wish, problems)
    points, times, count = _points(thing, wish, count, problems)
    day = _date(stamp, wish, problems)
    evidence = tuple(e for e in (p.strip() for p in re.split("[;；\n]", wish.evidence)) if e)
    if isinstance(thing, Item) and thing.evidence and not evidence:
        problems.add(
            "evidence",
            _("{item} needs evidence; write what shows it (a photo, a notice's number)").format(
                item=thing.name
            ),
        )
    scored_by = _person(definitions, stamp, wish.scored_by, "scored_by", problems)
    approved_by = _person(definitions, stamp, wish.approved_by, "approved_by", problems)
    if len(wish.note) > _NOTE_LENGTH:
        problems.add("note", _("longer than 500 characters; shorten it"))
    if problems.found or thing is None or subject is None or points is None:
        return [], problems.found
    entry = Score(
        **_common(stamp),
        subject=subject,
        item=thing.id,
        points=pts.to_number(points),
        count=count,
        date=day,
        note=wish.note,
        evidence=evidence,
        scored_by=scored_by,
        approved_by=approved_by,
    )
    _refuse_missing_approval(definitions, scheme, thing, entry, problems)
    return ([], problems.found) if problems.found else ([entry] * times, [])


def _common(stamp: Stamp) -> dict[str, str]:
    return {
        "week": stamp.week,
        "branch": stamp.branch,
        "recorded_by": stamp.recorded_by,
        "recorded_at": stamp.recorded_at,
        "source": stamp.source,
    }


def _subject(definitions: Definitions, stamp: Stamp, wish: Wish, problems: Problems) -> str | None:
    if not wish.subject:
        problems.add("subject", _("nobody is named; write who this is about"))
        return None
    try:
        found = lookup.subject(
            definitions,
            narrowed(wish.subject),
            week=stamp.week,
            branch=stamp.branch,
            partial=wish.partial,
        )
    except lookup.NotFound as error:
        problems.add("subject", str(error))
        return None
    actual = definitions.branch_of(found, stamp.week)
    if actual != stamp.branch:
        name = definitions.title(found)
        where = (
            _("{name} is in {actual} in {week}, not in {branch}").format(
                name=name,
                actual=definitions.title(actual),
                week=stamp.week,
                branch=definitions.title(stamp.branch),
            )
            if actual
            else _("{name} is in no branch in {week}").format(name=name, week=stamp.week)
        )
        problems.add("subject", where + _("; score them there, or mend branches/"))
        return None
    return found


def _thing(scheme: Scheme, wish: Wish, problems: Problems) -> Item | Criterion | None:
    if not wish.item:
        problems.add("item", _("no item is named; write what happened"))
        return None
    try:
        return lookup.item(scheme, narrowed(wish.item), partial=wish.partial)
    except lookup.NotFound as error:
        problems.add("item", str(error))
        return None


def _refuse_foreign_kind(
    definitions: Definitions,
    scheme: Scheme,
    thing: Item | Criterion,
    subject: str,
    problems: Problems,
) -> None:
    key = thing.criterion if isinstance(thing, Item) else thing.id
    criterion = scheme.criterion(key)
    kind = definitions.kind(subject)
    if criterion and kind not in criterion.applies_to:
        names = {"member": _("member"), "cp": _("CP"), "branch": _("branch")}
        problems.add(
            "item",
            _("{criterion} is for {kinds}, not for a {kind}").format(
                criterion=criterion.name,
                kinds=listing([names[k] for k in criterion.applies_to]),
                kind=names[kind or "member"],
            ),
        )


def _count(thing: Item | Criterion | None, wish: Wish, problems: Problems) -> int | None:
    if not wish.count:
        return None
    text = narrowed(wish.count).removesuffix("次").removesuffix("天").removesuffix("项")
    if re.fullmatch(r"[0-9]+\.0+", text):
        text = text.split(".")[0]
    if not re.fullmatch(r"[0-9]{1,4}", text) or not 1 <= int(text) <= MAX_COUNT:
        problems.add(
            "count",
            _("'{text}' is not a count; write a whole number from 1").format(text=wish.count),
        )
        return None
    count = int(text)
    if isinstance(thing, Criterion) and count != 1:
        problems.add("count", _("{item} is given a score, not a count").format(item=thing.name))
    elif isinstance(thing, Item) and not thing.per and count != 1 and not wish.several:
        problems.add(
            "count",
            _("{item} is scored one by one; write a row for each of the {count}").format(
                item=thing.name, count=count
            ),
        )
    return count


def _points(
    thing: Item | Criterion | None, wish: Wish, count: int | None, problems: Problems
) -> tuple[int | None, int, int]:
    """Points in hundredths of one entry, how many entries, and the count of each."""
    given = None
    if wish.points:
        text = narrowed(wish.points).removesuffix("分")
        given = pts.from_text(text)
        if given is None:
            problems.add(
                "points",
                _("'{text}' is not points; write a number with at most two decimals").format(
                    text=wish.points
                ),
            )
            return None, 1, 1
    if thing is None:
        return None, 1, 1
    if isinstance(thing, Criterion):
        return _direct_points(thing, given, problems), 1, 1
    if thing.per:
        return _counted_points(thing, given, count, problems)
    times = (count or 1) if wish.several else 1
    if given is None:
        if thing.fixed is None:
            problems.add(
                "points",
                _("{item} is worth {choices}; write which").format(
                    item=thing.name, choices=worth(thing)
                ),
            )
        return thing.fixed, times, 1
    if not thing.takes(given):
        problems.add("points", _misfit(thing, given))
        return None, 1, 1
    return given, times, 1


def _direct_points(criterion: Criterion, given: int | None, problems: Problems) -> int | None:
    if given is None:
        problems.add("points", _("{item} is given a score; write it").format(item=criterion.name))
    elif not criterion.min <= given <= criterion.max:
        problems.add(
            "points",
            _("{points} is outside {min} to {max} of {item}").format(
                points=pts.show(given),
                min=pts.show(criterion.min),
                max=pts.show(criterion.max),
                item=criterion.name,
            ),
        )
        return None
    return given


def _counted_points(
    item: Item, given: int | None, count: int | None, problems: Problems
) -> tuple[int | None, int, int]:
    if given is None:
        if item.fixed is None:
            problems.add(
                "points",
                _("{item} is worth {choices}; write which").format(
                    item=item.name, choices=worth(item)
                ),
            )
            return None, 1, 1
        total = item.fixed * (count or 1)
        if abs(total) > pts.LIMIT:
            problems.add("count", _("{count} times is beyond 9999.99 points").format(count=count))
            return None, 1, 1
        return total, 1, count or 1
    if count is None:
        fixed = item.fixed
        if fixed and given % fixed == 0 and given // fixed >= 1:
            return given, 1, given // fixed
        count = 1
    if given % count or not item.takes(given // count):
        problems.add("points", _misfit(item, given, count))
        return None, 1, 1
    return given, 1, count


def worth(item: Item) -> str:
    """What an item may be worth, in words: `1 each`, `4, 8 or 10`, `-2 to -1`."""
    if item.points:
        text = listing([pts.signed(p) for p in item.points])
    else:
        text = _("{low} to {high}").format(low=pts.signed(item.low), high=pts.signed(item.high))
    if item.per == "day":
        return _("{points} a day").format(points=text)
    return _("{points} each").format(points=text) if item.per else text


def _misfit(item: Item, given: int, count: int = 1) -> str:
    times = _(" for {count}").format(count=count) if count > 1 else ""
    return _("{points}{times} does not fit {item}, which is worth {worth}").format(
        points=pts.signed(given), times=times, item=item.name, worth=worth(item)
    )


def parse_day(text: str) -> date | None:
    """The day meant by `2026-11-18`, `2026/11/18`, `2026年11月18日`, `2026.11.18`; else None."""
    text = narrowed(text)
    found = re.match(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[ T].*)?$", text)
    try:
        if found:
            return date(int(found[1]), int(found[2]), int(found[3]))
        return datetime.fromisoformat(text).date()
    except ValueError:
        return None


def _date(stamp: Stamp, wish: Wish, problems: Problems) -> str:
    if not wish.date:
        return ""
    day = parse_day(wish.date)
    if day is None and (
        short := re.fullmatch(r"(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?", narrowed(wish.date))
    ):
        day = _day_near(stamp.week, int(short[1]), int(short[2]))
    if day is None:
        problems.add(
            "date", _("'{text}' is not a date; write it as 2026-11-18").format(text=wish.date)
        )
        return ""
    if day > weeks.sunday(stamp.week):
        problems.add(
            "date", _("{day} is after {week} ended").format(day=day.isoformat(), week=stamp.week)
        )
    return day.isoformat()


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


def _person(
    definitions: Definitions, stamp: Stamp, text: str, name: str, problems: Problems
) -> str:
    """A member's id, or for `scored_by` also a scorer role of the scheme."""
    if not text:
        return ""
    scheme = definitions.scheme(stamp.week)
    if name == "scored_by" and scheme:
        try:
            return lookup.choice(scheme.scorers, narrowed(text), _("scorer"))
        except lookup.NotFound:
            pass
    try:
        return lookup.subject(
            definitions,
            narrowed(text),
            ("member",),
            week=stamp.week,
            branch=stamp.branch,
            partial=False,
        )
    except lookup.NotFound as error:
        problems.add(name, str(error))
        return ""


def _refuse_missing_approval(
    definitions: Definitions,
    scheme: Scheme,
    thing: Item | Criterion,
    entry: Score,
    problems: Problems,
) -> None:
    """Two pairs of eyes: from `second_from` points on, and for a score of oneself."""
    missing = needs_approval(scheme, entry, isinstance(thing, Item))
    if missing:
        problems.add("approved_by", missing)


def needs_approval(scheme: Scheme, entry: Score, is_item: bool) -> str | None:
    """Why an entry lacks the approval of someone else; None where it needs none or has it."""
    others = {entry.judge, entry.subject}
    approved = bool(entry.approved_by) and entry.approved_by not in others
    if approved:
        return None
    if entry.judge == entry.subject:
        return _("a score of oneself needs someone else's approval; name them in approved_by")
    limit = scheme.second_from
    if is_item and limit is not None and abs(entry.hundredths) >= limit:
        return _("{points} points need a second person; name them in approved_by").format(
            points=pts.signed(entry.hundredths)
        )
    return None


def recorder(definitions: Definitions, text: str) -> str:
    """The id of who records: a member, or a scorer role of any scheme; raises `NotFound`."""
    roles: Sequence[Choice] = [c for s in definitions.schemes for c in s.scorers]
    for role in roles:
        if text == role.id:
            return role.id
    return lookup.subject(definitions, text, ("member",), partial=False)
