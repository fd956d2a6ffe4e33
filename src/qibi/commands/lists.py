"""qibi lists: the names on the red and the black list by the book's policy, with the reasons."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from qibi.base import points, weeks
from qibi.base.findings import Refusal
from qibi.base.language import _, aside, clauses, colon, listing, mark
from qibi.base.text import argument
from qibi.base.weeks import Period
from qibi.book import words
from qibi.cli import options, phrases
from qibi.cli.options import period_of
from qibi.cli.output import Cell, Column, Field, Grid, Records, View
from qibi.cli.phrases import day_text, remedy_standing
from qibi.cli.session import Session, current_session
from qibi.ledger.counting import counting
from qibi.ledger.remedies import Life, batches_with_remedies, lives, recent_weeks
from qibi.scoring.lists import Lists, as_plain, lists_of, remedy_due
from qibi.scoring.ranking import Standing
from qibi.scoring.words import cause, list_rule

# The remedies next to red and black lists: of the names on black, and overdue ones of earlier weeks.


Remedies = dict[str, list[tuple[str, Life]]]  # subject: its remedies
_LATE = 10  # overdue remedies that are shown; JSON and CSV have them all


def remedies_of(session: Session, period: Period, kinds: Iterable[str]) -> dict[str, Remedies]:
    """By kind of subject: those opened in the period, and earlier ones that nobody has verified."""
    wanted = {*recent_weeks(session.root, period.weeks[-1]), *period.weeks}
    found: dict[str, Remedies] = {kind: {} for kind in kinds}
    batches = batches_with_remedies(session.root, sorted(wanted), session.around.cache)
    for key, life in lives(batches).items():
        kind = session.definitions.kind(life.subject)
        if kind in found and (life.week in period.weeks or not life.ended):
            found[kind].setdefault(life.subject, []).append((key, life))
    return found


def show_of_black(view: View, session: Session, listed: Lists, remedies: Remedies) -> None:
    """The remedies of the names on a black list, below it."""
    rows: list[list[str | Cell]] = []
    for s in listed.black:
        cell = remedy_cell(session, listed, s.subject, remedies)
        if cell.text:
            rows.append([session.definitions.title(s.subject), cell])
    if rows:
        view.line()
        view.blocks.append(Grid([Column(_("Remedy")), Column("", wraps=True)], rows))


def show_overdue(view: View, session: Session, listed: Lists, remedies: Remedies) -> None:
    """Overdue remedies of others, in red."""
    late = overdue(session, listed, remedies)
    if late:
        view.line()
        view.line(_("still to be corrected from earlier lists and inspections"), "bold")
        rows: list[list[str | Cell]] = [
            [
                session.definitions.title(life.subject),
                Cell(remedy_standing(key, life, session.today), "red"),
            ]
            for key, life in late[:_LATE]
        ]
        view.blocks.append(Grid([Column(""), Column("", wraps=True)], rows, headed=False))
        if len(late) > _LATE:
            more = _("and {count} more").format(count=len(late) - _LATE)
            view.line(f"{more}{colon()}qibi remedy list", "red")


def remedy_cell(session: Session, listed: Lists, subject: str, remedies: Remedies) -> Cell:
    """Its remedies with state and day, overdue ones marked; else the day by which one is due."""
    mine = remedies.get(subject, [])
    if not mine:
        day = due(listed)
        return Cell(
            _("due {day}, not opened").format(day=day_text(day, session.today)) if day else ""
        )
    said, late = [], False
    for key, life in mine:
        late = late or life.overdue(session.today)
        said.append(remedy_standing(key, life, session.today))
    return Cell(clauses(said), "red" if late else "")


def due(listed: Lists) -> str:
    """The day by which those on a week's black list have to correct it; none over several weeks."""
    asked = listed.ranking.question.period.weeks
    day = remedy_due(listed.policy, asked[0]) if len(asked) == 1 else None
    return day.isoformat() if day else ""


def overdue(session: Session, listed: Lists, remedies: Remedies) -> list[tuple[str, Life]]:
    """Overdue remedies of names that are not on this black list; the oldest first."""
    named = {s.subject for s in listed.black}
    late = [
        (key, life)
        for subject, mine in remedies.items()
        for key, life in mine
        if subject not in named and life.overdue(session.today)
    ]
    return sorted(late, key=lambda pair: (pair[1].due, pair[0]))


def as_json(session: Session, key: str, life: Life) -> dict[str, Any]:
    """A remedy in the shape that scripts read."""
    return {
        "id": key,
        "week": life.week,
        "state": life.state,
        "owner": life.owner or None,
        "due": life.due or None,
        "overdue": life.overdue(session.today),
    }


