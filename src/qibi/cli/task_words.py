"""What is named on the command line of `qibi task`: a plan, a task, a milestone, a percent, a day."""

from collections.abc import Sequence
from datetime import date

from qibi.base import weeks
from qibi.base.findings import Refusal
from qibi.base.language import _, listing
from qibi.base.text import folded, narrowed
from qibi.book import lookup
from qibi.book.definitions import Choice, Milestone, Plan, Task
from qibi.cli.session import Session
from qibi.ledger.admission import parse_day


def plan(now: Session, text: str) -> Plan:
    """The plan of the CP meant; raises `Refusal`."""
    try:
        key = lookup.subject(now.definitions, text, ("cp",), week=weeks.week_of(now.today))
    except lookup.NotFound as error:
        raise Refusal(str(error), code=1) from None
    for found in now.definitions.plans:
        if found.cp == key:
            return found
    raise Refusal(
        _("{name} has no plan").format(name=now.definitions.title(key)),
        _("write plans/{cp}.yaml: tasks with milestones and their due days").format(cp=key),
        1,
    )


def named_task(plan: Plan, text: str) -> Task:
    """The task of a plan meant; raises `Refusal`."""
    key = _named([Choice(t.id, t.name) for t in plan.tasks], text, _("task"))
    return next(t for t in plan.tasks if t.id == key)


def named_milestone(task: Task, text: str) -> Milestone:
    """The milestone of a task meant; raises `Refusal`."""
    key = _named([Choice(m.id, m.name) for m in task.milestones], text, _("milestone"))
    return next(m for m in task.milestones if m.id == key)


def _named(choices: Sequence[Choice], text: str, what: str) -> str:
    """The id meant by an id, a name or a part of one name only; raises `Refusal`."""
    try:
        return lookup.choice(choices, narrowed(text), what)
    except lookup.NotFound as error:
        part = folded(text)
        found = [
            c.id for c in choices if part and any(part in folded(n) for n in (c.name.zh, c.name.en))
        ]
        if len(found) == 1:
            return found[0]
        known = listing([c.id if c.id == str(c.name) else f"{c.id} {c.name}" for c in choices])
        advice = _("the plan has: {names}").format(names=known) if known else ""
        raise Refusal(str(error), advice, 1) from None


def percent(text: str) -> int:
    """A whole number from 0 to 100; raises `Refusal`."""
    plain = narrowed(text).removesuffix("%").strip()
    if plain.isascii() and plain.isdigit() and int(plain[:9]) <= 100:
        return int(plain[:9])
    raise Refusal(
        _("'{text}' is not a progress from 0 to 100").format(text=text),
        _("write a whole number of percent: 60"),
        1,
    )


def day(now: Session, text: str | None) -> date:
    """The day meant, today where none is named; raises `Refusal` for one to come."""
    if text is None:
        return now.today
    found = parse_day(text)
    if found is None:
        raise Refusal(_("'{text}' is not a date; write it as 2026-11-18").format(text=text), code=1)
    if found > now.today:
        raise Refusal(
            _("{day} is still to come; today is {today}").format(
                day=found.isoformat(), today=now.today.isoformat()
            ),
            _("record it when it is there"),
            1,
        )
    return found
