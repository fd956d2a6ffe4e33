"""Help in plain text, aligned where Chinese takes two columns, in four panels."""

import gettext
from collections.abc import Iterable

import click

from qibi.base.language import _, colon, placeholders
from qibi.base.text import width
from qibi.cli.layout import wrap


class Formatter(click.HelpFormatter):
    """Click's formatter with East Asian widths, so that nothing runs over the edge."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        said = prefix or _("Usage:")
        self.write(f"{said}{'' if said.endswith('：') else ' '}{prog} {placeholders(args)}\n")

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
        rows = [(placeholders(term), text) for term, text in rows]
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
