"""qibi exempt: someone is not assessed for a week: takes no place, loses none."""

from functools import partial
from typing import Annotated

import typer

from qibi.base.findings import Refusal
from qibi.base.language import _, listing, mark
from qibi.cli import options, phrases, recording
from qibi.cli.session import current_session
from qibi.ledger.batches import Batch, Index
from qibi.ledger.entries import Entry, Exempt

PANEL = "week", 4
SUMMARY = mark("Leave someone out of a week, or of several.")
DETAILS = mark(
    "Several weeks are written --week W47..W50. They get no place and lose none. Future weeks are allowed."
)
EXAMPLES = mark("""
qibi exempt o1-011 --week W47 --reason "family leave"
qibi exempt o1-011 --week W47..W50 --reason "training elsewhere"
""")


def exempt(
    subject: options.Subject,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help=_("why: leave, force majeure"))
    ] = "",
    week: options.Week = None,
    recorded_as: options.As = None,
    dry_run: options.DryRun = False,
) -> None:
    """Run the command; `DETAILS` is its help."""
    session = current_session()
    if week is None:
        raise Refusal(_("which week?"), _("name it: --week W47, or --week W47..W50"), 1)
    asked = session.period(week)
    key = session.find_subject(subject, asked.weeks[0])
    who = session.who(recorded_as)
    if not reason:
        if not session.around.on_terminal:
            raise Refusal(_("why are they exempt?"), _("say it: --reason TEXT"), 1)
        explain = _("leave, training, illness: it is shown where the member has no place")
        reason = session.console.ask(_("why are they exempt?"), explain) or _("exempt")
    places = {w: session.definitions.branch_of(key, w) for w in asked.weeks}
    absent = [w for w, place in places.items() if place is None]
    if absent:
        raise Refusal(
            _("{name} is in no branch in {week}").format(
                name=session.definitions.title(key), week=listing(absent)
            ),
            _("check since and until in branches/"),
            1,
        )
    name = session.definitions.title(key)
    wrote = False
    for one, place in places.items():
        assert place is not None
        entry = Exempt(
            week=one,
            branch=place,
            recorded_by=who,
            recorded_at=session.recorded_at(),
            subject=key,
            note=reason,
        )
        done = recording.record(session, one, place, partial(_unless_exempt, entry), dry_run)
        if done is None:
            session.console.say(_("{name} is exempt in {week} already").format(name=name, week=one))
            continue
        wrote = True
        text = (
            _("would record: {name} exempt in {week} ({reason})")
            if dry_run
            else _("recorded: {name} exempt in {week} ({reason})")
        )
        session.console.say(text.format(name=name, week=phrases.week(one), reason=reason))
        if not dry_run:
            recording.say_closed(session, done.batch)
    if wrote and not dry_run:
        session.console.say(_("next: qibi commit"), "dim")


def _unless_exempt(entry: Exempt, batches: list[Batch]) -> list[Entry]:
    """The entry, or nothing where its subject is exempt already."""
    standing = {e.subject for _key, e in Index(batches).live(Exempt)}
    return [] if entry.subject in standing else [entry]
