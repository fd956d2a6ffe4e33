"""What days gained or lost are worth: proposed by qibi, confirmed by the scorer, once a milestone.

A milestone is proposed once it is recorded as done, for only then its days are known. One that is
overdue is named every week until then.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta

from msgspec import structs

from qibi.base import points, weeks
from qibi.base import points as pts
from qibi.base.findings import Faults, Finding, Refusal
from qibi.base.language import _, listing, many
from qibi.base.text import command_line, folded, narrowed
from qibi.book import lookup
from qibi.book.definitions import Choice, Definitions, Item, Milestone, Plan, Scheme
from qibi.book.definitions import Task as PlanTask
from qibi.cli import phrases, recording
from qibi.cli.dialogue import Back, Dialogue
from qibi.cli.recording import say_few
from qibi.cli.session import Session
from qibi.commands.guided import ask_approver
from qibi.ledger.admission import DraftEntry, Stamp, admit, in_words, parse_day
from qibi.ledger.batches import Batch, Index, read_weeks
from qibi.ledger.entries import Entry, Exempt, Score, Task
from qibi.ledger.pricing import price_text
from qibi.ledger.progress import (
    PlanState,
    batches_of,
    proposed_item,
    score_of,
    state_of_plan,
)


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
        return command_line([*self._what, *self._how])

    @property
    def lines(self) -> list[str]:
        """The same in two lines that fit a terminal and can be pasted."""
        return [f"  {command_line(self._what)} \\", f"    {command_line(self._how)}"]

    @property
    def _what(self) -> list[str]:
        times = f" x{self.count}" if self.item.per else ""
        chosen = " POINTS" if self.points is None else ""
        text = f"{self.cp} {self.item.id}{times}{chosen}"
        return ["qibi", "score", "-e", text, "--milestone", f"{self.task}/{self.milestone}"]

    @property
    def _how(self) -> list[str]:
        words = ["--week", self.week, "--date", self.done]
        draft = self.draft()
        if draft.scored_by:
            words += ["--scored-by", draft.scored_by]
        if draft.evidence:
            words += ["--evidence", draft.evidence]
        if self.needs_second:
            words += ["--approved-by", _("WHO")]
        return words

    def draft(self, approved_by: str = "", chosen: str = "") -> DraftEntry:
        """What is to be recorded; `chosen` are the points where the scorer has to choose."""
        return DraftEntry(
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
        f"  {definitions.title(proposal.cp)}  {milestone_title(definitions, *proposal.key)}",
        "    "
        + _("done on {day}, {gained}: {item} {points}").format(
            day=phrases.day(date.fromisoformat(proposal.done)),
            gained=gained(proposal.days),
            item=f"{item.name}{times}",
            points=value,
        ),
    ]


def milestone_title(definitions: Definitions, cp: str, task: str, milestone: str) -> str:
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
    scores = [s for s in Index(batches).live(Score) if s[1].milestone]
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


def states_of(session: Session, plans: Sequence[Plan]) -> tuple[list[PlanState], list[Batch]]:
    """The state of these plans, and every batch of the branches that ever held their CPs."""
    spans = session.definitions.cp_spans
    branches = {s.branch for p in plans for s in spans.get(p.cp, ())}
    batches = session.standing(batches_of(session.root, branches, session.around.cache))
    index = Index(batches)
    return [state_of_plan(p, index) for p in plans], batches


def outstanding_for(session: Session, week: str, branch: str) -> list[Proposal]:
    """What the plans of a branch's CPs propose to be scored in a week and nobody has scored."""
    plans = [
        p for p in session.definitions.plans if session.definitions.branch_of(p.cp, week) == branch
    ]
    if not plans:
        return []
    states, batches = states_of(session, plans)
    return outstanding(session.definitions, states, batches, week)


def doubles(session: Session, proposal: Proposal) -> tuple[str, Score] | None:
    """A live score that may be the same: on that item, about then, but for no milestone."""
    about = {proposal.week, weeks.week_of(date.fromisoformat(proposal.done))}
    for key, score in Index(session.standing(read_weeks(session.root, sorted(about)))).live(Score):
        same = (score.subject, score.item) == (proposal.cp, proposal.item.id)
        if same and not score.milestone:
            return key, score
    return None


