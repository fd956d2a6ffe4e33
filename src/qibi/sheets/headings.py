"""The heading rows of a page, and what each of its columns stands for. docs/sheets.md has the table.

A sheet is long (a row an event) or a grid (a row a person, a column for each item or criterion).
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from qibi.base.language import _, listing
from qibi.base.text import closest, folded, narrowed
from qibi.book import lookup
from qibi.book.definitions import LAYOUT_FIELDS, Criterion, Item, Label, Layout, Scheme
from qibi.book.words import COUNT_HEADINGS
from qibi.sheets.names import (
    BRACKETS,
    UNIT,
    Names,
    Thing,
    folded_names,
    in_order,
    simplified,
    thing_of,
    things_of,
)
from qibi.sheets.page import Page

SYNONYMS = {
    "subject": (
        "姓名 名字 成员 成员姓名 党员 党员姓名 对象 被考评对象 考评对象 被考评人 考核对象 被考核人 积分对象"
        " 人员 人员姓名 员工 员工姓名 职工 职工姓名 name fullname member membername subject employee"
        " employeename person participant"
    ),
    "id": "编号 工号 员工编号 人员编号 党员编号 id employeeid memberid",
    "item": (
        "评分项 评分项目 项目 考评项目 考评项 指标 事项 考核事项 考核项目 考核项 考核指标 评分指标 评分事项"
        " 加减分项 加减分项目 加减分事项 加扣分项 加扣分事项 积分项 积分项目 积分事项 item criterion criteria activity"
    ),
    # an item where no other column is one, else a note
    "reason": (
        "事由 考核内容 内容 原因 考核情况 加减分原因 加分原因 扣分原因 加减分事由 加扣分事由 reason event"
    ),
    "points": (
        "分值 得分 实得分 积分 分数 评分 打分 考核得分 积分值 加减分 加扣分 增减分 奖扣分 加减分值"
        " points score scores pointsawarded awarded change difference"
    ),
    "plus": "加分 奖分 奖励分 加分值 加分分值 bonus added plus",
    "minus": "扣分 减分 罚分 扣分值 扣分分值 减分值 deduction deducted penalty minus",
    "tariff": "标准分 标准分值 单项分 单项分值 基准分 规定分值 tariff standardpoints",
    "self": "自评 自评分 自评得分 自评分数 自我评分 selfscore selfassessment self",
    "reviewed": (
        "审核 审核分 审核得分 组评 组评分 组评得分 复核 复核分 复核得分 支部评分 支委评分 支部审核 审定分"
        " 核定分 核定得分 考核分 领导评分 终评 终评分 reviewed reviewedscore finalscore"
    ),
    "count": (
        "数量 频次 发生次数 件数 个数 count qty quantity occurrences frequency " + COUNT_HEADINGS
    ),
    "sign": "类型 加减 加/扣 加/减 加扣 加减类型 加扣类型 奖惩 奖惩类型 奖扣 性质 type kind direction",
    "status": (
        "状态 审核状态 审批状态 审批结果 审核结果 审核意见 处理状态 status state decision approval"
    ),
    "date": "日期 时间 发生日期 发生时间 考核日期 考核时间 事件日期 date day when",
    "note": "说明 备注 情况说明 具体情况 详情 描述 note notes remark remarks comment comments details",
    "evidence": (
        "佐证 依据 佐证材料 证明材料 证明 证据 支撑材料 附件 评分依据 扣分依据 加分依据 考核依据 evidence"
        " proof attachment reference"
    ),
    "scored_by": "评分人 考评人 打分人 考核人 记分人 评委 scoredby scorer judge ratedby",
    "approved_by": "批准人 审批人 复核人 审核人 审定人 approvedby approver",
    "week": "周 周次 week",
    "branch": "支部 所属支部 党支部 所在支部 所在党支部 所属党支部 branch",
    "total": (
        "合计 总分 总计 小计 总得分 总积分 合计得分 合计分 本周合计 本周得分 本周积分 total sum totalpoints"
        " totalscore"
    ),
    "rank": "名次 排名 位次 排序 rank ranking place",
    "about": (
        "党小组 小组 单位 部门 职务 岗位 标段 组别 所在小组 所在党小组 班组 车间 工区 工种 项目部 公司 职称"
        " 性别 民族 年龄 电话 联系电话 手机 手机号 手机号码 身份证号 政治面貌 党员类别 人员类别 党内职务"
        " 入党时间 出生年月 主管 直属主管 直接上级 上级 团队 职位 group unit department dept post section role team title position phone mobile"
        " email gender age manager linemanager supervisor jobtitle crew"
    ),
    "exempt": "请假/免考 请假 免考 是否请假 休假 leave exempt onleave",
    "rule": "计分办法 计分标准 评分标准 评分细则 rule",
    "number": "序号 序 行号 no # sn",
}
# What sheets made by qibi are headed with: words of the table above, which are read back in either
# language, whichever the catalogs say elsewhere.
WRITTEN = {
    "number": Label("序号", "No."),
    "subject": Label("姓名", "Name"),
    "item": Label("评分项", "Item"),
    "count": Label("次数", "Count"),
    "points": Label("分值", "Points"),
    "date": Label("日期", "Date"),
    "evidence": Label("佐证", "Evidence"),
    "scored_by": Label("评分人", "Scored by"),
    "approved_by": Label("批准人", "Approved by"),
    "note": Label("说明", "Note"),
    "exempt": Label("请假/免考", "Leave"),
    "rule": Label("计分办法", "Rule"),
}
# The same in brackets behind a heading: what its bare numbers are.
UNIT_WORDS = {
    "count": Label("次", "count"),
    "points": Label("分", "points"),
    "score": Label("得分", "score"),
}
SHARED = ("note", "date", "evidence", "scored_by", "approved_by")  # of a grid's row
OWN = ("week", "branch")  # of the whole sheet
UNREAD = ("total", "rank", "about", "self", "tariff")  # read for nothing but comparison
SILENT = ("number", "rule", "left_out")  # the last by a layout
_OF_NUMBERS = {
    *("points", "plus", "minus", "tariff", "self", "reviewed", "count"),
    *("total", "rank", "number", "id"),
}
SEARCHED_ROWS = 20
_LONGEST = 200  # characters of a heading
# What is about points, counts or leave, so that nobody may skip a column headed so.
_TELLING = re.compile(
    r"分|次|数|状态|类型|假|缺勤|扣|奖|罚|points?|score|count|qty|status|type|leave|absen|bonus|penalt",
    re.IGNORECASE,
)
_TARIFF_TOO = ("分值", "points")  # the tariff, where another column holds the points
_DIFFERENCES = ("加减分", "加扣分", "增减分", "奖扣分", "加减分值", "change", "difference")
_SCORES = ("得分", "实得分", "考核得分", "评分", "打分", "score", "scores")


@lru_cache(256)  # below a heading the same few texts come again and again
def folded_heading(text: str) -> str:
    """A heading in the form in which it is compared: no blanks, brackets, case or signs."""
    text = BRACKETS.sub("", unicodedata.normalize("NFKC", text).casefold())
    if not text.isascii():
        text = "".join(c for c in text if unicodedata.category(c) != "Cf")
    return re.sub(r"[\s_-]", "", text).strip(":*.")


_FIELDS = {
    folded_heading(word): field for field, words in SYNONYMS.items() for word in words.split()
}


@dataclass(frozen=True)
class Column:
    """One column: its place in the row, its heading, and its field or the thing it scores.

    `unit` is what its bare numbers are, where the heading says so: `count`, `points`, `score` or
    `difference`. `sign` is -1 where the heading says that they are deducted, 1 for added.
    """

    number: int
    heading: str
    field: str = ""  # empty where it is unknown
    thing: Thing | None = None
    unit: str = ""
    sign: int = 0
    row: int = -1  # of the page, where the heading is; -1: the heading's first row
    problem: str = ""  # what is wrong with the heading
    notice: str = ""  # how it was understood, where that is worth a word


@dataclass(frozen=True)
class Heading:
    """The heading row of a page, or its two."""

    row: int
    form: str  # "long" or "grid"; "" where no column says what is scored
    columns: tuple[Column, ...]
    last: int = -1  # the second heading row

    @property
    def bottom(self) -> int:
        """The last heading row."""
        return max(self.row, self.last)

    def of(self, field: str) -> Column | None:
        """The first column of a field, or None."""
        return next((c for c in self.columns if c.field == field), None)

    def all_of(self, *fields: str) -> list[Column]:
        """The columns of these fields."""
        return [c for c in self.columns if c.field in fields]

    @property
    def things(self) -> list[Column]:
        """The columns of items and direct criteria."""
        return [c for c in self.columns if c.thing]

    @property
    def recognised(self) -> int:
        """How many columns are known."""
        return sum(1 for c in self.columns if c.field or c.thing)

    @property
    def whole(self) -> bool:
        """Whether it says who is scored, and for what."""
        return bool(self.form) and bool(self.of("subject") or self.of("id"))


def find_heading(page: Page, schemes: Sequence[Scheme], names: Names) -> Heading | None:
    """The heading among the first rows: the one with the most known columns, else None.

    `schemes` are those whose items may head a column of a grid. One that is not `whole` is found
    only where no other is.
    """
    own = _own_words(names.definitions.words)
    said = _Said.of(page.layout)
    best: Heading | None = None
    known: list[tuple[Scheme | None, set[str]]] = [(s, _words(s)) for s in schemes]
    known = known or [(None, set())]
    for row in range(min(SEARCHED_ROWS, len(page.rows))):
        for cells in _heading_cells(page, row):
            for scheme, scheme_words in known:
                found = _heading(page, row, cells, scheme, scheme_words, own, names, said)
                if found and (not best or _better(found, best)):
                    best = found
    return best


def _better(found: Heading, best: Heading) -> bool:
    return (found.whole, found.recognised) > (best.whole, best.recognised)


def _own_words(words: Mapping[str, Label]) -> dict[str, str]:
    """What this book calls members, branches and groups, as headings."""
    fields = {"member": "subject", "cp": "subject", "branch": "branch", "group": "about"}
    return {
        folded_heading(name): field
        for key, field in fields.items()
        if key in words
        for name in (words[key].zh, words[key].en)
        if name and _FIELDS.get(folded_heading(name), "about") == "about"
    }


@dataclass(frozen=True)
class _Cell:
    """A heading's text, with what is above it where there are two rows, and its row."""

    number: int
    text: str
    above: str
    row: int


