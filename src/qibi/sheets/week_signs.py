"""Which week a sheet is of: every text that says so, and what they say together.

A sign is a text that names a week, or days of it: in the title rows, a column, the name of the page
or of the file. All signs must agree. Dates of signatures and prints are no signs, and the week of a
term or a project is none of the year.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain
from typing import Any

from qibi.base import weeks
from qibi.base.language import _, clauses

Readings = tuple[frozenset[str], ...]  # weeks; first of the likeliest year
_Rest = Callable[[re.Pattern[str]], Iterator[re.Match[str]]]

_DIGITS = dict(zip("一二三四五六七八九", range(1, 10), strict=True))
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LONGEST = 8  # days of a range that may still be one week's: from Monday to the next Monday
_AHEAD = timedelta(weeks=26)  # a week or day without a year is hardly meant further ahead
_MOST = 300  # characters of a text that are looked at

# Numbers of weeks. What is counted from the start of something else is no week of the year.
_N = r"(\d{1,2}|[一二三四五六七八九十]{1,3})"
_COUNTED = (
    r"(?:学期|学年|学季|项目|工程|开工|开学|教学|课程|施工|建设|进场|入场|培训|集训|实习|工期|活动|任务|周期"
    r"|采暖季|供暖季|供热季|采暖期|供暖期|供热期|攻坚|行动|主题月|生产月|试运行|值班|整改期|百[天日]"
    r"|term|semester|project|course|sprint|training|season|campaign)"
)
_NO_WEEK_AFTER = r"(?![年岁内末]|以?[前后]|起|开始|以来)"
_WHOLE = re.compile(
    r"(?<!\d)(\d{4})\s*[-_ ]?\s*w(?:eek)?\s*(\d{1,2})(?!\d)"
    rf"|(?<!\d)(\d{{4}}|\d\d(?=年))\s*(?:年度?)?\s*[-_]?\s*第?\s*{_N}\s*周{_NO_WEEK_AFTER}"
)
_SEVERAL = re.compile(
    rf"第?\s*{_N}\s*周?\s*[-~至到、,和]\s*第?\s*{_N}\s*周{_NO_WEEK_AFTER}"
    r"|(?<![a-z\d-])w(?:eeks?)?\s*(\d{1,2})\s*(?:-|~|to|and|,|&)\s*w?(\d{1,2})(?![\d.])"
)
_OF_MONTH = re.compile(
    r"(?:(\d{4})\s*年\s*)?(?<!\d)(\d{1,2})\s*月份?\s*的?\s*第?\s*([1-6一二三四五六])\s*周"
)
_NUMBER = re.compile(
    rf"第\s*{_N}\s*周{_NO_WEEK_AFTER}"
    rf"|(?<![\d.连续近前后每共满月份])(\d{{1,2}})\s*周{_NO_WEEK_AFTER}"
    r"|(?<![a-z\d-])w(?:eek)?(?:\s*no\.?)?\s*(\d{1,2})(?![\d.])"
    r"|周次\s*:?\s*(\d{1,2})(?!\d)"
)
_BEFORE = re.compile(rf"{_COUNTED}(?:的|期|以来)?\s*(?:第\s*)?$")
_AFTER = re.compile(
    r"\s*(?:of|in)\s+(?:the\s+|this\s+)?(?:[a-z]+\s+)?(?:term|semester|project|course|season|campaign|month)"
)

# Days, and from one to another.
_TO = r"\s*(?:-{1,3}|~|至|到|to|until|through)\s*"
_WEEKDAY = r"(?:\s*\(?(?:周|星期|礼拜)[一二三四五六日天]\)?)?"
_DAY = r"(?:(\d{4}|\d\d(?=年))\s*[年./-]\s*)?(\d{1,2})\s*[月./-]\s*(\d{1,2})\s*[日号]?" + _WEEKDAY
_LAST = (
    r"(?:(?:(\d{4}|\d\d(?=年))\s*[年./-]\s*)?(\d{1,2})\s*[月./-]\s*)?(\d{1,2})\s*[日号]?" + _WEEKDAY
)
_RANGE = re.compile(rf"(?<![\da-z./-]){_DAY}{_TO}{_LAST}(?![\d年月])")
_COMPACT = re.compile(
    rf"(?<!\d)(\d{{4}})(\d\d)(\d\d){_TO}(?:(\d{{4}}))?(\d\d)?(\d\d)(?!\d)"
    rf"|(?<!\d)(\d\d)(\d\d){_TO}(\d\d)(\d\d)(?!\d)"
)
_MON = rf"({'|'.join(_MONTHS)})[a-z]*\.?"
_DAY_MON = re.compile(
    rf"(?<!\d)(\d{{1,2}})(?:\s*{_MON})?(?:,?\s*(\d{{4}}))?{_TO}(\d{{1,2}})\s+{_MON}(?:,?\s*(\d{{4}}))?"
)
_MON_DAY = re.compile(
    rf"{_MON}\s*(\d{{1,2}})(?:,?\s*(\d{{4}}))?{_TO}(?:{_MON}\s*)?(\d{{1,2}})(?:,?\s*(\d{{4}}))?(?!\d)"
)
_ONE = re.compile(
    r"(?<![\da-z./-])(?:(\d{4}|\d\d(?=年))\s*[年./-]\s*(\d{1,2})\s*[月./-]\s*(\d{1,2})(?!\d)\s*[日号]?"
    r"|(\d{1,2})\s*月\s*(\d{1,2})\s*[日号])"
)
_MONTH = re.compile(
    r"(?<!\d)(?:(\d{4})\s*[年.-]\s*)?(?<![\d.])(\d{1,2}|十[一二]?|[一二三四五六七八九])\s*月份?(?!\s*\d|\s*第)"
    r"(?=$|[\s()【】\[\]《》:,、/_-]|度|党|积|考|评|汇|得|员|总|各|全|支|职|工|绩)"
)
_MONTH_NAMED = re.compile(rf"(?<![a-z]){_MON},?\s*(\d{{4}})")
_QUARTER = re.compile(
    r"(?:(\d{4})\s*年?\s*)?第?([一二三四1-4])\s*季度|(?:(\d{4})\s*-?\s*)?\bq([1-4])\b"
)
_YEAR = re.compile(r"(?<!\d)((?:19|2\d)\d\d)(?=\s*年|[-./]\d{1,2}[-./]\d|\s*-?\s*w\d|\s*-?\s*第)")

# What a date is of, by the words around it.
_SIGNED = (
    r"(?:审核|审批|复核|审定|批准|签字|签名|签发|签收|盖章|填表|填报|填写|制表|制作|编制|打印|导出|下载|报送|上报"
    r"|提交|上交|公示|印发|发布|生成|更新|录入|登记|记录|打分|核算|汇总|经办|保存|创建|截止|print(?:ed)?|prepared"
    r"|checked|approved|signed|submitted|exported|created|updated|saved|filled in|issued|reviewed|due|deadline)"
)
_SIGNATURE = re.compile(
    rf"{_SIGNED}\s*(?:人|者|员|时间|日期|日|单位|部门|by|date|on|at)?\s*(?:\([^()]{{0,8}}\)|\))?\s*:"
    rf"|{_SIGNED}\s*(?:时间|日期|于|by|date|on|at)\s*$"
)
_SIGNED_ONE = re.compile(rf"{_SIGNED}\s*$")  # right before a single day
_SIGNED_AFTER = re.compile(
    r"\s*(?:打印|印发|印制|制表|制作|填[表报写]|发布|签[字发名]|上报|提交|更新)"
)
_PERIOD = re.compile(
    r"(?:考核|考评|评分|积分|统计|评价|所属|报告)(?:时间|日期|周期|区间|期间|期|时段)|周期|区间|期间|起止|period|week"
)


@dataclass(frozen=True)
class Sign:
    """A text that says which week it is. `long`: it names a longer time, in which the week is.

    `weak` ones, a single day, count where no other sign does; before the week they contradict it.
    """

    where: str  # for people: the title, the name of the page
    said: str
    readings: Readings
    long: bool = False
    weak: bool = False
    since_start: bool = False  # `开工第38周`: of the year or of the works; it only contradicts

    @property
    def weeks(self) -> frozenset[str]:
        """The weeks that it may mean, in any year."""
        return frozenset(chain.from_iterable(self.readings))

    def cost(self, week: str) -> int:
        """How unlikely this week is by this sign."""
        return next(n for n, found in enumerate(self.readings) if week in found)

    def __str__(self) -> str:
        """What it says, for people: `the title says 2026-W47 (第47周)`."""
        first = sorted(self.readings[0])
        meant = first[0] if len(first) == 1 else f"{first[0]}..{first[-1]}"
        same = self.said.upper() in (meant, meant[5:])
        said = meant if same else f"{meant} ({self.said})"
        if self.where.startswith("-"):
            return _("{option} says {week}").format(option=self.where, week=said)
        return _("{where} says {week}").format(where=self.where, week=said)


@dataclass(frozen=True)
class Verdict:
    """The week that the signs agree on, or why there is none.

    `clash` are signs that disagree, `long` those of a longer time where none is of a week. `open`
    are the weeks that are left where several are.
    """

    week: str = ""
    clash: tuple[Sign, ...] = ()
    long: tuple[Sign, ...] = ()
    open: tuple[str, ...] = ()

    def disagreement(self) -> str:
        """What each of the clashing signs says, as one text."""
        return clauses(list(dict.fromkeys(str(sign) for sign in self.clash)))


def verdict(signs: Sequence[Sign], today: date) -> Verdict:
    """What signs say together."""
    doubtful = [s for s in signs if s.since_start]
    named = any(s.where.startswith("-") for s in signs)
    signs = [s for s in signs if not s.since_start]
    short = [s for s in signs if not s.long and not s.weak]
    weak = [s for s in signs if s.weak]
    long = [s for s in signs if s.long]
    if not short and weak:
        short, weak = weak, []
    if not short:
        return Verdict(long=tuple(long))
    common = frozenset.intersection(*(s.weeks for s in short))
    if long and common:
        common = frozenset.intersection(common, *(s.weeks for s in long))
    if not common:
        return Verdict(clash=(*short, *long))
    costs = {week: sum(s.cost(week) for s in short) for week in common}
    least = sorted(w for w in common if costs[w] == min(costs.values()))
    if len(least) > 1:
        return Verdict(open=tuple(least))
    week = least[0]
    early = [s for s in weak if max(s.readings[0]) < week]
    if early:
        return Verdict(clash=(*short, *early))
    if not named and any(week not in s.weeks for s in doubtful):
        return Verdict(clash=(*doubtful, *short))
    return Verdict(week)


def signs_in(
    where: str, text: str, today: date, years: Iterable[int] = (), *, days: bool = True
) -> list[Sign]:
    """The signs in one text; a day without a year is of one of `years`, else near today.

    `days`: whether single days and longer times count too, which they do not in the name of a file.
    """
    text = text[:_MOST]
    plain = plainly(text)
    shown = text if len(text) == len(plain) else plain  # as it is written
    found: list[tuple[str, Readings, bool, bool]] = []
    likely = list(dict.fromkeys(years))

    def readings(sets: Iterable[frozenset[str]]) -> Readings:
        return tuple(s for s in sets if s)

    def rest(pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
        """The matches of a pattern, which are taken out of the text."""
        nonlocal plain
        matches = list(pattern.finditer(plain))
        for match in matches:
            plain = plain[: match.start()] + "\0" * len(match[0]) + plain[match.end() :]
        yield from matches

    whole = plain  # what stands before and after a match
    for first, last, match in _ranges(rest, today, likely):
        if not _is_signed(whole, match):
            spans = [(a, b) for a, b in zip(first, last, strict=True) if a <= b]
            within = [s for s in spans if (s[1] - s[0]).days < _LONGEST]
            sets = [frozenset(weeks.span(weeks.week_of(a), weeks.week_of(b))) for a, b in within]
            clean = [s for s in sets if len(s) == 1]
            # Of the nearest year: in another the same days may be just one week. Which year a turn of
            # the year is of, the days themselves tell.
            turn = any(a.year != b.year for a, b in within)
            nearest = (clean or sets) if turn or (sets and len(sets[0]) == 1) else sets[:1]
            if sets:
                found.append((shown[match.start() : match.end()], readings(nearest), False, False))
            elif spans and days:
                longer = [
                    frozenset(weeks.span(weeks.week_of(a), weeks.week_of(b)))
                    for a, b in spans
                    if (b - a).days < 400
                ]
                found.append((shown[match.start() : match.end()], readings(longer), True, False))
    for match in rest(_OF_MONTH):
        sets = [
            _weeks_of_month(y, int(match[2]), numeral(match[3]))
            for y in _years(match[1], likely, today)
        ]
        found.append((shown[match.start() : match.end()], readings(sets), False, False))
    for match in rest(_WHOLE):
        if not _is_counted(whole, match):
            year, number = match[1] or match[3], match[2] or match[4]
            found.append(
                (
                    shown[match.start() : match.end()],
                    readings([_week(_year(year), numeral(number))]),
                    False,
                    False,
                )
            )
    for match in rest(_SEVERAL):
        ends = [numeral(g) for g in match.groups() if g]
        if not _is_counted(whole, match) and ends[0] < ends[1]:
            sets = [
                frozenset(chain.from_iterable(_week(y, n) for n in range(ends[0], ends[1] + 1)))
                for y in _years("", likely, today)
            ]
            found.append((shown[match.start() : match.end()], readings(sets), True, False))
    since_start: list[Sign] = []
    for match in rest(_NUMBER):
        number = numeral(next(g for g in match.groups() if g))
        sets = [_week(y, number) for y in _years("", likely, today, number)]
        said = shown[match.start() : match.end()]
        if not _is_counted(whole, match):
            found.append((said, readings(sets), False, False))
        elif whole[: match.start()].endswith("开工") and readings(sets):
            since_start.append(Sign(where, f"开工{said}", readings(sets), since_start=True))
    if days:
        for match in rest(_ONE):
            if not _is_signed(whole, match, one=True):
                at = _near(
                    match[1], int(match[2] or match[4]), int(match[3] or match[5]), likely, today
                )
                sets = [frozenset([weeks.week_of(day)]) for day in at]
                found.append((shown[match.start() : match.end()], readings(sets), False, True))
        for match, year, number in _months(rest):
            if not _is_signed(whole, match):
                sets = [_overlapping(y, number, number) for y in _years(year, likely, today)]
                found.append((shown[match.start() : match.end()], readings(sets), True, False))
        for match in rest(_QUARTER):
            number = numeral(match[2] or match[4])
            sets = [
                _overlapping(y, 3 * number - 2, 3 * number)
                for y in _years(match[1] or match[3], likely, today)
            ]
            found.append((shown[match.start() : match.end()], readings(sets), True, False))
    return [
        Sign(where, said.strip(" ()-_"), sets, long, weak)
        for said, sets, long, weak in found
        if sets
    ] + since_start


def counted_in(text: str) -> list[str]:
    """The weeks in a text that are counted from the start of a term or a project, as they are written."""
    plain = plainly(text[:_MOST])
    found = [m for m in _NUMBER.finditer(plain) if _BEFORE.search(plain[: m.start()])]
    starts = [_BEFORE.search(plain[: m.start()]) for m in found]
    return [plain[b.start() : m.end()] for b, m in zip(starts, found, strict=True) if b]


def plainly(text: str) -> str:
    """The text with all dashes and digits of one kind."""
    text = unicodedata.normalize("NFKC", text).casefold()
    return re.sub("[—–−‐‑‒―﹣ー]", "-", re.sub("[～〜∼﹏]", "~", text))


def years_in(texts: Iterable[str]) -> list[int]:
    """The years that texts name."""
    return sorted({int(m[1]) for text in texts for m in _YEAR.finditer(plainly(text[:_MOST]))})


def numeral(text: str) -> int:
    """The number that digits or Chinese numerals up to 99 write; 0 for what is none."""
    if text.isdecimal():
        return int(text)
    tens, ten, ones = text.rpartition("十")
    if not ten:
        return _DIGITS.get(text, 0)
    if (tens and tens not in _DIGITS) or (ones and ones not in _DIGITS):
        return 0
    return 10 * _DIGITS.get(tens, 1) + _DIGITS.get(ones, 0)


def _year(text: str) -> int:
    return int(text) + (2000 if len(text) == 2 else 0)


def _week(year: int, number: int) -> frozenset[str]:
    week = f"{year:04d}-W{number:02d}"
    return frozenset([week] if weeks.is_week(week) else [])


def _years(said: str | None, likely: list[int], today: date, number: int = 0) -> list[int]:
    """The years that may be meant, the likeliest first."""
    if said:
        return [_year(said)]
    if likely:
        near = [y + d for d in (0, 1, -1) for y in likely]
        return list(dict.fromkeys(near))
    year = today.isocalendar().year
    ahead = max(_week(year, number), default="") > weeks.week_of(today + _AHEAD)
    return [year - 1, year] if ahead else [year, year - 1]


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if 1900 <= year <= 2998 else None
    except ValueError:
        return None


def _near(said: str | None, month: int, day: int, likely: list[int], today: date) -> list[date]:
    """The days of this month and number, the likeliest year first."""
    if said or likely:
        found = [_date(y, month, day) for y in _years(said, likely, today)]
    else:
        found = [_date(today.year + d, month, day) for d in (0, -1, 1)]
        found.sort(key=lambda d: (d is None, d is not None and abs(d - today)))
    return [d for d in found if d]


# Year, month and day of the first day and of the last, as written.
_Parts = Sequence[str | Any]


def _ranges(
    rest: _Rest, today: date, likely: list[int]
) -> Iterator[tuple[list[date], list[date], re.Match[str]]]:
    """Each range of days: its first and last days in each year that may be meant, and its text."""
    for match in rest(_COMPACT):
        parts: _Parts = match.group(1, 2, 3, 4, 5, 6)
        if not match[1]:
            parts = (None, match[7], match[8], None, match[9], match[10])
        ends = _ends(parts, likely, today)
        if ends and (match[1] or all((b - a).days <= 13 for a, b in zip(*ends, strict=True))):
            yield (*ends, match)
    for match in rest(_DAY_MON):
        first = _named(match[2] or match[5])
        parts = (match[3] or match[6], first, match[1], match[6], _named(match[5]), match[4])
        if ends := _ends(parts, likely, today):
            yield (*ends, match)
    for match in rest(_MON_DAY):
        last = _named(match[4]) if match[4] else None
        parts = (match[3] or match[6], _named(match[1]), match[2], match[6], last, match[5])
        if ends := _ends(parts, likely, today):
            yield (*ends, match)
    for match in rest(_RANGE):
        if ends := _ends(match.group(1, 2, 3, 4, 5, 6), likely, today):
            yield (*ends, match)


def _named(month: str) -> str:
    return str(_MONTHS.index(month) + 1)


def _ends(parts: _Parts, likely: list[int], today: date) -> tuple[list[date], list[date]] | None:
    """The first and last days of a range, for each year that may be meant; None where it is none."""
    year, month, day, last_year, last_month, last_day = parts
    turned = (int(last_month or month), int(last_day)) < (int(month), int(day))
    said = year
    if not said and last_year:
        said = str(_year(last_year) - turned)
    firsts, lasts = [], []
    for first in _near(said, int(month), int(day), likely, today):
        until = _year(last_year) if last_year else first.year + turned
        last = _date(until, int(last_month or month), int(last_day))
        if last and first <= last:
            firsts.append(first)
            lasts.append(last)
    return (firsts, lasts) if firsts else None


def _months(rest: _Rest) -> Iterator[tuple[re.Match[str], str | None, int]]:
    for match in rest(_MONTH):
        if 1 <= numeral(match[2]) <= 12:
            yield match, match[1], numeral(match[2])
    for match in rest(_MONTH_NAMED):
        yield match, match[2], _MONTHS.index(match[1]) + 1


def _overlapping(year: int, first: int, last: int) -> frozenset[str]:
    """The weeks that have a day in these months."""
    begin, end = _date(year, first, 1), _date(year + last // 12, last % 12 + 1, 1)
    if not begin or not end:
        return frozenset()
    return frozenset(weeks.span(weeks.week_of(begin), weeks.week_of(end - timedelta(days=1))))


def _weeks_of_month(year: int, month: int, number: int) -> frozenset[str]:
    """What the third week of a month may be: counted by its days, its Mondays or its Thursdays."""
    begin = _date(year, month, 1) if 1 <= month <= 12 else None
    if not begin or not 1 <= number <= 6:
        return frozenset()
    found = []
    for weekday in (6, 3, 0):  # the first week is that of the first Sunday, Thursday or Monday
        day = begin + timedelta(days=(weekday - begin.weekday()) % 7, weeks=number - 1)
        if (day - timedelta(days=6)).month == month or day.month == month:
            found.append(weeks.week_of(day))
    return frozenset(found)


def _is_counted(text: str, match: re.Match[str]) -> bool:
    """Whether a number of a week is counted from the start of a term or a project."""
    before = text[: match.start()]
    return bool(_BEFORE.search(before) or _AFTER.match(text[match.end() :]))


def _is_signed(text: str, match: re.Match[str], *, one: bool = False) -> bool:
    """Whether a day (`one`) or a range is of a signature, a print or a submission."""
    before = text[: match.start()]
    signed = [m.start() for m in _SIGNATURE.finditer(before)]
    period = [m.start() for m in _PERIOD.finditer(before)]
    if signed and signed[-1] > (period[-1] if period else -1):
        return True
    return one and bool(_SIGNED_ONE.search(before) or _SIGNED_AFTER.match(text[match.end() :]))
