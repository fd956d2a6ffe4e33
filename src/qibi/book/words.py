"""What things are called: statuses, units of points, kinds of subjects and entries, grades, reasons for no place."""

from dataclasses import dataclass

from qibi.base.language import _, current, mark
from qibi.base.text import folded
from qibi.book.definitions import Definitions, Scheme


@dataclass(frozen=True)
class Status:
    """A status of a member: its name, and the words by which rosters and commands may give it."""

    name: str
    words: str


STATUSES = {
    "full": Status(mark("full"), "正式党员 正式 党员 中共党员 full fullmember"),
    "probationary": Status(mark("probationary"), "预备党员 预备 中共预备党员 probationary"),
    "activist": Status(mark("activist"), "积极分子 入党积极分子 activist"),
    "staff": Status(mark("staff"), "职工 员工 群众 团员 共青团员 非党员 staff"),
}
STATUS_WORDS = {
    folded(word): key for key, status in STATUSES.items() for word in (key, *status.words.split())
}


@dataclass(frozen=True)
class Unit:
    """What an item's points are per, `per: day`: its price and its count in words."""

    price: str
    how_many: str
    chinese: str  # what may follow a number of them, the usual word first
    english: str  # its singular


UNITS = {
    "count": Unit(
        mark("{points} each"), mark("how many times"), "次 人次 项 个 处 起 件 条 份 篇 回", "time"
    ),
    "day": Unit(mark("{points} a day"), mark("how many days"), "天", "day"),
}
# Headings of a column of counts: `天数`, `days`.
COUNT_HEADINGS = " ".join(f"{u.chinese.split()[0]}数 {u.english}s" for u in UNITS.values())
# What a ranking can be by, with our word for it. Subjects are of three of these kinds, see `SUBJECT_KINDS`.
RANKED = {
    "member": mark("member"),
    "group": mark("group"),
    "branch": mark("branch"),
    "cp": mark("CP"),
    "unit": mark("unit"),
    "post": mark("post"),
}
LISTS = {"red": mark("Red list"), "black": mark("Black list")}
# In the order in which a remedy passes through them.
REMEDY_STATES = {
    "open": mark("open"),
    "reported": mark("reported"),
    "verified": mark("verified"),
    "reopened": mark("reopened"),
}


def status_name(key: str) -> str:
    """What a status is called."""
    return _(STATUSES[key].name)


def branch(definitions: Definitions, key: str) -> str:
    """A branch by its section, where it has one: shorter, and what people say."""
    found = definitions.branch(key)
    if found is None:
        return key
    return found.section if found.section and current() == "zh" else str(found.name)


def kind(definitions: Definitions, by: str) -> str:
    """What a ranking is by, in the book's own word."""
    return definitions.word(by, _(RANKED[by]))


def list_name(definitions: Definitions, key: str, *, within: bool = False) -> str:
    """What this book calls its `red` or `black` list; our own words small `within` a sentence."""
    name = _(LISTS[key])
    return definitions.word(key, name[:1].lower() + name[1:] if within else name)


def branch_heading(definitions: Definitions) -> str:
    """The heading of a column of branches, in the book's own word."""
    word = definitions.word("branch", _("Branch"))
    return word[:1].upper() + word[1:]


def reason(word: str, note: str = "") -> str:
    """Why a subject has no place."""
    text = {
        "exempt": _("exempt"),
        "unscored": _("not assessed"),
        "ineligible": _("not ranked by the scheme"),
        "too-few-weeks": _("too few weeks"),
    }[word]
    return note or text if word == "exempt" else text


def grade(scheme: Scheme | None, key: str | None) -> str:
    """The name of a grade."""
    names = {g.id: str(g.name) for g in scheme.grades} if scheme else {}
    return names.get(key or "", "")


def thing(scheme: Scheme | None, key: str) -> str:
    """The name of an item, or of a directly scored criterion; its id where the scheme has none."""
    found = (scheme.item(key) or scheme.criterion(key)) if scheme else None
    return str(found.name) if found else key


def state_name(state: str) -> str:
    """What a state of a remedy is called."""
    return _(REMEDY_STATES[state])
