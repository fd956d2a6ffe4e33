"""Plain files: a book is read and written as files and folders of its own, never through a link; written whole.

What is in place of one may lead out of the book, block for ever (a pipe) or have no end (a device).
"""

import errno
import hashlib
import os
import stat
import sys
from contextlib import suppress
from pathlib import Path

from qibi.base.language import _

# Of the reparse points of Windows those that lead elsewhere; cloud folders mark their own files too.
_ELSEWHERE = {0xA000000C: "link", 0xA0000003: "junction"}
_KINDS = {
    stat.S_IFLNK: "link",
    stat.S_IFIFO: "pipe",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
}
_AS_IT_IS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
# characters of a name in its temp file's name: a name may be as long as the disk allows
_SHORT = 40


class NotPlain(OSError):
    """A link, a folder or a device where a plain file has to be."""


def not_own(about: os.stat_result) -> str:
    """`link`, `junction`, `pipe`, `socket` or `device`, by `lstat`; empty for a file or a folder."""
    kind = _KINDS.get(stat.S_IFMT(about.st_mode), "")
    return kind or _ELSEWHERE.get(getattr(about, "st_reparse_tag", 0), "")


def not_plain_message(kind: str) -> str:
    """What is wrong with what `not_own` names, and what to do."""
    if kind in ("link", "junction"):
        text = _("a symbolic link") if kind == "link" else _("a junction")
        return _("{kind}; qibi does not follow it: put the file or folder itself there").format(
            kind=text
        )
    text = {"pipe": _("a named pipe"), "socket": _("a socket")}.get(kind, _("a device"))
    return _("{kind}; a book holds only plain files and folders: remove it").format(kind=text)


def read_plain(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a plain file; raises `NotPlain` for what is none, else `OSError`."""
    descriptor = _opened(path)
    try:
        left = os.fstat(descriptor).st_size + 1
        parts = []
        while left > 0 and (part := os.read(descriptor, left)):
            parts.append(part)
            left -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)
    finally:
        os.close(descriptor)


def sha256_of(path: str | os.PathLike[str]) -> str:
    """The SHA-256 of a plain file, of which little is held in memory; raises as `read_plain`."""
    with os.fdopen(_opened(path), "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _opened(path: str | os.PathLike[str]) -> int:
    if not _is_plain(os.lstat(path)):  # a device may act on being opened
        raise NotPlain(path)
    try:
        descriptor = os.open(path, os.O_RDONLY | _AS_IT_IS)
    except OSError as error:
        if error.errno == errno.ELOOP:  # put there since
            raise NotPlain(path) from error
        raise
    if not _is_plain(os.fstat(descriptor)):
        os.close(descriptor)
        raise NotPlain(path)
    return descriptor


def _is_plain(about: os.stat_result) -> bool:
    return stat.S_ISREG(about.st_mode) and not not_own(about)


def write_durably(path: Path, raw: bytes) -> None:
    """Replace a file's content so that after a crash it is wholly the old or wholly the new.

    Raises `OSError`. Where that is of the last step, the sync of the folder, the new content stands
    and may not survive a power cut.
    """
    _replace(path, raw, 0o644, lasting=True)
    sync(path.parent)


def write_derived(path: Path, raw: bytes, mode: int = 0o644) -> None:
    """The same of what can be made again: wholly the old or the new, but a power cut may lose it."""
    _replace(path, raw, mode, lasting=False)


def _replace(path: Path, raw: bytes, mode: int, *, lasting: bool) -> None:
    temporary = path.with_name(f".{path.name[:_SHORT]}.{os.getpid()}-{os.urandom(4).hex()}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            _make_owned(descriptor)
            written = 0
            while written < len(raw):
                written += os.write(descriptor, raw[written:])
            if lasting:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        temporary.rename(path)
    except OSError:
        with suppress(OSError):  # nobody reads it, and the first error is the one to tell
            temporary.unlink(missing_ok=True)
        raise


def _make_owned(descriptor: int) -> None:
    """Make a new file its owner's to read and write, and no program.

    An umask may keep out the owner; file systems of other machines (SMB, WSL) may show all as programs.
    """
    mode = os.fstat(descriptor).st_mode & 0o777
    wanted = mode & ~0o111 | 0o600
    if mode != wanted and sys.platform != "win32":
        with suppress(OSError):  # where it can't be, `commit` tells git what it is
            os.fchmod(descriptor, wanted)


def sync(path: Path) -> None:
    """Have the disk keep a file, or a folder's list of names; raises `OSError`."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
