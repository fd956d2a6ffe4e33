"""A roster of branches and their members: people to branch files."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count

from pydantic import TypeAdapter, ValidationError

from qibi.base.findings import Faults, Finding
from qibi.base.language import _, listing
from qibi.base.text import argument, folded, narrowed
from qibi.book import models as m
from qibi.book.words import STATUSES
from qibi.sheets.names import dotted_alike, simplified
from qibi.sheets.people import Options, People, Person

ROLES = {
    "heating": "热力 供热 热力公司 热力方 heating heat",
    "engineering": "工程 工程公司 工程方 施工 engineering",
    "design": "设计 设计院 设计方 design",
}
_DIGITS = str.maketrans("一二三四五六七八九", "123456789")
_ROLE = {folded(w): key for key, words in ROLES.items() for w in words.split()}
# What tells people of one name apart, the first that does.
_APART = ("gender", "group", "unit", "department", "section", "status")


def role_of(person: Person) -> str:
    """What tells CP roles apart: a known role's id, else the folded text; empty where there is none."""
    text = folded(person["role"])
    return _ROLE.get(text, text)


_ID: TypeAdapter[str] = TypeAdapter(m.Id)
_LONGEST_SLUG = 40  # leaves room for what is put behind it


def is_id(text: str) -> bool:
    """Whether a text may be an id."""
    try:
        _ID.validate_python(text)
    except ValidationError:
        return False
    return True


def slug(text: str) -> str:
    """The id that an ASCII name makes (`East Site 1`: `east-site-1`); empty for any other."""
    plain = narrowed(text).lower()
    made = re.sub(r"[^a-z0-9]+", "-", plain).strip("-") if plain.isascii() else ""
    return made if len(made) <= _LONGEST_SLUG and is_id(made) else ""


def own_id(person: Person) -> str:
    """The id that the roster gives a person, as it is written in the book; may be empty."""
    return narrowed(person["id"]).lower()


def _units(people: list[Person], known: list[m.Choice]) -> dict[str, m.Choice]:
    """The units by their folded names; those that the template knows keep their ids."""
    by_name = {folded(name): choice for choice in known for name in _names(choice)}
    taken = {choice.id for choice in known}
    found: dict[str, m.Choice] = {}
    for person in people:
        name = folded(person["unit"])
        if name and name not in found:
            found[name] = by_name.get(name) or m.Choice(
                id=_free(taken, slug(person["unit"]), "u{}".format), name=person["unit"]
            )
    return found


def _names(choice: m.Choice) -> list[str]:
    names = choice.name
    both = [names.zh, names.en] if isinstance(names, m.Names) else [names]
    return [choice.id, *(name for name in both if name)]


def _branch_files(
    grouped: list[list[Person]], units: dict[str, m.Choice], language: str
) -> Iterator[m.BranchFile]:
    """A branch file for each group of people, in the order of the roster."""
    people = [person for members in grouped for person in members]
    taken = {own_id(person) for person in people} - {""}
    roles = _role_ids(people)
    places = max(2, len(str(len(grouped))))
    for number, members in enumerate(grouped, 1):
        key = _free(taken, slug(members[0]["branch"]), _numbered(f"b{number:0{places}d}"))
        yield _branch(key, members, units, roles, taken, language)


def _numbered(first: str) -> Callable[[int], str]:
    """`b01` first, then, where that is taken, `b01-2` and so on."""
    return lambda n: first if n == 1 else f"{first}-{n}"


def _free(taken: set[str], wanted: str, others: Callable[[int], str]) -> str:
    """The id wanted, or the first of the others that nobody has; then it is taken."""
    key = wanted
    for n in count(1):
        if key and key not in taken:
            break
        key = others(n)
    taken.add(key)
    return key


def _branch(
    key: str,
    members: list[Person],
    units: dict[str, m.Choice],
    roles: dict[str, str],
    taken: set[str],
    language: str,
) -> m.BranchFile:
    section = next((p["section"] for p in members if p["section"]), None)
    departments = list({folded(p["department"]): p["department"] for p in members}.values())
    department = departments[0] or None if len(departments) == 1 else None
    name = members[0]["branch"]
    groups = _groups(key, members)
    numbers = count(1)
    ids = {
        id(p): own_id(p) or _free(taken, "", lambda _n: f"{key}-{next(numbers):03d}")
        for p in members
    }
    leads = {roles[role_of(p)]: ids[id(p)] for p in members if p["role"]}
    cps = []
    if leads:
        title = f"{section or name}项目CP" if language == "zh" else f"{section or name} CP"
        cps.append(
            m.CP(id=_free(taken, f"{key}-cp", _numbered(f"{key}-cp")), name=title, members=leads)
        )
    return m.BranchFile(
        id=key,
        name=name,
        section=section,
        department=department,
        groups=list(groups.values()),
        members=[_member(p, ids[id(p)], units, groups) for p in members],
        cps=cps,
    )


