"""The sum behind a total in words, step by step: what `why` prints and the board's names open onto.

Every step is plain text in the language spoken now; who shows it decides how it looks.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from qibi.base.language import _, listing
from qibi.base.points import show, signed
from qibi.book import words
from qibi.book.definitions import Definitions
from qibi.ledger.batches import Index
from qibi.scoring.account import Account, Behind, CriterionCredit, Rollup
from qibi.scoring.ranking import Standing
from qibi.scoring.words import place_within


@dataclass(frozen=True)
class ItemRow:
    """An item: its name, the sum of its entries, what cut it, what counts (hundredths)."""

    name: str
    due: str
    cut: str
    credit: int


@dataclass(frozen=True)
class Step:
    """A step: its number and name, what is said next to them, and lines or items below.

    `entries` are ids in short; `aside` is a line of lesser weight; `result` what came of it all.
    """

    number: int
    name: str
    text: str = ""
    entries: str = ""
    lines: tuple[str, ...] = ()
    items: tuple[ItemRow, ...] = ()
    aside: str = ""
    result: str = ""


def steps(
    behind: Behind, account: Account, rollup: Rollup | None, standing: Standing | None
) -> list[Step]:
    """All steps of a subject's week, in order."""
    made = [entries_step(behind, account)]
    if behind.has_own(account):
        made += [items_step(account), criteria_step(account), total_step(account)]
    if rollup:
        made.append(rollup_step(behind.definitions, rollup, len(made) + 1))
    made.append(standing_step(behind, account, standing, len(made) + 1))
    return made


def entries_step(behind: Behind, account: Account) -> Step:
    """Which entries there are, by id, and how many are void."""
    mine = {key for key, _entry in account.entries}
    week = Index(b for b in behind.batches if b.week == account.week)
    void = sum(_is_about(behind, key, account.subject) for key in week.voids)
    voided = _("{count} void").format(count=void) if void else _("none void")
    short = short_ids(mine)
    by_batch: dict[str, list[str]] = {}
    for key in short.values():
        batch_digest, number = key.split(".")
        by_batch.setdefault(batch_digest, []).append(number)
    named = [f"{batch}.{','.join(sorted(n, key=int))}" for batch, n in sorted(by_batch.items())]
    text = _("{count} live, {voided}").format(count=len(mine), voided=voided)
    return Step(1, _("Entries"), text, entries="  ".join(named))


def _is_about(behind: Behind, target: str, subject: str) -> bool:
    digest, number = target.split(".")
    for batch in behind.batches:
        if batch.digest == digest and int(number) <= len(batch.entries):
            return getattr(batch.entries[int(number) - 1], "subject", "") == subject
    return False


def items_step(account: Account) -> Step:
    """What each item is due, what cut it, what counts."""
    if not account.items:
        return Step(2, _("Items"), _("no entries on items"))
    rows = tuple(
        ItemRow(
            item_name(account, item.item),
            _sum_text(account, item.item),
            cut_remark(account, item.item),
            item.credit,
        )
        for item in account.items
    )
    return Step(2, _("Items"), items=rows)


def _sum_text(account: Account, key: str) -> str:
    """What the entries of an item come to, as one would calculate it: `7 x -0.5`, `+1 +1 = +2`."""
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


def criteria_step(account: Account) -> Step:
    """Base and item credits of each criterion that moved; the others in one line."""
    changed, level, others = [], 0, 0
    for c in account.criteria:
        if c.credit == c.base and c.raw == c.base:
            level += c.credit
            others += 1
            continue
        changed.append(f"{_short(account, c.criterion)} {_criterion_sum(account, c)}")
    if others:
        text = (
            _("{count} at their base, together {points}")
            if changed
            else _("all {count} at their base, together {points}")
        )
        changed.append(text.format(count=others, points=show(level)))
    return Step(3, _("Criteria"), lines=tuple(changed))


def _criterion_sum(account: Account, c: CriterionCredit) -> str:
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


def total_step(account: Account) -> Step:
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
    result = ""
    if account.total != account.held:
        result = _("total {points}").format(points=show(account.total))
    return Step(4, _("Total"), "  ".join(parts), result=result)


