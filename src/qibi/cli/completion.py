"""Shell completion: members, items, branches, weeks and entries of the book at hand."""

import os
import re
import shlex
from collections.abc import Callable, Iterable
from pathlib import Path

from typer._completion_classes import (
    BashComplete,
    FishComplete,
    PowerShellComplete,
    ZshComplete,
)

from qibi.base.findings import Faults, Refusal
from qibi.base.text import visible
from qibi.base.weeks import single
from qibi.book.definitions import Definitions
from qibi.book.load import find, load
from qibi.cli._click import shell_completion
from qibi.cli.surroundings import Surroundings

Candidates = list[tuple[str, str]]


def _book() -> tuple[Path, Definitions] | None:
    """The book and its definitions; None where there is none to complete from."""
    around = Surroundings.of_this_process()
    try:
        root = find(None, os.environ, around.folder)
        names = around.environment.get("QIBI_NAMES")
        return root, load(root, around.cache, around.folder / names if names else None)
    except (Refusal, Faults):
        return None


def _matching(pairs: Iterable[tuple[str, str]], incomplete: str) -> Candidates:
    """The ids that begin so, each with its name; else the names that do, each with its id."""
    start = incomplete.casefold()
    pairs = list(pairs)
    by_id = [(key, name) for key, name in pairs if key.casefold().startswith(start)]
    return by_id or [(name, key) for key, name in pairs if name.casefold().startswith(start)]


def _from_definitions(
    pairs: Callable[[Definitions], Iterable[tuple[str, str]]],
) -> Callable[[str], Candidates]:
    def complete(incomplete: str) -> Candidates:
        book = _book()
        return _matching(pairs(book[1]), incomplete) if book else []

    return complete


members = _from_definitions(lambda d: [(key, d.title(key)) for key in d.spans])
subjects = _from_definitions(lambda d: [(key, d.title(key)) for key in d.subjects])
branches = _from_definitions(lambda d: [(b.id, str(b.name)) for b in d.branches])
departments = _from_definitions(
    lambda d: [(name, "") for name in dict.fromkeys(b.department for b in d.branches) if name]
)
sections = _from_definitions(
    lambda d: [(name, "") for name in dict.fromkeys(b.section for b in d.branches) if name]
)
items = _from_definitions(
    lambda d: (
        [(i.id, str(i.name)) for i in d.schemes[-1].items()]
        + [(c.id, str(c.name)) for c in d.schemes[-1].criteria if c.direct]
    )
)
criteria = _from_definitions(lambda d: [(c.id, str(c.name)) for c in d.schemes[-1].criteria])


def weeks(incomplete: str) -> Candidates:
    """The weeks that have batches, the latest first."""
    from qibi.ledger.batches import weeks_with_batches

    book = _book()
    found = reversed(weeks_with_batches(book[0])) if book else []
    return _matching([(week, "") for week in found], incomplete.upper())


def entries(incomplete: str) -> Candidates:
    """The live scores of the latest week, newest first."""
    from qibi.ledger.batches import Index, read_weeks
    from qibi.ledger.entries import Score
    from qibi.scoring.assessed import latest_assessed

    book = _book()
    week = latest_assessed(*book) if book else None
    if not book or not week:
        return []
    found = list(Index(read_weeks(book[0], single(week).weeks)).live(Score))
    return _matching(
        [(key, f"{book[1].title(e.subject)} {e.item}") for key, e in found], incomplete
    )


def kinds(incomplete: str) -> Candidates:
    """What a ranking can be by."""
    from qibi.book.words import RANKED

    return _matching([(name, "") for name in RANKED], incomplete)


def formats(incomplete: str) -> Candidates:
    """The formats of commands that read."""
    from qibi.cli.console import FORMATS

    return _matching([(name, "") for name in FORMATS], incomplete)


# How each shell is told what a word can be completed to, so that nothing in a name is taken for a command.
#
# Typer hands names on as they are: bash inserts them unquoted, and zsh evaluates a backslash before a `$`.
# Where a name can't be written safely, its id stands for it.


