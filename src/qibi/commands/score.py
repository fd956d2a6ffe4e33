"""qibi score: record a branch's week, from sheets, single entries, or questions."""

import re
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qibi.base.findings import Faults, Finding, Refusal
from qibi.base.language import _, mark
from qibi.base.text import is_numeric
from qibi.book import lookup
from qibi.book.definitions import Definitions
from qibi.cli import completion, options, recording
from qibi.cli.options import Hidden
from qibi.cli.recording import (
    must_be_live,
    must_live,
    resolve_branch,
    resolve_week,
    say_late,
    write_few,
)
from qibi.cli.session import Session, current_session
from qibi.cli.surroundings import LATEST
from qibi.ledger import pricing
from qibi.ledger.admission import DraftEntry, admit, draft_entry, in_words
from qibi.ledger.batches import Batch
from qibi.ledger.entries import Entry

if TYPE_CHECKING:
    from qibi.cli.recording import Outcome

PANEL = "week", 1
SUMMARY = mark("Record a branch's week, from sheets, single entries or questions.")
DETAILS = mark(
    "A branch's sheet is recorded in full or not at all; one sheet may hold several branches. "
    "Submitted again, it adds only what differs. The week is the sheet's, with which --week must "
    "agree; the branch is --branch, else the sheet's, else its people's. Then qibi proposes the milestones that the branch's CPs reached early or late by "
    "the end of that week and that are not scored yet. They are recorded in that week, once each, "
    "if the scorer agrees: on a terminal when asked, elsewhere with --milestones, which also "
    "works alone. What is not done yet is not proposed, because its days still grow; -e with "
    "--milestone scores it once it is overdue."
)
EXAMPLES = mark("""
qibi score week47.xlsx
qibi score sheets/
qibi score -e "o1-008 not-cleaned" --evidence photo-1118-3 --week W47
qibi score --milestones --branch outer-1 --week W47 --approved-by o1-004
qibi score -e "o1-cp milestone-late x3" --milestone jack-pit/dig --week W47 --approved-by o1-004
""")


def score(
    sheets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SHEET]...",
            help=_(
                "xlsx, xlsm, xls, et, xlsb, ods or csv files, or folders of them; - reads standard input"
            ),
        ),
    ] = None,
    entry: Annotated[
        list[str] | None,
        typer.Option(
            "-e",
            "--entry",
            metavar="ENTRY",
            help=_('one entry: "SUBJECT ITEM [xN] [POINTS] [note]"; may be repeated'),
            autocompletion=completion.items,
        ),
    ] = None,
    week: options.Week = None,
    branch: options.Branch = None,
    no_events: Annotated[
        bool, typer.Option("--no-events", help=_("the branch is assessed, nothing to report"))
    ] = False,
    evidence: Annotated[
        str, typer.Option("--evidence", metavar="TEXT", help=_("with -e: the evidence"))
    ] = "",
    scored_by: Annotated[
        str, typer.Option("--scored-by", metavar="WHO", help=_("with -e: who judged"))
    ] = "",
    approved_by: Annotated[
        str,
        typer.Option(
            "--approved-by", metavar="WHO", help=_("who approved what needs it and names nobody")
        ),
    ] = "",
    date: Annotated[
        str, typer.Option("--date", metavar="DAY", help=_("with -e: the day of the event"))
    ] = "",
    milestone: Annotated[
        str,
        typer.Option(
            "--milestone",
            metavar="TASK/MILESTONE",
            help=_("with one -e: the milestone of the CP's plan that it is for"),
        ),
    ] = "",
    milestones: Annotated[
        bool,
        typer.Option("--milestones", help=_("record the milestones that the plans propose too")),
    ] = False,
    update: Annotated[
        bool,
        typer.Option("--update", help=_("resubmitted sheet: record the difference without asking")),
    ] = False,
    add: Annotated[
        bool,
        typer.Option("--add", help=_("resubmitted sheet: keep what is recorded, add all of it")),
    ] = False,
    hidden: Annotated[
        Hidden | None,
        typer.Option("--hidden", help=_("hidden rows, columns and pages of a sheet: read or skip")),
    ] = None,
    status: Annotated[
        Hidden | None,
        typer.Option(
            "--status",
            help=_("rows whose status is not approved (rejected, pending): read or skip"),
        ),
    ] = None,
    encoding: Annotated[
        str,
        typer.Option(
            "--encoding", metavar="NAME", help=_("the encoding of a csv: gb18030, cp1252")
        ),
    ] = "",
    yes: Annotated[
        bool,
        typer.Option("--yes", help=_("do not ask whether a sheet was read as it was meant")),
    ] = False,
    recorded_as: options.As = None,
    commit: Annotated[
        bool | None,
        typer.Option("--commit/--no-commit", help=_("commit afterwards; a terminal asks")),
    ] = None,
    dry_run: options.DryRun = False,
) -> None:
    """Run the command; `DETAILS` is its help."""
    session = current_session()
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
    if milestone and len(entry or ()) != 1:
        raise Refusal(
            _("--milestone goes with one -e"),
            _("write: qibi score -e ENTRY --milestone TASK/MILESTONE"),
        )
    session.definitions  # noqa: B018  (mistakes in the book come before anything else)
    who = session.who(recorded_as)
    if sheets:
        from qibi.commands.score_sheets import Sheets

        done = Sheets(
            session,
            who,
            week,
            branch,
            update,
            add,
            dry_run,
            hidden.value if hidden else "",
            status.value if status else "",
            encoding,
            approved_by,
            yes,
        ).record(sheets)
    elif entry:
        extra = {
            "evidence": evidence,
            "scored_by": scored_by,
            "approved_by": approved_by,
            "date": date,
        }
        done = record_entries(session, who, entry, week, branch, extra, dry_run, milestone)
    elif no_events:
        done = _no_events(session, who, week, branch, dry_run)
    elif milestones:
        done = _only_milestones(session, who, week, branch)
    else:
        from qibi.commands.guided import guided

        done = guided(session, who, week, branch, dry_run)
    wrote = done.wrote
    if done.places and session.definitions.plans:
        from qibi.commands.milestones import propose

        try:
            wrote |= propose(session, who, done.places, milestones, approved_by, dry_run)
        except (Refusal, Faults):
            if done.wrote:
                session.console.say(_("no milestone was recorded; the rest was, see above"))
            raise
    if wrote and not dry_run:
        offer_commit(session, commit)


