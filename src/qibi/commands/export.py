"""qibi export: standings and entries for spreadsheets and other programs."""

from typing import Annotated, Any

import typer

from qibi.base import points
from qibi.base.findings import Refusal
from qibi.base.language import _, listing, mark
from qibi.base.weeks import Period
from qibi.board.tables import Standings, Table, entries, page_count, standings, workbook
from qibi.book.definitions import Definitions
from qibi.book.words import RANKED
from qibi.cli import completion, options, phrases
from qibi.cli.options import period_of, put
from qibi.cli.output import View
from qibi.cli.session import Session, current_session
from qibi.commands.rank import payload, warnings
from qibi.ledger.batches import read_weeks
from qibi.ledger.counting import counting
from qibi.scoring.ranking import Ranking
from qibi.scoring.ranking import rank as ranking_of

PANEL = "look", 10
SUMMARY = mark("Standings and entries as xlsx, csv, json or parquet.")
DETAILS = mark(
    "xlsx has a summary with charts and a page per branch, json everything under one version "
    "number; csv and parquet hold one table: the standings, or with --entries the entries. csv and "
    "json go to standard output, xlsx and parquet to a file named by book and period, unless -o "
    "says otherwise."
)
EXAMPLES = """
qibi export --week W46 --format xlsx
qibi export 2026-10 --format csv -o october.csv
qibi export 2026 --entries --format parquet -o 2026.parquet
"""
FORMATS = ("xlsx", "csv", "json", "parquet")


def export(
    period: options.PeriodArgument = None,
    week: options.Week = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help=_("xlsx, csv, json or parquet; else by the name of FILE"),
            autocompletion=lambda: list(FORMATS),
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            "--by",
            metavar="KIND",
            help=_("for csv and parquet: member, group, branch, cp, unit or post"),
            autocompletion=completion.kinds,
        ),
    ] = None,
    with_entries: Annotated[
        bool, typer.Option("--entries", help=_("the entries of the period, voided ones included"))
    ] = False,
    output: options.Output = None,
) -> None:
    """Run the command; `DETAILS` is its help."""
    session = current_session()
    form = form or _by_name(output)
    if form not in FORMATS:
        raise Refusal(
            _("there is no format '{form}'").format(form=form),
            _("one of: {formats}").format(formats=listing(list(FORMATS))),
        )
    _check_kind(form, by, with_entries)
    asked = period_of(session, period, week)
    if form in ("csv", "parquet"):
        table = (
            _entries(session, asked) if with_entries else _standings(session, asked, by or "member")
        )
        if form == "csv":
            header = [c.title for c in table.columns]
            rows = [[_flag(value) for value in row] for row in table.plain()]
            session.console.show(View(header=header, rows=rows), "csv", output)
            return
        from qibi.board.tables import parquet

        put(session, parquet(table), output, f"{session.definitions.id}-{asked.label}.parquet")
    elif form == "json":
        session.console.show(View(payload=_payload(session, asked, with_entries)), "json", output)
    else:
        put(
            session,
            _xlsx(session, asked, with_entries),
            output,
            f"{session.definitions.id}-{asked.label}.xlsx",
        )


def _by_name(output: str | None) -> str:
    """The format that a file's name ends in; xlsx where it names none."""
    ending = (output or "").rpartition(".")[2].lower()
    return ending if ending in FORMATS else "xlsx"


def _flag(value: Any) -> Any:
    return (_("yes") if value else None) if isinstance(value, bool) else value


def _check_kind(form: str, by: str | None, with_entries: bool) -> None:
    """Raises `Refusal` for a kind that there is not, or that the format has no use for."""
    if by is None:
        return
    if by not in RANKED:
        raise Refusal(
            _("there is no ranking by '{by}'").format(by=by),
            _("one of: {kinds}").format(kinds=listing(list(RANKED))),
        )
    if form in ("xlsx", "json") or with_entries:
        other = "--entries" if with_entries else f"--format {form}"
        raise Refusal(
            _("{names} can't go together").format(names=f"--by, {other}"), _("leave one out")
        )


def _xlsx(session: Session, period: Period, with_entries: bool) -> bytes:
    rankings = _rankings(session, period, kinds_of_pages(session.definitions))
    return workbook_of(session, period, rankings, with_entries)


def kinds_of_pages(definitions: Definitions) -> list[str]:
    """The kinds of subject that a workbook ranks."""
    return ["member", "branch", *(["cp"] if definitions.cps else [])]


