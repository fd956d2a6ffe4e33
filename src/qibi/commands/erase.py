"""qibi erase: take a person's name out of the book, and say plainly what remains where."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qibi.base import weeks
from qibi.base.findings import Refusal
from qibi.base.language import _, listing, many, mark
from qibi.book.links import NAMES
from qibi.cli import completion, options
from qibi.cli.output import View
from qibi.cli.session import Session, current_session
from qibi.commands.edit_files import Changes, changing
from qibi.commands.member import person

if TYPE_CHECKING:
    from qibi.ledger.batches import Batch
    from qibi.ledger.name_search import Entries, Place, Sought

PANEL = "setup", 7
SUMMARY = mark("Remove a person's name from the book; list what is left.")
DETAILS = mark(
    "Only the name is removed: the id, the entries and the points stay. It lists where the name "
    "still is; git keeps all that was ever committed (docs/privacy.md)."
)
EXAMPLES = """
qibi erase o1-008 --dry-run
qibi erase o1-008 --yes
"""
_MOST = 12  # places named of one sort


def erase(
    who: Annotated[
        str,
        typer.Argument(
            metavar="WHO", help=_("id, name or part of a name"), autocompletion=completion.members
        ),
    ],
    yes: Annotated[bool, typer.Option("--yes", help=_("do it without asking"))] = False,
    dry_run: options.DryRun = False,
) -> None:
    """Run the command; `DETAILS` is its help."""
    session = current_session()
    key = person(session, who, weeks.week_of(session.today))
    names = _names_of(session, key)
    looked = Changes(session, dry_run=True)  # asked outside the lock: people take their time
    taken = take_name(looked, key)
    view = View()
    if taken:
        head = _("would remove the name of {id} ({names}) from:")
        head = head if dry_run else _("to remove the name of {id} ({names}) from:")
        view.line(head.format(id=key, names=listing(names)), "bold")
        _list(
            view,
            (looked.shown(path) for path in taken),
        )
    else:
        view.line(_("{id} has no name in this book").format(id=key), "bold")
    _say_what_remains(view, session, key, names, looked)
    if not taken:
        session.console.show(view)
        return
    view.line()
    session.console.show(view)
    if not (dry_run or yes):
        _ask(session, key)
    with changing(session, dry_run) as changes:
        take_name(changes, key)
        text = _("would be erased: the name of {id}") if dry_run else _("erased: the name of {id}")
        changes.say(text, id=key)
        changes.finish()
    if not dry_run:
        _forget(session.around.cache, names)


def _names_of(session: Session, key: str) -> list[str]:
    """All that a member is or was called in the book, each once."""
    from qibi.book.lookup import members_names

    return [name for name, ids in members_names(session.definitions).items() if key in ids]


def take_name(changes: Changes, key: str) -> list[str]:
    """Take a member's name out of names.yaml and of every row of theirs; the files it was in."""
    taken = []
    spans = changes.session.definitions.spans[key]
    for branch in dict.fromkeys(span.branch for span in spans):
        page = changes.branch(branch)
        for number, row in enumerate(page.data["members"]):
            if row["id"] == key and "name" in row:
                page.take(("members", number), "name")
                taken.append(page.path)
    if NAMES in changes.sources and key in (page := changes.page(NAMES)).data:
        page.take((), key)
        taken.append(NAMES)
    return list(dict.fromkeys(taken))


def _ask(session: Session, key: str) -> None:
    """Raises `Refusal` where nobody is there to say yes, or somebody says no."""
    if not session.around.on_terminal:
        raise Refusal(
            _("no terminal to confirm it on; nothing was written"),
            _("check with --dry-run, then add --yes"),
        )
    if not session.console.confirm(_("erase the name of {id}?").format(id=key), default=False):
        raise Refusal(_("nothing was written"), code=1)


def _say_what_remains(
    view: View, session: Session, key: str, names: list[str], looked: Changes
) -> None:
    """Where the id and the name still stand; the files as they will be without the name."""
    from qibi.book.lookup import members_names
    from qibi.ledger.batches import read_weeks, weeks_with_batches
    from qibi.ledger.name_search import Sought, entries_of

    batches = read_weeks(session.root, weeks_with_batches(session.root))
    view.line()
    view.line(_("what is left:"), "bold")
    _say_entries(view, key, entries_of(batches, key))
    if names:
        bearers = members_names(session.definitions)
        sought = Sought(bearers, key)
        others = {other for name in names for other in bearers[name]} - {key}
        _say_files(view, session, sought, others, batches, looked)
        _say_git(view, session, sought)
        if sought.alone:
            text = _(
                "{names}: searched for only as a whole field, not in notes, messages and running text"
            )
            view.line("  " + text.format(names=listing(sought.alone)))
        text = _("not searched: pictures and PDFs, other clones, backups, what is printed or sent")
    else:
        text = _("the name is not known here, so nothing was searched for it")
    view.line(f"  {text}")


