"""ISO weeks and the periods made of them.

A week is written `2026-W41`; such strings sort in the order of time, so they are compared as they
are. `BEGIN` and `END` stand for an open side of a span.
"""

import re
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

BEGIN = "0000-W00"
END = "9999-W99"

_FIRST_YEAR, _LAST_YEAR = 1900, 2999
_MOST_WEEKS = 53 * 50  # of a range
_WEEK = re.compile(r"([0-9]{4})-W([0-9]{2})")


class Period(NamedTuple):
    """One or more weeks in order, with the label and the kind they were asked for by."""

    kind: str  # week, range, month, quarter, year
    label: str
    weeks: tuple[str, ...]


@lru_cache(4096)  # each line of the ledger names one
def is_week(text: str) -> bool:
    """True for an ISO week that exists: `2026-W53` does, `2025-W53` does not."""
    match = _WEEK.fullmatch(text)
    if not match:
        return False
    year, number = int(match[1]), int(match[2])
    return _FIRST_YEAR <= year <= _LAST_YEAR and 1 <= number <= weeks_in_year(year)


def weeks_in_year(year: int) -> int:
    """52 or 53: the week of 28 December is always the last of its ISO year."""
    return date(year, 12, 28).isocalendar().week


def week_of(day: date) -> str:
    """The ISO week that holds a day."""
    year, number, _ = day.isocalendar()
    return f"{year:04d}-W{number:02d}"


def last_over(today: date) -> str:
    """The last week that is over: the one to score, where nothing says another."""
    return week_of(today - timedelta(weeks=1))


def monday(week: str) -> date:
    """The first day of a week."""
    return date.fromisocalendar(int(week[:4]), int(week[6:]), 1)


def sunday(week: str) -> date:
    """The last day of a week."""
    return monday(week) + timedelta(days=6)


def shift(week: str, by: int) -> str:
    """The week so many weeks later (earlier, where `by` is below zero)."""
    return week_of(monday(week) + timedelta(weeks=by))


def span(first: str, last: str) -> tuple[str, ...]:
    """All weeks from first to last, both included; empty where last is before first."""
    count = (monday(last) - monday(first)).days // 7 + 1
    return tuple(shift(first, n) for n in range(count))


def _holding_thursdays(first: date, last: date) -> tuple[str, ...]:
    """The weeks whose Thursday falls between two days (the rule for months, quarters, years)."""
    thursday = first + timedelta(days=(3 - first.weekday()) % 7)
    result = []
    while thursday <= last:
        result.append(week_of(thursday))
        thursday += timedelta(weeks=1)
    return tuple(result)


def month(year: int, number: int) -> Period:
    """The weeks whose Thursday falls in a month."""
    first = date(year, number, 1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return Period("month", f"{year:04d}-{number:02d}", _holding_thursdays(first, last))


def quarter(year: int, number: int) -> Period:
    """The weeks whose Thursday falls in a quarter."""
    first = date(year, 3 * number - 2, 1)
    last = (first + timedelta(days=93)).replace(day=1) - timedelta(days=1)
    return Period("quarter", f"{year:04d}-Q{number}", _holding_thursdays(first, last))


def year(number: int) -> Period:
    """The weeks whose Thursday falls in a year, which is the ISO year."""
    weeks = _holding_thursdays(date(number, 1, 1), date(number, 12, 31))
    return Period("year", f"{number:04d}", weeks)


def single(week: str) -> Period:
    """The period of one week."""
    return Period("week", week, (week,))


def stretch(first: str, last: str) -> Period:
    """The period of a range of weeks."""
    return Period("range", f"{first}..{last}", span(first, last))


def before(period: Period) -> Period:
    """The period of the same kind just before this one.

    For a range, as many weeks just before. For a week, the calendar week before: the latest earlier
    week with an `assessed` is found by who knows the ledger.
    """
    if period.kind in ("week", "range"):
        first = shift(period.weeks[0], -len(period.weeks))
        last = shift(period.weeks[0], -1)
        return single(last) if period.kind == "week" else stretch(first, last)
    number = int(period.label[:4])
    if period.kind == "year":
        return year(number - 1)
    part = int(period.label[-2:].lstrip("Q"))
    if period.kind == "month":
        return month(number, part - 1) if part > 1 else month(number - 1, 12)
    return quarter(number, part - 1) if part > 1 else quarter(number - 1, 4)


def parse_week(text: str, today: date) -> str | None:
    """The week meant by `2026-W41`, `W41`, `41`, `last` or a date; None for anything else.

    A number alone means that week of this year; of last year where it lies half a year ahead.
    """
    text = text.strip()
    if is_week(text.upper()):
        return text.upper()
    if text.lower() in ("last", "上周"):
        return week_of(today - timedelta(weeks=1))
    if text.lower() in ("this", "本周"):
        return week_of(today)
    if match := re.fullmatch(r"(?:[wW]|第)?([0-9]{1,2})周?", text):
        latest = week_of(today + timedelta(weeks=26))
        year = today.isocalendar().year
        named = [f"{y:04d}-W{int(match[1]):02d}" for y in (year, year - 1)]
        return next((week for week in named if is_week(week) and week <= latest), None)
    try:
        week = week_of(datetime.fromisoformat(text).date())
    except ValueError:
        return None
    return week if is_week(week) else None


def parse_period(text: str, today: date) -> Period | None:
    """The period meant by a week, a range `A..B`, a month, a quarter or a year; None if none."""
    text = text.strip()
    if ".." in text:
        first, last = (parse_week(side, today) for side in text.split("..", 1))
        if first and last and first <= last:
            period = stretch(first, last)
            return period if len(period.weeks) <= _MOST_WEEKS else None
        return None
    if match := re.fullmatch(r"([0-9]{4})", text):
        return year(int(match[1])) if _FIRST_YEAR < int(match[1]) < _LAST_YEAR else None
    if match := re.fullmatch(r"([0-9]{4})-(0[1-9]|1[0-2])", text):
        return month(int(match[1]), int(match[2])) if int(match[1]) > _FIRST_YEAR else None
    if match := re.fullmatch(r"([0-9]{4})-?[qQ]([1-4])", text):
        return quarter(int(match[1]), int(match[2])) if int(match[1]) > _FIRST_YEAR else None
    week = parse_week(text, today)
    return single(week) if week else None
