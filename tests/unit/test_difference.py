"""A sheet again: rows are matched one to one by what they say."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qibi.ledger.admission import Stamp
from qibi.ledger.batches import Batch, digest, encode_batch
from qibi.ledger.difference import against, difference
from qibi.ledger.entries import Entry, Exempt, Score, Void

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
    assert found.empty and found.unchanged == 2 and not found.changes


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
    assert (len(found.new), len(found.gone), found.unchanged) == (1, 1, 0)


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


def batch(*entries: Entry) -> Batch:
    raw = encode_batch(entries)
    return Batch("", digest(raw), entries[0].week, entries[0].branch, entries)


def voided(there: Batch, line: int, **fields: str) -> Void:
    """A void by hand of one line of a batch; with a source it is a sheet's."""
    by_hand = {**NOW, "source": "", "note": "seen twice", **fields}
    return Void(**by_hand, entry=f"{there.digest}.{line}")


def test_a_row_that_someone_voided_says_so() -> None:
    there = batch(score(THEN), score(THEN, subject="dan"))
    void = voided(there, 1)
    sheet = [score(), score(subject="dan"), score(subject="eve")]
    found = against(sheet, [there, batch(void)], "east")
    assert [(c.after, c.void) for c in found.changes] == [(sheet[0], void), (sheet[2], None)]
    assert found.unchanged == 1 and found.asks


def test_a_sheet_of_which_all_was_voided_asks_before_it_brings_it_back() -> None:
    there = batch(score(THEN))
    found = against([score()], [there, batch(voided(there, 1))], "east")
    assert (found.unchanged, found.gone) == (0, ()) and found.asks
    assert not against([score(subject="dan")], [there, batch(voided(there, 1))], "east").asks


def test_a_void_is_told_once() -> None:
    there = batch(score(THEN))
    found = against([score(), score()], [there, batch(voided(there, 1))], "east")
    assert [bool(c.void) for c in found.changes] == [True, False]


def test_what_a_sheet_replaced_and_another_branch_voided_is_not_told() -> None:
    there = batch(score(THEN))
    replaced = batch(voided(there, 1, source="2" * 16))
    assert [c.void for c in against([score()], [there, replaced], "east").changes] == [None]
    elsewhere = batch(voided(there, 1, branch="west"))
    assert against([score()], [there, elsewhere], "east").empty


def test_entries_by_hand_and_of_other_branches_are_left_alone() -> None:
    by_hand = batch(score(THEN | {"source": ""}))
    west = batch(score(THEN | {"branch": "west"}))
    found = against([], [by_hand, west], "east")
    assert found.empty and not found.asks


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
    assert len(found.new) + found.unchanged == len(sheet)
    assert difference(sheet, standing(*after)).empty