def _groups(branch: str, members: list[Person]) -> dict[str, m.Group]:
    """The groups of a branch by their folded names."""
    taken: set[str] = set()
    found: dict[str, m.Group] = {}
    for person in members:
        name = folded(person["group"])
        if name and name not in found:
            made = slug(person["group"])[:20].strip("-")
            key = _free(taken, f"{branch}-{made}" if made else "", (branch + "-g{}").format)
            found[name] = m.Group(id=key, name=person["group"])
    return found


def _member(
    person: Person, key: str, units: dict[str, m.Choice], groups: dict[str, m.Group]
) -> m.Member:
    unit, group = units.get(folded(person["unit"])), groups.get(folded(person["group"]))
    return m.Member.model_validate(
        {
            "id": key,
            "name": person["subject"],
            "status": person.status or "full",
            "unit": unit.id if unit else None,
            "group": group.id if group else None,
        }
    )


def _role_ids(people: list[Person]) -> dict[str, str]:
    """The id of each role, the same in all branches: known, a slug, or `role-1` and so on."""
    taken: set[str] = set(ROLES)
    found = {role: role for role in ROLES}
    for person in people:
        role = role_of(person)
        if role and role not in found:
            found[role] = _free(taken, slug(person["role"]), "role-{}".format)
    return found


@dataclass
class Roster:
    """The branches and units of a roster, and what was left out of it."""

    branches: list[m.BranchFile] = field(default_factory=list)
    units: list[m.Choice] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


def read_roster(
    path: str,
    raw: bytes,
    language: str,
    title: str,
    known: list[m.Choice],
    options: Options | None = None,
) -> Roster:
    """The roster in these bytes; raises `Faults` with every bad row.

    `title` names the one branch of a roster that names none; `known` are units that keep their ids
    where the roster names them. `language` is that of the names qibi makes (of CPs).
    """
    read = People(path, raw, title, options or Options())
    people = read.found
    if not people and not read.findings:
        message = _("has no people; write one row per person below the heading")
        raise Faults([Finding(path, message=message)])
    findings = [*read.findings, *(f for person in people for f in _bad_cells(person))]
    notices = read.notices
    if mixed := list(_of_several_departments(people)):
        told = _("people of several departments, which are not recorded: {branches}")
        notices.append(told.format(branches=listing(mixed)))
    people, alike = _told_apart(people, notices)
    findings += [*alike, *_bad_ids(people), *_bad_branches(people), *_like_another(people)]
    if findings:
        raise Faults(findings)
    units = _units(people, known)
    branches = list(_branch_files(list(_by_branch(people).values()), units, language))
    return Roster(branches, list(units.values()), notices)


def _of_several_departments(people: list[Person]) -> Iterator[str]:
    """The branches whose people are not all of one department."""
    for members in _by_branch(people).values():
        found = {folded(p["department"]) for p in members}
        if len(found) > 1:
            yield members[0]["branch"]


def _bad_cells(person: Person) -> Iterator[Finding]:
    if not person["branch"] and "branch" not in person["bad"].split():
        yield person.finding("branch", _("no branch; write it in every row"))
    if person["id"] and not is_id(own_id(person)):
        message = _("'{value}' is not an id; use letters, digits and hyphens, at most 64")
        yield person.finding("id", message.format(value=person["id"]))


