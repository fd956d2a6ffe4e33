"""Pages to entries: long and grid form, leave, footers, and every bad cell named."""

import csv
import io
import re
from datetime import date

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_sheets_headings import WEEK, book
from test_sheets_table import by_openpyxl, xlsx

from qibi.base.findings import Faults
from qibi.ledger.admission import Stamp
from qibi.ledger.entries import Exempt, Score, encode
from qibi.sheets.csvfile import ESCAPED
from qibi.sheets.files import open_sheet
from qibi.sheets.names import Names
from qibi.sheets.read import admit_page

LONG = "姓名,评分项,分值,次数,日期,说明,佐证,评分人,批准人\n"
GRID = "姓名,隐患排查并闭环,停工整改通知,表彰,随手拍,停产,比整洁,备注,佐证,批准人\n"


@pytest.fixture(scope="module")
def definitions(tmp_path_factory):
    return book(tmp_path_factory.mktemp("book"))


def stamp(source: str = "") -> Stamp:
    return Stamp(WEEK, "outer-1", "safety-officer", "2026-11-23T09:00:00+08:00", source)


def admitted(definitions, sheet):
    raw = sheet.encode() if isinstance(sheet, str) else sheet
    (page,) = open_sheet("sheet.csv", raw)
    return admit_page(page, Names(definitions), stamp(page.source))


def entries(definitions, sheet):
    return [entry for entry, _line, _cell in admitted(definitions, sheet).entries]


def brief(definitions, sheet):
    """(subject, item, points, count) of each score, (subject, note) of each exemption."""
    return [
        (e.subject, e.item, e.points, e.count) if isinstance(e, Score) else (e.subject, e.note)
        for e in entries(definitions, sheet)
    ]


def findings(definitions, sheet, path="sheet.csv"):
    raw = sheet.encode() if isinstance(sheet, str) else sheet
    (page,) = open_sheet(path, raw)
    with pytest.raises(Faults) as caught:
        admit_page(page, Names(definitions), stamp())
    return [str(finding) for finding in caught.value.findings]


# Long form


def test_a_long_row_with_everything(definitions):
    sheet = LONG + "党员一,停工整改通知,-2,,2026/11/18,通报,通知单7；照片,安全员,党员二\n"
    found = admitted(definitions, "标题\n" + sheet)
    (entry, line, cell) = found.entries[0]
    assert (line, cell) == (3, "")
    assert entry == Score(
        week=WEEK,
        branch="outer-1",
        recorded_by="safety-officer",
        recorded_at="2026-11-23T09:00:00+08:00",
        source=entry.source,
        subject="o1-001",
        item="safety.stop-work",
        points=-2,
        date="2026-11-18",
        note="通报",
        evidence=("通知单7", "照片"),
        scored_by="safety-officer",
        approved_by="o1-002",
        cell="B3",
    )
    assert len(entry.source) == 16


def test_names_ids_languages_brackets_and_full_width_digits(definitions):
    sheet = LONG + (
        "党员一,隐患排查并闭环（+1/次）,,２次\n"
        "o1-002,safety.hazard-closed,＋２,—,/\n"
        "Member One,Hazard found and closed,,1\n"
        "一标项目CP,表彰,２\n"
        "党员三,比整洁,9.5\n"
    )
    assert brief(definitions, sheet) == [
        ("o1-001", "safety.hazard-closed", 2, 2),
        ("o1-002", "safety.hazard-closed", 2, 2),
        ("o1-001", "safety.hazard-closed", 1, 1),
        ("o1-cp", "safety.award", 2, 1),
        ("o1-003", "tidiness", 9.5, 1),
    ]


@pytest.mark.parametrize(
    ("added", "deducted", "told"),
    [
        ("3", "4", []),
        ("3", "-4", []),  # deductions are written without signs, and so is their sum
        ("2", "4", ["'合计' of 加分 is 2 in the sheet; as read it is 3"]),  # 2 is how many rows
        ("3", "2", ["'合计' of 扣分 is 2 in the sheet; as read it is 4"]),
        ("3", "9", ["'合计' of 扣分 is 9 in the sheet; as read it is 4"]),
    ],
)
def test_sums_below_columns_of_points(definitions, added, deducted, told):
    sheet = (
        "姓名,评分项,加分,扣分\n党员一,表彰,1,\n党员二,表彰,2,\n"
        f"党员一,停工整改通知,,2\n党员二,停工整改通知,,2\n合计,,{added},{deducted}\n"
    )
    found = admitted(definitions, sheet)
    assert [e.points for e, _line, _cell in found.entries] == [1, 2, -2, -2]
    assert [notice.partition(": ")[2] for notice in found.notices] == told


