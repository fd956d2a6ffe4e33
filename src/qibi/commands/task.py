"""qibi task: a CP's plan against what is done."""

import shlex
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, NamedTuple

import typer
from msgspec.structs import replace

from qibi.base import weeks
from qibi.base.findings import Refusal
from qibi.base.language import _, listing, many, mark
from qibi.base.text import width
from qibi.book.definitions import Definitions, Milestone, Plan
from qibi.book.definitions import Task as PlannedTask
from qibi.cli import completion, options, phrases, recording
from qibi.cli.output import Cell, Column, Field, Grid, Records, View
from qibi.cli.session import Session, current_session
from qibi.commands import milestones
from qibi.commands.milestones import Proposal, approver, short
from qibi.ledger.batches import Batch
from qibi.ledger.entries import Entry, Task
from qibi.ledger.progress import MilestoneState, PlanState, TaskState

PANEL = "look", 6
SUMMARY = mark("A CP's plan: what is done, what is late, what comes next.")
DETAILS = mark(
    "A plan is plans/CP.yaml: tasks, each with its milestones and their due days. A milestone "
    "reached early or late is proposed to the scorer once it is recorded as done, for then its "
    "days are known; until then one that is overdue is named here and in 'qibi status'."
)
EXAMPLES = mark("""
qibi task list o1-cp
qibi task done o1-cp jack-pit dig --date 2026-11-18
""")

CP = Annotated[
    str,
    typer.Argument(
        metavar="CP", help=_("id, name or part of a name"), autocompletion=completion.subjects
    ),
]
TaskName = Annotated[str, typer.Argument(metavar="TASK", help=_("a task of its plan: id or name"))]
Day = Annotated[
    str | None, typer.Option("--date", metavar="DAY", help=_("the day it was so; else today"))
]
Note = Annotated[str, typer.Option("--note", metavar="TEXT", help=_("the note"))]


def list_tasks(
    cp: Annotated[
        str | None,
        typer.Argument(
            metavar="[CP]",
            help=_("id, name or part of a name"),
            autocompletion=completion.subjects,
        ),
    ] = None,
    branch: options.Branch = None,
    form: options.Format = "table",
    output: options.Output = None,
) -> None:
    """Run the command; `COMMANDS` has its help."""
    session = current_session()
    if cp:
        plans = [milestones.plan_of(session, cp)]
    else:
        among = session.find_branch(branch) if branch else None
        week = weeks.week_of(session.today)
        plans = [
            p
            for p in session.definitions.plans
            if among is None or session.definitions.branch_of(p.cp, week) == among
        ]
    states, batches = milestones.states_of(session, plans)
    whole = bool(cp or branch)
    proposals = milestones.outstanding(session.definitions, states, batches)
    found = view(
        session.definitions,
        states,
        proposals,
        session.today,
        session.around.width if whole else None,
    )
    session.console.show(found, form, output)


def record_progress(
    cp: CP,
    task: TaskName,
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[MILESTONE] PERCENT", help=_("how far it is: 0 to 100, of a milestone or all")
        ),
    ],
    day: Day = None,
    note: Note = "",
    recorded_as: options.As = None,
    dry_run: options.DryRun = False,
) -> None:
    """Run the command; `COMMANDS` has its help."""
    session = current_session()
    if len(words) > 2:
        raise Refusal(
            _("'{text}' is too much").format(text=" ".join(words)),
            _("write: qibi task progress CP TASK [MILESTONE] PERCENT"),
        )
    plan = milestones.plan_of(session, cp)
    of = milestones.named_task(plan, task)
    milestone = milestones.named_milestone(of, words[0]) if len(words) == 2 else None
    percent = milestones.percent(words[-1])
    on = milestones.day(session, day)
    entry = _entry(session, plan, of, milestone, on, session.who(recorded_as))
    entry = replace(entry, progress=percent, note=note)

    def record(_batches: list[Batch]) -> list[Entry]:
        if milestone:
            _refuse_done(of, milestone, _state(session, plan)[0])
        return [entry]

    recording.record(session, entry.week, entry.branch, record, dry_run)
    text = (
        _("would record: {name}, {what}: {percent} in {week}")
        if dry_run
        else _("recorded: {name}, {what}: {percent} in {week}")
    )
    session.console.say(
        text.format(
            name=session.definitions.title(plan.cp),
            what=_what(of, milestone),
            percent=f"{percent}%",
            week=phrases.week(entry.week),
        )
    )
    if not dry_run:
        if percent == 100 and milestone:
            session.console.say(_("that alone is not done: done is recorded with its day"))
            words_again = ["qibi", "task", "done", plan.cp, of.id, milestone.id, "--date", str(on)]
            session.console.say("  " + shlex.join(words_again))
        session.console.say(_("next: qibi commit"), "dim")


