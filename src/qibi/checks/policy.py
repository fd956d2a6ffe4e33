"""Warnings: what is already in the ledger and breaks a rule of the book.

Each check is a plain function of a `Survey` and yields findings; its docstring is its explanation.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from qibi.base import points, weeks
from qibi.base.findings import Finding
from qibi.base.language import _, listing
from qibi.base.text import closest
from qibi.book.definitions import Definitions, Item
from qibi.book.lookup import people
from qibi.ledger.admission import needs_approval
from qibi.ledger.batches import Batch, Index, Placed
from qibi.ledger.clock import day_of
from qibi.ledger.entries import Assessed, Exempt, Remedy, Score, Task, Void, free_text
from qibi.ledger.pricing import price_text
from qibi.ledger.remedies import lives, strays
from qibi.scoring.assessed import assessed_branches
from qibi.scoring.unusable import why_unusable

# What the checks of the ledger look at: a book's definitions with all its batches.


@dataclass(frozen=True)
class Survey:
    """A book's definitions and all its batches, with what several checks need."""

    definitions: Definitions
    batches: tuple[Batch, ...]

    @cached_property
    def index(self) -> Index:
        """Which of the entries are live."""
        return Index(self.batches)

    @cached_property
    def assessed(self) -> set[tuple[str, str]]:
        """(week, branch) with a live `assessed`."""
        return set(assessed_branches(list(self.batches)))

    @cached_property
    def exempt(self) -> set[tuple[str, str]]:
        """(week, subject) with a live `exempt`."""
        return {(e.week, e.subject) for _b, _n, _key, e in self.index.placed(Exempt)}

    @cached_property
    def scores(self) -> tuple[Placed[Score], ...]:
        """The live scores."""
        return tuple(self.index.placed(Score))

    @cached_property
    def places(self) -> dict[str, tuple[Batch, int]]:
        """Entry id: the batch and line where it is."""
        return {
            f"{batch.digest}.{number}": (batch, number)
            for batch in self.batches
            for number in range(1, len(batch.entries) + 1)
        }

    def stance(self, subject: str, week: str) -> "Stance":
        """The state of a subject in a week; one object a subject and week, for many lines ask."""
        found = self._stances.get((subject, week))
        if found is None:
            home = self.definitions.branch_of(subject, week)
            assessed = (week, home) in self.assessed and (week, subject) not in self.exempt
            found = Stance(self.definitions.kind(subject), home, assessed)
            self._stances[subject, week] = found
        return found

    @cached_property
    def _stances(self) -> "dict[tuple[str, str], Stance]":
        return {}


class Stance(NamedTuple):
    """A subject in a week: what it is, the branch that holds it, and whether it is assessed."""

    kind: str | None
    home: str | None
    assessed: bool


def finding(batch: Batch, number: int, message: str) -> Finding:
    """What is the matter with the entry in a line of a batch."""
    return Finding(batch.path, number, message=message)


def unusable(survey: Survey) -> Iterator[Finding]:
    """An entry counts for nothing: its subject or item is unknown, the item does not apply to the subject, the subject is not assessed, or the week has no scheme."""
    messages = {
        "unknown-subject": _(
            "unknown subject '{subject}'; it counts for nothing: add them to branches/, or void it"
        ),
        "unknown-item": _(
            "unknown item '{item}' in the scheme of {week}; it counts for nothing: void it, or correct the scheme"
        ),
        "no-scheme": _("no scheme is in force in {week}; it counts for nothing"),
        "not-assessed": _(
            "'{subject}' is not assessed in {week}, so this counts for nothing: their {branch} is not in yet, or they are exempt"
        ),
        "wrong-kind": _("'{item}' does not apply to '{subject}'; it counts for nothing: void it"),
    }
    known: dict[tuple[str, str, str | None, bool], str | None] = {}
    for batch, number, _key, e in survey.scores:
        kind, _home, assessed = survey.stance(e.subject, e.week)
        alike = (e.week, e.item, kind, assessed)
        if alike not in known:
            known[alike] = why_unusable(survey.definitions, e.week, e.subject, e.item, assessed)
        if why := known[alike]:
            yield finding(
                batch,
                number,
                messages[why].format(
                    subject=e.subject,
                    item=e.item,
                    week=e.week,
                    branch=survey.definitions.word("branch", _("branch")),
                ),
            )
    for batch, number, _key, entry in survey.index.placed(Exempt):
        if survey.definitions.kind(entry.subject) is None:
            yield finding(batch, number, messages["unknown-subject"].format(subject=entry.subject))


