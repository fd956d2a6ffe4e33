"""Every write step of a command, failing: before it took effect, after, in part; once and for good.

    python tests/faults/steps.py --commands entry,sheet --part 1/2

prints one line of JSON: what was tried. The first wrong thing ends it with a message that names the case.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import fixed_clock
from faults import forks, scene
from faults.failing import ERRORS, MODES, Disk
from faults.scene import PEOPLE, Fact

WEEK = "2026-W46"
ROWS = "".join(f"{who},{item},1,row {item}\n" for who in PEOPLE for item in ("tidy", "late"))


@dataclass(frozen=True)
class Case:
    """A command, and what it adds to the ledger that it meets."""

    name: str
    arguments: list[str]
    adds: Counter[Fact]


class Bench:
    """A book as it stands before each command, and copies of it that may be broken."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.env = scene.environment(place / "home") | fixed_clock.dates()
        self.start = scene.make(place / "start", self.env)
        self.sheet = place / "week.csv"
        self.sheet.write_text("name,item,count,note\n" + ROWS)
        self._done("score", "-e", "ann tidy x2 first", "--week", WEEK)
        [(self.entry, _)] = scene.entries(scene.batches(self.start))
        self.stands = scene.facts(self.start)

    def _done(self, *arguments: str) -> None:
        path = {"PYTHONPATH": os.pathsep.join(part for part in sys.path if part)}
        subprocess.run(
            [*fixed_clock.command(), *arguments],
            cwd=self.start,
            env=self.env | path,
            check=True,
            capture_output=True,
        )

    def cases(self) -> list[Case]:
        """The commands that record, each with what it adds."""
        rows = [
            ("score", WEEK, who, f"order.{item}", f"row {item}")
            for who in PEOPLE
            for item in ("tidy", "late")
        ]
        new = ("score", "2026-W45", "bob", "order.late", "new")
        mended = ("score", WEEK, "ann", "order.tidy", "mended")
        void: Fact = ("void", self.entry)
        return [
            Case("entry", ["score", "-e", "bob late new", "--week", "W45"], Counter([new])),
            Case(
                "sheet",
                ["score", str(self.sheet), "--week", WEEK],
                Counter([("assessed", WEEK), *rows]),
            ),
            Case("void", ["void", self.entry, "--reason", "x"], Counter([void])),
            Case(
                "fix",
                ["fix", self.entry, "--note", "mended", "--reason", "x"],
                Counter([void, mended]),
            ),
        ]

    def steps(self, case: Case) -> list[str]:
        """The steps by which this command writes, in order."""
        book, log = scene.copy(self.start, self.place / "book"), self.place / "log"
        log.unlink(missing_ok=True)
        ended = forks.run(book, case.arguments, self.env, before=Disk(book, log=log).install)
        assert ended.code == 0, ended.said
        return log.read_text().splitlines()

    def fail(self, case: Case, disk: Disk) -> bool:
        """Run a command on a disk that fails, look, run it again, look; whether the error showed."""
        book = scene.copy(self.start, disk.folder)
        ended = forks.run(book, case.arguments, self.env, before=disk.install)
        assert ended.code in (0, 2), f"it ended with {ended.code}: {ended.said}"
        assert "Traceback" not in ended.said and "a bug in qibi" not in ended.said, ended.said
        told = any(line.startswith("recorded ") for line in ended.stdout.splitlines())
        assert told == (ended.code == 0), ended.said
        self._look(book, case, must=told)
        if ended.code == 0:
            return False
        if "can't be written" in ended.stderr and not disk.for_good:
            assert scene.facts(book) == self.stands, "said not to be written, and yet it stands"
        again = forks.run(book, case.arguments, self.env)
        assert again.code == 0, again.said
        self._look(book, case, must=True)
        return True

    def _look(self, book: Path, case: Case, *, must: bool) -> None:
        from qibi.checks.registry import run_all

        files = scene.batches(book)
        assert not scene.torn(files), scene.torn(files)
        have, all_of_it = scene.facts(book), self.stands + case.adds
        assert have == all_of_it or (not must and have == self.stands), have
        assert not run_all(book, Path(self.env["QIBI_CACHE"])).errors


def faults(steps: list[str]) -> Iterator[tuple[int, str, bool, int]]:
    """Step, mode, whether for good, and error: each error number takes its turn."""
    turn = 0
    for at, name in enumerate(steps, 1):
        for mode in MODES:
            if mode == "short" and name != "write":
                continue
            for for_good in (False, True):
                yield at, mode, for_good, ERRORS[turn % len(ERRORS)]
                turn += 1


def main() -> int:
    """Try every fault of the chosen commands; 1 where something was wrong."""
    parser = argparse.ArgumentParser(description="Let every write step of qibi fail.")
    parser.add_argument("--commands", default="entry,sheet,void,fix")
    parser.add_argument("--part", default="1/1", help="1/2: every second fault, from the first")
    options = parser.parse_args()
    part, of = map(int, options.part.split("/"))
    tried: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="qibi-faults-") as temporary:
        bench = Bench(Path(temporary))
        for case in bench.cases():
            if case.name not in options.commands.split(","):
                continue
            steps = bench.steps(case)
            assert {"open", "write", "fsync", "rename", "close"} <= set(steps), steps
            for number, (at, mode, for_good, error) in enumerate(faults(steps)):
                if number % of != part - 1:
                    continue
                disk = Disk(Path(temporary) / "book", at, mode, for_good, error)
                try:
                    tried["errors shown"] += bench.fail(case, disk)
                except AssertionError as wrong:
                    place = f"{case.name}, step {at} ({steps[at - 1]}) {mode}"
                    print(f"{place}, for good: {for_good}: {wrong}", file=sys.stderr)
                    return 1
                tried[case.name] += 1
    print(json.dumps(tried))
    return 0


if __name__ == "__main__":
    sys.exit(main())
