"""Writes what commands print into the two READMEs.

    .venv/bin/python docs/make_readme.py

Each `console` block of a README is run, in the order of the page, in one empty folder with a home of
its own; what stands under a `$ ` line becomes what that command prints. A block under `<!-- file: NAME -->`
is first written to that file. Where an output is shortened (a line `…`), as many lines as stood before
and after it are kept. The clock stands still, so a second run prints the same digests and commit ids.
`tests/e2e/test_readme.py` holds the pages in step with the program.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.append(str(REPOSITORY / "tests"))
import fixed_clock  # noqa: E402  (of the tests, which need it too)

CUT = "…"
WIDTH = 80

_BLOCK = re.compile(r"(?:<!-- (file|command): (\S+) -->\n)?^```(\w*)\n(.*?)^```$", re.DOTALL | re.M)


@dataclass(frozen=True)
class Page:
    """One README, in its language."""

    language: str
    path: str


PAGES = (Page("en", "README.md"), Page("zh", "README.zh-CN.md"))


@dataclass(frozen=True)
class Block:
    """A fenced block: what its comment says it is, its language, and where its text stands."""

    role: str
    name: str
    language: str
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Step:
    """A command and what the page says that it prints."""

    command: str
    shown: list[str]


def main() -> None:
    """Write both pages."""
    for page in PAGES:
        path = REPOSITORY / page.path
        path.write_text(refreshed(page, path.read_text("utf-8")), "utf-8", newline="\n")


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks of a page, in order."""
    for found in _BLOCK.finditer(text):
        role, name, language, body = found.groups()
        yield Block(role or "", name or "", language, body, found.start(4), found.end(4))


def steps(block: Block) -> list[Step]:
    """The commands of a `console` block."""
    lines = block.text.splitlines()
    starts = [n for n, line in enumerate(lines) if line.startswith("$ ")]
    return [
        Step(lines[start][2:], lines[start + 1 : end])
        for start, end in pairwise([*starts, len(lines)])
    ]


def refreshed(page: Page, text: str) -> str:
    """The page with what its commands print now."""
    made = {}
    with place(page.language) as (folder, environment):
        # A system that names no language: that of the roster is taken, then the book's.
        environment = environment | {"QIBI_LANG": "", "LANG": "C.UTF-8"}
        for block in blocks(text):
            if block.role == "file":
                (folder / block.name).write_text(block.text, "utf-8")
            if block.language != "console":
                continue
            lines = []
            for step in steps(block):
                lines.append(f"$ {step.command}")
                if step.command.startswith("cd "):
                    folder = folder / shlex.split(step.command)[1]
                    continue
                lines += shortened(step.shown, _output(step.command, folder, environment))
            made[block] = "".join(f"{line}\n" for line in lines)
    for block, body in reversed(made.items()):
        text = text[: block.start] + body + text[block.end :]
    return text


def shortened(shown: list[str], printed: list[str]) -> list[str]:
    """As much of an output as was shown before and after a `…`; all of it where there is none."""
    if shown.count(CUT) != 1:
        return printed
    before = shown.index(CUT)
    after = len(shown) - before - 1
    if before + after >= len(printed):
        return printed
    return [*printed[:before], CUT, *printed[len(printed) - after :]]


def _output(command: str, folder: Path, environment: dict[str, str]) -> list[str]:
    """What a command prints on a terminal, both streams; raises `RuntimeError` where it can't run."""
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    if done.returncode not in (0, 1) or done.stdout.startswith("qibi:"):
        raise RuntimeError(f"{command} ended with {done.returncode}:\n{done.stdout}")
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    while lines and not lines[-1]:
        lines.pop()
    return lines


@contextmanager
def place(language: str) -> Iterator[tuple[Path, dict[str, str]]]:
    """An empty folder, and an environment with a home of its own, a name for git, and a clock that stands still."""
    with tempfile.TemporaryDirectory(prefix="qibi-readme-") as temporary:
        home, folder = Path(temporary) / "home", Path(temporary) / "place"
        home.mkdir()
        folder.mkdir()
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("QIBI_", "GIT_", "LC_"))}
        person = {
            f"GIT_{role}_{what}": value
            for role in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", "Example"), ("EMAIL", "example@example.invalid"))
        }
        own = {
            "HOME": str(home),
            "XDG_CACHE_HOME": str(home / "cache"),
            "XDG_CONFIG_HOME": str(home / "config"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "PATH": fixed_clock.put_first(home / "bin"),
            "PYTHONUTF8": "1",
            "COLUMNS": str(WIDTH),
            "QIBI_LANG": language,
        }
        yield folder, kept | person | fixed_clock.dates() | own


if __name__ == "__main__":
    main()