def unknown_branch(survey: Survey) -> Iterator[Finding]:
    """A batch is of a branch that the book does not know, or that does not exist in that week."""
    for batch in survey.batches:
        found = survey.definitions.branch(batch.branch)
        if found is None:
            message = _(
                "unknown branch '{branch}'; add branches/{branch}.yaml, or void the entries"
            )
            yield Finding(batch.path, 1, message=message.format(branch=batch.branch))
        elif not found.alive(batch.week):
            message = _(
                "{branch} does not exist in {week}; check since and until in branches/{id}.yaml"
            )
            yield Finding(
                batch.path,
                message=message.format(branch=found.name, week=batch.week, id=batch.branch),
            )


def foreign_branch(survey: Survey) -> Iterator[Finding]:
    """An entry is in a batch of another branch than its subject's; it counts anyway."""
    both: Iterable[Placed[Score | Exempt]] = (*survey.scores, *survey.index.placed(Exempt))
    for batch, number, _key, e in both:
        actual = survey.stance(e.subject, e.week).home
        if actual and actual != e.branch:
            message = _(
                "'{subject}' is in {actual} that week, the entry is of {branch}; it counts, but look at it"
            )
            yield finding(
                batch, number, message.format(subject=e.subject, actual=actual, branch=e.branch)
            )


def unknown_recorder(survey: Survey) -> Iterator[Finding]:
    """An entry was recorded by someone who is neither a member nor a scorer of this book."""
    roles = {s.id for scheme in survey.definitions.schemes for s in scheme.scorers}
    message = _("recorded by '{who}', who is not in this book; add them to branches/")
    for batch in survey.batches:
        recorders = [e.recorded_by for e in batch.entries]
        for who in dict.fromkeys(recorders):
            if who not in roles and who not in survey.definitions.spans:
                yield finding(batch, recorders.index(who) + 1, message.format(who=who))


def two_pairs_of_eyes(survey: Survey) -> Iterator[Finding]:
    """A score of oneself, or of many points, lacks the approval of someone else."""
    weeks = {batch.week for batch in survey.batches}
    schemes = {week: survey.definitions.scheme(week) for week in weeks}
    limits = [s.second_from for s in schemes.values() if s and s.second_from is not None]
    few = min(limits, default=100 * 10_000) / 100 - 0.01  # points that nobody has to approve
    for batch, number, _key, e in survey.scores:
        if (e.scored_by or e.recorded_by) != e.subject and -few < e.points < few:
            continue
        scheme = schemes[e.week]
        if scheme is None:
            continue
        missing = needs_approval(scheme, e, scheme.item(e.item) is not None)
        if missing:
            yield finding(batch, number, missing)


def misfit(survey: Survey) -> Iterator[Finding]:
    """An entry's points are not what the scheme allows for its item."""
    known: dict[tuple[str, str, int | float, int], Item | None] = {}
    for batch, number, _key, e in survey.scores:
        about = (e.week, e.item, e.points, e.count)
        if about not in known:
            known[about] = _unfit(survey, e)
        if item := known[about]:
            message = _(
                "{points} points (x{count}) do not match '{item}' ({worth}); they count as written"
            )
            yield finding(
                batch,
                number,
                message.format(
                    points=points.signed(e.hundredths),
                    count=e.count,
                    item=e.item,
                    worth=price_text(item),
                ),
            )


