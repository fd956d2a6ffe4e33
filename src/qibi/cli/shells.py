"""How each shell is told what a word can be completed to, so that nothing in a name is taken for a command.

Typer hands names on as they are: bash inserts them unquoted, and zsh evaluates a backslash before a `$`.
Where a name can't be written safely, its id stands for it.
"""

import os
import re
import shlex
from collections.abc import Callable

from click.shell_completion import CompletionItem, add_completion_class, split_arg_string
from typer._completion_classes import (
    BashComplete,
    FishComplete,
    PowerShellComplete,
    ZshComplete,
)

from qibi.base.text import visible

_PLAIN = re.compile(r"[\w./-]+")  # a word of its own in every shell, whatever the script
_PATTERN = re.compile(r"[*?\[]|[+@!]\(")  # what bash would look for among the files here
_INERT = re.compile(r"[\w ,.;&/@%+-]+|[^\x00-\x7f]+")  # within quotes that zsh evaluates
_QUOTES = re.compile("['\"\u2018-\u201f]")  # to PowerShell


def register() -> None:
    """Take the place of Typer's classes, which are registered by then."""
    shells = {"bash": _Bash, "zsh": _Zsh, "fish": _Fish}
    for name, shell in (*shells.items(), ("powershell", _PowerShell), ("pwsh", _PowerShell)):
        add_completion_class(shell, name)


def _spelled(items: list[CompletionItem], spell: Callable[[str], str]) -> list[CompletionItem]:
    """The items as a shell is to be given them; `spell` gives nothing for what it can't write."""
    found = []
    for item in items:
        value, key = str(item.value), item.help or ""
        if not _PLAIN.fullmatch(value):
            able = value.isprintable() and not value.startswith("-")
            value = (spell(value) if able else "") or (key if _PLAIN.fullmatch(key) else "")
        if value:
            found.append(CompletionItem(value, help=item.help))
    return found


class _Bash(BashComplete):
    """Bash splits what it is given into lines and inserts each as it stands."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        return _spelled(super().get_completions(args, incomplete), self._word)

    def _word(self, value: str) -> str:
        opened = _opened()
        if _PATTERN.search(value) or opened is None:
            return ""
        if not opened:
            return shlex.quote(value)
        special = "'" if opened == "'" else '"$`\\!'  # bash itself closes the quote
        return "" if any(character in special for character in value) else value


def _opened() -> str | None:
    """The quote that the word to complete begins with; empty without one, None where that is unsure."""
    text = os.environ["COMP_WORDS"]
    words = text.split("\n")
    if len([word for word in words if word]) != len(split_arg_string(text)):
        return None  # a quote over several lines, or words
    word = "".join(words[int(os.environ["COMP_CWORD"]) :][:1])
    if word[:1] in ("'", '"'):
        return word[0]
    return None if _QUOTES.search(word) else ""


class _Zsh(ZshComplete):
    """Zsh evaluates what it is given, between double quotes, and quotes what it inserts."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        return _spelled(super().get_completions(args, incomplete), self._word)

    def _word(self, value: str) -> str:
        return value if "".join(_INERT.findall(value)) == value else ""

    def format_completion(self, item: CompletionItem) -> str:
        told = "".join(_INERT.findall(visible(item.help or "")))
        return f'"{item.value}":"{told}"' if told else f'"{item.value}"'


class _Fish(FishComplete):
    """Fish reads a line for each word, and quotes what it inserts."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        return _spelled(super().get_completions(args, incomplete), str)

    def format_completion(self, item: CompletionItem) -> str:
        return "\t".join(filter(None, [item.value, visible(item.help or "")]))


class _PowerShell(PowerShellComplete):
    """PowerShell inserts a word as it stands, in place of the whole word that was begun."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        return _spelled(super().get_completions(args, incomplete), self._word)

    def _word(self, value: str) -> str:
        return "" if _QUOTES.search(value) or ":::" in value else f"'{value}'"

    def format_completion(self, item: CompletionItem) -> str:
        return f"{item.value}:::{visible(item.help or '').replace(':::', '') or ' '}"
