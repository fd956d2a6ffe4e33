"""Random score sheets as people keep them, and the entries that each of them means.

`plain_sheet` draws a sheet in one of many layouts; the transformations in `noises` then do to it what
happens to real files. Each knows whether the sheet may still be read, and what it means then. No
word or rule here is taken from the reader: this is what people write, by the issue and the cases.

All points are integers of hundredths.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache

from noisy_books import RECORDER, Thing, World, number

# What has to come of a sheet: it is understood; it may be refused, but never read wrongly; nothing
# of it may be recorded.
READ, EITHER, REFUSE = "read", "either", "refuse"
MONDAY = date(2026, 11, 16)

HEADINGS = {
    "subject": (["姓名", "名字", "党员姓名", "成员", "被考评人", "考核对象", "人员", "员工"], ["Name", "Employee", "Member"]),
    "item": (
        ["评分项", "考核事项", "事由", "考核内容", "考核项目", "指标", "加减分事项", "事项"],
        ["Item", "Criterion"],
    ),
    "count": (["次数", "数量", "发生次数", "次数（次）"], ["Count", "Qty", "times"]),
    "points": (["分值", "积分", "分数", "分值（分）"], ["Points", "points awarded"]),
    "score": (["得分", "评分", "考核得分", "得分(分)"], ["Score"]),
    "difference": (["加减分", "加扣分", "加减分值"], ["Change"]),
    "plus": (["加分", "加分（分）"], ["Bonus"]),
    "minus": (["扣分", "减分"], ["Deduction"]),
    "sign": (["类型", "加减"], ["Type"]),
    "tariff": (["标准分", "单项分值"], ["Tariff"]),
    "points as tariff": (["分值"], ["Tariff"]),
    "self": (["自评", "自评分"], ["Self-assessment"]),
    "reviewed": (["审核得分", "组评", "组评分", "审核"], ["Reviewed"]),
    "date": (["日期", "时间", "发生日期", "考核日期"], ["Date", "day"]),
    "note": (["说明", "备注", "情况说明"], ["Note", "Remarks", "comment"]),
    "evidence": (["佐证", "依据", "证明材料", "佐证材料"], ["Evidence", "proof"]),
    "scored_by": (["评分人", "考评人", "打分人"], ["Scored by", "Scorer"]),
    "approved_by": (["批准人", "审批人"], ["Approved by", "approver"]),
    "number": (["序号", "序", "No."], ["No.", "#"]),
    "id": (["编号", "工号", "员工编号"], ["ID", "employee id"]),
    "branch": (["支部", "所属支部", "所在党支部"], ["Branch"]),
    "total": (["合计", "总分", "小计", "总得分"], ["Total", "total points"]),
    "rank": (["排名", "名次"], ["Rank"]),
    "status": (["审核状态", "状态"], ["Status"]),
    "leave": (["请假", "是否请假", "请假/免考"], ["Leave"]),
    "about": (["单位", "部门", "职务", "班组", "党小组", "岗位"], ["Department", "Team", "Role"]),
    "phone": (["电话", "联系电话", "手机"], ["Phone", "mobile"]),
}  # fmt: skip
NOTES = [
    "东侧洞口已补盖", "夜间值守到位", "三号坑", "按期完成，反馈及时", "巡查时发现", "2号泵站", "第3次提醒",
    "checked on site", "见群消息", "配合监理复查；已闭环", "=1+1", "共2人参加",
]  # fmt: skip
EVIDENCE = ["照片1", "照片1118-3", "通知单7", "核算12", "文2026-012", "photo 3", "会议纪要3"]
NOTHING = ["—", "无", "/", "-", "－", "——"]


@lru_cache(4)
def _converter(name: str):
    import opencc

    return opencc.OpenCC(name)


def traditional(text: str) -> str:
    """The text in traditional characters."""
    return _converter("s2t").convert(text)


@dataclass
class Event:
    """What a row or cell means: one entry, or `times` equal ones."""

    subject: str
    thing: Thing
    points: int
    count: int = 1
    times: int = 1
    date: str = ""
    note: str = ""
    evidence: tuple[str, ...] = ()
    scored_by: str = ""
    approved_by: str = ""
    said: tuple[str, ...] = ()  # what its note has to hold, where it may say more

    def entries(self) -> list[tuple]:
        """The entries, as tuples of what is compared."""
        note = "…" if self.said else self.note
        shared = (self.date, note, self.evidence, self.scored_by, self.approved_by)
        one = (self.subject, self.thing.id, number(self.points), self.count, *shared)
        return [one] * self.times


@dataclass
class Cell:
    """One cell: a value, and how it looks in a workbook."""

    value: str | int | float | bool | date | None = None
    style: dict = field(default_factory=dict)
    formula: str = ""
    stale: bool = False  # a formula that no program has calculated
    runs: list = field(default_factory=list)  # pieces of text, each with a style
    comment: str = ""

    @property
    def empty(self) -> bool:
        return self.value is None or self.value == ""


@dataclass
class Column:
    """One column: its key, its heading, and what stands above it where there are two rows."""

    key: str
    heading: str
    above: str = ""
    hidden: bool = False
    cell: Cell | None = None  # the heading's, where it has a style of its own


@dataclass(eq=False)
class Line:
    """One row below the heading: by column, or `free` cells from the left."""

    kind: str = "data"
    cells: dict[str, Cell] = field(default_factory=dict)
    free: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    amounts: list[str] = field(default_factory=list)  # keys of the numbers that count
    subject: str = ""
    hidden: bool = False
    inserted: int = -1  # a cell too many stands before this column
    beyond: dict[int, Cell] = field(default_factory=dict)  # cells right of the table, by distance
    wide: bool = False  # a free line merged over the table


@dataclass(eq=False)
class Sheet:
    """A sheet while it is made: what it holds, what it means, and what was done to it."""

    rng: random.Random
    world: World
    form: str
    medium: str  # csv, xlsxwriter, openpyxl
    language: str
    columns: list[Column] = field(default_factory=list)
    titles: list[list[str]] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    spans: list[tuple[Line, Line, str, str]] = field(default_factory=list)  # merged, by two corners
    two_rows: str = ""  # merged, first, each
    encoding: str = "utf-8"
    delimiter: str = ","
    date1904: bool = False
    pages: list[tuple[str, list[list[str]]]] = field(default_factory=list)  # besides
    filtered: bool = False
    hidden: str = ""  # --hidden
    status: str = ""  # --status
    expect: str = READ
    kinds: list[str] = field(default_factory=list)
    exempt: dict[str, str] = field(default_factory=dict)  # subject: what its note must hold
    after: list[Callable[[bytes], bytes]] = field(default_factory=list)
    text_after: list[Callable[[str], str]] = field(default_factory=list)
    name: str = "sheet"
    short: bool = False  # 合规 for 比合规
    offset: int = 0  # blank columns on the left
    line_end: str = "\r\n"
    bare: set[str] = field(default_factory=set)  # columns of bare numbers
    doubtful: set[str] = field(default_factory=set)  # columns whose unit nothing says

    @property
    def workbook(self) -> bool:
        return self.medium != "csv"

    @property
    def data(self) -> list[Line]:
        return [line for line in self.lines if line.kind == "data"]

    def column(self, key: str) -> Column | None:
        return next((c for c in self.columns if c.key == key), None)

    def fields(self) -> set[str]:
        return {c.key for c in self.columns}

    def expected(self) -> list[tuple]:
        """The entries that the sheet means."""
        found = [entry for line in self.lines for event in line.events for entry in event.entries()]
        return sorted(found, key=repr)

    def said(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """What the notes of these subjects and items have to hold, where they may say more."""
        events = [event for line in self.lines for event in line.events if event.said]
        return {(event.subject, event.thing.id): event.said for event in events}

    def word(self, field_name: str) -> str:
        """A heading for a field, as somebody would write it."""
        chinese, english = HEADINGS[field_name]
        if self.language == "en":
            return self.rng.choice(english)
        text = self.rng.choice(chinese)
        return traditional(text) if self.language == "trad" else text

    def called(self, thing: Thing) -> str:
        """What the sheet calls an item or criterion."""
        if self.language == "en":
            return thing.en
        if thing.direct and self.short:
            return traditional(thing.zh[1:]) if self.language == "trad" else thing.zh[1:]
        return traditional(thing.zh) if self.language == "trad" else thing.zh

    def amounts(self) -> Iterator[tuple[Line, str]]:
        """The cells with numbers that count."""
        for line in self.data:
            for key in line.amounts if line.events else ():
                if not line.cells[key].empty:
                    yield line, key

    def worsen(self, expect: str) -> None:
        order = [READ, EITHER, REFUSE]
        self.expect = max(self.expect, expect, key=order.index)

    def free_people(self) -> list[str]:
        """Those whom no row is about."""
        taken = {line.subject for line in self.data} | set(self.exempt)
        return [key for key in self.world.people if key not in taken]


# Events


def _event(rng: random.Random, world: World, thing: Thing, subject: str) -> Event:
    if thing.direct:
        half = rng.random() < 0.2
        low, high = thing.low, thing.high
        near = [p for p in (thing.base + 100 * d for d in range(-4, 5)) if low <= p <= high]
        points = rng.choice([*near, rng.randint(low // 100, high // 100) * 100])
        if half and points + 50 <= high:
            points += 50
        return Event(subject, thing, points)
    if thing.options:
        one = rng.choice(thing.options)
    else:
        one = rng.choice(range(thing.low, thing.high + 1, 50))
    count = rng.choice([1, 1, 1, 2, 2, 3, 4]) if thing.per else 1
    return Event(subject, thing, one * count, count)


def _share(sheet: Sheet, line: Line) -> None:
    """Give a row's events their date, note, evidence and people, and write these into its cells."""
    rng, world, keys = sheet.rng, sheet.world, sheet.fields()
    events = line.events
    told: dict = {}
    if "date" in keys and rng.random() < 0.8:
        day = MONDAY + timedelta(days=rng.randint(0, 6))
        told["date"] = day.isoformat()
        line.cells["date"] = _date_cell(sheet, day)
    if "note" in keys and rng.random() < 0.6:
        told["note"] = rng.choice(NOTES)
        line.cells["note"] = Cell(told["note"])
    if "evidence" in keys and (any(e.thing.evidence for e in events) or rng.random() < 0.4):
        several = rng.sample(EVIDENCE, rng.choice([1, 1, 2]))
        told["evidence"] = tuple(several)
        line.cells["evidence"] = Cell("；".join(several))
    judge = RECORDER
    others = [key for key in world.people if key != line.subject]
    if "scored_by" in keys and rng.random() < 0.7:
        judge = rng.choice([RECORDER, *others])
        told["scored_by"] = judge
        line.cells["scored_by"] = Cell(world.people.get(judge) or world.scorers[judge])
    needs = world.second_from is not None and any(
        abs(e.points) >= world.second_from and not e.thing.direct for e in events
    )
    if "approved_by" in keys and (needs or rng.random() < 0.5):
        approver = rng.choice([key for key in others if key != judge])
        told["approved_by"] = approver
        line.cells["approved_by"] = Cell(world.people[approver])
    for event in events:
        for name, value in told.items():
            setattr(event, name, value)


