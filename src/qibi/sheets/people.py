"""The pages of a roster to people. docs/sheets.md has the table of what is understood.

Every row is a person, on a closed list of others (sums, lines that name a branch or a group, notes
and signatures), or a finding.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from qibi.base.findings import Faults, Finding
from qibi.base.language import _, aside, listing
from qibi.base.text import argument, closest, folded, narrowed
from qibi.book.words import STATUS_WORDS, STATUSES, status_name
from qibi.ledger.pricing import is_nothing
from qibi.sheets import page as pages
from qibi.sheets.csvfile import is_misread
from qibi.sheets.files import open_sheet
from qibi.sheets.headings import Column, Heading, folded_heading
from qibi.sheets.name_cell import Named, NotAName, cleaned, names_in, refuse_mixed
from qibi.sheets.names import simplified
from qibi.sheets.page import Page
from qibi.sheets.read import DITTO, mark_message, spoilt
from qibi.sheets.rows import is_footer, is_heading, other_heading

SYNONYMS = {
    "branch": (
        "支部 党支部 支部名称 党支部名称 所属支部 所在支部 所属党支部 所在党支部 临时党支部 团队 所属团队 所在团队"
        " 团队名称 班组 所属班组 所在班组 班组名称 branch branchname team teamname"
    ),
    "subject": (
        "姓名 名字 党员姓名 人员姓名 员工姓名 职工姓名 成员 成员姓名 人员 员工 职工 name member membername person fullname"
        " employee employeename staffname"
    ),
    "id": "编号 人员编号 党员编号 员工编号 员工号 工号 id employeeid employeeno employeenumber staffid memberid",
    "status": (
        "身份 类别 人员类别 党员类别 党员类型 人员类型 党员身份 政治面貌 status membership membershipstatus"
    ),
    "group": "党小组 小组 所在党小组 所属党小组 所在小组 所属小组 group crew subteam",
    "unit": "单位 所属单位 所在单位 工作单位 参建单位 单位名称 unit company",
    "role": "项目cp角色 cp角色 项目cp cp 角色 cprole role",
    "section": "标段 所属标段 所在标段 section",
    "department": "部门 项目部 所属部门 所在部门 所属项目部 department dept",
    "gender": "性别 gender sex",
    "number": "序号 序 # no sn",
}
SKIP = "skip"
_FIELDS = {folded_heading(w): key for key, words in SYNONYMS.items() for w in words.split()}
_OF_PLACES = ("branch", "group", "unit", "section", "department")
_READ = ("subject", "id", "status", "role", "gender", *_OF_PLACES)
# Headings that may be what the people are divided by, where no column is called a branch.
_PLACE = re.compile(
    r".*(车间|工区|工段|科室|处室|部门|项目部|项目|工程|分公司|公司|站|厂|队|工地|工点|片区|分部|条线|板块|机构|区域)(名称)?|(所属|所在)?组织(名称)?"
    r"|department|dept|section|office|site|shop|workshop|division|location"
)
# Jobs, which in a list of a project with pairs may be roles of a CP, and else are not.
_JOB = re.compile(r"岗位|职务|职位|主管|职称|post|position|job ?title|title|manager|supervisor")
_BRANCH_NAME = r".*(支部|总支|党委|团队|branch)"
_LEVELS = {
    "branch": re.compile(rf"{_BRANCH_NAME}(委员会)?|team.*|branch.*|.*team"),
    "group": re.compile(r".*(小组|组)|group.*|crew.*|.*(group|crew)"),
    "status": re.compile(r".*(党员|人员|员工|职工|干部|对象|积极分子|申请人|members|staff)"),
    "place": re.compile(
        r".*(车间|工区|工段|工班|班组|班|队|科|科室|处|处室|部|部门|公司|站|厂|院|所|中心|办公室)"
        r"|.*(department|office|workshop|division|site)"
    ),
}
_ENUMERATED = re.compile(
    r"\s*([(（]?[一二三四五六七八九十\d]{1,3}[)）、.．]|[一二三四五六七八九十]、)\s*(?=\S)"
)
_COUNTED = re.compile(
    r"\s*(?:[(（]\s*[共计]?\s*(\d+)\s*(?:(?:人|名|people|members)[^()（）]*)?[)）]|[，,:：]?\s*共?\s*(\d+)\s*(?:人|名|people|members))\s*$"
)
_SUM = re.compile(
    r"(?:.{0,12}(?:合计|总计|小计|共计|累计|汇总|总人数|总数)(?:人数)?|.{0,6}人数|总共|共有?|(?:sub-?|grand)?total(?:people|members)?"
    r"|sum|headcount|count)?[:：]?(?P<rest>.*)"
)
_SUM_REST = re.compile(r"\D{0,6}?(\d+)(?:人|名|位|people|persons|members)?(?:[,，。;；(（].*)?")
_PART = re.compile(r"([^\d,，、;；:：。()（）]+)[:：]?(\d+)(?:人|名)?")
_IN_TITLE = re.compile(
    r"(?:共|总人数[:：]?|total[:：]?)(\d+)(?:人|名|people|members)?|[(（](\d+)(?:人|people|members)[)）]"
)
_LIST_WORDS = (
    r"(?:党员|人员|员工|职工|成员)*(?:花名册|名册|名单|名单表|一览表|登记表|信息表|统计表|情况表|基本情况|信息).*"
    r"|members.*|people.*|roster.*|list.*"
)
_TITLE = re.compile(
    rf"(?:\d{{4}}年(?:度)?(?:\d+月)?)?\s*(?P<name>.+?)\s*(?:{_LIST_WORDS})", re.IGNORECASE
)
_GENERIC_PAGE = re.compile(
    r"(sheet|工作表|table|page|页)\s*\d*|.*(花名册|名册|名单|roster)\d*", re.IGNORECASE
)
_GONE = re.compile(
    r"调出|调离|转出|离职|辞职|去世|死亡|开除|除名|\bleft\b|resigned|transferred|deceased",
    re.IGNORECASE,
)
_IDENTITY = re.compile(r"[1-9]\d{5}(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\d{3}[\dXx]")
_POWER = re.compile(r"\d(\.\d+)?[eE]\+?\d+")
_SEARCHED_ROWS = 20
_LONGEST = 500
_FEW = 5
_BLANK_IN_CHINESE = re.compile(r"(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff])")


@dataclass(frozen=True)
class Options:
    """What is said about a roster beforehand.

    `meanings`: of headings a field, of statuses a status, of either `skip`; by folded text.
    `hidden` is `read` or `skip`, empty where nothing was said. `ask` puts a question with its
    answers; without it, what can't be told is a finding. `plain` is a book without statuses and pairs.
    """

    meanings: Mapping[str, str] = field(default_factory=dict)
    hidden: str = ""
    encoding: str = ""
    ask: Callable[[str, Sequence[str]], str] | None = None
    plain: bool = False


def meaning(text: str) -> str:
    """The field, status or `skip` that a word names; empty for any other."""
    word = folded_heading(text)
    if word in SYNONYMS or word == SKIP:
        return word
    return STATUS_WORDS.get(folded(text)) or _FIELDS.get(word, "")


def is_chinese(raw: bytes, encoding: str = "") -> bool:
    """Whether the headings of a roster, or whatever its first rows are, hold Chinese."""
    try:
        found = open_sheet("-", raw, encoding)
    except Faults:
        return any(_is_han(c) for c in raw.decode("utf-8", "replace")[:500])
    texts = (text for page in found for row in page.rows[:_SEARCHED_ROWS] for text in row)
    return any(_is_han(c) for text in texts for c in text)


def _is_han(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff"


@dataclass(frozen=True)
class Person:
    """One person of the roster, as text."""

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
        """The status as the book writes it; None where there is none."""
        return STATUS_WORDS.get(folded(self["status"]))

    @property
    def place(self) -> str:
        """How another row refers to this one: `line 7`, `Sheet1!B7`."""
        column = self.heading.of("subject")
        line, cell = self.page.place(self.row, column.number if column else 0)
        return cell or _("line {line}").format(line=line)


@dataclass
class _Count:
    """A number of people that a roster states, and how many were read where it applies."""

    page: Page
    row: int
    column: int
    text: str
    stated: int
    read: set[int] = field(default_factory=set)  # any of these agrees
    following: int = 0  # of a line: the people below it
    of_all: bool = False  # it may be of all pages
    at: int = 0  # the people read before it


@dataclass(frozen=True)
class _List:
    """A list of people on a page: the table, or one of those next to each other."""

    page: Page
    heading: Heading  # its own columns, and those of places that it shares
    first: int
    end: int

    def own(self, row: int) -> list[tuple[int, str]]:
        """The cells of a row that hold something, where no merge to the right has filled them."""
        cells = self.page.own(row)[self.first : self.end]
        return [(n, text) for n, text in enumerate(cells, self.first) if text]


class People:
    """Reads a roster: `found` are its people, `findings` what can't be taken, `notices` what to tell."""

    def __init__(self, path: str, raw: bytes, title: str, options: Options) -> None:
        """`title` names the one branch of a roster that names none. Raises `Faults` for no roster."""
        self.title, self.options = title, options
        self.found: list[Person] = []
        self.findings: list[Finding] = []
        self.notices: list[str] = []
        self._seen = 0  # people, with those in hidden rows that are skipped
        self._counts: list[_Count] = []
        self._unused: dict[str, None] = {}
        self._renamed: dict[str, str] = {}  # names as they are written: as they are read
        self._lines: dict[str, None] = {}
        self._gone: list[str] = []
        self._unheaded: set[tuple[str, int]] = set()  # page and column
        self._wanted: dict[str, str] = {}  # questions answered
        opened = open_sheet(path, raw, options.encoding)
        read = [(page, heading) for page in opened if (heading := _find_heading(page, options))]
        read = [(page, heading) for page, heading in read if not self._skips_page(page, heading)]
        if not read and not self.findings:
            shown = next((p for p in opened if not p.hidden), opened[0])
            raise Faults([_no_heading(shown, options.plain)])
        for page in opened:
            if page.hidden or not page.rows or page in [p for p, _heading in read]:
                continue
            if _LEVELS["branch"].fullmatch(folded(page.name)):
                self.findings.append(_no_heading(page, options.plain))
            told = _("the page {name} names no people; not read")
            self.notices.append(told.format(name=page.name))
        self._read(read)
        if not self.findings:
            self._compare_counts()
        self._settle_statuses()
        self._tell()

    # Pages

    def _skips_page(self, page: Page, heading: Heading) -> bool:
        if not page.hidden:
            return False
        message = _("hidden pages: {names}").format(names=page.name)
        return self._decided_hidden(page, heading.row, 0, message) != "read"

    def _decided_hidden(self, page: Page, row: int, column: int, message: str) -> str:
        chosen = self.options.hidden
        if not chosen and self.options.ask:
            question = _("{what}: read them, or skip them?").format(what=f"{page.path}: {message}")
            chosen = self.options.ask(question, ("read", "skip"))
        if not chosen:
            advice = _("{what}; show them, or say --hidden read or --hidden skip")
            self.findings.append(page.finding(row, column, advice.format(what=message)))
        return chosen

    def _read(self, read: list[tuple[Page, Heading]]) -> None:
        several = len(read) > 1
        places: dict[str, Page] = {}
        for page, heading in read:
            lists = self._lists(page, heading)
            branch = ""
            levels = {
                line.level
                for part in lists
                for row in range(heading.bottom + 1, len(page.rows))
                if (line := _line(part, row, self.options))
            }
            if lists and not heading.of("branch"):
                branch = self._branch_of_page(page, heading, several)
                if not branch and not levels & {"branch", "place"}:
                    lists = self._settle_branches(page, lists)
                    if lists and not lists[0].heading.of("branch"):
                        branch = self._without_branches(page, lists[0], several)
            if branch and branch != self.title:
                if folded(branch) in places:
                    message = _(
                        "the page {name} names the same branch, {branch}; correct one of them"
                    )
                    self._find(
                        page,
                        heading.row,
                        0,
                        message.format(name=places[folded(branch)].name, branch=branch),
                    )
                places[folded(branch)] = page
            if lists:
                placed = bool(branch or lists[0].heading.of("branch") or "branch" in levels)
                self._read_page(page, lists, branch, placed)

    def _branch_of_page(self, page: Page, heading: Heading, several: bool) -> str:
        """The branch that a page's title or name says; empty where neither does."""
        titles = [text for row in range(heading.row) for text in page.own(row) if text]
        named = [
            m["name"].strip() for text in titles if (m := _TITLE.fullmatch(" ".join(text.split())))
        ]
        titled = next((n for n in named if _LEVELS["branch"].fullmatch(folded(n))), "")
        own = "" if _GENERIC_PAGE.fullmatch(page.name.strip()) else page.name.strip()
        own = own if several or _LEVELS["branch"].fullmatch(folded(own)) else ""
        if titled and own and not _same_place(titled, own):
            message = _("the title says {title}, the page is called {page}; correct one of them")
            self._find(page, 0, 0, message.format(title=titled, page=own))
        branch = titled or own or (next(iter(named), "") if several else "")
        if branch and not several:
            self.notices.append(
                _("no column of branches: everybody is in '{title}'").format(title=branch)
            )
        return branch

    def _settle_branches(self, page: Page, lists: list[_List]) -> list[_List]:
        """The lists with the column that divides their people, where one may and nothing else says it."""
        heading = lists[0].heading
        for column in heading.columns:
            word = folded_heading(column.heading)
            if column.field not in ("", "department") or self.options.meanings.get(word):
                continue
            misspelt = not column.field and closest(
                word, [w for w, name in _FIELDS.items() if name == "branch"]
            )
            rows = range(heading.bottom + 1, len(page.rows))
            values = list(dict.fromkeys(v for r in rows if (v := page.cell(r, column.number))))
            divides = bool(_PLACE.fullmatch(word)) and (not column.field or len(values) > 1)
            if not (misspelt or divides) or not values:
                continue
            chosen = self._ask_branch(page, heading, column, values)
            if chosen != "branch":
                if chosen != SKIP:
                    return []
                continue
            return [replace(part, heading=_with(part.heading, column, "branch")) for part in lists]
        return lists

    def _ask_branch(self, page: Page, heading: Heading, column: Column, values: list[str]) -> str:
        word = column.heading.strip()
        if word in self._wanted:
            return self._wanted[word]
        what = _("no column of branches; is it '{heading}' ({values})?").format(
            heading=word, values=listing([*values[:_FEW], *(["…"] if len(values) > _FEW else [])])
        )
        if self.options.ask:
            answers = {_("a branch each"): "branch", _("not used, all are in one branch"): SKIP}
            self._wanted[word] = answers[self.options.ask(what, list(answers))]
            return self._wanted[word]
        advice = _(
            "{question} --map {heading}=branch makes a branch of each, --map {heading}=skip none"
        )
        self._find(
            page, heading.row, column.number, advice.format(question=what, heading=argument(word))
        )
        return ""

    def _without_branches(self, page: Page, part: _List, several: bool) -> str:
        if several:
            message = _(
                "no column of branches, and neither the title nor the page names one; add it"
            )
            self._find(page, part.heading.row, 0, message)
        else:
            self.notices.append(
                _("no column of branches: everybody is in '{title}'").format(title=self.title)
            )
        return self.title

    def _lists(self, page: Page, heading: Heading) -> list[_List]:
        """The lists below a heading; none, and a finding, where two columns have one meaning."""
        width = max(map(len, page.rows[heading.row :]), default=0)
        if len(heading.all_of("subject")) < 2:
            columns = self._without_doubles(page, heading)
            return (
                []
                if columns is None
                else [_List(page, replace(heading, columns=columns), 0, width)]
            )
        blocks: list[list[Column]] = [[]]
        for column in heading.columns:
            taken = {c.field for c in blocks[-1]}
            if column.field and column.field in taken and "subject" in taken:
                blocks.append([])
            blocks[-1].append(column)
        shapes = {
            frozenset(c.field for c in b if c.field and c.field not in _OF_PLACES) for b in blocks
        }
        if len(shapes) != 1:
            [first, second, *_more] = heading.all_of("subject")
            message = _("means the same as '{other}'; keep one of them, or head both lists alike")
            self._find(page, heading.row, second.number, message.format(other=first.heading))
            return []
        starts = [block[0].number for block in blocks]
        shared = [c for c in blocks[0] if c.field in _OF_PLACES]
        lists = []
        for n, block in enumerate(blocks):
            own = {c.field for c in block}
            more = [c for c in shared if n and c.field not in own]
            begin = 0 if n == 0 else starts[n]
            end = starts[n + 1] if n + 1 < len(starts) else width
            lists.append(_List(page, replace(heading, columns=(*block, *more)), begin, end))
        self.notices.append(_("lists next to each other: {count}").format(count=len(lists)))
        return lists

    def _without_doubles(self, page: Page, heading: Heading) -> tuple[Column, ...] | None:
        """The columns, of two that mean a status the more exact; None, and a finding, for other twins."""
        columns = list(heading.columns)
        good = True
        for name in set(_READ) | {"number"}:
            twins = [c for c in columns if c.field == name]
            if len(twins) < 2:
                continue
            general = [c for c in twins if name == "status" and "政治面貌" in c.heading]
            spare = general if len(twins) - len(general) == 1 else []
            spare = twins[1:] if name == "number" else spare
            if not spare:
                message = _(
                    "means the same as '{other}'; keep one of them, or say --map {heading}=skip"
                )
                for twin in twins[1:]:
                    said = message.format(other=twins[0].heading, heading=argument(twin.heading))
                    self._find(page, heading.row, twin.number, said)
                good = False
            columns = [replace(c, field="") if c in spare else c for c in columns]
        return tuple(columns) if good else None

    # Rows

    def _read_page(self, page: Page, lists: list[_List], branch: str, placed: bool) -> None:
        """Read the rows below a heading. `placed`: something other than the lines of workshops and
        departments says which branch people are in."""
        begin = self._seen
        top, end = lists[0].heading.bottom + 1, len(page.rows)
        for part in lists:
            self._unused |= {
                c.heading: None for c in part.heading.columns if not c.field or c.field == "gender"
            }
        sums: list[_Count] = []
        hidden = self._hidden_rows(page, lists)
        spanning = any(
            (row, part.first) in page.spread for part in lists for row in range(top, end)
        )
        rows = range(top, end)
        order = (
            [(part, row) for row in rows for part in lists]
            if spanning
            else [(part, row) for part in lists for row in rows]
        )
        footers = {(part.first, row) for part in lists for row in self._footers(part)}
        over = _Over(branch)
        numbered = {part.first for part in lists if _is_numbered(part)}
        for part, row in order:
            own = part.own(row)
            if not own and not (part.first and _spans(page, row)):
                continue
            if (part.first, row) in footers:
                text = listing([" ".join(t.split()) for _n, t in own])
                self._left_out(page, row, text)
                continue
            if row in hidden:
                self._seen += 1 if _is_person(part, row) else 0
                continue
            if is_heading(page.own(row), [folded_heading(t) for t in page.own(part.heading.row)]):
                continue
            if other_heading(page, part.heading, row):
                message = _(
                    "a second heading, in another order: use separate sheets, or the same column order"
                )
                self._find(page, row, own[0][0], message)
            elif (total := _total(part, row)) is not None:
                over.counts.clear()
                self._take_total(part, row, total, begin, over, sums)
            elif line := _line(part, row, self.options):
                level = over.enter(line, placed)
                self._lines[line.name] = None
                if line.stated is not None:
                    column = own[0][0] if own else part.first
                    over.counts[level] = _Count(page, row, column, line.name, line.stated)
                    self._counts.append(over.counts[level])
                over.begin = self._seen
            elif _is_prepared(part, row):
                continue
            else:
                self._take_person(part, row, over, part.first in numbered)
        count = self._seen - begin
        for stated in sums:
            stated.read |= {count}
        for row in range(lists[0].heading.row):
            for column, text in enumerate(page.own(row)):
                if found := _IN_TITLE.search(folded(text)):
                    number = int(found[1] or found[2])
                    self._counts.append(_Count(page, row, column, text, number, {count}, 0, True))

    def _hidden_rows(self, page: Page, lists: list[_List]) -> frozenset[int]:
        """The hidden rows that are not read."""
        top = lists[0].heading.bottom
        rows = sorted(
            r for r in page.hidden_rows if r > top and r < len(page.rows) and any(page.rows[r])
        )
        needed = [
            c
            for part in lists
            for c in part.heading.columns
            if c.field in _READ and c.number in page.hidden_columns and c.field != "gender"
        ]
        if needed:
            message = _("this hidden column is needed; show it")
            if self.options.hidden != "read":
                self._find(page, lists[0].heading.row, needed[0].number, message)
        if not rows:
            return frozenset()
        names = listing([str(page.lines[row]) for row in rows])
        message = _("hidden rows: {rows}").format(rows=names)
        chosen = self._decided_hidden(page, rows[0], 0, message)
        return frozenset() if chosen == "read" else frozenset(rows)

    def _footers(self, part: _List) -> list[int]:
        """The notes and signatures below the last person."""
        found: list[int] = []
        for row in reversed(range(part.heading.bottom + 1, len(part.page.rows))):
            own = part.own(row)
            if not own or _total(part, row) is not None:
                continue
            subject = part.heading.of("subject")
            person = (
                subject
                and len(own) == 1
                and own[0][0] == subject.number
                and ":" not in narrowed(own[0][1])
            )
            texts = tuple(text for _n, text in own)
            if (person and not _is_spread(part, row)) or not is_footer(texts):
                break
            found.append(row)
        return found

    def _left_out(self, page: Page, row: int, text: str) -> None:
        message = _("line {line} is left out: {text}")
        self.notices.append(message.format(line=page.lines[row], text=text))

    def _take_total(
        self, part: _List, row: int, stated: "_Total", begin: int, over: "_Over", sums: list[_Count]
    ) -> None:
        text = " ".join(" ".join(t.split()) for _n, t in part.own(row))
        if stated.number is None:
            return
        since = sums[-1].at if sums else begin
        found = _Count(part.page, row, part.own(row)[0][0], text, stated.number)
        found.read = {self._seen - since, self._seen - over.begin, self._seen - begin, self._seen}
        found.at, found.of_all = self._seen, True
        sums.append(found)
        self._counts.append(found)
        for word, number in stated.parts:
            status = STATUS_WORDS.get(folded(word)) or self.options.meanings.get(folded(word))
            if status not in STATUSES:
                self._left_out(part.page, row, f"{word}{number}")
                continue
            count = sum(1 for p in self.found[-(self._seen - begin) :] if p.status == status)
            self._counts.append(_Count(part.page, row, part.own(row)[0][0], word, number, {count}))

    def _take_person(self, part: _List, row: int, over: "_Over", numbered: bool) -> None:
        """The people of a row. Where something is wrong with it they are taken for the other checks."""
        page, heading = part.page, part.heading
        subject = heading.of("subject")
        assert subject is not None
        struck = [c for c in heading.columns if c.field and _is_struck(page, row, c.number)]
        if struck:
            self._cell(part, row, subject if subject in struck else struck[0])
            return
        self._refuse_unheaded(part, row)
        status = "" if self.options.plain else over.status
        texts = {"branch": over.branch, "group": over.group, "status": status}
        for column in heading.columns:
            if column.field and column.field not in ("number", "subject"):
                before = len(self.findings)
                text = self._cell(part, row, column)
                above = texts.get(column.field, "")
                if text and above and column.field != "status" and folded(text) != folded(above):
                    message = _(
                        "'{value}' here, '{other}' in the line above the people; correct one of them"
                    )
                    said = message.format(value=text, other=above)
                    self._find(page, row, column.number, said, column)
                texts[column.field] = text or above
                if len(self.findings) > before:
                    texts["bad"] = f"{texts.get('bad', '')} {column.field}"
        try:
            named = self._names(part, row, subject, numbered)
        except NotAName as error:
            if str(error):
                self._find(page, row, subject.number, str(error), subject)
            named = [Named("")]
        each = _line_by_line(part, row, len(named))
        if len(named) > 1 and any(texts.get(name) and name not in each for name in ("id", "role")):
            message = _("{count} people in one cell, but one id or role; give each a row")
            self._find(page, row, subject.number, message.format(count=len(named)), subject)
            texts |= {"id": "", "role": ""}
        self._seen += len(named)
        for count in over.counts.values():
            count.following += len(named)
        for n, one in enumerate(named):
            more = {name: lines[n] for name, lines in each.items()}
            more |= {"subject": one.name, "aside": one.aside}
            status = more.get("status") or texts.get("status", "")
            if one.status and not status and not self.options.plain:
                more["status"] = one.status
            elif (
                one.status
                and status
                and STATUS_WORDS[folded(one.status)] != STATUS_WORDS.get(folded(status))
            ):
                message = _("'{value}' here, '{other}' next to the name; correct one of them")
                said = message.format(value=status, other=one.status)
                self._find(page, row, subject.number, said, subject)
            if one.gender and not texts.get("gender"):
                more["gender"] = one.gender
            self.found.append(Person(page, heading, row, texts | more))
        if any(_GONE.search(page.cell(row, c.number)) for c in heading.columns if not c.field):
            self._gone.append(listing([one.name for one in named]))

    def _refuse_unheaded(self, part: _List, row: int) -> None:
        """A finding for the first text in each column that has no heading."""
        headed = {c.number for c in part.heading.columns}
        for number, text in part.own(row):
            place = (part.page.name, number)
            if number in headed or text.isdecimal() or is_nothing(text) or place in self._unheaded:
                continue
            self._unheaded.add(place)
            message = _("'{text}' is in a column without a heading; head the column, or delete it")
            self._find(part.page, row, number, message.format(text=" ".join(text.split())))

    def _names(self, part: _List, row: int, subject: Column, numbered: bool) -> list[Named]:
        """The person or people in the name's cell; raises `NotAName`, with nothing to say where a finding says it."""
        before = len(self.findings)
        whole = self._cell(part, row, subject, name=True)
        if len(self.findings) > before:
            raise NotAName("")
        if not whole:
            raise NotAName(_("no name; fill it in or delete the row"))
        if numbered and [n for n, _text in part.own(row)] == [subject.number]:
            message = _(
                "'{text}' stands alone, without a number: a person or a group? Number the row, or write the group's whole name"
            )
            raise NotAName(message.format(text=whole))
        if _FIELDS.get(folded_heading(whole)) == "subject":
            raise NotAName(_("'{text}' is not a name").format(text=whole))
        refuse_mixed(whole)
        named = names_in(whole)
        if len(named) > 1 or any(one.cut for one in named):
            self._renamed[" ".join(whole.split())] = " + ".join(one.name for one in named)
        return named

    def _cell(self, part: _List, row: int, column: Column, name: bool = False) -> str:
        """A cell's text, cleaned; empty, and a finding, for what can't be taken as it is."""
        page, place = part.page, (row, column.number)
        text = page.cell(row, column.number)
        for mark in page.marks.get(place, ()):
            if message := mark_message(mark, text, False):
                self._find(page, row, column.number, message, column)
                return ""
        if place in page.pictures:
            message = _("a picture can't be read here; write it as text")
            self._find(page, row, column.number, message, column)
            return ""
        if is_nothing(text):
            return ""
        if len(text) > _LONGEST:
            message = _("the text is longer than 500 characters; shorten it")
            self._find(page, row, column.number, message, column)
            return ""
        if narrowed(text).casefold() in DITTO:
            above = next((p for p in reversed(self.found) if p.page is page), None)
            if above and column.field in (*_OF_PLACES, "status") and above[column.field]:
                return above[column.field]
            message = _("'{text}' refers to nothing; write it out")
            self._find(page, row, column.number, message.format(text=text), column)
            return ""
        lost = _lost_digits(text) if column.field == "id" else ""
        if problem := lost or spoilt(text) or _misread(text):
            self._find(page, row, column.number, problem, column)
            return ""
        try:
            clean = cleaned(text)
            if not name:
                refuse_mixed(clean)
        except NotAName as error:
            self._find(page, row, column.number, str(error), column)
            return ""
        if name:
            if clean != text:
                self._renamed[" ".join(text.split())] = " ".join(clean.split())
            return clean
        return _BLANK_IN_CHINESE.sub("", " ".join(clean.split()))

    def _find(
        self, page: Page, row: int, number: int, message: str, column: Column | None = None
    ) -> None:
        self.findings.append(page.finding(row, number, message, column.heading if column else ""))

    # What is known once all rows are read

    def _compare_counts(self) -> None:
        for count in self._counts:
            agree = count.read or {count.following}
            if count.of_all:
                agree = agree | {self._seen}
            if count.stated in agree:
                continue
            read = min(agree, key=lambda n: abs(n - count.stated))
            message = _(
                "'{text}' says {stated}, but the list has {read}; correct the list or the number"
            )
            said = message.format(text=" ".join(count.text.split()), stated=count.stated, read=read)
            self._find(count.page, count.row, count.column, said)

    def _settle_statuses(self) -> None:
        """Give each status that qibi does not know its meaning: as said, or asked; else a finding."""
        unknown: dict[str, list[Person]] = {}
        for person in self.found:
            if person["status"] and not person.status:
                unknown.setdefault(folded(person["status"]), []).append(person)
        meant: dict[str, str] = {}
        names = {key: key + aside(status.words.split()[0]) for key, status in STATUSES.items()}
        for word, people in unknown.items():
            text = people[0]["status"]
            places = _some([p["subject"] or p.place for p in people])
            if word in self.options.meanings:
                meant[word] = self.options.meanings[word]
            elif self.options.ask:
                answers = {status_name(key): key for key in STATUSES} | {_("leave them out"): SKIP}
                question = _("what is '{text}' ({places})?").format(text=text, places=places)
                meant[word] = answers[self.options.ask(question, list(answers))]
            else:
                near = closest(word, STATUS_WORDS)
                message = _(
                    "which status is '{value}' ({places})? Say --map {word}=… with one of: {known}; "
                    "or --map {word}=skip to leave these people out"
                )
                said = message.format(
                    value=text,
                    word=argument(text),
                    places=places,
                    known=listing(list(names.values())),
                )
                if near and abs(len(near) - len(word)) < 2:
                    said = _("unknown status '{value}' ({places}); did you mean '{near}'?").format(
                        value=text, places=places, near=near
                    )
                self.findings.append(people[0].finding("status", said))
        kept: list[Person] = []
        skipped: dict[str, list[str]] = {}
        for person in self.found:
            status = meant.get(folded(person["status"]), "")
            if status == SKIP:
                skipped.setdefault(person["status"], []).append(person["subject"])
                continue
            kept.append(
                replace(person, texts=person.texts | {"status": status}) if status else person
            )
        self.found = kept
        for text, people_named in skipped.items():
            told = _("left out ({status}): {names}")
            self.notices.append(told.format(status=text, names=_some(people_named)))

    def _tell(self) -> None:
        if self._lines:
            told = _("lines that name what is below them: {names}")
            self.notices.append(told.format(names=_some(list(self._lines))))
        if self._renamed:
            pairs = [f"{a} → {b}" if a != b else b for a, b in self._renamed.items()]
            self.notices.append(_("names as they are read: {names}").format(names=_some(pairs)))
        if self._gone:
            self.notices.append(
                _(
                    "a note says that someone has left, and they are taken all the same: {names}"
                ).format(names=_some(self._gone))
            )
        long = [p["subject"] for p in self.found if _IDENTITY.fullmatch(p["id"])]
        if long:
            self.notices.append(
                _(
                    "ids that look like identity numbers, which every entry in git will hold: {names}; --map …=skip makes others"
                ).format(names=_some(long))
            )
        if self._unused:
            self.notices.append(
                _("columns not used: {columns}").format(columns=listing(list(self._unused)))
            )


