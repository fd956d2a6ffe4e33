"""Points: decimal numbers for people, integers of hundredths inside, nothing lost between."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qibi.base import points

HUNDREDTHS = st.integers(-points.LIMIT, points.LIMIT)


@given(HUNDREDTHS)
def test_there_and_back(value: int) -> None:
    assert points.from_number(points.to_number(value)) == value
    assert points.from_number(json.loads(json.dumps(points.to_number(value)))) == value
    assert points.from_text(points.show(value)) == value
    assert points.from_text(points.signed(value)) == value
    assert float(points.show(value)) == points.to_number(value)


@pytest.mark.parametrize(
    ("value", "shown", "signed"),
    [
        (0, "0", "0"),
        (1, "0.01", "+0.01"),
        (-5, "-0.05", "-0.05"),
        (50, "0.5", "+0.5"),
        (100, "1", "+1"),
        (-150, "-1.5", "-1.5"),
        (9250, "92.5", "+92.5"),
        (10000, "100", "+100"),
        (999999, "9999.99", "+9999.99"),
    ],
)
def test_no_more_decimals_than_it_has(value: int, shown: str, signed: str) -> None:
    assert (points.show(value), points.signed(value)) == (shown, signed)


@pytest.mark.parametrize(
    "number",
    [0.001, 1.005, 0.1 + 0.2, 1e-9, 10000, -10000, 9999.995, 1e300, math.inf, -math.inf, math.nan],
)
def test_numbers_that_are_no_points(number: float) -> None:
    assert points.from_number(number) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 100),
        ("+1.5", 150),
        ("-3", -300),
        ("−3", -300),
        (" 0.25 ", 25),
        (".5", 50),
        ("1.50", 150),
        ("9999.99", 999_999),
        ("1.005", None),
        ("10000", None),
        ("", None),
        ("one", None),
        ("1,5", None),
        ("nan", None),
        ("inf", None),
        ("1e999999999", None),
    ],
)
def test_points_as_people_write_them(text: str, value: int | None) -> None:
    assert points.from_text(text) == value


@given(st.text(max_size=12))
def test_no_text_breaks_it(text: str) -> None:
    found = points.from_text(text)
    assert found is None or abs(found) <= points.LIMIT
