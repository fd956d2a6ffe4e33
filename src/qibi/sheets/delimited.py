"""Csv as spreadsheets save it: UTF-8, with a byte order mark or without, or GB18030."""

import re
from collections.abc import Iterable, Iterator

from qibi.base.language import _
from qibi.ledger.batches import digest
from qibi.sheets.page import (
    MAX_CELLS,
    MAX_COLUMNS,
    MAX_ROWS,
    Page,
    refusal,
    refuse_too_large,
    too_much,
    trimmed,
)

# Text that a spreadsheet would take for a formula, behind the apostrophe that keeps it from that.
ESCAPED = re.compile("'+[=+\\-@＝＋－＠]")
_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_DELIMITERS = ",\t;"
_LINE_END = re.compile(rb"\r\n|\r|\n")
_QUOTED = re.compile(r'"[^"]*"')
_SNIFFED_LINES = 30
_HEAD = 1 << 16  # characters of a line
_WIDEST = 2000  # delimiters in a line, those within quotes included


def csv_page(path: str, raw: bytes) -> Page:
    """The table in a csv's bytes, its lines being those of the file; raises `Faults`."""
    rows, lines = [], []
    held = 0
    text = _decoded(path, raw)
    escaped = "'" in text
    if text.count("\n") > MAX_ROWS and '"' not in text:  # then each line is a row
        refuse_too_large(path, text.count("\n"), 0)
    for line, cells in _records(path, text):
        row = trimmed(cells)
        rows.append(tuple(map(_plain, row)) if escaped else row)
        lines.append(line)
        held += len(rows[-1])
        refuse_too_large(path, len(rows), len(rows[-1]))
        if held > MAX_CELLS:
            raise too_much(path)
    while rows and not rows[-1]:
        rows.pop()
        lines.pop()
    if not rows:
        raise refusal(path, _("is empty; save the sheet once more"))
    return Page(path, "", digest(raw), tuple(rows), tuple(lines))


def _plain(cell: str) -> str:
    """A cell without the apostrophe that keeps its text from being taken for a formula."""
    return cell[1:] if ESCAPED.match(cell) else cell


def _decoded(path: str, raw: bytes) -> str:
    """The text: by its byte order mark, else strict UTF-8, else GB18030."""
    if raw.startswith(_UTF16):
        raise refusal(path, _("is saved as UTF-16; save it as csv UTF-8"))
    if (at := raw.find(b"\0")) >= 0:
        message = _("is no csv or xlsx: NUL bytes are in it; save the sheet as xlsx or csv UTF-8")
        raise refusal(path, message, _line(raw, at))
    reached = 0
    body = raw.removeprefix(_BOM)
    for encoding in ("utf-8", "gb18030") if len(body) == len(raw) else ("utf-8",):
        try:
            return body.decode(encoding)
        except UnicodeDecodeError as error:
            reached = max(reached, error.start)
    message = _("is neither UTF-8 nor GB18030 here; save it as csv UTF-8")
    raise refusal(path, message, _line(body, reached))


def _line(raw: bytes, at: int) -> int:
    return len(_LINE_END.findall(raw, 0, at)) + 1


def _records(path: str, text: str) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line of the file where it starts."""
    import csv
    import io

    delimiter = _delimiter(text)
    # As bytes again, and read piece by piece: most of what is too large is then never laid out.
    whole = io.TextIOWrapper(io.BytesIO(text.encode()), "utf-8", newline="")
    lines = _narrow(path, whole, delimiter)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            yield line, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            message = _("a quoted cell is not closed; a quote inside a cell is written twice")
            if "limit" in str(error):
                message = _("a cell is far too long; shorten it, or close the quote it begins with")
            raise refusal(path, message, line) from None


def _narrow(path: str, lines: Iterable[str], delimiter: str) -> Iterator[str]:
    """The lines; without the empty cells at the end of one that is wide, which cost memory.

    Raises `Faults` for one that is wider yet, before the reader lays it out.
    """
    for line in lines:
        if len(line) > MAX_COLUMNS and _more_than(MAX_COLUMNS, line, delimiter):
            if '"' not in line:
                line = _without_end(line, delimiter) + "\n"
            if _more_than(_WIDEST, line, delimiter):
                refuse_too_large(path, 0, _WIDEST + 1)
        yield line


def _more_than(most: int, line: str, delimiter: str) -> bool:
    """Whether more than so many delimiters stand in a line; mostly its beginning tells."""
    head = line.count(delimiter, 0, _HEAD)
    return head > most or head + line.count(delimiter, _HEAD) > most


def _without_end(line: str, delimiter: str) -> str:
    """The line without the delimiters at its end; by the block, since `rstrip` looks at each."""
    end = len(line.rstrip("\r\n"))
    for size in (100 * _WIDEST, _WIDEST // 10):
        block = delimiter * size
        while line.endswith(block, 0, end):
            end -= size
    return line[:end].rstrip(delimiter)


def _delimiter(text: str) -> str:
    """Comma, tab or semicolon: the one that the most of the first lines hold."""
    head = _QUOTED.sub("", text[: 1000 * _SNIFFED_LINES]).splitlines()[:_SNIFFED_LINES]
    counts = {d: [line.count(d) for line in head] for d in _DELIMITERS}
    return max(_DELIMITERS, key=lambda d: (sum(1 for n in counts[d] if n), sum(counts[d])))