def _some(texts: Sequence[str]) -> str:
    return listing([*texts[:_FEW], *(["…"] if len(texts) > _FEW else [])])


# Headings


def _find_heading(page: Page, options: Options) -> Heading | None:
    """The row with the most known columns, one of them names; None where there is none."""
    best: Heading | None = None
    for row in range(min(_SEARCHED_ROWS, len(page.rows))):
        columns = [
            Column(number, text, _field(text, options))
            for number, text in enumerate(page.own(row))
            if text
        ]
        heading = Heading(row, "long", tuple(columns))
        subject = heading.of("subject")
        if not subject or (best and heading.recognised < best.recognised):
            continue
        below = best and (row, subject.number) in page.copied  # the lower of two heading rows
        if not best or below or heading.recognised > best.recognised:
            best = heading
    return best


def _field(text: str, options: Options) -> str:
    word = folded_heading(text)
    meant = options.meanings.get(word)
    if meant in SYNONYMS or meant == SKIP:
        return "" if meant == SKIP else meant
    found = _FIELDS.get(word)
    if found is None and not word.isascii() and len(word) <= 20:
        found = _FIELDS.get(simplified(word))
    if options.plain and (found == "status" or (found == "role" and "cp" not in word)):
        return ""  # someone's job
    return found or ""


