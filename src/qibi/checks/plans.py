"""Warnings on plans: milestones that are in none, done before their day, twice, or scored twice."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from qibi.base.findings import Finding
from qibi.base.language import _
from qibi.base.text import closest
from qibi.book.definitions import Definitions
from qibi.checks.survey import Survey, finding
from qibi.ledger.batches import Batch
from qibi.ledger.clock import day_of
from qibi.ledger.entries import Score, Task


def unknown_milestone(survey: Survey) -> Iterator[Finding]:
    """An entry names a task or milestone that no plan has, or a CP without a plan."""
    for batch, number, key, e in (*survey.others, *survey.scores):
        names_one = isinstance(e, Task) or (isinstance(e, Score) and (e.task or e.milestone))
        if isinstance(e, Task | Score) and names_one and key not in survey.cancelled:
            fault = _unknown(survey.definitions, e)
            if fault:
                yield finding(batch, number, fault)


def _unknown(definitions: Definitions, entry: Task | Score) -> str | None:
    """What an entry names that its CP's plan does not have; None where the plan has all of it."""
    plan = next((p for p in definitions.plans if p.cp == entry.subject), None)
    if plan is None:
        message = (
            _("'{subject}' has no plan; write plans/{subject}.yaml, or void the entry")
            if definitions.kind(entry.subject) == "cp"
            else _("'{subject}' is no CP of this book, and only a CP has a plan; void the entry")
        )
        return message.format(subject=entry.subject)
    if not entry.task:
        return _("names the milestone '{milestone}' but not its task; void the entry").format(
            milestone=entry.milestone
        )
    routes = {t.id: [m.id for m in t.milestones] for t in plan.tasks}
    if entry.task not in routes:
        message = _("unknown task '{task}' in plans/{cp}.yaml; mend the plan, or void the entry")
        near = closest(entry.task, routes)
    elif entry.milestone and entry.milestone not in routes[entry.task]:
        message = _(
            "unknown milestone '{milestone}' of {task} in plans/{cp}.yaml; mend the plan, or void the entry"
        )
        near = closest(entry.milestone, routes[entry.task])
    else:
        return None
    said = message.format(cp=plan.cp, task=entry.task, milestone=entry.milestone)
    return said + "; " + _("did you mean {near}?").format(near=near) if near else said


def done_ahead(survey: Survey) -> Iterator[Finding]:
    """A task or milestone was recorded as done before the day on which it is said to be done."""
    zone = ZoneInfo(survey.definitions.timezone)
    for batch, number, _key, e in _done(survey):
        day = day_of(e.recorded_at, zone)
        if day and e.done > day.isoformat():
            message = _("done on {day}, but recorded before that, at {moment}; void it")
            yield finding(batch, number, message.format(day=e.done, moment=e.recorded_at))


def milestone_twice(survey: Survey) -> Iterator[Finding]:
    """A milestone is done twice; the later entry counts."""
    seen: dict[tuple[str, str, str], str] = {}
    for batch, number, key, e in _done(survey):
        other = seen.setdefault((e.subject, e.task, e.milestone), key)
        if other != key and e.milestone:
            message = _(
                "{task}/{milestone} of '{subject}' is done twice, also by {other}; the later counts, void the other"
            )
            yield finding(
                batch,
                number,
                message.format(task=e.task, milestone=e.milestone, subject=e.subject, other=other),
            )


def milestone_scored_twice(survey: Survey) -> Iterator[Finding]:
    """Two live entries score the days of one milestone; both count."""
    seen: dict[tuple[str, str, str], str] = {}
    for batch, number, key, e in survey.scores:
        if not e.milestone:
            continue
        scheme = survey.definitions.scheme(e.week)
        item = scheme.item(e.item) if scheme else None
        if item is None or item.auto != "milestone":
            continue
        other = seen.setdefault((e.subject, e.task, e.milestone), key)
        if other != key:
            message = _(
                "{task}/{milestone} of '{subject}' is scored twice, also by {other}; both count, void one"
            )
            yield finding(
                batch,
                number,
                message.format(task=e.task, milestone=e.milestone, subject=e.subject, other=other),
            )


def _done(survey: Survey) -> Iterator[tuple[Batch, int, str, Task]]:
    """The live entries that say that something is done."""
    for batch, number, key, e in survey.others:
        if isinstance(e, Task) and e.done and key not in survey.cancelled:
            yield batch, number, key, e
