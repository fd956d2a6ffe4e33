"""The shipped fonts: where it is, and what they can show. README.md says how it was made."""

from bisect import bisect_right
from collections.abc import Iterable
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
FILES = (
    "NotoSansSC-Regular.otf",
    "NotoSansSC-Bold.otf",
    "NotoSans-Regular.ttf",
    "NotoSans-Bold.ttf",
)
REPERTOIRE = "repertoire.txt"
MISSING = "〓"  # what printers have always set for a character that they do not have


@cache
def _spans() -> tuple[list[int], list[int]]:
    """The first and the last of each run of code points that the font has."""
    runs = [line.split("-") for line in (FOLDER / REPERTOIRE).read_text("ascii").split()]
    return [int(run[0], 16) for run in runs], [int(run[-1], 16) for run in runs]


def has(character: str) -> bool:
    """Whether the font can show a character."""
    firsts, lasts = _spans()
    place = bisect_right(firsts, ord(character)) - 1
    return place >= 0 and ord(character) <= lasts[place]


def lacking(text: str) -> list[str]:
    """The characters of a text that the font can't show, each once."""
    return list(dict.fromkeys(c for c in text if c not in "\n\t" and not has(c)))


def shown(text: str) -> str:
    """The text with a mark for each character that the font can't show."""
    return "".join(c if c in "\n\t" or has(c) else MISSING for c in text)


def listed(characters: Iterable[str]) -> str:
    """Characters with their code points: what one looks up."""
    return " ".join(f"{c} (U+{ord(c):04X})" for c in characters)
