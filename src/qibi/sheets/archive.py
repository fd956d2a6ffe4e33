"""The archive that a workbook is, and the XML in it: read within limits, whatever it claims."""

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from xml.parsers import expat

from qibi.base.findings import Faults
from qibi.base.language import _
from qibi.sheets.page import refusal, too_much

MAX_UNPACKED = 20_000_000  # of the parts that are read
_MAX_RATIO = 200
_SMALL = 1_000_000  # what unpacks to less is harmless, whatever its ratio
_MAX_PARTS = 5000
TOO_MANY = 300_000  # elements of a part: two for a cell that holds something
_PIECE = 1 << 18  # bytes looked at a time
_ENTRY = b"PK\x01\x02"  # with it each entry of an archive's list begins
_PLAIN = {0, 8}  # stored or deflated; no spreadsheet program packs otherwise
_READ = (".xml", ".rels")  # pictures and files in the file are not
_MACROS = ("vbaproject.bin", "macrosheets/", "xlmmacro")  # in names of parts, whatever their case
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_FALSE = {"0", "false", "off"}
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    ValueError,
    OSError,
    IndexError,
    NotImplementedError,
)


class Damaged(Exception):
    """The file is not what a spreadsheet program writes."""


# The archive


class Archive:
    """The parts of a zip archive, by their names whatever the case; raises `Damaged` for bad ones."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._members: dict[str, zipfile.ZipInfo] = {}
        for member in archive.infolist():
            name = _normal(member.filename)
            if name in self._members:
                raise Damaged
            self._members[name] = member

    def __contains__(self, name: str) -> bool:
        return _normal(name) in self._members

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def spelt(self, name: str) -> str:
        """A part's name as it is in the archive."""
        return self._members[_normal(name)].filename

    def size(self, name: str) -> int:
        """What a part says that it unpacks to."""
        return self._members[_normal(name)].file_size

    def read(self, name: str) -> bytes:
        """A part, which unpacks to no more than the archive's list says; raises `Damaged`."""
        try:
            member = self._members[_normal(name)]
        except KeyError:
            raise Damaged from None
        with self._archive.open(member) as part:  # `read()` without a size unpacks all there is
            content = part.read(member.file_size)
        if len(content) != member.file_size:
            raise Damaged
        return content

    def relations(self, name: str) -> dict[str, tuple[str, str]]:
        """The parts that a part refers to: their kinds and names, by the ids that are in it."""
        path = PurePosixPath(name)
        part = str(path.parent / "_rels" / f"{path.name}.rels")
        found: dict[str, tuple[str, str]] = {}
        if part not in self:
            return found

        def start(tag: str, given: dict[str, str]) -> None:
            if tag == "Relationship" and given.get("TargetMode", "") != "External":
                target = _joined(path.parent, given.get("Target", ""))
                kind = given.get("Type", "").rpartition("/")[2]
                found[given.get("Id", "")] = (kind, target)

        parse(self.read(part), start)
        return found


def _normal(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").casefold()


def _joined(folder: PurePosixPath, target: str) -> str:
    """A target's name in the archive; `..` leads up, a slash to the top."""
    target = target.replace("\\", "/")
    parts: list[str] = [] if target.startswith("/") else list(folder.parts)
    for piece in target.split("/"):
        if piece == "..":
            parts = parts[:-1]
        elif piece not in ("", "."):
            parts.append(piece)
    return "/".join(parts)


def _refuse_bad_archive(path: str, archive: zipfile.ZipFile, endings: tuple[str, ...]) -> None:
    """Refuse an archive that claims to unpack to far more than a sheet needs, or that is locked.

    `endings` are those of the names of parts that are read.
    """
    members = archive.infolist()
    names = {member.filename for member in members}
    if len(names) < len(members):
        raise Damaged
    unpacked = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    read = sum(m.file_size for m in members if m.filename.casefold().endswith(endings))
    if read > MAX_UNPACKED or (unpacked > _SMALL and unpacked > _MAX_RATIO * packed):
        message = _("unpacks to {size} MB; copy the table into a new workbook")
        raise refusal(path, message.format(size=unpacked // 1_000_000))
    if any(mark in name.casefold() for name in names for mark in _MACROS):
        raise refusal(path, _("holds macros; save it as xlsx, which has none"))
    if any(member.flag_bits & 1 for member in members):
        raise refusal(path, _("is protected with a password; save a copy without one"))
    if any(member.compress_type not in _PLAIN for member in members):
        raise Damaged


@contextmanager
def opened(path: str, raw: bytes, endings: tuple[str, ...] = _READ) -> Iterator[Archive]:
    """The archive in these bytes; raises `Faults` for a bad one, also while its parts are read."""
    if raw.count(_ENTRY) > _MAX_PARTS:
        raise too_much(path)
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            _refuse_bad_archive(path, archive, endings)
            yield Archive(archive)
    except (Damaged, *_BROKEN):
        raise damaged(path) from None


def damaged(path: str, cell: str = "", what: str = "") -> Faults:
    """What is raised to refuse a damaged workbook, with the cell where that shows."""
    message = _("is a damaged workbook; open it in a spreadsheet program and save it again")
    if what:
        message = _(
            "{what}: the workbook is damaged; open it in a spreadsheet program, check this cell and save it again"
        ).format(what=what)
    return refusal(path, message, cell=cell)


# XML


def parse(
    raw: bytes,
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> None:
    """Run through XML by the local names of its tags; raises `Damaged`.

    A document type is refused, and entities with it: no spreadsheet program writes one.
    """

    def refuse(*_given: object) -> None:
        raise Damaged

    def started(tag: str, given: dict[str, str]) -> None:
        start(tag.rpartition(":")[2], given)

    def ended(tag: str) -> None:
        assert end
        end(tag.rpartition(":")[2])

    parser = expat.ParserCreate(None if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "UTF-8")
    parser.buffer_text = True
    parser.buffer_size = 1 << 16
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = started
    if end:
        parser.EndElementHandler = ended
    if text:
        parser.CharacterDataHandler = text
    try:
        parser.Parse(raw, True)
    except expat.ExpatError as error:
        raise Damaged from error


def too_many(raw: bytes) -> bool:
    """Whether a part's XML has more than `TOO_MANY` elements, or as many characters written as `&...;`.

    Counting takes a hundredth of the time of parsing.
    """
    elements = escaped = 0
    for start in range(0, len(raw), _PIECE):
        end = start + _PIECE
        elements += raw.count(b"<", start, end) - raw.count(b"</", start, end + 1)
        escaped += raw.count(b"&", start, end)
        if max(elements, escaped) > TOO_MANY:
            return True
    return False


def is_on(given: dict[str, str], name: str = "val") -> bool:
    """Whether a switch is on, as it is where no value is."""
    return given.get(name, "1").casefold() not in _FALSE


def related(given: dict[str, str], name: str = "id") -> str:
    """The id of a relation, whatever the prefix of its namespace."""
    return next((v for k, v in given.items() if k.endswith(f":{name}")), "")


def integer(text: str, otherwise: int = 0) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else otherwise


def unescaped(text: str) -> str:
    """The text with the characters that a workbook writes as `_x000D_`."""
    if "_x" not in text:
        return text
    found = _ESCAPED.sub(lambda code: chr(int(code[1], 16)), text)
    return found.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
