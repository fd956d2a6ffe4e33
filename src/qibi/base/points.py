"""Points are integers of hundredths inside qibi, and decimal numbers wherever a person looks."""

import re
from decimal import Decimal
from functools import lru_cache

LIMIT = 999_999  # |points| <= 9,999.99
_NUMBER = re.compile(r"[-+]?([0-9]{1,9}(\.[0-9]{0,20})?|\.[0-9]{1,20})", re.ASCII)


def from_number(number: int | float) -> int | None:
    """Hundredths of a JSON or YAML number; None where it has more than two decimals or is too big.

    A float is taken for the decimal number that prints as it does.
    """
    if isinstance(number, int):
        hundredths = number * 100
    else:
        if not abs(number) <= LIMIT:
            return None
        hundredths = round(number * 100)
        if hundredths / 100 != number:
            return None
    return hundredths if abs(hundredths) <= LIMIT else None


def from_text(text: str) -> int | None:
    """Hundredths of a number as a person writes it (`+1.5`, `-3`); None where it is none."""
    text = text.strip().replace("−", "-")
    if not _NUMBER.fullmatch(text):
        return None
    value = Decimal(text) * 100
    return int(value) if value == value.to_integral_value() and abs(value) <= LIMIT else None


def to_number(hundredths: int) -> int | float:
    """The JSON number of so many hundredths: 9250 gives 92.5, 10000 gives 100."""
    return hundredths // 100 if hundredths % 100 == 0 else hundredths / 100


@lru_cache(4096)  # a long table shows few amounts many times
def show(hundredths: int) -> str:
    """`92.5`, `-3`, `0`: no more decimals than it has."""
    whole, part = divmod(abs(hundredths), 100)
    text = f"{whole}.{part:02d}".rstrip("0").rstrip(".") if part else str(whole)
    return f"-{text}" if hundredths < 0 else text


@lru_cache(4096)
def signed(hundredths: int) -> str:
    """Like `show`, with a plus sign where it is above zero."""
    return f"+{show(hundredths)}" if hundredths > 0 else show(hundredths)
