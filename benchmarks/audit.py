"""How long `qibi audit` takes on a book of twelve years: 18 branches, a commit a branch and week.

The book is made in a moment by `git fast-import`: the sample book's scheme and people, a batch for each
branch and week, side branches that are merged, each week closed by a real seal, some weeks corrected.
Then `qibi audit` is timed as a whole process, and once more inside Python, to print where the time goes.

    .venv/bin/python benchmarks/audit.py                  # makes the book, audits it, removes it
    .venv/bin/python benchmarks/audit.py --keep DIR       # keeps the book there, and takes it where it stands
"""

import argparse
import cProfile
import io
import os
import platform
import pstats
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from qibi.base import weeks as wk
from qibi.book.definitions import Definitions
from qibi.book.load import load
from qibi.ledger.batches import Batch, digest, encode_batch, folder, name
from qibi.ledger.entries import Assessed, Entry, Score
from qibi.ledger.seals import (
    SEALS,
    SealedBatch,
    SealFile,
    encode_seal,
    parse_seal,
    parse_whole,
    seal_name,
)
from qibi.ledger.seals import digest as whole_digest
from qibi.proof import audit as parts
from qibi.proof.closing import CloseRequest, content, missing_branches
from qibi.proof.repository import AuditInputs, Repository
from qibi.proof.results import Results, results
from qibi.scoring.engine import rules_digest

SAMPLE = Path(__file__).resolve().parent.parent / "ledgers" / "example"
LAST = "2026-W40"
ZONE = "+08:00"


def definition_files(first: str) -> dict[str, bytes]:
    """The sample book's definitions with 18 of its branches, in force from this week on."""
    found = {}
    for path in sorted(SAMPLE.rglob("*.yaml")):
        place = path.relative_to(SAMPLE).as_posix()
        if place.startswith(("plans/", "evidence/")) or place in (
            "branches/river-1.yaml",
            "scheme/2026-W01.yaml",
        ):
            continue
        text = path.read_text("utf-8")
        lines = [line for line in text.splitlines() if "o2-010" not in line or "since" in line]
        text = "\n".join(lines) + "\n"
        if place.startswith("branches/"):
            text = _since(text, first)
        found[f"scheme/{first}.yaml" if place.startswith("scheme/") else place] = text.encode()
    found[".gitattributes"] = (SAMPLE / ".gitattributes").read_bytes()
    return found


def _since(text: str, first: str) -> str:
    """The same branch, everything in it from this week on and without an end."""
    import re

    text = re.sub(r"since: [0-9]{4}-W[0-9]{2}", f"since: {first}", text)
    kept = [row for row in text.splitlines() if "until: " not in row]
    return "\n".join(kept) + "\n"


class Writer:
    """The stream that `git fast-import` reads: commits on main and on side branches."""

    def __init__(self, out: io.BufferedIOBase) -> None:
        self.out, self.mark, self.commits = out, 0, 0
        self.clock = datetime(2014, 1, 1, tzinfo=UTC)

    def commit(self, ref: str, message: str, files: dict[str, bytes], merge: str = "") -> None:
        """One commit that adds these files."""
        self.commits += 1
        self.clock += timedelta(minutes=9)
        stamp = f"Ann <ann@example.invalid> {int(self.clock.timestamp())} +0800"
        text = message.encode()
        head = f"commit {ref}\ncommitter {stamp}\ndata {len(text)}\n".encode() + text + b"\n"
        if merge:
            head += f"merge {merge}\n".encode()
        self.out.write(head)
        for path, raw in files.items():
            self.out.write(f"M 100644 inline {path}\ndata {len(raw)}\n".encode() + raw + b"\n")
        self.out.write(b"\n")

    def branch(self, ref: str, at: str) -> None:
        """Begin a side branch there."""
        self.out.write(f"reset {ref}\nfrom {at}\n\n".encode())