def _like_another(people: list[Person]) -> Iterator[Finding]:
    """A branch that is called almost like another, or whose people are those of other branches."""
    branches = _by_branch(people)
    alike: dict[str, Person] = {}
    where: dict[str, set[str]] = {}
    for person in people:
        where.setdefault(folded(person["subject"]), set()).add(folded(person["branch"]))
    for members in branches.values():
        first = members[0]
        name = folded(first["branch"])
        short = re.sub("[临时党第]", "", simplified(name)).translate(_DIGITS)
        if short in alike:
            message = _("'{value}' here, '{other}' in {place}: the same branch? Call it the same")
            said = message.format(
                value=first["branch"], other=alike[short]["branch"], place=alike[short].place
            )
            yield first.finding("branch", said)
        alike.setdefault(short, first)
        again = [p for p in members if len(where[folded(p["subject"])]) > 1 and not p["id"]]
        if len(again) > 2 and 2 * len(again) > len(members):
            message = _(
                "most people of '{branch}' are in other branches too; leave one of the lists"
            )
            yield again[0].finding("subject", message.format(branch=first["branch"]))


def _told_apart(people: list[Person], notices: list[str]) -> tuple[list[Person], list[Finding]]:
    """The people, those of one name in one branch with what tells them apart in brackets behind it.

    A finding for each who can't be told from another, and for brackets that are on no list and tell
    nobody apart.
    """
    alike: dict[tuple[str, str], list[int]] = {}
    for n, person in enumerate(people):
        if not person["subject"]:
            continue
        alike.setdefault((folded(person["branch"]), _sounds(person["subject"])), []).append(n)
    told: list[str] = []
    findings: list[Finding] = []
    for numbers in alike.values():
        group = [people[n] for n in numbers]
        behind = _apart(group) if len(group) > 1 else [""]
        if behind is None:
            for person in group[1:]:
                message = _("{value} is also in {place}; delete one, or give both an id")
                said = message.format(value=person["subject"], place=group[0].place)
                findings.append(person.finding("subject", said))
            continue
        for n, person, text in zip(numbers, group, behind, strict=True):
            if person["aside"] and not text and folded(person["aside"]) != folded(person["id"]):
                message = _(
                    "what is '{text}' next to the name? Put it into a column of its own, or delete it"
                )
                findings.append(person.finding("subject", message.format(text=person["aside"])))
            if text:
                name = person["subject"]
                name = f"{name} ({text})" if name.isascii() else f"{name}（{text}）"
                people[n] = replace(person, texts=person.texts | {"subject": name})
                told.append(name)
    if told:
        notices.append(_("people of one name, told apart: {names}").format(names=listing(told)))
    return people, findings


def _sounds(name: str) -> str:
    """A name in the form in which two that look the same are the same."""
    return dotted_alike(simplified(folded(name)))


def _apart(group: list[Person]) -> list[str] | None:
    """For people of one name, what tells each from the others; None where nothing does.

    Blank for all where each is written with a different id, which the lists show next to the name.
    """
    for name in ("aside", *_APART):
        texts = [person[name] for person in group]
        if all(texts) and len({folded(text) for text in texts}) == len(texts):
            return [_status_word(text) for text in texts] if name == "status" else texts
    ids = [own_id(person) for person in group]
    if not all(ids) or len(set(ids)) < len(ids):
        return None
    ends = [key[-4:] for key in ids]
    return ends if len(set(ends)) == len(ends) and min(map(len, ids)) > 8 else ids


def _status_word(text: str) -> str:
    found = STATUSES.get(text)
    return found.words.split()[0] if found else text


def _bad_ids(people: list[Person]) -> Iterator[Finding]:
    """An id that two rows have."""
    seen: dict[str, Person] = {}
    for person in people:
        key = own_id(person)
        if key and key in seen:
            message = _(
                "the id '{value}' is also in {place}; change one of them, or leave the column out: --map {heading}=skip"
            )
            column = person.heading.of("id")
            heading = column.heading if column else "id"
            yield person.finding(
                "id",
                message.format(
                    value=person["id"], place=seen[key].place, heading=argument(heading)
                ),
            )
        seen.setdefault(key, person)


def _bad_branches(people: list[Person]) -> Iterator[Finding]:
    """A branch with two sections; a CP of one, or with two people in one role."""
    for members in _by_branch(people).values():
        named = [p for p in members if p["section"]]
        for person in named:
            if folded(person["section"]) != folded(named[0]["section"]):
                message = _(
                    "'{value}' here, '{other}' in {place}; a branch has one (or --map {heading}=skip)"
                )
                column = person.heading.of("section")
                said = message.format(
                    value=person["section"],
                    other=named[0]["section"],
                    place=named[0].place,
                    heading=argument(column.heading if column else ""),
                )
                yield person.finding("section", said)
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
