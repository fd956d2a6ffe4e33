"""What a text of a sheet names: an item or a criterion, with its brackets, or a subject.

`Names` resolves each text once, for all pages of a command.
"""

import re
from collections.abc import Container
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from qibi.base import points as pts
from qibi.base.language import _
from qibi.base.text import folded, narrowed
from qibi.book import lookup
from qibi.book.definitions import Criterion, Definitions, Item, Label, Scheme
from qibi.book.words import COUNT_HEADINGS, UNITS
from qibi.ledger import pricing
from qibi.ledger.pricing import price_text

if TYPE_CHECKING:
    from opencc import OpenCC

Thing = Item | Criterion

_UNITS = {
    "count": " ".join(
        ["项 个 发生次数 count times/days qty", COUNT_HEADINGS]
        + [unit.chinese.split()[0] for unit in UNITS.values()]
    ),
    "points": "分 分数 分值 积分 points point pts",
    "score": "得分 评分 打分 实得分 score scores",
    "difference": "加减分 加扣分 增减分 加减 ± +/- 差 change difference",
}
UNIT = {word: unit for unit, words in _UNITS.items() for word in words.split()}
_SUFFIXES = (
    "发生次数",
    "次数",
    "天数",
    "加减分",
    "得分",
    "评分",
    "分数",
    "分值",
    "分",
    "score",
    "points",
    "count",
)

BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】")


def folded_names(label: Label) -> set[str]:
    return {folded(label.zh), folded(label.en)}


@lru_cache(1)
def _converter() -> "OpenCC":
    from opencc import OpenCC

    return OpenCC("t2s")


@lru_cache(256)
def simplified(text: str) -> str:
    """The text with traditional characters as simplified ones.

    What GB 2312 has is simplified already; so the dictionaries are loaded only where they are needed.
    """
    try:
        text.encode("gb2312")
    except UnicodeEncodeError:
        return str(_converter().convert(text))
    return text


@dataclass(frozen=True)
class Match:
    """The item or direct criterion that a text names, with what its brackets say."""

    thing: Thing
    unit: str = ""
    problem: str = ""
    notice: str = ""


def match_thing(scheme: Scheme, text: str, cell: bool = False) -> Match:
    """The item or direct criterion that a text names, and what its brackets say.

    Raises `NotFound`. Brackets must agree with the scheme: `cell` refuses those that say nothing
    qibi knows, too; in a heading they are told.
    """
    text = " ".join(narrowed(text).split())
    thing = _with_id(scheme, text) or _exactly(scheme, text)
    if thing:
        return Match(thing)
    bare = BRACKETS.sub("", text).strip(" :*")
    brackets = [found[1:-1].strip() for found in BRACKETS.findall(text)]
    unit = ""
    found, notice = _loosely(scheme, bare), ""
    if found is None:
        for suffix in _SUFFIXES:
            if not bare.casefold().endswith(suffix):
                continue
            stem = bare.casefold().removesuffix(suffix).strip(" :-")
            if stem and (found := _loosely(scheme, stem)):
                unit = UNIT.get(suffix, "")
                unit = "" if suffix == "分" and isinstance(found, Criterion) else unit
                break
    if found is None:
        found = _by_letters(scheme, bare)
        if found:
            notice = _("'{text}' is read as {name}").format(text=text, name=found.name)
    if found is None:
        lookup.item(scheme, bare, partial=False)  # raises, with the nearest known
        raise AssertionError(bare)
    for content in brackets:
        said, agrees = bracket(scheme, found, content)
        if agrees is False or (agrees is None and cell):
            message = _("the brackets ({text}) do not agree with the scheme: {item} is {price}")
            return Match(
                found, problem=message.format(text=content, item=found.name, price=price_of(found))
            )
        if agrees is None:
            notice = _("the brackets ({text}) are not read").format(text=content)
        unit = said or unit
    return Match(found, unit, notice=notice)


def price_of(thing: Thing) -> str:
    """What an item may be worth, or a direct criterion's limits, in words."""
    if isinstance(thing, Item):
        return price_text(thing)
    limits = {"min": pts.show(thing.min), "max": pts.show(thing.max)}
    return _("a score from {min} to {max}").format(**limits)


def thing_of(scheme: Scheme, key: str) -> Thing | None:
    """The item or direct criterion with this id, or None."""
    criterion = scheme.criterion(key)
    return criterion if criterion and criterion.direct else scheme.item(key)


