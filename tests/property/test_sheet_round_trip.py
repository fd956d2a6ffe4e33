"""A sheet that is filled in, read, written anew from what was read, and read again."""

import io
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import msgspec
import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qibi.base import language, points, weeks
from qibi.book.definitions import Definitions
from qibi.book.load import load
from qibi.ledger.admission import Stamp
from qibi.ledger.entries import Exempt, Score
from qibi.sheets.blank import Blank, Thing, blank, csv_bytes
from qibi.sheets.blank_xlsx import workbook
from qibi.sheets.files import open_sheet
from qibi.sheets.names import Names
from qibi.sheets.read import admit_page, is_score_sheet

WEEK = "2026-W47"
FIRST_ROW, FIRST_GRID_ROW = 4, 6  # as a spreadsheet counts
NASTY = ["=1+1", "@x", "-", "“3号坑”，第2次", "a\nb", "0", "_x0041_", "合计", "'=1", "备注：张三"]
BOOK = {
    "qibi.yaml": "id: test\nlanguage: zh-CN\ntimezone: Asia/Shanghai\n",
    "scheme/2026-W01.yaml": """
name: {zh: 七比, en: Seven}
total: {min: 0, max: 120}
second_from: 3
scorers: [{id: safety-officer, name: 安全员}, {id: supervisor, name: {zh: 监理, en: Li Ming}}]
criteria:
  - id: safety
    name: {zh: 比安全, en: Safety}
    applies_to: [member, cp]
    base: 10
    min: 0
    max: 14
    items:
      - {id: closed, name: {zh: 隐患排查并闭环, en: Hazard closed}, points: 1, per: count, cap: 3, evidence: required}
      - {id: late, name: {zh: 逾期, en: Late}, points: -0.5, per: day, cap: -3}
      - {id: stop, name: 停工, points: -5}
      - {id: award, name: {zh: 表彰, en: Award}, points: [1, 2.5]}
      - {id: ignored, name: 通报, points: {from: -2, to: -1}}
      - {id: hidden, name: 隐瞒, points: 0, veto: {total: 0}}
      - {id: leave, name: 请假, points: -1}
  - id: quality
    name: 比质量
    applies_to: [member]
    base: 10
    min: 0
    max: 14
    items: [{id: late, name: {zh: 逾期, en: Late}, points: -1}, {id: range, name: 差错, points: {from: -2, to: -1}, per: count}]
  - {id: tidiness, name: 比整洁, applies_to: [member], base: 10, min: 0, max: 14, scoring: direct}
  - id: life
    name: 组织生活
    applies_to: [branch]
    base: 10
    min: 0
    max: 14
    items: [{id: missed, name: 缺席, points: -1, per: count}]
""",
    "branches/one.yaml": """
id: one
name: 一支部
members:
  - {id: a-1, name: {zh: 党员一, en: Member One}}
  - {id: a-2, name: 张伟}
  - {id: a-3, name: 张伟}
  - {id: a-4, name: Li Ming}
  - {id: a-5, name: 欧阳（兼）}
cps: [{id: a-cp, name: 一标CP, members: {heating: a-1, design: a-2}}]
""",
    "branches/two.yaml": "id: two\nname: 二支部\nmembers: [{id: b-1, name: 党员一}, {id: a-6, name: 王五}]\n",
}


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> Definitions:
    folder: Path = tmp_path_factory.mktemp("book")
    for path, text in BOOK.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text.lstrip(), "utf-8")
    return load(folder)


@dataclass(frozen=True)
class Row:
    """What someone types into a row of the long form, and what it must come to."""

    cells: dict[str, object]
    expected: tuple


def a_row(draw: st.DrawFn, sheet: Blank) -> Row:
    subject = draw(st.sampled_from(sheet.subjects))
    thing = draw(st.sampled_from([t for t in sheet.things if subject.kind in t.kinds]))
    times = draw(st.integers(1, 40)) if thing.per else 1
    one = draw(st.sampled_from(thing.options or (thing.low, thing.high)))
    judge = draw(st.sampled_from([p for p in sheet.scorers if p.id != subject.id]))
    approver = draw(st.sampled_from([p for p in sheet.approvers if p.id != subject.id]))
    day = weeks.sunday(WEEK) - timedelta(days=draw(st.integers(0, 9)))
    note = draw(st.sampled_from([*NASTY, ""]) | st.text("ab，。 施工Ａ１", max_size=9))
    given_points = draw(st.booleans()) or not thing.by_count
    cells = {
        "subject": subject.shown,
        "item": thing.shown,
        "count": times if times > 1 or draw(st.booleans()) else None,
        "points": points.to_number(one * times) if given_points else None,
        "date": draw(st.sampled_from([day, day.isoformat(), None])),
        "evidence": draw(st.sampled_from(["照片1；照片2", "锦旗2026-003"])),
        "scored_by": judge.shown,
        "approved_by": approver.shown if approver.id != judge.id else None,
        "note": note or None,
    }
    if cells["approved_by"] is None and abs(one * times) >= 300:
        cells["approved_by"] = next(
            p.shown for p in sheet.approvers if p.id not in (judge.id, subject.id)
        )
    return Row(cells, (subject.id, thing.id, points.to_number(one * times), times))


