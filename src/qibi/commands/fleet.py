"""qibi fleet: many books into one lake, to be ranked together."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qibi.base.findings import Refusal
from qibi.base.language import _, listing, many, mark
from qibi.cli import options, phrases
from qibi.cli.console import relative
from qibi.cli.output import Field, Records, View
from qibi.cli.session import Session, current_session

if TYPE_CHECKING:
    from qibi.book.fleet import FleetFile
    from qibi.fleet.collect import Collected
    from qibi.fleet.lake import Book, Lake

PANEL = "look", 11
SUMMARY = mark("Collect many books into one lake, to rank them together.")
DETAILS = mark(
    "fleet.yaml names the books: folders, patterns of folders, git remotes. It collects what is "
    "committed in books where check and audit find nothing; 'qibi rank --fleet' then ranks across "
    "them."
)
EXAMPLES = """
qibi fleet collect
qibi fleet collect group/fleet.yaml --afresh outer
qibi fleet status
"""

Fleet = Annotated[
    str,
    typer.Argument(
        metavar="[FLEET]", help=_("fleet.yaml or its folder; else here"), show_default=False
    ),
]


def collect(
    fleet: Fleet = ".",
    afresh: Annotated[
        list[str] | None,
        typer.Option(
            "--afresh",
            metavar="BOOK",
            help=_("forget what was collected from this book; may be repeated"),
        ),
    ] = None,
) -> None:
    """Run the command; `COMMANDS` has its help."""
    from qibi.fleet.collect import CollectRequest
    from qibi.fleet.collect import collect as collected
    from qibi.ledger.store import failures_explained

    session = current_session()
    asked, path, lake = opened(session, fleet)
    lake.refuse_what_is_none()  # before a lock is left there
    at = session.around.now().isoformat(timespec="seconds")
    with failures_explained(lake.folder), _locked(lake), _cache(session) as cache:
        fresh = frozenset(afresh or ())
        for key in sorted(fresh - set(lake.manifest.books)):
            raise Refusal(
                _("--afresh: the lake holds no book '{book}'").format(book=key),
                _("it holds: {books}").format(books=listing(sorted(lake.manifest.books)) or "–"),
                1,
            )
        draft = CollectRequest(
            asked, path.parent, lake, cache, session.around.environment, at, fresh
        )
        done = collected(draft, session.console.progress)
    _say(session, lake, done)
    if done.refused:
        session.exit_code = 1


def opened(session: Session, text: str) -> "tuple[FleetFile, Path, Lake]":
    """The fleet that is meant, where it is, and its lake; raises `Refusal` or `Faults`."""
    from qibi.book.fleet import FLEET, read_fleet
    from qibi.fleet.lake import Lake

    path = (session.around.folder / text).absolute()
    if path.is_dir():
        path /= FLEET
    fleet = read_fleet(path, relative(path, session.around.folder))
    place = path.parent / fleet.lake
    return fleet, path, Lake(place, relative(place, session.around.folder))


@contextmanager
def _locked(lake: "Lake") -> Iterator[None]:
    """Holds the lake's lock; raises `Refusal` where another collect has it."""
    from filelock import FileLock, Timeout

    from qibi.fleet.lake import LOCK

    lake.folder.mkdir(parents=True, exist_ok=True)
    try:
        held = FileLock(lake.folder / LOCK, timeout=0)
        held.acquire()
    except Timeout:
        raise Refusal(
            _("another qibi is collecting into {lake}").format(lake=lake.shown),
            _("wait until it is done"),
        ) from None
    try:
        yield
    finally:
        held.release()


@contextmanager
def _cache(session: Session) -> Iterator[Path]:
    """The cache folder, or one for this run only."""
    if session.around.cache:
        yield session.around.cache
        return
    with tempfile.TemporaryDirectory(prefix="qibi-") as folder:
        yield Path(folder)


