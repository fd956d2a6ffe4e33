"""The sheet's own sums, compared with what was read: per person, per column, people, places.

A sum may be that of the points as read, of the points credited under the caps, or the total with
the base points; over all cells, or without those that a spreadsheet does not add up because they
are text. It agrees if any of these does. All numbers are hundredths of a point.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from qibi.base import points as pts
from qibi.base.language import _
from qibi.book.definitions import Criterion, Definitions, Scheme
from qibi.ledger import pricing
from qibi.ledger.pricing import Price
from qibi.sheets.headings import Column, Heading
from qibi.sheets.page import UNCALCULATED, Page
from qibi.sheets.rows import Rows
from qibi.sheets.units import POINTS, Cell, Group, possible

_POINTS = re.compile(r"分|points?|scores?", re.IGNORECASE)
_MOST_COMBINED = 256  # combinations of units that are tried


@dataclass
class Reading:
    """What was read of each row: its subject's id, and the cells with their prices."""

    page: Page
    heading: Heading
    definitions: Definitions
    scheme: Scheme
    rows: Rows
    subjects: dict[int, str] = field(default_factory=dict)  # by row
    cells: list[Cell] = field(default_factory=list)
    exempt: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class _Line:
    """The numbers of one person: row of the total, the total, and the cells that it may add up."""

    row: int
    column: Column
    stated: int
    subject: str
    cells: tuple[Cell, ...]


def number_in(page: Page, row: int, column: Column) -> int | None:
    """The hundredths in a cell of a sum; None where there is none, or no program calculated it."""
    place = (row, column.number)
    if any(mark.kind == UNCALCULATED for mark in page.marks.get(place, ())):
        return None
    text = page.cell(row, column.number)
    if pricing.is_nothing(text) or pricing.is_tick(text):
        return None
    try:
        return pricing.parse(text).hundredths
    except pricing.NotAnAmount:
        return None


def _lines(reading: Reading) -> list[_Line]:
    """Each person's total, with the cells of all rows of that person."""
    by_subject: dict[str, list[Cell]] = {}
    for cell in reading.cells:
        if subject := reading.subjects.get(cell.row):
            by_subject.setdefault(subject, []).append(cell)
    found = []
    seen: set[tuple[str, int]] = set()
    for column in reading.heading.all_of("total"):
        for row, subject in reading.subjects.items():
            stated = number_in(reading.page, row, column)
            if stated is None or not subject or subject in reading.exempt:
                continue
            if reading.heading.form == "long":
                if (subject, column.number) in seen:  # merged over the rows of one person
                    continue
                seen.add((subject, column.number))
                cells = tuple(by_subject.get(subject, ()))
            else:
                cells = tuple(c for c in by_subject.get(subject, ()) if c.row == row)
            found.append(_Line(row, column, stated, subject, cells))
    return found


def _measures(reading: Reading, line: _Line, prices: Mapping[int, Price]) -> dict[str, set[int]]:
    """What a person's total may be, by how it was added up, given the price of each cell (by id)."""
    measures: dict[str, set[int]] = {}
    page = reading.page
    kinds = {"all": list(line.cells)}
    kinds["numbers"] = [c for c in line.cells if (c.row, c.column.number) in page.numeric]
    for kind, cells in kinds.items():
        raw = change = shown = 0
        for cell in cells:
            price = prices.get(id(cell))
            if price is None:
                continue
            total = price.points * price.times
            base = cell.thing.base if isinstance(cell.thing, Criterion) else 0
            raw += total
            change += total - base
            shown += cell.amount.hundredths if cell.bare else total - base
        measures[f"points {kind}"] = {raw}
        measures[f"change {kind}"] = {change}
        measures[f"shown {kind}"] = {shown} if kind == "numbers" else {raw}
        measures[f"total {kind}"] = {_base(reading, line.subject) + change}
    credited = _credited(reading, line, prices)
    measures["credited"] = {credited}
    measures["credited total"] = {_base(reading, line.subject) + credited}
    return measures


def _base(reading: Reading, subject: str) -> int:
    kind = reading.definitions.kind(subject)
    return sum(c.base for c in reading.scheme.criteria if kind in c.applies_to)


def _credited(reading: Reading, line: _Line, prices: Mapping[int, Price]) -> int:
    """The change that counts under caps, `only_highest`, exclusions and a criterion's limits."""
    sums: dict[str, list[int]] = {}
    direct: dict[str, int] = {}
    for cell in line.cells:
        price = prices.get(id(cell))
        if price is None:
            continue
        if isinstance(cell.thing, Criterion):
            direct[cell.thing.id] = price.points - cell.thing.base
        else:
            sums.setdefault(cell.thing.id, []).extend([price.points] * price.times)
    by_criterion: dict[str, int] = dict(direct)
    items = [item for key in sums if (item := reading.scheme.item(key))]
    excluded = {key for item in items for key in item.excludes}
    for item in items:
        if item.id in excluded:
            continue
        points = sums[item.id]
        credit = max(points) if item.only_highest else sum(points)
        if item.cap is not None:
            credit = min(credit, item.cap) if item.cap >= 0 else max(credit, item.cap)
        by_criterion[item.criterion] = by_criterion.get(item.criterion, 0) + credit
    total = 0
    for key, change in by_criterion.items():
        criterion = reading.scheme.criterion(key)
        if criterion:
            change = (
                min(max(criterion.base + change, criterion.min), criterion.max) - criterion.base
            )
        total += change
    return total


