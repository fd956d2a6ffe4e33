"""What the commands on remedies have in common: states, days, and the options of a step."""

from datetime import date
from typing import Annotated

import typer

from qibi.base.findings import Refusal
from qibi.base.language import _
from qibi.book.words import state_name as state_name
from qibi.cli import phrases
from qibi.cli.session import Session
from qibi.ledger.batches import Batch, weeks_with_batches
from qibi.ledger.evidence import own_record
from qibi.ledger.remedies import Life, batches_with_remedies, lives, references

Key = Annotated[str, typer.Argument(metavar="ID", help=_("'qibi remedy list' names them"))]
Note = Annotated[str, typer.Option("--note", metavar="TEXT", help=_("what there is to say"))]
Evidence = Annotated[
    str, typer.Option("--evidence", metavar="TEXT", help=_("what shows it; several with ;"))
]
Due = Annotated[str, typer.Option("--due", metavar="DAY", help=_("by when; 2026-11-25"))]


def standing_remedies(now: Session) -> list[Batch]:
    """The batches of all weeks that say anything of a remedy, but for hidden ones."""
    weeks = weeks_with_batches(now.root)
    return now.standing(batches_with_remedies(now.root, weeks, now.around.cache))


def known_lives(now: Session) -> dict[str, Life]:
    """Remedy id: its life, of all weeks."""
    return lives(standing_remedies(now))


def shown_by(now: Session, text: str) -> tuple[str, ...]:
    """The evidence of `--evidence`; raises `Refusal` where it is of the book's own records."""
    found = references(text)
    for reference in found:
        if wrong := own_record(reference, now.root, now.around.folder):
            raise Refusal(wrong, code=1)
    return found


def day_text(day: str, today: date) -> str:
    """`11月25日` for 2026-11-25, in another year with that year; nothing where there is no day."""
    return phrases.day(date.fromisoformat(day), today) if day else ""


def standing(key: str, life: Life, today: date) -> str:
    """A remedy in a few words: its id, state and day due; one that is overdue says so."""
    text = f"{key} {state_name(life.state)}"
    if life.overdue(today):
        return text + " " + _("OVERDUE since {day}").format(day=day_text(life.due, today))
    if life.due and not life.ended:
        return text + " " + _("due {day}").format(day=day_text(life.due, today))
    return text
