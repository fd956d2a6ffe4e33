"""The score sheets that the example's branches submit for 2026-W47: csv and xlsx, long and grid."""

import csv
import io
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import example_data as data
import xlsxwriter
from example_people import ITEMS, Branch, dice
from example_weeks import Score, make_week

WEEK = "2026-W47"
LONG = ("姓名", "评分项", "分值", "次数", "日期", "说明", "佐证", "评分人", "批准人")
LEAVE = "请假"
# Columns of every grid: items of fixed points, so that a count says all.
GRID_ITEMS = (
    "compliance.clean-self-check",
    "safety.hazard-closed",
    "safety.accident-free",
    "environment.bare-soil",
    "quality.first-pass",
    "quality.quality-notice",
    "schedule.problem-solved",
    "economy.five-small",
    "tidiness.stacking",
    "tidiness.area-95",
    "five-type.meeting-missed",
    "five-type.sharing",
    "digital.study-short",
)

Cell = str | float | date | None


@dataclass(frozen=True)
class Sheet:
    titles: tuple[str, ...]
    heading: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def lines(self) -> list[tuple[Cell, ...]]:
        return [*((title,) for title in self.titles), self.heading, *self.rows]


def write_sheets(folder: Path, branches: Sequence[Branch]) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for branch in branches:
        form, coding = data.SHEETS[branch.id]
        sheet = (grid_sheet if form == "grid" else long_sheet)(branch)
        path = folder / f"{branch.id}.{'xlsx' if coding == 'xlsx' else 'csv'}"
        if coding == "xlsx":
            write_xlsx(path, sheet)
        else:
            write_csv(path, sheet, coding)
        written.append(path)
    return written


def titles(branch: Branch) -> tuple[str, ...]:
    """Two title rows, or one with the week in it: both are met in real life."""
    title = f"{branch.name} 七比两创 周积分表"
    if branch.id == "outer-1" or dice("titles", branch.id).random() < 0.5:
        return (title, WEEK)
    return (f"{title} {WEEK}",)


def long_sheet(branch: Branch) -> Sheet:
    heading = list(LONG)
    if dice("heading", branch.id).random() < 0.4 and branch.id != "outer-1":
        heading[0] = "成员"
    rows = mockup_rows() if branch.id == "outer-1" else long_rows(branch)
    return Sheet(titles(branch), tuple(heading), tuple(rows))


def mockup_rows() -> list[tuple[Cell, ...]]:
    rows: list[tuple[Cell, ...]] = []
    for name, item, count, day, evidence, scorer, approver in data.MOCKUP_SHEET:
        what = LEAVE if item == LEAVE else ITEMS[item].zh
        when = date(2026, 11, day) if day else None
        rows.append((name, what, None, count, when, None, evidence, scorer, approver))
    return rows


def long_rows(branch: Branch) -> list[tuple[Cell, ...]]:
    """Points stand only where a rule leaves a choice: elsewhere they follow from the count."""
    week = make_week(branch, WEEK)
    names = {member.id: member.name for member in branch.active(WEEK)}
    rows: list[tuple[Cell, ...]] = [
        (
            names[score.subject],
            ITEMS[score.item].zh,
            None if ITEMS[score.item].form == "fixed" else score.points,
            score.count,
            score.day,
            score.note,
            score.evidence,
            data.SCORERS[score.scored_by][0] if score.scored_by else None,
            names.get(score.approved_by or ""),
        )
        for score in week.scores
        if score.subject in names
    ]
    return rows + [
        (names[member], LEAVE, None, None, None, reason, None, None, None)
        for member, reason in week.exempt.items()
    ]


def grid_sheet(branch: Branch) -> Sheet:
    """One row a member; evidence and approval in a row serve all of the row's counts."""
    week = make_week(branch, WEEK)
    members = branch.active(WEEK)
    counts: dict[str, dict[str, Score]] = defaultdict(dict)
    for score in week.scores:
        if score.item in GRID_ITEMS:
            counts[score.subject][score.item] = score
    totals = {m.id: 100 + grid_points(counts[m.id]) for m in members if m.id not in week.exempt}
    places = {m: 1 + sum(other > total for other in totals.values()) for m, total in totals.items()}
    names = {member.id: member.name for member in members}
    rows: list[tuple[Cell, ...]] = []
    for member in members:
        scores = counts[member.id]
        cells: list[Cell] = [scores[i].count if i in scores else None for i in GRID_ITEMS]
        evidence = "、".join(s.evidence for s in scores.values() if s.evidence) or None
        second = branch.prefix + ("-003" if member.id == f"{branch.prefix}-004" else "-004")
        approved = names[second] if scores and member.id not in week.exempt else None
        total: Cell = LEAVE if member.id in week.exempt else totals.get(member.id)
        rows.append((member.name, *cells, evidence, approved, total, places.get(member.id)))
    heading = ("姓名", *(ITEMS[i].zh for i in GRID_ITEMS), "佐证", "批准人", "合计", "排名")
    return Sheet(titles(branch), heading, tuple(rows))


def grid_points(scores: dict[str, Score]) -> float:
    total: float = 0
    for item, score in scores.items():
        cap = ITEMS[item].cap
        held = min if score.points > 0 else max
        total += score.points if cap is None else held(score.points, cap)
    return int(total) if total == int(total) else total


def write_csv(path: Path, sheet: Sheet, coding: str) -> None:
    """As its maker would leave it: Excel's line ends with a BOM or GB18030, LF with plain UTF-8."""
    width = len(sheet.heading)
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n" if coding == "utf-8" else "\r\n")
    for line in sheet.lines():
        writer.writerow([*line, *[None] * (width - len(line))])
    path.write_bytes(made.getvalue().encode(coding))


def write_xlsx(path: Path, sheet: Sheet) -> None:
    book = xlsxwriter.Workbook(str(path))
    book.set_properties({"created": datetime(2026, 11, 23, 9, 0)})  # else the clock's
    tab = book.add_worksheet(WEEK)
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    head = len(sheet.titles)
    for row, line in enumerate(sheet.lines()):
        for column, cell in enumerate(line):
            if isinstance(cell, date):
                tab.write_datetime(row, column, datetime(cell.year, cell.month, cell.day), day)
            elif cell not in (None, ""):
                tab.write(row, column, cell, bold if row <= head else None)
    tab.freeze_panes(head + 1, 1)
    tab.set_column(0, 0, 12)
    tab.set_column(1, len(sheet.heading) - 1, 14)
    book.close()