def decide_by_totals(reading: Reading, groups: Sequence[Group]) -> dict[int, str]:
    """The unit of each open column (by its place among `groups`) that the sheet's totals prove.

    Only a combination of units that makes every total agree, added up in one way throughout, where
    no other combination does, proves anything.
    """
    lines = [line for line in _lines(reading) if line.cells]
    if not lines or not groups or 2 ** len(groups) > _MOST_COMBINED:
        return {}
    fixed = {id(c): c.price for c in reading.cells if c.price is not None}
    agreeing: list[tuple[str, ...]] = []
    for units in product(*(group.options for group in groups)):
        prices = dict(fixed)
        whole = True
        for group, unit in zip(groups, units, strict=True):
            for cell in group.cells:
                if cell.bare and cell.price is None:
                    price = possible(cell, unit)
                    whole = whole and price is not None
                    if price is not None:
                        prices[id(cell)] = price
        if whole and _agree(reading, lines, prices):
            agreeing.append(units)
    if len(agreeing) != 1 or (
        POINTS in agreeing[0] and _only_added_up(lines, reading.page.numeric)
    ):
        return {}
    proved = {}
    for number, group in enumerate(groups):
        touched = {cell.row for cell in group.cells if cell.bare}
        if touched & {line.row for line in lines} or reading.heading.form == "long":
            proved[number] = agreeing[0][number]
    return proved


def _only_added_up(lines: Sequence[_Line], numeric: Container[tuple[int, int]]) -> bool:
    """Whether all totals just add up the numbers shown, under a heading that does not say points.

    That holds for counts as well, so it proves nothing.
    """
    if any(_POINTS.search(line.column.heading) for line in lines):
        return False
    return all(
        line.stated
        in (
            sum(c.amount.hundredths for c in line.cells),
            sum(
                c.amount.hundredths
                for c in line.cells
                if (c.row, c.column.number) in numeric  # a program adds up no text
            ),
        )
        for line in lines
    )


def _agree(reading: Reading, lines: Sequence[_Line], prices: Mapping[int, Price]) -> bool:
    ways: set[str] | None = None
    for line in lines:
        measures = _measures(reading, line, prices)
        # What a sheet shows says nothing on what it means: 2 + 1 is 3 in either unit.
        agreeing = {
            way
            for way, values in measures.items()
            if line.stated in values and not way.startswith("shown")
        }
        ways = agreeing if ways is None else ways & agreeing
        if not ways:
            return False
    return True


def differences(reading: Reading) -> Iterator[str]:
    """What of the sheet's own sums differs from what was read, in words."""
    prices = {id(c): c.price for c in reading.cells if c.price is not None}
    for line in _lines(reading):
        measures = _measures(reading, line, prices)
        if any(line.stated in values for values in measures.values()):
            continue
        place = _place(reading.page, line.row, line.column)
        name = reading.definitions.title(line.subject)
        (read,) = measures["points all"]
        (total,) = measures["total all"]
        yield _(
            "{place}: {name}'s {heading} is {stated} in the sheet; as read it is {read}, with the base points {total}"
        ).format(
            place=place,
            name=name,
            heading=line.column.heading,
            stated=pts.show(line.stated),
            read=pts.show(read),
            total=pts.show(total),
        )
    yield from _column_sums(reading)
    yield from _people(reading)
    yield from _places(reading)


def _place(page: Page, row: int, column: Column) -> str:
    line, cell = page.place(row, column.number)
    return cell or _("line {line}").format(line=line)


def _column_sums(reading: Reading) -> Iterator[str]:
    """Rows of sums below the table, or below a part of it."""
    page, heading = reading.page, reading.heading
    by_column: dict[int, list[Cell]] = {}
    for cell in reading.cells:
        by_column.setdefault(cell.column.number, []).append(cell)
    start = heading.bottom + 1
    for row in reading.rows.sums:
        label = next((text for text in page.own(row) if text), "")
        word = label.casefold().replace("-", "").replace(" ", "")
        if any(w in word for w in ("平均", "average", "mean", "人数", "headcount")):
            continue
        part = "小计" in word or "subtotal" in word
        whole = not part and any(w in word for w in ("合", "总", "累计", "total", "sum"))
        first = heading.bottom if whole else start - 1
        for column in heading.columns:
            if column.thing or column.field in ("points", "count"):
                cells = [c for c in by_column.get(column.number, ()) if first < c.row < row]
                yield from _column_sum(reading, row, column, cells, label)
            elif column.field == "total":
                yield from _total_sum(reading, first, row, column, label)
        if not whole:
            start = row + 1


