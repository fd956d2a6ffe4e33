"""What a sheet says about itself: its week and its branch, in title rows, columns, its name."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import PurePath

from qibi.base import weeks
from qibi.base.findings import Finding
from qibi.base.language import _, listing
from qibi.base.text import folded
from qibi.book import lookup
from qibi.book.definitions import Definitions
from qibi.sheets import made
from qibi.sheets.headings import Heading, find_heading
from qibi.sheets.names import Names
from qibi.sheets.page import Page
from qibi.sheets.rows import data_rows, subject_of

_WHOLE = re.compile(
    r"(?<!\d)(\d{4})(?:\s*-?\s*w(\d{1,2})(?!\d)|\s*年度?\s*第\s*(\d{1,2})\s*周)", re.IGNORECASE
)
_YEAR = re.compile(r"(?<!\d)(\d{4})\s*年")
_NUMBER = re.compile(
    r"(?<![月份\d])第\s*(\d{1,2})\s*周|(?<![a-z\d-])w(?:eek)?\s*(\d{1,2})(?!\d)", re.I
)
_SHORTEST = 2  # letters of a name, or id, that is looked for within a longer text


@dataclass(frozen=True)
class Hints:
    """The sheet's own week and branch, as far as it tells.

    `findings` are the rows that contradict one another; `unsure` says why no week could be told.
    """

    week: str | None
    branch: str | None
    findings: tuple[Finding, ...] = ()
    unsure: str = ""
    week_from_name: bool = False  # of the file or the page: less than what is in the sheet


def hints(page: Page, names: Names, today: date) -> Hints:
    """Week and branch by the columns of that name, else the title rows, else the file's name."""
    definitions = names.definitions
    heading = find_heading(page, definitions.schemes[::-1], names)
    titles = _titles(page, heading)
    stem = PurePath(page.path).stem if page.path != "-" else ""
    findings: list[Finding] = []
    column_week = _agreed(
        page, heading, "week", lambda t: _week_meant(t, today), definitions, findings
    )
    column_branch = _agreed(
        page, heading, "branch", lambda t: lookup.branch(definitions, t), definitions, findings
    )
    named = week_of_page(titles, today)
    from_name = not named and not column_week
    if not named:
        named = week_of_page([page.name], today) or week_of_page([stem], today)
    unsure = ""
    if not column_week and len(named) > 1:
        unsure = _("the title names {weeks}").format(weeks=listing(named))
    return Hints(
        column_week or (named[0] if len(named) == 1 else None),
        column_branch
        or branch_of_page(titles, definitions)
        or branch_of_page([page.name], definitions)
        or branch_of_page([stem], definitions),
        tuple(findings),
        unsure,
        from_name,
    )


def _titles(page: Page, heading: Heading | None) -> list[str]:
    last = heading.row if heading else 0
    return [text for row in range(last) for text in page.own(row) if text]


def retitled(page: Page, names: Names, today: date) -> tuple[str, str] | None:
    """Why a sheet that qibi made is not taken where someone has written over its title, and what
    to do; None where the title says what the sheet was made for, or nothing."""
    fixed, definitions = page.made, names.definitions
    if not fixed:
        return None
    titles = _titles(page, find_heading(page, definitions.schemes[::-1], names))[:1]
    named = week_of_page(titles, today)
    branch = branch_of_page(titles, definitions) or fixed.branch
    if named and fixed.week not in named:
        found, wanted = fixed.week, named[0]
    elif branch != fixed.branch:
        found, wanted = definitions.title(fixed.branch), definitions.title(branch)
    else:
        return None
    week = fixed.week if not named or fixed.week in named else named[0]
    return (
        _("the title says {wanted}, but the sheet was made for {found}").format(
            wanted=wanted, found=found
        ),
        _("make one for that: {command}").format(command=made.command(branch, week)),
    )


