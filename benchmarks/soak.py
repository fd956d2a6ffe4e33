"""Kills qibi at random moments for as many rounds as one likes, and says what came of it, as Markdown.

Every round runs one command on real files and real git, kills it, looks, and runs the same command again;
tests/faults/rounds.py has the rounds and what has to hold after each. Rounds are shared among workers,
each with a seed of its own; a wrong round ends its worker and names seed and round, which repeat it.

    .venv/bin/python benchmarks/soak.py --rounds 10000
"""

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
SCRIPT = REPOSITORY / "tests" / "faults" / "rounds.py"
PORTION = 500  # rounds of one process: a failure costs no more than these


def main() -> int:
    """Play the rounds and print the table; 1 where any of them was wrong."""
    options = _options()
    started = time.monotonic()
    portions = [
        (min(PORTION, options.rounds - start), options.seed + number)
        for number, start in enumerate(range(0, options.rounds, PORTION))
    ]
    with ThreadPoolExecutor(options.workers) as pool:
        results = list(pool.map(_portion, portions))
    wrong = [said for _found, said in results if said]
    found = [one for one, _said in results if one]
    print(_table(found, options, time.monotonic() - started))
    for said in wrong:
        print(f"\nWRONG: {said}")
    return 1 if wrong else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Kill qibi at random moments, many times.")
    parser.add_argument("--rounds", type=int, default=1000, metavar="N")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), metavar="S")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N")
    options = parser.parse_args()
    if options.rounds < 1 or options.workers < 1:
        parser.error("--rounds and --workers must be 1 or more")
    return options


def _portion(portion: tuple[int, int]) -> tuple[dict, str]:
    rounds, seed = portion
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--rounds", str(rounds), "--seed", str(seed)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        return {}, done.stderr.strip() or f"seed {seed} ended with {done.returncode}"
    print(f"{rounds} rounds, seed {seed}: as it has to be", file=sys.stderr, flush=True)
    return json.loads(done.stdout), ""


def _table(found: list[dict], options: argparse.Namespace, seconds: float) -> str:
    """One row a command, then the sums."""
    rounds: Counter[str] = Counter()
    killed: Counter[str] = Counter()
    sums: Counter[str] = Counter()
    for one in found:
        rounds.update(one["rounds"])
        killed.update(one["killed"])
        sums.update({key: value for key, value in one.items() if isinstance(value, int)})
    lines = ["| what was killed | rounds | killed before its end |", "| --- | ---: | ---: |"]
    lines += [f"| `{name}` | {rounds[name]:,} | {killed[name]:,} |" for name in sorted(rounds)]
    lines += [f"| all | {sum(rounds.values()):,} | {sum(killed.values()):,} |", ""]
    said = {
        "acknowledged entries": sums["acknowledged"],
        "written, killed before it was said": sums["unsaid"],
        "killed between two batches": sums["in_part"],
        "killed again when run again": sums["again"],
        "written, killed, and not run again": sums["left"],
        "commits said to be made": sums["commits"],
        "locks of a killed git, reported": sums["locks"],
        "lost": sums["lost"],
        "doubled": sums["doubled"],
        "partial batches seen": sums["partial"],
    }
    lines += ["| what came of it | |", "| --- | ---: |"]
    lines += [f"| {name} | {count:,} |" for name, count in said.items()]
    lines += [
        "",
        f"seeds from {options.seed} on, {PORTION} rounds each; {seconds / 60:.0f} minutes, "
        f"{options.workers} workers, {platform.system()}, Python {platform.python_version()}",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
