"""What a command finds around it: clock, environment, folder, streams. Handed down, never reached for."""

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO


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
        """Whether a person sits at both ends: questions can be asked."""
        return self.stdin.isatty() and self.stderr.isatty()

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

    @property
    def cache(self) -> Path | None:
        """The folder for derived data, outside every book: `QIBI_CACHE`, else the platform's own.

        None (no cache) where `QIBI_CACHE` is empty or no home folder is known.
        """
        if "QIBI_CACHE" in self.environment:
            named = self.environment["QIBI_CACHE"]
            return Path(named) if named else None
        for variable, below in (
            ("XDG_CACHE_HOME", "qibi"),
            ("LOCALAPPDATA", "qibi/cache"),
            ("HOME", ".cache/qibi"),
        ):
            if base := self.environment.get(variable):
                return Path(base) / below
        return None


def _current_folder() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:  # the folder was deleted under the shell
        return Path("/")
