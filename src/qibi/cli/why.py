"""qibi why: how a total came about, rule by rule, so that anyone can redo the sum."""

from typing import Annotated, Any

import typer

from qibi.base import points
from qibi.base.language import _, clauses, listing, mark
from qibi.base.points import show, signed
from qibi.base.weeks import Period
from qibi.cli import complete, options, phrases
from qibi.cli.console import Column, Grid, View
from qibi.cli.periods import asked_period
from qibi.cli.session import Session, session
from qibi.cli.show import cut_remark, item_name, who
from qibi.ledger.entries import Void
from qibi.scoring.account import Account, Behind, behind
from qibi.scoring.ranking import Standing

DETAILS = mark(
    "Entries, items, criteria, total, rank, and what was cut. Over several weeks it shows how the weeks add up; ask for one of them to see that week's "
    "steps."
)
EXAMPLES = """
qibi why 党员八
qibi why o1-008 2026-10
"""


def why(
    subject: options.Subject,
    period: Annotated[
        str | None,
        typer.Argument(
            metavar="[PERIOD]",
            help=_("2026-W41, 2026-W38..2026-W41, 2026-09, 2026-Q4, 2026 or last"),
            autocompletion=complete.weeks,
        ),
    ] = None,
    week: options.Week = None,
    form: options.Format = "table",
    output: options.Output = None,
) -> None:
    """Run the command; `DETAILS` is its help."""
    now = session()
    asked = asked_period(now, period, week)
    key = now.find_subject(subject, asked.weeks[-1])
    kind = now.definitions.kind(key) or "member"
    found = behind(now.root, now.definitions, asked, by=kind, cache=now.around.cache)
    made = (
        _week_view(now, found, key, asked.weeks[0])
        if len(asked.weeks) == 1
        else _period_view(now, found, key, asked)
    )
    now.console.show(made, form, output)


def _week_view(now: Session, found: Behind, key: str, week: str) -> View:
    account = found.accounts(week, key).get(key)
    standing = next((s for s in found.ranking.standings if s.subject == key), None)
    result = View(payload=payload(now, found, key, week, account, standing))
    if account is None:
        result.line(who(now.definitions, key, week), "bold")
        unranked = next((u for u in found.ranking.unranked if u.subject == key), None)
        said = phrases.reason(unranked.reason, unranked.note) if unranked else _("not active")
        result.line(_("no total in {week}: {reason}").format(week=week, reason=said))
        return result
    definitions = now.definitions
    title = [
        definitions.title(key),
        week,
        _("scheme of {week}").format(week=account.scheme.week),
        phrases.branch(definitions, account.branch),
    ]
    result.line("  ".join(title), "bold")
    result.line()
    _entries_step(result, found, account)
    _items_step(result, account)
    _criteria_step(result, account)
    _total_step(result, account)
    _standing_step(result, found, account, standing)
    result.header, result.rows = _table(account)
    return result


def _entries_step(result: View, found: Behind, account: Account) -> None:
    mine = {key for key, _entry in account.entries}
    cancelled = [
        entry.entry
        for batch in found.batches
        for entry in batch.entries
        if isinstance(entry, Void)
        and entry.week == account.week
        and _is_about(found, entry.entry, account.subject)
        and entry.entry not in mine
    ]
    voided = _("{count} void").format(count=len(set(cancelled))) if cancelled else _("none void")
    text = _("{count} live, {voided}").format(count=len(mine), voided=voided)
    result.line(_step(1, _("Entries"), text))
    short = phrases.short_ids(mine)
    by_batch: dict[str, list[str]] = {}
    for key in short.values():
        batch, number = key.split(".")
        by_batch.setdefault(batch, []).append(number)
    if by_batch:
        named = [f"{batch}.{','.join(sorted(n, key=int))}" for batch, n in sorted(by_batch.items())]
        result.line("   " + "  ".join(named), "dim")


def _is_about(found: Behind, target: str, subject: str) -> bool:
    digest, number = target.split(".")
    for batch in found.batches:
        if batch.digest == digest and int(number) <= len(batch.entries):
            return getattr(batch.entries[int(number) - 1], "subject", "") == subject
    return False


