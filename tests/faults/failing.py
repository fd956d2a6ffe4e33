"""A disk that fails: every step by which a command writes into a book, failing once or for good.

The calls are Python's own and reach real files; the one that is chosen reports an error before it took
effect, or after, or takes a part only (a short write).
"""

import errno
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MODES = ("before", "after", "short")
ERRORS = (errno.ENOSPC, errno.EIO, errno.EDQUOT)


@dataclass
class Disk:
    """Counts the steps within `folder`, and fails at step `at` (from 1; 0: never)."""

    folder: Path
    at: int = 0
    mode: str = "before"
    for_good: bool = False
    number: int = errno.EIO
    log: Path | None = None
    count: int = 0
    descriptors: set[int] = field(default_factory=set)

    def install(self) -> None:
        """Stand between this process and `os`, for the rest of its life."""
        real_open, real_close = os.open, os.close

        def opening(path: Any, flags: int, *more: Any, **named: Any) -> int:
            if not (flags & os.O_CREAT and self._inside(path)):
                descriptor = real_open(path, flags, *more, **named)
                if self._inside(path) and stat.S_ISDIR(os.fstat(descriptor).st_mode):
                    self.descriptors.add(descriptor)  # opened to be synced; reading is no step
                return descriptor
            descriptor = self._step(
                "open", lambda: real_open(path, flags, *more, **named), undo=real_close
            )
            self.descriptors.add(descriptor)
            return descriptor

        def closing(descriptor: int) -> None:
            if descriptor not in self.descriptors:
                return real_close(descriptor)
            self.descriptors.discard(descriptor)
            return self._step("close", lambda: real_close(descriptor), must=True)

        os.open, os.close = opening, closing
        for name in ("write", "fsync", "fdatasync"):
            setattr(os, name, self._by_descriptor(name, getattr(os, name)))
        for name in ("rename", "replace", "link", "unlink", "mkdir", "rmdir"):
            setattr(os, name, self._by_path(name, getattr(os, name)))

    def _by_descriptor(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(descriptor: int, *more: Any) -> Any:
            if descriptor not in self.descriptors:
                return real(descriptor, *more)
            part = (lambda: real(descriptor, more[0][: len(more[0]) // 2])) if more else None
            return self._step(name, lambda: real(descriptor, *more), part=part)

        return call

    def _by_path(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: Any, *more: Any, **named: Any) -> Any:
            if named.get("dir_fd") is not None or not self._inside(path):
                return real(path, *more, **named)
            return self._step(name, lambda: real(path, *more, **named))

        return call

    def _step(
        self,
        name: str,
        real: Callable[[], Any],
        part: Callable[[], Any] | None = None,
        undo: Callable[[Any], Any] | None = None,
        must: bool = False,
    ) -> Any:
        self.count += 1
        if self.log is not None:
            with self.log.open("a") as log:
                log.write(f"{name}\n")
        if not self.at or self.count < self.at or (self.count > self.at and not self.for_good):
            return real()
        if self.mode == "short" and part is not None and self.count == self.at:
            result = part()
            if not self.for_good:
                return result  # the caller goes on with the rest
        elif self.mode == "after" or must:
            result = real()
            if undo:
                undo(result)
        raise OSError(self.number, os.strerror(self.number))

    def _inside(self, path: Any) -> bool:
        text = os.fspath(path) if isinstance(path, str | os.PathLike) else ""
        return self.folder in Path(str(text)).absolute().parents