@dataclass(frozen=True)
class _Said:
    """What a layout says of headings; its keys are folded, with their brackets."""

    fields: dict[str, str]
    things: dict[str, str]
    numbers: dict[str, str]
    name: str = ""

    @classmethod
    def of(cls, layout: Layout | None) -> "_Said":
        if not layout:
            return cls({}, {}, {})
        left_out = dict.fromkeys(layout.leave_out, "left_out")
        fields, things, numbers = (
            {folded(text): meant for text, meant in found.items()}
            for found in (layout.fields | left_out, layout.things, layout.numbers)
        )
        return cls(fields, things, numbers, layout.name)

    def find(self, said: Mapping[str, str], cell: _Cell) -> str:
        """What one of the maps says of a heading; of two rows, both together come before the lower one."""
        both = folded(f"{cell.above}{cell.text}") if cell.above else ""
        return said.get(both, "") or said.get(folded(cell.text), "")


def _heading_cells(page: Page, row: int) -> Iterator[list[_Cell]]:
    """The cells of a heading that begins in a row: of two rows where the second is one, and of one."""
    if lower := _second_row(page, row):
        yield lower
    yield [_Cell(n, text[:_LONGEST], "", row) for n, text in enumerate(page.own(row)) if text]


def _second_row(page: Page, row: int) -> list[_Cell]:
    """The cells of two heading rows, criterion over item; empty where there are not two."""
    if row + 1 >= len(page.rows):
        return []
    upper, lower = page.rows[row], page.rows[row + 1]
    own = page.own(row + 1)
    cells = []
    over = ""  # in a csv a criterion stands only above the first of its columns
    for n in range(max(len(upper), len(lower))):
        top = upper[n] if n < len(upper) else ""
        text = lower[n] if n < len(lower) else ""
        over = top or over
        merged = (row + 1, n) in page.copied and text == top
        if text and not merged and n < len(own) and own[n]:
            field = _FIELDS.get(folded_heading(top), "")
            if field in ("subject", "id", "number", "item") and folded_heading(
                text
            ) != folded_heading(top):
                return []  # someone's name: the row is data
            above = top or (over if _unit_word(text) else "")
            cells.append(
                _Cell(n, text[:_LONGEST], above[:_LONGEST] if text != above else "", row + 1)
            )
        elif top and ((row, n) not in page.spread or merged):
            cells.append(_Cell(n, top[:_LONGEST], "", row))
    below = [c for c in cells if c.row == row + 1]
    if not below or any(re.fullmatch(r"[\d.+\-\s]+", c.text) for c in below):
        return []
    return cells if any(c.row == row for c in cells) else []


