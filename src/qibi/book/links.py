"""What of a book is a link, a pipe or a device, where a file or a folder of its own has to be."""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from qibi.base.findings import Finding
from qibi.base.language import _
from qibi.base.plain import not_own, not_plain_message

NAMES = "names.yaml"
_FILES = ("qibi.yaml", NAMES)
_FOLDERS = ("scheme", "branches", "plans", "layouts", "ledger", "seals", "evidence")
_SHEETS = "sheets"  # people's own, but for what is in its folders of years


def links(root: Path) -> Iterator[Finding]:
    """Each file and folder of a book that is none of its own, as every command refuses it.

    The book's own folder, and those above it, may be reached through a link. What a folder holds is told
    by listing it: a file costs a microsecond.
    """
    for name in (*_FILES, *_FOLDERS, _SHEETS):
        if found := _looked_at(root, name):
            yield found
        elif name in _FOLDERS:
            yield from _below(root, name)
        elif name == _SHEETS:
            for year in sorted(_listed(f"{root}/{name}"), key=lambda e: e.name):
                if len(year.name) == 4 and year.name.isdecimal():
                    if found := _looked_at(root, f"{name}/{year.name}"):
                        yield found
                    else:
                        yield from _below(root, f"{name}/{year.name}")


def _looked_at(root: Path, path: str) -> Finding | None:
    try:
        kind = not_own(os.lstat(f"{root}/{path}"))
    except OSError:  # not there, or not to be looked at: whoever reads it says so
        return None
    if not kind:
        return None
    name = path.rsplit("/", 1)[-1]
    if name.startswith(".#"):
        message = _("an editor's lock file: save and close the file there")
    elif path == NAMES:
        message = not_plain_message(kind) + _(" (or name a file elsewhere: export QIBI_NAMES=FILE)")
    else:
        message = not_plain_message(kind)
    return Finding(path, message=message, code="link")


def _below(root: Path, folder: str) -> Iterator[Finding]:
    folders = []
    for entry in _listed(f"{root}/{folder}"):
        is_folder = entry.is_dir(follow_symlinks=False)
        # Windows tells a junction from a folder only by a closer look, which costs it nothing.
        if not (is_folder or entry.is_file(follow_symlinks=False)) or sys.platform == "win32":
            if found := _looked_at(root, f"{folder}/{entry.name}"):
                yield found
                continue
        if is_folder:
            folders.append(entry.name)
    for name in sorted(folders):
        yield from _below(root, f"{folder}/{name}")


def _listed(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError:  # not there, no folder, or not to be listed
        return []


@dataclass(frozen=True)
class Source:
    """One YAML file of a book: its path below the book's folder, and its bytes."""

    path: str
    raw: bytes
