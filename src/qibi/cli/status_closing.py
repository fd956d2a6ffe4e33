"""What status says of closing: whether a week is closed or can be, and what waits for a correction."""

from collections.abc import Mapping
from typing import Any

from qibi.base import weeks
from qibi.base.language import _
from qibi.cli import phrases
from qibi.cli.session import Session
from qibi.cli.view import View
from qibi.ledger.batches import Batch, read_weeks, weeks_with_batches
from qibi.ledger.counting import Counting, counting
from qibi.ledger.seals import latest_paths


def closing_of(now: Session) -> Counting:
    """All closed weeks, and the batches of theirs that are pending."""
    return counting(now.root, latest_paths(now.root))


def pending_batches(now: Session, found: Counting) -> list[Batch]:
    """The batches that came after their week was closed."""
    wanted = set(found.pending)
    return [b for b in read_weeks(now.root, found.waiting) if b.path in wanted]


def as_json(found: Counting, week: str, pending: list[Batch]) -> dict[str, Any]:
    """The same for programs."""
    return {
        "closed": found.closed.get(week),
        "lost": found.lost_in,
        "pending": [
            {
                "week": b.week,
                "branch": b.branch,
                "batch": b.digest,
                "recorded_by": b.entries[0].recorded_by,
                "recorded_at": b.entries[0].recorded_at,
            }
            for b in pending
        ],
    }


def show_lost(view: View, found: Counting) -> None:
    """Say of which weeks batches are gone for good."""
    if texts := phrases.lost(found.lost_in):
        view.line()
    for text in texts:
        view.line(text, "yellow", whole=True)


def show_pending(view: View, now: Session, pending: list[Batch]) -> None:
    """Name each pending batch, and the command that takes it in."""
    if not pending:
        return
    view.line()
    view.line(_("pending, for weeks that are closed: it counts for nothing yet"), "yellow")
    for batch in pending:
        text = _("  {week} {branch}  batch {batch}, recorded by {name} on {day}")
        first = batch.entries[0]
        view.line(
            text.format(
                week=batch.week,
                branch=phrases.branch(now.definitions, batch.branch),
                batch=batch.digest[:4],
                name=now.definitions.title(first.recorded_by),
                day=first.recorded_at[:10],
            )
        )
    for week in dict.fromkeys(b.week for b in pending):
        view.line(_("  next: qibi close {week} --approved-by WHO --note TEXT").format(week=week))


def open_before(now: Session, week: str, closed: Mapping[str, int]) -> str | None:
    """The first week with batches, after the latest closed one, that is open before this week.

    A book that closes no weeks is not told to.
    """
    if not closed:
        return None
    last = max((w for w in closed if w < week), default="")
    return next((w for w in weeks_with_batches(now.root) if last < w < week), None)


def next_step(now: Session, week: str, closed: Mapping[str, int]) -> str | None:
    """How a week in which all is in and committed comes to its end; None where it has."""
    if week in closed:
        return None
    last = weeks.sunday(week).toordinal() + (now.definitions.objections or 0)
    day = weeks.sunday(week).fromordinal(last)
    earlier = open_before(now, week, closed)
    if earlier:
        return _("next: qibi close {week}, which is open still").format(week=earlier)
    if now.today <= day:
        return _("objections until {day}; then: qibi close {week}").format(
            day=phrases.day(day, now.today), week=week
        )
    return _("next: qibi close {week}").format(week=week)
