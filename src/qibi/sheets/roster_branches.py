"""The branches and units that a roster's people make up, with ids where the roster has none."""

import re
from collections.abc import Callable, Iterator
from itertools import count

from pydantic import TypeAdapter, ValidationError

from qibi.base.text import folded, narrowed
from qibi.book import models as m
from qibi.sheets.roster_rows import ROLES, Person, role_of

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


def units(people: list[Person], known: list[m.Choice]) -> dict[str, m.Choice]:
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


def branches(
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
    section, department = (
        next((p[name] for p in members if p[name]), None) for name in ("section", "department")
    )
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