def _column_sum(
    reading: Reading, row: int, column: Column, cells: Sequence[Cell], label: str
) -> Iterator[str]:
    page = reading.page
    stated = number_in(page, row, column)
    if stated is None:
        return
    sums = set()
    for chosen in (cells, [c for c in cells if (c.row, column.number) in page.numeric]):
        read = sum(c.price.points * c.price.times for c in chosen if c.price)
        sums |= {read, sum(c.amount.hundredths for c in chosen)}
        if "points" not in (column.field, column.unit):
            sums.add(sum(_times(c) for c in chosen))
        sums.add(
            read - sum(c.thing.base for c in chosen if c.price and isinstance(c.thing, Criterion))
        )
    if column.sign:  # 3 and -3 are the same where the heading says that points are deducted
        stated, sums = abs(stated), {abs(value) for value in sums}
    if stated not in sums:
        read = sum(c.price.points * c.price.times for c in cells if c.price)
        yield _sum_differs(reading, row, column, label, stated, abs(read) if column.sign else read)


def _total_sum(reading: Reading, first: int, row: int, column: Column, label: str) -> Iterator[str]:
    """The sum of the sheet's own totals, against these as they stand in the sheet."""
    stated = number_in(reading.page, row, column)
    numbers = [number_in(reading.page, r, column) for r in reading.subjects if first < r < row]
    read = sum(number for number in numbers if number is not None)
    if stated is not None and any(n is not None for n in numbers) and stated != read:
        yield _sum_differs(reading, row, column, label, stated, read)


def _sum_differs(
    reading: Reading, row: int, column: Column, label: str, stated: int, read: int
) -> str:
    return _(
        "{place}: '{label}' of {heading} is {stated} in the sheet; as read it is {read}"
    ).format(
        place=_place(reading.page, row, column),
        label=label,
        heading=column.heading,
        stated=pts.show(stated),
        read=pts.show(read),
    )


def _times(cell: Cell) -> int:
    return 100 * cell.price.count * cell.price.times if cell.price else 0


def _people(reading: Reading) -> Iterator[str]:
    """A stated number of people."""
    page, heading = reading.page, reading.heading
    named = {s for s in reading.subjects.values() if s}
    for row in reading.rows.sums:
        texts = [text for text in page.own(row) if text]
        counted = re.fullmatch(r"共?[0-9]+人", texts[0]) if texts else None
        if not counted and not any(w in texts[0] for w in ("人数", "headcount", "Headcount")):
            continue
        column = heading.of("subject")
        numbers = [
            amount.hundredths // 100
            for text in (texts if counted else texts[1:])
            if (amount := _count_of(text)) is not None
        ]
        if numbers and len(named) not in numbers and len(reading.subjects) not in numbers:
            yield _("{place}: the sheet says {stated} people, {read} were read").format(
                place=_place(page, row, column or heading.columns[0]),
                stated=numbers[0],
                read=len(named),
            )


def _count_of(text: str) -> pricing.Amount | None:
    try:
        return pricing.parse(text.removeprefix("共").removesuffix("人").strip())
    except pricing.NotAnAmount:
        return None


def _places(reading: Reading) -> Iterator[str]:
    """Places in the sheet's own ranking, among its own rows."""
    column, total = reading.heading.of("rank"), reading.heading.of("total")
    if not column or reading.heading.form != "grid":
        return
    changes = dict.fromkeys(reading.subjects, 0)
    for cell in reading.cells:
        if cell.price:
            changes[cell.row] = changes.get(cell.row, 0) + cell.price.points * cell.price.times
    sums: dict[int, int] = {}
    for row, subject in reading.subjects.items():
        if subject and subject not in reading.exempt:
            stated = number_in(reading.page, row, total) if total else None
            sums[row] = changes[row] if stated is None else stated
    ordered = sorted(sums.values())
    distinct = sorted(set(ordered))
    for row, own in sums.items():
        place = number_in(reading.page, row, column)
        if place is None:
            continue
        above = len(ordered) - bisect_right(ordered, own)
        equal = bisect_right(ordered, own) - bisect_left(ordered, own)
        if not above < place // 100 <= above + equal:
            if place // 100 == 1 + len(distinct) - bisect_right(distinct, own):
                continue  # places without gaps
            yield _(
                "{place}: the sheet has {stated} as {name}'s place; by its rows it is {read}"
            ).format(
                place=_place(reading.page, row, column),
                stated=pts.show(place),
                name=reading.definitions.title(reading.subjects[row]),
                read=above + 1,
            )
