"""qibi why: how a total came about, rule by rule, so that anyone can redo the sum."""

from collections.abc import Iterable, Iterator
from typing import Any

from qibi.base import points
from qibi.base.language import _, clauses, mark
from qibi.base.points import show, signed
from qibi.base.weeks import Period
from qibi.cli import options, phrases
from qibi.cli.options import period_of
from qibi.cli.output import Column, Grid, View
from qibi.cli.phrases import who
from qibi.cli.session import Session, current_session
from qibi.ledger.batches import Index
from qibi.ledger.entries import Exempt
from qibi.scoring.account import Account, Behind, Rollup, behind
from qibi.scoring.ranking import Standing
from qibi.scoring.sums import Step, steps

PANEL = "look", 2
SUMMARY = mark("How a total is calculated, rule by rule.")
DETAILS = mark(
    "Entries, items, criteria, total, rank, and what was cut. Over several weeks it shows how the weeks add up; ask for one of them to see that week's "
    "steps."
)
EXAMPLES = mark("""
qibi why o1-008
qibi why o1-008 2026-10
""")


def why(
    subject: options.Subject,
    period: options.PeriodArgument = None,
    week: options.Week = None,
    form: options.Format = "table",
    output: options.Output = None,
) -> None:
    """Run the command; `DETAILS` is its help."""
    session = current_session()
    asked = period_of(session, period, week)
    key = session.find_subject(subject, asked.weeks[-1])
    kind = session.definitions.kind(key) or "member"
    found = behind(session.root, session.definitions, asked, by=kind, cache=session.around.cache)
    made = (
        _week_view(session, found, key, asked.weeks[0])
        if len(asked.weeks) == 1
        else _period_view(session, found, key, asked)
    )
    for text in phrases.apart(found.ranking):
        session.console.say(_("warning: {text}").format(text=text), "yellow")
    session.console.show(made, form, output)


def _week_view(session: Session, found: Behind, key: str, week: str) -> View:
    account = found.accounts(week, key).get(key)
    standing = next((s for s in found.ranking.standings if s.subject == key), None)
    result = View(payload=payload(session, found, key, week, account, standing))
    if account is None:
        result.line(who(session.definitions, key, week), "bold")
        unranked = next((u for u in found.ranking.unranked if u.subject == key), None)
        text = phrases.reason(unranked.reason, unranked.note) if unranked else _("not active")
        result.line(_("no total in {week}: {reason}").format(week=week, reason=text))
        return result
    definitions = session.definitions
    title = [definitions.title(key), week, _("scheme of {week}").format(week=account.scheme.week)]
    if key != account.branch:
        title.append(phrases.branch(definitions, account.branch))
    title.append(phrases.closure(found.ranking))
    result.line("  ".join(title), "bold")
    result.line()
    rollup = found.rollup(week, key)
    made = steps(found, account, rollup, standing)
    show_steps(result, made if found.has_own(account) else made[:1])
    if not found.has_own(account):
        result.line(_("no criteria apply to it, so it has no points of its own"))
        show_steps(result, made[1:])
    result.header, result.rows = _table(account, rollup)
    return result


def _period_view(session: Session, found: Behind, key: str, period: Period) -> View:
    definitions = session.definitions
    standing = next((s for s in found.ranking.standings if s.subject == key), None)
    totals = dict(_week_totals(found, key, period))
    without = {w: why for w, why in _passed(found, key, period).items() if w not in totals}
    result = View(
        payload={
            "qibi": 1,
            "command": "why",
            "subject": key,
            "name": definitions.title(key),
            "period": {"label": period.label, "weeks": list(period.weeks)},
            "weeks": {w: points.to_number(total) for w, total in totals.items()},
            "without_total": {
                w: {"reason": reason, "note": note or None} for w, (reason, note) in without.items()
            },
            "total": points.to_number(standing.total) if standing else None,
            "mean": points.to_number(standing.mean) if standing else None,
            "rank": standing.rank if standing else None,
        }
    )
    result.line(f"{definitions.title(key)}  {phrases.period(period)}", "bold")
    result.line()
    rows = []
    for w in sorted({*totals, *without}):
        scheme = definitions.scheme(w)
        where = definitions.branch_of(key, w)
        place = phrases.branch(definitions, where) if where else ""
        total = show(totals[w]) if w in totals else ""
        message = _said(*without[w]) if w in without else ""
        rows.append([w, place, scheme.week if scheme else "", total, message])
    columns = [
        Column(_("Week")),
        Column(phrases.branch_heading(definitions), wraps=True),
        Column(_("Scheme")),
        Column(_("Total"), right=True),
        Column(_("Note"), wraps=True),
    ]
    result.header, result.rows = [c.title for c in columns], rows
    used = [
        n
        for n in range(len(columns))
        if (n != 1 or definitions.kind(key) != "branch") and (n != 4 or without)
    ]
    result.blocks.append(Grid([columns[n] for n in used], [[row[n] for n in used] for row in rows]))
    result.line()
    if totals:
        summed = sum(totals.values())
        text = f"{' + '.join(show(t) for t in totals.values())} = {show(summed)}"
        if found.ranking.scheme and found.ranking.scheme.period_total == "mean":
            mean = (2 * summed + len(totals)) // (2 * len(totals))
            average = _("mean of {count} weeks {mean}")
            text = clauses([text, average.format(count=len(totals), mean=show(mean))])
        result.line(text)
    if standing:
        result.line(
            _("place {rank} of {count}").format(
                rank=standing.rank, count=len(found.ranking.standings)
            )
        )
    else:
        unranked = next((u for u in found.ranking.unranked if u.subject == key), None)
        if unranked:
            result.line(
                _("no place: {reason}").format(
                    reason=phrases.reason(unranked.reason, unranked.note)
                )
            )
    return result


