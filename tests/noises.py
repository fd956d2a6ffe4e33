"""What happens to real score sheets: each function here does one such thing to a sheet.

It is registered under a kind of the issue, with what has to come of the sheet then: `READ` where it is
to be understood, `EITHER` where it may be refused as well, `REFUSE` where no entry of it is right.
A function returns False where it does not fit the sheet, and then has left it as it was.
"""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from noisy_books import BRANCHES, RECORDER, number
from noisy_sheets import (
    EITHER,
    MONDAY,
    NOTHING,
    READ,
    REFUSE,
    Cell,
    Column,
    Event,
    Line,
    Sheet,
    points_text,
    traditional,
)


@dataclass(frozen=True)
class Noise:
    kind: str
    expect: str
    apply: Callable[[Sheet, random.Random], bool]


NOISES: list[Noise] = []


def noise(kind: str, expect: str = READ) -> Callable:
    """Register a transformation."""

    def register(function: Callable[[Sheet, random.Random], bool]) -> Callable:
        NOISES.append(Noise(kind, expect, function))
        return function

    return register


def _numeric(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _some_amount(sheet: Sheet, rng: random.Random, plain: bool = False) -> tuple[Line, str] | None:
    """A cell with a number that counts; `plain`: one that holds a number and nothing else."""
    found = list(sheet.amounts())
    if plain:
        found = [
            (line, key)
            for line, key in found
            if _numeric(line.cells[key].value)
            and not (line.cells[key].style or line.cells[key].formula)
        ]
    return rng.choice(found) if found else None


def _insert(sheet: Sheet, rng: random.Random, column: Column, first: bool = False) -> None:
    if first:
        sheet.columns.insert(0, column)
    else:
        end = sheet.columns[-1]
        # never within a merged group of columns
        places = [
            n
            for n in range(1, len(sheet.columns) + 1)
            if n == len(sheet.columns)
            or not sheet.columns[n].above
            or not sheet.columns[n - 1].above
        ]
        assert end
        sheet.columns.insert(rng.choice(places), column)


# 2. What Excel shows


@noise("percent format", REFUSE)
def percent(sheet, rng):
    found = _some_amount(sheet, rng, plain=True)
    if not found:
        return False
    line, key = found
    if sheet.workbook:
        line.cells[key].style = {"num_format": rng.choice(["0%", "0.00%"])}
        line.cells[key].value = rng.choice([0.95, 1, 0.5, 2])
    else:
        line.cells[key].value = f"{rng.choice([95, 100, 50, 200])}%"
    return True


@noise("format that turns the sign", EITHER)
def turned_sign(sheet, rng):
    found = _some_amount(sheet, rng, plain=True)
    if not found or not sheet.workbook:
        return False
    line, key = found
    value = line.cells[key].value
    if not isinstance(value, int) or not value:
        return False
    line.cells[key].value = -value
    line.cells[key].style = {"num_format": "-0;0"}
    return True


@noise("format that rounds", REFUSE)
def rounding(sheet, rng):
    found = _some_amount(sheet, rng, plain=True)
    if not found or not sheet.workbook:
        return False
    line, key = found
    if not isinstance(line.cells[key].value, int):
        return False
    line.cells[key].value += 0.4
    line.cells[key].style = {"num_format": "0"}
    return True


@noise("format that hides the number", REFUSE)
def invisible(sheet, rng):
    found = _some_amount(sheet, rng, plain=True)
    if not found or not sheet.workbook or not found[0].cells[found[1]].value:
        return False
    found[0].cells[found[1]].style = {"num_format": ";;;"}
    return True


def _hide(sheet: Sheet, rng: random.Random) -> list[Line] | None:
    """Hide some rows that mean something."""
    lines = [line for line in sheet.data if line.events]
    if not lines or not sheet.workbook or sheet.hidden:
        return None
    hidden = rng.sample(lines, rng.randint(1, min(2, len(lines))))
    for line in hidden:
        line.hidden = True
    sheet.filtered = rng.random() < 0.5
    return hidden


@noise("hidden rows", REFUSE)
def hidden_rows(sheet, rng):
    return bool(_hide(sheet, rng))


@noise("hidden rows, --hidden read")
def hidden_rows_read(sheet, rng):
    if not _hide(sheet, rng):
        return False
    sheet.hidden = "read"
    return True


@noise("hidden rows, --hidden skip")
def hidden_rows_skipped(sheet, rng):
    if sheet.bare or any(line.kind == "sum" for line in sheet.lines):
        return False
    hidden = _hide(sheet, rng)
    if not hidden:
        return False
    sheet.hidden = "skip"
    for line in hidden:
        line.events = []
        sheet.exempt.pop(line.subject, None)
    return True


@noise("hidden columns that count", REFUSE)
def hidden_columns(sheet, rng):
    found = _some_amount(sheet, rng)
    if not found or not sheet.workbook or sheet.hidden:
        return False
    sheet.column(found[1]).hidden = True
    return True


@noise("hidden column of a number or a unit")
def hidden_harmless(sheet, rng):
    if not sheet.workbook or sheet.column("number"):
        return False
    running(sheet, rng)
    sheet.column("number").hidden = True
    return True


@noise("row struck out", REFUSE)
def struck_row(sheet, rng):
    lines = [line for line in sheet.data if line.events]
    if not lines or not sheet.workbook:
        return False
    for cell in rng.choice(lines).cells.values():
        cell.style = cell.style | {"font_strikeout": True}
    return True


@noise("cell struck out", REFUSE)
def struck_cell(sheet, rng):
    found = _some_amount(sheet, rng)
    if not found or not sheet.workbook:
        return False
    line, key = found
    key = rng.choice([key, key, "subject"] + (["item"] if sheet.form == "long" else []))
    line.cells[key].style = line.cells[key].style | {"font_strikeout": True}
    return True


@noise("part of a cell struck out", REFUSE)
def struck_part(sheet, rng):
    found = _some_amount(sheet, rng, plain=True)
    if not found or sheet.medium != "xlsxwriter":
        return False
    cell = found[0].cells[found[1]]
    cell.runs = [("strike", "1"), ("", str(cell.value))]
    return True


@noise("superscript", REFUSE)
def superscript(sheet, rng):
    found = _some_amount(sheet, rng, plain=True)
    if not found or sheet.medium != "xlsxwriter":
        return False
    cell = found[0].cells[found[1]]
    cell.runs = [("", str(cell.value)), ("super", rng.choice(["1", "2", "①"]))]
    return True


@noise("calculated formula")
def formula(sheet, rng):
    if sheet.medium != "xlsxwriter":
        return False
    done = False
    for line, key in sheet.amounts():
        cell = line.cells[key]
        if _numeric(cell.value) and cell.value and not cell.runs and rng.random() < 0.4:
            cell.formula = f"={cell.value}+0"
            done = True
    return done


@noise("formula never calculated", REFUSE)
def stale_formula(sheet, rng):
    found = _some_amount(sheet, rng, plain=True)
    if not found or not sheet.workbook:
        return False
    cell = found[0].cells[found[1]]
    cell.formula, cell.stale = "=10+1", True
    return True


@noise("error value", REFUSE)
def error_value(sheet, rng):
    found = _some_amount(sheet, rng)
    if not found:
        return False
    line, key = found
    key = rng.choice([key, key, "subject"] + (["item"] if sheet.form == "long" else []))
    text = rng.choice(["#N/A", "#REF!", "#VALUE!", "#DIV/0!"])
    line.cells[key] = Cell(text, formula="=NA()" if sheet.medium == "xlsxwriter" else "")
    return True


@noise("merged numbers", REFUSE)
def merged_numbers(sheet, rng):
    if not sheet.workbook:
        return False
    for first, second in zip(sheet.lines, sheet.lines[1:], strict=False):
        if not (first.kind == second.kind == "data") or not first.amounts:
            continue
        key = rng.choice(first.amounts)
        if first.cells[key].empty or not second.events:
            continue
        if sheet.form == "long" and (key not in second.amounts or second.cells[key].empty):
            continue
        if any(key == k and line in (first, second) for line, _o, k, _e in sheet.spans):
            continue
        second.cells[key] = Cell()
        sheet.spans.append((first, second, key, key))
        return True
    return False


@noise("merged names")
def merged_names(sheet, rng):
    return sheet.form == "long" and _merge_equal(sheet, "subject")


@noise("merged notes")
def merged_notes(sheet, rng):
    return sheet.form == "long" and _merge_equal(sheet, "note")


@noise("merged evidence or dates", EITHER)
def merged_evidence(sheet, rng):
    return sheet.form == "long" and _merge_equal(sheet, rng.choice(["evidence", "date"]))


@noise("merged items", REFUSE)
def merged_items(sheet, rng):
    return sheet.form == "long" and _merge_equal(sheet, "item")


def _merge_equal(sheet: Sheet, key: str) -> bool:
    """Merge the cells of a column, where they say the same in rows that follow one another."""
    if not sheet.workbook or any(k == key for _f, _s, k, _e in sheet.spans):
        return False
    done = False
    lines = sheet.lines
    start = 0
    while start < len(lines):
        end = start
        while (
            end + 1 < len(lines)
            and lines[end + 1].kind == lines[start].kind == "data"
            and lines[end + 1].events
            and bool(lines[start].events)
            and not lines[start].cells.get(key, Cell()).empty
            and not lines[end].hidden
            and lines[end + 1].cells.get(key, Cell()) == lines[start].cells.get(key, Cell())
        ):
            end += 1
        if end > start:
            for line in lines[start + 1 : end + 1]:
                line.cells[key] = Cell()
            sheet.spans.append((lines[start], lines[end], key, key))
            done = True
        start = end + 1
    return done


@noise("dates counted from 1904", EITHER)
def from_1904(sheet, rng):
    dated = [line for line in sheet.data if isinstance(line.cells.get("date", Cell()).value, date)]
    if sheet.medium != "xlsxwriter" or not dated:
        return False
    sheet.date1904 = True
    return True


@noise("date as a bare serial number", EITHER)
def serial(sheet, rng):
    dated = [line for line in sheet.data if isinstance(line.cells.get("date", Cell()).value, date)]
    if not dated or sheet.date1904:
        return False
    for line in dated:
        line.cells["date"] = Cell((line.cells["date"].value - date(1899, 12, 30)).days)
    return True


@noise("the same cell twice in the file", REFUSE)
def double_cell(sheet, rng):
    found = _some_amount(sheet, rng, plain=True)
    if not found or not sheet.workbook:
        return False
    sheet.kinds.append("double:" + found[1])
    found[0].cells[found[1]].comment = "double"
    return True


@noise("stray cell beside the table", EITHER)
def stray(sheet, rng):
    lines = [line for line in sheet.data if line.events]
    if not lines:
        return False
    rng.choice(lines).beyond[rng.choice([1, 2, 5])] = Cell(rng.choice(["x", 3, "核对", "√"]))
    return True


@noise("far stray cell", EITHER)
def far_stray(sheet, rng):
    if not sheet.workbook or not sheet.lines:
        return False
    rng.choice(sheet.lines).beyond[700] = Cell(" ")
    return True


@noise("number below the table", REFUSE)
def stray_below(sheet, rng):
    found = _some_amount(sheet, rng, plain=True)
    if not found:
        return False
    key = found[1]
    sheet.lines.append(Line("lone", {key: Cell(rng.choice([2, 3, 7]))}))
    return True


@noise("comments on cells")
def comments(sheet, rng):
    if not sheet.workbook:
        return False
    for line, key in sheet.amounts():
        if rng.random() < 0.3:
            line.cells[key].comment = "已核对"
    return True


@noise("a page of lists")
def lists_page(sheet, rng):
    if not sheet.workbook:
        return False
    sheet.pages.append((rng.choice(["下拉", "Lists"]), [["可选项"], ["隐患整改"], ["返工"]]))
    return True


# 3. Numbers


@noise("full-width digits")
def full_width(sheet, rng):
    done = False
    for line, key in sheet.amounts():
        cell = line.cells[key]
        if cell.style or cell.formula or cell.runs or rng.random() < 0.3:
            continue
        wide = {n: n + 0xFEE0 for n in range(0x21, 0x7F) if not chr(n).isalpha()}
        wide = wide if rng.random() < 0.5 else {n: n + 0xFEE0 for n in range(0x30, 0x3A)}
        cell.value = str(cell.value).translate(wide)
        done = True
    return done


@noise("numbers as text, with blanks")
def text_numbers(sheet, rng):
    done = False
    for line, key in sheet.amounts():
        cell = line.cells[key]
        if cell.style or cell.formula or cell.runs:
            continue
        cell.value = rng.choice(["{}", " {}", "{} ", "　{}"]).format(cell.value)
        done = True
    return done


@noise("words for nothing")
def nothing(sheet, rng):
    mark = rng.choice(NOTHING)
    done = False
    optional = {"note", "evidence", "date", "scored_by", "approved_by", "count", "plus", "minus"}
    for line in sheet.data:
        if not line.events:
            continue
        for column in sheet.columns:
            fits = column.key in optional or (sheet.form == "grid" and _is_thing(sheet, column.key))
            if fits and line.cells.get(column.key, Cell()).empty and rng.random() < 0.6:
                if any(column.key == k for _f, _s, k, _e in sheet.spans):
                    continue
                line.cells[column.key] = Cell(mark)
                done = True
        if sheet.form == "long" and not _happened(sheet, line):
            line.events = []
    return done


def _happened(sheet: Sheet, line: Line) -> bool:
    """Whether a row of the long form states a number, or has no dash where one could be."""
    keys = [
        k
        for k in ("count", "points", "score", "difference", "plus", "minus", "reviewed")
        if sheet.column(k)
    ]
    texts = [line.cells.get(k, Cell()).value for k in keys]
    return any(t is not None and t not in NOTHING for t in texts) or not any(
        t in NOTHING for t in texts
    )


def _is_thing(sheet: Sheet, key: str) -> bool:
    return any(t.id == key for t in sheet.world.things)


@noise("noughts in empty cells")
def noughts(sheet, rng):
    if sheet.form != "grid":
        return False
    done = False
    items = [t.id for t in sheet.world.things if not t.direct]
    for line in sheet.data:
        for key in items:
            if sheet.column(key) and line.cells.get(key, Cell()).empty and rng.random() < 0.7:
                line.cells[key] = rng.choice([Cell(0), Cell("0")])
                done = True
    return done


@noise("signs that are no digits", REFUSE)
def no_digits(sheet, rng):
    found = _some_amount(sheet, rng, plain=True)
    if not found:
        return False
    cell = found[0].cells[found[1]]
    cell.value = rng.choice([f"{cell.value}①", f"{cell.value}²", "①", "½", "1½", "②", "Ⅱ", "㈠"])
    return True


@noise("decimal comma", REFUSE)
def decimal_comma(sheet, rng):
    found = _some_amount(sheet, rng, plain=True)
    if not found:
        return False
    cell = found[0].cells[found[1]]
    cell.value = f"{int(cell.value)},5"
    return True


@noise("no number at all", REFUSE)
def no_number(sheet, rng):
    found = _some_amount(sheet, rng)
    if not found:
        return False
    cell = found[0].cells[found[1]]
    found[0].cells[found[1]] = Cell(
        rng.choice(["x1.5", "x-2", "2-3", "约2", "2/3", "1e1", "+-2", "2?", "x", "2.555", "99999"])
    )
    return bool(cell)


# 5. Headings


@noise("blanks and line breaks in headings")
def spaced_headings(sheet, rng):
    done = False
    for column in sheet.columns:
        if rng.random() < 0.6 and len(column.heading) > 1 and not column.heading.isascii():
            place = rng.randint(1, len(column.heading) - 1)
            gap = rng.choice([" ", "　", "\n" if sheet.line_end != "\r" else " ", "  "])
            column.heading = column.heading[:place] + gap + column.heading[place:]
            done = True
    return done


@noise("heading once more")
def repeated_heading(sheet, rng):
    if sheet.two_rows or len(sheet.lines) < 2 or not any(x.events for x in sheet.data):
        return False
    place = rng.randint(1, len(sheet.lines) - 1)
    if any(_within(sheet, place, first, last) for first, last, _k, _e in sheet.spans):
        return False
    sheet.lines.insert(place, Line("heading"))
    return True


def _within(sheet: Sheet, place: int, first: Line, last: Line) -> bool:
    return sheet.lines.index(first) < place <= sheet.lines.index(last)


@noise("heading once more, in another order", REFUSE)
def swapped_heading(sheet, rng):
    if not repeated_heading(sheet, rng):
        return False
    below = sheet.lines[1 + max(n for n, x in enumerate(sheet.lines) if x.kind == "heading") :]
    if not any(x.events for x in below):
        return False
    heading = [line for line in sheet.lines if line.kind == "heading"][-1]
    keys = [c.key for c in sheet.columns]
    one, other = rng.sample(range(len(keys)), 2)
    keys[one], keys[other] = keys[other], keys[one]
    heading.free = [sheet.column(key).heading for key in keys]
    heading.kind = "free"
    return True


@noise("running numbers")
def running(sheet, rng):
    if sheet.column("number"):
        return False
    sheet.columns.insert(0, Column("number", sheet.word("number")))
    for n, line in enumerate(sheet.data, start=1):
        line.cells["number"] = Cell(n)
    return True


@noise("columns about people")
def about(sheet, rng):
    if sheet.column("about"):
        return False
    _insert(sheet, rng, Column("about", sheet.word("about")))
    for line in sheet.data:
        line.cells["about"] = Cell(rng.choice(["工程科", "焊接一班", "技术员", "Team A"]))
    if rng.random() < 0.5:
        _insert(sheet, rng, Column("phone", sheet.word("phone")))
        for line in sheet.data:
            line.cells["phone"] = Cell(rng.choice([13800000001, "13900000002", "0531-8000"]))
    return True


@noise("column of the branch")
def branch_column(sheet, rng):
    if sheet.column("branch"):
        return False
    _insert(sheet, rng, Column("branch", sheet.word("branch")))
    for line in sheet.data:
        line.cells["branch"] = Cell(BRANCHES[sheet.world.homes[line.subject]])
    return True


@noise("unknown column of words")
def unknown_words(sheet, rng):
    _insert(sheet, rng, Column("unknown", rng.choice(["天气", "机械", "材料名称", "Weather"])))
    for line in sheet.data:
        line.cells["unknown"] = Cell(rng.choice(["晴", "挖掘机", "钢管", "fine"]))
    return True


@noise("unknown column of numbers", REFUSE)
def unknown_numbers(sheet, rng):
    if not any(line.events for line in sheet.data):
        return False
    _insert(sheet, rng, Column("unknown", rng.choice(["指数", "台班", "附加", "Extra", "扣款"])))
    for line in sheet.data:
        line.cells["unknown"] = Cell(rng.choice([1, 2, 5]))
    return True


@noise("tariff that differs", REFUSE)
def wrong_tariff(sheet, rng):
    column = sheet.column("tariff")
    lines = [x for x in sheet.data if column and x.events and not x.cells["tariff"].empty]
    if not lines:
        return False
    line = rng.choice(lines)
    line.cells["tariff"] = Cell(number(line.events[0].thing.fixed + 100 * rng.choice([7, -9])))
    return True


@noise("sign column that contradicts", REFUSE)
def wrong_sign(sheet, rng):
    if not sheet.column("sign"):
        return False
    lines = [line for line in sheet.data if line.events]
    if not lines:
        return False
    line = rng.choice(lines)
    line.cells["sign"] = Cell("扣分" if line.events[0].points > 0 else "加分")
    return True


@noise("points in the wrong one of two columns", REFUSE)
def wrong_column(sheet, rng):
    if not sheet.column("plus"):
        return False
    found = [(line, k) for line, k in sheet.amounts() if k in ("plus", "minus")]
    found = [(line, k) for line, k in found if not line.events[0].thing.direct]
    if not found:
        return False
    line, key = rng.choice(found)
    other = "minus" if key == "plus" else "plus"
    line.cells[other], line.cells[key] = line.cells[key], Cell()
    line.amounts = [other if k == key else k for k in line.amounts]
    return True


STATUS_GOOD = ["通过", "已通过", "同意", "approved", "Approved", "审核通过"]
STATUS_BAD = ["驳回", "已驳回", "待审核", "rejected", "pending", "不通过", "未通过", "待核实"]


@noise("status, all approved")
def status_good(sheet, rng):
    if sheet.column("status"):
        return False
    _insert(sheet, rng, Column("status", sheet.word("status")))
    for line in sheet.data:
        line.cells["status"] = Cell(rng.choice(STATUS_GOOD))
    return True


def _reject(sheet: Sheet, rng: random.Random) -> list[Line]:
    if not any(line.events for line in sheet.data) or not status_good(sheet, rng):
        return []
    lines = [line for line in sheet.data if line.events]
    bad = rng.sample(lines, rng.randint(1, min(2, len(lines))))
    for line in bad:
        line.cells["status"] = Cell(rng.choice(STATUS_BAD))
    return bad


@noise("status, some rejected", REFUSE)
def status_bad(sheet, rng):
    return bool(_reject(sheet, rng))


@noise("status, some rejected, --status skip")
def status_skipped(sheet, rng):
    if sheet.bare or any(line.kind == "sum" for line in sheet.lines):
        return False
    bad = _reject(sheet, rng)
    for line in bad:
        sheet.status = "skip"
        line.events = []
    return bool(bad)


@noise("status, some rejected, --status read")
def status_read(sheet, rng):
    if not _reject(sheet, rng):
        return False
    sheet.status = "read"
    return True


@noise("bracket after the item that agrees")
def bracket(sheet, rng):
    if sheet.form != "long":
        return False
    done = False
    for line in sheet.data:
        for event in line.events:
            fixed = event.thing.fixed
            if fixed is None or event.thing.direct or rng.random() < 0.3:
                continue
            size = f"{number(fixed):+}"
            texts = [f"（{size}分）", f"（{size}）"]
            if event.thing.per == "count":
                texts.append(f"（{size}/次）")
            if event.thing.per == "day":
                texts.append(f"（{size}/天）")
            line.cells["item"].value = str(line.cells["item"].value) + rng.choice(texts)
            done = True
    return done


@noise("bracket after the item that disagrees", REFUSE)
def wrong_bracket(sheet, rng):
    found = [(line, e) for line in sheet.data for e in line.events if e.thing.fixed is not None]
    if sheet.form != "long" or not found:
        return False
    line, event = rng.choice(found)
    fixed = event.thing.fixed
    texts = [f"（{number(fixed + 500):+}）", f"（{number(-fixed):+}分）", "（已撤销，不扣分）"]
    line.cells["item"].value = str(line.cells["item"].value) + rng.choice(texts)
    return True


@noise("unknown item", REFUSE)
def unknown_item(sheet, rng):
    lines = [line for line in sheet.data if line.events]
    if sheet.form != "long" or not lines:
        return False
    rng.choice(lines).cells["item"] = Cell(rng.choice(["购置设备", "看电影", "Lunch", "其他"]))
    return True


@noise("column of an unknown item", REFUSE)
def unknown_thing(sheet, rng):
    if sheet.form != "grid" or not any(line.events for line in sheet.data):
        return False
    _insert(sheet, rng, Column("unknown", rng.choice(["购置设备", "植树造林", "Lunch break"])))
    for line in sheet.data:
        line.cells["unknown"] = Cell(rng.choice(["1", "+2", "√", "2次"]))
    return True


@noise("two judges, by the scheme")
def judges_combined(sheet, rng):
    return _second_judge(sheet, rng, ("mean", "latest"))


@noise("two judges of whom the scheme says nothing", REFUSE)
def judges_refused(sheet, rng):
    return _second_judge(sheet, rng, ("",))


def _second_judge(sheet: Sheet, rng: random.Random, rules: tuple[str, ...]) -> bool:
    column = next((k for k in ("score", "reviewed") if sheet.column(k)), "")
    if sheet.form != "long" or not column or sheet.spans:
        return False
    found = [
        line
        for line in sheet.data
        for e in line.events
        if e.thing.direct and e.thing.judges in rules and _numeric(line.cells[column].value)
        and not line.cells[column].style and e.thing.low >= 0
    ]  # fmt: skip
    if not found:
        return False
    first = rng.choice(found)
    event = first.events[0]
    if "scored_by" in first.cells:
        first.cells["scored_by"] = Cell()
    for key in ("date", "note"):
        first.cells[key] = Cell()
    event.date = event.note = event.scored_by = ""
    score = rng.choice(range(event.thing.low, event.thing.high + 1, 100))
    second = Line(cells={k: replace(c) for k, c in first.cells.items()}, subject=first.subject)
    second.cells[column] = typed_number(number(score))
    second.amounts = [column]
    sheet.lines.insert(sheet.lines.index(first) + 1, second)
    first.amounts = [column]
    first.cells[column] = typed_number(first.cells[column].value)
    if event.thing.judges == "mean":
        event.said = (str(number(event.points)), str(number(score)))
        event.points = (event.points + score + 1) // 2
    elif event.thing.judges == "latest":
        event.points = score
    return True


def typed_number(value: int | float) -> Cell:
    return Cell(value)


# 6. Leave

YES = ["是", "请假", "病假", "事假", "√", "Y", "yes", "TRUE"]
NO = ["", "否", "无", "—", "N", "no", "FALSE", "0"]


def _leave_column(sheet: Sheet, rng: random.Random, word: str | bool) -> Line | None:
    """A column of leave, and a row of somebody who is on it."""
    people = sheet.free_people()
    if sheet.column("leave") or not people or not any(line.events for line in sheet.data):
        return None
    _insert(sheet, rng, Column("leave", sheet.word("leave")))
    for line in sheet.data:
        no = rng.choice(NO)
        line.cells["leave"] = Cell(False if no == "FALSE" and sheet.workbook else no)
    key = rng.choice(people)
    line = Line(subject=key, cells={"subject": Cell(sheet.world.people[key]), "leave": Cell(word)})
    for other in sheet.data[:1]:
        if "status" in other.cells:
            line.cells["status"] = Cell("通过")
        for name in ("number", "about", "branch", "unknown"):
            if name in other.cells:
                line.cells[name] = replace(other.cells[name], comment="")
                if name == "number":
                    line.cells[name].value = len(sheet.data) + 1
    last = max(n for n, other in enumerate(sheet.lines) if other.kind == "data")
    sheet.lines.insert(last + 1, line)
    return line


@noise("leave in a column of its own")
def leave_column(sheet, rng):
    word = rng.choice(YES)
    line = _leave_column(sheet, rng, True if word == "TRUE" and sheet.workbook else word)
    if not line:
        return False
    note = ""
    if sheet.column("note") and rng.random() < 0.5:
        note = "回家探亲"
        line.cells["note"] = Cell(note)
    sheet.exempt[line.subject] = note
    return True


@noise("leave: half days and dates", REFUSE)
def leave_half(sheet, rng):
    return bool(
        _leave_column(sheet, rng, rng.choice(["半天", "0.5", "0.5天", "11.18", "上午", "?"]))
    )


@noise("leave as an item, or in a note")
def leave_word(sheet, rng):
    people = sheet.free_people()
    if not people or not sheet.data or sheet.column("status"):
        return False
    key = rng.choice(people)
    line = Line(subject=key, cells={"subject": Cell(sheet.world.people[key])})
    word = "请假" if sheet.language != "en" else "leave"
    if sheet.form == "long":
        line.cells["item"] = Cell(word)
    elif sheet.column("note"):
        line.cells["note"] = Cell(word)
    else:
        return False
    last = max(n for n, other in enumerate(sheet.lines) if other.kind == "data")
    sheet.lines.insert(last + 1, line)
    sheet.exempt[key] = ""
    return True


@noise("leave in one cell of a grid", REFUSE)
def leave_cell(sheet, rng):
    things = [c.key for c in sheet.columns if _is_thing(sheet, c.key)]
    if sheet.form != "grid" or len(things) < 2 or not sheet.data:
        return False
    line = rng.choice(sheet.data)
    key = rng.choice(things)
    if line.subject in sheet.exempt or line.hidden or (sheet.status and not line.events):
        return False
    line.cells[key] = Cell("请假")
    return not all(line.cells.get(k, Cell()).value == "请假" for k in things)


@noise("leave of somebody with points", REFUSE)
def leave_and_points(sheet, rng):
    lines = [line for line in sheet.data if line.events]
    if not lines or not _leave_column(sheet, rng, "是"):
        return False
    rng.choice(lines).cells["leave"] = Cell("是")
    line = next(line for line in sheet.data if line.cells.get("leave", Cell()).value == "是")
    return bool(line)


# 7. Sums


def _person_total(sheet: Sheet, line: Line, way: str) -> int:
    """What somebody's total is: of the points as read, of the changes, with the base."""
    points = sum(e.points * e.times for e in line.events)
    change = points - sum(e.thing.base for e in line.events if e.thing.direct)
    return {"points": points, "change": change, "base": sheet.world.bases + change}[way]


def _totals(sheet: Sheet, rng: random.Random, wrong: bool) -> bool:
    if sheet.form != "grid" or sheet.column("total") or not any(x.events for x in sheet.data):
        return False
    way = rng.choice(["points", "change", "base"])
    sheet.columns.append(Column("total", sheet.word("total")))
    for line in sheet.data:
        if line.subject in sheet.exempt:
            continue
        value = _person_total(sheet, line, way)
        if wrong and line.events and rng.random() < 0.7:
            value += 100 * rng.choice([1, 7, -3, 11])
        cell = Cell(number(value))
        if sheet.workbook and rng.random() < 0.5:
            cell.formula = "=SUM(C2:F2)"
            cell.stale = rng.random() < 0.5 or sheet.medium == "openpyxl"
        line.cells["total"] = cell
    return True


@noise("totals per row")
def totals(sheet, rng):
    return _totals(sheet, rng, wrong=False)


@noise("totals per row that differ")
def wrong_totals(sheet, rng):
    return not sheet.doubtful and _totals(sheet, rng, wrong=True)


@noise("totals that add up what the cells show", EITHER)
def shown_totals(sheet, rng):
    """`=SUM(…)` adds up counts where the cells hold counts."""
    if sheet.form != "grid" or sheet.column("total") or not any(x.events for x in sheet.data):
        return False
    heading = rng.choice(["合计", "小计"] if sheet.language != "en" else ["Total"])
    sheet.columns.append(Column("total", heading))
    for line in sheet.data:
        shown = [line.cells[k].value for k in line.amounts]
        line.cells["total"] = Cell(sum(v for v in shown if _numeric(v)))
    return True


@noise("ranks")
def ranks(sheet, rng):
    if sheet.form != "grid" or sheet.column("rank"):
        return False
    sheet.columns.append(Column("rank", sheet.word("rank")))
    for n, line in enumerate(sheet.data, start=1):
        line.cells["rank"] = Cell(n)
    return True


def _sum_row(sheet: Sheet, rng: random.Random, label: str, offset: int) -> bool:
    if not any(line.events for line in sheet.data):
        return False
    line = Line("sum", {sheet.columns[0].key: Cell(label)})
    for column in sheet.columns[1:]:
        key = column.key
        cells = [x.cells[key] for x in sheet.data if key in x.amounts]
        if not cells:
            continue
        events = [e for x in sheet.data if key in x.amounts for e in x.events]
        if _is_thing(sheet, key):
            events = [e for e in events if e.thing.id == key]
        value = sum(e.points * e.times for e in events)
        if key == "count" or rng.random() < 0.5:
            value = round(100 * sum(c.value for c in cells if _numeric(c.value)))
        cell = Cell(number(value + offset))
        if sheet.workbook and rng.random() < 0.4:
            cell.formula, cell.stale = "=SUM(C2:C9)", True
        line.cells[key] = cell
    sheet.lines.append(line)
    return True


@noise("row of sums")
def sum_row(sheet, rng):
    label = rng.choice(["合计", "总计", "合 计", "合计：", "Total", "小计"])
    return _sum_row(sheet, rng, label, 0)


@noise("row of sums that differ")
def wrong_sum_row(sheet, rng):
    return _sum_row(sheet, rng, rng.choice(["合计", "总计"]), rng.choice([100, 700, -1300]))


@noise("averages, full marks, number of people")
def other_rows(sheet, rng):
    if sheet.doubtful or not sheet.data:
        return False
    label = rng.choice(["平均", "平均分", "满分", "基础分", "人数", "Average"])
    line = Line("sum", {sheet.columns[0].key: Cell(label)})
    keys = [k for k in sheet.fields() if any(k in x.amounts for x in sheet.data)]
    for key in keys:
        line.cells[key] = Cell(rng.choice([5, 10, 14, 100, 2.5]))
    if label == "人数":
        key = next(c.key for c in sheet.columns[1:] if c.key != "unknown")
        line.cells = {sheet.columns[0].key: Cell(label), key: Cell(7)}
    if label in ("满分", "基础分") and rng.random() < 0.7:
        sheet.lines.insert(0, line)
    else:
        sheet.lines.append(line)
    return True


@noise("groups with subtotals")
def groups(sheet, rng):
    if len(sheet.data) < 3 or sheet.spans or len(sheet.data) != len(sheet.lines):
        return False
    half = rng.randint(1, len(sheet.lines) - 1)
    names = rng.choice(
        [("第一党小组", "第二党小组"), ("一工区", "二工区"), ("焊接班组", "保温班组")]
    )
    parts = [sheet.lines[:half], sheet.lines[half:]]
    sheet.lines = []
    subtotals = not sheet.doubtful and rng.random() < 0.6
    wide = sheet.workbook and rng.random() < 0.5
    for name, part in zip(names, parts, strict=True):
        sheet.lines.append(Line("free", free=[name], wide=wide))
        sheet.lines += part
        if subtotals:
            line = Line("sum", {"subject": Cell("小计")})
            for column in sheet.columns:
                if _is_thing(sheet, column.key):
                    events = [e for x in part for e in x.events if e.thing.id == column.key]
                    line.cells[column.key] = Cell(number(sum(e.points * e.times for e in events)))
            sheet.lines.append(line)
    return True


# Rows that mean nothing


@noise("titles")
def titles(sheet, rng):
    if sheet.titles:
        return False
    text = rng.choice(["第三项目部积分表", "一支部党员积分情况表", "Weekly points"])
    if sheet.world.several:
        text = text.replace("一支部", "全体")
    sheet.titles = [[text]]
    if rng.random() < 0.6:
        sheet.titles.append(
            [rng.choice(["2026年第47周（11月16日至11月22日）", "2026年11月16日-11月22日"])]
        )
    if rng.random() < 0.3:
        sheet.titles.append([])
    return True


WEEKS = [
    "2026年第47周", "第四十七周", "47周", "2026-W47", "week 47", "11.16-11.22", "11月16日至22日", "2026年11月16日—22日",
    "１１月１６日～２２日", "2026/11/16-2026/11/20", "26年11月16日到11月22日", "20261116-20261122", "16-22 November 2026",
]  # fmt: skip
OTHER_WEEKS = [
    "2026年第46周", "第四十八周", "45周", "2025-W47", "week 46", "11.9-11.15", "11月9日至15日", "2026年11月23日—29日",
    "2025年11月17日—23日", "20261109-20261115", "9-15 November 2026", "第47周（11月9日至15日）", "第46周（11月16日至22日）",
]  # fmt: skip
LONGER = [
    "2026年11月积分表",
    "11月份",
    "2026年11月1日-30日",
    "第45-47周",
    "四季度汇总",
    "November 2026",
]
OTHER_DAYS = [
    "打印时间：2026年11月30日",
    "审核日期：2026-12-01",
    "填表人：张三  2026年11月25日",
    "学期第12周",
    "开工第38周",
]


@noise("the week in the title")
def week_in_title(sheet, rng):
    sheet.titles.append([" ".join(rng.sample(WEEKS, rng.choice([1, 1, 2])))])
    return True


@noise("another week in the title", REFUSE)
def other_week(sheet, rng):
    sheet.titles.append([rng.choice(OTHER_WEEKS)])
    return True


@noise("a longer time in the title", REFUSE)
def longer_time(sheet, rng):
    said = any(
        "周" in text or "11月1" in text or "W4" in text for row in sheet.titles for text in row
    )
    if said or sheet.column("date"):
        return False
    sheet.titles.append([rng.choice(LONGER)])
    return True


@noise("other days in the title")
def days_in_title(sheet, rng):
    sheet.titles.append([rng.choice(OTHER_DAYS)])
    return True


@noise("blank rows")
def blank_rows(sheet, rng):
    if not sheet.lines:
        return False
    place = rng.randint(0, len(sheet.lines))
    if any(_within(sheet, place, first, last) for first, last, _k, _e in sheet.spans):
        return False
    sheet.lines.insert(place, Line("free"))
    return True


@noise("rows of people without points")
def empty_people(sheet, rng):
    people = sheet.free_people()
    if not people or not any(line.events for line in sheet.data) or sheet.column("status"):
        return False
    line = Line(subject=people[0], cells={"subject": Cell(sheet.world.people[people[0]])})
    sheet.lines.insert(1 + max(sheet.lines.index(x) for x in sheet.data), line)
    return True


@noise("signatures and notes at the end")
def footer(sheet, rng):
    person = rng.choice(list(sheet.world.people.values()))
    rows = [
        [f"制表：{person}      审核：{person}"],
        ["制表：", person, "审核：", "李四", "日期：", "2026年11月22日"],
        ["注：加分以周例会确认为准"],
        ["支部书记（签字）：                   2026年11月23日"],
        ["备注：本表一式两份"],
        ["填表人：", person],
    ]
    for row in rng.sample(rows, rng.randint(1, 2)):
        sheet.lines.append(Line("footer", free=row[: len(sheet.columns)]))
    return True


# 8. Text


@noise("shifted row", REFUSE)
def shifted(sheet, rng):
    last = sheet.columns[-1].key
    lines = [line for line in sheet.data if line.events and not line.cells.get(last, Cell()).empty]
    if not lines or last in ("total", "rank", "about", "phone", "unknown") or sheet.spans:
        return False
    rng.choice(lines).inserted = rng.randint(1, len(sheet.columns) - 1)
    return True


@noise("stray quote", REFUSE)
def stray_quote(sheet, rng):
    lines = [line for line in sheet.lines if line.kind == "data" and line.events]
    if sheet.workbook or len(lines) < 2 or sheet.columns[-1].key != "note":
        return False
    first = rng.randint(0, len(lines) - 2)
    if lines[first].cells.get("note", Cell()).empty:
        return False
    marks = ["QUOTE-A", ""]
    lines[first].cells["note"].value = f"{marks[0]}{lines[first].cells['note'].value}"
    closing = lines[-1] if rng.random() < 0.6 else None
    if closing and not closing.cells.get("note", Cell()).empty:
        closing.cells["note"].value = f"{closing.cells['note'].value}QUOTE-B"
    sheet.text_after.append(lambda text: text.replace("QUOTE-A", '"').replace("QUOTE-B", '"'))
    return True


@noise("spoilt text", REFUSE)
def spoilt(sheet, rng):
    lines = [x for x in sheet.data if x.events and not x.cells.get("note", Cell()).empty]
    if not lines:
        return False
    texts = ["检\ufffd完成", "检??完成", "现\ue5e5场", "已\ufffd\ufffd"]
    if not sheet.workbook:
        texts.append("东侧?口已补盖")  # in a workbook one such sign may be meant
    text = rng.choice(texts)
    if sheet.encoding == "gb18030" and not sheet.workbook and "\ue5e5" in text:
        text = "检??完成"
    rng.choice(lines).cells["note"].value = text
    return True


@noise("cp1252 read as something else", REFUSE)
def cp1252(sheet, rng):
    if sheet.workbook or sheet.language != "en" or not any(x.events for x in sheet.data):
        return False
    lines = [line for line in sheet.data if not line.cells.get("note", Cell()).empty]
    if not lines or sheet.column("id"):
        return False
    for column in sheet.columns:
        column.heading = column.heading.replace("（", "(").replace("）", ")")
        if column.key == "subject":
            column.heading = "ID"
    people = {name: key for key, name in sheet.world.people.items()}
    for line in sheet.data:
        for key in ("subject", "scored_by", "approved_by"):
            cell = line.cells.get(key, Cell())
            if cell.value in people:
                cell.value = people[cell.value]
            if cell.value == sheet.world.scorers[RECORDER]:
                cell.value = RECORDER
    rng.choice(lines).cells["note"].value = rng.choice(
        ["Gerüst geprüft", "vérifié à Genève", "Größe geprüft"]
    )
    sheet.encoding = "cp1252"
    return True


@noise("file cut off within a character", REFUSE)
def cut_off(sheet, rng):
    if sheet.workbook or sheet.encoding not in ("utf-8", "utf-8-sig"):
        return False

    def cut(raw: bytes) -> bytes:
        places = [n for n, byte in enumerate(raw) if byte >= 0xC0]
        return raw[: places[-1] + 1] if places else raw[:1] + b"\xe5"

    sheet.after.append(cut)
    return True


@noise("html that is called a sheet", REFUSE)
def html(sheet, rng):
    if sheet.workbook:
        return False

    def tagged(text: str) -> str:
        rows = [line.split(sheet.delimiter) for line in text.split(sheet.line_end) if line]
        cells = ["".join(f"<td>{cell}</td>" for cell in row) for row in rows]
        return "<html><table>" + "".join(f"<tr>{row}</tr>" for row in cells) + "</table></html>"

    sheet.text_after.append(tagged)
    return True


# 9. Names, evidence, ids


@noise("blanks within short names")
def spaced_names(sheet, rng):
    done = False
    for line in sheet.data:
        name = line.cells.get("subject", Cell()).value
        if isinstance(name, str) and re.fullmatch(r"[\u4e00-\u9fff]{2}", name):
            line.cells["subject"].value = name[0] + rng.choice([" ", "　", "  "]) + name[1]
            done = True
    return done


@noise("dots within names")
def dotted_names(sheet, rng):
    done = False
    for line in sheet.data:
        name = line.cells.get("subject", Cell()).value
        if isinstance(name, str) and "·" in name:
            line.cells["subject"].value = name.replace("·", rng.choice("•・．∙"))
            done = True
    return done


@noise("ids behind names")
def ids_behind(sheet, rng):
    done = False
    for line in sheet.data:
        name = line.cells.get("subject", Cell()).value
        if name in sheet.world.people.values() and rng.random() < 0.5:
            line.cells["subject"].value = f"{name}{rng.choice(['（{}）', '({})', ' ({})'])}".format(
                line.subject
            )
            done = True
    return done


@noise("column of ids")
def id_column(sheet, rng):
    if sheet.column("id") or any(line.kind != "data" for line in sheet.lines):
        return False
    sheet.columns.insert(0, Column("id", sheet.word("id")))
    for line in sheet.data:
        line.cells["id"] = Cell(line.subject)
    return True


@noise("running numbers called ids")
def false_ids(sheet, rng):
    if not id_column(sheet, rng):
        return False
    for n, line in enumerate(sheet.data, start=1):
        line.cells["id"] = Cell(n)
    return True


@noise("ids that contradict the names", REFUSE)
def wrong_ids(sheet, rng):
    lines = [line for line in sheet.data if line.events]
    if not lines or not id_column(sheet, rng):
        return False
    line = rng.choice(lines)
    others = [key for key in sheet.world.people if key != line.subject]
    line.cells["id"] = Cell(rng.choice(others))
    return True


@noise("unknown name", REFUSE)
def unknown_name(sheet, rng):
    lines = [
        line for line in sheet.data if line.events and not line.cells.get("subject", Cell()).empty
    ]
    if not lines:
        return False
    rng.choice(lines).cells["subject"] = Cell(rng.choice(["史无此", "甲乙丙", "Nobody"]))
    return True


@noise("unknown name with an id", REFUSE)
def unknown_with_id(sheet, rng):
    if any(line.cells.get("subject", Cell()).empty for line in sheet.data):
        return False
    return id_column(sheet, rng) and unknown_name(sheet, rng)


@noise("two names in one cell", REFUSE)
def two_names(sheet, rng):
    lines = [line for line in sheet.data if line.events]
    if not lines:
        return False
    line = rng.choice(lines)
    if line.cells.get("subject", Cell()).empty:
        return False
    others = [name for key, name in sheet.world.people.items() if key != line.subject]
    sign = rng.choice(["、", " ", "/", "，"])
    line.cells["subject"].value = f"{sheet.world.people[line.subject]}{sign}{rng.choice(others)}"
    return True


@noise("invisible characters in names", EITHER)
def invisible_names(sheet, rng):
    done = False
    for line in sheet.data:
        name = line.cells.get("subject", Cell()).value
        if isinstance(name, str) and len(name) > 1:
            line.cells["subject"].value = name[0] + rng.choice("\u200b\u200e\ufeff") + name[1:]
            done = True
    return done


@noise("evidence: the same as above")
def ditto_evidence(sheet, rng):
    return _ditto(sheet, rng, "evidence")


@noise("names, items or notes: the same as above", EITHER)
def ditto_names(sheet, rng):
    return sheet.form == "long" and _ditto(sheet, rng, rng.choice(["subject", "item", "note"]))


def _ditto(sheet: Sheet, rng: random.Random, key: str) -> bool:
    """Write `same as above` where two rows that follow one another say the same."""
    if any(k == key for _f, _s, k, _e in sheet.spans) or any(x.hidden for x in sheet.data):
        return False
    pairs = [
        (above, line)
        for above, line in zip(sheet.lines, sheet.lines[1:], strict=False)
        if above.events
        and line.events
        and not above.cells.get(key, Cell()).empty
        and above.cells[key].value not in NOTHING
    ]
    same = [(a, x) for a, x in pairs if a.cells[key].value == x.cells.get(key, Cell()).value]
    if not same and key == "evidence" and pairs:
        above, line = rng.choice(pairs)
        below = sheet.lines[sheet.lines.index(line) + 1 :]
        if below and below[0].cells.get(key, Cell()).value in ("同上", "〃"):
            return False
        line.cells[key] = replace(above.cells[key])
        for event in line.events:
            event.evidence = above.events[0].evidence
        same = [(above, line)]
    for _above, line in same:
        line.cells[key] = Cell(rng.choice(["同上", "〃"]))
    return bool(same)


@noise("evidence that shows nothing", REFUSE)
def no_evidence(sheet, rng):
    lines = [x for x in sheet.data if x.events and "evidence" in sheet.fields()]
    if not lines or any(k == "evidence" for _f, _s, k, _e in sheet.spans):
        return False
    line = rng.choice(lines)
    texts: list = ["待补", "#N/A", ",", "后补", "，"]
    cell = Cell(rng.choice(texts))
    if sheet.workbook and rng.random() < 0.5:
        cell = rng.choice([Cell(202611180001234567), Cell(MONDAY, {"num_format": "yyyy-mm-dd"})])
    line.cells["evidence"] = cell
    return True


@noise("doubled rows")
def doubled_rows(sheet, rng):
    lines = [x for x in sheet.data if x.events]
    if sheet.form != "long" or not lines or sheet.spans or sheet.column("number"):
        return False
    line = rng.choice(lines)
    if line.events[0].thing.direct or sheet.column("id"):
        return False
    again = Line(
        cells={k: replace(c) for k, c in line.cells.items()},
        events=[replace(e) for e in line.events],
        amounts=list(line.amounts),
        subject=line.subject,
    )
    sheet.lines.insert(sheet.lines.index(line) + 1, again)
    return True


@noise("somebody's second row in a grid", EITHER)
def second_row(sheet, rng):
    lines = [x for x in sheet.data if len(x.events) > 1]
    if sheet.form != "grid" or not lines or sheet.column("total") or sheet.column("number"):
        return False
    line = rng.choice(lines)
    event: Event = line.events.pop()
    key = event.thing.id
    again = Line(
        cells={k: replace(c) for k, c in line.cells.items() if not _is_thing(sheet, k)},
        events=[event],
        amounts=[key],
        subject=line.subject,
    )
    again.cells[key] = line.cells.pop(key)
    line.amounts.remove(key)
    sheet.lines.append(again)
    return True


@noise("mixed: one bare number among signed ones", EITHER)
def mixture(sheet, rng):
    """`+2` where Excel has dropped the `+`."""
    if sheet.form != "grid":
        return False
    for line, key in sheet.amounts():
        event = next(e for e in line.events if e.thing.id == key)
        text = str(line.cells[key].value)
        if text.startswith("+") and not event.thing.direct and not line.cells[key].style:
            line.cells[key] = Cell(number(event.points))
            sheet.doubtful.add(key)
            return True
    return False


@noise("a `+` that Excel has dropped", EITHER)
def dropped_plus(sheet, rng):
    if not sheet.workbook:
        return False
    done = False
    for line, key in sheet.amounts():
        text = str(line.cells[key].value)
        if re.fullmatch(r"\+[0-9.]+", text) and not line.cells[key].style:
            line.cells[key] = Cell(float(text) if "." in text else int(text))
            sheet.doubtful.add(key)
            done = True
    return done


@noise("points words of one kind only")
def same_words(sheet, rng):
    done = False
    for line, key in sheet.amounts():
        text = line.cells[key].value
        event = next((e for e in line.events if not e.thing.direct), None)
        if isinstance(text, str) and event and text == f"{number(event.points):+}":
            line.cells[key].value = points_text(rng, event.points)
            done = True
    return done


@noise("traditional words in a simplified sheet")
def some_traditional(sheet, rng):
    done = False
    for column in sheet.columns:
        changed = traditional(column.heading)
        if changed != column.heading and rng.random() < 0.7:
            column.heading = changed
            done = True
    return done


@noise("decimals without need")
def decimals(sheet, rng):
    done = False
    for line, key in sheet.amounts():
        cell = line.cells[key]
        points = key not in ("count",) and not (_is_thing(sheet, key) and _counted(sheet, key))
        if points and isinstance(cell.value, str) and re.fullmatch(r"-?[0-9]+", cell.value):
            cell.value += rng.choice([".0", ".00"])
            done = True
    return done


def _counted(sheet: Sheet, key: str) -> bool:
    """Whether a column of a grid may hold counts."""
    heading = sheet.column(key).heading
    return key in sheet.doubtful or not any(w in heading for w in ("分）", "分)", "points"))


@noise("count below one", REFUSE)
def no_count(sheet, rng):
    lines = [x for x in sheet.data if x.events and not x.cells.get("count", Cell()).empty]
    if not lines:
        return False
    rng.choice(lines).cells["count"] = Cell(rng.choice([-1, "-2", 1.5, "+1次", "半次"]))
    return True


@noise("points that do not fit the count", REFUSE)
def wrong_points(sheet, rng):
    if not sheet.column("count"):
        return False
    key = next((k for k in ("points", "score", "difference") if sheet.column(k)), "")
    lines = [x for x in sheet.data if x.events and key and x.events[0].thing.fixed is not None]
    if not lines or any(key == k for _f, _s, k, _e in sheet.spans):
        return False
    line = rng.choice(lines)
    event = line.events[0]
    line.cells["count"] = Cell(event.count)
    line.cells[key] = Cell(number(event.points + rng.choice([7777, -7777])))
    return True


@noise("points that the scheme does not have", REFUSE)
def foreign_points(sheet, rng):
    found = []
    for line, key in sheet.amounts():
        events = [e for e in line.events if key in (e.thing.id, "points", "score", "reviewed")]
        if events and not (sheet.form == "long" and sheet.column("sign")):
            found.append((line, key, events[0]))
    if not found:
        return False
    line, key, event = rng.choice(found)
    thing = event.thing
    if thing.direct:
        line.cells[key] = Cell(rng.choice(["+999", 9999, "9999"]))
    elif thing.options and not thing.fixed:
        line.cells[key] = Cell(f"{number(max(thing.options) + 11):+}")
    elif not thing.options:
        line.cells[key] = Cell(f"{number(thing.low - 1111):+}")
    else:
        line.cells[key] = Cell(f"{number(thing.fixed) * -1:+}")
    return True


@noise("day after the week", REFUSE)
def late_day(sheet, rng):
    lines = [x for x in sheet.data if x.events and not x.cells.get("date", Cell()).empty]
    if not lines:
        return False
    rng.choice(lines).cells["date"] = Cell(rng.choice(["2026-11-24", "2026年12月1日", "2027/1/2"]))
    return True


@noise("no day at all", REFUSE)
def no_day(sheet, rng):
    lines = [x for x in sheet.data if x.events and not x.cells.get("date", Cell()).empty]
    if not lines:
        return False
    rng.choice(lines).cells["date"] = Cell(
        rng.choice(["周三", "11-31", "2026-13-01", "上周", "18"])
    )
    return True


@noise("approved by the person scored", REFUSE)
def own_approval(sheet, rng):
    lines = [
        x
        for x in sheet.data
        if sheet.world.second_from is not None
        and sheet.column("approved_by")
        and any(abs(e.points) >= sheet.world.second_from and not e.thing.direct for e in x.events)
    ]
    if not lines or any(k == "approved_by" for _f, _s, k, _e in sheet.spans):
        return False
    line = rng.choice(lines)
    line.cells["approved_by"] = rng.choice([Cell(sheet.world.people[line.subject]), Cell()])
    below = sheet.lines[sheet.lines.index(line) + 1 :]
    return not (below and below[0].cells.get("approved_by", Cell()).value in ("同上", "〃"))


@noise("evidence missing", REFUSE)
def missing_evidence(sheet, rng):
    lines = [x for x in sheet.data if any(e.thing.evidence for e in x.events)]
    if not lines or any(k == "evidence" for _f, _s, k, _e in sheet.spans):
        return False
    rng.choice(lines).cells["evidence"] = rng.choice([Cell(), Cell("—"), Cell("无")])
    return True


@noise("two columns of one item", REFUSE)
def double_column(sheet, rng):
    found = [c for c in sheet.columns if _is_thing(sheet, c.key) and not c.above]
    lines = [x for x in sheet.data if x.events]
    if sheet.form != "grid" or not found or not lines:
        return False
    column = rng.choice(found)
    _insert(sheet, rng, Column("again", column.heading))
    for line in sheet.data:
        line.cells["again"] = replace(line.cells.get(column.key, Cell()))
    rng.choice(lines).cells["again"] = Cell("1")
    return True


@noise("numbers merged over two columns", REFUSE)
def merged_columns(sheet, rng):
    if not sheet.workbook or sheet.form != "grid":
        return False
    for left, right in zip(sheet.columns, sheet.columns[1:], strict=False):
        if not (_is_thing(sheet, left.key) and _is_thing(sheet, right.key)):
            continue
        for line in sheet.data:
            if left.key in line.amounts and line.events and not line.cells[left.key].formula:
                line.cells[right.key] = Cell()
                sheet.spans.append((line, line, left.key, right.key))
                return True
    return False


@noise("names only where they change", EITHER)
def sparse_names(sheet, rng):
    """The look of merged cells without the merge, as a csv has it."""
    if sheet.form != "long" or any(k == "subject" for _f, _s, k, _e in sheet.spans):
        return False
    done = False
    for above, line in list(zip(sheet.lines, sheet.lines[1:], strict=False))[::-1]:
        same = above.subject == line.subject and above.kind == line.kind == "data"
        if same and not line.hidden and not above.hidden:
            line.cells["subject"] = Cell()
            done = True
    return done


@noise("words behind a number", EITHER)
def words_behind(sheet, rng):
    found = _some_amount(sheet, rng, plain=True)
    if not found:
        return False
    cell = found[0].cells[found[1]]
    cell.value = f"{cell.value}{rng.choice(['（迟到）', ' 见说明', '(已核实)', '左右'])}"
    return True


@noise("titles and words behind names", EITHER)
def titled_names(sheet, rng):
    lines = [x for x in sheet.data if x.events and not x.cells.get("subject", Cell()).empty]
    if not lines:
        return False
    cell = rng.choice(lines).cells["subject"]
    cell.value = f"{cell.value}{rng.choice(['同志', '（组长）', ' 主任', '（兼）'])}"
    return True


@noise("blank columns on the left")
def blank_left(sheet, rng):
    sheet.offset = rng.choice([1, 2])
    return True


@noise("line ends of other systems")
def line_ends(sheet, rng):
    broken = any("\n" in column.heading for column in sheet.columns)
    sheet.line_end = "\n" if broken else rng.choice(["\n", "\r"])
    return not sheet.workbook


@noise("facts above the heading")
def facts(sheet, rng):
    person = rng.choice(list(sheet.world.people.values()))
    rows = [
        ["支部：各支部" if sheet.world.several else "支部：一支部"],
        ["周次：第47周", "", f"填表人：{person}"],
        ["单位（盖章）：", "", "2026年11月22日"],
        ["说明：加减分以周例会确认为准"],
    ]
    sheet.titles += [row[: len(sheet.columns)] for row in rng.sample(rows, rng.randint(1, 2))]
    return True


@noise("leave in all cells of a row", EITHER)
def leave_row(sheet, rng):
    things = [c.key for c in sheet.columns if _is_thing(sheet, c.key)]
    people = sheet.free_people()
    if sheet.form != "grid" or not people or not things or sheet.column("status"):
        return False
    if sheet.column("total") or not any(x.events for x in sheet.data):
        return False
    cells = {key: Cell("请假") for key in things}
    line = Line(subject=people[0], cells=cells)
    line.cells["subject"] = Cell(sheet.world.people[people[0]])
    sheet.lines.insert(1 + max(sheet.lines.index(x) for x in sheet.data), line)
    sheet.exempt[people[0]] = ""
    return True


@noise("reasons beside the items", EITHER)
def reasons(sheet, rng):
    """事由 beside 评分项 is a note."""
    words = {"评分项", "考核项目", "指标", "事项"}
    if sheet.form != "long" or sheet.column("note") or sheet.column("item").heading not in words:
        return False
    sheet.columns.append(Column("note", rng.choice(["事由", "考核内容", "原因"])))
    for line in sheet.data:
        if line.events:
            text = rng.choice(["东侧洞口", "夜间巡查", "例会通报"])
            line.cells["note"] = Cell(text)
            for event in line.events:
                event.note = text
    return True


@noise("signs as others write them")
def other_signs(sheet, rng):
    done = False
    for line, key in sheet.amounts():
        cell = line.cells[key]
        if isinstance(cell.value, str) and re.fullmatch(r"[-+][0-9.]+分?", cell.value):
            sign = rng.choice("−–－﹣") if cell.value[0] == "-" else "＋"
            cell.value = sign + cell.value[1:]
            done = True
        elif isinstance(cell.value, str) and re.fullmatch(r"[x*×][0-9]+", cell.value):
            cell.value = rng.choice(["ｘ", "Ｘ", "X", "x ", "×"]) + cell.value[1:]
            done = True
        elif isinstance(cell.value, str) and re.fullmatch(r"[加扣][0-9.]+分", cell.value):
            cell.value = f"{cell.value[0]} {cell.value[1:-1]} 分"
            done = True
    return done


@noise("signs that may be others", EITHER)
def odd_signs(sheet, rng):
    for line, key in sheet.amounts():
        cell = line.cells[key]
        text = cell.value
        if isinstance(text, str) and re.fullmatch(r"[-+][0-9.]+分?", text):
            words = ["—", "‐", "负", "罚", "减 "] if text[0] == "-" else ["正", "奖", "↑"]
            cell.value = rng.choice(words) + text[1:]
            return True
        if isinstance(text, str) and re.fullmatch(r"[x*×][12]", text):
            cell.value = rng.choice(
                [["一次", "1X", "once"], ["两次", "二次", "2X"]][int(text[1]) - 1]
            )
            return True
    return False


@noise("invisible characters in numbers", EITHER)
def invisible_numbers(sheet, rng):
    done = False
    for line, key in sheet.amounts():
        cell = line.cells[key]
        if not (cell.style or cell.formula or cell.runs):
            cell.value = rng.choice(["{}\u200b", "\u200e{}", "{}\xa0", "\ufeff{}"]).format(
                cell.value
            )
            done = True
    return done


@noise("required marks in headings")
def required(sheet, rng):
    done = False
    for column in sheet.columns:
        if rng.random() < 0.4 and not column.above and column.heading[-1] not in "）)":
            column.heading += rng.choice(["*", "：", ":"])
            done = True
    return done


@noise("count in the column of points", EITHER)
def count_as_points(sheet, rng):
    keys = ("points", "score", "difference")
    found = [
        (line, k)
        for line, k in sheet.amounts()
        if k in keys and not line.events[0].thing.direct and line.events[0].thing.per
        and line.events[0].thing.fixed is not None
    ]  # fmt: skip
    if not found or sheet.column("sign"):
        return False
    line, key = rng.choice(found)
    line.cells[key] = Cell(f"{line.events[0].count}次")
    return True


@noise("points in the column of counts", REFUSE)
def points_as_count(sheet, rng):
    lines = [x for x in sheet.data if x.events and not x.cells.get("count", Cell()).empty]
    if not lines:
        return False
    rng.choice(lines).cells["count"] = Cell(rng.choice(["2分", "+2", "-1分", "加2分"]))
    return True


@noise("a number that a program took for a date", REFUSE)
def date_for_number(sheet, rng):
    found = _some_amount(sheet, rng, plain=True)
    if not found or not sheet.workbook:
        return False
    shape = rng.choice(['m"月"d"日"', "d-mmm", "m/d/yyyy"])
    found[0].cells[found[1]] = Cell(date(2026, 1, 2), {"num_format": shape})
    return True


@noise("negative numbers in red, without their sign", EITHER)
def red_numbers(sheet, rng):
    if not sheet.workbook:
        return False
    done = False
    for line, key in sheet.amounts():
        cell = line.cells[key]
        if _numeric(cell.value) and cell.value < 0 and not cell.style and not cell.formula:
            cell.style = {"num_format": rng.choice(["0.0;[Red]0.0", "0.00_);[Red](0.00)"])}
            done = True
    return done


@noise("formats that change nothing")
def plain_formats(sheet, rng):
    if not sheet.workbook:
        return False
    done = False
    for line, key in sheet.amounts():
        cell = line.cells[key]
        if not _numeric(cell.value) or cell.style:
            continue
        shapes = ["General", "0.00", "#,##0.00", "0.00;[Red]-0.00", "@", "0.00_ ", "#,##0.0#"]
        cell.style = {"num_format": rng.choice(shapes)}
        done = True
    return done


@noise("ticks as true and false", EITHER)
def booleans(sheet, rng):
    done = False
    for line, key in sheet.amounts():
        if line.cells[key].value in ("√", "✓"):
            line.cells[key] = Cell(True if sheet.workbook else "TRUE")
            done = True
    return done


@noise("days as others write them", EITHER)
def other_days(sheet, rng):
    done = False
    for line in sheet.data:
        text = line.events[0].date if line.events else ""
        if not text or line.cells.get("date", Cell()).empty or not _own(sheet, line, "date"):
            continue
        day = date.fromisoformat(text)
        line.cells["date"].style = {}
        line.cells["date"].value = rng.choice(
            [
                f"{text} 14:30", f"{day.day}/{day.month}/{day.year}", f"{day:%Y%m%d}", f"{day:%y.%m.%d}",
                f"{day.month}/{day.day}", f"{day.month}月{day.day}日上午", f"{day.day}日", f"{day:%d-%b}",
                f"{day.month}/{day.day}/{day.year}", f"{day.month}月{day.day}号",
            ]
        )  # fmt: skip
        done = True
    return done


def _own(sheet: Sheet, line: Line, key: str) -> bool:
    return not any(k == key for _f, _s, k, _e in sheet.spans)


@noise("unknown people who scored or approved", REFUSE)
def unknown_people(sheet, rng):
    keys = [k for k in ("scored_by", "approved_by") if sheet.column(k)]
    lines = [x for x in sheet.data if x.events]
    if not keys or not lines:
        return False
    key = rng.choice(keys)
    rng.choice(lines).cells[key] = Cell(rng.choice(["史无此", "甲乙丙", "Nobody"]))
    return _own(sheet, lines[0], key)


@noise("numbers without a heading", EITHER)
def no_heading(sheet, rng):
    if not any(x.events for x in sheet.data):
        return False
    _insert(sheet, rng, Column("unknown", ""))
    for line in sheet.data:
        line.cells["unknown"] = Cell(rng.choice([1, 2, "√", 5]))
    return True


@noise("a legend of the items", EITHER)
def legend(sheet, rng):
    items = [t for t in sheet.world.things if t.fixed is not None and not t.direct][:3]
    if not items or len(sheet.columns) < 2:
        return False
    heads = rng.choice([["评分项", "分值"], ["项目", "标准"], ["Item", "Points"]])
    rows = [heads, *([sheet.called(t), f"{number(t.fixed):+}"] for t in items)]
    if rng.random() < 0.5:
        sheet.titles += rows
    else:
        sheet.lines += [Line("free", free=row) for row in rows]
    return True


@noise("a second table below, with other columns", EITHER)
def second_table(sheet, rng):
    people = list(sheet.world.people)
    things = [t for t in sheet.world.things if t.fixed is not None and not t.evidence]
    things = [t for t in things if not t.direct and abs(t.fixed) < 300]
    if not things or len(sheet.columns) < 3 or sheet.form == "grid" or sheet.two_rows:
        return False
    if sheet.columns[0].key != "subject" or sheet.columns[1].key != "item":
        return False
    key, thing = rng.choice(people), rng.choice(things)
    head = rng.choice(["次数", "备注", "核对人"])
    sheet.lines.append(Line("free", free=["姓名", "评分项", head]))
    value = {"次数": "1", "备注": "已核", "核对人": "李四"}[head]
    line = Line("free", free=[sheet.world.people[key], sheet.called(thing), value])
    note = value if head == "备注" else ""
    line.events = [Event(key, thing, thing.fixed or 0, note=note)]
    sheet.lines.append(line)
    return True


@noise("leave in brackets behind a name", EITHER)
def leave_behind_name(sheet, rng):
    people = sheet.free_people()
    if not people or not any(x.events for x in sheet.data) or sheet.column("status"):
        return False
    name = f"{sheet.world.people[people[0]]}（请假）"
    line = Line(subject=people[0], cells={"subject": Cell(name)})
    sheet.lines.insert(1 + max(sheet.lines.index(x) for x in sheet.data), line)
    sheet.exempt[people[0]] = ""
    return True


@noise("protected cells of a csv", EITHER)
def protected(sheet, rng):
    if sheet.workbook:
        return False
    key = rng.choice(["subject", *[k for _x, k in sheet.amounts()][:1]])
    for line in sheet.data:
        cell = line.cells.get(key, Cell())
        if not cell.empty:
            cell.value = f'="{cell.value}"' if rng.random() < 0.7 else f"'{cell.value}"
    return True


@noise("a line that names the delimiter", EITHER)
def named_delimiter(sheet, rng):
    if sheet.workbook:
        return False
    sheet.text_after.append(lambda text: f"sep={sheet.delimiter}{sheet.line_end}{text}")
    return True


@noise("totals of people in the long form")
def long_totals(sheet, rng):
    if sheet.form != "long" or sheet.column("total") or sheet.spans or sheet.doubtful:
        return False
    if not any(x.events for x in sheet.data):
        return False
    sheet.columns.append(Column("total", sheet.word("total")))
    seen = set()
    for line in sheet.data:
        if line.subject not in seen and line.events:
            events = [e for x in sheet.data if x.subject == line.subject for e in x.events]
            line.cells["total"] = Cell(number(sum(e.points for e in events)))
        seen.add(line.subject)
    return True


def disturb(sheet: Sheet, rng: random.Random) -> None:
    """Do up to five things to a sheet; at most one of them makes it one to be refused."""
    _apply(sheet, rng, READ, rng.choice([0, 1, 1, 2, 2, 3, 4, 5]))
    if rng.random() < 0.12:
        _apply(sheet, rng, EITHER, 1)
    if rng.random() < 0.3:
        _apply(sheet, rng, REFUSE, 1)
    _doubt_bare_rows(sheet)


def _doubt_bare_rows(sheet: Sheet) -> None:
    """A row that names an item and nothing else is in doubt, where other rows state numbers."""
    above: Line | None = None
    for line in sheet.lines:
        ditto = any(cell.value in ("同上", "〃") for cell in line.cells.values())
        if ditto and not (above and above.events and not above.hidden):
            sheet.worsen(EITHER)  # what stands above is no event, or is not read
        above = line
    if sheet.form != "long":
        return
    stated = [any(not x.cells[k].empty for k in x.amounts) for x in sheet.data if x.events]
    told = ("date", "note", "evidence", "scored_by", "approved_by")
    for line, has in zip([x for x in sheet.data if x.events], stated, strict=True):
        if not has and any(not x.cells[k].empty for x in sheet.data for k in x.amounts):
            shared = [line.cells.get(k, Cell()) for k in told]
            if all(cell.empty or cell.value in NOTHING for cell in shared):
                sheet.worsen(EITHER)


def _apply(sheet: Sheet, rng: random.Random, expect: str, wanted: int) -> None:
    """Do so many things of one outcome to a sheet, as far as they fit it."""
    fitting = [n for n in NOISES if n.expect == expect]
    rng.shuffle(fitting)
    for one in fitting:
        if not wanted:
            break
        if one.apply(sheet, rng):
            sheet.kinds.append(one.kind)
            sheet.worsen(expect)
            wanted -= 1