def test_the_same_row_twice_is_two_events(definitions):
    assert len(entries(definitions, LONG + "党员一,表彰,1\n党员一,表彰,1\n")) == 2


def test_leave_in_the_long_form(definitions):
    assert brief(definitions, LONG + "党员一,请假,,,,探亲\n党员二,Leave\n") == [
        ("o1-001", "探亲"),
        ("o1-002", "Leave"),
    ]
    assert findings(definitions, LONG + "党员一,请假,-1\n") == [
        "sheet.csv:2: 分值: the row says '请假'; clear this cell, or that word"
    ]
    assert findings(definitions, LONG + "党员一,表彰,1\n党员一,请假\n") == [
        "sheet.csv:3: 评分项: Member One is exempt here and scored in line 2; keep one of the two"
    ]


def test_rows_that_only_name_someone_record_nothing_but_must_be_right(definitions):
    assert entries(definitions, LONG + "党员一\n党员二,-,,-\n") == []
    assert findings(definitions, LONG + "党员伍\n") == [
        "sheet.csv:2: 姓名: unknown subject '党员伍'; did you mean 党员二 (o1-002)?"
    ]


SECOND = "3 points or more, up or down, need a second person's approval"
UNDER = "name them under '批准人', or for the whole sheet: --approved-by WHO"


def test_every_bad_cell_is_named(definitions):
    sheet = LONG + (
        "党员伍,表彰,3,,12-40,,,无名,\n"
        ",表彰,1\n"
        "党员一,,1\n"
        "党员二,随手拍,,x\n"
        "张伟,停产,,1\n"
        "党员十一,表彰,1\n"
        "党员三,停产,,1\n"
        "党员三,表彰,1,,,,,党员三\n"
    )
    assert findings(definitions, sheet) == [
        "sheet.csv:2: 姓名: unknown subject '党员伍'; did you mean 党员二 (o1-002)?",
        "sheet.csv:2: 分值: +3 does not fit Award, which gives +1, +2",
        "sheet.csv:2: 日期: '12-40' is not a date; write it as 2026-11-18",
        "sheet.csv:2: 评分人: unknown member '无名'; 'qibi member list' lists them",
        "sheet.csv:3: 姓名: nobody is named; write who this is about",
        "sheet.csv:4: 评分项: no item is named; write what happened",
        "sheet.csv:5: 次数: 'x' is not a count; write a whole number from 1",
        "sheet.csv:5: 佐证: Photo needs evidence; name it (a photo, a notice's number)",
        "sheet.csv:6: 姓名: '张伟' may be o1-008 张伟 (域外一标段临时党支部), "
        "o1-009 张伟 (域外一标段临时党支部); write the id",
        f"sheet.csv:6: 批准人: {SECOND}; {UNDER}; the same in line 8",
        "sheet.csv:7: 姓名: 党员十一 is in Branch 10 in 2026-W47, not in 域外一标段临时党支部; "
        "score them there, or correct branches/",
        f"sheet.csv:9: 批准人: a score of oneself needs someone else's approval; {UNDER}",
    ]


def test_a_field_without_a_column_is_named_at_its_item(definitions):
    found = findings(definitions, "姓名,评分项\n党员一,停产\n")
    assert found == [
        f"sheet.csv:2: 评分项: {SECOND}; name them in a column 'Approved by', in a line "
        "'Approved by: NAME' below the table, or with --approved-by WHO"
    ]


def test_what_the_row_says_is_shown(definitions):
    (page,) = open_sheet("sheet.csv", (LONG + '党员伍,表彰,1,,,"两\n行"\n').encode())
    with pytest.raises(Faults) as caught:
        admit_page(page, Names(definitions), stamp())
    assert caught.value.findings[0].shown == "党员伍 | 表彰 | 1 |  |  | 两 行"


def test_excel_day_numbers_become_dates_only_in_date_columns(definitions):
    (entry,) = entries(definitions, LONG + "党员一,表彰,1,,46344,46344\n")
    assert (entry.date, entry.note) == ("2026-11-18", "46344")


