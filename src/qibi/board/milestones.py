"""The milestones of a week: done in it, before their day or after it, and overdue at its end."""

from datetime import date
from pathlib import Path

from qibi.base import dates, weeks
from qibi.board.data import MilestoneRow
from qibi.book.definitions import Definitions
from qibi.ledger.progress import MilestoneState, PlanState, TaskState, batches_of, state_of_plan
from qibi.ledger.voids import cancelled_entries

_Rows = tuple[MilestoneRow, ...]


def milestones_of(
    root: Path, definitions: Definitions, week: str, today: date, cache: Path | None = None
) -> tuple[_Rows, _Rows]:
    """Milestones gained in a week, and those late; raises `Faults` where the ledger is damaged.

    The week is looked at as it stood on its Sunday, or today while it still runs.
    """
    plans = [p for p in definitions.plans if definitions.branch_of(p.cp, week)]
    if not plans:
        return (), ()
    homes = {cp.branch for p in plans for cp in definitions.cp_spans.get(p.cp, ())}
    batches = batches_of(root, homes, cache)
    cancelled = cancelled_entries(batches)
    until = min(today, weeks.sunday(week))
    gained: list[MilestoneRow] = []
    late: list[MilestoneRow] = []
    for plan in plans:
        state = state_of_plan(plan, batches, cancelled)
        for task in state.tasks:
            for milestone in task.milestones:
                row = _row(definitions, state, task, milestone, weeks.monday(week), until)
                if row and row.days > 0:
                    gained.append(row)
                elif row and row.days < 0:
                    late.append(row)
    gained.sort(key=lambda r: (-r.days, r.name, r.text))
    late.sort(key=lambda r: (r.days, r.name, r.text))
    return tuple(gained), tuple(late)


def _row(
    definitions: Definitions,
    state: PlanState,
    task: TaskState,
    milestone: MilestoneState,
    monday: date,
    until: date,
) -> MilestoneRow | None:
    """The milestone where it was done between these days, or should have been; else None."""
    done = milestone.done_on if milestone.done_on and milestone.done_on <= until else None
    if done is None and milestone.due >= until:
        return None
    if done is not None and done < monday:
        return None
    return MilestoneRow(
        subject=state.plan.cp,
        name=definitions.title(state.plan.cp),
        text=f"{task.task.name} {milestone.milestone.name}",
        due=dates.day(milestone.due),
        done=dates.day(done) if done else "",
        days=(milestone.due - (done or until)).days,
    )
