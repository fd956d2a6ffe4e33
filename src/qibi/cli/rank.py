"""qibi rank: who stands where."""

from typing import Annotated, Any

import typer

from qibi.base import points
from qibi.base.findings import Refusal
from qibi.base.language import _, clauses, listing, many, mark
from qibi.base.text import width
from qibi.book import lookup
from qibi.book.definitions import Criterion, Definitions
from qibi.cli import complete, options, phrases
from qibi.cli.console import Cell, Column, Grid, View
from qibi.cli.periods import asked_period
from qibi.cli.session import session
from qibi.scoring.facts import KINDS
from qibi.scoring.ranking import Ranking, Standing
from qibi.scoring.ranking import rank as ranking_of

DETAILS = mark(
    "Without a period it is the latest assessed week. The ranking is provisional, and says "
    "so, until every branch is in."
)
EXAMPLES = """
qibi rank --week
qibi rank --month 2026-10 --branch outer-1 --format csv -o october.csv
"""

_WIDE = 1000  # a Markdown table has all the room it wants
_TREND_FROM = 84  # columns from which all branches have room for it


def rank(
    period: Annotated[
        str | None,
        typer.Argument(
            metavar="[PERIOD]",
            help=_("2026-W41, 2026-W38..2026-W41, 2026-09, 2026-Q4, 2026 or last"),
            autocompletion=complete.weeks,
        ),
    ] = None,
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
    form: options.Format = "table",
    output: options.Output = None,
) -> None:
    """Run the command; `DETAILS` is its help."""
    now = session()
    asked = asked_period(now, period, week, month, quarter, year)
    among = now.find_branch(branch) if branch else None
    by_criterion = _criterion(now.definitions, criterion, asked.weeks[-1])
    if by not in KINDS:
        raise Refusal(
            _("there is no ranking by '{by}'").format(by=by),
            _("one of: {kinds}").format(kinds=listing(list(KINDS))),
        )
    found = ranking_of(
        now.root,
        now.definitions,
        asked,
        by=by,
        branch=among,
        criterion=by_criterion,
        cache=now.around.cache,
        today=now.today,
        trend=form == "md"
        or (form == "table" and (among is not None or now.around.width >= _TREND_FROM)),
    )
    _warn(found)
    columns = _WIDE if form == "md" else now.around.width
    now.console.show(view(now.definitions, found, top, columns), form, output)


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