def _words(scheme: Scheme) -> set[str]:
    """What may head a column of a grid: a quick test, so that most texts need no search."""
    words: set[str] = set()
    things: list[Thing] = [*scheme.criteria, *scheme.items()]
    for thing in things:
        words |= {thing.id, thing.id.rsplit(".", 1)[-1], *folded_names(thing.name)}
    for criterion in scheme.criteria:
        words |= folded_names(criterion.short)
        words |= {name.lstrip("比创") for name in folded_names(criterion.name)}
    return words


def _heading(
    page: Page,
    row: int,
    cells: list[_Cell],
    scheme: Scheme | None,
    words: set[str],
    own: Mapping[str, str],
    names: Names,
    said: _Said,
) -> Heading | None:
    fields = {
        c.number: said.find(said.fields, c)
        or ("" if said.find(said.things, c) else _field(c.text, own))
        for c in cells
    }
    known = set(fields.values()) - {""}
    last = max((c.row for c in cells), default=row)
    if len(cells) < 2:
        return None
    mixed = "item" in said.fields.values() and _namesthings_of(cells, scheme, words, said)
    if not mixed and (
        "item" in known or ("reason" in known and not _namesthings_of(cells, scheme, words, said))
    ):
        columns = tuple(_long_column(c, fields[c.number], said) for c in cells)
        form = "long" if known & {"subject", "id"} else ""
        return Heading(row, form, _settled(columns, "long"), last)
    if not known & {"subject", "id"}:
        # Nobody is named: still the heading, where it has enough of one, and then it says what is missing
        things = sum(1 for c in cells if scheme and _is_word(c.text, words))
        if things < 2 and len(known - {"date", "week", "branch"}) < 2:
            return None
    if scheme is None:
        return None
    made = page.made.items if page.made else {}
    columns = tuple(
        _grid_column(scheme, words, c, fields[c.number], made.get(c.text, ""), names, said)
        for c in cells
    )
    form = "grid" if any(c.thing for c in columns) else ""
    if not form and known & {"points", "plus", "minus", "count", "tariff"}:
        columns = tuple(_long_column(c, fields[c.number], said) for c in cells)
        return Heading(row, "", _settled(columns, "long"), last)
    if form == "" and len(known) < 2 and not any(not c.field for c in columns):
        return None
    return Heading(row, form, _settled(columns, "grid", items=mixed), last)


