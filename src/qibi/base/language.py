"""The language that qibi speaks: gettext catalogs in `locale/`, English where there is none."""

import gettext
import re
from collections.abc import Mapping
from pathlib import Path

# A book's own words in our messages: "team" where they say "branch", in either language.
#
# Only templates of messages pass through here, before names and notes are filled in, so that nothing that
# people wrote is ever changed. What is to be typed as it is (commands, options, keys of YAML files)
# keeps our word.


_ENGLISH = {
    "branch": ("branch", "branches"),
    "group": ("group", "groups"),
    "cp": ("CP", "CPs"),
}
_CHINESE = {
    "branch": ("临时党支部", "党支部", "支部"),
    "group": ("党小组",),
    "member": ("党员",),
    "cp": ("项目CP", "CP"),
}
# The first alternative is what keeps our word: typed text, keys, and other senses of the words.
_LITERAL = (
    r"qibi branch|git branch|--\w+|\{\w+\}|`[^`]*`|branches/|\S*/\S*\.yaml|chat group"
    r"|write group:|the cps|member, group, branch, cp|scheme, branch, plan|branch,name,\S+"
)
_EXAMPLE = r"(?m:^qibi .*$)"  # a whole command; Chinese ones hold names, which are not ids
_IRREGULAR = {"person": "people", "man": "men", "woman": "women", "child": "children"}


class Vocabulary:
    """The words of one book in the language spoken."""

    def __init__(self, language: str, words: Mapping[str, str]) -> None:
        self._spoken: dict[str, str] = {}
        self._typed: dict[str, str] = {}  # what stands for a value to type
        if language == "zh":
            for key, word in words.items():
                self._spoken |= dict.fromkeys(_CHINESE.get(key, ()), word)
            named = "|".join(map(re.escape, self._spoken))
            pattern = rf"(?P<kept>{_LITERAL})|(?P<word>{named})"
        else:
            for key, word in words.items():
                for form, said in zip(_ENGLISH.get(key, ()), (word, plural(word)), strict=False):
                    self._typed[form.upper()] = said.upper()
                    self._spoken[form] = said
                    if form.islower():
                        self._spoken |= {_capital(form): _capital(said), form.upper(): said.upper()}
            named = "|".join(sorted(self._spoken, key=len, reverse=True))
            pattern = rf"(?P<kept>{_EXAMPLE}|{_LITERAL})|(?:\b(?P<article>[Aa]n?) )?(?<![\w/.'-])(?P<word>{named})(?![\w/-])"
        self._pattern = re.compile(pattern) if self._spoken else None

    def of(self, message: str) -> str:
        """The message in these words."""
        return self._pattern.sub(self._replaced, message) if self._pattern else message

    def of_placeholders(self, text: str) -> str:
        """A usage line, or an option with its value, in these words: `--branch TEAM`."""
        return re.sub(r"(?<![\w-])[A-Z]+(?![\w-])", lambda m: self._typed.get(m[0], m[0]), text)

    def _replaced(self, found: re.Match[str]) -> str:
        if found["kept"] is not None:
            return found[0]
        word = self._spoken[found["word"]]
        article = found.groupdict().get("article")
        if not article:
            return word
        return f"{article[0]}{'n' if word[:1].lower() in 'aeiou' else ''} {word}"


def plural(word: str) -> str:
    """The English plural of a word, as far as rules go."""
    head, blank, last = word.rpartition(" ")
    if last in _IRREGULAR:
        return head + blank + _IRREGULAR[last]
    if re.search(r"[^aeiou]y$", last):
        return f"{word[:-1]}ies"
    return word + ("es" if re.search(r"(s|x|z|ch|sh)$", last) else "s")


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]


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
    """What is in brackets behind a word, brackets and all: ` (a)` or `（a）`."""
    return f"（{text}）" if _current == "zh" else f" ({text})"


def listing(words: list[str]) -> str:
    """Words in a row: `a, b` or `a、b`."""
    return ("、" if _current == "zh" else ", ").join(words)
