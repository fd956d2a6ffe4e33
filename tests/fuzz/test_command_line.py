"""Random command lines over every command and option, on a book in git, run in this process.

Each is made of what the commands say they take, with values that people or attackers might give.
None may end in a bug, print what moves a terminal, or write where nothing should be written.
"""

import io
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz.hostile import NASTY, SMALL, few
from qibi.cli.app import Commands, main, summaries
from qibi.cli.surroundings import Surroundings

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=timezone(timedelta(hours=8)))
# What else stands in a command line cannot hold NUL: the system ends a word there.
WORDS = [text for text in NASTY if "\0" not in text]
GOOD = [
    *("e-ann", "Ann Berg", "Dan Li", "Lee", "east", "West branch", "east-cp", "Group 1", "owner"),
    *("2026-W46", "W45", "last", "2026-11", "2026-Q4", "2026", "2026-W45..2026-W46", "2026-11-18"),
    *("safety", "safety.hazard-closed", "e-ann safety.hazard-closed x2", "1", "3", "-1", "0.5"),
    *("sheets/2026-W46-east.csv", "qibi.yaml", "ledger", ".", "no-such-file", "json", "csv", "md"),
    *("f91d", "f91d600300a98c31.1", "7fbb66a16274b6f8.2", "member", "branch", "pioneer", "table"),
]
LINES = [  # each does something; a word of it is then another
    ["score", "sheets/2026-W46-east.csv", "--week", "2026-W46", "--update"],
    ["score", "-", "--week", "2026-W46", "--branch", "east", "--add"],
    ["score", "--week", "2026-W46", "--branch", "east", "-e", "e-ann hazard-closed x2 seen"],
    ["score", "--week", "2026-W46", "--branch", "west", "--no-events", "--dry-run"],
    ["fix", "f91d600300a98c31.2", "--points", "1", "--reason", "typed wrong"],
    ["void", "f91d600300a98c31.2", "--reason", "not so"],
    ["exempt", "e-dan", "--week", "2026-W46", "--note", "leave"],
    ["rank", "2026-W46", "--by", "member", "--branch", "east", "--format", "table"],
    ["rank", "--criterion", "safety", "--top", "3", "--format", "csv", "-o", "out.txt"],
    ["show", "Ann Berg", "--week", "2026-W46"],
    ["why", "Ann Berg", "--week", "2026-W46"],
    ["log", "--subject", "e-ann", "--item", "safety", "--min-points", "1"],
    ["lists", "--week", "2026-W46"],
    ["status", "--week", "2026-W46"],
    ["remedy", "open", "east-cp", "fence it", "--owner", "e-ann", "--due", "3d"],
    ["member", "add", "New Person", "--branch", "east", "--id", "e-new"],
    ["branch", "end", "east", "--week", "2026-W50"],
    ["attach", "f91d600300a98c31.2", "sheets/2026-W46-east.csv"],
    ["commit", "-m", "week 46"],
    ["close", "2026-W46", "--without", "east", "--note", "done"],
    ["check", "--format", "json"],
    ["erase", "e-dan", "--dry-run"],
    ["rules", "--week", "2026-W46"],
]
UNFIT = {"demo", "init"}  # they make books of their own, elsewhere
TERMINAL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b-\u200f\ud800-\udfff]"
)


def options_of(
    command: click.Command, context: click.Context
) -> Iterator[tuple[list[str], list[str], bool]]:
    """The words that call a command or a part of it, its options, and whether it is a command."""
    if isinstance(command, click.Group):
        for name, part in command.commands.items():
            for words, options, alone in options_of(part, context):
                yield [name, *words], options, alone
        return
    options = [o for p in command.params for o in (*p.opts, *p.secondary_opts) if o.startswith("-")]
    yield [], sorted(set(options) - {"--help", "--editor"}), True


@cache
def all_commands() -> list[tuple[list[str], list[str]]]:
    commands, context = Commands(name="qibi"), click.Context(click.Command("qibi"))
    found = []
    for name in summaries():
        if name not in UNFIT:
            command = commands.get_command(context, name)
            assert command is not None
            found += [([name, *words], o) for words, o, _alone in options_of(command, context)]
    return found


