"""How things are said in more than one command: weeks with their dates, names, marks, trends."""

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from qibi.base import points, weeks
from qibi.base.language import _, aside, current, listing, many
from qibi.base.text import width
from qibi.base.weeks import Period
from qibi.book.definitions import Definitions, Scheme
from qibi.cli.console import Cell
from qibi.ledger.entries import Void
from qibi.scoring.ranking import Ranking

BARS = "▁▂▃▄▅▆▇█"


def days(first: date, last: date) -> str:
    """`11月16日至22日`, `16–22 November`: two days, said once what they share."""
    years = first.year != last.year
    if current() == "zh":
        if years:
            return f"{first.year}年{day(first)}至{last.year}年{day(last)}"
        until = f"{last.day}日" if first.month == last.month else day(last)
        return f"{day(first)}至{until}"
    if years:
        return f"{day(first)} {first.year} to {day(last)} {last.year}"
    begin = str(first.day) if first.month == last.month else f"{first.day} {_month(first)}"
    return f"{begin} to {last.day} {_month(last)}"


def _month(day: date) -> str:
    names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    return names[day.month - 1]


def day(value: date) -> str:
    """`11月27日`, `27 Nov`."""
    return f"{value.month}月{value.day}日" if current() == "zh" else f"{value.day} {_month(value)}"


def period(asked: Period) -> str:
    """A period with its dates: `2026-W47（11月16日至22日）`."""
    dates = days(weeks.monday(asked.weeks[0]), weeks.sunday(asked.weeks[-1]))
    return f"{asked.label}（{dates}）" if current() == "zh" else f"{asked.label} ({dates})"


def week(text: str) -> str:
    """A week with its dates."""
    return period(weeks.single(text))


def branch(definitions: Definitions, key: str) -> str:
    """A branch by its section, where it has one: shorter, and what people say."""
    found = definitions.branch(key)
    if found is None:
        return key
    return found.section if found.section and current() == "zh" else str(found.name)


def places(entries: Iterable[str], most: int = 6) -> str:
    """The first few of several, and how many more."""
    named = list(entries)
    text = listing(named[:most])
    if len(named) > most:
        text += _(" and {count} more").format(count=len(named) - most)
    return text


def handed_in(ranking: Ranking, definitions: Definitions) -> str:
    """How many branches are in, and which are missing."""
    done = ranking.expected - len(ranking.missing)
    several = len(ranking.question.period.weeks) > 1
    if not ranking.expected:
        return _("no branch to hand in")
    if not ranking.missing:
        text = (
            _("all {expected} branch weeks are in")
            if several
            else _("{branches}: {done} of {expected} in")
        )
        return text.format(done=done, expected=ranking.expected, branches=_branches(definitions))
    names = [
        f"{branch(definitions, key)} {week}" if several else branch(definitions, key)
        for week, key in ranking.missing
    ]
    text = (
        _("provisional: {done} of {expected} branch weeks in, missing {names}")
        if several
        else _("provisional, {branches}: {done} of {expected} in, missing {names}")
    )
    return text.format(
        done=done, expected=ranking.expected, names=places(names), branches=_branches(definitions)
    )


def closure(ranking: Ranking) -> str:
    """Whether the weeks of a period are closed, and how often a closed one was corrected."""
    return closure_of(ranking.question.period.weeks, ranking.closed)


def closure_of(weeks: Sequence[str], closed: Mapping[str, int]) -> str:
    """The same of these weeks; `closed` gives the revision of each closed one's seal."""
    shut = [week for week in weeks if week in closed]
    if not shut:
        return _("not closed")
    if len(shut) < len(weeks):
        return many("{count} week closed", "{count} weeks closed", len(shut)).format(
            count=len(shut)
        )
    corrections = sum(closed[week] - 1 for week in shut)
    if not corrections:
        return _("closed")
    if len(weeks) == 1:
        return _("closed, correction {number}").format(number=corrections)
    return many("closed, {count} correction", "closed, {count} corrections", corrections).format(
        count=corrections
    )


def pending(waiting: Mapping[str, int]) -> list[str]:
    """A line for each closed week for which something came since; it counts for nothing yet."""
    return [
        many(
            "{count} batch for {week}, which is closed, is pending: it counts after qibi close {week}",
            "{count} batches for {week}, which is closed, are pending: they count after qibi close {week}",
            count,
        ).format(count=count, week=week)
        for week, count in sorted(waiting.items())
    ]


def place_within(definitions: Definitions, rank: int, count: int) -> str:
    """A place within a branch, in the book's own word for it."""
    word = definitions.word("branch", _("branch"))
    return _("place {rank} of {count} in the {branch}").format(rank=rank, count=count, branch=word)


