"""The steps of `qibi why`: each rule in turn, so that anyone can redo the sum by hand."""

from fractions import Fraction
from typing import Any

from qibi.base.language import _, listing
from qibi.base.points import show, signed
from qibi.cli import phrases
from qibi.cli.console import Column, Grid, View
from qibi.cli.session import Session
from qibi.cli.show_entries import cut_remark, item_name
from qibi.ledger.entries import Void
from qibi.scoring.account import Account, Behind, Rollup
from qibi.scoring.ranking import Standing


def entries_step(result: View, found: Behind, account: Account) -> None:
    """Which entries there are, by id, and how many are void."""
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


def items_step(result: View, account: Account) -> None:
    """What each item is due, what cut it, what counts."""
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


def criteria_step(result: View, account: Account) -> None:
    """Base and item credits of each criterion that moved; the others in one line."""
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


def total_step(result: View, account: Account) -> None:
    """The sum of the criteria, the scheme's limits, the vetoes."""
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


def rollup_step(result: View, now: Session, rollup: Rollup, number: int) -> None:
    """The weighted mean of the two parts, each on the scale where its base is 100."""
    result.line(_step(number, _("Rollup"), ""))
    terms = []
    if rollup.own is not None:
        scaled = Fraction(rollup.own * 10000, rollup.own_base)
        terms.append((rollup.own_weight, scaled))
        text = _("    own {total}, base {base}: {scaled}, weight {weight}")
        result.line(
            text.format(
                total=show(rollup.own),
                base=show(rollup.own_base),
                scaled=_exactly(scaled),
                weight=show(rollup.own_weight),
            )
        )
    if rollup.members and rollup.members_weight:
        totals = [total for _key, total in rollup.members]
        scaled = Fraction(sum(totals) * 10000, len(totals) * rollup.members_base)
        terms.append((rollup.members_weight, scaled))
        names = [f"{now.definitions.title(key)} {show(total)}" for key, total in rollup.members]
        text = _("    members {names}; mean on base 100: {scaled}, weight {weight}")
        result.line(
            text.format(
                names=listing(names), scaled=_exactly(scaled), weight=show(rollup.members_weight)
            )
        )
    if rollup.others:
        names = [now.definitions.title(key) for key in rollup.others]
        result.line(_("    not counted: {names}").format(names=listing(names)))
    terms = [(weight, value) for weight, value in terms if weight]
    if terms and rollup.total is not None:
        above = " + ".join(f"{show(weight)} x {_exactly(value)}" for weight, value in terms)
        below = show(sum(weight for weight, _value in terms))
        result.line(f"    ({above}) / {below} = {show(rollup.total)}")
    else:
        result.line(_("    no part has anything: no total"))


def _exactly(value: Fraction) -> str:
    """Hundredths as points: exact, as a fraction where decimals do not end."""
    points_value = value / 100
    if 10**6 % points_value.denominator == 0:
        return f"{float(points_value):.6f}".rstrip("0").rstrip(".")
    return f"{points_value.numerator}/{points_value.denominator}"


def standing_step(
    result: View, found: Behind, account: Account, standing: Standing | None, number: int
) -> None:
    """The place, and what the total would be if nothing were cut."""
    if standing is None:
        unranked = next((u for u in found.ranking.unranked if u.subject == account.subject), None)
        said = phrases.reason(unranked.reason, unranked.note) if unranked else _("not ranked")
        result.line(_step(number, _("Place"), said))
    else:
        higher = sum(s.total > standing.total for s in found.ranking.standings)
        same = sum(s.total == standing.total for s in found.ranking.standings) - 1
        here = [s for s in found.ranking.standings if s.branch == account.branch]
        rank_here = 1 + sum(s.total > standing.total for s in here)
        text = (
            _("{higher} higher, place {rank} of {count}")
            if higher
            else _("place {rank} of {count}")
        ).format(higher=higher, rank=standing.rank, count=len(found.ranking.standings))
        if same:
            text += _(", shared with {count}").format(count=same)
        text += "  " + phrases.place_within(found.definitions, rank_here, len(here))
        result.line(_step(number, _("Place"), text))
    free = account.without_limits()
    if free != account.total and number == 5:
        result.line(
            "    "
            + _("without caps, exclusions and limits: {points} points").format(points=show(free)),
            "dim",
        )