def batch_of(
    week: str, branch: str, definitions: Definitions, dice: random.Random, late: bool
) -> Batch:
    """What one branch recorded for a week, or later for a closed one."""
    people = definitions.members_of(branch, week)
    scheme = definitions.scheme(week)
    assert scheme
    items = [i for i in scheme.items() if i.fixed and "member" in _kinds(scheme, i.criterion)]
    when = wk.sunday(week) + timedelta(days=9 if late else 1)
    stamp = {
        "week": week,
        "branch": branch,
        "recorded_by": people[0].id,
        "recorded_at": f"{when.isoformat()}T09:00:00{ZONE}",
    }
    entries: list[Entry] = [] if late else [Assessed(**stamp)]
    for _n in range(1 if late else dice.randint(4, 10)):
        item = dice.choice(items)
        points = item.fixed or 0
        entries.append(
            Score(
                **stamp,
                subject=dice.choice(people).id,
                item=item.id,
                points=points // 100 if points % 100 == 0 else points / 100,
                scored_by=item.scorer,
                note="补录" if late else "",
            )
        )
    raw = encode_batch(entries)
    return Batch(f"{folder(week)}/{name(branch, raw)}", digest(raw), week, branch, tuple(entries))


def _kinds(scheme, criterion):  # type: ignore[no-untyped-def]  # a helper of one line
    found = scheme.criterion(criterion)
    return found.applies_to if found else ()


def make(root: Path, count: int) -> int:
    """Make the book; how many commits it has."""
    first = wk.shift(LAST, 1 - count)
    for path, raw in definition_files(first).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(raw)
    definitions = load(root)
    assert len(definitions.branches) == 18, [b.id for b in definitions.branches]
    dice = random.Random(7)
    weeks = wk.span(first, LAST)
    at_first = {
        week: [batch_of(week, b.id, definitions, dice, late=False) for b in definitions.branches]
        for week in weeks
    }
    late = {
        week: batch_of(week, dice.choice(definitions.branches).id, definitions, dice, late=True)
        for week in weeks
        if dice.random() < 0.05
    }
    policies = dict.fromkeys(weeks, definitions.lists)
    sealed = results(definitions, at_first, policies, rules_digest())
    again = {week: [*at_first[week], late[week]] for week in late}
    corrected = results(definitions, again, policies, rules_digest())
    subprocess.run(["git", "init", "-q", "-b", "main", str(root)], check=True)
    importing = subprocess.Popen(
        ["git", "-C", str(root), "fast-import", "--quiet"], stdin=subprocess.PIPE
    )
    assert importing.stdin
    writer = Writer(importing.stdin)
    writer.commit("refs/heads/main", "a book", definition_files(first))
    chain: list[SealFile] = []
    for week in weeks:
        _recorded(writer, at_first[week], side=dice.random() < 0.2)
        _closed(writer, definitions, week, chain, at_first[week], sealed[week], "")
        if week in late:
            batch = late[week]
            raw = {batch.path: encode_batch(batch.entries)}
            writer.commit("refs/heads/main", f"late: {week}", raw)
            approver = "i1-001" if batch.entries[0].recorded_by == "i2-001" else "i2-001"
            _closed(writer, definitions, week, chain, again[week], corrected[week], approver)
    importing.stdin.close()
    assert importing.wait() == 0
    git = ["git", "-C", str(root)]
    for ref in ("refs/heads/side",):
        subprocess.run([*git, "update-ref", "-d", ref], check=False)
    subprocess.run([*git, "reset", "-q", "--hard"], check=True)
    return writer.commits


def _recorded(writer: Writer, batches: list[Batch], *, side: bool) -> None:
    """A commit each; with `side` the last three come from a clone that is merged."""
    cut = len(batches) - 3 if side else len(batches)
    main = "refs/heads/main"
    if side:
        writer.branch("refs/heads/side", main)
    for number, batch in enumerate(batches):
        ref = main if number < cut else "refs/heads/side"
        files = {batch.path: encode_batch(batch.entries)}
        writer.commit(ref, f"{batch.branch} {batch.week}", files)
    if side:
        files = {b.path: encode_batch(b.entries) for b in batches[cut:]}
        writer.commit(main, "merge", files, merge="refs/heads/side")