def record_done(
    cp: CP,
    task: TaskName,
    milestone: Annotated[
        str, typer.Argument(metavar="MILESTONE", help=_("a milestone of the task: id or name"))
    ],
    day: Day = None,
    note: Note = "",
    recorded_as: options.As = None,
    dry_run: options.DryRun = False,
) -> None:
    """Run the command; `COMMANDS` has its help."""
    session = current_session()
    plan = milestones.plan_of(session, cp)
    of = milestones.named_task(plan, task)
    reached = milestones.named_milestone(of, milestone)
    on = milestones.day(session, day)
    entry = _entry(session, plan, of, reached, on, session.who(recorded_as))
    entry = replace(entry, done=on.isoformat(), note=note)
    batches: list[Batch] = []

    def record(_batches: list[Batch]) -> list[Entry]:
        state, batches[:] = _state(session, plan)
        _refuse_done(of, reached, state)
        return [entry]

    recording.record(session, entry.week, entry.branch, record, dry_run)
    days = (date.fromisoformat(reached.due) - on).days
    text = (
        _("would record: {name}, {what}: done on {day}, due on {due}: {gained}")
        if dry_run
        else _("recorded: {name}, {what}: done on {day}, due on {due}: {gained}")
    )
    session.console.say(
        text.format(
            name=session.definitions.title(plan.cp),
            what=_what(of, reached),
            day=phrases.day(on, session.today),
            due=phrases.day(date.fromisoformat(reached.due), session.today),
            gained=milestones.gained(days),
        )
    )
    milestones.say(session, entry, days, batches)
    if not dry_run:
        session.console.say(_("next: qibi commit"), "dim")


def _state(session: Session, plan: Plan) -> tuple[PlanState, list[Batch]]:
    (state,), batches = milestones.states_of(session, [plan])
    return state, batches


def _entry(
    session: Session, plan: Plan, task: PlannedTask, milestone: Milestone | None, on: date, who: str
) -> Task:
    """What progress and done have in common: the place is the CP's branch in the week of the day."""
    week = weeks.week_of(on)
    branch = session.definitions.branch_of(plan.cp, week)
    if branch is None:
        raise Refusal(
            _("{name} is in no branch in {week}").format(
                name=session.definitions.title(plan.cp), week=week
            ),
            _("check since and until in branches/"),
            1,
        )
    return Task(
        week=week,
        branch=branch,
        recorded_by=who,
        recorded_at=session.recorded_at(),
        subject=plan.cp,
        task=task.id,
        milestone=milestone.id if milestone else "",
    )


def _refuse_done(task: PlannedTask, milestone: Milestone, state: PlanState) -> None:
    found = state.milestone(task.id, milestone.id)
    if found.done_on:
        entry = short(found.entry)
        raise Refusal(
            _("{what} was done on {day} already (entry {entry})").format(
                what=_what(task, milestone), day=phrases.day(found.done_on), entry=entry
            ),
            _("if that is wrong, void it first: qibi void {entry}").format(entry=entry),
            1,
        )


