"""What a book calls things: its branches and kinds of subjects, its grades, reasons for no place."""

from qibi.base.language import _, current
from qibi.book.definitions import Definitions, Scheme


def branch(definitions: Definitions, key: str) -> str:
    """A branch by its section, where it has one: shorter, and what people say."""
    found = definitions.branch(key)
    if found is None:
        return key
    return found.section if found.section and current() == "zh" else str(found.name)


def kind(definitions: Definitions, by: str) -> str:
    """What a ranking is by, in the book's own word."""
    default = {
        "member": _("member"),
        "group": _("group"),
        "branch": _("branch"),
        "cp": _("CP"),
        "unit": _("unit"),
        "post": _("post"),
    }[by]
    return definitions.word(by, default)


def branch_heading(definitions: Definitions) -> str:
    """The heading of a column of branches, in the book's own word."""
    word = definitions.word("branch", _("Branch"))
    return word[:1].upper() + word[1:]


def reason(word: str, note: str = "") -> str:
    """Why a subject has no place."""
    said = {
        "exempt": _("exempt"),
        "unscored": _("not assessed"),
        "ineligible": _("not ranked by the scheme"),
        "too-few-weeks": _("too few weeks"),
    }[word]
    return note or said if word == "exempt" else said


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
    return {
        "open": _("open"),
        "reported": _("reported"),
        "verified": _("verified"),
        "reopened": _("reopened"),
    }[state]
