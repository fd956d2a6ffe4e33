"""Writing: a batch appears whole or not at all, and once it is reported it survives a power cut.

Temp file in the same folder, fsync, rename, fsync of the folder (and of each folder newly made). A
step that fails is never tried again: what it may have left is undone and the command ends.
What a crash leaves behind is at most a `*.tmp` file, which nobody reads and the next writer tidies,
and a batch that nobody was told of: `interrupted` finds it.
The lock makes "compare with what is there, then write" one step; the lock file stays where it is.
"""

import errno
import hashlib
import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from qibi.base.findings import Faults, Finding, Refusal
from qibi.base.language import _, mark
from qibi.base.plain import not_own, not_plain_message, read_plain, sync, write_durably
from qibi.ledger.batches import LEDGER, Batch, Index, digest, encode_batch, folder, name
from qibi.ledger.entries import Entry
from qibi.ledger.signatures import ENDING, signature_of

LOCK = f"{LEDGER}/.lock"
SHEETS = "sheets"  # see kept_sheets
LOCK_SECONDS = 10.0
_STALE_SECONDS = 3600
_STALE_MARK_SECONDS = 30 * 24 * 3600


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """Holds the book's lock; raises `Refusal` where another qibi keeps it for `LOCK_SECONDS`."""
    from filelock import FileLock, Timeout

    lock = root / LOCK
    with failures_explained(root / LEDGER):
        make_folder(root, lock)
    held = FileLock(lock, timeout=LOCK_SECONDS)
    try:
        held.acquire()
    except Timeout:  # an OSError too, so it comes before them
        raise Refusal(
            _("another qibi is writing to this book"),
            _("wait until it is done and run the same command again; nothing was written"),
        ) from None
    except OSError as error:
        raise _explained(lock, error) from None
    try:
        yield
    finally:
        held.release()


def write_batch(
    root: Path,
    week: str,
    branch: str,
    entries: Sequence[Entry],
    *,
    unreported: str | None = None,
    sign: Callable[[bytes], bytes] | None = None,
) -> Batch:
    """Write a batch and return it; the same bytes twice are one batch.

    The caller holds the lock. With `unreported` it is marked as not reported yet: that is the path of the
    command's first mark, empty where this is the first (see `interrupted`).
    `sign` gives its signature, which is on the disk before the batch is.
    Raises `Refusal` where the disk refuses; then nothing stands that was not there before, or the
    message names it.
    """
    raw = encode_batch(entries)
    path = f"{folder(week)}/{name(branch, raw)}"
    batch = Batch(path, digest(raw), week, branch, tuple(entries))
    target = root / path
    stood = target.exists()
    signature = sign(raw) if sign and not stood else None
    with failures_explained(target):
        make_folder(root, target)
        _tidy(target.parent)
        _tidy_signatures(target.parent)
        try:
            if signature:
                write_durably(signature_of(target), signature)
            if unreported is not None:
                leave_mark(target, unreported)
            write_durably(target, raw)
        except OSError as error:
            if not stood:
                _take_back(target, path, error, _BATCH_STANDS)
            raise
    return batch


_BATCH_STANDS = mark(
    "it is complete, but may not survive a power cut; fix the disk, then run the same command again: it is not recorded twice"
)
_SEAL_STANDS = mark(
    "it is complete, but may not survive a power cut; fix the disk, then commit it: qibi commit"
)


def _take_back(target: Path, path: str, error: OSError, advice: str) -> None:
    """Remove what was not reported; raises `Refusal` with this advice where the disk refuses that too."""
    try:
        target.unlink(missing_ok=True)
        signature_of(target).unlink(missing_ok=True)
        mark_of(target).unlink(missing_ok=True)
    except OSError:
        if target.exists():
            message = _(
                "the disk failed ({reason}) while {path} was written, and the file is there"
            )
            raise Refusal(message.format(reason=error.strerror, path=path), _(advice)) from None


def write_seal(
    root: Path,
    path: str,
    raw: bytes,
    sign: Callable[[bytes], bytes] | None = None,
    *,
    unreported: bool = False,
) -> None:
    """Write a seal (or a record of signers) that is not there yet; the caller holds the lock.

    With `unreported` it is marked as not reported yet (see `interrupted`). `sign` gives its signature, which is on the disk before the seal is. Raises `Refusal` where the
    disk refuses; then nothing stands that was not there before, or the message names it.
    """
    target = root / path
    signature = sign(raw) if sign else None
    with failures_explained(target):
        make_folder(root, target)
        _tidy(target.parent)
        _tidy_signatures(target.parent)
        try:
            if signature:
                write_durably(signature_of(target), signature)
            if unreported:
                leave_mark(target)
            write_durably(target, raw)
        except OSError as error:
            _take_back(target, path, error, _SEAL_STANDS)
            raise


