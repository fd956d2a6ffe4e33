"""Random histories: honest ones raise no alarm, and one cheat in any of them is caught.

`QIBI_HISTORIES` says how many of each kind; the default is what CI runs. docs/reliability.md has the
figures of a longer run.
"""

import os
import random
from pathlib import Path

import cheats
import pytest
from world import grown

from qibi.base.findings import Refusal

HISTORIES = int(os.environ.get("QIBI_HISTORIES", "100"))
PER_TEST = 10
# The cheats that any history with a closed week allows; the others need a particular one.
ANYWHERE = tuple(a for a in cheats.INSIDE if a is not cheats.dropped_by_rebase)


@pytest.mark.parametrize("first", range(0, HISTORIES, PER_TEST))
def test_honest_histories_hold_and_cheats_are_caught(first: int, tmp_path: Path) -> None:
    for seed in range(first, min(first + PER_TEST, HISTORIES)):
        world = grown(tmp_path / f"honest-{seed}", seed)
        before = tmp_path / f"cache-{seed}" if seed % 2 else None  # half are audited the first time
        assert world.audit(cache=before).findings == [], (
            f"a false alarm in the honest history {seed}"
        )
        attack = random.Random(seed).choice(ANYWHERE)
        cheated = world.copy(tmp_path / f"cheated-{seed}")
        attack(cheated)
        try:
            caught = bool(cheated.audit(cache=before).findings)
        except Refusal:
            caught = True  # what can't be read can't pass
        assert caught, f"{attack.__name__} in history {seed} was not caught"
