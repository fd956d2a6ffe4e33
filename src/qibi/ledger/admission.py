"""What may be recorded: from what a person wrote (`Wish`) to entries, or to every problem there is.

Sheets, `-e`, guided entry and `fix` all come through here, so one rule refuses for all of them.
"""

import re
from collections.abc import Sequence
from datetime import date, datetime

from qibi.base import points as pts
from qibi.base import weeks
from qibi.base.language import _, listing
from qibi.base.text import narrowed
from qibi.book import lookup
from qibi.book.definitions import Choice, Criterion, Definitions, Item, Scheme
from qibi.ledger.entries import MAX_COUNT, Exempt, Score
from qibi.ledger.wish import Problems, Stamp, Wish
from qibi.ledger.worth import settle

_NOTE_LENGTH = 500


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
    points, times, count = settle(thing, wish, count, problems)
    day = _date(stamp, wish, problems)
    from qibi.ledger.evidence import references  # a ranking, which needs who records, does not

    evidence = references(wish.evidence)
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
    elsewhere = not_there(definitions, stamp, found)
    if elsewhere:
        problems.add("subject", elsewhere)
        return None
    return found


def not_there(definitions: Definitions, stamp: Stamp, subject: str) -> str | None:
    """Why a subject can't be scored in this branch and week; None where it can."""
    actual = definitions.branch_of(subject, stamp.week)
    if actual == stamp.branch:
        return None
    name = definitions.title(subject)
    if actual is None:
        return _("{name} is in no branch in {week}; mend branches/").format(
            name=name, week=stamp.week
        )
    return _(
        "{name} is in {actual} in {week}, not in {branch}; score them there, or mend branches/"
    ).format(
        name=name,
        actual=definitions.title(actual),
        week=stamp.week,
        branch=definitions.title(stamp.branch),
    )


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
