"""qibi pack: a week for those who print and send it on, in one folder with an index page."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from qibi.base import weeks
from qibi.base.findings import Refusal
from qibi.base.language import _, mark
from qibi.board.build import BoardQuery
from qibi.board.pack import Entry, Part, write
from qibi.cli import options, phrases
from qibi.cli.session import Session, current_session
from qibi.commands import board, export, minutes

PANEL = "look", 9
SUMMARY = mark("A week in one folder: board, slips, minutes, summary, next week's sheets.")
DETAILS = mark(
    "The folder holds the board (html, pdf, png), everyone's slip, the minutes, the summary as "
    "xlsx, next week's score sheets, and index.html, which links to all of it. A folder that qibi "
    "made is replaced unless someone has written in it; any other is left alone. Without --week "
    "it is the latest assessed week."
)
EXAMPLES = """
qibi pack --week W46
qibi pack --week W46 -o /srv/share/W46
"""
_MOST_PRINTED = 500  # slips in one pdf: drawing it takes over a megabyte of memory for each


def pack(
    week: options.Week = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="DIR", help=_("the folder; else one named by book and week")
        ),
    ] = None,
) -> None:
    """Run the command; `DETAILS` is its help."""
    session = current_session()
    asked = session.week(week)
    if output == "-":
        raise Refusal(_("a folder can't go to standard output"), _("name a folder: -o DIR"))
    named = output or f"{session.definitions.id}-{asked}"
    board_of_week = board.board_query(session, asked)
    made = minutes.minutes_of(board_of_week)  # refuses first where nobody has scored the week
    parts = [
        *_board(session, board_of_week),
        Part(
            _("Minutes"),
            [
                Entry("minutes.docx", _("Minutes (docx)"), minutes.as_docx(made)),
                Entry("minutes.md", _("Minutes (Markdown)"), minutes.as_markdown(made)),
            ],
        ),
        Part(
            _("Standings"),
            [Entry("summary.xlsx", _("Summary (xlsx)"), _summary(session, board_of_week))],
        ),
        _sheets(session, weeks.shift(asked, 1)),
    ]
    folder: Path = session.around.folder / named
    title = f"{session.definitions.name}  {phrases.week(asked)}"
    count = sum(len(part.entries) for part in parts) + 1
    with session.console.progress(_("writing files"), count) as step:
        write(folder.absolute(), title, made.notes, parts, step)
    session.console.say(_("written: {path}").format(path=Path(named) / "index.html"))


def _board(session: Session, asked: BoardQuery) -> list[Part]:
    """The week's board for the screen, for paper and for a phone, and a slip for each member."""
    found = board.week_board(session, asked)
    made = [
        Entry(f"board.{form}", title, board.drawn_board(session, found, form))
        for form, title in (
            ("html", _("Board to open, sort and filter (html)")),
            ("pdf", _("Board for A4 and A3 (pdf)")),
            ("png", _("Board for the chat group (png)")),
        )
    ]
    return [Part(_("Board"), made), *_slips(session, asked)]


def _slips(session: Session, asked: BoardQuery) -> list[Part]:
    """All slips to print, and a page for each member of the week, by branch."""
    definitions, week = asked.definitions, asked.week
    members = [m.id for b in definitions.branches for m in definitions.members_of(b.id, week)]
    names = Counter(definitions.title(key) for key in members)
    entries, made, printed = [], [], []
    with session.console.progress(_("slips"), len(members) + 1) as step:
        for key in members:
            name = definitions.title(key)
            title = name if names[name] == 1 else f"{name} ({key})"
            made.append(board.slip(asked, key))
            raw = board.drawn_slip(session, made[-1], "html")
            entries.append(Entry(f"slips/{key}.html", title, raw))
            step()
        if 0 < len(made) <= _MOST_PRINTED:
            title = _("All slips to print, a page each (pdf)")
            printed.append(Entry("slips.pdf", title, board.drawn_slips(session, made)))
            step()
    if len(made) > _MOST_PRINTED:
        text = _("slips.pdf is left out: {count} slips are too many for one file")
        session.console.say(text.format(count=len(made)), "yellow")
    return [Part(_("Slips"), printed), Part(_("Slips, one by one"), entries)]


def _summary(session: Session, asked: BoardQuery) -> bytes:
    rankings = {
        kind: asked.behind(kind).ranking for kind in export.kinds_of_pages(session.definitions)
    }
    return export.workbook_of(session, weeks.single(asked.week), rankings)


def _sheets(session: Session, week: str) -> Part:
    """The score sheets of a week, one for each branch that has anyone to score."""
    from qibi.commands import sheet

    scheme = session.definitions.scheme(week)
    branches = [
        b.id for b in session.definitions.branches if session.definitions.has_subjects(b.id, week)
    ]
    entries = []
    with session.console.progress(_("sheets"), len(branches)) as step:
        rules = sheet.rules_of(session, scheme) if scheme and branches else ()
        for key in branches:
            made, _others = sheet.blank_of(session, key, week, "long", (), False)
            entries.append(
                Entry(
                    f"sheets/{sheet.file_name(session, key, week, 'xlsx')}",
                    phrases.branch(session.definitions, key),
                    sheet.made_bytes(made, rules),
                )
            )
            step()
    return Part(_("Score sheets for {week}").format(week=phrases.week(week)), entries)