def _namesthings_of(
    cells: list[_Cell], scheme: Scheme | None, words: set[str], said: _Said
) -> bool:
    return scheme is not None and any(
        _is_word(c.text, words) or said.find(said.things, c) for c in cells
    )


def _is_word(text: str, words: set[str]) -> bool:
    bare = BRACKETS.sub("", narrowed(text)).strip(" :*")
    return not words.isdisjoint((folded(text), folded(bare), folded(simplified(bare))))


def _field(text: str, own: Mapping[str, str]) -> str:
    """The field that a heading names, empty where it names none."""
    word = folded_heading(text)
    found = own.get(word) or _FIELDS.get(word)
    if found is None and not word.isascii() and len(word) <= 20:
        found = own.get(simplified(word)) or _FIELDS.get(simplified(word))
    return found or ""


def _long_column(cell: _Cell, field: str, layout: _Said) -> Column:
    word = simplified(folded_heading(cell.text)) if len(cell.text) < 20 else ""
    unit, sign = "", 0
    if field in ("points", "plus", "minus"):
        said = [
            UNIT.get(b[1:-1].strip().casefold(), "") for b in BRACKETS.findall(narrowed(cell.text))
        ]
        unit = next((u for u in said if u in ("score", "difference")), "")
    if field == "points" and not unit:
        unit = "difference" if word in _DIFFERENCES else "score" if word in _SCORES else ""
    elif field in ("plus", "minus"):
        unit, sign, field = "difference", 1 if field == "plus" else -1, "points"
    unit = layout.find(layout.numbers, cell) or unit
    return Column(cell.number, cell.text, field, unit=unit, sign=sign, row=cell.row)


