"""What waits for someone: remedies to be reported or verified, milestones, proposed points."""

from typing import Any

from qibi.base import weeks
from qibi.base.language import _, colon, listing, many
from qibi.cli.remedy_words import day_text
from qibi.cli.session import Session
from qibi.cli.view import Cell, Column, Grid, View
from qibi.ledger.remedies import Life

Remedies = dict[str, Life]  # id: its life
Waiting = list[tuple[str, str, str]]  # branch, what waits, the command
_SHOWN = 8  # of each; JSON has them all


def show_remedies(view: View, now: Session, remedies: Remedies) -> None:
    """Overdue ones in red, those due this week and those to be verified, with the next command."""
    if not remedies:
        return
    sunday = weeks.sunday(weeks.week_of(now.today)).isoformat()
    late = sum(life.overdue(now.today) for life in remedies.values())
    said = [many("{count} remedy", "{count} remedies", len(remedies)).format(count=len(remedies))]
    if late:
        said.append(_("{count} overdue").format(count=late))
    view.line()
    view.line(listing(said), "bold")
    pressing = {
        key: life
        for key, life in remedies.items()
        if life.state == "reported" or (life.due and life.due <= sunday)
    }
    rows = [_row(now, key, life) for key, life in list(pressing.items())[:_SHOWN]]
    if rows:
        columns = [Column(""), Column(""), Column("", wraps=True), Column("", wraps=True)]
        view.blocks.append(Grid(columns, rows, headed=False))
    if more := len(remedies) - len(rows):
        text = _("and {count} more").format(count=more) if rows else _("none is due this week")
        view.line(f"{text}{colon()}qibi remedy list")
    done = next((key for key, life in pressing.items() if life.state == "reported"), None)
    todo = next((key for key, life in pressing.items() if life.state != "reported"), None)
    if todo:
        view.line(_("once it is done: {command}").format(command=f"qibi remedy report {todo}"))
    if done:
        command = f"qibi remedy verify {done} --as WHO"
        view.line(_("to strike it off: {command}").format(command=command))
        view.line("  " + _("WHO is someone who neither owns nor reported it"), "dim")


def _row(now: Session, key: str, life: Life) -> list[str | Cell]:
    """Its id, what it waits for, whom it is about, and its owner."""
    late = life.overdue(now.today)
    said = [_("reported, to be verified")] if life.state == "reported" else []
    if late:
        said.append(_("OVERDUE since {day}").format(day=day_text(life.due, now.today)))
    elif not said:
        said.append(_("due {day}").format(day=day_text(life.due, now.today)))
    style = "red" if late else "yellow"
    title = now.definitions.title
    return [key, Cell(listing(said), style), title(life.subject), title(life.owner)]


def show_waiting(view: View, waiting: Waiting) -> None:
    """What waits for a scorer, each with its command."""
    if not waiting:
        return
    view.line()
    view.line(_("waiting for the scorers"), "bold")
    for _branch, said, command in waiting[:_SHOWN]:
        view.line(said)
        view.line(f"  {command}", "dim", whole=True)
    if len(waiting) > _SHOWN:
        text = _("and {count} more").format(count=len(waiting) - _SHOWN)
        view.line(f"{text}{colon()}qibi task list")


def as_json(now: Session, remedies: Remedies, waiting: Waiting) -> dict[str, Any]:
    """Both in the shape that scripts read."""
    return {
        "remedies": [
            {
                "id": key,
                "week": life.week,
                "branch": life.branch,
                "subject": life.subject,
                "name": now.definitions.title(life.subject),
                "state": life.state,
                "owner": life.owner or None,
                "measure": life.measure,
                "due": life.due or None,
                "overdue": life.overdue(now.today),
            }
            for key, life in remedies.items()
        ],
        "waiting": [
            {"branch": branch, "text": said, "command": command}
            for branch, said, command in waiting
        ],
    }
