"""Remedies to be seen: a table, the steps of each where they are asked for, and JSON."""

from typing import Any

import msgspec

from qibi.base.language import _, listing, many
from qibi.book.words import state_name
from qibi.cli import phrases
from qibi.cli.remedy_words import day_text
from qibi.cli.session import Session
from qibi.cli.view import Cell, Column, Grid, View
from qibi.ledger.entries import File, Remedy
from qibi.ledger.remedies import Life


def view_of(now: Session, found: list[tuple[str, Life]], with_steps: bool) -> View:
    """Remedies as a table, each with its steps below where they are asked for."""
    today, title = now.today, now.definitions.title
    view = View(payload={"qibi": 1, "command": "remedy", "remedies": []})
    view.header = [
        "id",
        "week",
        "branch",
        "subject",
        "name",
        "state",
        "overdue",
        "owner",
        "measure",
        "due",
        "note",
    ]
    view.rows = rows = []
    late = sum(life.overdue(today) for _key, life in found)
    count = many("{count} remedy", "{count} remedies", len(found)).format(count=len(found))
    view.line(f"{now.definitions.name}  {count}  {_('{count} overdue').format(count=late)}", "bold")
    shown: list[list[str | Cell]] = []
    for key, life in found:
        over = life.overdue(today)
        style = "red" if over else "dim" if life.ended else ""
        state = state_name(life.state) + ("!" if over else "")
        cells = [title(life.subject), life.measure, title(life.owner), day_text(life.due, today)]
        shown.append([key, Cell(state, style), *cells])
        plain = msgspec.to_builtins(life)
        view.payload["remedies"].append({**_as_json(now, key, life), "overdue": over})
        rows.append([key, *(plain[n] for n in ("week", "branch", "subject")), title(life.subject)])
        rows[-1] += [life.state, "yes" if over else None, life.owner, life.measure, life.due]
        rows[-1].append(life.history[-1].entry.note)
    columns = [Column(_("Id")), Column(_("State")), Column(_("Subject"), wraps=True)]
    columns += [
        Column(_("Measure"), wraps=True),
        Column(_("Owner"), wraps=True),
        Column(_("Due by")),
    ]
    if shown:
        view.line()
        view.blocks.append(Grid(columns, shown))
    for key, life in found if with_steps else ():
        view.line()
        view.line(f"{key}  {phrases.week(life.week)}", "dim")
        view.blocks.append(_steps(now, life))
    if late:
        view.line()
        view.line(_("{mark} overdue on {today}").format(mark="!", today=phrases.day(today)), "red")
    return view


def _steps(now: Session, life: Life) -> Grid:
    """A life, step by step; a step that changed nothing says why."""
    rows = [
        [
            step.entry.recorded_at[5:16].replace("T", " "),
            state_name(step.entry.state),
            now.definitions.title(step.entry.recorded_by),
            "  ".join(t for t in (step.entry.note, _evidence(step.entry), step.breach) if t),
        ]
        for step in life.history
    ]
    columns = [Column(""), Column(""), Column("", wraps=True), Column("", wraps=True)]
    return Grid(columns, rows, headed=False, indent=2)


def _evidence(entry: Remedy) -> str:
    return listing([e.path if isinstance(e, File) else e for e in entry.evidence])


def _as_json(now: Session, key: str, life: Life) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(life)
    steps = [
        {"id": step.key, **msgspec.to_builtins(step.entry), "breach": step.breach or None}
        for step in life.history
    ]
    return {**plain, "id": key, "name": now.definitions.title(life.subject), "history": steps}
