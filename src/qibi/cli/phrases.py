"""How things are said in more than one command: weeks with their dates, names, marks, trends."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from qibi.base import points
from qibi.base.dates import day as day
from qibi.base.dates import days as days
from qibi.base.dates import period as period
from qibi.base.dates import week as week
from qibi.base.language import _, listing, many
from qibi.base.text import width
from qibi.book.definitions import Definitions
from qibi.book.words import branch as branch
from qibi.book.words import branch_heading as branch_heading
from qibi.book.words import grade as grade
from qibi.book.words import kind as kind
from qibi.book.words import reason as reason
from qibi.cli.view import Cell
from qibi.ledger.entries import Void
from qibi.scoring.ranking import Ranking
from qibi.scoring.sums import short_ids as short_ids
from qibi.scoring.words import alert_word as alert_word
from qibi.scoring.words import moved as moved
from qibi.scoring.words import place_within as place_within

BARS = "▁▂▃▄▅▆▇█"


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
    word = definitions.word("branch", _("branch"))
    if not ranking.expected:
        return _("no {branch} has to submit anything").format(branch=word)
    if not ranking.missing:
        text = (
            _("all {expected} {branch} weeks are in")
            if several
            else _("{branches}: {done} of {expected} in")
        )
        return text.format(
            done=done, expected=ranking.expected, branch=word, branches=_branches(definitions)
        )
    text = (
        _("provisional: {done} of {expected} {branch} weeks in, missing {names}")
        if several
        else _("provisional, {branches}: {done} of {expected} in, missing {names}")
    )
    return text.format(
        done=done,
        expected=ranking.expected,
        names=_missing(ranking, definitions),
        branch=word,
        branches=_branches(definitions),
    )


def _missing(ranking: Ranking, definitions: Definitions, most: int = 3) -> str:
    """The first few that are missing; where that is not all, the command that shows more.

    Many over several weeks are counted by week, or by branch where that says it shorter.
    """
    missing = ranking.missing
    rest = "  " + _("see: {command}").format(command=f"qibi status --week {missing[0][0]}")
    if len(ranking.question.period.weeks) == 1:
        text = places([branch(definitions, key) for _week, key in missing], most)
        return text + rest if len(missing) > most else text
    if len(missing) <= most:
        return listing([f"{branch(definitions, key)} {week}" for week, key in missing])
    weeks, keys = Counter(week for week, _key in missing), Counter(key for _week, key in missing)
    if len(keys) < len(weeks):
        named = [
            many("{branch} in {count} week", "{branch} in {count} weeks", n).format(
                branch=branch(definitions, key), count=n
            )
            for key, n in keys.items()
        ]
        return places(named, most) + rest
    named = [_("{count} in {week}").format(count=n, week=week) for week, n in weeks.items()]
    if (more := len(named) - most) > 0:
        last = many("{count} more week", "{count} more weeks", more).format(count=more)
        named = [*named[:most], last]
    return listing(named) + rest


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


def lost(batches: Mapping[str, int]) -> list[str]:
    """A line for each closed week of which batches are gone, as somebody has acknowledged."""
    return [
        many(
            "{count} batch of {week} is missing, as was acknowledged (qibi check names it): the results are without it",
            "{count} batches of {week} are missing, as was acknowledged (qibi check names them): the results are without them",
            count,
        ).format(count=count, week=week)
        for week, count in sorted(batches.items())
    ]


def apart(ranking: Ranking) -> list[str]:
    """What of its weeks a ranking is without: batches that are lost, and those that wait."""
    return [*lost(ranking.lost), *pending(ranking.pending)]


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


def voided(definitions: Definitions, void: Void) -> str:
    """By whom, when and why an entry was voided."""
    return _("voided by {name} on {day}: {note}").format(
        name=definitions.title(void.recorded_by),
        day=day(date.fromisoformat(void.recorded_at[:10])),
        note=void.note,
    )


def _branches(definitions: Definitions) -> str:
    return definitions.word("branch", _("branches"))


def alert_mark(alert: str | None) -> str:
    """What stands behind a grade: `!` for watch, `!!` for warn."""
    return {"watch": "!", "warn": "!!"}.get(alert or "", "")


def alert_style(alert: str | None) -> str:
    """The colour of someone to look after."""
    return {"watch": "yellow", "warn": "red"}.get(alert or "", "")


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
    return max(map(width, set(texts)), default=0)


def signed(value: int) -> Cell:
    """Points with their sign, losses in red."""
    return Cell(points.signed(value), "red" if value < 0 else "")
