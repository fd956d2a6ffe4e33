"""Csv and other text with a table in it, as spreadsheet programs and web systems save it."""

import codecs
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from qibi.base.findings import Faults, Finding, Refusal
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
_AS_TEXT = re.compile(r'="([^"]*)"')  # how programs keep the zeros of ="001"
_BOM = b"\xef\xbb\xbf"
_MARKS = {  # byte order marks; the longer first
    b"\xff\xfe\0\0": "utf-32",
    b"\0\0\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
_DELIMITERS = ",\t;"
_UNKNOWN_DELIMITERS = "，；、|｜"
_SEP_LINE = re.compile(r"sep=(.)[,;\t]*(?=\r|\n|\Z)")  # tells Excel the delimiter
_LINE_END = re.compile(rb"\r\n|\r|\n")
_QUOTED = re.compile(r'"[^"]*"')
_SNIFFED_LINES = 30
_HEAD = 1 << 16  # characters of a line
_WIDEST = 2000  # delimiters in a line, those within quotes included
_FEW = 5  # findings that are told of one encoding

_CHINESE = "\u3400-\u4dbf\u4e00-\u9fff"
_PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U0010ffff]")
_REPLACED = re.compile("\ufffd|锟斤|斤拷|烫烫烫|屯屯屯")
_ASKED = re.compile(f"[{_CHINESE}]\\?+(?=[{_CHINESE}])")
_QUESTIONS = re.compile("[吗呢么吧否何谁啊嘛几哪][?]|是否|什么|多少|如何|怎")
_BY_LATIN = re.compile(f"(?<=[A-Za-z])[{_CHINESE}]|[{_CHINESE}](?=[A-Za-z])")
_CHINESE_RUN = re.compile(f"[{_CHINESE}\ue000-\uf8ff€]{{3,}}")
_WESTERN = "".join(bytes([n]).decode("cp1252", "ignore") or chr(n) for n in range(0x80, 0x100))
_WESTERN_RUN = re.compile(f"[{re.escape(_WESTERN)}]{{2,}}")
_CELL_END = re.compile('[,\t;"\r\n]')


def csv_page(path: str, raw: bytes, encoding: str = "") -> Page:
    """The table in a text's bytes, its lines being those of the file; raises `Faults`.

    `encoding` is the caller's, who knows it: then nobody doubts what it gives. Raises `Refusal`
    where there is no such encoding.
    """
    rows: list[tuple[str, ...]] = []
    lines: list[int] = []
    held = 0
    text = _decoded(path, raw, encoding).replace("\ufeff", "")
    if text.count("\n") > MAX_ROWS and '"' not in text:  # then each line is a row
        refuse_too_large(path, text.count("\n"), 0)
    escaped = "'" in text or '="' in text
    widths: Counter[int] = Counter()
    of_many_lines: list[tuple[int, list[str]]] = []
    hint = _SEP_LINE.match(text)
    delimiter = hint[1] if hint else _delimiter(text)
    if hint:
        text = text[hint.end() :]
    for line, cells in _records(path, text, delimiter):
        row = trimmed(cells)
        widths[len(cells)] += 1
        if any("\n" in cell or "\r" in cell for cell in row):
            of_many_lines.append((line, cells))
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
        raise refusal(path, _("is empty; save the sheet again"))
    if not encoding and not text.isascii():
        _refuse_misread(path, text)
    _refuse_swallowed(path, of_many_lines, widths, delimiter)
    _refuse_delimiter(path, rows)
    return Page(path, "", digest(raw), tuple(rows), tuple(lines))


