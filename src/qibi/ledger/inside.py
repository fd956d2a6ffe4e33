"""What people wrote in a file, whatever its kind: text, YAML with its escapes, workbooks and documents."""

import html
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from qibi.base.findings import Finding
from qibi.book.yaml import parse

MOST_BYTES = (
    64 * 1024 * 1024
)  # of one file, packed or not; what is larger is a recording, not a text
_LOCKED_OR_OLD = b"\xd0\xcf\x11\xe0"  # a workbook with a password, or of Excel 97
_MOST_PARTS = 5000  # of a workbook or document
_ENCODINGS = ("utf-8-sig", "gb18030")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError)
_ENDS = re.compile(r"</(?:\w+:)?(?:si|is|t?c|v|p|row|author|creator|lastModifiedBy)>")
_TAG = re.compile(r"<[^>]*>")
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_CELLS = re.compile(r'[,;\t\r\n"]+')


@dataclass(frozen=True)
class Inside:
    """What a file says: running text, and what stands by itself (scalars, cells).

    Not `whole`: something in it could not be read, so a name may stand there unseen.
    """

    texts: tuple[str, ...] = ()
    values: frozenset[str] = frozenset()
    whole: bool = True


def inside(path: str, raw: bytes) -> Inside:
    """What the file at a path says; of pictures and other recordings nothing."""
    if len(raw) > MOST_BYTES:
        return Inside(whole=False)
    if raw.startswith(b"PK\x03\x04"):
        return _inside_archive(raw)
    if raw.startswith(_LOCKED_OR_OLD):
        return Inside(whole=False)
    text = text_of(raw)
    if text is None:
        return Inside()
    texts = [text]
    if "\\u" in text:
        texts.append(_unescaped(text))
    if path.endswith((".yaml", ".yml")):
        document = parse(path, raw)
        if isinstance(document, Finding):
            unfolded = " ".join(text.split())
            return Inside((*texts, unfolded), whole="\\" not in text)
        values = frozenset(_scalars(document.data))
        return Inside((*texts, "\n".join(values)), values)
    cells = _CELLS.split(text) if path.endswith((".csv", ".tsv")) else ()
    return Inside(tuple(texts), frozenset(cells))


def text_of(raw: bytes) -> str | None:
    """The text in these bytes, in an encoding that spreadsheet programs write; None where it is none."""
    for encoding in ("utf-16",) if raw.startswith(_UTF_16) else _ENCODINGS:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _unescaped(text: str) -> str:
    r"""The text with its `\u00eb` as characters, two of which may be one."""
    text = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _scalars(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from _scalars(key)
            yield from _scalars(value)
    elif isinstance(data, list):
        for value in data:
            yield from _scalars(value)


def _inside_archive(raw: bytes) -> Inside:
    """The texts in a workbook or document (a zip of XML), however it cuts and escapes them."""
    texts: list[str] = []
    values: set[str] = set()
    left = MOST_BYTES
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            parts = [i for i in archive.infolist() if i.filename.endswith((".xml", ".rels"))]
            if not 0 < len(parts) <= _MOST_PARTS:
                return Inside(whole=False)
            for info in parts:
                with archive.open(info) as part:
                    unpacked = part.read(left + 1)
                left -= len(unpacked)
                if left < 0:
                    return Inside(tuple(texts), frozenset(values), whole=False)
                xml = unpacked.decode("utf-8", "replace")
                lines = html.unescape(_TAG.sub("", _ENDS.sub("\n", xml)))
                texts += [html.unescape(xml), lines]  # a sheet's name stands in a tag
                values.update(lines.split("\n"))
    except _BROKEN:
        return Inside(tuple(texts), frozenset(values), whole=False)  # damaged or locked
    return Inside(tuple(texts), frozenset(values))
