"""Numbers as people write them: `+2`, `-3分`, `加2分`, `2次`, `x2`, `√`. docs/sheets.md has the table.

Nothing is guessed: what is not in that table is refused with the reason. Points are integers of
hundredths.
"""

import re
from dataclasses import dataclass

from qibi.base import points as pts
from qibi.base.language import _

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
_COUNTED = "人次|次|天|项|个|处|起|件|条|份|篇|回"
_UNIT = rf"(?P<unit>分|{_COUNTED}|points?|pts?\.?|times?|days?)?"
_AMOUNT = re.compile(
    rf"(?P<sign>[+\-–]|加|奖|扣|减|罚)?\s*(?P<number>[0-9]+(\.[0-9]+)?)\s*{_UNIT}", re.IGNORECASE
)
_TIMES = re.compile(r"[x×*]\s*(?P<number>[0-9]+)\s*(次|天|times?|days?)?", re.IGNORECASE)
_WORDED = re.compile(rf"(?P<number>[一二两三四五六七八九十])(?:{_COUNTED})")
_DIGITS = {"两": 2} | {word: number for number, word in enumerate("一二三四五六七八九十", 1)}
_POINT_UNITS = ("分", "p")


@dataclass(frozen=True)
class Amount:
    """A number in a cell: hundredths, with the unit and the sign that the cell itself states.

    `unit` is `points`, `count`, or empty where the number is bare. `signed` says that a sign or a
    word for one (加, 扣) stands before it.
    """

    hundredths: int
    unit: str = ""
    signed: bool = False

    @property
    def count(self) -> int | None:
        """The amount as a count; None where it is no whole number."""
        whole, rest = divmod(self.hundredths, 100)
        return None if rest else whole


class NotAnAmount(Exception):
    """The text is no number that can be read; the message says why and what to write."""


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
    if found := _TIMES.fullmatch(bare):
        return Amount(100 * _whole(found["number"], text), "count")
    if found := _WORDED.fullmatch(bare):
        return Amount(100 * _DIGITS[found["number"]], "count")
    found = _AMOUNT.fullmatch(bare)
    if not found:
        raise NotAnAmount(_why_not(text, bare))
    value = pts.from_text(found["number"])
    if value is None:
        raise NotAnAmount(
            _("'{text}': write at most two decimals, and no more than 9999.99").format(text=text)
        )
    unit = found["unit"] or ""
    kind = ""
    if unit:
        kind = "points" if unit.casefold().startswith(_POINT_UNITS) else "count"
    sign = found["sign"]
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
    """The reason why a text is no number, with what to write."""
    if re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?\s*%", bare):
        return _("'{text}' is a percentage; write the points").format(text=text)
    if re.fullmatch(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?(分|次)?", bare):
        return _("'{text}': write it without a comma").format(text=text)
    if re.fullmatch(r"[+-]?[0-9]+,[0-9]+(分|次)?", bare):
        return _("'{text}': the decimal point is a point, as in 8.5").format(text=text)
    if re.match(r"[x×*]", bare, re.IGNORECASE):
        message = _("'{text}' is not a count; write a whole number, as in x2")
        return message.format(text=text)
    if any(c.isnumeric() and not c.isascii() for c in bare):
        return _("'{text}' is not a number; write it with the digits 0 to 9").format(text=text)
    return _("'{text}' is not a number; write for example 2, +2 or x2").format(text=text)