def _what(task: PlannedTask, milestone: Milestone | None) -> str:
    return f"{task.name} {milestone.name}" if milestone else str(task.name)


# How `qibi task list` looks: a CP's tasks and their route, and a timetable in plain characters.


def view(
    definitions: Definitions,
    states: Sequence[PlanState],
    proposals: Sequence[Proposal],
    today: date,
    columns: int | None,
) -> View:
    """The plans in full in so many columns, or one line each; JSON and CSV are in full anyway."""
    rows = [
        PlannedMilestone(s.plan.cp, t, m) for s in states for t in s.tasks for m in t.milestones
    ]
    result = View(
        payload=_payload(definitions, states, proposals, today),
        records=[Records(_fields(definitions, today), rows)],
    )
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
    fields: list[Field[PlanState]] = [
        Field("", heading=_("CP"), shown=lambda s: definitions.title(s.plan.cp)),
        Field("", heading=_("Done"), shown=_done_of, right=True),
        Field("", heading=_("Overdue"), shown=lambda s: _late(s, today), right=True),
        Field("", heading=_("Next due"), shown=lambda s: _coming(s, today), wraps=True),
    ]
    result.blocks.append(Records(fields, states))
    result.line()
    result.line(_("one plan in full: qibi task list {cp}").format(cp=states[0].plan.cp), "dim")


def _milestones(state: PlanState) -> list[MilestoneState]:
    return [m for t in state.tasks for m in t.milestones]


def _done_of(state: PlanState) -> str:
    every = _milestones(state)
    return f"{sum(bool(m.done) for m in every)}/{len(every)}"


def _late(state: PlanState, today: date) -> Cell | str:
    late = sum(m.overdue(today) for m in _milestones(state))
    return Cell(str(late), "red") if late else ""


