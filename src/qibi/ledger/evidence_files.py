"""Evidence that is a file of the book: its name, its kind, and how it is written once."""

import hashlib
import re
import unicodedata
from pathlib import Path

from qibi.base.findings import Finding, Refusal
from qibi.base.language import _
from qibi.base.plain import sha256_of
from qibi.ledger.entries import Entry, File
from qibi.ledger.evidence import part_named
from qibi.ledger.store import write_once

EVIDENCE = "evidence"
_CODE = "evidence"
KINDS = ("photo", "letter", "pennant", "medal", "patent", "pledge", "document")
_PHOTOS = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".heic", ".heif", ".bmp", ".tif", ".tiff")
_DEVICES = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]")
_NAME_LENGTH = 60


def kind_of(name: str) -> str:
    """`photo` or `document`, by the file's name."""
    return "photo" if Path(name).suffix.lower() in _PHOTOS else "document"


def safe_name(name: str) -> str:
    """A file name that every system can hold: letters, digits, `.`, `_` and `-`, not too long."""
    name = unicodedata.normalize("NFC", name)
    stem, dot, ending = name.rpartition(".")
    if not stem or not re.fullmatch(r"[0-9A-Za-z]{1,10}", ending):
        stem, dot, ending = name, "", ""
    stem = re.sub(r"-*\.[.-]*", ".", re.sub(r"[^\w.-]+", "-", stem))
    stem = stem.strip(".-_")[:_NAME_LENGTH].rstrip(".") or "file"
    if _DEVICES.fullmatch(stem.split(".")[0].lower()):
        stem = f"file-{stem}"
    return f"{stem}{dot}{ending.lower()}"


def free_name(folder: Path, taken: dict[str, tuple[str, str]], name: str, sha256: str) -> str:
    """The name to give a file: its own where it stands there already; no other content is replaced."""
    standing = {p.name.casefold(): p for p in folder.iterdir()} if folder.is_dir() else {}
    stem, dot, ending = name.rpartition(".")
    stem, ending = (stem, dot + ending) if stem else (name, "")
    for length in (0, 8, 64):
        tried = f"{stem}-{sha256[:length]}{ending}" if length else name
        key = tried.casefold()
        if key not in taken and key not in standing:
            return tried
        if key in standing and standing[key].is_file():
            there = standing[key]
            if hashlib.sha256(there.read_bytes()).hexdigest() == sha256:
                return there.name
    raise Refusal(
        _("evidence/ already holds other files under the names of {name}").format(name=name),
        _("rename the file and run the command again"),
        1,
    )


def files_of(entry: Entry) -> tuple[File, ...]:
    """The files of the book that an entry names as evidence."""
    return tuple(e for e in getattr(entry, "evidence", ()) if isinstance(e, File))


def misplaced(file: File) -> str | None:
    """What is wrong with the path of a file that an entry names; None where it can be evidence."""
    if part := part_named(file.path):
        return _(
            "evidence {path} is of the book's own records ({part}), which prove nothing by themselves"
        ).format(path=file.path, part=part)
    if any(part in ("", ".") for part in file.path.split("/")):
        return _("evidence {path} is no plain path below the book's folder").format(path=file.path)
    return None


def wrong_with(root: Path, file: File, key: str) -> Finding | None:
    """What is wrong with a file that the entry `key` names, by its bytes; None where it is the one it was."""
    try:
        sha256 = sha256_of(root / file.path)
    except (FileNotFoundError, NotADirectoryError):
        message = _(
            "gone, and entry {key} names it as evidence (to record the entry without it: qibi fix {key} --evidence TEXT --reason TEXT)"
        )
        return Finding(file.path, message=message.format(key=key), code=_CODE, lost=file.sha256)
    except OSError as error:
        message = _("can't be read ({reason}); check the file and its permissions")
        text = message.format(reason=error.strerror or _("not a plain file"))
        return Finding(file.path, message=text, code=_CODE)
    if sha256 == file.sha256:
        return None
    message = _(
        "changed since entry {key} named it as evidence (to record the entry without it: qibi fix {key} --evidence TEXT --reason TEXT)"
    )
    return Finding(file.path, message=message.format(key=key), code=_CODE, lost=file.sha256)


def picture_file(week: str, name: str, content: bytes) -> File:
    """A picture out of a sheet as evidence of a week: `evidence/2026-W47/W47-<12 digits>.jpeg`.

    The path follows from the content alone, so the same sheet again names the same file. Nothing is
    written.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    ending = Path(safe_name(name)).suffix
    return File(kind_of(name), f"{EVIDENCE}/{week}/{week[5:]}-{sha256[:12]}{ending}", sha256)


def keep_picture(root: Path, week: str, name: str, content: bytes) -> File:
    """Write a picture out of a sheet into the book, once; the caller holds the lock.

    It comes before the batch that names it: a crash in between leaves a file that no entry names.
    """
    file = picture_file(week, name, content)
    write_once(root, file.path, content)
    return file
