"""Milestones at scoring time: what the plans propose, confirmed by the scorer, once each.

Asked on a terminal; without one, or with a no, nothing is recorded and the command to do so is said.
"""

from collections.abc import Sequence
from dataclasses import replace

from msgspec import structs

from qibi.base import points as pts
from qibi.base.findings import Faults, Finding
from qibi.base.language import _
from qibi.cli import phrases, recording, task_proposals
from qibi.cli.entries import say_few
from qibi.cli.session import Session
from qibi.cli.task_proposals import Proposal, doubles, outstanding_for, sentence, short
from qibi.ledger.admission import admit
from qibi.ledger.batches import Batch
from qibi.ledger.entries import Entry, Score
from qibi.ledger.pricing import price_text
from qibi.ledger.wish import Wish

_NO_MORE = ("", "q", "完")


def propose(
    now: Session,
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
        asks = accept or (now.around.on_terminal and not dry_run)
        left = recording.interrupted(now, week) if asks else []
        try:
            with now.without(left):  # what an interrupted command scored is proposed as it was then
                found = outstanding_for(now, week, branch)
        except Faults:
            if accept:
                raise
            now.console.say(
                _("the plans were not looked at, for part of the ledger is damaged: qibi check"),
                "yellow",
            )
            continue
        if found:
            wrote |= _propose(now, who, branch, found, accept, approved_by, dry_run)
        elif accept:
            now.console.say(
                _("{branch}: no milestone waits to be scored in {week}").format(
                    branch=phrases.branch(now.definitions, branch), week=week
                )
            )
    return wrote


def _propose(
    now: Session,
    who: str,
    branch: str,
    found: list[Proposal],
    accept: bool,
    approved_by: str,
    dry_run: bool,
) -> bool:
    name = phrases.branch(now.definitions, branch)
    week = found[0].week
    now.console.say(
        _("{branch}, by the plans, to be scored in {week}:").format(branch=name, week=week)
    )
    doubtful = []
    for proposal in found:
        for line in sentence(now.definitions, proposal):
            now.console.say(line)
        if standing := doubles(now, proposal):
            doubtful.append(proposal)
            now.console.say("    " + _doubt(*standing), "yellow")
    asks = now.around.on_terminal and not dry_run
    chosen: list[tuple[Proposal, Wish]] = []
    if accept:
        chosen = [(p, p.wish(approved_by)) for p in found if p not in doubtful]
    elif asks:
        chosen = _confirmed(now, who, branch, found, doubtful, approved_by)
    left = [p for p in found if p not in [c[0] for c in chosen]]
    wrote = bool(chosen) and _record(now, who, branch, week, chosen, dry_run)
    _say_left(now, branch, left, doubtful)
    return wrote


def _say_left(
    now: Session, branch: str, left: list[Proposal], doubtful: Sequence[Proposal]
) -> None:
    """The commands that record what was not: the doubtful ones each by its own."""
    sure = [p for p in left if p not in doubtful]
    if sure:
        now.console.say(_("to record them:") if len(sure) > 1 else _("to record it:"))
        now.console.say("  " + task_proposals.accepting(sure, branch))
    for proposal in (p for p in left if p in doubtful):
        now.console.say(_("where it is not the same, to record it:"))
        for line in proposal.lines:
            now.console.say(line)
    if any(p.needs_second for p in left):
        now.console.say("  " + task_proposals.approver(), "dim")


def _doubt(key: str, score: Score) -> str:
    return _(
        "scored already? {entry} has {points} on that item for no milestone; if it is the same, void it first"
    ).format(entry=short(key), points=pts.signed(score.hundredths))


def _confirmed(
    now: Session,
    who: str,
    branch: str,
    found: list[Proposal],
    doubtful: list[Proposal],
    approved_by: str,
) -> list[tuple[Proposal, Wish]]:
    """What the scorer says yes to, with who approved it where the scheme wants someone."""
    chosen = []
    for proposal in found:
        title = task_proposals.title(now.definitions, *proposal.key)
        if not now.console.confirm(
            _("record {what}?").format(what=title), proposal not in doubtful
        ):
            continue
        points = ""
        if proposal.points is None:
            points = now.console.ask(_("points ({worth})?").format(worth=price_text(proposal.item)))
        wish = proposal.wish(approved_by, points)
        stamp = now.stamp(proposal.week, branch, who)
        while problems := admit(now.definitions, stamp, wish)[1]:
            for _field, message in problems:
                now.console.problem(message)
            if any(field != "approved_by" for field, _message in problems):
                break
            approved_by = now.console.ask(_("approved by whom? (a bare return leaves it)"))
            if approved_by in _NO_MORE:
                approved_by = ""
                break
            wish = replace(wish, approved_by=approved_by)
        else:
            chosen.append((proposal, wish))
    return chosen


def _record(
    now: Session,
    who: str,
    branch: str,
    week: str,
    chosen: list[tuple[Proposal, Wish]],
    dry_run: bool,
) -> bool:
    """Record what is still outstanding; all of it or, raising `Faults`, nothing."""
    stamp = now.stamp(week, branch, who)

    def plan(_batches: list[Batch]) -> list[Entry]:
        still = {p.key for p in outstanding_for(now, week, branch)}
        entries: list[Entry] = []
        findings: list[Finding] = []
        for proposal, wish in (c for c in chosen if c[0].key in still):
            admitted, problems = admit(now.definitions, stamp, wish)
            place = f"{proposal.task}/{proposal.milestone}"
            findings += [Finding(place, message=message) for _field, message in problems]
            entries += [
                structs.replace(e, task=proposal.task, milestone=proposal.milestone)
                for e in admitted
                if isinstance(e, Score)
            ]
        if findings:
            raise Faults(findings)
        return entries

    done = recording.record(now, week, branch, plan, dry_run)
    if done is None:
        now.console.say(_("someone else recorded them meanwhile; nothing was recorded"))
        return False
    say_few(now, week, branch, done, dry_run)
    return not dry_run
