"""A view as CSV and as Markdown."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

from qibi.base.text import visible
from qibi.cli.view import Line, View

_FORMULA = tuple("=+-@＝＋－＠")  # full-width ones too, where a spreadsheet speaks Chinese


def as_csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table as spreadsheets read it; formulas in it are text, control characters are written out."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([_safe(h) for h in header])
    writer.writerows([[_safe(c) for c in row] for row in rows])
    return out.getvalue()


def _safe(value: Any) -> Any:
    """Visible text; what a spreadsheet would take for a formula gets an apostrophe. None is empty."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return value
    text = visible(value)
    return f"'{text}" if text[:1] in _FORMULA else text


def as_markdown(view: View) -> str:
    """The blocks for people as paragraphs and tables."""
    out = []
    for block in view.blocks:
        if isinstance(block, Line):
            mark = "**" if block.style == "bold" and block.text else ""
            out.append(f"{mark}{_md(block.text)}{mark}\n" if block.text else "")
            continue
        titles = [c.title for c in block.columns]
        out.append("| " + " | ".join(_md(t) for t in titles) + " |")
        out.append("|" + "|".join("---:" if c.right else "---" for c in block.columns) + "|")
        for row in block.rows:
            texts = [(c if isinstance(c, str) else c.text).strip() for c in row]
            out.append("| " + " | ".join(_md(t) for t in texts) + " |")
        out.append("")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(out).strip()) + "\n"


def _md(text: str) -> str:
    text = visible(text)
    for character in "\\`*_{}[]<>|#":
        text = text.replace(character, "\\" + character)
    return text
