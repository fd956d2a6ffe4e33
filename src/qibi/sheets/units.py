"""What the bare numbers of a column are: counts or points, scores or differences from the base.

A unit comes from the heading, from a sign or a unit in the column's own cells, or because qibi made
the sheet. Where both readings give the same entries, or only one of them can be meant, none is
needed. What is then still open the sheet's own totals decide (`sums`), else whoever is asked, else
the column is refused with both readings.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from qibi.base import points as pts
from qibi.base.language import _, many
from qibi.book.definitions import Criterion, Item
from qibi.ledger.pricing import Amount, Misfit, Price, price, price_text, score
from qibi.sheets.headings import Column
from qibi.sheets.names import Thing

COUNT, POINTS, SCORE, DIFFERENCE = "count", "points", "score", "difference"


@dataclass
class Cell:
    """A number in a data row, about one thing; `price` is set once its unit is known."""

    row: int
    column: Column
    thing: Thing
    amount: Amount
    text: str
    count: int | None = None  # stated in a column of its own
    several: bool = False  # a grid's cell: twice is two entries
    price: Price | None = None

    @property
    def bare(self) -> bool:
        """Whether the cell states neither a unit nor a sign that decides how it is read."""
        if isinstance(self.thing, Criterion):
            return not self.amount.signed
        return not self.amount.unit and not self.amount.signed


@dataclass
class Group:
    """The cells of one column that are read alike, and the unit of those that are bare."""

    column: Column
    cells: list[Cell] = field(default_factory=list)
    unit: str = ""
    options: tuple[str, ...] = ()  # the units that are still possible, where it is not decided
    inferred: str = ""  # the unit that the numbers themselves gave, where the other is conceivable

    @property
    def direct(self) -> bool:
        """Whether the cells are about directly scored criteria."""
        return isinstance(self.cells[0].thing, Criterion)


Problem = Callable[[Cell, str], None]


def read_as(cell: Cell, unit: str) -> Price:
    """The price of a cell whose number is of this unit; raises `Misfit`."""
    amount, thing = cell.amount, cell.thing
    if isinstance(thing, Criterion):
        if amount.unit == COUNT:
            message = _("{item} is given a score, not a count").format(item=thing.name)
            raise Misfit("count", message)
        return Price(score(thing, amount, difference=unit == DIFFERENCE))
    if unit == COUNT:
        if amount.signed or amount.unit == POINTS:
            raise Misfit("count", not_a_count(cell.text))
        count = amount.count
        if count is None or count < 1:
            raise Misfit("count", not_a_count(cell.text))
        return price(thing, None, count, several=cell.several)
    value = amount.hundredths
    try:
        return price(thing, value, cell.count)
    except Misfit:
        chosen = thing.fixed is None and amount.unit != POINTS  # 1 may be once: which points?
        if amount.signed or value <= 0 or thing.span[1] > 0 or chosen:
            raise
    return price(thing, -value, cell.count)  # an item that only deducts: 2分 are two taken off


def not_a_count(text: str) -> str:
    """The message for a number that counts nothing."""
    return _("'{text}' is not a count; write a whole number from 1").format(text=text)


def possible(cell: Cell, unit: str) -> Price | None:
    """The price of a cell read in this unit; None where it has none."""
    try:
        return read_as(cell, unit)
    except Misfit:
        return None


def decide(group: Group, problem: Problem) -> bool:
    """Set the prices of a column's cells; False where its unit is still open (`group.options`).

    What can't be read is told to `problem`.
    """
    stated = [cell for cell in group.cells if not cell.bare]
    bare = [cell for cell in group.cells if cell.bare]
    units = (SCORE, DIFFERENCE) if group.direct else (COUNT, POINTS)
    for cell in stated:
        _set(cell, _stated_unit(cell, group), problem)
    if not bare:
        return True
    if group.unit:
        unit = group.unit
        if not group.direct and unit in (SCORE, DIFFERENCE):
            unit = POINTS
        if group.direct and unit in (COUNT, POINTS):
            unit = ""
        mixed = group.direct and unit == SCORE and any(c.price or c.amount.signed for c in stated)
        if unit and not mixed:
            for cell in bare:
                _set(cell, unit, problem)
            return True
    if not group.direct:
        bare = [cell for cell in bare if not _plainly(cell, problem)]
        if not bare:
            return True
    signed = [cell for cell in stated if cell.amount.signed]
    if signed or (stated and not group.direct):
        _beside_stated(bare, units, bool(signed), group, problem)
        return True
    if not group.direct and all(_is_one(cell) for cell in bare):
        for cell in bare:
            _set(cell, COUNT, problem)  # a column of ones is a column of ticks
        if any(possible(cell, POINTS) not in (None, cell.price) for cell in bare):
            group.inferred = COUNT
        return True
    fitting = [u for u in units if all(possible(cell, u) for cell in bare)]
    if len(fitting) == 2 and any(possible(c, units[0]) != possible(c, units[1]) for c in bare):
        group.options = units
        return False
    for cell in bare:
        _set(cell, fitting[0] if fitting else _likelier(bare, units), problem)
    if fitting == [DIFFERENCE]:
        group.inferred = DIFFERENCE
    elif not group.direct and len(fitting) == 1:
        other = units[1 - units.index(fitting[0])]
        if any(possible(c, other) not in (None, c.price) for c in bare):
            group.inferred = fitting[0]
    return True


def _plainly(cell: Cell, problem: Problem) -> bool:
    """Price a bare cell of an item without `per`: points that it may have are points, 1 is once."""
    if not isinstance(cell.thing, Item) or cell.thing.per:
        return False
    if cell.thing.takes(cell.amount.hundredths):
        _set(cell, POINTS, problem)
        return True
    if _is_one(cell):
        _set(cell, COUNT, problem)
        return True
    return False


def _is_one(cell: Cell) -> bool:
    return (
        isinstance(cell.thing, Item)
        and cell.thing.fixed is not None
        and cell.amount.hundredths == 100
    )


def resolve_unit(group: Group, unit: str, problem: Problem) -> None:
    """Set the prices of the bare cells of a column whose unit has been decided."""
    for cell in group.cells:
        if cell.bare and cell.price is None:
            _set(cell, unit, problem)


def _stated_unit(cell: Cell, group: Group) -> str:
    if isinstance(cell.thing, Criterion):
        # Where the heading asks for scores that may be negative, a minus is no difference.
        return SCORE if group.unit == SCORE and cell.thing.min < 0 else DIFFERENCE
    return cell.amount.unit or POINTS


def _beside_stated(
    bare: list[Cell], units: tuple[str, str], signed: bool, group: Group, problem: Problem
) -> None:
    """Bare numbers in a column in which other cells state a unit or a sign.

    Nothing is nothing either way; another number is taken only where both readings agree.
    """
    for cell in bare:
        if group.direct and cell.amount.hundredths == 0:
            _set(cell, DIFFERENCE, problem)
            continue
        readings = [possible(cell, unit) for unit in units]
        if readings[0] == readings[1] and readings[0]:
            cell.price = readings[0]
            continue
        if not group.direct and not signed and not all(readings) and any(readings):
            cell.price = readings[0] or readings[1]
            continue
        if group.direct:
            message = _(
                "the column holds differences such as +2, and here a bare number; write the sign, or 0"
            )
        else:
            message = _(
                "other cells of the column state their unit, this one does not; write {count} or {points}"
            ).format(count=_as_count(cell), points=_as_points(cell))
        problem(cell, message)


def _likelier(cells: Sequence[Cell], units: tuple[str, str]) -> str:
    """The unit in which more of the cells can be read: the others are mistakes in that."""
    if isinstance(cells[0].thing, Item) and cells[0].thing.fixed is None:
        return POINTS
    return max(units, key=lambda unit: sum(possible(cell, unit) is not None for cell in cells))


def _set(cell: Cell, unit: str, problem: Problem) -> None:
    if not isinstance(cell.thing, Criterion) and cell.amount.unit == COUNT:
        unit = COUNT
    try:
        cell.price = read_as(cell, unit)
    except Misfit as misfit:
        message = misfit.message
        if unit == COUNT and not cell.amount.unit and isinstance(cell.thing, Item):
            other = possible(cell, POINTS)
            if other is None and cell.amount.count is None:
                message = _("{text} fits {item} neither as a count nor as points: it is {price}")
                message = message.format(
                    text=cell.text, item=cell.thing.name, price=price_text(cell.thing)
                )
        problem(cell, message)


def both_readings(group: Group) -> tuple[Cell, str, str]:
    """The first cell whose two readings differ, and each reading in words."""
    first, second = group.options
    for cell in group.cells:
        if not cell.bare or cell.price is not None:
            continue
        one, other = possible(cell, first), possible(cell, second)
        if one and other and one != other:
            return cell, in_words(cell, first, one), in_words(cell, second, other)
    raise AssertionError("a column without a doubtful cell")


def in_words(cell: Cell, unit: str, found: Price) -> str:
    """A reading in words: `2 times, -4 points`."""
    total = found.points * found.times
    if unit == COUNT:
        return many("{count} time ({points})", "{count} times ({points})", _times(cell)).format(
            count=_times(cell), points=pts.signed(total)
        )
    if unit == POINTS:
        return _("{points} points").format(points=pts.signed(total))
    if unit == SCORE:
        return _("the score {points}").format(points=pts.show(total))
    base = cell.thing.base if isinstance(cell.thing, Criterion) else 0
    return _("{points} from the base {base}, so {score}").format(
        points=pts.signed(cell.amount.hundredths), base=pts.show(base), score=pts.show(total)
    )


def _times(cell: Cell) -> int:
    return cell.amount.count or 1


def _as_count(cell: Cell) -> str:
    return _("x{count}").format(count=pts.show(cell.amount.hundredths))


def _as_points(cell: Cell) -> str:
    sign = -1 if isinstance(cell.thing, Item) and cell.thing.span[1] <= 0 else 1
    return _("{points} points").format(points=pts.signed(sign * cell.amount.hundredths))


def way_out(group: Group) -> str:
    """What to write so that the unit is plain."""
    cell, _first, _second = both_readings(group)
    if group.direct:
        return _(
            "write +{number} for a difference, or put 'score' or 'difference' into the heading"
        ).format(number=pts.show(cell.amount.hundredths))
    return _("write {count} or {points}, or put 'count' or 'points' into the heading").format(
        count=_as_count(cell), points=_as_points(cell)
    )
