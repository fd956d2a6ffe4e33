"""What qibi costs beside ledger, hledger and beancount, and beside bare DuckDB: whole processes.

Makes books of three sizes and the same points as journals of the other tools, and runs all of them in turn,
round by round, so that a busy moment of the machine falls on all alike. Seconds are medians; memory is the
largest resident set of any process. Cold: the cache is empty; warm: the same was asked before; a week more:
all weeks but the latest were asked before.

    .venv/bin/python benchmarks/run.py                     # small and large; minutes
    .venv/bin/python benchmarks/run.py --sizes small,large,huge --json FILE  # five million entries too; an hour
    .venv/bin/python benchmarks/run.py --plot docs/performance.svg --json FILE --only-plot

ledger and hledger are Debian packages; beancount is taken from the environment named by --beancount.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from plot import draw

from books import Size, journals, make  # the folder above is not a package

HERE = Path(__file__).resolve().parent
QIBI = Path(sysconfig.get_path("scripts")) / "qibi"
SIZES = {"small": Size(18, 11, 52), "large": Size(67, 30, 52), "huge": Size(175, 60, 52)}
BEANCOUNT = """
import sys
from collections import Counter
from beancount import loader
entries, errors, options = loader.load_file(sys.argv[1])
totals = Counter()
for entry in entries:
    for posting in getattr(entry, "postings", ()):
        if posting.account.startswith("Assets:"):
            totals[posting.account] += posting.units.number