def warnings(ranking: Ranking) -> list[tuple[str, str]]:
    """Code and text of what a reader must know beside the ranking."""
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
    return named + [
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


def view(definitions: Definitions, ranking: Ranking, top: int | None, columns: int) -> View:
    """The ranking for people, as JSON and as CSV."""
    shown = [s for s in ranking.standings if top is None or s.rank <= top]
    result = View(payload=payload(definitions, ranking, shown))
    result.header, result.rows = _table(definitions, ranking, shown)
    result.line(_title(definitions, ranking), "bold")
    result.line()
    if shown:
        result.blocks.append(_grid(definitions, ranking, shown, columns))
    else:
        result.line(_("nobody has a place in this period yet"))
    unranked = _unranked(definitions, ranking) if top is None else []
    for number, line in enumerate(unranked):
        if not number:
            result.line()
        result.line(line)
    if shown:
        result.line()
        for line in _legend(definitions, ranking, shown):
            result.line(line, "dim")
    return result


def _title(definitions: Definitions, ranking: Ranking) -> str:
    asked = ranking.question
    where = phrases.branch(definitions, asked.branch) if asked.branch else str(definitions.name)
    what = phrases.kind(definitions, asked.by)
    if asked.criterion and ranking.scheme:
        criterion = ranking.scheme.criterion(asked.criterion)
        what += " " + str(criterion.name if criterion else asked.criterion)
    else:
        what = _("{member} points").format(member=what)
    parts = [
        where,
        phrases.period(asked.period),
        what,
        _("not closed"),
        phrases.handed_in(ranking, definitions),
    ]
    return "  ".join(parts)


def _grid(definitions: Definitions, ranking: Ranking, shown: list[Standing], columns: int) -> Grid:
    """The richest layout that fits: first the trend gives way, then the branch's column narrows."""
    layouts = [
        {"rank", "moved", "name", "branch", "long", "criteria", "total", "grade", "trend"},
        {"rank", "moved", "name", "branch", "criteria", "total", "grade", "trend"},
        {"rank", "moved", "name", "branch", "criteria", "total", "grade"},
        {"rank", "moved", "name", "branch", "criteria", "total"},
        {"rank", "name", "criteria", "total"},
        {"rank", "moved", "name", "branch", "total", "grade", "trend"},
        {"rank", "name", "total"},
    ]
    if ranking.question.branch or ranking.question.by in ("branch", "unit", "post"):
        layouts = [parts - {"branch"} for parts in layouts]
    made = [_layout(definitions, ranking, shown, parts) for parts in layouts]
    for grid in made:
        widths = [
            max(width(c.title), phrases.widest(_text(r[n]) for r in grid.rows))
            for n, c in enumerate(grid.columns)
        ]
        if phrases.fits(widths, columns):
            return grid
    return made[-1]


def _name_heading(definitions: Definitions, ranking: Ranking) -> str:
    by = ranking.question.by
    word = phrases.kind(definitions, by)
    return _("Name") if by == "member" else word[:1].upper() + word[1:]


def _text(cell: str | Cell) -> str:
    return cell if isinstance(cell, str) else cell.text


def _layout(
    definitions: Definitions, ranking: Ranking, shown: list[Standing], parts: set[str]
) -> Grid:
    scheme = ranking.scheme
    asked = ranking.question
    heads: list[Column] = []
    cells: list[list[str | Cell]] = []

    def add(title: str, texts: list[str | Cell], right: bool = False) -> None:
        heads.append(Column(title, right=right))
        cells.append(texts)

    add(_("Rank"), [str(s.rank) for s in shown], right=True)
    if "moved" in parts:
        add(_("+/-"), [phrases.moved(s.moved) for s in shown], right=True)
    add(
        _name_heading(definitions, ranking),
        [
            Cell(definitions.title_of(ranking.question.by, s.subject), phrases.alert_style(s.alert))
            for s in shown
        ],
    )
    if "branch" in parts:
        add(
            phrases.branch_heading(definitions),
            [phrases.branch(definitions, s.branch) if s.branch else "" for s in shown],
        )
    for criterion in scheme.criteria if scheme and "criteria" in parts else ():
        if not any(criterion.id in s.criteria for s in shown):
            continue
        title = str(criterion.name if "long" in parts else criterion.short)
        if asked.criterion == criterion.id:
            title += "*"
        add(
            title,
            [_criterion_cell(ranking, s, criterion.id, criterion.base) for s in shown],
            right=True,
        )
    mark = "grade" not in parts or not any(s.grade for s in shown)
    add(
        _("Total") if not asked.criterion else _("Points"),
        [
            Cell(points.show(s.total) + (phrases.alert_mark(s.alert) if mark else ""), "bold")
            for s in shown
        ],
        right=True,
    )
    if len(asked.period.weeks) > 1 and scheme and scheme.period_total == "sum":
        add(_("Mean"), [points.show(s.mean) for s in shown], right=True)
    if "grade" in parts and any(s.grade for s in shown):
        grades = [phrases.grade(scheme, s.grade) + phrases.alert_mark(s.alert) for s in shown]
        add(
            _("Grade"),
            [Cell(g, phrases.alert_style(s.alert)) for g, s in zip(grades, shown, strict=True)],
        )
    if "trend" in parts and ranking.trends:
        add(_("8 weeks"), list(_trends(ranking, shown)))
    return Grid(heads, list(zip(*cells, strict=True)))


def _criterion_cell(ranking: Ranking, standing: Standing, key: str, base: int) -> str:
    """The difference from the base; over summed weeks the points themselves."""
    if key not in standing.criteria:
        return ""
    value = standing.criteria[key]
    summed = ranking.scheme is not None and ranking.scheme.period_total == "sum"
    if summed and standing.weeks > 1:
        return points.show(value)
    return phrases.deviation(value, base)


def _trends(ranking: Ranking, shown: list[Standing]) -> list[str]:
    values = [v for s in shown for v in ranking.trends.get(s.subject, {}).values()]
    low, high = min(values, default=0), max(values, default=0)
    return [
        phrases.trend(ranking.trends.get(s.subject, {}), ranking.question.also, low, high)
        for s in shown
    ]


def _unranked(definitions: Definitions, ranking: Ranking) -> list[str]:
    groups: dict[str, list[str]] = {}
    for unranked in ranking.unranked:
        if ranking.missing and unranked.reason == "unscored":
            continue  # the title names the branches that are missing
        groups.setdefault(phrases.reason(unranked.reason, unranked.note), []).append(
            definitions.title_of(ranking.question.by, unranked.subject)
        )
    return [
        _("without a place  {names}: {reason}").format(names=listing(names), reason=reason)
        for reason, names in groups.items()
    ]


def _legend(definitions: Definitions, ranking: Ranking, shown: list[Standing]) -> list[str]:
    lines = []
    scheme = ranking.scheme
    summed = scheme is not None and scheme.period_total == "sum"
    if not (summed and len(ranking.question.period.weeks) > 1):
        lines.append(_("criteria are differences from the base, '.' is level"))
    words = dict.fromkeys(
        f"{phrases.alert_mark(s.alert)} {phrases.alert_word(scheme, s.alert, s.mean)}"
        for s in sorted(shown, key=lambda s: s.alert or "", reverse=True)
        if s.alert
    )
    if words:
        lines.append(listing(list(words)))
    totals = [s.total for s in ranking.standings]
    mean = (2 * sum(totals) + len(totals)) // (2 * len(totals))
    lines.append(_("mean {mean}").format(mean=points.show((mean + 5) // 10 * 10)))
    text = clauses(lines)
    if ranking.question.by not in ("member", "cp", "branch"):
        return [text]
    last = phrases.argument(definitions.title(shown[-1].subject))
    return [text, _("why: qibi why {subject}").format(subject=last)]


def payload(definitions: Definitions, ranking: Ranking, shown: list[Standing]) -> dict[str, Any]:
    """The ranking as JSON, in the shape that DESIGN fixes."""
    asked = ranking.question
    return {
        "qibi": 1,
        "command": "rank",
        "period": {"label": asked.period.label, "weeks": list(asked.period.weeks)},
        "by": asked.by,
        "branch": asked.branch,
        "criterion": asked.criterion,
        "provisional": ranking.provisional,
        "missing": [{"week": week, "branch": branch} for week, branch in ranking.missing],
        "standings": [
            {
                "rank": s.rank,
                "moved": s.moved,
                "subject": s.subject,
                "name": definitions.title_of(ranking.question.by, s.subject),
                "branch": s.branch,
                "total": points.to_number(s.total),
                "mean": points.to_number(s.mean),
                "weeks": s.weeks,
                "criteria": {k: points.to_number(v) for k, v in s.criteria.items()},
                "grade": s.grade,
                "alert": s.alert,
            }
            for s in shown
        ],
        "unranked": [
            {
                "subject": u.subject,
                "name": definitions.title_of(asked.by, u.subject),
                "reason": u.reason,
                "note": u.note or None,
            }
            for u in ranking.unranked
        ],
        "warnings": [{"code": code, "message": text} for code, text in warnings(ranking)],
    }


def _shown_criteria(ranking: Ranking, shown: list[Standing]) -> list[Criterion]:
    """The scheme's criteria that any of those shown has points on."""
    criteria = ranking.scheme.criteria if ranking.scheme else ()
    return [c for c in criteria if any(c.id in s.criteria for s in shown)]


def _table(
    definitions: Definitions, ranking: Ranking, shown: list[Standing]
) -> tuple[list[str], list[list[Any]]]:
    """Headings and rows for CSV: ids beside names, plain numbers."""
    criteria = _shown_criteria(ranking, shown)
    header = [
        _("Rank"),
        _("Moved"),
        _("Id"),
        _name_heading(definitions, ranking),
        phrases.branch_heading(definitions),
        _("Total"),
        _("Mean"),
        _("Weeks"),
        *(str(c.name) for c in criteria),
        _("Grade"),
        _("Alert"),
        _("Note"),
    ]
    rows: list[list[Any]] = [
        [
            s.rank,
            s.moved,
            s.subject,
            definitions.title_of(ranking.question.by, s.subject),
            str(definitions.label(s.branch or "")),
            points.to_number(s.total),
            points.to_number(s.mean),
            s.weeks,
            *(points.to_number(s.criteria[c.id]) if c.id in s.criteria else None for c in criteria),
            phrases.grade(ranking.scheme, s.grade),
            s.alert,
            None,
        ]
        for s in shown
    ]
    for u in ranking.unranked:
        blanks = [None] * (len(header) - 6)
        rows.append(
            [
                None,
                None,
                u.subject,
                definitions.title_of(ranking.question.by, u.subject),
                str(definitions.label(u.branch or "")),
                *blanks,
                phrases.reason(u.reason, u.note),
            ]
        )
    return header, rows
