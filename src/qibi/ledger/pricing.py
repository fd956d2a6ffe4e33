"""What an event is worth under the scheme: from points and a count to the points of an entry.

All points are integers of hundredths. Points that a person states are those of all times together.
"""

import re
from dataclasses import dataclass

from qibi.base import points as pts
from qibi.base.language import _, listing
from qibi.book.definitions import Criterion, Item
from qibi.book.words import UNITS

# Numbers as people write them: `+2`, `-3分`, `加2分`, `2次`, `x2`, `√`. docs/sheets.md has the table.
#
# Nothing is guessed: what is not in that table is refused with the reason. Points are integers of
# hundredths.


NOTHING = {
    "",
    "-",
    "—",
    "–",
    "−",
    "－",
    "/",
    "／",
    "\\",
    "——",
    "--",
    "无",
    "none",
    "n/a",
    "×",
    "✗",
    "✘",
}
TICKS = {"√", "✓", "✔", "☑", "v", "V"}
_FULL_WIDTH = {0xFF01 + n: 0x21 + n for n in range(94)} | {0x3000: " ", 0x2212: "-", 0xFE63: "-"}
_COUNTED = "|".join(word for unit in UNITS.values() for word in unit.chinese.split())
_USUAL = "|".join(f"{unit.chinese.split()[0]}|{unit.english}s?" for unit in UNITS.values())
_UNIT = rf"(?P<unit>分|{_COUNTED}|points?|pts?\.?|{_USUAL})?"
_AMOUNT = re.compile(
    rf"(?P<sign>[+\-–]|加|奖|扣|减|罚)?\s*(?P<number>[0-9]+(\.[0-9]+)?)\s*{_UNIT}", re.IGNORECASE
)
_TIMES = re.compile(rf"[x×*]\s*(?P<number>[0-9]+)\s*({_USUAL})?", re.IGNORECASE)
_WORDED = re.compile(rf"(?P<number>[一二两三四五六七八九十])(?:{_COUNTED})")
_DIGITS = {"两": 2} | {word: number for number, word in enumerate("一二三四五六七八九十", 1)}
_POINT_UNITS = ("分", "p")


@dataclass(frozen=True)
class Amount:
    """A number in a cell: hundredths, with the unit and the sign that the cell itself states.

    `unit` is `points`, `count`, or empty where the number is bare. `signed` says that a sign or a
    word for one (加, 扣) is before it.
    """

    hundredths: int
    unit: str = ""
    signed: bool = False

    @property
    def count(self) -> int | None:
        """The amount as a count; None where it is not a whole number."""
        whole, rest = divmod(self.hundredths, 100)
        return None if rest else whole


class NotAnAmount(Exception):
    """The text is not a number that can be read; the message says why and what to write."""


def plain(text: str) -> str:
    """The text with full-width ASCII as plain ASCII, outer blanks gone.

    Unlike NFKC it turns nothing else into a digit: `①`, `²` and `½` stay what they are.
    """
    return text.translate(_FULL_WIDTH).strip()


def is_nothing(text: str) -> bool:
    """Whether a cell stands for nothing: blank, `-`, `—`, `/`, `无`."""
    return plain(text).casefold() in NOTHING


def is_tick(text: str) -> bool:
    """Whether a cell is ticked."""
    return plain(text) in TICKS


def parse(text: str) -> Amount:
    """The amount that a text states; a tick is once. Raises `NotAnAmount`."""
    bare = plain(text)
    if is_tick(bare):
        return Amount(100, "count")
    if match := _TIMES.fullmatch(bare):
        return Amount(100 * _whole(match["number"], text), "count")
    if match := _WORDED.fullmatch(bare):
        return Amount(100 * _DIGITS[match["number"]], "count")
    match = _AMOUNT.fullmatch(bare)
    if not match:
        raise NotAnAmount(_why_not(text, bare))
    value = pts.from_text(match["number"])
    if value is None:
        raise NotAnAmount(
            _("'{text}': write at most two decimals, and no more than 9999.99").format(text=text)
        )
    unit = match["unit"] or ""
    kind = ""
    if unit:
        kind = "points" if unit.casefold().startswith(_POINT_UNITS) else "count"
    sign = match["sign"]
    if kind == "count" and (sign or value % 100):
        message = _("'{text}' is not a count; write a whole number from 1")
        raise NotAnAmount(message.format(text=text))
    if sign and sign not in "+加奖":
        value = -value
    return Amount(value, kind, bool(sign))


def _whole(number: str, text: str) -> int:
    if len(number) > 4:
        message = _("'{text}' is not a count; write a whole number from 1")
        raise NotAnAmount(message.format(text=text))
    return int(number)


def _why_not(text: str, bare: str) -> str:
    """The reason why a text is not a number, with what to write."""
    if re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?\s*%", bare):
        return _("'{text}' is a percentage; write the points").format(text=text)
    if re.fullmatch(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?(分|次)?", bare):
        return _("'{text}': write it without a comma").format(text=text)
    if re.fullmatch(r"[+-]?[0-9]+,[0-9]+(分|次)?", bare):
        return _("'{text}': use a decimal point, as in 8.5").format(text=text)
    if re.match(r"[x×*]", bare, re.IGNORECASE):
        message = _("'{text}' is not a count; write a whole number, as in x2")
        return message.format(text=text)
    if any(c.isnumeric() and not c.isascii() for c in bare):
        return _("'{text}' is not a number; write it with the digits 0 to 9").format(text=text)
    return _("'{text}' is not a number; write for example 2, +2 or x2").format(text=text)


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
            _("{item} gives {choices}; write which").format(
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
    result = criterion.base + amount.hundredths if difference else amount.hundredths
    if not criterion.min <= result <= criterion.max:
        raise Misfit("points", outside(criterion, amount, result))
    return result


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
    return _(UNITS[item.per].price).format(points=text) if item.per else text


def veto_text(item: Item) -> str:
    """What an item vetoes: `the week total becomes 0`; empty for one that is no veto."""
    for limit, text in (
        (item.veto_criterion, _("the criterion becomes {points}")),
        (item.veto_total, _("the week total becomes {points}")),
        (item.veto_total_at_most, _("the week total is at most {points}")),
    ):
        if limit is not None:
            return text.format(points=pts.show(limit))
    return ""


def misfit(item: Item, points: int, count: int = 1) -> str:
    """The message for points that an item can't have."""
    times = _(" for {count}").format(count=count) if count > 1 else ""
    return _("{points}{times} does not fit {item}, which gives {worth}").format(
        points=pts.signed(points), times=times, item=item.name, worth=price_text(item)
    )