def test_cells_that_are_too_long(definitions):
    message = "longer than 500 characters; shorten it"
    assert findings(definitions, LONG + f"党员一,表彰,1,,,{'长' * 501},{'长' * 501}\n") == [
        f"sheet.csv:2: 说明: {message}",
        f"sheet.csv:2: 佐证: {message}",
    ]
    assert entries(definitions, f"{'填表说明' * 200}\n{LONG}党员一,表彰,1,,,{'长' * 500}\n")


def test_after_two_hundred_mistakes_the_rest_is_not_read(definitions):
    last = "from here on the file was not read; correct the lines above first"
    rows = [f"查无此人{n},表彰,1,,,\n" for n in range(300)]
    found = findings(definitions, LONG + "".join(rows))
    assert found[-1].endswith(last) and 200 < len(found) < 300
    assert last not in findings(definitions, LONG + "".join(rows[:100]))[-1]


def test_control_characters_are_kept(definitions):
    (entry,) = entries(definitions, LONG + "党员一,表彰,1,,,\x1b[31m红\n")
    assert entry.note == "\x1b[31m红"


def test_unknown_columns_of_the_long_form_are_noted(definitions):
    found = admitted(
        definitions, "序号,姓名,评分项,分值,心情,合计,党小组\n1,党员一,表彰,1,好,1,一\n"
    )
    assert len(found.entries) == 1
    assert found.notices == [
        "compared, not recorded: 合计",
        "not read, since they say nothing on points: 心情, 党小组",
    ]


# Ids and names


def test_an_id_wins_over_a_name(definitions):
    sheet = "编号,姓名,评分项,分值\nO1-008,张伟,表彰,1\no1-009,,表彰,1\n,党员一,表彰,1\n"
    assert [e.subject for e in entries(definitions, sheet)] == ["o1-008", "o1-009", "o1-001"]


def test_an_id_that_is_someone_elses_is_a_finding(definitions):
    assert findings(definitions, "编号,姓名,评分项,分值\no1-002,党员一,表彰,1\n") == [
        "sheet.csv:2: 姓名: 党员一 is o1-001, but the row's id is o1-002; correct one of the two"
    ]
    assert findings(definitions, "编号,评分项,分值\n,表彰,1\nx9,表彰,1\n") == [
        "sheet.csv:2: 编号: nobody is named; write who this is about",
        "sheet.csv:3: 编号: unknown subject 'x9'; 'qibi member list' lists them",
    ]


def test_numbers_that_are_no_ids_leave_it_to_the_name(definitions):
    found = admitted(definitions, "编号,姓名,评分项,分值\n1,党员一,表彰,1\n2,党员二,表彰,1\n")
    assert [entry.subject for entry, _l, _c in found.entries] == ["o1-001", "o1-002"]
    assert found.notices == ["'编号' holds no ids of this book; the names are used"]


# Grid form


def test_a_grid(definitions):
    sheet = GRID + (
        "党员一,2,,1,,,9.5,,,\n"
        "党员二,√,2次,,,,,,,党员一\n"
        "党员三,0,-,—,/,,,,,\n"
        "o1-008,,,,３次,,0,雨天,照片3,党员一\n"
    )
    found = admitted(definitions, sheet)
    assert brief(definitions, sheet) == [
        ("o1-001", "safety.hazard-closed", 2, 2),
        ("o1-001", "safety.award", 1, 1),
        ("o1-001", "tidiness", 9.5, 1),
        ("o1-002", "safety.hazard-closed", 1, 1),
        ("o1-002", "safety.stop-work", -2, 1),
        ("o1-002", "safety.stop-work", -2, 1),
        ("o1-008", "safety.photo", 1.5, 3),
        ("o1-008", "tidiness", 0, 1),
    ]
    last = found.entries[-1][0]
    assert (last.note, last.evidence, last.approved_by) == ("", ("照片3",), "o1-001")
    assert found.entries[-2][0].note == "雨天"  # one note, for one of the entries
    assert [line for _entry, line, _cell in found.entries] == [2, 2, 2, 3, 3, 3, 5, 5]


