"""Rosters: the columns, the ids made, and every mistake."""

import io

import openpyxl
import pytest

from qibi.base.findings import Faults
from qibi.book import models as m
from qibi.book.templates import known_units
from qibi.sheets.people import Options
from qibi.sheets.roster import Roster, is_id, read_roster, slug

CHINESE = """某某项目党员花名册,,,,,,,,
序号,所属支部,姓名,人员类别,党小组,单位,项目CP角色,标段,电话
1,甲支部,张　三,正式党员,第一党小组,建设单位,热力,一标段,138
2,甲支部,李四,预备党员,第二党小组,某施工公司,工程,一标段,
3,乙支部,王五,,第一党小组,某施工公司,,,
4,甲支部,赵六,积极分子,第一党小组,设计单位,设计,,
合计,4人,,,,,,,
"""
ENGLISH = """Branch,Name,ID,Status,Group,Unit,CP role,Section,Department
East Site,Ann Lee,E-01,full,Crew A,ACME Ltd,heat,East 1,North
East Site,Bob Ray,,staff,Crew B,Owner,Law,East 1,North
"""


def read(text: str | bytes, path: str = "r.csv", language: str = "zh", **options: object) -> Roster:
    raw = text.encode() if isinstance(text, str) else text
    return read_roster(path, raw, language, "本支部", known_units(language), Options(**options))


def faults(text: str) -> list[str]:
    with pytest.raises(Faults) as caught:
        read(text)
    return [str(f) for f in caught.value.findings]


