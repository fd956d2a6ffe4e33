"""qibi show: how many points did you get this week?"""

from typing import Any

from qibi.base import points, weeks
from qibi.base.language import _, clauses, listing, mark
from qibi.book.definitions import Definitions
from qibi.cli import options, phrases
from qibi.cli.console import Cell, Column, Grid, View
from qibi.cli.session import Session, session
from qibi.ledger.batches import batch_names
from qibi.ledger.entries import File, Score
from qibi.scoring.account import Account, Behind, behind
from qibi.scoring.ranking import Standing, trend_weeks

DETAILS = mark(
    "Total, rank, criteria, entries and trend. A cap or an exclusion that cut something is said beside the entry that it cut."
)
EXAMPLES = """
qibi show 党员八
qibi show o1-008 --week W45 --format json
"""


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
    now.console.show(view(now, found, key, asked), form, output)


def view(now: Session, found: Behind, key: str, week: str) -> View:
    """One subject's week, for people, as JSON and as CSV."""
    definitions = now.definitions
    account = found.accounts(week, key).get(key)
    standing = next((s for s in found.ranking.standings if s.subject == key), None)
    result = View(payload=payload(definitions, found, key, week, account, standing))
    result.line(who(definitions, key, week), "bold")
    result.line("  ".join((phrases.week(week), _("not closed"))))
    result.line()
    if account is None:
        result.line(_no_account(definitions, found, key, week))
        return result
    result.line(headline(definitions, found, account, standing), "bold")
    result.line()
    result.line(
        "  ".join(
            f"{_short(account, c.criterion)} {points.show(c.credit)}" for c in account.criteria
        )
    )
    if account.entries:
        result.line()
        result.blocks.append(_entries(now, account))
    result.header, result.rows = _table(definitions, account)
    result.line()
    trend = found.ranking.trends.get(key, {})
    past = [points.show(trend[w]) if w in trend else "–" for w in trend_weeks(weeks.single(week))]
    result.line(f"{_('last 8 weeks')}   {'  '.join(past)}")
    last = _("step by step: qibi why {subject}").format(
        subject=phrases.argument(definitions.title(key))
    )
    if definitions.objections is not None:
        until = weeks.sunday(week).toordinal() + definitions.objections
        last += "    " + _("objections: until {day}").format(
            day=phrases.day(weeks.sunday(week).fromordinal(until))
        )
    result.line(last, "dim")
    return result


def who(definitions: Definitions, key: str, week: str) -> str:
    """Name, id and where the subject belongs in a week."""
    parts = [f"{definitions.title(key)} ({key})"]
    membership = definitions.membership(key, week)
    if membership:
        branch = definitions.branch(membership.branch)
        groups = {g.id: str(g.name) for g in branch.groups} if branch else {}
        place = phrases.branch(definitions, membership.branch)
        parts.append(f"{place} {groups.get(membership.group, '')}".strip())
        units = {u.id: str(u.name) for u in definitions.units}
        if membership.unit:
            parts.append(units.get(membership.unit, membership.unit))
        status = status_name(membership.status)
        if status:
            parts.append(status)
        if membership.mentor:
            parts.append(_("mentor {name}").format(name=definitions.title(membership.mentor)))
    else:
        where = definitions.branch_of(key, week)
        if where and where != key:
            parts.append(phrases.branch(definitions, where))
    return "  ".join(parts)


def status_name(status: str) -> str:
    """What a status is called; nothing for full members."""
    return {
        "probationary": _("probationary"),
        "activist": _("activist"),
        "staff": _("staff"),
    }.get(status, "")


def _no_account(definitions: Definitions, found: Behind, key: str, week: str) -> str:
    unranked = next((u for u in found.ranking.unranked if u.subject == key), None)
    if unranked and unranked.reason == "exempt":
        return _("exempt this week: {note}").format(note=unranked.note)
    where = definitions.branch_of(key, week)
    if where is None:
        return _("in no branch in {week}").format(week=week)
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
    if rolled_up:
        base = sum(c.base for c in account.criteria)
        parts.append(
            _("own {points} (base {base}), the rest its members'").format(
                points=points.show(account.total), base=points.show(base)
            )
        )
    if standing:
        everyone = found.ranking.standings
        here = [s for s in everyone if s.branch == account.branch]
        rank_here = 1 + sum(s.total > standing.total for s in here)
        parts.append(phrases.place_within(definitions, rank_here, len(here)))
        parts.append(_("{rank} of {count} in all").format(rank=standing.rank, count=len(everyone)))
        parts.append(_("moved {moved}").format(moved=phrases.moved(standing.moved)))
        parts.append(phrases.grade(account.scheme, standing.grade))
        parts.append(phrases.alert_word(account.scheme, standing.alert, standing.mean))
    else:
        unranked = next((u for u in found.ranking.unranked if u.subject == account.subject), None)
        if unranked:
            parts.append(phrases.reason(unranked.reason, unranked.note))
    return "   ".join(p for p in parts if p)


def _short(account: Account, criterion: str) -> str:
    found = account.scheme.criterion(criterion)
    return str(found.short) if found else criterion