def test_bad_cells_of_a_grid(definitions):
    sheet = GRID + "党员一,-1,1.5,3,1,,99,,,\n党员伍,,,,,,,,,\n党员二,,,,,1,,,,\n,1\n"
    assert findings(definitions, sheet) == [
        "sheet.csv:2: 隐患排查并闭环: -1 does not fit Hazard found and closed, which gives +1 each",
        "sheet.csv:2: 停工整改通知: 1.5 fits Stop-work order neither as a count nor as points: it is -2",
        "sheet.csv:2: 表彰: +3 does not fit Award, which gives +1, +2",
        "sheet.csv:2: 比整洁: 99 is outside 0 to 14 of Tidiness",
        "sheet.csv:2: 佐证: Photo needs evidence; name it (a photo, a notice's number)",
        "sheet.csv:3: 姓名: unknown subject '党员伍'; did you mean 党员二 (o1-002)?",
        f"sheet.csv:4: 批准人: {SECOND}; {UNDER}",
        "sheet.csv:5: 姓名: nobody is named; write who this is about",
    ]


def test_leave_in_a_grid(definitions):
    sheet = (
        "姓名,隐患排查并闭环,表彰,比整洁,请假,备注\n"
        "党员一,,,,是,\n党员二,0,-,,出差,去济南\n党员三,,,,,请假\no1-008,免考,免考,免考,否,\n"
    )
    assert brief(definitions, sheet) == [
        ("o1-001", "请假"),
        ("o1-002", "出差; 去济南"),
        ("o1-003", "请假"),
        ("o1-008", "免考"),
    ]
    assert findings(definitions, "姓名,表彰,比整洁,请假\n党员一,1,,是\n党员二,请假,,\n") == [
        "sheet.csv:2: 表彰: the row says '请假'; clear this cell, or that word",
        "sheet.csv:3: 表彰: '请假' in one cell does not exempt from the week; "
        "write it into the note of a row without points, or head a column '请假'",
    ]


@pytest.mark.parametrize("text", ["半天", "0.5", "11.18-11.19", "?", "待定", "11月18日"])
def test_what_says_neither_leave_nor_none_is_refused(definitions, text):
    (found,) = findings(definitions, f"姓名,比整洁,请假\n党员一,,{text}\n")
    assert found.startswith(f"sheet.csv:2: 请假: '{text}' does not say")


def test_leave_in_an_ignored_column_counts_too(definitions):
    assert brief(definitions, "姓名,比整洁,合计,排名\n党员一,,请假,\n") == [("o1-001", "请假")]


def test_one_person_twice_in_a_grid(definitions):
    sheet = GRID + "党员一,1\no1-002,1\nMember One,2\n"
    assert findings(definitions, sheet) == [
        "sheet.csv:4: 姓名: Member One is already in line 2; keep one row"
    ]


def test_totals_blanks_repeated_headings_and_footers_are_skipped(definitions):
    sheet = (
        "姓名,比整洁,隐患排查并闭环,合计,名次\n"
        "党员一,9,1,10,1\n,0,0,,\n,,,,\n小计,9,1,10,\n"
        "姓名,比整洁,隐患排查并闭环,合计,名次\n党员二,8,,8,2\n合 计,17,1,18,\n"
        "备注：以佐证为准,,,,\n填表人：,张三,审核：李四,,2026年11月22日\n"
    )
    found = admitted(definitions, sheet)
    assert [(e.subject, e.points) for e, _l, _c in found.entries] == [
        ("o1-001", 9),
        ("o1-001", 1),
        ("o1-002", 8),
    ]
    assert found.notices == [
        "compared, not recorded: 合计, 名次",
        "line 9 is left out: 备注：以佐证为准",
        "line 10 is left out: 填表人： | 张三 | 审核：李四 | 2026年11月22日",
    ]


def test_the_sum_of_the_totals_is_compared_too(definitions):
    sheet = "姓名,比整洁,合计\n党员一,9,9\n党员二,8,8\n合计,17,{}\n"
    compared = "compared, not recorded: 合计"
    assert admitted(definitions, sheet.format(17)).notices == [compared]
    wrong = "line 4: '合计' of 合计 is 999 in the sheet; as read it is 17"
    assert sorted(admitted(definitions, sheet.format(999)).notices) == sorted([compared, wrong])


@pytest.mark.parametrize("row", ["党员伍：,9", "填表人：张三,9", "党员六,9", "备注,,3"])
def test_a_last_row_with_points_is_no_footer(definitions, row):
    assert findings(definitions, f"姓名,比整洁,隐患排查并闭环\n党员一,9\n{row}\n")