def _with_id(scheme: Scheme, text: str) -> Thing | None:
    key = with_id(text, things_of(scheme))[1] if text.endswith(")") else ""
    return things_of(scheme)[key] if key else None


def things_of(scheme: Scheme) -> dict[str, Thing]:
    return {t.id: t for c in scheme.criteria for t in ((c,) if c.direct else c.items)}


def _exactly(scheme: Scheme, text: str) -> Thing | None:
    try:
        return lookup.item(scheme, text, partial=False)
    except lookup.NotFound:
        return None


def _loosely(scheme: Scheme, text: str) -> Thing | None:
    """By name, short name, a criterion's name without 比 or 创, in traditional characters too."""
    for form in dict.fromkeys((text, simplified(text))):
        if found := _exactly(scheme, form):
            return found
        needle = folded(form)
        for criterion in scheme.criteria:
            names = folded_names(criterion.name)
            if criterion.direct and (
                needle in folded_names(criterion.short)
                or needle
                in {name[1:] for name in names if name[:1] in ("比", "创") and len(name) > 2}
            ):
                return criterion
    return None


def _by_letters(scheme: Scheme, text: str) -> Criterion | None:
    """The only direct criterion whose Chinese name has these characters in this order."""
    needle = folded(simplified(text))
    if len(needle) < 2 or needle.isascii() or len(needle) > 20:
        return None
    found = [c for c in scheme.criteria if c.direct and in_order(needle, folded(c.name.zh))]
    return found[0] if len(found) == 1 else None


def in_order(needle: str, name: str) -> bool:
    """Whether a name has the characters of another text in their order."""
    rest = iter(name)
    return all(c in rest for c in needle)


_CHINESE = "|".join(word for unit in UNITS.values() for word in unit.chinese.split())
_ENGLISH = "|".join(word for key, unit in UNITS.items() for word in (key, unit.english))
_VALUE = re.compile(
    rf"(?:每(?:{_CHINESE}))?(?P<word>[加奖扣减罚])?(?P<number>[+-]?[0-9]+(?:\.[0-9]+)?)(?:分|points?|pts)?"
    rf"(?:/(?:{_CHINESE}|{_ENGLISH})|each|a(?:{_ENGLISH})|per(?:{_ENGLISH}))?",
    re.IGNORECASE,
)
_EACH = re.compile(rf"/|每|each|per|a ?(?:{_ENGLISH})", re.IGNORECASE)
_LIMIT = re.compile(
    r"(?:周|每周)?(?:上限|最多|最高|封顶|满分|cap|max|up to)[:：]?([+-]?[0-9]+(?:\.[0-9]+)?)分?",
    re.IGNORECASE,
)
_BASE = re.compile(r"(?:基础分?|基准分?|base)[:：]?([0-9]+(?:\.[0-9]+)?)分?", re.IGNORECASE)
_RANGE = re.compile(r"([+-]?[0-9.]+)分?(?:-|~|—|–|至|到|to)([+-]?[0-9.]+)分?")


def bracket(scheme: Scheme, thing: Thing, content: str) -> tuple[str, bool | None]:
    """The unit that brackets behind a name give, and whether what they say agrees with the scheme.

    None where they say nothing that can be compared.
    """
    text = simplified(pricing.plain(narrowed(content)).replace("−", "-").replace(" ", ""))
    if unit := UNIT.get(text.casefold()):
        if isinstance(thing, Criterion):
            unit = "" if unit in ("points", "count") else unit
        return unit, True
    criterion = thing if isinstance(thing, Criterion) else scheme.criterion(thing.criterion)
    names = folded_names(thing.name) | {thing.id, thing.id.rsplit(".", 1)[-1]}
    if criterion:
        names |= folded_names(criterion.name) | folded_names(criterion.short) | {criterion.id}
    if folded(text) in names:
        return "", True
    if found := _LIMIT.fullmatch(text):
        most = thing.max if isinstance(thing, Criterion) else thing.cap
        stated = pts.from_text(found[1])
        return "", most is not None and stated is not None and abs(stated) == abs(most)
    if found := _BASE.fullmatch(text):
        return "", isinstance(thing, Criterion) and pts.from_text(found[1]) == thing.base
    if found := _VALUE.fullmatch(text):
        if found["word"] and (found["word"] in "扣减罚") != (_span(thing)[1] <= 0):
            return "", False
        return _bracket_value(thing, found["number"], _EACH.search(text) is not None)
    if found := _RANGE.fullmatch(text):
        ends = {pts.from_text(found[1]), pts.from_text(found[2])}
        if isinstance(thing, Criterion):
            return "", ends == {thing.min, thing.max}
        low, high = thing.span
        return "", ends in ({low, high}, {-low, -high})
    if isinstance(thing, Item) and re.fullmatch(r"(?:[+\-0-9./、,，或]|or)+分?", text):
        choices = {pts.from_text(t) for t in re.split(r"[/、,，或]|or", text.removesuffix("分"))}
        return "", choices == set(thing.points)
    if re.search(
        r"[0-9]|[次分数加减扣]|撤|不|取消|作废|无效|未|not|void|cancel|point|count|score",
        text,
        re.IGNORECASE,
    ):
        return "", False
    return "", None