def accepting(proposals: Sequence[Proposal], branch: str) -> str:
    """The command that records all that is proposed to a branch in a week."""
    words = ["qibi", "score", "--milestones", "--branch", branch, "--week", proposals[0].week]
    if any(p.needs_second for p in proposals):
        words += ["--approved-by", _("WHO")]
    return command_line(words)


def waiting(session: Session, week: str, overdue: bool = True) -> list[tuple[str, str, str]]:
    """What waits for a scorer by a week: (branch, sentence, command), by the order of branches.

    Proposed points of milestones, milestones that are `overdue`, and entries for submitting late.
    """
    definitions = session.definitions
    plans: dict[str, list[Plan]] = {}
    for plan in definitions.plans:
        plans.setdefault(definitions.branch_of(plan.cp, week) or "", []).append(plan)
    alive = [b.id for b in definitions.branches if b.alive(week)]
    states, batches = states_of(session, [p for b in alive for p in plans.get(b, ())])
    proposals = outstanding(definitions, states, batches, week)
    handed_in = recording.waiting(session, week)
    found: list[tuple[str, str, str]] = []
    for branch in alive:
        keys = {p.cp for p in plans.get(branch, ())}
        mine = [p for p in proposals if p.cp in keys]
        if mine:
            names = [
                f"{definitions.title(p.cp)} {milestone_title(definitions, *p.key)} {gained(p.days)}"
                for p in mine
            ]
            message = _("milestones to score: {names}").format(names=phrases.places(names))
            found.append((branch, message, accepting(mine, branch)))
        for state in (s for s in states if overdue and s.plan.cp in keys):
            if text := _overdue(session, state, week):
                found.append((branch, text, command_line(["qibi", "task", "list", state.plan.cp])))
        found += [(b, message, command) for b, message, command in handed_in if b == branch]
    return found


def _overdue(session: Session, state: PlanState, week: str) -> str:
    """The milestones of a plan that should have been done by a week's end and are not."""
    by = min(session.today, weeks.sunday(week) + timedelta(days=1))
    names = [
        f"{t.task.name} {m.milestone.name}"
        for t in state.tasks
        for m in t.milestones
        if m.overdue(by)
    ]
    return (
        _("{name}, overdue: {names}").format(
            name=session.definitions.title(state.plan.cp), names=listing(names)
        )
        if names
        else ""
    )


def say(session: Session, entry: Task, days: int, batches: list[Batch]) -> None:
    """Say how to score the days gained or lost, unless that has been done."""
    found = proposal(
        session.definitions, entry.subject, entry.task, entry.milestone, entry.done, days
    )
    standing = score_of(
        session.definitions, Index(batches).live(Score), entry.subject, entry.task, entry.milestone
    )
    if standing:
        key, score = standing
        text = _("scored already: {points} by {entry}; it is never scored twice")
        session.console.say(
            text.format(points=points.signed(score.hundredths), entry=short(key)), "yellow"
        )
        if found is None:
            session.console.say(_("nothing is lost or gained now; to cancel the points:"))
            undone = ["qibi", "void", short(key)]
            session.console.say(f"  {command_line(undone)}")
        elif (score.item, score.count) != (found.item.id, found.count):
            session.console.say(_("its days differ now; to correct it:"))
            fixing = ["qibi", "fix", short(key), "--item", found.item.id]
            fixing += ["--count", str(found.count)] if found.item.per else []
            session.console.say(f"  {command_line(fixing)}")
        return
    if found is None:
        return
    session.console.say(
        _("proposed to the scorer: {item}; to record it:").format(item=found.item.name)
    )
    for line in found.lines:
        session.console.say(line)
    if found.needs_second:
        session.console.say("  " + approver(), "dim")


def approver() -> str:
    """What stands for WHO in a command."""
    return _("WHO is the member who approves it")


# Milestones at scoring time: what the plans propose, confirmed by the scorer, once each.
#
# Asked on a terminal; without one, or with a no, nothing is recorded and the command to do so is said.


