"""Sheets of a kind that was once read wrongly, scored by the command line: what is right for each.

The inputs have the shape of real files; the people are made up. A sheet is read as it was meant, or
nothing of it is recorded and what is wrong is named, with its place.
"""

import hashlib
import io
import json
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import xlsxwriter

from transcripts.harness import Next, Scene, tree

WEEK = "2026-W47"
ROSTER = (
    "支部,编号,姓名,身份\n一支部,a1,安一,正式党员\n一支部,a2,安二,正式党员\n一支部,a3,安三,正式党员\n"
    "一支部,a4,安四,正式党员\n二支部,b1,贝一,正式党员\n二支部,b2,贝二,正式党员\n"
)
NUMBERED = "team,id,name\nA,1,Ann One\nA,2,Bob Two\nA,3,Cai Three\n"
# name: the template, its roster and who records; the example book has none
BOOKS = {
    "example": ("", "", "o1-001"),
    "simple": ("simple", ROSTER, "a1"),
    "plain": ("plain", ROSTER, "a1"),
    "numbered": ("plain", NUMBERED, "1"),
}
Rows = list[list[object]]


@dataclass(frozen=True)
class Case:
    """A sheet for a book, and what is right: entries, or texts that the refusal says."""

    book: str
    name: str
    raw: bytes
    entries: tuple[tuple, ...] = ()  # subject, item, points, count, and what else is told
    exempt: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    refused: bool = False
    options: tuple[str, ...] = field(default=())
    week: str = "W47"
    assessed: int = 1  # branches
    code: int = 0


def delimited(text: str, encoding: str = "utf-8") -> bytes:
    return text.replace("\n", "\r\n").encode(encoding)


def book_of(fill: Callable, **settings: object) -> bytes:
    """A workbook with one sheet, filled by a function of the workbook and the sheet."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, settings) as book:
        fill(book, book.add_worksheet("Sheet1"))
    return buffer.getvalue()


def rows_of(rows: Rows, more: Callable = lambda book, sheet: None, **settings: object) -> bytes:
    """A workbook with these rows, and what a function does to it afterwards."""

    def fill(book: xlsxwriter.Workbook, sheet: object) -> None:
        for number, row in enumerate(rows):
            for column, value in enumerate(row):
                if value is not None:
                    sheet.write(number, column, value)
        more(book, sheet)

    return book_of(fill, **settings)


def pages(rows_by_name: dict[str, Rows]) -> bytes:
    """A workbook with a worksheet for each of these names."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        for name, rows in rows_by_name.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return buffer.getvalue()


def with_parts(raw: bytes, change: Callable[[dict[str, bytes]], None]) -> bytes:
    """The workbook with some of its parts changed."""
    with zipfile.ZipFile(io.BytesIO(raw)) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    change(parts)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in parts.items():
            new.writestr(name, content)
    return buffer.getvalue()


# Workbooks


def percent() -> bytes:
    def fill(book, sheet):
        shown = book.add_format({"num_format": "0%"})
        sheet.write(1, 1, 0.95, shown)
        sheet.write(2, 1, 1, shown)

    return rows_of([["姓名", "比合规", "比安全"], ["安二", None, 10], ["安三", None, 9]], fill)


EVENTS: Rows = [
    ["姓名", "评分项", "次数", "佐证", "批准人"],
    ["党员八", "隐患排查并闭环", 1, "照片1", "党员四"],
    ["党员九", "浪费", 1, "照片2", "党员四"],
    ["党员十", "学习心得分享", 1],
]


def hidden_row() -> bytes:
    rows = [row + [None] * (5 - len(row)) for row in EVENTS]
    checked = ["核实", "已核实", "不属实", "已核实"]

    def fill(book, sheet):
        sheet.autofilter(0, 0, 3, 5)
        sheet.filter_column(5, "x == 已核实")
        sheet.set_row(2, options={"hidden": True})

    return rows_of([[*row, text] for row, text in zip(rows, checked, strict=True)], fill)


def struck_row() -> bytes:
    def fill(book, sheet):
        struck = book.add_format({"font_strikeout": True})
        for column, value in enumerate(EVENTS[2]):
            sheet.write(2, column, value, struck)

    return rows_of(EVENTS[:3], fill)


