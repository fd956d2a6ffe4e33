"""How `qibi task list` looks: a CP's tasks and their route, and a timetable in plain characters."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from qibi.base import weeks
from qibi.base.language import _, listing, many
from qibi.book.definitions import Definitions
from qibi.cli import phrases
from qibi.cli.task_proposals import Proposal, approver, short
from qibi.cli.task_timetable import legend, timetable
from qibi.cli.view import Cell, Column, Grid, View
from qibi.ledger.progress import MilestoneState, PlanState, TaskState


def view(
    definitions: Definitions,
    states: Sequence[PlanState],
    proposals: Sequence[Proposal],
    today: date,
    columns: int | None,
) -> View:
    """The plans in full in so many columns, or one line each; JSON and CSV are in full anyway."""
    result = View(payload=_payload(definitions, states, proposals, today))
    result.header, result.rows = _table(definitions, states, today)
    if not states:
        result.line(_("no CP has a plan here; write plans/CP.yaml"))
    elif columns:
        for number, state in enumerate(states):
            if number:
                result.line()
            _add_plan(result, definitions, state, today, columns)
        _add_proposals(result, proposals)
    else:
        _add_overview(result, definitions, states, today)
    return result


def status(state: MilestoneState, today: date) -> str:
    """`done`, `overdue`, `under-way` or `planned`."""
    if state.done:
        return "done"
    if state.overdue(today):
        return "overdue"
    return "under-way" if state.progress else "planned"


def _add_overview(
    result: View, definitions: Definitions, states: Sequence[PlanState], today: date
) -> None:
    result.line("  ".join([str(definitions.name), _("plans"), phrases.day(today)]), "bold")
    result.line()
    rows: list[list[str | Cell]] = []
    for state in states:
        milestones = [m for t in state.tasks for m in t.milestones]
        late = sum(m.overdue(today) for m in milestones)
        coming = [(t, m) for t, m in _open(state) if m.due >= today]
        following = min(coming, key=lambda pair: pair[1].due, default=None)
        rows.append(
            [
                definitions.title(state.plan.cp),
                f"{sum(bool(m.done) for m in milestones)}/{len(milestones)}",
                Cell(str(late), "red") if late else "",
                f"{phrases.day(following[1].due, today)} {_both(*following)}" if following else "",
            ]
        )
    heads = [
        Column(_("CP")),
        Column(_("Done"), right=True),
        Column(_("Overdue"), right=True),
        Column(_("Next due"), wraps=True),
    ]
    result.blocks.append(Grid(heads, rows))
    result.line()
    result.line(_("one plan in full: qibi task list {cp}").format(cp=states[0].plan.cp), "dim")


def _open(state: PlanState) -> list[tuple[TaskState, MilestoneState]]:
    return [(t, m) for t in state.tasks for m in t.milestones if not m.done]


def _both(task: TaskState, state: MilestoneState) -> str:
    return f"{task.task.name} {state.milestone.name}"


def _add_plan(
    result: View, definitions: Definitions, state: PlanState, today: date, columns: int
) -> None:
    result.line(_title(definitions, state, today), "bold")
    result.line()
    rows: list[list[str | Cell]] = []
    for task in state.tasks:
        rows.append([str(task.task.name), "", "", _task_status(task, today), ""])
        rows += [["", *_milestone_row(m, today)] for m in task.milestones]
    heads = [
        Column(_("Task")),
        Column(_("Milestone")),
        Column(_("Due day")),
        Column(_("State")),
        Column(_("Days"), right=True),
    ]
    result.blocks.append(Grid(heads, rows))
    result.line(_("days are those gained (+) or lost (-) against the due day"), "dim")
    table = timetable(state, today, columns)
    if table:
        result.line()
        result.blocks.append(table)
        for line in legend(state, today):
            result.line(line, "dim")
    if state.unknown:
        result.line()
        text = many(
            "{count} entry is on a task or milestone that the plan does not have: {entries}",
            "{count} entries are on tasks or milestones that the plan does not have: {entries}",
            len(state.unknown),
        )
        names = phrases.places([short(key) for key in state.unknown])
        result.line(text.format(count=len(state.unknown), entries=names), "yellow")


def _add_proposals(result: View, proposals: Sequence[Proposal]) -> None:
    if not proposals:
        return
    result.line()
    result.line(_("not scored yet; qibi proposes to the scorer:"))
    for proposal in proposals:
        for line in proposal.lines:
            result.line(line, whole=True)
    if any(p.needs_second for p in proposals):
        result.line(f"  {approver()}", "dim")


def _title(definitions: Definitions, state: PlanState, today: date) -> str:
    milestones = [m for t in state.tasks for m in t.milestones]
    done = sum(bool(m.done) for m in milestones)
    parts = [
        f"{definitions.title(state.plan.cp)} ({state.plan.cp})",
        _("plan on {day}").format(day=phrases.day(today)),
        _("{done} of {count} milestones done").format(done=done, count=len(milestones)),
    ]
    late = sum(m.overdue(today) for m in milestones)
    if late:
        parts.append(_("overdue: {count}").format(count=late))
    return "  ".join(parts)


def _task_status(task: TaskState, today: date) -> Cell | str:
    if task.done:
        return Cell(_done(date.fromisoformat(task.done), today), "green")
    return f"{task.progress}%" if task.progress is not None else ""


def _done(day: date, today: date) -> str:
    return _("done {day}").format(day=phrases.day(day, today))


def _milestone_row(state: MilestoneState, today: date) -> list[str | Cell]:
    percent = f"{state.progress}%" if state.progress is not None else ""
    if state.done_on:
        said = Cell(_done(state.done_on, today), "green")
    elif state.overdue(today):
        said = Cell(listing([_("overdue"), percent] if percent else [_("overdue")]), "red")
    else:
        said = Cell(percent)
    days = state.days(today)
    shown = "" if days is None else f"{days:+d}" if days else "0"
    return [
        str(state.milestone.name),
        phrases.day(state.due, today),
        said,
        Cell(shown, "red" if (days or 0) < 0 else ""),
    ]


def _payload(
    definitions: Definitions,
    states: Sequence[PlanState],
    proposals: Sequence[Proposal],
    today: date,
) -> dict[str, Any]:
    week = weeks.week_of(today)
    return {
        "qibi": 1,
        "command": "task list",
        "today": today.isoformat(),
        "plans": [
            {
                "cp": state.plan.cp,
                "name": definitions.title(state.plan.cp),
                "branch": definitions.branch_of(state.plan.cp, week),
                "tasks": [_task_payload(t, today) for t in state.tasks],
                "unknown": list(state.unknown),
            }
            for state in states
        ],
        "proposals": [
            {
                "cp": p.cp,
                "task": p.task,
                "milestone": p.milestone,
                "item": p.item.id,
                "days": p.days,
                "command": p.command,
            }
            for p in proposals
        ],
    }


def _task_payload(task: TaskState, today: date) -> dict[str, Any]:
    return {
        "task": task.task.id,
        "name": str(task.task.name),
        "progress": task.progress,
        "done": task.done or None,
        "milestones": [
            {
                "milestone": m.milestone.id,
                "name": str(m.milestone.name),
                "due": m.milestone.due,
                "state": status(m, today),
                "progress": 100 if m.done else m.progress,
                "done": m.done or None,
                "days": m.days(today),
                "entry": m.entry or None,
            }
            for m in task.milestones
        ],
    }


def _table(
    definitions: Definitions, states: Sequence[PlanState], today: date
) -> tuple[list[str], list[list[Any]]]:
    header = [
        "cp",
        "name",
        "task",
        "task_name",
        "milestone",
        "milestone_name",
        "due",
        "state",
        "progress",
        "done",
        "days",
    ]
    rows = [
        [
            state.plan.cp,
            definitions.title(state.plan.cp),
            t.task.id,
            str(t.task.name),
            m.milestone.id,
            str(m.milestone.name),
            m.milestone.due,
            status(m, today),
            100 if m.done else m.progress,
            m.done or None,
            m.days(today),
        ]
        for state in states
        for t in state.tasks
        for m in t.milestones
    ]
    return header, rows