def _closed(
    writer: Writer,
    definitions: Definitions,
    week: str,
    chain: list[SealFile],
    batches: list[Batch],
    found: Results,
    approved_by: str,
) -> None:
    before = next((f for f in reversed(chain[-2:]) if f.seal.week == week), None)
    when = wk.sunday(week) + timedelta(days=10 if before else 8)
    wish = CloseRequest(
        "i1-001", f"{when.isoformat()}T10:00:00{ZONE}", {}, approved_by, approved_by and "补录"
    )
    listed = [SealedBatch(b.path, whole_digest(encode_batch(b.entries))) for b in batches]
    earlier = _raw_of.get(before.path) if before else None
    seal = content(
        definitions,
        week,
        wish,
        sealed=chain,
        before=before,
        earlier=parse_whole(earlier) if earlier else None,
        batches=listed,
        found=found,
        missing=missing_branches(definitions, batches, week),
        pending=[b.path for b in batches if before and b.path not in before.batches],
    )
    path = f"{SEALS}/{seal_name(week, 2 if before else 1)}"
    raw = encode_seal(seal)
    _raw_of.clear()
    _raw_of[path] = raw
    file = parse_seal(path, raw)
    assert isinstance(file, SealFile), file
    chain.append(file)
    writer.commit("refs/heads/main", f"close {week}", {path: raw})


_raw_of: dict[str, bytes] = {}  # the latest seal, which a correction needs whole


def timed(root: Path, cache: Path, runs: int) -> dict[str, list[float]]:
    """Seconds of whole processes: of a first audit, with nothing kept, and of the one after it."""
    environment = {**os.environ, "QIBI_LANG": "en", "QIBI_CACHE": str(cache)}
    command = [sys.executable, "-m", "qibi", "--book", str(root), "audit"]
    spent: dict[str, list[float]] = {"the first": [], "later": []}
    for number in range(runs):
        shutil.rmtree(cache, ignore_errors=True)
        for which in spent:
            start = time.perf_counter()
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, check=False
            )
            spent[which].append(time.perf_counter() - start)
            if done.returncode != 0:
                said = f"{done.stdout}{done.stderr}"
                raise SystemExit(f"the audit ended with {done.returncode}:\n{said}")
            if not number:
                print(done.stdout)
    return spent


def where(root: Path, profile: bool) -> None:
    """Print how long each part takes, in this process; with `profile`, the functions too."""
    exhibits = AuditInputs(Repository(root, dict(os.environ)))
    profiler = cProfile.Profile()
    if profile:
        profiler.enable()
    print("\nwhere the time goes (one process, modules imported):")
    steps = [
        ("reading the tree", lambda: exhibits.files),
        ("reading the files", lambda: exhibits.raw),
        ("parsing the batches", lambda: exhibits.parsed),
        ("reading the seals", lambda: exhibits.chained),
        ("the definitions", lambda: exhibits.definitions),
        *(
            (code, lambda part=part: [*(part(exhibits)[1] or ())])
            for code, _title, part in parts.PARTS
        ),
    ]
    begun = time.perf_counter()
    for label, step in steps:
        start, cpu = time.perf_counter(), time.process_time()
        step()
        spent, own = time.perf_counter() - start, time.process_time() - cpu
        print(f"  {label:22}{spent:7.2f} s  ({own:.2f} s in Python and DuckDB)")
    print(f"  {'together':22}{time.perf_counter() - begun:7.2f} s")
    if profile:
        profiler.disable()
        pstats.Stats(profiler).sort_stats("tottime").print_stats(35)


def main() -> None:
    """Make the book, time the audit, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weeks", type=int, default=624, help="how many (624: twelve years)")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument(
        "--keep", type=Path, help="keep the book in this folder, or take it from there"
    )
    parser.add_argument("--profile", action="store_true", help="print the functions that cost most")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="qibi-audit-") as temporary:
        root = options.keep or Path(temporary)
        if not (root / "qibi.yaml").exists():
            start = time.perf_counter()
            commits = make(root, options.weeks)
            print(f"made a book of {commits} commits in {time.perf_counter() - start:.0f} s")
        print(f"Python {platform.python_version()}, {os.cpu_count()} processors")
        with tempfile.TemporaryDirectory(prefix="qibi-audit-cache-") as cache:
            for which, spent in timed(root, Path(cache), options.runs).items():
                print(
                    f"qibi audit, {which}, whole process, {len(spent)} runs: {min(spent):.2f} to"
                    f" {max(spent):.2f} s, median {statistics.median(spent or [0]):.2f} s"
                )
        where(root, options.profile)


if __name__ == "__main__":
    main()