def other_kind(raw: bytes) -> str:
    """What a file is that is not a table, and what to do; empty for one that may be."""
    for start, said in _other_kinds():
        if raw.startswith(start):
            return said
    if (raw[:4] == b"RIFF" and raw[8:12] == b"WEBP") or raw[4:8] == b"ftyp":
        return _("is a picture or a film; type the table into a sheet and save it as xlsx")
    if raw[:2] == b"BM" and b"\0" in raw[:16]:
        return _("is a picture; type the table into a sheet and save it as xlsx")
    head = _head(raw)
    if re.match(r"<(!doctype html|html|head|meta|style|body|table|div|tr|!--)", head):
        return _("is a web page (html), not a sheet; open it in Excel or WPS and save it as xlsx")
    if re.match(r"<\?(xml|mso-application)|<(\w+:)?workbook", head):
        if "office:spreadsheet" in head:
            return _("is an XML spreadsheet of Excel 2003; open it and save it as xlsx")
        if "<html" in head:
            return _(
                "is a web page (html), not a sheet; open it in Excel or WPS and save it as xlsx"
            )
        return _("is XML, not a sheet; open it in a spreadsheet program and save it as xlsx")
    if re.match(r"(mime-version|content-type):", head) or "\nmime-version:" in head[:500]:
        return _(
            "is a web archive (mhtml), not a sheet; open it in Excel or WPS and save it as xlsx"
        )
    if re.match(
        r"""\{\s*("[^"]*"\s*:|\}|$)|\[\s*(\{\s*["}]|\[\s*["\d\[]|"[^"]*"\s*[,\]]|\]\s*$)""", head
    ):
        return _("is JSON, not a sheet; save the table as csv or xlsx")
    return ""


def _other_kinds() -> tuple[tuple[bytes, str], ...]:
    picture = _("is a picture; type the table into a sheet and save it as xlsx")
    packed = _("is a compressed archive; unpack it and submit the sheet in it")
    return (
        (b"%PDF", _("is a PDF; take the sheet that it was made from, or type it in as xlsx")),
        (b"\x89PNG", picture),
        (b"\xff\xd8\xff", picture),
        (b"GIF8", picture),
        (b"II*\0", picture),
        (b"MM\0*", picture),
        (b"{\\rtf", _("is a text document (RTF); copy its table into a sheet and save it as xlsx")),
        (b"\x1f\x8b", packed),
        (b"7z\xbc\xaf", packed),
        (b"Rar!", packed),
        (b"\x09\x08\x10\0", _("is a workbook of a very old Excel; open it and save it as xlsx")),
        (b"\x09\x08\x08\0", _("is a workbook of a very old Excel; open it and save it as xlsx")),
        (b"\x09\x04\x06\0", _("is a workbook of a very old Excel; open it and save it as xlsx")),
        (b"\x09\x02\x06\0", _("is a workbook of a very old Excel; open it and save it as xlsx")),
        (b"\x09\0\x04\0", _("is a workbook of a very old Excel; open it and save it as xlsx")),
    )


