"""qibi sheet: score sheets to fill in, for a branch and week, for several or for all."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qibi.base import weeks
from qibi.base.findings import Refusal
from qibi.base.language import _, aside, listing, many, mark
from qibi.base.text import argument
from qibi.book.definitions import Item, Scheme
from qibi.cli import completion, options
from qibi.cli.recording import ask_branch, must_live
from qibi.cli.session import Session, current_session
from qibi.sheets.blank import FORMS, blank, standing

if TYPE_CHECKING:
    from qibi.sheets.blank import Blank
    from qibi.sheets.blank_xlsx import Rules

PANEL = "setup", 2
SUMMARY = mark("Make score sheets to fill in: a branch's week as xlsx or csv.")
DETAILS = mark(
    "The sheet has the branch's members and CPs and the scheme's items in lists to pick from, "
    "limits on points and counts, and the rules on a second page. Fill it in Excel, WPS or "
    "LibreOffice and submit it with 'qibi score FILE'; book, week, branch and scheme are fixed in "
    "it. The long form has a row for each event; the grid has a row for each person, and a column "
    "for each direct score and for the most used items, or those of --item. Without --week it is "
    "this week's. With --layout it writes down how a sheet of your own is read, in layouts/: on a "
    "terminal it asks, elsewhere it leaves the open lines as comments."
)
EXAMPLES = mark("""
qibi sheet --branch outer-1 --week W47
qibi sheet --all --week W48 -o week48
qibi sheet --branch outer-1 --week W47 --form grid --item accident-free --item not-cleaned
qibi sheet --branch outer-1 --week W47 --filled
qibi sheet --layout ours.xlsx --branch outer-1
""")

FORMATS = ("xlsx", "csv")
_MOST_COLUMNS = 12  # of items in a grid that nobody has chosen
_WEEKS_LOOKED_AT = 8


def sheet(
    branch: Annotated[
        list[str] | None,
        typer.Option(
            "--branch",
            metavar="BRANCH",
            help=_("id, name or section; may be repeated"),
            autocompletion=completion.branches,
        ),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help=_("all branches of the week, into a folder"))
    ] = False,
    week: options.Week = None,
    form: Annotated[
        str,
        typer.Option(
            "--form", metavar="FORM", help=_("long (a row an event) or grid (a row a person)")
        ),
    ] = "long",
    item: Annotated[
        list[str] | None,
        typer.Option(
            "--item",
            metavar="ITEM",
            help=_("with --form grid: a column for this item; may be repeated"),
            autocompletion=completion.items,
        ),
    ] = None,
    filled: Annotated[
        bool,
        typer.Option("--filled", help=_("with what earlier sheets recorded and still counts")),
    ] = False,
    kind: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help=_("xlsx or csv"))
    ] = "xlsx",
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help=_("write to FILE; several sheets: into this folder; - is standard output"),
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help=_("replace existing files"))
    ] = False,
    layout: Annotated[
        str | None,
        typer.Option(
            "--layout",
            metavar="SHEET",
            help=_("no sheet: make the layout by which this sheet of your own is read"),
        ),
    ] = None,
) -> None:
    """Run the command; `DETAILS` is its help."""
    session = current_session()
    if layout is not None:
        if every or item or filled or output or len(branch or ()) > 1:
            raise Refusal(
                _("--layout goes with --week and one --branch only"),
                _("leave the other options out"),
            )
        _make_layout(session, layout, branch[0] if branch else None, week)
        return
    _refuse_unknown(form, kind, filled, bool(item))
    asked = session.week(week) if week else weeks.week_of(session.today)
    wanted = _branches(session, branch or [], every, asked)
    scheme = _scheme(session, wanted, asked)
    columns = _columns(session, scheme, item, asked) if form == "grid" else ()
    several = every or len(wanted) > 1
    if several and output == "-":
        raise Refusal(_("several sheets can't go to standard output"), _("name a folder: -o DIR"))
    folder = output or _("sheets-{week}").format(week=asked) if several else ""
    files = {
        key: f"{folder}/{file_name(session, key, asked, kind)}" if several else output
        for key in wanted
    }
    names = {key: files[key] or file_name(session, key, asked, kind) for key in wanted}
    if not overwrite:
        _refuse_to_replace(session, list(names.values()))
    if several:
        _make_folder(session, folder)
    others = 0
    written: dict[str, bytes] = {}
    with session.console.progress(_("sheets"), len(wanted)) as step:
        rules = rules_of(session, scheme) if kind == "xlsx" else ()
        for key in wanted:
            made, rest = blank_of(session, key, asked, form, columns, filled)
            written[key] = made_bytes(made, rules, kind)
            others += rest
            if several:
                _put(session, names[key], written[key])
            step()
    if several:
        done = many(
            "{count} sheet written: {folder}/", "{count} sheets written: {folder}/", len(wanted)
        )
        session.console.say(done.format(count=len(wanted), folder=folder))
    elif output == "-" and kind == "csv":  # text, as of every command that prints csv
        session.around.stdout.write(written[wanted[0]].decode("utf-8-sig"))
    else:
        options.put(session, written[wanted[0]], output, names[wanted[0]])
    _say_others(session, others)
    if output != "-":
        file = f"{argument(folder)}/*.{kind}" if several else argument(names[wanted[0]])
        session.console.say(_("filled in and saved: qibi score {file}").format(file=file), "dim")


def _make_layout(session: Session, path: str, branch: str | None, week: str | None) -> None:
    """Write the layout by which a sheet is read, with what is asked, or left to be filled in."""
    from functools import partial

    from qibi.base.findings import Faults
    from qibi.cli.console import choice, file_bytes
    from qibi.commands import layout_files
    from qibi.sheets.files import open_sheet
    from qibi.sheets.hints import branch_from_subjects, hints
    from qibi.sheets.layouts import Learned, laid_out
    from qibi.sheets.names import Names
    from qibi.sheets.read import Options, admit_page, is_score_sheet, must_have_heading

    definitions = session.definitions
    names = Names(definitions)
    given = session.find_branch(branch) if branch else ""
    asked = session.week(week) if week else weeks.week_of(session.today)
    scheme = definitions.scheme(asked)
    if scheme is None:
        raise Refusal(_("no scheme is in force in {week}").format(week=asked), code=1)
    pages = open_sheet(path, file_bytes(session.around, path))
    pages = [p for p in pages if is_score_sheet(p, names, asked)] or pages[:1]
    page = laid_out(pages[0], definitions.layouts, names, given)
    heading = must_have_heading(page, names, scheme)
    home = given or hints(page, names, session.today).branch or ""
    home = home or branch_from_subjects(page, names, asked) or ""
    ask = partial(choice, session.console) if session.around.on_terminal else None
    options = Options("read", "read", ask, Learned())
    with suppress(Faults):  # of the rows, which are not recorded
        admit_page(page, names, session.stamp(asked, home, ""), options)
    learned = options.learned
    if not learned and not learned.still_open:
        known = aside(f"layouts/{page.layout.name}.yaml") if page.layout else ""
        session.console.say(_("nothing to ask: this sheet is read as it is") + known)
        return
    name = layout_files.save(session, page, heading, home, learned)
    text = _("written: {path}").format(path=layout_files.path_of(name))
    if learned.still_open:
        text += _("; fill in the lines that begin with #")
    session.console.say(text)


def file_name(session: Session, branch: str, week: str, kind: str) -> str:
    """What a sheet's file is called: the branch's section or id, and the week."""
    from qibi.book.words import branch as spoken

    name = spoken(session.definitions, branch)
    taken = [
        b.id for b in session.definitions.branches if spoken(session.definitions, b.id) == name
    ]
    fits = name.isprintable() and not set(name) & set('\\/:*?"<>|') and len(name) <= 60
    return f"{week}-{name if fits and len(taken) == 1 and name.strip('. ') else branch}.{kind}"


def blank_of(
    session: Session, branch: str, week: str, form: str, columns: Sequence[str], filled: bool
) -> tuple["Blank", int]:
    """The sheet of a branch and week; with `filled` also how many entries are not on it, since
    they were not recorded by a sheet."""

    must_live(session, branch, week)
    scheme = session.definitions.scheme(week)
    assert scheme
    if not filled:
        return blank(session.definitions, scheme, branch, week, form, columns), 0
    from qibi.ledger.batches import read_weeks

    found = standing(read_weeks(session.root, [week]), branch)
    sheet = blank(session.definitions, scheme, branch, week, form, columns, found.entries)
    return sheet, found.others


def made_bytes(sheet: "Blank", rules: "Rules", kind: str = "xlsx") -> bytes:
    """The bytes of a sheet's file."""
    if kind == "csv":
        from qibi.sheets.blank import csv_bytes

        return csv_bytes(sheet)
    from qibi.sheets.blank_xlsx import workbook

    return workbook(sheet, rules)