def _step(number: int, name: str, text: str) -> str:
    return f"{number} {name}  {text}"


def _items_step(result: View, account: Account) -> None:
    if not account.items:
        result.line(_step(2, _("Items"), _("no entries on items")))
        return
    result.line(_step(2, _("Items"), ""))
    rows = [
        [
            item_name(account, item.item),
            _sum_text(account, item.item),
            cut_remark(account, item.item),
            signed(item.credit),
        ]
        for item in account.items
    ]
    columns = [
        Column(_("Item"), wraps=True),
        Column(_("Due"), right=True),
        Column(_("Cap, exclusion"), wraps=True),
        Column(_("Counts"), right=True),
    ]
    result.blocks.append(Grid(columns, rows, indent=4))


def _sum_text(account: Account, key: str) -> str:
    """What the entries of an item come to, as one would reckon it: `7 x -0.5`, `+1 +1 = +2`."""
    entries = [e for _key, e in account.entries if e.item == key]
    if len(entries) == 1:
        only = entries[0]
        if only.count > 1 and only.hundredths % only.count == 0:
            return f"{only.count} x {signed(only.hundredths // only.count)}"
        return signed(only.hundredths)
    terms = " ".join(signed(e.hundredths) for e in entries)
    if len(entries) > 6:
        terms = _("{count} entries").format(count=len(entries))
    return f"{terms} = {signed(sum(e.hundredths for e in entries))}"


def _criteria_step(result: View, account: Account) -> None:
    changed, level, others = [], 0, 0
    for c in account.criteria:
        if c.credit == c.base and c.raw == c.base:
            level += c.credit
            others += 1
            continue
        changed.append(f"{_short(account, c.criterion)} {_criterion_sum(account, c)}")
    result.line(_step(3, _("Criteria"), ""))
    for text in changed:
        result.line(f"    {text}")
    if others:
        text = (
            _("{count} at their base, together {points}")
            if changed
            else _("all {count} at their base, together {points}")
        )
        result.line("    " + text.format(count=others, points=show(level)))


def _criterion_sum(account: Account, c: Any) -> str:
    if c.direct:
        text = show(c.raw) if c.score_id else _("base {points}").format(points=show(c.base))
    else:
        terms = [signed(i.credit) for i in account.items if i.criterion == c.criterion and i.credit]
        text = " ".join([show(c.base), *terms])
        text += f" = {show(c.raw)}" if terms else ""
    held = max(c.low, min(c.high, c.raw))
    if held != c.raw:
        text += _(", held within {low} to {high}: {held}").format(
            low=show(c.low), high=show(c.high), held=show(held)
        )
    if c.veto is not None:
        text += _(", set to {points} by a veto").format(points=show(c.veto))
    return text


def _short(account: Account, criterion: str) -> str:
    found = account.scheme.criterion(criterion)
    return str(found.short) if found else criterion


def _total_step(result: View, account: Account) -> None:
    level = [c.credit for c in account.criteria if c.credit == c.base and c.raw == c.base]
    terms = [
        show(c.credit) for c in account.criteria if not (c.credit == c.base and c.raw == c.base)
    ]
    if level:
        terms.append(show(sum(level)))
    scheme = account.scheme
    parts = [f"{' + '.join(terms)} = {show(account.summed)}"]
    if account.held == account.summed:
        parts.append(
            _("within {low} to {high}").format(
                low=show(scheme.total_min), high=show(scheme.total_max)
            )
        )
    else:
        parts.append(
            _("held within {low} to {high}: {held}").format(
                low=show(scheme.total_min), high=show(scheme.total_max), held=show(account.held)
            )
        )
    vetoes = []
    if account.veto_at_most is not None:
        vetoes.append(_("at most {points}").format(points=show(account.veto_at_most)))
    if account.veto_total is not None:
        vetoes.append(_("total {points}").format(points=show(account.veto_total)))
    parts.append(_("veto: {vetoes}").format(vetoes=listing(vetoes) if vetoes else _("none")))
    result.line(_step(4, _("Total"), "  ".join(parts)))
    if account.total != account.held:
        result.line("    " + _("total {points}").format(points=show(account.total)), "bold")