def _head(raw: bytes) -> str:
    """The beginning of a text in small letters, as far as its kind shows in it."""
    head = raw[:4096]
    for mark, name in _MARKS.items():
        if head.startswith(mark):
            return head[: len(head) // 4 * 4].decode(name, "replace").strip().lower()
    return head.removeprefix(_BOM).decode("latin-1").strip().lower()


def _plain(cell: str) -> str:
    """A cell without what only keeps its text from being taken for a formula or a number."""
    if found := _AS_TEXT.fullmatch(cell):
        return found[1].strip()
    return cell[1:] if ESCAPED.match(cell) else cell


# Encodings


def _decoded(path: str, raw: bytes, encoding: str) -> str:
    """The text: in the encoding given, by its byte order mark, as UTF-8, UTF-16 or GB18030."""
    text = _as_told(path, raw, encoding) if encoding else _guessed(path, raw)
    if (at := text.find("\0")) >= 0:
        message = _("is not csv or xlsx: it has NUL bytes; save the sheet as xlsx or csv UTF-8")
        raise refusal(path, message, _line_of(text, at))
    return text


def _as_told(path: str, raw: bytes, encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
        "".encode(name)  # some that Python knows are not encodings of text
    except (LookupError, ValueError):
        raise Refusal(
            _("there is no encoding '{name}'").format(name=encoding),
            _("utf-8, utf-16, gb18030, big5 and cp1252 are some"),
        ) from None
    name = {"gb2312": "gb18030", "gbk": "gb18030", "utf-8": "utf-8-sig"}.get(name, name)
    try:
        return raw.decode(name)
    except UnicodeDecodeError as error:
        message = _("is not valid {encoding} here; give another encoding").format(encoding=encoding)
        raise refusal(path, message, _line(raw, error.start)) from None


def _guessed(path: str, raw: bytes) -> str:
    for mark, name in _MARKS.items():
        if raw.startswith(mark):
            try:
                return raw.decode(name)
            except UnicodeDecodeError:
                message = _("is UTF-16 that is cut off or damaged; save it again as csv UTF-8")
                raise refusal(path, message) from None
    if b"\0" in raw:
        return _without_mark(path, raw)
    body = raw.removeprefix(_BOM)
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        failed = error
    _refuse_mixed(path, body, failed, len(body) < len(raw))
    try:
        return body.decode("gb18030")
    except UnicodeDecodeError as error:
        message = _(
            "is neither UTF-8 nor GB18030 here; save it as csv UTF-8, or give its encoding with --encoding"
        )
        raise refusal(path, message, _line(body, max(error.start, failed.start))) from None


def _without_mark(path: str, raw: bytes) -> str:
    """UTF-16 without a byte order mark: the high bytes of all letters and delimiters are NUL."""
    for name, odd in (("utf-16-le", 1), ("utf-16-be", 0)):
        if raw.count(0) >= 4 and not raw[1 - odd :: 2].count(0):
            try:
                text = raw.decode(name)
            except UnicodeDecodeError:
                continue
            if "\n" in text or "\r" in text:
                return text
    message = _("is not csv or xlsx: it has NUL bytes; save the sheet as xlsx or csv UTF-8")
    raise refusal(path, message, _line(raw, raw.index(0)))


def _refuse_mixed(path: str, body: bytes, error: UnicodeDecodeError, marked: bool) -> None:
    """Refuse what is UTF-8 but for its end or a few bytes; raises `Faults`."""
    whole = body.decode("utf-8", "replace")
    bad = whole.count("\ufffd")
    chinese = sum(
        1 for c in whole if "\u3000" <= c <= "\u9fff"
    )  # which GB18030 gives by rare chance
    other = sum(1 for c in whole if c > "\x7f") - bad - chinese
    if not marked and chinese < max(2, bad) and other < 5 * bad:
        return
    if error.start >= len(body) - 3 and error.reason == "unexpected end of data":
        message = _("ends in the middle of a character: it is cut off; copy or save it again")
    else:
        message = _(
            "is UTF-8, but not on this line: two encodings are mixed; save it again as csv UTF-8"
        )
    raise refusal(path, message, _line(body, error.start))


def _refuse_misread(path: str, text: str) -> None:
    """Refuse a text that nobody can have meant: it was read, now or before, in a wrong encoding."""
    lost = _("'{word}': characters were lost when this was saved; save the original as csv UTF-8")
    wrong = _(
        "'{word}': read in a wrong encoding, now or when it was saved; save the original as csv UTF-8, or give its encoding with --encoding"
    )
    checks: tuple[tuple[str, Iterator[int]], ...] = (
        (lost, (found.start() for found in _REPLACED.finditer(text))),
        (wrong, (found.start() for found in _PRIVATE.finditer(text))),
        (wrong, _in_latin(text)),
        (wrong, _in_wrong_encoding(text)),
        (lost, _asked(text)),
    )
    for message, places in checks:
        found: dict[int, Finding] = {}
        for at in places:
            line = _line_of(text, at)
            if line not in found:
                said = message.format(word=_cell_at(text, at))
                found[line] = Finding(path, line, message=said)
            if len(found) >= _FEW:
                break
        if found:
            raise Faults(list(found.values()))


def is_misread(text: str) -> bool:
    """Whether a text was read in a wrong encoding, before it came into the file."""
    return any(True for _at in (*_in_latin(text), *_in_wrong_encoding(text)))


def _in_latin(text: str) -> Iterator[int]:
    """Chinese characters in Latin words: an umlaut and the letter behind it, read as GBK."""
    for found in _BY_LATIN.finditer(text):
        code = found[0].encode("gb18030")
        before, after = text[found.start() - 1 : found.start()], text[found.end() : found.end() + 1]
        if len(code) == 2 and code[0] >= 0xC0 and chr(code[1]).isalpha() and code[1] < 0x80:
            letter = chr(code[1])
            around = [c for c in (before, after) if c.isascii() and c.isalpha()]
            if letter.islower() or (len(around) == 2 and all(c.isupper() for c in around)):
                yield found.start()


def _in_wrong_encoding(text: str) -> Iterator[int]:
    """UTF-8 that was read as GBK (two Chinese characters are three) or as Western text."""
    for found in _CHINESE_RUN.finditer(text):
        code = found[0].encode("gb18030")
        for cut in range(3):
            try:
                meant = code[: len(code) - cut].decode("utf-8")
            except UnicodeDecodeError:
                continue
            if len(meant) >= 2 and all("\u3000" <= c <= "\u9fff" or c > "\uff00" for c in meant):
                yield found.start()
            break
    for found in _WESTERN_RUN.finditer(text):
        code = bytes(0x80 + _WESTERN.index(c) for c in found[0])
        for cut in range(3):
            try:
                code[: len(code) - cut].decode("utf-8")
            except UnicodeDecodeError:
                continue
            if len(code) - cut >= 2:
                yield found.start()
            break


def _asked(text: str) -> Iterator[int]:
    """Question marks between Chinese characters that ask nothing."""
    for found in _ASKED.finditer(text):
        if not _QUESTIONS.search(_cell_at(text, found.start())):
            yield found.start()


def _cell_at(text: str, at: int) -> str:
    """The cell that a place is in, or what of it is near."""
    ends = [found.start() for found in _CELL_END.finditer(text, max(0, at - 20), at)]
    start = ends[-1] + 1 if ends else max(0, at - 20)
    end = _CELL_END.search(text, at, at + 20)
    return text[start : end.start() if end else at + 20].strip()


def _line(raw: bytes, at: int) -> int:
    return len(_LINE_END.findall(raw, 0, at)) + 1


def _line_of(text: str, at: int) -> int:
    return len(re.findall(r"\r\n|\r|\n", text[:at])) + 1


# Rows


def _refuse_swallowed(
    path: str, records: list[tuple[int, list[str]]], widths: "Counter[int]", delimiter: str
) -> None:
    """Refuse a quoted cell in which whole rows stand: a quote that nobody closed; raises `Faults`."""
    if not records:
        return
    for _start, cells in records:
        widths[len(cells)] -= 1
    usual = widths.most_common(1)[0]
    columns = usual[0] if usual[1] > 0 else max(len(cells) for _line, cells in records)
    findings = []
    for start, cells in records:
        line = start
        for cell in cells:
            inner = cell.splitlines()[1:]
            if any(_is_row(text, columns, delimiter) for text in inner):
                message = _(
                    "the quote that opens here swallows the lines below; remove it, or close it in its own cell"
                )
                findings.append(Finding(path, line, message=message))
            line += max(0, len(cell.splitlines()) - 1)
    if findings:
        raise Faults(findings)


def _is_row(text: str, columns: int, delimiter: str) -> bool:
    """Whether a line holds about as many delimiters as a row has; those of prose have a blank behind."""
    count = text.count(delimiter) - text.count(delimiter + " ")
    return columns > 1 and count >= max(columns - 1 - (columns > 4), 1)


def _refuse_delimiter(path: str, rows: Sequence[tuple[str, ...]]) -> None:
    """Refuse a table whose cells are divided by something that divides none; raises `Faults`."""
    filled = [row[0] for row in rows if row]
    if len(filled) < 2 or any(len(row) > 1 for row in rows):
        return
    for delimiter in _UNKNOWN_DELIMITERS:
        if sum(delimiter in cell for cell in filled) > 0.8 * len(filled):
            message = _("the cells are separated by '{delimiter}'; save it as csv with commas")
            raise refusal(path, message.format(delimiter=delimiter), 1)


def _records(path: str, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line of the file where it starts."""
    import csv
    import io

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
            if "expected after" in str(error):
                message = _("text follows a closing quote; a quote inside a cell is written twice")
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
    """Whether more than so many delimiters are in a line; mostly its beginning tells."""
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
