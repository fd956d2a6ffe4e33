"""How long a person waits for a command: whole processes, from start to exit, against the targets.

Every round runs each process once, in turn, so that a busy moment of the machine falls on all of them
alike; a first round warms caches and does not count. A ranking is kept, outside the book, until entries
change; it is measured both ways. The floor is what importing the three large parts that a ranking needs
costs by itself. Standard library only; run it with the Python of an environment that has qibi:

    .venv/bin/python benchmarks/start.py
"""

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
BOOK = REPOSITORY / "ledgers" / "example"
SHEETS = REPOSITORY / "ledgers" / "example-sheets" / "2026-W47"
WEEK, BRANCH, RECORDER, TODAY = "2026-W47", "outer-1", "o1-001", "2026-11-23"
FLOOR = "import typer, duckdb, rich.console"


class CannotRun(Exception):
    """A process that is to be measured failed: which, and what it said."""


@dataclass
class Process:
    """One process to measure; `restore` puts back what a run changed, outside the time measured."""

    name: str
    command: list[str]
    folder: Path
    restore: Callable[[], None] = lambda: None
    settings: dict[str, str] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)

    def run(self, environment: dict[str, str]) -> float:
        """Seconds from start to exit; raises `CannotRun` where the exit code is not 0."""
        start = time.perf_counter()
        done = subprocess.run(
            self.command,
            cwd=self.folder,
            env=environment | self.settings,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        spent = time.perf_counter() - start
        if done.returncode != 0:
            said = (done.stdout + done.stderr).decode(errors="replace").strip()
            raise CannotRun(f"{' '.join(self.command)} ended with {done.returncode}:\n{said}")
        self.restore()
        return spent

    @property
    def median(self) -> float:
        """The median of the rounds, in seconds."""
        return statistics.median(self.seconds)


@dataclass(frozen=True)
class Row:
    """One line of the result; `limit` is what the target allows, in seconds."""

    name: str
    seconds: float
    target: str = ""
    limit: float | None = None

    @property
    def verdict(self) -> str:
        """Whether the target is met; empty where there is none."""
        if self.limit is None:
            return ""
        return "met" if self.seconds <= self.limit else "MISSED"


def main() -> int:
    """Measure and print; 0 also where a target is missed, 1 where something could not run."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="qibi-benchmark-") as temporary:
        try:
            rows = _measure(Path(temporary), options.runs)
        except CannotRun as error:
            print(f"start.py: {error}", file=sys.stderr)
            return 1
    print(_as_text(rows, options.runs, options.markdown))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Measure how long qibi's commands take, as whole processes."
    )
    parser.add_argument("--runs", type=int, default=15, metavar="N", help="rounds (default 15)")
    parser.add_argument("--markdown", action="store_true", help="print a Markdown table")
    options = parser.parse_args()
    if options.runs < 1:
        parser.error("--runs must be 1 or more")
    return options


def _measure(temporary: Path, runs: int) -> list[Row]:
    environment = _environment(temporary)
    qibi = _qibi()
    book = _scored_book(temporary / "book", qibi, environment)
    processes = _processes(temporary, book, qibi, environment)
    for number in range(runs + 1):
        for process in processes:
            spent = process.run(environment)
            if number > 0:
                process.seconds.append(spent)
    return _rows({process.name: process for process in processes})


def _environment(temporary: Path) -> dict[str, str]:
    """A home, a cache and a day of its own, and none of the caller's settings of qibi."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("QIBI_", "GIT_", "XDG_", "PYTHON"))
    }
    own = {
        "HOME": str(temporary / "home"),
        "QIBI_CACHE": str(temporary / "cache"),
        "QIBI_TODAY": TODAY,
        "PYTHONUTF8": "1",
    }
    (temporary / "home").mkdir()
    return kept | own


def _qibi() -> str:
    name = "qibi.exe" if os.name == "nt" else "qibi"
    path = Path(sysconfig.get_path("scripts")) / name
    if not path.exists():
        raise CannotRun(
            f"qibi is not installed for {Path(sys.executable).name}: no {name} beside it"
        )
    return str(path)


def _scored_book(folder: Path, qibi: str, environment: dict[str, str]) -> Path:
    """A copy of the example book in which the waiting week is scored by all branches."""
    shutil.copytree(BOOK, folder)
    sheets = [str(path) for path in sorted(SHEETS.iterdir())]
    score = [qibi, "score", *sheets, "--as", RECORDER, "--no-commit"]
    Process("score all", score, folder).run(environment)
    return folder


