"""The heading row, and what a sheet says about its week and branch."""

from datetime import date
from pathlib import Path

import pytest

from qibi.base.findings import Faults
from qibi.book.definitions import Definitions
from qibi.book.load import load
from qibi.ledger.admission import Stamp
from qibi.sheets.files import open_sheet
from qibi.sheets.headings import find_heading, folded_heading
from qibi.sheets.hints import branch_from_subjects, branch_of_page, hints
from qibi.sheets.names import Names
from qibi.sheets.read import admit_page, is_score_sheet
from qibi.sheets.rows import approver_named

TODAY = date(2026, 11, 23)
WEEK = "2026-W47"

BOOK = {
    "qibi.yaml": "id: test\nlanguage: zh-CN\ntimezone: Asia/Shanghai\n",
    "scheme/2026-W01.yaml": """
name: {zh: 七比, en: Seven}
total: {min: 0, max: 120}
second_from: 3
scorers: [{id: safety-officer, name: 安全员}]
criteria:
  - id: safety
    name: {zh: 比安全, en: Safety}
    short: {zh: 安, en: Saf}
    applies_to: [member, cp]
    base: 10
    min: 0
    max: 14
    items:
      - {id: hazard-closed, name: {zh: 隐患排查并闭环, en: Hazard found and closed}, points: 1, per: count, cap: 3}
      - {id: stop-work, name: {zh: 停工整改通知, en: Stop-work order}, points: -2}
      - {id: award, name: {zh: 表彰, en: Award}, points: [1, 2]}
      - {id: photo, name: {zh: 随手拍, en: Photo}, points: 0.5, per: count, evidence: required}
      - {id: severe, name: {zh: 停产, en: Closure}, points: -5}
  - id: tidiness
    name: {zh: 比整洁, en: Tidiness}
    short: {zh: 洁, en: Tidy}
    applies_to: [member]
    base: 10
    min: 0
    max: 14
    scoring: direct
""",
    "scheme/2026-W48.yaml": """
total: {min: 0, max: 120}
criteria:
  - id: safety
    name: 比安全
    applies_to: [member]
    base: 10
    min: 0
    max: 14
    scoring: direct
""",
    "branches/outer-1.yaml": """
id: outer-1
name: 域外一标段临时党支部
section: 域外一标段
members:
  - {id: o1-001, name: {zh: 党员一, en: Member One}}
  - {id: o1-002, name: 党员二}
  - {id: o1-003, name: 党员三}
  - {id: o1-008, name: 张伟}
  - {id: o1-009, name: 张伟}
cps:
  - {id: o1-cp, name: 一标项目CP, members: {heating: o1-001, design: o1-002}}
""",
    "branches/outer-10.yaml": """
id: outer-10
name: {zh: 域外十一标段临时党支部, en: Branch 10}
section: 域外十一标段
members:
  - {id: o10-001, name: 党员十一}
  - {id: o10-002, name: 党员三}
""",
}


def book(folder: Path) -> Definitions:
    """A small book with items of every form."""
    for path, text in BOOK.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text.lstrip(), encoding="utf-8")
    return load(folder)


@pytest.fixture(scope="module")
def definitions(tmp_path_factory):
    return book(tmp_path_factory.mktemp("book"))


def page(text: str, path: str = "sheet.csv"):
    (found,) = open_sheet(path, text.encode())
    return found


def heading(definitions, text):
    return find_heading(page(text), (definitions.scheme(WEEK),), Names(definitions))


def findings(definitions, text, week=WEEK):
    with pytest.raises(Faults) as caught:
        admit_page(
            page(text),
            Names(definitions),
            Stamp(week, "outer-1", "o1-009", "2026-11-23T09:00:00+08:00"),
        )
    return [str(finding) for finding in caught.value.findings]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("隐患排查\n（分）", "隐患排查"),
        (" Scored By: ", "scoredby"),
        ("加分项 (+1/次)【必填】", "加分项"),
        ("ＩＤ", "id"),
        ("No.", "no"),
    ],
)
def test_headings_are_folded(text, expected):
    assert folded_heading(text) == expected


@pytest.mark.parametrize(
    "row",
    [
        "姓名,评分项,分值,次数,日期,说明,佐证,评分人,批准人",
        "被考评对象,指标,得分,数量,时间,备注,依据,考评人,复核人",
        "Name,Item,Points,Count,Date,Note,Evidence,Scored by,Approved by",
        "成员,项目（必填）,分 值,天数,日期,事由,佐证材料,scored_by,APPROVED-BY".replace("-", " "),
    ],
)
def test_long_form_in_both_languages(definitions, row):
    found = heading(definitions, f"标题\n\n{row}\n党员一,隐患排查并闭环\n")
    assert (found.form, found.row) == ("long", 2)
    assert [column.field for column in found.columns] == [
        *("subject", "item", "points", "count", "date", "note", "evidence"),
        *("scored_by", "approved_by"),
    ]


