"""qibi rank --fleet: rankings across many books."""

from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from qibi.base import points, weeks
from qibi.base.findings import Refusal
from qibi.base.language import _, clauses, listing, many
from qibi.base.text import argument, closest
from qibi.base.weeks import Period
from qibi.cli import phrases
from qibi.cli.options import period_of
from qibi.cli.output import Field, Records, View
from qibi.cli.session import Session
from qibi.cli.standings import (
    grade_fields,
    mean_text,
    points_fields,
    rank_fields,
    unranked_fields,
)
from qibi.cli.surroundings import LATEST

if TYPE_CHECKING:
    from qibi.book.fleet import FleetFile
    from qibi.fleet.lake import Lake
    from qibi.fleet.ranking import FleetQuestion, FleetRanking
    from qibi.scoring.ranking import Standing, Unranked


# qibi rank --engine: on what a fleet is ranked.


ENGINES = ("duckdb", "spark")


@dataclass(frozen=True)
class FleetEngine:
    """DuckDB in this process, or Spark at a master; `copy` is the URL at which Spark finds the lake."""

    name: str = ENGINES[0]
    master: str | None = None
    copy: str | None = None


def engine(
    fleet: str | None, name: str | None, master: str | None, copy: str | None
) -> FleetEngine:
    """What the options say; raises `Refusal` where they don't go together."""
    given = {"--engine": name, "--master": master, "--lake": copy}
    first = next((option for option, value in given.items() if value is not None), None)
    if first and fleet is None:
        raise Refusal(
            _("{option} needs --fleet").format(option=first),
            _("name the fleet: --fleet fleet.yaml"),
        )
    if name is not None and name not in ENGINES:
        raise Refusal(
            _("there is no engine '{name}'").format(name=name),
            _("one of: {names}").format(names=listing(list(ENGINES))),
        )
    sparks = next((option for option in ("--master", "--lake") if given[option] is not None), None)
    if sparks and name != "spark":
        raise Refusal(
            _("{option} needs --engine spark").format(option=sparks), _("add --engine spark")
        )
    return FleetEngine(name or ENGINES[0], master, copy)


def ranked(
    session: Session,
    on: FleetEngine,
    lake: "Lake",
    fleet: "FleetFile",
    question: "FleetQuestion",
    recompute: bool,
) -> "FleetRanking":
    """The ranking of a fleet on this engine; raises `Refusal` where it can't be had."""
    if on.copy is None:
        lake.refuse_damaged(lake.read_for(question.weeks, recompute))
    if on.name != "spark":
        from qibi.fleet.ranking import rank

        return rank(lake, fleet, question, recompute=recompute)
    from qibi.fleet import spark
    from qibi.fleet.spark import LOCAL

    job = spark.Job(lake, fleet, question, recompute)
    moved = (lake.folder, on.copy) if on.copy else None
    with (
        session.console.progress(_("ranking on Spark"), job.count) as step,
        spark.on(on.master or LOCAL, moved, step) as runner,
    ):
        return job.rank(runner)


_NAMED = 5  # books that a warning names
_ROOMY = 100  # columns from which branches have room next to books
_WIDE = 1000  # a Markdown table has all the room it wants


class Across(Session):
    """A session with the weeks of a lake, not of a book that happens to be near."""

    lake: "Lake"

    @cached_property
    def zone(self) -> tzinfo:
        """That of the first book: a fleet has no time zone of its own."""
        from zoneinfo import ZoneInfo

        return next((ZoneInfo(b.timezone) for b in self.lake.manifest.books.values()), UTC)

    def period(self, text: str | None) -> Period:
        """The period meant; bare or absent it is the latest week in which any book was assessed, else this one."""
        if text is None or text == LATEST:
            held = self.lake.manifest.held
            return weeks.single(held[-1] if held else weeks.week_of(self.today))
        return super().period(text)


class Times(NamedTuple):
    """The ways to name a period, as they are on the command line."""

    period: str | None
    week: str | None
    month: str | None
    quarter: str | None
    year: str | None


@dataclass(frozen=True)
class FleetQuery:
    """What is on the command line."""

    fleet: str
    times: Times
    by: str = "member"
    criterion: str | None = None
    top: int | None = None
    recompute: bool = False
    on: FleetEngine = field(default_factory=FleetEngine)


def refuse_together(names: list[str]) -> None:
    """Raises `Refusal` where options of one book are given with --fleet."""
    if names:
        named = listing(["--fleet", *names])
        raise Refusal(_("{names} can't go together").format(names=named), _("leave one out"))


