"""What an event is worth under the scheme: from points and a count to the points of an entry.

All points are integers of hundredths. Points that a person states are those of all times together.
"""

from dataclasses import dataclass

from qibi.base import points as pts
from qibi.base.language import _, listing
from qibi.book.definitions import Criterion, Item
from qibi.ledger.amounts import Amount


@dataclass(frozen=True)
class Price:
    """The points and the count of one entry, and how many such entries."""

    points: int
    count: int = 1
    times: int = 1


class Misfit(Exception):
    """Points or a count that the scheme does not allow; `field` says which of the two."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field, self.message = field, message


def price(item: Item, points: int | None, count: int | None, *, several: bool = False) -> Price:
    """The price of an item's event; raises `Misfit`.

    `several` lets a count above one on an item without `per` stand for so many entries, as the
    cells of a grid do.
    """
    if count is not None and count != 1 and not item.per and not several:
        raise Misfit(
            "count",
            _("{item} is scored one by one; write a row for each of the {count}").format(
                item=item.name, count=count
            ),
        )
    if points is None and item.fixed is None:
        raise Misfit(
            "points",
            _("{item} is worth {choices}; write which").format(
                item=item.name, choices=price_text(item)
            ),
        )
    if item.per:
        return _counted(item, points, count)
    times = count or 1
    if points is None:
        assert item.fixed is not None
        return Price(item.fixed, 1, times)
    if not item.takes(points):
        raise Misfit("points", misfit(item, points))
    return Price(points, 1, times)


def _counted(item: Item, points: int | None, count: int | None) -> Price:
    if points is None:
        assert item.fixed is not None
        total = item.fixed * (count or 1)
        if abs(total) > pts.LIMIT:
            message = _("{count} times is beyond 9999.99 points")
            raise Misfit("count", message.format(count=count))
        return Price(total, count or 1)
    if count is None:
        fixed = item.fixed
        if fixed and points % fixed == 0 and points // fixed >= 1:
            return Price(points, points // fixed)
        count = 1
    if points % count or not item.takes(points // count):
        raise Misfit("points", misfit(item, points, count))
    return Price(points, count)


def score(criterion: Criterion, amount: Amount, *, difference: bool | None = None) -> int:
    """The score that an amount gives on a direct criterion; raises `Misfit`.

    A signed amount is a difference from the base, a bare one the score itself, unless
    `difference` says otherwise. Where a score may be negative, a minus sign says either: such an
    amount is taken only where both give the same score.
    """
    if difference is None:
        difference = amount.signed
        both = {amount.hundredths, criterion.base + amount.hundredths}
        if amount.hundredths < 0 and len([b for b in both if b >= criterion.min]) == 2:
            message = _(
                "{points} may be the score, or the difference from the base {base}; say which in the heading: score, or difference"
            )
            raise Misfit(
                "points",
                message.format(points=pts.show(amount.hundredths), base=pts.show(criterion.base)),
            )
    found = criterion.base + amount.hundredths if difference else amount.hundredths
    if not criterion.min <= found <= criterion.max:
        raise Misfit("points", outside(criterion, amount, found))
    return found


def outside(criterion: Criterion, amount: Amount, found: int) -> str:
    """The message for a score that is beyond a criterion's limits."""
    limits = {
        "min": pts.show(criterion.min),
        "max": pts.show(criterion.max),
        "item": criterion.name,
    }
    if found != amount.hundredths:
        return _(
            "{points} from the base {base} is {score}, outside {min} to {max} of {item}"
        ).format(
            points=pts.signed(amount.hundredths),
            base=pts.show(criterion.base),
            score=pts.show(found),
            **limits,
        )
    return _("{points} is outside {min} to {max} of {item}").format(
        points=pts.show(found), **limits
    )


def price_text(item: Item) -> str:
    """What an item may be worth, in words: `1 each`, `4, 8 or 10`, `-2 to -1`."""
    if item.points:
        text = listing([pts.signed(p) for p in item.points])
    else:
        text = _("{low} to {high}").format(low=pts.signed(item.low), high=pts.signed(item.high))
    if item.per == "day":
        return _("{points} a day").format(points=text)
    return _("{points} each").format(points=text) if item.per else text


def misfit(item: Item, points: int, count: int = 1) -> str:
    """The message for points that an item can't have."""
    times = _(" for {count}").format(count=count) if count > 1 else ""
    return _("{points}{times} does not fit {item}, which is worth {worth}").format(
        points=pts.signed(points), times=times, item=item.name, worth=price_text(item)
    )
