"""What a sheet says about itself: its week and its branch, in title rows, columns, its name."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import PurePath

from qibi.base import weeks
from qibi.base.findings import Finding
from qibi.base.language import _, clauses, listing
from qibi.base.text import folded, narrowed
from qibi.book import lookup
from qibi.book.definitions import Definitions
from qibi.ledger.admission import read_day
from qibi.sheets import made
from qibi.sheets.headings import Heading, find_heading
from qibi.sheets.names import Names
from qibi.sheets.page import Page
from qibi.sheets.rows import data_rows, subject_of
from qibi.sheets.week_signs import Sign, counted_in, signs_in, verdict, years_in

_SHORTEST = 2  # letters of a name, or id, that is looked for within a longer text


@dataclass(frozen=True)
class Hints:
    """The sheet's own week and branch, as far as it tells.

    `findings` are the rows that contradict one another, `clash` what the signs of the week say where
    they disagree, `long` what names a longer time where nothing names a week. `unsure` says why no
    week could be told. `notices` say what the week was taken from, where that is no name of a week.
    """

    week: str | None
    branch: str | None
    findings: tuple[Finding, ...] = ()
    clash: str = ""
    long: str = ""
    unsure: str = ""
    notices: tuple[str, ...] = ()


def hints(
    page: Page,
    names: Names,
    today: date,
    wanted: tuple[str, str] | None = None,
    *,
    by_file: bool = True,
) -> Hints:
    """Week and branch by the title rows, the columns of that name, the page's and the file's name.

    `wanted` is a week that the person named, and what it was named with; it is a sign as the others.
    Without `by_file` the file's name says nothing on the week.
    """
    definitions = names.definitions
    heading = find_heading(page, definitions.schemes[::-1], names)
    titles = _titles(page, heading)
    stem = PurePath(page.path).stem if page.path != "-" else ""
    findings: list[Finding] = []
    column_week = _agreed(
        page, heading, "week", lambda t: _week_meant(t, today), definitions, findings
    )
    column_branch = _agreed(
        page,
        heading,
        "branch",
        lambda t: lookup.branch(definitions, t),
        definitions,
        findings,
        True,
    )
    told = _week_told(
        page,
        heading,
        today,
        column_week,
        wanted,
        stem if by_file else "",
        _title_rows(page, heading),
    )
    return replace(
        told,
        branch=column_branch
        or branch_of_page(titles, definitions)
        or branch_of_page([page.name], definitions)
        or branch_of_page([stem], definitions),
        findings=tuple(findings),
    )


def _week_told(
    page: Page,
    heading: Heading | None,
    today: date,
    column_week: str | None,
    wanted: tuple[str, str] | None,
    stem: str,
    titles: list[str],
) -> Hints:
    """The week that all signs of a page agree on, or why there is none."""
    years = {int(wanted[0][:4])} if wanted else set(years_in([*titles, page.name, stem]))
    signs = [s for text in titles for s in signs_in(_("the title"), text, today, years)]
    if column_week and heading and (column := heading.of("week")):
        where = _("the column '{heading}'").format(heading=column.heading)
        signs.append(Sign(where, column_week, (frozenset([column_week]),)))
    signs += signs_in(_("the page's name"), page.name, today, years)
    signs += signs_in(_("the file's name"), stem, today, years, days=False)
    told = bool(signs)
    if wanted and any(not s.long for s in signs):
        signs.append(_wanted_sign(wanted))
    found = verdict(signs, today)
    week = found.week or (wanted[0] if wanted and not told else "")
    events = _event_weeks(page, heading, week or (wanted[0] if wanted else ""), today)
    if found.clash:
        return Hints(None, None, clash=found.disagreement())
    if not week and not found.open and len(set(events)) == 1:
        [week] = set(events)
        if wanted and wanted[0] != week:
            return Hints(None, None, clash=_events_say(heading, week, [str(_wanted_sign(wanted))]))
        said = _("{week}, by the dates below '{heading}'")
        column = heading.of("date") if heading else None
        text = said.format(week=week, heading=column.heading if column else "")
        return Hints(week, None, notices=() if wanted else (text,))
    if found.long:
        return Hints(None, None, long=found.long[0].said)
    if week and events and set(events) == {events[0]} != {week}:
        others = [str(s) for s in signs] or ([str(_wanted_sign(wanted))] if wanted else [])
        return Hints(None, None, clash=_events_say(heading, events[0], others))
    if found.open:
        unsure = _("it may be {weeks}").format(weeks=listing(list(found.open)))
        return Hints(None, None, unsure=unsure)
    notices: tuple[str, ...] = ()
    if week and signs and all(s.weak for s in signs) and not wanted:
        notices = (
            _("{week}, by the day in the title: {day}").format(week=week, day=signs[0].said),
        )
    if counted := [text for title in titles for text in counted_in(title)]:
        said = _("not read as a week of the year: {weeks}").format(weeks=listing(counted))
        notices = (*notices, said)
    if not week and len(set(events)) > 1:
        unsure = _("its dates are in {weeks}").format(weeks=listing(sorted(set(events))))
        return Hints(None, None, unsure=unsure)
    return Hints(week or None, None, notices=notices)


def _wanted_sign(wanted: tuple[str, str]) -> Sign:
    """A week that the person named, as a sign."""
    return Sign(wanted[1], wanted[0], (frozenset([wanted[0]]),))


def _events_say(heading: Heading | None, week: str, others: list[str]) -> str:
    """That all events are of one other week than the signs say."""
    column = heading.of("date") if heading else None
    where = _("the column '{heading}'").format(heading=column.heading if column else "")
    said = _("{where} has dates of {week} only").format(where=where, week=week)
    return clauses([*dict.fromkeys(others), said])


def _event_weeks(page: Page, heading: Heading | None, week: str, today: date) -> list[str]:
    """The week of each day in the column of dates that has come."""
    column = heading.of("date") if heading else None
    if not heading or not column:
        return []
    near = week or weeks.week_of(today)
    found = []
    for row in data_rows(page, heading).rows:
        text = page.cell(row, column.number)
        if text and not re.fullmatch(r"\d{1,2}\.[1-3]", narrowed(text)):  # 11.2 may be 11.20
            day, _wrong = read_day(near, text, until=today)
            if day:
                found.append(weeks.week_of(date.fromisoformat(day)))
    return found


def _title_rows(page: Page, heading: Heading | None) -> list[str]:
    """The rows above the heading, each as one text: a label says what the date next to it is of."""
    last = heading.row if heading else 0
    return ["  ".join(text for text in page.own(row) if text) for row in range(last)]


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
    signs = [s for text in titles for s in signs_in("", text, today, years_in(titles))]
    named = sorted({week for sign in signs if not sign.long for week in sign.readings[0]})
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
    found = verdict(signs_in("", text, today), today)
    week = found.week or weeks.parse_week(text, today)
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
    several: bool = False,
) -> str | None:
    """What all rows of a column say; a finding for each row that says something else.

    Where there may be `several`, and are, there is none that all say.
    """
    column = heading.of(field) if heading else None
    if not heading or not column:
        return None
    first: str | None = None
    other = False
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
        if value != first and several:
            other = True
        elif value != first:
            message = _("is {value}, above it is {first}; give each its own sheet").format(
                value=definitions.title(value), first=definitions.title(first)
            )
            findings.append(page.finding(row, column.number, message, column.heading))
    return None if other else first


def branches_of_rows(page: Page, names: Names, week: str) -> dict[int, str]:
    """The branch of each row, in a page whose rows are of several: by a column, a line above, or the person.

    Empty where they are not. A row of which nothing says it is left out.
    """
    definitions = names.definitions
    scheme = definitions.scheme(week)
    heading = find_heading(page, (scheme,) if scheme else (), names)
    if not heading:
        return {}
    found: dict[int, str] = {}
    column, above = heading.of("branch"), ""
    rows = data_rows(page, heading, lambda text: _is_known(text, names, week))
    lines = set(rows.left_out)
    for row in sorted({*rows.rows, *lines}):
        if row in lines:  # a line with nothing but a branch's name
            above = branch_of_page([page.shown(row, blanks=False)], definitions) or above
            continue
        text = page.cell(row, column.number) if column else ""
        branch = _branch_meant(text, definitions) or _branch_of(
            page, heading, row, names, week, above
        )
        if branch:
            found[row] = branch
        if text and branch:
            above = branch
    return found if len(set(found.values())) > 1 else {}


def _is_known(text: str, names: Names, week: str) -> bool:
    try:
        return bool(names.subject(text, week))
    except lookup.Ambiguous:
        return True
    except lookup.NotFound:
        return False


def _branch_meant(text: str, definitions: Definitions) -> str | None:
    try:
        return lookup.branch(definitions, text) if text else None
    except lookup.NotFound:
        return None


def _branch_of(
    page: Page, heading: Heading, row: int, names: Names, week: str, above: str
) -> str | None:
    """The branch of the person that a row is about; of several of one name that of the line above."""
    for text in reversed(subject_of(page, heading, row)):  # an id column may only count the rows
        if not text:
            continue
        try:
            return names.definitions.branch_of(names.subject(text, week, above), week)
        except lookup.NotFound:
            continue
    return None


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