_NO_MORE = ("", "q", "完")


def propose(
    session: Session,
    who: str,
    places: Sequence[tuple[str, str]],
    accept: bool,
    approved_by: str,
    dry_run: bool,
) -> bool:
    """Propose what the plans say of these (week, branch), and record what is accepted.

    Whether anything was written.
    """
    wrote = False
    for week, branch in places:
        asks = accept or (session.around.on_terminal and not dry_run)
        left = recording.interrupted(session, week) if asks else []
        try:
            with session.without(
                left
            ):  # what an interrupted command scored is proposed as it was then
                proposals = outstanding_for(session, week, branch)
        except Faults:
            if accept:
                raise
            session.console.say(
                _("the plans were not checked, because part of the ledger is damaged: qibi check"),
                "yellow",
            )
            continue
        if proposals:
            wrote |= _propose(session, who, branch, proposals, accept, approved_by, dry_run)
        elif accept:
            session.console.say(
                _("{branch}: no milestone to score in {week}").format(
                    branch=phrases.branch(session.definitions, branch), week=week
                )
            )
    return wrote


def _propose(
    session: Session,
    who: str,
    branch: str,
    proposals: list[Proposal],
    accept: bool,
    approved_by: str,
    dry_run: bool,
) -> bool:
    name = phrases.branch(session.definitions, branch)
    week = proposals[0].week
    session.console.say(
        _("{branch}, by the plans, to score in {week}:").format(branch=name, week=week)
    )
    doubtful = []
    for proposal in proposals:
        for line in sentence(session.definitions, proposal):
            session.console.say(line)
        if standing := doubles(session, proposal):
            doubtful.append(proposal)
            session.console.say("    " + _double_warning(*standing), "yellow")
    asks = session.around.on_terminal and not dry_run
    chosen: list[tuple[Proposal, DraftEntry]] = []
    if accept:
        chosen = [(p, p.draft(approved_by)) for p in proposals if p not in doubtful]
    elif asks:
        chosen = _confirmed(session, who, branch, proposals, doubtful, approved_by)
    left = [p for p in proposals if p not in [c[0] for c in chosen]]
    wrote = bool(chosen) and _record(session, who, branch, week, chosen, dry_run)
    _say_left(session, branch, left, doubtful)
    return wrote


def _say_left(
    session: Session, branch: str, left: list[Proposal], doubtful: Sequence[Proposal]
) -> None:
    """The commands that record what was not: the doubtful ones each by its own."""
    sure = [p for p in left if p not in doubtful]
    if sure:
        session.console.say(_("to record them:") if len(sure) > 1 else _("to record it:"))
        session.console.say("  " + accepting(sure, branch))
    for proposal in (p for p in left if p in doubtful):
        session.console.say(_("if it is not the same, to record it:"))
        for line in proposal.lines:
            session.console.say(line)
    if any(p.needs_second for p in left):
        session.console.say("  " + approver(), "dim")


def _double_warning(key: str, score: Score) -> str:
    return _(
        "scored already? {entry} has {points} on that item for no milestone; if it is the same, void it first"
    ).format(entry=short(key), points=pts.signed(score.hundredths))


def _confirmed(
    session: Session,
    who: str,
    branch: str,
    proposals: list[Proposal],
    doubtful: list[Proposal],
    approved_by: str,
) -> list[tuple[Proposal, DraftEntry]]:
    """What the scorer says yes to, with who approved it where the scheme wants someone."""
    dialogue = Dialogue(session.console)
    explain = _("y records it for this week; n leaves it open, and it is proposed again")
    chosen = []
    for proposal in proposals:
        title = milestone_title(session.definitions, *proposal.key)
        question = _("record {what}?").format(what=title)
        if not session.console.confirm(question, proposal not in doubtful, explain):
            continue
        stamp = session.stamp(proposal.week, branch, who)
        with suppress(Back):  # leaves it out, as a no does
            if draft := _completed(session, dialogue, stamp, proposal, approved_by):
                approved_by = draft.approved_by or approved_by
                chosen.append((proposal, draft))
    return chosen


