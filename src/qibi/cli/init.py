"""qibi init: a new book."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qibi.base import language
from qibi.base.findings import Faults, Refusal
from qibi.base.language import _, listing, mark
from qibi.base.text import closest
from qibi.cli.console import file_bytes
from qibi.cli.options import DryRun
from qibi.cli.session import Session, session

if TYPE_CHECKING:
    from datetime import date

    from qibi.book.definitions import Definitions
    from qibi.book.templates import Start
    from qibi.sheets.roster import Roster

DETAILS = mark(
    "Without a roster it holds a made-up sample of three people, so that the first commands "
    "work. The language spoken (--lang) becomes the book's. Nothing that is there is "
    "overwritten; nothing is committed."
)
EXAMPLES = mark("""
qibi init heat --roster roster.xlsx --private-names
qibi init team --template plain --lang en
""")
_PARTS = ("scheme", "branches", "plans", "ledger", "seals")


def templates(incomplete: str) -> list[str]:
    """Completion of --template."""
    from qibi.book.templates import TEMPLATES

    return [name for name in TEMPLATES if name.startswith(incomplete)]


def init(
    folder: Annotated[
        str, typer.Argument(metavar="[DIR]", help=_("the new book's folder; else this one"))
    ] = ".",
    template: Annotated[
        str,
        typer.Option(
            "--template",
            metavar="NAME",
            help=_("full: nine criteria with items; simple: nine direct scores; plain: any team"),
            autocompletion=templates,
        ),
    ] = "full",
    roster: Annotated[
        str | None,
        typer.Option(
            "--roster",
            metavar="FILE",
            help=_("csv or xlsx: branch, name, and if you like id, status, group, unit, CP role"),
        ),
    ] = None,
    key: Annotated[
        str | None, typer.Option("--id", metavar="ID", help=_("the book's id; else the folder's"))
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help=_("the book's name"))
    ] = None,
    recorded_as: Annotated[
        str | None,
        typer.Option("--as", metavar="WHO", help=_("you, a member: kept as git's qibi.as")),
    ] = None,
    private_names: Annotated[
        bool,
        typer.Option(
            "--private-names", help=_("names in names.yaml only, which git is told to ignore")
        ),
    ] = False,
    no_git: Annotated[
        bool, typer.Option("--no-git", help=_("make no git repository around the book"))
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Run the command; `DETAILS` is its help."""
    from qibi.book.load import Source
    from qibi.book.templates import book_files
    from qibi.book.validate import validate
    from qibi.cli.init_report import report
    from qibi.ledger.store import failures_explained

    now = session()
    _refuse_bad_options(now, template, key)
    root = (now.around.folder / folder).absolute()
    with failures_explained(root):
        is_book = (root / "qibi.yaml").exists()
    if is_book:
        raise Refusal(
            _("{folder} is a book already").format(folder=folder),
            _("choose another folder; 'qibi check' looks at this book"),
        )
    start, people = _start(now, root, template, roster, key, name)
    start = replace(start, private=private_names)
    files = book_files(start)
    with failures_explained(root):
        _refuse_parts(root, files)
        if private_names:
            _refuse_open_names(root, files)
    yaml = [Source(path, text.encode()) for path, text in files.items() if path.endswith(".yaml")]
    definitions = validate(yaml)
    who = _who(definitions, recorded_as)
    if people:
        for notice in people.notices:
            now.console.say(notice, "dim")
    if not dry_run:
        _write(root, files)
        _say_what_is_kept(now, root, files)
    in_git = False if no_git else dry_run or _ready_git(now, root)
    if who and not dry_run:
        _keep_who(now, root, who, in_git)
    today = _today(now, start.timezone)
    now.console.show(report(now, root, files, definitions, today, who, in_git, dry_run))


def _refuse_bad_options(now: Session, template: str, key: str | None) -> None:
    """Raises `Refusal` for a template, language or id that can't be."""
    from qibi.book.templates import TEMPLATES
    from qibi.sheets.roster import is_id

    if template not in TEMPLATES:
        near = closest(template, TEMPLATES)
        advice = _("did you mean '{near}'? ").format(near=near) if near else ""
        advice += _("one of: {names}").format(names=listing(list(TEMPLATES)))
        raise Refusal(_("there is no template '{name}'").format(name=template), advice)
    if key is not None and not is_id(key):
        raise Refusal(
            _("'{value}' is not an id").format(value=key),
            _("use lower-case letters, digits and hyphens, at most 64"),
        )


