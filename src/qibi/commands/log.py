"""qibi log: the entries themselves, filtered."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from qibi.base import points, weeks
from qibi.base.findings import Refusal
from qibi.base.language import _, mark
from qibi.book import lookup
from qibi.cli import completion, options, phrases
from qibi.cli.options import period_of
from qibi.cli.output import Cell, Field, Records, View
from qibi.cli.recording import is_late
from qibi.cli.session import Session, current_session
from qibi.ledger.batches import Batch, Index, batch_names, read_weeks
from qibi.ledger.entries import (
    Assessed,
    Entry,
    Exempt,
    File,
    Score,
    Void,
    encode,
    moment,
)

PANEL = "look", 3
SUMMARY = mark("List the entries of a period, voided ones included.")
DETAILS = mark("Without a period it is the latest assessed week.")
EXAMPLES = mark("""
qibi log --week W46 --branch outer-1
qibi log 2026-10 --subject o1-008 --min-points 3 --format csv -o entries.csv
""")

# What a week is submitted with, and so can be late; remedies and tasks go on after their week.
_DUE = (Assessed, Score, Exempt)


@dataclass(frozen=True)
class LogEntry:
    """An entry with its id, whether it is void, and whether it was recorded late."""

    key: str
    entry: Entry
    void: bool
    late: bool


def log(
    period: options.PeriodArgument = None,
    week: options.Week = None,
    branch: options.Branch = None,
    subject: Annotated[
        str | None,
        typer.Option(
            "--subject",
            metavar="SUBJECT",
            help=_("of this subject"),
            autocompletion=completion.subjects,
        ),
    ] = None,
    item: Annotated[
        str | None,
        typer.Option(
            "--item", metavar="ITEM", help=_("on this item"), autocompletion=completion.items
        ),
    ] = None,
    voided: Annotated[
        bool, typer.Option("--voided", help=_("only what was voided, and the voids"))
    ] = False,
    late: Annotated[
        bool, typer.Option("--late", help=_("only what was recorded after score_by"))
    ] = False,
    min_points: Annotated[
        str | None,
        typer.Option(
            "--min-points", metavar="N", help=_("of at least this many points, gained or lost")
        ),
    ] = None,
    form: options.Format = "table",
    output: options.Output = None,
) -> None:
    """Run the command; `DETAILS` is its help."""
    session = current_session()
    asked = period_of(session, period, week)
    batches = read_weeks(session.root, [w for w in asked.weeks if batch_names(session.root, w)])
    lines = _log_entries(session, batches)
    among = session.find_branch(branch) if branch else None
    if among:
        lines = [n for n in lines if n.entry.branch == among]
    key = session.find_subject(subject, asked.weeks[-1]) if subject else None
    if key:
        lines = [n for n in lines if getattr(n.entry, "subject", None) == key]
    if item:
        thing = _item(session, item, asked.weeks[-1])
        lines = [n for n in lines if getattr(n.entry, "item", None) == thing]
    if voided:
        lines = [n for n in lines if n.void or isinstance(n.entry, Void)]
    if late:
        lines = [n for n in lines if n.late]
    if min_points is not None:
        least = points.from_text(min_points)
        if least is None:
            raise Refusal(_("'{text}' is not points").format(text=min_points), _("write a number"))
        lines = [
            n for n in lines if isinstance(n.entry, Score) and abs(n.entry.hundredths) >= least
        ]
    session.console.show(_view(session, asked, lines, among, key), form, output)


def _item(session: Session, text: str, week: str) -> str:
    scheme = session.definitions.scheme(week)
    if scheme is None:
        raise Refusal(_("no scheme is in force in {week}").format(week=week), code=1)
    try:
        return lookup.item(scheme, text).id
    except lookup.NotFound as error:
        raise Refusal(str(error), code=1) from None


def _log_entries(session: Session, batches: list[Batch]) -> list[LogEntry]:
    """Each entry in the order of recording."""
    voids = Index(batches).voids
    entries = [
        LogEntry(
            key, entry, key in voids, isinstance(entry, _DUE) and is_late(session, batch, entry)
        )
        for batch in batches
        for key, entry in batch.numbered()
    ]
    return sorted(entries, key=_order)


def _order(line: LogEntry) -> tuple[Any, ...]:
    entry = line.entry
    return (entry.week, entry.branch, moment(entry.recorded_at), *_number(line.key))


def _number(key: str) -> tuple[str, int]:
    digest, number = key.split(".")
    return digest, int(number)


def _view(
    session: Session,
    period: weeks.Period,
    lines: list[LogEntry],
    branch: str | None,
    subject: str | None,
) -> View:
    """The entries; the branch and subject that were asked for are in the title, in no column.

    So does the branch of someone who was in one alone.
    """
    definitions = session.definitions
    view = View(
        payload={
            "qibi": 1,
            "command": "log",
            "period": {"label": period.label, "weeks": list(period.weeks)},
            "entries": [_as_json(n) for n in lines],
        }
    )
    if subject and len(of := {n.entry.branch for n in lines}) == 1:
        (branch,) = of
    named = [phrases.branch(definitions, branch)] if branch and branch != subject else []
    named += [definitions.title(subject)] if subject else []
    title = [*(named or [str(definitions.name)]), phrases.period(period)]
    view.line("  ".join(title), "bold")
    view.line()
    if not lines:
        view.line(_("no entries"))
    fields = _fields(session, [n.key for n in lines], len(period.weeks) > 1, branch, subject)
    view.records = [Records(fields, lines)]
    if lines:
        view.blocks += view.records
    return view


def _fields(
    session: Session, keys: Iterable[str], several: bool, branch: str | None, subject: str | None
) -> list[Field[LogEntry]]:
    """The fields of an entry, but for its JSON, which is what the ledger has."""
    definitions = session.definitions
    wide = session.around.width >= 100
    short = phrases.short_ids(keys)

    def given(name: str) -> Callable[[LogEntry], Any]:
        return lambda n: getattr(n.entry, name, None) or None

    def struck(text: str, line: LogEntry) -> Cell:
        return Cell(text, "strike" if line.void else "")

    return [
        Field("entry", lambda n: n.key, _("Entry"), lambda n: Cell(short[n.key], "dim")),
        Field("kind", lambda n: n.entry.__struct_config__.tag),
        Field(
            "week",
            lambda n: n.entry.week,
            _("Week") if several else None,
            lambda n: n.entry.week[5:],
        ),
        Field(
            "branch",
            lambda n: n.entry.branch,
            None if branch else phrases.branch_heading(definitions),
            lambda n: phrases.branch(definitions, n.entry.branch),
            wraps=True,
        ),
        Field("subject", given("subject")),
        Field(
            "name",
            lambda n: _subject(session, n.entry) or None,
            None if subject else _("Subject"),
            lambda n: struck(_subject(session, n.entry), n),
            wraps=True,
        ),
        Field(
            "item",
            lambda n: given("item")(n) or given("entry")(n),
            _("Item"),
            lambda n: struck(phrases.what(session.definitions, n.entry), n),
            wraps=True,
        ),
        Field(
            "points",
            lambda n: points.to_number(n.entry.hundredths) if isinstance(n.entry, Score) else None,
            _("Points"),
            lambda n: _points(n.entry),
            right=True,
        ),
        Field("count", lambda n: n.entry.count if isinstance(n.entry, Score) else None),
        Field("date", given("date")),
        Field("note", given("note")),
        Field("evidence", lambda n: _evidence(n.entry)),
        Field("scored_by", given("scored_by")),
        Field("approved_by", given("approved_by")),
        Field(
            "recorded_by",
            given("recorded_by"),
            _("Recorded by") if wide else None,
            lambda n: definitions.title(n.entry.recorded_by),
            wraps=True,
        ),
        Field(
            "recorded_at",
            given("recorded_at"),
            _("At"),
            lambda n: n.entry.recorded_at[5:16].replace("T", " "),
        ),
        Field("source", given("source")),
        Field("void", lambda n: "yes" if n.void else None),
        Field("late", lambda n: "yes" if n.late else None),
        Field("", heading=_("Note"), shown=lambda n: _remark(n, short), wraps=True),
    ]


def _subject(session: Session, entry: Entry) -> str:
    key = getattr(entry, "subject", "")
    return session.definitions.title(key) if key else ""


def _points(entry: Entry) -> Cell | str:
    return phrases.signed(entry.hundredths) if isinstance(entry, Score) else ""


def _remark(line: LogEntry, short: dict[str, str]) -> str:
    entry = line.entry
    parts = []
    if line.void:
        parts.append(_("[void]"))
    if line.late:
        parts.append(_("[late]"))
    if isinstance(entry, Void):
        parts.append(short.get(entry.entry, entry.entry[:4] + entry.entry[16:]))
    parts.append(getattr(entry, "note", ""))
    return " ".join(p for p in parts if p)


def _as_json(line: LogEntry) -> dict[str, Any]:
    import msgspec

    plain: dict[str, Any] = msgspec.json.decode(encode(line.entry))
    return {"id": line.key, **plain, "void": line.void, "late": line.late}


def _evidence(entry: Entry) -> str | None:
    evidence = getattr(entry, "evidence", ())
    return "; ".join(e.path if isinstance(e, File) else e for e in evidence) or None
