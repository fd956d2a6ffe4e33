"""A roster as people keep it (csv or xlsx, one row a person) to the branches of a new book.

Ids are made where the roster has none: a slug where a name is ASCII, else `b01`, `b01-g1`, `u1`; for
people `b01-001`. Taken whole or not at all: every bad row is named.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from qibi.base.findings import Faults, Finding
from qibi.base.language import _, listing
from qibi.base.text import closest, folded, narrowed
from qibi.book import models as m
from qibi.sheets.headings import Column, Heading, folded_heading
from qibi.sheets.pages import Page
from qibi.sheets.roster_ids import Ids
from qibi.sheets.rows import data_rows, is_nothing
from qibi.sheets.table import read_pages

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
STATUSES = {
    "full": "正式党员 正式 党员 中共党员 full fullmember",
    "probationary": "预备党员 预备 中共预备党员 probationary",
    "activist": "积极分子 入党积极分子 发展对象 activist",
    "staff": "职工 员工 群众 非党员 staff",
}
ROLES = {
    "heating": "热力 供热 热力公司 热力方 heating heat",
    "engineering": "工程 工程公司 工程方 施工 engineering",
    "design": "设计 设计院 设计方 design",
}
_FIELDS = {folded_heading(w): key for key, words in SYNONYMS.items() for w in words.split()}
_STATUS = {folded(w): key for key, words in STATUSES.items() for w in words.split()}
_ROLE = {folded(w): key for key, words in ROLES.items() for w in words.split()}
_SEARCHED_ROWS = 20
_LONGEST = 500
_BLANK_IN_CHINESE = re.compile(r"(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff])")
_ID = re.compile(m.ID)


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
    def place(self) -> str:
        """How another row refers to this one: `line 7`, `Sheet1!B7`."""
        column = self.heading.of("subject")
        line, cell = self.page.place(self.row, column.number if column else 0)
        return cell or _("line {line}").format(line=line)


@dataclass
class Roster:
    """The branches and units of a roster, and what was left out of it."""

    branches: list[m.BranchFile] = field(default_factory=list)
    units: list[m.Choice] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


def read_roster(
    path: str, raw: bytes, language: str, title: str, known: list[m.Choice]
) -> Roster:
    """The roster in these bytes; raises `Faults` with every bad row.

    `title` names the one branch of a roster without a column of branches; `known` are units that
    keep their ids where the roster names them. `language` is that of the names qibi makes (of CPs).
    """
    notices: list[str] = []
    people = list(_people(path, raw, title, notices))
    if not people:
        message = _("holds nobody; write one row a person below the heading")
        raise Faults([Finding(path, message=message)])
    findings = [f for person in people for f in _bad_cells(person)]
    findings += [*_bad_ids(people), *_bad_branches(people)]
    if findings:
        raise Faults(findings)
    ids = Ids({_key(p["id"]) for p in people if p["id"]})
    units = _units(people, known, ids)
    branches = list(_branches(people, units, ids, language))
    return Roster(branches, list(units.values()), notices)


def _people(path: str, raw: bytes, title: str, notices: list[str]) -> Iterator[Person]:
    """Every row that is a person; raises `Faults` where no page has the columns that are needed."""
    pages = read_pages(path, raw)
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
            texts = {
                c.field: _clean(page.cell(row, c.number)) for c in heading.columns if c.field
            }
            yield Person(page, heading, row, {"branch": title} | texts)


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


def _key(text: str) -> str:
    return narrowed(text).lower()


def _bad_cells(person: Person) -> Iterator[Finding]:
    if not person["subject"]:
        yield person.finding("subject", _("no name; fill it in or delete the row"))
    if not person["branch"]:
        yield person.finding("branch", _("no branch; write it in every row"))
    for name, text in person.texts.items():
        if len(text) > _LONGEST:
            yield person.finding(name, _("the text is longer than 500 characters; shorten it"))
    if person["id"] and not (_ID.fullmatch(_key(person["id"])) and m.may_be_id(_key(person["id"]))):
        message = _("'{value}' is not an id; use letters, digits and hyphens, at most 64")
        yield person.finding("id", message.format(value=person["id"]))
    if person["status"] and folded(person["status"]) not in _STATUS:
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
        if key := _key(person["id"]):
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
        for person in (p for p in members if p["role"]):
            role = _role(person)
            if role in roles:
                message = _("{place} has this role too; a CP has one of each")
                yield person.finding("role", message.format(place=roles[role].place))
            roles.setdefault(role, person)
        if len(roles) == 1:
            (person,) = roles.values()
            message = _("the only CP role in its branch; a CP has two or more, add one or clear it")
            yield person.finding("role", message)


def _role(person: Person) -> str:
    """What tells roles apart: a known role's id, else the folded text."""
    text = folded(person["role"])
    return _ROLE.get(text, text)


def _by_branch(people: list[Person]) -> dict[str, list[Person]]:
    found: dict[str, list[Person]] = {}
    for person in people:
        found.setdefault(folded(person["branch"]), []).append(person)
    return found


def _units(people: list[Person], known: list[m.Choice], ids: Ids) -> dict[str, m.Choice]:
    """The units that the roster names, by their folded names, in the order of their first rows."""
    by_name = {folded(name): choice for choice in known for name in _all_names(choice)}
    found: dict[str, m.Choice] = {}
    for person in (p for p in people if p["unit"]):
        name = folded(person["unit"])
        if name not in found:
            own = len(found) + 1
            key = ids.named(person["unit"], f"u{own}", {c.id for c in (*known, *found.values())})
            found[name] = by_name.get(name) or m.Choice(id=key, name=person["unit"])
    return found


def _all_names(choice: m.Choice) -> list[str]:
    if isinstance(choice.name, m.Names):
        return [choice.id, *(n for n in (choice.name.zh, choice.name.en) if n)]
    return [choice.id, *([choice.name] if choice.name else [])]


def _branches(
    people: list[Person], units: dict[str, m.Choice], ids: Ids, language: str
) -> Iterator[m.BranchFile]:
    grouped = list(_by_branch(people).values())
    roles = _role_ids(people)
    places = max(2, len(str(len(grouped))))
    keys = [
        ids.subject(members[0]["branch"], f"b{n:0{places}d}") for n, members in enumerate(grouped, 1)
    ]
    for branch, members in zip(keys, grouped, strict=True):
        yield _branch(branch, members, units, roles, ids, language)
