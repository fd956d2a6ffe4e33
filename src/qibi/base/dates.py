"""Weeks, periods and days as people of either language say them."""

from datetime import date

from qibi.base import weeks
from qibi.base.language import current
from qibi.base.weeks import Period


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


def day(value: date, today: date | None = None) -> str:
    """`11月27日`, `27 Nov`; with its year where `today` is given and is in another."""
    if today is not None and today.year != value.year:
        return full_day(value)
    return f"{value.month}月{value.day}日" if current() == "zh" else f"{value.day} {_month(value)}"


def full_day(value: date) -> str:
    """`2026年11月27日`, `27 Nov 2026`."""
    return f"{value.year}年{day(value)}" if current() == "zh" else f"{day(value)} {value.year}"


def period(asked: Period) -> str:
    """A period with its dates: `2026-W47（11月16日至22日）`."""
    dates = days(weeks.monday(asked.weeks[0]), weeks.sunday(asked.weeks[-1]))
    return f"{asked.label}（{dates}）" if current() == "zh" else f"{asked.label} ({dates})"


def week(text: str) -> str:
    """A week with its dates."""
    return period(weeks.single(text))
