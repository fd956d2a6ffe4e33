"""Evidence as people write it: references, and those that name an honour or a pledge.

Evidence is a reference in words (`notice 2026-114`) or a file of the book. A reference to an honour
or a pledge begins with its kind: `pennant:2026-003`. People may write `锦旗：2026-003`, `锦旗2026-003`
or just `锦旗`; all are put into that one form on entry, and understood where an old line has them.
"""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from qibi.base.language import _
from qibi.base.text import folded
from qibi.ledger.entries import File

HONOURS = ("letter", "pennant", "medal", "patent")
_PARTS = ("ledger", "seals", "sheets", "scheme", "branches", "plans", "schemas")
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
    found = _TYPED.fullmatch(text.strip())
    if not found:
        return None
    return _KIND[found[1].casefold()], (found[2] or found[3] or "").strip()


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
        "evidence '{text}' is of the book's own records ({part}), which prove nothing by themselves; copy a file into evidence/ (qibi attach), or write what shows it"
    ).format(text=text, part=part)


def _below(path: str, book: Path, folder: Path) -> Iterator[str]:
    """Where a path leads to below the book's folder, as it is written and with links followed, in any case.

    Words are no path: what is neither absolute nor leads out of a folder counts where it stands there.
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
    (id) that it stands in.
    """
    if isinstance(evidence, File):
        return (evidence.kind, evidence.sha256) if evidence.kind in RECORDS else None
    found = typed(evidence)
    return (found[0], folded(found[1]) or entry) if found else None


def marks() -> tuple[bytes, ...]:
    """What the bytes of a batch hold if it may hold an honour or a pledge."""
    return tuple(form.encode() for word in _KIND for form in {word, word.capitalize()})