def _completed(
    session: Session, dialogue: Dialogue, stamp: Stamp, proposal: Proposal, approved_by: str
) -> DraftEntry | None:
    """The draft with what only the scorer knows; None where it is left out. Raises `Back`."""
    draft = proposal.draft(approved_by)
    while problems := admit(session.definitions, stamp, draft)[1]:
        fields = {field for field, _message in problems}
        if fields == {"approved_by"}:
            question = _("approved by? (an empty line skips it)")
            approver = ask_approver(dialogue, session.definitions, stamp, draft, question, _NO_MORE)
            if not approver:
                return None
            draft = replace(draft, approved_by=approver)
            continue
        if draft.points or proposal.points is not None:
            for _field, message in problems:
                session.console.problem(message)
        if proposal.points is not None:
            return None
        worth = price_text(proposal.item)
        explain = _("what it gives: {worth}").format(worth=worth)
        text = dialogue.ask(_("points ({worth})?").format(worth=worth), explain, topic="points")
        if text in _NO_MORE:
            return None
        draft = replace(draft, points=text)
    return draft


def _record(
    session: Session,
    who: str,
    branch: str,
    week: str,
    chosen: list[tuple[Proposal, DraftEntry]],
    dry_run: bool,
) -> bool:
    """Record what is still outstanding; all of it or, raising `Faults`, nothing."""
    stamp = session.stamp(week, branch, who)

    def plan(_batches: list[Batch]) -> list[Entry]:
        still = {p.key for p in outstanding_for(session, week, branch)}
        entries: list[Entry] = []
        findings: list[Finding] = []
        for proposal, draft in (c for c in chosen if c[0].key in still):
            admitted, problems = admit(session.definitions, stamp, draft)
            place = f"{proposal.task}/{proposal.milestone}"
            findings += [Finding(place, message=in_words(problem)) for problem in problems]
            entries += [
                structs.replace(e, task=proposal.task, milestone=proposal.milestone)
                for e in admitted
                if isinstance(e, Score)
            ]
        if findings:
            raise Faults(findings)
        return entries

    done = recording.record(session, week, branch, plan, dry_run)
    if done is None:
        session.console.say(_("someone else recorded them meanwhile; nothing was recorded"))
        return False
    say_few(session, week, branch, done, dry_run)
    return not dry_run


# A milestone scored by hand: `qibi score -e ENTRY --milestone TASK/MILESTONE`.