def _start(
    now: Session, root: Path, template: str, path: str | None, key: str | None, name: str | None
) -> tuple["Start", "Roster | None"]:
    """What the book is to be; raises `Faults` with all that is wrong with the roster."""
    from qibi.base import weeks
    from qibi.book import templates
    from qibi.sheets.roster import read_roster, slug

    spoken = language.current()
    title = (name or "").strip() or root.resolve().name or "book"
    people = None
    if path:
        known = [] if template == "plain" else templates.known_units(spoken)
        raw = file_bytes(now.around, path)
        people = read_roster(path, raw, spoken, title, known)
    zone = "Asia/Shanghai" if spoken == "zh" else "UTC"
    # A scheme from this January; around New Year from the last one, since last weeks are scored yet.
    january = (_today(now, zone) - timedelta(weeks=8)).replace(month=1, day=1)
    return (
        templates.Start(
            template=template,
            id=key or slug(root.resolve().name) or "book",
            name=title,
            language=spoken,
            timezone=zone,
            week=weeks.week_of(january),
            branches=tuple(people.branches) if people else (),
            units=tuple(people.units) if people else (),
        ),
        people,
    )


def _today(now: Session, zone: str) -> "date":
    """`--today` or `QIBI_TODAY`, else the day it is in the new book's time zone."""
    from zoneinfo import ZoneInfo

    if now.options.today or now.around.environment.get("QIBI_TODAY"):
        return now.today
    return now.around.now().astimezone(ZoneInfo(zone)).date()


def _refuse_parts(root: Path, files: dict[str, str]) -> None:
    """Raises `Refusal` where parts of another book stand; what a killed init left is taken over."""
    found = [root / "names.yaml"] if (root / "names.yaml").exists() else []
    for part in _PARTS:
        found += (p for p in sorted((root / part).rglob("*")) if p.is_file())
    for path in found:
        short = path.relative_to(root).as_posix()
        if short not in files or path.read_bytes() != files[short].encode():
            raise Refusal(
                _("{path} is there already: part of a book").format(path=short),
                _("choose an empty folder, or move that away"),
            )


def _refuse_open_names(root: Path, files: dict[str, str]) -> None:
    """Raises `Refusal` where a .gitignore of one's own would let names into git."""
    path = root / ".gitignore"
    if not path.exists():
        return
    lines = path.read_text("utf-8", "replace").splitlines()
    wanted = [t for t in files[".gitignore"].splitlines() if t.startswith("/")]
    if missing := [line for line in wanted if line not in lines]:
        raise Refusal(
            _(".gitignore is there and does not keep names out of git"),
            _("add to it, a line each: {lines}").format(lines="  ".join(missing)),
        )


def _write(root: Path, files: dict[str, str]) -> None:
    """Write all files that are not there; where the disk refuses one, take back those written.

    `qibi.yaml` comes last: what a crash leaves behind is no book, and the same command goes on.
    """
    from qibi.book.links import links
    from qibi.ledger.store import failures_explained, write_durably

    if found := list(links(root)):
        raise Faults(found)
    made: list[Path] = []
    try:
        for short, text in files.items():
            path = root / short
            with failures_explained(path):
                missing = [p for p in (path.parent, *path.parent.parents) if not p.exists()]
                for folder in reversed(missing):
                    folder.mkdir()
                    made.append(folder)
                if not path.exists():
                    write_durably(path, text.encode())
                    made.append(path)
    except Refusal:
        for path in reversed(made):
            if path.is_dir():
                path.rmdir()
            else:
                path.unlink()
        raise


def _say_what_is_kept(now: Session, root: Path, files: dict[str, str]) -> None:
    """Name the files that were there before, with the lines that a book needs in them."""
    for short, text in files.items():
        there = (root / short).read_bytes()
        if there == text.encode():
            continue
        lines = set(there.decode("utf-8", "replace").splitlines())
        missing = [line for line in text.splitlines() if line not in lines]
        if short.startswith(".git") and missing:
            now.console.say(
                _("{path} was there and is kept; add to it: {lines}").format(
                    path=short, lines="  ".join(missing)
                ),
                "yellow",
            )
        elif not short.startswith(".git"):
            now.console.say(_("{path} was there and is kept").format(path=short), "yellow")


def _ready_git(now: Session, root: Path) -> bool:
    """Whether the book is in a git repository; one is made where there is none. Says what it can't."""
    from qibi.ledger.git import Git

    git = Git(root, now.around.environment)
    try:
        if not git.repository():
            git.demand("init", "--quiet")
            git.demand("symbolic-ref", "HEAD", "refs/heads/main")
    except Refusal as refusal:
        now.console.say(f"{refusal.message}: {_('the book is not in a git repository')}", "yellow")
        now.console.say(f"  {refusal.advice or _('mend that, then: git init')}", "yellow")
        return False
    return True


def _who(definitions: "Definitions", asked: str | None) -> str:
    """The member that --as names, empty without it; raises `Refusal`."""
    from qibi.book import lookup
    from qibi.ledger.admission import recorder

    if not asked:
        return ""
    try:
        return recorder(definitions, asked)
    except lookup.NotFound as error:
        raise Refusal(f"--as: {error}", _("name a member of this book"), 1) from None


def _keep_who(now: Session, root: Path, who: str, in_git: bool) -> None:
    from qibi.ledger.git import Git

    if in_git:
        Git(root, now.around.environment).demand("config", "qibi.as", who)
