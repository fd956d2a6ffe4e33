"""qibi remedy open: one remedy, or one for each that a black list names."""

from collections.abc import Collection, Sequence
from typing import Annotated

import msgspec
import typer

from qibi.base.findings import Refusal
from qibi.base.language import _, listing
from qibi.book import lookup
from qibi.cli import complete, options, phrases, recording
from qibi.cli.lists import black_listed
from qibi.cli.remedy_words import Due, Evidence, Note, day_text, known_lives, shown_by
from qibi.cli.session import Session, session
from qibi.ledger.batches import Batch
from qibi.ledger.entries import Entry, Remedy
from qibi.ledger.remedies import (
    due_day,
    home,
    next_id,
    refuse_bad_id,
    usual_owner,
)
from qibi.scoring.lists import remedy_due


def open_some(
    subject: Annotated[
        str | None,
        typer.Argument(
            metavar="[SUBJECT]",
            help=_("id, name or part of a name"),
            autocompletion=complete.subjects,
        ),
    ] = None,
    from_list: Annotated[
        str | None,
        typer.Option(
            "--from-list",
            metavar="WEEK",
            help=_("one for each that this week's black list names, once"),
            autocompletion=complete.weeks,
        ),
    ] = None,
    measure: Annotated[
        str, typer.Option("--measure", metavar="TEXT", help=_("what is to be done"))
    ] = "",
    owner: Annotated[
        str,
        typer.Option(
            "--owner",
            metavar="WHO",
            help=_("who has to see to it; else the first of the CP, or the member"),
            autocompletion=complete.members,
        ),
    ] = "",
    due: Due = "",
    note: Note = "",
    evidence: Evidence = "",
    named: Annotated[
        str, typer.Option("--id", metavar="ID", help=_("its id; else r-WEEK-NUMBER"))
    ] = "",
    week: options.Week = None,
    recorded_as: options.As = None,
    dry_run: options.DryRun = False,
) -> None:
    """Run the command; `remedy.COMMANDS` has its help."""
    now = session()
    if (subject is None) == (from_list is None) or (from_list and (week or named)):
        raise Refusal(
            _("for whom?"), _("name a subject, or --from-list WEEK without --week and --id"), 1
        )
    asked = now.past_week(from_list or week or now.week(None))
    who = now.who(recorded_as)
    if subject is not None:
        if not measure:
            raise Refusal(_("what is to be done?"), _("say it: --measure TEXT"), 1)
        key = now.find_subject(subject, asked)
        policy = now.definitions.lists.get(now.definitions.kind(key) or "")
        usual = remedy_due(policy, asked) if policy else None
        wanted = [(key, usual.isoformat() if usual else "", measure, note)]
    else:
        wanted = list(black_listed(now, asked))
        if not wanted:
            text = _("nobody is on the black list of {week}").format(week=phrases.week(asked))
            now.console.say(text)
    entries = [
        Remedy(
            week=asked,
            branch=home(now.definitions, key, asked),
            recorded_by=who,
            recorded_at=now.recorded_at(),
            remedy=named,
            state="open",
            subject=key,
            owner=_owner(now, owner, key, asked),
            measure=measure or mending,
            due=due_day(asked, due or usual_due),
            note=note or remark,
            evidence=shown_by(now, evidence),
        )
        for key, usual_due, mending, remark in wanted
    ]
    _open(now, entries, dry_run, once=subject is None)


def _open(now: Session, entries: Sequence[Remedy], dry_run: bool, once: bool) -> None:
    """Write each as a batch, with an id where it has none; `once`: no second for subject and week."""
    title = now.definitions.title
    opened: set[str] = set()
    for entry in entries:
        key, there = _open_one(now, entry, opened, dry_run, once)
        if there:
            text = _("{name} has a remedy for {week} already: {ids}").format(
                name=title(entry.subject), week=entry.week, ids=listing(there)
            )
            now.console.say(text)
            continue
        opened.add(key)
        said = (
            _("would open {id}  {name}: {measure}")
            if dry_run
            else _("opened {id}  {name}: {measure}")
        )
        now.console.say(said.format(id=key, name=title(entry.subject), measure=entry.measure))
        text = _("    owner {owner}, due {day}")
        now.console.say(text.format(owner=title(entry.owner), day=day_text(entry.due, now.today)))
    if opened and not dry_run:
        now.console.say(_("next: qibi commit"), "dim")


def _open_one(
    now: Session, entry: Remedy, taken: Collection[str], dry_run: bool, once: bool
) -> tuple[str, list[str]]:
    """Write one; its id, which is none of those taken; or the ids of those that are there already."""
    there: list[str] = []

    def plan(_batches: list[Batch]) -> list[Entry]:
        known = known_lives(now)
        ids = {*taken, *(life.id for life in known.values())}
        place = (entry.subject, entry.week)
        there[:] = [k for k, life in known.items() if once and (life.subject, life.week) == place]
        if there:
            return []
        key = entry.remedy or next_id(entry.week, ids)
        refuse_bad_id(key, ids)
        return [msgspec.structs.replace(entry, remedy=key)]

    generated = () if entry.remedy else ("remedy",)
    done = recording.record(now, entry.week, entry.branch, plan, dry_run, generated=generated)
    if done is None:
        return "", there
    (opened,) = done.batch.entries
    assert isinstance(opened, Remedy)
    return opened.remedy, []


def _owner(now: Session, text: str, subject: str, week: str) -> str:
    """Who has to see to it: whoever is named, else the member, or the first member of the CP."""
    definitions = now.definitions
    if text:
        branch = definitions.branch_of(subject, week)
        try:
            return lookup.subject(definitions, text, ("member",), week=week, branch=branch)
        except lookup.NotFound as error:
            raise Refusal(str(error), code=1) from None
    usual = usual_owner(definitions, subject, week)
    if usual is None:
        raise Refusal(_("who has to see to it?"), _("name them: --owner WHO"), 1)
    return usual
