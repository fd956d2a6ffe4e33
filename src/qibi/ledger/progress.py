"""Plans against the ledger: what is done, how far the rest is, and the days gained or lost.

A milestone is done once for good: whoever got the day wrong voids that entry first. Where clones
recorded two, the later one counts: by week, then `recorded_at`, then batch digest, then line.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from qibi.book.definitions import Definitions, Item, Milestone, Plan, Scheme
from qibi.book.definitions import Task as PlannedTask
from qibi.ledger.batches import Batch, Index, batch_names, read_weeks, weeks_with_batches
from qibi.ledger.entries import Score, Task, moment
from qibi.ledger.records import names_with_tasks

_TAIL = len("-0123456789abcdef.jsonl")
_NEEDED = (b'"task"', b'"void"', b"\\u")  # an escape may hide a word


@dataclass(frozen=True)
class MilestoneState:
    """A milestone as recorded: `progress` in percent, `done` as a day, `entry` that says done."""

    milestone: Milestone
    progress: int | None
    done: str
    entry: str

    @property
    def due(self) -> date:
        """The day it is due."""
        return date.fromisoformat(self.milestone.due)

    @property
    def done_on(self) -> date | None:
        """The day it was done, or None."""
        return date.fromisoformat(self.done) if self.done else None

    def overdue(self, today: date) -> bool:
        """Whether it should have been done before today and is not."""
        return not self.done and self.due < today

    def days(self, today: date) -> int | None:
        """Days gained (above zero) or lost (below): due minus done, or minus today if overdue.

        None for what is not done and not overdue either.
        """
        if self.done_on is None and not self.overdue(today):
            return None
        return (self.due - (self.done_on or today)).days


@dataclass(frozen=True)
class TaskState:
    """A task as recorded: `progress` in percent, its milestones in the order of the route.

    `done` is the day recorded for the task itself, else that of its last milestone once all are.
    """

    task: PlannedTask
    milestones: tuple[MilestoneState, ...]
    progress: int | None
    done: str


@dataclass(frozen=True)
class PlanState:
    """A CP's plan as recorded; `unknown` are live entries on tasks or milestones not in it."""

    plan: Plan
    tasks: tuple[TaskState, ...]
    unknown: tuple[str, ...]

    def milestone(self, task: str, key: str) -> MilestoneState:
        """The state of a milestone of the plan."""
        return next(
            m
            for t in self.tasks
            if t.task.id == task
            for m in t.milestones
            if m.milestone.id == key
        )


def state_of_plan(plan: Plan, index: Index) -> PlanState:
    """What the live `task` entries say of a plan."""
    latest: dict[tuple[str, str, bool], tuple[str, Task]] = {}
    unknown = []
    route = {(t.id, m) for t in plan.tasks for m in ("", *(m.id for m in t.milestones))}
    for key, entry in _in_order(plan.cp, index):
        if (entry.task, entry.milestone) in route:
            latest[entry.task, entry.milestone, bool(entry.done)] = key, entry
        else:
            unknown.append(key)
    tasks = []
    for task in plan.tasks:
        milestones = tuple(_milestone(task, m, latest) for m in task.milestones)
        progress, done, _entry = _recorded(task.id, "", latest)
        if not done and milestones and all(m.done for m in milestones):
            done = max(m.done for m in milestones)
        tasks.append(TaskState(task, milestones, progress, done))
    return PlanState(plan, tuple(tasks), tuple(unknown))


def _in_order(cp: str, index: Index) -> list[tuple[str, Task]]:
    found = [
        ((b.week, moment(e.recorded_at), b.digest, line), key, e)
        for b, line, key, e in index.placed(Task)
        if e.subject == cp
    ]
    return [(key, e) for _order, key, e in sorted(found, key=lambda f: f[0])]


_Latest = dict[tuple[str, str, bool], tuple[str, Task]]


def _milestone(task: PlannedTask, milestone: Milestone, latest: _Latest) -> MilestoneState:
    return MilestoneState(milestone, *_recorded(task.id, milestone.id, latest))


def _recorded(task: str, milestone: str, latest: _Latest) -> tuple[int | None, str, str]:
    """Progress in percent, the day it was done, and the entry that says so."""
    _key, moved = latest.get((task, milestone, False), ("", None))
    key, done = latest.get((task, milestone, True), ("", None))
    return moved.progress if moved else None, done.done if done else "", key


def batches_of(root: Path, branches: Collection[str], cache: Path | None = None) -> list[Batch]:
    """The batches of these branches, of every week, that may hold what a plan needs.

    These are task entries, scores that name a milestone, and voids; raises `Faults` where one of
    them is damaged. With a `cache`, batches that were seen to hold none are not opened again.
    """
    having = names_with_tasks(root, cache) if cache else None
    names = {
        week: [
            n
            for n in (having[week] if having else batch_names(root, week))
            if n[:-_TAIL] in branches
        ]
        for week in (having or weeks_with_batches(root))
    }
    return read_weeks(root, names, _NEEDED, names)


def proposed_item(scheme: Scheme, days: int) -> Item | None:
    """The item with `auto: milestone` for so many days gained or lost, where the scheme has one."""
    for criterion in scheme.criteria:
        for item in criterion.items if "cp" in criterion.applies_to else ():
            worth = item.points or (item.low, item.high)
            if item.auto == "milestone" and all(p * days > 0 for p in worth):
                return item
    return None


def score_of(
    definitions: Definitions,
    scores: Iterable[tuple[str, Score]],
    cp: str,
    task: str,
    milestone: str,
) -> tuple[str, Score] | None:
    """The live score that a milestone has brought already: it names it, on an `auto` item."""
    for key, score in scores:
        if (score.subject, score.task, score.milestone) == (cp, task, milestone):
            scheme = definitions.scheme(score.week)
            item = scheme.item(score.item) if scheme else None
            if item and item.auto == "milestone":
                return key, score
    return None
