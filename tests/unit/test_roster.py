"""Rosters: the columns, the ids made, and every mistake."""

import io

import openpyxl
import pytest

from qibi.base.findings import Faults
from qibi.book import models as m
from qibi.book.templates import known_units
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


def read(text: str | bytes, path: str = "r.csv", language: str = "zh") -> Roster:
    raw = text.encode() if isinstance(text, str) else text
    return read_roster(path, raw, language, "本支部", known_units(language))


def faults(text: str) -> list[str]:
    with pytest.raises(Faults) as caught:
        read(text)
    return [str(f) for f in caught.value.findings]


def xlsx(text: str) -> bytes:
    book = openpyxl.Workbook()
    for row in text.splitlines():
        book.active.append([cell or None for cell in row.split(",")])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


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
        "r.csv:4: 身份: unknown status '党外'; one of: 正式党员 (full), 预备党员 (probationary), "
        "积极分子 (activist), 职工 (staff)",
        "r.csv:5: CP角色: line 4 has this role too; a CP has one of each",
        "r.csv:5: 标段: '二' here, '一' in line 2; a branch has one",
        "r.csv:6: 编号: the id 'a-4' is also in line 5; change one of them",
        "r.csv:8: 姓名: 孙七 is also in line 7; delete one, or give both an id",
        "r.csv:9: CP角色: the only CP role in its branch; a CP has two or more, add one or clear it",
    ]


def test_a_mistake_in_a_workbook_names_its_cell() -> None:
    with pytest.raises(Faults) as caught:
        read(xlsx("支部,姓名,身份\n甲,一,外\n"), "r.xlsx")
    assert caught.value.findings[0].place == "r.xlsx:Sheet!C2"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("支部,职务\n甲,书记\n", "no heading row with names"),
        ("支部,姓名\n", "has no people"),
        ("brnach,name\nx,y\n", "is this the column of branches? write 'branch'"),
    ],
)
def test_what_is_no_roster(text: str, says: str) -> None:
    (message,) = faults(text)
    assert says in message


def test_slugs() -> None:
    assert slug("East Site １") == "east-site-1"
    assert slug("甲 1") == slug("con") == slug("--") == slug("x" * 41) == ""
    assert is_id("a-1") and not is_id("A") and not is_id("aux") and not is_id("")
