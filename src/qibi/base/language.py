"""The language that qibi speaks: gettext catalogs in `locale/`, English where there is none."""

import gettext
from collections.abc import Mapping
from pathlib import Path

from qibi.base.vocabulary import Vocabulary

LOCALE = Path(__file__).parent.parent / "locale"
LANGUAGES = ("en", "zh")

_catalog: gettext.NullTranslations = gettext.NullTranslations()
_current = "en"
_vocabulary = Vocabulary("en", {})


def normal(tag: str) -> str | None:
    """`zh` or `en` for a language tag or a locale's name (`zh-CN`, `zh_CN.UTF-8`); else None."""
    short = tag.replace("-", "_").split("_")[0].split(".")[0].lower()
    return short if short in LANGUAGES else None


def use(code: str) -> None:
    """Speak this language (`zh` or `en`) from now on, in our own words."""
    global _catalog, _current, _vocabulary
    _current = code
    _vocabulary = Vocabulary(code, {})
    _catalog = gettext.NullTranslations()
    if code == "zh":
        _catalog = gettext.translation("qibi", LOCALE, ["zh_CN"], fallback=True)


def call(words: Mapping[str, str]) -> None:
    """Use a book's words for our own from now on: `{"branch": "team"}`."""
    global _vocabulary
    _vocabulary = Vocabulary(_current, words)


def current() -> str:
    """The language spoken now: `zh` or `en`."""
    return _current


def _(message: str) -> str:
    """The message in the language spoken now."""
    return _vocabulary.of(_catalog.gettext(message))


def placeholders(text: str) -> str:
    """A usage line, or an option with its value (`--branch BRANCH`), in the words of the book."""
    return _vocabulary.of_placeholders(text)


def mark(message: str) -> str:
    """The message as it is, marked so that the catalogs hold it; translated where it is shown."""
    return message


def many(one: str, more: str, count: int) -> str:
    """The form of a message that fits a count, in the language spoken now."""
    return _vocabulary.of(_catalog.ngettext(one, more, count))


def colon() -> str:
    """What stands between a label and its value."""
    return "：" if _current == "zh" else ": "


def clauses(parts: list[str]) -> str:
    """Half-sentences in a row: `a; b` or `a；b`."""
    return ("；" if _current == "zh" else "; ").join(parts)


def aside(text: str) -> str:
    """What stands in brackets behind a word, brackets and all: ` (a)` or `（a）`."""
    return f"（{text}）" if _current == "zh" else f" ({text})"


def listing(words: list[str]) -> str:
    """Words in a row: `a, b` or `a、b`."""
    return ("、" if _current == "zh" else ", ").join(words)