def test_grid_form_by_names_ids_short_names_and_brackets(definitions):
    found = heading(
        definitions,
        "序号,工号,姓名,隐患排查并闭环(+1/次),stop-work,safety.award,Photo,洁,备注,合计,排名,党小组\n",
    )
    assert found.form == "grid"
    assert [c.thing.id if c.thing else c.field for c in found.columns] == [
        *("number", "id", "subject", "safety.hazard-closed", "safety.stop-work", "safety.award"),
        *("safety.photo", "tidiness", "note", "total", "rank", "about"),
    ]


def test_the_lower_of_two_heading_rows_is_taken_where_it_says_more(definitions):
    found = heading(definitions, "姓名,比整洁,\n姓名,停工整改通知,隐患排查并闭环\n党员一,,\n")
    assert found.row == 1


def test_a_heading_below_the_first_twenty_rows_is_none(definitions):
    rows = "说明\n" * 19
    assert heading(definitions, rows + "姓名,评分项\n").row == 19
    assert heading(definitions, rows + "说明\n姓名,评分项\n") is None


def test_no_heading_shows_how_one_looks(definitions):
    assert findings(definitions, "\n党员一,3\n") == [
        "sheet.csv:2: no heading row in the first 20 rows; write one like "
        "'name,item,points,count,note', or like "
        "'name,Hazard found and closed,Stop-work order,Award'"
    ]
    assert not is_score_sheet(page("党员一,3\n"), Names(definitions), WEEK)
    assert is_score_sheet(page("姓名,比整洁\n"), Names(definitions), WEEK)
    assert not is_score_sheet(page("姓名,比安全\n"), Names(definitions), WEEK)
    assert is_score_sheet(page("姓名,比安全\n"), Names(definitions), "2026-W48")


def test_no_scheme(definitions):
    assert findings(definitions, "姓名,比整洁\n", "2025-W10") == [
        "sheet.csv: no scheme is in force in 2025-W10"
    ]


def test_two_columns_of_one_meaning(definitions):
    assert findings(definitions, "标题\n姓名,成员,评分项,佐证,依据\n") == [
        "sheet.csv:2: 成员: means the same as '姓名' (column 1); keep one of the two columns",
        "sheet.csv:2: 依据: means the same as '佐证' (column 4); keep one of the two columns",
    ]
    assert findings(definitions, "姓名,比整洁,洁\n") == [
        "sheet.csv:1: 洁: means the same as '比整洁' (column 2); keep one of the two columns"
    ]


ADVICE = "correct the heading, remove the column, or say in a layout: headings:"


def test_a_misspelt_item_is_never_dropped(definitions):
    sheet = "姓名,隐患排查闭环,比整洁,批淮人,比安全,合格率\n党员一,,9,,√,3\n"
    assert findings(definitions, sheet) == [
        "sheet.csv:1: 隐患排查闭环: unknown item '隐患排查闭环'; did you mean 隐患排查并闭环 "
        f"(safety.hazard-closed)?; {ADVICE} {{隐患排查闭环: safety.hazard-closed}}",
        f"sheet.csv:1: 批淮人: unknown item '批淮人' (or '批准人'?); {ADVICE} {{批淮人: approved_by}}",
        "sheet.csv:1: 比安全: '比安全' is a criterion; name one of its items: Hazard found and closed, "
        f"Stop-work order, Award, Photo, Closure; {ADVICE} {{比安全: ITEM}}",
        f"sheet.csv:1: 合格率: unknown item '合格率'; {ADVICE} {{合格率: ITEM}}",
    ]


def test_a_bad_heading_does_not_hide_bad_rows(definitions):
    assert len(findings(definitions, "姓名,比整洁,表章\n党员一,9,\n党员一,9,\n")) == 2


# Week and branch


