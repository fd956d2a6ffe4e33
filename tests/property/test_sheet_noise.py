"""Random entries written out as people write them, with the noise of real files, and read back.

What comes back is what was meant, or a refusal; other entries never. benchmarks/sheet_noise.py runs
as many as one likes and says how many of each kind were read and refused.
"""

from collections import Counter
from pathlib import Path

import pytest

from noise_cli import through_command_line
from noisy_files import READ, books, made, outcomes, shown
from qibi.base import language

SEED = 20261128
SHEETS = 1000
PARTS = 4
BOOKS = 5  # of each part
BY_COMMAND = 6  # of each part, through the command line


@pytest.mark.parametrize("part", range(PARTS))
def test_what_is_read_is_what_was_meant(part: int, tmp_path: Path) -> None:
    language.use("en")
    seed = SEED + part
    worlds, loaded = books(tmp_path, seed, BOOKS)
    count: Counter[str] = Counter()
    wrong = []
    for number, sheet, outcome in outcomes(seed, range(SHEETS // PARTS), worlds, loaded):
        if outcome.expect == READ:
            count[outcome.result] += 1
        if outcome.result in ("wrong", "crashed"):
            wrong.append(f"seed {seed}, number {number}\n{shown(sheet)}\n{outcome.details}")
    assert not wrong, "\n\n".join(wrong[:3])
    share = count["read"] / sum(count.values())
    assert share >= 0.8, f"only {share:.0%} of what is to be understood was read"


@pytest.mark.parametrize("part", range(PARTS))
def test_the_command_line_records_what_was_meant(part: int, tmp_path: Path) -> None:
    seed = SEED + part
    worlds, _loaded = books(tmp_path / "books", seed, BOOKS)
    for number in range(BY_COMMAND):
        sheet, world = made(seed, number, worlds)
        outcome = through_command_line(tmp_path / str(number), world, sheet)
        details = f"seed {seed}, number {number}\n{shown(sheet)}\n{outcome.details}"
        assert outcome.result in ("read", "refused"), details
