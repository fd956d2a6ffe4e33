"""qibi close: seal a week, or correct a sealed one, and commit it."""

from typing import Annotated

import typer

from qibi.base import points
from qibi.base.findings import Faults
from qibi.base.language import _, listing, many, mark
from qibi.book.definitions import Definitions
from qibi.checks.registry import Result, run
from qibi.cli import completion, options, phrases
from qibi.cli.output import View
from qibi.cli.session import Session
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
from qibi.commands.status import show_pending
from qibi.ledger.entries import Score
from qibi.ledger.store import is_unreported, keep, locked, write_seal
from qibi.proof.closing import Closing, Row, Wish, prepare, standing

PANEL = "prove", 2
SUMMARY = mark("Seal a week: from then on it changes by open corrections only.")
DETAILS = mark(
    "The seal fixes what the week held: its batches, definitions, rules, standings and lists, and the "
    "seal before it. What is recorded for the week afterwards waits until it is closed again, which "
    "writes a correction that names what changed and who approved it."
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
            help=_("go ahead without this branch; may be repeated, needs --note"),
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
    recorded_as: options.As = None,
    dry_run: options.DryRun = False,
) -> None:
    """Run the command; `DETAILS` is its help."""
    now, who = begin_link(recorded_as, dry_run)
    refuse_names(now, note)
    asked = now.week(week)
    sign = now.signer(who, "close")
    wish = Wish(
        closed_by=who,
        closed_at=now.recorded_at(),
        without={now.find_branch(text): note for text in without or ()},
        approved_by=approver(now, approved_by, asked) if approved_by else "",
        note=note,
    )
    with locked(now.root):
        closing = _left_unreported(now, asked, wish)
        if closing is None:
            warnings = _checked(now).warnings
            if not dry_run:
                refuse_in_between(now)
            closing = prepare(
                now.root, now.definitions, asked, wish, now.today, warnings, _committed_at(now)
            )
            if not dry_run:
                if wrong := now.held().refuses(closing.path, closing.raw):
                    raise Faults(wrong)
                write_seal(now.root, closing.path, closing.raw, sign, unsaid=True)
                now.wrote = True
        elif not dry_run:
            keep([now.root / closing.path])  # whoever wrote it may have been killed before the sync
        if not dry_run:
            now.unsaid.append(now.root / closing.path)
    committed = None if dry_run else _commit(now, closing)
    _say(now, closing, dry_run)
    if committed:
        committed.say(now.console)
    if closing.later:
        view = View()
        show_pending(view, now, list(closing.later))
        now.console.show(view)


def _commit(now: Session, closing: Closing) -> Committed | None:
    """Commit the seal; nothing is said of it before git holds it and all that it lists."""
    with committing(now, closing.path):
        return commit_book(now, _message(closing), push=False, quiet=True)


def _committed_at(now: Session) -> str:
    """When the present commit was made, by what it says; empty where there is none."""
    done = now.git.run("log", "-1", "--no-show-signature", "--format=%cI")
    return done.stdout.strip() if done.returncode == 0 else ""


def _left_unreported(now: Session, week: str, wish: Wish) -> Closing | None:
    """The week's latest seal where whoever wrote it did not come to the end.

    So it is where no commit has it, or where this very command has not reported it. A merge that is not
    committed yet is another matter: its seals may be the other side's.
    """
    found = standing(now.root, week)
    if found is None or now.git.repository() is None or is_merging(now):
        return None
    if any(status in ("??", "A ", "AM") for status, _path in now.git.changed([found.path])):
        text = _(
            "{path}: the command that wrote this did not come to its end; no commit held it yet"
        )
    elif is_unreported(now.root, now.root / found.path) and _says(found, wish):
        text = _("{path}: the command that wrote this did not come to its end; it stands")
    else:
        return None
    now.console.say(text.format(path=found.path), "yellow")
    return found


def _says(closing: Closing, wish: Wish) -> bool:
    """Whether a seal says what somebody wants a week closed with; not where that may be a correction of it."""
    changes = closing.seal.get("changes")
    approved = (changes["approved_by"], changes["note"]) if changes else ("", wish.note)
    return closing.seal["closed_by"] == wish.closed_by and (
        not closing.later or approved == (wish.approved_by, wish.note)
    )


def _checked(now: Session) -> Result:
    """What the checks found; raises `Faults` where the book has errors."""
    found = run(now.root, now.definitions, now.git, now.around.now())
    if found.errors:
        raise Faults(found.errors)
    return found


def _message(closing: Closing) -> str:
    if not closing.correction:
        title = _("{week} closed").format(week=closing.week)
    else:
        title = _("{week} closed again: correction {number}").format(
            week=closing.week, number=closing.correction
        )
    return f"{title}\n\n{closing.path} {closing.digest}"


def _say(now: Session, closing: Closing, dry_run: bool) -> None:
    entries = sum(isinstance(e, Score) for b in closing.batches for e in b.entries)
    said = _("{week} would be closed") if dry_run else _("{week} is closed")
    if closing.correction:
        said = (
            _("{week} would be closed again: correction {number}")
            if dry_run
            else _("{week} is closed again: correction {number}")
        )
    now.console.say(said.format(week=phrases.week(closing.week), number=closing.correction), "bold")
    now.console.say(
        many("{count} batch, {entries}", "{count} batches, {entries}", len(closing.batches)).format(
            count=len(closing.batches),
            entries=many("{count} entry", "{count} entries", entries).format(count=entries),
        )
    )
    for left_out in closing.seal.get("without", ()):
        branch = now.definitions.title(left_out["branch"])
        now.console.say(_("without {branch}: {why}").format(branch=branch, why=left_out["note"]))
    _say_lists(now, closing)
    if changes := closing.seal.get("changes"):
        _say_changes(now, changes)
    now.console.say(_("seal  {path}").format(path=closing.path))
    now.console.say(f"      {closing.digest}")
    if not dry_run:
        now.console.say(
            _("read the first digits out: whoever has them can prove this week later (qibi audit)"),
            "dim",
        )


def _say_lists(now: Session, closing: Closing) -> None:
    for found in closing.seal["lists"].values():
        for key, default in (("red", _("red list")), ("black", _("black list"))):
            names = [now.definitions.title(row["subject"]) for row in found[key]]
            word = now.definitions.word(key, default)
            now.console.say(f"{word}  {listing(names) if names else _('nobody')}")


def _say_changes(now: Session, changes: Row) -> None:
    rows = sorted(changes["subjects"], key=_moves_only)  # whose points changed come first
    for row in rows[:_SHOWN]:
        now.console.say(f"  {_change(now.definitions, row)}")
    if len(rows) > _SHOWN:
        left = len(rows) - _SHOWN
        now.console.say(
            many("  and {count} more", "  and {count} more", left).format(count=left), "dim"
        )
    if not rows:
        now.console.say(_("  no place and no total changes"))
    who = now.definitions.title(changes["approved_by"])
    now.console.say(_("approved by {name}").format(name=who))


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