def rollup_step(definitions: Definitions, rollup: Rollup, number: int) -> Step:
    """The weighted mean of the two parts, each on the scale where its base is 100."""
    lines = []
    terms = []
    if rollup.own is not None:
        scaled = Fraction(rollup.own * 10000, rollup.own_base)
        terms.append((rollup.own_weight, scaled))
        lines.append(
            _("own {total}, base {base}: {scaled}, weight {weight}").format(
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
        names = [f"{definitions.title(key)} {show(total)}" for key, total in rollup.members]
        text = _("members {names}; mean on base 100: {scaled}, weight {weight}")
        lines.append(
            text.format(
                names=listing(names), scaled=_exactly(scaled), weight=show(rollup.members_weight)
            )
        )
    if rollup.others:
        names = [definitions.title(key) for key in rollup.others]
        lines.append(_("not counted: {names}").format(names=listing(names)))
    terms = [(weight, value) for weight, value in terms if weight]
    if terms and rollup.total is not None:
        above = " + ".join(f"{show(weight)} x {_exactly(value)}" for weight, value in terms)
        below = show(sum(weight for weight, _value in terms))
        lines.append(f"({above}) / {below} = {show(rollup.total)}")
    else:
        lines.append(_("no part has a total: no total"))
    return Step(number, _("Rollup"), lines=tuple(lines))


def _exactly(value: Fraction) -> str:
    """Hundredths as points: exact, as a fraction where decimals do not end."""
    points_value = value / 100
    if 10**6 % points_value.denominator == 0:
        return f"{float(points_value):.6f}".rstrip("0").rstrip(".")
    return f"{points_value.numerator}/{points_value.denominator}"


def standing_step(behind: Behind, account: Account, standing: Standing | None, number: int) -> Step:
    """The place, and what the total would be if nothing were cut."""
    if standing is None:
        unranked = next((u for u in behind.ranking.unranked if u.subject == account.subject), None)
        text = words.reason(unranked.reason, unranked.note) if unranked else _("not ranked")
    else:
        higher = sum(s.total > standing.total for s in behind.ranking.standings)
        same = sum(s.total == standing.total for s in behind.ranking.standings) - 1
        here = [s for s in behind.ranking.standings if s.branch == account.branch]
        rank_here = 1 + sum(s.total > standing.total for s in here)
        text = (
            _("{higher} higher, place {rank} of {count}")
            if higher
            else _("place {rank} of {count}")
        ).format(higher=higher, rank=standing.rank, count=len(behind.ranking.standings))
        if same:
            text += _(", shared with {count}").format(count=same)
        if len(here) > 1:
            text += "  " + place_within(behind.definitions, rank_here, len(here))
    free = account.without_limits()
    uncut = ""
    if free != account.total and number == 5:
        uncut = _("without caps, exclusions and limits: {points} points").format(points=show(free))
    return Step(number, _("Place"), text, aside=uncut)


def cut_remark(account: Account, key: str) -> str:
    """What cut an item's credit, in words: a cap, an exclusion, the highest only; empty if nothing."""
    item = account.item(key)
    if item is None:
        return ""
    if item.excluded_by:
        return _("{item} counts already, this one does not").format(
            item=item_name(account, item.excluded_by)
        )
    texts = []
    if item.earned != item.summed:
        texts.append(_("the highest only"))
    if item.capped != item.earned:
        amount = show(abs(item.earned - item.capped))
        cap = show(abs(item.cap or 0))
        text = (
            _("week's cap {cap}, {amount} less gained")
            if item.earned > 0
            else _("week's cap {cap}, {amount} less lost")
        )
        texts.append(text.format(cap=cap, amount=amount))
    return listing(texts)


def item_name(account: Account, key: str) -> str:
    """The name of an item or directly scored criterion."""
    return words.thing(account.scheme, key)


def short_ids(keys: Iterable[str], others: Iterable[str] = ()) -> dict[str, str]:
    """Entry id: its shortest form (four digits or more) that is unique among all batches named.

    `others` are the digests of further batches that a short form must not be mistaken for.
    """
    keys = list(keys)
    digests = sorted({k.split(".")[0] for k in keys} | set(others))
    short: dict[str, str] = {}
    for number, digest in enumerate(digests):
        neighbours = digests[max(number - 1, 0) : number] + digests[number + 1 : number + 2]
        length = 4
        while any(other[:length] == digest[:length] for other in neighbours) and length < len(
            digest
        ):
            length += 1
        short[digest] = digest[:length]
    return {k: f"{short[k.split('.')[0]]}.{k.split('.')[1]}" for k in keys}
