"""qibi void: cancel an entry, or a whole batch, with a reason; nothing is deleted."""

from contextlib import suppress
from typing import Annotated

import typer

from qibi.base.findings import Refusal
from qibi.base.language import _, many, mark
from qibi.book.definitions import Definitions
from qibi.cli import completion, options, phrases, recording
from qibi.cli.recording import find_batches, find_entry, must_be_live, say_few
from qibi.cli.session import Session, current_session
from qibi.ledger.batches import Batch, Index
from qibi.ledger.entries import Entry, Exempt, Void

PANEL = "week", 3
SUMMARY = mark("Cancel an entry: it stays in the ledger and no longer counts.")
DETAILS = mark(
    "Without an id, on a terminal, the entries of a week are listed to choose from; part of a name, "
    "an item or a note finds those that fit."
)
EXAMPLES = mark("""
qibi void 9c41.24 --reason "the same thing twice"
qibi void --batch 9c41 --reason "the wrong sheet was submitted"
""")
_LISTED = 30  # entries that are shown at once, whatever their branches


def void(
    entry: Annotated[
        str | None,
        typer.Argument(
            metavar="[ENTRY]", help=_("an entry's id: 9c41.24"), autocompletion=completion.entries
        ),
    ] = None,
    batch: Annotated[
        str | None, typer.Option("--batch", metavar="BATCH", help=_("void a whole batch: 9c41"))
    ] = None,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help=_("why"))] = "",
    week: options.Week = None,
    recorded_as: options.As = None,
    dry_run: options.DryRun = False,
) -> None:
    """Run the command; `DETAILS` is its help."""
    from qibi.commands.score import may_be_live

    session = current_session()
    if entry and batch:
        raise Refusal(_("an entry and --batch can't go together"), _("name one"))
    who = session.who(recorded_as)
    if batch:
        found = _batch(session, batch)
        with session.without(
            recording.interrupted(session, found.week)
        ):  # this may be one of them again
            keys = _live(session, found)
    else:
        found, number, _entry = find_entry(session, entry or _picked(session, who, week))
        may_be_live(session, found, number)
        keys = [f"{found.digest}.{number}"]
    for key in keys:
        session.console.say(
            "  " + phrases.entry_text(session.definitions, found.entries[int(key[17:]) - 1])
        )
    if not reason:
        if not session.around.on_terminal:
            raise Refusal(_("why is it void?"), _("say it: --reason TEXT"), 1)
        explain = _(
            "the reason stays in the ledger with the entry: who asked for it, what was wrong"
        )
        while not (reason := session.console.ask(_("why is it void?"), explain)):
            session.console.say(explain, "dim")
    at = session.recorded_at()

    def plan(_batches: list[Batch]) -> list[Entry]:
        if batch is None:
            must_be_live(session, found, number)
        return [
            Void(
                week=found.week,
                branch=found.branch,
                recorded_by=who,
                recorded_at=at,
                entry=key,
                note=reason,
            )
            for key in (keys if batch is None else _live(session, found))
        ]

    done = recording.record(session, found.week, found.branch, plan, dry_run)
    assert done is not None
    say_few(session, found.week, found.branch, done, dry_run)
    said = _("would void {what}") if dry_run else _("void: {what}; next: qibi commit")
    count = len(done.batch.entries)
    what = many("{count} entry", "{count} entries", count).format(count=count)
    session.console.say(said.format(what=what))


def _batch(session: Session, prefix: str) -> Batch:
    """The batch whose digest begins so; raises `Refusal`."""

    found = find_batches(session.root, prefix.lower())
    if len(found) != 1:
        message = (
            _("there is no batch '{text}'") if not found else _("'{text}' may be several batches")
        )
        raise Refusal(message.format(text=prefix), _("'qibi log' lists them; write more digits"), 1)
    return found[0]


def _live(session: Session, batch: Batch) -> list[str]:
    """The ids of a batch's entries that are live and no voids; raises `Refusal` where there is none."""
    voids = Index(recording.standing_batches(session, batch.week)).voids
    keys = [k for k, e in batch.numbered() if not isinstance(e, Void) and k not in voids]
    if all(isinstance(e, Void) for e in batch.entries):
        raise Refusal(
            _("that batch holds nothing but voids"),
            _("record again what they cancelled: qibi score -e"),
            1,
        )
    if not keys:
        raise Refusal(_("all of that batch is void already"), code=1)
    return keys


def _picked(session: Session, who: str, week: str | None) -> str:
    """The entry that the person chooses from those of a week that are not void."""
    if not session.around.on_terminal:
        raise Refusal(_("which entry?"), _("name it: qibi void 9c41.24 ('qibi log' lists them)"), 1)
    from qibi.cli.dialogue import Back, Dialogue, Option

    asked = session.week(week)
    # What an interrupted command voided is listed as it was then, so that it can be picked again.
    voids = [b for b in recording.interrupted(session, asked) if recording.corrects(b)]
    with session.without(voids):
        live = list(Index(recording.standing_batches(session, asked)).live())
    live = [(key, entry) for key, entry in live if not isinstance(entry, Void)]
    live.sort(key=lambda pair: pair[1].recorded_at, reverse=True)
    if not live:
        raise Refusal(_("there is no entry in {week}").format(week=asked), code=1)
    short = phrases.short_ids(key for key, _entry in live)
    by_branch: dict[str, list[Option]] = {}
    for key, entry in live:
        said = phrases.entry_text(session.definitions, entry)
        note = "" if isinstance(entry, Exempt) else getattr(entry, "note", "")
        names = (f"{short[key]}  {said}", note, *_names(session.definitions, entry))
        by_branch.setdefault(entry.branch, []).append(Option(short[key], names, note))
    own = session.definitions.branch_of(who, asked) or ""
    options = [option for found in by_branch.values() for option in found]
    listed = options
    if len(options) > _LISTED and len(by_branch) > 1:
        listed = by_branch.get(own, [])
        options = [
            Option(
                branch,
                (phrases.branch(session.definitions, branch),),
                many("{count} entry", "{count} entries", len(found)).format(count=len(found)),
                tuple(found),
            )
            for branch, found in by_branch.items()
        ]
        listed = listed or options
    session.console.say(phrases.week(asked), "bold")
    dialogue = Dialogue(session.console)
    dialogue.show(listed)
    if listed is not options:
        session.console.say(_("? lists the other branches"), "dim")
    whole = {short[key]: key for key, _entry in live}
    while True:
        with suppress(Back):  # there is no question before it
            chosen = dialogue.choose(
                _("which one?"),
                options,
                _("a number, or a part of a name, an item or a note, which lists those that fit"),
                lambda text: _("no entry has '{text}'").format(text=text),
                listed=listed,
                echo=False,
            )
            return whole[chosen]


def _names(definitions: Definitions, entry: Entry) -> tuple[str, ...]:
    """What finds an entry, next to what is shown of it: both names of its subject, and its id."""
    label = definitions.label(getattr(entry, "subject", "") or entry.branch)
    return label.zh, label.en, getattr(entry, "subject", "")