def _unfit(survey: Survey, e: Score) -> Item | None:
    """The item that a score's points do not fit; None where they fit, or the scheme has no such item."""
    scheme = survey.definitions.scheme(e.week)
    item = scheme.item(e.item) if scheme else None
    if item is None:
        return None
    fits = e.hundredths % e.count == 0 and item.takes(e.hundredths // e.count)
    return item if not fits or (e.count > 1 and not item.per) else None


def doubles(survey: Survey) -> Iterator[tuple[Placed[Score], Placed[Score]]]:
    """Pairs of live scores of two batches that say the same.

    Of two milestones each has its own points, and for each branch that is late there is one entry.
    """
    proposed = Counter((e.week, e.recorded_by) for _b, _n, _k, e in survey.index.placed(Assessed))
    seen: dict[tuple[object, ...], Placed[Score]] = {}
    for place in survey.scores:
        e = place[3]
        content = (
            *(e.week, e.subject, e.item, e.points, e.date, e.note, e.evidence),
            *(e.task, e.milestone),
        )
        other = seen.setdefault(content, place)
        if other[0] is place[0]:
            continue
        scheme = survey.definitions.scheme(e.week)
        item = scheme.item(e.item) if scheme else None
        if item and item.auto == "late-entry" and proposed[e.week, e.subject] > 1:
            proposed[e.week, e.subject] -= (
                1  # whoever recorded several branches was charged for each
            )
            continue
        yield other, place


def possible_double(survey: Survey) -> Iterator[Finding]:
    """Two batches hold entries that say the same: one event may have been recorded twice."""
    message = _(
        "says the same as {other} ({path}:{line}); if it is one event, void one: qibi void {key}"
    )
    for (there, line, other, _entry), (batch, number, key, _same) in doubles(survey):
        text = message.format(other=other, path=there.path, line=line, key=key)
        yield finding(batch, number, text)


def two_direct_scores(survey: Survey) -> Iterator[Finding]:
    """A directly scored criterion has two live scores for one week; the later counts."""
    seen: dict[tuple[str, str, str], str] = {}
    for batch, number, key, e in survey.scores:
        if "." in e.item:  # an item
            continue
        scheme = survey.definitions.scheme(e.week)
        criterion = scheme.criterion(e.item) if scheme else None
        if criterion is None or not criterion.direct:
            continue
        other = seen.setdefault((e.week, e.subject, e.item), key)
        if other != key:
            message = _(
                "a second score of '{subject}' on '{item}' next to {other}; the later counts, void the other"
            )
            yield finding(
                batch, number, message.format(subject=e.subject, item=e.item, other=other)
            )


def idle_void(survey: Survey) -> Iterator[Finding]:
    """A void has no effect: its target is not in this branch and week, is a void, or is void already."""
    seen: dict[str, str] = {}
    voids = {key: (batch, number, e) for batch, number, key, e in survey.index.placed(Void)}
    for key, (batch, number, e) in voids.items():
        there, _line = survey.places.get(e.entry, (None, 0))
        if e.entry in voids:
            message = _(
                "voids '{entry}', which is itself a void; it does nothing: record again what was cancelled"
            )
        elif there is None or (there.week, there.branch) != (e.week, e.branch):
            message = _(
                "voids '{entry}', which is not an entry of {branch} in {week}; it does nothing (is a batch missing?)"
            )
        elif e.entry in seen:
            message = _("voids '{entry}', which {other} voids too; one of the two does nothing")
        else:
            seen[e.entry] = key
            continue
        yield finding(
            batch,
            number,
            message.format(
                entry=e.entry, branch=e.branch, week=e.week, other=seen.get(e.entry, "")
            ),
        )


def assessed_twice(survey: Survey) -> Iterator[Finding]:
    """A branch has two live `assessed` for one week; harmless, but someone worked twice."""
    seen: dict[tuple[str, str], str] = {}
    for batch, number, key, e in survey.index.placed(Assessed):
        other = seen.setdefault((e.week, e.branch), key)
        if other != key:
            message = _(
                "{branch} is assessed for {week} twice, also by {other}; void one if two people did the week"
            )
            yield finding(batch, number, message.format(branch=e.branch, week=e.week, other=other))


# A warning of names in notes: the ledger, which never forgets, is to know people by id only.


def note_names(survey: Survey) -> Iterator[Finding]:
    """A note holds a member's name, which can never be removed from the ledger."""
    namer = people(survey.definitions)
    if not namer:
        return
    private = bool(survey.definitions.private_names)
    message = _("the note names {ids}; names can't be removed from the ledger: write ids in notes")
    if private:
        message = _("its text names {ids}; names can't be removed from the ledger: write ids")
    ids_named = lru_cache(None)(namer.ids_named)  # the same note is in many entries
    for batch in survey.batches:
        for number, entry in enumerate(batch.entries, 1):
            note, measure = getattr(entry, "note", ""), getattr(entry, "measure", "")
            text = free_text(entry) if private else f"{note}\n{measure}" if note or measure else ""
            if text and (ids := ids_named(text)):
                # ids only: what `check` prints may end in a log that everyone reads
                warning = message.format(ids=listing(list(ids)))
                yield Finding(batch.path, number, message=warning)


# Warnings on plans: milestones that are in none, done before their day, twice, or scored twice.


def unknown_milestone(survey: Survey) -> Iterator[Finding]:
    """An entry names a task or milestone that no plan has, or a CP without a plan."""
    both: Iterable[Placed[Task | Score]] = (*survey.index.placed(Task), *survey.scores)
    for batch, number, _key, e in both:
        if isinstance(e, Task) or e.task or e.milestone:
            fault = _unknown(survey.definitions, e)
            if fault:
                yield finding(batch, number, fault)


def _unknown(definitions: Definitions, entry: Task | Score) -> str | None:
    """What an entry names that its CP's plan does not have; None where the plan has all of it."""
    plan = next((p for p in definitions.plans if p.cp == entry.subject), None)
    if plan is None:
        message = (
            _("'{subject}' has no plan; write plans/{subject}.yaml, or void the entry")
            if definitions.kind(entry.subject) == "cp"
            else _("'{subject}' is not a CP of this book, and only a CP has a plan; void the entry")
        )
        return message.format(subject=entry.subject)
    if not entry.task:
        return _("names the milestone '{milestone}' but not its task; void the entry").format(
            milestone=entry.milestone
        )
    routes = {t.id: [m.id for m in t.milestones] for t in plan.tasks}
    if entry.task not in routes:
        message = _("unknown task '{task}' in plans/{cp}.yaml; correct the plan, or void the entry")
        near = closest(entry.task, routes)
    elif entry.milestone and entry.milestone not in routes[entry.task]:
        message = _(
            "unknown milestone '{milestone}' of {task} in plans/{cp}.yaml; correct the plan, or void the entry"
        )
        near = closest(entry.milestone, routes[entry.task])
    else:
        return None
    fault = message.format(cp=plan.cp, task=entry.task, milestone=entry.milestone)
    return fault + "; " + _("did you mean {near}?").format(near=near) if near else fault


def done_ahead(survey: Survey) -> Iterator[Finding]:
    """A task or milestone was recorded as done before the day it was done."""
    zone = ZoneInfo(survey.definitions.timezone)
    for batch, number, _key, e in _done(survey):
        day = day_of(e.recorded_at, zone)
        if day and e.done > day.isoformat():
            message = _("done on {day}, but recorded before that, at {moment}; void it")
            yield finding(batch, number, message.format(day=e.done, moment=e.recorded_at))


def milestone_twice(survey: Survey) -> Iterator[Finding]:
    """A milestone is done twice; the later entry counts."""
    seen: dict[tuple[str, str, str], str] = {}
    for batch, number, key, e in _done(survey):
        other = seen.setdefault((e.subject, e.task, e.milestone), key)
        if other != key and e.milestone:
            message = _(
                "{task}/{milestone} of '{subject}' is done twice, also by {other}; the later counts, void the other"
            )
            yield finding(
                batch,
                number,
                message.format(task=e.task, milestone=e.milestone, subject=e.subject, other=other),
            )


def milestone_scored_twice(survey: Survey) -> Iterator[Finding]:
    """Two live entries score the days of one milestone; both count."""
    seen: dict[tuple[str, str, str], str] = {}
    for batch, number, key, e in survey.scores:
        if not e.milestone:
            continue
        scheme = survey.definitions.scheme(e.week)
        item = scheme.item(e.item) if scheme else None
        if item is None or item.auto != "milestone":
            continue
        other = seen.setdefault((e.subject, e.task, e.milestone), key)
        if other != key:
            message = _(
                "{task}/{milestone} of '{subject}' is scored twice, also by {other}; both count, void one"
            )
            yield finding(
                batch,
                number,
                message.format(task=e.task, milestone=e.milestone, subject=e.subject, other=other),
            )


def _done(survey: Survey) -> Iterator[Placed[Task]]:
    """The live entries that say that something is done."""
    return (placed for placed in survey.index.placed(Task) if placed[3].done)


# Warnings on remedies: steps that changed nothing, and openings that name nobody.


def idle_step(survey: Survey) -> Iterator[Finding]:
    """A step of a remedy breaks the rules, as when its owner verifies it: it changes nothing."""
    for key, life in lives(survey.batches).items():
        for step in life.history:
            if step.breach:
                message = _("'{state}' of {id} changes nothing ({cause}); void it")
                yield finding(
                    *survey.places[step.key],
                    message.format(state=step.entry.state, id=key, cause=step.breach),
                )


def stray_step(survey: Survey) -> Iterator[Finding]:
    """A step is of a remedy that nobody has opened: it counts for nothing."""
    for step in strays(survey.batches):
        message = _(
            "nobody has opened the remedy '{id}'; '{state}' counts for nothing (is a batch missing?)"
        )
        yield finding(
            *survey.places[step.key],
            message.format(id=step.entry.remedy, state=step.entry.state),
        )


def bad_opening(survey: Survey) -> Iterator[Finding]:
    """A remedy has an unknown subject, no known owner, or no valid due day."""
    for key, life in lives(survey.batches).items():
        for step in life.history:
            if step.entry.state in ("open", "reopened") and not step.breach:
                for message in _faults(survey, step.entry):
                    yield finding(
                        *survey.places[step.key],
                        _("remedy {id}: {text}").format(id=key, text=message),
                    )


def _faults(survey: Survey, entry: Remedy) -> Iterator[str]:
    """What is the matter with an opening; a reopening keeps what it does not name."""
    kind, opens = survey.definitions.kind, entry.state == "open"
    if opens and kind(entry.subject) is None:
        yield _("unknown subject '{subject}'; add them to branches/, or void it").format(
            subject=entry.subject
        )
    if opens and not entry.owner:
        yield _("it has no owner; void it and open another")
    elif entry.owner and kind(entry.owner) != "member":
        yield _("unknown owner '{who}'; add them to branches/, or void it and open another").format(
            who=entry.owner
        )
    if opens and not entry.due:
        yield _("it has no due day, so it is never overdue; void it and open another")
    elif entry.due and entry.due < weeks.monday(entry.week).isoformat():
        yield _("it is due on {day}, before {week} began; void it and open another").format(
            day=entry.due, week=entry.week
        )
