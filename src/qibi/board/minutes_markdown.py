"""Minutes as Markdown: for a wiki, a chat group, a mail."""

from itertools import pairwise

from qibi.base.language import colon
from qibi.base.text import visible
from qibi.board.minutes import Block, Field, Heading, Line, Minutes

_BLANK = "\\_" * 12
_SPECIAL = "\\`*_{}[]<>|#"


def markdown(minutes: Minutes) -> str:
    """The text of the minutes."""
    parts = [f"# {_plain(minutes.title)}\n\n{_plain(minutes.subtitle)}"]
    number = 0
    for block in minutes.blocks:
        if isinstance(block, Heading) and block.level == 1:
            number += 1
            parts.append(f"## {number}. {_plain(block.text)}")
        else:
            parts.append(_block(block))
    text = parts[0]
    for before, part in pairwise(parts):
        together = before.startswith("- ") and part.startswith("- ")  # one list
        text += ("\n" if together else "\n\n") + part
    return text + "\n"


def _block(block: Block) -> str:
    if isinstance(block, Heading):
        return f"{'#' * (block.level + 1)} {_plain(block.text)}"
    if isinstance(block, Line):
        return _plain(block.text)
    if isinstance(block, Field):
        lines = [f"- {_plain(block.label)}{colon()}{_plain(block.value) or _BLANK}"]
        return "\n".join([*lines, *([f"  {_BLANK}"] * (0 if block.value else block.more))])
    rows = [block.header, *block.rows]
    lines = ["| " + " | ".join(_plain(cell) for cell in row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(block.header), *lines[1:]])


def _plain(text: str) -> str:
    """Text that stands as it is: nothing in it is taken for Markdown."""
    text = visible(text)
    return "".join("\\" + c if c in _SPECIAL else c for c in text)
