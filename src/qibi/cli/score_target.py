"""A milestone scored by hand: `qibi score -e ENTRY --milestone TASK/MILESTONE`."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from msgspec import structs

from qibi.base import weeks
from qibi.base.findings import Refusal
from qibi.base.language import _, listing
from qibi.book.definitions import Plan
from qibi.cli import recording, task_proposals, task_words
from qibi.cli.session import Session
from qibi.cli.task_proposals import short
from qibi.ledger.entries import Entry, Exempt, Score
from qibi.ledger.progress import score_of
from qibi.ledger.wish import Wish
from qibi.scoring.ranking import live_scores


class Target:
    """The milestone that `-e ENTRY --milestone TASK/MILESTONE` scores; raises `Refusal`."""

    def __init__(self, now: Session, week: str, wish: Wish, text: str) -> None:
        self._now = now
        scheme = now.definitions.scheme(week)
        items = [i for i in scheme.items() if i.auto == "milestone"] if scheme else []
        self._item = next((i for i in items if i.id == wish.item), None)
        if self._item is None:
            known = listing([f"{i.id} {i.name}" for i in items])
            advice = _("the items for milestones are: {names}").format(names=known) if known else ""
            raise Refusal(_("{item} is not for milestones").format(item=wish.item), advice, 1)
        plan = task_words.plan(now, wish.subject)
        task, slash, milestone = text.partition("/")
        if not slash:
            raise Refusal(
                _("'{text}' names no milestone").format(text=text),
                _("write it as TASK/MILESTONE: {example}").format(example=_example(plan)),
                1,
            )
        of = task_words.named_task(plan, task)
        reached = task_words.named_milestone(of, milestone)
        self._plan, self.task, self.milestone = plan, of.id, reached.id
        self._title = f"{of.name} {reached.name}"
        (state,), _batches = task_proposals.states_of(now, [plan])
        found = state.milestone(of.id, reached.id)
        self._days = found.days(min(now.today, weeks.sunday(week))) or 0
        self._done = found.done
        self._refuse_unknown_days(week, reached.due)
        with now.without(recording.interrupted(now, week)):  # this may be one of them again
            self.must_be_unscored()
        self.wish = self._completed(week, wish)

    def _refuse_unknown_days(self, week: str, due: str) -> None:
        """A milestone that is not done may be scored as overdue only, and none that is done later."""
        assert self._item is not None
        worth_of = self._item.points or (self._item.low, self._item.high)
        overdue = self._days < 0 and all(p < 0 for p in worth_of)
        if not self._done and not overdue:
            raise Refusal(
                _("{what} is not recorded as done; it is due on {day}").format(
                    what=self._title, day=due
                ),
                _("record its day first: qibi task done {cp} {task} {milestone} --date DAY").format(
                    cp=self._plan.cp, task=self.task, milestone=self.milestone
                ),
                1,
            )
        if self._done and self._done > weeks.sunday(week).isoformat():
            raise Refusal(
                _("{what} was done on {day}, after {week} ended").format(
                    what=self._title, day=self._done, week=week
                ),
                _("score it in that week: --week {week}").format(
                    week=weeks.week_of(date.fromisoformat(self._done))
                ),
                1,
            )

    def _completed(self, week: str, wish: Wish) -> Wish:
        """The wish, with the days and the day that the plan knows where none are written."""
        assert self._item is not None
        if wish.date:
            task_words.day(self._now, wish.date)  # none to come
        fits = all(p * self._days > 0 for p in self._item.points or (self._item.low,))
        if not wish.count and not wish.points and self._item.per == "day" and fits:
            wish = replace(wish, count=str(abs(self._days)))
        if not wish.date and self._done:
            wish = replace(wish, date=self._done)
        return wish

    def must_be_unscored(self) -> None:
        """Raises `Refusal` where a live score has taken this milestone up."""
        now = self._now
        _states, batches = task_proposals.states_of(now, [self._plan])
        scores = live_scores(batches)
        standing = score_of(now.definitions, scores, self._plan.cp, self.task, self.milestone)
        if standing:
            entry = short(standing[0])
            raise Refusal(
                _("{what} is scored already, by {entry}").format(what=self._title, entry=entry),
                _("mend that one: qibi fix {entry}, or void it first: qibi void {entry}").format(
                    entry=entry
                ),
                1,
            )

    def bound(self, entries: Sequence[Score | Exempt]) -> list[Entry]:
        """The entries with the task and the milestone that they are for."""
        self._scored = [
            structs.replace(e, task=self.task, milestone=self.milestone)
            for e in entries
            if isinstance(e, Score)
        ]
        return list(self._scored)

    def say_difference(self) -> None:
        """Say so where the scorer's days or sign are not those of the plan."""
        assert self._item is not None
        worth_of = self._item.points or (self._item.low, self._item.high)
        fits = all(p * self._days > 0 for p in worth_of)
        count = self._scored[0].count if self._scored else 1
        if not fits or (self._item.per == "day" and count != abs(self._days)):
            said = _("recorded as you say; by the plan it is {gained} so far")
            done = _("recorded as you say; by the plan it is {gained}")
            text = done if self._done else said
            self._now.console.say(text.format(gained=task_proposals.gained(self._days)), "yellow")


def _example(plan: Plan) -> str:
    return next((f"{t.id}/{m.id}" for t in plan.tasks for m in t.milestones), "TASK/MILESTONE")
