"""Moments that can't be, as a machine with a wrong clock records them; and days, whatever the moment."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, tzinfo

from qibi.base.findings import Finding
from qibi.base.language import _
from qibi.ledger.batches import Batch
from qibi.ledger.entries import moment

FIRST = datetime(2000, 1, 1, tzinfo=UTC)
LAST = datetime(2100, 1, 1, tzinfo=UTC)  # no machine that is in order shows it to this program
_AHEAD = timedelta(days=1)  # by which the clocks of two machines may differ


def can_be(text: str, now: datetime) -> bool:
    """Whether a moment (RFC 3339) is from 2000 on, and not after tomorrow; of no moment, True."""
    when = moment(text)
    return when is None or FIRST <= when <= now + _AHEAD


def wrong_moments(batch: Batch, now: datetime) -> list[int]:
    """The lines of a batch that were recorded at no moment that can be."""
    wrong = {at for at in {e.recorded_at for e in batch.entries} if not can_be(at, now)}
    if not wrong:
        return []
    return [line for line, e in enumerate(batch.entries, 1) if e.recorded_at in wrong]


def findings(batches: Iterable[Batch], now: datetime) -> Iterable[Finding]:
    """One for each batch that holds moments that can't be, at the first line of them."""
    for batch in batches:
        if lines := wrong_moments(batch, now):
            message = clock_message("recorded_at", batch.entries[lines[0] - 1].recorded_at, now)
            yield Finding(batch.path, lines[0], message=message, code="clock")


def clock_message(key: str, text: str, now: datetime) -> str:
    """What is wrong with a moment that can't be."""
    when = moment(text)
    if when and when < FIRST:
        return _("{key} is {moment}, before 2000: the clock of the machine was wrong").format(
            key=key, moment=text
        )
    return _(
        "{key} is {moment}, and today is {day}: the clock of one of the two machines is wrong"
    ).format(key=key, moment=text, day=now.date().isoformat())


def day_of(text: str, zone: tzinfo) -> date | None:
    """The day of a moment in a time zone; None where it is none.

    At the ends of the calendar, where no other zone has a day, the day as it is written.
    """
    when = moment(text)
    if when is None:
        return None
    try:
        return when.astimezone(zone).date()
    except (OverflowError, ValueError):
        return when.date()
