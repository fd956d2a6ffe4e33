"""What days gained or lost are worth: proposed by qibi, confirmed by the scorer, once a milestone.

A milestone is proposed once it is recorded as done, for only then its days are known. One that is
overdue is named every week until then.
"""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from qibi.base import points, weeks
from qibi.base.language import _, listing, many
from qibi.book.definitions import Definitions, Item, Plan, Scheme
from qibi.cli import late, phrases
from qibi.cli.session import Session
from qibi.ledger.batches import Batch, read_weeks
from qibi.ledger.entries import Score, Task
from qibi.ledger.pricing import price_text
from qibi.ledger.progress import (
    PlanState,
    batches_of,
    proposed_item,
    score_of,
    state_of_plan,
)
from qibi.ledger.voids import cancelled_entries
from qibi.ledger.wish import Wish
from qibi.scoring.ranking import live_scores


@dataclass(frozen=True)
class Proposal:
    """That a milestone done early or late be scored, in `week`; `days` gained are above zero."""

    cp: str
    task: str
    milestone: str
    item: Item
    scheme: Scheme
    done: str
    days: int
    week: str

    @property
    def key(self) -> tuple[str, str, str]:
        """CP, task and milestone: what is scored once only."""
        return self.cp, self.task, self.milestone

    @property
    def count(self) -> int:
        """The days, on an item that counts days."""
        return abs(self.days) if self.item.per == "day" else 1

    @property
    def points(self) -> int | None:
        """What it comes to in hundredths, before any cap; None where the scorer has to choose."""
        return None if self.item.fixed is None else self.item.fixed * self.count

    @property
    def command(self) -> str:
        """The `qibi score` command that records it, in one line."""
        return shlex.join([*self._what, *self._how])

    @property
    def lines(self) -> list[str]:
        """The same in two lines that fit a terminal and can be pasted."""
        return [f"  {shlex.join(self._what)} \\", f"    {shlex.join(self._how)}"]

    @property
    def _what(self) -> list[str]:
        times = f" x{self.count}" if self.item.per else ""
        chosen = " POINTS" if self.points is None else ""
        text = f"{self.cp} {self.item.id}{times}{chosen}"
        return ["qibi", "score", "-e", text, "--milestone", f"{self.task}/{self.milestone}"]

    @property
    def _how(self) -> list[str]:
        words = ["--week", self.week, "--date", self.done]
        wish = self.wish()
        if wish.scored_by:
            words += ["--scored-by", wish.scored_by]
        if wish.evidence:
            words += ["--evidence", wish.evidence]
        if self.needs_second:
            words += ["--approved-by", "WHO"]
        return words

    def wish(self, approved_by: str = "", chosen: str = "") -> Wish:
        """What is to be recorded; `chosen` are the points where the scorer has to choose."""
        return Wish(
            self.cp,
            self.item.id,
            points=chosen,
            count=str(self.count) if self.item.per else "",
            date=self.done,
            evidence=f"plan:{self.cp}" if self.item.evidence else "",
            scored_by=self.item.scorer,
            approved_by=approved_by if self.needs_second else "",
        )

    @property
    def needs_second(self) -> bool:
        """Whether the scheme wants someone who approves it."""
        limit = self.scheme.second_from
        return limit is not None and abs(self.points or 0) >= limit


def short(key: str) -> str:
    """An entry's id with eight digits: more than enough on the command line."""
    return key[:8] + key[16:]


def gained(days: int) -> str:
    """Days gained or lost, in words."""
    if days == 0:
        return _("on the day")
    text = (
        many("{count} day gained", "{count} days gained", days)
        if days > 0
        else many("{count} day lost", "{count} days lost", -days)
    )
    return text.format(count=abs(days))


def sentence(definitions: Definitions, proposal: Proposal) -> list[str]:
    """Whose milestone it is; then its day, its days, and the points that they come to."""
    item = proposal.item
    times = f" x{proposal.count}" if item.per else ""
    value = price_text(item) if proposal.points is None else points.signed(proposal.points)
    if item.cap is not None and abs(proposal.points or 0) > abs(item.cap):
        value = _("{points}, capped at {cap}").format(points=value, cap=points.signed(item.cap))
    return [
        f"  {definitions.title(proposal.cp)}  {title(definitions, *proposal.key)}",
        "    "
        + _("done on {day}, {gained}: {item} {points}").format(
            day=phrases.day(date.fromisoformat(proposal.done)),
            gained=gained(proposal.days),
            item=f"{item.name}{times}",
            points=value,
        ),
    ]


def title(definitions: Definitions, cp: str, task: str, milestone: str) -> str:
    """The names of a task and its milestone."""
    for planned in (t for p in definitions.plans if p.cp == cp for t in p.tasks):
        for reached in planned.milestones:
            if (planned.id, reached.id) == (task, milestone):
                return f"{planned.name} {reached.name}"
    return f"{task}/{milestone}"


def proposal(
    definitions: Definitions,
    cp: str,
    task: str,
    milestone: str,
    done: str,
    days: int,
    week: str = "",
) -> Proposal | None:
    """What the scheme of a week, else of that in which it was done, proposes; None for nothing."""
    week = week or weeks.week_of(date.fromisoformat(done))
    scheme = definitions.scheme(week)
    item = proposed_item(scheme, days) if scheme else None
    if scheme is None or item is None:
        return None
    return Proposal(cp, task, milestone, item, scheme, done, days, week)


