"""Whom a row is about, who judged and who approved: by name, by id, by both."""

from qibi.base.language import _, listing
from qibi.base.text import folded, narrowed
from qibi.book import lookup
from qibi.sheets.headings import Column
from qibi.sheets.identified import with_id
from qibi.sheets.made import known_person, known_subject
from qibi.sheets.reading import Reading
from qibi.sheets.rows import subject_of


def named(reading: Reading, row: int) -> tuple[str, Column]:
    """Who a row is about, and the column that says so: the id where the book knows it."""
    heading, definitions = reading.heading, reading.definitions
    key, name = subject_of(reading.page, heading, row)
    by_id, by_name = heading.of("id"), heading.of("subject")
    known = narrowed(key).casefold()
    bare, behind = with_id(name, definitions.subjects)
    if by_name and behind and not key:
        return behind, by_name
    if by_name and not key and (once := _once(reading, row, name, by_name)):
        return once, by_name
    if by_id and (not by_name or not name or known in definitions.subjects):
        others = (behind,) if behind else definitions.by_folded_name.get(folded(bare), ())
        if by_name and others and known not in others:
            message = _("{name} is {ids}, but the row's id is {id}; mend one of the two")
            text = message.format(name=bare, ids=listing(list(others)), id=known)
            reading.find(row, by_name, text)
        return (known, by_id) if key or not by_name else ("", by_name)
    if key and by_id:
        notice = _("'{heading}' holds no ids of this book; the names are taken")
        text = notice.format(heading=by_id.heading)
        if text not in reading.notices:
            reading.notices.append(text)
    return behind or name, by_name or heading.columns[0]


def _once(reading: Reading, row: int, name: str, column: Column) -> str:
    """The id that a name had when qibi made the sheet, if it means nobody else now.

    Whoever was renamed since then is known by it, and nobody can be scored under another's name.
    """
    definitions = reading.definitions
    key = known_subject(reading.page.made, definitions, name)
    others = definitions.by_folded_name.get(folded(name), ())
    if not key or key in others:
        return key
    if others:
        message = _("{name} is {ids} now, and was {id} when the sheet was made; make it anew")
        reading.find(row, column, message.format(name=name, ids=listing(list(others)), id=key))
        return key
    notice = _("{old} is {new} now").format(old=name, new=definitions.title(key))
    if notice not in reading.notices:
        reading.notices.append(notice)
    return key


def refuse_twice(
    reading: Reading, row: int, subject: tuple[str, Column], people: dict[str, int]
) -> None:
    """Find fault with a person's second row in a grid, which has one for each."""
    text, column = subject
    if not text:
        return
    definitions = reading.definitions
    try:
        who = lookup.subject(definitions, narrowed(text), week=reading.week, partial=False)
    except lookup.NotFound:
        who = folded(text)
    if who in people:
        message = _("{name} already stands in line {line}; keep one row")
        line = reading.page.lines[people[who]]
        shown = definitions.title(who) if who in definitions.subjects else text
        reading.find(row, column, message.format(name=shown, line=line))
    people.setdefault(who, row)


def person(reading: Reading, text: str) -> str:
    """A scorer or approver as admission knows them: by the id behind the name, or the name."""
    definitions, page = reading.definitions, reading.page
    roles = definitions.scorer_roles(reading.week)
    if key := with_id(text, {*roles, *definitions.spans})[1]:
        return key
    branch = page.made.branch if page.made else ""
    return known_person(page.made, definitions, reading.week, branch, text)
