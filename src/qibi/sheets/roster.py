"""A roster of branches and their members: rows to people, people to branch files."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

from pydantic import TypeAdapter, ValidationError

from qibi.base.findings import Faults, Finding
from qibi.base.language import _, listing
from qibi.base.text import closest, folded, narrowed
from qibi.book import models as m
from qibi.book.words import STATUS_WORDS, STATUSES
from qibi.ledger.pricing import is_nothing
from qibi.sheets.files import open_sheet
from qibi.sheets.headings import Column, Heading, folded_heading
from qibi.sheets.page import Page
from qibi.sheets.rows import data_rows

SYNONYMS = {
    "branch": "支部 党支部 支部名称 党支部名称 所属支部 所在支部 所属党支部 所在党支部 临时党支部 团队 班组 branch team",
    "subject": "姓名 党员姓名 人员姓名 成员 成员姓名 人员 name member person fullname",
    "id": "编号 人员编号 党员编号 工号 id no.",
    "status": "身份 类别 人员类别 党员类别 党员类型 人员类型 党员身份 政治面貌 status",
    "group": "党小组 小组 所在党小组 所属党小组 group crew",
    "unit": "单位 所属单位 所在单位 工作单位 参建单位 单位名称 unit company",
    "role": "项目cp角色 cp角色 项目cp cp 角色 cprole role",
    "section": "标段 所属标段 所在标段 section",
    "department": "部门 项目部 所属部门 所属项目部 department",
    "number": "序号 序 # no",
}
ROLES = {
    "heating": "热力 供热 热力公司 热力方 heating heat",
    "engineering": "工程 工程公司 工程方 施工 engineering",
    "design": "设计 设计院 设计方 design",
}
_FIELDS = {folded_heading(w): key for key, words in SYNONYMS.items() for w in words.split()}
_ROLE = {folded(w): key for key, words in ROLES.items() for w in words.split()}
_SEARCHED_ROWS = 20
_BLANK_IN_CHINESE = re.compile(r"(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff])")


@dataclass(frozen=True)
class Person:
    """One row of the roster, as text."""

    page: Page
    heading: Heading
    row: int
    texts: dict[str, str]

    def __getitem__(self, name: str) -> str:
        return self.texts.get(name, "")

    def finding(self, name: str, message: str) -> Finding:
        """What is wrong with one cell of the row; with the name's cell, where there is no such column."""
        column = self.heading.of(name) or self.heading.of("subject")
        assert column is not None
        return self.page.finding(self.row, column.number, message, column.heading)

    @property
    def status(self) -> str | None:
        """The status as the book writes it; None for one that is not known, or none."""
        return STATUS_WORDS.get(folded(self["status"]))

    @property
    def place(self) -> str:
        """How another row refers to this one: `line 7`, `Sheet1!B7`."""
        column = self.heading.of("subject")
        line, cell = self.page.place(self.row, column.number if column else 0)
        return cell or _("line {line}").format(line=line)


def people_of(path: str, raw: bytes, title: str, notices: list[str]) -> Iterator[Person]:
    """Every row that is a person; raises `Faults` where no page has the columns that are needed."""
    pages = [page for page in open_sheet(path, raw) if not page.hidden]
    found = [(page, heading) for page in pages if (heading := _find_heading(page))]
    if not found:
        raise Faults([_no_heading(pages[0])])
    for page, heading in found:
        if not heading.of("branch"):
            _accept_one_branch(page, heading, len(found), title, notices)
        unused = [c.heading for c in heading.columns if not c.field]
        if unused:
            notices.append(_("columns not used: {columns}").format(columns=listing(unused)))
        rows = data_rows(page, heading)
        notices += rows.notices
        for row in rows.rows:
            texts = {c.field: _clean(page.cell(row, c.number)) for c in heading.columns if c.field}
            yield Person(page, heading, row, {"branch": title} | texts)


def role_of(person: Person) -> str:
    """What tells CP roles apart: a known role's id, else the folded text; empty where there is none."""
    text = folded(person["role"])
    return _ROLE.get(text, text)


def _find_heading(page: Page) -> Heading | None:
    best: Heading | None = None
    for row in range(min(_SEARCHED_ROWS, len(page.rows))):
        fields: set[str] = set()
        columns = []
        for number, text in enumerate(page.own(row)):
            name = _FIELDS.get(folded_heading(text), "") if text else ""
            if text:
                columns.append(Column(number, text, "" if name in fields else name))
            fields.add(name)
        heading = Heading(row, "long", tuple(columns))
        if heading.of("subject") and (not best or heading.recognised > best.recognised):
            best = heading
    return best


def _no_heading(page: Page) -> Finding:
    message = _("no heading row with names; write one like '{example}'").format(
        example=_("branch,name,status,group,unit,CP role")
    )
    return page.finding(0, 0, message)


def _accept_one_branch(
    page: Page, heading: Heading, pages: int, title: str, notices: list[str]
) -> None:
    """Without a column of branches everybody is in one; raises `Faults` where that may be a slip."""
    words = [w for w, name in _FIELDS.items() if name == "branch"]
    for column in heading.columns:
        if not column.field and closest(folded_heading(column.heading), words):
            message = _("is this the column of branches? write '{heading}'")
            finding = page.finding(
                heading.row, column.number, message.format(heading=_("branch")), column.heading
            )
            raise Faults([finding])
    if pages > 1:
        message = _("no column of branches, and more than one sheet of people; add it")
        raise Faults([page.finding(heading.row, 0, message)])
    notices.append(_("no column of branches: everybody is in '{title}'").format(title=title))


def _clean(text: str) -> str:
    """A cell's text on one line; `-` and `/` are nothing; `张  三` is `张三`."""
    return "" if is_nothing(text) else _BLANK_IN_CHINESE.sub("", " ".join(text.split()))


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
        message = _("has no people; write one row per person below the heading")
        raise Faults([Finding(path, message=message)])
    findings = [f for person in people for f in _bad_cells(person)]
    findings += [*_bad_ids(people), *_bad_branches(people)]
    if findings:
        raise Faults(findings)
    units = _units(people, known)
    branches = list(_branch_files(list(_by_branch(people).values()), units, language))
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
                known=listing(
                    [f"{status.words.split()[0]} ({key})" for key, status in STATUSES.items()]
                ),
            ),
        )


def _bad_ids(people: list[Person]) -> Iterator[Finding]:
    """An id that two rows have, and a name that is repeated in a branch without ids."""
    seen: dict[tuple[str, ...], Person] = {}
    for person in people:
        if key := own_id(person):
            mark: tuple[str, ...] = (key,)
            message = _("the id '{value}' is also in {place}; change one of them")
            name, value = "id", person["id"]
        else:
            mark = (folded(person["branch"]), folded(person["subject"]))
            message = _("{value} is also in {place}; delete one, or give both an id")
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
