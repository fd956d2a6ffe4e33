"""Options that several commands share, with their help and completion."""

from typing import Annotated

import typer

from qibi.base.language import _
from qibi.cli import complete

Format = Annotated[
    str,
    typer.Option(
        "--format",
        help=_("table, json, csv or md"),
        metavar="FORMAT",
        autocompletion=complete.formats,
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
        autocompletion=complete.members,
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help=_("say what would be done, write nothing"))]
Week = Annotated[
    str | None,
    typer.Option(
        "--week",
        metavar="[WEEK]",
        help=_("2026-W41, W41, 41, last or a date; bare: the latest assessed"),
        autocompletion=complete.weeks,
    ),
]
Period = Annotated[
    str | None,
    typer.Argument(
        metavar="[PERIOD]",
        help=_("2026-W41, 2026-W38..2026-W41, 2026-09, 2026-Q4, 2026 or last"),
        autocompletion=complete.weeks,
    ),
]
Branch = Annotated[
    str | None,
    typer.Option(
        "--branch",
        metavar="BRANCH",
        help=_("id, name or section"),
        autocompletion=complete.branches,
    ),
]
Department = Annotated[
    str | None,
    typer.Option(
        "--department",
        metavar="NAME",
        help=_("of this department's branches only"),
        autocompletion=complete.departments,
    ),
]
Section = Annotated[
    str | None,
    typer.Option(
        "--section",
        metavar="NAME",
        help=_("of this section's branches only"),
        autocompletion=complete.sections,
    ),
]
Subject = Annotated[
    str,
    typer.Argument(
        metavar="SUBJECT", help=_("id, name or part of a name"), autocompletion=complete.subjects
    ),
]
