"""What a command finds around it: clock, environment, folder, streams. Handed down, never reached for."""

import io
import os
import re
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from qibi.base import language
from qibi.base.findings import Refusal
from qibi.base.language import _

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


# The command line before it is parsed: options that are anywhere, and options without a value.


ANYWHERE = ("--book", "--lang", "--today", "--color")
COLORS = ("auto", "always", "never")
BARE = ("--week", "--month", "--quarter", "--year")
LATEST = "latest"

_PERIOD = re.compile(r"[0-9]|[wWqQ][0-9]|第[0-9]|last$|this$|latest$|上周|本周")


@dataclass
class Anywhere:
    """The options that every command takes, wherever they are."""

    book: str | None = None
    lang: str | None = None
    today: str | None = None
    color: str | None = None
    bare: str = ""  # the one that is last, without its value
    garbled: str = ""  # the first argument that is no text


def split(arguments: list[str]) -> tuple[Anywhere, list[str]]:
    """The options that are anywhere, and the other arguments with a value for each bare `--week`."""
    options, rest = Anywhere(garbled=next(filter(_is_garbled, arguments), "")), []
    waiting = list(arguments)
    while waiting:
        word = waiting.pop(0)
        if word == "--":
            rest += [word, *waiting]
            break
        name, equals, value = word.partition("=")
        if name in ANYWHERE and (equals or waiting):
            setattr(options, name[2:], value if equals else waiting.pop(0))
        elif word in BARE:
            rest.append(f"{word}={waiting.pop(0) if _is_value(waiting) else LATEST}")
        elif name in ANYWHERE:
            options.bare = name
        else:
            rest.append(word)
    return options, rest


def refuse_unknown_values(options: Anywhere) -> None:
    """Raises `Refusal` for what is no text, for an option without its value, or with an unknown one."""
    if options.garbled:
        raise Refusal(
            _("'{text}' is not UTF-8 text").format(text=options.garbled),
            _("type it again, or rename the file; the terminal must use UTF-8"),
        )
    if options.bare:
        raise Refusal(
            _("{option} needs a value").format(option=options.bare), _("see 'qibi --help'")
        )
    choices = {"--lang": (options.lang, ("zh", "en")), "--color": (options.color, COLORS)}
    for option, (value, known) in choices.items():
        if (
            value is not None
            and value not in known
            and not (option == "--lang" and language.normal(value))
        ):
            raise Refusal(
                _("{option}: there is no '{value}'").format(option=option, value=value),
                _("one of: {names}").format(names=language.listing(list(known))),
            )


def _is_garbled(word: str) -> bool:
    """Whether bytes of the word are no UTF-8: Python passes them on as lone surrogates."""
    return any("\ud800" <= c <= "\udfff" for c in word)


def _is_value(waiting: list[str]) -> bool:
    return bool(waiting) and bool(_PERIOD.match(waiting[0]))
