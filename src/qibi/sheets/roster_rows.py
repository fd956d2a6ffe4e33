"""The rows of a roster: which columns there are, and what stands in each person's row."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from qibi.base.findings import Faults, Finding
from qibi.base.language import _, listing
from qibi.base.text import closest, folded
from qibi.sheets.headings import Column, Heading, folded_heading
from qibi.sheets.page import Page
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
    "staff": "职工 员工 群众 团员 共青团员 非党员 staff",
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
        return _STATUS.get(folded(self["status"]))

    @property
    def place(self) -> str:
        """How another row refers to this one: `line 7`, `Sheet1!B7`."""
        column = self.heading.of("subject")
        line, cell = self.page.place(self.row, column.number if column else 0)
        return cell or _("line {line}").format(line=line)


def people_of(path: str, raw: bytes, title: str, notices: list[str]) -> Iterator[Person]:
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
