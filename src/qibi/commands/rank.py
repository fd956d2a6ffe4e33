"""qibi rank: rankings."""

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Annotated, Any

import typer

from qibi.base import points, weeks
from qibi.base.findings import Refusal
from qibi.base.language import _, aside, clauses, listing, many, mark
from qibi.base.text import argument
from qibi.book import lookup
from qibi.book.definitions import Criterion, Definitions
from qibi.book.words import RANKED
from qibi.cli import completion, options, phrases
from qibi.cli.options import period_of
from qibi.cli.output import Field, Grid, Records, View, fits
from qibi.cli.session import Session, current_session
from qibi.cli.standings import (
    grade_fields,
    mean_text,
    points_fields,
    rank_fields,
    unranked_fields,
)
from qibi.ledger.counting import counting, read_counting
from qibi.ledger.evidence_files import HONOURS, RECORDS
from qibi.scoring.facts import SPANNING, Question
from qibi.scoring.honours import Honoured, HonoursRanking, ranking
from qibi.scoring.ranking import Ranking, Standing, Unranked
from qibi.scoring.ranking import rank as ranking_of

PANEL = "week", 6
SUMMARY = mark("Rank members over a week, month, quarter, year or range.")
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
    period: options.PeriodArgument = None,
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
            autocompletion=completion.kinds,
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
            autocompletion=completion.criteria,
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
        typer.Option("--recompute", help=_("with --fleet: by all its entries, not by week totals")),
    ] = False,
    engine: Annotated[
        str | None,
        typer.Option(
            "--engine",
            metavar="ENGINE",
            help=_("with --fleet: duckdb, or spark if one machine is too small"),
        ),
    ] = None,
    master: Annotated[
        str | None,
        typer.Option(
            "--master", metavar="URL", help=_("with Spark: spark://host:7077, yarn, local[*]")
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
    session = current_session()
    if any(one is not None for one in (fleet, engine, master, lake)):
        from qibi.commands import rank_fleet

        on = rank_fleet.engine(fleet, engine, master, lake)
    if fleet is not None:
        alone = {
            "--branch": branch,
            "--department": department,
            "--section": section,
            "--honours": honours or None,
        }
        rank_fleet.refuse_together([name for name, value in alone.items() if value is not None])
        times = rank_fleet.Times(period, week, month, quarter, year)
        asked_fleet = rank_fleet.FleetQuery(fleet, times, by, criterion, top, recompute, on)
        rank_fleet.show(session, asked_fleet, form, output)
        return
    if recompute:
        raise Refusal(_("--recompute needs --fleet"), _("name the fleet: --fleet fleet.yaml"))
    asked = period_of(session, period, week, month, quarter, year)
    if by not in RANKED:
        raise Refusal(
            _("there is no ranking by '{by}'").format(by=by),
            _("one of: {kinds}").format(kinds=listing(list(RANKED))),
        )
    one, part, place = _among(session, branch, department, section)
    if honours:
        if criterion is not None:
            names = "--honours, --criterion"
            raise Refusal(_("{names} can't go together").format(names=names), _("leave one out"))
        show(
            session,
            Question(asked, by=by, branch=one, department=part, section=place),
            top,
            form,
            output,
        )
        return
    found = ranking_of(
        session.root,
        session.definitions,
        asked,
        by=by,
        branch=one,
        department=part,
        section=place,
        criterion=_criterion(session.definitions, criterion, asked.weeks[-1]),
        cache=session.around.cache,
        today=session.today,
        trend=form == "md"
        or (form == "table" and (branch is not None or session.around.width >= _TREND_FROM)),
    )
    _warn(found)
    columns = _WIDE if form == "md" else session.around.width
    session.console.show(view(session.definitions, found, top, columns, form), form, output)


def _among(
    session: Session, branch: str | None, department: str | None, section: str | None
) -> tuple[str | None, str | None, str | None]:
    """The filters with what each of them means; raises `Refusal` where that is nothing."""
    book = session.definitions
    try:
        one = lookup.branch(book, branch) if branch is not None else None
        part = lookup.department(book, department) if department is not None else None
        place = lookup.section(book, section) if section is not None else None
    except lookup.NotFound as error:
        raise Refusal(str(error), code=1) from None
    asked = Question(weeks.single(weeks.BEGIN), branch=one, department=part, section=place)
    if not any(asked.includes(b) for b in book.branches):
        named = listing([name for name in (one, part, place) if name])
        raise Refusal(_("no branch matches all of this: {names}").format(names=named), code=1)
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
        current_session().console.say(_("warning: {text}").format(text=text), "yellow")


# A ranking for people: as much of it as the terminal has room for.


_TRIED = 100  # rows on which a layout is tried first


def view(
    definitions: Definitions, ranking: Ranking, top: int | None, columns: int, form: str
) -> View:
    """The ranking as JSON, as CSV, or for people: of thousands, the forms not asked for would take long."""
    shown = [s for s in ranking.standings if top is None or s.rank <= top]
    if form == "json":
        return View(payload=payload(definitions, ranking, shown))
    if form == "csv":
        standings = Records(_fields(definitions, ranking, shown), shown)
        return View(records=[standings, _unranked_records(definitions, ranking)])
    result = View()
    result.line(_title(definitions, ranking), "bold")
    result.line()
    if shown:
        grid, parts = _grid(definitions, ranking, shown, columns)
        result.blocks.append(grid)
    else:
        result.line(_("nobody has a place in this period yet"))
    unranked = _unranked(definitions, ranking) if top is None else []
    for number, line in enumerate(unranked):
        if not number:
            result.line()
        result.line(line)
    if shown:
        result.line()
        for line in _legend(definitions, ranking, shown, "criteria" in parts):
            result.line(line, "dim")
    return result


def _title(definitions: Definitions, ranking: Ranking) -> str:
    question = ranking.question
    what = phrases.kind(definitions, question.by)
    if question.criterion and ranking.scheme:
        criterion = ranking.scheme.criterion(question.criterion)
        what += " " + str(criterion.name if criterion else question.criterion)
    else:
        what = _("{member} points").format(member=what)
    parts = [
        where(definitions, question),
        phrases.period(question.period),
        what,
        phrases.closure(ranking),
        phrases.handed_in(ranking, definitions),
    ]
    return "  ".join(parts)


def where(definitions: Definitions, question: Question) -> str:
    """The scope of a ranking: the branch, section or department asked for, else the book's name."""
    named = [name for name in (question.department, question.section) if name]
    if question.branch:
        named.append(phrases.branch(definitions, question.branch))
    return "  ".join(dict.fromkeys(named)) or str(definitions.name)


def _grid(
    definitions: Definitions, ranking: Ranking, shown: list[Standing], columns: int
) -> tuple[Grid, set[str]]:
    """The richest layout that fits, and its parts: first the trend gives way, then the branch.

    Groups of several branches bear the same names, so there the criteria give way before the branch.
    """
    question = ranking.question
    layouts = [
        {"rank", "moved", "name", "branch", "long", "criteria", "total", "grade", "trend"},
        {"rank", "moved", "name", "branch", "criteria", "total", "grade", "trend"},
        {"rank", "moved", "name", "branch", "criteria", "total", "grade"},
        {"rank", "moved", "name", "branch", "criteria", "total"},
        {"rank", "moved", "name", "criteria", "total", "grade"},
        {"rank", "moved", "name", "criteria", "total"},
        {"rank", "name", "criteria", "total"},
        {"rank", "moved", "name", "branch", "total", "grade", "trend"},
        {"rank", "name", "total"},
    ]
    among = sum(question.includes(branch) for branch in definitions.branches)
    if among == 1 or question.by in ("branch", "unit", "post"):
        layouts = [parts - {"branch"} for parts in layouts]
    elif question.by == "group":
        layouts = [parts for parts in layouts if "branch" in parts]
        layouts.append({"rank", "name", "branch", "total"})
    first = shown[:_TRIED]  # of thousands, what has no room for these is not drawn whole
    for parts in layouts[:-1]:
        if fits(Records(_fields(definitions, ranking, first, parts), first).grid(), columns):
            grid = Records(_fields(definitions, ranking, shown, parts), shown).grid()
            if fits(grid, columns):
                return grid, parts
    last = layouts[-1]
    return Records(_fields(definitions, ranking, shown, last), shown).grid(), last


def _fields(
    definitions: Definitions, ranking: Ranking, shown: list[Standing], parts: Collection[str] = ()
) -> list[Field[Standing]]:
    """The fields of the standings shown; a table has the parts of a layout."""
    scheme, asked = ranking.scheme, ranking.question
    criteria = _shown_criteria(ranking, shown)
    graded = "grade" in parts and any(s.grade for s in shown)
    summed = len(asked.period.weeks) > 1 and scheme and scheme.period_total == "sum"
    columns = {"mean": summed, "alert": not graded}

    def deviation(criterion: Criterion) -> Field[Standing]:
        title = str(criterion.name if "long" in parts else criterion.short)
        return Field(
            "",
            heading=f"{title}*" if asked.criterion == criterion.id else title,
            shown=lambda s: _criterion_cell(ranking, s, criterion.id, criterion.base),
            right=True,
        )

    def name(subject: str) -> str:
        return definitions.title_of(asked.by, subject)

    fields = [
        *rank_fields(name, name_heading(definitions, asked.by), "moved" in parts),
        *_branch_fields(definitions, "branch" in parts),
        *(deviation(c) for c in criteria if "criteria" in parts),
        *points_fields(
            asked.criterion,
            [column for column, there in columns.items() if there],
            [(c.id, str(c.name)) for c in criteria],
        ),
        *grade_fields(lambda s: phrases.grade(scheme, s.grade), graded, named=True),
    ]
    if "trend" in parts and ranking.trends:
        fields.append(Field("", heading=_("8 weeks"), shown=_trend(ranking, shown)))
    return fields


def _branch_fields(definitions: Definitions, shown: bool) -> list[Field[Any]]:
    """The branch of a standing: its id in JSON, its name elsewhere."""
    heading = phrases.branch_heading(definitions)
    return [
        Field("branch", lambda s: s.branch, csv=""),
        Field(
            "branch_name",
            lambda s: str(definitions.label(s.branch or "")),
            heading if shown else None,
            lambda s: phrases.branch(definitions, s.branch) if s.branch else "",
            csv=heading,
            json=False,
        ),
    ]


def _criterion_cell(ranking: Ranking, standing: Standing, key: str, base: int) -> str:
    """The difference from the base; over summed weeks the points themselves."""
    if key not in standing.criteria:
        return ""
    value = standing.criteria[key]
    summed = ranking.scheme is not None and ranking.scheme.period_total == "sum"
    if summed and standing.weeks > 1:
        return points.show(value)
    return phrases.deviation(value, base)


def _trend(ranking: Ranking, shown: list[Standing]) -> Callable[[Standing], str]:
    """A standing's totals of the last weeks, drawn in the range of all that are shown."""
    values = [v for s in shown for v in ranking.trends.get(s.subject, {}).values()]
    low, high = min(values, default=0), max(values, default=0)
    return lambda s: phrases.trend(
        ranking.trends.get(s.subject, {}), ranking.question.also, low, high
    )


def _unranked(definitions: Definitions, ranking: Ranking) -> list[str]:
    groups: dict[str, list[str]] = {}
    for unranked in ranking.unranked:
        if ranking.missing and unranked.reason == "unscored":
            continue  # the title names the branches that are missing
        name = definitions.title_of(ranking.question.by, unranked.subject)
        if ranking.question.by == "group" and unranked.branch and not ranking.question.branch:
            name += aside(phrases.branch(definitions, unranked.branch))
        groups.setdefault(phrases.reason(unranked.reason, unranked.note), []).append(name)
    return [
        _("without a place  {names}: {reason}").format(names=listing(names), reason=reason)
        for reason, names in groups.items()
    ]


def _legend(
    definitions: Definitions, ranking: Ranking, shown: list[Standing], criteria: bool
) -> list[str]:
    lines = []
    scheme = ranking.scheme
    summed = scheme is not None and scheme.period_total == "sum"
    if criteria and not (summed and len(ranking.question.period.weeks) > 1):
        lines.append(_("criteria are differences from the base, '.' is zero"))
    words = dict.fromkeys(
        f"{phrases.alert_mark(s.alert)} {phrases.alert_word(scheme, s.alert, s.mean)}"
        for s in sorted(shown, key=lambda s: s.alert or "", reverse=True)
        if s.alert
    )
    if words:
        lines.append(listing(list(words)))
    text = clauses([*lines, mean_text(ranking.standings)])
    if ranking.question.by not in ("member", "cp", "branch"):
        return [text]
    last = argument(definitions.title(shown[-1].subject))
    return [text, _("why: qibi why {subject}").format(subject=last)]


# A ranking as JSON, as CSV, and what a reader must know next to it.


def warnings(ranking: Ranking) -> list[tuple[str, str]]:
    """Code and text of what a reader must know next to the ranking."""
    said = {
        "unknown-subject": _("of subjects that this book does not know"),
        "unknown-item": _("on items that the scheme does not know"),
        "not-assessed": _("of subjects that were not assessed"),
        "no-scheme": _("in weeks without a scheme"),
        "wrong-kind": _("on criteria that do not apply to the subject"),
    }
    foreign = ranking.unusable.get("unknown-branch", 0)
    named = (
        [
            (
                "unknown-branch",
                many(
                    "{count} entry is of a branch that this book does not know; it counts, 'qibi check' names it",
                    "{count} entries are of branches that this book does not know; they count, 'qibi check' names them",
                    foreign,
                ).format(count=foreign),
            )
        ]
        if foreign
        else []
    )
    waiting = [("pending", text) for text in phrases.pending(ranking.pending)]
    return (
        [("lost", text) for text in phrases.lost(ranking.lost)]
        + waiting
        + named
        + [
            (
                code,
                many(
                    "{count} entry {why} counts for nothing; 'qibi check' names it",
                    "{count} entries {why} count for nothing; 'qibi check' names them",
                    count,
                ).format(count=count, why=said[code]),
            )
            for code, count in sorted(ranking.unusable.items())
            if code != "unknown-branch"
        ]
    )


def payload(definitions: Definitions, ranking: Ranking, shown: list[Standing]) -> dict[str, Any]:
    """The ranking as JSON, in the shape that docs/formats.md gives."""
    question = ranking.question
    return {
        **_question(question),
        "criterion": question.criterion,
        "provisional": ranking.provisional,
        "closed": ranking.closed,
        "pending": ranking.pending,
        "lost": ranking.lost,
        "missing": [{"week": week, "branch": branch} for week, branch in ranking.missing],
        "standings": Records(_fields(definitions, ranking, shown), shown),
        "unranked": _unranked_records(definitions, ranking),
        "warnings": [{"code": code, "message": text} for code, text in warnings(ranking)],
    }


def _shown_criteria(ranking: Ranking, shown: list[Standing]) -> list[Criterion]:
    """The scheme's criteria that any of those shown has points on."""
    criteria = ranking.scheme.criteria if ranking.scheme else ()
    return [c for c in criteria if any(c.id in s.criteria for s in shown)]


def _unranked_records(definitions: Definitions, ranking: Ranking) -> Records[Unranked]:
    def name(subject: str) -> str:
        return definitions.title_of(ranking.question.by, subject)

    places = [f for f in _branch_fields(definitions, shown=False) if not f.json]
    note: Field[Unranked] = Field("note", lambda u: u.note or None, csv="")
    return Records([*unranked_fields(name, places), note], ranking.unranked)


def _question(question: Question) -> dict[str, Any]:
    """What was asked, with which the JSON of a ranking begins."""
    return {
        "qibi": 1,
        "command": "rank",
        "period": {"label": question.period.label, "weeks": list(question.period.weeks)},
        "by": question.by,
        "branch": question.branch,
        "department": question.department,
        "section": question.section,
    }


def name_heading(definitions: Definitions, by: str) -> str:
    """The heading of the column that names who is ranked."""
    word = phrases.kind(definitions, by)
    return _("Name") if by == "member" else word[:1].upper() + word[1:]


# qibi rank --honours: who was given letters, pennants, medals and patents in a period.


def show(
    session: Session, question: Question, top: int | None, form: str, output: str | None
) -> None:
    """Write the ranking by honours; raises `Faults` where the ledger is damaged."""
    counts = counting(session.root, question.period.weeks)
    honours = ranking(session.definitions, read_counting(session.root, counts), question)
    for text in (
        *_warnings(honours),
        *phrases.lost(counts.lost_in),
        *phrases.pending(counts.waiting),
    ):
        session.console.say(_("warning: {text}").format(text=text), "yellow")
    closure = phrases.closure_of(question.period.weeks, counts.closed)
    session.console.show(_view(session, honours, top, closure), form, output)


def _warnings(honours: HonoursRanking) -> list[str]:
    if not honours.unknown:
        return []
    text = many(
        "{count} honour is of a subject that this book does not know; 'qibi check' names it",
        "{count} honours are of subjects that this book does not know; 'qibi check' names them",
        honours.unknown,
    )
    return [text.format(count=honours.unknown)]


def _view(session: Session, honours: HonoursRanking, top: int | None, closure: str) -> View:
    definitions, asked = session.definitions, honours.question
    shown = [p for p in honours.places if top is None or (p.rank and p.rank <= top)]
    records = Records(_honours_fields(definitions, asked, shown), shown)
    result = View(payload=_payload(honours, records), records=[records])
    what = _("{member} honours").format(member=phrases.kind(definitions, asked.by))
    title = [where(definitions, asked), phrases.period(asked.period), what, closure]
    result.line("  ".join(title), "bold")
    result.line()
    if shown:
        result.blocks.append(records)
        if any(p.counts["pledge"] for p in shown):
            result.line()
            result.line(_("pledges are recorded, but not ranked"), "dim")
    else:
        result.line(_("no honours in this period"))
        result.line(
            _("an entry's evidence gives one: --evidence pennant:2026-003, or 'qibi attach'"), "dim"
        )
    return result


def _honours_fields(
    definitions: Definitions, question: Question, shown: list[Honoured]
) -> list[Field[Honoured]]:
    """A table has only the kinds that anyone has, and a dot where someone has none."""
    heading = name_heading(definitions, question.by)
    total = _("Honours")
    branches = question.by not in ("branch", *SPANNING) and not question.branch

    def counted(kind: str) -> Field[Honoured]:
        return Field(
            kind,
            lambda p: p.counts[kind],
            phrases.heading(kind) if any(p.counts[kind] for p in shown) else None,
            lambda p: str(p.counts[kind] or "."),
            csv=phrases.heading(kind),
            right=True,
        )

    ident, branch_name = _branch_fields(definitions, branches)
    return [
        Field(
            "rank", lambda p: p.rank, _("Rank"), lambda p: str(p.rank or "-"), _("Rank"), right=True
        ),
        Field("subject", lambda p: p.subject, csv=_("Id")),
        Field("name", lambda p: definitions.title_of(question.by, p.subject), heading, csv=heading),
        ident,
        replace(branch_name, wraps=True),
        Field("total", lambda p: p.total, csv=""),
        *(counted(kind) for kind in HONOURS),
        Field("count", lambda p: p.total, total, csv=total, json=False, right=True),
        *(counted(kind) for kind in RECORDS if kind not in HONOURS),
    ]


def _payload(honours: HonoursRanking, records: Records[Honoured]) -> dict[str, Any]:
    return {
        **_question(honours.question),
        "honours": records,
        "warnings": [{"code": "unknown-subject", "message": text} for text in _warnings(honours)],
    }
