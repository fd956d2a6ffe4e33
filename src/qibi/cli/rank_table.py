"""A ranking for people: as much of it as the terminal has room for."""

from qibi.base import points
from qibi.base.language import _, aside, clauses, listing
from qibi.base.text import argument, width
from qibi.book.definitions import Definitions
from qibi.cli import phrases
from qibi.cli.rank_formats import name_heading, payload, table
from qibi.cli.view import Cell, Column, Grid, View
from qibi.scoring.facts import Question
from qibi.scoring.ranking import Ranking, Standing

_TRIED = 100  # rows on which a layout is tried first


def view(
    definitions: Definitions, ranking: Ranking, top: int | None, columns: int, form: str
) -> View:
    """The ranking as JSON, as CSV, or for people: of thousands, the forms not asked for would take long."""
    shown = [s for s in ranking.standings if top is None or s.rank <= top]
    if form == "json":
        return View(payload=payload(definitions, ranking, shown))
    result = View()
    if form == "csv":
        result.header, result.rows = table(definitions, ranking, shown)
        return result
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
    asked = ranking.question
    what = phrases.kind(definitions, asked.by)
    if asked.criterion and ranking.scheme:
        criterion = ranking.scheme.criterion(asked.criterion)
        what += " " + str(criterion.name if criterion else asked.criterion)
    else:
        what = _("{member} points").format(member=what)
    parts = [
        where(definitions, asked),
        phrases.period(asked.period),
        what,
        phrases.closure(ranking),
        phrases.handed_in(ranking, definitions),
    ]
    return "  ".join(parts)


def where(definitions: Definitions, asked: Question) -> str:
    """Among whom a ranking is: the branch, section or department asked for, else the book's name."""
    named = [name for name in (asked.department, asked.section) if name]
    if asked.branch:
        named.append(phrases.branch(definitions, asked.branch))
    return "  ".join(dict.fromkeys(named)) or str(definitions.name)


def _grid(
    definitions: Definitions, ranking: Ranking, shown: list[Standing], columns: int
) -> tuple[Grid, set[str]]:
    """The richest layout that fits, and its parts: first the trend gives way, then the branch.

    Groups of several branches bear the same names, so there the criteria give way before the branch.
    """
    asked = ranking.question
    layouts = [
        {"rank", "moved", "name", "branch", "long", "criteria", "total", "grade", "trend"},
        {"rank", "moved", "name", "branch", "criteria", "total", "grade", "trend"},
        {"rank", "moved", "name", "branch", "criteria", "total", "grade"},
        {"rank", "moved", "name", "branch", "criteria", "total"},
        {"rank", "name", "criteria", "total"},
        {"rank", "moved", "name", "branch", "total", "grade", "trend"},
        {"rank", "name", "total"},
    ]
    among = sum(asked.includes(branch) for branch in definitions.branches)
    if among == 1 or asked.by in ("branch", "unit", "post"):
        layouts = [parts - {"branch"} for parts in layouts]
    elif asked.by == "group":
        layouts = [parts for parts in layouts if "branch" in parts]
        layouts.append({"rank", "name", "branch", "total"})
    first = shown[:_TRIED]  # of thousands, what has no room for these is not drawn whole
    for parts in layouts[:-1]:
        if _fits(_layout(definitions, ranking, first, parts), columns):
            grid = _layout(definitions, ranking, shown, parts)
            if _fits(grid, columns):
                return grid, parts
    return _layout(definitions, ranking, shown, layouts[-1]), layouts[-1]


def _fits(grid: Grid, columns: int) -> bool:
    widths = [
        max(width(c.title), phrases.widest(_text(r[n]) for r in grid.rows))
        for n, c in enumerate(grid.columns)
    ]
    return phrases.fits(widths, columns)


def _text(cell: str | Cell) -> str:
    return cell if isinstance(cell, str) else cell.text


def _layout(
    definitions: Definitions,
    ranking: Ranking,
    shown: list[Standing],
    parts: set[str],
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
        name_heading(definitions, asked.by),
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
    last = argument(definitions.title(shown[-1].subject))
    return [text, _("why: qibi why {subject}").format(subject=last)]