@pytest.mark.parametrize(
    ("title", "week"),
    [
        ("积分表 2026-W47", "2026-W47"),
        ("2026W7周", "2026-W07"),
        ("七比两创（第４７周）", "2026-W47"),
        ("2025年第 3 周", "2025-W03"),
        ("2025年度积分表\n第3周", "2025-W03"),
        ("第3周", "2026-W03"),
        ("第50周", "2026-W50"),
        ("第四十七周", "2026-W47"),
        ("第三项目部2026年第二周", "2026-W02"),
        ("47周", "2026-W47"),
        ("week 46", "2026-W46"),
        ("第47周（2026年11月16日至22日）", "2026-W47"),
        ("2026年11月16日—22日", "2026-W47"),
        ("26年11月16号到22号", "2026-W47"),
        ("11.16-11.22", "2026-W47"),
        ("11/16～11/22", "2026-W47"),
        ("１１月１６日－２２日", "2026-W47"),
        ("2026年11月16日（周一）至11月20日（周五）", "2026-W47"),
        ("20261116-20261122", "2026-W47"),
        ("1116-1122", "2026-W47"),
        ("16-22 November 2026", "2026-W47"),
        ("Nov 30 – Dec 6", "2026-W49"),
        ("2025年12月29日至2026年1月4日", "2026-W01"),
        ("12.29—1.4", "2026-W01"),
        ("2026年第1周（12月29日至1月4日）", "2026-W01"),
        ("考核时间：2026年11月18日", "2026-W47"),
        ("考核时间：11月16日—22日  填表日期：2026年11月25日", "2026-W47"),
        ("第47周  制表人：张三  2026年11月23日", "2026-W47"),
        ("第47周  2026年11月23日", "2026-W47"),
        ("第47周\n审核：李四  日期：2026年12月1日", "2026-W47"),
        ("施工第38周（2026.11.16-11.22）", "2026-W47"),
        ("11.13-11.19 第47周", "2026-W47"),
        ("2026年11月 第47周", "2026-W47"),
        ("审核日期：2026年11月23日", None),
        ("打印时间：2026/11/23 09:12", None),
        ("2025-2026学年第二学期第12周", None),
        ("供热项目第12周", None),
        ("采暖季第4周、攻坚行动第5周、开工以来第47周", None),
        ("week 4 of the heating season, season week 4", None),
        ("供热季第4周（11.16-11.22）", "2026-W47"),
        ("积分表（11.17-11.23）", None),
        ("开工第38周", None),
        ("第45周起执行", None),
        ("近8周、连续3周、第3周年", None),
        ("电话 0531-8612345，标段K1.2-3.5", None),
        ("2026年11月第3周", None),
        ("11.13-11.19", None),
        ("2025-W53", None),
        ("第60周", None),
        ("共47人", None),
    ],
)
def test_weeks_in_titles(definitions, title, week):
    found = hints(page(f"{title}\n姓名,比整洁\n党员一,9\n"), Names(definitions), TODAY)
    assert (found.week, found.clash, found.long) == (week, "", "")


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("2026-W46 2026-W47", "the title says 2026-W46; the title says 2026-W47"),
        (
            "第46周（11月16日至22日）",
            "the title says 2026-W47 (11月16日至22日); the title says 2026-W46 (第46周)",
        ),
        (
            "第47周  2026年11月9日",
            "the title says 2026-W47 (第47周); the title says 2026-W46 (2026年11月9日)",
        ),
        (
            "2026年10月 第47周",
            "the title says 2026-W47 (第47周); the title says 2026-W40..2026-W44 (2026年10月)",
        ),
    ],
)
def test_signs_of_the_week_that_disagree(definitions, title, said):
    found = hints(page(f"{title}\n姓名,比整洁\n党员一,9\n"), Names(definitions), TODAY)
    assert (found.week, found.clash) == (None, said)


@pytest.mark.parametrize(
    "title",
    ["2026年11月积分表", "11月份党员积分", "2026年11月1日-30日", "第44-47周", "2026年四季度"],
)
def test_a_longer_time_is_no_week(definitions, title):
    text = f"{title}\n姓名,比整洁\n党员一,9\n"
    for wanted in (None, ("2026-W47", "--week")):
        found = hints(page(text), Names(definitions), TODAY, wanted)
        assert found.week is None and found.long and found.long in title


@pytest.mark.parametrize(
    ("title", "days", "week", "clash"),
    [
        ("", "11-16 11月18日", "2026-W47", ""),
        ("", "2026-11-13 2026-11-18", None, ""),
        ("第47周", "11-13 11-18", "2026-W47", ""),
        ("第47周", "11-23", None, "the column '日期' has dates of 2026-W48 only"),
        ("第47周", "11-13 11-12", None, "the column '日期' has dates of 2026-W46 only"),
        ("第47周", "11-30", "2026-W47", ""),
        ("2026年11月", "11-16 11-18", "2026-W47", ""),
    ],
)
def test_days_of_events(definitions, title, days, week, clash):
    rows = "".join(f"党员一,表彰,{day}\n" for day in days.split())
    found = hints(page(f"{title}\n姓名,评分项,日期\n{rows}"), Names(definitions), TODAY)
    assert found.week == week
    assert found.clash.endswith(clash) and bool(found.clash) == bool(clash)