def _entries(now: Session, account: Account) -> Grid:
    digests = {name.rsplit("-", 1)[1][:16] for name in batch_names(now.root, account.week)}
    short = phrases.short_ids((key for key, _entry in account.entries), digests)
    rows: list[list[str | Cell]] = []
    for key, entry, credit, remark in credited(account):
        rows.append(
            [
                phrases.signed(credit) if account.item(entry.item) else points.show(credit),
                item_name(account, entry.item),
                str(entry.count),
                person(now.definitions, account, entry.judge),
                evidence(entry),
                short[key],
                "  ".join(t for t in (entry.note, remark) if t),
            ]
        )
    heads = [
        Column(_("Points"), right=True),
        Column(_("Item"), wraps=True),
        Column(_("x"), right=True),
        Column(_("Judge"), wraps=True),
        Column(_("Evidence"), wraps=True),
        Column(_("Entry")),
        Column(_("Note"), wraps=True),
    ]
    used = [n for n in range(len(heads)) if n < 4 or any(row[n] for row in rows)]
    return Grid([heads[n] for n in used], [[row[n] for n in used] for row in rows])


def credited(account: Account) -> list[tuple[str, Score, int, str]]:
    """Each entry with what it added to the item's credit (hundredths), and what cut it.

    The credit of an item does not depend on the order of its entries; to show it beside them, each
    entry in turn takes what is left, so that the column adds up to the credit.
    """
    left = {i.item: i.credit for i in account.items}
    remaining = {i.item: i.entries for i in account.items}
    found = []
    for key, entry in account.entries:
        item = account.item(entry.item)
        if item is None:
            counts = any(c.score_id == key for c in account.criteria)
            remark = "" if counts else _("a later score counts")
            found.append((key, entry, entry.hundredths if counts else 0, remark))
            continue
        remaining[item.item] -= 1
        own = entry.hundredths
        if item.earned != item.summed:  # the highest only
            counts = own == item.earned and left[item.item] == item.credit
            part = left[item.item] if counts else 0
            left[item.item] -= part
            remark = cut_remark(account, item.item) if counts and item.credit != own else ""
            found.append((key, entry, part, remark if counts else _("the highest only")))
            continue
        if item.credit == item.summed:
            part = own
        elif remaining[item.item] == 0:
            part = left[item.item]
        else:
            part = (
                max(min(own, left[item.item]), 0) if own > 0 else min(max(own, left[item.item]), 0)
            )
        left[item.item] -= part
        last = remaining[item.item] == 0
        found.append((key, entry, part, cut_remark(account, item.item) if last else ""))
    return found


def cut_remark(account: Account, key: str) -> str:
    """What cut an item's credit, in words: a cap, an exclusion, the highest only; empty if nothing."""
    item = account.item(key)
    if item is None:
        return ""
    if item.excluded_by:
        return _("{item} counts already, this one no more").format(
            item=item_name(account, item.excluded_by)
        )
    said = []
    if item.earned != item.summed:
        said.append(_("the highest only"))
    if item.capped != item.earned:
        amount = points.show(abs(item.earned - item.capped))
        cap = points.show(abs(item.cap or 0))
        text = (
            _("week's cap {cap}, {amount} less gained")
            if item.earned > 0
            else _("week's cap {cap}, {amount} less lost")
        )
        said.append(text.format(cap=cap, amount=amount))
    return listing(said)


def item_name(account: Account, key: str) -> str:
    """The name of an item or directly scored criterion."""
    found = account.scheme.item(key) or account.scheme.criterion(key)
    return str(found.name) if found else key


def person(definitions: Definitions, account: Account, key: str) -> str:
    """The name of who judged: a scorer role of the scheme or a member."""
    roles = {s.id: str(s.name) for s in account.scheme.scorers}
    return roles.get(key) or definitions.title(key)


def evidence(entry: Score) -> str:
    """An entry's evidence in one line."""
    texts = [e.path if isinstance(e, File) else e for e in entry.evidence]
    return clauses(texts)


def _table(definitions: Definitions, account: Account) -> tuple[list[str], list[list[Any]]]:
    header = [
        _("Points"),
        _("Credit"),
        _("Item"),
        _("Count"),
        _("Judge"),
        _("Evidence"),
        _("Entry"),
        _("Date"),
        _("Note"),
    ]
    rows: list[list[Any]] = [
        [
            points.to_number(entry.hundredths),
            points.to_number(credit),
            item_name(account, entry.item),
            entry.count,
            person(definitions, account, entry.judge),
            evidence(entry),
            key,
            entry.date,
            entry.note,
        ]
        for key, entry, credit, _remark in credited(account)
    ]
    return header, rows


def payload(
    definitions: Definitions,
    found: Behind,
    key: str,
    week: str,
    account: Account | None,
    standing: Standing | None,
) -> dict[str, Any]:
    """One subject's week as JSON."""
    unranked = next((u for u in found.ranking.unranked if u.subject == key), None)
    return {
        "qibi": 1,
        "command": "show",
        "week": week,
        "subject": key,
        "name": definitions.title(key),
        "branch": definitions.branch_of(key, week),
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
    }