def xlsx(
    *texts: str, merge: str = "", pages: tuple[str, ...] = (), more=lambda page: None
) -> bytes:
    """A workbook with a page for each text; `\\n` within a cell is a line break."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for n, text in enumerate(texts):
        page = book.create_sheet(pages[n] if pages else "Sheet1")
        for row in text.splitlines():
            page.append([cell.replace("\\n", "\n") or None for cell in row.split(",")])
        for merged in merge.split():
            page.merge_cells(merged)
        more(page)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def long_numbers(page) -> None:
    page["B2"], page["B3"] = 110101199001011234, 110101199002022345


def hidden_and_struck(page) -> None:
    page.row_dimensions[3].hidden = True
    for cell in ("A4", "B4"):
        page[cell].font = openpyxl.styles.Font(strike=True)


def brief(roster: Roster) -> str:
    """`branch: name, name; branch: …`, with the group and a status other than full behind a name."""
    shown = []
    for branch in roster.branches:
        groups = {g.id: str(g.name) for g in branch.groups}
        people = [
            str(p.name)
            + (f" {p.status}" if p.status != "full" else "")
            + (f" @{groups[p.group]}" if p.group else "")
            for p in branch.members
        ]
        shown.append(f"{branch.name}: {', '.join(people)}")
    return "; ".join(shown)


DOTS = ["古丽·阿一", "古丽•阿一", "古丽・阿一", "古丽.阿一"]
PAGE = "第{0}党支部党员名册\n序号,姓名,政治面貌,职务\n1,员{0}甲,中共党员,书记\n2,员{0}乙,中共预备党员,\n"
# name: the roster, who is read, and what is told
READ = {
    "lists next to each other": (
        xlsx(
            "花名册\n序号,姓名,身份,序号,姓名,身份\n1,安一,正式党员,3,贝一,正式党员\n2,安二,预备党员,4,贝二,",
            merge="A1:F1",
        ),
        "本支部: 安一, 安二 probationary, 贝一, 贝二",
        ["lists next to each other: 2", "no column of branches: everybody is in '本支部'"],
    ),
    "lists with branches above them": (
        xlsx(
            "姓名,身份,姓名,身份\n一支部（2人）,,三支部（1人）,\n安一,,丙一,\n安二,,,\n二支部,,,\n贝一,,,",
            merge="A2:B2 C2:D2",
        ),
        "一支部: 安一, 安二; 二支部: 贝一; 三支部: 丙一",
        [
            "lists next to each other: 2",
            "lines that name what is below them: 一支部, 二支部, 三支部",
        ],
    ),
    "a total in words": ("支部,姓名\n甲,安一\n甲,安二\n汇总,2\n", "甲: 安一, 安二", []),
    "a total with its number": (
        "序号,支部,姓名\n1,甲,安一\n2,甲,安二\n,甲,合计：2人\n",
        "甲: 安一, 安二",
        [],
    ),
    "共2人": ("支部,姓名\n甲,安一\n甲,安二\n共2人,\n", "甲: 安一, 安二", []),
    "subtotals": (
        "支部,姓名\n甲,安一\n小计,1\n乙,贝一\n乙,贝二\n小计,2\n总计,3\n",
        "甲: 安一; 乙: 贝一, 贝二",
        [],
    ),
    "a total in parts": (
        '支部,姓名,身份\n甲,安一,正式党员\n甲,安二,预备党员\n"合计2人，其中：正式党员1人，预备党员1人",,\n',
        "甲: 安一, 安二 probationary",
        [],
    ),
    "branches above their people": (
        xlsx(
            "序号,姓名,身份\n一支部（2人）,,\n1,安一,正式党员\n2,安二,\n二支部（1人）,,\n3,贝一,",
            merge="A2:C2 A5:C5",
        ),
        "一支部: 安一, 安二; 二支部: 贝一",
        ["lines that name what is below them: 一支部, 二支部"],
    ),
    "branches and groups above their people": (
        "序号,姓名\n一、第一党支部（2人）,\n第一小组,\n1,安一\n第二小组,\n2,安二\n二、第二党支部,\n3,贝一\n",
        "第一党支部: 安一 @第一小组, 安二 @第二小组; 第二党支部: 贝一",
        ["lines that name what is below them: 第一党支部, 第一小组, 第二小组, 第二党支部"],
    ),
    "workshops above their people": (
        "序号,姓名\n焊接车间,\n1,安一\n保温车间,\n2,安二\n",
        "焊接车间: 安一; 保温车间: 安二",
        ["lines that name what is below them: 焊接车间, 保温车间"],
    ),
    "a status above its people": (
        "支部,姓名\n预备党员,\n甲,安一\n",
        "甲: 安一 probationary",
        ["lines that name what is below them: 预备党员"],
    ),
    "a page a branch": (
        xlsx(PAGE.format(1), PAGE.format(2), pages=("第1支部", "第2支部")),
        "第1党支部: 员1甲, 员1乙 probationary; 第2党支部: 员2甲, 员2乙 probationary",
        ["columns not used: 职务"],
    ),
    "a branch in the title": (
        "2026年示例第三项目部党支部党员花名册\n姓名,身份\n安一,\n",
        "示例第三项目部党支部: 安一",
        ["no column of branches: everybody is in '示例第三项目部党支部'"],
    ),
    "two people in a cell": (
        xlsx(
            "支部,姓名\n甲,安一\\n安二\n甲,安 三\n甲,安四、安五\n甲,欧阳 六\n甲,Ann Lee / Bob Ray"
        ),
        "甲: 安一, 安二, 安三, 安四, 安五, 欧阳六, Ann Lee, Bob Ray",
        [
            "names as they are read: 安一 安二 → 安一 + 安二, 安四、安五 → 安四 + 安五, Ann Lee / Bob Ray → Ann Lee + Bob Ray"
        ],
    ),
    "roles and numbers in names": (
        "支部,姓名\n甲,张三（书记）\n甲,李四 13800000000\n甲,组织委员：王五\n甲,钱六（女、预备党员）\n甲,1.孙七\n甲,陈八 组长\n",
        "甲: 张三, 李四, 王五, 钱六 probationary, 孙七, 陈八",
        [
            "names as they are read: 张三（书记） → 张三, 李四 13800000000 → 李四, 组织委员：王五 → 王五, 钱六（女、预备党员） → 钱六, 1.孙七 → 孙七, …"
        ],
    ),
    "signs that show nothing": (
        "支部,姓名\n甲,\u202a安一\n甲,安\u200b二\n甲,\u2fbc三\n",
        "甲: 安一, 安二, 高三",
        ["names as they are read: \u202a安一 → 安一, 安\u200b二 → 安二, \u2fbc三 → 高三"],
    ),
    "two people in a cell, a line each": (
        xlsx("支部,姓名,编号,类别\n甲,安一\\n安二,a1\\na2,正式党员\\n预备党员"),
        "甲: 安一, 安二 probationary",
        ["names as they are read: 安一 安二 → 安一 + 安二"],
    ),
    "numbers of people with more about them": (
        "序号,姓名\n一支部（共1人，其中预备0人）,\n1,安一\n总计：在册党员1人,\n",
        "一支部: 安一",
        ["lines that name what is below them: 一支部"],
    ),
    "protected names": ('支部,姓名\n"=""甲""","=""安一"""\n', "甲: 安一", []),
    "one name, other genders": (
        "支部,姓名,性别\n甲,安一,男\n甲,安一,女\n",
        "甲: 安一（男）, 安一（女）",
        ["columns not used: 性别", "people of one name, told apart: 安一（男）, 安一（女）"],
    ),
    "one name, other departments": (
        "支部,姓名,部门\n甲,安一,财务\n甲,安一,工程\n",
        "甲: 安一（财务）, 安一（工程）",
        [
            "people of several departments, which are not recorded: 甲",
            "people of one name, told apart: 安一（财务）, 安一（工程）",
        ],
    ),
    "one name, long ids": (
        "支部,姓名,编号\n甲,安一,2026000123\n甲,安一,2026000456\n",
        "甲: 安一（0123）, 安一（0456）",
        ["people of one name, told apart: 安一（0123）, 安一（0456）"],
    ),
    "one name, told apart by hand": (
        "支部,姓名\n甲,安一（大）\n甲,安一（小）\n",
        "甲: 安一（大）, 安一（小）",
        [
            "names as they are read: 安一（大） → 安一, 安一（小） → 安一",
            "people of one name, told apart: 安一（大）, 安一（小）",
        ],
    ),
    "two columns of a status": (
        "支部,姓名,政治面貌,党员类别\n甲,安一,中共党员,预备党员\n",
        "甲: 安一 probationary",
        ["columns not used: 政治面貌"],
    ),
    "notes and signatures": (
        "支部,姓名,备注\n甲,安一,已调出\n填表人：李四,,\n2026年11月20日,,\n",
        "甲: 安一",
        [
            "line 3 is left out: 填表人：李四",
            "line 4 is left out: 2026年11月20日",
            "a note says that someone has left, and they are taken all the same: 安一",
            "columns not used: 备注",
        ],
    ),
    "the same as above": ("支部,姓名\n甲,安一\n同上,安二\n", "甲: 安一, 安二", []),
    "rows that are prepared": ("序号,支部,姓名\n1,甲,安一\n2,,\n", "甲: 安一", []),
    "family names first": (
        'team,employee\nA,"Lee, Ann"\nA,José Núñez\nA,Al O\'Hara-Smith\n',
        "A: Lee, Ann, José Núñez, Al O'Hara-Smith",
        [],
    ),
}


