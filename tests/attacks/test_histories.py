"""Random histories: honest ones raise no alarm, and a cheat in any of them is caught.

`QIBI_HISTORIES` says how many, each with `CHEATS` cheats; the default is what CI runs.
docs/reliability.md has the figures of a longer run.
"""

import os
import random
from pathlib import Path

import cheats
import pytest
from world import grown

from qibi.base.findings import Refusal

HISTORIES = int(os.environ.get("QIBI_HISTORIES", "20"))
CHEATS = 3
# The cheats that any history with a closed week allows; the others need a particular one.
ANYWHERE = tuple(a for a in cheats.INSIDE if a is not cheats.dropped_by_rebase)


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_honest_histories_hold_and_cheats_are_caught(seed: int, tmp_path: Path) -> None:
    world = grown(tmp_path / "honest", seed)
    world.verdicts = tmp_path / "verdicts" if seed % 4 else None  # or the first time
    assert world.audit().findings == [], "a false alarm"
    for attack in random.Random(seed).sample(ANYWHERE, CHEATS):
        cheated = world.copy(tmp_path / attack.__name__)
        attack(cheated)
        try:
            caught = bool(cheated.audit().findings)
        except Refusal:
            caught = True  # what can't be read can't pass
        assert caught, f"{attack.__name__} was not caught"
