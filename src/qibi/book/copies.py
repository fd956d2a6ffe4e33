"""Files next to the definitions that look like copies of one: of a file manager, a cloud drive, a merge, an editor.

Either nobody reads them, or they are read as a second definition: somebody may be editing the wrong file.
"""

import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from qibi.base.findings import Finding
from qibi.base.language import _
from qibi.base.text import narrowed

_ROOT = ("qibi.yaml", "names.yaml")
_FOLDERS = ("scheme", "branches", "plans", "layouts")
_ENDINGS = (".yaml", ".yml")
_ENDING = re.compile(r"\.ya?ml", re.IGNORECASE)
_WORDS = r"copy|copie|copia|c[oó]pia|kopie|kopia|копия|backup|bak|orig|original|old|local|remote|base|\S*conflict\w*"
_OURS = r"的?副本|复件|的?复制|的?拷贝|的?备份|冲突|コピー|복사본"
_BEFORE = rf"(?i:copy(?: \(\d+\))? of\s+|(?:copie|copia|c[oó]pia) de\s+|kopie von\s+|(?:{_OURS})[\s_-]*(?:\(\d+\)\s*)?)?"
# OneDrive puts the name of the machine behind the name of the file: east-DESKTOP-4F2A.yaml
_BEHIND = rf"(?i:\s*[(\[【].*|[\s._-]+(?:{_WORDS})(?![a-z]).*|[\s._-]*(?:{_OURS}).*|[\s._]+[0-9].*)|-[A-Z0-9]*[A-Z][A-Z0-9-]*"


def original(stem: str, known: Collection[str]) -> str | None:
    """Of these names (without endings) the one that another name says it is a copy of; None for none."""
    text = narrowed(stem)
    for name in sorted(known, key=len, reverse=True):
        match = re.fullmatch(rf"({_BEFORE})(?i:{re.escape(name)})({_BEHIND})?", text)
        if match and (match[1] or match[2]):
            return name
    return None


def copies(root: Path) -> Iterator[Finding]:
    """Files next to the definitions that look like one and are not read.

    Those that are read, and so are in the way, are findings of their own.
    """
    for folder in ("", *_FOLDERS):
        names = _names(root / folder)
        read = {n for n in names if n.endswith(_ENDINGS)} if folder else set(_ROOT)
        for name in sorted(names - read):
            path = f"{folder}/{name}" if folder else name
            if message := _message(name, read, folder):
                yield Finding(path, message=message, code="copy")


def _message(name: str, read: Collection[str], folder: str) -> str | None:
    """Why a file that is not read looks like a definition; None where it does not."""
    text = narrowed(name)
    ending = _ENDING.search(text)
    if ending is None or text.startswith("."):  # of an editor, or of the file system
        return None
    stem, behind = text[: ending.start()], text[ending.end() :]
    stems = {n.rpartition(".")[0]: n for n in read}
    of = next((s for s in stems if s.casefold() == stem.casefold()), None) or original(stem, stems)
    if of is not None:
        message = _(
            "looks like a copy of {path} and is not read; merge it into {path} and delete this"
        )
        return message.format(path=f"{folder}/{stems[of]}" if folder else stems[of])
    if folder and not behind:
        message = _("is not read because of its extension; name it {name}")
        return message.format(name=f"{stem}.yaml")
    return None


def _names(folder: Path) -> set[str]:
    try:
        with os.scandir(folder) as found:
            return {entry.name for entry in found if entry.is_file(follow_symlinks=False)}
    except OSError:
        return set()
