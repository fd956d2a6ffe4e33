"""From a command's period and its --week, --month, --quarter and --year to one period."""

from qibi.base import weeks
from qibi.base.findings import Refusal
from qibi.base.language import _
from qibi.base.weeks import Period
from qibi.cli.argv import LATEST
from qibi.cli.session import Session


def asked_period(
    now: Session,
    period: str | None = None,
    week: str | None = None,
    month: str | None = None,
    quarter: str | None = None,
    year: str | None = None,
) -> Period:
    """The one period asked for; the latest assessed week where none is. Raises `Refusal`."""
    given = {
        k: v
        for k, v in {
            "PERIOD": period,
            "--week": week,
            "--month": month,
            "--quarter": quarter,
            "--year": year,
        }.items()
        if v is not None
    }
    if period is not None and week == LATEST and weeks.parse_period(period, now.today) is None:
        return now.period(period)  # `--week nonsense`: refused by what was meant
    if len(given) > 1:
        raise Refusal(
            _("{names} can't go together").format(names=", ".join(given)), _("name one period")
        )
    if not given:
        return now.period(None)
    ((name, text),) = given.items()
    if name in ("PERIOD", "--week"):
        return now.period(text)
    return _named(now, name[2:], text)


def _named(now: Session, kind: str, text: str) -> Period:
    anchor = now.period(None).weeks[0]
    thursday = weeks.monday(anchor).toordinal() + 3
    day = now.today.fromordinal(thursday)
    if text == "last":
        day = now.today
    current = {
        "month": weeks.month(day.year, day.month),
        "quarter": weeks.quarter(day.year, (day.month + 2) // 3),
        "year": weeks.year(day.year),
    }[kind]
    if text == LATEST:
        return current
    if text == "last":
        return weeks.before(current)
    short = text.removesuffix("月").lstrip("qQ") if kind != "year" else text
    if short.isdigit() and len(short) <= 2:
        number = int(short)
        if kind == "month" and 1 <= number <= 12:
            return weeks.month(day.year, number)
        if kind == "quarter" and 1 <= number <= 4:
            return weeks.quarter(day.year, number)
    found = weeks.parse_period(text, now.today)
    if found is None or found.kind != kind:
        examples = {"month": "2026-09", "quarter": "2026-Q4", "year": "2026"}
        raise Refusal(
            _("--{kind}: '{text}' is not one").format(kind=kind, text=text),
            _("write it as {example}").format(example=examples[kind]),
        )
    return found
