"""Draws the picture of a ranking that each README shows: a real run, in colour, as SVG.

    .venv/bin/python docs/make_pictures.py

The waiting week of the example book is scored in a copy of it and ranked at 80 columns. Every piece of
text stands at its column and has its width written down, so that Chinese and Latin letters keep their
columns in whatever font a reader has. `tests/e2e/test_readme.py` holds the pictures in step.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from xml.sax.saxutils import escape

from make_readme import PAGES, REPOSITORY, place
from rich.style import Style
from rich.text import Text

from qibi.base.text import width

HERE = Path(__file__).resolve().parent
EXAMPLE = REPOSITORY / "ledgers" / "example"
SHEETS = REPOSITORY / "ledgers" / "example-sheets" / "2026-W47"
PICTURES = {"en": "rank.svg", "zh": "rank.zh-CN.svg"}
COMMAND = ("rank", "--week", "--branch", "outer-1")
COLUMN, LINE, MARGIN = 8.4, 20, 16  # pixels
COLUMNS = 80
STYLE = """\
    rect { fill: #ffffff; stroke: #d0d7de }
    text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #1f2328 }
    .bold { font-weight: 600 } .dim { fill: #656d76 }
    .green { fill: #1a7f37 } .yellow { fill: #9a6700 } .red { fill: #cf222e }
    @media (prefers-color-scheme: dark) {
      rect { fill: #0d1117; stroke: #30363d } text { fill: #e6edf3 } .dim { fill: #8d96a0 }
      .green { fill: #3fb950 } .yellow { fill: #d29922 } .red { fill: #f85149 }
    }"""


def main() -> None:
    """Write the pictures beside this script."""
    for page in PAGES:
        path = HERE / PICTURES[page.language]
        path.write_text(drawn(ranked(page.language)), "utf-8", newline="\n")


def ranked(language: str) -> str:
    """The command and what it prints, with its colours as a terminal gets them."""
    with place(language) as (folder, environment):
        book = folder / "example"
        shutil.copytree(EXAMPLE, book)
        sheets = [str(path) for path in sorted(SHEETS.iterdir())]
        score = ("score", *sheets, "--as", "o1-001", "--no-commit")
        for arguments in (score, (*COMMAND, "--color", "always")):
            printed = subprocess.run(
                ["qibi", *arguments],
                cwd=book,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                encoding="utf-8",
                check=True,
            ).stdout
    return f"$ qibi {' '.join(COMMAND)}\n{printed.rstrip()}"


def drawn(printed: str) -> str:
    """A terminal's text as SVG."""
    lines = list(Text.from_ansi(printed).split("\n"))
    across, down = COLUMNS * COLUMN + 2 * MARGIN, len(lines) * LINE + 2 * MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {across:g} {down}" width="{across:g}">',
        f"  <style>\n{STYLE}\n  </style>",
        f'  <rect x="0.5" y="0.5" width="{across - 1:g}" height="{down - 1}" rx="6"/>',
    ]
    for number, line in enumerate(lines):
        y = MARGIN + (number + 1) * LINE - 6
        for column, text, style in _pieces(line):
            x = MARGIN + column * COLUMN
            kind = f' class="{style}"' if style else ""
            size = width(text) * COLUMN
            parts.append(
                f'  <text x="{x:g}" y="{y}" textLength="{size:g}"{kind}>{escape(text)}</text>'
            )
    return "\n".join([*parts, "</svg>"]) + "\n"


def _pieces(line: Text) -> Iterator[tuple[int, str, str]]:
    """Column, text and class of each run of one style, without blanks, all wide or all narrow."""
    styles = [""] * len(line)
    for span in line.spans:
        if isinstance(span.style, Style):
            styles[span.start : span.end] = [_classes(span.style)] * (span.end - span.start)
    at = 0
    for style, run in groupby(zip(line.plain, styles, strict=True), key=lambda pair: pair[1]):
        for text in re.findall(r"\s+|\S+", "".join(character for character, _style in run)):
            for _wide, group in groupby(text, key=lambda c: width(c) == 2):
                piece = "".join(group)
                if not piece.isspace():
                    yield at, piece, style
                at += width(piece)


def _classes(style: Style) -> str:
    names = ["bold"] if style.bold else []
    names += ["dim"] if style.dim else []
    if style.color and style.color.name in ("green", "yellow", "red"):
        names.append(style.color.name)
    return " ".join(names)


if __name__ == "__main__":
    main()
