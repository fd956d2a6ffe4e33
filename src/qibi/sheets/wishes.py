"""The rows of a page as wishes, each with the place of every field; and what is wrong with them."""

import re
from dataclasses import dataclass, field
from datetime import date, timedelta

from qibi.base.findings import Faults, Finding
from qibi.base.language import _, listing
from qibi.base.text import folded, narrowed
from qibi.book import lookup
from qibi.book.definitions import Definitions, Item, Scheme
from qibi.ledger.wish import EXEMPT_WORDS, FIELDS, Wish
from qibi.sheets.headings import (
    SHARED,
    Column,
    Heading,
    bad_headings,
    find_heading,
    no_heading,
    thing_named,
)
from qibi.sheets.pages import Page
from qibi.sheets.rows import data_rows, is_nothing, is_zero, subject_of

_LONGEST = 500  # characters of a cell
MOST_FINDINGS = 500  # of one page; each costs a search for what may have been meant
_TICKS = {"√", "✓", "✔", "☑", "v"}
_SERIAL = re.compile(r"[2-7][0-9]{4}(\.[0-9]+)?")  # a day as spreadsheets count: 1954 to 2119
_DAY_NOUGHT = date(1899, 12, 30)


@dataclass(frozen=True)
class Row:
    """A wish with where it stands: for each field the place and the heading of its cell.

    A field that has no column of its own has the place of the item's cell.
    """

    wish: Wish
    line: int
    places: dict[str, tuple[int, str]]
    heading: dict[str, str]
    row: int  # of the page, from 0
    columns: dict[str, int]  # of the page, from 0


@dataclass
class Reading:
    """What a page comes to: wishes, rows that only name a subject, findings and notices."""

    page: Page
    definitions: Definitions
    week: str
    scheme: Scheme
    heading: Heading
    rows: list[Row] = field(default_factory=list)
    bare: list[Row] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def find(self, row: int, column: Column, message: str) -> None:
        """Note what is wrong with a cell."""
        self.findings.append(self.page.finding(row, column.number, message, column.heading))


def read_rows(page: Page, definitions: Definitions, week: str) -> Reading:
    """Read all rows of a page; raises `Faults` where there is no scheme or no heading."""
    scheme = definitions.scheme(week)
    if scheme is None:
        message = _("no scheme is in force in {week}").format(week=week)
        raise Faults([Finding(page.path, message=message)])
    heading = find_heading(page, (scheme,))
    if heading is None:
        raise Faults([no_heading(page, scheme)])
    reading = Reading(page, definitions, week, scheme, heading)
    reading.findings += bad_headings(page, heading, scheme)
    data = data_rows(page, heading)
    _note_ignored(reading, data.rows)
    reading.notices += data.notices
    people: dict[str, int] = {}
    for row in data.rows:
        if len(reading.findings) >= MOST_FINDINGS:
            reading.findings.append(not_read_on(page, row))
            break
        if _refuse_long_cells(reading, row):
            continue
        subject = _subject(reading, row)
        if heading.form == "long":
            _read_long(reading, row, subject)
        else:
            _refuse_twice(reading, row, subject, people)
            _read_grid(reading, row, subject)
    return reading


def not_read_on(page: Page, row: int) -> Finding:
    """That a sheet has more mistakes than anyone reads at once."""
    line, cell = page.place(row, 0)
    message = _("from here on the file was not read; mend what stands above first")
    return Finding(page.path, line, message=message, cell=cell)


