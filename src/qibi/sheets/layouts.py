"""Layouts applied to pages: which one is for a page, and what its words mean there.

A layout says how a team's own sheet is read (`layouts/<name>.yaml`). What it says of headings comes before what
qibi knows; `headings.find_heading` asks it. A sheet that qibi made needs none.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import PurePath

import msgspec

from qibi.base.findings import Faults, Finding
from qibi.base.language import _, listing
from qibi.base.text import folded
from qibi.book import lookup
from qibi.book.definitions import LAYOUT_FIELDS, LEAVE, NOTHING, Layout
from qibi.sheets.headings import SEARCHED_ROWS, Heading, find_heading
from qibi.sheets.hints import branch_of_page
from qibi.sheets.names import Names
from qibi.sheets.page import Page
from qibi.sheets.rows import data_rows, subject_of

_COUNT_OF_ONE = "1次"


@dataclass
class Learned:
    """What a person answered about a sheet, as its layout says it."""

    headings: dict[str, str] = field(default_factory=dict)  # a key of `LAYOUT_FIELDS`, or an id
    numbers: dict[str, str] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    leave_out: list[str] = field(default_factory=list)
    still_open: list[tuple[str, str]] = field(
        default_factory=list
    )  # section, and its line to fill in

    def __bool__(self) -> bool:
        return bool(self.headings or self.numbers or self.words or self.leave_out)

    def added_to(self, layout: Layout | None) -> Layout:
        """The layout with these answers, for reading on."""
        old = layout or Layout("", "", (), "", (), {}, {}, {}, {}, ())
        fields = {h: LAYOUT_FIELDS[t] for h, t in self.headings.items() if t in LAYOUT_FIELDS}
        things = {h: t for h, t in self.headings.items() if t not in LAYOUT_FIELDS}
        return msgspec.structs.replace(
            old,
            fields=old.fields | fields,
            things=old.things | things,
            numbers=old.numbers | self.numbers,
            leave_out=(*old.leave_out, *self.leave_out),
        )


def laid_out(page: Page, layouts: Sequence[Layout], names: Names, branch: str = "") -> Page:
    """The page with the layout that is for it; raises `Faults` where there are two.

    `branch` is the one that was named for it.
    """
    if page.made:
        return page
    fitting = [replace(page, layout=found) for found in layouts if _matches(page, found)]
    fitting = [p for p in fitting if p.layout and _is_of(p, p.layout.branches, names, branch)]
    if len(fitting) > 1:
        files = [f"layouts/{p.layout.name}.yaml" for p in fitting if p.layout]
        message = _("these layouts match it, and only one may: {files}; see match in them")
        raise Faults([Finding(page.path, message=message.format(files=listing(files)))])
    return fitting[0] if fitting else page


def _matches(page: Page, layout: Layout) -> bool:
    """Whether a page has the name and the headings that a layout asks for."""
    if layout.file and not fnmatchcase(PurePath(page.path).name.casefold(), layout.file.casefold()):
        return False
    wanted = {folded(text) for text in layout.match}
    rows = [{folded(text) for text in cells} for cells in page.rows[: SEARCHED_ROWS + 1]]
    return any(
        wanted <= upper | lower for upper, lower in zip(rows, [*rows, set()][1:], strict=True)
    )


def _is_of(page: Page, branches: Sequence[str], names: Names, given: str) -> bool:
    """Whether all that a page is about belongs to these branches; none: any."""
    if not branches:
        return True
    definitions = names.definitions
    if given:
        return given in branches
    texts = [text for cells in page.rows[:SEARCHED_ROWS] for text in cells]
    named = branch_of_page([page.name, PurePath(page.path).stem], definitions)
    if named or (named := branch_of_page(texts, definitions)):
        return named in branches
    found = _branches_of_people(page, names)
    if not found and len(definitions.branches) == 1:
        return True
    return bool(found) and found <= set(branches)


def _branches_of_people(page: Page, names: Names) -> set[str]:
    definitions = names.definitions
    heading = find_heading(page, definitions.schemes[::-1], names)
    found: set[str] = set()
    for row in data_rows(page, heading).rows if heading else ():
        for text in filter(None, subject_of(page, heading, row)) if heading else ():
            try:
                subject = names.subject(text, definitions.schemes[-1].week)
            except lookup.NotFound:
                continue
            found |= {m.branch for m in definitions.spans.get(subject, ())[-1:]}
            found |= {c.branch for c in definitions.cp_spans.get(subject, ())[-1:]}
    return found


def with_words(page: Page, heading: Heading, subjects: Container[str]) -> Page:
    """The page with what the words of its layout mean, in the cells below the headings.

    A word for an item is its id where an item is named, and once in the column of that item; a name is the id
    of the one of these `subjects` that it stands for.
    """
    layout = page.layout
    if not layout or not layout.words:
        return page
    words = {folded(text): meant for text, meant in layout.words.items() if meant != LEAVE}
    meant: dict[tuple[int, int], str] = {}
    for row in range(heading.bottom + 1, len(page.rows)):
        for column in heading.columns:
            word = words.get(folded(page.cell(row, column.number)))
            place = (row, column.number)
            if word and word in subjects and column.field == "subject":
                meant[place] = word
            if word is None or column.field in ("subject", "id", "note"):
                continue
            if word == NOTHING:
                meant[place] = ""
            elif column.field == "item":
                meant[place] = word
            elif column.thing and column.thing.id == word:
                meant[place] = _COUNT_OF_ONE
    return replace(page, meant=meant)


def leave_words(layout: Layout | None) -> set[str]:
    """The words, folded, that exempt from the week in whichever cell they are."""
    words = layout.words.items() if layout else ()
    return {folded(text) for text, meant in words if meant == LEAVE}
