"""A command killed at every system call that changes the disk, and every such call failing (strace).

    python tests/faults/syscalls.py --commands entry,commit --fault kill --part 1/2

A run is recorded first; then each call found there is the last that a run comes to: it dies as it enters
it. Between two such calls nothing changes on the disk, so dying after a call is dying before the next, and
leaving (`exit_group`) is counted as one. strace counts calls by name and thread: without `-f` that is
the main thread of one process, which does all of qibi's writing. Git's own processes are caught one by one by
a `git` that stands first in PATH: it runs the chosen one under strace, and kills qibi with it.
"""

import argparse
import json
import os
import re
import shlex
import shutil
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
from faults.steps import WEEK, Bench, Case

CALLS = [
    "open",
    "openat",
    "creat",
    "write",
    "pwrite64",
    "writev",
    "fsync",
    "fdatasync",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "unlink",
    "unlinkat",
    "mkdir",
    "mkdirat",
    "rmdir",
    "symlink",
    "symlinkat",
    "chmod",
    "fchmod",
    "fchmodat",
    "truncate",
    "ftruncate",
    "fallocate",
    "close",
    "exit_group",
]
ONCE = ("open", "openat", "close")  # for good these would fail for what is read, too
ERRORS = ("ENOSPC", "EIO", "EDQUOT")
# The clock stands still, so that git's objects have the same ids each time: whether the folder of an id is
# there already decides how many calls git makes. Should a run end before its point all the same, it is run again.
ATTEMPTS = 5
COMMITS = ("commit", "close")  # what runs git
QIBI = 0  # the process that is traced: qibi itself, else the number of the git that it runs
_LINE = re.compile(r"(\w+)\((.*)")

_GIT = """\
#!/bin/sh
# The git that qibi finds: it counts, and runs one of them under strace.
n=$(($(cat "$COUNTER") + 1)); echo $n >"$COUNTER"
[ -n "$RECORD" ] && exec strace -qq -y -o "$RECORD.$n" -e trace="$CALLS" -- {git} "$@"
[ "$n" = "$CHOSEN" ] || exec {git} "$@"
strace -qq -y -o "$LOG" -e trace="$CALLS" -e inject="$INJECT" -- {git} "$@"
code=$?
[ -n "$TOGETHER" ] && [ $code = 137 ] && kill -9 $PPID
exit $code
"""


@dataclass(frozen=True)
class Point:
    """The `nth` call of this name in a process; what it was when it was recorded."""

    process: int
    name: str
    nth: int
    shown: str


