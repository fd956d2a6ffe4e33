"""Runs a transcript: a text file with commands and exactly what each of them prints.

A line that begins with `$ ` is a command; what follows is all that it prints, standard output and
standard error in the order in which a terminal shows them, and `[exit N]` where the code is not 0.
A line that begins with `#` sets the scene:

    # words to the reader
    # book: small            a copy of tests/transcripts/books/small; `example` is ledgers/example
    # now: 2026-11-23 09:00  the clock, in China; each command takes a minute
    # columns: 80
    # encoding: ascii        what the terminal can show
    # env: QIBI_AS=e-ann     or, to unset it, `# env: QIBI_AS`
    # file: week.csv         the indented comment lines after it are written there
    # delete: qibi.yaml
    # run: git init -q       a command of the shell that has to succeed, shown nowhere
    # typed:                 the indented lines after it are typed on a terminal, each with return;
                             `^C` and `^D` are those keys (for the next command only)
    # stdin:                 the indented lines after it are piped in (for the next command only)
    # trouble: full disk     one of `TROUBLES` (for the next command only)
    # process                the next command runs in a process of its own
    # writes                 the next command may write although it fails

`$ qibi …` runs `qibi.cli.app.main` here, in the book's folder; any other command goes to the shell.
Clock, environment, streams and folders are given, so two runs print the same. Only the place of
the temporary folder is written as `/tmp/t`. A command that fails or only reads leaves the ledger as
it was, and none shows a traceback: both are checked for each.
"""

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path

from qibi.cli.app import main
from qibi.cli.surroundings import Surroundings
from repositories import CACHE, QUICK_GIT, copied
from transcripts.troubles import TROUBLES

HERE = Path(__file__).parent
BOOKS = {"small": HERE / "books" / "small", "example": HERE.parents[1] / "ledgers" / "example"}
CHINA = timezone(timedelta(hours=8))
WRITERS = (
    "score",
    "fix",
    "void",
    "exempt",
    "init",
    "demo",
    "task",
    "remedy",
    "attach",
)
SHOWN_PLACE = "/tmp/t"