def _settled(columns: tuple[Column, ...], form: str, items: bool = False) -> tuple[Column, ...]:
    """The columns with those fields decided that depend on one another.

    `items`: cells of a grid may name items, as its layout says.
    """
    fields = {c.field for c in columns}
    if form == "grid":  # a grid's points are those of the row: its total
        turned = {"points": "total", "count": "", "reason": "note", "item": "", "tariff": ""}
        turned |= {"sign": "", "reviewed": "", "plus": "", "minus": ""}
        if items:
            del turned["item"]
        return tuple(
            replace(c, field=turned.get(c.field, c.field)) if not c.sign else replace(c, field="")
            for c in columns
        )
    reviewed = [c for c in columns if c.field == "reviewed"]
    result = []
    item_taken = "item" in fields
    others = [
        c
        for c in columns
        if c.field == "points" and simplified(folded_heading(c.heading)) not in _TARIFF_TOO
    ]
    for column in columns:
        field = column.field
        if field == "reason":
            field = "note" if item_taken else "item"
            item_taken = True
        elif field == "reviewed":
            with_points = (
                "self" in fields or "分" in column.heading or "score" in column.heading.casefold()
            )
            field = "" if not with_points else "points" if column is reviewed[-1] else "self"
            column = replace(column, unit="score")
        elif field == "self":
            field = "self" if reviewed or "points" in fields else "points"
        elif field == "points" and reviewed and "self" in fields:
            field = "tariff" if column not in others else "self"
        elif field == "points" and others and column not in others:
            field = "tariff"
        result.append(replace(column, field=field))
    return tuple(result)


def _grid_column(
    scheme: Scheme,
    words: set[str],
    cell: _Cell,
    field: str,
    made: str,
    names: Names,
    said: _Said,
) -> Column:
    """A column of a grid. What names an item is an item, except who it is about.

    `made` is the id that this heading had when qibi made the sheet.
    """
    column = Column(cell.number, cell.text, field, row=cell.row)
    unit = said.find(said.numbers, cell)
    if key := said.find(said.things, cell):
        thing = thing_of(scheme, key)
        message = _("layouts/{name}.yaml: no '{key}' in the scheme {week}")
        problem = message.format(name=said.name, key=key, week=scheme.week)
        return replace(column, thing=thing, unit=unit, problem="" if thing else problem)
    if field in ("subject", "id") or said.find(said.fields, cell):
        return column
    found = _named_column(scheme, words, cell, column, made, names)
    return replace(found, unit=unit or found.unit)


def _named_column(
    scheme: Scheme, words: set[str], cell: _Cell, column: Column, made: str, names: Names
) -> Column:
    """A column of a grid by its own heading."""
    above = cell.above
    if above and (unit := _unit_word(cell.text)) and _is_word(above, words):
        # 比安全 over 自评 and 审核, or an item over its unit
        cell, column = replace(cell, text=above), replace(column, heading=f"{above} {cell.text}")
        if unit == "self":
            return replace(column, field="self")
        found = _scored(scheme, cell, column, made, names)
        return found if unit == "reviewed" else replace(found, unit=found.unit or unit)
    if _is_word(cell.text, words) or made:
        found = _scored(scheme, cell, column, made, names)
        if found.thing or found.problem:
            return found
    if column.field:
        return column
    return _scored(scheme, cell, column, made, names)


def _unit_word(text: str) -> str:
    """The unit that a second heading row gives: `次数` is a count, `自评` a self-assessment."""
    word = simplified(folded_heading(text))
    field = _FIELDS.get(word, "")
    if field in ("self", "reviewed"):
        return field
    return UNIT.get(word, "")


def _scored(scheme: Scheme, cell: _Cell, column: Column, made: str, names: Names) -> Column:
    """A column with the thing that its heading names, or with what is wrong with it."""
    try:
        found = names.thing(scheme, cell.text)
    except lookup.NotFound as error:
        if made and (thing := thing_of(scheme, made)):
            return replace(column, field="", thing=thing)
        return replace(column, problem=error.brief if not column.field else "")
    column = replace(column, field="", thing=found.thing, unit=found.unit, notice=found.notice)
    if found.problem:
        return replace(column, problem=found.problem)
    if cell.above and (above := _criterion_named(scheme, cell.above)):
        own = found.thing.criterion if isinstance(found.thing, Item) else found.thing.id
        if own != above.id:
            message = _("'{item}' belongs to {criterion}, but is under '{above}'")
            criterion = scheme.criterion(own)
            problem = message.format(
                item=cell.text, criterion=criterion.name if criterion else own, above=cell.above
            )
            return replace(column, problem=problem)
    return column


