"""qibi init: a new book."""

import shlex
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qibi.base import language, points, weeks
from qibi.base.findings import Faults, Refusal
from qibi.base.language import _, colon, listing, many, mark
from qibi.base.text import closest, folded
from qibi.book.definitions import Definitions, Scheme
from qibi.book.words import STATUSES
from qibi.cli.console import file_bytes, relative
from qibi.cli.options import DryRun, Hidden
from qibi.cli.output import Column, Grid, View
from qibi.cli.session import Session, current_session, language_wanted

if TYPE_CHECKING:
    from qibi.book.templates import Start
    from qibi.sheets.people import Options as PeopleOptions
    from qibi.sheets.roster import Roster

PANEL = "setup", 1
SUMMARY = mark("Make a new book.")
DETAILS = mark(
    "Without a roster it holds a made-up sample of three people, so that the first commands work. "
    "The current language (--lang) becomes the book's. Existing files are not overwritten; "
    "nothing is committed."
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
            help=_("csv or xlsx: branch, name; optional: id, status, group, unit, CP role"),
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
        typer.Option("--as", metavar="WHO", help=_("you, a member: stored as git's qibi.as")),
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
    meanings: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="WORD=MEANING",
            help=_(
                "roster: what a heading (workshop=branch) or a status (candidate=activist) means, or skip"
            ),
        ),
    ] = None,
    hidden: Annotated[
        Hidden | None,
        typer.Option("--hidden", help=_("roster: hidden rows and pages: read or skip")),
    ] = None,
    encoding: Annotated[
        str,
        typer.Option(
            "--encoding", metavar="NAME", help=_("the encoding of a csv: gb18030, cp1252")
        ),
    ] = "",
    dry_run: DryRun = False,
) -> None:
    """Run the command; `DETAILS` is its help."""
    from qibi.book.links import Source
    from qibi.book.templates import book_files, words
    from qibi.book.validate import validate
    from qibi.ledger.store import failures_explained

    session = current_session()
    _refuse_bad_options(session, template, key)
    root = (session.around.folder / folder).absolute()
    with failures_explained(root):
        is_book = (root / "qibi.yaml").exists()
    if is_book:
        raise Refusal(
            _("{folder} is a book already").format(folder=folder),
            _("choose another folder; 'qibi check' checks this book"),
        )
    raw = file_bytes(session.around, roster) if roster else None
    _choose_language(session, raw, encoding)
    language.call(words(template, language.current()))
    plain = template == "plain"
    said = _said_before(session, plain, meanings or [], hidden.value if hidden else "", encoding)
    start, people = _start(session, root, template, (roster, raw), said, key, name)
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
            session.console.say(notice, "dim")
        if not recorded_as and session.around.on_terminal:
            who = _ask_who(session, definitions)
    if not dry_run:
        _write(root, files)
        _say_what_is_kept(session, root, files)
    in_git = False if no_git else dry_run or _ready_git(session, root)
    if who and not dry_run:
        _keep_who(session, root, who, in_git)
    today = _today(session, start.timezone)
    session.console.show(report(session, root, files, definitions, today, who, in_git, dry_run))


def _refuse_bad_options(session: Session, template: str, key: str | None) -> None:
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


def _choose_language(session: Session, raw: bytes | None, encoding: str) -> None:
    """Speak the language of the roster, or the one answered, where the system has none."""
    from qibi.sheets.people import is_chinese

    around = session.around
    if language_wanted(session.options, around) or not around.shows_chinese:
        return
    if raw is not None:
        language.use("zh" if is_chinese(raw, encoding) else "en")
    elif around.on_terminal:
        found = session.console.choose("语言 / language", ("中文", "English"))
        language.use("zh" if found == "中文" else "en")


def _said_before(
    session: Session, plain: bool, meanings: list[str], hidden: str, encoding: str
) -> "PeopleOptions":
    """What the options say of the roster; raises `Refusal` for a meaning that there is not."""
    from qibi.sheets.headings import folded_heading
    from qibi.sheets.people import SKIP, SYNONYMS, Options, meaning

    found: dict[str, str] = {}
    for text in meanings:
        word, sign, meant = text.rpartition("=")
        what = meaning(meant) if sign and word.strip() else ""
        if not what:
            unread = ("number", "status", "role") if plain else ("number",)
            known = [k for k in SYNONYMS if k not in unread]
            known += [SKIP] if plain else [*STATUSES, SKIP]
            raise Refusal(
                _("--map: '{text}' has no meaning").format(text=text),
                _("write WORD=MEANING with one of: {known}").format(known=listing(known)),
            )
        found |= {folded_heading(word): what, folded(word): what}
    ask = session.console.choose if session.around.on_terminal else None
    return Options(found, hidden, encoding, ask, plain)


