"""What stands on record of a subject: honours, pledges, and remedies that are still open."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from qibi.base.language import _, clauses, colon, listing, many
from qibi.cli import phrases
from qibi.cli.honours import evidence_text, said
from qibi.cli.session import Session
from qibi.cli.view import View
from qibi.ledger.evidence import RECORDS
from qibi.ledger.records import batches_with_records
from qibi.ledger.remedies import Life, lives
from qibi.scoring.honours import Record, counts_of, of_subject, records, total_of

_MOST = 3  # pledges that are named


@dataclass(frozen=True)
class OnRecord:
    """Of one subject and week. `remedies` are about it, `owned` are about others; by their day."""

    this_week: dict[str, int]
    in_all: dict[str, int]
    pledges: tuple[Record, ...]
    remedies: tuple[tuple[str, Life], ...]
    owned: tuple[tuple[str, Life], ...]
    damaged: int  # batches of any week that can't be read


def on_record(now: Session, key: str, week: str) -> OnRecord:
    """What the whole ledger has of a subject; what is damaged in it is left out and counted."""
    batches, damaged = batches_with_records(now.root, now.around.cache)
    mine = of_subject(now.definitions, records(batches), key)
    pledges = {r.proof: r for r in mine if r.kind == "pledge"}
    waiting = sorted(
        ((name, life) for name, life in lives(batches).items() if not life.ended),
        key=lambda pair: (pair[1].due or "9999", pair[0]),
    )
    return OnRecord(
        counts_of(r.proof for r in mine if r.week == week),
        counts_of(r.proof for r in mine),
        tuple(pledges.values()),
        tuple(pair for pair in waiting if pair[1].subject == key),
        tuple(pair for pair in waiting if pair[1].owner == key != pair[1].subject),
        damaged,
    )


def add_lines(result: View, now: Session, found: OnRecord) -> None:
    """Say it, overdue remedies in red; nothing where there is nothing."""
    if total_of(found.in_all):
        in_all, now_given = listing(said(found.in_all)), listing(said(found.this_week))
        if in_all == now_given:
            text = _("{what}, all of this week").format(what=in_all)
        else:
            parts = [_("{what} this week").format(what=now_given)] if now_given else []
            text = clauses([*parts, _("{what} in all").format(what=in_all)])
        result.line(_("honours") + colon() + text)
    if found.pledges:
        named = [evidence_text(p.evidence) for p in found.pledges[:_MOST]]
        if len(found.pledges) > _MOST:
            named.append(_("{count} more").format(count=len(found.pledges) - _MOST))
        result.line(_("on record") + colon() + listing(named))
    title = now.definitions.title
    for name, life in found.remedies:
        seen_to = _("owner {name}").format(name=title(life.owner)) if life.owner else ""
        _add_remedy(result, now.today, _("open remedy"), name, life, seen_to)
    for name, life in found.owned:
        about = _("of {name}").format(name=title(life.subject)) if life.subject else ""
        _add_remedy(result, now.today, _("sees to remedy"), name, life, about)
    if found.damaged:
        text = many(
            "{count} damaged batch is left out here; 'qibi check' names it",
            "{count} damaged batches are left out here; 'qibi check' names them",
            found.damaged,
        )
        result.line(text.format(count=found.damaged), "yellow")


def _add_remedy(result: View, today: date, label: str, name: str, life: Life, person: str) -> None:
    over = life.overdue(today)
    state = {
        "reported": _("reported, to be verified"),
        "reopened": _("reopened"),
    }.get(life.state, "")
    due = ""
    if life.due:
        text = _("overdue since {day}!") if over else _("due by {day}")
        due = text.format(day=phrases.day(date.fromisoformat(life.due), today))
    parts = [f"{label} {name}", life.measure, person, state, due]
    result.line("  ".join(p for p in parts if p), "red" if over else "")


def as_plain(now: Session, found: OnRecord) -> dict[str, Any]:
    """The same for JSON."""
    return {
        "honours": {
            "week": {kind: found.this_week[kind] for kind in RECORDS},
            "all": {kind: found.in_all[kind] for kind in RECORDS},
        },
        "remedies": [
            {
                "remedy": name,
                "week": life.week,
                "subject": life.subject,
                "owner": life.owner,
                "measure": life.measure,
                "state": life.state,
                "due": life.due or None,
                "overdue": life.overdue(now.today),
            }
            for name, life in (*found.remedies, *found.owned)
        ],
    }
