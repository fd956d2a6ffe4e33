"""Text from people: made safe to show, made equal to compare, measured in terminal columns."""

import re
import shlex
import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache

_LONGEST_WORD = 100
_MOST_COMPARED = 2000

_HIDDEN = {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"}
# Letters and marks that show nothing: fillers, joiners, variation selectors (of which emoji are full).
_FILLERS = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0]")
_WORD = re.compile(r"(?:[\w@%+:,./=-]|[^\x00-\x7f\s])+")
_SELECTORS = re.compile("[\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")


def visible(text: str) -> str:
    """The text with control, bidirectional and zero-width characters written as `<U+001B>`.

    Nothing that a person wrote in a book can then move the cursor, hide or reorder what is shown.
    """
    if text.isascii() and text.isprintable():
        return text
    text = _FILLERS.sub(lambda found: _code(found[0]), text)
    if text.isprintable():
        return text
    return "".join(_code(c) if unicodedata.category(c) in _HIDDEN else c for c in text)


def encodable(text: str) -> str:
    """The text with halves of characters written as `<U+DCFF>`, as `visible` does: no encoding takes them.

    They come of names of files that are bytes, and of JSON.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join(_code(c) if "\ud800" <= c <= "\udfff" else c for c in text)
    return text


def argument(text: str) -> str:
    """The text as one word of a command line: in quotes where a shell would read more into it."""
    return text if _WORD.fullmatch(text) and text.isprintable() else shlex.quote(text)


def command_line(words: Iterable[str]) -> str:
    """The words as a person types them; names in Chinese need no quotes."""
    return " ".join(map(argument, words))


def _code(character: str) -> str:
    return f"<U+{ord(character):04X}>"


def folded(text: str) -> str:
    """The text in the form in which names are compared: NFKC, case folded, blanks closed up.

    What shows nothing is left out, so that two names that look the same are the same here.
    """
    if not text.isascii():
        text = _SELECTORS.sub("", _FILLERS.sub("", text))
        text = "".join(c for c in text if c.isprintable() or unicodedata.category(c) != "Cf")
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return "".join(text.casefold().split())


def narrowed(text: str) -> str:
    """Full-width digits, letters and signs as plain ones (NFKC), outer blanks gone."""
    return unicodedata.normalize("NFKC", text).strip()


def plain_digits(text: str) -> str:
    """The text narrowed, its decimal digits of any script as 0 to 9, its minus sign as a hyphen."""
    if text.isascii():
        return text.strip()
    return "".join(str(unicodedata.decimal(c, c)) for c in narrowed(text)).replace("\u2212", "-")


def is_numeric(text: str) -> bool:
    """Whether every character is a number of some script: `Ⅱ`, `二`, `½`, as well as `2`."""
    return bool(text) and all(unicodedata.numeric(c, None) is not None for c in text)


@lru_cache(4096)  # cells of a table recur
def width(text: str) -> int:
    """Columns that the text takes in a terminal; wide and full-width characters take two."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in ("W", "F") else 1
        for c in text
    )


def closest(word: str, known: Iterable[str]) -> str | None:
    """The one of `known` that `word` is most likely a misspelling of, if any is near enough.

    What it costs is bounded: of very many, only those with the same beginning or end are compared.
    """
    if len(word) > _LONGEST_WORD:
        return None
    word = word.casefold()
    candidates = {str(k).casefold(): k for k in known}
    compared = list(candidates)
    if len(compared) > _MOST_COMPARED:
        ends = word[:2], word[-2:]
        compared = [k for k in compared if (k[:2], k[-2:]) == ends] or [
            k for k in compared if k[:2] == ends[0] or k[-2:] == ends[1]
        ]
    found = get_close_matches(word, compared[:_MOST_COMPARED], n=1, cutoff=0.65)
    return candidates[found[0]] if found else None
