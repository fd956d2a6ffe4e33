"""Reads as many noisy score sheets as one likes and says what came of each kind of noise, as Markdown.

Every sheet holds random entries in a random layout with the noise of real files (tests/noises.py), and
is read in this process. What is read must be what was meant; a refusal is allowed; anything else is
wrong and named with its seed and number, which repeat it.

    .venv/bin/python benchmarks/sheet_noise.py --runs 100000
    .venv/bin/python benchmarks/sheet_noise.py --seed 7 --only 4711
    .venv/bin/python benchmarks/sheet_noise.py --runs 5000 --refused 10
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1] / "tests")

from noisy_files import EITHER, READ, REFUSE, Outcome, books, outcomes, shown  # noqa: E402
from qibi.base import language  # noqa: E402

PORTION = 1000  # sheets with books of their own
BOOKS = 10
SHOWN = 20
Found = tuple[Counter, list[str], list[str]]


def main() -> int:
    """Read the sheets and print the table; 1 where any of them was wrong."""
    options = _options()
    if options.only is not None:
        return _one(options.seed, options.only)
    started = time.monotonic()
    starts = range(0, options.runs, PORTION)
    portions = [(options.seed, start, min(start + PORTION, options.runs)) for start in starts]
    count: Counter = Counter()
    wrong: list[str] = []
    refused: list[str] = []
    with ProcessPoolExecutor(options.jobs) as pool:
        for found, bad, left in pool.map(_portion, portions):
            count += found
            wrong += bad
            refused += left
    print(_table(count, options, time.monotonic() - started))
    for said in refused[: options.refused]:
        print(f"\nREFUSED {said}")
    for said in wrong[:SHOWN]:
        print(f"\nWRONG {said}")
    if len(wrong) > SHOWN:
        print(f"\nand {len(wrong) - SHOWN} more")
    return 1 if wrong else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Read noisy score sheets, as many as one likes.")
    parser.add_argument("--runs", type=int, default=10_000, metavar="N")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), metavar="S")
    parser.add_argument("--jobs", type=int, default=2, metavar="N")
    parser.add_argument("--only", type=int, metavar="N", help="show this sheet of the seed")
    parser.add_argument(
        "--refused", type=int, default=0, metavar="N", help="show as many that should be read"
    )
    options = parser.parse_args()
    if options.runs < 1 or options.jobs < 1:
        parser.error("--runs and --jobs must be 1 or more")
    return options


def _portion(portion: tuple[int, int, int]) -> Found:
    """What came of the sheets from one number to another: per kind, and those that were wrong."""
    seed, start, end = portion
    count: Counter = Counter()
    wrong, refused = [], []
    for number, sheet, outcome in _read(seed, start, end):
        for kind in {*outcome.kinds, ""}:
            count[kind, outcome.expect, outcome.result] += 1
        if outcome.result in ("wrong", "crashed"):
            wrong.append(_said(seed, number, sheet, outcome))
        elif outcome.result == "refused" and outcome.expect == READ:
            refused.append(_said(seed, number, sheet, outcome))
    return count, wrong, refused


def _read(seed: int, start: int, end: int):
    language.use("en")
    with tempfile.TemporaryDirectory() as folder:
        portion = start // PORTION
        worlds, loaded = books(Path(folder), seed + portion, BOOKS)
        yield from outcomes(seed, range(start, end), worlds, loaded)


def _one(seed: int, number: int) -> int:
    portion = number // PORTION * PORTION
    for found, sheet, outcome in _read(seed, portion, number + 1):
        if found == number:
            print(_said(seed, number, sheet, outcome))
            return 1 if outcome.result in ("wrong", "crashed") else 0
    return 2


def _said(seed: int, number: int, sheet, outcome: Outcome) -> str:
    head = f"--seed {seed} --only {number} ({outcome.result}; {outcome.expect} is right)"
    return f"{head}\n{shown(sheet)}\n{outcome.details}"


def _table(count: Counter, options: argparse.Namespace, seconds: float) -> str:
    """The shares of all sheets by what has to come of them, and the figures of each kind."""
    lines = [
        f"{options.runs:,} sheets, seed {options.seed}, {options.jobs} processes, {seconds:.0f} s",
        "",
        "| what has to come of it | sheets | read | refused | wrong |",
        "|---|--:|--:|--:|--:|",
    ]
    titles = {READ: "to be read", EITHER: "may be refused", REFUSE: "to be refused"}
    for expect, title in titles.items():
        lines.append(_line(title, count, "", [expect]))
    lines.append(_line("all", count, "", list(titles)))
    lines += ["", "| kind | sheets | read | refused | wrong |", "|---|--:|--:|--:|--:|"]
    # Those that another noise spoils say nothing about a kind that is to be understood
    kinds = sorted({kind for kind, _e, _r in count if kind})
    lines += [_line(kind, count, kind, _own(count, kind)) for kind in kinds]
    return "\n".join(lines)


def _own(count: Counter, kind: str) -> list[str]:
    """What has to come of this kind alone: the mildest that was seen with it."""
    return [next(e for e in (READ, EITHER, REFUSE) if any(count[kind, e, r] for r in _RESULTS))]


_RESULTS = ("read", "refused", "wrong", "crashed")


def _line(title: str, count: Counter, kind: str, expects: list[str]) -> str:
    read, refused, *bad = (sum(count[kind, e, r] for e in expects) for r in _RESULTS)
    total = read + refused + sum(bad)
    share = f"{read:,} ({read / total:.1%})" if total else "0"
    return f"| {title} | {total:,} | {share} | {refused:,} | {sum(bad):,} |"


if __name__ == "__main__":
    sys.exit(main())
