"""The command line before it is parsed: options that stand anywhere, and options without a value."""

import re
from dataclasses import dataclass

from qibi.base import language
from qibi.base.findings import Refusal
from qibi.base.language import _

ANYWHERE = ("--book", "--lang", "--today", "--color")
COLORS = ("auto", "always", "never")
BARE = ("--week", "--month", "--quarter", "--year")
LATEST = "latest"

_PERIOD = re.compile(r"[0-9]|[wWqQ][0-9]|第[0-9]|last$|this$|latest$|上周|本周")


@dataclass
class Anywhere:
    """The options that every command takes, wherever they stand."""

    book: str | None = None
    lang: str | None = None
    today: str | None = None
    color: str | None = None
    bare: str = ""  # the one that stands last, without its value
    garbled: str = ""  # the first argument that is no text


def split(arguments: list[str]) -> tuple[Anywhere, list[str]]:
    """The options that stand anywhere, and the other arguments with a value for each bare `--week`."""
    options, rest = Anywhere(garbled=next(filter(_is_garbled, arguments), "")), []
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
        elif name in ANYWHERE:
            options.bare = name
        else:
            rest.append(word)
    return options, rest


def refuse_unknown_values(options: Anywhere) -> None:
    """Raises `Refusal` for what is no text, for an option without its value, or with an unknown one."""
    if options.garbled:
        raise Refusal(
            _("'{text}' is no UTF-8 text").format(text=options.garbled),
            _("type it anew, or rename the file; the terminal has to speak UTF-8"),
        )
    if options.bare:
        raise Refusal(
            _("{option} needs a value").format(option=options.bare), _("see 'qibi --help'")
        )
    choices = {"--lang": (options.lang, ("zh", "en")), "--color": (options.color, COLORS)}
    for option, (value, known) in choices.items():
        if (
            value is not None
            and value not in known
            and not (option == "--lang" and language.normal(value))
        ):
            raise Refusal(
                _("{option}: there is no '{value}'").format(option=option, value=value),
                _("one of: {names}").format(names=language.listing(list(known))),
            )


def _is_garbled(word: str) -> bool:
    """Whether bytes of the word are no UTF-8: Python hands them on as lone surrogates."""
    return any("\ud800" <= c <= "\udfff" for c in word)


def _is_value(waiting: list[str]) -> bool:
    return bool(waiting) and bool(_PERIOD.match(waiting[0]))
