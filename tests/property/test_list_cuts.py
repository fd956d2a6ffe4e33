"""Red and black lists against a plain reading of docs/design.md: the first so many, then what ties do to it."""

from fractions import Fraction
from math import floor

from hypothesis import given
from hypothesis import strategies as st

from qibi.base.weeks import single
from qibi.book.definitions import Black, Red
from qibi.scoring.facts import Question
from qibi.scoring.lists import black_list, red_list
from qibi.scoring.ranking import Ranking, Standing

TOTALS = st.lists(st.integers(9700, 9706) | st.integers(9000, 11000), max_size=12)
LIMIT = st.none() | st.integers(9700, 9706)
SHARES = st.none() | st.tuples(st.integers(1, 100), st.just(100)) | st.just((1, 3))


def ranking(totals: dict[str, int]) -> Ranking:
    """A week's ranking of subjects with these totals, in the order in which qibi lists them."""
    standings = tuple(
        Standing(
            rank=1 + sum(other > total for other in totals.values()),
            moved=None,
            subject=subject,
            branch="outer-1",
            total=total,
            mean=total,
            weeks=1,
            criteria={},
            grade=None,
            alert=None,
        )
        for subject, total in sorted(totals.items(), key=lambda pair: (-pair[1], pair[0]))
    )
    return Ranking(Question(single("2026-W46"), by="cp"), None, standings, (), (), 1, {})


def named(totals: list[int]) -> dict[str, int]:
    return {f"cp-{n:02}": total for n, total in enumerate(totals)}


def expected_red(totals: dict[str, int], policy: Red) -> set[str]:
    """Take the first `room`; where the next one has as much as the last of them, drop that tie."""
    room = policy.top
    if policy.share is not None:
        room = min(room, floor(Fraction(*policy.share) * len(totals)))
    by_total = sorted(totals, key=lambda subject: -totals[subject])
    inside, outside = by_total[:room], by_total[room:]
    across = {totals[subject] for subject in inside} & {totals[subject] for subject in outside}
    return {
        subject
        for subject in inside
        if totals[subject] not in across
        and (policy.at_least is None or totals[subject] >= policy.at_least)
    }


def expected_black(totals: dict[str, int], policy: Black) -> set[str]:
    """Take the last `bottom`; whoever has as much as any of them is on it too."""
    worst = sorted(totals.values())[: policy.bottom]
    return {
        subject
        for subject, total in totals.items()
        if total in worst and (policy.below is None or total < policy.below)
    }


@given(TOTALS.map(named), st.integers(1, 6), LIMIT, SHARES)
def test_red_is_cut_by_places_share_limit_and_ties(
    totals: dict[str, int], top: int, at_least: int | None, share: tuple[int, int] | None
) -> None:
    policy = Red(top, at_least, share)
    found = red_list(ranking(totals), policy)
    assert {s.subject for s in found} == expected_red(totals, policy)
    assert [s.rank for s in found] == sorted(s.rank for s in found)
    assert len(found) <= top
    if share:
        assert len(found) * share[1] <= share[0] * len(totals)


@given(TOTALS.map(named), st.integers(1, 6), LIMIT)
def test_black_is_cut_by_places_limit_and_ties(
    totals: dict[str, int], bottom: int, below: int | None
) -> None:
    policy = Black(bottom, below, None)
    found = black_list(ranking(totals), policy)
    assert {s.subject for s in found} == expected_black(totals, policy)
    if below is None:
        assert len(found) >= min(bottom, len(totals))


@given(TOTALS.map(named), st.integers(1, 6), st.integers(1, 6), st.integers(9700, 9706))
def test_nobody_is_on_both(totals: dict[str, int], top: int, bottom: int, limit: int) -> None:
    """Where black begins below red's limit, as `check` wants it."""
    found = ranking(totals)
    red = {s.subject for s in red_list(found, Red(top, limit, None))}
    assert not red & {s.subject for s in black_list(found, Black(bottom, limit, None))}