print(len(totals))
"""


LINES = """
import sys
from pathlib import Path
from qibi.checks.registry import run
print(run(Path(sys.argv[1]), None).entries)
"""


@dataclass
class Task:
    """One process to time; `before` puts things in place, outside the time."""

    name: str
    command: list[str]
    before: Callable[[], object] = lambda: None
    rounds: int = 5
    allowed: tuple[int, ...] = (0,)
    seconds: list[float] = field(default_factory=list)
    peak: int = 0  # kB

    def run(self, environment: dict[str, str]) -> None:
        """Run it once."""
        self.before()
        start = time.perf_counter()
        process = subprocess.Popen(
            self.command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        assert process.stderr
        said = process.stderr.read()
        _pid, status, usage = os.wait4(process.pid, 0)
        spent = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in self.allowed:
            raise SystemExit(f"{' '.join(self.command)} ended with {process.returncode}:\n{said!r}")
        self.seconds.append(spent)
        self.peak = max(self.peak, usage.ru_maxrss)

    @property
    def median(self) -> float:
        """Seconds."""
        return statistics.median(self.seconds)


@dataclass(frozen=True)
class Place:
    """Where a book of one size stands, with what the other tools read."""

    root: Path
    cache: Path
    whole: Path  # all entries in one file
    journal: dict[str, Path]
    entries: int

    def empty_cache(self) -> None:
        """Nothing is kept."""
        shutil.rmtree(self.cache, ignore_errors=True)


def place_of(folder: Path, size: Size) -> Place:
    """The book of a size: as it stands there, or made."""
    root = folder / size.name
    if not (root / "made").exists():
        shutil.rmtree(root, ignore_errors=True)
        count = make(root, size)
        journals(root, folder / f"{size.name}-journals")
        with (folder / f"{size.name}.jsonl").open("wb") as whole:
            for path in sorted(root.glob("ledger/*/*/*.jsonl")):
                whole.write(path.read_bytes())
        (root / "made").write_text(str(count))
    places = folder / f"{size.name}-journals"
    files = {
        "ledger": places / "points.ledger",
        "hledger": places / "points.ledger",
        "beancount": places / "points.beancount",
    }
    count = int((root / "made").read_text())
    return Place(root, folder / f"{size.name}-cache", folder / f"{size.name}.jsonl", files, count)


def others(place: Place, name: str, beancount: str) -> Iterator[Task]:
    """The other tools and the floor."""
    report = ["balance", "--flat", "points"]
    if shutil.which("ledger"):
        command = ["ledger", "-f", str(place.journal["ledger"]), "--no-pager", "--no-total"]
        yield Task("ledger", [*command, *report], rounds=1 if name == "huge" else 5)
    if shutil.which("hledger") and name != "huge":
        command = [
            "hledger",
            "balance",
            "-f",
            str(place.journal["hledger"]),
            "--flat",
            "-N",
            "points",
        ]
        yield Task("hledger", command, rounds=3 if name == "small" else 1)
    if beancount and name == "small":
        load = [beancount, "-c", BEANCOUNT, str(place.journal["beancount"])]
        yield Task("beancount", load, rounds=3)
    floor = [sys.executable, str(HERE / "floor.py"), str(place.root), str(place.whole), "2025"]
    yield Task("floor", [*floor, str(place.cache / "floor")], rounds=3 if name == "huge" else 5)


def own(place: Place, name: str) -> Iterator[Task]:
    """qibi's commands."""
    qibi = [str(QIBI), "--book", str(place.root)]
    last = place.root / "ledger" / "2025" / "W52"
    aside = place.root.parent / "aside"

    def but_the_last_week() -> None:
        place.empty_cache()
        git = ["git", "-C", str(place.root)]
        subprocess.run([*git, "rm", "-r", "-q", "--cached", "ledger/2025/W52"], check=True)
        last.rename(aside)
        subprocess.run(
            [*qibi, "rank", "2025"], capture_output=True, check=True, env=settings(place)
        )
        aside.rename(last)
        subprocess.run([*git, "reset", "-q"], check=True)

    def forget() -> None:
        git = ["git", "-C", str(place.root)]
        for path in subprocess.run(
            [*git, "ls-files", "-z", "--others", "ledger"],
            capture_output=True,
            check=True,
            text=True,
        ).stdout.split("\0"):
            if path:
                (place.root / path).unlink()

    few = 2 if name == "huge" else 5
    yield Task("rank year, cold", [*qibi, "rank", "2025"], place.empty_cache, rounds=few)
    yield Task("rank year, warm", [*qibi, "rank", "2025"], rounds=few)
    yield Task(
        "rank year, a week more", [*qibi, "rank", "2025"], but_the_last_week, rounds=min(few, 3)
    )
    yield Task("rank --week", [*qibi, "rank", "--week=2025-W52"], rounds=few)
    yield Task("show", [*qibi, "show", "b1-001", "--week=2025-W52"], rounds=few)
    yield Task("why", [*qibi, "why", "b1-001", "2025-W52"], rounds=few)
    record = ["score", "-e", "b1-001 economy.five-small", "--week", "2025-W52", "--as", "b1-002"]
    yield Task("score -e", [*qibi, *record], forget, rounds=few)
    yield Task("check", [*qibi, "check"], forget, rounds=2 if name == "huge" else 3, allowed=(0, 1))
    lines = [sys.executable, "-c", LINES, str(place.root)]
    yield Task("check, lines and names only", lines, rounds=2 if name == "huge" else 3)
    if name != "huge":
        yield Task("audit", [*qibi, "audit"], rounds=3)