def show(session: Session, asked: FleetQuery, form: str, output: str | None) -> None:
    """Rank a fleet; raises `Refusal` or `Faults`."""
    from qibi.commands.fleet import opened
    from qibi.fleet.ranking import KINDS, FleetQuestion, before

    if asked.by not in KINDS:
        raise Refusal(
            _("a fleet has no ranking by '{by}'").format(by=asked.by),
            _("one of: {kinds}").format(kinds=listing(list(KINDS))),
        )
    fleet, _path, lake = opened(session, asked.fleet)
    if not lake.manifest.books:
        raise Refusal(
            _("nothing is collected yet in {lake}").format(lake=lake.shown),
            _("run: qibi fleet collect {fleet}").format(fleet=argument(asked.fleet)),
        )
    across = Across(session.around, session.options, session.console)
    across.lake = lake
    period = period_of(across, *asked.times)
    earlier = before(lake, period)
    criterion = _criterion(lake, asked.criterion)
    question = FleetQuestion(period, earlier, asked.by, criterion, criteria=form != "table")
    found = ranked(session, asked.on, lake, fleet, question, asked.recompute)
    if criterion and not found.standings:
        _refuse_unknown(lake, criterion)
    for _code, text in warnings(lake, found):
        session.console.say(_("warning: {text}").format(text=text), "yellow")
    columns = _WIDE if form == "md" else session.around.width
    session.console.show(_view(lake, fleet, found, asked, columns), form, output)


def _criterion(lake: "Lake", text: str | None) -> str | None:
    """The id of the criterion meant, by id or name; what was written where no book is known to have it.

    Raises `Refusal` where a name is that of several.
    """
    ids = lake.manifest.criteria(text) if text else []
    if len(ids) > 1:
        raise Refusal(
            _("'{text}' may be {options}; write the id").format(text=text, options=listing(ids)),
            code=1,
        )
    return ids[0] if ids else text


def _refuse_unknown(lake: "Lake", criterion: str) -> None:
    """Raises `Refusal` where no book has the criterion."""
    from qibi.fleet.ranking import Duck
    from qibi.scoring.facts import TABLES

    with Duck() as duck:
        duck.read("lake_criterion", lake.scheme_files("criterion"), TABLES["criterion"])
        known = [
            c for (c,) in duck.rows("SELECT DISTINCT criterion FROM lake_criterion ORDER BY 1")
        ]
    if criterion not in known:
        near = closest(criterion, known)
        raise Refusal(
            _("no book of the fleet has a criterion '{criterion}'").format(criterion=criterion),
            _("did you mean '{near}'?").format(near=near)
            if near
            else _("one of: {names}").format(names=listing(known)),
            1,
        )


def warnings(lake: "Lake", ranking: "FleetRanking") -> list[tuple[str, str]]:
    """Code and text of what a reader must know next to the ranking."""
    parts = []
    for key, book in lake.manifest.books.items():
        if book.stale:
            text = _(
                "{book} is as it was collected on {day}; not collected since {since}: {reason}"
            )
            parts.append(
                (
                    "stale",
                    text.format(
                        book=key,
                        day=book.collected_at[:10],
                        since=book.stale.at[:10],
                        reason=book.stale.reason,
                    ),
                )
            )
    for refused in lake.manifest.refused:
        text = _("{source} is missing: {reason}")
        parts.append(("missing", text.format(source=refused.source, reason=refused.reason)))
    if ranking.without:
        text = many(
            "{count} book was not assessed in this period: {names}",
            "{count} books were not assessed in this period: {names}",
            len(ranking.without),
        )
        names = phrases.places([ranking.name(key) for key in ranking.without], _NAMED)
        parts.append(("not-assessed", text.format(count=len(ranking.without), names=names)))
    if ranking.bases and ranking.question.by == "member" and not ranking.question.criterion:
        text = _("books use different bases ({bases}); --by book puts them on one scale")
        bases = listing([points.show(base) for base in ranking.bases])
        parts.append(("scales", text.format(bases=bases)))
    return parts


def _word(by: str) -> str:
    return {
        "member": _("member"),
        "branch": _("branch"),
        "cp": _("CP"),
        "book": _("book"),
        "unit": _("unit"),
    }[by]


def _view(
    lake: "Lake", fleet: "FleetFile", ranking: "FleetRanking", asked: FleetQuery, columns: int
) -> View:
    shown = [s for s in ranking.standings if asked.top is None or s.rank <= asked.top]
    standings = Records(_fields(lake, fleet, ranking, shown, columns), shown)
    branch = Field[Any]("branch", lambda u: u.branch, json=False)
    places = [*_place_fields(ranking, shown=False)[:1], branch]
    unranked = Records(unranked_fields(ranking.name, places), ranking.unranked)
    view = View(payload=_payload(lake, ranking, standings, unranked), records=[standings, unranked])
    view.line(_title(lake, fleet, ranking), "bold")
    view.line()
    if shown:
        view.blocks.append(standings)
    else:
        view.line(_("nobody has a place in this period yet"))
    if asked.top is None and ranking.unranked:
        view.line()
        reasons: dict[str, list[str]] = {}
        for one in ranking.unranked:
            reasons.setdefault(phrases.reason(one.reason, ""), []).append(ranking.name(one.subject))
        for reason, names in reasons.items():
            text = _("without a place  {names}: {reason}")
            view.line(text.format(names=phrases.places(names, _NAMED), reason=reason))
    if shown:
        view.line()
        view.line(_legend(ranking, shown), "dim")
    return view