def test_cells_without_a_heading_are_never_dropped_from_a_grid(definitions):
    assert findings(definitions, "姓名,比整洁,,合计\n党员一,9,3,9\n党员二,9,1,9\n") == [
        "sheet.csv:2: column 3 has no heading; write one, or clear it"
    ]


def test_a_note_without_points_is_told(definitions):
    assert admitted(definitions, GRID + "党员一,,,,,,,表现好,,\n").notices == [
        "line 2 has no points, so its note or evidence is not recorded"
    ]


# What a sheet may say by mistake is told, and taken all the same


def test_rows_that_say_the_same_are_told(definitions):
    sheet = (
        LONG + "党员一,表彰,1,,,扫\n党员二,表彰,1,,,扫\n党员一,表彰,1,,,扫\n党员一,表彰,1,,,再扫\n"
    )
    (said,) = admitted(definitions, sheet).notices
    assert said.startswith("line 2 and line 4 say the same")


def test_a_day_outside_the_week_is_told_and_of_many_the_first(definitions):
    days = ("2026-11-15", "2026-11-16", "2026-11-22", "")
    rows = "".join(f"党员一,表彰,1,,{day},{n}\n" for n, day in enumerate(days))
    assert admitted(definitions, LONG + rows).notices == [
        "line 2: 2026-11-15 is not a day of 2026-W47; it counts for 2026-W47"
    ]
    rows = "".join(f"党员一,表彰,1,,2026-10-01,{n}\n" for n in range(20))
    said = admitted(definitions, LONG + rows).notices
    assert len(said) == 6 and said[-1] == "and 15 more of this kind"


def test_a_bare_number_among_signed_ones_is_refused_whatever_the_heading(definitions):
    (found,) = findings(definitions, "姓名,比整洁（得分）\n党员一,+2\n党员二,9\n")
    assert found.startswith("sheet.csv:3: 比整洁（得分）: the column holds differences such as +2")


# Workbooks


def test_workbooks_name_cells(definitions):
    sheet = xlsx([["积分表"], ["姓名", "隐患排查并闭环", "比整洁"], ["党员一", 1, 99], ["甲", 1]])
    assert findings(definitions, sheet, "sheet.xlsx") == [
        "sheet.xlsx:Sheet1!C3: 99 is outside 0 to 14 of Tidiness",
        "sheet.xlsx:Sheet1!A4: unknown subject '甲'; 'qibi member list' lists them",
    ]
    (page,) = open_sheet("-", xlsx([["姓名", "比整洁"], ["党员一", 9]]))
    assert admit_page(page, Names(definitions), stamp()).entries[0][1:] == (2, "Sheet1!B2")


def test_dates_and_numbers_of_a_workbook(definitions):
    rows = [LONG.strip().split(","), ["党员一", "比整洁", 9.1 + 0.2, 1.0, date(2026, 11, 18)]]
    (entry,) = entries(definitions, xlsx(rows))
    assert (entry.points, entry.count, entry.date) == (9.3, 1, "2026-11-18")


def test_error_cells_and_formulas_without_a_value_are_refused(definitions):
    def fill_in(book):
        book.active.append(["姓名", "隐患排查并闭环", "比整洁"])
        book.active.append(["党员一", "=1+1", "#N/A"])

    assert findings(definitions, by_openpyxl(fill_in), "a.xlsx") == [
        "a.xlsx:Sheet!B2: this formula was never calculated (=1+1); open the sheet in a spreadsheet program and save it",
        "a.xlsx:Sheet!C2: '#N/A' is an error of the spreadsheet; type what is meant",
    ]