def _note_ignored(reading: Reading, rows: tuple[int, ...]) -> None:
    """Say which columns are not read; a grid's cells below no heading are findings."""
    page, heading = reading.page, reading.heading
    summed = [c.heading for c in heading.columns if c.field in ("total", "rank")]
    if summed:
        text = _("not read, since qibi reckons them itself: {columns}")
        reading.notices.append(text.format(columns=listing(summed)))
    others = [c.heading for c in heading.columns if c.field == "about"]
    if heading.form == "long":
        others += [c.heading for c in heading.columns if not c.field]
    headed = {c.number for c in heading.columns}
    stray: dict[int, int] = {}
    for row in rows:
        for number, text in enumerate(page.rows[row]):
            if text and number not in headed and (row, number) not in page.copied:
                stray.setdefault(number, row)
    for number, row in stray.items():
        if heading.form == "grid":
            message = _("column {number} has no heading; write one, or clear it")
            reading.findings.append(page.finding(row, number, message.format(number=number + 1)))
        else:
            others.append(_("column {number}").format(number=number + 1))
    if others:
        text = _("not read, since they say nothing on points: {columns}")
        reading.notices.append(text.format(columns=listing(others)))


def _refuse_long_cells(reading: Reading, row: int) -> bool:
    """Whether a row is refused for a cell that is too long to be meant."""
    columns = [
        column
        for column in reading.heading.columns
        if len(reading.page.cell(row, column.number)) > _LONGEST
    ]
    for column in columns:
        reading.find(row, column, _("longer than 500 characters; shorten it"))
    return bool(columns)


def _subject(reading: Reading, row: int) -> tuple[str, Column]:
    """Who a row is about, and the column that says so: the id where the book knows it."""
    heading, definitions = reading.heading, reading.definitions
    key, name = subject_of(reading.page, heading, row)
    by_id, by_name = heading.of("id"), heading.of("subject")
    known = narrowed(key).casefold()
    if by_id and (not by_name or not name or known in definitions.subjects):
        others = definitions.by_folded_name.get(folded(name), ())
        if by_name and others and known not in others:
            message = _("{name} is {ids}, but the row's id is {id}; mend one of the two")
            text = message.format(name=name, ids=listing(list(others)), id=known)
            reading.find(row, by_name, text)
        return (known, by_id) if key or not by_name else ("", by_name)
    if key and by_id:
        notice = _("'{heading}' holds no ids of this book; the names are taken")
        text = notice.format(heading=by_id.heading)
        if text not in reading.notices:
            reading.notices.append(text)
    return name, by_name or heading.columns[0]


def _refuse_twice(
    reading: Reading, row: int, subject: tuple[str, Column], people: dict[str, int]
) -> None:
    """A grid has one row a person."""
    text, column = subject
    if not text:
        return
    try:
        who = lookup.subject(reading.definitions, narrowed(text), week=reading.week, partial=False)
    except lookup.NotFound:
        who = folded(text)
    if who in people:
        message = _("{name} already stands in line {line}; keep one row")
        line = reading.page.lines[people[who]]
        reading.find(row, column, message.format(name=text, line=line))
    people.setdefault(who, row)


def _row(reading: Reading, row: int, wish: Wish, subject: Column, thing: Column | None) -> Row:
    """A wish with the place of each of its fields; `thing` is the grid's item column."""
    heading, page = reading.heading, reading.page
    item = thing or heading.of("item") or subject
    columns = {}
    for name in FIELDS:
        shared = name in SHARED or not thing
        columns[name] = (heading.of(name) if shared else None) or item
    columns["subject"] = subject
    return Row(
        wish,
        page.lines[row],
        {name: page.place(row, column.number) for name, column in columns.items()},
        {name: column.heading for name, column in columns.items()},
        row,
        {name: column.number for name, column in columns.items()},
    )


def _given(reading: Reading, row: int, name: str) -> str:
    """What a row says on a field; empty where it says nothing."""
    column = reading.heading.of(name)
    text = reading.page.cell(row, column.number) if column else ""
    if is_nothing(text):
        return ""
    if name == "date" and _SERIAL.fullmatch(narrowed(text)):
        return (_DAY_NOUGHT + timedelta(days=int(float(narrowed(text))))).isoformat()
    return text


