"""A roster as people keep it (csv or xlsx, one row a person) to the branches of a new book.

Ids are made where the roster has none: a slug where a name is ASCII, else `b01`, `b01-g1`, `u1`; for
people `b01-001`. Taken whole or not at all: every bad row is named.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from qibi.base.findings import Faults, Finding
from qibi.base.language import _, listing
from qibi.base.text import folded
from qibi.book import models as m
from qibi.sheets import roster_branches as made
from qibi.sheets.roster_branches import is_id, own_id
from qibi.sheets.roster_rows import STATUSES, Person, people_of, role_of

_LONGEST = 500


@dataclass
class Roster:
    """The branches and units of a roster, and what was left out of it."""

    branches: list[m.BranchFile] = field(default_factory=list)
    units: list[m.Choice] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


def read_roster(path: str, raw: bytes, language: str, title: str, known: list[m.Choice]) -> Roster:
    """The roster in these bytes; raises `Faults` with every bad row.

    `title` names the one branch of a roster without a column of branches; `known` are units that
    keep their ids where the roster names them. `language` is that of the names qibi makes (of CPs).
    """
    notices: list[str] = []
    people = list(people_of(path, raw, title, notices))
    if not people:
        message = _("holds nobody; write one row a person below the heading")
        raise Faults([Finding(path, message=message)])
    findings = [f for person in people for f in _bad_cells(person)]
    findings += [*_bad_ids(people), *_bad_branches(people)]
    if findings:
        raise Faults(findings)
    units = made.units(people, known)
    branches = list(made.branches(list(_by_branch(people).values()), units, language))
    return Roster(branches, list(units.values()), notices)


def _bad_cells(person: Person) -> Iterator[Finding]:
    if not person["subject"]:
        yield person.finding("subject", _("no name; fill it in or delete the row"))
    if not person["branch"]:
        yield person.finding("branch", _("no branch; write it in every row"))
    for name, text in person.texts.items():
        if len(text) > _LONGEST:
            yield person.finding(name, _("the text is longer than 500 characters; shorten it"))
    if person["id"] and not is_id(own_id(person)):
        message = _("'{value}' is not an id; use letters, digits and hyphens, at most 64")
        yield person.finding("id", message.format(value=person["id"]))
    if person["status"] and not person.status:
        message = _("unknown status '{value}'; one of: {known}")
        yield person.finding(
            "status",
            message.format(
                value=person["status"],
                known=listing([words.split()[0] + f" ({key})" for key, words in STATUSES.items()]),
            ),
        )


def _bad_ids(people: list[Person]) -> Iterator[Finding]:
    """An id that two rows have, and a name that stands twice in a branch without ids."""
    seen: dict[tuple[str, ...], Person] = {}
    for person in people:
        if key := own_id(person):
            mark: tuple[str, ...] = (key,)
            message = _("the id '{value}' also stands in {place}; give one of them another")
            name, value = "id", person["id"]
        else:
            mark = (folded(person["branch"]), folded(person["subject"]))
            message = _("{value} also stands in {place}; delete one, or give both an id")
            name, value = "subject", person["subject"]
        if mark in seen and person["subject"]:
            yield person.finding(name, message.format(value=value, place=seen[mark].place))
        seen.setdefault(mark, person)


def _bad_branches(people: list[Person]) -> Iterator[Finding]:
    """A branch with two sections or departments; a CP of one, or with two people in one role."""
    for members in _by_branch(people).values():
        for name in ("section", "department"):
            named = [p for p in members if p[name]]
            for person in named:
                if folded(person[name]) != folded(named[0][name]):
                    message = _("'{value}' here, '{other}' in {place}; a branch has one")
                    yield person.finding(
                        name,
                        message.format(
                            value=person[name], other=named[0][name], place=named[0].place
                        ),
                    )
        roles: dict[str, Person] = {}
        leads = [p for p in members if p["role"]]
        for person in leads:
            role = role_of(person)
            if role in roles:
                message = _("{place} has this role too; a CP has one of each")
                yield person.finding("role", message.format(place=roles[role].place))
            roles.setdefault(role, person)
        if len(leads) == 1:
            message = _("the only CP role in its branch; a CP has two or more, add one or clear it")
            yield leads[0].finding("role", message)


def _by_branch(people: list[Person]) -> dict[str, list[Person]]:
    """The people of each branch, by its folded name, in the order of the roster."""
    found: dict[str, list[Person]] = {}
    for person in people:
        found.setdefault(folded(person["branch"]), []).append(person)
    return found