PANEL = "look", 4
SUMMARY = mark("Red and black lists by the book's policy, and what put each name there.")
DETAILS = mark(
    "The lists of qibi.yaml, by total: a tie at the cut is never on red and always on black. "
    "Subjects of a branch that submitted nothing are named as missing."
)
EXAMPLES = """
qibi lists --week W46
qibi lists 2026-10 --format csv -o lists.csv
"""
_SHOWN = 3  # items next to a name; JSON and CSV have them all


def lists(
    period: options.PeriodArgument = None,
    week: options.Week = None,
    form: options.Format = "table",
    output: options.Output = None,
) -> None:
    """Run the command; `DETAILS` is its help."""
    session = current_session()
    asked = period_of(session, period, week)
    found = lists_of(session.root, session.definitions, asked, session.around.cache)
    kinds = dict.fromkeys((*found, *session.definitions.lists))
    if not kinds:
        raise Refusal(
            _("this book has no lists"),
            _("write lists: in qibi.yaml"),
            1,
        )
    view = View(payload={"qibi": 1, "command": "lists", "period": _period(asked), "lists": {}})
    rows: list[Listed] = []
    view.records = [Records(_fields(session), rows)]
    counts = counting(session.root, asked.weeks)
    closure = phrases.closure_of(asked.weeks, counts.closed)
    view.line(f"{session.definitions.name}  {phrases.period(asked)}  {closure}", "bold")
    for text in (*phrases.lost(counts.lost_in), *phrases.pending(counts.waiting)):
        session.console.say(_("warning: {text}").format(text=text), "yellow")
    mine = remedies_of(session, asked, found)
    for kind in kinds:
        if kind not in found:  # its policy came later, or nobody of that kind was there
            text = _("no list was read out for {week}").format(week=asked.label)
            view.line()
            view.line(f"{phrases.kind(session.definitions, kind)}  {text}")
            continue
        _show(view, session, found[kind], mine[kind])
        view.payload["lists"][kind] = _as_json(session, found[kind], mine[kind])
        rows += _listed(session, found[kind], mine[kind])
    session.console.show(view, form, output)


def black_listed(session: Session, week: str) -> Iterator[tuple[str, str, str, str]]:
    """Each that a black list of a week names: subject, day due (or empty), measure, list.

    The measure names the items that put it there, until somebody writes a better one.
    """
    listed = lists_of(session.root, session.definitions, weeks.single(week), session.around.cache)
    black = [found for found in listed.values() if found.policy.black]
    if not black and any(policy.black for policy in session.definitions.lists.values()):
        raise Refusal(_("no black list was read out for {week}").format(week=week), code=1)
    if not black:
        raise Refusal(_("this book has no black list"), _("write lists: in qibi.yaml"), 1)
    for found in black:
        if found.ranking.provisional:
            session.console.say(phrases.handed_in(found.ranking, session.definitions), "yellow")
        day = remedy_due(found.policy, week)
        for standing in found.black:
            causes = found.causes[standing.subject][:_SHOWN]
            named = dict.fromkeys(words.thing(found.ranking.scheme, c.thing) for c in causes)
            text = _("correct: {items}").format(items=listing(list(named)))
            text = text if named else _("measures still missing")
            origin = f"{words.list_name(session.definitions, 'black')} {week}"
            yield standing.subject, day.isoformat() if day else "", text, origin


def _period(period: Period) -> dict[str, Any]:
    return {"label": period.label, "weeks": list(period.weeks)}


def _show(view: View, session: Session, listed: Lists, remedies: Remedies) -> None:
    """One kind's lists, for people."""
    kind = phrases.kind(session.definitions, listed.kind)
    view.line(f"{kind}  {phrases.handed_in(listed.ranking, session.definitions)}")
    for name, standings in (("red", listed.red), ("black", listed.black)):
        rule = list_rule(listed.policy, name, len(listed.ranking.standings))
        if rule is None:
            continue
        view.line()
        view.line(words.list_name(session.definitions, name) + aside(rule), "bold")
        if standings:
            view.blocks.append(_grid(session, listed, name, standings))
        else:
            view.line(_("nobody"))
        if name == "black":
            show_of_black(view, session, listed, remedies)
    show_overdue(view, session, listed, remedies)
    notes = list(_without_place(session, listed))
    if notes:
        view.line()
    for text in notes:
        view.line(text, "yellow")
    last = next(iter((*reversed(listed.black), *listed.red)), None)
    if last:
        view.line()
        name = argument(session.definitions.title(last.subject))
        about = f"{name} {listed.ranking.question.period.label}"
        view.line(_("what weighs most in the total comes first"), "dim")
        view.line(_("why: qibi why {subject}").format(subject=about), "dim")


