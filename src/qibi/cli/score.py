"""qibi score: record a branch's week, from sheets, single entries, or questions."""

from typing import Annotated

import typer

from qibi.base.findings import Refusal
from qibi.base.language import _, mark
from qibi.cli import complete, options
from qibi.cli.argv import LATEST
from qibi.cli.session import Session, session

DETAILS = mark(
    "A sheet is taken whole or not at all. Handed in again, only its difference is recorded. "
    "The week is --week, else the sheet's own; the branch --branch, else the sheet's, else "
    "its people's."
)
EXAMPLES = """
qibi score 第47周.xlsx
qibi score -e "党员八 工完场未清" --evidence 照片1118-3 --week W47
"""


def score(
    sheets: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SHEET]...", help=_("csv or xlsx files; - reads standard input")),
    ] = None,
    entry: Annotated[
        list[str] | None,
        typer.Option(
            "-e",
            "--entry",
            metavar="ENTRY",
            help=_('one entry: "SUBJECT ITEM [xN] [POINTS] [note]"; may be repeated'),
            autocompletion=complete.items,
        ),
    ] = None,
    week: options.Week = None,
    branch: options.Branch = None,
    no_events: Annotated[
        bool, typer.Option("--no-events", help=_("the branch is assessed, nothing to report"))
    ] = False,
    evidence: Annotated[
        str, typer.Option("--evidence", metavar="TEXT", help=_("with -e: what shows it"))
    ] = "",
    scored_by: Annotated[
        str, typer.Option("--scored-by", metavar="WHO", help=_("with -e: who judged"))
    ] = "",
    approved_by: Annotated[
        str, typer.Option("--approved-by", metavar="WHO", help=_("with -e: who approved"))
    ] = "",
    date: Annotated[
        str, typer.Option("--date", metavar="DAY", help=_("with -e: the day of the event"))
    ] = "",
    update: Annotated[
        bool,
        typer.Option("--update", help=_("a sheet again: record the difference without asking")),
    ] = False,
    add: Annotated[
        bool, typer.Option("--add", help=_("a sheet again: keep what stands, record all of it too"))
    ] = False,
    recorded_as: options.As = None,
    commit: Annotated[
        bool | None,
        typer.Option("--commit/--no-commit", help=_("commit afterwards; asked on a terminal")),
    ] = None,
    dry_run: options.DryRun = False,
) -> None:
    """Run the command; `DETAILS` is its help."""
    now = session()
    given = [bool(sheets), bool(entry), no_events]
    if sheets and week == LATEST and sum(given) > 1:
        raise Refusal(
            _("'{text}' is not a week").format(text=sheets[0]),
            _("write 2026-W41, W41, 41, last or a date"),
        )
    if sum(given) > 1:
        raise Refusal(_("sheets, -e and --no-events can't go together"), _("do one at a time"))
    if update and add:
        raise Refusal(_("--update and --add can't go together"), _("choose one"))
    now.definitions  # noqa: B018  (mistakes in the book come before anything else)
    who = now.who(recorded_as)
    if sheets:
        from qibi.cli.score_sheets import Sheets

        wrote = Sheets(now, who, week, branch, update, add, dry_run).record(sheets)
    elif entry:
        from qibi.cli.entries import record_entries

        extra = {
            "evidence": evidence,
            "scored_by": scored_by,
            "approved_by": approved_by,
            "date": date,
        }
        wrote = record_entries(now, who, entry, week, branch, extra, dry_run)
    elif no_events:
        wrote = _no_events(now, who, week, branch, dry_run)
    else:
        from qibi.cli.guided import guided

        wrote = guided(now, who, week, branch, dry_run)
    if wrote and not dry_run:
        offer_commit(now, commit)


def offer_commit(now: Session, wanted: bool | None) -> None:
    """Commit, or ask whether to, or say how."""
    from qibi.cli.commit import commit_book

    if wanted is None and now.around.on_terminal and now.git.repository():
        wanted = now.console.confirm(_("commit it to the book's history?"))
    if wanted:
        commit_book(now, None, push=False)
    elif wanted is None:
        now.console.say(_("next: qibi commit"), "dim")


def _no_events(now: Session, who: str, week: str | None, branch: str | None, dry_run: bool) -> bool:
    """Record only that a branch is assessed."""
    from qibi.cli import phrases, recording
    from qibi.cli.settle import must_live, settled_branch, settled_week
    from qibi.ledger.store import locked

    asked_branch = settled_branch(now, branch, who, week)
    asked_week = settled_week(now, week, asked_branch)
    must_live(now, asked_branch, asked_week)
    with locked(now.root):
        batches = recording.standing_batches(now, asked_week)
        name = phrases.branch(now.definitions, asked_branch)
        if recording.is_assessed(batches, asked_week, asked_branch):
            now.console.say(
                _("{branch} is assessed for {week} already, nothing was recorded").format(
                    branch=name, week=asked_week
                )
            )
            return False
        entries = [recording.assessed_entry(now, asked_week, asked_branch, who)]
        recording.record(now, asked_week, asked_branch, entries, dry_run)
    text = (
        _("would record: {branch} assessed for {week}, nothing to report")
        if dry_run
        else _("recorded: {branch} assessed for {week}, nothing to report")
    )
    now.console.say(text.format(branch=name, week=phrases.week(asked_week)))
    return not dry_run