@pytest.mark.parametrize("name", READ)
def test_every_cell_is_read_as_meant(name: str) -> None:
    raw, people, told = READ[name]
    roster = read(raw, "r.xlsx" if isinstance(raw, bytes) else "r.csv")
    assert (brief(roster), roster.notices) == (people, told)


# name: the roster, and what each finding says
REFUSED = {
    "a total that is another": ("支部,姓名\n甲,安一\n合计,3人\n", ["r.csv:3: '合计 3人' says 3, but the list has 1;"]),
    "a part that is another": (
        '姓名,身份\n安一,正式党员\n安二,预备党员\n"合计2人，其中正式党员2人",\n',
        ["r.csv:4: '正式党员' says 2, but the list has 1;"],
    ),
    "a branch with another number": ("序号,姓名\n第一党支部（3人）,\n1,安一\n", ["r.csv:2: '第一党支部' says 3, but the list has 1;"]),
    "a title with another number": ("甲党支部花名册（共3人）\n姓名,身份\n安一,\n", ["r.csv:1: '甲党支部花名册（共3人）' says 3,"]),
    "two pages of one branch": (
        xlsx(PAGE.format(1), PAGE.format(1), pages=("1月", "2月")),
        ["r.xlsx:1月!A1: the title says 第1党支部, the page is called 1月", "r.xlsx:2月!A1: the title", "names the same branch"],
    ),
    "pages without a branch": (
        xlsx("姓名,身份\n安一,", "姓名,身份\n安二,", pages=("Sheet1", "Sheet2")),
        ["r.xlsx:Sheet1!A1: no column of branches, and neither", "r.xlsx:Sheet2!A1: no column"],
    ),
    "departments": (
        "姓名,部门,职务\n安一,办公室,主任\n安二,财务科,\n",
        ["r.csv:1: no column of branches; is it '部门' (办公室, 财务科)? --map 部门=branch"],
    ),
    "workshops": ("姓名,车间\n安一,焊接车间\n", ["r.csv:1: no column of branches; is it '车间' (焊接车间)? --map 车间=branch"]),
    "ids that lost digits": (
        xlsx("支部,编号,姓名\n甲,,安一\n甲,,安二", more=long_numbers),
        ["r.xlsx:Sheet1!B2: '110101199001011", "r.xlsx:Sheet1!B3: '110101199002022"],
    ),
    "ids that lost digits in a csv": (
        "支部,编号,姓名\n甲,1.23E+17,安一\n甲,110101199002022000,安二\n甲,1001.0,安三\n",
        ["r.csv:2: 编号: '1.23E+17' has lost its last digits", "r.csv:3: 编号: '110101199002022000' has lost", "r.csv:4: 编号: '1001.0' is not an id"],
    ),
    "look-alikes": (
        "支部,姓名\n甲,\u2ee2三\n甲,Аnn Lee\n甲,安ニ\n" + "".join(f"甲,{name}\n" for name in DOTS),
        [
            "r.csv:2: 姓名: '\u2ee2' (U+2EE2) only looks like a character",
            "r.csv:3: 姓名: 'А' (U+0410) only looks",
            "r.csv:4: 姓名: 'ニ' (U+30CB) only looks",
            *(f"r.csv:{n}: 姓名: {DOTS[n - 5]} is also in line 5" for n in (6, 7, 8)),
        ],
    ),
    "traditional characters": ("支部,姓名\n甲,張三\n甲,张三\n", ["r.csv:3: 姓名: 张三 is also in line 2"]),
    "hidden and struck out": (
        xlsx("支部,姓名\n甲,安一\n甲,安二\n甲,安三", more=hidden_and_struck),
        ["r.xlsx:Sheet1!A3: hidden rows: 3; show them, or say --hidden read", "r.xlsx:Sheet1!B4: '安三' is struck out"],
    ),
    "statuses": (
        "支部,姓名,身份\n甲,安一,发展对象\n甲,安二,发展对象\n甲,安三,离退休\n甲,安四,入党申请人\n甲,安五,流动党员\n甲,安六,预备党圆\n",
        [
            "r.csv:2: 身份: which status is '发展对象' (安一, 安二)? Say --map 发展对象=… with one of: full (正式党员),",
            "r.csv:4: 身份: which status is '离退休' (安三)?",
            "r.csv:5: 身份: which status is '入党申请人' (安四)?",
            "r.csv:6: 身份: which status is '流动党员' (安五)?",
            "r.csv:7: 身份: unknown status '预备党圆' (安六); did you mean '预备党员'?",
        ],
    ),
    "what is not a name": (
        "支部,姓名\n甲,高五书记\n甲,褚六（外聘）\n甲,张*\n甲,待定\n甲,12\n甲,安一 李 四 五\n甲,姓名\n甲,张□\n",
        [
            "r.csv:2: 姓名: '高五书记' holds more than the name",
            "r.csv:3: 姓名: what is '外聘' next to the name?",
            "r.csv:4: 姓名: '张*' is not the whole name",
            "r.csv:5: 姓名: '待定' is nobody's name",
            "r.csv:6: 姓名: '12' is not a name",
            "r.csv:7: 姓名: '安一 李 四 五': one person or several?",
            "r.csv:8: 姓名: '姓名' is not a name",
            "r.csv:9: 姓名: '张□' is not the whole name",
        ],
    ),
    "two people with one id": ("支部,姓名,编号\n甲,安一、安二,a1\n", ["2 people in one cell, but one id"]),
    "a group or a person": ("序号,姓名\n1,安一\n2,安二\n,焊接班\n3,安三\n", ["r.csv:4: 姓名: '焊接班' stands alone, without a number"]),
    "two columns of one meaning": ("支部,姓名,单位,工作单位\n甲,安一,x,y\n", ["r.csv:1: means the same as '单位'; keep one of them, or say --map 工作单位=skip"]),
    "another heading": ("支部,姓名,身份\n甲,安一,\n姓名,支部,身份\n安二,甲,\n", ["r.csv:3: a second heading, in another order"]),
    "a line and a column that differ": ("支部,姓名\n第一支部,\n第二支部,安一\n", ["r.csv:3: 支部: '第二支部' here, '第一支部' in the line above"]),
    "a column without a heading": (
        xlsx("姓名,,身份\n安一,甲,\n安二,乙,"),
        ["r.xlsx:Sheet1!B2: '甲' is in a column without a heading"],
    ),
    "branches that are called alike": (
        "支部,姓名\n第一党支部,安一\n第1支部,安二\n",
        ["r.csv:3: 支部: '第1支部' here, '第一党支部' in line 2: the same branch?"],
    ),
    "a summary of the other pages": (
        xlsx("姓名,身份\n安一,\n安二,\n安三,", "姓名,身份\n安一,\n安二,\n安三,", pages=("一支部", "汇总")),
        ["r.xlsx:一支部!A2: most people of '一支部' are in other branches", "r.xlsx:汇总!A2: most"],
    ),
    "a page of a branch without headings": (
        xlsx("姓名,身份\n安一,", "安二,", pages=("一支部", "二支部")),
        ["r.xlsx:二支部!A1: no heading row with names"],
    ),
    "the same as nothing": ("支部,姓名\n同上,安一\n", ["r.csv:2: 支部: '同上' refers to nothing"]),
    "characters that were lost before": (
        xlsx("支部,姓名\n甲,JÃ¶rgen\n甲,ÕÅÈý\n甲,安?三\n甲,#N/A\n甲,寮犱笁"),
        [
            "r.xlsx:Sheet1!B2: 'JÃ¶rgen' was read in a wrong encoding",
            "r.xlsx:Sheet1!B3: 'ÕÅÈý' is not a name",
            "r.xlsx:Sheet1!B4: '安?三' is not the whole name",
            "r.xlsx:Sheet1!B5: '#N/A' is an error",
            "r.xlsx:Sheet1!B6: '寮犱笁' was read in a wrong encoding",
        ],
    ),
    "characters that were lost": ("支部,姓名\n甲,安一\n甲,黄?良\n", ["r.csv:3: '黄?良': characters were lost"]),
    "another encoding": ("team,name\nA,Jörgen Müller\n".encode("cp1252"), ["wrong encoding"]),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_understood_is_refused(name: str) -> None:
    raw, says = REFUSED[name]
    workbook = isinstance(raw, bytes) and raw[:2] == b"PK"
    with pytest.raises(Faults) as caught:
        read(raw, "r.xlsx" if workbook else "r.csv")
    found = [str(f) for f in caught.value.findings]
    assert len(found) == len(says) or name == "two pages of one branch", found
    assert [text for text in says if not any(text in f for f in found)] == [], found


def test_what_is_said_beforehand_holds() -> None:
    text = "姓名,车间,类别\n安一,甲,发展对象\n安二,乙,离退休\n"
    meanings = {"车间": "branch", "发展对象": "activist", "离退休": "skip"}
    roster = read(text, meanings=meanings)
    assert (brief(roster), roster.notices) == ("甲: 安一 activist", ["left out (离退休): 安二"])
    asked = []

    def ask(question: str, answers: tuple[str, ...]) -> str:
        asked.append(question)
        return answers[0] if "branches" in question else answers[1]

    assert brief(read(text, ask=ask)) == "甲: 安一 probationary; 乙: 安二 probationary"
    assert asked == [
        "no column of branches; is it '车间' (甲, 乙)?",
        "what is '发展对象' (安一)?",
        "what is '离退休' (安二)?",
    ]
    hidden = REFUSED["hidden and struck out"][0]
    with pytest.raises(Faults) as caught:
        read(hidden, "r.xlsx", hidden="skip")
    assert len(caught.value.findings) == 1
    latin = read("team,name\nA,Jörgen Müller\n".encode("cp1252"), encoding="cp1252")
    assert brief(latin) == "A: Jörgen Müller"


def test_a_plain_book_has_no_statuses_and_no_pairs() -> None:
    text = (
        "employee,team,role,manager,status\nAnn Lee,A,Welder,Tom,active\nBob Ray,A,Fitter,Tom,new\n"
    )
    roster = read(text, plain=True)
    assert (brief(roster), roster.branches[0].cps) == ("A: Ann Lee, Bob Ray", [])
    assert roster.notices == ["columns not used: role, manager, status"]


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (CHINESE.encode(), "r.csv"),
        (CHINESE.encode("utf-8-sig"), "r.csv"),
        (CHINESE.encode("gb18030"), "r.csv"),
        (xlsx(CHINESE), "r.xlsx"),
    ],
)
def test_a_chinese_roster(raw: bytes, path: str) -> None:
    roster = read(raw, path)
    assert [(b.id, b.name, b.section) for b in roster.branches] == [
        ("b01", "甲支部", "一标段"),
        ("b02", "乙支部", None),
    ]
    first, second = roster.branches
    assert [(p.id, p.name, p.status, p.unit, p.group) for p in first.members] == [
        ("b01-001", "张三", "full", "owner", "b01-g1"),
        ("b01-002", "李四", "probationary", "u1", "b01-g2"),
        ("b01-003", "赵六", "activist", "designer", "b01-g1"),
    ]
    assert first.cps == [
        m.CP(
            id="b01-cp",
            name="一标段项目CP",
            members={"heating": "b01-001", "engineering": "b01-002", "design": "b01-003"},
        )
    ]
    assert [(p.id, p.group) for p in second.members] == [("b02-001", "b02-g1")]
    assert not second.cps
    assert [u.id for u in roster.units] == ["owner", "u1", "designer"]
    assert roster.notices == ["columns not used: 电话"]


