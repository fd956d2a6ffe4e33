"""Text from people: made safe to show, made equal to compare, measured in terminal columns."""

import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches

_HIDDEN = {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"}


def visible(text: str) -> str:
    """The text with control, bidirectional and zero-width characters written as `<U+001B>`.

    Nothing that a person wrote in a book can then move the cursor, hide or reorder what is shown.
    """
    if text.isprintable():
        return text
    return "".join(f"<U+{ord(c):04X}>" if unicodedata.category(c) in _HIDDEN else c for c in text)


def folded(text: str) -> str:
    """The text in the form in which names are compared: NFKC, case folded, blanks closed up."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def narrowed(text: str) -> str:
    """Full-width digits, letters and signs as plain ones (NFKC), outer blanks gone."""
    return unicodedata.normalize("NFKC", text).strip()


def width(text: str) -> int:
    """Columns that the text takes in a terminal; wide and full-width characters take two."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in ("W", "F") else 1
        for c in text
    )


def closest(word: str, known: Iterable[str]) -> str | None:
    """The one of `known` that `word` is most likely a misspelling of, if any is near enough."""
    candidates = {str(k).casefold(): k for k in known}
    found = get_close_matches(word.casefold(), list(candidates), n=1, cutoff=0.65)
    return candidates[found[0]] if found else None
