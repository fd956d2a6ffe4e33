"""What pictures are drawn from: heights of a trend, levels of a heat map."""

from collections.abc import Iterable, Mapping, Sequence
from math import ceil, sqrt

from qibi.base.points import show
from qibi.board.data import Trend

LEVELS = 4


def trends(
    values: Mapping[str, Mapping[str, int]], over: Sequence[str], subjects: Iterable[str]
) -> dict[str, Trend]:
    """Subject: its trend over these weeks, all on one scale from the lowest to the highest shown.

    Where all are level, they are half high.
    """
    wanted = list(subjects)
    shown = [t for s in wanted for w, t in values.get(s, {}).items() if w in over]
    low, high = min(shown, default=0), max(shown, default=0)
    if low == high:
        low, high = low - 1, high + 1
    reach = high - low
    made = {}
    for subject in wanted:
        mine = values.get(subject, {})
        made[subject] = Trend(
            tuple(show(mine[w]) if w in mine else "" for w in over),
            tuple(round((mine[w] - low) / reach, 4) if w in mine else None for w in over),
        )
    return made


def level(difference: int, most: int) -> int:
    """-4 to 4 for a difference from the base, `most` being the greatest on the map.

    By the square root, so that one outlier doesn't make all the others look level.
    """
    if not difference or not most:
        return 0
    strength = max(1, ceil(LEVELS * sqrt(abs(difference) / most)))
    return min(strength, LEVELS) * (1 if difference > 0 else -1)
