"""Names that stand with their id behind them in brackets, since they alone mean several things."""

import re
from collections.abc import Container

from qibi.base.text import narrowed

_WITH_ID = re.compile(r"(.*?)\s*\(\s*([a-z0-9][a-z0-9.-]*)\s*\)")


def with_id(text: str, known: Container[str]) -> tuple[str, str]:
    """`Dan Li (w-dan)` as name and id; the text and no id where none of `known` stands behind it."""
    found = _WITH_ID.fullmatch(narrowed(text))
    if found and found[2] in known:
        return found[1], found[2]
    return text, ""
