"""Weeks are ISO weeks; months, quarters and years hold the weeks whose Thursday falls in them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qibi.base import weeks

TODAY = date(2026, 11, 18)  # Wednesday of 2026-W47
DAYS = st.dates(date(1901, 1, 1), date(2998, 12, 31))


@pytest.mark.parametrize(
    ("text", "real"),
    [
        ("2026-W01", True),
        ("2026-W53", True),
        ("2025-W52", True),
        ("2025-W53", False),
        ("2026-W00", False),
        ("2026-W54", False),
        ("2026-W1", False),
        ("2026W01", False),
        ("2026-w01", False),
        ("２０２６-W01", False),
        ("2026-W01\n", False),
        ("0000-W01", False),
        ("9999-W01", False),
        ("", False),
    ],
)
def test_a_week_exists_or_not(text: str, real: bool) -> None:
    assert weeks.is_week(text) is real


@pytest.mark.parametrize(
    ("day", "week"),
    [
        (date(2026, 1, 1), "2026-W01"),
        (date(2025, 12, 29), "2026-W01"),
        (date(2027, 1, 3), "2026-W53"),
        (date(2027, 1, 4), "2027-W01"),
        (date(2024, 12, 30), "2025-W01"),
    ],
)
def test_the_week_of_a_day_at_the_turn_of_the_year(day: date, week: str) -> None:
    assert weeks.week_of(day) == week


@given(DAYS)
def test_a_week_runs_from_monday_to_sunday(day: date) -> None:
    week = weeks.week_of(day)
    assert weeks.is_week(week)
    assert weeks.monday(week) <= day <= weeks.sunday(week)
    assert weeks.monday(week).isoweekday() == 1 and weeks.sunday(week).isoweekday() == 7


@given(st.dates(date(100, 1, 1), date(9000, 1, 1)), st.integers(-500, 500))
def test_shifting_back_comes_home_and_order_is_that_of_time(day: date, by: int) -> None:
    week = weeks.week_of(day)
    assert weeks.shift(weeks.shift(week, by), -by) == week
    assert (weeks.shift(week, by) > week) is (by > 0)


def test_a_span_holds_both_ends() -> None:
    assert weeks.span("2026-W52", "2027-W02") == (
        "2026-W52",
        "2026-W53",
        "2027-W01",
        "2027-W02",
    )
    assert weeks.span("2026-W05", "2026-W05") == ("2026-W05",)
    assert weeks.span("2026-W05", "2026-W04") == ()


@given(DAYS)
def test_every_week_is_in_the_one_month_quarter_and_year_of_its_thursday(day: date) -> None:
    week = weeks.week_of(day)
    thursday = date.fromordinal(weeks.monday(week).toordinal() + 3)
    assert week in weeks.month(thursday.year, thursday.month).weeks
    assert week in weeks.quarter(thursday.year, (thursday.month + 2) // 3).weeks
    assert week in weeks.year(thursday.year).weeks
    following = weeks.month(thursday.year + thursday.month // 12, thursday.month % 12 + 1)
    assert week not in following.weeks


def test_a_year_is_its_months_and_its_quarters() -> None:
    for number in (2020, 2025, 2026, 2027):
        months = [w for m in range(1, 13) for w in weeks.month(number, m).weeks]
        quarters = [w for q in range(1, 5) for w in weeks.quarter(number, q).weeks]
        assert tuple(months) == tuple(quarters) == weeks.year(number).weeks
        assert len(months) == weeks.weeks_in_year(number)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("2026-W41", "2026-W40"),
        ("2026-W01", "2025-W52"),
        ("2026-W41..2026-W43", "2026-W38..2026-W40"),
        ("2026-01", "2025-12"),
        ("2026-09", "2026-08"),
        ("2026-Q1", "2025-Q4"),
        ("2026-Q4", "2026-Q3"),
        ("2026", "2025"),
    ],
)
def test_the_period_before_is_of_the_same_kind(text: str, label: str) -> None:
    period = weeks.parse_period(text, TODAY)
    assert period is not None
    found = weeks.before(period)
    assert (found.label, found.kind) == (label, period.kind)
    if period.kind in ("week", "range"):
        assert len(found.weeks) == len(period.weeks)


@pytest.mark.parametrize(
    ("text", "week"),
    [
        ("2026-W41", "2026-W41"),
        ("2026-w41", "2026-W41"),
        (" W41 ", "2026-W41"),
        ("w9", "2026-W09"),
        ("41", "2026-W41"),
        ("47", "2026-W47"),
        ("48", "2026-W48"),
        ("第41周", "2026-W41"),
        ("last", "2026-W46"),
        ("上周", "2026-W46"),
        ("this", "2026-W47"),
        ("本周", "2026-W47"),
        ("2026-11-15", "2026-W46"),
        ("2026-11-16", "2026-W47"),
        ("53", "2026-W53"),
        ("54", None),
        ("0", None),
        ("2025-W53", None),
        ("2026-02-30", None),
        ("soon", None),
        ("", None),
    ],
)
def test_a_week_as_people_write_it(text: str, week: str | None) -> None:
    assert weeks.parse_week(text, TODAY) == week


@pytest.mark.parametrize(
    ("text", "week"),
    [("53", "2026-W53"), ("41", "2026-W41"), ("2", "2027-W02"), ("20", "2027-W20")],
)
def test_a_number_in_january_that_lies_half_a_year_ahead_is_of_last_year(
    text: str, week: str
) -> None:
    assert weeks.parse_week(text, date(2027, 1, 20)) == week


@pytest.mark.parametrize(
    ("text", "kind", "first", "last"),
    [
        ("2026-W41", "week", "2026-W41", "2026-W41"),
        ("2026-W38..2026-W41", "range", "2026-W38", "2026-W41"),
        ("W38..last", "range", "2026-W38", "2026-W46"),
        ("2026-09", "month", "2026-W36", "2026-W39"),
        ("2026-Q4", "quarter", "2026-W40", "2026-W53"),
        ("2026q4", "quarter", "2026-W40", "2026-W53"),
        ("2026", "year", "2026-W01", "2026-W53"),
    ],
)
def test_a_period_as_people_write_it(text: str, kind: str, first: str, last: str) -> None:
    found = weeks.parse_period(text, TODAY)
    assert found is not None
    assert (found.kind, found.weeks[0], found.weeks[-1]) == (kind, first, last)


@pytest.mark.parametrize(
    "text",
    [
        "2026-13",
        "2026-00",
        "2026-Q5",
        "2026-W41..",
        "..",
        "2026-W41..2026-W40",
        "0000",
        "9999",
        "x",
    ],
)
def test_no_period(text: str) -> None:
    assert weeks.parse_period(text, TODAY) is None


@given(st.text(max_size=20))
def test_no_text_breaks_it(text: str) -> None:
    found = weeks.parse_period(text, TODAY)
    assert found is None or all(weeks.is_week(w) for w in found.weeks)
