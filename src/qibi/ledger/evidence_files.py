"""Evidence that is a file of the book: its name, its kind, and how it is written once."""

import hashlib
import os
import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from qibi.base.findings import Finding, Refusal
from qibi.base.language import _
from qibi.base.plain import sha256_of
from qibi.base.text import folded
from qibi.ledger.entries import Entry, File
from qibi.ledger.store import write_once

# Evidence as people write it: references, and those that name an honour or a pledge.
#
# Evidence is a reference in words (`notice 2026-114`) or a file of the book. A reference to an honour
# or a pledge begins with its kind: `pennant:2026-003`. People may write `锦旗：2026-003`, `锦旗2026-003`
# or just `锦旗`; all are put into that one form on entry, and understood where an old line has them.


HONOURS = ("letter", "pennant", "medal", "patent")
_PARTS = ("ledger", "seals", "sheets", "scheme", "branches", "plans", "layouts", "schemas")
_FILES = ("qibi.yaml", "qibi.yml", "names.yaml", "names.yml", ".gitattributes", ".gitignore")
_SHORT_NAMES = {
    "qibi~1.yam": "qibi.yaml",
    "names~1.yam": "names.yaml",
    "git~1": ".git",
    "gitatt~1": ".gitattributes",
    "gitign~1": ".gitignore",
}
RECORDS = (*HONOURS, "pledge")  # a pledge is a document on record, no honour
_WORDS = {
    "letter": "letter 感谢信 表扬信 感谢函 表扬函",
    "pennant": "pennant 锦旗",
    "medal": "medal 奖章 奖牌 勋章",
    "patent": "patent 专利证书 专利",
    "pledge": "pledge 目标责任书 责任书 承诺书",
}
_KIND = {word: kind for kind, words in _WORDS.items() for word in words.split()}
# Without a colon a number has to follow at once: `感谢信3封` are three letters, not letter 3.
_TYPED = re.compile(
    rf"({'|'.join(sorted(_KIND, key=len, reverse=True))})"
    r"(?:\s*[:：]\s*(.*)|\s*((?:[a-z]{0,4}\s?|第|no\.?\s?)[0-9]{3,}.*))?",
    re.IGNORECASE,
)


def kind_named(word: str) -> str | None:
    """The kind of honour or pledge that a word stands for (`锦旗`: `pennant`), or None."""
    return _KIND.get(folded(word))


def typed(text: str) -> tuple[str, str] | None:
    """Kind and reference of what names an honour or a pledge; the reference may be empty."""
    match = _TYPED.fullmatch(text.strip())
    if not match:
        return None
    return _KIND[match[1].casefold()], (match[2] or match[3] or "").strip()


def written(text: str) -> str:
    """A reference in the form in which it is recorded: `pennant:2026-003`."""
    found = typed(text)
    if not found:
        return text
    kind, reference = found
    return f"{kind}:{reference}" if reference else kind


def references(text: str) -> tuple[str, ...]:
    """Evidence as a person writes it, several with a semicolon or a line's end between."""
    return tuple(written(e) for e in (p.strip() for p in re.split("[;；\n]", text)) if e)


def part_named(path: str) -> str | None:
    """The part of the book's own records that a path below the book's folder leads into; None for others.

    Told as every file system would tell it: in any case, with either slash, by a short name of Windows.
    """
    parts: list[str] = []
    for part in re.split(r"[/\\]", path):
        name = folded(part.partition(":")[0]).rstrip(".")
        if part == ".." and parts:
            parts.pop()
        elif part not in ("", "."):
            parts.append(_SHORT_NAMES.get(re.sub("~[0-9]+(?=\\.|$)", "~1", name), name))
    if ".git" in parts:
        return ".git"
    if parts and (parts[0] in _PARTS or (len(parts) == 1 and parts[0] in _FILES)):
        return parts[0]
    return None


def own_record(text: str, book: Path | None = None, folder: Path | None = None) -> str | None:
    """What is wrong with evidence that names a part of the book's own records; None for all other.

    A path counts from the book's folder, and from the `folder` in which it was written.
    """
    kind = typed(text)
    path = (kind[1] if kind else text).removeprefix("file://")
    if not re.search(r"[/\\.]", path):
        return None
    below = _below(path, book, folder) if book and folder else ()
    part = next(filter(None, map(part_named, (path, *below))), None)
    if part is None:
        return None
    return _(
        "evidence '{text}' is one of the book's own records ({part}), which are not evidence; copy a file into evidence/ (qibi attach), or describe the evidence"
    ).format(text=text, part=part)


def _below(path: str, book: Path, folder: Path) -> Iterator[str]:
    """Where a path leads to below the book's folder, as it is written and with links followed, in any case.

    Words are no path: what is neither absolute nor leads out of a folder counts where it is.
    """
    leads_out = Path(path).is_absolute() or ".." in Path(path).parts
    with suppress(OSError, RuntimeError, ValueError):  # too long for a path, a loop of links
        places = [place for place in (folder / path, book / path) if leads_out or place.exists()]
        found = [p for place in places for p in (Path(os.path.normpath(place)), place.resolve())]
        for root in (book.absolute(), book.resolve()):
            above = [folded(part) for part in root.parts]
            for one in found:
                if [folded(part) for part in one.parts[: len(above)]] == above:
                    yield "/".join(one.parts[len(above) :])


def record_of(evidence: str | File, entry: str) -> tuple[str, str] | None:
    """The kind of an honour or a pledge and what makes it distinct; None for other evidence.

    A file is known by its content, a reference by its text; one without a number by the `entry`
    (id) that it is in.
    """
    if isinstance(evidence, File):
        return (evidence.kind, evidence.sha256) if evidence.kind in RECORDS else None
    found = typed(evidence)
    return (found[0], folded(found[1]) or entry) if found else None


def marks() -> tuple[bytes, ...]:
    """What the bytes of a batch hold if it may hold an honour or a pledge."""
    return tuple(form.encode() for word in _KIND for form in {word, word.capitalize()})


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
    """The name to give a file: its own where it is there already; no other content is replaced."""
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
            "evidence {path} is one of the book's own records ({part}), which are not evidence"
        ).format(path=file.path, part=part)
    if any(part in ("", ".") for part in file.path.split("/")):
        return _("evidence {path} is not a plain path below the book's folder").format(
            path=file.path
        )
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
