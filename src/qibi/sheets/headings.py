"""The heading row of a page, and what each of its columns stands for."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from qibi.base.findings import Finding
from qibi.base.language import _
from qibi.base.text import closest, folded, narrowed
from qibi.book import lookup
from qibi.book.definitions import Criterion, Item, Label, Scheme
from qibi.sheets.identified import with_id
from qibi.sheets.page import Page

SYNONYMS = {
    "subject": "姓名 成员 成员姓名 党员 党员姓名 对象 被考评对象 考评对象 被考评人 name member subject",
    "id": "编号 工号 id",
    "item": "评分项 评分项目 项目 考评项目 考评项 指标 事项 item criterion",
    "points": "分值 得分 积分 加减分 加扣分 分数 points score",
    "count": "次数 数量 天数 count times days",
    "date": "日期 时间 date",
    "note": "说明 备注 事由 note notes remark remarks",
    "evidence": "佐证 依据 佐证材料 evidence",
    "scored_by": "评分人 考评人 scoredby",
    "approved_by": "批准人 审批人 复核人 approvedby",
    "week": "周 周次 week",
    "branch": "支部 所属支部 党支部 所在支部 branch",
    "total": "合计 总分 总计 小计 总得分 总积分 total sum",
    "rank": "名次 排名 rank",
    "about": "党小组 小组 单位 部门 职务 岗位 标段 group unit department post section",
    "exempt": "请假/免考 请假 免考 leave exempt onleave",
    "rule": "计分办法 rule",
    "number": "序号 序 no #",
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
SHARED = ("note", "date", "evidence", "scored_by", "approved_by")  # of a grid's row
OWN = ("week", "branch")  # of the whole sheet
IGNORED = ("total", "rank", "about")
SILENT = ("number", "rule")
SEARCHED_ROWS = 20
_LONGEST = 200  # characters of a heading

_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】")


@lru_cache(256)  # below a heading the same few texts come again and again
def folded_heading(text: str) -> str:
    """A heading in the form in which it is compared: no blanks, brackets, case or signs."""
    text = _BRACKETS.sub("", unicodedata.normalize("NFKC", text).casefold())
    if not text.isascii():
        text = "".join(c for c in text if unicodedata.category(c) != "Cf")
    return re.sub(r"[\s_-]", "", text).strip(":*.")


_FIELDS = {
    folded_heading(word): field for field, words in SYNONYMS.items() for word in words.split()
}


@dataclass(frozen=True)
class Column:
    """One column: its place in the row, its heading, and its field or the thing it scores."""

    number: int
    heading: str
    field: str = ""  # empty where it is unknown
    thing: Item | Criterion | None = None


@dataclass(frozen=True)
class Heading:
    """The heading row of a page."""

    row: int
    form: str  # "long" or "grid"
    columns: tuple[Column, ...]

    def of(self, field: str) -> Column | None:
        """The column of a field, or None."""
        return next((c for c in self.columns if c.field == field), None)

    @property
    def things(self) -> list[Column]:
        """The columns of items and direct criteria."""
        return [c for c in self.columns if c.thing]

    @property
    def recognised(self) -> int:
        """How many columns are known."""
        return sum(1 for c in self.columns if c.field or c.thing)


def find_heading(page: Page, schemes: Sequence[Scheme]) -> Heading | None:
    """The heading row among the first rows: the one with the most known columns, else None.

    `schemes` are those whose items may head a column of a grid.
    """
    best: Heading | None = None
    words: list[tuple[Scheme | None, set[str]]] = [(s, _words(s)) for s in schemes]
    for row in range(min(SEARCHED_ROWS, len(page.rows))):
        for scheme, known in words or [(None, set())]:
            found = _heading(page, row, scheme, known)
            if found and (not best or found.recognised > best.recognised):
                best = found
    return best


def _words(scheme: Scheme) -> set[str]:
    """What may head a column of a grid: a quick test, so that most texts need no search."""
    words: set[str] = set()
    things: list[Item | Criterion] = [*scheme.criteria, *scheme.items()]
    for thing in things:
        words |= {thing.id, thing.id.rsplit(".", 1)[-1], folded(thing.name.zh)}
        words.add(folded(thing.name.en))
    for criterion in scheme.criteria:
        words |= {folded(criterion.short.zh), folded(criterion.short.en)}
    return words


def _heading(page: Page, row: int, scheme: Scheme | None, words: set[str]) -> Heading | None:
    headings = [(n, text[:_LONGEST]) for n, text in enumerate(page.own(row)) if text]
    fields = {n: _FIELDS.get(folded_heading(text), "") for n, text in headings}
    known = set(fields.values())
    if not known & {"subject", "id"}:
        return None
    if "item" in known:
        return Heading(row, "long", tuple(Column(n, text, fields[n]) for n, text in headings))
    if scheme is None:
        return None
    made = page.made.items if page.made else {}
    columns = tuple(
        _grid_column(scheme, words, n, text, fields[n], made.get(text, "")) for n, text in headings
    )
    return Heading(row, "grid", columns) if any(c.thing for c in columns) else None


def _grid_column(
    scheme: Scheme, words: set[str], number: int, text: str, field: str, made: str
) -> Column:
    """A column of a grid. What names an item is an item, except who it is about.

    `made` is the id that this heading had when qibi made the sheet.
    """
    if field in ("subject", "id"):
        return Column(number, text, field)
    if not words.isdisjoint((folded(text), folded(_BRACKETS.sub("", narrowed(text))))):
        try:
            return Column(number, text, thing=thing_named(scheme, text))
        except lookup.NotFound:
            pass  # a criterion with items: `bad_headings` says so
    if made and (thing := thing_of(scheme, made)):
        return Column(number, text, thing=thing)
    return Column(number, text, "" if field in ("points", "count") else field)


def thing_named(scheme: Scheme, text: str) -> Item | Criterion:
    """The item or direct criterion a text names, with or without brackets; raises `NotFound`."""
    text = " ".join(narrowed(text).split())
    if text.endswith(")") and (thing := _with_id(scheme, text)):
        return thing
    bare = _BRACKETS.sub("", text).strip()
    try:
        return lookup.item(scheme, text, partial=False)
    except lookup.NotFound as error:
        doubt = error
    try:
        return lookup.item(scheme, bare, partial=False)
    except lookup.NotFound:
        pass
    for criterion in scheme.criteria:
        if folded(bare) in (folded(criterion.short.zh), folded(criterion.short.en)):
            return lookup.item(scheme, criterion.id, partial=False)
    raise doubt


def thing_of(scheme: Scheme, key: str) -> Item | Criterion | None:
    """The item or direct criterion with this id, or None."""
    criterion = scheme.criterion(key)
    return criterion if criterion and criterion.direct else scheme.item(key)


def _with_id(scheme: Scheme, text: str) -> Item | Criterion | None:
    things = {t.id: t for c in scheme.criteria for t in ((c,) if c.direct else c.items)}
    return things.get(with_id(text, things)[1])


def bad_headings(page: Page, heading: Heading, scheme: Scheme) -> list[Finding]:
    """Columns of one meaning and, in a grid, headings that name nothing."""
    return [*_doubles(page, heading), *_unknown(page, heading, scheme)]


def no_heading(page: Page, scheme: Scheme) -> Finding:
    """What to write where a page has no heading row."""
    things: list[str] = []
    for criterion in scheme.criteria:
        things += (
            [str(criterion.name)] if criterion.direct else [str(i.name) for i in criterion.items]
        )
    message = _(
        "no heading row in the first {rows} rows; write one like '{long}', or like '{grid}'"
    ).format(
        rows=SEARCHED_ROWS,
        long=_("name,item,points,count,note"),
        grid=",".join([_("name"), *things[:3]]),
    )
    first = next((n for n, cells in enumerate(page.rows) if cells), 0)
    line, cell = page.place(first, 0)
    return Finding(page.path, line, message=message, cell=cell, shown=page.shown(first))


def _doubles(page: Page, heading: Heading) -> Iterator[Finding]:
    """Two columns of one meaning."""
    groups: dict[str, list[Column]] = {}
    for column in heading.columns:
        meaning = column.thing.id if column.thing else column.field
        if meaning and meaning not in (*IGNORED, *SILENT):
            groups.setdefault(meaning, []).append(column)
    for columns in groups.values():
        for first, second in pairwise(columns):
            message = _("means the same as '{other}' ({place}); keep one of the two columns")
            yield page.finding(
                heading.row,
                second.number,
                message.format(other=first.heading, place=column_place(page, heading, first)),
                second.heading,
            )


def column_place(page: Page, heading: Heading, column: Column) -> str:
    """Where a column's heading stands: `Sheet1!D2`, or in a csv `column 4`."""
    cell = page.place(heading.row, column.number)[1]
    return cell or _("column {number}").format(number=column.number + 1)


def _unknown(page: Page, heading: Heading, scheme: Scheme) -> Iterator[Finding]:
    """In a grid, headings that name nothing: a misspelt item must not be lost in silence."""
    for column in heading.columns:
        if heading.form != "grid" or column.field or column.thing:
            continue
        message = ""
        try:
            thing_named(scheme, column.heading)
        except lookup.NotFound as error:
            message = error.brief
        word = folded_heading(column.heading)
        near = closest(word, _FIELDS)
        if near and near != word:
            message += _(" (or '{near}'?)").format(near=near)
        message += _("; mend the heading, or remove the column")
        yield page.finding(heading.row, column.number, message, column.heading)
