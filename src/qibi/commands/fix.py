"""qibi fix: a wrong entry is voided and recorded again, in one batch."""

from functools import partial
from typing import Annotated

import msgspec
import typer

from qibi.base import points as pts
from qibi.base.findings import Faults, Finding, Refusal
from qibi.base.language import _, mark
from qibi.cli import completion, options
from qibi.cli.session import current_session
from qibi.ledger.admission import DraftEntry, admit, draft_entry, in_words
from qibi.ledger.entries import Entry, File, Score, Void

PANEL = "week", 2
SUMMARY = mark("Fix an entry: it is voided and recorded again, with a reason.")
DETAILS = mark("Name what changes; the rest stays the same. Nothing is ever edited.")
EXAMPLES = mark("""
qibi fix 9c41.24 --count 2 --reason "looked at the photos: two places only"
qibi fix 9c41.24 --subject o1-009 --reason "the wrong person" --dry-run
""")


def fix(
    entry: Annotated[
        str,
        typer.Argument(
            metavar="ENTRY", help=_("an entry's id: 9c41.24"), autocompletion=completion.entries
        ),
    ],
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help=_("why it was wrong"))
    ] = "",
    subject: Annotated[
        str | None,
        typer.Option(
            "--subject",
            metavar="SUBJECT",
            help=_("who it is about"),
            autocompletion=completion.subjects,
        ),
    ] = None,
    item: Annotated[
        str | None,
        typer.Option("--item", metavar="ITEM", help=_("the item"), autocompletion=completion.items),
    ] = None,
    points: Annotated[
        str | None, typer.Option("--points", metavar="POINTS", help=_("the points"))
    ] = None,
    count: Annotated[str | None, typer.Option("--count", metavar="N", help=_("how often"))] = None,
    date: Annotated[
        str | None, typer.Option("--date", metavar="DAY", help=_("the day of the event"))
    ] = None,
    note: Annotated[str | None, typer.Option("--note", metavar="TEXT", help=_("the note"))] = None,
    evidence: Annotated[
        str | None, typer.Option("--evidence", metavar="TEXT", help=_("what shows it"))
    ] = None,
    scored_by: Annotated[
        str | None, typer.Option("--scored-by", metavar="WHO", help=_("who judged"))
    ] = None,
    approved_by: Annotated[
        str | None, typer.Option("--approved-by", metavar="WHO", help=_("who approved"))
    ] = None,
    recorded_as: options.As = None,
    dry_run: options.DryRun = False,
) -> None:
    """Run the command; `DETAILS` is its help."""
    from qibi.cli.recording import find_entry, must_be_live, write_few
    from qibi.commands.score import may_be_live

    session = current_session()
    given = {
        "subject": subject,
        "item": item,
        "points": points,
        "count": count,
        "date": date,
        "note": note,
        "evidence": evidence,
        "scored_by": scored_by,
        "approved_by": approved_by,
    }
    changed = {k: v for k, v in given.items() if v is not None}
    if not changed:
        raise Refusal(_("nothing to change"), _("name it: --points, --count, --item, --subject, …"))
    batch, number, wrong = find_entry(session, entry)
    may_be_live(session, batch, number)
    if not isinstance(wrong, Score):
        raise Refusal(
            _("only scores can be fixed"), _("void it: qibi void {entry}").format(entry=entry), 1
        )
    who = session.who(recorded_as)
    if not reason:
        if not session.around.on_terminal:
            raise Refusal(_("why was it wrong?"), _("say it: --reason TEXT"), 1)
        reason = session.console.ask(
            _("why was it wrong?"), _("the reason stays in the ledger with the old entry")
        )
    stamp = session.stamp(batch.week, batch.branch, who, wrong.source, wrong.layout)
    entries, problems = admit(session.definitions, stamp, _draft(wrong, changed))
    if not problems and any(isinstance(e, Score) and _is_more(e, wrong) for e in entries):
        changed.setdefault(
            "approved_by", ""
        )  # what was approved is another person's, item, or less
        entries, problems = admit(session.definitions, stamp, _draft(wrong, changed))
    if problems:
        raise Faults([Finding(entry, message=in_words(problem)) for problem in problems])
    if len(entries) == 1 and isinstance(entries[0], Score):
        kept = {} if "evidence" in changed else {"evidence": wrong.evidence}  # files and all
        corrected = entries[0]
        entries = [
            msgspec.structs.replace(
                corrected, task=wrong.task, milestone=wrong.milestone, cell=wrong.cell, **kept
            )
        ]
    void = Void(
        week=batch.week,
        branch=batch.branch,
        recorded_by=who,
        recorded_at=stamp.recorded_at,
        entry=f"{batch.digest}.{number}",
        note=reason or _("fixed"),
    )
    both: list[Entry] = [void, *entries]
    must = partial(must_be_live, session, batch, number)
    write_few(session, batch.week, batch.branch, both, dry_run, must)
    if not dry_run:
        session.console.say(_("next: qibi commit"), "dim")


def _is_more(corrected: Score, wrong: Score) -> bool:
    """Whether an approval of the wrong entry does not cover the corrected one."""
    same = (corrected.subject, corrected.item) == (wrong.subject, wrong.item)
    return not same or abs(corrected.hundredths) > abs(wrong.hundredths)


def _draft(wrong: Score, changed: dict[str, str]) -> DraftEntry:
    """The entry as it was written, with the changes; points follow a new item or count."""
    keep_points = not ({"item", "count"} & set(changed))
    was = {
        "subject": wrong.subject,
        "item": wrong.item,
        "points": pts.show(wrong.hundredths) if keep_points else "",
        "count": str(wrong.count) if "points" not in changed and "item" not in changed else "",
        "date": wrong.date,
        "note": wrong.note,
        "evidence": ";".join(e.path if isinstance(e, File) else e for e in wrong.evidence),
        "scored_by": wrong.scored_by,
        "approved_by": wrong.approved_by,
    }
    return draft_entry({**was, **changed})