def argument(text: str) -> str:
    """A name as one would type it on a command line: in quotes where it has blanks or signs."""
    return text if not re.search(r"[\s'\"\\$&|;<>()*?#!`]", text) else shlex.quote(text)


def voided(definitions: Definitions, void: Void) -> str:
    """By whom, when and why an entry was voided."""
    return _("voided by {name} on {day}: {note}").format(
        name=definitions.title(void.recorded_by),
        day=day(date.fromisoformat(void.recorded_at[:10])),
        note=void.note,
    )


def kind(definitions: Definitions, by: str) -> str:
    """What a ranking is by, in the book's own word."""
    default = {
        "member": _("member"),
        "group": _("group"),
        "branch": _("branch"),
        "cp": _("CP"),
        "unit": _("unit"),
        "post": _("post"),
    }[by]
    return definitions.word(by, default)


def branch_heading(definitions: Definitions) -> str:
    """The heading of a column of branches, in the book's own word."""
    word = definitions.word("branch", _("Branch"))
    return word[:1].upper() + word[1:]


def _branches(definitions: Definitions) -> str:
    return definitions.word("branch", _("branches"))


def reason(word: str, note: str = "") -> str:
    """Why a subject has no place."""
    said = {
        "exempt": _("exempt"),
        "unscored": _("not assessed"),
        "ineligible": _("not ranked by the scheme"),
        "too-few-weeks": _("too few weeks"),
    }[word]
    return note or said if word == "exempt" else said


def moved(value: int | None) -> str:
    """`+3`, `-2`, `=`; `-` where there was no rank before."""
    if value is None:
        return "-"
    return f"{value:+d}" if value else "="


def grade(scheme: Scheme | None, key: str | None) -> str:
    """The name of a grade."""
    names = {g.id: str(g.name) for g in scheme.grades} if scheme else {}
    return names.get(key or "", "")


def alert_mark(alert: str | None) -> str:
    """What stands behind a grade: `!` for watch, `!!` for warn."""
    return {"watch": "!", "warn": "!!"}.get(alert or "", "")


def alert_style(alert: str | None) -> str:
    """The colour of someone to look after."""
    return {"watch": "yellow", "warn": "red"}.get(alert or "", "")


def alert_word(scheme: Scheme | None, alert: str | None, mean: int | None = None) -> str:
    """`watch (below 95)`; with the mean (hundredths) of one not below it, `alarm (veto)`."""
    if scheme is None or alert is None:
        return ""
    limit = scheme.watch if alert == "watch" else scheme.warn
    name = _("watch") if alert == "watch" else _("alarm")
    if limit is None or (mean is not None and mean >= limit):
        return name if mean is None else name + aside(_("veto"))
    return _("{alert} (below {limit})").format(alert=name, limit=points.show(limit))


def deviation(value: int, base: int) -> str:
    """A criterion as its difference from the base; `.` where it is level."""
    return points.signed(value - base) if value != base else "."


def trend(values: dict[str, int], over: Sequence[str], low: int, high: int) -> str:
    """Bars for these weeks, between the lowest and the highest shown; a blank where there is none."""
    reach = max(high - low, 1)
    return "".join(
        BARS[(values[w] - low) * (len(BARS) - 1) // reach] if w in values else " " for w in over
    )


def fits(widths: Iterable[int], columns: int) -> bool:
    """Whether columns of these widths, a blank between them, fit in a line."""
    widths = list(widths)
    return sum(widths) + len(widths) - 1 <= columns


def widest(texts: Iterable[str]) -> int:
    """The width of the widest text."""
    return max((width(t) for t in texts), default=0)


def signed(value: int) -> Cell:
    """Points with their sign, losses in red."""
    return Cell(points.signed(value), "red" if value < 0 else "")


def short_ids(keys: Iterable[str], others: Iterable[str] = ()) -> dict[str, str]:
    """Entry id: its shortest form (four digits or more) that is unique among all batches named.

    `others` are the digests of further batches that a short form must not be mistaken for.
    """
    keys = list(keys)
    digests = sorted({k.split(".")[0] for k in keys} | set(others))
    short: dict[str, str] = {}
    for number, digest in enumerate(digests):
        beside = digests[max(number - 1, 0) : number] + digests[number + 1 : number + 2]
        length = 4
        while any(other[:length] == digest[:length] for other in beside) and length < len(digest):
            length += 1
        short[digest] = digest[:length]
    return {k: f"{short[k.split('.')[0]]}.{k.split('.')[1]}" for k in keys}