def test_merged_names_leave_and_footers(definitions):
    def long(book):
        sheet = book.active
        sheet.append(["姓名", "评分项", "分值", "说明"])
        sheet.append(["党员一", "表彰", 1, "宽"])
        sheet.append([None, "隐患排查并闭环", 1])
        sheet.append([None, None, None])
        sheet.append(["党员二", "表彰", 2])
        sheet.append(["填表人：张三"])
        sheet.merge_cells("A2:A4")
        sheet.merge_cells("D1:E1")
        sheet.merge_cells("D2:E2")
        sheet.merge_cells("A6:D6")

    assert brief(definitions, by_openpyxl(long)) == [
        ("o1-001", "safety.award", 1, 1),
        ("o1-001", "safety.hazard-closed", 1, 1),
        ("o1-002", "safety.award", 2, 1),
    ]

    def grid(book):
        sheet = book.active
        sheet.append(["姓名", "比安全", None, "比整洁"])
        sheet.append([None, "表彰", "隐患排查并闭环"])
        sheet.append(["党员一", "请假"])
        sheet.append(["党员二", 1, 1, 9])
        for cells in ("A1:A2", "B1:C1", "D1:D2", "B3:D3"):
            sheet.merge_cells(cells)

    assert brief(definitions, by_openpyxl(grid)) == [
        ("o1-001", "请假"),
        ("o1-002", "safety.award", 1, 1),
        ("o1-002", "safety.hazard-closed", 1, 1),
        ("o1-002", "tidiness", 9, 1),
    ]


# Whatever file it comes in, a table means the same


def as_csv(rows: list[list], encoding: str, delimiter: str = ",") -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter).writerows(rows)
    return buffer.getvalue().encode(encoding)


def fill(sheet, rows: list[list]) -> None:
    for number, row in enumerate(rows, 1):
        for column, value in enumerate(row, 1):
            cell = sheet.cell(number, column, value)
            if isinstance(value, str):
                cell.data_type = "s"  # also where it begins with =


TEXT = st.text(
    st.sampled_from("甲乙丙喆昇堃abcXYZ0189,;\"'\t\n（）=+-@ 　"), min_size=1, max_size=12
).filter(lambda text: not ESCAPED.match(text.strip()))  # of which a csv loses its apostrophe
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["党员一", "o1-002", "党员三"]),
        st.one_of(
            st.tuples(
                st.just("隐患排查并闭环"), st.none(), st.one_of(st.none(), st.integers(1, 40))
            ),
            st.tuples(st.just("表彰"), st.sampled_from([1, 2]), st.none()),
            st.tuples(
                st.sampled_from(["比整洁", "Tidiness"]),
                st.integers(0, 1400).map(lambda n: n / 100),
                st.sampled_from([None, 1]),
            ),
        ),
        st.one_of(st.none(), st.dates(date(2026, 11, 16), date(2026, 11, 22))),
        st.one_of(st.none(), TEXT.map(lambda text: f"记{text}")),
        st.one_of(st.none(), TEXT.map(lambda text: "照" + re.sub("[\n;；]", "", text))),
    ),
    min_size=1,
    max_size=15,
)


def test_a_csv_is_read_without_the_apostrophes_that_keep_text_from_being_a_formula(definitions):
    sheet = LONG + "党员一,随手拍,,1,,'=1+1,''-3,,\n党员三,表彰,1,,,'quoted',,,\n"
    assert [(e.note, e.evidence) for e in entries(definitions, sheet)] == [
        ("=1+1", ("'-3",)),
        ("'quoted'", ()),
    ]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(ROWS, st.integers(0, 3))
def test_the_same_table_gives_the_same_entries_from_every_file(definitions, rows, titles):
    table = [["积分表"]] * titles + [[*LONG.strip().split(",")[:7], "批准人"]]
    table[-1][2] = "得分"  # so that a bare 0 is a score
    scores = {
        (row[0], 0) if row[1][0] in ("比整洁", "Tidiness") else n: row for n, row in enumerate(rows)
    }
    rows = list(scores.values())  # one score a person
    table += [[who, *what, day, note, proof, "o1-008"] for who, what, day, note, proof in rows]
    files = [
        as_csv(table, "utf-8"),
        as_csv(table, "utf-8-sig", ";"),
        as_csv(table, "gb18030", "\t"),
        by_openpyxl(lambda book: fill(book.active, table)),
        xlsx(table),
    ]
    results = []
    for raw in files:
        (page,) = open_sheet("-", raw)
        found = admit_page(page, Names(definitions), stamp())
        assert len(found.entries) == len(rows)
        assert all(isinstance(entry, Score | Exempt) for entry, _l, _c in found.entries)
        results.append([encode(msgspec.structs.replace(e, cell="")) for e, _l, _c in found.entries])
    assert all(result == results[0] for result in results)
    expected = [
        round(100 * (points if points is not None else count or 1))
        for _who, (_item, points, count), *_rest in rows
    ]
    assert [entry.hundredths for entry, _l, _c in found.entries] == expected