def outstanding(
    definitions: Definitions, states: Iterable[PlanState], batches: list[Batch], week: str = ""
) -> list[Proposal]:
    """The proposals that no live score has taken up yet, in the order of the plans.

    With a week, only of what was done by its end; it is then scored in that week.
    """
    scores = [s for s in live_scores(batches) if s[1].milestone]
    last = weeks.sunday(week).isoformat() if week else ""
    made = (
        proposal(
            definitions,
            state.plan.cp,
            task.task.id,
            m.milestone.id,
            m.done,
            m.days(m.due) or 0,
            week,
        )
        for state in states
        for task in state.tasks
        for m in task.milestones
        if m.done and (not week or m.done <= last)
    )
    return [p for p in made if p and score_of(definitions, scores, *p.key) is None]


def states_of(now: Session, plans: Sequence[Plan]) -> tuple[list[PlanState], list[Batch]]:
    """The state of these plans, and every batch of the branches that ever held their CPs."""
    spans = now.definitions.cp_spans
    branches = {s.branch for p in plans for s in spans.get(p.cp, ())}
    batches = now.standing(batches_of(now.root, branches, now.around.cache))
    cancelled = cancelled_entries(batches)
    return [state_of_plan(p, batches, cancelled) for p in plans], batches


def outstanding_for(now: Session, week: str, branch: str) -> list[Proposal]:
    """What the plans of a branch's CPs propose to be scored in a week and nobody has scored."""
    plans = [p for p in now.definitions.plans if now.definitions.branch_of(p.cp, week) == branch]
    if not plans:
        return []
    states, batches = states_of(now, plans)
    return outstanding(now.definitions, states, batches, week)


def doubles(now: Session, proposal: Proposal) -> tuple[str, Score] | None:
    """A live score that may be the very same: on that item, about then, but for no milestone."""
    about = {proposal.week, weeks.week_of(date.fromisoformat(proposal.done))}
    for key, score in live_scores(now.standing(read_weeks(now.root, sorted(about)))):
        same = (score.subject, score.item) == (proposal.cp, proposal.item.id)
        if same and not score.milestone:
            return key, score
    return None


def accepting(found: Sequence[Proposal], branch: str) -> str:
    """The command that records all that is proposed to a branch in a week."""
    words = ["qibi", "score", "--milestones", "--branch", branch, "--week", found[0].week]
    if any(p.needs_second for p in found):
        words += ["--approved-by", "WHO"]
    return shlex.join(words)


def waiting(now: Session, week: str) -> list[tuple[str, str, str]]:
    """What waits for a scorer by a week: (branch, sentence, command), by the order of branches.

    Proposed points of milestones, milestones that are overdue, and entries for submitting late.
    """
    definitions = now.definitions
    plans: dict[str, list[Plan]] = {}
    for plan in definitions.plans:
        plans.setdefault(definitions.branch_of(plan.cp, week) or "", []).append(plan)
    alive = [b.id for b in definitions.branches if b.alive(week)]
    states, batches = states_of(now, [p for b in alive for p in plans.get(b, ())])
    proposals = outstanding(definitions, states, batches, week)
    handed_in = late.waiting(now, week)
    found: list[tuple[str, str, str]] = []
    for branch in alive:
        keys = {p.cp for p in plans.get(branch, ())}
        mine = [p for p in proposals if p.cp in keys]
        if mine:
            names = [
                f"{definitions.title(p.cp)} {title(definitions, *p.key)} {gained(p.days)}"
                for p in mine
            ]
            said = _("milestones to be scored: {names}").format(names=phrases.places(names))
            found.append((branch, said, accepting(mine, branch)))
        for state in (s for s in states if s.plan.cp in keys):
            if text := _overdue(now, state, week):
                found.append((branch, text, shlex.join(["qibi", "task", "list", state.plan.cp])))
        found += [(b, said, command) for b, said, command in handed_in if b == branch]
    return found


def _overdue(now: Session, state: PlanState, week: str) -> str:
    """The milestones of a plan that should have been done by a week's end and are not."""
    by = min(now.today, weeks.sunday(week) + timedelta(days=1))
    names = [
        f"{t.task.name} {m.milestone.name}"
        for t in state.tasks
        for m in t.milestones
        if m.overdue(by)
    ]
    return (
        _("{name}, overdue: {names}").format(
            name=now.definitions.title(state.plan.cp), names=listing(names)
        )
        if names
        else ""
    )


def say(now: Session, entry: Task, days: int, batches: list[Batch]) -> None:
    """Say how to score the days gained or lost, unless that has been done."""
    found = proposal(now.definitions, entry.subject, entry.task, entry.milestone, entry.done, days)
    standing = score_of(
        now.definitions, live_scores(batches), entry.subject, entry.task, entry.milestone
    )
    if standing:
        key, score = standing
        text = _("scored already: {points} by {entry}; it is never scored twice")
        now.console.say(
            text.format(points=points.signed(score.hundredths), entry=short(key)), "yellow"
        )
        if found is None:
            now.console.say(_("nothing is lost or gained now; to take the points back:"))
            undone = ["qibi", "void", short(key)]
            now.console.say(f"  {shlex.join(undone)}")
        elif (score.item, score.count) != (found.item.id, found.count):
            now.console.say(_("its days differ now; to mend it:"))
            mended = ["qibi", "fix", short(key), "--item", found.item.id]
            mended += ["--count", str(found.count)] if found.item.per else []
            now.console.say(f"  {shlex.join(mended)}")
        return
    if found is None:
        return
    now.console.say(_("proposed to the scorer: {item}; to record it:").format(item=found.item.name))
    for line in found.lines:
        now.console.say(line)
    if found.needs_second:
        now.console.say("  " + approver(), "dim")


def approver() -> str:
    """What stands for WHO in a command."""
    return _("WHO is the member who approves it")
