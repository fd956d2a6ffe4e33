"""Options that several commands share, with their help and completion."""

from enum import StrEnum
from typing import Annotated

import typer

from qibi.base import weeks
from qibi.base.findings import Refusal
from qibi.base.language import _
from qibi.base.text import argument
from qibi.base.weeks import Period
from qibi.cli import completion
from qibi.cli.session import Session
from qibi.cli.surroundings import LATEST


class Hidden(StrEnum):
    """What to do with what a sheet hides, or calls not approved."""

    read = "read"
    skip = "skip"


Format = Annotated[
    str,
    typer.Option(
        "--format",
        help=_("table, json, csv or md"),
        metavar="FORMAT",
        autocompletion=completion.formats,
    ),
]
Output = Annotated[
    str | None,
    typer.Option("--output", "-o", metavar="FILE", help=_("write to FILE; - is standard output")),
]
As = Annotated[
    str | None,
    typer.Option(
        "--as",
        metavar="WHO",
        help=_("who records; else QIBI_AS, git's qibi.as"),
        autocompletion=completion.members,
    ),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help=_("show what would be done, write nothing"))
]
Week = Annotated[
    str | None,
    typer.Option(
        "--week",
        metavar="[WEEK]",
        help=_("2026-W41, W41, 41, last or a date; bare: the latest assessed"),
        autocompletion=completion.weeks,
    ),
]
PeriodArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[PERIOD]",
        help=_("2026-W41, 2026-W38..2026-W41, 2026-09, 2026-Q4, 2026 or last"),
        autocompletion=completion.weeks,
    ),
]
Branch = Annotated[
    str | None,
    typer.Option(
        "--branch",
        metavar="BRANCH",
        help=_("id, name or section"),
        autocompletion=completion.branches,
    ),
]
Department = Annotated[
    str | None,
    typer.Option(
        "--department",
        metavar="NAME",
        help=_("of this department's branches only"),
        autocompletion=completion.departments,
    ),
]
Section = Annotated[
    str | None,
    typer.Option(
        "--section",
        metavar="NAME",
        help=_("of this section's branches only"),
        autocompletion=completion.sections,
    ),
]
Subject = Annotated[
    str,
    typer.Argument(
        metavar="SUBJECT", help=_("id, name or part of a name"), autocompletion=completion.subjects
    ),
]


# From a command's period and its --week, --month, --quarter and --year to one period.


def period_of(
    session: Session,
    period: str | None = None,
    week: str | None = None,
    month: str | None = None,
    quarter: str | None = None,
    year: str | None = None,
) -> Period:
    """The one period asked for; the latest assessed week where none is. Raises `Refusal`."""
    given = {
        k: v
        for k, v in {
            "PERIOD": period,
            "--week": week,
            "--month": month,
            "--quarter": quarter,
            "--year": year,
        }.items()
        if v is not None
    }
    if period is not None and week == LATEST and weeks.parse_period(period, session.today) is None:
        return session.period(period)  # `--week nonsense`: refused by what was meant
    if len(given) > 1:
        raise Refusal(
            _("{names} can't go together").format(names=", ".join(given)), _("name one period")
        )
    if not given:
        return session.period(None)
    ((name, text),) = given.items()
    if name in ("PERIOD", "--week"):
        return session.period(text)
    return _named(session, name[2:], text)


def _named(session: Session, kind: str, text: str) -> Period:
    anchor = session.period(None).weeks[0]
    thursday = weeks.monday(anchor).toordinal() + 3
    day = session.today.fromordinal(thursday)
    if text == "last":
        day = session.today
    current = {
        "month": weeks.month(day.year, day.month),
        "quarter": weeks.quarter(day.year, (day.month + 2) // 3),
        "year": weeks.year(day.year),
    }[kind]
    if text == LATEST:
        return current
    if text == "last":
        return weeks.before(current)
    short = text.removesuffix("月").lstrip("qQ") if kind != "year" else text
    if short.isdigit() and len(short) <= 2:
        number = int(short)
        if kind == "month" and 1 <= number <= 12:
            return weeks.month(day.year, number)
        if kind == "quarter" and 1 <= number <= 4:
            return weeks.quarter(day.year, number)
    period = weeks.parse_period(text, session.today)
    if period is None or period.kind != kind:
        examples = {"month": "2026-09", "quarter": "2026-Q4", "year": "2026"}
        raise Refusal(
            _("--{kind}: '{text}' is not one").format(kind=kind, text=text),
            _("write it as {example}").format(example=examples[kind]),
        )
    return period


# Files that are made as bytes: where they go, and what a person is told.


def put(session: Session, raw: bytes, output: str | None, usual: str) -> None:
    """Write bytes to the file named, to `usual` where none is, for `-` to standard output.

    Raises `Refusal` where the disk refuses, or where standard output is a terminal.
    """
    from qibi.ledger.store import write_output

    if output == "-":
        _to_stream(session, raw, usual)
        return
    write_output(session.around.folder / (output or usual), raw)
    session.console.say(_("written: {path}").format(path=output or usual))


def _to_stream(session: Session, raw: bytes, usual: str) -> None:
    stream = session.around.stdout
    if stream.isatty() or not hasattr(stream, "buffer"):
        raise Refusal(
            _("{file} is binary, not for a terminal").format(file=usual),
            _("write it to a file: -o {file}").format(file=argument(usual)),
        )
    stream.flush()
    stream.buffer.write(raw)
    stream.buffer.flush()