def write_once(root: Path, path: str, raw: bytes) -> None:
    """Write a file below the book's folder that is not there yet; the caller holds the lock.

    One that is there with these bytes is only made to last: whoever wrote it may have been killed
    before the sync. Raises `Refusal` where the disk refuses, `Faults` where other bytes are there.
    """
    target = root / path
    with failures_explained(target):
        make_folder(root, target)
        if not target.exists():
            _tidy(target.parent)
            write_durably(target, raw)
            return
        if read_plain(target) != raw:
            message = _("holds something else than was written")
            sha256 = hashlib.sha256(raw).hexdigest()
            raise Faults([Finding(path, message=message, lost=sha256)])
        sync(target)
        sync(target.parent)


def write_output(path: Path, raw: bytes) -> None:
    """Write a file that a person named, wherever it is; raises `Refusal` where the disk refuses."""
    with failures_explained(path):
        path = path.resolve()  # a link stays a link
        if path.exists() and not path.is_file():
            path.write_bytes(raw)  # a device or a pipe is written to; a folder refuses
        else:
            write_durably(path, raw)


def keep(batches: Sequence[Path]) -> None:
    """Have the disk keep batches that stand, and their names; raises `Refusal`."""
    for path in batches:
        with failures_explained(path):
            sync(path)
    for directory in {path.parent for path in batches}:
        with failures_explained(directory):
            sync(directory)


def make_folder(root: Path, target: Path) -> None:
    """Make the folders of a book down to the one of a file to be written; each new one is synced.

    Raises `Faults` where one of them, or the file, is a link: what is written would be elsewhere.
    """
    place = target.relative_to(root)
    for part in (*reversed(place.parents[:-1]), place):
        path = root / part
        try:
            kind = not_own(os.lstat(path))
        except FileNotFoundError:
            if part is not place:
                path.mkdir(exist_ok=True)
                if path.stat().st_mode & 0o700 != 0o700:  # by the umask
                    path.chmod(0o700)
                sync(path.parent)
            continue
        if kind:
            raise Faults([Finding(part.as_posix(), message=not_plain_message(kind), code="link")])


def tidy(root: Path) -> None:
    """Remove, all over the ledger, the seals, the evidence and the archived sheets, what crashes left."""
    years = (root / SHEETS).glob("[0-9][0-9][0-9][0-9]")  # the rest of that folder is people's own
    for part in (root / LEDGER, root / "seals", root / "evidence", *years):
        for directory in {leftover.parent for leftover in part.rglob(".*.tmp")}:
            _tidy(directory)


def tidy_signatures(root: Path) -> None:
    """Remove signatures that a crash left without their file; the caller holds the lock."""
    for part in (LEDGER, "seals"):
        for directory in {found.parent for found in (root / part).rglob(f"*{ENDING}")}:
            _tidy_signatures(directory)


def _tidy_signatures(directory: Path) -> None:
    """A signature is written before its file, under the lock: whoever holds it sees no half pair."""
    for signature in directory.glob(f"*{ENDING}"):
        if not signature.with_suffix("").exists():
            with suppress(FileNotFoundError):
                signature.unlink()


def _tidy(directory: Path) -> None:
    """Remove temp files that a crash left an hour ago or earlier, and marks a month old."""
    for leftover in directory.glob(".*.tmp"):
        limit = _STALE_MARK_SECONDS if is_mark(leftover.name) else _STALE_SECONDS
        with suppress(FileNotFoundError):
            if time.time() - leftover.lstat().st_mtime > limit:
                leftover.unlink()


@contextmanager
def failures_explained(path: Path) -> Iterator[None]:
    """Turns an error of the disk into a `Refusal` that says what to do."""
    try:
        yield
    except OSError as error:
        raise _explained(path, error) from None


def _explained(path: Path, error: OSError) -> Refusal:
    advice = {
        errno.ENOSPC: _("the disk is full; free some space and run the same command again"),
        errno.EDQUOT: _(
            "your disk quota is used up; free some space and run the same command again"
        ),
        errno.EACCES: _("no permission to write there; check the folder's owner and permissions"),
        errno.EPERM: _("no permission to write there; check the folder's owner and permissions"),
        errno.ELOOP: _("qibi does not write through links: check its target, then remove the link"),
        errno.EROFS: _("the disk is read-only; work in a copy that you may write to"),
    }.get(error.errno or 0, _("nothing was written; fix that and run the same command again"))
    message = _("{path} can't be written: {reason}")
    return Refusal(message.format(path=path, reason=error.strerror), advice)


# What an interrupted command wrote and never reported: it is found, and not recorded a second time.
#
# While a command that records is under way, a file next to each batch and seal that it writes marks it as
# not reported yet: `.<name>.unsaid.tmp`, made before the batch appears. A command that is killed leaves
# both. The same command again is known by what it would record if that batch were not there: the same but
# for the second. It then has the batch synced, and reports that one.
#
# A command's first mark is empty. A further one holds the path of the first, below the book's folder, and
# counts only while that one is there: all that a command wrote becomes reported in one step.


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
    voids = Index(batches).voids
    return [
        b
        for b in batches
        if root / b.path in paths and not any(key in voids for key, _entry in b.numbered())
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


def mark_reported(files: Iterable[Path]) -> None:
    """These have been reported, the first one first. A mark that can't be removed does no harm."""
    for path in files:
        with suppress(OSError):
            mark_of(path).unlink(missing_ok=True)
