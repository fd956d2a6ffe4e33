"""Number formats: the text that a spreadsheet program shows for the number that a cell holds.

Follows what Excel does, as ECMA-376 (18.8.30, 18.8.31) describes it. Colours, languages, widths of
blanks and the commas between thousands are left out; a date is shown as the ISO date.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache

from qibi.sheets.page import DATE, INVISIBLE, LOST_DIGITS, ROUNDED, Mark

GENERAL = "General"
_ACCOUNTING = "#,##0_);(#,##0)"
_ACCOUNTING_2 = "#,##0.00_);(#,##0.00)"
_DATE, _TIME = "yyyy-mm-dd", "hh:mm:ss"
_BUILT_IN = {
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    **dict.fromkeys((5, 6, 37, 38, 41, 42), _ACCOUNTING),
    **dict.fromkeys((7, 8, 39, 40, 43, 44), _ACCOUNTING_2),
    9: "0%",
    10: "0.00%",
    **dict.fromkeys((11, 48), "0.00E+00"),
    **dict.fromkeys((12, 13), "# ??/??"),
    **dict.fromkeys((14, 15, 16, 17, 22), _DATE),
    **dict.fromkeys((18, 19, 20, 21, 45, 47), _TIME),
    46: "[h]:mm:ss",
    49: "@",
    # Of Chinese and Japanese programs.
    **dict.fromkeys((*range(27, 32), 36, *range(50, 55), 57, 58), _DATE),
    **dict.fromkeys((*range(32, 36), 55, 56), _TIME),
}
FIRST_CUSTOM = 164

MANY_DIGITS = Decimal(10) ** 15  # a program keeps 15 digits of a number
_NOISE = Decimal("1e-10")  # 0.1 + 0.2 is 0.3
_HUNDREDTH = Decimal("0.01")  # points are counted in hundredths
_EXACT = Context(prec=700, rounding=ROUND_HALF_UP)  # no number that fits a cell is cut
_LAST_DAY = 2_958_465  # 9999-12-31
_LEAP_BUG = 60  # 29 February 1900, a day that there was not
_DAY = 86_400
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_LONGEST = 60  # characters of a number that a program writes
MINUS = set("-−–－﹣△▲扣减负")

_TOKEN = re.compile(
    r"""
      "(?P<quoted>[^"]*)"?
    | \\(?P<escaped>.)
    | [_*].                                     # a blank as wide as the character; a repeated one
    | \[(?P<bracket>[^\]]*)\]
    | (?P<general>General|G/通用格式|G/標準|常规)
    | (?P<clock>AM/PM|A/P|上午/下午)
    | (?P<exponent>E[+-])
    | (?P<dates>[ymdhsYMDHSebgaEBGA]+)
    | (?P<digit>[0#?])
    | (?P<sign>[.,%@/])
    | (?P<literal>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?[0-9.]+(?:[eE][+-]?[0-9]+)?)\Z")
_ELAPSED = re.compile(r"(?i)h+|m+|s+")
_CURRENCY = re.compile(r"\$([^-]+)")
_SECTION_END = re.compile(r'"[^"]*"?|\\.|[_*].|\[[^\]]*\]|(;)', re.DOTALL)


class NoNumber(ValueError):
    """The text is not a number as a program writes it."""


@dataclass(frozen=True)
class Shown:
    """The text of a cell, and why it may not be taken as it is."""

    text: str
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True)
class _Section:
    """One of the parts of a format that are divided by semicolons."""

    tokens: tuple[tuple[str, str], ...]
    condition: tuple[str, Decimal] | None = None
    kind: str = "number"  # or general, date, text, literal, fraction; empty shows nothing

    def holds(self, value: Decimal) -> bool:
        """Whether a number meets the condition."""
        if self.condition is None:
            return True
        sign, limit = self.condition
        return {
            "<": value < limit,
            "<=": value <= limit,
            ">": value > limit,
            ">=": value >= limit,
            "=": value == limit,
            "<>": value != limit,
        }[sign]


@dataclass(frozen=True)
class Format:
    """A number format, taken apart."""

    numbers: tuple[_Section, ...]
    text: _Section | None
    unsigned: tuple[
        bool, ...
    ]  # of each section: only negative numbers come there, shown without sign

    @property
    def plain(self) -> bool:
        """Whether it is General, or shows numbers as that does."""
        return len(self.numbers) == 1 and self.numbers[0].kind in ("general", "text")

    def section(self, value: Decimal) -> int | None:
        """Which section shows a number; None where there is none, and General shows it."""
        return _chosen(self.numbers, value)


@lru_cache(maxsize=1000)
def parsed(code: str) -> Format:
    """The format that a code stands for."""
    sections = [_section(part) for part in _parts(code)][:4]
    text = None
    if len(sections) == 4 or (len(sections) > 1 and sections[-1].kind == "text"):
        text = sections.pop()
    elif sections[0].kind == "text":
        text = sections[0]
    numbers = tuple(sections)
    return Format(numbers, text, tuple(_only_negative(numbers, n) for n in range(len(numbers))))


def built_in(number: int) -> str:
    """The code of a format that a workbook only gives the number of."""
    return _BUILT_IN.get(number, GENERAL)


def number_of(held: str) -> Decimal:
    """The number that a cell holds, as it is in the file; raises `NoNumber`."""
    held = held.strip()
    if len(held) > _LONGEST and _NUMBER.fullmatch(held):
        held = repr(float(held))
    if not _NUMBER.fullmatch(held) or "inf" in repr(float(held)):
        raise NoNumber(held)
    return Decimal(held)


def general(value: Decimal) -> str:
    """The number as a person would type it: `3`, `0.3`; no digits that only binary fractions make."""
    if abs(value) < MANY_DIGITS:
        value = value.quantize(_NOISE, context=_EXACT)
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def number_shown(value: Decimal, form: Format, from_1904: bool = False) -> Shown:
    """What a program shows for a number."""
    held = general(value)
    at = form.section(value)
    section = form.numbers[at] if at is not None else None
    if section and section.kind == "date":
        return Shown(_moment(value, section, from_1904) or held, (Mark(DATE),))
    if abs(value) >= MANY_DIGITS:
        return Shown(held, (Mark(LOST_DIGITS),))
    if at is None or section is None or section.kind in ("general", "fraction", "text"):
        return Shown(held)
    if not section.kind:
        return Shown("", (Mark(INVISIBLE, held),) if value else ())
    if section.kind == "literal":
        text = "".join(text for kind, text in section.tokens if kind == "literal")
        if not text.strip():
            return Shown("", (Mark(INVISIBLE, held),) if value else ())
        equal = section.condition is not None and section.condition[0] == "="
        told = equal or value == 1 or (value == 0 and at == 2)
        return Shown(text, () if told else (Mark(ROUNDED, held),))
    return _filled(value, held, section, form.unsigned[at])


def text_shown(text: str, form: Format) -> Shown:
    """What a program shows for a text."""
    section = form.text
    if section is None or not text:
        return Shown(text)
    shown = "".join(
        text if kind == "@" else literal
        for kind, literal in section.tokens
        if kind in ("@", "literal")
    )
    if section.kind == "text":
        return Shown(shown)
    return Shown(shown.strip(), (Mark(INVISIBLE, text),) if text.strip() else ())


def _parts(code: str) -> Iterator[str]:
    start = 0
    for found in _SECTION_END.finditer(code):
        if found[1]:
            yield code[start : found.start()]
            start = found.end()
    yield code[start:]


def _section(code: str) -> _Section:
    tokens: list[tuple[str, str]] = []
    condition = None
    for found in _TOKEN.finditer(code):
        kind, text = found.lastgroup, found[0]
        if kind == "bracket":
            inner = found[kind]
            if when := _CONDITION.match(inner):
                condition = (when[1], Decimal(when[2]))
            elif _ELAPSED.fullmatch(inner):
                tokens.append(("date", f"[{inner.lower()}]"))
            elif money := _CURRENCY.match(inner):
                tokens.append(("literal", money[1]))
        elif kind in ("quoted", "escaped", "literal"):
            tokens.append(("literal", found[kind]))
        elif kind in ("dates", "clock"):
            tokens.append(("date", "h" if kind == "clock" else text.lower()))
        elif kind == "digit":
            tokens.append(("digit", text))
        elif kind == "sign":
            tokens.append((text, text))
        elif kind:
            tokens.append((kind, text))
    kinds = {kind for kind, _text in tokens}
    if "date" in kinds:
        kind = "date"
    elif "general" in kinds or "digit" in kinds:
        fraction = "exponent" in kinds or ("/" in kinds and "digit" in kinds)
        kind = "fraction" if fraction else "number"
        if tokens == [("general", tokens[0][1])]:
            kind = "general"
    elif "@" in kinds:
        kind = "text"
    else:
        kind = "literal" if tokens else ""
    if kind != "fraction":  # there a slash is one, and no more
        tokens = [("literal", text) if kind == "/" else (kind, text) for kind, text in tokens]
    return _Section(tuple(tokens), condition, kind)


def _chosen(sections: tuple[_Section, ...], value: Decimal) -> int | None:
    """Which section shows a number: the first whose condition it meets, or by its sign."""
    count = len(sections)
    if not any(s.condition for s in sections):
        if count > 1 and value < 0:
            return 1
        return 2 if count > 2 and value == 0 else 0
    first = sections[0]
    if first.holds(value) if first.condition else value > 0:
        return 0
    if count == 1:
        return None
    second = sections[1]
    if count == 2 or (second.holds(value) if second.condition else value < 0):
        return 1 if second.holds(value) else None
    return 2


def _only_negative(sections: tuple[_Section, ...], at: int) -> bool:
    """Whether a section shows negative numbers alone, which then have no sign of their own."""
    if len(sections) == 1 and sections[0].condition is None:
        return False
    limits = [abs(s.condition[1]) for s in sections if s.condition]
    step = Decimal("1e-6")
    tried = {step, Decimal(10) ** 14}
    tried.update(x for limit in limits for x in (limit - step, limit, limit + step) if x > 0)
    return not any(_chosen(sections, x) == at for x in tried) and any(
        _chosen(sections, -x) == at for x in tried
    )


def _filled(value: Decimal, held: str, section: _Section, unsigned: bool) -> Shown:
    """A number in a section with places for digits, or with General among other text."""
    tokens = section.tokens
    percents = sum(kind == "%" for kind, _text in tokens)
    if any(kind == "general" for kind, _text in tokens):
        amount = abs(value)
        pieces = [
            general(amount) if kind == "general" else text
            for kind, text in tokens
            if kind in ("general", "literal", "%")
        ]
        return _signed(value, amount, pieces, tokens, unsigned)
    dot = next((n for n, (kind, _text) in enumerate(tokens) if kind == "."), len(tokens))
    whole = [n for n, (kind, _text) in enumerate(tokens) if kind == "digit" and n < dot]
    after = [n for n, (kind, _text) in enumerate(tokens) if kind == "digit" and n > dot]
    wanted = _EXACT.multiply(abs(value), Decimal(100) ** percents)
    amount = wanted.scaleb(-3 * _thousands(tokens, whole, after), context=_EXACT)
    amount = amount.quantize(_NOISE, context=_EXACT)  # 1.005 is that, not a little less
    amount = amount.quantize(Decimal(1).scaleb(-len(after)), context=_EXACT)
    digits, _dot, decimals = format(amount, "f").partition(".")
    places = _placed(tokens, whole, digits.lstrip("0")) | _decimals(tokens, after, decimals)
    pieces = []
    if not whole and digits.strip("0"):
        places[dot] = digits + "."
    for n, (kind, text) in enumerate(tokens):
        if kind == "digit" or n in places:
            pieces.append(places.get(n, ""))
        elif kind == ".":
            pieces.append("." if any(places.get(m) for m in after) else "")
        elif kind in ("literal", "%"):
            pieces.append(text)
    shown = _signed(value, amount, pieces, tokens, unsigned)
    wanted = wanted.quantize(_NOISE, context=_EXACT)
    if amount not in (wanted, wanted.quantize(_HUNDREDTH, context=_EXACT)) and not shown.marks:
        return Shown(shown.text, (Mark(ROUNDED, held),))
    return shown


def _thousands(tokens: tuple[tuple[str, str], ...], whole: list[int], after: list[int]) -> int:
    """How often a format divides by a thousand: by each comma right behind the last digit."""
    count = 0
    for last in {(whole or [-1])[-1], (after or [-1])[-1]} - {-1}:
        n = last + 1
        while n < len(tokens) and tokens[n][0] == ",":
            count, n = count + 1, n + 1
    return count


def _placed(tokens: tuple[tuple[str, str], ...], whole: list[int], digits: str) -> dict[int, str]:
    """The digits before the point at their places, from the last; the first takes all that is left."""
    places = {}
    zeros = next((n for n in whole if tokens[n][1] == "0"), None)
    for n in reversed(whole):
        if n == whole[0]:
            places[n] = digits or ("0" if tokens[n][1] == "0" else "")
        elif digits:
            places[n], digits = digits[-1], digits[:-1]
        else:
            places[n] = "0" if zeros is not None and n >= zeros else ""
    return places


def _decimals(
    tokens: tuple[tuple[str, str], ...], after: list[int], decimals: str
) -> dict[int, str]:
    """The digits behind the point; without the zeros at the end that `#` does not show."""
    needed = max((k + 1 for k, n in enumerate(after) if tokens[n][1] == "0"), default=0)
    while len(decimals) > needed and decimals.endswith("0"):
        decimals = decimals[:-1]
    return {n: decimals[k] if k < len(decimals) else "" for k, n in enumerate(after)}


def _signed(
    value: Decimal,
    amount: Decimal,
    pieces: list[str],
    tokens: tuple[tuple[str, str], ...],
    unsigned: bool,
) -> Shown:
    """The text with its minus, which accounting writes as brackets; a minus that is hidden is marked."""
    text = "".join(pieces)
    if value >= 0 or not amount:
        return Shown(text)
    if not unsigned:
        return Shown("-" + text)
    literals = [text for kind, text in tokens if kind == "literal"]
    if "(" in literals and ")" in literals:
        left, _bracket, right = text.partition("(")
        return Shown(f"{left}-{right.replace(')', '', 1)}")
    if MINUS & set("".join(literals)):
        return Shown(text)
    return Shown(text, (Mark(ROUNDED, general(value)),))


def _moment(value: Decimal, section: _Section, from_1904: bool) -> str:
    """The date or time of a number of days as ISO text; empty where there is none."""
    letters = [text for kind, text in section.tokens if kind == "date"]
    joined = "".join(letters)
    seconds = int((value * _DAY).to_integral_value(context=_EXACT)) if value < 10**7 else -1
    days, rest = divmod(seconds, _DAY)
    if seconds < 0:
        return ""
    if joined.startswith("["):
        hours, minutes = divmod(seconds // 60, 60)
        return f"{hours:02}:{minutes:02}:{seconds % 60:02}"
    if not set(joined) & set("ydeabg") and set(joined) & set("hs"):
        return (datetime.min + timedelta(seconds=rest)).time().isoformat()
    if days > _LAST_DAY - (1462 if from_1904 else 0):
        return ""
    if from_1904:
        day = date(1904, 1, 1) + timedelta(days)
    elif days == 0 or days == _LEAP_BUG:
        return "1900-01-00" if days == 0 else "1900-02-29"
    else:
        day = date(1899, 12, 31 if days < _LEAP_BUG else 30) + timedelta(days)
    time = (datetime.min + timedelta(seconds=rest)).time()
    return f"{day.isoformat()} {time.isoformat()}" if rest else day.isoformat()