def rules_of(session: Session, scheme: Scheme) -> "Rules":
    """The scheme as `qibi rules` prints it, for the page next to the sheet."""
    from qibi.cli.output import Cell, Grid
    from qibi.commands.rules import sheet as printed
    from qibi.sheets.blank_xlsx import Heading, Table

    parts: list[Heading | Table] = []
    for block in printed(session.definitions, scheme, None, wide=True).shown():
        if not isinstance(block, Grid):
            parts += [Heading(block.text)] if block.text else []
            continue
        rows = [[c.text if isinstance(c, Cell) else c for c in row] for row in block.rows]
        parts.append(Table([c.title for c in block.columns] if block.headed else [], rows))
    return parts


def _refuse_unknown(form: str, kind: str, filled: bool, items: bool) -> None:
    for what, value, known in (("--form", form, FORMS), ("--format", kind, FORMATS)):
        if value not in known:
            raise Refusal(
                _("{option}: there is no '{value}'").format(option=what, value=value),
                _("one of: {names}").format(names=listing(list(known))),
            )
    if filled and form == "grid":
        raise Refusal(
            _("--filled goes with the long form: a grid has no room for every entry's evidence"),
            _("leave --form grid out"),
        )
    if items and form != "grid":
        raise Refusal(_("--item goes with --form grid"), _("the long form has all items in a list"))


