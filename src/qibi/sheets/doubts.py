"""What a sheet may say by mistake, though no rule forbids it: told, and taken all the same."""

from collections.abc import Iterator, Sequence

from qibi.base import weeks
from qibi.base.language import _
from qibi.ledger.entries import Entry, Score

_MOST = 5  # of a kind; beyond it, only how many more


def doubts(entries: Sequence[tuple[Entry, str]]) -> Iterator[str]:
    """What to look at again, of entries with the place of each in the sheet.

    Two rows may say the same because two things happened, and an event of Sunday night may be dated
    on Monday: only whoever filled in the sheet knows.
    """
    scores = [(entry, where) for entry, where in entries if isinstance(entry, Score)]
    yield from _few(_twice(scores))
    yield from _few(_elsewhen(scores))


def _twice(scores: Sequence[tuple[Score, str]]) -> Iterator[str]:
    first: dict[Score, str] = {}
    for entry, where in scores:
        before = first.setdefault(entry, where)
        if before != where:
            yield _(
                "{first} and {second} say the same, and both are recorded; if it was one event, take one out and hand the sheet in again"
            ).format(first=before, second=where)


def _elsewhen(scores: Sequence[tuple[Score, str]]) -> Iterator[str]:
    for entry, where in scores:
        if entry.date and not _is_within(entry.date, entry.week):
            yield _("{where}: {date} is not a day of {week}; it counts for {week}").format(
                where=where, date=entry.date, week=entry.week
            )


def _is_within(day: str, week: str) -> bool:
    return weeks.monday(week).isoformat() <= day <= weeks.sunday(week).isoformat()


def _few(said: Iterator[str]) -> Iterator[str]:
    for number, text in enumerate(said, 1):
        if number > _MOST:
            yield _("and {count} more of this kind").format(count=1 + sum(1 for _more in said))
            return
        yield text
