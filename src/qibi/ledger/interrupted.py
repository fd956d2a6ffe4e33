"""What an interrupted command wrote and never reported: it is found, and not recorded a second time.

While a command that records is under way, a file next to each batch and seal that it writes marks it as
not reported yet: `.<name>.unsaid.tmp`, made before the batch appears. A command that is killed leaves
both. The same command again is known by what it would record if that batch were not there: the same but
for the second. It then has the batch synced, and reports that one.

A command's first mark is empty. A further one holds the path of the first, below the book's folder, and
counts only while that one is there: all that a command wrote becomes reported in one step.
"""

import os
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from qibi.ledger.batches import Batch, folder
from qibi.ledger.entries import Entry
from qibi.ledger.voids import cancelled_entries

_MARK = ".unsaid.tmp"


def mark_of(file: Path) -> Path:
    """The file that marks this batch or seal as not reported yet."""
    return file.with_name(f".{file.name}{_MARK}")


def is_mark(name: str) -> bool:
    """Whether a file of this name is such a mark."""
    return name.endswith(_MARK)


def leave_mark(file: Path, first: str = "") -> None:
    """Mark a file as not reported; `first` is the path of its command's first mark. Raises `OSError`."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(mark_of(file), flags, 0o644)
    try:
        if first:
            os.write(descriptor, first.encode())
            os.fsync(descriptor)  # torn, it would not count
    finally:
        os.close(descriptor)


def is_unreported(root: Path, file: Path) -> bool:
    """Whether a batch or seal is marked as not reported."""
    try:
        first = mark_of(file).read_text("utf-8", "replace")
    except OSError:
        return False
    return not first or (root / first).exists()


def marked(root: Path, week: str) -> list[Path]:
    """The batches of a week that are marked as not reported, in order."""
    try:
        names = sorted(p.name for p in (root / folder(week)).iterdir() if is_mark(p.name))
    except (FileNotFoundError, NotADirectoryError):
        return []
    batches = [root / folder(week) / name.removeprefix(".").removesuffix(_MARK) for name in names]
    return [path for path in batches if path.is_file() and is_unreported(root, path)]


def unreported(root: Path, week: str, standing: Iterable[Batch]) -> list[Batch]:
    """Of a week's batches those that were never reported, in order.

    None of whose entries one is void: whoever voided it knew of it.
    """
    paths = marked(root, week)
    if not paths:
        return []
    batches = list(standing)
    cancelled = cancelled_entries(batches)
    return [
        b
        for b in batches
        if root / b.path in paths and not any(key in cancelled for key, _entry in b.numbered())
    ]


def says_the_same(
    one: Sequence[Entry], other: Sequence[Entry], generated: Collection[str] = ()
) -> bool:
    """Whether entries differ in nothing but when they were recorded, and in `generated` fields."""
    blank = dict.fromkeys(("recorded_at", *generated), "")
    return len(one) == len(other) and all(
        type(a) is type(b)
        and msgspec.structs.replace(a, **blank) == msgspec.structs.replace(b, **blank)
        for a, b in zip(one, other, strict=True)
    )


def said(files: Iterable[Path]) -> None:
    """These have been reported, the first one first. A mark that can't be removed does no harm."""
    for path in files:
        with suppress(OSError):
            mark_of(path).unlink(missing_ok=True)