def _standing_step(
    result: View, found: Behind, account: Account, standing: Standing | None
) -> None:
    if standing is None:
        unranked = next((u for u in found.ranking.unranked if u.subject == account.subject), None)
        said = phrases.reason(unranked.reason, unranked.note) if unranked else _("not ranked")
        result.line(_step(5, _("Place"), said))
    else:
        higher = sum(s.total > standing.total for s in found.ranking.standings)
        same = sum(s.total == standing.total for s in found.ranking.standings) - 1
        here = [s for s in found.ranking.standings if s.branch == account.branch]
        rank_here = 1 + sum(s.total > standing.total for s in here)
        text = _("place {rank} of {count}").format(
            rank=standing.rank, count=len(found.ranking.standings)
        )
        if higher:
            text = listing([_("{higher} higher").format(higher=higher), text])
        if same:
            text += _(", shared with {count}").format(count=same)
        text += "  " + _("in the branch {rank} of {count}").format(rank=rank_here, count=len(here))
        result.line(_step(5, _("Place"), text))
    free = account.without_limits()
    if free != account.total:
        result.line(
            "    "
            + _("without caps, exclusions and limits: {points} points").format(points=show(free)),
            "dim",
        )


def _period_view(now: Session, found: Behind, key: str, asked: Period) -> View:
    definitions = now.definitions
    standing = next((s for s in found.ranking.standings if s.subject == key), None)
    accounts = {w: a for w in asked.weeks if (a := found.accounts(w, key).get(key))}
    result = View(
        payload={
            "qibi": 1,
            "command": "why",
            "subject": key,
            "name": definitions.title(key),
            "period": {"label": asked.label, "weeks": list(asked.weeks)},
            "weeks": {w: points.to_number(a.total) for w, a in accounts.items()},
            "total": points.to_number(standing.total) if standing else None,
            "mean": points.to_number(standing.mean) if standing else None,
            "rank": standing.rank if standing else None,
        }
    )
    result.line(f"{definitions.title(key)}  {phrases.period(asked)}", "bold")
    result.line()
    rows = [
        [w, phrases.branch(definitions, a.branch), a.scheme.week, show(a.total)]
        for w, a in accounts.items()
    ]
    columns = [
        Column(_("Week")),
        Column(phrases.branch_heading(definitions)),
        Column(_("Scheme")),
        Column(_("Total"), right=True),
    ]
    result.blocks.append(Grid(columns, rows))
    result.header, result.rows = [c.title for c in columns], rows
    result.line()
    totals = [a.total for a in accounts.values()]
    if totals:
        text = f"{' + '.join(show(t) for t in totals)} = {show(sum(totals))}"
        if found.ranking.scheme and found.ranking.scheme.period_total == "mean":
            mean = (2 * sum(totals) + len(totals)) // (2 * len(totals))
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


def _table(account: Account) -> tuple[list[str], list[list[Any]]]:
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
    rows.append(
        [
            "total",
            account.subject,
            points.to_number(account.summed),
            points.to_number(account.total),
        ]
    )
    return header, rows


def _maybe(value: int | None) -> int | float | None:
    return None if value is None else points.to_number(value)


def payload(
    now: Session,
    found: Behind,
    key: str,
    week: str,
    account: Account | None,
    standing: Standing | None,
) -> dict[str, Any]:
    """Each step as JSON: enough to redo the sum."""
    steps: dict[str, Any] = {}
    if account:
        steps = {
            "entries": [
                {
                    "id": k,
                    "item": e.item,
                    "points": points.to_number(e.hundredths),
                    "count": e.count,
                }
                for k, e in account.entries
            ],
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
    return {
        "qibi": 1,
        "command": "why",
        "subject": key,
        "name": now.definitions.title(key),
        "week": week,
        "scheme": account.scheme.week if account else None,
        "steps": steps,
        "total": points.to_number(account.total) if account else None,
        "rank": standing.rank if standing else None,
    }