def _start(
    session: Session,
    root: Path,
    template: str,
    roster: tuple[str | None, bytes | None],
    said: "PeopleOptions",
    key: str | None,
    name: str | None,
) -> tuple["Start", "Roster | None"]:
    """What the book is to be; raises `Faults` with all that is wrong with the roster."""
    from qibi.book import templates
    from qibi.sheets.roster import read_roster, slug

    spoken = language.current()
    title = (name or "").strip() or root.resolve().name or "book"
    people = None
    path, raw = roster
    if path and raw is not None:
        known = [] if template == "plain" else templates.known_units(spoken)
        people = read_roster(path, raw, spoken, title, known, said)
    zone = "Asia/Shanghai" if spoken == "zh" else "UTC"
    # A scheme from this January; around New Year from the last one, since last weeks are scored yet.
    january = (_today(session, zone) - timedelta(weeks=8)).replace(month=1, day=1)
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


def _today(session: Session, zone: str) -> "date":
    """`--today` or `QIBI_TODAY`, else the day it is in the new book's time zone."""
    from zoneinfo import ZoneInfo

    if session.options.today or session.around.environment.get("QIBI_TODAY"):
        return session.today
    return session.around.now().astimezone(ZoneInfo(zone)).date()


def _refuse_parts(root: Path, files: dict[str, str]) -> None:
    """Raises `Refusal` where parts of another book stand; what a killed init left is taken over."""
    found = [root / "names.yaml"] if (root / "names.yaml").exists() else []
    for part in _PARTS:
        found += (p for p in sorted((root / part).rglob("*")) if p.is_file())
    for path in found:
        short = path.relative_to(root).as_posix()
        if short not in files or path.read_bytes() != files[short].encode():
            raise Refusal(
                _("{path} already exists: part of a book").format(path=short),
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
            _(".gitignore exists and does not keep names out of git"),
            _("add to it, one per line: {lines}").format(lines="  ".join(missing)),
        )


def _write(root: Path, files: dict[str, str]) -> None:
    """Write all files that are not there; where the disk refuses one, remove those written.

    `qibi.yaml` comes last: what a crash leaves behind is not a book, and the same command goes on.
    """
    from qibi.base.plain import write_durably
    from qibi.book.links import links
    from qibi.ledger.store import failures_explained

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


def _say_what_is_kept(session: Session, root: Path, files: dict[str, str]) -> None:
    """Name the files that were there before, with the lines that a book needs in them."""
    for short, text in files.items():
        there = (root / short).read_bytes()
        if there == text.encode():
            continue
        lines = set(there.decode("utf-8", "replace").splitlines())
        missing = [line for line in text.splitlines() if line not in lines]
        if short.startswith(".git") and missing:
            session.console.say(
                _("{path} exists and is not changed; add to it: {lines}").format(
                    path=short, lines="  ".join(missing)
                ),
                "yellow",
            )
        elif not short.startswith(".git"):
            session.console.say(_("{path} exists and is not changed").format(path=short), "yellow")


def _ready_git(session: Session, root: Path) -> bool:
    """Whether the book is in a git repository; one is made where there is none. Says what it can't."""
    from qibi.ledger.git import Git

    git = Git(root, session.around.environment)
    try:
        if not git.repository():
            git.demand("init", "--quiet")
            git.demand("symbolic-ref", "HEAD", "refs/heads/main")
    except Refusal as refusal:
        session.console.say(
            f"{refusal.message}: {_('the book is not in a git repository')}", "yellow"
        )
        session.console.say(f"  {refusal.advice or _('fix that, then: git init')}", "yellow")
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


def _ask_who(session: Session, definitions: "Definitions") -> str:
    """The member who answers to be the recorder; empty where that is left for later."""
    while text := session.console.ask(_("who are you? (name or id; empty: later)")):
        try:
            return _who(definitions, text)
        except Refusal as refusal:
            session.console.say(refusal.message.removeprefix("--as: "), "yellow")
    return ""


def _keep_who(session: Session, root: Path, who: str, in_git: bool) -> None:
    from qibi.ledger.git import Git

    if in_git:
        Git(root, session.around.environment).demand("config", "qibi.as", who)


# What `qibi init` says: what it made, and the commands from there to the first committed week.


_BRANCHES_SHOWN = 8
_PRIVATE = (
    ("names.yaml", mark("the names, not in git: you share them and back them up")),
    ("README.md", mark("how to keep names apart from points")),
)
_TOOLS = (
    ("schemas/", mark("for your editor: completes and checks the YAML files")),
    (".gitattributes .gitignore", mark("for git: the ledger's bytes stay as they are")),
)