def _no_heading(page: Page, plain: bool) -> Finding:
    example = _("team,name,crew,unit") if plain else _("branch,name,status,group,unit,CP role")
    message = _("no heading row with names; write one like '{example}'").format(example=example)
    return page.finding(0, 0, message)


def _with(heading: Heading, column: Column, name: str) -> Heading:
    columns = (replace(c, field=name) if c == column else c for c in heading.columns)
    return replace(heading, columns=tuple(columns))


def _same_place(a: str, b: str) -> bool:
    """Whether one name may be short for the other: 第1支部, 示例公司第1党支部."""
    a, b = (re.sub(r"[党临时第]", "", folded(text)) for text in (a, b))
    return a in b or b in a


# Rows


@dataclass(frozen=True)
class _Line:
    """A row that names what those below it belong to."""

    name: str
    level: str
    stated: int | None


@dataclass
class _Over:
    """What the lines above say of the people below them."""

    branch: str
    group: str = ""
    status: str = ""
    counts: dict[str, _Count] = field(default_factory=dict)  # by level: the lines being counted
    begin: int = 0

    def enter(self, line: _Line, placed: bool) -> str:
        """Take a line; its level: that of a place is a branch, where nothing else is one."""
        level = line.level
        if level == "place":
            level = "group" if placed else "branch"
        for below in {"branch": ("branch", "group", "status"), "group": ("group",)}.get(level, ()):
            setattr(self, below, "")
            self.counts.pop(below, None)
        setattr(self, level, line.name)
        self.counts.pop(level, None)
        return level


