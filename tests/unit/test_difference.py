"""A sheet again: rows are matched one to one by what they say."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qibi.ledger.admission import Stamp
from qibi.ledger.difference import difference
from qibi.ledger.entries import Exempt, Score, Void

THEN = {
    "week": "2026-W46",
    "branch": "east",
    "recorded_by": "ann",
    "recorded_at": "2026-11-16T09:00:00+08:00",
    "source": "0" * 16,
}
NOW = THEN | {"recorded_by": "bob", "recorded_at": "2026-11-17T09:00:00+08:00", "source": "1" * 16}


def score(stamp: dict[str, str] = NOW, /, **fields: Any) -> Score:
    return Score(**stamp, **{"subject": "cora", "item": "safety.hazard", "points": 1} | fields)


def standing(*entries: Score | Exempt) -> list[tuple[str, Score | Exempt]]:
    return [(f"{'a' * 16}.{n}", e) for n, e in enumerate(entries, 1)]


def test_the_same_sheet_twice_is_no_difference() -> None:
    found = difference([score(), score(points=2)], standing(score(THEN), score(THEN, points=2)))
    assert found.empty and found.kept == 2 and not found.changes


def test_rows_may_move_about() -> None:
    rows = [score(note=str(n)) for n in range(5)]
    found = difference(rows[::-1], standing(*rows))
    assert found.empty


def test_points_written_otherwise_are_the_same() -> None:
    assert difference([score(points=2.0)], standing(score(THEN, points=2))).empty


@pytest.mark.parametrize(
    "changed",
    [
        {"points": 2},
        {"count": 2},
        {"note": "yard"},
        {"date": "2026-11-11"},
        {"evidence": ("photo 1",)},
        {"scored_by": "dan"},
        {"approved_by": "dan"},
    ],
)
def test_a_row_that_says_something_else_is_one_change(changed: dict[str, Any]) -> None:
    found = difference([score(**changed)], standing(score(THEN)))
    (change,) = found.changes
    assert (change.before, change.after) == (score(THEN), score(**changed))
    assert (len(found.new), len(found.gone), found.kept) == (1, 1, 0)


def test_another_subject_or_item_is_one_gone_and_one_new() -> None:
    found = difference([score(subject="dan")], standing(score(THEN)))
    assert [(c.before, c.after) for c in found.changes] == [
        (None, score(subject="dan")),
        (score(THEN), None),
    ]


def test_the_same_row_twice_is_two_events() -> None:
    assert len(difference([score(), score()], standing(score(THEN))).new) == 1
    assert len(difference([score()], standing(score(THEN), score(THEN))).gone) == 1


def test_leave_and_points_are_not_the_same() -> None:
    leave = Exempt(**NOW, subject="cora", note="leave")
    found = difference([leave], standing(score(THEN)))
    assert found.new == (leave,) and len(found.gone) == 1


def test_the_batch_voids_first_and_keeps_the_order_of_the_sheet() -> None:
    rows = [score(note="b"), score(note="a"), score(note="c")]
    found = difference(rows, standing(score(THEN, note="a"), score(THEN, note="z")))
    stamp = Stamp("2026-W46", "east", "bob", NOW["recorded_at"], NOW["source"])
    batch = found.entries(stamp, "again")
    assert batch == [
        Void(**NOW, entry=f"{'a' * 16}.2", note="again"),
        score(note="b"),
        score(note="c"),
    ]


ROWS = st.lists(
    st.builds(
        score,
        st.just(NOW),
        subject=st.sampled_from(["cora", "dan"]),
        points=st.sampled_from([1, 2]),
        note=st.sampled_from(["", "x"]),
    ),
    max_size=8,
)


@given(ROWS, ROWS)
def test_after_the_difference_the_ledger_says_what_the_sheet_says(
    before: list[Score], sheet: list[Score]
) -> None:
    there = standing(*before)
    found = difference(sheet, there)
    gone = {key for key, _entry in found.gone}
    after = [e for key, e in there if key not in gone] + list(found.new)
    assert sorted(map(repr, after)) == sorted(map(repr, sheet))
    assert len(found.new) + found.kept == len(sheet)
    assert difference(sheet, standing(*after)).empty
