"""qibi minutes: the meeting's minutes, what is known filled in, the rest as lines to fill."""

from typing import Annotated

import typer

from qibi.base.findings import Refusal
from qibi.base.language import _, listing, mark
from qibi.board.build import BoardQuery
from qibi.board.minutes import Minutes, docx, markdown
from qibi.board.minutes import minutes as made_of
from qibi.cli import options
from qibi.cli.options import put
from qibi.cli.session import current_session
from qibi.commands.board import board_query
from qibi.commands.export import must_be_scored

PANEL = "look", 8
SUMMARY = mark("The meeting's minutes: red and black lists, remedies, lines to fill.")
DETAILS = mark(
    "For each name on the red list, what others can learn; on the black list, cause and measure; "
    "then remedies, decisions, the next meeting and signatures. What the book already knows is "
    "filled in. Without --week it is the latest assessed week."
)
EXAMPLES = """
qibi minutes --week W46
qibi minutes --week W46 -o minutes.docx
"""
FORMATS = ("md", "docx")


def minutes(
    week: options.Week = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help=_("md or docx; else by the name of FILE"),
            autocompletion=lambda: list(FORMATS),
        ),
    ] = None,
    output: options.Output = None,
) -> None:
    """Run the command; `DETAILS` is its help."""
    session = current_session()
    ending = (output or "").rpartition(".")[2].lower()
    form = form or (ending if ending in FORMATS else "md")
    if form not in FORMATS:
        raise Refusal(
            _("there is no format '{form}'").format(form=form),
            _("one of: {formats}").format(formats=listing(list(FORMATS))),
        )
    asked = session.week(week)
    made = minutes_of(board_query(session, asked))
    if form == "docx":
        put(session, as_docx(made), output, f"{session.definitions.id}-{asked}.docx")
        return
    raw = as_markdown(made)
    if output and output != "-":
        put(session, raw, output, output)
    else:
        session.around.stdout.write(raw.decode())


def as_docx(made: Minutes) -> bytes:
    """The minutes as docx; raises `Refusal` where python-docx is not installed."""

    return docx(made)


def as_markdown(made: Minutes) -> bytes:
    """The minutes as Markdown."""

    return markdown(made).encode()


def minutes_of(asked: BoardQuery) -> Minutes:
    """The minutes of a week; raises `Refusal` where nobody has scored anything in it."""

    must_be_scored(asked.behind("member").ranking)
    return made_of(asked)