class Target:
    """The milestone that `-e ENTRY --milestone TASK/MILESTONE` scores; raises `Refusal`."""

    def __init__(self, session: Session, week: str, draft: DraftEntry, text: str) -> None:
        self._now = session
        scheme = session.definitions.scheme(week)
        items = [i for i in scheme.items() if i.auto == "milestone"] if scheme else []
        self._item = next((i for i in items if i.id == draft.item), None)
        if self._item is None:
            known = listing([f"{i.id} {i.name}" for i in items])
            advice = _("the items for milestones are: {names}").format(names=known) if known else ""
            raise Refusal(_("{item} is not for milestones").format(item=draft.item), advice, 1)
        plan = plan_of(session, draft.subject)
        task, slash, milestone = text.partition("/")
        if not slash:
            raise Refusal(
                _("'{text}' names no milestone").format(text=text),
                _("write it as TASK/MILESTONE: {example}").format(example=_example(plan)),
                1,
            )
        of = named_task(plan, task)
        reached = named_milestone(of, milestone)
        self._plan, self.task, self.milestone = plan, of.id, reached.id
        self._title = f"{of.name} {reached.name}"
        (state,), _batches = states_of(session, [plan])
        found = state.milestone(of.id, reached.id)
        self._days = found.days(min(session.today, weeks.sunday(week))) or 0
        self._done = found.done
        self._refuse_unknown_days(week, reached.due)
        with session.without(recording.interrupted(session, week)):  # this may be one of them again
            self.must_be_unscored()
        self.draft = self._completed(week, draft)

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

    def _completed(self, week: str, draft: DraftEntry) -> DraftEntry:
        """The draft, with the days and the day that the plan knows where none are written."""
        assert self._item is not None
        if draft.date:
            day(self._now, draft.date)  # none to come
        fits = all(p * self._days > 0 for p in self._item.points or (self._item.low,))
        if not draft.count and not draft.points and self._item.per == "day" and fits:
            draft = replace(draft, count=str(abs(self._days)))
        if not draft.date and self._done:
            draft = replace(draft, date=self._done)
        return draft

    def must_be_unscored(self) -> None:
        """Raises `Refusal` where a live score has taken this milestone up."""
        now = self._now
        _states, batches = states_of(now, [self._plan])
        scores = list(Index(batches).live(Score))
        standing = score_of(now.definitions, scores, self._plan.cp, self.task, self.milestone)
        if standing:
            entry = short(standing[0])
            raise Refusal(
                _("{what} is scored already, by {entry}").format(what=self._title, entry=entry),
                _("correct that one: qibi fix {entry}, or void it first: qibi void {entry}").format(
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
            message = _("recorded as given; by the plan it is {gained} so far")
            done = _("recorded as given; by the plan it is {gained}")
            text = done if self._done else message
            self._now.console.say(text.format(gained=gained(self._days)), "yellow")


def _example(plan: Plan) -> str:
    return next((f"{t.id}/{m.id}" for t in plan.tasks for m in t.milestones), "TASK/MILESTONE")


# What is named on the command line of `qibi task`: a plan, a task, a milestone, a percent, a day.


def plan_of(session: Session, text: str) -> Plan:
    """The plan of the CP meant; raises `Refusal`."""
    try:
        key = lookup.subject(session.definitions, text, ("cp",), week=weeks.week_of(session.today))
    except lookup.NotFound as error:
        raise Refusal(str(error), code=1) from None
    for found in session.definitions.plans:
        if found.cp == key:
            return found
    raise Refusal(
        _("{name} has no plan").format(name=session.definitions.title(key)),
        _("write plans/{cp}.yaml: tasks with milestones and their due days").format(cp=key),
        1,
    )


def named_task(plan: Plan, text: str) -> PlanTask:
    """The task of a plan meant; raises `Refusal`."""
    key = _named([Choice(t.id, t.name) for t in plan.tasks], text, _("task"))
    return next(t for t in plan.tasks if t.id == key)


def named_milestone(task: PlanTask, text: str) -> Milestone:
    """The milestone of a task meant; raises `Refusal`."""
    key = _named([Choice(m.id, m.name) for m in task.milestones], text, _("milestone"))
    return next(m for m in task.milestones if m.id == key)


def _named(choices: Sequence[Choice], text: str, what: str) -> str:
    """The id meant by an id, a name or a part of one name only; raises `Refusal`."""
    try:
        return lookup.choice(choices, narrowed(text), what)
    except lookup.NotFound as error:
        part = folded(text)
        found = [
            c.id for c in choices if part and any(part in folded(n) for n in (c.name.zh, c.name.en))
        ]
        if len(found) == 1:
            return found[0]
        known = listing([c.id if c.id == str(c.name) else f"{c.id} {c.name}" for c in choices])
        advice = _("the plan has: {names}").format(names=known) if known else ""
        raise Refusal(str(error), advice, 1) from None


def percent(text: str) -> int:
    """A whole number from 0 to 100; raises `Refusal`."""
    plain = narrowed(text).removesuffix("%").strip()
    if plain.isascii() and plain.isdigit() and int(plain[:9]) <= 100:
        return int(plain[:9])
    raise Refusal(
        _("'{text}' is not a progress from 0 to 100").format(text=text),
        _("write a whole number of percent: 60"),
        1,
    )


def day(session: Session, text: str | None) -> date:
    """The day meant, today where none is named; raises `Refusal` for one to come."""
    if text is None:
        return session.today
    found = parse_day(text)
    if found is None:
        raise Refusal(_("'{text}' is not a date; write it as 2026-11-18").format(text=text), code=1)
    if found > session.today:
        raise Refusal(
            _("{day} is in the future; today is {today}").format(
                day=found.isoformat(), today=session.today.isoformat()
            ),
            _("record it once it has begun"),
            1,
        )
    return found
