"""The rows of a page as wishes, each with the place of every field; and what is wrong with them."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

from qibi.base.findings import Faults, Finding
from qibi.base.language import _, listing
from qibi.base.text import narrowed
from qibi.book import lookup
from qibi.book.definitions import Definitions, Item
from qibi.ledger.wish import EXEMPT_WORDS, FIELDS, Wish
from qibi.sheets import who
from qibi.sheets.exempt import TICKS, read_exempt
from qibi.sheets.headings import (
    SHARED,
    Column,
    bad_headings,
    find_heading,
    no_heading,
    thing_named,
    thing_of,
)
from qibi.sheets.page import Page
from qibi.sheets.reading import Reading, Row, row_of
from qibi.sheets.rows import data_rows, is_nothing, is_zero

_LONGEST = 500  # characters of a cell
_MOST_FINDINGS = 200  # of one page; each costs a search for what may have been meant
_SERIAL = re.compile(r"[2-7][0-9]{4}(\.[0-9]+)?")  # a day as spreadsheets count: 1954 to 2119
_DAY_NOUGHT = date(1899, 12, 30)


def read_rows(page: Page, definitions: Definitions, week: str) -> Reading:
    """Read all rows of a page; raises `Faults` where there is no scheme or no heading."""
    reading = begin(page, definitions, week)
    for _row in read_on(reading):
        pass
    return reading


def begin(page: Page, definitions: Definitions, week: str) -> Reading:
    """A page with its heading found and no row read yet; raises `Faults` where there is none."""
    scheme = definitions.scheme(week)
    if scheme is None:
        message = _("no scheme is in force in {week}").format(week=week)
        raise Faults([Finding(page.path, message=message)])
    heading = find_heading(page, (scheme,))
    if heading is None:
        raise Faults([no_heading(page, scheme)])
    return Reading(page, definitions, week, scheme, heading)


def read_on(reading: Reading) -> Iterator[tuple[list[Row], list[Row]]]:
    """For each row of a page in turn its wishes, and itself if it only names a subject.

    Whoever judges them adds to the findings, so that no more is read once there are too many.
    """
    page, heading = reading.page, reading.heading
    reading.findings += bad_headings(page, heading, reading.scheme)
    data = data_rows(page, heading)
    _note_ignored(reading, data.rows)
    reading.notices += data.notices
    people: dict[str, int] = {}
    for row in data.rows:
        if len(reading.findings) >= _MOST_FINDINGS:
            reading.findings.append(_not_read_on(page, row))
            return
        if _refuse_long_cells(reading, row):
            continue
        asked, bare = len(reading.rows), len(reading.bare)
        subject = who.named(reading, row)
        if heading.form == "long":
            _read_long(reading, row, subject)
        else:
            who.refuse_twice(reading, row, subject, people)
            _read_grid(reading, row, subject)
        yield reading.rows[asked:], reading.bare[bare:]


def _not_read_on(page: Page, row: int) -> Finding:
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


def _given(reading: Reading, row: int, name: str) -> str:
    """What a row says on a field; empty where it says nothing."""
    column = reading.heading.of(name)
    text = reading.page.cell(row, column.number) if column else ""
    if is_nothing(text):
        return ""
    if name == "date" and _SERIAL.fullmatch(narrowed(text)):
        return (_DAY_NOUGHT + timedelta(days=int(float(narrowed(text))))).isoformat()
    return who.person(reading, text) if name in ("scored_by", "approved_by") else text


def _read_long(reading: Reading, row: int, subject: tuple[str, Column]) -> None:
    text, column = subject
    given = {name: _given(reading, row, name) for name in FIELDS if name != "subject"}
    if reading.heading.of("exempt") and read_exempt(reading, row, subject, given["note"]):
        return
    wish = _wish(text, given["item"], given)
    if not any(given.values()):
        _add_bare(reading, row, subject)
        return
    if wish.exempts and not is_zero(wish.points):
        points = reading.heading.of("points")
        assert points
        reading.find(row, points, _("whoever is exempt has no points; clear this cell"))
    elif wish.item and not wish.exempts:
        wish = _wish(text, _item_text(reading, wish.item), given)
    reading.rows.append(row_of(reading, row, wish, column, None))


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


def _item_text(reading: Reading, text: str) -> str:
    """The id of an item that is written with its points in brackets, or that had this name when
    qibi made the sheet; else the text as it is."""
    try:
        return thing_named(reading.scheme, text).id
    except lookup.NotFound:
        made = reading.page.made.items.get(text, "") if reading.page.made else ""
        return made if made and thing_of(reading.scheme, made) else text


def _add_bare(reading: Reading, row: int, subject: tuple[str, Column]) -> None:
    """A row that only names someone records nothing, but the name must be right.

    An exemption needs a subject and nothing else, so its admission checks just that.
    """
    text, column = subject
    wish = Wish(subject=text, item=EXEMPT_WORDS[0])
    reading.bare.append(row_of(reading, row, wish, column, None))


def _read_grid(reading: Reading, row: int, subject: tuple[str, Column]) -> None:
    text, column = subject
    shared = {name: _given(reading, row, name) for name in SHARED}
    if read_exempt(reading, row, subject, shared["note"]):
        return
    said = False
    for thing in reading.heading.things:
        cell = reading.page.cell(row, thing.number)
        if is_nothing(cell) or (isinstance(thing.thing, Item) and is_zero(cell)):
            continue
        said = True
        wish = _grid_wish(thing, text, cell, shared)
        reading.rows.append(row_of(reading, row, wish, column, thing))
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
        count = "1" if narrowed(cell).casefold() in TICKS else cell
    else:
        points = cell
    given = {**shared, "points": points, "count": count}
    return _wish(subject, column.thing.id, given, several=True)