@dataclass(frozen=True)
class _Total:
    number: int | None
    parts: tuple[tuple[str, int], ...] = ()


def _is_struck(page: Page, row: int, column: int) -> bool:
    return any(mark.kind == pages.STRUCK for mark in page.marks.get((row, column), ()))


def _is_spread(part: _List, row: int) -> bool:
    return any((row, n) in part.page.spread for n in range(part.first, part.end))


def _spans(page: Page, row: int) -> bool:
    return len({text for text in page.rows[row] if text}) == 1


def _is_person(part: _List, row: int) -> bool:
    subject = part.heading.of("subject")
    return (
        subject is not None
        and bool(part.page.cell(row, subject.number))
        and _total(part, row) is None
    )


def _line_by_line(part: _List, row: int, count: int) -> dict[str, list[str]]:
    """The cells of a row that have a line for each of several people in it, by their fields."""
    found: dict[str, list[str]] = {}
    for column in part.heading.columns:
        if count > 1 and column.field in ("id", "status", "role", "gender", "group", "unit"):
            lines = [t.strip() for t in part.page.cell(row, column.number).split("\n") if t.strip()]
            if len(lines) == count:
                found[column.field] = lines
    return found


def _is_numbered(part: _List) -> bool:
    """Whether most rows of a list have a running number."""
    number = part.heading.of("number")
    rows = [r for r in range(part.heading.bottom + 1, len(part.page.rows)) if part.own(r)]
    if not number:
        return False
    return 2 * sum(part.page.cell(r, number.number).isdecimal() for r in rows) > len(rows)


