"""Points are integers of hundredths inside qibi, and decimal numbers wherever a person looks."""

from decimal import Decimal, InvalidOperation

LIMIT = 999_999  # |points| <= 9,999.99


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
    try:
        value = Decimal(text.strip().replace("−", "-")) * 100
    except InvalidOperation:
        return None
    if not value.is_finite() or value != value.to_integral_value() or abs(value) > LIMIT:
        return None
    return int(value)


def to_number(hundredths: int) -> int | float:
    """The JSON number of so many hundredths: 9250 gives 92.5, 10000 gives 100."""
    return hundredths // 100 if hundredths % 100 == 0 else hundredths / 100


def show(hundredths: int) -> str:
    """`92.5`, `-3`, `0`: no more decimals than it has."""
    whole, part = divmod(abs(hundredths), 100)
    text = f"{whole}.{part:02d}".rstrip("0").rstrip(".") if part else str(whole)
    return f"-{text}" if hundredths < 0 else text


def signed(hundredths: int) -> str:
    """Like `show`, with a plus sign where it is above zero."""
    return f"+{show(hundredths)}" if hundredths > 0 else show(hundredths)