def report(
    session: Session,
    root: Path,
    files: dict[str, str],
    definitions: Definitions,
    today: date,
    who: str,
    in_git: bool,
    dry_run: bool,
) -> View:
    """The files made (or, with `dry_run`, those that would be), and what to do next."""
    view = View()
    place = relative(root, session.around.folder)
    heading = _("would make a book in {folder}") if dry_run else _("made a book in {folder}")
    view.line(heading.format(folder=place), "bold")
    rows = [
        *_settings(definitions),
        *_people(definitions, _is_sample(files)),
    ]
    private = _PRIVATE if "names.yaml" in files else ()
    rows += [(path, _(what)) for path, what in (*private, *_TOOLS)]
    view.blocks.append(Grid([Column(""), Column("")], rows, headed=False, indent=2))
    if dry_run:
        return view
    view.line()
    view.line(_("next, to the first committed week:"), "bold")
    if place != ".":
        view.line(f"  cd {shlex.quote(place)}")
    for step in _steps(definitions, today, who, in_git):
        view.line(f"  {step}" if step else "")
    return view


def _is_sample(files: dict[str, str]) -> bool:
    return any(path in files for path in ("branches/branch-1.yaml", "branches/team-1.yaml"))


def _settings(definitions: Definitions) -> list[tuple[str, str]]:
    scheme = definitions.schemes[0]
    items = sum(len(c.items) for c in scheme.criteria)
    criteria = many("{count} criterion", "{count} criteria", len(scheme.criteria)).format(
        count=len(scheme.criteria)
    )
    what = many("{count} item", "{count} items", items).format(count=items)
    return [
        (
            "qibi.yaml",
            _("name, time zone ({zone}), calendar").format(zone=definitions.timezone),
        ),
        (
            f"scheme/{scheme.week}.yaml",
            f"{scheme.name}{colon()}"
            + listing([criteria, what if items else _("scored directly")]),
        ),
    ]


def _people(definitions: Definitions, sample: bool) -> list[tuple[str, str]]:
    """A line for each branch file; of many only the first ones."""
    rows = []
    for branch in definitions.branches[:_BRANCHES_SHOWN]:
        count = sum(1 for p in definitions.memberships if p.branch == branch.id)
        people = many("{count} person", "{count} people", count).format(count=count)
        text = _("{people}, made up: replace them with your own") if sample else "{people}"
        rows.append(
            (f"branches/{branch.id}.yaml", f"{branch.name}{colon()}{text.format(people=people)}")
        )
    rest = len(definitions.branches) - len(rows)
    if rest > 0:
        total = many("{count} person", "{count} people", len(definitions.memberships)).format(
            count=len(definitions.memberships)
        )
        rows.append((f"branches/… (+{rest})", _("{people} in all").format(people=total)))
    return rows


def _steps(definitions: Definitions, today: date, who: str, in_git: bool) -> list[str]:
    """The commands, one a line, and the sheet that they score."""
    week = weeks.last_over(today)
    me = who or definitions.memberships[0].id
    steps = []
    if not (who and in_git):
        who_is = _("# you: the id of a member, here {name}").format(name=definitions.title(me))
        command = "git config qibi.as " if in_git else "export QIBI_AS="
        steps.append(f"{command}{me}    {who_is}")
    sheet = _sheet(definitions, definitions.schemes[0], me)
    if sheet:
        steps.append(
            _("write a sheet, week.csv (or have 'qibi sheet --all' make some to fill in):")
        )
        steps += [f"    {line}" for line in sheet]
        steps.append(f"qibi score week.csv --week {week}")
    else:
        steps.append(f"qibi score --no-events --branch {definitions.branches[0].id} --week {week}")
    steps.append("qibi rank --week")
    steps.append("qibi commit" if in_git else "git init && qibi commit")
    return steps


def _sheet(definitions: Definitions, scheme: Scheme, me: str) -> list[str]:
    """A small sheet about this book's own people, such as it can be scored as it is.

    Nobody scores themselves (that needs an approval): empty where there is nobody else.
    """
    branch = next(p.branch for p in definitions.memberships if p.id == me)
    others = [p.id for p in definitions.memberships if p.branch == branch and p.id != me][:2]
    people = [_called(definitions, key) for key in others]
    if not people:
        return []
    direct = [c for c in scheme.criteria if c.direct and "member" in c.applies_to][:2]
    if direct:
        scores = ",".join(points.show(c.base + 100) for c in direct)
        head = ",".join([_("name"), *(str(c.name) for c in direct)])
        return [head, f"{people[0]},{scores}"]
    easy = [
        i
        for i in scheme.items()
        if not i.evidence and not i.auto and (i.fixed or 0) > 0 and "," not in str(i.name)
    ]
    return [
        ",".join([_("name"), _("item"), _("count")]),
        *(f"{name},{item.name},1" for name, item in zip(people, easy, strict=False)),
    ]


def _called(definitions: Definitions, key: str) -> str:
    """The name of a member, or the id where the name is not theirs alone or would need quotes."""
    name = definitions.title(key)
    alone = sum(1 for k in definitions.spans if definitions.title(k) == name) == 1
    return name if alone and not any(c in name for c in ',;"\t') else key