def _title(lake: "Lake", fleet: "FleetFile", ranking: "FleetRanking") -> str:
    what = _word(ranking.question.by)
    if ranking.question.criterion:
        what = f"{what} {ranking.question.criterion}"
    else:
        what = _("{member} points").format(member=what)
    count = len(lake.manifest.books)
    books = many("{count} book", "{count} books", count).format(count=count)
    return "  ".join([_fleet_name(fleet), phrases.period(ranking.question.period), what, books])


def _fleet_name(fleet: "FleetFile") -> str:
    from qibi.fleet.lake import Name

    if fleet.name is None:
        return _("fleet")
    if isinstance(fleet.name, str):
        return fleet.name
    return str(Name(fleet.name.zh or fleet.name.en or "", fleet.name.en or fleet.name.zh or ""))


def _fields(
    lake: "Lake", fleet: "FleetFile", ranking: "FleetRanking", shown: "list[Standing]", columns: int
) -> "list[Field[Standing]]":
    from qibi.fleet.ranking import book_of

    question = ranking.question
    people = question.by in ("member", "cp")
    several = len(question.period.weeks) > 1
    criteria = sorted({key for s in shown for key in s.criteria})
    return [
        *rank_fields(ranking.name, _("Name")),
        Field(
            "",
            heading=_("Branch") if people and columns >= _ROOMY else None,
            shown=lambda s: ranking.name(s.branch) if s.branch else "",
            wraps=True,
        ),
        Field("book", lambda s: s.subject if question.by == "book" else book_of(s.subject), csv=""),
        *_place_fields(ranking, shown=people or question.by == "branch"),
        Field(
            "", heading=_("Weeks") if several else None, shown=lambda s: str(s.weeks), right=True
        ),
        *points_fields(
            question.criterion,
            ["mean"] if several and fleet.period_total == "sum" else [],
            [(key, key) for key in criteria],
        ),
        *grade_fields(
            lambda s: _grade(lake, ranking, s), any(s.grade or s.alert for s in shown), named=False
        ),
    ]


def _place_fields(ranking: "FleetRanking", shown: bool) -> "list[Field[Any]]":
    """Book and branch of a standing; a book itself is in none in CSV."""
    from qibi.fleet.ranking import book_of

    return [
        Field(
            "of_book",
            lambda s: book_of(s.subject),
            _("Book") if shown else None,
            lambda s: ranking.name(book_of(s.subject) or ""),
            csv=_("Book"),
            json=False,
            wraps=True,
        ),
        Field("branch", lambda s: s.branch, csv=_("Branch")),
    ]


def _grade(lake: "Lake", ranking: "FleetRanking", standing: "Standing") -> str:
    """The name of a grade, as the subject's own book has it."""
    from qibi.fleet.lake import Name
    from qibi.fleet.ranking import book_of

    book = lake.manifest.books.get(book_of(standing.subject) or standing.subject)
    grading = book.grading_of(ranking.question.period.weeks[-1]) if book else None
    grades = grading.grades if grading else ()
    return next((str(Name(g.zh, g.en)) for g in grades if g.id == standing.grade), "")


def _legend(ranking: "FleetRanking", shown: "list[Standing]") -> str:
    marks = {s.alert for s in shown if s.alert}
    words = {
        "warn": "!! " + _("below its book's warning line, or vetoed"),
        "watch": "! " + _("to be watched"),
    }
    named = [text for alert, text in words.items() if alert in marks]
    return clauses([*named, mean_text(ranking.standings)])


def _payload(
    lake: "Lake",
    ranking: "FleetRanking",
    standings: "Records[Standing]",
    unranked: "Records[Unranked]",
) -> dict[str, Any]:
    question = ranking.question
    return {
        "qibi": 1,
        "command": "rank",
        "fleet": True,
        "period": {"label": question.period.label, "weeks": list(question.period.weeks)},
        "by": question.by,
        "criterion": question.criterion,
        "books": [
            {"book": key, "commit": b.commit, "seal": b.seal, "stale": b.stale is not None}
            for key, b in lake.manifest.books.items()
        ],
        "standings": standings,
        "unranked": unranked,
        "warnings": [{"code": code, "message": text} for code, text in warnings(lake, ranking)],
    }