def _criterion_named(scheme: Scheme, text: str) -> Criterion | None:
    try:
        return scheme.criterion(lookup.criterion(scheme, BRACKETS.sub("", narrowed(text)).strip()))
    except lookup.NotFound:
        return None


def criterion_of(scheme: Scheme, text: str) -> Criterion | None:
    """The criterion scored by items that a heading names: by name, short name, or without 比 or 创."""
    bare = folded(simplified(BRACKETS.sub("", narrowed(text)).strip(" :*")))
    for criterion in scheme.criteria:
        names = folded_names(criterion.name) | folded_names(criterion.short) | {criterion.id}
        names |= {name[1:] for name in names if name[:1] in ("比", "创") and len(name) > 2}
        long = not bare.isascii() and len(bare) > 2
        if not criterion.direct and (
            bare in names or (long and any(in_order(bare, name) for name in names))
        ):
            return criterion
    return None


def headed_alike(one: Page, other: Page, schemes: Sequence[Scheme], names: Names) -> bool:
    """Whether two pages have a title and most of their headings in common, as a sheet and its correction have.

    Where either has no heading it may be so. A safety officer's list often has the headings of a branch's sheet.
    """
    found = [find_heading(page, schemes, names) for page in (one, other)]
    if not all(found):
        return True
    titles = [_title(page, heading) for page, heading in zip((one, other), found, strict=True)]
    if all(titles) and titles[0] != titles[1]:
        return False
    first, second = ({folded_heading(c.heading) for c in h.columns} for h in found if h)
    return bool(one.made) == bool(other.made) and 2 * len(first & second) > max(
        len(first), len(second)
    )


def _title(page: Page, heading: Heading | None) -> str:
    """The first line above the headings without its numbers, which are of a week or a day."""
    rows = range(heading.row if heading else 0)
    text = next((text for row in rows for text in page.own(row) if text), "")
    return re.sub(r"[\W\d_]|[第周年月日]", "", folded(text))


def is_telling(heading: str) -> bool:
    """Whether a heading that nobody knows is about points, counts, status or leave."""
    return _TELLING.search(folded_heading(heading)) is not None


def nearest(column: Column, scheme: Scheme, form: str, numbers: bool = False) -> str:
    """The known heading that an unknown one is most likely a misspelling of; empty if none is near.

    A column of `numbers` is nobody's name, no evidence and no branch.
    """
    word = folded_heading(column.heading)
    things = things_of(scheme).values() if form != "long" else ()
    known = [name for thing in things for name in (thing.name.zh, thing.name.en)]
    fields = [word for word, field in _FIELDS.items() if not numbers or field in _OF_NUMBERS]
    near = closest(word, [*fields, *known])
    return str(near) if near and near != word else ""


def field_of(text: str) -> str:
    """The field that a heading names, whatever a book or layout says; empty where it names none."""
    return _FIELDS.get(folded_heading(text), "")


def alike(text: str, things: Sequence[Thing]) -> list[Thing]:
    """Those of these things whose name shares a character or word with a heading, the most first."""
    wanted = set(folded(simplified(text)))
    if text.isascii():
        wanted = set(text.casefold().split())

    def shared(thing: Thing) -> int:
        parts = set(thing.name.en.casefold().split()) if text.isascii() else set(thing.name.zh)
        return len(wanted & parts)

    return sorted((t for t in things if shared(t)), key=lambda t: -shared(t))


def named_fields() -> list[tuple[str, Label]]:
    """What a layout calls a field, with the heading that sheets of qibi have for it."""
    return [(key, WRITTEN[field]) for key, field in LAYOUT_FIELDS.items() if field in WRITTEN]


def example(scheme: Scheme) -> str:
    """Two headings that would be read, for a sheet that has none."""
    names = [str(thing.name) for thing in things_of(scheme).values()][:3]
    return _("write one like '{long}', or like '{grid}'").format(
        long=_("name,item,points,count,note"), grid=",".join([_("name"), *names])
    )


def column_place(page: Page, heading: Heading, column: Column) -> str:
    """Where a column's heading is: `Sheet1!D2`, or in a csv `column 4`."""
    cell = page.place(heading.row, column.number)[1]
    return cell or _("column {number}").format(number=column.number + 1)


def unread_headings(columns: Sequence[Column]) -> str:
    """The headings of columns that are not read, as one text."""
    return listing([c.heading for c in columns])