def offer_commit(session: Session, wanted: bool | None) -> None:
    """Commit, or ask whether to, or say how."""
    from qibi.commands.commit import commit_book

    if wanted is None and session.around.on_terminal and _can_commit(session):
        wanted = session.console.confirm(_("commit it to the book's history?"))
    if wanted:
        commit_book(session, None, push=False)
    elif wanted is None:
        session.console.say(_("next: qibi commit"), "dim")


def _can_commit(session: Session) -> bool:
    from qibi.ledger.git import in_between

    try:
        return session.git.repository() is not None and in_between(session.git) is None
    except Refusal:
        return False


def _no_events(
    session: Session, who: str, week: str | None, branch: str | None, dry_run: bool
) -> "Outcome":
    """Record only that a branch is assessed."""
    from qibi.cli import phrases, recording

    asked_branch = resolve_branch(session, branch, who, week)
    asked_week = resolve_week(session, week, asked_branch)
    must_live(session, asked_branch, asked_week)
    name = phrases.branch(session.definitions, asked_branch)

    def plan(batches: "list[Batch]") -> "list[Entry]":
        if recording.is_assessed(batches, asked_week, asked_branch):
            return []
        return [recording.assessed_entry(session, asked_week, asked_branch, who)]

    done = recording.record(session, asked_week, asked_branch, plan, dry_run)
    if done is None:
        session.console.say(
            _("{branch} is assessed for {week} already, nothing was recorded").format(
                branch=name, week=asked_week
            )
        )
        return recording.Outcome(False, ((asked_week, asked_branch),))
    text = (
        _("would record: {branch} assessed for {week}, nothing to report")
        if dry_run
        else _("recorded: {branch} assessed for {week}, nothing to report")
    )
    session.console.say(text.format(branch=name, week=phrases.week(asked_week)))
    if not dry_run:
        recording.say_closed(session, done.batch)
        say_late(session, done.before, done.batch)
    return recording.Outcome(not dry_run, ((asked_week, asked_branch),))


def _only_milestones(session: Session, who: str, week: str | None, branch: str | None) -> "Outcome":
    """Nothing but what the plans propose, for one branch and week."""

    asked_branch = resolve_branch(session, branch, who, week)
    asked_week = resolve_week(session, week, asked_branch)
    must_live(session, asked_branch, asked_week)
    return recording.Outcome(False, ((asked_week, asked_branch),))


# Single entries: reading `-e`, finding an entry by its id, and recording a few at once.


_TIMES = ("x", "X", "×", "*", "ｘ", "＊")


