"""Warnings on remedies: steps that changed nothing, and openings that name nobody."""

from collections.abc import Iterator

from qibi.base import weeks
from qibi.base.findings import Finding
from qibi.base.language import _
from qibi.checks.survey import Survey, finding
from qibi.ledger.entries import Remedy
from qibi.ledger.remedies import lives, strays


def idle_step(survey: Survey) -> Iterator[Finding]:
    """A step of a remedy is against the rules, as when its owner verifies it: it changes nothing."""
    for key, life in lives(survey.batches).items():
        for step in life.history:
            if step.breach:
                message = _("'{state}' of {id} changes nothing ({cause}); void it")
                yield finding(
                    *survey.places[step.key],
                    message.format(state=step.entry.state, id=key, cause=step.breach),
                )


def stray_step(survey: Survey) -> Iterator[Finding]:
    """A step is of a remedy that nobody has opened: it counts for nothing."""
    for step in strays(survey.batches):
        message = _(
            "nobody has opened the remedy '{id}'; '{state}' counts for nothing (is a batch missing?)"
        )
        yield finding(
            *survey.places[step.key],
            message.format(id=step.entry.remedy, state=step.entry.state),
        )


def bad_opening(survey: Survey) -> Iterator[Finding]:
    """A remedy is for someone unknown, has no owner that the book knows, or no day that can be due."""
    for key, life in lives(survey.batches).items():
        for step in life.history:
            if step.entry.state in ("open", "reopened") and not step.breach:
                for message in _faults(survey, step.entry):
                    yield finding(
                        *survey.places[step.key],
                        _("remedy {id}: {text}").format(id=key, text=message),
                    )


def _faults(survey: Survey, entry: Remedy) -> Iterator[str]:
    """What is the matter with an opening; a reopening keeps what it does not name."""
    kind, opens = survey.definitions.kind, entry.state == "open"
    if opens and kind(entry.subject) is None:
        yield _("unknown subject '{subject}'; add them to branches/, or void it").format(
            subject=entry.subject
        )
    if opens and not entry.owner:
        yield _("it has no owner; void it and open another")
    elif entry.owner and kind(entry.owner) != "member":
        yield _("unknown owner '{who}'; add them to branches/, or void it and open another").format(
            who=entry.owner
        )
    if opens and not entry.due:
        yield _("no day is due, so it is never overdue; void it and open another")
    elif entry.due and entry.due < weeks.monday(entry.week).isoformat():
        yield _("it is due on {day}, before {week} began; void it and open another").format(
            day=entry.due, week=entry.week
        )