@dataclass
class Place:
    """A folder that nobody else writes to, with a book in it and a file beside it."""

    top: Path
    data: str = ""  # what the last command wrote to standard output

    @property
    def book(self) -> Path:
        return self.top / "in" / "book"

    def state(self) -> dict[str, bytes]:
        """All files but what git keeps for itself, locks, and the cache."""
        return {
            str(path.relative_to(self.top)): path.read_bytes()
            for path in self.top.rglob("*")
            if path.is_file()
            and not {".git", "cache"} & set(path.relative_to(self.top).parts)
            and path.name != ".lock"
        }

    def environment(self) -> dict[str, str]:
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.top / "home"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "Ann",
            "GIT_AUTHOR_EMAIL": "ann@example.invalid",
            "GIT_COMMITTER_NAME": "Ann",
            "GIT_COMMITTER_EMAIL": "ann@example.invalid",
            "QIBI_CACHE": str(self.top / "cache"),
            "QIBI_AS": "e-ann",
            "QIBI_LANG": "en",
            "QIBI_DEBUG": "1",  # a bug is raised, so that the failure shows where it is
        }

    def fresh(self) -> None:
        """The book as it was, the folder otherwise empty."""
        for name in ("in", "home"):
            shutil.rmtree(self.top / name, ignore_errors=True)
        (self.top / "home").mkdir(parents=True)
        (self.top / "in").mkdir()
        (self.top / "in" / "beside.txt").write_text("not the book's\n")
        shutil.copytree(self.top / "kept", self.book)

    def run(self, words: list[str], typed: bytes = b"") -> tuple[int, str]:
        """The exit code, and all that was printed."""
        printed = [io.BytesIO(), io.BytesIO()]
        streams = [io.TextIOWrapper(raw, "utf-8", errors="backslashreplace") for raw in printed]
        around = Surroundings(
            environment=self.environment(),
            folder=self.book,
            now=lambda: NOW,
            stdin=io.TextIOWrapper(io.BytesIO(typed), "utf-8", errors="surrogateescape"),
            stdout=streams[0],
            stderr=streams[1],
            columns=80,
        )
        code = main(words, around)
        for stream in streams:
            stream.flush()
        self.data = printed[0].getvalue().decode()
        return code, self.data + printed[1].getvalue().decode()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    found = Place(tmp_path_factory.mktemp("fuzz") / "a" / "b" / "c")
    found.top.mkdir(parents=True)
    shutil.copytree(SMALL, found.top / "kept")
    found.fresh()
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "all"]):
        subprocess.run(["git", *words], cwd=found.top / "kept", env=found.environment(), check=True)
    found.fresh()
    return found


@st.composite
def command_lines(draw: st.DrawFn) -> list[str]:
    """A line that works, with a word or two changed; or a command and anything that it may take."""
    if draw(st.integers(0, 2)):
        line = list(draw(st.sampled_from(LINES)))
        for _n in range(draw(st.integers(0, 2))):
            values = [n for n, w in enumerate(line) if n and not re.match("--?[a-z]", w)]
            at = draw(st.sampled_from([n for n in values if line[n - 1] != "-o"]))
            kept = line[at] if draw(st.booleans()) else ""
            line[at] = kept + draw(st.sampled_from([*WORDS, *GOOD]))
        return line
    words, options = draw(st.sampled_from(all_commands()))
    value = st.one_of(
        st.sampled_from(GOOD),
        st.sampled_from(GOOD),
        st.sampled_from(WORDS),
        st.text(alphabet=st.characters(exclude_characters="\0"), max_size=8),
        st.builds("{} {}".format, st.sampled_from(GOOD), st.sampled_from(WORDS)),
    )
    line = list(words)
    for _n in range(draw(st.integers(0, 3))):
        match draw(st.integers(0, 4)):
            case 0 | 1 if options:
                name = draw(st.sampled_from(options))
                given = "out.txt" if name in ("-o", "--output") else draw(value)
                line += [name, given] if draw(st.booleans()) else [f"{name}={given}"]
            case 2 if options:
                line.append(draw(st.sampled_from(options)))
            case 3:
                name = draw(st.sampled_from(["--today", "--lang", "--color", "--book", "--week"]))
                line += [name, draw(value)]
            case _:
                line.append(draw(value))
    return line


@few(120)
@given(words=command_lines(), typed=st.sampled_from([b"", b"\n", b"y\n", b"\xff\0\n", b"a,b\n"]))
def test_any_command_line(place: Place, words: list[str], typed: bytes) -> None:
    before = place.state()
    code, printed = place.run(words, typed)
    after = place.state()
    try:
        assert code in (0, 1, 2, 130), printed
        assert "Traceback" not in printed
        if not any(word.startswith(("--color", "--format")) for word in words):
            assert not TERMINAL.search(printed), repr(printed)
        outside = {k for k in before.keys() | after.keys() if before.get(k) != after.get(k)}
        assert all(name.startswith("in/book/") for name in outside), outside
        if code != 0:
            assert outside <= {"in/book/out.txt"}, (words, printed, outside)
        kept = [name for name in before if "/ledger/" in name or "/seals/" in name]
        assert all(after.get(name) == before[name] for name in kept)  # only ever added
    finally:
        if before != after:
            place.fresh()
