"""The rows below the heading: which are about a subject, and which are on the closed list of others.

That list is in docs/sheets.md: blank rows, sums and averages, full marks, lines that name a group,
the heading again, notes and signatures at the end.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from qibi.base.language import _
from qibi.base.text import folded, narrowed
from qibi.ledger.pricing import NOTHING, is_nothing
from qibi.sheets.headings import Heading, folded_heading
from qibi.sheets.names import simplified
from qibi.sheets.page import UNCALCULATED, Page

__all__ = ["NOTHING", "Rows", "data_rows", "is_nothing", "is_zero", "subject_of"]

_ZERO = re.compile(r"[+-]?0+(\.0*)?(次|天|项|分)?")
_TOTAL = re.compile(
    r".{0,12}(合计|总计|小计|累计)(人数)?|(本周|本月|全员|支部|各项|人员|总|共)?(总分|总得分|平均分?|人数)"
    r"|共?[0-9]+人|.{0,20}(sub-?total|(grand)?total)|sum|average|mean|headcount"
)
_FULL_MARKS = re.compile(
    r"满分(值)?|标准分(值)?|基础分|基准分|最高分|最低分|权重|full ?marks?|max(imum)?|min(imum)?|base|weight"
)
_LABEL = re.compile(
    r"(附?注|备注|说明|填表|填报|制表|审核|复核|审批|批准|签字|签名|盖章|负责人|经办|记录|统计|报送|日期|时间"
    r"|以上|以下空白|特此|(支部|党小组)?(书记|组长|组织委员|纪检委员)$|考核小组|监督电话|联系电话"
    r"|notes?\b|prepared|checked|approved|signed|signature|date\b)",
    re.IGNORECASE,
)
_LABELLED = re.compile(r"[^:：]+[:：]\s*\S")  # `书记：张三`
_NUMBERED = re.compile(r"[(（]?[0-9]{1,2}[)）.、．]\s*[^0-9\s].*")  # `2.扣分须有通知单`
_DAY = re.compile(r"\d{2,4}\s*[-/.年]\s*\d{1,2}\s*([-/.月]\s*\d{1,2}\s*日?)?")
_GROUP = re.compile(
    r"第?.{1,6}(党小组|小组|班组|工区|支部|工班|车间|班)|(group|team|crew) ?[a-z0-9]+"
)


@dataclass(frozen=True)
class Rows:
    """The rows about subjects, the sums among the others, and notices on what was left out."""

    rows: tuple[int, ...]
    notices: tuple[str, ...] = ()
    sums: tuple[int, ...] = ()
    left_out: tuple[int, ...] = ()


def is_zero(text: str) -> bool:
    """Whether a cell holds a nought, or nothing."""
    return is_nothing(text) or _ZERO.fullmatch(narrowed(text)) is not None


def data_rows(
    page: Page, heading: Heading, known: Callable[[str], bool] = lambda _text: False
) -> Rows:
    """The rows below the heading that are about a subject; `known` says who is one."""
    title = [folded_heading(text) for text in page.own(heading.row)]
    rows: list[int] = []
    sums: list[int] = []
    full: list[int] = []
    lines: list[int] = []
    repeated = _repeated(page, heading)
    unread = tuple(folded(text) for text in (page.layout.leave_out if page.layout else ()))
    for row in range(heading.bottom + 1, len(page.rows)):
        if _is_blank(page, heading, row, repeated) or is_heading(page.own(row), title):
            continue
        if other_heading(page, heading, row) or any(
            text and known(text) for text in subject_of(page, heading, row)
        ):
            rows.append(row)
        elif unread and folded(_first(page, row)).startswith(unread):
            continue  # the layout says so
        elif _says(page, heading, row, _TOTAL):
            sums.append(row)
        elif _says(page, heading, row, _FULL_MARKS):
            full.append(row)
        elif _is_group_line(page, heading, row):
            lines.append(row)
        else:
            rows.append(row)
    left_out: list[int] = [*full, *lines]
    while rows and is_footer(page.own(rows[-1])):
        label = narrowed(_first(page, rows[-1])).endswith(":")  # `填表人：`, and a name next to it
        if not label and any(t and known(t) for t in subject_of(page, heading, rows[-1])):
            break
        left_out.append(rows.pop())
    notices = [
        _("line {line} is left out: {text}").format(
            line=page.lines[row], text=page.shown(row, blanks=False)
        )
        for row in sorted(left_out)
    ]
    return Rows(tuple(rows), tuple(notices), tuple(sums), tuple(left_out))


def is_heading(cells: tuple[str, ...], title: list[str]) -> bool:
    """Whether a row is the heading again; most rows differ in their last cell already."""
    return len(cells) == len(title) and all(
        folded_heading(text) == wanted
        for text, wanted in zip(reversed(cells), reversed(title), strict=True)
    )


def other_heading(page: Page, heading: Heading, row: int) -> bool:
    """Whether a row is a heading too, with other columns or in another order."""
    texts = [text for text in page.own(row) if text]
    title = {folded_heading(text) for text in page.own(heading.row) if text}
    same = sum(folded_heading(text) in title for text in texts)
    return same >= 2 and 2 * same > len(texts) and len(texts) > 1


def subject_of(page: Page, heading: Heading, row: int) -> tuple[str, str]:
    """What the id column and the name column of a row hold."""
    key, name = heading.of("id"), heading.of("subject")
    return (
        page.cell(row, key.number) if key else "",
        page.cell(row, name.number) if name else "",
    )


def _is_blank(page: Page, heading: Heading, row: int, repeated: dict[int, set[str]]) -> bool:
    """Whether a row says nothing that a merge has not copied from above.

    A row that was prepared may hold its number, its rule, a group that other rows have as well
    (`repeated`, by column), and sums of nothing.
    """
    for number, text in enumerate(page.rows[row]):
        place = (row, number)
        if not text or place in page.copied or number in page.hidden_columns:
            continue
        column = next((c for c in heading.columns if c.number == number), None)
        field = column.field if column else ""
        if field == "number":
            empty = text.isdecimal()
        elif field in ("rule", "left_out"):
            empty = True
        elif field in ("total", "rank"):
            uncalculated = any(mark.kind == UNCALCULATED for mark in page.marks.get(place, ()))
            empty = uncalculated or is_zero(text)
        elif field == "about":
            empty = is_nothing(text) or text in repeated.get(number, ())
        elif column and (column.thing or field in ("id", "points", "count", "self", "tariff")):
            empty = is_zero(text)
        else:
            empty = is_nothing(text)
        if not empty:
            return False
    return not any(page.marks.get((row, c.number)) for c in heading.columns if c.thing)


def _repeated(page: Page, heading: Heading) -> dict[int, set[str]]:
    """The texts of columns on groups and units that are in rows with a name."""
    found: dict[int, set[str]] = {}
    for row in range(heading.bottom + 1, len(page.rows)):
        if any(subject_of(page, heading, row)):
            for column in heading.all_of("about"):
                found.setdefault(column.number, set()).add(page.cell(row, column.number))
    return found


def _first(page: Page, row: int) -> str:
    return next((text for text in page.own(row) if text), "")


def _says(page: Page, heading: Heading, row: int, words: re.Pattern[str]) -> bool:
    """Whether a row's first text, or what is there where a name should, is one of these words."""
    texts = {_first(page, row), *subject_of(page, heading, row)}
    return any(words.fullmatch(simplified(folded(text)).strip(":：")) for text in texts if text)


