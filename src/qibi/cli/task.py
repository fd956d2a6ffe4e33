"""qibi task: a CP's plan against what is done."""

import shlex
from datetime import date
from typing import Annotated

import typer
from msgspec.structs import replace

from qibi.base import weeks
from qibi.base.findings import Refusal
from qibi.base.language import _, mark
from qibi.book.definitions import Milestone, Plan
from qibi.book.definitions import Task as PlannedTask
from qibi.cli import complete, options, phrases, recording, task_proposals, task_view, task_words
from qibi.cli.session import Session, session
from qibi.cli.task_proposals import short
from qibi.ledger.batches import Batch
from qibi.ledger.entries import Entry, Task
from qibi.ledger.progress import PlanState

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
        metavar="CP", help=_("id, name or part of a name"), autocompletion=complete.subjects
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
            autocompletion=complete.subjects,
        ),
    ] = None,
    branch: options.Branch = None,
    form: options.Format = "table",
    output: options.Output = None,
) -> None:
    """Run the command; `COMMANDS` has its help."""
    now = session()
    if cp:
        plans = [task_words.plan(now, cp)]
    else:
        among = now.find_branch(branch) if branch else None
        week = weeks.week_of(now.today)
        plans = [
            p
            for p in now.definitions.plans
            if among is None or now.definitions.branch_of(p.cp, week) == among
        ]
    states, batches = task_proposals.states_of(now, plans)
    whole = bool(cp or branch)
    proposals = task_proposals.outstanding(now.definitions, states, batches)
    found = task_view.view(
        now.definitions, states, proposals, now.today, now.around.width if whole else None
    )
    now.console.show(found, form, output)


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
    now = session()
    if len(words) > 2:
        raise Refusal(
            _("'{text}' is too much").format(text=" ".join(words)),
            _("write: qibi task progress CP TASK [MILESTONE] PERCENT"),
        )
    plan = task_words.plan(now, cp)
    of = task_words.named_task(plan, task)
    milestone = task_words.named_milestone(of, words[0]) if len(words) == 2 else None
    percent = task_words.percent(words[-1])
    on = task_words.day(now, day)
    entry = _entry(now, plan, of, milestone, on, now.who(recorded_as))
    entry = replace(entry, progress=percent, note=note)

    def record(_batches: list[Batch]) -> list[Entry]:
        if milestone:
            _refuse_done(of, milestone, _state(now, plan)[0])
        return [entry]

    recording.record(now, entry.week, entry.branch, record, dry_run)
    said = (
        _("would record: {name}, {what}: {percent} in {week}")
        if dry_run
        else _("recorded: {name}, {what}: {percent} in {week}")
    )
    now.console.say(
        said.format(
            name=now.definitions.title(plan.cp),
            what=_what(of, milestone),
            percent=f"{percent}%",
            week=phrases.week(entry.week),
        )
    )
    if not dry_run:
        if percent == 100 and milestone:
            now.console.say(_("that alone is not done: done is recorded with its day"))
            words_again = ["qibi", "task", "done", plan.cp, of.id, milestone.id, "--date", str(on)]
            now.console.say("  " + shlex.join(words_again))
        now.console.say(_("next: qibi commit"), "dim")


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
    now = session()
    plan = task_words.plan(now, cp)
    of = task_words.named_task(plan, task)
    reached = task_words.named_milestone(of, milestone)
    on = task_words.day(now, day)
    entry = _entry(now, plan, of, reached, on, now.who(recorded_as))
    entry = replace(entry, done=on.isoformat(), note=note)
    batches: list[Batch] = []

    def record(_batches: list[Batch]) -> list[Entry]:
        state, batches[:] = _state(now, plan)
        _refuse_done(of, reached, state)
        return [entry]

    recording.record(now, entry.week, entry.branch, record, dry_run)
    days = (date.fromisoformat(reached.due) - on).days
    said = (
        _("would record: {name}, {what}: done on {day}, due on {due}: {gained}")
        if dry_run
        else _("recorded: {name}, {what}: done on {day}, due on {due}: {gained}")
    )
    now.console.say(
        said.format(
            name=now.definitions.title(plan.cp),
            what=_what(of, reached),
            day=phrases.day(on, now.today),
            due=phrases.day(date.fromisoformat(reached.due), now.today),
            gained=task_proposals.gained(days),
        )
    )
    task_proposals.say(now, entry, days, batches)
    if not dry_run:
        now.console.say(_("next: qibi commit"), "dim")


COMMANDS = {
    "list": (
        list_tasks,
        mark("What is done, late and to come, with a timetable; without a CP, an overview."),
    ),
    "progress": (record_progress, mark("Record how far a task or a milestone is, in percent.")),
    "done": (record_done, mark("Record the day on which a milestone was reached.")),
}


def _state(now: Session, plan: Plan) -> tuple[PlanState, list[Batch]]:
    (state,), batches = task_proposals.states_of(now, [plan])
    return state, batches


def _entry(
    now: Session, plan: Plan, task: PlannedTask, milestone: Milestone | None, on: date, who: str
) -> Task:
    """What progress and done have in common: the place is the CP's branch in the week of the day."""
    week = weeks.week_of(on)
    branch = now.definitions.branch_of(plan.cp, week)
    if branch is None:
        raise Refusal(
            _("{name} is in no branch in {week}").format(
                name=now.definitions.title(plan.cp), week=week
            ),
            _("look at since and until in branches/"),
            1,
        )
    return Task(
        week=week,
        branch=branch,
        recorded_by=who,
        recorded_at=now.recorded_at(),
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