def settings(place: Place) -> dict[str, str]:
    """The environment of every process."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("QIBI_")}
    return kept | {"QIBI_CACHE": str(place.cache), "QIBI_LANG": "en", "QIBI_TODAY": "2026-01-10"}


def timed(place: Place, tasks: list[Task], most: int) -> None:
    """Every task once a round, in turn; no more rounds than that."""
    for number in range(min(most, max(task.rounds for task in tasks))):
        for task in tasks:
            if number < task.rounds:
                task.run(settings(place))
                print(f"  {task.name:28}{task.seconds[-1]:8.2f} s", file=sys.stderr, flush=True)


def table(found: dict[str, dict[str, list[float]]], entries: dict[str, int]) -> str:
    """What was measured, as Markdown."""
    rows = []
    for name, tasks in found.items():
        rows += [
            f"\n**{entries[name]:,} entries**\n",
            "| | s | peak MB | of ledger | of hledger | of the floor |",
        ]
        rows.append("| --- | ---: | ---: | ---: | ---: | ---: |")
        for task, (seconds, peak) in tasks.items():
            ratios = []
            for other in ("ledger", "hledger", "floor"):
                base = tasks.get(other, (0.0, 0))[0]
                ratios.append(f"{seconds / base:.3f}" if base and task != other else "")
            rows.append(f"| {task} | {seconds:.3f} | {peak / 1024:.0f} | {' | '.join(ratios)} |")
    return "\n".join(rows)


def scaling(folder: Path, rounds: int) -> str:
    """`rank --week` and `show` in a book of one week and in one of five years."""
    found: dict[str, list[Task]] = {}
    places = [place_of(folder, Size(18, 11, weeks)) for weeks in (1, 260)]
    for place in places:
        qibi = [str(QIBI), "--book", str(place.root)]
        found[place.root.name] = [
            Task("rank --week", [*qibi, "rank", "--week=2025-W52"], rounds=rounds),
            Task("show", [*qibi, "show", "b1-001", "--week=2025-W52"], rounds=rounds),
        ]
        for task in found[place.root.name]:
            task.run(settings(place))  # once for the caches
            task.seconds.clear()
    for _round in range(rounds):
        for place in places:
            for task in found[place.root.name]:
                task.run(settings(place))
    rows = ["\n| | 1 week, s | 5 years, s | ratio |", "| --- | ---: | ---: | ---: |"]
    for one, many in zip(*found.values(), strict=True):
        rows.append(
            f"| {one.name} | {one.median:.3f} | {many.median:.3f} | {many.median / one.median:.2f} |"
        )
    return "\n".join(rows)


LOAD = """
import sys, time
from pathlib import Path
import qibi.book.load
start = time.perf_counter()
qibi.book.load.load(Path(sys.argv[1]), Path(sys.argv[2]))
print(time.perf_counter() - start)
"""


def definitions(folder: Path, rounds: int) -> str:
    """Loading the definitions of 10,000 members, the first time and cached."""
    place = place_of(folder, Size(200, 50, 1, entries=1.0))
    first, later = [], []
    for _round in range(rounds):
        place.empty_cache()
        for spent in (first, later):
            command = [sys.executable, "-c", LOAD, str(place.root), str(place.cache)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            spent.append(float(done.stdout))
    return (
        f"\n10,000 members' definitions: {statistics.median(first):.2f} s the first time,"
        f" {1000 * statistics.median(later):.0f} ms once cached (medians of {rounds})"
    )


def main() -> None:
    """Make, time, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="keep the books there; else a temporary folder")
    parser.add_argument("--sizes", default="small,large", help="of: small, large, huge")
    parser.add_argument("--rounds", type=int, default=5, help="at most so many of each")
    parser.add_argument("--beancount", default="", help="a Python that has beancount")
    parser.add_argument("--json", type=Path, help="write the figures there")
    parser.add_argument("--plot", type=Path, help="draw cost against entries there")
    parser.add_argument("--only-plot", action="store_true", help="draw from --json, time nothing")
    chosen = parser.parse_args()
    if not chosen.only_plot:
        with tempfile.TemporaryDirectory(prefix="qibi-bench-") as temporary:
            folder = chosen.folder or Path(temporary)
            folder.mkdir(parents=True, exist_ok=True)
            measure(folder, chosen)
    if chosen.plot:
        saved = json.loads(chosen.json.read_text("utf-8"))
        chosen.plot.write_text(draw(saved["found"], saved["entries"]), "utf-8")


def measure(folder: Path, chosen: argparse.Namespace) -> None:
    """Time every size asked for, and print."""
    found: dict[str, dict[str, list[float]]] = {}
    entries: dict[str, int] = {}
    for name in chosen.sizes.split(","):
        print(f"{name}:", file=sys.stderr)
        place = place_of(folder, SIZES[name])
        tasks = [*others(place, name, chosen.beancount), *own(place, name)]
        timed(place, tasks, chosen.rounds)
        found[name] = {task.name: [task.median, task.peak] for task in tasks}
        entries[name] = place.entries
    print(f"Python {platform.python_version()}, {os.cpu_count()} processors")
    print(table(found, entries))
    print(scaling(folder, 9))
    print(definitions(folder, 3))
    if chosen.json:
        chosen.json.write_text(json.dumps({"found": found, "entries": entries}, indent=1), "utf-8")


if __name__ == "__main__":
    main()