@pytest.mark.parametrize(
    ("text", "branch"),
    [
        ("域外一标段临时党支部 积分表", "outer-1"),
        ("域外十一标段", "outer-10"),
        ("域外 一 标段", "outer-1"),
        ("outer-1-2026-W47", "outer-1"),
        ("outer-10", "outer-10"),
        ("outer-100", None),
        ("BRANCH 10 week 47", "outer-10"),
        ("Branch 101", None),
        ("域外一标段、域外十一标段", None),
        ("标段", None),
        ("", None),
    ],
)
def test_branches_in_texts(definitions, text, branch):
    assert branch_of_page([text], definitions) == branch


def test_hints_come_from_title_rows(definitions):
    found = hints(
        page("域外一标段 周积分表\n2026-W47\n姓名,比整洁\n党员一,9\n"), Names(definitions), TODAY
    )
    assert (found.week, found.branch, found.findings) == ("2026-W47", "outer-1", ())


def test_columns_are_signs_too(definitions):
    text = "2026年\n姓名,评分项,周次,支部\n党员一,表彰,第47周,域外一标段\n党员二,表彰,47,outer-1\n"
    found = hints(page(text), Names(definitions), TODAY)
    assert (found.week, found.branch, found.findings) == ("2026-W47", "outer-1", ())
    found = hints(page(text.replace("2026年", "2026-W46")), Names(definitions), TODAY)
    assert found.clash == "the title says 2026-W46; the column '周次' says 2026-W47"


def test_columns_that_disagree_are_findings(definitions):
    text = (
        "姓名,评分项,周,支部\n党员一,表彰,47,outer-1\n党员二,表彰,46,outer-10\n党员三,表彰,x,北京\n"
    )
    found = hints(page(text), Names(definitions), TODAY)
    assert [str(finding) for finding in sorted(found.findings)] == [
        "sheet.csv:3: 周: is 2026-W46, above it is 2026-W47; give each its own sheet",
        "sheet.csv:4: 周: 'x' is not a week; write it as 2026-W47",
        "sheet.csv:4: 支部: unknown branch '北京'; 'qibi branch list' lists them",
    ]


def test_the_files_name_is_a_sign(definitions):
    text = "姓名,比整洁\n党员一,9\n"
    found = hints(page(text, "in/outer-1-2026-W47.csv"), Names(definitions), TODAY)
    assert (found.week, found.branch) == ("2026-W47", "outer-1")
    assert hints(page(text, "第46周.csv"), Names(definitions), TODAY).week == "2026-W46"
    assert hints(page(text, "积分表20261123.csv"), Names(definitions), TODAY).week is None
    found = hints(page("2026-W45\n" + text, "第46周.csv"), Names(definitions), TODAY)
    assert found.clash == "the title says 2026-W45; the file's name says 2026-W46 (第46周)"
    found = hints(page(text, "46周.csv"), Names(definitions), TODAY, ("2026-W47", "--week"))
    assert found.clash == "the file's name says 2026-W46 (46周); --week says 2026-W47"
    none = hints(page(text, "-"), Names(definitions), TODAY)
    assert (none.week, none.branch) == (None, None)


def test_the_branch_of_the_subjects(definitions):
    def of(*names):
        text = "姓名,比整洁\n" + "".join(f"{name},9\n" for name in names)
        return branch_from_subjects(page(text), Names(definitions), WEEK)

    assert of("党员一", "党员二", "路人") == "outer-1"
    assert of("党员一", "路人", "行人") is None
    assert of("党员一", "党员十一") is None
    assert of("o10-001") == "outer-10"
    assert of("党员三") is None
    assert of() is None


@pytest.mark.parametrize(
    ("line", "who"),
    [
        (["批准人：党员三"], "党员三"),
        (["制表：甲二      审核：甲一   批准人：党员三 2026年11月27日"], "党员三"),
        (["审批人：党员三（书记）"], "党员三"),
        (["批准：同意 批准人：党员三"], "党员三"),
        (["批准人签字：党员三　　日期：2026年11月27日"], "党员三"),
        (["批准人", "", "党员三"], "党员三"),
        (["Approved by: Ann Chen"], "Ann Chen"),
        (["尚未批准：党员三"], ""),
        (["未批准人：党员三"], ""),
        (["不同意批准：党员三"], ""),
        (["批准人："], ""),
    ],
)
def test_who_a_line_names_as_the_approver(line, who):
    assert approver_named(tuple(line)) == who