def _date_cell(sheet: Sheet, day: date) -> Cell:
    rng = sheet.rng
    if sheet.workbook and rng.random() < 0.5:
        shape = rng.choice(["yyyy-mm-dd", "yyyy/m/d", 'm"月"d"日"', "m/d/yyyy"])
        return Cell(day, {"num_format": shape})
    shapes = [
        day.isoformat(),
        f"{day.year}/{day.month}/{day.day}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day.month}月{day.day}日",
        f"{day.month}-{day.day}",
        f"{day.year}.{day.month}.{day.day}",
    ]
    if day.day % 10:
        shapes.append(f"{day.month}.{day.day}")
    return Cell(rng.choice(shapes))


# Numbers


def signed_text(points: int) -> str:
    return f"{number(points):+}"


def points_text(rng: random.Random, points: int) -> str:
    """Points as people write them with a sign: `+2`, `-3分`, `加2分`."""
    size = number(abs(points))
    if points >= 0:
        return rng.choice([f"+{size}", f"+{size}分", f"加{size}分", f"加{size}"])
    return rng.choice([f"-{size}", f"-{size}分", f"扣{size}分", f"扣{size}", f"减{size}分"])


def count_text(rng: random.Random, count: int) -> str:
    """A count as people write it with its unit."""
    texts = [f"{count}次", f"x{count}", f"×{count}", f"{count} 次", f"*{count}", f"{count} times"]
    return rng.choice([*texts, "√", "✓"] if count == 1 else texts)