def _is_prepared(part: _List, row: int) -> bool:
    """Whether a row has only its number, or what a merge has filled."""
    for number, text in part.own(row):
        column = next((c for c in part.heading.columns if c.number == number), None)
        if (row, number) in part.page.copied or is_nothing(text):
            continue
        if column and column.field == "number" and text.isdecimal():
            continue
        return False
    return True


def _total(part: _List, row: int) -> _Total | None:
    """What a row of sums says; None for a row that is none."""
    own = part.own(row)
    subject = part.heading.of("subject")
    if not own:
        return None
    heads = {own[0][1], *(text for n, text in own if subject and n == subject.number)}
    for text in heads:
        word = simplified(folded(text)).strip(":：")
        found = _SUM.fullmatch(word)
        if not found:
            continue
        labelled, rest = found["rest"] != word, found["rest"]
        inner = _SUM_REST.fullmatch(rest) if rest else None
        counted = re.fullmatch(r"[共计]?\d+(人|名|people|members)", word)
        if not (labelled and (not rest or inner)) and not counted:
            continue
        whole = folded(" ".join(t for _n, t in own))
        numbers = re.findall(r"\d+", rest or "") or [
            m for n, t in own if t != text for m in re.findall(r"\d+", folded(t))[:1]
        ]
        _head, _sign, parts = whole.partition("其中")
        return _Total(
            int(numbers[0]) if numbers else None,
            tuple((w, int(n)) for w, n in _PART.findall(parts)),
        )
    return None


