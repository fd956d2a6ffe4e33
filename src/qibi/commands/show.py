"""qibi show: how many points did you get this week?"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec

from qibi.base import points, weeks
from qibi.base.language import _, clauses, colon, listing, many, mark
from qibi.base.text import argument
from qibi.book.definitions import Definitions
from qibi.book.words import status_name
from qibi.cli import options, phrases
from qibi.cli.output import View
from qibi.cli.phrases import credited, entry_records, evidence_text, honour_counts
from qibi.cli.session import Session, current_session
from qibi.ledger.evidence_files import RECORDS
from qibi.ledger.records import batches_with_records
from qibi.ledger.remedies import Life, lives
from qibi.scoring.account import Account, Behind, behind
from qibi.scoring.assessed import trend_weeks
from qibi.scoring.honours import Record, counts_of, of_subject, records, total_of
from qibi.scoring.ranking import Standing, Unranked

# What is on record of a subject: honours, pledges, and remedies that are still open.


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


def on_record(session: Session, key: str, week: str) -> OnRecord:
    """What the whole ledger has of a subject; what is damaged in it is left out and counted."""
    batches, damaged = batches_with_records(session.root, session.around.cache)
    mine = of_subject(session.definitions, records(batches), key)
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


def add_lines(result: View, session: Session, found: OnRecord) -> None:
    """Say it, overdue remedies in red; nothing where there is nothing."""
    if total_of(found.in_all):
        in_all, now_given = (
            listing(honour_counts(found.in_all)),
            listing(honour_counts(found.this_week)),
        )
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
    title = session.definitions.title
    for name, life in found.remedies:
        seen_to = _("owner {name}").format(name=title(life.owner)) if life.owner else ""
        _add_remedy(result, session.today, _("open remedy"), name, life, seen_to)
    for name, life in found.owned:
        about = _("of {name}").format(name=title(life.subject)) if life.subject else ""
        _add_remedy(result, session.today, _("owns remedy"), name, life, about)
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


def as_plain(session: Session, found: OnRecord) -> dict[str, Any]:
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
                "overdue": life.overdue(session.today),
            }
            for name, life in (*found.remedies, *found.owned)
        ],
    }


PANEL = "look", 1
SUMMARY = mark("How many points did you get this week?")
DETAILS = mark(
    "Total, rank, criteria, entries and trend; relations, honours, pledges and open remedies. A "
    "cap or an exclusion is shown next to the entry that it cut."
)
EXAMPLES = mark("""
qibi show o1-008
qibi show o1-008 --week W45 --format json
""")


def show(
    subject: options.Subject,
    week: options.Week = None,
    form: options.Format = "table",
    output: options.Output = None,
) -> None:
    """Run the command; `DETAILS` is its help."""
    session = current_session()
    asked = session.week(week)
    key = session.find_subject(subject, asked)
    kind = session.definitions.kind(key) or "member"
    found = behind(
        session.root, session.definitions, weeks.single(asked), by=kind, cache=session.around.cache
    )
    for text in phrases.apart(found.ranking):
        session.console.say(_("warning: {text}").format(text=text), "yellow")
    session.console.show(view(session, found, key, asked), form, output)


def view(session: Session, found: Behind, key: str, week: str) -> View:
    """One subject's week, for people, as JSON and as CSV."""
    definitions = session.definitions
    account = found.accounts(week, key).get(key)
    standing = next((s for s in found.ranking.standings if s.subject == key), None)
    kept = on_record(session, key, week)
    result = View(payload=payload(session, found, key, week, account, standing, kept))
    result.line(phrases.who(definitions, key, week), "bold")
    ties = phrases.ties(definitions, key, week)
    if ties:
        result.line("  ".join(ties))
    result.line("  ".join((phrases.week(week), phrases.closure(found.ranking))))
    result.line()
    if account is None:
        result.line(_no_account(definitions, found, key, week))
        add_lines(result, session, kept)
        return result
    result.line(headline(definitions, found, account, standing), "bold")
    result.line()
    if account.criteria:
        shown = [
            f"{_short(account, c.criterion)} {points.show(c.credit)}" for c in account.criteria
        ]
        result.line("  ".join(shown))
    result.records = [entry_records(session, account)]
    if account.entries:
        result.line()
        result.blocks += result.records
    if account.criteria or account.entries:
        result.line()
    trend = found.ranking.trends.get(key, {})
    past = [points.show(trend[w]) if w in trend else "–" for w in trend_weeks(weeks.single(week))]
    result.line(f"{_('last 8 weeks')}   {'  '.join(past)}")
    add_lines(result, session, kept)
    last = _("step by step: qibi why {subject}").format(subject=argument(definitions.title(key)))
    if definitions.objections is not None and not found.ranking.closed:
        until = weeks.sunday(week).toordinal() + definitions.objections
        last += "    " + _("objections: until {day}").format(
            day=phrases.day(weeks.sunday(week).fromordinal(until), session.today)
        )
    result.line(last, "dim")
    return result