def _week_totals(found: Behind, key: str, period: Period) -> Iterator[tuple[str, int]]:
    """The weeks in which the subject has a total, with it (hundredths)."""
    for week in period.weeks:
        rollup = found.rollup(week, key)
        account = None if rollup else found.accounts(week, key).get(key)
        total = rollup.total if rollup else account.total if account else None
        if total is not None:
            yield week, total


def _passed(found: Behind, key: str, period: Period) -> dict[str, tuple[str, str]]:
    """Reason and note for weeks in which the subject is active without a total.

    It is exempt, or its branch is missing; weeks in which nobody is in yet are none.
    """
    where = {week: found.definitions.branch_of(key, week) for week in period.weeks}
    reasons = {w: ("unscored", "") for w, b in found.ranking.missing if where.get(w) == b}
    for _id, e in Index(found.batches).live(Exempt):
        if e.subject == key and where.get(e.week):
            reasons[e.week] = ("exempt", e.note)
    return reasons


def _said(reason: str, note: str) -> str:
    return _("exempt ({note})").format(note=note) if note else phrases.reason(reason)


def _table(account: Account, rollup: Rollup | None) -> tuple[list[str], list[list[Any]]]:
    header = [_("Step"), _("Id"), _("Due"), _("Counts")]
    rows: list[list[Any]] = [
        ["entry", key, points.to_number(e.hundredths), None] for key, e in account.entries
    ]
    rows += [
        ["item", i.item, points.to_number(i.summed), points.to_number(i.credit)]
        for i in account.items
    ]
    rows += [
        ["criterion", c.criterion, points.to_number(c.raw), points.to_number(c.credit)]
        for c in account.criteria
    ]
    if account.criteria:
        summed, total = points.to_number(account.summed), points.to_number(account.total)
        rows.append(["total", account.subject, summed, total])
    if rollup:
        rows += [["member", key, None, points.to_number(total)] for key, total in rollup.members]
        rows.append(["rollup", account.subject, None, _maybe(rollup.total)])
    return header, rows


def _maybe(value: int | None) -> int | float | None:
    return None if value is None else points.to_number(value)


def payload(
    session: Session,
    found: Behind,
    key: str,
    week: str,
    account: Account | None,
    standing: Standing | None,
) -> dict[str, Any]:
    """Each step as JSON: enough to redo the sum."""
    steps: dict[str, Any] = {}
    if account:
        steps["entries"] = [
            {
                "id": k,
                "item": e.item,
                "points": points.to_number(e.hundredths),
                "count": e.count,
                **({"source": e.source} if e.source else {}),
                **({"cell": e.cell} if e.cell else {}),
            }
            for k, e in account.entries
        ]
    if account and found.has_own(account):
        steps |= {
            "item_credit": [
                {
                    "item": i.item,
                    "entries": i.entries,
                    "summed": points.to_number(i.summed),
                    "cap": _maybe(i.cap),
                    "excluded_by": i.excluded_by,
                    "credit": points.to_number(i.credit),
                }
                for i in account.items
            ],
            "criterion_credit": [
                {
                    "criterion": c.criterion,
                    "base": points.to_number(c.base),
                    "min": points.to_number(c.low),
                    "max": points.to_number(c.high),
                    "raw": points.to_number(c.raw),
                    "veto": _maybe(c.veto),
                    "credit": points.to_number(c.credit),
                }
                for c in account.criteria
            ],
            "week_total": {
                "summed": points.to_number(account.summed),
                "held": points.to_number(account.held),
                "veto_total": _maybe(account.veto_total),
                "veto_total_at_most": _maybe(account.veto_at_most),
                "total": points.to_number(account.total),
            },
        }
    total = account.total if account else None
    if rollup := found.rollup(week, key):
        total = rollup.total
        steps["rollup"] = {
            "own": _maybe(rollup.own),
            "own_base": points.to_number(rollup.own_base),
            "own_weight": points.to_number(rollup.own_weight),
            "members": {k: points.to_number(v) for k, v in rollup.members},
            "not_counted": list(rollup.others),
            "members_base": points.to_number(rollup.members_base),
            "members_weight": points.to_number(rollup.members_weight),
            "total": _maybe(rollup.total),
        }
    return {
        "qibi": 1,
        "command": "why",
        "subject": key,
        "name": session.definitions.title(key),
        "week": week,
        "scheme": account.scheme.week if account else None,
        "steps": steps,
        "total": points.to_number(total) if total is not None else None,
        "rank": standing.rank if standing else None,
    }


# The steps of `qibi why` on a terminal; what they say comes from `scoring.sums`.


def show_steps(result: View, steps: Iterable[Step]) -> None:
    """Each step with its number; what is below it is indented."""
    for step in steps:
        result.line(f"{step.number} {step.name}  {step.text}")
        if step.entries:
            result.line(f"   {step.entries}", "dim")
        for text in step.lines:
            result.line(f"    {text}")
        if step.items:
            rows = [[i.name, i.due, i.cut, signed(i.credit)] for i in step.items]
            result.blocks.append(Grid(item_columns(), rows, indent=4))
        if step.result:
            result.line(f"    {step.result}", "bold")
        if step.aside:
            result.line(f"    {step.aside}", "dim")


def item_columns() -> list[Column]:
    """The headings over the items of a sum."""
    return [
        Column(_("Item"), wraps=True),
        Column(_("Due"), right=True),
        Column(_("Cap, exclusion"), wraps=True),
        Column(_("Counts"), right=True),
    ]