class Traced:
    """Runs under strace, each on a copy of one book."""

    def __init__(self, place: Path) -> None:
        self.bench = Bench(place)
        self.place, self.book = place, place / "book"
        self.log = place / "trace"
        bin_folder = place / "bin"
        bin_folder.mkdir()
        real = shutil.which("git")
        (bin_folder / "git").write_text(_GIT.format(git=real))
        (bin_folder / "git").chmod(0o755)
        self.env = self.bench.env | {
            "PATH": f"{bin_folder}:{self.bench.env['PATH']}",
            "COUNTER": str(place / "counter"),
            "CALLS": ",".join(CALLS),
            "LOG": str(self.log),
            "RECORD": "",
            "CHOSEN": "",
            "TOGETHER": "",
            "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
        }

    def cases(self) -> list[Case]:
        """What records, commit, and close."""
        close = ["close", WEEK, "--without", "east", "--note", "x"]
        return [
            *self.bench.cases(),
            Case("commit", ["commit"], Counter()),
            Case("close", close, Counter()),
        ]

    def points(self, case: Case) -> list[Point]:
        """The calls of a run that change what is on the disk, and those that say so."""
        record = self.place / "record"
        gits = case.name in COMMITS
        done = self._run(
            case, ["-e", f"trace={','.join(CALLS)}"], {"RECORD": str(record)} if gits else {}
        )
        assert done.code == 0, done.said
        found = list(self._changing(QIBI, self.log))
        for log in sorted(self.place.glob("record.*"), key=lambda p: int(p.suffix[1:])):
            found += self._changing(int(log.suffix[1:]), log)
            log.unlink()
        return found

    def _changing(self, process: int, log: Path) -> Iterator[Point]:
        nth: Counter[str] = Counter()
        wrote = process == QIBI
        points = []
        for line in log.read_text("utf-8", "replace").splitlines():
            call = _LINE.match(line)
            if not call:
                continue
            name, rest = call.groups()
            nth[name] += 1
            if self._changes(name, rest, process):
                points.append(Point(process, name, nth[name], line[:120]))
                wrote |= name not in ("close", "exit_group")
        yield from points if wrote else []

    def _changes(self, name: str, rest: str, process: int) -> bool:
        at_folder = re.match(r'(?:AT_FDCWD|[0-9]+)<([^>]*)>, "(?!/)', rest)
        if at_folder:  # a path from the folder that is named first
            inside = at_folder[1].startswith(str(self.book))
        else:
            inside = str(self.book) in re.sub(r"^AT_FDCWD<[^>]*>", "", rest)
        if name == "exit_group":
            return True
        if name in ("open", "openat", "creat"):
            return inside and ("O_CREAT" in rest or name == "creat")
        if name in ("write", "writev") and rest.startswith(("1<", "2<")):
            return process == QIBI  # what a person reads
        if name in ("write", "pwrite64", "writev", "fsync", "fdatasync", "ftruncate", "fallocate"):
            return inside
        if name == "close":
            return inside and process == QIBI and (".tmp" in rest or ".lock" in rest)
        return inside or (rest.startswith('"') and '"/' not in rest)  # from the book's folder

    def _run(self, case: Case, options: list[str], more: dict[str, str]) -> forks.Ended:
        """Run the command on a copy, under strace if that has options; killed is no exit code."""
        scene.copy(self.bench.start, self.book)
        (self.place / "counter").write_text("0\n")
        if not options:  # strace is for one of its gits
            return forks.run(self.book, case.arguments, self.env | more, at=fixed_clock.NOON)
        strace = ["strace", "-qq", "-y", "-o", str(self.log), *options, "--"]
        done = subprocess.run(
            [*strace, *fixed_clock.command(), *case.arguments],
            cwd=self.book,
            env=self.env | more,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        code = None if done.returncode in (-9, 137) else done.returncode
        return forks.Ended(code, done.stdout, done.stderr, 0)

    def kill(self, case: Case, point: Point) -> None:
        """The run dies at this call, git and qibi together; afterwards all must be well."""
        for _attempt in range(ATTEMPTS):
            done = self._injected(case, point, "signal=KILL")
            if done.code is None:
                break
        assert done.code is None, f"it was not killed: {done.said}"
        assert point.name in _last_call(self.log), _last_call(self.log)
        self._look(case, done.said)

    def fail(self, case: Case, point: Point, error: str, for_good: bool) -> None:
        """This call fails (and, for good, all of its name after it); afterwards all must be well."""
        for _attempt in range(ATTEMPTS):
            done = self._injected(case, point, f"error={error}", "+" if for_good else "")
            reached = "(INJECTED)" in self.log.read_text("utf-8", "replace")
            if reached:
                break
        assert done.code in (0, 2) or point.name == "write", done.said
        assert "Traceback" not in done.stderr, done.stderr
        assert reached, "no call failed"
        self._look(case, done.said if done.code != 120 else "")

    def _injected(self, case: Case, point: Point, what: str, plus: str = "") -> forks.Ended:
        inject = f"{point.name}:{what}:when={point.nth}{plus}"
        if point.process == QIBI:
            trace = ["-e", f"trace={','.join(CALLS)}", "-e", f"inject={inject}"]
            return self._run(case, trace, {})
        together = "yes" if "KILL" in what else ""
        more = {"CHOSEN": str(point.process), "INJECT": inject, "TOGETHER": together}
        return self._run(case, [], more)

    def _look(self, case: Case, said: str) -> None:
        lines = said.splitlines()
        told = any(line.startswith("recorded ") or "is closed" in line for line in lines)
        self.bench._look(self.book, case, must=told)
        ended = told and not scene.marks(self.book)  # to run it again would mean it anew
        for _attempt in range(3):
            if ended:
                break
            again = forks.run(self.book, case.arguments, self.bench.env)
            if "git is locked" not in again.stderr:
                break
            paths = re.search(r"rm (.+)$", again.stderr.replace("\n", " ").strip())
            assert paths, again.stderr
            for path in shlex.split(paths[1]):
                Path(path).unlink()
        assert ended or again.code == 0, again.said
        self.bench._look(self.book, case, must=True)
        if case.name in COMMITS:
            changed = scene.git(self.book, self.bench.env, "status", "--porcelain")
            assert not changed.strip(), changed
            scene.git(self.book, self.bench.env, "fsck", "--strict", "--no-dangling")
            tree = scene.git(self.book, self.bench.env, "ls-tree", "-r", "--name-only", "HEAD")
            assert set(scene.batches(self.book)) <= set(tree.splitlines()), tree
            assert ".tmp" not in tree and ".lock" not in tree, tree
            seals = [path for path in tree.splitlines() if path.startswith("seals/")]
            assert seals == ([f"seals/{WEEK}.json"] if case.name == "close" else []), tree


def _last_call(log: Path) -> str:
    lines = [
        m[0] for line in log.read_text("utf-8", "replace").splitlines() if (m := _LINE.match(line))
    ]
    return lines[-1] if lines else ""


def main() -> int:
    """Try every point of the chosen commands; 1 where something was wrong."""
    parser = argparse.ArgumentParser(description="Kill or fail qibi at every system call.")
    parser.add_argument("--commands", default="entry,sheet,void,fix,commit,close")
    parser.add_argument("--fault", choices=("kill", "error"), default="kill")
    parser.add_argument("--part", default="1/1", help="1/2: every second point, from the first")
    options = parser.parse_args()
    part, of = map(int, options.part.split("/"))
    tried: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="qibi-faults-") as temporary:
        traced = Traced(Path(temporary))
        for case in traced.cases():
            if case.name not in options.commands.split(","):
                continue
            for number, point in enumerate(traced.points(case)):
                if number % of != part - 1 or (
                    options.fault == "error" and point.name == "exit_group"
                ):
                    continue
                try:
                    if options.fault == "kill":
                        traced.kill(case, point)
                    else:
                        turn = number // of
                        lasting = turn // len(ERRORS) % 2 == 1 and point.name not in ONCE
                        traced.fail(case, point, ERRORS[turn % len(ERRORS)], lasting)
                except AssertionError as wrong:
                    print(f"{case.name}, {options.fault} at {point}: {wrong}", file=sys.stderr)
                    return 1
                tried[case.name] += 1
    print(json.dumps(tried))
    return 0


if __name__ == "__main__":
    sys.exit(main())