_PLAIN = re.compile(r"[\w./-]+")  # a word of its own in every shell, whatever the script
_PATTERN = re.compile(r"[*?\[]|[+@!]\(")  # what bash would look for among the files here
_INERT = re.compile(r"[\w ,.;&/@%+-]+|[^\x00-\x7f]+")  # within quotes that zsh evaluates
_QUOTES = re.compile("['\"\u2018-\u201f]")  # to PowerShell


def register() -> None:
    """Take the place of Typer's classes, which are registered by then."""
    shells = {"bash": _Bash, "zsh": _Zsh, "fish": _Fish}
    for name, shell in (*shells.items(), ("powershell", _PowerShell), ("pwsh", _PowerShell)):
        shell_completion.add_completion_class(shell, name)


def complete_at_once() -> None:
    """Have the script for zsh complete at the first Tab of a session, too.

    It is then only loaded (from `~/.zfunc`), and Typer's leaves it at that: nothing is completed.
    """
    from typer import _completion_shared

    scripts = _completion_shared._completion_scripts
    defines = "compdef %(complete_func)s %(prog_name)s"
    runs = 'if [ "$funcstack[1]" = "_%(prog_name)s" ]; then\n  %(complete_func)s "$@"\nfi'
    if runs not in scripts["zsh"]:
        scripts["zsh"] = scripts["zsh"].replace(defines, f"{defines}\n{runs}")


def _spelled(
    items: list[shell_completion.CompletionItem], spell: Callable[[str], str]
) -> list[shell_completion.CompletionItem]:
    """The items as a shell is to be given them; `spell` gives nothing for what it can't write."""
    found = []
    for item in items:
        value, key = str(item.value), item.help or ""
        if not _PLAIN.fullmatch(value):
            able = value.isprintable() and not value.startswith("-")
            value = (spell(value) if able else "") or (key if _PLAIN.fullmatch(key) else "")
        if value:
            found.append(shell_completion.CompletionItem(value, help=item.help))
    return found


class _Bash(BashComplete):
    """Bash splits what it is given into lines and inserts each as it is."""

    def get_completions(
        self, args: list[str], incomplete: str
    ) -> list[shell_completion.CompletionItem]:
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
    if len([word for word in words if word]) != len(shell_completion.split_arg_string(text)):
        return None  # a quote over several lines, or words
    word = "".join(words[int(os.environ["COMP_CWORD"]) :][:1])
    if word[:1] in ("'", '"'):
        return word[0]
    return None if _QUOTES.search(word) else ""


class _Zsh(ZshComplete):
    """Zsh evaluates what it is given, between double quotes, and quotes what it inserts."""

    def get_completions(
        self, args: list[str], incomplete: str
    ) -> list[shell_completion.CompletionItem]:
        return _spelled(super().get_completions(args, incomplete), self._word)

    def _word(self, value: str) -> str:
        return value if "".join(_INERT.findall(value)) == value else ""

    def format_completion(self, item: shell_completion.CompletionItem) -> str:
        told = "".join(_INERT.findall(visible(item.help or "")))
        return f'"{item.value}":"{told}"' if told else f'"{item.value}"'


class _Fish(FishComplete):
    """Fish reads a line for each word, and quotes what it inserts."""

    def get_completions(
        self, args: list[str], incomplete: str
    ) -> list[shell_completion.CompletionItem]:
        return _spelled(super().get_completions(args, incomplete), str)

    def format_completion(self, item: shell_completion.CompletionItem) -> str:
        return "\t".join(filter(None, [item.value, visible(item.help or "")]))


class _PowerShell(PowerShellComplete):
    """PowerShell inserts a word as it is, in place of the whole word that was begun."""

    def get_completions(
        self, args: list[str], incomplete: str
    ) -> list[shell_completion.CompletionItem]:
        return _spelled(super().get_completions(args, incomplete), self._word)

    def _word(self, value: str) -> str:
        return "" if _QUOTES.search(value) or ":::" in value else f"'{value}'"

    def format_completion(self, item: shell_completion.CompletionItem) -> str:
        return f"{item.value}:::{visible(item.help or '').replace(':::', '') or ' '}"