class Terminal:
    """What a person sees: everything written to either stream, in order."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.stdout: list[str] = []

    def shown(self, place: Path) -> str:
        text = "".join(self.text).replace(str(place), SHOWN_PLACE)
        return text.replace("\x1b", "␛").replace("\r", "␍")


class Screen(io.TextIOBase):
    """Standard output or standard error of one command."""

    def __init__(self, terminal: Terminal, name: str, encoding: str, on_terminal: bool) -> None:
        self._terminal, self._name = terminal, name
        self._encoding, self._on_terminal = encoding, on_terminal

    @property
    def encoding(self) -> str:
        return self._encoding

    def isatty(self) -> bool:
        return self._on_terminal

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        shown = text.encode(self._encoding, "backslashreplace").decode(self._encoding)
        self._terminal.text.append(shown)
        if self._name == "stdout":
            self._terminal.stdout.append(shown)
        return len(text)


class Keyboard(io.TextIOBase):
    """Standard input of a terminal: each line typed is seen as it is read."""

    def __init__(self, terminal: Terminal, lines: list[str]) -> None:
        self._terminal, self._lines = terminal, list(lines)

    def isatty(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def readline(self, _size: int | None = -1) -> str:  # type: ignore[override]  # text; _IOBase says bytes
        if not self._lines:
            raise AssertionError("a question that the transcript does not answer")
        line = self._lines.pop(0)
        if line == "^C":
            self._terminal.text.append(line)
            raise KeyboardInterrupt
        if line == "^D":
            return ""
        self._terminal.text.append(f"{line}\n")
        return f"{line}\n"


@dataclass
class Next:
    """What is set for the next command only."""

    typed: list[str] | None = None
    stdin: bytes = b""
    trouble: str = ""
    process: bool = False
    writes: bool = False


@dataclass
class Scene:
    """A folder with a book, and what surrounds the commands that run in it."""

    place: Path
    environment: dict[str, str] = field(default_factory=dict)
    now: datetime = datetime(2026, 11, 23, 9, 0, tzinfo=CHINA)
    columns: int = 80
    encoding: str = "utf-8"
    next: Next = field(default_factory=Next)

    def __post_init__(self) -> None:
        (self.place / "home").mkdir()
        self.folder.mkdir()
        self.environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self.place / "home"),
            "LANG": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "Ann Berg",
            "GIT_AUTHOR_EMAIL": "ann@example.invalid",
            "GIT_COMMITTER_NAME": "Ann Berg",
            "GIT_COMMITTER_EMAIL": "ann@example.invalid",
            "QIBI_CACHE": CACHE,
            "QIBI_AS": "e-ann",
            **QUICK_GIT,
            "EXAMPLE_SHEETS": str(HERE.parents[1] / "ledgers" / "example-sheets"),
            "NO_COLOR": "1",
        }

    @property
    def folder(self) -> Path:
        return self.place / "book"

    def environment_now(self) -> dict[str, str]:
        moment = self.now.isoformat(timespec="seconds")
        return self.environment | {"GIT_AUTHOR_DATE": moment, "GIT_COMMITTER_DATE": moment}

    def direct(self, name: str, value: str, lines: list[str]) -> None:
        """Follow one directive."""
        match name:
            case "book":
                copied(BOOKS[value], self.folder)
            case "now":
                self.now = datetime.fromisoformat(value).replace(tzinfo=CHINA)
            case "columns":
                self.columns = int(value)
            case "encoding":
                self.encoding = value
            case "env":
                key, equals, text = value.partition("=")
                self.environment.pop(key, None)
                if equals:
                    self.environment[key] = text
            case "file":
                path = self.folder / value
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("".join(f"{line}\n" for line in lines), "utf-8", newline="\n")
            case "delete":
                path = self.folder / value
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            case "run":
                subprocess.run(
                    ["sh", "-ec", value], cwd=self.folder, env=self.environment_now(), check=True
                )
            case "typed":
                self.next.typed = lines
            case "stdin":
                self.next.stdin = "".join(f"{line}\n" for line in lines).encode()
            case "trouble":
                self.next.trouble = value
            case "process":
                self.next.process = True
            case "writes":
                self.next.writes = True
            case _:
                raise AssertionError(f"there is no directive '{name}'")

    def run(self, command: str) -> str:
        """Run one command line; what it printed."""
        given, self.next = self.next, Next()
        self.now += timedelta(minutes=1)
        words = shlex.split(command)
        if words[0] != "qibi":
            return self._shell(["sh", "-c", command], given)
        if given.process:
            return self._shell([sys.executable, "-m", "qibi", *words[1:]], given)
        before = _stamps(self.folder / "ledger")
        arguments = [path for word in words[1:] for path in self._expanded(word)]
        terminal, code = self.qibi(arguments, given)
        if not given.writes and (code != 0 or (arguments[:1] and arguments[0] not in WRITERS)):
            assert _stamps(self.folder / "ledger") == before, f"'{command}' changed the ledger"
        return _with_code(terminal.shown(self.place), code)

    def qibi(self, arguments: list[str], given: Next | None = None) -> tuple[Terminal, int]:
        """Run qibi in this process; what it wrote, and its exit code."""
        given = given or Next()
        terminal, on_terminal = Terminal(), given.typed is not None
        stdin = io.TextIOWrapper(io.BytesIO(given.stdin), "utf-8")
        around = Surroundings(
            environment=self.environment_now(),
            folder=self.folder,
            now=lambda: self.now,
            stdin=stdin if given.typed is None else Keyboard(terminal, given.typed),
            stdout=Screen(terminal, "stdout", self.encoding, on_terminal),
            stderr=Screen(terminal, "stderr", self.encoding, on_terminal),
            columns=self.columns,
        )
        trouble: Callable[[Path], contextlib.AbstractContextManager[None]]
        trouble = TROUBLES[given.trouble] if given.trouble else contextlib.nullcontext
        with trouble(self.folder):
            code = main(arguments, around)
        text = "".join(terminal.text)
        assert "Traceback" not in text and code != 3, text
        return terminal, code

    def _expanded(self, word: str) -> list[str]:
        if "*" not in word or " " in word:
            return [word]
        found = sorted(p.relative_to(self.folder).as_posix() for p in self.folder.glob(word))
        return found or [word]

    def _shell(self, command: list[str], given: Next) -> str:
        environment = self.environment_now() | {"COLUMNS": str(self.columns)}
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            input=given.stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        terminal = Terminal()
        terminal.text.append(done.stdout.decode())
        assert "Traceback" not in terminal.text[0]
        return _with_code(terminal.shown(self.place), done.returncode)


def _with_code(text: str, code: int) -> str:
    if text and not text.endswith("\n"):
        text += "\n"
    return text + (f"[exit {code}]\n" if code else "")


def _stamps(folder: Path) -> set[tuple[str, int, int, int]]:
    """Every file below a folder that anyone would read, as it would not be after any write."""
    return {
        (path, stat.st_ino, stat.st_mtime_ns, stat.st_size)
        for place, _folders, names in os.walk(folder)
        for name in names
        if name != ".lock"
        for path in [f"{place}/{name}"]
        for stat in [os.lstat(path)]  # (a Path each takes five times as long)
    }


def tree(folder: Path) -> Mapping[str, bytes]:
    """Every file below a folder that anyone would read, with its bytes."""
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.name != ".lock"
    }


def play(script: str, scene: Scene) -> str:
    """Follow a transcript in a scene; the transcript as it came out this time."""
    out: list[str] = []
    for head, lines in _parts(script):
        if out and not out[-1].startswith("#"):
            out.append("\n")
        if head.startswith("$ "):
            printed = scene.run(head[2:])
            assert not re.search(r"^(# |\$ )", printed, re.M), (
                f"'{head}' prints what looks like one"
            )
            out.append(f"{head}\n{printed}")
            continue
        out += [f"{line}\n" for line in [head, *lines]]
        if found := re.fullmatch(r"# ([a-z]+)(?::(?: (.*))?)?", head):
            name, value = found[1], found[2] or ""
            if ":" in head or name in ("process", "writes"):
                scene.direct(name, value, [line[4:] for line in lines])
    return "".join(out)


def _parts(script: str) -> Iterator[tuple[str, list[str]]]:
    """Each command, and each comment line with the indented ones that belong to it."""
    waiting: tuple[str, list[str]] | None = None
    for line in script.splitlines():
        if waiting and waiting[0].startswith("#") and (line.startswith("#   ") or line == "#"):
            waiting[1].append(line)
        elif line.startswith(("$ ", "#")):
            if waiting:
                yield waiting
            waiting = (line, [])
        elif waiting and waiting[0].startswith("#") and line.strip():
            raise AssertionError(f"neither a comment nor what a command printed: {line}")
    if waiting:
        yield waiting
