"""What a command finds around it: clock, environment, folder, streams. Handed down, never reached for."""

import io
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _Pipe(io.FileIO):
    """A descriptor to write to that takes no more once writing failed: what follows is thrown away.

    So a closed pipe or a full disk ends no command: what was begun is finished, and then it is told.
    """

    failure: OSError | None = None

    def write(self, data: "ReadableBuffer", /) -> int:
        if self.failure is None:
            try:
                return super().write(data)
            except OSError as error:
                self.failure = error
        return memoryview(data).nbytes


def _outlasting(stream: TextIO) -> TextIO:
    """The same stream, which outlasts its reader. A terminal has none, nor has a stream without a descriptor."""
    if not isinstance(stream, io.TextIOWrapper) or stream.isatty():
        return stream
    try:
        pipe = _Pipe(stream.fileno(), "w", closefd=False)
    except OSError:
        return stream
    unbuffered = isinstance(stream.buffer, io.RawIOBase)  # python -u
    return io.TextIOWrapper(
        pipe if unbuffered else io.BufferedWriter(pipe),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def failure(stream: TextIO) -> OSError | None:
    """Why not all of what was written to a stream arrived; None where it did."""
    stream.flush()
    buffer = getattr(stream, "buffer", None)
    raw = getattr(buffer, "raw", buffer)
    return raw.failure if isinstance(raw, _Pipe) else None


_CACHES = (("XDG_CACHE_HOME", "qibi"), ("LOCALAPPDATA", "qibi/cache"), ("HOME", ".cache/qibi"))


@dataclass(frozen=True)
class Surroundings:
    """The outside of one run of qibi."""

    environment: Mapping[str, str]
    folder: Path
    now: Callable[[], datetime]
    stdin: TextIO
    stdout: TextIO
    stderr: TextIO
    columns: int | None = None  # None: ask the terminal

    @staticmethod
    def of_this_process() -> "Surroundings":
        """The real ones. A stream that can't encode a character writes its code instead."""
        for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
            if getattr(sys, name) is None:  # closed by the shell: `qibi rank >&-`
                setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115  (for the whole run)
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        sys.stdout, sys.stderr = _outlasting(sys.stdout), _outlasting(sys.stderr)
        return Surroundings(
            environment=os.environ,
            folder=_current_folder(),
            now=lambda: datetime.now(UTC),
            stdin=sys.stdin,
            stdout=sys.stdout,
            stderr=sys.stderr,
        )

    @property
    def on_terminal(self) -> bool:
        """Whether a person sits at both ends and sees what is written: questions can be asked."""
        return self.stdin.isatty() and self.stderr.isatty() and not failure(self.stdout)

    @property
    def lost(self) -> OSError | None:
        """Why not all of the output so far could be written; a reader who left wanted no more of it."""
        failures = (failure(self.stdout), failure(self.stderr))
        return next((f for f in failures if f and not isinstance(f, BrokenPipeError)), None)

    @property
    def width(self) -> int:
        """Columns to write in; 80 where nobody knows."""
        if self.columns:
            return self.columns
        return shutil.get_terminal_size((80, 24)).columns

    @property
    def shows_chinese(self) -> bool:
        """Whether standard output can carry Chinese text."""
        try:
            "七比".encode(self.stdout.encoding or "ascii")
        except (UnicodeEncodeError, LookupError):
            return False
        return True

    @cached_property
    def cache(self) -> Path | None:
        """The folder for derived data: `QIBI_CACHE`, else the platform's own, if absolute (XDG says so).

        None (no cache) where `QIBI_CACHE` is empty, no home folder is known, or it would be in a book.
        """
        if "QIBI_CACHE" in self.environment:
            named = self.environment["QIBI_CACHE"]
            place = self.folder / named if named else None
        else:
            bases = ((self.environment.get(variable, ""), below) for variable, below in _CACHES)
            place = next((Path(b) / below for b, below in bases if Path(b).is_absolute()), None)
        if place is None:
            return None
        real = Path(os.path.realpath(place))
        inside = any((folder / "qibi.yaml").is_file() for folder in (real, *real.parents))
        return None if inside else place


def _current_folder() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:  # the folder was deleted under the shell
        return Path("/")
