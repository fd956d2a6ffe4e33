"""Progress that was recorded on the day, between the weekly sheets."""

from example_desk import Batch, Desk, at
from example_earlier_data import MIDWEEK
from example_people import Branch, dice


def midweek_batches(branches: list[Branch]) -> list[Batch]:
    """A batch for each report from the site: progress scores nothing."""
    known = {branch.id: branch for branch in branches}
    made = []
    for week, place, weekday, who, task, milestone, percent, note in MIDWEEK:
        branch = known[place]
        moment = at(week, weekday, dice("midweek", place, week, str(weekday)))
        desk = Desk(branch, week, moment, by=who)
        where = {"task": task, "milestone": milestone}
        desk.add("task", subject=branch.cp, **where, progress=percent, note=note)
        made.append(desk.batch())
    return made