def week_of_page(texts: list[str], today: date) -> list[str]:
    """The weeks that these texts name, in order: `2026-W47`, `2026年第47周`, `第47周`.

    A number alone belongs to the one year that the texts name, else it is the latest such week.
    `11月第3周` is not a week of the year.
    """
    texts = [unicodedata.normalize("NFKC", text) for text in texts]
    found = {f"{m[1]}-W{int(m[2] or m[3]):02d}" for text in texts for m in _WHOLE.finditer(text)}
    if not found:
        years = {m[1] for text in texts for m in _YEAR.finditer(text)}
        for text in texts:
            for match in _NUMBER.finditer(text.replace(" ", "")):
                number = int(match[1] or match[2])
                if len(years) == 1:
                    found.add(f"{next(iter(years))}-W{number:02d}")
                elif week := weeks.parse_week(str(number), today):
                    found.add(week)
    return sorted(week for week in found if weeks.is_week(week))


def branch_of_page(texts: list[str], definitions: Definitions) -> str | None:
    """The one branch that these texts name, by id, name or section; None where none or several."""
    found = {branch for text in texts for branch in _branches_in(text, definitions)}
    return found.pop() if len(found) == 1 else None


def _branches_in(text: str, definitions: Definitions) -> set[str]:
    """The branches whose names are in a text; a name within a longer name found does not count."""
    found: dict[str, set[str]] = {}
    for branch in definitions.branches:
        label = definitions.label(branch.id)
        for name in {branch.id, label.zh, label.en, branch.section}:
            closed = folded(name)
            if closed == folded(text) or (len(closed) >= _SHORTEST and _names(text, name)):
                found.setdefault(closed, set()).add(branch.id)
    return {
        branch
        for name, branches in found.items()
        if name and not any(name in other and name != other for other in found)
        for branch in branches
    }


def _names(text: str, name: str) -> bool:
    """Whether a text holds a name, with the blanks of either as they are or closed up."""
    return _holds(_spaced(text), _spaced(name)) or _holds(folded(text), folded(name))


def _spaced(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _holds(text: str, name: str) -> bool:
    """Whether a name is in a text, not as the part of a longer word or number."""
    before = r"(?<![a-z0-9])" if name[:1].isascii() else ""
    after = r"(?![a-z0-9])" if name[-1:].isascii() else ""
    return re.search(before + re.escape(name) + after, text) is not None


def _week_meant(text: str, today: date) -> str:
    named = week_of_page([text], today)
    week = named[0] if len(named) == 1 else weeks.parse_week(text, today)
    if not week:
        message = _("'{text}' is not a week; write it as 2026-W47")
        raise lookup.NotFound(message.format(text=text))
    return week


def _agreed(
    page: Page,
    heading: Heading | None,
    field: str,
    meant: Callable[[str], str],
    definitions: Definitions,
    findings: list[Finding],
) -> str | None:
    """What all rows of a column say; a finding for each row that says something else."""
    column = heading.of(field) if heading else None
    if not heading or not column:
        return None
    first: str | None = None
    for row in data_rows(page, heading).rows:
        text = page.cell(row, column.number)
        if not text:
            continue
        try:
            value = meant(text)
        except lookup.NotFound as error:
            findings.append(page.finding(row, column.number, str(error), column.heading))
            continue
        first = first or value
        if value != first:
            message = _("is {value}, above it is {first}; give each its own sheet").format(
                value=definitions.title(value), first=definitions.title(first)
            )
            findings.append(page.finding(row, column.number, message, column.heading))
    return first


def branch_from_subjects(page: Page, names: Names, week: str) -> str | None:
    """The only branch that holds the page's subjects in a week.

    None where they are of several branches, or where most of them are unknown or ambiguous.
    """
    scheme = names.definitions.scheme(week)
    heading = find_heading(page, (scheme,) if scheme else (), names)
    if not heading:
        return None
    texts = {subject_of(page, heading, row) for row in data_rows(page, heading).rows}
    found = list(_branches_of(texts, names, week))
    if len(set(found)) == 1 and 2 * len(found) > len(texts):
        return found[0]
    return None


def _branches_of(texts: set[tuple[str, str]], names: Names, week: str) -> Iterator[str]:
    for key, name in texts:
        for text in (name, key):  # an id column may only count the rows
            if not text:
                continue
            try:
                subject = names.subject(text, week)
            except lookup.NotFound:
                continue
            if branch := names.definitions.branch_of(subject, week):
                yield branch
                break
