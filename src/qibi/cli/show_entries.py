"""A subject's entries of a week: what each added to its item, and what was cut."""

from typing import Any

from qibi.base import points
from qibi.base.language import _, clauses
from qibi.book.definitions import Definitions
from qibi.cli import phrases
from qibi.cli.honours import evidence_text
from qibi.cli.session import Session
from qibi.cli.view import Cell, Column, Grid
from qibi.ledger.batches import batch_names
from qibi.ledger.entries import Score
from qibi.scoring.account import Account
from qibi.scoring.sums import cut_remark as cut_remark
from qibi.scoring.sums import item_name as item_name


def entries_grid(now: Session, account: Account) -> Grid:
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


def person(definitions: Definitions, account: Account, key: str) -> str:
    """The name of who judged: a scorer role of the scheme or a member."""
    roles = {s.id: str(s.name) for s in account.scheme.scorers}
    return roles.get(key) or definitions.title(key)


def evidence(entry: Score) -> str:
    """An entry's evidence in one line."""
    return clauses([evidence_text(e) for e in entry.evidence])


def table(definitions: Definitions, account: Account) -> tuple[list[str], list[list[Any]]]:
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
