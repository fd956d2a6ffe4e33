"""qibi board: the week for the wall and the chat group, and one person's slip."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qibi.base.findings import Refusal
from qibi.base.language import _, listing, mark
from qibi.cli import completion, options, phrases
from qibi.cli.options import put
from qibi.cli.session import Session, current_session
from qibi.commands.export import must_be_scored

if TYPE_CHECKING:
    from qibi.board.build import Board, BoardQuery, Slip

PANEL = "look", 7
SUMMARY = mark("The week for the wall and the chat group; one person's slip.")
DETAILS = mark(
    "Lists with what put each name there, the top ten, criteria by branch, trends, remedies, milestones, "
    "and the seal of a closed week. html is one page to open, sort and filter, with the sum behind "
    "each name; pdf is for A4 and A3, png for the chat group, svg for other documents. It goes to a "
    "file named by book and week, unless -o says otherwise."
)
EXAMPLES = mark("""
qibi board --week W46
qibi board --week W46 --format pdf --size a3
qibi board --week W46 --member o1-008 -o slip.png
""")
FORMATS = ("html", "pdf", "png", "svg")
SIZES = ("a4", "a3")
_ROWS_OF_A_PICTURE = 40  # branches on a picture; a page has them all


def board(
    week: options.Week = None,
    member: Annotated[
        str | None,
        typer.Option(
            "--member",
            metavar="SUBJECT",
            help=_("the slip of this subject: points, rank, why, trend"),
            autocompletion=completion.subjects,
        ),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help=_("html, pdf, png or svg; else by the name of FILE"),
            autocompletion=lambda: list(FORMATS),
        ),
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(
            "--size",
            metavar="SIZE",
            help=_("for pdf: a4 or a3"),
            autocompletion=lambda: list(SIZES),
        ),
    ] = None,
    output: options.Output = None,
) -> None:
    """Run the command; `DETAILS` is its help."""
    session = current_session()
    form = _form(form, size, output)
    asked = board_query(session, session.week(week))
    if member is None:
        raw = drawn_board(session, week_board(session, asked), form, size or "a4")
        put(session, raw, output, f"{session.definitions.id}-{asked.week}.{form}")
        return
    key = session.find_subject(member, asked.week)
    raw = drawn_slip(session, slip(asked, key), form, size or "a4")
    _say(session, asked.pending(asked.behind("member").ranking))
    put(session, raw, output, f"{key}-{asked.week}.{form}")


def _form(form: str | None, size: str | None, output: str | None) -> str:
    """The format asked for, by name or by a file's ending; raises `Refusal`."""
    ending = (output or "").rpartition(".")[2].lower()
    form = form or (ending if ending in FORMATS else "pdf" if size else "html")
    for name, value, known in (("format", form, FORMATS), ("size", size, SIZES)):
        if value is not None and value not in known:
            raise Refusal(
                _("there is no format '{form}'").format(form=value)
                if name == "format"
                else _("there is no size '{size}'").format(size=value),
                _("one of: {formats}").format(formats=listing(list(known))),
            )
    if size and form != "pdf":
        raise Refusal(
            _("{names} can't go together").format(names=f"--size, --format {form}"),
            _("leave one out"),
        )
    return form


def week_board(session: Session, asked: "BoardQuery") -> "Board":
    """A week's board; raises `Refusal` where nobody has scored anything in it."""
    from qibi.board import build

    with session.console.progress(_("calculating the board"), 4) as step:
        must_be_scored(asked.behind("member").ranking)
        found = build.board(asked, step)
    _say(session, found.head.pending)
    return found


def drawn_board(session: Session, found: "Board", form: str, size: str = "a4") -> bytes:
    """A board as bytes of a format."""
    from qibi.board import labels

    if form == "html":
        from qibi.board import html

        return html.page(session.definitions, found)
    rows = _ROWS_OF_A_PICTURE if form == "png" else None
    return _paper(session, "board", labels.of_board(session.definitions, found, rows), form, size)


def slip(asked: "BoardQuery", key: str) -> "Slip":
    """One subject's slip."""
    from qibi.board import build

    book, week = asked.definitions, asked.week
    return build.slip(asked, key, phrases.who(book, key, week), phrases.ties(book, key, week))


def drawn_slip(session: Session, found: "Slip", form: str, size: str = "a4") -> bytes:
    """A slip as bytes of a format."""
    from qibi.board import labels

    if form == "html":
        from qibi.board import html

        return html.slip(session.definitions, found)
    return _paper(session, "slip", labels.of_slip(session.definitions, found), form, size)


def drawn_slips(session: Session, found: "Sequence[Slip]") -> bytes:
    """Slips of one week as a pdf to print, each on a page of its own."""
    from qibi.board import labels

    return _paper(session, "slips", labels.of_slips(session.definitions, found), "pdf", "a4")


def board_query(session: Session, week: str) -> "BoardQuery":
    """A week of the book, with the ways in which commands speak of it."""
    from qibi.board.build import BoardQuery

    return BoardQuery(
        session.root,
        session.definitions,
        week,
        session.today,
        session.around.cache,
        phrases.closure,
        lambda ranking: phrases.handed_in(ranking, session.definitions),
        phrases.apart,
    )


def _say(session: Session, pending: Sequence[str]) -> None:
    for text in pending:
        session.console.say(_("warning: {text}").format(text=text), "yellow")


def _paper(session: Session, template: str, data: dict[str, Any], form: str, size: str) -> bytes:
    from qibi.board import fonts, paper
    from qibi.board.paper import svg

    seal = data["head"]["seal"]
    data["qr"] = svg(seal["digest"]) if seal else ""
    for text, lacking in paper.unshown({k: v for k, v in data.items() if k != "qr"}):
        message = _("the font has no {characters}, in '{text}'; a mark replaces it")
        _say(
            session, [message.format(characters=fonts.listed(lacking), text=_whose(session, text))]
        )
    return paper.drawn(template, data, form, size, session.today)


def _whose(session: Session, text: str) -> str:
    """A text; where it is somebody's name, with the id."""
    key = next(
        (k for k in session.definitions.subjects if session.definitions.title(k) == text), None
    )
    return f"{text} ({key})" if key else text