def merged_points() -> bytes:
    rows: Rows = [
        ["姓名", "评分项", "分值", "佐证", "批准人"],
        ["党员八", "隐患排查并闭环", 3, "照片1", "党员四"],
        [None, "五小成果被采纳", None, "核算1", "党员四"],
        [None, "学习心得分享", None, None, "党员四"],
    ]

    def fill(book, sheet):
        sheet.merge_range(1, 0, 3, 0, "党员八")
        sheet.merge_range(1, 2, 3, 2, 3)

    return rows_of(rows, fill)


def merged_grid() -> bytes:
    rows: Rows = [["姓名", "比合规", "比安全"], ["安二", None, 10], ["安三", None, 9]]
    return rows_of(rows, lambda book, sheet: sheet.merge_range(1, 1, 2, 1, 12))


def never_calculated() -> bytes:
    rows: Rows = [["姓名", "比合规", "比安全"], ["安二", None, 10]]
    return rows_of(rows, lambda book, sheet: sheet.write_formula(1, 1, "=10+1"))


def from_1904(bare: bool = False) -> bytes:
    """Dates of 18 November 2026 in a workbook that counts days from 1904, as Macs did."""
    item = "学习心得分享"
    rows: Rows = [["姓名", "评分项", "次数", "日期"]]
    rows += [[name, item, 1] for name in ("党员八", "党员九")]

    def fill(book, sheet):
        for row, shape in enumerate(["yyyy\\-mm\\-dd", 58], start=1):
            sheet.write(row, 3, 44882, book.add_format({"num_format": shape}))
        if bare:
            sheet.write_row(3, 0, ["党员十", item, 1, 44882])

    return rows_of(rows, fill, date_1904=True)


PICTURE = b"\x89PNG\r\n\x1a\n a picture"
IMAGE = "ID_1F8C083117A04B6F90E9EABD4CC888DF"


def picture_cell(whole: bool) -> bytes:
    """A picture as the content of a cell, as WPS writes it; not whole: it is in no part of the file."""
    row = ["党员八", "隐患排查并闭环", 1, None, "党员四"]
    formula = f'_xlfn.DISPIMG("{IMAGE}",1)'
    shown = f'=DISPIMG("{IMAGE}",1)'
    raw = rows_of(
        [EVENTS[0], row],
        lambda book, sheet: sheet.write_formula(1, 3, f"={formula}", None, shown),
    )

    def change(parts: dict[str, bytes]) -> None:
        if not whole:
            return
        parts["xl/media/image1.png"] = PICTURE
        parts["xl/cellimages.xml"] = (
            '<etc:cellImages xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"'
            ' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
            ' xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
            ' xmlns:etc="http://www.wps.cn/officeDocument/2017/etCustomData">'
            f'<etc:cellImage><xdr:pic><xdr:nvPicPr><xdr:cNvPr id="1" name="{IMAGE}"/></xdr:nvPicPr>'
            '<xdr:blipFill><a:blip r:embed="rId1"/></xdr:blipFill></xdr:pic></etc:cellImage>'
            "</etc:cellImages>"
        ).encode()
        parts["xl/_rels/cellimages.xml.rels"] = (
            b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            b'<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
            b'relationships/image" Target="media/image1.png"/></Relationships>'
        )

    return with_parts(raw, change)


def long_number() -> bytes:
    row = ["党员八", "隐患排查并闭环", 1, 2.02611180001234e17, "党员四"]
    return rows_of([EVENTS[0], row])


def two_headings() -> bytes:
    rows: Rows = [
        ["姓名", "比安全", None, "比整洁"],
        [None, "隐患排查并闭环", "无事故周", "工完场未清", "堆放/清扫/标牌"],
        ["党员八", None, 1],
    ]

    def fill(book, sheet):
        sheet.merge_range(0, 1, 0, 2, "比安全")
        sheet.merge_range(0, 3, 0, 4, "比整洁")

    return rows_of(rows, fill)


def full_marks() -> bytes:
    rows: Rows = [
        ["姓名", "比合规", "比安全"],
        ["满分", 14, 14],
        ["基础分", 10, 10],
        ["安二", 9, 10],
    ]
    return rows_of(rows)


def far_cell(value: object) -> bytes:
    rows: Rows = [["姓名", "评分项", "次数"], ["党员八", "学习心得分享", 1]]
    return rows_of(rows, lambda book, sheet: sheet.write("AAB1", value))


