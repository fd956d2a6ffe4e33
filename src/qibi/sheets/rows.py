"""The rows below the heading: which of them are data, and which are blanks, totals or footers."""

import re
from dataclasses import dataclass

from qibi.base.language import _
from qibi.base.text import folded, narrowed
from qibi.sheets.headings import IGNORED, SILENT, Heading, folded_heading
from qibi.sheets.page import Page

_NOTHING = {"", "-", "—", "–", "−", "/", "\\", "——", "--", "无"}
_ZERO = re.compile(r"[+-]?0+(\.0*)?(次|天|项|分)?")
_TOTALS = {"合计", "总计", "小计", "总分", "平均", "平均分", "total", "sum", "subtotal", "average"}
_LABEL = re.compile(
    r"(附?注|备注|说明|填表|填报|制表|审核|复核|审批|批准|签字|签名|盖章|负责人|记录|统计|报送|日期|时间"
    r"|notes?\b|prepared|checked|approved|signed|signature|date\b)",
    re.IGNORECASE,
)
_LABELLED = re.compile(r"[^:：]+[:：]\s*\S")  # `书记：张三`
_DAY = re.compile(r"\d{2,4}\s*[-/.年]\s*\d{1,2}\s*([-/.月]\s*\d{1,2}\s*日?)?")


@dataclass(frozen=True)
class DataRows:
    """The rows that say something about a subject, and notices on what was left out."""

    rows: tuple[int, ...]
    notices: tuple[str, ...] = ()


def is_nothing(text: str) -> bool:
    """Whether a cell stands for nothing: blank, `-`, `—`, `/`."""
    return narrowed(text) in _NOTHING


def is_zero(text: str) -> bool:
    """Whether a cell holds a nought, or nothing."""
    return is_nothing(text) or _ZERO.fullmatch(narrowed(text)) is not None


def data_rows(page: Page, heading: Heading) -> DataRows:
    """The rows below the heading, without blank rows, totals, repeated headings and footers."""
    title = [folded_heading(text) for text in page.own(heading.row)]
    rows = [
        row
        for row in range(heading.row + 1, len(page.rows))
        if not _is_blank(page, heading, row)
        and not _is_total(page, row)
        and not _is_heading(page.own(row), title)
    ]
    notices: list[str] = []
    while rows and _is_footer(page.own(rows[-1])):
        row = rows.pop()
        notices.append(
            _("line {line} is left out: {text}").format(line=page.lines[row], text=page.shown(row))
        )
    return DataRows(tuple(rows), tuple(reversed(notices)))


def _is_heading(cells: tuple[str, ...], title: list[str]) -> bool:
    """Whether a row is the heading once more; most rows differ in their last cell already."""
    return len(cells) == len(title) and all(
        folded_heading(text) == wanted
        for text, wanted in zip(reversed(cells), reversed(title), strict=True)
    )


def subject_of(page: Page, heading: Heading, row: int) -> tuple[str, str]:
    """What the id column and the name column of a row hold."""
    key, name = heading.of("id"), heading.of("subject")
    return (
        page.cell(row, key.number) if key else "",
        page.cell(row, name.number) if name else "",
    )


def _is_blank(page: Page, heading: Heading, row: int) -> bool:
    """Whether a row says nothing that a merge has not copied from above."""
    for column in heading.columns:
        text = page.cell(row, column.number)
        if column.thing or column.field == "id":
            empty = is_zero(text)
        elif column.field and column.field not in (*IGNORED, *SILENT):
            empty = is_nothing(text)
        else:
            continue
        if not empty and (row, column.number) not in page.copied:
            return False
    return True


def _is_total(page: Page, row: int) -> bool:
    first = next((text for text in page.own(row) if text), "")
    return folded(first).strip(":") in _TOTALS


def _is_footer(cells: tuple[str, ...]) -> bool:
    """Whether a row is a note or signatures: labels with what belongs to them, and no number."""
    texts = [narrowed(text) for text in cells if text]
    if not texts or not (_LABEL.match(texts[0]) or _LABELLED.match(texts[0])):
        return False
    labelled = False
    for text in texts:
        is_label = bool(_LABEL.match(text) or _LABELLED.match(text))
        if not (is_label or _DAY.fullmatch(text) or (labelled and not text[:1].isdigit())):
            return False
        labelled = is_label and text.endswith(":")
    return True
