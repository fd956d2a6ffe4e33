"""qibi close: seal a week, or correct a sealed one, and commit it."""

from collections import Counter
from dataclasses import replace
from typing import Annotated

import typer

from qibi.base import points
from qibi.base.findings import Faults, Refusal
from qibi.base.language import _, colon, listing, many, mark
from qibi.book.definitions import Definitions
from qibi.book.words import LISTS, list_name
from qibi.checks.registry import Result, run
from qibi.cli import completion, options, phrases
from qibi.cli.output import Line, View
from qibi.cli.session import Session
from qibi.commands import milestones
from qibi.commands.commit import (
    Committed,
    approver,
    begin_link,
    commit_book,
    committing,
    is_merging,
    refuse_in_between,
    refuse_names,
)
from qibi.commands.status import show_pending, show_waiting
from qibi.ledger.store import is_unreported, keep, locked, write_seal
from qibi.proof.closing import CloseRequest, Closing, prepare, standing
from qibi.proof.results import Row

PANEL = "prove", 2
SUMMARY = mark("Seal a week: from then on only open corrections change it.")
DETAILS = mark(
    "The seal fixes what the week held: its batches, definitions, rules, standings and lists, and "
    "the seal before it. What is recorded for the week afterwards is pending until it is closed "
    "again: that writes a correction with what changed and who approved it. On a terminal it shows what "
    "the seal would hold and asks first, unless --yes says so."
)
EXAMPLES = mark("""
qibi close W46
qibi close W46 --without outer-3 --note "work was stopped"
qibi close W41 --approved-by o1-004 --note "the supervisor's notice came late"
""")
_SHOWN = 12  # subjects of a correction


def close(
    week: Annotated[
        str,
        typer.Argument(
            metavar="WEEK", help=_("2026-W41, W41, 41, last"), autocompletion=completion.weeks
        ),
    ],
    without: Annotated[
        list[str] | None,
        typer.Option(
            "--without",
            metavar="BRANCH",
            help=_("close without this branch; may be repeated, needs --note"),
            autocompletion=completion.branches,
        ),
    ] = None,
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help=_("why"))] = "",
    approved_by: Annotated[
        str | None,
        typer.Option(
            "--approved-by",
            metavar="WHO",
            help=_("who approved a correction; not who recorded it"),
            autocompletion=completion.members,
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help=_("seal without asking"))] = False,
    recorded_as: options.As = None,
    dry_run: options.DryRun = False,
) -> None:
    """Run the command; `DETAILS` is its help."""
    session, who = begin_link(recorded_as, dry_run)
    refuse_names(session, note)
    asked = session.week(week)
    sign = session.signer(who, "close")
    draft = CloseRequest(
        closed_by=who,
        closed_at=session.recorded_at(),
        without={session.find_branch(text): note for text in without or ()},
        approved_by=approver(session, approved_by, asked) if approved_by else "",
        note=note,
    )
    agreed = None
    if session.around.on_terminal and not (yes or dry_run):
        agreed = _proposed(session, asked, draft)
        if agreed and not _is_agreed(session, agreed):
            session.console.say(_("nothing was closed"))
            return
        draft = replace(draft, closed_at=session.recorded_at())
    with locked(session.root):
        closing = _left_unreported(session, asked, draft)
        if closing is None:
            closing = _prepared(session, asked, draft, dry_run)
            if agreed and _lasting(agreed) != _lasting(closing):
                raise Refusal(
                    _("the book changed while the question stood"),
                    _(
                        "nothing was closed; run the same command again, which shows it as it is now"
                    ),
                    1,
                )
            if not (agreed or closing.correction):  # else the question was asked with it in view
                _say_unscored(session, asked)
            if not dry_run:
                if wrong := session.held().refuses(closing.path, closing.raw):
                    raise Faults(wrong)
                write_seal(session.root, closing.path, closing.raw, sign, unreported=True)
                session.wrote = True
        elif not dry_run:
            keep(
                [session.root / closing.path]
            )  # whoever wrote it may have been killed before the sync
        if not dry_run:
            session.unreported.append(session.root / closing.path)
    committed = None if dry_run else _commit(session, closing)
    _say(session, closing, dry_run, brief=agreed is not None)
    if committed:
        committed.say(session.console)
    if closing.later:
        view = View()
        show_pending(view, session, list(closing.later))
        session.console.show(view)


