"""Rows that say that someone is on leave: a word for it in any cell, or a column of their own."""

from qibi.base.language import _, clauses
from qibi.base.text import narrowed
from qibi.book.definitions import Item
from qibi.ledger.wish import EXEMPT_WORDS, Wish
from qibi.sheets.headings import SHARED, Column
from qibi.sheets.reading import Reading, row_of
from qibi.sheets.rows import is_nothing, is_zero

TICKS = {"√", "✓", "✔", "☑", "v"}
_YES = {*TICKS, "是", "y", "yes", "1"}
_NO = {"否", "n", "no"}


def read_exempt(reading: Reading, row: int, subject: tuple[str, Column], note: str) -> bool:
    """Whether a row says that its subject is on leave, and if so its exemption.

    It may say why, no more. What stands in the column for leave, and is no word for it, is why.
    """
    page, word, reason = reading.page, None, ""
    others: list[Column] = []
    for column in reading.heading.columns:
        cell = page.cell(row, column.number)
        if column.field in ("subject", "id"):
            continue
        if _is_word(cell):
            word = word or (narrowed(cell), column)
        elif column.field == "exempt":
            if not is_zero(cell) and narrowed(cell).casefold() not in _NO:
                word = word or (_usual(column), column)
                reason = "" if narrowed(cell).casefold() in _YES else cell
        elif _says_more(column, cell):
            others.append(column)
    if not word:
        return False
    for column in others:
        message = _("the row says '{word}'; clear this cell, or that word")
        reading.find(row, column, message.format(word=reason or word[0]))
    reasons = [text for text in (reason, note) if text and not _is_word(text)]
    wish = Wish(subject=subject[0], item=word[0], note=clauses(reasons))
    reading.rows.append(row_of(reading, row, wish, subject[1], word[1]))
    return True


def _is_word(text: str) -> bool:
    return narrowed(text).casefold() in EXEMPT_WORDS


def _usual(column: Column) -> str:
    """The word for leave in the language of the column's heading."""
    return "leave" if column.heading.isascii() else EXEMPT_WORDS[0]


def _says_more(column: Column, cell: str) -> bool:
    """Whether a cell says something about points, which nobody on leave has."""
    if isinstance(column.thing, Item) or column.field == "points":
        return not is_zero(cell)
    told = column.thing or column.field in ("item", "count", *SHARED)
    return bool(told) and column.field != "note" and not is_nothing(cell)