def workbook_of(
    session: Session, period: Period, rankings: dict[str, Ranking], with_entries: bool = False
) -> bytes:
    """A period's workbook from its rankings, with its entries if asked for."""

    members = rankings["member"]
    found = Standings(
        rankings=rankings,
        entries=_entries(session, period) if with_entries else None,
        notes=[phrases.closure(members), phrases.handed_in(members, session.definitions)],
        today=session.today,
    )
    with session.console.progress(
        _("writing pages"), page_count(session.definitions, found)
    ) as step:
        return workbook(session.definitions, found, step)


def _ranking(session: Session, period: Period, by: str) -> Ranking:
    return ranking_of(
        session.root,
        session.definitions,
        period,
        by=by,
        cache=session.around.cache,
        today=session.today,
    )


def must_be_scored(members: Ranking) -> None:
    """Raises `Refusal` where nobody was assessed in a period."""
    if not members.standings and all(u.reason == "unscored" for u in members.unranked):
        raise Refusal(
            _("nobody has been scored in {period} yet").format(
                period=phrases.period(members.question.period)
            ),
            _("score it first; 'qibi status' says what is in"),
            1,
        )


def _kinds(book: Definitions) -> list[str]:
    """The kinds of subject that the book has."""
    kinds = kinds_of_pages(book)
    kinds += ["group"] if any(b.groups for b in book.branches) else []
    kinds += ["unit"] if book.units else []
    kinds += ["post"] if book.posts else []
    return kinds


def _rankings(session: Session, period: Period, kinds: list[str]) -> dict[str, Ranking]:
    """The ranking by each of these kinds; raises `Refusal` where nobody is scored."""
    found: dict[str, Ranking] = {}
    with session.console.progress(_("ranking"), len(kinds)) as step:
        for kind in kinds:
            found[kind] = _ranking(session, period, kind)
            step()
    must_be_scored(found["member"])
    _warn(session, found["member"])
    return found


def _warn(session: Session, ranking: Ranking) -> None:
    for _code, text in warnings(ranking):
        session.console.say(_("warning: {text}").format(text=text), "yellow")


def _standings(session: Session, period: Period, by: str) -> Table:
    with session.console.progress(_("ranking"), 1):
        found = _ranking(session, period, by)
    if by == "member" or found.unranked:
        must_be_scored(found)
    _warn(session, found)
    return standings(session.definitions, found)


def _entries(session: Session, period: Period) -> Table:
    with session.console.progress(_("reading the ledger"), 1):
        counts = counting(session.root, period.weeks)
        for text in phrases.lost(counts.lost_in):
            session.console.say(_("warning: {text}").format(text=text), "yellow")
        return entries(session.definitions, read_weeks(session.root, counts.weeks), counts.pending)


def _payload(session: Session, period: Period, with_entries: bool) -> dict[str, Any]:
    """Everything of a period as JSON: points are exact numbers, keys the ids of the book."""

    rankings = _rankings(session, period, _kinds(session.definitions))
    members = rankings["member"]
    scheme = members.scheme
    made: dict[str, Any] = {
        "qibi": 1,
        "command": "export",
        "book": {"id": session.definitions.id, "name": str(session.definitions.name)},
        "period": {"label": period.label, "weeks": list(period.weeks)},
        "provisional": members.provisional,
        "closed": members.closed,
        "pending": members.pending,
        "lost": members.lost,
        "missing": [{"week": week, "branch": branch} for week, branch in members.missing],
        "criteria": [
            {
                "id": c.id,
                "name": str(c.name),
                "applies_to": list(c.applies_to),
                **{
                    key: points.to_number(value)
                    for key, value in (("base", c.base), ("min", c.min), ("max", c.max))
                },
            }
            for c in (scheme.criteria if scheme else ())
        ],
        "grades": [
            {"id": g.id, "name": str(g.name), "from": points.to_number(g.lowest)}
            for g in (scheme.grades if scheme else ())
        ],
        "branches": [
            {"id": b.id, "name": session.definitions.title(b.id), "section": b.section or None}
            for b in session.definitions.branches
        ],
    }
    for key in ("standings", "unranked"):
        made[key] = {
            kind: payload(session.definitions, ranking, list(ranking.standings))[key]
            for kind, ranking in rankings.items()
        }
    if with_entries:
        table = _entries(session, period)
        keys = [c.key for c in table.columns]
        made["entries"] = [dict(zip(keys, row, strict=True)) for row in table.plain()]
    return made
