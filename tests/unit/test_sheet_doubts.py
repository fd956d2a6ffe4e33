"""What a sheet may say by mistake is told, and taken all the same."""

from qibi.ledger.entries import Assessed, Entry, Score
from qibi.sheets.doubts import doubts

STAMP = {"week": "2026-W47", "branch": "east", "recorded_by": "ann"}
AT = "2026-11-20T09:00:00+08:00"


def score(subject: str = "bob", date: str = "", note: str = "", points: float = 1) -> Score:
    return Score(
        **STAMP,
        recorded_at=AT,
        subject=subject,
        item="order.tidy",
        points=points,
        date=date,
        note=note,
    )


def told(*entries: Entry) -> list[str]:
    return list(doubts([(entry, f"line {n}") for n, entry in enumerate(entries, 4)]))


def test_rows_that_say_the_same_are_named() -> None:
    [said] = told(score(note="swept"), score("eve"), score(note="swept"))
    assert said.startswith("line 4 and line 6 say the same")


def test_rows_that_differ_in_anything_are_not() -> None:
    assert told(score(note="swept"), score(note="swept again"), score(points=2), score("eve")) == []


def test_a_day_outside_the_week_is_named() -> None:
    days = ("2026-11-15", "2026-11-16", "2026-11-22", "2026-11-23", "")
    assert told(*(score(note=str(n), date=day) for n, day in enumerate(days))) == [
        "line 4: 2026-11-15 is not a day of 2026-W47; it counts for 2026-W47",
        "line 7: 2026-11-23 is not a day of 2026-W47; it counts for 2026-W47",
    ]


def test_of_many_only_the_first_are_named() -> None:
    said = told(*(score(note=str(n), date="2026-01-01") for n in range(20)))
    assert len(said) == 6 and said[-1] == "and 15 more of this kind"


def test_what_is_no_score_raises_no_doubt() -> None:
    assert told(Assessed(**STAMP, recorded_at=AT), Assessed(**STAMP, recorded_at=AT)) == []