def _say(session: Session, lake: "Lake", done: "Collected") -> None:
    for source, refusal in done.refused:
        session.console.problem(f"{source}: {refusal.message}", refusal.advice)
    for key in done.stale:
        book = lake.manifest.books[key]
        text = _("{book} stays in the lake as it was collected on {day}; rankings say so")
        session.console.say(text.format(book=key, day=book.collected_at[:10]), "yellow")
    for key in done.lost:
        text = _("{book}: its files in the lake are damaged; it is left out until it is repaired")
        session.console.say(text.format(book=key), "yellow")
    if done.repaired:
        text = many(
            "{count} damaged file was rewritten: {paths}",
            "{count} damaged files were rewritten: {paths}",
            len(done.repaired),
        )
        paths = phrases.places([f"{lake.shown}/{path}" for path in done.repaired], 3)
        session.console.say(text.format(count=len(done.repaired), paths=paths), "yellow")
    for old, new in done.renamed:
        text = _("{old} has the id {new} now: the old one is removed from the lake")
        session.console.say(text.format(old=old, new=new), "yellow")
    for key in done.left:
        text = _("{book} is no longer in the fleet: removed from the lake")
        session.console.say(text.format(book=key), "yellow")
    books = many("{count} book", "{count} books", len(done.books)).format(count=len(done.books))
    new = many("{count} new file", "{count} new files", done.new_files).format(count=done.new_files)
    gone = many("{count} gone", "{count} gone", done.gone_files).format(count=done.gone_files)
    parts = [books, new, gone]
    if done.refused:
        refused = many("{count} refused", "{count} refused", len(done.refused))
        parts.append(refused.format(count=len(done.refused)))
    session.console.say(f"{lake.shown}  {listing(parts)}", "bold")


def status(
    fleet: Fleet = ".", form: options.Format = "table", output: options.Output = None
) -> None:
    """Run the command; `COMMANDS` has its help."""
    session = current_session()
    _fleet, _path, lake = opened(session, fleet)
    books = lake.manifest.books
    records = Records(_fields(), list(books.items()))
    payload = {
        "qibi": 1,
        "command": "fleet status",
        "lake": lake.shown,
        "books": records,
        "refused": [
            {"source": r.source, "reason": r.reason, "at": r.at} for r in lake.manifest.refused
        ],
    }
    view = View(payload=payload, records=[records])
    if books:
        view.blocks.append(records)
    else:
        view.line(_("nothing is collected yet: qibi fleet collect"))
    stale = [b.stale for b in books.values() if b.stale]
    for refused in (*stale, *lake.manifest.refused):
        text = _("{source}: not collected since {day}: {reason}")
        view.line(
            text.format(source=refused.source, day=refused.at[:10], reason=refused.reason),
            "red",
            whole=True,
        )
    session.console.show(view, form, output)


def _fields() -> "list[Field[tuple[str, Book]]]":
    """The fields of a book under its key; `weeks` are those in which it was assessed."""

    def held(row: "tuple[str, Book]") -> list[str]:
        return sorted(week for week, found in row[1].weeks.items() if found.held)

    return [
        Field("book", lambda b: b[0], _("Book")),
        Field("name", lambda b: str(b[1].name)),
        Field("source", lambda b: b[1].source),
        Field("weeks", lambda b: len(held(b)), _("Weeks"), right=True),
        Field("last", lambda b: max(held(b), default=None), _("Last")),
        Field("commit", lambda b: b[1].commit, _("Commit"), lambda b: b[1].commit[:8]),
        Field("seal", lambda b: b[1].seal, _("Seal"), lambda b: (b[1].seal or "-")[:8]),
        Field(
            "collected_at",
            lambda b: b[1].collected_at,
            _("Collected"),
            lambda b: b[1].collected_at[:10] + (" !" if b[1].stale else ""),
            csv="collected",
        ),
        Field("", heading=_("Source"), shown=lambda b: b[1].source, wraps=True),
        Field("stale", lambda b: b[1].stale.reason if b[1].stale else None),
    ]


COMMANDS = {
    "collect": (collect, mark("Bring what the books hold into the lake, once it is verified.")),
    "status": (status, mark("What the lake holds of which book, and what could not be collected.")),
}
