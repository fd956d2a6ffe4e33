"""The command line before it is parsed: options that stand anywhere, and options without a value."""

import re
from dataclasses import dataclass

ANYWHERE = ("--book", "--lang", "--today", "--color")
BARE = ("--week", "--month", "--quarter", "--year")
LATEST = "latest"

_PERIOD = re.compile(r"[0-9]|[wW][0-9]|第[0-9]|last$|this$|latest$|上周|本周")


@dataclass
class Anywhere:
    """The options that every command takes, wherever they stand."""

    book: str | None = None
    lang: str | None = None
    today: str | None = None
    color: str | None = None


def split(arguments: list[str]) -> tuple[Anywhere, list[str]]:
    """The options that stand anywhere, and the other arguments with a value for each bare `--week`."""
    options, rest = Anywhere(), []
    waiting = list(arguments)
    while waiting:
        word = waiting.pop(0)
        if word == "--":
            rest += [word, *waiting]
            break
        name, equals, value = word.partition("=")
        if name in ANYWHERE and (equals or waiting):
            setattr(options, name[2:], value if equals else waiting.pop(0))
        elif word in BARE:
            rest.append(f"{word}={waiting.pop(0) if _is_value(waiting) else LATEST}")
        else:
            rest.append(word)
    return options, rest


def _is_value(waiting: list[str]) -> bool:
    return bool(waiting) and bool(_PERIOD.match(waiting[0]))