def _line(part: _List, row: int, options: Options) -> _Line | None:
    """What a row with one text alone names, if that is a branch, a group or a status."""
    page = part.page
    cells = [(n, page.cell(row, n)) for n in range(part.first, part.end)]
    texts = {text for _n, text in cells if text}
    if len(texts) != 1:
        return None
    text = " ".join(texts.pop().split())
    merged = sum(1 for _n, t in cells if t) > 1 or _is_spread(part, row)
    counted = _COUNTED.search(text)
    name = _ENUMERATED.sub("", _COUNTED.sub("", text) if counted else text, count=1).strip(" :：")
    word = simplified(folded(name))
    if not word or re.search("[:,;。]", word) or _total(part, row) is not None:
        return None
    level = next((key for key, words in _LEVELS.items() if words.fullmatch(word)), "")
    if word in STATUS_WORDS or options.meanings.get(word) in STATUSES:
        level = "status"
    subject = part.heading.of("subject")
    in_subject = subject is not None and any(n == subject.number for n, t in cells if t)
    short = in_subject and level != "branch" and len(word) < 4  # it may be someone's name
    if not (merged or counted) and (not level or short):
        return None
    try:
        name = cleaned(name)
    except NotAName:
        return None
    stated = int(counted[1] or counted[2]) if counted else None
    return _Line(name, level or "place", stated)


def _misread(text: str) -> str:
    message = _("'{text}' was read in a wrong encoding before it was saved; type it again")
    return "" if text.isascii() or not is_misread(text) else message.format(text=text)


def _lost_digits(text: str) -> str:
    """Why an id is a number that has lost digits on its way; empty where it is none."""
    bare = narrowed(text)
    zeros = len(bare) - 15
    if _POWER.fullmatch(bare) or (
        bare.isdecimal() and zeros > 0 and bare.endswith("0" * zeros) and zeros > 1
    ):
        return mark_message(pages.Mark(pages.LOST_DIGITS), text, False)
    return ""