def bare_points(rng: random.Random, event: Event) -> int | float:
    """Points as a plain number; a deduction may lack its sign, where nothing else is possible."""
    deducts = event.thing.deducts and event.thing.fixed is not None
    if event.points < 0 and deducts and rng.random() < 0.5:
        return number(-event.points)
    return number(event.points)


def typed(sheet: Sheet, value: int | float) -> Cell:
    """A number in a cell: as a number, sometimes as text."""
    if sheet.workbook and sheet.rng.random() < 0.85:
        return Cell(value)
    return Cell(str(value))


def readings(thing: Thing, value: float) -> tuple[tuple | None, tuple | None]:
    """What a bare number under an item means as a count, and as points: (points, count, times)."""
    hundredths = round(100 * value)
    as_count = as_points = None
    if value >= 1 and value == int(value) and thing.fixed is not None:
        times = int(value)
        as_count = (thing.fixed * times, times, 1) if thing.per else (thing.fixed, 1, times)
    for points in (hundredths, -hundredths) if thing.deducts and value > 0 else (hundredths,):
        if thing.per and thing.fixed is not None:
            if points % thing.fixed == 0 and points // thing.fixed >= 1:
                as_points = (points, points // thing.fixed, 1)
        elif thing.takes(points):
            as_points = (points, 1, 1)
    if not thing.per and thing.takes(hundredths):  # a permitted points value is points
        as_count = as_points
    return as_count, as_points


def is_plain(thing: Thing, values: list[float]) -> bool:
    """Whether the bare numbers of an item's column can be meant in one way only."""
    values = [v for v in values if v]
    pairs = [readings(thing, v) for v in values]
    if any(v < 0 for v in values):
        return all(v < 0 for v in values)
    if all(one == other for one, other in pairs):
        return True
    return all(one for one, _ in pairs) != all(other for _, other in pairs)


def scores_are_plain(pairs: list[tuple[Thing, float]]) -> bool:
    """Whether the bare numbers of directly scored criteria can't all be differences."""
    for thing, value in pairs:
        hundredths = round(100 * value)
        if not thing.low <= thing.base + hundredths <= thing.high:
            return True
    return all(thing.base == 0 for thing, _ in pairs)


# Layouts


def plain_sheet(rng: random.Random, world: World) -> Sheet:
    """A sheet without noise, in a random layout."""
    medium = rng.choice(["csv", "csv", "csv", "xlsxwriter", "xlsxwriter", "openpyxl"])
    language = rng.choice(["zh", "zh", "zh", "zh", "trad", "en"])
    form = rng.choice(["long", "grid"])
    sheet = Sheet(rng, world, form, medium, language)
    if medium == "csv":
        sheet.encoding = rng.choice(["utf-8", "utf-8-sig", "utf-16", "gb18030"])
        sheet.delimiter = rng.choice([",", ",", "\t", ";"])
    sheet.short = all(t.zh[0] == "比" for t in world.things if t.direct) and rng.random() < 0.2
    sheet.columns.append(Column("subject", world.own_word or sheet.word("subject")))
    if language != "zh":
        sheet.columns[0].heading = sheet.word("subject")
    if form == "long":
        _long(sheet)
    else:
        _grid(sheet)
    return sheet


def _shared_columns(sheet: Sheet, things: list[Thing]) -> None:
    rng = sheet.rng
    wanted = {"date": 0.5, "note": 0.5, "evidence": 0.3, "scored_by": 0.25, "approved_by": 0.25}
    if any(t.evidence for t in things):
        wanted["evidence"] = 1
    if sheet.world.second_from is not None:
        wanted["approved_by"] = 1
    names = [name for name, chance in wanted.items() if rng.random() < chance]
    rng.shuffle(names)
    sheet.columns += [Column(name, sheet.word(name)) for name in names]


def _long(sheet: Sheet) -> None:
    rng, world = sheet.rng, sheet.world
    layout = rng.choice(
        ["count", "points", "points", "both", "both", "plus-minus", "sign", "tariff", "reviewed"]
    )
    sheet.kinds.append(f"long: {layout}")
    things = [t for t in world.things if not t.direct]
    if layout in ("count", "tariff"):
        things = [t for t in things if t.fixed is not None]
    direct = [t for t in world.things if t.direct]
    unit = rng.choice(["points", "score", "difference"])
    if layout == "sign":
        unit = "points"
    if layout in ("points", "both"):
        things = things + direct if rng.random() < 0.6 else things
    if layout == "reviewed":
        things = things + direct
    if not things:
        things, layout = direct, "points"
    sheet.columns.append(Column("item", sheet.word("item")))
    numbers = {
        "count": ["count"],
        "points": [unit],
        "both": rng.choice([["count", unit], [unit, "count"]]),
        "plus-minus": rng.choice([["plus", "minus"], ["count", "plus", "minus"]]),
        "sign": ["sign", unit],
        "tariff": rng.choice(
            [
                ["tariff", "count"],
                ["tariff", "count", "score"],
                ["points as tariff", "count", "score"],
            ]
        ),
        "reviewed": ["self", "reviewed"],
    }[layout]
    for key in numbers:
        word = sheet.word("points as tariff" if key == "points as tariff" else key)
        sheet.columns.append(Column(key.removeprefix("points as "), word))
    numbers = [key.removeprefix("points as ") for key in numbers]
    if "tariff" in numbers and sheet.columns[-1].key == "score":  # 得分 says that it is the total
        sheet.columns[-1].heading = _score_word(sheet)
    _shared_columns(sheet, things)
    taken: set[tuple[str, str]] = set()
    style = rng.choice(["plain", "signed", "mixed"])
    way = "difference" if unit == "difference" or rng.random() < 0.4 else "score"
    for _ in range(rng.randint(1, 8)):
        subject, thing = rng.choice(list(world.people)), rng.choice(things)
        if thing.direct and (subject, thing.id) in taken:
            continue
        taken.add((subject, thing.id))
        event = _event(rng, world, thing, subject)
        if layout == "reviewed" or "count" not in numbers:
            _without_count(event)
        line = Line(subject=subject, events=[event])
        line.cells["subject"] = Cell(world.people[subject])
        line.cells["item"] = Cell(sheet.called(thing))
        _write_long(sheet, line, event, numbers, style, way)
        _share(sheet, line)
        sheet.lines.append(line)
    if rng.random() < 0.4:
        people = list(world.people)
        sheet.lines.sort(key=lambda line: people.index(line.subject))
    column = next((k for k in ("points", "score", "reviewed") if k in numbers), "")
    bare = [
        (e.thing, float(line.cells[column].value))
        for line in sheet.lines
        for e in line.events
        if column and e.thing.direct and not str(line.cells[column].value).startswith("+")
        and _is_number(line.cells[column].value)
    ]  # fmt: skip
    if column in ("points", "score", "reviewed"):
        sheet.bare.add(column)
    if any(v < 0 for _, v in bare) and any(v > 0 for _, v in bare):
        sheet.worsen(EITHER)
    if bare and column == "points" and not scores_are_plain(bare):
        sheet.worsen(EITHER)
        sheet.doubtful.add(column)
        sheet.kinds.append("bare scores that may be differences")


def _score_word(sheet: Sheet) -> str:
    words = {"zh": "得分", "trad": "得分", "en": "Score"}
    return words[sheet.language]


def _is_number(value: object) -> bool:
    try:
        float(str(value))
    except ValueError:
        return False
    return True


def _without_count(event: Event) -> None:
    """Points alone are those of one time, where the item has a choice."""
    if event.thing.per and event.thing.fixed is None:
        event.points, event.count = event.points // event.count, 1


def _write_long(
    sheet: Sheet, line: Line, event: Event, numbers: list[str], style: str, way: str
) -> None:
    rng, thing = sheet.rng, event.thing
    for key in numbers:
        cell = Cell()
        if key == "count":
            cell = _count_cell(sheet, event, numbers)
        elif key in ("points", "score", "difference", "reviewed"):
            cell = _points_cell(sheet, event, key, numbers, style, way)
        elif key in ("plus", "minus"):
            value = event.points - thing.base if thing.direct else event.points
            if (value > 0) == (key == "plus") and value:
                cell = typed(sheet, number(abs(value)))
        elif key == "sign":
            words = ["加分", "加"] if event.points > 0 else ["扣分", "扣"]
            if sheet.language == "en":
                words = ["bonus", "plus"] if event.points > 0 else ["penalty", "minus"]
            cell = Cell(rng.choice(words))
        elif key == "tariff" and rng.random() < 0.9:
            assert thing.fixed is not None
            cell = typed(sheet, number(thing.fixed))
        elif key == "self":
            cell = typed(sheet, rng.choice([1, 2, 3, 10, number(event.points)]))
        line.cells[key] = cell
        if key not in ("sign", "tariff", "self") and not cell.empty:
            line.amounts.append(key)


def _count_cell(sheet: Sheet, event: Event, numbers: list[str]) -> Cell:
    rng, thing = sheet.rng, event.thing
    alone = len(numbers) == 1
    if thing.direct:
        return Cell()
    if not thing.per:
        return rng.choice([Cell(), typed(sheet, 1)])
    if event.count == 1 and rng.random() < 0.3 and (alone or thing.fixed is not None):
        return Cell()
    if rng.random() < 0.3:
        return Cell(count_text(rng, event.count))
    return typed(sheet, event.count)


def _points_cell(
    sheet: Sheet, event: Event, key: str, numbers: list[str], style: str, way: str
) -> Cell:
    rng, thing = sheet.rng, event.thing
    if thing.direct:
        change = event.points - thing.base
        if key == "reviewed" or (key == "score" and thing.low < 0):
            way = "score"
        if key == "score" and thing.low < 0 and event.points < 0 and thing.base:
            sheet.worsen(EITHER)
        if way == "difference" and (change or key == "difference"):
            if key == "difference" and rng.random() < 0.4:
                return typed(sheet, number(change))
            return Cell(points_text(rng, change)) if change else typed(sheet, 0)
        if way == "difference":  # 0 says the same as the base only where the heading says so
            event.points = thing.base + (100 if thing.base + 100 <= thing.high else -100)
            return Cell(points_text(rng, event.points - thing.base))
        return typed(sheet, number(event.points))
    optional = thing.fixed is not None and "count" in numbers
    if optional and rng.random() < 0.3:
        return Cell()
    if "sign" in numbers:
        return typed(sheet, number(abs(event.points)))
    if style == "plain" or (style == "mixed" and rng.random() < 0.5):
        return typed(sheet, bare_points(rng, event))
    return Cell(points_text(rng, event.points))


# The grid


def _grid(sheet: Sheet) -> None:
    rng, world = sheet.rng, sheet.world
    things = rng.sample(list(world.things), rng.randint(1, min(6, len(world.things))))
    order = [t.criterion for t in world.things]
    things.sort(key=lambda t: order.index(t.criterion))
    two = rng.random() < 0.3
    people = rng.sample(list(world.people), rng.randint(2, len(world.people)))
    lines = {key: Line(subject=key, cells={"subject": Cell(world.people[key])}) for key in people}
    for thing in things:
        events = {}
        for key in people:
            if rng.random() < 0.5:
                events[key] = _event(rng, world, thing, key)
        _grid_column(sheet, thing, events, lines, two)
    _shared_columns(sheet, things)
    sheet.lines = list(lines.values())
    for line in sheet.lines:
        if line.events:
            _share(sheet, line)
    if two and any(c.above for c in sheet.columns):
        sheet.two_rows = rng.choice(["merged", "first", "each"])
        sheet.kinds.append(f"two heading rows: {sheet.two_rows}")
        if not sheet.workbook and sheet.two_rows == "merged":
            sheet.two_rows = "first"


DIRECT_STYLES = ["bare", "bare", "head-score", "signed", "head-difference", "reviewed"]
ITEM_STYLES = [
    "unit-count", "unit-points", "units", "head-count", "head-points", "bare-count", "bare-points", "format",
]  # fmt: skip


def _grid_column(
    sheet: Sheet, thing: Thing, events: dict[str, Event], lines: dict[str, Line], two: bool
) -> None:
    rng = sheet.rng
    called = sheet.called(thing)
    above = ""
    if two:
        above = traditional(thing.criterion) if sheet.language == "trad" else thing.criterion
        above = "" if thing.direct or sheet.language == "en" else above
    column = Column(thing.id, called, above)
    if thing.direct:
        style = rng.choice(DIRECT_STYLES)
        write = _direct_style(sheet, thing, events, lines, column, style, two)
    else:
        style = rng.choice(ITEM_STYLES)
        write = _item_style(sheet, thing, events, column, style, two)
    for key, event in events.items():
        line = lines[key]
        _without_choice(event)
        line.cells[thing.id] = write(event)
        line.events.append(event)
        line.amounts.append(thing.id)
    sheet.columns.append(column)
    values = [lines[key].cells[thing.id].value for key in events]
    formats = any(lines[key].cells[thing.id].style for key in events)
    if style in ("bare-count", "bare-points") and not formats and values:
        floats = [float(str(v)) for v in values if _is_number(v)]
        if thing.fixed is not None and all(f == 1 for f in floats):  # as good as ticks
            for event in events.values():
                event.points, event.count, event.times = thing.fixed, 1, 1
            floats = []
        if not is_plain(thing, floats):
            sheet.worsen(EITHER)
            sheet.doubtful.add(thing.id)
            sheet.kinds.append("bare numbers, counts or points")
    if style.startswith("bare"):
        sheet.bare.add(thing.id)
    if style == "bare" and values:
        pairs = [(thing, float(str(v))) for v in values]
        if any(v < 0 for _, v in pairs) and thing.base:
            sheet.worsen(EITHER)
        if not scores_are_plain(pairs):
            sheet.worsen(EITHER)
            sheet.doubtful.add(thing.id)
            sheet.kinds.append("bare scores that may be differences")


def _without_choice(event: Event) -> None:
    _without_count(event)


def _direct_style(
    sheet: Sheet,
    thing: Thing,
    events: dict[str, Event],
    lines: dict[str, Line],
    column: Column,
    style: str,
    two: bool,
) -> Callable[[Event], Cell]:
    rng = sheet.rng
    english = sheet.language == "en"
    if style == "head-score":
        column.heading += rng.choice(["（得分）", "(得分)"]) if not english else " (score)"
        if any(e.points < 0 for e in events.values()) and thing.base:
            sheet.worsen(EITHER)
    elif style == "head-difference":
        column.heading += rng.choice(["（加减分）", "(加减分)"]) if not english else " (difference)"
        return lambda event: typed(sheet, number(event.points - thing.base))
    elif style == "signed":
        for event in events.values():
            if event.points == thing.base:
                event.points += 100 if event.points + 100 <= thing.high else -100
        return lambda event: Cell(points_text(rng, event.points - thing.base))
    elif style == "reviewed" and two and not english:
        column.above, column.heading = column.heading, rng.choice(["审核", "组评"])
        own = f"{thing.id}:self"
        sheet.columns.append(Column(own, "自评", column.above))
        for key in events:
            lines[key].cells[own] = typed(sheet, number(thing.base + 100 * rng.randint(0, 2)))
        if any(e.points < 0 for e in events.values()) and thing.base:
            sheet.worsen(EITHER)
        if not scores_are_plain([(thing, e.points / 100) for e in events.values()]):
            sheet.worsen(EITHER)
            sheet.doubtful.add(thing.id)
    elif style == "reviewed":
        column.heading += "（得分）" if not english else " (score)"
        if any(e.points < 0 for e in events.values()) and thing.base:
            sheet.worsen(EITHER)
    return lambda event: typed(sheet, number(event.points))


def _item_style(
    sheet: Sheet, thing: Thing, events: dict[str, Event], column: Column, style: str, two: bool
) -> Callable[[Event], Cell]:
    rng = sheet.rng
    english = sheet.language == "en"
    countable = thing.fixed is not None
    if not countable:
        style = {"unit-count": "unit-points", "head-count": "head-points", "bare-count": "bare-points"}.get(
            style, style
        )  # fmt: skip
        style = "unit-points" if style == "units" else style
    if not thing.per and countable and style in ("unit-count", "head-count", "units"):
        for event in events.values():
            event.times = rng.choice([1, 1, 2, 3])

    def times(event: Event) -> int:
        return event.count if thing.per else event.times

    if style == "head-count":
        if two and sheet.language != "en" and rng.random() < 0.4:
            column.above, column.heading = column.heading, "次数"
        else:
            column.heading += rng.choice(["（次）", "(次数)"]) if not english else " (count)"
        return lambda event: typed(sheet, times(event))
    if style == "head-points":
        texts = ["（分）", "(分)"]
        if countable:
            texts.append(f"（{signed_text(thing.fixed or 0)}分）")
        column.heading += rng.choice(texts) if not english else " (points)"
        return lambda event: typed(sheet, bare_points(rng, event))
    if style == "bare-count":
        return lambda event: typed(sheet, times(event))
    if style == "bare-points":
        return lambda event: typed(sheet, bare_points(rng, event))
    if style == "format" and sheet.workbook:
        if countable and rng.random() < 0.5:
            return lambda event: Cell(times(event), {"num_format": '0"次"'})
        unit = rng.choice(['"分"', ""])

        def shown(event: Event) -> Cell:
            digits = "0" if event.points % 100 == 0 else "0.0" if event.points % 10 == 0 else "0.00"
            shape = f"+{digits}{unit};-{digits}{unit}"
            return Cell(number(event.points), {"num_format": shape})

        return shown
    if style == "unit-count" or (style == "format" and countable):
        return lambda event: Cell(count_text(rng, times(event)))
    if style == "units":
        return lambda event: Cell(
            count_text(rng, times(event))
            if event.times > 1 or rng.random() < 0.5
            else points_text(rng, event.points)
        )
    return lambda event: Cell(points_text(rng, event.points))