def parse_draft(
    definitions: Definitions, week: str, text: str, extra: dict[str, str]
) -> DraftEntry:
    """What `SUBJECT ITEM [xN] [POINTS] [note]` asks for; raises `NotFound`, or ValueError for bad quotes.

    Subject and item are the longest runs of words that name one.
    """
    words = shlex.split(text)
    if len(words) < 2:
        raise lookup.NotFound(_('write it as "SUBJECT ITEM [xN] [POINTS] [note]"'))
    subject, words = _longest(words, lambda t: lookup.subject(definitions, t, week=week))
    scheme = definitions.scheme(week)
    if scheme is None:
        raise lookup.NotFound(_("no scheme is in force in {week}").format(week=week))
    if words and DraftEntry(subject, words[0]).exempts:
        return DraftEntry(subject, words[0], note=" ".join(words[1:]), partial=True)
    if not words:
        raise lookup.NotFound(_("no item is named; write what happened"))
    item, words = _longest(words, lambda t: lookup.item(scheme, t).id)
    count = points = ""
    while words:
        if words[0] in _TIMES and len(words) > 1:
            words = [words[0] + words[1], *words[2:]]
        text = words[0]
        try:
            given = pricing.parse(text)
        except pricing.NotAnAmount as error:
            if _meant_as_amount(text):
                raise lookup.NotFound(str(error)) from None
            break
        if given.unit == "count" and not count and not pricing.is_tick(text):
            count = text
        elif given.unit != "count" and not points:
            points = text
        else:
            break
        words = words[1:]
    said = {"subject": subject, "item": item, "points": points, "count": count}
    return draft_entry({**said, "note": " ".join(words), **extra})


def _meant_as_amount(text: str) -> bool:
    """Whether a word that is not an amount was meant as one: `x1.5`, `x-2`, `x½`; a note begins otherwise."""
    rest = pricing.plain(text[1:])
    if text[0] in _TIMES:
        return is_numeric(rest) or rest[:1] in tuple("0123456789+-.−")
    return is_numeric(text) or re.fullmatch(r"[+-]?[0-9]+([.,][0-9]+)?%?", text) is not None


def _longest(words: list[str], find: Any) -> tuple[str, list[str]]:
    """The id that the longest leading run of words names, and the words after it."""
    error: lookup.NotFound | None = None
    for end in range(min(len(words), 6), 0, -1):
        try:
            return find(" ".join(words[:end])), words[end:]
        except lookup.Ambiguous:
            raise
        except lookup.NotFound as problem:
            error = problem
    assert error is not None
    raise error


def record_entries(
    session: Session,
    who: str,
    texts: Sequence[str],
    week: str | None,
    branch: str | None,
    extra: dict[str, str],
    dry_run: bool,
    milestone: str = "",
) -> recording.Outcome:
    """Record single entries, one batch a branch; all of them or none.

    With a `milestone` (TASK/MILESTONE) it is one entry, and the points are that milestone's.
    """
    from qibi.commands.milestones import Target

    if week is None and not session.around.on_terminal:
        raise Refusal(_("which week?"), _("name it: --week 2026-W41"), 1)
    asked_branch = session.find_branch(branch) if branch else None
    if week is None:
        from qibi.cli.recording import ask_week, oldest_open_week

        asked = ask_week(session, oldest_open_week(session, asked_branch))
    else:
        asked = session.past_week(week)
    findings: list[Finding] = []
    by_branch: dict[str, list[Entry]] = {}
    target: Target | None = None
    for number, text in enumerate(texts, 1):
        line = number if len(texts) > 1 else 0
        try:
            draft = parse_draft(session.definitions, asked, text, extra)
        except (lookup.NotFound, ValueError) as error:
            findings.append(Finding("-e", line, message=str(error), shown=text))
            continue
        if milestone:
            target = Target(session, asked, draft, milestone)
            draft = target.draft
        place = asked_branch or session.definitions.branch_of(draft.subject, asked)
        if place is None:
            name = session.definitions.title(draft.subject)
            message = _("{name} is in no branch in {week}").format(name=name, week=asked)
            findings.append(Finding("-e", line, message=message, shown=text))
            continue
        entries, problems = admit(session.definitions, session.stamp(asked, place, who), draft)
        findings += [
            Finding("-e", line, message=in_words(problem), shown=text) for problem in problems
        ]
        by_branch.setdefault(place, []).extend(target.bound(entries) if target else entries)
    if findings:
        raise Faults(findings)
    for place, entries_there in by_branch.items():
        must = target.must_be_unscored if target else None
        write_few(session, asked, place, entries_there, dry_run, must)
    if target:
        target.say_difference()
    if target and dry_run:  # the plan would propose the same
        return recording.Outcome(False)
    return recording.Outcome(not dry_run, tuple((asked, place) for place in by_branch))


def may_be_live(session: Session, batch: Batch, number: int) -> None:
    """As `must_be_live`, but for what interrupted commands left: this may be one of them again."""
    with session.without(recording.interrupted(session, batch.week)):
        must_be_live(session, batch, number)