def _no_account(definitions: Definitions, found: Behind, key: str, week: str) -> str:
    unranked = next((u for u in found.ranking.unranked if u.subject == key), None)
    if unranked and unranked.reason == "exempt":
        return _("exempt this week: {note}").format(note=unranked.note)
    where = definitions.branch_of(key, week)
    if where is None:
        word = definitions.word("branch", _("branch"))
        return _("in no {branch} in {week}").format(branch=word, week=week)
    return _("{branch} has not been assessed for {week} yet").format(
        branch=phrases.branch(definitions, where), week=week
    )


def headline(
    definitions: Definitions, found: Behind, account: Account, standing: Standing | None
) -> str:
    """Total, rank, how many are ranked, moved, grade and alert."""
    rolled_up = standing is not None and found.ranking.question.by != "member"
    total = standing.total if standing and rolled_up else account.total
    parts = [_("{points} points").format(points=points.show(total))]
    if rolled_up and not account.criteria:
        parts.append(_("all its members'"))
    elif rolled_up:
        base = sum(c.base for c in account.criteria)
        parts.append(
            _("own {points} (base {base}), the rest its members'").format(
                points=points.show(account.total), base=points.show(base)
            )
        )
    if standing:
        everyone = found.ranking.standings
        here = [s for s in everyone if s.branch == account.branch]
        if len(here) > 1:  # a branch is alone in itself, and so is most often its CP
            rank_here = 1 + sum(s.total > standing.total for s in here)
            parts.append(phrases.place_within(definitions, rank_here, len(here)))
        parts.append(_("{rank} of {count} in all").format(rank=standing.rank, count=len(everyone)))
        parts.append(_("moved {moved}").format(moved=phrases.moved(standing.moved)))
        parts.append(phrases.grade(account.scheme, standing.grade))
        parts.append(phrases.alert_word(account.scheme, standing.alert, standing.mean))
    else:
        unranked = next((u for u in found.ranking.unranked if u.subject == account.subject), None)
        if unranked:
            parts.append(_without_place(definitions, account, unranked))
    return "   ".join(p for p in parts if p)


def _without_place(definitions: Definitions, account: Account, unranked: Unranked) -> str:
    """Why someone who is assessed has no place; a status that is not ranked is named."""
    membership = definitions.membership(account.subject, account.week)
    if unranked.reason == "ineligible" and membership:
        status = status_name(membership.status)
        return _("assessed, but not ranked: {status}").format(status=status)
    return phrases.reason(unranked.reason, unranked.note)


def _short(account: Account, criterion: str) -> str:
    found = account.scheme.criterion(criterion)
    return str(found.short) if found else criterion


def payload(
    session: Session,
    found: Behind,
    key: str,
    week: str,
    account: Account | None,
    standing: Standing | None,
    kept: OnRecord,
) -> dict[str, Any]:
    """One subject's week as JSON."""
    definitions = session.definitions
    unranked = next((u for u in found.ranking.unranked if u.subject == key), None)
    return {
        "qibi": 1,
        "command": "show",
        "week": week,
        "subject": key,
        "name": definitions.title(key),
        "branch": definitions.branch_of(key, week),
        **phrases.as_plain(definitions, key, week),
        "total": points.to_number(standing.total if standing else account.total)
        if account
        else None,
        "own": points.to_number(account.total) if account else None,
        "rank": standing.rank if standing else None,
        "moved": standing.moved if standing else None,
        "grade": standing.grade if standing else None,
        "alert": standing.alert if standing else None,
        "reason": unranked.reason if unranked else None,
        "criteria": {c.criterion: points.to_number(c.credit) for c in account.criteria}
        if account
        else {},
        "entries": [
            {
                "id": entry_id,
                "item": entry.item,
                "points": points.to_number(entry.hundredths),
                "credit": points.to_number(credit),
                "count": entry.count,
                "date": entry.date or None,
                "note": entry.note or None,
                "evidence": msgspec.to_builtins(entry.evidence),
                "judge": entry.judge,
                "approved_by": entry.approved_by or None,
                "recorded_by": entry.recorded_by,
                "recorded_at": entry.recorded_at,
            }
            for entry_id, entry, credit, _remark in credited(account)
        ]
        if account
        else [],
        "trend": {
            w: points.to_number(v) for w, v in sorted(found.ranking.trends.get(key, {}).items())
        },
        **as_plain(session, kept),
    }
