"""kill -9 at random moments: nothing acknowledged is lost, nothing is doubled, nothing partial is seen."""

import random

import pytest

KILLS = 40  # in README's own command; the rest is external
MORE_KILLS = 300


def _rounds(in_parts, rounds: int) -> None:
    seed = random.randrange(10**6)
    found = in_parts(
        "rounds.py", "--rounds", str(rounds // 2), each=lambda n: ["--seed", str(seed + n)]
    )
    assert found["rounds"] == rounds
    assert found["killed"] > rounds // 4, found
    assert found["unsaid"] > 0, "no kill fell between writing and saying so"
    assert (found["lost"], found["doubled"], found["partial"]) == (0, 0, 0)


def test_killed_at_random_moments(in_parts) -> None:
    _rounds(in_parts, KILLS)


@pytest.mark.external
def test_killed_at_random_moments_many_times(in_parts) -> None:
    _rounds(in_parts, MORE_KILLS)
