"""Questions to a person on a terminal: lists to choose from, `?` for help, `<` to go back, a line editor.

The line editor is `prompt_toolkit`, loaded only here. A terminal that can't do more than print (TERM is
`dumb` or not set) is read line by line; the questions are the same.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qibi.base.language import _, aside
from qibi.base.text import folded, plain_digits, visible, width
from qibi.book.definitions import Label
from qibi.cli.console import Console

if TYPE_CHECKING:
    from prompt_toolkit.completion import Completion
    from prompt_toolkit.document import Document
    from prompt_toolkit.history import History

_BACK = ("<", "＜", "《", "〈")  # what input methods make of that key
_ASKS = ("?", "？")
_ROWS = 8  # of the menu of completions
_LEAST = 3  # characters of an id that find it by a part


class Back(Exception):
    """The person wants the question before this one again."""


@dataclass(frozen=True)
class Option:
    """Something to choose, found by its key and its names, of which the first is shown.

    With `within` it is a heading: to choose it lists these.
    """

    key: str
    names: tuple[str, ...]
    about: str = ""
    within: tuple["Option", ...] = ()

    @property
    def folded(self) -> tuple[str, ...]:
        """Its names as they are compared."""
        return tuple(folded(name) for name in self.names)


def label_option(
    key: str, name: Label, *names: str, about: str = "", within: tuple[Option, ...] = ()
) -> Option:
    """Something with a name in both languages, and further names; that in the language spoken now first."""
    found = dict.fromkeys((str(name), name.zh, name.en, *filter(None, names)))
    return Option(key, tuple(found), about, within)


class Dialogue:
    """Asks one person. While it lives, each question of its console is read with the line editor."""

    def __init__(self, console: Console) -> None:
        self.console = console
        around = console.around
        if around.environment.get("TERM", "dumb") != "dumb" and console.reader is None:
            console.reader = _Editor(console).read

    def ask(
        self,
        question: str,
        explain: str,
        *,
        default: str = "",
        options: Sequence[Option] = (),
        topic: str = "",
    ) -> str:
        """A line of text; raises `Back`. `options` complete it, `topic` is what its history is of."""
        answer = self.console.ask(
            question, explain, default=default, options=options, topic=topic or question
        )
        if answer in _BACK:
            raise Back
        return answer

    def choose(
        self,
        question: str,
        options: Sequence[Option],
        explain: str,
        unknown: Callable[[str], str],
        *,
        default: str = "",
        words: Sequence[str] = (),
        listed: Sequence[Option] = (),
        echo: bool = True,
        topic: str = "",
    ) -> str:
        """The key of the option meant, or one of `words`; raises `Back`.

        Numbers are those of the list shown last, at first of `listed`. `unknown` says why a text means
        none of them. With `echo` a name is shown that was not written out.
        """
        leaves = list(_leaves(options))
        initial = next((_word(o, leaves) for o in leaves if o.key == default), default)
        while True:
            answer = self.ask(question, "", default=initial, options=options, topic=topic)
            if answer in words:
                return answer
            if answer.startswith(_ASKS):
                text = answer.lstrip("?？ ")
                found = _meant(options, text) if text else options
                if not text:
                    self.console.say(explain, "dim")
                elif not found:
                    self.console.problem(unknown(text))
                if len(found) == 1 and found[0].within:
                    found = found[0].within
                listed = self.show(found) if found else listed
                continue
            found = _numbered(listed, options, answer) or _meant(options, answer)
            if not found and listed and plain_digits(answer).isdecimal():
                text = _("the list has no number {number}; ? shows it again")
                self.console.problem(text.format(number=answer))
            elif not found:
                self.console.problem(unknown(answer))
            elif len(found) > 1:
                text = _("'{text}' may be one of these; write its number").format(text=answer)
                self.console.say(text, "yellow")
                listed = self.show(found)
            elif found[0].within:
                listed = self.show(found[0].within)
            else:
                if echo and folded(answer) not in (*found[0].folded, found[0].key):
                    self.console.say(f"  {_named(found[0], leaves)}", "dim")
                return found[0].key

    def show(self, options: Sequence[Option]) -> Sequence[Option]:
        """List the options with their numbers; the same options."""
        lines = _in_columns(options, self.console.around.width)
        for line in lines:
            self.console.say(line)
        return options


def _in_columns(options: Sequence[Option], columns: int) -> list[str]:
    """Numbered names: next to each other where nothing is to be said of them, else one a line."""
    digits = len(str(len(options)))
    names = [visible(_named(option, options)) for option in options]
    widest = max((width(name) for name in names), default=0)
    alone = any(option.about for option in options)
    cells = [
        f"{number:>{digits}} {name}{' ' * (widest - width(name))}"
        + (f"  {visible(option.about)}" if option.about else "")
        for number, (name, option) in enumerate(zip(names, options, strict=True), 1)
    ]
    across = 1 if alone else max(1, (columns - 2 + 2) // (digits + 1 + widest + 2))
    return [
        ("  " + "  ".join(cells[at : at + across])).rstrip() for at in range(0, len(cells), across)
    ]


def _leaves(options: Iterable[Option]) -> Iterator[Option]:
    for option in options:
        if option.within:
            yield from _leaves(option.within)
        else:
            yield option


def _meant(options: Sequence[Option], text: str) -> Sequence[Option]:
    """The options that a text may mean: by the whole key, a whole name (a heading's too), or a part."""
    needle = folded(text)
    if not needle:
        return ()
    leaves = list(_leaves(options))
    stages: list[Callable[[], list[Option]]] = [
        lambda: [o for o in leaves if text == o.key],
        lambda: [o for o in leaves if needle in o.folded],
        lambda: [o for o in options if o.within and (text == o.key or needle in o.folded)],
        lambda: _matching(leaves, needle),
        lambda: _matching([o for o in options if o.within], needle),
    ]
    return next((found for stage in stages if (found := stage())), ())


def _matching(options: Iterable[Option], needle: str) -> list[Option]:
    """Those in whose key or names the text is, first those that begin with it."""
    found: list[tuple[bool, Option]] = []
    for option in options:
        names = (*option.folded, *((option.key,) if len(needle) >= _LEAST else ()))
        if any(needle in name for name in names):
            begins = option.key.startswith(needle) or any(n.startswith(needle) for n in names)
            found.append((not begins, option))
    return [option for _later, option in sorted(found, key=lambda pair: pair[0])]


def _numbered(
    listed: Sequence[Option], options: Sequence[Option], answer: str
) -> Sequence[Option] | None:
    """The option with this number in the list shown last; a key that is that number comes first."""
    number = plain_digits(answer)
    if not number.isdecimal() or any(option.key == answer for option in _leaves(options)):
        return None
    at = int(number) if len(number) < 6 else 0
    return [listed[at - 1]] if 1 <= at <= len(listed) else None


def _named(option: Option, among: Sequence[Option]) -> str:
    """An option's name, with its key where several bear that name."""
    word = _word(option, among)
    return word if word == option.names[0] else option.names[0] + aside(option.key)


def _word(option: Option, among: Sequence[Option]) -> str:
    """What to write for an option: its name, or its key where several bear that name."""
    same = sum(option.folded[0] in other.folded for other in among)
    return option.names[0] if same == 1 else option.key


class _Editor:
    """Reads lines with completion and history, which is of this run only."""

    def __init__(self, console: Console) -> None:
        from prompt_toolkit.input import create_input
        from prompt_toolkit.output import ColorDepth
        from prompt_toolkit.output.vt100 import Vt100_Output

        around = console.around
        self._input = create_input(around.stdin)
        self._output = Vt100_Output.from_pty(
            around.stderr, term=around.environment.get("TERM"), enable_bell=False
        )
        self._output.enable_cpr = False  # no questions to the terminal, whose answers may be late
        colored = console.colored(around.stderr)
        self._depth = ColorDepth.DEPTH_4_BIT if colored else ColorDepth.DEPTH_1_BIT
        self._histories: dict[str, History] = {}

    def read(self, question: str, default: str, options: Sequence[Option], topic: str) -> str:
        """A line; raises KeyboardInterrupt for Ctrl-C, EOFError for Ctrl-D on an empty line.

        The up key brings back the default, then what was answered to the same question before.
        """
        from prompt_toolkit import PromptSession
        from prompt_toolkit.history import InMemoryHistory

        history = self._histories.setdefault(topic, InMemoryHistory())
        if default:
            history.append_string(default)
        session: PromptSession[str] = PromptSession(
            history=history,
            completer=_completer(options) if options else None,
            reserve_space_for_menu=_ROWS if options else 0,
            color_depth=self._depth,
            input=self._input,
            output=self._output,
        )
        return re.sub(r"\s+", " ", session.prompt(f"{visible(question)} ")).strip()


def _completer(options: Sequence[Option]):  # type: ignore[no-untyped-def]  # of a package loaded late
    from prompt_toolkit.completion import Completer, Completion

    leaves = list(_leaves(options))

    class Options(Completer):
        def get_completions(self, document: "Document", _event: object) -> "Iterator[Completion]":
            text = document.text_before_cursor.lstrip("?？ ")
            found = _matching(leaves, folded(text)) if text else leaves
            for option in found:
                shown = option.names[0].startswith(option.key)
                about = "  ".join(filter(None, [option.about, "" if shown else option.key]))
                yield Completion(
                    _word(option, leaves),
                    -len(document.text_before_cursor),
                    display=visible(option.names[0]),
                    display_meta=visible(about),
                )

    return Options()
