"""What was recorded after the book's `score_by`, and what that brings whoever submitted it."""

from collections import Counter
from datetime import date, timedelta

from qibi.base import weeks
from qibi.base.language import _
from qibi.base.text import argument
from qibi.book import lookup
from qibi.book.definitions import Item
from qibi.cli import phrases
from qibi.cli.session import Session
from qibi.cli.view import View
from qibi.ledger.batches import Batch, read_weeks
from qibi.ledger.clock import day_of
from qibi.ledger.entries import Assessed, Entry, Void
from qibi.scoring.assessed import assessed_branches
from qibi.scoring.ranking import live_scores


def corrects(batch: Batch) -> bool:
    """Whether a batch mends what stands: a fix, a void, evidence added, a sheet that differs."""
    return any(isinstance(e, Void) for e in batch.entries)


def is_late(now: Session, batch: Batch, entry: Entry) -> bool:
    """Whether an entry of a batch was recorded after the book's `score_by`, and corrects nothing."""
    if now.definitions.score_by is None or corrects(batch):
        return False
    day = day_of(entry.recorded_at, now.zone)
    return day is not None and day > last_day(now, entry.week)


def last_day(now: Session, week: str) -> date:
    """The last day on which a week is recorded in time."""
    return weeks.sunday(week) + timedelta(days=now.definitions.score_by or 0)


def proposal(now: Session, before: list[Batch], batch: Batch) -> str | None:
    """The command that records the late-entry item against who submitted a week late; else None.

    Once a late batch, and never for a correction: only a batch that says `assessed` is submitted,
    and where the branch was in before, in time, it is in for a second time.
    """
    first = next((e for e in batch.entries if isinstance(e, Assessed)), None)
    if first is None or not is_late(now, batch, first) or _in_time(now, before, first):
        return None
    return _late_command(now, batch.week, first.recorded_by)


def _in_time(now: Session, before: list[Batch], first: Assessed) -> bool:
    """Whether the branch was submitted before score_by, be it void by now."""
    return any(
        isinstance(e, Assessed) and not is_late(now, b, e)
        for b in before
        if (b.week, b.branch) == (first.week, first.branch)
        for e in b.entries
    )


def _late_item(now: Session, week: str) -> Item | None:
    scheme = now.definitions.scheme(week)
    for criterion in scheme.criteria if scheme else ():
        for item in criterion.items if "member" in criterion.applies_to else ():
            if item.auto == "late-entry":
                return item
    return None


def _late_command(now: Session, week: str, recorder: str) -> str | None:
    """None where the scheme has no such item, or the recorder is no member that week."""
    item = _late_item(now, week)
    if item is None or now.definitions.membership(recorder, week) is None:
        return None
    try:
        name = now.definitions.title(recorder)
        found = lookup.subject(now.definitions, name, week=week)
    except lookup.NotFound:
        found = ""
    wish = f"{name if found == recorder else recorder} {item.name}"
    if item.fixed is None:
        wish += " POINTS"
    return f"qibi score -e {argument(wish)} --week {week} --as WHO"


def say_late(now: Session, before: list[Batch], batch: Batch) -> None:
    """Propose the late-entry item, where a week was submitted late."""
    if command := proposal(now, before, batch):
        view = View()
        view.line()
        view.line(
            _("submitted after {day}; proposed, for someone else to record:").format(
                day=phrases.day(last_day(now, batch.week), now.today)
            )
        )
        view.line(f"  {command}", whole=True)
        now.console.show(view)


def waiting(now: Session, week: str) -> list[tuple[str, str, str]]:
    """What was submitted late and brought its recorder nothing yet: (branch, sentence, command)."""
    item = _late_item(now, week)
    if item is None or now.definitions.score_by is None:
        return []
    batches = read_weeks(now.root, [week])
    paid = Counter(e.subject for _key, e in live_scores(batches) if e.item == item.id)
    found = []
    live = assessed_branches(batches)
    for batch in sorted(batches, key=lambda b: b.entries[0].recorded_at):
        before = [b for b in batches if b is not batch]
        first = next((e for e in batch.entries if isinstance(e, Assessed)), None)
        if first is None or live.get((week, batch.branch)) != first:
            continue
        command = proposal(now, before, batch)
        if command is None:
            continue
        if paid[first.recorded_by] > 0:
            paid[first.recorded_by] -= 1
            continue
        said = _("submitted late by {name}: {item}").format(
            name=now.definitions.title(first.recorded_by), item=item.name
        )
        found.append((batch.branch, said, command))
    return found