def _is_group_line(page: Page, heading: Heading, row: int) -> bool:
    """Whether a row holds nothing but the name of a group: those below it belong to it."""
    texts = {text for text in page.own(row) if text}
    return len(texts) == 1 and _GROUP.fullmatch(folded(next(iter(texts))).strip(":：")) is not None


_APPROVES = r"(?:批准人?|审批人?|审定人?|approved ?by|approver)\s*(?:签字|签名|\([^()]*\))?"
_APPROVER = re.compile(  # not `未批准人：`, nor `不同意批准：`
    rf"(?:^|(?<=[\s,;，；。])){_APPROVES}\s*[:：]\s*(.*?)(?=\s{{2,}}|[,;，；]|\s+\S+[:：]|$)",
    re.IGNORECASE,
)
_APPROVER_ALONE = re.compile(
    rf"{_APPROVES}\s*[:：]?", re.IGNORECASE
)  # the name is in the next cell
_NO_NAME = re.compile(r"(已?同意|已批准|是|否|无|ok|yes|no)?", re.IGNORECASE)
_NOT_OF_NAMES = re.compile(r"\([^()]*\)|\s*\d{2,4}\s*[-/.年]\s*\d{1,2}.*$|\s*日期.*$")


def approver_named(cells: tuple[str, ...]) -> str:
    """Who a line above or below the table names as the approver; empty where it names nobody.

    `批准人：张三`, the name in the same cell or in the next.
    """
    texts = [narrowed(text) for text in cells if text]
    for text, after in zip(texts, [*texts, ""][1:], strict=True):
        alone = _APPROVER_ALONE.fullmatch(text) and ":" not in after
        for said in [after] if alone else [str(m[1]) for m in _APPROVER.finditer(text)]:
            name = _NOT_OF_NAMES.sub("", said).strip()
            if not _NO_NAME.fullmatch(name):
                return name
    return ""


def is_footer(cells: tuple[str, ...]) -> bool:
    """Whether a row is a note or signatures: labels with what belongs to them, and no number."""
    texts = [narrowed(text) for text in cells if text]
    if len(texts) == 1 and (_NUMBERED.fullmatch(texts[0]) or _DAY.fullmatch(texts[0])):
        return True
    if not texts or not (_LABEL.match(texts[0]) or _LABELLED.match(texts[0])):
        return False
    labelled = False
    for text in texts:
        is_label = bool(_LABEL.match(text) or _LABELLED.match(text))
        is_text = _NUMBERED.fullmatch(text) or not text[:1].isdigit()
        if not (is_label or _DAY.fullmatch(text) or (labelled and is_text)):
            return False
        labelled = is_label
    return True
