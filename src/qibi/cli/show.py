"""qibi show: how many points did you get this week?"""

from typing import Any

import msgspec

from qibi.base import points, weeks
from qibi.base.language import _, mark
from qibi.base.text import argument
from qibi.book.definitions import Definitions
from qibi.cli import options, phrases, show_records, show_who
from qibi.cli.session import Session, session
from qibi.cli.show_entries import credited, entries_grid, table
from qibi.cli.show_records import OnRecord, on_record
from qibi.cli.view import View
from qibi.scoring.account import Account, Behind, behind
from qibi.scoring.assessed import trend_weeks
from qibi.scoring.ranking import Standing, Unranked

DETAILS = mark(
    "Total, rank, criteria, entries and trend; whom the subject is tied to, honours, pledges and open remedies. A cap or an exclusion that cut "
    "something is said beside the entry that it cut."
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
    now = session()
    asked = now.week(week)
    key = now.find_subject(subject, asked)
    kind = now.definitions.kind(key) or "member"
    found = behind(now.root, now.definitions, weeks.single(asked), by=kind, cache=now.around.cache)
    for text in phrases.apart(found.ranking):
        now.console.say(_("warning: {text}").format(text=text), "yellow")
    now.console.show(view(now, found, key, asked), form, output)


def view(now: Session, found: Behind, key: str, week: str) -> View:
    """One subject's week, for people, as JSON and as CSV."""
    definitions = now.definitions
    account = found.accounts(week, key).get(key)
    standing = next((s for s in found.ranking.standings if s.subject == key), None)
    kept = on_record(now, key, week)
    result = View(payload=payload(now, found, key, week, account, standing, kept))
    result.line(show_who.who(definitions, key, week), "bold")
    ties = show_who.ties(definitions, key, week)
    if ties:
        result.line("  ".join(ties))
    result.line("  ".join((phrases.week(week), phrases.closure(found.ranking))))
    result.line()
    if account is None:
        result.line(_no_account(definitions, found, key, week))
        show_records.add_lines(result, now, kept)
        return result
    result.line(headline(definitions, found, account, standing), "bold")
    result.line()
    if account.criteria:
        shown = [
            f"{_short(account, c.criterion)} {points.show(c.credit)}" for c in account.criteria
        ]
        result.line("  ".join(shown))
    if account.entries:
        result.line()
        result.blocks.append(entries_grid(now, account))
    result.header, result.rows = table(definitions, account)
    if account.criteria or account.entries:
        result.line()
    trend = found.ranking.trends.get(key, {})
    past = [points.show(trend[w]) if w in trend else "–" for w in trend_weeks(weeks.single(week))]
    result.line(f"{_('last 8 weeks')}   {'  '.join(past)}")
    show_records.add_lines(result, now, kept)
    last = _("step by step: qibi why {subject}").format(subject=argument(definitions.title(key)))
    if definitions.objections is not None and not found.ranking.closed:
        until = weeks.sunday(week).toordinal() + definitions.objections
        last += "    " + _("objections: until {day}").format(
            day=phrases.day(weeks.sunday(week).fromordinal(until), now.today)
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
        status = show_who.status_name(membership.status) or membership.status
        return _("ineligible: {status} are assessed but not ranked").format(status=status)
    return phrases.reason(unranked.reason, unranked.note)


def _short(account: Account, criterion: str) -> str:
    found = account.scheme.criterion(criterion)
    return str(found.short) if found else criterion


def payload(
    now: Session,
    found: Behind,
    key: str,
    week: str,
    account: Account | None,
    standing: Standing | None,
    kept: OnRecord,
) -> dict[str, Any]:
    """One subject's week as JSON."""
    definitions = now.definitions
    unranked = next((u for u in found.ranking.unranked if u.subject == key), None)
    return {
        "qibi": 1,
        "command": "show",
        "week": week,
        "subject": key,
        "name": definitions.title(key),
        "branch": definitions.branch_of(key, week),
        **show_who.as_plain(definitions, key, week),
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
        **show_records.as_plain(now, kept),
    }