def _prepared(session: Session, week: str, draft: CloseRequest, dry_run: bool) -> Closing:
    """The seal to be written, once the checks have passed; raises `Faults` and `Refusal`."""
    warnings = _checked(session).warnings
    if not dry_run:
        refuse_in_between(session)
    definitions, today = session.definitions, session.today
    committed_at = _committed_at(session)
    return prepare(session.root, definitions, week, draft, today, warnings, committed_at)


def _proposed(session: Session, week: str, draft: CloseRequest) -> Closing | None:
    """What is to be agreed to; None where an interrupted command wrote the seal already.

    The lock is free while the question stands: others may record meanwhile.
    """
    with locked(session.root):
        if _left(session, week, draft):
            return None
        return _prepared(session, week, draft, dry_run=False)


def _lasting(closing: Closing) -> Row:
    """What a seal says, but for the moment, which is that of the answer."""
    return {key: value for key, value in closing.seal.items() if key != "closed_at"}


def _is_agreed(session: Session, closing: Closing) -> bool:
    """Show what would be sealed, and ask."""
    definitions, week = session.definitions, closing.week
    _say_title(session, closing, dry_run=True)
    _say_result(session, closing)
    view = View()
    branches = sum(definitions.has_subjects(b.id, week) for b in definitions.branches)
    text = _("branches: {done} of {expected} in")
    view.line(text.format(done=branches - len(closing.seal["without"]), expected=branches))
    for kind in ("member", "cp"):
        ranked = len(closing.seal["standings"].get(kind, ()))
        reasons = Counter(row["reason"] for row in closing.seal["unranked"].get(kind, ()))
        parts = [_("{count} ranked").format(count=ranked)]
        parts += [
            _("{count} {reason}").format(count=count, reason=phrases.reason(reason))
            for reason, count in sorted(reasons.items())
        ]
        if ranked or reasons:
            view.line(phrases.kind(definitions, kind) + colon() + listing(parts))
    if accepted := len(closing.seal["warnings"]):
        text = many(
            "{count} warning, which the seal accepts: qibi check",
            "{count} warnings, which the seal accepts: qibi check",
            accepted,
        )
        view.line(text.format(count=accepted), "yellow")
    show_waiting(view, milestones.waiting(session, week))
    for line in view.blocks:  # on standard error, where the question is
        if isinstance(line, Line):
            session.console.say(line.text, line.style)
    question = (
        _("seal this correction?")
        if closing.correction
        else _("seal it? Afterwards only open corrections change this week")
    )
    return session.console.confirm(
        question,
        default=False,
        explain=_("y writes the seal and commits it; n leaves all as it is"),
    )


def _commit(session: Session, closing: Closing) -> Committed | None:
    """Commit the seal; nothing is said of it before git holds it and all that it lists."""
    with committing(session, closing.path):
        return commit_book(session, _message(closing), push=False, quiet=True)


def _committed_at(session: Session) -> str:
    """When the present commit was made, by what it says; empty where there is none."""
    done = session.git.run("log", "-1", "--no-show-signature", "--format=%cI")
    return done.stdout.strip() if done.returncode == 0 else ""


def _left_unreported(session: Session, week: str, draft: CloseRequest) -> Closing | None:
    """The week's latest seal where whoever wrote it was interrupted, which is said."""
    left = _left(session, week, draft)
    if left is None:
        return None
    found, text = left
    session.console.say(text.format(path=found.path), "yellow")
    return found


def _left(session: Session, week: str, draft: CloseRequest) -> tuple[Closing, str] | None:
    """The same, with what to say of it.

    So it is where no commit has it, or where this very command has not reported it. A merge that is not
    committed yet is another matter: its seals may be the other side's.
    """
    found = standing(session.root, week)
    if found is None or session.git.repository() is None or is_merging(session):
        return None
    if any(status in ("??", "A ", "AM") for status, _path in session.git.changed([found.path])):
        text = _("{path}: the command that wrote this was interrupted; no commit held it yet")
    elif is_unreported(session.root, session.root / found.path) and _says(found, draft):
        text = _("{path}: the command that wrote this was interrupted; the seal is valid")
    else:
        return None
    return found, text


def _says(closing: Closing, draft: CloseRequest) -> bool:
    """Whether a seal says what somebody wants a week closed with; not where that may be a correction of it."""
    changes = closing.seal.get("changes")
    approved = (changes["approved_by"], changes["note"]) if changes else ("", draft.note)
    return closing.seal["closed_by"] == draft.closed_by and (
        not closing.later or approved == (draft.approved_by, draft.note)
    )