def two_headings_of_points() -> bytes:
    """Items below criteria, with signs and units in the cells, and who approved below the table."""
    rows: Rows = [
        ["七比两创积分表"],
        ["姓名", "比安全", None, None, "创五型", "佐证"],
        [None, "隐患排查并闭环", "整改逾期", "无事故周", "学习心得分享"],
        ["党员八", "2分", None, None, None, "照片1"],
        ["党员九", None, "-3", None, None, "通知2"],
        ["党员十", None, None, "０．５", "加0.5分", "周报3"],
        ["制表：党员二      批准人：党员四"],
    ]

    def fill(book, sheet):
        sheet.merge_range(1, 1, 1, 3, "比安全")
        for column, text in ((0, "姓名"), (5, "佐证")):
            sheet.merge_range(1, column, 2, column, text)

    return rows_of(rows, fill)


def own_scores(week: str = "11月16日-11月22日") -> Rows:
    return [
        [f"积分表（2026年{week}）"],
        ["序号", "姓名", "合规", "安全", "进度", "备注"],
        [1, "安二", 10, "12分", 11, None],
        [2, "安三", 10, "１０．５", 10, "进度滞后"],
    ]


def subtotals() -> bytes:
    rows: Rows = [
        ["党小组", "姓名", "学习心得分享", "无事故周"],
        [None, "党员一"],
        [None, "党员二", 1, 1],
        [None, "小计", 1, 1],
        [None, "党员八", 1],
        [None, "党员九", None, 1],
        [None, "小计", 1, 1],
        ["合计", None, 2, 2],
    ]

    def fill(book, sheet):
        sheet.merge_range(1, 0, 3, 0, "第一党小组")
        sheet.merge_range(4, 0, 6, 0, "第二党小组")

    return rows_of(rows, fill)


def twice() -> bytes:
    """The same cell two times in the file, with different numbers."""

    def change(parts: dict[str, bytes]) -> None:
        name = "xl/worksheets/sheet1.xml"
        once = b'<c r="C2"><v>1</v></c>'
        assert once in parts[name]
        parts[name] = parts[name].replace(once, once + b'<c r="C2"><v>2</v></c>')

    return with_parts(rows_of([["姓名", "评分项", "次数"], ["党员八", "学习心得分享", 1]]), change)


# What is right

SHARING = "five-type.sharing"


def refused(book: str, name: str, raw: bytes, *told: str, options: tuple[str, ...] = ()) -> Case:
    return Case(book, name, raw, told=told, refused=True, options=options)