def _say_files(
    view: View,
    session: Session,
    sought: "Sought",
    others: set[str],
    batches: "list[Batch]",
    looked: Changes,
) -> None:
    from qibi.ledger.kept_sheets import is_below
    from qibi.ledger.name_search import files_naming, lines_naming

    text = _("the name is in the ledger, where nothing can be removed:")
    in_ledger = lines_naming(batches, sought)
    _say_places(view, text, in_ledger, most=len(in_ledger))
    found, unread = files_naming(session.root, sought, _edited(session, looked))
    kept = [place for place in found if is_below(place.path)]
    if kept:
        text = _("the name is in these archived sheets, where nothing can be removed:")
        _say_places(view, text, kept, most=len(kept))
        text = _(
            "only the book's owner decides to remove a sheet from git's history: docs/privacy.md"
        )
        view.line("    " + text)
    places = [place for place in found if place not in kept]
    _say_places(view, _("the name is in these files; remove it by hand:"), places)
    if others and places:
        text = _("{ids} have the same name: some of these may be theirs")
        view.line("    " + text.format(ids=listing(sorted(others))))
    _say_places(view, _("too large to be searched, or not readable:"), unread)


def _edited(session: Session, looked: Changes) -> dict[str, bytes]:
    """The files as they will be, by their path in the book; a names file elsewhere is none of them."""
    edited = dict(looked.pages)
    if session.names and NAMES in edited:
        raw = edited.pop(NAMES)
        with suppress(ValueError):  # not in the book's folder
            edited[session.names.resolve().relative_to(session.root.resolve()).as_posix()] = raw
    return edited


def _say_entries(view: View, key: str, found: "Entries") -> None:
    if not found.weeks:
        view.line("  " + _("no entry in the ledger has the id {id}").format(id=key))
        return
    parts = [
        (found.about, many("{count} entry about {id}", "{count} entries about {id}", found.about)),
        (found.by, many("{count} entry by {id}", "{count} entries by {id}", found.by)),
    ]
    counted = listing([text.format(count=n, id=key) for n, text in parts if n])
    count = len(found.weeks)
    span = found.weeks[0] if count == 1 else f"{found.weeks[0]}..{found.weeks[-1]}"
    when = many("in {count} week: {weeks}", "in {count} weeks: {weeks}", count)
    when = when.format(count=count, weeks=span)
    view.line(
        "  " + _("{entries}, {weeks}; they count as before").format(entries=counted, weeks=when)
    )
    _say_places(view, _("evidence files of these entries; check them yourself:"), found.evidence)


def _say_git(view: View, session: Session, sought: "Sought") -> None:
    from qibi.ledger.name_search import history_naming

    try:
        if session.git.repository() is None:
            return
        found = history_naming(session.git, sought)
    except Refusal as refusal:
        view.line("  " + _("git could not be searched: {words}").format(words=refusal.message))
        return
    if found.commits:
        text = many(
            "git: {count} commit holds or held the name; git keeps it, here and in every clone:",
            "git: {count} commits hold or held the name; git keeps it, here and in every clone:",
            len(found.commits),
        ).format(count=len(found.commits))
        _say_places(view, text, [f"{c.id} {c.day}" for c in found.commits])
        text = _("only the book's owner decides to rewrite history: docs/privacy.md")
        view.line("    " + text)
    elif found.unread or found.cut_off or sought.alone:
        view.line("  " + _("the name is not in what was searched of git's history"))
    else:
        view.line("  " + _("no commit here holds the name"))
    text = _("not or only partly searched in git's history (too large, damaged, missing):")
    _say_places(view, text, found.unread)
    if found.cut_off:
        text = _("this clone is shallow: older commits are not here and were not searched")
        view.line("  " + text)


def _say_places(view: View, title: str, places: "Iterable[Place | str]", most: int = _MOST) -> None:
    found = [str(place) for place in places]
    if not found:
        return
    view.line(f"  {title}")
    _list(view, found, most)


def _list(view: View, places: Iterable[str], most: int = _MOST) -> None:
    """The first places, one a line, and how many more there are."""
    found = list(places)
    for place in found[:most]:
        view.line(f"      {place}", whole=True)
    if len(found) > most:
        view.line("      " + _("and {count} more").format(count=len(found) - most))


def _forget(cache: Path | None, names: list[str]) -> None:
    """Delete derived data that hold the name; they are made again without it."""
    texts = [name.encode() for name in names]
    for path in cache.rglob("*.msgpack") if cache else ():
        with suppress(OSError):
            raw = path.read_bytes()
            if any(text in raw for text in texts):
                path.unlink()