def test_an_english_roster_gets_slugs() -> None:
    roster = read(ENGLISH, language="en")
    (branch,) = roster.branches
    assert (branch.id, branch.section, branch.department) == ("east-site", "East 1", "North")
    assert [(p.id, p.status, p.unit, p.group) for p in branch.members] == [
        ("e-01", "full", "acme-ltd", "east-site-crew-a"),
        ("east-site-001", "staff", "owner", "east-site-crew-b"),
    ]
    assert branch.cps[0].name == "East 1 CP"
    assert branch.cps[0].members == {"heating": "e-01", "law": "east-site-001"}


def test_ids_that_the_roster_gives_are_never_made_twice() -> None:
    roster = read("支部,姓名,编号\n甲,一,b01\n甲,二,b01-2-001\n甲,三,\nb01,四,\n")
    keys = [b.id for b in roster.branches] + [p.id for b in roster.branches for p in b.members]
    assert len(set(keys)) == len(keys) == 6
    assert keys[:2] == ["b01-2", "b02"]


def test_without_a_column_of_branches_all_are_in_one() -> None:
    roster = read("姓名,身份\n张三,\n李四,职工\n")
    assert [(b.id, b.name, len(b.members)) for b in roster.branches] == [("b01", "本支部", 2)]
    assert roster.notices == ["no column of branches: everybody is in '本支部'"]