def _read_long(reading: Reading, row: int, subject: tuple[str, Column]) -> None:
    text, column = subject
    given = {name: _given(reading, row, name) for name in FIELDS if name != "subject"}
    wish = _wish(text, given["item"], given)
    if not any(given.values()):
        _add_bare(reading, row, subject)
        return
    if wish.exempts and not is_zero(wish.points):
        points = reading.heading.of("points")
        assert points
        reading.find(row, points, _("whoever is exempt has no points; clear this cell"))
    elif wish.item and not wish.exempts:
        wish = _wish(text, _item_text(reading.scheme, wish.item), given)
    reading.rows.append(_row(reading, row, wish, column, None))


def _wish(subject: str, item: str, given: dict[str, str], several: bool = False) -> Wish:
    return Wish(
        subject=subject,
        item=item,
        points=given.get("points", ""),
        count=given.get("count", ""),
        date=given["date"],
        note=given["note"],
        evidence=given["evidence"],
        scored_by=given["scored_by"],
        approved_by=given["approved_by"],
        several=several,
    )


def _item_text(scheme: Scheme, text: str) -> str:
    """The id of an item that is written with its points in brackets, else the text as it is."""
    try:
        return thing_named(scheme, text).id
    except lookup.NotFound:
        return text


def _add_bare(reading: Reading, row: int, subject: tuple[str, Column]) -> None:
    """A row that only names someone records nothing, but the name must be right.

    An exemption needs a subject and nothing else, so its admission checks just that.
    """
    text, column = subject
    wish = Wish(subject=text, item=EXEMPT_WORDS[0])
    reading.bare.append(_row(reading, row, wish, column, None))


def _read_grid(reading: Reading, row: int, subject: tuple[str, Column]) -> None:
    text, column = subject
    shared = {name: _given(reading, row, name) for name in SHARED}
    if _read_exempt(reading, row, subject, shared):
        return
    said = False
    for thing in reading.heading.things:
        cell = reading.page.cell(row, thing.number)
        if is_nothing(cell) or (isinstance(thing.thing, Item) and is_zero(cell)):
            continue
        said = True
        wish = _grid_wish(thing, text, cell, shared)
        reading.rows.append(_row(reading, row, wish, column, thing))
    if not said:
        _add_bare(reading, row, subject)
        if any(shared.values()):
            notice = _("line {line} has no points, so its note or evidence is not recorded")
            reading.notices.append(notice.format(line=reading.page.lines[row]))


def _grid_wish(column: Column, subject: str, cell: str, shared: dict[str, str]) -> Wish:
    """A cell is how often an item happened; where its points are a choice or a score, those."""
    assert column.thing
    points = count = ""
    if isinstance(column.thing, Item) and column.thing.fixed is not None:
        count = "1" if narrowed(cell).casefold() in _TICKS else cell
    else:
        points = cell
    given = {**shared, "points": points, "count": count}
    return _wish(subject, column.thing.id, given, several=True)


def _read_exempt(
    reading: Reading, row: int, subject: tuple[str, Column], shared: dict[str, str]
) -> bool:
    """Whether a row holds a word for leave, and if so its exemption; it may say why, no more."""
    page, heading = reading.page, reading.heading
    word: tuple[str, Column] | None = None
    others: list[Column] = []
    for column in heading.columns:
        cell = page.cell(row, column.number)
        if column.field in ("subject", "id"):
            continue
        if narrowed(cell).casefold() in EXEMPT_WORDS:
            word = word or (cell, column)
        elif (
            column.thing
            and not (is_zero(cell) if isinstance(column.thing, Item) else is_nothing(cell))
        ) or (column.field in SHARED and column.field != "note" and not is_nothing(cell)):
            others.append(column)
    if not word:
        return False
    for column in others:
        message = _("the row says '{word}'; clear this cell, or that word")
        reading.find(row, column, message.format(word=word[0]))
    note = shared["note"]
    if narrowed(note).casefold() in EXEMPT_WORDS:
        note = ""
    wish = Wish(subject=subject[0], item=narrowed(word[0]), note=note)
    reading.rows.append(_row(reading, row, wish, subject[1], word[1]))
    return True
