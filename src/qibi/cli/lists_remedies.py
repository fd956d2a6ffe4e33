"""The remedies beside red and black lists: of whom black names, and overdue ones of earlier weeks."""

from collections.abc import Iterable
from typing import Any

from qibi.base.language import _, clauses, colon
from qibi.base.weeks import Period
from qibi.cli.remedy_words import day_text, standing
from qibi.cli.session import Session
from qibi.cli.view import Cell, Column, Grid, View
from qibi.ledger.remedies import Life, batches_with_remedies, lives, recent_weeks
from qibi.scoring.lists import Lists, remedy_due

Remedies = dict[str, list[tuple[str, Life]]]  # subject: its remedies
_LATE = 10  # overdue remedies that are shown; JSON and CSV have them all


def remedies_of(now: Session, asked: Period, kinds: Iterable[str]) -> dict[str, Remedies]:
    """By kind of subject: those opened in the period, and earlier ones that nobody has verified."""
    wanted = {*recent_weeks(now.root, asked.weeks[-1]), *asked.weeks}
    found: dict[str, Remedies] = {kind: {} for kind in kinds}
    batches = batches_with_remedies(now.root, sorted(wanted), now.around.cache)
    for key, life in lives(batches).items():
        kind = now.definitions.kind(life.subject)
        if kind in found and (life.week in asked.weeks or not life.ended):
            found[kind].setdefault(life.subject, []).append((key, life))
    return found


def show_of_black(view: View, now: Session, found: Lists, remedies: Remedies) -> None:
    """The remedies of those whom a black list names, below it."""
    rows: list[list[str | Cell]] = []
    for s in found.black:
        cell = remedy_cell(now, found, s.subject, remedies)
        if cell.text:
            rows.append([now.definitions.title(s.subject), cell])
    if rows:
        view.line()
        view.blocks.append(Grid([Column(_("Remedy")), Column("", wraps=True)], rows))


def show_overdue(view: View, now: Session, found: Lists, remedies: Remedies) -> None:
    """Overdue remedies of others, in red."""
    late = overdue(now, found, remedies)
    if late:
        view.line()
        view.line(_("still to be mended from earlier lists and inspections"), "bold")
        rows: list[list[str | Cell]] = [
            [now.definitions.title(life.subject), Cell(standing(key, life, now.today), "red")]
            for key, life in late[:_LATE]
        ]
        view.blocks.append(Grid([Column(""), Column("", wraps=True)], rows, headed=False))
        if len(late) > _LATE:
            more = _("and {count} more").format(count=len(late) - _LATE)
            view.line(f"{more}{colon()}qibi remedy list", "red")


def remedy_cell(now: Session, found: Lists, subject: str, remedies: Remedies) -> Cell:
    """Its remedies with state and day, overdue ones marked; else the day by which one is due."""
    mine = remedies.get(subject, [])
    if not mine:
        day = due(found)
        return Cell(_("due {day}, not opened").format(day=day_text(day, now.today)) if day else "")
    said, late = [], False
    for key, life in mine:
        late = late or life.overdue(now.today)
        said.append(standing(key, life, now.today))
    return Cell(clauses(said), "red" if late else "")


def due(found: Lists) -> str:
    """The day by which those on a week's black list have to mend it; none over several weeks."""
    asked = found.ranking.question.period.weeks
    day = remedy_due(found.policy, asked[0]) if len(asked) == 1 else None
    return day.isoformat() if day else ""


def overdue(now: Session, found: Lists, remedies: Remedies) -> list[tuple[str, Life]]:
    """Remedies of those whom this black list does not name, and that are overdue; the oldest first."""
    named = {s.subject for s in found.black}
    late = [
        (key, life)
        for subject, mine in remedies.items()
        for key, life in mine
        if subject not in named and life.overdue(now.today)
    ]
    return sorted(late, key=lambda pair: (pair[1].due, pair[0]))


def as_json(now: Session, key: str, life: Life) -> dict[str, Any]:
    """A remedy in the shape that scripts read."""
    return {
        "id": key,
        "week": life.week,
        "state": life.state,
        "owner": life.owner or None,
        "due": life.due or None,
        "overdue": life.overdue(now.today),
    }
