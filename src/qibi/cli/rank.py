"""qibi rank: who stands where."""

from typing import Annotated

import typer

from qibi.base import weeks
from qibi.base.findings import Refusal
from qibi.base.language import _, listing, mark
from qibi.book import lookup
from qibi.book.definitions import Definitions
from qibi.cli import complete, options, rank_engine
from qibi.cli.periods import asked_period
from qibi.cli.rank_formats import warnings
from qibi.cli.rank_table import view
from qibi.cli.session import Session, session
from qibi.scoring.facts import KINDS, Question
from qibi.scoring.ranking import Ranking
from qibi.scoring.ranking import rank as ranking_of

DETAILS = mark(
    "Without a period it is the latest assessed week. The ranking is provisional, and says "
    "so, until every branch is in."
)
EXAMPLES = """
qibi rank --week
qibi rank --month 2026-10 --branch outer-1 --format csv -o october.csv
qibi rank --year --fleet group/fleet.yaml --by book
"""

_WIDE = 1000  # a Markdown table has all the room it wants
_TREND_FROM = 84  # columns from which all branches have room for it


def rank(
    period: options.Period = None,
    week: options.Week = None,
    month: Annotated[
        str | None, typer.Option("--month", metavar="[MONTH]", help=_("2026-09, 9 or last"))
    ] = None,
    quarter: Annotated[
        str | None, typer.Option("--quarter", metavar="[QUARTER]", help=_("2026-Q4, 4 or last"))
    ] = None,
    year: Annotated[
        str | None, typer.Option("--year", metavar="[YEAR]", help=_("2026 or last"))
    ] = None,
    by: Annotated[
        str,
        typer.Option(
            "--by",
            metavar="KIND",
            help=_("member, group, branch, cp, unit or post"),
            autocompletion=complete.kinds,
        ),
    ] = "member",
    branch: options.Branch = None,
    department: options.Department = None,
    section: options.Section = None,
    criterion: Annotated[
        str | None,
        typer.Option(
            "--criterion",
            metavar="CRITERION",
            help=_("rank by this criterion instead of the total"),
            autocompletion=complete.criteria,
        ),
    ] = None,
    top: Annotated[
        int | None, typer.Option("--top", metavar="N", min=1, help=_("the first N places only"))
    ] = None,
    honours: Annotated[
        bool, typer.Option("--honours", help=_("by letters, pennants, medals and patents instead"))
    ] = False,
    fleet: Annotated[
        str | None,
        typer.Option(
            "--fleet",
            metavar="FLEET",
            help=_("rank across the books of this fleet.yaml, by member, branch, cp, book or unit"),
        ),
    ] = None,
    recompute: Annotated[
        bool,
        typer.Option("--recompute", help=_("of a fleet: by all its entries, not by week totals")),
    ] = False,
    engine: Annotated[
        str | None,
        typer.Option(
            "--engine",
            metavar="ENGINE",
            help=_("of a fleet: duckdb, or spark where one machine is too small"),
        ),
    ] = None,
    master: Annotated[
        str | None,
        typer.Option(
            "--master", metavar="URL", help=_("of Spark: spark://host:7077, yarn, local[*]")
        ),
    ] = None,
    lake: Annotated[
        str | None,
        typer.Option(
            "--lake",
            metavar="URL",
            help=_("where Spark finds a copy of the lake: hdfs://…, s3a://…"),
        ),
    ] = None,
    form: options.Format = "table",
    output: options.Output = None,
) -> None:
    """Run the command; `DETAILS` is its help."""
    now = session()
    on = rank_engine.engine(fleet, engine, master, lake)
    if fleet is not None:
        from qibi.cli import rank_fleet

        alone = {
            "--branch": branch,
            "--department": department,
            "--section": section,
            "--honours": honours or None,
        }
        rank_fleet.refuse_together([name for name, value in alone.items() if value is not None])
        times = rank_fleet.Times(period, week, month, quarter, year)
        asked_fleet = rank_fleet.Asked(fleet, times, by, criterion, top, recompute, on)
        rank_fleet.show(now, asked_fleet, form, output)
        return
    if recompute:
        raise Refusal(_("--recompute needs --fleet"), _("name the fleet: --fleet fleet.yaml"))
    asked = asked_period(now, period, week, month, quarter, year)
    if by not in KINDS:
        raise Refusal(
            _("there is no ranking by '{by}'").format(by=by),
            _("one of: {kinds}").format(kinds=listing(list(KINDS))),
        )
    one, part, place = _among(now, branch, department, section)
    if honours:
        from qibi.cli import rank_honours

        if criterion is not None:
            names = "--honours, --criterion"
            raise Refusal(_("{names} can't go together").format(names=names), _("leave one out"))
        rank_honours.show(
            now,
            Question(asked, by=by, branch=one, department=part, section=place),
            top,
            form,
            output,
        )
        return
    found = ranking_of(
        now.root,
        now.definitions,
        asked,
        by=by,
        branch=one,
        department=part,
        section=place,
        criterion=_criterion(now.definitions, criterion, asked.weeks[-1]),
        cache=now.around.cache,
        today=now.today,
        trend=form == "md"
        or (form == "table" and (branch is not None or now.around.width >= _TREND_FROM)),
    )
    _warn(found)
    columns = _WIDE if form == "md" else now.around.width
    now.console.show(view(now.definitions, found, top, columns, form), form, output)


def _among(
    now: Session, branch: str | None, department: str | None, section: str | None
) -> tuple[str | None, str | None, str | None]:
    """The filters with what each of them means; raises `Refusal` where that is nothing."""
    book = now.definitions
    try:
        one = lookup.branch(book, branch) if branch is not None else None
        part = lookup.department(book, department) if department is not None else None
        place = lookup.section(book, section) if section is not None else None
    except lookup.NotFound as error:
        raise Refusal(str(error), code=1) from None
    asked = Question(weeks.single(weeks.BEGIN), branch=one, department=part, section=place)
    if not any(asked.includes(b) for b in book.branches):
        named = listing([name for name in (one, part, place) if name])
        raise Refusal(_("no branch is all of this: {names}").format(names=named), code=1)
    return one, part, place


def _criterion(definitions: Definitions, text: str | None, week: str) -> str | None:
    if text is None:
        return None
    scheme = definitions.scheme(week)
    if scheme is None:
        raise Refusal(_("no scheme is in force in {week}").format(week=week), code=1)
    try:
        return lookup.criterion(scheme, text)
    except lookup.NotFound as error:
        raise Refusal(str(error), code=1) from None


def _warn(ranking: Ranking) -> None:
    for _code, text in warnings(ranking):
        session().console.say(_("warning: {text}").format(text=text), "yellow")
