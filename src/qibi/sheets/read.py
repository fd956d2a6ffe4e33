"""Score sheets for the commands: from a file to pages, from a page to entries or to every bad cell.

A page is taken whole or not at all.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from qibi.base.findings import Faults, Finding
from qibi.base.language import _
from qibi.book.definitions import Definitions
from qibi.ledger.admission import admit
from qibi.ledger.entries import Exempt, Score
from qibi.ledger.wish import Stamp
from qibi.sheets.headings import find_heading
from qibi.sheets.hints import Hints, branch_from_subjects, hints
from qibi.sheets.page import Page
from qibi.sheets.reading import Row
from qibi.sheets.table import read_pages as open_sheet
from qibi.sheets.wishes import begin, read_on, read_rows

__all__ = [
    "Admitted",
    "Hints",
    "Page",
    "Row",
    "admit_page",
    "branch_from_subjects",
    "has_heading",
    "hints",
    "open_sheet",
    "wishes",
]


@dataclass(frozen=True)
class Admitted:
    """The entries of a page, each with the line and cell it comes from, and notices to show."""

    entries: list[tuple[Score | Exempt, int, str]]
    notices: list[str]


def has_heading(page: Page, definitions: Definitions, week: str) -> bool:
    """Whether a page is a score sheet; a workbook may hold other sheets beside it."""
    scheme = definitions.scheme(page.made.week if page.made else week)
    return scheme is not None and find_heading(page, (scheme,)) is not None


def wishes(page: Page, definitions: Definitions, week: str) -> tuple[list[Row], list[str]]:
    """What a page asks to record, with notices; raises `Faults` with all that is wrong with it."""
    reading = read_rows(page, definitions, week)
    if reading.findings:
        raise Faults(reading.findings)
    return reading.rows, reading.notices


def admit_page(page: Page, definitions: Definitions, stamp: Stamp) -> Admitted:
    """The entries that a page comes to; raises `Faults` with every bad cell of it."""
    reading = begin(page, definitions, stamp.week)
    entries: list[tuple[Score | Exempt, int, str]] = []
    origins: list[tuple[Row, Score | Exempt]] = []
    for asked, bare in read_on(reading):
        for row in asked:
            found, problems = admit(definitions, stamp, row.wish)
            reading.findings += _named(page, row, problems)
            entries += [(entry, *row.places["item"]) for entry in found]
            origins += [(row, entry) for entry in found]
        for row in bare:
            reading.findings += _named(page, row, admit(definitions, stamp, row.wish)[1])
    reading.findings += _exempt_and_scored(page, definitions, origins)
    if reading.findings:
        raise Faults(reading.findings)
    return Admitted(entries, reading.notices)


def _named(page: Page, row: Row, problems: list[tuple[str, str]]) -> Iterator[Finding]:
    for name, message in problems:
        yield page.finding(row.row, row.columns[name], message, row.heading[name])


def _exempt_and_scored(
    page: Page, definitions: Definitions, origins: list[tuple[Row, Score | Exempt]]
) -> Iterator[Finding]:
    """Whoever is exempt has no points: a sheet that says both contradicts itself."""
    scored = {e.subject: row for row, e in reversed(origins) if isinstance(e, Score)}
    for row, entry in origins:
        if isinstance(entry, Exempt) and entry.subject in scored:
            message = _("{name} is exempt here and scored in line {line}; keep one of the two")
            text = message.format(
                name=definitions.title(entry.subject), line=scored[entry.subject].line
            )
            yield page.finding(row.row, row.columns["item"], text, row.heading["item"])
