"""A plan's timetable in plain characters: milestones down, weeks across, a mark a week."""

from collections.abc import Sequence
from datetime import date

from qibi.base import weeks
from qibi.base.language import _, listing
from qibi.base.text import width
from qibi.cli.view import Cell, Column, Grid
from qibi.ledger.progress import MilestoneState, PlanState

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
    milestones = [m for t in state.tasks for m in t.milestones]
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
    said = _("columns are ISO weeks from {first} to {last}; this week is {week}").format(
        first=span[0], last=span[-1], week=weeks.week_of(today)
    )
    return [listing(marks), said]
