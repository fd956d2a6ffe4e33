"""What days gained or lost are worth: proposed by qibi, confirmed by the scorer, once a milestone."""

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from qibi.base import points, weeks
from qibi.base.language import _
from qibi.book.definitions import Definitions, Item, Scheme
from qibi.cli.session import Session
from qibi.ledger.batches import Batch
from qibi.ledger.entries import Task
from qibi.ledger.progress import PlanState, mark_of, proposed_item, score_of
from qibi.scoring.ranking import live_scores


@dataclass(frozen=True)
class Proposal:
    """That a milestone done early or late be scored on an item; `days` gained are above zero."""

    cp: str
    task: str
    milestone: str
    item: Item
    scheme: Scheme
    done: str
    days: int

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
        times = f" x{abs(self.days)}" if self.item.per else ""
        text = f"{self.cp} {self.item.id}{times} {mark_of(self.task, self.milestone)}"
        return ["qibi", "score", "-e", text]

    @property
    def _how(self) -> list[str]:
        words = ["--week", weeks.week_of(date.fromisoformat(self.done)), "--date", self.done]
        if self.item.scorer:
            words += ["--scored-by", self.item.scorer]
        if self.item.evidence:
            words += ["--evidence", f"plans/{self.cp}.yaml"]
        if self.needs_second:
            words += ["--approved-by", "WHO"]
        return words

    @property
    def needs_second(self) -> bool:
        """Whether the scheme wants someone who approves it."""
        worth = (self.item.fixed or 0) * (abs(self.days) if self.item.per else 1)
        limit = self.scheme.second_from
        return limit is not None and abs(worth) >= limit


def short(key: str) -> str:
    """An entry's id with eight digits: more than enough on the command line."""
    return key[:8] + key[16:]


def proposal(
    definitions: Definitions, cp: str, task: str, milestone: str, done: str, days: int
) -> Proposal | None:
    """What the scheme of the week in which it was done proposes; None where it proposes nothing."""
    scheme = definitions.scheme(weeks.week_of(date.fromisoformat(done)))
    item = proposed_item(scheme, days) if scheme else None
    if scheme is None or item is None:
        return None
    return Proposal(cp, task, milestone, item, scheme, done, days)


def outstanding(
    definitions: Definitions, states: Iterable[PlanState], batches: list[Batch]
) -> list[Proposal]:
    """The proposals that no live score has taken up yet, in the order of the plans."""
    scores = live_scores(batches)
    made = (
        proposal(
            definitions, state.plan.cp, task.task.id, m.milestone.id, m.done, m.days(m.due) or 0
        )
        for state in states
        for task in state.tasks
        for m in task.milestones
        if m.done
    )
    return [p for p in made if p and score_of(scores, p.cp, p.task, p.milestone) is None]


def say(now: Session, entry: Task, days: int, batches: list[Batch]) -> None:
    """Say how to score the days gained or lost, unless that has been done."""
    found = proposal(now.definitions, entry.subject, entry.task, entry.milestone, entry.done, days)
    if found is None:
        return
    standing = score_of(live_scores(batches), entry.subject, entry.task, entry.milestone)
    if standing:
        key, score = standing
        text = _("scored already: {points} by {entry}; it is never scored twice")
        now.console.say(
            text.format(points=points.signed(score.hundredths), entry=short(key)), "yellow"
        )
        if found.item.per and (score.item, score.count) != (found.item.id, abs(days)):
            now.console.say(_("its days differ now; to mend it:"))
            mended = ["qibi", "fix", short(key), "--item", found.item.id, "--count", str(abs(days))]
            now.console.say(f"  {shlex.join(mended)}")
        return
    now.console.say(_("proposed to the scorer: {item}; to record it:").format(item=found.item.name))
    for line in found.lines:
        now.console.say(line)
    if found.needs_second:
        now.console.say("  " + approver(), "dim")


def approver() -> str:
    """What stands for WHO in a command."""
    return _("WHO is the member who approves it")