def _branches(session: Session, named: Sequence[str], every: bool, week: str) -> list[str]:
    """The branches to make a sheet for; all that are alive in the week and have anyone to score."""
    definitions = session.definitions
    if every and named:
        raise Refusal(_("--all and --branch can't go together"), _("choose one"))
    alive = [b.id for b in definitions.branches if definitions.has_subjects(b.id, week)]
    if every:
        if not alive:
            raise Refusal(_("nobody is scored in {week}").format(week=week), code=1)
        return alive
    if named:
        return list(dict.fromkeys(session.find_branch(text) for text in named))
    if len(alive) == 1:
        return alive
    if session.around.on_terminal:
        return [ask_branch(session)]
    raise Refusal(_("which branch?"), _("name it: --branch BRANCH, or --all"), 1)


def _scheme(session: Session, branches: Sequence[str], week: str) -> Scheme:
    for key in branches:
        must_live(session, key, week)
    scheme = session.definitions.scheme(week)
    assert scheme
    return scheme


def _columns(session: Session, scheme: Scheme, named: list[str] | None, week: str) -> list[str]:
    """The items that a grid has columns for: those named, else those recorded most lately."""
    from qibi.book import lookup

    if named:
        try:
            found = [lookup.item(scheme, text) for text in named]
        except lookup.NotFound as error:
            raise Refusal(str(error), code=1) from None
        return [thing.id for thing in found if isinstance(thing, Item)]
    usable = [item.id for item in scheme.items() if not item.auto]
    most = _recorded_most(session, week)
    return sorted(usable, key=lambda key: -most.get(key, 0))[:_MOST_COLUMNS]


def _recorded_most(session: Session, week: str) -> dict[str, int]:
    from collections import Counter

    from qibi.ledger.batches import Index, read_weeks
    from qibi.ledger.entries import Score

    lately = weeks.span(weeks.shift(week, -_WEEKS_LOOKED_AT), week)
    return Counter(e.item for _key, e in Index(read_weeks(session.root, list(lately))).live(Score))


def _refuse_to_replace(session: Session, files: Sequence[str]) -> None:
    """Nothing is written over a sheet that somebody may have filled in."""
    there = [name for name in files if name != "-" and (session.around.folder / name).is_file()]
    if there:
        from qibi.cli.phrases import places

        raise Refusal(
            _("already exists, perhaps filled in: {files}").format(files=places(there, 3)),
            _("name another with -o, or replace it: --overwrite"),
            1,
        )


def _make_folder(session: Session, folder: str) -> None:
    from qibi.ledger.store import failures_explained

    path: Path = session.around.folder / folder
    with failures_explained(path):
        path.mkdir(parents=True, exist_ok=True)


def _put(session: Session, name: str, raw: bytes) -> None:
    from qibi.ledger.store import write_output

    write_output(session.around.folder / name, raw)


def _say_others(session: Session, others: int) -> None:
    if others:
        text = many(
            "{count} entry is not on it: no sheet recorded it, and submitting this one leaves it as it is",
            "{count} entries are not on it: no sheet recorded them, and submitting this one leaves them as they are",
            others,
        )
        session.console.say(text.format(count=others))
