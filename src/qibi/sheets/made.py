"""What is fixed in a sheet that qibi made: whose it is, and what each name in its lists stands for.

It is on a worksheet of its own, hidden, which also holds the lists behind the dropdowns. Excel,
WPS and LibreOffice keep it as it is when they save. A sheet without it is read by its names alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from qibi.base import weeks
from qibi.base.language import _
from qibi.base.text import argument
from qibi.book import lookup
from qibi.book.definitions import Definitions

HIDDEN = "_qibi"  # the worksheet's name
MARK = "qibi sheet"
VERSION = "1"
FACTS = ("book", "week", "branch", "scheme", "form")
FIRST_ROW = 9  # of the lists, from 0; their headings are above it
# Columns of the lists, from 0: what is shown and, in the next one, its id.
SUBJECTS, ITEMS, SCORERS, APPROVERS, EXEMPT = 0, 2, 10, 12, 14


@dataclass(frozen=True)
class Made:
    """The facts that a sheet was made with; in the mappings the text of a cell leads to an id."""

    book: str
    week: str
    branch: str
    scheme: str  # the version's first week
    form: str
    subjects: Mapping[str, str] = field(default_factory=dict)
    items: Mapping[str, str] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)


class TooNew(Exception):
    """The sheet was made by a later qibi, whose facts may mean something else."""


def made_from(rows: Sequence[Sequence[str]]) -> Made | None:
    """What a hidden worksheet fixes; None where it is not one of ours. Raises `TooNew`."""
    head = {row[0]: row[1] for row in rows[:FIRST_ROW] if len(row) > 1 and row[0]}
    if MARK not in head:
        return None
    if head[MARK] != VERSION:
        raise TooNew
    facts = [head.get(name, "") for name in FACTS]
    if not all(facts) or not weeks.is_week(facts[1]):
        return None
    lists = rows[FIRST_ROW:]
    book, week, branch, scheme, form = facts
    return Made(
        book,
        week,
        branch,
        scheme,
        form,
        subjects=_pairs(lists, SUBJECTS),
        items=_pairs(lists, ITEMS),
        people=_pairs(lists, SCORERS) | _pairs(lists, APPROVERS),
    )


def _pairs(rows: Sequence[Sequence[str]], column: int) -> dict[str, str]:
    return {
        row[column]: row[column + 1]
        for row in rows
        if len(row) > column + 1 and row[column] and row[column + 1]
    }


def mismatch(
    made: Made, definitions: Definitions, week: str | None, branch: str | None
) -> tuple[str, str] | None:
    """Why a sheet can't be taken into this book, or for what `--week` and `--branch` say, and what
    to do; None where it can."""
    if made.book != definitions.id:
        return (
            _("the sheet is of the book {found}, but this is {wanted}").format(
                found=made.book, wanted=definitions.id
            ),
            _("name its book: --book DIR, or use a sheet of this one: qibi sheet"),
        )
    if made.branch not in {b.id for b in definitions.branches}:
        return (
            _("the sheet is of {found}, a branch that this book does not have").format(
                found=made.branch
            ),
            _("'qibi branch list' lists them"),
        )
    if week and week != made.week:
        return (
            _("the sheet is of {found}, but --week says {wanted}").format(
                found=made.week, wanted=week
            ),
            _("leave --week out, or make a sheet of that week: {command}").format(
                command=command(made.branch, week)
            ),
        )
    if branch and branch != made.branch:
        return (
            _("the sheet is of {found}, but --branch says {wanted}").format(
                found=definitions.title(made.branch), wanted=definitions.title(branch)
            ),
            _("leave --branch out, or make a sheet of that branch: {command}").format(
                command=command(branch, made.week)
            ),
        )
    scheme = definitions.scheme(made.week)
    if scheme and scheme.week != made.scheme:
        return (
            _(
                "the sheet was made under the scheme of {found}; in {week} that of {wanted} is in force"
            ).format(found=made.scheme, week=made.week, wanted=scheme.week),
            _("make a new one and fill it in: {command}").format(
                command=command(made.branch, made.week)
            ),
        )
    return None


def command(branch: str, week: str) -> str:
    """The command that makes a sheet."""
    return f"qibi sheet --branch {argument(branch)} --week {week}"


def known_subject(made: Made | None, definitions: Definitions, text: str) -> str:
    """The id that a name had when the sheet was made, if the book still has it; else empty."""
    key = made.subjects.get(text, "") if made else ""
    return key if key in definitions.subjects else ""


def known_person(
    made: Made | None, definitions: Definitions, week: str, branch: str, text: str
) -> str:
    """What a scorer's or approver's text stands for: itself, or the id that it had if renamed."""
    key = made.people.get(text, "") if made else ""
    roles = definitions.scorer_roles(week)
    if not key or (key not in roles and key not in definitions.spans):
        return text
    if any(text in (label.zh, label.en) for label in roles.values()):
        return text
    try:
        lookup.subject(definitions, text, ("member",), week=week, branch=branch, partial=False)
    except lookup.NotFound:
        return key
    return text