@st.composite
def filled_rows(draw: st.DrawFn, sheet: Blank) -> list[Row]:
    rows = [a_row(draw, sheet) for _ in range(draw(st.integers(0, 6)))]
    scored = {row.expected[0] for row in rows}
    away = [s for s in sheet.subjects if s.id not in scored]
    if away and draw(st.booleans()):
        who, why = draw(st.sampled_from(away)), draw(st.sampled_from(["探亲假", "免考", None]))
        cells = {"subject": who.shown, "item": sheet.exempt[0], "note": why}
        rows.append(Row(cells, (who.id, why or sheet.exempt[0])))
    return rows


def entries(definitions: Definitions, raw: bytes, name: str = "sheet.xlsx") -> list[Score | Exempt]:
    pages = open_sheet(name, raw)
    (page,) = [p for p in pages if is_score_sheet(p, Names(definitions), WEEK)]
    stamp = Stamp(WEEK, "one", "b-1", "2026-11-23T09:00:00+08:00", "")
    found = admit_page(page, Names(definitions), stamp).entries
    return [msgspec.structs.replace(entry, cell="") for entry, _line, _cell in found]


def short(sheet: Blank) -> Blank:
    """A sheet of a few rows, which is written and read several times as fast."""
    return replace(sheet, rows=8)


def brief(entry: Score | Exempt) -> tuple:
    if isinstance(entry, Exempt):
        return (entry.subject, entry.note)
    return (entry.subject, entry.item, entry.points, entry.count)


def put(worksheet, row: int, column: int, value: object) -> None:
    cell = worksheet.cell(row, column)
    assert not cell.protection.locked
    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"  # as typed in a cell for text, not as a formula


ORDER = ["subject", "item", "count", "points", "date", "evidence", "scored_by", "approved_by"]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data(), st.sampled_from(["zh", "en"]))
def test_a_filled_sheet_read_and_written_anew_is_the_same(definitions, data, spoken):
    language.use(spoken)
    scheme = definitions.scheme(WEEK)
    empty = short(blank(definitions, scheme, "one", WEEK))
    rows = data.draw(filled_rows(empty))
    book = openpyxl.load_workbook(io.BytesIO(workbook(empty, ())))
    for number, row in enumerate(rows):
        for column, name in enumerate([*ORDER, "note"], 2):
            put(book.worksheets[0], FIRST_ROW + number, column, row.cells.get(name))
    out = io.BytesIO()
    book.save(out)

    first = entries(definitions, out.getvalue())
    assert [brief(e) for e in first] == [row.expected for row in rows]
    again = short(blank(definitions, scheme, "one", WEEK, entries=first))
    written = workbook(again, ())
    assert entries(definitions, written) == first
    assert short(blank(definitions, scheme, "one", WEEK, entries=first)) == again
    assert entries(definitions, csv_bytes(again), "sheet.csv") == first


def in_grid(draw: st.DrawFn, thing: Thing) -> tuple[object, list[tuple]]:
    """A grid's cell, and the points and count of each entry that it comes to."""
    if not thing.by_count:
        worth = draw(st.sampled_from(thing.options or (thing.low, thing.high)))
        nothing = thing.is_item and worth == 0
        return points.to_number(worth), [] if nothing else [(points.to_number(worth), 1)]
    times = draw(st.integers(0, 3))
    one = thing.options[0]
    if thing.per:
        return times, [(points.to_number(one * times), times)] if times else []
    return times, [(points.to_number(one), 1)] * times


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data(), st.sampled_from(["zh", "en"]))
def test_a_filled_grid_comes_to_what_its_cells_say(definitions, data, spoken):
    language.use(spoken)
    scheme = definitions.scheme(WEEK)
    items = [item.id for item in scheme.items()]
    sheet = blank(definitions, scheme, "one", WEEK, "grid", items)
    book = openpyxl.load_workbook(io.BytesIO(workbook(sheet, ())))
    front, expected = book.worksheets[0], []
    for number, subject in enumerate(sheet.subjects):
        row = FIRST_GRID_ROW + number
        behind = 3 + len(sheet.things)
        if data.draw(st.sampled_from([False, False, False, True])):
            put(front, row, behind, "探亲假")
            expected.append((subject.id, "探亲假"))
            continue
        other = next(p for p in sheet.approvers if p.id != subject.id)
        put(front, row, behind + 2, "照片1")
        put(front, row, behind + 4, other.shown)
        for place, thing in enumerate(sheet.things):
            if subject.kind not in thing.kinds:
                assert front.cell(row, 3 + place).protection.locked
            elif data.draw(st.booleans()):
                value, worth = data.draw(st.composite(in_grid)(thing))
                put(front, row, 3 + place, value)
                expected += [(subject.id, thing.id, *w) for w in worth]
    out = io.BytesIO()
    book.save(out)
    assert [brief(e) for e in entries(definitions, out.getvalue())] == expected