def test_roles_without_a_known_name_are_numbered_alike_everywhere() -> None:
    text = "支部,姓名,CP角色\n甲,一,监理方\n甲,二,热力\n乙,三,法务\n乙,四,监理方\n"
    first, second = (b.cps[0].members for b in read(text).branches)
    assert list(first) == ["role-1", "heating"]
    assert list(second) == ["role-2", "role-1"]


def test_a_merged_branch_cell_holds_for_all_its_rows() -> None:
    book = openpyxl.Workbook()
    for row in (["支部", "姓名"], ["甲", "一"], [None, "二"]):
        book.active.append(row)
    book.active.merge_cells("A2:A3")
    buffer = io.BytesIO()
    book.save(buffer)
    assert [len(b.members) for b in read(buffer.getvalue(), "r.xlsx").branches] == [2]


def test_every_mistake_is_named_at_once() -> None:
    text = """支部,姓名,编号,身份,标段,CP角色
甲,,a-1,,一,
,张三,a-2,,,
甲,李四,坏的,党外,一,热力
甲,王五,a-4,,二,供热
甲,赵六,a-4,,一,
甲,孙七,,,一,
甲,孙七,,,一,
乙,周八,,,,设计
"""
    assert faults(text) == [
        "r.csv:2: 姓名: no name; fill it in or delete the row",
        "r.csv:3: 支部: no branch; write it in every row",
        "r.csv:4: 编号: '坏的' is not an id; use letters, digits and hyphens, at most 64",
        "r.csv:4: 身份: which status is '党外' (李四)? Say --map 党外=… with one of: "
        "full (正式党员), probationary (预备党员), activist (积极分子), staff (职工); "
        "or --map 党外=skip to leave these people out",
        "r.csv:5: 标段: '二' here, '一' in line 2; a branch has one (or --map 标段=skip)",
        "r.csv:5: CP角色: line 4 has this role too; a CP has one of each",
        "r.csv:6: 编号: the id 'a-4' is also in line 5; change one of them, "
        "or leave the column out: --map 编号=skip",
        "r.csv:8: 姓名: 孙七 is also in line 7; delete one, or give both an id",
        "r.csv:9: CP角色: the only CP role in its branch; a CP has two or more, add one or clear it",
    ]


def test_a_mistake_in_a_workbook_names_its_cell() -> None:
    with pytest.raises(Faults) as caught:
        read(xlsx("支部,姓名,身份\n甲,一,外\n"), "r.xlsx")
    assert caught.value.findings[0].place == "r.xlsx:Sheet1!C2"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("支部,职务\n甲,书记\n", "no heading row with names"),
        ("支部,姓名\n", "has no people"),
        ("brnach,name\nx,y\n", "is it 'brnach' (x)? --map brnach=branch"),
    ],
)
def test_what_is_no_roster(text: str, says: str) -> None:
    (message,) = faults(text)
    assert says in message


def test_slugs() -> None:
    assert slug("East Site １") == "east-site-1"
    assert slug("甲 1") == slug("con") == slug("--") == slug("x" * 41) == ""
    assert is_id("a-1") and not is_id("A") and not is_id("aux") and not is_id("")