def _coming(state: PlanState, today: date) -> str:
    """The milestone that is due next, with its day."""
    coming = [(t, m) for t in state.tasks for m in t.milestones if not m.done and m.due >= today]
    if not coming:
        return ""
    task, milestone = min(coming, key=lambda pair: pair[1].due)
    return f"{phrases.day(milestone.due, today)} {task.task.name} {milestone.milestone.name}"


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
    milestones = _milestones(state)
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
        text = Cell(_done(state.done_on, today), "green")
    elif state.overdue(today):
        text = Cell(listing([_("overdue"), percent] if percent else [_("overdue")]), "red")
    else:
        text = Cell(percent)
    days = state.days(today)
    shown = "" if days is None else f"{days:+d}" if days else "0"
    return [
        str(state.milestone.name),
        phrases.day(state.due, today),
        text,
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
                "tasks": [_task_payload(definitions, state, t, today) for t in state.tasks],
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


def _task_payload(
    definitions: Definitions, state: PlanState, task: TaskState, today: date
) -> dict[str, Any]:
    rows = [PlannedMilestone(state.plan.cp, task, m) for m in task.milestones]
    return {
        "task": task.task.id,
        "name": str(task.task.name),
        "progress": task.progress,
        "done": task.done or None,
        "milestones": Records(_fields(definitions, today), rows),
    }


class PlannedMilestone(NamedTuple):
    """A milestone with its task and CP."""

    cp: str
    task: TaskState
    state: MilestoneState


def _fields(definitions: Definitions, today: date) -> list[Field[PlannedMilestone]]:
    """The fields of a milestone; those of its task are in JSON already."""
    return [
        Field("cp", lambda m: m.cp, json=False),
        Field("cp_name", lambda m: definitions.title(m.cp), csv="name", json=False),
        Field("task", lambda m: m.task.task.id, json=False),
        Field("task_name", lambda m: str(m.task.task.name), json=False),
        Field("milestone", lambda m: m.state.milestone.id),
        Field("name", lambda m: str(m.state.milestone.name), csv="milestone_name"),
        Field("due", lambda m: m.state.milestone.due),
        Field("state", lambda m: status(m.state, today)),
        Field("progress", lambda m: 100 if m.state.done else m.state.progress),
        Field("done", lambda m: m.state.done or None),
        Field("days", lambda m: m.state.days(today)),
        Field("entry", lambda m: m.state.entry or None, csv=""),
    ]


# A plan's timetable in plain characters: milestones down, weeks across, a mark a week.


PLANNED, ON_TIME, LATE, OVERDUE, WAIT = "o", "+", "x", "!", "-"
_CELL = 3  # columns that a week takes, its blank included
_FEWEST = 6  # weeks that the timetable shows side by side at least


def timetable(state: PlanState, today: date, columns: int) -> Grid | None:
    """Milestones against weeks, a mark a week; several weeks share a column where room is short."""
    span = _span(state, today)
    if not span:
        return None
    names = [str(t.task.name) for t in state.tasks]
    names += [f"  {m.milestone.name}" for t in state.tasks for m in t.milestones]
    label = max(width(n) for n in names)
    room = max((columns - label) // _CELL, _FEWEST)
    step = -(-len(span) // room)
    starts = span[::step]
    rows: list[list[str | Cell]] = []
    for task in state.tasks:
        rows.append([str(task.task.name), *("" for _week in starts)])
        for m in task.milestones:
            rows.append([f"  {m.milestone.name}", *_marks(m, starts, today)])
    heads = [Column(_("Timetable")), *(Column(w[-2:], right=True) for w in starts)]
    return Grid(heads, rows)


def _span(state: PlanState, today: date) -> tuple[str, ...]:
    """The weeks from the first day that is due or done to the last; to today while any is overdue."""
    milestones = _milestones(state)
    days = [m.due for m in milestones] + [m.done_on for m in milestones if m.done_on]
    if any(m.overdue(today) for m in milestones):
        days.append(today)
    return weeks.span(weeks.week_of(min(days)), weeks.week_of(max(days))) if days else ()


def _marks(state: MilestoneState, starts: Sequence[str], today: date) -> list[str | Cell]:
    """One mark a column: where it is due, done, and the wait between the two."""
    now = weeks.week_of(today)
    due = _place(weeks.week_of(state.due), starts)
    marks: list[str | Cell] = ["." for _week in starts]
    if state.done_on:
        done = _place(weeks.week_of(state.done_on), starts)
        for n in range(min(due, done), max(due, done) + 1):
            marks[n] = WAIT
        marks[due] = PLANNED
        late = state.done_on > state.due
        marks[done] = Cell(LATE, "red") if late else Cell(ON_TIME, "green")
    elif state.overdue(today):
        for n in range(due, _place(now, starts) + 1):
            marks[n] = Cell(OVERDUE, "red")
    else:
        marks[due] = PLANNED
    return marks


def _place(week: str, starts: Sequence[str]) -> int:
    """The column that holds a week."""
    return max((n for n, start in enumerate(starts) if start <= week), default=0)


def legend(state: PlanState, today: date) -> list[str]:
    """What the marks and the columns mean."""
    marks = [
        _("{mark} due").format(mark=PLANNED),
        _("{mark} done in time").format(mark=ON_TIME),
        _("{mark} done late").format(mark=LATE),
        _("{mark} overdue").format(mark=OVERDUE),
    ]
    span = _span(state, today)
    text = _("columns are ISO weeks from {first} to {last}; this week is {week}").format(
        first=span[0], last=span[-1], week=weeks.week_of(today)
    )
    return [listing(marks), text]


COMMANDS = {
    "list": (
        list_tasks,
        mark("What is done, late and to come, with a timetable; without a CP, an overview."),
    ),
    "progress": (record_progress, mark("Record how far a task or a milestone is, in percent.")),
    "done": (record_done, mark("Record the day on which a milestone was reached.")),
}