def _span(thing: Thing) -> tuple[int, int]:
    return thing.span if isinstance(thing, Item) else (thing.min, thing.max)


def _bracket_value(thing: Thing, text: str, each: bool) -> tuple[str, bool]:
    value = pts.from_text(text)
    if isinstance(thing, Criterion):
        return "", value in (thing.base, thing.max)
    allowed = set(thing.points) or set(thing.span)
    if text[:1] not in "+-":
        allowed = {abs(points) for points in allowed}
    return ("" if each else "points"), value in allowed


_WITH_ID = re.compile(r"(.*?)\s*\(\s*([a-z0-9][a-z0-9.-]*)\s*\)")


def with_id(text: str, known: Container[str]) -> tuple[str, str]:
    """`Dan Li (w-dan)` as name and id; the text and no id where none of `known` is behind it."""
    found = _WITH_ID.fullmatch(narrowed(text))
    if found and found[2] in known:
        return found[1], found[2]
    return text, ""


class Names:
    """What texts name in one book, each looked up once."""

    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions
        self._things: dict[tuple[str, str, bool], Match | lookup.NotFound] = {}
        self._subjects: dict[tuple[str, str, str], str | lookup.NotFound] = {}

    def thing(self, scheme: Scheme, text: str, cell: bool = False) -> Match:
        """As `match_thing`; raises `NotFound`."""
        key = (scheme.week, text, cell)
        if key not in self._things:
            try:
                self._things[key] = match_thing(scheme, text, cell)
            except lookup.NotFound as error:
                self._things[key] = error
        found = self._things[key]
        if isinstance(found, lookup.NotFound):
            raise found
        return found

    def subject(self, text: str, week: str, branch: str = "") -> str:
        """The id of the subject that a whole name or an id means in a week; raises `NotFound`.

        Of several with that name those in `branch` come first. Dots in names are all the same.
        """
        whole = self._subject(text, week, "")
        if isinstance(whole, lookup.Ambiguous) and branch:
            whole = self._subject(text, week, branch)
        if isinstance(whole, lookup.NotFound):
            raise whole
        return whole

    def _subject(self, text: str, week: str, branch: str) -> str | lookup.NotFound:
        key = (text, week, branch)
        if key not in self._subjects:
            self._subjects[key] = self._look_up(narrowed(text), week, branch)
        return self._subjects[key]

    def _look_up(self, text: str, week: str, branch: str) -> str | lookup.NotFound:
        if behind := with_id(text, self.definitions.subjects)[1]:
            return behind
        try:
            return lookup.subject(
                self.definitions, text, week=week, branch=branch or None, partial=False
            )
        except lookup.NotFound as error:
            found = self._dotted.get(dotted_alike(folded(text)), []) if _DOT.search(text) else []
            return found[0] if len(found) == 1 else error

    @property
    def _dotted(self) -> dict[str, list[str]]:
        """Names with a dot between their parts, whichever dot it is: the ids that bear them."""
        found: dict[str, list[str]] = {}
        for name, keys in self.definitions.by_folded_name.items():
            if _DOT.search(name):
                found.setdefault(dotted_alike(name), []).extend(keys)
        return found


_DOT = re.compile(r"[·•・‧∙.．]")


def dotted_alike(text: str) -> str:
    return _DOT.sub("·", text)