CASES = {
    "percent": refused(
        "simple", "a.xlsx", percent(), "Sheet1!B2", "95%", "percentage", "Sheet1!B3"
    ),
    "hidden rows": refused(
        "example", "a.xlsx", hidden_row(), "Sheet1!A3", "hidden", "--hidden read", "--hidden skip"
    ),
    "hidden rows, left out": Case(
        "example",
        "a.xlsx",
        hidden_row(),
        (("o1-008", "safety.hazard-closed", 1, 1), ("o1-010", SHARING, 0.5, 1)),
        options=("--hidden", "skip"),
    ),
    "hidden rows, read": Case(
        "example",
        "a.xlsx",
        hidden_row(),
        (
            ("o1-008", "safety.hazard-closed", 1, 1),
            ("o1-009", "economy.waste", -2, 1),
            ("o1-010", SHARING, 0.5, 1),
        ),
        options=("--hidden", "read"),
    ),
    "struck-out row": refused("example", "a.xlsx", struck_row(), "Sheet1!A3", "struck out"),
    "signs that are no digits": refused(
        "simple",
        "a.csv",
        delimited("姓名,比合规,比安全,比质量\n安二,1①,1²,9\n安三,①,9,10\n"),
        "a.csv:2: 比合规: '1①' is not a number",
        "a.csv:2: 比安全: '1²' is not a number",
        "a.csv:3: 比合规: '①' is not a number",
    ),
    "leave: FALSE": Case(
        "simple",
        "a.csv",
        delimited("name,比安全,比质量,Leave\n安二,,,FALSE\n安三,10,9,\n安四,,,TRUE\n"),
        (("a3", "safety", 10, 1), ("a3", "quality", 9, 1)),
        ("a4",),
    ),
    "leave in one cell": refused(
        "example",
        "a.csv",
        delimited(
            "姓名,隐患排查并闭环,组织生活缺席,学习心得分享,佐证,批准人\n党员八,,请假,,,\n党员九,,1,,,\n"
            "党员十,1,,,照片1,党员四\n"
        ),
        "a.csv:2: 组织生活缺席: '请假' in one cell does not exempt",
        "head a column '请假'",
    ),
    "加分 and 扣分": Case(
        "example",
        "a.csv",
        delimited(
            "姓名,评分项,加分,扣分,说明,佐证,批准人\n党员八,隐患排查并闭环,3,,三处,照片1,党员四\n"
            "党员九,质量问题被通报,,2,两次通报,通报7,党员四\n"
        ),
        (("o1-008", "safety.hazard-closed", 3, 3), ("o1-009", "quality.quality-notice", -2, 2)),
    ),
    "status": refused(
        "example",
        "a.csv",
        delimited(
            "姓名,评分项,分值,审核状态,佐证,批准人\n党员八,隐患排查并闭环,1,approved,照片1,党员四\n"
            "党员九,浪费,-2,pending,照片2,党员四\n党员十,质量问题被通报,-1,已驳回,通报3,党员四\n"
        ),
        "a.csv:3: 审核状态: 'pending' is not approved",
        "a.csv:4: 审核状态: '已驳回' is not approved",
        "--status skip",
    ),
    "merged points": refused(
        "example", "a.xlsx", merged_points(), "Sheet1!C3", "the same in C4", "merged"
    ),
    "merged scores": refused("simple", "a.xlsx", merged_grid(), "Sheet1!B3", "merged"),
    "formula never calculated": refused(
        "simple", "a.xlsx", never_calculated(), "Sheet1!B2", "=10+1", "save it"
    ),
    "stray quote": refused(
        "example",
        "a.csv",
        delimited(
            '姓名,评分项,次数,佐证,批准人,说明\n党员八,隐患排查并闭环,1,照片1,党员四,"未清理\n'
            "党员九,浪费,1,照片2,党员四,重复领料\n党员十,学习心得分享,1,,,分享\n"
            '党员七,五小成果被采纳,1,核算1,党员四,改了支架"\n党员六,学习心得分享,1,,,\n'
        ),
        "a.csv:2:",
        "quote",
        "swallows the lines below",
    ),
    "shifted row": refused(
        "example",
        "a.csv",
        delimited(
            "姓名,评分项,次数,说明,佐证\n党员十,隐患排查并闭环,1,东侧洞口未盖,已补盖\n"
            "党员九,浪费,1,重复领料,退库,照片2\n"
        ),
        "a.csv:3:",
        "more cells than there are headings",
    ),
    "second heading in another order": refused(
        "example",
        "a.csv",
        delimited(
            "\ufeff姓名,评分项,次数,分值\n党员八,学习心得分享,1,\n\ufeff姓名,评分项,分值,次数\n"
            "党员九,学习心得分享,1,\n"
        ),
        "a.csv:3:",
        "a second heading, in another order",
    ),
    "cp1252": refused(
        "plain",
        "a.csv",
        delimited(
            "name,item,count,note\na2,Done on time,1,ok\na3,Late,1,Gerüst geprüft\n", "cp1252"
        ),
        "a.csv:3:",
        "--encoding",
    ),
    "cp1252, said": Case(
        "plain",
        "a.csv",
        delimited(
            "name,item,count,note\na2,Done on time,1,ok\na3,Late,1,Gerüst geprüft\n", "cp1252"
        ),
        (("a2", "delivery.on-time", 2, 1), ("a3", "delivery.late", -1, 1, "Gerüst geprüft")),
        options=("--encoding", "cp1252"),
    ),
    "days from 1904": Case(
        "example",
        "a.xlsx",
        from_1904(),
        (("o1-008", SHARING, 0.5, 1, "2026-11-18"), ("o1-009", SHARING, 0.5, 1, "2026-11-18")),
    ),
    "days from 1904, without a format": refused("example", "a.xlsx", from_1904(bare=True), "D4"),
    "dates with dots": Case(
        "example",
        "a.csv",
        delimited(
            "姓名,评分项,次数,日期\n党员八,学习心得分享,1,11.2\n党员九,学习心得分享,1,11.18\n"
        ),
        (("o1-008", SHARING, 0.5, 1, "2026-11-20"), ("o1-009", SHARING, 0.5, 1, "2026-11-18")),
        told=("'11.2' is read as 2026-11-20",),
    ),
    "picture in a cell": Case(
        "example",
        "a.xlsx",
        picture_cell(whole=True),
        (("o1-008", "safety.hazard-closed", 1, 1, "evidence/"),),
    ),
    "picture that is not in the file": refused(
        "example", "a.xlsx", picture_cell(whole=False), "Sheet1!D2"
    ),
    "long number": refused(
        "example", "a.xlsx", long_number(), "Sheet1!D2", "has lost its last digits", "as text"
    ),
    "the same as above": Case(
        "example",
        "a.csv",
        delimited(
            "姓名,评分项,次数,佐证,批准人\n党员八,隐患排查并闭环,1,照片1120-3,党员四\n"
            "党员九,隐患排查并闭环,1,同上,党员四\n党员十,隐患排查并闭环,1,〃,党员四\n"
        ),
        tuple((f"o1-0{n}", "safety.hazard-closed", 1, 1, "照片1120-3") for n in ("08", "09", "10")),
        told=("'同上' is read as '照片1120-3'", "'〃' is read as '照片1120-3'"),
    ),
    "evidence to come": refused(
        "example",
        "a.csv",
        delimited(
            "姓名,评分项,次数,佐证,批准人\n党员八,隐患排查并闭环,1,照片1120-3,党员四\n"
            '党员七,隐患排查并闭环,1,待补,党员四\n党员六,隐患排查并闭环,1,",",党员四\n'
        ),
        "a.csv:3: 佐证: '待补' is not evidence",
        "a.csv:4: 佐证: ',' is not evidence",
    ),
    "bare numbers that may be either": refused(
        "plain",
        "a.csv",
        delimited("姓名,Done on time,Right the first time,Rework needed\n安二,2,4,\n安三,,2,2\n"),
        "a.csv:2: Done on time: 2 may be 2 times (+4) or +2 points",
        "a.csv:3: Rework needed: 2 may be 2 times (-4) or -2 points",
    ),
    "the heading says points": Case(
        "plain",
        "a.csv",
        delimited("姓名,Done on time（+2）,Rework needed（-2分）\n安二,2,\n安三,4,2\n"),
        (
            ("a2", "delivery.on-time", 2, 1),
            ("a3", "delivery.on-time", 4, 2),
            ("a3", "quality.rework", -2, 1),
        ),
    ),
    "two heading rows": Case(
        "example", "a.xlsx", two_headings(), (("o1-008", "safety.accident-free", 0.5, 1),)
    ),
    "full marks": Case(
        "simple",
        "a.xlsx",
        full_marks(),
        (("a2", "compliance", 9, 1), ("a2", "safety", 10, 1)),
        told=("line 2 is left out: 满分", "line 3 is left out: 基础分"),
    ),
    "two heading rows, signs and units, an approver below": Case(
        "example",
        "a.xlsx",
        two_headings_of_points(),
        (
            ("o1-008", "safety.hazard-closed", 2, 2),
            ("o1-009", "safety.rectification-overdue", -3, 1, '"approved_by": "o1-004"'),
            ("o1-010", "safety.accident-free", 0.5, 1),
            ("o1-010", SHARING, 0.5, 1),
        ),
    ),
    "criteria as headings where items are scored": refused(
        "example",
        "a.xlsx",
        rows_of([["姓名", "合规", "安全", "五型支部"], ["党员八", 10, 12, 15]]),
        "Sheet1!B1: scored by items here, not by one number for the criterion: 合规, 安全, 五型支部",
        "qibi init --template simple",
        "1 mistake",
    ),
    "a column that nobody knows": refused(
        "simple",
        "a.xlsx",
        rows_of(own_scores()),
        "Sheet1!E2: unknown item '进度'",
        "in a layout: headings: {进度: ITEM}",
        "1 mistake",
    ),
    "running numbers called ids": refused(
        "numbered",
        "a.csv",
        delimited("编号,姓名,评分项,次数\n2,Caj Three,Done on time,1\n3,Bobby,Late,2\n"),
        "a.csv:2: 姓名: unknown subject 'Caj Three'",
        "a.csv:3: 姓名: unknown subject 'Bobby'",
    ),
    "blank far away": Case("example", "a.xlsx", far_cell(" "), (("o1-008", SHARING, 0.5, 1),)),
    "cell far away": refused("example", "a.xlsx", far_cell("x"), "AAB1"),
    "html": refused(
        "example",
        "a.csv",
        delimited(
            "<html><table><tr><td>姓名</td><td>评分项</td><td>次数</td></tr><tr><td>党员八</td>"
            "<td>学习心得分享</td><td>1</td></tr></table></html>"
        ),
        "html",
        "save it as xlsx",
    ),
    "brackets that do not agree": refused(
        "example",
        "a.csv",
        delimited(
            "姓名,评分项,次数,佐证,批准人,说明\n党员八,五小成果被采纳（+3）,,核算1,党员四,\n"
            "党员九,浪费（-1）,,照片2,党员四,\n党员十,质量问题被通报（已撤销，不扣分）,,通报3,党员四,\n"
        ),
        "a.csv:2: 评分项: the brackets (+3) do not agree",
        "a.csv:3: 评分项: the brackets (-1) do not agree",
        "a.csv:4: 评分项: the brackets (已撤销,不扣分) do not agree",
    ),
    "subtotals of groups": Case(
        "example",
        "a.xlsx",
        subtotals(),
        (
            ("o1-002", SHARING, 0.5, 1),
            ("o1-002", "safety.accident-free", 0.5, 1),
            ("o1-008", SHARING, 0.5, 1),
            ("o1-009", "safety.accident-free", 0.5, 1),
        ),
    ),
    "two judges": refused(
        "simple",
        "a.csv",
        delimited("姓名,指标,分值,评分人\n安二,比合规,12,安三\n安二,比合规,8,安四\n"),
        "a.csv:3:",
        "line 2 already",
        "judges: mean",
    ),
    "decimal comma": refused(
        "simple",
        "a.csv",
        delimited("name;item;points\n安二;比合规;8,5\n"),
        "a.csv:2: points: '8,5': use a decimal point",
    ),
    "a term's week": Case(
        "simple",
        "a.csv",
        delimited("学期第12周 积分表（2026.11.16-11.22）\n姓名,比合规,比安全\n安二,11,10\n"),
        (("a2", "compliance", 11, 1), ("a2", "safety", 10, 1)),
        told=("not read as a week of the year: 学期第12周",),
        week="",
    ),
    "a week of the works against the days": Case(
        "simple",
        "a.csv",
        delimited("开工第38周 积分表（2026.11.16-11.22）\n姓名,比合规,比安全\n安二,11,10\n"),
        told=("2026-W38 (开工第38周)", "2026-W47"),
        refused=True,
        week="",
    ),
    "week by days, with other days around": Case(
        "simple",
        "a.csv",
        delimited(
            "一支部积分表\n考核时间：2026年11月16日—22日   打印时间：2026/11/27 9:00\n姓名,比合规,比安全\n"
            "安二,11,10\n填表人：安三,,\n审核日期：2026年11月26日,,\n"
        ),
        (("a2", "compliance", 11, 1), ("a2", "safety", 10, 1)),
        week="",
    ),
    "week by the days of events": Case(
        "example",
        "a.csv",
        delimited(
            "姓名,评分项,次数,日期\n党员八,学习心得分享,1,11-18\n党员九,学习心得分享,1,11-20\n"
        ),
        (("o1-008", SHARING, 0.5, 1, "2026-11-18"), ("o1-009", SHARING, 0.5, 1, "2026-11-20")),
        told=("2026-W47, by the dates below '日期'",),
        week="",
    ),
    "an event on the Monday after": Case(
        "example",
        "a.csv",
        delimited(
            "姓名,评分项,次数,日期\n党员八,学习心得分享,1,11-22\n党员九,学习心得分享,1,11-23\n"
        ),
        (("o1-008", SHARING, 0.5, 1, "2026-11-22"), ("o1-009", SHARING, 0.5, 1, "2026-11-23")),
        told=("2026-11-23 is not a day of 2026-W47",),
    ),
    "a list of events as it is kept": Case(
        "example",
        "events_47周.csv",
        delimited(
            "域外一标段党员积分记录表（第47周）\n考核时间：2026年11月16日—11月22日\n序号,日期,姓名,考核事项,加减分,证明材料,备注\n"
            "1,11月16日,党员八,自查无问题,+1,检查表11-16,\n2,11.17,党员九,隐患排查并闭环,加2分,照片3张,\n"
            "3,2026/11/18,党员十,学习心得分享,+0.5,心得1篇,\n4,11月19日,党员七,无事故周,０．５,安全周报,\n"
            "5,11月20日,党员六,工完场未清,扣2分,照片,\n,,小计,,,,\n,,合  计,,2,,\n填表人：党员一,,审核日期：2026年11月27日,,,,\n",
            "gb18030",
        ),
        (
            ("o1-008", "compliance.clean-self-check", 1, 1, "2026-11-16"),
            ("o1-009", "safety.hazard-closed", 2, 2, "2026-11-17"),
            ("o1-010", SHARING, 0.5, 1, "2026-11-18"),
            ("o1-007", "safety.accident-free", 0.5, 1, "2026-11-19"),
            ("o1-006", "tidiness.not-cleaned", -2, 1, "2026-11-20"),
        ),
    ),
    "signed numbers of direct criteria": Case(
        "simple",
        "a.csv",
        delimited("一支部党员积分表 2026年第47周\n姓名,比安全,创五型党支部\n安二,+2,+1\n"),
        (("a2", "safety", 12, 1), ("a2", "five-type", 16, 1)),
    ),
    "all events in another week": refused(
        "example",
        "a.csv",
        delimited(
            "姓名,评分项,次数,日期\n党员八,学习心得分享,1,11-10\n党员九,学习心得分享,1,11-12\n"
        ),
        "--week says 2026-W47",
        "the column '日期' has dates of 2026-W46 only",
    ),
    "another week in the page's name": refused(
        "example",
        "a.xlsx",
        pages({"第46周": [["姓名", "评分项", "次数"], ["党员八", "学习心得分享", 1]]}),
        "the page's name says 2026-W46",
        "--week says 2026-W47",
    ),
    "a page a week": Case(
        "example",
        "47周.xlsx",
        pages(
            {
                "11.16-11.22": [["姓名", "评分项", "次数"], ["党员八", "学习心得分享", 1]],
                "第四十八周": [["姓名", "评分项", "次数"], ["党员九", "学习心得分享", 1]],
            }
        ),
        (("o1-008", SHARING, 0.5, 1, "2026-W47"), ("o1-009", SHARING, 0.5, 1, "2026-W48")),
        assessed=2,
        week="",
    ),
    "people of several branches": Case(
        "example",
        "a.csv",
        delimited(
            "2026年第47周全委党员积分汇总表\n姓名,评分项,次数\n党员八,学习心得分享,1\n甲零一,学习心得分享,1\n"
            "辛零七,学习心得分享,1\n"
        ),
        tuple((key, SHARING, 0.5, 1) for key in ("i1-007", "o1-008", "o2-001")),
        told=("1 of 11 listed", "3 recorded", "not assessed yet"),
        assessed=0,
    ),
    "a branch column, everyone listed": Case(
        "simple",
        "a.csv",
        delimited(
            "姓名,支部,比合规,比安全,合计\n安一,一支部,,,\n安二,一支部,11,10,21\n安三,一支部,,9,9\n安四,一支部,,,\n"
            "贝一,二支部,10,10,20\n贝二,二支部,,10,10\n合计,,,,60\n"
        ),
        (
            ("a2", "compliance", 11, 1),
            ("a2", "safety", 10, 1),
            ("a3", "safety", 9, 1),
            ("b1", "compliance", 10, 1),
            ("b1", "safety", 10, 1),
            ("b2", "safety", 10, 1),
        ),
        told=("2 recorded",),
        assessed=2,
    ),
    "one branch of two with a bad cell": Case(
        "simple",
        "a.csv",
        delimited(
            "姓名,比合规,比安全\n安二,11,10\n安三,9,\n安四,1,1\n安一,,\n二支部,,\n贝一,1①,10\n贝二,10,10\n"
        ),
        (
            ("a2", "compliance", 11, 1),
            ("a2", "safety", 10, 1),
            ("a3", "compliance", 9, 1),
            ("a4", "compliance", 1, 1),
            ("a4", "safety", 1, 1),
        ),
        told=("a.csv:7: 比合规: '1①' is not a number", "1 recorded, 1 not recorded"),
        code=1,
    ),
    "an unknown person between two branches": refused(
        "simple",
        "a.csv",
        delimited("姓名,比合规,比安全\n安二,11,10\n安七,9,9\n贝一,10,10\n"),
        "a.csv:3: 姓名: unknown subject '安七'",
        "2 not recorded",
    ),
    "a page a branch": Case(
        "simple",
        "a.xlsx",
        pages(
            {
                "一支部": [["姓名", "比合规"], ["安二", 11], ["安三", 9]],
                "二支部": [["姓名", "比合规"], ["贝一", 10]],
            }
        ),
        (("a2", "compliance", 11, 1), ("a3", "compliance", 9, 1), ("b1", "compliance", 10, 1)),
        told=("2 recorded",),
        assessed=2,
    ),
    "a page a month": refused(
        "simple",
        "a.xlsx",
        pages(
            {
                f"{month}月": [[f"2026年{month}月"], ["姓名", "比合规"], ["安二", 11]]
                for month in (9, 10, 11)
            }
        ),
        "more than a week: 9月 (2026年9月), 10月 (2026年10月), 11月 (2026年11月)",
        "submit one sheet a week",
    ),
    "the same cell twice": refused("example", "a.xlsx", twice(), "Sheet1!C2", "twice", "damaged"),
}


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder for each book but the example, as `qibi init` makes it."""
    made = {}
    for name, (template, roster, who) in BOOKS.items():
        if template:
            scene = Scene(tmp_path_factory.mktemp(name))
            (scene.folder / "roster.csv").write_text(roster, "utf-8")
            command = f"init --template {template} --roster roster.csv --as {who} --lang "
            command += "zh" if name == "simple" else "en"
            terminal, code = scene.qibi(command.split(), Next(writes=True))
            assert code == 0, "".join(terminal.text)
            made[name] = scene.folder
    return made


@pytest.mark.parametrize("name", CASES)
def test_a_sheet_is_read_as_meant_or_refused(
    name: str, places: dict[str, Path], tmp_path: Path
) -> None:
    case = CASES[name]
    scene = Scene(tmp_path)
    if case.book in places:
        scene.folder.rmdir()
        shutil.copytree(places[case.book], scene.folder)
    else:
        scene.direct("book", "example", [])
    scene.environment["QIBI_AS"] = BOOKS[case.book][2]
    (scene.folder / case.name).write_bytes(case.raw)
    before = tree(scene.folder / "ledger")
    command = ["score", case.name, "--today", "2026-11-28", "--lang", "en"]
    command += ["--week", case.week] if case.week else []
    terminal, code = scene.qibi([*command, *case.options])
    said = " ".join("".join(terminal.text).split())
    recorded = _recorded(scene.folder, before)
    assert [text for text in case.told if text not in said] == [], said
    if case.refused:
        assert (code, recorded) == (1, []), said
        return
    assert code == case.code, said
    assert sum(line["kind"] == "assessed" for line in recorded) == case.assessed, said
    scores = [line for line in recorded if line["kind"] == "score"]
    exempt = [line["subject"] for line in recorded if line["kind"] == "exempt"]
    assert tuple(exempt) == case.exempt
    assert [_brief(line) for line in scores] == [entry[:4] for entry in case.entries]
    for line, entry in zip(scores, case.entries, strict=True):
        assert all(text in json.dumps(line, ensure_ascii=False) for text in entry[4:]), line
    if name == "picture in a cell":
        [path] = [scene.folder / e["path"] for line in scores for e in line["evidence"]]
        assert path.read_bytes() == PICTURE


def test_a_question_on_a_sheet_is_asked_once(places: dict[str, Path], tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.folder.rmdir()
    shutil.copytree(places["simple"], scene.folder)
    scene.environment["QIBI_AS"] = "a1"
    (scene.folder / "a.xlsx").write_bytes(rows_of(own_scores()))
    (scene.folder / "b.xlsx").write_bytes(rows_of(own_scores("11月23日-11月29日")))
    command = ["--today", "2026-11-28", "--lang", "en"]
    typed = Next(typed=["schedule", "n"], writes=True)
    terminal, code = scene.qibi(["score", "a.xlsx", *command], typed)
    assert code == 0 and "what is the column" in "".join(terminal.text)
    layout = (scene.folder / "layouts").glob("*.yaml")
    digest = hashlib.sha256(next(layout).read_bytes()).hexdigest()
    before = tree(scene.folder / "ledger")
    terminal, code = scene.qibi(["score", "b.xlsx", *command])
    assert code == 0, "".join(terminal.text)
    lines = _recorded(scene.folder, before)
    assert [_brief(line) for line in lines if line["kind"] == "score"] == [
        ("a2", "compliance", 10, 1),
        ("a2", "safety", 12, 1),
        ("a2", "schedule", 11, 1),
        ("a3", "compliance", 10, 1),
        ("a3", "safety", 10.5, 1),
        ("a3", "schedule", 10, 1),
    ]
    assert {line["layout"] for line in lines} == {digest[:16]}
    assert [line["item"] for line in lines if line.get("note")] == ["schedule"]
    assert (scene.folder / f"sheets/2026/W48/{digest}.yaml").exists()


def _recorded(folder: Path, before: dict) -> list[dict]:
    """The lines of the batches that were not there before."""
    now = tree(folder / "ledger")
    new = [content for path, content in now.items() if path not in before]
    return [json.loads(line) for content in new for line in content.decode().splitlines()]


def _brief(line: dict) -> tuple:
    return line["subject"], line["item"], line["points"], line.get("count", 1)