def _grid(session: Session, listed: Lists, name: str, standings: tuple[Standing, ...]) -> Grid:
    """A name with its total in a row, and a row more for each further item behind it."""
    heading = phrases.kind(session.definitions, listed.kind)
    columns = [
        Column(_("Rank"), right=True),
        Column(_("+/-"), right=True),
        Column(heading[:1].upper() + heading[1:]),
        Column(_("Total"), right=True),
        Column(_("Points"), right=True),
        Column(_("Because of")),
    ]
    rows: list[list[str | Cell]] = []
    for s in standings:
        title = Cell(session.definitions.title(s.subject), "red" if name == "black" else "green")
        total = Cell(points.show(s.total), "bold")
        first: list[str | Cell] = [str(s.rank), phrases.moved(s.moved), title, total]
        for because in _because(session, listed, s.subject) or [["", ""]]:
            rows.append([*first, *because])
            first = ["", "", "", ""]
    return Grid(columns, rows)


def _because(session: Session, listed: Lists, subject: str) -> list[list[str | Cell]]:
    """Points and name of the weightiest items; those of members with the member."""
    causes = listed.causes[subject]
    parts: list[list[str | Cell]] = [
        [phrases.signed(c.points), cause(session.definitions, listed, subject, c)]
        for c in causes[:_SHOWN]
    ]
    if len(causes) > _SHOWN:
        more = _("and {count} more").format(count=len(causes) - _SHOWN)
        parts.append(["", Cell(more, "dim")])
    return parts


def _without_place(session: Session, listed: Lists) -> Iterator[str]:
    """Who is missing, and who is on no list for another reason."""
    groups: dict[tuple[bool, str], list[str]] = {}
    for unranked in listed.ranking.unranked:
        key = (unranked in listed.missing, phrases.reason(unranked.reason, unranked.note))
        groups.setdefault(key, []).append(session.definitions.title(unranked.subject))
    for (is_missing, reason), names in sorted(groups.items(), reverse=True):
        if is_missing:
            yield _("missing, so on no list yet") + colon() + listing(names) + aside(reason)
        else:
            yield _("without a place  {names}: {reason}").format(
                names=listing(names), reason=reason
            )


def _as_json(session: Session, listed: Lists, remedies: Remedies) -> dict[str, Any]:
    """One kind's lists in the shape that scripts read: with the remedies of the names on black."""
    made = as_plain(session.definitions, listed)
    for name in made["black"]:
        name["due"] = due(listed) or None
        name["remedies"] = [
            as_json(session, key, life) for key, life in remedies.get(name["subject"], [])
        ]
    made["overdue"] = [
        {
            "subject": life.subject,
            "name": session.definitions.title(life.subject),
            **as_json(session, key, life),
        }
        for key, life in overdue(session, listed, remedies)
    ]
    return made


@dataclass(frozen=True)
class Listed:
    """A line of the lists in CSV: a place on one, an overdue remedy of another, or who is missing."""

    kind: str
    subject: str
    branch: str
    rank: int | None = None
    moved: int | None = None
    total: int | None = None  # hundredths
    because: str | None = None
    remedy: str | None = None


def _fields(session: Session) -> list[Field[Listed]]:
    title = session.definitions.title
    return [
        Field(_("List"), lambda n: n.kind),
        Field(_("Rank"), lambda n: n.rank),
        Field(_("Moved"), lambda n: n.moved),
        Field(_("Id"), lambda n: n.subject),
        Field(_("Name"), lambda n: title(n.subject)),
        Field(phrases.branch_heading(session.definitions), lambda n: title(n.branch)),
        Field(_("Total"), lambda n: None if n.total is None else points.to_number(n.total)),
        Field(_("Because of"), lambda n: n.because),
        Field(_("Remedy"), lambda n: n.remedy),
    ]


def _listed(session: Session, listed: Lists, remedies: Remedies) -> Iterator[Listed]:
    """A line a name; then overdue remedies of others, and who is missing."""
    for name, standings in (("red", listed.red), ("black", listed.black)):
        for s in standings:
            causes = [
                f"{cause(session.definitions, listed, s.subject, c)} {points.signed(c.points)}"
                for c in listed.causes[s.subject]
            ]
            cell = remedy_cell(session, listed, s.subject, remedies) if name == "black" else None
            yield Listed(
                words.list_name(session.definitions, name),
                s.subject,
                s.branch or "",
                s.rank,
                s.moved,
                s.total,
                clauses(causes),
                cell and cell.text,
            )
    for key, life in overdue(session, listed, remedies):
        text = phrases.remedy_standing(key, life, session.today)
        yield Listed(_("overdue"), life.subject, life.branch, remedy=text)
    for u in listed.missing:
        reason = phrases.reason(u.reason, u.note)
        yield Listed(_("missing"), u.subject, u.branch or "", because=reason)