def _processes(
    temporary: Path, scored: Path, qibi: str, environment: dict[str, str]
) -> list[Process]:
    waiting, apart = temporary / "waiting", temporary / "another-cache"
    shutil.copytree(BOOK, waiting)
    sheet = next(SHEETS.glob(f"{BRANCH}.*"))
    score = [qibi, "score", str(sheet), "--as", RECORDER, "--no-commit"]
    python = sys.executable
    return [
        Process("bare", [python, "-c", "pass"], temporary),
        Process("floor", [python, "-c", FLOOR], temporary),
        Process("version", [qibi, "--version"], temporary),
        Process("help", [qibi, "--help"], temporary),
        *(
            Process(f"help {name}", [qibi, name, "--help"], temporary)
            for name in _commands(qibi, temporary, environment)
        ),
        Process("rank", [qibi, "rank", "--week"], scored),
        Process(
            "rank anew",
            [qibi, "rank", "--week"],
            scored,
            lambda: shutil.rmtree(apart / "rankings", ignore_errors=True),
            {"QIBI_CACHE": str(apart)},
        ),
        Process("score", score, waiting, lambda: _unscore(waiting)),
        Process("check", [qibi, "check"], BOOK),
    ]


def _commands(qibi: str, folder: Path, environment: dict[str, str]) -> list[str]:
    """The commands that `qibi --help` lists: the indented words of its panels."""
    text = subprocess.run(
        [qibi, "--lang", "en", "--help"],
        cwd=folder,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    ).stdout
    panels = text.partition("Everywhere:")[0].splitlines()
    indented = [line for line in panels if line.startswith("  ") and line[2:3].isalpha()]
    found = [line.split()[0] for line in indented if line.split()[0].islower()]
    if not {"score", "rank", "check"} <= set(found):
        raise CannotRun(f"'qibi --help' does not list the commands:\n{text}")
    return found


def _unscore(book: Path) -> None:
    """Take back the batch of the one sheet, so that the next run records it anew."""
    folder = book / "ledger" / WEEK[:4] / WEEK[5:]
    batches = list(folder.glob(f"{BRANCH}-*.jsonl"))
    if len(batches) != 1:
        raise CannotRun(f"'qibi score' wrote {len(batches)} batches, not one")
    shutil.rmtree(folder)


def _rows(found: dict[str, Process]) -> list[Row]:
    bare, floor = found["bare"].median, found["floor"].median
    worst = max((p for n, p in found.items() if n.startswith("help ")), key=lambda p: p.median)
    count = sum(1 for name in found if name.startswith("help "))
    return [
        Row("python -c pass", bare),
        Row(f'the floor: python -c "{FLOOR}"', floor),
        Row("qibi --version", found["version"].median, "bare Python + 40 ms", bare + 0.040),
        Row("qibi --help", found["help"].median, "0.8 x floor", 0.8 * floor),
        Row(
            f"qibi {worst.name.removeprefix('help ')} --help, the slowest of {count}",
            worst.median,
            "0.8 x floor",
            0.8 * floor,
        ),
        Row("qibi rank --week, the example book", found["rank"].median, "1.5 x floor", 1.5 * floor),
        Row("the same, first time after new entries", found["rank anew"].median),
        Row("qibi score, one branch's sheet", found["score"].median, "2 x floor", 2 * floor),
        Row("qibi check, the example book", found["check"].median, "2 x floor", 2 * floor),
    ]


def _as_text(rows: list[Row], runs: int, markdown: bool) -> str:
    floor = rows[1].seconds
    head = ["process", "median", "x floor", "target", ""]
    cells = [
        [
            f"`{row.name}`" if markdown and row.name.startswith("python") else row.name,
            f"{row.seconds * 1000:.0f} ms",
            f"{row.seconds / floor:.2f}",
            row.target,
            row.verdict,
        ]
        for row in rows
    ]
    about = (
        f"medians of {runs} rounds, {platform.system()}, Python {platform.python_version()}, "
        f"{os.cpu_count()} cores"
    )
    if markdown:
        lines = [head, ["---", "---:", "---:", "---", "---"], *cells]
        return "\n".join(["| " + " | ".join(line) + " |" for line in lines] + ["", about])
    widths = [max(len(line[n]) for line in [head, *cells]) for n in range(len(head))]
    lines = [
        "  ".join(
            text.rjust(width) if n in (1, 2) else text.ljust(width)
            for n, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in [head, *cells]
    ]
    return "\n".join([*lines, "", about])


if __name__ == "__main__":
    sys.exit(main())
