"""What an event is worth: from the points and the count that a person wrote to those of an entry."""

from qibi.base import points as pts
from qibi.base.language import _, listing
from qibi.base.text import narrowed
from qibi.book.definitions import Criterion, Item
from qibi.ledger.wish import Problems, Wish


def settle(
    thing: Item | Criterion | None, wish: Wish, count: int | None, problems: Problems
) -> tuple[int | None, int, int]:
    """Points in hundredths of one entry, how many entries, and the count of each."""
    given = None
    if wish.points:
        text = narrowed(wish.points).removesuffix("分")
        given = pts.from_text(text)
        if given is None:
            problems.add(
                "points",
                _("'{text}' is not points; write a number with at most two decimals").format(
                    text=wish.points
                ),
            )
            return None, 1, 1
    if thing is None:
        return None, 1, 1
    if isinstance(thing, Criterion):
        return _direct_points(thing, given, problems), 1, 1
    if thing.per:
        return _counted_points(thing, given, count, problems)
    times = (count or 1) if wish.several else 1
    if given is None:
        if thing.fixed is None:
            problems.add(
                "points",
                _("{item} is worth {choices}; write which").format(
                    item=thing.name, choices=worth(thing)
                ),
            )
        return thing.fixed, times, 1
    if not thing.takes(given):
        problems.add("points", _misfit(thing, given))
        return None, 1, 1
    return given, times, 1


def _direct_points(criterion: Criterion, given: int | None, problems: Problems) -> int | None:
    if given is None:
        problems.add("points", _("{item} is given a score; write it").format(item=criterion.name))
    elif not criterion.min <= given <= criterion.max:
        problems.add(
            "points",
            _("{points} is outside {min} to {max} of {item}").format(
                points=pts.show(given),
                min=pts.show(criterion.min),
                max=pts.show(criterion.max),
                item=criterion.name,
            ),
        )
        return None
    return given


def _counted_points(
    item: Item, given: int | None, count: int | None, problems: Problems
) -> tuple[int | None, int, int]:
    if given is None:
        if item.fixed is None:
            problems.add(
                "points",
                _("{item} is worth {choices}; write which").format(
                    item=item.name, choices=worth(item)
                ),
            )
            return None, 1, 1
        total = item.fixed * (count or 1)
        if abs(total) > pts.LIMIT:
            problems.add("count", _("{count} times is beyond 9999.99 points").format(count=count))
            return None, 1, 1
        return total, 1, count or 1
    if count is None:
        fixed = item.fixed
        if fixed and given % fixed == 0 and given // fixed >= 1:
            return given, 1, given // fixed
        count = 1
    if given % count or not item.takes(given // count):
        problems.add("points", _misfit(item, given, count))
        return None, 1, 1
    return given, 1, count


def worth(item: Item) -> str:
    """What an item may be worth, in words: `1 each`, `4, 8 or 10`, `-2 to -1`."""
    if item.points:
        text = listing([pts.signed(p) for p in item.points])
    else:
        text = _("{low} to {high}").format(low=pts.signed(item.low), high=pts.signed(item.high))
    if item.per == "day":
        return _("{points} a day").format(points=text)
    return _("{points} each").format(points=text) if item.per else text


def _misfit(item: Item, given: int, count: int = 1) -> str:
    times = _(" for {count}").format(count=count) if count > 1 else ""
    return _("{points}{times} does not fit {item}, which is worth {worth}").format(
        points=pts.signed(given), times=times, item=item.name, worth=worth(item)
    )
