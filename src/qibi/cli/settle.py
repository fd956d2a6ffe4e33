"""Which branch and which week: from the options, else asked for, else refused."""

from qibi.base import weeks
from qibi.base.findings import Refusal
from qibi.base.language import _
from qibi.cli import phrases
from qibi.cli.session import Session
from qibi.ledger.batches import read_weeks, weeks_with_batches
from qibi.ledger.interrupted import marked
from qibi.scoring.assessed import assessed_branches


def must_live(now: Session, branch: str, week: str) -> None:
    """Raises `Refusal` where the branch does not exist in a week, or no scheme is in force."""
    found = now.definitions.branch(branch)
    if found and not found.alive(week):
        raise Refusal(
            _("{branch} does not exist in {week}").format(branch=found.name, week=week),
            _("look at since and until in branches/{id}.yaml").format(id=branch),
            1,
        )
    if now.definitions.scheme(week) is None:
        raise Refusal(
            _("no scheme is in force in {week}").format(week=week),
            _("the first begins in {week}").format(week=now.definitions.schemes[0].week),
            1,
        )


def oldest_open_week(now: Session, branch: str | None) -> str:
    """The branch's oldest week not yet assessed, after the first week of the ledger.

    One that an interrupted command assessed is offered again: it has reported nothing.
    """

    current = weeks.week_of(now.today)
    known = [w for w in weeks_with_batches(now.root) if w <= current]
    if not known:
        return current
    for week in weeks.span(known[0], current):
        left = set(marked(now.root, week)) - set(now.unsaid)
        batches = [b for b in read_weeks(now.root, [week]) if now.root / b.path not in left]
        done = assessed_branches(batches)
        wanted = [branch] if branch else [b.id for b in now.definitions.branches]
        if any(now.definitions.has_subjects(b, week) and (week, b) not in done for b in wanted):
            return week
    return current


def ask_week(now: Session, offered: str) -> str:
    """Ask for the week, offering one."""
    while True:
        text = now.console.ask(_("which week? [{offered}]").format(offered=phrases.week(offered)))
        try:
            return now.past_week(text or offered)
        except Refusal as refusal:
            now.console.problem(refusal.message, refusal.advice)


def ask_branch(now: Session) -> str:
    """Ask for the branch."""
    while True:
        text = now.console.ask(_("which branch? (id, name or section)"))
        try:
            return now.find_branch(text)
        except Refusal as refusal:
            now.console.problem(refusal.message, refusal.advice)


def settled_branch(now: Session, text: str | None, who: str, week: str | None = None) -> str:
    """`--branch`, else asked for on a terminal, else the recorder's own."""
    if text:
        return now.find_branch(text)

    at = now.week(week) if week else weeks.week_of(now.today)
    own = now.definitions.branch_of(who, at)
    if own:
        return own
    if now.around.on_terminal:
        return ask_branch(now)
    raise Refusal(_("which branch?"), _("name it: --branch BRANCH"), 1)


def settled_week(now: Session, text: str | None, branch: str) -> str:
    """`--week`, else asked for on a terminal, else refused."""
    if text:
        return now.past_week(text)
    if now.around.on_terminal:
        return ask_week(now, oldest_open_week(now, branch))
    raise Refusal(_("which week?"), _("name it: --week 2026-W41"), 1)
