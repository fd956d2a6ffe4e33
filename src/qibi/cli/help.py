"""Help in plain text, aligned where Chinese takes two columns, in four panels."""

import gettext
import textwrap
from collections.abc import Iterable
from itertools import groupby

import click

from qibi.base.language import _, colon
from qibi.base.text import width


class Formatter(click.HelpFormatter):
    """Click's formatter with East Asian widths, so that nothing runs over the edge."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        said = prefix or _("Usage:")
        self.write(f"{said}{'' if said.endswith('：') else ' '}{prog} {args}\n")

    def write_heading(self, heading: str) -> None:
        self.write(f"{' ' * self.current_indent}{heading}{colon().rstrip()}\n")

    def write_text(self, text: str) -> None:
        for number, paragraph in enumerate(text.split("\n\n")):
            if number:
                self.write("\n")
            for line in wrap(
                paragraph.replace("\n", " ").strip(), self.width - self.current_indent
            ):
                self.write(" " * self.current_indent + line + "\n")

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        rows = list(rows)
        first = min(max((width(a) for a, _b in rows), default=0), col_max) + col_spacing
        room = max(self.width - self.current_indent - first, 20)
        for term, text in rows:
            head = " " * self.current_indent + term
            lines = wrap(text, room) or [""]
            if width(term) > first - col_spacing:
                self.write(head + "\n")
                head = " " * (self.current_indent + first)
            else:
                head += " " * (first - width(term))
            self.write((head + lines[0]).rstrip() + "\n")
            for line in lines[1:]:
                self.write(" " * (self.current_indent + first) + line + "\n")


def wrap(text: str, columns: int) -> list[str]:
    """The text in lines of at most so many columns; Chinese breaks between any two characters."""
    lines: list[str] = []
    current = ""
    for piece in _pieces(text):
        if current and width(current + piece.rstrip()) > columns:
            lines.append(current.rstrip())
            current = ""
        current += piece.lstrip() if not current else piece
    if current.strip():
        lines.append(current.rstrip())
    return lines


def _pieces(text: str) -> list[str]:
    """Where a line may break: after blanks and hyphenless words, and around wide characters."""
    found: list[str] = []
    for wide, group in groupby(text, key=lambda c: width(c) == 2):
        run = "".join(group)
        if wide:
            found += _wide_pieces(run)
        else:
            found += [w for w in textwrap.TextWrapper(break_on_hyphens=False)._split(run) if w]
    return found


def _wide_pieces(run: str) -> list[str]:
    """Single characters, closing punctuation kept with the one before it."""
    found: list[str] = []
    for character in run:
        if character in "，。、；：！？）》】」" and found:
            found[-1] += character
        else:
            found.append(character)
    return found


def panel(name: str) -> str:
    """The title of a panel."""
    return {
        "week": _("Every week"),
        "look": _("Look"),
        "setup": _("Set up"),
        "prove": _("Prove"),
    }[name]


def let_click_speak(language: str, catalogs: str) -> None:
    """Have Click's own words (Usage, Options, Missing argument) come from our catalogs."""
    gettext.bindtextdomain("qibi", catalogs)
    gettext.textdomain("qibi")