def _checked(session: Session) -> Result:
    """What the checks found; raises `Faults` where the book has errors."""
    found = run(session.root, session.definitions, session.git, session.around.now())
    if found.errors:
        raise Faults(found.errors)
    return found


def _say_unscored(session: Session, week: str) -> None:
    """Name what a scorer could still have recorded in the week: once it is closed it needs a correction."""
    left = milestones.waiting(session, week, overdue=False)
    for _branch, text, _command in left[:_SHOWN]:
        session.console.say(_("not scored: {what}").format(what=text), "yellow")
    if len(left) > _SHOWN:
        more = _("and {count} more").format(count=len(left) - _SHOWN)
        session.console.say(f"{more}{colon()}qibi status --week {week}", "yellow")


def _message(closing: Closing) -> str:
    if not closing.correction:
        title = _("{week} closed").format(week=closing.week)
    else:
        title = _("{week} closed again: correction {number}").format(
            week=closing.week, number=closing.correction
        )
    return f"{title}\n\n{closing.path} {closing.digest}"


def _say(session: Session, closing: Closing, dry_run: bool, brief: bool) -> None:
    """The result; `brief` where what is sealed was shown before the question."""
    _say_title(session, closing, dry_run)
    if not brief:
        _say_result(session, closing)
    session.console.say(_("seal  {path}").format(path=closing.path))
    session.console.say(f"      {closing.digest}")
    if not dry_run:
        session.console.say(
            _("read the first digits out: with them anyone can prove this week later (qibi audit)"),
            "dim",
        )


def _say_title(session: Session, closing: Closing, dry_run: bool) -> None:
    said = _("{week} would be closed") if dry_run else _("{week} is closed")
    if closing.correction:
        said = (
            _("{week} would be closed again: correction {number}")
            if dry_run
            else _("{week} is closed again: correction {number}")
        )
    session.console.say(
        said.format(week=phrases.week(closing.week), number=closing.correction), "bold"
    )


def _say_result(session: Session, closing: Closing) -> None:
    """What is sealed, but for the seal itself, which has the moment in it."""
    entries = sum(len(b.entries) for b in closing.batches)
    session.console.say(
        many("{count} batch, {entries}", "{count} batches, {entries}", len(closing.batches)).format(
            count=len(closing.batches),
            entries=many("{count} entry", "{count} entries", entries).format(count=entries),
        )
    )
    for left_out in closing.seal.get("without", ()):
        branch = session.definitions.title(left_out["branch"])
        session.console.say(
            _("without {branch}: {why}").format(branch=branch, why=left_out["note"])
        )
    _say_lists(session, closing)
    if changes := closing.seal.get("changes"):
        _say_changes(session, changes)


def _say_lists(session: Session, closing: Closing) -> None:
    for found in closing.seal["lists"].values():
        for key in LISTS:
            names = [session.definitions.title(row["subject"]) for row in found[key]]
            word = list_name(session.definitions, key, within=True)
            session.console.say(f"{word}  {listing(names) if names else _('nobody')}")


def _say_changes(session: Session, changes: Row) -> None:
    rows = sorted(changes["subjects"], key=_moves_only)  # whose points changed come first
    for row in rows[:_SHOWN]:
        session.console.say(f"  {_change(session.definitions, row)}")
    if len(rows) > _SHOWN:
        left = len(rows) - _SHOWN
        session.console.say(
            many("  and {count} more", "  and {count} more", left).format(count=left), "dim"
        )
    if not rows:
        session.console.say(_("  no place and no total changes"))
    who = session.definitions.title(changes["approved_by"])
    session.console.say(_("approved by {name}").format(name=who))


def _moves_only(row: Row) -> bool:
    """Whether a correction changed only the place of a subject, not its total."""
    before, after = row["before"], row["after"]
    return bool(before and after and before["total"] == after["total"])


def _change(definitions: Definitions, row: Row) -> str:
    """One subject of a correction: both results."""

    def place(found: Row | None) -> str:
        if found is None:
            return _("no place")
        total = points.from_number(found["total"]) or 0
        return _("{points}, place {rank}").format(points=points.show(total), rank=found["rank"])

    name = definitions.title_of(row["by"], row["subject"])
    return f"{name}  {place(row['before'])} -> {place(row['after'])}"
